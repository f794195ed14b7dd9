"""Filling parameters with numbers to start from: names and meanings are PyTorch's, and each takes a ``generator``."""

from __future__ import annotations

from math import prod, sqrt

from aotops import _native, errors
from aotops.nn.functional import drawing
from aotops.tensors import Tensor

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.random import Generator

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
]

#: How much larger numbers must be in front of a function to have the same size behind it.
GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2), "leaky_relu": sqrt(2)}


def filled(name: str, tensor: Any, values: Any) -> Tensor:
    """A tensor of floats whose elements are replaced; nothing is recorded."""
    _native.alias(as_floats(name, tensor))[...] = values
    own: Tensor = tensor
    return own


def as_floats(name: str, tensor: Any) -> Tensor:
    """A tensor of floats to be filled, which is no result of a recorded call."""
    if not isinstance(tensor, Tensor):
        errors.wrong_type(name, "tensor", "a Tensor", tensor)
    if tensor.dtype.kind != "float":
        errors.wrong_dtype(name, "tensor", ("float32", "float64"), tensor.dtype.name)
    if not tensor.is_leaf:
        errors.reject(TypeError, name, "tensor", "be a parameter", "the result of a recorded call")
    return tensor


def fans(name: str, tensor: Any) -> tuple[int, int]:
    """The number of inputs of each output of a layer with this weight, and of outputs of each input."""
    shape = as_floats(name, tensor).shape
    if len(shape) < 2:
        errors.reject(ValueError, name, "tensor", "have two axes or more, outputs and inputs", f"shape {shape}")
    others = prod(shape[2:])
    return shape[1] * others, shape[0] * others


def real(name: str, argument: str, value: Any) -> float:
    """A real number."""
    if not _native.is_number(value) or isinstance(value, complex):
        errors.wrong_type(name, argument, "a number", value)
    return float(value)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return by how much the deviation of parameters in front of a function must exceed ``1 / sqrt(inputs)``.

    Parameters:
        nonlinearity: ``linear``, ``sigmoid``, ``tanh``, ``relu`` or ``leaky_relu``.
        param: The slope of ``leaky_relu`` below 0; None is 0.01.

    Raises:
        ValueError: It is none of these.

    Example:
        >>> import aotops as ao
        >>> ao.nn.init.calculate_gain("tanh")
        1.6666666666666667
    """
    if not isinstance(nonlinearity, str) or nonlinearity not in GAINS:
        errors.wrong_value("calculate_gain", "nonlinearity", f"one of {', '.join(GAINS)}", nonlinearity)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else real("calculate_gain", "param", param)
        return sqrt(2 / (1 + slope * slope))
    return GAINS[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a tensor with numbers that are uniformly distributed from ``a`` to below ``b``, and return it.

    Raises:
        TypeError: It is no tensor of floats, or the result of a recorded call.

    Example:
        >>> import aotops as ao
        >>> bool((ao.nn.init.uniform_(ao.zeros(100), 1.0, 2.0) >= 1.0).all())
        True
    """
    own = as_floats("uniform_", tensor)
    low, high = real("uniform_", "a", a), real("uniform_", "b", b)
    return filled("uniform_", tensor, drawing("uniform_", generator).uniform(low, high, own.shape, dtype=own.dtype))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a tensor with normally distributed numbers, and return it.

    Raises:
        TypeError: It is no tensor of floats, or the result of a recorded call.

    Example:
        >>> import aotops as ao
        >>> layer = ao.nn.Linear(3, 2)
        >>> ao.nn.init.normal_(layer.weight, std=0.02, generator=ao.random.Generator(7)) is layer.weight
        True
    """
    own = as_floats("normal_", tensor)
    middle, deviation = real("normal_", "mean", mean), real("normal_", "std", std)
    numbers = drawing("normal_", generator).normal(middle, deviation, own.shape, dtype=own.dtype)
    return filled("normal_", tensor, numbers)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill a tensor with one number, and return it.

    Raises:
        TypeError: It is no tensor of floats, or the result of a recorded call.

    Example:
        >>> import aotops as ao
        >>> ao.nn.init.constant_(ao.zeros(2), 0.5)
        tensor([0.5, 0.5])
    """
    return filled("constant_", tensor, real("constant_", "val", val))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight with uniform numbers of the deviation ``gain * sqrt(2 / (inputs + outputs))`` (Glorot and Bengio).

    The first axis is that of the outputs, the second that of the inputs; further ones count as several of both.

    Raises:
        TypeError: It is no tensor of floats, or the result of a recorded call.
        ValueError: It has less than two axes.

    Example:
        >>> import aotops as ao
        >>> bool(ao.max(ao.abs(ao.nn.init.xavier_uniform_(ao.zeros((2, 4))))) < 1.0)
        True
    """
    deviation = real("xavier_uniform_", "gain", gain) * sqrt(2 / max(sum(fans("xavier_uniform_", tensor)), 1))
    return uniform_(tensor, -sqrt(3) * deviation, sqrt(3) * deviation, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """As ``xavier_uniform_``, with normally distributed numbers.

    Raises:
        TypeError, ValueError: As of ``xavier_uniform_``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.init.xavier_normal_(ao.zeros((2, 4))).shape
        (2, 4)
    """
    deviation = real("xavier_normal_", "gain", gain) * sqrt(2 / max(sum(fans("xavier_normal_", tensor)), 1))
    return normal_(tensor, 0.0, deviation, generator)


def kaiming_deviation(name: str, tensor: Any, a: Any, mode: Any, nonlinearity: Any) -> float:
    """The deviation that keeps the size of numbers, or of gradients."""
    inputs, outputs = fans(name, tensor)
    if mode not in ("fan_in", "fan_out"):
        errors.wrong_value(name, "mode", "fan_in or fan_out", mode)
    return calculate_gain(nonlinearity, real(name, "a", a)) / sqrt(max(inputs if mode == "fan_in" else outputs, 1))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill a weight in front of a ReLU with uniform numbers of the deviation ``sqrt(2 / inputs)`` (He et al.).

    Parameters:
        tensor: The weight, whose axes are as for ``xavier_uniform_``.
        a: The slope of ``leaky_relu`` below 0.
        mode: ``fan_in`` keeps the size of numbers on their way, ``fan_out`` that of gradients on their way back.
        nonlinearity: What comes behind it, as for ``calculate_gain``.
        generator: What numbers are drawn from; by default the generator of ``aotops.random``.

    Raises:
        TypeError: It is no tensor of floats, or the result of a recorded call.
        ValueError: It has less than two axes; ``mode`` or ``nonlinearity`` is none of those above.

    Example:
        >>> import aotops as ao
        >>> bool(ao.max(ao.abs(ao.nn.init.kaiming_uniform_(ao.zeros((2, 24))))) < 0.5)
        True
    """
    deviation = kaiming_deviation("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -sqrt(3) * deviation, sqrt(3) * deviation, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """As ``kaiming_uniform_``, with normally distributed numbers.

    Raises:
        TypeError, ValueError: As of ``kaiming_uniform_``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.init.kaiming_normal_(ao.zeros((2, 4)), nonlinearity="relu").shape
        (2, 4)
    """
    return normal_(tensor, 0.0, kaiming_deviation("kaiming_normal_", tensor, a, mode, nonlinearity), generator)
