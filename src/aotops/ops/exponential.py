"""Exponentials, logarithms and roots, element by element.

The scalar functions are branch-free, so that the compiler can run them on whole vectors: reduce the
argument exactly, evaluate a polynomial whose coefficients minimise the largest error on the reduced
interval (``tools/fit_polynomial.py``), select the special values at the end. Products
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
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    LN2_HIGH,
    LN2_HIGH_32,
    LN2_LOW,
    LN2_LOW_32,
    NAN,
    chained,
    chained_quotient,
    exp_tail32,
    exp_tail64,
    is_outside,
    ln2_steps32,
    ln2_steps64,
    magnitude32,
    magnitude64,
    shifted_exp_tail32,
    shifted_exp_tail64,
)
from aotops.ops.record import FLOATS, TO_FLOAT, map

# --- exp ----------------------------------------------------------------------------------------------------------


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


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.exp", "numpy.exp"),
    cases=Cases(
        slope=lambda mp, x: mp.exp(x),
        special=(
            (0.0, 1.0),
            (-0.0, 1.0),
            (INF, INF),
            (-INF, 0.0),
            (NAN, NAN),
            (1e300, INF),
            (-1e300, 0.0),
            (1e-300, 1.0),
        ),
        # overflow, subnormal results, underflow
        seams=(709.782712893384, -708.3964185322641, -744.4400719213812, -745.1332191019412),
    ),
)
def exp(x: Any) -> Any:
    """Exponential of each element.

    Special cases: exp(-inf) is 0, exp(inf) is inf, NaN stays NaN. Overflow gives inf, and underflow goes through
    the subnormal numbers to 0, without a warning.

    >>> import aotops as ao
    >>> ao.exp(ao.tensor([0.0, 1.0]))
    tensor([1.        , 2.71828183])
    """
    return exp64(x)


exp.specialise("float32")(exp32)


@exp.fast_path("float64", unless=lambda x: magnitude64(x) > 0x4086200000000000)  # 708
def exp_fast64(x: Any) -> Any:
    k, y = reduced_exp64(x)
    return scale_exponent(y, k)


@exp.fast_path("float32", unless=lambda x: magnitude32(x) > 0x42AE0000)  # 87
def exp_fast32(x: Any) -> Any:
    k, y = reduced_exp32(x)
    return scale_exponent(y, k)


@exp.derivative
def exp_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, y)


# --- expm1 --------------------------------------------------------------------------------------------------------


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


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.expm1", "numpy.expm1"),
    cases=Cases(
        slope=lambda mp, x: mp.exp(x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e300, INF), (-1e300, -1.0)),
        seams=(709.782712893384, -36.7368005696771),
    ),
)
def expm1(x: Any) -> Any:
    """``exp(x) - 1`` of each element, precise also near zero.

    Special cases: expm1(-inf) is -1, expm1(inf) is inf, zeros and NaN stay what they are. Overflow gives inf,
    without a warning.

    >>> import aotops as ao
    >>> ao.expm1(ao.tensor([1e-10, 1.0]))
    tensor([1.00000000e-10, 1.71828183e+00])
    """
    return expm1_64(x)


expm1.specialise("float32")(expm1_32)


# within these bounds k is at most 52, 22
@expm1.fast_path("float64", unless=lambda x: magnitude64(x) > 0x4042000000000000)  # 36
def expm1_fast64(x: Any) -> Any:
    k, y = expm1_parts64(x)
    s = scale_exponent(1.0, k)
    return math.copysign((s - 1.0) + s * y, x)


@expm1.fast_path("float32", unless=lambda x: magnitude32(x) > 0x41780000)  # 15.5
def expm1_fast32(x: Any) -> Any:
    k, y = expm1_parts32(x)
    s = scale_exponent(1.0, k)
    return math.copysign((s - 1.0) + s * y, x)


@expm1.derivative
def expm1_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, math.exp(x))  # y + 1 cancels below 0


# --- log ----------------------------------------------------------------------------------------------------------


# tools/fit_polynomial.py "(2*atanh(sqrt(x))/sqrt(x) - 2) / x" --from=0 --to=0.02944 --degree=6 --weight=x
def atanh_tail64(z: Any) -> Any:
    """``2 * atanh(s) / s - 2`` of ``z = s**2`` up to 0.02944: ``z`` times degree 6, within 2^-57.

    The polynomial as three factors of degree 2, which have no real roots: each is evaluated by itself, so that a vector
    waits 6 operations for all of it. By powers of ``z**2`` it is 8, and log takes 8 % longer.
    """
    p = (0.14810545936566027 * z + 0.34122016782594217) * z + 0.24586123260911036
    q = (z - 1.7319071643940047) * z + 1.6263269460516008
    r = (z + 0.46194352194483684) * z + 1.6672887838743524
    return (z * p) * (q * r)


# tools/fit_polynomial.py "(2*atanh(sqrt(x))/sqrt(x) - 2) / x" --from=0 --to=0.02944 --degree=2 --weight=x --float32
def atanh_tail32(z: Any) -> Any:
    """As ``atanh_tail64``, in float32, for ``z`` up to 0.02944: degree 2, within 2^-29."""
    return (0.29925615730030874 * z) * ((z + 1.33584810529756) * z + 2.227749594186339)


def log_core64(x: Any, offset: Any) -> Any:
    """``log(2**offset * x)`` in float64 of a positive normal x: ``k * ln(2) + log(1 + f)``.

    ``1 + f`` is between the roots of 1/2 and 2. ``log(1 + f)`` is ``2 * atanh(s)`` with ``s = f / (2 + f)``, and
    ``2 * s`` is ``f - s * f``, of which f is exact and the rest at most a fifth of the result.
    """
    # adding the distance from sqrt(1/2) to 1 in bits puts the seam of the exponents at sqrt(1/2)
    shifted = bits_of_float64(x) + 0x00095F6200000000
    fraction = float64_of_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E00000000)
    # the exponent, as the low bits of a float64 in [2**52, 2**53)
    k = float64_of_bits((shifted >> 52) & 0x7FF | 0x4330000000000000) - 4503599627371519.0 + offset
    f = fraction - 1.0
    s = f / (fraction + 1.0)
    return k * LN2_HIGH - ((s * (f - atanh_tail64(s * s)) - k * LN2_LOW) - f)


def log64(x: Any) -> Any:
    """log in float64, anywhere."""
    subnormal = x < 2.2250738585072014e-308
    y = log_core64(select(subnormal, x * 18014398509481984.0, x), select(subnormal, -54.0, 0.0))
    y = select(x == INF, x, y)
    y = select(x == 0.0, -INF, y)
    return select((x < 0.0) | (x != x), NAN, y)


def log_core32(x: Any, offset: Any) -> Any:
    """As ``log_core64``, in float32."""
    shifted = bits_of_float32(x) + 0x004AFB0D
    fraction = float32_of_bits((shifted & 0x007FFFFF) + 0x3F3504F3)
    # the exponent, as the low bits of a float32 in [2**23, 2**24)
    k = float32_of_bits((shifted >> 23) & 0xFF | 0x4B000000) - 8388735.0 + offset
    f = fraction - 1.0
    s = f / (fraction + 1.0)
    return k * LN2_HIGH_32 - ((s * (f - atanh_tail32(s * s)) - k * LN2_LOW_32) - f)


def log32(x: Any) -> Any:
    """As ``log64``, in float32."""
    subnormal = x < 1.1754943508222875e-38
    y = log_core32(select(subnormal, x * 33554432.0, x), select(subnormal, -25.0, 0.0))
    y = select(x == INF, x, y)
    y = select(x == 0.0, -INF, y)
    return select((x < 0.0) | (x != x), NAN, y)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.log", "numpy.log"),
    cases=Cases(
        slope=lambda mp, x: 1 / x if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=(
            (1.0, 0.0),
            (0.0, -INF),
            (-0.0, -INF),
            (INF, INF),
            (-INF, NAN),
            (-1.0, NAN),
            (-1e-40, NAN),
            (NAN, NAN),
        ),
        seams=(2.2250738585072014e-308, math.e),
    ),
)
def log(x: Any) -> Any:
    """Natural logarithm of each element.

    Special cases: log(0) is -inf, log(inf) is inf. Below zero, and of NaN, it is NaN, without a warning.

    >>> import aotops as ao
    >>> ao.log(ao.tensor([1.0, 0.0]))
    tensor([  0., -inf])
    """
    return log64(x)


log.specialise("float32")(log32)


@log.fast_path("float64", unless=lambda x: is_outside(bits_of_float64(x), 0x0010000000000000, 0x7FF0000000000000))
def log_fast64(x: Any) -> Any:
    return log_core64(x, 0.0)


@log.fast_path("float32", unless=lambda x: is_outside(bits_of_float32(x), 0x00800000, 0x7F800000))
def log_fast32(x: Any) -> Any:
    return log_core32(x, 0.0)


@log.derivative
def log_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, select(x < 0.0, NAN, math.fabs(x)))


# --- log1p --------------------------------------------------------------------------------------------------------


# tools/fit_polynomial.py "(2*atanh(sqrt(x))/sqrt(x) - 2) / x" --from=0 --to=0.04 --degree=7 --weight=x
def wide_atanh_tail64(z: Any) -> Any:
    """As ``atanh_tail64`` for ``z`` up to 0.04: degree 7, within 2^-61."""
    p = (0.13854692410517996 * z + 0.17290875358672675) * z
    q = (z - 1.88644310960399) * z + 1.551857509844439
    r = (z + 1.719785369818202) * z + 1.5680823823337653
    t = (z - 0.13057680786383585) * z + 1.5844226531019883
    return (p * q) * (r * t)


# tools/fit_polynomial.py "(2*atanh(sqrt(x))/sqrt(x) - 2) / x" --from=0 --to=0.04 --degree=2 --weight=x --float32
def wide_atanh_tail32(z: Any) -> Any:
    """As ``wide_atanh_tail64``, in float32: degree 2, within 2^-27."""
    return (0.3043454786029532 * z) * ((z + 1.312820899745272) * z + 2.1905024500867527)


def log1p_core64(x: Any, offset: Any) -> Any:
    """``log(2**offset * (1 + x))`` in float64 of x greater than -1 and below 2^1022: ``log(1 + f) - n * ln(2)``.

    ``1 + f = 2**n * (1 + x)`` is between 3/4 and 3/2. There f has no more bits than a float64, so that nothing is lost
    where ``1 + x`` would be rounded: x is at least 1/2 where n is negative, and f at most 1/2 where n is positive. The
    one exception is the last x below 1/2, where the error is 0.72 units.
    """
    # the exponents' seam at 3/4
    shifted = bits_of_float64(1.0 + x) + 0x0008000000000000
    scale = float64_of_bits(0x7FE0000000000000 - (shifted & 0x7FF0000000000000))
    # not its negative: the zero of either sign passes through all sums only so
    n = (4503599627371519.0 - offset) - float64_of_bits((shifted >> 52) & 0x7FF | 0x4330000000000000)
    f = x * scale - (1.0 - scale)
    s = f / (2.0 + f)
    # the square by itself: log's shorter form errs by 1.07 units below -1/4
    half_square = 0.5 * f * f
    tail = s * (half_square + wide_atanh_tail64(s * s))
    return (f - (half_square - (tail - n * LN2_LOW))) - n * LN2_HIGH


def log1p_core32(x: Any, offset: Any) -> Any:
    """As ``log1p_core64``, in float32, for x below 2^126; in log's shorter form, which errs by 0.99 units."""
    shifted = bits_of_float32(1.0 + x) + 0x00400000
    scale = float32_of_bits(0x7F000000 - (shifted & 0x7F800000))
    n = (8388735.0 - offset) - float32_of_bits((shifted >> 23) & 0xFF | 0x4B000000)
    f = x * scale - (1.0 - scale)
    s = f / (2.0 + f)
    return (f - (s * (f - wide_atanh_tail32(s * s)) + n * LN2_LOW_32)) - n * LN2_HIGH_32


