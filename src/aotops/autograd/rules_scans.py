"""Gradients of scans: what each element moves behind it."""

from __future__ import annotations

from aotops import _native
from aotops.autograd.scatter import add_along
from aotops.namespace.creation import arange
from aotops.namespace.joining import concat
from aotops.namespace.manipulation import flip
from aotops.shapes import normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operator
    from aotops.autograd.rules_views import Ruled
    from aotops.tensors import Tensor

_cumulative_max = _native.operators["cumulative_max"]
_cumulative_min = _native.operators["cumulative_min"]
_cumulative_prod = _native.operators["cumulative_prod"]
_cumulative_sum = _native.operators["cumulative_sum"]
_multiply = _native.operators["multiply"]
_where = _native.operators["where"]


def along(name: str, x: Tensor, axis: Any) -> int:
    """The axis of a scan, counted from the front."""
    return 0 if axis is None else normalize_axes(name, "axis", axis, x.ndim)[0]


def after(gradient: Tensor, own: int, include_initial: Any) -> Tensor:
    """The gradient without that by the initial value in front."""
    return gradient[(slice(None),) * own + (slice(1, None),)] if include_initial else gradient


def sums_behind(x: Tensor, own: int) -> Tensor:
    """The sum of each element and all behind it along an axis."""
    return flip(_cumulative_sum(flip(x, axis=own), own), axis=own)


def cumulative_sum(x: Any, /, axis: Any = None, *, include_initial: Any = False, **options: Any) -> Ruled:
    """The sum of the gradients by each sum that has the element."""
    result = _cumulative_sum(x, axis, include_initial=include_initial, **options)
    own = along("cumulative_sum", x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (sums_behind(after(gradient, own, include_initial), own),)

    return result, (x,), (), pull


def cumulative_prod(x: Any, /, axis: Any = None, *, include_initial: Any = False, **options: Any) -> Ruled:
    """Of each product that has the element, the product of the others.

    ``g[k] + x[k + 1] * (what is behind k)``, times the product before ``k``, from the end on: no division, so that
    zeros are no exception.
    """
    result = _cumulative_prod(x, axis, include_initial=include_initial, **options)
    own = along("cumulative_prod", x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        (x,) = saved
        gradient = after(gradient, own, include_initial)
        start = (slice(None),) * own
        before = _cumulative_prod(x, own, include_initial=True)[(*start, slice(None, -1))]
        found = _native.empty(x.shape, gradient.dtype)
        behind: Any = None
        for k in reversed(range(x.shape[own])):
            behind = gradient[(*start, k, ...)] if behind is None else _multiply(behind, x[(*start, k + 1, ...)])
            if k + 1 < x.shape[own]:
                behind = behind + gradient[(*start, k, ...)]
            found[(*start, k, ...)] = behind
        return (_multiply(found, before),)

    return result, (x,), (x,), pull


def extremum(operator: Operator, x: Tensor, axis: Any, options: dict[str, Any]) -> Ruled:
    """The sum of the gradients by all results that an element is, the first of equal ones."""
    result = operator(x, axis, **options)
    include_initial = options.get("include_initial", False)
    own = along(operator.__name__, x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, y = saved
        if x.size == 0:
            return (_native.full(x.shape, 0, gradient.dtype),)
        gradient, y = after(gradient, own, include_initial), after(y, own, include_initial)
        start = (slice(None),) * own
        later, earlier = y[(*start, slice(1, None))], y[(*start, slice(None, -1))]
        # where the running result changes, it is this element from here on; NaN stays what it was
        changes = (later != earlier) & (earlier == earlier)
        shape = [length if k == own else 1 for k, length in enumerate(x.shape)]
        places = arange(x.shape[own]).reshape(shape)[(*start, slice(1, None))]
        lengths = tuple([1 if k == own else length for k, length in enumerate(x.shape)])
        first = _native.full(lengths, 0, places.dtype)
        owner = _cumulative_max(concat([first, _where(changes, places, 0)], axis=own), own)
        return (add_along(x.shape, gradient, owner, own),)

    return result, (x,), (x, result), pull


def cumulative_max(x: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """The sum of the gradients by all results that an element is."""
    return extremum(_cumulative_max, x, axis, options)


def cumulative_min(x: Any, /, axis: Any = None, **options: Any) -> Ruled:
    """The sum of the gradients by all results that an element is."""
    return extremum(_cumulative_min, x, axis, options)
