"""Loops over ``prange``: the same results on any number of threads, exceptions, and what is rejected."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="results are compared with NumPy's")
numba = pytest.importorskip("numba", reason="loops over its prange are compiled as well")
pytestmark = requires_numba
rng = np.random.default_rng(15)
prange = numba.prange
OFFSET = 3.0


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = ao.get_num_threads()
    yield
    ao.set_num_threads(before)


@ao.kernel("(n)->(n),(4)", dtypes="float64")
def accumulated(x, out, totals):
    total = 0.0
    product = 1.0
    low, high = np.inf, -np.inf
    for i in ao.prange(x.shape[0]):
        if x[i] < 0.1:
            continue
        y = math.sqrt(x[i])
        for k in range(3):
            y += k
        total += y
        product *= 1.0 + x[i] / 1000
        low = min(low, y)
        high = max(y, high)
        out[i] = y
    totals[0] = total
    totals[1] = product
    totals[2] = low
    totals[3] = high


def scaled(value):
    return value * 2 + OFFSET


@ao.function("(int64[:], int64, int64, int64) -> (int64, int64, bool, float64, int64)")
def counted(x, start, stop, step):
    count, bits, any_large, mixed, less = 0, 0, False, 1, 0
    for i in prange(start, stop, step):
        count += 1
        bits = bits ^ x[i]
        any_large |= x[i] > 90
        mixed += scaled(x[i])
        less -= x[i]
    return count, bits, any_large, mixed, less


@ao.kernel("(n,m)->(n)", dtypes="float64")
def row_sums(x, out):
    for i in prange(x.shape[0]):
        row = 0.0
        temporary = np.zeros(3)
        for j in prange(x.shape[1]):
            row += x[i, j]
        temporary[1] = row
        out[i] = temporary[1]


@ao.kernel("(n)->()", dtypes="float64")
def fails(x, out):
    total = 0.0
    for i in prange(x.shape[0]):
        if x[i] > 0.5:
            raise ValueError("above")
        if x[i] < -0.5:
            raise ArithmeticError("below")
        total += x[i]
    out[0] = total


@ao.kernel("(n)->()", dtypes="float64")
def endless(x, out):
    total = 0.0
    for i in prange(x.shape[0]):
        while x[i] > 0:
            total += 1.0
    out[0] = total


def test_bits_do_not_depend_on_the_number_of_threads() -> None:
    for n in (0, 1, 2, 255, 256, 257, 10_000):
        x = rng.random(n)
        found = set()
        for count in (1, 2, 3, 7):
            ao.set_num_threads(count)
            out, totals = accumulated(x)
            found.add(totals.tobytes())
            kept = x >= 0.1
            y = np.sqrt(x[kept]) + 1 + 2
            assert np.array_equal(out[kept], y)
            expected = (y.sum(), np.prod(1 + x[kept] / 1000), min(y, default=np.inf), max(y, default=-np.inf))
            assert np.allclose(totals, expected, rtol=1e-13)
        assert len(found) == 1


def test_a_batch_and_strides_give_the_same() -> None:
    x = rng.random((5, 600))
    outs, totals = accumulated(x.T[::2].T)
    for k in range(5):
        out, total = accumulated(x[k, ::2].copy())
        assert np.array_equal(totals[k], total)
        kept = x[k, ::2] >= 0.1
        assert np.array_equal(outs[k][kept], out[kept])


def test_ranges_integers_bools_and_functions() -> None:
    x = rng.integers(0, 100, 1000)
    for start, stop, step in ((0, 1000, 1), (10, 1000, 7), (999, -1, -1), (500, 100, -3), (5, 5, 1), (7, 3, 1)):
        for count in (1, 3):
            ao.set_num_threads(count)
            chosen = [int(x[i]) for i in range(start, stop, step)]
            bits = 0
            for each in chosen:
                bits ^= each
            mixed = 1 + sum(2 * each + 3.0 for each in chosen)
            expected = (len(chosen), bits, any(each > 90 for each in chosen), mixed, -sum(chosen))
            assert counted(x, start, stop, step) == expected
    with pytest.raises(ValueError, match="must not be zero"):
        counted(x, 0, 10, 0)
    with pytest.raises(IndexError):
        counted(x, 0, 1001, 1)


def test_nested_loops_run_on_one_thread() -> None:
    ao.set_num_threads(3)
    x = rng.integers(0, 100, (300, 40)).astype(float)
    assert np.array_equal(row_sums(x), x.sum(1))
    assert np.array_equal(row_sums(np.stack([x, x + 1])), np.stack([x, x + 1]).sum(2))


def test_the_first_iteration_that_raises_decides() -> None:
    x = np.zeros(100_000)
    x[60_000], x[70_000] = 1, -1
    for count in (1, 2, 5):
        ao.set_num_threads(count)
        for _ in range(5):
            with pytest.raises(ValueError, match=r"fails: above \(.*test_array_kernel_threads.py, line \d+\)"):
                fails(x)
        x[30_000] = -1
        with pytest.raises(ArithmeticError, match="below"):
            fails(x)
        x[30_000] = 0
    x[60_000] = x[70_000] = 0
    assert fails(x) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself the signal of Ctrl-C there")
def test_loops_on_threads_are_interrupted() -> None:
    ao.set_num_threads(3)
    endless(np.zeros(5))  # compiled before the signal comes
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        endless(np.ones(1000))
    timer.join()
    assert endless(np.zeros(5)) == 0


def test_plain_python_runs_a_range() -> None:
    x, out, totals = rng.random(20), np.zeros(20), np.zeros(4)
    accumulated.py_func(x, out, totals)
    assert np.allclose(accumulated(x)[1], totals)
    assert ao.prange(2, 9, 3) == range(2, 9, 3)


LOOP = "for i in ao.prange(x.shape[0]):\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"last = 0.0\n{LOOP}    last = x[i]\nout[0] = last", "assigns to last, which is read after it"),
        (f"last = 0.0\n{LOOP}    out[i] = last\n    last = x[i]", "carries last from one iteration to the next"),
        (f"t = 0.0\n{LOOP}    t += x[i]\n    out[i] = t", "carries t from one iteration to the next"),
        (f"t = 0.0\n{LOOP}    t = t * 0.5 + x[i]\nout[0] = t", "carries t from one iteration to the next"),
        (f"t = 0.0\n{LOOP}    t += t * x[i]\nout[0] = t", "carries t from one iteration to the next"),
        (f"t = 0.0\n{LOOP}    t += x[i]\n    t *= x[i]\nout[0] = t", "carries t from one iteration to the next"),
        (f"{LOOP}    if x[i] > 0:\n        y = x[i]\n    out[i] = y", "carries y from one iteration to the next"),
        (f"{LOOP}    out[0] += x[i]", r"changes out\[0\] in every iteration"),
        (f"{LOOP}    if x[i] > 0:\n        break", "has a break"),
        (f"{LOOP}    return", "has a return"),
        (
            f"{LOOP}    out[i] = x[i]\nelse:\n    out[0] = 1.0",
            "must have one variable, up to three arguments by position, and no else",
        ),
        (f"{LOOP}    out[i] = x[i]\nout[0] = i", "counts with i, which is read after it"),
        (f"for j in range(2):\n    {LOOP}        y = x[i]\n    out[0] = y", "assigns to y, which is read after it"),
        (f"n = [1.0]\n{LOOP}    n.append(x[i])", "uses n, which is of type"),
        (f"{LOOP}    f = lambda: 1.0\n    out[i] = f()", "has a function"),
    ],
)
def test_loops_that_depend_on_their_order_are_rejected(tmp_path: Path, body: str, reason: str) -> None:
    file = tmp_path / "rejected.py"
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    file.write_text(f"import aotops as ao\n\n\ndef f(x, out):\n{indented}\n", encoding="utf-8")
    scope: dict[str, object] = {"__name__": "rejected", "__file__": str(file)}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), scope)
    kernel = ao.kernel("(n)->(n)", dtypes="float64")(scope["f"])
    with pytest.raises(ao.BuildError, match=f"The loop over prange {reason}") as caught:
        kernel(np.ones(3))
    assert "rejected.py, line" in str(caught.value)


def test_functions_whose_source_is_not_there_are_rejected() -> None:
    scope: dict[str, object] = {"ao": ao}
    exec("def f(x, out):\n    for i in ao.prange(x.shape[0]):\n        out[i] = x[i]\n", scope)
    with pytest.raises(ao.BuildError, match="cannot be read: its source is not in a file"):
        ao.kernel("(n)->(n)")(scope["f"])(np.ones(3))


def test_libraries_say_whether_their_kernels_have_loops() -> None:
    """Only then are the threads counted, which reads files."""
    from aotops.aot.pack.array_code import have_loops

    def calls_one(x, out):
        out[0] = helper(x)

    def helper(x):
        total = 0.0
        for i in prange(x.shape[0]):
            total += x[i]
        return total

    without = ao.kernel("(n)->()")(lambda x, out: None)._record
    assert not have_loops([without])
    assert have_loops([without, ao.kernel("(n)->()")(calls_one)._record])
    assert have_loops([counted._record])
