"""User-defined operators of uint64 and of complex numbers: kernels against plain Python, NumPy and exact integers."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops import errors
from aotops.scalar.mathematics import in_plain_python

pytestmark = requires_numba

MOST = 2**64 - 1
#: Around every place where int64, float64 or uint64 end.
WHOLE = [0, 1, 2, 3, 7, 64, 255, 2**31, 2**32 + 5, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, MOST]
MASK = np.uint64(0xF0F0F0F0F0F0F0F0)
TABLE = np.array([1, 2**63, MOST, 5], dtype=np.uint64)


def of_unsigned(x: Any, y: Any) -> Any:
    """Operations of uint64, each of which int64 or float64 would get wrong for large numbers."""
    kept = 0
    if x > y:
        kept = x
    chosen = x if x >= 9223372036854775808 else 5
    return (
        x + y + 1,
        x - y,
        x * 3 * y,
        x // y,
        x % y,
        kept,
        chosen,
        (x >> 60) | (y << 3),
        x & 0xFFFFFFFFFFFFFFFF ^ y,
        ~x,
        max(x, y) - min(x, y, 7),
        x**2 * y**0,
        TABLE[int(x & 3)] ^ MASK,
        x > y,
    )


def exact(x: int, y: int) -> tuple[int, ...]:
    """The same with Python's integers."""
    return (
        (x + y + 1) & MOST,
        (x - y) & MOST,
        (x * 3 * y) & MOST,
        x // y if y else 0,
        x % y if y else 0,
        x if x > y else 0,
        x if x >= 2**63 else 5,
        ((x >> 60) | (y << 3)) & MOST,
        x ^ y,
        ~x & MOST,
        (max(x, y) - min(x, y, 7)) & MOST,
        x * x & MOST,
        int(TABLE[x & 3]) ^ int(MASK),
        int(x > y),
    )


