"""The planners, in plain Python: every element is visited once, in as few axes and calls of kernels as there can be."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import Plan, seek

from aotops import _native
from aotops.intrinsics import Pointer, Signature
from aotops.loops.copy import first
from aotops.loops.elementwise import elementwise
from aotops.loops.plan import fields
from aotops.loops.plan.fields import CAST, FIELDS, INDEX, MOST_OPERANDS, PACK, PLAIN, PLAN_LENGTH, ROW
from aotops.loops.plan.grid import KEPT
from aotops.loops.plan.map import plan_map
from aotops.loops.plan.space import bring_crossing_axis, simplify

#: An operand of an iteration space: a list, the position of its first element and its strides.
View = tuple[list[Any], int, list[int]]


def test_a_plan_is_what_its_fields_say() -> None:
    """Each name stands for its offset, and the offsets follow each other."""
    offset = 0
    for name, lengths in FIELDS:
        assert getattr(fields, name.upper()) == offset, name
        offset += math.prod(lengths)
    assert offset == PLAN_LENGTH
    assert fields.AXIS_FIELDS == fields.STEPS + MOST_OPERANDS
    assert math.prod(dict(FIELDS)["strides"]) == MOST_OPERANDS * ROW
    assert max(dtype.itemsize for dtype in _native.dtypes) <= fields.ELEMENT, "plans leave too little room for packing"


def run_plan(shape: list[int], strides: list[list[int]]) -> tuple[list[int], list[list[int]], bool]:
    """Simplify an iteration space, the last operand first: its shape and strides, and whether any crosses."""
    plan = Plan(shape, strides, len(strides) - 1)
    cells = Pointer(plan.cells)
    rank = simplify(cells, len(shape), len(strides), False)
    crossing = bring_crossing_axis(cells, rank, len(strides), False)
    return (*plan.space(rank), crossing)


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
    planned, steps, crossing = run_plan(shape, strides)
    assert len(planned) <= len(shape)
    assert math.prod(planned) == math.prod(shape)
    assert 1 not in planned
    assert visited(planned, steps) == visited(shape, strides)
    # what is planned needs no further planning, where the most important operand tells all axes apart
    told = [abs(step) for step, length in zip(strides[-1], shape, strict=True) if length > 1]
    if 0 not in told and len(set(told)) == len(told):
        assert run_plan(planned, steps) == (planned, steps, crossing)


ANY, CROSSING = False, True


@pytest.mark.parametrize(
    ("shape", "strides", "planned", "steps", "crossing"),
    [
        pytest.param([], [[], []], [], [[], []], ANY, id="no axes"),
        pytest.param([1, 1, 1], [[5, 0, 1]], [], [[]], ANY, id="one element"),
        pytest.param([2, 3, 4], [[12, 4, 1]] * 3, [24], [[1]] * 3, ANY, id="contiguous"),
        pytest.param(
            [2, 3, 4], [[12, 4, 1], [0, 0, 0], [12, 4, 1]], [24], [[1], [0], [1]], ANY, id="a number repeated"
        ),
        pytest.param([2, 3, 4], [[-12, -4, -1]] * 2, [24], [[-1]] * 2, ANY, id="backwards"),
        pytest.param([4, 3, 2], [[1, 4, 12]] * 2, [24], [[1]] * 2, ANY, id="contiguous, axes in reverse"),
        pytest.param([3, 2, 4], [[4, 12, 1]] * 2, [24], [[1]] * 2, ANY, id="contiguous, axes in any order"),
        pytest.param([5, 7], [[7, 1], [1, 5]], [7, 5], [[1, 7], [5, 1]], CROSSING, id="the last operand decides"),
        pytest.param([5, 7], [[1, 5], [7, 1]], [5, 7], [[1, 5], [7, 1]], CROSSING, id="a transposed copy"),
        pytest.param([5, 7], [[1, 5], [7, 1], [0, 0]], [5, 7], [[1, 5], [7, 1], [0, 0]], CROSSING, id="of any two"),
        pytest.param([5, 1, 7], [[7, 99, 1], [7, 0, 1]], [35], [[1], [1]], ANY, id="an axis of length 1"),
        pytest.param([3, 4], [[4, 1], [0, 1], [4, 1]], [3, 4], [[4, 1], [0, 1], [4, 1]], ANY, id="a row repeated"),
        pytest.param([3, 4], [[4, 1], [1, 0], [4, 1]], [3, 4], [[4, 1], [1, 0], [4, 1]], ANY, id="a column repeated"),
        pytest.param([4, 3], [[1, 4], [0, 1]], [3, 4], [[4, 1], [1, 0]], ANY, id="a repeated operand does not decide"),
        pytest.param([3, 4], [[4, 1], [1, 0]], [3, 4], [[4, 1], [1, 0]], ANY, id="a repeated operand, in order"),
        pytest.param(
            [2, 3, 4],
            [[12, 4, 1], [0, 4, 1], [12, 4, 1]],
            [2, 12],
            [[12, 1], [0, 1], [12, 1]],
            ANY,
            id="a matrix repeated",
        ),
        pytest.param([2, 3, 4], [[0, 0, 0], [12, 4, 1]], [24], [[0], [1]], ANY, id="all axes fold"),
        pytest.param([2, 3, 4], [[1, 0, 0], [12, 4, 1]], [2, 12], [[1, 0], [12, 1]], ANY, id="the last axes fold"),
        pytest.param([2, 3, 4], [[0, 4, 1], [12, 4, 1]], [2, 12], [[0, 1], [12, 1]], ANY, id="the first axis folds"),
        pytest.param(
            [2, 3, 4], [[4, 0, 1], [12, 4, 1]], [2, 3, 4], [[4, 0, 1], [12, 4, 1]], ANY, id="a middle axis folds"
        ),
        pytest.param(
            [2, 3, 4], [[1, 2, 6], [12, 4, 1]], [3, 2, 4], [[2, 1, 6], [4, 12, 1]], CROSSING, id="beside the inner axis"
        ),
        pytest.param([3, 4], [[8, 2]], [12], [[2]], ANY, id="every other element"),
        pytest.param([3, 4], [[9, 2]], [3, 4], [[9, 2]], ANY, id="rows with gaps"),
    ],
)
def test_plans_are_as_simple_as_they_can_be(
    shape: list[int], strides: list[list[int]], planned: list[int], steps: list[list[int]], crossing: bool
) -> None:
    assert run_plan(shape, strides) == (planned, steps, crossing)


# --- maps ---


def launch(kernel: Callable[..., None], operands: list[View], shape: list[int], **given: Any) -> list[list[int]]:
    """``aot_launch`` of the glue, in Python: plan, then call the kernel for each tile; returns the tiles' sizes.

    Operands are not packed, which changes nothing but the time.
    """
    if 0 in shape:
        return []
    strides = [steps for _, _, steps in operands]
    plan = Plan(shape, strides, len(operands) - 1, **given).made_by(plan_map)
    packed = [role in (PACK, CAST) for role in plan.roles[: plan.operands]]
    inner = [plan.memory_inner[k] if packed[k] else plan.inner[k] for k in range(plan.operands)]
    outer = [plan.memory_outer[k] if packed[k] else plan.outer[k] for k in range(plan.operands)]
    sizes, axes = [], plan.grid(KEPT)
    for tile in range(plan.tiles[KEPT]):
        places = [origin for _, origin, _ in operands]
        n0, n1 = plan.sizes
        if axes:
            n1 = seek(axes, tile, places)
            n0 = seek(axes[:-1], tile // axes[-1].count, [0] * plan.operands)
        sizes.append([n0, n1])
        data = [Pointer(cells, place) for (cells, _, _), place in zip(operands, places, strict=True)]
        kernel(n0, n1, data, inner + outer)
    return sizes


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize(
    ("shape", "x", "out", "tiles"),
    [
        ([200, 200], [200, 1], [200, 1], 3),
        ([4, 16_385], [16_386, 1], [16_385, 1], 4),
        ([300, 130], [1, 300], [130, 1], 15),
        ([130, 300], [600, 2], [1, 130], 15),
        ([30_000, 2], [5, 1], [2, 1], 30),
        ([40, 31, 30], [1, 40, 1240], [930, 30, 1], 31),
        ([5, 6, 7], [0, 7, 1], [42, 7, 1], 1),
    ],
)
def test_tiles_cover_the_space(shape: list[int], x: list[int], out: list[int], tiles: int, threads: int) -> None:
    """Each element is written once, whatever the tiles."""
    size = math.prod(shape)
    values = list(range(1 + sum((length - 1) * step for length, step in zip(shape, x, strict=True))))
    target: list[Any] = [None] * size

    class Once(list[Any]):
        def __setitem__(self, position: Any, value: Any) -> None:
            assert self[position] is None, "written before"
            super().__setitem__(position, value)

    target = Once(target)
    copy = elementwise(first, Signature(("int64",), "int64"))
    sizes = launch(copy, [(values, 0, x), (target, 0, out)], shape, threads=threads)
    assert sum(n0 * n1 for n0, n1 in sizes) == size
    assert len(sizes) == tiles, "whatever the number of threads"
    for index in itertools.islice(itertools.product(*map(range, shape)), 0, None, 7):
        source = sum(i * step for i, step in zip(index, x, strict=True))
        assert target[sum(i * step for i, step in zip(index, out, strict=True))] == source


@st.composite
def maps(draw: Callable[..., Any]) -> dict[str, Any]:
    """Maps of some operands of any roles and layouts, of up to some 20,000 elements."""
    lengths = st.sampled_from([1, 2, 3, 5, 15, 16, 17, 40, 130, 300])
    shape = draw(st.lists(lengths, min_size=0, max_size=3).filter(lambda shape: math.prod(shape) < 20_000))
    inputs, outputs = draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 1, 2]))
    strides, roles = [], []
    for k in range(inputs + outputs):
        step, steps = draw(st.sampled_from([1, 1, 2, -1])), [0] * len(shape)
        for axis in draw(st.one_of(st.just(range(len(shape) - 1, -1, -1)), st.permutations(range(len(shape))))):
            steps[axis] = step
            step = step * shape[axis] + draw(st.sampled_from([0, 0, 1]))
        if k < inputs:
            for axis in draw(st.sets(st.integers(0, len(shape) - 1), max_size=2)) if shape else ():
                steps[axis] = 0
        strides.append(steps if k <= inputs else strides[inputs])  # outputs have the same
        roles.append(draw(st.sampled_from([PLAIN, PLAIN, CAST, INDEX] if k < inputs else [PLAIN, PLAIN, CAST])))
    itemsizes = [1 if role == INDEX else draw(st.sampled_from([1, 4, 8])) for role in roles]
    flags = {name: draw(st.integers(0, 1)) for name in ("compute_bound", "frugal")}
    threads = draw(st.sampled_from([1, 1, 2, 5]))
    return {"shape": shape, "strides": strides, "inputs": inputs, "roles": roles, "itemsizes": itemsizes} | {
        "threads": threads,
        **flags,
    }


def offsets(shape: list[int], strides: list[list[int]], start: list[int]) -> np.ndarray:
    """The operands' offsets at each element of a space, a row for each."""
    grid = np.indices(shape).reshape(len(shape), -1) if shape else np.zeros((0, 1), int)
    return np.array(
        [
            begin + sum(step * i for step, i in zip(steps, grid, strict=True)) + 0 * grid.sum(0)
            for begin, steps in zip(start, strides, strict=True)
        ]
    ).T


