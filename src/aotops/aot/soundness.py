"""What kernels never do, whatever a scalar function says: raise, compute what is undefined, call into Python.

Nobody is there to catch what a kernel raises; its outputs would be left as they were allocated. LLVM's conversions of
floats to integers are undefined where the integer has no such value, and then differ from level to level. And what a
kernel calls must be in every C library.

``defined`` rewrites the text of a module before LLVM optimises it, ``check`` looks at what is left afterwards: an index
that LLVM can prove to be inside of its table needs no exception, and is none.
"""

from __future__ import annotations

import pickle
import re
import struct
from typing import Any

#: The metadata kind that the lowering puts on conversions whose operand is known to be in range.
IN_RANGE = "aotops.in_range"

#: Instructions, or functions of the C library, for functions that Numba calls by other names.
SUBSTITUTES = {
    f"{name}{suffix}": f"llvm.{name}.{dtype}"
    for name in ("floor", "ceil", "trunc")
    for suffix, dtype in (("", "f64"), ("f", "f32"))
} | {
    f"numba_{name}{suffix}": f"{library}{suffix}"
    for name, library in (("gamma", "tgamma"), ("ldexp", "ldexp"), ("frexp", "frexp"), ("nextafter", "nextafter"))
    for suffix in ("", "f")
}
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

_CONVERSION = re.compile(
    rf"^( *(%\S+) = fpto([su])i (float|double) (\S+) to i(\d+))(, !{IN_RANGE} !\d+)?$", re.MULTILINE
)


def defined(text: str) -> str:
    """The text of a module in which every conversion of a float to an integer has a result.

    What the integer cannot hold, and NaN, becomes its smallest value, as in conversions of tensors.
    """
    text = _CONVERSION.sub(_convert, text)
    for name, substitute in SUBSTITUTES.items():
        if f"@{name}(" in text:
            if re.search(rf"^declare .*@{re.escape(substitute)}\(", text, re.MULTILINE):
                text = re.sub(rf"^declare .*@{name}\(.*\n", "", text, flags=re.MULTILINE)
            text = text.replace(f"@{name}(", f"@{substitute}(")
    return text


def _convert(match: re.Match[str]) -> str:
    whole, result, sign, type_, value, width, in_range = match.groups()
    if in_range:
        return str(whole)
    bits = int(width) - (sign == "s")
    # both bounds are powers of 2, which float32 and float64 have
    low, high = (_hexadecimal(-(2.0**bits) if sign == "s" else 0.0), _hexadecimal(2.0**bits))
    name = result.strip('"').replace('"', "").removeprefix("%")
    above, below, inside, safe = (f'%"{name}.{part}"' for part in ("above", "below", "inside", "safe"))
    return "\n".join(
        [
            f"  {above} = fcmp oge {type_} {value}, {low}",
            f"  {below} = fcmp olt {type_} {value}, {high}",
            f"  {inside} = and i1 {above}, {below}",
            f"  {safe} = select i1 {inside}, {type_} {value}, {type_} {low}",
            f"  {result} = fpto{sign}i {type_} {safe} to i{width}",
        ]
    )


def _hexadecimal(value: float) -> str:
    """A float as LLVM writes constants of both widths: the bits of the float64."""
    return f"0x{struct.pack('>d', value).hex().upper()}"


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
