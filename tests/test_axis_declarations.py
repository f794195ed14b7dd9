"""Declarations of scans and argreductions, and of inputs with a dtype or a default of their own."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, LAYOUTS, assert_same
from needs import requires_numba

import aotops as ao
from aotops import reference
from aotops.user.declare import declaration
from aotops.user.plain_python import fallback

pytestmark = requires_numba

INF = math.inf

running_max = ao.scan(lambda a, b: max(a, b), identity=-INF)
running_sum = ao.scan(lambda a, b: a + b, identity=0, dtypes=("bool", "uint8", "int64"), result="int64")
running_bytes = ao.scan(lambda a, b: a + b, identity=0, dtypes="uint8")
nan_argmin = ao.argreduce(lambda a, b: b if b < a or a != a else a, initial=INF, dtypes="float64")
arglargest = ao.argreduce(lambda a, b: max(a, b), initial={"uint8": 0, "int64": -(2**63)}, dtypes=("uint8", "int64"))
longest = ao.reduce(lambda a, b: max(a, b), initial=0, dtypes="uint8")
every = ao.reduce(
    lambda a, b: a and b, identity=True, absorbing=False, map=lambda x: x != 0, dtypes="float32", result="bool"
)
shifted = ao.zip(lambda x, count: x << count, dtypes=("uint8", "int64"), fixed={"count": "int64"})
scaled = ao.zip(
    lambda x, mask, exponent: math.ldexp(x, exponent) if mask else x,
    bool_inputs="mask",
    fixed={"exponent": "int64"},
    defaults={"mask": True, "exponent": 1},
)
clipped = ao.zip(
    lambda x, low: max(x, low), dtypes=("int64", "float64"), defaults={"low": {"int64": -5, "float64": 0.5}}
)
with_byte = ao.zip(lambda x, n: x + n, dtypes=("int64", "float64"), fixed={"n": "uint8"})
with_float = ao.zip(lambda x, n: x + n, dtypes=("int64", "float64"), fixed={"n": "float32"})
any_nonzero = ao.reduce(lambda a, b: a or b, identity=False, dtypes="int64", result="bool")


@clipped.derivative
def _(x: Any, low: Any, y: Any, g: Any) -> Any:
    return (g, 0.0 * g) if x > low else (0.0 * g, g)


BITS = ("bool", "uint8", "int64")

#: (operator, NumPy's, dtypes, keywords)
CASES: dict[str, tuple[Any, Callable[..., Any], tuple[str, ...], dict[str, Any]]] = {
    "running max": (running_max, lambda x, axis: np.maximum.accumulate(x, axis=axis), ("float32", "float64"), {}),
    "running sum": (running_sum, lambda x, axis: np.cumsum(x, axis=axis, dtype="int64"), BITS, {}),
    "running bytes": (running_bytes, lambda x, axis: np.cumsum(x, axis=axis, dtype="uint8"), ("uint8",), {}),
    "nan argmin": (nan_argmin, lambda x, axis: np.argmin(x, axis=axis), ("float64",), {}),
    "argument of the largest": (arglargest, lambda x, axis: np.argmax(x, axis=axis), ("uint8", "int64"), {}),
    "longest": (longest, lambda x, axis: np.max(x, axis=axis), ("uint8",), {}),
    "every": (every, lambda x, axis: np.all(x, axis=axis), ("float32",), {}),
}
TITLED = [(title, dtype) for title, (_, _, dtypes, _) in CASES.items() for dtype in dtypes]


@pytest.mark.parametrize(("title", "dtype"), TITLED)
def test_kinds_of_axes_agree_with_numpy_in_every_layout(title: str, dtype: str) -> None:
    operator, expected, _, keywords = CASES[title]
    for layout in LAYOUTS.values():
        x, array = layout.pair(dtype, seed=5)
        for axis in range(array.ndim):
            if array.shape[axis] == 0:
                continue
            result = operator(x, axis, **keywords)
            wanted = expected(array, axis).astype(result.dtype.name)
            assert_same(result, wanted)


@pytest.mark.parametrize(("title", "dtype"), TITLED)
@pytest.mark.parametrize("length", [1, 7, 64, 65, 1000, 70000])
def test_kinds_of_axes_agree_with_numpy_for_every_length(title: str, dtype: str, length: int) -> None:
    operator, expected, _, keywords = CASES[title]
    generator = np.random.default_rng(length)
    array = generator.integers(0, 200, (length, 2)).astype(dtype)
    x = ao.asarray(array)
    for axis in (0, 1):
        assert_same(operator(x, axis, **keywords), expected(array, axis).astype(operator(x, axis).dtype.name))


@pytest.mark.parametrize(("title", "dtype"), TITLED)
def test_kinds_of_axes_in_plain_python(title: str, dtype: str) -> None:
    operator, _, _, keywords = CASES[title]
    plain = fallback(operator)
    numbers = [3, 1, 200, 200, 0, 7, 199] if dtype != "bool" else [True, False, True, True, False, False, True]
    x = ao.tensor([numbers, numbers[::-1]], dtype=dtype)
    for axis in (0, 1, -1):
        compiled, slow = operator(x, axis, **keywords), plain(x, axis, **keywords)
        assert compiled.dtype == slow.dtype and compiled.tolist() == slow.tolist()
    record = declaration(operator)
    assert reference.evaluate(record, reference.tensor(x), axis=1).tolist() == operator(x, 1).tolist()


def test_scans_take_what_cumulative_sum_takes() -> None:
    x = ao.tensor([3.0, 1.0, 5.0])
    assert running_max.kind == "scan" and running_max.parameters == ("x",)
    assert running_max(x, include_initial=True).tolist() == [-INF, 3.0, 3.0, 5.0]
    assert running_max(x, dtype="float32").dtype == "float32"
    assert running_max(ao.tensor([1, 2]), 0).dtype == "float64"
    out = ao.zeros(3)
    assert running_max(x, out=out) is out and out.tolist() == [3.0, 3.0, 5.0]
    nan = running_max(ao.tensor([1.0, math.nan, 2.0])).tolist()
    assert nan[0] == 1.0 and math.isnan(nan[1]) and math.isnan(nan[2])
    assert running_max(ao.zeros(0), include_initial=True).tolist() == [-INF]
    with pytest.raises(ValueError, match="axis must be given for a tensor of 2 dimensions"):
        running_max(ao.ones((2, 2)))
    with pytest.raises(TypeError, match="must be of one of the dtypes uint8, got float64"):
        running_bytes(x)


def test_argreductions_take_what_argmax_takes() -> None:
    x = ao.tensor([[math.nan, 2.0, 1.0], [5.0, math.nan, 1.0]])
    assert nan_argmin.kind == "argreduce"
    assert nan_argmin(x, 1).tolist() == [2, 2] and nan_argmin(x).item() == 2
    assert nan_argmin(x, 0, keepdims=True).tolist() == [[1, 0, 0]]
    assert nan_argmin(ao.tensor([math.nan] * 3)).item() == 0
    with pytest.raises(ValueError, match="must have elements along the axes that fold away"):
        nan_argmin(ao.zeros((2, 0)), 1)


def test_a_reduction_with_an_initial_value_alone_needs_elements() -> None:
    assert longest(ao.tensor([3, 255, 7], dtype="uint8")).item() == 255
    for run in (longest, fallback(longest)):
        with pytest.raises(ValueError, match="must have elements along the axes that fold away"):
            run(ao.zeros(0, dtype="uint8"))


def test_inputs_of_a_dtype_of_their_own() -> None:
    assert shifted.fixed == {"count": ao.int64} and shifted.bool_inputs == ()
    for run in (shifted, fallback(shifted)):
        x = ao.tensor([1, 128, 255], dtype="uint8")
        assert run(x, ao.tensor([1, 1, 4])).tolist() == [2, 0, 240]
        assert run(x, 2).dtype == run(x, ao.tensor(2, dtype="uint8")).dtype == "uint8"
        assert run(x, True).tolist() == [2, 0, 254]
        assert run(ao.tensor([2**62]), ao.tensor([1])).tolist() == [-(2**63)]
        with pytest.raises(TypeError, match="count must be of dtype int64, got float64; convert with astype"):
            run(x, ao.tensor([1.0, 1.0, 1.0]))
        with pytest.raises(TypeError, match=r"count must be of dtype int64, got float 1\.5; convert with int\(x\)"):
            run(x, 1.5)
        with pytest.raises(OverflowError, match="count must fit int64, got int 9223372036854775808"):
            run(x, 2**63)


def test_numbers_for_inputs_of_a_dtype_of_their_own_are_weak() -> None:
    """A number of the dtype's kind, or a lower one, takes on the dtype; all else has one, which must be castable."""
    x = ao.tensor([1.0, 2.0])
    for run in (with_byte, fallback(with_byte)):
        assert run(x, 3).tolist() == [4.0, 5.0] == run(x, n=3).tolist()
        assert run(x, 255).tolist() == [256.0, 257.0]
        assert run(x, True).tolist() == [2.0, 3.0] == run(x, np.uint8(1)).tolist() == run(x, [True, True]).tolist()
        assert (
            run(ao.tensor([1]), 3).dtype == "int64" and run(1.5, 3).item() == 4.5 and run([1, 2], 3).tolist() == [4, 5]
        )
        for number in (256, -1, 2**70):
            with pytest.raises(OverflowError, match=f"n must fit uint8, got int {number}"):
                run(x, number)
        with pytest.raises(TypeError, match=r"n must be of dtype uint8, got float 2\.0; convert with int\(x\)"):
            run(x, 2.0)
        for value in ([3, 4], np.int64(3), ao.tensor(3)):
            with pytest.raises(TypeError, match="n must be of dtype uint8, got int64; convert with astype"):
                run(x, value)
    for run in (with_float, fallback(with_float)):
        assert run(x, 3).tolist() == [4.0, 5.0] and run(x, 0.1)[0].item() == 1.0 + float(np.float32(0.1))
        assert run(x, 1e39).tolist() == [INF, INF]  # as for any operand
        assert run(x, np.float64(0.1))[0].item() == 1.0 + float(np.float32(0.1))  # can_cast allows it


