"""Checking derivatives against finite differences: ``grad_check``, and the checks of the build."""

from __future__ import annotations

import math

from aotops import _native, errors
from aotops._native import Operator
from aotops.abi import AXIS_KINDS, named, parts
from aotops.autograd.calls import holds_complex
from aotops.namespace.creation import asarray, tensor, zeros
from aotops.operator import record_of
from aotops.tensors import Tensor, astype

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random
    from typing import Any

    from aotops.ops.record import Record

    Columns = list[list[Any]]

_imag, _real = _native.operators["imag"], _native.operators["real"]

#: Incoming gradients, used in rotation: with 1 alone a derivative that forgets to multiply by them would pass.
INCOMING = (2.0, -0.5, 1.0)
#: Steps beside the best one for smooth functions, the cube root of the precision: steep functions need shorter ones. A
#: derivative is wrong if it is at all of them.
SCALES = {"float64": (1.0, 1e-2, 1e-4), "float32": (1.0, 0.25)}
PRECISION = {"float64": 2.0**-52, "float32": 2.0**-23}
FLOATS, COMPLEX = named("real"), named("complex")
#: Samples of each input where none are given.
SAMPLES = 64


class Fault:
    """Where a derivative is wrong: the sample, the input, the incoming gradient, the result, and the right result."""

    __slots__ = ("got", "incoming", "inputs", "parameter", "sample", "wanted")

    def __init__(
        self, sample: int, parameter: str, inputs: dict[str, Any], incoming: float, got: float, wanted: float
    ) -> None:
        self.sample, self.parameter, self.inputs = sample, parameter, inputs
        self.incoming, self.got, self.wanted = incoming, got, wanted

    def __str__(self) -> str:
        place = ", ".join(f"{name} = {value!r}" for name, value in self.inputs.items())
        message = (
            f"the gradient by {self.parameter} at {place}, with an incoming gradient of {self.incoming}, is "
            f"{self.got!r}, where finite differences give {self.wanted:.9g}"
        )
        if self.wanted and math.isfinite(self.got):
            message += f": {self.got / self.wanted:.4g} times as much"
            if abs(self.got * self.incoming / self.wanted - 1) < 1e-3 and self.incoming != 1:
                message += "; it must be multiplied by the incoming gradient"
            if self.parameter.endswith(".imag") and abs(self.got / self.wanted + 1) < 1e-3:
                message += "; the gradient by the result must be taken times the conjugate of the slope"
        return message


def grad_check(
    f: Callable[..., Any], *inputs: Any, rtol: float = 1e-3, atol: float = 1e-5, raise_exception: bool = True
) -> bool:
    """Check the derivative of an operator, or the gradients of any function, against finite differences.

    Central differences are taken element by element in float64 (in float32 if an operator has nothing else), with
    several steps. Points where they tell nothing are skipped: kinks and jumps, NaN and infinities, and the edge of a
    domain.

    Parameters:
        f: A map or zip with a derivative, built-in or user-defined, which is checked by floats, and by complex numbers
            if it is declared for these; or a function of tensors that returns a tensor of
            floats or complex numbers, or a tuple of several.
        inputs: Tensors, or what ``aotops.tensor`` takes, one for each input; those of an operator are broadcast
            together. Of a function, gradients by all inputs of floats are checked, in float64, and of complex numbers
            those by the real and the imaginary part, as inputs of their own behind the others. An operator needs none:
            64 samples of several sizes and both signs are taken.
        rtol: How far a gradient may be from the difference, relative to it.
        atol: How far it may be from it besides, for an incoming gradient of 1.
        raise_exception: Whether to raise if they differ; otherwise the result is False.

    Returns:
        Whether they agree.

    Raises:
        GradientError: They differ; the message says where, and gives both.
        TypeError: The operator has no derivative; the function has no input of floats, or returns something else; a
            tolerance is no number.
        ValueError: All samples had to be skipped.

    Example:
        >>> import aotops as ao
        >>> ao.grad_check(ao.tanh)
        True
        >>> ao.grad_check(ao.multiply, ao.tensor([1.0, -2.0]), 3.0)
        True
        >>> ao.grad_check(lambda x, w: ao.tanh(x @ w).mean(0), [[1.0, 2.0], [3.0, 5.0]], [[0.5], [-0.25]])
        True
        >>> ao.grad_check(lambda z: ao.exp(z) * z, [1.0 + 2.0j, -0.5j])
        True
    """
    for argument, value in (("rtol", rtol), ("atol", atol)):
        if not _native.is_number(value) or isinstance(value, complex):
            errors.wrong_type("grad_check", argument, "a number", value)
    operator: Any = f
    if not isinstance(operator, Operator) or operator.kind in AXIS_KINDS or any(map(holds_complex, inputs)):
        return check_function(f, inputs, rtol, atol, raise_exception)
    record = require_derivative(operator)
    gradient = record.gradient
    assert gradient is not None  # as required
    kinds = [[each for each in kind if each in gradient.dtypes] for kind in (FLOATS, COMPLEX)]
    widest = [kind[-1] for kind in kinds if kind]  # float64, and complex128 beside or without it
    checked = 0
    for dtype in widest[:1] if inputs else widest:
        columns, shape = (
            broadcast(operator, record, inputs, dtype) if inputs else (samples(record, SAMPLES, dtype), None)
        )
        count, fault = check_operator(operator, record, dtype, columns, shape, rtol, atol)
        checked += count
        if fault is not None:
            if raise_exception:
                raise errors.GradientError(fault)
            return False
    if not checked:
        wanted = f"have a sample where {operator.__name__} is smooth"
        errors.reject(ValueError, "grad_check", "inputs", wanted, "none", "give others")
    return True


