"""The kernel table: the C source that lists the operators and their kernels for the glue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aotops import abi
from aotops.aot.back.levels import Level
from aotops.aot.pack.header import dtype_code
from aotops.aot.pack.kernels import PLANNERS, is_compute_bound
from aotops.autograd.formulas import reads_and_passes
from aotops.encode import encode
from aotops.loops.plan import fields
from aotops.ops.record import ALL, Record, kernel_symbol

SIGNATURE = "(void *, aot_kernel_call *, int64_t, int64_t, char **, const int64_t *)"
PLANNER_SIGNATURE = "(int64_t *, void **, int64_t *)"


def quoted(name: str | None) -> str:
    """Return a name as a C string; NULL for None."""
    return "NULL" if name is None else f'"{name}"'


def c_array(data: bytes) -> str:
    """Return bytes as the initializer of an array."""
    return "{" + ", ".join(map(str, data)) + "}"


def c_elements(data: bytes) -> str:
    """Return constants, given as bytes, as the initializer of an array of ``aot_element``."""
    size = abi.ELEMENT_BYTES
    return ", ".join(["{" + c_array(data[k : k + size]) + "}" for k in range(0, len(data), size)])


def table_source(records: Iterable[Record], levels: Sequence[Level], names: Mapping[str, Sequence[str]]) -> str:
    """Return the C source that defines ``aot_builtin_table``, the planners and the casts.

    ``names``: the C names of each kernel, one per level, by its symbol.
    """
    declarations: dict[str, None] = {}
    variants: list[str] = []
    operators: list[str] = []

    def kernels(symbol: str, signature: str = SIGNATURE, count: int = len(levels)) -> str:
        chosen = names[symbol][:count]
        declarations.update(dict.fromkeys(f"extern int32_t {name}{signature};" for name in chosen))
        return "{" + ", ".join(chosen) + "}"

    planners = [
        f"const aot_planner {planner.symbol} = {kernels(planner.symbol, PLANNER_SIGNATURE, 1)[1:-1]};"
        for planner in PLANNERS
    ]
    conversions = [
        f"    [{dtype_code(source)}][{dtype_code(target)}] = {kernels(kernel_symbol('convert', source, target))},"
        for source in ALL
        for target in ALL
    ]
    for record in records:
        formula = reads_and_passes(record) if record.derivative_of else (0, 0)
        encoded = encode(record, is_compute_bound(record), formula)
        array = kernel_symbol(record.name, "variants")
        rows: list[str] = []
        for dtype, (dtypes, constants), symbols in zip(record.dtypes, encoded.variants, record.symbols(), strict=True):
            fields = [f".dtypes = {c_array(dtypes)}"]
            if any(constants):
                name = kernel_symbol(record.name, "constants", dtype)
                variants.append(f"static const aot_element {name}[] = {{{c_elements(constants)}}};")
                fields.append(f".constants = {name}")
            elif constants_are_read(record):
                fields.append(".constants = nothing")
            for field, symbol in zip(("kernels", "combine", "finish", "map"), symbols, strict=False):
                if symbol is not None:
                    fields.append(f".{field} = {kernels(symbol)}")
            rows.append("    {" + ", ".join(fields) + "},")
        variants += [f"static const aot_variant {array}[] = {{", *rows, "};"]
        labels = [label for label, *_ in (*abi.OPERATOR_FIELDS, *abi.OPERATOR_ARRAYS)]
        values = [c_array(value) if isinstance(value, bytes) else str(value) for value in encoded.fields]
        traits = ", ".join([f".{label} = {value}" for label, value in zip(labels, values, strict=True)])
        operators.append(
            f'    {{.name = "{record.name}", .parameters = "{" ".join(record.parameters)}", '
            f".square = {quoted(record.squares.name if record.squares else None)}, {traits}, "
            f".n_variants = {len(record.dtypes)}, .variants = {array}}},"
        )
    lines = [
        "/* Generated from the operator records by aotops.aot.pack.table. */",
        '#include "plan.h"',
        "",
        *declarations,
        "",
        "static const aot_element nothing[AOT_CONSTANT_DEFAULTS + AOT_MAX_OPERANDS];",
        *variants,
        "",
        "static const aot_operator operators[] = {",
        *operators,
        "};",
        "",
        "const aot_table aot_builtin_table = {",
        f"    .n_levels = {len(levels)},",
        "    .levels = {" + ", ".join(f'"{level.name}"' for level in levels) + "},",
        "    .n_operators = sizeof operators / sizeof *operators, .operators = operators,",
        "};",
        "",
        *planners,
        "",
        "const aot_kernel aot_builtin_convert[AOT_N_DTYPES][AOT_N_DTYPES][AOT_MAX_LEVELS] = {",
        *conversions,
        "};",
        "",
    ]
    return "\n".join(lines)


def constants_are_read(record: Record) -> bool:
    """Return whether C reads the constants of an operator, even if they are all zero."""
    return record.kind in abi.AXIS_KINDS or bool(record.defaults)


def plan_header() -> str:
    """Return the C header of the plan: its fields as a structure, and the sizes and roles that the glue uses."""
    members = [f"    int64_t {name}{''.join(f'[{length}]' for length in lengths)};" for name, lengths in fields.FIELDS]
    names = [*("PLAIN", "PACK", "CAST", "INDEX", "LINE", "NARROW", "STACK_BYTES", "STREAMED_BYTES", "STREAMED_PIECE")]
    names += ["GRAIN", "PART", "PART_IF_COMPUTE_BOUND", "PART_IF_UNBOUNDED", "LARGE", "LARGE_IF_COMPUTE_BOUND"]
    names += ["LEAF", "BATCH", "FEWEST_PACKED", "PACK_AND_CAST", "PACKED_PIECE"]
    planners = [f"extern const aot_planner {planner.symbol};" for planner in PLANNERS]
    lines = [
        "/* Generated from aotops.loops.plan.fields, which says what each field is, by aotops.aot.pack.table. */",
        "#ifndef AOTOPS_PLAN_H",
        "#define AOTOPS_PLAN_H",
        "",
        '#include "kernel.h"',
        "",
        "typedef struct {",
        *[f"    int64_t {name};" for name in ("count", "length", "size")],
        f"    int64_t steps[{fields.MOST_OPERANDS}];",
        "} aot_grid_axis;",
        "",
        "typedef struct {",
        *[
            f"    aot_grid_axis {name}[{lengths[0]}][{lengths[1]}];" if name == "grids" else member
            for member, (name, lengths) in zip(members, fields.FIELDS, strict=True)
        ],
        "} aot_plan;",
        "",
        f'_Static_assert(sizeof(aot_plan) == {fields.PLAN_LENGTH} * sizeof(int64_t), "a plan is an array of int64");',
        f'_Static_assert(AOT_MAX_RANK == {fields.MOST_RANK}, "plans are made for other ranks");',
        f'_Static_assert(AOT_MAX_OPERANDS == {fields.MOST_OPERANDS}, "plans are made for other numbers of operands");',
        "",
        "/* Cuts the iteration space of a plan into tiles, in place. */",
        "typedef int32_t (*aot_planner)(int64_t *ret, void **exception, int64_t *plan);",
        *planners,
        "",
        *[f"#define AOT_PLAN_{name} {getattr(fields, name)}" for name in names],
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)