def test_derivatives_where_inputs_were_left_out() -> None:
    derivative = clipped.derivative
    assert derivative.optional == ("low",)
    assert str(inspect.signature(derivative)) == "(x, low, y, g, *, out=None, where=True)"
    x = ao.tensor([-9.0, 3.0])
    for run in (derivative, fallback(derivative)):
        for result in (run(x, None, clipped(x), 2.0), run(x, y=clipped(x), g=2.0), run(x, 0.5, clipped(x), 2.0)):
            assert [each.tolist() for each in result] == [[0.0, 2.0], [2.0, 0.0]]
        with pytest.raises(TypeError, match=r"y must be|y|positional arguments \(x, low, y, g\), got 2"):
            run(x, 0.5)
    assert "``clipped`` was called without is None here" in str(derivative.__doc__)


def test_only_reductions_that_can_result_in_a_dtype_have_the_argument() -> None:
    for run in (any_nonzero, fallback(any_nonzero)):
        assert run(ao.tensor([0, 2])).item() is True
        with pytest.raises(TypeError, match="unexpected keyword argument 'dtype'"):
            run(ao.tensor([0, 2]), dtype="int64")
    assert "dtype" not in inspect.signature(any_nonzero).parameters
    assert "dtype" in inspect.signature(running_max).parameters
    with pytest.raises(TypeError, match="running_max: dtype must be one of float32, float64, got int64"):
        running_max(ao.tensor([1.0]), dtype="int64")


