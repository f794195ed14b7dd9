"""Mark short loops in user-defined scalar functions; LLVM unrolls them if ``aotops.aot.back.sizes`` allows.

A loop over elements is vectorized only if it contains no other loop: five steps of Newton's method take 0.5 ns per
element in vectors, and 6.1 ns in scalar code. LLVM unrolls short loops on its own, but here only after the reductions'
loops over lanes have been vectorized, which is too late. Loops whose number of iterations is known, over a ``range`` of
constants or over a tuple, are therefore marked.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, find_const, get_definition, guard, mk_unique_var

from aotops.aot.front.lowering import short_loop

#: More copies of a loop's body gain nothing, however small it is; ``aotops.aot.back.sizes`` bounds the size.
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


@register_pass(mutates_CFG=False, analysis_only=False)
class ShortLoops(FunctionPass):
    """Inserts a call of ``short_loop`` into each short loop."""

    _name = "aotops_short_loops"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Change the function's intermediate code; returns whether anything changed."""
        blocks = state.func_ir.blocks
        counts = {
            start: iteration_count(state.func_ir, blocks[start]) for start in compute_cfg_from_blocks(blocks).loops()
        }
        short = {start: count for start, count in counts.items() if count is not None and count <= MOST_COPIES}
        for start, count in short.items():
            block, place = blocks[start], blocks[start].loc
            function, number, nothing = (
                ir.Var(block.scope, mk_unique_var(f"${name}"), place) for name in ("short_loop", "count", "nothing")
            )
            block.prepend(ir.Assign(ir.Expr.call(function, (number,), (), place), nothing, place))
            block.prepend(ir.Assign(ir.Const(count, place), number, place))
            block.prepend(ir.Assign(ir.Global("short_loop", short_loop, place), function, place))
        if short:
            state.func_ir._definitions = build_definitions(blocks)
        return bool(short)
