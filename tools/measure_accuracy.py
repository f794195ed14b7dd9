"""Measure the errors of operators and write them to docs/accuracy.md: `python tools/measure_accuracy.py exp log`.

float32: every number, against NumPy's float64, or aotops' own where NumPy lacks the function. float64: the points of
tests/test_accuracy.py, which are close around every seam, against mpmath, and a million numbers in each of `--rounds`
against x87's long double; the largest error of these is measured again with mpmath. Functions of two inputs: the pairs
of the tests. Operators that are not named keep their rows. All of them take some 30 minutes of CPU time, shared by
`--jobs` processes.
"""

from __future__ import annotations

import argparse
import copy
import math
import multiprocessing
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

import aotops as ao

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

import test_accuracy as tests  # noqa: E402  (the oracles and the points are the tests')

TABLE = PROJECT / "docs" / "accuracy.md"
HEAD = """# Accuracy

The largest errors found, in ULP (units in the last place of the exact result), and where. `tools/measure_accuracy.py`
writes this table. The errors of functions of one input are the largest of all float32 numbers, and of 4 million float64
numbers, dense around every seam; those of functions of two inputs are the largest of 4 million pairs. The bound is what
the tests demand. All CPU levels give the same bits, so these are the errors of every machine.

| operator | bound | float32 | at | float64 | at |
|---|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (\w+) \| .*$", re.MULTILINE)
#: Of 2**32 float32 numbers, as many at a time as stay in the cache, and as many as one task of a process measures.
PIECE, SHARE = 2**17, 2**26
#: Functions that NumPy lacks, and that Python takes 6 us for: float32 is measured against aotops' own float64, which is
#: measured here too.
WITHOUT_NUMPY = {"erf"}
#: What `of_float32` and `of_pairs` find: an error, and the arguments.
Found = tuple[float, Any]


def error_at(record: Any, *values: float) -> float:
    """The error of one float64 result, against mpmath."""
    result = getattr(ao, record.name)(*(ao.tensor([value]) for value in values)).item()
    # periodic functions of large numbers are what is left of them beside a multiple of pi
    with mpmath.workprec(140 + max(0, *(math.frexp(value)[1] for value in values))):
        if record.name == "pow":
            return tests.error_in_units(result, mpmath.mpf(values[0]) ** mpmath.mpf(values[1]))
        return tests.error_in_units(result, tests.exact(record, *map(mpmath.mpf, values)))


def of_float32(name: str, first: int) -> Found:
    """The largest error of ``SHARE`` float32 numbers, given by the first one's bits."""
    record = tests.RECORDS[name]
    if name in WITHOUT_NUMPY:
        record = copy.copy(record)
        record.numpy = lambda np, x: np.asarray(getattr(ao, name)(ao.asarray(x)))
    pieces = (np.arange(start, start + PIECE, dtype="uint32") for start in range(first, first + SHARE, PIECE))
    return max(tests.worst_of_float32(record, piece) for piece in pieces)


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
        unit = np.ldexp(np.ones((), wide), np.maximum(np.frexp(exact)[1] - 1, lowest) - digits)
        errors = np.abs(result - exact) / unit
    place = int(np.argmax(errors))
    where = float(first[place]), float(second[place])
    return (error_at(record, *where) if dtype == "float64" else float(errors[place])), where


def row(name: str, rounds: int, pool: ProcessPoolExecutor) -> str:
    """The operator's line of the table."""
    record = tests.RECORDS[name]
    if record.inputs == 1:
        wide = [pool.submit(of_float64, name, rounds)]  # the longest task first
        narrow = [pool.submit(of_float32, name, first) for first in range(0, 2**32, SHARE)]
    else:
        narrow, wide = (
            [pool.submit(of_pairs, name, dtype, seed) for seed in range(max(rounds, 1))]
            for dtype in ("float32", "float64")
        )
    cells = []
    for tasks in (wide, narrow):
        error, where = max((task.result() for task in tasks), key=lambda found: found[0])
        cells = [f"{error:.3f} | {where!r}", *cells]
    return f"| {name} | {record.max_ulp or 'correctly rounded'} | {' | '.join(cells)} |"


def main() -> None:
    """Measure the operators that are named, and rewrite the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measured = [record.name for record in (*tests.FUNCTIONS, *tests.PLANAR, tests.RECORDS["pow"])]
    parser.add_argument("operators", nargs="*", default=measured, help="of float functions; all by default")
    parser.add_argument("--rounds", type=int, default=4, help="of a million float64 numbers, or pairs, each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes; one for each CPU by default")
    arguments = parser.parse_args()
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    rows = {match[1]: match[0] for match in ROW.finditer(text) if match[1] in measured}
    # a process that is spawned begins anew, with one thread
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, context, initializer=ao.set_num_threads, initargs=(1,)) as pool:
        for name in arguments.operators:
            rows[name] = row(name, arguments.rounds, pool)
            print(rows[name], flush=True)
            lines = "\n".join(rows[each] for each in sorted(rows))
            TABLE.write_text(HEAD + lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
