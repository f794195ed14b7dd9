"""``trace``: what a program launches, when, and for how long."""

from __future__ import annotations

import os
from _thread import RLock

from aotops import _native
from aotops.see.launches import Launch, counted, dimensions

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.see.launches import Report

#: Guards the list of traces that are recording.
_lock = RLock()
_recording: list[trace] = []


def _note(report: Report) -> None:
    """Add a launch to every trace that is recording; called by the native module."""
    for each in tuple(_recording):
        each._add(report)


def _renew_lock() -> None:
    """In the child of a fork, make a new lock: the thread that held it does not exist here."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)

#: The numbers of threads of the pool in a file begin here.
POOL = 1 << 20
#: The most launches that a table lists; the rest are summed up.
MOST_ROWS = 40


class TracedLaunch(Launch):
    """One launch that has run: what was planned, and what it took.

    Attributes, beside those of ``Launch``:
        start: when it began, in seconds since the trace did.
        duration: how long it took, in seconds, with planning and with waiting for the GIL at its end.
        thread: the identifier of the Python thread that called the operator, as ``threading.get_ident()`` gives it.
        work: what each thread that took part has done, a list of ``Work``: the calling thread is number 0, threads of
            the pool have higher numbers.
    """

    def __init__(self, report: Report, origin: int) -> None:
        super().__init__(report)
        *_, begin, end, self.thread, work = report
        self.start, self.duration = (begin - origin) / 1e9, (end - begin) / 1e9
        self.work = [
            Work(number, parts, (first - origin) / 1e9, (last - first) / 1e9, busy / 1e9)
            for number, parts, first, last, busy in work or [(0, 1, begin, end, end - begin)]
        ]


class Work:
    """What one thread has done in a launch.

    Attributes:
        thread: 0 is the thread that called the operator, others are of the pool.
        parts: how many parts of the work it has taken.
        start: when it began the first one, in seconds since the trace did.
        duration: from then to the end of the last one, in seconds.
        busy: how long its parts took, in seconds.
    """

    __slots__ = ("busy", "duration", "parts", "start", "thread")

    def __init__(self, thread: int, parts: int, start: float, duration: float, busy: float) -> None:
        self.thread, self.parts, self.start, self.duration, self.busy = thread, parts, start, duration, busy

    def __repr__(self) -> str:
        return f"<Work of thread {self.thread}: {self.parts} parts, {span(self.busy)}>"


class trace:  # noqa: N801  (it is used as a function)
    """Record every launch of a kernel, in all threads, while a ``with`` block runs.

    Traces may be nested and may overlap in several threads: each records all launches while its block runs. An
    exception ends a trace like the end of the block. Outside of traces a launch costs one more test.

    Parameters:
        limit: How many launches are kept, at about 2 KB each; later ones are only counted, in ``dropped``.

    Returns:
        A trace. Its ``launches`` is a list of what ran, each a ``Launch`` with ``start`` and ``duration`` in seconds,
        and ``thread``. ``print`` shows a table; ``save("trace.json")`` writes a file for ``chrome://tracing`` and
        ui.perfetto.dev.

    Raises:
        TypeError: The limit is not an int.
        ValueError: It is negative.

    Example:
        >>> import aotops as ao
        >>> x = ao.ones((300, 200))
        >>> with ao.trace() as t:
        ...     y = (x + x.T.reshape(300, 200)).sum()
        >>> [(launch.operator, launch.elements) for launch in t.launches]
        [('copy', 60000), ('add', 60000), ('sum', 60000)]
    """

    def __init__(self, *, limit: int = 10_000) -> None:
        from aotops.errors import reject, wrong_type

        if not isinstance(limit, int) or isinstance(limit, bool):
            wrong_type("trace", "limit", "an int", limit)
        if limit < 0:
            reject(ValueError, "trace", "limit", "not be negative", str(limit))
        self.limit, self.dropped = limit, 0
        self._reports: list[Report] = []
        self._launches: list[TracedLaunch] = []
        self._origin = 0

    def _add(self, report: Report) -> None:
        if len(self._reports) < self.limit:
            self._reports.append(report)
        else:
            self.dropped += 1

    def __enter__(self) -> trace:
        from time import perf_counter_ns

        with _lock:
            if any(each is self for each in _recording):
                from aotops.errors import reject

                reject(RuntimeError, "trace", "the trace", "be one that is not recording", "one that is")
            self._origin = self._origin or perf_counter_ns()
            _recording.append(self)
            _native.trace(_note)
        return self

    def __exit__(self, *_: object) -> None:
        with _lock:
            _recording[:] = [each for each in _recording if each is not self]
            if not _recording:
                _native.trace(None)

    @property
    def launches(self) -> list[TracedLaunch]:
        """The launches so far, in the order in which they ended."""
        known = len(self._launches)
        self._launches += [TracedLaunch(report, self._origin) for report in self._reports[known:]]
        return self._launches.copy()

    def __repr__(self) -> str:
        return "\n".join(_table(self.launches, self.dropped))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace in the Chrome trace-event format, JSON, which ui.perfetto.dev shows.

        Raises ``OSError`` where the file cannot be written.
        """
        import json

        with open(path, "w", encoding="utf-8") as file:
            json.dump(document(self.launches), file, indent=1)


