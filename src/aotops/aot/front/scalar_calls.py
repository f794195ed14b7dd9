"""Calls in compiled scalar functions: of operators, as in ``aotops.where(c, x, y)``, and of tabulated functions.

The types of the arguments select one of a record's scalar functions, as in the public operators: a float32 stays
float32, and integers are weak. ``aotops.scalar.callables`` defines this for functions of ``math`` and ``numpy``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import overload

from aotops import errors
from aotops.abi import AXIS_KINDS, NAMES, computed
from aotops.aot.front.lowering import LOWERINGS
from aotops.aot.front.pipeline import INLINED
from aotops.aot.front.rejection import RejectedError, words
from aotops.intrinsics import set_flag
from aotops.ops.record import Record
from aotops.scalar import callables
from aotops.scalar.callables import Named

CONVERTERS: dict[str, Any] = {name: getattr(np, "bool_" if name == "bool" else name) for name in NAMES}


def wrapping(dtype: str) -> Any:
    """Make a function that wraps a number around to a narrow integer dtype, as an int64."""
    narrow = CONVERTERS[dtype]
    return numba.njit(lambda x: np.int64(narrow(np.int64(x))), **INLINED)


CONVERTERS |= {name: wrapping(name) for name in NAMES if computed(name) != name}

_dispatcher: Callable[[Callable[..., Any], str, bool], Any] | None = None


def set_dispatcher(function: Callable[[Callable[..., Any], str, bool], Any]) -> None:
    """Set the compiler of called functions: ``dispatcher`` of ``aotops.aot.front.specialise``, which imports this."""
    global _dispatcher
    _dispatcher = function


def dispatcher(function: Callable[..., Any], dtype: str, fast: bool) -> Any:
    """Return the Numba dispatcher of a function of one element; see ``aotops.aot.front.specialise``."""
    assert _dispatcher is not None  # nothing is compiled before specialise is imported
    return _dispatcher(function, dtype, fast)


_functions: dict[tuple[Record, bool], Callable[..., Any]] = {}
#: The records of what ``element_function`` returns.
CALLED: dict[Callable[..., Any], Record] = {}


def dtype_of(record: Record, arguments: tuple[Any, ...]) -> str:
    """Return the dtype in which a record computes for arguments of Numba types.

    Raises ``RejectedError`` for arguments that it does not take.
    """
    try:
        dtypes = [
            None if is_left_out(type_) else dtype_name(record.variable, parameter, type_)
            for parameter, type_ in zip(record.parameters, arguments, strict=True)
        ]
        return callables.called_dtype(record, dtypes)
    except TypeError as error:
        raise RejectedError(str(error)) from None


def is_left_out(type_: Any) -> bool:
    """Return whether an argument of a Numba type is None, or not given."""
    return isinstance(type_, (types.Omitted, types.NoneType)) or type_ is None


def element_function(record: Record, fast: bool) -> Callable[..., Any]:
    """Return a function that Numba compiles to a record's computation of one element, or to its fast path."""
    if (record, fast) not in _functions:
        if record.kind in AXIS_KINDS or record.outputs:
            what = "a derivative of several inputs" if record.outputs else f"a {record.kind}"
            raise ValueError(f"{record.name} is {what}, which cannot be called for one element")
        _functions[record, fast] = _make(record, fast)
    return _functions[record, fast]


def called(name: str) -> Record | None:
    """Return the record of a function of one element that has been created, by its name."""
    return next((record for record, _ in _functions if record.variable == name), None)


def _make(record: Record, fast: bool) -> Callable[..., Any]:
    names = ", ".join([f"{name}=None" if name in record.defaults else name for name in record.parameters])

    def implementation(*arguments: Any) -> Any:
        dtype = dtype_of(record, arguments)
        converters = {f"convert_{k}": CONVERTERS[own] for k, own in enumerate(record.inputs_for(dtype))}
        inputs = list(record.parameters)
        for k, (name, type_) in enumerate(zip(record.parameters, arguments, strict=True)):
            if is_left_out(type_):
                inputs[k] = f"default_{k}"
                converters[inputs[k]] = record.default_for(name, dtype)
        converted = ", ".join(f"convert_{k}({name})" for k, name in enumerate(inputs))
        converters["result"] = CONVERTERS[record.result_for(dtype)]
        if fast and dtype in record.fast_paths:
            cheap, rare = (dispatcher(function, dtype, False) for function in record.fast_paths[dtype])
            functions = {"cheap": cheap, "rare": rare, "set_flag": LOWERINGS[set_flag], **converters}
            return build(f"lambda {names}: result(set_flag(rare({converted}), cheap({converted})))", functions)
        scalar = dispatcher(record.scalar_for(dtype), dtype, fast)
        return build(f"lambda {names}: result(scalar({converted}))", {"scalar": scalar, **converters})

    # Numba requires functions with named parameters
    stub = build(f"lambda {names}: None", {})
    stub.__name__ = record.variable
    choose = build(f"lambda {names}: choose({', '.join(record.parameters)})", {"choose": implementation})
    overload(stub, jit_options=INLINED)(choose)
    function: Callable[..., Any] = stub
    CALLED[function] = record
    return function


def callable_function(name: str, fast: bool) -> Callable[..., Any]:
    """Return a function that Numba compiles to the meaning of a name of ``aotops.scalar.callables`` for its types."""
    if (name, fast) not in _callables:
        _callables[name, fast] = _make_callable(name, fast)
    return _callables[name, fast]


_callables: dict[tuple[str, bool], Callable[..., Any]] = {}


def _make_callable(name: str, fast: bool) -> Callable[..., Any]:
    def implementation(*arguments: Any) -> Any:
        try:
            meaning = callables.chosen(name, len(arguments))
            dtypes, function = meaning.convert([dtype_name(name, "arguments", type_) for type_ in arguments])
        except TypeError as error:
            raise RejectedError(str(error)) from None
        values = [f"convert_{k}(values[{k}])" for k in range(len(arguments))]
        names: dict[str, Any] = {f"convert_{k}": CONVERTERS[own] for k, own in enumerate(dtypes)}
        if isinstance(function, Named):
            names["function"] = element_function(function.record, fast)
        elif function in LOWERINGS:
            names["function"] = LOWERINGS[function]
        else:
            constants = "float32" if not {"float32", "complex64"}.isdisjoint(dtypes) else "float64"
            names["function"] = dispatcher(function, constants, fast)
        call = f"function({', '.join(values)})"
        if meaning.folds:
            call = values[0]
            for value in values[1:]:
                call = f"function({call}, {value})"
        return build(f"lambda *values: {call}", names)

    stub = build("lambda *values: None", {})
    stub.__name__ = name.rpartition(".")[2]
    overload(stub, jit_options=INLINED)(build("lambda *values: choose(*values)", {"choose": implementation}))
    function: Callable[..., Any] = stub
    return function


def dtype_name(function: str, argument: str, type_: Any) -> str:
    """Return the dtype of the Numba type of an argument; raises ``TypeError`` for anything but a number."""
    if type_ == types.uint64:
        return "uint64"
    for dtype, kind in (("bool", types.Boolean), ("int64", types.Integer)):
        if isinstance(type_, kind):
            return dtype
    if type_ not in (types.float32, types.float64, types.complex64, types.complex128):
        wanted = "be numbers" if argument == "arguments" else "be a number"
        errors.reject(TypeError, function.removeprefix("builtins."), argument, wanted, words(str(type_)))
    return str(type_)


def build(source: str, names: dict[str, Any]) -> Any:
    """Evaluate an expression that refers to some names."""
    return eval(source, names)
