"""Fused multiply-add: one rounding for every argument, on CPUs with the instruction and without it."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given
from needs import requires_numba

import aotops as ao
from aotops import reference
from aotops.aot.back.levels import levels
from aotops.intrinsics import Pointer, bits_of_float32, bits_of_float64, fma
from aotops.ops import collect
from aotops.scalar import emulation

INF, NAN = math.inf, math.nan
LARGEST, SMALLEST, NORMAL = 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308


def same(x: float, y: float) -> bool:
    """Whether two floats are one number, zeros by their signs, or both NaN."""
    return (x != x and y != y) or (x == y and math.copysign(1, x) == math.copysign(1, y))


def is_nearest(result: float, exact: Fraction, dtype: str) -> bool:
    """Whether a float is the nearest to a number, of two that are equally near the one with even bits."""
    kind = np.dtype(dtype).type
    largest = Fraction(float(np.finfo(dtype).max))
    beyond = largest + (largest - Fraction(float(np.nextafter(kind(largest), kind(0))))) / 2
    if math.isinf(result):
        return abs(exact) >= beyond and (result > 0) == (exact > 0)
    if abs(exact) >= beyond:
        return False
    distance = abs(Fraction(result) - exact)
    bits = bits_of_float32(result) if dtype == "float32" else bits_of_float64(result)
    for way in (-INF, INF):
        neighbour = float(np.nextafter(kind(result), kind(way)))
        if math.isinf(neighbour):
            continue
        other = abs(Fraction(neighbour) - exact)
        if other < distance or (other == distance and bits & 1):
            return False
    return True


CASES = [
    (0.1, 10.0, -1.0, 5.551115123125783e-17),
    (1.0 + 2.0**-52, 1.0 + 2.0**-52, -(1.0 + 2.0**-51), 2.0**-104),
    (LARGEST, 2.0, -LARGEST, LARGEST),  # the product alone overflows
    (LARGEST, 2.0, -INF, -INF),
    (LARGEST, 2.0, LARGEST, INF),
    (-LARGEST, 2.0, 0.0, -INF),
    (SMALLEST, 0.5, SMALLEST, 2 * SMALLEST),  # a tie, to even
    (SMALLEST, 0.5, 0.0, 0.0),
    (SMALLEST, -0.5, 0.0, -0.0),
    (SMALLEST, 0.75, 0.0, SMALLEST),
    (NORMAL, 1.0 - 2.0**-53, 0.0, NORMAL),
    (NORMAL, 1.0 - 2.0**-52, 0.0, NORMAL - SMALLEST),
    (2.0**-600, 2.0**-600, NORMAL, NORMAL),
    (2.0**600, 2.0**600, -INF, -INF),
    (0.0, 5.0, -0.0, 0.0),
    (-0.0, 5.0, -0.0, -0.0),
    (3.0, 5.0, -15.0, 0.0),
    (INF, 0.0, 1.0, NAN),
    (INF, 2.0, -INF, NAN),
    (INF, -2.0, 1.0, -INF),
    (0.0, 0.0, INF, INF),
    (NAN, 1.0, 1.0, NAN),
    (1.0, 1.0, NAN, NAN),
]


@pytest.mark.parametrize(("a", "b", "c", "expected"), CASES)
def test_known_values(a: float, b: float, c: float, expected: float) -> None:
    assert same(fma(a, b, c), expected)
    assert same(emulation.fma64(a, b, c), expected)
    assert same(ao.fma(ao.tensor([a]), b, c).item(), expected)
    slow = reference.evaluate(collect()["fma"], *[reference.tensor([each]) for each in (a, b, c)])
    assert same(slow.tolist()[0], expected)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_float32_rounds_once() -> None:
    # by way of float64, the sum would be rounded to a tie first and then to even
    a, b, c = 1.0 + 2.0**-23, 1.0 + 2.0**-23, 2.0**-70
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    assert is_nearest(float(fma(np.float32(a), np.float32(b), np.float32(c))), exact, "float32")
    for count in (1, 40):
        x, y, z = (ao.tensor([each] * count, dtype="float32") for each in (a, b, c))
        result = ao.fma(x, y, z)
        assert result.dtype == "float32"
        assert all(is_nearest(each, exact, "float32") for each in result.tolist())


floats = st.floats(allow_nan=False, allow_infinity=False)
factors = st.one_of(floats, st.floats(-4.0, 4.0), st.floats(NORMAL / 2**60, NORMAL * 2**60))


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@given(factors, factors, factors, st.sampled_from([None, -1.0, 1.0 + 2.0**-52, 2.0**-54, -(2.0**53)]))
@example(SMALLEST, SMALLEST, 1.0, None)
def test_float64_is_the_nearest(a: float, b: float, c: float, relative: float | None) -> None:
    if relative is not None:  # near cancellation, and far from it
        c = a * b * relative
        c = 0.0 if math.isinf(c) or c != c else c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    result = fma(a, b, c)
    assert is_nearest(result, exact, "float64")
    assert same(emulation.fma64(a, b, c), result)
    if emulation.is_moderate(a, b, c):
        assert same(emulation.moderate_fma64(a, b, c), result)


single = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@given(single, single, single, st.booleans())
def test_float32_is_the_nearest(a: float, b: float, c: float, cancels: bool) -> None:
    if cancels and abs(a * b) < 1e38:
        c = float(np.float32(-a * b))
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    result = fma(*[np.float32(each) for each in (a, b, c)])
    assert isinstance(result, np.float32)
    assert is_nearest(float(result), exact, "float32")
    assert same(float(np.float32(emulation.fma32(a, b, c))), float(result))


def test_lanes_are_independent() -> None:
    for values in ([(0.1, 10.0, -1.0), (LARGEST, 2.0, -LARGEST)], [(0.1, 10.0, -1.0), (3.0, 5.0, 1e-20)]):
        pointers = [Pointer([row[k] for row in values]) for k in range(3)]
        result = Pointer([0.0] * emulation.LANES)
        emulation.fma64_of_lanes(*pointers, result)
        assert result.buffer == [fma(*row) for row in values]


PROGRAM = """
import aotops as ao, random, struct, sys
random.seed(7)
def number(bits):
    kind = random.randrange(4)
    if kind == 0:
        return random.choice([0.0, -0.0, 1.0, 1e999, -1e999, 1e999 - 1e999, 5e-324, 1.7976931348623157e308])
    if kind == 1:
        return struct.unpack("<d", struct.pack("<Q", random.getrandbits(64)))[0]
    return random.uniform(-2, 2) * 2.0 ** random.randrange(-60, 60)
