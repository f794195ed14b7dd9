"""Random numbers: Philox against its published vectors, distributions against their laws, the same bits everywhere."""

from __future__ import annotations

import copy
import math
import os
import pickle
import subprocess
import sys
import threading
from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pools import shared_out

import aotops as ao
from aotops import _native
from aotops.intrinsics import Pointer
from aotops.loops.random import BLOCKS, NUMBERS
from aotops.loops.routines import ROUTINES
from aotops.ops.random import excess, high_product, is_less, normal32, normal64, philox
from aotops.random import Generator, signed

WORD = 2**32 - 1

# --- Philox -----------------------------------------------------------------------------------------------------------

#: Counter, key and result of philox4x32 with 10 rounds, from the kat_vectors of Random123.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_philox_gives_its_known_answers(counter: str, key: str, result: str) -> None:
    assert [word & WORD for word in philox(words(counter), words(key))] == words(result)
    # the compiled routine: integers of 64 bits, made of the words of a block
    c0, c1, c2, c3 = words(counter)
    k0, k1 = words(key)
    generator = ao.tensor([signed(k0 | k1 << 32), signed(c2 | c3 << 32), signed(c0 | c1 << 32), 0])
    drawn = _native.draw_integers(generator, 0, 0, (2 * BLOCKS,)).tolist()
    wanted = words(result)
    assert drawn[0] == signed(wanted[0] | wanted[1] << 32) and drawn[BLOCKS] == signed(wanted[2] | wanted[3] << 32)


def test_the_seed_is_the_key_and_the_upper_half_of_the_counter() -> None:
    seed = 0x0123456789ABCDEF_FEDCBA9876543210
    drawn = Generator(seed).integers(-(2**63), 2**63, shape=3 * 2 * BLOCKS).tolist()
    for block in (0, 5, 17, 40):
        out = [word & WORD for word in philox((block, 0, 0x89ABCDEF, 0x01234567), (0x76543210, 0xFEDCBA98))]
        at = block // BLOCKS * 2 * BLOCKS + block % BLOCKS
        # of 2^64 numbers from -2^63 on, what is drawn is the bits less 2^63
        assert drawn[at] + 2**63 == out[0] | out[1] << 32
        assert drawn[at + BLOCKS] + 2**63 == out[2] | out[3] << 32


# --- as plain Python --------------------------------------------------------------------------------------------------


def run_plainly(name: str, dtype: str, count: int, parameters: list[float], **numbers: int) -> list[Any]:
    """What a routine draws when its loop runs as plain Python."""
    kernel, signature = ROUTINES[name][2](dtype)
    own = {"key_0": 0x76543210, "key_1": 0xFEDCBA98, "stream_0": 3, "stream_1": 0, "block": 0, **numbers}
    out: list[Any] = [None] * count
    inputs = [Pointer(list(parameters))] if signature.inputs else []
    kernel(1, count, [*inputs, Pointer(out)], Pointer([own.get(each, 0) for each in NUMBERS]))
    return out


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["uniform", "normal"])
def test_the_loops_run_as_plain_python(name: str, dtype: str) -> None:
    generator = Generator(0xFEDCBA9876543210 | 3 << 64)
    draw = getattr(generator, name)
    got = draw(2.0, 3.0, shape=75, dtype=dtype).tolist()
    parameters = [2.0, 1.0, math.nextafter(3.0, 0.0)] if name == "uniform" else [2.0, 3.0]
    wanted = run_plainly(name, dtype, 75, parameters)
    if dtype == "float64":
        assert got == wanted
    else:  # plain Python computes in float64
        np.testing.assert_allclose(got, wanted, rtol=0, atol=3e-6)


