"""The backend for MiniTorch: its operators against loops in Python, and what it takes students' functions for."""

from __future__ import annotations

import ast
import functools
import importlib.util
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minitorch_stand_in import Functions, IndexingError, Loops, Tensor, TensorBackend, TensorData
from needs import ONE_JOB, requires_numba

import aotops as ao
from aotops.minitorch import AotOps, PlainPythonWarning
from aotops.minitorch.recognise import agree

AOT, LOOPS = TensorBackend(AotOps), TensorBackend(Loops)
INF, NAN = math.inf, math.nan

MAPS = ("neg", "sigmoid", "relu", "exp", "id")  # of any number; log and inv raise in Python
ZIPS = ("add", "mul", "lt", "eq", "is_close", "relu_back")


def tensor(values: Any, dtype: Any = np.float64) -> Tensor:
    array = np.array(values, dtype=dtype)
    return Tensor.make(array.reshape(-1), array.shape, backend=AOT)


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found.tolist(), expected.tolist(), rtol=1e-12, atol=0)


# --- shapes, strides and memory ---------------------------------------------------------------------------------------

NUMBERS = st.floats(-20.0, 20.0)


@st.composite
def tensors(draw: Any, most: int = 4) -> Tensor:
    """A tensor with dimensions in any order."""
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=0, max_size=most)))
    values = draw(st.lists(NUMBERS, min_size=math.prod(shape), max_size=math.prod(shape)))
    order = draw(st.permutations(range(len(shape))))
    return Tensor.make(np.array(values, dtype=np.float64), shape, backend=AOT).permute(*order)


@st.composite
def broadcast_pairs(draw: Any) -> tuple[Tensor, Tensor]:
    """Two tensors that broadcast together; the first one's dimensions are in any order."""
    a = draw(tensors(3))
    ones = draw(st.lists(st.booleans(), min_size=len(a.shape), max_size=len(a.shape)))
    shape = tuple(1 if one else n for one, n in zip(ones, a.shape, strict=True))[draw(st.integers(0, len(ones))) :]
    values = draw(st.lists(NUMBERS, min_size=math.prod(shape), max_size=math.prod(shape)))
    b = Tensor.make(np.array(values, dtype=np.float64), shape, backend=AOT)
    return (a, b) if draw(st.booleans()) else (b, a)


@settings(max_examples=25, deadline=None)
@given(tensors())
def test_maps_of_all_layouts(a: Tensor) -> None:
    for name in MAPS:
        result = getattr(AOT, f"{name}_map")(a)
        same(result, getattr(LOOPS, f"{name}_map")(a))
        assert type(result) is Tensor and result.backend is AOT and result.shape == a.shape
        assert type(result._tensor._storage) is np.ndarray and result._tensor._storage.flags.writeable
        assert not np.shares_memory(result._tensor._storage, a._tensor._storage)


@settings(max_examples=25, deadline=None)
@given(broadcast_pairs())
def test_zips_broadcast(pair: tuple[Tensor, Tensor]) -> None:
    for name in ZIPS:
        same(getattr(AOT, f"{name}_zip")(*pair), getattr(LOOPS, f"{name}_zip")(*pair))


@settings(max_examples=25, deadline=None)
@given(tensors())
def test_reductions_keep_the_dimension(a: Tensor) -> None:
    for dim in range(len(a.shape)):
        result = AOT.add_reduce(a, dim)
        np.testing.assert_allclose(result.tolist(), LOOPS.add_reduce(a, dim).tolist(), rtol=1e-12, atol=1e-12)
        same(AOT.mul_reduce(a, dim), LOOPS.mul_reduce(a, dim))
        assert result.shape == (*a.shape[:dim], 1, *a.shape[dim + 1 :])


@settings(max_examples=25, deadline=None)
@given(broadcast_pairs())
def test_maps_into_a_tensor(pair: tuple[Tensor, Tensor]) -> None:
    a, b = pair
    larger = AOT.add_zip(a, b)
    for order in (range(len(larger.shape)), reversed(range(len(larger.shape)))):
        out, expected = (larger.zeros(larger.shape) for _ in range(2))
        order = tuple(order)
        out, expected = out.permute(*order), expected.permute(*order)
        if larger.permute(*order).shape == larger.shape:
            assert AOT.neg_map(a, out) is out
            same(out, LOOPS.neg_map(a, expected))
            assert AOT.id_cmap(b, out) is out
            same(out, LOOPS.id_map(b, expected))


