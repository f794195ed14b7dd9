"""Gradients of views: the gradient in the shape and order of what was viewed."""

from __future__ import annotations

from aotops import _native
from aotops.namespace import joining, manipulation

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops.tensors import Tensor

    #: What a rule returns.
    Ruled = tuple[Any, tuple[Any, ...], tuple[Tensor, ...], Callable[[Any, tuple[Tensor, ...]], tuple[Any, ...]]]


def redone(x: Tensor, view: Callable[[Tensor], Tensor]) -> Ruled:
    """The rule of a view that has each element once: the same view of zeros is filled with the gradient."""
    result = view(x)
    shape = x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        total = _native.empty(shape, gradient.dtype)
        view(total)._copy_from(gradient)
        return (total,)

    return result, (x,), (), pull


def reshaped(x: Tensor, result: Tensor) -> Ruled:
    """The rule of the same elements in another shape."""
    shape = x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (gradient.reshape(shape),)

    return result, (x,), (), pull


def permute_dims(x: Any, /, axes: Any) -> Ruled:
    """The gradient with its axes back in place."""
    return redone(x, lambda each: manipulation.permute_dims(each, axes))


def permute(x: Any, /, *axes: Any) -> Ruled:
    """The same for the method."""
    return redone(x, lambda each: each.permute(*axes))


def moveaxis(x: Any, source: Any, destination: Any, /) -> Ruled:
    """The gradient with its axes back in place."""
    return redone(x, lambda each: manipulation.moveaxis(each, source, destination))


def flip(x: Any, /, *, axis: Any = None) -> Ruled:
    """The gradient in reverse order."""
    return redone(x, lambda each: manipulation.flip(each, axis=axis))


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Ruled:
    """The gradient in the shape of the input."""
    return reshaped(x, manipulation.reshape(x, shape, copy=copy))


def reshape_method(x: Any, /, *shape: Any, copy: bool | None = None) -> Ruled:
    """The gradient in the shape of the input."""
    return reshaped(x, x.reshape(*shape, copy=copy))


def view(x: Any, /, *shape: Any) -> Ruled:
    """The gradient in the shape of the input."""
    return reshaped(x, x.view(*shape))


def expand_dims(x: Any, /, axis: Any = 0) -> Ruled:
    """The gradient in the shape of the input."""
    return reshaped(x, manipulation.expand_dims(x, axis))


def squeeze(x: Any, /, axis: Any = None) -> Ruled:
    """The gradient in the shape of the input."""
    return reshaped(x, manipulation.squeeze(x, axis))


def astype(x: Any, /, dtype: Any, *, copy: bool = True) -> Ruled:
    """The gradient in the dtype of the input."""
    return x.astype(dtype, copy=copy), (x,), (), lambda gradient, saved: (gradient,)


def broadcast_to(x: Any, /, shape: Any) -> Ruled:
    """The gradient summed over the axes that were added or stretched, as every gradient is."""
    return manipulation.broadcast_to(x, shape), (x,), (), lambda gradient, saved: (gradient,)


def broadcast_arrays(*arrays: Any) -> Ruled:
    """The same for each of them."""

    def pull(gradients: Any, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return gradients if isinstance(gradients, tuple) else (gradients,)

    return manipulation.broadcast_arrays(*arrays), arrays, (), pull


def unstack(x: Any, /, *, axis: int = 0) -> Ruled:
    """The gradients side by side."""
    shape, dtype = x.shape, x.dtype
    own = axis % x.ndim if isinstance(axis, int) and x.ndim else 0

    def pull(gradients: Any, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        each = gradients if isinstance(gradients, tuple) else (gradients,)
        rest = shape[:own] + shape[own + 1 :]
        whole = [_native.full(rest, 0, dtype) if gradient is None else gradient for gradient in each]
        return (joining.stack(whole, axis=own),)

    return manipulation.unstack(x, axis=axis), (x,), (), pull
