"""Special functions, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import Table, bits_of_float32, fma, look_up16_float32, narrow, scale, select, widen
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, LOG2_E, NAN, ROOT_SHARES_32, ROOTS_32, chained, exp_parts64, in_float64
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


def bell(x: Any) -> Any:
    """``2 / sqrt(pi) * exp(-x**2)``, the square in two parts: half a ULP of 700 is 400 ULP of its exponential."""
    a = math.fabs(x)
    a = select(a > 28.0, 28.0, a)
    square = a * a
    return 1.1283791670955126 * (math.exp(-square) * (1.0 - fma(a, a, -square)))


@erf.derivative
def erf_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, bell(x))


@erf.specialise_derivative("float32")
@in_float64
def erf_derivative32(x: Any, y: Any, g: Any) -> Any:
    wide = widen(x)
    return chained(widen(g), 1.1283791670955126 * math.exp(-wide * wide))  # the square is exact


# --- erfc ---------------------------------------------------------------------------------------------------------


# From 1/2 on, erfc(a) is exp(-a**2) / (1 + 2 * a) times a number between 1.1 and 1.3, by a polynomial in
# (a - 15/4) / (a + 15/4), with which 1/2 to 27 becomes -13/17 to 0.76 (M. M. Shepherd and J. G. Laframboise 1981).


# tools/fit_polynomial.py "(1+7.5*(1+x)/(1-x)) * exp((3.75*(1+x)/(1-x))**2) * erfc(3.75*(1+x)/(1-x))"
#     --from=-13/17 --to=0.76 --degree=22
def tail_polynomial64(q: Any) -> Any:
    """``(1 + 2 * a) * exp(a**2) * erfc(a)`` of ``q = (a - 15/4) / (a + 15/4)``, for ``a`` from 1/2 on: within 2^-61.

    In two parts.
    """
    q2 = q * q
    q4 = q2 * q2
    q8 = q4 * q4
    p12 = fma(q, 0.0035854154854637354, -0.14024059858554702)
    p34 = fma(q, -0.10880393014171158, 0.08227673849015037)
    p56 = fma(q, -0.05869339859040582, 0.0923043211602297)
    p78 = fma(q, -0.009746579550078712, 0.02836227742083407)
    p9 = fma(q, 0.00029371361958980695, 0.0017556258405858926)
    p11 = fma(q, 5.1649250955172766e-05, -0.00029015403873141395)
    p13 = fma(q, -1.1444399477786067e-05, 2.2384189115496962e-05)
    p15 = fma(q, 1.7516508512782503e-06, -9.736954490283604e-07)
    p17 = fma(q, -2.578697828745173e-07, -5.657564072781498e-08)
    p19 = fma(q, 3.713003049966789e-08, 2.2160424585192264e-08)
    p21 = fma(q, -3.880559546804568e-09, -2.822978536009075e-09)
    high = fma(q8, fma(q4, p21, fma(q2, p19, p17)), fma(q4, fma(q2, p15, p13), fma(q2, p11, p9)))
    rest = fma(q8, high, fma(q4, fma(q2, p78, p56), fma(q2, p34, p12)))
    p = fma(q, rest, 1.2375126308378275)
    # and what the constant coefficient lacks, nearly half a ULP
    return p, fma(q, rest, 1.2375126308378275 - p) + 1.0546160249725448e-16


def tail64(a: Any, a_low: Any, square: Any, low: Any) -> Any:
    """``y, y_low, k`` of ``a`` from 1/2 to 40: ``erfc(a)`` is ``(y + y_low) * 2**floor(k)``.

    The argument and its square are given in two parts. Quotient, exponential and their product have two parts each.
    """
    p, p_low = tail_polynomial64((a - 3.75) / (a + 3.75))
    below = fma(2.0, a, 1.0)
    below_low = fma(2.0, a, 1.0 - below) + 2.0 * a_low
    inverse = 1.0 / below
    quotient = p * inverse
    quotient_low = inverse * (fma(-quotient, below_low, fma(-quotient, below, p)) + p_low)
    k, t, u, v = exp_parts64(-square)
    e = fma(u, v, t)
    e_low = fma(u, v, t - e) - e * low
    y = e * quotient
    return y, fma(e, quotient, -y) + fma(e, quotient_low, e_low * quotient), k


# tools/fit_polynomial.py "erf(sqrt(x))/sqrt(x) - 1" --from=0 --to=1/4 --degree=8 --weight="sqrt(x)"
def erf_polynomial64(z: Any) -> Any:
    """``erf(x) / x - 1`` of ``z = x**2`` up to 1/4: erf within 2^-59."""
    z2 = z * z
    p01 = fma(z, -0.3761263890318278, 0.12837916709551253)
    p23 = fma(z, -0.026866170623197152, 0.11283791670886781)
    p45 = fma(z, -0.0008548287991857198, 0.005223977243891295)
    p67 = fma(z, -1.4836245658554744e-05, 0.00012052914803807844)
    return fma(z2, fma(z2, fma(z2, fma(z2, 1.4635509257141286e-06, p67), p45), p23), p01)


#: Smaller numbers are nothing beside 1, and their squares subnormal.
NOTHING = 8.673617379884035e-19  # 2^-60


def erfc64(x: Any) -> Any:
    """erfc in float64: ``1 - erf(x)`` within 1/2, then by its tail, which below 0 is subtracted from 2."""
    a = math.fabs(x)
    a = select(a > 30.0, 30.0, a)
    near = select(a < NOTHING, 0.0, select(a > 0.5, 0.5, math.copysign(a, x)))
    total = 1.0 - near
    small = total + fma(-near, erf_polynomial64(near * near), (1.0 - total) - near)
    far = select(a < 0.5, 0.5, a)
    square = far * far
    y, y_low, k = tail64(far, 0.0, square, fma(far, far, -square))
    y = scale(y + y_low, k)
    return select(a < 0.5, small, select(x < 0.0, 2.0 - y, y))


# --- erfc and gelu in float32: polynomials by table, and the bell curve -------------------------------------------

# An index of four bits, of an exponent and a fraction, chooses one of 16 intervals and its polynomial, of the distance
# from the interval's middle. There the function is nearly a float32, so that the constant coefficient is precise.


def by_table(rows: tuple[tuple[float, ...], ...]) -> Any:
    """Make the constant coefficient, and the rest of an index's polynomial at ``m``, in float32."""
    middles, c0, c1, c2, c3, c4, c5, c6 = (Table(tuple(narrow(row[k]) for row in rows)) for k in range(8))

    def polynomial(m: Any, j: Any) -> Any:
        t = m - look_up16_float32(middles, j)
        t2 = t * t
        p12 = fma(look_up16_float32(c2, j), t, look_up16_float32(c1, j))
        p34 = fma(look_up16_float32(c4, j), t, look_up16_float32(c3, j))
        p56 = fma(look_up16_float32(c6, j), t, look_up16_float32(c5, j))
        return look_up16_float32(c0, j), t * fma(t2, fma(t2, p56, p34), p12)

    return polynomial


