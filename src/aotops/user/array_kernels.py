"""Array kernels: ``kernel`` declares functions of whole arrays, which are compiled as operators are.

The first call finds the code (``aotops.first_call``); every call chooses a signature, broadcasts the batch, makes the
outputs, and leaves the rest to C.
"""

from __future__ import annotations

import sys

from aotops import _native, errors, foreign
from aotops.abi import FACTS, MAX_OPERANDS, MAX_RANK, holding
from aotops.arguments import advised
from aotops.dtypes import find_dtype
from aotops.user.array_arguments import as_given, check_options, dtype_named, number_fits
from aotops.user.array_record import MOST_DIMENSIONS, ArrayRecord, ArraySignature, Layout, is_positional, parameters_of

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from aotops.tensors import Tensor

    Function = Callable[..., Any]
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
    if isinstance(layout, str):
        return lambda function: _declared(function, layout, dtypes, sizes, (boundscheck, reassociate), namespace)
    builder = getattr(layout, "gufunc_builder", None)  # of guvectorize
    if builder is None:
        wanted = "be a string such as '(n),()->(n)', or a function of guvectorize"
        advice = 'write @aotops.kernel("(n)->(n)")'
        if hasattr(getattr(layout, "_dispatcher", None), "py_func"):
            advice = "pass functions of vectorize to aotops.map or aotops.zip"
        elif hasattr(layout, "py_func"):
            advice = "pass functions of njit to aotops.function, or write aotops.kernel(layout)(f)"
        errors.reject(TypeError, "kernel", "layout", wanted, errors.type_name(layout), advice)
    options, types = (boundscheck, reassociate), getattr(builder, "_sigs", ())
    return _declared(builder.py_func, builder.signature, dtypes, sizes, options, namespace, types)


