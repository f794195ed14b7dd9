"""Hyperbolic and trigonometric functions of complex numbers, and their inverses, by their parts in float64.

A trigonometric function is the hyperbolic one of the number times i, which exchanges its parts, and ``acos``, ``acosh``
and ``asinh`` have the steps of ``asin``: those of Hull, Fairgrieve and Tang, "Implementing the complex arcsine and
arccosine functions using exception handling", ACM Transactions on Mathematical Software 23 (1997). With roots and
quotients of differences that are sums of positive numbers, they need no cases.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide, floor, fma, limit, scale, select, square_root
from aotops.ops.complex_exponential import log_of_sum64, scaled, sine_and_cosine64, specialise
from aotops.ops.float_arithmetic import INF, NAN
from aotops.ops.hyperbolic import TINY, cosh, parts64, sinh, tanh
from aotops.ops.inverse_hyperbolic import acosh, asinh, atanh
from aotops.ops.inverse_trigonometric import acos, asin, atan, atan2_64
from aotops.ops.trigonometric import cos, sin, tan

HALF_PI = 1.5707963267948966


# --- sinh, cosh, sin, cos -----------------------------------------------------------------------------------------


def sinh_and_cosh64(x: Any) -> Any:
    """``k, w, s, c`` with ``sinh(abs(x)) = s * 2**(k - 1)``, ``cosh(x) = c * 2**(k - 1)``, ``w = 4**-k``.

    As ``sinh64`` and ``cosh64`` of ``aotops.ops.hyperbolic``, before they scale. NaN gives NaN.
    """
    a = math.fabs(x)
    k, w, r, more, s = parts64(a)  # this w is as small as counts beside 1, and no smaller
    one, twice = 1.0 - w, fma(r, w, r)
    total = one + twice
    sine = total + (((one - total) + twice) + (fma(more, one, fma(s, w, s)) + ((1.0 - one) - w)))
    one, twice = 1.0 + w, fma(-r, w, r)
    total = one + twice
    cosine = total + (((one - total) + twice) + (fma(more, one, fma(-s, w, s)) + ((1.0 - one) + w)))
    sine = select(a < TINY, a + a, sine)
    return k, scale(1.0, -2.0 * k), select(x == x, sine, x), select(x == x, cosine, x)


def hyperbolic_factors(x: Any, y: Any) -> Any:
    """A power of 2, whose products, twice, with the next two are sinh and cosh of ``abs(x)``; sine and cosine of ``y``.

    Beside a small sine, sinh may be beyond float64. Of moderate numbers the power is 1: the product with a subnormal
    number is rounded once.
    """
    k, _, s, c = sinh_and_cosh64(x)
    k = limit(k, 2200.0) - 1.0
    third = select(k < 1000.0, 0.0, floor(k * 0.3333333333333333))
    power = scale(1.0, k - third - third)
    sine, cosine = sine_and_cosine64(y)
    return scale(1.0, third), s * power, c * power, sine, cosine


def sinh_complex(a: Any, b: Any) -> Any:
    """``sinh(a) * cos(b)`` and ``cosh(a) * sin(b)``."""
    factor, s, c, sine, cosine = hyperbolic_factors(a, b)
    # 0 and infinity are what they are beside a cosine that is NaN
    alone = ((a == 0.0) | (math.fabs(a) == INF)) & (cosine != cosine)
    real = select(alone, math.fabs(a), ((s * cosine) * factor) * factor)
    imaginary = ((c * sine) * factor) * factor
    return math.copysign(1.0, a) * real, select(b == 0.0, b, imaginary)


def cosh_complex(a: Any, b: Any) -> Any:
    """``cosh(a) * cos(b)`` and ``sinh(a) * sin(b)``."""
    factor, s, c, sine, cosine = hyperbolic_factors(a, b)
    alone = (math.fabs(a) == INF) & (cosine != cosine)
    real = select(alone, INF, ((c * cosine) * factor) * factor)
    zero = (b == 0.0) | ((a == 0.0) & (sine != sine))
    imaginary = select(zero, math.copysign(0.0, b), ((s * sine) * factor) * factor)
    return real, math.copysign(1.0, a) * imaginary


def turned(function: Any) -> Any:
    """Make ``-i * f(i * z)`` of an odd function: it exchanges the parts."""

    def exchanged(a: Any, b: Any) -> Any:
        imaginary, real = function(b, a)
        return real, imaginary

    return exchanged


def cos_complex(a: Any, b: Any) -> Any:
    """``cosh(i * z)``."""
    real, imaginary = cosh_complex(b, a)
    return real, -imaginary


# --- tanh, tan ----------------------------------------------------------------------------------------------------


def tanh_complex(a: Any, b: Any) -> Any:
    """``sinh(a) * cosh(a)`` and ``sin(b) * cos(b)``, over ``sinh(a)**2 + cos(b)**2``, all times ``4**(1 - k)``."""
    _, w, s, c = sinh_and_cosh64(a)
    sine, cosine = sine_and_cosine64(b)
    w = 4.0 * w
    divisor = fma(s, s, (w * cosine) * cosine)
    infinite = math.fabs(a) == INF
    real = select(infinite, 1.0, select(a == 0.0, 0.0, divide(s * c, divisor)))
    # beside infinity it is 0 with the sign of b, as in the standard; in C with that of sin(2 * b)
    imaginary = select(infinite, math.copysign(0.0, b), divide((w * sine) * cosine, divisor))
    return math.copysign(real, a), select(b == 0.0, b, imaginary)


# --- asin, acos, asinh, acosh -------------------------------------------------------------------------------------


def arcsine_parts(a: Any, b: Any) -> Any:
    """``x, d, y``: the angle of ``d + i * x`` is the real part of asin of ``abs(a) + i * abs(b)``, ``y`` the imaginary.

    With half the sum of the distances from 1 and -1, ``m``, the cosine of the real part is ``sqrt(m**2 - x**2) / m``,
    and the imaginary part ``log(m + sqrt(m**2 - 1))``. ``m - x`` and ``m - 1`` are sums of positive numbers, that are
    proportional to ``y**2`` where they vanish: there the root is taken of the rest.
    """
    x, y = math.fabs(a), math.fabs(b)
    largest = select(x < y, y, x)
    large, huge = largest > 2.0**60, largest > 2.0**500
    far_x, far_y = select(huge, x * 2.0**-600, x), select(huge, y * 2.0**-600, y)
    x, y = select(large, 0.0, x), select(large, 1.0, y)
    above, below = x + 1.0, math.fabs(x - 1.0)
    square = y * y
    r, s = square_root(fma(above, above, square)), square_root(fma(below, below, square))
    s = select(below == 0.0, y, s)
    plus, minus = r + above, s + below
    per_plus, per_minus = 1.0 / plus, divide(1.0, minus)
    both = 0.5 * (per_plus + per_minus)
    inside, outside = x < 1.0, x > 1.0
    m = 0.5 * (r + s)
    one_vanishing, twice_other = square * both, fma(square, per_plus, minus)
    less_one = select(inside, one_vanishing, 0.5 * twice_other)
    # half of a subnormal number would be rounded
    root = select(inside, y * square_root(both * (m + 1.0)), square_root(twice_other * (0.5 * (m + 1.0))))
    d = select(outside, y * square_root(both * (m + x)), square_root(twice_other * (0.5 * (m + x))))
    far = square_root(fma(far_x, far_x, far_y * far_y)) * select(huge, 2.0**160, 1.0)
    w = select(large, far, less_one + root)
    imaginary = log_of_sum64(w, 0.0, select(huge, 441.0, select(large, 1.0, 0.0)))
    infinite = (math.fabs(a) == INF) | (math.fabs(b) == INF)
    imaginary = select(infinite, INF, select((a != a) | (b != b), NAN, imaginary))
    nan = select((a != a) | (b != b), NAN, 0.0)
    return select(large, far_x, x), select(large, far_y, d) + nan, imaginary


def asin_complex(a: Any, b: Any) -> Any:
    """The angle whose sine is ``x`` where its cosine is ``d``."""
    x, d, y = arcsine_parts(a, b)
    return math.copysign(select(a == 0.0, 0.0, atan2_64(x, d)), a), math.copysign(y, b)


def arccosine_parts(a: Any, b: Any) -> Any:
    """The real part of acos, and its imaginary part without a sign."""
    x, d, y = arcsine_parts(a, b)
    return select(a == 0.0, HALF_PI, atan2_64(d, math.copysign(x, a))), y


def acos_complex(a: Any, b: Any) -> Any:
    """``pi/2 - asin(z)``."""
    x, y = arccosine_parts(a, b)
    return x, math.copysign(y, -b)


def acosh_complex(a: Any, b: Any) -> Any:
    """acos times i or -i, of which the real part is not negative."""
    x, y = arccosine_parts(a, b)
    return y, math.copysign(x, b)


# --- atanh, atan --------------------------------------------------------------------------------------------------


def atanh_complex(a: Any, b: Any) -> Any:
    """A quarter of ``log(1 + 4 * x / ((1 - x)**2 + y**2))``, and half an angle.

    The logarithm is that of ``2 / y``, twice, where ``y**2`` might be 0; and beyond 2^60 it is ``4 * x / abs(z)**2``.
    """
    x, y = math.fabs(a), math.fabs(b)
    infinite = (x == INF) | (y == INF)
    largest, factor, far_x, far_y = scaled(x, y)
    large = (largest > 2.0**60) | infinite
    far = select(infinite, 0.0, divide(far_x, fma(far_x, far_x, far_y * far_y)) * factor)
    x, y = select(large, 0.0, x), select(large, 1.0, y)
    below = 1.0 - x
    square = y * y
    beside = (below == 0.0) & (y < 2.0**-400)
    w = divide(select(beside, 2.0, 4.0 * x), select(beside, y * 2.0**60, fma(below, below, square)))
    real = select(beside, 0.5, 0.25) * log_of_sum64(w, 0.0, select(beside, 60.0, 0.0))
    real = select(large, far, select(a == 0.0, 0.0, real))
    angle = 0.5 * atan2_64(y + y, fma(below, 1.0 + x, -square))
    angle = select(large & (b == b), HALF_PI, select(b == b, angle, b))
    return math.copysign(real, a), math.copysign(angle, b)


specialise(sinh, sinh_complex)
specialise(cosh, cosh_complex)
specialise(tanh, tanh_complex)
specialise(sin, turned(sinh_complex))
specialise(cos, cos_complex)
specialise(tan, turned(tanh_complex))
specialise(asin, asin_complex)
specialise(acos, acos_complex)
specialise(atan, turned(atanh_complex))
specialise(asinh, turned(asin_complex))
specialise(acosh, acosh_complex)
specialise(atanh, atanh_complex)
