"""What counts as an operand, for operators, Python's special methods, assignment and statistics alike.

An operand is a tensor, a Python number (weak: it takes on the dtype of the tensors beside it), lists, tuples and
ranges of numbers, or anything with the buffer protocol, such as NumPy's arrays and scalars, which have a dtype.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype
from aotops.dtypes import float64
from aotops.namespace.creation import has_buffer, read

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


def is_operand(value: Any) -> bool:
    """Whether operators take a value."""
    if isinstance(value, (Tensor, list, tuple, range)) or _native.is_number(value):
        return True
    return not isinstance(value, (bytes, bytearray, str)) and has_buffer(value) and not has_own_operators(value)


def has_own_operators(value: Any) -> bool:
    """Whether a type handles operators with arrays itself, by NumPy's protocols for that.

    ``numpy.ma.MaskedArray`` and ``numpy.matrix`` do: as arrays they would lose their mask or their meaning of ``*``.
    """
    kind = type(value)
    priority = getattr(kind, "__array_priority__", 0)
    return (isinstance(priority, (int, float)) and priority > 0) or getattr(kind, "__array_ufunc__", 0) is None


def is_foreign_number(value: Any) -> bool:
    """Whether a value is a number of a type that tensors do not know: ``Fraction``, ``Decimal``, complex."""
    import sys

    numbers = sys.modules.get("numbers")  # imported by whatever module defines such numbers
    foreign = isinstance(value, (complex, numbers.Number) if numbers else complex)
    return foreign and not _native.is_number(value)


def as_operand(name: str, argument: str, value: Any) -> Tensor | float:
    """A value as an argument of an operator: a tensor, or a Python number as it is.

    Raises ``TypeError`` for other values, and what ``asarray`` raises for their contents; messages name the operator.
    """
    if isinstance(value, Tensor) or _native.is_number(value):
        number: Tensor | float = value
        return number
    if not is_operand(value):
        errors.wrong_operand(name, argument, value)
    return read(name, argument, value, None)


def in_dtype(name: str, argument: str, operand: Tensor | float, dtype: DType) -> Tensor:
    """An operand in the dtype that it was promoted to; ``OverflowError`` for a Python int that this cannot hold."""
    if not isinstance(operand, Tensor):
        return _native.full((), operand, dtype, name, argument)
    tensor: Tensor = astype(operand, dtype, copy=False)
    return tensor


def as_tensor(name: str, argument: str, value: Any) -> Tensor:
    """The same, a Python number as a tensor too."""
    operand = as_operand(name, argument, value)
    return operand if isinstance(operand, Tensor) else read(name, argument, operand, None)


def as_integers(name: str, argument: str, value: Any, kind: type[Exception] = OverflowError) -> Tensor:
    """The same, where only integers are of use: for one that is too large, the error advises no other dtype."""
    try:
        return as_tensor(name, argument, value)
    except OverflowError as error:
        errors.without_advice(kind, error)


def as_real(name: str, argument: str, value: Any) -> Tensor:
    """A value as a tensor of other than complex numbers; ``TypeError`` for these."""
    tensor = as_tensor(name, argument, value)
    if tensor.dtype.kind == "complex":
        errors.not_real(name, argument, tensor.dtype.name)
    return tensor


def as_floats(name: str, argument: str, value: Any) -> Tensor:
    """The same, of floats: in float64 where its dtype is none."""
    tensor = as_real(name, argument, value)
    return tensor if tensor.dtype.kind == "float" else _native.astype(tensor, float64)


def foreign_astype(x: Any, dtype: Any, copy: bool) -> Any:
    """What another library makes of ``aotops.astype`` of its array; ``TypeError`` for what is no array at all."""
    from aotops import foreign

    result = foreign.call(astype, (x, dtype), {"copy": copy})
    return errors.wrong_type("astype", "x", "a Tensor", x) if result is NotImplemented else result
