"""User-defined operators as plain Python: slow, but open to debuggers and to coverage."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from aotops import _native, errors, reference
from aotops._native import Operator
from aotops.abi import AXIS_KINDS
from aotops.loops.states import combining_numbers
from aotops.namespace import masked
from aotops.namespace.creation import tensor
from aotops.namespace.operands import as_tensor
from aotops.operator import cast_inputs, signature
from aotops.scalar.mathematics import in_plain_python
from aotops.tensors import Tensor, astype
from aotops.user.declare import declaration


def to_tensor(result: reference.ReferenceTensor) -> Tensor:
    """A tensor of what the reference engine has computed."""
    flat = tensor(result.elements(), dtype=result.dtype)
    return flat.reshape(result.shape)


def states(operator: Operator, inputs: tuple[Tensor, ...], mask: int) -> tuple[Tensor, ...]:
    """The numbers of the states that a reduction makes of some inputs, with the axes of a bit mask of length 1."""
    record = declaration(operator)
    if record.finish is None or record.kind != "reduce":
        errors.wrong_type("fold_states", "operator", "a reduction with a state", operator)
    dtype, converted = reference.cast_inputs(record, [reference.tensor(x) for x in inputs])
    x, combine = reference.states_of(record, dtype, converted, in_plain_python)
    axes = tuple([axis for axis in range(len(x[0].shape)) if mask >> axis & 1])
    return tuple([to_tensor(each) for each in reference.fold_states(combine, x, axes, record.identity_for(dtype))])


def combined(operator: Operator, variant: int, a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Two states, or two results in tuples, of a reduction or a scan combined, as tensors that broadcast."""
    record = declaration(operator)
    if record.kind not in ("reduce", "scan"):
        errors.wrong_type("combine_states", "operator", "a reduction or scan", operator)
    dtype = record.dtypes[variant]
    numbers = [reference.tensor(x) for x in (*a, *b)]
    states = record.states_for(dtype)
    if states:
        both = combining_numbers(record.scalar_for(dtype), len(states))
        combine = in_plain_python(both, dtype, (*states, *states), states)
        return tuple(map(to_tensor, reference.elementwise_many(combine, numbers, states)))
    result = record.result_for(dtype)
    combine = in_plain_python(record.scalar_for(dtype), result, (result, result), (result,))
    return (to_tensor(reference.elementwise(combine, numbers, result)),)


def finished(operator: Operator, variant: int, states: tuple[Tensor, ...]) -> Tensor:
    """The results of states."""
    record = declaration(operator)
    if record.finish is None:
        errors.wrong_type("finish_states", "operator", "a reduction with a state", operator)
    dtype = record.dtypes[variant]
    result = record.result_for(dtype)
    finish = in_plain_python(record.finish, dtype, record.states_for(dtype), (result,))
    return to_tensor(reference.elementwise(finish, [reference.tensor(x) for x in states], result))


def fallback(operator: Operator) -> Callable[..., Any]:
    """The fallback for an operator's kernels: the reference engine with the operator's own functions."""
    record = declaration(operator)
    parameters = signature(operator)

    def run(*inputs: Any, **options: Any) -> Any:
        if record.takes_where and not {"where", "initial"}.isdisjoint(options):
            return masked.call(operator, inputs, options)
        for name in operator.parameters[len(inputs) :]:
            if name in operator.optional:
                options.setdefault(name, None)
        try:
            bound = parameters.bind(*inputs, **options)
        except TypeError as error:
            errors.wrong_call(f"{operator.__name__}() {error}")
        bound.apply_defaults()
        arguments = {name: value for name, value in bound.arguments.items() if name not in ("where", "initial")}
        out, dtype = arguments.pop("out"), arguments.pop("dtype", None)
        values = tuple(arguments.pop(name) for name in operator.parameters)
        if record.kind in AXIS_KINDS:
            values = tuple(
                as_tensor(operator.__name__, name, value)
                for name, value in zip(operator.parameters, values, strict=True)
            )
            shapes = tuple([value.shape for value in values])
            shape = reference.broadcast_shape(*shapes)
            if prod(shape) >= 2**63:
                errors.too_many_elements(operator.__name__, shapes, shape)
        if dtype is not None:
            values = tuple(astype(value, dtype, copy=False) for value in values)
        converted = [None if value is None else reference.tensor(value) for value in cast_inputs(operator, values)]
        results = reference.evaluate(record, *converted, present=in_plain_python, **arguments)
        if isinstance(results, tuple):
            tensors = tuple(to_tensor(result) for result in results)
            return _native.copy_to_out(operator.__name__, tensors, out)
        return _native.copy_to_out(operator.__name__, to_tensor(results), out, record.kind not in AXIS_KINDS)

    return run
