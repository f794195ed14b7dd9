"""Reductions, where one or several axes fold away, and scans, where an axis keeps its running result."""

from __future__ import annotations

import math
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import exponent, float64_of_bits, fma, mantissa, rint, select, truncate
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import NAN
from aotops.ops.record import ALL, FLOATS, WIDE, argreduce, map, reduce, scan, zip

#: Dtypes with kernels of their own, and the others, whose elements are cast tile by tile to one of them: to bool, and
#: integers to 64 bits. A kernel takes 20 to 40 KiB and 2 to 4 seconds to compile.
WIDEST = ("int64", "uint64")
USUAL = ("bool", "int64", "uint8", "uint64", *FLOATS)
TO_WIDEST = {dtype: wide for dtype, wide in WIDE.items() if dtype not in WIDEST}
TO_USUAL = {dtype: wide for dtype, wide in WIDE.items() if dtype not in USUAL}
TO_BOOL = {dtype: "bool" for dtype in TO_USUAL if dtype != "int8"}

#: The ends of what a dtype holds.
SMALLEST = {name: -math.inf if name in FLOATS else FACTS[name].bounds[0] for name in ALL}
LARGEST = {name: math.inf if name in FLOATS else FACTS[name].bounds[1] for name in ALL}


def larger(a: Any, b: Any) -> Any:
    """The larger of two floats, the first of equal ones; NaN if either is NaN."""
    # an instruction for the inner choice, which drops a NaN in b, and another for the outer one; a comparison with
    # the constant, in place of b, keeps the compiler from making two comparisons of the two
    return select(b == b, select(b > a, b, a), NAN)


def smaller(a: Any, b: Any) -> Any:
    """The smaller of two floats, the first of equal ones; NaN if either is NaN."""
    return select(b == b, select(b < a, b, a), NAN)


@reduce(
    dtypes=USUAL,
    result=WIDE,
    casts=TO_USUAL,
    signless=True,
    identity=0,
    # -0.0 + x is x for every x, so that a sum of negative zeros keeps its sign; NumPy's loses it
    initial={dtype: -0.0 if dtype in FLOATS else 0 for dtype in ALL},
    method=True,
    cases=Cases(any_zero=True),
)
def sum(a: Any, b: Any) -> Any:
    """Sum of the elements over one axis, several, or all.

    Bools and signed integers are added in int64, unsigned integers in uint64, as NumPy does, unless ``dtype`` is given.
    Floats are added in a fixed tree that depends on shape and layout alone: the same input gives the same bits on
    every CPU and any number of threads.

    Special cases: Integers wrap around. The sum of no elements is 0.

    Accuracy: Errors grow no faster than those of pairwise summation.

    >>> import aotops as ao
    >>> ao.sum(ao.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    tensor([3., 7.])
    """
    return a + b


@reduce(
    dtypes=USUAL,
    result=WIDE,
    casts=TO_USUAL,
    signless=True,
    identity=1,
    method=True,
)
def prod(a: Any, b: Any) -> Any:
    """Product of the elements over one axis, several, or all.

    Bools and signed integers are multiplied in int64, unsigned integers in uint64, as NumPy does, unless ``dtype`` is
    given. Floats are multiplied in a fixed tree that depends on shape and layout alone: the same input gives the same
    bits on every CPU and any number of threads.

    Special cases: Integers wrap around. The product of no elements is 1.

    Accuracy: At most half a ULP for each multiplication.

    >>> import aotops as ao
    >>> ao.prod(ao.tensor([1, 2, 3, 4]))
    tensor(24)
    """
    return a * b


@reduce(
    dtypes=ALL,
    initial=SMALLEST,
    # not infinity, which a NaN replaces
    absorbing={dtype: math.nan if dtype in FLOATS else LARGEST[dtype] for dtype in ALL},
    method=True,
    cases=Cases(any_zero=True),
)
def max(a: Any, b: Any) -> Any:
    """Largest element over one axis, several, or all; NaN if there is one among them.

    Special cases: NaN if there is one among the elements.

    >>> import aotops as ao
    >>> ao.max(ao.tensor([[1, 5], [7, 3]]), axis=0)
    tensor([7, 5])
    """
    return select(b > a, b, a)


