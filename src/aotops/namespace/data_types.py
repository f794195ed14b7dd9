"""Data types: which dtype several values compute in."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import fast_path
from aotops.arguments import advised
from aotops.dtypes import BY_NAME, as_dtype, is_dtype, number_dtype, promote, promote_number

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType


def as_scalar(value: Any) -> Any:
    """A scalar of a dtype that aotops lacks, such as NumPy's int8, as the operand that it is to operators."""
    dtype = getattr(value, "dtype", None)
    if (
        dtype is None
        or isinstance(value, (type, _native.DType, _native.TensorBase))
        or getattr(value, "shape", None) != ()
    ):
        return value
    if is_dtype(dtype):
        return value
    from aotops.namespace.buffers import foreign_number

    number = foreign_number("result_type", "each value", value)
    if isinstance(number, int):
        return number if number >= 2**63 else BY_NAME["int64"]
    return value if number is None else BY_NAME["float32"]


def named_dtype(value: Any) -> Any:
    """What may specify a dtype: that of an array, anything else itself."""
    return value if isinstance(value, (type, _native.DType)) else getattr(value, "dtype", value)


@fast_path()
@advised
def result_type(*values: Any) -> DType:
    """Return the dtype that operators compute in for some values.

    Parameters:
        *values: Tensors, arrays, dtypes or Python numbers. Python numbers are weak: beside a tensor they only say
            whether the result must be at least an integer or a float. NumPy scalars are not weak: they have their own
            dtype.

    Returns:
        A dtype; of Python numbers alone the default one, bool, int64 or float64.

    Raises:
        TypeError: There are no values, or one is something else.

    Example:
        >>> import aotops as ao
        >>> ao.result_type(ao.ones(3, dtype=ao.float32), 2.5)
        aotops.float32
    """
    values = tuple([as_scalar(value) for value in values])
    strong = [
        value.dtype
        if isinstance(value, _native.TensorBase)
        else as_dtype("result_type", "each value", named_dtype(value))
        for value in values
        if not _native.is_number(value)
    ]
    weak = [value for value in values if _native.is_number(value)]
    if not strong and not weak:
        errors.reject(TypeError, "result_type", "values", "be at least one tensor, dtype or Python number", "none")
    result = strong[0] if strong else number_dtype(weak[0])
    for dtype in strong[1:]:
        result = promote(result, dtype)
    for number in weak:
        result = promote_number(result, number)
    return result
