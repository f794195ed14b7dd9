"""Inverse trigonometric functions, element by element.

Each is a multiple of pi/4, plus or minus a small odd function of a number of at most 1/2: atan and atan2 divide, asin
and acos take a square root. The quotient or the root is kept in two parts, a head of half the bits and a rest, and so
is the multiple of pi/4: its head and the other are added first, and all the rest at once.
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
    select,
    square_root,
    widen,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, chained_quotient, in_float64, split_high32, split_high64
from aotops.ops.record import FLOATS, TO_FLOAT, Scalar, map, zip

#: pi/2 in two parts.
HALF_PI, HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
HALF_PI_32, HALF_PI_LOW_32 = 1.57079637050628662109375, -4.37113900018624283e-8


# tools/fit_polynomial.py "(atan(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=11 --weight=x
def arctangent_tail64(t: Any) -> Any:
    """``atan(t) - t`` for ``abs(t) <= 1/2``: within 2^-57 of ``atan(t)``."""
    z = t * t
    z2 = z * z
    z4 = z2 * z2
    p01 = -0.3333333333333298 + z * 0.19999999999903162
    p23 = -0.14285714276390113 + z * 0.11111110659801497
    p45 = -0.09090896248455478 + z * 0.07692073965227576
    p67 = -0.06663811107193492 + z * 0.05858301961592862
    p89 = -0.05122018309072997 + z * 0.04186537008218283
    last = -0.02743544110227321 + z * 0.010117171540392773
    return t * (z * ((p01 + z2 * p23) + z4 * ((p45 + z2 * p67) + z4 * (p89 + z2 * last))))


# tools/fit_polynomial.py "(atan(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=5 --weight=x --float32
def arctangent_tail32(t: Any) -> Any:
    """As ``arctangent_tail64``, in float32: within 2^-31."""
    z = t * t
    z2 = z * z
    p12 = 0.19999489853681007 + z * -0.14272078714288297
    p34 = 0.10940983238755897 + z * -0.07984066192471669
    return t * (z * (-0.3333332692557169 + z * (p12 + z2 * (p34 + z2 * 0.038723295443321946))))


# tools/fit_polynomial.py "(asin(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=11 --weight=x
def arcsine_polynomial64(z: Any) -> Any:
    """``(asin(t) - t) / t**3`` for ``z = t**2`` up to 1/4: within 2^-55 of ``asin(t)`` when multiplied."""
    z2 = z * z
    z4 = z2 * z2
    p01 = 0.16666666666665408 + z * 0.07500000000336995
    p23 = 0.04464285682834103 + z * 0.030381959136517513
    p45 = 0.022371758059953815 + z * 0.01735970463280043
    p67 = 0.013885236672497787 + z * 0.012169204059257008
    p89 = 0.006528007048953777 + z * 0.01952818042172705
    last = -0.016224122676992973 + z * 0.031912182360418075
    return (p01 + z2 * p23) + z4 * ((p45 + z2 * p67) + z4 * (p89 + z2 * last))


# tools/fit_polynomial.py "(asin(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=4 --weight=x --float32
def arcsine_polynomial32(z: Any) -> Any:
    """As ``arcsine_polynomial64``, in float32: within 2^-27."""
    p12 = 0.07495299956750714 + z * 0.04547013988935339
    p34 = 0.024180409062675882 + z * 0.042165195175210335
    return 0.16666752418664443 + z * (p12 + (z * z) * p34)


def arcsine_parts_of(head: Scalar, polynomial: Scalar, smallest: float) -> Scalar:
    """Make the function that gives ``small, upper, lower`` of ``0 <= a <= 1``, in one dtype.

    ``asin(a)`` is ``upper + lower`` where it is small, ``a <= 1/2``. Elsewhere ``acos(a)`` is, twice the arc sine of
    ``sqrt((1 - a) / 2)``; beyond 1 and of NaN it is NaN.
    """

    def arcsine_parts(a: Any) -> Any:
        small = a <= 0.5
        distance = 1.0 - a  # exact beyond 1/2
        z = select(small, a * a, 0.5 * distance)
        root = square_root(distance + distance)
        upper = head(root)
        # what the head lacks; the smallest normal number changes it only where all of it is 0
        lower = ((distance + distance) - upper * upper) / ((root + upper) + smallest)
        tail = select(small, a, root) * (z * polynomial(z))
        return small, select(small, a, upper), select(small, 0.0, lower) + tail

    return arcsine_parts


arcsine_parts64 = arcsine_parts_of(split_high64, arcsine_polynomial64, 2.2250738585072014e-308)
arcsine_parts32 = arcsine_parts_of(split_high32, arcsine_polynomial32, 1.1754943508222875e-38)


# --- asin ---------------------------------------------------------------------------------------------------------


def asin_of(parts: Scalar, half_pi: float, half_pi_low: float) -> Scalar:
    """Make asin in one dtype."""

    def asin(x: Any) -> Any:
        small, upper, lower = parts(math.fabs(x))
        total = half_pi - upper
        y = total + (((half_pi - total) - upper) + (half_pi_low - lower))
        return math.copysign(select(small, upper + lower, y), x)

    return asin


asin64 = asin_of(arcsine_parts64, HALF_PI, HALF_PI_LOW)
asin32 = asin_of(arcsine_parts32, HALF_PI_32, HALF_PI_LOW_32)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.asin", "numpy.arcsin", "numpy.asin"),
    cases=Cases(
        slope=lambda mp, x: 1 / mp.sqrt((1 - x) * (1 + x)) if abs(x) < 1 else mp.nan,
        domain=(-1.0, 1.0),
        special=((0.0, 0.0), (-0.0, -0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        seams=(0.5, 2.0**-27),
    ),
)
def asin(x: Any) -> Any:
    """Inverse sine of each element, in radians from -pi/2 to pi/2.

    Special cases: Zeros stay what they are. Outside of -1 to 1, and of NaN, it is NaN, without a warning.

    Accuracy: ``asin(-x)`` is ``-asin(x)``.

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