for _dtype in FLOATS:
    max.specialise(_dtype)(larger)


@max.specialise("bool")
def either(a: Any, b: Any) -> Any:
    return a | b


@reduce(
    dtypes=ALL,
    initial=LARGEST,
    absorbing={dtype: math.nan if dtype in FLOATS else SMALLEST[dtype] for dtype in ALL},
    method=True,
    cases=Cases(any_zero=True),
)
def min(a: Any, b: Any) -> Any:
    """Smallest element over one axis, several, or all; NaN if there is one among them.

    Special cases: NaN if there is one among the elements.

    >>> import aotops as ao
    >>> ao.min(ao.tensor([[1, 5], [7, 3]]), axis=0, keepdims=True)
    tensor([[1, 3]])
    """
    return select(b < a, b, a)


for _dtype in FLOATS:
    min.specialise(_dtype)(smaller)


@min.specialise("bool")
def both(a: Any, b: Any) -> Any:
    return a & b


def nonzero(x: Any) -> Any:
    """Whether a value counts as true: anything but 0 does, NaN too."""
    return x != 0


@reduce(
    dtypes=("bool", "int8", *USUAL[1:]),
    result="bool",
    casts=TO_BOOL,
    signless=True,
    map=nonzero,
    identity=False,
    absorbing=True,
    method=True,
)
def any(a: Any, b: Any) -> Any:
    """Whether any element is true, over one axis, several, or all; anything but 0 is true, NaN too.

    Special cases: Of no elements it is False. NaN is true, as anything but 0 is.

    >>> import aotops as ao
    >>> ao.any(ao.tensor([[0, 1], [0, 0]]), axis=1)
    tensor([ True, False])
    """
    return a | b


@reduce(
    dtypes=("bool", "int8", *USUAL[1:]),
    result="bool",
    casts=TO_BOOL,
    signless=True,
    map=nonzero,
    identity=True,
    absorbing=False,
    method=True,
)
def all(a: Any, b: Any) -> Any:
    """Whether all elements are true, over one axis, several, or all; anything but 0 is true, NaN too.

    Special cases: Of no elements it is True. NaN is true, as anything but 0 is.

    >>> import aotops as ao
    >>> ao.all(ao.tensor([[1, 1], [0, 1]]), axis=1)
    tensor([ True, False])
    """
    return a & b


argmax = argreduce(
    max,
    dtypes=USUAL,
    casts=TO_USUAL,
    name="argmax",
    method=True,
    doc="""Position of the largest element along one axis, or in row-major order over all; the first of several.

    Special cases: NaN is larger than anything.

    >>> import aotops as ao
    >>> ao.argmax(ao.tensor([[1, 5, 5], [7, 3, 0]]), axis=1)
    tensor([1, 0])
    """,
)

argmin = argreduce(
    min,
    dtypes=USUAL,
    casts=TO_USUAL,
    name="argmin",
    method=True,
    doc="""Position of the smallest element along one axis, or in row-major order over all; the first of several.

    Special cases: NaN is smaller than anything.

    >>> import aotops as ao
    >>> ao.argmin(ao.tensor([[1, 5, 1], [7, 3, 0]]), axis=1)
    tensor([0, 2])
    """,
)


def number(x: Any) -> Any:
    """An integer as a float."""
    return x * 1.0


@reduce(
    name="_sum_as_float",
    dtypes=WIDEST,
    casts=TO_WIDEST,
    result="float64",
    map=number,
    identity=0,
    initial=-0.0,
    numpy=lambda np, x, **keywords: np.sum(x, dtype="float64", **keywords),
)
def sum_as_float(a: Any, b: Any) -> Any:
    """Sum of the elements as float64: the numerator of an integer tensor's mean."""
    return a + b


def squared_deviation(x: Any, centre: Any) -> Any:
    """The square of a distance."""
    return (x - centre) * (x - centre)


