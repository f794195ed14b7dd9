"""The table of routines: compiled loops over whole arrays that are no operators, which C calls by name.

A routine is a kernel of the ABI in ``aotops_kernel.h``, with numbers of its own in place of strides. It exists once, or
for each width of elements, where it only moves them, or for each dtype in which it compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.abi import DTYPES, FACTS, named
from aotops.intrinsics import Signature
from aotops.loops import gather, masks, matmul, optimisers, random, search, sort

Make = Callable[[str], tuple[Callable[..., Any], Signature]]

#: For each width of elements, in bytes, the first dtype of that width, which stands for all.
WIDTHS = {fact.itemsize: fact.name for fact in reversed(DTYPES) if fact.kind != "bool"}

#: The dtypes whose elements have an order.
ORDERED = named("bool", "unsigned", "signed", "real")

#: The dtypes of the keys that are sorted.
KEYS = (WIDTHS[4], WIDTHS[8])

#: The dtypes whose matrices are multiplied. Narrow integers are cast, and complex numbers multiplied by their parts.
MULTIPLIED = tuple([name for name in named("unsigned", "signed", "real") if FACTS[name].bits >= 32])

#: The dtypes whose matrices are multiplied by the kernels of others: sums and products of unsigned integers have the
#: bits of those of signed ones.
SIGNED_INSTEAD = {"uint32": "int32", "uint64": "int64"}

#: What tells the kernels of a routine apart.
ONCE, WIDTH, DTYPE = "once", "width", "dtype"

#: Each routine by its name in C: what tells its kernels apart, the dtypes that it is compiled for, and its loop nest.
ROUTINES: dict[str, tuple[str, tuple[str, ...], Make]] = {
    "gather": (WIDTH, tuple(WIDTHS.values()), gather.gather),
    "scatter": (WIDTH, tuple(WIDTHS.values()), gather.scatter),
    "scatter_add": (DTYPE, named("real"), gather.scatter_add),
    "check": (ONCE, ("int64",), gather.check),
    "combine": (ONCE, ("int64",), gather.combine),
    "spread": (ONCE, ("int64",), gather.spread),
    "count": (ONCE, ("bool",), masks.count),
    "compress": (WIDTH, tuple(WIDTHS.values()), masks.compress),
    "expand": (WIDTH, tuple(WIDTHS.values()), masks.expand),
    "positions": (ONCE, ("bool",), masks.positions),
    "search": (DTYPE, named("unsigned", "signed", "real"), search.search),
    "keys": (DTYPE, ORDERED, sort.keys),
    "values": (DTYPE, ORDERED, sort.values),
    "restore": (DTYPE, named("real"), sort.restore),
    "pack": (ONCE, ("int32",), sort.pack),
    "unpack": (ONCE, ("int64",), sort.unpack),
    "ranges": (WIDTH, KEYS, sort.ranges),
    "histogram": (WIDTH, KEYS, sort.histogram),
    "distribute_keys": (WIDTH, KEYS, sort.distribute_keys),
    "distribute_pairs": (ONCE, ("int64",), sort.distribute_pairs),
    "sort_keys": (WIDTH, KEYS, sort.sort_keys),
    "sort_keys_wide": (WIDTH, KEYS, sort.sort_keys_wide),
    "sort_pairs": (ONCE, ("int64",), sort.sort_pairs),
    "sort_narrow": (WIDTH, tuple([name for size, name in WIDTHS.items() if size <= 2]), sort.sort_narrow),
    "matmul": (DTYPE, MULTIPLIED, matmul.matmul),
    "matmul_wide": (DTYPE, MULTIPLIED, matmul.matmul_wide),
    "matmul_plain": (DTYPE, MULTIPLIED, matmul.matmul_plain),
    "times_i": (DTYPE, named("real"), matmul.times_i),
    "uniform": (DTYPE, named("real"), random.uniform),
    "normal": (DTYPE, named("real"), random.normal),
    "integers": (ONCE, ("int64",), random.integers),
    "exchange": (ONCE, ("int64",), random.exchange),
    "momentum_step": (DTYPE, named("real"), optimisers.momentum_step),
    "adam_step": (DTYPE, named("real"), optimisers.adam_step),
}

#: The kernels that levels have in place of a routine's own one: products of matrices with the tiles that there are
#: registers for, and sorts by partitions of vectors.
OF_LEVELS = {
    "matmul": {"x86-64-v2": "matmul_plain", "x86-64-v4": "matmul_wide", "generic": "matmul_wide"},
    "sort_keys": {"x86-64-v4": "sort_keys_wide"},
}


def at_level(name: str, level: str) -> str:
    """The routine that a level has in place of one."""
    return OF_LEVELS.get(name, {}).get(level, name)


def compiled_dtype(name: str, dtype: str) -> str:
    """The dtype whose kernel of a routine computes elements of a dtype, mostly the same."""
    return SIGNED_INSTEAD.get(dtype, dtype) if ROUTINES[name][1] is MULTIPLIED else dtype


def runs(name: str, level: str) -> bool:
    """Whether a level has a kernel of a routine."""
    family = next((own for own, levels in OF_LEVELS.items() if name == own or name in levels.values()), name)
    return name == at_level(family, level)


#: The routines that compute, in the widest vectors of a level; others are bound by memory.
COMPUTE_BOUND = ("matmul", "matmul_wide", "uniform", "normal", "integers", "sort_keys", "sort_keys_wide", "sort_pairs")

#: The numbers of routines that take several; gathers and scatters take the same, and so do those that draw numbers.
NUMBERS = {"gather": gather.NUMBERS, "matmul": matmul.NUMBERS, "random": random.NUMBERS}

#: What C has to know besides, in capitals behind a prefix.
CONSTANTS = {
    "sort_buckets": sort.COUNTERS,
    "sort_values": sort.VALUES,
    "sort_turned": sort.TURNED,
    "sort_folded": sort.FOLDED,
    "sort_kept": sort.KEPT,
    "matmul_by_tiles": matmul.BY_TILES,
    "matmul_by_rows": matmul.BY_ROWS,
    "matmul_by_fours": matmul.BY_FOURS,
    "matmul_by_dots": matmul.BY_DOTS,
    "matmul_rows": matmul.ROWS,
    "matmul_rows_wide": matmul.ROWS_WIDE,
    "matmul_vector_bytes": matmul.VECTOR_BYTES,
    "matmul_block_rows": matmul.BLOCK_ROWS,
    "matmul_block_depth": matmul.BLOCK_DEPTH,
    "matmul_block_columns": matmul.BLOCK_COLUMNS,
    "random_blocks": random.BLOCKS,
}