def test_out_by_name_and_of_another_dtype() -> None:
    out = tensor([[0.0, 0.0], [0.0, 0.0]], np.float32)
    assert AOT.exp_map(tensor([0.0, 1.0]), out=out) is out
    assert out._tensor._storage.dtype == np.float32
    np.testing.assert_allclose(out.tolist(), [[1.0, math.e]] * 2, rtol=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.data())
def test_matrix_multiply(n: int, m: int, k: int, batch: int, data: Any) -> None:
    def matrices(rows: int, columns: int) -> Tensor:
        shape = data.draw(st.sampled_from([(rows, columns), (1, rows, columns), (batch, rows, columns)]))
        values = np.arange(math.prod(shape), dtype=np.float64) - 3.0
        if data.draw(st.booleans()):
            *rest, last, first = range(len(shape))
            swapped = (*shape[:-2], columns, rows)
            return Tensor.make(values, swapped, backend=AOT).permute(*rest, first, last)
        return Tensor.make(values, shape, backend=AOT)

    a, b = matrices(n, k), matrices(k, m)
    result = AotOps.matrix_multiply(a, b)
    same(result, Loops.matrix_multiply(a, b))
    assert result.shape == Loops.matrix_multiply(a, b).shape


def test_matrices_that_do_not_fit() -> None:
    with pytest.raises(AssertionError, match="b must have as many rows as a has columns"):
        AotOps.matrix_multiply(tensor([[1.0, 2.0]]), tensor([[1.0, 2.0]]))
    with pytest.raises(IndexingError, match="broadcast"):
        AotOps.matrix_multiply(tensor(np.ones((2, 2, 2))), tensor(np.ones((3, 2, 2))))
    with pytest.raises(IndexingError, match="two or more dimensions"):
        AotOps.matrix_multiply(tensor([1.0]), tensor([[1.0]]))


def test_shapes_that_do_not_broadcast_raise_the_package_s_own_error() -> None:
    with pytest.raises(IndexingError, match="broadcast"):
        AOT.add_zip(tensor([1.0, 2.0]), tensor([1.0, 2.0, 3.0]))
    with pytest.raises(IndexingError, match="a must broadcast to out"):
        AOT.neg_map(tensor([1.0, 2.0]), tensor([1.0]))
    with pytest.raises(IndexingError):
        AOT.neg_map(tensor([[1.0, 2.0]]), tensor([1.0, 2.0]))


def test_dimensions_that_do_not_exist() -> None:
    for dim in (1, -2, 7):
        with pytest.raises(IndexError):
            AOT.add_reduce(tensor([1.0, 2.0]), dim)
    with pytest.raises(IndexError):
        AOT.add_reduce(tensor(1.0), 0)
    assert AOT.add_reduce(tensor([1.0, 2.0]), np.int64(0)).tolist() == [3.0]


def weird(storage: Any, shape: Any, strides: Any) -> Tensor:
    data = object.__new__(TensorData)
    data._storage, data.shape, data.strides, data.size = storage, shape, strides, 0
    return Tensor(data, AOT)


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((3,), (2,)), ((2, 3), (3, 1)), ((2,), (-1,)), ((2**62,), (1,)), ((2,), (2**61,)), ((2, 2), (1,)), ((-1,), (1,))],
)
def test_nothing_outside_of_a_storage_is_reached(shape: Any, strides: Any) -> None:
    for use in (
        lambda t: AOT.neg_map(t),
        lambda t: AOT.add_zip(t, tensor(1.0)),
        lambda t: AOT.add_reduce(t, 0),
        lambda t: AOT.neg_map(tensor(1.0), t),
        lambda t: AotOps.matrix_multiply(t, t),
    ):
        with pytest.raises((IndexingError, ValueError, OverflowError)):
            use(weird(np.zeros(4), shape, strides))


