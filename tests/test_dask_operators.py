"""Operators and other functions of aotops on Dask arrays, against the same on tensors."""

from __future__ import annotations

import contextlib
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES
from leaks import assert_no_leak
from needs import requires_compiler, requires_numba

pytest.importorskip("dask.array", reason='needs Dask: pip install "aotops[dask]"')

import dask
import dask.array as da

import aotops as ao
from aotops import _native
from aotops.namespace.data_types import result_type

VALUES = np.random.default_rng(0).normal(size=(20, 30))
TENSOR = ao.asarray(VALUES)
NAMES = ("sum", "prod", "max", "min", "any", "all", "mean", "var", "std")
MORE_NAMES = ("logsumexp", "norm", "nansum", "nanmean", "nanmax", "nanmin", "count_nonzero")
KINDS = pytest.mark.parametrize("kind", [ao.Tensor, np.ndarray])


def lazy(values: Any = VALUES, kind: type = ao.Tensor, chunks: Any = (7, 11)) -> Any:
    """A Dask array of tensors, or of NumPy's arrays."""
    chunks = chunks if np.ndim(values) == 2 else chunks[-1]
    if kind is np.ndarray:
        return da.from_array(np.asarray(values), chunks=chunks)
    return da.from_array(ao.asarray(values), chunks=chunks, asarray=False)


def check(x: Any, wanted: Any, kind: type = ao.Tensor, exact: bool = True) -> None:
    """What a Dask array says of itself, what it computes, and the type of its chunks."""
    assert isinstance(x, da.Array) and x.shape == wanted.shape
    assert type(x._meta) is kind and x._meta.ndim == wanted.ndim and x.dtype == wanted.dtype
    computed = x.compute(scheduler="synchronous")
    assert type(computed) is kind and computed.shape == wanted.shape and computed.dtype == wanted.dtype
    for index in np.ndindex(x.numblocks) if x.ndim else ():
        assert x.blocks[index].compute(scheduler="synchronous").shape == x.blocks[index].shape
    if exact:
        np.testing.assert_array_equal(np.asarray(computed), np.asarray(wanted))
    else:
        tolerance = 1e-5 if wanted.dtype in ("float32", "complex64") else 1e-11
        np.testing.assert_allclose(np.asarray(computed), np.asarray(wanted), tolerance, tolerance)


# --- elementwise ----------------------------------------------------------------------------------------------------


@KINDS
def test_elementwise(kind: type) -> None:
    x, row = lazy(kind=kind), lazy(VALUES[0], kind)
    check(ao.exp(x), ao.exp(TENSOR), kind)
    check(ao.add(x, 1), ao.add(TENSOR, 1), kind)
    check(ao.add(1, x2=x), ao.add(1, TENSOR), kind)
    check(ao.where(ao.less(x, 0.0), x, 2.0), ao.where(ao.less(TENSOR, 0.0), TENSOR, 2.0), kind)
    check(ao.multiply(x, row), ao.multiply(TENSOR, TENSOR[0]), kind)
    check(ao.multiply(x[:, :1], row), ao.multiply(TENSOR[:, :1], TENSOR[0]), kind)
    check(ao.clip(x, -1.0), ao.clip(TENSOR, -1.0), kind)
    check(ao.clip(x, max=0.5), ao.clip(TENSOR, max=0.5), kind)
    check(ao.fma(x, 2.0, row), ao.fma(TENSOR, 2.0, TENSOR[0]), kind)
    unknown = ao.exp(x[x[:, 0] > 0])  # of chunks whose lengths are not known
    np.testing.assert_array_equal(np.asarray(unknown.compute()), np.exp(TENSOR[TENSOR[:, 0] > 0]))


def test_tensors_beside_arrays() -> None:
    """An array in memory broadcasts; tensors on either side make the results tensors; a list is read."""
    n, x = lazy(kind=np.ndarray), lazy()
    for left, right in ((TENSOR, n), (n, TENSOR), (TENSOR[0], n), (n, TENSOR[:, :1]), (n, TENSOR[0, 0]), (x, n)):
        a, b = [each if isinstance(each, ao.Tensor) else TENSOR for each in (left, right)]
        check(ao.add(left, right), ao.add(a, b))
        check(left + right, a + b)
        check(left < right, a < b)
        check(np.subtract(left, right), a - b)
    check(ao.add(n, VALUES[0]), TENSOR + TENSOR[0], np.ndarray)
    check(ao.add(n, list(range(30))), TENSOR + ao.arange(30), np.ndarray)
    check(np.concatenate([TENSOR, n]), ao.concat([TENSOR, TENSOR]))
    check(np.concatenate([n, TENSOR]), ao.concat([TENSOR, TENSOR]))


