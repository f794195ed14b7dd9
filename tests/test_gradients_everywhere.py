"""Gradients of every public function: its kind, central differences in float64, and PyTorch's gradients."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradient_cases import CASES, grown
from hypothesis import given, settings
from hypothesis import strategies as st
from test_searching import indices

import aotops as ao
from aotops import ops
from aotops.autograd.kinds import COMPOSITE, CONSTANT, RULES
from aotops.ops.record import Record

has_torch = importlib.util.find_spec("torch") is not None
RECORDS = {name: record for name, record in ops.collect().items() if "." not in name and not name.startswith("_")}

#: Public names that compute no tensors from tensors: types, constants, dtypes, declarations, files, settings, shapes.
OTHERS = {
    *(name for name in ao.__all__ if isinstance(getattr(ao, name), (type, ao.DType, float, int, type(None), type(ao)))),
    "__array_namespace_info__",
    *("argreduce", "function", "kernel", "map", "prange", "reduce", "scan", "zip"),
    *("broadcast_shapes", "finfo", "iinfo"),
    *("cpu_level", "get_num_threads", "set_num_threads", "explain", "trace", "load", "save"),
    *("empty", "eye", "ones", "zeros"),
    *("grad", "grad_check", "is_grad_enabled"),
}
#: Functions of floats through which no gradient flows, so that ``backward`` names them.
REFUSED = {"from_dlpack", "unique_all", "unique_counts", "unique_inverse", "unique_values"}
#: The same of operators.
STEPS = {"imag", "nextafter"}


def kinds_of(name: str) -> set[str]:
    """The kinds that a public name is of."""
    kinds = {"native"} if name == "astype" else set()  # C records it
    kinds |= {
        kind for kind, names in (("rule", RULES), ("composite", COMPOSITE), ("constant", CONSTANT)) if name in names
    }
    record = RECORDS.get(name)
    if record is not None and name not in RULES:
        kinds.add("operator" if record.gradient is not None else "refused operator" if name in STEPS else "constant")
    return kinds | {kind for kind, names in (("other", OTHERS), ("refused", REFUSED)) if name in names}


def test_every_public_name_is_of_one_kind_and_has_cases() -> None:
    several = {name: kinds for name in ao.__all__ if len(kinds := kinds_of(name)) != 1}
    assert not several, "list them in autograd/kinds.py"
    differentiable = {name for name in ao.__all__ if kinds_of(name) <= {"rule", "composite"}}
    assert not differentiable - {case.name for case in CASES}, "add them to gradient_cases.py"


def test_operators_that_are_constant_return_no_floats() -> None:
    for name, record in RECORDS.items():
        if kinds_of(name) == {"constant"} and "float64" in record.dtypes:
            assert record.result_for("float64") in ("bool", "int64"), name


# --- the gradients ------------------------------------------------------------------------------------------------


def leaf(array: Any, dtype: str = "float64") -> ao.Tensor:
    return ao.tensor(np.asarray(array), dtype=dtype, requires_grad=True)


def several(results: Any) -> tuple[Any, ...]:
    return tuple(results) if isinstance(results, (tuple, list)) else (results,)


def numbers(results: Any) -> list[np.ndarray]:
    return [np.asarray(each.detach()) for each in several(results)]


def weights_of(results: list[np.ndarray]) -> list[np.ndarray]:
    """An incoming gradient for each result."""
    generator = np.random.default_rng(1)
    return [generator.uniform(-1, 1, result.shape) for result in results]


def gradients(call: Callable[..., Any], arrays: list[np.ndarray], dtype: str = "float64") -> list[np.ndarray]:
    """The gradients of a weighted sum of all results by each input."""
    inputs = [leaf(each, dtype) for each in arrays]
    results = several(call(*inputs))
    for result, weight in zip(results, weights_of(numbers(results)), strict=True):
        assert result.requires_grad
        result.backward(ao.tensor(weight, dtype=result.dtype), retain_graph=True)
    nothing = [np.zeros(each.shape) for each in arrays]
    found = [zero if each.grad is None else np.asarray(each.grad) for each, zero in zip(inputs, nothing, strict=True)]
    for own, gradient in zip(inputs, found, strict=True):
        assert own.grad is None or (own.grad.dtype == own.dtype and gradient.shape == own.shape)
    return found


def central_differences(call: Callable[..., Any], arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The same by the slopes between two sides of each element."""

    def value(moved: list[np.ndarray]) -> float:
        results = numbers(call(*[ao.tensor(each) for each in moved]))
        return sum([float((np.nan_to_num(r) * w).sum()) for r, w in zip(results, weights_of(results), strict=True)])

    found = []
    for k, array in enumerate(arrays):
        slopes = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = [each.copy() for each in arrays]
                moved[k][place] += step
                sides.append(value(moved))
            slopes[place] = (sides[0] - sides[1]) / 2e-6
        found.append(slopes)
    return found


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_gradients_agree_with_central_differences(name: str) -> None:
    for case in CASES:
        if case.name == name:
            arrays = case.arrays()
            found = gradients(lambda *x, case=case: case.call(ao, *x), arrays)
            wanted = central_differences(lambda *x, case=case: case.call(ao, *x), arrays)
            for gradient, slope in zip(found, wanted, strict=True):
                np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-6, err_msg=repr(case))


