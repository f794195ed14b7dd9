"""What every operator computes, as slow, bounds-checked, plain Python: the definition that the kernels must meet.

No NumPy and no native code is involved. Tests hold the compiled kernels against this module, and whoever wants
to know what an operator does, exactly, can read it, run it and step through it:

>>> from aotops.ops.arithmetic import add
>>> from aotops.ops.reduction import max
>>> evaluate(add, tensor([[1, 2, 3], [4, 5, 6]]), tensor([10, 20, 30])).tolist()
[[11, 22, 33], [14, 25, 36]]
>>> evaluate(max, tensor([[1, 2, 3], [4, 5, 6]]), axis=1, keepdims=True).tolist()
[[3], [6]]

How it works
------------
A tensor is a list of numbers, its *storage*, and a way to look at it: a *shape*, one *stride* for each axis and an
*offset*. Three small functions lead from there to every operator, with any number of inputs of any layout:

1. ``count``: which index does the ``i``-th element of a shape have? Counting to the size of the output visits each of
   its elements once, the last axis running fastest.
2. ``broadcast_index``: which index of an input belongs to an index of the output? The input's axes are the output's
   last ones, and an axis of length 1 repeats its only element.
3. ``index_to_position``: where in the storage is the element of an index? Each axis moves by its stride.

An elementwise operator then is a loop of four lines::

    for i in range(number of elements of out):
        index = count(i, out.shape)
        values = [x.storage[index_to_position(broadcast_index(index, x.shape), x.strides, x.offset)] for x in inputs]
        out.storage[index_to_position(index, out.strides, out.offset)] = scalar(*values)

and a reduction is the same with an inner loop that counts through the axes which fold away; an argreduction counts
along while it looks for the best element, and a scan stores what it has so far at every step.

Numbers
-------
Values are Python's bool, int and float. ``stored`` turns the result of a scalar function into what memory of a dtype
holds: int64 wraps around, float32 rounds. So a scalar function of float32 computes in float64 and rounds once, at the
end. For ``+ - * /`` and square roots that is the same as computing in float32; a longer function, such as ``exp``,
may differ from its kernel within the error bound of its record. Functions of users compute with numbers that round and
wrap around at each step (``aotops.scalar.plain_numbers``): ``present`` of ``evaluate`` puts those into their place.

Reductions and scans combine elements in row-major order. Kernels keep to an order of their own, so sums and products of
floats agree up to rounding, and a largest or smallest element up to the sign of zero; everything else agrees exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aotops import abi, errors
from aotops.abi import AXIS_KINDS
from aotops.intrinsics import integer, narrow
from aotops.loops.derivatives import zero_of_zero, zero_of_zeros
from aotops.loops.states import combining_numbers
from aotops.ops.conversion import conversion
from aotops.ops.record import ALL, Record, Scalar
from aotops.shapes import contiguous_strides, normalize_axes

Index = tuple[int, ...]
Shape = tuple[int, ...]
Dtypes = tuple[str, ...]

# --- the engine -----------------------------------------------------------------------------------


def count(i: int, shape: Shape) -> Index:
    """The index of the ``i``-th element of a shape, the last axis running fastest.

    >>> [count(i, (2, 3)) for i in range(6)]
    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    """
    index = []
    for length in reversed(shape):
        index.append(i % length)
        i //= length
    return tuple(reversed(index))


def broadcast_index(index: Index, shape: Shape) -> Index:
    """The index of an input of a shape that belongs to an index of the output.

    >>> broadcast_index((5, 2, 3), (4, 1))
    (2, 0)
    """
    own = index[len(index) - len(shape) :]
    return tuple(0 if length == 1 else position for position, length in zip(own, shape, strict=True))


def index_to_position(index: Index, strides: Index, offset: int) -> int:
    """The position in the storage of the element of an index.

    >>> index_to_position((1, 2), (10, 1), 100)
    112
    """
    return offset + sum(position * stride for position, stride in zip(index, strides, strict=True))


def broadcast_shape(*shapes: Shape) -> Shape:
    """The shape of the output for inputs of some shapes; ``ValueError`` if they do not go together.

    >>> broadcast_shape((2, 1), (3,), ())
    (2, 3)
    """
    rank = max(len(shape) for shape in shapes)
    result = []
    for lengths in zip(*[(1,) * (rank - len(shape)) + shape for shape in shapes], strict=True):
        others = {length for length in lengths if length != 1}
        if len(others) > 1:
            got = " and ".join(map(str, shapes))
            errors.reject(ValueError, "broadcast_shape", "shapes", "broadcast together", got)
        result.append(others.pop() if others else 1)
    return tuple(result)


# --- tensors --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReferenceTensor:
    """A view of a list of numbers; every access is checked against the shape and against the storage.

    Attributes:
        storage: the numbers, and whatever else lies between them.
        shape: the length of each axis.
        strides: how far each axis moves in the storage, in elements; 0 repeats, negative goes backwards.
        offset: the position of the first element.
        dtype: the dtype's name.

    >>> backwards = ReferenceTensor([1, 2, 3], (3,), (-1,), 2, "int64")
    >>> backwards.tolist()
    [3, 2, 1]
    >>> backwards.load((3,))
    Traceback (most recent call last):
    IndexError: position: index must be inside of the shape (3,), got (3,)
    """

    storage: list[Any]
    shape: Shape
    strides: Index
    offset: int
    dtype: str

    def __post_init__(self) -> None:
        if self.dtype not in ALL:
            errors.wrong_dtype("ReferenceTensor", "dtype", ALL, self.dtype)
        if len(self.strides) != len(self.shape):
            wanted = f"be one for each axis of the shape {self.shape}"
            errors.reject(ValueError, "ReferenceTensor", "strides", wanted, self.strides)
        if any(length < 0 for length in self.shape):
            errors.negative_length("ReferenceTensor", self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def position(self, index: Index) -> int:
        """The position in the storage of the element of an index.

        Raises ``IndexError`` if the index is outside of the shape, or the position outside of the storage.
        """
        inside = all(0 <= position < length for position, length in zip(index, self.shape, strict=False))
        if len(index) != len(self.shape) or not inside:
            errors.reject(IndexError, "position", "index", f"be inside of the shape {self.shape}", index)
        position = index_to_position(index, self.strides, self.offset)
        if not 0 <= position < len(self.storage):
            wanted = f"stay inside of a storage of {len(self.storage)} elements"
            errors.reject(IndexError, "position", "strides", wanted, f"position {position}")
        return position

    def load(self, index: Index) -> Any:
        """The element of an index."""
        return self.storage[self.position(index)]

    def store(self, index: Index, value: Any) -> None:
        """Put a number, as ``stored`` has it, where the element of an index is."""
        self.storage[self.position(index)] = stored(value, self.dtype)

    def elements(self) -> list[Any]:
        """The elements in row-major order."""
        return [self.load(count(i, self.shape)) for i in range(self.size)]

    def tolist(self) -> Any:
        """The elements as nested lists; of a tensor without dimensions, the number."""
        values = self.elements()
        for axis in range(len(self.shape) - 1, -1, -1):
            length = self.shape[axis]
            values = [values[i * length : (i + 1) * length] for i in range(math.prod(self.shape[:axis]))]
        return values[0]


def empty(shape: Shape, dtype: str) -> ReferenceTensor:
    """A row-major tensor whose elements are ``None`` until they are stored.

    >>> empty((2,), "float64").storage
    [None, None]
    """
    return ReferenceTensor([None] * math.prod(shape), shape, contiguous_strides(shape), 0, dtype)


def tensor(data: Any, dtype: str | None = None) -> ReferenceTensor:
    """A row-major tensor of a number, of nested sequences of numbers, or of the elements of an ``aotops.Tensor``.

    Without ``dtype`` that of the ``aotops.Tensor``, else bool, int64 or float64, as the numbers are.

    Raises ``ValueError`` for ragged data and ``TypeError`` for anything but numbers in it.

    >>> tensor([[1, 2], [3, 4.5]])
    ReferenceTensor(storage=[1.0, 2.0, 3.0, 4.5], shape=(2, 2), strides=(2, 1), offset=0, dtype='float64')
    """
    if hasattr(data, "tolist"):
        nested, shape, dtype = data.tolist(), data.shape, dtype or data.dtype.name
    else:
        nested, shape = data, shape_of(data)
    values = flatten(nested, shape)
    if dtype is None:
        dtype = promote(*[number_dtype(value) for value in values]) if values else "float64"
    result = empty(shape, dtype)
    for i, value in enumerate(values):
        result.store(count(i, shape), cast(value, number_dtype(value), dtype))
    return result


def shape_of(nested: Any) -> Shape:
    """The shape of nested sequences, judging by the first item of each.

    >>> shape_of([[1, 2, 3], [4, 5, 6]])
    (2, 3)
    """
    if not isinstance(nested, (list, tuple)):
        return ()
    return (len(nested), *(shape_of(nested[0]) if nested else ()))


def flatten(nested: Any, shape: Shape) -> list[Any]:
    """The numbers in nested sequences; ``ValueError`` unless every sequence has the length that the shape says.

    >>> flatten([[1, 2], [3, 4]], (2, 2))
    [1, 2, 3, 4]
    """
    if not shape and not isinstance(nested, (list, tuple)):
        return [nested]
    wanted = f"{shape[0]} items" if shape else "a number"
    if not shape or not isinstance(nested, (list, tuple)) or len(nested) != shape[0]:
        errors.reject(ValueError, "flatten", "nested", f"not be ragged but have {wanted}", errors.shown(nested))
    return [value for item in nested for value in flatten(item, shape[1:])]


# --- numbers --------------------------------------------------------------------------------------


def number_dtype(number: Any) -> str:
    """The dtype of a Python number by itself; ``TypeError`` for anything else.

    >>> number_dtype(True), number_dtype(1), number_dtype(1.0)
    ('bool', 'int64', 'float64')
    """
    for kind, category in ((bool, "bool"), (int, "integer"), (float, "float"), (complex, "complex")):
        if isinstance(number, kind):
            return abi.DEFAULTS[category]
    errors.wrong_type("number_dtype", "number", "a Python number", number)


def promote(*dtypes: str) -> str:
    """The dtype that holds the values of all, as ``numpy.result_type`` has it.

    >>> promote("bool", "int64"), promote("int64", "float32")
    ('int64', 'float64')
    """
    return abi.promote(*dtypes)


def stored(value: Any, dtype: str) -> Any:
    """A number as memory of a dtype holds it.

    >>> stored(2**63, "int64"), stored(0.1, "float32"), stored(1e300, "float32"), stored(1, "bool")
    (-9223372036854775808, 0.10000000149011612, inf, True)
    >>> stored(math.nan, "int64"), stored(-1.5, "int64")
    (-9223372036854775808, -1)
    """
    fact = abi.FACTS[dtype]
    if fact.kind == "bool":
        return bool(value)
    if fact.category == "integer":
        return fact.wrapped(integer(value))
    if fact.kind == "complex":
        half = abi.parts(dtype)
        return complex(stored(complex(value).real, half), stored(complex(value).imag, half))
    return float(value) if fact.bits == 64 else narrow(value)


def apply(scalar: Scalar, values: Sequence[Any]) -> Any:
    """The result of a scalar function, which must be a number, or a tuple of numbers for several outputs."""
    result = scalar(*values)
    if not isinstance(result, (tuple, complex)) and not hasattr(result, "__float__"):
        errors.reject(TypeError, scalar.__name__, "result", "be a number", errors.type_name(result))
    return result


def cast(value: Any, source: str, target: str) -> Any:
    """A number of one dtype converted to another, as ``astype`` and every copy do it.

    >>> cast(-1.7, "float64", "int64"), cast(math.nan, "float64", "bool"), cast(True, "bool", "float32")
    (-1, True, 1.0)
    """
    return stored(conversion(source, target)(value), target)


def convert(x: ReferenceTensor, dtype: str) -> ReferenceTensor:
    """A tensor's elements converted to a dtype.

    >>> convert(tensor([1.5, 0.0]), "bool").tolist()
    [True, False]
    """
    return x if x.dtype == dtype else elementwise(conversion(x.dtype, dtype), (x,), dtype)


# --- operators ------------------------------------------------------------------------------------


def elementwise_many(
    scalar: Scalar, inputs: Sequence[ReferenceTensor], dtypes: Sequence[str]
) -> tuple[ReferenceTensor, ...]:
    """As ``elementwise``, of a scalar function that returns a tuple: a tensor for each of its values.

    >>> quotient, rest = elementwise_many(divmod, [tensor([7, 8]), tensor(3)], ["int64", "int64"])
    >>> quotient.tolist(), rest.tolist()
    ([2, 2], [1, 2])
    """
    shape = broadcast_shape(*[x.shape for x in inputs])
    outs = tuple(empty(shape, dtype) for dtype in dtypes)
    for i in range(math.prod(shape)):
        index = count(i, shape)
        values = apply(scalar, [x.load(broadcast_index(index, x.shape)) for x in inputs])
        if not isinstance(values, tuple) or len(values) != len(outs):
            got = f"a tuple of {len(values)}" if isinstance(values, tuple) else errors.type_name(values)
            errors.reject(TypeError, scalar.__name__, "result", f"be a tuple of {len(outs)} numbers", got)
        for out, value in zip(outs, values, strict=True):
            out.store(index, value)
    return outs


def elementwise(scalar: Scalar, inputs: Sequence[ReferenceTensor], dtype: str) -> ReferenceTensor:
    """The map or zip of a scalar function: ``out[index] = scalar(*(x[index] for x in inputs))``.

    >>> elementwise(lambda a, b, c: a * b + c, [tensor([1, 2]), tensor([[3], [4]]), tensor(5)], "int64").tolist()
    [[8, 11], [9, 13]]
    """
    out = empty(broadcast_shape(*[x.shape for x in inputs]), dtype)
    for i in range(out.size):
        index = count(i, out.shape)
        values = [x.load(broadcast_index(index, x.shape)) for x in inputs]
        out.store(index, apply(scalar, values))
    return out


def fold(combine: Scalar, x: ReferenceTensor, axes: Index, start: Any, dtype: str) -> ReferenceTensor:
    """The reduction of some axes, which stay in place with length 1: each element combined into a start.

    >>> fold(lambda a, b: a + b, tensor([[1, 2], [3, 4]]), (0,), 100, "int64").tolist()
    [[104, 106]]
    """
    out = empty(tuple(1 if axis in axes else length for axis, length in enumerate(x.shape)), dtype)
    folded = tuple(length if axis in axes else 1 for axis, length in enumerate(x.shape))
    for i in range(out.size):
        index = count(i, out.shape)
        result = stored(start, dtype)
        for j in range(math.prod(folded)):
            # along each axis one of the two indices is 0
            inner = tuple(kept + along for kept, along in zip(index, count(j, folded), strict=True))
            result = stored(apply(combine, (result, x.load(inner))), dtype)
        out.store(index, result)
    return out


def find(combine: Scalar, x: ReferenceTensor, axes: Index, start: Any) -> ReferenceTensor:
    """Where along some axes, counted in row-major order, the first element is that a reduction of them results in.

    >>> find(max, tensor([[1, 5, 5], [7, 3, 0]]), (1,), -(2**63)).tolist()
    [[1], [0]]
    """
    out = empty(tuple(1 if axis in axes else length for axis, length in enumerate(x.shape)), "int64")
    folded = tuple(length if axis in axes else 1 for axis, length in enumerate(x.shape))
    for i in range(out.size):
        index = count(i, out.shape)
        best, place = stored(start, x.dtype), 0
        for j in range(math.prod(folded)):
            inner = tuple(kept + along for kept, along in zip(index, count(j, folded), strict=True))
            winner = stored(combine(best, x.load(inner)), x.dtype)
            if winner != best and not (winner != winner and best != best):  # two NaNs are one value
                best, place = winner, j
        out.store(index, place)
    return out


def running(combine: Scalar, x: ReferenceTensor, axis: int, start: Any, dtype: str) -> ReferenceTensor:
    """The scan of one axis: at each place, the elements so far combined into a start.

    >>> running(lambda a, b: a + b, tensor([[1, 2], [3, 4]]), 1, 100, "int64").tolist()
    [[101, 103], [103, 107]]
    """
    out = empty(x.shape, dtype)
    for i in range(x.size):
        index = count(i, x.shape)
        before = (*index[:axis], index[axis] - 1, *index[axis + 1 :])
        if index[axis] == 0 and abi.FACTS[dtype].kind == "complex":  # an infinite one, multiplied by 1, becomes NaN
            out.store(index, x.load(index))
            continue
        result = out.load(before) if index[axis] > 0 else stored(start, dtype)
        out.store(index, apply(combine, (result, x.load(index))))
    return out


def prepend(value: Any, x: ReferenceTensor, axis: int) -> ReferenceTensor:
    """A tensor with one more place along an axis, in front, that holds a value.

    >>> prepend(0, tensor([1, 3, 6]), 0).tolist()
    [0, 1, 3, 6]
    """
    out = empty((*x.shape[:axis], x.shape[axis] + 1, *x.shape[axis + 1 :]), x.dtype)
    for i in range(out.size):
        index = count(i, out.shape)
        before = (*index[:axis], index[axis] - 1, *index[axis + 1 :])
        out.store(index, x.load(before) if index[axis] > 0 else value)
    return out


def compute_dtype(record: Record, dtypes: Sequence[str]) -> str:
    """The dtype in which an operator computes for inputs of some dtypes; ``TypeError`` if there is none.

    >>> from aotops.ops.exponential import exp
    >>> compute_dtype(exp, ["int64"])
    'float64'
    """
    dtype = promote(*dtypes)
    if dtype in record.dtypes:
        return dtype
    if dtype in record.casts:
        return record.casts[dtype]
    errors.unsupported_inputs(record.name, record.parameters, record.dtypes, (dtype,))


def cast_inputs(record: Record, inputs: Sequence[ReferenceTensor | None]) -> tuple[str, list[ReferenceTensor]]:
    """The dtype in which an operator computes, and its inputs in it: conditions in bool, defaults for ``None``.

    >>> from aotops.ops.selection import clip, where
    >>> dtype, (x, low, high) = cast_inputs(clip, [tensor(1.5), None, tensor(3)])
    >>> dtype, x.tolist(), low.tolist(), high.tolist()
    ('float64', 1.5, -inf, 3.0)
    >>> [x.dtype for x in cast_inputs(where, [tensor(2.0), tensor(1), tensor(True)])[1]]
    ['bool', 'int64', 'int64']
    """
    named = list(zip(record.parameters, inputs, strict=False))
    required = sum(name not in record.defaults for name in record.parameters)
    given = sum(x is not None for name, x in named if name not in record.defaults)
    if given < required or len(inputs) > record.inputs:
        errors.wrong_count(record.name, " ".join(record.parameters), required, len(inputs))
    named += [(name, None) for name in record.parameters[len(inputs) :]]
    dtype = compute_dtype(record, [x.dtype for name, x in named if x is not None and name not in record.fixed])
    wanted = record.inputs_for(dtype)
    return dtype, [
        tensor(record.default_for(name, dtype), own) if x is None else convert(x, own)
        for (name, x), own in zip(named, wanted, strict=True)
    ]


def evaluate(
    record: Record,
    *inputs: ReferenceTensor | None,
    axis: int | Index | None = None,
    keepdims: bool = False,
    include_initial: bool = False,
    present: Callable[[Scalar, str, Dtypes, Dtypes], Scalar] = lambda scalar, dtype, inputs, results: scalar,
) -> Any:
    """The result of an operator, given by its record; of one that returns a tuple, a tuple of results.

    Arguments: ``axis`` and ``keepdims`` are for reductions; ``axis`` is an int, a tuple of ints or None for all.
    Scans take an ``axis``, which may be left out for an input of one dimension, and ``include_initial``, which puts
    the result of nothing in front. Inputs that the record has a default for may be None or left out. ``present`` may
    put other functions in place of the record's; it is told the dtypes of the constants, the arguments and the results.

    Raises ``TypeError`` for a wrong number of inputs or dtypes that the operator does not compute with,
    ``ValueError`` for shapes that do not broadcast together, a reduction of nothing that has no identity or a scan
    that lacks an axis, ``AxisError`` for an axis that does not exist, ``IndexError`` for inputs that reach outside of
    their storage.

    >>> from aotops.ops.arithmetic import divide
    >>> from aotops.ops.reduction import argmax, cumulative_sum, sum
    >>> evaluate(divide, tensor([1, -1, 0]), tensor(0)).tolist()
    [inf, -inf, nan]
    >>> evaluate(sum, tensor([[True, False], [True, True]])).tolist()
    3
    >>> evaluate(argmax, tensor([[1, 5, 5], [7, 3, 0]]), axis=1).tolist()
    [1, 0]
    >>> evaluate(cumulative_sum, tensor([1, 2, 3]), include_initial=True).tolist()
    [0, 1, 3, 6]
    """
    dtype, converted = cast_inputs(record, inputs)
    scalar = record.scalar_for(dtype)
    result = record.result_for(dtype)
    if record.finish is not None:
        return evaluate_state(record, dtype, converted, axis, keepdims, include_initial, present)
    if record.outputs:
        results = record.results_for(dtype)
        function = present(scalar, dtype, record.inputs_for(dtype), results)
        return elementwise_many(guarded(record, function), converted, results)
    if record.kind not in AXIS_KINDS:
        function = present(scalar, dtype, record.inputs_for(dtype), (result,))
        return elementwise(guarded(record, function), converted, result)
    # what is combined: the elements of the only input, or a function of all of them
    x = converted[0]
    if record.map is not None:
        x = elementwise(present(record.map, result, record.inputs_for(dtype), (result,)), converted, result)
    combined = dtype if record.kind == "argreduce" else result
    scalar = present(scalar, combined, (combined, combined), (combined,))
    if record.kind == "scan":
        return scan(record, scalar, x, axis, include_initial)
    axes = (
        tuple(range(len(x.shape)))
        if axis is None
        else normalize_axes(record.name, "axis", axis, len(x.shape), record.kind == "reduce")
    )
    if any(x.shape[folded] == 0 for folded in axes):
        start = record.identity_for(dtype)
        if start is None and all(x.shape[kept] > 0 for kept in range(len(x.shape)) if kept not in axes):
            errors.nothing_to_reduce(record.name, x.shape)
    else:
        start = record.initial_for(dtype)
    folded = find(scalar, x, axes, start) if record.kind == "argreduce" else fold(scalar, x, axes, start, result)
    return folded if keepdims else drop_axes(folded, axes)


def guarded(record: Record, function: Scalar) -> Scalar:
    """The function of an operator; that of a derivative is 0 where the incoming gradient is."""
    if record.incoming == 1:
        return zero_of_zero(function, record.outputs)
    return zero_of_zeros(function, record.outputs, record.incoming) if record.incoming else function


def evaluate_state(
    record: Record,
    dtype: str,
    inputs: Sequence[ReferenceTensor],
    axis: int | Index | None,
    keepdims: bool,
    include_initial: bool,
    present: Callable[[Scalar, str, Dtypes, Dtypes], Scalar],
) -> ReferenceTensor:
    """The result of a reduction or a scan whose state is several numbers: made, combined and finished."""
    states, result = record.states_for(dtype), record.result_for(dtype)
    assert record.finish is not None  # checked by the record
    x, combine = states_of(record, dtype, inputs, present)
    finish = present(record.finish, dtype, states, (result,))
    shape = x[0].shape
    scans = record.kind == "scan"
    if scans and axis is None and len(shape) != 1:
        errors.axis_needed(record.name, len(shape))
    folded = 0 if scans and axis is None else axis
    axes = (
        tuple(range(len(shape)))
        if folded is None
        else normalize_axes(record.name, "axis", folded, len(shape), record.kind == "reduce")
    )
    start = record.identity_for(dtype)
    if not scans:
        folded_states = elementwise(finish, fold_states(combine, x, axes, start), result)
        return folded_states if keepdims else drop_axes(folded_states, axes)
    running = elementwise(finish, running_states(combine, x, axes[0], start), result)
    nothing = elementwise(finish, [tensor(value, own) for value, own in zip(start, states, strict=True)], result)
    return prepend(nothing.load(()), running, axes[0]) if include_initial else running


def states_of(
    record: Record,
    dtype: str,
    inputs: Sequence[ReferenceTensor],
    present: Callable[[Scalar, str, Dtypes, Dtypes], Scalar],
) -> tuple[tuple[ReferenceTensor, ...], Scalar]:
    """The states of elements, a tensor for each of their numbers, and the function that combines those of two."""
    states = record.states_for(dtype)
    assert record.map is not None  # checked by the record
    begin = present(record.map, dtype, record.inputs_for(dtype), states)
    both = combining_numbers(record.scalar_for(dtype), len(states))
    return elementwise_many(begin, inputs, states), present(both, dtype, (*states, *states), states)


def fold_states(
    combine: Scalar, x: Sequence[ReferenceTensor], axes: Index, start: Sequence[Any]
) -> tuple[ReferenceTensor, ...]:
    """As ``fold``, of states: a tensor for each of their numbers, of which ``combine`` takes those of two.

    >>> pairs = tensor([[1, 2], [3, 4]]), tensor([[5, 6], [7, 8]])
    >>> [x.tolist() for x in fold_states(lambda a, b, c, d: (a + c, b * d), pairs, (0,), (0, 1))]
    [[[4, 6]], [[35, 48]]]
    """
    shape = x[0].shape
    outs = tuple(empty(tuple(1 if a in axes else n for a, n in enumerate(shape)), own.dtype) for own in x)
    folded = tuple(length if axis in axes else 1 for axis, length in enumerate(shape))
    for i in range(outs[0].size):
        index = count(i, outs[0].shape)
        state = [stored(value, own.dtype) for value, own in zip(start, x, strict=True)]
        for j in range(math.prod(folded)):
            inner = tuple(kept + along for kept, along in zip(index, count(j, folded), strict=True))
            values = apply(combine, (*state, *(own.load(inner) for own in x)))
            state = [stored(value, own.dtype) for value, own in zip(values, x, strict=True)]
        for out, value in zip(outs, state, strict=True):
            out.store(index, value)
    return outs


def running_states(
    combine: Scalar, x: Sequence[ReferenceTensor], axis: int, start: Sequence[Any]
) -> tuple[ReferenceTensor, ...]:
    """As ``running``, of states: a tensor for each of their numbers.

    >>> pairs = tensor([1, 2]), tensor([5, 6])
    >>> [x.tolist() for x in running_states(lambda a, b, c, d: (a + c, b * d), pairs, 0, (0, 1))]
    [[1, 3], [5, 30]]
    """
    outs = tuple(empty(own.shape, own.dtype) for own in x)
    for i in range(x[0].size):
        index = count(i, x[0].shape)
        before = (*index[:axis], index[axis] - 1, *index[axis + 1 :])
        state = [out.load(before) for out in outs] if index[axis] > 0 else start
        values = apply(combine, (*state, *(own.load(index) for own in x)))
        for out, value in zip(outs, values, strict=True):
            out.store(index, value)
    return outs


def scan(
    record: Record, scalar: Scalar, x: ReferenceTensor, axis: int | Index | None, include_initial: bool
) -> ReferenceTensor:
    """The result of a scan of a converted input."""
    if axis is None and len(x.shape) != 1:
        errors.axis_needed(record.name, len(x.shape))
    (along,) = normalize_axes(record.name, "axis", 0 if axis is None else axis, len(x.shape), False)
    result = running(scalar, x, along, record.initial_for(x.dtype), record.result_for(x.dtype))
    return prepend(record.identity_for(x.dtype), result, along) if include_initial else result


def drop_axes(x: ReferenceTensor, axes: Index) -> ReferenceTensor:
    """A view without some axes of length 1.

    >>> drop_axes(tensor([[[1], [2]]]), (0, 2)).tolist()
    [1, 2]
    """
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    shape, strides = tuple(x.shape[axis] for axis in kept), tuple(x.strides[axis] for axis in kept)
    return ReferenceTensor(x.storage, shape, strides, x.offset, x.dtype)
