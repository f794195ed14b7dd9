"""Computing sums and products again if a part of them has overflowed or underflowed.

Reductions and scans combine elements in a fixed tree. A part may then leave the range of the dtype although the result
does not: the product of 1e200 and 1e-200, 64 times each, is 1, but 64 lanes of it are infinite or zero. Kernels do not
check for that. The processor sets flags, which the glue reads afterwards (``native/environment.h``); if one is set, it
calls this module:

- sums of elements times 2**-64, which as many elements as there can be do not overflow; it is exact but for elements so
  small that they are lost beside what has overflowed;
- products of significands, with the exponents apart (``aotops.ops.reduction``); but results of 0 and infinities stay if
  an estimate of all their logarithms tells that they are right.

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

#: The power of two by which sums are scaled (``aotops.ops.reduction``).
SCALE = 2.0**-64

#: How far beyond the range the logarithm of a product must be for it to be 0 or infinite.
BEYOND = {"float32": 160.0, "float64": 1080.0}

#: Sums from which the logarithm of a product is estimated, fast ones first: what is to be added for each element, and
#: by how much each may then be wrong.
ESTIMATES = (("_sum_of_exponents", 0.5, 0.5), ("_sum_of_rough_log2", 0.0, 1.5e-5))

#: What 60 roundings of a sum of numbers up to 149, or 1075, add to the error for each element.
ROUNDING = {"float32": 6e-4, "float64": 1e-11}

#: In the order of ``aotops.abi.RETRIES``.
SCALED, APART = 1, 2

#: The number of retries; a statistic that consists of sums compares it before and after them.
noted = 0

#: The threads in which nothing is retried: they are retrying something, or they check for overflow themselves.
_busy: set[int] = set()


def retry(way: int, x: Tensor, scans: bool, axes: tuple[int, ...], flag: bool, out: Tensor) -> None:
    """Compute a sum or a product of ``x`` again, given the plain one in ``out``.

    Arguments: ``flag`` is ``keepdims`` of a reduction; ``out`` of a scan has no initial element.
    """
    global noted
    thread = _thread.get_ident()
    noted += 1
    if thread in _busy:
        return
    _busy.add(thread)
    try:
        if way == SCALED:
            _sum_scaled(x, scans, axes, flag, out)
        elif way == APART:
            _multiply_apart(x, scans, axes, flag, out)
    finally:
        _busy.discard(thread)


def plain_sum(x: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> tuple[Tensor, bool]:
    """The sum of floats as it is, and whether a part of it has overflowed."""
    thread, before = _thread.get_ident(), noted
    nested = thread in _busy
    _busy.add(thread)
    try:
        total: Tensor = _operators["sum"](x, axes, keepdims=keepdims)
    finally:
        if not nested:
            _busy.discard(thread)
    return total, noted != before


def finite_or_scaled(x: Tensor, total: Tensor, out: Tensor | None = None) -> Tensor:
    """The elements of ``x`` that are finite, and scaled back from ``total`` in the places of all others."""
    chosen: Tensor = _operators["_finite_or_scaled"](x, total, out=out)
    return chosen


def scaled_sum(x: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    """The sum of scaled elements."""
    total: Tensor = _operators["_sum_of_scaled"](x, axes, keepdims=keepdims)
    return total


def _sum_scaled(x: Tensor, scans: bool, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> None:
    x = astype(x, out.dtype, copy=False)
    if scans:
        scaled = _operators["multiply"](x, SCALE)
        total = _operators["cumulative_sum"](scaled, axes[0])
    else:
        total = scaled_sum(x, axes, keepdims)
    finite_or_scaled(out, total, out=out)


def _multiply_apart(x: Tensor, scans: bool, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> None:
    x = astype(x, out.dtype, copy=False)
    if scans:
        product = _operators["_cumulative_product_of_significands"](_operators["_significand"](x), axes[0])
        log2 = _operators["cumulative_sum"](_operators["_log2_of_size"](x), axes[0])
    elif _are_settled(x, axes, keepdims, out):
        return
    else:
        product = _operators["_product_of_significands"](x, axes, keepdims=keepdims)
        log2 = _operators["sum"](_operators["_log2_of_size"](x), axes, keepdims=keepdims)
    out[...] = _operators["_with_exponent"](product, log2)


def _are_settled(x: Tensor, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> bool:
    """Whether all products are 0 or infinite and must be."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    name = out.dtype.name
    for estimate, more, error in ESTIMATES:
        log2 = _operators["add"](_operators[estimate](x, axes, keepdims=keepdims), more * count)
        bound = BEYOND[name] + (error + ROUNDING[name]) * count
        excess = _operators["subtract"](_operators["abs"](log2), bound)
        if _operators["_all_settled"](out, log2, excess):
            return True
    return False