def test_promotion_is_that_of_aotops() -> None:
    for first in DTYPES:
        a = ao.ones(4, dtype=first)
        for second in (*DTYPES, 1, 2.5):
            b = ao.ones(4, dtype=second) if isinstance(second, str) else second
            x, y = [each if not isinstance(each, ao.Tensor) else lazy(each, chunks=(2,)) for each in (a, b)]
            try:
                wanted = ao.add(a, b)
            except TypeError:  # of two bools
                with pytest.raises(TypeError, match=r"add: "):
                    ao.add(x, y)
                continue
            assert ao.add(x, y).dtype == wanted.dtype == result_type(a, b)
            check(ao.add(x, y), wanted)


@KINDS
def test_where(kind: type) -> None:
    x, mask = lazy(kind=kind), VALUES > 0
    wanted = ao.exp(TENSOR, where=ao.asarray(mask))
    for where in (lazy(mask, kind), mask, ao.asarray(mask)):
        check(ao.exp(x, where=where), wanted, ao.Tensor if isinstance(where, ao.Tensor) else kind)
    check(ao.exp(TENSOR, where=lazy(mask)), wanted)
    check(ao.exp(x, where=mask[0]), ao.exp(TENSOR, where=ao.asarray(mask[0])), kind)


def test_names_tokens_and_fusion() -> None:
    x = lazy()
    y = ao.sqrt(ao.exp(x) * 2.0 + ao.sin(x))
    assert y.name.startswith("sqrt-")
    chain = ao.exp(x) + 1
    assert [name.partition("-")[0] for name in chain.dask.layers][-2:] == ["exp", "add"]
    (fused,) = dask.optimize(ao.abs(ao.exp(lazy(kind=np.ndarray).map_blocks(np.copy)) * 2.0))
    tasks = [key for key in fused.__dask_graph__() if key[0] == fused.name]
    assert len(tasks) == 9 and len(fused.dask.layers) <= 2  # the array itself, and one task for each chunk
    assert ao.exp(x).name == ao.exp(lazy()).name != ao.exp(lazy(VALUES + 1)).name
    assert ao.sum(x, axis=0).name == ao.sum(lazy(), axis=0).name != ao.sum(x, axis=1).name
    assert ao.mean(x).name.startswith("mean") and ao.cumulative_sum(x, axis=0).name.startswith("cumulative_sum-")


def test_a_chain_in_one_task_takes_two_blocks() -> None:
    """Whatever its length: the block of each result is that of the one before the last."""
    x = da.from_array(ao.ones(1 << 18), chunks=-1, asarray=False)
    y = x
    for _ in range(8):
        y = ao.sqrt(y + 1.0)
    (optimised,) = dask.optimize(y)
    assert len(dict(optimised.dask)) == 2  # the tensor and the chain
    with dask.config.set(scheduler="synchronous"):
        y.compute()
        ao.memory.release()
        before = ao.memory.stats()
        y.compute()
        after = ao.memory.stats()
    assert after["misses"] - before["misses"] <= 2 and after["hits"] - before["hits"] >= 14


def test_graphs_are_made_without_computing() -> None:
    def fail(block: Any) -> Any:
        raise AssertionError("a chunk was computed")

    n = lazy(kind=np.ndarray).map_blocks(fail, meta=np.empty((0, 0)))
    x = n.map_blocks(fail, meta=ao.empty((0, 0)))
    for each in (n, x):
        y = ao.sqrt(ao.exp(each) + 1)
        for result in (y, ao.sum(y, axis=0), ao.var(y), ao.argmax(y), ao.cumulative_sum(y, axis=1), ao.softmax(y)):
            assert type(result._meta) is type(each._meta)


def test_nothing_has_to_be_imported() -> None:
    code = """
import dask.array as da, aotops as ao, sys
import numpy as np
x = da.from_array(np.ones(4), chunks=2)
t = ao.tensor([1.0])
assert "aotops.interop.dask" not in sys.modules
{call}
assert type(y.compute()) is ao.Tensor, y
"""
    calls = ["y = t + x", "y = x + t", "y = np.add(x, t)", "y = np.concatenate([x, t])", "y = ao.multiply(x, t)"]
    calls += ["y = da.from_array(ao.ones(4), chunks=2, asarray=False).std()", "y = x.map_blocks(ao.asarray).std()"]
    for call in calls:
        subprocess.run([sys.executable, "-W", "error", "-c", code.format(call=call)], check=True)


