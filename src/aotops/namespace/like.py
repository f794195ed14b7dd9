"""Making tensors of the shape of another: ``empty_like``, ``full_like``, ``ones_like``, ``zeros_like``."""

from __future__ import annotations

from aotops import _native
from aotops.arguments import advised, require_cpu
from aotops.dtypes import as_dtype
from aotops.namespace.creation import as_number, with_grad
from aotops.namespace.operands import as_tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType, Operand
    from aotops.tensors import Tensor


def like(name: str, x: Any, dtype: Any, device: Any) -> tuple[tuple[int, ...], DType]:
    """The shape and the dtype of a tensor like another, for a function of this name."""
    require_cpu(name, device)
    tensor = as_tensor(name, "x", x)
    return tensor.shape, tensor.dtype if dtype is None else as_dtype(name, "dtype", dtype)


@advised
def empty_like(x: Operand, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of the shape and dtype of another; its contents are undefined until they are written.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        dtype: A dtype or its name; by default that of ``x``.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, or the dtype is not one.
        ValueError: The device is another one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.empty_like(ao.zeros((2, 3))).shape
        (2, 3)
    """
    shape, own = like("empty_like", x, dtype, device)
    return with_grad("empty_like", _native.empty(shape, own, "empty_like"), requires_grad)


@advised
def full_like(
    x: Operand, /, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a tensor of one value, of the shape and dtype of another.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        fill_value: A Python number, or anything with one element that has a dtype: a tensor, a NumPy scalar.
        dtype: A dtype or its name; by default that of ``x``.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, the value is not a number, or the dtype is not one.
        ValueError: The value is NaN and the dtype one of integers, or the device is another one.
        OverflowError: The dtype cannot hold the value.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.full_like(ao.zeros(3), 7)
        tensor([7., 7., 7.])
    """
    shape, own = like("full_like", x, dtype, device)
    number = as_number("full_like", "fill_value", fill_value)
    return with_grad("full_like", _native.full(shape, number, own, "full_like", "fill_value"), requires_grad)


@advised
def zeros_like(x: Operand, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of zeros, of the shape and dtype of another.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        dtype: A dtype or its name; by default that of ``x``.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, or the dtype is not one.
        ValueError: The device is another one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.zeros_like(ao.tensor([1, 2]))
        tensor([0, 0])
    """
    shape, own = like("zeros_like", x, dtype, device)
    return with_grad("zeros_like", _native.full(shape, 0, own, "zeros_like", "x"), requires_grad)


@advised
def ones_like(x: Operand, /, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor of ones, of the shape and dtype of another.

    Parameters:
        x: A tensor, a number, an array or lists of numbers.
        dtype: A dtype or its name; by default that of ``x``.
        device: ``"cpu"`` or None, which mean the same: there is one device.
        requires_grad: Whether calls with the tensor are recorded, so that ``backward`` computes gradients by it.

    Returns:
        A tensor of that shape, in row-major order.

    Raises:
        TypeError: ``x`` is no operand, or the dtype is not one.
        ValueError: The device is another one.
        MemoryError: There is not enough memory.

    Example:
        >>> import aotops as ao
        >>> ao.ones_like(ao.tensor([1, 2]))
        tensor([1, 1])
    """
    shape, own = like("ones_like", x, dtype, device)
    return with_grad("ones_like", _native.full(shape, 1, own, "ones_like", "x"), requires_grad)
