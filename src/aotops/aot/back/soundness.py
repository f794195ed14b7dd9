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
import re
import struct
from collections.abc import Iterator
from typing import Any

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

_CONVERSION = re.compile(
    rf"^( *(%\S+) = fpto([su])i (float|double) (\S+) to i(\d+))(, !{IN_RANGE} !\d+)?$", re.MULTILINE
)
_DIVISION = re.compile(r"^( *)(%\S+) = (sdiv|srem|udiv|urem) (?:exact )?i(\d+) (\S+), (\S+)$", re.MULTILINE)
_WRAPPING = re.compile(r"^( *%\S+ = (?:add|sub|mul|shl|trunc)(?: nuw| nsw)+ )", re.MULTILINE)


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
    text = _CONVERSION.sub(_convert, text)
    text = _DIVISION.sub(_divide, text)
    if wraps:
        text = _WRAPPING.sub(lambda match: re.sub(" nuw| nsw", "", match[0]), text)
    return text


def _parts(result: str) -> Iterator[str]:
    """Names for the values on the way to one."""
    name = result.replace('"', "").removeprefix("%")
    return (f'%"{name}.{part}.{SAFE}"' for part in ("a", "b", "c", "d", "e", "f"))


def _convert(match: re.Match[str]) -> str:
    whole, result, sign, type_, value, width, in_range = match.groups()
    if in_range or SAFE in value:
        return str(whole)
    bits = int(width) - (sign == "s")
    # both bounds are powers of 2, which float32 and float64 have
    low, high = (_hexadecimal(-(2.0**bits) if sign == "s" else 0.0), _hexadecimal(2.0**bits))
    above, below, inside, safe, *_ = _parts(result)
    return "\n".join(
        [
            f"  {above} = fcmp oge {type_} {value}, {low}",
            f"  {below} = fcmp olt {type_} {value}, {high}",
            f"  {inside} = and i1 {above}, {below}",
            f"  {safe} = select i1 {inside}, {type_} {value}, {type_} {low}",
            f"  {result} = fpto{sign}i {type_} {safe} to i{width}",
        ]
    )


def _divide(match: re.Match[str]) -> str:
    space, result, operation, width, a, b = match.groups()
    if SAFE in b or (re.fullmatch(r"\d+", b) and int(b)):
        return match[0]
    zero, smallest, minus, wraps, undefined, safe = _parts(result)
    lines = [f"{zero} = icmp eq i{width} {b}, 0"]
    if operation.startswith("s"):
        lines += [
            f"{smallest} = icmp eq i{width} {a}, {-(2 ** (int(width) - 1))}",
            f"{minus} = icmp eq i{width} {b}, -1",
            f"{wraps} = and i1 {smallest}, {minus}",
            f"{undefined} = or i1 {zero}, {wraps}",
        ]
    else:
        undefined = zero
    lines += [
        f"{safe} = select i1 {undefined}, i{width} 1, i{width} {b}",
        f"{result} = {operation} i{width} {a}, {safe}",
    ]
    return "\n".join(space + line for line in lines)


def _hexadecimal(value: float) -> str:
    """A float as LLVM writes constants of both widths: the bits of the float64."""
    return f"0x{struct.pack('>d', value).hex().upper()}"


#: Instructions that put their operand into a vector or a structure, of which LLVM begins with one that is undefined.
_AGGREGATES = ("insertelement", "insertvalue", "shufflevector")


def undefined_value(text: str) -> str | None:
    """The first instruction of a module's text that uses a value which LLVM takes for undefined; None if there is none.

    Asked of code in which everything is inlined, and constants have been computed with, but nothing is removed yet:
    a store of such a value is no more in optimised code. Of pointers some are undefined, those of Numba's exceptions.
    """
    for line in text.splitlines():
        if "poison" not in line and "undef" not in line:
            continue
        instruction = line.strip()
        code = instruction.partition(" = ")[2] or instruction
        if code.startswith(_AGGREGATES) or not line.startswith(" "):
            continue
        if "poison" in _WORDS.findall(instruction) or re.search(r"\b(i\d+|float|double) undef\b", instruction):
            return instruction
    return None


_WORDS = re.compile(r"(?<![\w.%@\"$])\w+")


def check(module: Any, symbol: str) -> str | None:
    """Why an optimised module cannot be a kernel; None if it can."""
    for function in module.functions:
        if function.is_declaration and not function.name.startswith("llvm.") and function.name not in LIBRARY:
            return f"It calls {function.name}, which is none of the C library's mathematics: kernels have no Python."
    text = str(module)
    if "inttoptr (i64 " in text:
        return "It refers to memory of this process: a function of ctypes, or an array of more than a million bytes."
    body = re.search(rf"^define [^\n]*@{re.escape(symbol)}\(.*?^}}$", text, re.MULTILINE | re.DOTALL)
    assert body is not None  # the function that is compiled
    stored = re.search(r"^ *(store|ret) .*\b(poison|undef)\b.*$", text, re.MULTILINE)
    if stored is not None:
        return f"LLVM takes a value that it stores for undefined, which is a fault of aotops: {stored[0].strip()}"
    if all(value == "0" for value in re.findall(r"^ *ret i32 ([^\s,]+)", body[0], re.MULTILINE)):
        return None
    raised = " or ".join(_exceptions(text)) or "an exception"
    advice = "; the compiler must see that an index is in range, as in TABLE[min(max(k, 0), 9)]"
    return f"It may raise {raised}, and kernels need a value for every input{advice if 'IndexError' in raised else ''}."


def _exceptions(text: str) -> list[str]:
    """What a module may raise, out of what Numba pickles of it."""
    found: dict[str, None] = {}
    for escaped in re.findall(r'^@\.const\.pickledata\.\w+(?:\.\d+)* = .* c"(.*)"', text, re.MULTILINE):
        content = re.sub(rb"\\([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), escaped.encode("latin-1"))
        try:
            kind, values, *_ = pickle.loads(content)
            found[f"{kind.__name__}: {', '.join(map(str, values or ()))}"] = None
        except Exception:  # the digest of another constant, or a class that this process does not have
            continue
    return list(found)
