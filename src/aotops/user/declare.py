"""User-defined operators: ``map``, ``zip``, ``reduce``, ``argreduce`` and ``scan`` declare them.

Their first call finds their kernels (``aotops.first_call``). Nothing here may take long: it is part of every
import of a module with operators.
"""

from __future__ import annotations

import sys

from aotops import _native, errors
from aotops._native import Operator
from aotops.abi import DEFAULTS, holding
from aotops.arguments import advised
from aotops.dtypes import find_dtype
from aotops.encode import encode
from aotops.ops.record import ALL, COMPLEX, FLOATS, Record, state_dtype
from aotops.scalar.functions import plain

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Scalar = Callable[..., Any]
    Dtypes = str | _native.DType | Sequence[str | _native.DType]
    Constant = float | tuple[float, ...]

INFINITY = float("inf")

# --- declaring ----------------------------------------------------------------------------------------------------


@advised
def map(function: Scalar | None = None, /, *, dtypes: Dtypes = FLOATS, result: Any = None, results: Any = None) -> Any:
    """Declare an operator of one input, computed element by element: ``out[i] = function(x[i])``.

    Parameters:
        function: A Python function of one number, or one that Numba has decorated. It is compiled ahead of time for
            each dtype; ``math`` and the operators of aotops may be used in it. Without it, a decorator is returned.
        dtypes: Those of ``x`` that get a kernel: dtypes or their names, one or several. Other inputs are cast if a
            kernel's dtype holds all their values.
        result: The dtype of the result, if it is not that of ``x``: one, or a dict with one for each dtype.
        results: If the function returns a tuple of numbers: the dtype of each, or None for that of ``x``. The operator
            then returns a tuple of tensors, and takes one as ``out``.

    Returns:
        An ``Operator``, which broadcasts, takes ``out=`` and uses threads as aotops' own. Its attribute ``derivative``
        declares the derivative, a function of the input, the output and the incoming gradient.

    Raises:
        TypeError: ``function`` is not a function of numbers.
        RecordError: The declaration contradicts itself; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> cube = ao.map(lambda x: x * x * x)
        >>> cube.kind, cube.parameters
        ('map', ('x',))

        With two results, an integral part and a fraction:

        >>> parts = ao.map(lambda x: (int(x), x - int(x)), results=("int64", None))
        >>> [dtype.name for dtype in parts.dtypes[0]]
        ['float32', 'int64', 'float32']
    """
    return _declaration("map", function, dtypes, {"result": result, "results": results})


@advised
def zip(
    function: Scalar | None = None,
    /,
    *,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
    results: Any = None,
    bool_inputs: str | Sequence[str] = (),
    fixed: Mapping[str, str | _native.DType] | None = None,
    defaults: Mapping[str, float | Mapping[str, float]] | None = None,
) -> Any:
    """Declare an operator of several inputs, which are broadcast together: ``out[i] = function(x[i], y[i], ...)``.

    Parameters:
        function: A Python function of as many numbers, as for ``map``.
        dtypes: Those of the inputs that get a kernel, as for ``map``.
        result, results: The dtype of the result, or those of several, if not that of the inputs, as for ``map``.
        bool_inputs: The names of inputs, or one name, that are bool whatever the dtype of the others.
        fixed: A dict with other inputs that have a dtype of their own, such as a shift count: ``{"count": "int64"}``.
        defaults: A dict with inputs that may be left out, or be None: the value of each, or a dict of one for each
            dtype.

    Returns:
        An ``Operator``, as from ``map``. Its derivative returns a tuple, one gradient for each input that has no dtype
        of its own.

    Raises:
        TypeError: ``function`` is not a function of numbers, or an argument is of another type than above.
        RecordError: The declaration contradicts itself; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> inside = ao.zip(lambda x, low, high: low <= x and x < high, result="bool", defaults={"high": 1.0})
        >>> inside.parameters, inside.optional
        (('x', 'low', 'high'), ('high',))
    """
    names = (bool_inputs,) if isinstance(bool_inputs, str) else bool_inputs
    if not isinstance(names, (tuple, list, set, frozenset)) or not all(isinstance(each, str) for each in names):
        errors.wrong_type("zip", "bool_inputs", "a name of an input, or several", bool_inputs)
    names = tuple(names)
    options = {"result": result, "results": results, "bool_inputs": names, "fixed": fixed, "defaults": defaults}
    return _declaration("zip", function, dtypes, options)


