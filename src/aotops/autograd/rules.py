"""What the rules of several chapters need: which arguments gradients flow to, and gradients of a reduction's shape."""

from __future__ import annotations

from aotops.namespace.manipulation import broadcast_to

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops.shapes import Shape
    from aotops.tensors import Tensor

    #: What a rule returns.
    Ruled = tuple[Any, tuple[Tensor, ...], tuple[Tensor, ...], Callable[[Any, tuple[Tensor, ...]], tuple[Any, ...]]]
    #: The axes that fold away; None for all.
    Axes = tuple[int, ...] | None
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


def is_smooth(value: Any) -> bool:
    """Whether gradients flow to an argument: it is a tensor of floats."""
    return isinstance(value, Tensor) and value.dtype.kind == "float"


def smooth(*arguments: Any) -> tuple[Tensor, ...]:
    """The arguments that gradients flow to."""
    return tuple([each for each in arguments if is_smooth(each)])


def kept(gradient: Tensor, shape: Shape, axes: Axes) -> Tensor:
    """The gradient of a reduction of a tensor of a shape, with the axes that folded away, of length 1."""
    return gradient.reshape([1 if axes is None or k in axes else length for k, length in enumerate(shape)])


def spread(gradient: Tensor, shape: Shape) -> Tensor:
    """A view of a gradient that is repeated over a shape."""
    view: Tensor = broadcast_to(gradient, shape)
    return view


def nothing(gradient: Any, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
    """The gradients of a result that depends on no input smoothly."""
    return ()
