"""The parts of operators that are written in Python: promotion of inputs, documentation, signatures.

The objects themselves (``aotops.add`` and its like) are of the native type ``Operator``, which calls these
functions when a call needs more than picking a kernel.
"""

from __future__ import annotations

from aotops import _native, errors
from aotops._native import DType, Operator
from aotops.abi import AXIS_KINDS, FACTS, parts
from aotops.dtypes import bool as bool_dtype
from aotops.dtypes import can_cast, float64
from aotops.namespace.data_types import result_type
from aotops.namespace.operands import as_operand, has_own_operators, is_foreign_number, is_operand
from aotops.tensors import Tensor, astype

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable
    from typing import Any

    from aotops.ops.record import Record


def other_operand(operator: Operator, a: Any, b: Any, in_place: bool) -> Any:
    """Read the operand of a special method that is neither a tensor nor a Python number.

    The result is ``NotImplemented`` if its own methods must be tried, which Python does next. In place, a value that is
    not an operand is a ``TypeError``; so are numbers of unknown types, which Python would compare by identity, and
    bytes, which would append the tensor's memory or compare with it.
    """
    parameter, value = (operator.parameters[1], b) if isinstance(a, Tensor) else (operator.parameters[0], a)
    if not is_operand(value):
        rejected = is_foreign_number(value) or isinstance(value, (bytes, bytearray))
        if in_place or (rejected and not has_own_operators(value)) or is_never_equal(operator, a, value):
            errors.wrong_operand(operator.__name__, parameter, value)
        return NotImplemented
    return as_operand(operator.__name__, parameter, value)


def is_never_equal(operator: Operator, a: Any, value: Any) -> bool:
    """Whether a comparison with another library's array, as of PyTorch, would be Python's: by identity, so False."""
    method = {"equal": "__eq__", "not_equal": "__ne__"}.get(operator.__name__)
    kind = type(value)
    return method is not None and hasattr(kind, "__dlpack__") and getattr(kind, method)(value, a) is NotImplemented


def cast_inputs(operator: Operator, inputs: tuple[Any, ...]) -> tuple[Tensor | None, ...]:
    """The inputs as tensors of a dtype that the operator has a kernel for, and those with a fixed dtype in that.

    Inputs that are left out stay ``None``.

    Raises ``TypeError`` for an input that is no operand, or for dtypes that the operator does not compute with;
    ``OverflowError`` for a Python int that the dtype cannot hold.
    """
    operands = [
        None if value is None and parameter in operator.optional else as_operand(operator.__name__, parameter, value)
        for parameter, value in zip(operator.parameters, inputs, strict=True)
    ]
    fixed = operator.fixed
    first = next(k for k, name in enumerate(operator.parameters) if name not in fixed)
    others: list[Any] = []
    for parameter, value in zip(operator.parameters, operands, strict=True):
        if parameter not in fixed:
            others += [] if value is None else [value]
        elif value is not None and not fixed_takes(fixed[parameter], value):
            if isinstance(value, Tensor):
                got, advice = value.dtype.name, "convert with astype"
            else:
                got, advice = errors.type_name(value), "convert with int(x)"
            errors.wrong_fixed_dtype(operator.__name__, parameter, fixed[parameter].name, got, advice)
    dtype = result_type(*others)
    if all(signature[first] != dtype for signature in operator.dtypes):
        if dtype not in operator.casts:
            names = tuple(result_type(value).name for value in others)
            errors.wrong_dtypes(operator, names)
        dtype = operator.casts[dtype]
    if operator._record is None and not all(is_exact(value, dtype) for value in operands):
        if operator.__name__ in COMPARISONS:
            x1, x2, dtype = comparable(operator.__name__, operands[0], operands[1], dtype)
            operands = [x1, x2]
        elif operator.__name__ == "clip" and any(is_beyond(value, dtype) for value in operands):
            operands = clippable(operator.parameters, operands, dtype)

    def converted(parameter: str, value: Any, dtype: DType) -> Any:
        if value is None or isinstance(value, Tensor):
            return value if value is None else astype(value, dtype, copy=False)
        return _native.full((), value, dtype, operator.__name__, parameter)

    return tuple(
        [
            converted(parameter, value, fixed.get(parameter, dtype))
            for parameter, value in zip(operator.parameters, operands, strict=True)
        ]
    )


def fixed_takes(dtype: DType, value: Tensor | float) -> bool:
    """Whether an input with a dtype of its own accepts a value: a number of its kind, or a tensor that can be cast.

    Bool accepts the truth value of anything.
    """
    if dtype == bool_dtype:
        return True
    if isinstance(value, Tensor):
        return can_cast(value.dtype, dtype)
    # whether an integer fits is checked when it is converted
    return isinstance(value, int) or dtype.kind == "complex" or (dtype.kind == "float" and isinstance(value, float))


#: Operators that, as ``clip``, have an answer for any Python int, whatever a dtype holds; and what each is with its
#: inputs exchanged.
COMPARISONS = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
    "equal": "equal",
    "not_equal": "not_equal",
}


