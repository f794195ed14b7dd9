"""NumPy's functions on tensors, by its protocols: aotops computes, and the result is a tensor; and its dtypes."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, LAYOUTS

import aotops as ao
from aotops.interop import numpy_functions

SAME = numpy_functions.SAME.split()
VALUES = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])

#: Calls of functions that are no universal functions.
CALLS: list[Callable[[Any], Any]] = [
    np.sum,
    lambda x: np.sum(x, 0),
    lambda x: np.sum(x, axis=(0, 1), keepdims=True),
    lambda x: np.sum(a=x, axis=-1),
    lambda x: np.sum(x, dtype=np.float32),
    lambda x: np.sum(x, initial=np._NoValue, where=np._NoValue),
    lambda x: np.prod(x, axis=1),
    lambda x: np.mean(x, axis=0),
    lambda x: np.mean(x, dtype="float32", keepdims=True),
    lambda x: np.std(x, ddof=1),
    lambda x: np.var(x, 1, correction=1),
    np.max,
    lambda x: np.amax(x, axis=1),
    lambda x: np.min(x, axis=0),
    np.amin,
    lambda x: np.argmax(x, 1),
    lambda x: np.argmin(x, axis=0, keepdims=True),
    lambda x: np.any(x > 0, axis=0),
    lambda x: np.all(x > -9),
    np.cumsum,
    lambda x: np.cumsum(x, 1),
    lambda x: np.cumprod(x, axis=0),
    lambda x: np.where(x > 0, x, 0.0),
    lambda x: np.where(np.asarray(x) > 0, x, -1),
    lambda x: np.where([True, False, True], 1.0, x),
    lambda x: np.clip(x, -1, 2),
    lambda x: np.clip(x, a_min=0, a_max=None),
    lambda x: np.reshape(x, (3, 2)),
    lambda x: np.reshape(x, -1),
    lambda x: np.reshape(x, shape=(3, 2), order="C") if "shape" in str(inspect.signature(np.reshape)) else np.sum(x),
    np.transpose,
    lambda x: np.transpose(x, (1, 0)),
    lambda x: np.swapaxes(x, 0, -1),
    lambda x: np.moveaxis(x, 0, 1),
    np.ravel,
    np.copy,
    lambda x: np.concatenate([x, VALUES]),
    lambda x: np.concatenate((VALUES, x), axis=1),
    lambda x: np.concatenate([x, x], axis=None),
    lambda x: np.concatenate([x, x], dtype="float32"),
    lambda x: np.stack([x, x], 1),
    lambda x: np.vstack([x, x[0]]),
    lambda x: np.vstack([x[0], x[1]]),
    lambda x: np.hstack([x[0], x[1]]),
    lambda x: np.hstack([x, x]),
    lambda x: np.squeeze(x[None]),
    lambda x: np.expand_dims(x, 0),
    lambda x: np.roll(x, 1),
    lambda x: np.flip(x, 1),
    lambda x: np.tile(x, 2),
    lambda x: np.repeat(x, 2, axis=0),
    np.tril,
    lambda x: np.triu(x, k=1),
    np.zeros_like,
    lambda x: np.ones_like(x, dtype=np.int64),
    lambda x: np.full_like(x, 3),
    lambda x: np.full_like(x, x[0]),
    lambda x: np.zeros_like(x, shape=(3, 1)),
    lambda x: np.ones_like(x, "int32", shape=4),
    lambda x: np.full_like(x, 2, shape=(2,), dtype="f4"),
    lambda x: np.empty_like(x, shape=(0, 2)),
    lambda x: np.asarray([1, 2], like=x),
    lambda x: np.asanyarray([1, 2], "float32", like=x),
    lambda x: np.array(VALUES[0], ndmin=2, like=x),
    lambda x: np.zeros((2, 1), like=x),
    lambda x: np.ones(3, "int32", like=x),
    lambda x: np.full((2, 2), 7, like=x),
    lambda x: np.arange(1, 7, 2, like=x),
    lambda x: np.nansum(x, axis=0, dtype="float32"),
    lambda x: np.nanprod(x, axis=0),
    lambda x: np.nanvar(x, axis=0),
    lambda x: np.nanmedian(x, axis=0),
    lambda x: np.broadcast_to(x, (2, 2, 3)),
    lambda x: np.meshgrid(x[0], x[1])[1],
    np.sort,
    lambda x: np.sort(x, axis=0, kind="stable"),
    lambda x: np.argsort(x, 0),
    lambda x: np.median(x, axis=0),
    lambda x: np.quantile(x, [0.1, 0.5], axis=1),
    lambda x: np.diff(x, n=2, axis=1),
    lambda x: np.take(x, [0, 2, 0], axis=1),
    lambda x: np.take_along_axis(x, np.zeros((2, 1), int), 1),
    lambda x: np.searchsorted(np.sort(x[0]), x[1], side="right"),
    lambda x: np.count_nonzero(x, axis=0),
    lambda x: np.isin(x, [3.0, 4.0]),
    np.around,
    lambda x: np.einsum("ij,kj->ik", x, x),
    lambda x: np.tensordot(x, x.T, axes=1),
    lambda x: np.matmul(x, x.T),
    lambda x: np.where(x > 0)[1],
    lambda x: np.add.reduce(x),
    lambda x: np.add.reduce(x, axis=None, dtype="float32"),
    lambda x: np.maximum.reduce(x, axis=1, keepdims=True),
    lambda x: np.logical_and.reduce(x > -1.5),
    lambda x: np.logical_or.reduce(x > 3, axis=1),
    np.add.accumulate,
    lambda x: np.multiply.accumulate(x, axis=1),
]

#: Calls whose results may be several.
MORE_CALLS: list[Callable[[Any], Any]] = [
    lambda x: np.unique(x),
    lambda x: np.unique(x, return_counts=True),
    lambda x: np.unique(x, True, True, True),
    lambda x: np.unique(x, axis=0),
    lambda x: np.isclose(x, x + 1e-9),
    lambda x: np.isclose(x, 1.5),
    lambda x: np.isclose(1.5, x, equal_nan=True),
    lambda x: np.split(x, 3, axis=1),
    lambda x: np.array_split(x, 2, 1),
    lambda x: np.hsplit(x, 3),
    lambda x: np.vsplit(x, 2),
    lambda x: np.atleast_1d(x),
    lambda x: np.atleast_1d(x[0, 0], x),
    lambda x: np.atleast_2d(x[0]),
    lambda x: np.atleast_3d(x),
    lambda x: np.atleast_3d(x[0]),
    lambda x: np.atleast_3d(x[None]),
    lambda x: np.round(x, 1),
    lambda x: np.round(x / 7, 3),
    lambda x: np.around(x, -1),
    lambda x: np.round(x),
    lambda x: np.append(x, x),
    lambda x: np.append(x, x, axis=1),
    lambda x: np.append(x, [[1, 2, 3]], 0),
    lambda x: np.argwhere(x > 1),
    lambda x: np.flatnonzero(x > 1),
    lambda x: np.outer(x, x),
    lambda x: np.inner(x, x),
    lambda x: np.vdot(x, x),
    lambda x: np.trace(x),
    lambda x: np.diag(x),
    lambda x: np.diagonal(x, 1),
    lambda x: np.pad(x, 1),
    lambda x: np.histogram(x),
    lambda x: np.interp(0.5, x[0], x[1]),
    lambda x: np.digitize(x, [0, 1, 2]),
    lambda x: np.insert(x, 1, 5),
    lambda x: np.delete(x, 1, axis=1),
    lambda x: np.fliplr(x),
    lambda x: np.rot90(x),
    lambda x: np.union1d(x, x + 1),
    lambda x: np.cov(x),
    lambda x: np.gradient(x),
    lambda x: np.select([x > 0], [x], 0),
    lambda x: np.nan_to_num(x),
    lambda x: np.average(x, axis=0, weights=[1, 2]),
    lambda x: np.ptp(x, axis=1),
    lambda x: np.kron(x, x),
    lambda x: np.column_stack([x[0], x[1]]),
    lambda x: np.permute_dims(x, (1, 0)),
    lambda x: np.polyval([1, 2], x),
    lambda x: np.block([[x, x]]),
    lambda x: np.linspace(x[0], x[1], 3),
    lambda x: np.partition(x, 1),
    lambda x: np.average(x, returned=True),
    lambda x: np.isin(x, x),
]


def test_numpys_functions_are_those_of_aotops() -> None:
    for number, call in enumerate(CALLS):
        got, wanted = call(ao.tensor(VALUES)), np.asarray(call(VALUES))
        assert type(got) is ao.Tensor, number
        assert np.asarray(got).dtype == wanted.dtype and got.shape == wanted.shape, number
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-6, err_msg=str(number))


def leaves(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, (tuple, list)) else [value]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_more_functions_of_numpy() -> None:
    special = np.array([[np.nan, 1.0, 2.0], [np.inf, np.nan, -np.inf]])
    for array in (VALUES, np.array([[3, 1, 2], [1, 15, 25]]), VALUES.astype("float32"), special):
        for number, call in enumerate(MORE_CALLS):
            try:
                wanted = leaves(call(array))
            except (TypeError, ValueError):  # of special values, or of integers that a function does not take
                assert array is not VALUES, number
                continue
            results = leaves(call(ao.asarray(array)))
            assert len(results) == len(wanted), number
            for got, right in zip(results, wanted, strict=True):
                assert type(got) is ao.Tensor and np.asarray(got).dtype == right.dtype, number
                assert got.shape == np.shape(right), number
                np.testing.assert_allclose(np.asarray(got), right, rtol=1e-6, err_msg=str(number))


def test_parts_of_a_tensor_share_its_memory() -> None:
    t = ao.zeros((2, 4))
    for part in (*np.split(t, 2, axis=1), np.diagonal(t), np.atleast_3d(t), np.flip(t), np.rot90(t)):
        assert np.shares_memory(t, part)


def test_nearly_every_function_of_numpy_is_served() -> None:
    kind = type(np.sum)
    names = {name for name in dir(np) if type(getattr(np, name)) is kind and getattr(np, name).__name__ == name}
    known = {*SAME, *numpy_functions.RENAMED, *numpy_functions.ADAPTERS}
    known |= {*numpy_functions.NUMPYS.split(), *numpy_functions.BY_NUMPY.split()}
    # they call a function with arrays, or take dates
    assert names - known <= {
        *("apply_along_axis", "apply_over_axes", "piecewise"),
        *("busday_count", "busday_offset", "datetime_as_string", "is_busday"),
    }


def test_every_dtype_and_layout() -> None:
    for layout in LAYOUTS.values():
        for dtype in DTYPES:
            t, array = layout.pair(dtype)
            for call in (np.sum, np.ravel, np.transpose, lambda x: np.concatenate([x, x], axis=None), np.copy):
                got, wanted = call(t), np.asarray(call(array))
                assert type(got) is ao.Tensor and got.shape == wanted.shape
                np.testing.assert_array_equal(np.asarray(got).astype(wanted.dtype), wanted)


@pytest.mark.parametrize("make", [lambda: ao.zeros(3), lambda: np.zeros(3), lambda: np.zeros(3, "float32")])
def test_out(make: Callable[[], Any]) -> None:
    t = ao.tensor(VALUES)
    for call in (
        lambda out: np.sum(t, axis=0, out=out),
        lambda out: np.mean(t, 0, None, out),
        lambda out: np.add.reduce(t, out=out),
        lambda out: np.maximum(t[0], t[1], out=out),
        lambda out: np.exp(t[0], out),
        lambda out: np.concatenate([t[0, :1], t[1, 1:]], out=out),
    ):
        out = make()
        wanted = call(np.zeros(3))
        assert call(out) is out
        np.testing.assert_allclose(np.asarray(out), np.asarray(wanted), rtol=1e-6)


def test_out_that_no_tensor_can_share() -> None:
    t = ao.tensor(VALUES)
    shifted = np.frombuffer(bytearray(33), np.uint8)[1:25].view(np.float64)
    with pytest.raises(
        ValueError, match=r"asarray: obj must need no copy where copy=False, got ndarray that is not al"
    ):
        np.sum(t, axis=0, out=shifted)
    assert np.add.reduce(t, out=shifted) is shifted and shifted.tolist() == VALUES.sum(0).tolist()
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    for call in (np.sum, np.add.reduce):
        with pytest.raises(ValueError, match="read-only"):
            call(t, axis=0, out=frozen)


def test_kernels_of_aotops_compute() -> None:
    t, values = ao.tensor(VALUES), VALUES.copy()
    for call, name in (
        (lambda: np.exp(t), "exp"),
        (lambda: np.sum(t, axis=0), "sum"),
        (lambda: np.add(values, t), "add"),
        (lambda: np.add.reduce(t), "sum"),
        (lambda: values.__iadd__(t), "add"),
        (lambda: np.exp(t, out=values), "exp"),
        (lambda: np.where(t > 0, t, 0), "where"),
    ):
        with ao.trace() as trace:
            call()
        assert name in [launch.operator for launch in trace.launches]


INTEGERS = [dtype for dtype in DTYPES if np.dtype(dtype).kind in "biu"]


@pytest.mark.parametrize("name", [name for name in sorted(dir(np)) if isinstance(getattr(np, name), np.ufunc)])
def test_functions_of_integers_have_numpys_dtypes(name: str) -> None:
    """Of float16, which aotops lacks, float64; a few are a ``TypeError`` of bools."""
    function = getattr(np, name)
    if function.signature or function.nout > 1 or numpy_functions.function_called(function.__name__) is None:
        return  # NumPy computes it itself
    for dtype in INTEGERS:
        x = np.array([1, 1, 0] if dtype == "bool" else [1, 2, 3], dtype)
        others = [()] if function.nin == 1 else [(np.ones(3, each),) for each in INTEGERS] + [(2,), (True,)]
        for other in others:
            with np.errstate(all="ignore"):
                try:
                    wanted = function(x, *other)
                    tensors = [ao.asarray(y) if isinstance(y, np.ndarray) else y for y in (x, *other)]
                    result = function(*tensors)
                except TypeError:
                    assert "bool" in (dtype, *[np.result_type(y) for y in other]) or name in NO_PAIR
                    continue
            assert result.dtype == ("float64" if wanted.dtype == "float16" else wanted.dtype), (dtype, other)
            close = {"rtol": 1e-2 if wanted.dtype == "float16" else 1e-6, "atol": 1e-3}
            np.testing.assert_allclose(np.asarray(result), wanted, **close)


#: Universal functions that NumPy has for integers, but not for int64 with uint64.
SHIFTS = ["left_shift", "right_shift"]
NO_PAIR = [*SHIFTS, *[f"bitwise_{name}" for name in ("and", "or", "xor", *SHIFTS)]]


@pytest.mark.parametrize("function", [np.quantile, np.percentile])
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_quantiles_have_numpys_dtypes(function: Any, dtype: str) -> None:
    x = np.array([[3, 1, 2], [6, 5, 4]], dtype)
    for q in (
        0.25,
        1,
        [0.25, 0.5],
        np.float64(0.5),
        np.float32(0.5),
        np.array([0.5, 0.75]),
        np.array([0.5], "float32"),
    ):
        if dtype == "int16" and (type(q) is int or np.asarray(q).dtype == "float32"):
            continue  # aotops computes integers in float64
        for axis in (None, 1):
            wanted, result = [function(each, q, axis=axis) for each in (x, ao.asarray(x))]
            assert type(result) is ao.Tensor and result.dtype == wanted.dtype and result.shape == wanted.shape
            np.testing.assert_allclose(np.asarray(result), wanted, rtol=1e-6)
    out = np.zeros(2)
    assert function(ao.asarray(x), 0.5, axis=1, out=out) is out
    assert np.array_equal(out, function(x, 0.5, axis=1))
    with pytest.raises(TypeError, match="weights"):
        function(ao.asarray(x), 0.5, weights=x, method="inverted_cdf")


def test_broadcasting_numbers() -> None:
    for other in (2, 0.5, np.int16(3), np.ones((2, 1)), [1.0, 2.0, 3.0]):
        wanted, result = [np.broadcast_arrays(each, other) for each in (np.zeros(3), ao.zeros(3))]
        assert [(type(each), each.shape, each.dtype) for each in result] == [
            (ao.Tensor, each.shape, each.dtype) for each in wanted
        ]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8"])
def test_halves_of_numpy_are_computed_in_float64(dtype: str) -> None:
    """Also by functions that aotops lacks, of one result and two, and with operands of integers."""
    x = np.arange(4).astype(dtype)
    wide, narrow = x.astype("float64"), np.ones(4, "int8")
    cases: list[tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = [
        (np.cbrt, (x,), (wide,)),
        (np.degrees, (x,), (wide,)),
        (np.heaviside, (x, x), (wide, wide)),
        (np.frexp, (x,), (wide,)),
        (np.modf, (x,), (wide,)),
        (np.ldexp, (x, narrow), (wide, narrow)),
    ]
    for function, args, wanted in cases:
        results, expected = function(*map(ao.asarray, args)), function(*wanted)
        pairs = zip(results, expected, strict=True) if isinstance(expected, tuple) else [(results, expected)]
        for result, each in pairs:
            assert isinstance(result, ao.Tensor) and result.dtype.name == each.dtype.name
            assert np.array_equal(np.asarray(result), each)
    assert np.cbrt(ao.asarray(x), dtype="float16").dtype == np.float16
    assert np.heaviside(np.ones(4, "float16"), ao.asarray(x)).dtype == np.float16


@pytest.mark.parametrize("other", [None, "a", np.array(["a"]), np.array([None, None, None]), [None, 1, 2]], ids=repr)
def test_independent_arguments_may_be_of_what_tensors_cannot_hold(other: Any) -> None:
    """As those of ``matplotlib.pyplot.bar``, which broadcasts lengths together with colours and None."""
    x = np.arange(3.0)
    for function in (np.broadcast_arrays, np.atleast_1d, np.atleast_2d, np.atleast_3d):
        wanted, (first, second) = function(x, other), function(ao.asarray(x), other)
        assert isinstance(first, ao.Tensor) and np.array_equal(np.asarray(first), wanted[0])
        assert type(second) is np.ndarray and np.array_equal(second, wanted[1]) and second.dtype == wanted[1].dtype


def test_functions_of_numbers_name_themselves_where_they_are_given_strings() -> None:
    with pytest.raises(TypeError, match=r"^concat: arrays\[1\] must hold"):
        np.concatenate([ao.ones(2), np.array(["a"])])


def test_dot() -> None:
    t = ao.tensor(VALUES)
    assert np.dot(t, 2.0).tolist() == (VALUES * 2).tolist() and type(np.dot(3, t)) is ao.Tensor
    products: list[Callable[[Any], Any]] = [lambda x: np.dot(x, x.T), lambda x: np.dot(x, x[0])]
    for call in products if hasattr(ao, "matmul") else ():
        np.testing.assert_allclose(np.asarray(call(t)), call(VALUES))
    cubes = np.arange(8.0).reshape(2, 2, 2)
    found = np.dot(ao.tensor(cubes), cubes)  # by NumPy
    assert type(found) is ao.Tensor and np.array_equal(np.asarray(found), np.dot(cubes, cubes))


@pytest.mark.parametrize("function", [np.tril, np.triu])
def test_triangles_of_vectors(function: Any) -> None:
    for array in (np.arange(1, 5), np.ones((3, 4), dtype="complex64")):
        for found in (function(ao.tensor(array)), function(ao.tensor(array), 1), function(ao.tensor(array), k=-1)):
            assert type(found) is ao.Tensor
        assert np.array_equal(np.asarray(found), function(array, k=-1))


def test_functions_that_tell_are_numpys_own() -> None:
    t = ao.tensor(VALUES)
    assert (np.shape(t), np.ndim(t), np.size(t)) == ((2, 3), 2, 6)
    assert np.array_equal(t, VALUES) and np.allclose(t, VALUES) and not np.array_equal(t, VALUES + 1)
    assert np.shares_memory(t, t[0]) and not np.may_share_memory(t, VALUES)
    assert np.result_type(t, np.float32) == "float64" and np.iscomplexobj(t) is False
    assert np.array_repr(t) == np.array_repr(VALUES)
    np.copyto(t, np.zeros(3))
    assert t.sum().item() == 0.0


def test_what_aotops_lacks_is_named() -> None:
    t = ao.tensor(VALUES)
    for call, name in (
        (lambda: np.linalg.norm(t), "numpy.linalg.norm"),
        (lambda: np.fft.fft(t), "numpy.fft.fft"),
        (lambda: np.piecewise(t, [t > 0], [1.0]), "numpy.piecewise"),
        (lambda: np.apply_along_axis(sum, 0, t), "numpy.apply_along_axis"),
    ):
        advice = rf"write {name}\(numpy.asarray\(t\)\), which shares its memory$"
        with pytest.raises(TypeError, match=rf"^{name}: each array must be an ndarray, .*, got a Tensor; {advice}"):
            call()
    for call, message in (
        (
            lambda: np.nansum(t, where=t > 0),
            "numpy.nansum: where must be left out .*; replace the other elements first",
        ),
        (lambda: np.nanmax(t, initial=3), "numpy.nanmax: initial must be left out .*; combine the result with it"),
        (
            lambda: np.reshape(t, -1, order="F"),
            "numpy.reshape: order must be left out .*, got str 'F'; write",
        ),
        (
            lambda: np.ravel(t, order="F"),
            "numpy.ravel: order must be left out .*, got str 'F'; write",
        ),
        (
            lambda: np.quantile(t, 0.5, method="hazen"),
            r"numpy.quantile: method must be one of linear, .*, got str 'hazen'; write numpy.quantile\(numpy.asarray",
        ),
        (
            lambda: np.percentile(t, 50, method="weibull"),
            r"numpy.percentile: method must be one of linear, .*; write numpy.percentile\(numpy.asarray",
        ),
        (
            lambda: np.sum(t, dtype="float16"),
            r"numpy.sum: dtype must be one of bool, .*, got str 'float16'; write numpy.sum\(numpy.asarray",
        ),
    ):
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(IndexError, match="sum: axis must be from -2 to 1"):
        np.sum(t, axis=5)
    with pytest.raises(ValueError, match=r"numpy\.swapaxes: axis2 must be"):
        np.swapaxes(t, 0, 7)


def test_arrays_that_come_first_are_asked() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    with pytest.raises(TypeError, match="no implementation found"):
        np.concatenate([ao.ones(2), masked])
    assert type(np.add(ao.ones(2), masked)) is np.ma.MaskedArray


def test_each_row_is_a_function_of_numpy() -> None:
    """The names are those by which NumPy's functions call themselves."""
    tables = (SAME, numpy_functions.ADAPTERS, numpy_functions.NUMPYS.split(), numpy_functions.BY_NUMPY.split())
    for name in {name for table in tables for name in table}:
        function = getattr(np, name, None)
        if function is None:
            continue  # in another version of NumPy
        assert function.__name__ == name and function.__module__ == "numpy", name
    for name in SAME:
        own = getattr(ao, name, None)
        assert own is None or not hasattr(np, name) or inspect.signature(own).parameters, name
    for pair in numpy_functions.REDUCTIONS.values():
        assert all(name == "" or hasattr(ao, name) for name in pair)


