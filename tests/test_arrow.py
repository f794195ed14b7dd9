"""Arrow's C data interface, both ways, and what pandas makes of tensors."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from capsules import ARRAY, SCHEMA, ArrowArray, ArrowProducer, ArrowSchema, new_capsule, read_arrow, release
from layouts import DTYPES, LAYOUTS, assert_same
from leaks import assert_no_leak
from needs import requires_pandas, requires_pyarrow
from test_operators import run_python

import aotops as ao
from aotops import abi

FORMATS = {
    "int8": b"c",
    "uint8": b"C",
    "int16": b"s",
    "uint16": b"S",
    "int32": b"i",
    "uint32": b"I",
    "int64": b"l",
    "uint64": b"L",
    "float32": b"f",
    "float64": b"g",
}
SHARED = [name for name in DTYPES if name in FORMATS]

# --- export -----------------------------------------------------------------------------------------------------------


def test_every_dtype_is_shared_or_rejected() -> None:
    for dtype in DTYPES:
        t = ao.tensor(np.arange(5).astype(dtype))
        if dtype in SHARED:
            schema, array = read_arrow(pair := t.__arrow_c_array__())
            assert (schema.format, schema.n_children, schema.dictionary) == (FORMATS[dtype], 0, None)
            assert (array.length, array.null_count, array.offset, array.n_buffers, array.n_children) == (5, 0, 0, 2, 0)
            assert array.buffers[0] is None
            assert array.buffers[1] == np.asarray(t).__array_interface__["data"][0]
            del pair
            alone = t.__arrow_c_schema__()
            assert "arrow_schema" in repr(alone)
        else:
            assert abi.FACTS[dtype].kind in ("bool", "complex")
            for call in (t.__arrow_c_array__, t.__arrow_c_schema__):
                with pytest.raises(
                    BufferError, match=rf"^Arrow: x must hold integers or floats, got dtype {dtype}, .*"
                ):
                    call()


def test_every_layout() -> None:
    for name, layout in LAYOUTS.items():
        t, expected = layout.pair("float64")
        if t.ndim != 1:
            with pytest.raises(
                BufferError, match=rf"^Arrow: x must have one dimension, got {t.ndim}; share its rows, or"
            ):
                t.__arrow_c_array__()
            continue
        _, array = read_arrow(pair := t.__arrow_c_array__())
        values = (ctypes.c_double * array.length).from_address(array.buffers[1])
        assert list(values) == expected.tolist(), name
        if t.size:
            assert (array.buffers[1] == np.asarray(t).__array_interface__["data"][0]) == t.is_contiguous()
        del pair, values


@pytest.mark.parametrize("elsewhere", [False, True])
def test_memory_lives_until_it_is_released(elsewhere: bool) -> None:
    gc.collect()  # what other tests have left
    before = ao.memory.stats()["used"]
    t = ao.full(100_000, 7.0)
    pair = t.__arrow_c_array__()
    schema, array = read_arrow(pair)
    moved = ArrowArray.from_buffer_copy(array)  # as consumers do
    array.release = None
    del t, pair, array, schema
    gc.collect()
    assert ao.memory.stats()["used"] > before
    assert ctypes.c_double.from_address(moved.buffers[1]).value == 7.0
    if elsewhere:
        thread = threading.Thread(target=release, args=(moved,))
        thread.start()
        thread.join()
    else:
        release(moved)
    assert ao.memory.stats()["used"] == before and moved.release is None
    pair = ao.full(100_000, 7.0).__arrow_c_array__()
    schema, array = read_arrow(pair)
    release(schema)  # in place, which leaves the capsules nothing to release
    release(array)
    assert ao.memory.stats()["used"] == before
    del pair
    pair = ao.full(100_000, 7.0).__arrow_c_array__()
    del pair
    assert ao.memory.stats()["used"] == before


def test_capsules_at_exit() -> None:
    done = run_python("import sys, aotops as ao; sys.modules['kept'] = ao.ones(1000).__arrow_c_array__(); print(1)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


# --- import -----------------------------------------------------------------------------------------------------------


def test_arrays_are_shared() -> None:
    producer = ArrowProducer()
    t = ao.asarray(producer)
    assert t.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] and t.readonly
    view = t[2:]
    del t
    producer.elements[3] = 30.0
    assert view[1].item() == 30.0 and producer.returned == 0
    del view
    assert producer.returned == 1
    copy = ao.tensor(producer := ArrowProducer())
    assert producer.returned == 1 and not copy.readonly
    assert ao.asarray(ArrowProducer(), dtype="int64").tolist() == [0, 1, 2, 3, 4, 5]
    assert ao.tensor([ArrowProducer(), [1] * 6]).shape == (2, 6)


def test_parts_of_arrays() -> None:
    def change(schema: ArrowSchema, array: ArrowArray) -> None:
        array.offset, array.length, array.null_count = 2, 3, -1  # not counted, and without a bitmap there are none

    assert ao.asarray(ArrowProducer(change)).tolist() == [2.0, 3.0, 4.0]

    def empty(schema: ArrowSchema, array: ArrowArray) -> None:
        array.length = 0
        array.buffers[1] = None

    assert ao.asarray(ArrowProducer(empty)).shape == (0,)

    def shifted(schema: ArrowSchema, array: ArrowArray) -> None:
        array.buffers[1], array.length = array.buffers[1] + 4, 5

    producer = ArrowProducer(shifted)
    expected = np.frombuffer(bytes(producer.elements)[4:44])
    with pytest.raises(ValueError, match="asarray: obj must need no copy where copy=False, got ArrowProducer"):
        ao.asarray(ArrowProducer(shifted), copy=False)
    assert_same(ao.asarray(producer), expected)
    assert producer.returned == 1


def setting(**values: Any) -> Callable[[ArrowSchema, ArrowArray], None]:
    def change(schema: ArrowSchema, array: ArrowArray) -> None:
        for name, value in values.items():
            setattr(schema if name in ("format", "children_of_schema", "dictionary") else array, name, value)

    return change


def with_bitmap(count: int) -> Callable[[ArrowSchema, ArrowArray], None]:
    def change(schema: ArrowSchema, array: ArrowArray) -> None:
        array.buffers[0] = array.buffers[1]
        array.null_count = count

    return change


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            setting(format=b"b"),
            TypeError,
            "hold elements of dtype .*, got Arrow's format 'b', bools packed .*; cast it",
        ),
        (setting(format=b"u"), TypeError, "hold elements of dtype .*, got Arrow's format 'u'"),
        (setting(format=b"e"), TypeError, "hold elements of dtype .*, got Arrow's format 'e'"),
        (setting(format=b""), TypeError, "hold elements of dtype .*, got Arrow's format ''"),
        (setting(format=b"gg"), TypeError, "hold elements of dtype"),
        (setting(format=None), TypeError, "hold elements of dtype .*, got Arrow's format None"),
        (setting(dictionary=1), TypeError, "hold elements of dtype .*, got Arrow's format 'dictionary'"),
        (setting(n_buffers=1), BufferError, "give two buffers by Arrow, got 1"),
        (setting(n_buffers=-1), BufferError, "give two buffers by Arrow, got -1"),
        (setting(buffers=None), BufferError, "give two buffers by Arrow"),
        (setting(length=-1), BufferError, "give a length that memory can have by Arrow, got -1"),
        (setting(length=2**62), BufferError, "give a length that memory can have"),
        (setting(offset=-1), BufferError, "give an offset that memory can have by Arrow, got -1"),
        (setting(offset=2**60 - 3), BufferError, "give an offset that memory can have"),
        (
            setting(null_count=2),
            ValueError,
            r"have no nulls, got 2 of them; fill them there first, as x\.fill_null\(0\)",
        ),
        (with_bitmap(1), ValueError, "have no nulls, got 1 of them"),
        (with_bitmap(-1), ValueError, "have no nulls, got a bitmap of them"),
    ],
)
def test_arrays_that_cannot_be_read(change: Any, error: type[Exception], message: str) -> None:
    producer = ArrowProducer(change)
    with pytest.raises(error, match=f"^asarray: obj must {message}"):
        ao.asarray(producer)
    assert producer.returned == 0 and producer.array.release, "whoever made it still owns it"


def test_a_bitmap_without_nulls() -> None:
    assert ao.asarray(ArrowProducer(with_bitmap(0))).size == 6


def test_what_are_no_capsules() -> None:
    producer = ArrowProducer()
    good = producer.__arrow_c_array__()
    for value, got in (
        (None, "NoneType"),
        ((), "tuple"),
        (good[0], "PyCapsule"),
        ((good[1], good[0]), "a capsule named 'arrow_array'"),
        ((good[0], 5), "int 5"),
        ((good[0], good[0]), "a capsule named 'arrow_schema'"),
    ):

        class Made:
            def __arrow_c_array__(self, value: Any = value) -> Any:
                return value

        with pytest.raises(TypeError, match=rf"^asarray: obj must return a pair of capsules .*, got {got}"):
            ao.asarray(Made())
    del good
    released = ArrowArray()
    pair = (
        new_capsule(ctypes.addressof(producer.schema), SCHEMA, None),
        new_capsule(ctypes.addressof(released), ARRAY, None),
    )

    class Used:
        def __arrow_c_array__(self) -> Any:
            return pair

    with pytest.raises(TypeError, match=r"^asarray: obj must return new capsules from __arrow_c_array__"):
        ao.asarray(Used())


def test_round_trips() -> None:
    class Other:
        def __init__(self, t: ao.Tensor) -> None:
            self.t = t

        def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
            return self.t.__arrow_c_array__(requested_schema)

    for dtype in SHARED:
        t = ao.tensor(np.arange(100).astype(dtype))
        again = ao.asarray(Other(t))
        assert_same(again, np.arange(100).astype(dtype))
        assert np.shares_memory(np.asarray(again), np.asarray(t))
    t = ao.arange(1000.0)

    def run() -> None:
        ao.asarray(Other(t))
        t.__arrow_c_array__()
        t.__arrow_c_schema__()
        with pytest.raises(BufferError):
            ao.asarray(Other(ao.ones((2, 2))))

    assert_no_leak(run, lambda: ao.memory.stats()["used"])


# --- PyArrow and pandas -----------------------------------------------------------------------------------------------


@requires_pyarrow
def test_pyarrow() -> None:
    import pyarrow as pa

    for dtype in SHARED:
        t = ao.tensor(np.arange(5).astype(dtype))
        array = pa.array(t)
        assert array.to_pylist() == t.tolist() and array.null_count == 0
        back = ao.asarray(array)
        assert_same(back, np.arange(5).astype(dtype))
        assert back.readonly and np.shares_memory(np.asarray(back), np.asarray(t))
    assert ao.asarray(pa.array([1.0, None, 3.0])[2:].fill_null(0)).tolist() == [3.0]
    assert pa.table({"x": ao.ones(2)})["x"].to_pylist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="have no nulls, got 1 of them"):
        ao.asarray(pa.array([1, None]))
    with pytest.raises(TypeError, match="bools packed into bits"):
        ao.asarray(pa.array([True]))


@requires_pandas
def test_pandas() -> None:
    import pandas as pd

    for dtype in DTYPES:
        t = ao.tensor(np.arange(6).reshape(3, 2).astype(dtype))
        series = pd.Series(t[:, 0])
        assert series.dtype == dtype and series.tolist() == t[:, 0].tolist()
        frame = pd.DataFrame(t)
        assert [str(kind) for kind in frame.dtypes] == [dtype] * 2 and frame.to_numpy().tolist() == t.tolist()
        columns = pd.DataFrame({"a": t[:, 0], "b": ao.ones(3)})
        assert [str(kind) for kind in columns.dtypes] == [dtype, "float64"]
        columns["c"] = t[:, 1]
        assert ao.asarray(columns["c"]).tolist() == t[:, 1].tolist()
        assert_same(ao.asarray(frame), np.asarray(t))
    assert (pd.Series(ao.ones(3)) + ao.ones(3)).tolist() == [2.0] * 3


def test_what_has_the_method_array_alone() -> None:
    class Column:  # as those of pandas
        def __init__(self, values: Any) -> None:
            self.values = values

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return self.values

    values = np.arange(3.0)
    t = ao.asarray(Column(values))
    t[0] = 5.0
    assert values[0] == 5.0 and ao.tensor([Column(values), Column(values)]).shape == (2, 3)
    for wrong in (np.zeros(2, object), "text", None):
        with pytest.raises(TypeError):
            ao.asarray(Column(wrong))


def test_the_method_array_of_tensors() -> None:
    t = ao.arange(3.0)
    assert np.shares_memory(t.__array__(), np.asarray(t))
    assert t.__array__("int64").dtype == "int64" and t.__array__(copy=True).tolist() == t.tolist()
    assert not np.shares_memory(t.__array__(copy=True), np.asarray(t))
    assert not np.shares_memory(t.__array__("float64", copy=True), np.asarray(t))
    with pytest.raises(ValueError, match="__array__: x must need no copy where copy=False, got dtype float64"):
        t.__array__("float32", copy=False)
