"""What every derivative is computed with, whoever wrote its formula: a gradient of 0 stays 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import select

Function = Callable[..., Any]


def zero_of_zero(derivative: Function, outputs: int) -> Function:
    """Make the same derivative, 0 where the last argument, the incoming gradient, is 0: nothing depends on the value.

    A product would be NaN where the slope is infinite or NaN, as outside of a function's domain. ``outputs`` is the
    number of gradients in the tuple that it returns, 0 if it returns one that is in none.
    """
    choose = chosen(outputs)

    def guarded(*values: Any) -> Any:
        g = values[-1]
        return select(g == 0.0, g, derivative(*values))

    def guarded_all(*values: Any) -> Any:
        return choose(values[-1], derivative(*values))

    return guarded_all if outputs else guarded


def zero_of_zeros(derivative: Function, outputs: int, incoming: int) -> Function:
    """As ``zero_of_zero``, of an operator of several results: 0 where all ``incoming`` gradients, the last, are 0."""
    choose, size = chosen(outputs), sum_of_sizes(incoming)

    def guarded(*values: Any) -> Any:
        g = size(values)
        return select(g == 0.0, g, derivative(*values))

    def guarded_all(*values: Any) -> Any:
        return choose(size(values), derivative(*values))

    return guarded_all if outputs else guarded


def zero_of_other_zeros(derivative: Function, outputs: int, incoming: int, zero: complex) -> Function:
    """As ``zero_of_zeros``, of real numbers and complex ones: ``zero`` is one of the dtype of the results."""
    choose, size = chosen_zero(outputs, zero), sum_of_sizes(incoming)

    def guarded(*values: Any) -> Any:
        return select(size(values) == 0.0, zero, derivative(*values))

    def guarded_all(*values: Any) -> Any:
        return choose(size(values), derivative(*values))

    return guarded_all if outputs else guarded


def chosen_zero(count: int, zero: complex) -> Function:
    """As ``chosen``, with ``zero`` in place of ``g``."""
    others: Any = chosen_zero(count - 1, zero) if count > 1 else None

    def choose(g: Any, results: Any) -> Any:
        return select(g == 0.0, zero, results[0]), *others(g, results[1:])

    def choose_last(g: Any, results: Any) -> Any:
        return select(g == 0.0, zero, results[0]), *results[1:]

    return choose_last if others is None else choose


def sum_of_sizes(count: int) -> Function:
    """Make the sum of the absolute values of the last ``count`` numbers of a tuple, which is 0 if all of them are."""
    others: Any = sum_of_sizes(count - 1) if count > 1 else None

    def size(values: Any) -> Any:
        return abs(values[-1]) + others(values[:-1])

    def size_of_last(values: Any) -> Any:
        return abs(values[-1])

    return size_of_last if others is None else size


def chosen(count: int) -> Function:
    """Make a function of ``g`` and a tuple that selects ``g`` in place of each of ``count`` numbers where it is 0."""
    others: Any = chosen(count - 1) if count > 1 else None

    def choose(g: Any, results: Any) -> Any:
        return select(g == 0.0, g, results[0]), *others(g, results[1:])

    def choose_last(g: Any, results: Any) -> Any:
        # what a wrong derivative returns besides is kept, so that the error tells of it
        return select(g == 0.0, g, results[0]), *results[1:]

    return choose_last if others is None else choose
