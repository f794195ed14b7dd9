"""A public function with a fast path in C gives what its Python function alone gives, whatever it is called with."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import pydoc
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from cells import for_each
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS
from leaks import assert_no_leak

import aotops as ao
from aotops import _native
from aotops.dtypes import BY_NAME
from aotops.namespace import (
    creation,
    data_types,
    grids,
    joining,
    linear_algebra,
    manipulation,
    searching,
    sorting,
    statistics,
)
from aotops.shapes import reshaped_strides

FUNCTIONS = {
    **{name: getattr(creation, name) for name in ("arange", "tensor", "asarray", "empty", "full", "zeros", "ones")},
    **{name: getattr(manipulation, name) for name in ("flip", "reshape", "permute_dims")},
    **{name: getattr(statistics, name) for name in ("mean", "var", "std")},
    "result_type": data_types.result_type,
    **{name: getattr(joining, name) for name in ("concat", "repeat", "roll", "stack", "tile")},
    **{name: getattr(grids, name) for name in ("tril", "triu")},
    **{name: getattr(searching, name) for name in ("count_nonzero", "nonzero", "take", "take_along_axis")},
    "vecdot": linear_algebra.vecdot,
    **{name: getattr(sorting, name) for name in ("argsort", "sort")},
    **{name: getattr(ao.Tensor, name) for name in ("astype", "contiguous", "permute", "reshape", "tolist", "view")},
}


def outcome(call: Callable[[], Any], x: ao.Tensor) -> Any:
    """What a call gives: what can be told of its result, and where in the memory of ``x`` it lies; or the error."""
    try:
        result = call()
    except Exception as error:
        return type(error), str(error)
    if isinstance(result, tuple) and isinstance(result[0], ao.Tensor):
        return tuple([outcome(lambda each=each: each, x) for each in result])
    if not isinstance(result, ao.Tensor):
        return result
    shared = np.shares_memory(np.asarray(result), np.asarray(x)) and result.size > 0
    address = np.asarray(result).__array_interface__["data"][0] - np.asarray(x).__array_interface__["data"][0]
    layout = result.shape, result.strides, result.dtype.name, result.is_contiguous(), result.readonly
    contents = memoryview(result.contiguous()).tobytes()
    return (*layout, contents, result is x, address if shared else None)


def agree(fast: Callable[..., Any], slow: Callable[..., Any], x: ao.Tensor, *args: Any, **options: Any) -> None:
    """Both come to the same, positional and named arguments alike."""
    assert outcome(lambda: fast(x, *args, **options), x) == outcome(lambda: slow(x, *args, **options), x)


tensors = st.tuples(st.sampled_from(list(LAYOUTS.values())), st.sampled_from(DTYPES)).map(
    lambda pair: pair[0].pair(pair[1])[0]
)
lengths = st.one_of(st.integers(-2, 12), st.sampled_from([2**40, 2**63, -(2**70), True, 1.0, "2", np.int64(3), None]))
shapes = st.one_of(
    st.lists(lengths, max_size=5),
    st.lists(lengths, max_size=4).map(tuple),
    lengths,
    st.just(range(3)),
    st.just([1] * 33),
)
flags = st.sampled_from([None, True, False, 0, 1, "x"])


@settings(max_examples=400, deadline=None)
@given(tensors, shapes, flags, st.data())
def test_reshape(x: ao.Tensor, shape: Any, flag: Any, data: st.DataObject) -> None:
    def slow(x: ao.Tensor, *shape: Any, copy: Any = None) -> Any:
        return manipulation.reshape.__wrapped__(x, shape[0] if len(shape) == 1 else shape, copy=copy)

    if data.draw(st.booleans()):  # one that fits, also where only a copy does
        parts = [n for n in x.shape if n != 1] or [1]
        shape = data.draw(st.permutations([*parts, 1]))
        if data.draw(st.booleans()) and len(parts) > 1:
            shape = [parts[0] * parts[1], *parts[2:]]
    agree(manipulation.reshape, manipulation.reshape.__wrapped__, x, shape)
    agree(manipulation.reshape, manipulation.reshape.__wrapped__, x, shape, copy=flag)
    agree(ao.Tensor.reshape, slow, x, shape, copy=flag)
    agree(ao.Tensor.view, ao.Tensor.view.__wrapped__, x, shape)  # type: ignore[attr-defined]
    if isinstance(shape, (list, tuple)):
        agree(ao.Tensor.reshape, slow, x, *shape, copy=flag)
        agree(ao.Tensor.view, ao.Tensor.view.__wrapped__, x, *shape)  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(tensors, st.data())
def test_strides_of_a_new_shape(x: ao.Tensor, data: st.DataObject) -> None:
    """C works them out as the pure Python function does."""
    factors: list[int] = []
    for length in x.shape:
        while length > 1:
            factors.append(next(p for p in range(2, length + 1) if length % p == 0))
            length //= factors[-1]
    shape = [1]
    for factor in factors if data.draw(st.booleans()) else data.draw(st.permutations(factors)):
        if data.draw(st.booleans()):
            shape[-1] *= factor
        else:
            shape.append(factor)
    if x.size > 0:
        wanted = reshaped_strides(x.shape, x.strides, tuple(shape))
        if wanted is None:
            with pytest.raises(ValueError, match=r"must have strides that a view of shape .* can show"):
                x.view(shape)
        else:
            assert x.view(shape).strides == wanted


@settings(max_examples=300, deadline=None)
@given(tensors, st.data())
def test_permutations(x: ao.Tensor, data: st.DataObject) -> None:
    axis = st.one_of(st.integers(-x.ndim - 1, x.ndim), st.sampled_from([True, 2**70, 1.0, np.int64(0)]))
    some = st.one_of(st.permutations(range(x.ndim)), st.lists(axis, min_size=max(x.ndim - 1, 0), max_size=x.ndim + 1))
    axes = data.draw(some)
    axes = [a - x.ndim if type(a) is int and data.draw(st.booleans()) else a for a in axes]
    slow = manipulation.permute_dims.__wrapped__
    agree(manipulation.permute_dims, slow, x, axes)
    agree(manipulation.permute_dims, slow, x, tuple(axes))
    agree(ao.Tensor.permute, ao.Tensor.permute.__wrapped__, x, *axes)  # type: ignore[attr-defined]
    agree(lambda x: x.T, lambda x: slow(x, range(x.ndim)[::-1]), x)


axes = st.sampled_from([0, -1, 1, 5, -40, None, True, 1.5, "x", (0,)])


@settings(max_examples=300, deadline=None)
@given(tensors, st.lists(tensors, max_size=2), axes, st.sampled_from([list, tuple, iter]), st.booleans())
def test_joining(x: ao.Tensor, others: list[ao.Tensor], axis: Any, kind: Any, alike: bool) -> None:
    arrays = [x, x[:1], x.astype("float64")] if alike and x.ndim else [x, *others, 1.5][: 1 + len(others)]
    for fast in (joining.concat, joining.stack):
        agree(
            lambda x, fast=fast, **options: fast(kind(arrays), **options), unwrapped(fast, kind, arrays), x, axis=axis
        )
        agree(lambda x, fast=fast: fast(kind(arrays)), unwrapped(fast, kind, arrays), x)


def unwrapped(fast: Any, kind: Any, arrays: list[ao.Tensor]) -> Callable[..., Any]:
    """The Python function of a function of several arrays."""
    return lambda x, **options: fast.__wrapped__(kind(arrays), **options)


@settings(max_examples=200, deadline=None)
@given(tensors, axes, st.sampled_from([0, 1, 2, 5, -1, -7, 2**62, True, 1.0, None, (1, 2), [2, 1, 3], (0, 1), ()]))
def test_moving(x: ao.Tensor, axis: Any, by: Any) -> None:
    for each in (x, x.contiguous()):
        for fast in (joining.repeat, joining.roll):
            agree(fast, fast.__wrapped__, each, by, axis=axis)
            agree(fast, fast.__wrapped__, each, by)
        agree(joining.tile, joining.tile.__wrapped__, each, by)
        agree(manipulation.flip, manipulation.flip.__wrapped__, each, axis=axis)
        agree(manipulation.flip, manipulation.flip.__wrapped__, each)
        for fast in (grids.tril, grids.triu):
            agree(fast, fast.__wrapped__, each, k=by)
            agree(fast, fast.__wrapped__, each)


@settings(max_examples=200, deadline=None)
@given(tensors, axes)
def test_counting(x: ao.Tensor, axis: Any) -> None:
    for each in (x, x.contiguous(), x.astype("bool")):
        for fast in (searching.nonzero, searching.count_nonzero):
            agree(fast, fast.__wrapped__, each)
        agree(searching.count_nonzero, searching.count_nonzero.__wrapped__, each, axis=axis)
        agree(searching.count_nonzero, searching.count_nonzero.__wrapped__, each, keepdims=True)


@settings(max_examples=300, deadline=None)
@given(tensors, tensors, axes)
def test_dot_products(x: ao.Tensor, other: ao.Tensor, axis: Any) -> None:
    for y in (x, other, x[..., :1], x[:1]) if x.ndim else (other,):
        agree(linear_algebra.vecdot, linear_algebra.vecdot.__wrapped__, x, y)
        agree(linear_algebra.vecdot, linear_algebra.vecdot.__wrapped__, x, y, axis=axis)


@settings(max_examples=200, deadline=None)
@given(tensors, axes, flags, flags)
def test_sorting(x: ao.Tensor, axis: Any, descending: Any, stable: Any) -> None:
    for fast in (sorting.sort, sorting.argsort):
        agree(fast, fast.__wrapped__, x, axis=axis, descending=descending, stable=stable)
        agree(fast, fast.__wrapped__, x, descending=descending)
        agree(fast, fast.__wrapped__, x)


@settings(max_examples=300, deadline=None)
@given(tensors, tensors, axes, st.integers(0, 5))
def test_positions(x: ao.Tensor, other: ao.Tensor, axis: Any, most: int) -> None:
    for index in (other, ao.clip(other.astype("int64"), 0, most), ao.clip(x.astype("int64"), -1, 0), [0], 0, "x"):
        agree(searching.take, searching.take.__wrapped__, x, index, axis=axis)
        agree(searching.take_along_axis, searching.take_along_axis.__wrapped__, x, index, axis=axis)
        agree(searching.take, searching.take.__wrapped__, x, index)
    agree(searching.nonzero, searching.nonzero.__wrapped__, x)
    agree(searching.nonzero, searching.nonzero.__wrapped__, x.astype("bool"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("centre", [0.0, 1.0, 1e9, 1e37, math.inf, math.nan])
def test_variances_that_rounding_or_overflow_would_spoil_are_pythons(dtype: str, centre: float) -> None:
    # the distances are far below the mean, or their squares leave the range
    for scale in (1e-3, 1.0, 1e30):
        x = ao.asarray((np.random.default_rng(7).normal(size=(3, 5)) * scale + centre).astype(dtype))
        for options in (
            {},
            {"axis": 0},
            {"axis": (-1,), "correction": 1},
            {"axis": 1, "correction": 9, "keepdims": True},
        ):
            for fast in (statistics.var, statistics.std):
                agree(fast, fast.__wrapped__, x, **options)


@settings(max_examples=300, deadline=None)
@given(tensors, st.data())
def test_statistics(x: ao.Tensor, data: st.DataObject) -> None:
    options: dict[str, Any] = {}
    choices: dict[str, Any] = {
        "axis": st.one_of(
            st.integers(-x.ndim - 1, x.ndim), st.sampled_from([None, (0,), 2**70, True, "0", np.int64(0)])
        ),
        "keepdims": st.sampled_from([True, False, 1, "x"]),
        "dtype": st.sampled_from([None, "float32", ao.float64, "int64"]),
        "correction": st.sampled_from([None, 0, 1, 2.5, -1, 100, True, float("nan"), "1", 10**30]),
        "ddof": st.sampled_from([None, 0, 1, 1.5]),
    }
    for name in data.draw(st.lists(st.sampled_from(list(choices)), unique=True)):
        options[name] = data.draw(choices[name])
    for function in (statistics.var, statistics.std, statistics.mean):
        if function is statistics.mean:
            options = {name: value for name, value in options.items() if name not in ("correction", "ddof")}
        agree(function, function.__wrapped__, x, **options)
        if "axis" in options:
            others = {name: value for name, value in options.items() if name != "axis"}
            agree(function, function.__wrapped__, x, options["axis"], **others)
    with pytest.raises(TypeError, match="unexpected keyword argument 'correction'"):
        x.mean(correction=None)  # type: ignore[call-arg]


@settings(max_examples=200, deadline=None)
@given(tensors, st.sampled_from(["bool", "int64", "float32", "float64", float, "int8", "float16", None, 3]), flags)
def test_conversions_of_dtype(x: ao.Tensor, dtype: Any, flag: Any) -> None:
    agree(ao.Tensor.astype, ao.Tensor.astype.__wrapped__, x, dtype)
    agree(ao.Tensor.astype, ao.Tensor.astype.__wrapped__, x, dtype, copy=flag)
    agree(ao.Tensor.contiguous, ao.Tensor.contiguous.__wrapped__, x)
    agree(creation.asarray, creation.asarray.__wrapped__, x, dtype=dtype, copy=flag)
    agree(creation.tensor, creation.tensor.__wrapped__, x, dtype=dtype)
    assert repr(x.tolist()) == repr(ao.Tensor.tolist.__wrapped__(x)) == repr(np.asarray(x).tolist())


@settings(max_examples=300, deadline=None)
@given(shapes, st.sampled_from([None, "bool", ao.int64, "float32", float, "x"]), st.data())
def test_tensors_of_one_value(shape: Any, dtype: Any, data: st.DataObject) -> None:
    value = data.draw(
        st.sampled_from([0, 2.5, True, float("nan"), 2**70, -1, np.float32(1.5), "1", None, ao.tensor(3)])
    )
    sizes = [n for n in (shape if isinstance(shape, (list, tuple)) else [shape]) if isinstance(n, int)]
    if any(n > 100 for n in sizes) and not any(n < 0 or n > 2**62 for n in sizes):
        return  # as much memory as there may be
    x = ao.zeros(1)
    full = creation.full.__wrapped__
    options = {} if dtype is None else {"dtype": dtype}
    for function in (creation.zeros, creation.ones, lambda *args, **options: creation.full(*args, value, **options)):
        fast, slow = function, getattr(function, "__wrapped__", lambda shape, **options: full(shape, value, **options))
        assert outcome(partial(fast, shape, **options), x) == outcome(partial(slow, shape, **options), x)
    got, wanted = [outcome(lambda f=f: f(shape, **options), x) for f in (creation.empty, creation.empty.__wrapped__)]
    assert got[:5] == wanted[:5]


ends = st.one_of(
    st.integers(-400, 400),
    st.floats(-40, 40),
    st.sampled_from([None, True, 2**61, 2**63 - 1, -(2**63), 2**70, 1e18, -0.0, math.nan, math.inf, np.int64(3), "1"]),
)
steps = st.one_of(ends, st.sampled_from([1, -1, 0, 0.1, -0.25, 2**62, 2**55 + 0.0]))


@settings(max_examples=600, deadline=None)
@given(st.lists(ends, min_size=1, max_size=2), st.none() | steps, st.sampled_from([None, *BY_NAME, float, "x"]))
def test_ranges(positional: list[Any], step: Any, dtype: Any) -> None:
    arguments = [*positional, *([] if step is None or len(positional) == 1 else [step])]
    first, last, by = [0, *arguments, 1] if len(arguments) == 1 else [*arguments, 1][:3]
    first, last = (0, first) if last is None else (first, last)
    plain = all(isinstance(value, (int, float)) and math.isfinite(value) for value in (first, last, by)) and by != 0
    count = (last - first) / by if plain else 0
    if 10**6 < count < 2**61:
        return  # as much memory as there may be
    options = {} if dtype is None else {"dtype": dtype}
    slow = creation.arange.__wrapped__
    x = ao.zeros(1)
    got, wanted = [outcome(lambda f=f: f(*arguments, **options), x) for f in (creation.arange, slow)]
    assert got == wanted
    if (
        plain
        and None not in arguments
        and dtype is None
        and 0 <= count < 10**6
        and max(abs(first), abs(last), abs(by)) < 2**53
    ):
        assert ao.arange(*arguments).tolist() == [first + k * by for k in range(math.ceil(count))]


@pytest.mark.parametrize("dtype", [None, *BY_NAME])
def test_ranges_with_parameters_by_name(dtype: str | None) -> None:
    for fast in (creation.arange, creation.arange.__wrapped__):  # type: ignore[attr-defined]
        assert fast(2, stop=9, step=3, dtype=dtype).tolist() == np.arange(2, 9, 3).astype(dtype or int).tolist()
        assert fast(4, stop=None, dtype=dtype).tolist() == np.arange(4).astype(dtype or int).tolist()
        with pytest.raises(TypeError, match="step must be a number, got NoneType"):
            fast(4, step=None)


values = st.one_of(
    tensors,
    st.sampled_from(
        [*BY_NAME, *BY_NAME.values(), 1, 2.5, True, 2**70, float, int, bool, "int8", None, np.int8(1), [1]]
    ),
    st.sampled_from([np.zeros(2), np.float32(1), np.uint64(2**64 - 1), np.dtype("bool")]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(values, max_size=4))
def test_result_types(several: list[Any]) -> None:
    x = ao.zeros(1)
    slow = data_types.result_type.__wrapped__  # type: ignore[attr-defined]
    got, wanted = outcome(lambda: ao.result_type(*several), x), outcome(lambda: slow(*several), x)
    assert got == wanted
    numbers = [value for value in several if isinstance(value, (int, float)) and not isinstance(value, np.generic)]
    others = [value for value in several if isinstance(value, ao.Tensor)]
    if len(others) == 1 and len(numbers) == len(several) - 1 == 1 and numbers[0] != 2**70:
        assert got == ao.where(True, *several).dtype


BUFFERS = [
    *[np.array([[1, 2, 3], [-4, 500, 7 << 40]]).astype(code)[::-1, ::2] for code in ("i1", "u2", "i4", "u4", "u8")],
    *[np.array([[1, -2, 300]], code) for code in (">i4", "f2", ">f8")],
    np.zeros((3, 0), dtype="int32"),
    np.array(7, dtype="uint32"),
    np.arange(6.0).reshape(2, 3),
    np.arange(6.0).reshape(2, 3).T[::-1],
    np.arange(3, dtype="float32"),
    np.arange(3, dtype="int32"),
    np.float64(2.5),
    np.int64(7),
    np.int16(7),
    np.bool_(True),
    np.array(2.5, dtype="float16"),
    np.array(["2020"], dtype="datetime64[D]"),
    np.zeros((0, 3)),
    np.frombuffer(bytes(17), dtype="float64", offset=1, count=2),
    memoryview(b"abc"),
    b"abc",
    bytearray(8),
    "abc",
    None,
    {1: 2},
    object(),
]


@for_each("data", dict(enumerate(map(repr, BUFFERS))))
@pytest.mark.parametrize(
    "options",
    [{}, *[{"dtype": dtype} for dtype in (None, *BY_NAME)], {"copy": True}, {"copy": False}],
    ids=str,
)
def test_buffers(data: Any, options: dict[str, Any]) -> None:
    x = ao.zeros(1)
    slow = creation.asarray.__wrapped__
    got, wanted = outcome(lambda: ao.asarray(data, **options), x), outcome(lambda: slow(data, **options), x)
    assert got == wanted
    if isinstance(data, np.ndarray) and isinstance(got[0], tuple) and not options:
        whole = np.asarray(ao.asarray(data))
        assert np.shares_memory(whole, data) == np.shares_memory(np.asarray(slow(data)), data)


# --- what a Function is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_what_functions_have(name: str) -> None:
    function = FUNCTIONS[name]
    python = function.__wrapped__
    assert type(function) is _native.Function and type(python) is type(outcome)
    assert (function.__name__, function.__qualname__) == (python.__name__, python.__qualname__)
    assert function.__module__ == python.__module__ and function.__doc__ == python.__doc__
    assert inspect.signature(function) == inspect.signature(python) and repr(function) == repr(python).replace(
        f"{id(python):x}", repr(function).partition(" at 0x")[2].rstrip(">")
    )
    assert callable(function) and inspect.isroutine(function)
    assert python.__doc__.splitlines()[0] in pydoc.plain(pydoc.render_doc(function))
    assert copy.copy(function) is copy.deepcopy(function) is function
    with pytest.raises(AttributeError, match="no_such"):
        function.no_such  # noqa: B018
    with pytest.raises(TypeError):
        type(function)()


def test_public_functions_are_pickled_by_name() -> None:
    for name in ("tensor", "reshape", "mean"):
        assert pickle.loads(pickle.dumps(getattr(ao, name))) is getattr(ao, name)
    x = ao.arange(6.0)
    assert pickle.loads(pickle.dumps(x.reshape))(2, 3).tolist() == x.reshape(2, 3).tolist()


def test_bound_methods() -> None:
    x = ao.arange(6.0)
    for method, arguments in ((x.reshape, (2, 3)), (x.mean, ()), (x.tolist, ()), (x.permute, (0,)), (x.std, ())):
        assert method.__self__ is x and inspect.ismethod(method)
        assert repr(method(*arguments)) == repr(getattr(x, method.__name__)(*arguments))
    assert str(inspect.signature(x.view)) == "(*shape: 'Any') -> 'Tensor'"
    assert "axis" in inspect.signature(x.mean).parameters and "x" not in inspect.signature(x.mean).parameters
    assert ao.Tensor.mean is ao.mean and ao.Tensor.var is ao.var and ao.Tensor.std is ao.std
    assert ao.Tensor.reshape.__call__(x, 3, 2).shape == (3, 2) and ao.zeros.__call__(3, dtype="bool").dtype == "bool"
    assert ao.Tensor.reshape(x, *[1] * 30, 6).ndim == 31
    for wrong in (lambda: ao.Tensor.reshape(5, 2), lambda: ao.Tensor.tolist(None), lambda: ao.Tensor.mean("a")):
        with pytest.raises((TypeError, AttributeError)):
            wrong()


class Fake(ao.Tensor):
    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return ("mine", key)

    def __len__(self) -> int:
        return 2


def test_instances_of_a_subclass() -> None:
    x = ao.arange(6.0).reshape(3, 2)
    x.__class__ = Fake  # type: ignore[assignment]
    assert x[0] == ("mine", 0) and len(x) == 2, "a subclass has its own methods"
    assert next(iter(x)) == ("mine", 0)
    assert type(x.T) is type(x.reshape(2, 3)) is type(x.contiguous().mean()) is type(ao.tensor(x)) is ao.Tensor
    assert x.tolist() == [[0, 1], [2, 3], [4, 5]] and x.T.shape == (2, 3)


def test_nothing_leaks() -> None:
    x, axes, data = ao.arange(24.0).reshape(2, 3, 4), (2, 0, 1), np.arange(6.0)
    shape = [4, 3, 2]
    foreign = np.arange(6, dtype="int32").reshape(2, 3).T
    calls: list[Callable[[], Any]] = [
        lambda: x.T,
        lambda: x.permute(axes).reshape(shape),
        lambda: x.permute(2, 1, 0).view(4, 3, 2),
        lambda: ao.reshape(x, shape, copy=True),
        lambda: ao.permute_dims(x, axes).contiguous(),
        lambda: x.T.contiguous(),
        lambda: x.astype("float32").astype("int64", copy=False),
        lambda: x.tolist(),
        lambda: (x.mean(), x.mean(0), x.mean(1, keepdims=True), x.mean(axis=(0, 1))),
        lambda: (x.var(), x.var(0, ddof=1), x.std(1, correction=0.5), ao.std(x, keepdims=True)),
        lambda: x.astype("int64").var(),
        lambda: (ao.zeros(shape), ao.ones(axes), ao.full(3, 2.5), ao.empty((2, 2), dtype="bool")),
        lambda: (ao.asarray(data), ao.tensor(data), ao.asarray(x), ao.asarray(x, dtype="float32")),
        lambda: list(x) + list(x[0]) + [x[1, 2, 3]],
        lambda: (x.item(3), x.item(1, 2, 3), float(x[0, 0, 1]), int(x[0, 0, 1]), bool(x[0, 0, 1]), len(x)),
        lambda: (x[np.int64(1)], x[np.int8(0), ..., np.int64(1)], x[1:, ::-1, None]),
        lambda: (x.__setitem__(0, x[1]), x.__setitem__((0, np.int64(1)), [1.0] * 4), x.__setitem__((1, 1, 1), 5)),
        lambda: (
            x * [1.0, 2.0, 3.0, 4.0],
            data[:4] * x,
            x == (1, 2, 3, 4),
            ao.exp([1.0]),
            ao.sum(data),
            x * np.float64(2),
        ),
        lambda: (
            x.__setitem__(0, data[:4]),
            x.__setitem__((0, 1), np.float32(2)),
            x.__setitem__((0, 0, 0), x[1, 1, 1]),
        ),
        lambda: iter(x).__length_hint__(),
        lambda: (ao.arange(5), ao.arange(1, 9, 2, dtype="uint8"), ao.arange(0, 1, 0.25), ao.result_type(x, 2, "bool")),
        lambda: (x.astype("uint8") < 300, x.astype("int64") == -1, 2**70 in x.astype("int64")),
        lambda: (ao.asarray(foreign, dtype="int64"), ao.tensor([foreign, foreign], dtype="float32")),
        lambda: (ao.repeat(x, 2), ao.repeat(x, 2, axis=0), ao.roll(x, 3), ao.tile(x, (2, 1, 3)), ao.flip(x, axis=0)),
        lambda: (ao.tril(x), ao.triu(x.T, k=1), ao.count_nonzero(x), ao.nonzero(x[0])),
        lambda: (ao.concat([x] * 9, axis=2), ao.concat([ao.ones((9, 9))] * 9, axis=1)),
        lambda: x.mean.__self__,
    ]
    failing: list[Callable[[], Any]] = [
        lambda: x.reshape(5),
        lambda: x.T.view(24),
        lambda: x.permute(0, 0, 1),
        lambda: x.mean(7),
        lambda: x.var(correction="a"),
        lambda: x.reshape(2, wrong=1),
        lambda: ao.zeros(-1),
        lambda: ao.full(2, 2**70, dtype="int64"),
        lambda: ao.asarray(memoryview(b"abcd").cast("c")),
        lambda: x.item(1, 2, 9),
        lambda: float(x),
        lambda: bool(x),
        lambda: x - [1, 2],
        lambda: x + np.zeros(3, dtype="float16"),
        lambda: ao.add(x, [1, "a"]),
        lambda: x.__setitem__(0, np.zeros(5)),
        lambda: x[5],
        lambda: x["a"],
        lambda: x.__setitem__(0, "a"),
        lambda: x.__setitem__(0, [1, 2]),
        lambda: len(ao.tensor(1)),
        lambda: iter(ao.tensor(1)),
    ]

    def run() -> None:
        for call in calls:
            call()
        for call in failing:
            try:
                call()
            except (ValueError, TypeError, IndexError, OverflowError):
                continue
            pytest.fail("this call must fail")

    kept = (x, axes, shape, data, ao.float32, ao.Tensor.reshape, ao.mean)
    assert_no_leak(run, lambda: ([sys.getrefcount(each) for each in kept], ao.memory.stats()["used"]))
