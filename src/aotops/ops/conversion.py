"""Conversion between dtypes: the scalar functions behind every copy, cast and assignment.

Not operators: there is one for each pair of dtypes, and the glue picks it by the pair.
"""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import select, truncate
from aotops.ops.record import FLOATS, INTEGERS, Scalar


def copy(x: Any) -> Any:
    """The value as it is; the store converts it."""
    return x


def nonzero(x: Any) -> Any:
    """To bool: whether the value is not zero; NaN is not."""
    return x != 0


def to_int64(x: Any) -> Any:
    """To int64: towards zero. What int64 cannot hold, and NaN, becomes the smallest int64, as x86 CPUs have it."""
    return truncate(select((x >= -9223372036854775808.0) & (x < 9223372036854775808.0), x, -9223372036854775808.0))


def conversion(source: str, target: str) -> Scalar:
    """The scalar function that converts from one dtype to another."""
    if target == "bool" and source != "bool":
        return nonzero
    if source in FLOATS and target in INTEGERS:
        return to_int64
    return copy
