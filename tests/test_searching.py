"""Indices of positions and masks, and the functions that search, against NumPy's: every layout and dtype."""

from __future__ import annotations

import gc
import random
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, assert_same
from pools import shared_out

import aotops as ao
from aotops import abi
from aotops.intrinsics import Pointer
from aotops.loops.gather import NUMBERS
from aotops.loops.routines import KEYS, ROUTINES

LENGTHS = st.sampled_from([0, 1, 2, 3, 4])
INDEX_SHAPES = st.sampled_from([(1,), (3,), (2, 3), (2, 1), (0,)])

# --- indexing ---------------------------------------------------------------------------------------------------------


@st.composite
def indices(draw: Any, shape: tuple[int, ...]) -> Any:
    """An index that NumPy may take: positions, masks, slices, ints, None, an ellipsis, bools."""
    items: list[Any] = []
    axis = 0
    while axis < len(shape):
        length = shape[axis]
        kinds = ["slice", "positions", "positions", "mask", "mask", "new", "bool", "end"]
        kinds += ["ellipsis"] * all(item is not Ellipsis for item in items) + ["int"] * (length > 0)
        kind = draw(st.sampled_from(kinds))
        if kind == "end":
            break
        if kind == "slice":
            bounds = st.none() | st.integers(-length - 1, length + 1)
            items.append(slice(draw(bounds), draw(bounds), draw(st.sampled_from([None, 1, -1, 2, -2]))))
        elif kind == "int":
            items.append(draw(st.integers(-length, length - 1)))
        elif kind == "ellipsis":
            items.append(Ellipsis)
            axis += draw(st.integers(0, len(shape) - axis)) - 1
        elif kind == "positions":
            generator = np.random.default_rng(draw(st.integers(0, 2**32)))
            own = draw(INDEX_SHAPES) if length else (0,)
            dtype = draw(st.sampled_from(abi.named("signed", "unsigned")))
            least = 0 if dtype.startswith("u") else -length
            items.append(generator.integers(least, length, own).astype(dtype) if length else np.zeros(own, dtype))
        elif kind == "mask":
            generator = np.random.default_rng(draw(st.integers(0, 2**32)))
            axes = draw(st.integers(1, len(shape) - axis))
            items.append(generator.random(shape[axis : axis + axes]) < draw(st.sampled_from([0, 0.3, 0.7, 1])))
            axis += axes - 1
        else:
            items.append(None if kind == "new" else draw(st.booleans()))
        axis += kind not in ("new", "bool")
    return items[0] if len(items) == 1 and draw(st.booleans()) else tuple(items)


def as_own(index: Any, draw: Any) -> Any:
    """An index with tensors, or lists, in place of NumPy's arrays."""
    if isinstance(index, tuple):
        return tuple([as_own(item, draw) for item in index])
    if type(index) is int:  # as an element of a tensor is
        dtype = draw(st.sampled_from([None, "int64", "int8", *["uint8"] * (index >= 0)]))
        return index if dtype is None else ao.tensor(index, dtype=dtype)
    if not isinstance(index, np.ndarray):
        return index
    way = draw(st.sampled_from(["tensor", "view", "array", "list"]))
    if way == "list" and index.size:
        return index.tolist()
    if way == "view" and index.ndim == 1:
        doubled = ao.tensor(np.repeat(index, 2))
        return doubled[::2]
    return index if way == "array" else ao.tensor(index)


def outcome(call: Any) -> Any:
    try:
        return call()
    except (IndexError, ValueError, TypeError) as error:
        return type(error)


