"""Powers, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    float64_of_bits,
    nearest,
    scale_exponent,
    select,
    widen,
    wrap_int64,
)
from aotops.ops.arithmetic import square
from aotops.ops.pieces import INF, NAN, head64, in_float64, is_outside, magnitude32, magnitude64
from aotops.ops.record import NUMBERS, zip

# 2 / (3 * ln(2)), the upper 26 bits and the rest
LOG2_CUBIC_HEAD, LOG2_CUBIC_TAIL = 0.9617966860532761, 7.872699542894897e-09
LOG2_CUBIC = 0.9617966939259756


def binary_parts64(x: Any) -> Any:
    """``k, z`` with ``x = 2**k * z`` for a positive normal float64, ``z`` between the roots of 1/2 and 2."""
    shifted = bits_of_float64(x) + 0x00095F6200000000
    z = float64_of_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000)
    return float64_of_bits((shifted >> 52) & 0x7FF | 0x4330000000000000) - 4503599627371519.0, z


def log2_parts64(x: Any, offset: Any) -> Any:
    """``log2(x) + offset`` of a positive normal float64 in two parts, the first of 26 bits; within 2^-66 of itself.

    As in fdlibm's e_pow.c: with ``s = (z - 1) / (z + 1)`` the logarithm of z is ``2/3 * s * (3 + s**2 + ...)``, where
    both factors are taken in a part of 26 bits and a rest.
    """
    k, z = binary_parts64(x)
    k = k + offset
    f = z - 1.0
    d = 2.0 + f
    inverse = 1.0 / d
    d_head = head64(d)
    s = f * inverse
    s_head = head64(s)
    s_tail = ((f - s_head * d_head) - s_head * (f - (d_head - 2.0))) * inverse
    square = s_head * s_head
    square_tail = s_tail * (2.0 * s_head + s_tail)
    w = s * s  # near enough for what follows, and sooner there
    w2 = w * w
    p = 0.6000000000000338 + w * 0.4285714285514817
    q = 0.3333333378011445 + w * 0.2727267652928367
    r = 0.2308013703329041 + w * (0.19885201433138802 + w * 0.1979473570500677)
    rest = w2 * (p + w2 * (q + w2 * r)) + square_tail
    sum_head = head64(3.0 + square + rest)
    sum_tail = rest - ((sum_head - 3.0) - square)
    u = s_head * sum_head
    v = s_tail * sum_head + sum_tail * (s_head + s_tail)
    u_head = head64(u + v)
    u_tail = v - (u_head - u)
    high = LOG2_CUBIC_HEAD * u_head
    low = LOG2_CUBIC_TAIL * u_head + u_tail * LOG2_CUBIC
    head = head64((high + low) + k)
    return head, low - ((head - k) - high)


def exp2_of(high: Any, low: Any) -> Any:
    """``2**(high + low)``, rounded once more where it is subnormal; infinity and 0 beyond."""
    total = high + low
    k = nearest(total)
    w = (high - k) + low
    w2 = w * w
    w4 = w2 * w2
    p01 = 0.6931471805599453 + w * 0.24022650695910133
    p23 = 0.05550410866482174 + w * 0.009618129107593328
    p45 = 0.0013333558146379012 + w * 0.00015403530458085038
    p67 = 1.5252733867561803e-05 + w * 1.321543481385666e-06
    p89 = 1.0178046453689235e-07 + w * 7.0738607566258206e-09
    p = (p01 + w2 * p23) + w4 * ((p45 + w2 * p67) + w4 * (p89 + w2 * 4.4573882735027256e-10))
    small = total < -1021.0
    y = scale_exponent(1.0 + w * p, k + select(small, 64.0, 0.0)) * select(small, 5.421010862427522e-20, 1.0)
    return select(total >= 1024.0, INF, select(total < -1080.0, 0.0, y))


def positive_power64(x: Any, offset: Any, y: Any) -> Any:
    """``(2**offset * x)**y`` in float64 for a positive normal x and any y but NaN."""
    # beyond these bounds every power but that of 1 overflows or vanishes, for log2(x) is at least 2^-53
    y = select(y > 1.8446744073709552e19, 1.8446744073709552e19, y)
    y = select(y < -1.8446744073709552e19, -1.8446744073709552e19, y)
    log_head, log_tail = log2_parts64(x, offset)
    y_head = head64(y)
    return exp2_of(y_head * log_head, (y - y_head) * log_head + y * log_tail)


@in_float64
def positive_power32(x: Any, y: Any) -> Any:
    """``x**y`` of float32 in float64 for a positive x and any y but NaN, to 2^-28."""
    k, z = binary_parts64(widen(x))
    f = z - 1.0
    s = f / (2.0 + f)
    w = s * s
    w2 = w * w
    p = (2.8853900817901534 + w * 0.9617966732672669) + w2 * (
        (0.577083597894059 + w * 0.4116720013174998) + w2 * 0.3407425525431843
    )
    total = widen(y) * (k + s * p)
    # float32 is 0 or infinity out of these bounds; a product of 0 and infinity, where x is 1, is made 0
    total = select(total > 200.0, 200.0, select(total > -200.0, total, -200.0))
    k = nearest(total)
    w = total - k
    w2 = w * w
    p = (0.6931472062510459 + w * 0.24022651346029006) + w2 * (
        (0.05550327784947986 + w * 0.009618003874651122) + w2 * (0.001340027220320923 + w * 0.00015476304681008042)
    )
    return scale_exponent(1.0 + w * p, k)


def signed_power(x: Any, y: Any, r: Any) -> Any:
    """``x**y`` for any floats, where ``r`` is ``abs(x)**y`` if that is a finite power of a finite positive number."""
    a = math.fabs(x)
    # what has no logarithm, and what has one but an infinite factor
    grows = (a > 1.0) == (y > 0.0)
    r = select((a == 0.0) | (a == INF) | (math.fabs(y) == INF), select(grows, INF, 0.0), r)
    whole = nearest(y) == y
    half = 0.5 * y
    odd = whole & (nearest(half) != half)
    negative = math.copysign(1.0, x) < 0.0
    r = select(negative & odd, -r, r)
    r = select((x < 0.0) & (a < INF) & (nearest(y) != y), NAN, r)
    r = select((x != x) | (y != y), NAN, r)
    return select((x == 1.0) | (y == 0.0) | ((a == 1.0) & (math.fabs(y) == INF)), 1.0, r)


def pow64(x1: Any, x2: Any) -> Any:
    """pow in float64."""
    a = math.fabs(x1)
    subnormal = a < 2.2250738585072014e-308
    normal = select((a > 0.0) & (a < INF), select(subnormal, a * 18014398509481984.0, a), 1.0)
    r = positive_power64(normal, select(subnormal, -54.0, 0.0), select(x2 == x2, x2, 1.0))
    return signed_power(x1, x2, r)


@in_float64
def pow32(x1: Any, x2: Any) -> Any:
    """pow of float32, in float64."""
    a = math.fabs(x1)
    r = positive_power32(select((a > 0.0) & (a < INF), a, 1.0), select(math.fabs(x2) < INF, x2, 1.0))
    return signed_power(widen(x1), widen(x2), r)


def pow_int64(x1: Any, x2: Any) -> Any:
    """pow in int64 by squaring; the one loop in a scalar function, 63 multiplications without a vector are slower."""
    base = x1
    exponent = select(x2 < 0, 0, x2)
    result = 1
    while exponent > 0:
        result = wrap_int64(select((exponent & 1) == 1, result * base, result))
        base = wrap_int64(base * base)
        exponent = exponent >> 1
    # of the inverses only those of 1 and -1 are integers
    inverse = select(x1 == 1, 1, select(x1 == -1, 1 - 2 * (x2 & 1), 0))
    return select(x2 < 0, inverse, result)


def numpy_pow(np: Any, x1: Any, x2: Any) -> Any:
    """NumPy's power, and what it refuses: negative powers of integers."""
    if x1.dtype.kind == "f":
        return np.power(x1, x2)
    inverse = np.where(abs(x1) == 1, np.where(x2 % 2 == 1, x1, 1), 0)
    return np.where(x2 < 0, inverse, np.power(x1, np.maximum(x2, 0)))


