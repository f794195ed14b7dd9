"""Functions of complex numbers: special values, errors, and that layouts and plain Python make no difference."""

from __future__ import annotations

import ast
import cmath
import itertools
import math
import operator
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS
from needs import PROJECT, requires_source
from test_complex import ELEMENTWISE, dtypes, pair

import aotops as ao
from aotops import _native, reference
from aotops.ops.record import COMPLEX, Record

INF, NAN, PI = math.inf, math.nan, math.pi
#: Exact functions, and the largest errors in ULP: of the real part, of the imaginary part; 0 where it may cancel, and
#: then of the number that consists of both, in ULP of the larger part.
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], float, float, float]] = {
    "exp": (mpmath.exp, 2.5, 2.5, 2.5),
    "expm1": (lambda z: mpmath.exp(z) - 1, 0, 2.5, 3),
    "log": (mpmath.log, 1.5, 1, 1.5),
    "log1p": (lambda z: mpmath.log(1 + z), 1.5, 1.5, 1.5),
    "log2": (lambda z: mpmath.log(z) / mpmath.log(2), 1.5, 2, 2),
    "log10": (lambda z: mpmath.log(z) / mpmath.log(10), 2, 2, 2),
    "sqrt": (mpmath.sqrt, 2, 2.5, 2.5),
    "reciprocal": (lambda z: 1 / z, 3, 3, 3),
    "sign": (lambda z: z / abs(z), 2.5, 2.5, 2.5),
    "sinh": (mpmath.sinh, 2.5, 2.5, 2.5),
    "cosh": (mpmath.cosh, 2.5, 2.5, 2.5),
    "tanh": (mpmath.tanh, 5, 5, 5),
    "sin": (mpmath.sin, 2.5, 2.5, 2.5),
    "cos": (mpmath.cos, 2.5, 2.5, 2.5),
    "tan": (mpmath.tan, 5, 5, 5),
    "asin": (mpmath.asin, 3, 3, 3),
    "acos": (mpmath.acos, 3, 3, 3),
    "atan": (mpmath.atan, 3, 3, 3),
    "asinh": (mpmath.asinh, 3, 3, 3),
    "acosh": (mpmath.acosh, 3, 3, 3),
    "atanh": (mpmath.atanh, 3, 3, 3),
}
OF_CMATH = tuple(name for name in FUNCTIONS if hasattr(cmath, name) and name != "log10")
NEW = [record for record in ELEMENTWISE if record.name in (*FUNCTIONS, "pow")]


def applied(name: str, values: list[complex], dtype: str) -> list[complex]:
    """What an operator makes of numbers."""
    result = getattr(ao, name)(ao.tensor(values, dtype=dtype))
    assert result.dtype == dtype
    return list(result.tolist())


def is_same(got: float, wanted: float, rtol: float) -> bool:
    """Whether a float is another one, nearly; zeros and infinities with their signs."""
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    if wanted == 0 or math.isinf(wanted):
        return got == wanted and math.copysign(1, got) == math.copysign(1, wanted)
    return abs(got - wanted) <= rtol * abs(wanted)


# --- special values -------------------------------------------------------------------------------------------------

PARTS_OF_CASES = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.5, -2.5, INF, -INF, NAN)
#: Where the sign of a zero or an infinity is unspecified, by the array API standard and by C: a number of the first
#: argument and one of the second, up to their signs.
UNSPECIFIED = {
    "exp": {(INF, INF), (INF, NAN)},
    "cosh": {(0.0, INF), (0.0, NAN), (NAN, 0.0), (INF, INF), (INF, NAN)},
    "sinh": {(0.0, INF), (0.0, NAN), (INF, INF), (INF, NAN)},
    "tanh": {(INF, 2.5), (INF, INF), (INF, NAN)},
    "cos": {(INF, 0.0), (NAN, 0.0), (0.0, NAN), (INF, INF), (NAN, INF)},
    "tan": {(2.5, INF), (INF, INF), (NAN, INF)},
    "sqrt": {(INF, NAN)},
    "atan": {(INF, NAN), (NAN, INF), (INF, INF)},
    "atanh": {(INF, NAN), (NAN, INF), (INF, INF)},
    "acos": {(INF, NAN)},
    "asin": {(NAN, INF), (INF, NAN)},
    "asinh": {(NAN, INF), (INF, NAN)},
    "acosh": {(0.0, NAN)},
    "sin": {(NAN, 0.0), (INF, INF), (INF, 0.0), (NAN, INF), (INF, NAN)},
}


def kind_of(number: complex) -> str:
    """A key of a pair of absolute values, among which NaN is equal to itself."""
    return repr((abs(number.real), abs(number.imag)))


