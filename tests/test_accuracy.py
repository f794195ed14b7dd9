"""How far functions are from the exact result in ULP (units in the last place): at most their record's ``max_ulp``.

float64 is held against mpmath, float32 against float64: a sample of all its numbers by default, every one of them
with ``-m slow``. Each test prints the largest error that it met (``-rP`` shows it).
"""

from __future__ import annotations

import ast
import itertools
import math
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from needs import PROJECT, requires_source

import aotops as ao
from aotops import ops
from aotops.abi import FACTS
from aotops.ops.record import FLOATS, Record

#: Derivatives: test_derivatives. Operators of positions: test_positions.
RECORDS = {name: record for name, record in ops.collect().items() if "." not in name and not record.positions}
INF, NAN = math.inf, math.nan


#: Functions of one float: those with an error bound, and sqrt, which is correctly rounded.
FUNCTIONS = [
    record
    for record in RECORDS.values()
    if record.kind == "map"
    and tuple([dtype for dtype in record.dtypes if FACTS[dtype].kind != "complex"]) == FLOATS
    and not record.result
]

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def exact(record: Record, *arguments: Any) -> Any:
    """The result to mpmath's precision of the moment; mpmath's function of that name unless the record has another."""
    found = record.cases.exact or (hasattr(mpmath, record.name) and (lambda mp, *x: getattr(mp, record.name)(*x)))
    assert found, (
        f"{record.name}: mpmath has no function of this name; write the exact result on its record ({record.place}), "
        "as in cases=Cases(exact=lambda mp, x: 1 / (1 + mp.exp(-x)))"
    )
    return found(mpmath, *arguments)


def bound(record: Record) -> float:
    """The largest error allowed, in ULP; half a ULP is what correct rounding leaves."""
    return record.max_ulp or 0.5


def compiled(record: Record, x: np.ndarray) -> np.ndarray:
    """The operator's result."""
    return np.asarray(getattr(ao, record.name)(ao.asarray(x)))


def test_every_record_with_an_error_bound_is_measured() -> None:
    bounded = {name for name, record in RECORDS.items() if record.max_ulp}
    measured = {record.name for record in (*FUNCTIONS, *PLANAR)} | {"pow"}
    assert bounded <= measured, (
        "functions of three arguments and more need a test of their own in tests/test_accuracy.py"
    )


def test_every_function_has_its_special_values() -> None:
    for record in FUNCTIONS:
        assert record.cases.special, (
            f"{record.name}: write its values at zeros, infinities and NaN on its record ({record.place}), as in "
            "cases=Cases(special=((0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (NAN, NAN)))"
        )


def demand(function: Record, dtype: str, worst: float, where: float) -> None:
    """Say what the largest error is, and demand that it is within the bound."""
    found = f"{function.name} {dtype}: at most {worst:.4f} ULP, at {where!r}"
    print(found)
    assert worst <= bound(function), found
    assert worst > 0.3, f"{found}: an error that small means that nothing was measured"


# --- float64 ------------------------------------------------------------------------------------------------------


def neighbours(x: float, steps: int) -> Iterator[float]:
    """A float and those next to it on both sides."""
    yield x
    for towards in (-math.inf, math.inf):
        y = x
        for _ in range(steps):
            y = math.nextafter(y, towards)
            yield y


#: mpmath takes 20 seconds for all points of a function, of which the default tests take one part.
PARTS = 20

#: The ends of the subnormal and the normal numbers, and where many formulas meet.
THRESHOLDS = (5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.0, 1.0, 0.5, 2.0)


