"""The loop nest of scans, which replace each element of an axis by the running result.

The operands are the elements, the result of all elements before them (the *carry*) and the output. The carry has
stride 0 along the scanned axis, which tells the kernel which axis that is. Callers cut long axes into pieces and pass
the carry of each (``native/scan.c``), so errors grow with the depth of a tree, not with the length of the axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import (
    Signature,
    input_pointers,
    input_steps,
    load_output,
    output_pointer,
    output_step,
    shift,
    store,
)
from aotops.loops.reduce import is_exact

Function = Callable[..., Any]

# Within a run of this length, results are combined from the run's first element on, and with the carry last: errors are
# those of 16 groups of 4 elements.
RUN = 64


def scan(combine: Function, signature: Signature) -> Callable[..., None]:
    """Make the kernel ``out[..., j] = combine(carry, combine(x[..., 0], ..., x[..., j]))`` along one axis of a tile."""
    scan_row = scan_exact_row(combine) if is_exact(signature) else scan_float_row(combine)

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        x, carry = input_pointers(data, signature)
        out = output_pointer(data, signature)
        x_inner, carry_inner = input_steps(strides, 0, signature)
        x_outer, carry_outer = input_steps(strides, 1, signature)
        out_inner = output_step(strides, 0, signature)
        out_outer = output_step(strides, 1, signature)
        if carry_inner == 0:
            for i in range(n0):
                row = shift(x, i * x_outer)
                target = shift(out, i * out_outer)
                before = load_output(carry, i * carry_outer)
                if x_inner == 1 and out_inner == 1:
                    scan_row(row, 1, before, target, 1, n1)
                else:
                    scan_row(row, x_inner, before, target, out_inner, n1)
            return
        for i in range(n0):
            row = shift(x, i * x_outer)
            target = shift(out, i * out_outer)
            previous = carry if i == 0 else shift(out, (i - 1) * out_outer)
            step = carry_inner if i == 0 else out_inner
            if x_inner == 1 and out_inner == 1 and step == 1:
                for j in range(n1):
                    store(target, j, combine(load_output(previous, j), load_output(row, j)))
            else:
                for j in range(n1):
                    store(
                        target,
                        j * out_inner,
                        combine(load_output(previous, j * step), load_output(row, j * x_inner)),
                    )

    return kernel


def scan_exact_row(combine: Function) -> Function:
    """Scan a row of integers in order: any order gives the same result, and a combination takes one cycle."""

    def scan_row(x: Any, step: int, carry: Any, out: Any, out_step: int, length: int) -> None:
        for j in range(length):
            carry = combine(carry, load_output(x, j * step))
            store(out, j * out_step, carry)

    return scan_row


def scan_float_row(combine: Function) -> Function:
    """Scan a row of floats in fours: four elements pay the latency of the running result once, not four times."""

    def scan_row(x: Any, step: int, carry: Any, out: Any, out_step: int, length: int) -> None:
        start = 0
        while start < length:
            end = min(start + RUN, length)
            running = load_output(x, start * step)
            latest = combine(carry, running)
            store(out, start * out_step, latest)
            fours = (end - start - 1) // 4
            for four in range(fours):
                j = start + 1 + four * 4
                a = load_output(x, j * step)
                b = load_output(x, (j + 1) * step)
                c = load_output(x, (j + 2) * step)
                d = load_output(x, (j + 3) * step)
                ab = combine(a, b)
                store(out, j * out_step, combine(carry, combine(running, a)))
                store(out, (j + 1) * out_step, combine(carry, combine(running, ab)))
                store(out, (j + 2) * out_step, combine(carry, combine(running, combine(ab, c))))
                running = combine(running, combine(ab, combine(c, d)))
                latest = combine(carry, running)
                store(out, (j + 3) * out_step, latest)
            for j in range(start + 1 + fours * 4, end):
                running = combine(running, load_output(x, j * step))
                latest = combine(carry, running)
                store(out, j * out_step, latest)
            carry = latest
            start = end

    return scan_row
