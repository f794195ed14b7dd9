"""Elements at positions, and the positions of elements: ``take``, ``nonzero``, ``searchsorted`` and their like."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype, fast_path
from aotops.arguments import advised, as_flag, is_one_of
from aotops.dtypes import BY_NAME
from aotops.namespace.data_types import iinfo, result_type
from aotops.namespace.indexing import as_positions, true_positions
from aotops.namespace.manipulation import expanded, together
from aotops.namespace.operands import as_integers, as_operand, as_tensor, in_dtype
from aotops.shapes import normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType, Operand
    from aotops.tensors import Tensor

_not_equal = _native.operators["not_equal"]
_sum = _native.operators["sum"]


def positions(name: str, value: Any, argument: str = "indices") -> Tensor:
    """An argument of positions as a tensor of int64; ``TypeError`` for other than integers."""
    indices = as_integers(name, argument, value, IndexError)
    if indices.size == 0 and isinstance(value, (list, tuple)):
        return astype(indices, BY_NAME["int64"])
    if indices.dtype.kind != "integer":
        errors.reject(TypeError, name, argument, "be integers", f"dtype {indices.dtype.name}")
    return as_positions(name, indices, argument)


def taken(name: str, source: Tensor, index: Tensor, axis: Any) -> Tensor:
    """The elements at positions of int64 along an axis, for a function of this name."""
    (own,) = normalize_axes(name, "axis", axis, source.ndim, several=False)
    given = tuple([index if k == own else None for k in range(source.ndim)])
    return _native.take_at(source, given, own, name, tuple(range(source.ndim)))


@fast_path()
@advised
def take(x: Operand, indices: Operand, /, *, axis: int | None = None) -> Tensor:
    """Return the elements at positions along an axis.

    Parameters:
        x: A tensor, an array or lists of numbers.
        indices: Integers, of any shape. Negative ones count from the end.
        axis: The axis; by default the elements count in row-major order.

    Returns:
        A new tensor of the dtype of ``x``, in row-major order. The axes of ``indices`` take the place of the axis.

    Raises:
        TypeError: ``x`` is no operand, ``indices`` are no integers, or the axis is not an int.
        ValueError: The axis does not exist (this is an ``IndexError`` as well), or the result would have too many
            dimensions.
        IndexError: A position is out of bounds.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.take(ao.tensor([[1, 2, 3], [4, 5, 6]]), ao.tensor([2, 0]), axis=1)
        tensor([[3, 1],
                [6, 4]])
    """
    source = as_tensor("take", "x", x)
    index = positions("take", indices)
    if axis is None:
        source, axis = source.reshape(-1), 0
    return taken("take", source, index, axis)


@fast_path()
@advised
def take_along_axis(x: Operand, indices: Operand, /, *, axis: int = -1) -> Tensor:
    """Return the elements at positions along an axis, with positions of its own for each line of elements.

    Parameters:
        x: A tensor, an array or lists of numbers.
        indices: Integers, with as many axes as ``x``; the other axes broadcast. Negative ones count from the end.
        axis: The axis.

    Returns:
        A new tensor of the dtype of ``x``, in row-major order, with the shape of ``indices``, broadcast with the other
        axes of ``x``. ``argmax`` with ``keepdims=True`` gives positions of the maximum for it.

    Raises:
        TypeError: ``x`` is no operand, ``indices`` are no integers, or the axis is not an int.
        ValueError: The two have different numbers of axes, or other axes do not broadcast, or the axis does not exist
            (this is an ``IndexError`` as well).
        IndexError: A position is out of bounds.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.take_along_axis(ao.tensor([[1, 2, 3], [6, 5, 4]]), ao.tensor([[2], [0]]), axis=1)
        tensor([[3],
                [6]])
    """
    source = as_tensor("take_along_axis", "x", x)
    index = positions("take_along_axis", indices)
    if source.ndim != index.ndim:
        wanted = f"have as many axes as x, {source.ndim}"
        errors.reject(ValueError, "take_along_axis", "indices", wanted, f"shape {index.shape}")
    (own,) = normalize_axes("take_along_axis", "axis", axis, source.ndim, several=False)
    length, count = source.shape[own], index.shape[own]
    lines = [(*shape[:own], 1, *shape[own + 1 :]) for shape in (source.shape, index.shape)]
    shape = together("take_along_axis", ["x", "indices"], lines)
    wide = expanded(source, (*shape[:own], length, *shape[own + 1 :]))
    wide_index = expanded(index, (*shape[:own], count, *shape[own + 1 :]))
    assert wide is not None and wide_index is not None  # their shapes broadcast to these
    return _native.take_along(wide, wide_index, own)


@fast_path(_not_equal)
@advised
def nonzero(x: Operand, /) -> tuple[Tensor, ...]:
    """Return the positions of the elements that are not zero.

    Parameters:
        x: A tensor, an array or lists of numbers; NaN is not zero.

    Returns:
        A tuple of int64 tensors of one dimension, one for each axis, in row-major order: ``x[nonzero(x)]`` are the
        elements.

    Raises:
        TypeError: ``x`` is no operand.
        ValueError: ``x`` has no dimensions.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.nonzero(ao.tensor([[0, 7], [8, 9]]))
        (tensor([0, 1, 1]), tensor([1, 0, 1]))
    """
    source = as_tensor("nonzero", "x", x)
    if source.ndim == 0:
        errors.reject(ValueError, "nonzero", "x", "have at least 1 dimension", "shape ()", "use x.reshape(1)")
    return true_positions(source if source.dtype.name == "bool" else _not_equal(source, False))


@fast_path(_not_equal)
@advised
def count_nonzero(x: Operand, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Count the elements that are not zero.

    Parameters:
        x: A tensor, a number, an array or lists of numbers; NaN is not zero.
        axis: The axes along which to count, an int or a tuple of ints; by default all.
        keepdims: Whether these axes are kept, with length 1.

    Returns:
        A tensor of int64.

    Raises:
        TypeError: ``x`` is no operand, or an axis is not an int.
        ValueError: An axis is named twice, or does not exist (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.count_nonzero(ao.tensor([[0, 7], [8, 9]]), axis=0)
        tensor([1, 2])
    """
    source = as_tensor("count_nonzero", "x", x)
    axes = None if axis is None else normalize_axes("count_nonzero", "axis", axis, source.ndim)
    counted = source if source.dtype.name == "bool" else _not_equal(source, False)
    result: Tensor = _sum(counted, axes, keepdims=as_flag("count_nonzero", "keepdims", keepdims))
    return result


