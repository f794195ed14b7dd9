"""The building blocks of float functions: compensated sums and products, exponents, parts of exp and log.

A function with an error below 1 ULP has a single significant rounding, the last operation. Everything before it is
exact, small compared with the result, or kept in two parts, a rounded value and its rounding error. CONTRIBUTING.md
says how to write such a function.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    divide,
    fma,
    limit,
    look_up16,
    look_up16_float32,
    narrow,
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


def in_float32(function: Any) -> Any:
    """Decorator: as ``in_float64``, in float32, for kernels of short integers, beginning with ``narrow``."""
    function.constants = "float32"
    return function


# --- two parts ----------------------------------------------------------------------------------------------------


def two_sum(a: Any, b: Any) -> Any:
    """``a + b`` rounded, and its rounding error, exactly; 6 operations."""
    total = a + b
    added = total - a
    return total, (a - (total - added)) + (b - added)


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


# --- parts of exp and log -----------------------------------------------------------------------------------------

# 1 / ln 2, and the same in two parts
LOG2_E, LOG2_E_LOW = 1.4426950408889634, 2.0355273740931033e-17
LOG2_E_32, LOG2_E_LOW_32 = 1.4426950216293335, 1.925963033500011e-08
# ln 2 in two parts, both positive: multiples of the high part by a float's exponent are exact
LN2_HIGH, LN2_LOW = 0.6931471805598903, 5.497923018708371e-14
LN2_HIGH_32, LN2_LOW_32 = 0.693145751953125, 1.428606765330187e-06
#: ln 2 as a float32, which is closer than most: within 2^-28 of itself.
LN2_32 = 0.6931471824645996

#: 2**(j / 16), j from 0 to 15, as float64, and what they lack, as shares of them.
ROOTS = Table(
    (
        1.0,
        1.0442737824274138,
        1.0905077326652577,
        1.1387886347566916,
        1.189207115002721,
        1.241857812073484,
        1.2968395546510096,
        1.3542555469368927,
        1.4142135623730951,
        1.4768261459394993,
        1.5422108254079407,
        1.6104903319492543,
        1.681792830507429,
        1.7562521603732995,
        1.8340080864093424,
        1.9152065613971474,
    )
)
ROOTS_LOW = Table(
    (
        0.0,
        8.189317638195514e-17,
        -2.7939114859515733e-17,
        7.826573258636075e-17,
        3.3484623336251524e-17,
        3.7508542013031266e-17,
        1.9572585293112036e-17,
        5.68648095791174e-17,
        -6.835808657661923e-17,
        -2.3591094770850053e-17,
        5.1548301170786783e-17,
        1.5341410053603723e-17,
        4.875160526227061e-17,
        1.685487290628973e-17,
        1.790126907604513e-17,
        -5.5450656186394274e-17,
    )
)
#: The same roots as float32, and what they lack, as shares of them.
ROOTS_32 = Table(tuple(narrow(root) for root in ROOTS.values))
ROOT_SHARES_32 = Table(tuple(narrow(root / narrow(root) - 1.0) for root in ROOTS.values))


def exp_steps64(x: Any) -> Any:
    """``k, j, r`` with ``x = k * ln(2) + r``: ``k`` is a multiple of 1/16, the last 4 bits of ``j`` are ``16 * k``.

    ``r`` is within ``ln(2) / 32``, and NaN where ``x`` is no finite number.
    """
    # the bits of a sum between 2**48 and 2**49 end with sixteenths
    shifted = fma(x, LOG2_E, 422212465065984.0)
    k = shifted - 422212465065984.0
    return k, bits_of_float64(shifted), fma(-k, LN2_LOW, fma(-k, LN2_HIGH, x))


def exp_steps32(x: Any) -> Any:
    """``k, r`` with ``x = k * ln(2) + r``: ``k`` is an integer, and ``r`` within ``ln(2) / 2``; NaN as in float64."""
    k = narrow(fma(x, LOG2_E, 12582912.0)) - 12582912.0  # plain Python computes in float64
    return k, fma(-k, LN2_LOW_32, fma(-k, LN2_HIGH_32, x))


# tools/fit_polynomial.py "(expm1(x) - x) / x**2" --from="-log(2)/32" --to="log(2)/32" --degree=4 --weight="x**2"
def exp_polynomial64(r: Any) -> Any:
    """``(exp(r) - 1 - r) / r**2`` for ``r`` within ``ln(2) / 32``: exp within 2^-56."""
    p = fma(fma(fma(0.0013889129005736345, r, 0.008333471923429585), r, 0.041666666659656244), r, 0.16666666664417862)
    return fma(p, r, 0.5000000000000006)


# tools/fit_polynomial.py "(expm1(x) - x) / x**2" --from="-log(2)/2" --to="log(2)/2"
#     --degree=4 --weight="x**2" --float32
def exp_polynomial32(r: Any) -> Any:
    """``(exp(r) - 1 - r) / r**2`` for ``r`` within ``ln(2) / 2``: exp within 2^-28."""
    p = fma(fma(r, 0.0013950472930446267, 0.008368882350623608), r, 0.04166620597243309)
    return fma(fma(p, r, 0.1666651964187622), r, 0.5)


#: Makes normal numbers of subnormal ones, and changes no result. Intel's processors multiply a subnormal number 100
#: times slower than others, but add it as fast.
NEGLIGIBLE = 2.0**-100


def exp_parts64(x: Any) -> Any:
    """``k, t, u, v`` with ``exp(x) = 2**floor(k) * (t + u * v)``, where ``t`` is from 1 to 2, ``u * v`` small.

    Also where exp overflows or vanishes, or ``x`` is infinite; of NaN ``k`` is NaN. With 16 roots of 2 in a table, 5
    coefficients are enough instead of 10: 0.45 ns per element for 0.65 on Sapphire Rapids.
    """
    k, j, r = exp_steps64(x + NEGLIGIBLE)
    r = limit(r, 0.03125)
    t = look_up16(ROOTS, j)
    return k, t, t, fma(r, fma(r, exp_polynomial64(r), 1.0), look_up16(ROOTS_LOW, j))


def exp_parts32(x: Any) -> Any:
    """As ``exp_parts64``, in float32, where ``k`` is an integer and ``t`` is 1."""
    k, r = exp_steps32(x + NEGLIGIBLE)
    r = limit(r, 0.5)
    return k, 1.0, r, fma(r, exp_polynomial32(r), 1.0)


#: Of the numbers from ``1 + j / 16`` to ``1 + (j + 1) / 16`` the inverses, nearly: the products less 1 are from -3/80
#: to 1/16, and floats, since these are multiples of 1/32.
INVERSES = Table(
    (
        1.0,
        0.9375,
        0.875,
        0.8125,
        0.78125,
        0.75,
        0.71875,
        0.6875,
        0.65625,
        0.625,
        0.59375,
        0.59375,
        0.5625,
        0.53125,
        0.53125,
        0.5,
    )
)


# --- polynomials by table -----------------------------------------------------------------------------------------

# An index of four bits, of an exponent and a fraction, chooses one of 16 intervals and its polynomial, of the distance
# from the interval's middle. There the function is nearly a float32, so that the constant coefficient is precise.


def by_table(rows: tuple[tuple[float, ...], ...]) -> Any:
    """Make ``t, constant, slope`` of ``m`` and an index, in float32: the polynomial is ``constant + t * slope``.

    A row is the middle of an interval, and the coefficients from the constant one up; ``t`` is the distance of ``m``.
    """
    middles, c0, c1, c2, c3, c4, c5, c6 = (Table(tuple(narrow(row[k]) for row in rows)) for k in range(8))

    def polynomial(m: Any, j: Any) -> Any:
        t = m - look_up16_float32(middles, j)
        t2 = t * t
        p12 = fma(look_up16_float32(c2, j), t, look_up16_float32(c1, j))
        p34 = fma(look_up16_float32(c4, j), t, look_up16_float32(c3, j))
        p56 = fma(look_up16_float32(c6, j), t, look_up16_float32(c5, j))
        return t, look_up16_float32(c0, j), fma(t2, fma(t2, p56, p34), p12)

    return polynomial
