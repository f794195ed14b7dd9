"""The command itself: `python -m benchmarks.dask first-task`, `pipeline`, `chunks`, `picture FILE`; see each."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.dask.cluster import folder_of_modules


def main() -> int:
    """Measure what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.dask", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    first = commands.add_parser("first-task", help="the first task of a user's operator on a fresh worker")
    first.add_argument("functions", nargs="*", help="wet_bulb, degree_days, longest_spell; all by default")
    whole = commands.add_parser("pipeline", help="years of weather, against NumPy's chunks")
    whole.add_argument("pipelines", nargs="*", help="'built-in functions', \"a user's kernels\"; both by default")
    whole.add_argument("--contenders", nargs="*", help="aotops, numpy, 'aotops, arrays'; all by default")
    whole.add_argument("--gigabytes", type=float, default=10.0, help="of input in all, 10 by default")
    chunks = commands.add_parser("chunks", help="what chunks of different sizes cost")
    for each in (first, whole, chunks):
        each.add_argument("--rounds", type=int, default=3)
        each.add_argument("--json", type=Path, help="a file for the figures")
    picture = commands.add_parser("picture", help="the tasks of each worker over time, as SVG")
    picture.add_argument("file", type=Path)
    options = parser.parse_args()
    with folder_of_modules() as folder:
        if options.what == "picture":
            from benchmarks.dask.picture import recorded

            options.file.write_text(recorded(folder), encoding="utf-8")
            return 0
        figures, table = measured(folder, options)
    print(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


def measured(folder: Path, options: argparse.Namespace) -> tuple[Any, str]:
    """The figures, and their table. The modules are imported now, when those that they import have been made."""
    if options.what == "first-task":
        from benchmarks.dask import first_task

        times = first_task.measure(folder, options.rounds, options.functions or first_task.FUNCTIONS)
        return times, first_task.report(times)
    if options.what == "chunks":
        from benchmarks.dask import chunks

        costs = chunks.measure(folder, options.rounds)
        return costs, chunks.report(costs)
    from benchmarks.dask import pipeline
    from benchmarks.dask.year import PIPELINES

    chosen = options.pipelines or tuple(PIPELINES), options.contenders or tuple(pipeline.CONTENDERS)
    ratios = pipeline.measure(folder, options.rounds, options.gigabytes, *chosen)
    return ratios, pipeline.report(ratios)


if __name__ == "__main__":
    sys.exit(main())
