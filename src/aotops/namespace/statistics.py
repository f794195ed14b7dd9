"""Statistics made of several operators: the mean, the variance and the standard deviation."""

from __future__ import annotations

from aotops import _native, errors, retry
from aotops._native import astype, fast_path
from aotops.arguments import advised, as_flag
from aotops.dtypes import as_dtype, float64
from aotops.namespace.creation import as_number
from aotops.namespace.operands import as_tensor
from aotops.shapes import folded_count, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_abs = _native.operators["abs"]
_all = _native.operators["all"]
_any = _native.operators["any"]
_divide = _native.operators["divide"]
_equal = _native.operators["equal"]
_inverse_power = _native.operators["_inverse_power"]
_is_far = _native.operators["_is_far"]
_isfinite = _native.operators["isfinite"]
_less = _native.operators["less"]
_max = _native.operators["max"]
_maximum = _native.operators["maximum"]
_multiply = _native.operators["multiply"]
_sqrt = _native.operators["sqrt"]
_square = _native.operators["square"]
_subtract = _native.operators["subtract"]
_sum = _native.operators["sum"]
_sum_as_float = _native.operators["_sum_as_float"]
_sum_of_squared_deviations = _native.operators["_sum_of_squared_deviations"]
_where = _native.operators["where"]


def folded_axes(name: str, x: Tensor, axis: Any) -> tuple[int, ...] | None:
    """The axes that fold away, counted from the front; None for all."""
    return None if axis is None else normalize_axes(name, "axis", axis, x.ndim)


