"""What a student's function may turn out to be: formulas, each with the call of aotops that computes it.

Students write the same operator in many ways, which differ at zeros, ties and NaN, or by a small constant: ``log(x)``
and ``log(x + 1e-6)``, ``x if x > 0 else 0`` and ``max(x, 0)``. Each way is a form of its own here, so that a student's
function is computed as it is written. ``aotops.minitorch.recognise`` decides by trying.
"""

from __future__ import annotations

from math import inf

import aotops as ao
from aotops import _native

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotops.tensors import Tensor

    Run = Callable[..., Any]
    Make = Callable[[float], Run]


class Form:
    """A formula and what computes it.

    Attributes:
        formula: as a student would write it; ``c`` is a constant of the student's function.
        run: what computes it, a function of tensors that takes ``out=``; None if there is a ``c``.
        make: if there is a ``c``, the function of it that returns what computes the formula.
        ulps: by how many ULP results may differ where a student's function is recognised: 0 for formulas that round
            once, and a few where the steps of a formula may be taken in different ways.
        step: of a reduction, the zip that combines two elements.
        identity: of a reduction, what ``run`` begins with.
        selects: the reduction returns one of the elements. The sign of a zero among equal ones is left open then, and
            NaN, which a comparison may pass over, is left to the student's function.
    """

    __slots__ = ("formula", "identity", "make", "run", "selects", "step", "ulps")

    def __init__(
        self,
        formula: str,
        run: Run | None = None,
        ulps: int = 0,
        *,
        make: Make | None = None,
        step: Run | None = None,
        identity: float = 0.0,
        selects: bool = False,
    ) -> None:
        self.formula, self.run, self.make, self.ulps = formula, run, make, ulps
        self.step, self.identity, self.selects = step, identity, selects


# --- what computes formulas that are no single operator ---------------------------------------------------------------


def compared(operator: Any) -> Run:
    """A comparison, whose result is 1.0 or 0.0 in the dtype of the inputs."""

    def run(x: Tensor, y: Tensor, out: Tensor | None = None) -> Any:
        if out is None:
            shape = x.shape if x.shape == y.shape else ao.broadcast_shapes(x.shape, y.shape)
            out = _native.empty(shape, x.dtype if x.dtype == y.dtype else ao.result_type(x, y))
        return operator(x, y, out=out)

    return run


def near(operator: Any) -> Make:
    """Whether two values are less than a constant apart."""

    def make(c: float) -> Run:
        def run(x: Tensor, y: Tensor, out: Tensor | None = None) -> Any:
            apart = ao.subtract(x, y)
            ao.abs(apart, out=apart)
            return operator(apart, c, out=apart if out is None else out)

        return run

    return make


def shifted(run: Run) -> Make:
    """The same function of ``x + c``, where ``x`` is the first input."""
    return lambda c: lambda x, *others, out=None: run(ao.add(x, c), *others, out=out)


def with_constant(operator: Any) -> Make:
    """An operator of the input and a constant."""
    return lambda c: lambda x, out=None: operator(x, c, out=out)


def from_constant(operator: Any) -> Make:
    """An operator of a constant and the input."""
    return lambda c: lambda x, out=None: operator(c, x, out=out)


def chosen(operator: Any, if_true: bool) -> Run:
    """The last input where a comparison of the first one with 0 is true, or false, else 0."""

    def run(x: Tensor, *others: Tensor, out: Tensor | None = None) -> Any:
        value = others[0] if others else x
        values = (value, 0.0) if if_true else (0.0, value)
        return ao.where(operator(x, 0.0), *values, out=out)

    return run


def masked(operator: Any) -> Run:
    """The last input times whether a comparison of the first one with 0 is true: 0 has the sign of the former."""
    return lambda x, *others, out=None: ao.multiply(others[0] if others else x, operator(x, 0.0), out=out)


def preferred(operator: Any) -> Run:
    """The first input where its comparison with the second one is true, else the second one, also beside NaN."""
    return lambda x, y, out=None: ao.where(operator(x, y), x, y, out=out)


def replaced(operator: Any) -> Run:
    """The second input where its comparison with the first one is true, else the first one: Python's min and max."""
    return lambda x, y, out=None: ao.where(operator(y, x), y, x, out=out)


def inverse_slope_quotient(x: Tensor, d: Tensor, out: Tensor | None = None) -> Any:
    """``-d / (x * x)``."""
    return ao.divide(ao.negative(d), ao.multiply(x, x), out=out)


def inverse_slope_quotients(x: Tensor, d: Tensor, out: Tensor | None = None) -> Any:
    """``-d / x / x``."""
    return ao.divide(ao.divide(ao.negative(d), x), x, out=out)


def inverse_slope_product(x: Tensor, d: Tensor, out: Tensor | None = None) -> Any:
    """``d * -(1 / (x * x))``."""
    return ao.multiply(d, ao.negative(ao.reciprocal(ao.multiply(x, x))), out=out)


def inverse_slope_squared(x: Tensor, d: Tensor, out: Tensor | None = None) -> Any:
    """``-d * (1 / x) ** 2``."""
    inverse = ao.reciprocal(x)
    return ao.multiply(ao.negative(d), ao.multiply(inverse, inverse), out=out)


def sigmoid_slope(x: Tensor, d: Tensor, out: Tensor | None = None) -> Any:
    """``d * sigmoid(x) * (1 - sigmoid(x))``."""
    s = ao.sigmoid(x)
    return ao.multiply(ao.multiply(d, s), ao.subtract(1.0, s), out=out)


