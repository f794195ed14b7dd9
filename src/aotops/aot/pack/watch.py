"""Report a kernel whose compilation takes long or much memory, while it is running."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: The time in seconds and the memory in bytes from which on a kernel is reported.
LONG = 20.0
LARGE = 1 << 30
#: Seconds between two checks.
PAUSE = 1.0


def memory_of(process: int) -> int:
    """Return the resident memory of a process in bytes; 0 if the system does not provide it."""
    try:
        with open(f"/proc/{process}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


def described(seconds: float, memory: int) -> str:
    """Describe how much time and memory something has taken."""
    return f"{seconds:.0f} s" + (f", {memory / (1 << 30):.1f} GB of memory" if memory else "")


class Watch:
    """The compilations in progress: which process compiles what, and since when."""

    def __init__(self) -> None:
        self.started: dict[int, tuple[str, float, int]] = {}
        self.told: dict[int, float] = {}

    def begin(self, process: int, what: str) -> None:
        """Record that a process starts to compile something."""
        self.started[process] = (what, time.monotonic(), memory_of(process))
        self.told[process] = 0.0

    def end(self, process: int) -> None:
        """Record that a process is done."""
        self.started.pop(process, None)

    def slow(self) -> list[str]:
        """Return descriptions of what takes long or much memory: each once, and again when its time has doubled."""
        lines = []
        for process, (what, since, before) in self.started.items():
            seconds, memory = time.monotonic() - since, memory_of(process)
            if (seconds >= LONG or memory - before >= LARGE) and seconds >= 2 * self.told[process]:
                self.told[process] = max(seconds, 0.001)
                lines.append(f"still compiling {what}: {described(seconds, memory)}")
        return lines


@contextmanager
def watched(what: str) -> Iterator[None]:
    """Report a compilation in this process on stderr if it takes long or much memory."""
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
