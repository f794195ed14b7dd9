"""Reductions, argreductions, scans, statistics and choices: errors of rounding, corner cases, and what is rejected."""

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layouts import DTYPES, FLOATS, INT64_EXTREMES, LAYOUTS, assert_same
from reduction_errors import measured

import aotops as ao

INF, NAN = math.inf, math.nan


@pytest.fixture(autouse=True)
def _same_number_of_threads_afterwards() -> Iterator[None]:
    before = ao.get_num_threads()
    yield
    ao.set_num_threads(before)


# --- errors of rounding ------------------------------------------------------------------------------------------

N = 1_000_000

#: How many additions an element goes through at most: in a leaf the rounds of a lane, the tree of lanes and a tail;
#: then the tree of leaves.
DEEPEST = math.log2(N) + 140

KINDS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "positive": lambda generator, n: generator.random(n),
    "mixed": lambda generator, n: generator.standard_normal(n),
    "wide range": lambda generator, n: generator.standard_normal(n) * np.exp2(generator.integers(-20, 20, n)),
}

#: A million numbers so that they fold along some axis: the shape, the axis.
DIRECTIONS = {
    "contiguous": ((N,), 0),
    "rows": ((10, N // 10), 1),
    "axis 0": ((N // 10, 10), 0),
    "wide axis 0": ((N // 1000, 1000), 0),
    "middle axis": ((10, N // 1000, 100), 1),
}


def values_of(kind: str, dtype: str, n: int = N) -> np.ndarray:
    return KINDS[kind](np.random.default_rng(17), n).astype(dtype)


def errors(got: np.ndarray, lines: list[np.ndarray]) -> list[float]:
    """How far sums are from the truth, relative to the sums of absolute values, in units of rounding."""
    unit = float(np.finfo(got.dtype).eps) / 2
    found = []
    for value, line in zip(got.ravel().tolist(), lines, strict=True):
        numbers = line.tolist()
        found.append(abs(value - math.fsum(numbers)) / (math.fsum(map(abs, numbers)) * unit))
    return found


def lines_along(array: np.ndarray, axis: int) -> list[np.ndarray]:
    """What folds into each element of the result."""
    moved = np.moveaxis(array, axis, -1)
    return list(moved.reshape(-1, array.shape[axis]))


def some(things: list[Any], count: int = 12) -> slice:
    """Not all of many."""
    return slice(0, None, max(1, len(things) // count))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_sums_err_no_more_than_pairwise_ones(dtype: str, kind: str, direction: str) -> None:
    shape, axis = DIRECTIONS[direction]
    array = values_of(kind, dtype).reshape(shape)
    lines = lines_along(array, axis)
    few = some(lines)
    got = np.asarray(ao.sum(ao.asarray(array), axis)).ravel()[few]
    assert max(errors(got, lines[few])) <= DEEPEST
    # means are divided once more
    means = np.asarray(ao.mean(ao.asarray(array), axis)).ravel()[few]
    exact = [math.fsum(line.tolist()) / len(line) for line in lines[few]]
    scale = [math.fsum(map(abs, line.tolist())) / len(line) for line in lines[few]]
    unit = float(np.finfo(dtype).eps) / 2
    worst = max(abs(a - b) / (c * unit) for a, b, c in zip(means.tolist(), exact, scale, strict=True))
    assert worst <= DEEPEST + 2


@pytest.mark.parametrize("direction", ["contiguous", "rows", "axis 0"])
def test_float32_sums_are_far_better_than_running_ones(direction: str) -> None:
    """Errors as random as they come: the root of the mean square over several data sets."""
    shape, axis = DIRECTIONS[direction]
    ours, naive = [], []
    for seed in range(4):
        array = np.random.default_rng(seed).random(N).astype("float32").reshape(shape)
        line = lines_along(array, axis)[0]
        got = np.asarray(ao.sum(ao.asarray(array), axis)).ravel()[:1]
        ours += errors(got, [line])
        naive += errors(np.cumsum(line, dtype="float32")[-1:], [line])
    assert math.hypot(*ours) * 5 < math.hypot(*naive)
    assert math.hypot(*ours) / 2 < 8


@pytest.mark.parametrize("direction", ["contiguous", "axis 0", "middle axis"])
@pytest.mark.parametrize("kind", ["positive", "mixed"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_running_sums_err_no_more_than_pairwise_ones(dtype: str, kind: str, direction: str) -> None:
    shape, axis = DIRECTIONS[direction]
    array = values_of(kind, dtype).reshape(shape)
    got = np.moveaxis(np.asarray(ao.cumulative_sum(ao.asarray(array), axis)), axis, -1).reshape(-1, shape[axis])
    unit = float(np.finfo(dtype).eps) / 2
    for number in range(0, len(got), max(1, len(got) // 3)):
        line = lines_along(array, axis)[number]
        if dtype == "float32":
            # float64 is as good as the truth here
            exact, scale = np.cumsum(line, dtype="float64"), np.cumsum(np.abs(line), dtype="float64")
            assert (np.abs(got[number] - exact) <= DEEPEST * unit * scale).all()
            continue
        for end in {1, 2, 63, 64, 65, 513, 2048, 2049, 4097, len(line) // 3, len(line) - 1, len(line)} - {0}:
            if end <= len(line):
                numbers = line[:end].tolist()
                bound = DEEPEST * unit * math.fsum(map(abs, numbers))
                assert abs(got[number, end - 1] - math.fsum(numbers)) <= bound, end


def test_float32_running_sums_are_far_better_than_naive_ones() -> None:
    array = np.random.default_rng(4).random(N).astype("float32")
    exact = np.cumsum(array, dtype="float64")
    ours = np.asarray(ao.cumulative_sum(ao.asarray(array))) - exact
    naive = np.cumsum(array, dtype="float32") - exact
    assert np.sqrt(np.mean(ours**2)) * 10 < np.sqrt(np.mean(naive**2))


def exact_variance(line: np.ndarray, correction: int = 0) -> float:
    """The variance in fractions."""
    numbers = [Fraction(x) for x in line.tolist()]
    mean = sum(numbers) / len(numbers)
    return float(sum((x - mean) ** 2 for x in numbers) / (len(numbers) - correction))


@pytest.mark.parametrize("shape", [(20_000,), (20_000, 2), (2, 20_000)])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("dtype", FLOATS)
def test_variances_are_accurate(dtype: str, offset: float, shape: tuple[int, ...]) -> None:
    """In two passes: no cancellation, though the mean is a thousand times the deviation."""
    array = (np.random.default_rng(6).standard_normal(shape) + offset).astype(dtype)
    axis = shape.index(20_000)
    line = lines_along(array, axis)[0]
    unit = float(np.finfo(dtype).eps) / 2
    for correction in (0, 1):
        exact = exact_variance(line, correction)
        got = np.asarray(ao.var(ao.asarray(array), axis, correction=correction)).ravel()[0]
        # the mean's own error enters squared, and the deviations' by what an element loses beside the offset
        bound = (DEEPEST + 4 * max(1.0, offset)) * unit * exact + (DEEPEST * unit * max(1.0, offset)) ** 2
        assert abs(float(got) - exact) <= bound
        root = np.asarray(ao.std(ao.asarray(array), axis, correction=correction)).ravel()[0]
        assert abs(float(root) - math.sqrt(exact)) <= bound / math.sqrt(exact) + 2 * unit * math.sqrt(exact)


@pytest.mark.parametrize("dtype", FLOATS)
def test_variances_far_from_zero(dtype: str) -> None:
    """Where the mean's own error is as large as the deviations, or larger."""
    far, step = (1e6, 0.0625) if dtype == "float32" else (1e15, 0.125)
    for seed, shape, axis in ((1, (1000,), 0), (2, (1000, 3), 0), (3, (3, 20_000), 1), (4, (50, 600), 0)):
        generator = np.random.default_rng(seed)
        array = (far + step * generator.integers(0, 4, shape)).astype(dtype)
        for layout in (array, np.repeat(array, 2, -1)[..., ::2], np.ascontiguousarray(array.T).T):
            x = ao.asarray(layout)
            for correction in (0, 1):
                exact = exact_variance(lines_along(array, axis)[0], correction)
                for function, wanted in ((ao.var, exact), (ao.std, math.sqrt(exact))):
                    got = np.asarray(function(x, axis, correction=correction, keepdims=True)).ravel()[0]
                    assert abs(float(got) - wanted) <= 1e-5 * wanted
    for value in (far + step, 0.1, 1e-3, 12345.678):
        same = ao.full((777, 5), value, dtype=dtype)
        assert max(ao.var(same, 0).tolist()) <= (float(np.finfo(dtype).eps) * value) ** 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_whether_a_variance_is_corrected_depends_on_itself_alone(dtype: str) -> None:
    generator = np.random.default_rng(9)
    near = generator.standard_normal(3000).astype(dtype)
    far = (near / 8 + 1e7).astype(dtype) if dtype == "float32" else near / 8 + 1e15
    alone = ao.var(ao.asarray(np.stack([near, near], 1)), 0).tolist()
    beside = ao.var(ao.asarray(np.stack([near, far], 1)), 0).tolist()
    assert alone[0] == beside[0]


@pytest.mark.parametrize("period", [2, 4, 8, 16, 32, 64])
@pytest.mark.parametrize("n", [100, 1000, 10_007, 100_000])
@pytest.mark.parametrize("gaps", [False, True])
def test_sums_of_elements_that_change_their_sign_err_as_numpys_of_one_period(n: int, period: int, gaps: bool) -> None:
    """Lanes that have elements of one sign are combined with those of the other before the next block is.

    Of the period 2, NumPy's lanes cancel in the same way; its errors with longer periods are no measure.
    """
    generator, ours, theirs = np.random.default_rng(n + period), [], []
    for _ in range(30):
        sizes = generator.random(n)
        here, there = (np.where(np.arange(n) % p < p // 2, sizes, -sizes).astype("float32") for p in (period, 2))
        x = np.repeat(here, 2)[::2] if gaps else here
        ours.append(float(ao.sum(ao.asarray(x))) - math.fsum(here.tolist()))
        theirs.append(float(np.sum(there)) - math.fsum(there.tolist()))
    assert np.sqrt(np.mean(np.square(ours))) <= 2.5 * np.sqrt(np.mean(np.square(theirs)))


def test_errors_are_no_larger_than_those_of_numpy() -> None:
    """On each kind of data the largest and the mean error of ``reduction_errors``, over all shapes and layouts."""
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for name, dtype, _, _, _, data, ours, theirs in measured():
        found.setdefault((name, dtype, data), []).append((ours, theirs))
    for case, both in found.items():
        ours, theirs = zip(*both, strict=True)
        assert max(ours) <= max(theirs), case
        assert sum(ours) <= sum(theirs), case


@pytest.mark.parametrize("shape", [(7,), (100,), (2049,), (200_000,), (70_000, 3), (3, 70_000), (4000, 300)])
@pytest.mark.parametrize("dtype", FLOATS)
def test_running_sums_of_positive_numbers_never_fall(dtype: str, shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(len(shape))
    for data in (
        generator.random(shape),
        np.full(shape, 0.1),
        generator.random(shape) * (generator.random(shape) < 0.01),
        np.exp2(generator.integers(-30, 10, shape).astype(float)),
    ):
        for threads, layout in itertools.product((1, 2, 5), ("contiguous", "with gaps")):
            ao.set_num_threads(threads)
            array = data.astype(dtype)
            x = ao.asarray(array if layout == "contiguous" else np.repeat(array, 2, -1)[..., ::2])
            for axis in range(len(shape)):
                running = np.asarray(ao.cumulative_sum(x, axis, include_initial=True))
                assert (np.diff(running, axis=axis) >= 0).all()
                grows = np.asarray(ao.cumulative_prod(ao.add(ao.multiply(x, 1e-5), 1.0), axis))
                assert (np.diff(grows, axis=axis) >= 0).all()
    ao.set_num_threads(1)


# --- any and all -------------------------------------------------------------------------------------------------

BORDERS = [0, 63, 64, 127, 128, 8191, 8192, 8193, 32_767, 32_768, 65_535, 65_536]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))),
    st.sampled_from(DTYPES),
    st.integers(1, 8),
)
@example((100_000, 99_999), "float64", 2)
@example((32_768, 0), "bool", 8)
def test_any_and_all_see_the_element_that_decides(place: tuple[int, int], dtype: str, threads: int) -> None:
    length, position = place
    ao.set_num_threads(threads)
    for operator, usual in ((ao.any, 0), (ao.all, 1)):
        array = np.full(length, usual, dtype)
        x = ao.asarray(array)
        assert operator(x).item() is bool(usual)
        array[position] = 1 - usual
        assert operator(x).item() is operator(x[::-1]).item() is not bool(usual)
        assert operator(x, keepdims=True).tolist() == [not usual]


@pytest.mark.parametrize("position", BORDERS)
def test_the_element_that_decides_in_each_direction(position: int) -> None:
    for shape, axis in (((70_000,), 0), ((3, 70_000), 1), ((70_000, 3), 0), ((70_000, 20), 0), ((2, 70_000, 3), 1)):
        array = np.zeros(shape, bool)
        np.moveaxis(array, axis, 0)[position].reshape(-1)[...] = False
        index = tuple(position if k == axis else length - 1 for k, length in enumerate(shape))
        array[index] = True
        x = ao.asarray(array)
        assert_same(ao.any(x, axis), array.any(axis), f"{shape} {position}")
        assert_same(ao.all(ao.equal(x, False), axis), (~array).all(axis), f"{shape} {position}")
        assert ao.any(x).item() is True


@pytest.mark.parametrize("length", [1, 63, 64, 65, 128, 319, 320, 321, 577, 640, 1000])
def test_any_and_all_see_every_element_of_a_row(length: int) -> None:
    """Rows of bools are combined four vectors at a time, one vector at a time, and one element at a time."""
    one = np.eye(length, dtype=bool)
    for each in (one, np.asfortranarray(one)):
        x = ao.asarray(each)
        for operator in (ao.any, ao.max):
            assert_same(operator(x, 1), np.ones(length, bool))
        for operator in (ao.all, ao.min):
            assert_same(operator(ao.logical_not(x), 1), np.zeros(length, bool))
    for call in (ao.any, ao.all, ao.max, ao.min):
        for value in (False, True):
            assert_same(call(ao.full((3, length), value), 1), np.full(3, value))


def test_what_counts_as_true() -> None:
    for dtype, values in (("float32", [0.0, -0.0, NAN, INF, 1e-45]), ("float64", [0.0, -0.0, NAN, -INF, 5e-324])):
        for value in values:
            x = ao.tensor([0.0, value], dtype=dtype)
            assert ao.any(x).item() is ao.all(x[1:]).item() is (value != 0)
    assert ao.any(ao.tensor([0, 2**63 - 1])).item() is ao.all(ao.tensor([-(2**63), 1])).item() is True


def test_any_and_all_of_nothing() -> None:
    for shape, axis in (((0,), None), ((3, 0), 1), ((0, 3), 0), ((0, 0), (0, 1))):
        x = ao.zeros(shape)
        array = np.zeros(shape)
        assert_same(ao.any(x, axis), array.any(axis))
        assert_same(ao.all(x, axis), array.all(axis))


# --- argmax and argmin -------------------------------------------------------------------------------------------

LENGTHS = (1, 2, 5, 63, 64, 65, 128, 200, 1000, 40_000, 70_001)
ARGREDUCTIONS = [(ao.argmax, np.argmax, 1), (ao.argmin, np.argmin, -1)]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("call", "oracle", "sign"), ARGREDUCTIONS, ids=["argmax", "argmin"])
def test_the_first_of_several_best_ones(call: Any, oracle: Any, sign: int, length: int) -> None:
    generator = np.random.default_rng(length)
    for dtype in DTYPES:
        # nearly all alike, and so many ties
        array = np.ones(length, dtype) if dtype == "bool" else np.full(length, 1 - sign, dtype)
        for places in (generator.integers(0, length, 3), [length - 1], [0], [length // 2, length - 1]):
            some_best = array.copy()
            some_best[places] = (sign > 0) if dtype == "bool" else 1 + sign
            if dtype == "bool" and sign > 0:
                some_best = ~some_best
                some_best[places] = True
            for x in (some_best, some_best[::-1], np.repeat(some_best, 2)[::2]):
                assert call(ao.tensor(x)).item() == oracle(x), (dtype, places)
            columns = np.stack([some_best, some_best[::-1], array], 1)
            assert_same(call(ao.tensor(columns), 0), oracle(columns, 0), f"{dtype} {places}")
            wide = np.repeat(some_best[:, None], 9, 1)
            assert_same(call(ao.tensor(wide), 0), oracle(wide, 0), f"{dtype} {places}")


@pytest.mark.parametrize(
    "places", [(0,), (7,), (8, 20), (63,), (511, 600), (1023, 1073), (1024,), (8191, 8300), (39_999,)]
)
def test_the_first_extreme_of_elements_with_gaps(places: tuple[int, ...]) -> None:
    """At the borders of what is copied at a time; what no element can be better than ends the search."""
    for dtype, value in (("bool", True), ("uint8", 255), ("int64", 2**63 - 1), ("float64", NAN), ("float32", 7.0)):
        array = np.zeros((40_000, 3), dtype)
        array[list(places)] = value
        for x in (array[:, 1], array, np.ascontiguousarray(array[:, 1])):
            assert_same(ao.argmax(ao.asarray(x), 0), np.argmax(x, 0), f"{dtype} {places}")
            assert_same(ao.max(ao.asarray(x), 0), np.max(x, 0), f"{dtype} {places}")
        if dtype != "bool":
            continue
        assert_same(ao.argmin(ao.asarray(~array), 0), np.argmin(~array, 0), f"{places}")


@pytest.mark.parametrize(("call", "oracle", "sign"), ARGREDUCTIONS, ids=["argmax", "argmin"])
def test_argreductions_compare_elements_in_their_own_dtype(call: Any, oracle: Any, sign: int) -> None:
    """Nothing is cast, of no dtype that has an order; the ends of its range are found, and the first of equal ones."""
    generator = np.random.default_rng(33)
    for dtype in ("bool", *(f"{prefix}int{bits}" for prefix in ("", "u") for bits in (8, 16, 32, 64)), *FLOATS):
        assert "cast" not in str(ao.explain(call, ao.zeros((40, 500), dtype=dtype), axis=1)), dtype
        low, high = (0, 1) if dtype in ("bool", *FLOATS) else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        for shape in ((3, 7), (5, 64), (2, 9000), (9000, 2), (70_000,)):
            array = generator.integers(
                low, high, shape, dtype="uint64" if dtype == "uint64" else "int64", endpoint=True
            )
            for x in (array.astype(dtype), np.full(shape, low, dtype), np.full(shape, high, dtype)):
                for axis in range(len(shape)):
                    assert_same(call(ao.tensor(x), axis), oracle(x, axis), f"{dtype} {shape} {axis}")


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("call", "oracle", "sign"), ARGREDUCTIONS, ids=["argmax", "argmin"])
def test_the_first_nan_is_the_best(call: Any, oracle: Any, sign: int, length: int) -> None:
    for dtype, place in itertools.product(FLOATS, {0, length // 3, length - 1}):
        array = np.linspace(-1, 1, length).astype(dtype)
        array[0] = sign * INF
        array[place] = NAN
        assert call(ao.tensor(array)).item() == oracle(array) == place
        array[-1] = NAN
        assert call(ao.tensor(array)).item() == oracle(array)
        square = np.stack([array] * 10, 1)
        assert_same(call(ao.tensor(square), 0), oracle(square, 0))


@pytest.mark.parametrize("length", [1, 64, 65, 1000, 40_000])
@pytest.mark.parametrize(("call", "sign"), [(ao.argmax, 1), (ao.argmin, -1)], ids=["argmax", "argmin"])
def test_what_the_search_starts_from_is_no_element(call: Any, sign: int, length: int) -> None:
    """All elements are the worst there can be, or equal in another way."""
    worst = [("int64", -(2**63) if sign > 0 else 2**63 - 1), ("bool", sign < 0), ("float64", -sign * INF)]
    for dtype, value in [*worst, ("float32", -sign * INF), ("float64", NAN), ("float64", 7.0), ("float64", -0.0)]:
        assert call(ao.full(length, value, dtype=dtype)).item() == 0
        assert call(ao.full((length, 9), value, dtype=dtype), 0).tolist() == [0] * 9
    zeros = ao.tensor([0.0, -0.0] * length)
    assert call(zeros).item() == call(-zeros).item() == 0, "zeros are equal"


@pytest.mark.parametrize(("call", "oracle", "sign"), ARGREDUCTIONS, ids=["argmax", "argmin"])
def test_extreme_integers(call: Any, oracle: Any, sign: int) -> None:
    for numbers in itertools.permutations(INT64_EXTREMES[:6]):
        array = np.array(numbers)
        assert call(ao.tensor(array)).item() == oracle(array)
    long = np.random.default_rng(0).choice(INT64_EXTREMES, 50_000)
    assert call(ao.tensor(long)).item() == oracle(long)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_argreductions_of_random_views(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4), label="shape"))
    array = np.random.default_rng(data.draw(st.integers(0, 9))).integers(-3, 3, shape)
    order = data.draw(st.permutations(range(len(shape))), label="order")
    key = tuple(slice(None, None, data.draw(st.sampled_from([1, 2, -1, -2]))) for _ in shape)
    t, array = ao.permute_dims(ao.tensor(array)[key], order), array[key].transpose(order)
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1), label="axis")
    keepdims = data.draw(st.booleans())
    for call, oracle, _ in ARGREDUCTIONS:
        assert_same(call(t, axis, keepdims=keepdims), np.asarray(oracle(array, axis, keepdims=keepdims)))


# --- running sums and products -----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 2, 64, 2047, 2048, 2049, 6000, 70_000])
@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_running_integers_of_every_length(dtype: str, length: int) -> None:
    generator = np.random.default_rng(length)
    array = generator.integers(0, 2, length).astype(bool) if dtype == "bool" else generator.integers(-9, 9, length)
    wanted = array.cumsum(dtype="int64")
    for count in (1, 3):
        ao.set_num_threads(count)
        assert_same(ao.cumulative_sum(ao.tensor(array)), wanted)
        initial = ao.cumulative_sum(ao.tensor(array), include_initial=True)
        assert_same(initial, np.concatenate([[0], wanted]).astype("int64"))
        products = ao.cumulative_prod(ao.tensor(array), include_initial=True)
        assert_same(products, np.concatenate([[1], array.cumprod(dtype="int64")]).astype("int64"))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "uint64", "float32", "float64"])
@pytest.mark.parametrize("step", [-1, 2, 3, 4, -2, 5])
def test_reductions_in_any_order_of_elements_with_gaps(dtype: str, step: int) -> None:
    """Backwards is forwards, and small gaps are closed: pieces of long rows, of both axes, and of several inputs."""
    generator = np.random.default_rng(0)
    for shape, axis in (((6000,), 0), ((70000,), 0), ((3, 7000), 1), ((7, 3000), 0), ((50, 60), 1), ((40, 300), None)):
        x = generator.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
        gaps = np.repeat(x, abs(step), axis=-1)[..., ::step]
        for name in ("sum", "any", "all", "count_nonzero", *(("max", "min") if dtype != "bool" else ())):
            if name == "sum" and dtype.startswith("float"):
                continue
            own = ao.asarray(gaps)
            wanted, found = getattr(np, name)(gaps, axis=axis), getattr(ao, name)(own, axis=axis)
            assert np.array_equal(np.asarray(found), wanted), (name, shape)
            turned = getattr(np, name)(gaps[::-1], axis=axis)
            assert np.array_equal(np.asarray(getattr(ao, name)(own[::-1], axis=axis)), turned), (name, shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_and_sums_without_nan(dtype: str) -> None:
    nan, inf = np.nan, np.inf
    rows = np.asarray([[1, nan, 2], [nan, nan, nan], [-inf, nan, -inf], [nan, inf, inf], [-0.0, nan, 0.0]], dtype)
    x = ao.asarray(rows)
    assert np.array_equal(np.asarray(ao.nanmax(x, axis=1)), [2, nan, -inf, inf, 0], equal_nan=True)
    assert np.array_equal(np.asarray(ao.nanmin(x, axis=1)), [1, nan, -inf, inf, 0], equal_nan=True)
    assert np.array_equal(np.asarray(ao.nansum(x, axis=1)), [3, 0, -inf, inf, 0])
    assert float(ao.nanmax(x)) == inf
    assert float(ao.nanmin(x)) == -inf
    assert ao.nanmax(x[1]).dtype.name == dtype
    assert np.isnan(float(ao.nanmax(x[1])))
    assert np.isnan(float(ao.nanmin(x[1:2])))
    large = float(np.finfo(dtype).max)
    assert float(ao.nansum(ao.asarray(np.asarray([large, large, nan, -large], dtype)))) == large


def test_running_sums_in_place() -> None:
    for length, dtype in itertools.product((5, 3000, 70_000), ("int64", "float32", "float64")):
        values = np.random.default_rng(1).integers(-9, 9, length).astype(dtype)
        x = ao.tensor(values)
        assert ao.cumulative_sum(x, out=x) is x
        assert_same(x, values.cumsum(dtype=dtype))
        y = ao.tensor(values)
        ao.cumulative_sum(y[:-1], include_initial=True, out=y)
        assert_same(y, np.concatenate([[0], values[:-1].cumsum(dtype=dtype)]).astype(dtype))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_running_sums_of_nothing(shape: tuple[int, ...]) -> None:
    for axis in range(-len(shape), len(shape)):
        x, array = ao.zeros(shape), np.zeros(shape)
        assert_same(ao.cumulative_sum(x, axis), array.cumsum(axis))
        longer = list(shape)
        longer[axis] += 1
        for call, initial in ((ao.cumulative_sum, 0.0), (ao.cumulative_prod, 1.0)):
            assert_same(call(x, axis, include_initial=True), np.full(longer, initial))


def test_running_sums_wrap_around_and_go_through_nan() -> None:
    assert ao.cumulative_sum(ao.tensor([2**63 - 1, 1, 1])).tolist() == [2**63 - 1, -(2**63), -(2**63) + 1]
    x = ao.tensor([1.0, INF, -INF, 2.0])
    assert_same(ao.cumulative_sum(x), np.array([1.0, INF, NAN, NAN]))
    assert_same(ao.cumulative_sum(ao.tensor([-0.0, -0.0, 0.0])), np.array([-0.0, -0.0, 0.0]))


def test_an_axis_is_needed_but_for_one_dimension() -> None:
    for call in (ao.cumulative_sum, ao.cumulative_prod):
        assert call(ao.ones(3)).shape == (3,)
        for x in (ao.ones((2, 3)), ao.tensor(1.0)):
            message = f"{call.__name__}: axis must be given for a tensor of {x.ndim}"
            with pytest.raises(ValueError, match=message):
                call(x)


# --- mean, var and std -------------------------------------------------------------------------------------------

STATISTICS: list[tuple[str, Callable[..., ao.Tensor], Callable[..., Any]]] = [
    ("mean", ao.mean, np.mean),
    ("var", ao.var, np.var),
    ("std", ao.std, np.std),
]
by_statistic = pytest.mark.parametrize(("name", "call", "oracle"), STATISTICS, ids=["mean", "var", "std"])


def assert_close(got: ao.Tensor, wanted: Any, context: str = "") -> None:
    """Demand NumPy's dtype, shape and values, up to rounding."""
    wanted = np.asarray(wanted)
    assert got.dtype.name == wanted.dtype.name, context
    assert got.shape == wanted.shape, context
    eps = float(np.finfo(wanted.dtype).eps)
    np.testing.assert_allclose(np.asarray(got), wanted, rtol=40 * eps, atol=2000 * eps, err_msg=context)


@by_statistic
@pytest.mark.parametrize("dtype", DTYPES)
def test_statistics_on_every_layout(name: str, call: Any, oracle: Any, dtype: str) -> None:
    for seed, layout in enumerate(LAYOUTS.values()):
        t, array = layout.pair(dtype, seed)
        axes = [None, (), *range(-array.ndim, array.ndim), tuple(range(array.ndim)), (0, -1)[: max(0, array.ndim)]]
        for axis, keepdims in itertools.product(axes if array.ndim < 5 else axes[:4], (False, True)):
            if isinstance(axis, tuple) and len({k % array.ndim for k in axis}) != len(axis):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted = oracle(array, axis, keepdims=keepdims)
            assert_close(call(t, axis, keepdims=keepdims), wanted, f"{layout.name} {axis} {keepdims}")
        assert_same(t, array, "the input has changed")


@by_statistic
@pytest.mark.parametrize(("shape", "axis"), [((0,), None), ((3, 0), 1), ((0, 3), 0), ((2, 0, 3), (0, 1)), ((3, 0), 0)])
def test_statistics_of_nothing_are_nan_without_a_warning(
    name: str, call: Any, oracle: Any, shape: tuple[int, ...], axis: Any
) -> None:
    for dtype in ("int64", *FLOATS):
        result = call(ao.zeros(shape, dtype=dtype), axis)  # warnings are errors here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert_same(result, oracle(np.zeros(shape, dtype), axis))


@pytest.mark.parametrize("correction", [0, 1, 2, 0.5, 1.5, True])
def test_correction(correction: float) -> None:
    array = np.random.default_rng(3).random((5, 7))
    for axis in (None, 0, 1):
        for call, oracle in ((ao.var, np.var), (ao.std, np.std)):
            wanted = oracle(array, axis, ddof=correction)
            assert_close(call(ao.tensor(array), axis, correction=correction), wanted)


def test_a_correction_of_the_count_and_beyond() -> None:
    x = ao.tensor([1.0, 2.0, 4.0])
    for correction in (3, 4, 100):
        assert ao.var(x, correction=correction).item() == ao.std(x, correction=correction).item() == INF
    assert math.isnan(ao.var(ao.tensor([1.0]), correction=1).item())
    assert math.isnan(ao.var(ao.full(3, 2.0), correction=3).item())


@by_statistic
def test_statistics_into_out(name: str, call: Any, oracle: Any) -> None:
    array = np.random.default_rng(3).random((5, 7))
    x = ao.tensor(array)
    for axis, keepdims in itertools.product((None, 0, (0, 1)), (False, True)):
        wanted = oracle(array, axis, keepdims=keepdims)
        for dtype in FLOATS:
            out = ao.zeros(np.shape(wanted), dtype=dtype)
            assert call(x, axis, keepdims=keepdims, out=out) is out
            assert_close(out, np.asarray(wanted).astype(dtype))
    with pytest.raises(TypeError, match="out must be able to hold a result of dtype float64"):
        call(x, out=ao.zeros((), dtype="int64"))
    with pytest.raises(ValueError, match=r"out must have the shape of the result \(7,\), got \(5,\)"):
        call(x, 0, out=ao.zeros(5))
    part = ao.tensor(array)
    call(part, 0, out=part[2])
    assert_close(part[2], oracle(array, 0))


@by_statistic
def test_wrong_statistics(name: str, call: Any, oracle: Any) -> None:
    for wrong in (None, "1.0", iter([1.0]), {1.0}):
        with pytest.raises(TypeError, match=f"^{name}: x must be a Tensor, a Python number, an array or lists"):
            call(wrong)
    for operand in ([1.0, 2.5], (1, 0), np.array([1.0, 2.5], np.float32), 3.5, np.float32(2.5)):
        assert_close(call(operand), oracle(np.asarray(operand), None))
    with pytest.raises(ao.AxisError, match="axis must be from -2 to 1"):
        call(ao.ones((2, 3)), 2)
    with pytest.raises(ValueError, match="axis must not name an axis twice"):
        call(ao.ones((2, 3)), (0, -2))
    with pytest.raises(TypeError, match="axis must be an int"):
        call(ao.ones((2, 3)), 1.0)


def test_statistics_of_special_values() -> None:
    for value in (NAN, INF, -INF):
        x = ao.tensor([1.0, value, 2.0])
        assert_same(ao.mean(x), np.array(value))
        assert math.isnan(ao.var(x).item()) and math.isnan(ao.std(x).item())
    assert ao.mean(ao.tensor([2**63 - 1, 2**63 - 1])).item() == 2.0**63, "a sum of integers would wrap around"
    assert ao.mean(ao.tensor([True, False, True, True])).item() == 0.75
    assert ao.var(ao.tensor(5)).item() == ao.std(ao.tensor(True)).item() == 0.0
    assert ao.var(ao.full(1000, 0.1)).item() < 1e-30, "constant up to the mean's rounding"


# --- where and clip ----------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.sampled_from(DTYPES)] * 3))
def test_where_promotes_what_it_chooses_from(dtypes: tuple[str, str, str]) -> None:
    made = [LAYOUTS["transposed"].pair(dtype, k, "special") for k, dtype in enumerate(dtypes)]
    (condition, x1, x2), (where, a, b) = zip(*made, strict=True)
    result = ao.where(condition, x1, x2)
    with np.errstate(all="ignore"):
        assert_same(result, np.where(where.astype(bool), a, b))
    assert result.dtype == ao.result_type(x1, x2)


@pytest.mark.parametrize(
    ("x1", "x2", "dtype"),
    [(1, 2, "int64"), (1.0, 2.0, "float64"), (True, False, "bool"), (True, 2, "int64"), (1, 2.5, "float64")],
)
def test_where_among_numbers(x1: float, x2: float, dtype: str) -> None:
    condition = ao.tensor([True, False, True])
    result = ao.where(condition, x1, x2)
    assert (result.dtype, result.tolist()) == (dtype, [x1, x2, x1])
    for shape in ((), (2, 3)):
        assert ao.where(True, x1, ao.full(shape, x2)).dtype == ao.result_type(x1, ao.full(shape, x2))
    assert ao.where(True, x1, x2).tolist() == ao.where(0.5, x1, x2).tolist() == x1
    assert ao.where(0, x1, x2).tolist() == x2


def test_where_takes_numbers_weakly() -> None:
    condition = ao.tensor([True, False])
    assert ao.where(condition, ao.ones(2, dtype="float32"), 2.5).dtype == "float32"
    assert ao.where(condition, 3, ao.ones(2, dtype="float32")).dtype == "float32"
    assert ao.where(condition, ao.ones(2, dtype="int64"), 2.5).dtype == "float64"
    assert ao.where(ao.ones(2), ao.ones(2, dtype="bool"), True).dtype == "bool"


def test_where_leaves_no_trace_of_what_it_does_not_choose() -> None:
    x = ao.tensor([NAN, INF, -0.0, 5e-324])
    nothing = ao.full(4, NAN)
    assert_same(ao.where(True, x, nothing), np.asarray(x))
    assert_same(ao.where(False, nothing, x), np.asarray(x))
    out = ao.arange(4.0)
    assert ao.where(out > 1, out, -1.0, out=out) is out
    assert out.tolist() == [-1.0, -1.0, 2.0, 3.0]


def test_a_condition_of_any_dtype() -> None:
    for values in ([0, 1, -7], [0.0, -0.0, NAN], [False, True, True]):
        condition = ao.tensor(values)
        assert ao.where(condition, 1, 0).tolist() == [int(bool(value)) for value in values]


def test_clip_with_either_bound() -> None:
    for dtype in ("int64", *FLOATS):
        x, array = LAYOUTS["transposed"].pair(dtype, 3)
        for low, high in ((None, None), (-5, None), (None, 5), (-5, 5), (7, 7)):
            wanted = np.clip(array, low, high) if (low, high) != (None, None) else array
            for call in (
                ao.clip(x, low, high),
                ao.clip(x, min=low, max=high),
                x.clip(low, high),
                x.clip(max=high, min=low),
            ):
                assert_same(call, wanted, f"{dtype} {low} {high}")
    x = ao.tensor([-(2**63), 2**63 - 1])
    assert ao.clip(x).tolist() == x.tolist(), "what is left out bounds nothing"
    assert_same(ao.clip(ao.tensor([-INF, INF, NAN, 1e308])), np.array([-INF, INF, NAN, 1e308]))


def test_clip_by_tensors() -> None:
    x, low, high = ao.arange(12.0).view(3, 4), ao.tensor([[2.0], [5.0], [9.5]]), ao.tensor([3.0, 6.0, 7.0, 11.0])
    wanted = np.minimum(np.maximum(np.asarray(x), np.asarray(low)), np.asarray(high))
    assert_same(ao.clip(x, low, high), wanted)
    assert_same(ao.clip(x, max=high), np.minimum(np.asarray(x), np.asarray(high)))
    assert ao.clip(ao.tensor([1, 2]), 1.5).tolist() == [1.5, 2.0], "promoted"
    assert ao.clip(ao.tensor([1.0], dtype="float32"), 1, 2.5).dtype == "float32"
    assert ao.clip(2, 3, 5).item() == 3


def test_clip_where_min_is_more_than_max_gives_max() -> None:
    x = ao.tensor([-9.0, 1.5, 9.0])
    assert ao.clip(x, 5.0, 2.0).tolist() == [2.0, 2.0, 2.0]
    assert ao.clip(ao.tensor([-9, 1, 9]), 5, 2).tolist() == [2, 2, 2]


@pytest.mark.parametrize("dtype", FLOATS)
def test_clip_and_nan(dtype: str) -> None:
    x = ao.tensor([1.0, NAN, 3.0] * 30, dtype=dtype)
    assert_same(ao.clip(x, 2.0, 2.5), np.array([2.0, NAN, 2.5] * 30, dtype))
    for bounds in ((NAN, None), (None, NAN), (NAN, 1.0), (1.0, NAN)):
        assert_same(ao.clip(x, *bounds), np.full(90, NAN, dtype))


def test_clip_into_out() -> None:
    x = ao.tensor([-3.0, 0.5, 3.0])
    assert ao.clip(x, -1, 1, out=x) is x
    assert x.tolist() == [-1.0, 0.5, 1.0]
    backwards = ao.arange(6)
    ao.clip(backwards[::-1], 1, 4, out=backwards)
    assert backwards.tolist() == [4, 4, 3, 2, 1, 1]
    with pytest.raises(TypeError, match="clip: out must be able to hold a result of dtype float64"):
        ao.clip(ao.tensor([1, 2]), 0.5, out=ao.zeros(2, dtype="int64"))
