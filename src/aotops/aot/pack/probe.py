"""The build's warnings: operators that compile, but probably do not compute what their author intended.

Each operator is run on samples, as plain Python with the semantics of the kernel:

- reductions that depend on the order or grouping of elements, or whose identity changes a result;
- results of int64 that drop a fraction, and truth values that are stored as floats;
- derivatives that finite differences contradict.

There must be no false alarms: samples for which plain Python raises, or that are inconclusive, are skipped.
"""

from __future__ import annotations

import cmath
import itertools
import math
import random
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aotops import errors
from aotops.abi import AXIS_KINDS, DTYPES, FACTS, parts
from aotops.aot.front.places import source_of
from aotops.autograd import grad_check as gradients
from aotops.intrinsics import integer
from aotops.loops.states import combining_numbers
from aotops.ops.record import COMPLEX, FLOATS, INTEGERS, Record
from aotops.scalar.functions import has_loop, reached
from aotops.scalar.mathematics import in_plain_python
from aotops.scalar.plain_numbers import dtype_of

Function = Callable[..., Any]

#: The samples of each kind of dtype.
SAMPLES = {
    "bool": (False, True),
    "unsigned": (0, 1, 2, 3, 7),
    "signed": (-3, 0, 1, 2, 7),
    "real": (-2.5, 0.0, 0.5, 1.0, 3.0),
    "complex": (-2.5 + 0.5j, 0j, 1 + 0j, 0.5 - 1j, 3 + 2j),
}
ORDINARY = {fact.name: SAMPLES[fact.kind] for fact in DTYPES if fact.kind in SAMPLES}
NAN, INF = math.nan, math.inf
#: Samples of a derivative.
GRADIENTS = 32


def probe(record: Record) -> None:
    """Warn of the first problem of an operator, at the location of its scalar function.

    Raises ``BuildError`` for an initial value that the results of a reduction would hold several times.
    """
    code = record.scalar.__code__
    require_number(record)
    if record.gradient is not None:
        require_number(record.gradient)
    require_repeatable(record)
    for found in (reduction, dropped_fraction, stored_truth, derivative):
        try:
            problem = found(record)
        except (Endless, OverflowError):  # the latter of a constant, which the compiler rejects
            return
        if problem is not None:
            title = f"{record.name}({', '.join(record.parameters)})"
            warnings.warn_explicit(f"{title}: {problem}", UserWarning, code.co_filename, code.co_firstlineno)
            return


#: Lines that a function may execute per sample: enough for a loop of 1000 iterations.
MOST_LINES = 50_000


class Endless(BaseException):
    """A function runs too long; not an ``Exception``, since the functions under test may raise any of these."""


def runnable(function: Function, dtype: str) -> Function:
    """Return a scalar function as plain Python; it raises ``Endless`` if it loops too long, as some do for 0 or NaN."""
    plain = in_plain_python(function, dtype)
    if not any(has_loop(each) for each in reached(function) if not (each.__module__ or "").startswith("aotops.")):
        return plain

    def run(*values: Any) -> Any:
        left = MOST_LINES
        before = sys.gettrace()

        def trace(frame: Any, event: str, argument: Any) -> Any:
            nonlocal left
            if frame.f_globals.get("__name__", "").startswith("aotops."):
                return None  # what is raised in a generator that is being closed is lost, and tracing would have ended
            left -= 1
            if left < 0:
                raise Endless
            return trace

        sys.settrace(trace)
        try:
            return plain(*values)
        finally:
            sys.settrace(before)

    return run


def require_number(record: Record) -> None:
    """Raise ``BuildError`` for a map or a zip that returns a tuple of numbers without ``results``.

    Also for a derivative that returns anything but a number, or a tuple of one for each input.
    """
    if record.kind in AXIS_KINDS or not record.namespace or (record.outputs and not record.derivative_of):
        return
    dtype = record.dtypes[-1]
    returned: set[str] = set()
    try:
        scalar = runnable(record.scalar_for(dtype), dtype)
        for row in rows(record, dtype, ORDINARY[dtype], 10):
            try:
                value = scalar(*row)
            except Exception:
                continue
            returned.add(described(value, dtype))
    except (Endless, OverflowError):  # the latter of a constant, which the compiler rejects
        return
    if len(returned) != 1:
        return
    (got,) = returned
    count = record.outputs
    if got == (f"a tuple of {count}" if count else "a number"):
        return
    wanted, advice = "a number", ""
    if count:
        wanted = f"a tuple of {count} number{'s' * (count > 1)}, one for each result"
        advice = "; for one gradient g write `return (g,)`, with the comma" * (count == 1)
    elif not record.derivative_of:
        if not got.startswith("a tuple of "):  # the compiler says what is wrong
            return
        given = ", ".join(["None"] * int(got.split()[-1])) + "," * (got == "a tuple of 1")
        advice = f"; give results=({given}), with the dtype of each, or None for that of the inputs"
    raise errors.BuildError(
        f"{record.variable} does not compile:\nIt must return {wanted}, and returns {got}{advice}.\n"
        f"{source_of(record.place)}"
    )


