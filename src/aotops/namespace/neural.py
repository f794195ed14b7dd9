"""What models of probabilities are made of: softmax and its logarithm, norms, one-hot codes, embeddings.

Exponentials are taken of differences from the largest element, so that none overflows.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype
from aotops.arguments import advised, as_flag
from aotops.dtypes import as_dtype, float64
from aotops.namespace.operands import as_floats, as_integers, as_tensor
from aotops.namespace.searching import positions, taken
from aotops.namespace.statistics import folded_axes, without
from aotops.shapes import as_int, check_bytes, folded_count

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_abs = _native.operators["abs"]
_add = _native.operators["add"]
_divide = _native.operators["divide"]
_equal = _native.operators["equal"]
_exp = _native.operators["exp"]
_greater = _native.operators["greater"]
_isfinite = _native.operators["isfinite"]
_log = _native.operators["log"]
_max = _native.operators["max"]
_min = _native.operators["min"]
_multiply = _native.operators["multiply"]
_not_equal = _native.operators["not_equal"]
_pow = _native.operators["pow"]
_sqrt = _native.operators["sqrt"]
_square = _native.operators["square"]
_subtract = _native.operators["subtract"]
_sum = _native.operators["sum"]
_where = _native.operators["where"]


def shifted(x: Tensor, axes: tuple[int, ...] | None) -> tuple[Tensor, Tensor]:
    """The elements less the largest one along the axes, and that; 0 takes the place of one that is not finite."""
    largest = _max(x, axes, keepdims=True)
    largest = _where(_isfinite(largest), largest, 0.0)
    return _subtract(x, largest), largest


@advised
def logsumexp(x: Operand, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """Logarithm of the sum of exponentials over one axis, several, or all: ``log(sum(exp(x)))``, without overflow.

    Parameters:
        x: A tensor, a number, an array or lists of numbers; integers and bools are computed as float64.
        axis: The axis that folds away, or a tuple of several; None for all.
        keepdims: Leave the axes that fold away in place, with length 1.

    Returns:
        A tensor of the axes that are left, float32 or float64.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice.

    Special cases:
        Of no elements, or of none but -inf, it is -inf.

    Example:
        >>> import aotops as ao
        >>> ao.logsumexp(ao.tensor([[0.0, 0.0], [1000.0, 0.0]]), axis=1)
        tensor([   0.69314718, 1000.        ])
    """
    x = as_floats("logsumexp", "x", x)
    axes = folded_axes("logsumexp", x, axis)
    keepdims = as_flag("logsumexp", "keepdims", keepdims)
    if folded_count(x.shape, axes) == 0:
        result: Tensor = _log(_sum(x, axes, keepdims=keepdims))
        return result
    differences, largest = shifted(x, axes)
    return without(_add(_log(_sum(_exp(differences), axes, keepdims=True)), largest), axes, keepdims)


@advised
def softmax(x: Operand, axis: Any = -1) -> Tensor:
    """Exponentials of the elements, divided by their sum along an axis: positive numbers whose sum is 1.

    Parameters:
        x: A tensor, an array or lists of numbers; integers and bools are computed as float64.
        axis: The axis along which the sum is 1, or a tuple of several; None for all.

    Returns:
        A tensor of the shape of ``x``, float32 or float64.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice.

    Special cases:
        NaN along an axis with NaN or inf, or with nothing but -inf.

    Example:
        >>> import aotops as ao
        >>> ao.softmax(ao.tensor([0.0, 0.0, -1000.0]))
        tensor([0.5, 0.5, 0. ])
    """
    x = as_floats("softmax", "x", x)
    axes = folded_axes("softmax", x, axis)
    if x.size == 0:
        return astype(x, x.dtype)
    powers = _exp(shifted(x, axes)[0])
    result: Tensor = _divide(powers, _sum(powers, axes, keepdims=True), out=powers)
    return result


@advised
def log_softmax(x: Operand, axis: Any = -1) -> Tensor:
    """Logarithm of ``softmax``, precise also where that is small or vanishes.

    Parameters:
        x: A tensor, an array or lists of numbers; integers and bools are computed as float64.
        axis: The axis along which the sum of the exponentials is 1, or a tuple of several; None for all.

    Returns:
        A tensor of the shape of ``x``, float32 or float64.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice.

    Special cases:
        NaN along an axis with NaN or inf, or with nothing but -inf.

    Example:
        >>> import aotops as ao
        >>> ao.log_softmax(ao.tensor([0.0, 0.0, -1000.0]))
        tensor([   -0.69314718,    -0.69314718, -1000.69314718])
    """
    x = as_floats("log_softmax", "x", x)
    axes = folded_axes("log_softmax", x, axis)
    if x.size == 0:
        return astype(x, x.dtype)
    differences, _ = shifted(x, axes)
    result: Tensor = _subtract(differences, _log(_sum(_exp(differences), axes, keepdims=True)), out=differences)
    return result


@advised
def norm(x: Operand, axis: Any = None, *, ord: float = 2, keepdims: bool = False) -> Tensor:
    """Norm of vectors: the root of the sum of squares, or of other powers, over one axis, several, or all.

    Elements are scaled by the largest one, so that no power of them over- or underflows.

    Parameters:
        x: A tensor, a number, an array or lists of numbers; integers and bools are computed as float64.
        axis: The axis that folds away, or a tuple of several; None for all.
        ord: The power. 1 is the sum of absolute values, inf the largest and -inf the smallest one, and 0 the number of
            those that are not 0.
        keepdims: Leave the axes that fold away in place, with length 1.

    Returns:
        A tensor of the axes that are left, float32 or float64.

    Raises:
        TypeError: An argument is none of those above.
        ValueError: The tensor has no such axis (this is an ``IndexError`` as well); an axis is named twice; there is no
            smallest element.

    Special cases:
        The norm of no elements is 0.

    Example:
        >>> import aotops as ao
        >>> ao.norm(ao.tensor([[3.0, 4.0], [3e200, 4e200]]), axis=1)
        tensor([ 5.e+00, 5.e+200])
    """
    x = as_tensor("norm", "x", x)
    x = as_floats("norm", "x", _abs(x) if x.dtype.kind == "complex" else x)
    if isinstance(ord, bool) or not isinstance(ord, (int, float)):
        errors.reject(TypeError, "norm", "ord", "be a number", type(ord).__name__)
    axes = folded_axes("norm", x, axis)
    keepdims = as_flag("norm", "keepdims", keepdims)
    if ord == 0:
        return astype(_sum(_not_equal(x, 0.0), axes, keepdims=keepdims), x.dtype)
    size = _abs(x)
    if ord == float("-inf"):
        result: Tensor = _min(size, axes, keepdims=keepdims)
        return result
    if ord == 1 or folded_count(x.shape, axes) == 0:
        result = _sum(size, axes, keepdims=keepdims)
        return result
    largest = _max(size, axes, keepdims=True)
    if ord == float("inf"):
        return without(largest, axes, keepdims)
    unit = _min(size, axes, keepdims=True) if ord < 0 else largest
    unit = _where(_greater(unit, 0.0), _where(_isfinite(unit), unit, 1.0), 1.0)
    parts = _divide(size, unit, out=size)
    if ord == 2:
        root = _sqrt(_sum(_square(parts), axes, keepdims=True))
    else:
        root = _pow(_sum(_pow(parts, float(ord)), axes, keepdims=True), 1.0 / ord)
    return without(_multiply(root, unit), axes, keepdims)


@advised
def one_hot(x: Operand, num_classes: int, *, dtype: Any = float64) -> Tensor:
    """Codes of classes: for each integer a row with 1 at its position and 0 elsewhere.

    Parameters:
        x: A tensor, a number, an array or lists of integers; one that is no position in a row gives a row of zeros.
        num_classes: The length of a row.
        dtype: The dtype of the result, float64 by default.

    Returns:
        A tensor of the shape of ``x`` with a last axis more.

    Raises:
        TypeError: ``x`` is not of integers, ``num_classes`` no int, or the dtype is unknown.
        ValueError: ``num_classes`` is negative, or no memory could hold as many.

    Example:
        >>> import aotops as ao
        >>> ao.one_hot([0, 2], 3)
        tensor([[1., 0., 0.],
                [0., 0., 1.]])
    """
    classes = as_integers("one_hot", "x", x)
    wanted = as_dtype("one_hot", "dtype", dtype)
    if classes.dtype.kind != "integer":
        errors.reject(TypeError, "one_hot", "x", "be of integers", classes.dtype.name, "convert with astype")
    if isinstance(num_classes, bool):
        errors.wrong_type("one_hot", "num_classes", "an int", num_classes)
    length = as_int("one_hot", "num_classes", num_classes)
    if length < 0:
        errors.reject(ValueError, "one_hot", "num_classes", "be at least 0", length)
    from aotops.namespace.creation import arange

    check_bytes("one_hot", (*classes.shape, length), wanted)
    return astype(_equal(classes[..., None], arange(length)), wanted)


@advised
def embedding(x: Operand, weight: Operand) -> Tensor:
    """Rows of a table by their positions: ``weight[x]``.

    Parameters:
        x: Integers, of any shape. Negative ones count from the end.
        weight: A tensor, an array or lists of numbers, of one dimension or more: the table.

    Returns:
        A tensor of the shape of ``x`` and that of a row.

    Raises:
        TypeError: ``x`` is not of integers, or ``weight`` no operand.
        ValueError: ``weight`` has no dimension.
        IndexError: A position is out of bounds.

    Example:
        >>> import aotops as ao
        >>> ao.embedding([[1, 0]], ao.tensor([[0.0, 0.5], [1.0, 1.5]]))
        tensor([[[1. , 1.5],
                 [0. , 0.5]]])
    """
    index, table = positions("embedding", x, "x"), as_tensor("embedding", "weight", weight)
    if table.ndim == 0:
        errors.reject(ValueError, "embedding", "weight", "have at least 1 dimension", "shape ()")
    return taken("embedding", table, index, 0)
