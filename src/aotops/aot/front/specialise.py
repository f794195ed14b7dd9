"""Specialising a plain Python function for one dtype, for Numba to compile.

Four substitutions are made, in the function and in every function that it calls:

- functions of ``aotops.intrinsics`` for their lowerings;
- operators, and the functions of ``math`` and NumPy that aotops has too, for their scalar functions;
- float constants for constants of the kernel's dtype, so that ``0.5 * x`` of a float32 stays in float32:
  Python numbers are weak in kernels as they are in the public operators (except from ``in_float64`` on down);
- plain Python functions for their Numba dispatchers, always inlined.

The code itself is not changed: what runs as Python is what is compiled.
"""

from __future__ import annotations

import dis
import itertools
import types as python_types
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from aotops.aot.front import (
    combining,  # noqa: F401  (adds to LOWERINGS)
    scalar_calls,
)
from aotops.aot.front.diagnose import FaultError, examine, named
from aotops.aot.front.lowering import LOWERINGS
from aotops.aot.front.pipeline import INLINED
from aotops.aot.front.places import place
from aotops.aot.front.reasons import CompileError
from aotops.aot.front.scalar_calls import callable_function, element_function
from aotops.aot.front.semantics import COMPILERS, POWERS
from aotops.intrinsics import FastPath, LibraryFunction, narrow
from aotops.ops.record import Record
from aotops.scalar.callables import LOOPS, POWER, Named, is_beyond_int64, name_of
from aotops.scalar.functions import folded, global_names, plain, rebuilt
from aotops.scalar.mathematics import Namespace, cells, declared_record, record_called_by, references

Function = Callable[..., Any]


#: Numba types constants by NumPy's scalar types.
CONSTANT_TYPES: dict[str, Callable[[float], Any]] = {
    "float32": lambda value: np.float32(narrow(value)),
    "float64": float,
}


def specialise(function: Function, dtype: str) -> Function:
    """Copy a function, and all functions that it calls, with float constants of a dtype.

    Constants are unchanged for integer dtypes. Raises ``CompileError`` for unsupported constructs.
    """
    if not isinstance(function, python_types.FunctionType):
        raise CompileError(f"Expected a Python function, got {type(function).__name__}.")
    try:
        examine(function)
    except FaultError as fault:
        raise CompileError(str(fault)) from None
    _require_no_recursion(function, set(), set())
    return _copy(function, dtype, False, {})


def understood(code: python_types.CodeType) -> python_types.CodeType:
    """Rewrite code that Numba misunderstands: it loses the value of ``:=``, and does not support ``del``.

    ``COPY; STORE`` becomes ``STORE; LOAD``, and ``del x`` is removed.
    """
    changed = bytearray(code.co_code)
    instructions = list(dis.get_instructions(code))
    for one, following in itertools.pairwise(instructions):
        if one.opname == "DELETE_FAST":
            changed[one.offset : one.offset + 2] = bytes([dis.opmap["NOP"], 0])
        elif one.opname == "COPY" and one.arg == 1 and following.opname == "STORE_FAST":
            changed[one.offset : one.offset + 2] = bytes([dis.opmap["STORE_FAST"], following.arg or 0])
            changed[following.offset : following.offset + 2] = bytes([dis.opmap["LOAD_FAST"], following.arg or 0])
        elif one.opname == "COPY" and one.arg == 1 and following.opname == "STORE_FAST_LOAD_FAST":
            stored, loaded = (following.arg or 0) >> 4, (following.arg or 0) & 15
            both = stored << 4 | loaded
            changed[one.offset : one.offset + 2] = bytes([dis.opmap["STORE_FAST"], stored])
            changed[following.offset : following.offset + 2] = bytes([dis.opmap["LOAD_FAST_LOAD_FAST"], both])
    return code.replace(co_code=bytes(changed))


def _require_no_recursion(value: Any, path: set[Any], done: set[Any]) -> None:
    """Raise ``CompileError`` for a function that calls itself, also through other functions or operators."""
    value = plain(value)
    record = declared_record(value)
    called = [value] if record is None else [record.scalar_for(dtype) for dtype in record.dtypes]
    for function in called:
        if isinstance(function, FastPath):
            function = function.function
        if not isinstance(function, python_types.FunctionType) or function in done:
            continue
        if function in path:
            code = function.__code__
            raise CompileError(f"{named(function)} calls itself; write a loop.\n{place(code, code.co_firstlineno)}")
        path.add(function)
        # aotops' own functions refer to user-defined ones only in closures
        names = () if (function.__module__ or "").startswith("aotops.") else global_names(function)
        for each in [*(function.__globals__[name] for name in names), *cells(function)]:
            _require_no_recursion(each, path, done)
        path.remove(function)
        done.add(function)