def _declared(
    function: Any,
    layout: str,
    dtypes: Any,
    sizes: Any,
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
    read = Layout(name, layout, _computed(name, sizes))
    count = len(read.inputs) + len(read.outputs)
    of_inputs = {each for axes in read.inputs for each in axes}
    for dimension, computes in read.computed.items():
        unknown = [each for each in parameters_of(computes) if each not in of_inputs]
        if unknown or dimension in of_inputs or dimension not in read.dimensions:
            wanted = f"compute dimensions that outputs alone have from those of inputs, in the layout {read.text}"
            got = f"{dimension}, from {', '.join(parameters_of(computes)) or 'nothing'}"
            errors.reject(errors.RecordError, name, "sizes", wanted, got)
    code = function.__code__
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
    boxed = [k for k, axes in enumerate(layout.inputs) if not axes and hasattr(types[k], "ndim")]
    return layout.signature(_row(name, names, len(layout.inputs) + len(layout.outputs)), tuple(boxed))


class _Signature:
    """The signature of each kernel, for ``inspect``; None of the class, whose own is found otherwise."""

    def __get__(self, kernel: ArrayKernel | None, owner: Any = None) -> Any:
        if kernel is None:
            return None
        from inspect import Parameter, Signature

        inputs = [Parameter(each, Parameter.POSITIONAL_OR_KEYWORD) for each in kernel.parameters]
        options = {"out": None, "axes": None, "axis": None, "keepdims": False}
        return Signature(
            [*inputs, *(Parameter(each, Parameter.KEYWORD_ONLY, default=value) for each, value in options.items())]
        )


class ArrayKernel(_native.ArrayKernelBase):
    """An array kernel, declared with ``aotops.kernel``: a function of arrays that broadcasts over a batch.

    Attributes:
        layout: the axes of its inputs and outputs.
        parameters: the names of its inputs.
        py_func: the Python function.

    Example:
        >>> import aotops as ao
        >>> doubled = ao.kernel("(n)->(n)", dtypes="float64")(lambda x, out: None)
        >>> doubled.layout, doubled.parameters
        ('(n)->(n)', ('x',))
    """

    def __init__(self, record: ArrayRecord) -> None:
        if not isinstance(record, ArrayRecord):
            errors.wrong_type("ArrayKernel", "record", "what aotops.kernel makes; write @aotops.kernel(layout)", record)
        function = record.function
        self._record = record
        self._library: Any = None
        self.layout = record.layout.text
        self.parameters = record.parameters[: len(record.layout.inputs)]
        self.py_func = function
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__

    __signature__ = _Signature()

    def __repr__(self) -> str:
        return f"<array kernel {self.__name__} {self.layout!r}>"

    def __reduce__(self) -> str:
        return self.__qualname__

    def _bind(self, library: Any) -> None:
        """Take the code from a capsule; ``ImportError`` if it has none."""
        record = self._record
        symbols = tuple([record.symbol(k, True) for k in range(len(record.signatures))])
        name, layout = record.name, record.layout
        _native.bind_array_kernel(self, library, name, symbols, lambda known: _all_sizes(name, layout, known))
        self._library = library
        record.loaded = True

    @_native.fast_path()
    def __call__(
        self,
        *inputs: Any,
        out: Any = None,
        axes: Any = None,
        axis: Any = None,
        keepdims: bool = False,
        **named: Any,
    ) -> Any:
        """Run the kernel on inputs whose last axes are those of the layout.

        Parameters:
            inputs: Tensors, arrays, lists or numbers. NumPy's arrays are read and written where they are.
            out: A tensor or a NumPy array for the result, or a tuple of them for several. The kernel writes to it
                directly unless it has another dtype, or shares memory with an input.
            axes: A list with a tuple for each operand, the outputs last: where its own axes are, if they are not the
                last ones. Outputs may be left out if they have no axes.
            axis: The same for kernels whose operands have at most one axis each, of one dimension: its number.
            keepdims: Whether the axes of inputs, of which all have as many, stay in outputs without axes as axes of
                length 1, as in reductions.

        Returns:
            The output, or a tuple of several: NumPy arrays if there are some among the inputs and no tensors, else
            tensors.

        Raises:
            TypeError, ValueError: The inputs do not fit the layout or the dtypes.
            NotBuiltError: There is no compiled code, and no compiler.
            Exception: What the function raises, with its file and line. Then ``out`` may be half written.
        """
        record = self._record
        name, parameters = record.name, self.parameters
        if named:
            inputs = self._with_named(inputs, named)
        if len(inputs) != len(parameters):
            errors.wrong_count(name, " ".join(parameters), len(parameters), len(inputs))
        if not record.loaded:
            _native.load_array_kernel(self)  # which calls ``aotops.first_call``
            if out is None and axes is None and axis is None and keepdims is False:
                return self(*inputs)  # by the fast path, if it can
        from aotops.namespace.operands import as_operand

        try:
            operands = [as_operand(name, each, value) for each, value in zip(parameters, inputs, strict=True)]
        except TypeError:
            result = foreign.call(self, inputs, {"out": out, "axes": axes, "axis": axis, "keepdims": keepdims})
            if result is NotImplemented:
                raise
            return result
        number = self._chosen(operands)
        signature = record.signatures[number]
        tensors = self._cast(operands, signature)
        moved = self._moved(axes, axis)
        if keepdims is not False:
            self._require_keepdims(keepdims)
        if moved is not None:
            tensors = [_axes_last(name, k, each, moved[k]) for k, each in enumerate(tensors)]
        sizes = self._sizes(tensors, signature)
        batch = self._batch(tensors, signature)
        kept: tuple[int, ...] = ()
        if keepdims:
            count = len(signature.axes[0])
            kept = moved[0] if moved is not None else tuple(range(-count, 0))
        shapes = [batch + tuple([sizes[axis] for axis in own]) for own in signature.axes[signature.inputs :]]
        places = [kept if moved is None or kept else own for own in (moved or signature.axes)[signature.inputs :]]
        dtypes = [dtype_named(each) for each in signature.dtypes[signature.inputs :]]
        outputs, copied, targets = [], [], None if out is None else self._targets(out)
        for k, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True)):
            written = None
            if targets is not None:
                others = (*tensors, *targets[:k], *targets[k + 1 :])
                written = _within(name, targets[k], shape, dtype, places[k], len(kept), others)
            outputs.append(_native.empty(shape, dtype, name) if written is None else written)
            copied.append(written is None)
        if self._library is None:
            from aotops.user.array_python import run_as_python

            run_as_python(record, signature, tensors, outputs, batch)
        else:
            _native.run_array_kernel(self, number, (*tensors, *outputs))
        results = [
            _axes_back(name, each.view((*each.shape, *(1,) * len(kept))) if kept else each, own)
            for each, own in zip(outputs, places, strict=True)
        ]
        if targets is not None:
            for result, target, is_new in zip(results, targets, copied, strict=True):
                if is_new:
                    _native.copy_to_out(name, result, target)
            return out
        return as_given(results[0] if len(results) == 1 else tuple(results), inputs)

    def _require_keepdims(self, keepdims: Any) -> None:
        """Raise ``TypeError`` if axes cannot be kept."""
        layout, name = self._record.layout, self._record.name
        if not isinstance(keepdims, bool):
            errors.wrong_type(name, "keepdims", "a bool", keepdims)
        if any(layout.outputs) or len({len(axes) for axes in layout.inputs}) > 1:
            wanted = f"be left out for the layout {layout.text}, which does not reduce the same axes of all inputs"
            errors.reject(TypeError, name, "keepdims", wanted, keepdims)

    def _with_named(self, inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The inputs with those that are given by name."""
        name, parameters = self._record.name, self.parameters
        for key in named:
            if key not in parameters:
                errors.unexpected_keyword(name, key, ", ".join((*parameters, "out", "axes", "axis", "keepdims")))
            if key in parameters[: len(inputs)]:
                errors.wrong_call(f"{name}() got multiple values for argument {key!r}")
        rest = []
        for index, key in enumerate(parameters[len(inputs) :], len(inputs)):
            if key not in named:
                errors.missing_argument(name, " ".join(parameters), index)
            rest.append(named[key])
        return (*inputs, *rest)

    def _chosen(self, operands: list[Any]) -> int:
        """The number of the signature that computes with some inputs: the first with their dtypes, or that holds them.

        ``TypeError`` if there is none.
        """
        record = self._record
        dtypes = [None if _native.is_number(each) else each.dtype.name for each in operands]

        def takes(own: str, value: Any, dtype: str | None, exactly: bool) -> bool:
            if dtype is None:
                return number_fits(value, own)
            return own == dtype or (not exactly and own in holding(dtype))

        for exactly in (True, False):
            for number, signature in enumerate(record.signatures):
                inputs = zip(signature.dtypes, operands, dtypes, strict=False)
                if all(takes(own, value, dtype, exactly) for own, value, dtype in inputs):
                    return number
        listed = " or ".join(f"({', '.join(each.dtypes[: each.inputs])})" for each in record.signatures)
        got = ", ".join(
            type(value).__name__ if dtype is None else dtype for value, dtype in zip(operands, dtypes, strict=True)
        )
        errors.reject(TypeError, record.name, "dtypes", f"be, or be held by, {listed}", f"({got})")

    def _cast(self, operands: list[Any], signature: ArraySignature) -> list[Tensor]:
        """The inputs as tensors of a signature's dtypes."""
        from aotops.namespace.creation import read

        tensors = []
        for parameter, value, dtype in zip(self.parameters, operands, signature.dtypes, strict=False):
            own = dtype_named(dtype)
            if _native.is_number(value):
                tensors.append(read(self._record.name, parameter, value, own))
            else:
                tensors.append(value if value.dtype is own else _native.astype(value, own))
        return tensors

    def _sizes(self, tensors: list[Tensor], signature: ArraySignature) -> list[int]:
        """The size of each dimension; ``ValueError`` if two inputs differ in one."""
        record = self._record
        layout, name = record.layout, record.name
        sizes: dict[str, int] = {}
        for parameter, tensor, own in zip(self.parameters, tensors, layout.inputs, strict=True):
            shape = tensor.shape
            if len(shape) < len(own):
                wanted = f"have the axes ({', '.join(own)})"
                errors.reject(ValueError, name, parameter, wanted, f"shape {shape}")
            for each, length in zip(own, shape[len(shape) - len(own) :], strict=True):
                wanted_size = sizes.setdefault(each, int(each) if each.isdigit() else length)
                if wanted_size != length:
                    wanted = f"have {wanted_size} elements along {each} of the layout {layout.text}"
                    errors.reject(ValueError, name, parameter, wanted, f"shape {shape}")
        for own in layout.outputs:
            for each in own:
                if each not in sizes:
                    sizes[each] = int(each) if each.isdigit() else layout.size_of(name, each, sizes)
        return [sizes[each] for each in layout.dimensions]

    def _batch(self, tensors: list[Tensor], signature: ArraySignature) -> tuple[int, ...]:
        """The shape to which the batches of the inputs broadcast."""
        shapes = [
            tensor.shape[: len(tensor.shape) - len(own)] for tensor, own in zip(tensors, signature.axes, strict=False)
        ]
        batch = shapes[0]
        for shape in shapes[1:]:
            if shape == batch:
                continue
            longer, shorter = (batch, shape) if len(batch) >= len(shape) else (shape, batch)
            padded = (1,) * (len(longer) - len(shorter)) + shorter
            if any(a != b and 1 not in (a, b) for a, b in zip(longer, padded, strict=True)):
                errors.cannot_broadcast(self._record.name, " ".join(self.parameters), tuple(shapes))
            batch = tuple([b if a == 1 else a for a, b in zip(longer, padded, strict=True)])
        return batch

    def _moved(self, axes: Any, axis: Any) -> list[tuple[int, ...]] | None:
        """The axes of each operand that are its own; None if they are the last ones."""
        if axes is None and axis is None:
            return None
        from aotops.shapes import as_int, as_ints

        layout, name = self._record.layout, self._record.name
        operands = (*layout.inputs, *layout.outputs)
        if axis is not None:
            if axes is not None:
                errors.reject(TypeError, name, "axis", "be left out beside axes", errors.type_name(axis))
            if len({each for own in operands for each in own}) != 1 or max(map(len, operands)) != 1:
                wanted = f"be left out for the layout {layout.text}, which has not one dimension"
                errors.reject(TypeError, name, "axis", wanted, errors.shown(axis), "write axes=[(...), ...]")
            own_axis = as_int(name, "axis", axis)
            return [(own_axis,) if own else () for own in operands]
        if not isinstance(axes, (list, tuple)):
            errors.wrong_type(name, "axes", "a list of tuples of ints, one for each operand", axes)
        given = [each if isinstance(each, (tuple, list)) else (each,) for each in axes]
        if len(given) == len(layout.inputs) and not any(layout.outputs):
            given += [()] * len(layout.outputs)
        if len(given) != len(operands):
            errors.reject(ValueError, name, "axes", f"have a tuple for each of {len(operands)} operands", len(given))
        for each, own in zip(given, operands, strict=True):
            if len(each) != len(own):
                wanted = f"have {len(own)} ints for the axes ({', '.join(own)})"
                errors.reject(ValueError, name, "axes", wanted, errors.shown(each))
        return [as_ints(name, f"axes[{k}]", each) for k, each in enumerate(given)]

    def _targets(self, out: Any) -> list[Tensor]:
        """What the caller gave for the outputs, as tensors on that memory."""
        from aotops.namespace.creation import read

        name, count = self._record.name, len(self._record.layout.outputs)
        given = (out,) if count == 1 and not isinstance(out, tuple) else out
        if not isinstance(given, tuple) or len(given) != count:
            errors.wrong_outs(name, count, out)
        targets = []
        for each in given:
            if isinstance(each, (list, tuple, range)) or _native.is_number(each):
                errors.wrong_type(name, "out", "a tensor or an array", each)
            targets.append(read(name, "out", each, None, False))
        return targets


ArrayRecord.public = ArrayKernel


def _all_sizes(name: str, layout: Layout, known: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of all dimensions, from those of the inputs; the others are -1 in ``known``."""
    sizes = {each: size for each, size in zip(layout.dimensions, known, strict=True) if size >= 0}
    return tuple([sizes[each] if each in sizes else layout.size_of(name, each, sizes) for each in layout.dimensions])


def _within(
    name: str,
    target: Tensor,
    shape: tuple[int, ...],
    dtype: _native.DType,
    own: tuple[int, ...],
    kept: int,
    others: tuple[Tensor, ...],
) -> Tensor | None:
    """The view of an ``out`` that a kernel can write an output of a shape to directly; None if there is none.

    ``own``: where the output's axes are, if they are not last; ``kept``: how many axes of length 1 it has beside;
    ``others``: the tensors that must not change meanwhile. Raises for an ``out`` that cannot take the output.
    """
    whole = (*shape, *(1,) * kept)
    order = _order(name, len(whole), own) if own else list(range(len(whole)))
    wanted = tuple([whole[order.index(axis)] for axis in range(len(order))])
    if not _native.check_out(name, target, dtype, wanted, others):
        return None
    last = _axes_last(name, 0, target, own)
    return last._as_strided(shape, last.strides[: len(shape)], 0) if kept else last


def _order(name: str, ndim: int, own: tuple[int, ...]) -> list[int]:
    """The axes of a tensor with some of them last; ``ValueError`` for an axis that it has not, or has twice."""
    for axis in own:
        if not -ndim <= axis < ndim:
            errors.wrong_axis(name, "axes", ndim, axis)
    places = [axis % ndim for axis in own]
    if len(set(places)) != len(places):
        errors.reject(ValueError, name, "axes", "name each axis of an operand once", errors.shown(own))
    return [axis for axis in range(ndim) if axis not in places] + places


def _axes_last(name: str, operand: int, tensor: Tensor, own: tuple[int, ...]) -> Tensor:
    """A view of a tensor with some axes last."""
    from aotops.namespace.manipulation import permute_dims

    return permute_dims(tensor, tuple(_order(name, len(tensor.shape), own))) if own else tensor


def _axes_back(name: str, tensor: Tensor, own: tuple[int, ...]) -> Tensor:
    """A view of a tensor whose last axes are at some places."""
    from aotops.namespace.manipulation import permute_dims

    if not own:
        return tensor
    order = _order(name, len(tensor.shape), own)
    return permute_dims(tensor, tuple([order.index(axis) for axis in range(len(order))]))
