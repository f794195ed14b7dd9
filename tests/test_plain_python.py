"""Scalar functions and loop nests as plain Python, unchanged, against the reference, NumPy and the compiled kernels."""

from __future__ import annotations

import doctest
import functools
import itertools
import math
import random
import struct
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from layouts import python_type
from plans import CANARY, Plan, seek
from samples import sampled

import aotops as ao
from aotops import _native, abi, intrinsics, ops, reference
from aotops.abi import AXIS_KINDS, NAMES
from aotops.aot.pack.kernels import combine_symbol, conversion_kernels, kernel_symbol, record_kernels
from aotops.intrinsics import Pointer, Signature
from aotops.loops.argreduce import argreduce
from aotops.loops.copy import first
from aotops.loops.elementwise import elementwise
from aotops.loops.plan import fields
from aotops.loops.plan.fold import plan_fold
from aotops.loops.plan.grid import FOLDING as FOLDED
from aotops.loops.plan.grid import KEPT
from aotops.loops.plan.scan import plan_scan
from aotops.loops.reduce import DEPTH, LANES, reduce
from aotops.loops.scan import RUN, scan
from aotops.ops.record import FLOATS, INTEGERS, Record, Scalar
from aotops.ops.record import ORDERED as ALL
from aotops.reference import ReferenceTensor, evaluate, stored, tensor
from aotops.scalar import emulation
from aotops.scalar.functions import global_names
from aotops.shapes import contiguous_strides

#: Derivatives: test_derivatives. Operators of positions: test_positions.
#: Reductions and scans whose state is several numbers: test_states.
RECORDS = {
    name: record
    for name, record in ops.collect().items()
    if "." not in name and not record.positions and record.finish is None
}
REDUCTIONS, ARGREDUCTIONS, SCANS = (
    [record for record in RECORDS.values() if record.kind == kind] for kind in ("reduce", "argreduce", "scan")
)
REDUCE_CASES, ARGREDUCE_CASES, SCAN_CASES = (
    [(record, dtype) for record in records for dtype in record.dtypes if dtype in ALL]
    for records in (REDUCTIONS, ARGREDUCTIONS, SCANS)
)
ELEMENTWISE_CASES = [
    (record, dtype)
    for record in RECORDS.values()
    if record.kind not in AXIS_KINDS
    for dtype in record.dtypes
    if dtype in ALL
]

SPECIAL_FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.75, 1e-3, -30.0, 88.0, 90.0, -105.0, math.inf, -math.inf, math.nan]
SPECIAL = {
    "bool": [True, False],
    **{dtype: [0, 1, 2, 7, *abi.FACTS[dtype].bounds] for dtype in INTEGERS},
    "int64": [0, 1, -1, 2, -7, 2**63 - 1, -(2**63), 2**53 + 1, 2**60 + 2**36 + 1, -(2**60) - 2**36 - 1],
    "float32": [*SPECIAL_FLOATS, 3.4028234663852886e38, 1.401298464324817e-45, -1.1754943508222875e-38, 2.0**62],
    "float64": [*SPECIAL_FLOATS, 1.7976931348623157e308, 5e-324, -2.2250738585072014e-308, 2.0**63, 709.5, -745.0],
}


# --- comparing ----------------------------------------------------------------------------------------------------


def steps_between(a: float, b: float, dtype: str) -> float:
    """How many floats of a dtype one must step over to get from one to the other; 0 for two NaNs."""
    if math.isnan(a) or math.isnan(b):
        return 0 if math.isnan(a) and math.isnan(b) else math.inf

    def place(x: float) -> int:
        as_float, as_integer, smallest = ("<f", "<i", -(2**31)) if dtype == "float32" else ("<d", "<q", -(2**63))
        (bits,) = struct.unpack(as_integer, struct.pack(as_float, x))
        return bits if bits >= 0 else smallest - bits - 1  # -0.0 is one step below 0.0

    return abs(place(a) - place(b))


def assert_same(actual: list[Any], expected: list[Any], dtype: str, units: float = 0, any_zero: bool = False) -> None:
    """Demand equal numbers: of the same bits (any NaN will do), or at most ``units`` floats apart."""
    assert len(actual) == len(expected)
    kind = python_type(dtype)
    for place, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
        assert type(got) is kind, f"element {place} is {got!r}, not of type {kind.__name__}"
        if any_zero and got == wanted == 0:
            continue
        apart = abs(got - wanted) if kind is not float else steps_between(got, wanted, dtype)
        assert apart <= units, f"element {place} is {got!r}, expected {wanted!r}"


def numpy_call(function: Callable[..., Any], *arrays: np.ndarray, **keywords: Any) -> np.ndarray:
    """What NumPy says, without its warnings."""
    with np.errstate(all="ignore"):
        return np.asarray(function(*arrays, **keywords))


# --- operands in lists, with canaries around --------------------------------------------------------------------


PADDING = 3


class Cells(list[Any]):
    """Memory of a dtype: what is stored is converted, as a compiled kernel's store does."""

    def __init__(self, count: int, dtype: str) -> None:
        super().__init__([CANARY] * count)
        self.dtype = dtype

    def __setitem__(self, position: Any, value: Any) -> None:
        super().__setitem__(position, stored(value, self.dtype))


class Operand:
    """A tile of ``n0`` rows and ``n1`` columns somewhere in a list that holds canaries elsewhere."""

    def __init__(self, n0: int, n1: int, steps: tuple[int, int], dtype: str, values: Iterator[Any] | None) -> None:
        self.outer, self.inner = steps
        self.shape = (n0, n1)
        offsets = sorted({i * self.outer + j * self.inner for i in range(n0) for j in range(n1)}) or [0]
        self.origin = PADDING - offsets[0]
        self.positions = [self.origin + offset for offset in offsets] if n0 and n1 else []
        self.cells = Cells(offsets[-1] - offsets[0] + 1 + 2 * PADDING, dtype)
        for position in self.positions:
            if values is not None:
                self.cells[position] = next(values)
        self.before = list(self.cells)

    @property
    def pointer(self) -> Pointer:
        return Pointer(self.cells, self.origin)

    @property
    def view(self) -> ReferenceTensor:
        return ReferenceTensor(self.cells, self.shape, (self.outer, self.inner), self.origin, self.cells.dtype)

    @property
    def array(self) -> np.ndarray:
        return np.array(self.view.elements(), self.cells.dtype).reshape(self.shape)

    def assert_unchanged(self, but: list[int] | None = None) -> None:
        """Demand that no cell has changed, except at some positions."""
        allowed = set(but or ())
        for position, (now, then) in enumerate(zip(self.cells, self.before, strict=True)):
            assert position in allowed or now is then, f"cell {position} has changed"


def run_tile(kernel: Callable[..., None], operands: list[Operand]) -> None:
    """Call a kernel as the glue does."""
    n0, n1 = operands[0].shape
    strides = [operand.inner for operand in operands] + [operand.outer for operand in operands]
    kernel(n0, n1, [operand.pointer for operand in operands], strides)


def values_of(dtype: str, seed: int) -> Iterator[Any]:
    """Numbers of a dtype without end: the special ones in some order, then random ones, again and again."""
    generator = random.Random(seed)
    while True:
        special = list(SPECIAL[dtype])
        generator.shuffle(special)
        yield from special
        for _ in range(10):
            yield {
                bool: lambda: generator.random() < 0.5,
                int: lambda: stored(generator.randrange(-1000, 1000), dtype),
                float: lambda: stored(generator.gauss(0, 10), dtype),
            }[python_type(dtype)]()


SIZES = [(0, 5), (5, 0), (1, 1), (1, 63), (1, 64), (3, 65), (1, 200), (63, 1), (64, 2), (65, 1), (200, 1)]

#: The steps (outer, inner) of input ``k`` and of the output (``k`` is -1) over a tile.
LAYOUTS: dict[str, Callable[[int, int, int], tuple[int, int]]] = {
    "unit": lambda k, n0, n1: (n1, 1),
    "rows with gaps": lambda k, n0, n1: (n1 + 2 + k, 1),
    "general": lambda k, n0, n1: (n1 * (k + 3) + 1, k + 3),
    "transposed": lambda k, n0, n1: (1, n0),
    "backwards": lambda k, n0, n1: (-n1, -1) if k != 0 else (n1, 1),
    "repeated row": lambda k, n0, n1: (0, 1) if k >= 0 else (n1, 1),
    "repeated column": lambda k, n0, n1: (1, 0) if k >= 0 else (n1, 1),
    "one element": lambda k, n0, n1: (0, 0) if k == 0 else (n1, 1),
    "one moves": lambda k, n0, n1: (n1, 1) if k <= 0 else (1, 0),
    "last one stays": lambda k, n0, n1: (0, 0) if k == 2 else (n1, 1),
    "transposed inputs": lambda k, n0, n1: (1, n0 + 2) if k >= 0 else (n1 + 1, 1),
}


# --- elementwise kernels ------------------------------------------------------------------------------------------


@dataclass
class Case:
    """An elementwise kernel as plain Python, and who else knows the result."""

    title: str
    kernel: Callable[..., None]
    inputs: tuple[str, ...]
    output: str
    reference: Callable[..., ReferenceTensor]
    numpy: Callable[..., np.ndarray]
    units: float = 0
    any_zero: bool = False


def to_int64(array: np.ndarray) -> np.ndarray:
    """NumPy's conversion, where C defines one."""
    inside = (array >= -(2.0**63)) & (array < 2.0**63)
    return np.where(inside, np.where(inside, array, 0).astype("int64"), -(2**63))


