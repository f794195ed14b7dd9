"""NumPy's functions on tensors: what ``numpy.exp(t)``, ``array + t`` and ``numpy.sum(t, axis=0)`` compute.

NumPy calls ``Tensor.__array_ufunc__`` for its universal functions (``numpy.exp``, ``numpy.add.reduce``, the operators
of arrays) and ``Tensor.__array_function__`` for the others.

Where aotops has the function, aotops computes, also into an array that is given as ``out``. Universal functions that it
lacks, or lacks an argument of (``order=``, ``casting=``), are computed by NumPy on the tensors' memory; either way the
result is a tensor, where its dtype is one of aotops'. Other functions that aotops lacks are a ``TypeError``, but for
those that tell something or write into an array.
"""

from __future__ import annotations

from typing import Any

import aotops
from aotops import _native, errors
from aotops._native import TensorBase
from aotops.dtypes import BY_NAME
from aotops.namespace.operands import has_own_operators, is_foreign_number, is_operand

# --- universal functions ------------------------------------------------------------------------------------------

#: What aotops calls the reduction and the scan by a universal function.
REDUCTIONS = {
    "add": ("sum", "cumulative_sum"),
    "multiply": ("prod", "cumulative_prod"),
    "maximum": ("max", "cumulative_max"),
    "minimum": ("min", "cumulative_min"),
    "logical_and": ("all", ""),
    "logical_or": ("any", ""),
}

#: The functions behind NumPy's universal functions that have been called so far.
_called: dict[str, Any] = dict(_native.operators)


def function_called(name: str) -> Any:
    """The function that implements NumPy's universal function of a name, or None."""
    if name not in _called:
        from aotops import ops  # 20 ms, beside NumPy's 100

        aliases = {alias: record.name for record in ops.collect().values() for alias in record.aliases}
        own = aliases.get(f"numpy.{name}", name)
        _called[name] = _native.operators.get(own) or getattr(aotops, own, None)
    return _called[name]


def array_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of a universal function one of whose arguments is a tensor; the protocol is ``__array_ufunc__``'s."""
    import numpy

    name = ufunc.__name__
    outs = options.get("out", ())
    known = getattr(numpy, name, None) is ufunc  # others make functions of these names too
    out = as_out(outs[0]) if len(outs) == 1 else None
    if known and len(outs) < 2 and (out is None) == (not outs) and all(map(is_operand_or_number, inputs)):
        others = {key: value for key, value in options.items() if key != "out"}
        result = computed(name, method, inputs, others, out)
        if result is not None:
            return outs[0] if outs else result
    given = {name: as_arrays(value) for name, value in options.items()}
    results = getattr(ufunc, method)(*as_arrays(inputs), **given)
    if not isinstance(results, tuple):
        return outs[0] if outs else as_tensor(results)
    return tuple(
        [
            as_tensor(result) if out is None else out
            for result, out in zip(results, outs or (None,) * len(results), strict=True)
        ]
    )


