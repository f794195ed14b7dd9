"""Exponentials, logarithms, roots, signs and reciprocals of complex numbers, by their parts in float64.

Each is a combination of the real functions' steps: a sine and a cosine share the reduced argument, the logarithm of an
absolute value is half of that of a sum of squares in two parts, and no square over- or underflows. complex64 computes
with the same functions, and rounds their results.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float64,
    divide,
    exponent,
    floor,
    fma,
    limit,
    look_up16,
    mantissa,
    scale,
    select,
    square_root,
    unscale,
    widen,
)
from aotops.ops.arithmetic import reciprocal
from aotops.ops.bases import (
    LOG10_2,
    LOG10_2_LOW,
    LOG10_E,
    LOG10_E_LOW,
    LOGARITHMS_2_LOW,
    LOGARITHMS_10,
    LOGARITHMS_10_LOW,
    log2,
    log10,
    scaled_log64,
)
from aotops.ops.classification import sign
from aotops.ops.exponential import (
    LOGARITHMS,
    LOGARITHMS_LOW,
    exp,
    expm1,
    expm1_64,
    log,
    log1p,
    log_in_parts64,
    log_of_parts64,
    sqrt,
)
from aotops.ops.float_arithmetic import INF, INVERSES, LOG2_E, LOG2_E_LOW, NAN, exp_parts64, in_float64, two_sum
from aotops.ops.inverse_trigonometric import atan2_64
from aotops.ops.power import LOG2S, pow
from aotops.ops.record import Record, Scalar
from aotops.ops.trigonometric import (
    TINY,
    cosine64,
    cosine_polynomial64,
    is_far64,
    reduce_any,
    reduce_near,
    sine64,
    with_sign,
)

#: What a float64 lacks of pi.
PI_LOW = 1.2246467991473532e-16


def specialise_pair(record: Record, of_complex64: Any, of_complex128: Any) -> None:
    """Let a record compute both complex dtypes; elements of any strides take one loop, for which they are copied.

    To have a loop for each pattern of strides would take three times as much code and time to compile.
    """
    for dtype, scalar in (("complex64", of_complex64), ("complex128", of_complex128)):
        scalar.in_one_loop = True
        record.specialise(dtype)(scalar)


def specialise(record: Record, function: Scalar, fast: Scalar | None = None, unless: Scalar | None = None) -> None:
    """Let a record compute complex numbers by a function of their parts, which returns those of the result.

    ``fast`` is a fast path of the same kind, for all numbers but those that ``unless`` is true for.
    """

    def wrapped(of: Any) -> tuple[Any, Any]:
        def of_complex128(x: Any) -> Any:
            real, imaginary = of(x.real, x.imag)
            return complex(real, imaginary)

        @in_float64
        def of_complex64(x: Any) -> Any:
            real, imaginary = of(widen(x.real), widen(x.imag))
            return complex(real, imaginary)

        return of_complex64, of_complex128

    specialise_pair(record, *wrapped(function))
    if fast is not None:
        rare: Any = unless
        predicates = in_float64(lambda x: rare(widen(x.real), widen(x.imag))), lambda x: rare(x.real, x.imag)
        for dtype, scalar, predicate in zip(("complex64", "complex128"), wrapped(fast), predicates, strict=True):
            record.fast_path(dtype, unless=predicate)(scalar)


def is_finite(x: Any) -> Any:
    """Whether a float is neither infinite nor NaN."""
    return x - x == 0.0


def larger_first(x: Any, y: Any) -> Any:
    """The absolute values of two floats, the larger one first; one that is NaN may be either."""
    a, b = math.fabs(x), math.fabs(y)
    swapped = a < b
    return select(swapped, b, a), select(swapped, a, b)


# --- sine and cosine, sinh and cosh -------------------------------------------------------------------------------


def sine_and_cosine_of(reduce: Any) -> Any:
    """Make the function that gives sine and cosine, out of one that reduces the argument."""

    def sine_and_cosine(x: Any) -> Any:
        tiny = math.fabs(x) < TINY
        turns, r, rest = reduce(select(tiny, TINY, x))
        sine, cosine = sine64(r, rest), cosine64(r, rest)
        even = (turns & 1) == 0
        turned_sine = with_sign(select(even, sine, cosine), turns >> 1)
        return select(tiny, x, turned_sine), with_sign(select(even, cosine, sine), (turns + 1) >> 1)

    return sine_and_cosine


sine_and_cosine64 = sine_and_cosine_of(reduce_any)
sine_and_cosine_near64 = sine_and_cosine_of(reduce_near)


# --- exp ----------------------------------------------------------------------------------------------------------


def exp_factors(x: Any) -> Any:
    """Factors of ``exp(x)``, the second twice, a power of 2.

    Their product with a number below 1 leaves the range only where the result does. Of moderate numbers the second is
    1: the product with a subnormal number is rounded once. Of NaN the first is NaN.
    """
    k, t, u, v = exp_parts64(x)
    k = limit(floor(k), 4000.0)
    third = select(math.fabs(k) < 1000.0, 0.0, floor(k * 0.3333333333333333))
    return select(x != x, x, scale(fma(u, v, t), k - third - third)), scale(1.0, third)


def exp_of_angle(a: Any, b: Any, sine: Any, cosine: Any) -> Any:
    """``exp(a)`` times the cosine and the sine of ``b``."""
    first, second = exp_factors(a)
    real, imaginary = ((first * cosine) * second) * second, ((first * sine) * second) * second
    finite = is_finite(b)
    real = select(finite | (math.fabs(a) != INF), real, select(a < 0.0, 0.0, INF))
    imaginary = select(finite | (a != -INF), imaginary, 0.0)
    return real, select(b == 0.0, b, imaginary)


def exp_complex(a: Any, b: Any) -> Any:
    """exp of any number."""
    return exp_of_angle(a, b, *sine_and_cosine64(b))


def exp_complex_near(a: Any, b: Any) -> Any:
    """exp where the imaginary part is not ``is_far64``."""
    return exp_of_angle(a, b, *sine_and_cosine_near64(b))


def expm1_complex(a: Any, b: Any) -> Any:
    """``exp(z) - 1``; up to 1 its real part is ``expm1(a) * cos(b) + (cos(b) - 1)``."""
    sine, cosine = sine_and_cosine64(b)
    real, imaginary = exp_of_angle(a, b, sine, cosine)
    small = math.fabs(b) < 0.75
    z = select(small, b * b, 0.0)
    # nothing cancels near other multiples of 2 * pi, where the result is small as well
    far = select(cosine > 0.5, divide(-sine * sine, 1.0 + cosine), cosine - 1.0)
    less_one = select(small, fma(z * z, cosine_polynomial64(z), -0.5 * z), far)
    near = (a < 1.0) & is_finite(b)
    return select(near, fma(expm1_64(a), cosine, less_one), real - 1.0), imaginary


# --- logarithms ---------------------------------------------------------------------------------------------------


def sum_of_five(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
    """The sum of five numbers, the last two small beside the others' parts, in two parts, however much cancels."""
    first, lost = two_sum(a, b)
    second, lost2 = two_sum(first, c)
    small, lost3 = two_sum(d, e)
    total, lost4 = two_sum(second, small)
    rest, lost5 = two_sum(lost, lost2)
    total, lost6 = two_sum(total, rest)
    return two_sum(total, (lost4 + lost6) + (lost3 + lost5))


