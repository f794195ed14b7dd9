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

#: As ``_AVX512``, of ``scale``, whose instruction takes 150 cycles where a result is subnormal or 0. In place of it the
#: bits of the sum of ``2**width`` and the result in units of the smallest number end with those of the result. It is
#: rounded once, by the sum.
_SCALE = """\
%is_low = fcmp olt {v} %b, {low}
%bits_low = bitcast <{lanes} x i1> %is_low to i{lanes}
%any_low = icmp ne i{lanes} %bits_low, 0
%expected = call i1 @llvm.expect.i1(i1 %any_low, i1 false)
br i1 %expected, label %rare, label %common
common:
%whole = call {v} @{scalef}({v} %a, {v} %b, {v} zeroinitializer, {mask} -1{rounding})
ret {v} %whole
rare:
%exponent = call {v} @{getexp}({v} %a, {v} zeroinitializer, {mask} -1{rounding})
%sum = fadd {v} %exponent, %b
%is_subnormal = fcmp olt {v} %sum, {least}
%zero_or_b = select <{lanes} x i1> %is_subnormal, {v} zeroinitializer, {v} %b
%normal = call {v} @{scalef}({v} %a, {v} %zero_or_b, {v} zeroinitializer, {mask} -1{rounding})
%mantissa = call {v} @{getmant}({v} %a, i32 4, {v} zeroinitializer, {mask} -1{rounding})
%unlimited = fadd {v} %sum, {units}
%is_tiny = fcmp olt {v} %unlimited, {tiny}
%limited = select <{lanes} x i1> %is_tiny, {v} {tiny}, {v} %unlimited
%in_units = call {v} @{scalef}({v} %mantissa, {v} %limited, {v} zeroinitializer, {mask} -1{rounding})
%shifted = fadd {v} %in_units, {shift}
%shifted_bits = bitcast {v} %shifted to {i}
%shift_bits = bitcast {v} {shift} to {i}
%size = sub {i} %shifted_bits, %shift_bits
%a_bits = bitcast {v} %a to {i}
%sign = and {i} %a_bits, {sign}
%signed = or {i} %size, %sign
%subnormal = bitcast {i} %signed to {v}
%mixed = select <{lanes} x i1> %is_subnormal, {v} %subnormal, {v} %normal
ret {v} %mixed"""


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
    parameters = {"%a": type_}
    if operation == "scale" or any("%b" in step for step in _AVX512[operation]):
        parameters["%b"] = type_
    body = _scale if operation == "scale" else _steps
    bodies: dict[int, str] = {}
    declarations: dict[str, None] = {}
    for whole in (128, 256, 512):
        if whole <= bits:
            bodies[whole // size] = body(operation, form, whole, declarations)
    bodies[1] = _of_vector(name, 128 // size, type_, parameters)
    return Function(name, type_, parameters, dict(sorted(bodies.items())), "after"), list(declarations)


def _avx512(instruction: str, form: str, whole: int, operands: list[str], declarations: dict[str, None]) -> str:
    """Return LLVM's name of an instruction on vectors of ``whole`` bits, and declare it; "v" stands for their type."""
    type_, size = _TYPES[form]
    lanes = whole // size
    v, called = vector(type_, lanes), f"llvm.x86.avx512.mask.{instruction}.p{'s' if size == 32 else 'd'}.{whole}"
    types = [v if operand == "v" else operand for operand in operands]
    rounding = ", i32" if whole == 512 else ""
    declarations[f"declare {v} @{called}({', '.join(types)}, {v}, i{max(lanes, 8)}{rounding})"] = None
    return called


def _rounding(whole: int) -> str:
    """Return the last argument of an instruction: only those on 512 bits take a rounding mode, 4 is the current one."""
    return ", i32 4" if whole == 512 else ""


def _steps(operation: str, form: str, whole: int, declarations: dict[str, None]) -> str:
    """Return the body of a primitive's variant on vectors of ``whole`` bits."""
    type_, size = _TYPES[form]
    lanes = whole // size
    v, mask = vector(type_, lanes), f"i{max(lanes, 8)}"
    lines = []
    for result, instruction, *operands in _AVX512[operation]:
        if instruction in ("fneg", "fsub"):
            lines.append(f"%{result} = {instruction} {v} {', '.join(operands)}")
            continue
        types = ["v" if operand.startswith("%") else "i32" for operand in operands]
        called = _avx512(instruction, form, whole, types, declarations)
        given = ", ".join(f"{v if own == 'v' else own} {operand}" for own, operand in zip(types, operands, strict=True))
        given += f", {v} zeroinitializer, {mask} -1{_rounding(whole)}"
        lines.append(f"%{result} = call {v} @{called}({given})")
    return "\n".join([*lines, f"ret {v} %r"])


def _scale(operation: str, form: str, whole: int, declarations: dict[str, None]) -> str:
    """As ``_steps``, of ``scale``."""
    type_, size = _TYPES[form]
    lanes, (width, bias) = whole // size, emulation.FORMATS[form]

    def splat(own: str, value: object) -> str:
        return f"<{', '.join(f'{own} {value}' for _ in range(lanes))}>"

    declarations["declare i1 @llvm.expect.i1(i1, i1)"] = None
    return _SCALE.format(
        v=vector(type_, lanes),
        i=vector(f"i{size}", lanes),
        lanes=lanes,
        mask=f"i{max(lanes, 8)}",
        rounding=_rounding(whole),
        scalef=_avx512("scalef", form, whole, ["v", "v"], declarations),
        getexp=_avx512("getexp", form, whole, ["v"], declarations),
        getmant=_avx512("getmant", form, whole, ["v", "i32"], declarations),
        low=splat(type_, -emulation.largest_ordinary(bias)),
        least=splat(type_, 1.0 - bias),
        units=splat(type_, bias + width - 1.0),
        tiny=splat(type_, -64.0),
        shift=splat(type_, 2.0**width),
        sign=splat(f"i{size}", -(2 ** (size - 1))),
    )


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
