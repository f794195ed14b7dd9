"""Products of vectors, matrices and tensors of more dimensions.

All are products of matrices, by ``native/product.c`` and ``native/matmul.c``, or sums of products along an axis, by a
reduction.
"""

from __future__ import annotations

from math import prod

from aotops import _native, errors, retry
from aotops._native import astype, fast_path
from aotops.arguments import advised
from aotops.dtypes import BY_NAME
from aotops.namespace.data_types import result_type
from aotops.namespace.manipulation import together
from aotops.namespace.operands import as_tensor, is_operand
from aotops.shapes import Shape, as_shape, broadcast_lengths, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType, Operand
    from aotops.tensors import Tensor

_any_of_products = _native.operators["_any_of_products"]
_conj = _native.operators["conj"]
_multiply = _native.operators["multiply"]
_not_equal = _native.operators["not_equal"]
_sum = _native.operators["sum"]
_sum_of_conjugate_products = _native.operators["_sum_of_conjugate_products"]
_sum_of_products = _native.operators["_sum_of_products"]


def inner_dtype(dtype: DType) -> DType:
    """The dtype that products of a dtype are computed in.

    Narrow integers are computed as int32, of which the result keeps the low bits; bools as int64, of which it says
    whether there are any.
    """
    if dtype.kind == "bool":
        return BY_NAME["int64"]
    return BY_NAME["int32"] if dtype.kind == "integer" and dtype.itemsize < 4 else dtype


def computed(x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor, DType]:
    """Two tensors in the dtype that their product is computed in, and the dtype of the result."""
    dtype = result_type(x1, x2)
    inner = inner_dtype(dtype)
    return astype(x1, inner, copy=False), astype(x2, inner, copy=False), dtype


def delivered(result: Tensor, dtype: DType) -> Tensor:
    """The result in its dtype."""
    if dtype.kind == "bool":
        any_true: Tensor = _not_equal(result, 0)
        return any_true
    return astype(result, dtype, copy=False)


def as_factor(name: str, argument: str, value: Any) -> Tensor:
    """An operand with one axis at least."""
    x = as_tensor(name, argument, value)
    if x.ndim == 0:
        advice = "multiply by a number with *"
        errors.reject(ValueError, name, argument, "have at least 1 dimension", "a number or a 0-d tensor", advice)
    return x


@fast_path()
@advised
def matmul(x1: Operand, x2: Operand, /, *, out: Tensor | None = None) -> Tensor:
    """Return the product of matrices, ``x1 @ x2``, or that of a matrix and a vector, or of two vectors.

    Each element of the result is summed up in the order of the inner axis with one rounding per product
    (``aotops.fma``), with the same bits on every CPU and any number of threads. Where one factor is a vector, or a
    matrix of one row or column, sums of contiguous elements are added in the order of ``aotops.sum``.

    Parameters:
        x1: A tensor, an array or lists of numbers. Its last two axes are those of matrices; a single axis is a row.
        x2: The same; a single axis is a column.
        out: A tensor of the result's shape, which the result is written into and which is returned; its dtype may be
            any that the result can be cast to. It may share memory with the operands.

    Returns:
        A new tensor of the dtype that both promote to, or ``out``. The axes before those of the matrices broadcast; an
        axis that stands for a row or a column is left out.

    Raises:
        TypeError: An operand is none, or the dtypes do not promote; ``out`` cannot hold the result.
        ValueError: An operand is 0-d, the inner lengths differ, or the other axes do not broadcast; ``out`` has another
            shape, or overlaps itself.
        MemoryError: There is not enough memory.

    Special cases:
        Integers wrap around. Of bools, an element is True if any product is. Where the inner axis is empty, the result
        is 0.

    Example:
        >>> import aotops as ao
        >>> ao.matmul(ao.tensor([[1, 2], [3, 4]]), ao.tensor([[0, 1], [1, 0]]))
        tensor([[2, 1],
                [4, 3]])
        >>> ao.tensor([[1.0, 2.0], [3.0, 4.0]]) @ ao.tensor([1.0, 10.0])
        tensor([21., 43.])
    """
    left, right = as_factor("matmul", "x1", x1), as_factor("matmul", "x2", x2)
    if out is not None and not isinstance(out, _native.TensorBase):
        errors.wrong_type("matmul", "out", "a Tensor", out)
    return product("matmul", left, right, out)


