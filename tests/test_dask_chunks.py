"""Dask's own functions on arrays whose chunks are tensors: each works with NumPy's values, or is rejected by name.

``CASES`` is what docs/dask.md lists: ``python tests/test_dask_chunks.py`` writes its table.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES
from needs import PROJECT, requires_source

pytest.importorskip("dask.array", reason='needs Dask: pip install "aotops[dask]"')

import dask
import dask.array as da
from dask.base import tokenize
from dask.sizeof import sizeof

import aotops as ao

VALUES = np.random.default_rng(0).normal(size=(12, 10))
PAGE = PROJECT / "docs" / "dask.md"

#: Calls that give an array of tensors: in groups, as they are written for Dask. NumPy computes what is expected by the
#: same words, or by those after the arrow.
CASES = {
    "indexing": [
        "x[2:9:3]",
        "x[::-1, 1:]",
        "x[:, 3]",
        "x[..., None]",
        "x[[5, 0, 7]]",
        "x[:, [5, 0, 7]]",
        "x[x[:, 0] > 0]",
        "da.take(x, [3, 1], axis=0)",
        "da.compress(np.arange(12) % 2 == 0, x, axis=0)",
        "da.delete(x, 2, axis=0)",
        "da.insert(x, 2, 5.0, axis=0)",
        "da.diagonal(x)",
        "assigned(x)",
        "x.blocks[0, 1] -> x[:5, 4:8]",
    ],
    "chunks": [
        "x.map_blocks(np.exp) -> np.exp(x)",
        "x.map_blocks(ao.exp) -> np.exp(x)",
        "x.rechunk((7, 3)) -> x",
        "x.map_overlap(lambda block: block * 2, depth=1, boundary='reflect') -> x * 2",
        "da.map_overlap(lambda block: block * 2, x, depth=1, boundary='periodic') -> x * 2",
        "da.blockwise(np.add, 'ij', x, 'ij', x, 'ij') -> x + x",
        "da.apply_gufunc(lambda block: ao.mean(block, axis=-1), '(i)->()', x.rechunk({1: -1})) -> x.mean(axis=1)",
        "da.reduction(x, np.sum, np.sum, axis=0, dtype=float) -> x.sum(axis=0)",
        "da.unify_chunks(x, 'ij', x.rechunk(3), 'ij')[1][0] -> x",
        "x[x[:, 0] > 0].compute_chunk_sizes() -> x[x[:, 0] > 0]",
        "x.persist() -> x",
    ],
    "joining and shape": [
        "da.concatenate([x, x], axis=1)",
        "da.concatenate([x, np.ones((12, 2))], axis=1)",
        "da.stack([x, x], axis=1)",
        "da.block([[x, x]])",
        "da.hstack([x, x])",
        "da.vstack([x, x])",
        "da.dstack([x, x])",
        "da.append(x, x, axis=0)",
        "da.transpose(x)",
        "x.T",
        "da.swapaxes(x, 0, 1)",
        "da.moveaxis(x, 0, 1)",
        "da.reshape(x, (4, 3, 10))",
        "da.ravel(x)",
        "x.flatten()",
        "da.squeeze(x[None])",
        "da.expand_dims(x, 1)",
        "da.atleast_3d(x)",
        "da.broadcast_to(x, (3, 12, 10))",
        "da.flip(x, 0)",
        "da.rot90(x)",
        "da.roll(x, 3, axis=0)",
        "da.tile(x, (2, 1))",
        "da.repeat(x, 2, axis=0)",
        "da.pad(x, 1)",
        "da.pad(x, 2, mode='edge')",
        "da.pad(x, 2, mode='reflect')",
        "da.pad(x, 2, mode='mean')",
        "da.diag(x[0])",
        "da.tril(x)",
        "da.triu(x)",
        "da.meshgrid(x[0], x[1])[0]",
        "da.zeros_like(x)",
        "da.ones_like(x)",
        "da.full_like(x, 2)",
    ],
    "reductions": [
        "da.sum(x)",
        "da.sum(x, axis=0, keepdims=True)",
        "da.sum(x, axis=0, dtype='float32')",
        "da.prod(x, axis=1)",
        "da.mean(x, axis=0)",
        "da.var(x, axis=0)",
        "da.std(x, ddof=1)",
        "da.max(x, axis=1)",
        "da.min(x)",
        "da.any(x > 1, axis=0)",
        "da.all(x > -9)",
        "da.argmax(x, axis=1)",
        "da.argmin(x)",
        "da.nansum(x, axis=0)",
        "da.nanprod(x, axis=0)",
        "da.nanmean(x, axis=0)",
        "da.nanvar(x, axis=0)",
        "da.nanstd(x)",
        "da.nanmax(x, axis=0)",
        "da.nanmin(x)",
        "da.nanargmax(x, axis=0)",
        "da.nanargmin(x, axis=0)",
        "da.median(x, axis=1)",
        "da.quantile(x, 0.3, axis=1)",
        "da.nanquantile(x, 0.3, axis=1)",
        "da.nanpercentile(x, 30, axis=1)",
        "da.percentile(x[:, 0].rechunk(-1), [20, 50]) -> np.percentile(x[:, 0], [20, 50])",
        "da.ptp(x, axis=0)",
        "da.average(x, axis=0, weights=np.arange(12))",
        "da.count_nonzero(x)",
        "da.moment(x, 2, axis=0) -> x.var(axis=0)",
        "da.topk(x, 3, axis=1) -> -np.sort(-x, axis=1)[:, :3]",
        "da.argtopk(x, 3, axis=1) -> np.argsort(-x, axis=1)[:, :3]",
        "da.cov(x)",
        "da.corrcoef(x)",
        "da.linalg.norm(x)",
        "da.linalg.norm(x, axis=1)",
        "da.trace(x)",
        "da.bincount((abs(x) * 2).astype(int).ravel(), minlength=10)",
        "da.unique((x * 2).astype(int))",
        "da.union1d(x, x)",
    ],
    "scans and differences": [
        "da.cumsum(x, axis=0)",
        "da.cumsum(x, axis=None)",
        "da.cumprod(x, axis=1)",
        "da.nancumsum(x, axis=0)",
        "da.nancumprod(x, axis=0)",
        "da.diff(x, axis=0)",
    ],
    "products": [
        "da.tensordot(x, x.T, axes=1)",
        "da.tensordot(x, x, axes=((0, 1), (0, 1)))",
        "da.dot(x, x.T)",
        "da.matmul(x, x.T)",
        "x @ x.T",
        "da.vdot(x, x)",
        "da.outer(x[0], x[1])",
        "da.einsum('ij,kj->ik', x, x)",
        "da.einsum('ij,ij->i', x, x)",
        "da.matmul(x, x[0])",
        "x @ np.ones(10)",
        "np.ones(12) @ x",
    ],
    "elementwise": [
        "(x + 1) * 2 / (x - 0.5)",
        "x + np.ones(10)",
        "abs(x) ** 2.5",
        "x // 0.3 + x % 0.3",
        "(x < 0) & ~(x > -1)",
        "da.exp(x)",
        "np.exp(x)",
        "da.arctan2(x, x + 1)",
        "da.modf(x)[1]",
        "da.where(x > 0, x, 0.0)",
        "da.select([x > 1, x < 0], [x, -x], 0.0)",
        "da.choose((x > 0).astype(int), [x, -x])",
        "da.clip(x, -1, 1)",
        "da.round(x, 1)",
        "x.round(1)",
        "x.clip(0, None)",
        "divmod(x, 2)[0]",
        "da.isnan(x)",
        "da.isclose(x, x)",
        "da.isin(x, [1.0])",
        "da.nan_to_num(x)",
        "da.real(x)",
        "da.digitize(x, np.array([-1.0, 0.0, 1.0]))",
        "x.astype('float32')",
        "(x * 10).astype(int)",
    ],
}

#: Calls with the right values, whose results Dask says to be NumPy's: it makes an array without looking at the chunks.
#: The chunks are tensors all the same, except for positions, which are NumPy's.
UNLABELLED = [
    "x[x > 0]",
    "da.cumsum(x, axis=0, method='blelloch') -> np.cumsum(x, axis=0)",
    "da.nanmedian(x, axis=0)",
    "da.gradient(x, axis=0)",
    "da.extract(x > 0, x)",
    "da.histogram(x, bins=5, range=(-3, 3))[0]",
    "da.histogram2d(x[:, 0], x[:, 1], bins=4, range=((-3, 3), (-3, 3)))[0]",
    "da.coarsen(np.sum, x.rechunk((4, 4)), {0: 2, 1: 2}) -> x.reshape(6, 2, 5, 2).sum((1, 3))",
    "da.nonzero(x > 0)[0]",
    "da.argwhere(x > 0)",
    "da.flatnonzero(x > 0)",
]

#: Calls that are rejected, when the graph is made or when it runs, and the words that say so.
REJECTED = {
    "da.fft.fft(x.rechunk({1: -1}))": r"numpy\.fft\.fft: each array must be an ndarray",
    "da.linalg.qr(x.rechunk({1: -1}))[1]": r"numpy\.linalg\.qr: each array must be an ndarray",
    "da.linalg.svd(x.rechunk({1: -1}))[1]": r"numpy\.linalg\.qr: each array must be an ndarray",
    "da.apply_along_axis(np.sum, 0, x)": r"numpy\.apply_along_axis: each array must be an ndarray",
    "da.apply_over_axes(np.sum, x, [0])": r"numpy\.apply_along_axis: each array must be an ndarray",
    "da.piecewise(x, [x < 0], [-1.0, 1.0])": r"numpy\.piecewise: each array must be an ndarray",
    "da.lib.stride_tricks.sliding_window_view(x, 3, axis=0)": r"numpy\.lib\.stride_tricks\.sliding_window_view: each",
    "da.unique(x, return_counts=True)[0]": r"dask\.array\.unique does not support .* structured arrays",
    "x.astype('float16')": r"astype: dtype must be one of bool, int8",
    "x.view('int64')": r"view: shape must be an int",
    "x.vindex[[1, 2], [3, 4]]": r"'Tensor' object has no attribute 'transpose'",
    "x[da.argmax(x, axis=1)]": r"'Array' object has no attribute 'tolist'",
}


def assigned(x: Any) -> Any:
    """An array with other elements in some places."""
    x = x.copy()
    x[1:3] = 0
    x[x > 1] = 7.0
    return x


NAMES = {"np": np, "ao": ao, "assigned": assigned}


def of_tensors(values: Any = VALUES, chunks: Any = (5, 4)) -> Any:
    return da.from_array(ao.asarray(values), chunks=chunks, asarray=False)


def both(case: str) -> tuple[Any, np.ndarray[Any, Any]]:
    """What Dask makes of tensors, and what NumPy computes."""
    lazy, _, plain = case.partition(" -> ")
    wanted = eval(plain or lazy, {**NAMES, "da": np, "x": VALUES.copy()})
    return eval(lazy, {**NAMES, "da": da, "x": of_tensors()}), np.asarray(wanted)


@pytest.mark.parametrize("case", [case for cases in CASES.values() for case in cases])
def test_works_on_tensors(case: str) -> None:
    lazy, wanted = both(case)
    assert isinstance(lazy, da.Array) and type(lazy._meta) is ao.Tensor, "Dask must know that chunks are tensors"
    assert lazy.shape == wanted.shape or np.isnan(lazy.shape).any()
    result = lazy.compute(scheduler="synchronous")
    assert type(result) is ao.Tensor and result.shape == wanted.shape
    assert lazy.dtype == result.dtype == wanted.dtype
    np.testing.assert_allclose(np.asarray(result), wanted, rtol=1e-6 if wanted.dtype == "float32" else 1e-11)


@pytest.mark.parametrize("case", UNLABELLED)
def test_works_and_is_labelled_as_numpys(case: str) -> None:
    lazy, wanted = both(case)
    assert type(lazy._meta) is np.ndarray, "list it among CASES"
    result = lazy.compute(scheduler="synchronous")
    assert lazy.dtype == result.dtype == wanted.dtype
    np.testing.assert_allclose(np.asarray(result), wanted, rtol=1e-11)
    # an operator of aotops keeps to what Dask says
    assert type(ao.add(lazy, 1).compute(scheduler="synchronous")) is np.ndarray


@pytest.mark.parametrize("case", REJECTED)
def test_is_rejected_by_name(case: str) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError), match=REJECTED[case]):
        eval(case, {**NAMES, "da": da, "x": of_tensors()}).compute(scheduler="synchronous")


@requires_source
def test_the_page_lists_them() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "run python tests/test_dask_chunks.py"


# --- what tensors are to Dask ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_every_dtype(dtype: str) -> None:
    t = ao.arange(6).astype(dtype).reshape(2, 3)
    x = da.from_array(t, chunks=(1, 2), asarray=False)
    assert x.dtype == dtype and np.dtype(x.dtype) == dtype and x.nbytes == 6 * t.dtype.itemsize
    back = x.compute(scheduler="synchronous")
    assert type(back) is ao.Tensor and back.dtype == dtype and back.tolist() == t.tolist()
    assert x[:, 1:].compute(scheduler="synchronous").tolist() == t[:, 1:].tolist()


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint64"])
@pytest.mark.parametrize("name", ["exp", "sqrt", "log1p", "arctan2", "hypot", "rint", "reciprocal", "power", "add"])
def test_functions_of_integers_have_the_dtypes_that_dask_is_told(name: str, dtype: str) -> None:
    """Dask asks NumPy for them, and takes ``x.astype`` of the same dtype for done."""
    values = np.arange(1, 7, dtype=dtype)
    x = of_tensors(values, 3)
    function = getattr(np, name)
    inputs = (x,) if function.nin == 1 else (x, x)
    wanted = function(*([values] * function.nin))
    for lazy in (function(*inputs), getattr(da, name)(*inputs)):
        result = lazy.compute(scheduler="synchronous")
        assert lazy.dtype == result.dtype == wanted.dtype and type(result) is ao.Tensor
        assert lazy.astype(wanted.dtype).compute(scheduler="synchronous").dtype == wanted.dtype
        np.testing.assert_allclose(np.asarray(result), wanted, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_quantiles_have_the_dtypes_that_dask_is_told(dtype: str) -> None:
    x = of_tensors((VALUES * 10).astype(dtype))
    for lazy in (da.quantile(x, 0.3, axis=1), da.quantile(x, [0.3, 0.5], axis=1), da.nanquantile(x, 0.3, axis=1)):
        assert lazy.dtype == lazy.compute(scheduler="synchronous").dtype


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8"])
def test_float16_is_rejected_with_what_to_write(dtype: str) -> None:
    x = of_tensors(np.array([0, 1, 1], dtype), 2)
    for function in (np.exp, da.sqrt, np.sin):
        with pytest.raises(
            TypeError, match=r"got Float16DType; .* as exp of 8-bit integers and bools, call aotops.exp"
        ):
            function(x).compute(scheduler="synchronous")
    assert ao.exp(x).dtype == ao.exp(x).compute().dtype == "float64"


def test_the_same_tensors_have_the_same_token() -> None:
    t = ao.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert tokenize(t) == tokenize(t.copy()) != tokenize(t + 1)
    assert tokenize(t) != tokenize(t.reshape(-1)) != tokenize(t.reshape(-1).astype("float32"))
    assert tokenize(ao.exp) == tokenize(ao.exp) != tokenize(ao.log)
    assert tokenize(ao.mean) == tokenize(ao.mean) != tokenize(ao.var)
    assert tokenize(ao.float32) == tokenize(ao.float32) != tokenize(ao.float64)
    first, same, other = [ao.map(function) for function in (lambda x: x + 1, lambda x: x + 1, lambda x: x + 2)]
    assert tokenize(first) == tokenize(same) != tokenize(other)
    with dask.config.set({"tokenize.ensure-deterministic": True}):
        tokenize(t, ao.exp, first, ao.int8)


def test_dask_knows_how_much_memory_tensors_take() -> None:
    t = ao.zeros((100, 10))
    assert sizeof(t) == 8000 and sizeof(t[:, :5]) == 4000
    assert sizeof(ao.broadcast_to(ao.zeros(10), (1000, 10))) == 80 and sizeof(ao.zeros((0, 5))) == 0


@pytest.mark.parametrize("make", [of_tensors, lambda: da.from_array(VALUES, chunks=(5, 4))])
def test_positions_from_the_end(make: Any) -> None:
    x = make()
    for axis in (0, 1, None):
        lazy = ao.take(x, ao.asarray([1, -1, 0]), axis=axis)
        assert lazy.shape == np.take(VALUES, [1, -1, 0], axis=axis).shape
        assert np.array_equal(np.asarray(lazy.compute()), np.take(VALUES, [1, -1, 0], axis=axis))
    assert np.array_equal(np.asarray(x[np.asarray(ao.asarray([1, -1]))].compute()), VALUES[[1, -1]])


@pytest.mark.parametrize("dtype", [ao.float32, "int16", "<i8", complex])
def test_astype_of_an_array(dtype: Any) -> None:
    wanted = ao.astype(ao.asarray(VALUES), dtype)
    lazy = ao.astype(of_tensors(), dtype)
    result = lazy.compute(scheduler="synchronous")
    assert type(lazy._meta) is type(result) is ao.Tensor and lazy.dtype == result.dtype == wanted.dtype
    assert result.tolist() == wanted.tolist()
    for wrong in ([1, 2], VALUES, None):
        with pytest.raises(TypeError, match="astype: x must be a Tensor, got"):
            ao.astype(wrong, dtype)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="astype: dtype must be one of"):
        ao.astype(of_tensors(), "f3")


def test_tensors_as_a_backend() -> None:
    x = da.from_array(VALUES, chunks=(5, 4)).to_backend("aotops")
    assert type(x._meta) is ao.Tensor and type(x.compute()) is ao.Tensor and x.to_backend("aotops") is x
    back = x.to_backend("numpy")
    assert type(back._meta) is np.ndarray and np.array_equal(back.compute(), VALUES)
    with dask.config.set({"array.backend": "aotops"}):
        made = [da.ones((3, 2)), da.zeros(3), da.full((2,), 7), da.arange(4), da.empty((2, 2))]
    wanted = [np.ones((3, 2)), np.zeros(3), np.full((2,), 7), np.arange(4)]
    for x in made:
        assert type(x._meta) is ao.Tensor and type(x.compute()) is ao.Tensor
    for x, values in zip(made, wanted, strict=False):
        assert np.asarray(x).tolist() == values.tolist() and x.dtype == values.dtype


def test_in_and_out(tmp_path: Path) -> None:
    """By what arrays come from elsewhere and go there."""
    x = of_tensors()
    into = np.zeros((12, 10))
    da.store(x, into)
    assert np.array_equal(into, VALUES)
    t = ao.zeros((12, 10))
    da.store(x, t)
    assert t.tolist() == VALUES.tolist()
    da.to_npy_stack(str(tmp_path / "stack"), x)
    read = da.from_npy_stack(str(tmp_path / "stack"))
    assert type(ao.exp(read).compute()) is np.ndarray and np.array_equal(read.compute(), VALUES)
    made = [da.from_delayed(each, (3, 4), meta=ao.empty((0, 0))) for each in [dask.delayed(ao.ones)((3, 4))] * 2]
    assert type(ao.sum(da.concatenate(made))._meta) is ao.Tensor and float(ao.sum(da.concatenate(made)).compute()) == 24
    drawn = da.random.default_rng(0).normal(size=(12, 10), chunks=5)
    assert np.array_equal(np.asarray(drawn.map_blocks(ao.asarray).compute()), drawn.compute())
    assert type(drawn.map_blocks(ao.asarray)._meta) is ao.Tensor


def test_without_dask_the_package_says_what_to_install() -> None:
    import subprocess

    code = "import sys; sys.modules['dask'] = None\nimport aotops as ao; ao.exp(ao.ones(2))\nimport aotops.interop.dask"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode and 'ImportError: aotops.interop.dask needs Dask: pip install "aotops[dask]"' in done.stderr


# --- the table ------------------------------------------------------------------------------------------------------


def table() -> str:
    """The table of the page: what works, by group, and what does not."""

    def spans(cases: list[str]) -> str:
        return " ".join([f"`{case.partition(' -> ')[0]}`" for case in cases]).replace("|", "\\|")

    rows = [f"| {group} | {spans(cases)} |" for group, cases in CASES.items()]
    rows += [f"| right, but Dask says that the chunks are NumPy's | {spans(UNLABELLED)} |"]
    rows += [f"| rejected | {spans(list(REJECTED))} |"]
    return "\n".join(["| | calls |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    page = Path(PAGE).read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"(?m)^\| \| calls \|\n(\|.*\n)+", lambda _: table(), page), encoding="utf-8")
