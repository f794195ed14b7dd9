"""The build warns of operators that compile and compute something else than was meant, and of no others."""

from __future__ import annotations

import math
import re
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from needs import requires_numba

import aotops as ao
from aotops.aot.pack.probe import probe
from aotops.errors import BuildError

INF = math.inf
INTEGERS = "int64"
NUMBERS = ("int64", "float32", "float64")


def warnings_of(operator: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        probe(operator._record)
    return [str(warning.message) for warning in found]


# --- reductions ---------------------------------------------------------------------------------------------------


def gcd(a: Any, b: Any) -> Any:
    while b != 0:
        a, b = b, a % b
    return abs(a)


def lcm(a: Any, b: Any) -> Any:
    divisor = gcd(a, b)
    return 0 if divisor == 0 else a // divisor * b


def logaddexp(a: Any, b: Any) -> Any:
    largest = max(a, b)
    return largest if abs(largest) == INF else largest + math.log1p(math.exp(-abs(a - b)))


def careless_logaddexp(a: Any, b: Any) -> Any:
    largest = max(a, b)
    return largest + math.log(math.exp(a - largest) + math.exp(b - largest))


def fmax(a: Any, b: Any) -> Any:
    if a != a:
        return b
    return a if b != b or a > b else b


LEGITIMATE = {
    "sum": ao.reduce(lambda a, b: a + b, identity=0, dtypes=NUMBERS),
    "product": ao.reduce(lambda a, b: a * b, identity=1, dtypes=NUMBERS),
    "max": ao.reduce(
        lambda a, b: max(a, b), identity={"int64": -(2**63), "float64": -INF}, dtypes=("int64", "float64")
    ),
    "min": ao.reduce(lambda a, b: min(a, b), identity=INF),
    "maximum": ao.reduce(lambda a, b: ao.maximum(a, b), identity=-INF),
    "np.maximum": ao.reduce(lambda a, b: np.maximum(a, b), identity=-INF),
    "fmax": ao.reduce(fmax, identity=-INF),
    "largest size": ao.reduce(lambda a, b: max(a, b), identity=0.0, map=lambda x: abs(x)),
    "sizes on the way": ao.reduce(lambda a, b: max(abs(a), abs(b)), identity=0.0),
    "and": ao.reduce(lambda a, b: a & b, identity=-1, dtypes=INTEGERS),
    "or": ao.reduce(lambda a, b: a | b, identity=0, dtypes=INTEGERS),
    "xor": ao.reduce(lambda a, b: a ^ b, identity=0, dtypes=INTEGERS),
    "gcd": ao.reduce(gcd, identity=0, dtypes=INTEGERS),
    "lcm": ao.reduce(lcm, identity=1, dtypes=INTEGERS),
    "any": ao.reduce(lambda a, b: a or b, identity=False, dtypes="bool"),
    "all": ao.reduce(lambda a, b: a and b, identity=True, dtypes="bool"),
    "any positive": ao.reduce(lambda a, b: a or b, identity=False, map=lambda x: x > 0, result="bool"),
    "logaddexp": ao.reduce(logaddexp, identity=-INF),
    "hypot": ao.reduce(lambda a, b: math.sqrt(a * a + b * b), identity=0.0),
    "count": ao.reduce(
        lambda a, b: a + b, identity=0, map=lambda x: x > 0, dtypes=("int64", "float64"), result="int64"
    ),
    "count in floats": ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x: x > 0),
    "dot": ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x * y),
    "quotients": ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x / y),
    "entropy": ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda p, q: p * math.log(p / q)),
    "parallel resistors": ao.reduce(lambda a, b: 1 / (1 / a + 1 / b), identity=INF, map=lambda x: abs(x) + 1),
    "packed": ao.reduce(lambda a, b: max(a, b), identity=-(2**63), map=lambda x, i: x * 1024 + i, dtypes=INTEGERS),
    "sum modulo 7": ao.reduce(lambda a, b: (a + b) % 7, identity=0, map=lambda x: x % 7, dtypes=INTEGERS),
    "probabilities": ao.reduce(lambda a, b: a + b - a * b, identity=0.0, map=lambda x: min(max(x, 0.0), 1.0)),
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_reductions_that_are_right_are_not_warned_of(name: str) -> None:
    assert warnings_of(LEGITIMATE[name]) == []


