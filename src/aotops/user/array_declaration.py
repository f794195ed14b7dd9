"""Declaring array kernels: ``kernel`` makes an ``ArrayKernel`` of a function, which is compiled as operators are."""

from __future__ import annotations

import sys

from aotops import _native, errors
from aotops.abi import FACTS, MAX_OPERANDS, MAX_RANK
from aotops.arguments import advised
from aotops.dtypes import find_dtype
from aotops.user.array_arguments import check_options
from aotops.user.array_kernels import ArrayKernel
from aotops.user.array_record import MOST_DIMENSIONS, ArrayRecord, ArraySignature, Layout, is_positional, parameters_of

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Dtypes = str | _native.DType | Sequence[Any]

#: What the functions of array kernels compute in, unless their declaration says so.
DEFAULT_DTYPES = ("float32", "float64")


@advised
def kernel(
    layout: Any,
    /,
    *,
    dtypes: Dtypes | None = None,
    sizes: Mapping[str, Callable[..., int]] | None = None,
    in_place: str | Sequence[str] = (),
    boundscheck: bool = True,
    reassociate: bool = False,
) -> Any:
    """Declare an array kernel: a function of whole arrays, with loops over them, that is compiled ahead of time.

    The function gets an array for each input and then one for each output, which it writes; it returns nothing. A
    layout says which axes they have, as NumPy's generalised ufuncs do: ``"(n),()->(n)"`` takes a vector and a number,
    and writes a vector of the same length. Inputs may have further axes in front, the batch, which broadcast; the
    function runs once for each item of the batch, on threads.

    Parameters:
        layout: The axes of each input and output. Dimensions of one name have one size; a number fixes it, as in
            ``"(3),(3)->(3)"``. Sizes of outputs are computed from those of inputs with ``+ - * // % min max``, as in
            ``"(n),(k)->(n-k+1)"``. An output without axes, as in ``"(n)->()"``, is an array of one element in the
            function. In place of a layout: a function that Numba's ``guvectorize`` has decorated, which says all this.
        dtypes: What the function is compiled for: dtypes or their names, of all operands, or tuples of one for each
            operand, the inputs first: ``[("float64", "int64", "float64")]``. By default float32 and float64. Arguments
            of other dtypes are cast to those of the first that holds their values.
        sizes: Functions that compute the sizes of dimensions that outputs alone have, where an expression does not
            suffice: ``sizes={"m": lambda n, k: len(range(0, n, k))}`` for ``"(n),(k)->(m)"``. Their parameters are
            dimensions of inputs. They are not compiled.
        in_place: The names of the parameters that the function writes to where the caller's arrays are, of those in
            front of ``->``. They have the whole batch, for which nothing repeats them. The layout may have no outputs
            then: ``@aotops.kernel("(n),(n)", in_place="y")``.
        boundscheck: Whether indices are checked. Without this, an index out of bounds reads or writes memory of
            others: it is the one way in which a kernel can crash.
        reassociate: Whether sums and products of floats may be computed in another order, as vectors need: a sum of
            many then takes a fraction of the time. Its bits depend on the CPU level, and signs of zeros are lost.

    Returns:
        A decorator, which returns an ``ArrayKernel``; or that, of a function of ``guvectorize``. Kernels take the
        inputs, ``axes`` or ``axis``, ``keepdims`` and ``out``.

    Raises:
        TypeError: The decorated object is not a Python function of so many arrays.
        RecordError: The declaration contradicts itself; this is a ``ValueError``.

    Example:
        >>> import aotops as ao
        >>> @ao.kernel("(n),(n)->()", dtypes="float64")
        ... def longest_gap(x, y, out):
        ...     for i in range(x.shape[0]):
        ...         out[0] = max(out[0] if i else 0.0, abs(x[i] - y[i]))
        >>> longest_gap
        <array kernel longest_gap '(n),(n)->()'>
    """
    namespace = sys._getframe(2).f_globals  # the frame of the ``advised`` wrapper is in between
    options = (boundscheck, reassociate)
    if isinstance(layout, str):
        return lambda function: _declared(function, layout, dtypes, sizes, in_place, options, namespace)
    builder = getattr(layout, "gufunc_builder", None)  # of guvectorize
    if builder is None:
        wanted = "be a string such as '(n),()->(n)', or a function of guvectorize"
        advice = 'write @aotops.kernel("(n)->(n)")'
        if hasattr(getattr(layout, "_dispatcher", None), "py_func"):
            advice = "pass functions of vectorize to aotops.map or aotops.zip"
        elif hasattr(layout, "py_func"):
            advice = "pass functions of njit to aotops.function, or write aotops.kernel(layout)(f)"
        errors.reject(TypeError, "kernel", "layout", wanted, errors.type_name(layout), advice)
    function, types = builder.py_func, getattr(builder, "_sigs", ())
    written = in_place or [function.__code__.co_varnames[k] for k in getattr(builder, "writable_args", ())]
    return _declared(function, builder.signature, dtypes, sizes, written, options, namespace, types)