@pytest.mark.skipif(not has_torch, reason="compares with PyTorch, which is not installed here")
def test_gradients_are_pytorchs() -> None:
    import torch

    for case in CASES:
        if case.torch is None:
            continue
        arrays = case.arrays()
        inputs = [torch.tensor(each, requires_grad=True) for each in arrays]
        results = several(case.torch(torch, *inputs))
        weights = weights_of([each.detach().numpy() for each in results])
        torch.autograd.backward(results, [torch.tensor(each) for each in weights])
        for gradient, other in zip(gradients(lambda *x, case=case: case.call(ao, *x), arrays), inputs, strict=True):
            wanted = np.zeros(other.shape) if other.grad is None else other.grad.numpy()
            np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-12, err_msg=repr(case))


def test_results_are_those_without_gradients() -> None:
    for case in CASES:
        plain = [ao.tensor(each) for each in case.arrays()]
        tracked = [leaf(each) for each in case.arrays()]
        for result, expected in zip(numbers(case.call(ao, *tracked)), numbers(case.call(ao, *plain)), strict=True):
            assert result.tobytes() == expected.tobytes() and result.shape == expected.shape, repr(case)


def test_graphs_are_freed_at_once() -> None:
    """No node holds the result whose node it is, which not even the collector would find."""
    left = []
    for case in CASES:
        inputs = [leaf(each) for each in case.arrays()]

        def run(case: Any = case, inputs: Any = inputs) -> None:
            for result in several(case.call(ao, *inputs)):
                result.sum().backward(retain_graph=True)

        if grown(run):
            left.append(repr(case))
    assert not left


def test_gradients_in_float32_and_of_strided_inputs() -> None:
    """The same gradients, in the dtype and the shape of each input."""
    for case in CASES:
        arrays = case.arrays()
        expected = gradients(lambda *x, case=case: case.call(ao, *x), arrays)
        narrow = gradients(lambda *x, case=case: case.call(ao, *x), arrays, "float32")
        strided = gradients(lambda *x, case=case: case.call(ao, *map(moved, x)), arrays)
        for wanted, first, second in zip(expected, narrow, strided, strict=True):
            np.testing.assert_allclose(first, wanted, rtol=2e-3, atol=2e-3, err_msg=repr(case))
            np.testing.assert_allclose(second, wanted, rtol=1e-12, atol=1e-12, err_msg=repr(case))


#: Their gradients are products of matrices, sums in which 0 times infinity is NaN.
PRODUCTS = {"matmul", "tensordot", "einsum", "Tensor"}


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 0.0])
def test_a_gradient_of_0_stays_0_whatever_the_inputs_are(special: float) -> None:
    """Nothing depends on such a value, so that a NaN in it must not spread; ``where(valid, f(x), 0)`` relies on it."""
    count = 0
    for case in CASES:
        arrays = [each.copy() for each in case.arrays()]
        for array in arrays:
            array.reshape(-1)[::2] = special
        inputs = [leaf(each) for each in arrays]
        try:
            results = several(case.call(ao, *inputs))
        except ValueError:  # such as arange of NaN
            assert case.name in ("arange", "quantile")
            continue
        for result in results:
            result.backward(ao.zeros(result.shape, dtype=result.dtype), retain_graph=True)
        for own in inputs:
            assert case.name in PRODUCTS or own.grad is None or own.grad.tolist() == ao.zeros(own.shape).tolist(), case
        count += 1
    assert count > 0.9 * len(CASES)


