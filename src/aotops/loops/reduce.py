"""The loop nest of every reduction.

Theory of operation:

1. The output already holds a value (the reduction's initial value, or the result of earlier tiles); a kernel combines
   elements into it. Any number of tiles is thus reduced to one result, in the order of the tiles.
2. The kernel combines ``of(*inputs)``, element by element: ``of`` is the identity for plain reductions, and more for
   fused ones, which therefore need no temporary tensor.
3. If the inner axis is reduced (output stride 0), a row goes through ``LANES`` accumulators: lane ``l`` takes the
   elements ``l, l + LANES, l + 2 * LANES, ...``, and the lanes are combined in a fixed tree of halves. The remainder of
   the row goes through eight lanes in the same way, and the last few elements follow in order. The order of combination
   depends on the length alone, so results have the same bits on every CPU, whatever its vector width, and the loop
   vectorizes without permission to reassociate.
4. If the inner axis is kept, rows are combined element by element with the output's row; if the outer axis is reduced,
   four rows at a time.
5. If ``of`` is speculative, blocks of its values are computed with fast paths first, as in
   ``aotops.loops.elementwise``, into a buffer; the order of combination is the same. The sum of sines of float32 takes
   0.8 ns per element this way, and 6.4 ns without fast paths.

Callers keep tiles short (``native/fold.c``), so errors grow with the depth of a tree, not with the length of an axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import (
    Pattern,
    Signature,
    accumulators,
    advance,
    input_pointers,
    input_steps,
    load,
    load_output,
    load_pattern,
    matches,
    output_pointer,
    output_step,
    shift,
    store,
)
from aotops.loops.elementwise import BLOCK, block_gathered, row_patterns, speculative_block

Function = Callable[..., Any]

# 64 lanes: 8 AVX-512 vectors of float64, or 16 of AVX2, hide the latency of an addition. Two or four rounds are not
# combined with each other first, though that would reduce the errors: compilers then interleave the loads of the
# rounds, and the hardware prefetches them worse. An element of 1e7 float64 in main memory takes 0.25 ns, with two
# rounds 0.3 to 0.6 ns, with four 0.75 ns.
LANES = 64

# A vector holds 64 bytes, so bytes need more lanes to fill several vectors.
BYTE_LANES = 256

# Rows shorter than this are added one by one rather than by fours, for the same reason: four short rows are prefetched
# worse than one long stretch.
WIDE = 512


def lane_count(signature: Signature) -> int:
    """Return the number of accumulators of a row."""
    return (
        BYTE_LANES
        if all(FACTS[dtype].itemsize == 1 for dtype in (signature.inputs[0], str(signature.output)))
        else LANES
    )


def fold_lanes(combine: Function, lanes: Any, count: int) -> Any:
    """Combine 32 or more lanes in a fixed tree: the upper half into the lower, until one value is left."""
    width = count // 2
    while width >= 32:
        for lane in range(width):
            store(lanes, lane, combine(load_output(lanes, lane), load_output(lanes, lane + width)))
        width //= 2
    for lane in range(8):
        ac = combine(load_output(lanes, lane), load_output(lanes, lane + 16))
        bd = combine(load_output(lanes, lane + 8), load_output(lanes, lane + 24))
        store(lanes, lane, combine(ac, bd))
    return fold_eight(combine, lanes)


def fold_eight(combine: Function, lanes: Any) -> Any:
    """Combine eight lanes in a fixed tree of halves."""
    ab = combine(load_output(lanes, 0), load_output(lanes, 4))
    cd = combine(load_output(lanes, 2), load_output(lanes, 6))
    ef = combine(load_output(lanes, 1), load_output(lanes, 5))
    gh = combine(load_output(lanes, 3), load_output(lanes, 7))
    return combine(combine(ab, cd), combine(ef, gh))


def reduce(
    combine: Function, of: Function, signature: Signature, speculative: bool = False, large: bool = False
) -> Callable[..., None]:
    """Make the kernel ``out[i, j] = combine(out[i, j], of(*(x[i, j] for x in inputs)))``; output strides may be 0.

    ``speculative``: the functions that ``of`` calls have fast paths, as in ``aotops.loops.elementwise``. ``large``:
    ``of`` is too long for one loop per stride pattern.
    """
    count = lane_count(signature)
    if large:
        compute = block_gathered(of, len(signature.inputs), speculative, max(BLOCK, count))
        fold_row = fold_row_by_blocks(combine, compute, count)
        add_rows = add_rows_by_blocks(combine, compute)
    elif speculative:
        fold_row = fold_row_by_blocks(combine, any_block(of), count)
        add_rows = add_rows_by_blocks(combine, any_block(of))
    else:
        fold_row = fold_row_by(combine, any_element(of), count)
        add_rows = add_rows_by(combine, any_element(of))
    patterns = [pattern for pattern in row_patterns(len(signature.inputs)) if pattern.moves[0]]
    for pattern in () if large else reversed(patterns):
        if speculative:
            compute = speculative_block(of, pattern)
            fold_row = fold_row_where(pattern, fold_row_by_blocks(combine, compute, count), fold_row)
            add_rows = add_rows_where(pattern, add_rows_by_blocks(combine, compute), add_rows)
        else:
            element = element_of_pattern(of, pattern)
            fold_row = fold_row_where(pattern, fold_row_by(combine, element, count), fold_row)
            add_rows = add_rows_where(pattern, add_rows_by(combine, element), add_rows)

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        inputs = input_pointers(data, signature)
        out = output_pointer(data, signature)
        inner = input_steps(strides, 0, signature)
        outer = input_steps(strides, 1, signature)
        out_inner = output_step(strides, 0, signature)
        out_outer = output_step(strides, 1, signature)
        rows = n0 if n1 > 0 else 0  # empty rows must not be read
        if out_inner == 0:
            lanes = accumulators(count, out)
            for i in range(rows):
                fold_row(advance(inputs, outer, i), inner, shift(out, i * out_outer), n1, lanes)
        else:
            # rows reduced into one output row are combined in fours
            quads = rows // 4 if out_outer == 0 and n1 >= WIDE else 0
            for quad in range(quads):
                add_rows(advance(inputs, outer, quad * 4), inner, outer, out, out_inner, n1, 4)
            for i in range(quads * 4, rows):
                add_rows(advance(inputs, outer, i), inner, outer, shift(out, i * out_outer), out_inner, n1, 1)

    return kernel


def any_element(of: Function) -> Function:
    """Make a function that returns the value of element ``j`` to be combined, for inputs with any strides."""

    def element(row: Any, steps: Any, fixed: Any, j: int) -> Any:
        return of(*load(row, steps, j))

    return element


def element_of_pattern(of: Function, pattern: Pattern) -> Function:
    """As ``any_element``, for inputs that match a pattern; ``fixed`` holds the repeated ones."""

    def element(row: Any, steps: Any, fixed: Any, j: int) -> Any:
        return of(*load_pattern(row, fixed, j, pattern))

    return element


def any_block(of: Function) -> Function:
    """Make a function that computes the values of a block of a row, for inputs with any strides."""

    def compute(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        for j in range(start, end):
            store(results, j - start, of(*load(row, steps, j)))

    return compute


def value_aside(row: Any, steps: Any, fixed: Any, j: int) -> Any:
    """Return a buffered value, as an element of a row."""
    return load_output(row[0], j)


def fold_row_where(pattern: Pattern, chosen: Function, otherwise: Function) -> Function:
    """Fold rows whose inputs match a pattern with one function, and all others with another."""

    def fold_row(row: Any, steps: Any, out: Any, length: int, lanes: Any) -> None:
        if matches(steps, pattern):
            chosen(row, steps, out, length, lanes)
        else:
            otherwise(row, steps, out, length, lanes)

    return fold_row


def fold_row_by(combine: Function, element: Function, count: int) -> Function:
    """Make a function that folds a row into one result, in the order of rule 3."""

    def fold_row(row: Any, steps: Any, out: Any, length: int, lanes: Any) -> None:
        fixed = load(row, steps, 0)
        result = load_output(out, 0)
        groups = length // count
        if groups > 0:
            for lane in range(count):
                store(lanes, lane, element(row, steps, fixed, lane))
            for group in range(1, groups):
                for lane in range(count):
                    x = element(row, steps, fixed, group * count + lane)
                    store(lanes, lane, combine(load_output(lanes, lane), x))
            result = combine(result, fold_lanes(combine, lanes, count))
        start = groups * count
        eights = (length - start) // 8
        if eights == 1:  # directly from memory: a row of 8 float64 takes 3.1 ns, through the lanes 4.2 ns
            ab = combine(element(row, steps, fixed, start), element(row, steps, fixed, start + 4))
            cd = combine(element(row, steps, fixed, start + 2), element(row, steps, fixed, start + 6))
            ef = combine(element(row, steps, fixed, start + 1), element(row, steps, fixed, start + 5))
            gh = combine(element(row, steps, fixed, start + 3), element(row, steps, fixed, start + 7))
            result = combine(result, combine(combine(ab, cd), combine(ef, gh)))
        elif eights > 1:
            for lane in range(8):
                store(lanes, lane, element(row, steps, fixed, start + lane))
            for eight in range(1, eights):
                for lane in range(8):
                    x = element(row, steps, fixed, start + eight * 8 + lane)
                    store(lanes, lane, combine(load_output(lanes, lane), x))
            result = combine(result, fold_eight(combine, lanes))
        for j in range(start + eights * 8, length):
            result = combine(result, element(row, steps, fixed, j))
        store(out, 0, result)

    return fold_row


def fold_row_by_blocks(combine: Function, compute: Function, count: int) -> Function:
    """As ``fold_row_by``, for values computed block by block."""
    fold_rest = fold_row_by(combine, value_aside, count)
    size = max(BLOCK, count)

    def fold_row(row: Any, steps: Any, out: Any, length: int, lanes: Any) -> None:
        fixed = load(row, steps, 0)
        values = accumulators(size, out)
        start = length // count * count
        for block in range(0, start, size):
            end = min(block + size, start)
            compute(row, steps, fixed, block, end, values)
            first = 0
            if block == 0:
                for lane in range(count):
                    store(lanes, lane, load_output(values, lane))
                first = 1
            for group in range(first, (end - block) // count):
                for lane in range(count):
                    x = load_output(values, group * count + lane)
                    store(lanes, lane, combine(load_output(lanes, lane), x))
        if start > 0:
            store(out, 0, combine(load_output(out, 0), fold_lanes(combine, lanes, count)))
        if start < length:
            compute(row, steps, fixed, start, length, values)
            fold_rest((values,), (1,), out, length - start, lanes)

    return fold_row


def add_rows_where(pattern: Pattern, chosen: Function, otherwise: Function) -> Function:
    """Add rows whose inputs match a pattern to a contiguous output with one function, and all others with another."""

    def add_rows(row: Any, steps: Any, outer: Any, out: Any, out_step: int, length: int, rows: int) -> None:
        if out_step == 1 and matches(steps, pattern):
            chosen(row, steps, outer, out, 1, length, rows)
        else:
            otherwise(row, steps, outer, out, out_step, length, rows)

    return add_rows


def add_rows_by(combine: Function, element: Function) -> Function:
    """Make a function that combines one row, or four, into a row of the output."""

    def add_rows(row: Any, steps: Any, outer: Any, out: Any, out_step: int, length: int, rows: int) -> None:
        fixed = load(row, steps, 0)
        if rows == 4:
            row1, row2, row3 = advance(row, outer, 1), advance(row, outer, 2), advance(row, outer, 3)
            fixed1, fixed2, fixed3 = load(row1, steps, 0), load(row2, steps, 0), load(row3, steps, 0)
            for j in range(length):
                ab = combine(element(row, steps, fixed, j), element(row1, steps, fixed1, j))
                cd = combine(element(row2, steps, fixed2, j), element(row3, steps, fixed3, j))
                store(out, j * out_step, combine(load_output(out, j * out_step), combine(ab, cd)))
        else:
            for j in range(length):
                value = load_output(out, j * out_step)
                store(out, j * out_step, combine(value, element(row, steps, fixed, j)))

    return add_rows


def add_rows_by_blocks(combine: Function, compute: Function) -> Function:
    """As ``add_rows_by``, for values computed block by block."""

    def add_rows(row: Any, steps: Any, outer: Any, out: Any, out_step: int, length: int, rows: int) -> None:
        fixed = load(row, steps, 0)
        values = accumulators(BLOCK, out)
        if rows == 4:
            row1, row2, row3 = advance(row, outer, 1), advance(row, outer, 2), advance(row, outer, 3)
            fixed1, fixed2, fixed3 = load(row1, steps, 0), load(row2, steps, 0), load(row3, steps, 0)
            values1, values2, values3 = accumulators(BLOCK, out), accumulators(BLOCK, out), accumulators(BLOCK, out)
            for start in range(0, length, BLOCK):
                end = min(start + BLOCK, length)
                compute(row, steps, fixed, start, end, values)
                compute(row1, steps, fixed1, start, end, values1)
                compute(row2, steps, fixed2, start, end, values2)
                compute(row3, steps, fixed3, start, end, values3)
                for j in range(end - start):
                    ab = combine(load_output(values, j), load_output(values1, j))
                    cd = combine(load_output(values2, j), load_output(values3, j))
                    place = (start + j) * out_step
                    store(out, place, combine(load_output(out, place), combine(ab, cd)))
        else:
            for start in range(0, length, BLOCK):
                end = min(start + BLOCK, length)
                compute(row, steps, fixed, start, end, values)
                for j in range(end - start):
                    place = (start + j) * out_step
                    store(out, place, combine(load_output(out, place), load_output(values, j)))

    return add_rows
