"""Fit gelu in float32, a polynomial for each of 16 intervals: `python tools/fit_gelu.py` prints the rows of its table.

The function is ``exp(a**2 / 2) * erfc(a / sqrt(2)) / 2``, on the quarters of the octaves of ``1 + a`` from 1 to 16. A
row is the centre of an interval, and the coefficients of the powers of the distance from there. Centres are moved until
the function's value is nearly a float32, so that the first coefficient needs no second part (Gal's method).
"""

from __future__ import annotations

import struct

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


def centre_of(low: mpmath.mpf, high: mpmath.mpf) -> mpmath.mpf:
    """A number in the middle of an interval of which the tail is nearly a float32."""
    middle = (low + high) / 2
    step = mpmath.mpf(2) ** -22 * max(1, mpmath.mpf(2) ** mpmath.floor(mpmath.log(middle, 2)))
    tried = [mpmath.mpf(float32(middle + k * step)) for k in range(-TRIED, TRIED + 1)]
    return min(tried, key=lambda c: abs(tail(c) - float32(tail(c))) / tail(c))


def row(j: int) -> tuple[list[float], mpmath.mpf]:
    """The row of an index, the last four bits of an exponent and the first two of a fraction, and its error."""
    quarters = (j - 12) % 16
    low, high = (mpmath.mpf(2) ** (k // 4) * (4 + k % 4) / 4 - 1 for k in (quarters, quarters + 1))
    c = centre_of(low, high)
    first = mpmath.mpf(float32(tail(c)))

    def rest(t: mpmath.mpf) -> mpmath.mpf:
        return (tail(c + t) - first) / t if t else mpmath.diff(tail, c)

    margin = (high - low) * mpmath.mpf(2) ** -20
    found = fit(rest, low - c - margin, high - c + margin, list(range(DEGREE)), lambda t: t / tail(c + t))
    return [float(c), float(first), *map(float32, found.coefficients)], found.error


def main() -> None:
    """Print the rows, each with its error."""
    fit_polynomial.GRID = 120
    with mpmath.workprec(160):
        for j in range(16):
            numbers, error = row(j)
            print(numbers, f"within 2^{float(mpmath.log(error, 2)):.1f}")


if __name__ == "__main__":
    main()
