"""Plain nested lists of numbers are read in C, which must give what ``from_nested`` gives, in Python."""

from __future__ import annotations

import collections
import contextlib
import enum
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layouts import SAMPLED
from leaks import assert_no_leak

import aotops as ao
from aotops.dtypes import BY_NAME
from aotops.namespace.creation import from_nested

DTYPES = [None, *SAMPLED, "uint64"]


def outcome(call: Callable[[], ao.Tensor]) -> Any:
    """What a call comes to: the tensor's dtype, shape and bits, or the error's type and message."""
    try:
        result = call()
    except (ValueError, TypeError, OverflowError) as error:
        return type(error), str(error)
    assert result.is_contiguous() and not result.readonly
    return result.dtype.name, result.shape, memoryview(result).tobytes()


def both(data: Any, dtype: Any = None) -> Any:
    """The outcome of reading data, which must be the same in C and in Python."""
    own = None if dtype is None else BY_NAME[dtype]
    wanted = outcome(lambda: from_nested("tensor", "data", data, own))
    assert outcome(lambda: ao.tensor(data, dtype=dtype)) == wanted
    assert outcome(lambda: ao.asarray(data, dtype=dtype)) == outcome(lambda: from_nested("asarray", "obj", data, own))
    return wanted


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 200


class Half(float):
    """A float of a subclass, which a list may hold."""


class Row(list[Any]):
    """A list of a subclass, which may iterate as it likes."""

    def __iter__(self) -> Any:
        return iter([7.0] * len(self))


Pair = collections.namedtuple("Pair", "x y")

numbers = st.one_of(
    st.booleans(),
    st.integers(-300, 300),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**66), 2**66),
    st.floats(width=32),
    st.floats(),
    st.sampled_from([Level.LOW, Level.HIGH, Half(1.5), 10**400, 1e300, -0.0, float("nan"), float("inf")]),
)


@st.composite
def regular(draw: st.DrawFn) -> Any:
    """Nested lists, tuples and ranges of one shape."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    leaves = draw(st.sampled_from([st.booleans(), st.integers(-9, 9), st.floats(-9, 9), numbers]))

    def nested(axis: int) -> Any:
        if axis == len(shape):
            return draw(leaves)
        if axis == len(shape) - 1 and draw(st.integers(0, 5)) == 0:
            start = draw(st.integers(-5, 5))
            return range(start, start + shape[axis])
        items = [nested(axis + 1) for _ in range(shape[axis])]
        return draw(st.sampled_from([list, list, tuple]))(items)

    return nested(0)


anything = st.recursive(
    st.one_of(
        numbers, st.sampled_from([None, "1", 1j, b"ab", np.float64(2.5), np.int64(3), np.float32(1.5), np.bool_(1)])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.lists(inner, max_size=3).map(Row)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(regular(), st.sampled_from(DTYPES))
@example([1, 2.5, True], None)
@example([True, 2], None)
@example([[True, False], [3, 2.5]], None)
@example([2**63 - 1, 0.5], None)
@example([2**53 + 1, 0.5], "float32")
@example([1e39, 2], "float32")
@example([[], []], None)
@example([[1, 2], range(2), (True, 2.5)], None)
@example([0.5, 2**1024], None)
@example([float("nan")], "int64")
@example([1.9, -1.9, 3], "int64")
@example([2**63], "int64")
def test_regular_nesting(data: Any, dtype: Any) -> None:
    both(data, dtype)


@settings(max_examples=300, deadline=None)
@given(anything, st.sampled_from(DTYPES))
def test_anything_nested(data: Any, dtype: Any) -> None:
    if isinstance(data, (list, tuple)):
        both(data, dtype)


@st.composite
def mixed(draw: st.DrawFn) -> Any:
    """Nested lists whose leaves are tensors, arrays and NumPy's scalars of one shape, Python numbers among them."""
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    dtypes = draw(st.lists(st.sampled_from([*BY_NAME, "int8", "float16", "uint32"]), min_size=1, max_size=3))
    outer = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))

    def leaf() -> Any:
        if not shape and draw(st.booleans()):
            return draw(st.sampled_from([True, 3, 2.5, -1, 2**53 + 1, 1e39, float("nan")]))
        dtype = draw(st.sampled_from(dtypes))
        values = np.array(draw(st.lists(st.integers(0, 100), min_size=18, max_size=18))).astype(dtype)
        array = values[: int(np.prod(shape))].reshape(shape)
        if draw(st.booleans()) and shape:
            array = np.array(array[::-1])[::-1]
        if dtype in BY_NAME and draw(st.booleans()):
            return ao.asarray(array)
        return array if shape else array[()]

    def nested(axis: int) -> Any:
        return leaf() if axis == len(outer) else [nested(axis + 1) for _ in range(outer[axis])]

    data = nested(0)
    if draw(st.integers(0, 4)) == 0:
        data.append(draw(st.sampled_from([1.5, [1], np.zeros(2), ao.zeros((3, 1)), ao.tensor(2), None])))
    return data


