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
