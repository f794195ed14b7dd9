"""From a plain Python function to the one that Numba compiles for one dtype.

Four things are exchanged, in the function and in every function that it calls:

- functions of ``aotops.intrinsics`` for their lowerings;
- operators, and the functions of ``math`` and NumPy that aotops has too, for their scalar functions;
- float constants for constants of the kernel's dtype, so that ``0.5 * x`` of a float32 stays in float32:
  Python numbers are weak in kernels as they are in the public operators (except from ``in_float64`` on down);
- plain Python functions for their Numba dispatchers, always inlined.

The code itself is not touched: what runs as Python is what is compiled.
"""

from __future__ import annotations

import builtins
import dis
import linecache
import types as python_types
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from aotops.aot.compiler import CompileError
from aotops.aot.elements import element_function
from aotops.aot.lowering import LOWERINGS
from aotops.aot.weak_integers import COMPILERS
from aotops.functions import plain, rebuilt
from aotops.intrinsics import CommonCase
from aotops.mathematics import BUILTIN, builtin_functions, is_substituted, namespace, record_of
from aotops.ops.record import Record

Function = Callable[..., Any]

#: Numpy's scalar types are what Numba types constants by.
CONSTANT_TYPES: dict[str, Callable[[float], Any]] = {"float32": np.float32, "float64": float}


def specialise(function: Function, dtype: str) -> Function:
    """A copy of a function, and of all that it calls, whose float constants are of a dtype.

    For integer dtypes constants stay as they are.

    Raises ``CompileError`` for a function that raises exceptions: nobody is there to catch what a kernel raises.
    """
    if not isinstance(function, python_types.FunctionType):
        raise CompileError(f"Expected a Python function, got {type(function).__name__}.")
    return _copy(function, dtype, False, {})


def dispatcher(function: Function, dtype: str, common: bool) -> Any:
    """What Numba compiles of a function of one element: its common case, with notes where it is rare, or all of it."""
    return _dispatcher(function, dtype, common, {})


def _dispatcher(function: Any, dtype: str, common: bool, done: dict[Any, Any]) -> Any:
    key = (function, dtype, common)
    if key not in done:
        # numpy's error model: a division by zero is a value, not an exception
        own = (function.__module__ or "").startswith("aotops.")
        options = {} if own else {"pipeline_class": COMPILERS[common]}
        copied = _copy(function, dtype, common, done)
        done[key] = numba.njit(copied, error_model="numpy", forceinline=True, **options)
    return done[key]


def _copy(original: python_types.FunctionType, dtype: str, common: bool, done: dict[Any, Any]) -> Function:
    dtype = getattr(original, "constants", dtype)

    def element(record: Record) -> Any:
        try:
            return element_function(record, common)
        except ValueError as error:
            raise CompileError(f"{error}.") from None

    def exchange(value: Any) -> Any:
        value = plain(value)
        if isinstance(value, CommonCase):
            return _dispatcher(value.function, dtype, True, done)
        record = record_of(value) or (builtin_functions().get(value) if isinstance(value, BUILTIN) else None)
        if record is not None:
            return element(record)
        if is_substituted(value):
            return namespace(value, element, CONSTANT_TYPES.get(dtype, float))
        if isinstance(value, float):
            return CONSTANT_TYPES.get(dtype, float)(value)
        if isinstance(value, tuple):
            return tuple(exchange(item) for item in value)
        if isinstance(value, python_types.FunctionType):
            if value in LOWERINGS:
                return LOWERINGS[value]
            return _dispatcher(value, dtype, common, done)
        return value

    code = original.__code__
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        line = getattr(instruction, "line_number", instruction.starts_line) or line  # the former from Python 3.13 on
        name = instruction.argval
        if instruction.opname == "RAISE_VARARGS":
            raise CompileError(f"{original.__name__} has a raise or assert; kernels need a value for every input.")
        if instruction.opname == "LOAD_GLOBAL" and name not in original.__globals__ and not hasattr(builtins, name):
            source = linecache.getline(code.co_filename, line).strip()
            raise CompileError(f"The name {name} is not defined.\n  {code.co_filename}, line {line}: {source}")
    code = code.replace(co_consts=tuple(exchange(value) for value in code.co_consts))
    return rebuilt(original, exchange, code)
