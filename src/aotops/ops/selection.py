"""Choosing between values, element by element."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import force_load, select
from aotops.ops.cases import Cases
from aotops.ops.record import ALL, NUMBERS, zip
from aotops.ops.reduction import LARGEST, SMALLEST, larger, smaller

# --- where --------------------------------------------------------------------------------------------------------


@zip(
    dtypes=ALL,
    signless=True,
    bool_inputs=("condition",),
    numpy=lambda np, condition, x1, x2: np.where(condition, x1, x2),
)
def where(condition: Any, x1: Any, x2: Any) -> Any:
    """The element of ``x1`` where the condition is true, else that of ``x2``.

    It is as fast on a random condition as on a constant one.

    >>> import aotops as ao
    >>> ao.where(ao.tensor([True, False, True]), ao.tensor([1, 2, 3]), 0)
    tensor([1, 0, 3])
    """
    return select(condition, force_load(x1), force_load(x2))


@where.specialise("complex64")
@where.specialise("complex128")
def where_complex(condition: Any, x1: Any, x2: Any) -> Any:
    return complex(
        select(condition, force_load(x1.real), force_load(x2.real)),
        select(condition, force_load(x1.imag), force_load(x2.imag)),
    )


@where.derivative
def where_derivative(condition: Any, x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return select(condition, g, 0.0), select(condition, 0.0, g)


# --- clip ---------------------------------------------------------------------------------------------------------


@zip(
    dtypes=NUMBERS,
    defaults={"min": SMALLEST, "max": LARGEST},
    method=True,
    numpy=lambda np, x, min, max: np.minimum(np.maximum(x, min), max),
    aliases=("numpy.clip",),
    cases=Cases(any_zero=True),
)
def clip(x: Any, min: Any, max: Any) -> Any:
    """The element of ``x``, but not less than ``min`` and not more than ``max``; NaN if one of them is NaN.

    Special cases: Where ``min`` is more than ``max`` the result is ``max``. An element equal to a bound stays as it is,
    also a zero of the other sign. A bound that is a Python int need not fit a dtype of integers if it changes nothing,
    such as ``max=300`` of int8; otherwise it is an ``OverflowError``. Beyond the floats it is an infinity.

    >>> import aotops as ao
    >>> ao.clip(ao.tensor([-2, 0, 7]), min=-1, max=5)
    tensor([-1,  0,  5])
    """
    raised = select(min > x, min, x)
    return select(max < raised, max, raised)


@clip.specialise("float32")
@clip.specialise("float64")
def clip_of_floats(x: Any, min: Any, max: Any) -> Any:
    return smaller(larger(x, min), max)


@clip.derivative
def clip_derivative(x: Any, min: Any, max: Any, y: Any, g: Any) -> Any:
    above, below = x > max, x < min
    # y where it is NaN
    g, nothing = select(y == y, g, y), select(y == y, 0.0, y)
    to_max = select(above | (below & (min > max)), g, nothing)
    return select(above | below, nothing, g), select(below & (min <= max), g, nothing), to_max
