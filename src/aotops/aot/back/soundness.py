"""Guarantee that kernels never raise, have no undefined behaviour, and never call into Python.

No caller could handle an exception raised by a kernel, and its outputs would be left uninitialized. LLVM's conversions
from float to integer are undefined if the value is out of range, and the results differ between levels. And every
function that a kernel calls must be in every C library.

``defined`` rewrites the text of each function's module before LLVM optimizes it, so that no instruction is undefined.
``undefined_value`` checks this once everything is inlined. ``check`` examines the optimized code: an index that LLVM
can prove to be in range has no exception left.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

from aotops.aot.back.llvm_text import (
    Instruction,
    change_instructions,
    constants,
    float_constant,
    functions,
    instructions,
)

#: The metadata kind that the lowering puts on conversions whose operand is known to be in range.
IN_RANGE = "aotops.in_range"

#: Functions of C99's ``math.h``, which Numba calls one element at a time, and functions that copy memory.
LIBRARY = frozenset(
    f"{name}{suffix}"
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp"),
        *("exp2", "expm1", "fmod", "frexp", "hypot", "ldexp", "lgamma", "log", "log10", "log1p", "log2", "nextafter"),
        *("pow", "remainder", "rint", "round", "sin", "sinh", "sqrt", "tan", "tanh", "tgamma"),
    )
    for suffix in ("", "f")
) | {"memcpy", "memmove", "memset"}

#: Part of the names of values that ``defined`` creates: operands for which an instruction is defined.
SAFE = "aotops.safe"


def defined(text: str, wraps: bool) -> str:
    """Rewrite the text of a module so that every integer operation has a defined result.

    - Converting a float that is out of range, or NaN, gives the smallest integer, as in casts of tensors.
    - Division by 0 becomes division by 1, and so does division of the smallest integer by -1, with the same quotient.
    - If ``wraps`` is true, sums and products wrap around. Numba tells LLVM that they never overflow, which holds for
      the indices of loops, but not for what scalar functions compute.

    This must happen before anything is inlined: LLVM folds constants then, and turns undefined results into ``poison``,
    which it may replace by anything, or not store at all.
    """
    text = change_instructions(text, _convert, "fptosi", "fptoui")
    text = change_instructions(text, _divide, "sdiv", "srem", "udiv", "urem")
    return change_instructions(text, _wrap, "add", "sub", "mul", "shl", "trunc") if wraps else text


def _wrap(instruction: Instruction) -> str:
    head, equals, code = instruction.line.partition(" = ")
    words = code.split(" ")
    while len(words) > 1 and words[1] in ("nuw", "nsw"):
        del words[1]
    return f"{head}{equals}{' '.join(words)}"


def _parts(result: str) -> Iterator[str]:
    """Yield names for the intermediate values of a result."""
    name = result.replace('"', "").removeprefix("%")
    return (f'%"{name}.{part}.{SAFE}"' for part in ("a", "b", "c", "d", "e", "f"))


def _convert(instruction: Instruction) -> str:
    type_, value, target, in_range = instruction.cast
    if IN_RANGE in in_range or SAFE in value or type_ not in ("float", "double"):
        return instruction.line
    result, signed = instruction.result, instruction.opcode == "fptosi"
    bits = int(target.removeprefix("i")) - signed
    # both bounds are powers of 2, which float32 and float64 have
    low, high = float_constant(-(2.0**bits) if signed else 0.0), float_constant(2.0**bits)
    above, below, inside, safe, *_ = _parts(result)
    return "\n".join(
        [
            f"  {above} = fcmp oge {type_} {value}, {low}",
            f"  {below} = fcmp olt {type_} {value}, {high}",
            f"  {inside} = and i1 {above}, {below}",
            f"  {safe} = select i1 {inside}, {type_} {value}, {type_} {low}",
            f"  {result} = {instruction.opcode} {type_} {safe} to {target}",
        ]
    )


def _divide(instruction: Instruction) -> str:
    _, type_, a, b, _ = instruction.binary
    if SAFE in b or (b.isdecimal() and int(b)):
        return instruction.line
    zero, smallest, minus, wraps, undefined, safe = _parts(instruction.result)
    lines = [f"{zero} = icmp eq {type_} {b}, 0"]
    if instruction.opcode.startswith("s"):
        lines += [
            f"{smallest} = icmp eq {type_} {a}, {-(2 ** (int(type_.removeprefix('i')) - 1))}",
            f"{minus} = icmp eq {type_} {b}, -1",
            f"{wraps} = and i1 {smallest}, {minus}",
            f"{undefined} = or i1 {zero}, {wraps}",
        ]
    else:
        undefined = zero
    lines += [
        f"{safe} = select i1 {undefined}, {type_} 1, {type_} {b}",
        f"{instruction.result} = {instruction.opcode} {type_} {a}, {safe}",
    ]
    return "\n".join(f"  {line}" for line in lines)


#: Instructions that insert an operand into a vector or a structure, which LLVM starts from an undefined one.
_AGGREGATES = ("insertelement", "insertvalue", "shufflevector")


#: Types whose values must never be undefined.
_NUMBERS = ("float", "double")


def undefined_value(text: str) -> str | None:
    """Return the first instruction of a module that uses a value which LLVM considers undefined, or None.

    The code must be inlined, with constants folded, but not optimized: optimization removes stores of such values.
    Undefined pointers are allowed: Numba's exceptions have some.
    """
    # few lines have such a word, and reading an instruction takes longer than looking for it
    suspects = (line for line in text.splitlines() if "poison" in line or "undef" in line)
    for each in (instruction for line in suspects for instruction in instructions(line)):
        if each.opcode in _AGGREGATES:
            continue
        words = each.words
        numbers = [word in _NUMBERS or (word[:1] == "i" and word[1:].isdecimal()) for word in words]
        undefined = any(number and word == "undef" for number, word in zip(numbers, words[1:], strict=False))
        if "poison" in words or undefined:
            return each.line.strip()
    return None


def check(module: Any, symbol: str) -> str | None:
    """Return why an optimized module cannot be a kernel, or None if it can."""
    for function in module.functions:
        if function.is_declaration and not function.name.startswith("llvm.") and function.name not in LIBRARY:
            return f"It calls {function.name}, which is none of the C library's mathematics: kernels have no Python."
    text = str(module)
    if "inttoptr (i64 " in text:
        return "It refers to memory of this process: a function of ctypes, or an array of more than a million bytes."
    for each in instructions(text, "store", "ret"):
        if not {"poison", "undef"}.isdisjoint(each.words):
            return f"LLVM takes a value that it stores for undefined, which is a fault of aotops: {each.line.strip()}"
    returned = instructions(functions(text)[symbol], "ret")
    if all(each.operands in ("i32 0", "void") for each in returned):
        return None
    raised = " or ".join(_exceptions(text)) or "an exception"
    advice = "; the compiler must see that an index is in range, as in TABLE[min(max(k, 0), 9)]"
    return f"It may raise {raised}, and kernels need a value for every input{advice if 'IndexError' in raised else ''}."


def _exceptions(text: str) -> list[str]:
    """Return the exceptions that a module may raise, from the pickled data that Numba embeds."""
    found: dict[str, None] = {}
    for content in constants(text, ".const.pickledata."):
        try:
            kind, values, *_ = pickle.loads(content)
            found[f"{kind.__name__}: {', '.join(map(str, values or ()))}"] = None
        except Exception:  # another constant, or a class that this process cannot import
            continue
    return list(found)
