"""Formatting tensors: as nested lists with aligned columns, in which the middle of large tensors is omitted."""

from __future__ import annotations

import math
import struct

from aotops.dtypes import DEFAULTS

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops.tensors import Tensor

#: Tensors of more elements than this are summarised: they show only a few elements at each end of an axis.
THRESHOLD = 1000
EDGE = 3
#: The most digits after the decimal point in columns of numbers; a single number shows all digits that it needs.
PRECISION = 8
ALL_DIGITS = 400
WIDTH = 79


def format_tensor(x: Tensor) -> str:
    """Return the ``repr`` of a tensor."""
    notes = []
    if x.size == 0 and x.shape != (0,):
        notes.append(f"shape={x.shape}")
    if x.dtype not in DEFAULTS.values() or x.size == 0:
        notes.append(f"dtype={x.dtype!r}")
    if x.size == 0:
        return f"tensor([], {', '.join(notes)})"
    values = _edges(x, x.size > THRESHOLD)
    strings = _strings(x.dtype.kind, _leaves(values), x.dtype.itemsize, PRECISION if x.ndim else ALL_DIGITS)
    return _wrapped(_layout(values, _aligned(strings), len("tensor("), WIDTH), notes)


def format_elements(x: Tensor, specification: str) -> str:
    """Return ``format(x, specification)``: each element in that format, laid out as by ``repr``.

    A 0-d tensor is formatted like a Python number. Raises ``ValueError`` for a specification that Python's numbers
    do not accept.
    """
    if x.ndim == 0:
        return format(x.item(), specification)
    if x.size == 0:
        format({"bool": False, "integer": 0, "float": 0.0, "complex": 0j}[x.dtype.kind], specification)  # may raise
        return format_tensor(x)
    values = _edges(x, x.size > THRESHOLD)
    strings = {_key(value): format(value, specification) for value in _leaves(values)}
    return _wrapped(_layout(values, _aligned(strings), len("tensor("), WIDTH), [])


def _wrapped(body: str, notes: list[str]) -> str:
    """Return the ``repr`` of a tensor from its formatted elements, followed by notes."""
    if not notes:
        return f"tensor({body})"
    note = ", ".join(notes)
    last_line = len("tensor(") * ("\n" not in body) + len(body.rpartition("\n")[2])
    separator = " " if last_line + len(note) + 3 <= WIDTH else "\n" + " " * len("tensor(")
    return f"tensor({body},{separator}{note})"


def _edges(x: Tensor, summarised: bool) -> Any:
    """Return the elements as nested lists, with an ``Ellipsis`` for each omitted middle."""
    if x.ndim == 0:
        return x.item()
    length = x.shape[0]
    if not summarised:
        return x.tolist()
    if length <= 2 * EDGE:
        return [_edges(x[position], True) for position in range(length)]
    positions = [*range(EDGE), *range(length - EDGE, length)]
    shown = [_edges(x[position], True) for position in positions]
    return [*shown[:EDGE], Ellipsis, *shown[EDGE:]]


def _leaves(values: Any) -> list[Any]:
    """Return the numbers in nested lists."""
    if isinstance(values, list):
        return [leaf for value in values for leaf in _leaves(value)]
    return [] if values is Ellipsis else [values]


def _aligned(strings: dict[Any, str]) -> Callable[[Any], str]:
    """Return a function that maps each number to its string, all of the same width."""
    width = max((len(string) for string in strings.values()), default=0)
    return lambda value: strings[_key(value)].rjust(width)