@advised
def reduce(
    function: Scalar | None = None,
    /,
    *,
    identity: Constant | Mapping[str, Constant] | None = None,
    map: Scalar | None = None,
    finish: Scalar | None = None,
    state: Sequence[str | _native.DType | None] | None = None,
    initial: float | Mapping[str, float] | None = None,
    absorbing: float | Mapping[str, float] | None = None,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
) -> Any:
    """Declare an operator that folds axes away by an associative combination of two values.

    Parameters:
        function: A Python function of two numbers, which must be associative and commutative: values are combined in a
            fixed tree, not in order, so that the same input gives the same bits on any number of threads.
        identity: The value that does not change any other one when it is combined with it; the result of an empty
            reduction. One, or a dict with one for each dtype.
        map: A function of one or several inputs, whose values are combined in place of the elements: the map or zip and
            the reduction in one pass, without a temporary.
        finish: If what is combined is several numbers, a *state*: the function that makes the result of one. Then
            ``map`` returns a state, a tuple; ``function`` takes two states and returns one; ``identity`` is that of no
            elements; and ``finish`` takes the numbers of a state, each as an argument.
        state: The dtypes of the numbers of a state, or None for one that follows from the number in ``identity``: bool
            for a bool, int64 for an int, and for a float the dtype of the inputs, float64 if that is no float.
        initial: The value that a reduction of some elements begins with, if it is not ``identity``. Without an
            identity, a reduction of no elements is a ``ValueError``, and combining ``initial`` with itself must give it
            again, since several parts of the work begin with it.
        absorbing: The result that no further element changes, such as False of ``and``: it ends the work early. One, or
            a dict with one for each dtype.
        dtypes: Those of the inputs that get a kernel, as for ``map``.
        result: The dtype of the result, if it is not that of the inputs, as for ``map``.

    Returns:
        An ``Operator`` that takes ``axis`` (an int, a tuple of ints, or None for all), ``keepdims``, ``out``, and
        unless there is a ``map``, ``dtype``.

    Raises:
        TypeError: ``function`` or ``map`` is not a function of numbers.
        RecordError: The declaration contradicts itself; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> dot = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x * y)
        >>> dot.kind, dot.parameters
        ('reduce', ('x', 'y'))

        With a state of two numbers, the count of elements and their sum:

        >>> mean = ao.reduce(
        ...     lambda a, b: (a[0] + b[0], a[1] + b[1]),
        ...     map=lambda x: (1, x),
        ...     identity=(0, 0.0),
        ...     finish=lambda count, total: total / count,
        ... )
        >>> mean.kind, mean.parameters
        ('reduce', ('x',))
    """
    options = {"identity": identity, "initial": initial, "absorbing": absorbing, "result": result}
    options |= _state_options("reduce", map, finish, state)
    return _declaration("reduce", function, dtypes, options)


@advised
def scan(
    function: Scalar | None = None,
    /,
    *,
    identity: Constant | Mapping[str, Constant],
    map: Scalar | None = None,
    finish: Scalar | None = None,
    state: Sequence[str | _native.DType | None] | None = None,
    dtypes: Dtypes = FLOATS,
    result: Any = None,
) -> Any:
    """Declare an operator that keeps the running results of a combination along an axis, as a cumulative sum does.

    Parameters:
        function: A Python function of two numbers, associative and commutative, as for ``reduce``. Results are combined
            in a fixed order that depends on shape and layout alone.
        identity: The value that does not change any other one, as for ``reduce``.
        map, finish, state: If what is combined is several numbers, as for ``reduce``: ``map`` makes a state of an
            element, and ``finish`` a result of a running state.
        dtypes: Those of the input that get a kernel, as for ``map``.
        result: The dtype of the result, if it is not that of the input, as for ``map``.

    Returns:
        An ``Operator`` that takes ``axis`` (an int, which may be left out for one dimension), ``include_initial``,
        which puts ``identity`` in front, ``dtype``, which casts the input first, and ``out``.

    Raises:
        TypeError: ``function`` is not a function of numbers.
        RecordError: The declaration contradicts itself; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> running_max = ao.scan(lambda a, b: max(a, b), identity=float("-inf"))
        >>> running_max.kind, running_max.parameters
        ('scan', ('x',))
    """
    options = {"identity": identity, "result": result, **_state_options("scan", map, finish, state)}
    return _declaration("scan", function, dtypes, options)