def test_empty_tensors_and_offset_storages() -> None:
    empty = tensor(np.ones((2, 0)))
    assert AOT.exp_map(empty).shape == (2, 0) and AOT.add_zip(empty, empty).shape == (2, 0)
    assert AOT.add_reduce(empty, 1).tolist() == [[0.0], [0.0]]
    assert AOT.mul_reduce(empty, 1).tolist() == [[1.0], [1.0]]
    assert AOT.add_reduce(empty, 0).shape == (1, 0)
    assert AotOps.matrix_multiply(tensor(np.ones((2, 0))), tensor(np.ones((0, 3)))).tolist() == [[0.0] * 3] * 2
    offset = weird(np.arange(10.0)[3:7], (2, 2), (2, 1))
    assert AOT.neg_map(offset).tolist() == [[-3.0, -4.0], [-5.0, -6.0]]
    # the storage itself has gaps, or is read-only
    gaps = weird(np.arange(8.0)[::2], (2, 2), (1, 2))
    assert AOT.neg_map(gaps).tolist() == [[-0.0, -4.0], [-2.0, -6.0]]
    with pytest.raises(TypeError, match=r"out must be a tensor whose _storage is a contiguous array"):
        AOT.neg_map(tensor([[1.0, 2.0]] * 2), gaps)
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    assert AOT.exp_map(weird(frozen, (2,), (1,))).tolist() == [1.0, 1.0]
    with pytest.raises((TypeError, ValueError), match=r"read-only|writable"):
        AOT.exp_map(tensor([1.0, 2.0]), weird(frozen, (2,), (1,)))
    assert frozen.tolist() == [0.0, 0.0]


def test_a_result_whose_elements_share_memory_is_rejected() -> None:
    shared = np.zeros(1)
    with pytest.raises((ValueError, IndexingError)):
        AOT.neg_map(tensor([1.0, 2.0]), weird(shared, (2,), (0,)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.bool_, np.float16, ">f8"])
def test_dtypes_of_storages(dtype: Any) -> None:
    wanted = np.float32 if dtype is np.float32 else np.float64
    a = tensor([[1, 0], [1, 1]], dtype)
    for result, expected in (
        (AOT.exp_map(a), [[math.e, 1.0], [math.e, math.e]]),
        (AOT.neg_map(a), [[-1.0, 0.0], [-1.0, -1.0]]),
        (AOT.lt_zip(a, a), [[0.0, 0.0], [0.0, 0.0]]),
        (AOT.eq_zip(a, tensor(1.0, dtype)), [[1.0, 0.0], [1.0, 1.0]]),
        (AOT.add_reduce(a, 0), [[2.0, 1.0]]),
        (AotOps.matrix_multiply(a, a), [[1.0, 0.0], [2.0, 1.0]]),
    ):
        assert result._tensor._storage.dtype == wanted
        np.testing.assert_allclose(result.tolist(), expected, rtol=1e-6)


# --- recognising functions --------------------------------------------------------------------------------------------

EPS = 1e-6


def shifted_log(x: float) -> float:
    return math.log(x + EPS)


def shifted_inv(x: float) -> float:
    return 1 / (x + EPS)


def times(c: float) -> Callable[[float], float]:
    return lambda x: x * c


def less_than(c: float) -> Callable[[float], float]:
    def below(x: float) -> float:
        return 1.0 if x < c else 0.0

    return below


def named(name: str, function: Any) -> Any:
    function.__name__ = name
    return function