def _table(launches: list[TracedLaunch], dropped: int) -> list[str]:
    """The launches as a table, and what each operator took in all."""
    if not launches:
        return ["no launches"]
    rows: list[tuple[str, ...]] = [("start", "duration", "operator", "elements", "dtypes", "threads", "path")]
    for each in launches[:MOST_ROWS]:
        dtypes = " ".join([operand.dtype for operand in each.operands])
        size = dimensions(each.shape) if each.noun == "element" else counted(each.elements, each.noun)
        threads = f"{len(each.work)} of {each.threads}"
        rows.append((span(each.start), span(each.duration), each.operator, size, dtypes, threads, each.path))
    lines = _aligned(rows, right=(0, 1, 5))
    if len(launches) > MOST_ROWS:
        lines.append(f"not shown: {len(launches) - MOST_ROWS:,} more")
    if dropped:
        lines.append(f"not kept, beyond the limit: {dropped:,} more")
    totals: dict[str, list[float]] = {}
    for each in launches:
        totals.setdefault(each.operator, []).append(each.duration)
    whole = sum(map(sum, totals.values()))
    rows = [("operator", "launches", "time", "share")]
    for name, times in sorted(totals.items(), key=lambda item: -sum(item[1])):
        rows.append((name, f"{len(times):,}", span(sum(times)), f"{sum(times) / whole:.0%}" if whole else "-"))
    rows.append(("all", f"{len(launches):,}", span(whole), ""))
    return [*lines, "", *_aligned(rows, right=(1, 2, 3))]


def _aligned(rows: list[tuple[str, ...]], right: tuple[int, ...]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            [
                cell.rjust(width) if column in right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
        ).rstrip()
        for row in rows
    ]


def span(seconds: float) -> str:
    """A time in the unit that suits it: ``12.3 us``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def document(launches: list[TracedLaunch]) -> dict[str, Any]:
    """The launches as a document of the Chrome trace-event format; times are in microseconds."""
    process = os.getpid()
    names, pool = _thread_names(), set[int]()
    # viewers keep 32 bits of a thread's identifier
    numbers = {thread: k for k, thread in enumerate(dict.fromkeys([each.thread for each in launches]), 1)}
    events: list[dict[str, Any]] = [
        {"name": "process_name", "ph": "M", "pid": process, "tid": 0, "args": {"name": "aotops"}}
    ]
    for thread, number in numbers.items():
        name = names.get(thread, f"thread {thread}")
        events.append({"name": "thread_name", "ph": "M", "pid": process, "tid": number, "args": {"name": name}})
    for each in launches:
        events.append(
            {
                "name": each.operator,
                "cat": each.kind,
                "ph": "X",
                "ts": each.start * 1e6,
                "dur": each.duration * 1e6,
                "pid": process,
                "tid": numbers[each.thread],
                "args": arguments(each),
            }
        )
        for work in each.work[1:] if each.work[0].thread == 0 else each.work:
            pool.add(work.thread)
            events.append(
                {
                    "name": each.operator,
                    "cat": "pool",
                    "ph": "X",
                    "ts": work.start * 1e6,
                    "dur": work.duration * 1e6,
                    "pid": process,
                    "tid": POOL + work.thread,
                    "args": {"parts": work.parts, "busy": work.busy * 1e6, "for": numbers[each.thread]},
                }
            )
    for thread in sorted(pool):
        name = f"pool thread {thread}"
        events.append({"name": "thread_name", "ph": "M", "pid": process, "tid": POOL + thread, "args": {"name": name}})
    return {"traceEvents": events, "displayTimeUnit": "ns"}


def arguments(launch: TracedLaunch) -> dict[str, Any]:
    """What a viewer shows of a launch."""
    return {
        "kernel": launch.kernel,
        "level": launch.level,
        "path": launch.path,
        "shape": list(launch.shape),
        "planned shape": list(launch.planned_shape),
        "operands": [f"{each.name}: {each.dtype}, {each.role}" for each in launch.operands],
        "tiles": list(launch.tiles),
        "threads": f"{len(launch.work)} of {launch.threads}",
        "bytes": launch.bytes_moved,
    }


def _thread_names() -> dict[int, str]:
    """The names of Python's threads that are still running, by their identifiers."""
    import threading

    return {each.ident: each.name for each in threading.enumerate() if each.ident is not None}