# --- tables -----------------------------------------------------------------------------------------------------------


def and_shifted(formula: str, run: Run, ulps: int) -> tuple[Form, Form]:
    """A form of ``x``, and the same one of ``x + c``."""
    return Form(formula, run, ulps), Form(formula.replace("x", "(x + c)"), make=shifted(run), ulps=ulps)


#: By how many ULP ``math.e ** x`` differs from ``exp(x)`` at most: the error of ``math.e`` counts ``x`` times.
POWERS_OF_E = 1024

#: By the names that the course gives to functions of one number.
MAPS: dict[str, tuple[Form, ...]] = {
    "neg": (Form("-x", ao.negative), Form("0 - x", lambda x, out=None: ao.subtract(0.0, x, out=out))),
    "id": (Form("x", ao.positive),),
    "sigmoid": (Form("sigmoid(x)", ao.sigmoid, POWERS_OF_E),),
    "relu": (
        Form("x if x > 0 else 0", chosen(ao.greater, True)),
        Form("x if x >= 0 else 0", chosen(ao.greater_equal, True)),
        Form("0 if x < 0 else x", chosen(ao.less, False)),
        Form("0 if x <= 0 else x", ao.relu),
        Form("x * (x > 0)", masked(ao.greater)),
    ),
    "log": (
        *and_shifted("log(x)", ao.log, 2),
        Form("log(max(x, c))", make=lambda c: lambda x, out=None: ao.log(ao.maximum(x, c), out=out), ulps=2),
    ),
    "exp": (Form("exp(x)", ao.exp, POWERS_OF_E),),
    "inv": and_shifted("1 / x", ao.reciprocal, 1),
    # what functions return that are given a constant
    "mul": (Form("x * c", make=with_constant(ao.multiply)), Form("x / c", make=with_constant(ao.divide))),
    "add": (
        Form("x + c", make=with_constant(ao.add)),
        Form("x - c", make=with_constant(ao.subtract)),
        Form("c - x", make=from_constant(ao.subtract)),
    ),
    "pow": (Form("x ** c", make=with_constant(ao.pow), ulps=1), Form("c / x", make=from_constant(ao.divide))),
}

#: By the names that the course gives to functions of two numbers.
ZIPS: dict[str, tuple[Form, ...]] = {
    "add": (Form("x + y", ao.add),),
    "mul": (Form("x * y", ao.multiply),),
    "sub": (Form("x - y", ao.subtract),),
    "div": (Form("x / y", ao.divide),),
    "lt": (Form("x < y", compared(ao.less)),),
    "gt": (Form("x > y", compared(ao.greater)),),
    "eq": (Form("x == y", compared(ao.equal)),),
    "le": (Form("x <= y", compared(ao.less_equal)),),
    "ge": (Form("x >= y", compared(ao.greater_equal)),),
    "ne": (Form("x != y", compared(ao.not_equal)),),
    "is_close": (Form("abs(x - y) < c", make=near(ao.less)), Form("abs(x - y) <= c", make=near(ao.less_equal))),
    "max": (
        Form("x if x > y else y", preferred(ao.greater)),
        Form("x if x >= y else y", preferred(ao.greater_equal)),
        Form("max(x, y)", replaced(ao.greater)),
        Form("y if y >= x else x", replaced(ao.greater_equal)),
    ),
    "min": (
        Form("x if x < y else y", preferred(ao.less)),
        Form("x if x <= y else y", preferred(ao.less_equal)),
        Form("min(x, y)", replaced(ao.less)),
        Form("y if y <= x else x", replaced(ao.less_equal)),
    ),
    "relu_back": (
        Form("d if x > 0 else 0", chosen(ao.greater, True)),
        Form("d if x >= 0 else 0", chosen(ao.greater_equal, True)),
        Form("0 if x < 0 else d", chosen(ao.less, False)),
        Form("0 if x <= 0 else d", chosen(ao.less_equal, False)),
        Form("d * (x > 0)", masked(ao.greater)),
        Form("d * (x >= 0)", masked(ao.greater_equal)),
    ),
    "log_back": (
        *and_shifted("d / x", lambda x, d, out=None: ao.divide(d, x, out=out), 1),
        *and_shifted("d * (1 / x)", lambda x, d, out=None: ao.multiply(d, ao.reciprocal(x), out=out), 2),
    ),
    "inv_back": (
        *and_shifted("-d / (x * x)", inverse_slope_quotient, 4),
        *and_shifted("-d / x / x", inverse_slope_quotients, 4),
        *and_shifted("d * -(1 / (x * x))", inverse_slope_product, 4),
        *and_shifted("-d * (1 / x) ** 2", inverse_slope_squared, 4),
    ),
    "exp_back": (Form("d * exp(x)", lambda x, d, out=None: ao.multiply(d, ao.exp(x), out=out), 3),),
    "sigmoid_back": (Form("d * sigmoid(x) * (1 - sigmoid(x))", sigmoid_slope, 16),),
}

#: By the names that the course gives to functions that combine two numbers.
REDUCTIONS: dict[str, tuple[Form, ...]] = {
    "add": (Form("a + b", ao.sum, step=ao.add, identity=0.0),),
    "mul": (Form("a * b", ao.prod, step=ao.multiply, identity=1.0),),
    "max": (Form("max(a, b)", ao.max, step=ao.maximum, identity=-inf, selects=True),),
    "min": (Form("min(a, b)", ao.min, step=ao.minimum, identity=inf, selects=True),),
}

TABLES = {"map": MAPS, "zip": ZIPS, "reduce": REDUCTIONS}
