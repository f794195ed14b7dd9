"""NumPy's functions on tensors: what ``numpy.exp(t)``, ``array + t`` and ``numpy.sum(t, axis=0)`` compute.

NumPy calls ``Tensor.__array_ufunc__`` for its universal functions (``numpy.exp``, ``numpy.add.reduce``, the operators
of arrays) and ``Tensor.__array_function__`` for the others.

Where aotops has the function, aotops computes, also into an array that is given as ``out``. Universal functions that it
lacks, or lacks an argument of (``order=``, ``casting=``), are computed by NumPy on the tensors' memory, and so are the
functions of ``BY_NUMPY``; either way results are tensors, where their dtype is one of aotops'. What tells something or
writes into an array is NumPy's own. Any other function is a ``TypeError`` that names it.
"""

from __future__ import annotations

from typing import Any

import aotops
from aotops import _native, foreign
from aotops._native import TensorBase
from aotops.dtypes import BY_NAME, find_dtype
from aotops.interop.numpy_adapters import ADAPTERS, dtype_argument, function_of, unsupported
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
    lazy = foreign.array_among((*inputs, *outs))
    if hasattr(lazy, "__array_ufunc__"):  # it did not know tensors until now, if it was asked first
        return lazy.__array_ufunc__(ufunc, method, *inputs, **options)
    known = getattr(numpy, name, None) is ufunc  # others make functions of these names too
    out = as_out(outs[0]) if len(outs) == 1 else None
    if known and len(outs) < 2 and (out is None) == (not outs) and all(map(is_operand_or_number, inputs)):
        others = {key: value for key, value in options.items() if key != "out"}
        result = computed(ufunc, method, inputs, others, out)
        if result is not None:
            return outs[0] if outs else result
    tracked = tracked_among((inputs, options), inputs[:1] if method == "at" else outs, name)
    given = {name: as_arrays(value) for name, value in options.items()}
    arrays = as_arrays(inputs)
    results = getattr(ufunc, method)(*arrays, **given)
    wanted = method == "__call__" and not outs and "dtype" not in given
    if wanted and is_half(results) and not any(map(is_half, arrays)):
        wide = next((loop for loop in ufunc.types if loop.startswith("d")), None)  # of float64
        results = results if wide is None else ufunc(*arrays, **given, signature=wide)
    if not isinstance(results, tuple):
        return outs[0] if outs else without_gradient(ufunc, as_tensor(results), tracked)
    every = [
        as_tensor(result) if out is None else out
        for result, out in zip(results, outs or (None,) * len(results), strict=True)
    ]
    return without_gradient(ufunc, tuple(every), tracked)


def is_half(value: Any) -> bool:
    """Whether a value of NumPy, or the first of several, is of float16, which aotops lacks."""
    first = value[0] if isinstance(value, tuple) else value
    return getattr(getattr(first, "dtype", None), "name", "") == "float16"


def computed(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any], out: Any) -> Any:
    """What aotops computes for a universal function, or for a method of one; None where it has nothing for that."""
    name = ufunc.__name__
    into = {} if out is None else {"out": out}
    if method == "__call__":
        function = function_called(name)
        is_operator = isinstance(function, _native.Operator)
        if function is None or not options.keys() <= ({"where"} if is_operator else set()):
            return None
        if is_operator and (len(function.parameters) != len(inputs) or function.kind not in ("map", "zip")):
            return None
        if not is_operator and into:
            return None
        converted = in_dtypes_of_numpy(ufunc, function, inputs)
        return None if converted is None else function(*converted, **options, **into)
    if name not in REDUCTIONS or method not in OPTIONS or not options.keys() <= OPTIONS[method]:
        return None
    function = getattr(aotops, REDUCTIONS[name][method == "accumulate"], None)
    dtype = dtype_argument(options.get("dtype"))
    if function is None or (dtype and (name not in ("add", "multiply") or find_dtype(dtype["dtype"]) is None)):
        return None
    others = {option: options[option] for option in ("keepdims", "initial", "where") if option in options}
    return function(*inputs, axis=options.get("axis", 0), **others, **dtype, **into)