def acos_of(parts: Scalar, half_pi: float, half_pi_low: float) -> Scalar:
    """Make acos in one dtype: pi/2 less asin within 1/2, and beyond it from 0 or pi."""

    def acos(x: Any) -> Any:
        small, upper, lower = parts(math.fabs(x))
        negative = x < 0.0
        turns = select(small, 1.0, select(negative, 2.0, 0.0))
        same = small == negative
        upper, lower = select(same, upper, -upper), select(same, lower, -lower)
        base = turns * half_pi
        total = base + upper
        return total + ((upper - (total - base)) + (turns * half_pi_low + lower))

    return acos


acos64 = acos_of(arcsine_parts64, HALF_PI, HALF_PI_LOW)
acos32 = acos_of(arcsine_parts32, HALF_PI_32, HALF_PI_LOW_32)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.acos", "numpy.arccos", "numpy.acos"),
    cases=Cases(
        slope=lambda mp, x: -1 / mp.sqrt((1 - x) * (1 + x)) if abs(x) < 1 else mp.nan,
        domain=(-1.0, 1.0),
        special=((1.0, 0.0), (1.5, NAN), (-1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, math.pi / 2)),
        seams=(0.5, 2.0**-27),
    ),
)
def acos(x: Any) -> Any:
    """Inverse cosine of each element, in radians from 0 to pi.

    Special cases: Outside of -1 to 1, and of NaN, it is NaN, without a warning.

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


def atan_of(head: Scalar, tail: Scalar, largest: float, rounding: float, quarter: float, quarter_low: float) -> Scalar:
    """Make atan in one dtype; from ``largest`` on it is pi/2, rounded.

    Between the tangents of pi/8 and 3/8 pi it is pi/4 and the arc tangent of ``(a - 1) / (a + 1)``, and beyond pi/2
    and that of ``-1 / a``. ``rounding`` takes the quotient to a multiple of 2^-26 (of 2^-11 in float32), as are pi/4
    in ``quarter`` and 1: sums with those are exact, and so are products with half the bits of ``a``.
    """

    def atan(x: Any) -> Any:
        a = math.fabs(x)
        a = select(a > largest, largest, a)  # NaN stays
        small, large = a <= 0.5, a > 2.0
        one_above = select(small, 0.0, 1.0)
        one_below = select(large, 0.0, 1.0)
        inverse = 1.0 / (one_below + select(small, 0.0, a))
        quotient = (select(large, 0.0, a) - one_above) * inverse
        upper = (quotient + rounding) - rounding
        # the numerator less upper times the denominator, as a * factor - rest
        factor = one_below - select(small, 0.0, upper)
        rest = one_above + select(large, 0.0, upper)
        a_head = head(a)
        lower = ((a_head * factor - rest) + (a - a_head) * factor) * inverse
        base = select(small, 0.0, select(large, 2.0 * quarter, quarter))
        base_low = select(small, 0.0, select(large, 2.0 * quarter_low, quarter_low))
        return math.copysign((base + upper) + (lower + (base_low + tail(quotient))), x)

    return atan


atan64 = atan_of(
    split_high64, arctangent_tail64, 18446744073709551616.0, 100663296.0, 0.7853981703519821, -6.954533807083558e-09
)
atan32 = atan_of(split_high32, arctangent_tail32, 4294967296.0, 6144.0, 0.78515625, 0.00024191339744830963)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.atan", "numpy.arctan", "numpy.atan"),
    cases=Cases(
        slope=lambda mp, x: 1 / (1 + x * x),
        special=((0.0, 0.0), (-0.0, -0.0), (NAN, NAN), (INF, math.pi / 2), (-INF, -math.pi / 2), (1e300, math.pi / 2)),
        seams=(0.5, 2.0, 2.0**-27),
    ),
)
def atan(x: Any) -> Any:
    """Inverse tangent of each element, in radians from -pi/2 to pi/2.

    Special cases: Of infinity it is pi/2; zeros and NaN stay what they are.

    Accuracy: ``atan(-x)`` is ``-atan(x)``.

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


