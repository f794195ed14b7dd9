"""What the messages say: one function for each kind of error that the glue reports, and ``AxisError``.

Each function raises. Messages name the operation and the argument, what it got and what it wanted.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from aotops._native import Operator

Shape = tuple[int, ...]


class AxisError(ValueError, IndexError):
    """An axis that the tensor does not have; caught as ``ValueError`` or ``IndexError``, as NumPy's is.

    >>> import aotops as ao
    >>> ao.sum(ao.ones((2, 3)), axis=2)
    Traceback (most recent call last):
    aotops.errors.AxisError: axis must be from -2 to 1 for a tensor of 2 dimensions, got 2
    """


class RecordError(ValueError):
    """The declaration of an operator that contradicts itself; the message names the operator."""


class GradientError(RuntimeError):
    """A derivative that finite differences contradict; the message says where, and what both are."""


class NotBuiltError(RuntimeError):
    """An operator of a user that has no compiled kernels, called where nothing could compile them."""


class BuildError(RuntimeError):
    """Kernels cannot be compiled; the message says which and why, or what to install."""


def not_built(name: str, place: str, reason: str, command: str) -> NoReturn:
    """An operator that cannot run."""
    build = f"Build it with `{command}`" if command else "Declare it in a module that can be built"
    raise NotBuiltError(
        f"{name} ({place}) {reason}. {build} where Numba is installed (pip install 'aotops[build]'), "
        "or set AOTOPS_PYTHON=1 to run it, slowly, as plain Python."
    )


def wrong_outs(name: str, wanted: int, got: Any) -> NoReturn:
    """An ``out`` that is not as many tensors as there are results."""
    count = f"a tuple of {len(got)}" if isinstance(got, tuple) else type_name(got)
    raise TypeError(f"{name}: out must be a tuple of {wanted} Tensors, one for each result, got {count}")


def shown(value: Any) -> str:
    """A string or a number as messages show it: not at such a length that nobody would read the rest."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"an int of {value.bit_length()} bits"  # Python writes out no int of over 4300 digits
    if isinstance(value, str) and len(value) > 60:
        return f"{value[:60]!r}..."
    return repr(value)


def type_name(value: Any) -> str:
    """How messages call the type of a value."""
    return f"{type(value).__name__} {shown(value)}" if isinstance(value, (str, int, float)) else type(value).__name__


def too_many_dimensions(argument: str, got: tuple[Any, ...] | list[Any] | range) -> NoReturn:
    """A shape, or axes, of more lengths than a tensor can have."""
    try:
        count = str(len(got))
    except OverflowError:
        count = "more than 2**63 - 1"
    raise ValueError(f"a tensor has at most 32 dimensions, got {count} in {argument}")


def too_large(argument: str, got: int) -> NoReturn:
    """A length or a stride that no memory has."""
    raise ValueError(f"{argument} must be of ints below 2**63, got {shown(got)}")


def wrong_type(name: str, argument: str, wanted: str, got: Any) -> NoReturn:
    """An argument of a type that cannot be used."""
    hint = "" if isinstance(got, (str, type(None))) or wanted != "a Tensor" else "; make one with aotops.asarray"
    raise TypeError(f"{name}: {argument} must be {wanted}, got {type_name(got)}{hint}")


def wrong_operand(name: str, argument: str, got: Any) -> NoReturn:
    """An argument that no operator takes."""
    raise TypeError(
        f"{name}: {argument} must be a Tensor, a Python number, an array or lists of numbers, "
        f"got {type_name(got)}{advice(got)}"
    )


def advice(value: Any) -> str:
    """What to write in place of a value that is no number and no array."""
    kind = type(value)
    if isinstance(value, complex):
        return "; there is no complex dtype"
    if isinstance(value, (str, bytes, type(None))):
        return ""
    if not hasattr(kind, "__len__"):
        for method, conversion in (("__index__", "int"), ("__float__", "float")):
            if hasattr(kind, method):
                return f"; convert with {conversion}"
    if isinstance(value, dict):
        return "; take list(...) of its values"
    if hasattr(kind, "__next__") or isinstance(value, (set, frozenset)):
        return "; make a list of it with list(...)"
    try:
        memoryview(value).release()
    except (TypeError, ValueError, BufferError):
        return ""
    return "; make a Tensor with aotops.asarray"


def out_of_bounds(number: float, dtype: str) -> NoReturn:
    """A Python number that a dtype cannot hold."""
    if number != number:
        raise ValueError(f"Python float nan cannot be converted to {dtype}")
    if isinstance(number, int) and number.bit_length() > 200:
        shown = f"int of {number.bit_length()} bits"  # Python writes out none of over 4300 digits
    else:
        shown = f"{'int' if isinstance(number, int) else 'float'} {number!r}"
    raise OverflowError(f"Python {shown} is out of bounds for {dtype}")


def unfit_argument(name: str, argument: str, number: float, dtype: str) -> NoReturn:
    """An argument that is a Python number beyond the dtype that the operator computes in."""
    try:
        out_of_bounds(number, dtype)
    except OverflowError as error:
        raise OverflowError(f"{name}: {argument} must fit {dtype}: {error}") from None


def no_in_place(symbol: str, got: Any) -> NoReturn:
    """An in-place operator that tensors do not have; NumPy's arrays would answer it with an object of their own."""
    raise TypeError(f"unsupported operand type(s) for {symbol}: 'Tensor' and {type(got).__name__!r}")


