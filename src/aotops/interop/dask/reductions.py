"""Reductions of Dask's arrays: parts of each chunk, combined in a tree that the chunks alone determine.

    partial(chunk)          what is known of a chunk: a sum, a sum and a count, the largest element and where it is
    combine([part, ...])    the same of several chunks, in the order that they have in the array
    finish(part)            the result

Dask's own tree (``dask.array.reduction``) says which parts meet, by the numbers of chunks and ``split_every``. No
number depends on which worker or thread computed it, or when, so results have the same bits on any number of them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

import dask.array
import numpy
from dask.array.core import Array

import aotops as ao
from aotops import _native, errors
from aotops.interop.dask.graph import (
    FunctionOfChunks,
    Tokenized,
    as_arrays,
    broadcast,
    element_of,
    given,
    is_of_tensors,
    read,
    reject_out,
    settled,
)
from aotops.interop.dask.scans import variant_of
from aotops.namespace.statistics import one_correction
from aotops.operator import cast_inputs, record_of
from aotops.shapes import normalize_axes
from aotops.tensors import Tensor

_sum_as_float = _native.operators["_sum_as_float"]


# --- what is done with chunks -----------------------------------------------------------------------------------------


class Reduction(Tokenized):
    """A reduction: what is done with chunks, and with what has been found about them."""

    name: str

    def partial(self, chunks: tuple[Any, ...], axes: tuple[int, ...]) -> Any:
        """What is known of one chunk of each array; None if there is nothing in it, and no identity."""
        raise NotImplementedError

    def combine(self, parts: list[Any]) -> Any:
        """What is known of all these parts together, two or more."""
        raise NotImplementedError

    def finish(self, part: Any) -> Tensor:
        """The result, with the axes that fold away of length 1."""
        raise NotImplementedError


class ByItself(Reduction):
    """A function that combines its own results: of sums it is the sum, of norms the norm.

    Attributes:
        function: the function, called with chunks, ``axis`` and ``keepdims``.
        options: its other arguments.
        again: the function that combines results, where it is another one: that of counts is the sum.
        initial: what the result begins with; None for nothing.
    """

    def __init__(
        self, name: str, function: Any, again: Any = None, initial: Any = None, masked: bool = False, **options: Any
    ) -> None:
        self.name, self.function, self.options = name, function, options
        self.again, self.again_options = (function, options) if again is None else (again, {})
        self.initial, self.masked = initial, masked

    def partial(self, chunks: tuple[Any, ...], axes: tuple[int, ...]) -> Any:
        options = self.options
        if self.masked:
            *chunks, where = chunks  # type: ignore[assignment]
            options = {**options, "where": where}
            if self.again is self.function and self.initial is not None and not has_identity(self.function, chunks):
                options["initial"] = self.initial  # it stands for elements that the mask leaves out
        try:
            return self.function(*chunks, axis=axes, keepdims=True, **options)
        except ValueError:
            if all(0 not in [each.shape[axis] for axis in axes] for each in chunks):
                raise
            return None  # no elements, and no identity

    def combine(self, parts: list[Any]) -> Any:
        return self.again(ao.stack(parts), axis=0, **self.again_options)

    def finish(self, part: Any) -> Tensor:
        if self.initial is not None:
            start = ao.full(part.shape, self.initial, dtype=part.dtype)
            part = self.again(ao.stack([start, part]), axis=0, **self.again_options)
        return part


def has_identity(operator: Any, chunks: Any) -> bool:
    """Whether a reduction has a result of no elements."""
    try:
        operator(*[ao.empty((0,), dtype=each.dtype) for each in chunks])
    except ValueError:
        return False
    return True


class ByStates(Reduction):
    """A reduction whose results do not combine by itself: one of a function of the elements, or one with a state.

    Its compiled combination combines two results, or two states; neighbours first, so that errors stay small.

    Attributes:
        has_state: whether a state of several numbers is combined, of which a result is made at the end.
    """

    def __init__(self, operator: ao.Operator, has_state: bool) -> None:
        self.name, self.operator, self.has_state = operator.__name__, operator, has_state

    def partial(self, chunks: tuple[Any, ...], axes: tuple[int, ...]) -> Any:
        operator, count = self.operator, len(self.operator.parameters)
        if not self.has_state:
            result = operator(*chunks, axis=axes, keepdims=True)
            return variant_of(operator, result.dtype.name), (result,)
        tensors: Any = cast_inputs(operator, chunks)
        dtypes = tuple([tensor.dtype for tensor in tensors])
        variant = [signature[:count] for signature in operator.dtypes].index(dtypes)
        return variant, _native.fold_states(operator, variant, tensors, sum(1 << axis for axis in axes))

    def combine(self, parts: list[Any]) -> Any:
        variant, states = parts[0][0], [state for _, state in parts]
        while len(states) > 1:
            pairs = zip(states[::2], states[1::2], strict=False)
            paired = [_native.combine_states(self.operator, variant, a, b) for a, b in pairs]
            states = [*paired, *states[len(paired) * 2 :]]
        return variant, states[0]

    def finish(self, part: Any) -> Tensor:
        variant, states = part
        result: Tensor = _native.finish_states(self.operator, variant, states) if self.has_state else states[0]
        return result


class Mean(Reduction):
    """The mean: a sum and a count."""

    name = "mean"

    def __init__(self, dtype: Any, masked: bool) -> None:
        self.dtype, self.masked = dtype, masked

    def partial(self, chunks: tuple[Any, ...], axes: tuple[int, ...]) -> Any:
        x = as_floats(chunks[0], self.dtype)
        if self.masked:
            where = ao.broadcast_to(ao.asarray(chunks[1]), x.shape)
            return ao.sum(x, axis=axes, keepdims=True, where=where), ao.sum(where, axis=axes, keepdims=True)
        total = ao.sum(x, axis=axes, keepdims=True) if x.dtype.kind != "integer" else None
        total = _sum_as_float(x, axes, keepdims=True) if total is None else total
        return total, ao.full(total.shape, math.prod([x.shape[axis] for axis in axes]), dtype="int64")

    def combine(self, parts: list[Any]) -> Any:
        return tuple([ao.sum(ao.stack(each), axis=0) for each in zip(*parts, strict=True)])

    def finish(self, part: Any) -> Tensor:
        total, count = part
        return ao.divide(total, count.astype(total.dtype))


def as_floats(chunk: Any, dtype: Any) -> Tensor:
    """A chunk as a tensor, in a dtype if one is given; bools become floats."""
    x = ao.asarray(chunk)
    if dtype is not None:
        return x.astype(dtype, copy=False)
    return x.astype("float64") if x.dtype.kind == "bool" else x


class Variance(Reduction):
    """The variance or its root: a count, a mean, and the sum of squared distances from it, combined as Chan et al. do.

    All three are float64, whatever the chunks are: what the combination loses is nothing beside their own errors.
    """

    def __init__(self, name: str, dtype: Any, correction: Any, masked: bool) -> None:
        self.name, self.dtype, self.correction, self.masked = name, dtype, correction, masked

    def partial(self, chunks: tuple[Any, ...], axes: tuple[int, ...]) -> Any:
        x = as_floats(chunks[0], self.dtype)
        where = ao.broadcast_to(ao.asarray(chunks[1]), x.shape) if self.masked else True
        options: dict[str, Any] = {"axis": axes, "keepdims": True, "where": where}
        mean, variance = [function(x, **options).astype("float64") for function in (ao.mean, ao.var)]
        if self.masked:
            count = ao.sum(where, axis=axes, keepdims=True).astype("float64")
        else:
            count = ao.full(mean.shape, math.prod([x.shape[axis] for axis in axes]), dtype="float64")
        is_empty = ao.equal(count, 0)
        mean, variance = [ao.where(is_empty, 0.0, each) for each in (mean, variance)]
        result = x.dtype if x.dtype.kind == "float" else ao.float64
        return count, mean, ao.multiply(variance, count), result.name

    def combine(self, parts: list[Any]) -> Any:
        counts, means, squares = [ao.stack(each) for each in list(zip(*parts, strict=True))[:3]]
        count = ao.sum(counts, axis=0)
        divisor = ao.maximum(count, 1.0)
        mean = ao.divide(ao.sum(ao.multiply(counts, means), axis=0), divisor)
        between = ao.multiply(counts, ao.square(ao.subtract(means, mean)))
        total = ao.add(ao.sum(squares, axis=0), ao.sum(between, axis=0))
        return count, mean, total, parts[0][3]

    def finish(self, part: Any) -> Tensor:
        count, _, total, dtype = part
        variance = ao.divide(total, ao.maximum(ao.subtract(count, self.correction), 0.0))
        return (ao.sqrt(variance) if self.name == "std" else variance).astype(dtype, copy=False)


class Positions(Reduction):
    """Where a selecting reduction has its result, as ``argmax``: the element, and its position in the whole array.

    The operator itself chooses between the elements of two chunks, and of equal ones it takes the first: they are given
    to it in the order of their positions.

    Attributes:
        shape: that of the array; None for a position along one axis.
    """

    def __init__(self, operator: Any, shape: tuple[int, ...] | None) -> None:
        self.name, self.operator, self.shape = operator.__name__, operator, shape

    def partial(self, chunks: tuple[Any, ...], axes: tuple[int, ...]) -> Any:
        x, *starts = [ao.asarray(each) for each in chunks]
        if 0 in [x.shape[axis] for axis in axes]:
            return None
        if self.shape is None:
            position = self.operator(x, axis=axes[0], keepdims=True)
            return ao.take_along_axis(x, position, axis=axes[0]), ao.add(position, starts[0].item())
        position, flat = self.operator(x, keepdims=True), x.reshape(-1)
        places, rest = [], position.item()
        for length, start in reversed(list(zip(x.shape, starts, strict=True))):
            rest, place = divmod(rest, length)
            places.append(place + start.item())
        whole = 0
        for length, place in zip(self.shape, reversed(places), strict=True):
            whole = whole * length + place
        return flat[position.item()].reshape(position.shape), ao.full(position.shape, whole, dtype="int64")

    def combine(self, parts: list[Any]) -> Any:
        if self.shape is not None:  # of several axes chunks are in another order than elements
            parts = sorted(parts, key=lambda part: int(part[1].item()))
        elements, positions = [ao.stack(each) for each in zip(*parts, strict=True)]
        chosen = self.operator(elements, axis=0, keepdims=True)
        return tuple([ao.take_along_axis(each, chosen, axis=0)[0] for each in (elements, positions)])

    def finish(self, part: Any) -> Tensor:
        positions: Tensor = part[1]
        return positions


# --- functions of graphs ----------------------------------------------------------------------------------------------


class Step(FunctionOfChunks):
    """One step of a reduction as a function of a graph.

    Attributes:
        reduction: the reduction.
        axes: the axes that fold away.
        as_numpy: whether the results are NumPy's arrays.
    """

    def __init__(self, reduction: Reduction, axes: tuple[int, ...], as_numpy: bool) -> None:
        self.reduction, self.axes, self.as_numpy = reduction, axes, as_numpy

    @property
    def __name__(self) -> str:
        return self.reduction.name


class Partial(Step):
    """What is known of one chunk."""

    def __call__(self, *chunks: Any) -> Any:
        return self.reduction.partial(tuple(map(settled, chunks)), self.axes)


class Combined(Step):
    """What is known of several chunks."""

    def __call__(self, parts: Any, axis: Any = None, keepdims: Any = None) -> Any:
        every = [part for part in leaves(parts) if part is not None]
        if len(every) > 1:
            return self.reduction.combine(every)
        return every[0] if every else None


class Finished(Combined):
    """The result of what is known of all chunks."""

    def __call__(self, parts: Any, axis: Any = None, keepdims: Any = True) -> Any:
        part = super().__call__(parts)
        if part is None:
            name = self.reduction.name
            errors.reject(ValueError, name, "x", "have an element to begin with", "an array without elements")
        result = self.reduction.finish(part)
        return given(result if keepdims else ao.squeeze(result, axis=self.axes), self.as_numpy)


def leaves(parts: Any) -> Iterator[Any]:
    """The parts in nested lists, in order."""
    if isinstance(parts, list):
        for each in parts:
            yield from leaves(each)
    else:
        yield parts


def unchanged(part: Any, axis: Any = None, keepdims: Any = None) -> Any:
    """A part itself, where Dask's reduction wants a function of chunks."""
    return part