def points(function: Record) -> list[float]:
    """Some ten thousand floats: of every size, many near 0 and 1, and all around every place with a seam."""
    generator = random.Random(1)
    chosen = [math.ldexp(generator.uniform(1, 2), generator.randrange(-1074, 1024)) for _ in range(3000)]
    chosen += [generator.uniform(-746, 710) for _ in range(3000)]
    chosen += [generator.uniform(-40, 40) for _ in range(2000)]
    chosen += [math.ldexp(generator.uniform(-1, 1), -generator.randrange(60)) for _ in range(1000)]
    chosen += [1 + math.ldexp(generator.uniform(-1, 1), -generator.randrange(53)) for _ in range(1000)]
    for seam in (*THRESHOLDS, *function.cases.seams):
        chosen += neighbours(seam, 10)
        chosen += [seam * (1 + math.ldexp(generator.uniform(-1, 1), -generator.randrange(2, 53))) for _ in range(200)]
    # numbers within 1, and tangents
    chosen += [generator.uniform(0, 1) for _ in range(6000)]
    chosen += [math.tan(generator.uniform(0, math.pi / 2)) for _ in range(3000)]
    for k in range(-1076, 1026):
        # where exp goes from one power of two to the next, and exactly between
        chosen += neighbours(k * math.log(2), 1)
        chosen += neighbours((k + 0.5) * math.log(2), 1)
    for exponent in range(-1074, 1023, 16):
        # where log goes from one power of two to the next
        chosen += neighbours(math.ldexp(math.sqrt(0.5), exponent), 2)
        chosen += neighbours(math.ldexp(1.0, exponent), 2)
    chosen += itertools.chain.from_iterable(neighbours(float(k * k), 1) for k in range(2, 200))
    # multiples of pi/2, of which the largest known to be close to a float64
    chosen += [float(mpmath.pi / 2 * generator.randrange(1 << generator.randrange(1, 50))) for _ in range(1000)]
    low, high = function.cases.domain
    given = {x for x, _ in function.cases.special}  # tested exactly, and may be poles
    signed = [sign * x for x in chosen for sign in (1, -1) if math.isfinite(x)]
    return [x for x in signed if low <= x <= high and x not in given]


def error_in_units(result: float, exact: Any, dtype: str = "float64", least: float = 0.0) -> float:
    """The distance of a float from the exact result, in the spacing of its dtype around it, or around ``least``."""
    largest, lowest, digits = (1024, -1022, 52) if dtype == "float64" else (128, -126, 23)
    with mpmath.workprec(200):
        infinity = mpmath.ldexp(1, largest)  # it stands where the next power of two would
        bounded = min(max(exact, -infinity), infinity)
        got = math.copysign(1, result) * infinity if math.isinf(result) else mpmath.mpf(result)
        exponent = max(mpmath.frexp(bounded)[1] - 1, lowest) if bounded else lowest
        exponent = max(exponent, math.frexp(least)[1] - 1) if least else exponent
        return float(abs(got - bounded) / mpmath.ldexp(1, exponent - digits))


@every_function
@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.slow) for first in range(1, PARTS))])
def test_float64_is_within_the_bound(function: Record, first: int) -> None:
    x = points(function)[first::PARTS]
    assert len(x) > 24_000 // PARTS
    results = compiled(function, np.array(x)).tolist()
    errors = []
    for value, result in zip(x, results, strict=True):
        # periodic functions of large numbers are what is left of them beside a multiple of pi
        with mpmath.workprec(120 + max(math.frexp(value)[1], 0)):
            errors.append(error_in_units(result, exact(function, mpmath.mpf(value))))
    worst = max(errors)
    demand(function, "float64", worst, x[errors.index(worst)])


