"""Shapes and axes: pure functions of tuples of ints."""

from __future__ import annotations

from aotops._native import max_rank

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from aotops._native import DType

Shape = tuple[int, ...]


def as_int(function: str, argument: str, value: Any, wanted: str = "an int") -> int:
    """Read an int or an object with ``__index__``; raises ``TypeError`` for anything else, floats included."""
    if type(value) is int:
        return value
    from operator import index

    try:
        return index(value)
    except TypeError:
        from aotops.errors import wrong_type

        wrong_type(function, argument, wanted, value)


def as_ints(function: str, argument: str, values: tuple[Any, ...] | list[Any] | range) -> Shape:
    """Read the ints in a tuple, list or range; raises ``ValueError`` if there are more than the maximum rank."""
    first = values[: max_rank + 1]
    if len(first) > max_rank:
        from aotops.errors import too_many_dimensions

        too_many_dimensions(function, argument, values)
    if isinstance(first, range):
        return tuple(first)
    return tuple([as_int(function, f"{argument}[{k}]", value) for k, value in enumerate(first)])


def as_shape(function: str, argument: str, shape: Any) -> Shape:
    """Read a shape: an int or a sequence of ints.

    Raises ``TypeError`` for other types, ``ValueError`` for more ints than a tensor has axes at most; the lengths are
    checked where the tensor is created.
    """
    if isinstance(shape, (tuple, list, range)):
        return as_ints(function, argument, shape)
    return (as_int(function, argument, shape, "an int or a tuple of ints"),)


def new_shape(function: str, shape: Any) -> Shape:
    """Read the shape of a tensor to be made. Raises as ``as_shape`` does, ``ValueError`` for a length that none has."""
    lengths = as_shape(function, "shape", shape)
    if lengths and not 0 <= min(lengths) <= max(lengths) < 2**63:
        from aotops.errors import negative_length, too_large

        negative_length(function, shape) if min(lengths) < 0 else too_large(function, "shape", shape)
    return lengths


def check_bytes(function: str, shape: Shape, dtype: DType) -> None:
    """Raise ``ValueError`` for a shape that no memory could hold, before an inner function does by its own name."""
    from math import prod

    if prod([max(length, 1) for length in shape]) * dtype.itemsize >= 2**63:
        from aotops.errors import too_many_bytes

        too_many_bytes(function, shape, dtype.name)


def normalize_axes(function: str, argument: str, axis: Any, ndim: int, several: bool = True) -> Shape:
    """One axis, or ``several``, counted from the front.

    Raises ``TypeError`` for other than ints, ``AxisError`` for one that the tensor does not have, ``ValueError`` for
    one given twice.
    """
    if type(axis) is int and -ndim <= axis < ndim:  # a third of the time of what follows
        return (axis % ndim,)
    wanted = "an int or a tuple of ints" if several else "an int"
    if axis is not None:  # which stands for all axes, where it does not get here
        wanted = "an int, a tuple of ints or None" if several else "an int or None"
    if several and isinstance(axis, (tuple, list)):
        given = as_ints(function, argument, axis)
    else:
        given = (as_int(function, argument, axis, wanted),)
    if any(not -ndim <= position < ndim for position in given):
        from aotops.errors import wrong_axis

        wrong_axis(function, argument, ndim, axis)
    axes = tuple([position % ndim for position in given])
    if len(set(axes)) != len(axes):
        from aotops.errors import reject, shown

        reject(ValueError, function, argument, "not name an axis twice", shown(axis))
    return axes


def complete_shape(function: str, shape: Shape, size: int) -> Shape:
    """Return a shape of ``size`` elements, with a length of -1 computed from the others.

    Raises ``ValueError`` if it does not hold exactly ``size`` elements.
    """
    from math import prod

    unknown = [axis for axis, length in enumerate(shape) if length == -1]
    if len(unknown) > 1:
        _reject_shape(function, "leave at most one length to be worked out (-1)", shape)
    if any(length < -1 for length in shape):
        _reject_shape(function, "have no negative length but one of -1", shape)
    if unknown:
        known = prod(length for length in shape if length != -1)
        if known == 0 or size % known:
            _reject_shape(function, f"hold {size} elements", shape)
        axis = unknown[0]
        return (*shape[:axis], size // known, *shape[axis + 1 :])
    if prod(shape) != size:
        _reject_shape(function, f"hold {size} elements", shape)
    return shape


def _reject_shape(function: str, wanted: str, shape: Shape) -> NoReturn:
    """Raise ``ValueError`` for a shape."""
    from aotops.errors import reject, shown

    reject(ValueError, function, "shape", wanted, shown(shape))


def broadcast_lengths(shapes: list[Shape]) -> Shape | None:
    """Return the shape that shapes broadcast to, or None if they do not go together."""
    result: list[int] = []
    for shape in shapes:
        result[:0] = [1] * (len(shape) - len(result))
        for place, length in enumerate(shape, len(result) - len(shape)):
            if length != 1 and result[place] != length:
                if result[place] != 1:
                    return None
                result[place] = length
    return tuple(result)


def contiguous_strides(shape: Shape) -> Shape:
    """Return the strides of a row-major tensor of a shape."""
    strides = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def reshaped_strides(shape: Shape, strides: Shape, new_shape: Shape) -> Shape | None:
    """Return the strides that show the elements of one shape in another of the same size, or None if there are none.

    Both shapes divide into groups of adjacent axes of equal size; within a group, the old axes must be mergeable into
    one.
    """
    if 0 in shape:
        return contiguous_strides(new_shape)
    old = [(length, step) for length, step in zip(shape, strides, strict=True) if length != 1]
    new_strides = []
    taken = 0
    group = 1  # elements of the old group not yet covered by new axes
    step = 1  # the stride of the group, merged into one axis
    for length in reversed(new_shape):
        if length == 1:
            new_strides.append(step)
            continue
        while group % length or group == 1:
            if taken == len(old):
                return None
            old_length, old_step = old[-1 - taken]
            if group == 1:
                step = old_step
            elif old_step != step * group:
                return None
            group *= old_length
            taken += 1
        new_strides.append(step)
        step *= length
        group //= length
    return tuple(reversed(new_strides))


def folded_count(shape: Shape, axes: Iterable[int] | None) -> int:
    """How many elements of a shape fold into one along some axes; None for all.

    >>> folded_count((2, 3, 4), (0, 2)), folded_count((2, 3, 4), None)
    (8, 24)
    """
    count = 1
    for axis in range(len(shape)) if axes is None else axes:
        count *= shape[axis]
    return count