@reduce(
    name="_sum_of_squared_deviations",
    dtypes=FLOATS,
    map=squared_deviation,
    identity=0,
    retry="noted",
    numpy=lambda np, x, centre, **keywords: np.sum((x - centre) ** 2, **keywords),
)
def sum_of_squared_deviations(a: Any, b: Any) -> Any:
    """Sum of ``(x - centre)**2``: the numerator of a variance."""
    return a + b


cumulative_sum = scan(
    sum,
    name="cumulative_sum",
    method=True,
    numpy=lambda np, x, **keywords: np.cumsum(x, **keywords),
    doc="""Running sum of the elements along an axis.

    Floats are added in a fixed order that depends on shape and layout alone: the same input gives the same bits on
    every CPU and any number of threads.

    Special cases: Integers wrap around.

    Accuracy: Errors grow no faster than those of pairwise summation.

    >>> import aotops as ao
    >>> ao.cumulative_sum(ao.tensor([1, 2, 3]), include_initial=True)
    tensor([0, 1, 3, 6])
    """,
)

cumulative_prod = scan(
    prod,
    name="cumulative_prod",
    method=True,
    numpy=lambda np, x, **keywords: np.cumprod(x, **keywords),
    doc="""Running product of the elements along an axis.

    Floats are multiplied in a fixed order that depends on shape and layout alone: the same input gives the same
    bits on every CPU and any number of threads.

    Special cases: Integers wrap around.

    Accuracy: At most half a ULP for each multiplication.

    >>> import aotops as ao
    >>> ao.cumulative_prod(ao.tensor([1, 2, 3, 4]))
    tensor([ 1,  2,  6, 24])
    """,
)


# --- sums and products again (``aotops.retry``) -----------------------------------------------------------------------
#
# A sum of scaled elements overflows nowhere.
#
# A float is a significand from 1 up to 2, with a sign, and a power of two. The significand of a product is that of the
# product of the significands, which never overflows; a scaling by a power of two is exact, so that it has the bits of
# the plain product, wherever that has overflowed nowhere. How often a factor 2 was left out is told by logarithms: the
# sum of those of all elements, less that of the result, is an integer but for rounding.
#
# Most products that leave the range do so for good: their logarithm is far beyond it, and 0 or an infinity is right.
# The sum of the exponents tells that of random numbers, a sum of rough logarithms that of most numbers near 1.

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


def size_of(x: Any) -> Any:
    """The absolute value, in the dtype of the number."""
    return select(x < 0.0, -x, x)


def significand_of(x: Any) -> Any:
    """The significand, from 1 up to 2, with the sign; zeros, infinities and NaN as they are."""
    size = mantissa(size_of(x))
    return select(is_ordinary(x), select(x < 0.0, -size, size), x)


def log2_of_size(x: Any) -> Any:
    """The logarithm of the absolute value to base 2; 0 for zeros, infinities and NaN.

    The series of the inverse hyperbolic tangent at (m - 1) / (m + 1), for m from sqrt(1/2) up to sqrt(2).
    """
    size = size_of(x)
    m = mantissa(size)
    above = m > 1.4142135623730951
    m = select(above, m * 0.5, m)
    whole = exponent(size) + select(above, 1.0, 0.0)
    t = (m - 1.0) / (m + 1.0)
    u = t * t
    series = (((1 / 21 * u + 1 / 19) * u + 1 / 17) * u + 1 / 15) * u + 1 / 13
    series = (((series * u + 1 / 11) * u + 1 / 9) * u + 1 / 7) * u + 1 / 5
    series = ((series * u + 1 / 3) * u + 1.0) * t * 2.8853900817779268  # 2 / log(2)
    return select(is_ordinary(x), whole + series, 0.0)


def rough_log2(x: Any) -> Any:
    """The logarithm of the absolute value to base 2 within 1.5e-5; -inf for 0, inf for infinities.

    A polynomial that interpolates it at the zeros of the Chebyshev polynomial of degree 6, for significands.
    """
    size = size_of(x)
    m = mantissa(size) - 1.0
    rest = fma(m, fma(m, 0.04392862784790292, -0.18983244652657894), 0.41156148231039025)
    rest = fma(m, fma(m, fma(m, rest, -0.7072534335743326), 1.4415920772065447), 1.4390929995666824e-05)
    return exponent(size) + rest


