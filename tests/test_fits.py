"""The coefficients in ``src/aotops/ops`` are those of the fits that the comments above them name."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import pytest
from needs import PROJECT, requires_source

from aotops.intrinsics import narrow
from aotops.ops import activation, chapters, float_arithmetic, hyperbolic, special

pytestmark = requires_source

#: A comment above a function; what belongs to the call on the next line is indented.
CALL = re.compile(r"^# tools/fit_polynomial\.py (.*(?:\n#  .*)?)\ndef (\w+)\(", re.M)
Function = Callable[..., Any]


def load_tool(name: str = "fit_polynomial") -> Any:
    """A tool as a module."""
    if name == "fit_by_table":
        load_tool()  # which it imports
    specification = importlib.util.spec_from_file_location(name, PROJECT / "tools" / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # where dataclasses look
    specification.loader.exec_module(module)
    return module


#: The functions with a call above them, and the calls.
CALLS: dict[str, tuple[Function, str]] = {
    name: (getattr(module, name), call.replace("\n#", ""))
    for module in (float_arithmetic, *chapters())
    for call, name in CALL.findall(Path(inspect.getfile(module)).read_text(encoding="utf-8"))
}


def test_every_set_of_coefficients_says_how_it_was_fitted() -> None:
    assert len(CALLS) >= 18


def written(function: Function, found: Any) -> Function:
    """The polynomial whose coefficients are the constants of a function's code that are next to those of a fit."""
    constants = [abs(value) for value in function.__code__.co_consts if isinstance(value, float)]
    chosen = [min(constants, key=lambda value: abs(value - abs(each))) for each in found.coefficients]
    signed = [mpmath.sign(each) * value for each, value in zip(found.coefficients, chosen, strict=True)]
    return lambda x: sum(value * x**power for power, value in enumerate(signed))


@pytest.mark.parametrize("name", CALLS)
def test_a_polynomial_is_as_good_as_its_fit(name: str) -> None:
    tool = load_tool()
    function, call = CALLS[name]
    arguments = tool.parse(call)
    found = tool.run(arguments)
    roundings = 2.0 ** (-24 if arguments.float32 else -53)
    with mpmath.workprec(tool.PRECISION):
        exact, weight = tool.expression(arguments.function), tool.expression(arguments.weight)
        low, high = (tool.expression(end)(mpmath.mpf(0)) for end in (arguments.low, arguments.high))
        points = [low + (high - low) * (2 * i + 1) / 400 for i in range(200)]
        polynomial = written(function, found)
        errors = [abs(weight(x) * (exact(x) - polynomial(x))) for x in points]
        largest = max(abs(weight(x) * exact(x)) for x in points)
    # what factors and rounded leading coefficients cost: less than two bits
    assert max(errors) <= 3 * found.error + roundings * largest


def test_a_fit_is_the_polynomial_of_least_error() -> None:
    """On [-1, 1] the line for ``x**3`` is ``0.75 * x``, and the parabola for the absolute value ``x**2 + 1/8``."""
    tool = load_tool()
    found = tool.run(tool.parse('"x**3" --from=-1 --to=1 --degree=2'))
    assert [float(c) for c in found.coefficients] == pytest.approx([0, 0.75, 0], abs=1e-9)
    assert float(found.error) == pytest.approx(0.25)
    found = tool.run(tool.parse('"fabs(x)" --from=-1e-9 --to=1 --powers 0 2'))
    assert [float(c) for c in found.coefficients] == pytest.approx([0.125, 1], rel=1e-3)
    assert float(found.error) == pytest.approx(0.125, rel=1e-3)


def test_the_command_prints_coefficients_and_error(capsys: pytest.CaptureFixture[str]) -> None:
    tool = load_tool()
    tool.main(["exp(x)", "--from=0", "--to=1", "--degree=1", "--float32"])
    out = capsys.readouterr().out
    # the slope of the chord, and half of the largest distance to it
    assert re.match(r"x\*\*0   0\.894\d+\nx\*\*1   1\.718281\d+\nwithin 2\^-3\.23\d*\n$", out), out


#: The tables of tools/fit_by_table.py, and the error of each as a negative power of 2.
TABLES = {
    "erf": (special.ERF, 56.0),
    "erfc": (special.SCALED_ERFC, 26.4),
    "erfc64": (special.SCALED_ERFC_64, 54.5),
    "gelu": (activation.TAILS, 26.8),
    "tanh": (hyperbolic.TANH, 27.0),
}


def test_every_table_of_polynomials_is_tested() -> None:
    assert set(TABLES) == set(load_tool("fit_by_table").FITS)


@pytest.mark.parametrize("name", TABLES)
def test_the_polynomials_by_table_are_close(name: str) -> None:
    """On their 16 intervals, with the coefficients as they are rounded."""
    fit = load_tool("fit_by_table").FITS[name]
    rows, bits = TABLES[name]
    for j in range(16):
        middle, *coefficients = map(narrow, rows[j]) if fit.single else rows[j]
        with mpmath.workprec(200):
            place, low, high = fit.interval(j)
            for m in (low + (high - low) * i / 40 for i in range(1, 41)):
                exact = fit.function(m)
                found = sum(coefficient * (m - middle) ** k for k, coefficient in enumerate(coefficients))
                if place < fit.odd:
                    found += m
                assert abs(found - exact) < exact * 2.0**-bits, m
