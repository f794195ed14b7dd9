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
    for a view of more dimensions than a tensor can have.
    """
    return x[normalized("indexing", x, key)]


def assign(x: Tensor, key: Any, value: Any) -> None:
    """Write a value, broadcast and converted, where an index selects.

    Python numbers, NumPy's and lists of them are converted one by one, as ``aotops.tensor`` does; tensors and arrays
    as ``aotops.astype`` does. Raises as ``select`` does, ``TypeError`` for a value that is no operand, ``ValueError``
    for a shape that does not broadcast, a NaN in an integer tensor or read-only memory, ``OverflowError`` for a number
    that the dtype cannot hold.
    """
    from aotops import _native

    index = normalized("assignment", x, key)
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
    x[index] = value


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
