"""Whole-array functions: ``function`` declares functions of arrays and numbers that return arrays and numbers.

The first call finds the code (``aotops.first_call``); every call chooses a signature by the dtypes and dimensions of
its arguments, and leaves the rest to C.
"""

from __future__ import annotations

import sys

from aotops import _native, errors, foreign
from aotops.abi import DEFAULTS, holding
from aotops.arguments import advised
from aotops.user.array_arguments import (
    as_given,
    check_options,
    dtype_named,
    number_category,
    number_fits,
    number_tensor,
    remade,
    shared,
)
from aotops.user.array_record import is_positional
from aotops.user.array_types import TupleArgument, read_signature
from aotops.user.function_record import COLUMN_MAJOR, ROW_MAJOR, WRITES, FunctionRecord, FunctionSignature

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from aotops.tensors import Tensor
    from aotops.user.array_types import Argument


@advised
def function(signature: Any = None, /, *, boundscheck: bool = True, reassociate: bool = False) -> Any:
    """Declare a whole-array function: a plain function of arrays and numbers that is compiled ahead of time.

    Unlike an array kernel (``aotops.kernel``) it has no layout and no batch: it gets its arguments (arrays, numbers,
    tuples of them) as they are, may write to arrays, and returns what it computes: nothing, numbers, arrays of any
    dimensions, or tuples of them.

    Parameters:
        signature: The types of the arguments, and of what is returned, as Numba writes them:
            ``"(float64[:, :], int64) -> float64"`` or ``"float64(float64[:, :], int64)"``; or a signature object of
            Numba's; or a list of several signatures. Without the type of the result, the function returns what it
            returns. ``float64[:]`` takes arrays of any strides, ``float64[::1]`` contiguous ones,
            ``(int64, float64[:])`` tuples, ``NamedTuple((int64, float64), Span)`` those of the module's class ``Span``.
            A signature may leave out last parameters that have defaults: these are constants then, None among them.
            In place of a signature: a function that Numba's ``njit`` has decorated with one.
        boundscheck: Whether indices are checked. Without this, an index out of bounds reads or writes memory of
            others: it is the one way in which a function can crash.
        reassociate: Whether sums and products of floats may be computed in another order, as in ``aotops.kernel``.

    Returns:
        A decorator, which returns an ``ArrayFunction``; or that, of a function of Numba's.

    Raises:
        TypeError: The decorated object is not a Python function.
        RecordError: A signature is malformed, or does not fit the function; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> @ao.function("(float64[:], float64) -> (int64, float64)")
        ... def first_above(x, limit):
        ...     for i in range(x.shape[0]):
        ...         if x[i] > limit:
        ...             return i, x[i]
        ...     return -1, limit
        >>> first_above
        <array function first_above '(float64[:], float64) -> (int64, float64)'>
    """
    namespace = sys._getframe(2).f_globals  # the frame of the ``advised`` wrapper is in between
    if signature is None or (callable(signature) and not hasattr(signature, "return_type")):
        found = getattr(signature, "nopython_signatures", None)  # of a function of njit
        if not found or getattr(signature, "_can_compile", False):
            advice = 'write @aotops.function("(float64[:], int64) -> float64")'
            if hasattr(signature, "gufunc_builder"):
                advice = "pass functions of guvectorize to aotops.kernel"
            elif hasattr(getattr(signature, "_dispatcher", None), "py_func"):
                advice = "pass functions of vectorize to aotops.map or aotops.zip"
            wanted = "be signatures, or a function that Numba has compiled for declared ones"
            errors.reject(TypeError, "function", "signature", wanted, errors.type_name(signature), advice)
        return _declared(signature, list(found), (boundscheck, reassociate), namespace)
    return lambda function: _declared(function, signature, (boundscheck, reassociate), namespace)


