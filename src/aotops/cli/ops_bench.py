"""Measure operators on arrays of many sizes, dtypes and layouts, beside other libraries.

aotops, NumPy, PyTorch, numexpr and Numba, whichever are installed, compute the same from equal data at equal
numbers of threads. Results are checked before anything is timed; a wrong one makes the exit status 1. Reported
are times per call, how many times as fast as the faster of NumPy and PyTorch aotops is, and how close large
operations come to what the memory can do.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aotops.cli import ops_html, ops_libraries, ops_report, ops_results, ops_triad
from aotops.cli.ops_libraries import Library
from aotops.cli.ops_matrix import Cell, select
from aotops.cli.ops_results import Run
from aotops.cli.ops_timing import measure_cell
from aotops.cli.options import writable, write
from aotops.cli.progress import Progress
from aotops.cli.report import plural, this_machine

SUMMARY = "operators on arrays, beside NumPy, PyTorch, numexpr and Numba"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--threads",
        type=_threads,
        default=_threads_by_default(),
        metavar="N[,N]",
        help="numbers of threads, measured one after the other (default: 1 and all CPUs this process may use)",
    )
    parser.add_argument(
        "--only",
        type=_pattern,
        action="append",
        default=[],
        metavar="PATTERN",
        help="cells whose name operator/dtype/size/layout has this in it or matches this glob; can be repeated",
    )
    parser.add_argument("--full", action="store_true", help="every size in every layout, which takes an hour or more")
    parser.add_argument("--quick", action="store_true", help="three rounds only: noisy")
    parser.add_argument("--json", type=writable, metavar="FILE", help="write every figure to FILE")
    parser.add_argument("--html", type=_writable_html, metavar="FILE.html", help="draw a report that needs no network")
    parser.add_argument("--compare", type=_results, metavar="OLD.json", help="tell what changed since an earlier run")
    parser.add_argument("--load", type=_results, metavar="FILE.json", help="report on an earlier run, measure nothing")


def run(arguments: argparse.Namespace) -> int:
    """Measure and report; the status is 1 if a result was wrong, aotops failed or a file could not be written."""
    if arguments.load:
        results: Run = arguments.load
        print("\n".join(ops_report.wrapped(ops_report.headings(results))))
        for threads in results.threads:
            print(ops_report.table(results, threads))
    else:
        results = measure(select(arguments.full, arguments.only), arguments)
    print(ops_report.closing(results), flush=True)
    if arguments.compare:
        print(ops_report.comparison(arguments.compare, results), flush=True)
    status = 1 if ops_report.failures(results.cells) else 0
    outputs: list[tuple[Path, str]] = []
    if arguments.json:
        outputs.append((arguments.json, json.dumps(ops_results.document(results), indent=1, allow_nan=False) + "\n"))
    if arguments.html:
        outputs.append((arguments.html, ops_html.page(results)))
    return status if write(outputs) else 1


def measure(chosen: Sequence[Cell], arguments: argparse.Namespace) -> Run:
    """Measure the cells at every number of threads, and print each table as soon as it is complete."""
    libraries, missing = ops_libraries.load()
    aotops = libraries[0]
    cells = [cell for cell in chosen if not aotops.lacks(cell)]
    known = {cell.operator.name for cell in cells}
    where = this_machine(library.name for library in libraries)
    where.versions["aotops"] = aotops.module.__version__  # also where it runs without being installed
    results = Run(
        date=ops_results.now(),
        matrix=_matrix(len(cells), arguments),
        machine=where,
        cpu=ops_results.cpu_model(),
        caches=ops_results.caches(),
        level=str(aotops.module.cpu_level()),
        libraries={library.name: library.label for library in libraries},
        missing=missing,
        absent=list(dict.fromkeys(cell.operator.name for cell in chosen if cell.operator.name not in known)),
        threads=arguments.threads,
    )
    print("\n".join(ops_report.wrapped(ops_report.headings(results))), flush=True)
    for threads in results.threads:
        results.single[str(threads)] = [library.name for library in libraries if not library.use_threads(threads)]
        bystanders = ops_results.Bystanders()
        _measure_at(threads, cells, libraries, results, arguments.quick)
        others = bystanders.cpus()
        if others is not None:
            results.others[str(threads)] = others
        print(ops_report.table(results, threads), flush=True)
    return results


def _measure_at(threads: int, cells: Sequence[Cell], libraries: Sequence[Library], results: Run, quick: bool) -> None:
    with Progress(plural(threads, "thread"), len(cells), sys.stderr, settled=20) as progress:
        if any(cell.memory_bound for cell in cells):
            progress.show(0, "what the memory can do")
            length = ops_triad.elements(results.caches.get("L3") or results.caches.get("L2"))
            results.triads[str(threads)] = ops_triad.measure(libraries, length)
        for done, cell in enumerate(cells):
            progress.show(done, cell.name)
            results.cells.append(measure_cell(cell, libraries, threads, quick))


def _matrix(count: int, arguments: argparse.Namespace) -> str:
    """In words, what is measured."""
    which = "the full matrix" if arguments.full else "the default matrix"
    chosen = f", only {' '.join(arguments.only)}" if arguments.only else ""
    return f"{which}{chosen}, {plural(count, 'cell')}" + (", in a hurry" if arguments.quick else "")


def _threads_by_default() -> list[int]:
    return sorted({1, this_machine(()).cpus})


def _threads(text: str) -> list[int]:
    """Numbers of threads in the order given, each once."""
    cpus = this_machine(()).cpus
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if not all(1 <= number <= cpus for number in numbers):
        raise argparse.ArgumentTypeError(
            f"expected whole numbers from 1 to {cpus}, the CPUs this process may use, with commas between them, "
            f"got {text!r}"
        )
    return list(dict.fromkeys(numbers))


def _pattern(text: str) -> str:
    try:
        select(only=[text])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _writable_html(text: str) -> Path:
    if not text.lower().endswith((".html", ".htm")):
        raise argparse.ArgumentTypeError(f"the report is a web page, so its name must end in .html, got {text!r}")
    return writable(text)


def _results(text: str) -> Run:
    try:
        return ops_results.from_document(json.loads(Path(text).read_text(encoding="utf-8")))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: {error.strerror}") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
