"""Which operator computes what a student's function computes.

A name says what a function is meant to be, not what it is: students' versions differ. So a function is *probed*: it is
called on fixed points (zeros, ties, tiny and large numbers, infinities, NaN) and on the neighbours of the constants in
its own code, where thresholds lie, and compared with every form that its name suggests, computed by the kernels
themselves. Where the function raises an ArithmeticError or a ValueError, such as of ``log(-1.0)``, any result of the
form is right: it is that of IEEE 754.

Order: what was registered; the forms of ``aotops.minitorch.forms``, those of the function's name first; aotops'
operator of that name; an operator of the user's own that has been built; or else the function itself, by
``aotops.minitorch.slow_path``, with one warning. Nothing is compiled here.
"""

from __future__ import annotations

import sys
from math import copysign, inf, nan, nextafter

import aotops as ao
from aotops import _native, errors
from aotops._native import Operator
from aotops.minitorch.forms import TABLES, Form
from aotops.minitorch.slow_path import SLOW_PATHS
from aotops.scalar.functions import plain

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Run = Callable[..., Any]


class PlainPythonWarning(UserWarning):
    """A function of a student's runs as plain Python, element by element, since no operator computes the same.

    >>> from aotops.minitorch import PlainPythonWarning
    >>> issubclass(PlainPythonWarning, UserWarning)
    True
    """


#: What the number of inputs must be.
INPUTS = {"map": 1, "zip": 2, "reduce": 1}

# --- points -----------------------------------------------------------------------------------------------------------

#: Where functions of one number are tried: first what a reader would try.
# fmt: off
POINTS = (
    0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 0.1, -0.1, 1.5, -1.5, 10.0, -10.0, -0.0,
    1e-2, -1e-2, 1e-3, 1e-4, 1e-6, -1e-6, 1e-7, 1e-8, -1e-9, 1e-10, 1e-12, 1e-15, -1e-16, 1e-20, 1e-30, -1e-30,
    5.0, 6.0, -6.0, 7.25, 15.0, 20.0, -20.0, 30.0, -30.0, 37.0, -37.0, 50.0, -50.0, 88.0, -88.0, 100.0, -100.0,
    500.0, -500.0, 700.0, -700.0, 709.0, -745.0, 1e3, -1e3, 1e4, 1e6, -1e6, 1e9, 1e12, 1e16, -1e16, 1e30, -1e30,
    1e100, 1e200, 1e300, -1e300, 1e-100, 1e-300, -1e-300, 2.2250738585072014e-308, 5e-324, -5e-324,
    inf, -inf, nan,
)

#: Each of these with each other: where functions of two numbers are tried.
PAIRED = (0.0, 1.0, -1.0, 0.5, -3.0, -0.0, 1e-3, 100.0, -1e200, 1e-300, inf, -inf, nan)
# fmt: on

#: Whose differences are about as large as tolerances are.
CLOSE = tuple([(1.0, 1.0 + step) for step in (1e-1, 1e-2, 9e-3, 1.1e-2, 1e-3, 1e-4, -1e-5, 1e-6, 1e-8, -1e-9, 1e-12)])

#: What is folded: finite results are exact in every order.
FOLDED = (
    (),
    (0.0,),
    (3.0,),
    (-0.0, -0.0),
    (1.0, 2.0, 3.0),
    (2.0, -1.0, 0.5, 4.0),
    (-3.0, -2.0, -8.0),
    (7.0, 7.0),
    (2.25, 2.5, 2.75, -2.75, 2.75, 2.5, 2.25, -2.25),
    (0.5, 0.0, -4.0),
    (1.0, inf, 2.0),
    (-inf, 4.0, 1.0),
    (inf, -inf, 1.0),
    (nan,),
    (1.0, nan, 2.0),
    (5.0, 1.0, nan),
    (1.0, -2.0, 3.0, 0.5, 4.0) * 8,
    (0.25, 8.0, -2.0, 1.0, 1.0, -0.5, 3.0, 2.0, -1.0, 4.0, 0.5, -2.0, 1.0, 2.0, 0.25, -8.0, 1.0, 5.0, 2.0, 1.0),
)
#: By how many ULP an operator may differ that has the name of a function: both round in each of their steps.
OF_THE_SAME_NAME = 64

