"""Gradients of reductions: shares of the gradient, repeated along the axes that folded away."""

from __future__ import annotations

from aotops import _native
from aotops._native import astype
from aotops.autograd.rules import chained, kept
from aotops.autograd.rules_complex import chained_by_kind
from aotops.namespace import statistics
from aotops.namespace.manipulation import broadcast_to
from aotops.shapes import folded_count, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operator
    from aotops.autograd.rules_views import Ruled
    from aotops.shapes import Shape
    from aotops.tensors import Tensor

_cumulative_prod = _native.operators["cumulative_prod"]
_divide = _native.operators["divide"]
_any = _native.operators["any"]
_isnan = _native.operators["isnan"]
_logical_not = _native.operators["logical_not"]
_max = _native.operators["max"]
_min = _native.operators["min"]
_multiply = _native.operators["multiply"]
_not_equal = _native.operators["not_equal"]
_prod = _native.operators["prod"]
_subtract = _native.operators["subtract"]
_sum = _native.operators["sum"]
_sum_of_products = _native.operators["_sum_of_products"]
_sum_of_squared_deviations = _native.operators["_sum_of_squared_deviations"]
_where = _native.operators["where"]


def folded(name: str, ndim: int, axis: Any) -> Shape:
    """The axes that fold away."""
    return tuple(range(ndim)) if axis is None else normalize_axes(name, "axis", axis, ndim)


def repeated(x: Tensor, shape: Shape, axes: Shape) -> Tensor:
    """A view of the result of a reduction, or of its gradient, repeated over the shape that was folded."""
    kept = x.reshape([1 if k in axes else length for k, length in enumerate(shape)])
    view: Tensor = broadcast_to(kept, shape)
    return view


def total(x: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """Of a sum that C does not record, such as one of a list."""
    shape, axes = x.shape, folded("sum", x.ndim, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (repeated(gradient, shape, axes),)

    return _sum(x, axis, **options), (x,), (), pull


def mean(x: Any, axis: Any = None, **options: Any) -> Ruled:
    """An equal share for each element; of a masked one, for each that counts."""
    result = statistics.mean(x, axis, **options)
    shape, axes = x.shape, folded("mean", x.ndim, axis)
    where = options.get("where", True)
    if where is True:
        count = folded_count(shape, axes)

        def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
            return (repeated(_divide(gradient, count), shape, axes),)

        return result, (x,), (), pull

    def pull_where(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        counted = _sum(saved[0], axes, keepdims=True)
        return (_where(saved[0], _divide(repeated(gradient, shape, axes), counted), 0.0),)

    return result, (x,), (statistics.broadcast_mask("mean", x, where),), pull_where


def extremum(operator: Operator, x: Tensor, axis: Any, options: dict[str, Any]) -> Ruled:
    """Equal shares for all elements that are the largest, or the smallest; NaN counts as one."""
    result = operator(x, axis, **options)
    shape, axes = x.shape, folded(operator.__name__, x.ndim, axis)
    count = folded_count(shape, axes)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, y = saved
        y = repeated(y, shape, axes)
        others = _not_equal(x, y)
        if _any(_isnan(saved[1])):
            others = _where(_isnan(y), _logical_not(_isnan(x)), others)
        chosen = _subtract(count, _sum(others, axes, keepdims=True))
        share = _divide(kept(gradient, shape, axes), astype(chosen, gradient.dtype))
        return (_where(others, 0.0, share),)

    return result, (x,), (x, result), pull


def maximum(x: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """Equal shares for all elements that are the largest."""
    return extremum(_max, x, axis, options)


def minimum(x: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """Equal shares for all elements that are the smallest."""
    return extremum(_min, x, axis, options)


def product(x: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """The product of all other elements, from products of those before and of those behind: zeros divide nothing."""
    result = _prod(x, axis, **options)
    shape, axes = x.shape, folded("prod", x.ndim, axis)
    rest = tuple([k for k in range(x.ndim) if k not in axes])

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        order = rest + axes
        lined = saved[0].permute(order) if order else saved[0]
        rows = lined.reshape((*[shape[k] for k in rest], -1)) if saved[0].size else saved[0]
        if saved[0].size == 0:
            return (_native.full(shape, 0, gradient.dtype),)
        others = all_others(rows).reshape(lined.shape)
        back = [0] * len(order)
        for place, axis in enumerate(order):
            back[axis] = place
        others = others.permute(back) if order else others
        return (chained_by_kind(repeated(gradient, shape, axes), others),)

    return result, (x,), (x,), pull


def all_others(rows: Tensor) -> Tensor:
    """The product of all other elements along the last axis."""
    before = _cumulative_prod(rows, -1, include_initial=True)[..., :-1]
    behind = _cumulative_prod(rows[..., ::-1], -1, include_initial=True)[..., :-1][..., ::-1]
    both: Tensor = _multiply(before, behind)
    return both


def sum_of_products(x1: Any, x2: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """The gradient times the other factor."""
    result = _sum_of_products(x1, x2, axis, **options)
    shape = _multiply(x1, x2).shape if x1.shape != x2.shape else x1.shape
    axes = folded("sum", len(shape), axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        first, second = saved
        spread = repeated(gradient, shape, axes)
        return (lambda: chained(spread, second)), (lambda: chained(spread, first))

    return result, (x1, x2), (x1, x2), pull


def sum_of_squared_deviations(x: Any, centre: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """Twice the distance from the centre; by the centre with the other sign."""
    result = _sum_of_squared_deviations(x, centre, axis, **options)
    shape = _subtract(x, centre).shape
    axes = folded("sum", len(shape), axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        first, second = saved
        moved = chained(repeated(gradient, shape, axes), _multiply(_subtract(first, second), 2.0))
        return moved, (lambda: _subtract(0.0, moved))

    return result, (x, centre), (x, centre), pull
