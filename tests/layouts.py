"""The layout zoo: every kind of memory that a tensor can lie in, once, for all tests.

A ``Layout`` makes a pair for a dtype and a seed: a tensor and a NumPy array of equal values, shape and strides, each
on memory of its own, so that both can be written and compared again. An ``Overlap`` makes two memories alike, and
names two views of the memory that share elements. ``assert_same`` compares what came of them.

>>> tensor, array = LAYOUTS["transposed"].pair("float64", seed=1)
>>> tensor.shape == array.shape, tensor.is_contiguous()
(True, False)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import aotops as ao
from aotops import abi

#: The dtypes of numbers that are ordered; tests of complex ones are in test_complex.
DTYPES = abi.named("bool", "signed", "unsigned", "real")
#: One dtype of each kind, and of each width, for tests of what does not depend on the dtype.
SAMPLED = ("bool", "int16", "int64", "uint8", "float32", "float64")
FLOATS = abi.named("real")
INTEGERS = abi.named("signed", "unsigned")


def python_type(dtype: str) -> type:
    """The type of Python's numbers that the elements of a dtype become."""
    return {"bool": bool, "integer": int, "float": float}[abi.FACTS[dtype].category]


# --- values -------------------------------------------------------------------------------------------------

INT64_EXTREMES = (0, 1, -1, 2**63 - 1, -(2**63), 2**63 - 2, -(2**63) + 1, 2**31, -(2**31), 2**53 + 1)


def integer_extremes(dtype: str) -> list[int]:
    """What integers trip over: the ends of the dtype, and of others that it holds."""
    least, most = abi.FACTS[dtype].bounds
    return [number for number in (*INT64_EXTREMES, most, most - 1, least + 1, 127, 128, 255) if least <= number <= most]


def float_extremes(dtype: str) -> list[float]:
    """What floats trip over: zeros, subnormals, limits, infinities, NaN, and each one's negative."""
    limits = np.finfo(dtype)
    positive = [0.0, limits.smallest_subnormal, limits.smallest_subnormal * 3, limits.smallest_normal, limits.eps]
    positive += [0.5, 1.0, 1.5, 88.5, 709.5, limits.max, np.inf, np.nan]
    return [float(sign * value) for value in positive for sign in (1, -1)]


