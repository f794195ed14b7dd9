"""Special functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import fma, select, widen
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, chained, in_float64
from aotops.ops.record import FLOATS, TO_FLOAT, map

#: Polynomials are evaluated from here on, where no square is subnormal: of smaller numbers P is what it is here.
TINY, TINY_32 = 7.450580596923828e-09, 0.000244140625  # 2^-27, 2^-12

# --- erf ----------------------------------------------------------------------------------------------------------


# Below about 1, erf(x) is x + x * P(x**2), with P between 0.13 and -0.14. Beyond it is 1 - p(x)**n, with a polynomial p
# for the n-th root of erfc. Roots are flatter: from 1 to 3.92, where float32 ends, 12 coefficients leave an error of
# 2^-30 by way of the square root, and of 2^-21 for erfc itself. Each polynomial is that of least error (Remez, at 130
# bits), its first coefficients rounded up or down together so that rounding them adds little.
#
# All intervals share one evaluation, with a select for each coefficient: one operation, where another evaluation would
# take two. What is near 1 needs the most precision, for there the corrections are largest, so there the variable is
# small and the roundings of its multiples with it: roots count x from 1, P counts x**2 from the middle of its interval.


def select3(small: Any, middle: Any, a: Any, b: Any, c: Any) -> Any:
    """The coefficient of the interval that an argument is in."""
    return select(small, a, select(middle, b, c))


def erf64(x: Any) -> Any:
    """erf in float64: by P to 59/64, by the square root of erfc to 29/16, then by its eighth root."""
    a = math.fabs(x)
    a = select(a > 6.0, 6.0, a)  # from 5.92 on it rounds to 1
    small = a < 0.921875
    middle = a < 1.8125
    moderate = select(a < TINY, TINY, a)
    v = select(small, fma(moderate, moderate, -0.375), a - select(middle, 1.0, 3.5))
    v2 = v * v
    v4 = v2 * v2
    c0 = select3(small, middle, 0.0018801197863594786, 0.3966096406421371, 0.17134869010163425)
    c1 = select3(small, middle, -0.30180962110736903, -0.5233199787434673, -0.15562958082677056)
    c2 = select3(small, middle, 0.08660397291084937, 0.17806387287994507, 0.04996976837345181)
    c3 = select3(small, middle, -0.02011485003391934, 0.06051239508009894, -0.0027025332256898175)
    c4 = select3(small, middle, 0.003850044303837257, -0.047347103125971145, -0.00231066735304584)
    c5 = select3(small, middle, -0.0006231851743355239, -0.002421688458068046, 0.0005140362122012526)
    c6 = select3(small, middle, 8.718801096351814e-05, 0.007630835344785879, 2.2694735881469455e-05)
    c7 = select3(small, middle, -1.0729329938748745e-05, -0.0007253668691401452, -2.136164050722929e-05)
    c8 = select3(small, middle, 1.1777316155856595e-06, -0.0008174363036680118, 1.7114543119275225e-06)
    c9 = select3(small, middle, -1.1665252121689559e-07, 0.0001704810166277416, 4.081284410312892e-07)
    c10 = select3(small, middle, 1.0539927225098258e-08, 5.9731278279283705e-05, -7.680030738493295e-08)
    # P ends here: the rest is of the roots alone
    c12 = select(middle, -3.868763829459266e-06, 1.8689827770764884e-09)
    c13 = select(middle, 2.4614958641405155e-06, -4.5402769935792763e-11)
    c14 = select(middle, -3.237255710208546e-07, -3.597833852787715e-11)
    roots = fma(v, fma(v, fma(v, c14, c13), c12), select(middle, -1.9682852052848875e-05, -3.060122617045749e-09))
    c11 = select(small, -8.2378702589916e-10, roots)
    p25 = fma(v2, fma(v, c5, c4), fma(v, c3, c2))
    p69 = fma(v2, fma(v, c9, c8), fma(v, c7, c6))
    p = fma(v, fma(v, fma(v4, fma(v4, fma(v, c11, c10), p69), p25), c1), c0)
    square = p * p
    fourth = square * square
    root = select(middle, p, fourth)
    # one product for all: a + a * p, 1 - p * p and 1 - p**4 * p**4
    y = fma(root, select(small, a, -root), select(small, a, 1.0))
    return math.copysign(y, x)


def erf32(x: Any) -> Any:
    """erf in float32: ``a - a * p`` with -P for p to 61/64, then ``1 - p * p`` with the square root of erfc."""
    a = math.fabs(x)
    a = select(a > 4.0, 4.0, a)  # from 3.92 on it rounds to 1
    small = a < 0.953125
    moderate = select(a < TINY_32, TINY_32, a)
    v = select(small, fma(moderate, moderate, -0.46875), a - 1.0)
    v2 = v * v
    c0 = select(small, 0.0256696455180645, 0.3966096341609955)
    c1 = select(small, 0.28608930110931396, -0.5233199596405029)
    c2 = select(small, -0.08114468306303024, 0.17806470394134521)
    c3 = select(small, 0.01872408576309681, 0.060505758970975876)
    c4 = select(small, -0.0035687810741364956, -0.04733610153198242)
    c5 = select(small, 0.0005796047626063228, -0.0023704851046204567)
    p78 = fma(v, -0.0014118286781013012, -0.00019768245692830533)
    p9 = fma(v, fma(v, 6.4006567299657036e-06, -9.701713861431926e-05), 0.000572388875298202)
    c6 = select(small, -8.195098780561239e-05, fma(v, fma(v2, p9, p78), 0.007368189282715321))
    p = fma(v, fma(v, fma(v, fma(v2, c5, c3), fma(v2, fma(v2, c6, c4), c2)), c1), c0)
    return math.copysign(fma(select(small, a, p), -p, select(small, a, 1.0)), x)


def numpy_erf(np: Any, x: Any) -> Any:
    """By ``2 / sqrt(pi) * exp(-x**2) * x * (1 + 2 / 3 * x**2 * (1 + 2 / 5 * x**2 * (...)))``: nothing cancels.

    NumPy has none; in its long double, so that no rounding of it counts where that is wider.
    """
    wide = np.asarray(x).astype(np.longdouble)
    large = np.abs(wide) >= 7  # there it is 1, and the series long
    a = np.where(large, 0, np.abs(wide))
    twice = 2 * a * a
    greatest = float(np.fmax.reduce(twice, axis=None, initial=0))
    count, least = 1, greatest
    while least > 2.0**-70:
        count += 1
        least *= greatest / (2 * count + 1)
    series = np.ones_like(a)
    for k in range(count, 0, -1):
        series = 1 + twice / (2 * k + 1) * series
    head = np.rint(a * 1024) / 1024  # its square is exact
    constant = np.longdouble("1.1283791670955125738961589031215451717")  # 2 / sqrt(pi)
    y = constant * np.exp(-head * head) * np.exp((head - a) * (head + a)) * (a * series)
    return np.copysign(np.where(large, 1, y), wide).astype(x.dtype)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1,
    compute_bound=True,
    numpy=numpy_erf,
    aliases=("math.erf",),
    cases=Cases(
        slope=lambda mp, x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (6.0, 1.0), (-1e300, -1.0)),
        seams=(0.921875, 1.8125, 5.9215871957945, 6.0),
    ),
)
def erf(x: Any) -> Any:
    """Error function of each element: the integral of ``2 / sqrt(pi) * exp(-t**2)`` over t from 0 to ``x``.

    By polynomials for ``erf(x) / x``, and for roots of ``1 - erf(x)`` where that is below 0.2.

    Special cases: erf(inf) is 1, zeros and NaN stay what they are.

    Accuracy: ``erf(-x)`` is ``-erf(x)``.

    >>> import aotops as ao
    >>> ao.erf(ao.tensor([-0.0, 1.0]))
    tensor([-0.        ,  0.84270079])
    """
    return erf64(x)


erf.specialise("float32")(erf32)


@erf.derivative
def erf_derivative(x: Any, y: Any, g: Any) -> Any:
    # the square in two parts: half a ULP of 700 is 400 ULP of its exponential
    a = math.fabs(x)
    a = select(a > 28.0, 28.0, a)
    square = a * a
    return chained(g, 1.1283791670955126 * (math.exp(-square) * (1.0 - fma(a, a, -square))))


@erf.specialise_derivative("float32")
@in_float64
def erf_derivative32(x: Any, y: Any, g: Any) -> Any:
    wide = widen(x)
    return chained(widen(g), 1.1283791670955126 * math.exp(-wide * wide))  # the square is exact