#: ln 2 in two parts, the first of 9 bits: multiples of it by sixteenths up to 160 are exact.
LN2_FIRST, LN2_REST = 0.693359375, -0.00021219444005469057


def bell_of(share: float) -> Any:
    """Make ``k, root, u``: ``exp(-share * m**2)`` is ``root * (1 + u) * 2**floor(k)`` in float32, to ``k`` of -160."""
    steps = share * -LOG2_E

    def bell(m: Any) -> Any:
        # the bits of a sum between 2**19 and 2**20 end with sixteenths
        shifted = narrow(fma(m * m, steps, 786432.0))  # plain Python computes in float64
        k = shifted - 786432.0
        i = bits_of_float32(shifted)
        r = fma(-k, LN2_REST, fma(m * -share, m, k * -LN2_FIRST))
        u = fma(r * r, fma(r, 0.1666666716337204, 0.5), r + look_up16_float32(ROOT_SHARES_32, i))
        return k, look_up16_float32(ROOTS_32, i), u

    return bell


#: The middle of each interval, and its coefficients from the constant one up: `tools/fit_tails.py erfc` fits
#: ``exp(a**2) * erfc(a)`` on the quarters of the octaves of ``1 + sqrt(2) * a``, within 2^-26.4.
SCALED_ERFC = (
    (0.8838978, 0.46151617, -0.31251293, 0.18528697, -0.09915444, 0.04879328, -0.02265029, 0.010330953),
    (1.2374505, 0.37046045, -0.21152624, 0.108706675, -0.051336378, 0.022633838, -0.0094314, 0.0027470351),
    (1.5909865, 0.30730444, -0.15054473, 0.06778985, -0.02846078, 0.011249193, -0.0042552734, 0.0016253721),
    (1.9445312, 0.26145086, -0.11158047, 0.04447915, -0.016726045, 0.005977505, -0.0020534636, 0.0006647958),
    (2.474861, 0.21269128, -0.07561652, 0.025550926, -0.008253484, 0.002561139, -0.0007799971, 0.00022488307),
    (3.1820002, 0.16960582, -0.04900767, 0.01366344, -0.0036868523, 0.0009650997, -0.00024946773, 6.406762e-05),
    (3.88906, 0.14068632, -0.034104098, 0.008053442, -0.0018557834, 0.0004179988, -9.3085844e-05, 1.9868878e-05),
    (4.59614, 0.120032705, -0.025004955, 0.0051064123, -0.0010233463, 0.00020200241, -3.9295974e-05, 4.5246375e-06),
    (5.656838, 0.09824537, -0.016862929, 0.0028545472, -0.00047674112, 7.860625e-05, -1.3106023e-05, 2.1274914e-06),
    (7.071083, 0.07901322, -0.01096107, 0.0015065913, -0.00020521093, 2.7708433e-05, -3.7681425e-06, 5.020531e-07),
    (8.485172, 0.06603878, -0.0076783197, 0.0008869143, -0.00010178467, 1.1617834e-05, -1.3317668e-06, 1.365827e-07),
    (9.899566, 0.05670492, -0.00567101, 0.0005643841, -5.5896464e-05, 5.512941e-06, -5.4557194e-07, 4.9057626e-08),
    (0.08839979, 0.90757537, -0.96792024, 0.82201046, -0.59683305, 0.3849482, -0.22597943, 0.09429914),
    (0.2651574, 0.7592144, -0.7257565, 0.56677526, -0.38364512, 0.23232853, -0.12935711, 0.082970746),
    (0.4419539, 0.64670557, -0.5567511, 0.40064695, -0.25312135, 0.14449276, -0.07595989, 0.028221726),
    (0.6187189, 0.5595409, -0.43598205, 0.28979084, -0.17112118, 0.09186652, -0.04585946, 0.029004535),
)