FAULTY = {
    "with NaN among the elements .* combining .* nan .*; write max\\(a, b\\)": [
        ao.reduce(lambda a, b: a if a > b else b, identity=-INF),
        ao.reduce(lambda a, b: b if not a > b else a, identity=0.0, map=lambda x: abs(x)),
    ],
    "with NaN among the elements .*; write min\\(a, b\\)": [ao.reduce(lambda a, b: b if b < a else a, identity=INF)],
    "with NaN among the elements .*; make the result NaN if a or b is NaN": [
        ao.reduce(lambda a, b: a + b if a == a else b, identity=0.0)
    ],
    "not associative: combining": [
        ao.reduce(lambda a, b: (a + b) / 2, identity=0.0),
        ao.reduce(lambda a, b: a - b, identity=0.0),
        ao.reduce(lambda a, b: a - b, identity=0, dtypes=INTEGERS),
    ],
    "not commutative: combining .* aotops chooses the order": [
        ao.reduce(lambda a, b: b, identity=0.0),
        ao.reduce(lambda a, b: a or b, identity=0.0),
    ],
    "the identity 0.0 changes -2.5 into 0.0": [ao.reduce(lambda a, b: max(a, b), identity=0.0)],
    "the identity 1.0 changes": [ao.reduce(lambda a, b: a + b, identity=1.0)],
    "the identity 0 changes -3 into 0": [ao.reduce(lambda a, b: a * b, identity=0, dtypes=INTEGERS)],
    "the identity -2147483648 changes -9223372036854775808": [
        ao.reduce(lambda a, b: max(a, b), identity=-(2**31), dtypes=INTEGERS)
    ],
    "the identity 1e\\+308 changes inf": [ao.reduce(lambda a, b: min(a, b), identity=1e308, dtypes="float64")],
    "the identity -inf changes -inf into nan, for instance by inf - inf": [
        ao.reduce(careless_logaddexp, identity=-INF)
    ],
}


@pytest.mark.parametrize(
    ("message", "operator"), [(message, each) for message, operators in FAULTY.items() for each in operators]
)
def test_reductions_that_are_none_are_warned_of_once(message: str, operator: Any) -> None:
    found = warnings_of(operator)
    assert len(found) == 1 and re.search(message, found[0]), found


# --- results ------------------------------------------------------------------------------------------------------

