"""Powers are exact where the result can be represented, and the same bits however the exponent is given."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needs import requires_numba

import aotops as ao
from aotops import ops, reference
from aotops.scalar.mathematics import in_plain_python

#: By dtype: the bits of a significand, and the exponents of the smallest subnormal and of the first power that is none.
FORMATS = {"float64": (53, -1074, 1024), "float32": (24, -149, 128)}
dtypes = pytest.mark.parametrize("dtype", FORMATS)


def powers(bases: Any, exponents: Any, dtype: str) -> np.ndarray:
    """``bases ** exponents`` of arrays, by the kernel for contiguous inputs."""
    x, y = np.broadcast_arrays(np.asarray(bases, dtype), np.asarray(exponents, dtype))
    return np.asarray(ao.pow(ao.asarray(x.copy()), ao.asarray(y.copy())))


def finite(dtype: str, count: int = 50_000) -> np.ndarray:
    """Positive numbers of all sizes, subnormal ones too."""
    largest = np.array([np.finfo(dtype).max]).view("int64" if dtype == "float64" else "int32")[0]
    bits = np.random.default_rng(5).integers(1, largest, count, dtype=largest.dtype, endpoint=True)
    return bits.view(dtype)


def odd_roots(power: int, bits: int, most: int = 20_000) -> list[int]:
    """Odd integers whose power has no more than some bits; the largest of them and others all the way down."""
    largest = int(2 ** (bits / power)) + 2
    while largest**power >= 2**bits:
        largest -= 1
    first = 3 if largest < 2 * most else largest - most
    spread = range(3, first, max(first // most, 1) * 2)
    return sorted({n | 1 for n in (*spread, *range(first, largest + 1)) if (n | 1) <= largest})


@dtypes
def test_integer_powers_are_exact(dtype: str) -> None:
    bits, least, most = FORMATS[dtype]
    tested = 0
    for exponent in range(2, bits):
        bases = odd_roots(exponent, bits)
        exact = [float(n**exponent) for n in bases]  # odd parts decide; powers of two only move the exponent
        for shift in (0, 1, -1, 3, -7, 20, -29):
            if least < shift * exponent < most - bits:
                found = powers(np.ldexp(np.array(bases, float), shift), exponent, dtype)
                expected = np.ldexp(np.array(exact), shift * exponent).astype(dtype)
                np.testing.assert_array_equal(found, expected)
                tested += found.size
    assert tested > (300_000 if dtype == "float64" else 15_000)


@dtypes
@pytest.mark.parametrize("denominator", [2, 4, 8])
def test_powers_of_halves_and_their_like_are_exact(dtype: str, denominator: int) -> None:
    bits, _, _ = FORMATS[dtype]
    for numerator in range(1, 30):
        bases = odd_roots(max(numerator, denominator), bits, 3_000)
        found = powers([float(n**denominator) for n in bases], numerator / denominator, dtype)
        np.testing.assert_array_equal(found, np.array([float(n**numerator) for n in bases], dtype))


@dtypes
def test_powers_of_two_and_ten_are_exact(dtype: str) -> None:
    _, least, most = FORMATS[dtype]
    exponents = np.arange(least - 3, most + 3)
    with np.errstate(over="ignore", under="ignore"):
        expected = np.ldexp(np.ones(exponents.size), exponents).astype(dtype)
    np.testing.assert_array_equal(powers(2.0, exponents, dtype), expected)
    np.testing.assert_array_equal(powers(0.5, -exponents, dtype), expected)
    tens = np.arange(23 if dtype == "float64" else 11)
    np.testing.assert_array_equal(powers(10.0, tens, dtype), [float(10 ** int(n)) for n in tens])


@dtypes
@pytest.mark.parametrize("exponent", [1, 2, 0.5, -1])
def test_exponents_with_an_instruction_are_correctly_rounded(dtype: str, exponent: float) -> None:
    functions: dict[float, Any] = {1: lambda x: x, 2: lambda x: x * x, 0.5: np.sqrt, -1: lambda x: 1 / x}
    x = finite(dtype)
    with np.errstate(over="ignore", under="ignore"):
        expected = functions[exponent](x)
    assert expected.dtype == dtype
    np.testing.assert_array_equal(powers(x, exponent, dtype), expected)
    np.testing.assert_array_equal(np.asarray(ao.asarray(x) ** exponent), expected)
    if exponent != 0.5:
        with np.errstate(over="ignore", under="ignore"):
            np.testing.assert_array_equal(powers(-x, exponent, dtype), functions[exponent](-x))


@dtypes
@pytest.mark.parametrize("sign", [1, -1])
def test_small_exponents_give_one_and_keep_their_sign(dtype: str, sign: int) -> None:
    bits, _, _ = FORMATS[dtype]
    limits = np.finfo(dtype)
    # log2 of any number is below 2^12
    sizes = [float(limits.smallest_subnormal), float(limits.tiny), 2.0**-118, 2.0 ** -(bits + 13)]
    x = finite(dtype, 1_000)
    for size in sizes:
        np.testing.assert_array_equal(powers(x, sign * size, dtype), np.ones_like(x))
        edges = np.array([0.0, np.inf], dtype)
        np.testing.assert_array_equal(powers(edges, sign * size, dtype), edges[::sign])


@dtypes
def test_the_root_of_what_has_none_is_that_of_c(dtype: str) -> None:
    x = np.array([-0.0, -np.inf, np.inf, 0.0, -1.0, np.nan], dtype)
    found = powers(x, 0.5, dtype)
    np.testing.assert_array_equal(found, np.array([0.0, np.inf, np.inf, 0.0, np.nan, np.nan], dtype))
    assert not np.signbit(found[:4]).any()
    np.testing.assert_array_equal(powers(x[:4], -1.0, dtype), np.array([-np.inf, -0.0, 0.0, np.inf], dtype))


@dtypes
def test_the_exponent_may_be_a_number_or_an_array_or_strided(dtype: str) -> None:
    x = finite(dtype, 700)
    x[::50] = -x[::50]
    t = ao.asarray(x)
    for exponent in (7, -1, 0.5, 2, 1.5, -2.5, 3, 0.1, -0.5, 64):
        expected = powers(x, exponent, dtype)
        one = ao.tensor(float(exponent), dtype=dtype)
        strided = np.full((x.size, 2), exponent, dtype)[:, 0]
        for found in (t**exponent, ao.pow(t, one), ao.pow(t, ao.asarray(strided)), ao.pow(t[::-1], one)[::-1]):
            np.testing.assert_array_equal(np.asarray(found), expected, err_msg=str(exponent))
        for k in range(0, 700, 35):
            np.testing.assert_array_equal(powers(x[k : k + 1], exponent, dtype), expected[k : k + 1])


@requires_numba
def test_scalar_functions_have_the_same_powers() -> None:
    x = np.concatenate([finite("float64", 300), np.array([183.0, 2.0, 3.0, 9.0, 0.5])])
    y = np.resize(np.array([7.0, -1.0, 0.5, 2.0, 1.5, -2.5, 0.1]), x.size)
    power = ao.zip(lambda x, y: x**y, dtypes="float64")
    np.testing.assert_array_equal(np.asarray(power(ao.asarray(x), ao.asarray(y))), powers(x, y, "float64"))
    root = ao.map(lambda x: x**0.5, dtypes="float64")
    np.testing.assert_array_equal(np.asarray(root(ao.asarray(x))), np.sqrt(x))
    seventh = ao.map(lambda x: x**7, dtypes="float64")
    bases = np.array([float(n) for n in (2, 3, 183, 187)])
    np.testing.assert_array_equal(np.asarray(seventh(ao.asarray(bases))), [float(int(n) ** 7) for n in bases])


def exact_powers() -> Iterator[tuple[float, float]]:
    """Bases and exponents whose power float64 has."""
    for n in (3, 5, 7, 11, 13, 15, 183, 6765, 94906265):
        for exponent in range(1, 34):
            if n**exponent < 2**53:
                yield float(n), float(exponent)
                yield n / 8, float(exponent)
                yield float(n * n), exponent / 2
    yield from ((2.0, float(k)) for k in range(-1074, 1024, 31))


def test_plain_python_is_exact_too() -> None:
    record = ops.collect()["pow"]
    bases, exponents = zip(*((b, e) for b, e in exact_powers() if b <= 2**53), strict=True)
    plain = reference.evaluate(
        record, reference.tensor(list(bases)), reference.tensor(list(exponents)), present=in_plain_python
    )
    np.testing.assert_array_equal(plain.tolist(), [math.pow(b, e) for b, e in zip(bases, exponents, strict=True)])
    np.testing.assert_array_equal(plain.tolist(), powers(bases, exponents, "float64"))


@given(
    significand=st.integers(1, 2**53 - 1),
    exponent=st.integers(-60, 60),
    scale=st.integers(-300, 300),
    root=st.sampled_from([1, 2, 4]),
)
def test_any_representable_power_is_exact(significand: int, exponent: int, scale: int, root: int) -> None:
    # roots of the significand are made small enough for their power to have 53 bits
    allowed = 53 / max(abs(exponent), root, 1)
    base = Fraction(significand >> max(significand.bit_length() - int(allowed), 0) or 1)
    if exponent < 0:
        base = Fraction(2 ** (base.numerator.bit_length() - 1))  # inverses are representable of powers of two alone
    x, y = base**root * Fraction(2) ** (scale * root), Fraction(exponent, root)
    exact = base**exponent * Fraction(2) ** (scale * exponent)
    try:
        representable = Fraction(float(exact)) == exact and Fraction(float(x)) == x
    except OverflowError:
        return
    if representable:
        assert powers([float(x)], [float(y)], "float64")[0] == float(exact)