def in_dtypes_of_numpy(ufunc: Any, function: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Operands as NumPy converts them before it computes; None where aotops' result would be of another dtype.

    Of integers and bools alone aotops computes floats in float64, NumPy in float32 where these hold all their values.
    Whoever asks NumPy beforehand what the dtype of a result will be, as Dask does, has to be right. For NumPy's
    float16 float64 stands in.
    """
    import numpy

    kinds = tuple([kind_of(each) for each in inputs])
    if float in kinds or None in kinds:
        return inputs
    key = ufunc, kinds
    if key not in _conversions:
        types = [each if isinstance(each, type) else numpy.dtype(each.name) for each in kinds]
        try:
            loop = ufunc.resolve_dtypes((*types, None))
        except TypeError:  # NumPy has nothing for them; aotops may, or has an error that says what to write
            return inputs
        wanted = [find_dtype(dtype) or BY_NAME["float64"] for dtype in loop]
        if wanted[-1].kind == "float":
            _conversions[key] = tuple(wanted[:-1])
        else:
            samples = [each(1) if isinstance(each, type) else aotops.ones(1, dtype=each) for each in kinds]
            _conversions[key] = () if wanted[-1] == function(*samples).dtype else None
    dtypes = _conversions[key]
    if not dtypes:
        return inputs if dtypes is not None else None
    pairs = zip(inputs, dtypes, strict=True)
    return tuple([aotops.asarray(each).astype(dtype, copy=False) for each, dtype in pairs])


def kind_of(value: Any) -> Any:
    """``float`` for floats and complex numbers, ``int`` for Python's, the dtype of others; None if it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int
    if isinstance(value, (float, complex)):
        return float
    dtype = BY_NAME["bool"] if isinstance(value, bool) else find_dtype(getattr(value, "dtype", None))
    return dtype if dtype is None or dtype.kind in ("bool", "integer") else float


#: What operands of some dtypes are converted to before aotops computes a universal function.
_conversions: dict[Any, tuple[Any, ...] | None] = {}

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
    "all any argmax argmin astype broadcast_to clip count_nonzero cumulative_prod cumulative_sum "
    "diff expand_dims flip imag isin matrix_transpose max mean median meshgrid min "
    "moveaxis nanargmax nanargmin nanmax nanmean nanmin nonzero "
    "prod real repeat reshape roll searchsorted squeeze stack std sum take "
    "take_along_axis "
    "tensordot tile unique_all unique_counts unique_inverse unique_values unstack var"
)

#: What others of NumPy's functions are called in aotops.
RENAMED = {"amax": "max", "amin": "min", "product": "prod"}

#: Functions whose results are no arrays: NumPy computes them on the tensors' memory.
NUMPYS = (
    "allclose array2string array_equal array_equiv array_repr array_str can_cast common_type copyto einsum_path "
    "fill_diagonal iscomplexobj isrealobj may_share_memory min_scalar_type ndim place put put_along_axis putmask "
    "result_type save savetxt savez savez_compressed shape shares_memory size"
)

#: Those of them that write into an argument.
WRITES = ("copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask")

#: Functions that NumPy computes on the tensors' memory: the results are tensors, and views share the memory.
BY_NUMPY = (
    "angle argpartition array_split average bincount block choose column_stack compress convolve corrcoef correlate "
    "cov cross delete diag diag_indices_from diagflat diagonal digitize dsplit dstack ediff1d extract fix fliplr "
    "flipud geomspace gradient histogram histogram2d histogram_bin_edges histogramdd hsplit i0 inner insert interp "
    "intersect1d iscomplex isneginf isposinf isreal ix_ kron lexsort linspace logspace nan_to_num nancumprod "
    "nancumsum nanmedian nanpercentile nanprod nanquantile nanstd nanvar outer packbits pad partition poly polyadd "
    "polyder polydiv polyfit polyint polymul polysub polyval ptp ravel_multi_index real_if_close resize rollaxis roots "
    "rot90 select setdiff1d "
    "setxor1d sinc sort_complex split trace trapezoid tril_indices_from trim_zeros triu_indices_from union1d "
    "unpackbits unravel_index unwrap vander vdot vsplit"
)

#: What NumPy calls an argument, and what aotops does.
ARGUMENTS = {"a_min": "min", "a_max": "max"}


