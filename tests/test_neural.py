"""Softmax and its like, norms and codes, and statistics that ignore NaN; NumPy is the oracle."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao

INF, NAN = math.inf, math.nan


def drawn(data: Any, special: bool) -> tuple[np.ndarray, Any, bool]:
    """An array of some layout, an axis, and whether to keep it."""
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    dtype = data.draw(st.sampled_from(["float64", "float32", "int64", "uint8", "int16", "bool"]))
    generator = np.random.default_rng(data.draw(st.integers(0, 999)))
    x = generator.integers(0, 60, shape).astype(dtype)
    if x.dtype.kind == "f":
        x = x * 8 - 200 + generator.choice([0.0, 0.5, 0.25], shape).astype(dtype)
        if special:
            x[generator.random(shape) < 0.3] = np.nan
            x[generator.random(shape) < 0.1] = generator.choice([np.inf, -np.inf])
    axis = data.draw(st.sampled_from([None, *range(-x.ndim, x.ndim)]))
    return (x.T if data.draw(st.booleans()) else x[..., ::-1]), axis, data.draw(st.booleans())


def assert_near(got: Any, wanted: Any, units: float = 8) -> None:
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape and got.dtype == wanted.dtype, (got.dtype, wanted.dtype)
    limits = np.finfo(got.dtype) if got.dtype.kind == "f" else None
    np.testing.assert_allclose(got, wanted, rtol=units * limits.eps if limits else 0, atol=limits.tiny if limits else 0)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_exponentials_along_axes_are_those_of_long_double(data: Any) -> None:
    x, axis, keepdims = drawn(data, special=False)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype("float64")
    wide = x.astype(np.longdouble)
    powers = np.exp(wide)
    total = powers.sum(axis=axis, keepdims=True)
    t = ao.asarray(x.copy())
    assert_near(
        ao.logsumexp(t, axis, keepdims=keepdims), np.log(powers.sum(axis=axis, keepdims=keepdims)).astype(dtype)
    )
    assert_near(ao.softmax(t, axis), (powers / total).astype(dtype), units=400 if dtype == "float64" else 1000)
    got, wanted = np.asarray(ao.log_softmax(t, axis)), (wide - np.log(total)).astype(dtype)
    np.testing.assert_allclose(got, wanted, rtol=8 * np.finfo(dtype).eps, atol=500 * np.finfo(dtype).eps)
    assert got.dtype == dtype


def test_exponentials_along_axes_of_infinities() -> None:
    x = ao.tensor([[-INF, -INF], [INF, 1.0], [-INF, 0.0], [NAN, 1.0], [1e300, -1e300]])
    np.testing.assert_array_equal(np.asarray(ao.logsumexp(x, 1)), [-INF, INF, 0.0, NAN, 1e300])
    np.testing.assert_array_equal(
        np.asarray(ao.softmax(x)), [[NAN, NAN], [NAN, 0.0], [0.0, 1.0], [NAN, NAN], [1.0, 0.0]]
    )
    assert ao.log_softmax(x)[4].tolist() == [0.0, -2e300]
    empty = ao.zeros((2, 0), dtype="float32")
    assert ao.logsumexp(empty, 1).tolist() == [-INF, -INF]
    assert ao.softmax(empty).shape == ao.log_softmax(empty).shape == (2, 0)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_norms_are_numpys(data: Any) -> None:
    x, axis, keepdims = drawn(data, special=False)
    order = data.draw(st.sampled_from([2, 1, 0, 3, 0.5, -1, INF, -INF]))
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype("float64")
    wide = x.astype(np.longdouble)
    rows = wide.reshape(-1) if axis is None else wide
    with np.errstate(divide="ignore"):
        wanted = np.linalg.norm(rows, ord=order, axis=0 if axis is None else axis)
    if keepdims:
        wanted = np.reshape(wanted, [1] * x.ndim) if axis is None else np.expand_dims(wanted, axis)
    got = ao.norm(ao.asarray(x.copy()), axis, ord=order, keepdims=keepdims)
    assert_near(got, np.asarray(wanted).astype(dtype), units=300)


def test_norms_neither_overflow_nor_vanish() -> None:
    x = ao.tensor([[3e200, 4e200], [3e-200, 4e-200], [0.0, -0.0], [INF, 1.0], [INF, -INF], [NAN, 1.0]])
    np.testing.assert_allclose(np.asarray(ao.norm(x, 1)), [5e200, 5e-200, 0.0, INF, INF, NAN], rtol=1e-15)
    assert ao.norm(ao.zeros(0)).item() == 0.0
    assert ao.norm([3 + 4j, 12.0]).item() == 13.0
    with pytest.raises(TypeError, match="norm: ord must be a number, got str"):
        ao.norm(x, ord="fro")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_statistics_that_ignore_nan_are_numpys(data: Any) -> None:
    x, axis, keepdims = drawn(data, special=True)
    t = ao.asarray(x.copy())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of rows without a number
        for name in ("nansum", "nanmax", "nanmin", "nanmean"):
            wanted = np.asarray(getattr(np, name)(x, axis=axis, keepdims=keepdims))
            if name == "nansum" and x.dtype.kind in "iub":
                wanted = np.asarray(ao.sum(t, axis, keepdims=keepdims))
            assert_near(getattr(ao, name)(t, axis, keepdims=keepdims), wanted)
    # an infinity stands for NaN in NumPy's search, too, so that it may point to one
    finite = np.clip(x, -1e30, 1e30) if x.dtype.kind == "f" else x
    for name in ("nanargmax", "nanargmin"):
        try:
            wanted = getattr(np, name)(finite, axis=axis, keepdims=keepdims)
        except ValueError:
            with pytest.raises(ValueError, match=f"{name}: x must have a number in every row"):
                getattr(ao, name)(t, axis, keepdims=keepdims)
            continue
        got = np.asarray(getattr(ao, name)(t, axis, keepdims=keepdims))
        np.testing.assert_array_equal(got, wanted)


def test_codes_and_embeddings() -> None:
    classes = np.array([[0, 2], [1, -1]])
    wanted = (classes[..., None] == np.arange(3)).astype("float64")
    np.testing.assert_array_equal(np.asarray(ao.one_hot(classes, 3)), wanted)
    codes = ao.one_hot(ao.asarray(classes, dtype="uint8"), 3, dtype="int64")
    assert codes.dtype == ao.int64 and codes[0].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert ao.one_hot(1, 2).tolist() == [0.0, 1.0] and ao.one_hot([0], 0).shape == (1, 0)
    weight = np.arange(12.0).reshape(3, 2, 2)
    np.testing.assert_array_equal(np.asarray(ao.embedding(classes, weight)), weight[classes])


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ao.one_hot([0.5], 2), TypeError, "one_hot: x must be of integers, got float64; convert with astype"),
    (lambda: ao.one_hot([0], 2.0), TypeError, "one_hot: num_classes must be an int, got float"),
    (lambda: ao.one_hot([0], -1), ValueError, "one_hot: num_classes must be at least 0, got -1"),
    (lambda: ao.embedding([3], ao.ones((3, 2))), IndexError, "index must be from -3 to 2"),
    (lambda: ao.softmax(ao.ones(2), 1), ValueError, "softmax: axis"),
    (lambda: ao.nanmax(ao.zeros(0)), ValueError, "nanmax: x must have an element to begin with"),
    (lambda: ao.softmax([1j]), TypeError, "softmax: x must be real, got complex128; take aotops.real(x)"),
    (lambda: ao.nanargmin([1j]), TypeError, "nanargmin: x must be real, got complex128"),
    (lambda: ao.nansum("a"), TypeError, "nansum: x must be"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors_say_what_is_wrong(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)
