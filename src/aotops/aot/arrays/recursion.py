"""Functions of array kernels that call themselves: each asks at its beginning whether the stack has room for it.

``aot_array_call`` of ``aotops_kernel.h`` has the lowest address that the stack may reach. Every function gets its
address, since it stands where Numba has the slot of an exception, which ``PlacedCallConv`` passes on.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir as llvm_ir
from numba.core import cgutils, ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import mk_unique_var
from numba.extending import intrinsic

from aotops.scalar.functions import plain
from aotops.scalar.mathematics import references

#: The position of ``stack_limit`` in ``aot_array_call``.
_LIMIT = 2
TOO_DEEP = "it calls itself too many times, one call within the other"


@intrinsic
def require_stack(typing_context: Any) -> Any:
    """Raise ``RecursionError`` where the stack has reached its limit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = llvm_ir.IntType(64)
        here = builder.ptrtoint(cgutils.alloca_once(builder, llvm_ir.IntType(8)), number)
        call = context.call_conv._get_excinfo_argument(builder.function)
        limit = builder.load(cgutils.gep(builder, builder.bitcast(call, number.as_pointer()), _LIMIT))
        with cgutils.if_unlikely(builder, builder.icmp_unsigned("<", here, limit)):
            context.call_conv.return_user_exc(builder, RecursionError, (TOO_DEEP,))
        return context.get_dummy_value()

    return types.none(), generate


@register_pass(mutates_CFG=False, analysis_only=False)
class RecursionCheck(FunctionPass):
    """Lets a function begin with ``require_stack``."""

    _name = "aotops_recursion_check"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Change the function's intermediate code; returns True, since it has changed."""
        block = state.func_ir.blocks[min(state.func_ir.blocks)]
        place = state.func_ir.loc
        function, result = (ir.Var(block.scope, mk_unique_var(f"$stack_{k}"), place) for k in range(2))
        at = sum(isinstance(getattr(each, "value", None), ir.Arg) for each in block.body)
        block.body[at:at] = [
            ir.Assign(ir.Global("require_stack", require_stack, place), function, place),
            ir.Assign(ir.Expr.call(function, (), (), place), result, place),
        ]
        for variable, statement in zip((function, result), block.body[at:], strict=False):
            state.func_ir._definitions[variable.name] = [statement.value]
        return True


def calls_itself(function: Any) -> bool:
    """Whether a function may call itself, directly or through others, as far as names tell."""
    function, seen = plain(function), set()
    waiting = _called(function)
    while waiting:
        other = waiting.pop()
        if other is function:
            return True
        if other not in seen:
            seen.add(other)
            waiting += _called(other)
    return False


def _called(function: Any) -> list[Any]:
    """The plain functions that a function refers to."""
    values = [plain(reference.value) for reference in references(function)]
    return [each for each in values if isinstance(each, type(plain)) and not each.__module__.startswith("numpy")]
