"""Calling array kernels: functions of whole arrays, which ``aotops.kernel`` declares.

The first call finds the code (``aotops.first_call``). C arranges plain calls; others choose a signature here,
broadcast the batch, make the outputs, and leave the rest to C.
"""

from __future__ import annotations

from aotops import _native, errors, foreign
from aotops.abi import FACTS, holding
from aotops.user.array_arguments import as_given, dtype_named, number_fits, number_tensor, shared
from aotops.user.array_record import ArrayRecord, ArraySignature, Layout

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from aotops.tensors import Tensor


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
        in_place: the names of those that it writes to.
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
        layout, own = record.layout, record.parameters
        self.parameters = own[: layout.arguments]
        #: The arguments in the order that C has: those that are only read first.
        self._names = tuple([own[k] for k in layout.order[: layout.arguments]])
        self.in_place = self._names[len(layout.inputs) :]
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
        name, layout, order = record.name, record.layout, record.layout.order[: record.layout.arguments]
        _native.bind_array_kernel(self, library, name, symbols, lambda known: _all_sizes(name, layout, known), order)
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
                Those that the kernel writes to (``in_place``) must be tensors or arrays of its dtypes.
            out: A tensor or a NumPy array for the result, or a tuple of them for several, None for those that are to
                be new. The kernel writes to it directly unless it has another dtype, or shares memory with an input.
            axes: A list with a tuple for each operand, the outputs last: where its own axes are, if they are not the
                last ones. Outputs may be left out if they have no axes.
            axis: The same for kernels whose operands have at most one axis each, of one dimension: its number.
            keepdims: Whether the axes of inputs, of which all have as many, stay in outputs without axes as axes of
                length 1, as in reductions.

        Returns:
            The output, or a tuple of several: NumPy arrays if there are some among the inputs and no tensors, else
            tensors. None where the layout has no outputs.

        Raises:
            TypeError, ValueError: The inputs do not fit the layout or the dtypes.
            NotBuiltError: There is no compiled code, and no compiler.
            Exception: What the function raises, with its file and line. Then what it writes to may be half written.
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
        from aotops.user.array_axes import axes_back, axes_last, given_axes, within

        try:
            operands = [as_operand(name, each, value) for each, value in zip(parameters, inputs, strict=True)]
        except TypeError:
            result = foreign.call(self, inputs, {"out": out, "axes": axes, "axis": axis, "keepdims": keepdims})
            if result is NotImplemented:
                raise
            return result
        layout = record.layout
        values, operands = ([each[k] for k in layout.order[: len(inputs)]] for each in (inputs, operands))
        number = self._chosen(operands)
        signature = record.signatures[number]
        tensors = self._cast(values, operands, signature)
        moved = given_axes(name, layout, axes, axis)
        if keepdims is not False:
            self._require_keepdims(keepdims)
        if moved is not None:
            tensors = [axes_last(name, each, own) for each, own in zip(tensors, moved, strict=False)]
        sizes = self._sizes(tensors)
        batch = self._batch(tensors, signature)
        kept: tuple[int, ...] = ()
        if keepdims:
            count = len(signature.axes[0])
            kept = moved[0] if moved is not None else tuple(range(-count, 0))
        own_axes = signature.axes[len(inputs) :]
        shapes = [batch + tuple([sizes[axis] for axis in own]) for own in own_axes]
        places = [kept if moved is None or kept else own for own in (moved or signature.axes)[len(inputs) :]]
        dtypes = [dtype_named(each) for each in signature.dtypes[len(inputs) :]]
        targets = [None] * len(shapes) if out is None else self._targets(out)
        if layout.in_place:
            tensors = self._apart(tensors, [each for each in targets if each is not None])
        outputs, copied = [], []
        for k, (target, shape, dtype) in enumerate(zip(targets, shapes, dtypes, strict=True)):
            written = None
            if target is not None:
                others = [*tensors, *[each for each in targets[:k] + targets[k + 1 :] if each is not None]]
                written = within(name, target, shape, dtype, places[k], len(kept), tuple(others))
            outputs.append(_native.empty(shape, dtype, name) if written is None else written)
            copied.append(target if written is None else None)
        if self._library is None:
            from aotops.user.array_python import run_as_python

            run_as_python(record, signature, tensors, outputs, batch)
        else:
            _native.run_array_kernel(self, number, (*tensors, *outputs), self._names)
        if not outputs:
            return None
        results = [
            axes_back(name, each.view((*each.shape, *(1,) * len(kept))) if kept else each, own)
            for each, own in zip(outputs, places, strict=True)
        ]
        for result, target in zip(results, copied, strict=True):
            if target is not None:
                _native.copy_to_out(name, result, target)
        if out is not None and not any(each is None for each in targets):
            return out
        new = as_given(tuple(results), inputs)
        if out is not None:
            return tuple([own if given is None else given for own, given in zip(new, out, strict=True)])
        return new[0] if len(new) == 1 else new

    def _require_keepdims(self, keepdims: Any) -> None:
        """Raise ``TypeError`` if axes cannot be kept."""
        layout, name = self._record.layout, self._record.name
        if not isinstance(keepdims, bool):
            errors.wrong_type(name, "keepdims", "a bool", keepdims)
        if layout.in_place or any(layout.outputs) or len({len(axes) for axes in layout.inputs}) > 1:
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

        def takes(k: int, own: str, exactly: bool) -> bool:
            dtype = dtypes[k]
            if dtype is None:
                return number_fits(operands[k], own)
            return own == dtype or (not exactly and k < record.layout.reads and own in holding(dtype))

        misfits: dict[int, list[str]] = {}
        for exactly in (True, False):
            for number, signature in enumerate(record.signatures):
                fits = [takes(k, own, exactly) for k, own in enumerate(signature.dtypes[: len(operands)])]
                if all(fits):
                    return number
                if not exactly:
                    misfit = fits.index(False)
                    misfits.setdefault(misfit, []).append(signature.dtypes[misfit])
        last = max(misfits)
        self._reject_dtype(last, operands[last], list(dict.fromkeys(misfits[last])))

    def _reject_dtype(self, at: int, operand: Any, own: list[str]) -> NoReturn:
        """Raise because an argument has none of the dtypes of the signatures that take the arguments before it."""
        record, parameter = self._record, self._names[at]
        wanted = f"be of dtype {' or '.join(own)}"
        got = errors.type_name(operand) if _native.is_number(operand) else operand.dtype.name
        if at >= record.layout.reads:
            errors.reject(TypeError, record.name, parameter, f"{wanted}, since {record.name} writes to it", got)
        category = FACTS[own[0]].category
        converted = f"{parameter}.astype({own[0]!r})"
        if _native.is_number(operand):
            converted = f"{ {'integer': 'int'}.get(category, category) }({parameter})"
        wanted += f", or of one that {'it holds' if len(own) == 1 else 'these hold'}"
        errors.reject(TypeError, record.name, parameter, wanted, got, f"write {converted}")

    def _cast(self, values: list[Any], operands: list[Any], signature: ArraySignature) -> list[Tensor]:
        """The arguments as tensors of a signature's dtypes; those that are written as they are."""
        name, tensors = self._record.name, []
        for k, (parameter, operand) in enumerate(zip(self._names, operands, strict=True)):
            own = dtype_named(signature.dtypes[k])
            if k >= signature.inputs:
                is_shared = values[k] is operand and not _native.is_number(operand)
                tensors.append(operand if is_shared else shared(name, parameter, values[k]))
            elif _native.is_number(operand):
                tensors.append(number_tensor(name, parameter, operand, own))
            else:
                tensors.append(operand if operand.dtype is own else _native.astype(operand, own))
        return tensors

    def _apart(self, tensors: list[Tensor], targets: list[Tensor]) -> list[Tensor]:
        """The arguments, with copies of those that share memory with one that is written in place.

        Raises for one that cannot be written, or shares memory with another one that is written, or with an ``out``.
        """
        name, reads = self._record.name, self._record.layout.reads
        apart = list(tensors)
        for k in range(reads, len(tensors)):
            parameter = self._names[k]
            written = [*tensors[k + 1 :], *targets]
            called = [*self._names[k + 1 :], *["out"] * len(targets)]
            shares = _native.check_written(name, parameter, tensors[k], (*tensors[:reads], *written))
            for other, is_shared in zip(called, shares[reads:], strict=True):
                if is_shared:
                    wanted = f"share no memory with {other}, which is written, too"
                    errors.reject(ValueError, name, parameter, wanted, "an overlapping one", "pass a copy")
            apart[:reads] = [
                each.copy() if is_shared else each
                for each, is_shared in zip(apart[:reads], shares[:reads], strict=True)
            ]
        return apart

    def _sizes(self, tensors: list[Tensor]) -> list[int]:
        """The size of each dimension; ``ValueError`` if two inputs differ in one."""
        record = self._record
        layout, name = record.layout, record.name
        sizes: dict[str, int] = {}
        operands = (*layout.inputs, *layout.outputs)
        for parameter, tensor, own in zip(self._names, tensors, operands, strict=False):
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
                errors.cannot_broadcast(self._record.name, " ".join(self._names), tuple(shapes))
            batch = tuple([b if a == 1 else a for a, b in zip(longer, padded, strict=True)])
        for k in range(signature.inputs, len(tensors)):
            if shapes[k] != batch:
                own = self._record.layout.outputs[k - signature.inputs]
                rule = f"have the whole batch {batch} in front of its axes ({', '.join(own)}), since it is written"
                errors.reject(ValueError, self._record.name, self._names[k], rule, f"shape {tensors[k].shape}")
        return batch

    def _targets(self, out: Any) -> list[Tensor | None]:
        """What the caller gave for the outputs, as tensors on that memory; None for those that are to be made."""
        from aotops.namespace.creation import read

        name, layout = self._record.name, self._record.layout
        count = len(layout.order) - layout.arguments
        if count == 0:
            errors.reject(TypeError, name, "out", f"be left out for the layout {layout.text}", errors.type_name(out))
        given = (out,) if count == 1 and not isinstance(out, tuple) else out
        if not isinstance(given, tuple) or len(given) != count:
            errors.wrong_outs(name, count, out)
        targets: list[Tensor | None] = []
        for k, each in enumerate(given):
            called = "out" if each is out else f"out[{k}]"
            if isinstance(each, (list, tuple, range)) or _native.is_number(each):
                errors.wrong_type(name, called, "a tensor or an array", each)
            targets.append(None if each is None and count > 1 else read(name, called, each, None, False))
        return targets


ArrayRecord.public = ArrayKernel


def _all_sizes(name: str, layout: Layout, known: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of all dimensions, from those of the inputs; the others are -1 in ``known``."""
    sizes = {each: size for each, size in zip(layout.dimensions, known, strict=True) if size >= 0}
    return tuple([sizes[each] if each in sizes else layout.size_of(name, each, sizes) for each in layout.dimensions])
