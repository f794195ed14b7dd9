"""Tensors as Python sees them: creation, views, indexing, assignment, conversion, printing, buffers, copies."""

import array
import collections
import copy
import ctypes
import gc
import hashlib
import inspect
import io
import itertools
import math
import operator
import pickle
import pydoc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cells import for_each
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, INTEGERS, LAYOUTS, OVERLAPS, SAMPLED, Layout, assert_same

import aotops as ao
from aotops import abi

every_layout = for_each("layout", LAYOUTS)
every_dtype = pytest.mark.parametrize("dtype", SAMPLED)
MAX, MIN = 2**63 - 1, -(2**63)


def memory_of(t: ao.Tensor) -> np.ndarray:
    """A NumPy array on a tensor's memory."""
    return np.asarray(t)


def address(t: ao.Tensor) -> int:
    """Where a tensor's first element lies."""
    return int(memory_of(t).ctypes.data)


# --- creation ------------------------------------------------------------------------------------------------


class Temperature(float):
    """A subclass of a number type."""


@pytest.mark.parametrize(
    ("data", "dtype", "shape"),
    [
        (True, "bool", ()),
        (7, "int64", ()),
        (2.5, "float64", ()),
        (Temperature(1.5), "float64", ()),
        ([True, False], "bool", (2,)),
        ([True, 2], "int64", (2,)),
        ([True, 2.0], "float64", (2,)),
        ([1, 2, 3], "int64", (3,)),
        ((1, 2, 3), "int64", (3,)),
        ([1, 2.5], "float64", (2,)),
        ([MIN, MAX], "int64", (2,)),
        ([[1, 2], [3, 4], [5, 6]], "int64", (3, 2)),
        ([(1, 2), (3.0, 4)], "float64", (2, 2)),
        (((True,), (False,)), "bool", (2, 1)),
        (range(4), "int64", (4,)),
        (range(10, 0, -3), "int64", (4,)),
        ([range(2), range(2, 4)], "int64", (2, 2)),
        ([range(2), [2.5, 3]], "float64", (2, 2)),
        ([[[1]], [[2]]], "int64", (2, 1, 1)),
        ([[True], [2], [2.5]], "float64", (3, 1)),
        ([Temperature(1.5), 2], "float64", (2,)),
        ([10**30, 1.0], "float64", (2,)),
    ],
)
def test_tensor_of_python_numbers(data: Any, dtype: str, shape: tuple[int, ...]) -> None:
    for t in (ao.tensor(data), ao.asarray(data)):
        assert_same(t, np.array(data, dtype=dtype))
        assert t.shape == shape
        assert not t.readonly


@pytest.mark.parametrize(
    ("data", "shape"),
    [([], (0,)), ((), (0,)), (range(0), (0,)), ([[]], (1, 0)), ([[], []], (2, 0)), ([[[]], [[]]], (2, 1, 0))],
)
def test_tensor_of_nothing_is_float64(data: Any, shape: tuple[int, ...]) -> None:
    assert_same(ao.tensor(data), np.zeros(shape))
    assert_same(ao.tensor(data, dtype=ao.bool), np.zeros(shape, bool))


def test_nesting_goes_thirty_two_deep() -> None:
    data: Any = 5
    for _ in range(32):
        data = [data]
    assert ao.tensor(data).shape == (1,) * 32
    assert ao.tensor(data).tolist() == data


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([1.7, -1.7, 0.0], "int64"),
        ([1.7, -1.7, 0.0], "bool"),
        ([1, 0, -5], "bool"),
        ([True, False], "float32"),
        ([1, 2], "float32"),
        ([0.1, 0.2], "float32"),
        ([2**53 + 1, 16777217], "float32"),
        ([10**30, -(10**30)], "float64"),
        ([10**30, 1], "float32"),
        (10**30, "float64"),
        (2.9, "int64"),
    ],
)
def test_tensor_of_a_given_dtype(data: Any, dtype: str) -> None:
    wanted = np.array(data, dtype=float if dtype != "bool" else None).astype(dtype)
    for spelling in (dtype, getattr(ao, dtype), np.dtype(dtype), np.dtype(dtype).type):
        assert_same(ao.tensor(data, dtype=spelling), wanted)


@pytest.mark.parametrize(("kind", "dtype"), [(bool, "bool"), (int, "int64"), (float, "float64")])
def test_pythons_number_types_are_dtypes(kind: type, dtype: str) -> None:
    assert ao.zeros(2, dtype=kind).dtype == dtype
    assert ao.tensor([0, 1], dtype=kind).tolist() == [kind(0), kind(1)]


@pytest.mark.parametrize(
    ("data", "dtype", "values"),
    [
        ([ao.tensor(1), ao.tensor(2)], "int64", [1, 2]),
        ([ao.tensor([1, 2]), ao.tensor([3, 4])], "int64", [[1, 2], [3, 4]]),
        ([ao.tensor([1, 2]), [3, 4]], "int64", [[1, 2], [3, 4]]),
        ([ao.tensor([1, 2]), ao.tensor([0.5, 1.5])], "float64", [[1.0, 2.0], [0.5, 1.5]]),
        ([ao.tensor([True]), ao.tensor([2])], "int64", [[1], [2]]),
        ([ao.tensor(0.5, dtype="float32"), ao.tensor(True)], "float32", [0.5, 1.0]),
        ([ao.tensor(0.5, dtype="float32"), ao.tensor(3)], "float64", [0.5, 3.0]),
        ([ao.tensor(0.5, dtype="float32"), 2.5, 3], "float32", [0.5, 2.5, 3.0]),
        ([ao.tensor(1), 2.5], "float64", [1.0, 2.5]),
        ([ao.tensor(True), 5], "int64", [1, 5]),
        ([ao.tensor(True), False], "bool", [True, False]),
        ([ao.zeros(0, dtype="float32")], "float32", [[]]),
        ([[ao.tensor(1), 2], [3, ao.tensor(4)]], "int64", [[1, 2], [3, 4]]),
        ([ao.arange(6).view(2, 3).T], "int64", [[[0, 3], [1, 4], [2, 5]]]),
    ],
)
def test_tensors_inside_of_lists(data: Any, dtype: str, values: list[Any]) -> None:
    assert_same(ao.tensor(data), np.array(values, dtype))


@every_dtype
@every_layout
def test_tensor_of_a_tensor_is_a_contiguous_copy(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype, 1, "special")
    copied = ao.tensor(t)
    assert_same(copied, expected)
    assert copied.is_contiguous() and not copied.readonly
    assert copied is not t and not np.shares_memory(memory_of(copied), memory_of(t))


def test_asarray_of_a_tensor_is_the_tensor() -> None:
    t = ao.ones(3)
    assert ao.asarray(t) is t
    assert ao.asarray(t, dtype=ao.float64) is t
    assert ao.asarray(t, copy=False) is t
    assert ao.asarray(t, copy=True) is not t
    assert_same(ao.asarray(t, dtype="int64"), np.ones(3, np.int64))


