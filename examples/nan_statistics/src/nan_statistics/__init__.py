"""Statistics that leave missing values, NaN, out.

Where there is nothing else, means and variances are NaN, and so is the largest value.
"""

import math
from collections.abc import Sequence

import aotops as ao
from nan_statistics.ops import count, largest, nansum, sum_of_squares

__all__ = ["count", "nanmax", "nanmean", "nansum", "nanvar"]

Axes = int | Sequence[int] | None


def nanmean(x: ao.Tensor, axis: Axes = None, *, keepdims: bool = False) -> ao.Tensor:
    """Mean of the values that are there."""
    return nansum(x, axis, keepdims=keepdims) / count(x, axis, keepdims=keepdims).astype(x.dtype)


def nanvar(x: ao.Tensor, axis: Axes = None, *, ddof: int = 0, keepdims: bool = False) -> ao.Tensor:
    """Variance of the values that are there: squared distances from their mean over their number less ``ddof``."""
    squares = sum_of_squares(x, nanmean(x, axis, keepdims=True), axis, keepdims=keepdims)
    degrees = (count(x, axis, keepdims=keepdims) - ddof).astype(x.dtype)
    return ao.where(degrees > 0, squares / degrees, math.nan)


def nanmax(x: ao.Tensor, axis: Axes = None, *, keepdims: bool = False) -> ao.Tensor:
    """Largest of the values that are there."""
    found = count(x, axis, keepdims=keepdims) > 0
    return ao.where(found, largest(x, axis, keepdims=keepdims), math.nan)
