"""Operators by which ``aotops.retry`` computes sums and products again whose parts have left the range.

A sum of scaled elements overflows nowhere.

A float is a significand from 1 up to 2, with a sign, and a power of two: the state of a product is both. The product of
two significands never overflows; a scaling by a power of two is exact, so the result has the bits of the plain product,
wherever that has overflowed nowhere. Few products of 16 elements leave the range, so lanes multiply these as they are,
and only their products are taken apart.
"""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import exponent, floor, limit, scale, select, significand, widen
from aotops.ops.cases import Cases
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map, reduce, scan, zip

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


#: A mean may lie so many standard deviations from 0, squared, before its rounding errors show in the variance.
FAR_64, FAR_32 = 1e12, 1e4


def numpy_is_far(np: Any, squares: Any, mean: Any, count: Any) -> Any:
    """Whether a mean is far from 0, with NumPy."""
    far = FAR_32 if mean.dtype == np.float32 else FAR_64
    squares, mean, count = (np.asarray(each, "float64") for each in (squares, mean, count))
    return squares * far < mean * mean * count


@zip(name="_is_far", dtypes=FLOATS, casts=TO_FLOAT, result="bool", numpy=numpy_is_far)
def is_far(squares: Any, mean: Any, count: Any) -> Any:
    """Whether a mean is so far from 0 that its rounding shows in a sum of squared deviations, of so many elements."""
    return squares * FAR_64 < mean * mean * count


@is_far.specialise("float32")
def is_far32(squares: Any, mean: Any, count: Any) -> Any:
    return widen(squares) * FAR_32 < widen(mean) * widen(mean) * widen(count)


def whole(x: Any) -> Any:
    """A float as a significand of any size; adding -0.0 to an exponent changes none, which compilers know."""
    return x, -0.0


def apart(x: Any) -> Any:
    """The significand of a float, from 1 up to 2 with its sign, and its exponent.

    The exponent of 0 is -inf, that of an infinity is inf, and both of NaN are NaN: as products of floats, sums of
    exponents are NaN for 0 times an infinity.
    """
    return significand(x), exponent(x)


def product_apart(np: Any, x: Any, **keywords: Any) -> Any:
    """By NumPy, whose longdouble and clongdouble hold the products of few elements."""
    return np.prod(x.astype(np.result_type(x, np.longdouble)), **keywords).astype(x.dtype)


def running_product_apart(np: Any, x: Any, **keywords: Any) -> Any:
    """By NumPy."""
    return np.cumprod(x.astype(np.result_type(x, np.longdouble)), **keywords).astype(x.dtype)


def joined(a: Any, b: Any) -> Any:
    """The product of two numbers apart, whose significand may be of any size."""
    (m, e), (n, f) = a, b
    return m * n, e + f


def settled(a: Any) -> Any:
    """A number apart with a significand from 1 up to 2."""
    m, e = a
    return significand(m), e + exponent(m)


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
    deep=True,
    numpy=product_apart,
)
def product_of_parts(a: Any, b: Any) -> Any:
    """Product of the elements, whose exponents are kept apart: no part overflows or underflows."""
    return settled(joined(a, b))


product_by_blocks = reduce(
    name="_product_by_blocks",
    dtypes=FLOATS,
    map=whole,
    within=joined,
    settle=settled,
    identity=(1.0, 0.0),
    state=(None, "float64"),
    finish=put_together,
    retry="apart",
    redoes="apart",
    numpy=product_apart,
    doc="""Product of the elements: those of few elements as they are, whose exponents are then kept apart.""",
)(product_of_parts.scalar)


cumulative_product_of_parts = scan(
    product_of_parts,
    name="_cumulative_product_apart",
    numpy=running_product_apart,
    doc="""Running products of the elements, whose exponents are kept apart.""",
)


# --- of complex numbers: both parts with the exponent of the larger one, in float64 -------------------------------


def complex_apart(x: Any) -> Any:
    """The parts of a complex number, the larger one from 1 up to 2, and the exponent that both lack."""
    return settled_parts((widen(x.real), widen(x.imag), 0.0))


def times_power(x: Any, k: Any) -> Any:
    """``x * 2**k`` of an ``x`` of any size and an integral ``k``, rounded once.

    ``scale`` takes moderate numbers alone, and one part may be much smaller than the other: products with powers of 2
    take its place, three of them where one power could leave the range. Of these the last alone rounds what is not 0.
    """
    k = limit(k, 2200.0)  # from there on all results are 0 or infinite
    third = select(abs(k) < 1000.0, 0.0, floor(k * 0.3333333333333333))
    return ((x * scale(1.0, k - third - third)) * scale(1.0, third)) * scale(1.0, third)


def settled_parts(z: Any) -> Any:
    """The same of parts of any size; of 0, infinities and NaN, the exponent stays as it is."""
    a, b, e = z
    power = exponent(select(abs(a) > abs(b), abs(a), abs(b)))
    power = select(power - power == 0.0, power, 0.0)
    return times_power(a, -power), times_power(b, -power), e + power


def multiplied(x: Any, y: Any) -> Any:
    """The product; that of 1 and an infinite number is this number, whose parts would become NaN."""
    (a, b, e), (c, d, f) = x, y
    is_one = (a == 1.0) & (b == 0.0)
    return select(is_one, c, a * c - b * d), select(is_one, d, a * d + b * c), e + f


def parts_together(a: Any, b: Any, e: Any) -> Any:
    """The complex number of two parts and their exponent."""
    return complex(times_power(a, e), times_power(b, e))


@reduce(
    name="_complex_product_apart",
    dtypes=COMPLEX,
    map=complex_apart,
    identity=(1.0, 0.0, 0.0),
    state=("float64", "float64", "float64"),
    finish=parts_together,
    deep=True,
    numpy=product_apart,
)
def complex_product_of_parts(x: Any, y: Any) -> Any:
    """Product of the elements, whose exponents are kept apart: no part overflows or underflows."""
    return settled_parts(multiplied(x, y))


cumulative_complex_product_of_parts = scan(
    complex_product_of_parts,
    name="_cumulative_complex_product_apart",
    numpy=running_product_apart,
    doc="""Running products of the elements, whose exponents are kept apart.""",
)