def test_unsigned_numbers_are_exact() -> None:
    operator = ao.zip(of_unsigned, dtypes="uint64", results=(None,) * 13 + ("bool",))
    x, y = (np.array(each, np.uint64) for each in zip(*[(a, b) for a in WHOLE for b in WHOLE], strict=True))
    got = [each.tolist() for each in operator(ao.asarray(x), ao.asarray(y))]
    wanted = [exact(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    plain = in_plain_python(of_unsigned, "uint64", ("uint64",) * 2, ("uint64",) * 13 + ("bool",))
    for k, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        assert tuple(map(int, plain(a, b))) == wanted[k], (a, b)
    for k in range(14):
        assert got[k] == [row[k] for row in wanted], k


def of_unsigned_functions(x: Any, y: Any) -> Any:
    """Functions that are other ones for uint64."""
    quotient, rest = divmod(x, y)
    total = 0
    for k in range(4):
        total += (x >> (16 * k)) & 0xFFFF
    return (
        quotient + rest,
        math.gcd(x, y),
        math.isqrt(x),
        math.isqrt(x - 1) if x > 0 else x,
        abs(x) + np.uint64(-1.0 * 0.0),
        np.int64(x) < 0,
        total,
        float(x),
        x / y,
        math.sqrt(x),
        np.sign(x) * np.where(x > y, x, y),
        -x,
        x == y,
        np.fmod(x, y),
    )


def test_functions_of_unsigned_numbers() -> None:
    kinds = (None,) * 5 + ("bool", None, "float64", "float64", "float64", None, None, "bool", None)
    operator = ao.zip(of_unsigned_functions, dtypes="uint64", results=kinds)
    x, y = (np.array(each, np.uint64) for each in zip(*[(a, b) for a in WHOLE for b in WHOLE], strict=True))
    got = [each.tolist() for each in operator(ao.asarray(x), ao.asarray(y))]
    plain = in_plain_python(of_unsigned_functions, "uint64", ("uint64",) * 2, tuple(k or "uint64" for k in kinds))
    for k, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        row = [each[k] for each in got]
        assert list(map(repr, plain(a, b))) == list(map(repr, row)), (a, b)
        assert row[:4] == [(a // b if b else 0) + (a % b if b else 0), math.gcd(a, b), math.isqrt(a), root_below(a)]
        assert row[4:8] == [a, a >= 2**63, sum((a >> 16 * j) & 0xFFFF for j in range(4)), float(a)]
        assert row[9:] == [math.sqrt(a), (a > 0) * max(a, b), -a & MOST, a == b, a % b if b else 0]
        assert row[8] == float(a) / float(b) if b else not math.isfinite(row[8])


def root_below(a: int) -> int:
    return math.isqrt(a - 1) if a else 0


def test_reductions_of_unsigned_numbers() -> None:
    digest = ao.reduce(lambda a, b: a ^ b, identity=0, map=lambda x: x * 11400714819323198485, dtypes="uint64")
    x = np.array(WHOLE * 40, np.uint64)[::-1].copy()
    assert digest(ao.asarray(x[:300])).item() == int(np.bitwise_xor.reduce(x[:300] * np.uint64(11400714819323198485)))


@pytest.mark.slow
def test_choices_and_scans_of_unsigned_numbers() -> None:
    largest = ao.reduce(lambda a, b: max(a, b), identity=0, dtypes="uint64")
    running = ao.scan(lambda a, b: a + b, identity=0, dtypes="uint64")
    first = ao.argreduce(lambda a, b: b if b > a else a, initial=0, dtypes="uint64")
    x = np.array(WHOLE * 40, np.uint64)[::-1].copy()
    assert largest(ao.asarray(x)).item() == MOST
    np.testing.assert_array_equal(np.asarray(running(ao.asarray(x))), np.cumsum(x))
    assert first(ao.asarray(x)).item() == int(np.argmax(x))


COMPLEX = [0j, 1 + 0j, -2.5 + 1j, 3 - 4j, 1e-5 + 1e5j, complex(0.0, -0.0), complex(-0.0, 2.0), complex(math.inf, 1.0)]
COMPLEX += [complex(math.nan, 1.0), complex(1.0, -math.inf), 0.5j, -1e10 - 1e-10j]


def of_complex(z: Any, w: Any) -> Any:
    """Operations and functions of complex numbers."""
    return (
        z + w * 2 - 1j,
        z * w,
        z / w,
        -z.conjugate(),
        abs(z),
        z.real - w.imag,
        z == w,
        z != z,
        cmath.exp(z * 0.1),
        complex(z.imag, z.real) * 0.5,
        z**2 + z**-1,
        math.sqrt(z) + np.conj(w),
        cmath.phase(z),
        z if z.real > w.real else 0.25,
    )


@pytest.mark.parametrize("dtype", ["complex64", pytest.param("complex128", marks=pytest.mark.slow)])
def test_complex_numbers(dtype: str) -> None:
    part = "float32" if dtype == "complex64" else "float64"
    kinds = (None,) * 4 + (part, part, "bool", "bool") + (None,) * 4 + (part, None)
    operator = ao.zip(of_complex, dtypes=dtype, results=kinds)
    pairs = [(a, b) for a in COMPLEX for b in COMPLEX]
    z, w = (np.array(each, dtype) for each in zip(*pairs, strict=True))
    got = [np.asarray(each) for each in operator(ao.asarray(z), ao.asarray(w))]
    plain = in_plain_python(of_complex, dtype, (dtype,) * 2, tuple(each or dtype for each in kinds))
    for k, (a, b) in enumerate(zip(z.tolist(), w.tolist(), strict=True)):
        for j, value in enumerate(plain(a, b)):
            own = complex(value) if kinds[j] is None else value
            same(own, got[j][k].item(), (j, a, b))
    ordinary = np.isfinite(z) & np.isfinite(w) & (w != 0) & (z != 0)
    a, b = z[ordinary], w[ordinary]
    wanted: list[Callable[[], Any]] = [
        lambda: a + b * 2 - 1j,
        lambda: a * b,
        lambda: a / b,
        lambda: -a.conj(),
        lambda: abs(a),
    ]
    wanted += [lambda: a.real - b.imag, lambda: a == b, lambda: a != a, lambda: np.exp(a * a.dtype.type(0.1))]
    tolerance = 1e-4 if part == "float32" else 1e-12
    for k, function in enumerate(wanted):
        np.testing.assert_allclose(got[k][ordinary], function(), rtol=tolerance, atol=0, err_msg=str(k))
    assert got[0].dtype == dtype
    assert got[4].dtype == part


def same(a: Any, b: Any, where: Any) -> None:
    """Assert that two numbers have the same bits, but for those of NaN."""
    for x, y in ((a.real, b.real), (a.imag, b.imag)):
        assert x == y or (x != x and y != y), (where, a, b)
        assert math.copysign(1, x) == math.copysign(1, y) or x != x, (where, a, b)


def test_a_state_of_complex_numbers() -> None:
    energy = ao.reduce(
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
        map=lambda z: (z, abs(z)),
        identity=(0j, 0.0),
        finish=lambda total, size: total / size,
        dtypes="complex128",
    )
    z = np.exp(1j * np.arange(300.0)) * np.linspace(0.9, 1.1, 300)
    np.testing.assert_allclose(energy(ao.asarray(z)).item(), z.sum() / abs(z).sum(), rtol=1e-12)
    assert energy._record.states_for("complex128") == ("complex128", "float64")


@pytest.mark.slow
def test_reductions_and_scans_of_complex_numbers() -> None:
    product = ao.reduce(lambda a, b: a * b, identity=1.0, dtypes="complex128")
    running = ao.scan(lambda a, b: a + b, identity=0j, dtypes="complex128")
    longest = ao.argreduce(lambda a, b: b if abs(b) > abs(a) else a, initial=0, dtypes="complex128")
    z = np.exp(1j * np.arange(300.0)) * np.linspace(0.9, 1.1, 300)
    np.testing.assert_allclose(product(ao.asarray(z)).item(), np.prod(z), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(running(ao.asarray(z))), np.cumsum(z), rtol=1e-12)
    with pytest.warns(UserWarning, match="not commutative"):  # of numbers of equal size it keeps the first
        assert longest(ao.asarray(z)).item() == 299


def test_constants_of_complex_and_unsigned_declarations() -> None:
    weighted = ao.zip(lambda z, w: z * w, dtypes="complex64", defaults={"w": 1j})
    assert weighted(ao.tensor([2.0 + 1.0j], dtype=ao.complex64)).tolist() == [-1 + 2j]
    shifted = ao.zip(lambda x, k: x >> k, dtypes="uint64", fixed={"k": "uint64"}, defaults={"k": 63})
    assert shifted(ao.tensor([MOST], dtype=ao.uint64)).tolist() == [1]
    with pytest.raises(errors.RecordError, match="fit uint64"):
        ao.reduce(lambda a, b: a + b, identity=-1, dtypes="uint64")
    with pytest.raises(errors.RecordError, match="fit float32"):
        ao.reduce(lambda a, b: a + b, identity=1j)


@pytest.mark.parametrize(
    ("function", "kind", "message"),
    [
        (lambda z: z if z < 1 else -z, {}, "complex numbers have no order"),
        (lambda z: max(z, 1), {}, "must be real numbers, got complex128; compute with abs"),
        (lambda z: math.floor(z), {}, "must be real numbers, got complex128"),
        (lambda z: z // 2, {}, "must be real numbers, got complex128"),
        (lambda z: z, {"result": "float64"}, "must return a real number, and returns a complex one"),
    ],
)
def test_what_has_no_meaning_for_complex_numbers(function: Any, kind: dict[str, str], message: str) -> None:
    operator = ao.map(function, dtypes="complex128", **kind)
    with pytest.raises(errors.BuildError, match=message):
        operator(ao.tensor([1j]))


def test_in_reductions_complex_numbers_have_no_order_either() -> None:
    largest = ao.reduce(lambda a, b: max(a, b), initial=0.0, dtypes="complex128")
    with pytest.raises(errors.BuildError, match="complex numbers have no order"):
        largest(ao.tensor([1j]))
