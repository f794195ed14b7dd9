"""Arithmetic and extrema, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import divide as ieee_divide
from aotops.intrinsics import select
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, chained_quotient
from aotops.ops.record import ALL, FLOATS, NUMBERS, TO_FLOAT, map, zip
from aotops.ops.reduction import larger


@map(
    dtypes=NUMBERS,
    slot="negative",
    cases=Cases(
        slope=lambda mp, x: -1,
        special=((0.0, -0.0), (-0.0, 0.0), (INF, -INF), (NAN, NAN)),
    ),
)
def negative(x: Any) -> Any:
    """Numerical negative of each element, ``-x``.

    The smallest int64 wraps to itself. Exact. A bool tensor is a ``TypeError``.

    Shapes and dtypes: the result has the shape and dtype of ``x`` ({dtypes}).

    >>> import aotops as ao
    >>> ao.negative(ao.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    return -x


@map(
    dtypes=NUMBERS,
    slot="absolute",
    method=True,
    aliases=("numpy.absolute", "numpy.abs", "builtins.abs", "operator.abs"),
    cases=Cases(
        slope=lambda mp, x: mp.sign(x),
        special=((-0.0, 0.0), (-INF, INF), (-1.5, 1.5), (NAN, NAN)),
    ),
)
def abs(x: Any) -> Any:
    """Absolute value of each element.

    The smallest int64 wraps to itself; -0.0 becomes 0.0 and NaN stays NaN. Exact. A bool tensor is a
    ``TypeError``.

    Shapes and dtypes: the result has the shape and dtype of ``x`` ({dtypes}).

    >>> import aotops as ao
    >>> ao.abs(ao.tensor([1, -2]))
    tensor([1, 2])
    """
    return select(x < 0, -x, x)


@abs.specialise("float32")
@abs.specialise("float64")
def _(x: Any) -> Any:
    return math.fabs(x)


@zip(dtypes=NUMBERS, slot="add")
def add(x1: Any, x2: Any) -> Any:
    """Sum of each pair of elements, ``x1 + x2``.

    int64 wraps around, as NumPy's does; floats are correctly rounded. Two bool tensors are a ``TypeError``.

    Shapes and dtypes: the inputs broadcast together and are promoted as ``numpy.result_type`` does,
    Python numbers weakly ({dtypes}).

    >>> import aotops as ao
    >>> ao.add(ao.tensor([1.0, 2.0]), 0.5)
    tensor([1.5, 2.5])
    """
    return x1 + x2


@zip(dtypes=NUMBERS, slot="subtract")
def subtract(x1: Any, x2: Any) -> Any:
    """Difference of each pair of elements, ``x1 - x2``.

    int64 wraps around, as NumPy's does; floats are correctly rounded. Two bool tensors are a ``TypeError``.

    Shapes and dtypes: the inputs broadcast together and are promoted as ``numpy.result_type`` does,
    Python numbers weakly ({dtypes}).

    >>> import aotops as ao
    >>> ao.subtract(ao.tensor([[1], [2]]), ao.tensor([1, 10]))
    tensor([[ 0, -9],
            [ 1, -8]])
    """
    return x1 - x2


@zip(dtypes=NUMBERS, slot="multiply")
def multiply(x1: Any, x2: Any) -> Any:
    """Product of each pair of elements, ``x1 * x2``.

    int64 wraps around, as NumPy's does; floats are correctly rounded. Two bool tensors are a ``TypeError``.

    Shapes and dtypes: the inputs broadcast together and are promoted as ``numpy.result_type`` does,
    Python numbers weakly ({dtypes}).

    >>> import aotops as ao
    >>> ao.multiply(ao.tensor([1, 2, 3]), ao.tensor([0.0, 1.0, 0.0]))
    tensor([0., 2., 0.])
    """
    return x1 * x2


@map(
    dtypes=NUMBERS,
    method=True,
    cases=Cases(
        slope=lambda mp, x: 2 * x,
        special=((-0.0, 0.0), (-3.0, 9.0), (INF, INF), (-INF, INF), (NAN, NAN), (1e300, INF), (1e-300, 0.0)),
    ),
)
def square(x: Any) -> Any:
    """Square of each element, ``x * x``; what ``x**2`` computes.

    int64 wraps around, as NumPy's does; floats are correctly rounded. A bool tensor is a ``TypeError``.

    Shapes and dtypes: the result has the shape and dtype of ``x`` ({dtypes}).

    >>> import aotops as ao
    >>> ao.square(ao.tensor([1.5, -3.0]))
    tensor([2.25, 9.  ])
    """
    return x * x


@zip(dtypes=FLOATS, slot="true_divide", casts=TO_FLOAT, cases=Cases(smooth=(0.5, 3.0)))
def divide(x1: Any, x2: Any) -> Any:
    """Quotient of each pair of elements, ``x1 / x2``.

    Correctly rounded; a zero divisor gives an infinity, or NaN for 0 / 0, without a warning.

    Shapes and dtypes: the inputs broadcast together and are promoted as ``numpy.result_type`` does,
    Python numbers weakly; bool and integers divide as float64 ({dtypes}).

    >>> import aotops as ao
    >>> ao.divide(ao.tensor([1, -2, 0]), ao.tensor([2, 0, 0]))
    tensor([ 0.5, -inf,  nan])
    """
    return ieee_divide(x1, x2)


@zip(dtypes=ALL, aliases=("numpy.maximum",), cases=Cases(any_zero=True))
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of each pair of elements; NaN where either is NaN.

    Exact. Of 0.0 and -0.0, which are equal, the first.

    Shapes and dtypes: the inputs broadcast together and are promoted as ``numpy.result_type`` does,
    Python numbers weakly ({dtypes}).

    >>> import aotops as ao
    >>> ao.maximum(ao.tensor([1.0, -2.0]), 0.0)
    tensor([1., 0.])
    """
    return select(x2 > x1, x2, x1)


for _dtype in FLOATS:
    maximum.specialise(_dtype)(larger)

# --- derivatives --------------------------------------------------------------------------------------------------


@negative.derivative
def _(x: Any, y: Any, g: Any) -> Any:
    return -g


@abs.derivative
def _(x: Any, y: Any, g: Any) -> Any:
    return select(x > 0.0, g, select(x < 0.0, -g, select(x == 0.0, 0.0, x)))


@add.derivative
def _(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return g, g


@subtract.derivative
def _(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return g, -g


@multiply.derivative
def _(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    return chained(g, x2), chained(g, x1)


@square.derivative
def _(x: Any, y: Any, g: Any) -> Any:
    return 2.0 * chained(g, x)


@divide.derivative
def _(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    to_x1 = chained_quotient(g, x2)
    return to_x1, -chained(to_x1, y)


# equal ones share the gradient
@maximum.derivative
def _(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    # y where it is NaN
    tie = select(x1 == x2, 0.5 * g, y)
    return select(x1 > x2, g, select(x1 < x2, 0.0, tie)), select(x2 > x1, g, select(x2 < x1, 0.0, tie))
