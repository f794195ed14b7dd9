"""Tensors as sets of values: their different values, and membership."""

from __future__ import annotations

from collections import namedtuple

from aotops import _native
from aotops.arguments import advised, as_flag
from aotops.dtypes import int64
from aotops.namespace.data_types import result_type
from aotops.namespace.joining import concat
from aotops.namespace.operands import as_operand, as_tensor, in_dtype
from aotops.namespace.searching import nonzero, searchsorted, side_of, take
from aotops.namespace.sorting import argsort, sort

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from aotops._native import Operand
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_cumulative_sum = _native.operators["cumulative_sum"]
_equal = _native.operators["equal"]
_logical_or = _native.operators["logical_or"]
_not_equal = _native.operators["not_equal"]
_subtract = _native.operators["subtract"]

#: Elements are compared with at most so many values one after another. 100,000 float32 take 10 us for each, and 250 to
#: 620 us where they are looked up among the sorted values instead; a call takes 0.7 us more for each.
FEW, FEW_OF_FEW, ELEMENTS_FOR_ONE_MORE = 32, 4, 500

UniqueAllResult = namedtuple("UniqueAllResult", ["values", "indices", "inverse_indices", "counts"])
UniqueCountsResult = namedtuple("UniqueCountsResult", ["values", "counts"])
UniqueInverseResult = namedtuple("UniqueInverseResult", ["values", "inverse_indices"])


def order_of(x: Tensor) -> Tensor:
    """The positions that sort a tensor of one dimension; complex numbers by real parts, then by imaginary ones."""
    if x.dtype.kind != "complex":
        return argsort(x)
    by_imaginary = argsort(_native.operators["imag"](x))
    return take(by_imaginary, argsort(take(_native.operators["real"](x), by_imaginary)))


def firsts(x: Tensor) -> Tensor:
    """Whether each element of a sorted tensor differs from the one before it; NaN does from every one."""
    result = _native.full(x.shape, 1, BOOL, "unique_values", "x")
    if x.size > 1:
        _not_equal(x[1:], x[:-1], out=result[1:])
    return result


BOOL = _native.dtypes[0]


def lengths(starts: Tensor, count: int) -> Tensor:
    """How many elements there are from each start to the next one, or to the end."""
    ends = _native.empty(starts.shape, int64)
    ends[:-1] = starts[1:]
    ends[-1:] = count
    result: Tensor = _subtract(ends, starts)
    return result


