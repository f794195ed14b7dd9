"""What other names mean inside scalar functions: ``math``, ``numpy``, operators of aotops and of users.

``math.exp(x)`` in a scalar function is ``aotops.exp``'s scalar function, in the dtype of ``x``: it never raises, and
compilers run it on whole vectors. So is ``numpy.exp(x)``, and an operator that is called by its name computes one
element. Functions that aotops has none of (``math.gamma``) stay what they are, and run element by element.
"""

from __future__ import annotations

import builtins
import math
import types
from collections.abc import Callable
from typing import Any

from aotops import ops
from aotops.functions import global_names, has_power, plain, reached, rebuilt
from aotops.ops.record import FLOATS, FOLDING, Record

BUILTIN = types.BuiltinFunctionType

#: Functions of ``math`` that aotops has by the same name.
MATH = ("exp", "expm1", "log", "log1p", "pow", "sqrt", "sin", "cos", "asin", "acos", "atan", "atan2", "tanh", "erf")
#: Functions of NumPy, and aotops' names for them.
NUMPY = dict(zip(MATH, MATH, strict=True)) | {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "power": "pow",
    "maximum": "maximum",
    "where": "where",
    "clip": "clip",
}
CONSTANTS = ("pi", "e", "tau", "inf", "nan")


def record_of(value: Any) -> Record | None:
    """The record behind an operator, of aotops or of a user; None for anything else."""
    import aotops

    # aotops itself is built without its native module, and then has no operators
    if aotops._native is not None and isinstance(value, aotops._native.Operator):
        return value._record or ops.collect()[value.__name__]
    return None


def builtin_functions() -> dict[Any, Record]:
    """The records behind the functions of ``math``, as ``from math import exp`` finds them."""
    records = ops.collect()
    return {getattr(math, name): records[name] for name in MATH}


def meant_by(value: Any) -> Record | None:
    """The record that a value stands for in scalar functions: an operator, or a function of ``math``; or None."""
    return builtin_functions().get(value) if isinstance(value, BUILTIN) else record_of(value)


def namespace(module: types.ModuleType, present: Callable[[Record], Any], constant: Callable[[float], Any]) -> Any:
    """A module like ``math``, ``numpy`` or ``aotops`` whose functions are what ``present`` makes of aotops' records."""
    records = ops.collect()
    result = types.ModuleType(module.__name__)
    if module.__name__ == "aotops":
        names = {name: name for name, record in records.items() if name.isidentifier() and record.kind not in FOLDING}

        def missing(name: str) -> Any:
            what = "works on whole tensors" if hasattr(module, name) else "is not there"
            raise AttributeError(f"aotops.{name} {what}; a scalar function may call elementwise operators alone")

        result.__dict__["__getattr__"] = missing
    else:
        result.__dict__.update(vars(module))
        names = {name: ours for name, ours in NUMPY.items() if hasattr(module, name)}
        result.__dict__.update({name: constant(getattr(math, name)) for name in CONSTANTS if hasattr(module, name)})
    result.__dict__.update({name: present(records[ours]) for name, ours in names.items()})
    return result


def is_substituted(value: Any) -> bool:
    """Whether a module is one of those that mean something else inside scalar functions."""
    return isinstance(value, types.ModuleType) and value.__name__ in ("math", "numpy", "aotops")


def has_common_cases(function: Any) -> bool:
    """Whether a scalar function computes a power, or calls an operator that has a common case, as far as names tell."""
    records = ops.collect()
    for each in reached(function):
        if (each.__module__ or "").startswith("aotops.") and each is not function:
            continue  # pieces of operators
        modules = any(is_substituted(each.__globals__[name]) for name in global_names(each))
        names = [NUMPY.get(name, name) for name in each.__code__.co_names] if modules else []
        values = [each.__globals__[name] for name in global_names(each)]
        called = [records[name] for name in names if name in records]
        called += [record for record in map(meant_by, [*values, *cells(each)]) if record is not None]
        if any(record.common for record in called) or has_power(each):
            return True
    return False


def cells(function: Any) -> list[Any]:
    """What a function refers to as a closure."""
    return [cell.cell_contents for cell in function.__closure__ or ()]


def in_plain_python(function: Callable[..., Any], dtype: str) -> Callable[..., Any]:
    """A scalar function that runs as plain Python and means what the compiled one does.

    The code is the function's own, so that debuggers and coverage find it; what it refers to is exchanged.
    """
    done: dict[Any, Any] = {}
    float_dtype = dtype if dtype in FLOATS else "float64"

    def scalar(record: Record) -> Any:
        own = dtype if dtype in record.dtypes else record.converts.get(dtype, float_dtype)
        function = exchange(record.scalar_for(own))
        # functions of floats give what they are given
        kinds = [float if each in FLOATS else int if each == "int64" else bool for each in record.inputs_for(own)]
        return lambda *values: function(*[kind(value) for kind, value in zip(kinds, values, strict=True)])

    def exchange(value: Any) -> Any:
        value = plain(value)
        record = meant_by(value)
        if record is not None:
            return scalar(record)
        if is_substituted(value):
            return namespace(value, scalar, builtins.float)
        if isinstance(value, types.FunctionType) and not (value.__module__ or "").startswith("aotops."):
            if value not in done:
                done[value] = None  # a function that calls itself gets what it is
                done[value] = rebuilt(value, exchange)
            return done[value] or value
        return value

    scalar_function: Any = plain(function)
    # also where it is aotops' own: derivatives call functions of math, which raise where kernels have a value
    is_function = isinstance(scalar_function, types.FunctionType)
    result: Callable[..., Any] = rebuilt(scalar_function, exchange) if is_function else exchange(scalar_function)
    return result
