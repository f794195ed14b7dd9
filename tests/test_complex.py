"""Complex numbers, as NumPy has them: arithmetic, reductions, conversions, printing, and what is an error."""

from __future__ import annotations

import cmath
import itertools
import math
import pickle
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, Layout

import aotops as ao
from aotops import _native, abi, ops, reference
from aotops.ops.record import COMPLEX, PARTS, Record

RECORDS = [record for record in ops.collect().values() if set(COMPLEX) <= set(record.dtypes)]
ELEMENTWISE = [record for record in RECORDS if record.kind in ("map", "zip")]
REAL = abi.named("bool", "signed", "unsigned", "real")
EXTREMES = [0.0, -0.0, 1.0, -2.5, 1e-300, 5e-324, 1e300, -1e300, np.inf, -np.inf, np.nan, 3.0, 1e-40, 1e30]
#: Without the functions whose errors are bounded: test_complex_functions.
ARITHMETIC = [record for record in ELEMENTWISE if not hasattr(record.scalar_for("complex128"), "in_one_loop")]
dtypes = st.sampled_from(COMPLEX)


def numbers(dtype: str, shape: tuple[int, ...], seed: int, special: bool = False) -> np.ndarray:
    """Complex numbers with small whole parts, or with all kinds of parts."""
    generator = np.random.default_rng(seed)
    result = np.empty(shape, dtype)
    for part in (result.real, result.imag):
        with np.errstate(all="ignore"):
            part[...] = generator.choice(EXTREMES, shape) if special else generator.integers(-9, 10, shape)
    return result


def pair(layout: Layout, dtype: str, seed: int, special: bool = False) -> tuple[ao.Tensor, np.ndarray]:
    """A tensor and an array of a layout, of numbers that have both parts."""
    if dtype not in COMPLEX:
        return layout.pair(dtype, seed)
    tensor, array = layout.pair(dtype, seed)
    if tensor.readonly:
        return tensor, array
    memory = np.asarray(tensor)
    for place, value in zip(np.ndindex(array.shape), numbers(dtype, (array.size,), seed, special), strict=True):
        memory[place] = array[place] = value
    return tensor, array


def assert_parts(result: ao.Tensor, wanted: Any, context: str = "", rtol: float = 0.0) -> None:
    """Demand equal dtypes, shapes and parts, NaN for NaN."""
    got, wanted = np.asarray(result), np.asarray(wanted)
    assert (got.dtype, got.shape) == (wanted.dtype, wanted.shape), context
    for a, b in ((got.real, wanted.real), (got.imag, wanted.imag)):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=0, equal_nan=True, err_msg=context)


# --- operators ------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ARITHMETIC), dtypes, st.sampled_from(list(LAYOUTS)), st.booleans())
def test_elementwise_operators_are_numpys(record: Record, dtype: str, name: str, special: bool) -> None:
    if LAYOUTS[name].shape and np.prod(LAYOUTS[name].shape) > 4000:
        return
    own = record.inputs_for(dtype)
    made = [pair(LAYOUTS[name], each, k, special) for k, each in enumerate(own)]
    if special and record.name in ("divide", "multiply", "square"):
        return  # NumPy's round other steps, by FMA or by the inverse, so that other ones overflow
    with np.errstate(all="ignore"):
        wanted = record.numpy(np, *[array for _, array in made])
    result = _native.operators[record.name](*[tensor for tensor, _ in made])
    rtol = {"divide": 1e-6, "abs": 3e-7, "reciprocal": 1e-6}.get(record.name, 0.0)
    assert_parts(result, wanted, f"{record.name} {dtype} {name}", rtol)


