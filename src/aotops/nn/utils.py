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
_max = _native.operators["max"]
_multiply = _native.operators["multiply"]
_sum = _native.operators["sum"]
_sum_of_products = _native.operators["_sum_of_products"]
INFINITY = float("inf")


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale all gradients down together where their norm, as of one vector, exceeds a bound.

    Parameters:
        parameters: The parameters: tensors, of which those without a ``grad`` are left out, or one.
        max_norm: The largest norm that is left as it is.
        norm_type: The order p of the norm, the p-th root of the sum of the p-th powers of the elements' sizes: above 0;
            ``float("inf")`` is the largest size. By default 2, the length.

    Returns:
        The norm before. If it is NaN or infinite, gradients are left as they are, for the caller to see.

    Raises:
        TypeError: A parameter is no tensor, or the bound or the order is no number.
        ValueError: The bound is negative or NaN, or the order is not above 0.

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
    if not _native.is_number(norm_type) or isinstance(norm_type, complex):
        errors.wrong_type(name, "norm_type", "a number", norm_type)
    if not norm_type > 0:
        errors.wrong_value(name, "norm_type", "above 0", norm_type)
    if not isinstance(parameters, Tensor) and not hasattr(parameters, "__iter__"):
        errors.wrong_type(name, "parameters", "tensors, such as model.parameters()", parameters)
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for k, each in enumerate(given):
        if not isinstance(each, Tensor):
            errors.wrong_type(name, f"parameters[{k}]", "a Tensor", each)
    tracked = [(each, each.grad) for each in given if each.grad is not None]
    norm = norm_of([gradient for _, gradient in tracked], float(norm_type))
    if max_norm < norm < INFINITY:
        for each, gradient in tracked:
            each.grad = _multiply(gradient, max_norm / norm)
    return norm


def norm_of(gradients: list[Tensor], order: float) -> float:
    """The norm of all elements of some tensors."""
    if order == 2:
        sizes = [_abs(gradient) if gradient.dtype.kind == "complex" else gradient for gradient in gradients]
        length = sqrt(sum([float(_sum_of_products(size, size)) for size in sizes]))
        if 0 < length < INFINITY:
            return length
    largest = [float(_max(_abs(gradient))) for gradient in gradients if gradient.size]
    most = next((each for each in largest if each != each), max(largest, default=0.0))
    if order == INFINITY or not 0 < most < INFINITY:
        return most
    # divided by the largest, so that no power leaves the range where the norm does not
    powers: float = sum([float(_sum((_abs(gradient) / most) ** order)) for gradient in gradients])
    return most * float(powers ** (1 / order))
