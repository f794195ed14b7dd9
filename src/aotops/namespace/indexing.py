"""Indices and values that the native module leaves to Python: unusual types, and whatever is wrong.

``index.c`` reads and writes by ints of any type, slices, ``...`` and ``None``, and takes numbers, tensors, lists and
arrays for values. Slices make views; ints alone, one for each axis, an element of its own, so that
``x[0], x[1] = x[1], x[0]`` swaps elements. ``x[0, ...]`` is a view. A single tensor of positions, and a mask of the
tensor's shape, are C's as well.

Here, an index is taken apart. Its slices and ints make a view, of which each axis that a tensor of positions stands for
is whole; the routines of ``gather.c`` then read or write at the positions. Masks become positions. All tensors
broadcast together, and their axes stand where the first of them does if they are side by side, else first: NumPy's
rules.
"""

from __future__ import annotations

from math import prod

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor


def select(x: Tensor, key: Any) -> Tensor:
    """What an index reads.

    Raises ``IndexError`` for a position outside of its axis, too many indices, a mask of another shape, or an index of
    another type, ``ValueError`` for a result of more dimensions than a tensor can have.
    """
    mask = whole_mask(x, key)
    if mask is not None:
        from aotops import _native

        return _native.compress(x, mask)
    parts = taken_apart("indexing", x, key)
    if parts is None:
        return x[normalized("indexing", x, key)]
    from aotops import _native

    basic, indices, place, axes = parts
    return _native.take_at(x[basic], indices, place, "indexing", axes)


def assign(x: Tensor, key: Any, value: Any) -> None:
    """Write a value, broadcast and converted, where an index selects; where several positions are one, the last counts.

    Python numbers, NumPy's and lists of them are converted one by one, as ``aotops.tensor`` does; tensors and arrays
    as ``aotops.astype`` does. Raises as ``select`` does, ``TypeError`` for a value that is no operand, ``ValueError``
    for a shape that does not broadcast, a NaN in an integer tensor or read-only memory, ``OverflowError`` for a number
    that the dtype cannot hold.
    """
    from aotops import _native

    mask = whole_mask(x, key)
    parts = None if mask is not None else taken_apart("assignment", x, key)
    index = normalized("assignment", x, key) if mask is None and parts is None else None
    if isinstance(value, (list, tuple, range)):
        from aotops.namespace.creation import from_nested

        value = from_nested("assignment", "value", value, x.dtype)
    elif not isinstance(value, _native.TensorBase) and not _native.is_number(value):
        from aotops.errors import wrong_operand
        from aotops.namespace.creation import read
        from aotops.namespace.operands import is_operand

        if not is_operand(value):
            wrong_operand("assignment", "value", value)
        value = read("assignment", "value", value, x.dtype)
    if index is not None:
        x[index] = value
        return
    if x.readonly:
        from aotops.errors import read_only

        read_only("assignment", "x")
    value = converted(value, x)
    if mask is not None:
        assign_to_mask(x, mask, value)
        return
    assert parts is not None
    basic, indices, place, axes = parts
    _native.put_at(x[basic], indices, place, "assignment", axes, value)


def converted(value: Any, x: Tensor) -> Tensor:
    """A value of the dtype of the tensor that it is assigned to."""
    from aotops import _native

    if _native.is_number(value):
        return _native.full((), value, x.dtype, "assignment", "value")
    if value.dtype.kind == "complex" and x.dtype.kind not in ("complex", "bool"):
        from aotops.errors import complex_to_real

        complex_to_real("assignment", value.dtype.name, x.dtype.name, "value")
    if value.ndim == 0 and value.dtype != x.dtype:  # a single number must fit, as a Python number must
        return _native.full((), value.item(), x.dtype, "assignment", "value")
    return _native.astype(value, x.dtype, copy=False)


def whole_mask(x: Tensor, key: Any) -> Tensor | None:
    """A mask of the shape of a tensor, if that is all of an index."""
    mask = as_index("indexing", key) if is_array(key) else None
    return mask if mask is not None and mask.dtype.name == "bool" and mask.shape == x.shape and x.ndim else None


def assign_to_mask(x: Tensor, mask: Tensor, value: Tensor) -> None:
    """Write a value of the same dtype where a mask of the same shape is True."""
    from aotops import _native

    if value.size == 1:
        _native.operators["where"](mask, value.reshape(()), x, out=x)
    elif value.ndim > 1 and value.shape[-1] != value.size:
        from aotops.errors import cannot_assign_shape

        cannot_assign_shape(value.shape, (count_true(mask),))
    elif x.is_contiguous():
        _native.expand(x, mask, value)
    else:
        whole = _native.astype(x, x.dtype)
        _native.expand(whole, mask, value)
        x._copy_from(whole)


def count_true(mask: Tensor) -> int:
    """How many bools are True."""
    from aotops import _native

    total: int = _native.operators["sum"](mask).tolist()
    return total


# --- indices of positions -----------------------------------------------------------------------------------------


