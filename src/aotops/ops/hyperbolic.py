"""Hyperbolic functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    divide,
    float32_of_bits,
    fma,
    look_up16,
    narrow,
    scale,
    select,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    NAN,
    ROOTS,
    ROOTS_LOW,
    chained,
    exp_steps64,
)
from aotops.ops.record import FLOATS, TO_FLOAT, map

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


#: As LOG2_E and LN2_32, for half the argument of exp.
TWICE_LOG2_E, HALF_LN2_32 = 2.8853900817779268, 0.3465735912322998
#: Where the two quotients of ``tanh32`` change over: from 0.902 on the error of the second stays below 1 ULP.
SPLIT = 0.905


# tools/fit_polynomial.py "(expm1(2*x) - 2*x) / x**2" --from="-log(2)/4" --to="log(2)/4"
#     --degree=4 --weight="x**2" --float32
def exp_polynomial_of_half32(r: Any) -> Any:
    """``(exp(2 * r) - 1) / r`` for ``r`` within ``ln(2) / 4``: exp within 2^-28."""
    p = fma(fma(r, 0.08928302675485611, 0.26780423521995544), r, 0.6666592955589294)
    return fma(fma(fma(p, r, 1.3333215713500977), r, 2.0), r, 2.0)


# tools/fit_polynomial.py "(x**1.5/(sqrt(x)-tanh(sqrt(x)))-3)/x"
#     --from=0 --to="0.905**2" --degree=2 --weight=x --float32
def tanh32(x: Any) -> Any:
    """tanh in float32: a number that is exact, and a quotient of at most 0.29, whose rounding errors count little.

    With a = abs(x) that is ``1 - 2 / (exp(2a) + 1)`` from SPLIT on, and before it ``a - a**3 / d(a**2)``, where d is
    nearly ``3 + 1.2 * a**2``: degree 3 leaves an error of 2^-28. In two parts throughout, as ``tanh64``, it would take
    half as long again. Of tiny numbers and NaN the quotient is 0.
    """
    a = math.fabs(x)
    moderate = select(a >= TINY_32, select(a > 10.0, 10.0, a), 0.0)
    # the bits of a sum between 2**23 and 2**24, less those of 1.5 * 2**23, are the exponent of 2**k: 127 more than k
    shifted = narrow(fma(moderate, TWICE_LOG2_E, 12583039.0))  # plain Python computes in float64
    r = fma(shifted - 12583039.0, -HALF_LN2_32, moderate)
    s = float32_of_bits((bits_of_float32(shifted) - 0x4B400000) << 23)
    z = moderate * moderate
    large = moderate >= SPLIT
    # exp(2a) + 1, rounded once
    of_exp = fma(s * r, exp_polynomial_of_half32(r), 1.0 + s)
    p = fma(fma(z, 0.00023598974803462625, -0.005706419702619314), z, 1.199999213218689)
    quotient = select(large, 2.0, moderate * z) / select(large, of_exp, fma(p, z, 3.0))
    return math.copysign(select(large, 1.0, a) - quotient, x)


@map(
    dtypes=FLOATS,
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

    Special cases: tanh(inf) is 1, zeros and NaN stay what they are.

    Accuracy: ``tanh(-x)`` is ``-tanh(x)``.

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
