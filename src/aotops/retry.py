"""Computing sums and products again if a part of them has overflowed or underflowed.

Reductions and scans combine elements in a fixed tree. A part may then leave the range of the dtype although the result
does not: the product of 1e200 and 1e-200, 64 times each, is 1, but 64 lanes of it are infinite or zero. Kernels do not
check for that. The processor sets flags, which the glue reads afterwards (``native/environment.h``); if one is set, it
calls this module:

- sums of elements times 2**-64, which as many elements as there can be do not overflow; it is exact but for elements so
  small that they are lost beside what has overflowed;
- products of significands, with the exponents apart (``aotops.ops.reduction``).

Which way it is depends on the values alone. A sum is replaced where it is not finite. A product has the same bits
either way unless a part of it has left the range.
"""

from __future__ import annotations

import _thread

from aotops import _native
from aotops._native import astype

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_operators = _native.operators

#: The power of two by which sums are scaled.
SCALE = 2.0**-64

#: In the order of ``aotops.abi.RETRIES``.
SCALED, APART = 1, 2

#: The number of retries; a statistic that consists of sums compares it before and after them.
noted = 0

#: The threads that are retrying something: operations within a retry are not retried.
_busy: set[int] = set()


def retry(way: int, x: Tensor, scans: bool, axes: tuple[int, ...], flag: bool, out: Tensor) -> None:
    """Compute a sum or a product of ``x`` again, given the plain one in ``out``.

    Arguments: ``flag`` is ``keepdims`` of a reduction; ``out`` of a scan has no initial element.
    """
    global noted
    thread = _thread.get_ident()
    if thread in _busy:
        return
    noted += 1
    _busy.add(thread)
    try:
        if way == SCALED:
            _sum_scaled(x, scans, axes, flag, out)
        elif way == APART:
            _multiply_apart(x, scans, axes, flag, out)
    finally:
        _busy.discard(thread)


def scaled_sum(x: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    """The sum of elements times ``SCALE``."""
    total: Tensor = _operators["sum"](_operators["multiply"](x, SCALE), axes, keepdims=keepdims)
    return total


def where_finite(x: Tensor, other: Tensor) -> Tensor:
    """The elements of ``x`` that are finite, and those of ``other`` in the places of all others."""
    finite = _operators["equal"](_operators["subtract"](x, x), 0)
    chosen: Tensor = _operators["where"](finite, x, other)
    return chosen


def _sum_scaled(x: Tensor, scans: bool, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> None:
    x = astype(x, out.dtype, copy=False)
    if scans:
        total = _operators["cumulative_sum"](_operators["multiply"](x, SCALE), axes[0])
    else:
        total = scaled_sum(x, axes, keepdims)
    out[...] = where_finite(out, _operators["divide"](total, SCALE))


def _multiply_apart(x: Tensor, scans: bool, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> None:
    x = astype(x, out.dtype, copy=False)
    sizes = _operators["_log2_of_size"](x)
    if scans:
        product = _operators["_cumulative_product_of_significands"](_operators["_significand"](x), axes[0])
        log2 = _operators["cumulative_sum"](sizes, axes[0])
    else:
        product = _operators["_product_of_significands"](x, axes, keepdims=keepdims)
        log2 = _operators["sum"](sizes, axes, keepdims=keepdims)
    out[...] = _operators["_with_exponent"](product, log2)
