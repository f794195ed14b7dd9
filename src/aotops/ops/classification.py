"""What kind of number an element is, its sign, and the floats beside it."""

from __future__ import annotations

import math
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import bits_of_float32, bits_of_float64, float32_of_bits, float64_of_bits, select
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN
from aotops.ops.record import BOOL, COMPLEX, FLOATS, INTEGERS, NUMBERS, TO_FLOAT, map, zip

# --- isfinite, isinf, isnan ---------------------------------------------------------------------------------------


@map(
    dtypes=BOOL + NUMBERS + COMPLEX,
    signless=True,
    result="bool",
    method=True,
    aliases=("numpy.isfinite",),
    cases=Cases(special=((0.0, 1.0), (-1.5, 1.0), (1e-320, 1.0), (INF, 0.0), (-INF, 0.0), (NAN, 0.0))),
)
def isfinite(x: Any) -> Any:
    """Whether each element is neither infinite nor NaN; integers and bools are finite.

    >>> import aotops as ao
    >>> ao.isfinite(ao.tensor([1.0, float("inf"), float("nan")]))
    tensor([ True, False, False])
    """
    return math.fabs(x) < INF


@map(
    dtypes=BOOL + NUMBERS + COMPLEX,
    signless=True,
    result="bool",
    method=True,
    aliases=("numpy.isinf",),
    cases=Cases(special=((0.0, 0.0), (-1.5, 0.0), (INF, 1.0), (-INF, 1.0), (NAN, 0.0))),
)
def isinf(x: Any) -> Any:
    """Whether each element is an infinity, of either sign; integers and bools are not.

    >>> import aotops as ao
    >>> ao.isinf(ao.tensor([1.0, float("-inf"), float("nan")]))
    tensor([False,  True, False])
    """
    return math.fabs(x) == INF


@map(
    dtypes=BOOL + NUMBERS + COMPLEX,
    signless=True,
    result="bool",
    method=True,
    aliases=("numpy.isnan",),
    cases=Cases(special=((0.0, 0.0), (-1.5, 0.0), (INF, 0.0), (-INF, 0.0), (NAN, 1.0))),
)
def isnan(x: Any) -> Any:
    """Whether each element is NaN; integers and bools are not.

    >>> import aotops as ao
    >>> ao.isnan(ao.tensor([1.0, float("inf"), float("nan")]))
    tensor([False, False,  True])
    """
    return x != x


def is_finite(x: Any) -> Any:
    """Whether a float is finite."""
    return x - x == 0


def is_infinite(x: Any) -> Any:
    """Whether a float is infinite."""
    return (x - x != 0) & (x == x)


for _dtype in COMPLEX:
    isfinite.specialise(_dtype)(lambda x: is_finite(x.real) & is_finite(x.imag))
    isinf.specialise(_dtype)(lambda x: is_infinite(x.real) | is_infinite(x.imag))
    isnan.specialise(_dtype)(lambda x: (x.real != x.real) | (x.imag != x.imag))


def yes(x: Any) -> Any:
    """True, without a look at the element."""
    return True


def no(x: Any) -> Any:
    """False, without a look at the element."""
    return False


for _dtype in BOOL + INTEGERS:
    isfinite.specialise(_dtype)(yes)
    isinf.specialise(_dtype)(no)
    isnan.specialise(_dtype)(no)


# --- signbit ------------------------------------------------------------------------------------------------------


@map(
    dtypes=BOOL + NUMBERS,
    result="bool",
    aliases=("numpy.signbit",),
    cases=Cases(special=((0.0, 0.0), (-0.0, 1.0), (-1.5, 1.0), (INF, 0.0), (-INF, 1.0), (NAN, 0.0), (-NAN, 1.0))),
)
def signbit(x: Any) -> Any:
    """Whether each element has a minus sign, which zeros and NaN have as well.

    >>> import aotops as ao
    >>> ao.signbit(ao.tensor([1.0, -0.0, -2.0]))
    tensor([False,  True,  True])
    """
    return bits_of_float64(x) < 0


