"""Activation functions of neural networks, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide, fma, scale, select
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, exp_parts32, exp_parts64
from aotops.ops.record import FLOATS, NUMBERS, TO_FLOAT, map

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