@zip(dtypes=NUMBERS, slot="power", squares=square, units=2, numpy=numpy_pow)
def pow(x1: Any, x2: Any) -> Any:
    """Each element of the first to the power of the second, ``x1 ** x2``.

    Floats within 2 units in the last place; special values as C's ``pow`` and NumPy have them: anything to the power
    of 0, and 1 to any power, is 1, even with NaN; a negative number to a power that is no integer is NaN; 0 to a
    negative power is an infinity; no warnings. int64 wraps around; a negative power of an int64 is 0, but for 1 and
    -1, which are their own inverses (NumPy raises ``ValueError``). Two bool tensors are a ``TypeError``.

    Shapes and dtypes: the inputs broadcast together and are promoted as ``numpy.result_type`` does,
    Python numbers weakly (int64, float32, float64).

    >>> import aotops as ao
    >>> ao.pow(ao.tensor([2.0, -8.0, 4.0]), ao.tensor([10.0, 3.0, -0.5]))
    tensor([1024. , -512. ,    0.5])
    """
    return pow64(x1, x2)


pow.specialise("int64")(pow_int64)
pow.specialise("float32")(pow32)


@pow.common_case("float64", unless=lambda x1, x2: is_special64(x1, x2))
def _(x1: Any, x2: Any) -> Any:
    return positive_power64(x1, 0.0, x2)


@pow.common_case("float32", unless=lambda x1, x2: is_special32(x1, x2))
def _(x1: Any, x2: Any) -> Any:
    return positive_power32(x1, x2)


def is_special64(x1: Any, x2: Any) -> Any:
    """Whether x1 is not positive, normal and finite, or x2 not finite."""
    return is_outside(bits_of_float64(x1), 0x0010000000000000, 0x7FF0000000000000) | (
        magnitude64(x2) >= 0x7FF0000000000000
    )


def is_special32(x1: Any, x2: Any) -> Any:
    """Whether x1 is not positive and finite, or x2 not finite."""
    return is_outside(bits_of_float32(x1), 1, 0x7F800000) | (magnitude32(x2) >= 0x7F800000)
