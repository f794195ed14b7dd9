"""Sorting and sets against NumPy's: every dtype and layout, lengths around each change of method, special values."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, SAMPLED, VALUES, assert_same
from pools import shared_out

import aotops as ao
from aotops import abi
from aotops.intrinsics import Pointer
from aotops.loops import partitions
from aotops.loops import sort as loops
from aotops.loops.networks import ROWS, network, smallest
from aotops.loops.partitions import SAMPLED_FROM as PIVOTS_FROM
from aotops.loops.routines import ORDERED, ROUTINES
from aotops.loops.sort import (
    COUNTED_FROM,
    FEW_VALUES,
    NETWORKS,
    PARTITIONED_FROM,
    SAMPLED_FROM,
    SHORT,
)
from aotops.loops.sort import (
    VALUES as ALL_VALUES,
)
from aotops.namespace import sorting


def positions_of(array: np.ndarray, descending: bool) -> np.ndarray:
    """What ``argsort`` must return along the last axis: stable, NaN last in both orders."""
    if not descending:
        return np.argsort(array, axis=-1, kind="stable")
    if array.dtype.kind == "f":
        nan = np.isnan(array)
        return np.lexsort((np.where(nan, 0, -array), nan), axis=-1)
    return np.argsort(~array, axis=-1, kind="stable")


def check(array: np.ndarray, context: str) -> None:
    """Sort rows in both orders, and compare bit by bit."""
    tensor = ao.asarray(array)
    for descending in (False, True):
        order = positions_of(array, descending)
        assert_same(ao.argsort(tensor, descending=descending), order, context)
        got = np.asarray(ao.sort(tensor, descending=descending))
        assert got.tobytes() == np.take_along_axis(array, order, -1).tobytes(), (context, descending)


def rows(kind: str, shape: tuple[int, ...], dtype: str, generator: np.random.Generator) -> np.ndarray:
    """Rows of numbers of a kind."""
    count = int(np.prod(shape))
    with np.errstate(all="ignore"):
        values: Any = {
            "uniform": lambda: generator.random(shape) * 1000,
            "both signs": lambda: generator.standard_normal(shape) * 1000,
            "few": lambda: generator.integers(0, 5, shape),
            "bits": lambda: np.frombuffer(generator.bytes(8 * count), "int64").reshape(shape),
            "float bits": lambda: np.frombuffer(generator.bytes(8 * count), "float64").reshape(shape),
            "magnitudes": lambda: np.exp(generator.standard_normal(shape) * 100),
            "sorted": lambda: np.sort(generator.random(shape) * 1000),
            "reversed": lambda: np.sort(generator.random(shape) * 1000)[..., ::-1],
            "one far": lambda: np.where(np.arange(count).reshape(shape) == 3, 1e300, generator.random(shape)),
            "clusters": lambda: generator.integers(0, 3, shape) * 2.0**40 + generator.integers(0, 10**6, shape),
            "low bits": lambda: generator.integers(0, 2, shape) * 2.0**62 + generator.integers(0, 2**20, shape),
            "organ pipe": lambda: np.minimum(np.arange(count), np.arange(count)[::-1]).reshape(shape),
            "one far in four": lambda: np.where(np.arange(count).reshape(shape) % 4 == 0, -1, generator.random(shape)),
            "ladder": lambda: generator.random(shape) * 2.0 ** generator.integers(0, 62, shape),
            "equal": lambda: np.full(shape, 3),
            "mostly least": lambda: np.maximum(generator.standard_normal(shape), 0.5) * 2.0**30,
            "mostly largest": lambda: np.minimum(generator.standard_normal(shape), -0.5) * 2.0**30,
            "zeros and NaN": lambda: generator.choice([0.0, -0.0, np.nan, 1.0, -1.0, np.inf, -np.inf], shape),
        }[kind]()
        return np.ascontiguousarray(values.astype(dtype))


KINDS = ["uniform", "both signs", "few", "bits", "float bits", "magnitudes", "sorted", "reversed", "one far"]
KINDS += ["clusters", "low bits", "organ pipe", "one far in four", "ladder", "equal", "zeros and NaN"]
KINDS += ["mostly least", "mostly largest"]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_sorted_whatever_is_in_them(kind: str) -> None:
    generator = np.random.default_rng(len(kind))
    lengths = [
        1,
        2,
        9,
        SHORT,
        SHORT + 1,
        64,
        65,
        128,
        129,
        300,
        PARTITIONED_FROM,
        PARTITIONED_FROM + 1,
        PIVOTS_FROM,
        5000,
        SAMPLED_FROM - 1,
        SAMPLED_FROM,
        60_000,
    ]
    lengths += [most + more for most, _ in NETWORKS.values() for more in (0, 1)]
    for number, length in enumerate(lengths):
        for dtype in ORDERED if length < 2000 else (ORDERED[number % len(ORDERED)], "float64", "int64"):
            shape = (3, length) if length < 10_000 else (1, length)
            check(rows(kind, shape, dtype, generator), f"{kind} {length} {dtype}")


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("values", [range(1 << 16), range(40), range(300)], ids=["all", "few", "some"])
@pytest.mark.parametrize("counted_from", [100, 101])
def test_narrow_rows_in_plain_python(
    dtype: str, values: range, counted_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop that is compiled, on lists that raise wherever they are read or written out of bounds."""
    monkeypatch.setattr(loops, "COUNTED_FROM", counted_from)
    generator = random.Random(7)
    bits = 8 * abi.FACTS[dtype].itemsize
    least, size = -(1 << bits - 1), 1 << bits
    kernel = ROUTINES["sort_narrow"][2](dtype)[0]
    for flip in (0, size // 2, size - 1):  # unsigned, signed, unsigned in descending order
        x = [least + generator.choice(values) % size for _ in range(200)]
        out, aside, places, places_aside = [0] * 200, [0] * 200, [-1] * 200, [0] * 200
        memory = [Pointer(each) for each in (x, out, aside, places, places_aside, [0] * ALL_VALUES)]
        kernel(2, 100, memory, Pointer([flip, 1]))
        kernel(2, 100, memory, Pointer([flip, 0]))
        for row in (x[:100], x[100:]):
            keys = [(value ^ flip) % size for value in row]
            order = sorted(range(100), key=keys.__getitem__)
            assert places[:100] == order
            assert [value % size for value in out[:100]] == [row[k] % size for k in order]
            del places[:100], out[:100]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16"])
def test_narrow_rows_of_every_length_and_range(dtype: str) -> None:
    """Elements of two bytes are sorted by networks, by their bytes, or counted in one table or in several."""
    generator = np.random.default_rng(len(dtype))
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, int(np.iinfo(dtype).max))
    for length in (63, 64, 65, 100, 4095, 4096, 4097, COUNTED_FROM - 1, COUNTED_FROM, 131_072):
        for span in (0, 3, 255, 256, FEW_VALUES - 1, FEW_VALUES, high - low):
            for start in {low, max(low, -2), high - min(span, high - low)}:
                end = min(start + span, high)
                array = generator.integers(start, end + 1, (2, length)).astype(dtype)
                array[:, [0, -1]] = end, start
                check(array, f"{dtype} {length} from {start} to {end}")


