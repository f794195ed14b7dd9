"""Gradients of elements at positions: they are added where the elements came from."""

from __future__ import annotations

from math import prod

from aotops import _native
from aotops.autograd.rules import nothing, smooth, spread
from aotops.autograd.scatter import add_along, add_at_positions
from aotops.namespace import neural, searching, sorting
from aotops.namespace.indexing import taken_apart, whole_mask

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.autograd.rules import Ruled
    from aotops.tensors import Tensor


def getitem(x: Tensor, key: Any, /) -> Ruled:
    """The gradient, at the index, among zeros."""
    result = x[key]
    shape = x.shape
    mask = whole_mask(x, key)
    if mask is not None:

        def pull_from_mask(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
            total = _native.full(shape, 0, gradient.dtype)
            _native.expand(total, saved[0].contiguous(), gradient.contiguous())
            return (total,)

        return result, smooth(x), (mask,), pull_from_mask
    parts = taken_apart("indexing", x, key)
    if parts is None:

        def pull_from_view(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
            total = _native.full(shape, 0, gradient.dtype)
            total[key] = gradient
            return (total,)

        return result, smooth(x), (), pull_from_view
    basic, given, place, _ = parts
    known = [each is not None for each in given]

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        rest = iter(saved)
        indices = tuple([next(rest) if is_index else None for is_index in known])
        return (add_at_positions(shape, gradient, basic, indices, place),)

    return result, smooth(x), tuple([each for each in given if each is not None]), pull


def taken(result: Tensor, x: Any, index: Tensor, axis: int | None) -> Ruled:
    """The rule of elements at positions along an axis, or in row-major order."""
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    shape = x.shape
    lengths = (x.size,) if axis is None else shape
    own = 0 if axis is None else axis % x.ndim
    # positions along the middle one of three axes
    before, behind = prod(lengths[:own]), prod(lengths[own + 1 :])
    size = (before, lengths[own], behind)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        positions = saved[0].reshape(-1)
        values = gradient.reshape((before, positions.size, behind))
        total = add_at_positions(size, values, (slice(None),) * 3, (None, positions, None), 1)
        return (total.reshape(shape),)

    return result, inputs, (index,), pull


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Ruled:
    """The gradient, added at the positions among zeros."""
    index = searching.positions("take", indices)
    return taken(searching.take(x, index, axis=axis), x, index, axis)


def embedding(x: Any, weight: Any) -> Ruled:
    """For each row of the table the sum of the gradients of all its copies."""
    index = searching.positions("embedding", x, "x")
    return taken(neural.embedding(index, weight), weight, index, 0)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Ruled:
    """The gradient, added at the positions among zeros."""
    index = searching.positions("take_along_axis", indices)
    result = searching.take_along_axis(x, index, axis=axis)
    inputs = smooth(x)
    if not inputs:
        return result, (), (), nothing
    own = axis % x.ndim
    shape = x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        wide = (*gradient.shape[:own], shape[own], *gradient.shape[own + 1 :])  # x has been broadcast along other axes
        return (add_along(wide, gradient, spread(saved[0], gradient.shape), own),)

    return result, inputs, (index,), pull


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Ruled:
    """The gradient, in the order that the elements had before."""
    inputs = smooth(x)
    if not inputs:
        return sorting.sort(x, axis=axis, descending=descending, stable=stable), (), (), nothing
    order = sorting.ordered("sort", x, axis, descending, stable, True)
    result = searching.take_along_axis(x, order, axis=axis)
    own = axis % x.ndim
    shape = x.shape

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return (add_along(shape, gradient, saved[0], own),)

    return result, inputs, (order,), pull