@pytest.mark.parametrize("dtype", COMPLEX)
def test_special_values_are_those_of_c(dtype: str) -> None:
    numbers = [complex(a, b) for a, b in itertools.product(PARTS_OF_CASES, repeat=2)]
    for name in OF_CMATH:
        free = {repr(each) for each in UNSPECIFIED.get(name, ())}
        for z, got in zip(numbers, applied(name, numbers, dtype), strict=True):
            try:
                wanted = getattr(cmath, name)(z)
            except ValueError:  # a pole, or a result that is invalid: the rows below
                continue
            if name in ("tanh", "tan", "acosh") and 0 in (z.real, z.imag) and cmath.isnan(z):
                continue  # both parts are NaN before Python 3.13, and of acosh even there: in the rows below
            if kind_of(z) in free:
                got, wanted = (complex(abs(w.real), abs(w.imag)) for w in (got, wanted))
            rtol = 1e-6 if dtype == "complex64" else 1e-15
            ok = is_same(got.real, wanted.real, rtol) and is_same(got.imag, wanted.imag, rtol)
            assert ok, f"{name}({z}) is {got}, cmath's {wanted}"


#: Rows of the standard's tables that cmath raises for, or has no function for; of infinities and zeros beside a NaN the
#: sign is unspecified.
ROWS = {
    "exp": ((0, INF, NAN, NAN), (2.5, INF, NAN, NAN), (INF, INF, INF, NAN), (INF, NAN, INF, NAN)),
    "expm1": (
        *(
            (0, 0, 0, 0),
            (2.5, INF, NAN, NAN),
            (2.5, NAN, NAN, NAN),
            (INF, 0, INF, 0),
            (-INF, 1, -1, 0),
            (INF, 1, INF, INF),
        ),
        *((-INF, INF, -1, 0), (INF, INF, INF, NAN), (-INF, NAN, -1, 0), (INF, NAN, INF, NAN), (NAN, 0, NAN, 0)),
        *((NAN, 1, NAN, NAN), (NAN, NAN, NAN, NAN), (800, 0, INF, 0), (INF, 2.5, -INF, INF)),
    ),
    "log": ((-0.0, 0, -INF, PI), (0, 0, -INF, 0), (0, -0.0, -INF, -0.0)),
    "log1p": (
        *((-1, 0, -INF, 0), (1, INF, INF, PI / 2), (1, NAN, NAN, NAN), (-INF, 1, INF, PI), (INF, 1, INF, 0)),
        *((-INF, INF, INF, 3 * PI / 4), (INF, INF, INF, PI / 4), (-INF, NAN, INF, NAN), (NAN, 1, NAN, NAN)),
        *((NAN, INF, INF, NAN), (NAN, NAN, NAN, NAN), (0, 0, 0, 0), (0, -0.0, 0, -0.0)),
    ),
    "log2": ((8, 0, 3, 0), (0, 0, -INF, 0), (INF, NAN, INF, NAN), (2.0**-1074, 0, -1074, 0), (1, NAN, NAN, NAN)),
    "log10": ((1000, 0, 3, 0), (0, -0.0, -INF, -0.0), (NAN, INF, INF, NAN), (-INF, INF, INF, 0.75 * PI / math.log(10))),
    "sinh": ((0, INF, 0, NAN), (2.5, INF, NAN, NAN), (INF, INF, INF, NAN), (INF, NAN, INF, NAN), (0, NAN, 0, NAN)),
    "cosh": ((0, INF, NAN, 0), (2.5, INF, NAN, NAN), (INF, INF, INF, NAN), (0, NAN, NAN, 0), (NAN, 0, NAN, 0)),
    "tanh": (
        (INF, 2.5, 1, 0),
        (-INF, -2.5, -1, -0.0),
        (0, INF, 0, NAN),
        (2.5, INF, NAN, NAN),
        (0, NAN, 0, NAN),
        (INF, NAN, 1, 0),
        (NAN, 0, NAN, 0),
    ),
    "sin": ((INF, 0, NAN, 0), (INF, 2.5, NAN, NAN), (INF, INF, NAN, INF)),
    "cos": ((INF, 0, NAN, 0), (INF, 2.5, NAN, NAN), (INF, INF, INF, NAN)),
    "tan": ((INF, 0, NAN, 0), (INF, 2.5, NAN, NAN)),
    "atan": ((0, 1, 0, INF), (0, -1, 0, -INF)),
    "atanh": ((1, 0, INF, 0), (-1, 0, -INF, 0)),
    "acosh": ((0, NAN, NAN, PI / 2),),
    "sign": (
        (0, -0.0, 0, 0),
        (NAN, 0, NAN, NAN),
        (0, NAN, NAN, NAN),
        (INF, 2.5, 1, 0),
        (2.5, -INF, 0, -1),
        (-3, 4, -0.6, 0.8),
    ),
    "reciprocal": (
        (0, 0, INF, NAN),
        (INF, 1, 0, -0.0),
        (-2, 0, -0.5, -0.0),
        (0, 2, 0, -0.5),
        (1, NAN, NAN, NAN),
        (-INF, INF, -0.0, -0.0),
    ),
}


