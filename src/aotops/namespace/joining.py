"""Tensors made of the elements of others: joined, repeated, and moved around."""

from __future__ import annotations

from math import prod

from aotops import _native, errors
from aotops._native import astype, fast_path, max_rank
from aotops.arguments import advised
from aotops.dtypes import float64
from aotops.namespace.creation import has_buffer
from aotops.namespace.data_types import result_type
from aotops.namespace.indexing import as_positions
from aotops.namespace.operands import as_integers, as_operand, as_tensor, in_dtype
from aotops.shapes import as_int, as_shape, check_bytes, contiguous_strides, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType, Operand
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

Shape = tuple[int, ...]

_min = _native.operators["min"]
_sum = _native.operators["sum"]


def sequence(name: str, arrays: Any) -> tuple[list[Tensor], DType]:
    """The tensors of a sequence of operands, and the dtype that they promote to; Python numbers are weak."""
    if not isinstance(arrays, (list, tuple)):
        if not isinstance(arrays, Tensor) and not has_buffer(arrays):
            advice = errors.advice(arrays) if hasattr(arrays, "__iter__") else "write [x, y]"
            errors.reject(TypeError, name, "arrays", "be a list or a tuple", errors.type_name(arrays), advice)
        whole = as_tensor(name, "arrays", arrays)
        if whole.ndim == 0:
            errors.reject(TypeError, name, "arrays", "be a list or a tuple", "a 0-d tensor", "write [x, y]")
        arrays = list(whole)
    if not arrays:
        errors.reject(ValueError, name, "arrays", "have at least one tensor", "none")
    operands = [as_operand(name, f"arrays[{k}]", each) for k, each in enumerate(arrays)]
    dtype = result_type(*operands)
    return [in_dtype(name, f"arrays[{k}]", each, dtype) for k, each in enumerate(operands)], dtype


@fast_path()
@advised
def concat(arrays: Any, /, *, axis: int | None = 0) -> Tensor:
    """Join tensors along an axis.

    Parameters:
        arrays: A list or a tuple of tensors, arrays or lists of numbers, whose shapes differ along that axis alone.
        axis: The axis; with None, the elements of each are joined in row-major order, whatever their shapes.

    Returns:
        A new tensor in row-major order, of the dtype that the tensors promote to.

    Raises:
        TypeError: ``arrays`` is no sequence of operands, or the axis is not an int.
        ValueError: There are no tensors, or tensors without dimensions, their shapes do not go together, or the axis
            does not exist (this is an ``IndexError`` as well).
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.concat([ao.tensor([[1, 2]]), ao.tensor([[3, 4], [5, 6]])])
        tensor([[1, 2],
                [3, 4],
                [5, 6]])
    """
    tensors, dtype = sequence("concat", arrays)
    if axis is None:
        tensors = [each.reshape(-1) for each in tensors]
        axis = 0
    for k, each in enumerate(tensors):
        if each.ndim == 0:
            advice = "join them with aotops.stack, or give axis=None"
            errors.reject(ValueError, "concat", f"arrays[{k}]", "have at least 1 dimension", "shape ()", advice)
    first = tensors[0].shape
    (own,) = normalize_axes("concat", "axis", axis, len(first), several=False)
    for k, each in enumerate(tensors):
        shape = each.shape
        if len(shape) != len(first) or shape[:own] + shape[own + 1 :] != first[:own] + first[own + 1 :]:
            errors.reject(
                ValueError,
                "concat",
                f"arrays[{k}]",
                f"have the shape of arrays[0], {first}, but along axis {own}",
                shape,
            )
    length = sum([each.shape[own] for each in tensors])
    result = _native.empty((*first[:own], length, *first[own + 1 :]), dtype, "concat")
    start = 0
    for each in tensors:
        if each.size:
            result._as_strided(each.shape, result.strides, start * result.strides[own])._copy_from(each)
        start += each.shape[own]
    return result