@settings(max_examples=300, deadline=None, derandomize=True)
@given(maps())
def test_a_map_visits_every_element_once(case: dict[str, Any]) -> None:
    check_map(case)


@pytest.mark.parametrize("flags", [{"compute_bound": 1}, {"compute_bound": 1, "frugal": 1}, {"unbounded": 1}, {}])
@pytest.mark.parametrize("itemsize", [1, 4, 8])
@pytest.mark.parametrize("layout", ["transposed", "gaps", "row", "column", "wide rows"])
@pytest.mark.parametrize("shape", [[40, 130], [130, 130], [300, 40], [16, 511], [4, 600], [3, 40, 130]])
def test_short_rows_of_every_layout(shape: list[int], layout: str, itemsize: int, flags: dict[str, int]) -> None:
    """Rows may be joined, which takes tiles of whole ones."""
    n0, n1 = shape[-2:]
    own = {"transposed": [1, n0], "gaps": [2 * n1, 2], "row": [0, 1], "column": [1, 0], "wide rows": [n1 + 3, 1]}[
        layout
    ]
    inner = [[n0 * n1 * 3, *own], [n0 * n1, n1, 1]]
    strides = [each[3 - len(shape) :] for each in inner]
    case = {"shape": shape, "strides": [strides[0], strides[1], strides[1]], "inputs": 2, "threads": 2}
    check_map(case | {"roles": [PLAIN] * 3, "itemsizes": [itemsize] * 3, "compute_bound": 0, "frugal": 0} | flags)


