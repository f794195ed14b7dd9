"""Measure the errors of operators and write them to docs/accuracy.md: `python tools/measure_accuracy.py exp log`.

float32: every number, against aotops' own float64, by a reduction that is compiled for it, 20 to 60 s of CPU time; and
where the error is largest against NumPy's, or aotops' where NumPy lacks the function. float64: the points of
tests/test_accuracy.py, which are close around every seam, against mpmath, and a million numbers in each of `--rounds`
against x87's long double; the largest error of these is measured again with mpmath. Functions of two inputs: the pairs
of the tests. Complex numbers: those of the tests, against mpmath. Operators that are not named keep their rows. All of
them take some two hours of CPU time, shared by `--jobs` processes; `--stride` takes only every so many float32 numbers,
and says so in the row; `--narrow` leaves float64 as the rows have it.
"""

from __future__ import annotations

import argparse
import copy
import math
import multiprocessing
import os
import re
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import mpmath
import numpy as np

import aotops as ao
from aotops.intrinsics import exponent, scale, select, widen
from aotops.ops.float_arithmetic import in_float32, in_float64

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

import test_accuracy as tests  # noqa: E402  (the oracles and the points are the tests')
import test_complex_functions as complex_tests  # noqa: E402

TABLE = PROJECT / "docs" / "accuracy.md"
HEAD = """# Accuracy

The largest errors found, in ULP (units in the last place of the exact result), and where. `tools/measure_accuracy.py`
writes these tables. The errors of functions of one input are the largest of all float32 numbers, or where the row says
1/257, of every 257th; and of 4 million float64 numbers, dense around every seam. Those of functions of two inputs are
the largest of 4 million pairs. The bound is what the tests demand. All CPU levels give the same bits, so these are the
errors of every machine.

| operator | bound | float32 | at | float64 | at |
|---|---|---|---|---|---|
"""
COMPLEX_HEAD = """
## Complex functions

Of the real or the imaginary part, whichever errs by more; of a part that may cancel, in ULP of the larger part.
The largest of 4,000 numbers of all sizes, near the axes, near branch points and where parts cancel.

| operator | complex64 | at | complex128 | at |
|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (\w+) \| .*$", re.MULTILINE)
#: How often 1,000 complex numbers are measured.
SEEDS = range(1, 5)
#: Of 2**32 float32 numbers, as many at a time as stay in the cache, and as many as one task of a process measures.
PIECE, SHARE = 2**17, 2**26
#: Functions that NumPy lacks, and that Python takes 6 us for: float32 is measured against aotops' own float64, which is
#: measured here too.
WITHOUT_NUMPY = {"erf", "erfc", "gelu"}
#: What `of_float32` and `of_pairs` find: an error, and the arguments.
Found = tuple[float, Any]


def error_at(record: Any, *values: float) -> float:
    """The error of one float64 result, against mpmath."""
    result = getattr(ao, record.name)(*(ao.tensor([value]) for value in values)).item()
    # periodic functions of large numbers are what is left of them beside a multiple of pi
    with mpmath.workprec(140 + max(0, *(math.frexp(value)[1] for value in values))):
        if record.name == "pow":
            return tests.error_in_units(result, mpmath.mpf(values[0]) ** mpmath.mpf(values[1]))
        return tests.error_in_units(result, tests.exact(record, *map(mpmath.mpf, values)), least=record.cases.least)


def copied(function: Any) -> Any:
    """A copy of a function, which may have another dtype of constants."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__, None, function.__closure__)
    copy.__module__ = function.__module__
    return copy


@cache
def largest_error(name: str) -> Any:
    """A reduction: the largest error in ULP of an operator of float32, against its own scalar function in float64."""
    record = tests.RECORDS[name]
    narrow = in_float32(copied(record.scalar_for("float32")))
    wide = in_float64(copied(record.scalar_for("float64")))

    def error(x: Any) -> Any:
        y, z = widen(narrow(x)), wide(widen(x))
        # infinity stands where the next power of two would
        y, z = limited(y), limited(z)
        e = exponent(z)
        found = math.fabs(y - z) * scale(1.0, 23.0 - select(e > -126.0, e, -126.0))
        return select(found == found, found, 0.0)

    def limited(x: Any) -> Any:
        return select(x > 2.0**128, 2.0**128, select(x < -(2.0**128), -(2.0**128), x))

    for function in (error, limited):
        function.__module__ = "aotops.of_the_tool"  # only aotops' own functions may use intrinsics
        in_float64(function)
    return ao.reduce(lambda a, b: max(a, b), identity=0.0, map=error, dtypes="float32", result="float64")


def of_float32(name: str, first: int, stride: int) -> Found:
    """The largest error of every ``stride``-th of ``SHARE`` float32 numbers, given by the first one's bits."""
    record = tests.RECORDS[name]
    if name in WITHOUT_NUMPY:
        record = copy.copy(record)
        record.numpy = lambda np, x: np.asarray(getattr(ao, name)(ao.asarray(x)))
    piece = PIECE * stride
    starts = range(first + (-first) % stride, first + SHARE, piece)

    def bits(start: int) -> np.ndarray:
        return np.arange(start, min(start + piece, first + SHARE), stride, dtype="uint32")

    worst = max(starts, key=lambda start: largest_error(name)(ao.asarray(bits(start).view("float32"))).item())
    return tests.worst_of_float32(record, bits(worst))


