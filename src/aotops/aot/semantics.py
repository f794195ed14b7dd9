"""What users' scalar functions mean where Numba means something else.

Integers are weak: ``2 * x`` of a float32 stays in float32. Numba makes float64 of a float32 and an integer, as C does
not: a kernel would compute in half as many lanes because somebody wrote ``2`` for ``2.0``. So before types are
inferred, each operand of an operation is wrapped in a call that gives it the type of the other one, if it is an integer
or a bool and the other is a float.

``x ** y`` becomes the operator's own function on the way, for which Numba has a call of libm; with an integer constant
it becomes multiplications. Shifts get a result for every count: beyond the width Numba leaves them to the CPU. And a
variable that may have no value is refused, where Numba would take what is in its place. A tuple that is indexed is an
array.
"""

from __future__ import annotations

import operator
from typing import Any

import numba
import numpy as np
from numba.core import ir, types
from numba.core.analysis import compute_cfg_from_blocks, compute_use_defs
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.errors import TypingError
from numba.core.ir_utils import build_definitions, get_definition, guard, mk_unique_var
from numba.extending import intrinsic, overload

from aotops import ops
from aotops.aot.elements import CONVERTERS, build, element_function
from aotops.aot.pipeline import INLINED, compiler_with
from aotops.aot.short_loops import POWERS, ShortLoops

SHIFTS = {getattr(operator, f"{i}{side}shift"): side for i in ("", "i") for side in ("l", "r")}
#: The largest integer exponent, without its sign, that is worth multiplications: 9 of them at most.
LARGEST_EXPONENT = 64
OPERATIONS = frozenset(
    getattr(operator, name)
    for plain in ("add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "le", "gt", "ge", "eq", "ne")
    for name in (plain, f"i{plain}")
    if hasattr(operator, name)
)


@intrinsic
def beside(typing_context: Any, value: Any, other: Any) -> Any:
    """A value as it is, or, of an integer or a bool beside a float, in the type of that."""
    weak = isinstance(value, (types.Integer, types.Boolean)) and isinstance(other, types.Float)
    own = value.literal_type if isinstance(value, types.Literal) else value
    result = other if weak else own

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[0], signature.args[0], result)

    return result(value, other), generate


