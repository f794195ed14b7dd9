"""The semantics of user-defined scalar functions where they differ from Numba's.

Integers are weak: ``2 * x`` of a float32 stays in float32. Numba promotes a float32 and an integer to float64, unlike
C: a kernel would have half as many lanes because its author wrote ``2`` instead of ``2.0``. Before types are inferred,
each operand of an operation is therefore wrapped in a call that converts it to the other's type if it is an integer or
a bool and the other is a float.

``x ** y``, which Numba compiles to a call of libm, becomes the operator's own function, or multiplications if the
exponent is an integer constant. ``* / // % << >> ~`` become the functions that ``aotops.scalar.callables`` lists, which
are defined for all numbers. A variable that may be unbound is rejected; Numba would read uninitialized memory. A tuple
that is indexed becomes an array.
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
from aotops.aot.front import short_loops
from aotops.aot.front.pipeline import INLINED, compiler_with
from aotops.aot.front.rejection import RejectedError
from aotops.aot.front.scalar_calls import CALLED, CONVERTERS, build, callable_function, element_function
from aotops.scalar.callables import LARGEST_EXPONENT, UNORDERED, require_fits

#: Operators of the table that Numba computes differently: division by 0 or -1, shifts by 64 and more, ``~True``.
TABLED = {
    getattr(operator, f"{i}{name}"): f"operator.{name}"
    for name in ("floordiv", "mod", "lshift", "rshift")
    for i in ("", "i")
} | {operator.invert: "operator.invert"}
#: Those of complex numbers, which Numba divides as Python does, and multiplies as the Python that builds does.
OF_COMPLEX = {getattr(operator, f"{i}{name}"): f"operator.{name}" for name in ("mul", "truediv") for i in ("", "i")}
OPERATIONS = frozenset(
    getattr(operator, name)
    for plain in ("add", "sub", "mul", "truediv", "lt", "le", "gt", "ge", "eq", "ne")
    for name in (plain, f"i{plain}")
    if hasattr(operator, name)
)


def conversion_beside(strong: tuple[Any, ...], unsigned: bool, ordered: bool = False) -> Any:
    """Make the function that converts an integer or a bool to the type of the other operand if that is ``strong``.

    ``unsigned``: also a signed integer beside a uint64, as in C. Numba compares the two exactly as they are.
    ``ordered``: the operation needs an order, which complex numbers do not have.
    """

    @intrinsic
    def beside(typing_context: Any, value: Any, other: Any) -> Any:
        if ordered and isinstance(value, types.Complex):
            raise RejectedError(f"The operands of a comparison must be real numbers, got a complex one; {UNORDERED}")
        is_whole = isinstance(value, (types.Integer, types.Boolean))
        weak = is_whole and (isinstance(other, strong) or (unsigned and other == types.uint64))
        own = value.literal_type if isinstance(value, types.Literal) else value
        result = other if weak else own

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.cast(builder, arguments[0], signature.args[0], result)

        return result(value, other), generate

    return beside


_FLOATING = (types.Float, types.Complex)
beside = conversion_beside(_FLOATING, unsigned=True)
#: What wraps the operands of comparisons, and of operations of bits, in place of ``beside``.
BESIDE = {
    **dict.fromkeys((operator.eq, operator.ne), conversion_beside(_FLOATING, unsigned=False)),
    **dict.fromkeys(
        (operator.lt, operator.le, operator.gt, operator.ge), conversion_beside(_FLOATING, unsigned=False, ordered=True)
    ),
    **dict.fromkeys(
        [getattr(operator, name) for name in ("and_", "or_", "xor", "iand", "ior", "ixor")],
        conversion_beside((), unsigned=True),
    ),
}


def chain(base: str, exponent: int) -> str:
    """Return the source of a power as multiplications."""
    if exponent == 1:
        return base
    half = chain(base, exponent // 2)
    squared = f"square({half})"
    return f"{squared} * {base}" if exponent % 2 else squared


def power_function(fast: bool) -> Any:
    """Make ``base ** exponent``, or its fast path, as a function that Numba compiles."""

    def choose(base: Any, exponent: Any, modulus: Any) -> Any:
        if modulus is not None and not isinstance(modulus, types.Omitted):
            raise RejectedError("pow: the number of arguments must be 2, got 3; a modulus has no meaning in kernels")
        # as in Python, the reciprocal of an integer is a float
        negative = isinstance(exponent, types.IntegerLiteral) and exponent.literal_value < 0
        whole = "float64" if negative else "uint64" if types.uint64 in (base, exponent) else "int64"
        own = CONVERTERS[str(base) if isinstance(base, _FLOATING) else whole]
        base_text = "own(base)"
        if isinstance(exponent, types.IntegerLiteral) and abs(exponent.literal_value) <= LARGEST_EXPONENT:
            count = abs(exponent.literal_value)
            text = chain(base_text, count) if count else "one"
            inverse = f"divide(one, {text})" if negative else text
            names = {"one": own(1), "own": own, "square": square, "divide": callable_function("operator.truediv", fast)}
            return build(f"lambda base, exponent, modulus=None: {inverse}", names)
        function = element_function(ops.collect()["pow"], fast)
        text = f"lambda base, exponent, modulus=None: function({base_text}, exponent)"
        return build(text, {"function": function, "own": own})

    power = build("lambda base, exponent, modulus=None: None", {})
    # Numba requires the parameters of both to have no annotations
    overload(power, prefer_literal=True, jit_options=INLINED)(
        build("lambda base, exponent, modulus=None: choose(base, exponent, modulus)", {"choose": choose})
    )
    return power


@numba.njit(**INLINED)
def square(x: Any) -> Any:
    """``x * x``."""
    return x * x


def compiler_class(fast: bool) -> type[CompilerBase]:
    """Return Numba's compiler with a pass that wraps operands, and with or without fast paths in powers."""
    functions = dict.fromkeys(short_loops.POWERS, POWERS[fast])
    functions |= {operation: callable_function(name, fast) for operation, name in (TABLED | OF_COMPLEX).items()}

    @register_pass(mutates_CFG=False, analysis_only=False)
    class Semantics(FunctionPass):
        """Wraps operands in ``beside``, replaces powers and shifts by calls, and tables by arrays."""

        _name = f"aotops_semantics_{fast}"

        def __init__(self) -> None:
            super().__init__()

        def run_pass(self, state: Any) -> bool:
            """Change the function's intermediate code; returns whether anything changed."""
            require_values(state.func_ir.blocks)
            require_constants_that_fit(state.func_ir)
            return change_operations(state.func_ir, functions, beside)

    return compiler_with(Semantics, short_loops.ShortLoops, of_users=True)


