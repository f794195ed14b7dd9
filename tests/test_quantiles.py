"""Quantiles and medians; NumPy is the oracle."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao
from aotops.namespace.quantiles import METHODS

DTYPES = ("float64", "float32", "int64", "uint8", "bool", "int16", "uint64")


def drawn(data: Any, least: int = 1) -> np.ndarray:
    """An array of up to three axes, of any layout, with equal elements, infinities and NaN."""
    shape = tuple(data.draw(st.lists(st.integers(least, 5), min_size=1, max_size=3)))
    dtype = data.draw(st.sampled_from(DTYPES))
    generator = np.random.default_rng(data.draw(st.integers(0, 999)))
    x = generator.integers(0, 9, shape).astype(dtype)
    if x.dtype.kind == "f":
        x = x + generator.choice([0.0, 0.5, 0.25], shape).astype(dtype)
        special = generator.choice([np.nan, np.inf, -np.inf])
        x[generator.random(shape) < data.draw(st.sampled_from([0.0, 0.1]))] = special
    return x.T if data.draw(st.booleans()) else x[..., ::-1]


def assert_near(got: Any, wanted: Any) -> None:
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    np.testing.assert_allclose(got, wanted, rtol=4 * np.finfo(got.dtype).eps, equal_nan=True)


@settings(deadline=None, max_examples=150)
@given(st.data())
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_quantiles_are_those_of_numpy(data: Any) -> None:
    x = drawn(data)
    axis = data.draw(st.sampled_from([None, -1, 0, tuple(range(x.ndim))]))
    keepdims = data.draw(st.booleans())
    method = data.draw(st.sampled_from(METHODS))
    q = data.draw(st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0, [0.1, 0.9], [[0.5], [0.75]], []]))
    numbers = x.astype("float64") if x.dtype.kind != "f" else x
    t = ao.asarray(x)
    if not np.isinf(numbers).any():  # between two infinities, NumPy's differences are NaN
        wanted = np.quantile(numbers, np.asarray(q, numbers.dtype), axis=axis, method=method, keepdims=keepdims)
        assert_near(ao.quantile(t, q, axis=axis, method=method, keepdims=keepdims), wanted)
    hundred = np.asarray(q) * 100
    assert_near(
        ao.percentile(t, hundred, axis=axis, method=method, keepdims=keepdims),
        ao.quantile(t, hundred / 100, axis=axis, method=method, keepdims=keepdims),
    )
    wanted = np.median(numbers, axis=axis, keepdims=keepdims)
    assert_near(ao.median(t, axis=axis, keepdims=keepdims), wanted.astype(numbers.dtype))


def test_medians_of_an_even_number_are_means() -> None:
    """Correctly rounded, where interpolation erred by rounding a difference, and without overflow."""
    generator = np.random.default_rng(3)
    pairs = generator.normal(size=(2000, 2)) * 2.0 ** generator.integers(-20, 20, (2000, 1))
    pairs[:1000, 1] = -pairs[:1000, 0] * (1 + generator.normal(size=1000) * 1e-4)  # which cancel
    most = np.finfo(float).max
    edges = [
        [most, most],
        [most, most / 2],
        [-most, most],
        [5e-324, 5e-324],
        [5e-324, 1e-323],
        [-0.0, -0.0],
        [2.0, most],
    ]
    rows = np.concatenate([pairs, edges])
    wanted = [float((Fraction(a) + Fraction(b)) / 2) for a, b in rows.tolist()]
    assert ao.median(ao.tensor(rows), axis=1).tolist() == wanted
    outer = np.concatenate([rows, np.full((len(rows), 1), -np.inf), np.full((len(rows), 1), np.inf)], axis=1)
    assert ao.median(ao.tensor(outer), axis=1).tolist() == wanted
    small = rows[:2000].astype(np.float32)
    halves = ((small[:, 0].astype(float) + small[:, 1]) / 2).astype(np.float32)
    assert ao.median(ao.tensor(small), axis=1).tolist() == halves.tolist()
    assert math.copysign(1, ao.median(ao.tensor([-0.0, -0.0])).item()) == -1
    assert math.isnan(ao.median(ao.tensor([-math.inf, math.inf])).item())


def test_medians_of_infinities() -> None:
    for values, wanted in (
        ([math.inf, math.inf], math.inf),
        ([-math.inf, 1.0], -math.inf),
        ([-math.inf, 5.0, math.inf], 5.0),
        ([math.nan, 1.0, 2.0], math.nan),
        ([1e308, 1.5e308], 1.25e308),
    ):
        assert repr(ao.median(ao.tensor(values)).item()) == repr(wanted)


def test_quantiles_of_no_elements_are_nan() -> None:
    x = ao.zeros((0, 3), dtype="float32")
    for result, shape in (
        (ao.median(x), ()),
        (ao.median(x, axis=0, keepdims=True), (1, 3)),
        (ao.quantile(x, [0.5, 1.0], axis=0), (2, 3)),
        (ao.percentile(x, 50, axis=(0, 1), method="nearest", keepdims=True), (1, 1)),
    ):
        assert result.shape == shape and result.dtype == ao.float32 and bool(ao.all(ao.isnan(result)))
    assert ao.median(ao.zeros(0, dtype="int8")).dtype == ao.float64


def test_quantiles_along_other_axes_of_no_elements_are_empty() -> None:
    for shape, axis in (((3, 0), 0), ((0, 4, 2), (1, 2)), ((0, 1), -1), ((2, 0, 3), (0, 2))):
        x = np.zeros(shape)
        for keepdims in (False, True):
            wanted = np.sum(x, axis=axis, keepdims=keepdims)  # NumPy's own median fails for several axes
            assert_near(ao.median(x, axis=axis, keepdims=keepdims), wanted)
            assert_near(ao.quantile(x, [0.5, 0.1], axis=axis, keepdims=keepdims), np.stack([wanted] * 2))


X = ao.ones((2, 3))
ERRORS: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (ValueError, "quantile: q must be from 0 to 1, got 1.5", lambda: ao.quantile(X, 1.5)),
    (ValueError, "quantile: q must be from 0 to 1, got nan", lambda: ao.quantile(X, math.nan)),
    (ValueError, "percentile: q must be from 0 to 100", lambda: ao.percentile(X, [-1])),
    (ValueError, "method must be one of linear, lower", lambda: ao.quantile(X, 0.5, method="best")),
    (ValueError, "quantile: method must be one of linear", lambda: ao.quantile(X, 0.5, method=np.arange(2))),
    (TypeError, "median: x must be real, got complex128; take", lambda: ao.median([1j])),
    (IndexError, "median: axis", lambda: ao.median(X, axis=2)),
]


@pytest.mark.parametrize(("kind", "message", "call"), ERRORS, ids=lambda value: value if isinstance(value, str) else "")
def test_errors_say_what_is_wrong(kind: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=message):
        call()