@pytest.mark.parametrize("bound", [1, 10, 2**32 - 1, 2**32, 2**62 + 12345, 2**63, 2**63 + 2, 2**64 - 1, 2**64])
def test_integers_are_those_of_plain_python(bound: int) -> None:
    got = Generator(0xFEDCBA9876543210 | 3 << 64).integers(-(2**63), bound - 2**63, shape=75).tolist()
    plain = run_plainly("integers", "int64", 75, [], bound=signed(bound), least=-(2**63))
    assert got == plain
    assert all(0 <= number + 2**63 < bound for number in got)


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1))
@settings(max_examples=200, deadline=None)
def test_products_and_remainders_of_unsigned_integers(bits: int, bound: int) -> None:
    upper, lower = high_product(bits & WORD, bits >> 32, signed(bound))
    assert (upper % 2**64, lower % 2**64) == divmod(bits * bound, 2**64)
    assert excess(signed(bound)) % 2**64 == 2**64 % bound
    assert is_less(signed(bits), signed(bound)) == (bits < bound)


# --- reproducible -----------------------------------------------------------------------------------------------------

DRAW = """
import hashlib, aotops as ao
g = ao.random.Generator(2026)
digest = hashlib.sha256()
for dtype in ("float64", "float32"):
    digest.update(bytes(memoryview(g.uniform(-3, 5, 20_001, dtype=dtype))))
    digest.update(bytes(memoryview(g.normal(2, 3, 20_001, dtype=dtype))))
for bound in (6, 10**12, 2**63 + 5):
    digest.update(bytes(memoryview(g.integers(-2**63, bound - 2**63, 20_001))))
digest.update(bytes(memoryview(g.permutation(5_001))))
digest.update(bytes(memoryview(g.choice(50, 300, p=[0.02] * 50))))
print(digest.hexdigest())
"""
#: Of what ``DRAW`` draws: a change of it changes everybody's results, and belongs into the changelog.
DIGEST = "c2821a12d947bce4e237d3c6106a87f01079433e2f2235c83940e4c9960e902b"


@pytest.mark.parametrize(
    "setting", [{}, {"AOTOPS_CPU": "x86-64-v2", "AOTOPS_NUM_THREADS": "1"}, {"AOTOPS_CPU": "x86-64-v3"}]
)
def test_every_level_draws_the_same_numbers(setting: dict[str, str]) -> None:
    if not ao.cpu_level().startswith("x86-64"):
        setting = {}
    if setting.get("AOTOPS_CPU", "") > ao.cpu_level():
        pytest.skip("this CPU has not that level")
    done = subprocess.run(
        [sys.executable, "-c", DRAW], env={**os.environ, **setting}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == DIGEST


def test_any_number_of_threads_draws_the_same_numbers() -> None:
    def drawn() -> list[bytes]:
        generator = Generator(5)
        calls = [
            generator.uniform(shape=30_000),
            generator.normal(shape=(3, 10_001), dtype="float32"),
            generator.integers(10**15, shape=30_000),
        ]
        return [bytes(memoryview(each)) for each in calls]

    with shared_out():
        ao.set_num_threads(1)
        alone = drawn()
        ao.set_num_threads(4)
        assert drawn() == alone


def test_states_are_saved_copied_and_pickled() -> None:
    generator = Generator(2**127 + 12345)
    generator.normal(shape=33)
    generator.split(3)
    others = [copy.copy(generator), copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))]
    state = generator.state
    assert state == (2**127 + 12345, 2 * BLOCKS, 3)
    assert repr(generator) == f"Generator(seed={2**127 + 12345}, at block {2 * BLOCKS})"
    wanted = generator.uniform(shape=100).tolist(), [child.state for child in generator.split(2)]
    restored = Generator(0)
    restored.state = state
    for other in (*others, restored):
        assert (other.uniform(shape=100).tolist(), [child.state for child in other.split(2)]) == wanted
    generator.seed(2**127 + 12345)
    assert generator.state == (2**127 + 12345, 0, 0)
    assert Generator().state[0] != Generator().state[0]


def test_the_functions_of_the_module_draw_from_one_generator() -> None:
    before = ao.random.default_generator.state
    try:
        ao.random.seed(11)
        generator = Generator(11)
        for name, arguments in {
            "uniform": (0, 2, 5),
            "normal": (0, 2, 5),
            "integers": (0, 9, 5),
            "bernoulli": (0.5, 5),
            "permutation": (5,),
            "choice": (5, 3),
        }.items():
            assert getattr(ao.random, name)(*arguments).tolist() == getattr(generator, name)(*arguments).tolist()
        assert [each.state for each in ao.random.split()] == [each.state for each in generator.split()]
    finally:
        ao.random.default_generator.state = before


