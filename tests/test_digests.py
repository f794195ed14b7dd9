"""Results as they have always been, bit by bit: digests of reductions, argreductions, scans and maps.

The order in which elements meet decides about the last bits of a sum. It is a matter of the shape and of how an input
lies in memory, never of threads or of the CPU, and does not change from one version to the next by accident:
``digests.json`` holds what the bits of many results hash to. Where a change of them is intended, a new polynomial or
another tree, write the file anew and say so in the changelog:

    python tests/test_digests.py
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from layouts import FLOATS
from test_declare import supported_levels

import aotops as ao
from aotops import _native

#: Other integers take the kernels of these, or are cast to them; test_dtypes compares them with NumPy.
DTYPES = ("bool", "uint8", "int64", "float32", "float64")

PINNED = Path(__file__).with_name("digests.json")

#: Around lanes (8, 64), leaves (8192), batches, grains (32,768), and what is shared out from 131,072 and 524,288 on.
VECTORS = (0, 1, 5, 63, 64, 65, 127, 200, 1000, 8191, 8192, 8193, 16_385, 33_000, 70_001, 150_000, 600_001)
MATRICES = ((3, 70), (70, 3), (70, 17), (5, 600), (300, 120), (2, 20_011), (20_011, 2), (20_011, 5), (11, 4100))
MATRICES += ((270, 520), (600, 1030), (1, 9000), (9000, 1), (130, 0))
CUBES = ((2, 3, 67), (9, 10, 70), (9, 3, 1300), (31, 32, 33), (300, 4, 5), (3, 300, 200))
OTHERS = ((), (4, 9, 5, 3), (3, 2, 4, 5, 70))
SHAPES = (*[(length,) for length in VECTORS], *MATRICES, *CUBES, *OTHERS)

REDUCTIONS = ("sum", "prod", "max", "min", "any", "all", "_sum_as_float")
ARGREDUCTIONS = ("argmax", "argmin")
SCANS = ("cumulative_sum", "cumulative_prod")
MAPS = ("negative", "add", "multiply", "less", "where", "exp", "sin", "log", "tanh", "divide", "sqrt", "maximum", "pow")


def bits(count: int, seed: int) -> np.ndarray:
    """The same 64-bit numbers on every machine: splitmix64."""
    z = np.arange(1 + (seed << 32), count + 1 + (seed << 32), dtype="uint64") * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def values(dtype: str, count: int, seed: int) -> np.ndarray:
    """Numbers whose sums and products are rounded; one of 16 is an extreme of many magnitudes, and many occur twice."""
    numbers = bits(count, seed)
    if dtype == "bool":
        return numbers % np.uint64(3) > 0
    if dtype == "int64":
        return np.where(numbers % np.uint64(16) == 0, numbers, numbers % np.uint64(100)).view("int64")
    unit = (numbers >> np.uint64(11)).astype("float64") * 2.0**-53
    scale = np.ldexp(1.0, ((numbers & np.uint64(7)).astype("int32") - 3) * (numbers % np.uint64(16) == 0))
    signs = np.where(numbers & np.uint64(256), 1.0, -1.0)
    return (signs * (0.75 + unit / 2) * scale).astype(dtype)


def views(shape: tuple[int, ...], dtype: str, seed: int) -> Iterator[tuple[str, ao.Tensor]]:
    """Tensors of a shape in many layouts."""
    rank, size = len(shape), math.prod(shape)

    def filled(lengths: tuple[int, ...]) -> ao.Tensor:
        return ao.asarray(values(dtype, math.prod(lengths), seed)).reshape(lengths)

    yield "contiguous", filled(shape)
    if rank == 0 or size > 400_000:
        return
    yield "every other", filled((*shape[:-1], 2 * shape[-1]))[..., ::2]
    yield "backwards", filled(shape)[(slice(None, None, -1),) * rank]
    if rank > 1:
        yield "rows with gaps", filled((*shape[:-1], shape[-1] + 3))[..., 1:-2]
        yield "transposed", ao.permute_dims(filled(shape[::-1]), tuple(range(rank))[::-1])
        yield (
            "repeated",
            ao.asarray(np.broadcast_to(values(dtype, math.prod(shape[1:]), seed).reshape(shape[1:]), shape)),
        )
    if rank > 2:
        yield "rotated", ao.permute_dims(filled((*shape[1:], shape[0])), (rank - 1, *range(rank - 1)))


def axes_of(rank: int) -> Iterator[tuple[int, ...]]:
    """All subsets of some axes."""
    for count in range(rank + 1):
        yield from itertools.combinations(range(rank), count)


class Digest:
    """A running hash of the shapes, dtypes and bytes of tensors."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def add(self, result: ao.Tensor) -> None:
        array = np.asarray(result)
        if array.dtype.kind == "f":  # the sign and payload of a NaN are not guaranteed
            array = np.where(np.isnan(array), np.nan, array).astype(array.dtype)
        self.hash.update(f"{array.dtype} {array.shape} ".encode())
        self.hash.update(np.ascontiguousarray(array).tobytes())


