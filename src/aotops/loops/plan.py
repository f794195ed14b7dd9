"""The planner: turns operands' shapes and strides into the simplest iteration space that visits the same elements."""

from __future__ import annotations

from typing import Any

# Rows of the strides table are this long, whatever the rank: AOT_MAX_RANK of kernel.h.
ROW = 32

# More elements than any axis has.
WHOLE = 1 << 62

# Where one operand walks along cache lines and another across them. Measured with transposed copies and A + A.T of
# 1000, 2000 and 2048 squared: long and narrow is best, and 4096 elements are 32 KiB of float64, a nearest cache.
CROSSING_OUTER = 256
CROSSING_INNER = 16


def swap_axes(a: int, b: int, operands: int, shape: Any, strides: Any) -> None:
    """Exchange two axes of the shape and of every operand's strides."""
    length = shape[a]
    shape[a] = shape[b]
    shape[b] = length
    for k in range(operands):
        step = strides[k * ROW + a]
        strides[k * ROW + a] = strides[k * ROW + b]
        strides[k * ROW + b] = step


def belongs_inside(a: int, b: int, operands: int, strides: Any) -> bool:
    """Whether axis ``a`` steps less far than axis ``b``: the last operand that tells them apart decides.

    A step of 0 does not tell: the operand is repeated along that axis.
    """
    for k in range(operands - 1, -1, -1):
        step_a = abs(strides[k * ROW + a])
        step_b = abs(strides[k * ROW + b])
        if step_a != 0 and step_b != 0 and step_a != step_b:
            return bool(step_a < step_b)
    return False


def coalesce(rank: int, operands: int, shape: Any, strides: Any) -> int:
    """Make one of neighbouring axes that every operand crosses without a seam; returns the new rank."""
    last = 0
    for axis in range(1, rank):
        seamless = True
        for k in range(operands):
            if strides[k * ROW + last] != shape[axis] * strides[k * ROW + axis]:
                seamless = False
        if seamless:
            shape[last] *= shape[axis]
        else:
            last += 1
            shape[last] = shape[axis]
        for k in range(operands):
            strides[k * ROW + last] = strides[k * ROW + axis]
    return last + 1


def crossing_axis(rank: int, operands: int, strides: Any) -> int:
    """The axis along which an operand takes its smallest steps though the inner axis is another, or -1.

    Of several operands the last one counts.
    """
    for k in range(operands - 1, -1, -1):
        nearest = rank - 1
        smallest = abs(strides[k * ROW + nearest])
        for axis in range(rank - 2, -1, -1):
            step = abs(strides[k * ROW + axis])
            if smallest == 0 or (step != 0 and step < smallest):
                nearest = axis
                smallest = step
        # an operand that is only repeated along the inner axis walks in order all the same
        if nearest != rank - 1 and strides[k * ROW + rank - 1] != 0:
            return nearest
    return -1


def plan(rank: int, operands: int, shape: Any, strides: Any, tile: Any) -> int:
    """Simplify an iteration space in place and return its new rank.

    ``shape`` holds ``rank`` lengths, all of them positive; ``strides`` a row of ``ROW`` elements for each
    operand, the most important one last. Axes of length 1 go, axes are ordered so that the last one
    takes the smallest steps, and neighbours that every operand crosses without a seam become one.
    ``tile`` takes the most elements along the outer and the inner of the last two axes that one call of a
    kernel should cover, so that what it touches stays in the nearest cache.
    """
    tile[0] = WHOLE
    tile[1] = WHOLE
    kept = 0
    for axis in range(rank):
        if shape[axis] != 1:
            shape[kept] = shape[axis]
            for k in range(operands):
                strides[k * ROW + kept] = strides[k * ROW + axis]
            kept += 1
    # insertion sort: stable, and ranks are small
    for axis in range(1, kept):
        position = axis
        while position > 0 and belongs_inside(position - 1, position, operands, strides):
            swap_axes(position - 1, position, operands, shape, strides)
            position -= 1
    if kept < 2:
        return kept
    rank = coalesce(kept, operands, shape, strides)
    if rank < 2:
        return rank
    crossing = crossing_axis(rank, operands, strides)
    if crossing >= 0:
        for axis in range(crossing, rank - 2):
            swap_axes(axis, axis + 1, operands, shape, strides)
        tile[0] = CROSSING_OUTER
        tile[1] = CROSSING_INNER
    return rank
