"""What sine, cosine and their inverses are made of: the table of 2/pi, which numbers are rare, and exact results."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import aotops as ao
from aotops import ops
from aotops.intrinsics import Table, float64_of_bits
from aotops.ops import trigonometric

RECORDS = ops.collect()


def exact_parts(table: Table, row: int, count: int) -> list[Fraction]:
    """The parts of one row."""
    return [Fraction(float64_of_bits(table.values[row * count + k])) for k in range(count)]


@pytest.mark.parametrize(
    ("table", "count", "digits", "halves", "lifted", "bits"),
    [(trigonometric.PARTS, 4, 53, 1, 128, 140), (trigonometric.PARTS_32, 2, 24, 2, 0, 70)],
    ids=["float64", "float32"],
)
def test_rows_of_the_table_are_the_constant_but_for_whole_turns(
    table: Table, count: int, digits: int, halves: int, lifted: int, bits: int
) -> None:
    """Times the smallest and the largest number of a row: to ``bits`` bits behind the point of turns."""
    with mpmath.workprec(1400):
        scaled = int(mpmath.floor(mpmath.ldexp(2 / mpmath.pi / halves, 1300)))
    constant = Fraction(scaled, 2**1300)
    whole = 4 // halves
    for row in range(len(table.values) // count):
        difference = sum(exact_parts(table, row, count)) / 2**lifted - constant
        for exponent, significand in ((0, 1), (7, 2**digits - 1)):
            unit = Fraction(2) ** (8 * (row + trigonometric.FIRST_ROW) - 1022 - digits + exponent)
            number = significand * unit if exponent else unit * 2 ** (digits - 1)
            turns = difference * number
            distance = abs(turns - whole * round(turns / whole))
            assert distance < Fraction(1, 2 ** (bits - 10)), (row, exponent)


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_only_huge_numbers_leave_the_fast_path(name: str, dtype: str) -> None:
    _, rare = RECORDS[name].fast_paths[dtype]
    for x in (0.0, -0.0, 1e-310, -1e-40, 1.0, 2.0**20 - 1, math.inf, -math.inf, math.nan):
        assert not rare(x), x
    for x in (2.0**20, -(2.0**20), 1e10, -3e38):
        assert rare(x), x


def test_large_numbers_leave_the_fast_path_of_tan_in_float32() -> None:
    _, rare = RECORDS["tan"].fast_paths["float32"]
    for x in (0.0, -0.0, -1e-40, 1.0, -16383.999, math.inf, -math.inf, math.nan):
        assert not rare(x), x
    for x in (2.0**14, -(2.0**14), 1e10, -3e38):
        assert rare(x), x


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_number_changes_no_result_beside_it(name: str, dtype: str) -> None:
    """It takes its block off the fast path."""
    x = np.random.default_rng(3).uniform(-16384, 16384, 5000).astype(dtype)
    x[:9] = (0.0, -0.0, 1e-40, -1e-40, math.inf, -math.inf, math.nan, 1.5707964, -1e-5)
    function = getattr(ao, name)
    alone = np.asarray(function(ao.asarray(x)))
    x[::50] = 1e20
    beside = np.asarray(function(ao.asarray(x)))
    kept = np.arange(len(x)) % 50 > 0
    assert np.array_equal(alone[kept], beside[kept], equal_nan=True)
    kept &= ~np.isnan(alone)
    assert np.array_equal(np.signbit(alone[kept]), np.signbit(beside[kept]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_that_are_multiples_of_pi(dtype: str) -> None:
    """Correctly rounded, whatever their last bits are a sum of."""

    def nearest(share: Any) -> Any:
        with mpmath.workprec(200):
            return np.dtype(dtype).type(mpmath.pi * share)

    for call, share in (
        (lambda: ao.atan(ao.tensor([1.0], dtype=dtype)), 0.25),
        (lambda: ao.atan(ao.tensor([math.inf], dtype=dtype)), 0.5),
        (lambda: ao.asin(ao.tensor([-1.0], dtype=dtype)), -0.5),
        (lambda: ao.acos(ao.tensor([0.0], dtype=dtype)), 0.5),
        (lambda: ao.acos(ao.tensor([-1.0], dtype=dtype)), 1.0),
        (lambda: ao.atan2(ao.tensor([3.0], dtype=dtype), ao.tensor([3.0], dtype=dtype)), 0.25),
        (lambda: ao.atan2(ao.tensor([-3.0], dtype=dtype), ao.tensor([-3.0], dtype=dtype)), -0.75),
        (lambda: ao.atan2(ao.tensor([1e-320], dtype="float64"), ao.tensor([0.0], dtype="float64")), 0.5),
    ):
        result = np.asarray(call())
        assert result[0] == (nearest(share) if result.dtype == dtype else math.pi * share), share


@pytest.mark.parametrize("name", ["sin", "tan", "asin", "atan"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiny_numbers_stay_what_they_are(name: str, dtype: str) -> None:
    """Their cubes are less than half a unit in the last place, also where these are subnormal."""
    info = np.finfo(dtype)
    exponents = np.arange(int(np.log2(float(info.tiny))) - info.nmant, -13 if dtype == "float32" else -28)
    x = np.ldexp(np.ones(len(exponents), dtype), exponents)
    x = np.concatenate([x, -x, np.nextafter(x, np.dtype(dtype).type(1))])
    assert np.array_equal(np.asarray(getattr(ao, name)(ao.asarray(x))), x)
