"""Planning folds: cutting the iteration spaces of reductions and argreductions into tiles.

The shape alone decides which tiles are combined with which, so results have the same bits on any number of threads:
no other field depends on ``THREADS``.
"""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import quotient
from aotops.loops.plan.fields import (
    BATCH,
    BOTH_FOLD,
    CAST,
    CAST_COLUMNS,
    CAST_ROWS,
    CAST_STRIDE,
    COLUMN_BYTES,
    ELEMENT,
    EXACT,
    FEWEST_SHUFFLED,
    GRAIN,
    GRID_RANKS,
    IN_BATCHES,
    INNER,
    INNER_FOLDS,
    INPUTS,
    ITEMSIZES,
    LEAF,
    MOST_PARTS,
    MOST_SHUFFLED,
    NARROW,
    OUT_STRIDE,
    OUTER,
    PACK,
    PACK_AND_CAST,
    PACKED,
    PACKED_BYTES,
    PACKED_PIECE,
    PARTS,
    PLAIN,
    POSITIONS,
    RANK,
    RESULT_ITEMSIZES,
    RESULTS,
    ROLES,
    ROW_BYTES,
    ROWS,
    SHAPE,
    SHORT_ROWS,
    SIZES,
    THREADS,
    TILES,
)
from aotops.loops.plan.grid import FOLDING, KEPT, add_axis, begin_grids, whole_lines
from aotops.loops.plan.space import bring_crossing_axis, simplify, stride_of


def plan_fold(plan: Any) -> int:
    """Cut the iteration space of a reduction, whose output has stride 0 along the reduced axes; returns 0."""
    out = plan[INPUTS]
    operands = out + 1
    rank = simplify(plan, plan[RANK], operands, True)
    plan[RANK] = rank
    bring_crossing_axis(plan, rank, operands, True)
    total = 1
    for axis in range(rank):
        total *= plan[SHAPE + axis]
    inner = rank - 1
    other = -1  # the innermost axis of the other kind
    inner_folds = inner < 0 or stride_of(plan, out, inner) == 0
    for axis in range(inner):
        if (stride_of(plan, out, axis) == 0) != inner_folds:
            other = axis
    n1 = plan[SHAPE + inner] if inner >= 0 else 1
    n0 = plan[SHAPE + other] if other >= 0 else 1
    if not inner_folds and n1 < NARROW and n0 >= 4 * n1:  # few columns: fold them one at a time
        inner, other = other, inner
        n1, n0 = n0, n1
        inner_folds = True
    both_fold = inner_folds and other < 0 and rank > 1 and plan[POSITIONS] == 0
    if both_fold:  # several short rows per tile, to make a tile worth its overhead
        narrow = plan[SHAPE + rank - 1] < NARROW and plan[SHAPE + rank - 2] > plan[SHAPE + rank - 1]
        inner = rank - 2 if narrow else rank - 1
        other = rank - 1 if narrow else rank - 2
        n1 = plan[SHAPE + inner]
        n0 = plan[SHAPE + other]
    largest = plan[RESULT_ITEMSIZES]
    for k in range(out):
        largest = max(largest, plan[ITEMSIZES + k])
    size1 = min(n1, LEAF if inner_folds else quotient(COLUMN_BYTES, largest))
    # rows longer than a tile go one at a time: five at a time are prefetched worse and take a tenth longer from main
    # memory
    short_rows = 1 if n1 > size1 else min(SHORT_ROWS, 1 + quotient(LEAF * 2, size1))
    size0 = min(n0, short_rows if inner_folds else ROWS)
    begin_grids(plan)
    for axis in range(rank):
        if axis != inner and axis != other:
            grid = FOLDING if stride_of(plan, out, axis) == 0 else KEPT
            add_axis(plan, grid, operands, axis, plan[SHAPE + axis], 1)
    if both_fold:
        size0 = min(n0, min(ROWS, 1 + quotient(LEAF, size1)))
        add_axis(plan, FOLDING, operands, other, n0, size0)
        add_axis(plan, KEPT, operands, -1, 1, 1)  # nothing is kept
    else:
        add_axis(plan, KEPT if inner_folds else FOLDING, operands, other, n0, size0)
    add_axis(plan, FOLDING if inner_folds else KEPT, operands, inner, n1, size1)
    for k in range(operands):
        plan[INNER + k] = stride_of(plan, k, inner) if inner >= 0 else 0
        plan[OUTER + k] = stride_of(plan, k, other) if other >= 0 else 0
    plan[SIZES] = size0
    plan[SIZES + 1] = size1
    kept = -1 if both_fold else (other if inner_folds else inner)
    plan[OUT_STRIDE] = stride_of(plan, out, kept) if kept >= 0 else 1
    plan[INNER_FOLDS] = 1 if inner_folds else 0
    plan[BOTH_FOLD] = 1 if both_fold else 0
    in_batches = inner_folds and not both_fold and size0 == 1 and plan[GRID_RANKS + FOLDING] == 1
    plan[IN_BATCHES] = 1 if in_batches else 0
    plan_casts(plan, size0, size1, inner_folds)
    width = 1 if both_fold else (size0 if inner_folds else size1)
    for result in range(plan[RESULTS]):
        plan[ROW_BYTES + result] = whole_lines(width * plan[RESULT_ITEMSIZES + result])
    columns, rows = plan[TILES + KEPT], plan[TILES + FOLDING]
    parts = 1 if total < GRAIN or columns >= MOST_PARTS else min(rows, MOST_PARTS)
    if plan[POSITIONS] != 0 and in_batches:
        parts = min(parts, (rows + BATCH - 1) // BATCH)  # the first row of each part is always searched
    plan[PARTS] = parts
    plan[THREADS] = min(plan[THREADS], columns * parts)
    return 0


def plan_casts(plan: Any, size0: int, size1: int, inner_folds: bool) -> None:
    """Plan how rows of a tile are cast, so that results have the bits of rows that need no cast.

    Rows that are combined in fours are cast by multiples of four. Elements with gaps between them are combined in
    another order than others, and get gaps, unless any order gives the same result: then gaps that shuffles of vectors
    close (``loops/copy.py``) are, whether elements are cast or not.
    """
    plan[PACKED] = 0
    stride = 1
    in_any_order = plan[EXACT] != 0 and inner_folds
    columns = min(size1, PACKED_PIECE) if in_any_order else size1
    for k in range(plan[INPUTS]):
        step = plan[INNER + k]
        shuffled = in_any_order and columns >= FEWEST_SHUFFLED and (2 <= step <= MOST_SHUFFLED or step == -1)
        if plan[ROLES + k] == CAST:
            plan[PACKED] += 2 if shuffled else 1
            plan[ROLES + k] = PACK_AND_CAST if shuffled else CAST
            if inner_folds and step != 1 and not in_any_order:
                stride = 2
        elif plan[ROLES + k] == PLAIN and shuffled:
            plan[PACKED] += 1
            plan[ROLES + k] = PACK
    if plan[PACKED] == 0:
        return
    rows = max(1, quotient(LEAF, size1))
    if not inner_folds:
        rows = max(1, rows // 4) * 4
    rows = min(rows, size0) if columns == size1 else 1
    plan[CAST_ROWS] = rows
    plan[CAST_COLUMNS] = columns
    plan[CAST_STRIDE] = stride
    plan[PACKED_BYTES] = rows * columns * stride * ELEMENT
