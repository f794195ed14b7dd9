"""What operations mean in functions of arrays: those of scalar functions for numbers, and Numba's own for all else.

Products of arrays are aotops' own (``aotops.aot.arrays.products``).
"""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

import numba
import numpy as np
from numba.core import ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.imputils import impl_ret_borrowed
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload

from aotops.aot.arrays.elementwise import is_elementary, of_arrays
from aotops.aot.arrays.extremes import is_over_indices, sizes
from aotops.aot.arrays.pipeline import ArrayCompiler, inlined
from aotops.aot.arrays.products import contiguous, dot_method, is_module, products
from aotops.aot.arrays.ranges import is_range, reached
from aotops.aot.arrays.recursion import RecursionCheck
from aotops.aot.front.scalar_calls import build, callable_function, dtype_name
from aotops.aot.front.semantics import POWERS, TABLED, change_operations, variable
from aotops.aot.front.short_loops import POWERS as POWER_OPERATIONS
from aotops.scalar import callables


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


def choosing(name: str, otherwise: Any) -> Any:
    """Return a function that Numba compiles to what a name of ``aotops.scalar.callables`` means for real numbers.

    Elementary functions of arrays are loops over that. Anything else is for ``otherwise``: other functions of arrays,
    another number of arguments, and integers that int64 does not hold.
    """

    def choose(*values: Any) -> Any:
        chosen = otherwise
        if values and has_meaning(name, values):
            chosen = callable_function(name, False)
        elif is_elementary(name, values):
            chosen = of_arrays(name, values)
        arguments = ", ".join(f"values[{k}]" for k in range(len(values)))
        return build(f"lambda *values: function({arguments})", {"function": chosen})

    stub = build("lambda *values: None", {})
    stub.__name__ = name.rpartition(".")[2]
    overload(stub, jit_options=inlined())(build("lambda *values: choose(*values)", {"choose": choose}))
    return stub


def declared_signatures(function: Any) -> list[Any]:
    """Return the signatures to which a function that Numba has decorated is bound; none if it takes any types."""
    found = getattr(function, "nopython_signatures", None)
    return [] if not found or getattr(function, "_can_compile", True) else list(found)


def converting(function: Any, signatures: list[Any]) -> Any:
    """Return a function that converts numbers to the types of the signature that a call fits, and what it returns.

    ``@njit("int32(int64[:])")`` keeps the low 32 bits of what is computed, which generators of random numbers need.
    """

    def choose(*values: Any) -> Any:
        own = tuple(getattr(value, "literal_type", value) for value in values)
        context = cpu_target.typing_context
        fitting = [each for each in signatures if each.args == own] or [
            each
            for each in signatures
            if len(each.args) == len(own)
            and all(context.can_convert(given, to) is not None for given, to in zip(own, each.args, strict=True))
        ]
        names: dict[str, Any] = {"function": function}
        given = [f"values[{k}]" for k in range(len(values))]
        result = "{}"
        if fitting:
            for k, type_ in enumerate(fitting[0].args):
                if is_convertible(own[k]) and is_convertible(type_):
                    names[f"type{k}"], given[k] = type_, f"type{k}({given[k]})"
            if is_convertible(fitting[0].return_type):
                names["result"], result = fitting[0].return_type, "result({})"
        return build(f"lambda *values: {result.format(f'function({chr(44).join(given)})')}", names)

    stub = build("lambda *values: None", {})
    stub.__name__ = function.__name__
    overload(stub, jit_options=inlined())(build("lambda *values: choose(*values)", {"choose": choose}))
    return stub


def is_convertible(type_: Any) -> bool:
    """Whether values of a Numba type are numbers that its name converts to."""
    return isinstance(type_, (types.Integer, types.Float, types.Complex))


def has_meaning(name: str, values: tuple[Any, ...]) -> bool:
    """Whether a name of ``aotops.scalar.callables`` is defined for values of Numba types as Numba has them."""
    if not all(map(is_number, values)):
        return False
    try:
        meaning = callables.chosen(name, len(values))
    except TypeError:
        return False
    try:
        dtypes, _ = meaning.convert([dtype_name(name, "arguments", type_) for type_ in values])
    except TypeError:
        return True  # it says why it is not defined
    return not any(type_ == types.uint64 and "int64" in dtype for type_, dtype in zip(values, dtypes, strict=True))


def choosing_power(of_numbers: Any, otherwise: Any) -> Any:
    """Return ``choosing`` of powers, which depend on whether the exponent is a constant."""

    def choose(base: Any, exponent: Any) -> Any:
        numbers = is_number(base) and is_number(exponent) and base != types.uint64
        chosen = of_numbers if numbers else otherwise
        return build("lambda base, exponent: function(base, exponent)", {"function": chosen})

    stub = build("lambda base, exponent: None", {})
    implementation = build("lambda base, exponent: choose(base, exponent)", {"choose": choose})
    overload(stub, prefer_literal=True, jit_options=inlined())(implementation)
    return stub


