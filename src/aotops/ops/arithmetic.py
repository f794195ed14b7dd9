"""Arithmetic and extrema, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide as ieee_divide
from aotops.intrinsics import fma as fused
from aotops.intrinsics import narrow, select, square_root, widen
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, chained_quotient
from aotops.ops.record import COMPLEX, FLOATS, NUMBERS, ORDERED, PARTS, TO_FLOAT, map, zip
from aotops.ops.reduction import larger, smaller

# --- positive -----------------------------------------------------------------------------------------------------


def unchanged(x: Any) -> Any:
    """The value as it is."""
    return x


@map(
    dtypes=NUMBERS + COMPLEX,
    signless=True,
    slot="positive",
    cases=Cases(slope=lambda mp, x: 1, special=((0.0, 0.0), (-0.0, -0.0), (-INF, -INF), (NAN, NAN))),
)
def positive(x: Any) -> Any:
    """A copy of the elements, ``+x``.

    >>> import aotops as ao
    >>> ao.positive(ao.tensor([1, -2]))
    tensor([ 1, -2])
    """
    return unchanged(x)


@positive.derivative
def positive_derivative(x: Any, y: Any, g: Any) -> Any:
    return g


# --- negative -----------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS + COMPLEX,
    signless=True,
    slot="negative",
    cases=Cases(
        slope=lambda mp, x: -1,
        special=((0.0, -0.0), (-0.0, 0.0), (INF, -INF), (NAN, NAN)),
    ),
)
def negative(x: Any) -> Any:
    """Numerical negative of each element, ``-x``.

    Special cases: Integers wrap around: the smallest signed one is its own negative.

    >>> import aotops as ao
    >>> ao.negative(ao.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    return -x


@negative.derivative
def negative_derivative(x: Any, y: Any, g: Any) -> Any:
    return -g


# --- abs ----------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS + COMPLEX,
    result=PARTS,
    slot="absolute",
    method=True,
    aliases=("numpy.absolute", "numpy.abs", "builtins.abs", "operator.abs"),
    cases=Cases(
        slope=lambda mp, x: mp.sign(x),
        special=((-0.0, 0.0), (-INF, INF), (-1.5, 1.5), (NAN, NAN)),
    ),
)
def abs(x: Any) -> Any:
    """Absolute value of each element; of a complex number its distance from 0.

    Special cases: The smallest signed integer wraps around to itself; -0.0 becomes 0.0 and NaN stays NaN. A complex
    number with an infinite part has an infinite one, even if the other part is NaN.

    Accuracy: Of complex numbers, errors are at most 1 ULP.

    >>> import aotops as ao
    >>> ao.abs(ao.tensor([1, -2]))
    tensor([1, 2])
    """
    return select(x < 0, -x, x)


@abs.specialise("float32")
@abs.specialise("float64")
def abs_of_floats(x: Any) -> Any:
    return math.fabs(x)


@abs.specialise("complex64")
def abs_of_complex64(x: Any) -> Any:
    # squares of float32 are exact in float64, and do not overflow there
    a, b = widen(x.real), widen(x.imag)
    infinite = (a - a != 0) & (a == a) | (b - b != 0) & (b == b)
    return narrow(select(infinite, math.inf, square_root(a * a + b * b)))


@abs.specialise("complex128")
def abs_of_complex128(x: Any) -> Any:
    # the hypotenuse, corrected by its own error (Borges); sides whose squares would leave the range are scaled
    a, b = math.fabs(x.real), math.fabs(x.imag)
    high, low = select(a > b, a, b), select(a > b, b, a)
    factor = select(high > 2.0**500, 2.0**-600, select(high < 2.0**-500, 2.0**600, 1.0))
    back = select(high > 2.0**500, 2.0**600, select(high < 2.0**-500, 2.0**-600, 1.0))
    p, q = high * factor, low * factor
    h = square_root(fused(p, p, q * q))
    hh, pp = h * h, p * p
    error = fused(-q, q, hh - pp) + fused(h, h, -hh) - fused(p, p, -pp)
    h = select(h == 0.0, h, h - ieee_divide(error, 2.0 * h)) * back
    return select((a == INF) | (b == INF), INF, h)


@abs.derivative
def abs_derivative(x: Any, y: Any, g: Any) -> Any:
    return select(x > 0.0, g, select(x < 0.0, -g, select(x == 0.0, 0.0, x)))


