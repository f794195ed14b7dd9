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

#: The module of each such library that has its arrays, the classes of these, and our module that takes calls with them.
LIBRARIES = {
    # which may have Dask's arrays inside
    "xarray": (("DataArray", "Dataset", "Variable"), "aotops.interop.xarray"),
    "dask.array": (("Array",), "aotops.interop.dask.collections"),
}


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
    """What another library makes of a call, one of whose arguments is its array; ``NotImplemented`` if none is."""
    named = kwargs or {}
    for kinds, module in introduced():
        if array_of(kinds, (*args, *named.values())) is not None:
            return module.call(function, args, named)
    return NotImplemented


def array_among(values: Iterable[Any]) -> Any:
    """The first array of another library among some values; None if there is none."""
    found = (array_of(kinds, values) for kinds, _ in introduced())
    return next((array for array in found if array is not None), None)


def introduce() -> None:
    """See to it that the libraries that the process has imported know tensors."""
    for _ in introduced():
        pass


def introduced() -> Iterator[tuple[Any, Any]]:
    """The classes of arrays of the libraries that the process has imported, which know tensors now; our modules."""
    for library, (names, home) in LIBRARIES.items():
        kinds = tuple([getattr(sys.modules.get(library), name, None) for name in names])
        if None not in kinds:  # it is imported, and not just being so
            yield kinds, __import__(home, fromlist=("",))


def array_of(kinds: Any, values: Iterable[Any]) -> Any:
    """The first instance of some classes among values, also in a list or tuple that is one; None if there is none."""
    for value in values:
        for each in value if type(value) in (list, tuple) else (value,):
            if isinstance(each, kinds):
                return each
    return None


def token(x: Any) -> Any:
    """What tells a tensor from others, for Dask."""
    for _, module in introduced():
        if hasattr(module, "token"):
            return module.token(x)
    return "aotops.Tensor", x.dtype.name, x.shape, x.tolist()  # Dask without its arrays