def described(value: Any, dtype: str) -> str:
    """Return what a scalar function of inputs of a dtype has returned, in words."""
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    kinds = ((bool, int, float), "a number"), (complex, "a number" if dtype in COMPLEX else "a complex number")
    return next((name for kind, name in kinds if isinstance(value, kind)), "nothing")


def attempt(function: Function, *values: Any) -> Any:
    """Return a function's value; None if plain Python raises, or if it is not a number."""
    try:
        value = function(*values)
    except Exception:
        return None
    return value if isinstance(value, (bool, int, float, complex)) else None


def stored(value: Any, dtype: str) -> Any:
    """Convert a value to the dtype of a result."""
    if value is None:
        return None
    if dtype == "bool":
        return bool(value)
    if dtype in COMPLEX:
        return complex(value)
    if isinstance(value, complex):
        return None  # the compiler says what is wrong
    if dtype in FLOATS:
        return float(value)
    return FACTS[dtype].wrapped(integer(value))


def rows(record: Record, dtype: str, values: Iterable[Any], count: int = 100) -> Iterator[tuple[Any, ...]]:
    """Return combinations of sample values as inputs of an operator: all, or a selection of a given size."""
    columns = [(False, True) if own == "bool" else tuple(values) for own in record.inputs_for(dtype)]
    if math.prod(map(len, columns)) <= count:
        yield from itertools.product(*columns)
        return
    draw = random.Random(0)
    for _ in range(count):
        yield tuple(draw.choice(column) for column in columns)


# --- reductions ---------------------------------------------------------------------------------------------------


def combined_dtype(record: Record, dtype: str) -> str:
    """Return the dtype of the values to be combined: the result's, or the input's for an argreduction."""
    return dtype if record.kind == "argreduce" else record.result_for(dtype)


def close(a: Any, b: Any) -> bool:
    """Return whether two numbers agree, floats up to rounding; NaN agrees with itself."""
    if not (isinstance(a, (float, complex)) or isinstance(b, (float, complex))):
        return bool(a == b)
    if isinstance(a, complex) or isinstance(b, complex):
        return (a != a and b != b) or cmath.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
    return (a != a and b != b) or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)


