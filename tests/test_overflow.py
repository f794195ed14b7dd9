"""Reductions and scans none of whose parts overflows or underflows where the result does not."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layouts import FLOATS
from needs import requires_numba
from test_declare import supported_levels

import aotops as ao
from aotops import _native, ops
from aotops.intrinsics import narrow
from aotops.ops.record import Record

INF, NAN = math.inf, math.nan

#: Of each dtype a large number, whose sums with itself overflow, and one whose square does, and its reciprocal.
LARGE = {"float32": 2.0**127, "float64": 1e308}
FAR = {"float32": 2.0**90, "float64": 2.0**700}


@pytest.fixture(autouse=True)
def _same_number_of_threads_afterwards() -> Iterator[None]:
    before = ao.get_num_threads()
    yield
    ao.set_num_threads(before)


def placed(values: Any, dtype: str, layout: str) -> tuple[ao.Tensor, int | None]:
    """Numbers along an axis of a tensor in some layout."""
    line = np.asarray(values, dtype)
    if layout == "vector":
        return ao.asarray(line), None
    if layout == "with gaps":
        return ao.asarray(np.repeat(line, 2)[::2]), None
    if layout == "rows":
        return ao.asarray(np.stack([line, np.ones_like(line)])), 1
    if layout == "columns":
        return ao.asarray(np.stack([line, np.ones_like(line)] * 10, 1)), 0
    return ao.asarray(np.stack([line] * 600, 1)), 0  # wide


LAYOUTS = ("vector", "with gaps", "rows", "columns", "wide")


def first_of(result: ao.Tensor) -> Any:
    """The first element of a result, or the first line."""
    array = np.asarray(result)
    return array.ravel()[0].item()


def rounded(value: Fraction | float, dtype: str) -> float:
    """The nearest number of a dtype, infinite beyond its range."""
    try:
        value = float(value)
    except OverflowError:
        value = INF if value > 0 else -INF
    return narrow(value) if dtype == "float32" else value


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_products_whose_parts_leave_the_range(dtype: str, layout: str) -> None:
    far = FAR[dtype]
    for values, wanted in (
        ([far, 1 / far] * 64, 1.0),
        ([1 / far, far] * 64, 1.0),
        ([far] * 64 + [1 / far] * 64, 1.0),
        ([1 / far] * 640 + [far] * 640, 1.0),
        ([-far, 1 / far] * 63, -1.0),
        ([far] * 64 + [1 / far] * 64 + [3.0], 3.0),
        ([far] * 64 + [0.0], 0.0),
        ([0.0] + [far] * 640, 0.0),
        ([far] * 64, INF),
        ([-far] * 63, -INF),
        ([1 / far] * 64, 0.0),
        ([1 / far] * 64 + [INF], INF),
        ([far] * 64 + [INF, 0.0], NAN),
        ([far] * 64 + [NAN], NAN),
    ):
        x, axis = placed(values, dtype, layout)
        got = first_of(ao.prod(x, axis))
        assert got == wanted or (got != got and wanted != wanted), (values[:2], len(values), got)
        if axis is not None and layout != "wide":
            assert np.asarray(ao.prod(x, axis)).ravel()[1] == 1.0


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_product_is_as_accurate_where_a_part_was_subnormal(dtype: str) -> None:
    tiny = float(np.finfo(dtype).tiny)
    values = [tiny, 1 / 3, 1 / 7, 1 / 11, 1 / tiny, 3.0, 7.0]
    x = ao.tensor(values, dtype=dtype)
    exact = math.prod(map(Fraction, x.tolist()))
    assert abs(Fraction(ao.prod(x).item()) / exact - 1) < 4 * np.finfo(dtype).eps


def test_the_products_that_were_reported() -> None:
    assert ao.prod(ao.arange(0, 50, 0.5, dtype="float32")).item() == 0.0
    assert ao.prod(ao.tensor([1e200, 1e-200] * 64)).item() == pytest.approx(1.0, rel=1e-13)
    assert ao.prod(ao.tensor([1e-200, 1e200] * 64)).item() == pytest.approx(1.0, rel=1e-13)
    running = np.asarray(ao.cumulative_sum(ao.tensor([1e308, -1e308] * 3000)))
    assert (running == np.tile([1e308, 0.0], 3000)).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_sums_whose_parts_leave_the_range(dtype: str, layout: str) -> None:
    large = LARGE[dtype]
    for values, wanted in (
        ([large, large, -large, -large], 0.0),
        ([large] * 500 + [-large] * 500, 0.0),
        ([large] * 500 + [-large] * 499, large),
        ([large, -large] * 3000 + [1.0], 1.0),
        ([large] * 300, INF),
        ([-large] * 300, -INF),
        ([large] * 300 + [-INF], -INF),
        ([INF, -INF] + [large] * 30, NAN),
        ([large] * 300 + [NAN], NAN),
    ):
        x, axis = placed(values, dtype, layout)
        for got in (first_of(ao.sum(x, axis)), first_of(ao.mean(x, axis)) * len(values)):
            if math.isfinite(wanted) or wanted != wanted:
                assert got == pytest.approx(wanted, rel=1e-6, nan_ok=True), (values[:3], len(values))
        assert first_of(ao.sum(x, axis)) == pytest.approx(wanted, rel=1e-6, nan_ok=True)
        if layout in ("rows", "columns"):
            assert np.asarray(ao.sum(x, axis)).ravel()[1] == len(values)


@pytest.mark.parametrize("dtype", FLOATS)
def test_means_and_deviations_of_large_and_small_numbers(dtype: str) -> None:
    large, small = LARGE[dtype], 1 / FAR[dtype]
    for axis, shape in ((None, (4,)), (0, (4, 3)), (1, (3, 4))):
        ones = np.array([1.0, 1.0, -1.0, -1.0])
        pattern = np.broadcast_to(ones if axis != 0 else ones[:, None], shape)
        for scale in (large, small, 1.0):
            x = ao.asarray((pattern * scale).astype(dtype))
            assert np.asarray(ao.std(x, axis)).ravel()[0] == pytest.approx(scale, rel=1e-6)
            root = np.asarray(ao.std(x, axis, correction=1, keepdims=True)).ravel()[0]
            assert root == pytest.approx(scale * math.sqrt(4 / 3), rel=1e-6) or root == INF
            wanted = rounded(Fraction(scale) ** 2, dtype)
            assert np.asarray(ao.var(x, axis)).ravel()[0] == pytest.approx(wanted, rel=1e-6)
        same = ao.asarray(np.full(shape, large, dtype))
        assert np.asarray(ao.mean(same, axis)).ravel()[0] == pytest.approx(large, rel=1e-6)
        assert np.asarray(ao.var(same, axis)).ravel()[0] == 0.0


@pytest.mark.parametrize(("shape", "axis"), [((7000,), 0), ((7000, 3), 0), ((3, 7000), 1), ((300, 600), 0)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_running_products_and_sums_whose_parts_leave_the_range(dtype: str, shape: tuple[int, ...], axis: int) -> None:
    far, large, n = FAR[dtype], LARGE[dtype], shape[axis]
    index = np.arange(n).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    for threads in (1, 3):
        ao.set_num_threads(threads)
        steps = np.broadcast_to(np.where(index % 4 < 2, far, 1 / far), shape).astype(dtype)
        got = np.asarray(ao.cumulative_prod(ao.asarray(steps), axis))
        with np.errstate(over="ignore"):
            wanted = np.broadcast_to(np.choose(index % 4, [far, np.dtype(dtype).type(far) ** 2, far, 1.0]), shape)
        np.testing.assert_array_equal(got, wanted.astype(dtype))
        signs = np.broadcast_to(np.where(index % 4 < 2, 1, -1) * large, shape).astype(dtype)
        running = np.asarray(ao.cumulative_sum(ao.asarray(signs), axis, include_initial=True))
        exact = np.take(running, range(1, n + 1), axis)
        with np.errstate(over="ignore"):
            level = np.array([large, 2 * large if dtype == "float64" else INF, large, 0.0])
        np.testing.assert_allclose(exact, np.broadcast_to(level[index % 4], shape), rtol=1e-6)
        assert (np.take(running, 0, axis) == 0).all()


numbers = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)


@settings(max_examples=150, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=80), st.integers(1, 12))
@example([1e200, 1e-200], 64)
@example([5e-324, 1e300], 12)
def test_sums_and_products_of_any_numbers(line: list[float], repeats: int) -> None:
    values = line * repeats
    x = ao.tensor(values)
    exact = math.prod(map(Fraction, values))
    wanted, got = rounded(exact, "float64"), ao.prod(x).item()
    # a product just beyond the range may be rounded to its end
    if math.isfinite(got):
        assert abs(Fraction(got) - exact) <= abs(exact) * len(values) * Fraction(2) ** -53 + Fraction(2) ** -1074
    else:
        assert abs(exact) > Fraction(2) ** 1023 and math.copysign(1, got) == math.copysign(1, wanted)
    total, size = sum(map(Fraction, values)), sum(map(abs, map(Fraction, values)))
    got = ao.sum(x).item()
    if math.isfinite(got):
        assert abs(Fraction(got) - total) <= size * len(values) * Fraction(2) ** -52
    else:
        assert abs(total) + size * Fraction(2) ** -40 > Fraction(2) ** 1023
    mean = ao.mean(x).item()
    assert abs(Fraction(mean) - total / len(values)) <= size * Fraction(2) ** -45 + Fraction(2) ** -1073


@pytest.mark.parametrize("dtype", FLOATS)
def test_bits_do_not_depend_on_threads_where_a_part_overflows(dtype: str) -> None:
    generator = np.random.default_rng(3)
    exponents = generator.integers(-120 if dtype == "float32" else -1000, 120 if dtype == "float32" else 1000, 200_000)
    array = np.ldexp(generator.standard_normal(200_000), exponents - exponents.mean().astype(int)).astype(dtype)
    array[array == 0] = 1
    for operator, x in itertools.product(
        (ao.prod, ao.sum, ao.mean, ao.std), (ao.asarray(array), ao.asarray(array.reshape(400, 500)))
    ):
        found = set()
        for threads in (1, 2, 5):
            ao.set_num_threads(threads)
            found.add(np.asarray(operator(x, 0)).tobytes())
        assert len(found) == 1
    for scan, threads in itertools.product((ao.cumulative_prod, ao.cumulative_sum), (1, 4)):
        ao.set_num_threads(threads)
        again = np.asarray(scan(ao.asarray(array), 0)).tobytes()
        ao.set_num_threads(1)
        assert again == np.asarray(scan(ao.asarray(array), 0)).tobytes()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_product_has_the_same_bits_with_exponents_apart(dtype: str, layout: str) -> None:
    """Where no part leaves the range, both ways agree, so that it does not matter which was taken."""
    generator = np.random.default_rng(8)
    parts = _native.operators
    for n in (5, 70, 1030, 5000, 20_000):
        x, axis = placed(np.exp(generator.standard_normal(n) / 40) * generator.choice([-1, 1], n), dtype, layout)
        for name in ("_product_apart", "_product_by_blocks"):
            np.testing.assert_array_equal(np.asarray(parts[name](x, axis)), np.asarray(ao.prod(x, axis)))
        running = np.asarray(parts["_cumulative_product_apart"](x, axis))
        np.testing.assert_array_equal(running, np.asarray(ao.cumulative_prod(x, axis)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [300, 3000, 50_000])
def test_products_whose_sixteens_leave_the_range_are_right_as_well(dtype: str, n: int) -> None:
    """Each way is tried: products of a few elements may leave the range, those of sixteen, or none."""
    generator = np.random.default_rng(n)
    for size in (2.0, 2.0**12, 2.0**90):
        values = np.where(np.arange(n) % 7 < 4, size, 1 / size) * generator.uniform(0.9, 1.1, n)
        values = np.concatenate([values, 1 / values]).astype(dtype)
        logs = np.log2(values.astype("longdouble"))
        for array in (values, np.sort(values), values[::-1]):
            for x in (ao.asarray(array), ao.asarray(np.repeat(array, 2))[::2]):
                got = ao.prod(x).item()
                assert abs(math.log2(got) - float(logs.sum())) < 2 * n * np.finfo(dtype).eps, (size, got)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_line_does_not_change_a_product_beside_it(dtype: str) -> None:
    """One line of a tensor leaves the range; all others have the bits that they have without it."""
    line = np.exp(np.random.default_rng(9).standard_normal(500) / 40).astype(dtype)
    for axis in (0, 1):
        plain = np.stack([line, line[::-1], -line] * 8, 1 - axis)
        beside = plain.copy()
        np.moveaxis(beside, axis, 0)[:, 0] = np.resize([FAR[dtype], 1 / FAR[dtype]], 500)
        together, alone = (np.asarray(ao.prod(ao.asarray(each), axis)) for each in (beside, plain))
        assert together[0] == 1.0
        np.testing.assert_array_equal(together[1:], alone[1:])


@pytest.mark.parametrize("dtype", FLOATS)
def test_products_leave_the_range_where_they_must(dtype: str) -> None:
    """Products of each size near the ends of the range and far beyond, of numbers of all kinds."""
    generator = np.random.default_rng(4)
    info = np.finfo(dtype)
    for n in (100, 3000):
        for exponent in (*range(-1300, 1301, 100), info.minexp, info.maxexp, info.minexp - info.nmant):
            for spread in (0.01, 1.0, 60.0):
                logs = generator.standard_normal(n) * spread
                logs += exponent / n - logs.mean()
                values = np.exp2(np.clip(logs, info.minexp + 1, info.maxexp - 1)).astype(dtype)
                exact = np.sum(np.log2(values.astype("longdouble")))
                x = ao.asarray(np.stack([values, np.ones_like(values)], 1))
                got = np.asarray(ao.prod(x, 0))
                assert got[1] == 1.0
                if exact < info.minexp - info.nmant - 2:
                    assert got[0] == 0.0
                elif exact > info.maxexp + 1:
                    assert got[0] == INF
                elif abs(exact) < info.maxexp - 3:
                    assert abs(np.log2(got[0].astype("longdouble")) - exact) < 1e-3


def test_zeros_infinities_and_signs_of_products_that_leave_the_range() -> None:
    far = [2.0**700, 2.0**-700]
    for special in ((), (-1.0,), (0.0,), (-0.0,), (-0.0, -3.0), (INF,), (-INF, -2.0), (NAN,), (0.0, INF), (5e-324,)):
        values = far * 40 + list(special) + far * 40
        wanted = math.prod(special, start=1.0)
        for n in (1, 3):
            x = ao.tensor([values] * n)
            for got in (ao.prod(x, 1), ao.cumulative_prod(x, 1)[:, -1]):
                for value in got.tolist():
                    assert value == wanted or (value != value and wanted != wanted)
                    assert math.copysign(1, value) == math.copysign(1, wanted) or wanted != wanted


def test_inverse_powers() -> None:
    values = [5e-324, 1e-310, 2.0**-1022, 0.75, 1.0, 1.5, 3.0, 1e300, 1.7976931348623157e308, 0.0, -0.0]
    powers = [2.0 ** min(1 - math.frexp(x)[1], 1000) if x else 1.0 for x in values]
    inverse = _native.operators["_inverse_power"](ao.tensor([*values, INF, -INF, NAN])).tolist()
    assert inverse[:-3] == powers
    assert all(x != x for x in inverse[-3:])


@requires_numba
def test_reductions_of_users_are_done_again_as_well() -> None:
    total = ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float64")
    product = ao.reduce(lambda a, b: b * a, identity=1.0, dtypes="float64")
    running = ao.scan(lambda a, b: a * b, identity=1.0, dtypes="float64")
    assert total(ao.tensor([1e308, 1e308, -1e308, -1e308])).item() == 0.0
    far = [2.0**700, 2.0**-700] * 64
    assert product(ao.tensor(far)).item() == 1.0
    assert running(ao.tensor([2.0**700, 2.0**700, 2.0**-700])).tolist() == [2.0**700, INF, 2.0**700]


def test_which_records_are_done_again() -> None:
    records: dict[str, Record] = ops.collect()
    retries = {name: record.retry for name, record in records.items() if record.retry != "none"}
    assert retries == {
        "sum": "scaled",
        "cumulative_sum": "scaled",
        "prod": "apart",
        "cumulative_prod": "apart",
        "_product_by_blocks": "apart",
        "_sum_of_conjugate_products": "noted",
        "_sum_of_numbers": "noted",
        "_sum_of_squared_deviations": "noted",
    }


#: Complex numbers whose parts are subnormal, nearly infinite, or far apart.
OF_ANY_SIZES = (5e-324 + 1j, 1.5 - 1e-320j, 1e-320 + 1e-310j, -5e-324j, 3.5 + 1.75e308j, 1e-200 - 1e100j)


@pytest.mark.parametrize("level", supported_levels() or ["generic"])
def test_parts_of_products_may_have_any_sizes(level: str) -> None:
    """Products that leave the range and return to a number are this number: 2**600 twice, and 2**-600 twice."""
    program = f"""
