"""Reductions: one or several axes fold away."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import select
from aotops.ops.record import ALL, NUMBERS, TO_INTEGER, reduce

INFINITY = float("inf")
LARGEST = {"bool": True, "int64": 2**63 - 1, "float32": INFINITY, "float64": INFINITY}
SMALLEST = {"bool": False, "int64": -(2**63), "float32": -INFINITY, "float64": -INFINITY}


@reduce(
    dtypes=NUMBERS,
    identity=0,
    # -0.0 + x is x for every x, so that a sum of negative zeros keeps its sign; NumPy's loses it
    start={"int64": 0, "float32": -0.0, "float64": -0.0},
    converts=TO_INTEGER,
    method=True,
)
def sum(a: Any, b: Any) -> Any:
    """Sum of the elements over one axis, several, or all.

    int64 wraps around; bool sums as int64. Floats are added in a fixed order that depends on shape and
    layout alone, so that the same input gives the same bits on every CPU.

    Arguments: ``axis`` an int, a tuple of ints or None for all; ``keepdims`` leaves the axes in place with
    length 1; ``dtype`` converts ``x`` first. The sum of nothing is 0.

    >>> import aotops as ao
    >>> ao.sum(ao.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    tensor([3., 7.])
    """
    return a + b


@reduce(dtypes=NUMBERS, identity=1, converts=TO_INTEGER, method=True)
def prod(a: Any, b: Any) -> Any:
    """Product of the elements over one axis, several, or all.

    int64 wraps around; bool multiplies as int64. Floats are multiplied in a fixed order that depends on
    shape and layout alone, so that the same input gives the same bits on every CPU.

    Arguments: ``axis`` an int, a tuple of ints or None for all; ``keepdims`` leaves the axes in place with
    length 1; ``dtype`` converts ``x`` first. The product of nothing is 1.

    >>> import aotops as ao
    >>> ao.prod(ao.tensor([1, 2, 3, 4]))
    tensor(24)
    """
    return a * b


@reduce(dtypes=ALL, start=SMALLEST, method=True)
def max(a: Any, b: Any) -> Any:
    """Largest element over one axis, several, or all; NaN if there is one among them.

    Arguments: ``axis`` an int, a tuple of ints or None for all; ``keepdims`` leaves the axes in place with
    length 1. The largest of nothing is a ``ValueError``.

    >>> import aotops as ao
    >>> ao.max(ao.tensor([[1, 5], [7, 3]]), axis=0)
    tensor([7, 5])
    """
    return select((a >= b) | (a != a), a, b)


@reduce(dtypes=ALL, start=LARGEST, method=True)
def min(a: Any, b: Any) -> Any:
    """Smallest element over one axis, several, or all; NaN if there is one among them.

    Arguments: ``axis`` an int, a tuple of ints or None for all; ``keepdims`` leaves the axes in place with
    length 1. The smallest of nothing is a ``ValueError``.

    >>> import aotops as ao
    >>> ao.min(ao.tensor([[1, 5], [7, 3]]), axis=0, keepdims=True)
    tensor([[1, 3]])
    """
    return select((a <= b) | (a != a), a, b)
