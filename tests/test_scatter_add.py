"""Sums at positions, which gradients of gathers are made of: NumPy's add.at, and the same bits on any threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import assert_same
from pools import shared_out

import aotops as ao
from aotops import _native
from aotops.autograd.scatter import add_along, add_at_positions
from aotops.intrinsics import Pointer
from aotops.loops.gather import NUMBERS
from aotops.loops.routines import ROUTINES
from aotops.namespace.indexing import taken_apart

DTYPES = st.sampled_from(["float32", "float64"])
SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple)


@st.composite
def positions(draw: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index with positions that occur several times, beside slices, ints and new axes."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    own = draw(st.sampled_from([(1,), (5,), (3, 2), (0,)]))
    chosen = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    if any(shape[axis] == 0 for axis in chosen):
        own = (0,)
    items: list[Any] = []
    for axis, length in enumerate(shape):
        if axis in chosen:
            items.append(generator.integers(-length, max(length, 1), own))
        else:
            kinds = ["all", "back", "new"] + ["int"] * (length > 0)
            kind = draw(st.sampled_from(kinds))
            items += {"all": [slice(None)], "back": [slice(None, None, -1)], "new": [None, slice(None)], "int": [-1]}[
                kind
            ]
    return tuple(items)


@settings(max_examples=100, deadline=None)
@given(SHAPES, DTYPES, st.data())
def test_sums_at_positions_are_numpys(shape: tuple[int, ...], dtype: str, data: Any) -> None:
    index = data.draw(positions(shape))
    expected = np.zeros(shape, dtype)
    values = np.random.default_rng(1).integers(-9, 9, expected[index].shape).astype(dtype)  # whose sums are exact
    np.add.at(expected, index, values)
    parts = taken_apart("indexing", ao.zeros(shape), index)
    assert parts is not None
    basic, indices, place, _ = parts
    gradient = ao.tensor(values)
    if data.draw(st.booleans()):
        gradient = ao.tensor(values.T).T  # in another order in memory
    assert_same(add_at_positions(shape, gradient, basic, indices, place), expected)


@settings(max_examples=60, deadline=None)
@given(SHAPES, DTYPES, st.data())
def test_sums_along_an_axis_are_numpys(shape: tuple[int, ...], dtype: str, data: Any) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    count = data.draw(st.integers(0, 5)) if shape[axis] else 0
    own = (*shape[:axis], count, *shape[axis + 1 :])
    generator = np.random.default_rng(2)
    index = generator.integers(-max(shape[axis], 1), max(shape[axis], 1), own)
    values = generator.integers(-9, 9, own).astype(dtype)
    expected = np.zeros(shape, dtype)
    places = list(np.indices(own, sparse=True))
    places[axis] = index
    np.add.at(expected, tuple(places), values)
    assert_same(add_along(shape, ao.tensor(values), ao.tensor(index), axis), expected)


@pytest.mark.parametrize("shape", [(50, 40), (50, 7), (50,), (3, 50, 33)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_on_any_number_of_threads(shape: tuple[int, ...], dtype: str) -> None:
    """Each place's values are added one after the other, in the order of the positions."""
    generator = np.random.default_rng(3)
    axis = len(shape) - 2 if len(shape) > 1 else 0
    index = np.minimum(generator.geometric(0.1, 4000), shape[axis] - 1)  # as words, few occur often
    own = (*shape[:axis], index.size, *shape[axis + 1 :])
    values = generator.standard_normal(own).astype(dtype)
    expected = np.zeros(shape, dtype)
    for k, place in enumerate(index):
        expected[(slice(None),) * axis + (place,)] += values[(slice(None),) * axis + (k,)]
    positions = tuple([ao.tensor(index) if k == axis else None for k in range(len(shape))])
    whole = (slice(None),) * len(shape)
    with shared_out():
        for threads in (1, 2, 3, 8):
            ao.set_num_threads(threads)
            assert_same(add_at_positions(shape, ao.tensor(values), whole, positions, axis), expected)


def test_positions_out_of_bounds_write_nothing() -> None:
    total = ao.zeros(3)
    with pytest.raises(IndexError, match=r"indexing: index must be from -3 to 2 for axis 0 of length 3, got 3"):
        _native.put_at(total, (ao.tensor([0, 3]),), 0, "indexing", (0,), ao.ones(2), True)
    assert total.tolist() == [0.0, 0.0, 0.0]


def test_integers_have_no_such_routine() -> None:
    with pytest.raises(SystemError, match="put_at"):
        _native.put_at(ao.tensor([1, 2]), (ao.tensor([0]),), 0, "indexing", (0,), ao.tensor([1]), True)


@pytest.mark.parametrize("inner", [0, 1])
def test_the_loop_nest_as_plain_python(inner: int) -> None:
    kernel, _ = ROUTINES["scatter_add"][2]("float64")
    x, index, other, outside = [1.0] * 6, [2, -1, 2], [float(k) for k in range(6)], [0]
    numbers = dict.fromkeys(NUMBERS, 0)
    if inner:  # rows of two elements
        numbers |= {"length": 3, "step": 2, "x_inner": 1, "index_outer": 1, "other_outer": 2, "other_inner": 1}
        n0, n1, expected = 3, 2, [1.0, 1.0, 1.0, 1.0, 1.0 + 0 + 2 + 4, 1.0 + 1 + 3 + 5]
    else:
        numbers |= {"length": 6, "step": 1, "index_inner": 1, "other_inner": 1}
        n0, n1, expected = 1, 3, [1.0, 1.0, 1.0 + 0 + 2, 1.0, 1.0, 1.0 + 1]
    kernel(n0, n1, [Pointer(each) for each in (x, index, other, outside)], Pointer(list(numbers.values())))
    assert x == expected
