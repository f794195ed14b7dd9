"""``diff``: differences of neighbours."""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import advised
from aotops.namespace.joining import concat
from aotops.namespace.manipulation import expanded
from aotops.namespace.operands import as_tensor
from aotops.shapes import as_shape, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor

_not_equal = _native.operators["not_equal"]
_subtract = _native.operators["subtract"]


@advised
def diff(
    x: Operand, /, *, axis: int = -1, n: int = 1, prepend: Operand | None = None, append: Operand | None = None
) -> Tensor:
    """Return the differences of neighbours along an axis: each element less the one before it.

    Parameters:
        x: A tensor, an array or lists of numbers, not 0-d.
        axis: The axis.
        n: How often differences are taken; with 0, the result is ``x``, whatever comes before it or behind it.
        prepend: What comes before the first element: numbers that broadcast to ``x``, but along the axis.
        append: What comes behind the last one, likewise.

    Returns:
        A new tensor of the dtype of ``x``, or of that which it promotes to with ``prepend`` and ``append``. The axis is
        shorter by ``n``, or empty.

    Raises:
        TypeError: An operand is none, or ``axis`` or ``n`` is not an int.
        ValueError: ``x`` is 0-d, ``n`` is negative, an operand does not broadcast, or the axis does not exist (this is
            an ``IndexError`` as well).

    Special cases:
        Integers wrap around. Of bools, it is whether neighbours differ.

    Example:
        >>> import aotops as ao
        >>> ao.diff(ao.tensor([1, 2, 4, 7]))
        tensor([1, 2, 3])
        >>> ao.diff(ao.tensor([1, 2, 4, 7]), n=2)
        tensor([1, 1])
    """
    result = as_tensor("diff", "x", x)
    if result.ndim == 0:
        errors.reject(ValueError, "diff", "x", "have at least 1 dimension", "a number or a 0-d tensor")
    (own,) = normalize_axes("diff", "axis", axis, result.ndim, several=False)
    (times,) = as_shape("diff", "n", n)
    if times < 0:
        errors.reject(ValueError, "diff", "n", "not be negative", n)
    if times == 0:
        return result
    if prepend is not None or append is not None:
        parts = [result]
        if prepend is not None:
            parts.insert(0, beside(result, own, "prepend", prepend))
        if append is not None:
            parts.append(beside(result, own, "append", append))
        result = concat(parts, axis=own)
    step = _not_equal if result.dtype.kind == "bool" else _subtract
    before = (slice(None),) * own
    for _ in range(min(times, result.shape[own])):
        result = step(result[(*before, slice(1, None))], result[(*before, slice(None, -1))])
    return result


def beside(x: Tensor, axis: int, argument: str, value: Any) -> Tensor:
    """An operand broadcast to a tensor, but along an axis."""
    given = as_tensor("diff", argument, value)
    length = given.shape[axis - x.ndim] if given.ndim >= x.ndim - axis else 1
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    view = expanded(given, shape)
    if view is None:
        errors.cannot_broadcast("diff", f"x {argument}", (x.shape, given.shape))
    return view
