"""Buffers of numbers that aotops has no dtype for, converted while they are read; NumPy's astype says what they are."""

from __future__ import annotations

import array
import ctypes
import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, INTEGERS, assert_same
from test_operators import run_python

import aotops as ao
from aotops.namespace import buffers

#: NumPy's dtypes whose buffers hold numbers, but for those that aotops has itself.
SWAPPED = [f">{code}" for code in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")]
FOREIGN = ["float16", *SWAPPED]


def numbers(dtype: str, shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """Numbers of all sizes that a dtype has, zeros among them."""
    kind = np.dtype(dtype)
    generator = np.random.default_rng(seed)
    if kind.kind == "f":
        values = generator.normal(0, 100, shape)
        special = generator.choice([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(kind).max, np.finfo(kind).tiny], shape)
        return np.where(generator.random(shape) < 0.3, special, values).astype(kind)
    limits = np.iinfo(kind)
    values = generator.integers(limits.min, limits.max, shape, dtype=kind.newbyteorder("="), endpoint=True)
    special = generator.choice(np.array([0, limits.min, limits.max], kind.newbyteorder("=")), shape)
    return np.where(generator.random(shape) < 0.3, special, values).astype(kind)


def expected(source: np.ndarray, dtype: str) -> np.ndarray:
    """What NumPy makes of it; floats become ints as aotops has it for its own floats."""
    if dtype in INTEGERS and source.dtype.kind == "f":
        return np.asarray(ao.astype(ao.asarray(source.astype("float64")), dtype))
    return source.astype(dtype)


VIEWS: dict[str, tuple[tuple[int, ...], Callable[[np.ndarray], np.ndarray]]] = {
    "contiguous": ((7,), lambda x: x),
    "matrix": ((3, 4), lambda x: x),
    "no dimensions": ((), lambda x: x),
    "empty": ((0,), lambda x: x),
    "empty matrix": ((3, 0), lambda x: x),
    "every second": ((9,), lambda x: x[::2]),
    "backwards": ((9,), lambda x: x[::-1]),
    "columns backwards": ((3, 4), lambda x: x[:, ::-1]),
    "all backwards": ((3, 4, 2), lambda x: x[::-1, ::-2, ::-1]),
    "transposed": ((3, 4), lambda x: x.T),
    "column-major": ((3, 4, 2), np.asfortranarray),
    "permuted": ((3, 4, 2), lambda x: x.transpose(2, 0, 1)),
    "repeated": ((4,), lambda x: np.broadcast_to(x, (3, 4))),
    "one column": ((5, 3), lambda x: x[:, 1]),
    "not aligned": ((5,), lambda x: np.frombuffer(b"x" + x.tobytes(), x.dtype, offset=1)),
    "32 dimensions": ((2,) * 3, lambda x: x.reshape((2,) * 3 + (1,) * 29)),
    "more than a chunk": ((2 * buffers.CHUNK + 3,), lambda x: x),
    "columns of more than a chunk": ((3, buffers.CHUNK), lambda x: x.T),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("source", FOREIGN)
def test_every_format_in_every_layout(source: str, view: str) -> None:
    shape, seen = VIEWS[view]
    for dtype in DTYPES:
        for readonly in (False, True):
            x = seen(numbers(source, shape))
            if x.flags.writeable:
                x.flags.writeable = not readonly
            if x.ndim == 0 and dtype in INTEGERS and not np.iinfo(dtype).min <= x.item() <= np.iinfo(dtype).max:
                with pytest.raises((OverflowError, ValueError)):  # it is converted as a Python number is
                    ao.asarray(x, dtype=dtype)
                continue
            result = ao.asarray(x, dtype=dtype)
            with np.errstate(over="ignore"):
                assert_same(result, expected(x, dtype), f"{source} to {dtype}")
            assert result.is_contiguous() and not result.readonly and result.shape == x.shape
            assert_same(ao.tensor(x, dtype=dtype), np.asarray(result))


@pytest.mark.parametrize("source", FOREIGN)
def test_without_a_dtype_it_is_told_which_one(source: str) -> None:
    x = numbers(source, (3,))
    for make in (ao.asarray, ao.tensor):
        with pytest.raises(
            TypeError,
            match=r"^(asarray: obj|tensor: data) must hold native .*; convert it with aotops\.asarray\(x, dtype='",
        ):
            make(x)
    with pytest.raises(TypeError) as caught:
        ao.asarray(x)
    advised = str(caught.value).partition("(x, dtype='")[2].partition("'")[0]
    assert_same(ao.asarray(x, dtype=advised), x.astype(advised))
    assert np.array_equal(x.astype(advised).astype(x.dtype), x, equal_nan=x.dtype.kind == "f")


@pytest.mark.parametrize("source", FOREIGN)
def test_it_is_always_a_copy(source: str) -> None:
    x = np.zeros(3, source)
    result = ao.asarray(x, dtype="float64")
    x[0] = 1
    assert result.tolist() == [0.0] * 3
    result[1] = 5.0
    assert x[1] == 0
    with pytest.raises(
        ValueError, match=r"^asarray: obj must need no copy where copy=False, got ndarray of u?(int|float)"
    ):
        ao.asarray(x, dtype="float64", copy=False)


@pytest.mark.parametrize("source", ["uint64", ">u8"])
@pytest.mark.parametrize("value", [2**63, 2**64 - 1])
def test_a_uint64_that_int64_cannot_hold_keeps_its_bits(source: str, value: int) -> None:
    for place in (0, buffers.CHUNK + 1):
        x = np.zeros(buffers.CHUNK + 2, source)
        x[place] = value
        assert ao.asarray(x, dtype="int64")[place].item() == value - 2**64
        assert ao.asarray(x, dtype="uint64")[place].item() == value
        assert ao.asarray(x, dtype="bool")[place].item() is True
        assert ao.asarray(x, dtype="float64")[place].item() == float(value)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=20), st.sampled_from(["uint64", ">u8"]))
def test_uint64_is_rounded_once(values: list[int], source: str) -> None:
    # beside the middles of neighbouring float32, where rounding twice would go wrong
    values += [2**63 + 2**39 + step for step in (-1, 0, 1)] + [2**63 + 3 * 2**39 + step for step in (-1, 0, 1)]
    x = np.array(values, np.uint64).astype(source)
    for dtype in ("float32", "float64"):
        assert_same(ao.asarray(x, dtype=dtype), x.astype(dtype))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), st.sampled_from(DTYPES))
