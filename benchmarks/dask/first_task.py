"""The first task of a user's operator on a worker that has just started.

1. `client.restart()` ends the worker and starts another process, which has imported what `dask worker` imports by
   itself and the entry points of distributions, and then is idle for `PAUSE` seconds.
2. The time runs from `client.submit(function, ...)` until `result()` has returned: serialisation, the scheduler, the
   import of the function's module and of what that imports, compilation, the call, and the way back. The arguments are
   NumPy's arrays of 365 elements, which travel with the task.
3. Contenders take turns, each on a worker of its own. `nothing` is a function of the standard library: what Dask takes
   by itself. The byte code of all modules and Numba's cache have been written by a first round that does not count.
4. `import` and `call` are those parts of the time, measured on other workers by a task that imports and calls. `array`
   is the time, once, of `compute()` of a Dask array of one chunk: a fresh worker imports `dask.array` in any case.
"""

import importlib
import operator
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from distributed import Client

from aotops.cli.measure import rotated
from benchmarks.dask.cluster import cluster

PAUSE = 0.3
FUNCTIONS = ("wet_bulb", "degree_days", "longest_spell")
MODULES = {"aotops": "gridded_ops", "numba": "njit_ops", "numba, cache": "cached_ops"}
BARS = {"numba": 0.05, "numba, cache": 0.2}
"""What the first task of aotops' operator may take of that of Numba's function."""


def arguments(name: str) -> tuple[Any, ...]:
    """What a function is called with: days of one place."""
    days = np.arange(365)
    temperature = 20.0 + 10.0 * np.sin(days / 58.0) + days % 7
    return (temperature, 60.0 + 20.0 * np.cos(days / 11.0)) if name == "wet_bulb" else (temperature, 24.0)


def fresh(client: Client) -> None:
    """Replace the worker by a new process."""
    client.restart()
    time.sleep(PAUSE)


def seconds_of_task(client: Client, function: Any, *args: Any) -> tuple[float, Any]:
    """From submission to result, on a worker that has just started; and the result."""
    fresh(client)
    began = time.perf_counter()
    result = client.submit(function, *args, pure=False).result()
    return time.perf_counter() - began, result


def seconds_of_array(client: Client, function: Any, name: str, number: int) -> float:
    """The same for a Dask array of one chunk, by `map_blocks`; a number of its own, since Dask keeps results."""
    first, second = arguments(name)
    x = da.from_array(first + number, chunks=-1)
    second = da.from_array(second, chunks=-1) if isinstance(second, np.ndarray) else second
    kept = {"meta": np.empty(0)} if name == "wet_bulb" else {"drop_axis": 0, "meta": np.empty(())}
    lazy = x.map_blocks(function, second, **kept) if function is not operator.neg else x.map_blocks(function)
    fresh(client)
    began = time.perf_counter()
    lazy.compute()
    return time.perf_counter() - began


def measure(folder: Path, rounds: int, names: Sequence[str] = FUNCTIONS) -> dict[str, dict[str, dict[str, float]]]:
    """By function and contender, the medians of `task`, `import`, `call` and `array`, in seconds."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    parts = importlib.import_module("task_parts").parts
    with cluster(folder, 1) as client:
        for name in names:
            args = arguments(name)
            functions = {who: getattr(importlib.import_module(module), name) for who, module in MODULES.items()}
            calls = {who: (function, args) for who, function in functions.items()}
            calls["nothing"] = (operator.neg, args[:1])
            samples: dict[str, dict[str, list[float]]] = {who: {} for who in calls}
            results = {}
            for number in range(rounds + 1):  # the first does not count
                for who, (function, given) in rotated(list(calls.items()), number):
                    taken = {"array": seconds_of_array(client, function, name, number)} if number < 2 else {}
                    taken["task"], results[who] = seconds_of_task(client, function, *given)
                    if who in MODULES:
                        fresh(client)
                        both = client.submit(parts, MODULES[who], name, *given, pure=False).result()
                        taken |= dict(zip(("import", "call"), both, strict=True))
                    for part, seconds in taken.items() if number else ():
                        samples[who].setdefault(part, []).append(seconds)
            for who in MODULES:
                np.testing.assert_allclose(np.asarray(results[who]), np.asarray(results["numba"]), rtol=1e-12)
            figures[name] = {
                who: {part: statistics.median(values) for part, values in each.items()} for who, each in samples.items()
            }
    return figures


def report(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """The figures as a table of Markdown, in milliseconds."""
    rows = ["| function | contender | task | of aotops' | import | call | array |", "|---|---|---|---|---|---|---|"]
    for name, contenders in figures.items():
        for who, each in contenders.items():
            share = contenders["aotops"]["task"] / each["task"]
            bar = f"{share:.3f}" if who in BARS else ""
            cells = [f"{each[part] * 1e3:.1f}" if part in each else "" for part in ("import", "call", "array")]
            rows.append(f"| {name} | {who} | {each['task'] * 1e3:.1f} | {bar} | {' | '.join(cells)} |")
    return "\n".join(rows)