def operator_product(x1: Any, x2: Any) -> Any:
    """What ``x1 @ x2`` is; NotImplemented for what is no operand, which may know how to multiply a tensor itself."""
    if not (is_operand(x1) and is_operand(x2)):
        return NotImplemented
    return product("matmul", as_factor("matmul", "x1", x1), as_factor("matmul", "x2", x2))


def in_place_product(x1: Tensor, x2: Any) -> Tensor:
    """What ``x1 @= x2`` does: the product, of the shape of ``x1``, replaces its elements."""
    if not is_operand(x2):
        errors.wrong_operand("matmul", "x2", x2)
    result: Tensor = matmul(x1, x2, out=x1)
    return result


def product(name: str, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of matrices, or of one and a vector, or of two vectors, for a function of this name."""
    left, right, dtype = computed(left, right)
    lengths = left.shape[-1], right.shape[-2 if right.ndim > 1 else -1]
    if lengths[0] != lengths[1]:
        errors.inner_lengths(name, left.shape, right.shape)
    if broadcast_lengths([left.shape[:-2], right.shape[:-2]]) is None:
        wanted = "broadcast together in all axes but the last two"
        errors.reject(ValueError, name, "x1 and x2", wanted, f"shapes {left.shape} and {right.shape}")
    if out is not None:
        shape = (
            *(broadcast_lengths([left.shape[:-2], right.shape[:-2]]) or ()),
            *left.shape[-2:-1],
            *right.shape[-1:][: right.ndim - 1],
        )
        _native.check_out(name, out, dtype, shape, ())
    if left.ndim == 1 and right.ndim == 1 and dtype.kind == "complex":
        return finished(name, delivered(sums_of_products(left, right, 0), dtype), out)
    direct = out if left.dtype is dtype else None
    result = delivered(matrices(name, left, right, direct), dtype)
    return result if direct is not None else finished(name, result, out)


def finished(name: str, result: Tensor, out: Tensor | None) -> Tensor:
    """The result, in ``out`` if that is given."""
    return result if out is None else _native.copy_to_out(name, result, out)


def matrices(name: str, left: Tensor, right: Tensor, out: Tensor | None = None, start: Tensor | None = None) -> Tensor:
    """The products of matrices, or of vectors, that fit each other, of one dtype that ``inner_dtype`` returns.

    ``name``: the function whose result it is, for errors.

    ``out``: where it is written. ``start``: what it is added to, as if it were the first product of each sum.
    """
    result: Tensor = _native.matmul(name, left, right, out, start)
    return result


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``bias + x @ weight.T``, in one launch: sums start with the bias, or are added to it (of dot products).

    The tensors have one dtype, of floats; ``x`` has two axes at least, and ``weight`` a row for each column of the
    result.
    """
    return matrices("linear", x, weight.T, start=bias)


def sums_of_products(left: Tensor, right: Tensor, axis: int) -> Tensor:
    """The sums of products along an axis, of tensors of one dtype."""
    complex_products = left.dtype.kind == "complex"  # which are slower to add where they are made
    total: Tensor = _sum(_multiply(left, right), axis) if complex_products else _sum_of_products(left, right, axis)
    return total


@fast_path(_any_of_products, _sum_of_products, _sum_of_conjugate_products)
@advised
def vecdot(x1: Operand, x2: Operand, /, *, axis: int = -1) -> Tensor:
    """Return the dot products of vectors along an axis: the sums of ``conj(x1) * x2``.

    Parameters:
        x1: A tensor, an array or lists of numbers.
        x2: The same.
        axis: The axis of the vectors, a negative int: it counts from the end of both. It must have the same length in
            both; all other axes broadcast.

    Returns:
        A new tensor of the dtype that both promote to, without the axis.

    Raises:
        TypeError: An operand is none, or the axis is not an int.
        ValueError: The axis is not one of both operands (this is an ``IndexError`` as well), its lengths differ, or the
            other axes do not broadcast.

    Special cases:
        Integers wrap around. The product of empty vectors is 0.

    Example:
        >>> import aotops as ao
        >>> ao.vecdot(ao.tensor([[1.0, 2.0], [3.0, 4.0]]), ao.tensor([10.0, 1.0]))
        tensor([12., 34.])
    """
    left, right = as_factor("vecdot", "x1", x1), as_factor("vecdot", "x2", x2)
    (place,) = normalize_axes("vecdot", "axis", axis, min(left.ndim, right.ndim), several=False)
    if axis >= 0:
        if left.ndim != right.ndim:
            advice = f"write axis={place - min(left.ndim, right.ndim)}"
            errors.reject(ValueError, "vecdot", "axis", "count from the end, as -1 does", axis, advice)
        axis -= left.ndim
    if left.shape[axis] != right.shape[axis]:
        errors.inner_lengths("vecdot", left.shape, right.shape)
    together("vecdot", ["x1", "x2"], [left.shape, right.shape])
    if left.dtype.kind == right.dtype.kind == "bool":
        any_true: Tensor = _any_of_products(left, right, axis)
        return any_true
    left, right, dtype = computed(left, right)
    if dtype.kind == "complex":
        total, overflowed = retry.plain(_sum_of_conjugate_products, left, right, axes=(axis,), keepdims=False)
        return _sum(_multiply(_conj(left), right), axis) if overflowed else total
    return delivered(sums_of_products(left, right, axis), dtype)


@advised
def tensordot(x1: Operand, x2: Operand, /, *, axes: Any = 2) -> Tensor:
    """Return the sums of products over several axes of two tensors.

    Parameters:
        x1: A tensor, an array or lists of numbers.
        x2: The same.
        axes: How many axes are summed over: the last ones of ``x1`` and the first ones of ``x2``, in order; or a pair
            of sequences of ints: the axes of ``x1``, and those of ``x2`` that go with them.

    Returns:
        A new tensor of the dtype that both promote to. It has the other axes of ``x1``, then those of ``x2``.

    Raises:
        TypeError: An operand is none, or an axis is not an int.
        ValueError: An axis does not exist (this is an ``IndexError`` as well) or is named twice, or the lengths of two
            axes that go together differ.

    Example:
        >>> import aotops as ao
        >>> ao.tensordot(ao.ones((2, 3, 4)), ao.ones((4, 3, 5)), axes=((1, 2), (1, 0))).shape
        (2, 5)
    """
    left, right = as_tensor("tensordot", "x1", x1), as_tensor("tensordot", "x2", x2)
    first, second = paired_axes(left, right, axes)
    kept = [axis for axis in range(left.ndim) if axis not in first]
    others = [axis for axis in range(right.ndim) if axis not in second]
    rows = tuple([left.shape[axis] for axis in kept])
    columns = tuple([right.shape[axis] for axis in others])
    inner = prod([left.shape[axis] for axis in first])
    left, right, dtype = computed(left, right)
    a = left.permute(*kept, *first).reshape((prod(rows), inner))
    b = right.permute(*second, *others).reshape((inner, prod(columns)))
    return delivered(matrices("tensordot", a, b).reshape((*rows, *columns)), dtype)


def paired_axes(left: Tensor, right: Tensor, axes: Any) -> tuple[Shape, Shape]:
    """The axes of two tensors that are summed over together."""
    if isinstance(axes, (tuple, list, range)):
        if len(axes) != 2:
            wanted = "be an int, or two sequences of ints"
            errors.reject(ValueError, "tensordot", "axes", wanted, errors.shown(axes))
        first = normalize_axes("tensordot", "axes[0]", as_shape("tensordot", "axes[0]", axes[0]), left.ndim)
        second = normalize_axes("tensordot", "axes[1]", as_shape("tensordot", "axes[1]", axes[1]), right.ndim)
        if len(first) != len(second):
            wanted = "have as many axes of x1 as of x2"
            errors.reject(ValueError, "tensordot", "axes", wanted, f"{len(first)} and {len(second)}")
    else:
        (count,) = as_shape("tensordot", "axes", axes)
        if not 0 <= count <= min(left.ndim, right.ndim):
            wanted = f"be from 0 to {min(left.ndim, right.ndim)} for tensors of {left.ndim} and {right.ndim} dimensions"
            errors.reject(ValueError, "tensordot", "axes", wanted, count)
        first = tuple(range(left.ndim - count, left.ndim))
        second = tuple(range(count))
    lengths = [left.shape[axis] for axis in first], [right.shape[axis] for axis in second]
    if lengths[0] != lengths[1]:
        errors.inner_lengths("tensordot", left.shape, right.shape)
    return first, second