@settings(max_examples=600, deadline=None)
@given(st.lists(LENGTHS, max_size=4).map(tuple), st.sampled_from(DTYPES), st.booleans(), st.data())
def test_an_index_reads_and_writes_what_it_does_in_numpy(
    shape: tuple[int, ...], dtype: str, backwards: bool, data: Any
) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    if backwards and shape:
        array = np.asfortranarray(array)[::-1]
    index = data.draw(indices(shape))
    own = as_own(index, data.draw)
    expected = outcome(lambda: array[index])
    tensor = ao.asarray(array.copy(order="K"))
    got = outcome(lambda: tensor[own])
    if isinstance(expected, type):
        assert isinstance(got, type) and issubclass(got, IndexError)
        return
    if got is IndexError and array.size == 0:
        return  # of nothing, NumPy takes an empty mask of another length
    assert_same(got, expected, f"{array.shape} {index!r}")
    full = np.shape(expected)
    value_shape = data.draw(st.sampled_from([(), full, full[1:], (1, *full[1:])]))
    value = (np.arange(np.prod(value_shape, dtype=int)) + 100).reshape(value_shape).astype(dtype)
    written = array.copy(order="K")
    failed = outcome(lambda: written.__setitem__(index, value))
    got = outcome(lambda: tensor.__setitem__(own, ao.tensor(value) if value_shape else value.item()))
    if failed is None:
        assert got is None
        assert_same(tensor, written, f"{array.shape} {index!r} = {value!r}")
    elif got is not None:  # NumPy rejects some values of one element
        assert issubclass(got, ValueError)
        assert_same(tensor, array)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout_is_read_and_written(dtype: str) -> None:
    for name, layout in LAYOUTS.items():
        tensor, array = layout.pair(dtype, seed=4)
        if not array.ndim or not array.shape[0]:
            continue
        generator = np.random.default_rng(len(name))
        positions = generator.integers(-array.shape[0], array.shape[0], 7)
        mask = generator.random(array.shape) < 0.5
        assert_same(tensor[ao.tensor(positions)], array[positions], name)
        assert_same(tensor[ao.tensor(mask)], array[mask], name)
        for axis in (0, array.ndim - 1):
            length = array.shape[axis]
            if length:
                places = generator.integers(-length, length, (2, 3) if array.ndim < 32 else 3)
                assert_same(ao.take(tensor, ao.tensor(places), axis=axis), np.take(array, places, axis), name)
        if tensor.readonly or layout.place is not None:
            continue
        value = array[positions][::-1]
        tensor[ao.tensor(positions)] = ao.tensor(value)
        array[positions] = value
        assert_same(tensor, array, name)
        chosen = array[mask][::-1]
        tensor[ao.tensor(mask)] = ao.tensor(chosen)
        array[mask] = chosen
        assert_same(tensor, array, name)
        tensor[ao.tensor(mask)] = 1
        array[mask] = 1
        assert_same(tensor, array, name)


@pytest.mark.parametrize("density", [0.0, 0.001, 0.02, 0.5, 0.98, 1.0])
def test_long_masks_and_positions_on_any_number_of_threads(density: float) -> None:
    """Pieces of a mask, blocks with few, many and all elements; rows of positions in pieces."""
    generator = np.random.default_rng(int(density * 1000))
    array = generator.integers(0, 1 << 20, 200_003)
    mask = generator.random(len(array)) < density
    mask[70_000:70_200] = True
    tensor, bools = ao.tensor(array), ao.tensor(mask)
    wide = mask[:200_000].reshape(2, 100_000)
    with shared_out():
        for count in (1, 3):
            ao.set_num_threads(count)
            assert_same(tensor[bools], array[mask])
            assert_same(ao.nonzero(bools)[0], np.nonzero(mask)[0])
            for shape in ((2, 100_000), (500, 400), (8, 500, 50)):
                got = ao.nonzero(bools[:200_000].reshape(shape))
                for each, expected in zip(got, np.nonzero(wide.reshape(shape)), strict=True):
                    assert_same(each, expected)
            values = array[mask][::-1]
            written, other = ao.tensor(array), array.copy()
            written[bools] = ao.tensor(values)
            other[mask] = values
            assert_same(written, other)
            positions = generator.integers(-len(array), len(array), 100_001)
            assert_same(tensor[ao.tensor(positions)], array[positions])
            rows, columns = array[:200_000].reshape(2, 100_000), positions % 100_000
            assert_same(ao.take(ao.tensor(rows), ao.tensor(columns), axis=1), rows[:, columns])
            assert_same(ao.take(ao.tensor(rows.T), ao.tensor(columns), axis=0), rows.T[columns])


def test_of_equal_positions_the_last_counts() -> None:
    positions = np.array([3, 0, 3, -1, 3])
    for values in (np.arange(5), np.arange(10.0).reshape(5, 2), np.arange(15).reshape(5, 3).T):
        own = values if values.shape[0] == 5 else values.T
        array = np.zeros((4, *own.shape[1:]), own.dtype)
        tensor = ao.tensor(array)
        tensor[ao.tensor(positions)] = ao.tensor(own)
        array[positions] = own
        assert_same(tensor, array)


