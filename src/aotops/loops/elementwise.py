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

#: Elements that take the fast path together, or not: 16 vectors of float64 on x86-64-v4.
BLOCK = 128
#: Elements that a large function is computed for together: 1 vector of float32 on x86-64-v4, 8 of float64 on -v2.
GROUP = 16


def elementwise(
    scalar: Function,
    signature: Signature,
    fast_path: tuple[Function, Function] | None = None,
    speculative: bool = False,
    patterns: Sequence[Pattern] | None = None,
    gathers: bool = False,
) -> Callable[..., None]:
    """Make the kernel ``out[i, j] = scalar(*(x[i, j] for x in inputs))`` of the ABI in ``kernel.h``.

    A row whose operands are contiguous, or are one element repeated, has a loop of its own, because only
    there can the compiler use whole vectors. ``fast_path`` is a cheaper function, and a predicate for the elements
    that it cannot handle; such rows take it for every block without one. ``speculative``: the functions that ``scalar``
    calls have fast paths; run each block with them, and again without if one set the flag. ``patterns``: those that
    have a loop, by default all that ``row_patterns`` gives. ``gathers``: all other rows have one over copies of what is
    not contiguous, in place of one without vectors: where ``scalar`` is long, and loops are few because it is.
    """
    inputs = len(signature.inputs)
    run_row = row_gathered(scalar, inputs, speculative) if gathers else any_row(scalar)
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
        rows = n0 if n1 > 0 else 0  # rows without elements have nothing to look at
        for i in range(rows):
            run_row(advance(inputs, outer, i), inner, shift(out, i * out_outer), out_inner, n1)

    return kernel


def row_patterns(inputs: int) -> list[Pattern]:
    """The patterns worth a loop: all inputs contiguous, or some of them repeated, up to three inputs in any way."""
    if inputs <= 3:
        choices = list(product((True, False), repeat=inputs))
    else:
        choices = [(True,) * inputs, *(tuple(k != fixed for k in range(inputs)) for fixed in range(inputs))]
    return [Pattern(moves) for moves in choices if any(moves)]


def derivative_patterns(inputs: int) -> list[Pattern]:
    """The patterns worth a loop in the derivative of a function of some inputs; a result and a gradient are two more.

    The result has the shape of the inputs, so it moves with them. One of several inputs may be repeated, and so may the
    gradient, which is one number where the derivative of a sum is taken.
    """
    repeated = [*range(inputs if inputs > 1 else 0), inputs + 1]
    return [Pattern(tuple(k != fixed for k in range(inputs + 2))) for fixed in (None, *repeated)]


def row_of_pattern(scalar: Function, pattern: Pattern, otherwise: Function) -> Function:
    """A row for inputs that step as a pattern says and a contiguous output; other rows are passed on."""

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        if out_step == 1 and matches(steps, pattern):
            fixed = load(row, steps, 0)
            for j in range(length):
                store(out, j, scalar(*load_pattern(row, fixed, j, pattern)))
        else:
            otherwise(row, steps, out, out_step, length)

    return run_row


def row_in_blocks(scalar: Function, fast: Function, rare: Function, pattern: Pattern, otherwise: Function) -> Function:
    """As ``row_of_pattern``, with ``fast`` in place of ``scalar`` for blocks that have no rare element.

    Three loops without a branch inside: look at a block, then compute all of it one way or the other. Looking comes
    first, so that the output may be an input.
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
    """Compute a block of a row with fast paths, and again without them if one set the flag."""
    fast_path = FastPath(scalar)

    def compute(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        clear_flag()
        for j in range(start, end):
            store(results, j - start, fast_path(*load_pattern(row, fixed, j, pattern)))
        if flag_is_set():
            for j in range(start, end):
                store(results, j - start, scalar(*load_pattern(row, fixed, j, pattern)))

    return compute


def block_gathered(scalar: Function, inputs: int, speculative: bool, size: int = BLOCK) -> Function:
    """Compute a block of a row of any steps, at most ``size`` elements; ``speculative``: with fast paths first.

    There is one loop, over whole groups of contiguous elements. An input that is not contiguous, or ends inside of a
    group, is copied first, which takes 0.5 ns for an element, or 0.1 if it is repeated. Results are whole groups, too.
    """
    contiguous = Pattern((True,) * inputs)
    compute_all = groups_of_block(scalar, contiguous)
    compute_first = groups_of_block(FastPath(scalar), contiguous)
    gather = gathered(0, inputs)

    def compute(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        source = gather(row, steps, start, end - start, accumulators(size, row))
        compute_all(source, fixed, group_count(end - start), results)

    def compute_speculatively(row: Any, steps: Any, fixed: Any, start: int, end: int, results: Any) -> None:
        source = gather(row, steps, start, end - start, accumulators(size, row))
        clear_flag()
        compute_first(source, fixed, group_count(end - start), results)
        if flag_is_set():
            compute_all(source, fixed, group_count(end - start), results)

    return compute_speculatively if speculative else compute


def gathered(k: int, inputs: int) -> Function:
    """Whole groups of contiguous elements of the inputs from the ``k``-th on, of a part of a row: a tuple of pointers.

    An input that has them in place stays there; another one is copied, and its last element repeated.
    """
    others: Any = gathered(k + 1, inputs) if k + 1 < inputs else None

    def gather_one(row: Any, steps: Any, start: int, length: int, aside: Any) -> Any:
        step = steps[k]
        source, target = shift(row[k], start * step), aside[k]
        if step == 1 and length % GROUP == 0:
            return source
        copied = length if step != 0 else 0
        for j in range(copied):
            store(target, j, load_output(source, j * step))
        last = load_output(source, (length - 1) * step)
        for j in range(copied, group_count(length) * GROUP):
            store(target, j, last)
        return target

    def gather_last(row: Any, steps: Any, start: int, length: int, aside: Any) -> Any:
        return (gather_one(row, steps, start, length, aside),)

    def gather(row: Any, steps: Any, start: int, length: int, aside: Any) -> Any:
        return gather_one(row, steps, start, length, aside), *others(row, steps, start, length, aside)

    return gather_last if others is None else gather


def group_count(length: int) -> int:
    """How many groups some elements fill or begin."""
    return (length + GROUP - 1) // GROUP


def groups_of_block(scalar: Function, contiguous: Pattern) -> Function:
    """Compute some groups of elements; a loop over all of them would have a second one for what vectors leave."""

    def compute(source: Any, fixed: Any, groups: int, results: Any) -> None:
        for group in range(groups):
            for lane in range(GROUP):
                j = group * GROUP + lane
                store(results, j, scalar(*load_pattern(source, fixed, j, contiguous)))

    return compute


def row_gathered(scalar: Function, inputs: int, speculative: bool) -> Function:
    """A row for operands of any steps, block by block: of a function that is too large for a loop a pattern."""
    compute = block_gathered(scalar, inputs, speculative)

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        fixed = load(row, steps, 0)
        results = accumulators(BLOCK, out)
        for block in range(0, length, BLOCK):
            end = min(block + BLOCK, length)
            compute(row, steps, fixed, block, end, results)
            for j in range(block, end):
                store(out, j * out_step, load_output(results, j - block))

    return run_row


def speculative_row(scalar: Function, pattern: Pattern, otherwise: Function) -> Function:
    """As ``row_of_pattern``, with fast paths for blocks in which none sets the flag.

    Results wait aside until that is known, since the output may be an input.
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
    """A row for operands of any steps."""

    def run_row(row: Any, steps: Any, out: Any, out_step: int, length: int) -> None:
        for j in range(length):
            store(out, j * out_step, scalar(*load(row, steps, j)))

    return run_row
