"""Hyperbolic functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    divide,
    float32_of_bits,
    float64_of_bits,
    fma,
    limit,
    look_up16,
    look_up16_float32,
    narrow,
    rint,
    scale,
    select,
    wrap_int64,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    LN2_HIGH,
    LN2_HIGH_32,
    LN2_LOW,
    LN2_LOW_32,
    LOG2_E,
    NAN,
    ROOTS,
    ROOTS_32,
    ROOTS_LOW,
    by_table,
    chained,
    exp_steps64,
)
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map

#: Up to here, tanh of a number is that number. Smaller ones are not multiplied: on Intel's CPUs a product with a
#: subnormal number takes 150 cycles.
TINY, TINY_32 = 7.450580596923828e-09, 0.000244140625  # 2^-27, 2^-12

# --- tanh ---------------------------------------------------------------------------------------------------------


# tools/fit_polynomial.py "(expm1(x) - x) / x**2" --from="-log(2)/32" --to="log(2)/32" --degree=5 --weight=x
def narrow_expm1_polynomial64(r: Any) -> Any:
    """``(exp(r) - 1 - r) / r**2`` for ``r`` within ``ln(2) / 32``: expm1 within 2^-60 of itself."""
    r2 = r * r
    p01 = fma(r, 0.16666666666666666, 0.5000000000000003)
    p23 = fma(r, 0.008333333333104563, 0.04166666666188272)
    p45 = fma(r, 0.00019841431736561198, 0.001388909267232477)
    return fma(r2, fma(r2, p45, p23), p01)


def tanh64(x: Any) -> Any:
    """tanh in float64: ``(1 - e) / (1 + e)`` with ``e = exp(-2 * abs(x))``; beyond 20 it rounds to 1.

    Numerator and denominator are each taken in two parts, as ``above + above_low``; the quotient is multiplied back,
    and what then remains is divided too. Numbers up to TINY are their own tangent, which is at most the argument.
    """
    a = math.fabs(x)
    moderate = select(a > 20.0, 20.0, a)
    moderate = select(moderate < TINY, TINY, moderate)
    k, j, r = exp_steps64(-2.0 * moderate)
    # e = s + s * (p + p_low)
    s = scale(look_up16(ROOTS, j), k)
    rest = fma(r * r, narrow_expm1_polynomial64(r), look_up16(ROOTS_LOW, j))
    p = r + rest
    p_low = (r - p) + rest
    difference, total = 1.0 - s, 1.0 + s
    above = fma(-s, p, difference)
    above_low = fma(-s, p, difference - above) + fma(-s, p_low, (1.0 - difference) - s)
    below = fma(s, p, total)
    below_low = fma(s, p, total - below) + ((1.0 - total) + s)
    inverse = 1.0 / below
    quotient = above * inverse
    remainder = fma(-quotient, below, above) + fma(-quotient, below_low, above_low)
    y = fma(remainder, inverse, quotient)
    return math.copysign(select(y < a, y, a), x)


#: The middle of each interval, and its coefficients from the constant one up: `tools/fit_by_table.py tanh` fits the
#: function on the quarters of the octaves from 5/8 to 10, less 5/8, within 2^-27; on the first four, what tanh is more
#: than its argument.
TANH = (
    (1.647625, 0.928531, 0.13783006, -0.1279795, 0.072903715, -0.02502587, 0.0016285202, 0.0037514735),
    (2.104, 0.97068393, 0.057772692, -0.056079045, 0.035178885, -0.015453172, 0.0045156265, -0.0005009922),
    (2.61075, 0.98925954, 0.021365566, -0.021136137, 0.013786608, -0.006591504, 0.0024170186, -0.0006722158),
    (3.1255, 0.9961504, 0.0076844343, -0.007654814, 0.0050635715, -0.002494331, 0.0009751848, -0.0002854779),
    (3.8855, 0.9991568, 0.0016857868, -0.0016843254, 0.0011196816, -0.00055843877, 0.00023159961, -7.4683594e-05),
    (4.898, 0.99988866, 0.00022267697, -0.00022265299, 0.00014821294, -7.406204e-05, 3.0995365e-05, -1.0349676e-05),
    (5.91575, 0.99998546, 2.9087518e-05, -2.9091738e-05, 1.9373196e-05, -9.626698e-06, 4.023546e-06, -1.5262234e-06),
    (6.8455, 0.99999774, 4.5314705e-06, -4.5455267e-06, 2.9958105e-06, -1.3443205e-06, 7.1446414e-07, -6.632417e-07),
    (8.318, 0.9999999, 2.3869154e-07, -2.371856e-07, 1.5609005e-07, -8.241017e-08, 3.7167425e-08, -9.25073e-09),
    (0.0, 0.0, 9.6012726e-11, -5.5488357e-08, -0.33332813, -0.00017819424, 0.13609949, -0.019862218),
    (0.0, 0.0, 1.4175375e-06, -4.894557e-05, -0.33263376, -0.0053150533, 0.15611522, -0.052939042),
    (0.0, 0.0, 1.5955e-05, -0.00033783683, -0.3303057, -0.014828504, 0.17582624, -0.06949515),
    (0.0, 0.0, -0.0001582702, 0.0016026867, -0.33890733, 0.004119783, 0.15511498, -0.060530685),
    (0.75725, 0.6394543, 0.5910982, -0.3779803, 0.044662245, 0.09743078, -0.06338251, -7.737019e-05),
    (1.0080625, 0.76495945, 0.41483703, -0.31733358, 0.10446802, 0.025877627, -0.045347646, 0.018300734),
    (1.2425, 0.8461671, 0.28400126, -0.2403125, 0.10867884, -0.011858021, -0.0200327, 0.015548867),
)

tanh_by_table = by_table(TANH)


def tanh32(x: Any) -> Any:
    """tanh in float32, by table; from 9 on it rounds to 1.

    In the first four intervals the middle and the constant are 0, and ``t`` takes the constant's place, which elsewhere
    is the larger one. By quotients it took 1.25 times as long, though without AVX-512 two thirds.
    """
    a = math.fabs(x)
    # as an integer it is limited in a cycle, as a float in four
    bits = bits_of_float32(a)
    bits = select(bits < 0x39800000, 0x39800000, bits)  # TINY_32
    m = float32_of_bits(select(bits > 0x41140000, 0x41140000, bits))  # 9.25
    t, constant, slope = tanh_by_table(m, bits_of_float32(narrow(m + 0.625)) >> 21)
    y = math.copysign(fma(t, slope, select(t > constant, t, constant)), x)
    return select(a >= TINY_32, y, x)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.tanh", "numpy.tanh"),
    cases=Cases(
        slope=lambda mp, x: mp.sech(x) ** 2,
        special=((0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (1e300, 1.0), (-1e300, -1.0)),
        seams=(0.5, 19.061547465398498),
    ),
)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent of each element.

    Special cases: tanh(inf) is 1, zeros and NaN stay what they are. Complex numbers are as in the array API standard.

    Accuracy: ``tanh(-x)`` is ``-tanh(x)``. Each part of a complex result errs by at most 5 ULP.

    >>> import aotops as ao
    >>> ao.tanh(ao.tensor([-0.0, 1.0]))
    tensor([-0.        ,  0.76159416])
    """
    return tanh64(x)


