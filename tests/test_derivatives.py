"""Derivatives of aotops' own operators: against finite differences in long double, mpmath, and at extremes.

Conventions that are tested here are stated in docs/decisions/0015-derivatives-and-combinations.md.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
import pytest

import aotops as ao
from aotops import _native, ops, reference
from aotops.abi import AXIS_KINDS
from aotops.ops.record import FLOATS, Record
from aotops.scalar.mathematics import in_plain_python

RECORDS = ops.collect()
DIFFERENTIABLE = [record for record in RECORDS.values() if record.gradient is not None]
STEP = np.longdouble(1e-6)
#: Inputs along which an operator with a derivative has steps only.
CONSTANT_ALONG = {("copysign", "x2")}
#: Operators of one input with a derivative that is 0 somewhere.
VANISHING = {"silu", "gelu"}
#: Operators that are constant but for steps: a derivative would be 0.
STEPS = {"floor", "ceil", "trunc", "round", "sign", "floor_divide"}


def arguments(record: Record, dtype: str, count: int = 200) -> list[np.ndarray]:
    """Inputs of a record, far from where it has no derivative."""
    generator = np.random.default_rng(7)
    low, high = record.cases.smooth
    inputs = [generator.uniform(low, high, count).astype(dtype) for _ in record.parameters]
    for k, name in enumerate(record.parameters):
        if name in record.fixed:
            inputs[k] = generator.integers(0, 2, count).astype(bool)
    if record.kind == "zip":
        for k in range(1, record.inputs):
            near = np.abs(inputs[k] - inputs[0]) < 0.01 if inputs[0].dtype != bool else np.zeros(count, bool)
            inputs[k] = np.where(near, inputs[k] + np.array(0.1, dtype), inputs[k])
    elif record.name in ("abs", "relu"):  # which have a kink
        inputs[0] = np.where(np.abs(inputs[0]) < 0.01, np.array(0.5, dtype), inputs[0])
    return inputs


def quotient(record: Record, inputs: list[np.ndarray], position: int) -> np.ndarray:
    """The slope of NumPy's function along one input."""

    def moved(by: Any) -> np.ndarray:
        wide = [array if array.dtype == bool else array.astype(np.longdouble) for array in inputs]
        wide[position] = wide[position] + by
        return np.asarray(record.numpy(np, *wide), dtype=np.longdouble)

    return np.asarray((moved(STEP) - moved(-STEP)) / (2 * STEP))


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
        shown = np.abs(gradient).max() > 0.01 or (record.name, name) in CONSTANT_ALONG
        assert shown, "a gradient that is nothing shows nothing"


def test_every_operator_of_floats_has_a_derivative() -> None:
    without = {
        name for name, record in RECORDS.items() if record.gradient is None and "." not in name
        and record.kind not in AXIS_KINDS and not record.positions
        and any(dtype in FLOATS and record.result_for(dtype) == dtype for dtype in record.dtypes)
    }  # fmt: skip
    # parts of sums and products that are done again
    without -= {"_inverse_power", "_finite_or_scaled"}
    assert without == {*STEPS, "nextafter", "imag"}


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


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_derivatives_of_extremes_in_plain_python_are_those_of_the_kernels(record: Record) -> None:
    values = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 5e-324, 1e-300, -1e300, 800.0, INF, -INF, NAN)
    columns = list(zip(*itertools.product(values, repeat=min(record.inputs, 2)), strict=True))
    inputs = [np.array((columns * 2)[k]) for k in range(record.inputs)]
    for k, name in enumerate(record.parameters):
        if name in record.fixed:
            inputs[k] = inputs[k] > 0
    y = np.asarray(_native.operators[record.name](*[ao.asarray(array) for array in inputs]))
    assert record.gradient is not None
    for g in (np.full(y.size, 1.0), np.full(y.size, -INF), np.zeros(y.size)):
        compiled = gradients_of(record, inputs, g)
        plain = reference.evaluate(
            record.gradient, *[reference.tensor(array.tolist()) for array in (*inputs, y, g)], present=in_plain_python
        )
        for result, expected in zip(plain if isinstance(plain, tuple) else (plain,), compiled, strict=True):
            np.testing.assert_allclose(np.array(result.tolist()), expected, rtol=1e-12)


