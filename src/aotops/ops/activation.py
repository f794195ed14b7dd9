"""Activation functions of neural networks, element by element."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import select
from aotops.ops.exponential import exp32, exp64
from aotops.ops.record import FLOATS, NUMBERS, TO_FLOAT, map


# of the two ways to write it, each side of zero takes the one that neither overflows nor cancels
@map(
    dtypes=FLOATS,
    converts=TO_FLOAT,
    method=True,
    units=3,
    numpy=lambda np, x: np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x))),
)
def sigmoid(x: Any) -> Any:
    """Logistic function of each element, ``1 / (1 + exp(-x))``.

    Within 3 units in the last place, also far below zero, where it is as small as ``exp(x)``.

    Shapes and dtypes: the result has the shape and dtype of ``x``; bool and int64 give float64
    (float32, float64).

    >>> import aotops as ao
    >>> ao.sigmoid(ao.tensor([0.0, 100.0]))
    tensor([0.5, 1. ])
    """
    z = exp64(select(x < 0.0, x, -x))
    return select(x < 0.0, z, 1.0) / (1.0 + z)


@sigmoid.specialise("float32")
def _(x: Any) -> Any:
    z = exp32(select(x < 0.0, x, -x))
    return select(x < 0.0, z, 1.0) / (1.0 + z)


@map(dtypes=NUMBERS, method=True, numpy=lambda np, x: np.maximum(x, 0))
def relu(x: Any) -> Any:
    """Rectified linear unit of each element: ``x`` where it is positive, else 0; NaN stays NaN.

    Exact. A bool tensor is a ``TypeError``.

    Shapes and dtypes: the result has the shape and dtype of ``x`` (int64, float32, float64).

    >>> import aotops as ao
    >>> ao.relu(ao.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return select(x <= 0, 0, x)
