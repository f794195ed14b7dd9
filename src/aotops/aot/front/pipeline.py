"""Numba's passes as this build runs them: up to unoptimized LLVM code, without machine code for this process.

Numba emits machine code and a Python wrapper for every function. No one calls these, and they take half of its time,
so both are skipped.
"""

from __future__ import annotations

import copy
import operator
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite.binding import Linkage
from numba.core import cgutils, types
from numba.core.codegen import AOTCodeLibrary, AOTCPUCodegen
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.registry import cpu_target
from numba.core.typed_passes import InlineOverloads, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes, IRProcessing

from aotops.aot.back.soundness import defined

#: The name of the library of a kernel, which holds all that it calls in the end.
KERNEL_LIBRARY = "aotops_kernel"


class PlainLibrary(AOTCodeLibrary):
    """The code of a function as Numba lowers it; LLVM optimizes kernels later, for each level.

    Numba would optimize for the machine that runs the build, and would inline functions before
    ``aotops.aot.back.sizes`` can choose which to inline.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Link all functions that a kernel calls, each once.

        Numba would link each function with all that it calls, and these again into each function that calls it.
        """
        if self.name == KERNEL_LIBRARY:
            module = self._final_module
            own = {function.name for function in module.functions if not function.is_declaration}
            found: dict[Any, None] = {}
            waiting = list(reversed(self._linking_libraries))
            while waiting:
                library = waiting.pop()
                if library not in found:
                    found[library] = None
                    if isinstance(library, PlainLibrary):
                        waiting.extend(reversed(library._linking_libraries))
            for library in found:
                if isinstance(library, PlainLibrary):
                    module.link_in(library._final_module, preserve=True)  # other kernels call it too
            for function in module.functions:
                if not function.is_declaration and function.name not in own and function.linkage == Linkage.external:
                    function.linkage = Linkage.linkonce_odr  # goes when it is inlined everywhere
            for library in found:
                if not isinstance(library, PlainLibrary):  # a function of Numba's, such as min, with all that it calls
                    module.link_in(library._get_module_for_linking(), preserve=True)
            module.verify()
        self._finalized = True


class PlainCodegen(AOTCPUCodegen):
    """Creates such libraries; Numba's own code generator is unchanged for its other users in this process."""

    _library_class = PlainLibrary


@cache
def target_context() -> Any:
    """Return Numba's CPU target with ``PlainCodegen``; only functions of this build are compiled for it."""
    return cpu_target.target_context.subtarget(_internal_codegen=PlainCodegen(KERNEL_LIBRARY))


@register_pass(mutates_CFG=True, analysis_only=False)
class LoweringAlone(NativeLowering):
    """Numba's lowering without wrappers and machine code."""

    _name = "aotops_lowering_alone"

    def run_pass(self, state: Any) -> bool:
        """Lower a function; returns True, as Numba's own pass does."""
        state.flags.no_compile = state.flags.no_cpython_wrapper = state.flags.no_cfunc_wrapper = True
        if state.library is None:
            state.library = state.targetctx.codegen().create_library(state.func_id.func_qualname)
        add_defined(state.library, not state.func_id.modname.startswith("aotops.loops"))
        super().run_pass(state)
        # Numba identifies a compiled function by its Python wrapper, so a unique object must take its place
        placeholder = object().__sizeof__
        lowered = state["cr"]
        state.targetctx.insert_user_function(placeholder, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=placeholder)
        return True


def add_defined(library: Any, wraps: bool) -> None:
    """Make a Numba library define the results of all instructions in the modules added to it."""

    def add_ir_module(module: Any) -> None:
        text = defined(cgutils.normalize_ir_text(str(module)), wraps)
        parsed = llvm.parse_assembly(text)
        parsed.name = module.name
        library.add_llvm_module(parsed)

    library.add_ir_module = add_ir_module


#: What Python's operators call, and what decides conditions.
OPERATORS = frozenset([bool, *filter(callable, vars(operator).values())])


@cache
def typing_context(of_users: bool) -> Any:
    """Return a typing context that is Numba's own, and shares all with it, but for what is said here.

    It types an operator of numbers once: Numba would ask each of the up to 40 templates of an operator every time, most
    of which are NumPy's, which is an eighth of its time.

    ``of_users``: for user-defined functions, in which a variable of int64 on one path and uint64 on another is uint64.
    Numba would make it a float64, as NumPy's promotion does.
    """
    context = cpu_target.typing_context
    resolved: dict[tuple[int, Any], tuple[Any, Any]] = {}

    def resolve_function_type(self: Any, function: Any, arguments: Any, named: Any) -> Any:
        """The signature of a call; Numba notes in the function's type which code it means, so that is kept too."""
        if (
            named
            or not isinstance(function, types.Function)
            or function.typing_key not in OPERATORS
            or not all(isinstance(each, (types.Number, types.Boolean, types.Literal)) for each in arguments)
        ):
            return type(context).resolve_function_type(self, function, arguments, named)
        key = (id(function), tuple(arguments))
        if key not in resolved:
            signature = type(context).resolve_function_type(self, function, arguments, named)
            resolved[key] = function, signature
        return resolved[key][1]

    def unify_pairs(self: Any, first: Any, second: Any) -> Any:
        kinds = [each.literal_type if isinstance(each, types.Literal) else each for each in (first, second)]
        if set(kinds) == {types.int64, types.uint64}:
            return types.uint64
        return type(context).unify_pairs(self, first, second)

    own = copy.copy(context)
    changed = {"resolve_function_type": resolve_function_type} | ({"unify_pairs": unify_pairs} if of_users else {})
    own.__class__ = type("OwnTyping", (type(context),), changed)
    return own


#: Passes for what aotops' own functions do not contain: functions in functions, comprehensions, expressions of arrays
#: and functions that Numba inlines. They take a tenth of Numba's time to find none.
OF_USERS_ALONE = (InlineClosureLikes, InlineOverloads, NopythonRewrites)


def compiler_with(*passes: type, of_users: bool = False) -> type[CompilerBase]:
    """Return a Numba compiler that runs these passes first on a function's intermediate code.

    ``of_users``: for user-defined functions, with ``OF_USERS_ALONE``, and what ``typing_context`` says.
    """

    class Compiler(CompilerBase):
        """Numba's passes except the one that emits machine code."""

        def __init__(self, typing: Any, target: Any, *rest: Any) -> None:
            # Numba would compile called functions for its own target
            super().__init__(typing_context(of_users), target_context(), *rest)

        def define_pipelines(self) -> Any:
            """Return the only pipeline."""
            manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
            for each in passes:
                manager.add_pass_after(each, IRProcessing)
            manager.passes = [
                (LoweringAlone if each is NativeLowering else each, description)
                for each, description in manager.passes
                if of_users or each not in OF_USERS_ALONE
            ]
            manager.finalize()
            return [manager]

    return Compiler


#: The options with which ``numba.njit`` compiles functions of one element.
INLINED: dict[str, Any] = {"forceinline": True, "pipeline_class": compiler_with()}
