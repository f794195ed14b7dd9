"""``grad_check`` finds wrong derivatives and says where; it passes right ones, however steep, kinked or bounded."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops import _native, ops
from aotops.aot.pack.probe import derivative

DIFFERENTIABLE = [record.name for record in ops.collect().values() if record.gradient is not None]


def declared(function: Any, gradient: Any, **options: Any) -> Any:
    """An operator of several inputs or one, with its derivative."""
    kind = ao.map if function.__code__.co_argcount == 1 else ao.zip
    operator = kind(function, **options)
    operator.derivative(gradient)
    return operator


@pytest.fixture
def plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators run as plain Python, which compiles nothing."""
    monkeypatch.setitem(os.environ, "AOTOPS_PYTHON", "1")


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_operators_of_aotops_pass(name: str) -> None:
    assert ao.grad_check(_native.operators[name])
    assert derivative(ops.collect()[name]) is None


RIGHT: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu": (lambda x: max(x, 0.0), lambda x, y, g: g if x > 0 else 0.0),
    "abs": (lambda x: abs(x), lambda x, y, g: g if x > 0 else -g),
    "huber": (lambda x: 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5, lambda x, y, g: g * min(max(x, -1.0), 1.0)),
    "clip": (lambda x: min(max(x, -1.0), 1.0), lambda x, y, g: g if -1 < x < 1 else 0.0),
    "steep": (lambda x: math.sin(1e6 * x), lambda x, y, g: g * 1e6 * math.cos(1e6 * x)),
    "steeper than can be told": (lambda x: math.sin(1e12 * x), lambda x, y, g: g * 1e12 * math.cos(1e12 * x)),
    "exponential": (lambda x: math.exp(50 * x), lambda x, y, g: g * 50 * y),
    "logarithm": (lambda x: math.log(x), lambda x, y, g: g / x),
    "narrow domain": (
        lambda x: math.acos(x) * math.log(x),
        lambda x, y, g: g * (math.acos(x) / x - math.log(x) / math.sqrt(1 - x * x)),
    ),
    "circle": (lambda x: math.sqrt(1 - x * x), lambda x, y, g: -g * x / y),
    "inverse": (lambda x: 1 / x, lambda x, y, g: -g * y * y),
    "floor": (lambda x: float(math.floor(x)), lambda x, y, g: 0.0),
    "sawtooth": (lambda x: x - math.floor(x), lambda x, y, g: g),
    "parity": (lambda x: x if int(x * 1000) & 1 else -x, lambda x, y, g: g if int(x * 1000) & 1 else -g),
    "step": (lambda x: 1.0 if x > 0 else 0.0, lambda x, y, g: 0.0),
    "saturated": (lambda x: 1e10 * math.tanh(x), lambda x, y, g: g * 1e10 * (1 - (y / 1e10) ** 2)),
    "cancels": (lambda x: x - math.sin(x), lambda x, y, g: g * (1 - math.cos(x))),
    "cancels more": (
        lambda x: (math.exp(x) - 1 - x) / (x * x),
        lambda x, y, g: g * (math.exp(x) * (x - 2) + x + 2) / (x * x * x),
    ),
    "large": (lambda x: x**15, lambda x, y, g: 15 * x**14 * g),
    "hypotenuse": (lambda x, y: math.sqrt(x * x + y * y), lambda x, y, r, g: (g * x / r, g * y / r)),
    "power": (lambda x, p: math.pow(x, p), lambda x, p, y, g: (g * p * math.pow(x, p - 1), g * y * math.log(x))),
}
WRONG: dict[str, tuple[Callable[..., Any], Callable[..., Any], str]] = {
    "another power": (lambda x: x**3, lambda x, y, g: 2 * x * g, "the gradient by x at x = "),
    "no incoming gradient": (lambda x: x * x, lambda x, y, g: 2 * x, "it must be multiplied by the incoming gradient"),
    "exchanged": (lambda a, b: a * a * b, lambda a, b, y, g: (g * a * a, g * 2 * a * b), "the gradient by a at a = "),
    "second alone": (lambda a, b: a * b * b, lambda a, b, y, g: (g * b * b, g * a * b), ": 0.5 times as much"),
    "sign": (lambda x: math.cos(x), lambda x, y, g: g * math.sin(x), ": -1 times as much"),
    "on one side": (lambda x: x * abs(x), lambda x, y, g: 2 * x * g, "at x = -"),
    "NaN": (lambda x: x * x, lambda x, y, g: g * 2 * math.sqrt(x) ** 2, "is nan, where finite differences give -"),
    "in one region": (lambda x: math.tanh(x), lambda x, y, g: g * (1 - y * y) if x < 1 else 0.0, "is 0.0, where"),
    "a factor of 1.01": (lambda x: math.exp(x), lambda x, y, g: 1.01 * g * y, ": 1.01 times as much"),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.usefixtures("plain_python")
def test_right_derivatives_pass(name: str) -> None:
    operator = declared(*RIGHT[name])
    assert derivative(operator._record) is None
    if name != "steeper than can be told":
        assert ao.grad_check(operator)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.usefixtures("plain_python")
def test_wrong_derivatives_are_told(name: str) -> None:
    function, gradient, message = WRONG[name]
    operator = declared(function, gradient)
    found = derivative(operator._record)
    assert found is not None and message in found
    with pytest.raises(ao.GradientError) as raised:
        ao.grad_check(operator)
    assert message in str(raised.value) and str(raised.value).startswith(f"{operator.__name__}.derivative: ")
    assert not ao.grad_check(operator, raise_exception=False)


@requires_numba
def test_compiled_operators_are_checked() -> None:
    operator = declared(lambda c, x, y: x * y if c else y, lambda c, x, y, r, g: (y * g, g), bool_inputs="c")
    right = declared(lambda c, x, y: x * y if c else y, lambda c, x, y, r, g: (y * g if c else 0.0, x * g if c else g),
                     bool_inputs="c", dtypes="float64")  # fmt: skip
    assert ao.grad_check(right)
    assert "c = " in str(derivative(operator._record))


@pytest.mark.usefixtures("plain_python")
def test_inputs_are_broadcast_and_named_by_their_index() -> None:
    scaled = declared(lambda x, scale: x * x * scale, lambda x, s, y, g: (2 * x * s * g if x < 3 else 0.0, x * x * g))
    x, scale = ao.tensor([[1.0, 2.0, 4.0], [0.5, -1.0, 1.5]]), np.array([[2.0], [3.0]])
    with pytest.raises(ao.GradientError, match=r"by x at x = 4.0, scale = 2.0.* \(index \(0, 2\)\)"):
        ao.grad_check(scaled, x, scale)
    assert ao.grad_check(scaled, x[1], 3)
    assert ao.grad_check(scaled, [1, 2], [[1.0], [2.0]])


@requires_numba
def test_tolerances() -> None:
    operator = declared(lambda x: math.exp(x), lambda x, y, g: 1.0001 * g * y, dtypes="float64")
    assert ao.grad_check(operator)
    assert not ao.grad_check(operator, ao.tensor([1.0, 2.0]), rtol=1e-6, atol=1e-7, raise_exception=False)


@pytest.mark.slow
def test_float32_alone() -> None:
    right = declared(lambda x: math.sin(x), lambda x, y, g: g * math.cos(x), dtypes="float32")
    assert ao.grad_check(right, [0.3, 1.0, -2.0])
    assert ao.grad_check(right)
    wrong = declared(lambda x: math.sin(x), lambda x, y, g: 2 * g * math.cos(x), dtypes="float32")
    assert not ao.grad_check(wrong, [0.3, 1.0, -2.0], raise_exception=False)


def test_what_cannot_be_checked() -> None:
    with pytest.raises(TypeError, match="f must have a derivative, got less"):
        ao.grad_check(ao.less)
    with pytest.raises(TypeError, match=r"got <lambda>; declare it with @<lambda>\.derivative"):
        ao.grad_check(ao.map(lambda x: x))
    with pytest.raises(TypeError, match="inputs must have a tensor of floats among them, got none"):
        ao.grad_check(ao.sum)
    with pytest.raises(TypeError, match="grad_check: inputs must have a tensor of floats among them, got none"):
        ao.grad_check(lambda x: x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"inputs must be 2, x1, x2, for multiply, got 1"):
        ao.grad_check(ao.multiply, 1.0)
    with pytest.raises(ValueError, match=r"grad_check: inputs must .* abs"):
        ao.grad_check(ao.abs, [0.0])
    with pytest.raises(ValueError, match=r"grad_check: inputs must .* log"):
        ao.grad_check(ao.log, [-1.0, math.nan])
