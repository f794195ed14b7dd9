"""Nothing outside of arrays is read or written by array kernels, and nothing is lost where memory is short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs import requires_numba

import aotops as ao

pytest.importorskip("numpy", reason="the programs compare with NumPy")
pytestmark = [
    requires_numba,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the programs need mprotect and limits of Linux"),
]
TESTS = Path(__file__).parent


def run(*command: str, level: str = "") -> str:
    """What a program of its own prints; it must end with 0."""
    names = {**os.environ, "PYTHONPATH": str(TESTS), **({"AOTOPS_CPU": level} if level else {})}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=names, cwd=TESTS)
    assert done.returncode == 0, f"{done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def test_random_indices_between_guard_pages() -> None:
    assert run("guard_pages.py", "1500", "15").startswith("1500 cases, ")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_random_indices_between_guard_pages(seed: int) -> None:
    run("guard_pages.py", "25000", str(seed))


@pytest.mark.parametrize("level", ["", *(["x86-64-v2", "x86-64-v3"] if ao.cpu_level() != "generic" else [])])
def test_vectors_are_kept_while_a_loop_asks_whether_to_stop(level: str) -> None:
    """Constants and partial sums are in registers, and each loop takes some thousand iterations with vectors."""
    program = """
import numpy as np
import aotops as ao

DTYPES = {dtypes}

@ao.kernel("(n),()->(n),(n),(n),()", dtypes=[(each,) * 6 for each in DTYPES], reassociate=True)
def values(x, value, constant, line, table, total):
    constant[:] = value
    copy = np.full(x.shape[0], value)
    result = x[0]
    for i in range(x.shape[0]):
        line[i] = x[i] * value + value
    for i in range(1, x.shape[0]):
        result += x[i]
    table[:] = copy - x
    total[0] = result

@ao.kernel("(n)->(),()", dtypes="int32")
def ends(x, low, high):
    low[0] = high[0] = x[0]
    for i in range(x.shape[0]):
        low[0] = min(low[0], x[i])
        high[0] = max(high[0], x[i])

x = np.arange(1_000_003) % 7
for dtype in DTYPES:
    y = x.astype(dtype)
    value = y[3]
    constant, line, table, total = values(y, value)
    assert (constant == value).all() and (line == y * value + value).all() and (table == value - y).all(), dtype
    assert total == y.sum(dtype=dtype), (dtype, total)
y = (x - 3).astype("int32")
assert ends(y) == (-3, 3)
print("done")
"""
    # what a dtype adds does not depend on the level
    dtypes = ("float64", "int32") if level else ("float64", "float32", "int64", "int32", "uint8", "complex128")
    assert run("-c", program.replace("{dtypes}", repr(dtypes)), level=level) == "done\n"


def test_memory_errors_lose_nothing() -> None:
    """Each call fails after it has allocated 8 MB, in an address space that has room for a few such blocks."""
    program = """
import resource
import numpy as np
import aotops as ao

@ao.kernel("(n),()->()", dtypes=[("float64", "int64", "float64")])
def fails(x, count, out):
    first = np.zeros(1_000_000)
    numbers = [x[0]]
    for i in range(100):
        numbers.append(x[0] + i)
    second = np.empty(count)
    first[0] = numbers[50]
    out[0] = first[0] + second.shape[0]

@ao.kernel("(n),(m)->(n*m)", dtypes="float64")
def large(x, y, out):
    out[:] = x[0]

x = np.ones(10)
assert fails(x, 10) == 60
large(x, x)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, used + 2**26))
for k in range(300):
    for count in (2**27, 2**40, 2**59):
        try:
            fails(x, count)
        except MemoryError as error:
            assert "fails" in str(error), error
        else:
            raise SystemExit(f"{count} elements were allocated")
    try:
        large(np.ones(2**14), np.ones(2**14))
    except MemoryError:
        pass
    else:
        raise SystemExit("the output was allocated")
assert fails(x, 10) == 60
print("done")
"""
    assert run("-c", program) == "done\n"
