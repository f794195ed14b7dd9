"""What tests and benchmarks need to know about an operator besides its record."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INF = float("inf")


class Cases:
    """The test points of an operator, given to its record as ``cases=``.

    Functions are called with the module mpmath and with its numbers. An operator of floats with an error bound needs
    ``exact``, unless mpmath has a function of its name, and ``slope`` if it has one input; the tests say so.

    Attributes:
        exact: the exact result, as in ``lambda mp, x: mp.exp(x)``.
        slope: of an operator of one input, the exact derivative; NaN where there is none.
        domain: the lowest and the highest argument whose result is not NaN.
        smooth: between which arguments the tests of derivatives and the benchmark draw, away from poles and kinks; by
            default between -3 and 3, and 0.1 inside of the domain.
        special: pairs of an argument and its result, which must be exact in every dtype of floats.
        seams: arguments at which formulas meet, results over- or underflow or saturate: their neighbours are tested.
        least: results below it count as it in ULP: where parts of a result cancel, its error is absolute.
        any_zero: whether 0.0 and -0.0, which are equal, may stand for each other in results; NumPy's versions differ.
    """

    def __init__(
        self,
        *,
        exact: Callable[..., Any] | None = None,
        slope: Callable[[Any, Any], Any] | None = None,
        domain: tuple[float, float] = (-INF, INF),
        smooth: tuple[float, float] | None = None,
        special: tuple[tuple[float, float], ...] = (),
        seams: tuple[float, ...] = (),
        least: float = 0.0,
        any_zero: bool = False,
    ) -> None:
        low, high = domain
        self.exact, self.slope, self.domain = exact, slope, domain
        self.smooth = smooth or (max(-3.0, low + 0.1), min(3.0, high - 0.1))
        self.special, self.seams, self.least, self.any_zero = special, seams, least, any_zero
