"""Assignments by positions or by a mask into a tensor whose gradient is recorded."""

from __future__ import annotations

from aotops import _native
from aotops._native import TensorBase as Tensor
from aotops.autograd.calls import detached

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any


def recorded(x: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value``; the gradient by the value is 0 for what a later position has overwritten."""
    from aotops.errors import GradientError, reject

    if isinstance(value, Tensor) and value.requires_grad and not is_mask(key):
        advice = "write x = aotops.where(mask, value, x), or assign by slices"
        wanted = "be ints, slices or a mask where the value requires gradients"
        reject(GradientError, "assignment", "index", wanted, "positions, which may repeat", advice)
    before = _native.set_recording(False)
    try:
        plain: dict[int, Tensor] = {}
        alias = detached(x, plain)
        alias[key] = detached(value, plain)
    finally:
        _native.set_recording(before)
    _native.record_assigned(x, key, value)


def is_mask(key: Any) -> bool:
    """Whether an index selects no element twice: it is a mask, or several among ints and slices."""
    items = key if isinstance(key, tuple) else (key,)
    masks = [each for each in items if isinstance(each, Tensor) and each.dtype.name == "bool"]
    others = [each for each in items if not (each is None or each is Ellipsis or isinstance(each, (int, slice)))]
    return len(masks) == 1 and len(others) == 1