def unit_parts(x: Any, y: Any) -> Any:
    """``k, high, low``: absolute values, the larger first, over ``2**k``, which is 1 for numbers from 1/2 to 2.

    ``high`` is from 1/2 to 2, so that its square does not over- or underflow. Of 0 and infinity, ``k`` is infinite.
    """
    high, low = larger_first(x, y)
    tiny, huge = high < 2.0**-500, high > 2.0**500
    factor = select(tiny, 2.0**600, select(huge, 2.0**-600, 1.0))
    offset = select(tiny, -600.0, select(huge, 600.0, 0.0))
    high, low = high * factor, low * factor
    k = select((high >= 0.5) & (high < 2.0), 0.0, exponent(high))
    inverse = scale(1.0, -limit(k, 1000.0))
    return k + offset, high * inverse, low * inverse


def added_squares(start: Any, x: Any, y: Any) -> Any:
    """``start + x**2 + y**2`` in two parts."""
    first, second = x * x, y * y
    return sum_of_five(start, first, second, fma(x, x, -first), fma(y, y, -second))


def log_of_modulus(k: Any, w: Any, low: Any, logarithm: Any) -> Any:
    """The logarithm of ``2**k * sqrt(1 + w + low)``, to the base of a function of ``steps_of_sum``."""
    nowhere = math.fabs(k) == INF
    own, j, r = steps_of_sum(select(nowhere, 0.0, w), select(nowhere, 0.0, low))
    return 0.5 * logarithm(own + (k + k), j, r)


