"""What the rules of several chapters need: which arguments gradients flow to, and gradients of a reduction's shape."""

from __future__ import annotations

from aotops import _native
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


_any = _native.operators["any"]
_conj = _native.operators["conj"]
_exp_derivative = _native.operators["exp.derivative"]
_expm1_derivative = _native.operators["expm1.derivative"]
_isnan = _native.operators["isnan"]
_sum = _native.operators["sum"]
_sum_of_products = _native.operators["_sum_of_products"]


def chained(gradient: Tensor, slope: Tensor) -> Tensor:
    """``gradient * slope``, and 0 where the gradient is 0, as of every operator: in one pass, that of ``exp``."""
    product: Tensor = _exp_derivative(slope, slope, gradient)
    return product


def chained_exp(gradient: Tensor, x: Tensor) -> Tensor:
    """``gradient * exp(x)``, likewise: what the derivative of ``expm1`` computes."""
    product: Tensor = _expm1_derivative(x, x, gradient)
    return product


def sum_of_chained(gradient: Tensor, slope: Tensor, axes: Axes) -> Tensor:
    """The sum of ``chained`` along axes, which stay with length 1."""
    total: Tensor = _sum_of_products(gradient, slope, axes, keepdims=True)
    if _any(_isnan(total)):  # of a slope that is NaN, perhaps one that no gradient arrives at
        total = _sum(chained(gradient, slope), axes, keepdims=True)
    return total


def is_smooth(value: Any) -> bool:
    """Whether gradients flow to an argument: it is a tensor of floats, or of complex numbers."""
    return isinstance(value, Tensor) and value.dtype.kind in ("float", "complex")


def conjugate(x: Tensor) -> Tensor:
    """The conjugates of complex numbers; real ones as they are."""
    return _conj(x) if x.dtype.kind == "complex" else x


def smooth(*arguments: Any) -> tuple[Tensor, ...]:
    """The arguments that gradients flow to."""
    return tuple([each for each in arguments if is_smooth(each)])


def parted(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The tensors among some inputs, and the others, with None in place of tensors."""
    tensors = tuple([each for each in inputs if isinstance(each, Tensor)])
    return tensors, [None if isinstance(each, Tensor) else (each,) for each in inputs]


def joined(tensors: tuple[Any, ...], others: list[Any]) -> list[Any]:
    """The inputs again."""
    rest = iter(tensors)
    return [next(rest) if each is None else each[0] for each in others]


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