def test_every_record_of_complex_numbers_runs_as_plain_python() -> None:
    values = [0j, 1 + 2j, -3.5j, complex(-0.0, 1.0), 4 - 2j, complex(2.0, -7.0)]
    for record in ELEMENTWISE:
        for dtype in COMPLEX:
            own = record.inputs_for(dtype)
            combinations = list(itertools.product(values, repeat=len(own)))
            columns = list(zip(*combinations, strict=True))
            inputs = [
                ao.tensor(list(map(complex, column))).astype(each) for column, each in zip(columns, own, strict=True)
            ]
            result = _native.operators[record.name](*inputs)
            if record.name == "divide":
                inputs[1] = inputs[1] + 5.0
                result = ao.divide(*inputs)
            plain = reference.evaluate(record, *[reference.tensor(x) for x in inputs])
            assert isinstance(plain, reference.ReferenceTensor)
            assert result.dtype == plain.dtype
            np.testing.assert_allclose(result.tolist(), plain.tolist(), rtol=1e-6 if dtype == "complex64" else 1e-15)


@settings(max_examples=200, deadline=None)
@given(dtypes, st.sampled_from(list(LAYOUTS)), st.sampled_from(["sum", "prod", "mean", "any", "all"]), st.data())
def test_reductions_are_numpys(dtype: str, name: str, function: str, data: st.DataObject) -> None:
    t, array = LAYOUTS[name].pair(dtype, 1) if function == "prod" else pair(LAYOUTS[name], dtype, 1)
    if function == "prod":
        t, array = t * 0 + 1j, array * 0 + 1j
    axis = data.draw(st.sampled_from([None, *range(t.ndim)]))
    if array.size == 0 and function == "mean":
        return
    wanted = getattr(np, function)(array, axis=axis)
    if function in ("any", "all"):
        wanted = np.asarray(wanted, bool)
    assert_parts(getattr(ao, function)(t, axis=axis), wanted, f"{function} {name} {axis}", 1e-6)


@settings(max_examples=100, deadline=None)
@given(dtypes, st.integers(1, 300), st.booleans())
def test_scans_are_numpys(dtype: str, count: int, first: bool) -> None:
    x = numbers(dtype, (count, 3), count)
    t = ao.tensor(x)
    assert_parts(ao.cumulative_sum(t, axis=0, include_initial=first)[1 if first else 0 :], np.cumsum(x, axis=0))
    units = np.array([1, 1j, -1, -1j], dtype)[np.random.default_rng(count).integers(0, 4, (count, 3))]
    assert_parts(ao.cumulative_prod(ao.tensor(units), axis=0), np.cumprod(units, axis=0))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("shape", "axis"), [((8,), 0), ((3000,), 0), ((3000, 4), 0), ((4, 3000), 1), ((70_000,), 0)])
@pytest.mark.parametrize(("dtype", "large"), [("complex64", 1e30), ("complex128", 1e200)])
def test_no_part_of_a_product_leaves_the_range(
    dtype: str, large: float, shape: tuple[int, ...], axis: int, threads: int
) -> None:
    turns = np.exp(2j * np.random.default_rng(len(shape)).random(shape))
    sizes = np.where(np.arange(shape[axis]) % 4 < 2, large, 1 / large).reshape(
        [-1, 1][: len(shape)] if axis == 0 else -1
    )
    x = (turns * sizes).astype(dtype)
    wanted = np.cumprod(turns, axis=axis, dtype=np.clongdouble) * np.cumprod(
        sizes, axis=axis % sizes.ndim, dtype=np.longdouble
    )
    before = ao.get_num_threads()
    try:
        ao.set_num_threads(threads)
        running, whole = ao.cumulative_prod(ao.asarray(x), axis=axis), ao.prod(ao.asarray(x), axis=axis)
    finally:
        ao.set_num_threads(before)
    inside = abs(wanted) < np.finfo(dtype).max
    tolerance = 1e-3 if dtype == "complex64" else 1e-12
    last = np.take(wanted, -1, axis=axis)
    assert inside.sum() > inside.size // 2 and np.isfinite(last).all()
    assert (abs(np.asarray(running) - wanted)[inside] <= tolerance * abs(wanted)[inside]).all()
    assert (abs(np.asarray(whole) - last) <= tolerance * abs(last)).all()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(2049,), (5000,), (2049, 3), (3, 2049), (300_000,)])
