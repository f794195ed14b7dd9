"""Gradients of operators of complex numbers: those of the real and the imaginary part, as one complex number.

The gradient of a real loss by ``z = x + i y`` is ``dL/dx + i dL/dy``, PyTorch's convention: a step against it descends.
Behind a function with a complex derivative it is the gradient by the result times the conjugate of the derivative.
"""

from __future__ import annotations

import math

from aotops import _native
from aotops.autograd import rules, rules_neural
from aotops.autograd.formulas import parameters_read
from aotops.autograd.rules import joined, parted

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops._native import Operator
    from aotops.autograd.rules import Ruled
    from aotops.tensors import Tensor
else:
    from aotops._native import TensorBase as Tensor  # C alone knows the class over it, and makes all tensors

_equal = _native.operators["equal"]
_log = _native.operators["log"]
_real = _native.operators["real"]
_sqrt = _native.operators["sqrt"]
_where = _native.operators["where"]
_conj, _abs, _cos, _cosh, _sin, _sinh = (
    _native.operators[name] for name in ("conj", "abs", "cos", "cosh", "sin", "sinh")
)


def real_part(gradient: Tensor) -> Tensor:
    """The gradient by real numbers, from that by the same as complex ones. C calls this."""
    part: Tensor = _real(gradient)
    return part


def conj(value: Any) -> Any:
    """The conjugate of a number or a tensor."""
    return _conj(value) if isinstance(value, Tensor) else value.conjugate()


def power_by_base(x: Any, n: Any) -> Any:
    """The derivative of a power by its base, 0 for an exponent of 0."""
    return _where(_equal(n, 0.0), 0.0, n * x ** (n - 1))


def power_by_exponent(x: Any, n: Any, y: Any) -> Any:
    """The derivative of a power by its exponent, 0 for a base of 0."""
    return _where(_equal(x, 0.0), 0.0, y * _log(x + 0j))


def direction(x: Any, y: Any) -> Any:
    """``x / abs(x)``, and 0 at 0."""
    return _where(_equal(y, 0.0), 0.0, x / y)


def across(gradient: Any, y: Any, x: Any) -> Any:
    """The part of a gradient across a direction ``y``, which moves with ``x`` that way alone, over ``abs(x)``."""
    aside = 1j * y
    return _where(_equal(gradient, 0.0) | _equal(x, 0.0), 0.0, aside * _real(conj(aside) * gradient) / _abs(x))


#: Complex derivatives of the operators that have one, by the only input; which of ``x`` and ``y`` they read is kept.
DERIVATIVES: dict[str, Callable[[Any, Any], Any]] = {
    "acos": lambda x, y: -1.0 / (_sqrt(1.0 - x) * _sqrt(1.0 + x)),
    "acosh": lambda x, y: 1.0 / (_sqrt(x - 1.0) * _sqrt(x + 1.0)),
    "asin": lambda x, y: 1.0 / (_sqrt(1.0 - x) * _sqrt(1.0 + x)),
    "asinh": lambda x, y: 1.0 / (_sqrt(1.0 - 1j * x) * _sqrt(1.0 + 1j * x)),
    "atan": lambda x, y: 1.0 / ((1.0 - 1j * x) * (1.0 + 1j * x)),
    "atanh": lambda x, y: 1.0 / ((1.0 - x) * (1.0 + x)),
    "cos": lambda x, y: -_sin(x),
    "cosh": lambda x, y: _sinh(x),
    "exp": lambda x, y: y,
    "expm1": lambda x, y: y + 1.0,
    "log": lambda x, y: 1.0 / x,
    "log10": lambda x, y: 1.0 / (x * math.log(10.0)),
    "log1p": lambda x, y: 1.0 / (x + 1.0),
    "log2": lambda x, y: 1.0 / (x * math.log(2.0)),
    "reciprocal": lambda x, y: -y * y,
    "sin": lambda x, y: _cos(x),
    "sinh": lambda x, y: _cosh(x),
    "sqrt": lambda x, y: 0.5 / y,
    "square": lambda x, y: 2.0 * x,
    "tan": lambda x, y: 1.0 + y * y,
    "tanh": lambda x, y: 1.0 - y * y,
}