def dispatcher(function: Function, dtype: str, fast: bool) -> Any:
    """Return the Numba dispatcher of a function of one element, or of its fast path, which may set the flag."""
    return _dispatcher(function, dtype, fast, {})


scalar_calls.set_dispatcher(dispatcher)


def _dispatcher(function: Any, dtype: str, fast: bool, done: dict[Any, Any]) -> Any:
    key = (function, dtype, fast)
    if key not in done:
        # NumPy's error model: division by zero gives a value, not an exception
        own = (function.__module__ or "").startswith("aotops.")
        # an index is checked unless LLVM can prove it to be in range (``aotops.aot.back.soundness``)
        options = {} if own else {"pipeline_class": COMPILERS[fast], "boundscheck": True}
        copied = _copy(function, dtype, fast, done)
        done[key] = numba.njit(copied, error_model="numpy", **(INLINED | options))
    return done[key]


def _copy(original: python_types.FunctionType, dtype: str, fast: bool, done: dict[Any, Any]) -> Function:
    dtype = getattr(original, "constants", dtype)

    def element(record: Record) -> Any:
        try:
            return element_function(record, fast)
        except ValueError as error:
            raise CompileError(f"{error}.") from None

    own = (original.__module__ or "").startswith("aotops.")
    narrow_constants = dtype == "float32" or (dtype == "complex64" and not own)

    def exchange(value: Any) -> Any:
        value = plain(value)
        if isinstance(value, FastPath):
            return _dispatcher(value.function, dtype, True, done)
        # aotops' own functions name operators as user-defined ones do (`math.exp` in a derivative), all else as Numba
        record = (
            record_called_by(value) if own else value.record if isinstance(value, Named) else declared_record(value)
        )
        if record is not None:
            return element(record)
        if isinstance(value, (python_types.FunctionType, LibraryFunction)) and value in LOWERINGS:
            return LOWERINGS[value]
        if not own:
            name = name_of(value)
            record = record_called_by(value) if name is not None else None
            if record is not None and record.defaults:  # NumPy's function of it leaves arguments out as well
                return element(record)
            if name in POWER:
                return POWERS[fast]
            if name is not None:
                return value if name in LOOPS else callable_function(name, fast)
        if isinstance(value, python_types.ModuleType):
            return Namespace(value, exchange)
        if isinstance(value, complex):
            return np.complex64(value) if narrow_constants else complex(value)
        if isinstance(value, (float, int)) and not isinstance(value, bool):
            if isinstance(value, int) and -(2**63) <= value < 2**63:
                return value
            if isinstance(value, int) and dtype == "uint64" and 0 <= value < 2**64:
                return np.uint64(value)
            try:
                return CONSTANT_TYPES["float32"](value) if narrow_constants else float(value)
            except OverflowError:
                code = original.__code__
                raise CompileError(
                    f"{original.__name__} has an integer of {int(value).bit_length()} bits, which is beyond float64; "
                    f"write math.inf, or a smaller number.\n{place(code, code.co_firstlineno)}"
                ) from None
        if isinstance(value, np.uint64) and value >= 2**63:
            return value
        if isinstance(value, np.number):
            return exchange(value.item())
        if isinstance(value, np.ndarray):
            return value if own else table(value)
        if isinstance(value, tuple):
            return tuple(exchange(item) for item in value)
        if isinstance(value, python_types.FunctionType):
            return _dispatcher(value, dtype, fast, done)
        return value

    def table(array: np.ndarray) -> np.ndarray:
        # ``aotops.aot.front.diagnose`` has examined it
        bits = 8 * array.itemsize
        names = {"b": "bool", "f": f"float{bits}", "c": f"complex{bits}"}
        return array.astype(names.get(array.dtype.kind, "uint64" if is_beyond_int64(array) else "int64"))

    code = understood(original.__code__ if own else folded(original.__code__))
    code = code.replace(co_consts=tuple(exchange(value) for value in code.co_consts))
    copy = rebuilt(original, exchange, code)
    for _ in references(copy):
        pass  # Numba only finds functions that exist before types are inferred, so attributes of modules are resolved
    return copy