def worst_of_float64(function: Record, rounds: int, count: int = 250_000) -> tuple[float, float]:
    """The largest error over five times ``count`` float64 in each round, against x87's long double, and where."""
    generator = np.random.default_rng(2)
    worst, where = 0.0, math.nan
    for _ in range(rounds):
        anything = generator.integers(0, 2**64, count, "uint64").view("float64")
        near_one = 1 + np.ldexp(generator.uniform(-1, 1, count), -generator.integers(0, 53, count))
        x = np.concatenate([anything, generator.uniform(-746, 710, count), generator.normal(0, 3, count), near_one])
        x = np.concatenate([x, generator.uniform(-1, 1, count)])
        low, high = function.cases.domain
        x = x[np.isfinite(x) & (x > low) & (x <= high)]
        with np.errstate(all="ignore"):
            truth = np.clip(function.numpy(np, x.astype(np.longdouble)), -np.ldexp(np.longdouble(1), 1024), None)
            truth = np.minimum(truth, np.ldexp(np.longdouble(1), 1024))
            result = compiled(function, x).astype(np.longdouble)
            result = np.where(np.isinf(result), np.copysign(np.ldexp(np.longdouble(1), 1024), result), result)
            exponent = np.maximum(np.frexp(truth)[1] - 1, -1022)
            errors = np.abs(result - truth) / np.ldexp(np.longdouble(1), exponent - 52)
        place = int(np.argmax(errors))
        if not errors[place] <= worst:
            worst, where = float(errors[place]), float(x[place])
    return worst, where


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="this platform's long double is no wider than double")
@every_function
@pytest.mark.parametrize("rounds", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_many_float64_are_within_the_bound(function: Record, rounds: int) -> None:
    worst, where = worst_of_float64(function, rounds, 20_000 if rounds == 1 else 250_000)
    # the exact result has only 11 bits more than the other, which tells distances to a thousandth of a unit
    demand(function, "float64", worst - 0.001, where)


# --- float32 ------------------------------------------------------------------------------------------------------


def worst_of_float32(
    function: Record, bits: np.ndarray, compiled: Callable[[Record, np.ndarray], np.ndarray] = compiled
) -> tuple[float, float]:
    """The largest error over float32 numbers given by their bits, and where it is."""
    x = bits.view("float32")
    with np.errstate(all="ignore"):
        result = compiled(function, x).astype("float64")
        exact = function.numpy(np, x.astype("float64"))
        assert np.array_equal(np.isnan(result), np.isnan(exact)), "NaN for the wrong arguments"
        infinite = np.isinf(x) | (x == 0)
        zeros = (x == 0) & ~np.isnan(exact)
        assert np.array_equal(np.signbit(result[zeros]), np.signbit(exact[zeros])), "zero of the wrong sign"
        expected = exact[infinite].astype("float32").astype("float64")
        assert np.array_equal(result[infinite], expected, equal_nan=True), "wrong at zero or infinity"
        # infinity stands where the next power of two would
        result = np.clip(result, -(2.0**128), 2.0**128)
        exact = np.clip(exact, -(2.0**128), 2.0**128)
        exponent_bits = np.maximum(exact.view("int64") >> 52 & 0x7FF, 1023 - 126) - 23 << 52
        errors = np.abs(result - exact) / exponent_bits.view("float64")
    errors[np.isnan(errors)] = 0
    place = int(np.argmax(errors))
    return float(errors[place]), float(x[place])


@every_function
def test_a_sample_of_float32_is_within_the_bound(function: Record) -> None:
    """Every 8191st of all bit patterns: a thousand between two powers of two. All of them are slow.

    And those around each power of two and each seam, where errors have been found that no other number had.
    """
    with np.errstate(over="ignore"):
        seams = np.array([*THRESHOLDS, *function.cases.seams]).astype("float32")
    places = np.concatenate([np.arange(0, 2**31, 2**23), np.abs(seams).view("int32")])
    around = (places[:, None] + np.arange(-16, 17)).clip(0).ravel()
    some = np.concatenate([np.arange(0, 2**32, 8191), around, around + 2**31]).astype("uint32")
    worst, where = worst_of_float32(function, some)
    demand(function, "float32", worst, where)


@pytest.mark.slow
@every_function
def test_every_float32_is_within_the_bound(function: Record) -> None:
    # pieces that stay in the cache
    step = 2**17
    pieces = (np.arange(first, first + step, dtype="uint32") for first in range(0, 2**32, step))
    worst, where = max(worst_of_float32(function, piece) for piece in pieces)
    demand(function, "float32", worst, where)


# --- pow ------------------------------------------------------------------------------------------------------------


def pairs(dtype: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bases and exponents: of every size, bases near 1, small integers; most powers between underflow and overflow."""
    generator = np.random.default_rng(seed)
    reach, digits = (1080, 50) if dtype == "float64" else (152, 22)
    anywhere = np.exp2(generator.uniform(-reach, reach * 0.94, count))
    near_one = 1 + np.ldexp(generator.uniform(-1, 1, count), -generator.integers(1, digits, count))
    integers = generator.integers(1, 30, count).astype(float)
    with np.errstate(all="ignore"):
        bases = np.concatenate([anywhere, near_one, integers, generator.uniform(0.3, 3, count)]).astype(dtype)
        exponents = generator.uniform(-reach, reach, bases.size) / np.log2(bases, dtype="float64")
        exponents[1::3] = generator.uniform(-5, 5, bases.size)[1::3]
        exponents[2 * count : 3 * count] = np.rint(exponents[2 * count : 3 * count])
        exponents = exponents.astype(dtype)
    usable = np.isfinite(exponents) & np.isfinite(bases) & (bases > 0)
    return bases[usable], exponents[usable]


def test_pow_float64_is_within_the_bound() -> None:
    bases, exponents = pairs("float64", 6000, 3)
    results = np.asarray(ao.pow(ao.asarray(bases), ao.asarray(exponents))).tolist()
    worst, where = 0.0, (0.0, 0.0)
    with mpmath.workprec(140):
        for x, y, result in zip(bases.tolist(), exponents.tolist(), results, strict=True):
            error = error_in_units(result, mpmath.mpf(x) ** mpmath.mpf(y))
            if error > worst:
                worst, where = error, (x, y)
    print(f"pow float64: at most {worst:.4f} ULP, at {where}")
    assert 0.5 < worst <= RECORDS["pow"].max_ulp, where


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 50))])
def test_pow_float32_is_within_the_bound(seed: int) -> None:
    bases, exponents = pairs("float32", 250_000, seed)
    with np.errstate(all="ignore"):
        result = np.asarray(ao.pow(ao.asarray(bases), ao.asarray(exponents))).astype("float64")
        exact = np.power(bases.astype("float64"), exponents.astype("float64"))
    result, exact = (np.clip(value, 0.0, 2.0**128) for value in (result, exact))
    errors = np.abs(result - exact) / np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
    print(f"pow float32: at most {errors.max():.4f} ULP")
    assert 0.5 < errors.max() <= RECORDS["pow"].max_ulp, (bases[errors.argmax()], exponents[errors.argmax()])


# --- functions of two floats --------------------------------------------------------------------------------------


def points_of_the_plane(dtype: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ordinates and abscissas: in every direction, near the joints, of any sizes, with quotients that are subnormal."""
    generator = np.random.default_rng(seed)
    lowest, highest = (-1074, 1023) if dtype == "float64" else (-149, 127)
    digits = 54 if dtype == "float64" else 25
    angle = generator.uniform(-math.pi, math.pi, count)
    near = generator.normal(0, 1, count)
    joints = generator.choice([0.5, 1, 2], count) * (1 + np.ldexp(near, -generator.integers(2, digits, count)))
    exponents = generator.integers(lowest, highest, (2, count))
    sizes = np.ldexp(generator.uniform(-1, 1, (2, count)), exponents)
    large = generator.integers(-50, highest, count)
    with np.errstate(under="ignore"):
        quotients = np.ldexp(
            generator.uniform(0.5, 1, count), large + generator.integers(lowest - 2, lowest + 60, count)
        )
        ordinates = np.concatenate([np.sin(angle), joints * near, sizes[0], quotients]).astype(dtype)
        abscissas = np.concatenate([np.cos(angle), near, sizes[1], np.ldexp(1.0, large)]).astype(dtype)
    usable = (ordinates != 0) & (abscissas != 0)
    return ordinates[usable], abscissas[usable]


#: Functions of two floats with an error bound; powers, most of which over- or underflow, have points of their own.
PLANAR = [record for record in RECORDS.values() if record.kind == "zip" and record.max_ulp and record.name != "pow"]
every_planar = pytest.mark.parametrize("function", PLANAR, ids=lambda function: function.name)


@every_planar
def test_planar_float64_is_within_the_bound(function: Record) -> None:
    first, second = points_of_the_plane("float64", 8000, 4)
    results = np.asarray(getattr(ao, function.name)(ao.asarray(first), ao.asarray(second))).tolist()
    worst, where = 0.0, (0.0, 0.0)
    with mpmath.workprec(140):
        for x1, x2, result in zip(first.tolist(), second.tolist(), results, strict=True):
            wanted = exact(function, mpmath.mpf(x1), mpmath.mpf(x2))
            error = error_in_units(result, wanted, least=function.cases.least)
            if error > worst:
                worst, where = error, (x1, x2)
    print(f"{function.name} float64: at most {worst:.4f} ULP, at {where}")
    assert 0.5 < worst <= function.max_ulp, where


@every_planar
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 50))])
def test_planar_float32_is_within_the_bound(function: Record, seed: int) -> None:
    first, second = points_of_the_plane("float32", 250_000, seed)
    result = np.asarray(getattr(ao, function.name)(ao.asarray(first), ao.asarray(second))).astype("float64")
    exact = function.numpy(np, first.astype("float64"), second.astype("float64"))
    sizes = np.maximum(np.abs(exact), function.cases.least)
    errors = np.abs(result - exact) / np.ldexp(1.0, np.maximum(np.frexp(sizes)[1] - 24, -149))
    print(f"{function.name} float32: at most {errors.max():.4f} ULP")
    assert 0.499 < errors.max() <= function.max_ulp, (first[errors.argmax()], second[errors.argmax()])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_of_atan2_are_those_of_numpy(dtype: str) -> None:
    limits = np.finfo(dtype)
    numbers = [0.0, 1.0, 0.5, 3.0, INF, NAN, *map(float, (limits.max, limits.tiny, limits.smallest_subnormal))]
    signed = np.array([sign * x for x in numbers for sign in (1, -1)]).astype(dtype)
    ordinates, abscissas = (x.ravel() for x in np.meshgrid(signed, signed))
    with np.errstate(all="ignore"):
        wanted = np.arctan2(ordinates.astype("float64"), abscissas.astype("float64")).astype(dtype)
    together = np.asarray(ao.atan2(ao.asarray(ordinates), ao.asarray(abscissas)))
    one_by_one = [
        ao.atan2(ao.asarray(ordinates[k : k + 1]), ao.asarray(abscissas[k : k + 1])).item()
        for k in range(ordinates.size)
    ]
    for result in (together, np.array(one_by_one, dtype)):
        with np.errstate(invalid="ignore"):
            wrong = np.abs(result - wanted) > np.spacing(np.abs(wanted))
        wrong |= np.isnan(result) != np.isnan(wanted)
        exact = (ordinates == 0) | (abscissas == 0) | np.isinf(ordinates) | np.isinf(abscissas)
        wrong |= exact & (result != wanted) & ~np.isnan(wanted)
        wrong |= (np.signbit(result) != np.signbit(wanted)) & ~np.isnan(wanted)
        assert not wrong.any(), [*zip(ordinates[wrong], abscissas[wrong], result[wrong], wanted[wrong], strict=True)]