tanh.specialise("float32")(tanh32)


@tanh.derivative
def tanh_derivative(x: Any, y: Any, g: Any) -> Any:
    # 1 - y * y is 0 where y rounds to 1
    e = math.exp(-2.0 * math.fabs(x))
    return chained(g, divide(4.0 * e, (1.0 + e) * (1.0 + e)))


# --- sinh, cosh ---------------------------------------------------------------------------------------------------


# With x = k * ln(2) + r, 2 * sinh(x) is 2**k * (C + S) - 2**-k * (C - S), C and S those of r. That is
# 2**k * (C * (1 - w) + S * (1 + w)) with w = 2**(-2 * k), and where k is 0, it is 2 * S. No division is needed, and
# nothing cancels: r is between -0.2 and 1/2, so that k is 0 up to 1/2, and elsewhere S is hardly negative.

#: For r between -0.194 and 0.499: 0.22 less than half, in units of ln(2).
DOWN = -0.22


# tools/fit_polynomial.py "(sinh(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to="0.6**2" --degree=5 --weight=x
def sinh_polynomial64(z: Any) -> Any:
    """``(sinh(r) / r - 1) / z`` of ``z = r**2``, ``r`` up to 0.6: sinh within 2^-63 of itself."""
    z2 = z * z
    p23 = fma(z, 2.75573203358742e-06, 0.0001984126983992444)
    p45 = fma(z, 1.6154444840766952e-10, 2.5051643905900156e-08)
    return fma(z2, fma(z2, p45, p23), fma(z, 0.008333333333334081, 0.16666666666666666))


