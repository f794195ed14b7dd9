"""From a plain Python function to the one that Numba compiles for one dtype.

Three things are exchanged, in the function and in every function that it calls:

- functions of ``aotops.intrinsics`` for their lowerings;
- float constants for constants of the kernel's dtype, so that ``0.5 * x`` of a float32 stays in float32:
  Python numbers are weak in kernels as they are in the public operators (except from ``in_float64`` on down);
- plain Python functions for their Numba dispatchers, always inlined.

The code itself is not touched: what runs as Python is what is compiled.
"""

from __future__ import annotations

import dis
import types as python_types
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from aotops.aot.compiler import CompileError
from aotops.aot.fingerprint import global_names
from aotops.aot.lowering import LOWERINGS

Function = Callable[..., Any]

#: Numpy's scalar types are what Numba types constants by.
CONSTANT_TYPES: dict[str, Callable[[float], Any]] = {"float32": np.float32, "float64": float}


def specialise(function: Function, dtype: str) -> Function:
    """A copy of a function, and of all that it calls, whose float constants are of a dtype.

    For integer dtypes constants stay as they are.

    Raises ``CompileError`` for a function that raises exceptions: nobody is there to catch what a kernel raises.
    """
    done: dict[tuple[Function, str], Any] = {}

    def exchange(value: Any, dtype: str) -> Any:
        if isinstance(value, float):
            return CONSTANT_TYPES.get(dtype, float)(value)
        if isinstance(value, tuple):
            return tuple(exchange(item, dtype) for item in value)
        if isinstance(value, python_types.FunctionType):
            if value in LOWERINGS:
                return LOWERINGS[value]
            if (value, dtype) not in done:
                # numpy's error model: a division by zero is a value, not an exception
                done[value, dtype] = numba.njit(copy(value, dtype), error_model="numpy", forceinline=True)
            return done[value, dtype]
        return value

    def copy(original: python_types.FunctionType, dtype: str) -> Function:
        dtype = getattr(original, "constants", dtype)
        code = original.__code__
        for instruction in dis.get_instructions(code):
            if instruction.opname == "RAISE_VARARGS":
                raise CompileError(f"{original.__name__} has a raise or assert; kernels need a value for every input.")
        code = code.replace(co_consts=tuple(exchange(value, dtype) for value in code.co_consts))
        names = {name: exchange(original.__globals__[name], dtype) for name in global_names(original)}
        cells = tuple(python_types.CellType(exchange(cell.cell_contents, dtype)) for cell in original.__closure__ or ())
        # Numba looks for the module of a function by this name
        names["__name__"] = original.__globals__.get("__name__")
        return python_types.FunctionType(code, names, original.__name__, original.__defaults__, cells)

    if not isinstance(function, python_types.FunctionType):
        raise CompileError(f"Expected a Python function, got {type(function).__name__}.")
    return copy(function, dtype)