def _strings(kind: str, values: list[Any], itemsize: int, precision: int) -> dict[Any, str]:
    """Return the strings of some numbers."""
    if kind == "float":
        return _float_strings(values, itemsize, precision)
    if kind == "complex":
        return _complex_strings(values, itemsize // 2, precision)
    return {value: str(value) for value in values}


def _key(value: Any) -> Any:
    """Return a key that differs for numbers that print differently: zeros by their sign, NaN by its name."""
    if isinstance(value, complex):
        return _key(value.real), _key(value.imag)
    if isinstance(value, float) and (value == 0 or value != value):
        return str(value)
    return value


def _complex_strings(values: list[complex], itemsize: int, precision: int) -> dict[Any, str]:
    """Return the strings of complex numbers: both parts aligned, a j behind the last digit."""
    reals = _float_strings([value.real for value in values], itemsize, precision)
    parts = [value.imag if value.imag == value.imag else math.nan for value in values]
    imaginary = _float_strings([abs(part) for part in parts], itemsize, precision)
    signed = [("-" if math.copysign(1.0, part) < 0 else "+") + imaginary[_key(abs(part))] for part in parts]
    width = max((len(string) for string in signed), default=0) + 1
    left = max((len(string) for string in reals.values()), default=0)
    return {
        _key(value): reals[_key(value.real)].rjust(left) + f"{string.rjust(width - 1).rstrip()}j".ljust(width)
        for value, string in zip(values, signed, strict=True)
    }


def _float_strings(values: list[float], itemsize: int, precision: int) -> dict[Any, str]:
    """Return the strings of floats: aligned at the decimal point, scientific if fixed notation would hide digits."""
    finite = [value for value in values if math.isfinite(value)]
    sizes = [abs(value) for value in finite if value != 0]
    least = 0.0001 if itemsize == 8 else 0.00009999999747378752  # the float32 nearest to it, which reads as it
    scientific = bool(sizes) and (
        max(sizes) >= 1e8 or min(sizes) < least or (max(sizes) / min(sizes) > 1000 and max(sizes) >= 1e5)
    )
    split = {_key(value): _digits(value, itemsize, scientific, precision) for value in finite}
    places = max((len(fraction) for _, fraction, _ in split.values()), default=0)
    strings = {}
    for key, (whole, fraction, exponent) in split.items():
        strings[key] = f"{whole}.{fraction.ljust(places, '0' if scientific else ' ')}{exponent}"
    for value in values:
        if not math.isfinite(value):
            strings[_key(value)] = str(value)
    return strings


def _digits(value: float, itemsize: int, scientific: bool, precision: int) -> tuple[str, str, str]:
    """Return the fewest digits that identify a float, at most ``precision`` after the point.

    They are the integer part with its sign, the fraction, and the exponent.
    """
    digits, exponent = _shortest(value, itemsize)
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    places = len(digits) - 1 - (0 if scientific else exponent)
    if places > precision:
        whole, _, rest = f"{value:.{precision}{'e' if scientific else 'f'}}".partition(".")
        fraction, _, power = rest.partition("e")
        return whole, fraction.rstrip("0"), f"e{power}" if power else ""
    if scientific:
        return sign + digits[0], digits[1:], f"e{exponent:+03d}"
    digits = digits.ljust(exponent + 1, "0") if exponent >= 0 else "0" * -exponent + digits
    point = max(exponent, 0) + 1
    return sign + digits[:point], digits[point:], ""


def _shortest(value: float, itemsize: int) -> tuple[str, int]:
    """Return the fewest digits that read back as the same float of an item size, and the exponent of the first one."""
    string = repr(abs(value))
    if itemsize == 4:
        candidates = (f"{abs(value):.{count}e}" for count in range(9))
        string = next((candidate for candidate in candidates if _round_trips(abs(value), candidate, itemsize)), string)
    mantissa, _, power = string.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = int(power or 0) + len(digits) - len(fraction) - 1
    return digits.rstrip("0") or "0", exponent if digits else 0


def _round_trips(value: float, string: str, itemsize: int) -> bool:
    """Return whether a string reads back as the same float of an item size."""
    read = float(string)
    if itemsize == 4 and math.isfinite(read) and abs(read) < 3.5e38:
        try:
            read = struct.unpack("<f", struct.pack("<f", read))[0]
        except OverflowError:
            return False
    return read == value


def _layout(values: Any, formatter: Callable[[Any], str], indent: int, width: int) -> str:
    """Lay out nested brackets, with rows below each other, in lines of at most ``width`` characters."""
    if not isinstance(values, list):
        return formatter(values).strip() if values is not Ellipsis else "..."
    inner = indent + 1
    if values and (isinstance(values[0], list)):
        depth = 0
        probe = values[0]
        while isinstance(probe, list):
            depth += 1
            probe = probe[0]
        separator = "," + "\n" * depth + " " * inner
        rows = [_layout(value, formatter, inner, width - 1) for value in values]  # room for one more bracket
        return "[" + separator.join(rows) + "]"
    lines = [""]
    for position, value in enumerate(values):
        string = "..." if value is Ellipsis else formatter(value)
        string += "," if position < len(values) - 1 else ""
        if lines[-1] and inner + len(lines[-1]) + 1 + len(string) > width - 2:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + string
    return "[" + ("\n" + " " * inner).join(lines) + "]"
