"""Time operators on arrays of many sizes, dtypes and layouts, against other libraries.

aotops, NumPy, PyTorch, numexpr and Numba, whichever are installed, compute the same results from equal data on equal
numbers of threads. Results are checked before anything is timed; a wrong one makes the exit status 1. The report has
the time per call, the ratio of the faster of NumPy and PyTorch to aotops, and how close large operations come to
the bandwidth of the memory.
"""

import argparse
import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from aotops.cli import INTERRUPTED
from aotops.cli.options import writable
from aotops.cli.report import plural, this_machine
from benchmarks.ops import libraries, limits, report, results, tables, triad
from benchmarks.ops.libraries import Library
from benchmarks.ops.matrix import Cell, select
from benchmarks.ops.results import Run
from benchmarks.ops.timing import measure_cell


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
        help="cells whose name operator/dtype/size/layout contains this or matches this glob; can be repeated",
    )
    parser.add_argument("--full", action="store_true", help="every size in every layout, which takes an hour or more")
    parser.add_argument("--quick", action="store_true", help="three rounds only: noisy")
    parser.add_argument("--busy", action="store_true", help="with one other process on each CPU; figures are medians")
    parser.add_argument(
        "--keep", action="store_true", help=f"write the results to {tables.FOLDER} and their table to {tables.PAGE}"
    )
    parser.add_argument("--json", type=writable, metavar="FILE", help="write every figure to FILE")
    parser.add_argument("--plot", type=_writable_picture, metavar="FILE", help="draw the ratios: .svg, .png or .pdf")
    parser.add_argument("--compare", type=_results, metavar="OLD.json", help="list what changed since an earlier run")
    parser.add_argument("--load", type=_results, metavar="FILE.json", help="report on an earlier run, measure nothing")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; the status is 1 if a result was wrong, aotops failed or a file could not be written."""
    arguments = build_parser().parse_args(argv)
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("benchmarks.ops: interrupted", file=sys.stderr)
        return INTERRUPTED


def run(arguments: argparse.Namespace) -> int:
    """Do what the parsed arguments say, and return the exit status."""
    console = Console(highlight=False)
    if arguments.load:
        found: Run = arguments.load
        report.print_headings(console, found)
        for threads in found.threads:
            report.print_table(console, found, threads)
    else:
        found = measure(select(arguments.full, arguments.only), arguments, console)
    report.print_closing(console, found)
    if arguments.compare:
        report.print_comparison(console, arguments.compare, found)
    status = 1 if report.failures(found.cells) else 0
    outputs: list[tuple[Path | None, Callable[[Path], object]]] = [
        (arguments.json, lambda path: path.write_text(_json(found), encoding="utf-8")),
        (arguments.plot, lambda path: _draw(found, path)),
    ]
    if arguments.keep and tables.disturbed(found):
        advice = "repeat it on an idle machine, or see --json"
        print(f"benchmarks.ops: not kept, since other processes kept CPUs busy: {advice}", file=sys.stderr)
        status = 1
    elif arguments.keep:
        outputs.append((tables.path_of(found), lambda path: tables.keep(found, path)))
    for path, write in outputs:
        try:
            if path:
                write(path)
        except OSError as error:
            print(f"benchmarks.ops: cannot write {str(path)!r}: {error.strerror}", file=sys.stderr)
            status = 1
    return status


def measure(chosen: Sequence[Cell], arguments: argparse.Namespace, console: Console) -> Run:
    """Measure the cells at every number of threads, and print each table as soon as it is complete."""
    contenders, missing = libraries.load()
    aotops = contenders[0]
    cells = [cell for cell in chosen if not aotops.lacks(cell)]
    known = {cell.operator.name for cell in cells}
    where = this_machine(library.name for library in contenders)
    where.versions["aotops"] = aotops.module.__version__  # also where it runs without being installed
    found = Run(
        date=results.now(),
        matrix=_matrix(len(cells), arguments),
        machine=where,
        cpu=results.cpu_model(),
        caches=results.caches(),
        level=str(aotops.module.cpu_level()),
        libraries={library.name: library.label for library in contenders},
        missing=missing,
        absent=list(dict.fromkeys(cell.operator.name for cell in chosen if cell.operator.name not in known)),
        threads=arguments.threads,
    )
    numba = _numba()
    found.busy = arguments.busy
    found.clock = limits.clock_rate(numba) if numba is not None else 0.0
    report.print_headings(console, found)
    with limits.Busy(where) if arguments.busy else contextlib.nullcontext():
        _measure_all(found, cells, contenders, arguments, console, numba)
    return found


def _numba() -> Any:
    """Numba, which compiles plain loops, or None."""
    try:
        return importlib.import_module("numba")
    except ImportError:
        return None


def _measure_all(
    found: Run,
    cells: Sequence[Cell],
    contenders: Sequence[Library],
    arguments: argparse.Namespace,
    console: Console,
    numba: Any,
) -> None:
    for threads in found.threads:
        if numba is not None:
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        found.single[str(threads)] = [library.name for library in contenders if not library.use_threads(threads)]
        bystanders = results.Bystanders()
        _measure_at(threads, cells, contenders, found, arguments.quick, numba)
        others = bystanders.cpus()
        if others is not None:
            found.others[str(threads)] = others
        report.print_table(console, found, threads)


def _measure_at(
    threads: int, cells: Sequence[Cell], contenders: Sequence[Library], found: Run, quick: bool, numba: Any
) -> None:
    screen = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[threads]}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    # Drawn between the cells only: a bar that redraws itself takes time from what is being measured.
    with Progress(*columns, console=screen, auto_refresh=False, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("memory bandwidth", total=len(cells), threads=plural(threads, "thread"))
        if any(cell.memory_bound for cell in cells):
            bar.refresh()
            length = triad.elements(found.caches.get("L3") or found.caches.get("L2"))
            found.triads[str(threads)] = triad.measure(contenders, length)
        for cell in cells:
            bar.update(task, description=cell.name, refresh=True)
            measured = measure_cell(cell, contenders, threads, quick, numba, found.busy)
            allowed = limits.port_limit(cell, found.level, found.cpu, found.clock, threads) if found.clock else None
            if allowed is not None and not measured.limit:
                measured.limit, measured.limited_by = allowed, "ports"
            found.cells.append(measured)
            bar.advance(task)


def _matrix(count: int, arguments: argparse.Namespace) -> str:
    """In words, what is measured."""
    which = "the full matrix" if arguments.full else "the default matrix"
    chosen = f", only {' '.join(arguments.only)}" if arguments.only else ""
    return f"{which}{chosen}, {plural(count, 'cell')}" + (", few rounds" if arguments.quick else "")


def _json(found: Run) -> str:
    return json.dumps(results.document(found), indent=1, allow_nan=False) + "\n"


def _draw(found: Run, path: Path) -> None:
    from benchmarks.ops import pictures  # Matplotlib is needed for pictures only

    pictures.draw(found).savefig(path)


def _threads_by_default() -> list[int]:
    return sorted({1, this_machine(()).cpus})


def _threads(text: str) -> list[int]:
    """Numbers of threads in the order given, each once."""
    cpus = this_machine(()).cpus
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if not all(1 <= number <= cpus for number in numbers):
        raise argparse.ArgumentTypeError(
            f"expected integers from 1 to {cpus}, the CPUs this process may use, separated by commas, got {text!r}"
        )
    return list(dict.fromkeys(numbers))


def _pattern(text: str) -> str:
    try:
        select(only=[text])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _writable_picture(text: str) -> Path:
    try:
        from benchmarks.ops import pictures
    except ImportError as error:
        raise argparse.ArgumentTypeError(f"pictures need Matplotlib: {error}; pip install matplotlib") from None
    if not text.lower().endswith(pictures.FORMATS):
        raise argparse.ArgumentTypeError(f"expected a name that ends in {', '.join(pictures.FORMATS)}, got {text!r}")
    return writable(text)


def _results(text: str) -> Run:
    try:
        return results.from_document(json.loads(Path(text).read_text(encoding="utf-8")))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: {error.strerror}") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
