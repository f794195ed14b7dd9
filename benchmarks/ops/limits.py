"""What the machine allows: the least time that a cell could take.

- **memory**: a plain loop, compiled by Numba, that reads as many elements of the same sizes and writes as many, in
  arrays of its own that are contiguous and have been written before. It takes turns with the libraries, so it has
  the same caches, threads and disturbances.
- **ports**: of a compute-bound operator, the vector instructions in the inner loop of the compiled kernel, over
  those that the processor can begin in a cycle (``MACHINES``), and its clock, measured in the same run. Latencies,
  loads, stores and rare elements are left out: a kernel cannot be faster than this, and is usually slower.
"""

import functools
import importlib
import math
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotops.abi import FACTS
from aotops.cli.report import Machine
from benchmarks.ops.matrix import ITEMSIZES, SIZES, Cell

SMALLEST = "1e5"
"""From this size on cells have a limit: with fewer elements, the call itself is what takes time."""

# --- memory ------------------------------------------------------------------------------------------------------


def has_loop(cell: Cell) -> bool:
    """True where a plain loop says what the cell could take."""
    return cell.operator.memory_bound and SIZES[cell.size] >= SIZES[SMALLEST]


def plain_loop(cell: Cell, result: Any, numba: Any, threads: int) -> Callable[[], object]:
    """One pass of a plain loop over as many elements as the cell has, of the same sizes. `result` is the cell's."""
    numpy = importlib.import_module("numpy")
    operands = [(math.prod(each.shape), f"u{ITEMSIZES[each.dtype]}") for each in cell.operands()]
    count = max(size for size, _ in operands)
    if cell.layout.name == "strided":
        count //= 4
    inputs = [numpy.ones(count, code) for size, code in operands if size >= count]  # a row or a column is in a cache
    writes = result.size >= count
    # warm-up calls and pages are the caller's: it calls once before it measures
    compiled = _compiled(len(inputs), writes, threads > 1, numba)
    if not writes:
        return lambda: compiled(*inputs)
    out = inputs[0] if cell.in_place else numpy.ones(count, f"u{ITEMSIZES[result.dtype.name]}")
    return lambda: compiled(*inputs, out)


@functools.cache
def _compiled(inputs: int, writes: bool, parallel: bool, numba: Any) -> Any:
    names = [f"x{k}" for k in range(inputs)]
    combined = " ^ ".join(f"{name}[i]" for name in names)
    scope: dict[str, Any] = {"prange": numba.prange}
    if writes:
        lines = [
            f"def loop({', '.join(names)}, out):",
            "    for i in prange(out.size):",
            f"        out[i] = {combined}",
        ]
    else:
        # a sum: threads combine it as they combine no other operation on unsigned integers
        lines = [
            f"def loop({', '.join(names)}):",
            "    total = 0",
            "    for i in prange(x0.size):",
            f"        total += {combined}",
            "    return total",
        ]
    exec("\n".join(lines), scope)
    compiled = numba.njit(parallel=parallel)(scope["loop"])

    def quiet(*arrays: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compiled(*arrays)

    quiet_first: list[bool] = []

    def call(*arrays: Any) -> Any:
        if not quiet_first:
            quiet_first.append(True)
            return quiet(*arrays)
        return compiled(*arrays)

    return call


# --- ports -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ports:
    """How many vector instructions of each class a processor begins in a cycle, by the width of vectors in bits."""

    everything: dict[int, float]
    multiply: dict[int, float]
    """Multiplications and fused ones."""
    add: dict[int, float]
    """Additions, comparisons, rounding and conversions of floats."""
    shuffle: dict[int, float]
    divide: dict[int, float]
    """Divisions and square roots of float64; those of float32 are about twice as many."""


MACHINES: dict[str, Ports] = {
    # four pipes of 256 bits: two multiply, two add, two shuffle; 512 bits take two turns
    "AMD": Ports(
        {128: 4, 256: 4, 512: 2}, {128: 2, 256: 2, 512: 1}, {128: 2, 256: 2, 512: 1}, {128: 2, 256: 2, 512: 1},
        {128: 0.25, 256: 0.2, 512: 0.1},
    ),
    # ports 0, 1 and 5; with 512 bits 0 and 1 are one
    "Intel": Ports(
        {128: 3, 256: 3, 512: 2}, {128: 2, 256: 2, 512: 2}, {128: 2, 256: 2, 512: 2}, {128: 2, 256: 2, 512: 1},
        {128: 0.25, 256: 0.125, 512: 0.0625},
    ),
}  # fmt: skip
"""By a word in the processor's name: Zen 4; Golden Cove with two 512-bit units, as Sapphire Rapids has."""

CLASSES: tuple[tuple[str, str], ...] = (
    ("divide", r"v?(div|sqrt)p"),
    ("multiply", r"v?(mulp|fn?m(add|sub)|pmul|pmadd|scalefp)"),
    ("add", r"v?(addp|subp|minp|maxp|cmpp|cmp\w+p|rndscalep|roundp|cvt|getexp|getmant|range)"),
    (
        "shuffle",
        r"v?(perm|p?shuf|p?unpck|insert|extract|broadcast|pbroadcast|palignr|valign|pack|gather|expand|compress)",
    ),
    ("move", r"v?(mov|lddqu)"),
)
"""The classes of vector instructions, by the beginnings of their names; any other one may go through every port."""

JUMP = re.compile(r"^j\w+\s+([0-9a-f]+)")
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*)$")
WIDTHS = {"x": 128, "y": 256, "z": 512}


