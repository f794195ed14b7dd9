"""Medians, percentiles and quantiles: elements of a sorted axis, and numbers between two of them."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype
from aotops.arguments import advised, as_flag
from aotops.dtypes import BY_NAME
from aotops.namespace.manipulation import moveaxis
from aotops.namespace.operands import as_floats, as_real, as_tensor
from aotops.namespace.searching import take
from aotops.namespace.sorting import sort
from aotops.shapes import folded_count, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor

_all = _native.operators["all"]
_floor, _ceil, _round = (_native.operators[name] for name in ("floor", "ceil", "round"))
_isfinite, _isnan = _native.operators["isfinite"], _native.operators["isnan"]
_where = _native.operators["where"]

#: How a quantile between two elements is chosen, as NumPy calls it.
METHODS = ("linear", "lower", "higher", "nearest", "midpoint")
#: How a median is: the mean of both, which interpolation between them misses by rounding where they have unlike signs.
MEAN = "mean"


@advised
def quantile(x: Operand, q: Operand, /, *, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """Return quantiles: the numbers below which given shares of the elements lie.

    The elements are sorted, and the quantile ``q`` of n elements is what is at position ``(n - 1) * q``.

    Parameters:
        x: A tensor, an array or lists of numbers.
        q: A number from 0 to 1, or a tensor, an array or lists of them.
        axis: An int or a tuple of ints; by default all axes.
        method: What is at a position between two elements: ``"linear"`` interpolates, ``"lower"``, ``"higher"`` and
            ``"nearest"`` choose one of them (of two as near, the one at the even position), ``"midpoint"`` takes the
            mean of both.
        keepdims: Whether the axes stay, with length 1.

    Returns:
        A new tensor of the dtype of ``x`` if that is a float, else of float64. The axes of ``q`` come first.

    Raises:
        TypeError: An operand is none, or an axis is not an int.
        ValueError: A number of ``q`` is not from 0 to 1, ``method`` is no such string, or an
            axis does not exist (this is an ``IndexError`` as well) or is named twice.

    Special cases:
        NaN if there is one among the elements, or if there are none.

    Example:
        >>> import aotops as ao
        >>> ao.quantile(ao.tensor([1.0, 2.0, 4.0, 8.0]), 0.5)
        tensor(3.)
        >>> ao.quantile(ao.tensor([[3, 1], [2, 4]]), [0.0, 1.0], axis=0)
        tensor([[2., 1.],
                [3., 4.]])
    """
    return quantiles("quantile", x, as_shares("quantile", q, 1.0), axis, as_method("quantile", method), keepdims)


@advised
def percentile(
    x: Operand, q: Operand, /, *, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """Return percentiles: quantiles of which the shares are given in hundredths.

    Parameters:
        x: A tensor, an array or lists of numbers.
        q: A number from 0 to 100, or a tensor, an array or lists of them.
        axis: An int or a tuple of ints; by default all axes.
        method: What is at a position between two elements, as for ``quantile``.
        keepdims: Whether the axes stay, with length 1.

    Returns:
        A new tensor of the dtype of ``x`` if that is a float, else of float64. The axes of ``q`` come first.

    Raises:
        TypeError: An operand is none, or an axis is not an int.
        ValueError: A number of ``q`` is not from 0 to 100, ``method`` is no such string, or an
            axis does not exist (this is an ``IndexError`` as well) or is named twice.

    Special cases:
        NaN if there is one among the elements, or if there are none.

    Example:
        >>> import aotops as ao
        >>> ao.percentile(ao.arange(101), [25, 90])
        tensor([25., 90.])
    """
    return quantiles(
        "percentile", x, as_shares("percentile", q, 100.0), axis, as_method("percentile", method), keepdims
    )


@advised
def median(x: Operand, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return medians: the element in the middle of the sorted ones, or the mean of the two that are, correctly rounded.

    Parameters:
        x: A tensor, an array or lists of numbers.
        axis: An int or a tuple of ints; by default all axes.
        keepdims: Whether the axes stay, with length 1.

    Returns:
        A new tensor of the dtype of ``x`` if that is a float, else of float64.

    Raises:
        TypeError: ``x`` is no operand, or an axis is not an int.
        ValueError: An axis does not exist (this is an ``IndexError`` as well) or is named twice.

    Special cases:
        NaN if there is one among the elements, or if there are none.

    Example:
        >>> import aotops as ao
        >>> ao.median(ao.tensor([[7, 1, 3], [4, 8, 6]]), axis=1)
        tensor([3., 6.])
    """
    return quantiles("median", x, as_tensor("median", "q", 0.5), axis, MEAN, keepdims)


