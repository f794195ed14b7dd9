"""Statistics that ignore NaN: each is one of the others, of elements in which something else takes its place."""

from __future__ import annotations

from aotops import _native, errors, retry
from aotops.arguments import advised, as_flag
from aotops.namespace.operands import as_floats, as_real, as_tensor
from aotops.namespace.statistics import folded_axes, masked_mean, mean, operand
from aotops.shapes import folded_count, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand, Operator
    from aotops.tensors import Tensor

INF, NAN = float("inf"), float("nan")

_all = _native.operators["all"]
_any = _native.operators["any"]
_argmax = _native.operators["argmax"]
_argmin = _native.operators["argmin"]
_equal = _native.operators["equal"]
_isnan = _native.operators["isnan"]
_largest_number = _native.operators["_largest_number"]
_logical_not = _native.operators["logical_not"]
_max = _native.operators["max"]
_min = _native.operators["min"]
_smallest_number = _native.operators["_smallest_number"]
_sum = _native.operators["sum"]
_sum_of_numbers = _native.operators["_sum_of_numbers"]
_where = _native.operators["where"]


def is_float(x: Tensor) -> bool:
    """Whether there may be a NaN among the elements."""
    return x.dtype.kind not in ("bool", "integer")


@advised
def nansum(x: Operand, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """Sum of the elements that are not NaN, over one axis, several, or all.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis that folds away, or a tuple of several; None for all.
        keepdims: Leave the axes that fold away in place, with length 1.

    Returns:
        A tensor of the axes that are left, of the dtype of ``sum``.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice.

    Special cases:
        The sum of no numbers is 0.

    Example:
        >>> import aotops as ao
        >>> ao.nansum(ao.tensor([1.0, float("nan"), 2.0]))
        tensor(3.)
    """
    x = as_tensor("nansum", "x", x)
    axes = folded_axes("nansum", x, axis)
    keepdims = as_flag("nansum", "keepdims", keepdims)
    if x.dtype.kind == "float":
        total, overflowed = retry.plain(_sum_of_numbers, x, axes=axes, keepdims=keepdims)
        if not overflowed:
            return total
    result: Tensor = _sum(_where(_isnan(x), 0, x) if is_float(x) else x, axes, keepdims=keepdims)
    return result


@advised
def nanmean(x: Operand, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean of the elements that are not NaN, over one axis, several, or all.

    Parameters:
        x: A tensor, a number, an array or lists of numbers; integers and bools are computed as float64.
        axis: The axis that folds away, or a tuple of several; None for all.
        dtype: float32 or float64, in which to compute; by default that of ``x``.
        keepdims: Leave the axes that fold away in place, with length 1.

    Returns:
        A tensor of the axes that are left, float32 or float64.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice.

    Special cases:
        The mean of no numbers is NaN.

    Example:
        >>> import aotops as ao
        >>> ao.nanmean(ao.tensor([1.0, float("nan"), 2.0]))
        tensor(1.5)
    """
    x = as_floats("nanmean", "x", operand("nanmean", x, dtype))
    axes = folded_axes("nanmean", x, axis)
    keepdims = as_flag("nanmean", "keepdims", keepdims)
    missing = _isnan(x)
    if not _any(missing):
        return mean(x, axes, keepdims=keepdims)
    return masked_mean(x, _logical_not(missing), axes, keepdims)[0]


def extremum(
    name: str, operator: Operator, of_numbers: Operator, least: float, x: Any, axis: Any, keepdims: bool
) -> Tensor:
    """The largest or smallest number; NaN where there are only NaNs, of which ``of_numbers`` finds ``least``."""
    x = as_real(name, "x", x)
    axes = folded_axes(name, x, axis)
    keepdims = as_flag(name, "keepdims", keepdims)
    if folded_count(x.shape, axes) == 0:
        errors.reject(ValueError, name, "x", "have an element to begin with", f"shape {x.shape}")
    if not is_float(x):
        result: Tensor = operator(x, axes, keepdims=keepdims)
        return result
    found: Tensor = of_numbers(x, axes, keepdims=keepdims)
    if not _any(_equal(found, least)):
        return found
    result = _where(_all(_isnan(x), axes, keepdims=keepdims), NAN, found)
    return result


@advised
def nanmax(x: Operand, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """Largest of the elements that are not NaN, over one axis, several, or all.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis that folds away, or a tuple of several; None for all.
        keepdims: Leave the axes that fold away in place, with length 1.

    Returns:
        A tensor of the axes that are left, of the dtype of ``x``.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; there is no
            element to begin with.

    Special cases:
        NaN where all elements are NaN.

    Example:
        >>> import aotops as ao
        >>> ao.nanmax(ao.tensor([1.0, float("nan"), 2.0]))
        tensor(2.)
    """
    return extremum("nanmax", _max, _largest_number, -INF, x, axis, keepdims)


@advised
def nanmin(x: Operand, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """Smallest of the elements that are not NaN, over one axis, several, or all.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis that folds away, or a tuple of several; None for all.
        keepdims: Leave the axes that fold away in place, with length 1.

    Returns:
        A tensor of the axes that are left, of the dtype of ``x``.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; there is no
            element to begin with.

    Special cases:
        NaN where all elements are NaN.

    Example:
        >>> import aotops as ao
        >>> ao.nanmin(ao.tensor([1.0, float("nan"), 2.0]))
        tensor(1.)
    """
    return extremum("nanmin", _min, _smallest_number, INF, x, axis, keepdims)


def position(name: str, operator: Any, least: float, x: Any, axis: Any, keepdims: bool) -> Tensor:
    """Where the largest or smallest number is; ``ValueError`` where there are only NaNs.

    An infinity takes the place of NaN; where it is also the result, the first one that was a number is meant.
    """
    x = as_real(name, "x", x)
    if axis is not None:
        (axis,) = normalize_axes(name, "axis", axis, x.ndim, several=False)
    keepdims = as_flag(name, "keepdims", keepdims)
    if folded_count(x.shape, None if axis is None else (axis,)) == 0:
        errors.reject(ValueError, name, "x", "have an element to begin with", f"shape {x.shape}")
    if not is_float(x):
        result: Tensor = operator(x, axis, keepdims=keepdims)
        return result
    missing = _isnan(x)
    if x.size and _any(_all(missing, axis, keepdims=True)):
        errors.reject(ValueError, name, "x", "have a number in every row", "nothing but NaN")
    best = operator is _argmax
    filled = _where(missing, least, x)
    extreme = (_max if best else _min)(filled, axis, keepdims=True) if x.size else filled
    candidates = _where(missing, False, filled == extreme)
    result = _argmax(candidates, axis, keepdims=keepdims)
    return result


@advised
def nanargmax(x: Operand, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Position of the largest element that is not NaN along an axis, or in row-major order over all.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis along which to look; None for all elements, in row-major order.
        keepdims: Leave the axis that folds away in place, with length 1.

    Returns:
        A tensor of int64: the position of the first one of several.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); there are only NaNs, or no
            elements.

    Example:
        >>> import aotops as ao
        >>> ao.nanargmax(ao.tensor([1.0, float("nan"), 2.0]))
        tensor(2)
    """
    return position("nanargmax", _argmax, -INF, x, axis, keepdims)


@advised
def nanargmin(x: Operand, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Position of the smallest element that is not NaN along an axis, or in row-major order over all.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis along which to look; None for all elements, in row-major order.
        keepdims: Leave the axis that folds away in place, with length 1.

    Returns:
        A tensor of int64: the position of the first one of several.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); there are only NaNs, or no
            elements.

    Example:
        >>> import aotops as ao
        >>> ao.nanargmin(ao.tensor([1.0, float("nan"), 2.0]))
        tensor(0)
    """
    return position("nanargmin", _argmin, INF, x, axis, keepdims)
