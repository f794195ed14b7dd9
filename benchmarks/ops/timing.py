"""Check and time the cells of the operator benchmark.

1. Each contender has operands of its own with the same numbers. What it computes from them must be what NumPy
   computes: the same shape and dtype, exactly equal but for rounding.
2. A batch is so many calls of one contender that they take about `BATCH` seconds, at least one. In a round every
   contender runs a batch, and each round starts with the next contender. Nothing is collected meanwhile.
3. Before each batch comes a call that is not timed: it brings back data that another contender drove out of the
   cache. With several threads it is preceded by a pause of `PAUSE` seconds: threads that wait for work do so in a busy
   loop for some milliseconds, and would take the processors from the next contender. Without the pause an operation
   of 30 us in two threads took up to 6 ms.
4. The figure is the lower quartile, over the rounds, of the time per call. What disturbs a measurement only ever
   makes it longer, so the middle of all rounds would say more about the disturbance; the shortest would be luck.
"""

import gc
import importlib
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from aotops.cli.measure import rotated
from benchmarks.ops.libraries import RIVALS, Entrant, Library, prepare
from benchmarks.ops.limits import has_loop, plain_loop
from benchmarks.ops.matrix import ITEMSIZES, Cell

BATCH = 1.5e-3
BUDGET = 0.12
"""Seconds that the rounds of a cell take, unless they are fewer than the least or more than the most."""
PAUSE = 5e-3
FEWEST, MOST, QUICK = 5, 25, 3
"""Numbers of rounds; the last one is for `--quick`."""

EPSILONS = {"float64": 2.0**-52, "float32": 2.0**-23}


@dataclass
class Measured:
    """What became of one cell at one number of threads. Times are seconds per call."""

    name: str
    operator: str
    kind: str
    dtype: str
    size: str
    layout: str
    threads: int
    rounds: int = 0
    checked: bool = False
    """Were the results compared with NumPy's?"""
    memory_bound: bool = False
    moved: int = 0
    """Bytes of the operands, each counted once, and of the result."""
    footprint: int = 0
    """The same without the result where it replaces an operand."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By library: the figure, the lower quartile."""
    medians: dict[str, float] = field(default_factory=dict)
    limit: float = 0.0
    """The least seconds that the machine allows, where that is known, else 0."""
    limited_by: str = ""
    """What limits it: `memory` or `ports`."""
    wrong: dict[str, str] = field(default_factory=dict)
    """By library: how its result differs."""
    failed: dict[str, str] = field(default_factory=dict)
    """By library: the error it raised."""

    @property
    def rival(self) -> str | None:
        """The faster one of NumPy and PyTorch."""
        return min((name for name in RIVALS if name in self.seconds), key=lambda name: self.seconds[name], default=None)

    @property
    def ratio(self) -> float | None:
        """How many times as fast as its rival aotops is."""
        rival = self.rival
        return self.seconds[rival] / self.seconds["aotops"] if rival and "aotops" in self.seconds else None

    @property
    def rate(self) -> float | None:
        """Bytes per second that aotops moves."""
        return self.moved / self.seconds["aotops"] if self.moved and "aotops" in self.seconds else None

    @property
    def share(self) -> float | None:
        """How much of what the machine allows aotops reaches."""
        return self.limit / self.seconds["aotops"] if self.limit and "aotops" in self.seconds else None


def measure_cell(
    cell: Cell, libraries: Sequence[Library], threads: int, quick: bool = False, numba: Any = None, busy: bool = False
) -> Measured:
    """Check and time every library that has the operator, and a plain loop if Numba is there to compile it."""
    result = Measured(
        cell.name, cell.operator.name, cell.operator.kind, cell.dtype, cell.size, cell.layout.name, threads
    )
    result.memory_bound = cell.memory_bound
    memories = [operand.memory() for operand in cell.operands()]
    judge = next((library for library in libraries if library.name == "numpy"), None)
    reference = judge.as_numpy(prepare(cell, judge, memories, out=False).once()) if judge else None
    result.checked = judge is not None
    entrants = []
    extra: list[Entrant] = []
    for library in libraries:
        if library.lacks(cell):
            continue
        try:
            entrant = prepare(cell, library, memories, out=cell.in_place)
            answer = entrant.once()
        except Exception as error:  # whatever a library may raise, the others go on
            result.failed[library.name] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        if library.name == "aotops":
            result.moved, result.footprint = moved(cell, answer)
        if reference is not None:
            complaint = difference(library.as_numpy(answer), reference, cell)
            if complaint:
                result.wrong[library.name] = complaint
                continue
        entrants.append(entrant)
        if library.name == "aotops" and numba is not None and has_loop(cell):
            extra.append(Entrant(PLAIN, [], *batches(plain_loop(cell, answer, numba, threads))))
    del memories, reference
    time_entrants([*entrants, *extra], result, quick, busy)
    result.limit = result.seconds.pop(PLAIN.name, 0.0)
    result.medians.pop(PLAIN.name, None)
    result.limited_by = "memory" if result.limit else ""
    return result