def conversion_case(source: str, target: str, kernel: Callable[..., None]) -> Case:
    truncates = source in FLOATS and target in INTEGERS
    return Case(
        f"{source} to {target}",
        kernel,
        (source,),
        target,
        lambda x: reference.convert(x, target),
        lambda x: to_int64(x).astype(target) if truncates else x.astype(target),
    )


def kernel_of(record: Record, dtype: str) -> Callable[..., None]:
    """The loop nest around a record's scalar function that the build compiles."""
    return kernels_of(record)[kernel_symbol(record.name, dtype)]


@functools.cache  # of all dtypes, which are taken one by one
def kernels_of(record: Record) -> dict[str, Callable[..., None]]:
    """All loop nests that the build compiles for a record."""
    return {kernel.symbol: kernel.function for kernel in record_kernels(record)}


def record_case(record: Record, dtype: str) -> Case:
    return Case(
        f"{record.name} {dtype}",
        kernel_of(record, dtype),
        record.inputs_for(dtype),
        record.result_for(dtype),
        lambda *inputs: evaluate(record, *inputs),
        lambda *arrays: record.numpy(np, *arrays),
        record.max_ulp if dtype in FLOATS else 0,
        record.cases.any_zero,
    )


CONVERSIONS = [
    conversion_case(source, target, kernel.function)
    for (source, target), kernel in zip(itertools.product(NAMES, NAMES), conversion_kernels(), strict=True)
    if {source, target} <= set(ALL)
]
#: Of conversions every fifth by default: in a row of the table each dtype is a source twice, and a target.
CASES = [
    *(pytest.param(case, marks=pytest.mark.slow if k % 5 else ()) for k, case in enumerate(CONVERSIONS)),
    *(pytest.param(record_case(*case.values), marks=case.marks) for case in sampled(ELEMENTWISE_CASES)),
]


def check_elementwise(case: Case, size: tuple[int, int], layout: str) -> None:
    """Run an elementwise kernel over one tile and demand the reference's result, NumPy's, and untouched canaries."""
    steps = LAYOUTS[layout]
    inputs = [Operand(*size, steps(k, *size), dtype, values_of(dtype, k)) for k, dtype in enumerate(case.inputs)]
    out = Operand(*size, steps(-1, *size), case.output, None)
    run_tile(case.kernel, [*inputs, out])
    for operand in inputs:
        operand.assert_unchanged()
    out.assert_unchanged(but=out.positions)
    result = out.view.elements()
    assert_same(result, case.reference(*[operand.view for operand in inputs]).elements(), case.output)
    # NumPy's own float32 functions err by more than ours
    exact_enough = [operand.array if case.units == 0 else operand.array.astype("float64") for operand in inputs]
    expected = numpy_call(lambda: case.numpy(*exact_enough).astype(case.output))
    assert_same(result, expected.ravel().tolist(), case.output, 2 * case.units, case.any_zero)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title.replace(" ", "-"))
def test_elementwise_kernels_run_as_plain_python(case: Case) -> None:
    for size, layout in itertools.product(SIZES, LAYOUTS):
        # every layout in some sizes, some layouts in every size
        if layout in ("unit", "general", "transposed inputs") or size in ((5, 0), (3, 65)):
            check_elementwise(case, size, layout)


@pytest.mark.parametrize("dtype", ALL)
def test_copies_that_transpose_run_as_plain_python(dtype: str) -> None:
    """Squares in registers, and the rows and columns that are left over."""
    (case,) = [case for case in CONVERSIONS if case.title == f"{dtype} to {dtype}"]
    for size in itertools.product((1, 7, 8, 9, 16, 19), repeat=2):
        check_elementwise(case, size, "transposed inputs")


@pytest.mark.parametrize("at", [0, 71, 19 * 17 - 1])
def test_one_wrong_element_of_a_transposed_copy_is_found(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = [case for case in CONVERSIONS if case.title == "int64 to int64"]
    calls = itertools.count()

    def wrong(cells: Cells, position: Any, value: Any) -> None:
        list.__setitem__(cells, position, stored(value, cells.dtype) + (next(calls) == at))

    operands = Operand(17, 19, LAYOUTS["transposed inputs"](0, 17, 19), "int64", values_of("int64", 0))
    out = Operand(17, 19, LAYOUTS["transposed inputs"](-1, 17, 19), "int64", None)
    monkeypatch.setattr(Cells, "__setitem__", wrong)
    run_tile(case.kernel, [operands, out])
    assert out.view.elements() != operands.view.elements()
    assert sum(a != b for a, b in zip(out.view.elements(), operands.view.elements(), strict=True)) == 1


# --- reductions ---------------------------------------------------------------------------------------------------

#: Which of the tile's axes fold away: the output's steps along them are 0.
FOLDS: dict[str, tuple[int, ...]] = {"inner": (1,), "outer": (0,), "both": (0, 1), "none": ()}
REDUCE_LAYOUTS = ["unit", "rows with gaps", "general", "transposed", "backwards", "repeated row", "repeated column"]


def exact_values(record: Record, dtype: str, seed: int) -> Iterator[Any]:
    """Numbers whose combination is exact in any order."""
    generator = random.Random(seed)
    if dtype == "bool":
        choices: list[Any] = [True, False]
    elif record.name in ("prod", "cumulative_prod"):
        choices = [1, -1, 3, 2**62 + 1] if dtype in INTEGERS else [1.0, -1.0, 2.0, 0.5]
    elif "significands" in record.name:
        choices = [1.0, -1.0, 2.0, 0.5]
    elif record.name in ("sum", "cumulative_sum"):
        choices = [*range(-9, 9), 2**63 - 1] if dtype in INTEGERS else [k / 4 for k in range(-9, 9)]
    elif record.name.startswith("_"):
        choices = list(range(-9, 9)) if dtype in INTEGERS else [k / 4 for k in range(-9, 9)]
    else:
        choices = list(SPECIAL[dtype])
    if dtype in INTEGERS:
        choices = [stored(value, dtype) for value in choices]
    while True:
        yield generator.choice(choices)


def check_reduction(
    record: Record,
    dtype: str,
    kernel: Callable[..., None],
    size: tuple[int, int],
    fold: str,
    layout: str = "unit",
    held: Any = None,
) -> None:
    """Combine one tile into an output that holds something already, and demand the reference's result and NumPy's."""
    held = record.initial_for(dtype) if held is None else held
    inputs = [
        Operand(*size, LAYOUTS[layout](k, *size), own, exact_values(record, own, 7 + k))
        for k, own in enumerate(record.inputs_for(dtype))
    ]
    axes = FOLDS[fold]
    kept = tuple(1 if axis in axes else length for axis, length in enumerate(size))
    steps = tuple(0 if axis in axes else 2 * step for axis, step in enumerate((kept[1], 1)))
    out = Operand(*kept, (steps[0], steps[1]), record.result_for(dtype), itertools.repeat(held))
    # over the whole tile the output's steps are the same, only the shape is that of the input
    operands = [*inputs, out]
    kernel(*size, [x.pointer for x in operands], [x.inner for x in operands] + [x.outer for x in operands])
    for x in inputs:
        x.assert_unchanged()
    out.assert_unchanged(but=out.positions)
    result = out.view.elements()
    if any(size[axis] == 0 for axis in axes):
        assert_same(result, [stored(held, out.cells.dtype)] * len(result), out.cells.dtype)
        return
    # the reference combines row after row, which chooses zeros in another order
    partial = evaluate(record, *[x.view for x in inputs], axis=axes, keepdims=True).elements()
    expected = [stored(record.scalar_for(dtype)(held, value), out.cells.dtype) for value in partial]
    assert_same(result, expected, out.cells.dtype, any_zero=record.cases.any_zero)
    arrays = [x.array for x in inputs]
    array = numpy_call(record.numpy, np, *arrays, axis=axes, keepdims=True) if axes or record.map else arrays[0]
    assert_same(partial, array.ravel().tolist(), out.cells.dtype, any_zero=record.cases.any_zero)


@pytest.mark.parametrize(("record", "dtype"), sampled(REDUCE_CASES), ids=lambda value: getattr(value, "name", value))
def test_reduction_kernels_run_as_plain_python(record: Record, dtype: str) -> None:
    kernel = kernel_of(record, dtype)
    for size, fold, layout in itertools.product(SIZES, FOLDS, REDUCE_LAYOUTS):
        check_reduction(record, dtype, kernel, size, fold, layout)
    for size, fold in itertools.product(SIZES, FOLDS):
        check_reduction(record, dtype, kernel, size, fold, held=stored(1, record.result_for(dtype)))


def in_lanes(values: list[Any], count: int) -> list[Any]:
    """The order in which lanes combine values."""
    lanes = values[:count]
    for place, value in enumerate(values[count:]):
        lanes[place % count] = (lanes[place % count], value)
    return lanes


def in_halves(lanes: list[Any]) -> Any:
    """The order in which halves of the lanes combine each other: 64 and 8 of them crosswise."""
    while len(lanes) > 1:
        half = len(lanes) // 2
        lower, upper = lanes[:half], lanes[half:]
        lanes = crosswise(lower, upper) if half in (32, 4) else list(zip(lower, upper, strict=True))
    return lanes[0]


def crosswise(a: list[Any], b: list[Any]) -> list[Any]:
    """Lanes combined with others, the first with the last."""
    return list(zip(a, b[::-1], strict=True))


def in_pairs(blocks: Sequence[Any], combine: Callable[[Any, Any], Any]) -> Any:
    """The order in which blocks are combined: two of equal size as soon as there are two, at last all that are left."""
    stack: list[tuple[int, Any]] = []
    for block in blocks[:-1]:
        size, value = 1, block
        while stack and stack[-1][0] == size:
            size, value = 2 * size, combine(stack.pop()[1], value)
        stack.append((size, value))
    value = blocks[-1]
    while stack:
        value = combine(stack.pop()[1], value)
    return value


def order_of_combination(start: Any, values: list[Any], gaps: bool = False) -> Any:
    """The tree in which a row is combined, each combination as a pair: rule 3 of ``loops/reduce.py``."""
    count = 8 if gaps else LANES
    done = len(values) // count * count
    blocks = [in_lanes(values[k : min(k + DEPTH * count, done)], count) for k in range(0, done, DEPTH * count)]
    parts = []
    if blocks and gaps:
        parts.append(in_pairs([in_halves(block) for block in blocks], pair))
    elif blocks:
        lanes = in_pairs(blocks, crosswise)
        for first, few in ((0, 32), (32, 16)):
            if len(values) - done >= few:
                lanes[first : first + few] = zip(lanes[first : first + few], values[done : done + few], strict=True)
                done += few
        parts.append(in_halves(lanes))
    rest = order_of_few(values[done:])
    if parts and rest is not None:
        rest = (parts.pop(), rest)
    elif parts:
        rest = parts.pop()
    return start if rest is None else (start, rest)


def order_of_few(values: list[Any]) -> Any:
    """The tree of fewer elements than there are lanes: eights in eight lanes, others in order; None of none."""
    eights = len(values) // 8 * 8
    parts = [in_halves(in_lanes(values[:eights], 8))] if eights else []
    parts += [functools.reduce(pair, values[eights:])] if eights < len(values) else []
    return functools.reduce(pair, parts) if parts else None


def pair(a: Any, b: Any) -> Any:
    """A combination that remembers its order."""
    return (a, b)


ONE_FLOAT, TWO_FLOATS = Signature(("float64",), "float64"), Signature(("float64", "float64"), "float64")


@pytest.mark.parametrize("step", [1, 2, -1, 0])
@pytest.mark.parametrize(
    "length", [0, 1, 2, 63, 64, 65, 79, 80, 95, 96, 127, 128, 129, 191, 192, 200, 256, 320, 1000, 1024, 1096, 5200]
)
def test_the_order_of_a_reduction_depends_on_its_length_and_gaps(length: int, step: int) -> None:
    names = [f"x{position}" for position in range(max(1, length * abs(step)))]
    origin = len(names) - 1 if step < 0 else 0
    visited = [names[origin + position * step] for position in range(length)]
    out: list[Any] = ["start"]
    kernel = reduce(pair, first, ONE_FLOAT)
    kernel(1, length, [Pointer(names, origin), Pointer(out)], [step, 0, 0, 0])
    assert out == [order_of_combination("start", visited, gaps=step != 1)]


@pytest.mark.parametrize("steps", [(1, 1), (1, 0), (0, 1), (2, 1), (0, 0)])
@pytest.mark.parametrize("length", [1, 63, 65, 95, 127, 192, 200])
def test_the_order_of_a_fused_reduction_is_that_of_a_plain_one(length: int, steps: tuple[int, int]) -> None:
    names = [[f"{name}{position}" for position in range(2 * length)] for name in "xy"]
    visited = [f"of {names[0][j * steps[0]]} {names[1][j * steps[1]]}" for j in range(length)]
    out: list[Any] = ["start"]
    kernel = reduce(pair, lambda x, y: f"of {x} {y}", TWO_FLOATS)
    kernel(1, length, [*map(Pointer, names), Pointer(out)], [*steps, 0, 0, 0, 0])
    assert out == [order_of_combination("start", visited, gaps=steps not in ((1, 1), (1, 0)))]


def test_rows_that_fold_away_follow_each_other() -> None:
    names = [f"x{position}" for position in range(6)]
    out: list[Any] = ["start"]
    kernel = reduce(pair, first, ONE_FLOAT)
    kernel(2, 3, [Pointer(names), Pointer(out)], [1, 0, 3, 0])
    assert out == [order_of_combination(order_of_combination("start", names[:3]), names[3:])]
    out = ["a", "b", "c"]
    kernel(2, 3, [Pointer(names), Pointer(out)], [1, 1, 3, 0])
    assert out == [("a", ("x0", "x3")), ("b", ("x1", "x4")), ("c", ("x2", "x5"))]


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 9, 11])
def test_rows_that_fold_away_go_by_fours(rows: int, step: int) -> None:
    width = 70
    names = [f"x{position}" for position in range(rows * width * step)]
    out: list[Any] = ["start"] * width
    kernel = reduce(pair, first, ONE_FLOAT)
    kernel(rows, width, [Pointer(names), Pointer(out)], [step, 1, width * step, 0])
    for j in (0, 1, width - 1):
        expected: Any = "start"
        column = [names[(i * width + j) * step] for i in range(rows)]
        while len(column) >= 4:
            a, b, c, d = (column.pop(0) for _ in range(4))
            expected = (expected, ((a, b), (c, d)))
        if len(column) > 1:
            expected = (expected, (column.pop(0), column.pop(0)))
        for x in column:
            expected = (expected, x)
        assert out[j] == expected


