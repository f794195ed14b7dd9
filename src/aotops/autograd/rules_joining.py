"""Gradients of what joins, repeats and moves elements: pieces of the gradient, sums of them, and moves back."""

from __future__ import annotations

from math import prod

from aotops import _native
from aotops.autograd.rules import is_smooth, nothing, smooth
from aotops.autograd.scatter import add_at_positions
from aotops.namespace import grids, joining, utility
from aotops.namespace.creation import arange
from aotops.namespace.operands import as_tensor
from aotops.shapes import as_int, as_shape, normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.autograd.rules import Ruled
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_negative = _native.operators["negative"]
_sum = _native.operators["sum"]


def inputs_of(arrays: Any) -> tuple[Tensor, ...]:
    """The tensors of a sequence, or the one tensor that stands for the sequence of its rows."""
    return smooth(arrays) if isinstance(arrays, Tensor) else smooth(*arrays)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Ruled:
    """Each input's piece of the gradient."""
    result = joining.concat(arrays, axis=axis)
    tensors = joining.sequence("concat", arrays)[0]
    own = 0 if axis is None else axis % tensors[0].ndim
    rows = isinstance(arrays, Tensor)
    pieces = [(each.shape, rows or is_smooth(given)) for each, given in zip(tensors, arrays, strict=True)]

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        found = []
        start = 0
        for shape, is_wanted in pieces:
            length = prod(shape) if axis is None else shape[own]
            if is_wanted:
                piece = gradient[(*(slice(None),) * own, slice(start, start + length), ...)]
                found.append(piece.reshape(shape))
            start += length
        return (joining.stack(found),) if rows else tuple(found)

    return result, inputs_of(arrays), (), pull


def stack(arrays: Any, /, *, axis: int = 0) -> Ruled:
    """Each input's piece of the gradient."""
    result = joining.stack(arrays, axis=axis)
    own = axis % result.ndim
    rows = isinstance(arrays, Tensor)
    wanted = [] if rows else [k for k, each in enumerate(arrays) if is_smooth(each)]

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        if rows:
            order = (own, *range(own), *range(own + 1, gradient.ndim))
            return (gradient.permute(order),)
        before = (slice(None),) * own
        return tuple([gradient[(*before, k, ...)] for k in wanted])

    return result, inputs_of(arrays), (), pull


# --- repeating ----------------------------------------------------------------------------------------------------


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Ruled:
    """The sum of the gradients of each element's copies."""
    result = joining.repeat(x, repeats, axis=axis)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    shape = x.shape
    lengths = (x.size,) if axis is None else shape
    own = 0 if axis is None else axis % x.ndim
    before, length, behind = prod(lengths[:own]), lengths[own], prod(lengths[own + 1 :])
    if type(repeats) is int or (isinstance(repeats, Tensor) and repeats.ndim == 0):
        count = int(repeats)

        def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
            return (_sum(gradient.reshape((before, length, count, behind)), 2).reshape(shape),)

        return result, inputs, (), pull
    positions = joining.repeat(arange(length), repeats)

    def pull_from_positions(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        rows = gradient.reshape((before, saved[0].size, behind))
        total = add_at_positions((before, length, behind), rows, (slice(None),) * 3, (None, saved[0], None), 1)
        return (total.reshape(shape),)

    return result, inputs, (positions,), pull_from_positions


def tile(x: Any, repetitions: Any, /) -> Ruled:
    """The sum of the gradients of all tiles."""
    result = joining.tile(x, repetitions)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    shape = x.shape
    given = as_shape("tile", "repetitions", repetitions)
    counts = (1,) * (len(shape) - len(given)) + given
    lengths = (1,) * (len(counts) - len(shape)) + shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        for axis, count in enumerate(counts):
            if count != 1:
                left = gradient.shape
                tiles = (prod(left[:axis]), count, lengths[axis] * prod(left[axis + 1 :]))
                folded = _sum(gradient.reshape(tiles), 1)
                gradient = folded.reshape((*left[:axis], lengths[axis], *left[axis + 1 :]))
        return (gradient.reshape(shape),)

    return result, inputs, (), pull


# --- moving -------------------------------------------------------------------------------------------------------


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Ruled:
    """The gradient, moved back."""
    back = tuple([-each for each in as_shape("roll", "shift", shift)])
    result = joining.roll(x, shift, axis=axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (joining.roll(gradient, back[0] if axis is None else back, axis=axis),)

    return result, smooth(x), (), pull


def tril(x: Any, /, *, k: int = 0) -> Ruled:
    """The gradient's lower triangles."""

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (grids.tril(gradient, k=k),)

    return grids.tril(x, k=k), smooth(x), (), pull


def triu(x: Any, /, *, k: int = 0) -> Ruled:
    """The gradient's upper triangles."""

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (grids.triu(gradient, k=k),)

    return grids.triu(x, k=k), smooth(x), (), pull


def meshgrid(*arrays: Any, indexing: str = "xy") -> Ruled:
    """For each coordinate the sum of the gradients of the points that have it."""
    results = grids.meshgrid(*arrays, indexing=indexing)
    axes = list(range(len(results)))
    if indexing == "xy" and len(axes) > 1:
        axes[:2] = 1, 0
    wanted = [(k, each.shape) for k, each in enumerate(arrays) if is_smooth(each)]

    def pull(gradients: tuple[Tensor | None, ...], saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        found: list[Any] = []
        for k, shape in wanted:
            gradient = gradients[k]
            others = tuple([axis for axis in range(len(axes)) if axis != axes[k]])
            found.append(None if gradient is None else _sum(gradient, others).reshape(shape))
        return tuple(found)

    return results, smooth(*arrays), (), pull


# --- differences --------------------------------------------------------------------------------------------------


def diff(x: Any, /, n: int = 1, *, axis: int = -1, prepend: Any | None = None, append: Any | None = None) -> Ruled:
    """Each element's gradient is that of the difference before it, less that of the one behind it."""
    result = utility.diff(x, n, axis=axis, prepend=prepend, append=append)
    tensor = as_tensor("diff", "x", x)
    (own,) = normalize_axes("diff", "axis", axis, tensor.ndim, several=False)
    count = as_int("diff", "n", n)
    given = [(prepend, utility.beside("prepend", prepend, tensor, own)), (x, tensor)]
    given.append((append, utility.beside("append", append, tensor, own)))
    given = [(x, tensor)] if count == 0 else given
    pieces = [(part.shape[own], value.shape if is_smooth(value) else None) for value, part in given if part is not None]
    count = min(count, sum([length for length, _ in pieces]))

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        for _ in range(count):
            gradient = _negative(utility.diff(gradient, axis=own, prepend=0.0, append=0.0))
        found = []
        start = 0
        for length, shape in pieces:
            if shape is not None:
                part = gradient[(*(slice(None),) * own, slice(start, start + length), ...)]
                found.append(part if shape else _sum(part))
            start += length
        return tuple(found)

    return result, smooth(*[value for value, _ in given]), (), pull
