"""Array kernels as plain Python: slow, but open to debuggers and to coverage.

The function gets NumPy's arrays if NumPy is installed, and tensors otherwise.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

from aotops import _native, errors
from aotops.namespace.creation import read
from aotops.tensors import Tensor
from aotops.user.array_arguments import dtype_named, remade
from aotops.user.array_record import ArrayRecord, ArraySignature
from aotops.user.function_record import FunctionRecord, FunctionSignature


def run_as_python(
    record: ArrayRecord, signature: ArraySignature, inputs: list[Tensor], outputs: list[Tensor], batch: tuple[int, ...]
) -> None:
    """Run an array kernel's function for each item of a batch; writes the outputs."""
    try:
        import numpy
    except ImportError:
        numpy = None  # type: ignore[assignment]
    operands: list[Any] = [*inputs, *outputs]
    if numpy is not None:
        operands = [numpy.asarray(each) for each in operands]
        for k in range(signature.inputs):
            operands[k] = operands[k].view()
            operands[k].flags.writeable = False  # as compiled functions have them
    quiet = contextlib.nullcontext() if numpy is None else numpy.errstate(all="ignore")
    with quiet:
        for item in itertools.product(*map(range, batch)):
            arguments: list[Any] = [None] * len(operands)
            for k, parameter in enumerate(signature.order):
                arguments[parameter] = _at_item(signature, k, operands[k], item)
            record.function(*arguments)


def call_as_python(
    record: FunctionRecord, signature: FunctionSignature, values: tuple[Any, ...], tensors: tuple[Tensor, ...]
) -> Any:
    """Call a whole-array function; arrays in the result are tensors.

    What had to be copied is read-only: a function that writes to it would do so in vain.
    """
    try:
        import numpy
    except ImportError:
        numpy = None  # type: ignore[assignment]
    arguments: list[Any] = []
    leaves = [
        leaf for each, value in zip(signature.types, values, strict=False) for leaf in each.leaves_of(value) or ()
    ]
    for value, tensor, own in zip(leaves, tensors, signature.arguments, strict=True):
        if not own.rank:
            arguments.append(tensor.item() if numpy is None else numpy.asarray(tensor)[()])
            continue
        array = tensor if numpy is None else numpy.asarray(tensor)
        shared = value is tensor or (numpy is not None and isinstance(value, numpy.ndarray))
        if numpy is not None and not (shared and numpy.may_share_memory(array, value)):
            array.flags.writeable = False
        arguments.append(array)
    quiet = contextlib.nullcontext() if numpy is None else numpy.errstate(all="ignore")
    members = iter(arguments)
    with quiet:
        result = record.function(*[each.made_of(members) for each in signature.types])
    return _returned(record.name, result, signature.result)


def _returned(name: str, value: Any, declared: Any) -> Any:
    """What a function has returned as a compiled one returns it: tensors, Python's numbers, tuples of them."""
    if value is None:
        return None
    if declared is not None and declared[0] == "optional":
        declared = declared[1]
    if isinstance(value, tuple):
        kinds = declared[1] if declared is not None else (None,) * len(value)
        return remade(value, [_returned(name, each, kind) for each, kind in zip(value, kinds, strict=True)])
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "__array_interface__") and hasattr(value, "flags") and value.ndim:
        return read(name, "result", value, None)
    value = value.item() if hasattr(value, "item") else value
    if not _native.is_number(value):
        wanted = "be numbers, arrays, tuples of them, and None"
        errors.reject(TypeError, name, "what it returns", wanted, errors.type_name(value))
    return value if declared is None else read(name, "result", value, dtype_named(declared[1])).item()


def _at_item(signature: ArraySignature, operand: int, whole: Any, item: tuple[int, ...]) -> Any:
    """What the function gets of an operand for an item of the batch."""
    rank = len(whole.shape) - len(signature.axes[operand])
    own = item[len(item) - rank :]
    index = tuple([0 if length == 1 else at for at, length in zip(own, whole.shape, strict=False)])
    if signature.is_array(operand):
        if signature.axes[operand]:
            return whole[(*index, ...)]
        # the element as an array of one
        return whole[index[:-1]][index[-1] : index[-1] + 1] if index else whole.reshape(1)
    element = whole[index]
    return element.item() if isinstance(element, Tensor) else element