# --- dtypes -------------------------------------------------------------------------------------------------------


def test_dtypes_are_equal_to_numpys() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in DTYPES:
            own, theirs = getattr(ao, name), np.dtype(name)
            for other in (theirs, theirs.type, name, own):
                assert own == other and other == own and (own != other, other != own) == (False, False)
            assert np.dtype(own) == theirs and np.zeros(2, own).dtype == theirs
            for other in (np.dtype("U3"), np.dtype(">f2"), np.float16, str, list, None, 3, object(), np.generic):
                assert own != other and other != own and (own == other, other == own) == (False, False)
            for python in (bool, int, float, complex):
                equal = np.dtype(python) == theirs
                assert (own == python, python == own, own != python) == (equal, equal, not equal)
            assert own.type is theirs.type
            if theirs.itemsize > 1:
                assert own != theirs.newbyteorder()
            assert ao.zeros(2, dtype=theirs.type).dtype == theirs


def test_dtypes_know_of_numpy_once_it_is_imported() -> None:
    script = """
import sys, aotops as ao
for name in ("dtype", "__numpy_dtype__"):
    assert not hasattr(ao.float32, name)
assert ao.float32 != float and ao.float32 != 3 and ao.result_type(ao.float32, ao.bool) == "float32"
assert "numpy" not in sys.modules
import numpy
assert numpy.dtype(ao.float32) == "float32" == ao.float32 and ao.float32 == numpy.float32
assert ao.result_type(ao.float32, ao.bool) == "float32"
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_all_names_of_numpy_for_dtypes() -> None:
    x = ao.tensor([1.0, 2.0])
    for dtype in ("f4", "<f4", np.float32, np.dtype("f4"), "float32", ao.float32, "single"):
        for result in (
            np.sum(x, dtype=dtype),
            np.cumsum(x, dtype=dtype),
            np.concatenate([x], dtype=dtype),
            np.zeros_like(x, dtype=dtype),
            np.full_like(x, 2, dtype=dtype),
            np.add.reduce(x, dtype=dtype),
            np.multiply.accumulate(x, dtype=dtype),
        ):
            assert isinstance(result, ao.Tensor) and result.dtype == ao.float32, dtype
    with pytest.raises(TypeError, match="not understood"):
        np.sum(x, dtype="bogus")


def test_sorts_as_numpy_calls_them() -> None:
    x = np.array([[3.0, 1.0], [2.0, 0.0]])
    for function in (np.sort, np.argsort):
        for options in ({}, {"axis": None}, {"axis": 0}, {"kind": "heapsort"}, {"axis": 1, "stable": True}):
            result = function(ao.asarray(x), **options)
            assert isinstance(result, ao.Tensor)
            np.testing.assert_array_equal(np.asarray(result), function(x, **options))
        with pytest.raises(TypeError, match="order must be left out"):
            function(ao.asarray(x), order="a")


def test_parts_of_complex_numbers() -> None:
    for x in (np.array([1 + 2j, 3]), np.array([1.0, 2.0])):
        for function in (np.real, np.imag, np.conj):
            result = function(ao.asarray(x))
            assert isinstance(result, ao.Tensor)
            np.testing.assert_array_equal(np.asarray(result), function(x))