#: Of the others, the gradients by the inputs from those, the result and the gradient.
GRADIENTS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "abs": lambda x, y, g: (g * direction(x, y),),
    "add": lambda x1, x2, y, g: (g, g),
    "conj": lambda x, y, g: (conj(g),),
    "divide": lambda x1, x2, y, g: (quotient(g, x2), quotient(chained(g, -y), x2)),
    "imag": lambda x, y, g: (g * 1j,),
    "multiply": lambda x1, x2, y, g: (chained(g, x2), chained(g, x1)),
    "negative": lambda x, y, g: (-g,),
    "positive": lambda x, y, g: (g,),
    "pow": lambda x1, x2, y, g: (chained(g, power_by_base(x1, x2)), chained(g, power_by_exponent(x1, x2, y))),
    "real": lambda x, y, g: (g,),
    "sign": lambda x, y, g: (across(g, y, x),),
    "subtract": lambda x1, x2, y, g: (g, -g),
    "where": lambda condition, x1, x2, y, g: (None, _where(condition, g, 0.0), _where(condition, 0.0, g)),
}

#: Functions whose rules hold for complex numbers as they do for real ones: they are linear, or see to it themselves.
LINEAR = frozenset(
    {
        *("broadcast_arrays", "broadcast_to", "expand_dims", "flip", "moveaxis", "permute_dims", "Tensor.permute"),
        *("reshape", "Tensor.reshape", "Tensor.view", "squeeze", "unstack", "Tensor.astype"),
        *(
            "sum",
            "mean",
            "cumulative_prod",
            "cumulative_sum",
            "concat",
            "diff",
            "meshgrid",
            "repeat",
            "roll",
            "stack",
            "tile",
            "tril",
            "triu",
        ),
        *("select", "embedding", "take", "take_along_axis", "einsum", "matmul", "tensordot", "vecdot"),
        *("full", "full_like", "from_flat", "asarray", "linspace", "logspace", "matrix_transpose"),
        *("nansum", "prod", "round"),
    }
)


def chained(gradient: Tensor, derivative: Any) -> Tensor:
    """The gradient times the conjugate of a derivative, and 0 where the gradient is 0."""
    product: Tensor = _where(_equal(gradient, 0.0), 0.0, gradient * conj(derivative))
    return product


def chained_by_kind(gradient: Tensor, slope: Tensor) -> Tensor:
    """The gradient times a slope, real or complex, and 0 where the gradient is 0."""
    return chained(gradient, slope) if slope.dtype.kind == "complex" else rules.chained(gradient, slope)


def quotient(gradient: Tensor, divisor: Any) -> Tensor:
    """The gradient over the conjugate of a divisor, and 0 where the gradient is 0."""
    result: Tensor = _where(_equal(gradient, 0.0), 0.0, gradient / conj(divisor))
    return result


def rule_of(operator: Operator) -> Any:
    """The rule of an operator of complex numbers; None if it has none."""
    name = operator.__name__
    if name in DERIVATIVES:
        return lambda x, /, **options: unary(operator, DERIVATIVES[name], x, options)
    if name in GRADIENTS:
        return lambda *args, **options: several(operator, GRADIENTS[name], args, options)
    return None


def norm(x: Tensor, axis: Any = None, **options: Any) -> Ruled:
    """The rule of the norm of absolute values, behind that of these."""
    size = _abs(x)
    result, _, saved, pull_size = rules_neural.norm(size, axis, **options)

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        x, size, *rest = saved
        (by_size,) = pull_size(gradient, tuple(rest))
        return (None if by_size is None else by_size * direction(x, size),)

    return result, (x,), (x, size, *saved), pull


def unary(operator: Operator, derivative: Callable[[Any, Any], Any], x: Tensor, options: dict[str, Any]) -> Ruled:
    """The gradient times the conjugate of the derivative."""
    result = operator(x, **options)
    reads_result = not parameters_read(derivative) & 1

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        (read,) = saved
        return (chained(gradient, derivative(None, read) if reads_result else derivative(read, None)),)

    return result, (x,), (result if reads_result else x,), pull


def several(
    operator: Operator, gradients: Callable[..., tuple[Any, ...]], args: tuple[Any, ...], options: dict[str, Any]
) -> Ruled:
    """What a formula makes of the inputs, of which it keeps those that it reads."""
    names = operator.parameters[len(args) :]
    inputs = (*args, *[options.pop(name) for name in names])
    result = operator(*inputs, **options)
    mask = parameters_read(gradients)
    values = [value if mask >> k & 1 else None for k, value in enumerate((*inputs, result))]
    saved, others = parted(tuple(values))
    tensors = [k for k, each in enumerate(inputs) if isinstance(each, Tensor)]

    def pull(gradient: Tensor, saved: tuple[Tensor, ...]) -> tuple[Any, ...]:
        found = gradients(*joined(saved, others), gradient)
        return tuple([found[k] for k in tensors])

    return result, tuple([inputs[k] for k in tensors]), saved, pull
