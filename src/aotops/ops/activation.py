"""Activation functions of neural networks, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    divide,
    fma,
    scale,
    select,
    widen,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    NAN,
    by_table,
    chained,
    exp_parts32,
    exp_parts64,
    in_float64,
)
from aotops.ops.record import FLOATS, NUMBERS, TO_FLOAT, map, zip
from aotops.ops.special import FAR, FAR_32, NOTHING, bell_of, erf_polynomial64, numpy_erfc, tail64

# --- sigmoid ------------------------------------------------------------------------------------------------------


def sigmoid64(x: Any) -> Any:
    """sigmoid in float64: ``e / (1 + e)`` below 0 and ``1 / (1 + e)`` above, with ``e = exp(-abs(x))``.

    Numerator and denominator are each taken in two parts, and what remains is divided too. The numerator is scaled
    last, so that subnormal results are rounded once.
    """
    x = select(x > 60.0, 60.0, x)  # there it is 1, and AVX-512 scales to subnormal numbers slowly
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


def logistic_parts32(x: Any, z: Any) -> Any:
    """``k, y, r`` with ``sigmoid(x) = (y + r) * 2**k``, ``r`` small; ``z`` is ``-abs(x)``, and ``k`` 0 above 0."""
    negative = x < 0.0
    k, t, u, v = exp_parts32(z)
    mantissa = fma(u, v, t)
    e = scale(mantissa, select(k < -60.0, -60.0, k))  # nothing beside 1; AVX-512 scales to subnormal numbers slowly
    below = 1.0 + e
    inverse = 1.0 / below
    above = select(negative, mantissa, 1.0)
    above_low = select(negative, fma(u, v, t - mantissa), 0.0)
    quotient = above * inverse
    remainder = fma(-quotient, below, above) + fma(-quotient, (1.0 - below) + e, above_low)
    return select(negative, k, 0.0), quotient, remainder * inverse


def sigmoid32(x: Any) -> Any:
    """As ``sigmoid64``, in float32."""
    # math.fabs would make a Python float, which is a float64
    k, quotient, rest = logistic_parts32(x, select(x < 0.0, x, -x))
    return scale(quotient + rest, k)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
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
    """silu in float32: as ``sigmoid32``, scaled last; where ``k`` is not 0, ``x`` is moderate."""
    factor = select(x < -108.75, -1000.0, x)  # scaled to 0, and so far that it is quick
    k, quotient, rest = logistic_parts32(x, select(x < 0.0, factor, -x))
    y = fma(factor, quotient, factor * rest)
    # below 2**-64, which ``scale`` does not take, ``k`` is 0
    return select(x == INF, x, select(k == 0.0, y, scale(y, k)))


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1.5,
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
    k, t, u, v = exp_parts64(-select(a > 752.0, 3000.0, a))
    mantissa = fma(u, v, t)
    e = mantissa * scale(1.0, select(k < -100.0, -100.0, k))
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
    a = select(a > 38.625, FAR, a)
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
    tail = scale(product + fma(part, y_low, fma(part, y, -product)), k)
    return select(a < 0.70703125, small, select(x < 0.0, -tail, select(x > 38.625, x, a - tail)))


def numpy_gelu(np: Any, x: Any) -> Any:
    """In NumPy's long double."""
    wide = x.astype(np.longdouble)
    return np.where(np.isneginf(x), -0.0, wide / 2 * numpy_erfc(np, -wide / np.sqrt(np.longdouble(2)))).astype(x.dtype)


def gelu_slope(mp: Any, x: Any) -> Any:
    """The derivative."""
    return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


# The polynomials of ``gelu32`` are fitted by `tools/fit_by_table.py gelu`: for
# ``tail(a) = exp(a**2 / 2) * erfc(a / sqrt(2)) / 2`` on the quarters of the octaves of ``1 + a``, within 2^-26.8.
# In float64, by ``tail64`` in one part, it took three times as long.

#: The middle of each interval, and its coefficients from the constant one up.
TAILS = (
    (1.2500103, 0.23075919, -0.11049093, 0.046322204, -0.017528586, 0.006102079, -0.0020001444, 0.00061474205),
    (1.7500007, 0.18523161, -0.074786834, 0.027177323, -0.009075242, 0.0028228739, -0.00083423837, 0.00024097376),
    (2.2500257, 0.15365057, -0.05322455, 0.016946977, -0.0050310437, 0.001406885, -0.00037590016, 9.274942e-05),
    (2.749977, 0.13072564, -0.03944977, 0.011119821, -0.0029567876, 0.0007477708, -0.00018153728, 3.542133e-05),
    (3.5000134, 0.1063448, -0.026734076, 0.0063875928, -0.0014589814, 0.0003201427, -6.894766e-05, 1.4020325e-05),
    (4.5000114, 0.084803194, -0.01732694, 0.0034158889, -0.0006517625, 0.000120676166, -2.2033326e-05, 3.8993403e-06),
    (5.4999466, 0.07034334, -0.012057679, 0.002013377, -0.00032806073, 5.22296e-05, -8.233249e-06, 1.3025948e-06),
    (6.499975, 0.060015894, -0.008840454, 0.0012765868, -0.00018089662, 2.5122545e-05, -3.4794505e-06, 6.2170443e-07),
    (8.000113, 0.049121875, -0.0059617516, 0.0007136018, -8.4271895e-05, 9.8272485e-06, -1.1578209e-06, 1.3119296e-07),
    (10.000067, 0.039506435, -0.0038752893, 0.0003766429, -3.627588e-05, 3.463472e-06, -3.3305406e-07, 3.1383788e-08),
    (12.000008, 0.03301895, -0.0027146242, 0.00022172014, -1.7992268e-05, 1.451334e-06, -1.176694e-07, 9.0641015e-09),
    (13.999918, 0.028352825, -0.0020050562, 0.00014110161, -9.8817045e-06, 6.886454e-07, -4.8219647e-08, 3.4232257e-09),
    (0.12500381, 0.45379192, -0.34221655, 0.20550703, -0.10550815, 0.048036106, -0.01999529, 0.009470935),
    (0.37501335, 0.379601, -0.25658685, 0.1416891, -0.067816556, 0.029004455, -0.011440769, 0.0066898903),
    (0.62500024, 0.32335612, -0.19684462, 0.1001641, -0.044747144, 0.018047769, -0.0067162784, 0.002381773),
    (0.8749883, 0.27977237, -0.15414472, 0.072448775, -0.030250847, 0.011493482, -0.0040515163, 0.0013904708),
)

tail_by_table = by_table(TAILS)
bell_of_half = bell_of(0.5)


def gelu32(x: Any) -> Any:
    """gelu in float32: ``x`` less ``a * tail(a) * exp(-a**2 / 2)`` above 0, minus that below.

    The product of ``a``, the root of 2 and the tail's constant coefficient has two parts; all else is small and added
    to the second one.
    """
    a = math.fabs(x)
    tiny = a < NOTHING
    m = select(tiny, NOTHING, select(a > 14.375, FAR_32, a))
    t, constant, slope = tail_by_table(m, bits_of_float32(m + 1.0) >> 21)
    rest = t * slope
    k, root, u = bell_of_half(m)
    first = m * root
    first_low = fma(m, root, -first)
    y = first * constant
    y_low = fma(first, rest, fma(first_low, constant, fma(first, constant, -y)))
    tail = scale(y + fma(y + y_low, u, y_low), k)
    return select(tiny, 0.5 * x, select(x < 0.0, -tail, x - tail))


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1.5,
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
