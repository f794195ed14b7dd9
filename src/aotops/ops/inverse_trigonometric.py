"""Inverse trigonometric functions, element by element.

Each is a multiple of pi/4, plus or minus a small odd function of a number of at most 1/2: atan and atan2 divide, asin
and acos take a square root. A fused multiply-add gives what rounding took away from the quotient or the root. The
multiple of pi/4 has two parts: the first and the quotient are added, and all that is small at once.
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
    fma,
    select,
    square_root,
    widen,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, chained_quotient, in_float64
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, Scalar, map, zip

#: pi/2 in two parts.
HALF_PI, HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
HALF_PI_32, HALF_PI_LOW_32 = 1.57079637050628662109375, -4.37113900018624283e-8
#: pi/4 in two parts; the last bits of the first are 0, so that three times it is exact.
QUARTER_PI, QUARTER_PI_LOW = 0.7853981633974483, 3.061616997868383e-17
#: Up to here, asin and atan of a number are that number. Polynomials are evaluated from here on, where no product is
#: subnormal: on Intel's CPUs a subnormal number takes 150 cycles.
TINY, TINY_32 = 7.450580596923828e-09, 0.000244140625  # 2^-27, 2^-12


def rough_inverse64(x: Any) -> Any:
    """``1 / x`` within 5 %, of a positive number: minus its exponent, and a line for the mantissa.

    That is enough for what a quotient or a root lacks: half a unit in its last place.
    """
    return float64_of_bits(0x7FDE623822FC16E6 - bits_of_float64(x))


def rough_inverse32(x: Any) -> Any:
    """As ``rough_inverse64``, in float32."""
    return float32_of_bits(0x7EF311C7 - bits_of_float32(x))


# tools/fit_polynomial.py "(atan(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=11 --weight=x
def arctangent_polynomial64(z: Any) -> Any:
    """``atan(t) / t - 1`` for ``z = t**2`` up to 1/4: within 2^-57."""
    z2 = z * z
    p01 = fma(z, 0.19999999999905635, -0.33333333333332993)
    p23 = fma(z, 0.11111110667810377, -0.142857142765893)
    p45 = fma(z, 0.07692076713694943, -0.09090896435558804)
    p67 = fma(z, 0.058584711973408435, -0.06663837554869272)
    p89 = fma(z, 0.04188442839198262, -0.05122732026039755)
    last = fma(z, 0.010136729629433506, -0.027464642532120817)
    return z * fma(z2, fma(z2, fma(z2, fma(z2, fma(z2, last, p89), p67), p45), p23), p01)


# tools/fit_polynomial.py "atan(sqrt(x+1/2))/sqrt(x+1/2) - 1" --from=-1/2 --to=1/2 --degree=9 --float32
def arctangent_polynomial32(t: Any) -> Any:
    """``atan(t) / t - 1`` for ``t`` up to 1, in float32: within 2^-28.

    In the distance of ``t**2`` from 1/2, with whose multiples their roundings are small. The last coefficient is such
    that the arc tangent of 1 is pi/4, correctly rounded.
    """
    v = fma(t, t, -0.5)
    v2 = v * v
    p12 = fma(v, 0.08340700715780258, -0.20375309884548187)
    p34 = fma(v, 0.021061956882476807, -0.04024604335427284)
    p56 = fma(v, 0.006408448331058025, -0.011568097397685051)
    p78 = fma(v, 0.0028340688440948725, -0.00366341439075768)
    high = fma(v2, fma(v2, fma(v2, -0.0017846178762640793, p78), p56), p34)
    return fma(v, fma(v2, high, p12), -0.12958024442195892)


# tools/fit_polynomial.py "(asin(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=11 --weight=x
def arcsine_polynomial64(z: Any) -> Any:
    """``(asin(t) - t) / t**3`` for ``z = t**2`` up to 1/4: within 2^-55 of ``asin(t)`` when multiplied."""
    z2 = z * z
    p01 = fma(z, 0.07500000000336995, 0.16666666666665408)
    p23 = fma(z, 0.030381959136517513, 0.04464285682834103)
    p45 = fma(z, 0.01735970463280043, 0.022371758059953815)
    p67 = fma(z, 0.012169204059257008, 0.013885236672497787)
    p89 = fma(z, 0.01952818042172705, 0.006528007048953777)
    last = fma(z, 0.031912182360418075, -0.016224122676992973)
    return fma(z2, fma(z2, fma(z2, fma(z2, fma(z2, last, p89), p67), p45), p23), p01)


# tools/fit_polynomial.py "(asin(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=4 --weight=x --float32
def arcsine_polynomial32(z: Any) -> Any:
    """As ``arcsine_polynomial64``, in float32: within 2^-27."""
    p12 = fma(z, 0.04547013988935339, 0.07495299956750714)
    p34 = fma(z, 0.042165195175210335, 0.024180409062675882)
    return fma(z, fma(z * z, p34, p12), 0.16666752418664443)


def root_of(rough_inverse: Scalar) -> Scalar:
    """Make the function that gives ``z, root, rest`` of ``a``, in one dtype: ``z`` is ``(1 - a) / 2``, exact from 1/2.

    ``2 * root + rest`` is twice the square root of ``z``. Beyond 1 and of NaN both are NaN.
    """

    def root_and_rest(a: Any) -> Any:
        z = fma(a, -0.5, 0.5)
        root = square_root(z)
        return z, root, fma(-root, root, z) * rough_inverse(root)

    return root_and_rest


root64, root32 = root_of(rough_inverse64), root_of(rough_inverse32)


# --- asin ---------------------------------------------------------------------------------------------------------


def asin_of(root_and_rest: Scalar, polynomial: Scalar, half_pi: float, half_pi_low: float, tiny: float) -> Scalar:
    """Make asin in one dtype: beyond 1/2 it is pi/2 less twice the arc sine of ``sqrt((1 - a) / 2)``."""

    def asin(x: Any) -> Any:
        a = math.fabs(x)
        small = a <= 0.5
        moderate = select(a < tiny, tiny, a)
        z, root, rest = root_and_rest(moderate)
        z = select(small, moderate * moderate, z)
        upper = select(small, moderate, -2.0 * root)
        base = select(small, 0.0, half_pi)
        total = base + upper
        lower = select(small, 0.0, half_pi_low - rest) + ((base - total) + upper)
        y = total + fma(upper, z * polynomial(z), lower)
        return math.copysign(select(a < tiny, a, y), x)

    return asin


asin64 = asin_of(root64, arcsine_polynomial64, HALF_PI, HALF_PI_LOW, TINY)
asin32 = asin_of(root32, arcsine_polynomial32, HALF_PI_32, HALF_PI_LOW_32, TINY_32)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.asin", "numpy.arcsin", "numpy.asin"),
    cases=Cases(
        slope=lambda mp, x: 1 / mp.sqrt((1 - x) * (1 + x)) if abs(x) < 1 else mp.nan,
        domain=(-1.0, 1.0),
        special=((0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        seams=(0.5, 2.0**-27, 2.0**-12),
    ),
)
def asin(x: Any) -> Any:
    """Inverse sine of each element, in radians from -pi/2 to pi/2.

    Special cases: Zeros stay what they are. Outside of -1 to 1, and of NaN, it is NaN, without a warning. Complex
    numbers are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: ``asin(-x)`` is ``-asin(x)``. Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.asin(ao.tensor([-0.0, 0.5, 1.0]))
    tensor([-0.        ,  0.52359878,  1.57079633])
    """
    return asin64(x)


asin.specialise("float32")(asin32)


@asin.derivative
def asin_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, square_root((1.0 - x) * (1.0 + x)))


# --- acos ---------------------------------------------------------------------------------------------------------


def acos_of(root_and_rest: Scalar, polynomial: Scalar, half_pi: float, half_pi_low: float, tiny: float) -> Scalar:
    """Make acos in one dtype: pi/2 less asin within 1/2, and beyond it from 0 or pi."""

    def acos(x: Any) -> Any:
        a = math.fabs(x)
        small = a <= 0.5
        moderate = select(a < tiny, tiny, a)
        z, root, rest = root_and_rest(moderate)
        z = select(small, moderate * moderate, z)
        upper = select(small, moderate, root + root)
        lower = fma(upper, z * polynomial(z), select(small, 0.0, rest))
        negative = x < 0.0
        turns = select(small, 1.0, select(negative, 2.0, 0.0))
        same = small == negative
        upper, lower = select(same, upper, -upper), select(same, lower, -lower)
        base = turns * half_pi
        total = base + upper
        return total + (fma(turns, half_pi_low, lower) + ((base - total) + upper))

    return acos


# numbers up to 2^-60 do not change pi/2, nor those up to 2^-30 in float32
acos64 = acos_of(root64, arcsine_polynomial64, HALF_PI, HALF_PI_LOW, 8.673617379884035e-19)
acos32 = acos_of(root32, arcsine_polynomial32, HALF_PI_32, HALF_PI_LOW_32, 9.313225746154785e-10)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.acos", "numpy.arccos", "numpy.acos"),
    cases=Cases(
        slope=lambda mp, x: -1 / mp.sqrt((1 - x) * (1 + x)) if abs(x) < 1 else mp.nan,
        domain=(-1.0, 1.0),
        special=((1.0, 0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, math.pi / 2)),
        seams=(0.5, 2.0**-27, 2.0**-12),
    ),
)
def acos(x: Any) -> Any:
    """Inverse cosine of each element, in radians from 0 to pi.

    Special cases: Outside of -1 to 1, and of NaN, it is NaN, without a warning. Complex numbers are as in the array API
    standard, with signed zeros along branch cuts.

    Accuracy: Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.acos(ao.tensor([1.0, 0.5, -1.0]))
    tensor([0.        , 1.04719755, 3.14159265])
    """
    return acos64(x)


acos.specialise("float32")(acos32)


@acos.derivative
def acos_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(-g, square_root((1.0 - x) * (1.0 + x)))


# --- atan ---------------------------------------------------------------------------------------------------------


def atan64(x: Any) -> Any:
    """atan in float64.

    Between 1/2 and 2 it is pi/4 and the arc tangent of ``(a - 1) / (a + 1)``, and beyond pi/2
    and that of ``-1 / a``. The numerators are exact, the denominators have two parts, and so have the quotients.
    """
    absolute = math.fabs(x)
    a = select(absolute > 18446744073709551616.0, 18446744073709551616.0, absolute)  # 2^64; NaN stays
    a = select(a < TINY, TINY, a)
    small, large = a <= 0.5, a > 2.0
    above = select(large, 0.0, a) - select(small, 0.0, 1.0)
    one = select(large, 0.0, 1.0)
    added = select(small, 0.0, a)
    below = one + added
    quotient = divide(above, below)
    remainder = fma(-quotient, added - (below - one), fma(-quotient, below, above))
    quarters = select(small, 0.0, select(large, 2.0, 1.0))
    base = quarters * QUARTER_PI
    total = base + quotient
    lower = fma(remainder, rough_inverse64(below), fma(quarters, QUARTER_PI_LOW, (base - total) + quotient))
    y = total + fma(quotient, arctangent_polynomial64(quotient * quotient), lower)
    return math.copysign(select(y < absolute, y, absolute), x)  # which tiny numbers are


def atan32(x: Any) -> Any:
    """atan in float32: beyond 1 it is pi/2 less that of the inverse."""
    absolute = math.fabs(x)
    a = select(absolute > 4294967296.0, 4294967296.0, absolute)  # NaN stays
    a = select(a < TINY_32, TINY_32, a)
    large = a > 1.0
    above, below = select(large, -1.0, a), select(large, a, 1.0)
    quotient = divide(above, below)
    # Near 1, where it counts most, the slope of the arc tangent of 1/a is about half of what the quotient lacks.
    base, base_low = select(large, HALF_PI_32, 0.0), select(large, HALF_PI_LOW_32, 0.0)
    lower = fma(fma(-quotient, below, above), 0.5, base_low)
    total = base + quotient
    lower = lower + ((base - total) + quotient)
    y = total + fma(quotient, arctangent_polynomial32(quotient), lower)
    return math.copysign(select(y < absolute, y, absolute), x)  # which tiny numbers are


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.atan", "numpy.arctan", "numpy.atan"),
    cases=Cases(
        slope=lambda mp, x: 1 / (1 + x * x),
        special=((0.0, 0.0), (-0.0, -0.0), (NAN, NAN), (INF, math.pi / 2), (-INF, -math.pi / 2), (1e300, math.pi / 2)),
        seams=(0.5, 1.0, 2.0, 2.0**-27, 2.0**-12, 2.0**64, 2.0**32),
    ),
)
def atan(x: Any) -> Any:
    """Inverse tangent of each element, in radians from -pi/2 to pi/2.

    Special cases: Of infinity it is pi/2; zeros and NaN stay what they are. Complex numbers are as in the array API
    standard, with signed zeros along branch cuts.

    Accuracy: ``atan(-x)`` is ``-atan(x)``. Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.atan(ao.tensor([-0.0, 1.0, float("inf")]))
    tensor([-0.        ,  0.78539816,  1.57079633])
    """
    return atan64(x)


atan.specialise("float32")(atan32)


@atan.derivative
def atan_derivative(x: Any, y: Any, g: Any) -> Any:
    # beyond 1, where x * x may overflow, 1 + x**2 is x * (x + 1 / x)
    a = math.fabs(x)
    factor = select(a > 1.0, a, 1.0)
    return chained_quotient(chained_quotient(g, factor), factor + select(a > 1.0, divide(1.0, factor), x * x))


# --- atan2 --------------------------------------------------------------------------------------------------------


def atan2_scaled64(x1: Any, x2: Any, n: Any, d: Any) -> Any:
    """atan2 of ``x1`` and ``x2`` in float64, out of ``n / d`` as well.

    That is the smaller absolute value by the larger one, which must not be 0, and both may be multiplied by a power of
    2. Beyond 1/2 its arc tangent is pi/4 and that of ``(n - d) / (n + d)``. The numerator is exact, the denominator
    has two parts, and so has the quotient.
    """
    small = n + n <= d
    above = n - select(small, 0.0, d)
    added = select(small, 0.0, n)
    below = d + added
    # the direction is of the quadrant and of which of the two is larger
    inverted = math.fabs(x1) > math.fabs(x2)
    backward = math.copysign(1.0, x2) < 0.0
    above = select(inverted == backward, above, -above)
    quarters = select(inverted, select(small, 2.0, 1.0), select(small, 0.0, 1.0))
    quarters = select(backward, 4.0 - quarters, quarters)
    quotient = divide(above, below)
    remainder = fma(-quotient, added - (below - d), fma(-quotient, below, above))
    base = quarters * QUARTER_PI
    total = base + quotient
    lower = fma(quarters, QUARTER_PI_LOW, (base - total) + quotient)
    # the slope of the arc tangent is about 1 - quotient**2
    z = quotient * quotient
    lower = fma(fma(-z, remainder, remainder), rough_inverse64(below), lower)
    return math.copysign(total + fma(quotient, arctangent_polynomial64(z), lower), x1)


def atan2_scaled32(x1: Any, x2: Any, n: Any, d: Any) -> Any:
    """As ``atan2_scaled64``, in float32, with one polynomial up to 1."""
    inverted = math.fabs(x1) > math.fabs(x2)
    backward = math.copysign(1.0, x2) < 0.0
    quotient = divide(n, d)
    # what the quotient lacks, times the slope of the arc tangent
    lower = fma(-quotient, d, n) * rough_inverse32(fma(quotient, n, d))
    lower = fma(quotient, arctangent_polynomial32(quotient), lower)
    ahead = inverted == backward
    upper, lower = select(ahead, quotient, -quotient), select(ahead, lower, -lower)
    turns = select(inverted, 1.0, select(backward, 2.0, 0.0))
    base = turns * HALF_PI_32
    total = base + upper
    lower = fma(turns, HALF_PI_LOW_32, lower) + ((base - total) + upper)
    return math.copysign(total + lower, x1)


def atan2_64(x1: Any, x2: Any) -> Any:
    """atan2 in float64.

    The larger absolute value goes between 2 and 4, exactly, or below where it is subnormal, and the other one with it.
    That costs less than to tell numbers for which it is not necessary.
    """
    a1, a2 = math.fabs(x1), math.fabs(x2)
    inverted = a1 > a2
    n, d = select(inverted, a2, a1), select(inverted, a1, a2)
    normal = select(d < 2.2250738585072014e-308, 2.2250738585072014e-308, d)
    scale = float64_of_bits(0x7FF0000000000000 - (bits_of_float64(normal) & 0x7FF0000000000000))
    # of infinity it is 0, and infinity counts as 1 beside a finite number, which then is 0; so does 0 beside 0
    return atan2_scaled64(x1, x2, select(n == INF, 1.0, n * scale), select((d == INF) | (d == 0.0), 1.0, d * scale))


def atan2_32(x1: Any, x2: Any) -> Any:
    """As ``atan2_64``, in float32."""
    a1, a2 = math.fabs(x1), math.fabs(x2)
    inverted = a1 > a2
    n, d = select(inverted, a2, a1), select(inverted, a1, a2)
    normal = select(d < 1.1754943508222875e-38, 1.1754943508222875e-38, d)
    scale = float32_of_bits(0x7F800000 - (bits_of_float32(normal) & 0x7F800000))
    return atan2_scaled32(x1, x2, select(n == INF, 1.0, n * scale), select((d == INF) | (d == 0.0), 1.0, d * scale))


@zip(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.atan2", "numpy.arctan2", "numpy.atan2"),
)
def atan2(x1: Any, x2: Any) -> Any:
    """The angle of each point ``(x2, x1)``, in radians from -pi to pi: the inverse tangent of ``x1 / x2``.

    The signs of both choose the quadrant, also those of zeros.

    Special cases: Zeros and infinities are as in C's ``atan2`` and NumPy: ``atan2(0.0, -0.0)`` is pi, of two
    infinities it is an odd multiple of pi/4. NaN where either is NaN.

    >>> import aotops as ao
    >>> ao.atan2(ao.tensor([1.0, -1.0, 0.0]), ao.tensor([1.0, -1.0, -1.0]))
    tensor([ 0.78539816, -2.35619449,  3.14159265])
    """
    return atan2_64(x1, x2)


atan2.specialise("float32")(atan2_32)


@atan2.derivative
def atan2_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    # In units of the larger one, so that squares neither overflow nor vanish. Small numbers are multiplied by powers of
    # two first, and so are the results: quotients and inverses would be subnormal, or infinite.
    a1, a2 = math.fabs(x1), math.fabs(x2)
    largest = select(a1 > a2, a1, a2)
    both_small = largest < 3.054936363499605e-151  # 2^-500
    scale1 = select(both_small, 3.273390607896142e150, select(a1 < 1.499696813895631e-241, 1.6069380442589903e60, 1.0))
    scale2 = select(both_small, 3.273390607896142e150, select(a2 < 1.499696813895631e-241, 1.6069380442589903e60, 1.0))
    nowhere = (largest == 0.0) | (largest == INF)
    unit = select(nowhere, 1.0, largest * select(both_small, 3.273390607896142e150, 1.0))
    u1, u2 = divide(x1 * scale1, unit), divide(x2 * scale2, unit)
    length = u1 * u1 + u2 * u2
    per_unit = divide(g, unit)
    to_x1 = chained(per_unit, divide(u2, length)) * select(both_small, scale2, divide(1.0, scale2))
    to_x2 = chained(per_unit, divide(-u1, length)) * select(both_small, scale1, divide(1.0, scale1))
    return select(y != y, y, select(nowhere, 0.0, to_x1)), select(y != y, y, select(nowhere, 0.0, to_x2))


@atan2.specialise_derivative("float32")
@in_float64
def atan2_derivative32(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    x1, x2 = widen(x1), widen(x2)
    length = x1 * x1 + x2 * x2
    nowhere = (length == 0.0) | (length == INF)
    divisor = select(nowhere, 1.0, length)
    to_x1, to_x2 = chained(widen(g), divide(x2, divisor)), chained(widen(g), divide(-x1, divisor))
    return select(y != y, widen(y), select(nowhere, 0.0, to_x1)), select(y != y, widen(y), select(nowhere, 0.0, to_x2))
