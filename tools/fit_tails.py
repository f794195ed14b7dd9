"""Fit gelu and erfc in float32, a polynomial for each of 16 intervals: `python tools/fit_tails.py gelu` prints a table.

Of gelu the function is ``exp(a**2 / 2) * erfc(a / sqrt(2)) / 2``, on the quarters of the octaves of ``1 + a`` from 1 to
16, and of erfc ``exp(a**2) * erfc(a)``, on those of ``1 + sqrt(2) * a``. A row is the centre of an interval, and the
coefficients of the powers of the distance from there. Centres are moved until the function's value is nearly a float32,
so that the first coefficient needs no second part (Gal's method).
"""

from __future__ import annotations

import argparse
import struct
from collections.abc import Callable

import fit_polynomial
import mpmath
from fit_polynomial import fit

DEGREE = 6
#: How many neighbours of a centre are tried on either side, and their distance: 2^-22 of the centre's power of two.
TRIED = 60


def float32(x: object) -> float:
    """The nearest float32."""
    return float(struct.unpack("<f", struct.pack("<f", float(x)))[0])  # type: ignore[arg-type]


def tail(a: mpmath.mpf) -> mpmath.mpf:
    """The share of the normal distribution beyond ``a``, without its exponential factor."""
    return mpmath.exp(a * a / 2) * mpmath.erfc(a / mpmath.sqrt(2)) / 2


def scaled_erfc(a: mpmath.mpf) -> mpmath.mpf:
    """erfc without its exponential factor."""
    return mpmath.exp(a * a) * mpmath.erfc(a)


#: The function of each operator, and what its argument is multiplied by to find its interval.
TAILS: dict[str, tuple[Callable[[mpmath.mpf], mpmath.mpf], float]] = {
    "gelu": (tail, 1.0),
    "erfc": (scaled_erfc, 2**0.5),
}


def centre_of(function: Callable[[mpmath.mpf], mpmath.mpf], low: mpmath.mpf, high: mpmath.mpf) -> mpmath.mpf:
    """A number in the middle of an interval of which the function is nearly a float32."""
    middle = (low + high) / 2
    step = mpmath.mpf(2) ** -22 * max(1, mpmath.mpf(2) ** mpmath.floor(mpmath.log(middle, 2)))
    tried = [mpmath.mpf(float32(middle + k * step)) for k in range(-TRIED, TRIED + 1)]
    return min(tried, key=lambda c: abs(function(c) - float32(function(c))) / function(c))


def row(j: int, name: str) -> tuple[list[float], mpmath.mpf]:
    """The row of an index, the last four bits of an exponent and the first two of a fraction, and its error."""
    function, factor = TAILS[name]
    quarters = (j - 12) % 16
    low, high = ((mpmath.mpf(2) ** (k // 4) * (4 + k % 4) / 4 - 1) / factor for k in (quarters, quarters + 1))
    c = centre_of(function, low, high)
    first = mpmath.mpf(float32(function(c)))

    def rest(t: mpmath.mpf) -> mpmath.mpf:
        return (function(c + t) - first) / t if t else mpmath.diff(function, c)

    margin = (high - low) * mpmath.mpf(2) ** -20
    found = fit(rest, low - c - margin, high - c + margin, list(range(DEGREE)), lambda t: t / function(c + t))
    return [float(c), float(first), *map(float32, found.coefficients)], found.error


def main() -> None:
    """Print the rows, each with its error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operator", choices=TAILS)
    name = parser.parse_args().operator
    fit_polynomial.GRID = 120
    with mpmath.workprec(160):
        for j in range(16):
            numbers, error = row(j, name)
            print(numbers, f"within 2^{float(mpmath.log(error, 2)):.1f}")


if __name__ == "__main__":
    main()