@advised
def argreduce(
    function: Scalar | None = None,
    /,
    *,
    initial: float | Mapping[str, float],
    dtypes: Dtypes = FLOATS,
) -> Any:
    """Declare an operator that returns the index of the first element that a choice selects, as argmax does.

    Parameters:
        function: A Python function of two numbers that returns one of them, the better one; associative and
            commutative.
        initial: The value that never wins, such as the smallest number for the largest element.
        dtypes: Those of the input that get a kernel, as for ``map``.

    Returns:
        An ``Operator`` that takes ``axis`` (an int, or None for all elements in row-major order), ``keepdims`` and
        ``out``. Its result is int64; for no elements it raises ``ValueError``.

    Raises:
        TypeError: ``function`` is not a function of numbers.
        RecordError: The declaration contradicts itself; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> nan_argmin = ao.argreduce(lambda a, b: b if b < a or a != a else a, initial=float("inf"))
        >>> nan_argmin.kind, nan_argmin.parameters
        ('argreduce', ('x',))
    """
    return _declaration("argreduce", function, dtypes, {"initial": initial, "result": DEFAULTS["integer"]})


def _state_options(kind: str, map: Any, finish: Any, state: Any) -> dict[str, Any]:
    """What a reduction or a scan is told of its state, checked as far as the state's size does not matter."""
    if map is not None:
        map = _scalar_function(kind, map, "x", "map")
    if finish is not None:
        finish = _scalar_function(kind, finish, "a, b", "finish")
    if state is not None and not isinstance(state, (tuple, list)):
        errors.wrong_type(kind, "state", "a tuple of dtypes or None", state)
    if kind == "scan" and map is not None and finish is None:
        advice = "map the elements first, or return a tuple and give finish= as well"
        errors.reject(
            errors.RecordError, kind, "map", "make states, from which finish= makes results", "no finish", advice
        )
    own = tuple([None if dtype is None else _dtype_name(kind, "state", dtype) for dtype in state or ()])
    return {"map": map, "finish": finish, "state": own}


