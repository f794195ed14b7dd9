"""NumPy's functions that aotops spells in another way, each with NumPy's arguments."""

from __future__ import annotations

from typing import Any

import aotops
from aotops import _native, errors
from aotops.dtypes import find_dtype
from aotops.namespace.quantiles import METHODS
from aotops.shapes import normalize_axes

#: Stands for an argument that is not given.
MISSING: Any = object()


def concatenate(
    arrays: Any, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """``numpy.concatenate``."""
    joined = aotops.concat(arrays, axis=axis)
    return finished("concatenate", joined, out, dtype)


def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``numpy.hstack``: along the second axis, of vectors along the only one."""
    arrays = [at_least(1, x) for x in tup]
    return finished("hstack", aotops.concat(arrays, axis=0 if arrays and arrays[0].ndim == 1 else 1), None, dtype)


def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """``numpy.vstack``: along the first axis, vectors as rows."""
    return finished("vstack", aotops.concat([at_least(2, x) for x in tup], axis=0), None, dtype)


def finished(name: str, result: Any, out: Any, dtype: Any) -> Any:
    """A result in a dtype, or written into ``out``."""
    return _native.copy_to_out(name, result if dtype is None else result.astype(dtype, copy=False), out)


def at_least(ndim: int, x: Any) -> Any:
    """A tensor with axes of length 1 before its own, where it has fewer."""
    tensor = aotops.asarray(x)
    return tensor.reshape((1,) * (ndim - tensor.ndim) + tensor.shape) if tensor.ndim < ndim else tensor


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """``numpy.where``; of the condition alone the positions of its nonzero elements."""
    if x is None and y is None:
        return function_of("nonzero", "numpy.where")(condition)
    return aotops.where(condition, x, y)


def transpose(a: Any, axes: Any = None) -> Any:
    """``numpy.transpose``, which reverses the axes if it is given none."""
    return a.T if axes is None else aotops.permute_dims(a, axes)


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """``numpy.dot`` of vectors and matrices, their product, and of numbers; NumPy has it of more dimensions."""
    x, y = aotops.asarray(a), aotops.asarray(b)
    if x.ndim == 0 or y.ndim == 0:
        return aotops.multiply(x, y, out=out)
    if max(x.ndim, y.ndim) > 2:
        return NotImplemented
    return finished("dot", aotops.matmul(x, y), out, None)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """``numpy.swapaxes``."""
    first, second = [
        normalize_axes("numpy.swapaxes", name, axis, a.ndim, several=False)[0]
        for name, axis in (("axis1", axis1), ("axis2", axis2))
    ]
    order = list(range(a.ndim))
    order[first], order[second] = second, first
    return aotops.permute_dims(a, order)


def ravel(a: Any, order: str = "C") -> Any:
    """``numpy.ravel`` in row-major order."""
    return aotops.reshape(a, (-1,)) if order == "C" else unsupported("numpy.ravel", "order", order)


def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """``numpy.cumsum``, which takes the elements of all axes in a row if it is given none."""
    return aotops.cumulative_sum(*in_a_row(a, axis), dtype=dtype, out=out)


def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """``numpy.cumprod``, likewise."""
    return aotops.cumulative_prod(*in_a_row(a, axis), dtype=dtype, out=out)


def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """``numpy.sort``, of the elements of all axes if it is given none; all of aotops' sorts are stable."""
    x, along = in_a_row(a, axis)
    return aotops.sort(x, axis=along) if order is None else unsupported("numpy.sort", "order", order)


def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """``numpy.argsort``, likewise."""
    x, along = in_a_row(a, axis)
    return aotops.argsort(x, axis=along) if order is None else unsupported("numpy.argsort", "order", order)


def in_a_row(a: Any, axis: int | None) -> tuple[Any, int]:
    """A tensor, flattened if there is no axis, and the axis to go along."""
    return (a.reshape(-1), 0) if axis is None else (a, axis)


def copied(a: Any, order: str = "K") -> Any:
    """``numpy.copy``."""
    return a.copy()


def round_to(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """``numpy.round``, by powers of ten as NumPy has it; integers stay as they are to the right of the point."""
    x = aotops.asarray(a)
    if decimals == 0 or (decimals > 0 and x.dtype.kind in ("bool", "integer")):
        return aotops.round(x, out=out)
    scale = aotops.asarray(10.0 ** abs(decimals), dtype=x.dtype if x.dtype.kind in ("float", "complex") else None)
    if decimals > 0:
        found = aotops.divide(aotops.round(aotops.multiply(x, scale)), scale)
    else:
        found = aotops.multiply(aotops.round(aotops.divide(x, scale)), scale)
    return finished("round", found, out, None if x.dtype.kind in ("float", "complex") else x.dtype)


def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """``numpy.isclose``: ``abs(a - b) <= atol + rtol * abs(b)`` of finite numbers, and equality of infinities."""
    x, y = [aotops.asarray(each) for each in (a, b)]
    y = y if y.dtype.kind in ("float", "complex") else y.astype("float64")
    tolerance = aotops.add(atol, aotops.multiply(rtol, aotops.abs(y)))
    near = aotops.less_equal(aotops.abs(aotops.subtract(x, y)), tolerance) & aotops.isfinite(y)
    close = near | aotops.equal(x, y)
    return close | (aotops.isnan(x) & aotops.isnan(y)) if equal_nan else close


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """``numpy.unique`` of all elements; NumPy computes it along an axis, and takes NaN for equal."""
    x = aotops.asarray(ar)
    has_nan = equal_nan and x.dtype.kind in ("float", "complex") and bool(aotops.any(aotops.isnan(x)))
    if axis is not None or has_nan:
        return NotImplemented
    if not (return_index or return_inverse or return_counts):
        return aotops.unique_values(x)
    found = aotops.unique_all(x)
    wanted = (True, return_index, return_inverse, return_counts)
    order = (found.values, found.indices, found.inverse_indices, found.counts)
    return tuple([each for each, is_wanted in zip(order, wanted, strict=True) if is_wanted])


def atleast_1d(*arys: Any) -> Any:
    """``numpy.atleast_1d``."""
    tensors = tensors_of(arys)
    return NotImplemented if tensors is None else alone([at_least(1, x) for x in tensors])


def atleast_2d(*arys: Any) -> Any:
    """``numpy.atleast_2d``."""
    tensors = tensors_of(arys)
    return NotImplemented if tensors is None else alone([at_least(2, x) for x in tensors])


def atleast_3d(*arys: Any) -> Any:
    """``numpy.atleast_3d``, which puts axes before and behind those of vectors, and behind those of matrices."""
    tensors = tensors_of(arys)
    if tensors is None:
        return NotImplemented
    matrices = [at_least(2, x) for x in tensors]
    return alone([x if x.ndim > 2 else aotops.expand_dims(x, axis=2) for x in matrices])


def tensors_of(values: tuple[Any, ...]) -> list[Any] | None:
    """Independent arguments as tensors; None if one is of strings, of objects or None, of which NumPy has arrays."""
    try:
        return [aotops.asarray(each) for each in values]
    except TypeError:
        return None


def alone(results: list[Any]) -> Any:
    """One result, or a tuple of several."""
    return results[0] if len(results) == 1 else tuple(results)


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """``numpy.append``, of the elements of all axes in a row if it is given none."""
    return aotops.concat([aotops.asarray(arr), aotops.asarray(values)], axis=axis)


def argwhere(a: Any) -> Any:
    """``numpy.argwhere``: a row of indices for each nonzero element."""
    x = aotops.asarray(a)
    if x.ndim == 0:
        return aotops.empty((int(bool(x)), 0), dtype="int64")
    return aotops.stack(aotops.nonzero(x), axis=1)


def flatnonzero(a: Any) -> Any:
    """``numpy.flatnonzero``."""
    return aotops.nonzero(aotops.reshape(aotops.asarray(a), (-1,)))[0]


def tril(m: Any, k: int = 0) -> Any:
    """``numpy.tril``, which has rows of its own for a vector."""
    return aotops.tril(m, k=k) if m.ndim > 1 else NotImplemented


def triu(m: Any, k: int = 0) -> Any:
    """``numpy.triu``, likewise."""
    return aotops.triu(m, k=k) if m.ndim > 1 else NotImplemented


def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    """``numpy.empty_like``, also of another shape; what is made is a tensor in row-major order."""
    return made(aotops.empty, prototype, dtype, shape, device)


def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    """``numpy.zeros_like``, likewise."""
    return made(aotops.zeros, a, dtype, shape, device)


def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    """``numpy.ones_like``, likewise."""
    return made(aotops.ones, a, dtype, shape, device)


def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """``numpy.full_like``, likewise; the value may be an array, which broadcasts."""
    filled = made(aotops.empty, a, dtype, shape, device)
    filled[...] = fill_value
    return filled


def made(function: Any, prototype: Any, dtype: Any, shape: Any, device: Any) -> Any:
    """What a function makes of the shape and the dtype of an array, but for those of them that are given."""
    x = aotops.asarray(prototype)
    wanted = dtype_argument(dtype).get("dtype", x.dtype)
    return function(x.shape if shape is None else shape, dtype=wanted, device=device)


def asarray(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None) -> Any:
    """``numpy.asarray`` with ``like=t``, which makes a tensor."""
    return created(aotops.asarray, a, dtype=dtype, device=device, copy=copy)


def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", subok: bool = False, ndmin: int = 0
) -> Any:
    """``numpy.array`` with ``like=t``, likewise."""
    tensor = created(aotops.asarray, object, dtype=dtype, copy=copy)
    if tensor is NotImplemented or tensor.ndim >= ndmin:
        return tensor
    return tensor.reshape((1,) * (ndmin - tensor.ndim) + tensor.shape)


def empty(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """``numpy.empty`` with ``like=t``, likewise."""
    return created(aotops.empty, shape, dtype=dtype, device=device)


def zeros(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """``numpy.zeros`` with ``like=t``, likewise."""
    return created(aotops.zeros, shape, dtype=dtype, device=device)


def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """``numpy.ones`` with ``like=t``, likewise."""
    return created(aotops.ones, shape, dtype=dtype, device=device)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """``numpy.full`` with ``like=t``, likewise."""
    return created(aotops.full, shape, fill_value, dtype=dtype, device=device)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None) -> Any:
    """``numpy.arange`` with ``like=t``, likewise."""
    return created(aotops.arange, start, stop, 1 if step is None else step, dtype=dtype, device=device)


def created(function: Any, *args: Any, dtype: Any, **options: Any) -> Any:
    """What a function makes in a dtype, if one is given; NumPy makes an array of a dtype that aotops lacks."""
    import numpy

    if dtype is not None and find_dtype(numpy.dtype(dtype)) is None:
        return NotImplemented
    return function(*args, **dtype_argument(dtype), **options)


def einsum(
    *operands: Any,
    out: Any = None,
    optimize: Any = False,
    dtype: Any = None,
    order: str = "K",
    casting: str = "safe",
) -> Any:
    """``numpy.einsum``, which aotops computes in an order of its own choice; in another dtype NumPy does."""
    return NotImplemented if dtype is not None else finished("einsum", aotops.einsum(*operands), out, None)


def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = MISSING,
) -> Any:
    """``numpy.nansum``; in another dtype NumPy computes it."""
    for argument, value in (("initial", initial), ("where", where)):
        if value is not MISSING:
            unsupported("numpy.nansum", argument, value)
    if dtype is not None:
        return NotImplemented
    return finished("nansum", aotops.nansum(a, axis, keepdims=keepdims), out, None)


def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    """``numpy.broadcast_arrays``, of numbers too."""
    tensors = tensors_of(args)
    return NotImplemented if tensors is None else aotops.broadcast_arrays(*tensors)


def of_shares(function: Any) -> Any:
    """``numpy.quantile`` or ``numpy.percentile``: the result has the dtype that elements and shares have together."""
    name = function.__name__

    def adapter(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        *,
        weights: Any = None,
        interpolation: Any = None,
    ) -> Any:
        for argument, value in (("weights", weights), ("interpolation", interpolation)):
            if value is not None:
                unsupported(f"numpy.{name}", argument, value)
        if isinstance(method, str) and method not in METHODS:
            unsupported(f"numpy.{name}", "method", method, f"be one of {', '.join(METHODS)}")
        x = aotops.asarray(a)
        if x.dtype == aotops.float32 and type(q) not in (int, float):  # Python's numbers are weak
            shares = aotops.asarray(q).dtype
            if shares == aotops.float64 or (shares.kind == "integer" and name == "percentile"):  # divided by 100
                x = x.astype(aotops.float64)
        return finished(name, function(x, q, axis=axis, method=method, keepdims=keepdims), out, None)

    return adapter


#: Functions that aotops spells in another way; for arguments of which one returns NotImplemented NumPy computes.
ADAPTERS = {
    "append": append,
    "arange": arange,
    "argsort": argsort,
    "argwhere": argwhere,
    "array": array,
    "asanyarray": asarray,
    "asarray": asarray,
    "ascontiguousarray": asarray,
    "around": round_to,
    "atleast_1d": atleast_1d,
    "atleast_2d": atleast_2d,
    "atleast_3d": atleast_3d,
    "broadcast_arrays": broadcast_arrays,
    "concatenate": concatenate,
    "copy": copied,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "dot": dot,
    "einsum": einsum,
    "empty": empty,
    "empty_like": empty_like,
    "flatnonzero": flatnonzero,
    "full": full,
    "full_like": full_like,
    "hstack": hstack,
    "nansum": nansum,
    "isclose": isclose,
    "ones": ones,
    "ones_like": ones_like,
    "percentile": of_shares(aotops.percentile),
    "quantile": of_shares(aotops.quantile),
    "ravel": ravel,
    "round": round_to,
    "sort": sort,
    "swapaxes": swapaxes,
    "transpose": transpose,
    "tril": tril,
    "triu": triu,
    "unique": unique,
    "vstack": vstack,
    "where": where,
    "zeros": zeros,
    "zeros_like": zeros_like,
}


def dtype_argument(value: Any) -> dict[str, Any]:
    """An argument ``dtype``, if it is given: NumPy has more names for dtypes than aotops, such as ``"f4"``."""
    import numpy

    return {} if value is None else {"dtype": numpy.dtype(value)}


def function_of(own: str, name: str) -> Any:
    """The function of aotops that implements NumPy's; a ``TypeError`` that names NumPy's where there is none."""
    found = getattr(aotops, own, None)
    if found is None:
        advice = f"write {name}(numpy.asarray(t)), which shares its memory"
        errors.reject(TypeError, name, "each array", "be an ndarray, for which alone it is defined", "a Tensor", advice)
    return found


def unsupported(name: str, argument: str, value: Any, wanted: str = "be left out") -> Any:
    """Raise ``TypeError`` for an argument, or a value of one, that only NumPy's function has."""
    advice = errors.INSTEAD.get(argument, f"write {name}(numpy.asarray(t), ...) for NumPy's own")
    errors.reject(TypeError, name, argument, f"{wanted} where a Tensor is given", errors.type_name(value), advice)
