"""Elements are tensors of their own: loops over elements do what they do with lists and with NumPy's arrays."""

from __future__ import annotations

import bisect
import copy
import gc
import operator
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import SAMPLED

import aotops as ao

every_dtype = pytest.mark.parametrize("dtype", SAMPLED)


def shares(a: ao.Tensor, b: ao.Tensor) -> bool:
    return np.shares_memory(np.asarray(a), np.asarray(b))


def insertion_sort(numbers: Any) -> None:
    for end in range(1, len(numbers)):
        current = numbers[end]
        place = end
        while place > 0 and numbers[place - 1] > current:
            numbers[place] = numbers[place - 1]
            place -= 1
        numbers[place] = current


def swap_ends(numbers: Any) -> None:
    numbers[0], numbers[-1] = numbers[-1], numbers[0]


def rotate(numbers: Any) -> None:
    first = numbers[0]
    for position in range(len(numbers) - 1):
        numbers[position] = numbers[position + 1]
    numbers[len(numbers) - 1] = first


def accumulate_aside(numbers: Any) -> None:
    total = numbers[0]
    for position in range(1, len(numbers)):
        total += numbers[position]
    largest = max(numbers)
    largest *= 10
    numbers[1] = total + largest


def change_in_place(numbers: Any) -> None:
    for position in range(len(numbers)):
        numbers[position] += 1
        numbers[position] *= 2


def running_sum(numbers: Any) -> None:
    for position in range(1, len(numbers)):
        numbers[position] += numbers[position - 1]


def iterate_and_write(numbers: Any) -> None:
    for position, number in enumerate(numbers):
        number -= 1
        numbers[position] = number * number


ALGORITHMS: list[Callable[[Any], None]] = [
    insertion_sort,
    swap_ends,
    rotate,
    accumulate_aside,
    change_in_place,
    running_sum,
    iterate_and_write,
    lambda numbers: random.Random(7).shuffle(numbers),
]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("dtype", SAMPLED[1:])
def test_algorithms_do_what_they_do_with_lists(algorithm: Callable[[Any], None], dtype: str) -> None:
    wanted = [5, 2, 9, 2, 7, 1, 8]
    t = ao.tensor(wanted, dtype=dtype)
    strided = ao.zeros((7, 3), dtype=dtype)
    strided[::-1, 1] = t
    column = strided[::-1, 1]
    algorithm(wanted)
    for numbers in (t, column):
        algorithm(numbers)
        assert numbers.tolist() == wanted and numbers.dtype == dtype
    assert ao.sum(ao.abs(strided)).item() == sum(map(abs, wanted)), "only the column is written"


def test_elements_are_sorted_and_found() -> None:
    t = ao.tensor([3.0, 1.0, 2.0])
    assert [float(x) for x in sorted(t)] == [1.0, 2.0, 3.0] and t.tolist() == [3.0, 1.0, 2.0]
    assert [x.item() for x in reversed(t)] == [2.0, 1.0, 3.0]
    assert bisect.bisect(ao.tensor([1, 3, 5, 7]), 4) == 2
    assert operator.indexOf(t, 2.0) == 2 and operator.countOf(t, 1.0) == 1 and list(map(float, t)) == [3.0, 1.0, 2.0]
    assert sum(t).item() == 6.0 and min(t).item() == 1.0
    a, b, c = t
    a += b + c
    assert (a.item(), t.tolist()) == (6.0, [3.0, 1.0, 2.0])


@every_dtype
def test_what_is_a_copy_and_what_a_view(dtype: str) -> None:
    t = ao.tensor([[1, 0, 1], [0, 1, 0]], dtype=dtype)
    zero = ao.tensor(1, dtype=dtype)
    for key in [(0, 0), (-1, 2), (np.int64(1), 1), (ao.tensor(1), np.int8(-1)), (np.array(1), 0)]:
        element = t[key]
        assert element.shape == () and element.dtype == dtype and element.item() == np.asarray(t)[key]
        assert not shares(element, t) and element.is_contiguous() and not element.readonly
    for view in (t[0], t[...], t[()], t[0, ...], t[0, 0, ...], t[..., 0, 0], t[0, 0, None], t[0, :1], t.T[1]):
        assert shares(view, t)
    assert shares(zero[...], zero) and not shares(zero[()], zero) and zero[()].item() == 1
    for whole in (t[0, 0, ...], t[..., 0, 0]):
        assert whole.shape == () and shares(whole, t)
    element = ao.asarray(memoryview(bytes(16)).cast("d"))[1]
    assert not element.readonly, "a copy of read-only memory can be written"


def test_a_copy_outlives_its_tensor() -> None:
    t = ao.arange(1000.0)
    alone = sys.getrefcount(t)
    element = t[7]
    assert sys.getrefcount(t) == alone
    del t
    gc.collect()
    assert element.item() == 7.0


WRONG = [3, -4, (0, 3), (2, 0), 2**100, -(2**63) - 1, (0, 0, 0), (0, 2**64), 1.0, "0", int, [0.5], (9, [0])]