@pytest.mark.parametrize("value", [0.5 + 0j, 2 + 0j, 10j])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_running_products_that_leave_the_range(
    dtype: str, value: complex, shape: tuple[int, ...], threads: int
) -> None:
    x = np.full(shape, value, dtype)
    axis, before = shape.index(max(shape)), ao.get_num_threads()
    try:
        ao.set_num_threads(threads)
        found = np.asarray(ao.cumulative_prod(ao.asarray(x), axis=axis))
        product = np.asarray(ao.prod(ao.asarray(x), axis=axis))
    finally:
        ao.set_num_threads(before)
    with np.errstate(all="ignore"):
        wanted, whole = np.cumprod(x, axis=axis), np.prod(x, axis=axis)
    finite = np.isfinite(wanted)
    assert np.allclose(found[finite], wanted[finite], rtol=1e-2 if dtype == "complex64" else 1e-9)
    assert not np.isfinite(found[~finite]).any()
    assert np.array_equal(np.isfinite(product), np.isfinite(whole))


@pytest.mark.parametrize("first", [complex(-math.inf, -0.2), complex(1, math.inf), complex(math.nan, 2), -0.0 + 0j])
def test_a_running_result_begins_with_the_first_element_itself(first: complex) -> None:
    """Infinite numbers are not what they were after a multiplication by 1."""
    for x in (
        np.array([first]),
        np.array([first, 2.0]),
        np.array([[first, 2j, 1.0]]),
        np.array([[first], [2j], [1.0]]),
    ):
        for axis in range(x.ndim):
            for name, numpys in (("cumulative_prod", np.cumprod), ("cumulative_sum", np.cumsum)):
                with np.errstate(all="ignore"):
                    wanted = numpys(x, axis=axis)
                found = np.asarray(getattr(ao, name)(ao.asarray(x), axis=axis))
                start = (slice(None),) * axis + (slice(0, 1),)
                assert found[start].view("float64").tobytes() == wanted[start].view("float64").tobytes(), (
                    x,
                    axis,
                    name,
                )


def test_a_long_sum_has_the_same_bits_on_any_number_of_threads() -> None:
    x = np.random.default_rng(1).normal(size=(400_000, 2)).view("complex128").ravel()
    t, before, sums = ao.tensor(x), ao.get_num_threads(), set()
    try:
        for count in (1, 2, 3, 8):
            ao.set_num_threads(count)
            sums.add(repr(ao.sum(t).item()))
    finally:
        ao.set_num_threads(before)
    assert len(sums) == 1 and abs(complex(sums.pop()) - complex(np.sum(x))) < 1e-9


@settings(max_examples=300, deadline=None)
@given(st.complex_numbers(allow_nan=False, allow_infinity=False), dtypes)
def test_absolute_values_err_by_at_most_one_ulp(number: complex, dtype: str) -> None:
    x = ao.tensor(number, dtype=dtype)
    value = x.item()
    got = abs(x).item()
    with mpmath.workprec(300):
        exact = mpmath.hypot(mpmath.mpf(value.real), mpmath.mpf(value.imag))
        kind = np.float32 if dtype == "complex64" else np.float64
        with np.errstate(all="ignore"):
            nearest = kind(float(exact))
        if not np.isfinite(nearest) or not np.isfinite(got):
            assert exact > mpmath.mpf(float(np.finfo(kind).max)) * (1 - mpmath.mpf(2) ** -20)
            return
        with np.errstate(all="ignore"):
            unit = float(np.spacing(nearest))
        assert abs(mpmath.mpf(got) - exact) <= 1.01 * mpmath.mpf(unit) or not np.isfinite(unit)


def test_absolute_values_of_infinities() -> None:
    for other in (0.0, -1.0, np.inf, np.nan):
        for infinite in (np.inf, -np.inf):
            values = [complex(infinite, other), complex(other, infinite)]
            for dtype in COMPLEX:
                assert abs(ao.tensor(values, dtype=dtype)).tolist() == [np.inf, np.inf]


def test_parts() -> None:
    t = ao.tensor([1 + 2j, -3j])
    assert ao.real(t).tolist() == [1.0, 0.0] and ao.imag(t).tolist() == [2.0, -3.0]
    assert ao.conj(t).tolist() == [1 - 2j, 3j] and ao.real(t.astype("complex64")).dtype == "float32"
    assert ao.real(ao.tensor([1, 2])).tolist() == ao.conj(ao.tensor([1, 2])).tolist() == [1, 2]
    assert ao.imag(ao.tensor([1.5, np.inf])).tolist() == [0.0, 0.0]
    assert (t * ao.conj(t)).tolist() == [5 + 0j, 9 + 0j]