def _declared(function: Any, given: Any, options: tuple[Any, Any], namespace: dict[str, Any]) -> ArrayFunction:
    from aotops.scalar.functions import plain

    function = plain(function)
    if not isinstance(function, type(_declared)):
        errors.wrong_type("function", "function", "a Python function", function)
    name = function.__name__
    check_options(name, *options)
    if not is_positional(function):
        wanted = "have parameters that are given by position, without * and **"
        errors.reject(TypeError, "function", name, wanted, "another signature")
    rows = given if isinstance(given, list) else [given]
    signatures = tuple([FunctionSignature(*read_signature(name, each, function.__globals__)) for each in rows])
    if not signatures:
        errors.reject(errors.RecordError, name, "signature", "be one at least", "an empty list")
    record = FunctionRecord(function, signatures, *options, namespace)  # type: ignore[arg-type]
    return ArrayFunction(record)


class ArrayFunction:
    """A whole-array function, declared with ``aotops.function``.

    Attributes:
        signatures: what it is compiled for, as strings.
        parameters: the names of its parameters.
        py_func: the Python function.

    Example:
        >>> import aotops as ao
        >>> half = ao.function("(float64[:]) -> float64")(lambda x: x[0] / 2)
        >>> half.signatures, half.parameters
        (('(float64[:]) -> float64',), ('x',))
    """

    def __init__(self, record: FunctionRecord) -> None:
        if not isinstance(record, FunctionRecord):
            wanted = "what aotops.function makes; write @aotops.function(signature)"
            errors.wrong_type("ArrayFunction", "record", wanted, record)
        function = record.function
        self._record = record
        self._library: Any = None
        self._numbers: tuple[int, ...] = ()
        self._flags: tuple[list[int], ...] = ()
        #: By the number of arguments: what the fast path of calls takes; see ``array_kernel.h``.
        self._codes: dict[int, tuple[Any, ...]] = {}
        #: The parameters that take tuples; others take them as arrays.
        self._tuples = {
            parameter
            for signature in record.signatures
            for parameter, own in zip(record.parameters, signature.types, strict=False)
            if isinstance(own, TupleArgument)
        }
        self.signatures = tuple(map(str, record.signatures))
        self.parameters = record.parameters
        self.py_func = self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        return f"<array function {self.__name__} {' or '.join(map(repr, self.signatures))}>"

    def __reduce__(self) -> str:
        return self.__qualname__

    def _bind(self, library: Any) -> None:
        """Take the code from a capsule; ``ImportError`` if it has none."""
        record = self._record
        found = [_native.find_array_function(library, record.symbol(k, True)) for k in range(len(record.signatures))]
        self._flags = tuple([flags for _, *flags in found])
        self._library, self._numbers = library, tuple([number for number, *_ in found])
        for count in {len(each.types) for each in record.signatures}:
            # constants of signatures that leave out the last parameters; other defaults are filled in by Python
            if any(record.defaults[each] is not None for each in self.parameters[count:]):
                continue
            pairs = [pair for pair in zip(self._numbers, record.signatures, strict=True) if len(pair[1].types) == count]
            forms = {tuple([each.form for each in signature.types]) for _, signature in pairs}
            if len(forms) == 1:  # where they differ, Python chooses the signature
                form, names = forms.pop(), pairs[0][1].names(self.parameters)
                numbers = tuple([number for number, _ in pairs])
                self._codes[count] = library, record.name, names, numbers, form if any(form) else None
        record.loaded = True

    @_native.fast_path()
    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Run the function.

        Parameters:
            arguments: Tensors, arrays, lists, numbers or tuples, by position or by name. Arrays are read and written
                where they are. An array that the function only reads may also be of a dtype that the signature's holds,
                which is copied; one that it writes to must be an array of exactly that dtype, and writable.

        Returns:
            What the function returns. Arrays are NumPy's if there are some among the arguments and no tensors, else
            tensors. They own their memory, or are views of arguments where the function returns such a view.

        Raises:
            TypeError: The arguments fit no signature.
            ValueError: An array that is written to is read-only, or would have to be copied.
            OverflowError: A number does not fit its dtype.
            NotBuiltError: There is no compiled code, and no compiler.
            Exception: What the function raises, with its file and line. Arrays may be half written then.
        """
        record = self._record
        name = record.name
        values = arguments
        if named or len(arguments) != len(record.parameters):
            values = self._arranged(arguments, named)
            if len(self._codes) == 1:  # no signature leaves out a parameter
                return self(*values)  # which C may do
        try:
            operands = self._as_operands(values)
        except TypeError:
            result = foreign.call(self, values, None)
            if result is NotImplemented:
                raise
            return result
        number = self._chosen(values, operands)
        signature = record.signatures[number]
        flags = self._flags_of(number)
        names = signature.names(record.parameters)
        leaves, members = signature.leaves_of(values), signature.leaves_of(operands)
        tensors = tuple(
            [_prepared(name, *each) for each in zip(names, leaves, members, signature.arguments, flags, strict=True)]
        )
        if self._library is None:
            from aotops.user.array_python import call_as_python

            result = call_as_python(record, signature, values, tensors)
        else:
            result = _native.run_array_function(self._library, self._numbers[number], name, names, tensors)
        return as_given(result, leaves)

    def _written(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> str | None:
        """How messages call a tensor that a call writes to; None if it writes to none, or if there is no code."""
        record, values = self._record, self._arranged(arguments, named)
        try:
            operands = self._as_operands(values)
        except TypeError:  # of another library
            return None
        number = self._chosen(values, operands)
        signature, flags = record.signatures[number], self._flags_of(number)
        found = zip(signature.names(record.parameters), signature.leaves_of(values), flags, strict=True)
        return next((name for name, leaf, own in found if own & WRITES and isinstance(leaf, _native.TensorBase)), None)

    def _flags_of(self, number: int) -> list[int]:
        """What the code of a signature does with each number and array."""
        return self._flags[number] if self._flags else [0] * self._record.signatures[number].inputs

    def _as_operands(self, values: tuple[Any, ...]) -> list[Any]:
        """The arguments as operands, once the code is found; ``TypeError`` for those of other libraries."""
        if not self._record.loaded:
            _native.load_array_kernel(self)  # which calls ``aotops.first_call``
        return [self._as_operand(parameter, value) for parameter, value in zip(self.parameters, values, strict=True)]

    def _as_operand(self, parameter: str, value: Any) -> Any:
        """A value as an operand, or a tuple of these where a signature has one; None for a default of its own."""
        record = self._record
        if value is None:
            return None
        if parameter in self._tuples and isinstance(value, tuple):
            return _member(record.name, parameter, value)
        return as_operand_or_default(record.name, parameter, value, record.defaults)

    def _arranged(self, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in the order of the parameters, with defaults for those that are left out."""
        record = self._record
        name, parameters = record.name, record.parameters
        if len(given) > len(parameters):
            required = len(parameters) - len(record.defaults)
            count = f"{required} to {len(parameters)}" if record.defaults else str(required)
            errors.wrong_call(f"{name}() takes {count} arguments ({', '.join(parameters)}), got {len(given)}")
        for key in named:
            if key not in parameters:
                errors.unexpected_keyword(name, key, ", ".join(parameters))
            if key in parameters[: len(given)]:
                errors.wrong_call(f"{name}() got multiple values for argument {key!r}")
        values = list(given)
        for index, key in enumerate(parameters[len(given) :], len(given)):
            if key not in named and key not in record.defaults:
                errors.missing_argument(name, " ".join(parameters), index)
            values.append(named[key] if key in named else record.defaults[key])
        return tuple(values)

    def _chosen(self, values: tuple[Any, ...], operands: list[Any]) -> int:
        """The number of the signature for some arguments: the first that has their dtypes, or that holds them.

        ``TypeError`` if there is none.
        """
        record = self._record
        defaults = [record.defaults.get(each, self) for each in record.parameters]
        reached = -1
        for takes in (_is_exactly, _is_nearly, _is_held):
            for number, signature in enumerate(record.signatures):
                flags = self._flags_of(number)
                at = 0
                for k, operand in enumerate(operands):
                    if k < len(signature.types):
                        own = signature.types[k]
                        own_flags = flags[at : at + len(own.leaves)]
                        at += len(own.leaves)
                        leaves = own.leaves_of(operand)
                        if leaves is None or not all(map(takes, leaves, own.leaves, own_flags)):
                            break
                    elif values[k] is not defaults[k]:
                        break  # it is a constant here
                else:
                    return number
                reached = max(reached, k) if takes is _is_held else reached
        self._reject(values, operands, reached)

    def _reject(self, values: tuple[Any, ...], operands: list[Any], argument: int) -> NoReturn:
        """Raise because an argument fits no signature that takes those before it."""
        record = self._record
        parameter, operand = record.parameters[argument], operands[argument]
        wanted, reason = [], ""
        for number, signature in enumerate(record.signatures):
            if argument < len(signature.types):
                own = signature.types[argument]
                at = sum([len(each.leaves) for each in signature.types[:argument]])
                flags = self._flags[number][at : at + len(own.leaves)] if self._flags else []
                wanted.append(own.described())
                if any(each & WRITES for each in flags):
                    reason = f", since {record.name} writes to it"
            else:
                wanted.append("left out")
        got = _spelled(values[argument], operand)
        errors.reject(TypeError, record.name, parameter, f"be {' or '.join(dict.fromkeys(wanted))}{reason}", got)