class Plain:
    """The plain loop, which takes turns with the libraries."""

    name = "plain loop"


PLAIN: Any = Plain()


def batches(call: Callable[[], object]) -> tuple[Callable[[], object], Callable[[Iterable[object]], float]]:
    """What an `Entrant` calls, from one call."""

    def batch(times: Iterable[object]) -> float:
        began = time.perf_counter()
        for _ in times:
            call()
        return time.perf_counter() - began

    call()  # compiles it, and writes all pages
    return call, batch


def moved(cell: Cell, answer: Any) -> tuple[int, int]:
    """Bytes that one call has to read and to write, whatever comes on top of that; and how many different ones."""
    view = 4 if cell.layout.name == "strided" else 1  # of the memory, a quarter of the elements
    inputs = sum(math.prod(each.shape) // view * ITEMSIZES[each.dtype] for each in cell.operands())
    outputs: int = answer.size * ITEMSIZES[answer.dtype.name]
    return inputs + outputs, inputs if cell.in_place else inputs + outputs


def difference(result: Any, reference: Any, cell: Cell) -> str | None:
    """How the result differs from NumPy's, or None. Floats may differ by rounding, by more where many are summed up."""
    numpy = importlib.import_module("numpy")
    for what in ("shape", "dtype"):
        if getattr(result, what) != getattr(reference, what):
            return f"its {what} is {getattr(result, what)} instead of {getattr(reference, what)}"
    if result.dtype.kind != "f":
        wrong = result != reference
        tolerance = 0.0
    else:
        tolerance = 64 * EPSILONS[result.dtype.name]
        if cell.operator.kind in ("reduction", "scan", "product"):
            # Rounding errors of sums in different orders grow like a random walk; those of a running product, as
            # NumPy has it, all go one way: 0.6 % for 1e6 float32.
            count = max(math.prod(each.shape) for each in cell.operands())
            grown = count / 64 if "prod" in cell.operator.name else math.sqrt(count) / 4
            tolerance *= grown + 1
        wrong = ~numpy.isclose(result, reference, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return None
    where = tuple(int(index) for index in numpy.unravel_index(int(numpy.argmax(wrong)), wrong.shape))
    allowed = f", allowed is {tolerance:.1g}" if tolerance else ""
    return f"element {where} is {result[where]!s} instead of {reference[where]!s}{allowed}"


def time_entrants(entrants: Sequence[Entrant], result: Measured, quick: bool, busy: bool = False) -> None:
    """Run the rounds and enter the figures: lower quartiles, or medians on a machine that is kept busy."""
    if not entrants:
        return
    samples: dict[str, list[float]] = {entrant.library.name: [] for entrant in entrants}
    collecting = gc.isenabled()
    gc.disable()
    pause = PAUSE if result.threads > 1 and len(entrants) > 1 else 0.0
    try:
        calls = {}
        for entrant in entrants:
            if pause:
                time.sleep(pause)
            calls[entrant.library.name] = calibrate(entrant)
        number = 0
        rounds, began = (QUICK if quick else MOST), time.perf_counter()
        while number < rounds and (quick or number < FEWEST or time.perf_counter() - began < BUDGET):
            for entrant in rotated(entrants, number):
                name = entrant.library.name
                if pause:
                    time.sleep(pause)
                entrant.batch(repeat(None, 1))
                seconds = entrant.batch(repeat(None, calls[name]))
                samples[name].append(seconds / calls[name])
            number += 1
    finally:
        if collecting:
            gc.enable()
    result.rounds = number
    for name, times in samples.items():
        result.medians[name] = statistics.median(times)
        quartile = statistics.quantiles(times, n=4, method="inclusive")[0]
        result.seconds[name] = result.medians[name] if busy else quartile


def calibrate(entrant: Entrant) -> int:
    """How many calls take about `BATCH` seconds; the first ones, which are slower, have to run anyhow."""
    calls = 1
    while True:
        seconds = entrant.batch(repeat(None, calls))
        if seconds >= BATCH / 4:
            return max(1, round(calls * BATCH / seconds))
        calls *= 4
