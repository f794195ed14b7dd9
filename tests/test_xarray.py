"""xarray around tensors, and around Dask arrays of them, compared with xarray around NumPy's arrays."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from needs import requires_compiler, requires_numba

pytest.importorskip("xarray", reason="needs xarray: pip install xarray")
pytest.importorskip("dask.array", reason='needs Dask: pip install "aotops[dask]"')

import dask.array as da
import xarray as xr

import aotops as ao

VALUES = np.random.default_rng(0).normal(size=(12, 10))
COORDINATES = {"t": np.arange(12), "x": np.arange(10) * 1.0, "month": ("t", np.arange(12) // 4)}


def around(data: Any) -> Any:
    return xr.DataArray(data, dims=("t", "x"), coords=COORDINATES, attrs={"units": "K"})


def of_tensors() -> Any:
    return around(ao.asarray(VALUES.copy()))


def of_chunks() -> Any:
    return around(da.from_array(ao.asarray(VALUES.copy()), chunks=(5, 4), asarray=False))


#: Calls whose results have tensors inside, in both cases.
CASES = [
    *("a + 1", "a * 2.5", "2.0 - a", "-a", "abs(a)", "a ** 2", "a < 0", "(a < 0) & (a > -1)", "a + a.mean('t')"),
    *("a + np.ones(10)", "np.exp(a)", "np.maximum(a, 0)", "a.clip(-1, 1)", "a.astype('float32')"),
    *("a.sum()", "a.sum('t')", "a.mean('t')", "a.mean('t', skipna=False)", "a.max('x')", "a.min()", "a.std('t')"),
    *("a.var('t', ddof=1)", "a.prod('x')", "a.count('t')", "(a > 2).any('t')", "(a > -9).all()", "a.argmax('x')"),
    *("a.cumsum('t')", "a.cumprod('x')", "a.reduce(np.sum, 't')"),
    *("a.isel(t=3)", "a.isel(t=slice(2, 9, 3))", "a.isel(x=[3, 1])", "a.sel(t=4)", "a.sel(x=slice(2, 5))"),
    *("a.sel(x=2.2, method='nearest')", "a.where(a > 0, 0.0)", "xr.where(a > 0, a, 0.0)", "a.isnull()"),
    *("a.fillna(0.0)", "a.transpose('x', 't')", "a.T", "a.expand_dims('k')", "a.isel(t=[2]).squeeze()"),
    *("a.diff('t')", "a.roll(t=1)", "a.sortby('x', ascending=False)"),
    *("xr.concat([a, a], 't')", "xr.concat([a, a], 'k')", "a + a.isel(t=slice(2, 6))", "xr.dot(a, a, dim='x')"),
    *("a.coarsen(t=2).mean()", "a.groupby('month').mean()", "a.groupby('month').sum()", "a.groupby('month').max()"),
    *("a.groupby('month') - a.groupby('month').mean()", "a.groupby_bins('x', [0, 3, 9]).sum()", "a.copy(deep=True)"),
    *("a.to_dataset(name='v').mean('t').v", "assigned(a)"),
    *("ao.exp(a)", "ao.add(a, a.isel(t=0, drop=True))", "ao.where(ao.less(a, 0), a, x2=0.0)", "ao.clip(a, max=0.5)"),
    *("xr.apply_ufunc(ao.exp, a, dask='allowed')", "ao.multiply(a, where=a > 0, x2=2.0)"),
    "xr.apply_ufunc(ao.exp, a, dask='parallelized', output_dtypes=[float])",
    *("a.weighted(WEIGHTS).sum('t')", "(a * WEIGHTS).sum('t') / WEIGHTS.sum()", "a.median('t')", "a.astype('f4')"),
    *("ao.conj(a)", "a.reindex(t=[1, 99], fill_value=0.0)", "a.reduce(np.quantile, 't', q=0.5)", "a.dot(a)"),
]

#: Calls that work with Dask arrays of tensors alone: of tensors themselves, xarray asks aotops for functions that the
#: array API standard has not.
OF_DASK = {
    "a.shift(t=1, fill_value=0.0)": "'pad'",
    "a.pad(x=1, mode='edge')": "'pad'",
    "a.quantile(0.5, 't')": "'transpose'",
    "xr.dot(a, a, dim='t')": "'transpose'",
    "a.differentiate('x')": "'gradient'",
    "a.conj()": "'conj'",
    "a.round(1)": "round",
}

WEIGHTS = xr.DataArray(np.arange(12.0), dims="t")

#: What xarray, or what it calls, cannot do with tensors, and the words of the error: what it fills in by itself has to
#: be of one of NumPy's dtypes.
REJECTED = {
    "a.where(a > 0)": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "a.shift(t=1)": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "a.pad(t=1)": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "a.rolling(t=3).construct('w')": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "a.weighted(WEIGHTS).mean('t')": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "xr.cov(a, a, 't')": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "xr.corr(a, a, 't')": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "a.reindex(t=[1, 99])": "dtype aotops.float64 must be one of an extension array dtype or numpy dtype",
    "a.where(a > 0, drop=True)": "invalid indexer array",
    "a.interp(x=2.5)": "interp only works for a numeric type array. Given aotops.float64",
    "ao.sum(a)": r"sum: each argument must be an array without names of axes, got one of xarray; write x\.sum\(dim\)",
    "ao.softmax(a)": r"softmax: each argument must be an array without names of axes",
    "ao.exp(a, out=a)": r"exp: out must be left out where an argument is one of xarray's",
}


def assigned(a: Any) -> Any:
    a = a.copy()
    a[2:4] = 0
    a.loc[{"t": 5}] = 1.0
    return a


def run(case: str, a: Any) -> Any:
    return eval(case, {"a": a, "np": np, "xr": xr, "ao": ao, "assigned": assigned, "WEIGHTS": WEIGHTS})


@pytest.mark.parametrize("make", [of_tensors, of_chunks])
@pytest.mark.parametrize("case", CASES)
def test_works(case: str, make: Any) -> None:
    # aotops' functions of NumPy's arrays return tensors; xarray around these computes what is expected
    wanted = run(case, around(VALUES.copy()))
    result = run(case, make())
    data = result.data
    if make is of_chunks:
        assert isinstance(data, da.Array) and type(data._meta) is ao.Tensor
        data = data.compute(scheduler="synchronous")
    assert type(data) is ao.Tensor and result.dims == wanted.dims
    assert np.dtype(result.dtype) == np.dtype(wanted.dtype)
    np.testing.assert_allclose(
        np.asarray(data), np.asarray(wanted.data), rtol=1e-6 if "32" in case or "f4" in case else 1e-11
    )
    assert set(result.coords) == set(wanted.coords)


@pytest.mark.parametrize("make", [of_tensors, of_chunks])
@pytest.mark.parametrize("case", REJECTED)
def test_is_rejected(case: str, make: Any) -> None:
    with pytest.raises(TypeError, match=REJECTED[case]):
        run(case, make())


@pytest.mark.parametrize("case", OF_DASK)
def test_works_in_a_dask_array(case: str) -> None:
    with pytest.raises((AttributeError, TypeError), match=OF_DASK[case]):
        run(case, of_tensors())
    a = of_tensors()
    a = a.copy(data=da.from_array(a.data, chunks=-1, asarray=False))
    result, wanted = run(case, a), run(case, around(VALUES.copy()))
    data = result.data.compute(scheduler="synchronous")
    assert type(data) is ao.Tensor and result.dims == wanted.dims
    np.testing.assert_allclose(np.asarray(data), np.asarray(wanted.data), rtol=1e-11)


@pytest.mark.parametrize("make", [of_tensors, of_chunks])
def test_comparisons_and_representations(make: Any) -> None:
    a = make()
    assert a.equals(a.copy()) and a.identical(a.copy()) and not a.equals(a + 1)
    xr.testing.assert_equal(a, a.copy())
    xr.testing.assert_identical(a, a.copy())
    xr.testing.assert_allclose(a, a + 1e-12)
    with pytest.raises(AssertionError):
        xr.testing.assert_allclose(a, a + 1e-2)
    assert "tensor" in repr(a).lower() and "tensor" in a._repr_html_().lower()
    assert ao.exp(a).attrs == {"units": "K"}
    assert type(a.to_numpy()) is np.ndarray and float(a.sum()) == pytest.approx(VALUES.sum())
    data_set = xr.Dataset({"v": a, "w": a.isel(x=0)})
    np.testing.assert_allclose(np.asarray(ao.exp(data_set).w.data), np.exp(VALUES[:, 0]))


parts = ao.map(lambda x: (int(x), x - int(x)), results=("int64", None), dtypes="float64")


@ao.kernel("(n),()->(n)", dtypes=[("float64", "int64", "float64")])
def moving_mean(x, length, out):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i]
        if i >= length:
            total -= x[i - length]
        out[i] = total / min(i + 1, length)


@requires_numba
@requires_compiler
@pytest.mark.parametrize("how", ["parallelized", "allowed"])
def test_users_operators_and_kernels(how: str) -> None:
    options = {"input_core_dims": [["x"], []], "output_core_dims": [["x"]], "dask": how, "output_dtypes": [float]}
    wanted = np.asarray(moving_mean(ao.asarray(VALUES), 3))
    for a in (of_tensors(), of_chunks().chunk({"x": -1})):
        result = xr.apply_ufunc(moving_mean, a, 3, **options)
        data = result.data
        if isinstance(a.data, da.Array):
            assert isinstance(data, da.Array) and type(data._meta) is ao.Tensor
            data = data.compute(scheduler="synchronous")
        assert type(data) is ao.Tensor
        np.testing.assert_array_equal(np.asarray(data), wanted)
        whole, fraction = parts(a)
        assert whole.dtype == "int64" and whole.dims == fraction.dims == ("t", "x")
        np.testing.assert_allclose(np.asarray((whole + fraction).data), VALUES, atol=1e-12)
    with pytest.raises(ValueError, match=r"x.* chunk"):
        xr.apply_ufunc(moving_mean, of_chunks(), 3, **options).compute()


def test_the_core_does_not_import_xarray() -> None:
    code = """
import sys, xarray, numpy as np, aotops as ao
a = xarray.DataArray(np.ones(3), dims="x")
assert "aotops.interop.xarray" not in sys.modules
assert type(ao.exp(a)) is xarray.DataArray and type((ao.ones(3) + a).data) is ao.Tensor
"""
    subprocess.run([sys.executable, "-c", code], check=True)
