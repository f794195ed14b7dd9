"""Compiling what ``aotops port`` says can be: modules are imported, and functions declared as it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import aotops
from aotops import _native
from aotops.aot.back.levels import levels
from aotops.aot.pack.array_code import array_codes
from aotops.aot.pack.array_jit import object_of
from aotops.aot.pack.build import compiler_digest
from aotops.aot.pack.jit import objects_of
from aotops.aot.pack.kernels import record_kernels
from aotops.aot.pack.modules import find_target, load
from aotops.errors import BuildError
from aotops.porting.obstacles import Obstacle
from aotops.porting.report import FileReport, Finding
from aotops.scalar.functions import plain
from aotops.user.array_record import ArrayRecord


def compile_ready(reports: Sequence[FileReport]) -> None:
    """Compile the functions that are ready; those that do not compile are blocked after that, with the reason."""
    for report in reports:
        ready = [each for each in report.findings if each.status == "ready"]
        if report.error or not ready:
            continue
        try:
            module = load(find_target(str(report.path)))
        except BuildError as error:
            report.error = str(error)
            continue
        for finding in ready:
            reason = why_not(module, finding)
            if reason is not None:
                finding.status, finding.declaration = "blocked", None
                place = re.search(r"line (\d+)", reason)
                line = int(place[1]) if place else finding.line
                finding.obstacles.append(Obstacle(line, "it does not compile", reason))


def why_not(module: Any, finding: Finding) -> str | None:
    """Compile one function; returns why it does not compile."""
    assert finding.declaration is not None
    try:
        function = module
        for part in finding.name.split("."):
            function = getattr(function, part)
        function = getattr(getattr(function, "gufunc_builder", None), "py_func", function)  # of guvectorize
        if (
            not hasattr(function, "py_func")
            and plain(function) is function
            and callable(getattr(function, "reduceat", None))
        ):
            finding.notes.append(
                "not tried: for this target, Numba makes a ufunc of it, which does not hold the function"
            )
            return None
        declared = eval(finding.declaration.text.removeprefix("@"), {"ao": aotops})(plain(function))
        compile_once(declared._record)
    except Exception as error:  # of a declaration, or of the compiler
        lines = [line.strip() for line in str(error).splitlines()]
        # the first line of what the compiler says is the function's name
        return " ".join(lines[1:3] if isinstance(error, BuildError) and lines[1:] else lines[:2])
    return None


def compile_once(record: Any) -> None:
    """Compile the kernels of a record for this CPU; raises ``BuildError``."""
    level = next(level for level in levels() if level.name == _native.cpu_level())
    if isinstance(record, ArrayRecord):
        digest = compiler_digest()
        for code in array_codes([record]):
            object_of(code, level, digest)
    else:
        objects_of(record, record_kernels(record), level)
