"""Activation functions of neural networks, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide, fma, scale, select, widen
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, exp_parts32, exp_parts64, in_float64
from aotops.ops.record import FLOATS, NUMBERS, TO_FLOAT, map, zip
from aotops.ops.special import NOTHING, erf_polynomial64, numpy_erfc, tail32, tail64

# --- sigmoid ------------------------------------------------------------------------------------------------------


def sigmoid64(x: Any) -> Any:
    """sigmoid in float64: ``e / (1 + e)`` below 0 and ``1 / (1 + e)`` above, with ``e = exp(-abs(x))``.

    Numerator and denominator are each taken in two parts, and what remains is divided too. The numerator is scaled
    last, so that subnormal results are rounded once.
    """
    k, t, u, v = exp_parts64(-math.fabs(x))
    mantissa = fma(u, v, t)
    power = scale(1.0, k)
    e = mantissa * power
    below = 1.0 + e
    inverse = 1.0 / below
    negative = x < 0.0
    above = select(negative, mantissa, 1.0)
    above_low = select(negative, fma(u, v, t - mantissa), 0.0)
    quotient = above * inverse
    remainder = fma(-quotient, below, above) + fma(-quotient, (1.0 - below) + e, above_low)
    return fma(remainder, inverse, quotient) * select(negative, power, 1.0)


def sigmoid32(x: Any) -> Any:
    """As ``sigmoid64``, in float32, with a single quotient."""
    k, t, u, v = exp_parts32(select(x < 0.0, x, -x))  # math.fabs would make a Python float, which is a float64
    e = scale(fma(u, v, t), k)
    return select(x < 0.0, e, 1.0) / (1.0 + e)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=3,
    compute_bound=True,
    numpy=lambda np, x: np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x))),
    cases=Cases(
        exact=lambda mp, x: 1 / (1 + mp.exp(-x)),
        slope=lambda mp, x: mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2,
        special=((0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (1e300, 1.0), (-1e300, 0.0)),
        # it reaches 1, its results turn subnormal, and vanish
        seams=(36.7368005696771, -708.3964185322641, -745.1332191019412),
    ),
)
def sigmoid(x: Any) -> Any:
    """Logistic function of each element, ``1 / (1 + exp(-x))``.

    Special cases: sigmoid(-inf) is 0, sigmoid(inf) is 1, NaN stays NaN.

    Accuracy: Also far below zero, where it is as small as ``exp(x)``.

    >>> import aotops as ao
    >>> ao.sigmoid(ao.tensor([0.0, 100.0]))
    tensor([0.5, 1. ])
    """
    return sigmoid64(x)


sigmoid.specialise("float32")(sigmoid32)


@sigmoid.derivative
def sigmoid_derivative(x: Any, y: Any, g: Any) -> Any:
    # y * (1 - y) is 0 where y rounds to 1
    e = math.exp(-math.fabs(x))
    return chained(g, divide(e, (1.0 + e) * (1.0 + e)))


# --- relu ---------------------------------------------------------------------------------------------------------


@map(
    dtypes=NUMBERS,
    method=True,
    numpy=lambda np, x: np.maximum(x, 0),
    cases=Cases(
        slope=lambda mp, x: int(x > 0),
        special=((-1.0, 0.0), (2.0, 2.0), (INF, INF), (-INF, 0.0), (NAN, NAN)),
        any_zero=True,
    ),
)
def relu(x: Any) -> Any:
    """Rectified linear unit of each element: ``x`` where it is positive, else 0; NaN stays NaN.

    Special cases: NaN stays NaN.

    >>> import aotops as ao
    >>> ao.relu(ao.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return select(x <= 0, 0, x)


@relu.derivative
def relu_derivative(x: Any, y: Any, g: Any) -> Any:
    return select(x > 0.0, g, select(x <= 0.0, 0.0, x))


# --- silu ---------------------------------------------------------------------------------------------------------


def lowered(y: Any, k: Any) -> Any:
    """``y * 2**floor(k)`` of ``k`` from -160 to 0, in float64 from -1160, rounded once."""
    far = k < -64.0
    return (y * select(far, 5.421010862427522e-20, 1.0)) * scale(1.0, select(far, k + 64.0, k))


def silu_slope(mp: Any, x: Any) -> Any:
    """The derivative."""
    return (1 + x / (1 + mp.exp(x))) / (1 + mp.exp(-x))


def silu32(x: Any) -> Any:
    """silu in float32: as ``sigmoid32``, scaled last, so that subnormal results are rounded once."""
    a = select(x < 0.0, -x, x)
    k, t, u, v = exp_parts32(-select(a > 110.0, 110.0, a))
    m = fma(u, v, t)
    negative = x < 0.0
    above = select(negative, select(x < -110.0, -110.0, x) * m, x)
    return select(x == INF, x, lowered(above / (1.0 + scale(m, k)), select(negative, k, 0.0)))


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=3,
    compute_bound=True,
    numpy=lambda np, x: np.where(np.isneginf(x), -0.0, x / (1 + np.exp(-x.astype(np.longdouble)))).astype(x.dtype),
    cases=Cases(
        exact=lambda mp, x: x / (1 + mp.exp(-max(x, -10000))),
        slope=lambda mp, x: silu_slope(mp, min(max(x, -10000), 10000)),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -0.0), (NAN, NAN), (1e300, 1e300), (-1e300, -0.0)),
        seams=(36.7368005696771, -708.3964185322641, -745.1332191019412),
    ),
)
def silu(x: Any) -> Any:
    """Sigmoid linear unit of each element, ``x / (1 + exp(-x))``; also called swish.

    Special cases: silu(-inf) is -0.0, silu(inf) is inf, zeros and NaN stay what they are.

    >>> import aotops as ao
    >>> ao.silu(ao.tensor([0.0, 100.0]))
    tensor([  0., 100.])
    """
    a = math.fabs(x)
    k, t, u, v = exp_parts64(-select(a > 800.0, 800.0, a))
    mantissa = fma(u, v, t)
    e = mantissa * scale(1.0, k)
    below = 1.0 + e
    negative = x < 0.0
    above = select(negative, mantissa, 1.0)
    above_low = select(negative, fma(u, v, t - mantissa), 0.0)
    inverse = 1.0 / below
    quotient = above * inverse
    lacking = inverse * (fma(-quotient, below, above) + fma(-quotient, (1.0 - below) + e, above_low))
    # scaled last, so that subnormal results are rounded once
    factor = select(negative, select(x < -800.0, -800.0, x), select(x > 1.0, 1.0, x))
    y = fma(factor, quotient, factor * lacking)
    return select(negative, lowered(y, k), select(x > 1.0, x * (quotient + lacking), y))