def plain(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Small numbers, zeros among them; floats are eighths, so that sums of them are exact in any order."""
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    integers = generator.integers(-512, 513, shape)
    return integers.astype(dtype) if dtype in INTEGERS else (integers / 8).astype(dtype)


def powers(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Powers of two and their negatives, whose products are exact in any order; ints and bools as they come."""
    if dtype not in FLOATS:
        return plain(dtype, shape, generator)
    return np.ldexp(generator.choice([1.0, -1.0], shape), generator.integers(-1, 2, shape)).astype(dtype)


def nonfinite(values: "Values") -> "Values":
    """The same, but of floats a few are infinite, NaN or a negative zero."""

    def make(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        finite = values(dtype, shape, generator)
        if dtype not in FLOATS:
            return finite
        some = generator.random(shape) < 0.05
        return np.where(some, generator.choice([np.inf, -np.inf, np.nan, -0.0], shape), finite).astype(dtype)

    return make


def special(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """A third extremes, a third arbitrary bit patterns, a third plain numbers."""
    if dtype == "bool":
        return plain(dtype, shape, generator)
    extremes = np.array(integer_extremes(dtype) if dtype in INTEGERS else float_extremes(dtype), dtype)
    # bit patterns of signalling NaNs warn when NumPy converts them: multiplying makes all NaNs quiet
    with np.errstate(all="ignore"):
        patterns = np.frombuffer(generator.bytes(extremes.itemsize * int(np.prod(shape))), dtype).reshape(shape) * 1
    which = generator.integers(0, 3, shape)
    return np.choose(which, [generator.choice(extremes, shape), patterns, plain(dtype, shape, generator)]).astype(dtype)


Values = Callable[[str, tuple[int, ...], np.random.Generator], np.ndarray]
VALUES: dict[str, Values] = {
    "plain": plain,
    "powers": powers,
    "nonfinite": nonfinite(plain),
    "nonfinite powers": nonfinite(powers),
    "special": special,
}

# --- memory: where an array's elements can be put before a tensor takes them over -------------------------------


def off_alignment(array: np.ndarray) -> np.ndarray:
    """On memory that is aligned to an element but not to a cache line."""
    raw = np.empty(array.nbytes + 64 + array.itemsize, np.uint8)
    start = -raw.ctypes.data % 64 + array.itemsize
    placed = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    placed[...] = array
    return placed


def read_only(array: np.ndarray) -> np.ndarray:
    """On memory that forbids writing."""
    placed = array.copy()
    placed.flags.writeable = False
    return placed


def repeated(array: np.ndarray) -> np.ndarray:
    """Repeated along a new first axis of stride 0, read-only."""
    return np.broadcast_to(array.copy(), (5, *array.shape))


def repeated_inside(array: np.ndarray) -> np.ndarray:
    """Repeated along a last axis of stride 0, read-only."""
    return np.broadcast_to(array.copy()[..., None], (*array.shape, 3))


def windows(array: np.ndarray) -> np.ndarray:
    """Overlapping windows of three elements, read-only."""
    return np.lib.stride_tricks.sliding_window_view(array.copy(), 3)


# --- views that tensors and arrays spell differently -------------------------------------------------------------


def permuted(*axes: int) -> Callable[[Any], Any]:
    """The view with its axes in another order."""
    return lambda x: ao.permute_dims(x, axes) if isinstance(x, ao.Tensor) else x.transpose(axes)


# --- the zoo -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """A shape of memory and the view of it that tests use.

    Attributes:
        name: what a failing test says.
        shape: of the memory.
        view: from the memory to the operand, for tensors and arrays alike.
        place: puts the memory's values somewhere in NumPy's memory, which the tensor then shares; without it the
            memory is aotops' own.
    """

    name: str
    shape: tuple[int, ...]
    view: Callable[[Any], Any] = lambda x: x
    place: Callable[[np.ndarray], np.ndarray] | None = None

    def pair(self, dtype: str, seed: int = 0, values: str = "plain") -> tuple[ao.Tensor, np.ndarray]:
        """A tensor and an array that are equal in values and layout and share no memory."""
        array = np.array(VALUES[values](dtype, self.shape, np.random.default_rng(seed)))
        if self.place is None:
            return self.view(ao.tensor(array)), self.view(array)
        return self.view(ao.asarray(self.place(array), copy=False)), self.view(self.place(array))


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("no dimensions", ()),
        Layout("element of a matrix", (3, 4), lambda x: x[1, 2, ...]),
        Layout("one element", (1,)),
        Layout("one element, three dimensions", (1, 1, 1)),
        Layout("empty", (0,)),
        Layout("empty rows", (3, 0)),
        Layout("no rows", (0, 3)),
        Layout("empty in the middle", (2, 0, 3)),
        Layout("empty slice", (7,), lambda x: x[5:2]),
        *(Layout(f"{length} in a row", (length,)) for length in (2, 7, 63, 64, 65, 127, 128, 1000)),
        Layout("matrix", (3, 4)),
        Layout("wide matrix", (2, 200)),
        Layout("tall matrix", (200, 2)),
        Layout("cube", (3, 4, 5)),
        Layout("four dimensions", (2, 3, 2, 5)),
        Layout("eight dimensions", (2, 1, 3, 1, 2, 2, 1, 2)),
        Layout("thirty-two dimensions", (1,) * 10 + (2,) + (1,) * 15 + (3, 2) + (1,) * 4),
        Layout("column", (4, 1)),
        Layout("row", (1, 4)),
        Layout("last axis alone", (5,)),
        Layout("middle axis alone", (4, 1, 1), lambda x: x.reshape((1, 4, 1))),
        Layout("transposed", (4, 3), lambda x: x.T),
        Layout("transposed cube", (5, 4, 3), lambda x: x.T),
        Layout("permuted", (4, 5, 3), permuted(2, 0, 1)),
        Layout("permuted, four dimensions", (3, 5, 2, 2), permuted(2, 0, 3, 1)),
        Layout("reversed", (65,), lambda x: x[::-1]),
        Layout("reversed both ways", (3, 4), lambda x: x[::-1, ::-1]),
        Layout("reversed columns", (3, 130), lambda x: x[:, ::-1]),
        Layout("every second", (257,), lambda x: x[::2]),
        Layout("every third, backwards", (200,), lambda x: x[-2:3:-3]),
        Layout("stepped both ways", (9, 12), lambda x: x[1::3, ::3]),
        Layout("one row", (6, 70), lambda x: x[2]),
        Layout("one column", (70, 6), lambda x: x[:, 3]),
        Layout("some rows", (6, 4), lambda x: x[2:5]),
        Layout("some columns", (3, 9), lambda x: x[:, 3:7]),
        Layout("block of a cube", (5, 6, 7), lambda x: x[1:4, 1:5, 1:6]),
        Layout("new axes", (4,), lambda x: x[None, :, None]),
        Layout("off the cache line", (129,), place=off_alignment),
        Layout("off the cache line, matrix", (3, 4), place=off_alignment),
        Layout("read-only", (3, 4), place=read_only),
        Layout("repeated rows", (4,), place=repeated),
        Layout("repeated elements", (4,), place=repeated_inside),
        Layout("repeated everywhere", (), place=repeated),
        Layout("repeated long rows", (130,), place=repeated),
        Layout("windows", (7,), place=windows),
        Layout("NumPy's column-major", (3, 4), place=lambda array: np.asfortranarray(array.copy())),
        Layout("NumPy's backwards", (70,), place=lambda array: array.copy()[::-1]),
    )
}


@dataclass(frozen=True)
class Overlap:
    """Two views of one memory: ``target`` is written, ``source`` read."""

    name: str
    shape: tuple[int, ...]
    target: Callable[[Any], Any]
    source: Callable[[Any], Any]

    def memory(self, dtype: str, seed: int = 0, values: str = "plain") -> tuple[ao.Tensor, np.ndarray]:
        """A tensor and an array of equal values."""
        array = np.array(VALUES[values](dtype, self.shape, np.random.default_rng(seed)))
        return ao.tensor(array), array


OVERLAPS = {
    overlap.name: overlap
    for overlap in (
        Overlap("itself", (200,), lambda x: x, lambda x: x),
        Overlap("itself as another shape", (4, 6), lambda x: x.reshape(24)[:12], lambda x: x[:2].reshape(12)),
        Overlap("one ahead", (200,), lambda x: x[1:], lambda x: x[:-1]),
        Overlap("one behind", (200,), lambda x: x[:-1], lambda x: x[1:]),
        Overlap("backwards", (200,), lambda x: x, lambda x: x[::-1]),
        Overlap("half of it backwards", (201,), lambda x: x[50:150], lambda x: x[149:49:-1]),
        Overlap("interleaved", (200,), lambda x: x[::2], lambda x: x[1::2]),
        Overlap("stretched", (200,), lambda x: x[:100], lambda x: x[::2]),
        Overlap("squeezed", (200,), lambda x: x[::2], lambda x: x[:100]),
        Overlap("its transpose", (20, 20), lambda x: x, lambda x: x.T),
        Overlap("rows below", (10, 8), lambda x: x[1:], lambda x: x[:-1]),
        Overlap("columns beside", (10, 8), lambda x: x[:, :-1], lambda x: x[:, 1:]),
        Overlap("one of its rows", (10, 8), lambda x: x, lambda x: x[3]),
        Overlap("one of its columns", (10, 8), lambda x: x, lambda x: x[:, 3:4]),
        Overlap("one of its elements", (10, 8), lambda x: x, lambda x: x[9, 7]),
        Overlap("diagonal blocks", (6, 6), lambda x: x[:4, :4], lambda x: x[2:, 2:]),
        Overlap("permuted cube", (4, 4, 4), lambda x: x, permuted(2, 0, 1)),
    )
}

# --- comparison ----------------------------------------------------------------------------------------------


def assert_same(tensor: Any, expected: Any, context: str = "", zero_sign: bool = True) -> None:
    """Demand a tensor of an array's dtype, shape and values, bit by bit; all NaNs count as one.

    ``zero_sign=False`` lets 0.0 pass for -0.0.
    """
    __tracebackhide__ = True
    expected = np.asarray(expected)
    assert isinstance(tensor, ao.Tensor), f"{context}: expected a Tensor, got {type(tensor).__name__}"
    got = np.asarray(tensor)
    assert tensor.dtype.name == expected.dtype.name, f"{context}: {tensor.dtype.name} is not {expected.dtype.name}"
    assert tensor.shape == expected.shape, f"{context}: shape {tensor.shape} is not {expected.shape}"
    if got.tobytes() == expected.tobytes():
        return
    equal = np.ones(got.shape, bool)
    for a, b in ((got.real, expected.real), (got.imag, expected.imag)):
        same = a == b
        if a.dtype.kind == "f":
            if zero_sign:
                same &= np.signbit(a) == np.signbit(b)
            same |= np.isnan(a) & np.isnan(b)
        equal &= same
    if not equal.all():
        first = tuple(int(position) for position in np.argwhere(~equal)[0])
        raise AssertionError(
            f"{context}: {np.count_nonzero(~equal)} of {equal.size} elements differ, "
            f"the first at {first}: got {got[first]!r}, expected {expected[first]!r}"
        )


def ulps(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The number of steps from float to float between two arrays of a dtype; two NaNs are 0 steps apart, one is inf.

    Of complex numbers, the larger number of both parts.
    """
    if got.dtype.kind == "c":
        return np.maximum(ulps(got.real, expected.real), ulps(got.imag, expected.imag))
    signed, unsigned = np.dtype(f"i{got.itemsize}"), np.dtype(f"u{got.itemsize}")

    def position(x: np.ndarray) -> np.ndarray:
        bits = np.array(x, order="C").view(signed)
        return np.where(bits < 0, np.iinfo(signed).min - bits, bits)

    a, b = position(got), position(expected)
    distance = np.where(a > b, a.view(unsigned) - b.view(unsigned), b.view(unsigned) - a.view(unsigned))
    nans = np.isnan(got) + np.isnan(expected).astype(int)
    return np.select([nans == 2, nans == 1], [0.0, np.inf], distance.astype(float))
