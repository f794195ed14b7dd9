"""Logarithms of sums of exponentials, element by element: the larger term, and ``log(1 + exp(d))`` with ``d <= 0``.

The logarithm is at most ln 2. It is computed in two parts, since the result may be smaller.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float64,
    divide,
    exponent,
    fma,
    limit,
    look_up16,
    mantissa,
    scale,
    select,
    unscale,
    widen,
)
from aotops.ops.cases import Cases
from aotops.ops.exponential import LOGARITHMS, exp64, log_in_parts64, log_tables64
from aotops.ops.float_arithmetic import INF, INVERSES, NAN, chained, exp_parts64, in_float64, two_sum
from aotops.ops.record import FLOATS, TO_FLOAT, map, zip


def log1p_exp64(d: Any, d_low: Any) -> Any:
    """``log(1 + exp(d + d_low))`` of ``d <= 0``: a number, and a small one to be added to it.

    What ``exp`` lacks is added to the small one, without the factor ``1 / (1 + r)``, which is within 1/16 of 1. Added
    to ``r`` it would be rounded there, where a result just below a power of 2 has half the ULP of an ``r`` above it.
    """
    k, t, u, v = exp_parts64(d)
    e = fma(u, v, t)
    e_low = fma(u, v, t - e) + e * d_low
    w = scale(e, k)
    small = k < -60.0  # of numbers that small the logarithm is the number
    low = select(small, 0.0, e_low) * scale(1.0, select(small, -60.0, k))
    moderate = select(small, 0.0, w)
    total = 1.0 + moderate
    inverse, high, rest = log_tables64(bits_of_float64(mantissa(total)) >> 48)
    c = unscale(inverse, total)
    logarithm, rest = log_in_parts64(exponent(total), high, rest, fma(moderate, c, c - 1.0))
    return select(small, w, logarithm), select(small, 0.0, fma(low, c, rest))


# tools/fit_polynomial.py "log(1+x)/x" --from=-3/80 --to=1/16 --degree=4 --weight="x/log(1+x)"
def short_polynomial64(r: Any) -> Any:
    """``log(1 + r) / r`` for ``r`` from -3/80 to 1/16: within 2^-28 of itself."""
    p = fma(fma(0.19039334500515093, r, -0.2502641437336935), r, 0.3333486095057999)
    return fma(fma(p, r, -0.49999989696899744), r, 0.9999999970792448)


def log1p_exp32(d: Any) -> Any:
    """``log(1 + exp(d))`` of ``d <= 0`` in float64, to the precision of a float32, also where it is small."""
    w = exp64(d)
    total = 1.0 + w
    j = bits_of_float64(mantissa(total)) >> 48
    c = unscale(look_up16(INVERSES, j), total)
    r = fma(w, c, c - 1.0)
    return fma(exponent(total), 0.6931471805599453, look_up16(LOGARITHMS, j)) + r * short_polynomial64(r)


# --- logaddexp ----------------------------------------------------------------------------------------------------


def logaddexp64(x1: Any, x2: Any) -> Any:
    """logaddexp in float64."""
    larger, smaller = select(x1 < x2, x2, x1), select(x1 < x2, x1, x2)
    d, d_low = two_sum(smaller, -larger)
    d, d_low = select(x1 == x2, 0.0, d), limit(select(x1 == x2, 0.0, d_low), 1.0)
    logarithm, rest = log1p_exp64(d, select(d < -60.0, 0.0, d_low))
    total, lacking = two_sum(larger, logarithm)
    return total + (limit(lacking, 1.0) + rest)  # NaN beside infinity


@in_float64
def logaddexp32(x1: Any, x2: Any) -> Any:
    """logaddexp of float32, in float64."""
    a, b = widen(x1), widen(x2)
    return select(a < b, b, a) + log1p_exp32(select(a == b, 0.0, -math.fabs(a - b)))


@zip(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1,
    compute_bound=True,
    aliases=("numpy.logaddexp",),
    numpy=lambda np, x1, x2: np.logaddexp(x1, x2, dtype=np.longdouble).astype(np.result_type(x1, x2)),
    cases=Cases(exact=lambda mp, x1, x2: max(x1, x2) + mp.log1p(mp.exp(-min(abs(x1 - x2), 10000))), least=0.125),
)
def logaddexp(x1: Any, x2: Any) -> Any:
    """Logarithm of the sum of exponentials, ``log(exp(x1) + exp(x2))``, for each pair of elements, without overflow.

    Special cases: Where either is inf it is inf, where one is -inf the other one.

    Accuracy: Results below 1/8, whose parts cancel, have an absolute error: as many ULP of 1/8.

    >>> import aotops as ao
    >>> ao.logaddexp(ao.tensor([0.0, 1000.0]), ao.tensor([0.0, 1000.0]))
    tensor([   0.69314718, 1000.69314718])
    """
    return logaddexp64(x1, x2)


logaddexp.specialise("float32")(logaddexp32)


@logaddexp.derivative
def logaddexp_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    d = select(x1 == x2, 0.0, x1 - x2)
    e = math.exp(-math.fabs(d))
    inverse = divide(1.0, 1.0 + e)
    more, less = inverse, e * inverse
    return chained(g, select(d < 0.0, less, more)), chained(g, select(d < 0.0, more, less))


# --- softplus -----------------------------------------------------------------------------------------------------


def softplus64(x: Any) -> Any:
    """softplus in float64."""
    logarithm, rest = log1p_exp64(-math.fabs(x), 0.0)
    larger = select(x < 0.0, 0.0, x)
    total, lacking = two_sum(larger, logarithm)
    return total + (limit(lacking, 1.0) + rest)


@in_float64
def softplus32(x: Any) -> Any:
    """softplus of a float32, in float64."""
    wide = widen(x)
    return select(wide < 0.0, 0.0, wide) + log1p_exp32(-math.fabs(wide))


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1,
    compute_bound=True,
    numpy=lambda np, x: np.logaddexp(x, 0, dtype=np.longdouble).astype(x.dtype),
    cases=Cases(
        exact=lambda mp, x: max(x, 0) + mp.log1p(mp.exp(-min(abs(x), 10000))),
        slope=lambda mp, x: mp.exp(min(max(x, -10000), 0)) / (1 + mp.exp(-min(abs(x), 10000))),
        special=((INF, INF), (-INF, 0.0), (NAN, NAN), (1e300, 1e300), (-1e300, 0.0)),
        seams=(
            # where exp(x) loses its influence, is subnormal, or vanishes;
            # exp(x) of 2^-5 and 2^-6, whose logarithms have half the ULP
            -41.58883083359672,
            -708.3964185322641,
            -745.1332191019412,
            36.7368005696771,
            -3.4657359027997265,
            -4.1588830833596715,
        ),
    ),
)
def softplus(x: Any) -> Any:
    """Smooth rectifier of each element, ``log(1 + exp(x))``.

    Special cases: softplus(-inf) is 0, softplus(inf) is inf, NaN stays NaN.

    Accuracy: Also far below zero, where it is as small as ``exp(x)``.

    >>> import aotops as ao
    >>> ao.softplus(ao.tensor([0.0, 100.0]))
    tensor([  0.69314718, 100.        ])
    """
    return softplus64(x)


softplus.specialise("float32")(softplus32)


@softplus.derivative
def softplus_derivative(x: Any, y: Any, g: Any) -> Any:
    e = math.exp(-math.fabs(x))
    return chained(g, divide(select(x < 0.0, e, 1.0), 1.0 + e))
