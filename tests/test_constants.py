"""Constants of declarations: identity, initial, absorbing and defaults, by dtype, and what an initial value does."""

from __future__ import annotations

import decimal
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops.user.declare import declaration
from aotops.user.plain_python import fallback

pytestmark = requires_numba


def add(a: float, b: float) -> float:
    return a + b


def product(x: float, y: float) -> float:
    return x * y


@pytest.mark.parametrize("shape", [(1,), (8192,), (8193,), (100_000,), (3000, 4), (4, 30000), (70, 40, 50)])
@pytest.mark.parametrize("dtype", ["int64", "float32", "uint8"])
def test_an_initial_value_enters_each_result_once(shape: tuple[int, ...], dtype: str) -> None:
    total = ao.reduce(add, identity=0, initial=10, dtypes=dtype)
    zeros = ao.zeros(shape, dtype=dtype)
    for axis in (None, *range(len(shape))):
        for x in (zeros, zeros.permute(*reversed(range(len(shape))))):
            result = total(x, axis=axis)
            assert result.tolist() == (ao.zeros(result.shape, dtype=dtype) + 10).tolist()
    assert total(ao.zeros(0, dtype=dtype)).item() == 0  # the identity
    assert fallback(total)(ao.zeros(5, dtype=dtype)).item() == 10


def test_an_initial_value_enters_once_whatever_the_threads() -> None:
    total = ao.reduce(add, identity=0, initial=10, dtypes="int64")
    x, before = ao.ones(1_000_000, dtype="int64"), ao.get_num_threads()
    try:
        for threads in (1, 2):
            ao.set_num_threads(threads)
            assert total(x).item() == 1_000_010
    finally:
        ao.set_num_threads(before)


def test_an_initial_value_that_changes_nothing_twice_needs_no_identity() -> None:
    at_least_zero = ao.reduce(lambda a, b: max(a, b), initial=0.0, dtypes="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert at_least_zero(ao.zeros(100_000) - 1).item() == 0.0


def test_any_other_one_without_an_identity_is_rejected() -> None:
    with pytest.raises(
        ao.BuildError, match=r"without: initial must give itself .* got 10, which gives 20; give identity="
    ):
        without(ao.zeros(3, dtype="int64"))


without = ao.reduce(add, initial=10, dtypes="int64")


def test_what_changes_an_absorbing_value() -> None:
    with pytest.warns(UserWarning, match="the absorbing value 0.0 becomes nan when nan is combined with it"):
        ao.reduce(product, identity=1, absorbing=0, dtypes="float64")(ao.zeros(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ao.reduce(product, identity=1, absorbing=0, dtypes="int64")(ao.zeros(3, dtype="int64")).item() == 0


def test_an_absorbing_value_for_each_dtype() -> None:
    largest = {"uint8": 255, "int64": 2**63 - 1}
    maximum = ao.reduce(
        lambda a, b: max(a, b), initial={"uint8": 0, "int64": -(2**63)}, absorbing=largest, dtypes=tuple(largest)
    )
    for dtype, most in largest.items():
        x = ao.zeros(100_000, dtype=dtype)
        assert maximum(x).item() == 0
        x[50_000] = 200
        assert maximum(x).item() == 200
        x[0] = most
        assert maximum(x).item() == most


def test_warnings_call_an_initial_value_by_its_name() -> None:
    with pytest.warns(UserWarning, match=r"the initial value 0\.0 changes -2\.5 into 0\.0"):
        ao.reduce(lambda a, b: max(a, b), initial=0.0, dtypes="float64")(1.0)


@pytest.mark.parametrize("argument", ["identity", "initial", "absorbing"])
@pytest.mark.parametrize(
    ("value", "dtypes", "message"),
    [
        (1e40, "float32", r"must fit float32, got float 1e\+40"),
        (-1e40, ("float32", "float64"), r"must fit float32, got float -1e\+40"),
        (10**39, "float32", "must fit float32, got int 1"),
        (10**400, "float64", "must fit float64, got int of 1329 bits"),
        (10**400, "int64", "must fit int64, got int of 1329 bits"),
        (0.5, "int64", r"must fit int64, got float 0\.5"),
        (math.nan, "int64", "must fit int64, got float nan"),
        (math.inf, "uint8", "must fit uint8, got float inf"),
        (2, "bool", "must fit bool, got int 2"),
        (decimal.Decimal("sNaN"), "float64", "must fit float64, got Decimal"),
        (np.array([0]), "float64", "must be a number, or a dict of one for each dtype, got ndarray"),
        ("1", "float64", "must be a number, or a dict of one for each dtype, got str '1'"),
        ({}, "float64", "must have a value for each of float64, got none for float64"),
        ({"int64": 1}, ("int64", "float64"), "must have a value for each of int64, float64, got none for float64"),
    ],
)
def test_constants_that_a_dtype_cannot_hold(argument: str, value: Any, dtypes: Any, message: str) -> None:
    with pytest.raises((ao.RecordError, TypeError), match=f"add: {argument} {message}"):
        ao.reduce(add, **{"identity": 0, argument: value}, dtypes=dtypes)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (
            lambda: ao.zip(product, defaults={"y": {}}),
            "product: the default of y must have a value for each of float32",
        ),
        (
            lambda: ao.zip(product, defaults={"y": 1e40}),
            r"product: the default of y must fit float32, got float 1e\+40",
        ),
        (
            lambda: ao.zip(product, defaults={"y": -1}, fixed={"y": "uint8"}),
            "the default of y must fit uint8, got int -1",
        ),
        (lambda: ao.zip(product, bool_inputs=3), "zip: bool_inputs must be a name of an input, or several, got int 3"),
        (
            lambda: ao.zip(product, bool_inputs=(3,)),
            "zip: bool_inputs must be a name of an input, or several, got tuple",
        ),
        (
            lambda: ao.zip(product, bool_inputs="x", fixed={"x": "int64"}),
            "product: fixed must leave out x, one of bool_inputs, got int64",
        ),
    ],
)
def test_options_of_a_zip(declare: Callable[[], Any], message: str) -> None:
    with pytest.raises((ao.RecordError, TypeError), match=message):
        declare()


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, np.float32(0.5), np.array(0.5), True, 2**60])
def test_constants_that_float32_holds(value: Any) -> None:
    number = declaration(ao.reduce(add, identity=value, dtypes="float32")).identity_for("float32")
    assert number == float(value) or number != number