FRACTIONS = {
    "quotient": ao.map(lambda n: n / 2, dtypes=INTEGERS),
    "product": ao.map(lambda n: n * 0.5, dtypes=INTEGERS),
    "root": ao.map(lambda n: math.sqrt(n), dtypes=INTEGERS),
    "of two": ao.zip(lambda m, n: m / (n * n + 1), dtypes=INTEGERS),
    "on some path": ao.map(lambda n: n / 2 if n > 0 else n, dtypes=INTEGERS),
    "reduced": ao.reduce(lambda a, b: a + b, identity=0, map=lambda n: n / 2, dtypes=INTEGERS),
}
KEPT = {
    "float64": ao.map(lambda n: n / 2, dtypes=INTEGERS, result="float64"),
    "meant": ao.map(lambda n: n / 2, dtypes=INTEGERS, result="int64"),
    "floor": ao.map(lambda n: n // 2, dtypes=INTEGERS),
    "int": ao.map(lambda n: int(n / 2), dtypes=INTEGERS),
    "round": ao.map(lambda n: round(n / 2), dtypes=INTEGERS),
    "no fraction": ao.map(lambda n: n * 2.0, dtypes=INTEGERS),
    "by dtype": ao.map(lambda n: n / 2, dtypes=NUMBERS, result={"int64": "float64"}),
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_a_dropped_fraction_is_warned_of(name: str) -> None:
    (found,) = warnings_of(FRACTIONS[name])
    assert "the result is int64 and drops fractions: for " in found
    assert 'give result="float64" to keep them, divide by //, or give result="int64"' in found


def test_the_advice_names_the_dtype_where_there_are_several() -> None:
    (found,) = warnings_of(ao.map(lambda n: n / 2, dtypes=NUMBERS))
    assert 'for n = -3 the function returns -1.5, and -1 is stored; give result={"int64": "float64"}' in found


@pytest.mark.parametrize("name", KEPT)
def test_results_that_are_meant_are_not_warned_of(name: str) -> None:
    assert warnings_of(KEPT[name]) == []


@pytest.mark.parametrize(
    "operator",
    [
        ao.map(lambda x: x > 0),
        ao.map(lambda x: not x),
        ao.zip(lambda x, low, high: low <= x and x < high),
        ao.zip(lambda c, x: c and x > 1, bool_inputs="c"),
    ],
)
def test_truth_values_that_are_stored_as_floats_are_warned_of(operator: Any) -> None:
    (found,) = warnings_of(operator)
    assert 'returns True or False, which is stored as 1.0 or 0.0; give result="bool"' in found


@pytest.mark.parametrize(
    "operator",
    [
        ao.map(lambda x: x > 0, result="bool"),
        ao.map(lambda x: x > 0, result={"float32": "float32", "float64": "float64"}),
        ao.map(lambda x: 1.0 if x > 0 else 0.0),
        ao.map(lambda x: x * (x > 0)),
        ao.map(lambda n: n > 0, dtypes=INTEGERS),
        ao.zip(lambda c, x: x if c else -x, bool_inputs="c"),
    ],
)
def test_other_truth_values_are_not_warned_of(operator: Any) -> None:
    assert warnings_of(operator) == []


# --- derivatives --------------------------------------------------------------------------------------------------


def test_a_wrong_derivative_is_warned_of_at_the_place_of_the_function() -> None:
    cube = ao.map(lambda x: x**3)
    cube.derivative(lambda x, y, g: 2 * x * g)
    with pytest.warns(
        UserWarning, match=r"its derivative is wrong, or the function: the gradient by x at x = "
    ) as found:
        probe(cube._record)
    assert len(found) == 1 and found[0].filename == __file__


@pytest.mark.parametrize(
    ("derivative", "message"),
    [
        (lambda x, w, y, g: g, r"a tuple of 2 numbers, one for each result, and returns a number"),
        (lambda x, w, y, g: (g,), r"a tuple of 2 numbers, one for each result, and returns a tuple of 1"),
        (lambda x, w, y, g: None, r"a tuple of 2 numbers, one for each result, and returns nothing"),
    ],
)
def test_derivatives_that_return_something_else_are_rejected(derivative: Any, message: str) -> None:
    product = ao.zip(lambda x, w: x * w)
    product.derivative(derivative)
    with pytest.raises(BuildError, match=f"derivative does not compile:\\nIt must return {message}"):
        probe(product._record)


def test_derivatives_of_one_input_return_a_number() -> None:
    for derivative, got in (
        (lambda x, y, g: (2 * x * g,), "a tuple of 1"),
        (lambda x, y, g: 1j * g, "a complex number"),
    ):
        square = ao.map(lambda x: x * x)
        square.derivative(derivative)
        with pytest.raises(BuildError, match=f"It must return a number, and returns {got}"):
            probe(square._record)


def collatz(n: Any) -> Any:
    """How many steps lead from n to 1; none lead there from 0."""
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def test_endless_loops_do_not_stop_the_build() -> None:
    before = sys.gettrace()
    assert warnings_of(ao.map(collatz, dtypes=INTEGERS)) == []
    assert warnings_of(ao.reduce(lambda a, b: a + b, identity=0, map=lambda n: collatz(n), dtypes=INTEGERS)) == []
    assert sys.gettrace() is before


@requires_numba
def test_development_warns_once_for_all_dtypes() -> None:
    halves = ao.map(lambda n: n / 2, dtypes=("int64", "float64"))
    with pytest.warns(UserWarning, match="drops fractions") as found:
        results = [halves(ao.tensor(values)).tolist() for values in ([3, 5], [3.0])]
    assert results == [[1, 2], [1.5]] and len(found) == 1
