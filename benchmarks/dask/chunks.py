"""What a task costs beside its kernel, by the size of chunks: `sum(sqrt(exp(-x * x) + 1))` of numbers in memory.

`BYTES` of float64, persisted, are divided into chunks of each size, and computed by Dask's threaded scheduler with two
threads and by a cluster of two workers. Beside them stands the same call on a tensor in this process, on two threads,
which needs no graph. Contenders take turns; the figures are medians, in ns per element.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import dask
import dask.array as da
from distributed import wait

import aotops as ao
from aotops.cli.measure import rotated
from benchmarks.dask.cluster import cluster

BYTES = 1 << 28
SIZES = [1 << power for power in (16, 18, 20, 22, 24, 26)]
LEAST_TASKS = 8


def chain(x: Any) -> Any:
    """Four element-wise operations and a sum: two tasks per chunk."""
    return ao.sum(ao.sqrt(ao.exp(ao.negative(x * x)) + 1.0))


def measure(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """By bytes of a chunk, the seconds per element: of a tensor, of threads, and of a cluster."""
    figures: dict[str, dict[str, float]] = {}
    with cluster(folder, 2) as client:
        for size in SIZES:
            count = max(LEAST_TASKS, min(256, BYTES // size))  # small chunks: fewer of them, the time is per task
            elements = count * size // 8
            x = ao.linspace(0.0, 1.0, elements)
            here = da.from_array(x, chunks=size // 8, asarray=False).persist(scheduler="threads")
            there = client.persist(
                da.map_blocks(part, chunks=((size // 8,) * count,), dtype=float, meta=ao.empty(0), name=f"part-{size}")
            )
            wait(there)
            calls: dict[str, Callable[[], Any]] = {
                "tensor": partial(chain, x),
                "threads": partial(dask.compute, chain(here), scheduler="threads", num_workers=2),
                "cluster": partial(dask.compute, chain(there)),
            }
            samples: dict[str, list[float]] = {who: [] for who in calls}
            for number in range(rounds + 1):  # the first does not count
                for who, call in rotated(list(calls.items()), number):
                    began = time.perf_counter()
                    call()
                    if number:
                        samples[who].append((time.perf_counter() - began) / elements)
            figures[str(size)] = {who: statistics.median(each) for who, each in samples.items()}
            figures[str(size)]["tasks"] = count
    return figures


def part(block_info: Any = None) -> ao.Tensor:
    """A chunk of numbers."""
    ((first, end),) = block_info[None]["array-location"]
    return ao.linspace(0.0, 1.0, end - first)


def report(figures: dict[str, dict[str, float]]) -> str:
    """The figures as a table of Markdown."""
    rows = [
        "| bytes of a chunk | tensor, ns per element | threads | cluster | cluster, ms per chunk |",
        "|---|---|---|---|---|",
    ]
    for size, each in figures.items():
        shown = " | ".join(f"{each[who] * 1e9:.2f}" for who in ("tensor", "threads", "cluster"))
        rows.append(f"| {int(size):,} | {shown} | {each['cluster'] * int(size) / 8 * 1e3:.2f} |")
    return "\n".join(rows)