def is_array(item: Any) -> bool:
    """Whether an item of an index stands for positions or is a mask: a tensor, an array, a list, a bool."""
    from aotops._native import TensorBase

    if isinstance(item, (list, range, bool)):
        return True
    if isinstance(item, TensorBase):
        return item.ndim > 0 or item.dtype.name == "bool"
    if item is None or item is Ellipsis or isinstance(item, (int, slice, str, bytes)):
        return False
    from aotops.namespace.creation import has_buffer

    if not has_buffer(item):
        return False
    with memoryview(item) as view:
        return view.ndim > 0 or view.format == "?"  # a single integer of NumPy is an int


def as_index(function: str, item: Any) -> Tensor:
    """An item of an index as a tensor of int64 or bools; ``IndexError`` for other dtypes and for what is no operand."""
    from aotops import _native
    from aotops.errors import wrong_index
    from aotops.namespace.creation import read

    try:
        tensor = read(function, "index", item, None)
    except (TypeError, OverflowError):
        wrong_index(function, item)
    if isinstance(item, (list, range)) and tensor.size == 0:
        tensor = _native.astype(tensor, _native.operators["argmax"].dtypes[0][-1])
    if tensor.dtype.kind == "integer":
        return as_positions(function, tensor)
    if tensor.dtype.name != "bool":
        wrong_index(function, tensor)
    return tensor


def as_positions(function: str, tensor: Tensor, argument: str = "index") -> Tensor:
    """Integers as int64."""
    from aotops import _native
    from aotops.dtypes import int64, uint64

    if tensor.dtype == int64:
        return tensor
    if tensor.dtype == uint64 and tensor.size:
        largest = _native.operators["max"](tensor).tolist()
        if largest >= 2**63:
            from aotops.errors import reject

            reject(IndexError, function, argument, "be below 2**63", largest)
    return _native.astype(tensor, int64)


def taken_apart(
    function: str, x: Tensor, key: Any
) -> tuple[tuple[Any, ...], tuple[Tensor | None, ...], int, tuple[int, ...]] | None:
    """Take an index with positions apart; returns None for one without.

    Returns the index of a view, an index of positions or None for each of the view's axes, how many whole axes are
    before those of the positions in the result, and which axis of ``x`` each is.
    """
    from aotops import _native
    from aotops.errors import reject, too_many_dimensions, too_many_indices

    if isinstance(key, tuple) and len(key) > 2 * _native.max_rank + 1:
        return None
    items = list(key) if isinstance(key, tuple) else [key]
    if not any(isinstance(item, tuple) or is_array(item) for item in items):
        return None
    read = [
        as_index(function, list(item) if isinstance(item, tuple) else item)
        if isinstance(item, tuple) or is_array(item)
        else item
        for item in items
    ]
    consumed = sum([axes_of(item) for item in read])
    if consumed > x.ndim:
        too_many_indices(function, x.ndim, consumed)
    ellipses = len([item for item in read if item is Ellipsis])
    if ellipses > 1:
        reject(IndexError, function, "index", "have at most one ellipsis ('...')", ellipses)
    read += [] if ellipses else [Ellipsis]
    basic: list[Any] = []  # the index that makes the view
    indices: list[Tensor | None] = []  # of its axes
    axes: list[int] = []
    runs: list[int] = []  # how many whole axes are before each run of positions and ints side by side
    axis = whole = 0
    before = False  # whether the item before belongs to a run
    for item in read:
        is_tensor = isinstance(item, _native.TensorBase) and is_array(item)  # an integer alone is an int
        if item is Ellipsis:
            rest = x.ndim - consumed
            basic += [slice(None)] * rest
            indices += [None] * rest
            axes += range(axis, axis + rest)
            axis += rest
            whole += rest
            before = False
            continue
        if not is_tensor and (item is None or type(item) is slice):
            basic.append(item)
            indices.append(None)
            axes.append(axis)
            axis += item is not None
            whole += 1
            before = False
            continue
        if not before:
            runs.append(whole)
        before = True
        if not is_tensor:
            basic.append(_position(function, item, axis, x.shape[axis]))
            axis += 1
            continue
        for k, positions in enumerate(positions_of(function, item, x, axis)):
            basic.append(None if item.ndim == 0 else slice(None))
            indices.append(positions)
            axes.append(axis + k)
        axis += axes_of(item)
    if len(indices) > _native.max_rank:
        too_many_dimensions(function, "index", len(indices))
    return (*basic, ...), tuple(indices), runs[0] if len(runs) == 1 else 0, tuple(axes)


def axes_of(item: Any) -> int:
    """How many axes an item of an index stands for."""
    from aotops._native import TensorBase

    if item is None or item is Ellipsis:
        return 0
    return item.ndim if isinstance(item, TensorBase) and item.dtype.name == "bool" else 1