FunctionRecord.public = ArrayFunction


def _spelled(value: Any, operand: Any) -> str:
    """What an argument is, for messages."""
    if isinstance(operand, tuple):
        members = ", ".join([_spelled(*each) for each in zip(value, operand, strict=True)])
        return f"{type(value).__name__} ({members})"
    if not isinstance(operand, _native.TensorBase):
        return errors.type_name(value)
    plural = "s" * (operand.ndim != 1)
    return f"{type(value).__name__} of {operand.dtype.name} with {operand.ndim} dimension{plural}"


def _member(name: str, called: str, value: Any) -> Any:
    """A tuple, or a member of one, as an operand: tuples of operands are tuples, named as they are."""
    from aotops.namespace.operands import as_operand

    if not isinstance(value, tuple):
        return as_operand(name, called, value)
    names = getattr(value, "_fields", None)
    members = [
        _member(name, f"{called}[{k}]" if names is None else f"{called}.{names[k]}", each)
        for k, each in enumerate(value)
    ]
    return tuple(members) if names is None else remade(value, members)


def as_operand_or_default(name: str, parameter: str, value: Any, defaults: dict[str, Any]) -> Any:
    """A value as an operand; a default that is none, such as a string, as it is."""
    from aotops.namespace.operands import as_operand, is_operand

    if parameter in defaults and value is defaults[parameter] and not is_operand(value):
        return None
    return as_operand(name, parameter, value)