def as_shares(name: str, q: Any, whole: float) -> Tensor:
    """Shares of a whole as a tensor of float64 from 0 to 1."""
    shares = as_real(name, "q", q)
    shares = astype(shares, BY_NAME["float64"], copy=False)
    if not _all((shares >= 0) & (shares <= whole)):
        errors.reject(ValueError, name, "q", f"be from 0 to {whole:g}", errors.shown(q))
    return shares if whole == 1 else shares / whole


def as_method(name: str, method: Any) -> str:
    """How what is between two elements is chosen."""
    if not isinstance(method, str) or method not in METHODS:
        errors.reject(ValueError, name, "method", f"be one of {', '.join(METHODS)}", errors.shown(method))
    return method


def quantiles(name: str, x: Any, shares: Tensor, axis: Any, method: str, keepdims: bool) -> Tensor:
    """Quantiles along axes, for a function of this name."""
    x = as_floats(name, "x", x)
    keepdims = as_flag(name, "keepdims", keepdims)
    own = tuple(range(x.ndim)) if axis is None else normalize_axes(name, "axis", axis, x.ndim)
    others = [k for k in range(x.ndim) if k not in own]
    count = folded_count(x.shape, own)
    kept = [1 if k in own else x.shape[k] for k in range(x.ndim)] if keepdims else [x.shape[k] for k in others]
    if count == 0:
        return _native.full((*shares.shape, *kept), float("nan"), x.dtype, name, "x")
    rows = x.permute(*others, *own).reshape((*[x.shape[k] for k in others], count))
    ordered = sort(rows)
    result = at_positions(ordered, shares.reshape(-1) * (count - 1), method)
    last = ordered[..., -1:]  # NaN comes last
    result = moveaxis(_where(_isnan(last), last, result), -1, 0)
    return result.reshape((*shares.shape, *kept))


def at_positions(ordered: Tensor, positions: Tensor, method: str) -> Tensor:
    """What is at positions, which may lie between two elements, of sorted rows."""
    places = positions.detach()  # an element is taken: only a weight depends smoothly on a position
    if method == "nearest":
        return taken(ordered, _round(places))
    below, above = _floor(places), _ceil(places)
    if method in ("lower", "higher"):
        return taken(ordered, below if method == "lower" else above)
    low, high = taken(ordered, below), taken(ordered, above)
    if method == MEAN:
        total = low + high  # which may overflow
        mean: Tensor = _where(_isfinite(total), total * 0.5, low * 0.5 + high * 0.5)
        return mean
    weight = astype(positions - below, ordered.dtype, copy=False)
    if method == "midpoint":
        weight = _where(weight > 0, astype(as_tensor("quantile", "weight", 0.5), ordered.dtype), weight)
    # from the nearer end, so that the weights 0 and 1 give the elements, and equal elements that element
    step = high - low
    between = _where(weight < 0.5, low + step * weight, high - step * (1 - weight))
    # the difference of two finite numbers may overflow, and that with an infinity is one
    between = _where(_isfinite(step), between, low * (1 - weight) + high * weight)
    result: Tensor = _where((weight == 0) | (low == high), low, between)
    return result


def taken(ordered: Tensor, positions: Tensor) -> Tensor:
    """The elements of rows at positions, which are floats."""
    return take(ordered, astype(positions, BY_NAME["int64"]), axis=-1)
