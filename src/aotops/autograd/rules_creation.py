"""Gradients of tensors that are made of numbers with a gradient."""

from __future__ import annotations

from aotops import _native
from aotops.autograd.rules import is_smooth, nothing, smooth
from aotops.autograd.rules_complex import chained_by_kind
from aotops.namespace import creation, grids, like
from aotops.namespace.creation import as_number

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.autograd.rules import Ruled
    from aotops.tensors import Tensor

_log = _native.operators["log"]
_multiply = _native.operators["multiply"]
_subtract = _native.operators["subtract"]
_sum = _native.operators["sum"]


# --- of one value -------------------------------------------------------------------------------------------------


def full(shape: Any, fill_value: Any, **options: Any) -> Ruled:
    """The sum of the gradient."""
    return filled(creation.full(shape, fill_value, **options), fill_value)


def full_like(x: Any, /, fill_value: Any, **options: Any) -> Ruled:
    """The sum of the gradient."""
    return filled(like.full_like(x, fill_value, **options), fill_value)


def filled(result: Tensor, value: Any) -> Ruled:
    """The rule of a tensor that one value fills."""
    inputs = smooth(value) if is_smooth(result) else ()
    return result, inputs, (), lambda gradient, saved: (_sum(gradient),) * len(inputs)


# --- between two ends ---------------------------------------------------------------------------------------------


def linspace(start: Any, stop: Any, /, num: Any, *, endpoint: bool = True, **options: Any) -> Ruled:
    """Each number's share of both ends, by its distance from them."""
    result = grids.linspace(start, stop, num, endpoint=endpoint, **options)
    if not is_smooth(result):
        return result, (), (), nothing
    wanted = is_smooth(start), is_smooth(stop)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        return by_ends(gradient, grids.linspace(0, 1, num, endpoint=endpoint), wanted)

    return result, smooth(start, stop), (), pull


def by_ends(gradient: Tensor, weight: Tensor, wanted: tuple[bool, bool]) -> tuple[Any, ...]:
    """The gradients by two ends, of numbers with a weight between them."""
    to_stop = _multiply(gradient, weight)
    parts = _subtract(gradient, to_stop), to_stop
    return tuple([_sum(part) for part, is_wanted in zip(parts, wanted, strict=True) if is_wanted])


def logspace(start: Any, stop: Any, /, num: Any, *, base: Any = 10.0, endpoint: bool = True, **options: Any) -> Ruled:
    """As those of ``linspace``, times the slope of a power; by the base, that of a power of each exponent."""
    result = grids.logspace(start, stop, num, base=base, endpoint=endpoint, **options)
    if not is_smooth(result):
        return result, (), (), nothing
    ends = is_smooth(start), is_smooth(stop)
    by_base = is_smooth(base)
    first, last = as_number("logspace", "start", start), as_number("logspace", "stop", stop)
    number: Any = as_number("logspace", "base", base) + (0j if result.dtype.kind == "complex" else 0)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        found: tuple[Any, ...] = ()
        if any(ends):
            weight = grids.linspace(0, 1, num, endpoint=endpoint)
            found = by_ends(chained_by_kind(gradient, _multiply(saved[0], _log(number))), weight, ends)
        if by_base:
            exponents = grids.linspace(first, last, num, endpoint=endpoint)
            found += (_sum(chained_by_kind(gradient, _multiply(saved[0], exponents / number))),)
        return found

    return result, smooth(start, stop, base), (result,), pull


def arange(start: Any, /, stop: Any | None = None, step: Any = 1, **options: Any) -> Ruled:
    """Each number moves with the start, and with the step by its position; the stop only decides how many there are."""
    result = creation.arange(start, stop, step, **options)
    if not is_smooth(result):
        return result, (), (), nothing
    moved_by_start = stop is not None
    wanted = is_smooth(start), is_smooth(stop), is_smooth(step)
    count = result.size

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        by_step = lambda: _sum(_multiply(gradient, creation.arange(count)))  # noqa: E731
        of_each = _sum(gradient) if moved_by_start else None, None, by_step
        return tuple([each for each, is_wanted in zip(of_each, wanted, strict=True) if is_wanted])

    return result, smooth(start, stop, step), (), pull


# --- lists --------------------------------------------------------------------------------------------------------


def from_flat(parts: list[Tensor], starts: list[int], result: Tensor) -> Ruled:
    """Of a tensor of nested lists, each tensor's piece of the gradient, from where its numbers begin."""
    if not is_smooth(result):
        return result, (), (), nothing
    pieces = [(start, each.size, each.shape) for each, start in zip(parts, starts, strict=True)]

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        flat = gradient.reshape(-1)
        return tuple([flat[start : start + size].reshape(shape) for start, size, shape in pieces])

    return result, tuple(parts), (), pull
