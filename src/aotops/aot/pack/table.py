"""The kernel table: the C source that tells the glue which operators there are and where their kernels lie."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from aotops.aot.back.levels import Level, level_symbol
from aotops.aot.pack.kernels import PLANNERS, is_compute_bound
from aotops.loops.plan import fields
from aotops.ops.record import ALL, FOLDING, Record, combine_symbol, kernel_symbol

ELEMENT_FORMATS = {"bool": "<?7x", "int64": "<q", "float32": "<f4x", "float64": "<d"}

SIGNATURE = "(void *, void **, int64_t, int64_t, char **, const int64_t *)"
PLANNER_SIGNATURE = "(int64_t *, void **, int64_t *)"


def element_bits(value: float, dtype: str) -> str:
    """A value of a dtype as the C constant of an ``aot_element``'s bits."""
    return f"0x{int.from_bytes(struct.pack(ELEMENT_FORMATS[dtype], value), 'little'):016x}u"


def dtype_code(dtype: str) -> str:
    """The name of a dtype in ``kernel.h``, or of what an input that has none is."""
    return f"AOT_{dtype.upper()}"


def quoted(name: str) -> str:
    """A name as a C string."""
    return f'"{name}"'


def table_source(records: Iterable[Record], levels: Sequence[Level]) -> str:
    """The C file that defines ``aot_builtin_table``, and the planners and conversions beside it."""
    declarations: dict[str, None] = {}
    variants: list[str] = []
    operators: list[str] = []

    def kernels(symbol: str, signature: str = SIGNATURE, chosen: Sequence[Level] = levels) -> str:
        names = [level_symbol(symbol, level) for level in chosen]
        declarations.update(dict.fromkeys(f"extern int32_t {name}{signature};" for name in names))
        return "{" + ", ".join(names) + "}"

    planners = [
        f"const aot_planner {planner.symbol} = {kernels(planner.symbol, PLANNER_SIGNATURE, levels[:1])[1:-1]};"
        for planner in PLANNERS  # a higher level gains nothing, its code is twice as long
    ]
    conversions = [
        f"    [{dtype_code(source)}][{dtype_code(target)}] = {kernels(kernel_symbol('convert', source, target))},"
        for source in ALL
        for target in ALL
    ]
    for record in records:
        array = kernel_symbol(record.name, "variants")
        variants.append(f"static const aot_variant {array}[] = {{")
        for dtype in record.dtypes:
            result = record.result_for(dtype)
            codes = ", ".join(map(dtype_code, [*record.inputs_for(dtype), *record.results_for(dtype)]))
            fields = [f".dtypes = {{{codes}}}"]
            if record.kind in FOLDING:
                # an argreduce combines elements, the others results
                combined = dtype if record.kind == "argreduce" else result
                identity = record.identity_for(dtype)
                if identity is not None:
                    fields.append(f".identity = {element_bits(identity, result)}")
                if record.absorbing is not None:
                    fields.append(f".absorbing = {element_bits(record.absorbing, result)}")
                fields.append(f".start = {element_bits(record.start_for(dtype), combined)}")
            if record.defaults:
                defaults = ", ".join(
                    f"[{k}] = {element_bits(record.default_for(name, dtype), dtype)}"
                    for k, name in enumerate(record.parameters)
                    if name in record.defaults
                )
                fields.append(f".defaults = {{{defaults}}}")
            fields.append(f".kernels = {kernels(kernel_symbol(record.name, dtype))}")
            if record.kind in ("reduce", "scan"):
                fields.append(f".combine = {kernels(combine_symbol(record.reduction or record, dtype))}")
            if record.kind == "scan" and record.reduction is not None:
                fields.append(f".fold = {kernels(kernel_symbol(record.reduction.name, dtype))}")
            variants.append("    {" + ", ".join(fields) + "},")
        variants.append("};")
        converts = ", ".join(
            dtype_code(record.converts[dtype]) if dtype in record.converts else "AOT_NO_DTYPE" for dtype in ALL
        )
        operators.append(
            f'    {{.name = "{record.name}", .parameters = "{" ".join(record.parameters)}", '
            f".kind = AOT_{record.kind.upper() if record.kind in FOLDING else 'ELEMENTWISE'}, "
            f".inputs = {record.inputs}, .outputs = {max(record.outputs, 1)}, "
            f".returns_tuple = {int(record.outputs > 0)}, .optional = {record.mask(record.defaults)}, "
            f".conditions = {record.mask([*record.conditions, *record.positions])}, "
            f".square = {quoted(record.squares.name) if record.squares else 'NULL'}, "
            f".slot = AOT_SLOT_{(record.slot or 'none').upper()}, .is_method = {int(record.method)}, "
            f".compute_bound = {int(is_compute_bound(record))}, "
            f".has_identity = {int(record.identity is not None)}, "
            f".takes_dtype = {int(record.takes_dtype)}, "
            f".has_absorbing = {int(record.absorbing is not None)}, .conversions = {{{converts}}}, "
            f".n_variants = {len(record.dtypes)}, .variants = {array}}},"
        )
    lines = [
        "/* Generated from the operator records by aotops.aot.pack.table. */",
        '#include "plan.h"',
        "",
        *declarations,
        "",
        *variants,
        "",
        "static const aot_operator operators[] = {",
        *operators,
        "};",
        "",
        "const aot_table aot_builtin_table = {",
        f"    .abi_version = AOT_ABI_VERSION, .n_levels = {len(levels)},",
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


def plan_header() -> str:
    """The C header of the plan: its fields as a structure, and the sizes and roles that the glue knows by name."""
    members = [f"    int64_t {name}{''.join(f'[{length}]' for length in lengths)};" for name, lengths in fields.FIELDS]
    names = [*("PLAIN", "PACK", "CAST", "INDEX", "LINE", "NARROW", "STACK_BYTES", "STREAMED_PIECE")]
    names += ["GRAIN", "SHARED_IF_COMPUTE_BOUND", "SHARED", "SHARES", "BATCH", "FEWEST_PACKED"]
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
