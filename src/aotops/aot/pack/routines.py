"""The kernels of routines, and what C knows of them: a generated header, and tables of their kernels.

A routine's table is ``aot_<name>_routine``, a kernel for each CPU level. It has one more dimension where the routine
exists for several widths, by the base-2 logarithm of the width, or dtypes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aotops.abi import ELEMENT_BYTES, FACTS
from aotops.aot.back.levels import Level, levels
from aotops.aot.pack.header import dtype_code
from aotops.aot.pack.kernels import Kernel, all_kernels
from aotops.loops.routines import (
    COMPUTE_BOUND,
    CONSTANTS,
    DTYPE,
    NUMBERS,
    ONCE,
    ROUTINES,
    WIDTH,
    compiled_dtype,
    runs,
)
from aotops.ops.record import Record, kernel_symbol

FILE = "routines.h"
#: The dimension of a table, by what tells the kernels of a routine apart.
DIMENSIONS = {ONCE: "", WIDTH: "[AOT_N_WIDTHS]", DTYPE: "[AOT_N_DTYPES]"}


@dataclass(frozen=True)
class RoutineKernel(Kernel):
    """A kernel of a routine. Its positions are scattered, and gather instructions are no faster than loads.

    Attributes:
        routine: the routine's name.
    """

    routine: str = ""

    @property
    def levels(self) -> tuple[Level, ...]:
        """Those that have no other routine in its place."""
        return tuple([level for level in levels() if runs(self.routine, level.name)])

    @property
    def gathers(self) -> bool:
        """Never."""
        return False


def symbol_of(name: str, dtype: str) -> str:
    """Return the symbol of the kernel that computes elements of a dtype."""
    return kernel_symbol("routine", name, compiled_dtype(name, dtype))


def routine_kernels() -> list[Kernel]:
    """Return the kernels of all routines."""
    kernels: list[Kernel] = []
    for name, (_, dtypes, make) in ROUTINES.items():
        for dtype in dict.fromkeys(compiled_dtype(name, each) for each in dtypes):
            function, signature = make(dtype)
            symbol, title, widest = symbol_of(name, dtype), f"{name} {dtype}", name in COMPUTE_BOUND
            kernels.append(RoutineKernel(symbol, title, dtype, function, "routine", signature, widest, routine=name))
    return kernels


def own_kernels(records: Iterable[Record]) -> list[Kernel]:
    """Return all kernels that aotops contains: of operators and of routines."""
    return [*all_kernels(records), *routine_kernels()]


def routines_source(names: Mapping[str, Sequence[str]]) -> str:
    """Return the C source of the tables; ``names``: the C names of each kernel, one per level, by its symbol."""
    declarations: dict[str, None] = {}
    tables: list[str] = []
    for name, (kind, dtypes, _) in ROUTINES.items():
        rows = []
        for dtype in dtypes:
            chosen = names[symbol_of(name, dtype)]
            declarations.update(
                dict.fromkeys(
                    f"extern int32_t {each}(void *, aot_kernel_call *, int64_t, int64_t, char **, const int64_t *);"
                    for each in chosen
                    if each != "0"
                )
            )
            place = FACTS[dtype].itemsize.bit_length() - 1 if kind == WIDTH else dtype_code(dtype)
            rows.append("" if kind == ONCE else f"[{place}] = ")
            rows[-1] += f"{{{', '.join(chosen)}}}"
        body = rows[0] if kind == ONCE else "{\n    " + ",\n    ".join(rows) + ",\n}"
        tables += [f"const aot_kernel aot_{name}_routine{DIMENSIONS[kind]}[AOT_MAX_LEVELS] = {body};", ""]
    head = "/* Generated from aotops.loops.routines by aotops.aot.pack.routines. */"
    return "\n".join([head, f'#include "{FILE}"', "", *declarations, "", *tables])


def routines_header() -> str:
    """Return the C header of the routines, with the numbers that they take."""
    tables = [
        f"extern const aot_kernel aot_{name}_routine{DIMENSIONS[kind]}[AOT_MAX_LEVELS];"
        for name, (kind, *_) in ROUTINES.items()
    ]
    numbers = []
    for routine, names in NUMBERS.items():
        members = [f"AOT_{routine}_{name}".upper() for name in (*names, "numbers")]
        numbers.append(f"enum aot_{routine}_number {{ {', '.join(members)} }};")
    constants = [f"#define AOT_{name.upper()} {value}" for name, value in CONSTANTS.items()]
    lines = [
        "/* Generated from aotops.loops.routines, which says what each routine is, by aotops.aot.pack.routines. */",
        "#ifndef AOTOPS_ROUTINES_H",
        "#define AOTOPS_ROUTINES_H",
        "",
        '#include "kernel.h"',
        "",
        f"#define AOT_N_WIDTHS {ELEMENT_BYTES.bit_length()} /* by the base-2 logarithm of an element's bytes */",
        *tables,
        "",
        "/* The numbers that routines take; gathers and scatters take the same. */",
        *numbers,
        *constants,
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)
