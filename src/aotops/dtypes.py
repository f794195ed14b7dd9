"""Dtypes: the objects, conversion of other specifications to them, and promotion."""

from __future__ import annotations

import sys

from aotops import _native
from aotops._native import DType

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    import builtins
    from typing import Any

    def __getattr__(name: str) -> _native.DType:
        """Each dtype is a variable of the module."""


BY_NAME = {dtype.name: dtype for dtype in _native.dtypes}
globals().update(BY_NAME)

#: The dtypes that Python's number types specify.
DEFAULTS = {
    type(True): BY_NAME["bool"],
    int: BY_NAME["int64"],
    float: BY_NAME["float64"],
    complex: BY_NAME["complex128"],
}

#: The same by name, as NumPy accepts them, and others of NumPy's names.
OTHER_NAMES = {"int": BY_NAME["int64"], "float": BY_NAME["float64"], "complex": BY_NAME["complex128"]}
OTHER_NAMES |= {"single": BY_NAME["float32"], "double": BY_NAME["float64"], "?": BY_NAME["bool"]}

#: The codes of the array interface, "f4" and "<i8", but for what says that they are in the byte order of the machine.
CODES = {f"{dtype.name[0]}{dtype.itemsize}": dtype for dtype in _native.dtypes}


#: How they say that, too.
NATIVE = "<" if sys.byteorder == "little" else ">"


def find_dtype(value: Any) -> DType | None:
    """Return the dtype that a value specifies, or None."""
    if isinstance(value, DType):
        return value
    if isinstance(value, type) and value in DEFAULTS:
        return DEFAULTS[value]
    name = value
    if not isinstance(value, str):
        name = getattr(value, "name", getattr(value, "__name__", None))  # of NumPy's dtypes, of their scalars' types
        if name == "bool_":  # NumPy 1's
            return BY_NAME["bool"]
    if not isinstance(name, str):
        return None
    found = BY_NAME.get(name) or OTHER_NAMES.get(name)
    return found or CODES.get(name[1:] if name[:1] in ("=", "|", NATIVE) else name)


def is_dtype(value: Any) -> builtins.bool:
    """Return whether a value specifies a dtype."""
    return find_dtype(value) is not None


def as_dtype(function: str, argument: str, value: Any) -> DType:
    """Read a dtype: one of aotops, its name, a Python number type or its name, or one of NumPy's of the same name.

    Raises ``TypeError``, in the name of a function and its argument, for anything else.
    """
    dtype = find_dtype(value)
    if dtype is None:
        from aotops.errors import wrong_dtype

        wrong_dtype(function, argument, BY_NAME, value)
    return dtype


def promote(*dtypes: DType) -> DType:
    """Return the dtype that all promote to, as defined by ``numpy.result_type``.

    >>> import aotops as ao
    >>> ao.dtypes.promote(ao.int64, ao.float32)
    aotops.float64
    """
    from aotops import abi  # not needed by a first operation, so not imported with aotops

    return BY_NAME[abi.promote(*[dtype.name for dtype in dtypes])]


def promote_number(dtype: DType, number: complex) -> DType:
    """Return the dtype that a tensor and a Python number, which is weak, promote to."""
    from aotops import abi

    return BY_NAME[abi.promote_number(dtype.name, number_dtype(number).kind)]


def can_cast(source: DType, target: DType) -> builtins.bool:
    """Return whether ``out`` of a dtype accepts results of another, by NumPy's rule "same_kind"."""
    from aotops import abi

    return abi.can_cast(source.name, target.name)


def number_dtype(number: complex) -> DType:
    """Return the default dtype of a Python number."""
    return next(dtype for kind, dtype in DEFAULTS.items() if isinstance(number, kind))
