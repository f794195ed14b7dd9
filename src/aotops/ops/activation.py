"""Activation functions of neural networks, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    divide,
    float32_of_bits,
    float64_of_bits,
    fma,
    narrow,
    scale,
    select,
    widen,
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
    NEGLIGIBLE,
    by_table,
    chained,
    exp_parts64,
    exp_polynomial32,
    in_float64,
)
from aotops.ops.record import FLOATS, NUMBERS, TO_FLOAT, map, zip
from aotops.ops.special import NOTHING, bell_of, interval64, numpy_erfc, tail64

# --- sigmoid ------------------------------------------------------------------------------------------------------


def sigmoid64(x: Any) -> Any:
    """sigmoid in float64: ``e / (1 + e)`` below 0 and ``1 / (1 + e)`` above, with ``e = exp(-abs(x))``.

    Numerator and denominator are each taken in two parts, and what remains is divided too. The numerator is scaled
    last, so that subnormal results are rounded once.
    """
    k, t, u, v = exp_parts64(-math.fabs(x))
    mantissa = fma(u, v, t)
    e = scale(mantissa, select(k < -100.0, -100.0, k))  # which is nothing beside 1
    below = 1.0 + e
    inverse = 1.0 / below
    negative = x < 0.0
    above = select(negative, mantissa, 1.0)
    above_low = select(negative, fma(u, v, t - mantissa), 0.0)
    quotient = above * inverse
    remainder = fma(-quotient, below, above) + fma(-quotient, (1.0 - below) + e, above_low)
    return scale(fma(remainder, inverse, quotient), select(negative, k, 0.0))


def logistic_parts32(x: Any) -> Any:
    """``k, y, r`` with ``sigmoid(x) = (y + y * r) * 2**k``, ``r`` small, for ``x`` from -1000 on.

    With ``x = k * ln(2) - r`` that is ``1 / (c + exp(r))``, where ``c`` is ``2**k``: no numerator has to be chosen. The
    denominator is taken in two parts, and what remains of 1 is divided too. From 20 on the result is 1.
    """
    m = select(x > 20.0, 20.0, x) + NEGLIGIBLE
    # the bits of a sum between 2**23 and 2**24 end with its integer, here the biased exponent of ``c``
    shifted = narrow(fma(m, LOG2_E, 12583039.0))  # plain Python computes in float64
    k = shifted - 12583039.0
    r = fma(k, LN2_LOW_32, fma(k, LN2_HIGH_32, -m))
    v = fma(r, exp_polynomial32(r), 1.0)
    # below 2**-87 it is nothing beside 1
    c = float32_of_bits((bits_of_float32(select(shifted < 12582952.0, 12582952.0, shifted)) << 23) & 0x7F800000)
    below = fma(r, v, narrow(c + 1.0))
    below_low = fma(r, v, narrow(1.0 - below) + c)
    inverse = narrow(1.0) / narrow(below)
    return k, inverse, fma(-inverse, below_low, fma(-inverse, below, 1.0))


def sigmoid32(x: Any) -> Any:
    """As ``sigmoid64``, in float32."""
    k, inverse, lacking = logistic_parts32(select(x < -1000.0, -1000.0, x))
    return scale(fma(inverse, lacking, inverse), k)


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


def silu_slope(mp: Any, x: Any) -> Any:
    """The derivative."""
    return (1 + x / (1 + mp.exp(x))) / (1 + mp.exp(-x))


# tools/fit_polynomial.py "(expm1(x) - x) / x**2" --from="-log(2)/2" --to="log(2)/2" --degree=9 --weight="x**2"
def wide_exp_polynomial64(r: Any) -> Any:
    """``(exp(r) - 1 - r) / r**2`` for ``r`` within ``ln(2) / 2``: exp within 2^-58."""
    r2 = r * r
    p01 = fma(r, 0.166666666666667, 0.5000000000000012)
    p23 = fma(r, 0.008333333333307238, 0.041666666666515535)
    p45 = fma(r, 0.00019841269917313147, 0.0013888888946982565)
    p67 = fma(r, 2.7557216360492163e-06, 2.4801489979733157e-05)
    p89 = fma(r, 2.5117843236749957e-08, 2.763126600153941e-07)
    return fma(r2, fma(r2, fma(r2, fma(r2, p89, p67), p45), p23), p01)


def logistic_parts64(x: Any) -> Any:
    """As ``logistic_parts32``, in float64, for ``x`` from -800 on; from 40 on the result is 1."""
    m = select(x > 40.0, 40.0, x) + NEGLIGIBLE
    # the bits of a sum between 2**52 and 2**53 end with its integer, here the biased exponent of ``c``
    shifted = fma(m, LOG2_E, 6755399441056767.0)
    k = shifted - 6755399441056767.0
    r = fma(k, LN2_LOW, fma(k, LN2_HIGH, -m))
    v = fma(r, wide_exp_polynomial64(r), 1.0)
    # below 2**-100 it is nothing beside 1
    c = float64_of_bits(
        wrap_int64(bits_of_float64(select(shifted < 6755399441056667.0, 6755399441056667.0, shifted)) << 52)
    )
    below = fma(r, v, c + 1.0)
    below_low = fma(r, v, (1.0 - below) + c)
    inverse = 1.0 / below
    return k, inverse, fma(-inverse, below_low, fma(-inverse, below, 1.0))


def silu64(x: Any) -> Any:
    """silu in float64, from the parts of sigmoid: scaled last, so that subnormal results are rounded once.

    From 40 on it is ``x``. By ``exp(-abs(x))``, with a numerator to be chosen, it took half as many operations again.
    """
    factor = select(x < -800.0, -800.0, x)
    k, inverse, lacking = logistic_parts64(factor)
    y = fma(factor, inverse, factor * (inverse * lacking))
    # below 2**-64, which ``scale`` does not take, ``k`` is 0
    return select(x > 40.0, x, select(k == 0.0, y, scale(y, k)))


def silu32(x: Any) -> Any:
    """As ``silu64``, in float32; from 20 on it is ``x``."""
    factor = select(x < -1000.0, -1000.0, x)
    k, inverse, lacking = logistic_parts32(factor)
    y = fma(factor, inverse, factor * (inverse * lacking))
    return select(x > 20.0, x, select(k == 0.0, y, scale(y, k)))


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
    return silu64(x)


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
    """gelu in float64: ``x`` less ``a / 2 * erfc(a / sqrt(2))`` above 0, minus that below.

    The argument of erfc has two parts, and its square is that of ``a``, halved.
    """
    a = math.fabs(x)
    tiny = a < NOTHING
    m = select(tiny, NOTHING, select(a > 38.6, 38.6, a))
    root = m * INVERSE_ROOT_2
    j, middle = interval64(root)
    t = (root - middle) + (fma(m, INVERSE_ROOT_2, -root) + m * INVERSE_ROOT_2_LOW)
    half = 0.5 * m
    square = -half * m
    y, y_low, k = tail64(j, t, square, fma(-half, m, -square))
    product = half * y
    tail = scale(product + fma(half, y_low, fma(half, y, -product)), k)
    return select(tiny, 0.5 * x, select(x < 0.0, -tail, x - tail))


def numpy_gelu(np: Any, x: Any) -> Any:
    """In NumPy's long double."""
    wide = x.astype(np.longdouble)
    return np.where(np.isneginf(x), -0.0, wide / 2 * numpy_erfc(np, -wide / np.sqrt(np.longdouble(2)))).astype(x.dtype)


def gelu_slope(mp: Any, x: Any) -> Any:
    """The derivative."""
    return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


# The polynomials of ``gelu32`` are fitted by `tools/fit_by_table.py gelu`: for
# ``tail(a) = exp(a**2 / 2) * erfc(a / sqrt(2)) / 2`` on the quarters of the octaves of ``1 + a``, within 2^-26.8.
# In float64, by a quotient, it took three times as long.

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
    m = select(a > 14.625, 14.625, a)  # where the tail rounds to 0
    m = select(m < NOTHING, NOTHING, m)
    t, constant, slope = tail_by_table(m, bits_of_float32(m + 1.0) >> 21)
    rest = t * slope
    k, root, u = bell_of_half(m)
    first = m * root
    first_low = fma(m, root, -first)
    y = first * constant
    y_low = fma(first, rest, fma(first_low, constant, fma(first, constant, -y)))
    tail = scale(y + fma(y + y_low, u, y_low), k)
    # two operations, where a choice between two results takes four
    return select(tiny, 0.5 * x, select(x > 0.0, x, -0.0) - tail)


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