# --- both ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_of_pow_are_those_of_numpy(dtype: str) -> None:
    numbers = [
        0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        4.0,
        1e-40,
        5e-324,
        1e30,
        1e300,
        2.0**24 - 1,
        2.0**53 - 1,
        2.0**60,
        INF,
        NAN,
    ]
    with np.errstate(all="ignore"):
        signed = np.array([sign * x for x in numbers for sign in (1, -1)]).astype(dtype)
        bases, exponents = (x.ravel() for x in np.meshgrid(signed, signed))
        wanted = np.power(bases, exponents)
    ordinary = np.isfinite(wanted) & (wanted != 0) & (np.abs(wanted) != 1)
    together = np.asarray(ao.pow(ao.asarray(bases), ao.asarray(exponents)))
    one_by_one = [
        ao.pow(ao.asarray(bases[k : k + 1]), ao.asarray(exponents[k : k + 1])).item() for k in range(bases.size)
    ]
    for result in (together, np.array(one_by_one, dtype)):
        wrong = ~np.isclose(result, wanted, rtol=np.finfo(dtype).eps * 4, atol=0, equal_nan=True)
        wrong |= ~ordinary & (result != wanted) & ~np.isnan(wanted)
        wrong |= (np.signbit(result) != np.signbit(wanted)) & ~np.isnan(wanted)
        assert not wrong.any(), [*zip(bases[wrong], exponents[wrong], result[wrong], wanted[wrong], strict=True)]


