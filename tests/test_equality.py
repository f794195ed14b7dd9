"""Every function of the array API standard gives what NumPy's gives, and what ``array-api-strict`` gives.

A table has a row for each function of the standard: the dtypes that the standard gives it, and how arguments are drawn
in any layout of the zoo. A few examples of each row run by default, hundreds with ``-m slow``. Where the standard
leaves something open, ``CHOICES`` says what aotops chose.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, VALUES, ulps

import aotops as ao
from aotops.abi import named
from aotops.ops import collect

try:
    import array_api_strict as strict
except ImportError:  # where wheels are tested with a Python that it is not made for
    strict = None

BOOL, SIGNED, UNSIGNED, REAL, COMPLEX = (named(kind) for kind in ("bool", "signed", "unsigned", "real", "complex"))
INTEGERS = SIGNED + UNSIGNED
REAL_NUMBERS = INTEGERS + REAL
NUMBERS = REAL_NUMBERS + COMPLEX
FLOATING = REAL + COMPLEX
ALL = BOOL + NUMBERS

#: Where the standard leaves a choice that aotops made otherwise than NumPy: what is compared instead, and why.
CHOICES = {
    "sign of zero": "of the larger of 0.0 and -0.0, of bounds that are equal to an element, and of sums of zeros",
    "NumPy's error": "functions of floats are compared within the bound that aotops states and 4 ULP of NumPy's own",
    "complex functions": "NumPy's lose digits where one part is small: test_complex_functions has them",
    "products of complex numbers": "whose parts overflow have NaN where NumPy's, by another formula, have infinities",
    "arange": "of integers with a step that is none: each number is rounded, where NumPy adds a rounded step",
    "comparisons": "of uint64 with signed integers are those of float64, as in arithmetic; the standard has none",
    "unique_values": "is in ascending order, as the standard lets one choose; NumPy's is in none",
    "isin": "invert=True is compared with NumPy alone, since array-api-strict leaves it out",
}

#: The bounds of errors, by the names of operators.
MAX_ULP = {record.name: record.max_ulp for record in collect().values() if record.max_ulp}


@dataclass(frozen=True)
class Pair:
    """One argument for all libraries: a tensor and an array of the same elements."""

    tensor: ao.Tensor
    array: np.ndarray

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape


class Draw:
    """Draws arguments."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw

    def pick(self, options: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def flag(self) -> bool:
        return bool(self.draw(st.booleans()))

    def integer(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def axis(self, ndim: int) -> int:
        """An axis, counted from either end."""
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> Any:
        """None, an axis, or a tuple of several."""
        if ndim == 0 or self.flag():
            return None
        chosen = self.axis(ndim)
        return chosen if self.flag() else tuple(sorted({chosen % ndim, self.integer(0, ndim - 1)}))

    def pair(self, dtypes: Sequence[str], values: str = "plain", least: int = 0, most: int = 32) -> Pair:
        """An operand of a layout with so many dimensions."""
        names = [name for name, layout in LAYOUTS.items() if least <= NDIM[name] <= most]
        dtype, layout = self.pick(dtypes), LAYOUTS[self.pick(names)]
        seed = self.integer(0, 2**32 - 1)
        if dtype not in COMPLEX:
            return Pair(*layout.pair(dtype, seed, values))
        part = "float32" if dtype == "complex64" else "float64"
        with np.errstate(all="ignore"):
            real, imaginary = (layout.pair(part, seed + k, values)[1] for k in (0, 1))
        array = np.empty_like(real, dtype, subok=False)
        array.real, array.imag = real, imaginary
        return Pair(ao.asarray(array), array)

    def partner(self, first: Pair, dtypes: Sequence[str], values: str = "plain") -> Pair:
        """A second operand, of shape that broadcasts with the first one's, and often of its dtype."""
        own = first.array.dtype.name
        dtype = own if own in dtypes and self.flag() else self.pick(dtypes)
        kept = self.integer(0, first.ndim)
        shape = [1 if self.integer(0, 3) == 0 else length for length in first.shape[first.ndim - kept :]]
        generator = np.random.default_rng(self.integer(0, 2**32 - 1))
        return pair_of(elements(dtype, tuple(shape), generator, values))

    def shape(self) -> tuple[int, ...]:
        return tuple(self.draw(st.lists(st.integers(0, 4), max_size=4)))


#: The number of dimensions of each layout.
NDIM = {name: layout.pair("bool")[1].ndim for name, layout in LAYOUTS.items()}


def elements(dtype: str, shape: tuple[int, ...], generator: np.random.Generator, values: str) -> np.ndarray:
    """An array of a dtype."""
    if dtype not in COMPLEX:
        return np.asarray(VALUES[values](dtype, shape, generator))
    part = "float32" if dtype == "complex64" else "float64"
    array = np.empty(shape, dtype)
    array.real, array.imag = (VALUES[values](part, shape, generator) for _ in "ri")
    return array


def pair_of(array: Any) -> Pair:
    return Pair(ao.asarray(np.asarray(array)), np.asarray(array))


Arguments = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """A function of the standard.

    Attributes:
        name: the function's.
        arguments: draws positional arguments and keyword arguments.
        zero_sign: whether the sign of a zero counts.
        rtol: the error beside the largest element that results may have; without it results are equal bit by bit, or
            within the bound that the operator states.
        ordered: whether the order of the results' elements counts.
        libraries: that it is compared with.
    """

    name: str
    arguments: Callable[[Draw], Arguments]
    zero_sign: bool = True
    rtol: float = 0.0
    ordered: bool = True
    libraries: tuple[Any, ...] = (np, strict)


def unary(dtypes: Sequence[str], values: str = "special") -> Callable[[Draw], Arguments]:
    return lambda d: ((d.pair(dtypes, values),), {})


def binary(dtypes: Sequence[str], values: str = "special") -> Callable[[Draw], Arguments]:
    def arguments(d: Draw) -> Arguments:
        first = d.pair(dtypes, values)
        return (first, d.partner(first, dtypes, values)), {}

    return arguments


def compared(dtypes: Sequence[str]) -> Callable[[Draw], Arguments]:
    def arguments(d: Draw) -> Arguments:
        first = d.pair(dtypes, "special")
        own = first.array.dtype.name
        apart = SIGNED if own == "uint64" else ("uint64",) if own in SIGNED else ()
        return (first, d.partner(first, [dtype for dtype in dtypes if dtype not in apart], "special")), {}

    return arguments


def shifts(d: Draw) -> Arguments:
    x = d.pair(INTEGERS, "special")
    counts = np.random.default_rng(d.integer(0, 99)).integers(0, 8 * x.array.itemsize, x.shape)
    return (x, pair_of(counts.astype(x.array.dtype))), {}


def powers_of(d: Draw) -> Arguments:
    x = d.pair(REAL_NUMBERS, "plain")
    kind = x.array.dtype.kind
    exponents = np.random.default_rng(d.integer(0, 99)).integers(0, 5, x.shape)
    return (x, pair_of(exponents.astype(x.array.dtype) / (1 if kind in "iu" else 2) if kind in "fc" else
                       exponents.astype(x.array.dtype))), {}  # fmt: skip


def folding(
    dtypes: Sequence[str], values: str = "plain", **others: Callable[[Draw], Any]
) -> Callable[[Draw], Arguments]:
    def arguments(d: Draw) -> Arguments:
        x = d.pair(dtypes, values)
        keywords = {name: make(d) for name, make in others.items()}
        return (x,), {"axis": d.axes(x.ndim), "keepdims": d.flag(), **keywords}

    return arguments


def of_one_axis(
    dtypes: Sequence[str], values: str = "plain", least: int = 1, **others: Callable[[Draw], Any]
) -> Callable[[Draw], Arguments]:
    def arguments(d: Draw) -> Arguments:
        x = d.pair(dtypes, values, least)
        return (x,), {"axis": d.axis(x.ndim), **{name: make(d) for name, make in others.items()}}

    return arguments


def arg_folding(d: Draw) -> Arguments:
    x = d.pair(REAL_NUMBERS, "nonfinite")
    return (x,), {"axis": None if x.ndim == 0 or d.flag() else d.axis(x.ndim), "keepdims": d.flag()}


def several(d: Draw) -> tuple[list[Pair], int]:
    x = d.pair(ALL, "special", 1)
    axis = d.axis(x.ndim)
    arrays = [x]
    for _ in range(d.integer(0, 2)):
        shape = list(x.shape)
        shape[axis] = d.integer(0, 3)
        generator = np.random.default_rng(d.integer(0, 99))
        arrays.append(pair_of(elements(d.pick(ALL), tuple(shape), generator, "plain")))
    return arrays, axis


def joined(d: Draw) -> Arguments:
    arrays, axis = several(d)
    return (arrays,), {"axis": axis if d.flag() else None}


def stacked(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 0, 8)
    same = [pair_of(elements(d.pick(ALL), x.shape, np.random.default_rng(k), "plain")) for k in range(d.integer(0, 2))]
    return ([x, *same],), {"axis": d.integer(-x.ndim - 1, x.ndim)}


def taken(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 1)
    axis = d.axis(x.ndim)
    length = x.shape[axis]
    count = d.integer(0, 5) if length else 0
    return (x, pair_of(np.random.default_rng(d.integer(0, 99)).integers(-length, max(length, 1), count))), {
        "axis": axis
    }


def taken_along(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 1)
    axis = d.axis(x.ndim)
    shape = list(x.shape)
    length = shape[axis]
    shape[axis] = d.integer(0, 3) if length else 0
    indices = np.random.default_rng(d.integer(0, 99)).integers(-length, max(length, 1), shape)
    return (x, pair_of(indices)), {"axis": axis}


def searched(d: Draw) -> Arguments:
    x = d.pair(REAL_NUMBERS, "plain", 1, 1)
    ordered = pair_of(np.sort(x.array))
    return (ordered, d.partner(x, (x.array.dtype.name,))), {"side": d.pick(("left", "right"))}


def reshaped(d: Draw) -> Arguments:
    x = d.pair(ALL, "special")
    shape = [*x.shape, 1]
    shape = [shape[k] for k in np.random.default_rng(d.integer(0, 99)).permutation(len(shape))][:32]
    if math.prod(shape) != x.array.size:
        shape = [x.array.size]
    if x.array.size and d.flag():
        shape[d.integer(0, len(shape) - 1)] = -1
    return (x, tuple(shape)), {}


def repeated(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 1)
    axis = d.axis(x.ndim)
    counts: Any = d.integer(0, 3)
    if d.flag():
        counts = pair_of(np.random.default_rng(d.integer(0, 99)).integers(0, 3, x.shape[axis]))
    return (x, counts), {"axis": axis}


def rolled(d: Draw) -> Arguments:
    x = d.pair(ALL, "special")
    axes = d.axes(x.ndim)
    shift: Any = d.integer(-7, 7) if not isinstance(axes, tuple) else tuple(d.integer(-7, 7) for _ in axes)
    return (x, shift), {"axis": axes}


def moved(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 1)
    return (x, d.axis(x.ndim), d.axis(x.ndim)), {}


def permuted(d: Draw) -> Arguments:
    x = d.pair(ALL, "special")
    return (x, tuple(int(k) for k in np.random.default_rng(d.integer(0, 99)).permutation(x.ndim))), {}


def broadcast(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 0, 8)
    ones = tuple(d.integer(0, 3) if length == 1 else length for length in x.shape)
    return (x, (*[d.integer(1, 3) for _ in range(d.integer(0, 2))], *ones)), {}


def squeezed(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 1)
    ones = [k for k, length in enumerate(x.shape) if length == 1]
    return (x,), {"axis": tuple(ones) if not ones or d.flag() else d.pick(ones)}


def matrices(d: Draw) -> Arguments:
    x = d.pair(NUMBERS, "plain", 1, 4)
    generator = np.random.default_rng(d.integer(0, 99))
    shape: tuple[int, ...] = (x.shape[-1],)
    if d.flag():
        shape = (*(x.shape[:-2] if d.flag() else ()), x.shape[-1], d.integer(0, 4))
    return (x, pair_of(elements(d.pick(NUMBERS), shape, generator, "plain"))), {}


def contracted(d: Draw) -> Arguments:
    x = d.pair(NUMBERS, "plain", 1, 4)
    generator = np.random.default_rng(d.integer(0, 99))
    return (x, pair_of(elements(x.array.dtype.name, (x.shape[-1], 2), generator, "plain"))), {"axes": 1}


def dotted(d: Draw) -> Arguments:
    x = d.pair(NUMBERS, "plain", 1)
    other = elements(x.array.dtype.name, x.shape, np.random.default_rng(d.integer(0, 99)), "plain")
    return (x, pair_of(other)), {"axis": -d.integer(1, x.ndim)}


def ranges(d: Draw) -> Arguments:
    start, count = d.integer(-50, 50), d.integer(0, 30)
    step: float = d.pick((1, 2, -3, 0.5, -0.25))
    dtypes = (None, "float64", "float32", "int64", "int16")
    return (start, start + count * step, step), {"dtype": d.pick(dtypes if isinstance(step, int) else dtypes[:3])}


def spaced(d: Draw) -> Arguments:
    keywords = {"num": d.integer(0, 20), "endpoint": d.flag(), "dtype": d.pick((None, *REAL))}
    return (float(d.integer(-50, 50)), d.integer(-50, 50) / 4), keywords


def diagonals(d: Draw) -> Arguments:
    x = d.pair(ALL, "special", 2, 8)
    return (x,), {"k": d.integer(-4, 4)}


def clipped(d: Draw) -> Arguments:
    x = d.pair(REAL_NUMBERS, "plain")
    low, high = sorted((d.integer(0, 100), d.integer(0, 100)))
    return (x, d.pick((None, low)), d.pick((None, high))), {}


def chosen(d: Draw) -> Arguments:
    x = d.pair(ALL, "special")
    condition = np.random.default_rng(d.integer(0, 99)).integers(0, 2, x.shape).astype(bool)
    return (pair_of(condition), x, d.partner(x, ALL)), {}


def differences(d: Draw) -> Arguments:
    x = d.pair(NUMBERS, "plain", 1)
    return (x,), {"axis": d.axis(x.ndim), "n": d.integer(0, 2)}


def with_initial(dtypes: Sequence[str], values: str) -> Callable[[Draw], Arguments]:
    return of_one_axis(dtypes, values, include_initial=Draw.flag)


def correction(d: Draw) -> int:
    return d.integer(0, 1)


ROWS = [
    # element-wise
    *(Row(name, unary(NUMBERS)) for name in ("negative", "positive", "isfinite", "isinf", "isnan")),
    Row("square", lambda d: ((d.pair(NUMBERS, d.pick(("plain", "powers"))),), {})),
    *(Row(name, unary(REAL_NUMBERS)) for name in ("ceil", "floor", "trunc", "abs", "sign", "round")),
    *(Row(name, unary(REAL)) for name in ("signbit", "reciprocal", "sqrt")),
    *(Row(name, unary(COMPLEX)) for name in ("conj", "imag", "real")),
    Row("bitwise_invert", unary(BOOL + INTEGERS)),
    Row("logical_not", unary(BOOL)),
    *(
        Row(name, unary(REAL))
        for name in (
            *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp"),
            *("expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh"),
        )
    ),
    *(Row(name, binary(NUMBERS)) for name in ("add", "subtract")),
    Row("multiply", binary(REAL_NUMBERS)),
    Row("multiply", binary(COMPLEX, "plain")),
    Row("divide", binary(REAL_NUMBERS)),
    *(Row(name, binary(REAL_NUMBERS, "plain"), zero_sign=False) for name in ("floor_divide", "remainder")),
    Row("pow", powers_of),
    *(Row(name, binary(REAL)) for name in ("atan2", "copysign", "nextafter", "hypot")),
    Row("logaddexp", binary(REAL), rtol=1e-6),
    *(Row(name, binary(REAL_NUMBERS), zero_sign=False) for name in ("maximum", "minimum")),
    *(Row(name, compared(REAL_NUMBERS)) for name in ("less", "less_equal", "greater", "greater_equal")),
    *(Row(name, compared(ALL)) for name in ("equal", "not_equal")),
    *(Row(name, binary(BOOL)) for name in ("logical_and", "logical_or", "logical_xor")),
    *(Row(name, binary(BOOL + INTEGERS)) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")),
    *(Row(name, shifts) for name in ("bitwise_left_shift", "bitwise_right_shift")),
    Row("clip", clipped, zero_sign=False),
    # creation
    Row("arange", ranges),
    Row("linspace", spaced, rtol=1e-6),
    *(Row(name, lambda d: ((d.shape(),), {"dtype": d.pick(ALL)})) for name in ("zeros", "ones")),
    Row("full", lambda d: ((d.shape(), d.integer(0, 1)), {"dtype": d.pick(ALL)})),
    Row("eye", lambda d: ((d.integer(0, 5), d.pick((None, 3))), {"k": d.integer(-4, 4), "dtype": d.pick(ALL)})),
    *(Row(name, lambda d: ((d.pair(ALL),), {"dtype": d.pick((None, *ALL))})) for name in ("zeros_like", "ones_like")),
    Row("full_like", lambda d: ((d.pair(ALL), d.integer(0, 1)), {"dtype": d.pick((None, *ALL))})),
    *(Row(name, diagonals) for name in ("tril", "triu")),
    Row(
        "meshgrid",
        lambda d: (
            (d.pair(REAL_NUMBERS, "special", 1, 1), d.pair(REAL_NUMBERS, "special", 1, 1)),
            {"indexing": d.pick(("xy", "ij"))},
        ),
    ),
    Row("asarray", unary(ALL)),
    # data types
    Row("astype", lambda d: ((d.pair(BOOL + INTEGERS), d.pick(("int64", "float64", "bool", "uint8"))), {})),
    # manipulation
    Row("broadcast_arrays", lambda d: ((x := d.pair(ALL, "special", 0, 8), d.partner(x, ALL)), {})),
    Row("broadcast_to", broadcast),
    Row("concat", joined),
    Row("expand_dims", lambda d: ((x := d.pair(ALL, "special", 0, 8),), {"axis": d.integer(-x.ndim - 1, x.ndim)})),
    Row("flip", lambda d: ((x := d.pair(ALL, "special"),), {"axis": d.axes(x.ndim)})),
    Row("moveaxis", moved),
    Row("permute_dims", permuted),
    Row("repeat", repeated),
    Row("reshape", reshaped),
    Row("roll", rolled),
    Row("squeeze", squeezed),
    Row("stack", stacked),
    Row("tile", lambda d: ((d.pair(ALL, "special", 0, 4), tuple(d.draw(st.lists(st.integers(0, 2), max_size=5)))), {})),
    Row("unstack", of_one_axis(ALL, "special")),
    Row("matrix_transpose", lambda d: ((d.pair(ALL, "special", 2),), {})),
    # indexing, searching, sorting, sets
    Row("take", taken),
    Row("take_along_axis", taken_along),
    *(Row(name, arg_folding) for name in ("argmax", "argmin")),
    Row("count_nonzero", folding(ALL)),
    Row("nonzero", lambda d: ((d.pair(ALL, "plain", 1),), {})),
    Row("searchsorted", searched),
    Row("where", chosen),
    Row("sort", of_one_axis(REAL_NUMBERS, "special"), zero_sign=False),
    Row("argsort", of_one_axis(REAL_NUMBERS, "special", stable=lambda d: True)),
    *(Row(f"unique_{what}", unary(REAL_NUMBERS, "plain")) for what in ("all", "counts", "inverse")),
    Row("unique_values", unary(REAL_NUMBERS, "plain"), ordered=False),
    Row(
        "isin",  # NumPy takes 2**64 - 236 for the int16 -236
        lambda d: ((x := d.pair(INTEGERS), d.partner(x, (x.array.dtype.name,))), {"invert": d.flag()}),
        libraries=(np,),
    ),
    # statistics, utility, linear algebra: elements whose sums and products are exact
    Row("sum", folding(NUMBERS), zero_sign=False),
    Row("prod", folding(REAL_NUMBERS, "powers"), zero_sign=False),
    *(Row(name, folding(REAL_NUMBERS, "nonfinite"), zero_sign=False) for name in ("max", "min")),
    Row("mean", folding(FLOATING), rtol=1e-6, zero_sign=False),
    *(Row(name, folding(REAL, correction=correction), rtol=1e-5, zero_sign=False) for name in ("var", "std")),
    Row("cumulative_sum", with_initial(NUMBERS, "plain"), zero_sign=False),
    Row("cumulative_prod", with_initial(REAL_NUMBERS, "powers"), zero_sign=False),
    *(Row(name, folding(ALL)) for name in ("all", "any")),
    Row("diff", differences, zero_sign=False),
    Row("matmul", matrices, rtol=1e-5, zero_sign=False),
    Row("tensordot", contracted, rtol=1e-5, zero_sign=False),
    Row("vecdot", dotted, rtol=1e-5, zero_sign=False),
]

#: Functions without a row: what their results are is tested elsewhere, or is another library's memory.
ELSEWHERE = {
    "empty": "undefined elements",
    "empty_like": "undefined elements",
    "from_dlpack": "test_dlpack",
    **dict.fromkeys(("broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype", "result_type"), "test_dtypes"),
}


def resolved(value: Any, library: Any) -> Any:
    """An argument for a library."""
    if isinstance(value, Pair):
        return value.tensor if library is ao else value.array if library is np else strict.asarray(value.array)
    if isinstance(value, list):
        return [resolved(each, library) for each in value]
    if isinstance(value, str) and value in ALL:
        return getattr(library, value) if library is not np else np.dtype(value)
    return value


def outcome(row: Row, library: Any, arguments: Arguments) -> Any:
    """The results, or the exception."""
    positional, keywords = arguments
    keywords = {name: resolved(value, library) for name, value in keywords.items()}
    function: Any = getattr(library, row.name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*[resolved(value, library) for value in positional], **keywords)
        except (TypeError, ValueError, IndexError, OverflowError, NotImplementedError) as error:
            return error


def leaves(value: Any) -> list[Any]:
    return [leaf for each in value for leaf in leaves(each)] if isinstance(value, (tuple, list)) else [value]


def check(row: Row, arguments: Arguments) -> None:
    """Compare one call."""
    results = outcome(row, ao, arguments)
    for library in filter(None, row.libraries):
        wanted = outcome(row, library, arguments)
        context = f"{row.name} of {[shown(each) for each in arguments[0]]}, {arguments[1]}, by {library.__name__}"
        if isinstance(wanted, Exception):
            if library is np:  # strict also rejects what it need not
                assert isinstance(results, Exception), f"{context}: {results!r} but {wanted!r}"
            continue
        assert not isinstance(results, Exception), f"{context}: {results!r}"
        got, right = leaves(results), leaves(wanted)
        assert len(got) == len(right), context
        for one, other in zip(got, right, strict=True):
            compare(row, one, np.asarray(getattr(other, "_array", other)), context)


def shown(value: Any) -> Any:
    return f"{value.array.dtype} {value.shape}" if isinstance(value, Pair) else value


def compare(row: Row, tensor: Any, wanted: np.ndarray, context: str) -> None:
    """Compare one result."""
    got = np.asarray(tensor)
    if not row.ordered:
        got, wanted = np.sort(got), np.sort(wanted)
    assert isinstance(tensor, ao.Tensor) and got.dtype == wanted.dtype, f"{context}: {got.dtype}, {wanted.dtype}"
    assert got.shape == wanted.shape, f"{context}: {got.shape}, {wanted.shape}"
    if got.dtype.kind not in "fc":
        assert np.array_equal(got, wanted), f"{context}: {got}, {wanted}"
        return
    if row.rtol:
        with np.errstate(all="ignore"):
            scale = float(np.max(np.abs(wanted), initial=0.0, where=np.isfinite(wanted)))
            near = np.isclose(got, wanted, rtol=row.rtol, atol=row.rtol * scale, equal_nan=True)
        assert near.all(), f"{context}: {got[~near][:3]}, {wanted[~near][:3]}"
        return
    allowed = MAX_ULP.get(row.name, 0)
    parts = [(got.real, wanted.real), (got.imag, wanted.imag)] if got.dtype.kind == "c" else [(got, wanted)]
    for ours, theirs in parts:
        if not row.zero_sign:
            ours, theirs = ours + ours.dtype.type(0), theirs + theirs.dtype.type(0)
        distance = ulps(ours, theirs)
        worst = float(np.max(distance, initial=0.0))
        limit = float(allowed) + 4.0 if allowed else 0.0
        if worst > limit:
            at = np.unravel_index(int(np.argmax(distance)), distance.shape)
            raise AssertionError(f"{context}: {ours[at]!r} is not {theirs[at]!r}, {worst} ULP of {limit}")


@settings(max_examples=6, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_few_examples_of_every_function(data: Any) -> None:
    for row in ROWS:
        check(row, row.arguments(Draw(data.draw)))


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_many_examples(row: Row) -> None:
    @settings(max_examples=150, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data: Any) -> None:
        check(row, row.arguments(Draw(data.draw)))

    run()


@pytest.mark.skipif(strict is None, reason="array-api-strict, which lists the functions, is not installed here")
def test_every_function_of_the_standard_has_a_row() -> None:
    names = {name for name in dir(strict) if not name.startswith("_") and not name.endswith("array_api_strict_flags")}
    functions = {
        name for name in names if callable(getattr(strict, name)) and not isinstance(getattr(strict, name), type)
    }
    missing = functions - {row.name for row in ROWS} - ELSEWHERE.keys()
    assert not missing, f"add a row to ROWS for {missing}"
