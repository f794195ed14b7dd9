"""Numba's passes as this build runs them: as far as LLVM's unoptimised code, without machine code for this process.

Numba makes each function that it compiles callable from Python, at once; half of its time, for functions that nobody
calls.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
from numba.core import cgutils
from numba.core.codegen import AOTCodeLibrary, AOTCPUCodegen
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.registry import cpu_target
from numba.core.typed_passes import NativeLowering
from numba.core.untyped_passes import IRProcessing

from aotops.aot.back.soundness import defined


class PlainLibrary(AOTCodeLibrary):
    """The code of a function as Numba lowers it: LLVM optimises kernels later, for each level.

    What Numba itself optimises would be for the machine of the build, and functions would already be inlined where
    ``aotops.aot.back.sizes`` has yet to decide whether they shall be.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        """Nothing."""


class PlainCodegen(AOTCPUCodegen):
    """Makes such libraries; Numba's own, which other users of it in this process have, is left as it is."""

    _library_class = PlainLibrary


@cache
def target_context() -> Any:
    """Numba's target for CPUs with ``PlainCodegen``: functions of this build are compiled in it alone."""
    return cpu_target.target_context.subtarget(_internal_codegen=PlainCodegen("aotops_kernels"))


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
        # Numba knows a compiled function by the builtin that calls it, so there has to be one, and no other like it
        stand_in = object().__sizeof__
        lowered = state["cr"]
        state.targetctx.insert_user_function(stand_in, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=stand_in)
        return True


def add_defined(library: Any, wraps: bool) -> None:
    """Have a library of Numba's take in modules whose instructions are all defined."""

    def add_ir_module(module: Any) -> None:
        text = defined(cgutils.normalize_ir_text(str(module)), wraps)
        parsed = llvm.parse_assembly(text)
        parsed.name = module.name
        library.add_llvm_module(parsed)

    library.add_ir_module = add_ir_module


def compiler_with(*passes: type) -> type[CompilerBase]:
    """A Numba compiler with these passes, as soon as a function's intermediate code is there."""

    class Compiler(CompilerBase):
        """Numba's passes but for the one that makes machine code."""

        def __init__(self, typing: Any, target: Any, *rest: Any) -> None:
            # a function that calls another one has Numba compile that for its own target
            super().__init__(typing, target_context(), *rest)

        def define_pipelines(self) -> Any:
            """The one pipeline."""
            manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
            for each in passes:
                manager.add_pass_after(each, IRProcessing)
            manager.passes = [
                (LoweringAlone if each is NativeLowering else each, description) for each, description in manager.passes
            ]
            manager.finalize()
            return [manager]

    return Compiler


#: How ``numba.njit`` compiles what is called for one element.
INLINED: dict[str, Any] = {"forceinline": True, "pipeline_class": compiler_with()}