@pytest.mark.parametrize("dtype", COMPLEX)
def test_special_values_are_those_of_the_standard(dtype: str) -> None:
    for name, rows in ROWS.items():
        for a, b, real, imaginary in rows:
            z = complex(a, b)
            if abs(a) < 1e-300 and a and dtype == "complex64":
                continue  # it is 0 there
            (got,) = applied(name, [z], dtype)
            wanted = complex(real, imaginary)
            if math.isnan(wanted.real) != math.isnan(wanted.imag):
                got, wanted = (complex(abs(w.real), abs(w.imag)) for w in (got, wanted))
            rtol = 1e-6 if dtype == "complex64" else 1e-15
            ok = is_same(got.real, wanted.real, rtol) and is_same(got.imag, wanted.imag, rtol)
            assert ok, f"{name}({z}) is {got}, not {wanted}"


def test_signs_of_zeros_choose_the_side_of_a_branch_cut() -> None:
    for name in ("log", "sqrt", "asin", "acos", "atan", "asinh", "acosh", "atanh", "log2", "log10", "log1p"):
        for z in (complex(-3.0, 0.0), complex(3.0, 0.0), complex(0.0, 3.0), complex(0.0, -3.0), complex(-0.0, 3.0)):
            beside = complex(z.real or math.copysign(1e-300, z.real), z.imag or math.copysign(1e-300, z.imag))
            (got,), (near,) = applied(name, [z], "complex128"), applied(name, [beside], "complex128")
            assert abs(got - near) < 1e-14, (name, z)
            (other,) = applied(name, [z.conjugate()], "complex128")
            assert repr(other) == repr(got.conjugate()), (name, z)


# --- errors ---------------------------------------------------------------------------------------------------------


def points(seed: int, count: int, lowest: int, highest: int) -> list[complex]:
    """Numbers of all sizes, and close to the unit circle, to its shifted copy, to 1, to the axes and to 0."""
    generator = random.Random(seed)

    def part() -> float:
        sign = generator.choice((-1.0, 1.0))
        return sign * generator.choice(
            (
                abs(generator.gauss(0, 1)),
                generator.uniform(0, 700 if highest > 200 else 80),
                2.0 ** generator.uniform(lowest, highest),
                1 + generator.choice((-1, 1)) * 2.0 ** generator.uniform(-54, -1),
                2.0 ** generator.uniform(-60, 3),
                generator.choice((1.0, 2.0, 0.5)),
            )
        )

    found = []
    for k in range(count):
        angle = generator.uniform(0, 2 * PI)
        circle = complex(math.cos(angle), math.sin(angle))
        found.append((complex(part(), part()), complex(part(), part()), circle, circle - 1)[k % 4])
    return found


def ulps(got: float, wanted: Any, dtype: str) -> float:
    """The error in ULP; an infinity stands where the next power of two would."""
    digits, lowest, highest = (23, -126, 128) if dtype == "complex64" else (52, -1022, 1024)
    if math.isnan(got):
        return INF
    exponent = max(int(mpmath.floor(mpmath.log(abs(wanted), 2))), lowest) if wanted else lowest
    value = mpmath.mpf(got) if math.isfinite(got) else mpmath.sign(got) * mpmath.mpf(2) ** highest
    if exponent >= highest:
        return 0.0 if math.isinf(got) and (got > 0) == (wanted > 0) else INF
    return float(abs(value - wanted) / mpmath.mpf(2) ** (exponent - digits))


def of_a_size(name: str, z: complex) -> bool:
    """Whether mpmath, whose exponents know no bound, computes a function in a short time."""
    a, b = abs(z.real), abs(z.imag)
    if name in ("sin", "cos", "tan"):
        a, b = b, a
    return a < 3000 if name in ("exp", "expm1", "sinh", "cosh", "tanh", "sin", "cos", "tan") else True