def test_generators_that_were_split_off_are_independent() -> None:
    generator = Generator(3)
    own = generator.uniform(shape=64).tolist()
    children = generator.split(40)
    later = Generator(3)
    assert [child.state for child in (*later.split(7), *later.split(33))] == [child.state for child in children]
    assert generator.split(0) == ()
    sequences = [own, *[child.uniform(shape=64).tolist() for child in children]]
    sequences += [each.uniform(shape=64).tolist() for each in children[0].split(2)]
    numbers = [number for each in sequences for number in each]
    assert len(set(numbers)) == len(numbers)
    samples = [np.asarray(child.uniform(shape=20_000)) for child in Generator(9).split(12)]
    correlations = np.corrcoef(np.array(samples))
    assert np.abs(correlations - np.eye(12)).max() < 5 / math.sqrt(20_000)


def test_threads_never_draw_the_same_numbers() -> None:
    generator = Generator(1)
    found: list[list[int]] = []

    def draw() -> None:
        found.append([n for _ in range(50) for n in generator.integers(2**62, shape=64).tolist()])

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [number for each in found for number in each]
    assert len(set(numbers)) == len(numbers) == 4 * 50 * 64
    assert generator.state[1] == 4 * 50 * 64 // 2


def test_a_call_that_is_explained_draws_nothing() -> None:
    generator = Generator(1)
    assert ao.explain(generator.uniform, shape=100).operator == "uniform"
    assert ao.explain(generator.permutation, 100).operator == "exchange"
    assert generator.state == (1, 0, 0)


# --- distributions ----------------------------------------------------------------------------------------------------


def distance_from(sample: np.ndarray, law: Any) -> float:
    """Kolmogorov and Smirnov's distance of a sample from a distribution, times the root of its size."""
    ordered = law(np.sort(sample.ravel()))
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max(np.abs(ordered - steps[1:]).max(), np.abs(ordered - steps[:-1]).max()) * math.sqrt(len(ordered)))


def normal_law(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * ao.erfc(ao.asarray(-x.astype("float64") / math.sqrt(2))))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_uniform_numbers_are_uniform(dtype: str) -> None:
    sample = np.asarray(Generator(12).uniform(shape=200_000, dtype=dtype))
    assert sample.dtype == dtype and sample.min() >= 0 and sample.max() < 1
    assert distance_from(sample, lambda x: x) < 1.63  # 1 in 100, for this seed
    assert abs(sample.mean(dtype="float64") - 0.5) < 4 / math.sqrt(12 * len(sample))
    grid = 2.0**53 if dtype == "float64" else 2.0**24
    scaled = sample.astype("float64") * grid
    assert (scaled == np.floor(scaled)).all()
    bits = scaled.astype("int64")
    for bit in range(int(math.log2(grid))):  # each bit is set in one half of them
        assert abs((bits >> bit & 1).mean() - 0.5) < 4.5 * 0.5 / math.sqrt(len(bits))
    neighbours = np.corrcoef(sample[:-1], sample[1:])[0, 1]
    assert abs(neighbours) < 4 / math.sqrt(len(sample))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_normal_numbers_are_normal(dtype: str) -> None:
    sample = np.asarray(Generator(12).normal(shape=200_000, dtype=dtype))
    assert sample.dtype == dtype and np.isfinite(sample).all()
    assert distance_from(sample, normal_law) < 1.63
    wide = sample.astype("float64")
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs((wide**power).mean() - moment) < 4 * math.sqrt(variance / len(wide)), power
    # numbers made of one point of the plane: of one block, and those that are 16 apart
    for apart in (1, BLOCKS, 2 * BLOCKS):
        for function in (np.asarray, np.square):
            a, b = function(wide[:-apart]), function(wide[apart:])
            assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / math.sqrt(len(a)), apart
    assert 4.0 < np.abs(wide).max() < 6.0


