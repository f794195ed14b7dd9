"""Names a kernel whose compilation takes long or much memory, while it does."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds, and bytes, from which on a kernel is named.
LONG = 20.0
LARGE = 1 << 30
#: Seconds between two looks.
PAUSE = 1.0


def memory_of(process: int) -> int:
    """The bytes of memory that a process occupies; 0 where the system does not tell."""
    try:
        with open(f"/proc/{process}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


def described(seconds: float, memory: int) -> str:
    """How long something has taken, and how much memory."""
    return f"{seconds:.0f} s" + (f", {memory / (1 << 30):.1f} GB of memory" if memory else "")


class Watch:
    """What is being compiled by which process, and since when."""

    def __init__(self) -> None:
        self.started: dict[int, tuple[str, float, int]] = {}
        self.told: dict[int, float] = {}

    def begin(self, process: int, what: str) -> None:
        """A process begins to compile something."""
        self.started[process] = (what, time.monotonic(), memory_of(process))
        self.told[process] = 0.0

    def end(self, process: int) -> None:
        """It is done."""
        self.started.pop(process, None)

    def slow(self) -> list[str]:
        """What takes long or much: each when it begins to, and again whenever its time has doubled."""
        lines = []
        for process, (what, since, before) in self.started.items():
            seconds, memory = time.monotonic() - since, memory_of(process)
            if (seconds >= LONG or memory - before >= LARGE) and seconds >= 2 * self.told[process]:
                self.told[process] = max(seconds, 0.001)
                lines.append(f"still compiling {what}: {described(seconds, memory)}")
        return lines


@contextmanager
def watched(what: str) -> Iterator[None]:
    """Tell on stderr of a compilation in this process that takes long or much memory."""
    watch, done = Watch(), threading.Event()
    watch.begin(os.getpid(), what)

    def look() -> None:
        while not done.wait(PAUSE):
            for line in watch.slow():
                print(f"aotops: {line}", file=sys.stderr, flush=True)

    thread = threading.Thread(target=look, name="aotops-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
