"""What operators do in Python: promotion of inputs, documentation, signatures.

The objects themselves (``aotops.add`` and its like) are of the native type ``Operator``, which calls these
functions when a call needs more than picking a kernel.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import Operator
from aotops.dtypes import result_type
from aotops.tensors import Tensor, astype

TYPE_CHECKING = False  # as typing has it, whose import would take as long as all of aotops
if TYPE_CHECKING:
    import inspect
    from typing import Any


def convert_inputs(operator: Operator, inputs: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """The inputs as tensors of one dtype that the operator has a kernel for.

    Raises ``TypeError`` for an input that is no tensor or number, or for dtypes that the operator does not
    compute with; ``OverflowError`` for a Python int that the dtype cannot hold.
    """
    for parameter, value in zip(operator.parameters, inputs, strict=True):
        if not isinstance(value, (Tensor, int, float)):
            errors.wrong_type(operator.__name__, parameter, "a Tensor or a Python number", value)
    dtype = result_type(*inputs)
    if all(signature[0] != dtype for signature in operator.dtypes):
        if dtype not in operator.conversions:
            names = tuple(result_type(value).name for value in inputs)
            errors.wrong_dtypes(operator, names)
        dtype = operator.conversions[dtype]
    return tuple(
        [
            astype(value, dtype, copy=False) if isinstance(value, Tensor) else _native.full((), value, dtype)
            for value in inputs
        ]
    )


def documentation(name: str) -> str:
    """The docstring of an operator, from its record."""
    from aotops import ops

    return ops.collect()[name].doc


def signature(operator: Operator) -> inspect.Signature:
    """The signature of an operator, for ``help`` and editors."""
    import inspect

    positional = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in operator.parameters]
    keywords: dict[str, Any] = {"out": None}
    if operator.kind == "reduce":
        positional.append(inspect.Parameter("axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None))
        keywords = {"keepdims": False, "out": None}
        from aotops import ops

        if ops.collect()[operator.__name__].identity is not None:
            keywords = {"keepdims": False, "dtype": None, "out": None}
    keyword_only = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default) for name, default in keywords.items()
    ]
    return inspect.Signature([*positional, *keyword_only])