def test_a_tensor_may_be_its_own_index_and_value() -> None:
    array = np.array([3, 0, 1, 2])
    tensor = ao.tensor(array)
    assert_same(tensor[tensor], array[array])
    tensor[tensor] = tensor[::-1]
    copied = array.copy()
    copied[array] = array[::-1]
    assert_same(tensor, copied)
    mask = ao.tensor([True, False, True])
    mask[mask] = mask[1]
    assert mask.tolist() == [False, False, False]
    matrix, other = ao.arange(9).reshape(3, 3), np.arange(9).reshape(3, 3)
    matrix[matrix.T > 3] = matrix.T[matrix > 3][: int((matrix.T > 3).sum())]
    other[other.T > 3] = other.T[other > 3][: int((other.T > 3).sum())].copy()
    assert_same(matrix, other)


def test_nothing_is_written_where_a_position_is_out_of_bounds() -> None:
    tensor = ao.zeros((3, 2))
    for index in (ao.tensor([0, 3]), ao.tensor([0, 1, -4]), (ao.tensor([0, 1]), ao.tensor([0, 2]))):
        with pytest.raises(IndexError, match=r"assignment: index must be from -\d to \d for axis [01] of length"):
            tensor[index] = 1.0
        with pytest.raises(IndexError, match=r"indexing: index must be from -\d to \d for axis [01] of length"):
            tensor[index]
    assert ao.count_nonzero(tensor).item() == 0
    with pytest.raises(IndexError, match="must be a slice for axis 0 of length 0, got 0"):
        ao.zeros((0, 2))[ao.tensor([0])]
    assert ao.zeros((0, 2))[ao.tensor([], dtype="int64")].shape == (0, 2)
    with pytest.raises(IndexError, match="got 5"):
        ao.zeros((3, 0))[ao.tensor([5])]


def test_positions_beyond_int64_are_errors_and_do_not_wrap_around() -> None:
    x, far = ao.arange(6).reshape(2, 3), ao.tensor([2**64 - 1], dtype=ao.uint64)
    calls: list[tuple[str, Any]] = [
        ("indexing: index", lambda: x[far]),
        ("indexing: index", lambda: x[0, far]),
        ("assignment: index", lambda: x.__setitem__((far, 0), 1)),
        ("take: indices", lambda: ao.take(x, far)),
        ("take: indices", lambda: ao.take(x, far[0], axis=0)),
        ("take_along_axis: indices", lambda: ao.take_along_axis(x, far[None], axis=0)),
        ("embedding: x", lambda: ao.embedding(far, x)),
        ("searchsorted: sorter", lambda: ao.searchsorted([1], 1, sorter=far)),
        ("repeat: repeats", lambda: ao.repeat([1], far)),
    ]
    for name, call in calls:
        with pytest.raises(IndexError, match=rf"^{name} must be below 2\*\*63, got 18446744073709551615"):
            call()
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_assignment_to_a_mask_converts_as_other_assignments_do() -> None:
    tensor = ao.tensor([1, 2, 3])
    mask = ao.tensor([True, False, True])
    tensor[mask] = [7.9, -7.9]
    assert tensor.tolist() == [7, 2, -7]
    tensor[mask] = np.float32(2.5)
    assert tensor.tolist() == [2, 2, 2]
    tensor[[0, -1]] = ao.tensor([5.5, 6.5])
    assert tensor.tolist() == [5, 2, 6]
    with pytest.raises(ValueError, match="assignment: value must fit int64, got float nan"):
        tensor[mask] = float("nan")
    with pytest.raises(OverflowError, match="assignment: value must fit int64"):
        tensor[[0]] = 2**70


# --- functions --------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(LENGTHS, min_size=1, max_size=3).map(tuple), st.sampled_from(DTYPES), st.data())
def test_take_along_axis_is_numpys(shape: tuple[int, ...], dtype: str, data: Any) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    own = list(shape)
    own[axis] = data.draw(st.integers(0, 3)) if shape[axis] else 0
    for other in range(len(shape)):
        if other != axis % len(shape) and data.draw(st.booleans()):
            own[other] = 1
    positions = np.random.default_rng(len(own)).integers(-max(shape[axis], 1), max(shape[axis], 1), own)
    expected = np.take_along_axis(array, positions, axis)
    assert_same(ao.take_along_axis(ao.tensor(array), ao.tensor(positions), axis=axis), expected)
    assert_same(
        ao.take_along_axis(ao.tensor(array).T.T, positions.astype("uint8") % max(shape[axis], 1), axis=axis)
        if positions.size and shape[axis]
        else ao.tensor(expected),
        np.take_along_axis(array, positions.astype("uint8") % max(shape[axis], 1), axis)
        if positions.size and shape[axis]
        else expected,
    )