def or_special(real: Any, a: Any, b: Any) -> Any:
    """A real part; infinity where either part of a number is infinite, and NaN where either is NaN."""
    infinite = (math.fabs(a) == INF) | (math.fabs(b) == INF)
    return select(infinite, INF, select((a != a) | (b != b), NAN, real))


def steps_of_sum(w: Any, low: Any) -> Any:
    """``k, j, r`` with ``1 + w + low = 2**k * (1 + r) / INVERSES[j]``: as in ``log1p64``."""
    total = 1.0 + w
    j = bits_of_float64(mantissa(total)) >> 48
    c = unscale(look_up16(INVERSES, j), total)
    return exponent(total), j, limit(fma(low, c, fma(w, c, c - 1.0)), 0.0625)


def natural(k: Any, j: Any, r: Any) -> Any:
    """The logarithm of ``2**k * (1 + r) / INVERSES[j]``."""
    return log_of_parts64(k, look_up16(LOGARITHMS, j), look_up16(LOGARITHMS_LOW, j), r)


def binary(k: Any, j: Any, r: Any) -> Any:
    """As ``natural``, to the base 2."""
    return scaled_log64(k + look_up16(LOG2S, j), look_up16(LOGARITHMS_2_LOW, j), r, LOG2_E, LOG2_E_LOW)


def decimal(k: Any, j: Any, r: Any) -> Any:
    """As ``natural``, to the base 10."""
    high, low = fma(k, LOG10_2, look_up16(LOGARITHMS_10, j)), fma(k, LOG10_2_LOW, look_up16(LOGARITHMS_10_LOW, j))
    return scaled_log64(high, limit(low, 1.0), r, LOG10_E, LOG10_E_LOW)


def log_of_sum64(w: Any, low: Any, k: Any) -> Any:
    """``log(1 + w + low) + k * log(2)``."""
    own, j, r = steps_of_sum(w, low)
    return natural(own + k, j, r)


def log_to(logarithm: Any, factor: float, factor_low: float) -> Any:
    """Make the logarithm to a base: that of the absolute value, and an angle times a factor in two parts."""

    def log(a: Any, b: Any) -> Any:
        k, high, low = unit_parts(a, b)
        w, rest = added_squares(-1.0, high, low)
        real = log_of_modulus(k, w, rest, logarithm)
        angle = atan2_64(b, a)
        return or_special(real, a, b), fma(angle, factor, angle * factor_low)

    return log


log_complex = log_to(natural, 1.0, 0.0)
log2_complex = log_to(binary, LOG2_E, LOG2_E_LOW)
log10_complex = log_to(decimal, LOG10_E, LOG10_E_LOW)


def log1p_complex(a: Any, b: Any) -> Any:
    """``log(1 + z)``; near 0 that of ``1 + 2 * a + a**2 + b**2``. ``1 + a`` is exact where the result depends on it."""
    near = (math.fabs(a) < 0.5) & (math.fabs(b) < 4.0)
    total = 1.0 + a
    k, high, low = unit_parts(total, b)
    w, rest = added_squares(select(near, a + a, -1.0), select(near, a, high), select(near, b, low))
    real = log_of_modulus(select(near, 0.0, k), w, rest, natural)
    return or_special(real, a, b), atan2_64(b, total)


