"""Differences along an axis."""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import advised
from aotops.namespace.joining import concat
from aotops.namespace.operands import as_tensor
from aotops.shapes import as_int, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor

_not_equal = _native.operators["not_equal"]
_subtract = _native.operators["subtract"]


@advised
def diff(
    x: Operand,
    /,
    n: int = 1,
    *,
    axis: int = -1,
    prepend: Operand | None = None,
    append: Operand | None = None,
) -> Tensor:
    """Return the differences between neighbours along an axis.

    Parameters:
        x: A tensor, an array or lists of numbers.
        n: How often to take differences: 2 gives differences of differences, 0 gives ``x``.
        axis: The axis.
        prepend: What to put before the elements first: a number, or a tensor whose shape differs along the axis alone.
        append: What to put behind them.

    Returns:
        A tensor that is shorter by ``n`` along the axis. Of bools, the differences are whether neighbours differ.

    Raises:
        TypeError: An argument is no operand, or ``axis`` or ``n`` is not an int.
        ValueError: ``n`` is negative, the shapes do not go together, or the axis does not exist (this is an
            ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.diff(ao.tensor([1, 4, 9, 16]))
        tensor([3, 5, 7])
    """
    tensor = as_tensor("diff", "x", x)
    (own,) = normalize_axes("diff", "axis", axis, tensor.ndim, several=False)
    count = as_int("diff", "n", n)
    if count < 0:
        errors.wrong_value("diff", "n", "at least 0", n)
    if count == 0:
        return tensor
    parts = [beside("prepend", prepend, tensor, own), tensor, beside("append", append, tensor, own)]
    given = [part for part in parts if part is not None]
    tensor = concat(given, axis=own) if len(given) > 1 else tensor
    difference = _not_equal if tensor.dtype.kind == "bool" else _subtract
    before = (slice(None),) * own
    for _ in range(min(count, tensor.shape[own])):
        tensor = difference(tensor[(*before, slice(1, None), ...)], tensor[(*before, slice(None, -1), ...)])
    return tensor


def beside(name: str, value: Any, x: Tensor, axis: int) -> Tensor | None:
    """What stands beside a tensor along an axis: a number once for each line of elements."""
    if value is None:
        return None
    shape = x.shape
    if _native.is_number(value):
        return _native.full((*shape[:axis], 1, *shape[axis + 1 :]), value, x.dtype, "diff", name)
    tensor = as_tensor("diff", name, value)
    if tensor.ndim == 0:
        return tensor._as_strided((*shape[:axis], 1, *shape[axis + 1 :]), (0,) * x.ndim, 0)
    rest = shape[:axis] + shape[axis + 1 :]
    if tensor.ndim != x.ndim or tensor.shape[:axis] + tensor.shape[axis + 1 :] != rest:
        wanted = f"have the shape of x, {shape}, but along axis {axis}"
        errors.reject(ValueError, "diff", name, wanted, tensor.shape)
    return tensor
