"""Operators and other functions of aotops on Dask arrays, against the same on tensors."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dask.array", reason='needs Dask: pip install "aotops[dask]"')

import dask
import dask.array as da

import aotops as ao

VALUES = np.random.default_rng(0).normal(size=(20, 30))
TENSOR = ao.asarray(VALUES)


def of_tensors(values: Any = VALUES, chunks: Any = (7, 11)) -> Any:
    return da.from_array(ao.asarray(values), chunks=chunks, asarray=False)


def of_arrays(values: Any = VALUES, chunks: Any = (7, 11)) -> Any:
    return da.from_array(values, chunks=chunks)


def check(lazy: Any, wanted: Any, kind: type, exact: bool = True) -> None:
    """What a Dask array says of itself, what it computes, and the type of its chunks."""
    assert isinstance(lazy, da.Array) and lazy.shape == wanted.shape
    assert type(lazy._meta) is kind and lazy._meta.ndim == wanted.ndim and lazy.dtype == wanted.dtype
    computed = lazy.compute(scheduler="synchronous")
    assert type(computed) is kind and computed.shape == wanted.shape and computed.dtype == wanted.dtype
    compare = np.testing.assert_array_equal if exact else np.testing.assert_allclose
    compare(np.asarray(computed), np.asarray(wanted), *(() if exact else (1e-12,)))


@pytest.mark.parametrize(("make", "kind"), [(of_tensors, ao.Tensor), (of_arrays, np.ndarray)])
def test_elementwise(make: Any, kind: type) -> None:
    x = make()
    check(ao.exp(x), ao.exp(TENSOR), kind)
    check(ao.add(x, 1), ao.add(TENSOR, 1), kind)
    check(ao.where(ao.less(x, 0.0), x, 2.0), ao.where(ao.less(TENSOR, 0.0), TENSOR, 2.0), kind)
    check(ao.multiply(x, make(VALUES[0], 11)), ao.multiply(TENSOR, TENSOR[0]), kind)


REDUCTIONS = [
    *("sum", "prod", "max", "min", "any", "all", "mean", "var", "std"),
    *("logsumexp", "norm", "nansum", "nanmean", "nanmax", "nanmin", "count_nonzero"),
]


@pytest.mark.parametrize(("make", "kind"), [(of_tensors, ao.Tensor), (of_arrays, np.ndarray)])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str, make: Any, kind: type) -> None:
    function = getattr(ao, name)
    for axis in (None, 0, -1, (0, 1)):
        for keepdims in (False, True):
            wanted = function(TENSOR, axis=axis, keepdims=keepdims)
            check(function(make(), axis=axis, keepdims=keepdims), wanted, kind, exact=False)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(name: str) -> None:
    function = getattr(ao, name)
    ties = np.random.default_rng(1).integers(0, 3, (20, 30)).astype(float)
    for values in (VALUES, ties, np.where(VALUES > 2, np.nan, VALUES)):
        for axis in (None, 0, 1):
            check(function(of_tensors(values), axis=axis), function(ao.asarray(values), axis=axis), ao.Tensor)


def test_nothing_has_to_be_imported() -> None:
    code = """
import dask.array as da, aotops as ao, sys
import numpy as np
x = da.from_array(np.ones(4), chunks=2)
assert "aotops.interop.dask" not in sys.modules
{call}
assert type(y.compute()) is ao.Tensor, y
"""
    for call in ("y = ao.tensor([1.0]) + x", "y = x + ao.tensor([1.0])", "y = np.add(x, ao.tensor([1.0]))"):
        subprocess.run([sys.executable, "-c", code.format(call=call)], check=True)


def test_names_show_the_operator_and_chains_are_fused() -> None:
    y = ao.sqrt(ao.exp(of_tensors()) * 2.0)
    assert y.name.startswith("sqrt-")
    (fused,) = dask.optimize(y)
    assert len(fused.__dask_graph__().layers) <= 2  # the chunks of the tensor, and the chain
    assert ao.exp(of_tensors()).name == ao.exp(of_tensors()).name
    assert ao.exp(of_tensors()).name != ao.exp(of_tensors(VALUES + 1)).name


def test_unsupported_functions_are_rejected_by_name() -> None:
    with pytest.raises(TypeError, match=r"sort: each argument must be in memory, got a Dask array; write x.map"):
        ao.sort(of_tensors())
