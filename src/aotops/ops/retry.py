"""Operators by which ``aotops.retry`` computes sums and products again whose parts have left the range.

A sum of scaled elements overflows nowhere.

A float is a significand from 1 up to 2, with a sign, and a power of two. The significand of a product is that of the
product of the significands, which never overflows; a scaling by a power of two is exact, so that it has the bits of
the plain product, wherever that has overflowed nowhere. How often a factor 2 was left out is told by logarithms: the
sum of those of all elements, less that of the result, is an integer but for rounding.

Most products that leave the range do so for good: their logarithm is far beyond it, and 0 or an infinity is right.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float64,
    exponent,
    fma,
    look_up16,
    mantissa,
    rint,
    scale,
    select,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INVERSES
from aotops.ops.power import LOG2S, log2_polynomial32
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


def is_ordinary(x: Any) -> Any:
    """Whether a number is finite and not zero."""
    return (x - x == 0.0) & (x != 0.0)


def significand_of(x: Any) -> Any:
    """The significand, from 1 up to 2, with the sign; zeros, infinities and NaN as they are."""
    # without math.fabs and math.copysign, which return float64 where this runs as plain Python on float32
    m = mantissa(select(x < 0.0, -x, x))
    return select(is_ordinary(x), select(x < 0.0, -m, m), x)


def log2_of(size: Any) -> Any:
    """The logarithm of a number that is not negative to base 2, within 2e-11; -inf for 0, inf for infinity."""
    m = mantissa(size)
    j = bits_of_float64(m) >> 48
    r = fma(m, look_up16(INVERSES, j), -1.0)
    return exponent(size) + fma(r, log2_polynomial32(r), look_up16(LOG2S, j))


def log2_of_size(x: Any) -> Any:
    """The logarithm of the absolute value to base 2; 0 for zeros, infinities and NaN."""
    return select(is_ordinary(x), log2_of(math.fabs(x)), 0.0)


def exponents_apart(np: Any, x: Any) -> tuple[Any, Any]:
    """Significands and exponents by NumPy."""
    significand, exponent = np.frexp(x)
    return np.where(np.isfinite(x), significand * 2, x), np.where(np.isfinite(x), exponent - 1, 0)


def product_of_significands(np: Any, x: Any, **keywords: Any) -> Any:
    """By NumPy, whose float64 holds the product of few significands."""
    return exponents_apart(np, np.prod(exponents_apart(np, x)[0], **keywords))[0]


def with_power(np: Any, x: Any, log2: Any) -> Any:
    """By NumPy."""
    significand, exponent = exponents_apart(np, x)
    power = log2 - np.log2(np.abs(significand))
    power = np.where(np.isnan(power), exponent, np.clip(power, -4000.0, 4000.0))
    return np.ldexp(significand, np.rint(power).astype(int))


@map(name="_significand", dtypes=FLOATS, numpy=lambda np, x: exponents_apart(np, x)[0])
def significand(x: Any) -> Any:
    """The significand of a float, from 1 up to 2, with its sign."""
    return significand_of(x)


@map(
    name="_log2_of_size",
    dtypes=("float64",),
    casts={"float32": "float64"},
    numpy=lambda np, x: np.where(np.isfinite(x) & (x != 0), np.log2(np.abs(np.where(x == 0, 1, x))), 0.0),
)
def log2_size(x: Any) -> Any:
    """The logarithm of a float's absolute value to base 2."""
    return log2_of_size(x)


@zip(
    name="_with_exponent",
    dtypes=("float64",),
    casts={"float32": "float64"},
    numpy=with_power,
)
def with_exponent(x: Any, log2: Any) -> Any:
    """A float times the power of two that makes ``log2`` the logarithm of its absolute value, or nearly so."""
    size = mantissa(math.fabs(x))
    power = rint(log2 - log2_of(size))
    scaled = scale(math.copysign(size, x), select(power == power, power, exponent(x)))
    return select(is_ordinary(x), scaled, x)


@reduce(
    name="_product_of_significands",
    dtypes=FLOATS,
    map=significand_of,
    identity=1,
    numpy=product_of_significands,
)
def significand_product(a: Any, b: Any) -> Any:
    """The significand of the product of the elements; that of two significands, each from 1 up to 2, is below 4."""
    product = a * b
    return select(math.fabs(product) >= 2.0, product * 0.5, product)


cumulative_significand_product = scan(
    significand_product,
    name="_cumulative_product_of_significands",
    numpy=lambda np, x, **keywords: exponents_apart(np, np.cumprod(exponents_apart(np, x)[0], **keywords))[0],
    doc="""The significands of the running products of significands along an axis.""",
)


def is_settled(product: Any, log2: Any, excess: Any) -> Any:
    """Whether a product is zero, or infinite, because its logarithm is beyond a bound by the excess."""
    infinite = (product - product != 0.0) & (product == product)
    return (excess > 0.0) & (((product == 0.0) & (log2 < 0.0)) | (infinite & (log2 > 0.0)))


@reduce(
    name="_all_settled",
    dtypes=FLOATS,
    result="bool",
    map=is_settled,
    identity=True,
    absorbing=False,
    numpy=lambda np, product, log2, excess, **keywords: np.all(
        (excess > 0) & (((product == 0) & (log2 < 0)) | (np.isinf(product) & (log2 > 0))), **keywords
    ),
)
def all_settled(a: Any, b: Any) -> Any:
    """Whether all products are zero or infinite because of their logarithms."""
    return a & b
