"""Array kernels as plain Python: slow, but open to debuggers and to coverage.

The function gets NumPy's arrays if NumPy is installed, and tensors otherwise.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

from aotops.tensors import Tensor
from aotops.user.array_record import ArrayRecord, ArraySignature


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
            arguments = [_at_item(signature, k, each, item) for k, each in enumerate(operands)]
            record.function(*arguments)


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
