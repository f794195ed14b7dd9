"""What functions of floats are put together from: sums and products in two parts, exponents, the pieces of exp.

A function that errs by less than one unit in the last place rounds once in earnest, at its end. What comes before is
either exact, small against the result, or kept in two parts, a rounded value and what the rounding took away.
CONTRIBUTING.md says how to go about writing one.
"""

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
    select,
)

# as values of this module they take a kernel's dtype; math.inf would make float64 of a float32
INF, NAN = math.inf, math.nan


def in_float64(function: Any) -> Any:
    """Decorator: the float constants of a function, and of all that it calls, stay float64 in every kernel.

    For float32 kernels that compute in float64, beginning with ``widen``; the store rounds the result.
    """
    function.constants = "float64"
    return function


# --- two parts ----------------------------------------------------------------------------------------------------


def quick_two_sum(a: Any, b: Any) -> Any:
    """``a + b`` rounded, and what is missing, exactly, for ``abs(a) >= abs(b)`` or ``a == 0``; 3 operations."""
    total = a + b
    return total, b - (total - a)


def two_sum(a: Any, b: Any) -> Any:
    """``a + b`` rounded, and what is missing, exactly; 6 operations."""
    total = a + b
    added = total - a
    return total, (a - (total - added)) + (b - added)


def split_high64(x: Any) -> Any:
    """The upper 26 bits of a float64's 53: the product of two such is exact, as is what is left of ``x``."""
    return float64_of_bits(bits_of_float64(x) & -0x8000000)


def split_high32(x: Any) -> Any:
    """The upper 12 bits of a float32's 24."""
    return float32_of_bits(bits_of_float32(x) & -0x1000)


def magnitude64(x: Any) -> Any:
    """The bits of a float64's absolute value, which as an integer has its order; beyond infinity for NaN."""
    return bits_of_float64(x) & 0x7FFFFFFFFFFFFFFF


def magnitude32(x: Any) -> Any:
    """As ``magnitude64``, of a float32."""
    return bits_of_float32(x) & 0x7FFFFFFF


def is_outside(bits: Any, low: Any, high: Any) -> Any:
    """``not low <= bits < high`` of integers, which LLVM makes one comparison, where it makes two of floats."""
    return (bits < low) | (bits >= high)


# --- gradients ----------------------------------------------------------------------------------------------------


def chained(g: Any, slope: Any) -> Any:
    """The incoming gradient ``g`` times a slope; 0 where one is 0 and the other infinite: NaN comes of NaN only.

    A slope that is infinite, or has underflowed to 0, has been rounded, and a gradient of 0 stands for a value that
    nothing depends on: NaN would spread from there to all that went into it.
    """
    return or_zero(g * slope, g, slope)


def chained_quotient(g: Any, divisor: Any) -> Any:
    """As ``chained``, with the slope ``1 / divisor``: one rounding less."""
    return or_zero(divide(g, divisor), g, divisor)


def or_zero(result: Any, a: Any, b: Any) -> Any:
    """What an operation makes of ``a`` and ``b``; 0 in place of a NaN that neither of them is."""
    return select((result != result) & (a == a) & (b == b), 0.0, result)


# --- the pieces of exp --------------------------------------------------------------------------------------------

LOG2_E = 1.4426950408889634
# ln 2 in two parts: multiples of the high part up to 2^11 (2^8 for float32) are exact
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
LN2_HIGH_32, LN2_LOW_32 = 0.693359375, -2.12194440054690582767e-4


def ln2_steps64(x: Any, shift: Any) -> Any:
    """``k, high, low`` with ``x = k * ln(2) + (high - low)`` and ``high - low`` within ``(shift +- 0.5) * ln(2)``.

    ``high`` is exact, ``low`` small.
    """
    k = rint(x * LOG2_E - shift)
    return k, x - k * LN2_HIGH, k * LN2_LOW


def ln2_steps32(x: Any, shift: Any) -> Any:
    """As ``ln2_steps64``, in float32."""
    k = rint(x * LOG2_E - shift)
    return k, x - k * LN2_HIGH_32, k * LN2_LOW_32


# tools/fit_polynomial.py "(expm1(x) - x) / x**2" --from="-log(2)/2" --to="log(2)/2" --degree=9 --weight="x**2"
def exp_tail64(r: Any) -> Any:
    """``exp(r) - 1 - r`` for ``abs(r) <= ln(2) / 2``: ``r**2`` times degree 9, within 2^-58."""
    r2 = r * r
    r4 = r2 * r2
    p01 = 0.5000000000000012 + r * 0.166666666666667
    p23 = 0.04166666666651542 + r * 0.008333333333307203
    p45 = 0.0013888888947016479 + r * 0.00019841269917383474
    p67 = 2.4801489941772715e-05 + r * 2.7557216303462222e-06
    p89 = 2.7631280459072583e-07 + r * 2.5117859654962974e-08
    return r2 * ((p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * p89))


# tools/fit_polynomial.py "(expm1(x)-x)/x**2"
#     --from="-log(2)/2" --to="log(2)/2" --degree=4 --weight="x**2" --float32
def exp_tail32(r: Any) -> Any:
    """As ``exp_tail64``, in float32: degree 4, within 2^-28."""
    r2 = r * r
    p23 = 0.04166620597243309 + r * 0.00836888886988163
    return r2 * ((0.5 + r * 0.166665181517601) + r2 * (p23 + r2 * 0.0013950486900284886))


# tools/fit_polynomial.py "(expm1(x) - x - x**2/2) / x**3"
#     --from="log(3/4)" --to="log(3/2)" --degree=9 --weight="x**3"
def shifted_exp_tail64(r: Any) -> Any:
    """``exp(r) - 1 - r`` for ``r`` between ln(3/4) and ln(3/2), within 2^-61 and rounded better than ``exp_tail64``.

    The square by itself halves the rounding error: it is most of the result.
    """
    r2 = r * r
    r4 = r2 * r2
    p01 = 0.16666666666666663 + r * 0.04166666666666751
    p23 = 0.008333333333338423 + r * 0.001388888888816583
    p45 = 0.00019841269826738605 + r * 2.4801589439839398e-05
    p67 = 2.7557325998053788e-06 + r * 2.7554657195194407e-07
    p89 = 2.5070411172180865e-08 + r * 2.207932973341865e-09
    return 0.5 * r2 + r * r2 * ((p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * p89))


# tools/fit_polynomial.py "(expm1(x)-x-x*x/2)/x**3"
#     --from="log(.75)" --to="log(1.5)" --degree=4 --weight="x**3" --float32
def shifted_exp_tail32(r: Any) -> Any:
    """As ``shifted_exp_tail64``, in float32: within 2^-31."""
    r2 = r * r
    p01 = 0.16666670143604279 + r * 0.041666578501462936
    p23 = 0.00833205133676529 + r * 0.0013918590266257524
    return 0.5 * r2 + r * r2 * (p01 + r2 * (p23 + r2 * 0.00020946908625774086))
