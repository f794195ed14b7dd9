"""Hyperbolic functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import scale_exponent, select
from aotops.ops.pieces import exp_tail32, exp_tail64, head32, head64, ln2_steps32, ln2_steps64
from aotops.ops.record import FLOATS, TO_FLOAT, Scalar, map


def tanh_of(steps: Scalar, tail: Scalar, head: Scalar, limit: float) -> Scalar:
    """Make tanh from the pieces of exp in one dtype; beyond ``limit`` it rounds to 1.

    ``(1 - e) / (1 + e)`` with ``e = exp(-2 * abs(x))``. Numerator and denominator are each taken in two parts, as
    ``above + above_low``; the quotient is half its bits, for which multiplying back is exact, and what then remains
    to be divided.
    """

    def tanh(x: Any) -> Any:
        a = math.fabs(x)
        k, high, low = steps(-2.0 * select(a > limit, limit, a), 0.0)
        s = scale_exponent(1.0, k)
        # e = s + e_high - e_low, e_high exact
        e_high = s * high
        e_low = s * (low - tail(high - low))
        e_sum = e_high - e_low
        rest = 1.0 - s  # exact, but for the last few arguments below the limit
        above = rest - e_sum
        above_low = (((rest - above) - e_high) + e_low) + ((1.0 - rest) - s)
        rounded = (1.0 + s) + e_sum
        inverse = 1.0 / rounded
        below = head(rounded)
        below_low = (((1.0 - below) + s) + e_high) - e_low
        quotient = head(above * inverse)
        remainder = (above - quotient * below) + (above_low - quotient * below_low)
        return math.copysign(quotient + remainder * inverse, x)

    return tanh


tanh64 = tanh_of(ln2_steps64, exp_tail64, head64, 20.0)
tanh32 = tanh_of(ln2_steps32, exp_tail32, head32, 10.0)


@map(dtypes=FLOATS, converts=TO_FLOAT, method=True, units=1)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent of each element.

    Within 1 unit in the last place, and odd: ``tanh(-x)`` is ``-tanh(x)``. tanh(inf) is 1, zeros and NaN stay what
    they are.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.tanh(ao.tensor([-0.0, 1.0]))
    tensor([-0.        ,  0.76159416])
    """
    return tanh64(x)


tanh.specialise("float32")(tanh32)
