"""Basic indexing: slices, ``...`` and ``None`` make views, ints alone an element of its own.

Python ints that select one element never come here: the native module reads and writes it (``index.c``).
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import would take as long as all of aotops
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor


def select(x: Tensor, key: Any) -> Tensor:
    """What an index reads: a view, or where ints alone select one element a copy, a 0-d tensor of its own.

    So ``x[0], x[1] = x[1], x[0]`` swaps elements, and ``x[0, ...]`` is a view. Raises as ``view_of`` does.
    """
    view = view_of(x, key)
    if view.ndim > 0 or key is Ellipsis or (isinstance(key, tuple) and any(item is Ellipsis for item in key)):
        return view
    from aotops.tensors import copy

    return copy(view)


def view_of(x: Tensor, key: Any) -> Tensor:
    """The view of what an index selects.

    Raises ``IndexError`` for an int outside of its axis, too many indices, or an index of another type.
    """
    items = key if isinstance(key, tuple) else (key,)
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
    """Write a value, broadcast and converted, where an index selects.

    Python numbers, NumPy's and lists of them are converted one by one, as ``aotops.tensor`` does; tensors and arrays
    as ``aotops.astype`` does. Raises as ``view_of`` does, ``TypeError`` for a value that is no operand, ``ValueError``
    for a shape that does not broadcast, a NaN in an integer tensor or read-only memory, ``OverflowError`` for a number
    that the dtype cannot hold.
    """
    from aotops import _native

    target = view_of(x, key)
    if isinstance(value, _native.TensorBase):
        source: Any = value
    elif _native.is_number(value):
        source = _native.full((), value, target.dtype)
    elif isinstance(value, (list, tuple, range)):
        from aotops.creation import from_nested

        source = from_nested(value, target.dtype, "value")
    else:
        from aotops.operands import as_tensor

        source = as_tensor("assignment", "value", value)
        if source.ndim == 0:
            source = _native.full((), source.item(), target.dtype)
    target._copy_from(source)
