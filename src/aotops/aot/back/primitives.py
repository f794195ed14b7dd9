"""Define the primitives that kernels declare, by each level's best instructions, with the same bits at every level.

A primitive is a function of ``aotops.intrinsics`` that a level has an instruction for. Kernels call it by its name
here, with variants for whole vectors that LLVM's vectorized loops call; levels without the instruction get the function
of ``aotops.scalar.emulation``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import llvmlite.binding as llvm

from aotops.aot.back.levels import Level
from aotops.aot.back.llvm_text import float_constant
from aotops.aot.back.variants import Function, link, vector
from aotops.scalar import emulation

_TYPES = {"f32": ("float", 32), "f64": ("double", 64)}

#: The emulation of each primitive that needs one, and in how many lanes it computes.
_EMULATIONS: dict[str, tuple[Callable[..., None], int]] = {
    "llvm.fma.f32": (emulation.fma32_at, 1),
    "llvm.fma.f64": (emulation.fma64_of_lanes, emulation.LANES),
    "aotops.scale.f32": (emulation.scale32_at, 1),
    "aotops.scale.f64": (emulation.scale64_at, 1),
    "aotops.limit.f32": (emulation.limit32_at, 1),
    "aotops.limit.f64": (emulation.limit64_at, 1),
    "aotops.exponent.f32": (emulation.exponent32_at, 1),
    "aotops.exponent.f64": (emulation.exponent64_at, 1),
    "aotops.mantissa.f32": (emulation.mantissa32_at, 1),
    "aotops.mantissa.f64": (emulation.mantissa64_at, 1),
}
#: Of AVX-512's instructions: the name, and the operand that chooses between their kinds. 12 makes mantissas of negative
#: numbers NaN, and of -0.0 positive; 2 is the smaller magnitude, with the sign of the first operand.
_AVX512 = {
    "scale": ("scalef", ""),
    "exponent": ("getexp", ""),
    "mantissa": ("getmant", ", i32 12"),
    "limit": ("range", ", i32 2"),
}

_LOOK_UP = "aotops.look_up16.f64."


def _parameters(name: str, count: int) -> dict[str, str]:
    """Return the parameters of a primitive."""
    type_, _ = _TYPES[name.rpartition(".")[2]]
    return dict.fromkeys(("%a", "%b", "%c")[:count], type_)


def _emulated(name: str, called: str) -> Function:
    """Return a primitive that calls a compiled function, which takes the addresses of its operands and its result."""
    function, lanes = _EMULATIONS[name]
    parameters = _parameters(name, function.__code__.co_argcount - 1)
    type_, _ = _TYPES[name.rpartition(".")[2]]
    whole = vector(type_, lanes)
    lines = [f"%p{k} = alloca {whole}" for k in range(len(parameters) + 1)] + ["%none = alloca ptr"]
    lines += [f"store {whole} {parameter}, ptr %p{k}" for k, parameter in enumerate(parameters)]
    addresses = ", ".join(f"ptr %p{k}" for k in range(len(parameters) + 1))
    lines += [
        f"%status = call i32 @{function.__name__}(ptr %none, ptr %none, {addresses})",
        f"%r = load {whole}, ptr %p{len(parameters)}",
        f"ret {whole} %r",
    ]
    bodies = {lanes: "\n".join(lines)}
    if lanes > 1:
        bodies[1] = _of_vector(called, lanes, type_, parameters)
    # a fused multiply-add of float64 is a hundred operations, too many for each place that needs one
    inlined = "never" if lanes > 1 else "after" if name.startswith("llvm.fma") else "first"
    return Function(called, type_, parameters, dict(sorted(bodies.items())), inlined)


def _of_vector(called: str, lanes: int, type_: str, parameters: dict[str, str]) -> str:
    """Return the body of a scalar function that calls its own variant for vectors; the other lanes are 0."""
    lines = []
    for parameter, each in parameters.items():
        whole = vector(each, lanes)
        lines.append(f"{parameter}v = insertelement {whole} zeroinitializer, {each} {parameter}, i32 0")
    arguments = ", ".join(f"{vector(each, lanes)} {parameter}v" for parameter, each in parameters.items())
    whole = vector(type_, lanes)
    lines += [
        f"%v = call {whole} @{called}_v{lanes}({arguments})",
        f"%r = extractelement {whole} %v, i32 0",
        f"ret {type_} %r",
    ]
    return "\n".join(lines)


def _by_avx512(name: str, bits: int) -> tuple[Function, list[str]]:
    """Return a primitive that is an instruction of AVX-512 on vectors of at most ``bits``, and its declarations."""
    operation, width = name.split(".")[1:]
    type_, size = _TYPES[width]
    instruction, control = _AVX512[operation]
    parameters = _parameters(name, 2 if operation in ("scale", "limit") else 1)
    bodies, declarations = {}, []
    for whole in (128, 256, 512):
        if whole > bits:
            break
        lanes = whole // size
        v, mask = vector(type_, lanes), f"i{max(lanes, 8)}"
        # only instructions on 512 bits take a rounding mode: 4 is the current one
        rounding = ("", "") if whole < 512 else (", i32", ", i32 4")
        called = f"llvm.x86.avx512.mask.{instruction}.p{'s' if size == 32 else 'd'}.{whole}"
        controlled = control.split(" ")[1] + ", " if control else ""
        declarations.append(
            f"declare {v} @{called}({', '.join([v] * len(parameters))}, {controlled}{v}, {mask}{rounding[0]})"
        )
        operands = ", ".join(f"{v} {parameter}" for parameter in parameters)
        bodies[lanes] = (
            f"%r = call {v} @{called}({operands}{control}, {v} zeroinitializer, {mask} -1{rounding[1]})\nret {v} %r"
        )
    bodies[1] = _of_vector(name, 128 // size, type_, parameters)
    return Function(name, type_, parameters, dict(sorted(bodies.items())), "after"), declarations


def _look_up(name: str, called: str, level: Level, bits: int) -> tuple[Function, list[str]]:
    """Return a look-up in a table, by permutations of registers where the level has them, and its declarations."""
    values = [float_constant(value) for value in struct.unpack(">16d", bytes.fromhex(name.removeprefix(_LOOK_UP)))]

    def part(first: int, count: int) -> str:
        return f"<{count} x double> <{', '.join(f'double {each}' for each in values[first : first + count])}>"

    array = f"[{', '.join(f'double {each}' for each in values)}]"
    declarations = [f"@{called}_table = private unnamed_addr constant [16 x double] {array}"]
    bodies = {
        1: f"%k = and i64 %a, 15\n%p = getelementptr [16 x double], ptr @{called}_table, i64 0, i64 %k\n"
        "%r = load double, ptr %p\nret double %r"
    }
    if level.has_avx512:
        permute = "llvm.x86.avx512.vpermi2var.pd"
        v = "<4 x double>"
        declarations.append(f"declare {v} @{permute}.256({v}, <4 x i64>, {v})")
        bodies[4] = (
            f"%low = call {v} @{permute}.256({part(0, 4)}, <4 x i64> %a, {part(4, 4)})\n"
            f"%high = call {v} @{permute}.256({part(8, 4)}, <4 x i64> %a, {part(12, 4)})\n"
            "%bit = and <4 x i64> %a, <i64 8, i64 8, i64 8, i64 8>\n"
            "%upper = icmp ne <4 x i64> %bit, zeroinitializer\n"
            f"%r = select <4 x i1> %upper, {v} %high, {v} %low\nret {v} %r"
        )
        if bits == 512:
            v = "<8 x double>"
            declarations.append(f"declare {v} @{permute}.512({v}, <8 x i64>, {v})")
            bodies[8] = f"%r = call {v} @{permute}.512({part(0, 8)}, <8 x i64> %a, {part(8, 8)})\nret {v} %r"
    return Function(called, "double", {"%a": "i64"}, bodies, "after" if len(bodies) > 1 else "first"), declarations


def with_primitives(
    module: llvm.ModuleRef, level: Level, widest: bool, compiled: Callable[[str], bytes]
) -> llvm.ModuleRef:
    """Return a module with its primitives defined for a level, whose widest vectors it uses if ``widest``.

    ``compiled`` returns the bitcode of a function of ``aotops.scalar.emulation``, which defines its name.
    """
    bits = 512 if widest else 256
    declared = sorted(
        each.name
        for each in module.functions
        if each.is_declaration
        and (each.name.startswith(_LOOK_UP) or each.name in _EMULATIONS)
        and not (each.name.startswith("llvm.") and level.has_fma)
    )
    if not declared:
        return module
    text, functions = str(module), []
    called: dict[str, bytes] = {}
    declarations: dict[str, None] = {}
    for number, name in enumerate(declared):
        if name.startswith(_LOOK_UP):
            new = f"aotops_table{number}"
            function, more = _look_up(name, new, level, bits)
        elif name.startswith("aotops.") and level.has_avx512:
            new = name
            function, more = _by_avx512(name, bits)
        else:
            new = name.replace("llvm.", "aotops.")
            function, more = _emulated(name, new), []
            emulation_ = _EMULATIONS[name][0].__name__
            pointers = ", ".join(["ptr"] * (len(function.parameters) + 3))
            called[f"declare i32 @{emulation_}({pointers})"] = compiled(emulation_)
        if new != name:
            text = text.replace(f"@{name}(", f"@{new}(")
        functions.append(function)
        declarations.update(dict.fromkeys(more))
    result = llvm.parse_assembly(text)
    link(result, functions, called, list(declarations))
    return result
