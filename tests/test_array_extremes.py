"""NumPy's functions inside array kernels with extreme arguments: NumPy's results, or the exceptions that it raises."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from needs import requires_compiler, requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="the functions call NumPy's")
pytestmark = requires_numba
LAST = 2**63 - 1


@ao.function("(int64)")
def up_to(stop):
    return np.arange(stop)


@ao.function("(int64, int64, int64)")
def stepped(start, stop, step):
    return np.arange(start, stop, step)


@ao.function("(float64, float64, float64)")
def stepped_floats(start, stop, step):
    return np.arange(start, stop, step)


@ao.function("(int64, float64)")
def other_calls(n, x):
    return (
        np.arange(n, x),
        np.arange(1, n),
        np.arange(n, dtype=np.float32),
        np.arange(0, n, 2, dtype=np.int32),
        np.arange(x),
        np.arange(3),
        np.arange(stop=n, start=2),
        np.arange(1j * n),
    )


@pytest.mark.parametrize("stop", [0, -3, 5, 2**58, 2**61, 2**62, LAST])
def test_a_range_is_numpys_or_too_large(stop: int) -> None:
    if stop < 100:
        assert np.array_equal(np.asarray(up_to(stop)), np.arange(stop))
    else:
        with pytest.raises(ValueError, match=r"^up_to: Maximum allowed size exceeded \(tests/.*, line \d+\)$"):
            up_to(stop)


@pytest.mark.parametrize(
    "given",
    [
        (0, 9, 2),
        (9, 0, -2),
        (9, 0, 2),
        (-(2**62), -(2**62) + 5, 2),
        (LAST - 5, LAST, 3),
        (0, 2**62, 2**59),
        (5, 0, -(2**63)),
        (0, 5, 0),
        (-(2**63), LAST, 1),
        (-(2**63), LAST, 2**60),
        (0, LAST, 1),
        (LAST, 0, -1),
    ],
)
def test_steps_of_integers(given: tuple[int, int, int]) -> None:
    start, stop, step = given
    if step == 0 or abs(stop - start) >= 2**63 or abs((stop - start) // step) > 2**50:
        with pytest.raises(ValueError, match="stepped: Maximum allowed size exceeded"):
            stepped(*given)
    else:
        assert np.asarray(stepped(*given)).tolist() == list(range(*given))


@pytest.mark.parametrize(
    "given", [(0.0, 1e300, 1e-10), (0.0, np.inf, 1.0), (0.0, np.nan, 1.0), (0.0, 1.0, 0.0), (0.0, 1e19, 1.0)]
)
def test_steps_of_floats(given: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="stepped_floats: Maximum allowed size exceeded"):
        stepped_floats(*given)
    assert np.array_equal(np.asarray(stepped_floats(1.0, 2.0, 0.25)), np.arange(1.0, 2.0, 0.25))
    assert np.asarray(stepped_floats(0.0, -np.inf, 1.0)).shape == (0,)


def test_other_calls_of_arange_are_numpys() -> None:
    for found, expected in zip(other_calls(5, 7.5), other_calls.py_func(5, 7.5), strict=True):
        assert np.array_equal(np.asarray(found), expected) and str(found.dtype).endswith(str(expected.dtype))


@ao.function("(float64[:], int64)")
def first_part(x, count):
    return np.array_split(x, count)[0]


@ao.function("(float64[:], int64)")
def first_equal_part(x, count):
    return np.split(x, count)[0]


@ao.function("(float64[:, :])")
def other_parts(x):
    return np.array_split(x, 2, axis=1)[1], np.split(x, [1, 2])[1], np.hsplit(x, 2)[0], np.array_split(x, (1,), 1)[0]


def test_arrays_are_split_into_at_least_one_part() -> None:
    x, m = np.arange(6.0), np.arange(12.0).reshape(3, 4)
    assert np.array_equal(first_part(x, 4), [0, 1]) and np.array_equal(first_equal_part(x, 2), [0, 1, 2])
    for found, expected in zip(other_parts(m), other_parts.py_func(m), strict=True):
        assert np.array_equal(found, expected)
    for function, count, error in (
        (first_part, 0, ValueError),
        (first_part, -1, ValueError),
        (first_equal_part, 0, ZeroDivisionError),
        (first_equal_part, -1, ValueError),
        (first_equal_part, 4, ValueError),
    ):
        with pytest.raises(error, match=r"\(tests/.*, line \d+\)$"):
            function(x, count)


@ao.function("(float64[:, :], int64)")
def triangles(m, k):
    return np.tril(m, k), np.triu(m, k), np.tri(3, 4, k), np.tril_indices(3, k, 4)[0], np.triu_indices(3, k)[1]


@ao.function("(float64[:, :])")
def main_triangles(m):
    return np.tril(m), np.triu(m), np.tri(3), np.tri(2, 5), np.triu(m[0])


@pytest.mark.parametrize("k", [0, 1, -2, 5, 2**62, LAST, -LAST - 1])
def test_triangles_of_any_diagonal(k: int) -> None:
    m = np.arange(1.0, 13.0).reshape(3, 4)
    near = max(-9, min(k, 9))  # NumPy's own overflow
    for found, expected in zip(triangles(m, k), triangles.py_func(m, near), strict=True):
        assert np.array_equal(found, expected)
    for found, expected in zip(main_triangles(m), main_triangles.py_func(m), strict=True):
        assert np.array_equal(found, expected)


@ao.function("(int64, int64)")
def over_indices(n, m):
    total = 0
    for i, j in np.ndindex(n, m):
        total += 10 * i + j + 1
    shape = (m, n)
    for i, j in np.ndindex(shape):
        total += i - j
    for index in np.ndindex(n):
        total += index[0]
    return total


def test_sizes_of_ndindex_are_not_negative() -> None:
    for n, m in ((2, 3), (0, 3), (3, 0), (1, 1)):
        assert over_indices(n, m) == over_indices.py_func(n, m)
    for n, m in ((-1, 3), (3, -1), (0, -2)):
        with pytest.raises(ValueError, match=r"negative dimensions are not allowed \(tests/.*, line \d+\)$"):
            over_indices(n, m)


@ao.function("(int64[:])")
def counts(x):
    return np.bincount(x), np.bincount(x, minlength=4), np.bincount(x, weights=x * 0.5)


def test_positions_that_are_counted_are_not_negative() -> None:
    for x in (np.array([1, 2, 2]), np.array([7, 0])):
        assert all(map(np.array_equal, counts(x), counts.py_func(x)))
    for x in ([-1, 2], [2, -1], [-(2**63), 1]):
        with pytest.raises(ValueError, match=r"counts: .* must be non-negative \(tests/.*, line \d+\)$"):
            counts(np.array(x))


@ao.function("(float32[:])")
def inverse_roots(x):
    y = np.empty_like(x)
    for i in range(x.size):
        bits = np.int32(0x5F3759DF) - (np.float32(x[i]).view(np.int32) >> 1)
        near = np.int32(bits).view(np.float32)
        y[i] = near * (np.float32(1.5) - np.float32(0.5) * x[i] * near * near)
    return y


@ao.function("(float64[:])")
def bits_of(x):
    out = np.empty(x.size, np.uint64)
    for i in range(x.size):
        out[i] = x[i].view(np.uint64)
    return out


def test_numbers_are_viewed_as_others_of_their_size() -> None:
    x = np.array([0.25, 1.0, 9.0, 1e10], np.float32)
    assert np.allclose(inverse_roots(x), x**-0.5, rtol=2e-3)
    y = np.array([1.0, -0.0, np.nan, 1e-310])
    assert np.array_equal(bits_of(y), y.view(np.uint64))


def test_views_of_another_size_are_rejected() -> None:
    with pytest.raises(ao.BuildError, match=re.escape("test_array_extremes.py, line")) as caught:
        ao.function("(float32[:])")(lambda x: x[0].view(np.int64))(np.ones(1, np.float32))
    assert "views a number as one of another size" in str(caught.value)


@requires_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is Linux's")
def test_a_list_that_grows_without_end_is_a_memory_error() -> None:
    source = """if True:
        import resource
        import numpy as np, aotops as ao
        @ao.function("(float64[:])")
        def grow(x):
            values = [x[0]]
            while x[0] >= 0:
                values.append(x[0])
            return len(values)
        grow(-np.ones(1))
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        try:
            grow(np.ones(1))
        except MemoryError as error:
            print(error, grow(-np.ones(1)))
    """
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == "grow: cannot resize list 1\n", done.stderr
