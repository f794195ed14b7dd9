"""Derivatives of aotops' own operators: against difference quotients of NumPy in long double, and special cases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import aotops as ao
from aotops import _native, ops, reference
from aotops.mathematics import in_plain_python
from aotops.ops.record import FOLDING, Record

RECORDS = ops.collect()
DIFFERENTIABLE = [record for record in RECORDS.values() if record.gradient is not None]
#: Where arguments must be, if not anywhere between -3 and 3.
DOMAINS = {
    "log": (0.1, 3.0),
    "log1p": (-0.9, 3.0),
    "sqrt": (0.1, 3.0),
    "asin": (-0.95, 0.95),
    "acos": (-0.95, 0.95),
    "pow": (0.1, 3.0),
    "divide": (0.5, 3.0),
}
STEP = np.longdouble(1e-6)
#: erf is not NumPy's, but a double's.
COARSE = {"erf": 1e-4}


def arguments(record: Record, dtype: str, count: int = 200) -> list[np.ndarray]:
    """Inputs of a record, far from where it has no derivative."""
    generator = np.random.default_rng(7)
    low, high = DOMAINS.get(record.name, (-3.0, 3.0))
    inputs = [generator.uniform(low, high, count).astype(dtype) for _ in record.parameters]
    for k, name in enumerate(record.parameters):
        if name in record.conditions:
            inputs[k] = generator.integers(0, 2, count).astype(bool)
    if record.kind == "zip":
        for k in range(1, record.inputs):
            near = np.abs(inputs[k] - inputs[0]) < 0.01 if inputs[0].dtype != bool else np.zeros(count, bool)
            inputs[k] = np.where(near, inputs[k] + np.array(0.1, dtype), inputs[k])
    elif record.name in ("abs", "relu"):
        inputs[0] = np.where(np.abs(inputs[0]) < 0.01, np.array(0.5, dtype), inputs[0])
    return inputs


def quotient(record: Record, inputs: list[np.ndarray], position: int) -> np.ndarray:
    """The slope of NumPy's function along one input."""
    step = np.longdouble(COARSE.get(record.name, STEP))

    def moved(by: Any) -> np.ndarray:
        wide = [array if array.dtype == bool else array.astype(np.longdouble) for array in inputs]
        wide[position] = wide[position] + by
        return np.asarray(record.numpy(np, *wide), dtype=np.longdouble)

    return np.asarray((moved(step) - moved(-step)) / (2 * step))


def gradients_of(record: Record, inputs: list[np.ndarray], g: np.ndarray) -> list[np.ndarray]:
    operator = _native.operators[record.name]
    tensors = [ao.asarray(array) for array in inputs]
    results = operator.derivative(*tensors, operator(*tensors), ao.asarray(g))
    assert isinstance(results, tuple) == (record.kind == "zip")
    return [np.asarray(result) for result in (results if isinstance(results, tuple) else (results,))]


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives_are_slopes(record: Record, dtype: str) -> None:
    inputs = arguments(record, dtype)
    g = np.linspace(-2, 2, 200).astype(dtype)
    gradients = gradients_of(record, inputs, g)
    assert len(gradients) == len(record.differentiable)
    for name, gradient in zip(record.differentiable, gradients, strict=True):
        slope = quotient(record, inputs, record.parameters.index(name))
        assert gradient.dtype == dtype
        tolerance = 3e-5 if dtype == "float32" else 1e-7
        np.testing.assert_allclose(gradient, g * slope, rtol=tolerance, atol=tolerance)
        assert np.abs(gradient).max() > 0.01, "a gradient that is nothing shows nothing"


def test_every_operator_of_floats_has_a_derivative() -> None:
    without = {
        name for name, record in RECORDS.items() if record.gradient is None and "." not in name
        and record.kind not in FOLDING
    }  # fmt: skip
    assert without == {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_derivatives_in_plain_python_are_those_of_the_kernels(record: Record) -> None:
    inputs = [array[:40] for array in arguments(record, "float64")]
    g = np.linspace(-2, 2, 40)
    y = np.asarray(_native.operators[record.name](*[ao.asarray(array) for array in inputs]))
    compiled = gradients_of(record, inputs, g)
    assert record.gradient is not None
    plain = reference.evaluate(
        record.gradient, *[reference.tensor(array.tolist()) for array in (*inputs, y, g)], present=in_plain_python
    )
    for result, expected in zip(plain if isinstance(plain, tuple) else (plain,), compiled, strict=True):
        np.testing.assert_array_max_ulp(np.array(result.tolist()), expected, maxulp=2)


INF, NAN = math.inf, math.nan
SPECIAL = [
    ("abs", (0.0,), (0.0,)),
    ("relu", (0.0,), (0.0,)),
    ("sqrt", (0.0,), (INF,)),
    ("log", (0.0,), (INF,)),
    ("maximum", (1.0, 1.0), (0.5, 0.5)),
    ("maximum", (-0.0, 0.0), (0.5, 0.5)),
    ("divide", (1.0, 0.0), (INF, -INF)),
    ("pow", (0.0, 2.0), (0.0, 0.0)),
    ("pow", (3.0, 0.0), (0.0, math.log(3.0))),
    ("pow", (0.0, 0.0), (0.0, 0.0)),
    ("asin", (1.0,), (INF,)),
    ("acos", (-1.0,), (-INF,)),
    ("tanh", (INF,), (0.0,)),
    ("sigmoid", (-INF,), (0.0,)),
    ("erf", (30.0,), (0.0,)),
    ("clip", (5.0, 0.0, 1.0), (0.0, 0.0, 1.0)),
    ("clip", (-5.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    ("clip", (0.5, 0.0, 1.0), (1.0, 0.0, 0.0)),
    ("clip", (0.5, 2.0, 1.0), (0.0, 0.0, 1.0)),
]


@pytest.mark.parametrize(("name", "inputs", "expected"), SPECIAL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives_at_special_points(
    name: str, inputs: tuple[float, ...], expected: tuple[float, ...], dtype: str
) -> None:
    gradients = gradients_of(RECORDS[name], [np.array([value], dtype) for value in inputs], np.ones(1, dtype))
    np.testing.assert_allclose([gradient[0] for gradient in gradients], expected, rtol=1e-6)


def test_derivatives_go_through_layouts_and_broadcasting() -> None:
    x1, x2 = np.arange(12.0).reshape(3, 4).T, np.array([1.0, 2.0, 4.0])
    to_x1, to_x2 = ao.divide.derivative(ao.asarray(x1), ao.asarray(x2), ao.asarray(x1 / x2), 3.0)
    np.testing.assert_array_equal(np.asarray(to_x1), np.broadcast_to(3.0 / x2, (4, 3)))
    np.testing.assert_allclose(np.asarray(to_x2), -3.0 / x2 * (x1 / x2), rtol=1e-15)
    assert ao.where.derivative(ao.tensor([True, False]), 1.0, 2.0, 1.0, ao.tensor([5.0, 6.0]))[1].tolist() == [0.0, 6.0]
    assert ao.exp.derivative.__name__ == "exp.derivative"
    assert ao.exp.derivative.parameters == ("x", "y", "g")
