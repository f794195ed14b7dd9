"""Hyperbolic functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide, rint, scale_exponent, select
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, LOG2_E, NAN, chained, exp_tail32, exp_tail64, ln2_steps64, split_high64
from aotops.ops.record import FLOATS, TO_FLOAT, map

# --- tanh ---------------------------------------------------------------------------------------------------------


def tanh64(x: Any) -> Any:
    """tanh in float64: ``(1 - e) / (1 + e)`` with ``e = exp(-2 * abs(x))``; beyond 20 it rounds to 1.

    Numerator and denominator are each taken in two parts, as ``above + above_low``; the quotient is half its bits, for
    which multiplying back is exact, and what then remains to be divided.
    """
    a = math.fabs(x)
    k, high, low = ln2_steps64(-2.0 * select(a > 20.0, 20.0, a), 0.0)
    s = scale_exponent(1.0, k)
    # e = s + e_high - e_low, e_high exact
    e_high = s * high
    e_low = s * (low - exp_tail64(high - low))
    e_sum = e_high - e_low
    rest = 1.0 - s  # exact, but for the last few arguments below 20
    above = rest - e_sum
    above_low = (((rest - above) - e_high) + e_low) + ((1.0 - rest) - s)
    rounded = (1.0 + s) + e_sum
    inverse = 1.0 / rounded
    below = split_high64(rounded)
    below_low = (((1.0 - below) + s) + e_high) - e_low
    quotient = split_high64(above * inverse)
    remainder = (above - quotient * below) + (above_low - quotient * below_low)
    return math.copysign(quotient + remainder * inverse, x)


#: ln 2 as a float32, of which the last 3 bits are zero: multiples up to 8 are exact.
LN2_32 = 0.6931471824645996
#: Where the two quotients of ``tanh32`` change over: from 0.902 on the second stays below 1 unit in the last place.
SPLIT = 0.905


# tools/fit_polynomial.py "(x**1.5/(sqrt(x)-tanh(sqrt(x)))-3)/x"
#     --from=0 --to="0.905**2" --degree=2 --weight=x --float32
def tanh32(x: Any) -> Any:
    """tanh in float32: a number that is exact, and a quotient of at most 0.29, whose rounding errors count little.

    With a = abs(x) that is ``1 - 2 / (exp(2a) + 1)`` from SPLIT on, and before it ``a - a**3 / d(a**2)``, where d is
    nearly ``3 + 1.2 * a**2``: degree 3 leaves an error of 2^-28. In two parts throughout, as ``tanh64``, it would take
    half as long again.
    """
    a = math.fabs(x)
    half = select(a > 10.0, 10.0, a)
    twice = half + half
    k = rint(twice * LOG2_E)
    # exact up to k = 8; after that the quotient is below 2^-6
    r = twice - k * LN2_32
    z = a * a
    # false for NaN, which then stays
    large = a >= SPLIT
    of_exp = 1.0 + scale_exponent(1.0 + (r + exp_tail32(r)), k)
    of_square = 3.0 + z * (1.199999213218689 + z * (-0.005706419702619314 + z * 0.00023598974803462625))
    quotient = select(large, 2.0, a * z) / select(large, of_exp, of_square)
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
