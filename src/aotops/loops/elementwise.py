"""The loop nest of every elementwise operator, whatever its number of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import (
    Signature,
    advance,
    all_ones,
    input_pointers,
    input_steps,
    load,
    load_contiguous,
    output_pointer,
    output_step,
    store,
)


def elementwise(scalar: Callable[..., Any], signature: Signature) -> Callable[..., None]:
    """Make the kernel ``out[i, j] = scalar(*(x[i, j] for x in inputs))`` of the ABI in ``kernel.h``.

    The row with unit steps everywhere is a loop of its own, because only there can the compiler use
    whole vector registers.
    """

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        inputs = input_pointers(data, signature)
        out = output_pointer(data, signature)
        inner = input_steps(strides, 0, signature)
        outer = input_steps(strides, 1, signature)
        out_inner = output_step(strides, 0, signature)
        out_outer = output_step(strides, 1, signature)
        contiguous = out_inner == 1 and all_ones(inner)
        for i in range(n0):
            row = advance(inputs, outer, i)
            start = i * out_outer
            if contiguous:
                for j in range(n1):
                    store(out, start + j, scalar(*load_contiguous(row, j)))
            else:
                for j in range(n1):
                    store(out, start + j * out_inner, scalar(*load(row, inner, j)))

    return kernel