def test_functions_of_other_operands() -> None:
    assert_same(ao.take([[1, 2], [3, 4]], 1, axis=0), np.array([3, 4]))
    assert_same(ao.take(ao.arange(6).reshape(2, 3), [0, 5, -1]), np.array([0, 5, 5]))
    assert_same(ao.take([1.5], []), np.array([]))
    assert_same(ao.nonzero([0.0, float("nan"), -0.0, 2.0])[0], np.array([1, 3]))
    for name, layout in LAYOUTS.items():
        tensor, array = layout.pair("int64", seed=2)
        if array.ndim:
            for got, expected in zip(ao.nonzero(tensor), np.nonzero(array), strict=True):
                assert_same(got, expected, name)
        for axis in (None, *range(-array.ndim, array.ndim)[:2]):
            assert_same(ao.count_nonzero(tensor, axis=axis), np.count_nonzero(array, axis), name)
    kept = ao.count_nonzero(ao.ones((2, 3)), axis=(0, 1), keepdims=True)
    assert kept.shape == (1, 1) and kept.dtype == ao.int64 and kept.item() == 6


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DTYPES), st.integers(0, 70), st.sampled_from(["left", "right"]), st.integers(0, 2**32))
def test_searchsorted_is_numpys(dtype: str, length: int, side: Any, seed: int) -> None:
    if abi.FACTS[dtype].category == "complex":
        with pytest.raises(TypeError, match="searchsorted: x1 and x2 must be numbers that have an order"):
            ao.searchsorted(ao.zeros(2, dtype=dtype), 1)
        return
    generator = np.random.default_rng(seed)
    array = generator.integers(0, 9, length).astype(dtype)
    values = generator.integers(0, 11, (3, 7)).astype(dtype)
    if abi.FACTS[dtype].category == "float":
        array[generator.random(length) < 0.2] = np.nan
        values[0, :3] = [np.nan, np.inf, -np.inf]
    order = np.argsort(array, kind="stable")
    expected = np.searchsorted(array[order], values, side)
    assert_same(ao.searchsorted(ao.tensor(array[order]), ao.tensor(values), side=side), expected)
    assert_same(ao.searchsorted(ao.tensor(array), ao.tensor(values).T, side=side, sorter=order), expected.T)
    ordered = ao.tensor(array[order])
    assert_same(ao.searchsorted(ordered, 3, side=side), np.searchsorted(array[order], 3, side))
    assert_same(ao.searchsorted(ordered, 2.5, side=side), np.searchsorted(array[order], 2.5, side))


def test_searchsorted_of_many_and_of_none() -> None:
    array = np.sort(np.random.default_rng(5).random(10_001))
    values = np.random.default_rng(6).random(20_003)
    assert_same(ao.searchsorted(ao.tensor(array), ao.tensor(values)), np.searchsorted(array, values))
    assert_same(ao.searchsorted(ao.zeros(0), ao.tensor(values[:5])), np.zeros(5, int))
    assert_same(ao.searchsorted(ao.tensor(array), ao.zeros((0, 2))), np.zeros((0, 2), int))


# --- routines ---------------------------------------------------------------------------------------------------------


