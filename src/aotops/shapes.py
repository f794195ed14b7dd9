"""Shapes and axes: pure functions of tuples of ints."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

Shape = tuple[int, ...]


#: No more lengths or axes than this are read, however many a caller gives.
MOST_DIMENSIONS = 32


def as_int(value: Any, argument: str) -> int:
    """Read an int or an object with ``__index__``; raises ``TypeError`` for anything else, floats included."""
    if type(value) is int:
        return value
    from operator import index

    try:
        return index(value)
    except TypeError:
        from aotops.errors import type_name

        raise TypeError(f"{argument} must be an int, got {type_name(value)}") from None


def as_ints(values: tuple[Any, ...] | list[Any] | range, argument: str) -> Shape:
    """Read the ints in a tuple, list or range; raises ``ValueError`` if there are more than the maximum rank."""
    first = values[: MOST_DIMENSIONS + 1]
    if len(first) > MOST_DIMENSIONS:
        from aotops.errors import too_many_dimensions

        too_many_dimensions(argument, values)
    return tuple([as_int(value, argument) for value in first])


def as_shape(shape: Any, argument: str = "shape") -> Shape:
    """Read a shape: an int or a sequence of ints.

    Raises ``TypeError`` for other types, ``ValueError`` for more than 32; creating the tensor checks the lengths.
    """
    if isinstance(shape, (tuple, list, range)):
        return as_ints(shape, argument)
    try:
        return (as_int(shape, argument),)
    except TypeError:
        from aotops.errors import type_name

        raise TypeError(f"{argument} must be an int or a tuple of ints, got {type_name(shape)}") from None


def normalize_axis(axis: Any, ndim: int) -> int:
    """Return an axis as a nonnegative int. Raises ``AxisError`` if the tensor does not have it."""
    position = as_int(axis, "axis")
    if not -ndim <= position < ndim:
        from aotops.errors import AxisError, shown

        wanted = f"from {-ndim} to {ndim - 1}" if ndim else "None"
        raise AxisError(f"axis must be {wanted} for a tensor of {ndim} dimensions, got {shown(position)}")
    return position % ndim


def normalize_axes(axis: Any, ndim: int) -> Shape:
    """Return one or several axes as nonnegative ints. Raises ``AxisError``, or ``ValueError`` for a repeated axis."""
    given = as_ints(axis, "axis") if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple([normalize_axis(value, ndim) for value in given])
    if len(set(axes)) != len(axes):
        raise ValueError(f"axis must not name an axis twice, got {axis}")
    return axes


def complete_shape(shape: Shape, size: int) -> Shape:
    """Return a shape of ``size`` elements, with a length of -1 computed from the others.

    Raises ``ValueError`` if it does not hold exactly ``size`` elements.
    """
    from math import prod

    unknown = [axis for axis, length in enumerate(shape) if length == -1]
    if len(unknown) > 1:
        raise ValueError(f"shape must leave at most one length to be worked out (-1), got {shape}")
    if any(length < -1 for length in shape):
        raise ValueError(f"shape must not be negative, got {shape}")
    if unknown:
        known = prod(length for length in shape if length != -1)
        if known == 0 or size % known:
            raise ValueError(f"shape must hold {size} elements, got {shape}")
        axis = unknown[0]
        return (*shape[:axis], size // known, *shape[axis + 1 :])
    if prod(shape) != size:
        raise ValueError(f"shape must hold {size} elements, got {shape} for {prod(shape)}")
    return shape


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
