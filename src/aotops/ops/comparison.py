"""Comparisons, element by element, with bool results."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import select
from aotops.ops.record import ALL, COMPLEX, ORDERED, zip


@zip(dtypes=ORDERED, result="bool", slot="lt")
def less(x1: Any, x2: Any) -> Any:
    """Whether ``x1 < x2``, for each pair of elements; False where either is NaN.

    >>> import aotops as ao
    >>> ao.less(ao.tensor([1, 2, 3]), 2)
    tensor([ True, False, False])
    """
    return x1 < x2


@zip(dtypes=ORDERED, result="bool", slot="le")
def less_equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 <= x2``, for each pair of elements; False where either is NaN.

    >>> import aotops as ao
    >>> ao.less_equal(ao.tensor([1, 2, 3]), 2)
    tensor([ True,  True, False])
    """
    return x1 <= x2


@zip(dtypes=ORDERED, result="bool", slot="gt")
def greater(x1: Any, x2: Any) -> Any:
    """Whether ``x1 > x2``, for each pair of elements; False where either is NaN.

    >>> import aotops as ao
    >>> ao.greater(ao.tensor([1, 2, 3]), 2)
    tensor([False, False,  True])
    """
    return x1 > x2


@zip(dtypes=ORDERED, result="bool", slot="ge")
def greater_equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 >= x2``, for each pair of elements; False where either is NaN.

    >>> import aotops as ao
    >>> ao.greater_equal(ao.tensor([1, 2, 3]), 2)
    tensor([False,  True,  True])
    """
    return x1 >= x2


@zip(dtypes=ALL, result="bool", signless=True, slot="eq")
def equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 == x2``, for each pair of elements; NaN equals nothing.

    >>> import aotops as ao
    >>> ao.equal(ao.tensor([1, 2, 3]), 2)
    tensor([False,  True, False])
    """
    return x1 == x2


@zip(dtypes=ALL, result="bool", signless=True, slot="ne")
def not_equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 != x2``, for each pair of elements; NaN differs from everything.

    >>> import aotops as ao
    >>> ao.not_equal(ao.tensor([1, 2, 3]), 2)
    tensor([ True, False,  True])
    """
    return x1 != x2


# Python's own comparisons of complex numbers are branches, which leave loops without vectors. Of ``==`` of both parts
# LLVM makes comparisons of vectors whose masks it takes apart bit by bit: 1.6 ns per element in place of 0.2.


def differ(x1: Any, x2: Any) -> Any:
    """Whether complex numbers differ: sums are NaN where a part is, or where infinities are opposite."""
    a, b, c, d = x1.real, x1.imag, x2.real, x2.imag
    real, imaginary = a + c, b + d
    return (a < c) | (a > c) | (b < d) | (b > d) | (real != real) | (imaginary != imaginary)


for _dtype in COMPLEX:
    equal.specialise(_dtype)(lambda x1, x2: select(differ(x1, x2), False, True))
    not_equal.specialise(_dtype)(differ)
