"""Operators, built-in and users', and other functions of aotops on Dask's arrays: they make graphs and compute nothing.

    call(operator, (x, 2.0), {})      what aotops.foreign hands on; x is a Dask array
    -> blockwise(OnChunks(operator))  elementwise: one task for each chunk, fused with those before and after it
    -> tree(...)                      reductions (reductions.py)
    -> scanned(...)                   scans (scans.py)
    -> applied(...)                   array kernels (kernels.py)

What an array's chunks will be, its dtype included, is found by the same call on tensors without elements. Results have
tensors for chunks if an argument has; from NumPy's arrays alone they are NumPy's.
"""

from __future__ import annotations

import inspect
from typing import Any

import dask.array
import numpy
from dask.array.core import Array, broadcast_shapes
from dask.base import normalize_token

import aotops as ao
from aotops import errors
from aotops.dtypes import as_dtype
from aotops.interop.dask import kernels, reductions, scans
from aotops.interop.dask.graph import (
    OnChunks,
    as_arrays,
    broadcast,
    is_of_tensors,
    meta_of,
    read,
    reject_out,
    require_one_chunk,
    separated,
)
from aotops.shapes import normalize_axes
from aotops.tensors import Tensor


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a call with a Dask array among its arguments; ``NotImplemented`` where it is a method's."""
    if isinstance(function, ao.Operator):
        return BY_KIND[function.kind](function, args, kwargs)
    if isinstance(function, ao.ArrayKernel):
        return kernels.applied(function, args, kwargs)
    name = function.__name__
    if function.__module__.startswith("aotops.") and "." in function.__qualname__:
        return NotImplemented  # a method of a tensor, which takes numbers and shapes
    own = name if function.__module__.startswith("aotops.") else ""
    if own in reductions.FUNCTIONS:
        return reductions.by_function(function, args, kwargs)
    if own in FUNCTIONS:
        return FUNCTIONS[own](*args, **kwargs)
    advice = f"write x.map_blocks({name}) to call it with each chunk, or {name}(x.compute())"
    errors.reject(TypeError, name, "each argument", "be in memory", "a Dask array", advice)


def token(x: Any) -> Any:
    """What tells a tensor from others: its dtype, shape and elements."""
    return "aotops.Tensor", normalize_token(numpy.asarray(x))


# --- elementwise operators --------------------------------------------------------------------------------------------


