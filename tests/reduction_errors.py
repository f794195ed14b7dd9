"""Errors of sums and means in ULP, of aotops and of NumPy, against exact sums: ``python tests/reduction_errors.py``.

Random data show how errors grow. Constant, sorted and alternating data show whether they add up: where all elements are
equal, every partial sum of a kind is rounded in the same direction.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

import aotops as ao

DATA: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "constant 0.1": lambda generator, n: np.full(n, 0.1),
    "constant 1/3": lambda generator, n: np.full(n, 1 / 3),
    "constant 1e6 + 0.7": lambda generator, n: np.full(n, 1e6 + 0.7),
    "uniform": lambda generator, n: generator.random(n),
    "sorted": lambda generator, n: np.sort(generator.random(n)),
    "alternating": lambda generator, n: np.where(np.arange(n) % 2 == 0, 1 / 3, 1 / 7),
    "large and small": lambda generator, n: np.where(np.arange(n) % 64 == 0, 1000.1, 0.001),
}

#: Shapes and the axis that is summed; all of several columns are alike, so that one is enough to look at.
SHAPES: tuple[tuple[tuple[int, ...], int | None], ...] = (
    *[((n,), 0) for n in (7, 10, 31, 64, 100, 127, 200, 640, 1000, 1023, 1025, 5000, 8191, 8193, 30_000, 48_000)],
    *[((n,), 0) for n in (100_003, 524_288, 1_900_000)],
    *[((4, n), 1) for n in (10, 200, 1000, 9000, 20_001)],
    *[((n, 4), 0) for n in (10, 200, 1000, 9000, 20_001)],
    *[((n, 100), 0) for n in (10, 16, 64, 200, 1000)],
    *[((n, 600), 0) for n in (3, 10, 64, 200, 1000)],
    *[((3, n, 50), 1) for n in (10, 64, 200, 1000)],
    *[((30, n), None) for n in (10, 100, 1000)],
)
LAYOUTS = ("contiguous", "with gaps", "transposed")


def arrays(data: str, dtype: str, shape: tuple[int, ...], layout: str, axis: int | None) -> np.ndarray:
    """An array whose every line along the axis holds the same data."""
    generator = np.random.default_rng(5)
    n = math.prod(shape) if axis is None else shape[axis]
    line = DATA[data](generator, n).astype(dtype)
    if axis is None:
        array = line.reshape(shape)
    else:
        array = np.ascontiguousarray(
            np.moveaxis(np.broadcast_to(line, (*shape[:axis], *shape[axis + 1 :], n)), -1, axis)
        )
    if layout == "with gaps":
        wide = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    return np.ascontiguousarray(array.T).T if layout == "transposed" else array


def error(got: float, exact: Fraction, dtype: str) -> float:
    """How far a result is from the truth, in units in the truth's last place."""
    unit = np.spacing(np.abs(np.dtype(dtype).type(float(exact))))
    return abs(float((Fraction(float(got)) - exact) / Fraction(float(unit))))


def measured() -> Iterator[tuple[str, str, tuple[int, ...], int | None, str, str, float, float]]:
    """For sums and means of each dtype, shape, layout and data: the largest error of aotops, and of NumPy."""
    for dtype, (shape, axis), data in itertools.product(("float32", "float64"), SHAPES, DATA):
        line = arrays(data, dtype, shape, "contiguous", axis)
        numbers = (line if axis is None else np.moveaxis(line, axis, -1).reshape(-1, line.shape[axis])[0]).ravel()
        exact = sum(map(Fraction, numbers.tolist())) if len(numbers) < 3000 else Fraction(math.fsum(numbers.tolist()))
        for layout in LAYOUTS if len(shape) > 1 else LAYOUTS[:2]:
            array = arrays(data, dtype, shape, layout, axis)
            x = ao.asarray(array)
            for name, truth in (("sum", exact), ("mean", exact / len(numbers))):
                ours = np.asarray(getattr(ao, name)(x, axis)).ravel()
                theirs = np.asarray(getattr(np, name)(array, axis)).ravel()
                worst = [max(error(value, truth, dtype) for value in found[[0, -1]]) for found in (ours, theirs)]
                yield name, dtype, shape, axis, layout, data, worst[0], worst[1]


def main() -> None:
    """Print the largest errors for each dtype and kind of data, and where aotops errs by more than NumPy."""
    rows = list(measured())
    print(f"{'':28}{'aotops':>18}{'NumPy':>18}\n{'':28}{'largest':>10}{'mean':>8}{'largest':>10}{'mean':>8}")
    for name, dtype, data in itertools.product(("sum", "mean"), ("float32", "float64"), DATA):
        found = [row[6:] for row in rows if (row[0], row[1], row[5]) == (name, dtype, data)]
        ours, theirs = zip(*found, strict=True)
        print(
            f"{name:5}{dtype:8} {data:19}{max(ours):>10.2f}{sum(ours) / len(ours):>8.3f}"
            f"{max(theirs):>10.2f}{sum(theirs) / len(theirs):>8.3f}"
        )
    for row in sorted(rows, key=lambda row: row[7] - row[6])[: int(sys.argv[1]) if len(sys.argv) > 1 else 20]:
        print(f"{row[6]:8.2f} {row[7]:8.2f}  {' '.join(map(str, row[:6]))}")


if __name__ == "__main__":
    main()
