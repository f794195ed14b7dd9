"""Inverse hyperbolic functions, element by element: logarithms of ``1 + w``, with ``w`` in two parts.

float32 does the same in float32, with tables and polynomials of its own.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    divide,
    exponent,
    float32_of_bits,
    fma,
    limit,
    look_up16_float32,
    mantissa,
    select,
    square_root,
    unscale,
)
from aotops.ops.bases import INVERSES_32
from aotops.ops.cases import Cases
from aotops.ops.exponential import log_of_parts64, log_tables64
from aotops.ops.float_arithmetic import INF, LN2_HIGH_32, LN2_LOW_32, NAN, chained_quotient
from aotops.ops.hyperbolic import TINY, TINY_32
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map

#: From here on, asinh and acosh are ``log(2 * x)``: 2^60.
LARGE = 1152921504606846976.0
#: The same of float32: 2^40.
LARGE_32 = 1099511627776.0


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


#: The logarithms of ``1 / INVERSES_32`` in two parts, of which the high ones are multiples of 2^-16. The last ones are
#: those of 2.
LOGARITHMS_32 = Table(
    (
        0.0,
        0.0,
        0.1335296630859375,
        0.2076416015625,
        0.246856689453125,
        0.287689208984375,
        0.3302459716796875,
        0.37469482421875,
        0.4212188720703125,
        0.470001220703125,
        0.52130126953125,
        0.52130126953125,
        0.5753631591796875,
        0.693145751953125,
        0.693145751953125,
        0.693145751953125,
    )
)
LOGARITHMS_LOW_32 = Table(
    (
        0.0,
        0.0,
        1.72953855326341e-06,
        -2.236784212072962e-06,
        3.388478489796398e-06,
        -7.136532531148987e-06,
        -4.284809165255865e-06,
        -1.3747772982242168e-06,
        -5.406994205259252e-06,
        2.408542513876455e-06,
        -4.345898105384549e-06,
        -4.345898105384549e-06,
        9.857238865151885e-07,
        1.428606765330187e-06,
        1.428606765330187e-06,
        1.428606765330187e-06,
    )
)


# tools/fit_polynomial.py "(log(1+x)-x+x**2/2)/x**3" --from=-3/32 --to=1/8
#     --degree=4 --weight="x**3/log(1+x)" --float32
def log_polynomial32(r: Any) -> Any:
    """``(log(1 + r) - r) / r**2`` for ``r`` from -3/32 to 1/8: the logarithm within 2^-30 of itself."""
    p = fma(fma(r, 0.13218562304973602, -0.16839581727981567), r, 0.20014113187789917)
    return fma(fma(fma(p, r, -0.24999411404132843), r, 0.33333298563957214), r, -0.5)


def log1p_of_sum32(w: Any, low: Any, doubled: Any) -> Any:
    """As ``log1p_of_sum64``, in float32, without a division: as ``log2`` does it."""
    total = 1.0 + w
    j = bits_of_float32(mantissa(total)) >> 19
    c = unscale(look_up16_float32(INVERSES_32, j), total)
    r = limit(fma(w, c, c - 1.0), 0.125)  # NaN beside infinity
    d = low * c
    k = exponent(total) + select(doubled, 1.0, 0.0)
    # exact
    high = fma(k, LN2_HIGH_32, look_up16_float32(LOGARITHMS_32, j))
    rest = fma(k, LN2_LOW_32, look_up16_float32(LOGARITHMS_LOW_32, j))
    return high + (r + fma(r * r, log_polynomial32(r), fma(-d, r, d) + rest))


def lacking_root32(root: Any, square: Any, lacking: Any) -> Any:
    """What the square root lacks of that of ``square + lacking``, without a division.

    The bits of ``1 / (2 * root)`` are nearly a constant less those of the root: within 1/8, and precise near 1.
    """
    return (fma(-root, root, square) + lacking) * float32_of_bits(0x7E800000 - bits_of_float32(root))


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


def asinh32(x: Any) -> Any:
    """As ``asinh64``, in float32: in float64 its square roots alone took as long as all of it."""
    a = math.fabs(x)
    large = a > LARGE_32
    moderate = select(a < TINY_32, TINY_32, a)
    square = fma(moderate, moderate, 1.0)
    root = square_root(square)
    more = root - 1.0
    w = moderate + more
    low = ((moderate - w) + more) + lacking_root32(root, square, fma(moderate, moderate, 1.0 - square))
    y = log1p_of_sum32(select(large, a, w), select(large, 0.0, low), large)
    return math.copysign(select(a < TINY_32, a, y), x)


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
        seams=(1.0, LARGE_32, LARGE, 1.3407807929942596e154),
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


def acosh32(x: Any) -> Any:
    """As ``acosh64``, in float32."""
    large = x > LARGE_32
    t = x - 1.0  # exact
    twice = t + t
    square = fma(t, t, twice)
    root = square_root(square)
    w = root + t
    low = ((root - w) + t) + lacking_root32(root, square, fma(t, t, twice - square))
    y = log1p_of_sum32(select(large, x, w), select(large, 0.0, low), large)
    return select(x < 1.0, NAN, y)


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
        seams=(1.0, 2.0, 3.0, LARGE_32, LARGE, 1.3407807929942596e154),
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