# --- sqrt ---------------------------------------------------------------------------------------------------------


def sqrt_complex(a: Any, b: Any) -> Any:
    """The root of half of ``abs(a)`` and the absolute value is one part, and ``b`` over twice that the other one."""
    x, y = math.fabs(a), math.fabs(b)
    largest = select(x < y, y, x)
    tiny, huge = largest < 2.0**-400, largest > 2.0**500
    factor = select(tiny, 2.0**600, select(huge, 2.0**-600, 1.0))
    back = select(tiny, 2.0**-300, select(huge, 2.0**300, 1.0))
    p, q = x * factor, y * factor
    square = select(q < p * 2.0**-30, 0.0, q)
    root = square_root(0.5 * (p + square_root(fma(p, p, square * square))))
    # where the factor is small, of the unscaled part, which it might have made 0
    other = divide(select(tiny, q, y), root + root) * select(tiny | huge, 2.0**-300, 1.0)
    other = select(root == 0.0, 0.0, other)
    root = root * back
    forward = math.copysign(1.0, a) > 0.0
    beside = select(y == y, 0.0, y)  # an infinity
    real, imaginary = select(forward, root, other), select(forward, other, root)
    real = select(x == INF, select(forward, INF, beside), real)
    imaginary = select(x == INF, select(forward, beside, INF), imaginary)
    return select(y == INF, INF, real), math.copysign(select(y == INF, INF, imaginary), b)


# --- sign, reciprocal ---------------------------------------------------------------------------------------------


def scaled(a: Any, b: Any) -> Any:
    """The larger absolute value, a power of 2, and the parts times that, whose squares do not over- or underflow."""
    largest, _ = larger_first(a, b)
    factor = select(largest < 2.0**-400, 2.0**600, select(largest > 2.0**500, 2.0**-600, 1.0))
    return largest, factor, a * factor, b * factor


def sign_complex(a: Any, b: Any) -> Any:
    """``z / abs(z)``; 0 of 0, and beside one infinite part the other one counts for nothing."""
    largest, _, x, y = scaled(a, b)
    size = select(largest == 0.0, 1.0, square_root(fma(x, x, y * y)))
    a_infinite, b_infinite = math.fabs(a) == INF, math.fabs(b) == INF
    x = select(a_infinite, math.copysign(1.0, a), select(b_infinite, 0.0, divide(x, size)))
    y = select(b_infinite, math.copysign(1.0, b), select(a_infinite, 0.0, divide(y, size)))
    nowhere = (a_infinite & b_infinite) | (a != a) | (b != b)
    return select(nowhere, NAN, x + 0.0), select(nowhere, NAN, y + 0.0)


def reciprocal_complex(a: Any, b: Any) -> Any:
    """The conjugate over the square of the absolute value; 0 of infinities, and of 0 infinity and NaN."""
    largest, factor, x, y = scaled(a, b)
    square = fma(x, x, y * y)
    infinite = (math.fabs(a) == INF) | (math.fabs(b) == INF)
    real = select(infinite, math.copysign(0.0, a), divide(x, square) * factor)
    imaginary = select(infinite, math.copysign(0.0, b), divide(y, square) * factor)
    return select(largest == 0.0, INF, real), -imaginary


@in_float64
def reciprocal_complex64(x: Any) -> Any:
    """As ``reciprocal_complex``, in float64, where no square leaves the range, and one division is precise enough."""
    a, b = widen(x.real), widen(x.imag)
    square = fma(a, a, b * b)
    inverse = divide(1.0, square)
    infinite = (math.fabs(a) == INF) | (math.fabs(b) == INF)
    real = select(infinite, math.copysign(0.0, a), a * inverse)
    imaginary = select(infinite, math.copysign(0.0, b), b * inverse)
    return complex(select(square == 0.0, INF, real), -imaginary)


