"""The results that the repository keeps, one file for each kind of machine, and their table in the documentation."""

import json
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from aotops.cli.report import plural
from benchmarks.ops import results
from benchmarks.ops.matrix import SIZES
from benchmarks.ops.report import DISTURBED, brief, digits
from benchmarks.ops.results import Run, geometric_mean, summary
from benchmarks.ops.timing import Measured

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("benchmarks/results")
PAGE = Path("docs/bench-ops.md")
BEGIN, END = "<!-- results: begin -->\n", "<!-- results: end -->\n"
"""Between these lines of the page stands what `section` makes of the files; `--keep` writes it again."""


def path_of(run: Run) -> Path:
    """The file of a kind of machine: `amd-epyc.json`, or `amd-epyc-busy.json` of busy CPUs."""
    name = re.sub(r"[^a-z0-9]+", "-", run.cpu.lower()).strip("-") or "unknown"
    return ROOT / FOLDER / f"{name}{'-busy' if run.busy else ''}.json"


def disturbed(run: Run) -> bool:
    """Whether others kept CPUs busy meanwhile: beside what a run with busy CPUs has made itself."""
    return any(others > DISTURBED + (run.machine.cpus if run.busy else 0) for others in run.others.values())


def keep(run: Run, path: Path) -> None:
    """Write the file, and the table of all files; what the file has of other numbers of threads stays."""
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        run = results.combined(results.from_document(json.loads(path.read_text(encoding="utf-8"))), run)
    path.write_text(json.dumps(results.document(run), allow_nan=False, separators=(",", ":")) + "\n", encoding="utf-8")
    page = ROOT / PAGE
    page.write_text(replaced(page.read_text(encoding="utf-8"), section(kept())), encoding="utf-8")


def kept() -> list[Run]:
    """All runs that are kept, in the order of their files."""
    paths = sorted((ROOT / FOLDER).glob("*.json"))
    return [results.from_document(json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def replaced(page: str, text: str) -> str:
    """The page with another section of results."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{text}{END}{after}"


def section(runs: Iterable[Run]) -> str:
    """A table for each run: a row for each operator and dtype, contiguous, with ratio and share of the limit."""
    parts = ["\n"]
    for run in runs:
        busy = ", one other process on each CPU (medians)" if run.busy else ""
        parts.append(f"### {run.cpu}, {plural(run.machine.cpus, 'CPU')}{busy}\n\n")
        versions = ", ".join(f"{name} {version}" for name, version in run.machine.versions.items())
        clock = f"; {run.clock / 1e9:.2f} GHz" if run.clock else ""
        parts.append(f"{run.date[:10]}, {run.matrix}; {versions}; kernels for {run.level}{clock}.\n")
        parts.append("\n")
        for threads in run.threads:
            cells = [cell for cell in run.cells if cell.threads == threads]
            parts += [f"{plural(threads, 'thread').capitalize()}: {closing(cells)}\n\n", table(cells), "\n"]
    return "".join(parts)


def closing(cells: list[Measured]) -> str:
    """The figures of all cells together."""
    total = summary(cells)
    said = f"geometric mean of the ratios {total.mean:.2f}, {total.below} of {total.count} below 1" if total else "-"
    for limit in ("memory", "ports"):
        shares = [cell.share for cell in cells if cell.limited_by == limit and cell.share is not None]
        if shares:
            said += f"; {geometric_mean(shares):.0%} of the limit by {limit}"
    return said + "."


def table(cells: list[Measured]) -> str:
    """A row for each operator and dtype, two columns for each size."""
    contiguous = [cell for cell in cells if cell.layout == "contiguous" and "aotops" in cell.seconds]
    sizes = [size for size in SIZES if any(cell.size == size for cell in contiguous)]
    if not sizes:
        return ""
    lines = ["| | " + " | ".join(f"{size}: time, ratio, limit" for size in sizes) + " |"]
    lines.append("|---" * (1 + len(sizes)) + "|")
    for (operator, dtype), members in groupby(contiguous, lambda cell: (cell.operator, cell.dtype)):
        by_size = {cell.size: cell for cell in members}
        figures = [figure(by_size[size]) if size in by_size else "" for size in sizes]
        lines.append(f"| {operator} {dtype} | " + " | ".join(figures) + " |")
    return "\n".join(lines) + "\n"


def figure(cell: Measured) -> str:
    """Time, ratio and share of the limit of a cell: `412 ns, 1.80, 97 % m`."""
    ratio = digits(cell.ratio) if cell.ratio is not None else "-"
    share = f", {100 * cell.share:.0f} % {cell.limited_by[0]}" if cell.share is not None else ""
    return f"{brief(cell.seconds['aotops'])}, {ratio}{share}"
