"""Scalar functions and loop nests as plain Python, unchanged, against the reference, NumPy and the compiled kernels."""

from __future__ import annotations

import doctest
import itertools
import math
import random
import struct
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao
from aotops import intrinsics, ops, reference
from aotops.aot.fingerprint import global_names
from aotops.aot.kernels import conversion_kernels, record_kernels
from aotops.intrinsics import Pointer, Signature
from aotops.loops.elementwise import elementwise
from aotops.loops.plan import ROW, plan
from aotops.loops.reduce import LANES, reduce
from aotops.ops.record import ALL, FLOATS, Record, Scalar
from aotops.reference import ReferenceTensor, evaluate, stored, tensor
from aotops.shapes import contiguous_strides

RECORDS = ops.collect()
REDUCTIONS = [record for record in RECORDS.values() if record.kind == "reduce"]
REDUCE_CASES = [(record, dtype) for record in REDUCTIONS for dtype in record.dtypes]
ELEMENTWISE_CASES = [
    (record, dtype) for record in RECORDS.values() if record.kind != "reduce" for dtype in record.dtypes
]

#: NumPy leaves it open which of 0.0 and -0.0 these choose, as they are equal.
CHOOSES_A_ZERO = {"maximum", "relu", "max", "min"}

SPECIAL_FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.75, 1e-3, -30.0, 88.0, 90.0, -105.0, math.inf, -math.inf, math.nan]
SPECIAL = {
    "bool": [True, False],
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
    kind = {"bool": bool, "int64": int}.get(dtype, float)
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


class Untouchable:
    """What lies around and between the elements of an operand; using it as a number is an error."""


CANARY = Untouchable()
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
                "bool": lambda: generator.random() < 0.5,
                "int64": lambda: generator.randrange(-1000, 1000),
            }.get(dtype, lambda: stored(generator.gauss(0, 10), dtype))()


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
    truncates = source.startswith("float") and target == "int64"
    return Case(
        f"{source} to {target}",
        kernel,
        (source,),
        target,
        lambda x: reference.convert(x, target),
        to_int64 if truncates else lambda x: x.astype(target),
    )


def kernel_of(record: Record, dtype: str) -> Callable[..., None]:
    """The loop nest around a record's scalar function that the build compiles."""
    (kernel,) = [kernel.function for kernel in record_kernels(record) if kernel.dtype == dtype]
    return kernel


def record_case(record: Record, dtype: str) -> Case:
    return Case(
        f"{record.name} {dtype}",
        kernel_of(record, dtype),
        (dtype,) * record.inputs,
        record.result_for(dtype),
        lambda *inputs: evaluate(record, *inputs),
        lambda *arrays: record.numpy(np, *arrays),
        record.units,
        record.name in CHOOSES_A_ZERO,
    )


CASES = [
    conversion_case(source, target, kernel.function)
    for (source, target), kernel in zip(itertools.product(ALL, ALL), conversion_kernels(), strict=True)
] + [record_case(record, dtype) for record, dtype in ELEMENTWISE_CASES]


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
        check_elementwise(case, size, layout)


# --- reductions ---------------------------------------------------------------------------------------------------

#: Which of the tile's axes fold away: the output's steps along them are 0.
FOLDS: dict[str, tuple[int, ...]] = {"inner": (1,), "outer": (0,), "both": (0, 1), "none": ()}
REDUCE_LAYOUTS = ["unit", "rows with gaps", "general", "transposed", "backwards", "repeated row", "repeated column"]


