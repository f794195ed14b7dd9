"""What operators do in Python: promotion of inputs, documentation, signatures.

The objects themselves (``aotops.add`` and its like) are of the native type ``Operator``, which calls these
functions when a call needs more than picking a kernel.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import DType, Operator
from aotops.dtypes import bool as bool_dtype
from aotops.dtypes import result_type
from aotops.tensors import Tensor, astype

TYPE_CHECKING = False  # as typing has it, whose import would take as long as all of aotops
if TYPE_CHECKING:
    import inspect
    from typing import Any

    from aotops.ops.record import Record

#: The kinds whose operators go along an axis.
FOLDING = ("reduce", "argreduce", "scan")


def convert_inputs(operator: Operator, inputs: tuple[Any, ...]) -> tuple[Tensor | None, ...]:
    """The inputs as tensors of one dtype that the operator has a kernel for, conditions of bool.

    Inputs that are left out stay ``None``.

    Raises ``TypeError`` for an input that is no tensor or number, or for dtypes that the operator does not
    compute with; ``OverflowError`` for a Python int that the dtype cannot hold.
    """
    for parameter, value in zip(operator.parameters, inputs, strict=True):
        if not isinstance(value, (Tensor, int, float)) and not (value is None and parameter in operator.optional):
            errors.wrong_type(operator.__name__, parameter, "a Tensor or a Python number", value)
    first = next(k for k, name in enumerate(operator.parameters) if name not in operator.conditions)
    conditions = [parameter in operator.conditions for parameter in operator.parameters]
    others = [value for value, condition in zip(inputs, conditions, strict=True) if not condition and value is not None]
    dtype = result_type(*others)
    if all(signature[first] != dtype for signature in operator.dtypes):
        if dtype not in operator.conversions:
            names = tuple(result_type(value).name for value in others)
            errors.wrong_dtypes(operator, names)
        dtype = operator.conversions[dtype]

    def converted(value: Any, dtype: DType) -> Any:
        if value is None or isinstance(value, Tensor):
            return value if value is None else astype(value, dtype, copy=False)
        return _native.full((), value, dtype)

    return tuple(
        [
            converted(value, bool_dtype if condition else dtype)
            for value, condition in zip(inputs, conditions, strict=True)
        ]
    )


def record_of(operator: Operator) -> Record:
    """The declaration of an operator."""
    from aotops import ops

    return operator._record or ops.collect()[operator.__name__]


def documentation(operator: Operator) -> str | None:
    """The docstring of an operator, from its record; None if its function has none."""
    return record_of(operator).doc or None


def derivative(operator: Operator) -> Any:
    """The operator of the derivative; of a user's operator that has none yet, the decorator that declares it."""
    if operator._record is not None:
        from aotops import declare

        return declare.derivative(operator)
    try:
        return _native.operators[f"{operator.__name__}.derivative"]
    except KeyError:
        raise AttributeError(f"{operator.__name__} has no derivative") from None


def signature(operator: Operator) -> inspect.Signature:
    """The signature of an operator, for ``help`` and editors."""
    import inspect

    record = record_of(operator)
    keywords: dict[str, Any] = {"out": None}
    if operator.kind in FOLDING:
        dtype = {"dtype": None} if record.takes_dtype else {}
        flag = {"include_initial" if operator.kind == "scan" else "keepdims": False}
        keywords = {**flag, **dtype, **keywords}
    kind = inspect.Parameter.POSITIONAL_ONLY if operator.kind in FOLDING else inspect.Parameter.POSITIONAL_OR_KEYWORD
    positional = [
        inspect.Parameter(name, kind, default=None if name in operator.optional else inspect.Parameter.empty)
        for name in operator.parameters
    ]
    if operator.kind in FOLDING:
        positional.append(inspect.Parameter("axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None))
    keyword_only = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default) for name, default in keywords.items()
    ]
    return inspect.Signature([*positional, *keyword_only])
