"""A progress bar for a terminal; silent everywhere else."""

import os
import time
from types import TracebackType
from typing import Self, TextIO


class Progress:
    """Count steps on one line of `stream`, if that is a terminal, and wipe the line at the end.

    The line is rewritten with a carriage return and always fits the terminal's width of that moment. It
    is drawn between the steps, never during one, so that it takes no time from what is being measured.
    """

    def __init__(self, title: str, total: int, stream: TextIO, settled: int | None = None) -> None:
        """Expect `total` steps; after `settled` of them (never if None) they tell how long the rest will take."""
        self._title = title
        self._total = total
        self._stream = stream
        self._settled = total if settled is None else settled
        self._visible = stream.isatty()
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._visible:
            self._draw("")

    def show(self, done: int, step: str) -> None:
        """Show that `done` steps are over and that `step` comes next."""
        if not self._visible:
            return
        left = None
        if done >= max(self._settled, 1):
            left = (time.monotonic() - self._began) / done * (self._total - done)
        self._draw(bar(self._title, done, self._total, step, left, self._width()))

    def _draw(self, line: str) -> None:
        """Wipe the whole line first: after Ctrl-C the terminal has added `^C` to it."""
        self._stream.write(f"\r{' ' * self._width()}\r{line}")
        self._stream.flush()

    def _width(self) -> int:
        """How many characters a line takes without wrapping: the last column stays free for the cursor."""
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return (columns or 80) - 1


def bar(title: str, done: int, total: int, step: str, left: float | None, width: int) -> str:
    """The line: as much of it as `width` allows, the bar itself taking what the words leave."""
    percent = f"{100 * done // total:3d}%"
    time_left = "" if left is None else f"  {int(left) // 60}:{int(left) % 60:02d} left"
    tail = f" {percent}{time_left}  {step}"
    room = width - len(title) - len(tail) - 3
    if room < 8:
        return f"{title} {percent}"[:width]
    room = min(room, 40)
    full = room * done // total
    return f"{title} [{'#' * full}{'.' * (room - full)}]{tail}"