def exact_values(record: Record, dtype: str, seed: int) -> Iterator[Any]:
    """Numbers whose combination is exact in any order."""
    generator = random.Random(seed)
    if dtype == "bool":
        choices: list[Any] = [True, False]
    elif record.name == "prod":
        choices = [1, -1, 3, 2**62 + 1] if dtype == "int64" else [1.0, -1.0, 2.0, 0.5]
    elif record.name == "sum":
        choices = [*range(-9, 9), 2**63 - 1] if dtype == "int64" else [k / 4 for k in range(-9, 9)]
    else:
        choices = list(SPECIAL[dtype])
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
    held = record.start_for(dtype) if held is None else held
    x = Operand(*size, LAYOUTS[layout](0, *size), dtype, exact_values(record, dtype, 7))
    axes = FOLDS[fold]
    kept = tuple(1 if axis in axes else length for axis, length in enumerate(size))
    steps = tuple(0 if axis in axes else 2 * step for axis, step in enumerate((kept[1], 1)))
    out = Operand(*kept, (steps[0], steps[1]), record.result_for(dtype), itertools.repeat(held))
    # over the whole tile the output's steps are the same, only the shape is that of the input
    kernel(*size, [x.pointer, out.pointer], [x.inner, out.inner, x.outer, out.outer])
    x.assert_unchanged()
    out.assert_unchanged(but=out.positions)
    result = out.view.elements()
    if any(size[axis] == 0 for axis in axes):
        assert_same(result, [stored(held, out.cells.dtype)] * len(result), out.cells.dtype)
        return
    # the reference combines row after row, which chooses zeros in another order
    partial = evaluate(record, x.view, axis=axes, keepdims=True).elements()
    expected = [stored(record.scalar_for(dtype)(held, value), out.cells.dtype) for value in partial]
    assert_same(result, expected, out.cells.dtype, any_zero=record.name in CHOOSES_A_ZERO)
    array = numpy_call(record.numpy, np, x.array, axis=axes, keepdims=True) if axes else x.array
    assert_same(partial, array.ravel().tolist(), out.cells.dtype, any_zero=record.name in CHOOSES_A_ZERO)


@pytest.mark.parametrize(("record", "dtype"), REDUCE_CASES, ids=lambda value: getattr(value, "name", value))
def test_reduction_kernels_run_as_plain_python(record: Record, dtype: str) -> None:
    kernel = kernel_of(record, dtype)
    for size, fold, layout in itertools.product(SIZES, FOLDS, REDUCE_LAYOUTS):
        check_reduction(record, dtype, kernel, size, fold, layout)
    for size, fold in itertools.product(SIZES, FOLDS):
        check_reduction(record, dtype, kernel, size, fold, held=stored(1, dtype))


def order_of_combination(start: Any, values: list[Any]) -> Any:
    """The tree in which a row is combined, each combination as a pair: rule 2 of ``loops/reduce.py``."""
    groups = len(values) // LANES
    result = start
    if groups:
        lanes = values[:LANES]
        for group in range(1, groups):
            lanes = list(zip(lanes, values[group * LANES : (group + 1) * LANES], strict=True))
        while len(lanes) > 1:
            half = len(lanes) // 2
            lanes = list(zip(lanes[:half], lanes[half:], strict=True))
        result = (result, lanes[0])
    for value in values[groups * LANES :]:
        result = (result, value)
    return result


@pytest.mark.parametrize("step", [1, 2, -1, 0])
@pytest.mark.parametrize("length", [0, 1, 2, 63, 64, 65, 127, 128, 129, 200, 1000])
def test_the_order_of_a_reduction_depends_on_its_length_alone(length: int, step: int) -> None:
    names = [f"x{position}" for position in range(max(1, length * abs(step)))]
    origin = len(names) - 1 if step < 0 else 0
    visited = [names[origin + position * step] for position in range(length)]
    out: list[Any] = ["start"]
    kernel = reduce(lambda a, b: (a, b), Signature(("float64",), "float64"))
    kernel(1, length, [Pointer(names, origin), Pointer(out)], [step, 0, 0, 0])
    assert out == [order_of_combination("start", visited)]


