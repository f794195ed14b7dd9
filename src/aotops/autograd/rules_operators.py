"""Gradients of declared operators that C does not record.

They are scans, operators of several results, reductions whose derivative reads the state, and all that run as plain
Python.
"""

from __future__ import annotations

from aotops import _native
from aotops.autograd.formulas import reads_and_passes
from aotops.autograd.rules import joined, parted
from aotops.autograd.rules_reductions import folded, repeated
from aotops.autograd.rules_scans import after, along

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operator
    from aotops.autograd.rules_views import Ruled
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors


def gradients_of(operator: Operator, others: list[Any], values: list[Any]) -> tuple[Any, ...]:
    """What the derivative makes of values: gradients by inputs that are tensors, None by those of a fixed dtype."""
    found = operator.derivative(*values)
    rest = iter(found if isinstance(found, tuple) else (found,))
    each = [None if name in operator.fixed else next(rest) for name in operator.parameters]
    return tuple([gradient for gradient, other in zip(each, others, strict=False) if other is None])


def read_alone(operator: Operator, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """As ``parted``, with a number in place of what the formula does not read: that may be written to."""
    mask, _ = reads_and_passes(operator.derivative._record)
    return parted(tuple([value if mask >> k & 1 else False for k, value in enumerate(values)]))


def elementwise(operator: Operator, /, *args: Any, **options: Any) -> Ruled:
    """What the derivative is, called with the inputs, the results, and the gradients by those of floats."""
    names = operator.parameters[len(args) :]
    inputs = (*args, *[options.pop(name, None) for name in names])
    result = operator(*inputs, **options)
    results = result if isinstance(result, tuple) else (result,)
    tensors, others = parted(inputs)
    saved, numbers = read_alone(operator, (*inputs, *results))
    shape = results[0].shape
    dtypes = [each.dtype if each.dtype.kind in ("float", "complex") else None for each in results]

    def pull(gradient: Any, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        gradients = gradient if isinstance(gradient, tuple) else (gradient,)
        own = [
            _native.full(shape, 0, dtype) if each is None else each
            for each, dtype in zip(gradients, dtypes, strict=True)
            if dtype is not None
        ]
        return gradients_of(operator, others, [*joined(saved, numbers), *own])

    return result, tensors, saved, pull


def reduction(operator: Operator, /, *args: Any, **options: Any) -> Ruled:
    """The same for each element, with the result, the gradient, and what it reads of the state repeated."""
    count = len(operator.parameters)
    result = operator(*args, **options)
    tensors, others = parted(args[:count])
    shape = operator_shape(tensors)
    axes = folded(operator.__name__, len(shape), args[count] if len(args) > count else options.get("axis"))
    record = operator._record
    assert record is not None  # of a declared operator
    states = states_of(operator, args[:count], axes) if record.derivative_reads_state else ()
    saved, numbers = read_alone(operator, (*args[:count], *states, result))

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        values = joined(saved, numbers)
        behind = [repeated(each, shape, axes) if isinstance(each, Tensor) else each for each in values[count:]]
        return gradients_of(operator, others, [*values[:count], *behind, repeated(gradient, shape, axes)])

    return result, tensors, saved, pull


def states_of(operator: Operator, inputs: tuple[Any, ...], axes: tuple[int, ...]) -> tuple[Tensor, ...]:
    """The numbers of the states that a reduction makes of some inputs, with the axes of length 1."""
    from aotops.operator import cast_inputs

    tensors: tuple[Any, ...] = tuple(cast_inputs(operator, inputs))
    dtypes = tuple([each.dtype for each in tensors])
    variant = [signature[: len(dtypes)] for signature in operator.dtypes].index(dtypes)
    return _native.fold_states(operator, variant, tensors, sum([1 << axis for axis in axes]))


def operator_shape(tensors: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape that inputs broadcast to."""
    from aotops.namespace.manipulation import broadcast_shapes

    shape: tuple[int, ...] = broadcast_shapes(*[each.shape for each in tensors])
    return shape


def scan(operator: Operator, x: Any, /, axis: Any = None, *, include_initial: Any = False, **options: Any) -> Ruled:
    """Step by step from the end: the gradients by the running result before, and by the element."""
    result = operator(x, axis, include_initial=include_initial, **options)
    own = along(operator.__name__, x, axis)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, y = saved
        gradient = after(gradient, own, include_initial)
        initial = operator(x[(slice(None),) * own + (slice(0, 0),)], own, include_initial=True)
        y = after(y, own, include_initial)
        found = _native.empty(x.shape, gradient.dtype)
        start = (slice(None),) * own
        behind: Any = None
        for k in reversed(range(x.shape[own])):
            place = (*start, k, ...)
            before = y[(*start, k - 1, ...)] if k else initial[(*start, 0, ...)]
            own_gradient = gradient[place] if behind is None else behind + gradient[place]
            behind, found[place] = operator.derivative(before, x[place], y[place], own_gradient)
        return (found,)

    return result, (x,), (x, result), pull


def steps(name: str) -> Any:
    """The rule of an operator that is constant but for steps."""
    operator = _native.operators[name]

    def rule(*args: Any, **options: Any) -> Ruled:
        names = operator.parameters[len(args) :]
        tensors, _ = parted((*args, *[options[name] for name in names if name in options]))
        shapes = [(each.shape, each.dtype) for each in tensors]

        def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
            return tuple([_native.full(shape, 0, dtype) for shape, dtype in shapes])

        return operator(*args, **options), tensors, (), pull

    return rule


ceil, floor, rounded, sign, trunc = [steps(name) for name in ("ceil", "floor", "round", "sign", "trunc")]
floor_divide = steps("floor_divide")
