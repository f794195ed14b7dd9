"""The loop nest of every reduction.

Theory of operation:

1. The output already holds a value (the reduction's start, or what earlier tiles left there); a kernel
   combines into it. So any number of tiles folds into one result, in the order of the tiles.
2. What is combined is ``of(*inputs)``, element by element: the identity for plain reductions, more for fused
   ones, which need no temporary tensor.
3. A row that folds away (output step 0 along the inner axis) goes through ``LANES`` accumulators: lane
   ``l`` takes the elements ``l, l + LANES, l + 2 * LANES, ...``, and the lanes meet in a fixed tree of halves. A row
   shorter than that is combined by eights, each in such a tree, and the last few elements follow in order. The order
   of combination depends on the length alone: the same bits on every CPU, whatever its vectors' width, and still a
   loop that vectorises without permission to reassociate.
4. Rows that do not fold away combine element by element with the output's row, four rows at a time in the same
   way where the outer axis folds.

Callers keep tiles short (``native/fold.c``), so that errors grow with the depth of a tree, not with length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from aotops.loops.elementwise import row_patterns

Function = Callable[..., Any]

# 64 float64 lanes are 8 vectors of AVX-512 and 16 of AVX2: enough independent additions to hide the latency of each.
# Rounds of them are not combined with each other first, though that would halve the errors: compilers then load two
# rounds in an order of their own, which a CPU does not fetch ahead of the loop. Out of memory an element of 1e7 float64
# takes 0.25 ns so, by twos 0.3 to 0.6 ns, by fours 0.75 ns.
LANES = 64

# Of bools, whose vectors hold 64, as many lanes as make several vectors.
BOOL_LANES = 256

# Rows shorter than this are added one by one rather than by fours, for the same reason: four short rows are fetched
# worse than one long stretch.
WIDE = 512


def lane_count(signature: Signature) -> int:
    """How many lanes a row goes through."""
    return BOOL_LANES if signature.output == "bool" and signature.inputs[0] == "bool" else LANES


def fold_lanes(combine: Function, lanes: Any, count: int) -> Any:
    """Combine some lanes in a fixed tree: halves onto halves, until one value is left."""
    width = count // 2
    while width > 0:
        for lane in range(width):
            store(lanes, lane, combine(load_output(lanes, lane), load_output(lanes, lane + width)))
        width //= 2
    return load_output(lanes, 0)


def reduce(combine: Function, of: Function, signature: Signature) -> Callable[..., None]:
    """Make the kernel ``out[i, j] = combine(out[i, j], of(*(x[i, j] for x in inputs)))``; output steps may be 0."""
    count = lane_count(signature)
    fold_row = fold_any_row(combine, of, count)
    add_rows = add_any_rows(combine, of)
    patterns = [pattern for pattern in row_patterns(len(signature.inputs)) if pattern.moves[0]]
    for pattern in reversed(patterns):
        fold_row = fold_row_of_pattern(combine, of, pattern, count, fold_row)
        add_rows = add_rows_of_pattern(combine, of, pattern, add_rows)

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        inputs = input_pointers(data, signature)
        out = output_pointer(data, signature)
        inner = input_steps(strides, 0, signature)
        outer = input_steps(strides, 1, signature)
        out_inner = output_step(strides, 0, signature)
        out_outer = output_step(strides, 1, signature)
        rows = n0 if n1 > 0 else 0  # rows without elements have nothing to look at
        if out_inner == 0:
            lanes = accumulators(count, out)
            for i in range(rows):
                fold_row(advance(inputs, outer, i), inner, shift(out, i * out_outer), n1, lanes)
        elif out_outer == 0:
            quads = rows // 4 if n1 >= WIDE else 0
            for quad in range(quads):
                add_rows(advance(inputs, outer, quad * 4), inner, outer, out, out_inner, n1, 4)
            for i in range(quads * 4, rows):
                add_rows(advance(inputs, outer, i), inner, outer, out, out_inner, n1, 1)
        else:
            for i in range(rows):
                add_rows(advance(inputs, outer, i), inner, outer, shift(out, i * out_outer), out_inner, n1, 1)

    return kernel


def fold_row_of_pattern(combine: Function, of: Function, pattern: Pattern, count: int, otherwise: Function) -> Function:
    """Fold a row whose inputs step as a pattern says; other rows are passed on."""

    def fold_row(row: Any, steps: Any, out: Any, length: int, lanes: Any) -> None:
        if not matches(steps, pattern):
            otherwise(row, steps, out, length, lanes)
            return
        fixed = load(row, steps, 0)
        result = load_output(out, 0)
        groups = length // count
        if groups > 0:
            for lane in range(count):
                store(lanes, lane, of(*load_pattern(row, fixed, lane, pattern)))
            for group in range(1, groups):
                for lane in range(count):
                    x = of(*load_pattern(row, fixed, group * count + lane, pattern))
                    store(lanes, lane, combine(load_output(lanes, lane), x))
            for lane in range(length - groups * count):
                x = of(*load_pattern(row, fixed, groups * count + lane, pattern))
                store(lanes, lane, combine(load_output(lanes, lane), x))
            result = combine(result, fold_lanes(combine, lanes, count))
        else:
            for eight in range(length // 8):
                ab = combine(
                    of(*load_pattern(row, fixed, eight * 8, pattern)),
                    of(*load_pattern(row, fixed, eight * 8 + 4, pattern)),
                )
                cd = combine(
                    of(*load_pattern(row, fixed, eight * 8 + 2, pattern)),
                    of(*load_pattern(row, fixed, eight * 8 + 6, pattern)),
                )
                ef = combine(
                    of(*load_pattern(row, fixed, eight * 8 + 1, pattern)),
                    of(*load_pattern(row, fixed, eight * 8 + 5, pattern)),
                )
                gh = combine(
                    of(*load_pattern(row, fixed, eight * 8 + 3, pattern)),
                    of(*load_pattern(row, fixed, eight * 8 + 7, pattern)),
                )
                result = combine(result, combine(combine(ab, cd), combine(ef, gh)))
            for j in range(length // 8 * 8, length):
                result = combine(result, of(*load_pattern(row, fixed, j, pattern)))
        store(out, 0, result)

    return fold_row


def fold_any_row(combine: Function, of: Function, count: int) -> Function:
    """Fold a row of any steps, in the order of the others."""

    def fold_row(row: Any, steps: Any, out: Any, length: int, lanes: Any) -> None:
        result = load_output(out, 0)
        groups = length // count
        if groups > 0:
            for lane in range(count):
                store(lanes, lane, of(*load(row, steps, lane)))
            for group in range(1, groups):
                for lane in range(count):
                    x = of(*load(row, steps, group * count + lane))
                    store(lanes, lane, combine(load_output(lanes, lane), x))
            for lane in range(length - groups * count):
                x = of(*load(row, steps, groups * count + lane))
                store(lanes, lane, combine(load_output(lanes, lane), x))
            result = combine(result, fold_lanes(combine, lanes, count))
        else:
            for eight in range(length // 8):
                ab = combine(of(*load(row, steps, eight * 8)), of(*load(row, steps, eight * 8 + 4)))
                cd = combine(of(*load(row, steps, eight * 8 + 2)), of(*load(row, steps, eight * 8 + 6)))
                ef = combine(of(*load(row, steps, eight * 8 + 1)), of(*load(row, steps, eight * 8 + 5)))
                gh = combine(of(*load(row, steps, eight * 8 + 3)), of(*load(row, steps, eight * 8 + 7)))
                result = combine(result, combine(combine(ab, cd), combine(ef, gh)))
            for j in range(length // 8 * 8, length):
                result = combine(result, of(*load(row, steps, j)))
        store(out, 0, result)

    return fold_row


def add_rows_of_pattern(combine: Function, of: Function, pattern: Pattern, otherwise: Function) -> Function:
    """Combine one row, or four, whose inputs step as a pattern says, into a contiguous row of the output."""

    def add_rows(row: Any, steps: Any, outer: Any, out: Any, out_step: int, length: int, rows: int) -> None:
        if out_step != 1 or not matches(steps, pattern):
            otherwise(row, steps, outer, out, out_step, length, rows)
        elif rows == 4:
            row1, row2, row3 = advance(row, outer, 1), advance(row, outer, 2), advance(row, outer, 3)
            fixed, fixed1 = load(row, steps, 0), load(row1, steps, 0)
            fixed2, fixed3 = load(row2, steps, 0), load(row3, steps, 0)
            for j in range(length):
                a = of(*load_pattern(row, fixed, j, pattern))
                b = of(*load_pattern(row1, fixed1, j, pattern))
                c = of(*load_pattern(row2, fixed2, j, pattern))
                d = of(*load_pattern(row3, fixed3, j, pattern))
                store(out, j, combine(load_output(out, j), combine(combine(a, b), combine(c, d))))
        else:
            fixed = load(row, steps, 0)
            for j in range(length):
                store(out, j, combine(load_output(out, j), of(*load_pattern(row, fixed, j, pattern))))

    return add_rows


def add_any_rows(combine: Function, of: Function) -> Function:
    """Combine rows of any steps into a row of the output, in the order of the others."""

    def add_rows(row: Any, steps: Any, outer: Any, out: Any, out_step: int, length: int, rows: int) -> None:
        if rows == 4:
            row1, row2, row3 = advance(row, outer, 1), advance(row, outer, 2), advance(row, outer, 3)
            for j in range(length):
                four = combine(
                    combine(of(*load(row, steps, j)), of(*load(row1, steps, j))),
                    combine(of(*load(row2, steps, j)), of(*load(row3, steps, j))),
                )
                store(out, j * out_step, combine(load_output(out, j * out_step), four))
        else:
            for j in range(length):
                value = load_output(out, j * out_step)
                store(out, j * out_step, combine(value, of(*load(row, steps, j))))

    return add_rows