def wrong_count(name: str, parameters: str, wanted: int, given: int) -> NoReturn:
    """Too many or too few positional arguments."""
    names = parameters.split()
    count = f"{wanted} to {len(names)}" if wanted < len(names) else str(wanted)
    plural = "s" * (len(names) != 1)
    advice = "; what follows them, as out=, is given by name" if given > len(names) else ""
    if name.endswith(".derivative") and given == 1:  # what a second `@f.derivative` calls
        advice = "; it is declared already, and can be declared once"
    raise TypeError(f"{name}() takes {count} positional argument{plural} ({', '.join(names)}), got {given}{advice}")


def unexpected_keyword(name: str, key: str, valid: str) -> NoReturn:
    """A keyword argument that the operator does not have, or has been given by position."""
    if key in valid.split(", "):
        raise TypeError(f"{name}() got multiple values for argument {key!r}")
    raise TypeError(f"{name}() got an unexpected keyword argument {key!r}; it takes {valid}")


def unexpected_operand(name: str, key: str, parameters: str) -> NoReturn:
    """A keyword argument that an elementwise operator does not have, or has been given by position."""
    unexpected_keyword(name, key, ", ".join([*parameters.split(), "out"]))


def axis_needed(name: str, ndim: int) -> NoReturn:
    """A scan of several dimensions, or none, that does not say along which."""
    raise ValueError(f"{name}: axis may only be left out for a tensor of 1 dimension, x has {ndim}")


def wrong_dtypes(operator: Operator, dtypes: tuple[str, ...]) -> NoReturn:
    """Inputs of dtypes that an operator cannot compute with."""
    first = next(k for k, name in enumerate(operator.parameters) if name not in operator.fixed)
    takes = ", ".join(dict.fromkeys(signature[first].name for signature in operator.dtypes))
    raise TypeError(
        f"{operator.__name__}: {', '.join(operator.parameters)} must be of one of the dtypes {takes}, "
        f"got {' and '.join(dtypes)}; convert with astype"
    )


def wrong_fixed_dtype(name: str, argument: str, wanted: str, got: str) -> NoReturn:
    """An input whose dtype does not depend on the others, given in one that it cannot be cast from."""
    raise TypeError(f"{name}: {argument} must be of dtype {wanted}, got {got}; convert with astype")


def wrong_result_dtype(operator: Operator, dtype: str) -> NoReturn:
    """A ``dtype`` in which a reduction cannot compute."""
    takes = ", ".join(signature[-1].name for signature in operator.dtypes if signature[-1] == signature[-2])
    raise TypeError(f"{operator.__name__}: dtype must be one of {takes}, got {dtype}")


def cannot_broadcast(name: str, parameters: str, shapes: tuple[Shape, ...]) -> NoReturn:
    """Shapes that do not go together."""
    named = ", ".join(f"{parameter} {shape}" for parameter, shape in zip(parameters.split(), shapes, strict=True))
    raise ValueError(f"{name}: shapes must broadcast together, got {named}")


def too_many_elements(name: str, shapes: tuple[Shape, ...], together: Shape) -> NoReturn:
    """A reduction over more elements than can be counted, of inputs that are broadcast together."""
    given = " and ".join(str(shape) for shape in shapes)
    raise ValueError(
        f"{name}: inputs must have at most 2**63 - 1 elements together, got shapes {given}, together {together}"
    )


def wrong_out_shape(name: str, got: Shape, wanted: Shape) -> NoReturn:
    """An ``out`` of another shape than the result."""
    raise ValueError(f"{name}: out must have the shape of the result {wanted}, got {got}")


def cannot_cast_out(name: str, source: str, target: str) -> NoReturn:
    """An ``out`` whose dtype cannot hold the result."""
    raise TypeError(f"{name}: out must be able to hold a result of dtype {source}, got a tensor of dtype {target}")


def cannot_assign_shape(source: Shape, target: Shape) -> NoReturn:
    """An assignment of a shape that does not broadcast to the target's."""
    raise ValueError(f"assignment: the value must broadcast to the shape {target}, got {source}")


def nothing_to_reduce(name: str, shape: Shape) -> NoReturn:
    """A reduction without an identity over no elements."""
    raise ValueError(f"{name}: x must have elements along the axes that fold away, got shape {shape}")


def item_of_many(shape: Shape) -> NoReturn:
    """``item`` of a tensor that has not exactly one element."""
    raise ValueError(
        f"item: the tensor must have exactly one element, got shape {shape}; say which as item(index), or use tolist()"
    )


def ambiguous_truth(shape: Shape) -> NoReturn:
    """The truth of a tensor that has not exactly one element."""
    raise ValueError(f"the truth of a tensor of shape {shape} is ambiguous: reduce it to one element")


def no_length(what: str) -> NoReturn:
    """The length of a 0-d tensor, or iteration over it."""
    raise TypeError(f"{what} {'of' if what == 'len()' else 'over'} a 0-d tensor")


def no_index(shape: Shape, dtype: str) -> NoReturn:
    """A tensor in place of an int that is none."""
    raise TypeError(f"only a 0-d integer tensor is an index, got shape {shape} and dtype {dtype}")


def unsupported_buffer(exporter: type, format: str, dtypes: Iterable[str], advice: str) -> NoReturn:
    """A buffer whose elements are of no dtype that a tensor can have."""
    raise TypeError(
        f"asarray: a buffer must hold native elements of dtype {', '.join(dtypes)}, "
        f"got {exporter.__name__} with format {format!r}{advice}"
    )