@pytest.mark.parametrize("threads", [1, 3])
def test_long_rows(threads: int) -> None:
    """Rows that are distributed in parts, and then sorted bucket by bucket."""
    before, generator = ao.get_num_threads(), np.random.default_rng(threads)
    try:
        ao.set_num_threads(threads)
        for number, kind in enumerate(KINDS):
            dtype = ("float64", "int64", "float32", "int32", "uint32")[(number + threads) % 5]
            check(rows(kind, (262_145 + 1000 * number,), dtype, generator), f"{kind} {dtype}")
        check(rows("uniform", (2, 300_000), "float64", generator), "two rows")
    finally:
        ao.set_num_threads(before)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ORDERED), st.lists(st.integers(0, 5), min_size=1, max_size=4), st.data())
def test_any_axis(dtype: str, shape: list[int], data: Any) -> None:
    array = VALUES["special"](dtype, tuple(shape), np.random.default_rng(sum(shape)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    tensor = ao.tensor(array)
    descending = data.draw(st.booleans())
    order = np.moveaxis(positions_of(np.moveaxis(array, axis, -1), descending), -1, axis)
    got = ao.argsort(tensor, axis=axis, descending=descending)
    assert_same(got, order)
    assert_same(ao.sort(tensor, axis=axis, descending=descending, stable=False), np.take_along_axis(array, order, axis))
    assert_same(ao.take_along_axis(tensor, got, axis=axis), np.take_along_axis(array, order, axis))


def test_layouts_and_threads() -> None:
    with shared_out():
        for count in (1, 3):
            ao.set_num_threads(count)
            for number, (name, layout) in enumerate(LAYOUTS.items()):
                tensor, array = layout.pair(ORDERED[number % len(ORDERED)], seed=number)
                for axis in range(array.ndim)[:2]:
                    assert_same(ao.sort(tensor, axis=axis), np.sort(array, axis, kind="stable"), name)
                    assert_same(ao.argsort(tensor, axis=axis), np.argsort(array, axis, kind="stable"), name)
            array = np.random.default_rng(1).random((40, 2000))
            assert_same(ao.sort(ao.tensor(array)), np.sort(array))


def test_what_cannot_be_sorted() -> None:
    with pytest.raises(IndexError, match="sort: axis must name no axis of a tensor of 0 dimensions, which has none"):
        ao.sort(ao.tensor(1.0))
    with pytest.raises(IndexError, match="argsort: axis must be from -1 to 0 for a tensor of 1 dimensions, got 1"):
        ao.argsort(ao.ones(2), axis=1)
    for dtype in set(DTYPES) - set(ORDERED):
        with pytest.raises(TypeError, match="sort: x must be of numbers that have an order, got dtype complex"):
            ao.sort(ao.zeros(2, dtype=dtype))
    assert ao.sort([3, 1, 2]).tolist() == [1, 2, 3] and ao.sort(ao.zeros((0, 3)), axis=0).shape == (0, 3)


def median_of_three_killer(count: int) -> list[int]:
    """The permutation for which quicksort by the median of three takes quadratic time."""
    half = count // 2
    return [k + 1 if k % 2 == 0 else half + k + (half % 2 == 0) for k in range(half)] + list(range(2, count + 1, 2))


def test_a_killer_of_quicksort() -> None:
    for dtype in ("int32", "int64", "float32", "float64"):
        check(np.array(median_of_three_killer(50_000), dtype), dtype)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64", "float32", "float64"])
def test_lengths_around_the_sizes_of_networks_and_parts(dtype: str) -> None:
    """Networks sort 1 and 3 times a power of two rows of 64 bytes, and parts are padded to the next of them."""
    generator = np.random.default_rng(7)
    least = smallest(np.dtype(dtype).itemsize)
    sizes = {factor * least << k for factor in (1, 3) for k in range(7)}
    for size in sorted(sizes):
        for count in (size - 1, size, size + 1):
            check(rows("bits", (count,), dtype, generator), f"{dtype} {count}")
    for kind in KINDS:
        for count in (PARTITIONED_FROM + 1, 5000, PIVOTS_FROM * 3 + 5):
            check(rows(kind, (count,), dtype, generator), f"{dtype} {kind} {count}")
    largest = np.nan if dtype.startswith("float") else np.iinfo(dtype).max  # what padding is
    array = rows("bits", (20_000,), dtype, generator)
    check(np.where(generator.random(20_000) < 0.9, np.dtype(dtype).type(largest), array), f"{dtype} largest")


@pytest.mark.parametrize("itemsize", [4, 8])
@pytest.mark.parametrize("by_xor", [False, True])
@pytest.mark.parametrize("rows", [8, 16, 24, 32, 48, 64, 96])
def test_networks_sort_zeros_and_ones(rows: int, itemsize: int, by_xor: bool) -> None:
    """A network that sorts all zeros and ones sorts everything; here are ones of 33 numbers, in random order."""
    count = smallest(itemsize) // ROWS * rows
    generator, sort = random.Random(count), network(itemsize, by_xor)
    for ones in range(0, count + 1, count // 32):
        x, y = [1] * ones + [0] * (count - ones), [0] * count
        generator.shuffle(x)
        sort(Pointer(x), Pointer(y), count)
        assert y == [0] * (count - ones) + [1] * ones


@pytest.mark.parametrize("partitions_per_bit", [0, 2])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("sort_keys", "int32"),
        ("sort_keys", "int64"),
        ("sort_keys_wide", "int32"),
        ("sort_keys_wide", "int64"),
        ("sort_pairs", "int64"),
    ],
)
def test_sorting_runs_as_plain_python(
    monkeypatch: pytest.MonkeyPatch, name: str, dtype: str, partitions_per_bit: int
) -> None:
    """On lists that raise out of bounds: by insertion, networks, counting, partitions, and levels of buckets."""
    generator = random.Random(5)
    monkeypatch.setattr(loops, "NETWORKS", {"int32": (smallest(4), 40), "int64": (smallest(8), 40)})
    monkeypatch.setattr(loops, "PARTITIONED_FROM", 64)
    monkeypatch.setattr(loops, "MOST_OF_PART", {"int32": 40, "int64": 40})
    monkeypatch.setattr(loops, "PARTITIONS_PER_BIT", partitions_per_bit)
    monkeypatch.setattr(partitions, "SAMPLED_FROM", 500)
    monkeypatch.setattr(loops, "BLOCK", 50)
    monkeypatch.setattr(loops, "FAR", 2048)
    monkeypatch.setattr(loops, "PLACE_BITS", 6)
    monkeypatch.setattr(loops, "PLACES", 63)
    monkeypatch.setattr(loops, "PAIRED", 57)
    monkeypatch.setattr(loops, "MOST_PAIRED", 2**57 - 1)
    monkeypatch.setattr(loops, "SAMPLED_FROM", 1000)
    kernel, bits = ROUTINES[name][2](dtype)[0], abi.FACTS[dtype].bits
    rungs = [generator.randrange(-(2**k), 2**k) for k in range(bits) for _ in range(70)]
    cases = [
        [generator.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1)) for _ in range(count)]
        for count in (0, 9, 50, 64, 3000)
    ]
    cases += [[generator.randrange(200) for _ in range(2000)], list(range(500)), [7] * 500, rungs]
    cases += [[generator.randrange(1000) for _ in range(299)] + [2 ** (bits - 1) - 1]]
    cases += [[-(2 ** (bits - 1)) if k % 4 == 0 else generator.randrange(2 ** (bits - 2)) for k in range(2000)]]
    cases += [[generator.randrange(2) * 2 ** (bits - 2) + generator.randrange(2**5) for _ in range(60)]]
    for keys in cases:
        count = len(keys)
        own, sorted_keys, places = list(keys), [0] * count, [0] * count
        operands = [own, [0] * count, sorted_keys, [*places, 0]]
        if name == "sort_keys_wide":
            operands.insert(2, own)
        kernel(1, count, [Pointer(each) for each in operands], Pointer([name == "sort_keys_wide", 0, 0, -1]))
        places = operands[-1][:count]
        if name == "sort_keys_wide" and count:
            check_keys_of_elements(kernel, keys, dtype)
        order = sorted(range(count), key=lambda k: keys[k])
        assert places == order if name == "sort_pairs" else sorted_keys == sorted(keys)