def tree(
    reduction: Reduction,
    arrays: list[Any],
    axis: Any,
    keepdims: bool,
    split_every: Any = None,
    places: tuple[Any, ...] = (),
) -> Array:
    """The graph of a reduction of arrays that broadcast; ``places`` are arguments of the first step for each axis."""
    arrays = as_arrays(arrays)
    lazy = [each for each in arrays if isinstance(each, Array)]
    ndim = max(each.ndim for each in lazy)
    axes = tuple(range(ndim)) if axis is None else normalize_axes(reduction.name, "axis", axis, ndim)
    as_numpy = not any(is_of_tensors(each) for each in arrays)
    samples = tuple([element_of(each) for each in arrays])
    ones = tuple([ao.zeros((1,), dtype="int64") for _ in places])
    step = Partial(reduction, axes, as_numpy)
    finished = Finished(reduction, axes, as_numpy)
    sample = finished([step(*samples, *ones)], keepdims=keepdims)
    meta = sample[(slice(0, 0),) * sample.ndim] if sample.ndim else sample
    indices = tuple(range(ndim))
    pairs = broadcast(arrays, indices)
    for array, index in places:
        pairs += [array, index]
    wide = ao.empty((0,) * ndim, dtype=sample.dtype)
    parts = dask.array.blockwise(
        step,
        indices,
        *pairs,
        token=reduction.name,
        adjust_chunks=dict.fromkeys(axes, one),
        meta=numpy.asarray(wide) if as_numpy else wide,
        align_arrays=not places,
    )
    if not axes:
        return parts.map_blocks(finished, meta=meta, token=reduction.name)
    return dask.array.reduction(
        parts,
        unchanged,
        finished,
        axis=axes,
        keepdims=keepdims,
        dtype=sample.dtype,
        split_every=split_every,
        combine=Combined(reduction, axes, as_numpy),
        name=reduction.name,
        concatenate=False,
        meta=meta,
    )


