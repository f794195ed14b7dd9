"""Quantiles, medians, differences, running extrema and the constants of the array API standard; NumPy is the oracle."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao
from aotops.namespace.quantiles import METHODS

DTYPES = ("float64", "float32", "int64", "uint8", "bool")


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


def test_medians_of_infinities() -> None:
    for values, wanted in (
        ([math.inf, math.inf], math.inf),
        ([-math.inf, 1.0], -math.inf),
        ([-math.inf, 5.0, math.inf], 5.0),
        ([math.nan, 1.0, 2.0], math.nan),
        ([1e308, 1.5e308], 1.25e308),
    ):
        assert repr(ao.median(ao.tensor(values)).item()) == repr(wanted)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_differences_and_running_extrema_are_those_of_numpy(data: Any) -> None:
    x = drawn(data, 0)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = data.draw(st.integers(0, 3))
    ends = {}
    for name in ("prepend", "append"):
        if data.draw(st.booleans()):
            shape = list(x.shape)
            shape[axis] = data.draw(st.integers(0, 2))
            ends[name] = np.ones(shape, x.dtype)
    t = ao.asarray(x)
    with np.errstate(invalid="ignore"):
        wanted = np.diff(x, n=n, axis=axis, **ends)
    got = np.asarray(ao.diff(t, axis=axis, n=n, **{name: ao.asarray(each) for name, each in ends.items()}))
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)
    for running, accumulate in ((ao.cumulative_max, np.maximum), (ao.cumulative_min, np.minimum)):
        got, wanted = np.asarray(running(t, axis)), accumulate.accumulate(x, axis=axis)
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)


def test_differences_beside_numbers() -> None:
    x = ao.tensor([[1, 2, 4], [1, 1, 0]])
    assert ao.diff(x, prepend=0).tolist() == [[1, 1, 2], [1, 0, -1]]
    assert ao.diff(x, axis=0, append=[[9, 9, 9]]).tolist() == [[0, -1, -4], [8, 8, 9]]


def test_constants() -> None:
    assert (ao.e, ao.pi, ao.inf, ao.newaxis) == (math.e, math.pi, math.inf, None)
    assert math.isnan(ao.nan)
    assert {"e", "pi", "inf", "nan", "newaxis"} <= {*ao.__all__}
    assert ao.ones(3)[ao.newaxis].shape == (1, 3)


X = ao.ones((2, 3))
ERRORS: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (ValueError, "quantile: q must be from 0 to 1, got 1.5", lambda: ao.quantile(X, 1.5)),
    (ValueError, "quantile: q must be from 0 to 1, got nan", lambda: ao.quantile(X, math.nan)),
    (ValueError, "percentile: q must be from 0 to 100", lambda: ao.percentile(X, [-1])),
    (ValueError, "method must be one of linear, lower", lambda: ao.quantile(X, 0.5, method="best")),
    (ValueError, r"median: x must have elements along the axis, got shape \(0,\)", lambda: ao.median(ao.ones(0))),
    (IndexError, "median: axis", lambda: ao.median(X, axis=2)),
    (ValueError, "diff: x must have at least 1 dimension", lambda: ao.diff(3)),
    (ValueError, "diff: n must not be negative, got -1", lambda: ao.diff(X, n=-1)),
    (TypeError, "diff: n", lambda: ao.diff(X, n=1.5)),  # type: ignore[arg-type]
    (ValueError, r"x \(2, 3\), prepend \(3, 1\)", lambda: ao.diff(X, prepend=ao.ones((3, 1)))),
]


@pytest.mark.parametrize(("kind", "message", "call"), ERRORS, ids=lambda value: value if isinstance(value, str) else "")
def test_errors_say_what_is_wrong(kind: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=message):
        call()
