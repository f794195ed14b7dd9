"""``where=`` and ``initial=``: of every operator that has them, and of mean, var and std; against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import INTEGERS, assert_same
from needs import requires_numba

import aotops as ao
from aotops import ops
from aotops.namespace import masked

RECORDS = [record for record in ops.collect().values() if ao.is_public(record.name)]
ELEMENTWISE = [record for record in RECORDS if record.kind in ("map", "zip")]
REDUCTIONS = ["sum", "prod", "max", "min", "any", "all"]
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)


def values(shape: Any, dtype: str, seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 5, shape).astype(dtype)


def mask_for(shape: Any, seed: int, squeezed: bool) -> Any:
    shape = tuple(1 if squeezed and axis == 0 else length for axis, length in enumerate(shape))
    return np.random.default_rng(seed + 1).random(shape) < 0.6


def test_every_elementwise_operator_leaves_the_other_elements_of_out() -> None:
    mask = ao.tensor([[True], [False]])
    for record in ELEMENTWISE:
        operator = getattr(ao, record.name)
        dtype = record.dtypes[-1]
        inputs = [ao.tensor([0.25, 0.5, 0.75]).astype(record.fixed.get(name, dtype)) for name in record.parameters]
        full = operator(*inputs)
        out = ao.full((2, 3), 1, dtype=full.dtype)
        assert operator(*inputs, out=out, where=mask) is out
        wanted = np.stack([np.asarray(full), np.ones(3, np.asarray(full).dtype)])
        np.testing.assert_array_equal(np.asarray(out), wanted)
        new = operator(*inputs, where=mask)
        assert new.dtype == full.dtype
        np.testing.assert_array_equal(np.asarray(new), np.stack([wanted[0], 0 * wanted[1]]))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(REDUCTIONS),
    st.sampled_from(["bool", "int8", "uint8", "int64", "float32", "float64"]),
    SHAPES,
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 0, 3]),
    st.data(),
)
def test_reductions_are_numpys(
    name: str, dtype: str, shape: Any, seed: int, squeezed: bool, keepdims: bool, initial: Any, data: Any
) -> None:
    x, mask = values(shape, dtype, seed), mask_for(shape, seed, squeezed)
    axis = data.draw(st.sampled_from([None, *range(len(shape)), tuple(range(len(shape)))]))
    if name in ("any", "all"):
        initial = None  # NumPy's have none
    elif name in ("max", "min"):
        initial = (3 if initial is None else initial) if dtype != "bool" else False
    elif initial is None:
        initial = {"sum": 0, "prod": 1}[name]
    begin = {} if initial is None else {"initial": initial}
    wanted = getattr(np, name)(x, axis=axis, keepdims=keepdims, where=mask, **begin)
    found = getattr(ao, name)(ao.asarray(x), axis, keepdims=keepdims, where=ao.asarray(mask), **begin)
    assert found.dtype == np.asarray(wanted).dtype
    np.testing.assert_array_equal(np.asarray(found), wanted)
    if initial is not None:
        wanted = getattr(np, name)(x, axis=axis, keepdims=keepdims, **begin)
        np.testing.assert_array_equal(
            np.asarray(getattr(ao, name)(ao.asarray(x), axis, keepdims=keepdims, **begin)), wanted
        )


@pytest.mark.parametrize("name", ["mean", "var", "std"])
def test_statistics_of_some_elements_are_numpys(name: str) -> None:
    rng = np.random.default_rng(5)
    for dtype in ("bool", "int32", "float32", "float64"):
        x = (rng.normal(size=(5, 40, 3)) * 9 + 2).astype(dtype)
        mask = rng.random((40, 1)) < 0.7
        for axis in (None, 1, (0, 1), -1):
            if axis == -1:
                mask = rng.random((5, 40, 3)) < 0.7
                mask[..., 0] = True
            wanted = getattr(np, name)(x, axis=axis, where=mask, dtype="float64")
            found = getattr(ao, name)(ao.asarray(x), axis, where=ao.asarray(mask))
            assert found.dtype == ("float32" if dtype == "float32" else "float64")
            tolerance = 3e-6 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(np.asarray(found), wanted, rtol=tolerance, atol=tolerance)


def test_statistics_of_no_elements_and_of_huge_ones() -> None:
    some, none = [True, True, False], [False, False, False]
    assert np.isnan(ao.mean([1.0, 2.0, 3.0], where=none).item()) and np.isnan(
        ao.var([1.0, 2.0, 3.0], where=none).item()
    )
    assert ao.mean([1.5e308, 1.5e308, float("nan")], where=some).item() == 1.5e308
    assert ao.std([1e200, -1e200, float("inf")], where=some).item() == 1e200
    assert ao.var([1.0, 3.0, 9.0], where=some, correction=1).item() == 2.0
    assert ao.mean([1.0, 2.0, 9.0], where=some).item() == 1.5  # divided once


def test_numpys_functions_take_masks() -> None:
    t, mask = ao.tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([True, False])
    for found, wanted in (
        (np.add(t, 1.0, where=mask), [[2.0, 0.0], [4.0, 0.0]]),
        (np.sum(t, where=mask), 4.0),
        (np.max(t, axis=0, initial=-1.0, where=mask), [3.0, -1.0]),
        (np.add.reduce(t, where=mask, initial=0.5), [4.5, 0.5]),
        (np.mean(t, axis=1, where=mask), [1.0, 3.0]),
    ):
        assert type(found) is ao.Tensor
        assert found.tolist() == wanted
    out = np.zeros((2, 2))
    assert np.exp(t, out=out, where=mask) is out
    assert (out[:, 1] == 0).all() and out[0, 0] == np.exp(1.0)


def test_user_defined_operators_take_masks_compiled_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTOPS_PYTHON", "1")
    triple = ao.map(lambda x: 3.0 * x)
    largest = ao.reduce(lambda a, b: a if a > b else b, initial=float("-inf"))
    total = ao.reduce(lambda a, b: a + b, identity=0.0)
    squares = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x: x * x)
    t, mask = ao.tensor([1.0, 2.0, 3.0]), ao.tensor([True, False, True])
    assert triple(t, where=mask).tolist() == [3.0, 0.0, 9.0]
    assert total(t, where=mask, initial=1.0).item() == 5.0
    assert largest(t, where=~mask, initial=0.0).item() == 2.0
    with pytest.raises(TypeError, match="unexpected keyword argument 'where'"):
        squares(t, where=mask)


def test_inputs_by_name_several_results_and_overlap() -> None:
    t = ao.tensor([1.0, 2.0, 3.0, 4.0])
    mask = ao.tensor([True, False, True, True])
    assert ao.subtract(x2=1.0, x1=t, where=mask).tolist() == [0.0, 0.0, 2.0, 3.0]
    assert ao.clip(t, max=2.0, where=mask).tolist() == [1.0, 0.0, 2.0, 2.0]
    ao.add(t[::-1], 10.0, out=t, where=mask)
    assert t.tolist() == [14.0, 2.0, 12.0, 11.0]
    gradients = ao.multiply.derivative([1.0, 2.0], [3.0, 4.0], [3.0, 8.0], [1.0, 1.0], where=[True, False])
    assert [each.tolist() for each in gradients] == [[3.0, 0.0], [1.0, 0.0]]
    small = ao.tensor([1, 2], dtype="uint8")
    ao.add(small, 254, out=small, where=[True, False])
    assert small.tolist() == [255, 2]
    wide = ao.tensor([2**63 - 1, 0])  # as it was, though float64 could not hold it
    ao.add(ao.tensor([1, 2], dtype="uint64"), 0, out=wide, where=[False, True])
    assert wide.tolist() == [2**63 - 1, 2]


T = ao.tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ao.max(T, where=[True, False]), ValueError, "max: initial must be given with where="),
        (lambda: ao.sum(T, where=[1, 0]), TypeError, "sum: where must be bool, got int64"),
        (lambda: ao.add(T, 1, where=0.0), TypeError, "add: where must be bool, got float64"),
        (lambda: ao.add(T, 1, where="all"), TypeError, "add: where must"),
        (lambda: ao.sum(ao.arange(3), initial=ao.tensor([1])), ValueError, "sum: initial must be a single number"),
        (lambda: ao.sum(T, initial="1"), TypeError, "sum: initial must"),
        (lambda: ao.sum(T, where=[[True], [True]]), ValueError, r"sum: where must broadcast to the shape \(2,\)"),
        (lambda: ao.mean(T, where=[True] * 3), ValueError, r"mean: where must broadcast to the shape \(2,\)"),
        (lambda: ao.argmax(T, where=[True]), TypeError, "unexpected keyword argument 'where'"),
        (lambda: ao.cumulative_sum(T, initial=1), TypeError, "unexpected keyword argument 'initial'"),
        (lambda: ao.exp(T, out=ao.zeros(3), where=[True, False]), ValueError, "exp: out must have the shape"),
        (lambda: ao.exp(T, out=ao.zeros(2, dtype="int8"), where=[True]), TypeError, "exp: out must be able to hold"),
        (lambda: ao.exp(T, out=[0.0, 0.0], where=[True]), TypeError, "exp: out must be a Tensor"),
        (lambda: ao.exp(T, where=[True] * 3), ValueError, "broadcast"),
        (lambda: ao.zip(lambda x, where: x + where), ao.RecordError, "where"),
    ],
)
def test_what_is_rejected(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_beginning_with_a_value_is_one_combination_more() -> None:
    """By the operator of pairs that is in the table, with the bits of a reduction of both; NaN and zeros, too."""
    reductions = {record.name: record for record in RECORDS if record.kind == "reduce"}
    assert set(masked.PAIRS) == set(reductions)
    for name, record in reductions.items():
        operator = getattr(ao, name)
        for dtype in record.dtypes:
            numbers = [0, 1, 3] if dtype in INTEGERS else [0.0, -0.0, 2.5, -7.5, float("inf"), float("nan")]
            numbers = [False, True] if dtype == "bool" else numbers
            if dtype.startswith("complex"):  # of products with infinite parts, one more makes NaN of more parts
                numbers = numbers[:4]
            x = ao.tensor([[number, number] for number in numbers], dtype=dtype)
            plain = operator(x, 1)
            for initial in numbers:
                start = ao.full(plain.shape, initial, dtype=plain.dtype)
                found, wanted = operator(x, 1, initial=initial), operator(ao.stack([start, plain]), 0)
                assert_same(found, np.asarray(wanted), f"{name} {dtype} {initial}")


@requires_numba
def test_reductions_of_users_begin_once_with_a_value() -> None:
    total = ao.reduce(lambda a, b: a + b, initial=-0.0, dtypes="float64")  # without an identity
    t = ao.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert total(t, 1, initial=10.0).tolist() == [13.0, 17.0]
    nothing = total(t[:, :0], 1, initial=10.0)
    assert nothing.tolist() == [10.0, 10.0]
    nothing[0] = 1.0  # its own memory
    assert nothing.tolist() == [1.0, 10.0]
    assert ao.max(t[:0], 0, initial=5.0, keepdims=True).tolist() == [[5.0, 5.0]]
