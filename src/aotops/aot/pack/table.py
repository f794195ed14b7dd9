"""The kernel table: the C source that tells the glue which operators there are and where their kernels lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aotops import abi
from aotops.aot.back.levels import Level, level_symbol
from aotops.aot.pack.header import dtype_code
from aotops.aot.pack.kernels import PLANNER, is_compute_bound
from aotops.encode import encode
from aotops.ops.record import ALL, Record, kernel_symbol

SIGNATURE = "(void *, void **, int64_t, int64_t, char **, const int64_t *)"
PLANNER_SIGNATURE = "(int64_t *, void **, int64_t, int64_t, int64_t *, int64_t *, int64_t *)"


def quoted(name: str | None) -> str:
    """A name as a C string; NULL for none."""
    return "NULL" if name is None else f'"{name}"'


def c_array(data: bytes) -> str:
    """Bytes as the initialiser of an array."""
    return "{" + ", ".join(map(str, data)) + "}"


def c_elements(data: bytes) -> str:
    """The bytes of constants as the initialiser of an array of ``aot_element``."""
    size = abi.ELEMENT_BYTES
    return ", ".join(["{" + c_array(data[k : k + size]) + "}" for k in range(0, len(data), size)])


def table_source(records: Iterable[Record], levels: Sequence[Level]) -> str:
    """The C file that defines ``aot_builtin_table`` and the planner and conversions beside it."""
    declarations: dict[str, None] = {}
    variants: list[str] = []
    operators: list[str] = []

    def kernels(symbol: str, signature: str = SIGNATURE) -> str:
        names = [level_symbol(symbol, level) for level in levels]
        declarations.update(dict.fromkeys(f"extern int32_t {name}{signature};" for name in names))
        return "{" + ", ".join(names) + "}"

    planners = kernels(PLANNER.symbol, PLANNER_SIGNATURE)
    conversions = [
        f"    [{dtype_code(source)}][{dtype_code(target)}] = {kernels(kernel_symbol('convert', source, target))},"
        for source in ALL
        for target in ALL
    ]
    for record in records:
        encoded = encode(record, is_compute_bound(record))
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
            for field, symbol in zip(("kernels", "combine", "fold"), symbols, strict=True):
                if symbol is not None:
                    fields.append(f".{field} = {kernels(symbol)}")
            rows.append("    {" + ", ".join(fields) + "},")
        variants += [f"static const aot_variant {array}[] = {{", *rows, "};"]
        names = [name for name, *_ in (*abi.OPERATOR_FIELDS, *abi.OPERATOR_ARRAYS)]
        values = [c_array(value) if isinstance(value, bytes) else str(value) for value in encoded.fields]
        traits = ", ".join([f".{name} = {value}" for name, value in zip(names, values, strict=True)])
        operators.append(
            f'    {{.name = "{record.name}", .parameters = "{" ".join(record.parameters)}", '
            f".square = {quoted(record.squares.name if record.squares else None)}, {traits}, "
            f".n_variants = {len(record.dtypes)}, .variants = {array}}},"
        )
    lines = [
        "/* Generated from the operator records by aotops.aot.pack.table. */",
        '#include "kernel.h"',
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
        f"const aot_planner aot_builtin_planners[AOT_MAX_LEVELS] = {planners};",
        "",
        "const aot_kernel aot_builtin_convert[AOT_N_DTYPES][AOT_N_DTYPES][AOT_MAX_LEVELS] = {",
        *conversions,
        "};",
        "",
    ]
    return "\n".join(lines)


def constants_are_read(record: Record) -> bool:
    """Whether C looks at the constants of an operator, which may be zeros alone."""
    return record.kind in abi.AXIS_KINDS or bool(record.defaults)