scaled_erfc_by_table = by_table(SCALED_ERFC)
bell_of_one = bell_of(1.0)


def erfc32(x: Any) -> Any:
    """erfc in float32: ``exp(-a**2)`` times what is left, by table; below 0 that is subtracted from 2.

    The product of the root of 2 and the constant coefficient has two parts; all else is small and added to the second
    one. Beyond 10.5 it is below the subnormal numbers. In float64, by a quotient, it took 2.5 times as long.
    """
    a = math.fabs(x)
    m = select(a < NOTHING, NOTHING, select(a > 10.5, 10.5, a))
    constant, rest = scaled_erfc_by_table(m, bits_of_float32(narrow(fma(m, 1.4142135381698608, 1.0))) >> 21)
    k, root, u = bell_of_one(m)
    y = root * constant
    y_low = fma(root, rest, fma(root, constant, -y))
    tail = scale(y + fma(y + y_low, u, y_low), k)
    return select(x < 0.0, 2.0 - tail, tail)


def numpy_erfc(np: Any, x: Any) -> Any:
    """By a continued fraction from 2 on, else ``1 - erf(x)``, in NumPy's long double."""
    wide = np.asarray(x).astype(np.longdouble)
    a = np.minimum(np.maximum(np.abs(wide), 2), 110)
    fraction = a
    for k in range(200, 0, -1):
        fraction = a + np.longdouble(k) / 2 / fraction
    head = np.rint(a * 1024) / 1024  # its square is exact
    far = np.exp(-head * head) * np.exp((head - a) * (head + a)) / fraction / np.sqrt(np.arctan(np.longdouble(1)) * 4)
    near = 1 - numpy_erf(np, np.clip(wide, -3, 3))
    return np.where(np.abs(wide) < 2, near, np.where(wide < 0, 2 - far, far)).astype(x.dtype)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    max_ulp=1.5,
    compute_bound=True,
    numpy=numpy_erfc,
    aliases=("math.erfc",),
    cases=Cases(
        exact=lambda mp, x: mp.erfc(min(max(x, -100), 100)),
        slope=lambda mp, x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
        special=((0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (30.0, 0.0), (-1e300, 2.0)),
        seams=(0.5, -0.5, 26.543258454250982, 27.226017111108366, -5.9215871957945),
    ),
)
def erfc(x: Any) -> Any:
    """Complementary error function of each element, ``1 - erf(x)``, precise also where that is small.

    Special cases: erfc(inf) is 0, erfc(-inf) is 2, NaN stays NaN. Underflow goes through the subnormal numbers to 0.

    >>> import aotops as ao
    >>> ao.erfc(ao.tensor([0.0, 10.0]))
    tensor([1.00000000e+00, 2.08848758e-45])
    """
    return erfc64(x)


erfc.specialise("float32")(erfc32)


@erfc.derivative
def erfc_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(-g, bell(x))


@erfc.specialise_derivative("float32")
@in_float64
def erfc_derivative32(x: Any, y: Any, g: Any) -> Any:
    wide = widen(x)
    return chained(-widen(g), 1.1283791670955126 * math.exp(-wide * wide))