def test_int64_of_the_other_byte_order_is_int64(values: list[int], dtype: str) -> None:
    native = np.array([*values, 2**62 + 2**38, 2**62 + 2**38 + 1, 2**62 + 2**38 - 1], np.int64)
    assert_same(ao.asarray(native.astype(">i8"), dtype=dtype), np.asarray(ao.astype(ao.asarray(native), dtype)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(width=32), max_size=20), st.sampled_from(DTYPES))
def test_floats_of_the_other_byte_order_are_floats(values: list[float], dtype: str) -> None:
    for source in ("float32", "float64"):
        native = np.array(values, source)
        swapped = native.astype(np.dtype(source).newbyteorder(">"))
        assert_same(ao.asarray(swapped, dtype=dtype), np.asarray(ao.astype(ao.asarray(native), dtype)))


def test_every_half() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for dtype in ("float32", "float64", "bool"):
        assert_same(ao.asarray(halves, dtype=dtype), halves.astype(dtype))


# --- other exporters ---------------------------------------------------------------------------------------------


class Pair(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_float)]


EXPORTERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "bytes": (lambda: b"abc\x00\xff", [97, 98, 99, 0, 255]),
    "no bytes": (lambda: b"", []),
    "bytearray": (lambda: bytearray(b"\x80\x01"), [128, 1]),
    "memoryview": (lambda: memoryview(b"abcdef")[::-2], [102, 100, 98]),
    "memoryview of signed bytes": (lambda: memoryview(b"\xff\x01").cast("b"), [-1, 1]),
    "memoryview of two dimensions": (lambda: memoryview(b"abcdef").cast("B", (2, 3)), [[97, 98, 99], [100, 101, 102]]),
    "memoryview without dimensions": (lambda: memoryview(b"\x07").cast("B", ()), 7),
    **{f"array of {code}": (lambda code=code: array.array(code, [1, 2, 100]), [1, 2, 100]) for code in "bBhHiILQ"},
    **{
        f"ctypes {kind.__name__}": (lambda kind=kind: (kind * 3)(1, 2, 100), [1, 2, 100])
        for kind in (
            *(ctypes.c_int8, ctypes.c_uint8, ctypes.c_int16, ctypes.c_uint16, ctypes.c_int32, ctypes.c_uint32),
            *(
                ctypes.c_uint64,
                ctypes.c_ulong,
                ctypes.c_size_t,
                ctypes.c_int.__ctype_be__,
                ctypes.c_double.__ctype_be__,
            ),
        )
    },
    "ctypes matrix": (lambda: ((ctypes.c_uint16 * 2) * 3)((1, 2), (3, 4), (5, 6)), [[1, 2], [3, 4], [5, 6]]),
    "ctypes number": (lambda: ctypes.c_int16(-3), -3),
    "mmap": (lambda: mmap.mmap(-1, 4), [0, 0, 0, 0]),
    "NumPy scalar": (lambda: np.uint8(200), 200),
    "NumPy half": (lambda: np.float16(0.5), 0.5),
}


