"""Tensors as chunks: what Dask asks of an array type, by its own registries.

Most of what Dask does with chunks goes through NumPy's protocols, which tensors have
(``aotops.interop.numpy_functions``). Here is the rest: that tensors are chunks at all, how many bytes they take, what
makes two of them the same, and the functions that Dask looks up by type.
"""

from __future__ import annotations

from typing import Any

import dask
import dask.array
import numpy
from dask.array.backends import ArrayBackendEntrypoint, _numel_arraylike
from dask.array.core import Array
from dask.array.dispatch import (
    concatenate_lookup,
    divide_lookup,
    empty_lookup,
    nannumel_lookup,
    numel_lookup,
    percentile_lookup,
    tensordot_lookup,
    to_numpy_dispatch,
)
from dask.base import normalize_token
from dask.utils import Dispatch

import aotops as ao
from aotops.interop.dask.graph import settled
from aotops.interop.dask_sizeof import register as register_sizeof
from aotops.tensors import Tensor
from aotops.user.identity import Facts

#: What makes tensors of arrays in memory, for ``x.to_backend("aotops")``.
to_tensor_dispatch = Dispatch("to_tensor_dispatch")


def register() -> None:
    """Tell Dask what tensors are; once for each process, by importing the package."""
    from dask.sizeof import sizeof

    dask.array.register_chunk_type(Tensor)
    concatenate_lookup.register(Tensor, ao.concat)
    empty_lookup.register(Tensor, empty)
    divide_lookup.register(Tensor, divide)
    percentile_lookup.register(Tensor, percentile)
    tensordot_lookup.register(Tensor, tensordot)
    numel_lookup.register(Tensor, _numel_arraylike)
    nannumel_lookup.register(Tensor, nannumel)
    to_numpy_dispatch.register(Tensor, as_array)
    to_tensor_dispatch.register((numpy.ndarray, Tensor), as_tensor)
    normalize_token.register(ao.DType, token_of_dtype)
    normalize_token.register((ao.Operator, ao.ArrayKernel), token_of_declaration)
    normalize_token.register(type(ao.mean), token_of_function)
    register_sizeof(sizeof)


# --- functions that Dask looks up by the type of a chunk --------------------------------------------------------------


def empty(shape: Any, dtype: Any = float, order: str = "C") -> Tensor:
    """``numpy.empty``."""
    return ao.empty(shape, dtype=numpy.dtype(dtype))


def divide(a: Any, b: Any, dtype: Any = None) -> Tensor:
    """The quotient of two statistics, in a dtype."""
    quotient = ao.divide(a, b)
    return quotient if dtype is None else quotient.astype(numpy.dtype(dtype), copy=False)


def nannumel(x: Tensor, **options: Any) -> Tensor:
    """How many elements are no NaN, by the arguments of ``sum``."""
    return numpy.sum(ao.logical_not(ao.isnan(x)), **options)


def percentile(a: Any, q: Any, method: str = "linear") -> tuple[Any, int]:
    """The percentiles of one chunk and its size, of which ``dask.array.percentile`` makes estimates for all of it."""
    from dask.array.percentile import _percentile

    return _percentile(numpy.asarray(a), q, method)


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """``numpy.tensordot`` of settled chunks, whose bits do not depend on which worker has them."""
    return ao.tensordot(settled(x1), settled(x2), axes=axes)


def as_array(x: Tensor, **options: Any) -> Any:
    """A tensor as NumPy's array on its memory."""
    return numpy.asarray(x)


def as_tensor(x: Any, **options: Any) -> Tensor:
    """An array in memory as a tensor on its memory."""
    return ao.asarray(x)


# --- names: two things that are alike have the same one, in every process ---------------------------------------------


def token_of_dtype(dtype: ao.DType) -> tuple[str, str]:
    """What tells a dtype from others: its name."""
    return "aotops.DType", dtype.name


def token_of_declaration(declared: ao.Operator | ao.ArrayKernel) -> tuple[Any, ...]:
    """What tells an operator or an array kernel from others: its name, and for users' what it computes."""
    record = declared._record
    facts = [ao.__version__] if record is None else list(Facts(lambda number, function: ()).of_record(record))
    return type(declared).__name__, declared.__module__, declared.__name__, facts


def token_of_function(function: Any) -> tuple[str, str, str]:
    """What tells a function of aotops from others: its name."""
    return "aotops.Function", function.__name__, ao.__version__


# --- arrays that are made with tensors as chunks ----------------------------------------------------------------------


class AotopsBackendEntrypoint(ArrayBackendEntrypoint):
    """Dask's array backend "aotops": ``dask.config.set({"array.backend": "aotops"})``, ``x.to_backend("aotops")``."""

    @classmethod
    def to_backend_dispatch(cls) -> Dispatch:
        """What converts a chunk."""
        return to_tensor_dispatch

    @classmethod
    def to_backend(cls, data: Array, **options: Any) -> Array:
        """The array with tensors for chunks, which share the memory of NumPy's."""
        if isinstance(data._meta, Tensor):
            return data
        return data.map_blocks(as_tensor, meta=as_tensor(data._meta), **options)

    @property
    def RandomState(self) -> Any:
        """NumPy's random numbers: chunks of ``dask.array.random`` are NumPy's."""
        return numpy.random.RandomState

    @property
    def default_bit_generator(self) -> Any:
        """NumPy's, likewise."""
        return numpy.random.PCG64

    @classmethod
    def ones(cls, *args: Any, **options: Any) -> Array:
        """``dask.array.ones`` with tensors for chunks."""
        return cls._made("ones", args, options)

    @classmethod
    def zeros(cls, *args: Any, **options: Any) -> Array:
        """``dask.array.zeros``, likewise."""
        return cls._made("zeros", args, options)

    @classmethod
    def empty(cls, *args: Any, **options: Any) -> Array:
        """``dask.array.empty``, likewise."""
        return cls._made("empty", args, options)

    @classmethod
    def full(cls, *args: Any, **options: Any) -> Array:
        """``dask.array.full``, likewise."""
        return cls._made("full", args, options)

    @classmethod
    def arange(cls, *args: Any, **options: Any) -> Array:
        """``dask.array.arange``, likewise."""
        return cls._made("arange", args, options)

    @classmethod
    def _made(cls, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Array:
        with dask.config.set({"array.backend": "numpy"}):
            return cls.to_backend(getattr(dask.array, name)(*args, **options))
