"""Computing sums and products again if a part of them has overflowed or underflowed.

Reductions and scans combine elements in a fixed tree. A part may then leave the range of the dtype although the result
does not: the product of 1e200 and 1e-200, 64 times each, is 1, but 64 lanes of it are infinite or zero. Kernels do not
check for that. The processor sets flags, which the glue reads afterwards (``native/environment.h``); if one is set, it
calls this module:

- sums of elements times 2**-64, which as many elements as there can be do not overflow; it is exact but for elements so
  small that they are lost beside what has overflowed; of complex numbers, sums of both parts;
- products of significands, with the exponents apart (``aotops.ops.retry``); those of complex numbers in float64.

Which way it is depends on the values alone. A sum is replaced where it is not finite. A product of floats or of
complex128 has the same bits either way unless a part of it has left the range. One of complex64 may have other last
bits, so that its flags must not depend on lanes that are not used: infinite elements alone are no reason.
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
    chosen: Tensor
    if x.dtype.kind == "complex":
        chosen = as_complex(_operators["_finite_or_scaled"](as_parts(x), as_parts(total)))
        copied: Tensor = _native.copy_to_out("sum", chosen, out)
        return copied
    chosen = _operators["_finite_or_scaled"](x, total, out=out)
    return chosen


def scaled_sum(x: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    """The sum of scaled elements."""
    if x.dtype.kind == "complex":
        axes = tuple(range(x.ndim)) if axes is None else axes
        return as_complex(_operators["_sum_of_scaled"](as_parts(x), axes, keepdims=keepdims))
    total: Tensor = _operators["_sum_of_scaled"](x, axes, keepdims=keepdims)
    return total


def as_parts(x: Tensor) -> Tensor:
    """The real and imaginary parts of complex elements, along one axis more."""
    contents = x if x.is_contiguous() else astype(x, x.dtype)
    (part,) = [own for own in _native.dtypes if own.kind == "float" and own.itemsize * 2 == x.dtype.itemsize]
    return _native.from_bytes(contents, 0, part, (*x.shape, 2), "sum", "x")


def as_complex(x: Tensor) -> Tensor:
    """The complex elements of parts along the last axis."""
    contents = x if x.is_contiguous() else astype(x, x.dtype)
    (whole,) = [own for own in _native.dtypes if own.kind == "complex" and own.itemsize == x.dtype.itemsize * 2]
    return _native.from_bytes(contents, 0, whole, x.shape[:-1], "sum", "x")


def _sum_scaled(x: Tensor, scans: bool, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> None:
    x = astype(x, out.dtype, copy=False)
    if scans:
        is_complex = x.dtype.kind == "complex"
        scaled = _operators["multiply"](as_parts(x) if is_complex else x, SCALE)
        total = _operators["cumulative_sum"](scaled, axes[0])
        total = as_complex(total) if is_complex else total
    else:
        total = scaled_sum(x, axes, keepdims)
    finite_or_scaled(out, total, out=out)


def _multiply_apart(x: Tensor, scans: bool, axes: tuple[int, ...], keepdims: bool, out: Tensor) -> None:
    x = astype(x, out.dtype, copy=False)
    kind = "_complex" if x.dtype.kind == "complex" else ""
    if scans:
        _operators[f"_cumulative{kind}_product_apart"](x, axes[0], out=out)
    else:
        _operators[f"{kind}_product_apart"](x, axes, keepdims=keepdims, out=out)
