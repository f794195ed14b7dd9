"""The list of kernels: records x dtypes, each a loop nest closed over a scalar function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aotops.intrinsics import Signature
from aotops.loops.elementwise import elementwise
from aotops.loops.plan import plan
from aotops.loops.reduce import reduce
from aotops.ops.conversion import conversion
from aotops.ops.record import ALL, Record


@dataclass(frozen=True)
class Kernel:
    """One function to compile.

    Attributes:
        symbol: its name in C, without the level.
        title: how progress and errors call it.
        dtype: the dtype of its float constants.
        function: the loop nest, as plain Python.
    """

    symbol: str
    title: str
    dtype: str
    function: Callable[..., Any]


PLANNER = Kernel("aot_plan", "planner", "int64", plan)


def kernel_symbol(name: str, *dtypes: str) -> str:
    """The C name of an operator's kernel for some dtypes."""
    return "_".join(("aot", name, *dtypes))


def record_kernels(record: Record) -> list[Kernel]:
    """The kernels of one operator, one for each of its dtypes."""
    kernels = []
    for dtype in record.dtypes:
        scalar = record.scalar_for(dtype)
        if record.kind == "reduce":
            function = reduce(scalar, Signature((dtype,), record.result_for(dtype)))
        else:
            function = elementwise(scalar, Signature((dtype,) * record.inputs, record.result_for(dtype)))
        kernels.append(Kernel(kernel_symbol(record.name, dtype), f"{record.name} {dtype}", dtype, function))
    return kernels


def conversion_kernels() -> list[Kernel]:
    """The kernels that copy elements of one dtype into another, for each pair."""
    return [
        Kernel(
            kernel_symbol("convert", source, target),
            f"convert {source} to {target}",
            source,
            elementwise(conversion(source, target), Signature((source,), target)),
        )
        for source in ALL
        for target in ALL
    ]


def all_kernels(records: Iterable[Record]) -> list[Kernel]:
    """Everything that aotops itself is compiled from."""
    kernels = [PLANNER, *conversion_kernels()]
    for record in records:
        kernels.extend(record_kernels(record))
    return kernels
