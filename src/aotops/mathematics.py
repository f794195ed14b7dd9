"""What the names in a scalar function refer to, in kernels and in plain Python.

``math.exp(x)`` in a scalar function is ``aotops.exp``'s scalar function, in the dtype of ``x``: it never raises, and
compilers run it on whole vectors. So is ``numpy.exp(x)``, and an operator that is called by its name computes one
element. ``aotops.callables`` lists all that may be called; anything else is rejected before a kernel is compiled.
"""

from __future__ import annotations

import builtins
import enum
import linecache
import types
from collections.abc import Callable, Iterator
from typing import Any

from aotops import callables, ops
from aotops.callables import Named
from aotops.functions import codes, has_power, instructions, plain, reached, rebuilt
from aotops.intrinsics import integer
from aotops.ops.record import FLOATS, FOLDING, Record

#: Functions of ``math`` and NumPy, and aotops' names for them.
NUMPY = {
    name.partition(".")[2]: meaning.floats.name
    for (name, _), meaning in callables.MEANINGS.items()
    if isinstance(meaning.floats, Named)
}


def record_of(value: Any) -> Record | None:
    """The record behind an operator, of aotops or of a user; None for anything else."""
    import aotops

    # aotops itself is built without its native module, and then has no operators
    if aotops._native is not None and isinstance(value, aotops._native.Operator):
        return value._record or ops.collect()[value.__name__]
    return None


def meant_by(value: Any) -> Record | None:
    """The record that a value stands for in scalar functions: an operator, or a function of ``math``; or None."""
    if isinstance(value, Named):
        return value.record
    name = callables.name_of(value)
    for meaning in callables.meanings(name).values() if name else ():
        if isinstance(meaning.floats, Named):
            return meaning.floats.record
    return record_of(value)


class Namespace(types.ModuleType):
    """A module whose values are exchanged when they are asked for."""

    def __init__(self, module: types.ModuleType, exchange: Callable[[Any], Any]) -> None:
        super().__init__(module.__name__)
        self.__dict__["module"], self.__dict__["exchange"] = module, exchange

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__["exchange"](getattr(self.__dict__["module"], name))
        setattr(self, name, value)
        return value


def is_substituted(value: Any) -> bool:
    """Whether a module is one of those that mean something else inside scalar functions."""
    return isinstance(value, types.ModuleType) and value.__name__ in ("math", "numpy", "aotops")


def has_common_cases(function: Any) -> bool:
    """Whether a scalar function computes a power, or calls an operator that has a common case, as far as names tell."""
    for each in reached(function):
        if (each.__module__ or "").startswith("aotops.") and each is not function:
            continue  # pieces of operators
        called = [meant_by(reference.value) for reference in references(each)]
        if any(record is not None and record.common for record in called) or has_power(each):
            return True
    return False


def cells(function: Any) -> list[Any]:
    """What a function refers to as a closure."""
    return [cell.cell_contents for cell in function.__closure__ or ()]


# --- what may be referred to --------------------------------------------------------------------------------------


class Reference:
    """A name in a function's code, with the attributes that are asked of it, and its value.

    Attributes:
        line: where it is.
        name: the name as it is written, as in ``math.exp``.
        value: what it refers to, ``MISSING`` if that is not known.
        holder: what the last attribute was asked of.
    """

    __slots__ = ("holder", "line", "name", "value")

    def __init__(self, line: int, name: str, value: Any, holder: Any = None) -> None:
        self.line, self.name, self.value, self.holder = line, name, value, holder


MISSING = object()


def references(function: types.FunctionType) -> Iterator[Reference]:
    """The values that a function refers to by names, from its module, from builtins or as a closure."""
    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    line, last = function.__code__.co_firstlineno, None
    for instruction in instructions(function):
        line = getattr(instruction, "line_number", instruction.starts_line) or line  # the former from Python 3.13 on
        name, operation = instruction.argval, instruction.opname
        if operation in ("LOAD_ATTR", "LOAD_METHOD"):
            holder = MISSING if last is None else last.value
            value = getattr(holder, name, MISSING) if holder is not MISSING else MISSING
            last = Reference(line, f"{last.name if last else 'x'}.{name}", value, holder)
            continue
        if operation in ("EXTENDED_ARG", "CACHE"):
            continue
        if last is not None:
            yield last
        last = None
        if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = function.__globals__.get(name, getattr(builtins, name, MISSING))
            last = Reference(line, name, value)
        elif operation == "LOAD_DEREF" and name in closure:
            try:
                last = Reference(line, name, closure[name].cell_contents)
            except ValueError:  # not given yet
                last = None
    if last is not None:
        yield last


#: What to write in place of what cannot be called.
ADVICE = {
    "print": "run it with AOTOPS_PYTHON=1 to look at values",
    "sum": "add the values with +, or in a loop",
    "isinstance": "an operator may have a function for each of its dtypes",
    "math.factorial": "write a loop, or a table of constants",
    "math.fsum": "add the values with +, or in a loop",
    "math.prod": "multiply the values with *, or in a loop",
    "any": "write `a or b`",
    "all": "write `a and b`",
    "numpy.uint64": "integers are int64: mask what a shift to the right brings in, (x >> k) & mask",
}
GENERAL_ADVICE = "docs/your-own-operators.md lists what may be called"


def rejected(function: types.FunctionType) -> str | None:
    """Why a scalar function refers to what has no meaning in kernels, with the line; None if it does not."""
    for code in codes(function):
        if any(isinstance(constant, complex) for constant in code.co_consts):  # Python makes one of (-2.5) ** 0.5
            return f"{function.__name__} has a complex constant; kernels know bool, int64, float32 and float64"
    for reference in references(function):
        problem = _problem(reference)
        if problem is not None:
            file = function.__code__.co_filename
            source = linecache.getline(file, reference.line).strip()
            return f"{function.__name__}: {problem}.\n  {file}, line {reference.line}: {source}"
    return None