@settings(max_examples=400, deadline=None)
@given(mixed(), st.sampled_from(DTYPES))
@example([np.float32(1.5), 2.5], None)
@example([2.5, np.float32(1.5)], None)
@example([2, np.float32(1.5), ao.tensor(2**53 + 1)], None)
@example([ao.tensor(2**53 + 1), np.float32(1.5)], "float32")
@example([np.float64(np.nan), 1], "int64")
@example([ao.zeros((1,) * 31)], None)
@example([[ao.zeros((1,) * 31)]], None)
@example([ao.zeros((2, 0)), ao.ones((2, 0))], None)
def test_tensors_and_arrays_in_lists(data: Any, dtype: Any) -> None:
    both(data, dtype)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1, max_size=9), st.sampled_from(["d", "f"]))
def test_floats_are_numpys(data: list[list[float]], code: str) -> None:
    with np.errstate(over="ignore"):
        wanted = np.array(data, dtype=code)
    assert np.asarray(ao.tensor(data, dtype=wanted.dtype.name)).tobytes() == wanted.tobytes()


RAGGED: list[Any] = [
    [[1, 2], [3]],
    [[1], [2, 3]],
    [[1, 2], 3],
    [1, [2]],
    [[[1]], [[2, 3]]],
    [[], [1]],
    [[1], []],
    [[[]], []],
    [(1, 2), range(3)],
    [[0] * 10, *range(100)],
]


@pytest.mark.parametrize("data", RAGGED, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_ragged_nesting_names_the_row(data: Any, dtype: Any) -> None:
    kind, message = both(data, dtype)
    assert kind is ValueError and message.startswith("tensor: data must not be ragged, got data[")


def test_a_claim_of_the_first_rows_asks_for_no_memory() -> None:
    """The first row says 10**6 by 10**6 elements; the second contradicts it."""
    with pytest.raises(ValueError, match=r"ragged, got data\[0\] of shape .* and data\[1\]"):
        ao.tensor([[0] * 10**6, *[0] * (10**6 - 1)])


@pytest.mark.parametrize("depth", [31, 32, 33, 1000])
@pytest.mark.parametrize("last", [[], [1.5], 2])
def test_depth(depth: int, last: Any) -> None:
    data = last
    for _ in range(depth - isinstance(last, list)):
        data = [data]
    result = both(data)
    if depth <= 32:
        assert len(result[1]) == depth
    else:
        assert result[0] is ValueError and "at most 32" in result[1]


def test_a_list_inside_of_itself_is_an_error() -> None:
    data: list[Any] = []
    data.append(data)
    assert both(data) == (ValueError, "tensor: data must be nested at most 32 deep, got more")
    data.insert(0, 1.0)
    assert both(data) == (ValueError, "tensor: data must be nested at most 32 deep, got more")


def test_items_of_many_types() -> None:
    assert both([Level.LOW, Level.HIGH])[0] == "int64"
    assert both([Half(0.5), 1])[0] == "float64"
    assert both([Pair(1, 2), Pair(3.5, 4)])[:2] == ("float64", (2, 2))
    assert ao.tensor([Row([1, 2]), Row([3, 4])]).tolist() == [[7.0, 7.0], [7.0, 7.0]], "a subclass iterates as it likes"
    assert ao.tensor(Row([1, 2])).tolist() == [7.0, 7.0]
    assert both([np.float32(1.5), 2.5])[0] == "float32", "a Python number takes on the dtype of NumPy's beside it"
    assert both([[ao.tensor(1), 2.5], [3, 4]])[0] == "float64"
    assert both([ao.ones(2), [3, 4]])[1] == (2, 2)
    with pytest.raises(TypeError, match="make a list of it"):
        ao.tensor(x for x in [1, 2])


def test_ints_keep_their_digits_beside_floats() -> None:
    """2**63 + 2**10 + 1 rounds up as an int; by way of any float it would round down."""
    data = [2**63 + 2**10 + 1, 0.5]
    assert ao.tensor(data).tolist() == [float(data[0]), 0.5]
    assert ao.tensor([2**53 + 1, 0.5], dtype="int64").tolist() == [2**53 + 1, 0]


class Changing(int):
    """A number whose truth changes the lists that it is read from."""

    change: Callable[[], None] = staticmethod(lambda: None)

    def __bool__(self) -> bool:
        type(self).change()
        return True


@pytest.mark.parametrize("place", ["inner", "outer"])
@pytest.mark.parametrize("action", ["clear", "shrink", "grow", "exchange"])
def test_lists_that_change_while_they_are_read(place: str, action: str) -> None:
    """Whatever comes of it, nothing is read that is not there."""
    for position in range(6):
        rows: list[Any] = [[0.0, 1.0, 0.0] for _ in range(4)]
        victim = rows if place == "outer" else rows[position % 4]

        def change(victim: list[Any] = victim) -> None:
            if action == "clear":
                victim.clear()
            elif action == "shrink" and victim:
                victim.pop()
            elif action == "grow":
                victim.append([1.0] * 3)
            elif action == "exchange" and victim:
                victim[-1] = 5.0

        Changing.change = staticmethod(change)
        rows[position % 4][position % 3] = Changing(2)
        try:
            result = ao.tensor(rows, dtype="bool")
        except (ValueError, TypeError):
            continue
        finally:
            Changing.change = staticmethod(lambda: None)
        assert result.dtype == "bool" and result.size <= 20


class Failing(int):
    def __bool__(self) -> bool:
        raise KeyError("this")


def test_exceptions_of_numbers_come_through() -> None:
    with pytest.raises(KeyError, match="this"):
        ao.tensor([1, Failing(2)], dtype="bool")
    t = ao.zeros(2, dtype="bool")
    with pytest.raises(KeyError, match="this"):
        t[:] = [1, Failing(2)]
    assert t.tolist() == [False, False]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer that sends signals")
def test_reading_can_be_interrupted() -> None:
    class Interrupted(Exception):  # noqa: N818
        pass

    def interrupt(*_: Any) -> None:
        raise Interrupted

    data = [0.5] * 10**7  # 50 ms
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        with pytest.raises(Interrupted):
            for _ in range(1000):
                ao.tensor(data)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], (1, 2, 3), range(3), [True, False, 2.5], [[4], [5]], [], 7, [2.5]])
