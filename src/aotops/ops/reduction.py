"""Reductions, where one or several axes fold away, and scans, where an axis keeps its running result."""

from __future__ import annotations

import math
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import select
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN
from aotops.ops.record import ALL, COMPLEX, FLOATS, INT64, ORDERED, WIDE, argreduce, reduce, scan

#: Dtypes with kernels of their own, and the others, whose elements are cast tile by tile to one of them: to bool, and
#: integers to 64 bits. A kernel takes 20 to 40 KiB and 2 to 4 seconds to compile.
WIDEST = ("int64", "uint64")
USUAL = ("bool", "int64", "uint8", "uint64", *FLOATS)
ADDED = USUAL + COMPLEX
TO_WIDEST = {dtype: wide for dtype, wide in WIDE.items() if dtype not in WIDEST}
TO_USUAL = {dtype: wide for dtype, wide in WIDE.items() if dtype not in USUAL}
TO_BOOL = {dtype: "bool" for dtype in ALL if dtype not in ("int8", *USUAL)}

#: The ends of what a dtype holds.
SMALLEST = {name: -math.inf if name in FLOATS else FACTS[name].bounds[0] for name in ORDERED}
LARGEST = {name: math.inf if name in FLOATS else FACTS[name].bounds[1] for name in ORDERED}


def larger(a: Any, b: Any) -> Any:
    """The larger of two floats, the first of equal ones; NaN if either is NaN."""
    # an instruction for the inner choice, which drops a NaN in b, and another for the outer one; a comparison with
    # the constant, in place of b, keeps the compiler from making two comparisons of the two
    return select(b == b, select(b > a, b, a), NAN)


def smaller(a: Any, b: Any) -> Any:
    """The smaller of two floats, the first of equal ones; NaN if either is NaN."""
    return select(b == b, select(b < a, b, a), NAN)


@reduce(
    dtypes=ADDED,
    result=WIDE,
    casts=TO_USUAL,
    signless=True,
    identity=0,
    # -0.0 + x is x for every x, so that a sum of negative zeros keeps its sign; NumPy's loses it
    initial={dtype: complex(-0.0, -0.0) if dtype in COMPLEX else -0.0 if dtype in FLOATS else 0 for dtype in ALL},
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
    dtypes=ADDED,
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


def complex_product(a: Any, b: Any) -> Any:
    """The product of complex numbers by its parts: a fifth of the instructions that Numba has for it.

    So it is inlined wherever a reduction combines elements, and loops are vectorized: the products of the rows of 219
    squared complex64 take 20 us for 200.
    """
    return complex(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)


for _dtype in COMPLEX:
    prod.specialise(_dtype)(complex_product)


@reduce(
    dtypes=ORDERED,
    initial=SMALLEST,
    # not infinity, which a NaN replaces
    absorbing={dtype: math.nan if dtype in FLOATS else LARGEST[dtype] for dtype in ORDERED},
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
    dtypes=ORDERED,
    initial=LARGEST,
    absorbing={dtype: math.nan if dtype in FLOATS else SMALLEST[dtype] for dtype in ORDERED},
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
    dtypes=ORDERED,
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
    dtypes=ORDERED,
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


def multiplied(x1: Any, x2: Any) -> Any:
    """The product of two elements."""
    return x1 * x2


@reduce(
    name="_sum_of_products",
    dtypes=INT64 + FLOATS,
    casts={dtype: "int64" for dtype in WIDE if dtype != "int64"},  # whose low bits depend on low bits alone
    map=multiplied,
    identity=0,
    numpy=lambda np, x1, x2, **keywords: np.sum(x1 * x2, **keywords),
    cases=Cases(any_zero=True),
)
def sum_of_products(a: Any, b: Any) -> Any:
    """Sum of ``x1 * x2``: the dot products of vectors."""
    return a + b


def conjugate_product(x1: Any, x2: Any) -> Any:
    """The product of the conjugate of an element with another one."""
    return complex(x1.real * x2.real + x1.imag * x2.imag, x1.real * x2.imag - x1.imag * x2.real)


@reduce(
    name="_sum_of_conjugate_products",
    dtypes=COMPLEX,
    map=conjugate_product,
    identity=0,
    initial=complex(-0.0, -0.0),
    retry="noted",
    numpy=lambda np, x1, x2, **keywords: np.sum(np.conj(x1) * x2, **keywords),
    cases=Cases(any_zero=True),
)
def sum_of_conjugate_products(a: Any, b: Any) -> Any:
    """Sum of ``conj(x1) * x2``: the dot products of complex vectors."""
    return a + b


@reduce(
    name="_any_of_products",
    dtypes=("bool",),
    map=both,
    identity=False,
    absorbing=True,
    numpy=lambda np, x1, x2, **keywords: np.any(x1 & x2, **keywords),
)
def any_of_products(a: Any, b: Any) -> Any:
    """Whether both of any two elements are true: the dot products of vectors of bools."""
    return a | b


def number_or_zero(x: Any) -> Any:
    """A number; 0 for NaN."""
    return select(x == x, x, 0.0)


@reduce(
    name="_sum_of_numbers",
    dtypes=FLOATS,
    map=number_or_zero,
    identity=0,
    initial=-0.0,
    retry="noted",
    numpy=lambda np, x, **keywords: np.sum(np.where(np.isnan(x), 0, x), **keywords),
    cases=Cases(any_zero=True),
)
def sum_of_numbers(a: Any, b: Any) -> Any:
    """Sum of the elements that are not NaN."""
    return a + b


def number_or_smallest(x: Any) -> Any:
    """A number; the one that any other replaces for NaN."""
    return select(x == x, x, -INF)


@reduce(
    name="_largest_number",
    dtypes=FLOATS,
    initial=SMALLEST,
    map=number_or_smallest,
    numpy=lambda np, x, **keywords: np.max(np.where(np.isnan(x), -np.inf, x), **keywords),
    cases=Cases(any_zero=True),
)
def largest_number(a: Any, b: Any) -> Any:
    """Largest element that is not NaN; -inf if there is none."""
    return select(b > a, b, a)


def number_or_largest(x: Any) -> Any:
    """A number; the one that any other replaces for NaN."""
    return select(x == x, x, INF)


@reduce(
    name="_smallest_number",
    dtypes=FLOATS,
    initial=LARGEST,
    map=number_or_largest,
    numpy=lambda np, x, **keywords: np.min(np.where(np.isnan(x), np.inf, x), **keywords),
    cases=Cases(any_zero=True),
)
def smallest_number(a: Any, b: Any) -> Any:
    """Smallest element that is not NaN; inf if there is none."""
    return select(b < a, b, a)


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
    retry="apart",
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


cumulative_max = scan(
    max,
    name="cumulative_max",
    numpy=lambda np, x, **keywords: np.maximum.accumulate(x, **keywords),
    cases=Cases(any_zero=True),
    doc="""Largest element so far, along an axis.

    Special cases: From the first NaN on, all are NaN.

    >>> import aotops as ao
    >>> ao.cumulative_max(ao.tensor([2, 5, 3, 7]))
    tensor([2, 5, 5, 7])
    """,
)


cumulative_min = scan(
    min,
    name="cumulative_min",
    numpy=lambda np, x, **keywords: np.minimum.accumulate(x, **keywords),
    cases=Cases(any_zero=True),
    doc="""Smallest element so far, along an axis.

    Special cases: From the first NaN on, all are NaN.

    >>> import aotops as ao
    >>> ao.cumulative_min(ao.tensor([5, 2, 3, 1]))
    tensor([5, 2, 2, 1])
    """,
)
