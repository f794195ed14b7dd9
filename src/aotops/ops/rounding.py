"""Rounding to integers, element by element; integers stay what they are."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import ceil as round_up
from aotops.intrinsics import floor as round_down
from aotops.intrinsics import integral_part, rint
from aotops.ops.arithmetic import unchanged
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN
from aotops.ops.record import COMPLEX, INTEGERS, NUMBERS, Record, map

#: What all functions of this chapter make of these.
WHOLE = ((0.0, 0.0), (-0.0, -0.0), (3.0, 3.0), (1e300, 1e300), (INF, INF), (-INF, -INF), (NAN, NAN))


def integers_stay(record: Record) -> None:
    """Give a record of this chapter its functions for integers."""
    for dtype in INTEGERS:
        record.specialise(dtype)(unchanged)


# --- floor --------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS,
    signless=True,
    method=True,
    aliases=("numpy.floor",),
    cases=Cases(special=((1.5, 1.0), (-0.5, -1.0), (0.5, 0.0), *WHOLE)),
)
def floor(x: Any) -> Any:
    """The largest integer that is not larger than each element; in the dtype of the element.

    Special cases: Integers, infinities and NaN stay what they are, and so do zeros.

    >>> import aotops as ao
    >>> ao.floor(ao.tensor([1.5, -1.5]))
    tensor([ 1., -2.])

    See also: ``ceil``, ``trunc``, ``round``, ``floor_divide``.
    """
    return round_down(x)


# --- ceil ---------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS,
    signless=True,
    method=True,
    aliases=("numpy.ceil",),
    cases=Cases(special=((1.5, 2.0), (-0.5, -0.0), (0.5, 1.0), *WHOLE)),
)
def ceil(x: Any) -> Any:
    """The smallest integer that is not smaller than each element; in the dtype of the element.

    Special cases: Integers, infinities and NaN stay what they are, and so do zeros. Above -1 and below 0 it is -0.0.

    >>> import aotops as ao
    >>> ao.ceil(ao.tensor([1.5, -1.5]))
    tensor([ 2., -1.])

    See also: ``floor``, ``trunc``, ``round``.
    """
    return round_up(x)


# --- trunc --------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS,
    signless=True,
    method=True,
    aliases=("numpy.trunc",),
    cases=Cases(special=((1.5, 1.0), (-0.5, -0.0), (-1.5, -1.0), *WHOLE)),
)
def trunc(x: Any) -> Any:
    """Each element without its fraction: the nearest integer towards zero; in the dtype of the element.

    Special cases: Integers, infinities and NaN stay what they are, and so do zeros. Above -1 and below 0 it is -0.0.

    >>> import aotops as ao
    >>> ao.trunc(ao.tensor([1.5, -1.5]))
    tensor([ 1., -1.])

    See also: ``floor``, ``ceil``, ``round``.
    """
    return integral_part(x)


# --- round --------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS + COMPLEX,
    signless=True,
    method=True,
    aliases=("numpy.round", "numpy.rint"),
    cases=Cases(special=((1.5, 2.0), (-0.5, -0.0), (0.5, 0.0), (2.5, 2.0), *WHOLE)),
)
def round(x: Any) -> Any:
    """The integer nearest to each element, the even one of two; in the dtype of the element.

    Special cases: Integers, infinities and NaN stay what they are, and so do zeros. From -0.5 to 0 it is -0.0. Of
    complex numbers, both parts are rounded.

    >>> import aotops as ao
    >>> ao.round(ao.tensor([0.5, 1.5, -1.7]))
    tensor([ 0.,  2., -2.])

    See also: ``floor``, ``ceil``, ``trunc``.
    """
    return rint(x)


for _record in (floor, ceil, trunc, round):
    integers_stay(_record)
for _dtype in COMPLEX:
    round.specialise(_dtype)(lambda x: complex(rint(x.real), rint(x.imag)))
