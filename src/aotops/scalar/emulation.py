"""A fused multiply-add in plain Python, for CPU levels without the instruction: the same bits for every argument.

Branch-free, so that the compiler can run it on whole vectors. ``aotops.aot.back.emulation`` puts these functions in
place of LLVM's ``llvm.fma``, which would become a call of the C library for each element.

Source: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd",
IEEE Transactions on Computers 57 (2008).
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import bits_of_float64, float64_of_bits, narrow, select, widen
from aotops.ops.float_arithmetic import INF, two_sum


def split(x: Any) -> Any:
    """The upper 26 bits of a float64, rounded, and what is left: the products of such parts are exact."""
    scaled = 134217729.0 * x
    high = scaled - (scaled - x)
    return high, x - high


def two_product(a: Any, b: Any) -> Any:
    """``a * b`` rounded, and what is missing, exactly, unless something over- or underflows; 17 operations."""
    product = a * b
    a_high, a_low = split(a)
    b_high, b_low = split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def odd_sum(a: Any, b: Any) -> Any:
    """``a + b`` rounded to odd: of the two nearest float64 the one whose last bit is 1, unless the sum is exact.

    Rounded once more, to 2 bits less or fewer, it gives what the exact sum gives.
    """
    total, error = two_sum(a, b)
    bits = bits_of_float64(total)
    # of an error that is no number, the comparison is false
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
