"""What kernels never do, whatever a scalar function says: raise, compute what is undefined, call into Python.

Nobody is there to catch what a kernel raises; its outputs would be left as they were allocated. LLVM's conversions of
floats to integers are undefined where the integer has no such value, and then differ from level to level. And what a
kernel calls must be in every C library.

``defined`` rewrites the text of each function's module before LLVM has seen it, so that no instruction is undefined.
``undefined_value`` looks whether that was all of them once everything is inlined, and ``check`` at what is left when
LLVM is done: an index that LLVM can prove to be inside of its table needs no exception, and is none.
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

#: Functions of C99's ``math.h`` that Numba calls one element at a time, and what copies memory.
LIBRARY = frozenset(
    f"{name}{suffix}"
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp"),
        *("exp2", "expm1", "fmod", "frexp", "hypot", "ldexp", "lgamma", "log", "log10", "log1p", "log2", "nextafter"),
        *("pow", "remainder", "rint", "round", "sin", "sinh", "sqrt", "tan", "tanh", "tgamma"),
    )
    for suffix in ("", "f")
) | {"memcpy", "memmove", "memset"}

#: In the names of values: operands for which an instruction is defined, as ``defined`` makes them.
SAFE = "aotops.safe"


def defined(text: str, wraps: bool) -> str:
    """The text of a module in which every operation of integers has a result, also where LLVM's has none.

    - Of a conversion of a float, what the integer cannot hold, and NaN, becomes its smallest value, as in conversions
      of tensors.
    - A division by 0 is one by 1, and so is that of the smallest integer by -1, which has the same quotient.
    - Where ``wraps`` is true, sums and products wrap around. Numba tells LLVM that they do not, which is true of the
      indices of the loops, but not of what scalar functions compute.

    It has to happen before anything is inlined: LLVM computes with constants on the way, and what has no result becomes
    ``poison``, which is to it whatever makes the code shortest: a result that is not stored.
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
    """Names for the values on the way to one."""
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


#: Instructions that put their operand into a vector or a structure, of which LLVM begins with one that is undefined.
_AGGREGATES = ("insertelement", "insertvalue", "shufflevector")


#: Types of which no value may be undefined.
_NUMBERS = ("float", "double")


def undefined_value(text: str) -> str | None:
    """The first instruction of a module's text that uses a value which LLVM takes for undefined; None if there is none.

    Asked of code in which everything is inlined, and constants have been computed with, but nothing is removed yet:
    a store of such a value is no more in optimised code. Of pointers some are undefined, those of Numba's exceptions.
    """
    if "poison" not in text and "undef" not in text:
        return None
    for each in instructions(text):
        if ("poison" not in each.line and "undef" not in each.line) or each.opcode in _AGGREGATES:
            continue
        words = each.words
        numbers = [word in _NUMBERS or (word[:1] == "i" and word[1:].isdecimal()) for word in words]
        undefined = any(number and word == "undef" for number, word in zip(numbers, words[1:], strict=False))
        if "poison" in words or undefined:
            return each.line.strip()
    return None


def check(module: Any, symbol: str) -> str | None:
    """Why an optimised module cannot be a kernel; None if it can."""
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
    """What a module may raise, out of what Numba pickles of it."""
    found: dict[str, None] = {}
    for content in constants(text, ".const.pickledata."):
        try:
            kind, values, *_ = pickle.loads(content)
            found[f"{kind.__name__}: {', '.join(map(str, values or ()))}"] = None
        except Exception:  # the digest of another constant, or a class that this process does not have
            continue
    return list(found)
