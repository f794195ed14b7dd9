"""Start programs in fresh interpreters, one after the other, and collect what they cost.

1. Before anything is measured each contender runs once: its files are then in the system's cache, its
   byte code and Numba's cache are written, and one that cannot run at all has said so.
2. In each round every contender runs once, and each round starts with another one, so that a machine that
   grows warm or busy while the benchmark runs treats all of them alike.
3. A process's time runs from just before it is started until it is over. The clock is the same for all
   processes of a machine, so the ticks that the child reports divide up that time without a rest.
4. The programs, the byte code and Numba's cache live in one temporary directory, which goes at the end.
"""

import importlib.util
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO, TypeVar

from aotops.cli.contenders import Contender
from aotops.cli.progress import Progress

PHASES = ("start-up", "import", "prepare", "first", "second", "exit")
"""The parts of a process's life, in order. A program without an import has the first and the last one alone."""

TIMEOUT = 300.0
"""Seconds after which a process counts as hung."""

TOLERANCE = 1e-9
"""The relative difference between results that rounding may cause; libraries sum in different orders."""


@dataclass(frozen=True)
class Sample:
    """What one process cost."""

    phases: dict[str, float]
    """Seconds; those of `PHASES` that the program has."""
    peak_memory: int | None
    """The largest resident set in bytes, where the system tells it."""

    @property
    def whole(self) -> float:
        """Seconds from start to end."""
        return sum(self.phases.values())


@dataclass
class Result:
    """What became of one contender."""

    contender: Contender
    status: str = "measured"
    """`measured`, `not installed` or `failed`."""
    reason: str = ""
    """Which module is missing, or how it failed."""
    samples: list[Sample] = field(default_factory=list)

    def fail(self, reason: str) -> None:
        """Exclude it from the measurement; its earlier samples are discarded."""
        self.status, self.reason, self.samples = "failed", reason, []


class ProgramError(Exception):
    """A process did not do what it should; the message says what happened."""


def measure(contenders: Sequence[Contender], runs: int, screen: TextIO = sys.stderr) -> list[Result]:
    """Run every contender once unmeasured and `runs` times measured; the results are in the order given."""
    results = [Result(contender) for contender in contenders]
    for result in results:
        missing = [module for module in result.contender.requires if not _installed(module)]
        if missing:
            result.status, result.reason = "not installed", f"no module named {missing[0]!r}"
    with tempfile.TemporaryDirectory(prefix="aotops-cold-start-") as folder:
        runner = Runner(Path(folder))
        racing = [result for result in results if result.status == "measured"]
        with Progress("warming up", len(racing), screen) as progress:
            for done, result in enumerate(racing):
                progress.show(done, result.contender.label)
                _run(runner, result, warm_up=True)
        racing = [result for result in racing if result.status == "measured"]
        with Progress("measuring", runs * len(racing), screen, settled=len(racing)) as progress:
            for number in range(runs):
                for position, result in enumerate(rotated(racing, number)):
                    progress.show(number * len(racing) + position, result.contender.label)
                    if result.status == "measured":
                        _run(runner, result, warm_up=False)
    return results


Item = TypeVar("Item")


def rotated(results: Sequence[Item], number: int) -> list[Item]:
    """The order of round `number`: each round starts one further down and goes once around."""
    start = number % len(results) if results else 0
    return [*results[start:], *results[:start]]


def _run(runner: "Runner", result: Result, warm_up: bool) -> None:
    try:
        sample = runner.run(result.contender, warm_up)
    except ProgramError as failure:
        result.fail(str(failure))
    else:
        if not warm_up:
            result.samples.append(sample)


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


class Runner:
    """Runs programs with everything they write kept inside `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {
            # Byte code is written on the unmeasured run and read on the others, however the libraries were
            # installed: some installers leave compiling to the first import.
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "NUMBA_CACHE_DIR": str(folder / "numba"),
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, contender: Contender, warm_up: bool = False) -> Sample:
        """Run the contender's program in a new process; raise `ProgramError` unless it did its work."""
        # A real file, since Numba caches nothing else; named so that it hides no library.
        program = self._folder / f"program_{contender.name}.py"
        if not program.exists():
            program.write_text(contender.program(), encoding="utf-8")
        with (self._folder / "stdout").open("w+b") as stdout, (self._folder / "stderr").open("w+b") as stderr:
            # Files rather than pipes: nobody has to read them while the process runs, so it can be waited for.
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, str(program)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=self._environment,
            )
            status, peak_memory = _wait(process)
            ended = time.perf_counter()
            stdout.seek(0)
            stderr.seek(0)
            output, complaint = (file.read().decode("utf-8", "replace") for file in (stdout, stderr))
        if ended - began > TIMEOUT:
            raise ProgramError(f"did not finish within {TIMEOUT:g} s")
        if status:
            raise ProgramError(_last_line(complaint) or _describe(status))
        try:
            report = json.loads(_last_line(output))
            ticks = [began, *report["ticks"], ended]
            values = [float(value) for value in report["results"].split()]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ProgramError(_last_line(complaint) or "printed no result") from None
        _check(values, contender.expected)
        if report["cache_hit"] is False and not warm_up:
            raise ProgramError("compiled anew although an earlier run had filled its cache")
        names = PHASES[: len(ticks) - 2] + PHASES[-1:]
        phases = {name: ticks[i + 1] - ticks[i] for i, name in enumerate(names)}
        return Sample(phases, report["peak_memory"] or peak_memory)


def _wait(process: "subprocess.Popen[bytes]") -> tuple[int, int | None]:
    """Wait for the end of the process; return its exit status and the peak memory its parent is told of, if any.

    Linux's figure starts from the size of the parent, which the child takes over until it loads its own
    program; it is used only where the child could not read its own.
    """
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    try:
        if sys.platform == "win32":
            return process.wait(), None
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    except ChildProcessError:  # the watchdog came in the very moment of the end, and has the status
        return process.wait(), None
    finally:
        watchdog.cancel()
        if process.returncode is None:
            process.kill()
            process.wait()


def _check(values: Sequence[float], expected: Sequence[float]) -> None:
    """Raise `ProgramError` unless the results are the expected ones."""
    if len(values) != len(expected):
        raise ProgramError(f"disagrees with the others: {len(values)} results instead of {len(expected)}")
    for value, right in zip(values, expected, strict=True):
        if not math.isclose(value, right, rel_tol=TOLERANCE):
            raise ProgramError(f"disagrees with the others: {value!r} instead of {right!r}")


def _last_line(text: str) -> str:
    """The last line that says something, without characters that would upset a terminal."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(character if character.isprintable() else " " for character in lines[-1]) if lines else ""


def _describe(status: int) -> str:
    """What an exit status means."""
    if status < 0:
        try:
            return f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"was ended by signal {-status}"
    return f"exited with status {status}"