#: Bodies as students write them, by the name that they give them.
RECOGNISED: dict[str, list[Any]] = {
    "neg": [lambda x: -x, lambda x: -1.0 * x, lambda x: 0.0 - x, lambda x: x],
    "id": [lambda x: x, lambda x: 1.0 * x],
    "sigmoid": [
        lambda x: 1.0 / (1.0 + math.exp(-x)),
        lambda x: 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x)),
    ],
    "relu": [
        lambda x: x if x > 0 else 0,
        lambda x: x if x >= 0 else 0.0,
        lambda x: max(0.0, x),
        lambda x: max(x, 0),
        lambda x: 0.0 if x < 0 else x,
        lambda x: 0.0 if x <= 0 else x,
        lambda x: x * (x > 0),
        lambda x: (x > 0) * x,
    ],
    "log": [
        lambda x: math.log(x),
        shifted_log,
        lambda x: math.log(x + 1e-9),
        lambda x: math.log(max(x, 1e-12)),
        lambda x: float(np.log(x)) if x > 0 else math.log(x),
    ],
    "exp": [lambda x: math.exp(x), math.exp],
    "inv": [lambda x: 1.0 / x, shifted_inv, lambda x: x**-1],
    "<lambda>": [lambda x: -x, times(2.5), times(-3), lambda x: x + 7, lambda x: 5.0 - x, lambda x: x - 0.25],
}
RECOGNISED_ZIPS: dict[str, list[Any]] = {
    "add": [lambda x, y: x + y, lambda x, y: y + x],
    "mul": [lambda x, y: x * y],
    "lt": [lambda x, y: x < y, lambda x, y: 1.0 if x < y else 0.0, lambda x, y: float(y > x)],
    "eq": [lambda x, y: x == y, lambda x, y: 1.0 if x == y else 0.0],
    "max": [lambda x, y: x if x > y else y, lambda x, y: max(x, y), lambda x, y: y if y >= x else x],
    "is_close": [
        lambda x, y: abs(x - y) < 1e-2,
        lambda x, y: 1.0 if abs(x - y) <= 1e-3 else 0.0,
        lambda x, y: (x - y < 1e-2) and (y - x < 1e-2),
    ],
    "relu_back": [
        lambda x, d: d if x > 0 else 0,
        lambda x, d: d if x >= 0 else 0.0,
        lambda x, d: 0.0 if x <= 0 else d,
        lambda x, d: d * (x > 0),
        lambda x, d: d * (1.0 if x > 0 else 0.0),
    ],
    "log_back": [
        lambda x, d: d / x,
        lambda x, d: d * (1.0 / x),
        lambda x, d: d / (x + EPS),
        lambda x, d: d * shifted_inv(x),
    ],
    "inv_back": [
        lambda x, d: -d / (x * x),
        lambda x, d: -(1.0 / x**2) * d,
        lambda x, d: -d * (1.0 / x) ** 2,
        lambda x, d: d * -1 * shifted_inv(x) ** 2,
        lambda x, d: -d / x**2,
    ],
}
#: What no operator computes.
PECULIAR: dict[str, list[Any]] = {
    "neg": [lambda x: -x if x < 1e5 else x],
    "relu": [lambda x: x if x > 0.5 else 0.0, lambda x: min(max(x, 0.0), 6.0), lambda x: x if x > 0 else 0.01 * x],
    "log": [lambda x: math.log10(x), lambda x: math.log(x) if x > 0 else 0.0, lambda x: math.log(abs(x) + 1e-6)],
    "sigmoid": [lambda x: 1 / (1 + math.exp(-x)) if abs(x) < 12.5 else float(x > 0)],
    "id": [lambda x: x if x != 3.7 else 0.0, lambda x: round(x, 12)],
    "<lambda>": [lambda x: x * x - 1.0, less_than(0.75)],
}

PLACES = (
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.0,
    -1.0,
    0.75,
    3.7,
    1e-7,
    -1e-7,
    13.0,
    -13.0,
    30.0,
    2e5,
    -2e5,
    1e-12,
    1e300,
    INF,
    -INF,
    NAN,
)


def values_of(function: Any, *arguments: float) -> float | None:
    try:
        return float(function(*arguments))
    except (ArithmeticError, ValueError):
        return None


def check_map(function: Any, apply: Any) -> None:
    found = apply(tensor(PLACES)).tolist()
    for x, each in zip(PLACES, found, strict=True):
        assert agree(values_of(function, x), each, 8, False), (x, each)


CASES = [(name, function) for name, functions in RECOGNISED.items() for function in functions]


