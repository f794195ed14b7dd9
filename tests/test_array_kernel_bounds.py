"""Indices and shapes that Numba does not check: array kernels raise, and never read or write beyond an array."""

from __future__ import annotations

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="results are compared with NumPy's")
pytestmark = requires_numba


def flat_item(x, y, k):
    return x.flat[k[0]] + x.reshape(2, 5).T.flat[k[0]]


def set_flat(x, y, k):
    x.flat[k[0]] = y[0]
    return x


def add_in_place(x, y, k):
    x[: k[0]] += y
    return x


def add_in_place_2d(x, y, k):
    z = x.copy().reshape(2, 5)
    z *= y[: k[0]]
    return z


def add_to(x, y, k):
    return np.add(y, x[: k[0]], x.copy())


def outer_to(x, y, k):
    return np.outer(x, y, np.zeros((k[0], 5)))


def along(x, y, k):
    return np.take_along_axis(x, k, 0)


def counted(x, y, k):
    return np.bincount(np.abs(k) - 20) if k[0] < -20 else np.bincount(k)


def diagonal(x, y, k):
    a = np.zeros((3, 3))
    np.fill_diagonal(a, y[: k[0]])
    return a


#: Functions, the number that they get, and what NumPy raises: None for a result.
CASES = [
    (flat_item, {3: None, -1: None, -10: None, 10: IndexError, -11: IndexError, 2**62: IndexError}),
    (set_flat, {0: None, -10: None, 10: IndexError, -11: IndexError, -(2**63): IndexError}),
    (add_in_place, {5: None, -5: None, 4: ValueError, 10: ValueError, 1: ValueError, 0: ValueError}),
    (add_in_place_2d, {5: None, 1: None, 4: ValueError, 2: ValueError, 0: ValueError}),
    (add_to, {1: ValueError, 10: ValueError}),
    (outer_to, {10: None, 1: ValueError, 11: ValueError}),
    (along, {9: None, -10: None, 10: IndexError, -11: IndexError}),
    (counted, {7: None, 0: None, -25: None, -3: ValueError, -1: ValueError}),
    (diagonal, {1: None, 2: None}),
]


@pytest.mark.parametrize(("function", "numbers"), CASES, ids=lambda each: getattr(each, "__name__", ""))
def test_what_numba_does_not_check(function, numbers) -> None:
    compiled = ao.function("(float64[::1], float64[:], int64[:])")(function)
    for number, error in numbers.items():
        x, y, k = np.arange(10.0), np.arange(5.0), np.array([number])
        if error is None:
            assert np.array_equal(compiled(x.copy(), y, k), function(x.copy(), y, k))
            continue
        with pytest.raises((IndexError, ValueError)):
            function(x.copy(), y, k)
        with pytest.raises(error) as raised:
            compiled(x, y, k)
        assert __file__ not in str(raised.value)
        assert "numba" not in str(raised.value)
        assert np.array_equal(x, np.arange(10.0))


def test_a_diagonal_of_nothing() -> None:
    with pytest.raises(IndexError):  # NumPy leaves the array as it is
        ao.function("(float64[::1], float64[:], int64[:])")(diagonal)(np.ones(3), np.ones(3), np.array([0]))


def unpacked(x):
    a, b = x
    return a + b


def mismatched(x):
    return x + x[:3]


def test_messages_have_no_paths_and_say_something() -> None:
    said = r"^unpacked: the number of values to unpack .*test_array_kernel_bounds.py, line \d+\)$"
    with pytest.raises(ValueError, match=said):
        ao.function("(float64[:])")(unpacked)(np.ones(3))
    with pytest.raises(ValueError, match="unable to broadcast") as raised:
        ao.function("(float64[:])")(mismatched)(np.ones(7))
    assert "\n" not in str(raised.value)


def two_of_one(x):
    rows, columns = x.shape
    return rows + columns


def test_a_tuple_of_another_length() -> None:
    with pytest.raises(ao.BuildError, match="assigns a tuple to another number of variables"):
        ao.function("(float64[:])")(two_of_one)(np.ones(3))