@pytest.mark.parametrize("key", WRONG, ids=repr)
@pytest.mark.parametrize("shape", [(2, 3), (3,), (), (0, 3), (1,) * 32])
def test_wrong_indices_are_errors_for_reading_and_writing(key: Any, shape: tuple[int, ...]) -> None:
    t = ao.ones(shape)
    for access in (lambda: t[key], lambda: t.__setitem__(key, 5.0), lambda: t.__setitem__(key, "a")):
        if len(shape) == 32 and key == (0, 0, 0):
            continue
        with pytest.raises(IndexError):
            access()
    assert t.tolist() == ao.ones(shape).tolist()


def test_deletion_is_an_error() -> None:
    t = ao.ones(3)
    for deletion in (lambda: t.__delitem__(0), lambda: operator.delitem(t, slice(None))):
        with pytest.raises(TypeError, match="'Tensor' object doesn't support item deletion"):
            deletion()
    assert t.tolist() == [1.0] * 3


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_tensor_of_one_dimension_is_like_a_list(data: st.DataObject) -> None:
    """Random reads, writes, swaps and in-place changes, and names that keep what they were bound to."""
    model: list[Any] = data.draw(st.lists(st.integers(-50, 50), min_size=1, max_size=8))
    t = ao.tensor(model)
    kept: list[tuple[ao.Tensor, int]] = []
    positions = st.integers(-len(model), len(model) - 1)
    kinds = st.sampled_from([int, np.int64, np.int16, ao.tensor])
    for _ in range(data.draw(st.integers(1, 12))):
        i, j, number = data.draw(positions), data.draw(positions), data.draw(st.integers(-9, 9))
        at, to = data.draw(kinds)(i), data.draw(kinds)(j)
        action = data.draw(st.integers(0, 4))
        if action == 0:
            kept.append((t[at], model[i]))
        elif action == 1:
            t[at], model[i] = number, number
        elif action == 2:
            t[at], t[to] = t[to], t[at]
            model[i], model[j] = model[j], model[i]
        elif action == 3:
            t[at] -= number
            model[i] -= number
        else:
            element = copy.copy(t[to])
            element *= number
            t[at] += element
            model[i] += model[j] * number
        assert t.tolist() == model
        assert all(element.item() == number for element, number in kept)


def test_elements_do_not_leak() -> None:
    t = ao.zeros((2, 3))
    key, number = (1, 2), 2.5
    gc.collect()
    before = [sys.getrefcount(each) for each in (t, key, number)], ao.memory.stats()["used"]
    for _ in range(100):
        t[key] = number
        t[1, 2] = t[key]
        t[0][1] = t[1, 2] + 1
        for wrong in ((5, 5), "a", (1, 2, 3)):
            with pytest.raises(IndexError):
                t[wrong]
        with pytest.raises(TypeError):
            t[key] = "a"
        for row in t:
            for element in row:
                element += 1
    gc.collect()
    after = [sys.getrefcount(each) for each in (t, key, number)], ao.memory.stats()["used"]
    assert before[0] == after[0] and before[1] == after[1]
    assert t.tolist() == [[0.0, 3.5, 0.0], [0.0, 0.0, 2.5]]


def test_taking_and_writing_short_rows_and_few_columns() -> None:
    """Rows of all lengths, which move as fewer and wider elements where they and their memory divide into such."""
    generator = np.random.default_rng(14)
    for dtype in ("bool", "int8", "int16", "float32", "float64", "complex128"):
        for columns in (*range(1, 20), 24, 32, 33, 40, 64):
            array = generator.integers(0, 100, 300 * columns + 1).astype(dtype)[1:].reshape(300, columns)
            rows, few = generator.integers(-300, 300, 700), generator.integers(-columns, columns, 1 + columns % 4)
            for x in (array, array.copy(), array[::-1], array[:, ::-1], array.repeat(2, 1)[:, :columns]):
                t = ao.asarray(x)
                np.testing.assert_array_equal(np.asarray(ao.take(t, ao.asarray(rows), axis=0)), x[rows])
                np.testing.assert_array_equal(np.asarray(ao.take(t, ao.asarray(few), axis=1)), x[:, few])
                wanted, written = x.copy(), ao.tensor(x)
                wanted[rows] = x[rows[::-1]]
                written[ao.asarray(rows)] = ao.tensor(x[rows[::-1]])
                np.testing.assert_array_equal(np.asarray(written), wanted)
                wanted[:, few] = x[:, few[::-1]]
                written[:, ao.asarray(few)] = ao.tensor(x[:, few[::-1]])
                np.testing.assert_array_equal(np.asarray(written), wanted)
            with pytest.raises(IndexError):
                ao.take(ao.asarray(array), ao.asarray([0, 300, 1]), axis=0)


def test_masks_without_elements_choose_nothing() -> None:
    for shape, mask_shape in (((1,), (0,)), ((2, 3), (0,)), ((2, 3), (0, 3)), ((2, 3), (2, 0)), ((2, 3, 4), (0, 0))):
        t, array = ao.ones(shape), np.ones(shape)
        mask = np.zeros(mask_shape, bool)
        assert t[ao.asarray(mask)].shape == array[mask].shape
        t[ao.asarray(mask)] = 5.0
        assert (np.asarray(t) == 1.0).all()
    with pytest.raises(
        IndexError, match="must have masks of the lengths of their axes, 3 for axis 1, got one of length 5"
    ):
        ao.ones((2, 3))[ao.zeros((0, 5), dtype="bool")]