silu.specialise("float32")(silu32)


@silu.derivative
def silu_derivative(x: Any, y: Any, g: Any) -> Any:
    a = math.fabs(x)
    moderate = select(a > 800.0, math.copysign(800.0, x), x)
    e = math.exp(-math.fabs(moderate))
    s = divide(select(x < 0.0, e, 1.0), 1.0 + e)
    rest = divide(select(x < 0.0, 1.0, e), 1.0 + e)
    return chained(g, s * fma(moderate, rest, 1.0))


# --- gelu ---------------------------------------------------------------------------------------------------------


INVERSE_ROOT_2, INVERSE_ROOT_2_LOW = 0.7071067811865476, -4.833646656726457e-17


def gelu64(x: Any) -> Any:
    """gelu in float64: ``x / 2 * erfc(-x / sqrt(2))`` as in ``erfc64``, where the square is that of x, halved."""
    a = math.fabs(x)
    a = select(a > 45.0, 45.0, a)
    half = 0.5 * math.copysign(a, x)
    t = select(a < NOTHING, 0.0, select(a > 0.70703125, 0.5, a * INVERSE_ROOT_2))
    near = math.copysign(t, x)
    total = 1.0 + near
    rest = fma(near, erf_polynomial64(near * near), (1.0 - total) + near)
    moderate = select(a < NOTHING, 0.0, half)
    small = select(a < NOTHING, half, fma(moderate, total, moderate * rest))
    far = select(a < 0.70703125, 0.70703125, a)
    square = far * far
    root = far * INVERSE_ROOT_2
    root_low = fma(far, INVERSE_ROOT_2, -root) + far * INVERSE_ROOT_2_LOW
    y, y_low, k = tail64(root, root_low, 0.5 * square, 0.5 * fma(far, far, -square))
    part = 0.5 * far
    product = part * y
    tail = scale(product + fma(part, y, fma(part, y_low, -product)), k)
    return select(a < 0.70703125, small, select(x < 0.0, -tail, select(x > 45.0, x, a - tail)))