def test_routines_run_as_plain_python() -> None:
    """The loops that are compiled, on lists that raise wherever they are read or written out of bounds."""
    gather, _ = ROUTINES["gather"][2]("int64")
    scatter, _ = ROUTINES["scatter"][2]("int64")
    lengths = ((5, n1, (0, 1, 1, 0, n1, 1)) for n1 in (2, 3, 4, 5, 8, 31, 40))
    for n0, n1, strides in ((1, 5, (0, 0, 0, 1, 5, 1)), *lengths):
        step = n1 if strides[3] == 0 else 1
        x, index = list(range(100, 100 + 7 * step)), [3, -7, 6, -1, 0]
        numbers = dict(zip(NUMBERS, (7, step, *strides), strict=True))
        got, outside = [-1] * (n0 * n1), [9]
        pointers = [Pointer(x), Pointer(index), Pointer(got), Pointer(outside)]
        gather(n0, n1, pointers, Pointer(list(numbers.values())))
        table = np.array(x).reshape(7, step)
        assert got == table[np.array(index)[: n0 if step > 1 else n1]].reshape(-1).tolist() and outside == [0]
        target = [0] * len(x)
        scatter(n0, n1, [Pointer(target), Pointer(index), Pointer(got), Pointer(outside)], Pointer([*numbers.values()]))
        assert {value for value in target if value} == set(got)
        index[1] = 7
        gather(n0, n1, pointers, Pointer(list(numbers.values())))
        assert outside[0] > 0
    generator = random.Random(3)
    for density, size, columns in [
        (each, *size) for each in (0.0, 0.02, 0.5, 1.0) for size in ((300, 100), (600, 200))
    ]:
        mask = [generator.random() < density for _ in range(size)]
        words = Pointer([int.from_bytes(bytes(mask[k : k + 8]), "little") for k in range(0, size // 8 * 8, 8)])
        bools = [Pointer(mask), words]
        chosen = [value for value, selected in enumerate(mask) if selected]
        room = [len(chosen)]
        packed, counted = [-1] * len(chosen), [0]
        ROUTINES["compress"][2]("int64")[0](1, size, [Pointer([*range(size)]), *bools, Pointer(packed)], Pointer(room))
        ROUTINES["count"][2]("bool")[0](1, size, [*bools, Pointer(counted)], Pointer([]))
        assert packed == chosen and counted == room
        unpacked = [-1] * size
        ROUTINES["expand"][2]("int64")[0](1, size, [Pointer(packed), *bools, Pointer(unpacked)], Pointer(room))
        assert unpacked == [value if selected else -1 for value, selected in enumerate(mask)]
        rows, places = [-1] * len(chosen), [-1] * len(chosen)
        ROUTINES["positions"][2]("bool")[0](
            size // columns, columns, [*bools, Pointer(rows), Pointer(places)], Pointer([*room, 0, 0, 1])
        )
        assert [columns * row + place for row, place in zip(rows, places, strict=True)] == chosen


def test_every_width_has_its_routines() -> None:
    for name, (kind, dtypes, _) in ROUTINES.items():
        if kind == "width":
            widths = {1, 2} if name == "sort_narrow" else {fact.itemsize for fact in abi.DTYPES}
            if dtypes == KEYS:
                widths = {4, 8}
            assert {abi.FACTS[dtype].itemsize for dtype in dtypes} == widths, name


def test_nothing_leaks() -> None:
    x, index, mask = ao.arange(100).reshape(20, 5), ao.tensor([1, 2, 2]), ao.arange(100).reshape(20, 5) > 50

    def use() -> None:
        x[index], x[mask], x[:, [0, 1]], x[mask[:, 0]], ao.take(x, index, axis=1), ao.concat([x, x]), ao.stack([x])
        x[index] = x[:3].copy()
        x[mask] = 0
        x[index, [0, 1, 2]] = 5
        ao.nonzero(mask), ao.take_along_axis(x, index.reshape(1, 3)), ao.searchsorted(x[0], x)
        for wrong in ([[99]], ([0], [99])):
            with pytest.raises(IndexError):
                x[tuple(wrong)]

    use()
    gc.collect()
    before = [sys.getrefcount(each) for each in (x, index, mask)], ao.memory.stats()["used"]
    for _ in range(50):
        use()
    gc.collect()
    assert ([sys.getrefcount(each) for each in (x, index, mask)], ao.memory.stats()["used"]) == before


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "float32", "float64"])
@pytest.mark.parametrize("number", [0, -1, -156, 100, 300, 2**63, 2**64, -(2**63) - 1, 2**70, -(2**2000), 2**2000])
def test_ints_that_the_dtype_cannot_hold_lie_before_or_behind_all(dtype: str, number: int) -> None:
    values = [0, 1, 100]
    t = ao.tensor(values, dtype=dtype)
    assert ao.searchsorted(t, number).item() == sum(each < number for each in values)
    assert ao.searchsorted(t, number, side="right").item() == sum(each <= number for each in values)
    for invert in (False, True):
        assert ao.isin(t, number, invert=invert).tolist() == [(each == number) != invert for each in values]
        assert ao.isin(number, t, invert=invert).item() == ((number in values) != invert)
