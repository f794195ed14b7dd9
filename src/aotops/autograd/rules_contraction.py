"""Gradients of products of matrices and tensors: products of the gradient and the other factor."""

from __future__ import annotations

from math import prod

from aotops import _native, errors
from aotops.autograd.rules import chained, conjugate, is_smooth, smooth, spread
from aotops.namespace import contraction, linear_algebra
from aotops.namespace.linear_algebra import as_factor, paired_axes
from aotops.namespace.manipulation import expand_dims
from aotops.namespace.operands import as_tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.autograd.rules import Ruled
    from aotops.tensors import Tensor

_matmul = linear_algebra.matmul
_multiply = _native.operators["multiply"]


def those(wanted: tuple[bool, bool], first: Any, second: Any) -> tuple[Any, ...]:
    """The gradients that are asked for: of the first factor, of the second one, or of both."""
    return tuple([each for each, is_wanted in zip((first, second), wanted, strict=True) if is_wanted])


# --- products of matrices -----------------------------------------------------------------------------------------


def matmul(x1: Any, x2: Any, /) -> Ruled:
    """The gradient times the other factor, transposed."""
    left, right = as_factor("matmul", "x1", x1), as_factor("matmul", "x2", x2)
    ranks = left.ndim, right.ndim
    wanted = is_smooth(x1), is_smooth(x2)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        first, second = saved
        return those(
            wanted,
            lambda: by_left(gradient, conjugate(second), ranks[0]),
            lambda: by_right(gradient, conjugate(first), ranks[1]),
        )

    return _matmul(left, right), smooth(x1, x2), (left, right), pull


def by_left(gradient: Tensor, right: Tensor, ndim: int) -> Tensor:
    """The gradient of a product by its left factor, of so many axes."""
    if right.ndim == 1:
        return multiplied(gradient[..., None] if ndim > 1 else gradient, right)
    if ndim == 1:
        return _matmul(right, gradient[..., None])[..., 0]
    return _matmul(gradient, right.mT)


def by_right(gradient: Tensor, left: Tensor, ndim: int) -> Tensor:
    """The gradient of a product by its right factor, of so many axes."""
    if left.ndim == 1:
        return multiplied(left[:, None], gradient[..., None, :]) if ndim > 1 else multiplied(gradient, left)
    depth = left.shape[-1]
    if ndim == 1:
        return _matmul(gradient.reshape(-1), left.reshape((gradient.size, depth)))
    if ndim == 2 and left.ndim > 2:  # one matrix for the whole batch: a single product, not one each and their sum
        rows, columns = prod(left.shape[:-1]), gradient.shape[-1]
        return _matmul(left.reshape((rows, depth)).mT, gradient.reshape((rows, columns)))
    return _matmul(left.mT, gradient)


def multiplied(first: Tensor, second: Tensor) -> Tensor:
    """The products of elements."""
    result: Tensor = _multiply(first, second)
    return result


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Ruled:
    """The gradient times the other factor."""
    left, right = as_factor("vecdot", "x1", x1), as_factor("vecdot", "x2", x2)
    result = linear_algebra.vecdot(left, right, axis=axis)
    wanted, is_complex = (is_smooth(x1), is_smooth(x2)), result.dtype.kind == "complex"

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        first, second = saved
        wide = expand_dims(gradient, axis)
        if is_complex:  # the first factor is conjugated
            return those(wanted, lambda: multiplied(conjugate(wide), second), lambda: multiplied(wide, first))
        return those(wanted, lambda: chained(wide, second), lambda: chained(wide, first))

    return result, smooth(x1, x2), (left, right), pull


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Ruled:
    """The gradient times the other factor, over the axes that are that factor's own."""
    left, right = as_tensor("tensordot", "x1", x1), as_tensor("tensordot", "x2", x2)
    result = linear_algebra.tensordot(left, right, axes=axes)
    first, second = paired_axes(left, right, axes)
    rows = [axis for axis in range(left.ndim) if axis not in first]
    columns = [axis for axis in range(right.ndim) if axis not in second]
    wanted = is_smooth(x1), is_smooth(x2)

    def by_first(gradient: Tensor, other: Tensor) -> Tensor:
        own = range(len(rows), len(rows) + len(columns))
        found = linear_algebra.tensordot(gradient, other, axes=(tuple(own), tuple(columns)))
        return ordered(found, [*rows, *[first[second.index(axis)] for axis in sorted(second)]])

    def by_second(gradient: Tensor, other: Tensor) -> Tensor:
        found = linear_algebra.tensordot(other, gradient, axes=(tuple(rows), tuple(range(len(rows)))))
        return ordered(found, [*[second[first.index(axis)] for axis in sorted(first)], *columns])

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return those(
            wanted,
            lambda: by_first(gradient, conjugate(saved[1])),
            lambda: by_second(gradient, conjugate(saved[0])),
        )

    return result, smooth(x1, x2), (left, right), pull


def ordered(x: Tensor, axes: list[int]) -> Tensor:
    """A tensor whose axes are those of another in some order, in that one's order."""
    return x.permute([axes.index(axis) for axis in range(len(axes))])


# --- einsum -------------------------------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(subscripts: str, /, *operands: Any) -> Ruled:
    """The gradient times all other operands, summed over the axes that an operand lacks."""
    result = contraction.einsum(subscripts, *operands)
    tensors = [as_tensor("einsum", f"operands[{k}]", each) for k, each in enumerate(operands)]
    terms, output = contraction.parse(subscripts, [each.ndim for each in tensors])
    shapes = [each.shape for each in tensors]
    lengths = contraction.common_lengths(terms, shapes)
    if len(lengths) > len(LETTERS):
        advice = "multiply fewer tensors at a time"
        errors.reject(ValueError, "einsum", "subscripts", f"name at most {len(LETTERS)} axes", len(lengths), advice)
    letters = dict(zip(lengths, LETTERS, strict=False))
    wanted = [k for k, each in enumerate(operands) if is_smooth(each)]

    def by_operand(k: int, gradient: Tensor, saved: tuple[Tensor, ...]) -> Tensor:
        total = _native.full(shapes[k], 0, gradient.dtype)
        view, own = contraction.diagonal(total, terms[k])
        factors = [(gradient, output)]
        factors += [contraction.diagonal(conjugate(each), terms[j]) for j, each in enumerate(saved) if j != k]
        known = {label for _, labels in factors for label in labels}
        # an axis of length 1 that was broadcast is summed over; one that no other factor has is repeated
        found = [
            label
            for label, length in zip(own, view.shape, strict=True)
            if label in known and (length != 1 or lengths[label] == 1)
        ]
        spelled = ",".join(["".join([letters[label] for label in labels]) for _, labels in factors])
        product = contraction.einsum(
            f"{spelled}->{''.join([letters[label] for label in found])}", *[factor for factor, _ in factors]
        )
        filled = product[tuple([slice(None) if label in found else None for label in own])]
        if len(own) == len(terms[k]):
            return spread(filled, view.shape)
        view[...] = filled
        return total

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return tuple([lambda k=k: by_operand(k, gradient, saved) for k in wanted])

    return result, smooth(*operands), tuple(tensors), pull
