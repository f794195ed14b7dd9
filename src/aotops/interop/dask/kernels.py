"""Array kernels on Dask's arrays: chunks divide the batch, and the axes of the layout lie in one chunk each.

It is what ``dask.array.apply_gufunc`` does, in one layer and without the copy that it makes of each chunk whose axes
the kernel folds.
"""

from __future__ import annotations

from typing import Any

import dask.array
from dask.array.core import Array

import aotops as ao
from aotops import errors
from aotops.interop.dask.graph import (
    FunctionOfChunks,
    as_arrays,
    given,
    is_of_tensors,
    labelled,
    meta_of,
    read,
    reject_out,
    require_one_chunk,
    separated,
)
from aotops.user.array_axes import given_axes


class KernelOfChunks(FunctionOfChunks):
    """An array kernel as a function of chunks.

    Attributes:
        kernel: the kernel.
        options: ``axes``, ``axis`` and ``keepdims``, which mean the same for a chunk as for the array.
        as_numpy: whether results are NumPy's arrays.
    """

    def __init__(self, kernel: ao.ArrayKernel, options: dict[str, Any], as_numpy: bool) -> None:
        self.kernel, self.options, self.as_numpy = kernel, options, as_numpy

    @property
    def __name__(self) -> str:
        return self.kernel.__name__

    def __call__(self, *chunks: Any) -> Any:
        return given(self.kernel(*map(alone, chunks), **self.options), self.as_numpy)


def alone(chunk: Any) -> Any:
    """The chunk inside of the lists that Dask makes of axes that no output has."""
    while isinstance(chunk, list):
        (chunk,) = chunk
    return chunk


def applied(kernel: ao.ArrayKernel, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of an array kernel, or a tuple of several."""
    name, record = kernel.__name__, kernel._record
    layout, options = record.layout, dict(kwargs)
    if kernel.in_place:
        advice = "declare it with an output, which begins as a copy: out[:] = x"
        errors.reject(
            TypeError, name, kernel.in_place[0], "be an array in memory, since it is written", "one of Dask's", advice
        )
    reject_out(name, options.pop("out", None))
    operands = as_arrays(read(name, kernel.parameters, args))
    moved = given_axes(name, layout, options.get("axes"), options.get("axis"))
    keepdims = options.get("keepdims", False)
    if keepdims is not False:
        kernel._require_keepdims(keepdims)
    sizes: dict[str, int] = {}
    axes_of: list[tuple[str, ...]] = []
    batch = 0
    for number, (parameter, each, own) in enumerate(zip(kernel.parameters, operands, layout.inputs, strict=True)):
        ndim = each.ndim if isinstance(each, Array) else 0
        places = own_places(name, parameter, ndim, own, moved[number] if moved else None)
        if isinstance(each, Array):
            require_one_chunk(name, parameter, each, places, f"each of the axes ({', '.join(own)})")
        for dimension, place in zip(own, places, strict=True):
            wanted = sizes.setdefault(dimension, int(dimension) if dimension.isdigit() else each.shape[place])
            if each.shape[place] != wanted:
                rule = f"have {wanted} elements along {dimension} of the layout {layout.text}"
                errors.reject(ValueError, name, parameter, rule, f"shape {each.shape}")
        axes_of.append(labels(ndim, dict(zip(places, own, strict=True))))
        batch = max(batch, ndim - len(own))
    outputs = []
    for number, own in enumerate(layout.outputs):
        dimensions: tuple[Any, ...] = own
        places = moved[len(operands) + number] if moved else tuple(range(-len(own), 0))
        if keepdims:
            dimensions = tuple([f"{each} kept" for each in layout.inputs[0]])
            sizes |= dict.fromkeys(dimensions, 1)
            places = moved[0] if moved else tuple(range(-len(dimensions), 0))
        ndim = batch + len(dimensions)
        outputs.append(labels(ndim, {place % ndim: label for place, label in zip(places, dimensions, strict=True)}))
        for each in own:
            if each not in sizes:
                sizes[each] = int(each) if each.isdigit() else layout.size_of(name, each, sizes)
    signature = record.signatures[kernel._chosen([meta_of(each) for each in operands])]
    as_numpy = not any(is_of_tensors(each) for each in operands)
    made = [
        given(ao.empty((0,) * len(own), dtype=dtype), as_numpy)
        for own, dtype in zip(outputs, signature.dtypes[signature.inputs :], strict=True)
    ]
    function = KernelOfChunks(kernel, options, as_numpy)
    pairs = labelled(operands, axes_of)
    if len(outputs) == 1:
        met = {label for own in axes_of for label in own}
        new = {label: sizes[label] for label in outputs[0] if label in sizes and label not in met}
        return dask.array.blockwise(function, outputs[0], *pairs, token=name, new_axes=new, meta=made[0])
    loops = labels(batch, {})
    several = dask.array.blockwise(function, loops, *pairs, token=name, meta=given(ao.empty((0,) * batch), as_numpy))
    new_axes = [{label: sizes[label] for label in own if label in sizes} for own in outputs]
    return separated(several, loops, name, zip(outputs, new_axes, made, strict=True))


def own_places(name: str, parameter: str, ndim: int, own: tuple[str, ...], moved: Any) -> tuple[int, ...]:
    """Where an operand has the axes of the layout, counted from the front; ``ValueError`` if it has not so many."""
    if ndim < len(own):
        errors.reject(ValueError, name, parameter, f"have the axes ({', '.join(own)})", f"{ndim} axes")
    if moved is None:
        return tuple(range(ndim - len(own), ndim))
    for place in moved:
        if not -ndim <= place < ndim:
            errors.wrong_axis(name, "axes", ndim, place)
    return tuple([place % ndim for place in moved])


def labels(ndim: int, own: dict[int, str]) -> tuple[str, ...]:
    """The labels of an operand's axes, for ``blockwise``: those of the layout, and the batch numbered from its last."""
    left = iter(range(ndim - len(own))[::-1])
    return tuple([own[place] if place in own else f"batch {next(left)}" for place in range(ndim)])