def numpy_gelu(np: Any, x: Any) -> Any:
    """In NumPy's long double."""
    wide = x.astype(np.longdouble)
    return np.where(np.isneginf(x), -0.0, wide / 2 * numpy_erfc(np, -wide / np.sqrt(np.longdouble(2)))).astype(x.dtype)


def gelu_slope(mp: Any, x: Any) -> Any:
    """The derivative."""
    return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


@in_float64
def gelu32(x: Any) -> Any:
    """gelu of a float32, in float64."""
    wide = widen(x)
    a = math.fabs(wide)
    a = select(a > 20.0, 20.0, a)
    t = select(a > 0.70703125, 0.5, a * INVERSE_ROOT_2)
    near = math.copysign(t, wide)
    small = 0.5 * wide * (1.0 + fma(near, erf_polynomial64(near * near), near))
    far = select(a < 0.70703125, 0.70703125, a)
    y, k = tail32(far * INVERSE_ROOT_2, 0.5 * far * far)
    tail = 0.5 * far * scale(y, k)
    return select(a < 0.70703125, small, select(wide < 0.0, -tail, select(wide > 20.0, wide, a - tail)))


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=2,
    compute_bound=True,
    numpy=lambda np, x: numpy_gelu(np, x),
    cases=Cases(
        exact=lambda mp, x: (x if x > 0 else max(x, -100)) / 2 * mp.erfc(-min(max(x, -100), 100) / mp.sqrt(2)),
        slope=lambda mp, x: gelu_slope(mp, min(max(x, -100), 100)),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -0.0), (NAN, NAN), (1e300, 1e300), (-1e300, -0.0)),
        seams=(0.70703125, -0.70703125, -37.5, -38.5, 8.3),
    ),
)
def gelu(x: Any) -> Any:
    """Gaussian error linear unit of each element: ``x`` times the share of a normal distribution below it.

    It is computed exactly, ``x / 2 * erfc(-x / sqrt(2))``, not by the approximation with tanh.

    Special cases: gelu(-inf) is -0.0, gelu(inf) is inf, zeros and NaN stay what they are.

    >>> import aotops as ao
    >>> ao.gelu(ao.tensor([0.0, 1.0]))
    tensor([0.        , 0.84134475])
    """
    return gelu64(x)


gelu.specialise("float32")(gelu32)


@gelu.derivative
def gelu_derivative(x: Any, y: Any, g: Any) -> Any:
    a = math.fabs(x)
    moderate = select(a > 45.0, math.copysign(45.0, x), x)
    # the square in two parts, as in ``bell``
    square = moderate * moderate
    density = 0.3989422804014327 * (math.exp(-0.5 * square) * fma(-0.5, fma(moderate, moderate, -square), 1.0))
    return chained(g, fma(moderate, density, 0.5 * math.erfc(-moderate * INVERSE_ROOT_2)))


# --- lerp ---------------------------------------------------------------------------------------------------------


def numpy_lerp(np: Any, start: Any, end: Any, weight: Any) -> Any:
    """In float64, or what is wider."""
    a, b, w = (each.astype(np.result_type(each, np.float64)) for each in (start, end, weight))
    return np.where(w < 0.5, a + w * (b - a), b - (b - a) * (1 - w)).astype(start.dtype)


@zip(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    numpy=lambda np, start, end, weight: numpy_lerp(np, start, end, weight),
    cases=Cases(exact=lambda mp, start, end, weight: start + weight * (end - start)),
)
def lerp(start: Any, end: Any, weight: Any) -> Any:
    """Linear interpolation for each triple of elements: ``start + weight * (end - start)``.

    From a weight of 1/2 on it is computed from the other end, so that it ends at ``end`` exactly.

    Accuracy: A few roundings.

    >>> import aotops as ao
    >>> ao.lerp(ao.tensor([0.0, 10.0]), ao.tensor([1.0, 20.0]), 0.25)
    tensor([ 0.25, 12.5 ])
    """
    way = end - start
    return select(weight < 0.5, start + weight * way, end - way * (1.0 - weight))


@lerp.specialise("float32")
@in_float64
def lerp32(start: Any, end: Any, weight: Any) -> Any:
    way = widen(end) - widen(start)
    return select(weight < 0.5, widen(start) + widen(weight) * way, widen(end) - way * (1.0 - widen(weight)))


@lerp.derivative
def lerp_derivative(start: Any, end: Any, weight: Any, y: Any, g: Any) -> Any:
    return chained(g, 1.0 - weight), chained(g, weight), chained(g, end - start)