def errors(name: str, numbers: list[complex], dtype: str) -> Iterator[tuple[complex, float, float, float]]:
    """Each number with the errors in ULP of both parts of the result, 0 of one that may cancel, and then of both."""
    exact, of_real, of_imaginary, _ = FUNCTIONS[name]
    for z, got in zip(numbers, applied(name, numbers, dtype), strict=True):
        exponents = [abs(math.frexp(each)[1]) for each in (z.real, z.imag)]
        with mpmath.workprec(250 + 4 * max(exponents)):  # parts of inverse functions cancel
            wanted = exact(mpmath.mpc(z))
            real, imaginary, both = ulps(got.real, wanted.real, dtype), ulps(got.imag, wanted.imag, dtype), 0.0
            if not of_real and math.isinf(got.real):
                both = real
            elif not of_real:
                larger = max(abs(wanted.real), abs(wanted.imag))
                unit = ulps(0.0, larger, dtype) / float(larger)  # per the ULP of the larger part
                both = float(abs(mpmath.mpc(got) - wanted)) * unit
            yield z, real if of_real else 0.0, imaginary if of_imaginary else 0.0, both


@pytest.mark.parametrize("dtype", COMPLEX)
def test_errors_are_bounded(dtype: str) -> None:
    numbers = points(1, 280, -149 if dtype == "complex64" else -1074, 127.9 if dtype == "complex64" else 1023.9)
    numbers = ao.tensor(numbers, dtype=dtype).tolist()
    for name, (_, of_real, of_imaginary, of_both) in FUNCTIONS.items():
        for z, real, imaginary, both in errors(name, [z for z in numbers if of_a_size(name, z)], dtype):
            found = f"{name}({z!r}) errs by {real} ULP in its real part, {imaginary} in its imaginary part, {both}"
            assert real <= of_real and imaginary <= of_imaginary and both <= of_both, found


def test_subnormal_parts_err_no_more() -> None:
    """Beside numbers of all sizes, also where the result is much larger, or as small."""
    others = (0.3, 1.0, 1.0000001, -20.0, 700.0, 1440.0, 1e-200, 5e-324)
    numbers = [complex(a, b) for a in (5e-324, 3.3e-315, -1.7e-310, 2.3e-308) for b in others]
    numbers += [complex(z.imag, z.real) for z in numbers]
    for name, (_, of_real, of_imaginary, _) in FUNCTIONS.items():
        for z, real, imaginary, _ in errors(name, [z for z in numbers if of_a_size(name, z)], "complex128"):
            found = f"{name}({z!r}) errs by {real} ULP in its real part and by {imaginary} in its imaginary part"
            assert real <= of_real or not of_real, found
            assert imaginary <= of_imaginary, found


#: The rows of docs/accuracy.md: an operator, and for each dtype its largest error and where.
ROW = re.compile(r"^\| (\w+) \| ([\d.]+) \| (\S+) \| ([\d.]+) \| (\S+) \|$", re.M)
PAGE = PROJECT / "docs" / "accuracy.md"


def test_expm1_near_its_other_zeros() -> None:
    """Multiples of ``2 * pi * i``, where the cosine is nearly 1."""
    offsets = (0.0029, -1e-5, 3e-9)
    zeros = [complex(a, 2 * PI * k + d) for k in (1, 3, -40) for d in offsets for a in (0.0, -1e-6, 0.01)]
    for z, _, imaginary, both in errors("expm1", zeros, "complex128"):
        assert imaginary <= 2.5 and both <= 3, (z, imaginary, both)


@requires_source
def test_the_page_of_errors_has_those_of_complex_functions() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8").partition("## Complex")[2])
    assert [name for name, *_ in rows] == sorted(FUNCTIONS)
    for name, *cells in rows:
        for dtype, error, where in zip(COMPLEX, cells[::2], cells[1::2], strict=True):
            ((_, *found),) = errors(name, [ast.literal_eval(where)], dtype)
            assert max(found) == pytest.approx(float(error), abs=6e-4), f"{name} {dtype}: measure it again"


@settings(max_examples=60, deadline=None)
@given(dtypes, st.integers(0, 10**9))
def test_powers_err_in_proportion_to_the_exponent(dtype: str, seed: int) -> None:
    generator = random.Random(seed)
    z, w = (
        complex(*(generator.gauss(0, 1) * 10.0 ** generator.uniform(-low, high) for _ in "ab"))
        for low, high in ((3, 3), (2, 1))
    )
    if generator.random() < 0.4:
        w = complex(generator.choice((2, 3, -1, 0.5, -2, 7, 0.25)))
    x, y = ao.tensor([z], dtype=dtype), ao.tensor([w], dtype=dtype)
    (z,), (w,) = x.tolist(), y.tolist()
    (got,) = (x**y).tolist()
    steps = mpmath.mpc(w) * mpmath.log(mpmath.mpc(z))
    wanted = mpmath.exp(steps)
    if not -80 < steps.real < 80:
        return
    bound = 2.0 ** (-23 if dtype == "complex64" else -52) * float(2 + abs(steps) * (dtype == "complex128"))
    assert abs(mpmath.mpc(got) - wanted) <= bound * abs(wanted), (z, w, got)