@pytest.mark.parametrize("dtype", list(BY_NAME))
def test_assignment_of_lists(value: Any, dtype: str) -> None:
    t, wanted = ao.zeros((2, 3), dtype=dtype), np.zeros((2, 3), dtype=dtype)
    try:
        wanted[...] = value
    except ValueError:
        with pytest.raises(ValueError, match="assignment: value must broadcast"):
            t[...] = value
    else:
        t[...] = value
    assert t.tolist() == wanted.tolist()


def test_assignment_of_wrong_lists_changes_nothing() -> None:
    t = ao.arange(6).reshape(2, 3)
    for value in ([1, 2**70, 3], [1, float("nan"), 3], [[1, 2], [3]], [1, "2", 3], [1, None], [1, 2]):
        with pytest.raises((ValueError, TypeError, OverflowError)):
            t[0] = value
        with pytest.raises(IndexError):
            t[2] = value
    assert t.tolist() == [[0, 1, 2], [3, 4, 5]]
    readonly = ao.asarray(memoryview(bytes(24)).cast("d"))
    with pytest.raises(ValueError, match="read-only"):
        readonly[:] = [1.0, 2.0, 3.0]


def test_reading_does_not_leak() -> None:
    """Of what is read, of what is read in Python in the end, and of what is no tensor."""
    number, row, array = 12345.5, [0.25, 0.5], np.arange(4.0).reshape(2, 2)
    tensor = ao.arange(4).reshape(2, 2)
    cases: list[Any] = [
        [[number, 1.0], [2.0, number]],
        [row, row],
        [number, 1, True],
        [True, 1, number],
        [range(3), [number] * 3],
        [[number], [number, 1.0]],
        [number, "a"],
        [number, 2**70],
        [number, np.float64(1)],
        [np.int32(1), number],
        [array, tensor, array],
        [tensor, row],
        [[tensor], [tensor.T]],
        [],
    ]

    def read_all() -> None:
        for case in cases:
            for dtype in DTYPES:
                with contextlib.suppress(ValueError, TypeError, OverflowError):
                    ao.tensor(case, dtype=dtype)
                with contextlib.suppress(ValueError, TypeError, OverflowError):
                    ao.zeros((2, 2))[...] = case

    def kept() -> Any:
        return [sys.getrefcount(each) for each in (number, row, array, tensor)], ao.memory.stats()["used"]

    assert_no_leak(read_all, kept)