# --- argreductions ------------------------------------------------------------------------------------------------


def place_of(combine: Scalar, values: list[Any], best: Any, index: int, place: int) -> tuple[Any, int]:
    """The best of what there was and of values at a place and after it, and where it is."""
    for j, value in enumerate(values):
        winner = combine(best, value)
        if winner != best and not (winner != winner and best != best):
            best, index = winner, place + j
    return best, index


def check_argreduction(
    record: Record,
    dtype: str,
    kernel: Callable[..., None],
    size: tuple[int, int],
    along: int,
    layout: str = "unit",
    held: Any = None,
    places: bool = False,
    elements: Iterator[Any] | None = None,
) -> None:
    """Look through one tile along its inner (1) or outer (0) axis, and demand what a naive search finds."""
    combine = record.scalar_for(dtype)
    start = record.initial_for(dtype) if held is None else held
    n = size[1 - along]  # of results
    x = Operand(*size, LAYOUTS[layout](0, *size), dtype, elements or values_of(dtype, 5))
    steps = (2, 0) if along == 1 else (0, 2)
    kept = (n, 1) if along == 1 else (1, n)
    best = Operand(*kept, steps, dtype, itertools.repeat(start))
    index = Operand(*kept, steps, "int64", itertools.repeat(-5))
    place = Operand(*kept, steps if places else (0, 0), "int64", itertools.count(1000, 100 if places else 0))
    operands = [x, place, best, index]
    kernel(*size, [o.pointer for o in operands], [o.inner for o in operands] + [o.outer for o in operands])
    x.assert_unchanged()
    place.assert_unchanged()
    best.assert_unchanged(but=best.positions)
    index.assert_unchanged(but=index.positions)
    values = x.view.elements()
    lines = [values[k * size[1] : (k + 1) * size[1]] if along == 1 else values[k :: size[1]] for k in range(n)]
    found = [place_of(combine, line, start, -5, 1000 + 100 * k * places) for k, line in enumerate(lines)]
    assert_same(index.view.elements(), [where for _, where in found], "int64")
    assert_same(best.view.elements(), [value for value, _ in found], dtype, any_zero=True)
    if held is None and size[along] > 0 and n > 0:
        public = evaluate(record, x.view, axis=along).elements()
        assert [max(0, where - 1000 - 100 * k * places) for k, (_, where) in enumerate(found)] == public
        assert numpy_call(record.numpy, np, x.array, axis=along).tolist() == public


@pytest.mark.parametrize(("record", "dtype"), sampled(ARGREDUCE_CASES), ids=lambda value: getattr(value, "name", value))
def test_argreduction_kernels_run_as_plain_python(record: Record, dtype: str) -> None:
    kernel = kernel_of(record, dtype)
    for size, along, layout in itertools.product([*SIZES, (2, 330), (330, 3)], (0, 1), REDUCE_LAYOUTS):
        check_argreduction(record, dtype, kernel, size, along, layout)
    for size, along in itertools.product(SIZES, (0, 1)):
        check_argreduction(record, dtype, kernel, size, along, held=stored(1, dtype))
        check_argreduction(record, dtype, kernel, size, along, places=True)


@pytest.mark.parametrize(("record", "dtype"), sampled(ARGREDUCE_CASES), ids=lambda value: getattr(value, "name", value))
def test_one_wrong_choice_is_found(record: Record, dtype: str) -> None:
    signature = Signature((dtype, "int64", dtype), "int64")
    combine = record.scalar_for(dtype)
    better = stored(combine(stored(0, dtype), stored(101, dtype)), dtype)  # than all elements: each choice matters

    def elements() -> Iterator[Any]:
        generator = random.Random(7)
        while True:
            yield not better if dtype == "bool" else stored(generator.randrange(1, 101), dtype)

    # the last choice of a short row, of a long one, of its lanes, of its groups of lanes, and of all columns
    for size, along, back in [((1, 5), 1, 1), ((1, 200), 1, 1), ((1, 200), 1, 2), ((1, 200), 1, 65), ((3, 65), 0, 1)]:
        choose, calls = counted(combine)
        kernel = argreduce(choose, signature, record.absorbing_for(dtype))
        check_argreduction(record, dtype, kernel, size, along, elements=elements())
        if size == (1, 200) and dtype == "bool":  # the first absorbing element is looked for
            assert not calls
            continue
        kernel = argreduce(once(better, len(calls) - back, combine), signature, record.absorbing_for(dtype))
        # a value that is nowhere is looked for beyond the end
        with pytest.raises((AssertionError, IndexError), match=r"element|outside"):
            check_argreduction(record, dtype, kernel, size, along, elements=elements())


