"""Calls with arrays of libraries that compute by themselves, as Dask does, whose arrays are lazy.

aotops takes no such array for an operand, since it would have to compute it. A call that has failed with a
``TypeError`` comes here; if one of its arguments is such an array, the module that knows the library makes the result.
Calls that succeed pay nothing for that, and a library is known only where the process has imported it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

#: The module of each such library that has its arrays, the class of these, and our module that takes calls with them.
LIBRARIES = {"dask.array": ("Array", "aotops.interop.dask.collections")}


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
    """What another library makes of a call, one of whose arguments is its array; ``NotImplemented`` if none is."""
    named = kwargs or {}
    for _, module in found_among((*args, *named.values())):
        return module.call(function, args, named)
    return NotImplemented


def array_among(values: Iterable[Any]) -> Any:
    """The first array of another library among some values, which knows tensors from now on; None if there is none."""
    return next((array for array, _ in found_among(values)), None)


def found_among(values: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The arrays of other libraries among some values, also inside of lists and tuples, each with our module for it."""
    for library, (name, home) in LIBRARIES.items():
        kind: Any = getattr(sys.modules.get(library), name, None)  # None: nobody has imported it
        for value in values if kind is not None else ():
            for each in value if type(value) in (list, tuple) else (value,):
                if isinstance(each, kind):
                    yield each, __import__(home, fromlist=("",))