@pytest.mark.parametrize(
    ("make", "value"),
    [(ao.zeros, 0), (ao.ones, 1), (lambda shape, **dtype: ao.full(shape, 2.5, **dtype), 2.5)],
    ids=["zeros", "ones", "full"],
)
def test_tensors_of_one_value(make: Callable[..., ao.Tensor], value: float) -> None:
    for shape in ((), (0,), (3,), (2, 3), (2, 0, 3), (1,) * 32, (5, 1, 70)):
        assert_same(make(shape), np.full(shape, value, float))
        for dtype in DTYPES:
            assert_same(make(shape, dtype=dtype), np.full(shape, value).astype(dtype))
    for shape in (3, [3], np.int64(3), ao.tensor(3), (np.int64(3),), range(3, 4)):
        assert make(shape).shape == (3,)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(True, "bool"), (7, "int64"), (MIN, "int64"), (2.5, "float64"), (math.nan, "float64"), (-0.0, "float64")],
)
def test_full_takes_the_dtype_of_the_value(value: Any, dtype: str) -> None:
    assert_same(ao.full((2, 2), value), np.full((2, 2), value, dtype))


def test_full_of_another_dtype() -> None:
    assert ao.full(2, 2.9, dtype="int64").tolist() == [2, 2]
    assert ao.full(2, 10**30, dtype="float64").tolist() == [1e30, 1e30]
    assert ao.full(2, -1, dtype="bool").tolist() == [True, True]
    assert ao.full(2, math.nan, dtype="bool").tolist() == [True, True]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_number_fills_rows_of_any_length_and_nothing_beside_them(dtype: str) -> None:
    for rows, columns in [(1, 0), (0, 3), (1, 1), (3, 7), (1, 63), (2, 64), (5, 65), (2, 1000), (1, 100_001)]:
        for views in (np.s_[1:-1, 2:-3], np.s_[1:-1, 2:-3:2], np.s_[-2:0:-1, 2:-3], np.s_[1:-1, -4:1:-1]):
            array = np.zeros((rows + 2, columns + 5), dtype)
            tensor = ao.tensor(array)
            array[views] = 1
            tensor[views] = 1
            assert_same(tensor, array)
        assert_same(ao.ones((rows, columns), dtype=dtype), np.ones((rows, columns), dtype))


def test_empty_has_shape_and_dtype() -> None:
    for shape, dtype in itertools.product(((), (0,), (3, 4), (1,) * 32), DTYPES):
        t = ao.empty(shape, dtype=dtype)
        assert (t.shape, t.dtype.name, t.size, t.ndim) == (shape, dtype, math.prod(shape), len(shape))
    assert ao.empty(3).dtype == ao.float64


@pytest.mark.parametrize("length", [1, 5, 40, 41, 100, 1000, 10_000])
def test_new_memory_is_aligned_to_cache_lines(length: int) -> None:
    made = [ao.empty(length, dtype=dtype) for dtype in DTYPES] + [ao.ones(length) + 1, ao.zeros((length, 3)).sum(1)]
    assert [address(t) % 64 for t in made] == [0] * len(made)


@pytest.mark.parametrize(
    "arguments",
    [
        (5,),
        (0,),
        (-3,),
        (2, 7),
        (7, 2),
        (2, 11, 3),
        (11, 2, -3),
        (2, 11, -3),
        (MAX - 3, MAX),
        (MIN, MIN + 3),
        (0, MAX, 2**62),
        (0, 5, 10**30),
        (10**30, 10**30),
        (True, 5),
    ],
)
def test_arange_of_ints(arguments: tuple[int, ...]) -> None:
    assert_same(ao.arange(*arguments), np.array(list(range(*arguments)), np.int64))


@pytest.mark.parametrize(
    "arguments",
    [(5.0,), (0.5,), (0, 1, 0.1), (1, 0, -0.25), (2.0, 7), (1.5, 8.5, 2), (0, -1.0), (0, 1, 1 / 3), (-0.5,)],
)
def test_arange_of_floats(arguments: tuple[float, ...]) -> None:
    start, stop, step = {1: (0, *arguments, 1), 2: (*arguments, 1), 3: arguments}[len(arguments)]
    wanted = [start + position * step for position in range(math.ceil((stop - start) / step))]
    assert_same(ao.arange(*arguments), np.array(wanted, float))


def test_arange_of_a_dtype() -> None:
    assert_same(ao.arange(3, dtype="float32"), np.arange(3, dtype=np.float32))
    assert_same(ao.arange(0, 2, 0.5, dtype="int64"), np.array([0, 0, 1, 1]))
    assert ao.arange(1, step=2).tolist() == [0]
    assert ao.arange(1, stop=5, step=2).tolist() == [1, 3]


# --- buffers that come in ------------------------------------------------------------------------------------------


def shaped_memoryview() -> memoryview:
    return memoryview(bytearray(np.arange(6.0).tobytes())).cast("d", (2, 3))