def _is_exactly(operand: Any, own: Argument, flags: int) -> bool:
    """Whether an operand has the type of an argument; Python's numbers have their default dtypes."""
    if operand is None:
        return False
    if _native.is_number(operand):
        return not own.rank and DEFAULTS[number_category(operand)] == own.dtype
    return bool(operand.ndim == own.rank and operand.dtype.name == own.dtype)


def _is_nearly(operand: Any, own: Argument, flags: int) -> bool:
    """The same, but Python's numbers fit any dtype of their category or a larger one."""
    if operand is not None and _native.is_number(operand):
        return not own.rank and number_fits(operand, own.dtype)
    return _is_exactly(operand, own, flags)


def _is_held(operand: Any, own: Argument, flags: int) -> bool:
    """The same, but the argument may also hold the operand's dtype, unless it is written to."""
    if _is_nearly(operand, own, flags):
        return True
    if operand is None or _native.is_number(operand) or flags & WRITES:
        return False
    return bool(operand.ndim == own.rank and own.dtype in holding(operand.dtype.name))


def _prepared(name: str, parameter: str, value: Any, operand: Any, own: Argument, flags: int) -> Tensor:
    """An operand as the tensor that C gets; a copy where it has another dtype or order."""
    dtype = dtype_named(own.dtype)
    if _native.is_number(operand):
        return number_tensor(name, parameter, operand, dtype)
    if flags & WRITES:
        return operand if value is operand else shared(name, parameter, value)
    tensor: Tensor = operand if operand.dtype is dtype else _native.astype(operand, dtype)
    if flags & ROW_MAJOR:
        return tensor.contiguous()
    if flags & COLUMN_MAJOR and not tensor.permute(*range(tensor.ndim)[::-1]).is_contiguous():
        backwards = tuple(range(tensor.ndim)[::-1])
        return tensor.permute(*backwards).contiguous().permute(*backwards)
    return tensor
