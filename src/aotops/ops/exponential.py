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
    nearest,
    power_of_two,
    select,
    square_root,
)
from aotops.ops.record import FLOATS, TO_FLOAT, map

LOG2_E = 1.4426950408889634
# ln 2 in two parts: multiples of the high part up to 2^11 (2^8 for float32) are exact
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
LN2_HIGH_32, LN2_LOW_32 = 0.693359375, -2.12194440054690582767e-4


def exp64(x: Any) -> Any:
    """exp in float64: ``2**k * (1 + r + r**2 * p(r))`` with ``|r| <= ln(2) / 2``, p of degree 10."""
    # outside of these bounds the result is infinity or 0 all the same
    bounded = select(x > 710.0, 710.0, select(x < -746.0, -746.0, x))
    k = nearest(bounded * LOG2_E)
    high = bounded - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    r2 = r * r
    r4 = r2 * r2
    p01 = 0.5 + r * 0.1666666666666667
    p23 = 0.041666666666666669755 + r * 0.0083333333333261351258
    p45 = 0.0013888888888883748305 + r * 0.00019841269874820625271
    p67 = 2.4801587325547741216e-05 + r * 2.755725540020642443e-6
    p89 = 2.7557273643110295328e-7 + r * 2.5105217004720745164e-8
    p = (p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * (p89 + r2 * 2.0914686968086877233e-9))
    y = 1.0 + (high - (low - r2 * p))
    # 2**k in two factors, each a normal number: k reaches from -1076 to 1024
    half = nearest(k * 0.5)
    y = y * power_of_two(half) * power_of_two(k - half)
    return select(x != x, x, y)


def exp32(x: Any) -> Any:
    """exp in float32: as ``exp64``, with p of degree 4."""
    bounded = select(x > 89.0, 89.0, select(x < -104.0, -104.0, x))
    k = nearest(bounded * LOG2_E)
    high = bounded - k * LN2_HIGH_32
    low = k * LN2_LOW_32
    r = high - low
    r2 = r * r
    p = (0.5 + r * 0.166665769897) + r2 * ((0.0416665546172 + r * 0.00836317905272) + r2 * 0.00139261835877)
    y = 1.0 + (high - (low - r2 * p))
    half = nearest(k * 0.5)
    y = y * power_of_two(half) * power_of_two(k - half)
    return select(x != x, x, y)


def log64(x: Any) -> Any:
    """log in float64: ``k * ln(2) + log(1 + f)`` with ``1 + f`` between the roots of 1/2 and 2.

    ``log(1 + f) = 2 * atanh(s)`` with ``s = f / (2 + f)``, whose odd series is fitted by degree 6 in ``s**2``.
    """
    subnormal = x < 2.2250738585072014e-308
    # adding the distance from sqrt(1/2) to 1 in bits puts the seam of the exponents at sqrt(1/2)
    shifted = bits_of_float64(select(subnormal, x * 18014398509481984.0, x)) + 0x00095F6200000000
    fraction = float64_of_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000)
    # the exponent, as the low bits of a float64 in [2**52, 2**53)
    k = float64_of_bits((shifted >> 52) & 0x7FF | 0x4330000000000000) - 4503599627371519.0
    k = k - select(subnormal, 54.0, 0.0)
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
    y = k * LN2_HIGH - ((half_square - (tail + k * LN2_LOW)) - f)
    y = select(x == math.inf, x, y)
    y = select(x == 0.0, -math.inf, y)
    return select((x < 0.0) | (x != x), math.nan, y)


def log32(x: Any) -> Any:
    """log in float32: as ``log64``, fitted by degree 3."""
    subnormal = x < 1.1754943508222875e-38
    shifted = bits_of_float32(select(subnormal, x * 33554432.0, x)) + 0x004AFB0D
    fraction = float32_of_bits((shifted & 0x007FFFFF) + 0x3F3504F3)
    # the exponent, as the low bits of a float32 in [2**23, 2**24)
    k = float32_of_bits((shifted >> 23) & 0xFF | 0x4B000000) - 8388735.0
    k = k - select(subnormal, 25.0, 0.0)
    f = fraction - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    r = (0.66666666554360714115 + z2 * 0.28550808165861523086) + z * (
        0.40000121951326796818 + z2 * 0.2333081138452860111
    )
    half_square = 0.5 * f * f
    tail = s * (half_square + z * r)
    y = k * LN2_HIGH_32 - ((half_square - (tail + k * LN2_LOW_32)) - f)
    y = select(x == math.inf, x, y)
    y = select(x == 0.0, -math.inf, y)
    return select((x < 0.0) | (x != x), math.nan, y)


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


exp.specialise("float32")(exp32)
log.specialise("float32")(log32)


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