# --- promotion and numbers ------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(abi.NAMES), st.sampled_from([2j, 1 + 1j, complex(3, 0)]))
def test_python_complex_numbers_are_weak(dtype: str, number: complex) -> None:
    t, array = ao.tensor([1, 0, 1], dtype=dtype), np.array([1, 0, 1], dtype)
    assert_parts(t + number, array + number)
    assert_parts(number * t, number * array)
    assert_parts(number - t, number - array)
    assert (t == number).tolist() == (array == number).tolist()
    assert ao.result_type(t, number) == np.result_type(array, number)


@settings(max_examples=200, deadline=None)
@given(dtypes, st.sampled_from(abi.NAMES))
def test_complex_tensors_promote_as_numpys(dtype: str, other: str) -> None:
    x, y = numbers(dtype, (5,), 1), np.array([1, 0, 1, 1, 0], other)
    for function in (ao.add, ao.multiply, ao.equal):
        assert_parts(function(ao.tensor(x), ao.tensor(y)), getattr(np, function.__name__)(x, y))
    assert (ao.tensor(x) + 3).dtype == ao.tensor(x).dtype == (2.5 * ao.tensor(x)).dtype


def test_lists_of_complex_numbers() -> None:
    assert ao.tensor([1, 2.5, 3j]).tolist() == [1 + 0j, 2.5 + 0j, 3j] and ao.tensor(2j).dtype == "complex128"
    assert ao.tensor([[1j], [True]]).tolist() == [[1j], [1 + 0j]] and ao.asarray([1j], dtype="complex64").item() == 1j
    assert ao.tensor([np.complex64(1j), 2]).dtype == "complex64"
    assert ao.full(2, 1j).tolist() == [1j, 1j] and ao.ones(2, dtype=complex).tolist() == [1 + 0j] * 2
    assert ao.tensor([ao.tensor([1j]), [2.0]]).tolist() == [[1j], [2 + 0j]]

    class Own(complex):
        pass

    assert ao.tensor([Own(1, 2)]).tolist() == [1 + 2j]
    t = ao.zeros(2, dtype="complex64")
    t[0] = 1 + 2j
    t[1] = 3
    assert t.tolist() == [1 + 2j, 3 + 0j] and complex(t[0]) == 1 + 2j and bool(t[0])
    with pytest.raises(TypeError):
        float(t[0])


# --- conversions ----------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(abi.NAMES), dtypes, st.sampled_from(list(LAYOUTS)))
def test_everything_becomes_complex(source: str, target: str, name: str) -> None:
    t, array = pair(LAYOUTS[name], source, 1)
    assert_parts(t.astype(target), array.astype(target), f"{source} to {target}")
    assert (t.astype(target) != 0).tolist() == (array.astype(target) != 0).tolist()


def test_complex_numbers_become_bools_but_no_real_numbers() -> None:
    for dtype in COMPLEX:
        t = ao.tensor([0j, 1j, complex(-0.0, -0.0), complex(0, np.nan)], dtype=dtype)
        assert t.astype("bool").tolist() == [False, True, False, True]
        for target in REAL[1:]:
            with pytest.raises(TypeError, match=f"astype: x must have real elements to be converted to {target}, got"):
                t.astype(target)
            with pytest.raises(TypeError, match="must have real elements"):
                ao.asarray(t, dtype=target)
            real = ao.zeros(4, dtype=target)
            with pytest.raises(TypeError, match="assignment: value must have real elements"):
                real[:] = t
            with pytest.raises(TypeError, match=f"value must be a real number for dtype {target}, got complex 1j"):
                real[0] = 1j
            with pytest.raises(TypeError, match="out must be able to hold"):
                ao.add(t, 1, out=real)
            assert real.tolist() == [0] * 4


