"""The same elements in other shapes and orders: views, and copies where no view will do."""

from __future__ import annotations

from aotops import errors
from aotops._native import astype, fast_path, max_rank
from aotops.arguments import advised, as_copy
from aotops.shapes import (
    Shape,
    as_shape,
    broadcast_lengths,
    check_bytes,
    complete_shape,
    normalize_axes,
    reshaped_strides,
)

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


def require_tensor(name: str, x: Any) -> None:
    """Raise ``TypeError`` for what is no tensor: a view of it could share no memory."""
    if not isinstance(x, Tensor):
        errors.wrong_type(name, "x", "a Tensor", x)


@fast_path()
@advised
def permute_dims(x: Tensor, /, axes: Any) -> Tensor:
    """Return a view of a tensor with its axes in another order.

    Parameters:
        x: A tensor.
        axes: A tuple or a list that names each axis once: axis ``i`` of the result is axis ``axes[i]`` of ``x``.

    Returns:
        A view, which shares the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or an axis is not an int.
        ValueError: An axis is missing or named twice, or does not exist (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.permute_dims(ao.zeros((2, 3)), (1, 0)).shape
        (3, 2)
    """
    return permuted("permute_dims", x, axes)


def permuted(name: str, x: Tensor, axes: Any) -> Tensor:
    """What ``permute_dims`` returns, for a function of this name."""
    require_tensor(name, x)
    order = normalize_axes(name, "axes", as_shape(name, "axes", axes), x.ndim)
    if len(order) != x.ndim:
        errors.reject(ValueError, name, "axes", f"name each of {x.ndim} axes once", errors.shown(axes))
    shape, strides = x.shape, x.strides
    return x._as_strided(tuple([shape[axis] for axis in order]), tuple([strides[axis] for axis in order]), 0)


@fast_path()
@advised
def reshape(x: Tensor, /, shape: Any, *, copy: bool | None = None) -> Tensor:
    """Return the elements of a tensor, in row-major order, in another shape.

    Parameters:
        x: A tensor.
        shape: An int, or a tuple, list or range of ints. One of them may be -1, and is computed from the others.
        copy: True always copies; False never does. None, the default, copies only if no view has this shape.

    Returns:
        A view of ``x`` where its strides allow that, else a copy.

    Raises:
        TypeError: ``x`` is not a tensor, or a length is not an int.
        ValueError: The sizes differ, or ``copy=False`` and a copy is needed.

    Example:
        >>> import aotops as ao
        >>> ao.reshape(ao.arange(6), (3, 2))
        tensor([[0, 1],
                [2, 3],
                [4, 5]])
    """
    return reshaped("reshape", x, shape, as_copy("reshape", copy))


def reshaped(name: str, x: Tensor, shape: Any, copy: bool | None) -> Tensor:
    """What ``reshape`` returns, for a function of this name."""
    require_tensor(name, x)
    new_shape = complete_shape(name, as_shape(name, "shape", shape), x.size)
    if copy:
        x = astype(x, x.dtype)
    strides = reshaped_strides(x.shape, x.strides, new_shape)
    if strides is None:
        if copy is False:
            got = f"shape {x.shape} and strides {x.strides}"
            wanted = f"have strides that a view of shape {new_shape} can show"
            errors.reject(ValueError, name, "x", wanted, got, "use reshape, which copies where it must")
        x = astype(x, x.dtype)
        strides = reshaped_strides(x.shape, x.strides, new_shape)
        assert strides is not None  # contiguous elements fit any shape
    return x._as_strided(new_shape, strides, 0, name)


# --- axes ---------------------------------------------------------------------------------------------------------


