"""What ``max`` and ``min`` mean in the combination of a reduction: NaN if any of their arguments is NaN.

Python's ``max(a, b)`` is ``b if b > a else a``: the first one if either is NaN. A reduction with it would depend on
the position of a NaN, and would lose the elements beside it.
"""

from __future__ import annotations

import builtins

from aotops.scalar.functions import global_names, plain, rebuilt

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: The functions that replace Python's, by the names of those.
SUBSTITUTES: dict[str, Callable[..., Any]] = {}


def substitute(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: replace Python's function, whose name follows the underscore in this one's."""
    SUBSTITUTES[function.__name__.partition("_")[2]] = function
    return function


@substitute
def combining_max(*values: Any) -> Any:
    """The largest of some numbers, the first of equal ones; NaN if any is NaN."""
    result, *others = values[0] if len(values) == 1 else values
    for value in others:
        result = value if value > result or value != value else result
    return result


@substitute
def combining_min(*values: Any) -> Any:
    """The smallest of some numbers, the first of equal ones; NaN if any is NaN."""
    result, *others = values[0] if len(values) == 1 else values
    for value in others:
        result = value if value < result or value != value else result
    return result


def in_combination(function: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of a combination that calls the ``max`` and ``min`` of this module, as do the functions that it calls.

    The code is unchanged.
    """
    function_type: Any = type(in_combination)
    python_functions = {getattr(builtins, name): other for name, other in SUBSTITUTES.items()}
    done: dict[Any, Any] = {}

    def exchange(value: Any) -> Any:
        value = plain(value)
        if isinstance(value, function_type) and not (value.__module__ or "").startswith("aotops."):
            if value not in done:
                done[value] = value  # ends the recursion for a function that calls itself, which the build rejects
                if uses_any(value, set()):
                    done[value] = substituted(value)
            return done[value]
        return python_functions.get(value, value) if isinstance(value, type(max)) else value

    def substituted(function: Any) -> Any:
        copy = rebuilt(function, exchange)
        for name, other in SUBSTITUTES.items():
            copy.__globals__.setdefault(name, other)
        return copy

    def uses_any(function: Any, seen: set[Any]) -> bool:
        """Whether Python's functions are called, directly or indirectly."""
        seen.add(function)
        values = [function.__globals__[name] for name in global_names(function)]
        values += [cell.cell_contents for cell in function.__closure__ or ()]
        names = [name for name in SUBSTITUTES if name in function.__code__.co_names]
        return (
            any(name not in function.__globals__ for name in names)
            or any(isinstance(value, type(max)) and value in python_functions for value in values)
            or any(
                uses_any(called, seen)
                for called in map(plain, values)
                if isinstance(called, function_type) and called not in seen
            )
        )

    result: Callable[..., Any] = exchange(function)
    return result
