"""Primitives in plain Python, for CPU levels without the instruction: the same bits for every argument.

They are branch-free, so that the compiler can run them on whole vectors. ``aotops.aot.back.primitives`` calls them in
place of the declared primitives, and of ``llvm.fma``, for which LLVM would call the C library for each element.

Source of the fused multiply-add: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms
using rounding to odd", IEEE Transactions on Computers 57 (2008).
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    float32_of_bits,
    float64_of_bits,
    floor,
    narrow,
    scale_exponent,
    select,
    widen,
)
from aotops.ops.float_arithmetic import INF, NAN, two_sum


def split(x: Any) -> Any:
    """The upper 26 bits of a float64, rounded, and the rest: products of such parts are exact."""
    scaled = 134217729.0 * x
    high = scaled - (scaled - x)
    return high, x - high


def two_product(a: Any, b: Any) -> Any:
    """``a * b`` rounded, and its rounding error, exact unless something over- or underflows; 17 operations."""
    product = a * b
    a_high, a_low = split(a)
    b_high, b_low = split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def odd_sum(a: Any, b: Any) -> Any:
    """``a + b`` rounded to odd: of the two nearest float64 the one whose last bit is 1, unless the sum is exact.

    Rounded again to a format with at least 2 bits less, it gives the same as the exact sum.
    """
    total, error = two_sum(a, b)
    bits = bits_of_float64(total)
    # comparisons with an error that is NaN are false
    inexact = ((error > 0.0) | (error < 0.0)) & (bits & 1 == 0)
    away = select((error > 0.0) == (total > 0.0), 1, -1)
    return float64_of_bits(bits + select(inexact, away, 0))


def fma32(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float32, rounded once. In float64 the product is exact."""
    return narrow(odd_sum(widen(a) * widen(b), widen(c)))


def is_moderate(a: Any, b: Any, c: Any) -> Any:
    """Whether nothing can over- or underflow in ``moderate_fma64``."""
    x, y, z = math.fabs(a), math.fabs(b), math.fabs(c)
    largest, smallest = 2.582249878086909e120, 3.872591914849318e-121  # 2**400, 2**-400
    factors = (x < largest) & ((x > smallest) | (x == 0.0)) & (y < largest) & ((y > smallest) | (y == 0.0))
    return factors & (z < largest) & ((z > smallest) | (z == 0.0))


