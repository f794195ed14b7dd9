"""Numba's passes for functions of whole arrays: those of scalar functions, with places of errors and references.

Two things differ from ``aotops.aot.front.pipeline``: the functions allocate temporaries, whose references are counted,
and they raise. Numba leaves out where an index is checked; here every exception has the place of the statement that is
being lowered.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numba
from numba.core import ir, types
from numba.core.callconv import CPUCallConv
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.cpu import CPUContext
from numba.core.imputils import impl_ret_borrowed
from numba.core.ir_utils import build_definitions, get_definition, guard
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering
from numba.core.untyped_passes import IRProcessing
from numba.extending import intrinsic, overload

from aotops.aot.front.pipeline import LoweringAlone, target_context
from aotops.aot.front.rejection import RejectedError
from aotops.aot.front.scalar_calls import build, callable_function
from aotops.aot.front.semantics import OPERATIONS, POWERS, TABLED, table_of, variable
from aotops.aot.front.short_loops import POWERS as POWER_OPERATIONS

# --- places of exceptions -----------------------------------------------------------------------------------------

_places: list[Any] = []
_NUMBA = os.path.dirname(numba.__file__) + os.sep


class PlacedLower(Lower):
    """Numba's lowering, which remembers the place of the statement that it lowers."""

    def lower_inst(self, inst: Any) -> Any:
        """Lower a statement."""
        _places.append(inst.loc)
        try:
            return super().lower_inst(inst)
        finally:
            _places.pop()


class PlacedCallConv(CPUCallConv):
    """Numba's calling convention, which gives every exception a place."""

    def build_excinfo_struct(self, exc: Any, exc_args: Any, loc: Any, func_name: Any) -> Any:
        """Return the class, the arguments, and the place."""
        place = loc if loc is not None else _places[-1] if _places else None
        return exc, exc_args, None if place is None else ("", place.filename, place.line)

    def set_dynamic_user_exc(
        self, builder: Any, exc: Any, exc_args: Any, nb_types: Any, loc: Any = None, func_name: Any = None
    ) -> None:
        """Reject an exception whose message is made when the kernel runs; Numba's own get a constant one."""
        place = loc if loc is not None else _places[-1] if _places else None
        if place is not None and place.filename.startswith(_NUMBA):
            constant = ", ".join(each for each in exc_args if isinstance(each, str)) or "invalid arguments"
            self.set_static_user_exc(builder, exc, (constant,), place, func_name)
            return
        raise RejectedError(
            "raises an exception with values in its message; write a constant, as in raise ValueError('...')", loc=place
        )


@register_pass(mutates_CFG=True, analysis_only=False)
class ArrayLowering(LoweringAlone):
    """The lowering of functions of arrays."""

    _name = "aotops_array_lowering"

    @property
    def lowering_class(self) -> Any:
        """The class that lowers."""
        return PlacedLower


class ArrayContext(CPUContext):
    """Numba's target with another calling convention; contexts are made by copying, never by this class."""

    @property
    def call_conv(self) -> Any:
        """The calling convention."""
        return PlacedCallConv(self)


@cache
def array_context() -> Any:
    """Return Numba's context for functions of arrays."""
    context = target_context().subtarget(cached_internal_func={})
    context.__class__ = ArrayContext
    return context


# --- operations ---------------------------------------------------------------------------------------------------


def is_number(type_: Any) -> bool:
    """Whether a Numba type is a real number."""
    return isinstance(type_, (types.Integer, types.Boolean, types.Float))


@intrinsic
def beside(typing_context: Any, value: Any, other: Any) -> Any:
    """Convert an integer or a bool to the type of the other operand if that is a float; return others as they are."""
    own = value.literal_type if isinstance(value, types.Literal) and is_number(value) else value
    weak = isinstance(value, (types.Integer, types.Boolean)) and isinstance(other, types.Float)
    result = other if weak else own

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if is_number(own):
            return context.cast(builder, arguments[0], signature.args[0], result)
        return impl_ret_borrowed(context, builder, result, arguments[0])

    return result(value, other), generate


def inlined() -> dict[str, Any]:
    """Return the options with which functions that only choose others are compiled."""
    return {"forceinline": True, "pipeline_class": ArrayCompiler, "error_model": "numpy"}