def test_inputs_that_may_be_left_out() -> None:
    assert scaled.optional == ("mask", "exponent") and clipped.optional == ("low",)
    for run in (scaled, fallback(scaled)):
        x = ao.tensor([1.0, 3.0])
        assert run(x).tolist() == [2.0, 6.0]
        assert run(x, ao.tensor([True, False]), 3).tolist() == [8.0, 3.0]
        assert run(x, exponent=2).tolist() == [4.0, 12.0] == run(x, None, 2).tolist()
    for run in (clipped, fallback(clipped)):
        assert run(ao.tensor([-9, 3])).tolist() == [-5, 3]
        assert run(ao.tensor([-9.0, 3.0])).tolist() == [0.5, 3.0]


DECLARED_WRONGLY: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "scan of one": (
        lambda: ao.scan(lambda a: a, identity=0),
        ValueError,
        "must combine 2 values, got a function of 1$",
    ),
    "scan without identity": (lambda: ao.scan(lambda a, b: a, identity=None), TypeError, "identity must be a number"),
    "identity": (lambda: ao.scan(lambda a, b: a, identity=300, dtypes="uint8"), ValueError, "must fit uint8"),
    "initial": (lambda: ao.argreduce(lambda a, b: a, initial=-1, dtypes="uint8"), ValueError, "must fit uint8"),
    "initial of a dtype": (
        lambda: ao.argreduce(lambda a, b: a, initial={"bool": 0}),
        ValueError,
        "initial must be given for some of its dtypes, float32, float64, got bool",
    ),
    "fixed": (lambda: ao.zip(lambda a, b: a, fixed=3), TypeError, "fixed must be a dict by the names of inputs"),
    "fixed dtype": (lambda: ao.zip(lambda a, b: a, fixed={"a": "int7"}), ValueError, "fixed must be some of"),
    "fixed name": (lambda: ao.zip(lambda a, b: a, fixed={"c": "bool"}), ValueError, "must name some of .* got 'c'"),
    "all fixed": (
        lambda: ao.zip(lambda a, b: a, bool_inputs="a", fixed={"b": "int64"}),
        ValueError,
        "must leave an input whose dtype decides",
    ),
    "defaults": (lambda: ao.zip(lambda a, b: a, defaults=[1]), TypeError, "defaults must be a dict by the names"),
    "default": (lambda: ao.zip(lambda a, b: a, defaults={"b": "1"}), TypeError, "the default of b must be a number"),
    "default of a bool": (
        lambda: ao.zip(lambda a, b: a, bool_inputs="b", defaults={"b": 2}),
        ValueError,
        "the default of b must fit bool",
    ),
    "all defaults": (
        lambda: ao.zip(lambda a, b: a, defaults={"a": 0, "b": 0}),
        ValueError,
        "defaults must leave an input",
    ),
    "a default before others": (
        lambda: ao.zip(lambda a, b: a, defaults={"a": 0}),
        ValueError,
        "defaults must be of the last inputs of a, b, got a",
    ),
    "derivative of a scan": (
        lambda: ao.scan(lambda a, b: a + b, identity=0).derivative(lambda x, y, g: g),
        ValueError,
        "derivative must take 4 values, a, b, the output and the incoming gradient, got 3",
    ),
    "derivative of an argreduce": (
        lambda: ao.argreduce(lambda a, b: max(a, b), initial=0).derivative(lambda x, y, g: g),
        ValueError,
        "the operator of a derivative must be a map, a zip, a reduction or a scan, got argreduce",
    ),
}