def one(length: int) -> int:
    """The length of a chunk along an axis that has been folded."""
    return 1


# --- the functions of aotops ------------------------------------------------------------------------------------------


def reduced(operator: ao.Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Array:
    """A reduction that is an operator."""
    name, count = operator.__name__, len(operator.parameters)
    options = dict(kwargs)
    split_every, where = options.pop("split_every", None), options.pop("where", True)
    initial = options.pop("initial", None)
    reject_out(name, options.pop("out", None))
    arrays = read(name, operator.parameters, args[:count])
    samples = [element_of(each) for each in arrays]
    given_too = {} if where is True else {"where": True}
    given_too |= {} if initial is None else {"initial": initial}
    sample = operator(*samples, *args[count:], **options, **given_too)  # which raises what the call would
    axis = args[count] if len(args) > count else options.pop("axis", None)
    keepdims = bool(options.pop("keepdims", False))
    if where is not True:
        arrays += read(name, ("where",), (where,))
    record = record_of(operator)
    reduction: Reduction
    if record.map is None and record.finish is None and combines_itself(operator, sample, options):
        reduction = ByItself(name, operator, initial=initial, masked=where is not True, **options)
    else:
        reduction = ByStates(operator, record.finish is not None)
    return tree(reduction, arrays, axis, keepdims, split_every)


def combines_itself(operator: ao.Operator, result: Tensor, options: dict[str, Any]) -> bool:
    """Whether a reduction takes its own results, and makes more of their dtype."""
    try:
        again: Tensor = operator(ao.ones((1,), dtype=result.dtype), **options)
    except TypeError:
        return False
    return again.dtype == result.dtype


def argreduced(operator: ao.Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Array:
    """The position of what a selecting reduction finds."""
    name, options = operator.__name__, dict(kwargs)
    split_every = options.pop("split_every", None)
    reject_out(name, options.pop("out", None))
    (x,) = read(name, operator.parameters, args[:1])
    operator(element_of(x), *args[1:], **options)
    axis = args[1] if len(args) > 1 else options.get("axis")
    axes = tuple(range(x.ndim)) if axis is None else normalize_axes(name, "axis", axis, x.ndim, several=False)
    starts = []
    for number in axes:
        chunks = x.chunks[number]
        if any(math.isnan(length) for length in chunks):
            advice = "call x.compute_chunk_sizes() first"
            errors.reject(ValueError, name, "x", "have chunks of known lengths along the axis", "unknown ones", advice)
        offsets = numpy.cumsum([0, *chunks[:-1]])
        starts.append((dask.array.from_array(offsets, chunks=1), (number,)))
    reduction = Positions(operator, x.shape if axis is None else None)
    return tree(reduction, [x], axes, bool(options.get("keepdims", False)), split_every, tuple(starts))


def by_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A reduction that is a Python function of aotops, one of ``FUNCTIONS``."""
    name, kwargs = function.__name__, dict(kwargs)
    split_every = kwargs.pop("split_every", None)
    bound = inspect.signature(function).bind(*args, **kwargs)
    reject_out(name, bound.arguments.pop("out", None))
    where = bound.arguments.pop("where", True)
    (x,) = read(name, ("x",), (bound.arguments.pop("x"),))
    axis, keepdims = bound.arguments.pop("axis", None), bool(bound.arguments.pop("keepdims", False))
    function(element_of(x), axis=axis, keepdims=keepdims, **bound.arguments)  # which raises what the call would
    arrays = [x] if where is True else [x, *read(name, ("where",), (where,))]
    reduction = FUNCTIONS[name](name, where is not True, **bound.arguments)
    return tree(reduction, arrays, axis, keepdims, split_every)


def variance(name: str, masked: bool, dtype: Any = None, correction: Any = None, ddof: Any = None) -> Variance:
    """``aotops.var`` and ``aotops.std``."""
    return Variance(name, dtype, one_correction(name, correction, ddof), masked)


def norm(name: str, masked: bool, ord: float = 2) -> ByItself:
    """``aotops.norm``, of whose results it is the norm again; the "norm" 0 counts."""
    return ByItself(name, ao.norm, again=ao.sum, ord=0) if ord == 0 else ByItself(name, ao.norm, ord=ord)


#: The Python functions of aotops that are reductions, by name: what makes a reduction of that name, of whether there is
#: a mask, and of the other arguments.
FUNCTIONS: dict[str, Any] = {
    "count_nonzero": lambda name, masked: ByItself(name, ao.count_nonzero, again=ao.sum),
    "logsumexp": lambda name, masked: ByItself(name, ao.logsumexp),
    "mean": lambda name, masked, dtype=None: Mean(dtype, masked),
    "nanmax": lambda name, masked: ByItself(name, ao.nanmax),
    "nanmin": lambda name, masked: ByItself(name, ao.nanmin),
    "nansum": lambda name, masked: ByItself(name, ao.nansum, again=ao.sum),
    "norm": norm,
    "std": variance,
    "var": variance,
}