@fast_path()
@advised
def stack(arrays: Any, /, *, axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis.

    Parameters:
        arrays: A list or a tuple of tensors, numbers, arrays or lists of numbers, all of one shape.
        axis: Where the new axis is in the result.

    Returns:
        A new tensor in row-major order, of the dtype that the tensors promote to.

    Raises:
        TypeError: ``arrays`` is no sequence of operands, or the axis is not an int.
        ValueError: There are no tensors, their shapes differ, the result would have too many dimensions, or the axis
            does not exist in it (this is an ``IndexError`` as well).
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.stack([ao.tensor([1, 2]), ao.tensor([3, 4])], axis=1)
        tensor([[1, 3],
                [2, 4]])
    """
    tensors, dtype = sequence("stack", arrays)
    first = tensors[0].shape
    for k, each in enumerate(tensors):
        if each.shape != first:
            errors.reject(ValueError, "stack", f"arrays[{k}]", f"have the shape of arrays[0], {first}", each.shape)
    if len(first) == max_rank:
        errors.too_many_dimensions("stack", "arrays", max_rank + 1)
    (own,) = normalize_axes("stack", "axis", axis, len(first) + 1, several=False)
    result = _native.empty((*first[:own], len(tensors), *first[own:]), dtype, "stack")
    strides = result.strides[:own] + result.strides[own + 1 :]
    for k, each in enumerate(tensors if result.size else ()):
        result._as_strided(first, strides, k * result.strides[own])._copy_from(each)
    return result


# --- repeating ----------------------------------------------------------------------------------------------------


@fast_path()
@advised
def repeat(x: Operand, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Repeat each element, or each position along an axis.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        repeats: How often: an int, or a tensor of integers with one for each position.
        axis: The axis; by default the elements are taken in row-major order, along one axis.

    Returns:
        A new tensor of the same dtype, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, ``repeats`` are not integers, or the axis is not an int.
        ValueError: ``repeats`` are negative, or not one for each position, or the axis does not exist (this is an
            ``IndexError`` as well).
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.repeat(ao.tensor([1, 2]), 2)
        tensor([1, 1, 2, 2])
        >>> ao.repeat(ao.tensor([1, 2]), ao.tensor([0, 3]))
        tensor([2, 2, 2])
    """
    source = as_tensor("repeat", "x", x)
    if axis is None:
        source, axis = source.reshape(-1), 0
    (own,) = normalize_axes("repeat", "axis", axis, source.ndim, several=False)
    if isinstance(repeats, Tensor) and repeats.ndim == 0 and repeats.dtype.kind == "integer":
        repeats = repeats.item()
    if type(repeats) is not int and (isinstance(repeats, (list, tuple, range, Tensor)) or has_buffer(repeats)):
        return repeated_unevenly(source, as_integers("repeat", "repeats", repeats), own)
    count = as_int("repeat", "repeats", repeats, "an int or a tensor of integers")
    if count < 0:
        errors.wrong_value("repeat", "repeats", "at least 0", repeats)
    shape = source.shape
    repeated = (*shape[:own], shape[own] * count, *shape[own + 1 :])
    check_bytes("repeat", repeated, source.dtype)
    if source.size == 0:  # any number of times, also of those that no axis has room for
        return _native.empty(repeated, source.dtype, "repeat")
    if source.ndim == max_rank:  # there is no room for one more axis
        source = source.reshape((prod(shape[:own]), shape[own], prod(shape[own + 1 :])))
        return repeat(source, count, axis=1).reshape(repeated)
    split = (*shape[: own + 1], count, *shape[own + 1 :])
    strides = (*source.strides[: own + 1], 0, *source.strides[own + 1 :])
    return astype(source._as_strided(split, strides, 0), source.dtype).reshape(repeated)


def repeated_unevenly(x: Tensor, repeats: Tensor, axis: int) -> Tensor:
    """Each position along an axis as often as ``repeats`` says."""
    if repeats.dtype.kind != "integer":
        errors.reject(TypeError, "repeat", "repeats", "be integers", f"dtype {repeats.dtype.name}")
    length = x.shape[axis]
    if repeats.ndim > 1 or (repeats.ndim == 1 and repeats.size not in (1, length)):
        wanted = f"have one integer for each of {length} positions"
        errors.reject(ValueError, "repeat", "repeats", wanted, f"shape {repeats.shape}")
    from aotops.namespace.searching import take

    counts = as_positions("repeat", repeats, "repeats").reshape(-1)
    if counts.size and (least := _min(counts).__index__()) < 0:
        errors.wrong_value("repeat", "repeats", "at least 0", least)
    if counts.size != length:
        return repeat(x, counts[0].__index__(), axis=axis)
    # a sum of floats does not wrap around
    total = _sum(counts).__index__() if float(_sum(astype(counts, float64))) < 2.0**62 else 2**62
    if total == 2**62:
        errors.too_many_bytes("repeat", (total,), x.dtype.name)
    return take(x, _native.spread(counts.contiguous(), total), axis=axis)


@fast_path()
@advised
def tile(x: Operand, repetitions: Any, /) -> Tensor:
    """Repeat a tensor along its axes, as tiles.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        repetitions: How often along each axis: an int, or a tuple, list or range of ints. If they are fewer than the
            axes, the first ones are not repeated; if they are more, new axes are added in front.

    Returns:
        A new tensor of the same dtype, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, or a number of repetitions is not an int.
        ValueError: A number of repetitions is negative, or the result would have too many dimensions.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.tile(ao.tensor([1, 2]), (2, 2))
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    source = as_tensor("tile", "x", x)
    counts = as_shape("tile", "repetitions", repetitions)
    if counts and min(counts) < 0:
        errors.wrong_value("tile", "repetitions", "at least 0", repetitions)
    counts = (1,) * (source.ndim - len(counts)) + counts
    lengths = (1,) * (len(counts) - source.ndim) + source.shape
    tiled = tuple([length * count for length, count in zip(lengths, counts, strict=True)])
    check_bytes("tile", tiled, source.dtype)
    if source.size == 0:
        return _native.empty(tiled, source.dtype, "tile")
    source = source[(None,) * (len(counts) - source.ndim) + (...,)]
    if len(counts) + sum(count != 1 for count in counts) > max_rank:  # one axis at a time
        for axis, count in enumerate(counts):
            source = tiled_along(source, axis, count)
        return source if source is not x else astype(source, source.dtype)
    # each axis that is repeated is split into its repetitions and its own positions
    shape: list[int] = []
    strides: list[int] = []
    for length, step, count in zip(source.shape, source.strides, counts, strict=True):
        shape += [length] if count == 1 else [count, length]
        strides += [step] if count == 1 else [0, step]
    wide = astype(source._as_strided(tuple(shape), tuple(strides), 0), source.dtype)
    return wide.reshape(tiled)


def tiled_along(x: Tensor, axis: int, count: int) -> Tensor:
    """A tensor repeated as tiles along one axis; itself if that is once."""
    if count == 1:
        return x
    shape = x.shape
    lengths = prod(shape[:axis]), count, prod(shape[axis:])
    rows = x.reshape((lengths[0], lengths[2]))
    wide = astype(rows._as_strided(lengths, (rows.strides[0], 0, rows.strides[1]), 0), x.dtype)
    return wide.reshape((*shape[:axis], shape[axis] * count, *shape[axis + 1 :]))


# --- moving -------------------------------------------------------------------------------------------------------


@fast_path()
@advised
def roll(x: Operand, /, shift: Any, *, axis: Any = None) -> Tensor:
    """Move the elements along some axes; those that leave at one end enter at the other.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        shift: By how many positions, an int, or a tuple of ints, one for each axis.
        axis: An int or a tuple of ints; by default the elements move in row-major order.

    Returns:
        A new tensor of the same shape and dtype, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, or a shift or an axis is not an int.
        ValueError: There are other numbers of shifts and axes, or an axis does not exist (this is an ``IndexError`` as
            well).
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.roll(ao.tensor([1, 2, 3, 4]), 1)
        tensor([4, 1, 2, 3])
    """
    whole = as_tensor("roll", "x", x)
    source = whole if axis is not None else whole.reshape(-1)
    if axis is None:
        axes, shifts = [0], [as_int("roll", "shift", shift)]
    else:
        given = axis if isinstance(axis, (tuple, list)) else (axis,)
        axes = [normalize_axes("roll", "axis", each, source.ndim, several=False)[0] for each in given]
        shifts = list(as_shape("roll", "shift", shift))
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        got = f"{len(shifts)} and {len(axes)}"
        errors.reject(ValueError, "roll", "shift and axis", "be as many ints each, or one", got)
    count = max(len(shifts), len(axes)) if shifts and axes else 0
    moved = [0] * source.ndim  # of an axis that is named twice, both count
    for own, by in zip(axes * (count // (len(axes) or 1)), shifts * (count // (len(shifts) or 1)), strict=True):
        moved[own] += by
    result = _native.empty(source.shape, source.dtype, "roll")
    steps, strides = source.strides, result.strides
    # each axis in two pieces, which exchange places: their lengths, and where they begin
    pieces: list[tuple[Shape, int, int]] = [((), 0, 0)]
    for length, by, step, stride in zip(source.shape, moved, steps, strides, strict=True):
        cut = by % length if length else 0
        ways = ((length - cut, 0, cut), (cut, length - cut, 0)) if cut else ((length, 0, 0),)
        pieces = [
            ((*lengths, size), at + first * step, to + place * stride)
            for lengths, at, to in pieces
            for size, first, place in ways
        ]
    for lengths, at, to in pieces if source.size else ():
        result._as_strided(lengths, strides, to)._copy_from(source._as_strided(lengths, steps, at))
    return result if axis is not None else result._as_strided(whole.shape, contiguous_strides(whole.shape), 0)