def test_the_core_does_not_import_dask() -> None:
    code = """
import sys, aotops as ao
t = ao.ones(3)
for call in (lambda: ao.exp(object()), lambda: t + object(), lambda: ao.mean(object()), lambda: ao.sum(object())):
    try:
        call()
    except TypeError:
        pass
assert "dask" not in sys.modules and "aotops.interop" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_cannot_be_written_is_an_error() -> None:
    x = lazy()
    for call, message in (
        (lambda: ao.exp(x, out=ao.empty((20, 30))), r"exp: out must be left out where an argument is a Dask array"),
        (lambda: ao.sum(x, out=ao.empty(())), r"sum: out must be left out"),
        (lambda: ao.mean(x, out=ao.empty(())), r"mean: out must be left out"),
        (lambda: ao.exp(x, x), r"^exp\(\) takes 1 positional argument \(x\), got 2"),
        (lambda: ao.exp(x, order="C"), r"^exp\(\) got an unexpected keyword argument 'order'"),
        (lambda: ao.exp(x, split_every=2), r"^exp\(\) got an unexpected keyword argument 'split_every'"),
        (lambda: ao.bitwise_and(x, 1), r"bitwise_and: "),
        (lambda: ao.add(x, object()), r"add: x2 must be a Tensor"),
        (lambda: ao.sum(x, 0, split=2), r"unexpected keyword argument 'split'"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
    t = TENSOR.copy()
    with pytest.raises(TypeError, match=r"add: x2 must be a Tensor"):
        t += x
    with pytest.raises(ValueError, match="broadcast"):
        ao.add(x, lazy(VALUES[:7]))
    with pytest.raises(OverflowError):
        ao.add(lazy(np.ones(4, "int8"), chunks=(2,)), 1000)


@pytest.mark.parametrize("name", ["sort", "argsort", "unique_values", "nonzero", "searchsorted", "nanargmax"])
def test_unsupported_functions_are_rejected_by_name(name: str) -> None:
    advice = rf"write x\.map_blocks\({name}\) to call it with each chunk, or {name}\(x\.compute\(\)\)$"
    others = (ao.ones(3),) if name == "searchsorted" else ()
    with pytest.raises(TypeError, match=rf"^{name}: each argument must be in memory, got a Dask array; {advice}"):
        getattr(ao, name)(lazy(), *others)


# --- reductions -----------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("name", [*NAMES, *MORE_NAMES])
def test_reductions(name: str, kind: type) -> None:
    function = getattr(ao, name)
    values = np.where(VALUES > 2, np.nan, VALUES) if name.startswith("nan") else VALUES
    t, x = ao.asarray(values), lazy(values, kind)
    for axis in (None, 0, -1, (0, 1)):
        for keepdims in (False, True):
            wanted = function(t, axis=axis, keepdims=keepdims)
            check(function(x, axis=axis, keepdims=keepdims), wanted, kind, exact=False)
    check(function(x, axis=0, split_every=2), function(t, axis=0), kind, exact=False)


@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions_of_every_dtype(dtype: str) -> None:
    t = ao.asarray(np.random.default_rng(1).integers(0, 5, (6, 8))).astype(dtype)
    x = da.from_array(t, chunks=(4, 3), asarray=False)
    for name in (*NAMES, *MORE_NAMES):
        function = getattr(ao, name)
        wanted, message = None, ""
        try:
            wanted = function(t, axis=0)
        except TypeError as error:  # of complex numbers, for some
            message = str(error)
        if wanted is not None:
            check(function(x, axis=0), wanted, exact=False)
            continue
        with pytest.raises(TypeError) as raised:
            function(x, axis=0)
        assert str(raised.value) == message


def test_options_of_reductions() -> None:
    x, mask = lazy(), VALUES > 0
    m = ao.asarray(mask)
    integers = ao.asarray(np.arange(40).reshape(5, 8)).astype("int8")
    y = da.from_array(integers, chunks=(2, 3), asarray=False)
    check(ao.sum(y, dtype="int8"), ao.sum(integers, dtype="int8"))
    check(ao.sum(y, axis=1, dtype="float32"), ao.sum(integers, axis=1, dtype="float32"))
    check(ao.mean(y, dtype="float32"), ao.mean(integers, dtype="float32"), exact=False)
    check(ao.sum(x, axis=0, where=lazy(mask)), ao.sum(TENSOR, axis=0, where=m), exact=False)
    check(ao.sum(x, initial=10.0), ao.sum(TENSOR, initial=10.0), exact=False)
    check(ao.sum(x, axis=1, initial=10.0, where=mask), ao.sum(TENSOR, axis=1, initial=10.0, where=m), exact=False)
    check(ao.max(x, axis=0, initial=-9.0, where=lazy(mask)), ao.max(TENSOR, axis=0, initial=-9.0, where=m))
    check(ao.max(x, initial=99.0), ao.max(TENSOR, initial=99.0))
    for name in ("mean", "var", "std"):
        function = getattr(ao, name)
        check(function(x, axis=0, where=lazy(mask)), function(TENSOR, axis=0, where=m), exact=False)
    check(ao.var(x, correction=1), ao.var(TENSOR, correction=1), exact=False)
    check(ao.std(x, axis=0, ddof=2), ao.std(TENSOR, axis=0, ddof=2), exact=False)
    for ord in (0, 1, 2.5, math.inf):
        check(ao.norm(x, axis=0, ord=ord), ao.norm(TENSOR, axis=0, ord=ord), exact=False)
    for call in (lambda x: ao.sum(x, axis=2), lambda x: ao.mean(x, axis=(0, 0)), lambda x: ao.argmax(x, axis=-3)):
        with pytest.raises(ValueError, match=r"axis") as on_tensors:
            call(TENSOR)
        with pytest.raises(type(on_tensors.value)) as raised:
            call(x)
        assert str(raised.value) == str(on_tensors.value)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'where'"):
        ao.logsumexp(x, where=mask)


def test_variance_loses_nothing_far_from_zero() -> None:
    values = 1e8 + np.random.default_rng(2).normal(size=10_000)
    x = lazy(values, chunks=(777,))
    assert abs(float(ao.var(x)) / values.var() - 1) < 1e-9
    assert abs(float(x.map_blocks(ao.asarray).var()) / values.var() - 1) < 1e-9


def test_chunks_without_elements() -> None:
    x = da.concatenate([lazy(VALUES), lazy(VALUES)[:0], lazy(VALUES)])
    both = ao.concat([TENSOR, TENSOR])
    for name in (*NAMES, "logsumexp", "argmax", "count_nonzero"):
        function = getattr(ao, name)
        check(function(x, axis=0), function(both, axis=0), exact=False)
    nothing = lazy(VALUES)[:0]
    assert ao.sum(nothing).compute() == 0 and bool(ao.isnan(ao.mean(nothing).compute()))
    with pytest.raises(ValueError, match=r"max: x must have an element to begin with"):
        ao.max(nothing).compute()
    selected = lazy()[lazy()[:, 0] > 0]
    check(ao.sum(selected, axis=0), ao.sum(TENSOR[TENSOR[:, 0] > 0], axis=0), exact=False)


@KINDS
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(name: str, kind: type) -> None:
    """The first of equal elements is found, and the first NaN, whatever chunk has it."""
    function = getattr(ao, name)
    ties = np.random.default_rng(1).integers(0, 3, (20, 30)).astype(float)
    for values in (VALUES, ties, np.where(VALUES > 2, np.nan, VALUES), ties.astype("int8")):
        for axis in (None, 0, 1):
            x, t = lazy(values, kind), ao.asarray(values)
            check(function(x, axis=axis), function(t, axis=axis), kind)
            check(function(x, axis=axis, keepdims=True, split_every=2), function(t, axis=axis, keepdims=True), kind)
    with pytest.raises(ValueError, match=r"argmax: x must have chunks of known lengths .*compute_chunk_sizes"):
        ao.argmax(lazy()[lazy()[:, 0] > 0], axis=0)


def test_softmax_and_medians() -> None:
    for axis in (0, 1, -1):
        check(ao.softmax(lazy(), axis=axis), ao.softmax(TENSOR, axis=axis), exact=False)
        check(ao.log_softmax(lazy(), axis=axis), ao.log_softmax(TENSOR, axis=axis), exact=False)
        whole = lazy().rechunk({axis % 2: -1})
        check(ao.softmax(whole, axis=axis), ao.softmax(TENSOR, axis=axis))
        for keepdims in (False, True):
            options = {"axis": axis, "keepdims": keepdims}
            check(ao.median(whole, **options), ao.median(TENSOR, **options))
            check(ao.quantile(whole, 0.3, **options), ao.quantile(TENSOR, 0.3, **options))
            check(ao.percentile(whole, [30, 50, 90], **options), ao.percentile(TENSOR, [30, 50, 90], **options))
        with pytest.raises(ValueError, match=r"median: x must have axis in one chunk, got [35] chunks along axis [01]"):
            ao.median(lazy(), axis=axis)


FORWARDED: list[Callable[[Any], Any]] = [
    lambda x: ao.concat([x, x], axis=1),
    lambda x: ao.stack([x, x], axis=1),
    lambda x: ao.reshape(x, (4, 5, 30)),
    lambda x: ao.permute_dims(x, (1, 0)),
    lambda x: ao.matrix_transpose(x),
    lambda x: ao.moveaxis(x, 0, 1),
    lambda x: ao.squeeze(ao.expand_dims(x, axis=1), axis=1),
    lambda x: ao.flip(x, axis=0),
    lambda x: ao.roll(x, 3, axis=1),
    lambda x: ao.tile(x, (2, 1)),
    lambda x: ao.repeat(x, 2, axis=0),
    lambda x: ao.tril(x),
    lambda x: ao.triu(x, k=1),
    lambda x: ao.take(x, [3, 0], axis=1),
    lambda x: ao.diff(x, axis=0),
    lambda x: ao.broadcast_to(x, (2, 20, 30)),
    lambda x: ao.zeros_like(x),
    lambda x: ao.ones_like(x),
    lambda x: ao.full_like(x, 3),
    lambda x: ao.isin(x, [1.0]),
    lambda x: ao.matmul(x, ao.permute_dims(x, (1, 0))),
    lambda x: ao.tensordot(x, x, axes=2),
    lambda x: ao.einsum("ij,kj->ik", x, x),
    lambda x: ao.vecdot(x, x, axis=0),
]


@pytest.mark.parametrize("number", range(len(FORWARDED)))
def test_other_functions(number: int) -> None:
    check(FORWARDED[number](lazy()), FORWARDED[number](TENSOR), exact=False)


# --- scans ----------------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod", "cumulative_max", "cumulative_min"])
def test_scans(name: str, kind: type) -> None:
    function = getattr(ao, name)
    x = lazy(kind=kind)
    has_identity = name in ("cumulative_sum", "cumulative_prod")
    methods = [None, "blelloch", *(["sequential"] if has_identity else [])]
    for axis in (0, -1):
        for method in methods:
            for options in ({}, {"include_initial": True} if has_identity else {}):
                wanted = function(TENSOR, axis=axis, **options)
                check(function(x, axis=axis, method=method, **options), wanted, kind, exact=False)
    if not has_identity:
        with pytest.raises(ValueError, match=rf"{name}: method must be 'blelloch', since it has no identity"):
            function(x, axis=0, method="sequential")
    with pytest.raises(ValueError, match=rf"{name}: method must be .*blelloch.*, got 'other'"):
        function(x, axis=0, method="other")
    with pytest.raises(ValueError, match=rf"^{name}: axis"):
        function(x)


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_max"])
def test_scans_of_chunks_without_elements_and_of_unknown_lengths(name: str) -> None:
    function = getattr(ao, name)
    empty = da.from_array(TENSOR, chunks=((0, 7, 0, 0, 13, 0), (0, 30)), asarray=False)
    few = np.isin(np.arange(20), [2, 15, 16])  # no row of the second chunk
    mask = da.from_array(few, chunks=7)
    for axis in (0, 1):
        check(function(empty, axis=axis), function(TENSOR, axis=axis), exact=False)
        unknown = function(lazy()[mask], axis=axis)
        wanted = np.asarray(function(TENSOR[ao.asarray(few)], axis=axis))
        np.testing.assert_allclose(np.asarray(unknown.compute(scheduler="synchronous")), wanted, 1e-12)
        with pytest.raises(ValueError, match=rf"{name}: method must be 'blelloch', since (it has no id|there are chu)"):
            function(lazy()[mask], axis=axis, method="sequential")


def test_a_scan_of_one_chunk_is_one_layer() -> None:
    x = lazy().rechunk({1: -1})
    assert len(ao.cumulative_sum(x, axis=1).dask.layers) == len(x.dask.layers) + 1
    assert len(ao.cumulative_max(x, axis=1).dask.layers) == len(x.dask.layers) + 1


def test_chunks_of_another_dtype_than_dask_was_told() -> None:
    """What was told is wrong, so is what Dask says of the results; they are computed in the dtype that there is."""
    x = lazy().map_blocks(lambda block: block.astype("float32"), meta=ao.empty((0, 0)))
    narrow = TENSOR.astype("float32")
    for call in (ao.exp, ao.sum, ao.var, lambda x: ao.argmax(x, axis=0), lambda x: ao.cumulative_sum(x, axis=0)):
        computed, wanted = call(x).compute(scheduler="synchronous"), call(narrow)
        assert computed.dtype == wanted.dtype
        np.testing.assert_allclose(np.asarray(computed), np.asarray(wanted), 1e-5, 1e-4)


def test_scans_of_integers() -> None:
    values = np.arange(24, dtype="int8").reshape(4, 6)
    x, t = lazy(values, chunks=(2, 4)), ao.asarray(values)
    check(ao.cumulative_sum(x, axis=1), ao.cumulative_sum(t, axis=1))
    check(ao.cumulative_sum(x, axis=0, dtype="float32"), ao.cumulative_sum(t, axis=0, dtype="float32"))
    check(ao.cumulative_max(lazy(values[0], chunks=(4,))), ao.cumulative_max(t[0]))


# --- the same bits --------------------------------------------------------------------------------------------------


def test_the_same_bits_whatever_the_number_of_threads() -> None:
    values = np.random.default_rng(3).normal(size=(400, 300)).astype("float32")
    x = lazy(values, chunks=(37, 41))
    calls = [getattr(ao, name) for name in (*NAMES, "logsumexp", "norm")]
    calls += [lambda x: ao.cumulative_sum(x, axis=0), lambda x: ao.cumulative_sum(x, axis=1, method="blelloch")]
    graphs = [call(x) for call in calls]
    first = dask.compute(*graphs, scheduler="synchronous")
    threads = ao.get_num_threads()
    try:
        for workers in (1, 2, 3, 4):
            for own in (1, 4):
                ao.set_num_threads(own)
                again = dask.compute(*graphs, scheduler="threads", num_workers=workers)
                for one, other in zip(first, again, strict=True):
                    assert bytes(one) == bytes(other)
    finally:
        ao.set_num_threads(threads)


def test_the_same_bits_whatever_the_gaps_in_chunks() -> None:
    """A chunk that has been sent to another worker has none."""
    values = ao.asarray(np.random.default_rng(4).normal(size=(64, 96)))
    wide = ao.stack([values, values], axis=2).reshape(64, 192)
    row = ao.asarray(np.random.default_rng(5).normal(size=(2, 96))).T[:, 0]
    for call in (
        *(ao.sum, ao.mean, ao.var, ao.logsumexp, ao.norm, ao.prod),
        lambda x: ao.softmax(x, axis=1),
        lambda x: ao.cumulative_sum(x, axis=1),
        lambda x: da.tensordot(x, x[0], axes=1),
        lambda x: da.tensordot(x, da.from_array(row, chunks=48, asarray=False), axes=1),
    ):
        view = call(da.from_array(wide[:, ::2], chunks=(64, 48), asarray=False))
        copied = call(da.from_array(wide[:, ::2].copy(), chunks=(64, 48), asarray=False).map_blocks(ao.Tensor.copy))
        assert bytes(view.compute()) == bytes(copied.compute())


# --- users' operators -----------------------------------------------------------------------------------------------

gelu = ao.map(lambda x: 0.5 * x * (1.0 + math.erf(x * 0.7071067811865476)), dtypes="float64")
parts = ao.map(lambda x: (int(x), x - int(x)), results=("int64", None), dtypes="float64")
dot = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x * y, dtypes="float64")
positive = ao.reduce(lambda a, b: a + b, identity=0, map=lambda x: x > 0, dtypes="float64", result="int64")
total = ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float64")
running = ao.scan(lambda a, b: a + b, identity=0.0, dtypes="float64")


@ao.reduce(
    map=lambda x: (1, x, 0.0),
    identity=(0, 0.0, 0.0),
    finish=lambda n, mean, squares: squares / n,
    dtypes="float64",
)
def spread(a, b):
    """Welford's and Chan's variance."""
    (n, mean, squares), (m, other, more) = a, b
    if n + m == 0:
        return a
    distance = other - mean
    return n + m, mean + distance * (m / (n + m)), squares + more + distance * distance * (n * (m / (n + m)))


@ao.scan(map=lambda x: (1, x), identity=(0, 0.0), finish=lambda n, total: total / n if n > 0 else 0.0, dtypes="float64")
def running_mean(a, b):
    return a[0] + b[0], a[1] + b[1]


@requires_numba
@requires_compiler
@KINDS
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_users_operators(kind: type) -> None:
    x = lazy(kind=kind)
    check(gelu(x), gelu(TENSOR), kind)
    for one, wanted in zip(parts(x), parts(TENSOR), strict=True):
        check(one, wanted, kind)
    for axis in (None, 0, (1,)):
        for keepdims in (False, True):
            options = {"axis": axis, "keepdims": keepdims}
            check(total(x, **options), total(TENSOR, **options), kind, exact=False)
            check(dot(x, x * 2, **options), dot(TENSOR, TENSOR * 2, **options), kind, exact=False)
            check(dot(x, lazy(VALUES[0], kind), **options), dot(TENSOR, TENSOR[0], **options), kind, exact=False)
            check(positive(x, **options), positive(TENSOR, **options), kind)
            check(spread(x, **options), spread(TENSOR, **options), kind, exact=False)
    for method in ("sequential", "blelloch"):
        check(running(x, axis=0, method=method), running(TENSOR, axis=0), kind, exact=False)
    check(running_mean(x.rechunk({0: -1}), axis=0), running_mean(TENSOR, axis=0), kind)
    with pytest.raises(
        ValueError, match=r"running_mean: x must have the axis of a scan with a state in one chunk, got"
    ):
        running_mean(x, axis=0)
    with pytest.raises(TypeError, match=r"dot: x2? must|y must"):
        dot(x, object())


def test_users_operators_as_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTOPS_PYTHON", "1")
    own = ao.map(lambda x: x * math.exp(x), dtypes="float64")
    both = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x * y, dtypes="float64")
    sums = ao.scan(lambda a, b: a + b, identity=0.0, dtypes="float64")
    mean = ao.reduce(
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
        map=lambda x: (1, x),
        identity=(0, 0.0),
        finish=lambda n, total: total / n,
        dtypes="float64",
    )
    t = TENSOR[:6, :5]
    x = da.from_array(t, chunks=(2, 3), asarray=False)
    check(own(x), own(t), exact=False)
    for axis in (0, (0, 1)):
        check(both(x, x, axis=axis), ao.sum(ao.square(t), axis=axis), exact=False)
        check(mean(x, axis=axis, keepdims=True), ao.mean(t, axis=axis, keepdims=True), exact=False)
    check(sums(x, axis=1), ao.cumulative_sum(t, axis=1), exact=False)
    for call in (
        lambda: _native.fold_states(both, 0, (t,), 1),
        lambda: _native.combine_states(own, 0, (t,), (t,)),
        lambda: _native.finish_states(sums, 0, (t,)),
    ):
        with pytest.raises(TypeError, match=r"_states: operator must be a reduction"):
            call()


@requires_numba
@requires_compiler
def test_states_taken_apart() -> None:
    """What the native module does with a reduction's states, and what it rejects."""
    t = TENSOR
    state = _native.fold_states(spread, 0, (t,), 0b11)
    assert [each.shape for each in state] == [(1, 1)] * 3 and state[0].dtype == "int64"
    assert state[0].item() == 600
    halves = [_native.fold_states(spread, 0, (half,), 0b01) for half in (t[:7], t[7:])]
    combined = _native.combine_states(spread, 0, *halves)
    np.testing.assert_allclose(
        np.asarray(_native.finish_states(spread, 0, combined)), np.asarray(spread(t, axis=0, keepdims=True)), 1e-12
    )
    nothing = _native.fold_states(spread, 0, (t[:0],), 0b01)
    assert [each.tolist() for each in nothing] == [[[0] * 30], [[0.0] * 30], [[0.0] * 30]]
    big = ao.ones((3, 40_000))
    column = _native.fold_states(spread, 0, (big,), 0b10)
    assert column[0].tolist() == [[40_000]] * 3 and column[1].tolist() == [[1.0]] * 3
    (summed,) = _native.combine_states(running, 0, (ao.ones(1),), (ao.ones((2, 3)),))
    assert summed.tolist() == [[2.0] * 3] * 2
    for call, error in (
        (lambda: _native.fold_states(spread, 1, (t,), 1), ValueError),
        (lambda: _native.fold_states(spread, -1, (t,), 1), ValueError),
        (lambda: _native.fold_states(spread, 0, (t.astype("float32"),), 1), TypeError),
        (lambda: _native.fold_states(spread, 0, (t, t), 1), TypeError),
        (lambda: _native.fold_states(spread, 0, (1.0,), 1), TypeError),
        (lambda: _native.fold_states(total, 0, (t,), 1), TypeError),
        (lambda: _native.fold_states(gelu, 0, (t,), 1), TypeError),
        (lambda: _native.fold_states(running_mean, 0, (t,), 1), TypeError),
        (lambda: _native.combine_states(spread, 0, state, state[:2]), TypeError),
        (lambda: _native.combine_states(ao.argmax, 0, (t,), (t,)), TypeError),
        (lambda: _native.combine_states(total, 0, (t,), (t[:7],)), ValueError),
        (lambda: _native.finish_states(spread, 0, (*state[:2], state[0])), TypeError),
        (lambda: _native.finish_states(total, 0, (t,)), TypeError),
    ):
        with pytest.raises(error):
            call()

    def run() -> None:
        for _ in range(4):
            _native.finish_states(spread, 0, _native.combine_states(spread, 0, *halves))
            _native.fold_states(spread, 0, (t,), 0b01)
            for wrong in ((t[:7],), (1.0,), ()):
                with contextlib.suppress(TypeError, ValueError):
                    _native.combine_states(total, 0, (t,), wrong)

    assert_no_leak(run, lambda: None)


