"""What the machine's memory can do: the rate of STREAM's triad, a = b + s * c.

Each library that is installed does it on float64 arrays far larger than the caches, into memory that was written
before, and the best rate of all of them counts. Libraries that cannot do it in one pass do STREAM's add,
a = b + c, which moves the same bytes. As STREAM does, 24 bytes are counted for each element: two numbers are read, one
is written. That the processor may have to fetch what it is going to write is not counted. It need not if the
result replaces an operand, b = b + s * c, which is therefore faster by the same count, and measured as well: it is
the limit for operations in place, and for those that write next to nothing.
"""

import time
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.ops.libraries import Library
from benchmarks.ops.timing import PAUSE

BYTES = 24
FORMS = ("triad", "in place")
SMALLEST, LARGEST = 2**23, 2**26
"""Numbers of elements of each array: at least 64 MiB, at most 512 MiB."""
TIMES_CACHE = 4
"""How many times the last-level cache each array is, as STREAM asks for."""
RUNS = 8


def elements(cache: int | None) -> int:
    """The length of the arrays beside a last-level cache of so many bytes."""
    return min(max(TIMES_CACHE * (cache or 0) // 8, SMALLEST), LARGEST)


def measure(libraries: Sequence[Library], length: int, runs: int = RUNS) -> dict[str, dict[str, float]]:
    """For each of `FORMS`, bytes per second of the best run of each library."""
    memory = memoryview(array("d", [1.0]) * length)
    rates: dict[str, dict[str, float]] = {form: {} for form in FORMS}
    for library in libraries:
        a, b, c = (library.array(memory, "float64", (length,)) for _ in range(3))
        for form, target in zip(FORMS, (a, b), strict=True):
            step = _step(library, target, b, c)
            time.sleep(PAUSE)
            step()
            best = float("inf")
            for _ in range(runs):
                began = time.perf_counter()
                step()
                best = min(best, time.perf_counter() - began)
            rates[form][library.name] = BYTES * length / best
        del a, b, c, target, step
    return rates


def _step(library: Library, a: Any, b: Any, c: Any) -> Callable[[], Any]:
    """One pass over the arrays, in the library's best way."""
    module = library.module
    if library.name == "torch":
        return lambda: module.add(b, c, alpha=3.0, out=a)
    if library.name == "numexpr":
        return lambda: module.evaluate("b + 3.0 * c", {"b": b, "c": c}, {}, out=a)
    if library.name == "numba":
        kernel = _kernel(module)
        return lambda: kernel(a, b, c)
    return lambda: module.add(b, c, out=a)


_KERNELS: dict[str, Any] = {}


def _kernel(numba: Any) -> Any:
    """STREAM's loop, compiled once."""
    if "triad" not in _KERNELS:
        scope: dict[str, Any] = {"prange": numba.prange}
        exec("def triad(a, b, c):\n    for i in prange(a.size):\n        a[i] = b[i] + 3.0 * c[i]\n", scope)
        _KERNELS["triad"] = numba.njit(parallel=True)(scope["triad"])
    return _KERNELS["triad"]
