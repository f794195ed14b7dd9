"""Planning scans: cutting an axis into pieces, each of which starts from the result of all pieces before it.

The pieces depend on the shape alone, so results have the same bits on any number of threads.
"""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import quotient
from aotops.loops.plan.fields import (
    ACROSS,
    AXIS,
    CAST,
    COLUMN_PIECE,
    ELEMENT,
    EXACT,
    INNER,
    LONG_PIECE,
    OUTER,
    PACKED_BYTES,
    PLAIN,
    RANK,
    RESULT_ITEMSIZES,
    RESULTS,
    ROLES,
    ROW,
    ROW_BYTES,
    ROW_PIECE,
    SCAN_WIDTH,
    SHAPE,
    SIZES,
    STRIDED_PIECE,
    STRIDES,
    THREADS,
    TILES,
)
from aotops.loops.plan.grid import FOLDING, KEPT, add_axis, begin_grids, divide_up, whole_lines
from aotops.loops.plan.space import bring_crossing_axis, simplify, stride_of


def plan_scan(plan: Any) -> int:
    """Cut the iteration space of a scan along ``AXIS`` of one operand into tiles; returns 0."""
    last = plan[RANK] - 1
    axis = plan[AXIS]
    length = plan[SHAPE + axis]
    stride_x, stride_out = stride_of(plan, 0, axis), stride_of(plan, 1, axis)
    # the other axes are planned like those of a map
    for other in range(axis, last):
        plan[SHAPE + other] = plan[SHAPE + other + 1]
        for k in range(2):
            plan[STRIDES + k * ROW + other] = stride_of(plan, k, other + 1)
    rank = simplify(plan, last, 2, False)
    plan[RANK] = rank
    bring_crossing_axis(plan, rank, 2, False)
    inner = rank - 1
    columns = plan[SHAPE + inner] if inner >= 0 else 1
    column = abs(stride_of(plan, 0, inner)) if inner >= 0 else 0
    # scan across rows if the columns are closer in memory and there are enough of them to fill vectors
    across = columns >= 8 and column < abs(stride_x)
    contiguous = stride_x == 1 and stride_out == 1
    piece = min(length, COLUMN_PIECE if across else (ROW_PIECE if contiguous else STRIDED_PIECE))
    width = min(columns, SCAN_WIDTH if across else 1 + quotient(ROW_PIECE, piece))
    begin_grids(plan)
    for other in range(inner):
        add_axis(plan, KEPT, 2, other, plan[SHAPE + other], 1)
    add_axis(plan, KEPT, 2, inner, columns, width)
    # threads beyond the number of tiles or pieces would be idle
    tiles = plan[TILES + KEPT]
    threads = min(plan[THREADS], max(tiles, divide_up(length, piece)))
    plan[THREADS] = threads
    if tiles >= threads and plan[EXACT] != 0 and plan[ROLES] == PLAIN:
        # integers give the same bits in any order: pieces are scanned one after another, and need not be folded before
        piece = min(length, max(piece, quotient(LONG_PIECE, width)))
    # the scanned axis was removed from the iteration space above; it is stored behind the last one
    plan[SHAPE + last] = length
    plan[STRIDES + last] = stride_x
    plan[STRIDES + ROW + last] = stride_out
    add_axis(plan, FOLDING, 2, last, length, piece)
    plan[SIZES] = piece if across else width
    plan[SIZES + 1] = width if across else piece
    for k in range(2):
        along = stride_of(plan, k, last)
        beside = stride_of(plan, k, inner) if inner >= 0 else 0
        plan[INNER + k] = beside if across else along
        plan[OUTER + k] = along if across else beside
    plan[ACROSS] = 1 if across else 0
    for result in range(plan[RESULTS]):
        plan[ROW_BYTES + result] = whole_lines(width * plan[RESULT_ITEMSIZES + result])
    plan[PACKED_BYTES] = width * piece * ELEMENT if plan[ROLES] == CAST else 0
    return 0