def test_what_where_has_not_chosen_gives_no_gradient() -> None:
    """Functions outside of their domain, in a branch: no second ``where`` around the input is needed."""
    x = np.array([-3.0, -0.5, 0.5, 4.0, np.nan])
    calls: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
        (lambda x: x > 0, ao.log),
        (lambda x: x > 0, ao.log2),
        (lambda x: x > 0, ao.log10),
        (lambda x: x > 0, lambda x: x**0.5),
        (lambda x: x > 0, ao.sqrt),
        (lambda x: x > 0, ao.rsqrt),
        (lambda x: x > -1, ao.log1p),
        (lambda x: x > 1, ao.acosh),
        (lambda x: abs(x) < 1, ao.atanh),
        (lambda x: abs(x) < 1, ao.asin),
        (lambda x: abs(x) < 1, ao.acos),
        (lambda x: x > 0, lambda x: ao.pow(2.0, 1.0 / ao.sqrt(x))),
    ]
    for is_valid, function in calls:
        tracked = leaf(x)
        valid = is_valid(tracked)
        ao.where(valid, function(tracked), 0.0).sum().backward()
        chosen = leaf(x[np.asarray(valid)])
        function(chosen).sum().backward()
        assert tracked.grad is not None and chosen.grad is not None
        np.testing.assert_array_equal(np.asarray(tracked.grad)[np.asarray(valid)], np.asarray(chosen.grad))
        np.testing.assert_array_equal(np.asarray(tracked.grad)[~np.asarray(valid)], 0.0)


def moved(x: ao.Tensor) -> ao.Tensor:
    """The same elements, with gaps between them, and the last one first."""
    wide = ao.stack([ao.flip(x), ao.flip(x)], axis=-1)
    return ao.flip(wide[..., 1])


# --- operators ----------------------------------------------------------------------------------------------------


def operands(record: Record) -> list[np.ndarray]:
    """Inputs of an operator, which broadcast, far from where it has no derivative."""
    low, high = record.cases.smooth
    generator = np.random.default_rng(3)
    shapes = [(2, 1, 3), (4, 1), (3,)]
    return [generator.uniform(low, high, shapes[k % 3]) + 0.01 * k for k in range(record.inputs)]


