"""Exponentials, logarithms and roots, element by element.

The scalar functions are branch-free, so that the compiler can run them on whole vectors: reduce the argument with fused
multiply-adds, evaluate a polynomial whose coefficients minimise the largest error on the reduced interval
(``tools/fit_polynomial.py``), and restore the exponent. Primitives that are one instruction of x86-64-v4 (``scale``,
``exponent``, ``mantissa``, ``limit``) are defined for zeros, infinities, subnormal numbers and NaN, so that nothing has
to be selected at the end, and no argument takes longer than another.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    centred_exponent,
    centred_mantissa,
    centred_unscale,
    exponent,
    float32_of_bits,
    fma,
    limit,
    look_up16,
    look_up16_float32,
    mantissa,
    narrow,
    rint,
    scale,
    select,
    square_root,
    unscale,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    INVERSES,
    LN2_32,
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    NAN,
    chained,
    chained_quotient,
    exp_parts32,
    exp_parts64,
)
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map

# --- exp ----------------------------------------------------------------------------------------------------------


def exp64(x: Any) -> Any:
    """exp in float64, anywhere: ``scale`` rounds results that are subnormal, and makes infinity and 0 of the others."""
    k, t, u, v = exp_parts64(x)
    return scale(fma(u, v, t), k)


def exp32(x: Any) -> Any:
    """As ``exp64``, in float32."""
    k, t, u, v = exp_parts32(x)
    return scale(fma(u, v, t), k)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.exp", "numpy.exp"),
    cases=Cases(
        slope=lambda mp, x: mp.exp(x),
        special=(
            (0.0, 1.0),
            (-0.0, 1.0),
            (INF, INF),
            (-INF, 0.0),
            (NAN, NAN),
            (1e300, INF),
            (-1e300, 0.0),
            (1e-300, 1.0),
        ),
        # overflow, subnormal results, underflow
        seams=(709.782712893384, -708.3964185322641, -744.4400719213812, -745.1332191019412),
    ),
)
def exp(x: Any) -> Any:
    """Exponential of each element.

    Special cases: exp(-inf) is 0, exp(inf) is inf, NaN stays NaN. Overflow gives inf, and underflow goes through the
    subnormal numbers to 0, without a warning. Complex numbers are as in the array API standard.

    Accuracy: Each part of a complex result errs by at most 2.5 ULP.

    >>> import aotops as ao
    >>> ao.exp(ao.tensor([0.0, 1.0]))
    tensor([1.        , 2.71828183])
    """
    return exp64(x)


exp.specialise("float32")(exp32)


@exp.derivative
def exp_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, y)


# --- expm1 --------------------------------------------------------------------------------------------------------


#: Between 3/4 and 3/2 times a power of 2 the parts of expm1 add up with the least rounding errors: see ``expm1_64``.
SHIFT = 0.08496250072115618  # log2(3/2) - 1/2


# tools/fit_polynomial.py "(expm1(x) - x - x**2/2) / x**3"
#     --from="log(3/4)" --to="log(3/2)" --degree=9 --weight="x**3"
def expm1_polynomial64(r: Any) -> Any:
    """``(exp(r) - 1 - r - r**2 / 2) / r**3`` for ``r`` between ln(3/4) and ln(3/2): exp within 2^-61."""
    r2 = r * r
    p01 = fma(r, 0.04166666666666751, 0.16666666666666663)
    p23 = fma(r, 0.001388888888816583, 0.008333333333338423)
    p45 = fma(r, 2.4801589439839398e-05, 0.00019841269826738605)
    p67 = fma(r, 2.7554657195194407e-07, 2.7557325998053788e-06)
    p89 = fma(r, 2.207932973341865e-09, 2.5070411172180865e-08)
    return fma(r2, fma(r2, fma(r2, fma(r2, p89, p67), p45), p23), p01)


def expm1_64(x: Any) -> Any:
    """expm1 in float64: ``(2**k - 1) + 2**k * y``, where the rounding of ``y`` is at most 1/4 ULP of the result.

    ``exp(x)`` is ``2**k * (1 + y)`` with ``y`` from -1/4 to 1/2. Below -40 the result is -1, above 710 it is infinite.
    Numbers below 2^-54 are their own results, and enter as 0: multiplying subnormal ones is slow.
    """
    small = math.fabs(x) < 2.0**-54
    within = select(small, 0.0, select(x > 710.0, 710.0, select(x < -40.0, -40.0, x)))
    k = rint(fma(within, LOG2_E, -SHIFT))
    high = fma(-k, LN2_HIGH, within)
    r = fma(-k, LN2_LOW, high)
    # the square by itself: it is most of what is added
    y = high + fma(-k, LN2_LOW, (r * r) * fma(r, expm1_polynomial64(r), 0.5))
    # half of all, since 2**k may overflow where the result does not
    s = scale(0.5, k)
    most = s - 0.5
    # what the difference lacks, where it is rounded
    lacking = (s - most) - 0.5
    half = most + fma(s, y, lacking)
    # halves of subnormal numbers would be rounded
    return select(small, x, half + half)


#: 16 divided by ln(2), and its inverse in two parts. The low one is 1e-11 more than what the high one lacks: this takes
#: 0.05 ULP from the results between 2^24 and 2^25, to which the rounding of ``t - 0.5`` adds half a ULP.
SIXTEENTHS_32, SIXTEENTH_HIGH_32, SIXTEENTH_LOW_32 = 23.083120346069336, 0.043321698904037476, -1.09e-10

#: Numbers near the powers of 2 whose exponents are 0, 1/16 to 15/16, in units of 2^-11; they have few bits, so that 1
#: can be subtracted from them, times powers of 2 from 2^-13 on, exactly. The one next to 1 and the one next to 2 are
#: nearer to these than the powers are, by 1.3 and 0.8 %: where the result is smallest, ``r`` is then less than half of
#: it, and so are the roundings of ``r``.
NEAR_ROOTS = (2048, 2111, 2232, 2336, 2432, 2544, 2656, 2776, 2896, 3024, 3160, 3296, 3448, 3600, 3760, 3952)
#: Of their bits the index is subtracted, at the place where the shifted sum has it.
NEAR_ROOTS_32 = Table(
    tuple(float32_of_bits(bits_of_float32(root / 2048.0) - (j << 19)) for j, root in enumerate(NEAR_ROOTS))
)
#: The logarithms of the powers less those of the numbers.
ROOT_DISTANCES_32 = Table(
    (
        0.0,
        0.013023637235164642,
        0.0006090602255426347,
        -0.0016112613957375288,
        0.0014365381794050336,
        -0.00026544436695985496,
        -2.7331727324053645e-05,
        -0.0008954439545050263,
        0.00010682293213903904,
        0.00017853792815003544,
        -0.0004913325537927449,
        0.0006927817594259977,
        -0.0010702601866796613,
        -0.0008880540844984353,
        -0.0010514672612771392,
        -0.007532591000199318,
    )
)


# tools/fit_polynomial.py "(expm1(x) - x) / x**2" --from=-0.037 --to=0.037 --degree=2 --weight="x**2" --float32
def narrow_expm1_32(r: Any) -> Any:
    """``exp(r) - 1`` for ``r`` within 0.037: exp within 2^-33."""
    return fma(r * r, fma(fma(r, 0.041669558733701706, 0.1666765809059143), r, 0.5), r)


def expm1_32(x: Any) -> Any:
    """expm1 in float32, by sixteenths of ``ln(2)``: ``(t - 1) + t * expm1(r)`` with ``t`` from a table.

    Half of the result is computed, since ``t`` may overflow where the result does not.
    """
    ordinary = math.fabs(x) >= 2.0**-25  # not NaN, which stays what it is
    within = select(x < -20.0, -20.0, x)
    within = select(ordinary, select(within > 89.0, 89.0, within), 0.0)
    # the bits of a sum between 2**23 and 2**24 end with its integer, whose last four bits are an index; it is 16 less,
    # so that ``t`` is half a power of 2
    shifted = narrow(fma(within, SIXTEENTHS_32, 12582896.0))  # plain Python computes in float64
    k = shifted - 12582896.0
    j = bits_of_float32(shifted)
    rest = fma(-k, SIXTEENTH_LOW_32, look_up16_float32(ROOT_DISTANCES_32, j))
    r = fma(-k, SIXTEENTH_HIGH_32, within) + rest
    t = float32_of_bits(bits_of_float32(look_up16_float32(NEAR_ROOTS_32, j)) + ((j - 0x4B400000) << 19))
    half = fma(t, narrow_expm1_32(r), t - 0.5)
    return select(ordinary, half + half, x)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.expm1", "numpy.expm1"),
    cases=Cases(
        slope=lambda mp, x: mp.exp(x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e300, INF), (-1e300, -1.0)),
        seams=(709.782712893384, -36.7368005696771),
    ),
)
def expm1(x: Any) -> Any:
    """``exp(x) - 1`` of each element, precise also near zero.

    Special cases: expm1(-inf) is -1, expm1(inf) is inf, zeros and NaN stay what they are. Overflow gives inf, without a
    warning. Complex numbers are as in the array API standard.

    Accuracy: Of complex results, the imaginary part errs by at most 2.5 ULP, and both parts together by 3 ULP of the
    larger one.

    >>> import aotops as ao
    >>> ao.expm1(ao.tensor([1e-10, 1.0]))
    tensor([1.00000000e-10, 1.71828183e+00])
    """
    return expm1_64(x)


expm1.specialise("float32")(expm1_32)


@expm1.derivative
def expm1_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, math.exp(x))  # y + 1 cancels below 0


# --- log ----------------------------------------------------------------------------------------------------------


#: The logarithms of ``1 / INVERSES`` in two parts: the high ones are multiples of 2^-42, as ``LN2_HIGH`` is; the low
#: ones end in 32 zero bits, which makes look-ups cheaper. The last ones are those of ln 2.
LOGARITHMS = Table(
    (
        0.0,
        0.0645385211375924,
        0.13353139262449076,
        0.20763936477828793,
        0.2468600779316148,
        0.28768207245184385,
        0.33024168687052224,
        0.3746934494413381,
        0.4212134650763346,
        0.4700036292456389,
        0.521296923633372,
        0.521296923633372,
        0.5753641449034603,
        0.6325225587434034,
        0.6325225587434034,
        0.6931471805598903,
    )
)
LOGARITHMS_LOW = Table(
    (
        0.0,
        -2.122560211360175e-14,
        3.1859741624409854e-14,
        -4.342541408929035e-14,
        -8.899852426205723e-14,
        -6.29235704339981e-14,
        5.461215789488716e-14,
        7.260468268266429e-14,
        -3.1063828809588245e-14,
        9.667716930825132e-14,
        -8.590204285743863e-14,
        -8.590204285743863e-14,
        1.0152653457523586e-13,
        1.0711543414407276e-13,
        1.0711543414407276e-13,
        5.497924164543644e-14,
    )
)


LN2_SHORT = LOGARITHMS_LOW.values[-1]


def log_tables64(j: Any) -> Any:
    """An inverse and its logarithm in two parts."""
    return look_up16(INVERSES, j), look_up16(LOGARITHMS, j), look_up16(LOGARITHMS_LOW, j)


# tools/fit_polynomial.py "(log1p(x) - x) / x**2" --from=-3/80 --to=1/16 --degree=9 --weight=x
def log_polynomial64(r: Any) -> Any:
    """``(log(1 + r) - r) / r**2`` for ``r`` from -3/80 to 1/16: the logarithm within 2^-60 of itself."""
    r2 = r * r
    p01 = fma(r, 0.3333333333333329, -0.4999999999999999)
    p23 = fma(r, 0.20000000000907628, -0.25000000000101585)
    p45 = fma(r, 0.14285711071160395, -0.16666666448770964)
    p67 = fma(r, 0.11114679400788059, -0.12500167228080244)
    p89 = fma(r, 0.07873184658351125, -0.09969360992423372)
    return fma(r2, fma(r2, fma(r2, fma(r2, p89, p67), p45), p23), p01)


def log_in_parts64(k: Any, high: Any, low: Any, r: Any) -> Any:
    """``k * ln(2) + log(1 + r)``, and an entry of ``LOGARITHMS``: a number, and a small one to be added to it.

    Of the sum's parts only ``r`` and what it is added to are large: what their sum lacks is added to the others. An
    infinite ``k`` gives itself: both parts of ln 2 have the same sign.
    """
    high = fma(k, LN2_HIGH, high)
    low = fma(k, LN2_SHORT, low)
    total = high + r
    lacking = limit(r - (total - high), 1.0)  # NaN beside infinity
    return total, lacking + fma(r * r, log_polynomial64(r), low)


def log_of_parts64(k: Any, high: Any, low: Any, r: Any) -> Any:
    """As ``log_in_parts64``, the sum of both."""
    total, rest = log_in_parts64(k, high, low, r)
    return total + rest


def log64(x: Any) -> Any:
    """log in float64, anywhere: the exponent of 0 is -inf, and the mantissa of negative numbers NaN.

    A table of 16 inverses takes the place of a division, which is 16 cycles per vector on Sapphire Rapids: 0.66 ns per
    element for 0.83.
    """
    m = mantissa(x)
    inverse, high, low = log_tables64(bits_of_float64(m) >> 48)
    return log_of_parts64(exponent(x), high, low, fma(m, inverse, -1.0))


# tools/fit_polynomial.py "(2*atanh(sqrt(x))/sqrt(x) - 2) / x" --from=0 --to=0.04 --degree=2 --weight=x --float32
def atanh_quotient32(z: Any) -> Any:
    """``(2 * atanh(s) / s - 2) / z`` of ``z = s**2`` up to 0.04: the logarithm within 2^-27 of itself."""
    return fma(fma(z, 0.3036055862903595, 0.3995782732963562), z, 0.666669487953186)


def log_of_parts32(k: Any, f: Any) -> Any:
    """``k * ln(2) + log(1 + f)`` in float32, ``f`` from -1/4 to 1/2: ``2 * atanh(s)`` with ``s = f / (2 + f)``.

    ``2 * s`` is ``f - s * f``, of which f is exact and the rest at most a fifth of the result. A division costs less
    than a table, or the 10 coefficients of a polynomial in f.
    """
    s = f / (2.0 + f)
    z = s * s
    return fma(k, LN2_32, fma(-s, fma(-z, atanh_quotient32(z), f), f))


def log32(x: Any) -> Any:
    """As ``log64``, in float32, without a table."""
    return log_of_parts32(centred_exponent(x), centred_mantissa(x) - 1.0)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.log", "numpy.log"),
    cases=Cases(
        slope=lambda mp, x: 1 / x if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=(
            (1.0, 0.0),
            (0.0, -INF),
            (-0.0, -INF),
            (INF, INF),
            (-INF, NAN),
            (-1.0, NAN),
            (-1e-40, NAN),
            (NAN, NAN),
        ),
        seams=(2.2250738585072014e-308, math.e),
    ),
)
def log(x: Any) -> Any:
    """Natural logarithm of each element.

    Special cases: log(0) is -inf, log(inf) is inf. Below zero, and of NaN, it is NaN, without a warning. Complex
    numbers are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: Each part of a complex result errs by at most 1.5 ULP.

    >>> import aotops as ao
    >>> ao.log(ao.tensor([1.0, 0.0]))
    tensor([  0., -inf])
    """
    return log64(x)


log.specialise("float32")(log32)


@log.derivative
def log_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, select(x < 0.0, NAN, math.fabs(x)))


# --- log1p --------------------------------------------------------------------------------------------------------


def log1p64(x: Any) -> Any:
    """log1p in float64, anywhere: as log of ``1 + x``, whose rounding only decides which inverse is taken.

    ``(1 + x) * c - 1`` is ``x * c + (c - 1)`` with one rounding: ``c - 1`` is rounded only where it is nothing to the
    result. Numbers below 2^-54 are their own results, and enter as 0: multiplying subnormal ones is slow.
    """
    small = math.fabs(x) < 2.0**-54
    within = select(small, 0.0, x)
    total = 1.0 + within
    inverse, high, low = log_tables64(bits_of_float64(mantissa(total)) >> 48)
    c = unscale(inverse, total)
    y = log_of_parts64(exponent(total), high, low, limit(fma(within, c, c - 1.0), 0.0625))
    return select(small, x, select(x < -1.0, NAN, y))


def log1p32(x: Any) -> Any:
    """As ``log1p64``, in float32."""
    small = math.fabs(x) < 2.0**-25
    within = select(small, 0.0, x)
    total = 1.0 + within
    c = centred_unscale(1.0, total)
    y = log_of_parts32(centred_exponent(total), limit(fma(within, c, c - 1.0), 0.5))
    return select(small, x, select(x < -1.0, NAN, y))


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.log1p", "numpy.log1p"),
    cases=Cases(
        slope=lambda mp, x: 1 / (1 + x) if x > -1 else mp.nan,
        domain=(-1.0, INF),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-1.0, -INF), (-1.5, NAN), (-INF, NAN), (NAN, NAN)),
        seams=(0.25, 0.5, 2.0**1022),
    ),
)
def log1p(x: Any) -> Any:
    """``log(1 + x)`` of each element, precise also near zero.

    Special cases: log1p(-1) is -inf, log1p(inf) is inf, zeros stay what they are. Below -1, and of NaN, it is NaN,
    without a warning. Complex numbers are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: Each part of a complex result errs by at most 1.5 ULP.

    >>> import aotops as ao
    >>> ao.log1p(ao.tensor([1e-10, -1.0]))
    tensor([1.e-10,   -inf])
    """
    return log1p64(x)


log1p.specialise("float32")(log1p32)


@log1p.derivative
def log1p_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, select(x < -1.0, NAN, 1.0 + x))


# --- sqrt ---------------------------------------------------------------------------------------------------------


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    aliases=("math.sqrt", "numpy.sqrt"),
    cases=Cases(
        slope=lambda mp, x: 1 / (2 * mp.sqrt(x)) if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, NAN), (-1.0, NAN), (NAN, NAN), (4.0, 2.0)),
    ),
)
def sqrt(x: Any) -> Any:
    """Square root of each element, correctly rounded; NaN below zero, without a warning.

    Special cases: NaN below zero, without a warning; zeros stay what they are. Complex numbers are as in the array API
    standard, with signed zeros along branch cuts.

    Accuracy: Correctly rounded. Each part of a complex result errs by at most 2.5 ULP.

    >>> import aotops as ao
    >>> ao.sqrt(ao.tensor([4.0, 2.0]))
    tensor([2.        , 1.41421356])
    """
    return square_root(x)


@sqrt.derivative
def sqrt_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g, math.fabs(y + y))
