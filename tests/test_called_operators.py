"""Operators that a scalar function calls: what is left out, inputs with a dtype of their own, dtypes without a kernel.

Everything is checked compiled and as plain Python, which must not differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops.user.plain_python import fallback

pytestmark = requires_numba

TOO_LARGE = 300

scaled = ao.zip(lambda x, n: x * n, dtypes="float64", fixed={"n": "int64"}, defaults={"n": 3})
with_byte = ao.zip(lambda x, n: x + n, dtypes="float64", fixed={"n": "uint8"})
with_bool = ao.zip(lambda x, n: x + n, dtypes="float64", fixed={"n": "bool"})
only_bytes = ao.map(lambda x: x + 1, dtypes="uint8")
only_integers = ao.map(lambda x: x * 2, dtypes="int64")
left_to_dtype = ao.zip(lambda x, y: x + y, dtypes=("int64", "float64"), defaults={"y": {"int64": 1, "float64": 0.5}})

Run = Callable[..., Any]


@pytest.fixture(params=["compiled", "plain Python"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run an operator of one input on one number."""

    def call(function: Any, dtype: str, value: Any) -> Any:
        operator = ao.map(function, dtypes=dtype)
        return (operator if request.param == "compiled" else fallback(operator))(ao.tensor(value, dtype=dtype)).item()

    return call


@pytest.mark.parametrize(
    ("function", "dtype", "value", "result"),
    [
        (lambda x: scaled(x), "float64", 2.0, 6.0),
        (lambda x: scaled(x, None), "float64", 2.0, 6.0),
        (lambda x: scaled(x, n=None), "float64", 2.0, 6.0),
        (lambda x: scaled(x, 4), "float64", 2.0, 8.0),
        (lambda x: scaled(x, x > 1), "float64", 2.0, 2.0),
        (lambda x: scaled(x, int(x)), "float64", 2.5, 5.0),
        (lambda x: left_to_dtype(x), "int64", 2, 3),
        (lambda x: left_to_dtype(x), "float64", 2.0, 2.5),
        (lambda x: ao.clip(x, 0.0), "float64", -2.0, 0.0),
        (lambda x: ao.clip(x, 0.0), "float64", math.inf, math.inf),
        (lambda x: ao.clip(x, None, 1.0), "float32", 2.0, 1.0),
        (lambda x: ao.clip(x, max=1), "uint8", 200, 1),
        (lambda x: ao.clip(x), "int64", -(2**63), -(2**63)),
        (lambda x: np.clip(x, None, 1.0), "float64", 2.0, 1.0),
        (lambda x: np.clip(x, -1.0, 1.0), "float64", -2.0, -1.0),
        (lambda x: with_byte(x, 255), "float64", 0.0, 255.0),
        (lambda x: with_byte(x, int(x)), "float64", 257.0, 258.0),  # what is computed wraps around
        (lambda x: with_bool(x, 5), "float64", 0.0, 1.0),
        (lambda x: with_bool(x, 0.5), "float64", 0.0, 1.0),
    ],
)
def test_arguments_of_called_operators(run: Run, function: Any, dtype: str, value: Any, result: Any) -> None:
    assert run(function, dtype, value) == result


def with_variable(x: float) -> float:
    n = TOO_LARGE
    return with_byte(x, n)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: scaled(x, 2.5), r"scaled: n must be an integer, got float64; convert with int\(x\)"),
        (lambda x: scaled(x, x), r"scaled: n must be an integer, got float64; convert with int\(x\)"),
        (lambda x: scaled(x, 10**20), r"scaled: n must be an integer, got float64; convert with int\(x\)"),
        (lambda x: with_byte(x, 300), "with_byte: n must fit uint8, got int 300"),
        (lambda x: with_byte(x, n=-1), "with_byte: n must fit uint8, got int -1"),
        (with_variable, "with_byte: n must fit uint8, got int 300"),
        (lambda x: with_byte(x, None), "with_byte: n must be a number, got None"),
        (lambda x: ao.clip(None, x), "clip: x must be a number, got None"),
        (lambda x: ao.clip(), "clip.* takes 1 to 3 .*arguments? "),
        (lambda x: ao.clip(x, x, x, x), "clip.* takes 1 to 3 .*arguments "),
        (lambda x: ao.clip(x, low=x), "clip.* argument '?low'?; it"),
        (lambda x: only_bytes(x), "only_bytes: x must be of one of the dtypes uint8, got float64"),
        (lambda x: only_bytes(int(x)), "only_bytes: x must be of one of the dtypes uint8, got int64"),
        (lambda x: only_integers(x), "only_integers: x must be of one of the dtypes int64, got float64"),
        (lambda x: math.gcd(x, 2), r"math\.gcd: arguments must be integers, got float64; convert with int\(x\)"),
        (lambda x: ~(x > 0), "operator.invert: arguments must be integers, got bool; write `not x`"),
    ],
)
def test_arguments_that_called_operators_reject(run: Run, function: Any, message: str) -> None:
    with pytest.raises((ao.BuildError, TypeError, OverflowError), match=message):
        run(function, "float64", 2.0)
    # what was rejected must not be remembered by the next operator
    assert run(lambda x: with_byte(x, 44), "float64", 1.0) == 45.0


def test_the_operator_that_rejects_is_named() -> None:
    """Not another one that was declared by a lambda as well."""
    other = ao.zip(lambda x, n: x + n, dtypes="float64")
    calls = ao.map(lambda x: other(only_bytes(x), x), dtypes="float64")
    with pytest.raises(ao.BuildError, match="does not compile:\nonly_bytes: x must be of one of the dtypes uint8"):
        calls(1.0)


def test_constants_beyond_float32_are_infinite(run: Run) -> None:
    big = 10**39
    assert run(lambda x: x + 10**39, "float32", 1.0) == math.inf
    assert run(lambda x: x - big, "float32", 1.0) == -math.inf
    assert run(lambda x: x + 1e39, "float32", 1.0) == math.inf
    assert run(lambda x: x + 10**39, "float64", 1.0) == 1e39


def test_constants_beyond_float64_do_not_compile() -> None:
    operator = ao.map(lambda x: x + 10**400, dtypes=("float32", "float64"))
    with pytest.raises(ao.BuildError, match=r"1329 bits, which is beyond.*\n  .*test_called_operators\.py, line"):
        operator(1.0)


def test_a_derivative_that_returns_one_gradient_bare() -> None:
    product = ao.zip(lambda x, n: x * n, dtypes="float64", fixed={"n": "int64"})

    @product.derivative  # type: ignore[untyped-decorator, unused-ignore]
    def slope(x: float, n: int, y: float, g: float) -> float:
        return g * n

    with pytest.raises(ao.BuildError, match=r"a tuple of 1 number, .* got|returns a \w+; .*`return \(g,\)`"):
        product.derivative(1.0, 2, 2.0, 1.0)


def test_a_function_that_this_python_lacks() -> None:
    if hasattr(math, "fma"):
        assert ao.map(lambda x: math.fma(x, x, x))(2.0).item() == 6.0
        return
    with pytest.raises(ao.BuildError, match=r"names math\.fma, which does not exist; write ao\.fma"):
        ao.map(lambda x: math.fma(x, x, x))(2.0)
