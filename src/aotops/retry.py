"""Computing sums and products again if a part of them has overflowed or underflowed.

Reductions and scans combine elements in a fixed tree. A part may then leave the range of the dtype although the result
does not: the product of 1e200 and 1e-200, 64 times each, is 1, but 64 lanes of it are infinite or zero. Kernels do not
check for that. The processor sets flags, which the glue reads afterwards (``native/environment.h``); if one is set, it
calls this module:

- sums of elements times 2**-64, which as many elements as there can be do not overflow; it is exact but for elements so
  small that they are lost beside what has overflowed;
- products of significands, with the exponents apart (``aotops.ops.retry``); but results of 0 and infinities stay if
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
    from aotops._native import Operator
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_operators = _native.operators

#: The power of two by which sums are scaled (``aotops.ops.retry``).
SCALE = 2.0**-64

#: How far beyond the range the logarithm of a product must be for it to be 0 or infinite.
BEYOND = {"float32": 160.0, "float64": 1080.0}

#: Elements of a reduced axis that are multiplied before their logarithm is taken: 32 factors cost less than 32
#: logarithms, and the product of 32 numbers that are neither huge nor tiny does not leave the range.
BLOCK = 32

#: How much the logarithm of a product may be wrong for each element. A logarithm errs by 2e-11, and 60 roundings of a
#: sum of numbers up to 1075 by 7e-12; each factor of a block adds half a ULP, times 1 / log(2).
LOG2_ERROR = {"float32": 1e-7, "float64": 1e-10}

#: In the order of ``aotops.abi.RETRIES``.
SCALED, APART = 1, 2

#: The threads in which nothing is retried, since they are retrying something, or check for overflow themselves; and
#: whether anything would have been.
_busy: dict[int, bool] = {}


def retry(way: int, x: Tensor, scans: bool, axes: tuple[int, ...], flag: bool, out: Tensor) -> None:
    """Compute a sum or a product of ``x`` again, given the plain one in ``out``.

    Arguments: ``flag`` is ``keepdims`` of a reduction; ``out`` of a scan has no initial element.
    """
    thread = _thread.get_ident()
    if thread in _busy:
        _busy[thread] = True
        return
    _busy[thread] = False
    try:
        if way == SCALED:
            _sum_scaled(x, scans, axes, flag, out)
        elif way == APART:
            _multiply_apart(x, scans, axes, flag, out)
    finally:
        del _busy[thread]


def plain(operator: Operator, *inputs: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> tuple[Tensor, bool]:
    """The result of a reduction of floats as it is, and whether a part of it has left the range."""
    thread = _thread.get_ident()
    before = _busy.get(thread)
    _busy[thread] = False
    try:
        result: Tensor = operator(*inputs, axes, keepdims=keepdims)
        return result, _busy[thread]
    finally:
        if before is None:
            del _busy[thread]
        else:
            _busy[thread] = before


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
    else:
        log2, error = _log2_of_product(x, axes, keepdims)
        if _are_settled(out, log2, error):
            return
        if error > 0.25:  # the exponent is to be the nearest integer
            log2 = _sum_of_log2(x, axes, keepdims)
        product = _operators["_product_of_significands"](x, axes, keepdims=keepdims)
    out[...] = _operators["_with_exponent"](product, log2)


def _log2_of_product(x: Tensor, axes: tuple[int, ...], keepdims: bool) -> tuple[Tensor, float]:
    """The logarithms to base 2 of products, and how much they may be wrong."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    longest = max(axes, key=x.shape.__getitem__, default=None)
    if longest is not None and x.shape[longest] >= 2 * BLOCK:
        before, length, after = x.shape[:longest], x.shape[longest], x.shape[longest + 1 :]
        whole = length // BLOCK
        index = (slice(None),) * longest
        blocks = x[(*index, slice(whole * BLOCK))].reshape(*before, BLOCK, whole, *after)
        blocks, overflowed = plain(_operators["prod"], blocks, axes=(longest,), keepdims=False)
        end = x[(*index, slice(whole * BLOCK, None))]
        rest, also = plain(_operators["prod"], end, axes=(longest,), keepdims=True)
        if not (overflowed or also):
            log2 = _operators["add"](_sum_of_log2(blocks, axes, keepdims), _sum_of_log2(rest, axes, keepdims))
            return log2, LOG2_ERROR[x.dtype.name] * count
    return _sum_of_log2(x, axes, keepdims), LOG2_ERROR["float64"] * count


def _sum_of_log2(x: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The logarithms to base 2 of products; zeros, infinities and NaN count as 1."""
    total: Tensor = _operators["sum"](_operators["_log2_of_size"](x), axes, keepdims=keepdims)
    return total


def _are_settled(out: Tensor, log2: Tensor, error: float) -> bool:
    """Whether all products are 0 or infinite and must be."""
    excess = _operators["subtract"](_operators["abs"](log2), BEYOND[out.dtype.name] + error)
    return bool(_operators["_all_settled"](out, log2, excess))
