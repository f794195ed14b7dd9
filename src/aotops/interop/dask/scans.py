"""Scans of Dask's arrays: each chunk is scanned by itself, and what comes before it is combined with its results.

Dask's own scan (``dask.array.reductions.cumreduction``) makes the graph: "sequential", a chain of carries along the
axis, or "blelloch", a tree. The operator's own combination, compiled, combines carries with results, on threads.
"""

from __future__ import annotations

import math
from typing import Any

import dask.array
import numpy
from dask.array.core import Array
from dask.array.reductions import cumreduction

import aotops as ao
from aotops import _native, errors
from aotops.interop.dask.graph import (
    FunctionOfChunks,
    OnChunks,
    element_of,
    given,
    is_of_tensors,
    read,
    reject_out,
    require_one_chunk,
    settled,
)
from aotops.operator import record_of
from aotops.shapes import normalize_axes

METHODS = ("sequential", "blelloch")


class ScanOfChunk(FunctionOfChunks):
    """A scan of one chunk.

    Attributes:
        operator: the scan.
        options: its arguments besides the axis.
        as_numpy: whether results are NumPy's arrays.
        is_last: whether only the last results are wanted, which the whole chunk comes to.
    """

    def __init__(self, operator: ao.Operator, options: dict[str, Any], as_numpy: bool, is_last: bool = False) -> None:
        self.operator, self.options, self.as_numpy, self.is_last = operator, options, as_numpy, is_last

    @property
    def __name__(self) -> str:
        return self.operator.__name__

    def __call__(self, chunk: Any, axis: int, dtype: Any = None, keepdims: bool = True) -> Any:
        """The results; ``dtype`` is the one that Dask has found for them, which ``options`` may have asked for."""
        if self.is_last and chunk.shape[axis] == 0:
            return None  # there is nothing to carry
        result = self.operator(settled(chunk), axis=axis, **self.options)
        if self.is_last:
            result = result[(slice(None),) * axis + (slice(-1, None),)]
        return given(result, self.as_numpy)


class Carried(FunctionOfChunks):
    """The combination of what comes before a chunk with its results, which the former broadcasts to.

    None stands for the results of no elements.
    """

    def __init__(self, operator: ao.Operator, as_numpy: bool) -> None:
        self.operator, self.as_numpy = operator, as_numpy

    @property
    def __name__(self) -> str:
        return str(self.operator.__name__)

    def __call__(self, before: Any, results: Any) -> Any:
        if before is None or results is None:
            return results if before is None else before
        a, b = ao.asarray(before), ao.asarray(results)
        variant = variant_of(self.operator, b.dtype.name)  # which is another one where a user's meta was wrong
        a = a.astype(b.dtype, copy=False)
        return given(_native.combine_states(self.operator, variant, (a,), (b,))[0], self.as_numpy)


def variant_of(operator: ao.Operator, dtype: str) -> int:
    """The number of a signature that has results of a dtype: all of these combine results alike."""
    place = len(operator.parameters)
    return next(number for number, signature in enumerate(operator.dtypes) if signature[place].name == dtype)


def scanned(operator: ao.Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Array:
    """A scan of an array, by ``method=``: "sequential" or "blelloch"."""
    name, options = operator.__name__, dict(kwargs)
    method = options.pop("method", None)
    reject_out(name, options.pop("out", None))
    (x,) = read(name, operator.parameters, args[:1])
    sample = operator(element_of(x), *args[1:], **options)  # which raises what the call would
    axis = args[1] if len(args) > 1 else options.pop("axis", None)
    (along,) = (0,) if axis is None else normalize_axes(name, "axis", axis, x.ndim, several=False)
    with_initial = bool(options.pop("include_initial", False))
    identity = identity_of(operator, x, options)
    # an empty chunk has no last result to carry, and Dask carries identities of the shapes that it knows
    reason = "it has no identity" if identity is None else ""
    if math.isnan(math.prod(x.shape)) or 0 in x.chunks[along]:
        reason = reason or "there are chunks of unknown lengths or of none"
    if method is None:
        method = "blelloch" if reason else "sequential"
    if method not in METHODS or (method == "sequential" and reason and x.numblocks[along] > 1):
        wanted = f"be 'blelloch', since {reason}" if reason else "be 'sequential' or 'blelloch'"
        errors.reject(ValueError, name, "method", wanted, repr(method))
    as_numpy = not is_of_tensors(x)
    of_chunk = ScanOfChunk(operator, options, as_numpy)
    meta = given(ao.empty((0,) * x.ndim, dtype=sample.dtype), as_numpy)
    if record_of(operator).finish is not None:
        require_one_chunk(name, "x", x, (along,), "the axis of a scan with a state")
    if x.numblocks[along] == 1:
        block = OnChunks(operator, axis=along, sums=True, **options)
        block.as_numpy = as_numpy
        result = x.map_blocks(block, meta=meta, token=name)
    else:
        result = cumreduction(
            of_chunk,
            Carried(operator, as_numpy),
            identity,
            x,
            axis=along,
            dtype=numpy.dtype(sample.dtype),
            method=method,
            preop=ScanOfChunk(operator, options, as_numpy, is_last=True),
        )
        result = Array(result.dask, result.name, result.chunks, meta=meta)  # Dask's would be NumPy's
    if not with_initial:
        return result
    shape = [1 if number == along else length for number, length in enumerate(x.shape)]
    chunks = [1 if number == along else lengths for number, lengths in enumerate(x.chunks)]
    first = dask.array.full_like(result, identity, shape=shape, chunks=chunks)
    return dask.array.concatenate([first, result], axis=along)


def identity_of(operator: ao.Operator, x: Any, options: dict[str, Any]) -> Any:
    """The result of no elements, a Python number; None if there is none."""
    one = ao.ones((1,), dtype=numpy.dtype(x.dtype))
    others = {key: value for key, value in options.items() if key != "include_initial"}
    try:
        return operator(one, include_initial=True, **others)[0].item()
    except TypeError:
        return None