def _problem(reference: Reference) -> str | None:
    name, value, holder = reference.name, reference.value, reference.holder
    if isinstance(holder, types.ModuleType) and value is MISSING:
        return f"{name} is not there"
    if holder is MISSING:
        return f"{name.partition('.')[2]} is asked of a number; numbers have no attributes and methods in kernels"
    if value is MISSING or not callable(value) or (isinstance(value, type) and issubclass(value, enum.Enum)):
        if isinstance(value, complex):
            return f"{name} is a complex number; kernels know bool, int64, float32 and float64"
        return None
    value = plain(value)
    record = record_of(value)
    if record is not None:
        works = record.kind not in FOLDING
        return (
            None if works else f"{name} works on whole tensors; a scalar function may call elementwise operators alone"
        )
    if isinstance(value, Named) or callables.name_of(value) is not None:
        return None
    module = getattr(value, "__module__", None) or ""
    if isinstance(value, types.FunctionType) and not module.startswith(("math", "operator", "numpy")):
        if module.startswith("aotops.") and not module.startswith(
            ("aotops.ops.", "aotops.intrinsics", "aotops.combinations")
        ):
            return f"{name} works on whole tensors; a scalar function may call elementwise operators alone"
        return None
    advice = ADVICE.get(name) or ADVICE.get(f"{module}.{getattr(value, '__name__', '')}") or GENERAL_ADVICE
    return f"{name} cannot be called in a kernel; {advice}"


# --- plain Python -------------------------------------------------------------------------------------------------


def in_plain_python(
    function: Callable[..., Any], dtype: str, inputs: tuple[str, ...] = (), result: tuple[str, ...] = ()
) -> Callable[..., Any]:
    """A scalar function that runs as plain Python and means what the compiled one does.

    Its constants are of a dtype; its arguments are converted to ``inputs`` and its results to ``result``, where those
    are given. The code is the function's own, so that debuggers and coverage find it; what it refers to is exchanged
    for what computes as kernels do (``aotops.plain_numbers``).
    """
    from aotops.plain_numbers import LOOPS, TYPES, Array, Literal, dtype_of, number

    float_type = TYPES[dtype if dtype in FLOATS else "float64"]
    done: dict[Any, Any] = {}

    def constant(value: Any) -> Any:
        """A constant of the code, or of a variable of the module."""
        if type(value) is int:
            return Literal(value) if -(2**63) <= value < 2**63 else float_type(value)
        if isinstance(value, types.CodeType):
            return with_constants(value)
        if hasattr(value, "dtype"):  # of NumPy
            return Array(value) if value.ndim else number(value.item(), float_type)
        return tuple(map(item, value)) if type(value) is tuple else number(value, float_type)

    def item(value: Any) -> Any:
        """A constant that the compiler does not look at."""
        value = constant(value)
        return TYPES["int64"](value) if isinstance(value, Literal) else value

    def with_constants(code: types.CodeType) -> types.CodeType:
        return code.replace(co_consts=tuple(map(constant, code.co_consts)))

    def element(record: Record) -> Any:
        versions: dict[str, Any] = {}

        def call(*values: Any) -> Any:
            named = zip(record.parameters, values, strict=True)
            strong = [dtype_of(value) for name, value in named if name not in record.conditions]
            own = "bool" if set(strong) == {"bool"} else callables.common_dtype(strong)
            own = own if own in record.dtypes else record.converts.get(own, own)
            if own not in versions:
                dtypes = record.inputs_for(own), (record.result_for(own),)
                versions[own] = in_plain_python(record.scalar_for(own), own, *dtypes)
            return versions[own](*values)

        return call

    def exchange(value: Any) -> Any:
        value = plain(value)
        record = record_of(value)
        if record is not None:
            return element(record)
        name = callables.name_of(value)
        if name in callables.LOOPS:
            return LOOPS[value.__name__]
        if name in callables.POWER:
            return callables.plain_power
        if name is not None:
            return lambda *values: callables.chosen(name, len(values)).in_plain_python(*values)
        if isinstance(value, types.ModuleType):
            return Namespace(value, lambda each: item(exchange(each)))
        if isinstance(value, types.FunctionType) and not (value.__module__ or "").startswith("aotops."):
            if value not in done:
                done[value] = None  # a function that calls itself gets what it is
                done[value] = rebuilt(value, exchange, with_constants(value.__code__))
            return done[value] or value
        return constant(value)

    def convert(value: Any, dtype: str) -> Any:
        if not isinstance(value, (int, float)):
            return value
        return TYPES[dtype](integer(value) if dtype == "int64" else value)

    given_function = plain(function)
    # also where it is aotops' own: derivatives call functions of math, which raise where kernels have a value
    own = isinstance(given_function, types.FunctionType) and (given_function.__module__ or "").startswith("aotops.")
    exchanged: Callable[..., Any] = rebuilt(given_function, exchange) if own else exchange(given_function)

    def call(*values: Any) -> Any:
        given = (
            [convert(value, own) for value, own in zip(values, inputs, strict=True)] if inputs else map(item, values)
        )
        returned = exchanged(*given)
        if not result or not isinstance(returned, (int, float, tuple)):
            return returned
        if isinstance(returned, tuple):
            return tuple(convert(part, own) for part, own in zip(returned, result, strict=True))
        return convert(returned, result[0])

    call.__name__ = getattr(function, "__name__", "function")
    return call
