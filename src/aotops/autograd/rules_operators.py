"""Gradients of declared operators that C does not record: scans, and all that run as plain Python."""

from __future__ import annotations

from aotops import _native
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


def parted(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The tensors among some inputs, and the others, with None in place of tensors."""
    tensors = tuple([each for each in inputs if isinstance(each, Tensor)])
    return tensors, [None if isinstance(each, Tensor) else (each,) for each in inputs]


def joined(tensors: tuple[Any, ...], others: list[Any]) -> list[Any]:
    """The inputs again."""
    rest = iter(tensors)
    return [next(rest) if each is None else each[0] for each in others]


def gradients_of(operator: Operator, inputs: list[Any], y: Any, g: Any) -> tuple[Any, ...]:
    """What the derivative makes of all inputs: gradients by the tensors among them, None by those of a fixed dtype."""
    found = operator.derivative(*inputs, y, g)
    rest = iter(found if isinstance(found, tuple) else (found,))
    each = [None if name in operator.fixed else next(rest) for name in operator.parameters]
    return tuple([gradient for gradient, value in zip(each, inputs, strict=False) if isinstance(value, Tensor)])


def elementwise(operator: Operator, /, *args: Any, **options: Any) -> Ruled:
    """What the derivative is, called with the inputs, the result and the gradient."""
    names = operator.parameters[len(args) :]
    inputs = (*args, *[options.pop(name, None) for name in names])
    result = operator(*inputs, **options)
    tensors, others = parted(inputs)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        *kept, y = saved
        return gradients_of(operator, joined(tuple(kept), others), y, gradient)

    return result, tensors, (*tensors, result), pull


def reduction(operator: Operator, /, *args: Any, **options: Any) -> Ruled:
    """The same for each element, with the result and the gradient repeated."""
    count = len(operator.parameters)
    result = operator(*args, **options)
    tensors, others = parted(args[:count])
    shape = operator_shape(tensors)
    axes = folded(operator.__name__, len(shape), args[count] if len(args) > count else options.get("axis"))

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        *kept, y = saved
        inputs = joined(tuple(kept), others)
        return gradients_of(operator, inputs, repeated(y, shape, axes), repeated(gradient, shape, axes))

    return result, tensors, (*tensors, result), pull


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