@cache
def operation(name: str) -> Any:
    """Return what an operator of ``aotops.scalar.callables`` means: Numba's own operator where it is not of numbers."""
    symbol = {"floordiv": "//", "mod": "%", "lshift": "<<", "rshift": ">>", "pow": "**"}.get(name)
    text = f"lambda a, b: a {symbol} b" if symbol else "lambda a: ~a"
    otherwise = numba.njit(build(text, {}), **inlined())
    if symbol in ("<<", ">>"):
        otherwise = shift(text)
    if name == "pow":
        return choosing_power(POWERS[False], otherwise)
    chosen = choosing(f"operator.{name}", otherwise)
    return by_power_of_two(name, chosen) if symbol in ("//", "%") else chosen


def by_power_of_two(name: str, otherwise: Any) -> Any:
    """Return a floor division, or its remainder, that is one instruction by a constant power of two.

    LLVM does not see that through the conditions for negative operands; binary searches take half as long again.
    """

    def choose(a: Any, b: Any) -> Any:
        value = b.literal_value if isinstance(b, types.IntegerLiteral) else 0
        is_signed = isinstance(a, types.Integer) and a != types.uint64 and getattr(a, "literal_type", a) != types.uint64
        if not is_signed or value < 1 or value & (value - 1):
            return build("lambda a, b: function(a, b)", {"function": otherwise})
        text = f">> {value.bit_length() - 1}" if name == "floordiv" else f"& {value - 1}"
        return build(
            "lambda a, b: function(a)",
            {"function": numba.njit(build(f"lambda a: int64(a) {text}", {"int64": np.int64}), **inlined())},
        )

    stub = build("lambda a, b: None", {})
    overload(stub, prefer_literal=True, jit_options=inlined())(build("lambda a, b: choose(a, b)", {"choose": choose}))
    return stub


def shift(text: str) -> Any:
    """Return a shift of uint64, by which 64 and more shift all bits out, and Numba's own of arrays."""
    plain_shift = numba.njit(build(text, {}), **inlined())

    def choose(a: Any, b: Any) -> Any:
        if not (is_number(a) and is_number(b)):
            return build("lambda a, b: shift(a, b)", {"shift": plain_shift})
        names = {"shift": plain_shift, "np": np}
        return build("lambda a, b: shift(a, np.uint64(b)) if np.uint64(b) < np.uint64(64) else a ^ a", names)

    stub = build("lambda a, b: None", {})
    overload(stub, jit_options=inlined())(build("lambda a, b: choose(a, b)", {"choose": choose}))
    return stub


@cache
def operations() -> dict[Any, Any]:
    """Return the functions of operations that Numba computes differently."""
    functions = {each: operation(name.partition(".")[2]) for each, name in TABLED.items()}
    return functions | dict.fromkeys(POWER_OPERATIONS, operation("pow")) | {operator.matmul: products()[np.matmul]}


@register_pass(mutates_CFG=False, analysis_only=False)
class ArraySemantics(FunctionPass):
    """Makes integers weak beside floats, and operations of numbers what they are in scalar functions."""

    _name = "aotops_array_semantics"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Change the function's intermediate code; returns whether anything changed."""
        return change_operations(state.func_ir, operations(), beside, change_call)


def change_call(func_ir: Any, value: Any, scope: Any, body: list[Any]) -> bool:
    """Make what is reshaped contiguous, calls of ``dot`` products; check ranges. Returns whether anything changed."""
    if value.op == "getattr" and value.attr == "reshape" and not is_module(func_ir, value.value):
        function = variable("contiguous", ir.Global("contiguous", contiguous(), value.loc), scope, body)
        value.value = variable("contiguous", ir.Expr.call(function, [value.value], (), value.loc), scope, body)
        return True
    if value.op == "call" and is_range(func_ir, value):
        start, stop, *step = value.args
        width = step[0] if step else variable("step", ir.Const(1, value.loc), scope, body)
        function = variable("reached", ir.Global("reached", reached, value.loc), scope, body)
        end = variable("end", ir.Expr.call(function, [start, stop, width], (), value.loc), scope, body)
        value.args = [start, end, *step]
        return True
    if value.op == "call" and is_over_indices(func_ir, value):
        function = variable("sizes", ir.Global("sizes", sizes(), value.loc), scope, body)
        value.args = [
            variable("size", ir.Expr.call(function, [each], (), value.loc), scope, body) for each in value.args
        ]
        return True
    left = dot_method(func_ir, value) if value.op == "call" else None
    if left is None:
        return False
    value.func = variable("dot", ir.Global("dot", products()[np.dot], value.loc), scope, body)
    value.args = [left, *value.args]
    return True


class UserCompiler(ArrayCompiler):
    """Numba's passes for functions that users write."""

    passes = (ArraySemantics,)


class RecursiveCompiler(ArrayCompiler):
    """Numba's passes for functions of users that call themselves."""

    passes = (ArraySemantics, RecursionCheck)