def atan2_scaled_of(head: Scalar, tail: Scalar, quarter: float, quarter_low: float) -> Scalar:
    """Make the function that gives atan2 of ``x1`` and ``x2``, in one dtype, out of ``n / d`` as well.

    That is the smaller absolute value by the larger one, which must not be 0, and both may be multiplied by a power of
    2. Beyond 1/2 its arc tangent is pi/4 and that of ``(n - d) / (n + d)``. The numerator is exact, the denominator
    has two parts; for the head of the quotient multiplying back is exact, and what then remains is divided.
    """

    def atan2_scaled(x1: Any, x2: Any, n: Any, d: Any) -> Any:
        small = n + n <= d
        above = n - select(small, 0.0, d)
        added = select(small, 0.0, n)
        rounded = d + added
        inverse = 1.0 / rounded
        below = head(rounded)
        below_low = (rounded - below) + (added - (rounded - d))
        # the direction is of the quadrant and of which of the two is larger
        inverted = math.fabs(x1) > math.fabs(x2)
        backward = math.copysign(1.0, x2) < 0.0
        above = select(inverted == backward, above, -above)
        quarters = select(inverted, select(small, 2.0, 1.0), select(small, 0.0, 1.0))
        quarters = select(backward, 4.0 - quarters, quarters)
        quotient = above * inverse
        upper = head(quotient)
        lower = ((above - upper * below) - upper * below_low) * inverse
        # the tail need not wait for what the quotient lacks; its slope there is about minus the square
        lower = lower - (quotient * quotient) * ((upper - quotient) + lower)
        base = quarters * quarter
        total = base + upper
        rest = (upper - (total - base)) + (quarters * quarter_low + (lower + tail(quotient)))
        return math.copysign(total + rest, x1)

    return atan2_scaled


# the last three bits of pi/4 are 0, so that three times it is exact, and what is left of it
atan2_scaled64 = atan2_scaled_of(split_high64, arctangent_tail64, 0.7853981633974483, 3.061616997868383e-17)
atan2_scaled32 = atan2_scaled_of(split_high32, arctangent_tail32, 0.785398006439209, 1.5695823932524066e-07)


def atan2_near_of(scaled: Scalar) -> Scalar:
    """Make atan2 in one dtype, for numbers that are 0 or of moderate size, not both 0."""

    def atan2_near(x1: Any, x2: Any) -> Any:
        a1, a2 = math.fabs(x1), math.fabs(x2)
        inverted = a1 > a2
        return scaled(x1, x2, select(inverted, a2, a1), select(inverted, a1, a2))

    return atan2_near


def is_not_near_of(low: float, high: float) -> Scalar:
    """Make the function that tells pairs for which ``atan2_near_of`` will not do, in one dtype."""

    def is_not_near(x1: Any, x2: Any) -> Any:
        a1, a2 = math.fabs(x1), math.fabs(x2)
        inverted = a1 > a2
        n, d = select(inverted, a2, a1), select(inverted, a1, a2)
        return (d < low) | (d > high) | ((n > 0.0) & (n < low)) | (n + d != n + d)

    return is_not_near


def finite_quotient(x1: Any, x2: Any) -> Any:
    """The smaller absolute value and the larger one, or of infinities and two zeros what has the same quotient."""
    a1, a2 = math.fabs(x1), math.fabs(x2)
    inverted = a1 > a2
    n, d = select(inverted, a2, a1), select(inverted, a1, a2)
    # infinity counts as 1 beside a finite number, which then is 0
    n = select(d == INF, select(n == INF, 1.0, n * 0.0), n)
    return n, select((d == INF) | (d == 0.0), 1.0, d)


def atan2_64(x1: Any, x2: Any) -> Any:
    """atan2 in float64, anywhere."""
    n, d = finite_quotient(x1, x2)
    # the larger one goes between 2^100 and 2^101, exactly, and the other one with it; a quotient that is subnormal
    # is then that of normal numbers
    lift = select(d < 1.1830521861667747e-271, 1.6069380442589903e60, 1.0)  # 2^-900, 2^200
    n, d = n * lift, d * lift
    scale = float64_of_bits((0x7FE0000000000000 - (bits_of_float64(d) & 0x7FF0000000000000)) + 0x0640000000000000)
    return atan2_scaled64(x1, x2, n * scale, d * scale)


def atan2_32(x1: Any, x2: Any) -> Any:
    """As ``atan2_64``, in float32: the larger one between 2^40 and 2^41."""
    n, d = finite_quotient(x1, x2)
    lift = select(d < 8.271806125530277e-25, 1.1805916207174113e21, 1.0)  # 2^-80, 2^70
    n, d = n * lift, d * lift
    scale = float32_of_bits((0x7F000000 - (bits_of_float32(d) & 0x7F800000)) + 0x14000000)
    return atan2_scaled32(x1, x2, n * scale, d * scale)


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
# 2^-60 and 2^60, 2^-400 and 2^400
atan2.fast_path("float32", unless=is_not_near_of(8.673617379884035e-19, 1.152921504606847e18))(
    atan2_near_of(atan2_scaled32)
)
atan2.fast_path("float64", unless=is_not_near_of(3.8725919148493183e-121, 2.5822498780869086e120))(
    atan2_near_of(atan2_scaled64)
)


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
