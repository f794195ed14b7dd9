"""A program that calls array kernels and functions with random arrays between pages that cannot be touched.

``python guard_pages.py CASES SEED`` exits with 0 if all is as in Python. Reading or writing outside of an array's pages
ends it by a signal; what lies between its elements is compared.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from guard_pages_of_memory import Guarded

import aotops as ao
from aotops.abi import FACTS, holding

INDICES = {"float64": "int64", "uint8": "uint64"}


@ao.kernel("(n,m),(k),()->(k)", dtypes=[(each, index, "int64", each) for each, index in INDICES.items()])
def read(x, index, mode, out):
    out[:] = 0
    for i in range(index.shape[0]):
        k = index[i]
        if mode == 0:
            out[i] = x[k, 0]
        elif mode == 1:
            out[i] = x[0, k]
        elif mode == 2:
            out[i] = x[1:, ::2][k, 0]
        elif mode == 3:
            out[i] = x[k][0]
        elif mode == 4:
            out[i] = x[:, k][0]
        elif mode == 5:
            table = np.zeros(3)
            table[k] = 1.0
            out[i] = table[0] * x[0, 0]
        elif mode == 6:
            out[k] = x[-1, -1]
        elif mode == 7:
            for row in x:
                out[i] += row[k]


@ao.kernel("(n,m),(k),()->(k)", dtypes=[("float64", "int64", "int64", "float64")])
def read_around(x, index, mode, out):
    out[:] = 0
    for i in range(index.shape[0]):
        k = index[i]
        if mode == 0:
            for value in x[k : k + 3, 0]:
                out[i] += value
        elif mode == 1:
            for value in x[0, k::-2]:
                out[i] += value
        elif mode == 2:
            out[i] = x[k - 1, k + 1]
        elif mode == 3:
            for j in range(max(k, -9) - 2, min(k, 9) + 3):
                out[i] += x[j, -j]
        elif mode == 4:
            out[i] = x[::-1, ::-1][k, -1]
        elif mode == 5:
            out[i] = x.T[k, 0]
        elif mode == 6:
            out[i] = x[:k][:, 1:][-1, k]
        elif mode == 7:
            pairs = [x[0, 0], x[-1, -1]]
            out[i] = pairs[k]


def store(x, k, mode):
    """Write to elements; the same where threads write to one."""
    if mode == 0:
        x[k, 0] = 1
    elif mode == 1:
        x[0, k] = 2
    elif mode == 2:
        x[1:, ::2][k, 0] = 3
    elif mode == 3:
        x[k][:] = 4
    elif mode == 4:
        x[:, k] = 5
    elif mode == 5:
        x[k, k] = 0 * x[k, k] + 6
    elif mode == 6:
        x[::-1][k, -1] = 7
    elif mode == 7:
        x.T[k] = 8


@ao.function([f"({each}[:, :], {index}[:], int64) -> none" for each, index in INDICES.items()])
def write(x, index, mode):
    for i in range(index.shape[0]):
        store(x, index[i], mode)


@ao.function("(float64[:, :], int64[:], int64) -> none")
def write_in_parallel(x, index, mode):
    for i in ao.prange(index.shape[0]):
        store(x, index[i], mode)


@ao.kernel("(n,m),(k),()", in_place="x", dtypes=[("float64", "int64", "int64")])
def write_in_place(x, index, mode):
    for i in range(index.shape[0]):
        store(x, index[i], mode)


@ao.kernel("(n,m),(k),()->(k)", dtypes=[("float64", "int64", "int64", "float64")])
def read_in_parallel(x, index, mode, out):
    total = 0.0
    for i in ao.prange(index.shape[0]):
        k = index[i]
        if mode == 0:
            out[i] = x[k, 0]
        elif mode == 1:
            out[i] = x[0, k]
        elif mode == 2:
            out[i] = x[::-1, ::2][k, -1]
        elif mode == 3:
            out[i] = x[k][-1]
        elif mode == 4:
            out[i] = 1
            total += x[k, 0]
        elif mode == 5:
            table = np.zeros(3)
            table[k] = 1.0
            out[i] = table[0]
        elif mode == 6:
            out[i] = 2
            out[k] = 2
        elif mode == 7:
            out[i] = x.T[k, 0]
    if mode == 4 and index.shape[0]:
        out[0] = total / 2


class Random:
    """Random arrays and indices."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.pages = [Guarded(1), Guarded(1), Guarded(1)]
        self.copies = [np.empty(each.size, np.uint8) for each in self.pages]

    def array(self, dtype: str, shape: tuple[int, ...], number: int, writable: bool) -> tuple[Any, Any]:
        """An array that touches the end or the start of its pages, and one of the same contents elsewhere."""
        rng, memory = self.rng, self.pages[number].bytes
        itemsize = np.dtype(dtype).itemsize
        strides = [0] * len(shape)
        step = itemsize
        gaps = rng.choice([1, 1, 2], len(shape))
        if itemsize * np.prod(np.maximum(shape, 1) * gaps) > memory.size:
            gaps[:] = 1
        for axis in rng.permutation(len(shape)):
            sign = rng.choice([1, 1, -1])
            strides[axis] = int(sign * step)
            step *= int(max(shape[axis], 1) * gaps[axis])
            if not writable and rng.random() < 0.1:
                strides[axis] = 0
        reach = [(length - 1) * stride if length else 0 for length, stride in zip(shape, strides, strict=True)]
        if 0 in shape:
            reach = [0 for _ in reach]
        low, high = sum(min(each, 0) for each in reach), sum(max(each, 0) for each in reach) + itemsize
        first = memory.size - high if rng.random() < 0.7 else -low
        memory[:] = rng.integers(0, 100, memory.size, np.uint8) if dtype == "uint8" else 0
        arrays = []
        for block in (memory, self.copies[number]):
            arrays.append(np.ndarray(shape, dtype, block.data, first, tuple(strides)))
        if dtype != "uint8":
            arrays[0][...] = rng.integers(0, 100, shape)
        self.copies[number][:] = memory
        return arrays[0], arrays[1]

    def indices(self, dtype: str, length: int) -> Any:
        """Indices for an axis, most of them near its ends."""
        rng, info = self.rng, np.iinfo(dtype)
        count = int(rng.integers(0, 4))
        near = [0, 1, length - 1, length, length + 1, -1, -length, -length - 1, length // 2]
        far = [info.max, info.min, info.max - 1, info.min + 1, 2**31 - 1, 2**31, 2**32, 2**32 + 1, -(2**31)]
        chosen = [int(rng.choice(far) if rng.random() < 0.1 else rng.choice(near)) for _ in range(count)]
        return np.array([each if info.min <= each <= info.max else 0 for each in chosen], dtype)


def outcome(function: Any, *arguments: Any, **options: Any) -> Any:
    """What a call returns, or the class of what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments, **options)
    except (IndexError, ValueError, TypeError, OverflowError) as error:
        return type(error)


def expected_of(function: Any, arguments: tuple[Any, ...], dtype: str, count: int) -> Any:
    """What Python gives for a kernel."""
    out = np.empty(count, dtype)
    found = outcome(function, *arguments, out)
    return out if found is None else found


def same(a: Any, b: Any) -> bool:
    """Whether two outcomes are alike."""
    if isinstance(a, type) or isinstance(b, type):
        return a is b
    return np.array_equal(a, b, equal_nan=True)


def batch_shape(rng: Any, whole: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to another one, but for one in twenty."""
    kept = whole[int(rng.integers(0, len(whole) + 1)) :]
    shape = tuple([1 if rng.random() < 0.2 else each for each in kept])
    return (*shape[:-1], int(rng.integers(0, 4))) if shape and rng.random() < 0.05 else shape


def expected_of_batch(arguments: tuple[Any, ...], out: Any) -> Any:
    """What ``read`` gives for a batch: a result, or the class of an error, by NumPy's rules."""
    x, index, mode = arguments

    def takes(own: tuple[str, ...], exactly: bool) -> bool:
        given = [each.dtype.name for each in arguments]
        pairs = zip(given, own, strict=True)
        return all(a == b or (not exactly and b in holding(a)) for a, b in pairs)

    rows = [(each, index, "int64") for each, index in INDICES.items()]
    chosen = next((row for exactly in (True, False) for row in rows if takes(row, exactly)), None)
    if chosen is None:
        return TypeError
    if x.ndim < 2 or index.ndim < 1:
        return ValueError
    try:
        batch = np.broadcast_shapes(x.shape[:-2], index.shape[:-1], mode.shape)
    except ValueError:
        return ValueError
    if out is not None and out.shape != (*batch, index.shape[-1]):
        return ValueError
    x, index, mode = (each.astype(dtype) for each, dtype in zip(arguments, chosen, strict=True))
    x = np.broadcast_to(x, (*batch, *x.shape[-2:]))
    index, mode = np.broadcast_to(index, (*batch, index.shape[-1])), np.broadcast_to(mode, batch)
    result = np.empty(index.shape, chosen[0]) if out is None else out
    for item in np.ndindex(batch):
        found = outcome(read.py_func, x[item], index[item], mode[item], result[item])
        if found is not None:
            return found
    return result


def batch_is_right(random: Random) -> tuple[bool, bool, Any]:
    """Whether a call of ``read`` with a batch, random dtypes and shapes is right; whether it raises; what it had."""
    rng = random.rng

    def dtype(own: str) -> str:
        return str(rng.choice(list(FACTS))) if rng.random() < 0.1 else own

    own = str(rng.choice(list(INDICES)))
    index_dtype = INDICES[own]
    whole = tuple(int(each) for each in rng.integers(0, 4, int(rng.integers(0, 3))))
    n, m, k = (int(each) for each in rng.integers(0, 5, 3))
    core = (n, m)[int(rng.random() < 0.03) :]
    x, _ = random.array(dtype(own), (*batch_shape(rng, whole), *core), 0, False)
    index, _ = random.array(dtype(index_dtype), (*batch_shape(rng, whole), k), 1, False)
    likely = [0, n - 1, m - 1] if rng.random() < 0.5 else [*range(-2, 6)]
    index[...] = np.maximum(rng.choice(likely, index.shape), 0)
    if index.dtype.kind == "i":
        index[...] -= index.dtype.type(rng.random() < 0.1)
    mode = rng.integers(0, 8, batch_shape(rng, whole)).astype(dtype("int64"))
    out = copy = None
    options = {}
    if rng.random() < 0.5 and [x.dtype, index.dtype, mode.dtype] == [own, index_dtype, "int64"]:
        shape = (*whole, k + int(rng.random() < 0.05))
        out, copy = random.array(own, shape, 2, True)
        options["out"] = out
    before = [each.bytes.copy() for each in random.pages[:2]]
    expected = expected_of_batch((x, index, mode), copy)
    result = outcome(read, x, index, mode, **options)
    raises = isinstance(expected, type)
    is_right = same(result, expected)
    is_right = is_right and all(np.array_equal(a.bytes, b) for a, b in zip(random.pages, before, strict=False))
    if copy is not None:
        if raises:
            copy[...] = out  # which may be half written
        is_right = is_right and np.array_equal(random.pages[2].bytes, random.copies[2])
    return is_right, raises, (x.dtype, x.shape, index, mode, options, result, expected)


def main(cases: int, seed: int) -> int:
    """Run the cases; returns the number of those that differ."""
    random = Random(seed)
    rng = random.rng
    wrong = errors = 0
    kernels = (read, read_around, write, read_in_parallel, write_in_parallel, write_in_place, None)
    for case in range(cases):
        kernel = kernels[case % len(kernels)]
        if kernel is None:
            is_right, raises, shown = batch_is_right(random)
            errors += raises
            if not is_right:
                wrong += 1
                if wrong < 10:
                    print(case, "batch", *shown)
            continue
        writes = kernel in (write, write_in_parallel, write_in_place)
        dtype = str(rng.choice(list(INDICES) if kernel in (read, write) else ["float64"]))
        index_dtype = INDICES[dtype]
        shape = tuple(int(each) for each in rng.integers(0, 6, 2))
        mode = int(rng.integers(0, 8))
        x, copy = random.array(dtype, shape, 0, writes)
        chosen = random.indices(index_dtype, shape[int(rng.integers(0, 2))])
        index, _ = random.array(index_dtype, chosen.shape, 1, False)
        index[...] = chosen
        chosen = index.copy()
        before = random.pages[1].bytes.copy()
        if writes:
            expected: Any = outcome(kernel.py_func, copy, chosen, mode)
            result = outcome(kernel, x, index, mode)
            if kernel is write_in_parallel and isinstance(expected, type):
                copy[...] = x  # iterations after the one that raises may have been run
        else:
            expected = expected_of(kernel.py_func, (copy, chosen, mode), dtype, len(chosen))
            result = outcome(kernel, x, index, mode)
        errors += isinstance(expected, type)
        memory_is_right = np.array_equal(random.pages[0].bytes, random.copies[0])
        memory_is_right = memory_is_right and np.array_equal(random.pages[1].bytes, before)
        if not (same(result, expected) if not writes else result is expected) or not memory_is_right:
            wrong += 1
            if wrong < 10:
                print(case, kernel, dtype, mode, shape, x.strides, chosen, result, expected, memory_is_right)
    print(f"{cases} cases, {errors} of which raise, {wrong} are wrong")
    return 1 if wrong or errors < cases // 20 else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
