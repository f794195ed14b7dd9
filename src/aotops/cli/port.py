"""Say which functions of Numba's can be compiled ahead of time, with which declaration, or what stands in the way.

Each FILE is a Python file, or a folder of them. They are read, never imported, and Numba is not needed:

    $ aotops port my_package
    my_package/stats.py
      line 7: moving_mean
        @ao.function("(float64[:], int64)")
      line 20: count_words
        line 22: a dict; write an array that an integer indexes, or two arrays and a search

With --compile, the modules are imported, and each function is compiled with the declaration that is shown, which
takes Numba. The exit status is 0 if nothing stands in the way, 1 if something does, and 2 if a file cannot be read.
"""

import argparse
import json
import sys
from typing import Any

SUMMARY = "read a module that uses Numba, and say how to compile its functions ahead of time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="a Python file, or a folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--compile", action="store_true", help="import the modules and compile what is ready, by Numba")


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; the exit status says whether something stands in the way."""
    from aotops.porting.report import read

    reports = read(arguments.files)
    if arguments.compile:
        from aotops.aot.front.requirements import require_compiler
        from aotops.errors import BuildError

        try:
            require_compiler()
        except BuildError as error:
            print(f"aotops: {error}", file=sys.stderr)
            return 2
        from aotops.aot.pack.trial import compile_ready

        compile_ready(reports)
    findings = [finding for report in reports for finding in report.findings]
    if arguments.json:
        print(json.dumps(as_json(reports), indent=2))
    else:
        print_reports(reports)
    for report in reports:
        if report.error:
            print(f"aotops: {report.error}", file=sys.stderr)
    if any(report.error for report in reports):
        return 2
    return int(any(finding.status == "blocked" for finding in findings))


def counts(reports: list[Any]) -> dict[str, int]:
    """How many functions there are of each status."""
    found = {"ready": 0, "helper": 0, "blocked": 0}
    for report in reports:
        for finding in report.findings:
            found[finding.status] += 1
    return found


def print_reports(reports: list[Any]) -> None:
    """Print what a person reads."""
    guessed = False
    for report in reports:
        if not report.findings:
            continue
        print(report.path)
        for finding in report.findings:
            by = f": {', '.join(finding.called_by)} call{'s' if len(finding.called_by) == 1 else ''} it"
            print(f"  line {finding.line}: {finding.name}{by if finding.status == 'helper' else ''}")
            if finding.status == "helper":
                print("    needs no declaration: leave it a function")
            if finding.declaration is not None:
                guessed = guessed or finding.declaration.is_guessed
                print(f"    {finding.declaration.text}")
                for each in finding.declaration.also:
                    print(f"    or {each}")
            for each in finding.obstacles:
                print(f"    line {each.line}: {each.what}; {each.instead}")
            notes = finding.notes + (finding.declaration.notes if finding.declaration is not None else [])
            for note in notes:
                print(f"    note: {note}")
        print()
    found = counts(reports)
    total = sum(found.values())
    if not total:
        print("No function that Numba compiles was found.")
        return
    print(f"{total} function{'s' if total > 1 else ''}: {found['ready']} can be declared as shown, ", end="")
    print(f"{found['helper']} need no declaration, {found['blocked']} must be changed first.")
    if guessed:
        print("Where Numba's decorator has no signature, types are guessed from use: correct them, or list several.")


def as_json(reports: list[Any]) -> dict[str, Any]:
    """The same for programs."""
    files = []
    for report in reports:
        functions = []
        for finding in report.findings:
            declared = finding.declaration
            functions.append(
                {
                    "name": finding.name,
                    "line": finding.line,
                    "decorator": finding.decorator,
                    "status": finding.status,
                    "declaration": declared.text if declared is not None else None,
                    "alternatives": declared.also if declared is not None else [],
                    "types_are_guessed": declared.is_guessed if declared is not None else False,
                    "obstacles": [{"line": o.line, "what": o.what, "instead": o.instead} for o in finding.obstacles],
                    "notes": finding.notes + (declared.notes if declared is not None else []),
                    "called_by": finding.called_by,
                }
            )
        files.append({"file": str(report.path), "error": report.error or None, "functions": functions})
    return {"files": files, "summary": counts(reports)}