@pytest.mark.parametrize("name", EXPORTERS)
def test_other_exporters(name: str) -> None:
    make, values = EXPORTERS[name]
    for dtype in ("float64", "float32", *(["int64"] if name != "NumPy half" else [])):
        result = ao.asarray(make(), dtype=dtype)
        assert result.tolist() == values and result.dtype == dtype
    assert ao.asarray(make(), dtype="bool").tolist() == np.array(values).astype(bool).tolist()


@pytest.mark.filterwarnings("ignore:The 'u' type code is deprecated")
@pytest.mark.parametrize(
    "make",
    [
        lambda: np.zeros(2, np.longdouble),
        lambda: np.zeros(2, object),
        lambda: np.zeros(2, "U3"),
        lambda: np.zeros(2, "S3"),
        lambda: np.zeros(2, "V4"),
        lambda: np.zeros(2, [("a", "u1"), ("b", "u1")]),
        lambda: memoryview(b"ab").cast("c"),
        lambda: array.array("u", "ab"),
        lambda: (ctypes.c_char * 2)(),
        lambda: (ctypes.c_wchar * 2)(),
        lambda: (ctypes.c_void_p * 2)(),
        lambda: (Pair * 2)(),
    ],
)
@pytest.mark.parametrize("dtype", [None, "float64", "bool"])
def test_what_are_no_numbers(make: Callable[[], Any], dtype: str | None) -> None:
    with pytest.raises(
        TypeError, match=r"^(asarray: obj|tensor: data) must hold native elements of dtype .*, got \w+ with format"
    ):
        ao.asarray(make(), dtype=dtype)


def test_bools_of_the_other_byte_order() -> None:
    """Which is the same, but may be written so."""
    assert ao.asarray((ctypes.c_bool * 3)(True, False, True), dtype="float64").tolist() == [1.0, 0.0, 1.0]


def test_a_buffer_of_more_memory_than_there_is() -> None:
    for size in (2**40, 2**59):
        with pytest.raises((MemoryError, ValueError)):
            ao.asarray(np.broadcast_to(np.uint8(1), (size,)), dtype="float64")


