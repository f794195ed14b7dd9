"""Choosing between values, element by element."""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import select, settled
from aotops.ops.cases import Cases
from aotops.ops.record import ALL, NUMBERS, zip
from aotops.ops.reduction import LARGEST, SMALLEST, larger, smaller


@zip(dtypes=ALL, bool_inputs=("condition",), numpy=lambda np, condition, x1, x2: np.where(condition, x1, x2))
def where(condition: Any, x1: Any, x2: Any) -> Any:
    """The element of ``x1`` where the condition is true, else that of ``x2``.

    Exact, and as fast on a random condition as on a constant one.

    Shapes and dtypes: the three broadcast together; ``x1`` and ``x2`` are promoted as ``numpy.result_type`` does,
    Python numbers weakly ({dtypes}). A condition that is not bool is true where it is not 0.

    >>> import aotops as ao
    >>> ao.where(ao.tensor([True, False, True]), ao.tensor([1, 2, 3]), 0)
    tensor([1, 0, 3])
    """
    return select(condition, settled(x1), settled(x2))


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

    Exact. Where ``min`` is more than ``max`` the result is ``max``. Either bound may be None or left out.
    Three bools are a ``TypeError``.

    Shapes and dtypes: the three broadcast together and are promoted as ``numpy.result_type`` does, Python
    numbers weakly ({dtypes}).

    >>> import aotops as ao
    >>> ao.clip(ao.tensor([-2, 0, 7]), min=-1, max=5)
    tensor([-1,  0,  5])
    """
    raised = select(min > x, min, x)
    return select(max < raised, max, raised)


@clip.specialise("float32")
@clip.specialise("float64")
def _(x: Any, min: Any, max: Any) -> Any:
    return smaller(larger(x, min), max)


# --- derivatives --------------------------------------------------------------------------------------------------


@where.derivative
def _(condition: Any, x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return select(condition, g, 0.0), select(condition, 0.0, g)


@clip.derivative
def _(x: Any, min: Any, max: Any, y: Any, g: Any) -> Any:
    above, below = x > max, x < min
    # y where it is NaN
    g, nothing = select(y == y, g, y), select(y == y, 0.0, y)
    to_max = select(above | (below & (min > max)), g, nothing)
    return select(above | below, nothing, g), select(below & (min <= max), g, nothing), to_max