def _declared(
    function: Any,
    layout: str,
    dtypes: Any,
    sizes: Any,
    in_place: Any,
    options: tuple[Any, Any],
    namespace: dict[str, Any],
    numba_types: Any = (),
) -> ArrayKernel:
    from aotops.scalar.functions import plain

    function = plain(function)
    if not isinstance(function, type(kernel)):
        errors.wrong_type("kernel", "function", "a Python function", function)
    name = function.__name__
    check_options(name, *options)
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount]
    read = Layout(name, layout, _computed(name, sizes), _positions(name, in_place, parameters))
    count = len(read.order)
    given = read.outputs[: read.in_place]
    of_inputs = {each for axes in (*read.inputs, *given) for each in axes}
    for dimension, computes in read.computed.items():
        unknown = [each for each in parameters_of(computes) if each not in of_inputs]
        if unknown or dimension in of_inputs or dimension not in read.dimensions:
            wanted = f"compute dimensions that outputs alone have from those of inputs, in the layout {read.text}"
            got = f"{dimension}, from {', '.join(parameters_of(computes)) or 'nothing'}"
            errors.reject(errors.RecordError, name, "sizes", wanted, got)
    if code.co_argcount != count or not is_positional(function) or function.__defaults__:
        wanted = f"take {count} arrays by position, as many as its layout has"
        errors.reject(TypeError, "kernel", name, wanted, f"{code.co_argcount} parameters, or another signature")
    if count > MAX_OPERANDS or len(read.dimensions) > MOST_DIMENSIONS:
        errors.reject(errors.RecordError, name, "layout", f"have up to {MAX_OPERANDS} operands", count)
    if any(len(axes) > MAX_RANK for axes in (*read.inputs, *read.outputs)):
        errors.reject(errors.RecordError, name, "layout", f"have up to {MAX_RANK} axes of an operand", layout)
    if dtypes is None and numba_types:
        signatures = tuple([_of_numba(read, types, name) for types in numba_types])
    else:
        chosen = DEFAULT_DTYPES if dtypes is None else dtypes
        rows = (chosen,) if isinstance(chosen, str) or find_dtype(chosen) is not None else chosen
        if not isinstance(rows, (tuple, list)) or not rows:
            errors.wrong_type(name, "dtypes", "dtypes, or a list of tuples of one dtype for each operand", dtypes)
        signatures = tuple([read.signature(_row(name, row, count)) for row in rows])
    plain_function: Any = function
    record = ArrayRecord(plain_function, read, signatures, *options, namespace)
    return ArrayKernel(record)


def _computed(name: str, sizes: Any) -> dict[str, Any]:
    """The functions that compute sizes; raises for what is none."""
    if sizes is None:
        return {}
    if not isinstance(sizes, dict) or not all(isinstance(each, str) and each.isidentifier() for each in sizes):
        errors.wrong_type(name, "sizes", "a dict of functions by the names of dimensions", sizes)
    for each in sizes.values():
        if not hasattr(each, "__code__") or not is_positional(each):
            errors.wrong_type(name, "sizes", "a dict of Python functions of sizes", each)
    return sizes


def _row(name: str, row: Any, count: int) -> tuple[str, ...]:
    """The dtypes of all operands, of one for all or one for each."""
    given = row if isinstance(row, (tuple, list)) else (row,) * count
    if len(given) != count:
        errors.reject(errors.RecordError, name, "dtypes", f"have one for each of {count} operands", len(given))
    found = [find_dtype(each) for each in given]
    for dtype, each in zip(found, given, strict=True):
        if dtype is None:
            errors.reject(errors.RecordError, name, "dtypes", f"be some of {', '.join(FACTS)}", errors.shown(each))
    return tuple([dtype.name for dtype in found if dtype is not None])


def _of_numba(layout: Layout, types: Any, name: str) -> ArraySignature:
    """The signature of Numba's types, as ``guvectorize`` has them."""
    types = getattr(types, "args", types)
    names = [str(getattr(type_, "dtype", type_)).replace("boolean", "bool") for type_ in types]
    boxed = [k for k, type_ in enumerate(types) if hasattr(type_, "ndim")]
    boxed = [k for k, axes in zip(layout.order, layout.inputs, strict=False) if not axes and k in boxed]
    return layout.signature(_row(name, names, len(layout.order)), tuple(boxed))


def _positions(name: str, in_place: Any, parameters: tuple[str, ...]) -> tuple[int, ...]:
    """The positions of the parameters that are written in place, in order; raises for what are none."""
    named = (in_place,) if isinstance(in_place, str) else in_place
    if not isinstance(named, (tuple, list)) or not all(isinstance(each, str) for each in named):
        errors.wrong_type(name, "in_place", "the name of a parameter, or a tuple of names", in_place)
    for each in named:
        if each not in parameters:
            wanted = f"name parameters of the function: {', '.join(parameters)}"
            errors.reject(errors.RecordError, name, "in_place", wanted, repr(each))
    return tuple([k for k, each in enumerate(parameters) if each in named])