def of_float64(name: str, rounds: int) -> Found:
    """The largest error of many float64 numbers."""
    record = tests.RECORDS[name]
    x = tests.points(record)
    errors = [error_at(record, value) for value in x]
    found = [(max(errors), x[errors.index(max(errors))])]
    if rounds and np.finfo(np.longdouble).nmant >= 63:
        _, where = tests.worst_of_float64(record, rounds)
        found.append((error_at(record, where), where))
    return max(found)


def of_pairs(name: str, dtype: str, seed: int) -> Found:
    """The largest error of some million pairs; against NumPy's next wider dtype, and of float64 against mpmath."""
    record = tests.RECORDS[name]
    points = tests.pairs if name == "pow" else tests.points_of_the_plane
    wide, lowest, digits = ("float64", -126, 23) if dtype == "float32" else ("longdouble", -1022, 52)
    first, second = points(dtype, 250_000, seed)
    with np.errstate(all="ignore"):
        result = np.asarray(getattr(ao, name)(ao.asarray(first), ao.asarray(second))).astype(wide)
        exact = record.numpy(np, first.astype(wide), second.astype(wide))
        # infinity stands where the next power of two would
        largest = np.ldexp(np.ones((), wide), 2 - lowest)
        result, exact = (np.clip(each, -largest, largest) for each in (result, exact))
        size = np.maximum(np.abs(exact), record.cases.least)
        unit = np.ldexp(np.ones((), wide), np.maximum(np.frexp(size)[1] - 1, lowest) - digits)
        errors = np.abs(result - exact) / unit
    place = int(np.argmax(errors))
    where = float(first[place]), float(second[place])
    return (error_at(record, *where) if dtype == "float64" else float(errors[place])), where


def of_complex(name: str, dtype: str, seed: int) -> Found:
    """The largest error of a thousand complex numbers, against mpmath."""
    range_of_exponents = (-149, 127.9) if dtype == "complex64" else (-1074, 1023.9)
    numbers = ao.tensor(complex_tests.points(seed, 1000, *range_of_exponents), dtype=dtype).tolist()
    numbers = [z for z in numbers if complex_tests.of_a_size(name, z)]
    errors = complex_tests.errors(name, numbers, dtype)
    return max(((max(found), z) for z, *found in errors), key=lambda found: found[0])


def row(name: str, rounds: int, stride: int, pool: ProcessPoolExecutor, before: str = "") -> str:
    """The operator's line of the table; the cells of float64 are those of the line before, if there is one."""
    record = tests.RECORDS[name]
    wide: list[Future[Found]] = []
    if record.inputs == 1:
        if not before:
            wide = [pool.submit(of_float64, name, rounds)]  # the longest task first
        narrow = [pool.submit(of_float32, name, first, stride) for first in range(0, 2**32, SHARE)]
    else:
        narrow, wide = (
            [pool.submit(of_pairs, name, dtype, seed) for seed in range(max(rounds, 1))]
            for dtype in ("float32", "float64")
        )
    if before:
        cells = " | ".join(before.strip("| ").split(" | ")[-2:])
    else:
        error, where = largest(wide)
        cells = f"{error:.3f} | {where!r}"
    error, where = largest(narrow)
    share = f" (1/{stride})" if record.inputs == 1 and stride > 1 else ""
    return f"| {name} | {record.max_ulp or 'correctly rounded'} | {error:.3f}{share} | {where!r} | {cells} |"


def complex_row(name: str, pool: ProcessPoolExecutor) -> str:
    """The operator's line of the table of complex functions."""
    tasks = [[pool.submit(of_complex, name, dtype, seed) for seed in SEEDS] for dtype in ("complex64", "complex128")]
    cells = " | ".join(f"{error:.3f} | {where!r}" for error, where in map(largest, tasks))
    return f"| {name} | {cells} |"


def largest(tasks: list[Future[Found]]) -> Found:
    """The largest error of some tasks, and where."""
    return max((task.result() for task in tasks), key=lambda found: found[0])


def main() -> None:
    """Measure the operators that are named, and rewrite the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measured = [record.name for record in (*tests.FUNCTIONS, *tests.PLANAR, tests.RECORDS["pow"])]
    parser.add_argument("operators", nargs="*", default=measured, help="of float functions; all by default")
    parser.add_argument("--rounds", type=int, default=4, help="of a million float64 numbers, or pairs, each")
    parser.add_argument("--stride", type=int, default=1, help="of float32: 257 takes every 257th; all by default")
    parser.add_argument("--narrow", action="store_true", help="measure float32 alone, of functions of one input")
    parser.add_argument("--complex", action="store_true", help="measure the complex functions, and no others")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes; one for each CPU by default")
    arguments = parser.parse_args()
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    first, _, second = text.partition("## Complex")
    rows, complex_rows = ({match[1]: match[0] for match in ROW.finditer(part)} for part in (first, second))
    rows = {name: line for name, line in rows.items() if name in measured}
    complex_rows = {name: line for name, line in complex_rows.items() if name in complex_tests.FUNCTIONS}
    # a process that is spawned begins anew, with one thread
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, context, initializer=ao.set_num_threads, initargs=(1,)) as pool:
        for name in complex_tests.FUNCTIONS if arguments.complex else arguments.operators:
            if arguments.complex:
                complex_rows[name] = line = complex_row(name, pool)
            else:
                before = rows[name] if arguments.narrow else ""
                rows[name] = line = row(name, arguments.rounds, arguments.stride, pool, before)
            print(line, flush=True)
            tables = ("".join(f"{table[each]}\n" for each in sorted(table)) for table in (rows, complex_rows))
            TABLE.write_text(HEAD + COMPLEX_HEAD.join(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
