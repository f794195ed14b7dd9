"""The loop nest of every elementwise operator, whatever its number of inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from aotops.intrinsics import (
    FastPath,
    Pattern,
    Signature,
    accumulators,
    advance,
    clear_flag,
    flag_is_set,
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

Function = Callable[..., Any]

#: Elements per block, all of which take the fast path or none: 16 vectors of float64 on x86-64-v4.
BLOCK = 128
#: The most inputs of which each combination of contiguous and repeated ones gets a loop.
MOST_PATTERNED = 3
#: Elements per group, for which a large function is vectorized: 1 vector of float32 on x86-64-v4, 8 of float64 on -v2.
GROUP = 16


def elementwise(
    scalar: Function,
    signature: Signature,
    fast_path: tuple[Function, Function] | None = None,
    speculative: bool = False,
    patterns: Sequence[Pattern] | None = None,
    gathers: bool = False,
) -> Callable[..., None]:
    """Make the kernel ``out[i, j] = scalar(*(x[i, j] for x in inputs))`` of the ABI in ``aotops_kernel.h``.

    Each combination of contiguous and repeated inputs gets a loop of its own, because only such loops vectorize.

    ``fast_path``: a cheaper function, and a predicate for the elements that it cannot handle. Rows with a loop use it
    for every block without such elements. ``speculative``: the functions that ``scalar`` calls have fast paths; run
    each block with them, and again without if one set the flag. ``patterns``: the stride patterns that get a loop; by
    default those of ``row_patterns``. ``gathers``: rows of all other strides copy what is not contiguous and run a
    vectorized loop, instead of a scalar one; used if few patterns get a loop, since ``scalar`` is long or has many
    inputs. They use the ``fast_path``. A scalar function that has the attribute ``in_one_loop`` has no patterns, but
    gathers.
    """
    if getattr(scalar, "in_one_loop", False):
        patterns, gathers = (), True
    inputs = len(signature.inputs)
    run_row = row_gathered(scalar, inputs, speculative, fast_path) if gathers else any_row(scalar)
    for pattern in reversed(row_patterns(inputs) if patterns is None else patterns):
        if fast_path:
            run_row = row_in_blocks(scalar, *fast_path, pattern, run_row)
        elif speculative:
            run_row = speculative_row(scalar, pattern, run_row)
        else:
            run_row = row_of_pattern(scalar, pattern, run_row)

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        inputs = input_pointers(data, signature)
        out = output_pointer(data, signature)
        inner = input_steps(strides, 0, signature)
        outer = input_steps(strides, 1, signature)
        out_inner = output_step(strides, 0, signature)
        out_outer = output_step(strides, 1, signature)
        rows = n0 if n1 > 0 else 0  # empty rows must not be read
        for i in range(rows):
            run_row(advance(inputs, outer, i), inner, shift(out, i * out_outer), out_inner, n1)

    return kernel


def row_patterns(inputs: int) -> list[Pattern]:
    """Return the patterns that get a loop: all combinations of up to three inputs.

    Of more inputs, all of them contiguous, or the first alone, as of a distribution whose parameters are numbers: the
    compiler then computes what depends on these once per row. Rows of other strides are copied (``row_gathered``).
    """
    if inputs <= MOST_PATTERNED:
        choices = list(product((True, False), repeat=inputs))
    else:
        choices = [(True,) * inputs, (True,) + (False,) * (inputs - 1)]
    return [Pattern(moves) for moves in choices if any(moves)]


def derivative_patterns(inputs: int) -> list[Pattern]:
    """Return the patterns that get a loop in the derivative of a function of ``inputs`` inputs.

    A derivative has two further inputs, the result and the gradient. The result has the broadcast shape, so it is never
    repeated. One of several inputs may be repeated, or the gradient, which is a single number behind a sum.
    """
    repeated = [*range(inputs if inputs > 1 else 0), inputs + 1]
    return [Pattern(tuple(k != fixed for k in range(inputs + 2))) for fixed in (None, *repeated)]


def row_of_pattern(scalar: Function, pattern: Pattern, otherwise: Function) -> Function:
    """Make the loop over rows whose inputs match a pattern and whose output is contiguous; other rows go to another."""

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        if out_step == 1 and matches(steps, pattern):
            fixed = load(row, steps, 0)
            for j in range(length):
                store(out, j, scalar(*load_pattern(row, fixed, j, pattern)))
        else:
            otherwise(row, steps, out, out_step, length)

    return run_row


def row_in_blocks(scalar: Function, fast: Function, rare: Function, pattern: Pattern, otherwise: Function) -> Function:
    """As ``row_of_pattern``, but use ``fast`` instead of ``scalar`` for blocks without rare elements.

    Three branch-free loops: test a block, then compute all of it one way or the other. The test comes first, since the
    output may be an input.
    """

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        if out_step == 1 and matches(steps, pattern):
            fixed = load(row, steps, 0)
            for block in range(0, length, BLOCK):
                end = min(block + BLOCK, length)
                any_rare = False
                for j in range(block, end):
                    any_rare |= rare(*load_pattern(row, fixed, j, pattern))
                if any_rare:
                    for j in range(block, end):
                        store(out, j, scalar(*load_pattern(row, fixed, j, pattern)))
                else:
                    for j in range(block, end):
                        store(out, j, fast(*load_pattern(row, fixed, j, pattern)))
        else:
            otherwise(row, steps, out, out_step, length)

    return run_row


def speculative_block(scalar: Function, pattern: Pattern) -> Function:
    """Make a function that computes a block of a row with fast paths, and again without if one set the flag."""
    fast = FastPath(scalar)

    def compute(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        clear_flag()
        for j in range(start, end):
            store(results, j - start, fast(*load_pattern(row, fixed, j, pattern)))
        if flag_is_set():
            for j in range(start, end):
                store(results, j - start, scalar(*load_pattern(row, fixed, j, pattern)))

    return compute


def block_gathered(scalar: Function, inputs: int, speculative: bool, size: int = BLOCK) -> Function:
    """Make a function that computes a block of a row with any strides, at most ``size`` elements.

    There is one loop, over groups of elements, the last of which overlaps the one before unless it is whole. A
    contiguous input is read where it is, one with gaps is copied first, which takes 0.3 ns per element, and of a
    repeated one a group is filled, which all groups read. Results fill a group at least. If ``speculative``, the loop
    is run with fast paths first.
    """
    compute_all = groups_of_block(scalar, inputs)
    compute_first = groups_of_block(FastPath(scalar), inputs)
    gather, moves = gathered(0, inputs), gathered_moves(0, inputs)

    def compute(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        source = gather(row, steps, start, end - start, accumulators(size, row))
        compute_all(source, moves(steps), fixed, end - start, results)

    def compute_speculatively(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        source = gather(row, steps, start, end - start, accumulators(size, row))
        clear_flag()
        compute_first(source, moves(steps), fixed, end - start, results)
        if flag_is_set():
            compute_all(source, moves(steps), fixed, end - start, results)

    return compute_speculatively if speculative else compute


def block_in_part(scalar: Function, fast: Function, rare: Function, inputs: int) -> Function:
    """As ``block_gathered``, but use ``fast`` instead of ``scalar`` for blocks without rare elements."""
    contiguous = Pattern((True,) * inputs)
    compute_all, compute_fast = groups_of_block(scalar, inputs), groups_of_block(fast, inputs)
    gather, moves = gathered(0, inputs), gathered_moves(0, inputs)

    def compute(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        length = end - start
        source = gather(row, steps, start, length, accumulators(BLOCK, row))
        any_rare = False
        for group in range(group_count(length)):
            here = advance(source, moves(steps), group_start(group, length))
            for lane in range(GROUP):
                any_rare |= rare(*load_pattern(here, fixed, lane, contiguous))
        if any_rare:
            compute_all(source, moves(steps), fixed, length, results)
        else:
            compute_fast(source, moves(steps), fixed, length, results)

    return compute


def gathered(k: int, inputs: int) -> Function:
    """Make a function that returns pointers to contiguous elements of the inputs from ``k`` on, a group at least.

    What is not contiguous is copied; what has less elements than a group ends with copies of the last one.
    """
    others: Any = gathered(k + 1, inputs) if k + 1 < inputs else None

    def gather_one(row: Any, steps: Any, start: int, length: int, aside: Any) -> Any:
        step = steps[k]
        source, target = shift(row[k], start * step), aside[k]
        if step == 1 and length >= GROUP:
            return source
        copied = length if step != 0 else 0
        for j in range(0, copied - 7, 8):  # one by one, they take twice as long
            eight, to = shift(source, j * step), shift(target, j)
            store(to, 0, load_output(eight, 0))
            store(to, 1, load_output(eight, step))
            store(to, 2, load_output(eight, 2 * step))
            store(to, 3, load_output(eight, 3 * step))
            store(to, 4, load_output(eight, 4 * step))
            store(to, 5, load_output(eight, 5 * step))
            store(to, 6, load_output(eight, 6 * step))
            store(to, 7, load_output(eight, 7 * step))
        for j in range(copied - copied % 8, copied):
            store(target, j, load_output(source, j * step))
        last = load_output(source, (length - 1) * step)
        for j in range(copied, GROUP):
            store(target, j, last)
        return target

    def gather_last(row: Any, steps: Any, start: int, length: int, aside: Any) -> Any:
        return (gather_one(row, steps, start, length, aside),)

    def gather(row: Any, steps: Any, start: int, length: int, aside: Any) -> Any:
        return gather_one(row, steps, start, length, aside), *others(row, steps, start, length, aside)

    return gather_last if others is None else gather


def gathered_moves(k: int, inputs: int) -> Function:
    """Make a function that returns the strides of the inputs from ``k`` on that ``gathered`` has left: 0 or 1."""
    others: Any = gathered_moves(k + 1, inputs) if k + 1 < inputs else None

    def last_moves(steps: Any) -> Any:
        return (0 if steps[k] == 0 else 1,)

    def moves(steps: Any) -> Any:
        return 0 if steps[k] == 0 else 1, *others(steps)

    return last_moves if others is None else moves


def group_count(length: int) -> int:
    """Return how many groups hold ``length`` elements."""
    return (length + GROUP - 1) // GROUP


def group_start(group: int, length: int) -> int:
    """Return the first element of a group; the last group ends where the elements do, if there are so many."""
    return max(min(group * GROUP, length - GROUP), 0)


def groups_of_block(scalar: Function, inputs: int) -> Function:
    """Make a function that computes whole groups of elements: a single loop would need a scalar remainder loop."""
    contiguous = Pattern((True,) * inputs)

    def compute(source: Any, moves: Any, fixed: Any, length: int, results: Any) -> None:
        for group in range(group_count(length)):
            start = group_start(group, length)
            here, to = advance(source, moves, start), shift(results, start)
            for lane in range(GROUP):
                store(to, lane, scalar(*load_pattern(here, fixed, lane, contiguous)))

    return compute


def row_gathered(
    scalar: Function, inputs: int, speculative: bool, fast_path: tuple[Function, Function] | None = None
) -> Function:
    """Make the loop over rows of any strides, block by block, for a function too large for one loop per pattern.

    The results of whole groups are written where they belong unless they may be computed twice, since the output may be
    an input.
    """
    compute = block_in_part(scalar, *fast_path, inputs) if fast_path else block_gathered(scalar, inputs, speculative)
    once = not speculative or fast_path is not None

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        fixed = load(row, steps, 0)
        aside = accumulators(BLOCK, out)
        start = 0
        while start < length:
            end = min(start + BLOCK, length)
            if 0 < length - end < GROUP:  # what is left would have to be copied
                end -= GROUP
            direct = once and out_step == 1 and (end - start) % GROUP == 0
            compute(row, steps, fixed, start, end, shift(out, start) if direct else aside)
            for j in range(start, start if direct else end):
                store(out, j * out_step, load_output(aside, j - start))
            start = end

    return run_row


def speculative_row(scalar: Function, pattern: Pattern, otherwise: Function) -> Function:
    """As ``row_of_pattern``, but speculative: each block takes the fast paths, and is recomputed if one set the flag.

    Results go to a buffer first, since the output may be an input that the second run must still read.
    """
    compute = speculative_block(scalar, pattern)

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        if out_step == 1 and matches(steps, pattern):
            fixed = load(row, steps, 0)
            results = accumulators(BLOCK, out)
            for block in range(0, length, BLOCK):
                end = min(block + BLOCK, length)
                compute(row, steps, fixed, block, end, results)
                for j in range(block, end):
                    store(out, j, load_output(results, j - block))
        else:
            otherwise(row, steps, out, out_step, length)

    return run_row


def any_row(scalar: Function) -> Function:
    """Make the loop over rows of any strides."""

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        for j in range(length):
            store(out, j * out_step, scalar(*load(row, steps, j)))

    return run_row
