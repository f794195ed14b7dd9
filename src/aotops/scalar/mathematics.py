"""What the names in a scalar function refer to, in kernels and in plain Python.

``math.exp(x)`` in a scalar function is ``aotops.exp``'s scalar function, in the dtype of ``x``: it never raises, and
compilers run it on whole vectors. So is ``numpy.exp(x)``, and an operator that is called by its name computes one
element. ``aotops.scalar.callables`` lists all that may be called; ``aotops.aot.front.diagnose`` rejects anything else.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable, Iterator
from typing import Any

from aotops import errors, ops
from aotops.abi import FACTS, parts
from aotops.ops.record import FLOATS, Record
from aotops.scalar import callables
from aotops.scalar.callables import Named
from aotops.scalar.functions import codes, folded, has_power, plain, reached, rebuilt

#: Functions of ``math`` and NumPy, and aotops' names for them.
NUMPY = {
    name.partition(".")[2]: meaning.floats.name
    for (name, _), meaning in callables.MEANINGS.items()
    if isinstance(meaning.floats, Named)
}


def declared_record(value: Any) -> Record | None:
    """The record behind an operator, of aotops or of a user; None for anything else."""
    import aotops

    # aotops itself is built without its native module, and then has no operators
    if aotops._native is not None and isinstance(value, aotops._native.Operator):
        return value._record or ops.collect()[value.__name__]
    return None


def record_called_by(value: Any) -> Record | None:
    """The record that a value stands for in scalar functions: an operator, or a function of ``math``; or None."""
    if isinstance(value, Named):
        return value.record
    name = callables.name_of(value)
    for meaning in callables.meanings(name).values() if name else ():
        if isinstance(meaning.floats, Named):
            return meaning.floats.record
    return declared_record(value)


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
    return isinstance(value, types.ModuleType) and value.__name__ in ("math", "cmath", "numpy", "aotops")


def has_fast_paths(function: Any) -> bool:
    """Whether a scalar function computes a power, or calls an operator that has a fast path, as far as names tell."""
    for each in reached(function):
        if (each.__module__ or "").startswith("aotops.") and each is not function:
            continue  # pieces of operators
        if any(record.fast_paths for record in operators_in(each)) or has_power(each):
            return True
    return False


def operators_in(function: types.FunctionType) -> list[Record]:
    """The operators that a function calls, also by names of ``math`` and NumPy, as far as names tell."""
    called = [record_called_by(reference.value) for reference in references(function)]
    return [record for record in called if record is not None]


def cells(function: Any) -> list[Any]:
    """What a function refers to as a closure."""
    return [cell.cell_contents for cell in function.__closure__ or ()]


# --- what is referred to ------------------------------------------------------------------------------------------


class Reference:
    """A name in a function's code, with the attributes that are taken of it, one of the other.

    Attributes:
        position: the place of its last instruction in the code.
        line: where it is.
        chain: the names as they are written, as in ``math`` and ``math.exp``, with their values: ``MISSING`` where
            there is none, ``NUMBER`` where it is known only when a kernel runs.
    """

    __slots__ = ("chain", "line", "position")

    def __init__(self, position: int, line: int, chain: list[tuple[str, Any]]) -> None:
        self.position, self.line, self.chain = position, line, chain

    @property
    def value(self) -> Any:
        """What the whole of it refers to."""
        return self.chain[-1][1]


MISSING, NUMBER = object(), object()


def references(function: types.FunctionType) -> Iterator[Reference]:
    """The values that a function, or one inside it, refers to by names: from its module, builtins or as a closure."""
    for code in codes(function):
        yield from references_in(function, code)


def references_in(function: types.FunctionType, code: types.CodeType) -> Iterator[Reference]:
    """The references of one code of a function, in its order."""
    from dis import get_instructions  # 2 ms, and only compiling asks for it

    closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    line, position = code.co_firstlineno, 0
    chain: list[tuple[str, Any]] = []
    for position, instruction in enumerate(get_instructions(code)):
        name, operation = instruction.argval, instruction.opname
        if operation in ("EXTENDED_ARG", "CACHE"):
            continue
        if operation in ("LOAD_ATTR", "LOAD_METHOD"):
            chain = chain or [("a number", NUMBER)]
            holder_name, holder = chain[-1]
            if holder is not MISSING:
                value = NUMBER if holder is NUMBER else getattr(holder, name, MISSING)
                chain.append((f"{holder_name}.{name}", value))
            continue
        if chain:
            yield Reference(position - 1, line, chain)
        chain = []
        line = getattr(instruction, "line_number", instruction.starts_line) or line  # the former from Python 3.13 on
        if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            chain = [(name, function.__globals__.get(name, getattr(builtins, name, MISSING)))]
        elif operation == "LOAD_DEREF" and name in closure:
            try:
                chain = [(name, closure[name].cell_contents)]
            except ValueError:  # not given yet
                chain = [(name, MISSING)]
    if chain:
        yield Reference(position, line, chain)


# --- plain Python -------------------------------------------------------------------------------------------------


def in_plain_python(
    function: Callable[..., Any], dtype: str, inputs: tuple[str, ...] = (), result: tuple[str, ...] = ()
) -> Callable[..., Any]:
    """A scalar function that runs as plain Python and means what the compiled one does.

    Its constants are of a dtype; its arguments are converted to ``inputs`` and its results to ``result``, where those
    are given. The code is the function's own, so that debuggers and coverage find it; what it refers to is exchanged
    for what computes as kernels do (``aotops.scalar.plain_numbers``).
    """
    from aotops.scalar.plain_numbers import LOOPS, TYPES, Array, Literal, dtype_of, held, number

    part = parts(dtype) if dtype in FACTS else dtype
    float_type = TYPES[part if part in FLOATS else "float64"]
    unsigned = TYPES["uint64"]
    done: dict[Any, Any] = {}

    def constant(value: Any) -> Any:
        """A constant of the code, or of a variable of the module."""
        if type(value) is int:
            if -(2**63) <= value < 2**63:
                return Literal(value)
            if dtype == "uint64" and 0 <= value < 2**64:
                return unsigned(value)
            try:
                return float_type(value)
            except OverflowError:
                name = getattr(function, "__name__", "The scalar function")
                errors.cannot_fit(name, "a constant", "float64", value, "write math.inf, or a smaller number")
        if isinstance(value, types.CodeType):
            return with_constants(value)
        if hasattr(value, "dtype"):  # of NumPy
            whole = unsigned if callables.is_beyond_int64(value) else TYPES["int64"]
            return Array(value, whole) if value.ndim else number(value.item(), float_type, whole)
        return tuple(map(item, value)) if type(value) is tuple else number(value, float_type)

    def item(value: Any) -> Any:
        """A constant that the compiler does not look at."""
        value = constant(value)
        return TYPES["int64"](value) if isinstance(value, Literal) else value

    def with_constants(code: types.CodeType) -> types.CodeType:
        code = folded(code)
        return code.replace(co_consts=tuple(map(constant, code.co_consts)))

    def element(record: Record) -> Any:
        versions: dict[str, Any] = {}

        def call(*values: Any, **named: Any) -> Any:
            given = callables.bound(record, values, named)
            own = callables.called_dtype(record, [None if value is None else dtype_of(value) for value in given])
            for name, value in zip(record.parameters, given, strict=True):
                if isinstance(value, Literal) or type(value) is int:  # a constant; what is computed wraps around
                    callables.require_fits(record, name, value)
            if own not in versions:
                dtypes = record.inputs_for(own), (record.result_for(own),)
                versions[own] = in_plain_python(record.scalar_for(own), own, *dtypes)
            pairs = zip(record.parameters, given, strict=True)
            return versions[own](*[record.default_for(name, own) if x is None else x for name, x in pairs])

        return call

    def exchange(value: Any) -> Any:
        value = plain(value)
        record = declared_record(value)
        if record is not None:
            return element(record)
        name = callables.name_of(value)
        record = record_called_by(value) if name is not None else None
        if record is not None and record.defaults:  # NumPy's function of it leaves arguments out as well
            return element(record)
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
        if not isinstance(value, (int, float, complex)):
            return value
        return held(value, dtype)

    given_function = plain(function)
    # also where it is aotops' own: derivatives call functions of math, which raise where kernels have a value
    own = isinstance(given_function, types.FunctionType) and (given_function.__module__ or "").startswith("aotops.")
    exchanged: Callable[..., Any] = rebuilt(given_function, exchange) if own else exchange(given_function)

    def call(*values: Any) -> Any:
        given = (
            [convert(value, own) for value, own in zip(values, inputs, strict=True)] if inputs else map(item, values)
        )
        returned = exchanged(*given)
        if not result or not isinstance(returned, (int, float, complex, tuple)):
            return returned
        if isinstance(returned, tuple):
            if len(returned) != len(result):
                wanted = "be a number" if len(result) == 1 else f"be a tuple of {len(result)} numbers"
                errors.reject(TypeError, call.__name__, "the result", wanted, f"a tuple of {len(returned)}")
            return tuple(convert(part, own) for part, own in zip(returned, result, strict=True))
        return convert(returned, result[0])

    call.__name__ = getattr(function, "__name__", "function")
    return call
