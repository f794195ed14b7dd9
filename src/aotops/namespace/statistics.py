"""Statistics made of several operators: the mean, the variance and the standard deviation."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype, fast_path
from aotops.arguments import advised
from aotops.dtypes import as_dtype, float64
from aotops.namespace.operands import as_tensor
from aotops.shapes import normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_divide = _native.operators["divide"]
_sqrt = _native.operators["sqrt"]
_sum = _native.operators["sum"]
_sum_as_float = _native.operators["_sum_as_float"]
_sum_of_squared_deviations = _native.operators["_sum_of_squared_deviations"]


def folded_axes(name: str, x: Tensor, axis: Any) -> tuple[int, ...] | None:
    """The axes that fold away, counted from the front; None for all."""
    return None if axis is None else normalize_axes(name, "axis", axis, x.ndim)


def folded_count(x: Tensor, axes: tuple[int, ...] | None) -> int:
    """How many elements fold into one."""
    count = 1
    for axis in range(x.ndim) if axes is None else axes:
        count *= x.shape[axis]
    return count


def operand(name: str, x: Any, dtype: Any) -> Tensor:
    """The input of a statistic as a tensor, of floats in the dtype to compute in if one is given.

    Raises ``TypeError`` for what is no operand, or for a dtype of other than floats.
    """
    tensor = as_tensor(name, "x", x)
    if dtype is None:
        return tensor
    wanted = as_dtype(name, "dtype", dtype)
    if wanted.kind != "float":
        errors.wrong_dtype(name, "dtype", [own.name for own in _native.dtypes if own.kind == "float"], dtype)
    return astype(tensor, wanted, copy=False)


def one_correction(name: str, correction: Any, ddof: Any) -> Any:
    """The correction under either of its names, 0 where neither is given; ``TypeError`` where both are."""
    if correction is not None and ddof is not None:
        errors.reject(TypeError, name, "correction", "be given once, as correction or as ddof", "both")
    return (0 if ddof is None else ddof) if correction is None else correction


def variance(name: str, x: Any, axis: Any, correction: Any, ddof: Any, keepdims: bool, dtype: Any) -> Tensor:
    """The variance, for a function of this name."""
    correction = one_correction(name, correction, ddof)
    x = operand(name, x, dtype)
    if not isinstance(correction, (int, float)):
        errors.wrong_type(name, "correction", "a Python number", correction)
    if x.dtype.kind != "float":
        x = astype(x, float64)
    axes = folded_axes(name, x, axis)
    count = folded_count(x, axes)
    centre = _divide(_sum(x, axes, keepdims=True), count)
    total = _sum_of_squared_deviations(x, centre, axes, keepdims=keepdims)
    result: Tensor = _divide(total, max(count - correction, 0))
    return result


@fast_path(_divide, _sum, _sum_as_float)
@advised
def mean(
    x: Operand, axis: Any = None, *, dtype: Any = None, keepdims: bool = False, out: Tensor | None = None
) -> Tensor:
    """Arithmetic mean of the elements over one axis, several, or all.

    The sum, as ``aotops.sum`` computes it, divided by the number of elements; of nothing it is NaN. bool and integers
    are summed as float64.

    Arguments: ``axis`` an int, a tuple of ints or None for all; ``keepdims`` leaves the axes in place with length 1;
    ``dtype``, float32 or float64, is what is computed in.
    Raises ``TypeError`` for what is no tensor and cannot be made one, ``AxisError`` for an axis that it does not have.

    >>> import aotops as ao
    >>> ao.mean(ao.tensor([[1.0, 2.0], [3.0, 5.0]]), axis=1)
    tensor([1.5, 4. ])
    """
    x = operand("mean", x, dtype)
    axes = folded_axes("mean", x, axis)
    total = (_sum if x.dtype.kind == "float" else _sum_as_float)(x, axes, keepdims=keepdims)
    return _native.copy_to_out("mean", _divide(total, folded_count(x, axes)), out)


@fast_path(_divide, _sum, _sum_of_squared_deviations)
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
) -> Tensor:
    """Variance of the elements over one axis, several, or all.

    The sum of the squared distances from the mean, in a second pass over ``x``, divided by the number of elements
    less ``correction`` (0, the default, for a population, 1 for a sample); where that is not above 0 the result is NaN
    or infinite. ``ddof`` is NumPy's name of ``correction``. bool and integers are computed as float64.

    Arguments: ``axis`` an int, a tuple of ints or None for all; ``keepdims`` leaves the axes in place with length 1;
    ``dtype``, float32 or float64, is what is computed in.
    Raises ``TypeError`` for what is no tensor and cannot be made one, ``AxisError`` for an axis that it does not have.

    >>> import aotops as ao
    >>> ao.var(ao.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor(1.25)
    """
    return _native.copy_to_out("var", variance("var", x, axis, correction, ddof, keepdims, dtype), out)


@fast_path(_divide, _sum, _sum_of_squared_deviations, _sqrt)
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
) -> Tensor:
    """Standard deviation of the elements over one axis, several, or all: the square root of ``aotops.var``.

    >>> import aotops as ao
    >>> ao.std(ao.tensor([1.0, 3.0]))
    tensor(1.)
    """
    return _native.copy_to_out("std", _sqrt(variance("std", x, axis, correction, ddof, keepdims, dtype)), out)