def choosing(name: str, of_numbers: Any, otherwise: Any) -> Any:
    """Return a function that Numba compiles to one function of real numbers, and to another of anything else."""

    def choose(*values: Any) -> Any:
        chosen = of_numbers if values and all(map(is_number, values)) else otherwise
        arguments = ", ".join(f"values[{k}]" for k in range(len(values)))
        return build(f"lambda *values: function({arguments})", {"function": chosen})

    stub = build("lambda *values: None", {})
    stub.__name__ = name
    overload(stub, jit_options=inlined())(build("lambda *values: choose(*values)", {"choose": choose}))
    return stub


def choosing_power(of_numbers: Any, otherwise: Any) -> Any:
    """Return ``choosing`` of powers, which depend on whether the exponent is a constant."""

    def choose(base: Any, exponent: Any) -> Any:
        chosen = of_numbers if is_number(base) and is_number(exponent) else otherwise
        return build("lambda base, exponent: function(base, exponent)", {"function": chosen})

    stub = build("lambda base, exponent: None", {})
    implementation = build("lambda base, exponent: choose(base, exponent)", {"choose": choose})
    overload(stub, prefer_literal=True, jit_options=inlined())(implementation)
    return stub


class ArrayCompiler(CompilerBase):
    """Numba's passes, to unoptimized code."""

    passes: tuple[type, ...] = ()

    def __init__(self, typing: Any, target: Any, *rest: Any) -> None:
        super().__init__(typing, array_context(), *rest)

    def define_pipelines(self) -> Any:
        """Return the only pipeline."""
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        for each in self.passes:
            manager.add_pass_after(each, IRProcessing)
        manager.passes = [
            (ArrayLowering if each is NativeLowering else each, description) for each, description in manager.passes
        ]
        manager.finalize()
        return [manager]


@cache
def operation(name: str) -> Any:
    """Return what an operator of ``aotops.scalar.callables`` means: Numba's own operator where it is not of numbers."""
    symbol = {"floordiv": "//", "mod": "%", "lshift": "<<", "rshift": ">>", "pow": "**"}.get(name)
    text = f"lambda a, b: a {symbol} b" if symbol else "lambda a: ~a"
    otherwise = numba.njit(build(text, {}), **inlined())
    if name == "pow":
        return choosing_power(POWERS[False], otherwise)
    return choosing(name, callable_function(f"operator.{name}", False), otherwise)


@cache
def operations() -> dict[Any, Any]:
    """Return the functions of operations that Numba computes differently."""
    functions = {each: operation(name.partition(".")[2]) for each, name in TABLED.items()}
    return functions | dict.fromkeys(POWER_OPERATIONS, operation("pow"))


@register_pass(mutates_CFG=False, analysis_only=False)
class ArraySemantics(FunctionPass):
    """Makes integers weak beside floats, and operations of numbers what they are in scalar functions."""

    _name = "aotops_array_semantics"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Change the function's intermediate code; returns whether anything changed."""
        changed = False
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                value = getattr(statement, "value", None)
                if isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop", "unary"):
                    changed = self.change(state.func_ir, value, statement, block.scope, body) or changed
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

    def change(self, func_ir: Any, value: Any, statement: Any, scope: Any, body: list[Any]) -> bool:
        """Change one operation; returns whether anything changed."""
        place = statement.loc
        operands: Any = (value.value,) if value.op == "unary" else (value.lhs, value.rhs)
        functions = operations()
        if value.fn in functions:
            chosen = functions[value.fn]
            function = variable("function", ir.Global("function", chosen, place), scope, body)
            statement.value = ir.Expr.call(function, operands, (), place)
            return True
        if value.fn in OPERATIONS:
            value.lhs, value.rhs = wrapped_by(operands, place, scope, body)
            return True
        return False


def wrapped_by(operands: tuple[Any, Any], place: Any, scope: Any, body: list[Any]) -> tuple[Any, Any]:
    """Wrap two operands in ``beside``."""
    function = variable("beside", ir.Global("beside", beside, place), scope, body)
    left, right = (
        variable("weak", ir.Expr.call(function, arguments, (), place), scope, body)
        for arguments in (operands, operands[::-1])
    )
    return left, right


class UserCompiler(ArrayCompiler):
    """Numba's passes for functions that users write."""

    passes = (ArraySemantics,)
