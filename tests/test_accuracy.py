"""How far functions are from the exact result, in units in the last place: at most the ``units`` of their record.

float64 is held against mpmath, float32 against float64: a sample of all its numbers by default, every one of them
with ``-m slow``. Each test prints the largest error that it met (``-rP`` shows it).
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest

import aotops as ao
from aotops import ops

#: Derivatives: test_derivatives. Operators of positions: test_positions.
RECORDS = {name: record for name, record in ops.collect().items() if "." not in name and not record.positions}
INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Function:
    """A function of one float, exactly and by NumPy, and where its domain begins and ends."""

    name: str
    exact: Callable[[Any], Any]
    numpy: Callable[[Any], Any]
    lowest: float = -math.inf
    highest: float = math.inf

    @property
    def bound(self) -> float:
        """The largest error allowed; half a unit is what correct rounding leaves."""
        return RECORDS[self.name].units or 0.5

    def compiled(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(getattr(ao, self.name)(ao.asarray(x)))


def numpy_sigmoid(x: Any) -> Any:
    z = np.exp(-np.abs(x))
    return np.where(x < 0, z, 1) / (1 + z)


def numpy_erf(x: Any) -> Any:
    """By ``2 / sqrt(pi) * exp(-x**2) * x * (1 + 2 / 3 * x**2 * (1 + 2 / 5 * x**2 * (...)))``: nothing cancels."""
    large = np.abs(x) >= 7  # there it is 1, and the series long
    a = np.where(large, 0, np.abs(x))
    twice = 2 * a * a
    greatest = float(np.fmax.reduce(twice, initial=0))
    count, least = 1, greatest
    while least > 2.0**-70:
        count += 1
        least *= greatest / (2 * count + 1)
    series = np.ones_like(a)
    for k in range(count, 0, -1):
        series = 1 + twice / (2 * k + 1) * series
    head = np.rint(a * 1024) / 1024  # its square is exact
    constant = x.dtype.type("1.1283791670955125738961589031215451717")
    y = constant * np.exp(-head * head) * np.exp((head - a) * (head + a)) * (a * series)
    return np.copysign(np.where(large, 1, y), x)


FUNCTIONS = [
    Function("exp", mpmath.exp, np.exp),
    Function("log", mpmath.log, np.log, lowest=0.0),
    Function("sqrt", mpmath.sqrt, np.sqrt, lowest=0.0),
    Function("expm1", mpmath.expm1, np.expm1),
    Function("log1p", mpmath.log1p, np.log1p, lowest=-1.0),
    Function("sin", mpmath.sin, np.sin),
    Function("cos", mpmath.cos, np.cos),
    Function("asin", mpmath.asin, np.arcsin, lowest=-1.0, highest=1.0),
    Function("acos", mpmath.acos, np.arccos, lowest=-1.0, highest=1.0),
    Function("atan", mpmath.atan, np.arctan),
    Function("tanh", mpmath.tanh, np.tanh),
    Function("erf", mpmath.erf, numpy_erf),
    Function("sigmoid", lambda x: 1 / (1 + mpmath.exp(-x)), numpy_sigmoid),
]

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def test_every_record_with_an_error_bound_is_measured() -> None:
    bounded = {name for name, record in RECORDS.items() if record.units}
    assert bounded == {function.name for function in FUNCTIONS if RECORDS[function.name].units} | {"pow", "atan2"}


def demand(function: Function, dtype: str, worst: float, where: float) -> None:
    """Say what the largest error is, and demand that it is within the bound."""
    found = f"{function.name} {dtype}: at most {worst:.4f} units in the last place, at {where!r}"
    print(found)
    assert worst <= function.bound, found


# --- float64 ------------------------------------------------------------------------------------------------------


def neighbours(x: float, steps: int) -> Iterator[float]:
    """A float and those next to it on both sides."""
    yield x
    for towards in (-math.inf, math.inf):
        y = x
        for _ in range(steps):
            y = math.nextafter(y, towards)
            yield y


#: exp overflows, its results turn subnormal, and vanish; sigmoid reaches 1; erf's seams, and where it reaches 1; ends
#: of the subnormal and normal numbers; seams of log1p.
THRESHOLDS = [
    math.log(1.7976931348623157e308),
    math.log(2.2250738585072014e-308),
    -745.1332191019412,
    -744.4400719213812,
    36.7368005696771,
    0.921875,
    1.8125,
    5.9215871957945,
    6.0,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    0.0,
    1.0,
    math.e,
    0.25,
    0.5,
    2.0**1022,
]


def points() -> list[float]:
    """Some ten thousand floats: of every size, many near 0 and 1, and all around every place with a seam."""
    generator = random.Random(1)
    chosen = [math.ldexp(generator.uniform(1, 2), generator.randrange(-1074, 1024)) for _ in range(3000)]
    chosen += [generator.uniform(-746, 710) for _ in range(3000)]
    chosen += [generator.uniform(-40, 40) for _ in range(2000)]
    chosen += [math.ldexp(generator.uniform(-1, 1), -generator.randrange(60)) for _ in range(1000)]
    chosen += [1 + math.ldexp(generator.uniform(-1, 1), -generator.randrange(53)) for _ in range(1000)]
    for threshold in THRESHOLDS:
        chosen += neighbours(threshold, 10)
    # the joints of asin, acos and atan, numbers within 1, and tangents
    for joint in (0.5, 2.0, 2**-27):
        chosen += neighbours(joint, 10)
        chosen += [joint * (1 + math.ldexp(generator.uniform(-1, 1), -generator.randrange(2, 53))) for _ in range(500)]
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
    chosen += [6381956970095103 * 2.0**797, 5319372648326541 * 2.0**255, 1e22, 2.0**20]
    return [sign * x for x in chosen for sign in (1, -1)]


def error_in_units(result: float, exact: Any) -> float:
    """The distance of a float64 from the exact result, in the spacing of float64 around the exact result."""
    with mpmath.workprec(200):
        bounded = min(max(exact, -mpmath.ldexp(1, 1024)), mpmath.ldexp(1, 1024))
        got = math.copysign(1, result) * mpmath.ldexp(1, 1024) if math.isinf(result) else mpmath.mpf(result)
        exponent = max(mpmath.frexp(bounded)[1] - 1, -1022) if bounded else -1022
        return float(abs(got - bounded) / mpmath.ldexp(1, exponent - 52))


@every_function
def test_float64_is_within_the_bound(function: Function) -> None:
    x = [value for value in points() if function.lowest <= value <= function.highest and value != -math.inf]
    x = [
        value
        for value in x
        if math.isfinite(value) and (not function.name.startswith("log") or value != function.lowest)
    ]
    assert len(x) > 10_000
    results = function.compiled(np.array(x)).tolist()
    errors = []
    for value, result in zip(x, results, strict=True):
        # sin and cos of large numbers are what is left of them beside a multiple of pi
        with mpmath.workprec(200 + max(math.frexp(value)[1], 0) if function.name in ("sin", "cos") else 120):
            errors.append(error_in_units(result, function.exact(mpmath.mpf(value))))
    worst = max(errors)
    demand(function, "float64", worst, x[errors.index(worst)])


@pytest.mark.slow
@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="this platform's long double is no wider than double")
@every_function
def test_many_float64_are_within_the_bound(function: Function) -> None:
    """Fifty million numbers against the 64 bits of x87's long double."""
    generator = np.random.default_rng(2)
    worst, where = 0.0, math.nan
    for _ in range(50):
        count = 250_000
        anything = generator.integers(0, 2**64, count, "uint64").view("float64")
        near_one = 1 + np.ldexp(generator.uniform(-1, 1, count), -generator.integers(0, 53, count))
        x = np.concatenate([anything, generator.uniform(-746, 710, count), generator.normal(0, 3, count), near_one])
        x = np.concatenate([x, generator.uniform(-1, 1, count)])
        x = x[np.isfinite(x) & (x > function.lowest) & (x <= function.highest)]
        with np.errstate(all="ignore"):
            exact = np.clip(function.numpy(x.astype(np.longdouble)), -np.ldexp(np.longdouble(1), 1024), None)
            exact = np.minimum(exact, np.ldexp(np.longdouble(1), 1024))
            result = function.compiled(x).astype(np.longdouble)
            result = np.where(np.isinf(result), np.copysign(np.ldexp(np.longdouble(1), 1024), result), result)
            exponent = np.maximum(np.frexp(exact)[1] - 1, -1022)
            errors = np.abs(result - exact) / np.ldexp(np.longdouble(1), exponent - 52)
        place = int(np.argmax(errors))
        if not errors[place] <= worst:
            worst, where = float(errors[place]), float(x[place])
    # the exact result has only 11 bits more than the other, which tells distances to a thousandth of a unit
    demand(function, "float64", worst - 0.001, where)


