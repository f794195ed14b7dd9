"""The list of kernels: records x dtypes, each a loop nest closed over a scalar function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aotops.abi import AXIS_KINDS, DTYPES, FACTS, INDEX
from aotops.aot.back.levels import Level, levels
from aotops.aot.front.length import length
from aotops.errors import BuildError, reject
from aotops.intrinsics import Pattern, Signature
from aotops.loops.argreduce import argreduce
from aotops.loops.copy import copy, first
from aotops.loops.derivatives import zero_of_other_zeros, zero_of_zero, zero_of_zeros
from aotops.loops.elementwise import MOST_PATTERNED, derivative_patterns, elementwise, row_patterns
from aotops.loops.plan.fold import plan_fold
from aotops.loops.plan.map import plan_map
from aotops.loops.plan.scan import plan_scan
from aotops.loops.reduce import reduce
from aotops.loops.scan import scan
from aotops.loops.states import beginning, combining, combining_numbers, scan_states, settling
from aotops.ops.conversion import conversion, same_code
from aotops.ops.record import ALL, COMPLEX, Record, combine_symbol, has_widest_vectors, kernel_symbol
from aotops.scalar.functions import ends_soon, has_loop, has_power, reached
from aotops.scalar.mathematics import has_fast_paths, operators_in


@dataclass(frozen=True)
class Kernel:
    """One function to compile.

    Attributes:
        symbol: its name in C, without the level.
        title: its name in progress and error messages.
        dtype: the dtype of its float constants.
        function: the loop nest, as plain Python.
        kind: which loop nest it is, one of ``aotops.abi.KINDS``; ``"planner"`` of planners.
        signature: the dtypes of its operands; None for planners.
        widest: whether it uses the widest vectors of a level (``has_widest_vectors``).
        compute_bound: whether it is so much slower without vectors that copying strided elements pays.
        unbounded: whether one element may take any time, so that launches must be interruptible.
        place: the file and line of the operator's scalar function.
    """

    symbol: str
    title: str
    dtype: str
    function: Callable[..., Any]
    kind: str = "elementwise"
    signature: Signature | None = None
    widest: bool = True
    compute_bound: bool = False
    unbounded: bool = False
    place: str = ""

    @property
    def levels(self) -> tuple[Level, ...]:
        """The CPU levels that it is compiled for: planners gain nothing by a higher one."""
        return levels()[:1] if self.kind == "planner" else levels()

    @property
    def gathers(self) -> bool:
        """Whether strided elements may be loaded by gather instructions, which make reductions slower."""
        return self.kind not in AXIS_KINDS

    @property
    def unrolled(self) -> bool:
        """Whether all loops may be unrolled. Memory-bound maps and zips are as fast without, and a third smaller.

        Elements with gaps take up to 7 % longer in L1.
        """
        return self.compute_bound or self.kind not in ("elementwise", "planner")

    @property
    def operands(self) -> tuple[int, int, tuple[str, ...]]:
        """The number of inputs, that of outputs, and the dtypes of both."""
        assert self.signature is not None  # of a kernel that computes elements
        inputs, output = self.signature.inputs, self.signature.output
        outputs = output if isinstance(output, tuple) else (output,)
        return len(inputs), len(outputs), (*inputs, *outputs)


#: The planners, which cut iteration spaces into tiles; in C, ``aot_planner``.
PLANNERS = [
    Kernel(f"aot_{name}", name.replace("_", " "), "int64", function, kind="planner", widest=False)
    for name, function in (("plan_map", plan_map), ("plan_fold", plan_fold), ("plan_scan", plan_scan))
]


def record_kernels(record: Record) -> list[Kernel]:
    """Yield the kernels of one operator: one per dtype, and for a reduction also those that combine its results."""
    require_one_result(record)
    kernels: dict[str, Kernel] = {}
    combinations: dict[str, Callable[..., Any]] = {}  # by the dtype of the results
    compute_bound = is_compute_bound(record)
    unbounded = is_unbounded(record)

    def add(symbol: str, title: str, dtype: str, function: Callable[..., Any], signature: Signature, kind: str) -> None:
        widest = has_widest_vectors(kind, record.inputs_for(dtype), signature.output, compute_bound)
        kernels[symbol] = Kernel(
            symbol,
            f"{record.name} {title}",
            str(compiled_as(record, Signature((dtype,), dtype)).output),
            function,
            kind,
            signature,
            widest,
            compute_bound,
            unbounded,
            record.place,
        )

    def add_combine(scalar: Callable[..., Any]) -> None:
        pair = Signature((result, result), result)
        combining = elementwise(scalar, compiled_as(record, pair))
        add(combine_symbol(record, dtype), f"combine {result}", result, combining, pair, "elementwise")

    def is_long(of: Callable[..., Any]) -> bool:
        """Whether a reduction computes the values to be combined aside, with one copy of the function that does."""
        return record.inputs > MOST_PATTERNED or is_large(of, dtype, copies=14 * len(row_patterns(record.inputs)))

    def add_reduction(of: Callable[..., Any], scalar: Callable[..., Any]) -> None:
        signature = Signature(record.inputs_for(dtype), result)
        compiled = compiled_as(record, signature)
        absorbing = record.absorbing_for(dtype)
        fold = reduce(scalar, of, compiled, has_fast_paths(of), is_long(of), absorbing, deep=record.deep)
        add(symbol, dtype, result, fold, signature, "reduce")
        add_combine(scalar)

    def add_states(of: Callable[..., Any], scalar: Callable[..., Any], finish: Callable[..., Any]) -> None:
        states = record.states_for(dtype)
        begins, combines = Signature(record.inputs_for(dtype), states), Signature((*states, *states), states)
        runs, ends = Signature(states, states), Signature(states, result)
        begin, combine = beginning(of, begins), combining(scalar, begins)
        _, combine_name, finish_name, *map_name = next(
            own for each, own in zip(record.dtypes, record.symbols(), strict=True) if each == dtype
        )
        if record.kind == "reduce":
            within = combining(record.within, begins) if record.within else None
            settle = settling(record.settle, begins) if record.settle else None
            fold = reduce(
                combine, begin, begins, has_fast_paths(of), is_long(of), within=within, settle=settle, deep=record.deep
            )
            add(symbol, dtype, dtype, fold, begins, "reduce")
        else:
            add(symbol, dtype, dtype, scan_states(combine, runs), runs, "scan")
            add(map_name[0], f"state {dtype}", dtype, elementwise(begin, begins), begins, "elementwise")
        if record.reduction is None:  # else the reduction is an operator, which has these kernels
            moves = [(True,) * 2 * len(states), (False,) * len(states) + (True,) * len(states)]
            both = combining_numbers(combine, len(states))
            both = elementwise(both, combines, patterns=[Pattern(each) for each in moves])
            add(combine_name, f"combine {dtype}", dtype, both, combines, "elementwise")
            end = elementwise(finish, ends, patterns=[Pattern((True,) * len(states))])
            add(finish_name, f"finish {dtype}", dtype, end, ends, "elementwise")

    for dtype in record.dtypes:
        scalar, result = record.scalar_for(dtype), record.result_for(dtype)
        symbol = kernel_symbol(record.name, dtype)
        if record.finish is not None and record.map is not None:
            add_states(record.map, scalar, record.finish)
        elif record.kind == "reduce":
            if combinations.setdefault(result, scalar) is not scalar:
                raise BuildError(f"{record.name}: two functions combine results of {result} ({record.place})")
            add_reduction(record.map or first, scalar)
        elif record.kind == "argreduce":
            signature = Signature((dtype, "int64", dtype), result)
            add(symbol, dtype, dtype, argreduce(scalar, signature, record.absorbing_for(dtype)), signature, "argreduce")
        elif record.kind == "scan":
            signature = Signature((dtype, result), result)
            add(symbol, dtype, result, scan(scalar, compiled_as(record, signature)), signature, "scan")
            if record.reduction is None:  # else the reduction is an operator, which has this kernel
                add_combine(scalar)
        else:
            signature = Signature(record.inputs_for(dtype), record.output_for(dtype))
            speculative = not record.fast_paths and has_fast_paths(scalar)
            of_derivative = record.derivative_of is not None
            own = record.inputs if record.derivative_of is None else len(record.derivative_of.derivative_inputs)
            patterns = derivative_patterns(own) if of_derivative else row_patterns(own)
            if of_derivative and record.inputs > own + 2:  # with several results, or the numbers of a state
                patterns = []
            if of_derivative and speculative:
                # 20 to 50 KB for each pattern and level, so that only rows whose operands are all contiguous have one
                del patterns[1:]
            # aotops' own functions are as short as possible
            large = bool(record.namespace) and is_large(scalar, dtype, 2 * len(patterns))
            if large or (speculative and own > MOST_PATTERNED):
                patterns = []
            gathers = not patterns or own > MOST_PATTERNED or (of_derivative and speculative)
            compiled = compiled_as(record, signature)
            if of_derivative and {*signature.inputs[-record.incoming :]} != {dtype}:
                zero = 0j if dtype in COMPLEX else 0.0
                scalar = zero_of_other_zeros(scalar, record.outputs, record.incoming, zero)
            elif record.incoming == 1:
                scalar = zero_of_zero(scalar, record.outputs)
            elif of_derivative:
                scalar = zero_of_zeros(scalar, record.outputs, record.incoming)
            function = elementwise(scalar, compiled, record.fast_paths.get(dtype), speculative, patterns, gathers)
            add(symbol, dtype, dtype, function, signature, "elementwise")
    return list(kernels.values())


def require_one_result(record: Record) -> None:
    """Raise ``BuildError`` for a scalar function that calls an operator of several results."""
    functions = [record.map, record.finish, record.scalar, *record.specialised.values()]
    for function in {each for scalar in functions if scalar for each in reached(scalar)}:
        for called in operators_in(function):
            if called.outputs:
                wanted = "call operators that have one result"
                advice = "call a function of Python that returns a tuple"
                reject(BuildError, record.variable, "function", wanted, f"{called.variable}, which has several", advice)


def compiled_as(record: Record, signature: Signature) -> Signature:
    """Return the dtypes for which a kernel is compiled: signed ones for a record's unsigned ones if that is the same.

    An input that is narrower than the output is extended by its own sign.
    """
    if not record.signless or isinstance(signature.output, tuple):
        return signature
    signed = {fact.name: f"int{fact.bits}" for fact in DTYPES if fact.kind == "unsigned"}
    output = FACTS[signature.output]
    inputs = [
        name if name == INDEX or FACTS[name].bits < output.bits else signed.get(name, name) for name in signature.inputs
    ]
    return Signature(tuple(inputs), signed.get(output.name, output.name))


def is_compute_bound(record: Record) -> bool:
    """Return whether an operator is compute-bound: 5 to 15 times slower without vectors.

    Operators that declare it are, and so are user-defined ones that call them or contain loops or powers.
    """
    functions = [
        function for scalar in (record.scalar, record.map, record.finish) if scalar for function in reached(scalar)
    ]
    return record.compute_bound or any(
        any(called.compute_bound for called in operators_in(function))
        or (bool(record.namespace) and (has_loop(function) or has_power(function)))
        for function in functions
    )


def is_unbounded(record: Record) -> bool:
    """Return whether a user-defined operator may take any time for one element: a loop of it may never end."""
    functions = [record.map, record.finish, *(record.scalar_for(dtype) for dtype in record.dtypes)]
    return bool(record.namespace) and not all(ends_soon(each) for each in functions if each is not None)


#: The largest total length of the copies of a scalar function in a kernel, in bytecode instructions.
LARGEST = 20000


def is_large(function: Callable[..., Any], dtype: str, copies: int) -> bool:
    """Return whether a scalar function is too long for one loop per stride pattern."""
    return copies * length(function, dtype) > LARGEST


def conversion_kernels() -> list[Kernel]:
    """Return the kernels that cast elements, one per pair of dtypes; many pairs share their code."""
    return [conversion_kernel(source, target) for source in ALL for target in ALL]


def conversion_kernel(source: str, target: str) -> Kernel:
    """Return the kernel that casts elements of one dtype to another."""
    symbol, title = kernel_symbol("convert", source, target), f"convert {source} to {target}"
    source, target = same_code(source, target)
    signature = Signature((source,), target)
    function = copy(signature) if source == target else elementwise(conversion(source, target), signature)
    widest = has_widest_vectors("elementwise", signature.inputs, target, False)
    return Kernel(symbol, title, source, function, signature=signature, widest=widest)


def all_kernels(records: Iterable[Record]) -> list[Kernel]:
    """Return all kernels of aotops itself."""
    return distinct([*PLANNERS, *conversion_kernels(), *kernels_of(records)])


def kernels_of(records: Iterable[Record]) -> list[Kernel]:
    """Return the kernels of some operators; raises ``BuildError`` if two of them have the same symbol."""
    return distinct(kernel for record in records for kernel in record_kernels(record))


def distinct(kernels: Iterable[Kernel]) -> list[Kernel]:
    """Return some kernels after checking that their symbols are distinct: the linker would take the first of two."""
    found: dict[str, Kernel] = {}
    for kernel in kernels:
        other = found.setdefault(kernel.symbol, kernel)
        if other is not kernel:
            places = " and ".join(
                f"{each.title} ({each.place})" if each.place else each.title for each in (other, kernel)
            )
            raise BuildError(f"two kernels have the symbol {kernel.symbol}: {places}")
    return list(found.values())