def array_function(function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of one of NumPy's other functions one of whose arguments is a tensor, by ``__array_function__``."""
    import numpy

    if not all(issubclass(kind, (TensorBase, numpy.ndarray)) and not positive_priority(kind) for kind in types):
        # masked arrays, Dask's: what becomes of a tensor beside them is theirs to say
        lazy = foreign.array_among((*args, *options.values()))
        known = hasattr(lazy, "__array_function__")
        return lazy.__array_function__(function, types, args, options) if known else NotImplemented
    foreign.introduce()  # Dask, whose chunks these may be
    name = f"{function.__module__}.{function.__name__}"
    short = function.__name__ if function.__module__ == "numpy" else ""
    if short in NUMPYS.split():
        tracked_among((args, options), (args or tuple(options.values()))[:1] if short in WRITES else (), short)
        return function(*as_arrays(args), **as_arrays(options))
    if short in BY_NUMPY.split():
        return by_numpy(function, args, options)
    adapter: Any = ADAPTERS.get(short)
    # what NumPy lacks a signature for, in versions before 2.4, has an adapter
    bound = signature_of(adapter or function).bind(*args, **options)
    out = bound.arguments.get("out")
    shared = {} if out is None else {"out": aotops.asarray(out, copy=False)}  # a copy would be written in vain
    dtype = dtype_argument(bound.arguments.get("dtype"))
    bound.arguments = {**as_tensors(bound.arguments), **shared, **dtype}
    if adapter is not None:
        result = adapter(*bound.args, **bound.kwargs)
        if result is NotImplemented:
            return by_numpy(function, args, options)
    else:
        own = function_of(short if short in SAME.split() else RENAMED.get(short, ""), name)
        positional, by_name = translated(name, bound, own)
        result = own(*positional, **by_name)
    return result if out is None else out


def by_numpy(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy computes on the tensors' memory, as tensors; an ``out`` itself."""
    out = options.get("out")
    tracked = tracked_among((args, options), (out,), function.__name__)
    result = function(*as_arrays(args), **as_arrays(options))
    return without_gradient(function, results_as_tensors(result), tracked) if out is None else out


def tracked_among(value: Any, written: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """The tensors in some arguments whose gradient is recorded; an error if NumPy would write into a tensor then."""
    found = tracked_in(value) if _native.is_recording() else []
    if found and any(isinstance(each, TensorBase) for each in written):
        from aotops.errors import written_by_numpy

        written_by_numpy(name)
    return tuple(found)


def tracked_in(value: Any) -> list[Any]:
    """The tensors that require gradients in a value, also inside of tuples, lists and dicts."""
    if isinstance(value, TensorBase):
        return [value] if value.requires_grad else []
    if isinstance(value, dict):
        value = tuple(value.values())
    return [found for each in value for found in tracked_in(each)] if isinstance(value, (tuple, list)) else []


def without_gradient(function: Any, result: Any, tracked: tuple[Any, ...]) -> Any:
    """What NumPy has computed from tracked tensors: a gradient that arrives there is an error, and not left out."""
    tensors = [result] if isinstance(result, TensorBase) else result if isinstance(result, (tuple, list)) else []
    for each in tensors if tracked else ():
        if isinstance(each, TensorBase):
            _native.record(function, each, tracked, (), None)
        else:
            without_gradient(function, each, tracked)
    return result


def results_as_tensors(value: Any) -> Any:
    """A result of NumPy, or a tuple or list of them, as tensors."""
    if isinstance(value, (tuple, list)):
        each = [results_as_tensors(item) for item in value]
        return type(value)(*each) if hasattr(value, "_fields") else type(value)(each)
    return as_tensor(value)


def positive_priority(kind: type) -> bool:
    """Whether arrays of a type say that their functions come first."""
    priority = getattr(kind, "__array_priority__", 0)
    return not issubclass(kind, TensorBase) and isinstance(priority, (int, float)) and priority > 0


def translated(name: str, bound: Any, own: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of NumPy's function for one of aotops: those without a default by position, others by name."""
    takes = signature_of(own).parameters
    positional: list[Any] = []
    by_name: dict[str, Any] = {}
    check_values(name, bound.arguments)
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


def check_values(name: str, arguments: dict[str, Any]) -> None:
    """Raise ``TypeError`` for a value that NumPy's function takes, and the one of aotops does not."""
    dtype = arguments.get("dtype")
    if dtype is not None and find_dtype(dtype) is None:
        unsupported(name, "dtype", str(dtype), f"be one of {', '.join(BY_NAME)}")


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

        return asarray(value) if value.dtype.name in BY_NAME else value  # a function of strings says so by its name
    return value


def as_tensor(value: Any) -> Any:
    """A result of NumPy as a tensor on its memory, or of a scalar a copy, where there is a dtype for it."""
    import numpy

    from aotops.namespace.creation import asarray

    scalar = isinstance(value, numpy.generic)  # whose memory is read-only
    plain = type(value) is numpy.ndarray or scalar
    return asarray(value, copy=scalar or None) if plain and value.dtype.name in BY_NAME else value
