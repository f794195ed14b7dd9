"""The arguments of array kernels and of whole-array functions, and what they give back."""

from __future__ import annotations

import sys

from aotops import _native, errors
from aotops.abi import CATEGORIES, FACTS
from aotops.dtypes import find_dtype

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from aotops.tensors import Tensor


def check_options(name: str, boundscheck: Any, reassociate: Any) -> None:
    """Raise ``TypeError`` for options of a declaration that are not bools."""
    for option, value in (("boundscheck", boundscheck), ("reassociate", reassociate)):
        if not isinstance(value, bool):
            errors.wrong_type(name, option, "a bool", value)


def dtype_named(name: str) -> _native.DType:
    """A dtype by its name."""
    found = find_dtype(name)
    assert found is not None  # signatures have names of dtypes alone
    return found


def number_category(number: Any) -> str:
    """The category of a Python number."""
    category = "bool" if isinstance(number, bool) else "integer" if isinstance(number, int) else "float"
    return "complex" if isinstance(number, complex) else category


def number_fits(number: Any, dtype: str) -> bool:
    """Whether a Python number is of a category that a dtype holds."""
    return CATEGORIES.index(number_category(number)) <= CATEGORIES.index(FACTS[dtype].category)


def number_tensor(name: str, parameter: str, number: Any, dtype: _native.DType) -> Tensor:
    """A Python number as a tensor without dimensions; ``OverflowError`` if it does not fit."""
    from aotops.namespace.creation import read

    try:
        return read(name, parameter, number, dtype)
    except OverflowError:  # which advises to create a tensor of another dtype, which the function would not take
        errors.cannot_fit(name, parameter, dtype.name, number, "")


def shared(name: str, parameter: str, value: Any) -> Tensor:
    """A tensor on the memory of an argument that is written to; ``TypeError`` or ``ValueError`` if there is none."""
    from aotops.namespace.creation import is_memory, read

    if not is_memory(value):
        wanted = f"be an array in memory, since {name} writes to it"
        errors.reject(TypeError, name, parameter, wanted, errors.type_name(value), "make one with numpy.array")
    try:
        return read(name, parameter, value, None, False)
    except ValueError:
        wanted = f"be aligned, since {name} writes to it"
        errors.reject(ValueError, name, parameter, wanted, f"{type(value).__name__} that would have to be copied")


def remade(value: tuple[Any, ...], members: Iterable[Any]) -> Any:
    """A tuple of other members, named if another one is."""
    return tuple(members) if type(value) is tuple else value._make(members)  # type: ignore[attr-defined]


def as_given(result: Any, inputs: Sequence[Any]) -> Any:
    """Tensors, also in tuples, as NumPy's arrays if there are some among the inputs and no tensors."""
    numpy = sys.modules.get("numpy")
    tensor = _native.TensorBase
    if numpy is None or not any(isinstance(each, numpy.ndarray) for each in inputs):
        return result
    if any(isinstance(each, tensor) for each in inputs):
        return result

    def converted(value: Any) -> Any:
        if isinstance(value, tuple):
            return remade(value, map(converted, value))
        return numpy.asarray(value) if isinstance(value, tensor) else value

    return converted(result)


def named_tuple(name: str, place: str, members: tuple[Any, ...]) -> Any:
    """The named tuple that a whole-array function returns, of a class at a place: its module, and its name in that.

    ``ImportError`` if it is not what the function was compiled with.
    """
    module, _, path = place.partition("\n")
    own: Any = __import__(module, fromlist=("",))
    for part in path.split("."):
        own = getattr(own, part, None)
    if not (isinstance(own, type) and issubclass(own, tuple) and len(getattr(own, "_fields", ())) == len(members)):
        wanted = f"be a class of named tuples with {len(members)} members, as when {name} was built"
        errors.reject(ImportError, name, f"{module}.{path}", wanted, errors.type_name(own), "build it again")
    return own._make(members)  # type: ignore[attr-defined]
