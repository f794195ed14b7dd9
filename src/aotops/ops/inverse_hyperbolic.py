"""Inverse hyperbolic functions, element by element: logarithms of ``1 + w``, with ``w`` in two parts.

float32 computes in float64, where ``w`` needs one part only, but for atanh.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    divide,
    exponent,
    float32_of_bits,
    fma,
    limit,
    look_up16,
    mantissa,
    select,
    square_root,
    unscale,
    widen,
)
from aotops.ops.cases import Cases
from aotops.ops.exponential import LOGARITHMS, log_of_parts64, log_tables64
from aotops.ops.float_arithmetic import INF, INVERSES, NAN, chained_quotient, in_float64
from aotops.ops.hyperbolic import TINY, TINY_32
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map

LN2 = 0.6931471805599453
#: From here on, asinh and acosh are ``log(2 * x)``: 2^60.
LARGE = 1152921504606846976.0


def log1p_of_sum64(w: Any, low: Any, doubled: Any) -> Any:
    """``log(1 + w + low)``, or where ``doubled``, that of twice as much: as ``log1p64``, with ``low`` added last.

    It counts where the result is nearly ``w``, divided by ``1 + r``. Added to ``r`` it was rounded away: atanh erred by
    1.35 ULP.
    """
    total = 1.0 + w
    inverse, high, rest = log_tables64(bits_of_float64(mantissa(total)) >> 48)
    c = unscale(inverse, total)
    r = limit(fma(w, c, c - 1.0), 0.0625)
    d = low * c
    return log_of_parts64(exponent(total) + select(doubled, 1.0, 0.0), high, fma(-d, r, d) + rest, r)


# tools/fit_polynomial.py "log(1+x)/x" --from=-3/80 --to=1/16 --degree=4 --weight="x/log(1+x)"
def short_polynomial64(r: Any) -> Any:
    """``log(1 + r) / r`` for ``r`` from -3/80 to 1/16: within 2^-28 of itself."""
    p = fma(fma(0.19039334500515093, r, -0.2502641437336935), r, 0.3333486095057999)
    return fma(fma(p, r, -0.49999989696899744), r, 0.9999999970792448)


def short_log64(x: Any) -> Any:
    """log of a float64 from 1 on, within 2^-28 of itself."""
    m = mantissa(x)
    j = bits_of_float64(m) >> 48
    r = fma(m, look_up16(INVERSES, j), -1.0)
    return fma(exponent(x), LN2, look_up16(LOGARITHMS, j)) + r * short_polynomial64(r)


# --- asinh --------------------------------------------------------------------------------------------------------


def asinh64(x: Any) -> Any:
    """asinh in float64: ``w`` is ``a + (sqrt(1 + a**2) - 1)``."""
    a = math.fabs(x)
    small, large = a < TINY, a > LARGE
    moderate = select(small, TINY, select(large, 1.0, a))
    z = moderate * moderate
    square = 1.0 + z
    # what the sum, from the larger to the smaller, and the product lack
    lacking = select(z < 1.0, (1.0 - square) + z, (z - square) + 1.0) + fma(moderate, moderate, -z)
    root = square_root(square)
    root_low = (fma(-root, root, square) + lacking) / (root + root)
    more = root - 1.0
    w = moderate + more
    low = select(more < moderate, (moderate - w) + more, (more - w) + moderate) + root_low
    y = log1p_of_sum64(select(large, a, w), select(large, 0.0, low), large)
    return math.copysign(select(small, a, y), x)


@in_float64
def asinh32(x: Any) -> Any:
    """asinh of a float32, in float64."""
    wide = widen(x)
    a = math.fabs(wide)
    y = short_log64(a + square_root(fma(a, a, 1.0)))
    return math.copysign(select(a < TINY_32, a, y), wide)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.asinh", "numpy.asinh", "numpy.arcsinh"),
    cases=Cases(
        slope=lambda mp, x: 1 / mp.sqrt(1 + x * x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN)),
        seams=(1.0, LARGE, 1.3407807929942596e154),
    ),
)
def asinh(x: Any) -> Any:
    """Inverse hyperbolic sine of each element.

    Special cases: Infinities, zeros and NaN stay what they are. Complex numbers are as in the array API standard, with
    signed zeros along branch cuts.

    Accuracy: ``asinh(-x)`` is ``-asinh(x)``. Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.asinh(ao.tensor([-0.0, 1.0]))
    tensor([-0.        ,  0.88137359])
    """
    return asinh64(x)


asinh.specialise("float32")(asinh32)


@asinh.derivative
def asinh_derivative(x: Any, y: Any, g: Any) -> Any:
    a = math.fabs(x)
    large = a > 1e9
    return chained_quotient(g, select(large, a, square_root(fma(x, x, 1.0))))


# --- acosh --------------------------------------------------------------------------------------------------------


def acosh64(x: Any) -> Any:
    """acosh in float64: with ``t = x - 1``, ``w`` is ``t + sqrt(t * (t + 2))``."""
    large = x > LARGE
    t = select(large, 1.0, x - 1.0)  # exact below 2^53
    factor = t + 2.0
    factor_low = select(t < 2.0, (2.0 - factor) + t, (t - factor) + 2.0)
    square = t * factor
    lacking = fma(t, factor, -square) + t * factor_low
    root = square_root(square)
    root_low = (fma(-root, root, square) + lacking) / (root + root + 1e-300)
    w = root + t
    low = ((root - w) + t) + root_low
    y = log1p_of_sum64(select(large, x, w), select(large, 0.0, low), large)
    return select(x < 1.0, NAN, y)


@in_float64
def acosh32(x: Any) -> Any:
    """acosh of a float32, in float64."""
    wide = widen(x)
    y = short_log64(wide + square_root((wide - 1.0) * (wide + 1.0)))
    return select(wide < 1.0, NAN, y)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.acosh", "numpy.acosh", "numpy.arccosh"),
    cases=Cases(
        slope=lambda mp, x: 1 / mp.sqrt(x * x - 1) if x > 1 else mp.nan,
        domain=(1.0, INF),
        smooth=(1.2, 4.0),
        special=((1.0, 0.0), (0.5, NAN), (0.0, NAN), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)),
        seams=(1.0, 2.0, 3.0, LARGE, 1.3407807929942596e154),
    ),
)
def acosh(x: Any) -> Any:
    """Inverse hyperbolic cosine of each element.

    Special cases: acosh(1) is 0, acosh(inf) is inf. Below 1, and of NaN, it is NaN, without a warning. Complex numbers
    are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.acosh(ao.tensor([1.0, 2.0]))
    tensor([0.       , 1.3169579])
    """
    return acosh64(x)


acosh.specialise("float32")(acosh32)


@acosh.derivative
def acosh_derivative(x: Any, y: Any, g: Any) -> Any:
    root = square_root((x - 1.0) * (x + 1.0))
    return chained_quotient(g, select(x > 1e9, x, select(x < 1.0, NAN, root)))


# --- atanh --------------------------------------------------------------------------------------------------------


def atanh64(x: Any) -> Any:
    """atanh in float64: half of a logarithm, of which ``w`` is ``2 * a / (1 - a)``."""
    a = math.fabs(x)
    small = a < TINY
    moderate = select(small, TINY, a)
    below = 1.0 - moderate
    below_low = (1.0 - below) - moderate
    above = moderate + moderate
    w = divide(above, below)
    low = limit(divide(fma(-w, below, above) - w * below_low, below), 1.0)  # NaN beside infinity
    y = 0.5 * log1p_of_sum64(w, low, False)
    return math.copysign(select(small, a, select(a > 1.0, NAN, y)), x)


#: ``ln(2) / 2``.
HALF_LN2 = 0.34657359027997264


# tools/fit_polynomial.py "(atanh(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4
#     --degree=6 --weight="x*sqrt(x)/atanh(sqrt(x))" --float32
def atanh_polynomial32(z: Any) -> Any:
    """``(atanh(s) / s - 1) / z`` of ``z = s**2``, ``s`` up to 1/2: atanh within 2^-33 of itself."""
    z2 = z * z
    p01 = fma(z, 0.19999727606773376, 0.3333333730697632)
    p23 = fma(z, 0.10967183113098145, 0.14294852316379547)
    p45 = fma(z, 0.024522241204977036, 0.1028267964720726)
    return fma(z2, fma(z2, fma(z2, 0.17594215273857117, p45), p23), p01)


def atanh32(x: Any) -> Any:
    """atanh in float32: with a power of two ``w`` it is ``log(w) / 2 + atanh(s)``, ``s = (n - w * d) / (n + w * d)``.

    ``n`` is ``1 + a``, ``d`` is ``1 - a``, and ``w`` their quotient, nearly, from 1/2 on: ``s`` is within 0.2, and errs
    by little beside ``log(w)``. Below 1/2, ``w`` is 1 and ``s`` is ``a``. As the quotient's logarithm, in float64, it
    took 0.8 ns per element for 0.47.
    """
    a = math.fabs(x)
    tiny = a < TINY_32
    b = select(tiny, TINY_32, a)
    # as an integer, a float's bits are nearly its logarithm
    bits = bits_of_float32(1.0 + a) - bits_of_float32(1.0 - a) + 0x3FC00000
    w = float32_of_bits(bits & 0x7F800000)
    # ``1 + w`` is exact up to 2^23; the last two numbers before 1 have a larger quotient, and an ``s`` of 1/3 and 3/5
    w = select(a < 0.5, 1.0, select(w > 8388608.0, 8388608.0, w))
    more, less = 1.0 + w, 1.0 - w
    s = divide(fma(b, more, less), fma(b, less, more))
    z = s * s
    y = fma(exponent(w), HALF_LN2, fma(s * z, atanh_polynomial32(z), s))
    return math.copysign(select(tiny, a, select(a < 1.0, y, select(a == 1.0, INF, NAN))), x)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.atanh", "numpy.atanh", "numpy.arctanh"),
    cases=Cases(
        slope=lambda mp, x: 1 / (1 - x * x) if abs(x) < 1 else mp.nan,
        domain=(-1.0, 1.0),
        special=(
            (0.0, 0.0),
            (-0.0, -0.0),
            (1.0, INF),
            (-1.0, -INF),
            (1.5, NAN),
            (INF, NAN),
            (-INF, NAN),
            (NAN, NAN),
        ),
        seams=(0.3333333333333333, 0.5, 0.9999999403953552),
    ),
)
def atanh(x: Any) -> Any:
    """Inverse hyperbolic tangent of each element.

    Special cases: atanh(1) is inf, zeros stay what they are. Beyond 1, and of NaN, it is NaN, without a warning.
    Complex numbers are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: ``atanh(-x)`` is ``-atanh(x)``. Each part of a complex result errs by at most 3 ULP.

    >>> import aotops as ao
    >>> ao.atanh(ao.tensor([-0.0, 0.5]))
    tensor([-0.        ,  0.54930614])
    """
    return atanh64(x)


atanh.specialise("float32")(atanh32)


@atanh.derivative
def atanh_derivative(x: Any, y: Any, g: Any) -> Any:
    a = math.fabs(x)
    return chained_quotient(g, select(a > 1.0, NAN, (1.0 - a) * (1.0 + a)))