def test_the_farthest_normal_numbers() -> None:
    """Their distances are made of bits that are all 0."""
    assert 9.4 < math.hypot(*normal64((0, 0, 0, 0))) < 9.43
    assert 6.6 < math.hypot(*normal32(0, 0)) < 6.67


@pytest.mark.parametrize("bound", [6, 1000, 3 * 2**61])
def test_integers_are_equally_probable(bound: int) -> None:
    count = 120_000
    drawn = np.asarray(Generator(8).integers(bound, shape=count))
    assert drawn.min() >= 0 and drawn.max() < bound
    classes = min(bound, 1000)
    found = np.bincount(
        np.minimum((drawn / bound * classes).astype("int64") if bound > classes else drawn, classes - 1)
    )
    statistic = ((found - count / classes) ** 2 / (count / classes)).sum()
    freedom = classes - 1
    assert abs(statistic - freedom) < 4.5 * math.sqrt(2 * freedom)


def test_integers_of_every_dtype_reach_their_bounds() -> None:
    for name in ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        least, most = (0, 1) if name == "bool" else (ao.iinfo(name).min, ao.iinfo(name).max)
        drawn = Generator(4).integers(least, most, shape=4000, dtype=name, endpoint=True)
        assert drawn.dtype == getattr(ao, name)
        numbers = [int(number) for number in drawn.tolist()]
        assert least <= min(numbers) <= max(numbers) <= most
        assert abs(sum(numbers) / len(numbers) - (least + most) / 2) < 4.5 * (most - least + 1) / math.sqrt(12 * 4000)
        assert set(Generator(4).integers(most - 1, most, 30, dtype=name, endpoint=True).tolist()) == {most - 1, most}


def test_bernoulli_has_its_probability() -> None:
    generator = Generator(6)
    for p in (0.0, 0.1, 0.5, 1.0):
        drawn = generator.bernoulli(p, shape=20_000)
        assert drawn.dtype == ao.bool
        assert abs(float(ao.mean(drawn.astype("float64"))) - p) <= 4 * math.sqrt(p * (1 - p) / 20_000)
    chances = ao.tensor([[0.0, 1.0, 0.5]])
    drawn = generator.bernoulli(chances, shape=(4000, 3))
    assert [round(share, 1) for share in ao.mean(drawn.astype("float64"), axis=0).tolist()] == [0.0, 1.0, 0.5]
    assert generator.bernoulli(chances).shape == (1, 3)


def test_all_orders_are_equally_probable() -> None:
    generator = Generator(2)
    found = Counter(tuple(generator.permutation(4).tolist()) for _ in range(4800))
    assert set(found) == set(permutations(range(4)))
    assert sum((count - 200) ** 2 / 200 for count in found.values()) < 23 + 4 * math.sqrt(46)
    for size in (0, 1, 31, 512, 513, 3000):
        assert sorted(generator.permutation(size).tolist()) == list(range(size))
    long = np.asarray(generator.permutation(20_000))
    assert abs(np.corrcoef(long, np.arange(20_000))[0, 1]) < 4 / math.sqrt(20_000)


def test_elements_are_permuted_and_shuffled_along_an_axis() -> None:
    x = ao.arange(12).reshape(3, 4)
    for axis in (0, 1, -1):
        order = Generator(5).permutation(x.shape[axis])
        wanted = ao.take(x, order, axis=axis).tolist()
        assert Generator(5).permutation(x, axis=axis).tolist() == wanted
        shuffled = x + 0
        Generator(5).shuffle(shuffled, axis=axis)
        assert shuffled.tolist() == wanted
    view = (x + 0).T[::-1]
    Generator(5).shuffle(view)
    assert sorted(map(tuple, view.tolist())) == sorted(map(tuple, x.T.tolist()))
    with pytest.raises(ValueError, match="read-only"):
        Generator(1).shuffle(ao.asarray(b"abc"))
    assert sorted(Generator(1).permutation([3.5, 1.5, 2.5]).tolist()) == [1.5, 2.5, 3.5]


