"""What is done with gradients between ``backward`` and a step."""

from __future__ import annotations

from math import sqrt

from aotops import _native, errors
from aotops.tensors import Tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["clip_grad_norm_"]

_abs = _native.operators["abs"]
_multiply = _native.operators["multiply"]
_sum_of_products = _native.operators["_sum_of_products"]


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients down together where their length, the root of the sum of their squares, exceeds a bound.

    Parameters:
        parameters: The parameters: tensors, of which those without a ``grad`` are left out, or one.
        max_norm: The largest length that is left as it is.

    Returns:
        The length before. If it is NaN or infinite, gradients are left as they are, for the caller to see.

    Raises:
        TypeError: A parameter is no tensor, or the bound is no number.
        ValueError: The bound is negative or NaN.

    Example:
        >>> import aotops as ao
        >>> x = ao.tensor([3.0, 4.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> ao.nn.utils.clip_grad_norm_([x], 1.0), x.grad
        (10.0, tensor([0.6, 0.8]))
    """
    name = "clip_grad_norm_"
    if not _native.is_number(max_norm) or isinstance(max_norm, complex):
        errors.wrong_type(name, "max_norm", "a number", max_norm)
    if not max_norm >= 0:
        errors.wrong_value(name, "max_norm", "0 or more", max_norm)
    if not isinstance(parameters, Tensor) and not hasattr(parameters, "__iter__"):
        errors.wrong_type(name, "parameters", "tensors, such as model.parameters()", parameters)
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for k, each in enumerate(given):
        if not isinstance(each, Tensor):
            errors.wrong_type(name, f"parameters[{k}]", "a Tensor", each)
    tracked = [(each, each.grad) for each in given if each.grad is not None]
    sizes = [_abs(gradient) if gradient.dtype.kind == "complex" else gradient for _, gradient in tracked]
    length = sqrt(sum([float(_sum_of_products(size, size)) for size in sizes]))
    if max_norm < length < float("inf"):
        for each, gradient in tracked:
            each.grad = _multiply(gradient, max_norm / length)
    return length
