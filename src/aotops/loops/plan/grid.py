"""Writing the axes of a grid of tiles into a plan."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import quotient
from aotops.loops.plan.fields import (
    AXIS_FIELDS,
    COUNT,
    GRID_RANKS,
    GRIDS,
    ITEMSIZES,
    LENGTH,
    LINE,
    MOST_RANK,
    ROW,
    SIZE,
    STEPS,
    STRIDES,
    TILES,
)

#: The grid of the kept axes, whose tiles are independent, and the grid of the reduced (or scanned) axes.
KEPT = 0
FOLDING = 1


def divide_up(a: int, b: int) -> int:
    """Divide two positive integers, rounding up."""
    return quotient(a + b - 1, b)


def whole_lines(length: int) -> int:
    """Round a number of bytes up to whole cache lines."""
    return divide_up(length, LINE) * LINE


def begin_grids(plan: Any) -> None:
    """Initialize both grids, with no axes and therefore one tile."""
    for grid in range(2):
        plan[GRID_RANKS + grid] = 0
        plan[TILES + grid] = 1


def add_axis(plan: Any, grid: int, operands: int, axis: int, length: int, size: int) -> None:
    """Add an axis of the iteration space (or -1: none, of length 1) to a grid, cut into tiles of a size."""
    place = GRIDS + (grid * (MOST_RANK + 1) + plan[GRID_RANKS + grid]) * AXIS_FIELDS
    count = divide_up(length, size)
    plan[place + COUNT] = count
    plan[place + LENGTH] = length
    plan[place + SIZE] = size
    for k in range(operands):
        stride = plan[STRIDES + k * ROW + axis] if axis >= 0 else 0
        plan[place + STEPS + k] = stride * size * plan[ITEMSIZES + k]
    plan[GRID_RANKS + grid] += 1
    plan[TILES + grid] *= count