def check_keys_of_elements(kernel: Callable[..., None], elements: list[int], dtype: str) -> None:
    """The same of elements of which the kernel makes keys: integers, unsigned ones, and floats, in either order."""
    count, bits = len(elements), abi.FACTS[dtype].bits
    sign, unsigned, floating = -(2 ** (bits - 1)), f"u{dtype}", f"float{bits}"
    for name, turned, folded in (
        (dtype, 0, 0),
        (dtype, -1, 0),
        (unsigned, sign, 0),
        (unsigned, -1 ^ sign, 0),
        (floating, 0, ~sign),
        (floating, -1, ~sign),
    ):
        values, got, facts = np.array(elements, dtype).view(name), [0] * count, [0]
        operands = [[0] * count, [0], list(elements), got, facts]
        kernel(1, count, [Pointer(each) for each in operands], Pointer([0, turned, folded, -1]))
        descending = turned in (-1, -1 ^ sign)
        expected = np.sort(values[~np.isnan(values)])
        assert operands[2] == elements  # which belong to the caller
        expected = expected[::-1] if descending else expected
        assert (np.array(got, dtype).view(name)[: len(expected)] == expected).all()  # zeros of either sign are equal
        assert facts[0] & loops.HAS_NAN == 0 or np.isnan(values).any()
        if floating == name and not (values == np.array(got, dtype).view(name)).all():  # which are not in order already
            assert facts[0] & loops.HAS_NAN != 0 or not np.isnan(values).any()