def exponents_apart(np: Any, x: Any) -> tuple[Any, Any]:
    """Significands and exponents by NumPy."""
    significand, exponent = np.frexp(x)
    return np.where(np.isfinite(x), significand * 2, x), np.where(np.isfinite(x), exponent - 1, 0)


def product_of_significands(np: Any, x: Any, **keywords: Any) -> Any:
    """By NumPy, whose float64 holds the product of few significands."""
    return exponents_apart(np, np.prod(exponents_apart(np, x)[0], **keywords))[0]


def scaled_by_power(np: Any, x: Any, log2: Any) -> Any:
    """By NumPy."""
    power = np.nan_to_num(log2 - np.log2(np.abs(x)), nan=0.0, posinf=4000.0, neginf=-4000.0)
    return np.ldexp(x, np.rint(np.clip(power, -4000.0, 4000.0)).astype(int))


@map(name="_significand", dtypes=FLOATS, numpy=lambda np, x: exponents_apart(np, x)[0])
def significand(x: Any) -> Any:
    """The significand of a float, from 1 up to 2, with its sign."""
    return significand_of(x)


@map(
    name="_log2_of_size",
    dtypes=("float64",),
    casts={"float32": "float64"},
    max_ulp=4,
    numpy=lambda np, x: np.where(np.isfinite(x) & (x != 0), np.log2(np.abs(np.where(x == 0, 1, x))), 0.0),
)
def log2_size(x: Any) -> Any:
    """The logarithm of a float's absolute value to base 2."""
    return log2_of_size(x)


@zip(
    name="_with_exponent",
    dtypes=("float64",),
    casts={"float32": "float64"},
    numpy=scaled_by_power,
)
def with_exponent(x: Any, log2: Any) -> Any:
    """A float times the power of two that makes ``log2`` the logarithm of its absolute value, or nearly so."""
    power = rint(log2 - log2_of_size(x))
    power = select(power > 4000.0, 4000.0, select(power < -4000.0, -4000.0, select(power == power, power, 0.0)))
    # in four steps, the first three of which leave the range only if the result does
    quarter = truncate(rint(power * 0.25))
    step = float64_of_bits((quarter + 1023) << 52)
    last = float64_of_bits((truncate(power) - 3 * quarter + 1023) << 52)
    return select(is_ordinary(x), x * step * step * step * last, x)


@reduce(
    name="_product_of_significands",
    dtypes=FLOATS,
    map=significand_of,
    identity=1,
    numpy=product_of_significands,
)
def significand_product(a: Any, b: Any) -> Any:
    """The significand of the product of the elements."""
    return significand_of(a * b)


cumulative_significand_product = scan(
    significand_product,
    name="_cumulative_product_of_significands",
    numpy=lambda np, x, **keywords: exponents_apart(np, np.cumprod(exponents_apart(np, x)[0], **keywords))[0],
    doc="""The significands of the running products of significands along an axis.""",
)


@reduce(
    name="_sum_of_rough_log2",
    dtypes=FLOATS,
    map=rough_log2,
    identity=0,
    numpy=lambda np, x, **keywords: np.sum(np.log2(np.abs(x)), **keywords),
)
def sum_of_rough_log2(a: Any, b: Any) -> Any:
    """The logarithm of the absolute value of the product to base 2, roughly."""
    return a + b


def exponent_of_size(x: Any) -> Any:
    """The exponent of the absolute value; -inf for 0, inf for infinities."""
    return exponent(size_of(x))


@reduce(
    name="_sum_of_exponents",
    dtypes=FLOATS,
    map=exponent_of_size,
    identity=0,
    numpy=lambda np, x, **keywords: np.sum(np.floor(np.log2(np.abs(x))), **keywords),
)
def sum_of_exponents(a: Any, b: Any) -> Any:
    """The sum of the exponents, each less by up to 1 than the logarithm of the element's absolute value to base 2."""
    return a + b


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
