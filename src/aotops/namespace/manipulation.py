"""Other shapes of the same elements."""

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
    """The axes of a tensor in another order, as a view: axis ``i`` of the result is axis ``axes[i]`` of ``x``.

    Raises ``ValueError`` unless every axis is named once, ``AxisError`` for one that does not exist.

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
    """The elements of a tensor, in row-major order, in another shape.

    One length may be -1 and is worked out. The result is a view where the strides allow it and a copy
    elsewhere; ``copy=True`` always copies, ``copy=False`` never does.

    Raises ``ValueError`` if the sizes differ, or if a copy is needed and forbidden.

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