@signbit.specialise("float32")
def signbit32(x: Any) -> Any:
    return bits_of_float32(x) < 0


for _dtype in BOOL + INTEGERS:
    signbit.specialise(_dtype)((lambda x: x < 0) if FACTS[_dtype].kind == "signed" else no)


# --- sign ---------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS + COMPLEX,
    method=True,
    aliases=("numpy.sign",),
    cases=Cases(
        special=((0.0, 0.0), (-0.0, 0.0), (-2.5, -1.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)),
    ),
)
def sign(x: Any) -> Any:
    """The sign of each element: -1, 0 or 1, in the dtype of the element.

    Special cases: Of both zeros it is 0; NaN stays NaN. Of complex numbers it is ``x / abs(x)``, NaN if either part is
    NaN.

    Accuracy: Each part of a complex result errs by at most 2.5 ULP.

    >>> import aotops as ao
    >>> ao.sign(ao.tensor([-3, 0, 5]))
    tensor([-1,  0,  1])
    """
    return select(x > 0, 1, select(x < 0, -1, 0))


def sign_of_floats(x: Any) -> Any:
    """As ``sign``; a NaN, and either zero, gives itself."""
    return select((x == 0.0) | (x != x), x + 0.0, math.copysign(1.0, x))


for _dtype in FLOATS:
    sign.specialise(_dtype)(sign_of_floats)


# --- copysign -----------------------------------------------------------------------------------------------------


@zip(dtypes=FLOATS, casts=TO_FLOAT, aliases=("numpy.copysign",))
def copysign(x1: Any, x2: Any) -> Any:
    """The magnitude of ``x1`` with the sign of ``x2``, for each pair of elements.

    Special cases: The signs of zeros and NaN count.

    >>> import aotops as ao
    >>> ao.copysign(ao.tensor([1.0, -2.0]), ao.tensor([-0.0, 3.0]))
    tensor([-1.,  2.])
    """
    return math.copysign(x1, x2)


@copysign.derivative
def copysign_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    slope = math.copysign(1.0, x1) * math.copysign(1.0, x2)
    return select(x1 == x1, g * slope, x1), select(x1 == x1, 0.0, x1)


# --- nextafter ----------------------------------------------------------------------------------------------------


@zip(dtypes=FLOATS, casts=TO_FLOAT, aliases=("numpy.nextafter",))
def nextafter(x1: Any, x2: Any) -> Any:
    """The float next to ``x1`` in the direction of ``x2``, for each pair of elements.

    Special cases: Where both are equal it is ``x2``; NaN where either is NaN. Next to zero stand the smallest
    subnormal numbers, and next to infinity the largest finite one.

    >>> import aotops as ao
    >>> ao.nextafter(ao.tensor([1.0, 0.0]), 2.0)
    tensor([ 1.e+00, 5.e-324])
    """
    # of floats with one sign the integers of their bits have the same order, or the opposite one
    ordinary = select((x1 != 0.0) & (x1 == x1), x1, 1.0)
    beside = float64_of_bits(bits_of_float64(ordinary) + select((x2 > x1) == (x1 > 0.0), 1, -1))
    moved = select(x1 == 0.0, math.copysign(5e-324, x2), beside)
    return select(x1 == x2, x2, select((x1 != x1) | (x2 != x2), x1 + x2, moved))


@nextafter.specialise("float32")
def nextafter32(x1: Any, x2: Any) -> Any:
    ordinary = select((x1 != 0.0) & (x1 == x1), x1, 1.0)
    beside = float32_of_bits(bits_of_float32(ordinary) + select((x2 > x1) == (x1 > 0.0), 1, -1))
    moved = select(x1 == 0.0, math.copysign(1.401298464324817e-45, x2), beside)
    return select(x1 == x2, x2, select((x1 != x1) | (x2 != x2), x1 + x2, moved))
