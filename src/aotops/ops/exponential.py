"""Exponentials, logarithms and roots, element by element.

The scalar functions are branch-free, so that the compiler can run them on whole vectors: reduce the
argument exactly, evaluate a polynomial whose coefficients minimise the largest error on the reduced
interval (Chebyshev fits made with mpmath at 60 digits), select the special values at the end. Products
and sums stay separate (no fused multiply-add), so that every CPU gives the same bits.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    float32_of_bits,
    float64_of_bits,
    scale_exponent,
    select,
    square_root,
)
from aotops.ops.pieces import (
    INF,
    LN2_HIGH,
    LN2_HIGH_32,
    LN2_LOW,
    LN2_LOW_32,
    NAN,
    exp_tail32,
    exp_tail64,
    is_outside,
    ln2_steps32,
    ln2_steps64,
    magnitude32,
    magnitude64,
    quick_two_sum,
    shifted_exp_tail32,
    shifted_exp_tail64,
    two_sum,
)
from aotops.ops.record import FLOATS, TO_FLOAT, map

# --- exp and expm1 ------------------------------------------------------------------------------------------------


def reduced_exp64(x: Any) -> Any:
    """``k, y`` with ``exp(x) = 2**k * y`` and ``y`` between the roots of 1/2 and 2."""
    k, high, low = ln2_steps64(x, 0.0)
    return k, 1.0 + (high - (low - exp_tail64(high - low)))


def reduced_exp32(x: Any) -> Any:
    """As ``reduced_exp64``, in float32."""
    k, high, low = ln2_steps32(x, 0.0)
    return k, 1.0 + (high - (low - exp_tail32(high - low)))


def exp64(x: Any) -> Any:
    """exp in float64: ``2**k * exp(r)`` with ``|r| <= ln(2) / 2``."""
    # outside of these bounds the result is infinity or 0 all the same
    k, y = reduced_exp64(select(x > 720.0, 720.0, select(x < -746.0, -746.0, x)))
    # results that may be subnormal are rounded by a multiplication, after all else
    small = x < -708.0
    y = scale_exponent(y, k + select(small, 64.0, 0.0)) * select(small, 5.421010862427522e-20, 1.0)
    # the last float below log(2**1024)
    return select(x != x, x, select(x > 709.782712893384, INF, y))


def exp32(x: Any) -> Any:
    """As ``exp64``, in float32."""
    k, y = reduced_exp32(select(x > 89.0, 89.0, select(x < -104.0, -104.0, x)))
    small = x < -87.0
    y = scale_exponent(y, k + select(small, 32.0, 0.0)) * select(small, 2.3283064365386963e-10, 1.0)
    return select(x != x, x, select(x > 88.72283172607422, INF, y))


#: Between 3/4 and 3/2 times a power of 2 the parts of expm1 add up with the least rounding errors: see ``expm1_64``.
SHIFT = 0.08496250072115618  # log2(3/2) - 1/2


def expm1_parts64(x: Any) -> Any:
    """``k, y`` with ``expm1(x) = 2**k * (1 + y) - 1``; ``y`` from -1/4 to 1/2, itself the result where ``k`` is 0."""
    k, high, low = ln2_steps64(x, SHIFT)
    return k, high - (low - shifted_exp_tail64(high - low))


def expm1_parts32(x: Any) -> Any:
    """As ``expm1_parts64``, in float32."""
    k, high, low = ln2_steps32(x, SHIFT)
    return k, high - (low - shifted_exp_tail32(high - low))


def expm1_64(x: Any) -> Any:
    """expm1 in float64: ``(2**k - 1) + 2**k * y``, where the rounding of ``y`` is at most 1/4 unit of the result."""
    k, y = expm1_parts64(select(x > 710.0, 710.0, select(x < -40.0, -40.0, x)))
    # 2**1024 is no float64
    large = x > 700.0
    s = scale_exponent(1.0, k - select(large, 1.0, 0.0))
    # from 2**54 on s - 1 would be rounded
    y = select(k > 52.0, s + (s * y - 1.0), (s - 1.0) + s * y) * select(large, 2.0, 1.0)
    return select(x != x, x, math.copysign(y, x))


def expm1_32(x: Any) -> Any:
    """As ``expm1_64``, in float32."""
    k, y = expm1_parts32(select(x > 89.0, 89.0, select(x < -20.0, -20.0, x)))
    large = x > 80.0
    s = scale_exponent(1.0, k - select(large, 1.0, 0.0))
    y = select(k > 23.0, s + (s * y - 1.0), (s - 1.0) + s * y) * select(large, 2.0, 1.0)
    return select(x != x, x, math.copysign(y, x))


# --- log and log1p ------------------------------------------------------------------------------------------------


def log_core64(x: Any, offset: Any) -> Any:
    """``log(2**offset * x)`` in float64 of a positive normal x: ``k * ln(2) + log(1 + f)``.

    ``1 + f`` is between the roots of 1/2 and 2; ``log(1 + f) = 2 * atanh(s)`` with ``s = f / (2 + f)``. Its odd series
    is fitted by degree 6 in ``s**2``.
    """
    # adding the distance from sqrt(1/2) to 1 in bits puts the seam of the exponents at sqrt(1/2)
    shifted = bits_of_float64(x) + 0x00095F6200000000
    fraction = float64_of_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000)
    # the exponent, as the low bits of a float64 in [2**52, 2**53)
    k = float64_of_bits((shifted >> 52) & 0x7FF | 0x4330000000000000) - 4503599627371519.0 + offset
    f = fraction - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    odd = 0.39999999999899320626 + z2 * (0.22222211121185236473 + z2 * 0.15331688649850525711)
    even = 0.66666666666666696926 + z2 * (
        0.28571428626058870656 + z2 * (0.1818289011671086434 + z2 * 0.14616856909240401159)
    )
    half_square = 0.5 * f * f
    tail = s * (half_square + z * (even + z * odd))
    return k * LN2_HIGH - ((half_square - (tail + k * LN2_LOW)) - f)


def log64(x: Any) -> Any:
    """log in float64, anywhere."""
    subnormal = x < 2.2250738585072014e-308
    y = log_core64(select(subnormal, x * 18014398509481984.0, x), select(subnormal, -54.0, 0.0))
    y = select(x == INF, x, y)
    y = select(x == 0.0, -INF, y)
    return select((x < 0.0) | (x != x), NAN, y)


def log_core32(x: Any, offset: Any) -> Any:
    """As ``log_core64``, in float32: fitted by degree 3."""
    shifted = bits_of_float32(x) + 0x004AFB0D
    fraction = float32_of_bits((shifted & 0x007FFFFF) + 0x3F3504F3)
    # the exponent, as the low bits of a float32 in [2**23, 2**24)
    k = float32_of_bits((shifted >> 23) & 0xFF | 0x4B000000) - 8388735.0 + offset
    f = fraction - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    r = (0.66666666554360714115 + z2 * 0.28550808165861523086) + z * (
        0.40000121951326796818 + z2 * 0.2333081138452860111
    )
    half_square = 0.5 * f * f
    tail = s * (half_square + z * r)
    return k * LN2_HIGH_32 - ((half_square - (tail + k * LN2_LOW_32)) - f)


def log32(x: Any) -> Any:
    """As ``log64``, in float32."""
    subnormal = x < 1.1754943508222875e-38
    y = log_core32(select(subnormal, x * 33554432.0, x), select(subnormal, -25.0, 0.0))
    y = select(x == INF, x, y)
    y = select(x == 0.0, -INF, y)
    return select((x < 0.0) | (x != x), NAN, y)


def log1p_core64(x: Any) -> Any:
    """log1p in float64 of ``-1 < x < inf``: as ``log64``, of the two parts of ``1 + x``."""
    u, rest = two_sum(1.0, x)
    shifted = bits_of_float64(u) + 0x00095F6200000000
    fraction = float64_of_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000)
    k = float64_of_bits((shifted >> 52) & 0x7FF | 0x4330000000000000) - 4503599627371519.0
    # 2**(1 - k), for 2**-k may be subnormal
    scale = float64_of_bits(0x7FF0000000000000 - (shifted & 0x7FF0000000000000))
    # 1 + f + rest is (1 + x) / 2**k; where k is 0, f is x
    f, rest = quick_two_sum(fraction - 1.0, rest * scale * 0.5)
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    odd = 0.39999999999899320626 + z2 * (0.22222211121185236473 + z2 * 0.15331688649850525711)
    even = 0.66666666666666696926 + z2 * (
        0.28571428626058870656 + z2 * (0.1818289011671086434 + z2 * 0.14616856909240401159)
    )
    half_square = 0.5 * f * f
    tail = s * (half_square + z * (even + z * odd))
    # rest is below 2^-54, so that 1 - f is near enough to 1 / (1 + f), the derivative
    tail = tail + (k * LN2_LOW + rest * (1.0 - f))
    return math.copysign(k * LN2_HIGH - ((half_square - tail) - f), x)


def log1p_core32(x: Any) -> Any:
    """As ``log1p_core64``, in float32."""
    # through the bits: plain Python's floats would not be rounded to float32
    u = float32_of_bits(bits_of_float32(1.0 + x))
    of_x = u - 1.0
    rest = (1.0 - (u - of_x)) + (x - of_x)
    shifted = bits_of_float32(u) + 0x004AFB0D
    fraction = float32_of_bits((shifted & 0x007FFFFF) + 0x3F3504F3)
    k = float32_of_bits((shifted >> 23) & 0xFF | 0x4B000000) - 8388735.0
    scale = float32_of_bits(0x7F800000 - (shifted & 0x7F800000))
    f, rest = quick_two_sum(fraction - 1.0, rest * scale * 0.5)
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    r = (0.66666666554360714115 + z2 * 0.28550808165861523086) + z * (
        0.40000121951326796818 + z2 * 0.2333081138452860111
    )
    half_square = 0.5 * f * f
    tail = s * (half_square + z * r)
    tail = tail + (k * LN2_LOW_32 + rest * (1.0 - f))
    return math.copysign(k * LN2_HIGH_32 - ((half_square - tail) - f), x)


def log1p64(x: Any) -> Any:
    """log1p in float64, anywhere."""
    y = log1p_core64(x)
    y = select(x == INF, x, select(x == -1.0, -INF, y))
    return select((x < -1.0) | (x != x), NAN, y)


def log1p32(x: Any) -> Any:
    """As ``log1p64``, in float32."""
    y = log1p_core32(x)
    y = select(x == INF, x, select(x == -1.0, -INF, y))
    return select((x < -1.0) | (x != x), NAN, y)


# --- records ------------------------------------------------------------------------------------------------------


@map(dtypes=FLOATS, converts=TO_FLOAT, method=True, units=1)
def exp(x: Any) -> Any:
    """Exponential of each element.

    Within 1 unit in the last place. exp(-inf) is 0, exp(inf) is inf, NaN stays NaN; overflow gives inf
    and underflow goes through the subnormal numbers to 0, without a warning.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.exp(ao.tensor([0.0, 1.0]))
    tensor([1.        , 2.71828183])
    """
    return exp64(x)


@map(dtypes=FLOATS, converts=TO_FLOAT, method=True, units=1)
def log(x: Any) -> Any:
    """Natural logarithm of each element.

    Within 1 unit in the last place. log(0) is -inf, log(inf) is inf; below zero, and of NaN, it is NaN,
    without a warning.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.log(ao.tensor([1.0, 0.0]))
    tensor([  0., -inf])
    """
    return log64(x)


@map(dtypes=FLOATS, converts=TO_FLOAT, method=True, units=1)
def expm1(x: Any) -> Any:
    """``exp(x) - 1`` of each element, precise also near zero.

    Within 1 unit in the last place. expm1(-inf) is -1, expm1(inf) is inf, zeros and NaN stay what they are;
    overflow gives inf, without a warning.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.expm1(ao.tensor([1e-10, 1.0]))
    tensor([1.00000000e-10, 1.71828183e+00])
    """
    return expm1_64(x)


@map(dtypes=FLOATS, converts=TO_FLOAT, method=True, units=1)
def log1p(x: Any) -> Any:
    """``log(1 + x)`` of each element, precise also near zero.

    Within 1 unit in the last place. log1p(-1) is -inf, log1p(inf) is inf, zeros stay what they are; below -1, and
    of NaN, it is NaN, without a warning.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.log1p(ao.tensor([1e-10, -1.0]))
    tensor([1.e-10,   -inf])
    """
    return log1p64(x)


exp.specialise("float32")(exp32)
expm1.specialise("float32")(expm1_32)
log.specialise("float32")(log32)
log1p.specialise("float32")(log1p32)


@exp.common_case("float64", unless=lambda x: magnitude64(x) > 0x4086200000000000)  # 708
def _(x: Any) -> Any:
    k, y = reduced_exp64(x)
    return scale_exponent(y, k)


@exp.common_case("float32", unless=lambda x: magnitude32(x) > 0x42AE0000)  # 87
def _(x: Any) -> Any:
    k, y = reduced_exp32(x)
    return scale_exponent(y, k)


# within these bounds k is at most 52, 22
@expm1.common_case("float64", unless=lambda x: magnitude64(x) > 0x4042000000000000)  # 36
def _(x: Any) -> Any:
    k, y = expm1_parts64(x)
    s = scale_exponent(1.0, k)
    return math.copysign((s - 1.0) + s * y, x)


@expm1.common_case("float32", unless=lambda x: magnitude32(x) > 0x41780000)  # 15.5
def _(x: Any) -> Any:
    k, y = expm1_parts32(x)
    s = scale_exponent(1.0, k)
    return math.copysign((s - 1.0) + s * y, x)


@log.common_case("float64", unless=lambda x: is_outside(bits_of_float64(x), 0x0010000000000000, 0x7FF0000000000000))
def _(x: Any) -> Any:
    return log_core64(x, 0.0)


@log.common_case("float32", unless=lambda x: is_outside(bits_of_float32(x), 0x00800000, 0x7F800000))
def _(x: Any) -> Any:
    return log_core32(x, 0.0)


log1p.common_case("float64", unless=lambda x: is_outside(bits_of_float64(1.0 + x), 1, 0x7FF0000000000000))(log1p_core64)
log1p.common_case("float32", unless=lambda x: is_outside(bits_of_float32(1.0 + x), 1, 0x7F800000))(log1p_core32)


@map(dtypes=FLOATS, converts=TO_FLOAT, method=True)
def sqrt(x: Any) -> Any:
    """Square root of each element, correctly rounded; NaN below zero, without a warning.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.sqrt(ao.tensor([4.0, 2.0]))
    tensor([2.        , 1.41421356])
    """
    return square_root(x)