# --- float32 ------------------------------------------------------------------------------------------------------


def worst_of_float32(function: Function, bits: np.ndarray) -> tuple[float, float]:
    """The largest error over float32 numbers given by their bits, and where it is."""
    x = bits.view("float32")
    with np.errstate(all="ignore"):
        result = function.compiled(x).astype("float64")
        exact = function.numpy(x.astype("float64"))
        assert np.array_equal(np.isnan(result), np.isnan(exact)), "NaN for the wrong arguments"
        infinite = np.isinf(x) | (x == 0)
        assert np.array_equal(np.signbit(result[x == 0]), np.signbit(exact[x == 0])), "zero of the wrong sign"
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
def test_a_sample_of_float32_is_within_the_bound(function: Function) -> None:
    """Every 1021st of all bit patterns, four millions."""
    worst, where = worst_of_float32(function, np.arange(0, 2**32, 1021, "uint32"))
    demand(function, "float32", worst, where)


@pytest.mark.slow
@every_function
def test_every_float32_is_within_the_bound(function: Function) -> None:
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
    print(f"pow float64: at most {worst:.4f} units in the last place, at {where}")
    assert 0.5 < worst <= RECORDS["pow"].units, where


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 50))])
def test_pow_float32_is_within_the_bound(seed: int) -> None:
    bases, exponents = pairs("float32", 250_000, seed)
    with np.errstate(all="ignore"):
        result = np.asarray(ao.pow(ao.asarray(bases), ao.asarray(exponents))).astype("float64")
        exact = np.power(bases.astype("float64"), exponents.astype("float64"))
    result, exact = (np.clip(value, 0.0, 2.0**128) for value in (result, exact))
    errors = np.abs(result - exact) / np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
    print(f"pow float32: at most {errors.max():.4f} units in the last place")
    assert 0.5 < errors.max() <= RECORDS["pow"].units, (bases[errors.argmax()], exponents[errors.argmax()])


