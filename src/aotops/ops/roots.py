"""Functions of square roots, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide, fma, select, square_root, widen
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, in_float64, or_zero
from aotops.ops.record import FLOATS, TO_FLOAT, map, zip

# --- rsqrt --------------------------------------------------------------------------------------------------------


def inverse_root(x: Any) -> Any:
    """``1 / sqrt(x)``, corrected by half of what its square times ``x`` lacks of 1, which is NaN at 0 and infinity."""
    y = divide(1.0, square_root(x))
    product = x * y
    lacking = fma(-product, y, 1.0) - fma(x, y, -product) * y
    return select(lacking == lacking, fma(0.5 * y, lacking, y), y)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    numpy=lambda np, x: 1 / np.sqrt(x),
    cases=Cases(
        exact=lambda mp, x: 1 / mp.sqrt(x),
        slope=lambda mp, x: -1 / (2 * x * mp.sqrt(x)) if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=((0.0, INF), (-0.0, -INF), (4.0, 0.5), (INF, 0.0), (-INF, NAN), (-1.0, NAN), (NAN, NAN)),
    ),
)
def rsqrt(x: Any) -> Any:
    """Reciprocal of the square root of each element, ``1 / sqrt(x)``.

    Special cases: rsqrt(0) is inf, that of -0.0 is -inf, rsqrt(inf) is 0. Below zero it is NaN, without a warning.

    >>> import aotops as ao
    >>> ao.rsqrt(ao.tensor([4.0, 0.0]))
    tensor([0.5, inf])
    """
    return inverse_root(x)


@rsqrt.derivative
def rsqrt_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(chained(g, -0.5 * y), y * y)


# --- hypot --------------------------------------------------------------------------------------------------------


def hypot64(x1: Any, x2: Any) -> Any:
    """hypot in float64: large and small arguments are scaled; where the smaller one is nothing to the other, it is 0.

    Else its square might be subnormal, which is slow.
    """
    a, b = math.fabs(x1), math.fabs(x2)
    high, low = select(a < b, b, a), select(a < b, a, b)
    up, down = high < 2.0**-400, high > 2.0**500
    factor = select(up, 2.0**600, select(down, 2.0**-600, 1.0))
    high, low = high * factor, low * factor
    low = select(low < high * 2.0**-30, 0.0, low)
    square = low * low
    root = square_root(fma(high, high, square))
    y = root * select(up, 2.0**-600, select(down, 2.0**600, 1.0))
    return select((a == INF) | (b == INF), INF, y)


@in_float64
def hypot32(x1: Any, x2: Any) -> Any:
    """hypot of float32, in float64, which holds the squares."""
    a, b = widen(x1), widen(x2)
    return select((math.fabs(a) == INF) | (math.fabs(b) == INF), INF, square_root(fma(a, a, b * b)))


@zip(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1.5,
    compute_bound=True,
    aliases=("math.hypot", "numpy.hypot"),
    cases=Cases(exact=lambda mp, x1, x2: mp.hypot(x1, x2), smooth=(0.5, 3.0)),
)
def hypot(x1: Any, x2: Any) -> Any:
    """Length of the hypotenuse for each pair of elements, ``sqrt(x1**2 + x2**2)``; no square over- or underflows.

    Special cases: Where either is infinite it is inf, even if the other is NaN.

    >>> import aotops as ao
    >>> ao.hypot(ao.tensor([3.0, 1e200]), ao.tensor([4.0, 1e200]))
    tensor([ 5.00000000e+00, 1.41421356e+200])
    """
    return hypot64(x1, x2)


hypot.specialise("float32")(hypot32)


@hypot.derivative
def hypot_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return chained(g, or_zero(divide(x1, y), x1, y)), chained(g, or_zero(divide(x2, y), x2, y))