def log1p64(x: Any) -> Any:
    """log1p in float64, anywhere."""
    # 1 is nothing to numbers so large, and the inverses of their powers of 2 may be subnormal
    large = x > 1e300
    y = select(x > -1.0, x, 0.0) * select(large, 7.458340731200207e-155, 1.0)
    y = log1p_core64(y, select(large, 512.0, 0.0))
    y = select(x == INF, x, select(x == -1.0, -INF, y))
    return select((x < -1.0) | (x != x), NAN, y)


def log1p32(x: Any) -> Any:
    """As ``log1p64``, in float32."""
    large = x > 1e37
    y = select(x > -1.0, x, 0.0) * select(large, 5.421010862427522e-20, 1.0)
    y = log1p_core32(y, select(large, 64.0, 0.0))
    y = select(x == INF, x, select(x == -1.0, -INF, y))
    return select((x < -1.0) | (x != x), NAN, y)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.log1p", "numpy.log1p"),
    cases=Cases(
        slope=lambda mp, x: 1 / (1 + x) if x > -1 else mp.nan,
        domain=(-1.0, INF),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-1.0, -INF), (-1.5, NAN), (-INF, NAN), (NAN, NAN)),
        seams=(0.25, 0.5, 2.0**1022),
    ),
)
def log1p(x: Any) -> Any:
    """``log(1 + x)`` of each element, precise also near zero.

    Special cases: log1p(-1) is -inf, log1p(inf) is inf, zeros stay what they are. Below -1, and of NaN, it is NaN,
    without a warning.

    >>> import aotops as ao
    >>> ao.log1p(ao.tensor([1e-10, -1.0]))
    tensor([1.e-10,   -inf])
    """
    return log1p64(x)