# --- atan2 --------------------------------------------------------------------------------------------------------


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


def test_atan2_float64_is_within_the_bound() -> None:
    ordinates, abscissas = points_of_the_plane("float64", 8000, 4)
    results = np.asarray(ao.atan2(ao.asarray(ordinates), ao.asarray(abscissas))).tolist()
    worst, where = 0.0, (0.0, 0.0)
    with mpmath.workprec(140):
        for y, x, result in zip(ordinates.tolist(), abscissas.tolist(), results, strict=True):
            error = error_in_units(result, mpmath.atan2(mpmath.mpf(y), mpmath.mpf(x)))
            if error > worst:
                worst, where = error, (y, x)
    print(f"atan2 float64: at most {worst:.4f} units in the last place, at {where}")
    assert 0.5 < worst <= RECORDS["atan2"].units, where


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 50))])
def test_atan2_float32_is_within_the_bound(seed: int) -> None:
    ordinates, abscissas = points_of_the_plane("float32", 250_000, seed)
    result = np.asarray(ao.atan2(ao.asarray(ordinates), ao.asarray(abscissas))).astype("float64")
    exact = np.arctan2(ordinates.astype("float64"), abscissas.astype("float64"))
    errors = np.abs(result - exact) / np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
    print(f"atan2 float32: at most {errors.max():.4f} units in the last place")
    assert 0.5 < errors.max() <= RECORDS["atan2"].units, (ordinates[errors.argmax()], abscissas[errors.argmax()])


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

SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e4, INF), (-1e4, 0.0)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (-INF, NAN), (INF, INF), (NAN, NAN)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e4, INF), (-1e4, -1.0)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-2.0, NAN), (-INF, NAN), (INF, INF), (NAN, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "acos": [(1.0, 0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (NAN, NAN)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (1e4, 1.0), (-1e4, -1.0)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (6.0, 1.0), (-1e4, -1.0)],
    "sqrt": [(0.0, 0.0), (-0.0, -0.0), (4.0, 2.0), (-1.0, NAN), (-INF, NAN), (INF, INF), (NAN, NAN)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (1e4, 1.0), (-1e4, 0.0)],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values_are_exact(name: str, dtype: str) -> None:
    cases = SPECIAL[name]
    for copies in (1, 20):  # by itself, and in vectors
        results = getattr(ao, name)(ao.tensor([x for x, _ in cases] * copies, dtype=dtype)).tolist()
        assert [repr(result) for result in results] == [repr(expected) for _, expected in cases] * copies


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


@dataclass(frozen=True)
class Spoilt(Function):
    """Correctly rounded, but for one element, which is two floats off."""

    place: int = 0

    def compiled(self, x: np.ndarray) -> np.ndarray:
        result: np.ndarray = self.numpy(x.astype("float64")).astype("float32")
        for _ in range(2):
            result[self.place] = np.nextafter(result[self.place], np.float32(math.inf))
        return result


def test_an_error_beyond_the_bound_of_float32_is_found() -> None:
    bits = np.array([1, 88.7, -103, 2.5, math.nan], "float32").view("uint32")
    assert worst_of_float32(FUNCTIONS[0], bits)[0] <= 1
    for place in range(4):
        worst, where = worst_of_float32(Spoilt("exp", mpmath.exp, np.exp, place=place), bits)
        assert worst > 1.4
        assert where == bits.view("float32")[place]
