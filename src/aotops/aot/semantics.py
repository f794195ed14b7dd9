"""Integers are weak in users' scalar functions: ``2 * x`` of a float32 stays in float32.

Numba makes float64 of a float32 and an integer, as C does not: a kernel would compute in half as many lanes because
somebody wrote ``2`` for ``2.0``. So before types are inferred, each operand of an operation is wrapped in a call that
gives it the type of the other one, if it is an integer or a bool and the other is a float.

``x ** y`` becomes the operator's own function on the way, for which Numba has a call of libm; with an integer constant
it becomes multiplications.
"""

from __future__ import annotations

import operator
from typing import Any

import numba
from numba.core import ir, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, get_definition, guard, mk_unique_var
from numba.core.untyped_passes import IRProcessing
from numba.extending import intrinsic, overload

from aotops import ops
from aotops.aot.elements import CONVERTERS, build, element_function

POWERS = (operator.pow, operator.ipow)
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
        if isinstance(exponent, types.IntegerLiteral) and isinstance(base, types.Float):
            count = abs(exponent.literal_value)
            if count <= LARGEST_EXPONENT:
                one = CONVERTERS[str(base)](1)
                text = chain("base", count) if count else "one"
                inverse = f"one / ({text})" if exponent.literal_value < 0 else text
                return build(f"lambda base, exponent: {inverse}", {"one": one, "square": square})
        if isinstance(base, types.Float) or isinstance(exponent, types.Float):
            function = element_function(ops.collect()["pow"], common)
            return lambda base, exponent: function(base, exponent)
        return lambda base, exponent: base**exponent

    power = build("lambda base, exponent: base**exponent", {})
    # Numba wants the parameters of both without annotations
    overload(power, prefer_literal=True, jit_options={"forceinline": True})(
        build("lambda base, exponent: choose(base, exponent)", {"choose": choose})
    )
    return power


@numba.njit(forceinline=True)
def square(x: Any) -> Any:
    """``x * x``."""
    return x * x


def compiler_class(common: bool) -> type[CompilerBase]:
    """Numba's compiler with a pass that wraps operands, and with powers of one kind."""
    power = power_function(common)

    @register_pass(mutates_CFG=False, analysis_only=False)
    class WeakIntegers(FunctionPass):
        """Wrap operands in ``beside``, call ``power``."""

        _name = f"aotops_weak_integers_{common}"

        def __init__(self) -> None:
            super().__init__()

        def run_pass(self, state: Any) -> bool:
            """Change the function's intermediate code; returns whether anything was."""
            changed = False
            for block in state.func_ir.blocks.values():
                body: list[Any] = []
                for statement in block.body:
                    value = getattr(statement, "value", None)
                    if isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop"):
                        changed = wrap(value, statement, block.scope, body, power) or changed
                    elif isinstance(value, ir.Expr) and value.op == "call" and len(value.args) == 2:
                        function = guard(get_definition, state.func_ir, value.func)
                        if isinstance(function, ir.Global) and function.value in (max, min):
                            value.args = wrapped(value.args, statement.loc, block.scope, body)
                            changed = True
                    body.append(statement)
                block.body = body
            if changed:
                state.func_ir._definitions = build_definitions(state.func_ir.blocks)
            return changed

    class WeakIntegersCompiler(CompilerBase):
        """The passes."""

        def define_pipelines(self) -> Any:
            """Numba's, and one more."""
            manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
            manager.add_pass_after(WeakIntegers, IRProcessing)
            manager.finalize()
            return [manager]

    return WeakIntegersCompiler


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


def wrap(value: Any, statement: Any, scope: Any, body: list[Any], power: Any) -> bool:
    """Change one operation and put what it needs before it into ``body``; returns whether anything was changed."""
    place, operands = statement.loc, (value.lhs, value.rhs)
    if value.fn in POWERS:
        function = variable("power", ir.Global("power", power, place), scope, body)
        statement.value = ir.Expr.call(function, operands, (), place)
        return True
    if value.fn in OPERATIONS:
        value.lhs, value.rhs = wrapped(operands, place, scope, body)
        return True
    return False


#: For functions of all elements, and of the common ones.
COMPILERS = {common: compiler_class(common) for common in (False, True)}