# tools/fit_polynomial.py "(cosh(sqrt(x)) - 1) / x" --from=0 --to=1/4 --degree=5 --weight=x
def cosh_polynomial64(z: Any) -> Any:
    """``(cosh(r) - 1) / z`` of ``z = r**2``, ``r`` up to 1/2: cosh within 2^-63."""
    z2 = z * z
    p23 = fma(z, 2.4801587859630015e-05, 0.0013888888888420005)
    p45 = fma(z, 2.09760730701845e-09, 2.7556983500542917e-07)
    return fma(z2, fma(z2, p45, p23), fma(z, 0.041666666666668475, 0.5))


# tools/fit_polynomial.py "(sinh(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to=1/4 --degree=2 --weight=x --float32
def sinh_polynomial32(z: Any) -> Any:
    """As ``sinh_polynomial64``, in float32, ``r`` up to 1/2: within 2^-33."""
    return fma(fma(z, 0.00019974027236457914, 0.00833314098417759), z, 0.1666666716337204)


# tools/fit_polynomial.py "(cosh(sqrt(x)) - 1) / x" --from=0 --to=1/4 --degree=2 --weight=x --float32
def cosh_polynomial32(z: Any) -> Any:
    """As ``cosh_polynomial64``, in float32: within 2^-30."""
    return fma(fma(z, 0.001400845474563539, 0.041664931923151016), z, 0.5000000596046448)


def parts64(a: Any) -> Any:
    """``k, w, r, c, s`` of ``a >= 0``: ``c`` is ``cosh(r) - 1``, and ``s`` what ``sinh(r)`` is more than ``r``.

    ``w`` is ``4**-k``, or 2^-80 where that is less. Of infinity ``k`` is infinite and ``r`` limited. Smaller numbers
    count as ``TINY``: it is slow to compute with squares that are subnormal.
    """
    moderate = select(a < TINY, TINY, a)
    k = rint(fma(moderate, LOG2_E, DOWN))
    high = fma(-k, LN2_HIGH, moderate)
    r = limit(fma(-k, LN2_LOW, high), 1.0)
    low = limit(fma(-k, LN2_LOW, high - r), 1.0)  # what its rounding took away; NaN beside infinity
    z = r * r
    c = fma(r, low, z * cosh_polynomial64(z))
    # beyond 40 it is nothing, and ``scale`` is slower below 2^-1013
    return k, scale(1.0, -2.0 * select(k > 40.0, 40.0, k)), r, c, fma(r * z, sinh_polynomial64(z), low)


def sinh64(x: Any) -> Any:
    """sinh in float64; it is scaled last, since it may be finite where ``exp`` is not."""
    a = math.fabs(x)
    k, w, r, c, s = parts64(a)
    one, twice = 1.0 - w, fma(r, w, r)
    total = one + twice
    rest = fma(c, one, fma(s, w, s)) + ((1.0 - one) - w)
    return math.copysign(select(a < TINY, a, scale(total + (((one - total) + twice) + rest), k - 1.0)), x)


