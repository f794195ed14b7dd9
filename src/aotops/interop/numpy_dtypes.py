"""NumPy's dtypes beside aotops': ``numpy.dtype(aotops.float32)`` and ``aotops.float32 == numpy.float32``.

NumPy is never imported here: without it nobody asks for its dtypes, and nothing is equal to one.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any


def as_numpy(name: str) -> Any:
    """NumPy's dtype of a name, for ``DType.__numpy_dtype__``, and for ``DType.dtype``, which NumPy before 2.4 reads."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        from aotops.errors import no_numpy_dtype

        no_numpy_dtype(name)
    return numpy.dtype(name)


#: The dtypes that Python's types of numbers stand for, as in NumPy.
OF_PYTHON = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


def equals(name: str, other: Any) -> bool:
    """Whether a value is NumPy's dtype of a name, in native byte order, or the type of its scalars, or Python's."""
    if isinstance(other, type) and other in OF_PYTHON:
        return OF_PYTHON[other] == name
    numpy = sys.modules.get("numpy")
    dtype = getattr(numpy, "dtype", None)
    if dtype is None:  # it is not imported, or is being imported just now
        return False
    return bool(dtype(name) == other if isinstance(other, dtype) else dtype(name).type is other)


def parts() -> tuple[Any, ...] | None:
    """What fast paths need of NumPy, once it is imported; else None. See ``know_numpy`` in ``array_call.c``."""
    numpy: Any = sys.modules.get("numpy")
    if getattr(numpy, "asarray", None) is None:  # it is not imported, or is being imported just now
        return None
    from aotops.abi import FACTS

    dtypes = [numpy.dtype(name) for name in FACTS]
    return sys.intern("dtype"), numpy.ndarray, numpy.generic, numpy.empty, numpy.asarray, *dtypes
