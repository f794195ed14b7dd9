"""Gradients of scans: what each element moves behind it."""

from __future__ import annotations

from aotops import _native
from aotops.autograd.rules import conjugate
from aotops.autograd.rules_complex import chained_by_kind
from aotops.autograd.scatter import add_along
from aotops.namespace.creation import arange
from aotops.namespace.data_types import finfo
from aotops.namespace.joining import concat
from aotops.namespace.manipulation import flip
from aotops.shapes import normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operator
    from aotops.autograd.rules_views import Ruled
    from aotops.tensors import Tensor

_abs = _native.operators["abs"]
_add = _native.operators["add"]
_cumulative_max = _native.operators["cumulative_max"]
_cumulative_min = _native.operators["cumulative_min"]
_cumulative_prod = _native.operators["cumulative_prod"]
_cumulative_sum = _native.operators["cumulative_sum"]
_divide = _native.operators["divide"]
_max = _native.operators["max"]
_min = _native.operators["min"]
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

    Where no product has over- or underflowed, by a division: all products that have the element, over the element. Else
    ``found[k] = g[k] + x[k + 1] * found[k + 1]``, times the product before ``k``: zeros are no exception.
    """
    result = _cumulative_prod(x, axis, include_initial=include_initial, **options)
    own = along("cumulative_prod", x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, y = saved
        gradient, y = after(gradient, own, include_initial), after(y, own, include_initial)
        if x.size == 0:
            return (_native.full(x.shape, 0, gradient.dtype),)
        if is_ordinary(y):
            return (_divide(sums_behind(_multiply(gradient, conjugate(y)), own), conjugate(x)),)
        start = (slice(None),) * own
        before = _cumulative_prod(x, own, include_initial=True)[(*start, slice(None, -1))]
        return (chained_by_kind(weighted_sums_behind(gradient, x, own), before),)

    return result, (x,), (x, result), pull


def is_ordinary(y: Tensor) -> bool:
    """Whether running products can be divided by: none is zero, subnormal, infinite or NaN, and neither is a sum."""
    info: Any = finfo(y.dtype)
    size = _abs(y)
    return bool(_min(size) > info.smallest_normal / info.eps) and bool(_max(size) < info.max * info.eps)


def weighted_sums_behind(gradient: Tensor, x: Tensor, own: int) -> Tensor:
    """``s[k] = gradient[k] + conj(x[k + 1]) * s[k + 1]`` along an axis, in steps that double how many they add."""
    sums, start, length = gradient, (slice(None),) * own, x.shape[own]
    # of each element, the product of as many behind it as its sum has
    factors, reach = x[(*start, slice(1, None))], 1
    while reach < length:
        first, behind = (*start, slice(None, length - reach)), (*start, slice(reach, None))
        more = _add(sums[first], chained_by_kind(sums[behind], factors))
        sums = concat([more, sums[(*start, slice(length - reach, None))]], axis=own)
        factors = _multiply(factors[(*start, slice(None, -reach))], factors[(*start, slice(reach, None))])
        reach *= 2
    return sums


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
