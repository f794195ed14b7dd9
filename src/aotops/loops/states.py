"""The loop nests of reductions and scans whose state is several numbers.

A reduction's is that of ``aotops.loops.reduce``, whose output is then one array for each number: results are combined
in the same order, whatever the state is. This module converts states to their dtypes, so that what a function returns
never decides in which precision parts are combined.

A scan goes piece by piece: a map makes states of the elements, in memory of its own; the scan replaces each by the
running one; carries are combined with all of them; another map makes results of them (``native/scan.c``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import (
    Signature,
    converted,
    input_pointers,
    input_steps,
    load_output,
    output_pointer,
    output_step,
    shift,
    store,
)
from aotops.loops.scan import RUN

Function = Callable[..., Any]


def beginning(of: Function, signature: Signature) -> Function:
    """Make the function of the inputs that returns a state, the output of a signature."""

    def begin(*values: Any) -> Any:
        return converted(of(*values), signature)

    return begin


def combining(combine: Function, signature: Signature) -> Function:
    """Make the function that combines two states, each the output of a signature."""

    def combine_states(a: Any, b: Any) -> Any:
        return converted(combine(a, b), signature)

    return combine_states


def settling(settle: Function, signature: Signature) -> Function:
    """Make the function that makes a state, the output of a signature, fit for more elements."""

    def settle_state(state: Any) -> Any:
        return converted(settle(state), signature)

    return settle_state


def combining_numbers(combine: Function, count: int) -> Function:
    """Make the same function of the ``count`` numbers of one state, and then those of the other."""

    def combine_numbers(*values: Any) -> Any:
        return combine(values[:count], values[count:])

    return combine_numbers


def scan_states(combine: Function, signature: Signature) -> Callable[..., None]:
    """Make the kernel that replaces the states along one axis of a tile by the running ones, after a carry.

    The inputs are the carry, with stride 0 along the scanned axis; the outputs are the states, which are contiguous
    along the inner axis.
    """
    scan_row = scan_state_row(combine)

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        carry, states = input_pointers(data, signature), output_pointer(data, signature)
        carry_inner, carry_outer = input_steps(strides, 0, signature)[0], input_steps(strides, 1, signature)[0]
        outer = output_step(strides, 1, signature)
        if carry_inner == 0:
            for i in range(n0):
                row = shift(states, i * outer)
                scan_row(row, load_output(carry, i * carry_outer), n1)
            return
        for i in range(n0):
            row = shift(states, i * outer)
            previous = carry if i == 0 else shift(states, (i - 1) * outer)
            for j in range(n1):
                store(row, j, combine(load_output(previous, j), load_output(row, j)))

    return kernel


def scan_state_row(combine: Function) -> Function:
    """As ``aotops.loops.scan.scan_float_row``, in the same order, in place.

    The carry is combined with a whole run afterwards, in vectors: a combination of states takes ten instructions.
    """

    def scan_row(row: Any, carry: Any, length: int) -> None:
        for start in range(0, length, RUN):
            end = min(start + RUN, length)
            running = load_output(row, start)
            fours = (end - start - 1) // 4
            for four in range(fours):
                j = start + 1 + four * 4
                a, b = load_output(row, j), load_output(row, j + 1)
                c, d = load_output(row, j + 2), load_output(row, j + 3)
                ab = combine(a, b)
                store(row, j, combine(running, a))
                store(row, j + 1, combine(running, ab))
                store(row, j + 2, combine(running, combine(ab, c)))
                running = combine(running, combine(ab, combine(c, d)))
                store(row, j + 3, running)
            for j in range(start + 1 + fours * 4, end):
                running = combine(running, load_output(row, j))
                store(row, j, running)
            for j in range(start, end):
                store(row, j, combine(carry, load_output(row, j)))
            carry = load_output(row, end - 1)

    return scan_row
