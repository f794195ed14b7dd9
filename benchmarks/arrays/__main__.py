"""The command itself: `python -m benchmarks.arrays [NAME ...] [--sizes 1000 1000000] [--rounds N] [--json FILE]`.

Every function is compiled by aotops, and by Numba with and without checks of indices. Each contender allocates its
output. They take turns; the ratio is the median, over the rounds, of Numba's time by that of aotops. On a machine that
others use too (`--busy`), it is that of the shortest times.
"""

import argparse
import gc
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np

import aotops as ao
from benchmarks.arrays.kernels import CASES, Case

BATCH = 2e-3
"""Seconds that a batch of calls takes, at least one call."""
UNCACHED = ("adaptive_areas",)
"""Functions that call themselves, which Numba 0.68 loads from its cache so that they crash."""
RIVALS = ("checked", "plain")
"""Numba with `boundscheck=True`, and as it is by default."""


def numba_call(case: Case, boundscheck: bool, operands: Sequence[Any]) -> Callable[[], Any]:
    """A call of Numba's function, which allocates its output."""
    if numba.config.CACHE_DIR:
        # the key of Numba's cache has no options: a folder for each
        numba.config.CACHE_DIR = str(Path(numba.config.CACHE_DIR).parent / RIVALS[not boundscheck])
    cache = bool(numba.config.CACHE_DIR) and case.name not in UNCACHED
    compiled = numba.njit(boundscheck=boundscheck, cache=cache)(case.function)
    shape, dtype = case.shape(*operands), np.dtype(case.dtypes[-1])

    def call() -> Any:
        out = np.empty(shape, dtype)
        compiled(*operands, out)
        return out

    return call


def seconds(call: Callable[[], Any], count: int) -> float:
    """Time of one of a batch of calls, after one that is not timed."""
    call()
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count


def measure(case: Case, size: int, rounds: int, busy: bool) -> dict[str, float]:
    """The ratios of a function for a number of elements, and the seconds of aotops."""
    operands = case.operands(size)
    kernel = ao.kernel(case.layout, dtypes=[case.dtypes])(case.function)
    calls = {
        "aotops": lambda: kernel(*operands),
        "checked": numba_call(case, True, operands),
        "plain": numba_call(case, False, operands),
    }
    expected = calls["checked"]()
    result = calls["aotops"]()
    if not np.allclose(result, expected.reshape(result.shape), rtol=1e-9, atol=1e-12):
        raise SystemExit(f"benchmarks.arrays: {case.name} computes something else than Numba")
    count = max(1, int(BATCH / max(seconds(calls["aotops"], 1), 1e-7)))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(rounds):
        for k in range(len(names)):
            name = names[(k + number) % len(names)]
            samples[name].append(seconds(calls[name], count))
    if busy:
        shortest = {name: min(times) for name, times in samples.items()}
        return {**{rival: shortest[rival] / shortest["aotops"] for rival in RIVALS}, "seconds": shortest["aotops"]}
    ratios = {
        rival: statistics.median(a / b for a, b in zip(samples[rival], samples["aotops"], strict=True))
        for rival in RIVALS
    }
    return {**ratios, "seconds": statistics.median(samples["aotops"])}


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean."""
    return math.exp(statistics.fmean(map(math.log, values)))


def ratios_of(figures: dict[str, dict[str, float]], size: int, rival: str) -> dict[str, float]:
    """The ratios of all functions for a number of elements."""
    return {name.partition(" ")[0]: row[rival] for name, row in figures.items() if name.endswith(f" {size}")}


def table(figures: dict[str, dict[str, float]]) -> list[str]:
    """The rows of the table in docs/array-kernels.md."""
    rows = []
    for rival, title in zip(RIVALS, ("`njit(boundscheck=True)`", "`njit`, which checks no index"), strict=True):
        for size in (1000, 1_000_000):
            found = ratios_of(figures, size, rival)
            slowest = sorted(found, key=lambda name: round(found[name], 2))[:3]
            shown = ", ".join(f"{found[name]:.2f} `{name}`" for name in slowest)
            rows.append(
                f"| {title if size == 1000 else ''} | {size:,} | {geometric_mean(list(found.values())):.2f} | {shown} |"
            )
    return [row.replace("|  |", "| |") for row in rows]


def main() -> int:
    """Measure what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.arrays", description=__doc__)
    parser.add_argument("names", nargs="*", help="functions; all by default")
    parser.add_argument("--sizes", nargs="*", type=int, default=[1000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=1, help="of aotops; Numba's functions have one")
    parser.add_argument("--busy", action="store_true", help="compare the shortest times")
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("--numba-cache", help="a folder for Numba's code, to measure without compiling first")
    options = parser.parse_args()
    unknown = set(options.names) - {each.name for each in CASES}
    if unknown:
        parser.error(f"there is no function {', '.join(sorted(unknown))}")
    chosen = [each for each in CASES if not options.names or each.name in options.names]
    ao.set_num_threads(options.threads)
    numba.config.CACHE_DIR = str(Path(options.numba_cache).absolute() / RIVALS[0]) if options.numba_cache else ""
    gc.disable()
    figures: dict[str, dict[str, float]] = {}
    print(f"{'function':<20}{'elements':>10}{'aotops, us':>12}" + "".join(f"{f'numba {r}':>16}" for r in RIVALS))
    for case in chosen:
        for size in options.sizes:
            row = measure(case, size, options.rounds, options.busy)
            figures[f"{case.name} {size}"] = row
            ratios = "".join(f"{row[rival]:16.2f}" for rival in RIVALS)
            print(f"{case.name:<20}{size:>10}{row['seconds'] * 1e6:12.1f}{ratios}", flush=True)
    for size in options.sizes:
        for rival in RIVALS:
            values = list(ratios_of(figures, size, rival).values())
            mean, worst = geometric_mean(values), min(values)
            print(f"{size} elements, numba {rival}: geometric mean {mean:.2f}, worst {worst:.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