# --- add ----------------------------------------------------------------------------------------------------------


@zip(dtypes=NUMBERS + COMPLEX, signless=True, slot="add")
def add(x1: Any, x2: Any) -> Any:
    """Sum of each pair of elements, ``x1 + x2``.

    Special cases: Integers wrap around, as NumPy's do.

    Accuracy: Floats are correctly rounded.

    >>> import aotops as ao
    >>> ao.add(ao.tensor([1.0, 2.0]), 0.5)
    tensor([1.5, 2.5])
    """
    return x1 + x2


@add.derivative
def add_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return g, g


# --- subtract -----------------------------------------------------------------------------------------------------


@zip(dtypes=NUMBERS + COMPLEX, signless=True, slot="subtract")
def subtract(x1: Any, x2: Any) -> Any:
    """Difference of each pair of elements, ``x1 - x2``.

    Special cases: Integers wrap around, as NumPy's do.

    Accuracy: Floats are correctly rounded.

    >>> import aotops as ao
    >>> ao.subtract(ao.tensor([[1], [2]]), ao.tensor([1, 10]))
    tensor([[ 0, -9],
            [ 1, -8]])
    """
    return x1 - x2


@subtract.derivative
def subtract_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return g, -g


# --- multiply -----------------------------------------------------------------------------------------------------


@zip(dtypes=NUMBERS + COMPLEX, signless=True, slot="multiply")
def multiply(x1: Any, x2: Any) -> Any:
    """Product of each pair of elements, ``x1 * x2``.

    Special cases: Integers wrap around, as NumPy's do.

    Accuracy: Floats are correctly rounded.

    >>> import aotops as ao
    >>> ao.multiply(ao.tensor([1, 2, 3]), ao.tensor([0.0, 1.0, 0.0]))
    tensor([0., 2., 0.])
    """
    return x1 * x2


@multiply.derivative
def multiply_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return chained(g, x2), chained(g, x1)


# --- square -------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS + COMPLEX,
    signless=True,
    method=True,
    cases=Cases(
        slope=lambda mp, x: 2 * x,
        special=((-0.0, 0.0), (-3.0, 9.0), (INF, INF), (-INF, INF), (NAN, NAN), (1e300, INF), (1e-300, 0.0)),
    ),
)
def square(x: Any) -> Any:
    """Square of each element, ``x * x``; what ``x**2`` computes.

    Special cases: Integers wrap around, as NumPy's do.

    Accuracy: Floats are correctly rounded.

    >>> import aotops as ao
    >>> ao.square(ao.tensor([1.5, -3.0]))
    tensor([2.25, 9.  ])
    """
    return x * x


@square.derivative
def square_derivative(x: Any, y: Any, g: Any) -> Any:
    return 2.0 * chained(g, x)


# --- fma ----------------------------------------------------------------------------------------------------------


def fused_arrays(np: Any, arrays: tuple[Any, ...]) -> Any:
    """The fused multiply-add of NumPy arrays, which NumPy lacks, one element at a time."""
    kind = np.result_type(*arrays).type
    return np.vectorize(lambda *values: fused(*[kind(value) for value in values]), otypes=[kind])(*arrays)


@zip(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    aliases=("math.fma",),
    numpy=lambda np, *arrays: fused_arrays(np, arrays),
    cases=Cases(exact=lambda mp, x1, x2, x3: x1 * x2 + x3),
)
def fma(x1: Any, x2: Any, x3: Any) -> Any:
    """Fused multiply-add of each triple of elements: ``x1 * x2 + x3``, rounded once.

    A product that over- or underflows does not matter if the sum does not. CPUs without an instruction for it (those
    before x86-64-v3) compute the same value ten times as slowly.

    Special cases: fma(inf, 0, x) is NaN, whatever x.

    Accuracy: Floats are correctly rounded.

    >>> import aotops as ao
    >>> x = ao.tensor([0.1])
    >>> product = x * 10.0
    >>> ao.fma(x, 10.0, -product)  # what the product's rounding took away
    tensor([5.55111512e-17])
    """
    return fused(x1, x2, x3)


@fma.derivative
def fma_derivative(x1: Any, x2: Any, x3: Any, y: Any, g: Any) -> Any:
    return chained(g, x2), chained(g, x1), g


# --- divide -------------------------------------------------------------------------------------------------------


