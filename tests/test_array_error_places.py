"""Exceptions of NumPy's functions inside array kernels: the file and the line of the call in the user's code."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from needs import requires_numba, requires_source

import aotops as ao

np = pytest.importorskip("numpy", reason="the functions call NumPy's")
pytestmark = [requires_numba, requires_source]
FILE = Path(__file__).name


def line_of(function: Callable[..., Any], part: str) -> int:
    """The line of a function's source with a part."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    first = function.__code__.co_firstlineno
    return next(k for k, line in enumerate(lines[first:], first + 1) if part in line)


def negative(n):
    return np.zeros(-n)


def called_in_another(x):
    y = x + 1
    return negative(y.size)


def product(x):
    total = 0.0
    for k in range(3):
        total += np.dot(x, np.ones(x.size + k))
    return total


def product_by_operator(x):
    return np.ones((2, 3)) @ np.ones((x.size + 2, 2))


def extremes(x):
    return np.ones(0).max() + x[0]


def position(x):
    return x[np.argmin(np.ones(0))]


def steps(x):
    return np.linspace(0, 1, -x.size)


def taken(x):
    return np.take(x, np.array([7]))


def assigned(x):
    y = x.copy()
    y[:] = np.ones(x.size + 2)
    return y


def into(x):
    return np.add(x, np.ones(x.size + 2), x.copy())


def reshaped(x):
    return x.copy().reshape(2, 7)


def interpolated(x):
    return np.interp(x, x, np.ones(x.size + 1))


def joined(x):
    return np.concatenate((np.ones((2, 2)), np.ones((x.size, 2))), axis=1)


def masked(x):
    return x[np.ones(x.size - 1) > 0]


def masked_by_more(x):
    return x[np.zeros(x.size + 1) > 0]


def masked_row(x):
    return np.ones((3, x.size))[1, np.ones(x.size - 2) > 0]


def set_by_mask(x):
    y = x.copy()
    y[np.zeros(x.size - 1) > 0] = 1.0
    return y


def unpacked(x):
    a, b = x
    return a + b


def too_few_to_unpack(x):
    a, b, c, d, e, f = x
    return a + b + c + d + e + f


def too_large(x):
    return np.ones(x.size << 50)


@pytest.mark.parametrize(
    ("function", "kind", "part"),
    [
        (called_in_another, ValueError, None),
        (product, ValueError, "np.dot"),
        (product_by_operator, ValueError, "@ np.ones"),
        (extremes, ValueError, ".max()"),
        (position, ValueError, "np.argmin"),
        (steps, ValueError, "np.linspace"),
        (taken, IndexError, "np.take"),
        (assigned, ValueError, "y[:] ="),
        (into, ValueError, "np.add"),
        (reshaped, ValueError, ".reshape"),
        (interpolated, ValueError, "np.interp"),
        (joined, ValueError, "np.concatenate"),
        (masked, IndexError, "x[np.ones"),
        (masked_by_more, IndexError, "x[np.zeros"),
        (masked_row, IndexError, "[1, np.ones"),
        (set_by_mask, IndexError, "y[np.zeros"),
        (unpacked, ValueError, "a, b = x"),
        (too_few_to_unpack, ValueError, "a, b, c, d, e, f = x"),
        (too_large, MemoryError, "np.ones"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_exception_of_numpys_has_the_line_that_calls_it(function, kind, part) -> None:
    line = line_of(function, part) if part else line_of(negative, "np.zeros")
    with pytest.raises(kind, match=rf"^{function.__name__}: .* \(tests/{re.escape(FILE)}, line {line}\)$"):
        ao.function("(float64[:])")(function)(np.ones(5))


def of_each_row(x, out):
    for k in ao.prange(100):
        out[k] = np.zeros(int(x[k])).size


def own_error(x):
    if np.any(x > 2):
        raise ValueError("too large")
    return np.zeros(int(x[0])).size


@pytest.mark.parametrize("threads", [1, 2])
def test_the_place_is_that_of_the_first_part_on_any_number_of_threads(threads: int) -> None:
    k = ao.kernel("(n)->(n)", dtypes="float64")(of_each_row)
    x = np.zeros((3, 100))
    assert (k(x) == 0).all()
    x[1, 30], x[1, 90] = -1, -1
    before = ao.get_num_threads()
    ao.set_num_threads(threads)
    try:
        for each in (x, x[1]):
            with pytest.raises(
                ValueError, match=rf"\({re.escape(f'tests/{FILE}')}, line {line_of(of_each_row, 'np.zeros')}\)"
            ):
                k(each)
    finally:
        ao.set_num_threads(before)


def test_a_place_is_of_one_exception_alone() -> None:
    """Neither an exception with a place of its own nor a later call has that of an earlier exception."""
    f = ao.function("(float64[:])")(own_error)
    for x, part in ((-1.0, "np.zeros"), (3.0, "raise"), (-1.0, "np.zeros")):
        with pytest.raises(ValueError, match=rf"line {line_of(own_error, part)}\)$"):
            f(np.array([x]))
        assert f(np.array([2.0])) == 2


def long(x):
    k = 0.0
    for _ in range(int(x[2])):
        k += helping(x)
    return np.zeros(int(x[1])).size + k


def helping(x):
    y = x.copy()
    y.sort()
    return y[0]


def test_a_call_of_a_handler_has_the_place_of_its_own() -> None:
    """A handler that runs another function while one is running, whose own exception is later."""
    outer, inner = ao.function("(float64[:])")(long), ao.function("(float64[:])")(own_error)
    outer(np.array([0.0, 1.0, 1.0]))
    seen: list[str] = []

    def handle(*_: Any) -> None:
        with pytest.raises(ValueError, match="negative") as caught:
            inner(np.array([-1.0]))
        seen.append(str(caught.value))

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with pytest.raises(ValueError, match=rf"^long: .*line {line_of(long, 'np.zeros')}\)$"):
            outer(np.array([1.0, -2.0, 1e7]))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen and seen[0].endswith(f"line {line_of(own_error, 'np.zeros')})")
