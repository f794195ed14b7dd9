"""Indices and values that the native module leaves to Python: unusual types, and whatever is wrong.

``index.c`` reads and writes by ints of any type, slices, ``...`` and ``None``, and takes numbers, tensors, lists and
arrays for values. Slices make views; ints alone, one for each axis, an element of its own, so that
``x[0], x[1] = x[1], x[0]`` swaps elements. ``x[0, ...]`` is a view.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor


def select(x: Tensor, key: Any) -> Tensor:
    """What an index reads.

    Raises ``IndexError`` for an int outside of its axis, too many indices, or an index of another type, ``ValueError``
    for a view of over 32 dimensions.
    """
    return x[normalized(x, key)]


def assign(x: Tensor, key: Any, value: Any) -> None:
    """Write a value, broadcast and converted, where an index selects.

    Python numbers, NumPy's and lists of them are converted one by one, as ``aotops.tensor`` does; tensors and arrays
    as ``aotops.astype`` does. Raises as ``select`` does, ``TypeError`` for a value that is no operand, ``ValueError``
    for a shape that does not broadcast, a NaN in an integer tensor or read-only memory, ``OverflowError`` for a number
    that the dtype cannot hold.
    """
    from aotops import _native

    index = normalized(x, key)
    if isinstance(value, (list, tuple, range)):
        from aotops.namespace.creation import from_nested

        value = from_nested(value, x.dtype, "value")
    elif not isinstance(value, _native.TensorBase) and not _native.is_number(value):
        from aotops.namespace.operands import as_tensor

        value = as_tensor("assignment", "value", value)
        if value.ndim == 0:
            value = value.item()
    x[index] = value


def normalized(x: Tensor, key: Any) -> tuple[Any, ...]:
    """An index with Python ints in place of whatever else stands for them."""
    items = key if isinstance(key, tuple) else (key,)
    if len(items) > 65:  # one for each of 32 axes, a None for each of 32 new ones, and "...": no more are read
        raise IndexError(f"a tensor of {x.ndim} dimensions takes at most {x.ndim} indices, got {len(items)}")
    consumed = ellipses = added = 0
    for item in items:
        if item is Ellipsis:
            ellipses += 1
        elif item is None:
            added += 1
        else:
            consumed += 1
    if consumed > x.ndim:
        raise IndexError(f"a tensor of {x.ndim} dimensions takes at most {x.ndim} indices, got {consumed}")
    if ellipses > 1:
        raise IndexError(f"an index can have one ellipsis ('...'), got {ellipses}")
    result: list[Any] = []
    axis = 0
    for item in items:
        if item is None or item is Ellipsis:
            result.append(item)
            axis += x.ndim - consumed if item is Ellipsis else 0
        else:
            result.append(item if type(item) is slice else _position(item, axis, x.shape[axis]))
            axis += 1
    ndim = x.ndim + added - len([item for item in result if type(item) is int])
    if ndim > 32:
        raise ValueError(f"a tensor has at most 32 dimensions, got {ndim}")
    return tuple(result)


def _position(item: Any, axis: int, length: int) -> int:
    """An int index counted from the front of its axis."""
    position: int = item
    if type(item) is not int:
        from operator import index

        try:
            if isinstance(item, bool):  # NumPy takes it for a mask
                raise TypeError
            position = int(index(item))  # of int, not of a subclass
        except TypeError:
            raise IndexError(f"an index must be an int, a slice, '...' or None, got {type(item).__name__}") from None
    if not -length <= position < length:
        raise IndexError(f"index {position} is out of bounds for axis {axis} of length {length}")
    return position % length


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
