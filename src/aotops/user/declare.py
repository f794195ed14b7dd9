"""User-defined operators: ``map``, ``zip`` and ``reduce`` declare them.

Their first call finds their kernels (``aotops.first_call``). Nothing here may take long: it is part of every
import of a module with operators.
"""

from __future__ import annotations

import sys

from aotops import _native, errors
from aotops._native import Operator
from aotops.arguments import advised
from aotops.dtypes import find_dtype
from aotops.ops.record import ALL, FLOATS, FOLDING, Record
from aotops.scalar.functions import plain

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Scalar = Callable[..., Any]
    Dtypes = str | _native.DType | Sequence[str | _native.DType]

#: Where inputs of dtypes without a kernel of their own compute: the first of these that has one.
CONVERSIONS = {
    "bool": ("int64", "float64", "float32"),
    "int64": ("float64",),
    "float32": ("float64",),
    "float64": (),
}

# --- declaring ----------------------------------------------------------------------------------------------------


@advised
def map(function: Scalar | None = None, /, *, dtypes: Dtypes = FLOATS, result: Any = None) -> Any:
    """Declare an operator of one input, computed element by element: ``out[i] = function(x[i])``.

    Arguments:
        function: a Python function of one number, or one that Numba has decorated. It is compiled ahead of time for
            each dtype; ``math`` and the operators of aotops may be used in it. Without it, a decorator is returned.
        dtypes: those of ``x`` that get a kernel, of ``"bool"``, ``"int64"``, ``"float32"`` and ``"float64"``. Others
            are converted where a kernel's dtype holds all their values.
        result: the dtype of the result, where it is not that of ``x``; one, or a dict of one for each dtype.

    Returns an ``Operator``, which broadcasts, takes ``out=`` and uses threads like aotops' own. Its attribute
    ``derivative`` declares the derivative, a function of the input, the output and the incoming gradient.

    Raises ``TypeError`` for anything but a function, ``RecordError`` (a ``ValueError``) for a declaration that
    contradicts itself.

    >>> import aotops as ao
    >>> cube = ao.map(lambda x: x * x * x)
    >>> cube.kind, cube.parameters
    ('map', ('x',))
    """
    return _declaration("map", function, dtypes, {"result": result})


@advised
def zip(
    function: Scalar | None = None,
    /,
    *,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
    conditions: str | Sequence[str] = (),
) -> Any:
    """Declare an operator of several inputs, which are broadcast together: ``out[i] = function(x[i], y[i], ...)``.

    Arguments are those of ``map``; ``conditions`` are names of inputs, or one of them, that are bool, whatever the
    dtype of the others.
    The derivative of a zip returns a tuple, one gradient for each input that is no condition.

    >>> import aotops as ao
    >>> inside = ao.zip(lambda x, low, high: low <= x and x < high, result="bool")
    >>> inside.parameters
    ('x', 'low', 'high')
    """
    names = (conditions,) if isinstance(conditions, str) else tuple(conditions)
    return _declaration("zip", function, dtypes, {"result": result, "conditions": names})


@advised
def reduce(
    function: Scalar | None = None,
    /,
    *,
    identity: float | Mapping[str, float],
    of: Scalar | None = None,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
) -> Any:
    """Declare an operator that folds axes away by an associative combination of two values.

    Arguments:
        function: a Python function of two numbers. Values are combined in a fixed tree, not in order: the same input
            gives the same bits on any number of threads, and ``function`` must not mind how its values are grouped.
        identity: the value that changes no other one when it is combined with it; the result of an empty reduction.
            One, or a dict of one for each dtype.
        of: a function of one or several inputs, whose values are combined in place of elements: the map or zip and the
            reduction in one pass, without a temporary.
        dtypes: those of the inputs that get a kernel, as for ``map``.
        result: the dtype of the result, where it is not that of the inputs.

    The operator takes ``axis`` (an int, a tuple of ints, or None for all), ``keepdims`` and ``out``.

    >>> import aotops as ao
    >>> dot = ao.reduce(lambda a, b: a + b, identity=0.0, of=lambda x, y: x * y)
    >>> dot.kind, dot.parameters
    ('reduce', ('x', 'y'))
    """
    if of is not None:
        of = _scalar_function("reduce", of)
    return _declaration("reduce", function, dtypes, {"identity": identity, "of": of, "result": result})


