"""Mark short loops in user-defined scalar functions, and make loops that may be long poll for interruption.

LLVM unrolls short loops if ``aotops.aot.back.sizes`` allows.

A loop over elements is vectorized only if it contains no other loop: five steps of Newton's method take 0.5 ns per
element in vectors, and 6.1 ns in scalar code. LLVM unrolls short loops on its own, but here only after the reductions'
loops over lanes have been vectorized, which is too late. Loops whose number of iterations is known, over a ``range`` of
constants or over a tuple, are therefore marked.

A loop whose number of iterations is not known, or large, may never end, and no launch may be endless: it polls
(``aotops.aot.back.polling``).
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, find_const, get_definition, guard, mk_unique_var

from aotops.aot.back.polling import PERIOD
from aotops.aot.front.lowering import poll, short_loop
from aotops.scalar.functions import FEW_ITERATIONS, ends_soon, has_loop, reached

#: Unrolling a loop further gains nothing, however small its body is; ``aotops.aot.back.sizes`` bounds the size.
MOST_COPIES = 64
POWERS = (operator.pow, operator.ipow)


def iteration_count(func_ir: Any, header: Any) -> int | None:
    """Return the number of iterations of a ``for`` loop, or None if it is not known."""
    iterators = [
        statement.value.value
        for statement in header.body
        if isinstance(statement, ir.Assign)
        and isinstance(statement.value, ir.Expr)
        and statement.value.op == "iternext"
    ]
    made = guard(get_definition, func_ir, iterators[0]) if iterators else None
    if not isinstance(made, ir.Expr) or made.op != "getiter":
        return None
    over = guard(get_definition, func_ir, made.value)
    if isinstance(over, ir.Expr) and over.op == "call":
        function = guard(get_definition, func_ir, over.func)
        known = [bound for bound in (number(func_ir, argument) for argument in over.args) if bound is not None]
        if not isinstance(function, (ir.Global, ir.FreeVar)) or function.value is not range:
            return None
        return len(range(*known)) if len(known) == len(over.args) and known[2:] != [0] else None
    return length(over)


def length(definition: Any) -> int | None:
    """Return the length of a constant tuple or array, or None."""
    known = isinstance(definition, (ir.Global, ir.FreeVar)) and isinstance(definition.value, (tuple, np.ndarray))
    return len(definition.value) if known else None


def number(func_ir: Any, variable: Any) -> int | None:
    """Return the value of an integer constant, or of ``len`` of a constant, or None."""
    definition = guard(get_definition, func_ir, variable)
    if isinstance(definition, ir.Expr) and definition.op == "call" and len(definition.args) == 1:
        function = guard(get_definition, func_ir, definition.func)
        if isinstance(function, (ir.Global, ir.FreeVar)) and function.value is len:
            return length(guard(get_definition, func_ir, definition.args[0]))
    value = guard(find_const, func_ir, variable)
    return value if isinstance(value, int) else None


def called(func_ir: Any, labels: Any) -> list[Any]:
    """Return the functions called in some blocks that have loops, or call functions with loops."""
    found = []
    for label in labels:
        for statement in func_ir.blocks[label].body:
            value = getattr(statement, "value", None)
            if isinstance(value, ir.Expr) and value.op == "call":
                function = global_value(func_ir, value.func)
                if function is not None and any(map(has_loop, reached(function))):
                    found.append(function)
    return found


def global_value(func_ir: Any, variable: Any) -> Any:
    """Return the value of a global variable, a closure, or an attribute of one; or None."""
    definition = guard(get_definition, func_ir, variable)
    if isinstance(definition, (ir.Global, ir.FreeVar)):
        return definition.value
    if isinstance(definition, ir.Expr) and definition.op == "getattr":
        return getattr(global_value(func_ir, definition.value), definition.attr, None)
    return None


def periods(func_ir: Any, loops: Any, counts: dict[Any, int | None]) -> dict[Any, int]:
    """Return the loops that poll, by their headers, with the number of iterations per poll.

    Loops that call functions with loops poll in every iteration: one call of such a function may have too few
    iterations for a poll of its own.
    """
    found = {}
    for header, loop in loops.items():
        around = [counts[other] or 1 for other, each in loops.items() if header in each.body]
        few = counts[header] is not None and math.prod(around) <= FEW_ITERATIONS
        functions = called(func_ir, loop.body)
        if functions and not (few and all(map(ends_soon, functions))):
            found[header] = 1
        elif not few:
            found[header] = PERIOD
    return found


@register_pass(mutates_CFG=False, analysis_only=False)
class ShortLoops(FunctionPass):
    """Inserts a call of ``short_loop`` into each short loop, and one of ``poll`` into each that may be long."""

    _name = "aotops_short_loops"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Change the function's intermediate code; returns whether anything changed."""
        blocks = state.func_ir.blocks
        loops = compute_cfg_from_blocks(blocks).loops()
        counts = {start: iteration_count(state.func_ir, blocks[start]) for start in loops}
        calls = {start: (poll, period) for start, period in periods(state.func_ir, loops, counts).items()}
        for start, count in counts.items():
            if count is not None and count <= MOST_COPIES and start not in calls:
                calls[start] = short_loop, count
        for start, (function, argument) in calls.items():
            prepend_call(blocks[start], function, argument)
        if calls:
            state.func_ir._definitions = build_definitions(blocks)
        return bool(calls)


def prepend_call(block: Any, callee: Any, argument: int) -> None:
    """Insert a call of an intrinsic with a constant at the start of a block."""
    place = block.loc
    function, number, nothing = (
        ir.Var(block.scope, mk_unique_var(f"${name}"), place) for name in ("intrinsic", "number", "nothing")
    )
    block.prepend(ir.Assign(ir.Expr.call(function, (number,), (), place), nothing, place))
    block.prepend(ir.Assign(ir.Const(argument, place), number, place))
    block.prepend(ir.Assign(ir.Global("intrinsic", callee, place), function, place))
