"""Square roots by multiplications and by the divider, at the same time, at x86-64-v4.

A CPU's square root is correctly rounded, but slow: the unit that takes it, the divider, is not pipelined. AVX-512 can
also approximate ``1 / sqrt(x)`` to 14 bits; fused multiply-adds then do the rest, with the same bits. In a loop over
vectors every other one is computed so, and both units work. One float64 takes 0.39 ns in place of 0.58 on Zen 4 (by
multiplications alone 0.67), and 0.54 ns in place of 1.04 on Sapphire Rapids (0.66).

A float ``g`` is the square root of ``x`` rounded to nearest if and only if ``g * below(g) < x <= g * above(g)``, where
``below(g)`` and ``above(g)`` are its neighbours (Tuckerman's test). A fused multiply-add tells the sign of each
difference exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import llvmlite.binding as llvm

from aotops.aot.back.levels import Level
from aotops.aot.back.llvm_text import float_constant
from aotops.aot.back.variants import Function, link


@dataclass(frozen=True)
class Format:
    """A format of floats.

    Attributes:
        type: LLVM's name.
        bits: its width.
        suffix: that of Intel's names of instructions.
        refinements: steps of Newton's method until one more, by the residual, errs by less than one unit.
        tiny: the exponent of numbers below which residuals could underflow.
        scale: the exponent by which such numbers are scaled; even, for its half scales the root.
    """

    type: str
    bits: int
    suffix: str
    refinements: int
    tiny: int
    scale: int

    @property
    def intrinsic(self) -> str:
        """LLVM's name of the square root."""
        return f"llvm.sqrt.f{self.bits}"

    @property
    def name(self) -> str:
        """The name of the function that takes its place."""
        return f"aotops_sqrt_f{self.bits}"

    @property
    def lanes(self) -> int:
        """The number of elements in the widest vector."""
        return 512 // self.bits

    def vector(self, lanes: int) -> str:
        """LLVM's name of a vector."""
        return f"<{lanes} x {self.type}>"

    def instruction(self, lanes: int) -> str:
        """LLVM's name of the square root of a vector."""
        return f"llvm.sqrt.v{lanes}f{self.bits}"


FORMATS = (
    Format("double", 64, "pd", refinements=1, tiny=-900, scale=512),
    Format("float", 32, "ps", refinements=0, tiny=-70, scale=60),
)


def takes_roots(module: llvm.ModuleRef, level: Level) -> bool:
    """Return whether a module takes square roots, and the level can approximate them."""
    intrinsics = {form.intrinsic for form in FORMATS}
    return level.has_avx512 and any(function.name in intrinsics for function in module.functions)