rows = [[number(64) for _ in range(3)] for _ in range(3000)]
rows += [[a, b, -a * b] for a, b, _ in rows]
for dtype in ("float64", "float32"):
    x = ao.astype(ao.tensor(rows), dtype)
    y = ao.fma(x[:, 0].contiguous(), x[:, 1].contiguous(), x[:, 2].contiguous())
    z = ao.fma(x[:, 0], x[:, 1], x[:, 2])
    print([each.hex() if each == each else "nan" for each in y.tolist()])
    print([each.hex() if each == each else "nan" for each in z.tolist()])
"""


def test_every_level_gives_the_exact_result() -> None:
    printed: dict[str, str] = {}
    for level in levels():
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"AOTOPS_CPU": level.name, "PYTHONPATH": ":".join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if "AOTOPS_CPU must be" in done.stderr:  # this machine lacks the level
            continue
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0] == lines[1] and lines[2] == lines[3]
        printed[level.name] = done.stdout
    assert len(printed) >= 1
    assert len(set(printed.values())) == 1


@requires_numba
def test_users_functions_call_it() -> None:
    @ao.zip
    def residual(a: Any, b: Any) -> Any:
        product = a * b
        return ao.fma(a, b, -product)

    x = ao.tensor([0.1, 0.3, 7.0])
    expected = [fma(a, b, -(a * b)) for a, b in zip([0.1, 0.3, 7.0], [10.0, 3.0, 3.0], strict=True)]
    assert residual(x, ao.tensor([10.0, 3.0, 3.0])).tolist() == expected
    assert any(expected)


@pytest.mark.skipif(not hasattr(math, "fma"), reason="math.fma came with Python 3.13")
@requires_numba
def test_users_functions_call_it_by_the_name_of_the_standard_library() -> None:
    @ao.zip
    def residual(a: Any, b: Any) -> Any:
        return math.fma(a, b, -(a * b))

    assert residual(ao.tensor([0.1]), 10.0).tolist() == [fma(0.1, 10.0, -1.0)]