BUFFERS: dict[str, tuple[Callable[[], Any], str]] = {
    "array of doubles": (lambda: array.array("d", range(6)), "float64"),
    "array of floats": (lambda: array.array("f", range(6)), "float32"),
    "array of long longs": (lambda: array.array("q", range(6)), "int64"),
    "memoryview": (lambda: memoryview(array.array("d", range(6))), "float64"),
    "memoryview with steps": (lambda: memoryview(array.array("d", range(12)))[1::2], "float64"),
    "memoryview backwards": (lambda: memoryview(array.array("q", range(6)))[::-1], "int64"),
    "bytearray cast to doubles": (lambda: memoryview(bytearray(np.arange(6.0).tobytes())).cast("d"), "float64"),
    "bytearray cast to a matrix": (shaped_memoryview, "float64"),
    "bytearray cast to bools": (lambda: memoryview(bytearray([0, 1, 1, 0])).cast("?"), "bool"),
    "bytearray without elements": (lambda: memoryview(bytearray()).cast("d"), "float64"),
    "NumPy matrix": (lambda: np.arange(12.0).reshape(3, 4), "float64"),
    "NumPy transpose": (lambda: np.arange(12.0, dtype=np.float32).reshape(3, 4).T, "float32"),
    "NumPy with steps": (lambda: np.arange(40).reshape(4, 10)[::2, 1::3], "int64"),
    "NumPy backwards": (lambda: np.arange(12).reshape(3, 4)[::-1, ::-1], "int64"),
    "NumPy without dimensions": (lambda: np.array(2.5), "float64"),
    "NumPy without elements": (lambda: np.zeros((0, 3), bool), "bool"),
    "NumPy of many dimensions": (lambda: np.arange(2.0).reshape((1,) * 31 + (2,)), "float64"),
    "field of aligned records": (lambda: np.zeros(4, [("a", "f8"), ("b", "i8")])["b"], "int64"),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_asarray_shares_the_memory_of_buffers(name: str) -> None:
    make, dtype = BUFFERS[name]
    exporter = make()
    oracle = np.asarray(exporter)
    for arguments in ({}, {"copy": False}, {"dtype": dtype, "copy": False}):
        t = ao.asarray(exporter, **arguments)
        assert_same(t, oracle)
        assert t.dtype == dtype and not t.readonly
        if t.size:
            assert address(t) == oracle.ctypes.data
            t[...] = t == 0  # the exporter sees what is written, and the tensor what the exporter is given
            assert_same(t, oracle)
            oracle[...] = 1
            assert_same(t, oracle)


def test_a_buffer_without_elements_is_never_unaligned() -> None:
    assert ao.asarray(array.array("d"), copy=False).shape == (0,)


@pytest.mark.parametrize("name", BUFFERS)
def test_copy_of_a_buffer_is_independent(name: str) -> None:
    exporter = BUFFERS[name][0]()
    oracle = np.asarray(exporter)
    before = oracle.copy()
    for t in (ao.asarray(exporter, copy=True), ao.tensor(exporter)):
        assert_same(t, before)
        assert t.is_contiguous()
        t[...] = 1
        assert np.array_equal(oracle, before)
        assert not np.shares_memory(memory_of(t), oracle)


UNALIGNED: dict[str, Callable[[], np.ndarray]] = {
    "an odd address": lambda: np.frombuffer(bytearray(b"\0" + np.arange(6.0).tobytes()), offset=1),
    "an odd step": lambda: np.array([(1, 2.5), (3, 4.5)], [("a", "u1"), ("b", "f8")])["b"],
    "half of an element": lambda: np.frombuffer(bytearray(b"\0" * 4 + np.arange(6).tobytes()), np.int64, offset=4),
}


@pytest.mark.parametrize("name", UNALIGNED)
def test_unaligned_memory_is_copied(name: str) -> None:
    oracle = UNALIGNED[name]()
    for t in (ao.asarray(oracle), ao.asarray(oracle, copy=True), ao.tensor(oracle)):
        assert_same(t, oracle)
        assert address(t) % 64 == 0
    with pytest.raises(
        ValueError, match="asarray: obj must need no copy where copy=False, got ndarray that is not aligned"
    ):
        ao.asarray(oracle, copy=False)


def test_read_only_memory_makes_read_only_tensors() -> None:
    frozen = np.arange(6.0).reshape(2, 3)
    frozen.flags.writeable = False
    for exporter in (frozen, memoryview(frozen), memoryview(bytes(48)).cast("d"), memoryview(frozen).toreadonly()):
        t = ao.asarray(exporter)
        assert t.readonly and t[0, ...].readonly
        assert memoryview(t).readonly and not memory_of(t).flags.writeable
        for write in (
            lambda t=t: t.__setitem__(0, 1.0),
            lambda t=t: operator.iadd(t, 1.0),
            lambda t=t: ao.exp(t, out=t),
            lambda t=t: ao.sum(t, 0, out=t[0, ...]),
        ):
            with pytest.raises(
                ValueError, match="must be writable, got a read-only tensor, whose memory belongs to an object"
            ):
                write()
        assert not ao.tensor(t).readonly and not (t + 1).readonly
    assert np.array_equal(frozen, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("number", [np.float64(2.5), np.float32(2.5), np.int64(3), np.bool_(True)], ids=repr)
def test_numpy_scalars(number: Any) -> None:
    assert_same(ao.asarray(number), np.asarray(number))


def test_a_tensor_keeps_its_memory_alive() -> None:
    exporter = bytearray(np.arange(3.0).tobytes())
    t = ao.asarray(memoryview(exporter).cast("d"))[1:]
    with pytest.raises(BufferError):
        exporter.extend(b"more")
    gc.collect()
    assert t.tolist() == [1.0, 2.0]
    del t
    exporter.extend(b"more")  # given back
    values = np.arange(1000.0)
    shared, gone = ao.asarray(values)[::2], weakref.ref(values)
    del values
    assert gone() is not None and shared[499].item() == 998.0
    del shared
    assert gone() is None


def test_asarray_converts_buffers() -> None:
    values = np.arange(4.0)
    t = ao.asarray(values, dtype="float32")
    assert_same(t, values.astype(np.float32))
    with pytest.raises(
        ValueError, match="asarray: obj must need no copy where copy=False, got ndarray of dtype float64"
    ):
        ao.asarray(values, dtype="float32", copy=False)
    with pytest.raises(ValueError, match="must need no copy where copy=False, got list"):
        ao.asarray([1.0], copy=False)


# --- attributes ------------------------------------------------------------------------------------------------


@every_dtype
@every_layout
def test_attributes(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype)
    assert t.shape == expected.shape and t.ndim == expected.ndim and t.size == expected.size
    assert t.dtype is getattr(ao, dtype)
    assert t.readonly is not expected.flags.writeable
    if expected.size > 1:
        assert t.is_contiguous() == expected.flags.c_contiguous
    steps = [
        (step, size // expected.itemsize)
        for length, step, size in zip(t.shape, t.strides, expected.strides, strict=True)
        if length > 1 and expected.size
    ]
    assert all(ours == numpys for ours, numpys in steps)
    for name in ("shape", "strides", "dtype", "ndim", "size", "readonly", "T"):
        with pytest.raises(AttributeError):
            setattr(t, name, getattr(t, name))
    with pytest.raises(AttributeError):
        t.another = 1
    assert t.__array_namespace__() is ao is t.__array_namespace__(api_version=None)


# --- views -----------------------------------------------------------------------------------------------------


@every_layout
def test_transpose(layout: Layout) -> None:
    t, expected = layout.pair("float64")
    assert_same(t.T, expected.T)
    assert_same(t.T.T, expected)
    if t.size:
        assert np.shares_memory(memory_of(t.T), memory_of(t))


@every_layout
def test_permutations(layout: Layout) -> None:
    t, expected = layout.pair("int64")
    generator = np.random.default_rng(0)
    orders = {tuple(generator.permutation(t.ndim).tolist()) for _ in range(6)}
    for order in orders:
        wanted = expected.transpose(order)
        negative = tuple(axis - t.ndim for axis in order)
        for view in (ao.permute_dims(t, order), t.permute(*order), t.permute(order), t.permute(list(negative))):
            assert_same(view, wanted)
            assert not t.size or np.shares_memory(memory_of(view), memory_of(t))


def test_permute_of_one_axis_takes_an_int() -> None:
    assert ao.permute_dims(ao.arange(3), 0).tolist() == [0, 1, 2]
    assert ao.arange(3).permute(0).tolist() == [0, 1, 2]
    assert ao.tensor(1.0).permute().item() == 1.0


@every_dtype
@every_layout
def test_contiguous(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype, 2, "special")
    whole = t.contiguous()
    assert_same(whole, expected)
    assert whole.is_contiguous()
    assert (whole is t) == t.is_contiguous()


def target_shapes(size: int, generator: np.random.Generator) -> list[tuple[int, ...]]:
    """Shapes of a size: each way to split off two divisors, and ones in between."""
    divisors = [d for d in range(1, size + 1) if size % d == 0][:8] or [1]
    shapes = [(size,), (1, size, 1)]
    for d in divisors:
        shapes += [(d, size // d), (size // d, 1, d)]
        shapes += [(d, e, size // d // e) for e in divisors if size // d % e == 0]
    return [shapes[int(k)] for k in generator.permutation(len(shapes))[:20]]


def check_reshape(t: ao.Tensor, expected: np.ndarray, shape: tuple[int, ...]) -> None:
    """Compare reshape, its copy= and view with NumPy, which decides whether elements can be shown without a copy."""
    wanted = expected.reshape(shape)
    without_copy = not expected.size or np.shares_memory(wanted, expected)
    for result in (ao.reshape(t, shape), t.reshape(shape), t.reshape(*shape), ao.reshape(t, shape, copy=None)):
        assert_same(result, wanted, f"{expected.shape} {expected.strides} to {shape}")
        if t.size:
            assert np.shares_memory(memory_of(result), memory_of(t)) == without_copy
    copied = ao.reshape(t, shape, copy=True)
    assert_same(copied, wanted)
    assert not np.shares_memory(memory_of(copied), memory_of(t))
    if without_copy:
        assert_same(t.view(*shape), wanted)
        assert_same(t.view(shape), wanted)
        assert_same(ao.reshape(t, shape, copy=False), wanted)
    else:
        for call in (lambda: t.view(*shape), lambda: ao.reshape(t, shape, copy=False)):
            with pytest.raises(
                ValueError, match=r"x must have strides that a view of shape \(.*\) can show, got shape"
            ):
                call()


@every_layout
def test_reshape(layout: Layout) -> None:
    t, expected = layout.pair("float64", 3)
    for shape in target_shapes(t.size, np.random.default_rng(4)):
        check_reshape(t, expected, shape)


def test_reshape_works_out_one_length() -> None:
    t = ao.arange(12)
    for shape, wanted in (((-1,), (12,)), ((3, -1), (3, 4)), ((-1, 2, 3), (2, 2, 3)), ((12, -1), (12, 1))):
        assert ao.reshape(t, shape).shape == t.view(*shape).shape == wanted
    assert ao.reshape(t, -1).shape == (12,)
    assert ao.zeros((0, 3)).reshape(-1, 3).shape == (0, 3)
    assert ao.tensor(1.0).reshape(-1).shape == (1,)
    assert ao.ones((1, 1)).reshape(()).shape == ao.ones((1, 1)).reshape().shape == ()


STEPS = st.sampled_from([None, 1, 2, 3, 5, -1, -2, -3, 2**70, -(2**70)])
ENDS = st.none() | st.integers(-7, 7) | st.sampled_from([2**70, -(2**70)])
SLICES = st.builds(slice, ENDS, ENDS, STEPS)
SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4, 6]), max_size=4).map(tuple)


@st.composite
def strided(draw: st.DrawFn) -> tuple[ao.Tensor, np.ndarray]:
    """A tensor and an array of one random strided layout."""
    shape = draw(SHAPES)
    array_ = np.arange(math.prod(shape)).reshape(shape)
    t = ao.tensor(array_)
    order = draw(st.permutations(range(len(shape))))
    key = (*(draw(SLICES) for _ in shape), ...)
    if draw(st.booleans()):
        return ao.permute_dims(t[key], order), array_[key].transpose(order)
    return ao.permute_dims(t, order), array_.transpose(order)


@settings(max_examples=300, deadline=None)
@given(strided(), st.randoms(use_true_random=False))
def test_reshape_of_random_views(pair: tuple[ao.Tensor, np.ndarray], random: Any) -> None:
    t, expected = pair
    shapes = target_shapes(t.size, np.random.default_rng(random.randrange(1000)))
    for shape in shapes[:5]:
        check_reshape(t, expected, shape)


# --- indexing --------------------------------------------------------------------------------------------------

INDICES = st.integers(-7, 7) | SLICES | st.none() | st.just(Ellipsis) | st.integers(-7, 7).map(np.int64)


def keys(length: int) -> st.SearchStrategy[Any]:
    """Single indices and tuples of them."""
    return INDICES | st.lists(INDICES, max_size=length + 2).map(tuple)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_indexing(data: st.DataObject) -> None:
    t, expected = data.draw(strided())
    key = data.draw(keys(t.ndim))
    try:
        wanted = expected[key]
    except IndexError:
        with pytest.raises(IndexError):
            t[key]
        return
    assert_same(t[key], wanted, f"{key}")
    if t[key].size:  # NumPy has numbers where an element is a tensor of its own
        assert np.shares_memory(memory_of(t[key]), memory_of(t)) != isinstance(wanted, np.generic)


@every_layout
def test_indexing_every_layout(layout: Layout) -> None:
    t, expected = layout.pair("float32", 5, "special")
    wanted = [..., ()]
    if t.ndim < 30:
        wanted += [None, (..., None), (None, ..., None)]
    if t.ndim:
        wanted += [slice(None), slice(None, None, -1), slice(1, None), (slice(None, None, 2), ...)]
        wanted += [(..., slice(0, -1)), (..., slice(None, None, -3)), slice(5, 1), slice(100, 200)]
    if t.size and t.ndim:
        wanted += [0, -1, (0,) * t.ndim, (-1,) * t.ndim, (..., 0), (..., -1, None)]
    for key in wanted:
        assert_same(t[key], expected[key], f"{key}")


Point = collections.namedtuple("Point", "row column")


def test_indices_of_other_types() -> None:
    t = ao.arange(12).view(3, 4)
    assert t[ao.tensor(1)].tolist() == [4, 5, 6, 7]
    assert t[ao.tensor(2), np.int64(-1)].item() == 11
    assert t[Point(1, 2)].item() == 6
    assert t[ao.tensor(1) : np.int64(3), :: ao.tensor(2)].tolist() == [[4, 6], [8, 10]]
    assert t[ao.tensor([0, -1]), np.int64(1)].tolist() == [1, 9]


def test_an_element_is_a_tensor_without_dimensions() -> None:
    t = ao.arange(4.0)
    element = t[2]
    assert isinstance(element, ao.Tensor) and element.shape == () and element.item() == 2.0
    element[...] = 7.0
    assert t.tolist() == [0.0, 1.0, 2.0, 3.0]
    t[2, ...][...] = 7.0
    assert t.tolist() == [0.0, 1.0, 7.0, 3.0]


def test_views_of_views_lie_where_they_should() -> None:
    t = ao.arange(60).view(3, 4, 5)
    view = t[1:, ::-1][:, 1:3].permute(2, 0, 1)[::-2, 1]
    expected = np.arange(60).reshape(3, 4, 5)[1:, ::-1][:, 1:3].transpose(2, 0, 1)[::-2, 1]
    assert_same(view, expected)
    view[...] = -1
    assert ao.sum(t == -1).item() == view.size


# --- assignment ------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_assignment(data: st.DataObject) -> None:
    t, expected = data.draw(strided())
    expected = expected.copy(order="K")
    dtype = data.draw(st.sampled_from(DTYPES))
    t, expected = ao.asarray(np.array(expected, dtype)), np.array(expected, dtype)
    key = data.draw(keys(t.ndim))
    try:
        target = np.asarray(expected[key])
    except IndexError:
        with pytest.raises(IndexError):
            t[key] = 0
        assert_same(t, expected)
        return
    shape = target.shape[data.draw(st.integers(0, target.ndim)) :]
    shape = tuple(length if data.draw(st.booleans()) else 1 for length in shape)
    value = np.random.default_rng(1).integers(-5, 6, shape) / data.draw(st.sampled_from([1, 4]))
    source_dtype = data.draw(st.sampled_from(DTYPES))
    t[key] = ao.tensor(value, dtype=source_dtype)
    expected[key] = value.astype(source_dtype)
    assert_same(t, expected, f"{key} = {shape}")


@pytest.mark.parametrize("target", DTYPES)
def test_assignment_and_astype_convert(target: str) -> None:
    for source in DTYPES:
        check_conversion(source, target)


def check_conversion(source: str, target: str) -> None:
    """Demand NumPy's conversion on every layout, except of what integers cannot hold."""
    for name in ("65 in a row", "transposed", "reversed", "repeated rows", "one column", "no dimensions", "empty rows"):
        t, values = LAYOUTS[name].pair(source, 5, "special")
        if target in INTEGERS and values.dtype.kind == "f":
            # what int64 cannot hold becomes its smallest value on every platform, whose low bits narrow dtypes keep
            fits = (values >= -(2.0**63)) & (values < 2.0**63)
            wanted = np.where(fits, np.where(fits, values, 0).astype(np.int64), MIN).astype(target)
            if target == "uint64":
                large = (values >= 2.0**63) & (values < 2.0**64)
                wanted = np.where(large, np.where(large, values, 0).astype(target), wanted)
        else:
            with np.errstate(all="ignore"):
                wanted = values.astype(target)
        assert_same(ao.astype(t, target), wanted, name)
        assert_same(t.astype(target), wanted, name)
        if values.ndim == 0:
            continue  # a single number must fit, as a Python number must: test_mixing
        assert_same(ao.asarray(t, dtype=target), wanted, name)
        filled = ao.zeros(values.shape, dtype=target)
        filled[...] = t
        assert_same(filled, wanted, name)


@pytest.mark.parametrize("number", [True, 3, -2, 2.75, -0.0, 1e30, math.inf, 2**40])
@every_dtype
def test_assignment_of_numbers(dtype: str, number: Any) -> None:
    for layout in ("matrix", "transposed", "no dimensions", "reversed both ways"):
        t, expected = LAYOUTS[layout].pair(dtype)
        least, most = abi.FACTS[dtype].bounds if dtype in INTEGERS else (-math.inf, math.inf)
        if not least <= number <= most:
            with pytest.raises(OverflowError, match=rf"^assignment: value must fit {dtype}, got (int|float) "):
                t[...] = number
        else:
            expected[...] = t[...] = number
        assert_same(t, expected, layout)


def test_assignment_of_large_ints() -> None:
    t = ao.zeros(2)
    t[0] = 10**30
    assert t.tolist() == [1e30, 0.0]
    whole = ao.zeros(2, dtype="int64")
    with pytest.raises(
        OverflowError, match=r"^assignment: value must fit int64, got int 10{30}; convert the tensor first, "
    ):
        whole[0] = 10**30
    assert whole.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([1.5, 2.5, 3.5], [1.5, 2.5, 3.5]),
        ((1, 2, 3), [1, 2, 3]),
        (range(3), [0, 1, 2]),
        ([[1], [2]], [[1], [2]]),
        ([True, False, True], [1, 0, 1]),
        (array.array("d", [4, 5, 6]), [4, 5, 6]),
        (np.arange(3.0)[::-1], [2, 1, 0]),
        (ao.arange(3), [0, 1, 2]),
        ([ao.arange(3), ao.zeros(3)], [[0, 1, 2], [0, 0, 0]]),
        (7, 7),
        (np.float64(2.5), 2.5),
        (np.float32(0.5), 0.5),
        (np.int64(9), 9),
        (ao.tensor(4), 4),
    ],
    ids=repr,
)
def test_assignment_of_other_data(value: Any, wanted: Any) -> None:
    t, expected = ao.zeros((2, 3)), np.zeros((2, 3))
    t[...] = value
    expected[...] = wanted
    assert_same(t, expected)


@pytest.mark.parametrize("overlap", OVERLAPS.values(), ids=OVERLAPS)
@every_dtype
def test_assignment_between_overlapping_views(overlap: Any, dtype: str) -> None:
    memory, expected = overlap.memory(dtype, 6, "special")
    overlap.target(expected)[...] = overlap.source(expected).copy()  # NumPy itself gets "squeezed" wrong
    overlap.target(memory)[...] = overlap.source(memory)
    assert_same(memory, expected)


def test_assignment_between_views_of_different_dtypes_of_one_memory() -> None:
    raw = np.arange(20.0)
    integers, floats = ao.asarray(raw.view(np.int64)), ao.asarray(raw)
    integers[...] = floats
    assert raw.view(np.int64).tolist() == list(range(20))


@every_layout
def test_a_deleted_item_is_a_type_error(layout: Layout) -> None:
    t, _ = layout.pair("float64")
    with pytest.raises((TypeError, AttributeError)):
        del t[...]


# --- astype --------------------------------------------------------------------------------------------------------


@every_dtype
def test_astype_copies_unless_told_otherwise(dtype: str) -> None:
    t = ao.ones((2, 3), dtype=dtype)
    assert ao.astype(t, dtype) is not t
    assert ao.astype(t, dtype, copy=False) is t and t.astype(dtype, copy=False) is t
    copied = t.astype(dtype)
    copied[0, 0] = 0
    assert t.tolist() == [[1] * 3] * 2


@every_layout
def test_astype_keeps_read_only_sources_apart(layout: Layout) -> None:
    t, expected = layout.pair("float64", 1, "special")
    copied = t.astype("float64")
    assert_same(copied, expected)
    assert copied.is_contiguous() and not copied.readonly


# --- a container -------------------------------------------------------------------------------------------------


def test_length_and_iteration() -> None:
    t = ao.arange(6).view(3, 2)
    assert len(t) == 3 and len(ao.zeros((0, 4))) == 0
    rows = list(t)
    assert [row.tolist() for row in rows] == [[0, 1], [2, 3], [4, 5]]
    rows[1][0] = 20
    assert t[1, 0].item() == 20
    assert [element.item() for element in ao.arange(3)] == [0, 1, 2]
    assert [row.tolist() for row in reversed(t)] == [[4, 5], [20, 3], [0, 1]]
    (a, b), *rest = t
    assert (a.item(), b.item(), len(rest)) == (0, 1, 2)
    assert sum(ao.arange(5)).item() == 10
    assert list(ao.zeros((0, 2))) == []
    for function in (len, iter, list):
        with pytest.raises(TypeError, match=r"(of|over) a 0-d tensor"):
            function(ao.tensor(1.0))


def test_membership() -> None:
    t = ao.tensor([[1.0, 2.0], [3.0, math.nan]])
    assert 2 in t and 2.0 in t and 5 not in t and math.nan not in t
    assert ao.tensor([1.0, 2.0]) in t and ao.tensor([9.0, 2.0]) in t  # any element, as NumPy has it
    assert None not in t and "a" not in t and 1 not in ao.zeros(0)
    assert True in ao.tensor([False, True]) and 7 not in ao.tensor(6)


@pytest.mark.parametrize(
    ("data", "truth"),
    [(0, False), (3, True), (0.0, False), (-0.0, False), (math.nan, True), ([[0.5]], True), ([False], False)],
)
def test_truth_of_one_element(data: Any, truth: bool) -> None:
    assert bool(ao.tensor(data)) is truth
    assert (not ao.tensor(data)) is not truth


@pytest.mark.parametrize("shape", [(0,), (2,), (1, 2), (3, 0)])
def test_truth_of_none_or_many_is_ambiguous(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"^bool: x must have exactly one element, got shape \(.*\); use x.any\(\) or x.all\(\)$"
    ):
        bool(ao.zeros(shape))


def test_conversions_to_python_numbers() -> None:
    t = ao.tensor([[2.75]])
    assert (int(t), float(t), int(-t), complex(t)) == (2, 2.75, -2, 2.75 + 0j)
    assert type(int(t)) is int and type(float(ao.tensor(2))) is float
    assert float(ao.tensor(0.1, dtype="float32")) == float(np.float32(0.1))
    assert int(ao.tensor(True)) == 1 and type(int(ao.tensor(True))) is int
    assert int(ao.tensor(MAX)) == MAX
    with pytest.raises(ValueError, match="cannot convert float NaN to integer"):
        int(ao.tensor(math.nan))
    with pytest.raises(OverflowError, match="cannot convert float infinity to integer"):
        int(ao.tensor(math.inf))
    for conversion in (int, float):
        with pytest.raises(
            ValueError, match=rf"{conversion.__name__}: x must have exactly one element, got shape \(2,\)"
        ):
            conversion(ao.ones(2))


def test_an_integer_tensor_without_dimensions_is_an_index() -> None:
    two = ao.tensor(2)
    assert "abc"[two] == "c" and list(range(5))[two:] == [2, 3, 4] and operator.index(two) == 2
    assert hex(two) == "0x2" and range(two) == range(2) and "ab" * two == "abab"
    for wrong in (ao.tensor(2.0), ao.tensor(True), ao.tensor([2])):
        with pytest.raises(TypeError, match="index: x must be a 0-d tensor of integers, got shape"):
            operator.index(wrong)


@every_dtype
@every_layout
def test_tolist_and_item(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype, 7, "special")
    assert repr(t.tolist()) == repr(expected.tolist())
    if t.size == 1:
        assert repr(t.item()) == repr(expected.item())
        assert type(t.item()) is type(expected.item())
    else:
        with pytest.raises(ValueError, match="item: x must have exactly one element, got shape"):
            t.item()


# --- printing --------------------------------------------------------------------------------------------------

REPRESENTATIONS = [
    (lambda: ao.tensor(1.5), "tensor(1.5)"),
    (lambda: ao.tensor(2.0), "tensor(2.)"),
    (lambda: ao.tensor(-0.0), "tensor(-0.)"),
    (lambda: ao.tensor(math.nan), "tensor(nan)"),
    (lambda: ao.tensor(-math.inf), "tensor(-inf)"),
    (lambda: ao.tensor(7), "tensor(7)"),
    (lambda: ao.tensor(True), "tensor(True)"),
    (lambda: ao.tensor(2.5, dtype="float32"), "tensor(2.5, dtype=aotops.float32)"),
    (lambda: ao.tensor([1, -20, 300]), "tensor([  1, -20, 300])"),
    (lambda: ao.tensor([True, False]), "tensor([ True, False])"),
    (lambda: ao.tensor([MIN, MAX]), "tensor([-9223372036854775808,  9223372036854775807])"),
    (lambda: ao.tensor([1.0, 2.5, -3.125]), "tensor([ 1.   ,  2.5  , -3.125])"),
    (lambda: ao.tensor([1.5, math.nan, -math.inf, -0.0]), "tensor([ 1.5,  nan, -inf, -0. ])"),
    (lambda: ao.tensor([0.0, -0.0]), "tensor([ 0., -0.])"),
    (lambda: ao.tensor([math.nan, 1.0]), "tensor([nan,  1.])"),
    (lambda: ao.tensor([math.inf, -math.inf]), "tensor([ inf, -inf])"),
    (lambda: ao.tensor([0.1 + 0.2]), "tensor([0.3])"),
    (lambda: ao.tensor([1.23456789012345]), "tensor([1.23456789])"),
    (lambda: ao.tensor([1 / 3, 2 / 3]), "tensor([0.33333333, 0.66666667])"),
    (lambda: ao.tensor([0.1, 0.2], dtype="float32"), "tensor([0.1, 0.2], dtype=aotops.float32)"),
    (lambda: ao.tensor([1 / 3], dtype="float32"), "tensor([0.33333334], dtype=aotops.float32)"),
    (lambda: ao.tensor([16777216.0], dtype="float32"), "tensor([16777216.], dtype=aotops.float32)"),
    (lambda: ao.tensor([1e-45], dtype="float32"), "tensor([1.e-45], dtype=aotops.float32)"),
    (lambda: ao.tensor([1e10, 1.0]), "tensor([1.e+10, 1.e+00])"),
    (lambda: ao.tensor([1e8]), "tensor([1.e+08])"),
    (lambda: ao.tensor([99999999.0]), "tensor([99999999.])"),
    (lambda: ao.tensor([5e-324, 1.5]), "tensor([5.0e-324,  1.5e+00])"),
    (lambda: ao.tensor([1.7976931348623157e308]), "tensor([1.79769313e+308])"),
    (lambda: ao.tensor([1e20, math.nan]), "tensor([1.e+20,    nan])"),
    (lambda: ao.tensor([1e-5, 1.0]), "tensor([1.e-05, 1.e+00])"),
    (lambda: ao.tensor([0.0001]), "tensor([0.0001])"),
    (lambda: ao.tensor([1000.5, 0.5]), "tensor([1000.5,    0.5])"),
    (lambda: ao.zeros(0), "tensor([], dtype=aotops.float64)"),
    (lambda: ao.zeros(0, dtype="int64"), "tensor([], dtype=aotops.int64)"),
    (lambda: ao.zeros((0, 3)), "tensor([], shape=(0, 3), dtype=aotops.float64)"),
    (lambda: ao.zeros((3, 0), dtype="bool"), "tensor([], shape=(3, 0), dtype=aotops.bool)"),
    (lambda: ao.tensor([[1, 2], [3, 40]]), "tensor([[ 1,  2],\n        [ 3, 40]])"),
    (lambda: ao.tensor([[1, 2], [3, 40]]).T, "tensor([[ 1,  3],\n        [ 2, 40]])"),
    (lambda: ao.tensor([[[1], [2]], [[3], [4]]]), "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])"),
    (lambda: ao.zeros((1, 1, 1, 1)), "tensor([[[[0.]]]])"),
    (lambda: ao.zeros((2, 1, 1, 1)), "tensor([[[[0.]]],\n\n\n        [[[0.]]]])"),
    (
        lambda: ao.ones((2, 2), dtype="float32"),
        "tensor([[1., 1.],\n        [1., 1.]], dtype=aotops.float32)",
    ),
    (lambda: ao.arange(1001), "tensor([   0,    1,    2, ...,  998,  999, 1000])"),
    (
        lambda: ao.arange(2000).view(1000, 2),
        "tensor([[   0,    1],\n        [   2,    3],\n        [   4,    5],\n        ...,\n"
        "        [1994, 1995],\n        [1996, 1997],\n        [1998, 1999]])",
    ),
    (
        lambda: ao.arange(2000.0).view(2, 1000),
        "tensor([[   0.,    1.,    2., ...,  997.,  998.,  999.],\n"
        "        [1000., 1001., 1002., ..., 1997., 1998., 1999.]])",
    ),
    (
        lambda: ao.arange(26) * 1000,
        "tensor([    0,  1000,  2000,  3000,  4000,  5000,  6000,  7000,  8000,  9000,\n"
        "        10000, 11000, 12000, 13000, 14000, 15000, 16000, 17000, 18000, 19000,\n"
        "        20000, 21000, 22000, 23000, 24000, 25000])",
    ),
]


@pytest.mark.parametrize(("make", "text"), REPRESENTATIONS, ids=[text[:50] for _, text in REPRESENTATIONS])
def test_repr(make: Callable[[], ao.Tensor], text: str) -> None:
    assert repr(make()) == str(make()) == text


def numpy_repr(array_: np.ndarray) -> str:
    """NumPy's repr, with the name and indentation of aotops."""
    with np.printoptions(linewidth=78):  # one column more for the longer name
        return repr(array_).replace("array(", "tensor(", 1).replace("\n ", "\n  ").replace("\n  \n", "\n\n")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_repr_is_laid_out_as_numpys(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 12), max_size=3).map(tuple).filter(lambda s: math.prod(s) <= 300))
    kind = data.draw(st.sampled_from(["bool", "int64", "quarters", "thousandths"]))
    numbers = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-900, 900, shape)
    array_ = np.asarray(
        {"bool": numbers < 0, "int64": numbers, "quarters": numbers / 4, "thousandths": 1 + abs(numbers) / 1000}[kind]
    )
    if kind == "bool":
        array_.flat[0] = False  # NumPy pads True even where there is nothing to align it with
    if not shape and array_.dtype.kind == "f":  # all digits, as NumPy gives a number that is no array
        assert repr(ao.tensor(array_)) == f"tensor({np.format_float_positional(array_[()])})"
    else:
        assert repr(ao.tensor(array_)) == numpy_repr(array_)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20), st.sampled_from([4, 8]))
