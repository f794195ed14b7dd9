"""Nothing outside of arrays is read or written by array kernels, and nothing is lost where memory is short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs import requires_numba

pytest.importorskip("numpy", reason="the programs compare with NumPy")
pytestmark = [
    requires_numba,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the programs need mprotect and limits of Linux"),
]
TESTS = Path(__file__).parent


def run(*command: str) -> str:
    """What a program of its own prints; it must end with 0."""
    names = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=names, cwd=TESTS)
    assert done.returncode == 0, f"{done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def test_random_indices_between_guard_pages() -> None:
    assert run("guard_pages.py", "3000", "15").startswith("3000 cases, ")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_random_indices_between_guard_pages(seed: int) -> None:
    run("guard_pages.py", "25000", str(seed))


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