def positions_of(function: str, item: Tensor, x: Tensor, axis: int) -> list[Tensor]:
    """The positions that an index stands for: itself, or of a mask one tensor for each of its axes.

    A bool alone stands for a new axis, with one position or none.
    """
    from aotops.errors import wrong_mask

    if item.dtype.name != "bool":
        return [item]
    if item.ndim == 0:
        from aotops.namespace.creation import zeros

        return [zeros(1 if item else 0, dtype="int64")]
    for k, length in enumerate(item.shape):
        if length not in (0, x.shape[axis + k]):  # as in NumPy, an axis without elements chooses nothing
            wrong_mask(function, axis + k, x.shape[axis + k], length)
    return list(true_positions(item))


def true_positions(mask: Tensor) -> tuple[Tensor, ...]:
    """The positions of all True in a mask, a tensor of int64 for each of its axes, in row-major order."""
    from aotops import _native

    shape = mask.shape
    flat = mask.reshape(-1) if mask.ndim == 1 or 0 in shape else mask.reshape((prod(shape[:-1]), shape[-1]))
    rows, columns = _native.positions(flat.contiguous())
    if rows is None:
        return (columns,) * mask.ndim if mask.ndim > 1 else (columns,)
    if mask.ndim == 2:
        return rows, columns
    # a row's own positions, from a table for each of its axes
    from aotops.namespace.creation import arange

    tables = []
    for axis, length in enumerate(shape[:-1]):
        ones = (1,) * axis, (1,) * (mask.ndim - 2 - axis)
        every = _native.empty(shape[:-1], columns.dtype)
        every._copy_from(arange(length).reshape((*ones[0], length, *ones[1])))
        tables.append(_native.take_at(every.reshape(-1), (rows,), 0, "nonzero", (0,)))
    return (*tables, columns)


def normalized(function: str, x: Tensor, key: Any) -> tuple[Any, ...]:
    """An index with Python ints in place of other objects that stand for ints; errors name ``function``."""
    from aotops._native import max_rank
    from aotops.errors import reject, too_many_dimensions, too_many_indices

    items = key if isinstance(key, tuple) else (key,)
    if len(items) > 2 * max_rank + 1:  # one for each axis, a None for each new one, and "...": no more are read
        too_many_indices(function, x.ndim, len(items))
    consumed = ellipses = added = 0
    for item in items:
        if item is Ellipsis:
            ellipses += 1
        elif item is None:
            added += 1
        else:
            consumed += 1
    if consumed > x.ndim:
        too_many_indices(function, x.ndim, consumed)
    if ellipses > 1:
        reject(IndexError, function, "index", "have at most one ellipsis ('...')", ellipses)
    result: list[Any] = []
    axis = 0
    for item in items:
        if item is None or item is Ellipsis:
            result.append(item)
            axis += x.ndim - consumed if item is Ellipsis else 0
        else:
            result.append(item if type(item) is slice else _position(function, item, axis, x.shape[axis]))
            axis += 1
    ndim = x.ndim + added - len([item for item in result if type(item) is int])
    if ndim > max_rank:
        too_many_dimensions(function, "result", ndim)
    return tuple(result)


def _position(function: str, item: Any, axis: int, length: int) -> int:
    """An int index counted from the front of its axis."""
    position: int = item
    if type(item) is not int:
        from operator import index

        try:
            if isinstance(item, bool):  # NumPy takes it for a mask
                raise TypeError
            position = int(index(item))  # of int, not of a subclass
        except TypeError:
            from aotops.errors import wrong_index

            wrong_index(function, item)
    if not -length <= position < length:
        from aotops.errors import wrong_position

        wrong_position(function, axis, length, position)
    return position % length


def item_at(x: Tensor, index: tuple[Any, ...]) -> float:
    """The Python number of an element: ``index`` has an int for each axis, or one that counts in row-major order.

    Raises ``ValueError`` for another number of ints, ``IndexError`` for one out of bounds, ``TypeError`` for others.
    """
    from aotops.errors import reject, shown, wrong_position
    from aotops.shapes import as_ints

    given = index[0] if len(index) == 1 and isinstance(index[0], (tuple, list)) else index
    positions = as_ints("item", "index", given)
    shape = x.shape
    if len(positions) == 1 and len(shape) != 1:
        position = positions[0]
        if not -x.size <= position < x.size:
            wanted = f"be from {-x.size} to {x.size - 1}" if x.size else "be left out"
            reject(IndexError, "item", "index", f"{wanted} for a tensor of {x.size} elements", shown(position))
        rest = position % x.size
        unravelled: list[int] = []
        for length in reversed(shape):
            unravelled.insert(0, rest % length)
            rest //= length
        positions = tuple(unravelled)
    if len(positions) != len(shape):
        reject(ValueError, "item", "index", f"have {len(shape)} ints, or one", len(positions))
    offset = 0
    for axis, position in enumerate(positions):
        if not -shape[axis] <= position < shape[axis]:
            wrong_position("item", axis, shape[axis], position)
        offset += position % shape[axis] * x.strides[axis]
    return x._as_strided((), (), offset).item()
