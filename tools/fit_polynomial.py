"""Fit the polynomial of least error: `python tools/fit_polynomial.py "cos(x)" --from=0 --to=1 --powers 0 2 4`.

Remez's exchange algorithm, in mpmath: of all sums of the powers it finds the one whose largest error
`weight(x) * (function(x) - polynomial(x))` on the interval is smallest, and prints its coefficients, rounded to float64
or float32, and that error as a power of two. Expressions are in x and mpmath's functions. Weight 1 is the absolute
error, and `1 / f` the relative one of f.

Above the coefficients in `src/aotops/ops/` stands the call that fits them, and a test runs these calls. Last digits may
differ: some coefficients were fitted again after the leading ones had been rounded, or were split into factors. The
error on the interval does not differ, beyond such roundings.
"""

from __future__ import annotations

import argparse
import shlex
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath

Function = Callable[[Any], Any]

PRECISION = 400
"""Bits: systems of equations in powers lose many."""
GRID = 600
"""Points among which the extremes of the error are looked for."""
ROUNDS = 30
EVEN = 1e-6
"""The extremes of the error count as equal within this share."""


@dataclass(frozen=True)
class Fit:
    """A polynomial of least error."""

    coefficients: list[Any]
    """To mpmath's precision, in the order of the powers."""
    error: Any
    """The largest weighted error."""
    largest: list[Any]
    """For each power, the largest weighted value that it has on the interval."""


def fit(function: Function, low: Any, high: Any, powers: Sequence[int], weight: Function) -> Fit:
    """The polynomial in these powers whose weighted error on the interval is least."""
    count = len(powers) + 1
    middle, half = (low + high) / 2, (high - low) / 2
    grid = [middle - half * mpmath.cos(mpmath.pi * i / GRID) for i in range(GRID + 1)]
    values = {x: value for x in grid if (value := defined(function, x)) is not None and defined(weight, x)}
    nodes = [middle - half * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    heaviest = max(abs(weight(x)) for x in values)
    nodes = [x if abs(defined(weight, x) or 0) > heaviest / 1e6 else x + half / 32 for x in nodes]
    for _ in range(ROUNDS):
        coefficients = solve(function, weight, nodes, powers)

        def error(x: Any, coefficients: list[Any] = coefficients) -> Any:
            value = values[x] if x in values else function(x)
            return weight(x) * (value - sum(c * x**power for c, power in zip(coefficients, powers, strict=True)))

        extremes = alternating([(x, error(x)) for x in values], count)
        if len(extremes) < count:
            raise ArithmeticError(f"the error has {len(extremes)} extremes of alternating sign, {count} are needed")
        nodes = [x for x, _ in extremes]
        sizes = [abs(size) for _, size in extremes]
        if max(sizes) <= min(sizes) * (1 + EVEN):
            break
    largest = [max(abs(weight(x) * x**power) for x in values) for power in powers]
    return Fit(coefficients, max(sizes), largest)


def defined(function: Function, x: Any) -> Any:
    """The value of a function; None where it divides by zero."""
    try:
        return function(x)
    except ZeroDivisionError:
        return None


def solve(function: Function, weight: Function, nodes: Sequence[Any], powers: Sequence[int]) -> list[Any]:
    """The polynomial whose weighted errors at the nodes are equal, with alternating signs."""
    size = len(nodes)
    matrix, right = mpmath.matrix(size, size), mpmath.matrix(size, 1)
    for i, x in enumerate(nodes):
        for j, power in enumerate(powers):
            matrix[i, j] = weight(x) * x**power
        matrix[i, size - 1] = (-1) ** i
        right[i] = weight(x) * function(x)
    solution = mpmath.lu_solve(matrix, right)
    return [solution[j] for j in range(size - 1)]


def alternating(errors: Sequence[tuple[Any, Any]], count: int) -> list[tuple[Any, Any]]:
    """The extremes of the error, one for each stretch of the same sign, at most ``count``."""
    extremes: list[tuple[Any, Any]] = []
    for x, size in errors:
        if extremes and (size > 0) == (extremes[-1][1] > 0):
            if abs(size) > abs(extremes[-1][1]):
                extremes[-1] = x, size
        elif size != 0:
            extremes.append((x, size))
    while len(extremes) > count:
        extremes.pop(0 if abs(extremes[0][1]) < abs(extremes[-1][1]) else -1)
    return extremes


def rounded(value: Any, float32: bool) -> float:
    """A coefficient as a float64, or as a float32."""
    return float(struct.unpack("f", struct.pack("f", float(value)))[0]) if float32 else float(value)


def expression(text: str) -> Function:
    """A function of x."""
    code = compile(text, "<expression>", "eval")
    names = {name: getattr(mpmath, name) for name in dir(mpmath) if not name.startswith("_")}
    return lambda x: mpmath.mpf(eval(code, {**names, "x": x}))


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of all options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("function", help="an expression in x")
    parser.add_argument("--from", dest="low", required=True, help="the lower end, an expression without x")
    parser.add_argument("--to", dest="high", required=True, help="the upper end")
    parser.add_argument("--degree", type=int, help="fit the powers 0 to this one")
    parser.add_argument("--powers", type=int, nargs="+", help="fit these powers")
    parser.add_argument("--weight", default="1", help="an expression in x, by which the error is multiplied")
    parser.add_argument("--float32", action="store_true", help="round the coefficients to float32, not float64")
    return parser


def parse(call: str) -> argparse.Namespace:
    """The arguments in a call, as it stands in a comment."""
    return build_parser().parse_args(shlex.split(call))


def run(arguments: argparse.Namespace) -> Fit:
    """Fit what the arguments say."""
    with mpmath.workprec(PRECISION):
        low, high = (expression(end)(mpmath.mpf(0)) for end in (arguments.low, arguments.high))
        powers = arguments.powers or list(range(arguments.degree + 1))
        return fit(expression(arguments.function), low, high, powers, expression(arguments.weight))


def main(argv: Sequence[str] | None = None) -> None:
    """Print the fit."""
    arguments = build_parser().parse_args(argv)
    found = run(arguments)
    powers = arguments.powers or range(arguments.degree + 1)
    for power, coefficient in zip(powers, found.coefficients, strict=True):
        print(f"x**{power:<2}  {rounded(coefficient, arguments.float32)!r}")
    print(f"within 2^{mpmath.nstr(mpmath.log(found.error, 2), 5)}")


if __name__ == "__main__":
    main()
