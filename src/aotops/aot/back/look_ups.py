"""Look-ups in tables of 16 float64 or float32, for whole vectors.

AVX-512 permutes registers that hold a table. AVX2's permutations need a dozen operations for one of 16; loads of one
element each, as many for each table. There tables that one function looks up stand side by side in rows of 16 bytes,
which are loaded whole; a table whose numbers end in 32 zero bits takes half of its 8 bytes. Three tables of logarithms
take 4 loads, and 15 operations on vectors, in place of 12 and 22. A table of 16 float32 is one register of AVX-512 and
one permutation, and two of AVX2.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from aotops.aot.back.levels import Level
from aotops.aot.back.llvm_text import float_constant
from aotops.aot.back.llvm_text import functions as functions_of
from aotops.aot.back.variants import Function

#: Names of look-ups hold the table after this and the format of its floats.
LOOK_UP = "aotops.look_up16."
LOOK_UP_64, LOOK_UP_32 = f"{LOOK_UP}f64.", f"{LOOK_UP}f32."

_CALL = re.compile(rf"@({re.escape(LOOK_UP_64)}[0-9a-f]+)\(")
_UPPER = 0xFFFFFFFF << 32


@dataclass(frozen=True)
class Rows:
    """Where a table is in an array of rows.

    Attributes:
        array: the name of the array.
        definition: its definition.
        column: which 8 bytes of the row, 0 or 1.
        half: which half of these it takes, "upper" or "lower"; "" if it has all of them.
    """

    array: str
    definition: str
    column: int
    half: str


def values_of(name: str) -> tuple[float, ...]:
    """Return the table that a look-up's name holds."""
    return struct.unpack(">16f" if name.startswith(LOOK_UP_32) else ">16d", bytes.fromhex(name.rpartition(".")[2]))


def words_of(name: str) -> tuple[int, ...]:
    """Return the bits of the numbers in a table of float64."""
    return struct.unpack(">16Q", bytes.fromhex(name.removeprefix(LOOK_UP_64)))


def rows_of(text: str) -> dict[str, Rows]:
    """Return the places of all tables that the functions in a module look up."""
    places: dict[str, Rows] = {}
    for definition in functions_of(text).values():
        tables = [name for name in dict.fromkeys(_CALL.findall(definition)) if name not in places]
        halves = [name for name in tables if not any(word & ~_UPPER for word in words_of(name))]
        columns = [[name] for name in tables if name not in halves]
        columns += [halves[k : k + 2] for k in range(0, len(halves), 2)]
        for k in range(0, len(columns), 2):
            array = f"aotops_rows{len(places)}"
            pair = columns[k : k + 2]
            words = [[word | _second(column, row) for row, word in enumerate(words_of(column[0]))] for column in pair]
            listed = ", ".join(f"i64 {word}" for row in zip(words[0], words[-1], strict=True) for word in row)
            defined = f"@{array} = private unnamed_addr constant [32 x i64] [{listed}], align 16"
            for c, column in enumerate(pair):
                for name, half in zip(column, ("upper", "lower") if len(column) == 2 else ("",), strict=True):
                    places[name] = Rows(array, defined, c, half)
    return places


def _second(column: list[str], row: int) -> int:
    """Return the bits of the second table in a column, moved to the lower half."""
    return words_of(column[1])[row] >> 32 if len(column) == 2 else 0


def look_up(name: str, called: str, level: Level, bits: int, rows: Rows | None) -> tuple[Function, list[str]]:
    """Return a look-up in a table, and its declarations."""
    type_, index = ("float", "i32") if name.startswith(LOOK_UP_32) else ("double", "i64")
    values = [f"{type_} {float_constant(value)}" for value in values_of(name)]

    def part(first: int, count: int) -> str:
        return f"<{count} x {type_}> <{', '.join(values[first : first + count])}>"

    declarations = [f"@{called}_table = private unnamed_addr constant [16 x {type_}] [{', '.join(values)}]"]
    bodies = {
        1: f"%k = and {index} %a, 15\n%p = getelementptr [16 x {type_}], ptr @{called}_table, i64 0, {index} %k\n"
        f"%r = load {type_}, ptr %p\nret {type_} %r"
    }
    if type_ == "float":
        bodies |= _by_permutations(level, bits, part, declarations)
        return Function(called, type_, {"%a": index}, bodies, "after" if len(bodies) > 1 else "first"), declarations
    if rows is not None:
        declarations.append(rows.definition)
        bodies[4] = _in_rows(rows)
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


