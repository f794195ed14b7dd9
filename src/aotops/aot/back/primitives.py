"""Define the primitives that kernels declare, by each level's best instructions, with the same bits at every level.

A primitive is a function of ``aotops.intrinsics`` that a level has an instruction for. Kernels call it by its name
here, with variants for whole vectors that LLVM's vectorized loops call; levels without the instruction get the function
of ``aotops.scalar.emulation``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import llvmlite.binding as llvm

from aotops.aot.back.levels import Level
from aotops.aot.back.look_ups import LOOK_UP, Rows, look_up, rows_of
from aotops.aot.back.variants import Function, link, vector
from aotops.scalar import emulation

_TYPES = {"f32": ("float", 32), "f64": ("double", 64)}

#: A function of ``aotops.scalar.emulation``, which takes pointers.
Emulation = Callable[..., None]

#: The names of all primitives but look-ups, which end with the format of the floats.
_NAMES = {f"aotops.{name}.{form}" for form, primitives in emulation.PRIMITIVES.items() for name in primitives}
#: The emulations of fused multiply-adds, and of how many numbers. 40 to 100 operations are too many for each place that
#: needs one, so that they are called.
_FMA: dict[str, tuple[Emulation, int]] = {
    "llvm.fma.f32": (emulation.fma32_of_lanes, 2 * emulation.LANES),
    "llvm.fma.f64": (emulation.fma64_of_lanes, emulation.LANES),
}

#: By AVX-512: steps of a result, which the next ones can name, an instruction and its operands. Numbers are immediate
#: operands. Of ``getmant`` 12 makes mantissas of negative numbers NaN, and of -0.0 positive; 15 also lets them begin at
#: 3/4; 0 keeps the sign. Of ``range`` 2 is the smaller magnitude, with the sign of the first operand.
_AVX512: dict[str, tuple[tuple[str, ...], ...]] = {
    "scale": (("r", "scalef", "%a", "%b"),),
    "limit": (("r", "range", "%a", "%b", "2"),),
    "exponent": (("r", "getexp", "%a"),),
    "mantissa": (("r", "getmant", "%a", "12"),),
    "significand": (("r", "getmant", "%a", "0"),),
    "unscale": (("e", "getexp", "%b"), ("n", "fneg", "%e"), ("r", "scalef", "%a", "%n")),
    "centred_mantissa": (("r", "getmant", "%a", "15"),),
    "centred_exponent": (
        ("m", "getmant", "%a", "15"),
        ("c", "getexp", "%m"),
        ("e", "getexp", "%a"),
        ("r", "fsub", "%e", "%c"),
    ),
    "centred_unscale": (
        ("m", "getmant", "%b", "15"),
        ("c", "getexp", "%m"),
        ("e", "getexp", "%b"),
        ("n", "fsub", "%c", "%e"),
        ("r", "scalef", "%a", "%n"),
    ),
}


@cache
def _at_pointers(name: str, lanes: int) -> Emulation:
    _, operation, form = name.split(".")
    return emulation.at_pointers(operation, form, lanes)


def _emulations(name: str, level: Level) -> dict[int, Emulation]:
    """Return the emulation of a primitive for each number of lanes."""
    if name in _FMA:
        function, lanes = _FMA[name]
        return {lanes: function}
    _, operation, form = name.split(".")
    counts = [1]
    if emulation.PRIMITIVES[form][operation].ordinary is not None:
        if level.has_avx2:
            # vectors of float32 beside float64 have half as many elements
            counts += [4, 8] if form == "f32" else [4]
        elif not level.has_fma:
            counts += [2 * emulation.LANES if form == "f32" else emulation.LANES]
    return {each: _at_pointers(name, each) for each in counts}


def _emulated(name: str, called: str, emulations: dict[int, Emulation], level: Level) -> Function:
    """Return a primitive that calls compiled functions, which take the addresses of their operands and their result."""
    type_, _ = _TYPES[name.rpartition(".")[2]]
    bodies = {}
    for lanes, function in emulations.items():
        parameters = dict.fromkeys(("%a", "%b", "%c")[: function.__code__.co_argcount - 1], type_)
        whole = vector(type_, lanes)
        lines = [f"%p{k} = alloca {whole}" for k in range(len(parameters) + 1)] + ["%none = alloca ptr"]
        lines += [f"store {whole} {parameter}, ptr %p{k}" for k, parameter in enumerate(parameters)]
        addresses = ", ".join(f"ptr %p{k}" for k in range(len(parameters) + 1))
        lines += [
            f"%status = call i32 @{function.__name__}(ptr %none, ptr %none, {addresses})",
            f"%r = load {whole}, ptr %p{len(parameters)}",
            f"ret {whole} %r",
        ]
        bodies[lanes] = "\n".join(lines)
    if 1 not in bodies:
        bodies[1] = _of_vector(called, max(bodies), type_, parameters)
    inlined = "first" if len(bodies) == 1 else "after" if level.has_fma else "never"
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
    """Return a primitive that is instructions of AVX-512 on vectors of at most ``bits``, and its declarations."""
    _, operation, form = name.split(".")
    type_, size = _TYPES[form]
    steps = _AVX512[operation]
    parameters = {p: type_ for p in ("%a", "%b") if any(p in step for step in steps)}
    bodies: dict[int, str] = {}
    declarations: dict[str, None] = {}
    for whole in (128, 256, 512):
        if whole > bits:
            break
        lanes = whole // size
        v, mask = vector(type_, lanes), f"i{max(lanes, 8)}"
        # only instructions on 512 bits take a rounding mode: 4 is the current one
        rounding = ("", "") if whole < 512 else (", i32", ", i32 4")
        lines = []
        for result, instruction, *operands in steps:
            if instruction in ("fneg", "fsub"):
                lines.append(f"%{result} = {instruction} {v} {', '.join(operands)}")
                continue
            called = f"llvm.x86.avx512.mask.{instruction}.p{'s' if size == 32 else 'd'}.{whole}"
            types = [v if operand.startswith("%") else "i32" for operand in operands]
            declarations[f"declare {v} @{called}({', '.join(types)}, {v}, {mask}{rounding[0]})"] = None
            given = ", ".join(f"{each} {operand}" for each, operand in zip(types, operands, strict=True))
            lines.append(f"%{result} = call {v} @{called}({given}, {v} zeroinitializer, {mask} -1{rounding[1]})")
        bodies[lanes] = "\n".join([*lines, f"ret {v} %r"])
    bodies[1] = _of_vector(name, 128 // size, type_, parameters)
    return Function(name, type_, parameters, dict(sorted(bodies.items())), "after"), list(declarations)


def calls_primitives(module: llvm.ModuleRef) -> bool:
    """Return whether a module calls primitives or fused multiply-adds, as functions that are compute-bound do."""
    return any(each.name.startswith((LOOK_UP, "llvm.fma.")) or each.name in _NAMES for each in module.functions)


def with_primitives(
    module: llvm.ModuleRef, level: Level, widest: bool, compiled: Callable[[Emulation], bytes]
) -> llvm.ModuleRef:
    """Return a module with its primitives defined for a level, whose widest vectors it uses if ``widest``.

    ``compiled`` returns the bitcode of a function of ``aotops.scalar.emulation``, which defines its name.
    """
    bits = 512 if widest else 256
    declared = sorted(
        each.name
        for each in module.functions
        if each.is_declaration
        and (each.name.startswith(LOOK_UP) or each.name in _NAMES or (each.name in _FMA and not level.has_fma))
    )
    if not declared:
        return module
    text, functions = str(module), []
    called: dict[str, bytes] = {}
    declarations: dict[str, None] = {}
    rows: dict[str, Rows] = rows_of(text) if level.has_avx2 and not level.has_avx512 else {}
    for number, name in enumerate(declared):
        if name.startswith(LOOK_UP):
            new = f"aotops_table{number}"
            function, more = look_up(name, new, level, bits, rows.get(name))
        elif name not in _FMA and level.has_avx512:
            new = name
            function, more = _by_avx512(name, bits)
        else:
            new = name.replace("llvm.", "aotops.")
            emulations = _emulations(name, level)
            function, more = _emulated(name, new, emulations, level), []
            pointers = ", ".join(["ptr"] * (len(function.parameters) + 3))
            for each in emulations.values():
                called[f"declare i32 @{each.__name__}({pointers})"] = compiled(each)
        if new != name:
            text = text.replace(f"@{name}(", f"@{new}(")
        functions.append(function)
        declarations.update(dict.fromkeys(more))
    result = llvm.parse_assembly(text)
    link(result, functions, called, list(declarations))
    return result
