"""Years of weather through a pipeline, on two workers of one thread each: aotops on tensors, and NumPy.

1. `year.py` has the pipelines. A chunk takes 24 MB; workers make the chunks of both inputs by the same function of
   NumPy's, whose time alone is the row `source`. The bytes that are counted are those of the inputs.
2. Contenders take turns on the same workers; the time is that of `dask.compute` of the results of all years, and the
   ratio is the median over the rounds. The CPU time of the workers is less disturbed by what else the machine does.
3. `aotops, arrays` are aotops' operators on NumPy's chunks.
4. Results have to be equal: integers exactly, and floats to within `ULPS` of float64, since sums have other orders. The
   ULPs are those of the result, or of 1.0 if it is smaller: temperatures of some tens cancel to means near 0.
"""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dask
import numpy as np
from distributed import Client

from aotops.cli.measure import rotated
from benchmarks.dask.cluster import cluster
from benchmarks.dask.year import GIGABYTES_OF_YEAR, PIPELINES, source

ULPS = 64
CONTENDERS = {"aotops": (0, True), "aotops, arrays": (0, False), "numpy": (1, False)}
"""Which of the two functions of a pipeline, and whether chunks are tensors."""


def results(pipeline: str, who: str, years: int) -> Any:
    """What a contender computes of so many years: Dask arrays."""
    which, as_tensors = CONTENDERS[who]
    inputs = [source(what, years, as_tensors) for what in ("temperature", "humidity")]
    return PIPELINES[pipeline][which](*inputs)


def seconds(client: Client, lazy: Any) -> tuple[float, float, Any]:
    """The time of a computation, the CPU time that the workers took for it, and its results."""
    before = sum(client.run(time.process_time).values())
    began = time.perf_counter()
    (computed,) = dask.compute(lazy)
    taken = time.perf_counter() - began
    return taken, sum(client.run(time.process_time).values()) - before, computed


def furthest(results: dict[str, Any], expected: dict[str, Any]) -> float:
    """How many ULPs results are away at most; integers have to be equal."""
    most = 0.0
    for name, wanted in expected.items():
        got, wanted = np.asarray(results[name]), np.asarray(wanted)
        if got.shape != wanted.shape or (wanted.dtype.kind == "i" and not np.array_equal(got, wanted)):
            raise SystemExit(f"benchmarks.dask: {name} differs from NumPy's")
        if wanted.dtype.kind == "f":
            most = max(most, float((np.abs(got - wanted) / np.spacing(np.maximum(np.abs(wanted), 1.0))).max()))
    return most


def measure(
    folder: Path,
    rounds: int,
    gigabytes: float,
    pipelines: Sequence[str] = tuple(PIPELINES),
    contenders: Sequence[str] = tuple(CONTENDERS),
) -> dict[str, dict[str, float]]:
    """By pipeline and contender the medians of the seconds and of the CPU time, and of their ratios to aotops'."""
    years = max(1, round(gigabytes / GIGABYTES_OF_YEAR))
    figures: dict[str, dict[str, float]] = {}
    with cluster(folder, 2) as client:
        for pipeline in pipelines:
            samples: dict[str, list[tuple[float, float]]] = {who: [] for who in (*contenders, "source")}
            ulps = 0.0
            for number in range(rounds + 1):
                size = years if number else 1  # the first brings what is imported, and does not count
                found = {}
                for who in rotated(list(samples), number):
                    if who == "source":
                        lazy: Any = [source(what, size, False).max() for what in ("temperature", "humidity")]
                    else:
                        lazy = results(pipeline, who, size)
                    *taken, found[who] = seconds(client, lazy)
                    if number:
                        samples[who].append((taken[0], taken[1]))
                ulps = max(ulps, *[furthest(found[who], found["numpy"]) for who in contenders])
            if ulps > ULPS:
                raise SystemExit(f"benchmarks.dask: {pipeline}: results are {ulps:.0f} ULPs away from NumPy's")
            for who, each in samples.items():
                wall, cpu = zip(*each, strict=True)
                own_wall, own_cpu = zip(*samples["aotops"], strict=True)
                figures[f"{pipeline}, {who}"] = {
                    "seconds": statistics.median(wall),
                    "ratio": statistics.median(a / b for a, b in zip(wall, own_wall, strict=True)),
                    "cpu": statistics.median(cpu),
                    "ratio of cpu": statistics.median(a / b for a, b in zip(cpu, own_cpu, strict=True)),
                    "ulps": ulps,
                }
    return figures


def report(figures: dict[str, dict[str, float]]) -> str:
    """The figures as a table of Markdown."""
    rows = ["| pipeline, contender | s | by aotops' | CPU s | by aotops' | ULPs at most |", "|---|---|---|---|---|---|"]
    for name, each in figures.items():
        wall, cpu = (f"{each[a]:.2f} | {each[b]:.2f}" for a, b in (("seconds", "ratio"), ("cpu", "ratio of cpu")))
        rows.append(f"| {name} | {wall} | {cpu} | {each['ulps']:.0f} |")
    return "\n".join(rows)
