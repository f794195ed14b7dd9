"""The same elements in other shapes: views, and copies where no view will do."""

from __future__ import annotations

from aotops import errors
from aotops._native import astype, fast_path
from aotops.arguments import advised
from aotops.shapes import as_shape, complete_shape, normalize_axes, reshaped_strides

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


@fast_path()
@advised
def permute_dims(x: Tensor, /, axes: Any) -> Tensor:
    """Return a view of a tensor with its axes in another order.

    Parameters:
        x: A tensor.
        axes: A tuple or a list that names each axis once: axis ``i`` of the result is axis ``axes[i]`` of ``x``.

    Returns:
        A view, which shares the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or an axis is not an int.
        ValueError: An axis is missing or named twice, or does not exist (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.permute_dims(ao.zeros((2, 3)), (1, 0)).shape
        (3, 2)
    """
    return permuted("permute_dims", x, axes)


def permuted(name: str, x: Tensor, axes: Any) -> Tensor:
    """What ``permute_dims`` returns, for a function of this name."""
    if not isinstance(x, Tensor):
        errors.wrong_type(name, "x", "a Tensor", x)
    order = normalize_axes(name, "axes", as_shape(name, "axes", axes), x.ndim)
    if len(order) != x.ndim:
        errors.reject(ValueError, name, "axes", f"name each of {x.ndim} axes once", errors.shown(axes))
    shape, strides = x.shape, x.strides
    return x._as_strided(tuple([shape[axis] for axis in order]), tuple([strides[axis] for axis in order]), 0)


@fast_path()
@advised
def reshape(x: Tensor, /, shape: Any, *, copy: bool | None = None) -> Tensor:
    """Return the elements of a tensor, in row-major order, in another shape.

    Parameters:
        x: A tensor.
        shape: An int, or a tuple, list or range of ints. One of them may be -1, and is computed from the others.
        copy: True always copies; False never does. None, the default, copies only if no view has this shape.

    Returns:
        A view of ``x`` where its strides allow that, else a copy.

    Raises:
        TypeError: ``x`` is not a tensor, or a length is not an int.
        ValueError: The sizes differ, or ``copy=False`` and a copy is needed.

    Example:
        >>> import aotops as ao
        >>> ao.reshape(ao.arange(6), (3, 2))
        tensor([[0, 1],
                [2, 3],
                [4, 5]])
    """
    return reshaped("reshape", x, shape, None if copy is None else bool(copy))


def reshaped(name: str, x: Tensor, shape: Any, copy: bool | None) -> Tensor:
    """What ``reshape`` returns, for a function of this name."""
    if not isinstance(x, Tensor):
        errors.wrong_type(name, "x", "a Tensor", x)
    new_shape = complete_shape(name, as_shape(name, "shape", shape), x.size)
    if copy:
        x = astype(x, x.dtype)
    strides = reshaped_strides(x.shape, x.strides, new_shape)
    if strides is None:
        if copy is False:
            got = f"shape {x.shape} and strides {x.strides}"
            wanted = f"have strides that a view of shape {new_shape} can show"
            errors.reject(ValueError, name, "x", wanted, got, "use reshape, which copies where it must")
        x = astype(x, x.dtype)
        strides = reshaped_strides(x.shape, x.strides, new_shape)
        assert strides is not None  # contiguous elements fit any shape
    return x._as_strided(new_shape, strides, 0)