def bounds(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest number of a dtype, of floats the finite ones."""
    if dtype.kind not in ("float", "complex"):
        return FACTS[dtype.name].bounds
    digits, most = (24, 128) if parts(dtype.name) == "float32" else (53, 1024)
    largest = 2**most - 2 ** (most - digits)
    return -largest, largest


def is_beyond(value: Any, dtype: DType) -> bool:
    """Whether a value is a Python int that lies outside of the numbers of a dtype."""
    if not isinstance(value, int) or dtype == bool_dtype:
        return False
    least, most = bounds(dtype)
    return not least <= value <= most


def is_exact(value: Any, dtype: DType) -> bool:
    """Whether a value goes into a comparison in a dtype as it is: it is no Python int that glue leaves to Python."""
    least, most = (-(2**63), 2**63 - 1) if dtype.kind in ("float", "complex") else bounds(dtype)
    return not isinstance(value, int) or least <= value <= most


def comparable(name: str, x1: Any, x2: Any, dtype: DType) -> tuple[Any, Any, DType]:
    """The operands of a comparison, one a Python int beyond the dtype, as others that compare alike; their dtype.

    An int that no element can equal has a neighbour in the dtype that answers for it: every float below
    ``2**70 + 1`` is below the next larger float as well.
    """
    if isinstance(x1, int) and isinstance(x2, int):
        return float((x1 > x2) - (x1 < x2)), 0.0, float64
    if dtype.kind not in ("float", "complex"):
        # infinities stand for what is beyond every integer
        ends = [value if is_exact(value, dtype) else float("inf") * ((value > 0) - (value < 0)) for value in (x1, x2)]
        return ends[0], ends[1], float64

    def stand_in(value: Any, comparison: str) -> Any:
        """For the second input of a comparison."""
        if is_exact(value, dtype):
            return value
        below, above = neighbours(value, dtype)
        if below == above:
            return below
        if comparison in ("equal", "not_equal"):
            return float("nan")
        return above if comparison in ("less", "greater_equal") else below

    return stand_in(x1, COMPARISONS[name]), stand_in(x2, name), dtype


def neighbours(value: int, dtype: DType) -> tuple[float, float]:
    """The nearest floats of a dtype that are at most, and at least, a Python int; infinities where there is none."""
    from struct import error, pack, unpack

    code, bits = ("<f", "<i") if parts(dtype.name) == "float32" else ("<d", "<q")
    size = abs(value)
    try:
        (nearest,) = unpack(code, pack(code, size))
    except (OverflowError, error):
        nearest = float("inf")
    (place,) = unpack(bits, pack(code, nearest))
    if nearest == size:
        low = high = nearest
    else:
        # of positive floats the next one has the next larger integer for its bits
        low, high = [unpack(code, pack(bits, place + k))[0] for k in ((-1, 0) if nearest > size else (0, 1))]
    return (low, high) if value > 0 else (-high, -low)


def clippable(parameters: tuple[str, ...], operands: list[Any], dtype: DType) -> list[Any]:
    """The operands of ``clip``, some of them Python ints beyond a dtype, as others that it makes the same of.

    Such an int becomes the nearest number of the dtype, a float the infinity that it rounds to. Of integers, as in
    NumPy, ``OverflowError`` is raised where it bounds the result from the other side, whatever the other bound is.
    """
    x, low, high = operands
    infinity = float("inf")
    least, most = (-infinity, infinity) if dtype.kind == "float" else bounds(dtype)

    def above(value: Any) -> bool:
        return is_beyond(value, dtype) and value > 0

    def below(value: Any) -> bool:
        return is_beyond(value, dtype) and value < 0

    no_high, no_low = high is None or above(high), low is None or below(low)
    beyond = (no_low and below(x)) or (no_high and above(x)), above(low), below(high)
    for parameter, value, is_beyond_bound in zip(parameters, operands, beyond, strict=True):
        if is_beyond_bound and dtype.kind == "integer":
            errors.cannot_fit("clip", parameter, dtype.name, value)
    return [most if above(value) else least if below(value) else value for value in operands]


def record_of(operator: Operator) -> Record:
    """The declaration of an operator."""
    from aotops import ops

    return operator._record or ops.collect()[operator.__name__]


def documentation(operator: Operator) -> str | None:
    """The docstring of an operator, from its record; None if its function has none."""
    return record_of(operator).doc or None


def scalar(operator: Operator) -> Callable[..., Any]:
    """The scalar function of an operator, as it was declared; of aotops' own, the one for float64 if there is one."""
    record = record_of(operator)
    function: Callable[..., Any] = record.scalar_for("float64") if operator._record is None else record.scalar
    return function


def signature(operator: Operator) -> inspect.Signature:
    """The signature of an operator, for ``help`` and editors."""
    import inspect

    record = record_of(operator)
    keywords: dict[str, Any] = {"out": None}
    if operator.kind in AXIS_KINDS:
        dtype = {"dtype": None} if record.takes_dtype else {}
        flag = {record.flag: False} if record.flag else {}
        keywords = {**flag, **dtype, **keywords}
    if record.takes_where:
        keywords |= {"where": True} if operator.kind not in AXIS_KINDS else {"initial": None, "where": True}
    kind = inspect.Parameter.POSITIONAL_ONLY if operator.kind in AXIS_KINDS else inspect.Parameter.POSITIONAL_OR_KEYWORD
    positional = [
        # inputs of a derivative that may be None stand before others: Python has no default for them
        inspect.Parameter(
            name,
            kind,
            default=None if set(operator.parameters[k:]) <= set(operator.optional) else inspect.Parameter.empty,
        )
        for k, name in enumerate(operator.parameters)
    ]
    if operator.kind in AXIS_KINDS:
        positional.append(inspect.Parameter("axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None))
    keyword_only = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default) for name, default in keywords.items()
    ]
    return inspect.Signature([*positional, *keyword_only])