def test_choices_have_their_probabilities() -> None:
    generator = Generator(10)
    p = [0.5, 0.3, 0.2, 0.0]
    count = 20_000
    found = np.bincount(np.asarray(generator.choice(4, count, p=p)), minlength=4)
    for k in range(4):
        assert abs(found[k] - count * p[k]) <= 4 * math.sqrt(count * p[k] * (1 - p[k]))
    # without replacement: the first is drawn by p, the second by what is left
    pairs = Counter(tuple(generator.choice(4, 2, replace=False, p=p).tolist()) for _ in range(6000))
    for (a, b), times in pairs.items():
        wanted = 6000 * p[a] * p[b] / (1 - p[a])
        assert a != b and abs(times - wanted) < 4.5 * math.sqrt(wanted)
    assert len(pairs) == 6
    alike = Counter(tuple(generator.choice(4, 2, replace=False).tolist()) for _ in range(2400))
    assert len(alike) == 12 and sum((times - 200) ** 2 / 200 for times in alike.values()) < 11 + 4 * math.sqrt(22)


@pytest.mark.parametrize(("count", "size"), [(2, 1), (40, 1), (64, 2), (1000, 31), (3000, 3000), (70_000, 2000)])
def test_few_of_many_are_the_first_of_all_in_random_order(
    count: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of places, and the row of all, give the same numbers, which plain Python's exchanges give as well."""
    found = []
    for sparse in (1, 2**63):
        monkeypatch.setattr("aotops.random.SPARSE", sparse)
        generator = Generator(0xFEDCBA9876543210 | 3 << 64)
        found.append(generator.choice(count, size, replace=False).tolist())
        assert generator.state[1:] == (-(-size // 32) * 16, 0)
    offsets = run_plainly("integers", "int64", size, [], bound=count, growth=-1)
    row = list(range(count))
    for k, offset in enumerate(offsets):
        row[k], row[k + offset] = row[k + offset], row[k]
    assert found == [row[:size]] * 2


def test_few_of_more_than_memory_holds() -> None:
    most = 2**63 - 1
    for count in (10**12, most):
        drawn = Generator(3).choice(count, (50, 40), replace=False)
        numbers = drawn.tolist()
        assert drawn.shape == (50, 40) and drawn.dtype == ao.int64
        flat = [number for row in numbers for number in row]
        assert len(set(flat)) == 2000 and min(flat) >= 0 and max(flat) < count
        assert Generator(3).choice(count, (50, 40), replace=False).tolist() == numbers
        assert distance_from(np.array(flat) / count, lambda x: x) < 2  # 1 in 1500
        assert flat != sorted(flat)
    alike = Counter(tuple(Generator(seed).choice(64, 2, replace=False).tolist()) for seed in range(20_000))
    expected = 20_000 / (64 * 63)
    statistic = sum((times - expected) ** 2 / expected for times in alike.values()) + expected * (64 * 63 - len(alike))
    assert abs(statistic - 4031) < 4.5 * math.sqrt(2 * 4031)
    assert Generator(1).choice(10**12, 0, replace=False).shape == (0,)


def test_choices_of_elements() -> None:
    x = ao.tensor([[1, 2, 3], [4, 5, 6]])
    rows = Generator(1).choice(x, (5, 2))
    assert rows.shape == (5, 2, 3) and {tuple(row) for pair in rows.tolist() for row in pair} == {(1, 2, 3), (4, 5, 6)}
    columns = Generator(1).choice(x, 2, replace=False, axis=1)
    assert columns.shape == (2, 2) and len({tuple(column) for column in columns.T.tolist()}) == 2
    assert Generator(1).choice([7.5]).item() == 7.5
    assert Generator(1).choice(5, 0).shape == (0,) and Generator(1).choice(0, 0, replace=False).shape == (0,)
    assert Generator(1).choice(3, (), p=[0, 1, 0]).item() == 1


def test_bounds_and_parameters() -> None:
    generator = Generator(1)
    assert generator.uniform().shape == () and generator.uniform(shape=()).dtype == ao.float64
    assert generator.uniform(shape=[2, 3]).shape == (2, 3) and generator.normal(shape=(0, 3)).shape == (0, 3)
    assert generator.uniform(4, 4, 3).tolist() == [4.0, 4.0, 4.0]
    assert generator.normal(4, 0, 3).tolist() == [4.0, 4.0, 4.0]
    low, high = 1.0, math.nextafter(1.0, 2.0)  # the product is rounded up in one half of all cases
    assert set(generator.uniform(low, high, 1000).tolist()) == {low}
    assert set(generator.uniform(-high, -low, 1000).tolist()) == {-high}
    assert set(generator.uniform(-5e-324, 0.0, 100).tolist()) == {-5e-324}
    near = generator.uniform(16777216.0, 16777218.0, 1000, dtype="float32")
    assert set(near.tolist()) == {16777216.0}
    means = ao.tensor([[0.0], [100.0]], dtype="float32")
    drawn = generator.normal(means, ao.tensor([1.0, 0.0], dtype="float32"))
    assert drawn.shape == (2, 2) and drawn.dtype == ao.float32 and drawn[:, 1].tolist() == [0.0, 100.0]
    drawn = generator.uniform(means, 200, shape=(3, 2, 4), dtype="float64")
    assert drawn.dtype == ao.float64 and float(ao.min(drawn[:, 1])) >= 100 and float(ao.min(drawn[:, 0])) < 100
    assert generator.uniform([0, 10], [1, 11]).dtype == ao.float64
    assert (
        Generator(1).uniform(np.float64(1), np.float64(2), np.int64(3)).tolist()
        == Generator(1).uniform(1, 2, 3).tolist()
    )
    assert Generator(1).uniform(dtype=float).tolist() == Generator(1).uniform(0, 1, None, dtype=None).tolist()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda g: g.uniform(2, 1), ValueError, "uniform: high must be at least low, got 1.0 for low=2.0"),
        (lambda g: g.uniform(high=math.inf), ValueError, "uniform: high must be finite, got inf"),
        (lambda g: g.uniform(high=10**400), ValueError, "uniform: high must be finite, got an int of 1329 bits"),
        (lambda g: g.uniform(-1e308, 1e308), ValueError, "uniform: high - low must be finite in float64, got"),
        (lambda g: g.uniform(0, 1e39, dtype="float32"), ValueError, "uniform: high - low must be finite in float32"),
        (
            lambda g: g.uniform((3, 4)),
            TypeError,
            r"uniform: low must be a number, .*, got \(3, 4\); give the shape as shape=\(3, 4\)",
        ),
        (lambda g: g.uniform(low=None), TypeError, "uniform: low must be a Tensor, a Python number"),
        (lambda g: g.uniform("1"), TypeError, "uniform: low must be a Tensor, a Python number"),
        (lambda g: g.uniform(1j), TypeError, "uniform: low must be a real number or a Tensor, got complex 1j"),
        (lambda g: g.uniform(shape=-1), ValueError, "uniform: "),
        (lambda g: g.uniform(shape=2.5), TypeError, "uniform: shape must be an int or a tuple of ints, got float 2.5"),
        (lambda g: g.uniform(shape=2**62), ValueError, "uniform: "),
        (lambda g: g.uniform(dtype="int64"), TypeError, "uniform: dtype must be one of float32, float64, got 'int64'"),
        (lambda g: g.uniform(size=3), TypeError, "size is called shape here, write shape="),
        (lambda g: g.uniform(0, 1, 2, "float32"), TypeError, "write dtype="),
        (lambda g: g.uniform(0, low=1), TypeError, "multiple values for argument 'low'"),
        (lambda g: g.uniform([0, 1], [1, 0]), ValueError, "uniform: high must be at least low everywhere, got less"),
        (
            lambda g: g.uniform([0, 1], shape=3),
            ValueError,
            r"uniform: low must broadcast to the shape \(3,\), got \(2,\)",
        ),
        (lambda g: g.normal(std=-1), ValueError, "normal: std must be 0 or more, got -1"),
        (lambda g: g.normal(scale=2), TypeError, "scale is called std here"),
        (lambda g: g.normal(math.nan), ValueError, "normal: mean must be finite, got nan"),
        (
            lambda g: g.normal([math.nan]),
            ValueError,
            "normal: mean must be finite, got a tensor with infinities or NaN",
        ),
        (lambda g: g.integers(0), ValueError, "integers: low must be above 0, got 0"),
        (lambda g: g.integers(5, 5), ValueError, "integers: high must be above low, got 5 for low=5"),
        (lambda g: g.integers(5, 4, endpoint=True), ValueError, "integers: high must be at least low, got 4 for low=5"),
        (lambda g: g.integers(2.5), TypeError, "integers: low must be an int, got float 2.5"),
        (
            lambda g: g.integers(300, dtype="uint8"),
            ValueError,
            "must be within uint8, from 0 to 255, got from 0 to 299",
        ),
        (lambda g: g.integers(5, dtype="float64"), TypeError, "integers: dtype must be one of bool, "),
        (lambda g: g.integers(5, endpoint="no"), TypeError, "integers: endpoint must be True or False"),
        (lambda g: g.bernoulli(1.5), ValueError, "bernoulli: p must be a number from 0 to 1, got 1.5"),
        (lambda g: g.bernoulli(math.nan), ValueError, "bernoulli: p must be a number from 0 to 1, got nan"),
        (lambda g: g.bernoulli([0.5, 2]), ValueError, "bernoulli: p must be from 0 to 1"),
        (lambda g: g.permutation(-1), ValueError, "permutation: x must be 0 or more, got -1"),
        (lambda g: g.permutation(2.5), ValueError, "axis"),
        (lambda g: g.permutation(ao.ones(3), axis=1), ValueError, "permutation: axis must be from -1 to 0"),
        (lambda g: g.shuffle([1, 2]), TypeError, "shuffle: x must be a Tensor, got list"),
        (
            lambda g: g.choice(3, 4, replace=False),
            ValueError,
            "choice: shape must be of at most 3 elements, got 4; give",
        ),
        (lambda g: g.choice(3, 3, replace=False, p=[0.5, 0.5, 0]), ValueError, "2 elements whose probability is not 0"),
        (lambda g: g.choice(3, p=[0.5, 0.5]), ValueError, r"choice: p must have the shape \(3,\), got \(2,\)"),
        (
            lambda g: g.choice(2, p=[0.5, 0.6]),
            ValueError,
            "choice: p must have the sum 1, got 1.1; divide it by its sum",
        ),
        (lambda g: g.choice(2, p=[-0.5, 1.5]), ValueError, "choice: p must be of numbers from 0 on"),
        (lambda g: g.choice(0, 1), ValueError, "choice: a must have elements, got none"),
        (lambda g: g.choice(-1), ValueError, "choice: a must be 0 or more, got -1"),
        (lambda g: g.choice(2.5), ValueError, "choice: a must have an axis, or be an int"),
        (
            lambda g: g.choice(2**63, 3),
            ValueError,
            r"choice: a must be below 2\*\*63, as indices are, got 9223372036854775808",
        ),
        (lambda g: g.choice(2**63, 3, replace=False), ValueError, r"choice: a must be below 2\*\*63"),
        (lambda g: g.permutation(2**70), ValueError, r"permutation: x must be below 2\*\*63"),
        (lambda g: g.split(-1), ValueError, "split: n must be 0 or more, got -1"),
        (lambda g: g.seed(-1), ValueError, r"seed: seed must be from 0 to 2\*\*128 - 1, got -1"),
        (lambda g: g.seed("a"), TypeError, "seed: seed must be an int, got str 'a'"),
        (lambda g: Generator(1.5), TypeError, "seed: seed must be an int, got float 1.5"),
        (lambda g: setattr(g, "state", 5), TypeError, "Generator: state must be the state of a generator, got int 5"),
        (lambda g: setattr(g, "state", (1, -1, 0)), ValueError, "Generator: state must be the state of a generator"),
    ],
)
def test_errors(call: Any, kind: type[Exception], message: str) -> None:
    generator = Generator(1)
    with pytest.raises(kind, match=message):
        call(generator)
    assert generator.state == (1, 0, 0)