def chain(base: str, exponent: int) -> str:
    """A power as the text of multiplications."""
    if exponent == 1:
        return base
    half = chain(base, exponent // 2)
    squared = f"square({half})"
    return f"{squared} * {base}" if exponent % 2 else squared


def power_function(common: bool) -> Any:
    """``base ** exponent``, or its common case with a note where it is rare, as a function that Numba compiles."""

    def choose(base: Any, exponent: Any) -> Any:
        if isinstance(exponent, types.IntegerLiteral) and abs(exponent.literal_value) <= LARGEST_EXPONENT:
            count = abs(exponent.literal_value)
            # as in Python an inverse of an integer is a float
            one = (
                CONVERTERS[str(base)](1) if isinstance(base, types.Float) else 1.0 if exponent.literal_value < 0 else 1
            )
            text = chain("base", count) if count else "one"
            inverse = f"one / ({text})" if exponent.literal_value < 0 else text
            return build(f"lambda base, exponent: {inverse}", {"one": one, "square": square})
        function = element_function(ops.collect()["pow"], common)
        return lambda base, exponent: function(base, exponent)

    power = build("lambda base, exponent: base**exponent", {})
    # Numba wants the parameters of both without annotations
    overload(power, prefer_literal=True, jit_options=INLINED)(
        build("lambda base, exponent: choose(base, exponent)", {"choose": choose})
    )
    return power


def shift_function(side: str) -> Any:
    """``value << count`` or ``value >> count`` for any count, as in NumPy: from 64 on, and below 0, no bit is left."""

    def choose(value: Any, count: Any) -> Any:
        gone = "value >> 63" if side == "r" and getattr(value, "signed", False) else "value - value"
        operation = "<<" if side == "l" else ">>"
        return build(f"lambda value, count: value {operation} count if 0 <= count < 64 else {gone}", {})

    shift = build("lambda value, count: None", {})
    overload(shift, jit_options=INLINED)(build("lambda value, count: choose(value, count)", {"choose": choose}))
    return shift


@numba.njit(**INLINED)
def square(x: Any) -> Any:
    """``x * x``."""
    return x * x


def compiler_class(common: bool) -> type[CompilerBase]:
    """Numba's compiler with a pass that wraps operands, and with powers of one kind."""
    functions = dict.fromkeys(POWERS, power_function(common))
    functions |= {operation: shift_function(side) for operation, side in SHIFTS.items()}

    @register_pass(mutates_CFG=False, analysis_only=False)
    class Semantics(FunctionPass):
        """Wrap operands in ``beside``, call functions for powers and shifts, make arrays of tables."""

        _name = f"aotops_semantics_{common}"

        def __init__(self) -> None:
            super().__init__()

        def run_pass(self, state: Any) -> bool:
            """Change the function's intermediate code; returns whether anything was."""
            require_values(state.func_ir.blocks)
            changed = False
            for block in state.func_ir.blocks.values():
                body: list[Any] = []
                for statement in block.body:
                    value = getattr(statement, "value", None)
                    if isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop"):
                        changed = wrap(value, statement, block.scope, body, functions) or changed
                    elif isinstance(value, ir.Expr) and value.op == "call" and len(value.args) == 2:
                        function = guard(get_definition, state.func_ir, value.func)
                        if isinstance(function, ir.Global) and function.value in (max, min):
                            value.args = wrapped(value.args, statement.loc, block.scope, body)
                            changed = True
                    elif isinstance(value, ir.Expr) and value.op == "getitem":
                        table = table_of(guard(get_definition, state.func_ir, value.value))
                        if table is not None:
                            contents = ir.Global("table", table, statement.loc)
                            value.value = variable("table", contents, block.scope, body)
                            changed = True
                    body.append(statement)
                block.body = body
            if changed:
                state.func_ir._definitions = build_definitions(state.func_ir.blocks)
            return changed

    return compiler_with(Semantics, ShortLoops)


def table_of(definition: Any) -> np.ndarray | None:
    """A constant tuple of numbers as an array: Numba looks a tuple's items up by a branch for each."""
    items = definition.value if isinstance(definition, (ir.Global, ir.FreeVar)) else None
    if not isinstance(items, tuple) or not items:
        return None
    if not all(isinstance(item, (int, float, np.float32)) for item in items):
        return None
    dtype = np.float32 if any(isinstance(item, np.float32) for item in items) else np.asarray(items).dtype
    return np.asarray(items, dtype)


def require_values(blocks: Any) -> None:
    """Raise ``TypingError`` for a variable that is read where it may not have been given a value."""
    uses, gives = compute_use_defs(blocks)
    successors = {start: [next_ for next_, _ in compute_cfg_from_blocks(blocks).successors(start)] for start in blocks}
    before = {start: set(uses[start]) for start in blocks}
    changed = True
    while changed:
        changed = False
        for start in blocks:
            needed = before[start].union(*(before[next_] - gives[start] for next_ in successors[start]))
            changed, before[start] = changed or needed != before[start], needed
    # names with a dollar are Numba's own
    for name in sorted(name for name in before[min(blocks)] if not name.startswith("$")):
        statements = [statement for start in sorted(blocks) for statement in blocks[start].body]
        reads = [each for each in statements if name in uses_of(each)]
        place = reads[0].loc if reads else None
        raise TypingError(f"The variable {name.partition('.')[0]} may have no value where it is read.", loc=place)


def uses_of(statement: Any) -> list[str]:
    """The names of the variables that a statement reads."""
    value = statement.value if isinstance(statement, ir.Assign) else statement
    return [variable.name for variable in value.list_vars()] if isinstance(value, ir.Inst) else []


def wrapped(operands: tuple[Any, Any], place: Any, scope: Any, body: list[Any]) -> tuple[Any, Any]:
    """Two operands, each beside the other; what that needs goes into ``body``."""
    function = variable("beside", ir.Global("beside", beside, place), scope, body)
    left, right = (
        variable("weak", ir.Expr.call(function, arguments, (), place), scope, body)
        for arguments in (operands, operands[::-1])
    )
    return left, right


def variable(name: str, contents: Any, scope: Any, body: list[Any]) -> Any:
    """A new variable with some contents."""
    made = ir.Var(scope, mk_unique_var(f"${name}"), contents.loc)
    body.append(ir.Assign(contents, made, contents.loc))
    return made


def wrap(value: Any, statement: Any, scope: Any, body: list[Any], functions: dict[Any, Any]) -> bool:
    """Change one operation and put what it needs before it into ``body``; returns whether anything was changed."""
    place, operands = statement.loc, (value.lhs, value.rhs)
    if value.fn in functions:
        function = variable("function", ir.Global("function", functions[value.fn], place), scope, body)
        statement.value = ir.Expr.call(function, operands, (), place)
        return True
    if value.fn in OPERATIONS:
        value.lhs, value.rhs = wrapped(operands, place, scope, body)
        return True
    return False


#: For functions of all elements, and of the common ones.
COMPILERS = {common: compiler_class(common) for common in (False, True)}