def loops(assembly: str) -> list[list[str]]:
    """The instructions of every innermost loop in a disassembly: between a jump backwards and its target."""
    found: list[tuple[int, int]] = []
    lines = [(int(match[1], 16), match[2]) for match in map(LINE.match, assembly.splitlines()) if match]
    for address, text in lines:
        jump = JUMP.match(text)
        if jump and int(jump[1], 16) <= address:
            found.append((int(jump[1], 16), address))
    inner = [one for one in found if not any(one != two and one[0] <= two[0] and two[1] <= one[1] for two in found)]
    return [[text for address, text in lines if first <= address <= last] for first, last in inner]


def cycles(body: Sequence[str], ports: Ports, itemsize: int) -> tuple[float, int] | None:
    """The cycles per element that a loop takes at least, and its vector operations; None if it stores no vectors."""
    counts: dict[str, float] = dict.fromkeys(("everything", "multiply", "add", "shuffle", "divide"), 0.0)
    stored, operations = 0, 0
    for text in body:
        name, _, operands = text.partition(" ")
        registers = re.findall(r"%([xyz])mm\d+", operands)
        if not registers:
            continue
        width = max(WIDTHS[register] for register in registers)
        kind = next((kind for kind, pattern in CLASSES if re.match(pattern, name)), "other")
        if kind == "move":
            # in AT&T's order the target comes last
            stored += width // 8 if operands.rstrip().endswith(")") else 0
            continue
        if not name.startswith("v") and name.endswith(("ss", "sd")):
            return None  # scalar code
        operations += 1
        counts["everything"] += 1 / ports.everything[width]
        if kind != "other":
            unit = getattr(ports, kind)[width]
            counts[kind] += 1 / (unit * 2 if kind == "divide" and name.endswith("ps") else unit)
    elements = stored / itemsize
    return (max(counts.values()) / elements, operations) if elements >= 1 else None


@functools.cache
def cycles_per_element(operator: str, dtype: str, level: str, cpu: str) -> float | None:
    """The least time that the kernel of an operator takes, in cycles per element, where it is known.

    Of the inner loops those count that take at least an eighth of the most expensive one: others copy or compare. The
    cheapest of them is the common path, without rare elements.
    """
    ports = next((ports for word, ports in MACHINES.items() if word in cpu), None)
    path = _object(operator, dtype, level)
    disassembler = shutil.which("objdump")
    if ports is None or path is None or disassembler is None:
        return None
    done = subprocess.run([disassembler, "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True)
    found = [each for body in loops(done.stdout) if (each := cycles(body, ports, FACTS[dtype].itemsize))]
    costs = [cost for cost, operations in found if operations >= 4]
    return min((cost for cost in costs if 8 * cost >= max(costs)), default=None)


def _object(operator: str, dtype: str, level: str) -> Path | None:
    """The object file of a kernel, in the build's cache of a copy of the project."""
    from aotops import ops
    from aotops.aot.back.levels import levels
    from aotops.aot.pack import build, report
    from aotops.aot.pack.kernels import record_kernels

    record = ops.collect().get(operator)
    if record is None or dtype not in record.dtypes:
        return None
    symbol = record.symbols()[record.dtypes.index(dtype)][0]
    kernels = [kernel for kernel in record_kernels(record) if kernel.symbol == symbol]
    try:
        rows, _ = report.rows(kernels, build.PACKAGE.parents[1] / "build" / "kernels")
    except OSError:
        return None
    names = [each.name for each in levels()]
    return rows[0].files[names.index(level)] if rows and level in names else None


CHAIN = 10**6


def clock_rate(numba: Any) -> float:
    """Cycles per second, from a chain of multiplications and exclusive ors: 3 cycles and 1 on both kinds of machine."""
    scope: dict[str, Any] = {}
    exec("def chain(n, x, k):\n    for i in range(n):\n        x = (x * k) ^ i\n    return x\n", scope)
    chain = numba.njit(scope["chain"])
    chain(10, 3, 5)
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        chain(CHAIN, 3, 5)
        best = min(best, time.perf_counter() - began)
    return 4 * CHAIN / best


def product_cycles(cell: Cell, level: str, cpu: str) -> float:
    """The cycles that the multiplications of matrices take, fused with the additions where there is FMA."""
    ports = next((ports for word, ports in MACHINES.items() if word in cpu), None)
    width = {"x86-64-v2": 128, "x86-64-v3": 256, "x86-64-v4": 512}.get(level)
    if ports is None or width is None:
        return 0.0
    first, second = cell.operands()
    return math.prod(first.shape) * second.shape[-1] / (width / (8 * ITEMSIZES[cell.dtype])) / ports.multiply[width]


def port_limit(cell: Cell, level: str, cpu: str, rate: float, threads: int) -> float | None:
    """The least seconds of a compute-bound cell."""
    if cell.operator.kind == "product" and SIZES[cell.size] >= SIZES[SMALLEST]:
        return product_cycles(cell, level, cpu) / rate / threads or None
    if cell.operator.memory_bound or cell.operator.kind not in ("map", "zip") or SIZES[cell.size] < SIZES[SMALLEST]:
        return None
    cost = cycles_per_element(cell.operator.name, cell.dtype, level, cpu)
    return cost * SIZES[cell.size] / rate / threads if cost else None


# --- busy machines -----------------------------------------------------------------------------------------------


class Busy:
    """One other process on each CPU that this one may use, while a block runs: each spins."""

    def __init__(self, where: Machine) -> None:
        self._count = where.cpus
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Busy":
        spin = "import os, sys\ncpu = int(sys.argv[1])\nparent = os.getppid()\n"
        spin += "if cpu >= 0: os.sched_setaffinity(0, [cpu])\n"
        spin += "while os.getppid() == parent:\n    for _ in range(10**6): pass\n"
        cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [-1] * self._count
        self._processes = [subprocess.Popen([sys.executable, "-c", spin, str(cpu)]) for cpu in cpus]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
