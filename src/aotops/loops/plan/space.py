"""Simplifying an iteration space: reordering and merging its axes, without changing which elements it visits.

Axes are ordered by the strides of the most important operand first: the output of a map or a scan, the first input of a
fold (``inputs_first``).
"""

from __future__ import annotations

from typing import Any

from aotops.loops.plan.fields import ROW, SHAPE, STRIDES


def stride_of(plan: Any, operand: int, axis: int) -> Any:
    """Return the stride of an operand along an axis."""
    return plan[STRIDES + operand * ROW + axis]


def swap_axes(plan: Any, a: int, b: int, operands: int) -> None:
    """Swap two axes of the shape and of every operand's strides."""
    length = plan[SHAPE + a]
    plan[SHAPE + a] = plan[SHAPE + b]
    plan[SHAPE + b] = length
    for k in range(operands):
        stride = stride_of(plan, k, a)
        plan[STRIDES + k * ROW + a] = stride_of(plan, k, b)
        plan[STRIDES + k * ROW + b] = stride


def by_importance(place: int, operands: int, inputs_first: bool) -> int:
    """Return the operand at a position in the order of importance, the most important one at position 0."""
    return place if inputs_first else operands - 1 - place


def belongs_inside(plan: Any, a: int, b: int, operands: int, inputs_first: bool) -> bool:
    """Return whether axis ``a`` belongs inside axis ``b``, because it has the smaller stride.

    The most important operand with different strides decides. A stride of 0 is ignored: the operand is repeated along
    that axis.
    """
    for place in range(operands):
        k = by_importance(place, operands, inputs_first)
        stride_a = abs(stride_of(plan, k, a))
        stride_b = abs(stride_of(plan, k, b))
        if stride_a != 0 and stride_b != 0 and stride_a != stride_b:
            return bool(stride_a < stride_b)
    return False


def coalesce(plan: Any, rank: int, operands: int) -> int:
    """Merge adjacent axes that every operand can traverse with a single stride; returns the new rank."""
    last = 0
    for axis in range(1, rank):
        seamless = True
        for k in range(operands):
            if stride_of(plan, k, last) != plan[SHAPE + axis] * stride_of(plan, k, axis):
                seamless = False
        if seamless:
            plan[SHAPE + last] *= plan[SHAPE + axis]
        else:
            last += 1
            plan[SHAPE + last] = plan[SHAPE + axis]
        for k in range(operands):
            plan[STRIDES + k * ROW + last] = stride_of(plan, k, axis)
    return last + 1


def crossing_axis(plan: Any, rank: int, operands: int, inputs_first: bool) -> int:
    """Return an axis, other than the inner one, along which an operand has its smallest stride, or -1.

    If there are several such operands, the most important one decides.
    """
    for place in range(operands):
        k = by_importance(place, operands, inputs_first)
        closest = rank - 1
        smallest = abs(stride_of(plan, k, closest))
        for axis in range(rank - 2, -1, -1):
            stride = abs(stride_of(plan, k, axis))
            if smallest == 0 or (stride != 0 and stride < smallest):
                closest = axis
                smallest = stride
        # an operand that is repeated along the inner axis is still read in memory order
        if closest != rank - 1 and stride_of(plan, k, rank - 1) != 0:
            return closest
    return -1


def simplify(plan: Any, rank: int, operands: int, inputs_first: bool) -> int:
    """Simplify an iteration space in place; returns its new rank.

    Removes axes of length 1, sorts axes so that the last one has the smallest strides, and merges adjacent ones.
    """
    kept = 0
    for axis in range(rank):
        if plan[SHAPE + axis] != 1:
            if kept != axis:
                plan[SHAPE + kept] = plan[SHAPE + axis]
                for k in range(operands):
                    plan[STRIDES + k * ROW + kept] = stride_of(plan, k, axis)
            kept += 1
    # insertion sort: stable, and ranks are small
    for axis in range(1, kept):
        position = axis
        while position > 0 and belongs_inside(plan, position - 1, position, operands, inputs_first):
            swap_axes(plan, position - 1, position, operands)
            position -= 1
    return kept if kept < 2 else coalesce(plan, kept, operands)


def bring_crossing_axis(plan: Any, rank: int, operands: int, inputs_first: bool) -> bool:
    """Move the axis that another operand would have as its inner one next to the inner axis; returns whether any is."""
    crossing = crossing_axis(plan, rank, operands, inputs_first) if rank > 1 else -1
    if crossing >= 0:
        for axis in range(crossing, rank - 2):
            swap_axes(plan, axis, axis + 1, operands)
    return crossing >= 0
