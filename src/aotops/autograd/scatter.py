"""Sums at positions: what elements that have been read at positions give back to where they came from.

Several gradients for one place are added in the order of the positions, on any number of threads.
"""

from __future__ import annotations

from math import prod

from aotops import _native
from aotops.namespace.creation import arange

_imag, _real = _native.operators["imag"], _native.operators["real"]

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops.shapes import Shape
    from aotops.tensors import Tensor


def of_parts(x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Complex numbers of what a function makes of the real parts, and of the imaginary parts."""
    imaginary: Any = function(_imag(x))
    both: Tensor = function(_real(x)) + 1j * imaginary
    return both


def add_at_positions(
    shape: Shape, gradient: Tensor, basic: tuple[Any, ...], indices: tuple[Tensor | None, ...], place: int
) -> Tensor:
    """Zeros of a shape, to which a gradient is added where an index reads, taken apart as in ``namespace.indexing``."""
    if gradient.dtype.kind == "complex":  # sums at positions are of floats
        return of_parts(gradient, lambda part: add_at_positions(shape, part, basic, indices, place))
    total = _native.full(shape, 0, gradient.dtype)
    add(total[basic], indices, place, gradient)
    return total


def add(view: Tensor, indices: tuple[Tensor | None, ...], place: int, values: Tensor) -> None:
    """Add values to a view at positions along some of its axes."""
    # a gradient behind a sum is one number that is repeated: rows of it would be added element by element
    _native.put_at(view, indices, place, "indexing", tuple(range(view.ndim)), values.contiguous(), True)


def add_along(shape: Shape, gradient: Tensor, index: Tensor, axis: int, total: Tensor | None = None) -> Tensor:
    """Add a gradient to a tensor of a shape at positions along an axis, of its own for each line of elements.

    The shapes of the gradient and the index differ from this one along the axis alone. ``total`` is contiguous, and is
    returned; by default it is new, of zeros.
    """
    if gradient.dtype.kind == "complex" and total is None:
        return of_parts(gradient, lambda part: add_along(shape, part, index, axis))
    total = _native.full(shape, 0, gradient.dtype) if total is None else total
    before, behind = prod(shape[:axis]), prod(shape[axis + 1 :])
    if before * behind == 0 or index.size == 0:
        return total
    count = index.shape[axis]
    positions: list[Tensor] = [index.reshape((before, count, behind))]
    lengths = [shape[axis]]
    if before > 1:
        positions.insert(0, arange(before).reshape((before, 1, 1)))
        lengths.insert(0, before)
    if behind > 1:
        positions.append(arange(behind))
        lengths.append(behind)
    add(total.view(lengths), tuple(positions), 0, gradient.reshape((before, count, behind)))
    return total