@pytest.mark.parametrize(("name", "function"), CASES, ids=[f"{name}-{k}" for k, (name, _) in enumerate(CASES)])
def test_maps_are_recognised(name: str, function: Any) -> None:
    if name != "<lambda>" and getattr(function, "__name__", "") == "<lambda>":
        function = named(name, function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_map(function, AotOps.map(function))


def test_zips_are_recognised() -> None:
    grid = [(x, y) for x in PLACES for y in PLACES]
    a, b = (tensor(column) for column in zip(*grid, strict=True))
    for name, functions in RECOGNISED_ZIPS.items():
        for k, function in enumerate(functions):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = AotOps.zip(named(name, function))(a, b).tolist()
            for pair, each in zip(grid, found, strict=True):
                assert agree(values_of(function, *pair), each, 4, False), (name, k, pair, each)


def test_peculiar_functions_run_as_plain_python() -> None:
    for name, functions in PECULIAR.items():
        for function in functions:
            apply = AotOps.map(named(name, function))
            with pytest.warns(PlainPythonWarning) as warned:
                check_map(function, apply)
            assert len(warned) == 1
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # once
                check_map(function, apply)


def test_the_warning_names_the_first_difference_and_what_to_do() -> None:
    def relu(x: float) -> float:
        return x if x > 0 else 0.01 * x

    with pytest.warns(PlainPythonWarning) as warned:
        AotOps.map(relu)(tensor([1.0]))
    message = str(warned[0].message)
    assert f"relu (test_minitorch.py, line {relu.__code__.co_firstlineno}) runs as plain Python" in message
    assert "at -1.0, and relu returns -0.01" in message
    assert message.endswith("AotOps.register(relu, operator)")
    assert warned[0].filename == __file__


def test_results_where_python_raises() -> None:
    def log(x: float) -> float:
        return math.log(x) * 1.5

    def inv(x: float) -> float:
        return 3.0 / x + math.exp(x)

    with pytest.warns(PlainPythonWarning):
        np.testing.assert_array_equal(AotOps.map(log)(tensor([-1.0, 0.0, 1.0])).tolist(), [NAN, -INF, 0.0])
    with pytest.warns(PlainPythonWarning):
        assert AotOps.map(inv)(tensor([0.0, -0.0, 1e3])).tolist() == [INF, -INF, INF]
    assert AOT.log_map(tensor([-1.0, 0.0])).tolist()[1] == -INF
    assert AOT.inv_map(tensor([0.0, -0.0])).tolist() == [INF, -INF]


def test_exceptions_of_a_student_s_own_propagate() -> None:
    def strict(x: float) -> float:
        if x < 0:
            raise ValueError("negative")
        return x * 3.0 + 1.0

    with pytest.warns(PlainPythonWarning):
        assert AotOps.map(strict)(tensor([1.0])).tolist() == [4.0]
    with pytest.warns(PlainPythonWarning), pytest.raises(ValueError, match="negative"):
        AotOps.map(strict)(tensor([1.0, -1.0]))

    def unfinished(x: float) -> float:
        raise NotImplementedError("Need to implement for Task 0.1")

    with pytest.warns(PlainPythonWarning, match="raised an exception"), pytest.raises(NotImplementedError):
        AotOps.map(unfinished)(tensor([1.0]))


def test_reductions_begin_with_start_and_ascend() -> None:
    def minus(a: float, b: float) -> float:
        return 2.0 * a - b

    a = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    reduce = AotOps.reduce(minus, 10.0)
    with pytest.warns(PlainPythonWarning):
        same(reduce(a, 0), Loops.reduce(minus, 10.0)(a, 0))
    same(reduce(a, 1), Loops.reduce(minus, 10.0)(a, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AotOps.reduce(Functions.add, 5.0)(a, 1).tolist() == [[11.0], [20.0]]
        assert AotOps.reduce(Functions.mul, 2.0)(a, 0).tolist() == [[8.0, 20.0, 36.0]]
        larger = AotOps.reduce(named("max", lambda x, y: x if x > y else y), -1e9)
        assert larger(a, 1).tolist() == [[3.0], [6.0]]
        assert AotOps.reduce(named("max", lambda x, y: max(x, y)), 5.5)(a, 1).tolist() == [[5.5], [6.0]]
        # a comparison passes over NaN, which aotops.max does not
        np.testing.assert_array_equal(larger(tensor([[1.0, NAN, 2.0], [3.0, 2.0, NAN]]), 1).tolist(), [[2.0], [NAN]])


def test_a_reduction_whose_equals_are_not_equal_is_none_of_aotops() -> None:
    """Which of two numbers is kept depends on their order: as the largest one, each would be another."""
    row = [2.25, 2.5, -2.5, 2.25] * 20
    functions: list[Callable[[float, float], float]] = [
        lambda a, b: a if math.floor(a) >= math.floor(b) else b,
        lambda a, b: b if abs(b) > abs(a) else a,
        lambda a, b: b if round(b) >= round(a) else a,
    ]
    for function in functions:
        with pytest.warns(PlainPythonWarning):
            result = AotOps.reduce(named("max", function), -1e9)(tensor([row]), 1)
        same(result, Loops.reduce(function, -1e9)(tensor([row]), 1))


def test_sums_ascend() -> None:
    rng = np.random.default_rng(0)
    for shape in ((3, 5), (32, 7), (7, 32), (32, 1), (1, 32)):
        a = tensor(rng.normal(size=shape) * 10.0 ** rng.integers(-8, 8, shape))
        for dim in (0, 1):
            assert AOT.add_reduce(a, dim).tolist() == LOOPS.add_reduce(a, dim).tolist(), (shape, dim)
            assert AOT.mul_reduce(a, dim).tolist() == LOOPS.mul_reduce(a, dim).tolist(), (shape, dim)


def test_registered_operators_come_first() -> None:
    def gate(x: float) -> float:
        return x / (1.0 + math.exp(-x))

    apply = AotOps.map(gate)
    with pytest.warns(PlainPythonWarning):
        before = apply(tensor([0.5])).tolist()
    AotOps.register(gate, ao.silu)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert apply(tensor([0.5])).tolist() == pytest.approx(before)
        assert AotOps.map(gate)(tensor([0.5])).tolist() == [ao.silu(0.5).item()]

    # it is taken at its word
    def wrong(x: float, y: float) -> float:
        return x + y

    AotOps.register(wrong, ao.subtract)
    AotOps.register(wrong, ao.prod)
    assert AotOps.zip(wrong)(tensor([5.0]), tensor([3.0])).tolist() == [2.0]
    assert AotOps.reduce(wrong, 2.0)(tensor([5.0, 3.0]), 0).tolist() == [30.0]
    assert AotOps.zip(ao.less)(tensor([1.0, 2.0]), tensor([2.0, 1.0])).tolist() == [1.0, 0.0]


def test_reductions_of_a_user_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTOPS_PYTHON", "1")

    def squares(total: float, x: float) -> float:
        return total + x * x

    AotOps.register(squares, ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x: x * x))
    a = tensor([[1.0, 2.0], [3.0, 4.0]])
    assert AotOps.reduce(squares, 0.0)(a, 1).tolist() == [[5.0], [25.0]]


def test_objects_that_are_called() -> None:
    class Shift:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return False

        def __call__(self, x: float) -> float:
            return x * 1.5 + 0.25

    with pytest.warns(PlainPythonWarning):
        assert AotOps.map(Shift())(tensor([2.0])).tolist() == [3.25]


def test_what_cannot_be_registered() -> None:
    with pytest.raises(TypeError, match=r"AotOps.register: operator must be an operator: .*got"):
        AotOps.register(Functions.add, lambda x, y: x + y)
    with pytest.raises(TypeError, match=r"operator must be"):
        AotOps.register(Functions.add, ao.where)
    with pytest.raises(TypeError, match=r"AotOps.register: fn must be a function, got"):
        AotOps.register(1.0, ao.add)
    with pytest.raises(TypeError, match=r"AotOps.zip: fn must be a function of two numbers, got"):
        AotOps.zip(None)


def test_operators_that_a_user_has_built_are_found(tmp_path: Path) -> None:
    """Those that run as plain Python count as built, once they have been called."""
    (tmp_path / "students_ops.py").write_text(
        "import math\nimport aotops as ao\n"
        "@ao.map\ndef bump(x):\n    return math.exp(-x * x) * 3.0\n"
        "@ao.map\ndef dent(x):\n    return math.exp(-x * x) * -3.0\n"
    )
    program = f"""
import math, sys, warnings
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from minitorch_stand_in import Tensor
from aotops.minitorch import AotOps, PlainPythonWarning
import students_ops

def bump(x):
    return math.exp(-x * x) * 3.0

def dent(x):
    return math.exp(-x * x) * -2.0

warnings.simplefilter("error")
t = Tensor.make([0.0, 1.0], (2,), backend=None)
for function in (bump, dent):
    try:
        AotOps.map(function)(t)
    except PlainPythonWarning as error:
        print(error)
students_ops.bump(1.0), students_ops.dent(1.0)
print(AotOps.map(bump)(t).tolist())
try:
    AotOps.map(dent)(t)
except PlainPythonWarning as error:
    print(error)
assert "numba" not in sys.modules
"""
    environment = {**os.environ, "AOTOPS_PYTHON": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    unbuilt, unbuilt_too, found, different = done.stdout.splitlines()
    assert "bump" in unbuilt and "dent" in unbuilt_too
    assert found == str([3.0, 3.0 * math.exp(-1.0)])
    assert "the operator dent is -3.0 at 0.0, and dent returns -2.0" in different


@requires_numba
def test_operators_that_have_been_built_ahead_of_time_are_found(tmp_path: Path) -> None:
    """Compiled ones, which the backend is the first to call: neither Numba nor plain Python has a part in it."""
    declarations = """
@ao.map(dtypes="float64")
def bump(x):
    return math.exp(-x * x) * 3.0

@ao.zip(dtypes="float64")
def blend(x, y):
    return 0.75 * x + 0.25 * y * y

@ao.reduce(identity=0.0, dtypes="float64")
def farthest(a, b):
    return a if abs(a) > abs(b) or (abs(a) == abs(b) and a > b) or a != a else b
"""
    (tmp_path / "students_ops.py").write_text(f"import math\nimport aotops as ao\n{declarations}")
    command = [sys.executable, "-m", "aotops", "build", "students_ops.py"]
    subprocess.run(command, cwd=tmp_path, check=True, env=os.environ | ONE_JOB)
    copies = "".join([line for line in declarations.splitlines(keepends=True) if not line.startswith("@")])
    program = f"""
import math, sys, warnings
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from minitorch_stand_in import Tensor
from aotops.minitorch import AotOps
import students_ops
{copies}
warnings.simplefilter("error")
t = Tensor.make([0.0, 1.0, -3.0, 2.0], (2, 2), backend=None)
print(AotOps.map(bump)(t).tolist())
print(AotOps.zip(blend)(t, t).tolist())
print(AotOps.reduce(farthest, 0.0)(t, 1).tolist())
print([each._record.loaded for each in (students_ops.bump, students_ops.blend, students_ops.farthest)])
assert not {{"numba", "llvmlite", "aotops.user.plain_python"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    mapped, zipped, reduced, loaded = map(ast.literal_eval, done.stdout.splitlines())
    assert np.ravel(mapped) == pytest.approx([3.0 * math.exp(-x * x) for x in (0.0, 1.0, -3.0, 2.0)], rel=1e-15)
    assert np.ravel(zipped).tolist() == [0.75 * x + 0.25 * x * x for x in (0.0, 1.0, -3.0, 2.0)]
    assert np.ravel(reduced).tolist() == [1.0, -3.0] and loaded == [True, True, True]


@requires_numba
def test_functions_of_numba_are_recognised_or_called() -> None:
    import numba

    @numba.njit
    def log(x: float) -> float:
        return math.log(x + 1e-6)

    @numba.njit
    def peculiar(x: float) -> float:
        return math.log(x + 1e-6) * 1.25

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AotOps.map(log)(tensor([1.0])).tolist() == pytest.approx([math.log(1.0 + 1e-6)])
    assert not log.signatures  # it was not compiled
    with pytest.warns(PlainPythonWarning):
        assert AotOps.map(peculiar)(tensor([1.0])).tolist() == pytest.approx([math.log(1.0 + 1e-6) * 1.25])


def test_other_callables() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AotOps.map(functools.partial(lambda c, x: x * c, 4.0))(tensor([2.0])).tolist() == [8.0]
        assert AotOps.map(math.tanh)(tensor([0.5])).tolist() == pytest.approx([math.tanh(0.5)])
        assert AotOps.map(np.exp)(tensor([0.5])).tolist() == pytest.approx([math.exp(0.5)])


def test_construction_calls_no_function_and_compiles_nothing() -> None:
    def never(*arguments: float) -> float:
        raise AssertionError("called")

    AotOps.map(never), AotOps.zip(never), AotOps.reduce(never, 0.0)
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from minitorch_stand_in import Tensor, TensorBackend
from aotops.minitorch import AotOps
backend = TensorBackend(AotOps)
a = Tensor.make([1.0, 2.0], (2,), backend=backend)
assert backend.add_reduce(backend.sigmoid_map(backend.mul_zip(a, a)), 0).shape == (1,)
assert backend.cuda is False
assert not {{"numba", "llvmlite", "aotops.aot", "aotops.user.plain_python"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_real_package_if_there_is_one() -> None:
    if importlib.util.find_spec("minitorch") is None:
        pytest.skip("the course's package, or a student's, is not installed here")
    minitorch = importlib.import_module("minitorch")
    backend = minitorch.TensorBackend(AotOps)
    a = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]], backend=backend)
    assert backend.add_reduce(a, 0)._tensor._storage.tolist() == [4.0, 6.0]
    a.requires_grad_(True)
    (a * a).sum().backward()
    assert a.grad._tensor._storage.tolist() == [2.0, 4.0, 6.0, 8.0]
