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
from llvmlite import ir
from numba.core import cgutils
from numba.core.callconv import CPUCallConv
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.cpu import CPUContext
from numba.core.imputils import fix_returning_optional
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering
from numba.core.untyped_passes import IRProcessing

from aotops.aot.arrays.messages import PLACE, is_of_project
from aotops.aot.arrays.polls import NOTE
from aotops.aot.front.pipeline import LoweringAlone, target_context
from aotops.aot.front.rejection import RejectedError

#: What is wrong where Numba's code asserts what does not hold.
NO_REASON = (
    "It has a statement that Numba does not compile, without a reason; assignments to x[mask] with a mask of several "
    "dimensions are such: write np.where, or loops"
)

_places: list[Any] = []
_NUMBA = os.path.dirname(numba.__file__) + os.sep


class PlacedLower(Lower):
    """Numba's lowering, which remembers the place of the statement that it lowers."""

    _is_unpacking = False

    def lower_inst(self, inst: Any) -> Any:
        """Lower a statement."""
        _places.append(inst.loc)
        try:
            return super().lower_inst(inst)
        except AssertionError as error:  # the only error to which Numba adds no place
            if str(error):
                raise
            raise RejectedError(NO_REASON, loc=inst.loc) from error
        finally:
            _places.pop()

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        """Lower an expression; what is wrong in ``a, b = x`` has a message, which Numba leaves out."""
        self._is_unpacking = expr.op == "exhaust_iter"
        try:
            return super().lower_expr(resty, expr)
        finally:
            self._is_unpacking = False

    def return_exception(self, exc_class: Any, exc_args: Any = None, loc: Any = None) -> Any:
        """Return an exception from the function."""
        if self._is_unpacking and exc_args is None:
            exc_args = ("the number of values to unpack is not the number of names that they are assigned to",)
        return super().return_exception(exc_class, exc_args, loc)

    def _lower_call_RecursiveCall(self, fnty: Any, expr: Any, signature: Any) -> Any:
        """Lower a call of a function that is being compiled, perhaps for other types, which already is then."""
        compiled = fnty.dispatcher_type.dispatcher.overloads.get(signature.args)
        if compiled is not None:
            self.library.add_linking_library(compiled.library)
        return super()._lower_call_RecursiveCall(fnty, expr, signature)


class PlacedCallConv(CPUCallConv):
    """Numba's calling convention, which gives every exception a place."""

    def call_function(
        self, builder: Any, callee: Any, resty: Any, argtys: Any, args: Any, attrs: Any = None
    ) -> tuple[Any, Any]:
        """Call a function, which gets the slot of exceptions that its caller has: the kernel's ``aot_array_call``."""
        own = builder.function.args[1] if len(builder.function.args) > 1 else None
        if own is None or own.type != callee.function_type.args[1]:
            return super().call_function(builder, callee, resty, argtys, args, attrs)  # type: ignore[no-any-return]
        slot = cgutils.alloca_once(builder, self.get_return_type(resty).pointee)
        builder.store(cgutils.get_null_value(slot.type.pointee), slot)
        given = [slot, own, *self._get_arg_packer(argtys).as_arguments(builder, args)]
        code = builder.call(callee, given, attrs=() if attrs is None else tuple(attrs))
        status = self._get_return_status(builder, code, builder.load(own))
        return status, self.context.get_returned_value(builder, resty, builder.load(slot))

    def return_status_propagate(self, builder: Any, status: Any) -> None:
        """Return what a function has raised; one of the user's notes where it has called that function.

        C takes the place that was noted first for an exception that has none itself, as those of Numba's library.
        """
        place = _places[-1] if _places else None
        if place is not None and is_of_project(place.filename):
            content = bytearray(f"{place.filename}\n{place.line}\0".encode())
            constant = cgutils.global_constant(builder.module, PLACE, cgutils.make_bytearray(content))
            type_ = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t])
            note = cgutils.get_or_insert_function(builder.module, type_, NOTE)
            builder.call(note, [builder.bitcast(constant, cgutils.voidptr_t)])
        super().return_status_propagate(builder, status)

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

    def call_unresolved(self, builder: Any, name: str, sig: Any, args: Any) -> Any:
        """Call a function that is being compiled by its name; Numba would call it through its table of this process."""
        type_ = self.call_conv.get_function_type(sig.return_type, sig.args)
        function = cgutils.get_or_insert_function(builder.module, type_, name)
        status, result = self.call_conv.call_function(builder, function, sig.return_type, sig.args, args)
        with cgutils.if_unlikely(builder, status.is_error):
            self.call_conv.return_status_propagate(builder, status)
        return fix_returning_optional(self, builder, sig, status, result)


@cache
def array_context() -> Any:
    """Return Numba's context for functions of arrays."""
    context = target_context().subtarget(cached_internal_func={})
    context.__class__ = ArrayContext
    return context


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


def inlined() -> dict[str, Any]:
    """Return the options with which functions that only choose others are compiled."""
    return {"forceinline": True, "pipeline_class": ArrayCompiler, "error_model": "numpy"}