# --- scans --------------------------------------------------------------------------------------------------------


def check_scan(
    record: Record,
    dtype: str,
    kernel: Callable[..., None],
    size: tuple[int, int],
    along: int,
    layout: str = "unit",
    held: Any = None,
) -> None:
    """Scan one tile along its inner (1) or outer (0) axis after a carry, and demand the running results."""
    combine, result = record.scalar_for(dtype), record.result_for(dtype)
    carried = record.initial_for(dtype) if held is None else held
    n = size[1 - along]
    x = Operand(*size, LAYOUTS[layout](0, *size), dtype, exact_values(record, dtype, 9))
    steps, kept = ((2, 0), (n, 1)) if along == 1 else ((0, 2), (1, n))
    carry = Operand(*kept, steps, result, itertools.repeat(carried))
    out = Operand(*size, LAYOUTS["transposed" if layout == "transposed" else "rows with gaps"](-1, *size), result, None)
    run_tile_of_scan(kernel, size, [x, carry, out])
    x.assert_unchanged()
    carry.assert_unchanged()
    out.assert_unchanged(but=out.positions)
    if 0 in size:
        return
    expected = reference.running(combine, x.view, along, carried, result).elements()
    assert_same(out.view.elements(), expected, result)
    if held is None:
        numpys = numpy_call(record.numpy, np, x.array, axis=along).ravel().tolist()
        assert_same(expected, numpys, result, any_zero=record.cases.any_zero)


def run_tile_of_scan(kernel: Callable[..., None], size: tuple[int, int], operands: list[Operand]) -> None:
    """Call the kernel of a scan: over the tile, the carry's steps repeat it along the axis."""
    kernel(*size, [o.pointer for o in operands], [o.inner for o in operands] + [o.outer for o in operands])


@pytest.mark.parametrize(("record", "dtype"), sampled(SCAN_CASES), ids=lambda value: getattr(value, "name", value))
def test_scan_kernels_run_as_plain_python(record: Record, dtype: str) -> None:
    kernel = kernel_of(record, dtype)
    for size, along, layout in itertools.product(SIZES, (0, 1), REDUCE_LAYOUTS):
        check_scan(record, dtype, kernel, size, along, layout)
        check_scan(record, dtype, kernel, size, along, layout, held=stored(2, record.result_for(dtype)))


@pytest.mark.parametrize(("record", "dtype"), sampled(SCAN_CASES), ids=lambda value: getattr(value, "name", value))
def test_one_wrong_running_result_is_found(record: Record, dtype: str) -> None:
    for size, along, at in [((1, 65), 1, 0), ((1, 65), 1, 64), ((3, 65), 0, 100)]:
        check_scan(record, dtype, kernel_of(record, dtype), size, along)
        kernel = scan(broken(record.scalar_for(dtype), dtype, at), Signature((dtype, dtype), dtype))
        with pytest.raises(AssertionError, match="element"):
            check_scan(record, dtype, kernel, size, along)


def order_of_scan(carry: Any, values: list[Any]) -> list[Any]:
    """The trees of a scanned row of floats: runs of ``RUN``, in them fours after the first element."""
    results = []
    for begin in range(0, len(values), RUN):
        running, *rest = values[begin : begin + RUN]
        results.append((carry, running))
        while len(rest) >= 4:
            a, b, c, d = (rest.pop(0) for _ in range(4))
            for tree in (a, (a, b), ((a, b), c), ((a, b), (c, d))):
                results.append((carry, (running, tree)))
            running = (running, ((a, b), (c, d)))
        for x in rest:
            running = (running, x)
            results.append((carry, running))
        carry = results[-1]
    return results


@pytest.mark.parametrize("step", [1, 2, -1])
@pytest.mark.parametrize("length", [1, 2, 4, 5, 6, 63, 64, 65, 128, 150])
def test_the_order_of_a_scan_depends_on_its_length_alone(length: int, step: int) -> None:
    names = [f"x{position}" for position in range(length * abs(step))]
    origin = len(names) - 1 if step < 0 else 0
    visited = [names[origin + position * step] for position in range(length)]
    out: list[Any] = [CANARY] * length
    scan(pair, TWO_FLOATS)(1, length, [Pointer(names, origin), Pointer(["carry"]), Pointer(out)], [step, 0, 1, 0, 0, 0])
    assert out == order_of_scan("carry", visited)
    integers = Signature(("int64", "int64"), "int64")
    scan(pair, integers)(1, length, [Pointer(names, origin), Pointer(["carry"]), Pointer(out)], [step, 0, 1, 0, 0, 0])
    assert out == list(itertools.accumulate(visited, pair, initial="carry"))[1:]


def test_a_scan_across_rows_goes_row_by_row() -> None:
    names = [f"x{position}" for position in range(6)]
    out: list[Any] = [CANARY] * 6
    scan(pair, TWO_FLOATS)(3, 2, [Pointer(names), Pointer(["a", "b"]), Pointer(out)], [1, 1, 1, 2, 0, 2])
    left = list(itertools.accumulate(names[::2], pair, initial="a"))[1:]
    right = list(itertools.accumulate(names[1::2], pair, initial="b"))[1:]
    assert out == [x for both in zip(left, right, strict=True) for x in both]


# --- whole operators in Python, and the compiled kernels ----------------------------------------------------------


#: An operand of an iteration space: a list, the position of its first element and its strides.
View = tuple[list[Any], int, list[int]]


class Fold:
    """``aot_fold`` of the glue, in Python: the same tiles, and their results in the same tree."""

    def __init__(self, record: Record, dtype: str, inputs: list[View], out: View, shape: list[int]) -> None:
        self.record, self.inputs, self.out = record, inputs, out
        self.run = kernel_of(record, dtype)
        self.argreduces = record.kind == "argreduce"
        self.start, self.absorbing = record.initial_for(dtype), record.absorbing_for(dtype)
        if not self.argreduces:
            self.combine = kernels_of(record)[combine_symbol(record, dtype)]
        strides = [steps for _, _, steps in (*inputs, out)]
        given = {"results": 1 + self.argreduces, "positions": int(self.argreduces), "result_itemsizes": [8, 8]}
        self.plan = Plan(shape, strides, len(inputs), **given).made_by(plan_fold)
        self.kept, self.folding = self.plan.grid(KEPT), self.plan.grid(FOLDED)
        for tile in range(self.plan.tiles[KEPT]):
            self.fold_columns(tile)

    def fold_columns(self, tile: int) -> None:
        """All that folds into one tile of columns."""
        places = [origin for _, origin, _ in [*self.inputs, self.out]]
        width = seek(self.kept, tile, places)
        cells, origin = self.out[0], places[-1]
        if self.plan.tiles[FOLDED] == 1 and not self.argreduces:
            for j in range(width):
                cells[origin + j * self.plan.out_stride] = self.start
            self.fold_tile(places, width, 0, [Pointer(cells, origin)], self.plan.out_stride)
            return
        borders = [self.plan.tiles[FOLDED] * part // self.plan.parts for part in range(self.plan.parts + 1)]
        parts = [self.tree(places, width, low, high) for low, high in itertools.pairwise(borders)]
        while len(parts) > 1:
            for k in range(0, len(parts) - 1, 2):
                self.merge(width, parts[k], parts[k + 1])
            parts = parts[::2]
        for j in range(width):
            cells[origin + j * self.plan.out_stride] = parts[0][-1][j]

    def tree(self, places: list[int], width: int, low: int, high: int) -> list[list[Any]]:
        """What some rows of tiles fold into: the best values and their positions, or only values."""
        if high - low == 1 or (self.argreduces and self.plan.in_batches):
            results = [[self.start] * width] + [[0] * width] * self.argreduces
            for row in range(low, high):
                self.fold_tile(places, width, row, [Pointer(result) for result in results], 1)
            return results
        if self.plan.in_batches and high - low <= fields.BATCH:
            return [[self.batch(places, low, high)]]
        middle = low + (high - low + 1) // 2
        results = self.tree(places, width, low, middle)
        if not (width == 1 and results[0] == [self.absorbing]):
            self.merge(width, results, self.tree(places, width, middle, high))
        return results

    def batch(self, places: list[int], low: int, high: int) -> Any:
        """What a few rows of a vector fold into."""
        results = [self.tree(places, 1, row, row + 1) for row in range(low, high)]
        while len(results) > 1:
            middle = (len(results) + 1) // 2
            for k in range(len(results) - middle):
                self.merge(1, results[k], results[middle + k])
            results = results[:middle]
        return results[0][0][0]

    def fold_tile(self, places: list[int], width: int, row: int, results: list[Pointer], step: int) -> None:
        """Fold one tile into results that hold something."""
        places = list(places)
        depth = seek(self.folding, row, places)
        n = len(self.inputs)
        data = [Pointer(cells, place) for (cells, _, _), place in zip(self.inputs, places, strict=False)]
        inner, outer = self.plan.inner[:n], self.plan.outer[:n]
        if self.argreduces:
            data.append(Pointer([row * self.folding[-1].size]))
            inner, outer = [*inner, 0], [*outer, 0]
        for result in results:
            data.append(result)
            inner.append(0 if self.plan.inner_folds else step)
            outer.append(step if self.plan.inner_folds and not self.plan.both_fold else 0)
        size = (width, depth) if self.plan.inner_folds else (depth, width)
        if self.plan.both_fold:
            axis = self.folding[-2]
            index = row // self.folding[-1].count % axis.count
            size = (min(axis.size, axis.length - index * axis.size), depth)
        self.run(*size, data, inner + outer)

    def merge(self, width: int, into: list[list[Any]], other: list[list[Any]]) -> None:
        """Combine a row of results into another one."""
        if self.argreduces:
            self.run(1, width, [Pointer(row) for row in (*other, *into)], [1] * 4 + [0] * 4)
        else:
            self.combine(1, width, [Pointer(row) for row in (into[0], other[0], into[0])], [1] * 3 + [0] * 3)


def cells_of(x: ao.Tensor) -> list[Any]:
    """A tensor's elements in a list, float32 as NumPy's, so that sums of them are float32."""
    values = x.tolist() if x.ndim == 1 else x.reshape(-1).tolist()
    return [np.float32(value) for value in values] if x.dtype == "float32" else values


def operands_of(record: Record, dtype: str, shape: tuple[int, ...], seed: int) -> list[ao.Tensor]:
    """Contiguous inputs whose results have to be rounded."""
    generator = random.Random(seed)
    numbers = {
        "bool": lambda: generator.random() < 0.5,
        **{own: lambda own=own: stored(generator.randrange(-(2**63), 2**63), own) for own in INTEGERS},
    }
    # products that leave the range are computed in another way: test_overflow
    spread = 0.02 if "prod" in record.name else 0.5
    draw = numbers.get(dtype, lambda: generator.gauss(1, spread))
    return [
        ao.tensor([draw() for _ in range(math.prod(shape))], dtype=own).reshape(shape)
        for own in record.inputs_for(dtype)
    ]


def check_fold(record: Record, dtype: str, inputs: list[ao.Tensor], cells: list[View], axes: tuple[int, ...]) -> None:
    """Demand the compiled kernels' bits of the loop nests in plain Python."""
    operator = _native.operators[record.name]
    axis: Any = axes[0] if record.kind == "argreduce" else axes
    compiled = operator(*inputs, axis, keepdims=True)
    out: list[Any] = [CANARY] * compiled.size
    strides = contiguous_strides(compiled.shape)
    out_strides = [0 if axis in axes else step for axis, step in enumerate(strides)]
    Fold(record, dtype, cells, (out, 0, out_strides), list(inputs[0].shape))
    kind = python_type(compiled.dtype.name)
    if compiled.dtype.name in INTEGERS:
        out = [stored(int(x), compiled.dtype.name) for x in out]
    assert_same([kind(x) for x in out], tensor(compiled).elements(), compiled.dtype.name)


REDUCED = [((), ()), *[((length,), (0,)) for length in (1, 63, 64, 65, 200, 1000)]]
REDUCED += [((3, 70), axes) for axes in [(0,), (1,), (0, 1), ()]]
REDUCED += [((2, 3, 67), axes) for axes in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]]
REDUCED += [((70, 3), (0,)), ((70, 17), (0,)), ((130, 20), (0,)), ((5, 600), (0,)), ((4, 9, 5, 3), (1, 3))]
#: Beyond a leaf, the grain, and the columns and rows of a tile.
LONG = [((8193,), (0,)), ((33_000,), (0,)), ((3, 11_000), (1,)), ((300, 120), (0,)), ((600, 1030), (0,))]
LONG += [((9, 3, 1300), (0, 2)), ((11_000, 3), (0,)), ((40, 1100), (1,)), ((270, 520), (0,))]


