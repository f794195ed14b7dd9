"""The planner: turns operands' shapes and strides into the simplest iteration space that visits the same elements."""

from __future__ import annotations

from typing import Any

# Rows of the strides table are this long, whatever the rank: AOT_MAX_RANK of kernel.h.
ROW = 32


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
    """Whether axis ``a`` steps less far than axis ``b``: the first operand that tells them apart decides.

    A step of 0 does not tell: the operand is repeated along that axis.
    """
    for k in range(operands):
        step_a = abs(strides[k * ROW + a])
        step_b = abs(strides[k * ROW + b])
        if step_a != 0 and step_b != 0 and step_a != step_b:
            return bool(step_a < step_b)
    return False


def plan(rank: int, operands: int, shape: Any, strides: Any) -> int:
    """Simplify an iteration space in place and return its new rank.

    ``shape`` holds ``rank`` lengths, all of them positive; ``strides`` a row of ``ROW`` elements for each
    operand, in order of their importance. Axes of length 1 go, axes are ordered so that the last one
    takes the smallest steps, and neighbours that every operand crosses without a seam become one.
    """
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
    last = 0
    for axis in range(1, kept):
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