@pytest.mark.parametrize("kind", ["map", "zip"])
def test_gradients_of_operators(kind: str) -> None:
    for name, record in RECORDS.items():
        if record.kind != kind or record.gradient is None or "float64" not in record.dtypes:
            continue
        arrays = operands(record)
        fixed = [k for k, parameter in enumerate(record.parameters) if parameter in record.fixed]

        def call(*inputs: Any, name: str = name, fixed: Any = fixed, arrays: Any = arrays) -> Any:
            given = [arrays[k] > 0 if k in fixed else each for k, each in enumerate(inputs)]
            return getattr(ao, name)(*given)

        for found, wanted in zip(gradients(call, arrays), central_differences(call, arrays), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", sorted(STEPS - {"imag"}))
def test_operators_without_a_derivative_say_so(name: str) -> None:
    x = leaf([0.3, 1.7])
    result = getattr(ao, name)(*[x] * RECORDS[name].inputs)
    with pytest.raises(ao.GradientError, match=name):
        (result * x).sum().backward()


def test_constants_are_not_tracked() -> None:
    x = leaf([[0.5, 1.5], [2.5, 0.5]])
    calls: dict[str, Any] = {
        "can_cast": lambda: ao.zeros(ao.can_cast(x, "float64")),
        "isdtype": lambda: ao.zeros(ao.isdtype(x.dtype, "numeric")),
        "isin": lambda: ao.isin(x, [0.5]),
        "one_hot": lambda: ao.one_hot(x.astype("int64"), 3),
        "result_type": lambda: ao.zeros(2, dtype=ao.result_type(x)),
        "searchsorted": lambda: ao.searchsorted(x[0], x),
    }
    for name in ao.__all__:
        record = RECORDS.get(name)
        if kinds_of(name) == {"constant"} and (record is None or "float64" in record.dtypes):
            inputs = [x] * (1 if record is None else record.inputs)
            for result in several(calls[name]() if name in calls else getattr(ao, name)(*inputs)):
                assert not result.requires_grad, name


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_functions_that_refuse_gradients_name_themselves(name: str) -> None:
    x = leaf([0.5, 1.5, 0.5])
    results = several(getattr(ao, name)(x))
    floats = [each for each in results if each.dtype == ao.float64]
    assert floats
    with pytest.raises(ao.GradientError, match=name):
        floats[0].sum().backward()


def test_gradients_flow_to_tensors_inside_of_lists() -> None:
    arrays = [np.array(0.5), np.array([1.5, 2.5]), np.array(-1.0)]
    calls: dict[str, Callable[..., Any]] = {
        "asarray": lambda x, y, z: ao.asarray([[x, 2.0], y, [1.0, z]]),
        "matmul": lambda x, y, z: ao.matmul([1.0, 2.0], [x, z]) + ao.matmul([[x, 1.0], [2, z]], [[x, z], y]).sum(),
        "take": lambda x, y, z: ao.take([x, z, 3.0], [2, 0, 0]),
        "softmax": lambda x, y, z: ao.softmax([x, z, 3.0]),
        "median": lambda x, y, z: ao.median([x, z, 3.0, 0.1]),
        "add": lambda x, y, z: ao.add([x, z], 1.0) * [[x, 1.0], y],
        "exp": lambda x, y, z: ao.exp([x, z]) - [z, x],
        "sum": lambda x, y, z: ao.sum([[x, z], y], 1) * ao.max([x, z]),
        "cumulative_sum": lambda x, y, z: ao.cumulative_sum([x, z, 2.0]),
        "concat": lambda x, y, z: ao.concat([[x, z], y, [1.0]]),
    }
    for name, call in calls.items():
        for found, wanted in zip(gradients(call, arrays), central_differences(call, arrays), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6, err_msg=name)


# --- any shapes ---------------------------------------------------------------------------------------------------


def assert_adjoint(call: Callable[..., Any], arrays: list[np.ndarray]) -> None:
    """Of a linear function, whose gradient does not depend on its inputs: with any inputs, both sums are equal."""
    found = gradients(call, arrays)
    results = numbers(call(*[ao.tensor(each) for each in arrays]))
    forward = sum([float((r * w).sum()) for r, w in zip(results, weights_of(results), strict=True)])
    backward = sum([float((gradient * each).sum()) for gradient, each in zip(found, arrays, strict=True)])
    assert forward == pytest.approx(backward, rel=1e-9, abs=1e-9)


SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple)


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32), st.data())
def test_gradients_of_any_index(shape: tuple[int, ...], seed: int, data: Any) -> None:
    generator = np.random.default_rng(seed)
    key = data.draw(indices(shape))
    array = generator.standard_normal(shape)
    try:
        array[key]
    except IndexError:
        return
    assert_adjoint(lambda x: x[key], [array])


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32), st.data())
def test_gradients_of_any_join(shape: tuple[int, ...], seed: int, data: Any) -> None:
    generator = np.random.default_rng(seed)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    arrays = []
    for _ in range(data.draw(st.integers(1, 3))):
        own = list(shape)
        own[axis] = data.draw(st.integers(0, 3))
        arrays.append(generator.standard_normal(own))
    assert_adjoint(lambda *x: ao.concat(x, axis=axis), arrays)
    first = [generator.standard_normal(shape) for _ in arrays]
    assert_adjoint(lambda *x: ao.stack(x, axis=axis), first)
    count = data.draw(st.integers(0, 3))
    assert_adjoint(lambda x: ao.repeat(x, count, axis=axis), first[:1])
    counts = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    assert_adjoint(lambda x: ao.tile(x, counts), first[:1])
    assert_adjoint(lambda x: ao.roll(x, count - 1, axis=axis), first[:1])
    assert_adjoint(lambda x: ao.diff(x, count, axis=axis), first[:1])