def _declaration(kind: str, function: Scalar | None, dtypes: Dtypes, options: dict[str, Any]) -> Any:
    # of the module that declares, which need not be the function's; between it and here are the declaring function and
    # what gives advice to its callers
    namespace = sys._getframe(3).f_globals

    def declare(function: Scalar) -> Operator:
        scalar = _scalar_function(kind, function)
        name = scalar.__name__
        chosen = _dtype_names(name, dtypes)
        given = {**options, "result": _results(name, options["result"], chosen)}
        if kind == "reduce":
            given["identity"] = _identities(name, options["identity"], chosen, given["result"])
        record = Record(
            kind,
            name,
            scalar,
            chosen,
            converts={
                source: target
                for source in ALL
                if source not in chosen
                for target in [next((dtype for dtype in CONVERSIONS[source] if dtype in chosen), None)]
                if target is not None
            },
            **given,
        )
        record.namespace = namespace
        earlier = namespace.get(name)
        if isinstance(earlier, Operator) and earlier._record is not None and earlier._record.namespace is namespace:
            record.replaces = earlier._record
        return operator_of(record)

    return declare if function is None else declare(function)


def _scalar_function(kind: str, function: Any) -> Any:
    """The Python function that a declaration is given; ``TypeError`` for anything else."""
    scalar = plain(function)
    if not isinstance(scalar, type(map)):
        raise TypeError(
            f"{kind}: function must be a Python function, or one that Numba has decorated, "
            f"got {errors.type_name(function)}"
        )
    code = scalar.__code__
    if code.co_flags & 0x2A0:  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
        raise TypeError(f"{kind}: {scalar.__name__} must return numbers; it is a generator or a coroutine")
    if code.co_flags & 0x0C or code.co_kwonlyargcount or scalar.__defaults__:
        raise TypeError(f"{kind}: {scalar.__name__} must take numbers by position alone, without defaults, * or **")
    return scalar


def _dtype_name(name: str, argument: str, dtype: Any) -> str:
    """The name of a dtype that is given in any way in which dtypes can be given."""
    given = find_dtype(dtype)
    if given is None and not isinstance(dtype, str):
        raise TypeError(f"{name}: {argument} must be given as dtypes or their names, got {errors.type_name(dtype)}")
    if given is None:
        raise errors.RecordError(f"{name}: {argument} must be some of {', '.join(ALL)}, got {errors.shown(dtype)}")
    return given.name


def _dtype_names(name: str, dtypes: Any) -> tuple[str, ...]:
    """Dtypes or their names, in the order of promotion."""
    several = isinstance(dtypes, (tuple, list, set, frozenset))
    names = [_dtype_name(name, "dtypes", dtype) for dtype in (dtypes if several else (dtypes,))]
    return tuple(sorted(names, key=ALL.index))


def _for_dtypes(name: str, argument: str, values: Any, dtypes: tuple[str, ...]) -> dict[str, Any]:
    """What is given for each of an operator's dtypes, or once for all of them, for each."""
    if not isinstance(values, dict):
        return dict.fromkeys(dtypes, values)
    given = {_dtype_name(name, f"{argument}'s dtypes", dtype): value for dtype, value in values.items()}
    for dtype in given:
        if dtype not in dtypes:
            raise errors.RecordError(
                f"{name}: {argument} has {dtype}, which is none of its dtypes, {', '.join(dtypes)}"
            )
    return given


def _results(name: str, result: Any, dtypes: tuple[str, ...]) -> dict[str, str] | None:
    """The dtypes of results by those of the inputs."""
    if result is None:
        return None
    given = _for_dtypes(name, "result", result, dtypes)
    return {dtype: _dtype_name(name, "result", own) for dtype, own in given.items()}


