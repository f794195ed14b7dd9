"""Operators by which ``aotops.retry`` computes sums and products again whose parts have left the range.

A sum of scaled elements overflows nowhere.

A float is a significand from 1 up to 2, with a sign, and a power of two: the state of a product is both. The product of
two significands never overflows; a scaling by a power of two is exact, so the result has the bits of the plain product,
wherever that has overflowed nowhere.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import exponent, mantissa, scale, select
from aotops.ops.cases import Cases
from aotops.ops.record import FLOATS, map, reduce, scan, zip

#: The power of two by which sums are scaled, and its inverse.
SCALE, INVERSE_SCALE = 2.0**-64, 2.0**64


def scaled(x: Any) -> Any:
    """The element times ``SCALE``."""
    return x * SCALE


@reduce(
    name="_sum_of_scaled",
    dtypes=FLOATS,
    map=scaled,
    identity=0,
    initial=-0.0,
    numpy=lambda np, x, **keywords: np.sum(x * x.dtype.type(SCALE), **keywords),
    cases=Cases(any_zero=True),
)
def sum_of_scaled(a: Any, b: Any) -> Any:
    """Sum of the elements times ``SCALE``."""
    return a + b


@zip(
    name="_finite_or_scaled",
    dtypes=FLOATS,
    numpy=lambda np, x, other: np.where(np.isfinite(x), x, other / other.dtype.type(SCALE)),
)
def finite_or_scaled(x: Any, other: Any) -> Any:
    """The element if it is finite, else the other one divided by ``SCALE``."""
    return select(x - x == 0.0, x, other * INVERSE_SCALE)


@map(
    name="_inverse_power",
    dtypes=("float64",),
    casts={"float32": "float64"},
    numpy=lambda np, x: np.where(
        np.isfinite(x) & (x != 0), np.ldexp(1.0, np.minimum(1 - np.frexp(x)[1], 1000)), x * 0.0 + 1.0
    ),
)
def inverse_power(x: Any) -> Any:
    """The inverse of the power of two at or below a size, at most 2**1000; 1 of 0, NaN of infinities and NaN."""
    ordinary = (x - x == 0.0) & (x != 0.0)
    power = -exponent(x)
    return select(ordinary, scale(1.0, select(power > 1000.0, 1000.0, power)), x * 0.0 + 1.0)


def apart(x: Any) -> Any:
    """The significand of a float, from 1 up to 2 with its sign, and its exponent.

    The exponent of 0 is -inf, that of an infinity is inf, and both of NaN are NaN: as products of floats, sums of
    exponents are NaN for 0 times an infinity.
    """
    # math.fabs(x) would be a float64 where this runs as plain Python on float32; the sign of -0.0 counts
    return mantissa(select(x < 0.0, -x, x)) * math.copysign(1.0, x), exponent(x)


def product_apart(np: Any, x: Any, **keywords: Any) -> Any:
    """By NumPy, whose longdouble holds the products of few elements."""
    return np.prod(x.astype(np.longdouble), **keywords).astype(x.dtype)


def running_product_apart(np: Any, x: Any, **keywords: Any) -> Any:
    """By NumPy."""
    return np.cumprod(x.astype(np.longdouble), **keywords).astype(x.dtype)


def put_together(significand: Any, exponent: Any) -> Any:
    """The float of a significand and an exponent, rounded once."""
    # NaN if the exponent is; else a float64, as the exponent is, also of a float32
    return scale(select(exponent == exponent, significand, exponent), exponent)


@reduce(
    name="_product_apart",
    dtypes=FLOATS,
    map=apart,
    identity=(1.0, 0.0),
    state=(None, "float64"),  # float32 holds sums of exponents up to 2**24
    finish=put_together,
    numpy=product_apart,
)
def product_of_parts(a: Any, b: Any) -> Any:
    """Product of the elements, whose exponents are kept apart: no part overflows or underflows."""
    (m, e), (n, f) = a, b
    product = m * n  # of two significands, each from 1 up to 2
    large = (product >= 2.0) | (product <= -2.0)
    return select(large, product * 0.5, product), e + f + select(large, 1.0, 0.0)


cumulative_product_of_parts = scan(
    product_of_parts,
    name="_cumulative_product_apart",
    numpy=running_product_apart,
    doc="""Running products of the elements, whose exponents are kept apart.""",
)