@advised
def searchsorted(x1: Operand, x2: Operand, /, *, side: str = "left", sorter: Operand | None = None) -> Tensor:
    """Find where values belong among sorted ones, so that these stay sorted.

    Parameters:
        x1: A tensor of one dimension, sorted in ascending order, NaN last; or in any order, with a ``sorter``.
        x2: The values, a tensor, a number, an array or lists of numbers.
        side: Whether a value belongs before (``"left"``) or behind (``"right"``) equal ones.
        sorter: The positions that sort ``x1``, as ``argsort`` returns them.

    Returns:
        A tensor of int64 with the shape of ``x2``: for each value, how many of ``x1`` are before it.

    Raises:
        TypeError: An argument is no operand, the numbers are complex, or the sorter has no integers.
        ValueError: ``x1`` or the sorter has not one dimension, or ``side`` is another string.
        IndexError: A position in the sorter is out of bounds.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.searchsorted(ao.tensor([1, 3, 5]), ao.tensor([0, 3, 9]))
        tensor([0, 1, 3])
    """
    if not is_one_of(side, "left", "right"):
        errors.wrong_value("searchsorted", "side", "'left' or 'right'", side)
    ordered = as_tensor("searchsorted", "x1", x1)
    values = as_operand("searchsorted", "x2", x2)
    if ordered.ndim != 1:
        errors.reject(ValueError, "searchsorted", "x1", "have one dimension", f"shape {ordered.shape}")
    dtype = result_type(ordered, values)
    if dtype.kind == "complex":
        errors.reject(TypeError, "searchsorted", "x1 and x2", "be numbers that have an order", f"dtype {dtype.name}")
    if sorter is not None:
        order = as_tensor("searchsorted", "sorter", sorter)
        if order.dtype.kind != "integer":
            errors.reject(TypeError, "searchsorted", "sorter", "be integers", f"dtype {order.dtype.name}")
        if order.shape != ordered.shape:
            wanted = f"have the shape of x1, {ordered.shape}"
            errors.reject(ValueError, "searchsorted", "sorter", wanted, f"shape {order.shape}")
        ordered = taken("searchsorted", ordered, as_positions("searchsorted", order, "sorter"), 0)
    if dtype.kind == "bool":
        dtype = BY_NAME["uint8"]
    if isinstance(values, int):
        beyond = side_of(values, dtype)
        if beyond is not None:  # of all elements
            return _native.full((), ordered.size if beyond > 0 else 0, BY_NAME["int64"], "searchsorted", "x2")
    return _native.search(
        astype(ordered, dtype, copy=False).contiguous(),
        in_dtype("searchsorted", "x2", values, dtype).contiguous(),
        side == "right",
    )


def side_of(number: int, dtype: DType) -> int | None:
    """On which side of all numbers of a dtype an int lies, -1 or 1; None if it lies among them."""
    if dtype.kind == "integer":
        limits = iinfo(dtype).values()
        return -1 if number < limits["min"] else 1 if number > limits["max"] else None
    try:
        float(number)
    except OverflowError:
        return -1 if number < 0 else 1
    return None