import aotops as ao
for z in {OF_ANY_SIZES}:
    x = ao.tensor([z, 2.0**600, 2.0**600, 2.0**-600, 2.0**-600])
    print(ao.prod(x).item() == z, ao.cumulative_prod(x)[[0, 4]].tolist() == [z, z])
with ao.trace() as infinite:
    ao.cumulative_prod(ao.tensor([[complex("-inf-0.2j")], [0.1 - 2.4j], [1.6 + 0.9j]], dtype="complex64"), axis=0)
print([launch.operator for launch in infinite.launches])
"""
    environment = {**os.environ, "AOTOPS_CPU": level}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    expected = "True True\n" * len(OF_ANY_SIZES) + "['cumulative_prod']\n"  # once: infinite elements leave no range
    assert done.stdout == expected, done.stdout + done.stderr


def test_sums_of_complex_numbers_are_finite_if_those_of_their_parts_are() -> None:
    generator = np.random.default_rng(3)
    for dtype, real in (("complex64", "float32"), ("complex128", "float64")):
        large = float(np.finfo(real).max) * np.array([0.93, -0.91, 0.56, -0.37, 1e-9])
        for size in (5, 300, 5000):
            values = np.empty(size, dtype)
            values.real, values.imag = generator.choice(large, size), generator.choice(large, size)
            for array in (values, values[::-1], values.reshape(-1, 5), values.reshape(-1, 5).T):
                parts = [ao.asarray(part.copy()) for part in (array.real, array.imag)]
                for function in (ao.sum, ao.mean):
                    for options in ({}, {"axis": -1, "keepdims": True}, {"axis": 0}):
                        result = np.asarray(function(ao.asarray(array), **options))
                        wanted = [np.asarray(function(part, **options)) for part in parts]
                        rounding = {"rtol": 1e-6, "atol": 32 * float(large.max() * np.finfo(real).eps)}
                        np.testing.assert_allclose(result.real, wanted[0], **rounding)
                        np.testing.assert_allclose(result.imag, wanted[1], **rounding)


def test_running_sums_of_complex_numbers_are_finite_if_they_are() -> None:
    for dtype, large in (("complex64", 3e38), ("complex128", 1.5e308)):
        values = np.concatenate([np.full(80, large), np.full(79, -large)])
        for array, part in ((values.astype(dtype), np.real), ((values * 1j).astype(dtype), np.imag)):
            for x in (ao.asarray(array), ao.asarray(np.repeat(array, 2))[::2]):
                found = np.asarray(ao.cumulative_sum(x))
                assert np.isclose(part(found)[-1], large, rtol=1e-4) and part(found)[0] == part(array)[0]
                assert not np.isnan(found).any()
