"""Powers, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    divide,
    float32_of_bits,
    float64_of_bits,
    rint,
    scale_exponent,
    select,
    square_root,
    widen,
    wrap_int64,
)
from aotops.ops.arithmetic import square
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    NAN,
    chained,
    in_float64,
    is_outside,
    magnitude32,
    magnitude64,
    quick_two_sum,
    split_high64,
)
from aotops.ops.record import INTEGERS, NUMBERS, zip

# --- pow ----------------------------------------------------------------------------------------------------------


#: Beyond it every power but those of 1 overflows or vanishes: other logarithms are at least 2^-53.
LARGEST_EXPONENT = 18446744073709551616.0


# tools/fit_polynomial.py "(2*atanh(sqrt(x)/2)/sqrt(x)-1)/log(2)/x-mpf(0.1201171875)"
#     --from=0 --to=0.1178 --degree=7 --weight="x**1.5"
def log2_parts64(x: Any, offset: Any) -> Any:
    """``log2(x) + offset`` of a positive normal float64 in two parts, the second small; within 2^-62 of itself.

    ``x`` is ``2**k * (1 + f)`` between the roots of 1/2 and 2, and with ``s = f / (1 + f / 2)`` the logarithm of
    ``1 + f`` is ``2 * atanh(s / 2) = s + s**3 / 12 + ...``. Only the first two terms have to be known better than
    float64 has them. So s is split into a part of 15 bits and a rest, and the constants of these terms into parts of
    38 and 8 bits: the products with the upper parts are exact.
    """
    shifted = bits_of_float64(x) + 0x00095F6200000000
    f = float64_of_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000) - 1.0
    # the exponent, as the low bits of a float64 in [2**52, 2**53)
    k = float64_of_bits((shifted >> 52) | 0x4330000000000000) - (4503599627371519.0 - offset)
    half = 0.5 * f
    inverse = 1.0 / (1.0 + half)
    s = f * inverse
    s_head = float64_of_bits(bits_of_float64(s) & -0x4000000000)
    half_head = split_high64(half)
    s_tail = (((f - s_head) - s_head * half_head) - s_head * (half - half_head)) * inverse
    square_head = s_head * s_head
    linear = 1.4426950408887933 * s_head
    cubic = 0.1201171875 * (square_head * s_head)
    z = s * s
    z2 = z * z
    p01 = 0.00010739924074694005 + z * 0.018033688011114907
    p23 = 0.003220301430288745 + z * 0.000626169734658986
    p45 = 0.00012807986959203205 + z * 2.7098254922290712e-05
    p67 = 5.833638712985332e-06 + z * 1.4586885778130424e-06
    p = (p01 + z2 * p23) + (z2 * z2) * (p45 + z2 * p67)
    slope = 1.4426950408889634 + 0.1201171875 * (z + s_head * s + square_head)
    fraction = linear + cubic
    head = k + fraction
    tail = 1.701065226463149e-13 * s_head + s_tail * slope + (s * z) * p
    return head, (((k - head) + fraction) + ((linear - fraction) + cubic)) + tail


# tools/fit_polynomial.py "(2**x - 1 - x*log(2)) / x**2" --from=-0.5 --to=0.5001 --degree=9 --weight="x**2"
def exp2_of(high: Any, low: Any) -> Any:
    """``2**(high + low)``, rounded once more where it is subnormal; infinity and 0 beyond.

    ``high`` must be exact in 52 bits. What is summed up last errs by less than half a ULP of the result, so that a
    result which float64 can hold is exact: of ``1 + w * ln(2) + ...`` the sum ``1 + w / 2`` is kept in two parts, and
    the rest is below 0.16, with a rounding error of 0.3 ULP.
    """
    total = high + low
    k = rint(total)
    w_high = high - k
    w = w_high + low
    w2 = w * w
    w4 = w2 * w2
    p01 = 0.24022650695910133 + w * 0.05550410866482174
    p23 = 0.009618129107593328 + w * 0.0013333558146379012
    p45 = 0.00015403530458085038 + w * 1.5252733867561803e-05
    p67 = 1.321543481385666e-06 + w * 1.0178046453689235e-07
    p89 = 7.0738607566258206e-09 + w * 4.4573882735027256e-10
    p = (p01 + w2 * p23) + w4 * ((p45 + w2 * p67) + w4 * p89)
    top, top_low = quick_two_sum(1.0, 0.5 * w_high)
    y = top + (top_low + ((0.5 * low + w * 0.1931471805599453) + w2 * p))
    small = total < -1021.0
    y = scale_exponent(y, k + select(small, 64.0, 0.0)) * select(small, 5.421010862427522e-20, 1.0)
    return select(total >= 1024.0, INF, select(total < -1080.0, 0.0, y))


def positive_power64(x: Any, offset: Any, y: Any) -> Any:
    """``(2**offset * x)**y`` in float64 for a positive normal x and any y up to 2^64."""
    log_head, log_tail = log2_parts64(x, offset)
    upper = split_high64(log_head)
    y_head = split_high64(y)
    high = y_head * upper
    low = (y - y_head) * upper + y * ((log_head - upper) + log_tail)
    return exp2_of(high, low)


def or_rounded(x: Any, y: Any, r: Any) -> Any:
    """``r``, or ``x**y`` correctly rounded for the exponents that have an instruction; ``x`` must not be negative."""
    return select(y == 2.0, x * x, select(y == 0.5, square_root(x), select(y == -1.0, divide(1.0, x), r)))


@in_float64
def power_of_parts32(k: Any, f: Any, y: Any) -> Any:
    """``(2**k * (1 + f))**y`` of float32 in float64, within 2^-24, and 2^-27 between 1/16 and 16."""
    f = widen(f)
    s = f / (2.0 + f)
    w = s * s
    p = (2.8853900798002763 + w * 0.9617988408448943) + (w * w) * (0.5767149857258831 + w * 0.43172257582735496)
    # float32 is 0 or infinity out of these bounds
    total = clamp(widen(y) * (widen(k) + s * p), 200.0)
    k = rint(total)
    w = total - k
    w2 = w * w
    p = (0.6931472062510459 + w * 0.24022651346029006) + w2 * (
        (0.05550327784947986 + w * 0.009618003874651122) + w2 * (0.001340027220320923 + w * 0.00015476304681008042)
    )
    return scale_exponent(1.0 + w * p, k)


def positive_power32(x: Any, offset: Any, y: Any) -> Any:
    """``(2**offset * x)**y`` of float32, in float64, for a positive normal x and any y but NaN.

    What is exact in float32 is done there, where vectors have twice as many elements.
    """
    shifted = bits_of_float32(x) + 0x004AFB0D
    f = float32_of_bits((shifted & 0x007FFFFF) + 0x3F3504F3) - 1.0
    k = float32_of_bits((shifted >> 23) & 0xFF | 0x4B000000) - (8388735.0 - offset)
    return power_of_parts32(k, f, y)


def signed_power(x: Any, y: Any, r: Any) -> Any:
    """``x**y`` for any floats, where ``r`` is ``abs(x)**y`` if that is a finite power of a finite positive number."""
    a = math.fabs(x)
    # what has no logarithm, and what has one but an infinite factor
    grows = (a > 1.0) == (y > 0.0)
    r = select((a == 0.0) | (a == INF) | (math.fabs(y) == INF), select(grows, INF, 0.0), r)
    whole = rint(y) == y
    half = 0.5 * y
    odd = whole & (rint(half) != half)
    negative = math.copysign(1.0, x) < 0.0
    r = select(negative & odd, -r, r)
    r = select((x < 0.0) & (a < INF) & (rint(y) != y), NAN, r)
    r = select((x != x) | (y != y), NAN, r)
    return select((x == 1.0) | (y == 0.0) | ((a == 1.0) & (math.fabs(y) == INF)), 1.0, r)


def pow64(x1: Any, x2: Any) -> Any:
    """pow in float64."""
    a = math.fabs(x1)
    subnormal = a < 2.2250738585072014e-308
    normal = select((a > 0.0) & (a < INF), select(subnormal, a * 18014398509481984.0, a), 1.0)
    r = positive_power64(normal, select(subnormal, -54.0, 0.0), clamp(x2, LARGEST_EXPONENT))
    return signed_power(x1, x2, or_rounded(a, x2, r))


def pow32(x1: Any, x2: Any) -> Any:
    """pow of float32, in float64."""
    a = math.fabs(x1)
    subnormal = a < 1.1754943508222875e-38
    normal = select((a > 0.0) & (a < INF), select(subnormal, a * 33554432.0, a), 1.0)
    r = positive_power32(normal, select(subnormal, -25.0, 0.0), x2)
    return signed_power(x1, x2, or_rounded(a, x2, r))


def clamp(x: Any, bound: Any) -> Any:
    """``x``, the nearer bound if it is outside of ``-bound`` and ``bound``, and ``bound`` for NaN."""
    x = select(x < bound, x, bound)
    return select(x > -bound, x, -bound)


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


def is_special64(x1: Any, x2: Any) -> Any:
    """Whether x1 is not positive, normal and finite, or x2 beyond ``LARGEST_EXPONENT`` or NaN."""
    return is_outside(bits_of_float64(x1), 0x0010000000000000, 0x7FF0000000000000) | (
        magnitude64(x2) > 0x43F0000000000000
    )


def is_special32(x1: Any, x2: Any) -> Any:
    """Whether x1 is not positive, normal and finite, or x2 not finite."""
    return is_outside(bits_of_float32(x1), 0x00800000, 0x7F800000) | (magnitude32(x2) >= 0x7F800000)


@zip(
    dtypes=NUMBERS,
    slot="power",
    squares=square,
    max_ulp=2,
    compute_bound=True,
    numpy=numpy_pow,
    aliases=("numpy.power", "numpy.pow"),
    cases=Cases(smooth=(0.1, 3.0)),
)
def pow(x1: Any, x2: Any) -> Any:
    """Each element of the first to the power of the second, ``x1 ** x2``.

    Special cases: As in C and NumPy: anything to the power of 0, and 1 to any power, is 1, even with NaN; a
    negative number to a power that is no integer is NaN; 0 to a negative power is an infinity; no warnings. int64
    wraps around; a negative power of an int64 is 0, but for 1 and -1, which are their own inverses (NumPy raises
    ``ValueError``).

    Accuracy: Floats are exact wherever the result can be represented: ``183.0**7``, ``9.0**1.5``, ``2.0**-1074``.
    Correctly rounded for the exponents 2, 1, 0.5 and -1: ``x**0.5`` is ``sqrt(x)`` and ``x**-1`` is ``1 / x``, bit
    for bit, but for -0.0 and -inf, whose power 0.5 is 0.0 and inf.

    >>> import aotops as ao
    >>> ao.pow(ao.tensor([2.0, -8.0, 4.0]), ao.tensor([10.0, 3.0, -0.5]))
    tensor([1024. , -512. ,    0.5])
    """
    return pow64(x1, x2)


for _dtype in INTEGERS:
    pow.specialise(_dtype)(pow_int64)
pow.specialise("float32")(pow32)


@pow.fast_path("float64", unless=lambda x1, x2: is_special64(x1, x2))
def pow_fast64(x1: Any, x2: Any) -> Any:
    return or_rounded(x1, x2, positive_power64(x1, 0.0, x2))


@pow.fast_path("float32", unless=lambda x1, x2: is_special32(x1, x2))
def pow_fast32(x1: Any, x2: Any) -> Any:
    return or_rounded(x1, x2, positive_power32(x1, 0.0, x2))


# a power with the exponent 0 is constant; where the base is 0 its logarithm counts for nothing, as the power does,
# unless the exponent is negative
@pow.derivative
def pow_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    to_x1 = select(x2 == 0.0, 0.0, chained(g, chained(x2, math.pow(x1, x2 - 1.0))))
    return to_x1, select((x1 == 0.0) & (x2 >= 0.0), 0.0, chained(g, chained(y, math.log(x1))))