def test_printed_floats_read_back(values: list[float], itemsize: int) -> None:
    dtype = {4: np.float32, 8: np.float64}[itemsize]
    with np.errstate(over="ignore", under="ignore"):
        array_ = np.array(values, dtype)
    array_ = array_[np.isfinite(array_)]
    if not array_.size:
        return
    inside = repr(ao.tensor(array_)).removeprefix("tensor([").split("]")[0]
    printed = np.array([float(text) for text in inside.split(",")]).astype(dtype)
    # eight digits after the point, which fixed notation counts from the point and scientific from the first digit
    sizes = np.abs(array_.astype(float))
    allowed = sizes * 0.51e-8 if "e" in inside else np.maximum(0.51e-8, sizes * np.finfo(dtype).eps)
    assert (np.abs(printed.astype(float) - array_) <= allowed).all(), inside
    assert np.array_equal(np.signbit(printed), np.signbit(array_)), inside


@every_dtype
@every_layout
def test_repr_depends_on_values_alone(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype, 8, "special")
    assert repr(t) == repr(ao.tensor(np.array(expected, order="C")))
    assert t.ndim > 30 or all(len(line) <= 79 for line in repr(t).splitlines())


# --- buffers that go out -----------------------------------------------------------------------------------------


@every_dtype
@every_layout
def test_memoryview(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype, 9, "special")
    view, wanted = memoryview(t), memoryview(expected)
    for name in ("format", "itemsize", "shape", "ndim", "nbytes", "readonly", "suboffsets"):
        assert getattr(view, name) == getattr(wanted, name), name
    if expected.size:
        assert view.c_contiguous == wanted.c_contiguous and view.f_contiguous == wanted.f_contiguous
    assert view.tobytes() == expected.tobytes() and view.obj is t
    assert bytes(view) == expected.tobytes()


