"""Functions of arrays as Numba compiles them: what they refer to is exchanged, and what they cannot have is rejected.

Everything that ``aotops.aot.front.specialise`` exchanges in scalar functions is exchanged here as well, where it is
called with numbers. Called with arrays, a function of NumPy is Numba's own.
"""

from __future__ import annotations

import dis
import types as python_types
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from aotops._native import DType
from aotops.abi import AXIS_KINDS
from aotops.aot.arrays.extremes import guarded, sizes
from aotops.aot.arrays.outline import has_parallel_loop, is_prange, outlined
from aotops.aot.arrays.parallel import HELPERS, launcher
from aotops.aot.arrays.products import products
from aotops.aot.arrays.recursion import calls_itself
from aotops.aot.arrays.semantics import (
    RecursiveCompiler,
    UserCompiler,
    choosing,
    converting,
    declared_signatures,
    operation,
    operations,
)
from aotops.aot.front.diagnose import named
from aotops.aot.front.lowering import LOWERINGS
from aotops.aot.front.places import place
from aotops.aot.front.reasons import CompileError
from aotops.aot.front.scalar_calls import element_function
from aotops.aot.front.specialise import CONSTANT_TYPES, understood
from aotops.intrinsics import LibraryFunction
from aotops.scalar.callables import LOOPS, POWER, name_of
from aotops.scalar.functions import codes, folded, has_loop, plain, rebuilt
from aotops.scalar.mathematics import Namespace, declared_record, references, references_in
from aotops.scalar.rejected import NOT_CALLED, REJECTED

Function = Callable[..., Any]


def array_function(function: Function, dtype: str, boundscheck: bool, reassociate: bool = False) -> Any:
    """Return the Numba dispatcher of a function of arrays, whose float constants are of a dtype.

    Raises ``CompileError`` for what it cannot have.
    """
    operations(), sizes()  # Numba only finds functions that exist before types are inferred
    return _Copies(dtype, boundscheck, reassociate).dispatcher(function)


class _Copies:
    """The copies of a function and of all that it calls."""

    def __init__(self, dtype: str, boundscheck: bool, reassociate: bool) -> None:
        self.dtype = dtype
        self.options: dict[str, Any] = {
            "pipeline_class": UserCompiler,
            "error_model": "numpy",
            "boundscheck": boundscheck,
        }
        if reassociate:
            self.options["fastmath"] = {"reassoc", "nsz"}
        self.done: dict[Function, Any] = {}
        self.outlining: list[Function] = []

    def dispatcher(self, function: Any) -> Any:
        """Return the dispatcher of one function."""
        if function not in self.done:
            require_possible(function)
            options = dict(self.options)
            if calls_itself(function):
                options["pipeline_class"] = RecursiveCompiler
            elif not has_loop(function) and self.done:
                options["forceinline"] = True
            source = self.outlined(function)
            copy = rebuilt(source, lambda value: value, self.constants(source.__code__))
            self.done[function] = numba.njit(copy, **options)
            # what it refers to may refer to it
            exchanged = rebuilt(source, self.exchange)
            copy.__globals__.update(exchanged.__globals__)
            for cell, other in zip(copy.__closure__ or (), exchanged.__closure__ or (), strict=True):
                cell.cell_contents = other.cell_contents
            for _ in references(copy):
                pass  # Numba only finds functions that exist before types are inferred
        return self.done[function]

    def constants(self, code: Any) -> Any:
        """Return code with the constants that are compiled, also in functions inside it."""
        code = understood(folded(code))
        constants = [
            self.constants(each) if isinstance(each, python_types.CodeType) else self.exchange(each)
            for each in code.co_consts
        ]
        return code.replace(co_consts=tuple(constants))

    def outlined(self, function: Any) -> Any:
        """Return a copy of a function whose loops over ``prange`` are functions of their own; others as they are."""
        if not has_parallel_loop(function):
            return function
        if function in self.outlining:
            code = function.__code__
            where = place(code, code.co_firstlineno)
            raise CompileError(f"{named(function)} calls itself in a loop over prange; write range.\n{where}")
        self.outlining.append(function)
        copy = outlined(function, lambda loop: launcher(loop, self.dispatcher), HELPERS)
        self.outlining.pop()
        return copy

    def exchange(self, value: Any) -> Any:
        """Return what is compiled in place of a value."""
        if is_prange(value):
            return range
        signatures = declared_signatures(value)
        value = numpys(plain(value))
        record = declared_record(value)
        if record is not None:
            try:
                return element_function(record, False)
            except ValueError as error:
                raise CompileError(f"{error}.") from None
        if isinstance(value, (python_types.FunctionType, LibraryFunction)) and value in LOWERINGS:
            return LOWERINGS[value]
        if isinstance(value, python_types.ModuleType):
            return Namespace(value, self.exchange)
        if isinstance(value, float):
            return CONSTANT_TYPES.get(self.dtype, float)(value)
        if isinstance(value, tuple):
            return tuple(map(self.exchange, value)) if type(value) is tuple else value
        if not callable(value):
            return value
        if value in guarded():
            return guarded()[value]
        if isinstance(value, type):
            return value
        if value in products():
            return products()[value]
        name = name_of(value)
        if name in POWER:
            return operation("pow")
        if name is not None and name not in LOOPS:
            key = (name, value)
            if key not in _chosen:
                _chosen[key] = choosing(name, value)
            return _chosen[key]
        is_own = (getattr(value, "__module__", None) or "").partition(".")[0] not in ("numpy", "numba", "math")
        if isinstance(value, python_types.FunctionType) and is_own:
            own = self.dispatcher(value)
            # Numba infers the types of a function that calls itself only if nothing is between
            return own if not signatures or calls_itself(value) else converting(own, signatures)
        return value