@pytest.mark.parametrize(
    ("record", "dtype"), sampled(REDUCE_CASES + ARGREDUCE_CASES), ids=lambda value: getattr(value, "name", value)
)
def test_reductions_in_plain_python_give_the_same_bits_as_the_compiled_ones(record: Record, dtype: str) -> None:
    """Planner, tiles, lanes, tails and trees: the whole of a reduction, in NumPy's float32 or in Python's numbers."""
    for seed, (shape, axes) in enumerate(REDUCED):
        if record.kind == "argreduce" and len(axes) != 1:
            continue
        inputs = operands_of(record, dtype, shape, seed)
        strides = list(contiguous_strides(shape))
        check_fold(record, dtype, inputs, [(cells_of(x), 0, strides) for x in inputs], axes)


LONG_CASES = [
    pytest.param(RECORDS[name], dtype, shape, axes, id=f"{name}-{dtype}-{shape}-{axes}", marks=slow)
    for (shape, axes), (name, dtype, quick) in itertools.product(
        LONG,
        [
            ("sum", "float64", True),
            ("sum", "float32", False),
            ("prod", "float64", False),
            ("_sum_of_squared_deviations", "float64", False),
            ("any", "int64", False),
            ("argmax", "float64", True),
            ("argmin", "int64", False),
        ],
    )
    if name[:3] != "arg" or len(axes) == 1
    for slow in [[] if quick and math.prod(shape) < 200_000 else pytest.mark.slow]
]


