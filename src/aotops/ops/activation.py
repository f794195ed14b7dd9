"""Activation functions of neural networks, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide, scale_exponent, select
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, exp_tail32, exp_tail64, ln2_steps32, ln2_steps64
from aotops.ops.record import FLOATS, NUMBERS, TO_FLOAT, map

# --- sigmoid ------------------------------------------------------------------------------------------------------


def sigmoid64(x: Any) -> Any:
    """sigmoid in float64: ``e / (1 + e)`` with ``e = exp(x)``, which neither overflows nor cancels.

    Beyond 40 it rounds to 1. Where results may be subnormal, both parts of the fraction are 2**128 times as large, so
    that only the division rounds.
    """
    x = select(x > 40.0, 40.0, x)
    # below, the result is 0 all the same
    x = select(x < -746.0, -746.0, x)
    k, high, low = ln2_steps64(x, 0.0)
    one = select(x < -700.0, 3.402823669209385e38, 1.0)
    r = high - low
    # a product and not ``scale_exponent`` alone: NaN stays NaN
    e = scale_exponent(one, k) * (1.0 + (r + exp_tail64(r)))
    return e / (one + e)


def sigmoid32(x: Any) -> Any:
    """As ``sigmoid64``, in float32; 2**64 times as large."""
    x = select(x > 40.0, 40.0, x)
    x = select(x < -104.0, -104.0, x)
    k, high, low = ln2_steps32(x, 0.0)
    one = select(x < -80.0, 1.8446744073709552e19, 1.0)
    r = high - low
    e = scale_exponent(one, k) * (1.0 + (r + exp_tail32(r)))
    return e / (one + e)


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