# --- array kernels --------------------------------------------------------------------------------------------------


@ao.kernel("(n),()->(n)", dtypes=[("float64", "int64", "float64")])
def moving_mean(x, length, out):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i]
        if i >= length:
            total -= x[i - length]
        out[i] = total / min(i + 1, length)


@ao.kernel("(n)->()", dtypes="float64")
def plain_sum(x, out):
    out[0] = 0.0
    for i in range(x.shape[0]):
        out[0] += x[i]


@ao.kernel("(n)->(n),()", dtypes="float64")
def centred(x, out, mean):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i]
    mean[0] = total / x.shape[0]
    for i in range(x.shape[0]):
        out[i] = x[i] - mean[0]


@ao.kernel("(n),(k)->(n-k+1)", dtypes="float64")
def filtered(x, weights, out):
    for i in range(out.shape[0]):
        out[i] = 0.0
        for j in range(weights.shape[0]):
            out[i] += x[i + j] * weights[j]


@requires_numba
@requires_compiler
@KINDS
def test_array_kernels(kind: type) -> None:
    x, t = lazy(kind=kind).rechunk({1: -1}), TENSOR
    lengths = np.arange(1, 21)
    weights = np.array([0.25, 0.5, 0.25])
    check(moving_mean(x, 3), moving_mean(t, 3), kind)
    check(moving_mean(x=x, length=3), moving_mean(t, 3), kind)
    check(moving_mean(x, da.from_array(lengths, chunks=7)), moving_mean(t, lengths), kind)
    check(moving_mean(x, lengths), moving_mean(t, lengths), kind)
    check(plain_sum(x), plain_sum(t), kind)
    check(plain_sum(x, keepdims=True), plain_sum(t, keepdims=True), kind)
    columns = x.rechunk({0: -1, 1: 11})
    check(plain_sum(columns, axis=0), plain_sum(t, axis=0), kind)
    check(moving_mean(columns, 3, axes=[(0,), (), (0,)]), moving_mean(t, 3, axes=[(0,), (), (0,)]), kind)
    for one, wanted in zip(centred(x), centred(t), strict=True):
        check(one, wanted, kind)
    check(filtered(x, weights), filtered(t, weights), kind)
    check(filtered(x, ao.asarray(weights)), filtered(t, weights), ao.Tensor)
    assert moving_mean(x, 3).name.startswith("moving_mean-")
    for call, error, message in (
        (
            lambda: moving_mean(lazy(), 3),
            ValueError,
            r"moving_mean: x must have each of the axes \(n\) in one chunk, got 3 chunks along axis 1; "
            r"call x\.rechunk\(\{1: -1\}\) first",
        ),
        (lambda: plain_sum(lazy(), axis=0), ValueError, r"got 3 chunks along axis 0; call x\.rechunk\(\{0: -1\}\)"),
        (lambda: moving_mean(x, 2.5), TypeError, r"moving_mean: length must be of dtype int64"),
        (lambda: moving_mean(x, 3, out=ao.empty((20, 30))), TypeError, r"moving_mean: out must be left out"),
        (lambda: filtered(x, da.ones(40)), ValueError, r"filtered: the size n-k\+1 of the output must not be negative"),
        (lambda: plain_sum(da.ones(4, chunks=4).sum()), ValueError, r"plain_sum: x must have the axes \(n\)"),
    ):
        with pytest.raises(error, match=message):
            call()