def test_powers_of_zero_infinity_and_units() -> None:
    for z, w, wanted in (
        (0, 0, 1),
        (complex(NAN, 1), 0, 1),
        (0, 2.5, 0),
        (0, 1 + 1j, 0),
        (1j, 2, -1),
        (1j, -2, -1),
        (-2, 3, -8),
        (2, 10, 1024),
        (4, 0.5, 2),
        (INF, 2, INF),
        (1, 5j, 1),
    ):
        result = ao.pow(ao.tensor([z], dtype="complex128"), ao.tensor([w], dtype="complex128")).item()
        assert result == wanted, (z, w, result)
    for w in (-1, 1j, -1 + 1j, complex(NAN, 0)):
        result = ao.pow(ao.tensor(0j), ao.tensor(w, dtype="complex128")).item()
        assert math.isnan(result.real) and math.isnan(result.imag), (w, result)


def test_operators_of_python_reach_the_functions() -> None:
    t = ao.tensor([1 + 2j, -3.0])
    assert (t**2).tolist() == ao.square(t).tolist() == [-3 + 4j, 9]
    for left, right in ((t, 0.5), (2, t), (t, ao.tensor([1, 2])), (ao.tensor([2.0, 3.0]), t), (t, 1j)):
        result = operator.pow(left, right)
        wanted = [a**b for a, b in zip(*(np.broadcast_arrays(np.asarray(left), np.asarray(right))), strict=True)]
        assert result.dtype == "complex128"
        np.testing.assert_allclose(result.tolist(), wanted, rtol=1e-13, atol=1e-13)
    assert (ao.tensor([1j], dtype="complex64") ** 2.5).dtype == "complex64"
    assert t.exp().tolist() == ao.exp(t).tolist() and np.exp(t).tolist() == ao.exp(t).tolist()
    assert ao.exp(ao.tensor([1, 2])).dtype == "float64" and ao.sqrt(ao.tensor(-1 + 0j)).item() == 1j


# --- layouts, and plain Python --------------------------------------------------------------------------------------


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(NEW), dtypes, st.sampled_from(list(LAYOUTS)), st.booleans())
def test_layouts_make_no_difference(record: Record, dtype: str, name: str, special: bool) -> None:
    layout = LAYOUTS[name]
    if np.prod(layout.shape) > 4000:
        return
    given_tensors = [pair(layout, dtype, k, special) for k in range(record.inputs)]
    function = _native.operators[record.name]
    result = np.asarray(function(*[tensor for tensor, _ in given_tensors]))
    flat = [np.ascontiguousarray(array).ravel() for _, array in given_tensors]
    wanted = np.asarray(function(*map(ao.tensor, flat)))
    assert result.shape == given_tensors[0][1].shape and result.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("count", [1, 15, 16, 17, 127, 128, 129, 300])
def test_rows_of_all_lengths(count: int) -> None:
    z = np.random.default_rng(count).normal(size=(count, 2)).view("complex128").ravel()
    far = z.copy()
    far[count // 2] = complex(1.0, 1e22)  # the block takes no fast path
    for array in (z, far):
        for name in ("exp", "tan"):
            result = np.asarray(getattr(ao, name)(ao.tensor(array)))
            np.testing.assert_allclose(result, getattr(np, name)(array), rtol=1e-13)
            one_by_one = [getattr(ao, name)(ao.tensor(each)).item() for each in array.tolist()]
            assert result.tolist() == one_by_one


def test_kernels_have_the_bits_of_plain_python() -> None:
    numbers = [*points(2, 24, -1000, 1000), 0j, complex(-0.0, 1.0), complex(INF, -2), complex(1, NAN), complex(2, 1e22)]
    for record in NEW:
        for dtype in COMPLEX:
            x = ao.tensor(numbers, dtype=dtype)
            inputs = [x, ao.flip(x)][: record.inputs]
            result = _native.operators[record.name](*inputs)
            plain: Any = reference.evaluate(record, *[reference.tensor(each) for each in inputs])
            assert result.dtype == plain.dtype
            np.testing.assert_array_equal(result.tolist(), plain.tolist(), err_msg=f"{record.name} {dtype}")