def sinh32(x: Any) -> Any:
    """As ``sinh64``, in float32, with powers of 2 made of bits; from 90 on it is infinite.

    Half of the result is computed, since the power of 2 may overflow where the result does not. With ``r`` from -0.21
    to 0.49, what its rounding took away need not be added: the error is 0.99 ULP at most.
    """
    a = math.fabs(x)
    m = select(a > 90.0, 90.0, a)
    m = select(m < TINY_32, TINY_32, m)
    # the bits of a sum between 2**23 and 2**24 end with its integer, here the biased exponent of ``2**(k - 2)``
    shifted = narrow(fma(m, LOG2_E, -0.2) + 12583037.0)  # plain Python computes in float64
    k = shifted - 12583037.0
    r = fma(-k, LN2_LOW_32, fma(-k, LN2_HIGH_32, m))
    # 4**-k; beyond k = 20 it is nothing, and NaN counts as that
    near = bits_of_float32(select(shifted < 12583057.0, shifted, 12583057.0)) - 0x4B400080
    w = float32_of_bits(0x3C800000 - (near << 24))
    z = r * r
    c = z * cosh_polynomial32(z)
    s = r * z * sinh_polynomial32(z)
    one, twice = 1.0 - w, fma(r, w, r)
    total = one + twice
    y = total + (((one - total) + twice) + fma(c, one, fma(s, w, s)))
    half = y * float32_of_bits((bits_of_float32(shifted) << 23) & 0x7F800000)
    return math.copysign(select(a < TINY_32, a, half + half), x)


#: What ``cosh64`` and ``cosh32`` look up: twice the roots of 2, what these lack, and their inverses, of the sign and
#: size that the functions say. The index is added to the bits of an inverse, at the place where it stands beside the
#: exponent in what is subtracted, which therefore needs no floor.
DOUBLE_ROOTS = Table(tuple(2.0 * root for root in ROOTS.values))
DOUBLE_ROOTS_LOW = Table(tuple(2.0 * root * low for root, low in zip(ROOTS.values, ROOTS_LOW.values, strict=True)))
INVERSE_ROOTS = Table(
    tuple(float64_of_bits(bits_of_float64(-(2.0**-5) / root) + (j << 49)) for j, root in enumerate(ROOTS.values))
)
DOUBLE_ROOTS_32 = Table(tuple(2.0 * root for root in ROOTS_32.values))
DOUBLE_ROOTS_LOW_32 = Table(tuple(narrow(2.0 * (root - narrow(root))) for root in ROOTS.values))
INVERSE_ROOTS_32 = Table(
    tuple(
        float32_of_bits(bits_of_float32(narrow(-(2.0**-5) / root)) + (j << 20)) for j, root in enumerate(ROOTS.values)
    )
)


# tools/fit_polynomial.py "(sinh(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to="(log(2)/32)**2" --degree=2 --weight=x
# tools/fit_polynomial.py "(cosh(sqrt(x)) - 1) / x" --from=0 --to="(log(2)/32)**2" --degree=2 --weight=x
def narrow_expm1s64(r: Any) -> Any:
    """``expm1(r)`` and ``-expm1(-r)`` for ``r`` within ``ln(2) / 32``: within 2^-66."""
    z = r * r
    s = fma(r * z, fma(fma(z, 0.0001984151820509741, 0.008333333332657837), z, 0.1666666666666667), r)
    c = fma(fma(z, 0.0013889112416630492, 0.04166666666058718), z, 0.5000000000000004)
    return fma(z, c, s), fma(z, -c, s)


def cosh64(x: Any) -> Any:
    """cosh in float64, by sixteenths of ``ln(2)``, whose ``r`` is so small that no rounding of it counts.

    What is left is ``t * exp(r) + b * exp(-r)`` with ``t`` from 2 to 4 in two parts, and ``b`` at most ``t``. A quarter
    of twice the result is scaled, since ``2**k`` may overflow where the result does not.
    """
    a = math.fabs(x)
    m = select(a > 711.0, 711.0, a)
    m = select(m < TINY, TINY, m)
    # the bits of a sum between 2**48 and 2**49 end with sixteenths, here of the biased exponent of ``2**(k - 2)``
    shifted = fma(m, LOG2_E, 422212465067005.0)
    k = shifted - 422212465067005.0
    j = bits_of_float64(shifted)
    more, less = narrow_expm1s64(fma(-k, LN2_LOW, fma(-k, LN2_HIGH, m)))
    # beyond k = 35 it is nothing; NaN counts as that
    near = bits_of_float64(select(shifted < 422212465067040.0, shifted, 422212465067040.0))
    # ``2 * 4**-k`` times the inverse, whose bits in the table are modulo 2**64 those of it times ``2**2042``
    b = float64_of_bits(wrap_int64(bits_of_float64(look_up16(INVERSE_ROOTS, j)) - (near << 49)))
    t = look_up16(DOUBLE_ROOTS, j)
    y = t + (b + fma(t, more, fma(-b, less, look_up16(DOUBLE_ROOTS_LOW, j))))
    return y * float64_of_bits((j << 48) & 0x7FF0000000000000)