@ao.function("(float64[:]) -> float64")
def first(x):
    return x[0]


@requires_numba
@requires_compiler
@KINDS
def test_graphs_are_pickled_and_name_operators(kind: type) -> None:
    """A worker gets an operator by its name, and its code by the import of its module."""
    x = lazy(kind=kind)
    whole = x.rechunk({1: -1})
    graphs = [gelu(x), *parts(x), dot(x, x), spread(x, axis=0), running(x, axis=0), moving_mean(whole, 3)]
    graphs += [
        ao.exp(x, where=x > 0),
        ao.sum(x),
        ao.mean(x),
        ao.var(x),
        ao.argmax(x),
        ao.norm(x),
        ao.softmax(x, axis=0),
    ]
    for graph in graphs:
        again = pickle.loads(pickle.dumps(graph))  # which stores no code
        assert again.name == graph.name and type(again._meta) is kind
        assert bytes(again.compute(scheduler="synchronous")) == bytes(graph.compute(scheduler="synchronous"))


@requires_numba
@requires_compiler
def test_a_process_that_cannot_import_an_operator_says_so_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a worker without the user's package; a scheduler without it hands on what a worker can call."""
    x = lazy()
    whole = x.rechunk({1: -1})
    graphs = [gelu(x), dot(x, x), spread(x, axis=0), running(x, axis=0), moving_mean(whole, 3)]
    for graph, name in zip(graphs, ("gelu", "dot", "spread", "running", "moving_mean"), strict=True):
        sent = pickle.dumps(graph)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, __name__, None)
            received = pickle.loads(sent)
            message = rf"^{name}: its module must be importable by each worker, got .*{__name__}.*; install its package"
            with pytest.raises(ImportError, match=message):
                received.compute(scheduler="synchronous")
            sent = pickle.dumps(received)
        again = pickle.loads(sent)
        assert bytes(again.compute(scheduler="synchronous")) == bytes(graph.compute(scheduler="synchronous"))


@requires_numba
@requires_compiler
def test_functions_of_whole_arrays_are_rejected() -> None:
    with pytest.raises(TypeError, match=r"first: each argument must be in memory, got a Dask array; write x.map_blo"):
        first(lazy(VALUES[0]))


def test_products_of_numpys_chunks_have_the_bits_of_tensors() -> None:
    """Those of NumPy's own depend on the number of its threads."""
    values = np.random.default_rng(1).normal(size=(300, 257))
    n = da.from_array(values, chunks=(150, 257))
    t = n.to_backend("aotops")
    for product in (
        lambda x: ao.matmul(x, x.T),
        lambda x: ao.tensordot(x, x.T, 1),
        lambda x: ao.tensordot(x, x, axes=2),
        lambda x: ao.matmul(x, values[0]),
        lambda x: ao.matmul(values.T, x),
    ):
        result = product(n)
        assert type(result._meta) is np.ndarray
        computed = result.compute(scheduler="synchronous")
        assert type(computed) in (np.ndarray, np.float64)
        assert np.array_equal(computed, np.asarray(product(t).compute(scheduler="synchronous")))
