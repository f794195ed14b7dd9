"""Measure the errors of operators and write them to docs/accuracy.md: `python tools/measure_accuracy.py exp log`.

float32: every number, against NumPy's float64. float64: the points of tests/test_accuracy.py, which are close around
every seam, against mpmath, and a million numbers in each of `--rounds` against x87's long double; the largest error of
these is measured again with mpmath. pow: the pairs of the test. Operators that are not named keep their rows.
"""

from __future__ import annotations

import argparse
import re
import sys
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
writes this table: float32 is exhaustive but for pow, float64 is a million numbers or more, dense around every seam. The
bound is what the tests demand. All CPU levels give the same bits, so that the errors are those of every machine.

| operator | bound | float32 | at | float64 | at |
|---|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (\w+) \| .*$", re.MULTILINE)
#: Of 2**32 float32 numbers, as many at a time as stay in the cache.
PIECE = 2**17


def error_at(record: Any, *values: float) -> float:
    """The error of one float64 result, against mpmath."""
    result = getattr(ao, record.name)(*(ao.tensor([value]) for value in values)).item()
    # periodic functions of large numbers are what is left of them beside a multiple of pi
    with mpmath.workprec(1200):
        if record.name == "pow":
            return tests.error_in_units(result, mpmath.mpf(values[0]) ** mpmath.mpf(values[1]))
        return tests.error_in_units(result, tests.exact(record, *map(mpmath.mpf, values)))


def of_float32(record: Any) -> tuple[float, float]:
    """The largest error of all float32, and where."""
    pieces = (np.arange(first, first + PIECE, dtype="uint32") for first in range(0, 2**32, PIECE))
    return max(tests.worst_of_float32(record, piece) for piece in pieces)


def of_float64(record: Any, rounds: int) -> tuple[float, float]:
    """The largest error of many float64, and where."""
    x = tests.points(record)
    errors = [error_at(record, value) for value in x]
    found = [(max(errors), x[errors.index(max(errors))])]
    if rounds and np.finfo(np.longdouble).nmant >= 63:
        _, where = tests.worst_of_float64(record, rounds)
        found.append((error_at(record, where), where))
    return max(found)


def of_pow(record: Any, rounds: int) -> tuple[tuple[float, Any], tuple[float, Any]]:
    """The largest errors of pow on pairs of float32 and of float64, and where."""
    found: dict[str, tuple[float, Any]] = {"float32": (0.0, None), "float64": (0.0, None)}
    for dtype, wide, lowest, digits in (("float32", "float64", -126, 23), ("float64", "longdouble", -1022, 52)):
        for seed in range(max(rounds, 1)):
            bases, exponents = tests.pairs(dtype, 250_000, seed)
            with np.errstate(all="ignore"):
                result = np.asarray(ao.pow(ao.asarray(bases), ao.asarray(exponents))).astype(wide)
                exact = np.power(bases.astype(wide), exponents.astype(wide))
                largest = np.ldexp(np.ones((), wide), 1 - lowest + 1)
                result, exact = (np.clip(each, 0, largest) for each in (result, exact))
                unit = np.ldexp(np.ones((), wide), np.maximum(np.frexp(exact)[1] - 1, lowest) - digits)
                errors = np.abs(result - exact) / unit
            place = int(np.argmax(errors))
            where = (float(bases[place]), float(exponents[place]))
            error = error_at(record, *where) if dtype == "float64" else float(errors[place])
            found[dtype] = max(found[dtype], (error, where), key=lambda each: each[0])
    return found["float32"], found["float64"]


def row(name: str, rounds: int) -> str:
    """The operator's line of the table."""
    record = tests.RECORDS[name]
    if name == "pow":
        narrow, wide = of_pow(record, rounds)
    else:
        narrow, wide = of_float32(record), of_float64(record, rounds)
    bound = record.max_ulp or "correctly rounded"
    return f"| {name} | {bound} | {narrow[0]:.3f} | {narrow[1]!r} | {wide[0]:.3f} | {wide[1]!r} |"


def main() -> None:
    """Measure the operators that are named, and rewrite the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measured = [*(record.name for record in tests.FUNCTIONS), "pow"]
    parser.add_argument("operators", nargs="*", default=measured, help="of float functions; all by default")
    parser.add_argument("--rounds", type=int, default=4, help="of a million float64 each")
    arguments = parser.parse_args()
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    rows = {match[1]: match[0] for match in ROW.finditer(text) if match[1] != "operator"}
    for name in arguments.operators:
        rows[name] = row(name, arguments.rounds)
        print(rows[name], flush=True)
        lines = "\n".join(rows[each] for each in sorted(rows))
        TABLE.write_text(HEAD + lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