def test_pow_of_int64_wraps_around_and_inverts_only_units() -> None:
    bases, exponents = [3, -3, 2, 7, 10, 1, -1, -1, 2, 0, 0, -5], [4, 3, 63, 2**62, 30, -5, -5, -4, -1, 0, -1, 0]
    expected = [81, -27, -(2**63), pow(7, 2**62, 2**64), (10**30 + 2**63) % 2**64 - 2**63, 1, -1, 1, 0, 1, 0, 1]
    expected = [(x + 2**63) % 2**64 - 2**63 for x in expected]
    assert ao.pow(ao.tensor(bases), ao.tensor(exponents)).tolist() == expected


def test_an_error_beyond_the_bound_of_float64_is_found() -> None:
    """The neighbours of the correctly rounded result are between half a unit and one and a half away."""
    exact = mpmath.exp(1)
    assert error_in_units(math.e, exact) < 0.5
    for neighbour in list(neighbours(math.e, 1))[1:]:
        assert 0.5 < error_in_units(neighbour, exact) < 1.5
    assert error_in_units(math.inf, mpmath.ldexp(1, 1024)) == 0
    assert error_in_units(math.inf, mpmath.mpf(1.7976931348623157e308)) == 1
    assert error_in_units(5e-324, mpmath.mpf(0)) == 1