def check_operator(
    operator: Operator,
    record: Record,
    dtype: str,
    columns: Columns,
    shape: tuple[int, ...] | None,
    rtol: float,
    atol: float,
) -> tuple[int, str | None]:
    """The number of gradients of an operator's kernels that could be checked, and what is wrong first."""
    in_parts = InParts(record, dtype)
    dtypes = record.inputs_for(dtype)

    def tensors(columns: Columns) -> list[Tensor]:
        whole = in_parts.joined(columns)
        return [tensor(column, dtype=own) for column, own in zip(whole, dtypes, strict=True)]

    def results(columns: Columns) -> tuple[Tensor, ...]:
        found = operator(*tensors(columns))
        return found if isinstance(found, tuple) else (found,)

    given = [tensor(column, dtype=own).tolist() for column, own in zip(columns, dtypes, strict=True)]
    smooth = smooth_results(record, dtype)
    checked = 0
    for chosen, unit in in_parts.results:

        def evaluate(columns: Columns, chosen: int = chosen, unit: complex = unit) -> list[float]:
            return [part(value, unit) for value in results(columns)[chosen].tolist()]

        def gradients(
            columns: Columns, y: list[float], g: list[float], chosen: int = chosen, unit: complex = unit
        ) -> Columns:
            outputs = results(columns)
            own = [each * unit for each in g]
            incoming = [tensor(own, dtype=outputs[k].dtype) if k == chosen else 0.0 for k in smooth]
            found = operator.derivative(*tensors(columns), *outputs, *incoming)
            return in_parts.split([each.tolist() for each in (found if isinstance(found, tuple) else (found,))])

        count, fault = check(in_parts, evaluate, gradients, in_parts.split_inputs(given), parts(dtype), rtol, atol)
        checked += count
        if fault is not None:
            index = f" (index {place_of(fault.sample, shape)})" if shape else ""
            return checked, f"{operator.__name__}.derivative{in_parts.described(chosen, unit)}: {fault}{index}"
    return checked, None