@advised
def moveaxis(x: Tensor, source: Any, destination: Any, /) -> Tensor:
    """Return a view with some axes at other places; the others keep their order.

    Parameters:
        x: A tensor.
        source: An axis, or a tuple of axes.
        destination: Where each of them goes, in the result.

    Returns:
        A view, which shares the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or an axis is not an int.
        ValueError: The two have different lengths, or an axis is named twice or does not exist (this is an
            ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.moveaxis(ao.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    require_tensor("moveaxis", x)
    sources = normalize_axes("moveaxis", "source", source, x.ndim)
    targets = normalize_axes("moveaxis", "destination", destination, x.ndim)
    if len(sources) != len(targets):
        got = f"{len(sources)} and {len(targets)} axes"
        errors.reject(ValueError, "moveaxis", "source and destination", "name as many axes each", got)
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for place, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(place, axis)
    return x.permute(*order)


@advised
def matrix_transpose(x: Tensor, /) -> Tensor:
    """Return a view of matrices with rows and columns exchanged.

    Parameters:
        x: A tensor of matrices, which its last two axes are.

    Returns:
        A view, which shares the memory of ``x``: ``x.mT``.

    Raises:
        TypeError: ``x`` is not a tensor.
        ValueError: ``x`` has fewer than 2 dimensions.

    Example:
        >>> import aotops as ao
        >>> ao.matrix_transpose(ao.zeros((2, 3, 4))).shape
        (2, 4, 3)
    """
    require_tensor("matrix_transpose", x)
    if x.ndim < 2:
        errors.no_matrix("matrix_transpose", x.shape)
    return x.mT


@advised
def expand_dims(x: Tensor, /, axis: Any = 0) -> Tensor:
    """Return a view with new axes of length 1.

    Parameters:
        x: A tensor.
        axis: Where the new axis is in the result, or a tuple of ints for several.

    Returns:
        A view, which shares the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or an axis is not an int.
        ValueError: An axis is named twice, the result would have too many dimensions, or an axis does not exist in it
            (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.expand_dims(ao.zeros((2, 3)), axis=1).shape
        (2, 1, 3)
    """
    require_tensor("expand_dims", x)
    added = len(axis) if isinstance(axis, (tuple, list)) else 1
    if x.ndim + added > max_rank:
        errors.too_many_dimensions("expand_dims", "axis", x.ndim + added)
    shape, strides = list(x.shape), list(x.strides)
    for place in sorted(normalize_axes("expand_dims", "axis", axis, x.ndim + added)):
        shape.insert(place, 1)
        strides.insert(place, 0)
    return x._as_strided(tuple(shape), tuple(strides), 0)


@advised
def squeeze(x: Tensor, /, axis: Any = None) -> Tensor:
    """Return a view without axes of length 1.

    Parameters:
        x: A tensor.
        axis: An int or a tuple of ints; by default all axes of length 1.

    Returns:
        A view, which shares the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or an axis is not an int.
        ValueError: An axis has another length, is named twice, or does not exist (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.squeeze(ao.zeros((1, 3, 1)), 0).shape
        (3, 1)
    """
    require_tensor("squeeze", x)
    shape, strides = x.shape, x.strides
    if axis is None:
        kept = [k for k, length in enumerate(shape) if length != 1]
    else:
        removed = normalize_axes("squeeze", "axis", axis, len(shape))
        for k in removed:
            if shape[k] != 1:
                errors.reject(ValueError, "squeeze", "axis", "name axes of length 1", f"axis {k} of length {shape[k]}")
        kept = [k for k in range(len(shape)) if k not in removed]
    return x._as_strided(tuple([shape[k] for k in kept]), tuple([strides[k] for k in kept]), 0)


@fast_path()
@advised
def flip(x: Tensor, /, *, axis: Any = None) -> Tensor:
    """Return a view with the elements in reverse order along some axes.

    Parameters:
        x: A tensor.
        axis: An int or a tuple of ints; by default all axes.

    Returns:
        A view, which shares the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or an axis is not an int.
        ValueError: An axis is named twice, or does not exist (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.flip(ao.tensor([[1, 2], [3, 4]]), axis=1)
        tensor([[2, 1],
                [4, 3]])
    """
    require_tensor("flip", x)
    axes = range(x.ndim) if axis is None else normalize_axes("flip", "axis", axis, x.ndim)
    shape, strides, offset = x.shape, list(x.strides), 0
    for k in axes if x.size else ():
        offset += (shape[k] - 1) * strides[k]
        strides[k] = -strides[k]
    return x._as_strided(shape, tuple(strides), offset)


@advised
def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Split a tensor into views along an axis, one for each position.

    Parameters:
        x: A tensor.
        axis: The axis that the views lack.

    Returns:
        A tuple of views, which share the memory of ``x``.

    Raises:
        TypeError: ``x`` is not a tensor, or the axis is not an int.
        ValueError: The axis does not exist (this is an ``IndexError`` as well).

    Example:
        >>> import aotops as ao
        >>> ao.unstack(ao.tensor([[1, 2], [3, 4]]), axis=1)
        (tensor([1, 3]), tensor([2, 4]))
    """
    require_tensor("unstack", x)
    (own,) = normalize_axes("unstack", "axis", axis, x.ndim, several=False)
    shape, strides = x.shape, x.strides
    rest, steps = shape[:own] + shape[own + 1 :], strides[:own] + strides[own + 1 :]
    step = strides[own] if x.size else 0
    return tuple([x._as_strided(rest, steps, k * step) for k in range(shape[own])])


# --- broadcasting -------------------------------------------------------------------------------------------------


def expanded(x: Tensor, shape: Shape, name: str = "broadcast_to") -> Tensor | None:
    """A view of a tensor that is broadcast to a shape, for a function of this name; None if it cannot be."""
    missing = len(shape) - x.ndim
    if missing < 0:
        return None
    strides = [0] * missing
    for own, length, step in zip(x.shape, shape[missing:], x.strides, strict=True):
        if own not in (1, length):
            return None
        strides.append(step if own == length else 0)
    return x._as_strided(shape, tuple(strides), 0, name)


@advised
def broadcast_to(x: Tensor, /, shape: Any) -> Tensor:
    """Return a view of a tensor that is broadcast to a shape.

    Parameters:
        x: A tensor.
        shape: An int, or a tuple, list or range of ints.

    Returns:
        A view, which shares the memory of ``x``. Several of its elements may be one in memory, so that it can be no
        ``out``.

    Raises:
        TypeError: ``x`` is not a tensor, or a length is not an int.
        ValueError: The shape of ``x`` does not broadcast to this shape.

    Example:
        >>> import aotops as ao
        >>> ao.broadcast_to(ao.tensor([1, 2]), (2, 2))
        tensor([[1, 2],
                [1, 2]])
    """
    require_tensor("broadcast_to", x)
    wanted = as_shape("broadcast_to", "shape", shape)
    if wanted and min(wanted) < 0:
        errors.negative_length("broadcast_to", shape)
    check_bytes("broadcast_to", wanted, x.dtype)
    view = expanded(x, wanted)
    if view is None:
        errors.reject(ValueError, "broadcast_to", "shape", f"be one that {x.shape} broadcasts to", errors.shown(shape))
    return view


@advised
def broadcast_shapes(*shapes: Any) -> Shape:
    """Return the shape that some shapes broadcast to.

    Parameters:
        *shapes: Ints, or tuples, lists or ranges of ints.

    Returns:
        A tuple of ints; of no shapes, ``()``.

    Raises:
        TypeError: A length is not an int.
        ValueError: A length is negative, or the shapes do not broadcast together.

    Example:
        >>> import aotops as ao
        >>> ao.broadcast_shapes((3, 1), (4,))
        (3, 4)
    """
    read = [as_shape("broadcast_shapes", f"shapes[{k}]", shape) for k, shape in enumerate(shapes)]
    for given, lengths in zip(shapes, read, strict=True):
        if lengths and min(lengths) < 0:
            errors.negative_length("broadcast_shapes", given)
    return together("broadcast_shapes", [f"shapes[{k}]" for k in range(len(read))], read)


def together(name: str, arguments: list[str], shapes: list[Shape]) -> Shape:
    """The shape that the shapes of a function's arguments broadcast to; ``ValueError`` if there is none."""
    result = broadcast_lengths(shapes)
    if result is None:
        errors.cannot_broadcast(name, " ".join(arguments), tuple(shapes))
    return result


@advised
def broadcast_arrays(*arrays: Tensor) -> tuple[Tensor, ...]:
    """Return views of tensors that are broadcast to one shape.

    Parameters:
        *arrays: Tensors.

    Returns:
        A tuple of views, which share the memory of the tensors. Several elements of one may be one in memory.

    Raises:
        TypeError: Something else is among them.
        ValueError: The shapes do not broadcast together.

    Example:
        >>> import aotops as ao
        >>> x, y = ao.broadcast_arrays(ao.tensor([1, 2]), ao.tensor([[3], [4]]))
        >>> y
        tensor([[3, 3],
                [4, 4]])
    """
    for k, array in enumerate(arrays):
        if not isinstance(array, Tensor):
            errors.wrong_type("broadcast_arrays", f"arrays[{k}]", "a Tensor", array)
    shape = together(
        "broadcast_arrays", [f"arrays[{k}]" for k in range(len(arrays))], [array.shape for array in arrays]
    )
    views = [expanded(array, shape, "broadcast_arrays") for array in arrays]
    return tuple([view for view in views if view is not None])
