"""Planning maps: cutting their iteration spaces into tiles, which may be computed in any order."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import quotient
from aotops.loops.plan.fields import (
    ADDRESSES,
    CAST,
    CAST_ELEMENTS,
    COMPUTE_BOUND,
    COPIES,
    CROSSING_COPY,
    CROSSING_ELEMENTS,
    CROSSING_PACKED,
    CROSSING_PACKED_BYTES,
    CROSSING_STREAMED_BYTES,
    CROSSING_STREAMED_PIECE,
    CROSSING_STREAMED_ROWS,
    ELEMENT,
    FEWEST_PACKED,
    FEWEST_SHUFFLED,
    FRUGAL,
    GRAIN,
    INDEX,
    INNER,
    INPUTS,
    ITEMSIZES,
    LINE,
    MEMORY_INNER,
    MEMORY_OUTER,
    MOST_SHUFFLED,
    NARROW,
    ONE_ROW,
    OUTER,
    OUTPUTS,
    PACK,
    PACKED,
    PACKED_BYTES,
    PACKED_ELEMENTS,
    PART,
    PART_IF_COMPUTE_BOUND,
    PART_IF_UNBOUNDED,
    PLAIN,
    RANK,
    ROLES,
    SHAPE,
    SHORT,
    SHUFFLED_BYTES,
    SIZES,
    STACK_BYTES,
    STREAMED_BYTES,
    STREAMED_PIECE,
    STREAMS,
    THREADS,
    TILES,
    UNBOUNDED,
    WIDE,
)
from aotops.loops.plan.grid import KEPT, add_axis, begin_grids, divide_up
from aotops.loops.plan.space import bring_crossing_axis, simplify, stride_of


def plan_map(plan: Any) -> int:
    """Cut the iteration space of an elementwise operator into tiles; returns 0."""
    operands = plan[INPUTS] + plan[OUTPUTS]
    rank = simplify(plan, plan[RANK], operands, False) if plan[RANK] > 1 else plan[RANK]
    plan[RANK] = rank
    crossing = bring_crossing_axis(plan, rank, operands, False)
    inner, outer = rank - 1, rank - 2
    n1 = plan[SHAPE + inner] if inner >= 0 else 1
    n0 = plan[SHAPE + outer] if outer >= 0 else 1
    total = 1
    for axis in range(rank):
        total *= plan[SHAPE + axis]
    gaps = 0  # operands that prevent vectorization
    shuffled = n1 >= FEWEST_SHUFFLED
    casts = False
    widest = 1  # the size of the largest element
    in_one_row = True  # positions continue from row to row with a single stride
    joins = n1 < SHORT and n0 > 1  # rows can become one by packing what has gaps, or is repeated in each row
    for k in range(operands):
        widest = max(widest, plan[ITEMSIZES + k])
        plan[INNER + k] = stride_of(plan, k, inner) if inner >= 0 else 0
        plan[OUTER + k] = stride_of(plan, k, outer) if outer >= 0 else 0
        casts |= plan[ROLES + k] == CAST
        if plan[ROLES + k] == INDEX:
            in_one_row &= plan[OUTER + k] == plan[INNER + k] * n1
        else:
            step = plan[INNER + k]
            row = plan[OUTER + k]
            joins &= row == 0 or (row == n1 if step == 1 else step != 0)
            if step != 0 and step != 1:
                gaps += 1
                shuffled &= k < plan[INPUTS] and (2 <= step <= MOST_SHUFFLED or step == -1)
    compute_bound = plan[COMPUTE_BOUND] != 0
    worth_packing = total >= FEWEST_PACKED and plan[COPIES] == 0  # copies transpose on their own, and pack others
    # from vectors: more than copying strided elements costs
    gains = compute_bound or widest == 1 or (shuffled and gaps * widest <= SHUFFLED_BYTES)
    # only where a tile has whole rows, which are short enough for any grain
    joins &= not crossing and plan[UNBOUNDED] == 0 and plan[FRUGAL] == 0 and (compute_bound or (gains and gaps > 0))
    narrow = worth_packing and in_one_row and (joins or (n1 < NARROW and n0 >= 4 * n1))
    packs = narrow or (worth_packing and gaps > 0 and (gains or crossing))
    # compute-bound kernels gain nothing from streaming, since their arithmetic overlaps with memory traffic
    streams = not compute_bound and total * operands * WIDE > CROSSING_STREAMED_BYTES
    size0, size1 = tile_sizes(plan, n0, n1, total, widest, crossing, packs, casts, streams)
    if streams:
        streams = wants_streaming(plan, rank, operands, crossing, narrow, size1)
        if not streams and crossing:
            size0, size1 = tile_sizes(plan, n0, n1, total, widest, crossing, packs, casts, False)
    plan[SIZES] = size0
    plan[SIZES + 1] = size1
    plan[STREAMS] = 1 if streams else 0
    packs |= streams and crossing  # a copy, too: its tile is transposed first, then streamed row by row
    choose_packed(plan, operands, packs, narrow, gains)
    if plan[FRUGAL] != 0 and plan[PACKED] > 0:  # slower, but correct
        size0 = 1
        size1 = min(size1, quotient(STACK_BYTES // ELEMENT, plan[PACKED]))
        plan[SIZES] = size0
        plan[SIZES + 1] = size1
        plan[THREADS] = 1
    plan[PACKED_BYTES] = size0 * size1 * ELEMENT
    begin_grids(plan)
    if rank < 3 and n0 == size0 and n1 == size1:  # one tile needs no grid
        plan[THREADS] = 1
        return 0
    for axis in range(rank - 2):
        add_axis(plan, KEPT, operands, axis, plan[SHAPE + axis], 1)
    add_axis(plan, KEPT, operands, outer if outer >= 0 else -1, n0, size0)
    add_axis(plan, KEPT, operands, inner, n1, size1)
    plan[THREADS] = min(plan[THREADS], plan[TILES + KEPT])
    return 0


def tile_sizes(
    plan: Any, n0: int, n1: int, total: int, widest: int, crossing: bool, packs: bool, casts: bool, streams: bool
) -> tuple[int, int]:
    """Return how many elements along the outer and the inner axis one kernel call covers."""
    size0 = n0
    size1 = n1
    if crossing and streams:
        size1 = min(n1, quotient(CROSSING_STREAMED_PIECE, widest))
        size0 = min(n0, CROSSING_STREAMED_ROWS)
    elif crossing and plan[COPIES] != 0:
        size1 = min(n1, CROSSING_COPY)
        size0 = min(n0, CROSSING_COPY)
    elif crossing:
        size1 = min(n1, max(CROSSING_PACKED, quotient(CROSSING_PACKED_BYTES, widest)))
        size0 = min(n0, quotient(CROSSING_ELEMENTS, size1))
    elif packs or casts:
        most = PACKED_ELEMENTS if packs else CAST_ELEMENTS
        size1 = min(n1, most)
        size0 = min(n0, quotient(most, size1))
    if total >= GRAIN or plan[UNBOUNDED] != 0:
        part = PART_IF_COMPUTE_BOUND if plan[COMPUTE_BOUND] != 0 else quotient(PART * WIDE, widest)
        if plan[UNBOUNDED] != 0:
            part = PART_IF_UNBOUNDED
        # pieces of a row are about equal, in whole cache lines
        size1 = min(size1, divide_up(divide_up(size1, divide_up(size1, part)), 64) * 64)
        size0 = min(size0, divide_up(part, size1))
    return size0, size1


def wants_packing(plan: Any, k: int, operands: int, narrow: bool, gains: bool) -> bool:
    """Return whether an operand should be packed.

    It should if it is read across the cache lines along which the output is written, if its strides prevent
    vectorization (``gains``: which pays if an operator is compute-bound, all elements are bytes, or shuffles of vectors
    pack them), or if it has narrow rows that are not contiguous.
    """
    inner, outer = plan[INNER + k], plan[OUTER + k]
    if plan[ROLES + k] == INDEX:
        return False
    if narrow:
        return not (inner == 1 and outer == plan[SIZES + 1]) and not (inner == 0 and outer == 0)
    is_output = k >= operands - plan[OUTPUTS]
    return inner != 1 and inner != 0 and (gains or (outer == 1 and not is_output))


def wants_streaming(plan: Any, rank: int, operands: int, crossing: bool, narrow: bool, size1: int) -> bool:
    """Return whether the output should be written with streaming stores.

    It must be the only output, large, contiguous along long rows or rows of whole cache lines, and neither cast nor an
    input.
    """
    out = operands - 1
    total = 0
    written = 0
    for k in range(operands):
        written = plan[ITEMSIZES + k]
        for axis in range(rank):
            written *= 1 if stride_of(plan, k, axis) == 0 else plan[SHAPE + axis]
        total += 0 if plan[ROLES + k] == INDEX else written
        if k < out and plan[ADDRESSES + k] == plan[ADDRESSES + out]:
            return False
    itemsize = plan[ITEMSIZES + out]
    width = size1 * itemsize
    row = plan[OUTER + out]
    lines = plan[ADDRESSES + out] % LINE == 0 and row * itemsize % LINE == 0 and width % LINE == 0
    long = width >= (CROSSING_STREAMED_PIECE if crossing else 2 * STREAMED_PIECE)
    in_order = row == size1 if narrow else lines or long
    large = total > (CROSSING_STREAMED_BYTES if crossing else STREAMED_BYTES) and written >= total // 8
    return plan[OUTPUTS] == 1 and plan[ROLES + out] == PLAIN and plan[INNER + out] == 1 and large and in_order


def choose_packed(plan: Any, operands: int, packs: bool, narrow: bool, gains: bool) -> None:
    """Choose the operands to be packed: those that are cast and, if ``packs``, those that should be packed."""
    plan[PACKED] = 0
    one_row = packs and narrow
    plan[ONE_ROW] = 1 if one_row else 0
    for k in range(operands):
        if packs and plan[ROLES + k] == PLAIN and wants_packing(plan, k, operands, narrow, gains):
            plan[ROLES + k] = PACK
        if plan[ROLES + k] == PACK or plan[ROLES + k] == CAST:
            inner, outer = plan[INNER + k], plan[OUTER + k]
            plan[MEMORY_INNER + k] = inner
            plan[MEMORY_OUTER + k] = outer
            # repeated elements are packed once; in a single row, an operand is repeated throughout or not at all
            inner_repeats = inner == 0 and not (one_row and outer != 0)
            outer_repeats = outer == 0 and not (one_row and inner != 0)
            plan[INNER + k] = 0 if inner_repeats else 1
            plan[OUTER + k] = 0 if outer_repeats else (1 if inner_repeats else plan[SIZES + 1])
            plan[PACKED] += 1