def with_roots(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """Return a module that takes square roots by functions, whose variants for the widest vectors only multiply."""
    declared = {function.name for function in module.functions}
    text, functions, declarations = str(module), [], []
    for form in FORMATS:
        if form.intrinsic not in declared:
            continue
        text = text.replace(f"@{form.intrinsic}(", f"@{form.name}(")
        half = form.lanes // 2
        bodies = {
            1: _instruction(form.type, form.intrinsic),
            half: _instruction(form.vector(half), form.instruction(half)),
            form.lanes: _multiplications(form),
        }
        functions.append(Function(form.name, form.type, {"%x": form.type}, bodies, "after"))
        declarations += [
            f"declare {form.type} @{form.intrinsic}({form.type})",
            f"declare {form.vector(half)} @{form.instruction(half)}({form.vector(half)})",
            *_declarations(form),
        ]
    result = llvm.parse_assembly(text)
    link(result, functions, {}, declarations)
    return result


def shared_with_the_divider(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """Return a module with vectorized loops, in which every other variant is replaced by the instruction."""
    text = str(module)
    if not any(f"@{form.name}_v{form.lanes}(" in text for form in FORMATS):
        return module
    for form in FORMATS:
        vector, instruction = form.vector(form.lanes), form.instruction(form.lanes)
        variant, direct = f"call {vector} @{form.name}_v{form.lanes}(", f"call {vector} @{instruction}("
        first, *others = text.split(variant)
        text = first + "".join((variant if k % 2 else direct) + part for k, part in enumerate(others))
        declaration = f"declare {vector} @{instruction}("
        if others and declaration not in text:
            text += f"\n{declaration}{vector})\n"
    return llvm.parse_assembly(text)


def _instruction(type_: str, intrinsic: str) -> str:
    return f"  %r = call {type_} @{intrinsic}({type_} %x)\n  ret {type_} %r"


def _estimate(form: Format) -> tuple[str, str]:
    """LLVM's name of the approximation, and the type of its mask."""
    return f"llvm.x86.avx512.rsqrt14.{form.suffix}.512", f"i{form.lanes}"


def _declarations(form: Format) -> list[str]:
    """Declarations of what ``_multiplications`` calls."""
    vector, (estimate, mask) = form.vector(form.lanes), _estimate(form)
    return [
        f"declare {vector} @llvm.fma.v{form.lanes}f{form.bits}({vector}, {vector}, {vector})",
        f"declare {vector} @{estimate}({vector}, {vector}, {mask})",
    ]


def _multiplications(form: Format) -> str:
    """Instructions that compute the square roots of the widest vector, ``%x``."""
    lanes, vector = form.lanes, form.vector(form.lanes)
    integers, conditions = f"<{lanes} x i{form.bits}>", f"<{lanes} x i1>"
    estimate, mask = _estimate(form)
    lines: list[str] = []

    def splat(value: float) -> str:
        return f"splat ({form.type} {float_constant(value)})"

    def emit(name: str, code: str) -> None:
        lines.append(f"  %{name} = {code}")

    def fused(name: str, a: str, b: str, c: str) -> None:
        emit(name, f"call {vector} @llvm.fma.v{lanes}f{form.bits}({vector} {a}, {vector} {b}, {vector} {c})")

    emit("is_tiny", f"fcmp olt {vector} %x, {splat(2.0**form.tiny)}")
    emit("scaled", f"fmul {vector} %x, {splat(2.0**form.scale)}")
    emit("a", f"select {conditions} %is_tiny, {vector} %scaled, {vector} %x")
    # g approximates the root, h half of its inverse
    emit("y", f"call {vector} @{estimate}({vector} %a, {vector} zeroinitializer, {mask} -1)")
    emit("g0", f"fmul {vector} %a, %y")
    emit("h0", f"fmul {vector} %y, {splat(0.5)}")
    last = form.refinements
    for k in range(last):
        emit(f"n{k}", f"fneg {vector} %h{k}")
        fused(f"r{k}", f"%n{k}", f"%g{k}", splat(0.5))
        fused(f"g{k + 1}", f"%g{k}", f"%r{k}", f"%g{k}")
        fused(f"h{k + 1}", f"%h{k}", f"%r{k}", f"%h{k}")
    emit("minus", f"fneg {vector} %g{last}")
    fused("residual", "%minus", f"%g{last}", "%a")
    fused("g", "%residual", f"%h{last}", f"%g{last}")
    # the neighbours of g, and Tuckerman's test
    emit("bits", f"bitcast {vector} %g to {integers}")
    for name, step in (("below", -1), ("above", 1)):
        emit(f"{name}.bits", f"add {integers} %bits, splat (i{form.bits} {step})")
        emit(name, f"bitcast {integers} %{name}.bits to {vector}")
    emit("negated", f"fneg {vector} %g")
    fused("low", "%negated", "%below", "%a")
    fused("high", "%negated", "%above", "%a")
    emit("is_large", f"fcmp ole {vector} %low, zeroinitializer")
    emit("is_small", f"fcmp ogt {vector} %high, zeroinitializer")
    emit("lowered", f"select {conditions} %is_large, {vector} %below, {vector} %g")
    emit("root", f"select {conditions} %is_small, {vector} %above, {vector} %lowered")
    emit("back", f"fmul {vector} %root, {splat(2.0 ** (-form.scale // 2))}")
    emit("unscaled", f"select {conditions} %is_tiny, {vector} %back, {vector} %root")
    # 1 / sqrt(0) is infinity, 1 / sqrt(infinity) is 0, and 0 times infinity NaN
    emit("is_zero", f"fcmp oeq {vector} %x, zeroinitializer")
    emit("is_infinite", f"fcmp oeq {vector} %x, {splat(float('inf'))}")
    emit("is_itself", f"or {conditions} %is_zero, %is_infinite")
    emit("result", f"select {conditions} %is_itself, {vector} %x, {vector} %unscaled")
    lines.append(f"  ret {vector} %result")
    return "\n".join(lines)