def parts(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The different values, where each first occurs, the position of each element's value, and the counts."""
    flat = x.reshape(-1)
    order = order_of(flat)
    ordered = take(flat, order)
    first = firsts(ordered)
    starts = nonzero(first)[0]
    inverse = _native.empty(order.shape, int64)
    inverse[order] = _subtract(_cumulative_sum(first), 1)
    return take(ordered, starts), take(order, starts), inverse.reshape(x.shape), lengths(starts, flat.size)


@advised
def unique_values(x: Operand, /) -> Tensor:
    """Return the different values.

    Parameters:
        x: A tensor, a number, an array or lists of numbers. Every NaN is a value of its own.

    Returns:
        A new tensor of one dimension, of the same dtype, in ascending order, NaN last.

    Raises:
        TypeError: ``x`` is no operand.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.unique_values(ao.tensor([3, 1, 3, 2]))
        tensor([1, 2, 3])
    """
    flat = as_tensor("unique_values", "x", x).reshape(-1)
    ordered = take(flat, order_of(flat)) if flat.dtype.kind == "complex" else sort(flat)
    return ordered[firsts(ordered)]


@advised
def unique_counts(x: Operand, /) -> UniqueCountsResult:
    """Return the different values, and how often each occurs.

    Parameters:
        x: A tensor, a number, an array or lists of numbers. Every NaN is a value of its own.

    Returns:
        A named tuple: ``values``, in ascending order, NaN last, and ``counts``, of int64.

    Raises:
        TypeError: ``x`` is no operand.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.unique_counts(ao.tensor([3, 1, 3, 2])).counts
        tensor([1, 1, 2])
    """
    flat = as_tensor("unique_counts", "x", x).reshape(-1)
    ordered = take(flat, order_of(flat)) if flat.dtype.kind == "complex" else sort(flat)
    first = firsts(ordered)
    return UniqueCountsResult(ordered[first], lengths(nonzero(first)[0], flat.size))


@advised
def unique_inverse(x: Operand, /) -> UniqueInverseResult:
    """Return the different values, and for each element the position of its value among them.

    Parameters:
        x: A tensor, a number, an array or lists of numbers. Every NaN is a value of its own.

    Returns:
        A named tuple: ``values``, in ascending order, NaN last, and ``inverse_indices``, of int64 and the shape of
        ``x``: ``take(values, inverse_indices)`` is ``x``.

    Raises:
        TypeError: ``x`` is no operand.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.unique_inverse(ao.tensor([3, 1, 3, 2])).inverse_indices
        tensor([2, 0, 2, 1])
    """
    values, _, inverse, _ = parts(as_tensor("unique_inverse", "x", x))
    return UniqueInverseResult(values, inverse)


@advised
def unique_all(x: Operand, /) -> UniqueAllResult:
    """Return the different values, where each first occurs, the position of each element's value, and the counts.

    Parameters:
        x: A tensor, a number, an array or lists of numbers. Every NaN is a value of its own.

    Returns:
        A named tuple: ``values``, in ascending order, NaN last; ``indices``, where each first occurs in row-major
        order; ``inverse_indices``, of the shape of ``x``; and ``counts``. All but the values are of int64.

    Raises:
        TypeError: ``x`` is no operand.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.unique_all(ao.tensor([3, 1, 3, 2])).indices
        tensor([1, 3, 0])
    """
    return UniqueAllResult(*parts(as_tensor("unique_all", "x", x)))


@advised
def isin(x1: Operand, x2: Operand, /, *, invert: bool = False) -> Tensor:
    """Return whether each element is one of some values.

    Parameters:
        x1: The elements: a tensor, a number, an array or lists of numbers.
        x2: The values, of any shape.
        invert: Whether to return whether it is none of them instead.

    Returns:
        A tensor of bools, of the shape of ``x1``. NaN equals nothing.

    Raises:
        TypeError: An argument is no operand.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.isin(ao.tensor([1, 2, 3]), [1, 3])
        tensor([ True, False,  True])
    """
    invert = as_flag("isin", "invert", invert)
    given, values = as_operand("isin", "x1", x1), as_operand("isin", "x2", x2)
    dtype = result_type(given, values)
    if _native.is_number(given) and _native.is_number(values):
        return _native.full((), int((given == values) != invert), BOOL, "isin", "x1")
    if any(isinstance(each, int) and side_of(each, dtype) is not None for each in (given, values)):
        shape = given.shape if isinstance(given, Tensor) else ()
        return _native.full(shape, int(invert), BOOL, "isin", "x1")  # nothing equals what the dtype cannot hold
    elements = in_dtype("isin", "x1", given, dtype)
    members = in_dtype("isin", "x2", values, dtype).reshape(-1)
    if members.size == 0:
        return _native.full(elements.shape, int(invert), BOOL, "isin", "x1")
    if members.size <= min(FEW, FEW_OF_FEW + elements.size // ELEMENTS_FOR_ONE_MORE):
        found: Tensor = _equal(elements, members[0])
        for k in range(1, members.size):
            _logical_or(found, _equal(elements, members[k]), out=found)
    elif dtype.kind == "complex":
        _, _, identities, _ = parts(concat([elements.reshape(-1), members]))
        found = isin(identities[: elements.size], identities[elements.size :]).reshape(elements.shape)
    else:
        ordered = sort(members)
        places = searchsorted(ordered, elements)
        last = _native.operators["clip"](places, None, members.size - 1)
        found = _equal(take(ordered, last), elements)
    result: Tensor = _equal(found, False) if invert else found
    return result