def test_positions_of_more_than_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of more than 2**32 narrow elements are sorted as 64-bit ones, here already those of more than 3."""
    monkeypatch.setattr(sorting, "MOST_PACKED", 3)
    for dtype in ORDERED:
        array = np.array([2, 0, 1, 1, 0]).astype(dtype)
        got = sorting.argsort.__wrapped__(ao.asarray(array), descending=dtype == "float32")
        assert_same(got, positions_of(array, dtype == "float32"))


# --- sets -------------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 5), max_size=3), st.integers(0, 2**32))
def test_unique_values_are_numpys(dtype: str, shape: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    array = generator.integers(0, 4, tuple(shape)).astype(dtype)
    if abi.FACTS[dtype].category in ("float", "complex") and array.size:
        array[generator.random(array.shape) < 0.2] = np.nan
    tensor = ao.tensor(array)
    values, indices, inverse, counts = np.unique(
        array, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    inverse = inverse.reshape(array.shape)
    found = ao.unique_all(tensor)
    assert found._fields == ("values", "indices", "inverse_indices", "counts")
    for got, expected in zip(found, (values, indices, inverse, counts), strict=True):
        if abi.FACTS[dtype].category == "complex" and np.isnan(array).any():
            assert got.shape == expected.shape  # NumPy orders complex NaN otherwise
        else:
            assert_same(got, expected)
    assert_same(ao.unique_values(tensor), np.asarray(found.values))
    for each, names in (
        (ao.unique_counts(tensor), ("values", "counts")),
        (ao.unique_inverse(tensor), ("values", "inverse_indices")),
    ):
        assert each._fields == names
        for name in names:
            assert_same(getattr(each, name), np.asarray(getattr(found, name)))
    assert_same(ao.take(found.values, found.inverse_indices), array)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.integers(0, 30), st.booleans(), st.integers(0, 2**32))
def test_isin_is_numpys(dtype: str, other: str, count: int, invert: bool, seed: int) -> None:
    generator = np.random.default_rng(seed)
    array, values = generator.integers(0, 40, (3, 5)).astype(dtype), generator.integers(0, 40, count).astype(other)
    for each in (array, values):
        if abi.FACTS[each.dtype.name].category in ("float", "complex") and each.size:
            each.flat[0] = np.nan
    expected = np.isin(array, values, invert=invert)
    assert_same(ao.isin(ao.tensor(array), ao.tensor(values), invert=invert), expected)
    assert_same(ao.isin(ao.tensor(array), 3), np.isin(array, 3))
    assert_same(ao.isin(3, ao.tensor(values)), np.isin(np.asarray(3), values))


@pytest.mark.parametrize("dtype", [*SAMPLED, "complex64", "complex128"])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 6, 31, 32, 33, 300])
def test_isin_of_few_and_many_values(dtype: str, count: int) -> None:
    """Few are compared one after another, others are looked up, and of more elements more values are few."""
    generator = np.random.default_rng(count)
    for shape in ((), (3,), (2, 500), (4, 5000)):
        array, values = generator.integers(0, 60, shape).astype(dtype), generator.integers(0, 60, count).astype(dtype)
        if dtype.startswith("complex"):
            array, values = array + 1j * (array.real % 2), values + 1j * (values.real % 3 > 0)
            values[0] = complex(3, np.nan)
        for x in (array, array.T):
            for invert in (False, True):
                expected = np.isin(x, values, invert=invert)
                assert_same(ao.isin(ao.tensor(x), ao.tensor(values), invert=invert), expected)


def test_isin_of_complex_numbers_takes_memory_by_what_there_is() -> None:
    """No table of every pair, which would have 10**12 elements here."""
    x = ao.astype(ao.arange(10**6), "complex128")
    assert int(ao.sum(ao.isin(x, x + 1))) == 10**6 - 1
