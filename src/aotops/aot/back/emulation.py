"""Replace LLVM's fused multiply-adds, at levels without the instruction, by ``aotops.scalar.emulation``.

LLVM itself would call the C library for each element.
"""

from __future__ import annotations

from collections.abc import Callable

import llvmlite.binding as llvm

from aotops.aot.back.levels import Level
from aotops.aot.back.variants import Function, link
from aotops.scalar import emulation

#: LLVM's intrinsics, and by which function of ``aotops.scalar.emulation`` each is replaced, in how many lanes.
_REPLACED = {
    "llvm.fma.f32": ("float", emulation.fma32_at, 1),
    "llvm.fma.f64": ("double", emulation.fma64_of_lanes, emulation.LANES),
}


def _call(called: str, type_: str, lanes: int) -> str:
    """Instructions that call a compiled function, which takes the addresses of its operands and of its result."""
    vector = type_ if lanes == 1 else f"<{lanes} x {type_}>"
    lines = [f"%{each} = alloca {vector}" for each in ("pa", "pb", "pc", "pr")] + ["%none = alloca ptr"]
    lines += [f"store {vector} %{each}, ptr %p{each}" for each in "abc"]
    lines += [
        f"%status = call i32 @{called}(ptr %none, ptr %none, ptr %pa, ptr %pb, ptr %pc, ptr %pr)",
        f"%r = load {vector}, ptr %pr",
        f"ret {vector} %r",
    ]
    return "\n".join(f"  {line}" for line in lines)


def _call_for_scalar(name: str, type_: str, lanes: int) -> str:
    """Instructions that call the variant of a function for vectors; the other lanes are 0."""
    vector = f"<{lanes} x {type_}>"
    lines = [f"%v{each} = insertelement {vector} zeroinitializer, {type_} %{each}, i32 0" for each in "abc"]
    lines += [
        f"%v = call {vector} @{name}_v{lanes}({', '.join(f'{vector} %v{each}' for each in 'abc')})",
        f"%r = extractelement {vector} %v, i32 0",
        f"ret {type_} %r",
    ]
    return "\n".join(f"  {line}" for line in lines)


def emulated(module: llvm.ModuleRef, level: Level, compiled: Callable[[str], bytes]) -> llvm.ModuleRef:
    """Return a module without fused multiply-adds, unless the level has them.

    ``compiled`` returns the bitcode of a function of ``aotops.scalar.emulation``, which defines its name.
    """
    declared = {function.name for function in module.functions} & set(_REPLACED)
    if level.has_fma or not declared:
        return module
    text, functions, called = str(module), [], {}
    for intrinsic in sorted(declared):
        type_, function, lanes = _REPLACED[intrinsic]
        name = f"aotops_{intrinsic.removeprefix('llvm.').replace('.', '_')}"
        text = text.replace(f"@{intrinsic}(", f"@{name}(")
        direct = _call(function.__name__, type_, lanes)
        bodies = {1: direct} if lanes == 1 else {1: _call_for_scalar(name, type_, lanes), lanes: direct}
        # in float64 a fused multiply-add is a hundred operations, too many for each place that needs one
        functions.append(Function(name, type_, ("%a", "%b", "%c"), bodies, inlined=lanes == 1))
        declaration = f"declare i32 @{function.__name__}(ptr, ptr, ptr, ptr, ptr, ptr)"
        called[declaration] = compiled(function.__name__)
    result = llvm.parse_assembly(text)
    link(result, functions, called)
    return result