@pytest.mark.parametrize(("record", "dtype", "shape", "axes"), LONG_CASES)
def test_long_reductions_in_plain_python_give_the_same_bits_as_the_compiled_ones(
    record: Record, dtype: str, shape: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    inputs = operands_of(record, dtype, shape, 3)
    strides = list(contiguous_strides(shape))
    check_fold(record, dtype, inputs, [(cells_of(x), 0, strides) for x in inputs], axes)


@pytest.mark.parametrize("name", ["sum", "argmin"])
def test_reductions_of_views_in_plain_python_give_the_same_bits(name: str) -> None:
    record, dtype = RECORDS[name], "float64"
    (x,) = operands_of(record, dtype, (9, 10, 70), 8)
    cells = cells_of(x)
    views = [(x[::-2, 1:, ::3], 8 * 700 + 70, [-1400, 70, 3]), (ao.permute_dims(x, (2, 0, 1)), 0, [1, 700, 70])]
    views += [(x[:, :1], 0, [700, 70, 1]), (x[3], 2100, [70, 1]), (x[:, :, 5], 5, [700, 70])]
    for view, origin, strides in views:
        for axis in range(view.ndim):
            check_fold(record, dtype, [view], [(cells, origin, strides)], (axis,))


class Scan:
    """``aot_scan`` of the glue, in Python: the same pieces, and their totals in the same tree."""

    def __init__(self, record: Record, dtype: str, x: View, out: View, shape: list[int], axis: int) -> None:
        reduction = record.reduction
        assert reduction is not None
        self.start = record.initial_for(dtype)
        self.scan = kernel_of(record, dtype)
        self.combine = kernels_of(reduction)[combine_symbol(reduction, dtype)]
        self.x, self.out = x, out
        exact = record.result_for(dtype) not in FLOATS
        plan = Plan(shape, [x[2], out[2]], 1, axis=axis, exact=exact, results=1, result_itemsizes=[8]).made_by(
            plan_scan
        )
        self.across = plan.across
        self.columns, self.pieces, self.inner, self.outer = plan.grid(KEPT), plan.grid(FOLDED), plan.inner, plan.outer
        for tile in range(plan.tiles[KEPT]):
            places = [x[1], out[1]]
            width = seek(self.columns, tile, places)
            self.scan_tile(places, width, plan.tiles[FOLDED])

    def tile(self, places: list[int], width: int, piece: int) -> tuple[tuple[int, int], Pointer, Pointer]:
        """The size of a piece and where it lies."""
        places = list(places)
        length = seek(self.pieces, piece, places)
        x, out = (Pointer(view[0], place) for view, place in zip((self.x, self.out), places, strict=True))
        return ((length, width) if self.across else (width, length)), x, out

    def scan_tile(self, places: list[int], width: int, pieces: int) -> None:
        """All pieces of some columns, each combined with the carries of the ones before it."""
        carries: list[list[Any] | None] = [None] * LEVELS
        row = (1, 0) if self.across else (0, 1)  # of the carry, which is repeated along the axis
        steps = [self.inner[0], row[0], self.inner[1], self.outer[0], row[1], self.outer[1]]
        for piece in range(pieces):
            size, x, out = self.tile(places, width, piece)
            self.scan(*size, [x, Pointer([self.start] * width), out], steps)
            along, beside = (self.outer[1], self.inner[1]) if self.across else (self.inner[1], self.outer[1])
            total = [out[(size[not self.across] - 1) * along + j * beside] for j in range(width)]
            for carry in carries:
                if carry is not None:
                    own = [row[0], self.inner[1], self.inner[1], row[1], self.outer[1], self.outer[1]]
                    self.combine(*size, [Pointer(carry), out, out], own)
            for level in range(LEVELS):
                own_carry = carries[level]
                carries[level] = total = total if own_carry is None else self.both(own_carry, total)
                if level == LEVELS - 1 or (piece + 1) % RADIX ** (level + 1) != 0:
                    break
                carries[level] = None

    def both(self, a: list[Any], b: list[Any]) -> list[Any]:
        """Two rows of results, combined."""
        result = [CANARY] * len(a)
        self.combine(1, len(a), [Pointer(row) for row in (a, b, result)], [1, 1, 1, 0, 0, 0])
        return result


def check_scanned(record: Record, dtype: str, x: ao.Tensor, view: View, axis: int) -> None:
    """Demand the compiled kernels' bits of the loop nests in plain Python."""
    compiled = _native.operators[record.name](x, axis)
    out: list[Any] = [CANARY] * compiled.size
    Scan(record, dtype, view, (out, 0, list(contiguous_strides(x.shape))), list(x.shape), axis)
    result = record.result_for(dtype)
    if result in INTEGERS:
        out = [stored(int(value), result) for value in out]
    kind = python_type(result)
    assert_same([kind(value) for value in out], tensor(compiled).elements(), result)


#: Of ``native/scan.c``.
LEVELS, RADIX = 3, 32

SCANNED = [((length,), 0) for length in (1, 63, 64, 65, 1000, 2048, 2049, 5000)]
SCANNED += [((3, 70), 0), ((3, 70), 1), ((70, 3), 0), ((70, 9), 0), ((200, 9), 0), ((2, 66, 9), 1), ((600, 2), 0)]
SCANNED += [((3, 5, 7), axis) for axis in range(3)]


@pytest.mark.parametrize(("record", "dtype"), sampled(SCAN_CASES), ids=lambda value: getattr(value, "name", value))
def test_scans_in_plain_python_give_the_same_bits_as_the_compiled_ones(record: Record, dtype: str) -> None:
    for seed, (shape, axis) in enumerate(SCANNED):
        (x,) = operands_of(record, dtype, shape, seed)
        check_scanned(record, dtype, x, (cells_of(x), 0, list(contiguous_strides(shape))), axis)


@pytest.mark.parametrize("shape", [(40_000,), (11, 4100), (500, 70), (2, 300, 60)])
def test_long_scans_in_plain_python_give_the_same_bits_as_the_compiled_ones(shape: tuple[int, ...]) -> None:
    record = RECORDS["cumulative_sum"]
    (x,) = operands_of(record, "float64", shape, 4)
    cells, strides = cells_of(x), list(contiguous_strides(shape))
    for axis in range(len(shape)):
        check_scanned(record, "float64", x, (cells, 0, strides), axis)
    backwards = [step if axis else -step for axis, step in enumerate(strides)]
    check_scanned(record, "float64", x[::-1], (cells, (shape[0] - 1) * strides[0], backwards), 0)


def layouts(x: ao.Tensor) -> Iterator[ao.Tensor]:
    """A vector of at least 12 elements in several shapes and layouts."""
    yield x
    yield x[::-1]
    yield x[1::3]
    yield x[:12].reshape(3, 4)
    yield x[:12].reshape(3, 4).T
    yield x[:12].reshape(2, 3, 2)[:, ::-1]
    yield x[:0]
    yield x[3]


def check_compiled(record: Record, dtype: str) -> None:
    """Demand that an operator agrees with the reference on special values in several layouts."""
    operator = _native.operators[record.name]
    computed = record.casts.get(dtype, dtype)
    # float64 arithmetic is the reference's own; float32 is computed in float64 there
    units = record.max_ulp + 1 if record.max_ulp and computed == "float32" else 0
    any_zero = record.kind == "reduce" and record.cases.any_zero

    def check(*inputs: ao.Tensor | None, **keywords: Any) -> None:
        actual = tensor(operator(*inputs, **keywords))
        expected = evaluate(record, *[None if x is None else tensor(x) for x in inputs], **keywords)
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
        assert_same(actual.elements(), expected.elements(), actual.dtype, units, any_zero)

    own = tuple("bool" if name in record.fixed else dtype for name in record.parameters)
    if record.kind in AXIS_KINDS:
        exact = exact_values(record, dtype, 11)
        vectors = [ao.tensor([next(exact) for _ in range(200)], dtype=kind) for kind in own]
        # of a dtype that is converted every third layout: its kernel is that of another; test_casting.py has the rest
        every = 1 if dtype in record.dtypes else 3
        for inputs in itertools.islice(zip(*map(layouts, vectors), strict=True), 0, None, every):
            ndim, size = inputs[0].ndim, inputs[0].size
            for axis in [None, *range(ndim), *([tuple(range(ndim))] * (record.kind == "reduce"))]:
                if record.kind == "scan":
                    if axis is not None or ndim == 1:
                        check(*inputs, axis=axis)
                        if record.flag:
                            check(*inputs, axis=axis, include_initial=True)
                elif size > 0 or record.identity is not None:
                    check(*inputs, axis=axis, keepdims=True)
                    check(*inputs, axis=axis)
        return
    vectors = []
    for k, kind in enumerate(own):
        values = SPECIAL[kind] * (12 // len(SPECIAL[kind]) + 1)
        vectors.append(ao.tensor(values[3 * k :] + values[: 3 * k], dtype=kind))
    # each along another axis, and all in the same layouts
    check(*[x[: 12 - k].reshape(-1, *[1] * k) for k, x in enumerate(vectors)])
    for inputs in zip(*map(layouts, vectors), strict=False):
        if len({x.shape for x in inputs}) == 1:
            check(*inputs)
    for k, name in enumerate(record.parameters):
        if name in record.defaults:
            check(*[None if place == k else x[:12] for place, x in enumerate(vectors)])


PUBLIC = [(record, dtype) for record in RECORDS.values() for dtype in ALL if dtype in {*record.dtypes, *record.casts}]


@pytest.mark.parametrize(("record", "dtype"), PUBLIC, ids=lambda value: getattr(value, "name", value))
def test_compiled_kernels_agree_with_the_reference(record: Record, dtype: str) -> None:
    check_compiled(record, dtype)


@pytest.mark.parametrize("target", ALL)
@pytest.mark.parametrize("source", ALL)
def test_compiled_conversions_agree_with_the_reference(source: str, target: str) -> None:
    values = SPECIAL[source] + [value for _, value in zip(range(300), values_of(source, 3), strict=False)]
    x = ao.tensor(values, dtype=source)
    assert_same(ao.astype(x, target).tolist(), reference.convert(tensor(x), target).elements(), target)


def test_int64_is_rounded_to_float32_once() -> None:
    """By way of float64 these would become ties, and fall to the wrong side."""
    magnitudes = [
        2**high + low for high in (55, 58, 60, 62) for low in (2 ** (high - 24) + 1, 2 ** (high - 24) - 1, -1)
    ]
    values = [*magnitudes, *[-magnitude for magnitude in magnitudes]]
    expected = np.array(values).astype("float32").tolist()
    assert [stored(value, "float32") for value in values] == expected
    assert ao.astype(ao.tensor(values * 9), "float32").tolist() == expected * 9


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("length", [1, 63, 64, 200])
def test_a_sum_of_negative_zeros_keeps_its_sign(length: int, dtype: str) -> None:
    zeros = [-0.0] * length
    assert math.copysign(1, evaluate(RECORDS["sum"], tensor(zeros, dtype)).tolist()) == -1
    assert math.copysign(1, ao.sum(ao.tensor(zeros, dtype=dtype)).item()) == -1
    assert math.copysign(1, ao.sum(ao.tensor([*zeros, 0.0], dtype=dtype)).item()) == 1
    assert math.copysign(1, ao.sum(ao.tensor([], dtype=dtype)).item()) == 1


# --- float32 and float64 arithmetic, emulated ---------------------------------------------------------------------


NUMPY_INTRINSICS: dict[Any, Callable[[str], Any]] = {
    intrinsics.select: lambda dtype: np.where,
    intrinsics.force_load: lambda dtype: lambda x: x,
    intrinsics.rint: lambda dtype: np.rint,
    intrinsics.square_root: lambda dtype: np.sqrt,
    intrinsics.divide: lambda dtype: np.divide,
    intrinsics.scale_exponent: lambda dtype: (
        lambda y, k: np.ldexp(y, np.clip(np.nan_to_num(k), -4096, 4096).astype("int32"))
    ),
    intrinsics.scale: lambda dtype: (
        lambda y, k: np.where(
            np.isnan(k), k, np.ldexp(y, np.floor(np.clip(np.nan_to_num(k), -4096, 4096)).astype("int32"))
        )
    ),
    intrinsics.limit: lambda dtype: (
        lambda x, bound: np.where(np.abs(x) <= bound, x, np.copysign(bound, x).astype(x.dtype))
    ),
    intrinsics.exponent: lambda dtype: (
        lambda x: np.where((x == 0) | ~np.isfinite(x), np.where(x == 0, -np.inf, np.abs(x)), np.frexp(x)[1] - 1).astype(
            x.dtype
        )
    ),
    intrinsics.mantissa: lambda dtype: (
        lambda x: np.where(
            x >= 0, np.where((x == 0) | np.isinf(x), 1, 2 * np.frexp(x)[0].astype("float64")), np.nan
        ).astype(x.dtype)
    ),
    intrinsics.look_up16: lambda dtype: lambda table, index: np.array(table.values)[index & 15],
    intrinsics.look_up16_float32: lambda dtype: lambda table, index: np.array(table.values, "float32")[index & 15],
    intrinsics.wrap_int64: lambda dtype: lambda x: x,
    intrinsics.look_up: lambda dtype: lambda table, index: np.array(table.values)[index],
    intrinsics.widen: lambda dtype: lambda x: x.astype("float64"),
    intrinsics.narrow: lambda dtype: lambda x: x.astype("float32"),
    intrinsics.fma: lambda dtype: over_arrays(emulation.fma32 if dtype == "float32" else emulation.fma64, "float64"),
    intrinsics.bits_of_float32: lambda dtype: lambda x: x.view("int32"),
    intrinsics.float32_of_bits: lambda dtype: lambda bits: bits.astype("int32").view("float32"),
    intrinsics.bits_of_float64: lambda dtype: lambda x: x.view("int64"),
    intrinsics.float64_of_bits: lambda dtype: lambda bits: bits.view("float64"),
}
_scale, _exponent, _mantissa = (
    NUMPY_INTRINSICS[each]("") for each in (intrinsics.scale, intrinsics.exponent, intrinsics.mantissa)
)
NUMPY_INTRINSICS |= {
    intrinsics.unscale: lambda dtype: lambda y, x: _scale(y, -_exponent(x)),
    intrinsics.centred_exponent: lambda dtype: _centred_exponent,
    intrinsics.centred_mantissa: lambda dtype: lambda x: np.where(_mantissa(x) >= 1.5, _mantissa(x) / 2, _mantissa(x)),
    intrinsics.centred_unscale: lambda dtype: lambda y, x: _scale(np.dtype(dtype).type(y), -_centred_exponent(x)),
}


def _centred_exponent(x: Any) -> Any:
    return np.where(x < 0, np.nan, _exponent(x) + (_mantissa(x) >= 1.5)).astype(x.dtype)


def over_arrays(function: Any, dtype: str) -> Any:
    """A scalar function, and all that it calls, over NumPy arrays: what ``aot.specialise`` does, for NumPy.

    The instructions stay as they are; intrinsics and float constants are exchanged for NumPy's.
    """

    def exchange(value: Any) -> Any:
        if isinstance(value, float):
            return np.dtype(dtype).type(value)
        if isinstance(value, types.FunctionType):
            return NUMPY_INTRINSICS[value](dtype) if value in NUMPY_INTRINSICS else over_arrays(value, dtype)
        if value is math:
            return types.SimpleNamespace(inf=math.inf, nan=math.nan, fabs=np.abs, copysign=np.copysign)
        return value

    dtype = getattr(function, "constants", dtype)
    code = function.__code__.replace(co_consts=tuple(exchange(value) for value in function.__code__.co_consts))
    names = {name: exchange(function.__globals__[name]) for name in global_names(function)}
    cells = tuple(types.CellType(exchange(cell.cell_contents)) for cell in function.__closure__ or ())
    return types.FunctionType(code, names, function.__name__, None, cells)


APPROXIMATED = [
    record
    for record in RECORDS.values()
    if record.kind == "map" and record.max_ulp and record.dtypes[:2] == ("float32", "float64")
]


def any_bits(dtype: str, count: int, seed: int) -> np.ndarray:
    """Floats of random bits, half of them of moderate size."""
    generator = np.random.default_rng(seed)
    integers = generator.integers(0, 2 ** (32 if dtype == "float32" else 64), count // 2, "uint64")
    wild = integers.astype("uint32" if dtype == "float32" else "uint64").view(dtype)
    return np.concatenate([wild, generator.normal(0, 20, count - count // 2).astype(dtype)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("record", APPROXIMATED, ids=lambda record: record.name)
@pytest.mark.parametrize("count", [30_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_compiled_functions_do_the_arithmetic_that_is_written(record: Record, dtype: str, count: int) -> None:
    """The same bits as NumPy running the scalar function's own instructions: nothing is contracted or reordered."""
    x = any_bits(dtype, count, 1)
    compiled = np.asarray(getattr(ao, record.name)(ao.asarray(x)))
    emulated = numpy_call(over_arrays(record.scalar_for(dtype), dtype), x)
    both_nan = np.isnan(compiled) & np.isnan(emulated)
    bits = f"int{8 * x.itemsize}"
    differ = (compiled.view(bits) != emulated.astype(dtype).view(bits)) & ~both_nan
    assert not differ.any(), f"{differ.sum()} differ, the first at {x[differ][0]!r}"


@pytest.mark.parametrize(
    ("record", "dtype"),
    # division, which has loops, is in tests/test_operators.py
    [
        (record, dtype)
        for record in RECORDS.values()
        if record.kind == "map"
        for dtype in record.fast_paths
        if abi.FACTS[dtype].kind != "complex"  # tests/test_complex_functions.py
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_fast_path_has_the_same_bits(record: Record, dtype: str) -> None:
    """Where it applies: as written, and as compiled in blocks against element by element."""
    inputs = [any_bits(dtype, 100_000, seed) for seed in range(record.inputs)]
    scalar, common, rare = (over_arrays(f, dtype) for f in (record.scalar_for(dtype), *record.fast_paths[dtype]))
    applies = ~numpy_call(rare, *inputs)
    assert applies.mean() > 0.3
    inputs = [x[applies] for x in inputs]
    bits = f"int{8 * inputs[0].itemsize}"
    expected = numpy_call(lambda: scalar(*inputs).astype(dtype)).view(bits)
    assert np.array_equal(numpy_call(lambda: common(*inputs).astype(dtype)).view(bits), expected)
    assert np.array_equal(np.asarray(getattr(ao, record.name)(*map(ao.asarray, inputs))).view(bits), expected)
    apart = [ao.asarray(np.repeat(x, 2))[::2] for x in inputs]
    assert np.array_equal(np.asarray(getattr(ao, record.name)(*apart)).view(bits), expected)


@pytest.mark.parametrize("record", [RECORDS["exp2"], RECORDS["log1p"]], ids=lambda record: record.name)
def test_plain_python_stays_in_float32_for_float32_numbers(record: Record) -> None:
    """Given NumPy's float32 the scalar function computes in float32, and has the compiled kernel's bits.

    Not so ``exp`` and ``atan``: ``narrow`` and ``float32_of_bits`` make Python floats, as plain Python has no others.
    """
    x = any_bits("float32", 4000, 2)
    compiled = getattr(ao, record.name)(ao.asarray(x)).tolist()
    with np.errstate(all="ignore"):
        plain = [float(np.float32(record.scalar_for("float32")(value))) for value in x]
    assert_same(plain, compiled, "float32")


@pytest.mark.parametrize("record", APPROXIMATED, ids=lambda record: record.name)
def test_plain_python_is_float64(record: Record) -> None:
    x = any_bits("float64", 2_000, 3).tolist()
    assert_same([record.scalar(value) for value in x], getattr(ao, record.name)(ao.tensor(x)).tolist(), "float64")


# --- intrinsics ---------------------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("function", "cases"),
    [
        (intrinsics.select, [((True, 1, 2), 1), ((False, 1, 2), 2), ((NAN != NAN, 1.0, 2), 1.0)]),
        (intrinsics.rint, [((x,), y) for x, y in [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0), (-0.3, -0.0)]]),
        (intrinsics.rint, [((x,), x) for x in [0.0, -0.0, 7.0, 2.0**53 + 2, -1e300, INF, -INF, NAN]]),
        (
            intrinsics.scale_exponent,
            [((1.5, 3.0), 12.0), ((-1.5, -1022.0), -1.5 * 2.0**-1022), ((1.0, 1023.0), 2.0**1023)],
        ),
        (intrinsics.scale, [((1.5, 3.75), 12.0), ((1.5, -1075.0), 5e-324), ((1.5, 1024.0), INF), ((NAN, 1.0), NAN)]),
        (intrinsics.scale, [((1.5, INF), INF), ((-1.5, -INF), -0.0), ((1.5, NAN), NAN), ((-1.5, 1e300), -INF)]),
        (intrinsics.limit, [((0.5, 1.0), 0.5), ((-7.0, 1.0), -1.0), ((INF, 1.0), 1.0), ((-0.0, 1.0), -0.0)]),
        (intrinsics.exponent, [((x,), y) for x, y in [(1.0, 0.0), (-0.75, -1.0), (5e-324, -1074.0), (INF, INF)]]),
        (intrinsics.exponent, [((x,), y) for x, y in [(0.0, -INF), (-0.0, -INF), (-INF, INF), (NAN, NAN)]]),
        (intrinsics.mantissa, [((x,), y) for x, y in [(1.0, 1.0), (0.75, 1.5), (1.5e-323, 1.5), (INF, 1.0)]]),
        (intrinsics.mantissa, [((x,), y) for x, y in [(0.0, 1.0), (-0.0, 1.0), (-1.0, NAN), (-INF, NAN), (NAN, NAN)]]),
        (intrinsics.truncate, [((1.9,), 1), ((-1.9,), -1), ((-(2.0**63),), -(2**63)), ((2.0**62,), 2**62)]),
        (intrinsics.square_root, [((2.25,), 1.5), ((-0.0,), -0.0), ((INF,), INF), ((-1.0,), NAN), ((NAN,), NAN)]),
        (intrinsics.fma, [((0.1, 10.0, -1.0), 2.0**-54), ((1e308, 10.0, -INF), -INF)]),
        (intrinsics.divide, [((1.0, 0.0), INF), ((1.0, -0.0), -INF), ((-1.0, 0.0), -INF), ((-1.0, -0.0), INF)]),
        (intrinsics.divide, [((0.0, 0.0), NAN), ((-0.0, 0.0), NAN), ((NAN, 0.0), NAN), ((INF, 0.0), INF)]),
        (intrinsics.divide, [((-INF, 0.0), -INF), ((INF, INF), NAN), ((1.0, -INF), -0.0), ((1e308, 1e-10), INF)]),
        (
            intrinsics.bits_of_float64,
            [((1.0,), 0x3FF << 52), ((-0.0,), -(2**63)), ((5e-324,), 1), ((INF,), 0x7FF << 52)],
        ),
        (intrinsics.float64_of_bits, [((0x3FF << 52,), 1.0), ((-(2**63),), -0.0), ((1,), 5e-324), ((-1,), NAN)]),
        (
            intrinsics.bits_of_float32,
            [((1.0,), 0x7F << 23), ((-0.0,), -(2**31)), ((2.0**-149,), 1), ((INF,), 0xFF << 23)],
        ),
        (intrinsics.float32_of_bits, [((0x7F << 23,), 1.0), ((-(2**31),), -0.0), ((1,), 2.0**-149), ((-1,), NAN)]),
    ],
)
def test_intrinsics_in_plain_python(function: Callable[..., Any], cases: list[tuple[Any, Any]]) -> None:
    for arguments, expected in cases:
        assert repr(function(*arguments)) == repr(expected), arguments


# --- the reference itself -----------------------------------------------------------------------------------------


def test_the_reference_does_what_its_documentation_says() -> None:
    results = doctest.testmod(reference)
    assert results.failed == 0
    assert results.attempted > 25


def test_the_reference_checks_its_bounds() -> None:
    x = ReferenceTensor([1, 2, 3, 4], (2, 2), (2, 1), 0, "int64")
    for index in [(2, 0), (0, 2), (-1, 0), (0,), (0, 0, 0), ()]:
        with pytest.raises(IndexError, match="inside of the shape"):
            x.load(index)
        with pytest.raises(IndexError, match="inside of the shape"):
            x.store(index, 1)
    for view in [
        ReferenceTensor([1, 2, 3], (2, 2), (2, 1), 0, "int64"),
        ReferenceTensor([1, 2, 3], (2,), (-1,), 0, "int64"),
        ReferenceTensor([1, 2, 3], (), (), 3, "int64"),
    ]:
        with pytest.raises(IndexError, match="inside of a storage of 3 elements"):
            evaluate(RECORDS["negative"], view)
        with pytest.raises(IndexError, match="inside of a storage of 3 elements"):
            evaluate(RECORDS["sum"], view)


@pytest.mark.parametrize(
    ("name", "inputs", "keywords", "error", "message"),
    [
        ("add", ([1],), {}, TypeError, r"add\(\) takes 2 positional arguments \(x1, x2\), got 1"),
        ("sum", ([1], [2]), {}, TypeError, r"sum\(\) takes 1 positional argument \(x\), got 2"),
        ("add", ([True], [True]), {}, TypeError, "add: x1, x2 must be .* uint64, float32, float64, .*got bool"),
        ("add", ([1, 2], [1, 2, 3]), {}, ValueError, r"shapes must broadcast together, got \(2,\) and \(3,\)"),
        ("where", ([True], [1]), {}, TypeError, r"where\(\) takes 3 positional arguments"),
        ("clip", ([1], [1], [1], [1]), {}, TypeError, r"clip\(\) takes 1 to 3 positional arguments"),
        ("clip", ([True],), {}, TypeError, "clip: x, min, max must be .* uint64, float32, float64, .*got bool"),
        ("where", ([True, True], [1], [1, 2, 3]), {}, ValueError, r"shapes must broadcast together, got \(2,\)"),
        ("argmax", ([[], []],), {"axis": 1}, ValueError, r"argmax: x must have elements .* got shape \(2, 0\)"),
        ("cumulative_sum", ([[1], [2]],), {}, ValueError, "cumulative_sum: axis must be given"),
        ("cumulative_prod", ([1],), {"axis": 1}, ao.AxisError, "cumulative_prod: axis must be from -1 to 0"),
        ("max", ([[], []],), {"axis": 1}, ValueError, r"max: x must have elements .* got shape \(2, 0\)"),
        ("sum", ([1, 2],), {"axis": 1}, ao.AxisError, "sum: axis must be from -1 to 0"),
        ("sum", ([[1], [2]],), {"axis": (0, -2)}, ValueError, "axis must not name an axis twice"),
    ],
)
def test_the_reference_rejects_what_operators_reject(
    name: str, inputs: Any, keywords: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate(RECORDS[name], *map(tensor, inputs), **keywords)
    with pytest.raises(error):
        getattr(ao, name)(*map(ao.tensor, inputs), **keywords)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: tensor([[1, 2], [3]]), ValueError),
        (lambda: tensor([1, [2]]), ValueError),
        (lambda: tensor([[1], 2]), ValueError),
        (lambda: tensor(["a"]), TypeError),
        (lambda: ReferenceTensor([1], (1,), (), 0, "int64"), ValueError),
        (lambda: ReferenceTensor([1], (-1,), (1,), 0, "int64"), ValueError),
        (lambda: ReferenceTensor([1], (1,), (1,), 0, "int7"), TypeError),
    ],
)
def test_reference_tensors_must_make_sense(build: Callable[[], ReferenceTensor], error: type[Exception]) -> None:
    with pytest.raises(error):
        build()


def test_reductions_of_nothing() -> None:
    for record, shape, axis in itertools.product(REDUCTIONS + ARGREDUCTIONS, [(0,), (0, 3), (3, 0)], [0, -1]):
        inputs = [ReferenceTensor([], shape, (1,) * len(shape), 0, record.dtypes[-1])] * record.inputs
        arrays = [np.zeros(shape, record.dtypes[-1])] * record.inputs
        try:
            expected = record.numpy(np, *arrays, axis=axis)
        except ValueError:
            with pytest.raises(ValueError, match="must have elements"):
                evaluate(record, *inputs, axis=axis)
        else:
            assert evaluate(record, *inputs, axis=axis).tolist() == expected.tolist()


def test_reference_tensors_of_tensors_keep_shape_and_dtype() -> None:
    x = ao.tensor([[1, 2, 3], [4, 5, 6]], dtype="float32")
    for view in [x, x.T, x[:, ::-2], x[1, 1], x[:0]]:
        made = tensor(view)
        assert (made.shape, made.dtype, made.tolist()) == (view.shape, "float32", view.tolist())
    assert tensor([]).dtype == "float64"
    assert tensor([True, 2]).tolist() == [1, 2]
    assert tensor([1.9], dtype="int64").tolist() == [1]


# --- tests that can fail ------------------------------------------------------------------------------------------


def spoilt(result: Any, dtype: str, steps: int) -> Any:
    """Another number than a result: the opposite, the next integer, or a float some steps away."""
    if isinstance(result, bool):
        return not result
    if isinstance(result, int):
        return result + 1
    result = stored(result, dtype)  # a Python float may overflow, or round up to a power of 2 and the step away
    if not math.isfinite(result):
        return 1.0
    step = math.ulp(result) if dtype == "float64" else max(math.ulp(result) * 2.0**29, 2.0**-149)
    return result + steps * step


def broken(scalar: Scalar, dtype: str, at: int, steps: int = 1) -> Scalar:
    """A scalar function with a bug that shows once: at its ``at``-th call."""
    calls = itertools.count()

    def wrong(*values: Any) -> Any:
        result = scalar(*values)
        return spoilt(result, dtype, steps) if next(calls) == at else result

    return wrong


def once(value: Any, at: int, scalar: Scalar) -> Scalar:
    """A scalar function whose ``at``-th call returns a given value."""
    calls = itertools.count()
    return lambda *values: value if next(calls) == at else scalar(*values)


def counted(scalar: Scalar) -> tuple[Scalar, list[Any]]:
    """A scalar function and the results of its calls so far."""
    results: list[Any] = []

    def counting(*values: Any) -> Any:
        results.append(scalar(*values))
        return results[-1]

    return counting, results


@pytest.mark.parametrize(
    ("record", "dtype"), sampled(ELEMENTWISE_CASES), ids=lambda value: getattr(value, "name", value)
)
def test_one_wrong_element_of_a_tile_is_found(record: Record, dtype: str) -> None:
    case = record_case(record, dtype)
    check_elementwise(case, (3, 65), "general")
    signature = Signature(case.inputs, case.output)
    for at in (0, 100, 3 * 65 - 1):
        case.kernel = elementwise(broken(record.scalar_for(dtype), case.output, at), signature)
        with pytest.raises(AssertionError, match="element"):
            check_elementwise(case, (3, 65), "general")


@pytest.mark.parametrize(("record", "dtype"), sampled(REDUCE_CASES), ids=lambda value: getattr(value, "name", value))
def test_one_wrong_combination_is_found(record: Record, dtype: str) -> None:
    signature = Signature(record.inputs_for(dtype), record.result_for(dtype))
    # of a row of 65 the last of 65 combinations gives the result; where nothing folds each one gives a result
    for size, fold, at in [((1, 65), "inner", 64), ((3, 65), "none", 0), ((3, 65), "none", 100)]:
        check_reduction(record, dtype, kernel_of(record, dtype), size, fold)
        kernel = reduce(broken(record.scalar_for(dtype), signature.output, at), record.map or first, signature)
        with pytest.raises(AssertionError, match="element"):
            check_reduction(record, dtype, kernel, size, fold)


@pytest.mark.parametrize(
    ("record", "dtype"),
    ELEMENTWISE_CASES + REDUCE_CASES + ARGREDUCE_CASES + SCAN_CASES,
    ids=lambda value: getattr(value, "name", value),
)
def test_one_disagreement_with_a_compiled_kernel_is_found(
    record: Record, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = record.scalar_for(dtype)
    steps = 2 * int(record.max_ulp) + 3
    # of the first reduction, that of 200 elements, the last combination
    at = 199 if record.kind in AXIS_KINDS else 2
    combined = dtype if record.kind == "argreduce" else record.result_for(dtype)
    monkeypatch.setitem(record.specialised, dtype, broken(right, combined, at, steps))
    with pytest.raises(AssertionError, match="element"):
        check_compiled(record, dtype)


@pytest.mark.parametrize("wrong", ["reads before", "reads after", "writes before", "writes after", "reads between"])
def test_an_access_out_of_bounds_is_found(wrong: str) -> None:
    where = {"before": -1, "after": 9, "between": 0}[wrong.split()[1]]

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        x, out = data
        for j in range(n1):
            out[j] = x[2 * j]
        if wrong.startswith("reads"):
            out[0] = x[1] if wrong == "reads between" else x[where]
        else:
            out[n1 if where > 0 else -1] = 1

    def check() -> None:
        x = Operand(1, 5, (0, 2), "int64", values_of("int64", 1))
        out = Operand(1, 5, (0, 1), "int64", None)
        run_tile(kernel, [x, out])
        out.assert_unchanged(but=out.positions)

    with pytest.raises((AssertionError, TypeError), match=r"has changed|int\(\)"):
        check()
    with pytest.raises(IndexError, match="outside of a buffer"):
        Pointer([1, 2, 3], 1)[-2]
    with pytest.raises(IndexError, match="outside of a buffer"):
        Pointer([1, 2, 3], 1)[2] = 0