#: As many constants of a function are tried at most.
MOST_CONSTANTS = 8


def constants(function: Any) -> tuple[float, ...]:
    """The numbers in a function and in what it calls: in the code, in variables of its module and of its closure."""
    found: dict[float, None] = {}
    seen: set[int] = set()

    def add(value: Any, depth: int) -> None:
        value = plain(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                return
            if number == number and number not in (0.0, 1.0, -1.0, inf, -inf):
                found[number] = None
        elif isinstance(value, tuple):
            for each in value[:MOST_CONSTANTS]:
                add(each, depth)
        elif hasattr(value, "func"):  # functools.partial
            for each in (value.func, *value.args, *value.keywords.values()):
                add(each, depth)
        elif depth > 0 and hasattr(value, "__code__") and id(value) not in seen:
            seen.add(id(value))
            variables = getattr(value, "__globals__", {})
            codes = [value.__code__]
            for code in codes:
                for each in code.co_consts:
                    if hasattr(each, "co_consts"):
                        codes.append(each)
                    else:
                        add(each, 0)
                for name in code.co_names:
                    if name in variables:
                        add(variables[name], depth - 1)
                    else:  # perhaps an attribute of a module
                        for other in code.co_names:
                            add(getattr(variables.get(other), name, None), depth - 1)
            for each in getattr(value, "__defaults__", None) or ():
                add(each, 0)
            for cell in getattr(value, "__closure__", None) or ():
                if cell_is_set(cell):
                    add(cell.cell_contents, depth - 1)

    add(function, 4)
    return tuple(found)[:MOST_CONSTANTS]


def cell_is_set(cell: Any) -> bool:
    """Whether a variable of a closure has a value yet."""
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def near_constants(numbers: Sequence[float]) -> tuple[float, ...]:
    """Numbers and their neighbours, on both sides of zero: where thresholds may lie."""
    points = []
    for number in numbers:
        for c in (number, -number):
            points += [c, nextafter(c, inf), nextafter(c, -inf), 0.5 * c, 2.0 * c, c + 1.0, c - 1.0]
    return tuple(points)


def pairs(numbers: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Where a function of two numbers is tried."""
    special = near_constants(numbers)
    return (
        *[(x, y) for x in PAIRED for y in PAIRED],
        *CLOSE,
        *[pair for c in special for pair in ((c, 0.0), (0.0, c), (c, c), (c, 1.5), (-2.0, c), (1.0, 1.0 + c))],
    )


# --- trying -----------------------------------------------------------------------------------------------------------


def value_of(function: Any, *arguments: float) -> float | None:
    """What a function returns; None where it raises what IEEE 754 has a result for."""
    try:
        return float(function(*arguments))
    except (ArithmeticError, ValueError):
        return None


def agree(expected: float | None, found: float, ulps: int, signless: bool) -> bool:
    """Whether two results are the same, or differ by some ULP; zeros of different signs are different."""
    if expected is None:
        return True
    if expected == found:
        return expected != 0.0 or signless or copysign(1.0, expected) == copysign(1.0, found)
    if expected != expected:
        return found != found
    return abs(expected - found) <= ulps * max(abs(expected) * 2.220446049250313e-16, 5e-324)  # False for infinities


class Trial:
    """A function of a student's, with what it returns where it is tried.

    Attributes:
        arguments: where it has been tried, each a tuple.
        expected: what it returned; None where it raised.
        numbers: the constants of the function.
        usable: whether it returns numbers often enough to be recognised.
    """

    def __init__(self, kind: str, function: Any, start: float) -> None:
        import numpy

        self.kind, self.start = kind, start
        tried = plain(function)
        try:
            self.numbers = constants(tried)
        except Exception:  # of an object that it refers to, whose attributes cannot be asked for
            self.numbers = ()
        if kind == "map":
            self.arguments: Sequence[tuple[float, ...]] = [(x,) for x in (*POINTS, *near_constants(self.numbers))]
        elif kind == "zip":
            self.arguments = pairs(self.numbers)
        else:
            special = near_constants(self.numbers)
            self.arguments = [*FOLDED, *[(c,) for c in special], *[(c, 1.0) for c in special]]
        self.usable = True
        self.expected: list[float | None] = []
        try:
            with numpy.errstate(all="ignore"):  # for functions of NumPy, which warn of what IEEE 754 has a result for
                if kind == "reduce":
                    self.expected = [self.folded(tried, elements) for elements in self.arguments]
                else:
                    self.expected = [value_of(tried, *arguments) for arguments in self.arguments]
        except Exception:  # it may raise anything, and will do so again, where its caller sees it
            self.usable = False
        else:
            self.usable = 4 * sum([value is not None for value in self.expected]) >= len(self.expected)
        columns = list(zip(*self.arguments, strict=True)) if kind != "reduce" else ()
        self.inputs = [ao.tensor(column) for column in columns]

    def folded(self, function: Any, elements: Sequence[float]) -> float | None:
        """Some elements, combined by the function from the start on."""
        result = self.start
        for element in elements:
            combined = value_of(function, result, element)
            if combined is None:
                return None
            result = combined
        return result

    def results(self, run: Run) -> list[float]:
        """What an operator computes in the same places."""
        if self.kind != "reduce":
            found: list[float] = ao.astype(run(*self.inputs), ao.float64, copy=False).tolist()
            return found
        return [run(ao.tensor(each, dtype=ao.float64), 0).item() for each in self.arguments]

    def first_difference(self, run: Run, form: Form) -> int | None:
        """The place of the first result in which an operator differs; None if it does not."""
        for place, (expected, found) in enumerate(zip(self.expected, self.results(run), strict=True)):
            if expected == found != 0.0:
                continue  # which saves half of the time
            if not agree(expected, found, form.ulps, form.selects):
                return place
        return None


# --- candidates -------------------------------------------------------------------------------------------------------


def candidates(kind: str, name: str, trial: Trial, function: Any) -> Iterator[tuple[Form, str, Run]]:
    """What may compute a function: a form, its formula and what computes it.

    The forms of the function's name come first, then other forms, then operators of its name: aotops' own, and those of
    the user that have been built.
    """
    table = TABLES[kind]
    own = table.get(name, ())
    for form in (*own, *[form for other, forms in table.items() if other != name for form in forms]):
        if form.run is not None:
            yield form, form.formula, form.run if kind != "reduce" else reduction(form, trial.start, function)
        elif form.make is not None:
            for c in trial.numbers:
                yield form, form.formula.replace("c", repr(c)), form.make(c)
    others = [_native.operators[name]] if name in _native.operators and not name.startswith("_") else []
    for operator in (*[each for each in others if fits(kind, each)], *own_operators(kind, function)):
        form = Form(f"the operator {operator.__name__}", ulps=OF_THE_SAME_NAME)
        yield form, form.formula, computing(kind, operator, trial.start)


def fits(kind: str, operator: Any) -> bool:
    """Whether an operator is of a kind, and takes its number of inputs."""
    return isinstance(operator, Operator) and operator.kind == kind and len(operator.parameters) == INPUTS[kind]


def own_operators(kind: str, function: Any) -> Iterator[Operator]:
    """The operators of the user's own that have been built, and are declared of a function or have its name."""
    from aotops.user.library import library_of

    tried, name = plain(function), getattr(function, "__name__", "")
    seen: set[int] = set()
    for module in list(sys.modules.values()):
        if (getattr(module, "__name__", None) or "").partition(".")[0] == "aotops":
            continue
        for value in list(getattr(module, "__dict__", {}).values()):
            if isinstance(value, Operator) and id(value) not in seen:
                seen.add(id(value))
                record = value._record
                if record is None or not fits(kind, value) or not (record.scalar is tried or record.name == name):
                    continue
                if record.loaded or library_of(record)[0] is not None:
                    yield value


def computing(kind: str, operator: Any, start: float) -> Run:
    """A single operator, whose result may be of another dtype, such as bool: it is cast to that of the first input."""

    def run(x: Any, *others: Any, out: Any = None) -> Any:
        result = operator(x, *others)
        if out is not None:
            return _native.copy_to_out("AotOps", ao.astype(result, out.dtype), out)
        return ao.astype(result, x.dtype, copy=False)

    record = operator._record
    # an operator of a user's may compute something of the elements first, and then takes no initial value
    begins = record is None or record.identity_for("float64") != start
    initial = {"initial": start} if begins else {}

    def fold(x: Any, axis: int) -> Any:
        return ao.astype(operator(x, axis=axis, keepdims=True, **initial), x.dtype, copy=False)

    return fold if kind == "reduce" else run


#: Up to this length, sums and products are combined one element after another, from the start on: 0.2 us per element.
#: Longer ones are combined in the order of aotops, whose rounding errors are smaller.
IN_ORDER = 32


def reduction(form: Form, start: float, function: Any) -> Run:
    """A reduction along an axis, which stays with length 1 and is folded from ``start`` on."""
    run, step, begins = (
        form.run,
        form.step,
        start != form.identity or copysign(1.0, start) != copysign(1.0, form.identity),
    )
    plainly = SLOW_PATHS["reduce"](function, start) if form.selects else None
    assert run is not None and step is not None  # every form of a reduction has both

    def fold(x: Any, axis: int) -> Any:
        length = x.shape[axis]
        if length == 0 or (plainly is None and length <= IN_ORDER):
            return in_order(step, x, axis, start)
        result = run(x, axis=axis, keepdims=True)
        if plainly is not None and ao.any(ao.isnan(result)):
            return plainly(x, axis)
        return step(result, start) if begins else result

    return fold


def in_order(step: Run, x: Any, axis: int, start: float) -> Any:
    """The elements of an axis, combined one after another."""
    shape, strides = list(x.shape), x.strides
    length, stride = shape[axis], strides[axis]
    shape[axis] = 1
    kept = tuple(shape)
    if length == 0:
        return ao.full(kept, start, dtype=x.dtype)
    result = step(x._as_strided(kept, strides, 0), start)
    for k in range(1, length):
        step(result, x._as_strided(kept, strides, k * stride), out=result)
    return result


def operator_for(kind: str, function: Any, start: float = 0.0, registered: Any = None) -> Run:
    """What computes a student's function on tensors; of a reduction, a function of a tensor and an axis.

    ``registered`` is the operator that the user has chosen for it, if any.
    """
    chosen = registered if registered is not None else function if fits(kind, function) else None
    if chosen is not None:
        return computing(kind, chosen, start)
    name = getattr(plain(function), "__name__", "") or ""
    trial = Trial(kind, function, start)
    nearest: tuple[bool, int, str, float] | None = None  # whether it has the name, how far it agrees, what it is
    for form, formula, run in candidates(kind, name, trial, function) if trial.usable else ():
        place = trial.first_difference(run, form)
        if place is None:
            return run
        rank = form in TABLES[kind].get(name, ()) or form.run is form.make, place
        if nearest is None or rank > nearest[:2]:
            nearest = *rank, formula, trial.results(run)[place]
    warn(kind, function, trial, nearest and nearest[1:])
    return SLOW_PATHS[kind](function, start)


def warn(kind: str, function: Any, trial: Trial, nearest: tuple[int, str, float] | None) -> None:
    """Warn that a function runs as plain Python, and where the nearest candidate differs from it."""
    import os
    import warnings

    tried = plain(function)
    name = getattr(tried, "__name__", None) or errors.type_name(function)
    code = getattr(tried, "__code__", None)
    place = f" ({os.path.basename(code.co_filename)}, line {code.co_firstlineno})" if code is not None else ""
    if nearest is not None:
        position, formula, found = nearest
        arguments = ", ".join([repr(x) for x in trial.arguments[position]])
        where = f"elements {arguments or 'none'}" if kind == "reduce" else arguments
        why = f"{formula} is {found!r} at {where}, and {name} returns {trial.expected[position]!r}"
    else:
        why = "it could not be compared, since it raised an exception or seldom returned a number"
    warnings.warn(
        f"AotOps.{kind}: {name}{place} runs as plain Python, element by element, since no operator computes the same: "
        f"{why}; declare an operator, and write AotOps.register({name}, operator)",
        PlainPythonWarning,
        stacklevel=5,
    )