def test_a_buffer_that_has_been_resized() -> None:
    numbers_ = (ctypes.c_uint16.__ctype_be__ * 4)(1, 2, 3, 4)
    ctypes.resize(numbers_, 64)
    with pytest.raises(BufferError, match="asarray: obj must have 8 bytes for 4 elements, got 64"):
        ao.asarray(numbers_, dtype="int64")


@pytest.mark.filterwarnings("ignore:The 'u' type code is deprecated")
def test_exporters_are_released() -> None:
    contents = array.array("h", [97, 98, 99])
    result = ao.asarray(contents, dtype="int64")
    contents.append(1)  # a BufferError while somebody holds the buffer
    assert result.tolist() == [97, 98, 99]
    letters = array.array("u", "abc")
    with pytest.raises(TypeError):
        ao.asarray(letters)
    letters.append("d")


def test_numpy_is_not_imported() -> None:
    script = (
        "import sys, array, aotops as ao; print(ao.tensor(b'ab', dtype='float32').tolist(), 'numpy' in sys.modules)"
    )
    assert run_python(script).stdout.strip() == "[97.0, 98.0] False"


def test_dates_and_times_are_no_numbers() -> None:
    """NumPy's scalars of them export their eight bytes, its arrays nothing."""
    t = ao.arange(8.0)
    calls: list[Callable[[Any], Any]] = [
        ao.tensor,
        ao.asarray,
        lambda x: ao.asarray(x, dtype="float64"),
        lambda x: ao.tensor([x]),
        lambda x: ao.tensor([x], dtype="float32"),
        lambda x: t + x,
        lambda x: np.add(x, t),
        lambda x: t == x,
        lambda x: t.__setitem__(..., x),
        lambda x: t.__iadd__(x),
        lambda x: ao.add(t, x, out=t),
        lambda x: ao.concat([t, x]),
        lambda x: ao.full(8, x),
        ao.exp,
    ]
    for value in (np.datetime64("2020"), np.timedelta64(1, "s"), np.zeros(8, "M8[D]"), np.zeros((), "m8[s]")):
        for call in calls:
            with pytest.raises(TypeError, match="number"):
                call(value)
    assert t.tolist() == list(range(8))
    assert ao.asarray(np.bytes_(b"ab")).tolist() == [97, 98]


@pytest.mark.parametrize("returned", [5, None, "x", b"", object()])
def test_an_array_method_that_returns_no_array(returned: object) -> None:
    class Exporter:
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return returned

    if returned == b"":
        assert ao.asarray(Exporter()).size == 0
    else:
        with pytest.raises(TypeError, match="tensor: data must be an array of numbers, got Exporter whose __array__"):
            ao.tensor(Exporter())


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "int16"])
@pytest.mark.parametrize("n", [1000, 1024, 1031, 40_000])
def test_rows_that_begin_anywhere_in_a_cache_line(dtype: str, n: int) -> None:
    """Comparisons begin with the elements before a cache line of the first input."""
    size = np.dtype(dtype).itemsize
    memory = np.zeros(n * size + 256, np.uint8)
    start = -memory.ctypes.data % 64
    rng = np.random.default_rng(n)
    y = rng.integers(-4, 4, n).astype(dtype)
    other, column = ao.asarray(y), ao.asarray(np.repeat(y, 2).reshape(n, 2))[:, 0]
    for offset in range(start, start + 128, size):
        x = memory[offset : offset + n * size].view(dtype)
        x[:] = rng.integers(-4, 4, n)
        own = ao.asarray(x)
        assert (own < other).tolist() == (x < y).tolist()
        assert (other < own).tolist() == (y < x).tolist()
        assert (own < column).tolist() == (x < y).tolist()
        assert (own == 2).tolist() == (x == 2).tolist()
        outputs = ao.ones(n + 9, dtype=ao.bool)
        ao.less(own, other, out=outputs[3 : n + 3])
        assert outputs.tolist() == [True] * 3 + (x < y).tolist() + [True] * 6
