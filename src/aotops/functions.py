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


def codes(function: FunctionType) -> Iterator[CodeType]:
    """The code of a function, and of those inside it."""
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def instructions(function: FunctionType) -> Iterator[Any]:
    """The instructions of a function, and of those inside it."""
    from dis import get_instructions  # 2 ms, and only compiling asks for it

    for code in codes(function):
        yield from get_instructions(code)


def global_names(function: FunctionType) -> Iterator[str]:
    """The names of the module-level values that a function, or one inside it, refers to, in a fixed order."""
    return (name for name in loaded_names(function) if name in function.__globals__)


def builtin_names(function: FunctionType) -> Iterator[str]:
    """The names of the builtins that a function, or one inside it, refers to, in a fixed order."""
    import builtins

    return (name for name in loaded_names(function) if name not in function.__globals__ and hasattr(builtins, name))


def loaded_names(function: FunctionType) -> tuple[str, ...]:
    """The names that are no variables of a function, or of one inside it, in a fixed order."""
    if function.__code__ not in _loaded_names:
        names = dict.fromkeys(
            instruction.argval
            for instruction in instructions(function)
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        )
        _loaded_names[function.__code__] = tuple(names)
    return _loaded_names[function.__code__]


#: By code: the pieces that operators share are asked for hundreds of times in a build.
_loaded_names: dict[CodeType, tuple[str, ...]] = {}


def has_loop(function: FunctionType) -> bool:
    """Whether a function, or one inside it, goes back to an instruction before."""
    return any("JUMP_BACKWARD" in instruction.opname for instruction in instructions(function))


def has_power(function: FunctionType) -> bool:
    """Whether a function, or one inside it, has a ``**`` whose exponent is no whole constant."""
    before: Any = None
    for instruction in instructions(function):
        if instruction.argrepr in ("**", "**="):
            constant = before is not None and before.opname in ("LOAD_CONST", "LOAD_SMALL_INT")
            if not (constant and isinstance(before.argval, int)):
                return True
        before = instruction
    return False


def rebuilt(function: FunctionType, exchange: Callable[[Any], Any], code: CodeType | None = None) -> FunctionType:
    """A copy of a function in which every value that it refers to, by name or as a closure, is exchanged."""
    import builtins
    from types import CellType

    names = {name: exchange(function.__globals__[name]) for name in global_names(function)}
    for name in builtin_names(function):
        value = getattr(builtins, name)
        other = exchange(value)
        if other is not value:
            names[name] = other
    cells = tuple(CellType(exchange(cell.cell_contents)) for cell in function.__closure__ or ())
    # Numba looks for the module of a function by the former name, and C code that imports by the latter
    names["__name__"] = function.__globals__.get("__name__")
    names["__builtins__"] = builtins
    return FunctionType(code or function.__code__, names, function.__name__, function.__defaults__, cells)


def reached(function: Any) -> Iterator[FunctionType]:
    """A function and all that it calls, and those in turn, each once."""
    import aotops

    # aotops itself is built without its native module, and then has no operators
    operator = () if aotops._native is None else aotops._native.Operator
    seen: set[FunctionType] = set()
    waiting = [function]
    while waiting:
        value = plain(waiting.pop())
        if isinstance(value, operator) and value._record is not None:
            value = value._record.scalar  # of a user
        if isinstance(value, FunctionType) and value not in seen:
            seen.add(value)
            yield value
            waiting += [value.__globals__[name] for name in global_names(value)]
            waiting += [cell.cell_contents for cell in value.__closure__ or ()]