@every_dtype
@every_layout
def test_numpy_shares_the_memory(layout: Layout, dtype: str) -> None:
    t, _ = layout.pair(dtype)
    if t.readonly or not t.size:
        return
    shared = np.asarray(t)
    shared[...] = 1
    assert t.tolist() == np.ones(t.shape, dtype).tolist()
    t[...] = 0
    assert not shared.any()
    assert not np.shares_memory(np.array(t), shared)


class Buffer(ctypes.Structure):
    """Py_buffer."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)),
        ("internal", ctypes.c_void_p),
    )


SIMPLE, WRITABLE, FORMAT, ND, STRIDES = 0, 0x1, 0x4, 0x8, 0x18
C_CONTIGUOUS, F_CONTIGUOUS, ANY_CONTIGUOUS, INDIRECT = 0x38, 0x58, 0x98, 0x118
REQUESTS = (SIMPLE, ND, STRIDES, C_CONTIGUOUS, F_CONTIGUOUS, ANY_CONTIGUOUS, INDIRECT)


@pytest.mark.parametrize(
    "name", ["matrix", "transposed", "stepped both ways", "65 in a row", "no dimensions", "read-only"]
)
def test_every_kind_of_buffer_request(name: str) -> None:
    """What PEP 3118 says that an exporter provides, and rejects, for each request."""
    t, expected = LAYOUTS[name].pair("float64", 3)
    rows, columns = expected.flags.c_contiguous, expected.flags.f_contiguous
    for request, writable, formatted in itertools.product(REQUESTS, (0, WRITABLE), (0, FORMAT)):
        flags = request | writable | formatted
        granted = {
            SIMPLE: rows and not formatted,  # plain bytes have no format
            ND: rows,
            C_CONTIGUOUS: rows,
            F_CONTIGUOUS: columns,
            ANY_CONTIGUOUS: rows or columns,
        }.get(request, True) and not (writable and t.readonly)
        view = Buffer()
        if not granted:
            with pytest.raises(BufferError, match=r"^buffer: x must be (contiguous|writable|read with its shape)"):
                ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(t), ctypes.byref(view), flags)
            continue
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(t), ctypes.byref(view), flags)
        assert view.buf == address(t)
        assert (view.len, view.itemsize, bool(view.readonly)) == (expected.nbytes, 8, t.readonly)
        assert view.format == (b"d" if formatted else None)
        assert not view.suboffsets
        if request != SIMPLE and t.ndim:
            assert view.ndim == t.ndim and tuple(view.shape[: t.ndim]) == t.shape
        else:
            assert not view.shape and view.ndim == (1 if request == SIMPLE else 0)
        if request not in (SIMPLE, ND) and t.ndim:
            assert tuple(view.strides[: t.ndim]) == expected.strides
        else:
            assert not view.strides
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(view))


def test_consumers_of_plain_bytes() -> None:
    t = ao.arange(6.0).view(2, 3)
    raw = np.arange(6.0).tobytes()
    assert hashlib.sha256(t).digest() == hashlib.sha256(raw).digest()
    stream = io.BytesIO()
    assert stream.write(t) == 48 and stream.getvalue() == raw
    assert stream.seek(0) == 0 and stream.readinto(ao.zeros(6)) == 48
    for consume in (hashlib.sha256, io.BytesIO().write):
        with pytest.raises(BufferError, match=r"buffer: x must be contiguous in row-major order, got .*; share x\.con"):
            consume(t.T)
    shared = (ctypes.c_double * 6).from_buffer(t)
    shared[5] = 50.0
    assert t[1, 2].item() == 50.0
    frozen = ao.asarray(memoryview(bytes(48)).cast("d"))
    with pytest.raises(TypeError, match="not writable"):
        (ctypes.c_double * 6).from_buffer(frozen)
    with pytest.raises(TypeError, match="cannot modify read-only memory"):
        memoryview(frozen).cast("B")[0] = 0


def test_bytes_of_strided_tensors_are_in_row_major_order() -> None:
    t = ao.arange(6.0).view(2, 3).T
    assert bytes(t) == np.arange(6.0).reshape(2, 3).T.tobytes()
    for single in (ao.tensor(3), ao.tensor(-1), ao.tensor(2.5), ao.tensor(True), ao.arange(10**6).sum()):
        assert bytes(single) == np.asarray(single).tobytes()  # of an integer, no number of zeros


# --- references and copies ---------------------------------------------------------------------------------------


def test_weak_references() -> None:
    t = ao.ones(3)
    gone: list[object] = []
    reference = weakref.ref(t, gone.append)
    view = t[1:]
    assert reference() is t
    del t
    assert reference() is None and gone == [reference]
    assert view.tolist() == [1.0, 1.0]


@every_dtype
@every_layout
def test_copies_and_pickles(layout: Layout, dtype: str) -> None:
    t, expected = layout.pair(dtype, 10, "special")
    duplicates = [copy.copy(t), copy.deepcopy(t)]
    duplicates += [pickle.loads(pickle.dumps(t, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for duplicate in duplicates:
        assert_same(duplicate, expected)
        assert type(duplicate) is ao.Tensor and not duplicate.readonly
        assert not np.shares_memory(memory_of(duplicate), memory_of(t))
        duplicate[...] = 0
    assert_same(t, expected)


@pytest.mark.parametrize("value", [0, 5, -5, MAX])
def test_an_integer_without_dimensions_is_pickled_with_its_value(value: int) -> None:
    """``bytes`` takes anything with ``__index__`` for a length."""
    assert pickle.loads(pickle.dumps(ao.tensor(value))).item() == value


@pytest.mark.parametrize("name", [*DTYPES, "add", "exp", "sum", "max"])
def test_dtypes_and_operators_are_copied_and_pickled_by_name(name: str) -> None:
    value = getattr(ao, name)
    assert copy.copy(value) is value and copy.deepcopy(value) is value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) is value


def test_tensors_have_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable type: 'Tensor'"):
        hash(ao.ones(2))
    with pytest.raises(TypeError, match="unhashable"):
        {ao.ones(2)}


def test_tensors_are_not_made_by_calling_the_class() -> None:
    for call in (ao.Tensor, lambda: ao.Tensor([1, 2]), lambda: object.__new__(ao.Tensor)):
        with pytest.raises(TypeError, match=r"with aotops\.tensor|is not safe"):
            call()
    for kind in (ao.DType, ao.Operator):
        with pytest.raises(TypeError, match="cannot create"):
            kind()


# --- dtypes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "itemsize", "kind"),
    [("bool", 1, "bool"), ("int64", 8, "integer"), ("float32", 4, "float"), ("float64", 8, "float")],
)
def test_a_dtype(name: str, itemsize: int, kind: str) -> None:
    dtype = getattr(ao, name)
    assert isinstance(dtype, ao.DType) and isinstance(ao.zeros(1, dtype=dtype).dtype, ao.DType)
    assert (dtype.name, dtype.itemsize, dtype.kind) == (name, itemsize, kind)
    assert repr(dtype) == f"aotops.{name}"
    assert dtype == name and name == dtype and not dtype != name and dtype == dtype  # noqa: SIM202
    assert hash(dtype) == hash(name) and {dtype: 1}[name] == 1
    others = [getattr(ao, other) for other in DTYPES if other != name]
    assert all(dtype != other and dtype != other.name and not dtype == other for other in others)  # noqa: SIM201
    assert dtype != 1 and dtype != None and dtype != "float16"  # noqa: E711
    with pytest.raises(TypeError, match="not supported between instances"):
        dtype < dtype  # noqa: B015
    with pytest.raises(AttributeError):
        dtype.name = "another"


# --- the package --------------------------------------------------------------------------------------------------


def test_public_names() -> None:
    names = ao.__all__
    assert names == sorted(set(names))
    assert {"Tensor", "tensor", "asarray", "zeros", "add", "exp", "sum", "reshape", "float32", "AxisError"} <= set(
        names
    )
    assert set(names) <= set(dir(ao))
    assert dir(ao) == sorted(dir(ao))
    assert all(getattr(ao, name) is getattr(ao, name) for name in names)
    assert [name for name in names if getattr(ao, name) is None] == ["newaxis"]
    namespace: dict[str, Any] = {}
    exec("from aotops import *", namespace)
    del namespace["__builtins__"]
    assert sorted(namespace) == names
    assert all(namespace[name] is getattr(ao, name) for name in names)
    with pytest.raises(AttributeError, match="module 'aotops' has no attribute 'no_such_name'"):
        ao.no_such_name  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'no_such_name'"):
        exec("from aotops import no_such_name")


SIGNATURES = [
    (ao.exp, "(x, *, out=None, where=True)"),
    (ao.add, "(x1, x2, *, out=None, where=True)"),
    (ao.where, "(condition, x1, x2, *, out=None, where=True)"),
    (ao.clip, "(x, min=None, max=None, *, out=None, where=True)"),
    (ao.sum, "(x, /, axis=None, *, keepdims=False, dtype=None, out=None, initial=None, where=True)"),
    (ao.max, "(x, /, axis=None, *, keepdims=False, out=None, initial=None, where=True)"),
    (ao.argmax, "(x, /, axis=None, *, keepdims=False, out=None)"),
    (ao.cumulative_sum, "(x, /, axis=None, *, include_initial=False, dtype=None, out=None)"),
    (ao.ones(2).exp, "(*, out=None, where=True)"),
    (ao.ones(2).clip, "(min=None, max=None, *, out=None, where=True)"),
    (ao.ones(2).sum, "(axis=None, *, keepdims=False, dtype=None, out=None, initial=None, where=True)"),
    (ao.ones(2).cumulative_prod, "(axis=None, *, include_initial=False, dtype=None, out=None)"),
    (ao.get_num_threads, "()"),
    (ao.set_num_threads, "(n)"),
]


@pytest.mark.parametrize(("function", "signature"), SIGNATURES, ids=[f.__name__ + text for f, text in SIGNATURES])
def test_signatures(function: Any, signature: str) -> None:
    assert str(inspect.signature(function)) == signature


@pytest.mark.parametrize("name", ["exp", "add", "where", "clip", "sum", "argmax", "cumulative_sum"])
def test_help_shows_signature_and_documentation(name: str) -> None:
    page = pydoc.plain(pydoc.render_doc(getattr(ao, name)))
    # Python 3.13 and later write a long signature on several lines
    assert "".join(f"{name}{inspect.signature(getattr(ao, name))}".split()) in "".join(page.split())
    assert inspect.getdoc(getattr(ao, name)).splitlines()[0] in page
    assert f">>> ao.{name}(" in page


def test_help_on_tensors_lists_their_methods() -> None:
    page = pydoc.plain(pydoc.render_doc(ao.Tensor))
    assert "A strided view of memory" in page
    for name in ("reshape", "permute", "tolist", "sum", "exp", "item", "is_contiguous"):
        assert name in page


def test_what_has_the_memory() -> None:
    for dtype in ("bool", "int16", "float64", "complex64"):
        for length in (6, 600):  # in the object itself, and in a block
            t = ao.ones((2, length), dtype=dtype)
            assert t.base is None and t.reshape(-1).base is None and (t == t).base is None
            for part in (t[1], t[:, ::-2], ao.broadcast_to(t, (3, 2, length)), t[:, :0]):
                assert part.base.shape == (2 * length,) and part.base.dtype == dtype
    t = ao.arange(4)
    t[2:].base[3] = 7
    assert t.tolist() == [0, 1, 2, 7]
    lent = array.array("d", [1.0, 2.0])
    assert ao.asarray(lent).base is lent and ao.asarray(lent)[1:].base is lent
    assert ao.from_dlpack(ao.ones(3)).base.tolist() == [1, 1, 1] and ao.zeros(0).base is None
    x = ao.tensor([1.0, 2.0], requires_grad=True)
    assert not x[1:].base.requires_grad
