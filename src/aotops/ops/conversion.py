"""Conversion between dtypes: the scalar functions behind every copy, cast and assignment.

Not operators: there is one for each pair of dtypes, and the glue picks it by the pair.
"""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import select, truncate
from aotops.ops.record import ALL, COMPLEX, FLOATS, INTEGERS, Scalar


def copy(x: Any) -> Any:
    """The value as it is; the store converts it."""
    return x


def nonzero(x: Any) -> Any:
    """To bool: whether the value is not zero; NaN is not."""
    return x != 0


def nonzero_complex(x: Any) -> Any:
    """To bool, of a complex number: whether a part is not zero."""
    return (x.real != 0) | (x.imag != 0)


def number(x: Any) -> Any:
    """Of a bool, to a complex number."""
    return select(x, 1, 0)


def to_int64(x: Any) -> Any:
    """To int64: towards zero. What int64 cannot hold, and NaN, becomes the smallest int64, as x86 CPUs have it."""
    return truncate(select((x >= -9223372036854775808.0) & (x < 9223372036854775808.0), x, -9223372036854775808.0))


def to_uint64(x: Any) -> Any:
    """To uint64: towards zero, as the bits of an int64. What neither it nor int64 can hold becomes 2**63."""
    above = x >= 9223372036854775808.0
    shifted = select(above, x - 9223372036854775808.0, x)
    # the smallest int64 and 2**63 have the same bits: adding the smallest int64 to itself is 0
    low = select(shifted < 9223372036854775808.0, to_int64(shifted), 0)
    return select(above, low + -9223372036854775808, to_int64(x))


# C lets no complex number become a real one (``abi.converts``); its table of kernels has no gaps.


def real(x: Any) -> Any:
    """The real part."""
    return x.real


def to_int64_of_real(x: Any) -> Any:
    """The real part to int64."""
    return to_int64(x.real)


def to_uint64_of_real(x: Any) -> Any:
    """The real part to uint64."""
    return to_uint64(x.real)


def conversion(source: str, target: str) -> Scalar:
    """The scalar function that converts from one dtype to another."""
    if target == "bool" and source != "bool":
        return nonzero_complex if source in COMPLEX else nonzero
    if source == "bool" and target in COMPLEX:
        return number
    if source in COMPLEX and target not in COMPLEX:
        return to_uint64_of_real if target == "uint64" else to_int64_of_real if target in INTEGERS else real
    if source in FLOATS and target in INTEGERS:
        return to_uint64 if target == "uint64" else to_int64
    return copy


def same_code(source: str, target: str) -> tuple[str, str]:
    """The first pair of dtypes whose conversion is, bit by bit, the one from ``source`` to ``target``.

    Kernels are compiled for these pairs alone: the 13 dtypes of the array API standard have 169 and 116 of them.
    """
    moved = movement(source, target)
    return next((first, second) for first in ALL for second in ALL if movement(first, second) == moved)


def movement(source: str, target: str) -> tuple[str, str]:
    """What becomes of the bits of an element: the same for every conversion that one kernel can do.

    Integers that get shorter or keep their width are cut off, whatever their signs; those that get longer are extended
    by their own sign alone, and a copy is one of integers.
    """
    source_bits, target_bits = bits_of(source), bits_of(target)
    if source == target:
        return (source, target) if source == "bool" or source_bits > 64 else (f"int{source_bits}",) * 2
    if source in FLOATS + COMPLEX and is_integer(target) and target_bits < 64:
        return source, f"int{target_bits}"  # through int64, whose low bits are kept
    if not (is_integer(source) or source == "bool") or not (is_integer(target) or target == "bool"):
        return source, target
    longer = is_integer(target) and (source == "bool" or target_bits > source_bits)
    return (
        source if longer or source == "bool" else f"int{source_bits}",
        target if target == "bool" else f"int{target_bits}",
    )


def is_integer(dtype: str) -> bool:
    """Whether a dtype, by its name, is one of integers, of either sign."""
    return dtype.startswith(("int", "uint"))


def bits_of(dtype: str) -> int:
    """The bits of an element of a dtype, by its name."""
    return 8 if dtype == "bool" else int(dtype.lstrip("abcdefghijklmnopqrstuvwxyz"))