def combined_values(record: Record, dtype: str, inputs: Iterable[Any], most: int = 7) -> list[Any]:
    """Return sample values that a reduction may combine: results of its function of the inputs, if it has one.

    The largest absolute value, with identity 0, need not be right for negative values.
    """
    result = combined_dtype(record, dtype)
    if record.map is None:
        return [stored(value, result) for value in inputs]
    of = runnable(record.map, dtype)
    values = [stored(attempt(of, *row), result) for row in rows(record, dtype, inputs)]
    found = [value for value in values if value is not None]
    distinct = list(dict.fromkeys(value for value in found if cmath.isfinite(value)))
    infinite = dict.fromkeys(value for value in found if cmath.isinf(value))
    return [*distinct[:: len(distinct) // most + 1], *infinite, *[NAN for value in found if value != value][:1]]


def reduction(record: Record) -> str | None:
    """Return why a reduction's result depends on the order or the grouping of its elements, or on its identity."""
    if record.kind not in AXIS_KINDS:
        return None
    if record.finish is not None:
        return state_reduction(record, record.dtypes[-1])
    tried: set[str] = set()
    for dtype in reversed(record.dtypes):  # float64 before float32, where an identity of 1e308 is infinite
        result = combined_dtype(record, dtype)
        family = "float" if result in FLOATS else result
        if family not in tried:
            tried.add(family)
            problem = reduction_of(record, dtype, result)
            if problem is not None:
                return problem
    return None


def reduction_of(record: Record, dtype: str, result: str) -> str | None:
    """Return the same for one dtype."""
    function = runnable(record.scalar_for(dtype), result)

    def combine(a: Any, b: Any) -> Any:
        return None if a is None or b is None else stored(attempt(function, a, b), result)

    ordinary = combined_values(record, dtype, ORDINARY[dtype])
    special: list[tuple[Any, ...]] = []
    if dtype in FLOATS:
        # separately: the product of the smallest numbers and an infinity is NaN in one order, but not in another
        special = [(NAN,), (INF, -INF), (-0.0, 5e-324, -5e-324)]
    groups = [combined_values(record, dtype, (*ORDINARY[dtype][1:4], *values), most=9) for values in special]
    extremes = combined_values(record, dtype, FACTS[dtype].bounds) if dtype in INTEGERS else []
    values = list(dict.fromkeys([*ordinary, *extremes, *(value for group in groups for value in group)]))
    if record.kind == "argreduce":
        # if two unequal values are equally good, their order decides which one is found
        ordinary = list(dict.fromkeys([*ordinary, *(stored(-value, dtype) for value in ordinary)]))
        for a, b in itertools.product(ordinary, repeat=2):
            if combine(a, b) not in (a, b, None):
                return f"for {a} and {b} the function returns {combine(a, b)}, but an argreduce must choose one of both"
    problem = dependence(combine, [value for value in ordinary if value == value], ordinary)
    neutral = record.identity_for(dtype) if record.identity is not None else record.initial_for(dtype)
    what = "identity" if record.identity is not None else "initial value"
    problem = problem or changed_by(what, stored(neutral, result), combine, values, ordinary)
    absorbing = record.absorbing_for(dtype)
    if absorbing is not None:
        problem = problem or absorbed(stored(absorbing, result), combine, values)
    for group in groups:
        problem = problem or dependence(combine, group, ordinary)
    if (
        problem is None
        and extremes
        and all(combine(a, b) in (a, b) for a, b in itertools.product((*ordinary, *extremes), repeat=2))
    ):
        # what chooses between values; others wrap around
        problem = dependence(combine, [*ordinary[:3], *extremes], ordinary)
    return problem


def state_reduction(record: Record, dtype: str) -> str | None:
    """Return the same of a reduction whose state is several numbers; states are equal if their results are."""
    states, result = record.states_for(dtype), record.result_for(dtype)
    assert record.map is not None and record.finish is not None  # checked by the record
    begin, finish = runnable(record.map, dtype), runnable(record.finish, dtype)
    function = runnable(combining_numbers(record.scalar_for(dtype), len(states)), dtype)

    def held(values: Any) -> Any:
        if not isinstance(values, tuple) or len(values) != len(states):
            return None  # the compiler says what is wrong
        return tuple(stored(value, own) for value, own in zip(values, states, strict=True))

    def tried(function: Function, *values: Any) -> Any:
        try:
            return held(function(*values))
        except Exception:
            return None

    def combine(a: Any, b: Any) -> Any:
        return None if a is None or b is None else tried(function, *a, *b)

    def told(state: Any) -> Any:
        return None if state is None else stored(attempt(finish, *state), result)

    def samples(values: Iterable[Any]) -> list[Any]:
        found = [tried(begin, *row) for row in rows(record, dtype, values)]
        return list(dict.fromkeys(state for state in found if state is not None))[:7]

    ordinary = samples(ORDINARY[dtype])
    identity = held(record.identity_for(dtype))
    for a in ordinary:
        before, after = told(a), told(combine(identity, a))
        if before is not None and after is not None and not close(before, after):
            return f"the identity {identity} changes the state {a}, whose result is {before}, into one of {after}"
    nan = next((state for state in samples((NAN,)) if dtype in FLOATS and told(state) != told(state)), None)
    for group in ([*ordinary], [*ordinary[:3], *([] if nan is None else [nan])]):
        for a, b, c in itertools.product(group, repeat=3):
            left, right = told(combine(combine(a, b), c)), told(combine(a, combine(b, c)))
            if left is not None and right is not None and not close(left, right):
                ways = f"combining the states {a}, {b} and {c} gives {left} or {right}"
                return f"the reduction is not associative: {ways}, depending on the grouping, which aotops chooses"
        for a, b in itertools.combinations(group, 2):
            left, right = told(combine(a, b)), told(combine(b, a))
            if left is not None and right is not None and not close(left, right):
                ways = f"combining the states {a} and {b} gives {left}, and {b} and {a} gives {right}"
                return f"the reduction is not commutative: {ways}; aotops chooses the order"
    return None


def dependence(combine: Function, values: list[Any], ordinary: list[Any]) -> str | None:
    """Describe two ways of combining the same values that give different results."""
    regrouped = (
        ((a, b, c), combine(combine(a, b), c), combine(a, combine(b, c)))
        for a, b, c in itertools.product(values, repeat=3)
    )
    exchanged = (((a, b), combine(a, b), combine(b, a)) for a, b in itertools.combinations(values, 2))
    # two values show best what a NaN does
    nan_among_them = any(value != value for value in values)
    for named, left, right in itertools.chain(*((exchanged, regrouped) if nan_among_them else (regrouped, exchanged))):
        if left is None or right is None or close(left, right):
            continue
        *first, last = map(str, named)
        ways = f"combining {', '.join(first)} and {last} gives {left}"
        if any(value != value for value in named):
            ways += f", or {right} in another order; {advice_on_nan(combine, ordinary)}"
            return f"with NaN among the elements the result depends on its position: {ways}"
        if len(named) == 2:
            ways += f", and {last} and {first[0]} gives {right}; aotops chooses the order"
            return f"the reduction is not commutative: {ways}"
        ways += f" or {right}, depending on the grouping, which aotops chooses"
        return f"the reduction is not associative: {ways}"
    return None


def advice_on_nan(combine: Function, ordinary: list[Any]) -> str:
    """Return what to write instead of a combination whose result depends on the position of a NaN."""
    pairs = list(itertools.product([value for value in ordinary if value == value], repeat=2))
    for choice in (max, min):
        if all(combine(a, b) == choice(a, b) for a, b in pairs):
            return f"write {choice.__name__}(a, b), which in a reduction is NaN if a or b is"
    return "make the result NaN if a or b is NaN"


def require_repeatable(record: Record) -> None:
    """Raise ``BuildError`` for an initial value without an identity that changes when it is combined with itself.

    Where there is an identity, the parts of a reduction start from that instead (``native/fold.c``).
    """
    if record.kind != "reduce" or record.identity is not None:
        return
    for dtype in record.dtypes:
        result = record.result_for(dtype)
        initial = stored(record.initial_for(dtype), result)
        try:
            twice = stored(attempt(runnable(record.scalar_for(dtype), result), initial, initial), result)
        except (Endless, OverflowError):
            return
        if twice is not None and not close(twice, initial):
            errors.reject(
                errors.BuildError,
                record.variable,
                "initial",
                "give itself when it is combined with itself, since several parts of a reduction begin with it",
                f"{initial}, which gives {twice}",
                "give identity= as well, with which parts then begin",
            )


def absorbed(absorbing: Any, combine: Function, values: list[Any]) -> str | None:
    """Describe a value that changes the one that is declared to absorb all others."""
    for a in values:
        for changed in (combine(absorbing, a), combine(a, absorbing)):
            if changed is not None and not close(changed, absorbing):
                return (
                    f"the absorbing value {absorbing} becomes {changed} when {a} is combined with it, but a reduction "
                    "may stop before that; leave absorbing out"
                )
    return None


def changed_by(what: str, identity: Any, combine: Function, values: list[Any], ordinary: list[Any]) -> str | None:
    """Describe a value that the identity, or the initial value, changes into a value that is not equivalent.

    The greatest common divisor of 0 and -3 is 3, which is equivalent to -3. A reduction that ignores NaN returns its
    identity if all elements are NaN.
    """
    for a in values:
        changed = combine(identity, a)
        if changed is None or close(changed, a) or (a != a and close(changed, identity)):
            continue
        others = [b for b in (*ordinary, a) if known(combine, changed, a, b)]
        if a == a and all(close(combine(changed, b), combine(a, b)) for b in others):
            continue
        message = f"the {what} {identity} changes {a} into {changed}"
        if a in (INF, -INF) and changed != changed:
            return f"{message}, for instance by inf - inf; return early if a value is infinite"
        return message
    return None


def known(combine: Function, a: Any, other: Any, b: Any) -> bool:
    """Return whether plain Python can combine both values with a third one."""
    return combine(a, b) is not None and combine(other, b) is not None


# --- results ------------------------------------------------------------------------------------------------------


def dropped_fraction(record: Record) -> str | None:
    """Describe an integer result that drops a fraction because ``result`` is missing."""
    dtype = next((dtype for dtype in reversed(record.dtypes) if dtype in INTEGERS), None)
    if record.result is not None or dtype is None or record.outputs or record.finish is not None:
        return None
    function = record.map or record.scalar
    scalar = runnable(function, dtype)
    names = record.parameters
    tried = rows(record, dtype, ORDINARY[dtype])
    if record.kind in AXIS_KINDS and record.map is None:
        scalar, names = runnable(record.scalar_for(dtype), dtype), function.__code__.co_varnames[:2]
        tried = itertools.product(ORDINARY[dtype], repeat=2)
    for row in tried:
        value = attempt(scalar, *row)
        if isinstance(value, float) and math.isfinite(value) and value != math.floor(value):
            inputs = " and ".join(f"{name} = {each}" for name, each in zip(names, row, strict=True))
            others = 'result="float64"' if record.dtypes == (dtype,) else f'result={{"{dtype}": "float64"}}'
            return (
                f"the result is {dtype} and drops fractions: for {inputs} the function returns {float(value)}, and "
                f'{int(value)} is stored; give {others} to keep them, divide by //, or give result="{dtype}" if that '
                "is intended"
            )
    return None


def stored_truth(record: Record) -> str | None:
    """Describe truth values that are stored as floats because ``result`` is missing."""
    if record.result is not None or record.kind in AXIS_KINDS or record.outputs:
        return None
    dtype = next((dtype for dtype in record.dtypes if dtype in FLOATS), None)
    if dtype is None:
        return None
    scalar = runnable(record.scalar_for(dtype), dtype)
    values = [attempt(scalar, *row) for row in rows(record, dtype, ORDINARY[dtype])]
    known = [value for value in values if value is not None]
    if known and all(dtype_of(value) == "bool" for value in known):
        return (
            'the function returns True or False, which is stored as 1.0 or 0.0; give result="bool", or return '
            "1.0 and 0.0 if floats are intended"
        )
    return None


# --- derivatives --------------------------------------------------------------------------------------------------


def derivative(record: Record) -> str | None:
    """Describe where the derivative of an operator is wrong."""
    if record.gradient is None or record.kind in AXIS_KINDS:
        return None
    wide = [dtype for dtype in ("float64", "complex128") if dtype in record.gradient.dtypes]
    return next(filter(None, [derivative_in(record, record.gradient, dtype) for dtype in wide]), None)


def derivative_in(record: Record, gradient: Record, dtype: str) -> str | None:
    """Describe where the derivative is wrong for inputs of a dtype."""
    scalar, slopes = runnable(record.scalar_for(dtype), dtype), runnable(gradient.scalar_for(dtype), dtype)
    several, smooth = gradient.outputs, gradients.smooth_results(record, dtype)
    in_parts = gradients.InParts(record, dtype)

    def results(row: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            found = scalar(*row)
        except Exception:
            return (NAN,) * max(record.outputs, 1)
        each = found if record.outputs else (found,)
        return tuple([value if isinstance(value, (bool, int, float, complex)) else NAN for value in each])

    def inputs(columns: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
        return zip(*in_parts.joined(columns), strict=True)

    def fault_of(chosen: int, unit: complex) -> str | None:
        def evaluate(columns: list[list[Any]]) -> list[float]:
            return [float(gradients.part(results(row)[chosen], unit)) for row in inputs(columns)]

        def incoming(columns: list[list[Any]], y: list[float], g: list[float]) -> list[list[float]]:
            found = zip(*map(outgoing, inputs(columns), g), strict=True)
            return in_parts.split([list(column) for column in found])

        def outgoing(row: tuple[Any, ...], g: float) -> tuple[Any, ...]:
            found = slopes(*row, *results(row), *[g * unit if k == chosen else 0.0 for k in smooth])
            if several and (not isinstance(found, tuple) or len(found) != several):
                raise TypeError("the compiler says what is wrong")
            return tuple([each + 0.0 for each in (found if several else (found,))])

        _, fault = gradients.check(in_parts, evaluate, incoming, columns, parts(dtype))
        where = in_parts.described(chosen, unit).lstrip() + " "
        return None if fault is None else f"its derivative {where.lstrip()}is wrong, or the function: {fault}"

    columns = in_parts.split_inputs(gradients.samples(record, GRADIENTS, dtype))
    try:
        return next(filter(None, [fault_of(*each) for each in in_parts.results]), None)
    except Exception:
        return None