def family(shape: tuple[int, ...]) -> str:
    """The cases that share a digest."""
    kind = {0: "0-d", 1: "vector", 2: "matrix"}.get(len(shape), "3-d and more")
    return f"{kind} {shape[0]}" if len(shape) == 1 and shape[0] > 100_000 else kind


def digests() -> dict[str, str]:
    """A digest for each operator, dtype, family of shapes and layout."""
    found: dict[str, Digest] = {}

    def record(name: str, dtype: str, shape: tuple[int, ...], layout: str, result: ao.Tensor) -> None:
        found.setdefault(f"{name} {dtype}, {family(shape)}, {layout}", Digest()).add(result)

    for dtype, shape in itertools.product(DTYPES, SHAPES):
        for layout, x in views(shape, dtype, seed=len(shape)):
            rank = len(shape)
            for name in REDUCTIONS:
                operator = _native.operators[name]
                if dtype in [signature[0] for signature in operator.dtypes]:
                    for axes in axes_of(rank):
                        if (name in ("max", "min") and any(shape[axis] == 0 for axis in axes)) or x.size > 10**6:
                            continue
                        record(name, dtype, shape, layout, operator(x, axes, keepdims=len(axes) % 2 == 1))
            for name in ARGREDUCTIONS:
                if x.size > 0:
                    record(name, dtype, shape, layout, _native.operators[name](x))
                    for axis in range(rank):
                        record(name, dtype, shape, layout, _native.operators[name](x, axis, keepdims=axis == 1))
            for name, axis in itertools.product(SCANS, range(rank)):
                record(name, dtype, shape, layout, _native.operators[name](x, axis, include_initial=axis == 1))
            if dtype in FLOATS and rank > 0 and x.size > 0:
                for axis in range(rank):
                    record("var", dtype, shape, layout, ao.var(x, axis))
                    record("mean", dtype, shape, layout, ao.mean(x, axis))
            if dtype in FLOATS and (rank < 3 or shape == CUBES[0]) and x.size < 200_000:
                for name in MAPS:
                    operator = _native.operators[name]
                    others = {"where": (ao.less(x, 0.0), x, x), "pow": (ao.abs(x), x)}
                    record(name, dtype, shape, layout, operator(*others.get(name, (x,) * len(operator.parameters))))
    return {name: digest.hash.hexdigest()[:16] for name, digest in found.items()}


def digests_by_threads(*counts: int) -> list[dict[str, str]]:
    """The digests on one thread, or on two that share out all that can be."""
    found = []
    for threads in counts:
        ao.set_num_threads(threads)
        _native.share_from(32_768 if threads > 1 else 0)
        found.append(digests())
    return found


def test_results_are_of_the_same_bits_as_ever() -> None:
    """Here, on the highest level of this CPU and in this process."""
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    found = digests()
    assert found.keys() == pinned.keys()
    assert [name for name in pinned if pinned[name] != found[name]] == []


LEVELS = supported_levels() or ["generic"]


@pytest.mark.parametrize(
    ("level", "counts"),
    [
        *((level, (1 + k % 2,)) for k, level in enumerate(LEVELS[:-1])),  # the highest one: above
        *(pytest.param(level, (1, 2), marks=pytest.mark.slow) for level in LEVELS),
    ],
)
def test_results_are_of_the_same_bits_on_every_level_and_any_number_of_threads(
    level: str, counts: tuple[int, ...]
) -> None:
    pinned = json.loads(PINNED.read_text(encoding="utf-8"))
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", f"import json, test_digests as t; print(json.dumps(t.digests_by_threads(*{counts})))"],
        env={**os.environ, "PYTHONPATH": paths, "AOTOPS_CPU": level},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    for threads, found in zip(counts, json.loads(done.stdout), strict=True):
        different = [name for name in pinned if pinned[name] != found.get(name)]
        assert different == [], f"{level}, {threads} thread(s)"


def test_a_single_bit_makes_another_digest() -> None:
    one, other = Digest(), Digest()
    x = ao.tensor([1.0, 2.0, 3.0])
    one.add(x)
    other.add(ao.tensor([1.0, 2.0, math.nextafter(3.0, 4.0)]))
    assert one.hash.hexdigest() != other.hash.hexdigest()


if __name__ == "__main__":
    PINNED.write_text(json.dumps(digests(), indent=0) + "\n", encoding="utf-8")