_chosen: dict[tuple[str, Any], Any] = {}


def numpys(value: Any) -> Any:
    """Return NumPy's function for one of aotops' that takes whole tensors, or its dtype; other values as they are.

    So a module of kernels need not import NumPy where it runs.
    """
    if isinstance(value, DType):
        return np.dtype(value.name).type
    record = declared_record(value)
    of_tensors = record is not None and record.kind in AXIS_KINDS and not record.namespace
    if of_tensors or (getattr(value, "__module__", None) or "").startswith("aotops.namespace."):
        return getattr(np, value.__name__, value)
    return value


def require_possible(function: Any) -> None:
    """Raise ``CompileError`` for what no function of arrays can have, with its line."""
    if not isinstance(function, python_types.FunctionType):
        raise CompileError(f"Expected a Python function, got {type(function).__name__}.")
    for code in codes(function):
        line = code.co_firstlineno
        if code.co_flags & 0x2A0:
            raise CompileError(f"{named(function)} has a yield or an await; write a loop.\n{place(code, line)}")
        for instruction in dis.get_instructions(code):
            line = getattr(instruction, "line_number", instruction.starts_line) or line
            name = instruction.opname
            if name == "BINARY_OP" and instruction.argrepr == "@=":
                name = "@="
            if name == "RAISE_VARARGS" and instruction.arg == 2:
                raise CompileError(f"{named(function)} has a raise with from; leave from out.\n{place(code, line)}")
            if name in REJECTED:
                what, instead = REJECTED[name]
                raise CompileError(f"{named(function)} has {what}; {instead}.\n{place(code, line)}")
        for reference in references_in(function, code):
            name, value = reference.chain[-1]
            advice = not_called(value)
            if advice is not None:
                raise CompileError(f"{named(function)} uses {name}; {advice}.\n{place(code, reference.line)}")


def not_called(value: Any) -> str | None:
    """Return what to do in place of calling a value; None if it may be called."""
    module = getattr(value, "__name__", "") if isinstance(value, python_types.ModuleType) else None
    if module is None:
        owner = getattr(value, "__self__", None)
        module = getattr(value, "__module__", None)
        if module is None and isinstance(owner, python_types.ModuleType):
            module = owner.__name__
        elif owner is not None and (module is None or type(owner).__module__.startswith("numpy.random")):
            module = type(owner).__module__  # of a generator, as random.random is
        name = f"{module}.{getattr(value, '__name__', '')}"
        if not callable(value) or isinstance(value, np.generic) or is_prange(value):
            return None
    else:
        name = f"{module}."
    if isinstance(value, python_types.FunctionType) and plain(value) is not value:
        return None
    if hasattr(value, "py_func") or value in products():
        return None
    if value is np.trim_zeros:
        return "Numba compiles it for Python alone; find both ends in loops, and take a slice"
    return next((advice for prefix, advice in NOT_CALLED.items() if name.startswith(prefix)), None)
