"""The compiler: a Python function and C argument types in, one object file for each CPU level out.

The only file that imports ``numba.pycc``, which is pending deprecation; the rest of the build uses only the functions
``compile_bitcode``, ``emit_object`` and ``emit_levels``.

A kernel passes through Numba (typing, lowering) once, unoptimized, and through LLVM once per level. Of a kernel's
second, Numba takes 0.4 s.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from numba.core import types
from numba.core.errors import NumbaPendingDeprecationWarning

from aotops.aot.back.gains import gains, use, vector_bits
from aotops.aot.back.levels import Level, level_symbol
from aotops.aot.back.masks import without_masked_loads
from aotops.aot.back.parallel import annotate, interleaved
from aotops.aot.back.polling import polls, with_polls, without_polls
from aotops.aot.back.primitives import calls_primitives, with_primitives
from aotops.aot.back.rare_flag import with_flag
from aotops.aot.back.roots import shared_with_the_divider, takes_roots, with_roots
from aotops.aot.back.sizes import inlined
from aotops.aot.back.soundness import check, defined, undefined_value
from aotops.aot.back.variants import after_vectorizing
from aotops.aot.front.pipeline import KERNEL_LIBRARY, target_context
from aotops.aot.front.reasons import CompileError, reason
from aotops.aot.front.specialise import specialise

with warnings.catch_warnings():
    # known, and the reason why nothing else imports it
    warnings.simplefilter("ignore", NumbaPendingDeprecationWarning)
    from numba.pycc.compiler import ExportEntry, ModuleCompiler


#: The C types of kernels and planners, as declared in ``aotops_kernel.h`` and ``plan.h``.
KERNEL = types.void(types.int64, types.int64, types.CPointer(types.CPointer(types.uint8)), types.CPointer(types.int64))
PLANNER = types.int64(types.CPointer(types.int64))


def compile_bitcode(function: Callable[..., Any], symbol: str, signature: Any) -> bytes:
    """Compile a function to LLVM bitcode that defines ``symbol`` with Numba's calling convention.

    Does everything that is the same for all levels, without optimizing. Raises ``CompileError`` with Numba's reason.
    """
    try:
        # numba.pycc.CC would first compile a C++ file to check for a C++ compiler, which is not needed here
        entries = [ExportEntry(symbol, signature, function)]
        compiler = ModuleCompiler(entries, KERNEL_LIBRARY, use_nrt=False, cpu_name="")
        compiler.context = target_context().subtarget(aot_mode=True)
        # Numba's lock is held only here; LLVM's part takes longer and does not need it
        text = compiler._cull_exports().get_llvm_str()
        text = with_flag(defined(annotate(with_polls(inlined(text, symbol), symbol)), False))
        module = llvm.parse_assembly(text)
        bitcode = bytes(module.as_bitcode())
    except Exception as error:  # on unexpected code, Numba may fail with any exception
        raise CompileError(reason(error)) from error
    # also before inlining, which folds memory that holds an undefined value to 0
    undefined = undefined_value(text) or undefined_value(computed(module))
    if undefined is not None:
        raise CompileError(f"LLVM takes a value for undefined, which is a fault of aotops: {undefined}")
    return bitcode


@cache
def emulation_bitcode(function: Callable[..., None]) -> bytes:
    """Return the bitcode of a function of ``aotops.scalar.emulation``, which takes pointers."""
    dtype = "float32" if "32" in function.__name__ else "float64"
    operand = types.CPointer(getattr(types, dtype))
    operands = [operand] * function.__code__.co_argcount
    return compile_bitcode(specialise(function, dtype), function.__name__, types.void(*operands))


def computed(module: Any) -> str:
    """Return the text of a module after inlining and constant folding, but without further optimization.

    The module itself is changed.
    """
    machine = llvm.Target.from_default_triple().create_target_machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=0))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()
    passes.add_sccp_pass()
    passes.run(module, builder)
    return str(module)


def emit_object(
    bitcode: bytes, symbol: str, level: Level, widest: bool, gathers: bool = True, unrolled: bool = True
) -> bytes:
    """Optimize bitcode for one level into an object file that defines ``symbol_<level>``.

    ``widest``: use the level's widest vectors. ``gathers``: gather elements that have gaps between them into vectors.
    ``unrolled``: unroll loops, also those that nothing asks to be.
    Raises ``CompileError`` if the code must not be a kernel.
    """
    name, features = level_symbol(symbol, level), level.features(widest, gathers)
    machine, module = optimised(bitcode, symbol, name, level, features, unrolled)
    return bytes(machine.emit_object(module))


def emit_levels(
    bitcode: bytes, symbol: str, levels: Sequence[Level], widest: bool, gathers: bool = True, unrolled: bool = True
) -> list[bytes]:
    """Return object files that define ``symbol``, one per level, lowest first.

    A level that gains nothing over the one below shares its object. Raises ``CompileError`` if the code must not be a
    kernel.
    """
    objects: list[bytes] = []
    below: Any = None
    for level in levels:
        features = level.features(widest, gathers)
        machine, module = optimised(bitcode, symbol, symbol, level, features, unrolled)
        # code generation modifies the module, so a copy is kept for the comparison
        code = (machine, module.clone(), vector_bits(str(module)))
        if below is not None and code[2] <= below[2]:
            above, lower = (use(each.emit_assembly(copy.clone())) for each, copy, _ in (code, below))
            if not gains(above, lower):
                objects.append(objects[-1])
                continue
        objects.append(bytes(machine.emit_object(module)))
        below = code
    return objects


def optimised(
    bitcode: bytes, symbol: str, name: str, level: Level, features: str, unrolled: bool = True
) -> tuple[Any, Any]:
    """Return LLVM's target machine for a level, and the optimized module with ``symbol`` renamed to ``name``."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_bitcode(bitcode)
    by_multiplications = takes_roots(module, level)
    if by_multiplications and level.widest not in features:
        features = ",".join(filter(None, (level.widest, features)))
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=level.cpu, features=features, opt=3, reloc="pic", codemodel="default"
    )
    if level.vectors and level.no_gathers not in features and calls_primitives(module):
        # not in reductions, whose loops are as long as one vector of lanes
        module = llvm.parse_assembly(interleaved(str(module), level.vectors))
    module = with_primitives(module, level, level.widest in features, emulation_bitcode)
    if by_multiplications:
        module = with_roots(module)
    for variable in module.global_variables:
        if "NumbaEnv" in variable.name:  # a function's Python environment, unused here
            variable.linkage = "internal"
    for function in module.functions:
        if function.name == symbol:
            function.name = name
            function.visibility = "hidden"
        elif not function.is_declaration:
            function.linkage = "internal"
    checked = after_passes(without_polls(module), machine, unrolled) if polls(module) else None
    module = after_passes(module, machine, unrolled)
    if level.has_avx512:
        module = without_masked_loads(module)
    trouble = check(checked or module, name)
    if trouble is not None:
        # such as numba_gil_ensure
        raise CompileError(re.sub(r"calls (?:numba|NRT|Py)\w+, which is", "calls into Python, which is", trouble))
    return machine, module


def after_passes(module: Any, machine: Any, unrolled: bool = True) -> Any:
    """Return a module after LLVM has optimized it for a target machine.

    Loops over a fixed number of lanes must be vectorized before they are unrolled: by default LLVM unrolls them first
    and then recovers only some of the vectors. A row of 100 float64 is summed in 13 ns this way, in 31 ns otherwise.
    """
    for unroll in (False, True):
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_unrolling = unroll and unrolled
        tuning.loop_vectorization = tuning.slp_vectorization = not unroll
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        if not unroll:
            module = after_vectorizing(shared_with_the_divider(module))
    return module