def check_function(
    function: Callable[..., Any], inputs: Sequence[Any], rtol: float, atol: float, raise_exception: bool
) -> bool:
    """Whether the gradients of a function agree with finite differences, as ``grad_check`` has it."""
    from aotops.autograd.engine import grad
    from aotops.autograd.modes import no_grad

    if not callable(function):
        errors.wrong_type("grad_check", "f", "an Operator or a function", function)
    given = [asarray(each) if not is_plain(each) else tensor(each) for each in inputs]
    if any(map(holds_complex, given)):
        function, given = of_real_parts(function, given)
    given = [astype(_native.alias(each), "float64") if each.dtype.kind == "float" else each for each in given]
    floats = [k for k, each in enumerate(given) if each.dtype.kind == "float"]
    if not floats:
        errors.reject(TypeError, "grad_check", "inputs", "have a tensor of floats among them", "none")
    leaves = [astype(each, each.dtype).requires_grad_() if k in floats else each for k, each in enumerate(given)]
    outputs = outputs_of(function, leaves)
    weights = [astype(tensor(rotated(each.size)), each.dtype).reshape(each.shape) for each in outputs]
    ends = [each for each in outputs if each.requires_grad]
    kept = [weight for each, weight in zip(outputs, weights, strict=True) if each.requires_grad]
    wanted = [leaves[k] for k in floats]
    found: Any = (None,) * len(wanted) if not ends else grad(ends, wanted, kept, allow_unused=True)

    def total(changed: list[Tensor]) -> float:
        with no_grad():
            parts = zip(outputs_of(function, changed), weights, strict=True)
            return math.fsum([float((astype(each, "float64") * weight).sum()) for each, weight in parts])

    base = total(given)
    checked = 0
    for k, gradient in zip(floats, found, strict=True):
        elements = given[k].reshape(-1).tolist()
        got = [0.0] * len(elements) if gradient is None else gradient.reshape(-1).tolist()

        def evaluate(columns: Columns, k: int = k) -> list[float]:
            values: list[float] = []
            for place, value in enumerate(columns[0]):
                moved = astype(given[k], given[k].dtype)
                if not math.isnan(value):
                    moved.reshape(-1)[place] = value
                values.append(math.nan if math.isnan(value) else total([*given[:k], moved, *given[k + 1 :]]))
            return values

        suspects = list(range(len(elements)))
        slopes: dict[int, float] = {}
        for scale in SCALES["float64"]:
            chosen = [[value if place in suspects else math.nan for place, value in enumerate(elements)]]
            differences = finite_differences(evaluate, chosen, 0, [base] * len(elements), "float64", scale, atol)
            wrong: list[int] = []
            for place in suspects:
                slope, error = differences[place]
                if error == math.inf:
                    continue
                checked += 1
                if not abs(got[place] - slope) <= rtol * abs(slope) + atol + error:
                    wrong.append(place)
                    slopes.setdefault(place, slope)
            suspects = wrong
            if not suspects:
                break
        if suspects:
            if not raise_exception:
                return False
            index = place_of(suspects[0], given[k].shape)
            message = (
                f"the gradient by input {k} at index {index} is {got[suspects[0]]!r}, where finite differences give"
            )
            raise errors.GradientError(f"grad_check: {message} {slopes[suspects[0]]:.9g}")
    if not checked:
        errors.reject(
            ValueError, "grad_check", "inputs", "have a sample where the function is smooth", "none", "give others"
        )
    return True


def smooth_results(record: Record, dtype: str) -> list[int]:
    """Which results of an operator gradients arrive at: those of floats and of complex numbers."""
    return [k for k, own in enumerate(record.results_for(dtype)) if own in FLOATS + COMPLEX]


class InParts:
    """An operator as finite differences see it: real functions of real inputs, the parts of complex ones.

    Attributes:
        parameters: The names of the inputs.
        differentiable: Those that gradients are taken by.
        results: For each real function, the number of the result that it is, or is a part of, and 1 or 1j.
    """

    __slots__ = ("_inputs", "_record", "_slopes", "differentiable", "parameters", "results")

    def __init__(self, record: Record, dtype: str) -> None:
        kinds = dict(zip(record.parameters, record.inputs_for(dtype), strict=True))
        own = record.results_for(dtype)
        self._record = record
        self._inputs = [kind in COMPLEX for kind in kinds.values()]
        self._slopes = [kinds[name] in COMPLEX for name in record.differentiable]
        self.parameters = [part for name in record.parameters for part in self._names(name, kinds[name])]
        self.differentiable = [part for name in record.differentiable for part in self._names(name, kinds[name])]
        self.results: list[tuple[int, complex]] = [
            (k, unit) for k in smooth_results(record, dtype) for unit in ((1, 1j) if own[k] in COMPLEX else (1,))
        ]

    @staticmethod
    def _names(name: str, dtype: str) -> tuple[str, ...]:
        return (f"{name}.real", f"{name}.imag") if dtype in COMPLEX else (name,)

    def described(self, chosen: int, unit: complex) -> str:
        """Which of the real functions it is, for a message."""
        is_part = (chosen, 1j) in self.results
        part_name = (" of the imaginary part" if unit == 1j else " of the real part") if is_part else ""
        return part_name + (f" of result {chosen}" if self._record.outputs else "")

    def split_inputs(self, columns: Columns) -> Columns:
        """The columns of inputs, in parts."""
        return in_parts_of(columns, self._inputs)

    def split(self, gradients: Columns) -> Columns:
        """The columns of gradients, in parts."""
        return in_parts_of(gradients, self._slopes)

    def joined(self, columns: Columns) -> Columns:
        """The columns of inputs, from those in parts."""
        rest = iter(columns)
        return [list(map(complex, next(rest), next(rest))) if is_complex else next(rest) for is_complex in self._inputs]