def without(x: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    """A result with axes of length 1, without them unless they are kept."""
    if keepdims:
        return x
    return x.reshape([length for k, length in enumerate(x.shape) if axes is not None and k not in axes])


def operand(name: str, x: Any, dtype: Any) -> Tensor:
    """The input of a statistic as a tensor, of floats in the dtype to compute in if one is given.

    Raises ``TypeError`` for what is no operand, or for a dtype of other than floats.
    """
    tensor = as_tensor(name, "x", x)
    if dtype is None:
        return tensor
    wanted = as_dtype(name, "dtype", dtype)
    kinds = ("float", "complex") if name == "mean" else ("float",)
    if wanted.kind not in kinds:
        errors.wrong_dtype(name, "dtype", [own.name for own in _native.dtypes if own.kind in kinds], dtype)
    return astype(tensor, wanted, copy=False)


def one_correction(name: str, correction: Any, ddof: Any) -> Any:
    """The correction under either of its names, 0 where neither is given; ``TypeError`` where both are."""
    if correction is not None and ddof is not None:
        errors.reject(TypeError, name, "correction", "be given once, as correction or as ddof", "both")
    return (0 if ddof is None else ddof) if correction is None else correction


def mean_of(x: Tensor, axes: tuple[int, ...] | None, count: int, keepdims: bool) -> Tensor:
    """The mean of floats, also where their sum overflows."""
    total, overflowed = retry.plain(_sum, x, axes=axes, keepdims=keepdims)
    result: Tensor = _divide(total, count, out=total)
    if overflowed:
        result = retry.finite_or_scaled(result, _divide(retry.scaled_sum(x, axes, keepdims), count))
    return result


def masked_mean(x: Tensor, mask: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> tuple[Tensor, Tensor]:
    """The mean of the floats where a mask, of their shape, is true, also where their sum overflows; how many they are.

    The mean of all, with 0 in place of the others, does not overflow; it is small by the share that they are of all.
    """
    count = _sum(mask, axes, keepdims=keepdims)
    filled = _where(mask, x, 0)
    divisor = astype(count, x.dtype)
    result: Tensor = _divide(_sum(filled, axes, keepdims=keepdims), divisor)
    if not _all(_isfinite(result)):
        every = folded_count(x.shape, axes)
        share = _divide(divisor, every)
        result = _where(_isfinite(result), result, _divide(mean_of(filled, axes, every, keepdims), share))
    return result, count


def broadcast_mask(name: str, x: Tensor, where: Any) -> Tensor:
    """A mask of the shape of ``x``."""
    from aotops.namespace.masked import mask_of, of_shape

    return of_shape(name, mask_of(name, where), x.shape)


#: Variances within these bounds have lost nothing to underflow.
SMALL, LARGE = {"float32": 1e-30, "float64": 1e-280}, {"float32": 3e38, "float64": 1.7e308}


def variance(
    name: str, x: Any, axis: Any, correction: Any, ddof: Any, keepdims: bool, dtype: Any, root: bool, where: Any
) -> Tensor:
    """The variance, or its square root, for a function of this name.

    A sum of squared distances from a rounded mean is too large by the mean's error, squared, times the number of
    elements. The sum of the distances, which would be 0 otherwise, tells how much. This is asked for only where the
    mean is large beside the distances; where the squares have left the range, they are scaled, unless the mean tells
    that there are infinities or NaN among the elements.
    """
    correction = one_correction(name, correction, ddof)
    keepdims = as_flag(name, "keepdims", keepdims)
    x = operand(name, x, dtype)
    correction = as_number(name, "correction", correction)
    if x.dtype.kind == "complex":
        errors.reject(TypeError, name, "x", "have real elements", x.dtype.name, "take aotops.abs(x - mean) first")
    if x.dtype.kind != "float":
        x = astype(x, float64)
    axes = folded_axes(name, x, axis)
    count: Any = folded_count(x.shape, axes)
    if where is True:
        left = count - correction if isinstance(correction, int) else _subtract(count, correction).item()
        degrees: Any = max(left, 0)
        centre = mean_of(x, axes, count, True)
    else:  # the mean takes the place of the other elements
        mask = broadcast_mask(name, x, where)
        centre, count = masked_mean(x, mask, axes, True)
        count = astype(count, x.dtype)
        degrees = _maximum(_subtract(count, correction), 0)
        x = _where(mask, x, centre)
    total, overflowed = retry.plain(_sum_of_squared_deviations, x, centre, axes=axes, keepdims=True)
    far = _is_far(total, centre, count)
    if not overflowed and _any(far):
        error = _sum(_subtract(x, centre), axes, keepdims=True)
        corrected = _maximum(_subtract(total, _divide(_square(error), count)), 0)
        total = _where(far, corrected, total)
    result: Tensor = _divide(total, degrees, out=total)
    plain = result
    if root:
        result = _sqrt(result)
    if overflowed and _any(_where(in_range(plain), False, _equal(_subtract(centre, centre), 0))):
        scaled = scaled_variance(x, centre, axes, count, degrees, root)
        result = _where(in_range(plain), result, astype(scaled, x.dtype, copy=False))
    return without(result, axes, keepdims)


def in_range(variance: Tensor) -> Tensor:
    """Where a variance is so far from the ends of its dtype's range that no square of a distance can have left it."""
    name = variance.dtype.name
    inside: Tensor = _where(_less(SMALL[name], variance), _less(variance, LARGE[name]), False)
    return inside


def scaled_variance(
    x: Tensor, centre: Tensor, axes: tuple[int, ...] | None, count: Any, degrees: Any, root: bool
) -> Tensor:
    """The variance of distances that are scaled by powers of two: the largest is near 1."""
    x, centre = astype(x, float64), astype(centre, float64)
    distances = _subtract(_multiply(x, 0.25), _multiply(centre, 0.25))  # a fourth, since a distance may overflow
    largest = _max(_abs(distances), axes, keepdims=True)
    scale = _inverse_power(largest)
    distances = _multiply(distances, scale)
    error = _divide(_square(_sum(distances, axes, keepdims=True)), count)
    total = _maximum(_subtract(_sum(_square(distances), axes, keepdims=True), error), 0)
    result: Tensor = _divide(total, degrees)
    if root:
        result = _multiply(_divide(_sqrt(result), scale), 4.0)
    else:
        result = _multiply(_divide(_divide(result, scale), scale), 16.0)
    return result


@fast_path(_divide, _sum, _sum_as_float)
@advised
def mean(
    x: Operand,
    axis: Any = None,
    *,
    dtype: Any = None,
    keepdims: bool = False,
    out: Tensor | None = None,
    where: Operand = True,
) -> Tensor:
    """Arithmetic mean of the elements over one axis, several, or all.

    It is the sum, as ``aotops.sum`` computes it, divided by the number of elements. bool and smaller integers are
    summed as int64, and int64 as float64. The mean is finite if all elements are, even where their sum is not.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis that folds away, or a tuple of several; None for all.
        dtype: float32 or float64, in which to compute; by default float64, or that of ``x`` if it is float32.
        keepdims: Leave the axes that fold away in place, with length 1.
        out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
            another one that can hold the result.
        where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True count.

    Returns:
        A tensor of the axes that are left, float32 or float64.

    Raises:
        TypeError: An argument is none of those above; ``out`` cannot hold the result.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; ``out`` has
            another shape than the result.

    Special cases:
        The mean of no elements is NaN.

    Example:
        >>> import aotops as ao
        >>> ao.mean(ao.tensor([[1.0, 2.0], [3.0, 5.0]]), axis=1)
        tensor([1.5, 4. ])
    """
    x = operand("mean", x, dtype)
    keepdims = as_flag("mean", "keepdims", keepdims)
    axes = folded_axes("mean", x, axis)
    if where is not True:
        floats = x if x.dtype.kind in ("float", "complex") else astype(x, float64)
        found, _ = masked_mean(floats, broadcast_mask("mean", floats, where), axes, keepdims)
        return _native.copy_to_out("mean", found, out)
    count = folded_count(x.shape, axes)
    if x.dtype.kind in ("float", "complex"):
        result = mean_of(x, axes, count, keepdims)
    else:  # int64 holds the sum of as many smaller integers as there can be
        adds = _sum_as_float if x.dtype.kind == "integer" and x.dtype.itemsize == 8 else _sum
        result = _divide(adds(x, axes, keepdims=keepdims), count)
    return _native.copy_to_out("mean", result, out)


@fast_path(_divide, _sum, _sum_of_squared_deviations, _is_far, _any, _sqrt)
@advised
def var(
    x: Operand,
    axis: Any = None,
    *,
    dtype: Any = None,
    correction: float | None = None,
    keepdims: bool = False,
    out: Tensor | None = None,
    ddof: float | None = None,
    where: Operand = True,
) -> Tensor:
    """Variance of the elements over one axis, several, or all.

    It is the sum of the squared distances from the mean, in a second pass over ``x``, corrected for the rounding of the
    mean, divided by the number of elements less ``correction``. bool and integers are computed as float64.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis that folds away, or a tuple of several; None for all.
        dtype: float32 or float64, in which to compute; by default float64, or that of ``x`` if it is float32.
        correction: 0, the default, for the variance of a population, 1 for that of a sample.
        keepdims: Leave the axes that fold away in place, with length 1.
        out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
            another one that can hold the result.
        ddof: NumPy's name of ``correction``.
        where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True count.

    Returns:
        A tensor of the axes that are left, float32 or float64.

    Raises:
        TypeError: An argument is none of those above, or both ``correction`` and ``ddof`` are given; ``out`` cannot
            hold the result.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; ``out`` has
            another shape than the result.

    Special cases:
        NaN or infinite if there are not more elements than ``correction``.

    Example:
        >>> import aotops as ao
        >>> ao.var(ao.tensor([1.0, 2.0, 3.0, 4.0]))
        tensor(1.25)
    """
    return _native.copy_to_out("var", variance("var", x, axis, correction, ddof, keepdims, dtype, False, where), out)


@fast_path(_divide, _sum, _sum_of_squared_deviations, _is_far, _any, _sqrt)
@advised
def std(
    x: Operand,
    axis: Any = None,
    *,
    dtype: Any = None,
    correction: float | None = None,
    keepdims: bool = False,
    out: Tensor | None = None,
    ddof: float | None = None,
    where: Operand = True,
) -> Tensor:
    """Standard deviation of the elements over one axis, several, or all: the square root of ``aotops.var``.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        axis: The axis that folds away, or a tuple of several; None for all.
        dtype: float32 or float64, in which to compute; by default float64, or that of ``x`` if it is float32.
        correction: 0, the default, for the deviation of a population, 1 for that of a sample.
        keepdims: Leave the axes that fold away in place, with length 1.
        out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
            another one that can hold the result.
        ddof: NumPy's name of ``correction``.
        where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True count.

    Returns:
        A tensor of the axes that are left, float32 or float64.

    Raises:
        TypeError: An argument is none of those above, or both ``correction`` and ``ddof`` are given; ``out`` cannot
            hold the result.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; ``out`` has
            another shape than the result.

    Special cases:
        NaN or infinite if there are not more elements than ``correction``.

    Example:
        >>> import aotops as ao
        >>> ao.std(ao.tensor([1.0, 3.0]))
        tensor(1.)
    """
    return _native.copy_to_out("std", variance("std", x, axis, correction, ddof, keepdims, dtype, True, where), out)