def computed(name: str, method: str, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> Any:
    """What aotops computes for a universal function, or for a method of one; None where it has nothing for that."""
    into = {} if out is None else {"out": out}
    if method == "__call__":
        function = function_called(name)
        is_operator = isinstance(function, _native.Operator)
        if function is None or not options.keys() <= ({"where"} if is_operator else set()):
            return None
        if is_operator and (len(function.parameters) != len(inputs) or function.kind not in ("map", "zip")):
            return None
        return function(*inputs, **options, **into) if is_operator or not into else None
    if name not in REDUCTIONS or method not in OPTIONS or not options.keys() <= OPTIONS[method]:
        return None
    function = getattr(aotops, REDUCTIONS[name][method == "accumulate"], None)
    dtype = dtype_argument(options.get("dtype"))
    if function is None or (dtype and name not in ("add", "multiply")):
        return None
    others = {option: options[option] for option in ("keepdims", "initial", "where") if option in options}
    return function(*inputs, axis=options.get("axis", 0), **others, **dtype, **into)


#: The options of a universal function's methods that reductions and scans of aotops have as well.
OPTIONS = {"reduce": {"axis", "dtype", "keepdims", "initial", "where"}, "accumulate": {"axis", "dtype"}}


def is_operand_or_number(value: Any) -> bool:
    """Whether operators of aotops take a value, or say in its words why not."""
    return is_operand(value) or is_foreign_number(value)


def as_out(value: Any) -> Any:
    """A tensor on the memory of an ``out``; None where there is none that can be written."""
    if value is None or isinstance(value, TensorBase):
        return value
    try:
        shared = _native.from_buffer(value, False)
    except (TypeError, ValueError, BufferError):  # of a dtype that aotops lacks
        return None
    return None if shared is None or shared.readonly else shared  # None: not aligned


# --- other functions ----------------------------------------------------------------------------------------------

#: The functions that aotops calls as NumPy does, and means the same by; an error for those that it does not have yet.
SAME = (
    "all any argmax argmin astype broadcast_arrays broadcast_to clip count_nonzero cumulative_prod cumulative_sum "
    "diff einsum empty_like expand_dims flip full_like imag isin matrix_transpose max mean median meshgrid min "
    "moveaxis nanargmax nanargmin nanmax nanmean nanmedian nanmin nanprod nanstd nansum nanvar nonzero ones_like "
    "percentile prod quantile real repeat reshape roll round searchsorted squeeze stack std sum take take_along_axis "
    "tensordot tile tril triu unique_all unique_counts unique_inverse unique_values unstack var zeros_like"
)

#: What others of NumPy's functions are called in aotops.
RENAMED = {"amax": "max", "amin": "min", "around": "round", "round_": "round", "product": "prod"}

#: Functions whose results are no arrays: NumPy computes them on the tensors' memory.
NUMPYS = (
    "allclose array2string array_equal array_equiv array_repr array_str can_cast common_type copyto fill_diagonal "
    "iscomplexobj isrealobj may_share_memory min_scalar_type ndim place put put_along_axis putmask result_type save "
    "savetxt savez savez_compressed shape shares_memory size"
)

#: What NumPy calls an argument, and what aotops does.
ARGUMENTS = {"a_min": "min", "a_max": "max"}


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
    """``numpy.dot`` of vectors and matrices, which is their product, and of numbers; not of more dimensions."""
    x, y = aotops.asarray(a), aotops.asarray(b)
    if x.ndim == 0 or y.ndim == 0:
        return aotops.multiply(x, y, out=out)
    function = function_of("matmul" if max(x.ndim, y.ndim) <= 2 else "", "numpy.dot")
    return finished("dot", function(x, y), out, None)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """``numpy.swapaxes``."""
    from aotops.shapes import normalize_axes

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


#: Functions that aotops spells in another way.
ADAPTERS = {
    "argsort": argsort,
    "concatenate": concatenate,
    "copy": copied,
    "cumprod": cumprod,
    "cumsum": cumsum,
    "dot": dot,
    "hstack": hstack,
    "ravel": ravel,
    "sort": sort,
    "swapaxes": swapaxes,
    "transpose": transpose,
    "vstack": vstack,
    "where": where,
}


def array_function(function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of one of NumPy's other functions one of whose arguments is a tensor, by ``__array_function__``."""
    import numpy

    if not all(issubclass(kind, (TensorBase, numpy.ndarray)) and not positive_priority(kind) for kind in types):
        return NotImplemented  # masked arrays, Dask's: what becomes of a tensor beside them is theirs to say
    name = f"{function.__module__}.{function.__name__}"
    short = function.__name__ if function.__module__ == "numpy" else ""
    if short in NUMPYS.split():
        return function(*as_arrays(args), **as_arrays(options))
    adapter: Any = ADAPTERS.get(short)
    # what NumPy lacks a signature for, in versions before 2.4, has an adapter
    bound = signature_of(adapter or function).bind(*args, **options)
    out = bound.arguments.get("out")
    shared = {} if out is None else {"out": aotops.asarray(out, copy=False)}  # a copy would be written in vain
    dtype = dtype_argument(bound.arguments.get("dtype"))
    bound.arguments = {**as_tensors(bound.arguments), **shared, **dtype}
    if adapter is not None:
        result = adapter(*bound.args, **bound.kwargs)
    else:
        own = function_of(short if short in SAME.split() else RENAMED.get(short, ""), name)
        positional, by_name = translated(name, bound, own)
        result = own(*positional, **by_name)
    return result if out is None else out


def dtype_argument(value: Any) -> dict[str, Any]:
    """An argument ``dtype``, if it is given: NumPy has more names for dtypes than aotops, such as ``"f4"``."""
    import numpy

    return {} if value is None else {"dtype": numpy.dtype(value)}


def positive_priority(kind: type) -> bool:
    """Whether arrays of a type say that their functions come first."""
    priority = getattr(kind, "__array_priority__", 0)
    return not issubclass(kind, TensorBase) and isinstance(priority, (int, float)) and priority > 0


def function_of(own: str, name: str) -> Any:
    """The function of aotops that implements NumPy's; a ``TypeError`` that names NumPy's where there is none."""
    found = getattr(aotops, own, None)
    if found is None:
        advice = f"write {name}(numpy.asarray(t)), which shares its memory"
        errors.reject(TypeError, name, "each array", "be an ndarray, for which alone it is defined", "a Tensor", advice)
    return found


def translated(name: str, bound: Any, own: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of NumPy's function for one of aotops: those without a default by position, others by name."""
    takes = signature_of(own).parameters
    positional: list[Any] = []
    by_name: dict[str, Any] = {}
    for given, value in bound.arguments.items():
        parameter = bound.signature.parameters[given]
        argument = ARGUMENTS.get(given, given)
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            by_name |= value
        elif parameter.default is not parameter.empty:
            if not is_default(value, parameter.default):
                by_name[argument] = value
        elif argument in takes and takes[argument].kind is parameter.KEYWORD_ONLY:
            by_name[argument] = value
        else:
            positional.append(value)
    for argument, value in by_name.items():
        if argument not in takes:
            unsupported(name, argument, value)
    return positional, by_name


def signature_of(function: Any) -> Any:
    """The signature of a function, which takes 30 us to find."""
    found = _signatures.get(function)
    if found is None:
        import inspect

        found = _signatures[function] = inspect.signature(function)
    return found


#: The signatures of the functions that have been called so far.
_signatures: dict[Any, Any] = {}


def is_default(value: Any, default: Any) -> bool:
    """Whether an argument says what it would say if it were left out."""
    return value is default or (
        isinstance(value, (str, int, bool)) and type(value) is type(default) and value == default
    )


def unsupported(name: str, argument: str, value: Any) -> Any:
    """Raise ``TypeError`` for an argument that only NumPy's function has."""
    advice = errors.INSTEAD.get(argument, f"write {name}(numpy.asarray(t), ...) for NumPy's own")
    errors.reject(TypeError, name, argument, "be left out where a Tensor is given", errors.type_name(value), advice)


# --- values -------------------------------------------------------------------------------------------------------


def as_arrays(value: Any) -> Any:
    """A value in which arrays that share their memory replace tensors, also inside of tuples, lists and dicts."""
    if isinstance(value, (tuple, list)):
        return type(value)([as_arrays(each) for each in value])
    if isinstance(value, dict):
        return {key: as_arrays(each) for key, each in value.items()}
    if isinstance(value, TensorBase):
        import numpy

        return numpy.asarray(value)
    return value


def as_tensors(value: Any) -> Any:
    """A value in which tensors that share their memory replace arrays, also inside of tuples, lists and dicts."""
    import numpy

    if type(value) in (tuple, list):
        return type(value)([as_tensors(each) for each in value])
    if type(value) is dict:
        return {key: as_tensors(each) for key, each in value.items()}
    if isinstance(value, numpy.ndarray) and not has_own_operators(value):
        from aotops.namespace.creation import asarray

        return asarray(value)
    return value


def as_tensor(value: Any) -> Any:
    """A result of NumPy as a tensor on its memory, or of a scalar a copy, where there is a dtype for it."""
    import numpy

    from aotops.namespace.creation import asarray

    scalar = isinstance(value, numpy.generic)  # whose memory is read-only
    plain = type(value) is numpy.ndarray or scalar
    return asarray(value, copy=scalar or None) if plain and value.dtype.name in BY_NAME else value
