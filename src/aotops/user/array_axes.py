"""Where the axes of a call's operands are: ``axes``, ``axis`` and ``keepdims`` of array kernels."""

from __future__ import annotations

from aotops import _native, errors

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor
    from aotops.user.array_record import Layout


def given_axes(name: str, layout: Layout, axes: Any, axis: Any) -> list[tuple[int, ...]] | None:
    """The axes of each operand that are its own; None if they are the last ones."""
    if axes is None and axis is None:
        return None
    from aotops.shapes import as_int, as_ints

    # as the function's parameters are
    operands = [own for _, own in sorted(zip(layout.order, (*layout.inputs, *layout.outputs), strict=True))]
    if axis is not None:
        if axes is not None:
            errors.reject(TypeError, name, "axis", "be left out beside axes", errors.type_name(axis))
        if len({each for own in operands for each in own}) != 1 or max(map(len, operands)) != 1:
            wanted = f"be left out for the layout {layout.text}, which has not one dimension"
            errors.reject(TypeError, name, "axis", wanted, errors.shown(axis), "write axes=[(...), ...]")
        own_axis = as_int(name, "axis", axis)
        return [(own_axis,) if operands[k] else () for k in layout.order]
    if not isinstance(axes, (list, tuple)):
        errors.wrong_type(name, "axes", "a list of tuples of ints, one for each operand", axes)
    given = [each if isinstance(each, (tuple, list)) else (each,) for each in axes]
    if len(given) == layout.arguments and not any(operands[layout.arguments :]):
        given += [()] * (len(operands) - len(given))
    if len(given) != len(operands):
        errors.reject(ValueError, name, "axes", f"have a tuple for each of {len(operands)} operands", len(given))
    for each, own in zip(given, operands, strict=True):
        if len(each) != len(own):
            wanted = f"have {len(own)} ints for the axes ({', '.join(own)})"
            errors.reject(ValueError, name, "axes", wanted, errors.shown(each))
    found = [as_ints(name, f"axes[{k}]", each) for k, each in enumerate(given)]
    return [found[k] for k in layout.order]


def within(
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
    order = order_of(name, len(whole), own) if own else list(range(len(whole)))
    wanted = tuple([whole[order.index(axis)] for axis in range(len(order))])
    if not _native.check_out(name, target, dtype, wanted, others):
        return None
    last = axes_last(name, target, own)
    return last._as_strided(shape, last.strides[: len(shape)], 0) if kept else last


def order_of(name: str, ndim: int, own: tuple[int, ...]) -> list[int]:
    """The axes of a tensor with some of them last; ``ValueError`` for an axis that it has not, or has twice."""
    for axis in own:
        if not -ndim <= axis < ndim:
            errors.wrong_axis(name, "axes", ndim, axis)
    places = [axis % ndim for axis in own]
    if len(set(places)) != len(places):
        errors.reject(ValueError, name, "axes", "name each axis of an operand once", errors.shown(own))
    return [axis for axis in range(ndim) if axis not in places] + places


def axes_last(name: str, tensor: Tensor, own: tuple[int, ...]) -> Tensor:
    """A view of a tensor with some axes last."""
    from aotops.namespace.manipulation import permute_dims

    return permute_dims(tensor, tuple(order_of(name, len(tensor.shape), own))) if own else tensor


def axes_back(name: str, tensor: Tensor, own: tuple[int, ...]) -> Tensor:
    """A view of a tensor whose last axes are at some places."""
    from aotops.namespace.manipulation import permute_dims

    if not own:
        return tensor
    order = order_of(name, len(tensor.shape), own)
    return permute_dims(tensor, tuple([order.index(axis) for axis in range(len(order))]))
