"""Basic indexing: ints, slices, ``...`` and ``None`` make views."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import would take as long as all of aotops
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor


def view_of(x: Tensor, key: Any) -> Tensor:
    """The view that an index selects.

    Raises ``IndexError`` for an int outside of its axis, too many indices, or an index of another type.
    """
    items = key if isinstance(key, tuple) else (key,)
    if len(items) > 65:  # one for each of 32 axes, a None for each of 32 new ones, and "...": no more are read
        raise IndexError(f"a tensor of {x.ndim} dimensions takes at most {x.ndim} indices, got {len(items)}")
    shape, strides = x.shape, x.strides
    consumed = ellipses = 0
    for item in items:
        if item is Ellipsis:
            ellipses += 1
        elif item is not None:
            consumed += 1
    if consumed > len(shape):
        raise IndexError(f"a tensor of {len(shape)} dimensions takes at most {len(shape)} indices, got {consumed}")
    if ellipses > 1:
        raise IndexError(f"an index can have one ellipsis ('...'), got {ellipses}")
    if not ellipses:
        items = (*items, Ellipsis)
    new_shape: list[int] = []
    new_strides: list[int] = []
    offset = 0
    axis = 0
    for item in items:
        if item is None:
            new_shape.append(1)
            new_strides.append(0)
        elif item is Ellipsis:
            end = axis + len(shape) - consumed
            new_shape.extend(shape[axis:end])
            new_strides.extend(strides[axis:end])
            axis = end
        elif type(item) is slice:
            start, stop, step = item.indices(shape[axis])
            length = len(range(start, stop, step))
            offset += start * strides[axis]
            new_shape.append(length)
            # a step that is never taken may be any Python int, a stride may not
            new_strides.append(step * strides[axis] if length > 1 else strides[axis])
            axis += 1
        else:
            position = _position(item, axis, shape[axis])
            offset += position * strides[axis]
            axis += 1
    if 0 in new_shape:
        offset = 0  # a view of nothing must not begin outside
    return x._as_strided(tuple(new_shape), tuple(new_strides), offset)


def _position(item: Any, axis: int, length: int) -> int:
    """An int index counted from the front of its axis."""
    position: int = item
    if type(item) is not int:
        from operator import index

        try:
            if isinstance(item, bool):  # NumPy takes it for a mask
                raise TypeError
            position = index(item)
        except TypeError:
            raise IndexError(f"an index must be an int, a slice, '...' or None, got {type(item).__name__}") from None
    if not -length <= position < length:
        raise IndexError(f"index {position} is out of bounds for axis {axis} of length {length}")
    return position % length


def assign(x: Tensor, key: Any, value: Any) -> None:
    """Write a value, broadcast and converted, through the view that an index selects.

    Raises as ``view_of`` does, and ``ValueError`` for a shape that does not broadcast or read-only memory.
    """
    target = view_of(x, key)
    if isinstance(value, (int, float)):
        from aotops import _native
        from aotops.dtypes import result_type

        source = _native.full((), value, result_type(target.dtype, value))
    else:
        from aotops.creation import asarray

        source = asarray(value)
    target._copy_from(source)


def item_at(x: Tensor, index: tuple[Any, ...]) -> float:
    """The Python number of an element: ``index`` has an int for each axis, or one that counts in row-major order.

    Raises ``ValueError`` for another number of ints, ``IndexError`` for one out of bounds, ``TypeError`` for others.
    """
    from aotops.errors import shown
    from aotops.shapes import as_ints

    given = index[0] if len(index) == 1 and isinstance(index[0], (tuple, list)) else index
    positions = as_ints(given, "item: each index")
    shape = x.shape
    if len(positions) == 1 and len(shape) != 1:
        position = positions[0]
        if not -x.size <= position < x.size:
            raise IndexError(f"item: index {shown(position)} is out of bounds for {x.size} elements")
        rest = position % x.size
        unravelled: list[int] = []
        for length in reversed(shape):
            unravelled.insert(0, rest % length)
            rest //= length
        positions = tuple(unravelled)
    if len(positions) != len(shape):
        raise ValueError(f"item: the index must have {len(shape)} ints, or one, got {len(positions)}")
    offset = 0
    for axis, position in enumerate(positions):
        if not -shape[axis] <= position < shape[axis]:
            raise IndexError(f"index {shown(position)} is out of bounds for axis {axis} of length {shape[axis]}")
        offset += position % shape[axis] * x.strides[axis]
    return x._as_strided((), (), offset).item()
