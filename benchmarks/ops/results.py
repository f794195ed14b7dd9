"""The results of `python -m benchmarks.ops`: the cells, the machine, and the JSON file that keeps both."""

import dataclasses
import datetime
import math
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aotops.cli.report import Machine
from benchmarks.ops.timing import Measured

SCHEMA = "aotops ops"
SCHEMA_VERSION = 2
"""It goes up when a reader of the old one would go wrong."""


@dataclass
class Run:
    """All that one run of the benchmark has to say."""

    date: str
    matrix: str
    """In words: which cells were chosen, and whether they were measured in a hurry."""
    machine: Machine
    cpu: str
    caches: dict[str, int]
    """Bytes, by level: `L1`, `L2`, `L3`."""
    level: str
    """The CPU level whose kernels aotops runs."""
    libraries: dict[str, str]
    """Name and label of those that took part, in order."""
    missing: dict[str, str]
    """Why the others did not."""
    absent: list[str]
    """Operators of the matrix that this aotops does not have."""
    threads: list[int]
    busy: bool = False
    """Was one other process kept running on each CPU? Then figures are medians."""
    clock: float = 0.0
    """Cycles per second, where it was measured."""
    single: dict[str, list[str]] = field(default_factory=dict)
    """By number of threads: the libraries that had one thread all the same."""
    others: dict[str, float] = field(default_factory=dict)
    """By number of threads: how many CPUs other processes kept busy meanwhile, where the system tells it."""
    triads: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    """By number of threads and form of the triad: bytes per second of each library, where they were measured."""
    cells: list[Measured] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """The ratios of many cells in a few figures."""

    count: int
    below: int
    """How many of them are below 1."""
    mean: float
    """The geometric mean."""
    worst: Measured


def summary(cells: Iterable[Measured]) -> Summary | None:
    """Sum up the cells that have a ratio, if any has."""
    rated = [(cell.ratio, cell) for cell in cells if cell.ratio is not None]
    if not rated:
        return None
    ratios = [ratio for ratio, _ in rated]
    worst = min(rated, key=lambda pair: pair[0])[1]
    return Summary(len(ratios), sum(ratio < 1 for ratio in ratios), geometric_mean(ratios), worst)


def geometric_mean(values: Sequence[float]) -> float:
    """The n-th root of the product of n values."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def document(run: Run) -> dict[str, object]:
    """The run for programs. `ratio`, `rate` and `share` follow from the rest and are there for convenience."""
    contents = dataclasses.asdict(run)
    for entry, cell in zip(contents["cells"], run.cells, strict=True):
        entry |= {"rival": cell.rival, "ratio": cell.ratio, "rate": cell.rate, "share": cell.share}
    units = {"time": "second", "memory": "byte", "rate": "byte/second"}
    return {"schema": SCHEMA, "version": SCHEMA_VERSION, "units": units, **contents}


def from_document(contents: Any) -> Run:
    """The run that a document tells of; `ValueError` if it is not one of these documents."""
    if not isinstance(contents, dict) or contents.get("schema") != SCHEMA:
        raise ValueError(f"expected a file that `python -m benchmarks.ops --json` wrote, with the schema {SCHEMA!r}")
    if contents.get("version") != SCHEMA_VERSION:
        raise ValueError(f"expected version {SCHEMA_VERSION} of the schema, got {contents.get('version')!r}")
    try:
        known = {name: contents[name] for name in (each.name for each in dataclasses.fields(Run))}
        known["machine"] = Machine(**known["machine"])
        names = {each.name for each in dataclasses.fields(Measured)}
        known["cells"] = [Measured(**{name: cell[name] for name in names}) for cell in known["cells"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"the file is damaged: {type(error).__name__}: {error}") from None
    return Run(**known)


def combined(old: Run, new: Run) -> Run:
    """The newer run, with what the older one measured at other numbers of threads, if it is of the same kind.

    Of the same kind are runs of the same matrix, machine, versions and CPU level; else the newer one stands alone.
    """
    if (old.matrix, old.machine, old.cpu, old.level, old.busy) != (
        new.matrix,
        new.machine,
        new.cpu,
        new.level,
        new.busy,
    ):
        return new
    kept = [threads for threads in old.threads if threads not in new.threads]

    def by_threads(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
        return {**{key: theirs[key] for key in map(str, kept) if key in theirs}, **ours}

    return dataclasses.replace(
        new,
        threads=sorted([*kept, *new.threads]),
        single=by_threads(new.single, old.single),
        others=by_threads(new.others, old.others),
        triads=by_threads(new.triads, old.triads),
        cells=sorted(
            [*(cell for cell in old.cells if cell.threads in kept), *new.cells], key=lambda cell: cell.threads
        ),
    )


def now() -> str:
    """The moment, as the document has it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def cpu_model() -> str:
    """What the processor calls itself."""
    if sys.platform == "linux":
        for line in _read(Path("/proc/cpuinfo")).splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def caches(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, int]:
    """The bytes of each level of cache for data, where the system tells them."""
    found: dict[str, int] = {}
    for index in sorted(folder.glob("index*")):
        level, kind, size = (_read(index / name).strip() for name in ("level", "type", "size"))
        unit = {"K": 2**10, "M": 2**20, "G": 2**30}.get(size[-1:], 0)
        if kind != "Instruction" and level and unit and size[:-1].isdigit():
            found[f"L{level}"] = int(size[:-1]) * unit
    return found


class Bystanders:
    """How busy other processes keep the machine from now on."""

    def __init__(self, source: Path = Path("/proc/stat")) -> None:
        self._source = source
        self._began = time.monotonic(), self._busy(), time.process_time()

    def cpus(self) -> float | None:
        """So many CPUs, on average since the beginning; None where the system does not tell."""
        clock, busy, own = self._began
        now = self._busy()
        if busy is None or now is None:
            return None
        return max(0.0, now - busy - (time.process_time() - own)) / max(time.monotonic() - clock, 1e-9)

    def _busy(self) -> float | None:
        """Seconds for which all CPUs together have worked for somebody since the system was started."""
        if sys.platform != "linux":
            return None
        fields = _read(self._source).partition("\n")[0].split()
        if len(fields) < 9:
            return None
        user, nice, system, _, _, irq, soft, steal = map(int, fields[1:9])
        return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
