"""Sorted elements, and the positions that sort them."""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import astype, fast_path
from aotops.arguments import advised, as_flag
from aotops.dtypes import BY_NAME
from aotops.namespace.operands import as_tensor
from aotops.shapes import normalize_axes

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operand
    from aotops.tensors import Tensor


#: Positions in longer rows have more than 32 bits, and only elements of 64 bits are sorted with them.
MOST_PACKED = 2**32


@fast_path()
@advised
def sort(x: Operand, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Sort the elements along an axis.

    Parameters:
        x: A tensor, an array or lists of numbers.
        axis: The axis.
        descending: Whether the largest comes first.
        stable: Whether equal elements (0.0 and -0.0, two NaN) keep their order. They always do.

    Returns:
        A new tensor of the same shape and dtype, in row-major order.

    Raises:
        TypeError: ``x`` is no operand or has complex numbers, or the axis is not an int.
        ValueError: The axis does not exist (this is an ``IndexError`` as well).
        MemoryError: There is not enough memory.

    Special cases:
        NaN comes last, also in descending order.

    Example:
        >>> import aotops as ao
        >>> ao.sort(ao.tensor([3, 1, 2]))
        tensor([1, 2, 3])
        >>> ao.sort(ao.tensor([3, 1, 2]), descending=True)
        tensor([3, 2, 1])
    """
    return ordered("sort", x, axis, descending, stable, False)


@fast_path()
@advised
def argsort(x: Operand, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the positions that sort the elements along an axis.

    Parameters:
        x: A tensor, an array or lists of numbers.
        axis: The axis.
        descending: Whether the largest comes first.
        stable: Whether equal elements (0.0 and -0.0, two NaN) keep their order. They always do.

    Returns:
        A new tensor of int64, of the shape of ``x``, in row-major order: ``take_along_axis(x, argsort(x))`` is
        ``sort(x)``.

    Raises:
        TypeError: ``x`` is no operand or has complex numbers, or the axis is not an int.
        ValueError: The axis does not exist (this is an ``IndexError`` as well).
        MemoryError: There is not enough memory.

    Special cases:
        NaN comes last, also in descending order.

    Example:
        >>> import aotops as ao
        >>> ao.argsort(ao.tensor([3, 1, 2]))
        tensor([1, 2, 0])
    """
    return ordered("argsort", x, axis, descending, stable, True)


def ordered(name: str, x: Any, axis: Any, descending: Any, stable: Any, positions: bool) -> Tensor:
    """What ``sort`` or ``argsort`` returns."""
    falls = as_flag(name, "descending", descending)
    as_flag(name, "stable", stable)
    source = as_tensor(name, "x", x)
    if source.dtype.kind == "complex":
        errors.reject(TypeError, name, "x", "be of numbers that have an order", f"dtype {source.dtype.name}")
    (own,) = normalize_axes(name, "axis", axis, source.ndim, several=False)
    last = own == source.ndim - 1
    exchanged = list(range(source.ndim))
    exchanged[own], exchanged[-1] = exchanged[-1], exchanged[own]
    rows = source if last else source.permute(*exchanged)
    if positions and rows.shape[-1] > MOST_PACKED and rows.dtype.itemsize < 8:
        rows = astype(rows, BY_NAME["float64" if rows.dtype.kind == "real" else "int64"])
    result = _native.sort(astype(rows, rows.dtype) if not rows.is_contiguous() else rows, falls, positions, name)
    return result if last else astype(result.permute(*exchanged), result.dtype)
