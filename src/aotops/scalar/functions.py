"""Python functions as values: what they refer to, and copies of them that refer to something else."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
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


#: Operations that are computed once where their operands are constants.
FOLDABLE = ("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^")
#: Larger integers are not folded: no float64 is that large.
MOST_BITS = 2048


def folded(code: CodeType) -> CodeType:
    """The same code in which operations of integer constants are done, without bounds as in Python: ``-10**33``.

    Python itself does them as long as the result is short; in kernels an integer that is computed wraps around.
    """
    import dis

    known: list[tuple[int, int, Any]] = []  # values on top of the stack: where their instructions begin and end
    done: dict[int, tuple[int, Any]] = {}
    listed = list(dis.get_instructions(code))
    ends = [each.offset for each in listed[1:]] + [len(code.co_code)]
    start = None
    for instruction, end in zip(listed, ends, strict=True):
        name = instruction.opname
        if instruction.is_jump_target:
            known.clear()
        if name == "EXTENDED_ARG":
            start = instruction.offset if start is None else start
            continue
        begin, start = (instruction.offset if start is None else start), None
        operands = 2 if name == "BINARY_OP" and instruction.argrepr in FOLDABLE else 1 if name in UNARY else 0
        if name in ("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_CONST_IMMORTAL") and type(instruction.argval) is int:
            known.append((begin, end, instruction.argval))
        elif operands and len(known) >= operands:
            taken = known[-operands:]
            value = _computed(UNARY.get(name) or instruction.argrepr, *[each[2] for each in taken])
            del known[-operands:]
            if value is None:
                known.clear()
            else:
                for each in taken:
                    done.pop(each[0], None)
                done[taken[0][0]] = end, value
                known.append((taken[0][0], end, value))
        elif name != "NOP":
            known.clear()
    if not done:
        return code
    constants, changed = list(code.co_consts), bytearray(code.co_code)
    for begin, (end, value) in done.items():
        index = len(constants)
        constants.append(value)
        loads = [dis.opmap["EXTENDED_ARG"], index >> 8, dis.opmap["LOAD_CONST"], index & 255]
        changed[begin:end] = bytes(loads) + bytes([dis.opmap["NOP"], 0]) * ((end - begin - 4) // 2)
    return code.replace(co_consts=tuple(constants), co_code=bytes(changed))


UNARY = {"UNARY_NEGATIVE": "negative", "UNARY_INVERT": "invert"}


def _computed(operation: str, *values: int) -> Any:
    """The value of an operation of integers; None if it has none."""
    if operation in ("**", "<<") and values[1] > 0 and values[0].bit_length() * values[1] > 64 * MOST_BITS:
        return None if values[0] in (0, 1, -1) else (1 if values[0] > 0 else -1) << 64 * MOST_BITS
    try:
        if operation == "negative":
            return -values[0]
        if operation == "invert":
            return ~values[0]
        return eval(f"a {operation} b", {"a": values[0], "b": values[1]})
    except (ArithmeticError, ValueError):
        return None


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


#: By code: a build needs those of the functions that operators share hundreds of times.
_loaded_names: dict[CodeType, tuple[str, ...]] = {}


def has_loop(function: FunctionType) -> bool:
    """Whether a function, or one inside it, has a backward jump."""
    return any("JUMP_BACKWARD" in instruction.opname for instruction in instructions(function))


#: A function of one element with at most this many iterations ends within milliseconds, whatever its loops contain.
FEW_ITERATIONS = 1024


def ends_soon(function: Any) -> bool:
    """Whether a function and all that it calls have few iterations in total, as far as their instructions tell."""
    total = 1
    for each in reached(function):
        for count in iterations(each):
            total *= FEW_ITERATIONS + 1 if count is None else max(count, 1)
            if total > FEW_ITERATIONS:
                return False
    return True


def iterations(function: FunctionType) -> Iterator[int | None]:
    """Yield the number of iterations of each loop of a function; None unless it is over a ``range`` or a tuple.

    The bounds of the range must be numbers in the code, or integers that the function refers to as globals.
    """
    known: list[Any] = []  # the values on top of the stack, as far as they are known
    starts: dict[int, int | None] = {}  # of ``for`` loops
    for instruction in instructions(function):
        name, argument = instruction.opname, instruction.argval
        if name in ("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_CONST_IMMORTAL"):
            known.append(argument)
        elif name == "LOAD_GLOBAL":
            known.append(function.__globals__.get(argument, range if argument == "range" else None))
        elif name == "CALL":
            made, *bounds = known[-1 - instruction.arg :] if len(known) > instruction.arg else [None]
            valid = made is range and all(type(each) is int for each in bounds) and bounds[2:] != [0]
            known = [range(*bounds)] if valid else []
        elif name == "FOR_ITER":
            over = known[-1] if known else None
            starts[instruction.offset] = len(over) if isinstance(over, (range, tuple)) else None
            known = []
        elif "JUMP_BACKWARD" in name:
            yield starts.get(argument)
            known = []
        elif name not in ("GET_ITER", "PRECALL", "PUSH_NULL", "NOP", "RESUME", "EXTENDED_ARG"):
            known = []


def has_power(function: FunctionType) -> bool:
    """Whether a function, or one inside it, has a ``**`` whose exponent is not an integer constant."""
    before: Any = None
    for instruction in instructions(function):
        if instruction.argrepr in ("**", "**="):
            constant = before is not None and before.opname in ("LOAD_CONST", "LOAD_SMALL_INT")
            if not (constant and isinstance(before.argval, int)):
                return True
        before = instruction
    return False


def rebuilt(function: FunctionType, exchange: Callable[[Any], Any], code: CodeType | None = None) -> FunctionType:
    """A copy of a function in which ``exchange`` replaces every value that it refers to, by name or as a closure."""
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
    """A function and all that it calls, directly or indirectly, each once."""
    import aotops

    # aotops itself is built without its native module, and then has no operators
    operator = () if aotops._native is None else aotops._native.Operator
    seen: set[FunctionType] = set()
    waiting = [function]
    while waiting:
        value = plain(waiting.pop())
        if isinstance(value, operator) and value._record is not None:
            value = value._record.scalar  # user-defined
        if isinstance(value, FunctionType) and value not in seen:
            seen.add(value)
            yield value
            waiting += [value.__globals__[name] for name in global_names(value)]
            waiting += [cell.cell_contents for cell in value.__closure__ or ()]