def check_map(case: dict[str, Any]) -> None:
    """Plan a map, and follow its tiles."""
    shape, strides, roles, itemsizes = (case[name] for name in ("shape", "strides", "roles", "itemsizes"))
    plan = Plan(**case).made_by(plan_map)
    operands = plan.operands
    scratch = [role in (PACK, CAST) for role in plan.roles[:operands]]
    assert [role == CAST for role in plan.roles[:operands]] == [role == CAST for role in roles]
    assert [role == INDEX for role in plan.roles[:operands]] == [role == INDEX for role in roles]
    assert plan.packed == sum(scratch)
    assert 1 <= plan.threads <= max(1, plan.tiles[KEPT])
    inner = [plan.memory_inner[k] if scratch[k] else plan.inner[k] for k in range(operands)]
    outer = [plan.memory_outer[k] if scratch[k] else plan.outer[k] for k in range(operands)]
    axes = plan.grid(KEPT)
    found = []
    for tile in range(plan.tiles[KEPT]):
        places = [0] * operands  # in bytes
        n0, n1 = plan.sizes
        if axes:
            n1 = seek(axes, tile, [0] * operands)
            n0 = seek(axes[:-1], tile // axes[-1].count, [0] * operands)
            rest = tile
            for axis in reversed(axes):
                rest, index = divmod(rest, axis.count)
                places = [place + index * step for place, step in zip(places, axis.steps_in_bytes, strict=True)]
        assert all(place % itemsize == 0 for place, itemsize in zip(places, itemsizes, strict=True))
        begin = [place // itemsize for place, itemsize in zip(places, itemsizes, strict=True)]
        found.append(offsets([n0, n1], [[o, i] for o, i in zip(outer, inner, strict=True)], begin))
        if plan.one_row:
            assert n1 == plan.sizes[1]
            in_order = [plan.outer[k] == plan.inner[k] * n1 for k in range(operands)]
            assert all(in_order), "the rows of an operand do not follow each other"
        for k in range(operands):
            if scratch[k]:
                assert plan.inner[k] in (0, 1)
                last = (n0 - 1) * plan.outer[k] + (n1 - 1) * plan.inner[k]
                assert (last + 1) * fields.ELEMENT <= plan.packed_bytes, "packed operands overlap"
                assert (plan.inner[k] == 0) <= (inner[k] == 0) and (plan.outer[k] == 0) <= (outer[k] == 0 or n0 == 1)
    visited, wanted = np.concatenate(found), offsets(shape, strides, [0] * operands)
    order = [array[np.lexsort(array.T)] for array in (visited, wanted)]
    assert np.array_equal(*order)
    if case["frugal"]:
        assert plan.packed * plan.packed_bytes <= fields.STACK_BYTES
    if plan.streams:
        out = operands - 1
        assert plan.outputs == 1 and plan.roles[out] == PLAIN and plan.inner[out] == 1


def test_large_outputs_are_streamed_where_they_can_be() -> None:
    n = 5_000_000

    def streams(strides: list[list[int]], shape: list[int], **given: Any) -> bool:
        return Plan(shape, strides, len(strides) - 1, **given).made_by(plan_map).streams == 1

    assert streams([[1], [1], [1]], [n])
    assert not streams([[1], [1], [1]], [n // 10])
    assert not streams([[1], [1], [1]], [n], compute_bound=1)
    assert not streams([[1], [1], [2]], [n])
    assert not streams([[1], [1]], [n], addresses=[64, 64])
    assert streams([[1], [1]], [n], roles=[CAST, PLAIN])
    assert not streams([[1], [1]], [n], roles=[PLAIN, CAST])
    assert streams([[1], [1]], [n], roles=[INDEX, PLAIN], itemsizes=[1, 8])
    assert not streams([[1], [1]], [n // 2], roles=[INDEX, PLAIN], itemsizes=[1, 4]), "positions are no memory"
    for copies in (0, 1):
        assert streams([[1, 2000], [2500, 1]], [2000, 2500], copies=copies)
        assert streams([[1, 600], [600, 1]], [600, 600], copies=copies)
        assert not streams([[1, 500], [500, 1]], [500, 500], copies=copies), "an L2 cache holds that"
        assert not streams([[1, 50_000], [101, 1]], [50_000, 101], copies=copies), "short rows between lines"
