"""Gradients of softmax and its like, and of norms."""

from __future__ import annotations

from aotops import _native
from aotops.autograd.rules import chained, chained_exp, kept, nothing, smooth, sum_of_chained
from aotops.autograd.rules_statistics import shared
from aotops.namespace import neural
from aotops.namespace.statistics import folded_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.autograd.rules import Ruled
    from aotops.tensors import Tensor

_abs = _native.operators["abs"]
_divide = _native.operators["divide"]
_equal = _native.operators["equal"]
_pow = _native.operators["pow"]
_sign = _native.operators["sign"]
_subtract = _native.operators["subtract"]
_sum = _native.operators["sum"]
_where = _native.operators["where"]

INF = float("inf")


def softmax(x: Any, axis: Any = -1) -> Ruled:
    """``y * (g - sum(g * y))``."""
    result = neural.softmax(x, axis)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes = folded_axes("softmax", x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        (y,) = saved
        return (chained(_subtract(gradient, sum_of_chained(gradient, y, axes)), y),)

    return result, inputs, (result,), pull


def log_softmax(x: Any, axis: Any = -1) -> Ruled:
    """``g - exp(y) * sum(g)``."""
    result = neural.log_softmax(x, axis)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes = folded_axes("log_softmax", x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (_subtract(gradient, chained_exp(_sum(gradient, axes, keepdims=True), saved[0])),)

    return result, inputs, (result,), pull


def logsumexp(x: Any, axis: Any = None, *, keepdims: bool = False) -> Ruled:
    """``g * exp(x - y)``."""
    result = neural.logsumexp(x, axis, keepdims=keepdims)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes, shape = folded_axes("logsumexp", x, axis), x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, y = saved[0], kept(saved[1], shape, axes)
        y = _where(_equal(y, -INF), 0.0, y)  # of nothing but -inf the exponentials are 0
        return (chained_exp(kept(gradient, shape, axes), _subtract(x, y)),)

    return result, inputs, (x, result), pull


def norm(x: Any, axis: Any = None, *, ord: float = 2, keepdims: bool = False) -> Ruled:
    """The direction of the elements, weighted by a power of their shares of the norm; 0 where the norm is 0."""
    result = neural.norm(x, axis, ord=ord, keepdims=keepdims)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes, shape = folded_axes("norm", x, axis), x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, y = saved[0], kept(saved[1], shape, axes)
        gradient = kept(gradient, shape, axes)
        if ord == 0:
            return (None,)
        if abs(ord) == INF:
            return (chained(shared(gradient, _equal(_abs(x), y), axes), _sign(x)),)
        if ord == 1:
            return (chained(gradient, _sign(x)),)
        size = _where(_equal(y, 0.0), 1.0, y)
        if ord == 2:
            return (chained(gradient, _divide(x, size)),)
        share = _pow(_divide(_abs(x), size), ord - 1.0)
        return (chained(_where(_equal(x, 0.0), 0.0, chained(gradient, share)), _sign(x)),)

    return result, inputs, (x, result), pull
