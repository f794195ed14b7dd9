"""Fit a function by 16 polynomials, one for each interval: `python tools/fit_by_table.py tanh` prints a table.

A row is the centre of an interval, and the coefficients of the powers of the distance from there. Centres are moved
until the function's value is nearly a float, so that the first coefficient needs no second part (Gal's method). In the
first intervals of an odd function the centre and the first coefficient are 0, and the others are those of what the
function is more than its argument.
"""

from __future__ import annotations

import argparse
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fit_polynomial
import mpmath
from fit_polynomial import Function, fit

#: Points among which the extremes of an error are looked for.
GRID = {True: 120, False: 600}


def float32(x: Any) -> float:
    """The nearest float32."""
    return float(struct.unpack("<f", struct.pack("<f", float(x)))[0])


@dataclass(frozen=True)
class Fit:
    """A function, and how it is cut into intervals."""

    function: Function
    edges: Callable[[int], Any]
    """The ends of the intervals, from 0 to 16."""
    first: int
    """The index of the first interval; the others follow, after 15 comes 0."""
    degree: int
    single: bool = True
    """Whether the numbers are float32, not float64."""
    odd: int = 0
    """How many intervals have their centre at 0."""
    near: bool = False
    """Whether centres stay within 2^-16 of the middle, and the second coefficient is what it is."""

    def rounded(self, x: Any) -> float:
        """The nearest float of the fit's dtype."""
        return float32(x) if self.single else float(x)

    def interval(self, j: int) -> tuple[int, Any, Any]:
        """The place and the ends of the interval with an index."""
        place = (j - self.first) % 16
        return place, mpmath.mpf(self.edges(place)), mpmath.mpf(self.edges(place + 1))

    def centre(self, low: Any, high: Any) -> Any:
        """The centre of an interval.

        Where the function is nearly constant, floats next to the middle have the same value; within a tenth of the
        interval there are some of which the derivative is nearly a float, too.
        """
        f, middle, half = self.function, (low + high) / 2, (high - low) / 2
        if self.near:
            step = mpmath.mpf(2) ** -22 * max(1, mpmath.mpf(2) ** mpmath.floor(mpmath.log(middle, 2)))
            tried = [mpmath.mpf(self.rounded(middle + k * step)) for k in range(-60, 61)]
            return min(tried, key=lambda c: abs(f(c) - self.rounded(f(c))) / f(c))
        tried = [mpmath.mpf(self.rounded(middle + half * k / 2000)) for k in range(-200, 201)]

        def lost(c: Any) -> Any:
            slope = mpmath.diff(f, c)
            return abs(f(c) - self.rounded(f(c))) + half * abs(slope - self.rounded(slope))

        return min(tried, key=lost)

    def row(self, j: int) -> tuple[list[float], Any]:
        """The row of an index, and its largest error as a share of the function."""
        place, low, high = self.interval(j)
        margin = (high - low) * mpmath.mpf(2) ** (-20 if self.single else -40)
        f = self.function
        if place < self.odd:
            c = first = mpmath.mpf(0)
            slope = mpmath.diff(f, 0)

            def rest(t: Any) -> Any:
                return (f(t) - t) / t if t else slope - 1

            low, high = max(low - margin, c), high + margin
        else:
            c = self.centre(low, high)
            first = mpmath.mpf(self.rounded(f(c)))

            def rest(t: Any) -> Any:
                return (f(c + t) - first) / t if t else mpmath.diff(f, c)

            low, high = low - c - margin, high - c + margin
        powers = list(range(self.degree))
        found = fit(rest, low, high, powers, lambda t: t / f(c + t) if c + t else 1 / slope)
        return [float(c), float(first), *map(self.rounded, found.coefficients)], found.error


def quarters(start: int, factor: float) -> Callable[[int], Any]:
    """The quarters of octaves from one on, which are counted from 1, less the first one; divided by a factor."""

    def quarter(k: int) -> Any:
        return mpmath.mpf(2) ** (k // 4) * (4 + k % 4) / 4

    return lambda place: (quarter(start + place) - quarter(start)) / factor


def tail(a: Any) -> Any:
    """The share of the normal distribution beyond ``a``, without its exponential factor."""
    return mpmath.exp(a * a / 2) * mpmath.erfc(a / mpmath.sqrt(2)) / 2


def scaled_erfc(a: Any) -> Any:
    """erfc without its exponential factor."""
    return mpmath.exp(a * a) * mpmath.erfc(a)


FITS = {
    "gelu": Fit(tail, quarters(0, 1), first=12, degree=6, near=True),
    "erfc": Fit(scaled_erfc, quarters(0, 2**0.5), first=12, degree=6, near=True),
    "erfc64": Fit(scaled_erfc, quarters(0, 0.5493), first=12, degree=14, single=False),
    "tanh": Fit(mpmath.tanh, quarters(-3, 1), first=9, degree=6, odd=4),
    "erf": Fit(mpmath.erf, lambda k: max(k - 0.5, 0) * 0.384, first=0, degree=13, single=False, odd=2),
}


def main() -> None:
    """Print the rows, each with its error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operator", choices=FITS)
    found = FITS[parser.parse_args().operator]
    fit_polynomial.GRID = GRID[found.single]
    with mpmath.workprec(160 if found.single else 400):
        for j in range(16):
            numbers, error = found.row(j)
            print(numbers, f"within 2^{float(mpmath.log(error, 2)):.1f}")


if __name__ == "__main__":
    main()
