"""What all graphs are made with: functions of chunks that have names and can be pickled, and what chunks will be."""

from __future__ import annotations

import pickle
from typing import Any

import dask.array
import numpy
from dask.array.core import Array
from dask.base import normalize_token

import aotops as ao
from aotops import errors
from aotops.namespace.operands import as_operand
from aotops.tensors import Tensor


class Tokenized:
    """What Dask names by its kind and its attributes: in every process, alike objects have the same name."""

    def __dask_tokenize__(self) -> Any:
        return type(self).__qualname__, normalize_token(self.__dict__)


class FunctionOfChunks(Tokenized):
    """A function that tasks call, with operators in it that are pickled by name.

    A worker that has not their module fails at the call, with an error of the task that says so. If it failed where it
    reads the task, it would lose its scheduler, start again, and never end. Schedulers hand on what they cannot import.
    """

    def __reduce__(self) -> Any:
        return restored, (self.__name__, pickle.dumps((type(self), self.__dict__)))

    @property
    def __name__(self) -> str:
        raise NotImplementedError

    def __call__(self, *chunks: Any, **options: Any) -> Any:
        raise NotImplementedError


class Unavailable:
    """What stands for a function of chunks in a process that cannot import an operator in it."""

    def __init__(self, name: str, pickled: bytes, reason: str) -> None:
        self.__name__, self.pickled, self.reason = name, pickled, reason

    def __reduce__(self) -> Any:
        return restored, (self.__name__, self.pickled)

    def __call__(self, *chunks: Any, **options: Any) -> Any:
        advice = "install its package there, or send the module and its built extension with Client.upload_file"
        errors.reject(ImportError, self.__name__, "its module", "be importable by each worker", self.reason, advice)


def restored(name: str, pickled: bytes) -> Any:
    """A function of chunks from what ``pickle`` made of it, or what says at the call that there is none."""
    try:
        kind, attributes = pickle.loads(pickled)
    except (ImportError, AttributeError) as error:
        return Unavailable(name, pickled, str(error))
    function = kind.__new__(kind)
    function.__dict__.update(attributes)
    return function


class OnChunks(FunctionOfChunks):
    """A function of chunks: an operator or another function of aotops, with the arguments that are the same for all.

    Attributes:
        function: what is called; pickled by name, so a worker imports it.
        constants: arguments after the chunks.
        options: arguments by name.
        masked: whether the last chunk is that of a mask, ``where``.
        sums: whether results depend on the order of memory, so that chunks have to be settled.
        as_numpy: whether results are NumPy's arrays.
    """

    def __init__(
        self, function: Any, *constants: Any, masked: bool = False, sums: bool = False, **options: Any
    ) -> None:
        self.function = function
        self.constants = constants
        self.options = options
        self.masked = masked
        self.sums = sums
        self.as_numpy = False

    @property
    def __name__(self) -> str:
        return str(self.function.__name__)

    def __call__(self, *chunks: Any) -> Any:
        options = self.options
        if self.masked:
            *chunks, where = chunks  # type: ignore[assignment]
            options = {**options, "where": where}
        if self.sums:
            chunks = tuple(map(settled, chunks))
        return given(self.function(*chunks, *self.constants, **options), self.as_numpy)


def given(result: Any, as_numpy: bool) -> Any:
    """Tensors, also in a tuple, as NumPy's arrays on their memory if that is wanted."""
    if not as_numpy or result is None:
        return result
    if isinstance(result, tuple):
        return tuple([given(each, True) for each in result])
    return numpy.asarray(result)


def settled(chunk: Any) -> Any:
    """A chunk as a tensor in row-major order, or in column-major order if it is in that.

    Reductions combine elements in the order of memory, and a chunk with gaps has none after it has been sent to another
    worker: without this, last bits would depend on which worker computes.
    """
    x = ao.asarray(chunk)
    return x if x.is_contiguous() or x.T.is_contiguous() else x.contiguous()


def as_arrays(operands: list[Any]) -> list[Any]:
    """Operands with Dask arrays of one chunk in place of those in memory; single elements and numbers stay."""
    return [
        dask.array.from_array(each, chunks=-1, asarray=False)
        if isinstance(each, (Tensor, numpy.ndarray)) and each.ndim
        else each
        for each in operands
    ]


def is_of_tensors(operand: Any) -> bool:
    """Whether an operand is a tensor, or a Dask array whose chunks are."""
    return isinstance(operand._meta if isinstance(operand, Array) else operand, Tensor)


def meta_of(operand: Any) -> Any:
    """What stands for an operand where its dtype alone counts: a tensor or an array without elements, or a number."""
    return operand._meta if isinstance(operand, Array) else operand


def element_of(operand: Any) -> Any:
    """The same with a single element, for functions that need one to begin with."""
    if not isinstance(operand, Array):
        return operand
    return ao.ones((1,) * operand.ndim, dtype=numpy.dtype(operand.dtype))


def read(name: str, parameters: tuple[str, ...], values: Any) -> list[Any]:
    """Arguments as Dask arrays, tensors, NumPy's arrays or numbers; ``TypeError`` for others."""
    every: list[Any] = []
    for parameter, value in zip(parameters, values, strict=False):
        if value is not None and not isinstance(value, Array):
            operand = as_operand(name, parameter, value)
            # lists and arrays do not make tensors of NumPy's chunks
            value = operand if isinstance(value, Tensor) or not isinstance(operand, Tensor) else numpy.asarray(operand)
        every.append(value)
    return every


def reject_out(name: str, out: Any) -> None:
    """Raise ``TypeError`` where a result is to be written into something: nothing is computed yet."""
    if out is not None:
        wanted = "be left out where an argument is a Dask array"
        advice = "use the result, or store it with dask.array.store"
        errors.reject(TypeError, name, "out", wanted, errors.type_name(out), advice)


def require_one_chunk(name: str, parameter: str, x: Array, axes: Any, what: str = "axis") -> None:
    """Raise ``ValueError`` unless some axes of an array lie in one chunk each."""
    for axis in axes:
        if len(x.chunks[axis]) > 1:
            got = f"{len(x.chunks[axis])} chunks along axis {axis}"
            errors.reject(
                ValueError, name, parameter, f"have {what} in one chunk", got, f"call x.rechunk({{{axis}: -1}}) first"
            )


def labelled(operands: list[Any], labels: Any) -> list[Any]:
    """Operands, each followed by the labels of its axes as ``blockwise`` takes them, None for what is in memory."""
    return [
        part
        for each, own in zip(operands, labels, strict=True)
        for part in (each, own if isinstance(each, Array) else None)
    ]


def broadcast(operands: list[Any], labels: tuple[int, ...]) -> list[Any]:
    """The same of operands that broadcast: each has the last ones of the labels."""
    return labelled(operands, [labels[len(labels) - getattr(each, "ndim", 0) :] for each in operands])


def separated(results: Array, labels: Any, name: str, wanted: Any) -> tuple[Array, ...]:
    """The results of a function that has several, of which each chunk is a tuple, as arrays.

    ``wanted`` has for each its labels, the lengths of those that are new, and what stands for its chunks.
    """
    return tuple(
        [
            dask.array.blockwise(
                item, own, results, labels, number, None, token=f"{name}-{number}", new_axes=new, meta=meta
            )
            for number, (own, new, meta) in enumerate(wanted)
        ]
    )


def item(results: tuple[Any, ...], number: int) -> Any:
    """One of the results of a function that has several."""
    return results[number]