INF, NAN = math.inf, math.nan
#: At ties: half each for maximum, 0 at the kink of abs and relu, all of it to x at a bound of clip.
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
    ("clip", (1.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
    ("clip", (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
    ("clip", (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)),
    ("abs", (-0.0,), (0.0,)),
    ("sqrt", (-0.0,), (INF,)),
    ("log", (-0.0,), (INF,)),
    ("log1p", (-1.0,), (INF,)),
    ("log", (-1.0,), (NAN,)),
    ("log1p", (-2.0,), (NAN,)),
    ("asin", (2.0,), (NAN,)),
    ("atan2", (0.0, 0.0), (0.0, 0.0)),
    ("atan2", (-0.0, -0.0), (0.0, 0.0)),
    ("atan2", (1.0, INF), (0.0, 0.0)),
    ("atan2", (-INF, INF), (0.0, 0.0)),
    ("atan", (INF,), (0.0,)),
    ("pow", (0.0, 1.0), (1.0, 0.0)),
    ("pow", (0.0, 0.5), (INF, 0.0)),
    ("pow", (0.0, -1.0), (-INF, -INF)),
    ("pow", (-2.0, 3.0), (12.0, NAN)),
    ("pow", (0.5, INF), (0.0, 0.0)),
    ("exp", (INF,), (INF,)),
    ("exp", (-INF,), (0.0,)),
    ("sigmoid", (INF,), (0.0,)),
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


# --- accuracy -----------------------------------------------------------------------------------------------------

WITH_SLOPE = [record for record in DIFFERENTIABLE if record.cases.slope is not None]


def units(result: float, exact: Any, dtype: str) -> float:
    """The distance of a result from the exact number in ULP of its dtype."""
    facts = np.finfo(dtype)
    if math.isinf(result) and abs(exact) > float(facts.max):
        return 0.0
    exponent = max(mpmath.frexp(exact)[1] - facts.nmant - 1, int(facts.minexp) - facts.nmant)
    return float(abs(mpmath.mpf(result) - exact) / mpmath.ldexp(1, exponent))


def test_every_map_has_an_exact_slope() -> None:
    # finite differences are enough for those without an error bound
    for record in DIFFERENTIABLE:
        assert record in WITH_SLOPE or record.kind != "map" or not record.max_ulp, (
            f"{record.name}: write its exact derivative on its record ({record.place}), as in "
            "cases=Cases(slope=lambda mp, x: mp.exp(x))"
        )


@pytest.mark.parametrize("record", WITH_SLOPE, ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives_of_maps_are_within_4_ulp_at_any_size(record: Record, dtype: str) -> None:
    """Where functions saturate, cancel, over- and underflow, too."""
    generator = np.random.default_rng(3)
    facts = np.finfo(dtype)
    sizes = generator.uniform(facts.minexp - facts.nmant, facts.maxexp, 200)
    x = np.concatenate([2.0**sizes, 2.0 ** generator.uniform(-5, 10, 200), 1 - 2.0 ** -np.arange(1.0, facts.nmant)])
    x = np.concatenate([x, -x]).astype(dtype)
    x = x[np.isfinite(x) & (x != 0)]
    (gradient,) = gradients_of(record, [x], np.ones(x.size, dtype))
    worst = (0.0, 0.0)
    for argument, result in zip(x.tolist(), gradient.tolist(), strict=True):
        # periodic functions of large numbers are what is left of them beside a multiple of pi
        with mpmath.workprec(200 + max(math.frexp(argument)[1], 0)):
            assert record.cases.slope is not None
            exact = record.cases.slope(mpmath, mpmath.mpf(argument))
            if mpmath.isnan(exact):
                assert math.isnan(result) or abs(argument) == 1, argument
                continue
            if record.name in VANISHING and abs(exact) < 0.25:  # where it is 0, parts of it cancel
                exact, result = mpmath.mpf(0.25), 0.25 + (result - float(exact))
            worst = max(worst, (units(result, exact, dtype), argument))
    assert worst[0] <= 4, worst


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivative_of_atan2_neither_overflows_nor_vanishes(dtype: str) -> None:
    sizes = (
        (1e-320, 1e-300, 1e-160, 1e-20, 1.0, 1e20, 1e160, 1e300)
        if dtype == "float64"
        else (1e-42, 1e-20, 1.0, 1e20, 3e38)
    )
    values = [sign * size * factor for size in sizes for factor in (1.0, 0.3) for sign in (1, -1)]
    pairs = list(itertools.product(values, values))
    x1, x2 = (np.array(column).astype(dtype) for column in zip(*pairs, strict=True))
    for g in (1.0, -3.0, 1e30, 1e-30):
        results = gradients_of(RECORDS["atan2"], [x1, x2], np.full(x1.size, g, dtype))
        g = float(np.array(g, dtype))
        for k, (a, b) in enumerate(zip(x1.tolist(), x2.tolist(), strict=True)):
            with mpmath.workprec(200):
                a, b = mpmath.mpf(a), mpmath.mpf(b)
                square = a * a + b * b
                for result, exact in zip(results, (g * b / square, -g * a / square), strict=True):
                    assert units(float(result[k]), exact, dtype) <= 8, (a, b, g)


# --- inputs that were left out ------------------------------------------------------------------------------------

WITH_DEFAULTS = [record for record in RECORDS.values() if record.gradient is not None and record.defaults]


@pytest.mark.parametrize("record", WITH_DEFAULTS, ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_that_were_left_out_may_be_none(record: Record, dtype: str) -> None:
    """As if they had their default; in any combination, by position and by name."""
    operator = getattr(ao, record.name)
    x = np.random.default_rng(1).normal(size=(4, 5)).astype(dtype)
    bound = {name: ao.tensor([[0.5]], dtype=dtype) for name in record.parameters}
    for count in range(1, len(record.defaults) + 1):
        for left_out in itertools.combinations(record.defaults, count):
            inputs = [ao.asarray(x), *(None if name in left_out else bound[name] for name in record.parameters[1:])]
            given = [
                ao.full((), record.default_for(name, dtype), dtype=dtype) if name in left_out else value
                for name, value in zip(record.parameters, inputs, strict=True)
            ]
            y = operator(*inputs)
            wanted = operator.derivative(*given, y, 1.5)
            by_name = {name: value for name, value in zip(record.parameters, inputs, strict=True) if value is not None}
            for result in (operator.derivative(*inputs, y, 1.5), operator.derivative(**by_name, y=y, g=1.5)):
                assert [each.tolist() for each in result] == [each.tolist() for each in wanted]
    required = [name for name in operator.derivative.parameters if name not in record.defaults]
    with pytest.raises(TypeError, match=r"got 1; it is declared already"):
        operator.derivative(1.0)
    with pytest.raises(TypeError, match=f"takes {len(required)} to {record.inputs + 2} positional arguments"):
        operator.derivative(1.0, 2.0)
    with pytest.raises(TypeError, match=f"missing a required argument: '{required[-1]}'"):
        operator.derivative(*[1.0] * (record.inputs + 1))


# --- infinite gradients, and none ---------------------------------------------------------------------------------

#: Where functions are constant: the gradient is 0, whatever comes in.
CONSTANT = [
    ("where", (1.0, 2.0, 3.0), (None, 0.0)),
    ("where", (0.0, 2.0, 3.0), (0.0, None)),
    ("relu", (-1.0,), (0.0,)),
    ("relu", (0.0,), (0.0,)),
    ("abs", (0.0,), (0.0,)),
    ("clip", (5.0, 0.0, 1.0), (0.0, 0.0, None)),
    ("clip", (-5.0, 0.0, 1.0), (0.0, None, 0.0)),
    ("clip", (0.5, 0.0, 1.0), (None, 0.0, 0.0)),
    ("maximum", (1.0, 2.0), (0.0, None)),
    ("maximum", (2.0, 1.0), (None, 0.0)),
    ("pow", (3.0, 0.0), (0.0, "slope")),
    ("pow", (0.0, 2.0), (0.0, 0.0)),
    ("pow", (0.0, 0.0), (0.0, 0.0)),
    ("atan2", (0.0, 0.0), (0.0, 0.0)),
]


@pytest.mark.parametrize(("name", "inputs", "expected"), CONSTANT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_gradient_is_0_whatever_comes_in(
    name: str, inputs: tuple[float, ...], expected: tuple[Any, ...], dtype: str
) -> None:
    for g in (INF, -INF, NAN, 0.0, 1.0, -1e30):
        record = RECORDS[name]
        arrays = [
            np.array([value], bool if parameter in record.fixed else dtype)
            for parameter, value in zip(record.parameters, inputs, strict=True)
        ]
        gradients = gradients_of(record, arrays, np.array([g], dtype))
        for gradient, wanted in zip(gradients, expected, strict=True):
            if wanted is None:  # passed on
                np.testing.assert_array_equal(gradient, np.array([g], dtype))
            elif wanted == 0 and name != "pow":
                np.testing.assert_array_equal(gradient, [0.0])
            elif wanted == 0:
                assert gradient[0] == 0 or math.isnan(g)  # of a slope that happens to be 0 NaN stays
            else:
                assert math.isfinite(gradient[0]) == math.isfinite(g)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ties_share_any_gradient(dtype: str) -> None:
    one = np.ones(1, dtype)
    for g in (INF, -INF, 4.0):
        for gradient in gradients_of(RECORDS["maximum"], [one, one], np.array([g], dtype)):
            assert gradient[0] == 0.5 * g


EXTREMES = (0.0, 1.0, 0.5, 2.0, 3.0, 1e-40, 5e-324, 1e-300, 1e38, 1e300, 90.0, 800.0, INF)


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_zero_gradient_stays_zero_and_nan_comes_of_nan(record: Record, dtype: str) -> None:
    """Over every combination of extreme inputs: NaN only of a NaN input, function or gradient; 0 of 0."""
    with np.errstate(over="ignore"):
        extremes = np.array([*EXTREMES, *(-x for x in EXTREMES), NAN]).astype(dtype)
    *inputs, g = (array.ravel().copy() for array in np.meshgrid(*[extremes] * min(record.inputs + 1, 3)))
    if len(inputs) < record.inputs:
        inputs.append(np.roll(inputs[0], 7))
    for k, name in enumerate(record.parameters):
        if name in record.fixed:
            inputs[k] = inputs[k] > 0
    operator = _native.operators[record.name]
    y = np.asarray(operator(*[ao.asarray(array) for array in inputs]))
    unknown = np.isnan(y) | np.isnan(g)
    for array in inputs:
        unknown |= np.isnan(array)
    if record.name == "pow":  # the logarithm of a negative base
        unknown |= inputs[0] < 0
    for gradient in gradients_of(record, inputs, g):
        assert not np.isnan(gradient[~unknown & (g != 0)]).any()
        assert (gradient[g == 0] == 0).all()  # also of NaN inputs, and outside of the domain


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_a_nan_gradient_stays_where_the_function_has_a_slope(record: Record) -> None:
    inputs = arguments(record, "float64")
    slopes = gradients_of(record, inputs, np.ones(200))
    gradients = gradients_of(record, inputs, np.full(200, NAN))
    for name, slope, gradient in zip(record.differentiable, slopes, gradients, strict=True):
        assert np.isnan(gradient[slope != 0]).all()
        assert np.isnan(gradient).any() or (record.name, name) in CONSTANT_ALONG


@pytest.mark.parametrize("record", DIFFERENTIABLE, ids=lambda record: record.name)
def test_where_a_nonlinear_function_is_nan_so_is_its_derivative(record: Record) -> None:
    if record.name in ("add", "subtract", "negative", "positive", "real", "conj", "multiply", "divide", "fma", "where"):
        return  # linear in each input, or nearly; `where` passes on whatever it chose
    inputs = [np.full(3, NAN) for _ in record.parameters]
    for gradient in gradients_of(record, inputs, np.ones(3)):
        assert np.isnan(gradient).all()


def test_the_gradient_has_the_shape_that_all_arguments_broadcast_to() -> None:
    x, scale = ao.tensor([[1.0], [2.0]]), ao.tensor([3.0, 4.0, 5.0])
    to_x, to_scale = ao.multiply.derivative(x, scale, x * scale, 1.0)
    assert to_x.shape == to_scale.shape == (2, 3)
    assert to_x.sum(1, keepdims=True).tolist() == [[12.0], [12.0]]
    assert to_scale.sum(0).tolist() == [3.0, 3.0, 3.0]
