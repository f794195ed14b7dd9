"""Shifts of arrays in array kernels: NumPy's results, whatever the number of bits."""

from __future__ import annotations

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="results are compared with NumPy's")
pytestmark = requires_numba

SIGNATURES = [f"({dtype}[:], {dtype}[:])" for dtype in ("int64", "int8", "uint16")]


@ao.function(SIGNATURES)
def shifted(a, b):
    return np.left_shift(a, b), a >> b


@ao.function("(int64[:], int64[:], float64[:]) -> float64")
def read_at_shifted(one, bits, x):
    return x[(one << bits)[0]]


def test_shifts_of_arrays_are_those_of_numpy() -> None:
    for dtype in ("int64", "int8", "uint16"):
        values = np.array([1, -1, 5, -7, 100, -128]).astype(dtype)
        for bits in (-1, 0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 100):
            by = np.full(len(values), bits).astype(dtype)
            left, right = shifted(values, by)
            assert np.array_equal(left, np.left_shift(values, by)), (dtype, bits)
            assert np.array_equal(right, np.right_shift(values, by)), (dtype, bits)


def test_an_index_that_is_shifted_out_is_zero() -> None:
    x = np.arange(8.0)
    assert read_at_shifted(np.array([1]), np.array([2]), x) == 4
    assert read_at_shifted(np.array([1]), np.array([64]), x) == 0
    assert read_at_shifted(np.array([1]), np.array([-62]), x) == 0


def test_division_by_powers_of_two_is_pythons() -> None:
    def divided(n, x):
        return (
            n // 1,
            n % 1,
            n // 2,
            n % 2,
            n // 1024,
            n % 1024,
            x[0] // 4,
            x[0] % 4,
            x[1] // 4,
            x[1] % 4,
            n // 3,
            n % 6,
        )

    kernel = ao.function(["(int64, int8[:])", "(int32, int8[:])"])(divided)
    for n in (-(2**63), -(2**31), -1025, -3, -2, -1, 0, 1, 2, 3, 1023, 1024, 2**31 - 1, 2**63 - 1):
        expected = divided(n, [-7, 7])
        assert kernel(n, np.array([-7, 7], "int8")) == expected
        if abs(n) < 2**31:
            assert kernel(np.int32(n), np.array([-7, 7], "int8")) == expected


def test_floats_are_truncated_to_integers_also_out_of_range() -> None:
    def whole(x, y, out):
        for i in range(x.shape[0]):
            out[i] = int(x[i]) + 2 * int(y[i])
            if out[i] == 7:
                break

    kernel = ao.kernel("(n),(n)->(n)", dtypes=[("float64", "float32", "int64")])(whole)
    smallest = -(2**63)
    for x, result in [
        (np.nan, smallest), (np.inf, smallest), (-np.inf, smallest), (2.0**63, smallest), (-(2.0**63), smallest),
        (-1e300, smallest), (2.0**62, 2**62), (-2.9, -2), (2.9, 2), (-0.0, 0),
    ]:  # fmt: skip
        for y, other in [(np.float32(np.nan), 0), (np.float32(1e30), 0), (np.float32(-3.5), -6)]:
            wrapped = (result + other + 2**63) % 2**64 - 2**63
            assert kernel(np.full(5, x), np.full(5, y)).tolist() == [wrapped] * 5