def reciprocal_complex128(x: Any) -> Any:
    real, imaginary = reciprocal_complex(x.real, x.imag)
    return complex(real, imaginary)


# --- pow ----------------------------------------------------------------------------------------------------------


def or_nothing(x: Any) -> Any:
    """A small part of a sum; 0 beside infinity."""
    return select(x - x == 0.0, x, 0.0)


def sum_of_products(a: Any, b: Any, b_low: Any, c: Any, d: Any, d_low: Any) -> Any:
    """``a * (b + b_low) + c * (d + d_low)`` in two parts."""
    first, second = a * b, c * d
    total = first + second
    low = (first - (total - (total - first))) + (second - (total - first))
    low = low + ((fma(a, b, -first) + fma(c, d, -second)) + fma(a, b_low, c * d_low))
    return total, or_nothing(low)


def pow_complex(a: Any, b: Any, c: Any, d: Any) -> Any:
    """``exp(w * log(z))`` for ``z = a + b*i`` and ``w = c + d*i``, with the logarithm and the product in two parts.

    Of the angle the second part is known on the axes only, where powers are often real. Powers of 0 are 1 or 0, if the
    exponent is 0 or has a positive real part.
    """
    k, high, low = unit_parts(a, b)
    w, rest = added_squares(-1.0, high, low)
    nowhere = math.fabs(k) == INF
    own, j, r = steps_of_sum(select(nowhere, 0.0, w), select(nowhere, 0.0, rest))
    logarithm, more = log_in_parts64(own + (k + k), look_up16(LOGARITHMS, j), look_up16(LOGARITHMS_LOW, j), r)
    both = 0.5 * (logarithm + more)
    logarithm, more = or_special(both, a, b), or_nothing(fma(0.5, logarithm, -both) + 0.5 * more)
    angle = atan2_64(b, a)
    beyond = select((b == 0.0) & (a < 0.0), PI_LOW, select((a == 0.0) & (b != 0.0), 0.5 * PI_LOW, 0.0))
    beyond = math.copysign(beyond, b)
    size, size_low = sum_of_products(c, logarithm, more, -d, angle, beyond)
    turn, turn_low = sum_of_products(d, logarithm, more, c, angle, beyond)
    # of a real exponent and a real base
    turn = select(d == 0.0, c * angle, turn)
    size = select((d == 0.0) & (c != 0.0), c * logarithm, size)
    sine, cosine = sine_and_cosine64(turn)
    sine, cosine = fma(cosine, turn_low, sine), fma(-sine, turn_low, cosine)
    real, imaginary = exp_of_angle(size, turn, fma(sine, size_low, sine), fma(cosine, size_low, cosine))
    zero = (a == 0.0) & (b == 0.0)
    power = select((c > 0.0) & is_finite(d), 0.0, NAN)
    real, imaginary = select(zero, power, real), select(zero, power, imaginary)
    constant = (c == 0.0) & (d == 0.0)
    return select(constant, 1.0, real), select(constant, 0.0, imaginary)


def pow_complex128(x1: Any, x2: Any) -> Any:
    real, imaginary = pow_complex(x1.real, x1.imag, x2.real, x2.imag)
    return complex(real, imaginary)


@in_float64
def pow_complex64(x1: Any, x2: Any) -> Any:
    real, imaginary = pow_complex(widen(x1.real), widen(x1.imag), widen(x2.real), widen(x2.imag))
    return complex(real, imaginary)


specialise(exp, exp_complex, fast=exp_complex_near, unless=lambda a, b: is_far64(b))
specialise(expm1, expm1_complex)
specialise(log, log_complex)
specialise(log1p, log1p_complex)
specialise(log2, log2_complex)
specialise(log10, log10_complex)
specialise(sqrt, sqrt_complex)
specialise(sign, sign_complex)
specialise_pair(reciprocal, reciprocal_complex64, reciprocal_complex128)
specialise_pair(pow, pow_complex64, pow_complex128)