@zip(dtypes=FLOATS + COMPLEX, slot="true_divide", casts=TO_FLOAT, cases=Cases(smooth=(0.5, 3.0)))
def divide(x1: Any, x2: Any) -> Any:
    """Quotient of each pair of elements, ``x1 / x2``.

    Special cases: A zero divisor gives an infinity, or NaN for 0 / 0, without a warning.

    Accuracy: Correctly rounded.

    >>> import aotops as ao
    >>> ao.divide(ao.tensor([1, -2, 0]), ao.tensor([2, 0, 0]))
    tensor([ 0.5, -inf,  nan])
    """
    return ieee_divide(x1, x2)


@divide.specialise("complex64")
@divide.specialise("complex128")
def divide_complex(x1: Any, x2: Any) -> Any:
    """By Smith's method, which scales by the larger part of the divisor."""
    a, b, c, d = x1.real, x1.imag, x2.real, x2.imag
    by_real = select(c < 0, -c, c) >= select(d < 0, -d, d)
    large, small = select(by_real, c, d), select(by_real, d, c)
    is_zero = (large == 0) & (small == 0)
    ratio = select(is_zero, small, ieee_divide(small, large))
    divisor = select(is_zero, select(large < 0, -large, large), large + small * ratio)
    real = select(by_real, a + b * ratio, a * ratio + b)
    imaginary = select(by_real, b - a * ratio, b * ratio - a)
    return complex(ieee_divide(real, divisor), ieee_divide(imaginary, divisor))


@divide.derivative
def divide_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    to_x1 = chained_quotient(g, x2)
    return to_x1, -chained(to_x1, y)


# --- maximum ------------------------------------------------------------------------------------------------------


@zip(dtypes=ORDERED, aliases=("numpy.maximum",), cases=Cases(any_zero=True))
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of each pair of elements; NaN where either is NaN.

    Special cases: Of 0.0 and -0.0, which are equal, the first.

    >>> import aotops as ao
    >>> ao.maximum(ao.tensor([1.0, -2.0]), 0.0)
    tensor([1., 0.])
    """
    return select(x2 > x1, x2, x1)


for _dtype in FLOATS:
    maximum.specialise(_dtype)(larger)


# equal ones share the gradient
@maximum.derivative
def maximum_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    # y where it is NaN
    tie = select(x1 == x2, 0.5 * g, y)
    return select(x1 > x2, g, select(x1 < x2, 0.0, tie)), select(x2 > x1, g, select(x2 < x1, 0.0, tie))


# --- minimum ------------------------------------------------------------------------------------------------------


@zip(dtypes=ORDERED, aliases=("numpy.minimum",), cases=Cases(any_zero=True))
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of each pair of elements; NaN where either is NaN.

    Special cases: Of 0.0 and -0.0, which are equal, the first.

    >>> import aotops as ao
    >>> ao.minimum(ao.tensor([1.0, -2.0]), 0.0)
    tensor([ 0., -2.])
    """
    return select(x2 < x1, x2, x1)


for _dtype in FLOATS:
    minimum.specialise(_dtype)(smaller)


@minimum.derivative
def minimum_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    # as for maximum
    tie = select(x1 == x2, 0.5 * g, y)
    return select(x1 < x2, g, select(x1 > x2, 0.0, tie)), select(x2 < x1, g, select(x2 > x1, 0.0, tie))


# --- reciprocal ---------------------------------------------------------------------------------------------------


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    numpy=lambda np, x: 1 / x,
    cases=Cases(
        exact=lambda mp, x: 1 / x,
        slope=lambda mp, x: -1 / x**2,
        smooth=(0.5, 3.0),
        special=((0.0, INF), (-0.0, -INF), (INF, 0.0), (-INF, -0.0), (4.0, 0.25), (NAN, NAN)),
    ),
)
def reciprocal(x: Any) -> Any:
    """Reciprocal of each element, ``1 / x``.

    Special cases: 0 gives an infinity, without a warning. Of complex 0 it is inf + NaN j, of complex infinities 0.

    Accuracy: Correctly rounded. Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.reciprocal(ao.tensor([4.0, 0.0]))
    tensor([0.25,  inf])
    """
    return ieee_divide(1.0, x)


@reciprocal.derivative
def reciprocal_derivative(x: Any, y: Any, g: Any) -> Any:
    return -chained(chained(g, y), y)