def elementwise(operator: ao.Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An elementwise operator on arrays that broadcast: one task for each chunk of the result."""
    name = operator.__name__
    try:
        bound = inspect.signature(operator).bind(*args, **kwargs)
    except TypeError:
        operator(*map(meta_of, args), **{key: meta_of(value) for key, value in kwargs.items()})  # raises by its name
        raise
    reject_out(name, bound.arguments.pop("out", None))
    where = bound.arguments.pop("where", True)
    given = [bound.arguments.get(parameter) for parameter in operator.parameters]
    given += [] if where is True else [where]
    operands = read(name, (*operator.parameters, "where"), given)
    return blocks(OnChunks(operator, masked=where is not True), operands)


def blocks(function: OnChunks, operands: list[Any]) -> Any:
    """What a function of chunks makes of arrays that broadcast; a tuple of arrays where it returns one."""
    operands = as_arrays(operands)
    arrays = [each for each in operands if isinstance(each, Array)]
    function.as_numpy = not any(is_of_tensors(each) for each in operands)
    metas = function(*[meta_of(each) for each in operands])
    indices = tuple(range(len(broadcast_shapes(*[each.shape for each in arrays]))))
    pairs, name = broadcast(operands, indices), function.__name__
    if not isinstance(metas, tuple):
        return dask.array.blockwise(function, indices, *pairs, token=name, meta=metas)
    several = dask.array.blockwise(function, indices, *pairs, token=name, meta=metas[0])
    return separated(several, indices, name, [(indices, {}, meta) for meta in metas])


#: How operators of each kind go over chunks.
BY_KIND: dict[str, Any] = {
    "map": elementwise,
    "zip": elementwise,
    "reduce": reductions.reduced,
    "argreduce": reductions.argreduced,
    "scan": scans.scanned,
}


# --- other functions --------------------------------------------------------------------------------------------------


def softmax(x: Array, axis: Any = -1) -> Array:
    """``aotops.softmax``; along an axis of several chunks by the logarithm of its sum."""
    return normalised(ao.softmax, x, axis)


def log_softmax(x: Array, axis: Any = -1) -> Array:
    """``aotops.log_softmax``, likewise."""
    return normalised(ao.log_softmax, x, axis)


def normalised(function: Any, x: Array, axis: Any) -> Array:
    """Either of them."""
    axes = tuple(range(x.ndim)) if axis is None else normalize_axes(function.__name__, "axis", axis, x.ndim)
    if all(len(x.chunks[each]) == 1 for each in axes):
        return blocks(OnChunks(function, axis=axis, sums=True), [x])
    differences = ao.subtract(x, ao.logsumexp(x, axis, keepdims=True))
    return ao.exp(differences) if function is ao.softmax else differences


def nanmean(x: Array, axis: Any = None, *, dtype: Any = None, keepdims: bool = False, split_every: Any = None) -> Array:
    """``aotops.nanmean``."""
    tree: dict[str, Any] = {"split_every": split_every}
    return ao.mean(x, axis, dtype=dtype, keepdims=keepdims, **tree, where=ao.logical_not(ao.isnan(x)))


def astype(x: Array, dtype: Any, *, copy: bool = True) -> Array:
    """``aotops.astype``."""
    return x.astype(numpy.dtype(as_dtype("astype", "dtype", dtype).name), copy=copy)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Array:
    """``aotops.take``, from all elements in a row if there is no axis."""
    source = as_arrays([x])[0]
    # Dask counts from the end where positions are NumPy's
    positions = numpy.asarray(indices) if isinstance(indices, Tensor) else indices
    return dask.array.take(source.reshape(-1) if axis is None else source, positions, axis=axis or 0)


def vecdot(x1: Any, x2: Any, axis: int = -1) -> Array:
    """``aotops.vecdot``."""
    return ao.sum(ao.multiply(ao.conj(x1), x2), axis=axis)


def in_one_chunk(function: Any) -> Any:
    """A reduction that needs all elements of its axes at once, as a median does: each axis must be one chunk."""

    def call(x: Array, *args: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Array:
        name = function.__name__
        axes = tuple(range(x.ndim)) if axis is None else normalize_axes(name, "axis", axis, x.ndim)
        require_one_chunk(name, "x", x, axes)
        per_chunk = OnChunks(function, *args, axis=axis, keepdims=keepdims, **options)
        per_chunk.as_numpy = not is_of_tensors(x)
        indices = tuple(range(x.ndim))
        meta = per_chunk(ao.ones((1,) * x.ndim, dtype=numpy.dtype(x.dtype)))
        kept = tuple([index for index in indices if keepdims or index not in axes])
        sizes = dict.fromkeys(axes, 1) if keepdims else {}
        # several quantiles are an axis in front
        new = {-1 - number: length for number, length in enumerate(meta.shape[: meta.ndim - len(kept)])}
        kept = (*new, *kept)
        return dask.array.blockwise(
            per_chunk,
            kept,
            x,
            indices,
            token=name,
            concatenate=True,
            adjust_chunks=sizes,
            new_axes=new,
            meta=meta[(slice(0, 0),) * len(kept)],
        )

    return call


def by_tensors(function: Any) -> Any:
    """A product of Dask's, computed by tensors of NumPy's chunks too: the bits of NumPy's depend on its threads."""

    def call(x1: Any, x2: Any, /, *args: Any, **options: Any) -> Array:
        if is_of_tensors(x1) or is_of_tensors(x2):
            return function(x1, x2, *args, **options)
        operands = [each.to_backend("aotops") if isinstance(each, Array) else each for each in (x1, x2)]
        return function(*operands, *args, **options).to_backend("numpy")

    return call


#: Functions that are made of others, or that Dask has itself: it calls the functions of NumPy that chunks know.
FUNCTIONS: dict[str, Any] = {
    "astype": astype,
    "broadcast_arrays": dask.array.broadcast_arrays,
    "broadcast_to": dask.array.broadcast_to,
    "concat": lambda arrays, *, axis=0: dask.array.concatenate(arrays, axis=axis),
    "diff": dask.array.diff,
    "einsum": dask.array.einsum,
    "empty_like": dask.array.empty_like,
    "expand_dims": dask.array.expand_dims,
    "flip": dask.array.flip,
    "full_like": dask.array.full_like,
    "isin": dask.array.isin,
    "log_softmax": log_softmax,
    "matmul": by_tensors(dask.array.matmul),
    "matrix_transpose": lambda x: dask.array.swapaxes(x, -1, -2),
    "median": in_one_chunk(ao.median),
    "moveaxis": dask.array.moveaxis,
    "nanmean": nanmean,
    "ones_like": dask.array.ones_like,
    "percentile": in_one_chunk(ao.percentile),
    "permute_dims": dask.array.transpose,
    "quantile": in_one_chunk(ao.quantile),
    "repeat": dask.array.repeat,
    "reshape": dask.array.reshape,
    "roll": dask.array.roll,
    "softmax": softmax,
    "squeeze": dask.array.squeeze,
    "stack": lambda arrays, *, axis=0: dask.array.stack(arrays, axis=axis),
    "take": take,
    "tensordot": by_tensors(dask.array.tensordot),
    "tile": dask.array.tile,
    "tril": dask.array.tril,
    "triu": dask.array.triu,
    "vecdot": vecdot,
    "zeros_like": dask.array.zeros_like,
}
