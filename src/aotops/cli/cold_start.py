"""Measure what a fresh process pays before it has its first result.

Each contender does the same small piece of work in a new interpreter. Reported are the time of the whole
process, of the import, of preparing data, of the first and of the second operation, and the peak memory,
as medians and as multiples of what the bare interpreter takes.
"""

import argparse
import json
from pathlib import Path

from aotops.cli import report, svg
from aotops.cli.contenders import CONTENDERS, Contender
from aotops.cli.measure import measure
from aotops.cli.options import positive, writable, write

SUMMARY = "time from starting a process to its first and second result"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--runs",
        type=positive,
        default=15,
        metavar="N",
        help="measured processes per contender (default: %(default)s)",
    )
    parser.add_argument(
        "--only",
        type=_selection,
        default=CONTENDERS,
        metavar="NAME[,NAME]",
        help=f"measure these contenders; the bare interpreter is always among them. Names: {_names()}",
    )
    parser.add_argument("--json", type=writable, metavar="FILE", help="write every sample, medians and machine to FILE")
    parser.add_argument("--plot", type=_writable_svg, metavar="FILE.svg", help="draw the medians as a bar chart")


def run(arguments: argparse.Namespace) -> int:
    """Measure and report; the status is 1 if a contender failed or a file could not be written."""
    results = measure(arguments.only, arguments.runs)
    where = report.machine(results)
    print(report.table(results, where, arguments.runs), flush=True)
    status = 1 if any(result.status == "failed" for result in results) else 0
    outputs: list[tuple[Path, str]] = []
    if arguments.json:
        outputs.append((arguments.json, json.dumps(report.document(results, where, arguments.runs), indent=1) + "\n"))
    if arguments.plot:
        outputs.append((arguments.plot, svg.chart(results, where, arguments.runs)))
    return status if write(outputs) else 1


def _names() -> str:
    return ", ".join(contender.name for contender in CONTENDERS)


def _selection(text: str) -> tuple[Contender, ...]:
    """The named contenders in their usual order, and always the one that the ratios refer to."""
    wanted = {name.strip() for name in text.split(",")}
    unknown = sorted(wanted - {contender.name for contender in CONTENDERS})
    if unknown:
        raise argparse.ArgumentTypeError(f"no contender is called {unknown[0]!r}; there are {_names()}")
    return tuple(contender for contender in CONTENDERS if contender.name in wanted | {report.BASELINE})


def _writable_svg(text: str) -> Path:
    if not text.lower().endswith(".svg"):
        raise argparse.ArgumentTypeError(f"the chart is an SVG file, so its name must end in .svg, got {text!r}")
    return writable(text)
