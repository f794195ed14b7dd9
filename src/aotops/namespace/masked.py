"""Calls of operators with ``where=`` and ``initial=``, which C leaves to Python: by calls without them.

An elementwise operator computes all elements, and those that a mask selects are written. A reduction is given its
identity in place of the others; without an identity, ``initial``, which the result begins with anyway.
"""

from __future__ import annotations

from aotops import _native, errors, foreign
from aotops.namespace.joining import stack
from aotops.namespace.manipulation import broadcast_to
from aotops.namespace.operands import as_tensor
from aotops.shapes import broadcast_lengths

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import Operator
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_any = _native.operators["any"]
_where = _native.operators["where"]
#: What combines two results of a reduction: cheaper than to reduce a stack of them, as users' reductions must.
PAIRS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}


def call(operator: Operator, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call an operator with ``where``, or a reduction with ``where`` or ``initial`` among its keyword arguments."""
    lazy = foreign.call(operator, inputs, options)
    if lazy is not NotImplemented:
        return lazy
    record = operator._record
    if record is not None and not record.takes_where:  # of a map of the elements, no element may be neutral
        for argument in ("where", "initial"):
            if argument in options:
                errors.unexpected_keyword(operator.__name__, argument, "axis, keepdims, out")
    others = {name: value for name, value in options.items() if name not in ("where", "initial")}
    where = options.get("where", True)
    mask = None if where is True else mask_of(operator.__name__, where)
    if operator.kind in ("map", "zip"):
        return operator(*inputs, **others) if mask is None else elementwise(operator, inputs, others, mask)
    initial = options.get("initial")
    if mask is None and initial is None:
        return operator(*inputs, **others)
    return reduction(operator, inputs, others, mask, initial)


def mask_of(name: str, where: Any) -> Tensor:
    """A mask as a tensor; ``TypeError`` unless it is bool."""
    mask = as_tensor(name, "where", where)
    if mask.dtype.kind != "bool":
        errors.reject(TypeError, name, "where", "be bool", mask.dtype.name, "compare first, as in where=mask != 0")
    return mask


def of_shape(name: str, mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A mask broadcast to a shape; ``ValueError`` where that cannot be."""
    axes = zip(reversed(mask.shape), reversed(shape), strict=False)
    if mask.ndim > len(shape) or any(own not in (1, length) for own, length in axes):
        errors.reject(ValueError, name, "where", f"broadcast to the shape {shape}", f"shape {mask.shape}")
    return broadcast_to(mask, shape)


def elementwise(operator: Operator, inputs: tuple[Any, ...], options: dict[str, Any], mask: Tensor) -> Any:
    """The results where the mask is true; elsewhere what ``out`` has, or 0."""
    name, out = operator.__name__, options.pop("out", None)
    results = operator(*inputs, **options)
    several = isinstance(results, tuple)
    every = results if several else (results,)
    shape = broadcast_lengths([every[0].shape, mask.shape])
    if shape is None:
        wanted = f"broadcast together with the result of shape {every[0].shape}"
        errors.reject(ValueError, name, "where", wanted, f"shape {mask.shape}")
    every = tuple([broadcast_to(result, shape) for result in every])
    if out is None:
        chosen = tuple([_where(mask, result, _native.full((), 0, result.dtype)) for result in every])
        return chosen if several else chosen[0]
    outs = out if several and isinstance(out, tuple) else (out,)
    if len(outs) != len(every) or not all(isinstance(each, Tensor) for each in outs):
        return _native.copy_to_out(name, results, out)  # which says what is wrong
    # cast before they are mixed with others, so that these stay as they are
    cast = [
        _native.copy_to_out(name, result, _native.empty(each.shape, each.dtype), not several)
        for result, each in zip(every, outs, strict=True)
    ]
    chosen = tuple([_where(mask, result, each) for result, each in zip(cast, outs, strict=True)])
    return _native.copy_to_out(name, chosen if several else chosen[0], out)


def reduction(
    operator: Operator, inputs: tuple[Any, ...], options: dict[str, Any], mask: Tensor | None, initial: Any
) -> Any:
    """A reduction of the elements where a mask is true, which begins with a value."""
    name, out = operator.__name__, options.pop("out", None)
    dtype = {"dtype": options["dtype"]} if options.get("dtype") is not None else {}
    x = as_tensor(name, operator.parameters[0], inputs[0])
    start = None
    if mask is not None or x.size == 0:
        nothing = identity(operator, x, dtype)
        if nothing is None and initial is not None:
            start = start_of(name, initial, operator(_native.full((1,), 0, x.dtype), **dtype))
        fill = start if nothing is None else nothing
        if mask is not None:
            if fill is None:
                advice = "it is the result where the mask selects nothing"
                wanted = "be given with where=, since it has no identity"
                errors.reject(ValueError, name, "initial", wanted, "None", advice)
            x = _where(of_shape(name, mask, x.shape), x, fill)
        if start is not None and x.size == 0:
            kept = {key: value for key, value in options.items() if key != "dtype"}
            begun = broadcast_to(start, _any(x, *inputs[1:], **kept).shape)
            return _native.copy_to_out(name, begun.contiguous(), out)
    result = operator(x, *inputs[1:], **options)
    if initial is not None:
        result = combined(operator, start_of(name, initial, result), result, dtype)
    return _native.copy_to_out(name, result, out)


def combined(operator: Operator, start: Tensor, result: Tensor, dtype: dict[str, Any]) -> Tensor:
    """The results of a reduction that had begun with a value."""
    if operator._record is None:
        return _native.operators[PAIRS[operator.__name__]](start, result)  # type: ignore[no-any-return]
    both = stack([broadcast_to(start, result.shape), result])
    return operator(both, 0, **dtype)  # type: ignore[no-any-return]


def identity(operator: Operator, x: Tensor, dtype: dict[str, Any]) -> Tensor | None:
    """The result of no elements; None if there is none."""
    try:
        nothing: Tensor = operator(_native.empty((0,), x.dtype), **dtype)
    except ValueError:
        return None
    return nothing


def start_of(name: str, initial: Any, result: Tensor) -> Tensor:
    """A value to begin with, in the dtype of a result."""
    if not _native.is_number(initial):
        value = as_tensor(name, "initial", initial)
        if value.ndim:
            errors.reject(ValueError, name, "initial", "be a single number", f"shape {value.shape}")
        initial = value.item()
    return _native.full((), initial, result.dtype, name, "initial")