def change_operations(func_ir: Any, functions: dict[Any, Any], weak: Any, others: Any = None) -> bool:
    """Change the operations in a function's intermediate code, and make tables that are indexed arrays.

    ``functions``: what is called in place of operations. ``weak``: the function that wraps each operand of the others.
    ``others``: what changes any other expression, and tells whether it has. Returns whether anything changed.
    """
    changed = False
    for block in func_ir.blocks.values():
        body: list[Any] = []
        for statement in block.body:
            value = getattr(statement, "value", None)
            if isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop", "unary"):
                changed = change(value, statement, block.scope, body, functions, weak) or changed
            elif isinstance(value, ir.Expr) and value.op == "getitem":
                table = table_of(guard(get_definition, func_ir, value.value))
                if table is not None:
                    value.value = variable("table", ir.Global("table", table, statement.loc), block.scope, body)
                    changed = True
            elif isinstance(value, ir.Expr) and others is not None:
                changed = others(func_ir, value, block.scope, body) or changed
            body.append(statement)
        block.body = body
    if changed:
        func_ir._definitions = build_definitions(func_ir.blocks)
    return changed


def table_of(definition: Any) -> np.ndarray | None:
    """Return a constant tuple of numbers as an array: Numba indexes a tuple with one branch per item."""
    items = definition.value if isinstance(definition, (ir.Global, ir.FreeVar)) else None
    if not isinstance(items, tuple) or not items:
        return None
    if not all(isinstance(item, (int, float, complex, np.float32, np.complex64, np.uint64)) for item in items):
        return None
    dtype = np.asarray(items).dtype
    if any(isinstance(item, (np.float32, np.complex64)) for item in items):
        dtype = np.dtype(np.complex64 if dtype.kind == "c" else np.float32)
    if any(isinstance(item, np.uint64) for item in items) and dtype.kind == "f":
        dtype = np.dtype(np.float64 if any(isinstance(item, float) for item in items) else np.uint64)
    return np.asarray(items, dtype)