def test_buffers_both_ways() -> None:
    for dtype in COMPLEX:
        x = numbers(dtype, (3, 4), 1)
        t = ao.asarray(x)
        assert t.dtype == dtype and np.shares_memory(np.asarray(t), x) and np.asarray(t).dtype == dtype
        assert t.T.tolist() == x.T.tolist() and t[1, 2].item() == x[1, 2] and t.item(0, 0) == x[0, 0]
        assert pickle.loads(pickle.dumps(t)).tolist() == x.tolist()
        assert t.T.contiguous().tolist() == x.T.tolist() and t[:, ::-2].contiguous().tolist() == x[:, ::-2].tolist()


# --- what is an error -----------------------------------------------------------------------------------------------


def test_complex_numbers_have_no_order() -> None:
    t = ao.tensor([1j, 2.0])
    for function in (ao.less, ao.less_equal, ao.greater, ao.greater_equal, ao.maximum, ao.minimum):
        with pytest.raises(TypeError, match="must be of one of the dtypes bool, int8, "):
            function(t, t)
    for function in (ao.max, ao.min, ao.argmax, ao.argmin, ao.relu, ao.erf, ao.clip, ao.var, ao.std):
        with pytest.raises(TypeError):
            function(t)
    with pytest.raises(TypeError):
        t < 1  # noqa: B015
    with pytest.raises(TypeError, match="arange: stop must be a real number, got complex 3j"):
        ao.arange(3j)


# --- printing -------------------------------------------------------------------------------------------------------


def test_printing() -> None:
    assert repr(ao.tensor([1 + 2.5j, -3.25 + 0j])) == "tensor([ 1.  +2.5j, -3.25+0.j ])"
    assert repr(ao.tensor(1j)) == "tensor(0.+1.j)" and repr(ao.tensor([0.1j], dtype="complex64")) == (
        "tensor([0.+0.1j], dtype=aotops.complex64)"
    )
    assert repr(ao.tensor([complex(np.nan, -0.0), complex(1, -np.inf)])) == "tensor([nan -0.j,  1.-infj])"
    assert f"{ao.tensor([1.25 + 2j]):.1f}" == "tensor([1.2+2.0j])" and f"{ao.tensor(2j):.1f}" == "0.0+2.0j"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.complex_numbers(), max_size=9), dtypes)
def test_printed_numbers_are_read_back(values: list[complex], dtype: str) -> None:
    t = ao.tensor(values, dtype=dtype)
    for number in t:
        text = repr(number).removeprefix("tensor(").partition(",")[0].rstrip(")").replace(" ", "")
        again = complex(text.replace(".+", "+").replace(".-", "-").replace(".j", "j"))
        value = number.item()
        for a, b in ((again.real, value.real), (again.imag, value.imag)):
            assert a == b or (a != a and b != b) or np.float32(a) == np.float32(b)


def test_limits_and_kinds() -> None:
    for dtype in COMPLEX:
        assert ao.finfo(dtype).dtype == PARTS[dtype] and ao.finfo(dtype).eps == np.finfo(dtype).eps
        assert ao.isdtype(getattr(ao, dtype), "complex floating") and ao.isdtype(dtype, "numeric")
        assert not ao.isdtype(dtype, "real floating")
        assert ao.can_cast("float32", dtype) and not ao.can_cast(dtype, "float64")
    assert ao.__array_namespace_info__().default_dtypes()["complex floating"] == "complex128"
    assert cmath.isclose(complex(ao.mean(ao.tensor([1j, 3.0]))), 1.5 + 0.5j)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_equality_of_all_kinds_of_parts(dtype: str) -> None:
    """Zeros of both signs, infinities, NaN, subnormal and largest numbers."""
    largest = float(np.finfo(dtype).max)
    parts = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, largest, -largest]
    numbers = np.array([complex(a, b) for a in parts for b in parts], dtype)
    x, y = (np.ascontiguousarray(each.ravel()) for each in np.meshgrid(numbers, numbers))
    for name in ("equal", "not_equal"):
        found = np.asarray(getattr(ao, name)(ao.asarray(x), ao.asarray(y)))
        np.testing.assert_array_equal(found, getattr(np, name)(x, y), err_msg=name)