# tools/fit_polynomial.py "(cosh(sqrt(x)) - 1) / x" --from=0 --to="(log(2)/32)**2" --degree=0 --weight=x --float32
def narrow_expm1s32(r: Any) -> Any:
    """``expm1(r)`` and ``-expm1(-r)`` for ``r`` within ``ln(2) / 32``: within 2^-29."""
    z = r * r
    s = fma(r * z, 0.1666666716337204, r)
    return fma(z, 0.5000162124633789, s), fma(z, -0.5000162124633789, s)


def cosh32(x: Any) -> Any:
    """As ``cosh64``, in float32."""
    a = math.fabs(x)
    m = select(a > 90.0, 90.0, a)
    m = select(m < TINY_32, TINY_32, m)
    # the bits of a sum between 2**19 and 2**20 end with sixteenths, here of the biased exponent of ``2**(k - 2)``
    shifted = narrow(fma(m, LOG2_E, 786557.0))  # plain Python computes in float64
    k = shifted - 786557.0
    j = bits_of_float32(shifted)
    more, less = narrow_expm1s32(fma(-k, LN2_LOW_32, fma(-k, LN2_HIGH_32, m)))
    # beyond k = 20 it is nothing; NaN counts as that
    near = bits_of_float32(select(shifted < 786577.0, shifted, 786577.0)) - 0x49400000
    # ``2 * 4**-k`` times the inverse, whose bits in the table are modulo 2**32 those of it times ``2**250``
    inverse = bits_of_float32(look_up16_float32(INVERSE_ROOTS_32, j))
    b = float32_of_bits(inverse - ((near - 4096) << 20))
    t = look_up16_float32(DOUBLE_ROOTS_32, j)
    y = t + (b + fma(t, more, fma(-b, less, look_up16_float32(DOUBLE_ROOTS_LOW_32, j))))
    return y * float32_of_bits((j << 19) & 0x7F800000)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.sinh", "numpy.sinh"),
    cases=Cases(
        slope=lambda mp, x: mp.cosh(x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (1e300, INF), (-1e300, -INF)),
        seams=(0.4990659700031606, 1.19221315, 710.4758600739439),
    ),
)
def sinh(x: Any) -> Any:
    """Hyperbolic sine of each element.

    Special cases: Infinities, zeros and NaN stay what they are. Overflow gives an infinity, without a warning. Complex
    numbers are as in the array API standard.

    Accuracy: ``sinh(-x)`` is ``-sinh(x)``. Each part of a complex result errs by at most 2.5 ULP.

    >>> import aotops as ao
    >>> ao.sinh(ao.tensor([-0.0, 1.0]))
    tensor([-0.        ,  1.17520119])
    """
    return sinh64(x)


sinh.specialise("float32")(sinh32)


@sinh.derivative
def sinh_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, math.cosh(x))


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.cosh", "numpy.cosh"),
    cases=Cases(
        slope=lambda mp, x: mp.sinh(x),
        special=((0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (1e300, INF), (-1e300, INF)),
        seams=(0.4990659700031606, 1.19221315, 710.4758600739439),
    ),
)
def cosh(x: Any) -> Any:
    """Hyperbolic cosine of each element.

    Special cases: Of infinities it is inf, NaN stays NaN. Overflow gives inf, without a warning. Complex numbers are as
    in the array API standard.

    Accuracy: ``cosh(-x)`` is ``cosh(x)``. Each part of a complex result errs by at most 2.5 ULP.

    >>> import aotops as ao
    >>> ao.cosh(ao.tensor([0.0, 1.0]))
    tensor([1.        , 1.54308063])
    """
    return cosh64(x)


cosh.specialise("float32")(cosh32)


@cosh.derivative
def cosh_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, math.sinh(x))
