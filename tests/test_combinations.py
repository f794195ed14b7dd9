"""``max`` and ``min`` in the combination of a reduction: NaN where any element is, wherever it stands."""

from __future__ import annotations

import builtins
import math
from builtins import min as least
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops import reference
from aotops.scalar.combinations import SUBSTITUTES, in_combination
from aotops.scalar.mathematics import in_plain_python

INF = math.inf


def smaller(a: Any, b: Any) -> Any:
    return min(a, b)


pytestmark = requires_numba

FLOATS = {
    "largest size": (ao.reduce(lambda a, b: max(a, b), identity=0.0, map=lambda x: abs(x)), lambda x: np.abs(x).max()),
    "min in a function": (ao.reduce(lambda a, b: smaller(a, b), identity=INF, dtypes="float64"), np.min),
    "imported by another name": (ao.reduce(lambda a, b: least(a, b), identity=INF, dtypes="float64"), np.min),
    "three": (
        ao.reduce(lambda a, b: max(a, b, -1), identity=-1, dtypes="float64"),
        lambda x: np.maximum(x.max(), -1),
    ),
}


@pytest.mark.parametrize(("name", "dtype"), [*((name, "float64") for name in FLOATS), ("largest size", "float32")])
def test_nan_anywhere_is_nan(name: str, dtype: str) -> None:
    operator, expected = FLOATS[name]
    generator = np.random.default_rng(4)
    for length in (*range(1, 70), *range(70, 301, 23), 5000):
        x = generator.uniform(-5, 5, length).astype(dtype)
        assert operator(ao.asarray(x)).item() == expected(x)
        positions = range(length) if length < 70 else sorted({0, 1, 63, 64, length - 1, length // 2})
        for position in positions:
            y = x.copy()
            y[position] = np.nan
            assert math.isnan(operator(ao.asarray(y)).item()), (length, position)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_nan_along_an_axis(axis: int | None) -> None:
    operator, _ = FLOATS["largest size"]
    x = np.random.default_rng(5).uniform(-5, 5, (37, 600))
    x[5, 7], x[20, 599] = np.nan, -np.inf
    np.testing.assert_array_equal(np.asarray(operator(ao.asarray(x), axis=axis)), np.abs(x).max(axis))
    np.testing.assert_array_equal(np.asarray(operator(ao.asarray(x.T), axis=axis)), np.abs(x.T).max(axis))


def test_the_example_of_a_lost_lane() -> None:
    operator, _ = FLOATS["largest size"]
    assert math.isnan(operator(ao.tensor([math.nan, 100.0, *[0.0] * 126])).item())
    assert math.isnan(operator(ao.tensor([100.0, math.nan, *[0.0] * 126])).item())


@pytest.mark.parametrize("name", FLOATS)
def test_plain_python_agrees(name: str) -> None:
    operator, expected = FLOATS[name]
    for values in ([1.0, math.nan, -7.0], [math.nan, 3.0], [3.0, math.nan], [2.0, -9.0, 4.0], [INF, math.nan, -INF]):
        plain = reference.evaluate(operator._record, reference.tensor(values), present=in_plain_python).tolist()
        np.testing.assert_array_equal([plain], [expected(np.array(values))])
        np.testing.assert_array_equal([operator(ao.tensor(values)).item()], [plain])


@pytest.mark.slow
def test_integers_and_mixed_numbers() -> None:
    largest = ao.reduce(lambda a, b: max(a, b, 3), identity=-(2**63), dtypes="int64")
    assert largest(ao.tensor([-(2**63), 2**63 - 1])).item() == 2**63 - 1
    assert largest(ao.tensor([1, 2])).item() == 3
    pairs = ao.reduce(lambda a, b: max((a, b)), identity=-INF, dtypes="float64")
    assert math.isnan(pairs(ao.tensor([1.0, math.nan, 0.0])).item())
    bounded = ao.reduce(lambda a, b: min(max(a, b), 10), identity=-INF, map=lambda x: min(x, 10), dtypes="float32")
    assert bounded(ao.tensor([4.0, 25.0], dtype="float32")).item() == 10.0
    assert bounded(ao.tensor([4.0, 2.5], dtype="float32")).item() == 4.0


def test_elsewhere_max_is_that_of_python() -> None:
    largest = ao.zip(lambda x, y: max(x, y), dtypes="float64")
    x, y = ao.tensor([math.nan, 1.0, 1.0]), ao.tensor([1.0, math.nan, 2.0])
    np.testing.assert_array_equal(np.asarray(largest(x, y)), [max(math.nan, 1.0), max(1.0, math.nan), 2.0])


def test_only_functions_that_use_them_are_copied() -> None:
    def add(a: Any, b: Any) -> Any:
        return a + b

    def own(a: Any, b: Any) -> Any:
        return twice(a, b)

    def twice(a: Any, b: Any) -> Any:
        return max(a, b) if a else builtins.max(a, b)

    assert in_combination(add) is add
    copy = in_combination(own)
    assert copy is not own and copy.__code__ is own.__code__
    assert math.isnan(copy(1.0, math.nan)) and own(1.0, math.nan) == 1.0
    assert {name: function(math.nan, 1.0) == function(1.0, 2.0) for name, function in SUBSTITUTES.items()} == {
        "max": False,
        "min": False,
    }
    assert [SUBSTITUTES["max"](1, 3, 2), SUBSTITUTES["min"]((4, 3, 5))] == [3, 3]


def test_a_wrong_call_is_told() -> None:
    single = ao.reduce(lambda a, b: max(a) + b, identity=0.0, dtypes="float64")
    with pytest.raises(ao.BuildError, match="max: arguments must be two numbers or more, got float64"):
        single(ao.ones(3))
