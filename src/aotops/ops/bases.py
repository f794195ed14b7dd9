"""Exponentials and logarithms to the bases 2 and 10, element by element.

As those of ``aotops.ops.exponential``, with tables and constants of their own, so that powers of the base are exact.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    exponent,
    fma,
    limit,
    look_up16,
    look_up16_float32,
    mantissa,
    rint,
    scale,
    select,
)
from aotops.ops.cases import Cases
from aotops.ops.exponential import log_polynomial64
from aotops.ops.float_arithmetic import (
    INF,
    INVERSES,
    LOG2_E,
    LOG2_E_32,
    LOG2_E_LOW,
    LOG2_E_LOW_32,
    NAN,
    NEGLIGIBLE,
    ROOTS,
    ROOTS_LOW,
    chained,
    chained_quotient,
)
from aotops.ops.power import LOG2S
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map

LN2, LN10 = 0.6931471805599453, 2.302585092994046

# --- exp2 ---------------------------------------------------------------------------------------------------------


# tools/fit_polynomial.py "(2**x - 1) / x" --from=-1/32 --to=1/32 --degree=5 --weight=x
def exp2_64(x: Any) -> Any:
    """exp2 in float64, anywhere: the nearest sixteenth from a table, and a polynomial for the rest, which is exact."""
    x = x + NEGLIGIBLE
    shifted = x + 422212465065984.0  # a sum between 2**48 and 2**49, which ends with sixteenths
    k = shifted - 422212465065984.0
    r = limit(x - k, 0.03125)
    j = bits_of_float64(shifted)
    r2 = r * r
    p01 = fma(r, 0.24022650695910072, 0.6931471805599468)
    p23 = fma(r, 0.009618129107152986, 0.05550410865207401)
    p45 = fma(r, 0.00015403692039695998, 0.0013333819016195473)
    p = fma(r2, fma(r2, p45, p23), p01)
    t = look_up16(ROOTS, j)
    return scale(fma(t, fma(r, p, look_up16(ROOTS_LOW, j)), t), k)


# tools/fit_polynomial.py "(2**x - 1) / x" --from=-1/2 --to=1/2 --degree=5 --weight=x --float32
def exp2_32(x: Any) -> Any:
    """As ``exp2_64``, in float32, without a table."""
    x = x + NEGLIGIBLE
    k = rint(x)
    r = limit(x - k, 0.5)
    p23 = fma(r, 0.009618096984922886, 0.055503252893686295)
    p45 = fma(r, 0.00015445386816281825, 0.0013401237083598971)
    p = fma(r, fma(r * r, p45, p23), 0.24022650718688965)
    return scale(fma(r, fma(r, p, 0.6931471824645996), 1.0), k)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.exp2", "numpy.exp2"),
    cases=Cases(
        exact=lambda mp, x: mp.mpf(2) ** x,
        slope=lambda mp, x: mp.log(2) * mp.mpf(2) ** x,
        special=(
            (0.0, 1.0),
            (-0.0, 1.0),
            (3.0, 8.0),
            (-1.0, 0.5),
            (INF, INF),
            (-INF, 0.0),
            (NAN, NAN),
            (1e300, INF),
            (-1e300, 0.0),
        ),
        # overflow, subnormal results, underflow
        seams=(1024.0, -1022.0, -1074.0, -1075.0),
    ),
)
def exp2(x: Any) -> Any:
    """2 to the power of each element, ``2**x``.

    Special cases: exp2(-inf) is 0, exp2(inf) is inf, NaN stays NaN. Overflow gives inf, and underflow goes through
    the subnormal numbers to 0, without a warning.

    Accuracy: Of integers, exact.

    >>> import aotops as ao
    >>> ao.exp2(ao.tensor([3.0, -1.0]))
    tensor([8. , 0.5])
    """
    return exp2_64(x)


exp2.specialise("float32")(exp2_32)


@exp2.derivative
def exp2_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, y) * LN2


# --- log2, log10 --------------------------------------------------------------------------------------------------

#: The logarithms of ``1 / INVERSES`` to the bases 2 and 10 in two parts, as ``LOGARITHMS`` of
#: ``aotops.ops.exponential``; the high ones to the base 2 are ``LOG2S``. The last ones are those of 2.
LOGARITHMS_2_LOW = Table(
    (
        0.0,
        -1.670325932689315e-14,
        -1.991740377228074e-14,
        -2.2626513293197426e-14,
        -1.0069646939198096e-13,
        -8.004187590504586e-14,
        -7.53115018264916e-14,
        8.443284049350352e-14,
        -9.995926612479944e-14,
        6.333860302562555e-14,
        -5.712482353467663e-14,
        -5.712482353467663e-14,
        6.728997784324897e-14,
        -6.781364749255947e-14,
        -6.781364749255947e-14,
        0.0,
    )
)
LOGARITHMS_10 = Table(
    (
        0.0,
        0.02802872360030051,
        0.05799194697760868,
        0.09017663034910584,
        0.10720996964778351,
        0.12493873660832833,
        0.14342214230237005,
        0.16272729749766768,
        0.182930683585937,
        0.20411998265581133,
        0.22639637736710938,
        0.22639637736710938,
        0.24987747321665665,
        0.27470105694169433,
        0.27470105694169433,
        0.30102999566383914,
    )
)
LOGARITHMS_10_LOW = Table(
    (
        0.0,
        -5.697037893520607e-14,
        7.807778945947974e-14,
        -1.7823551879195265e-14,
        8.485692617327123e-14,
        -2.8373706379217212e-14,
        -5.695091750620995e-14,
        3.206229769528446e-14,
        4.970411018531684e-14,
        1.1345357162420577e-13,
        -3.236590140863471e-14,
        -3.236590140863471e-14,
        -5.6747412758434423e-14,
        -6.228508377462139e-14,
        -6.228508377462139e-14,
        1.4205021707514032e-13,
    )
)
#: log10(2) in two parts, both positive.
LOG10_2, LOG10_2_LOW = LOGARITHMS_10.values[-1], LOGARITHMS_10_LOW.values[-1]
#: 1 / log(10) in two parts.
LOG10_E, LOG10_E_LOW = 0.4342944819032518, 1.098319650216765e-17


def scaled_log64(high: Any, low: Any, r: Any, factor: Any, factor_low: Any) -> Any:
    """``high + low + factor * log(1 + r)``, the factor in two parts: as ``log_of_parts64`` with an exact product."""
    y = r * factor
    total = high + y
    lacking = limit(y - (total - high), 1.0)  # NaN beside infinity
    return total + (lacking + fma((r * r) * factor, log_polynomial64(r), fma(r, factor_low, fma(r, factor, -y)) + low))


def log2_64(x: Any) -> Any:
    """log2 in float64, anywhere, with special values as in ``log64``."""
    m = mantissa(x)
    j = bits_of_float64(m) >> 48
    r = fma(m, look_up16(INVERSES, j), -1.0)
    high = exponent(x) + look_up16(LOG2S, j)
    return scaled_log64(high, look_up16(LOGARITHMS_2_LOW, j), r, LOG2_E, LOG2_E_LOW)


def log10_64(x: Any) -> Any:
    """As ``log2_64``, to the base 10."""
    m = mantissa(x)
    j = bits_of_float64(m) >> 48
    r = fma(m, look_up16(INVERSES, j), -1.0)
    k = exponent(x)
    high = fma(k, LOG10_2, look_up16(LOGARITHMS_10, j))
    low = fma(k, LOG10_2_LOW, look_up16(LOGARITHMS_10_LOW, j))
    return scaled_log64(high, limit(low, 1.0), r, LOG10_E, LOG10_E_LOW)


# float32 takes the same way, in float32. Where the result is near 0 it is a multiple of ``r``, as the intervals next
# to a power of 2 have one inverse: 1 or 1/2. Elsewhere it is so much larger than ``r`` that the rounding of what is
# added to the table's entry counts for nothing, and no sum needs two parts. Entries of the first table are multiples of
# 2^-16, so that they and an exponent add up exactly.

#: As ``INVERSES``, for ``r`` from -3/32 to 1/8.
INVERSES_32 = Table(
    (
        1.0,
        1.0,
        0.875,
        0.8125,
        0.78125,
        0.75,
        0.71875,
        0.6875,
        0.65625,
        0.625,
        0.59375,
        0.59375,
        0.5625,
        0.5,
        0.5,
        0.5,
    )
)
LOGARITHMS_2_32 = Table(
    (
        0.0,
        0.0,
        0.1926422119140625,
        0.299560546875,
        0.35614013671875,
        0.4150390625,
        0.4764404296875,
        0.5405731201171875,
        0.6076812744140625,
        0.678070068359375,
        0.7520751953125,
        0.7520751953125,
        0.830078125,
        1.0,
        1.0,
        1.0,
    )
)
LOGARITHMS_2_LOW_32 = Table(
    (
        0.0,
        0.0,
        2.8660283533099573e-06,
        -2.650160979555949e-07,
        3.6735066260007443e-06,
        -1.5632211898264359e-06,
        -2.3857444375607884e-06,
        -4.7387543418153655e-06,
        1.3028071634835214e-06,
        1.8367533130003721e-06,
        -2.7087560283689527e-06,
        -2.7087560283689527e-06,
        -3.1264423796528718e-06,
        0.0,
        0.0,
        0.0,
    )
)
LOGARITHMS_10_32 = Table(
    (
        0.0,
        0.0,
        0.0579986572265625,
        0.090179443359375,
        0.107208251953125,
        0.12493896484375,
        0.1434173583984375,
        0.1627197265625,
        0.1829376220703125,
        0.2041168212890625,
        0.2263946533203125,
        0.2263946533203125,
        0.2498779296875,
        0.301025390625,
        0.301025390625,
        0.301025390625,
    )
)
LOGARITHMS_10_LOW_32 = Table(
    (
        0.0,
        0.0,
        -6.710248726449208e-06,
        -2.8130102691648062e-06,
        1.7176947721964098e-06,
        -2.2823545009487134e-07,
        4.783903932548128e-06,
        7.570935395051492e-06,
        -6.93848414812237e-06,
        3.1613667488272768e-06,
        1.7240467968804296e-06,
        1.7240467968804296e-06,
        -4.564709001897427e-07,
        4.605039066518657e-06,
        4.605039066518657e-06,
        4.605039066518657e-06,
    )
)
#: log10(2), and 1 / log(10), in two parts for float32; those of the first are positive.
LOG10_2_32, LOG10_2_LOW_32 = LOGARITHMS_10_32.values[-1], LOGARITHMS_10_LOW_32.values[-1]
LOG10_E_32, LOG10_E_LOW_32 = 0.4342944920063019, -1.0103049952192578e-08


# tools/fit_polynomial.py "(log(1+x)-x)/log(2)/x**2" --from=-3/32 --to=1/8
#     --degree=5 --weight="x**2/log(1+x)" --float32
def log2_polynomial32(r: Any) -> Any:
    """``(log2(1 + r) - r / log(2)) / r**2`` for ``r`` from -3/32 to 1/8: the logarithm within 2^-29."""
    p = fma(fma(r, 0.21425625681877136, -0.24601951241493225), r, 0.2884853780269623)
    return fma(fma(fma(p, r, -0.3606300950050354), r, 0.4808984100818634), r, -0.7213476300239563)


# tools/fit_polynomial.py "(log(1+x)-x)/log(10)/x**2" --from=-3/32 --to=1/8
#     --degree=5 --weight="x**2/log(1+x)" --float32
def log10_polynomial32(r: Any) -> Any:
    """As ``log2_polynomial32``, to the base 10."""
    p = fma(fma(r, 0.06449756026268005, -0.07405925542116165), r, 0.08684275299310684)
    return fma(fma(fma(p, r, -0.1085604801774025), r, 0.14476484060287476), r, -0.21714726090431213)


def log2_32(x: Any) -> Any:
    """As ``log2_64``, in float32."""
    m = mantissa(x)
    j = bits_of_float32(m) >> 19
    r = fma(m, look_up16_float32(INVERSES_32, j), -1.0)
    high = exponent(x) + look_up16_float32(LOGARITHMS_2_32, j)
    rest = fma(r, fma(r, log2_polynomial32(r), LOG2_E_LOW_32), look_up16_float32(LOGARITHMS_2_LOW_32, j))
    return high + fma(r, LOG2_E_32, rest)


def log10_32(x: Any) -> Any:
    """As ``log2_32``, to the base 10."""
    m = mantissa(x)
    j = bits_of_float32(m) >> 19
    r = fma(m, look_up16_float32(INVERSES_32, j), -1.0)
    k = exponent(x)
    high = fma(k, LOG10_2_32, look_up16_float32(LOGARITHMS_10_32, j))
    low = fma(k, LOG10_2_LOW_32, look_up16_float32(LOGARITHMS_10_LOW_32, j))
    return high + fma(r, LOG10_E_32, fma(r, fma(r, log10_polynomial32(r), LOG10_E_LOW_32), low))


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.log2", "numpy.log2"),
    cases=Cases(
        exact=lambda mp, x: mp.log(x, 2),
        slope=lambda mp, x: 1 / (x * mp.log(2)) if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=(
            (1.0, 0.0),
            (0.0, -INF),
            (-0.0, -INF),
            (8.0, 3.0),
            (0.25, -2.0),
            (INF, INF),
            (-INF, NAN),
            (-1.0, NAN),
            (NAN, NAN),
        ),
        seams=(2.2250738585072014e-308, 2.0, 1.4142135623730951),
    ),
)
def log2(x: Any) -> Any:
    """Logarithm of each element to the base 2.

    Special cases: log2(0) is -inf, log2(inf) is inf. Below zero, and of NaN, it is NaN, without a warning. Complex
    numbers are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: Of powers of 2, exact. Each part of a complex result errs by at most 2 ULP.

    >>> import aotops as ao
    >>> ao.log2(ao.tensor([8.0, 0.0]))
    tensor([  3., -inf])
    """
    return log2_64(x)


log2.specialise("float32")(log2_32)


@log2.derivative
def log2_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g * LOG2_E, select(x < 0.0, NAN, math.fabs(x)))


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.log10", "numpy.log10"),
    cases=Cases(
        slope=lambda mp, x: 1 / (x * mp.log(10)) if x > 0 else mp.nan,
        domain=(0.0, INF),
        special=(
            (1.0, 0.0),
            (0.0, -INF),
            (-0.0, -INF),
            (1000.0, 3.0),
            (INF, INF),
            (-INF, NAN),
            (-1.0, NAN),
            (NAN, NAN),
        ),
        seams=(2.2250738585072014e-308, 10.0),
    ),
)
def log10(x: Any) -> Any:
    """Logarithm of each element to the base 10.

    Special cases: log10(0) is -inf, log10(inf) is inf. Below zero, and of NaN, it is NaN, without a warning. Complex
    numbers are as in the array API standard, with signed zeros along branch cuts.

    Accuracy: Of powers of 10, exact. Each part of a complex result errs by at most 2 ULP.

    >>> import aotops as ao
    >>> ao.log10(ao.tensor([1000.0, 0.0]))
    tensor([  3., -inf])
    """
    return log10_64(x)


log10.specialise("float32")(log10_32)


@log10.derivative
def log10_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained_quotient(g * LOG10_E, select(x < 0.0, NAN, math.fabs(x)))