log1p.specialise("float32")(log1p32)


@log1p.fast_path("float64", unless=lambda x: is_outside(bits_of_float64(1.0 + x), 1, 0x7FD0000000000000))  # 2^1022
def log1p_fast64(x: Any) -> Any:
    return log1p_core64(x, 0.0)


@log1p.fast_path("float32", unless=lambda x: is_outside(bits_of_float32(1.0 + x), 1, 0x7E800000))  # 2^126
def log1p_fast32(x: Any) -> Any:
    return log1p_core32(x, 0.0)


@log1p.derivative
def log1p_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, select(x < -1.0, NAN, 1.0 + x))


# --- sqrt ---------------------------------------------------------------------------------------------------------


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    aliases=("math.sqrt", "numpy.sqrt"),
    cases=Cases(
        slope=lambda mp, x: 1 / (2 * mp.sqrt(x)) if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, NAN), (-1.0, NAN), (NAN, NAN), (4.0, 2.0)),
    ),
)
def sqrt(x: Any) -> Any:
    """Square root of each element, correctly rounded; NaN below zero, without a warning.

    Special cases: NaN below zero, without a warning; zeros stay what they are.

    Accuracy: Correctly rounded.

    >>> import aotops as ao
    >>> ao.sqrt(ao.tensor([4.0, 2.0]))
    tensor([2.        , 1.41421356])
    """
    return square_root(x)


@sqrt.derivative
def sqrt_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, math.fabs(y + y))
