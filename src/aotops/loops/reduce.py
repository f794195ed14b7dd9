"""The loop nest of every reduction.

Theory of operation:

1. The output already holds a value (the reduction's start, or what earlier tiles left there); a kernel
   combines into it. So any number of tiles folds into one result, in the order of the tiles.
2. A row that folds away (output step 0 along the inner axis) goes through ``LANES`` accumulators: lane
   ``l`` takes the elements ``l, l + LANES, l + 2 * LANES, ...``. The lanes meet in a fixed tree of halves,
   and the elements past the last whole group of lanes follow in order. The order of combination thus
   depends on the length alone: the same bits on every CPU, whatever its vectors' width, and still a loop
   that vectorises without permission to reassociate.
3. A row that does not fold away combines element by element with the output's row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import (
    Signature,
    accumulators,
    advance,
    all_ones,
    input_pointers,
    input_steps,
    load,
    load_contiguous,
    load_output,
    output_pointer,
    output_step,
    store,
)

# 64 float64 lanes are 8 vectors of AVX-512 and 16 of AVX2: enough independent additions to hide the
# latency of each, and 16 is all the registers that AVX2 has.
LANES = 64


def fold_lanes(combine: Callable[[Any, Any], Any], lanes: Any) -> Any:
    """Combine the lanes in a fixed tree: halves onto halves, until one value is left."""
    width = LANES // 2
    while width > 0:
        for lane in range(width):
            store(lanes, lane, combine(load_output(lanes, lane), load_output(lanes, lane + width)))
        width //= 2
    return load_output(lanes, 0)


def reduce(combine: Callable[[Any, Any], Any], signature: Signature) -> Callable[..., None]:
    """Make the kernel ``out[i, j] = combine(out[i, j], x[i, j])``, where the output's steps may be 0."""

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        inputs = input_pointers(data, signature)
        out = output_pointer(data, signature)
        inner = input_steps(strides, 0, signature)
        outer = input_steps(strides, 1, signature)
        out_inner = output_step(strides, 0, signature)
        out_outer = output_step(strides, 1, signature)
        contiguous = all_ones(inner)
        groups = n1 // LANES
        lanes = accumulators(LANES, signature)
        for i in range(n0):
            row = advance(inputs, outer, i)
            start = i * out_outer
            if out_inner != 0:
                if contiguous and out_inner == 1:
                    for j in range(n1):
                        value = load_output(out, start + j)
                        store(out, start + j, combine(value, *load_contiguous(row, j)))
                else:
                    for j in range(n1):
                        position = start + j * out_inner
                        store(out, position, combine(load_output(out, position), *load(row, inner, j)))
            else:
                result = load_output(out, start)
                if groups > 0:
                    if contiguous:
                        for lane in range(LANES):
                            store(lanes, lane, load_contiguous(row, lane)[0])
                        for group in range(1, groups):
                            for lane in range(LANES):
                                x = load_contiguous(row, group * LANES + lane)[0]
                                store(lanes, lane, combine(load_output(lanes, lane), x))
                    else:
                        for lane in range(LANES):
                            store(lanes, lane, load(row, inner, lane)[0])
                        for group in range(1, groups):
                            for lane in range(LANES):
                                x = load(row, inner, group * LANES + lane)[0]
                                store(lanes, lane, combine(load_output(lanes, lane), x))
                    result = combine(result, fold_lanes(combine, lanes))
                for j in range(groups * LANES, n1):
                    result = combine(result, load(row, inner, j)[0])
                store(out, start, result)

    return kernel
