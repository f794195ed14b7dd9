"""The benchmark of array kernels: the figures that docs/array-kernels.md shows are those of the file."""

from __future__ import annotations

import json
from pathlib import Path

from needs import requires_numba, requires_source

ROOT = Path(__file__).parents[1]
pytestmark = [requires_numba, requires_source]


def test_the_table_has_the_figures_of_the_file() -> None:
    from benchmarks.arrays.__main__ import RIVALS, table
    from benchmarks.arrays.kernels import CASES

    text = (ROOT / "docs/array-kernels.md").read_text(encoding="utf-8")
    (path,) = (ROOT / "benchmarks/results/arrays").glob("*.json")
    assert path.relative_to(ROOT).as_posix() in text
    figures = json.loads(path.read_text(encoding="utf-8"))
    assert list(figures) == [f"{case.name} {size}" for case in CASES for size in (1000, 1_000_000)]
    assert all(row[each] > 0 for row in figures.values() for each in (*RIVALS, "seconds"))
    assert "\n".join(table(figures)) in text