def moderate_fma64(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float64, rounded once, where ``is_moderate``."""
    product, product_low = two_product(a, b)
    inner, inner_low = two_sum(c, product_low)
    total, total_low = two_sum(product, inner)
    # the sum of zeros has the sign that IEEE 754 specifies
    return select(product == 0.0, product + c, total + odd_sum(inner_low, total_low))


def mantissa_and_exponent(x: Any) -> Any:
    """``m, e`` with ``x = m * 2**e``, ``m`` from 1 to 2, of a finite number; of zeros ``m`` is 0."""
    tiny = math.fabs(x) < 2.2250738585072014e-308
    bits = bits_of_float64(select(tiny, x * 18014398509481984.0, x))
    exponent = ((bits >> 52) & 0x7FF) - 1023 - select(tiny, 54, 0)
    mantissa = float64_of_bits((bits & -0x7FF0000000000001) | 0x3FF0000000000000)
    return select(x == 0.0, x, mantissa), exponent


def power_of_two(exponent: Any) -> Any:
    """``2.0**exponent`` of an integer from -1022 to 1023."""
    return float64_of_bits((exponent + 1023) << 52)


#: Beyond this distance of exponents the smaller of product and addend only decides how the larger one is rounded.
FAR = 130


def fma64(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float64, rounded once, for all arguments."""
    (a1, ea), (b1, eb), (c1, ec) = mantissa_and_exponent(a), mantissa_and_exponent(b), mantissa_and_exponent(c)
    # scaled by 2**-scale the product is between 1 and 4
    apart = ec - (ea + eb)
    scale = select(apart > FAR, ec - FAR, ea + eb)
    scale = select(scale < -1300, -1300, scale)  # the result is 0 already
    apart = select(apart > FAR, FAR, select(apart < -FAR, -FAR, apart))
    product, product_low = two_product(a1, b1)
    inner, inner_low = two_sum(c1 * power_of_two(apart), product_low)
    total, total_low = two_sum(product, inner)
    rest = odd_sum(inner_low, total_low)
    rounded = total + rest
    # a subnormal result has fewer bits: round at the last of them, which adding 2**52 times its value shifts to the end
    _, exponent = mantissa_and_exponent(rounded)
    subnormal = (exponent + scale < -1022) & (rounded != 0.0)
    shifter = math.copysign(power_of_two(select(subnormal, -1022 - scale, 0)), rounded)
    shifted, shifted_low = two_sum(shifter, total)
    coarse = math.copysign(math.fabs((shifted + odd_sum(shifted_low, rest)) - shifter), rounded)
    half = scale >> 1
    result = select(subnormal, coarse, rounded) * power_of_two(half) * power_of_two(scale - half)
    finite = (math.fabs(a) < INF) & (math.fabs(b) < INF)
    plain = a * b + c
    result = select(math.fabs(c) < INF, result, c)
    return select(finite & (a != 0.0) & (b != 0.0), result, plain)


#: The elements of a vector of float64 on the levels that need the emulation.
LANES = 2


def fma64_of_lanes(a: Any, b: Any, c: Any, result: Any) -> None:
    """``fma64`` of ``LANES`` float64 at each pointer, by half the operations where all of them are moderate."""
    moderate = True
    for k in range(LANES):
        moderate &= is_moderate(a[k], b[k], c[k])
    if moderate:
        for k in range(LANES):
            result[k] = moderate_fma64(a[k], b[k], c[k])
    else:
        for k in range(LANES):
            result[k] = fma64(a[k], b[k], c[k])


def fma32_at(a: Any, b: Any, c: Any, result: Any) -> None:
    """``fma32`` of the float32 at each pointer."""
    result[0] = fma32(a[0], b[0], c[0])


# --- instructions of x86-64-v4 ------------------------------------------------------------------------------------


def scale(y: Any, k: Any, most: Any) -> Any:
    """``aotops.intrinsics.scale``, where 2^most still has an inverse: of two products, the first one is exact."""
    # written so that NaN stays NaN
    n = floor(select(k > 2.0 * most, 2.0 * most, select(k < -2.0 * most, -2.0 * most, k)))
    half = floor(0.5 * n)
    return ((y + 0.0 * n) * scale_exponent(1.0, half)) * scale_exponent(1.0, n - half)


def limit(x: Any, bound: Any) -> Any:
    """``aotops.intrinsics.limit``."""
    x = select(x < bound, x, bound)
    return select(x > -bound, x, -bound)


def normal64(x: Any) -> Any:
    """The bits of ``abs(x)``, or of 2^54 times that where it is subnormal, and whether it is."""
    a = math.fabs(x)
    tiny = a < 2.2250738585072014e-308
    return bits_of_float64(select(tiny, a * 18014398509481984.0, a)), tiny


def normal32(x: Any) -> Any:
    """As ``normal64``, of a float32, with 2^25."""
    a = math.fabs(x)
    tiny = a < 1.1754943508222875e-38
    return bits_of_float32(select(tiny, a * 33554432.0, a)), tiny


def exponent64(x: Any) -> Any:
    """``aotops.intrinsics.exponent`` of a float64."""
    bits, tiny = normal64(x)
    # the exponent, as the low bits of a float64 in [2**52, 2**53)
    e = float64_of_bits((bits >> 52) | 0x4330000000000000) - select(tiny, 4503599627371573.0, 4503599627371519.0)
    return select(x == 0.0, -INF, select(math.fabs(x) < INF, e, math.fabs(x)))


def exponent32(x: Any) -> Any:
    """``aotops.intrinsics.exponent`` of a float32."""
    bits, tiny = normal32(x)
    e = float32_of_bits((bits >> 23) & 0xFF | 0x4B000000) - select(tiny, 8388760.0, 8388735.0)
    return select(x == 0.0, -INF, select(math.fabs(x) < INF, e, math.fabs(x)))


def mantissa64(x: Any) -> Any:
    """``aotops.intrinsics.mantissa`` of a float64."""
    bits, _ = normal64(x)
    return select(x >= 0.0, float64_of_bits((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000), NAN)


def mantissa32(x: Any) -> Any:
    """``aotops.intrinsics.mantissa`` of a float32."""
    bits, _ = normal32(x)
    return select(x >= 0.0, float32_of_bits((bits & 0x007FFFFF) | 0x3F800000), NAN)


def scale64_at(y: Any, k: Any, result: Any) -> None:
    """``scale`` of the float64 at each pointer."""
    result[0] = scale(y[0], k[0], 1020.0)


def scale32_at(y: Any, k: Any, result: Any) -> None:
    """``scale`` of the float32 at each pointer."""
    result[0] = scale(y[0], k[0], 125.0)


def limit64_at(x: Any, bound: Any, result: Any) -> None:
    """``limit`` of the float64 at each pointer."""
    result[0] = limit(x[0], bound[0])


def limit32_at(x: Any, bound: Any, result: Any) -> None:
    """``limit`` of the float32 at each pointer."""
    result[0] = limit(x[0], bound[0])


def exponent64_at(x: Any, result: Any) -> None:
    """``exponent64`` of the float64 at a pointer."""
    result[0] = exponent64(x[0])


def exponent32_at(x: Any, result: Any) -> None:
    """``exponent32`` of the float32 at a pointer."""
    result[0] = exponent32(x[0])


def mantissa64_at(x: Any, result: Any) -> None:
    """``mantissa64`` of the float64 at a pointer."""
    result[0] = mantissa64(x[0])


def mantissa32_at(x: Any, result: Any) -> None:
    """``mantissa32`` of the float32 at a pointer."""
    result[0] = mantissa32(x[0])