def in_parts_of(columns: Columns, are_complex: list[bool]) -> Columns:
    """Columns of numbers, and of those that are complex one of each part."""
    return [
        [part(value, unit) for value in column] if is_complex else column
        for column, is_complex in zip(columns, are_complex, strict=True)
        for unit in ((1, 1j) if is_complex else (1,))
    ]


def part(value: Any, unit: complex) -> float:
    """The real part of a number, or for ``1j`` the imaginary one."""
    found: float = value.real if unit == 1 else value.imag
    return found


def outputs_of(function: Callable[..., Any], inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """The tensors of floats that a function returns; of complex numbers, both parts."""
    returned = function(*inputs)
    several = tuple(returned) if isinstance(returned, (tuple, list)) else (returned,)
    if not all(isinstance(each, Tensor) and each.dtype.kind in ("float", "complex") for each in several):
        errors.wrong_type("grad_check", "f", "a function that returns a Tensor of floats, or several", returned)
    parts = [(_real(each), _imag(each)) if holds_complex(each) else (each,) for each in several]
    return tuple([part for each in parts for part in each])


def of_real_parts(function: Callable[..., Any], inputs: list[Tensor]) -> tuple[Callable[..., Any], list[Tensor]]:
    """A function of real tensors in place of one of complex numbers, and these: imaginary parts stand at the end."""
    places = [k for k, each in enumerate(inputs) if holds_complex(each)]

    def of_parts(*parts: Any) -> Any:
        whole: list[Any] = list(parts[: len(inputs)])
        for place, imaginary in zip(places, parts[len(inputs) :], strict=True):
            whole[place] = whole[place] + 1j * imaginary
        return function(*whole)

    return of_parts, [_real(each) if holds_complex(each) else each for each in inputs] + [
        _imag(inputs[k]) for k in places
    ]


def rotated(count: int) -> list[float]:
    """As many incoming gradients."""
    return [INCOMING[k % len(INCOMING)] for k in range(count)]


def require_derivative(operator: Any) -> Record:
    """The record of an operator that has a derivative; ``TypeError`` for anything else."""
    if not isinstance(operator, Operator):
        errors.wrong_type("grad_check", "f", "an Operator", operator)
    record = record_of(operator)
    if record.gradient is None:
        advice = "" if operator._record is None else f"declare it with @{operator.__name__}.derivative"
        errors.reject(TypeError, "grad_check", "f", "have a derivative", operator.__name__, advice)
    return record


def broadcast(operator: Operator, record: Record, inputs: Sequence[Any], dtype: str) -> tuple[Columns, tuple[int, ...]]:
    """The elements of some inputs, broadcast together, and their shape."""
    if len(inputs) != record.inputs:
        wanted = f"be {record.inputs}, {', '.join(record.parameters)}, for {operator.__name__}"
        errors.reject(TypeError, "grad_check", "inputs", wanted, len(inputs))
    given = [each if isinstance(each, Tensor) else tensor(each) if is_plain(each) else asarray(each) for each in inputs]
    given = [astype(each, dtype) for each in given]
    total = given[0]
    for each in given[1:]:
        total = total + each
    nothing = zeros(total.shape, dtype=dtype)
    columns = [(each - nothing).reshape((-1,)).tolist() for each in given]
    for k, name in enumerate(record.parameters):
        if name in record.fixed:
            columns[k] = [value != 0 for value in columns[k]]
    return columns, total.shape


def is_plain(value: Any) -> bool:
    """Whether something is a Python number or a list of them, or of lists."""
    return isinstance(value, (int, float, list, tuple))


def place_of(sample: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an element that is counted in row-major order."""
    index: list[int] = []
    for length in reversed(shape):
        index.insert(0, sample % length)
        sample //= length
    return tuple(index)


def samples(record: Record, count: int, dtype: str) -> Columns:
    """Numbers of several sizes and both signs for each input, the same in every run; none of them is round."""
    from random import Random

    columns: Columns = []
    for k, name in enumerate(record.parameters):
        draw = Random(k)
        column: list[Any] = []
        for _ in range(count):
            number = sample(draw)
            if name in record.fixed:
                column.append(number > 0)
            else:
                column.append(complex(number, sample(draw)) if dtype in COMPLEX else number)
        columns.append(column)
    return columns


def sample(draw: Random) -> float:
    """A number of any sign, small, large, or near 1."""
    kind = draw.randrange(4)
    sign = draw.choice((1.0, -1.0))
    if kind == 0:
        return sign * 10 ** draw.uniform(-3, 2)
    return draw.uniform(0, 1) if kind == 1 else draw.uniform(-3, 3)


def check(
    operator: InParts,
    evaluate: Callable[[Columns], list[float]],
    gradients: Callable[[Columns, list[float], list[float]], Columns],
    columns: Columns,
    dtype: str,
    rtol: float = 1e-3,
    atol: float = 1e-5,
) -> tuple[int, Fault | None]:
    """The number of gradients that could be checked, and the first that is wrong, if any."""
    y = evaluate(columns)
    g = [INCOMING[k % len(INCOMING)] for k in range(len(y))]
    results = gradients(columns, y, g)
    checked = 0
    for name, result in zip(operator.differentiable, results, strict=True):
        position = operator.parameters.index(name)
        suspects = [k for k in range(len(y)) if math.isfinite(y[k]) and math.isfinite(columns[position][k])]
        wanted: dict[int, float] = {}
        for scale in SCALES[dtype]:
            chosen = [[column[k] for k in suspects] for column in columns]
            slopes = finite_differences(evaluate, chosen, position, [y[k] for k in suspects], dtype, scale, atol)
            wrong: list[int] = []
            for k, (slope, error) in zip(suspects, slopes, strict=True):
                if error == math.inf:
                    continue  # nothing can be told
                checked += 1
                tolerance = abs(g[k]) * (rtol * abs(slope) + atol + error)
                if not abs(result[k] - g[k] * slope) <= tolerance:
                    wrong.append(k)
                    wanted.setdefault(k, g[k] * slope)
            suspects = wrong
            if not suspects:
                break
        if suspects:
            k = suspects[0]
            inputs = dict(zip(operator.parameters, [column[k] for column in columns], strict=True))
            return checked, Fault(k, name, inputs, g[k], result[k], wanted[k])
    return checked, None


def finite_differences(
    evaluate: Callable[[Columns], list[float]],
    columns: Columns,
    position: int,
    y: list[float],
    dtype: str,
    scale: float,
    atol: float,
) -> list[tuple[float, float]]:
    """The slopes along one input, each with a bound of its error: infinite where it cannot be told.

    Central differences with a step, its half and its quarter must agree to a tenth, and those to the left and to the
    right come closer to each other as the step gets shorter, as they do not at a kink.
    """
    precision = PRECISION[dtype]
    x = columns[position]
    central: list[list[float]] = []
    gaps: list[list[float]] = []
    noise = [0.0] * len(x)
    for part in (1.0, 0.5, 0.25):
        sides: list[tuple[list[float], list[float]]] = []
        for sign in (1.0, -1.0):
            moved = [v + sign * part * scale * precision ** (1 / 3) * (abs(v) or 1.0) for v in x]
            if dtype == "float32":
                moved = tensor(moved, dtype=dtype).tolist()
            sides.append((moved, evaluate([*columns[:position], moved, *columns[position + 1 :]])))
        (right, f_right), (left, f_left) = sides
        central.append([divided(a - b, p - q) for a, b, p, q in zip(f_right, f_left, right, left, strict=True)])
        gaps.append(
            [
                abs(divided(a - f, p - v) - divided(f - b, v - q))
                for a, b, f, p, q, v in zip(f_right, f_left, y, right, left, x, strict=True)
            ]
        )
        noise = [
            max(n, 8 * precision * divided(max(abs(a), abs(b)), p - q))
            for n, a, b, p, q in zip(noise, f_right, f_left, right, left, strict=True)
        ]
    found: list[tuple[float, float]] = []
    for k in range(len(x)):
        slopes = [each[k] for each in central]
        uncertain = noise[k] + atol
        spread = max(slopes) - min(slopes)
        smooth = spread <= 0.1 * max(map(abs, slopes)) + uncertain and gaps[2][k] <= 0.5 * gaps[0][k] + uncertain
        known = all(map(math.isfinite, slopes)) and math.isfinite(noise[k]) and smooth
        found.append((slopes[1], 8 * (spread + noise[k])) if known else (math.nan, math.inf))
    return found


def divided(a: float, b: float) -> float:
    """A quotient; NaN where the divisor is 0."""
    return a / b if b else math.nan
