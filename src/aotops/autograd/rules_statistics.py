"""Gradients of means, variances and their like: shares of the gradient, by how much an element moves the result."""

from __future__ import annotations

from aotops import _native
from aotops._native import astype
from aotops.autograd.rules import chained, kept, nothing, smooth
from aotops.namespace import nan_statistics, statistics
from aotops.namespace.creation import as_number
from aotops.namespace.statistics import broadcast_mask, folded_axes, masked_mean, one_correction
from aotops.shapes import folded_count

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops.autograd.rules import Axes, Ruled
    from aotops.tensors import Tensor

_divide = _native.operators["divide"]
_equal = _native.operators["equal"]
_greater = _native.operators["greater"]
_isnan = _native.operators["isnan"]
_logical_not = _native.operators["logical_not"]
_maximum = _native.operators["maximum"]
_multiply = _native.operators["multiply"]
_subtract = _native.operators["subtract"]
_sum = _native.operators["sum"]
_where = _native.operators["where"]


def variance(name: str, function: Callable[..., Any], x: Any, axis: Any, options: dict[str, Any]) -> Ruled:
    """The rule of a variance, or of its root: an element's distance from the mean."""
    result = function(x, axis, **options)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes, shape = folded_axes(name, x, axis), x.shape
    correction = as_number(name, "correction", one_correction(name, options["correction"], options["ddof"]))
    is_root, is_whole = name == "std", options["where"] is True
    count = folded_count(shape, axes)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, root, *rest = saved
        x = astype(x, root.dtype, copy=False)
        if is_whole:
            centre = statistics.mean(x, axes, keepdims=True)
            degrees: Any = max(count - correction, 0)
        else:
            centre, counted = masked_mean(x, rest[0], axes, True)
            degrees = _maximum(_subtract(astype(counted, x.dtype), correction), 0)
        factor = kept(gradient, shape, axes)
        if is_root:
            root = kept(root, shape, axes)
            factor = _where(_greater(root, 0.0), _divide(factor, root), 0.0)
        else:
            factor = _multiply(factor, 2.0)
        # of one element alone there are no degrees of freedom
        share = _where(_equal(factor, 0.0), 0.0, _divide(factor, degrees))
        moved = chained(share, _subtract(x, centre))
        return (moved if is_whole else _where(rest[0], moved, 0.0),)

    # the root is read where there is one; its dtype is the one to compute in
    masks = () if is_whole else (broadcast_mask(name, x, options["where"]),)
    return result, inputs, (x, result, *masks), pull


def var(
    x: Any,
    axis: Any = None,
    *,
    dtype: Any = None,
    correction: Any = None,
    keepdims: bool = False,
    out: Any = None,
    ddof: Any = None,
    where: Any = True,
) -> Ruled:
    """Twice an element's distance from the mean, over the degrees of freedom."""
    options = {"dtype": dtype, "correction": correction, "keepdims": keepdims, "out": out, "ddof": ddof, "where": where}
    return variance("var", statistics.var, x, axis, options)


def std(
    x: Any,
    axis: Any = None,
    *,
    dtype: Any = None,
    correction: Any = None,
    keepdims: bool = False,
    out: Any = None,
    ddof: Any = None,
    where: Any = True,
) -> Ruled:
    """An element's distance from the mean, over the deviation and the degrees of freedom; 0 where all are equal."""
    options = {"dtype": dtype, "correction": correction, "keepdims": keepdims, "out": out, "ddof": ddof, "where": where}
    return variance("std", statistics.std, x, axis, options)


# --- ignoring NaN -------------------------------------------------------------------------------------------------


def nansum(x: Any, axis: Any = None, *, keepdims: bool = False) -> Ruled:
    """The gradient, for each number."""
    result = nan_statistics.nansum(x, axis, keepdims=keepdims)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes, shape = folded_axes("nansum", x, axis), x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (_where(_isnan(saved[0]), 0.0, kept(gradient, shape, axes)),)

    return result, inputs, (x,), pull


def nanmean(x: Any, axis: Any = None, *, dtype: Any = None, keepdims: bool = False) -> Ruled:
    """An equal share for each number."""
    result = nan_statistics.nanmean(x, axis, dtype=dtype, keepdims=keepdims)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes, shape = folded_axes("nanmean", x, axis), x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        numbers = _logical_not(_isnan(saved[0]))
        return (shared(kept(gradient, shape, axes), numbers, axes),)

    return result, inputs, (x,), pull


def extremum(name: str, function: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Ruled:
    """The rule of the largest or smallest number: equal ones have equal shares."""
    result = function(x, axis, keepdims=keepdims)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    axes, shape = folded_axes(name, x, axis), x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        chosen = _equal(saved[0], kept(saved[1], shape, axes))
        return (shared(kept(gradient, shape, axes), chosen, axes),)

    return result, inputs, (x, result), pull


def shared(gradient: Tensor, chosen: Tensor, axes: Axes) -> Tensor:
    """A gradient in equal shares among the elements that a mask chooses, along axes that have folded away."""
    count = _sum(chosen, axes, keepdims=True)
    result: Tensor = _where(chosen, _divide(gradient, astype(count, gradient.dtype)), 0.0)
    return result


def nanmax(x: Any, axis: Any = None, *, keepdims: bool = False) -> Ruled:
    """The gradient, at the largest number."""
    return extremum("nanmax", nan_statistics.nanmax, x, axis, keepdims)


def nanmin(x: Any, axis: Any = None, *, keepdims: bool = False) -> Ruled:
    """The gradient, at the smallest number."""
    return extremum("nanmin", nan_statistics.nanmin, x, axis, keepdims)
