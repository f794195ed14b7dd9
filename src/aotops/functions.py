"""Python functions as values: what they refer to, and copies of them that refer to something else."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import would take as long as all of aotops
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FunctionType
    from typing import Any
else:  # the import of types would take longer than all else here
    FunctionType, CodeType = type(lambda: None), type((lambda: None).__code__)


def plain(value: Any) -> Any:
    """The Python function in one that Numba has decorated (``njit``, ``vectorize``); other values as they are."""
    for holder in (value, getattr(value, "_dispatcher", None)):
        function = getattr(holder, "py_func", None)
        if isinstance(function, FunctionType):
            return function
    return value


def global_names(function: FunctionType) -> Iterator[str]:
    """The names of the module-level values that a function, or one inside it, refers to, in a fixed order."""

    def names(code: CodeType) -> Iterator[str]:
        yield from code.co_names
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from names(constant)

    return (name for name in dict.fromkeys(names(function.__code__)) if name in function.__globals__)


def rebuilt(function: FunctionType, exchange: Callable[[Any], Any], code: CodeType | None = None) -> FunctionType:
    """A copy of a function in which every value that it refers to, by name or as a closure, is exchanged."""
    from types import CellType

    names = {name: exchange(function.__globals__[name]) for name in global_names(function)}
    cells = tuple(CellType(exchange(cell.cell_contents)) for cell in function.__closure__ or ())
    # Numba looks for the module of a function by this name
    names["__name__"] = function.__globals__.get("__name__")
    return FunctionType(code or function.__code__, names, function.__name__, function.__defaults__, cells)


def reached(function: Any) -> Iterator[FunctionType]:
    """A function and all that it calls, and those in turn, each once."""
    seen: set[FunctionType] = set()
    waiting = [plain(function)]
    while waiting:
        value = plain(waiting.pop())
        if isinstance(value, FunctionType) and value not in seen:
            seen.add(value)
            yield value
            waiting += [value.__globals__[name] for name in global_names(value)]
            waiting += [cell.cell_contents for cell in value.__closure__ or ()]