def _identities(name: str, identity: Any, dtypes: tuple[str, ...], results: dict[str, str] | None) -> dict[str, float]:
    """The identities of a reduction by the dtypes of its inputs, each a number of the result's dtype."""
    identities: dict[str, float] = {}
    for dtype, value in _for_dtypes(name, "identity", identity, dtypes).items():
        result = (results or {}).get(dtype, dtype)
        whole = hasattr(value, "__index__")
        if isinstance(value, _native.TensorBase) or not (whole or hasattr(value, "__float__")):
            raise TypeError(
                f"{name}: identity must be a number, or a dict of one for each dtype, got {errors.type_name(value)}"
            )
        number = value.__index__() if whole else float(value)
        if result not in FLOATS:
            least, most = (0, 1) if result == "bool" else (-(2**63), 2**63 - 1)
            if not least <= number <= most or number != int(number):
                raise errors.RecordError(f"{name}: identity must be a number that {result} can hold, got {value!r}")
            number = int(number)
        identities[dtype] = number
    return identities


def operator_of(record: Record) -> Operator:
    """The operator that a record declares; it has no kernels yet."""

    def code(dtype: str) -> int:
        return ALL.index(dtype)

    folds = record.kind in FOLDING
    facts = (
        int(folds),
        record.inputs,
        max(record.outputs, 1),
        int(record.outputs > 0),
        record.mask(record.conditions),
        int(record.takes_dtype),
        int(record.identity is not None),
    )
    variants = tuple(
        [
            (
                tuple([code(own) for own in (*record.inputs_for(dtype), *record.results_for(dtype))]),
                record.identity_for(dtype) if folds else None,
                record.start_for(dtype) if folds else None,
            )
            for dtype in record.dtypes
        ]
    )
    conversions = tuple([code(record.converts[dtype]) if dtype in record.converts else 255 for dtype in ALL])
    operator = _native.declare(record, record.name, " ".join(record.parameters), facts, conversions, variants)
    operator.__module__ = module_of(record)
    return operator


def declaration(operator: Operator) -> Record:
    """The record of a declared operator."""
    record = operator._record
    assert record is not None  # who calls this has a declared one
    return record


def derivative(operator: Operator) -> Any:
    """The operator of the derivative; of a user-defined operator that has none yet, the decorator that declares it.

    Raises ``AttributeError`` for an operator of aotops that has none.
    """
    if operator._record is None:
        try:
            return _native.operators[f"{operator.__name__}.derivative"]
        except KeyError:
            raise AttributeError(f"{operator.__name__} has no derivative") from None
    record = declaration(operator)
    if record.gradient is not None:
        return record.gradient.operator

    def declare(function: Scalar, *values: Any, **options: Any) -> Scalar:
        if values or options or not callable(function):
            raise TypeError(f"{name_of(operator)} has no derivative; declare it with @{name_of(operator)}.derivative")
        if record.gradient is not None:
            raise TypeError(f"{name_of(operator)} has a derivative already; declare it once")
        record.derivative(_scalar_function("derivative", function))
        gradient = record.gradient
        assert gradient is not None  # it has just been declared
        gradient.namespace = record.namespace
        gradient.operator = operator_of(gradient)
        return function

    return declare


def name_of(operator: Operator) -> str:
    """The name of a declared operator: that of the module's variable that holds it, or of its function."""
    record = declaration(operator)
    for name, value in list(record.namespace.items()):
        if isinstance(value, Operator) and value._record is not None:
            found = name if value._record is record else f"{name}.derivative"
            if record in (value._record, value._record.gradient):
                if found != record.name:
                    record.name = found
                    _native.rename(operator, found)
                return found
    return record.name


def module_of(record: Record) -> str:
    """The name of the module that declares an operator; code that is executed in a dict of its own has none."""
    return str(record.namespace.get("__name__", "__main__"))
