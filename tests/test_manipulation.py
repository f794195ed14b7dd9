"""The standard's functions that make and rearrange tensors, against NumPy's: every layout and dtype."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, assert_same

import aotops as ao
from aotops import abi


def shares_memory(view: ao.Tensor, tensor: ao.Tensor) -> bool:
    return np.shares_memory(np.asarray(view), np.asarray(tensor))


def tensors_of(values: Any) -> Any:
    """Arrays as tensors, also those in lists and tuples."""
    if isinstance(values, np.ndarray):
        return ao.tensor(values)
    return type(values)(map(tensors_of, values)) if isinstance(values, (list, tuple)) else values


# --- creation ---------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    start=st.floats(-1e308, 1e308) | st.integers(-1000, 1000),
    stop=st.floats(-1e308, 1e308) | st.integers(-1000, 1000),
    num=st.integers(0, 70),
    endpoint=st.booleans(),
    dtype=st.sampled_from([None, "float64", "float32"]),
)
def test_linspace_has_numpys_numbers(start: float, stop: float, num: int, endpoint: bool, dtype: str | None) -> None:
    if not np.isfinite(float(stop) - float(start)):
        return
    with np.errstate(all="ignore"):
        expected = np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)
    assert_same(ao.linspace(start, stop, num, endpoint=endpoint, dtype=dtype), expected)


def test_linspace_beyond_numpy() -> None:
    """Ends whose distance overflows; steps that underflow; integers are rounded down and must fit."""
    most = np.finfo(np.float64).max
    assert ao.linspace(-most, most, 3).tolist() == [-most, 0.0, most]
    assert ao.linspace(0.0, 5e-324, 3).tolist() == [0.0, 0.0, 5e-324]
    assert_same(ao.linspace(-2, 2, 7, dtype="int64"), np.linspace(-2, 2, 7, dtype=np.int64))
    for dtype in abi.named("complex"):
        assert_same(ao.linspace(1, 2 + 4j, 5, dtype=dtype), np.linspace(1, 2 + 4j, 5, dtype=dtype))
    with pytest.raises(OverflowError, match="linspace: start and stop must fit uint8, got int 300"):
        ao.linspace(0, 300, 3, dtype="uint8")
    with pytest.raises(ValueError, match="linspace: num must be at least 0, got -1"):
        ao.linspace(0, 1, -1)
    assert ao.logspace(0, 3, 4).tolist() == [1.0, 10.0, 100.0, 1000.0]
    assert ao.logspace(0, 4, 4, base=2, endpoint=False, dtype="float32").tolist() == [1.0, 2.0, 4.0, 8.0]


@settings(max_examples=100)
@given(
    rows=st.integers(0, 9), columns=st.none() | st.integers(0, 9), k=st.integers(-12, 12), dtype=st.sampled_from(DTYPES)
)
def test_eye_and_triangles(rows: int, columns: int | None, k: int, dtype: str) -> None:
    assert_same(ao.eye(rows, columns, k=k, dtype=dtype), np.eye(rows, columns, k=k, dtype=dtype))
    array = np.arange(2 * rows * (columns or 3)).reshape(2, rows, columns or 3).astype(dtype)
    assert_same(ao.tril(ao.tensor(array), k=k), np.tril(array, k))
    assert_same(ao.triu(ao.tensor(array), k=k), np.triu(array, k))


@pytest.mark.parametrize("dtype", ["int8", "int16", "float64", "complex128"])
def test_rows_of_all_lengths(dtype: str) -> None:
    """Rows are copied whole, in groups, or in parts; by one thread or several; or by a kernel where they are short."""
    for shape in ((1, 100_003), (3, 70_001), (9000, 5), (700, 33), (40_000, 2), (2, 3, 7001)):
        array = (np.arange(np.prod(shape)) % 251 - 100).reshape(shape).astype(dtype)
        for x, wanted in ((ao.tensor(array), array), (ao.tensor(array).mT, np.swapaxes(array, -1, -2))):
            for axis in (None, 0, -1):
                assert_same(ao.roll(x, -12_345, axis=axis), np.roll(wanted, -12_345, axis))
                assert_same(ao.repeat(x, 3, axis=axis), np.repeat(wanted, 3, axis))
                assert_same(ao.concat([x, x, x], axis=axis), np.concatenate([wanted] * 3, axis))
            assert_same(ao.concat([x] * 10, axis=1), np.concatenate([wanted] * 10, 1))
            assert_same(ao.tile(x, (2, 1, 3)), np.tile(wanted, (2, 1, 3)))
            assert_same(ao.tile(x, 2), np.tile(wanted, 2))
            assert_same(ao.tril(x, k=1), np.tril(wanted, 1))
            assert_same(ao.triu(x, k=-9), np.triu(wanted, -9))
            assert ao.count_nonzero(x).item() == np.count_nonzero(wanted)


def test_meshgrid_makes_copies_of_its_own() -> None:
    arrays = [np.arange(3), np.array(7.5), np.arange(2) > 0, np.zeros(0, "float32")]
    for count in range(5):
        for indexing in ("xy", "ij"):
            expected = np.meshgrid(*arrays[:count], indexing=indexing)  # type: ignore[call-overload]
            got = ao.meshgrid(*map(ao.tensor, arrays[:count]), indexing=indexing)
            assert type(got) is tuple and len(got) == len(expected)
            for each, other in zip(got, expected, strict=True):
                assert_same(each, other)
    x, y = ao.meshgrid(ao.arange(3), ao.arange(2))
    x[0, 0] = 9
    assert x.tolist() == [[9, 1, 2], [0, 1, 2]] and y.is_contiguous()


def test_tensors_like_others() -> None:
    for dtype, layout in zip(cycle(DTYPES), LAYOUTS.values(), strict=False):
        tensor, array = layout.pair(dtype)
        assert_same(ao.zeros_like(tensor), np.zeros_like(array))
        assert_same(ao.ones_like(tensor, dtype="float32"), np.ones_like(array, np.float32))
        assert_same(ao.full_like(tensor, 1, device="cpu"), np.full_like(array, 1))
        assert (ao.empty_like(tensor).shape, ao.empty_like(tensor).dtype) == (tensor.shape, tensor.dtype)
    with pytest.raises(OverflowError, match="full_like: fill_value must fit uint8, got int 300"):
        ao.full_like(ao.zeros(2, dtype="uint8"), 300)


def test_there_is_one_device() -> None:
    makers: list[Callable[..., Any]] = [
        lambda **device: ao.asarray([1], **device),
        lambda **device: ao.arange(3, **device),
        lambda **device: ao.linspace(0, 1, 3, **device),
        lambda **device: ao.eye(2, **device),
        *[lambda make=make, **device: make((2,), **device) for make in (ao.empty, ao.ones, ao.zeros)],
        lambda **device: ao.full(2, 1, **device),
        *[lambda make=make, **device: make(ao.ones(2), **device) for make in (ao.empty_like, ao.ones_like)],
        *[lambda make=make, **device: make(ao.ones(2), **device) for make in (ao.zeros_like,)],
        lambda **device: ao.full_like(ao.ones(2), 1, **device),
    ]
    for make in makers:
        assert make(device="cpu").device == make(device=None).device == "cpu"
        with pytest.raises(ValueError, match=r"device must be 'cpu' or None, the only device, got 'cuda'"):
            make(device="cuda")
    t = ao.ones(2)
    assert t.to_device("cpu") is t
    with pytest.raises(ValueError, match="to_device: device must be 'cpu', got 'cuda:0'"):
        t.to_device("cuda:0")
    with pytest.raises(ValueError, match="to_device: stream must be None, got 1"):
        t.to_device("cpu", stream=1)


def test_attributes_and_methods_of_tensors() -> None:
    for dtype, layout in zip(cycle(DTYPES), LAYOUTS.values(), strict=False):
        tensor, array = layout.pair(dtype)
        assert (tensor.itemsize, tensor.nbytes) == (array.itemsize, array.nbytes)
        assert_same(tensor.copy(), array)
        assert_same(tensor.flatten(), array.flatten())
        assert_same(tensor.ravel(), array.ravel())
        assert_same(tensor.squeeze(), array.squeeze())
        assert not tensor.size or not shares_memory(tensor.flatten(), tensor)
        if tensor.ndim >= 2:
            assert_same(tensor.mT, np.swapaxes(array, -1, -2))
        else:
            with pytest.raises(ValueError, match=r"mT: x must have at least 2 dimensions, got shape \("):
                tensor.mT  # noqa: B018
    assert ao.ones(2).__array_namespace__(api_version="2025.12") is ao
    with pytest.raises(ValueError, match=r"__array_namespace__: api_version must be one of .*, got '2019.12'"):
        ao.ones(2).__array_namespace__(api_version="2019.12")


# --- views --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYOUTS)
def test_views_are_numpys_and_share_memory(name: str) -> None:
    tensor, array = LAYOUTS[name].pair("int64", seed=3)
    ndim = array.ndim
    views: list[tuple[ao.Tensor, np.ndarray]] = [
        (ao.flip(tensor), np.flip(array)),
        (ao.squeeze(tensor), np.squeeze(array)),
        (ao.broadcast_to(tensor, (2, *array.shape)[:32]), np.broadcast_to(array, (2, *array.shape)[:32]))
        if ndim < 32
        else (tensor, array),
    ]
    for axis in range(-ndim, ndim):
        views.append((ao.flip(tensor, axis=axis), np.flip(array, axis)))
        views.append((ao.moveaxis(tensor, axis, 0), np.moveaxis(array, axis, 0)))
        views.append((ao.moveaxis(tensor, 0, axis), np.moveaxis(array, 0, axis)))
        if array.shape[axis] == 1:
            views.append((ao.squeeze(tensor, axis), np.squeeze(array, axis)))
        parts = ao.unstack(tensor, axis=axis)
        assert type(parts) is tuple and len(parts) == array.shape[axis]
        views += [(part, array.take(k, axis)) for k, part in enumerate(parts[:3])]
    for axis in range(-ndim - 1, ndim + 1) if ndim < 32 else ():
        views.append((ao.expand_dims(tensor, axis), np.expand_dims(array, axis)))
    if ndim >= 2:
        views.append((ao.matrix_transpose(tensor), np.swapaxes(array, -1, -2)))
        views.append((ao.flip(tensor, axis=(0, -1)), np.flip(array, (0, -1))))
        views.append((ao.moveaxis(tensor, (0, 1), (-1, 0)), np.moveaxis(array, (0, 1), (-1, 0))))
    for view, expected in views:
        assert_same(view, expected)
        assert not view.size or shares_memory(view, tensor)


shapes = st.lists(st.sampled_from([0, 1, 1, 2, 3]), max_size=4).map(tuple)


@settings(max_examples=200)
@given(st.lists(shapes, max_size=4))
def test_broadcasting(lengths: list[tuple[int, ...]]) -> None:
    tensors = [ao.ones(shape) for shape in lengths]
    try:
        expected = np.broadcast_shapes(*lengths)
    except ValueError:
        with pytest.raises(ValueError, match=r"broadcast_shapes: shapes must broadcast together, got shapes\[0\] \("):
            ao.broadcast_shapes(*lengths)
        with pytest.raises(ValueError, match=r"broadcast_arrays: shapes must broadcast together, got arrays\[0\] \("):
            ao.broadcast_arrays(*tensors)
        return
    assert ao.broadcast_shapes(*lengths) == expected
    views = ao.broadcast_arrays(*tensors)
    assert type(views) is tuple and all(view.shape == expected for view in views)
    assert all(shares_memory(view, tensor) for view, tensor in zip(views, tensors, strict=True) if view.size)


# --- joining ------------------------------------------------------------------------------------------------------


@st.composite
def joined(draw: Any) -> tuple[list[np.ndarray], int]:
    """Arrays that can be joined along an axis: some of them views, of several dtypes."""
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    arrays = []
    for seed in range(draw(st.integers(1, 4))):
        own = list(shape)
        own[axis] = draw(st.integers(0, 5))
        array = (np.random.default_rng(seed).integers(0, 100, own)).astype(draw(st.sampled_from(DTYPES)))
        step = draw(st.sampled_from([1, 1, -1]))
        arrays.append(np.ascontiguousarray(array.T).T[::step] if draw(st.booleans()) else array[::step])
    return arrays, axis


@settings(max_examples=200)
@given(joined())
def test_concat_is_numpys(case: tuple[list[np.ndarray], int]) -> None:
    arrays, axis = case
    tensors = [ao.asarray(array) for array in arrays]
    assert_same(ao.concat(tensors, axis=axis), np.concatenate(arrays, axis))
    assert_same(ao.concat(tuple(tensors), axis=None), np.concatenate(arrays, None))
    firsts = [array[(slice(0, 1),) * array.ndim] for array in arrays]
    same = [first for first in firsts if first.shape == firsts[0].shape]
    for place in range(-same[0].ndim - 1, same[0].ndim + 1):
        assert_same(ao.stack([ao.asarray(each) for each in same], axis=place), np.stack(same, place))


def test_concat_of_what_is_no_tensor() -> None:
    """Lists, arrays and tensors beside each other; a matrix is its rows; numbers of Python are weak."""
    assert_same(ao.concat([[1, 2], np.array([3.5]), ao.tensor([True])]), np.array([1.0, 2.0, 3.5, 1.0]))
    assert_same(ao.concat(ao.tensor([[1, 2], [3, 4]])), np.array([1, 2, 3, 4]))
    assert_same(ao.stack([1, ao.tensor(2, dtype="float32")]), np.array([1, 2], np.float32))
    big = [np.arange(300_000.0), np.arange(200_001.0)[::-1]]
    assert_same(ao.concat(tensors_of(big)), np.concatenate(big))


@settings(max_examples=150)
@given(shapes, st.integers(0, 3), st.lists(st.integers(0, 3), max_size=5), st.data())
def test_repeat_and_tile_are_numpys(shape: tuple[int, ...], count: int, counts: list[int], data: Any) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)[..., ::-1] if shape else np.array(3)
    tensor = ao.asarray(array)
    assert_same(ao.tile(tensor, tuple(counts)), np.tile(array, counts))
    assert_same(ao.tile(tensor, count), np.tile(array, count))
    assert_same(ao.repeat(tensor, count), np.repeat(array, count))
    uneven = np.array(data.draw(st.lists(st.integers(0, 3), min_size=array.size, max_size=array.size)), int)
    assert_same(ao.repeat(tensor, ao.tensor(uneven)), np.repeat(array, uneven))
    for axis in range(-len(shape), len(shape)):
        assert_same(ao.repeat(tensor, count, axis=axis), np.repeat(array, count, axis))
        assert_same(ao.repeat(tensor, ao.tensor([count]), axis=axis), np.repeat(array, [count], axis))
        own = uneven[: shape[axis]] if uneven.size >= shape[axis] else np.ones(shape[axis], int)
        assert_same(ao.repeat(tensor, ao.tensor(own), axis=axis), np.repeat(array, own, axis))


def test_lengths_beyond_int64_are_told_of_where_there_are_no_elements() -> None:
    nothing = ao.zeros((0, 5), dtype="int8")
    assert ao.repeat(nothing, 2**60, axis=1).shape == ao.tile(nothing, (1, 2**60)).shape == (0, 5 * 2**60)
    empty = ao.zeros((3, 0))
    assert ao.repeat(empty, 2**62, axis=1).shape == ao.tile(empty, (1, 2**62)).shape == (3, 0)
    assert ao.repeat.__wrapped__(empty, 2**62, axis=1).shape == (3, 0)  # type: ignore[attr-defined]
    for count in (2**61, 2**62, 2**63 - 1):
        for call in (lambda: ao.repeat(nothing, count, axis=1), lambda: ao.tile(nothing, (1, count))):  # noqa: B023
            with pytest.raises(ValueError, match=rf"2\*\*63 - 1 bytes, got \(0, {5 * count}\)"):
                call()


def test_repeat_and_tile_of_thirty_two_dimensions() -> None:
    tensor, array = LAYOUTS["thirty-two dimensions"].pair("float32")
    counts = (1,) * 5 + (2,) * 2 + (1,) * 20 + (2, 3, 1, 1, 2)
    assert_same(ao.tile(tensor, counts), np.tile(array, counts))
    assert_same(ao.repeat(tensor, 2, axis=27), np.repeat(array, 2, 27))
    assert_same(ao.stack([tensor.reshape((1,) * 30 + (12,))] * 2), np.stack([array.reshape((1,) * 30 + (12,))] * 2))


@settings(max_examples=150)
@given(shapes, st.lists(st.integers(-7, 7), min_size=1, max_size=3), st.data())
def test_roll_is_numpys(shape: tuple[int, ...], shifts: list[int], data: Any) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    tensor = ao.tensor(array)
    assert_same(ao.roll(tensor, shifts[0]), np.roll(array, shifts[0]))
    if shape:
        axes = data.draw(
            st.lists(st.integers(-len(shape), len(shape) - 1), min_size=len(shifts), max_size=len(shifts)).map(tuple)
        )
        assert_same(ao.roll(tensor, tuple(shifts), axis=axes), np.roll(array, shifts, axes))
        assert_same(ao.roll(tensor, shifts[0], axis=axes), np.roll(array, shifts[0], axes))
        assert_same(ao.roll(tensor, tuple(shifts), axis=axes[0]), np.roll(array, shifts, axes[0]))


@settings(max_examples=150, deadline=None)
@given(shapes.filter(bool), st.integers(0, 3), st.sampled_from(DTYPES), st.data())
def test_diff_is_numpys(shape: tuple[int, ...], n: int, dtype: str, data: Any) -> None:
    array = np.random.default_rng(n).integers(0, 9, shape).astype(dtype)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    ends: dict[str, Any] = {name: data.draw(st.sampled_from([None, 1, array])) for name in ("prepend", "append")}
    given = {name: value for name, value in ends.items() if value is not None}
    own = {name: ao.tensor(value) if isinstance(value, np.ndarray) else value for name, value in given.items()}
    given = {name: np.array(value, dtype) if isinstance(value, int) else value for name, value in given.items()}
    assert_same(ao.diff(ao.tensor(array), n=n, axis=axis, **own), np.diff(array, n, axis, **given))


def test_constants_are_those_of_the_standard() -> None:
    assert (ao.pi, ao.e, ao.inf) == (np.pi, np.e, np.inf) and ao.nan != ao.nan
    assert ao.newaxis is None and ao.ones(2)[ao.newaxis].shape == (1, 2)


# --- errors -------------------------------------------------------------------------------------------------------

ONE = ao.ones((2, 1, 3))

MISTAKES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ao.concat([]), ValueError, "concat: arrays must have at least one tensor, got none"),
    (lambda: ao.concat(3), TypeError, "concat: arrays must be a list or a tuple, got int 3"),
    (lambda: ao.concat([ao.ones(2), None]), TypeError, "concat: arrays[1] must be a Tensor, a Python number, "),
    (lambda: ao.concat(iter([ao.ones(2)])), TypeError, "; make a list of it with list(...)"),
    (lambda: ao.concat([1.0]), ValueError, "concat: arrays[0] must have at least 1 dimension, got shape (); join them"),
    (lambda: ao.concat([ao.ones(2), ONE]), ValueError, "concat: arrays[1] must have the shape of arrays[0], (2,), but"),
    (lambda: ao.concat([ONE, ao.ones((2, 2, 3))]), ValueError, "but along axis 0, got (2, 2, 3)"),
    (lambda: ao.concat([ONE], axis=3), IndexError, "concat: axis must be from -3 to 2 for a tensor of 3 dimensions"),
    (lambda: ao.concat([ONE], axis=(0,)), TypeError, "concat: axis must be an int or None, got tuple"),
    (lambda: ao.stack([ONE, ao.ones(2)]), ValueError, "stack: arrays[1] must have the shape of arrays[0], (2, 1, 3)"),
    (lambda: ao.stack([ONE], axis=4), IndexError, "stack: axis must be from -4 to 3 for a tensor of 4 dimensions"),
    (lambda: ao.squeeze(ONE, 0), ValueError, "squeeze: axis must name axes of length 1, got axis 0 of length 2"),
    (lambda: ao.squeeze(ONE, (1, 1)), ValueError, "squeeze: axis must not name an axis twice, got (1, 1)"),
    (lambda: ao.squeeze([[1]]), TypeError, "squeeze: x must be a Tensor, got list; make one with aotops.asarray"),
    (lambda: ao.expand_dims(ONE, 4), IndexError, "expand_dims: axis must be from -4 to 3 for a tensor of 4 dimensions"),
    (lambda: ao.expand_dims(ONE, (0,) * 30), ValueError, "expand_dims: axis"),
    (lambda: ao.flip(ONE, axis=3), IndexError, "flip: axis must be from -3 to 2"),
    (
        lambda: ao.unstack(ao.ones(()), axis=0),
        IndexError,
        "unstack: axis must name no axis of a tensor of 0 dimensions",
    ),
    (lambda: ao.moveaxis(ONE, (0, 1), 0), ValueError, "moveaxis: source and destination must name as many axes each"),
    (lambda: ao.matrix_transpose(ao.ones(2)), ValueError, "matrix_transpose: x must have at least 2 dimensions"),
    (lambda: ao.tril(ao.ones(2)), ValueError, "tril: x must have at least 2 dimensions, got shape (2,)"),
    (lambda: ao.broadcast_to(ONE, (2, 2)), ValueError, "broadcast_to: shape must be one that (2, 1, 3) broadcasts to"),
    (lambda: ao.broadcast_to(ONE, (2, -1, 3)), ValueError, "broadcast_to: "),
    (lambda: ao.broadcast_shapes((2, -1)), ValueError, "broadcast_shapes: "),
    (lambda: ao.broadcast_arrays(ONE, 2), TypeError, "broadcast_arrays: arrays[1] must be a Tensor, got int 2"),
    (lambda: ao.repeat(ONE, -1), ValueError, "repeat: repeats must be at least 0, got -1"),
    (lambda: ao.repeat(ONE, 1.5), TypeError, "repeat: repeats must be an int or a tensor of integers, got float 1.5"),
    (lambda: ao.repeat(ONE, ao.tensor([1, 2])), ValueError, "repeat: repeats must have one integer for each of 6 pos"),
    (lambda: ao.repeat(ONE, ao.tensor([1.0])), TypeError, "repeat: repeats must be integers, got dtype float64"),
    (lambda: ao.repeat(ONE, [1, -1], axis=0), ValueError, "repeat: repeats must be at least 0, got -1"),
    (lambda: ao.tile(ONE, (2, -1)), ValueError, "tile: repetitions must be at least 0, got (2, -1)"),
    (lambda: ao.roll(ONE, (1, 2, 3), axis=(0, 1)), ValueError, "roll: shift and axis must be as many ints each"),
    (lambda: ao.roll(ONE, 1.5), TypeError, "roll: shift must be an int"),
    (lambda: ao.meshgrid(ONE), ValueError, "meshgrid: arrays[0] must have one dimension, got shape (2, 1, 3)"),
    (lambda: ao.meshgrid([1], indexing="yx"), ValueError, "meshgrid: indexing must be 'xy' or 'ij', got 'yx'"),
    (lambda: ao.diff(ONE, n=-1), ValueError, "diff: n must be at least 0, got -1"),
    (
        lambda: ao.diff(ONE, prepend=ao.ones(2)),
        ValueError,
        "diff: prepend must have the shape of x, (2, 1, 3), but along",
    ),
    (
        lambda: ao.diff(ao.ones(())),
        IndexError,
        "diff: axis must name no axis of a tensor of 0 dimensions, which has none",
    ),
    (lambda: ao.eye(-1), ValueError, "eye: n_rows must be at least 0, got -1"),
    (lambda: ao.eye(2, 2.0), TypeError, "eye: n_cols must be an int, got float 2.0"),
]


@pytest.mark.parametrize(("call", "error", "message"), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_mistakes_are_named(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
