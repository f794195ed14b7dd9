"""Turn samples into medians, a table for people and a document for programs."""

import datetime
import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from aotops.cli.measure import PHASES, Result

SCHEMA_VERSION = 1
"""Of the JSON document. It goes up when a reader of the old one would go wrong."""

BASELINE = "bare"
"""The contender that the ratios are ratios to."""

MEMORY = "peak_memory"


@dataclass(frozen=True)
class Machine:
    """Where the benchmark ran."""

    implementation: str
    python: str
    platform: str
    cpus: int
    """Processors this process may use."""
    cpus_of_machine: int | None
    versions: dict[str, str]
    """Of the installed libraries that took part."""


def machine(results: Iterable[Result]) -> Machine:
    """Describe this machine and the libraries of `results`."""
    return this_machine(module for result in results for module in result.contender.requires)


def this_machine(libraries: Iterable[str]) -> Machine:
    """Describe this machine and those of the libraries that are installed."""
    versions = {}
    for library in dict.fromkeys(libraries):
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        implementation=platform.python_implementation(),
        python=platform.python_version(),
        platform=platform.platform(),
        cpus=available or 1,
        cpus_of_machine=os.cpu_count(),
        versions=versions,
    )


def medians(result: Result) -> dict[str, float]:
    """The median of every quantity the contender was measured in: `whole`, its phases, `peak_memory`.

    Times are seconds, memory is bytes. The medians of the phases need not add up to that of the whole.
    """
    columns: dict[str, list[float]] = {}
    for sample in result.samples:
        columns.setdefault("whole", []).append(sample.whole)
        for phase, seconds in sample.phases.items():
            columns.setdefault(phase, []).append(seconds)
        if sample.peak_memory is not None:
            columns.setdefault(MEMORY, []).append(sample.peak_memory)
    return {quantity: statistics.median(values) for quantity, values in columns.items()}


def ratios(result: Result, results: Iterable[Result]) -> dict[str, float]:
    """How many times the bare interpreter's `whole` and `peak_memory` the contender takes."""
    baseline = next((medians(other) for other in results if other.contender.name == BASELINE), {})
    own = medians(result)
    return {
        quantity: own[quantity] / baseline[quantity]
        for quantity in ("whole", MEMORY)
        if quantity in own and quantity in baseline
    }


def headings(where: Machine, runs: int) -> list[str]:
    """The lines above the table and the chart: what this is, where it ran, with what."""
    lines = [
        f"Cold start: medians of {plural(runs, 'run')}, each in a new process",
        f"{where.implementation} {where.python}, {where.platform}, {plural(where.cpus, 'CPU')}",
    ]
    if where.versions:
        lines.append(", ".join(f"{library} {version}" for library, version in where.versions.items()))
    return lines


def plural(number: int, word: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def remark(result: Result) -> str:
    """What a contender without figures has instead of them."""
    return result.status if result.status == "not installed" else f"{result.status}: {result.reason}"


# Heading, unit, quantity, what to divide it by, and how to print it.
_COLUMNS = (
    ("whole", "ms", "whole", 1e-3, ".1f"),
    ("/ bare", "", "whole/bare", 1, ".2f"),
    ("import", "ms", "import", 1e-3, ".2f"),
    ("prepare", "ms", "prepare", 1e-3, ".2f"),
    ("first op", "ms", "first", 1e-3, ".2f"),
    ("second op", "ms", "second", 1e-3, ".2f"),
    ("memory", "MiB", MEMORY, 2**20, ".1f"),
    ("/ bare", "", "peak_memory/bare", 1, ".2f"),
)


def table(results: Sequence[Result], where: Machine, runs: int) -> str:
    """The report for a terminal: aligned columns, one block for each section."""
    names = max(len(result.contender.label) for result in results)
    rows = {result.contender.name: _cells(result, results) for result in results}
    widths = [
        max(len(text) for text in (title, unit, *(cells[i] for cells in rows.values())))
        for i, (title, unit, *_) in enumerate(_COLUMNS)
    ]

    def line(label: str, cells: Iterable[str]) -> str:
        aligned = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join((f"  {label:{names}}", *aligned)).rstrip()

    lines = headings(where, runs)
    lines += ["", line("", (title for title, *_ in _COLUMNS)), line("", (unit for _, unit, *_ in _COLUMNS))]
    for section, members in groupby(results, lambda result: result.contender.section):
        lines.append(section)
        for result in members:
            if result.status == "measured":
                lines.append(line(result.contender.label, rows[result.contender.name]))
            else:
                lines.append(f"  {result.contender.label:{names}}  {remark(result)}")
    return "\n".join(lines)


def _cells(result: Result, results: Sequence[Result]) -> list[str]:
    """The contender's figures; `-` where there is nothing to measure and `n/a` where the system does not tell."""
    figures = medians(result)
    figures |= {f"{quantity}/bare": ratio for quantity, ratio in ratios(result, results).items()}
    missing = {MEMORY: "n/a", "peak_memory/bare": "n/a", "whole/bare": "n/a"}
    return [
        format(figures[quantity] / unit, form) if quantity in figures else missing.get(quantity, "-")
        for _, _, quantity, unit, form in _COLUMNS
    ]


def document(results: Sequence[Result], where: Machine, runs: int) -> dict[str, object]:
    """The report for programs: every raw sample, the medians and ratios, and where they come from."""
    return {
        "schema": "aotops cold start",
        "version": SCHEMA_VERSION,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "units": {"time": "second", "memory": "byte"},
        "phases": list(PHASES),
        "runs": runs,
        "machine": {
            "implementation": where.implementation,
            "python": where.python,
            "platform": where.platform,
            "cpus": where.cpus,
            "cpus_of_machine": where.cpus_of_machine,
        },
        "versions": where.versions,
        "contenders": [
            {
                "name": result.contender.name,
                "label": result.contender.label,
                "section": result.contender.section,
                "status": result.status,
                "reason": result.reason,
                "medians": medians(result),
                "ratios": ratios(result, results),
                "samples": [
                    {"whole": sample.whole, **sample.phases, MEMORY: sample.peak_memory} for sample in result.samples
                ],
            }
            for result in results
        ],
    }