@pytest.mark.parametrize("title", DECLARED_WRONGLY)
def test_declarations_that_contradict_themselves_are_rejected(title: str) -> None:
    action, error, message = DECLARED_WRONGLY[title]
    with pytest.raises(error, match=message):
        action()


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (ao.scan(lambda a, b: a - b, identity=0.0), "not associative"),
        (ao.scan(lambda a, b: a + b, identity=1.0), "the identity 1.0 changes"),
        (ao.argreduce(lambda a, b: a + b, initial=0.0), "an argreduce must choose one of both"),
        (ao.argreduce(lambda a, b: b if abs(b) > abs(a) else a, initial=0.0), "not commutative"),
        (ao.argreduce(lambda a, b: b if b > a else a, initial=-INF), "write max"),
    ],
)
def test_the_build_warns_of_combinations_that_depend_on_the_order(operator: Any, message: str) -> None:
    from aotops.aot.pack.probe import probe

    with pytest.warns(UserWarning, match=message):
        probe(declaration(operator))


@pytest.mark.parametrize(
    "operator", [running_max, running_sum, nan_argmin, arglargest, longest, every, shifted, scaled, clipped]
)
def test_the_build_warns_of_none_of_these(operator: Any, recwarn: pytest.WarningsRecorder) -> None:
    from aotops.aot.pack.probe import probe

    probe(declaration(operator))
    assert [str(each.message) for each in recwarn] == []


def test_uint8_is_one_of_the_dtypes() -> None:
    assert "uint8" in DTYPES
    doubled = ao.map(lambda x: 2 * x, dtypes="uint8")
    mean = ao.zip(lambda a, b: (a + b) // 2, dtypes="uint8")
    x = ao.tensor([0, 100, 200, 255], dtype="uint8")
    for call, operands, result in ((doubled, (x,), [0, 200, 144, 254]), (mean, (x, 255), [127, 177, 227, 255])):
        for run in (call, fallback(call)):
            assert run(*operands).tolist() == result and run(*operands).dtype == "uint8"
    with pytest.raises(OverflowError, match="256"):
        mean(x, 256)