def _declaration(kind: str, function: Scalar | None, dtypes: Dtypes, options: dict[str, Any]) -> Any:
    # the variables of the module that declares, which need not be the function's: the frames of the public function and
    # of its ``advised`` wrapper are in between
    namespace = sys._getframe(3).f_globals

    def declare(function: Scalar) -> Operator:
        scalar = _scalar_function(kind, function, {"map": "x", "zip": "x, y"}.get(kind, "a, b"))
        name = scalar.__name__
        given, of_kernels = {**options}, dtypes
        if hasattr(function, "_dispatcher") and kind in ("map", "zip") and dtypes is FLOATS:  # the default
            from aotops.user.vectorized import of_vectorize

            found = of_vectorize(function, name, scalar.__code__.co_varnames[: scalar.__code__.co_argcount])
            of_kernels = found.pop("dtypes", dtypes)
            given |= {key: own for key, own in found.items() if given.get(key) is None and own is not None}
        chosen = _dtype_names(name, of_kernels)
        given["result"] = _results(name, given["result"], chosen)
        if "results" in options:
            given["results"] = _all_results(name, options["results"], options["result"], chosen)
        if given.get("fixed") is not None:
            given["fixed"] = {
                parameter: _dtype_name(name, "fixed", own)
                for parameter, own in _dict_of(name, "fixed", given["fixed"]).items()
            }
            for parameter in options["bool_inputs"]:
                if given["fixed"].get(parameter, "bool") != "bool":
                    wanted = f"leave out {parameter}, one of bool_inputs"
                    errors.reject(errors.RecordError, name, "fixed", wanted, given["fixed"][parameter])

        def own_dtypes(parameter: str) -> dict[str, str]:
            fixed = {**dict.fromkeys(options.get("bool_inputs", ()), "bool"), **(given.get("fixed") or {})}
            return dict.fromkeys(chosen, fixed[parameter]) if parameter in fixed else {}

        if options.get("defaults") is not None:
            given["defaults"] = {
                parameter: _constants(name, f"the default of {parameter}", value, chosen, own_dtypes(parameter))
                for parameter, value in _dict_of(name, "defaults", options["defaults"]).items()
            }
        held = {} if kind == "argreduce" else given["result"] or {}  # an argreduce combines elements
        identity = options.get("identity")
        first = next(iter(identity.values()), None) if isinstance(identity, dict) else identity
        has_state = options.get("finish") is not None or isinstance(first, (tuple, list))
        if has_state:
            given["identity"] = _states(name, identity, chosen, options["state"])
        for what in () if has_state else ("identity", "initial", "absorbing"):
            if options.get(what) is not None or (what == "identity" and kind == "scan"):
                given[what] = _constants(name, what, options[what], chosen, held)
        if given.get("absorbing") and len(set(given["absorbing"].values())) == 1:
            given["absorbing"] = given["absorbing"][chosen[0]]
        record = Record(
            kind,
            name,
            scalar,
            chosen,
            casts={
                source: target
                for source in ALL
                if source not in chosen
                for target in [next((dtype for dtype in holding(source) if dtype in chosen), None)]
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


def _scalar_function(kind: str, function: Any, inputs: str, argument: str = "function") -> Any:
    """The Python function that a declaration is given; ``TypeError`` for anything else.

    ``inputs`` are those that the message's example has.
    """
    scalar = plain(function)
    if not isinstance(scalar, type(map)):
        name, module = getattr(function, "__name__", None), getattr(function, "__module__", None)
        if isinstance(function, Operator):
            inputs = ", ".join(function.parameters)
            module = "ao" if function._record is None else None
        path = f"{module}.{name}" if isinstance(module, str) and module != "builtins" else name
        advice = f"write lambda {inputs}: {path}({inputs})" if isinstance(name, str) and callable(function) else ""
        wanted = "be a Python function, or one that Numba has decorated"
        errors.reject(TypeError, kind, argument, wanted, errors.type_name(function), advice)
    code = scalar.__code__
    if code.co_flags & 0x2A0:  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
        errors.reject(TypeError, kind, scalar.__name__, "return numbers", "a generator or a coroutine")
    if code.co_flags & 0x0C or code.co_kwonlyargcount or scalar.__defaults__:
        wanted = "take numbers by position alone, without defaults, * or **"
        errors.reject(TypeError, kind, scalar.__name__, wanted, "another signature")
    return scalar


def _dtype_name(name: str, argument: str, dtype: Any) -> str:
    """The name of a dtype that is given in any way in which dtypes can be given."""
    given = find_dtype(dtype)
    if given is None and not isinstance(dtype, (str, type)):
        errors.wrong_type(name, argument, "given as dtypes or their names", dtype)
    if given is None:
        got = errors.shown(dtype) if isinstance(dtype, str) else dtype.__name__
        errors.reject(errors.RecordError, name, argument, f"be some of {', '.join(ALL)}", got)
    return given.name


def _dtype_names(name: str, dtypes: Any) -> tuple[str, ...]:
    """Dtypes or their names, in the order of ``aotops.abi``."""
    several = isinstance(dtypes, (tuple, list, set, frozenset))
    names = [_dtype_name(name, "dtypes", dtype) for dtype in (dtypes if several else (dtypes,))]
    return tuple(sorted(names, key=ALL.index))


def _for_dtypes(name: str, argument: str, values: Any, dtypes: tuple[str, ...]) -> dict[str, Any]:
    """A value for each of an operator's dtypes, from a dict or from one value for all of them."""
    if not isinstance(values, dict):
        return dict.fromkeys(dtypes, values)
    given = {_dtype_name(name, f"{argument}'s dtypes", dtype): value for dtype, value in values.items()}
    for dtype in given:
        if dtype not in dtypes:
            wanted = f"be given for some of its dtypes, {', '.join(dtypes)}"
            errors.reject(errors.RecordError, name, argument, wanted, dtype)
    return given


def _results(name: str, result: Any, dtypes: tuple[str, ...], argument: str = "result") -> dict[str, str] | None:
    """The dtypes of results by those of the inputs."""
    if result is None:
        return None
    given = _for_dtypes(name, argument, result, dtypes)
    return {dtype: _dtype_name(name, argument, own) for dtype, own in given.items()}


def _all_results(name: str, results: Any, result: Any, dtypes: tuple[str, ...]) -> tuple[dict[str, str] | None, ...]:
    """The dtypes of each of several results by those of the inputs; none if there is one result."""
    if results is None:
        return ()
    if not isinstance(results, (tuple, list)):
        errors.wrong_type(name, "results", "a tuple of dtypes or None, one for each number that is returned", results)
    if not results:
        wanted = "have a dtype, or None, for each number that is returned"
        errors.reject(errors.RecordError, name, "results", wanted, "none of them", "leave it out for one result")
    if result is not None:
        errors.reject(errors.RecordError, name, "result", "not be given, since results is", errors.shown(result))
    return tuple([_results(name, each, dtypes, "results") for each in results])


def _dict_of(name: str, argument: str, value: Any) -> dict[str, Any]:
    """A dict by the names of inputs; ``TypeError`` for anything else."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        errors.wrong_type(name, argument, "a dict by the names of inputs", value)
    return value


def _constants(
    name: str, argument: str, constant: Any, dtypes: tuple[str, ...], results: Mapping[str, str]
) -> dict[str, float]:
    """A constant of an operator by the dtypes of its inputs: each a number that the dtype, or its result, holds."""
    constants: dict[str, float] = {}
    given = _for_dtypes(name, argument, constant, dtypes)
    for dtype in dtypes:
        if dtype not in given:
            wanted = f"have a value for each of {', '.join(dtypes)}"
            errors.reject(errors.RecordError, name, argument, wanted, f"none for {dtype}")
        value, result = given[dtype], results.get(dtype, dtype)
        is_number = any(hasattr(value, method) for method in ("__index__", "__float__", "__complex__"))
        if isinstance(value, _native.TensorBase) or not is_number or getattr(value, "shape", ()) != ():
            errors.wrong_type(name, argument, "a number, or a dict of one for each dtype", value)
        constants[dtype] = _held(name, argument, value, result)
    return constants


def _states(name: str, identity: Any, dtypes: tuple[str, ...], state: tuple[str | None, ...]) -> dict[str, Any]:
    """The states of no elements, by the dtypes of the inputs: each number held by its own dtype."""
    states: dict[str, Any] = {}
    for dtype, value in _for_dtypes(name, "identity", identity, dtypes).items():
        if not isinstance(value, (tuple, list)):
            errors.wrong_type(name, "identity", "a tuple of the numbers of a state, since finish is given", value)
        numbers = []
        for k, number in enumerate(value):
            own = state[k] if k < len(state) and state[k] is not None else state_dtype(number, dtype)
            held = _constants(name, f"number {k} of identity", number, (dtype,), {dtype: str(own)})[dtype]
            numbers.append(bool(held) if own == "bool" else held)
        states[dtype] = tuple(numbers)
    return states


def _held(name: str, argument: str, value: Any, dtype: str) -> float:
    """A value as a number of a dtype; ``RecordError`` if it does not fit. Floats are rounded, but not to infinity."""
    got = errors.type_name(value)
    try:
        number = _number(value)
        own = find_dtype(dtype)
        assert own is not None  # declarations name dtypes
        rounded = _native.full((), number, own, name, argument).item()
    except (ArithmeticError, TypeError, ValueError):  # of an array, Decimal("sNaN"), 10**400, a float for an integer
        rounded = None
    is_floating = dtype in (*FLOATS, *COMPLEX)
    if rounded is None or (rounded != number and not is_floating):
        errors.reject(errors.RecordError, name, argument, f"fit {dtype}", got)
    for part, whole in ((rounded.real, number.real), (rounded.imag, number.imag)):
        if part in (INFINITY, -INFINITY) and whole != part:
            errors.reject(errors.RecordError, name, argument, f"fit {dtype}", got)
    return number if is_floating else int(rounded)


def _number(value: Any) -> float:
    """A value as a Python number; a 0-d array has ``__index__`` even if it is not an integer."""
    if not hasattr(value, "__float__") or isinstance(value, complex):
        return value.__index__() if hasattr(value, "__index__") else complex(value)  # type: ignore[return-value]
    try:
        return value.__index__() if hasattr(value, "__index__") else float(value)
    except TypeError:
        return float(value)


def operator_of(record: Record) -> Operator:
    """The operator that a record declares; it has no kernels yet."""
    encoded = encode(record)
    operator = _native.declare(record, record.name, " ".join(record.parameters), encoded.fields, encoded.variants)
    operator.__module__ = module_of(record)
    return operator


def declaration(operator: Operator) -> Record:
    """The record of a declared operator."""
    record = operator._record
    assert record is not None  # who calls this has a declared one
    return record


def derivative_of(operator: Operator) -> Any:
    """The operator of a declared operator's derivative; while there is none, the decorator that declares it."""
    record = declaration(operator)
    if record.gradient is not None:
        return record.gradient.operator

    def declare(function: Scalar, *values: Any, **options: Any) -> Scalar:
        if values or options or not callable(function):
            name = name_of(operator)
            errors.wrong_call(f"{name} has no derivative; declare it with @{name}.derivative")
        if record.gradient is not None:
            errors.wrong_call(f"{name_of(operator)} has a derivative already; declare it once")
        takes = ", ".join((*record.derivative_inputs, "y", "g"))
        record.derivative(_scalar_function("derivative", function, takes), FLOATS + COMPLEX)
        gradient = record.gradient
        assert gradient is not None  # it has just been declared
        gradient.namespace = record.namespace
        gradient.operator = operator_of(gradient)
        return function

    return declare


def name_of(operator: Operator) -> str:
    """The name of a declared operator: that of the module's variable that holds it, or of its function."""
    record = declaration(operator)
    found = record.variable
    if found != record.name:
        record.name = found
        _native.rename(operator, found)
    return found


def module_of(record: Any) -> str:
    """The name of the module that declares an operator; code that is executed in a dict of its own has none."""
    return str(record.namespace.get("__name__", "__main__"))
