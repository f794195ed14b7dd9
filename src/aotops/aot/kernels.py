"""The list of kernels: records x dtypes, each a loop nest closed over a scalar function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aotops.aot.length import length
from aotops.combinations import in_combination
from aotops.functions import has_loop, has_power, reached
from aotops.intrinsics import Signature
from aotops.loops.argreduce import argreduce
from aotops.loops.copy import copy, first
from aotops.loops.elementwise import elementwise, row_patterns
from aotops.loops.plan import plan
from aotops.loops.reduce import reduce
from aotops.loops.scan import scan
from aotops.mathematics import has_common_cases
from aotops.ops.conversion import conversion
from aotops.ops.record import ALL, FOLDING, Record, combine_symbol, kernel_symbol


@dataclass(frozen=True)
class Kernel:
    """One function to compile.

    Attributes:
        symbol: its name in C, without the level.
        title: how progress and errors call it.
        dtype: the dtype of its float constants.
        function: the loop nest, as plain Python.
        widest: whether the widest vectors of a level pay: not where it waits for memory.
        contiguous: whether it is so much slower without vectors that strided elements are worth copying.
        place: the file and line of the operator's scalar function.
    """

    symbol: str
    title: str
    dtype: str
    function: Callable[..., Any]
    widest: bool = True
    contiguous: bool = False
    place: str = ""


PLANNER = Kernel("aot_plan", "planner", "int64", plan)


def record_kernels(record: Record) -> list[Kernel]:
    """The kernels of one operator: for each of its dtypes, and for a reduction those that combine its results."""
    kernels: dict[str, Kernel] = {}
    long = is_long(record)

    def add(symbol: str, title: str, dtype: str, function: Callable[..., Any]) -> None:
        # reductions of two inputs wait for memory: a dot product takes 5 to 14 % longer with 512 bits
        widest = long or (record.kind in FOLDING and record.inputs == 1)
        kernels[symbol] = Kernel(symbol, f"{record.name} {title}", dtype, function, widest, long, record.place)

    for dtype in record.dtypes:
        scalar, result = record.scalar_for(dtype), record.result_for(dtype)
        symbol = kernel_symbol(record.name, dtype)
        if record.kind == "reduce":
            scalar = in_combination(scalar)
            of = record.of or first
            signature = Signature(record.inputs_for(dtype), result)
            large = is_large(of, dtype, copies=14 * len(row_patterns(record.inputs)))
            add(symbol, dtype, result, reduce(scalar, of, signature, has_common_cases(of), large))
            add(combine_symbol(record, dtype), f"combine {result}", result, combine(scalar, result))
        elif record.kind == "argreduce":
            add(symbol, dtype, dtype, argreduce(scalar, Signature((dtype, "int64", dtype), result)))
        elif record.kind == "scan":
            add(symbol, dtype, result, scan(scalar, Signature((dtype, result), result)))
        else:
            signature = Signature(record.inputs_for(dtype), record.output_for(dtype))
            noting = not record.common and has_common_cases(scalar)
            # which the records of aotops are not, whose functions are as short as they can be
            large = bool(record.namespace) and is_large(scalar, dtype, copies=2 * len(row_patterns(record.inputs)))
            add(symbol, dtype, dtype, elementwise(scalar, signature, record.common.get(dtype), noting, large))
    return list(kernels.values())


#: Names of functions with a bound of error, in aotops or elsewhere.
LONG_FUNCTIONS = frozenset(
    {"exp", "expm1", "log", "log1p", "log2", "log10", "pow", "power", "sin", "cos", "tan", "sinh", "cosh", "tanh"}
    | {"asin", "acos", "atan", "atan2", "arcsin", "arccos", "arctan", "arctan2", "erf", "erfc", "sigmoid"}
)


def is_long(record: Record) -> bool:
    """Whether an operator computes so much that it is 5 to 15 times as slow without vectors.

    Functions with a bound of error do, and what calls them; so do loops of users.
    """
    functions = [function for scalar in (record.scalar, record.of) if scalar for function in reached(scalar)]
    return record.units > 0 or any(
        not LONG_FUNCTIONS.isdisjoint(function.__code__.co_names)
        or (bool(record.namespace) and (has_loop(function) or has_power(function)))
        for function in functions
    )


#: How long the copies of a scalar function in a kernel may be together, in instructions of Python's.
LARGEST = 20000


def is_large(function: Callable[..., Any], dtype: str, copies: int) -> bool:
    """Whether a scalar function is too long for a loop over each pattern of rows."""
    return copies * length(function, dtype) > LARGEST


def combine(scalar: Callable[..., Any], dtype: str) -> Callable[..., None]:
    """The kernel that combines two results of a reduction, element by element."""
    return elementwise(scalar, Signature((dtype, dtype), dtype))


def conversion_kernels() -> list[Kernel]:
    """The kernels that copy elements of one dtype into another, for each pair."""
    return [
        Kernel(
            kernel_symbol("convert", source, target),
            f"convert {source} to {target}",
            source,
            copy(Signature((source,), target))
            if source == target
            else elementwise(conversion(source, target), Signature((source,), target)),
            widest=False,
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