def test_rows_that_fold_away_follow_each_other() -> None:
    names = [f"x{position}" for position in range(6)]
    out: list[Any] = ["start"]
    kernel = reduce(lambda a, b: (a, b), Signature(("float64",), "float64"))
    kernel(2, 3, [Pointer(names), Pointer(out)], [1, 0, 3, 0])
    assert out == [order_of_combination(order_of_combination("start", names[:3]), names[3:])]
    out = ["a", "b", "c"]
    kernel(2, 3, [Pointer(names), Pointer(out)], [1, 1, 3, 0])
    assert out == [(("a", "x0"), "x3"), (("b", "x1"), "x4"), (("c", "x2"), "x5")]


# --- the planner --------------------------------------------------------------------------------------------------


def run_plan(shape: list[int], strides: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Plan an iteration space, given the strides of each operand; the planner sees nothing beyond its arrays."""
    lengths = list(shape)
    table: list[Any] = [CANARY] * (ROW * len(strides))
    for k, steps in enumerate(strides):
        table[k * ROW : k * ROW + len(steps)] = steps
    rank = plan(len(shape), len(strides), Pointer(lengths), Pointer(table))
    return lengths[:rank], [table[k * ROW : k * ROW + rank] for k in range(len(strides))]


def visited(shape: list[int], strides: list[list[int]]) -> Counter[tuple[int, ...]]:
    """How often each combination of the operands' offsets occurs in an iteration space."""
    return Counter(
        tuple(sum(i * step for i, step in zip(index, steps, strict=True)) for steps in strides)
        for index in itertools.product(*map(range, shape))
    )


@st.composite
def iteration_spaces(draw: Callable[..., Any]) -> tuple[list[int], list[list[int]]]:
    """A shape and the strides of up to 5 operands: contiguous in any order of the axes, repeated, or anything."""
    rank = draw(st.integers(0, 6))
    shape = draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    strides = []
    for _ in range(draw(st.integers(1, 5))):
        steps = draw(st.lists(st.integers(-9, 9), min_size=rank, max_size=rank))
        if draw(st.booleans()):
            step = draw(st.sampled_from([1, -1, 3]))
            for axis in draw(st.one_of(st.just(range(rank - 1, -1, -1)), st.permutations(range(rank)))):
                steps[axis] = step
                step *= shape[axis]
        for axis in draw(st.sets(st.integers(0, rank - 1))) if rank else ():
            steps[axis] = 0
        strides.append(steps)
    return shape, strides


@settings(max_examples=400, deadline=None, derandomize=True)
@given(iteration_spaces())
def test_a_plan_visits_what_the_naive_space_visits(space: tuple[list[int], list[list[int]]]) -> None:
    shape, strides = space
    planned, steps = run_plan(shape, strides)
    assert len(planned) <= len(shape)
    assert math.prod(planned) == math.prod(shape)
    assert 1 not in planned
    assert visited(planned, steps) == visited(shape, strides)
    # what is planned needs no further planning
    assert run_plan(planned, steps) == (planned, steps)


@pytest.mark.parametrize(
    ("shape", "strides", "planned", "steps"),
    [
        pytest.param([], [[], []], [], [[], []], id="no axes"),
        pytest.param([1, 1, 1], [[5, 0, 1]], [], [[]], id="one element"),
        pytest.param([2, 3, 4], [[12, 4, 1]] * 3, [24], [[1]] * 3, id="contiguous"),
        pytest.param([2, 3, 4], [[12, 4, 1], [0, 0, 0], [12, 4, 1]], [24], [[1], [0], [1]], id="a number repeated"),
        pytest.param([2, 3, 4], [[-12, -4, -1]] * 2, [24], [[-1]] * 2, id="backwards"),
        pytest.param([4, 3, 2], [[1, 4, 12]] * 2, [24], [[1]] * 2, id="contiguous, axes in reverse"),
        pytest.param([3, 2, 4], [[4, 12, 1]] * 2, [24], [[1]] * 2, id="contiguous, axes in any order"),
        pytest.param([5, 7], [[7, 1], [1, 5]], [5, 7], [[7, 1], [1, 5]], id="a transposed copy"),
        pytest.param([5, 7], [[1, 5], [7, 1]], [7, 5], [[5, 1], [1, 7]], id="the first operand decides"),
        pytest.param([5, 1, 7], [[7, 99, 1], [7, 0, 1]], [35], [[1], [1]], id="an axis of length 1"),
        pytest.param([3, 4], [[4, 1], [0, 1], [4, 1]], [3, 4], [[4, 1], [0, 1], [4, 1]], id="a row repeated"),
        pytest.param([3, 4], [[4, 1], [1, 0], [4, 1]], [3, 4], [[4, 1], [1, 0], [4, 1]], id="a column repeated"),
        pytest.param([4, 3], [[0, 1], [1, 4]], [3, 4], [[1, 0], [4, 1]], id="a repeated operand does not decide"),
        pytest.param([3, 4], [[0, 1], [4, 1]], [3, 4], [[0, 1], [4, 1]], id="a repeated operand, in order"),
        pytest.param(
            [2, 3, 4], [[12, 4, 1], [0, 4, 1], [12, 4, 1]], [2, 12], [[12, 1], [0, 1], [12, 1]], id="a matrix repeated"
        ),
        pytest.param([2, 3, 4], [[12, 4, 1], [0, 0, 0]], [24], [[1], [0]], id="all axes fold"),
        pytest.param([2, 3, 4], [[12, 4, 1], [1, 0, 0]], [2, 12], [[12, 1], [1, 0]], id="the last axes fold"),
        pytest.param([2, 3, 4], [[12, 4, 1], [0, 4, 1]], [2, 12], [[12, 1], [0, 1]], id="the first axis folds"),
        pytest.param([2, 3, 4], [[12, 4, 1], [4, 0, 1]], [2, 3, 4], [[12, 4, 1], [4, 0, 1]], id="a middle axis folds"),
        pytest.param([3, 4], [[8, 2]], [12], [[2]], id="every other element"),
        pytest.param([3, 4], [[9, 2]], [3, 4], [[9, 2]], id="rows with gaps"),
    ],
)
def test_plans_are_as_simple_as_they_can_be(
    shape: list[int], strides: list[list[int]], planned: list[int], steps: list[list[int]]
) -> None:
    assert run_plan(shape, strides) == (planned, steps)


# --- whole operators in Python, and the compiled kernels ----------------------------------------------------------


def launch(kernel: Callable[..., None], operands: list[tuple[list[Any], int, list[int]]], shape: list[int]) -> None:
    """``aot_launch`` of the glue, in Python: plan, then call the kernel for each tile.

    An operand is a list, the position of its first element and its strides over the shape.
    """
    if 0 in shape:
        return
    lengths, strides = run_plan(shape, [steps for _, _, steps in operands])
    rank = len(lengths)
    n1, inner = (lengths[-1], [steps[-1] for steps in strides]) if rank > 0 else (1, [0] * len(operands))
    n0, outer = (lengths[-2], [steps[-2] for steps in strides]) if rank > 1 else (1, [0] * len(operands))
    for index in itertools.product(*map(range, lengths[:-2])):
        data = [
            Pointer(cells, origin + sum(i * step for i, step in zip(index, steps, strict=False)))
            for (cells, origin, _), steps in zip(operands, strides, strict=True)
        ]
        kernel(n0, n1, data, inner + outer)


REDUCED = [((), ()), *[((length,), (0,)) for length in (1, 63, 64, 65, 200, 1000)]]
REDUCED += [((3, 70), axes) for axes in [(0,), (1,), (0, 1), ()]]
REDUCED += [((2, 3, 67), axes) for axes in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("record", REDUCTIONS, ids=lambda record: record.name)
def test_reductions_in_plain_python_give_the_same_bits_as_the_compiled_ones(record: Record, dtype: str) -> None:
    """Planner, tiles, lanes and tails: the whole of a reduction, in NumPy's float32 or in Python's floats."""
    kernel = kernel_of(record, dtype)
    generator = random.Random(5)
    for shape, axes in REDUCED:
        flat = [stored(generator.gauss(1, 0.5), dtype) for _ in range(math.prod(shape))]
        compiled = getattr(ao, record.name)(ao.tensor(flat, dtype=dtype).reshape(shape), axis=axes, keepdims=True)
        cells: list[Any] = [np.float32(x) for x in flat] if dtype == "float32" else list(flat)
        out: list[Any] = [record.start_for(dtype)] * compiled.size
        strides = contiguous_strides(compiled.shape)
        out_strides = [0 if axis in axes else step for axis, step in enumerate(strides)]
        launch(kernel, [(cells, 0, list(contiguous_strides(shape))), (out, 0, out_strides)], list(shape))
        assert_same([float(x) for x in out], tensor(compiled).elements(), dtype)


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
    """Demand that a public operator agrees with the reference on special values in several layouts."""
    operator = getattr(ao, record.name)
    computed = record.converts.get(dtype, dtype)
    # float64 arithmetic is the reference's own; float32 is computed in float64 there
    units = record.units + 1 if record.units and computed == "float32" else 0
    any_zero = record.kind == "reduce" and record.name in CHOOSES_A_ZERO
    if record.kind == "reduce":
        exact = exact_values(record, dtype, 11)
        for x in layouts(ao.tensor([next(exact) for _ in range(200)], dtype=dtype)):
            for axis in [None, *range(x.ndim), tuple(range(x.ndim))]:
                if x.size == 0 and record.identity is None:
                    continue
                actual = tensor(operator(x, axis=axis, keepdims=True))
                expected = evaluate(record, tensor(x), axis=axis, keepdims=True)
                assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
                assert_same(actual.elements(), expected.elements(), actual.dtype, units, any_zero)
        return
    special = SPECIAL[dtype] * (12 // len(SPECIAL[dtype]) + 1)
    first = ao.tensor(special, dtype=dtype)
    inputs = [first, *[first[k:-1].reshape(-1, *[1] * (k + 1)) for k in range(record.inputs - 1)]]
    calls = [inputs] + [[view] * record.inputs for view in layouts(first)]
    for call in calls:
        actual = tensor(operator(*call))
        expected = evaluate(record, *map(tensor, call))
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
        assert_same(actual.elements(), expected.elements(), actual.dtype, units, any_zero)


PUBLIC = [
    (record, dtype) for record in RECORDS.values() for dtype in ALL if dtype in {*record.dtypes, *record.converts}
]


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
    intrinsics.nearest: lambda dtype: np.rint,
    intrinsics.square_root: lambda dtype: np.sqrt,
    intrinsics.divide: lambda dtype: np.divide,
    intrinsics.power_of_two: lambda dtype: lambda k: np.ldexp(np.ones((), dtype), np.nan_to_num(k).astype("int32")),
    intrinsics.bits_of_float32: lambda dtype: lambda x: x.view("int32"),
    intrinsics.float32_of_bits: lambda dtype: lambda bits: bits.astype("int32").view("float32"),
    intrinsics.bits_of_float64: lambda dtype: lambda x: x.view("int64"),
    intrinsics.float64_of_bits: lambda dtype: lambda bits: bits.view("float64"),
}


def over_arrays(function: Any, dtype: str) -> Any:
    """A scalar function, and all that it calls, over NumPy arrays: what ``aot.specialise`` does, for NumPy.

    The instructions stay as they are; intrinsics and float constants are exchanged for NumPy's.
    """

    def exchange(value: Any) -> Any:
        if isinstance(value, float):
            return np.dtype(dtype).type(value)
        if isinstance(value, types.FunctionType):
            return NUMPY_INTRINSICS[value](dtype) if value in NUMPY_INTRINSICS else over_arrays(value, dtype)
        return value

    code = function.__code__.replace(co_consts=tuple(exchange(value) for value in function.__code__.co_consts))
    names = {name: exchange(function.__globals__[name]) for name in global_names(function)}
    return types.FunctionType(code, names, function.__name__)


APPROXIMATED = [RECORDS["exp"], RECORDS["log"], RECORDS["sigmoid"]]


def any_bits(dtype: str, count: int, seed: int) -> np.ndarray:
    """Floats of random bits, half of them of moderate size."""
    generator = np.random.default_rng(seed)
    integers = generator.integers(0, 2 ** (32 if dtype == "float32" else 64), count // 2, "uint64")
    wild = integers.astype("uint32" if dtype == "float32" else "uint64").view(dtype)
    return np.concatenate([wild, generator.normal(0, 20, count - count // 2).astype(dtype)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("record", APPROXIMATED, ids=lambda record: record.name)
def test_compiled_functions_do_the_arithmetic_that_is_written(record: Record, dtype: str) -> None:
    """The same bits as NumPy running the scalar function's own instructions: nothing is contracted or reordered."""
    x = any_bits(dtype, 1_000_000, 1)
    compiled = np.asarray(getattr(ao, record.name)(ao.asarray(x)))
    emulated = numpy_call(over_arrays(record.scalar_for(dtype), dtype), x)
    both_nan = np.isnan(compiled) & np.isnan(emulated)
    bits = f"int{8 * x.itemsize}"
    differ = (compiled.view(bits) != emulated.astype(dtype).view(bits)) & ~both_nan
    assert not differ.any(), f"{differ.sum()} differ, the first at {x[differ][0]!r}"


@pytest.mark.parametrize("record", [RECORDS["exp"], RECORDS["sigmoid"]], ids=lambda record: record.name)
def test_plain_python_stays_in_float32_for_float32_numbers(record: Record) -> None:
    """Given NumPy's float32 the scalar function computes in float32, and has the compiled kernel's bits.

    Not so ``log``: ``float32_of_bits`` makes Python floats, as plain Python has no others.
    """
    x = any_bits("float32", 4000, 2)
    compiled = getattr(ao, record.name)(ao.asarray(x)).tolist()
    with np.errstate(all="ignore"):
        plain = [float(np.float32(record.scalar_for("float32")(value))) for value in x]
    assert_same(plain, compiled, "float32")


@pytest.mark.parametrize("record", APPROXIMATED, ids=lambda record: record.name)
def test_plain_python_is_float64(record: Record) -> None:
    x = any_bits("float64", 20_000, 3).tolist()
    assert_same([record.scalar(value) for value in x], getattr(ao, record.name)(ao.tensor(x)).tolist(), "float64")


# --- intrinsics ---------------------------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("function", "cases"),
    [
        (intrinsics.select, [((True, 1, 2), 1), ((False, 1, 2), 2), ((NAN != NAN, 1.0, 2), 1.0)]),
        (intrinsics.nearest, [((x,), y) for x, y in [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0), (-0.3, -0.0)]]),
        (intrinsics.nearest, [((x,), x) for x in [0.0, -0.0, 7.0, 2.0**53 + 2, -1e300, INF, -INF, NAN]]),
        (intrinsics.power_of_two, [((0.0,), 1.0), ((-0.0,), 1.0), ((1023.0,), 2.0**1023), ((-1022.0,), 2.0**-1022)]),
        (intrinsics.truncate, [((1.9,), 1), ((-1.9,), -1), ((-(2.0**63),), -(2**63)), ((2.0**62,), 2**62)]),
        (intrinsics.square_root, [((2.25,), 1.5), ((-0.0,), -0.0), ((INF,), INF), ((-1.0,), NAN), ((NAN,), NAN)]),
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
        with pytest.raises(IndexError, match="outside of the shape"):
            x.load(index)
        with pytest.raises(IndexError, match="outside of the shape"):
            x.store(index, 1)
    for view in [
        ReferenceTensor([1, 2, 3], (2, 2), (2, 1), 0, "int64"),
        ReferenceTensor([1, 2, 3], (2,), (-1,), 0, "int64"),
        ReferenceTensor([1, 2, 3], (), (), 3, "int64"),
    ]:
        with pytest.raises(IndexError, match="outside of a storage of 3 elements"):
            evaluate(RECORDS["negative"], view)
        with pytest.raises(IndexError, match="outside of a storage of 3 elements"):
            evaluate(RECORDS["sum"], view)


@pytest.mark.parametrize(
    ("name", "inputs", "keywords", "error", "message"),
    [
        ("add", ([1],), {}, TypeError, r"add: expected 2 input\(s\), got 1"),
        ("sum", ([1], [2]), {}, TypeError, r"sum: expected 1 input\(s\), got 2"),
        ("add", ([True], [True]), {}, TypeError, "add: inputs must be .* int64, float32, float64, got bool"),
        ("add", ([1, 2], [1, 2, 3]), {}, ValueError, r"shapes must broadcast together, got \(2,\) and \(3,\)"),
        ("max", ([[], []],), {"axis": 1}, ValueError, r"max: x must have elements .* got shape \(2, 0\)"),
        ("sum", ([1, 2],), {"axis": 1}, ao.AxisError, "axis must be from -1 to 0"),
        ("sum", ([[1], [2]],), {"axis": (0, -2)}, ValueError, "axis must not name an axis twice"),
    ],
)
def test_the_reference_refuses_what_operators_refuse(
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
    for record, shape, axis in itertools.product(REDUCTIONS, [(0,), (0, 3), (3, 0)], [0, -1]):
        x = ReferenceTensor([], shape, (1,) * len(shape), 0, record.dtypes[-1])
        array = np.zeros(shape)
        try:
            expected = record.numpy(np, array, axis=axis)
        except ValueError:
            with pytest.raises(ValueError, match="must have elements"):
                evaluate(record, x, axis=axis)
        else:
            assert evaluate(record, x, axis=axis).tolist() == expected.tolist()


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


@pytest.mark.parametrize(("record", "dtype"), ELEMENTWISE_CASES, ids=lambda value: getattr(value, "name", value))
def test_one_wrong_element_of_a_tile_is_found(record: Record, dtype: str) -> None:
    case = record_case(record, dtype)
    check_elementwise(case, (3, 65), "general")
    signature = Signature(case.inputs, case.output)
    for at in (0, 100, 3 * 65 - 1):
        case.kernel = elementwise(broken(record.scalar_for(dtype), case.output, at), signature)
        with pytest.raises(AssertionError, match="element"):
            check_elementwise(case, (3, 65), "general")


@pytest.mark.parametrize(("record", "dtype"), REDUCE_CASES, ids=lambda value: getattr(value, "name", value))
def test_one_wrong_combination_is_found(record: Record, dtype: str) -> None:
    signature = Signature((dtype,), record.result_for(dtype))
    # of a row of 65 the last of 65 combinations gives the result; where nothing folds each one gives a result
    for size, fold, at in [((1, 65), "inner", 64), ((3, 65), "none", 0), ((3, 65), "none", 100)]:
        check_reduction(record, dtype, kernel_of(record, dtype), size, fold)
        kernel = reduce(broken(record.scalar_for(dtype), signature.output, at), signature)
        with pytest.raises(AssertionError, match="element"):
            check_reduction(record, dtype, kernel, size, fold)


@pytest.mark.parametrize(
    ("record", "dtype"), ELEMENTWISE_CASES + REDUCE_CASES, ids=lambda value: getattr(value, "name", value)
)
def test_one_disagreement_with_a_compiled_kernel_is_found(
    record: Record, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = record.scalar_for(dtype)
    steps = 2 * int(record.units) + 3
    # of the first reduction, that of 200 elements, the last combination
    at = 199 if record.kind == "reduce" else 2
    monkeypatch.setitem(record.specialised, dtype, broken(right, record.result_for(dtype), at, steps))
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