def test_an_error_beyond_the_bound_of_float32_is_found() -> None:
    bits = np.array([1, 88.7, -103, 2.5, math.nan], "float32").view("uint32")
    exp = RECORDS["exp"]
    assert worst_of_float32(exp, bits)[0] <= 1
    for place in range(4):

        def spoilt(function: Record, x: np.ndarray, place: int = place) -> np.ndarray:
            """Correctly rounded, but for one element, which is two floats off."""
            result: np.ndarray = function.numpy(np, x.astype("float64")).astype("float32")
            for _ in range(2):
                result[place] = np.nextafter(result[place], np.float32(math.inf))
            return result

        worst, where = worst_of_float32(exp, bits, spoilt)
        assert worst > 1.4
        assert where == bits.view("float32")[place]


# --- docs/accuracy.md -----------------------------------------------------------------------------------------------

PAGE = PROJECT / "docs" / "accuracy.md"
NUMBER = r"\(?[-+.,e\d ]+\)?"
#: The cells of an operator's row: name, bound, and for each dtype the largest error and where it was found.
ROW = re.compile(
    rf"^\| (\w+) \| ([\w. ]+) \| ([\d.]+)(?: \(1/\d+\))? \| ({NUMBER}) \| ([\d.]+) \| ({NUMBER}) \|$", re.M
)
FIRST_TABLE = PAGE.read_text(encoding="utf-8").partition("## Complex")[0] if PAGE.exists() else ""
ROWS = {match[1]: match for match in ROW.finditer(FIRST_TABLE)}


@requires_source
def test_the_page_has_rows_of_operators_that_are_measured() -> None:
    assert ROWS
    # a new function is measured for the next release: that takes minutes of all CPUs
    assert set(ROWS) <= {record.name for record in (*FUNCTIONS, *PLANAR, RECORDS["pow"])}
    assert list(ROWS) == sorted(ROWS)
    rows = [line for line in FIRST_TABLE.splitlines() if line.startswith("| ")]
    assert len(rows) == len(ROWS) + 1


@requires_source
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ROWS)
def test_the_page_tells_errors_within_the_bound_where_they_are(name: str, dtype: str) -> None:
    """Each error is that of its argument, so that a function whose bits change must be measured again."""
    record = RECORDS[name]
    _, wanted, *cells = ROWS[name].groups()
    error, where = cells[:2] if dtype == "float32" else cells[2:]
    assert wanted == str(record.max_ulp or "correctly rounded")
    assert 0.3 < float(error) <= bound(record)
    arguments = ast.literal_eval(where)
    arguments = arguments if isinstance(arguments, tuple) else (arguments,)
    result = getattr(ao, name)(*(ao.tensor([x], dtype=dtype) for x in arguments)).item()
    # periodic functions of large numbers are what is left of them beside a multiple of pi
    with mpmath.workprec(1200):
        values = [mpmath.mpf(x) for x in arguments]
        truth = values[0] ** values[1] if name == "pow" else exact(record, *values)
        found = error_in_units(result, truth, dtype, record.cases.least)
        assert found == pytest.approx(float(error), abs=6e-4)