def _by_permutations(
    level: Level, bits: int, part: Callable[[int, int], str], declarations: list[str]
) -> dict[int, str]:
    """Return the bodies of look-ups in a table of float32, and add their declarations."""
    v, indices = "<8 x float>", "<8 x i32>"
    bodies: dict[int, str] = {}
    if level.has_avx512:
        permute = "llvm.x86.avx512.vpermi2var.ps.256"
        declarations.append(f"declare {v} @{permute}({v}, {indices}, {v})")
        eight = f"%r = call {v} @{permute}({part(0, 8)}, {indices} %b, {part(8, 8)})"
    elif level.has_avx2:
        permute = "llvm.x86.avx2.permps"
        declarations.append(f"declare {v} @{permute}({v}, {indices})")
        eight = (
            f"%low = call {v} @{permute}({part(0, 8)}, {indices} %b)\n"
            f"%high = call {v} @{permute}({part(8, 8)}, {indices} %b)\n"
            f"%sign = shl {indices} %b, splat (i32 28)\n"
            f"%upper = icmp slt {indices} %sign, zeroinitializer\n"
            f"%r = select <8 x i1> %upper, {v} %high, {v} %low"
        )
    else:
        return bodies
    # vectors of float32 beside float64 have half as many elements
    listed = ", ".join(f"i32 {k}" for k in range(4))
    bodies[4] = (
        "%b = shufflevector <4 x i32> %a, <4 x i32> poison, "
        f"<8 x i32> <{listed}, i32 poison, i32 poison, i32 poison, i32 poison>\n"
        f"{eight}\n%s = shufflevector {v} %r, {v} poison, <4 x i32> <{listed}>\nret <4 x float> %s"
    )
    bodies[8] = f"{eight.replace('%b', '%a')}\nret {v} %r"
    if level.has_avx512 and bits == 512:
        v, indices, permute = "<16 x float>", "<16 x i32>", "llvm.x86.avx512.permvar.sf.512"
        declarations.append(f"declare {v} @{permute}({v}, {indices})")
        bodies[16] = f"%r = call {v} @{permute}({part(0, 16)}, {indices} %a)\nret {v} %r"
    return bodies


def _in_rows(rows: Rows) -> str:
    """Return the body of a look-up of 4 elements. Those of other tables in the rows share its loads."""
    # the offsets of two elements leave the vector together
    lines = [
        "%s = shl <4 x i64> %a, splat (i64 4)",
        "%m = and <4 x i64> %s, splat (i64 240)",
        "%b = bitcast <4 x i64> %m to <8 x i32>",
        "%e = shufflevector <8 x i32> %b, <8 x i32> poison, <8 x i32> "
        "<i32 0, i32 2, i32 poison, i32 poison, i32 4, i32 6, i32 poison, i32 poison>",
        "%w = bitcast <8 x i32> %e to <4 x i64>",
    ]
    for k in (0, 2):
        lines += [
            f"%x{k} = extractelement <4 x i64> %w, i32 {k}",
            f"%k{k} = and i64 %x{k}, {0xFFFFFFFF}",
            f"%k{k + 1} = lshr i64 %x{k}, 32",
        ]
    for k in range(4):
        lines += [
            f"%p{k} = getelementptr i8, ptr @{rows.array}, i64 %k{k}",
            f"%v{k} = load <2 x i64>, ptr %p{k}, align 16",
        ]
    c = rows.column
    lines += [
        "%l = shufflevector <2 x i64> %v0, <2 x i64> %v2, <4 x i32> <i32 0, i32 1, i32 2, i32 3>",
        "%h = shufflevector <2 x i64> %v1, <2 x i64> %v3, <4 x i32> <i32 0, i32 1, i32 2, i32 3>",
        f"%z = shufflevector <4 x i64> %l, <4 x i64> %h, <4 x i32> <i32 {c}, i32 {4 + c}, i32 {2 + c}, i32 {6 + c}>",
    ]
    last = "%z"
    if rows.half:
        last = "%y"
        operation = f"and <4 x i64> %z, splat (i64 {_UPPER - 2**64})"
        lines.append(f"%y = {operation if rows.half == 'upper' else 'shl <4 x i64> %z, splat (i64 32)'}")
    lines += [f"%r = bitcast <4 x i64> {last} to <4 x double>", "ret <4 x double> %r"]
    return "\n".join(lines)