def require_values(blocks: Any) -> None:
    """Raise ``TypingError`` for a variable that is read where it may be unbound."""
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


def require_constants_that_fit(code: Any) -> None:
    """Raise ``RejectedError`` for a constant argument of an operator that the dtype of its input cannot hold."""
    for block in code.blocks.values():
        for call in block.find_exprs("call"):
            function = value_of(code, call.func)
            record = CALLED.get(function) if callable(function) else None
            if record is not None:
                for parameter, argument in [*zip(record.parameters, call.args, strict=False), *call.kws]:
                    value = value_of(code, argument)
                    if type(value) is int:
                        try:
                            require_fits(record, parameter, value)
                        except OverflowError as error:
                            raise RejectedError(str(error), loc=call.loc) from None


def value_of(code: Any, variable: Any) -> Any:
    """Return the constant that a variable holds, also as an attribute of a module; None if it holds another value."""
    definition = guard(get_definition, code, variable)
    if isinstance(definition, ir.Expr) and definition.op == "getattr":
        return getattr(value_of(code, definition.value), definition.attr, None)
    return definition.value if isinstance(definition, (ir.Const, ir.Global, ir.FreeVar)) else None


def uses_of(statement: Any) -> list[str]:
    """Return the names of the variables that a statement reads."""
    value = statement.value if isinstance(statement, ir.Assign) else statement
    return [variable.name for variable in value.list_vars()] if isinstance(value, ir.Inst) else []


def wrapped(operands: tuple[Any, Any], weak: Any, place: Any, scope: Any, body: list[Any]) -> tuple[Any, Any]:
    """Wrap two operands in calls of ``weak``; appends the necessary statements to ``body``."""
    function = variable("beside", ir.Global("beside", weak, place), scope, body)
    left, right = (
        variable("weak", ir.Expr.call(function, arguments, (), place), scope, body)
        for arguments in (operands, operands[::-1])
    )
    return left, right


def variable(name: str, contents: Any, scope: Any, body: list[Any]) -> Any:
    """Assign a value to a new variable."""
    made = ir.Var(scope, mk_unique_var(f"${name}"), contents.loc)
    body.append(ir.Assign(contents, made, contents.loc))
    return made


def change(value: Any, statement: Any, scope: Any, body: list[Any], functions: dict[Any, Any], weak: Any) -> bool:
    """Change one operation and append the statements that it needs to ``body``; returns whether anything changed."""
    place = statement.loc
    operands: Any = (value.value,) if value.op == "unary" else (value.lhs, value.rhs)
    if value.fn in functions:
        function = variable("function", ir.Global("function", functions[value.fn], place), scope, body)
        statement.value = ir.Expr.call(function, operands, (), place)
        return True
    own = BESIDE.get(value.fn) if weak is beside and len(operands) == 2 else None
    if own is not None or value.fn in OPERATIONS:
        value.lhs, value.rhs = wrapped(operands, own or weak, place, scope, body)
        return True
    return False


#: ``**`` and the compilers, without and with fast paths.
POWERS = {fast: power_function(fast) for fast in (False, True)}
COMPILERS = {fast: compiler_class(fast) for fast in (False, True)}
