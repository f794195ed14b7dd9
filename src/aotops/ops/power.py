"""Powers, element by element."""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    centred_mantissa,
    divide,
    exponent,
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
    wrap_int64,
)
from aotops.ops.arithmetic import square
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    INVERSES,
    LOG2_E,
    LOG2_E_32,
    LOG2_E_LOW,
    LOG2_E_LOW_32,
    NAN,
    ROOT_SHARES_32,
    ROOTS,
    ROOTS_32,
    ROOTS_LOW,
    chained,
    is_outside,
    magnitude32,
    magnitude64,
)
from aotops.ops.record import COMPLEX, INTEGERS, NUMBERS, zip

# --- pow ----------------------------------------------------------------------------------------------------------

#: Added to exponents, which this changes only where the power of any finite number is 1: products with subnormal ones
#: would be slow.
LEAST_EXPONENT, LEAST_EXPONENT_32 = 2.0**-118, 2.0**-60

#: The logarithms of ``1 / INVERSES`` to the base 2 in two parts: the high ones are multiples of 2^-42. If the low ones
#: ended in 32 zero bits, as those of log do, x86-64-v3 would look them up faster, but powers would err by 2.0 ULP.
LOG2S = Table(
    (
        0.0,
        0.09310940439149817,
        0.1926450779424158,
        0.29956028185893047,
        0.356143810225376,
        0.41503749927892386,
        0.47643804394306244,
        0.5405683813626183,
        0.6076825772213397,
        0.6780719051125743,
        0.7520724865564716,
        0.7520724865564716,
        0.8300749985576203,
        0.9125371587497284,
        0.9125371587497284,
        1.0,
    )
)
LOG2S_LOW = Table(
    (
        0.0,
        -1.6703260328550802e-14,
        -1.9917399279874596e-14,
        -2.262651135603261e-14,
        -1.0069648492950886e-13,
        -8.00418555854124e-14,
        -7.531150579247643e-14,
        8.443284155858175e-14,
        -9.995925486528699e-14,
        6.33385952568616e-14,
        -5.712484083531846e-14,
        -5.712484083531846e-14,
        6.728996427240727e-14,
        -6.781363655020842e-14,
        -6.781363655020842e-14,
        0.0,
    )
)


#: A third, in two parts.
THIRD, THIRD_LOW = 0.3333333333333333, 1.850371707708594e-17


# tools/fit_polynomial.py "(log1p(x) - x + x**2/2 - x**3/3) / x**4" --from=-3/80 --to=1/16 --degree=9 --weight="x**3"
def log_quartic64(r: Any, r2: Any) -> Any:
    """``(log(1 + r) - r + r**2 / 2 - r**3 / 3) / r**4``, ``r`` from -3/80 to 1/16: the logarithm within 2^-71."""
    p01 = fma(r, 0.1999999999999977, -0.2499999999999997)
    p23 = fma(r, 0.1428571428755909, -0.16666666666808597)
    p45 = fma(r, 0.1111110697996384, -0.1249999977351585)
    p67 = fma(r, 0.09094395366334014, -0.10000137994852205)
    p89 = fma(r, 0.06708352088512966, -0.08316192558880874)
    r4 = r2 * r2
    return fma(r4, fma(r4, p89, fma(r2, p67, p45)), fma(r2, p23, p01))


def log2_parts64(x: Any) -> Any:
    """``log2(x)`` of a positive float64 in two parts, the second small.

    As ``log64``, with the first three terms of ``log(1 + r)`` in two parts each, and its product with ``1 / log(2)``:
    within 2^-64 of itself. With the third term in one part, a large ``y`` made errors of 2.5 ULP of ``x**y``.
    """
    m = mantissa(x)
    j = bits_of_float64(m) >> 48
    inverse, log2, log2_low = look_up16(INVERSES, j), look_up16(LOG2S, j), look_up16(LOG2S_LOW, j)
    r = fma(m, inverse, -1.0)
    twice = r * r
    square = 0.5 * twice
    square_low = fma(0.5 * r, r, -square)
    third = THIRD * r
    third_low = fma(THIRD_LOW, r, fma(THIRD, r, -third))
    cube = twice * third
    cube_low = fma(twice, third, -cube) + fma(twice, third_low, (square_low + square_low) * third)
    rest = (twice * twice) * log_quartic64(r, twice)
    above = r - square
    cubic = cube + rest
    main = above + cubic
    # of what is added, the parts that are known first come first
    low = (((cube - cubic) + rest) + (cube_low + (((r - above) - square) - square_low))) + ((above - main) + cubic)
    low = fma(main, LOG2_E_LOW, fma(low, LOG2_E, log2_low))
    whole = exponent(x) + log2
    head = fma(main, LOG2_E, whole)
    # the difference is exact, since ``whole`` is 0 or the larger part
    return head, fma(main, LOG2_E, whole - head) + low


# tools/fit_polynomial.py "(2**x - 1 - x*log(2)) / x**2" --from=-1/32 --to=1/32 --degree=4 --weight="x**2"
def exp2_polynomial64(w: Any, w2: Any) -> Any:
    """``(2**w - 1 - w * log(2)) / w**2`` for ``w`` within 1/32: the power within 2^-56."""
    p01 = fma(w, 0.055504108657332504, 0.24022650695910097)
    p23 = fma(w, 0.001333377989432127, 0.009618129106010226)
    return fma(w2, fma(w2, 0.00015403796695976968, p23), p01)


def positive_power64(x: Any, y: Any) -> Any:
    """``x**y`` in float64 for positive x, also of 0 and infinity, unless the logarithm times ``y`` is NaN.

    ``y`` must not be subnormal, which would be slow.

    What is summed up last errs by less than half a ULP of the result, so that a result which float64 can hold is exact.
    """
    head, tail = log2_parts64(x)
    # the bits of a sum between 2**48 and 2**49 end with sixteenths
    shifted = fma(y, head, 422212465065984.0)
    k = shifted - 422212465065984.0
    j = bits_of_float64(shifted)
    # the limit has no effect unless the result is 0 or infinity
    w = limit(fma(y, tail, fma(y, head, -k)), 0.0625)
    t = look_up16(ROOTS, j)
    w2 = w * w
    p = fma(w2, exp2_polynomial64(w, w2), fma(w, 0.6931471805599453, look_up16(ROOTS_LOW, j)))
    return scale(fma(t, p, t), k)


def or_rounded(x: Any, y: Any, r: Any) -> Any:
    """``r``, or ``x**y`` correctly rounded for the exponents that have an instruction; ``x`` must not be negative."""
    return select(y == 2.0, x * x, select(y == 0.5, square_root(x), select(y == -1.0, divide(1.0, x), r)))


#: For float32: of the numbers in 16 intervals, 8 from 1 to 3/2 and 8 from 3/4 to 1, the inverses, nearly. The products
#: less 1 are from -0.0372 to 1/16, and floats. Next to 1 the inverse is 1: there the logarithm is the product's alone.
CENTRED_INVERSES_32 = Table(
    (
        1.0,
        0.90625,
        0.875,
        0.8125,
        0.78125,
        0.75,
        0.71875,
        0.6875,
        1.3125,
        1.25,
        1.21875,
        1.15625,
        1.125,
        1.09375,
        1.0625,
        1.0,
    )
)
#: The logarithms of their inverses to the base 2 in two parts: the high ones are multiples of 2^-16, so that they and
#: an exponent add up exactly. From 3/4 to 1 they are 1 more, since exponents are 1 less.
CENTRED_LOG2S_32 = Table(
    (
        0.0,
        0.1420135498046875,
        0.1926422119140625,
        0.299560546875,
        0.35614013671875,
        0.4150390625,
        0.4764404296875,
        0.5405731201171875,
        0.6076812744140625,
        0.678070068359375,
        0.714599609375,
        0.7905426025390625,
        0.830078125,
        0.8707122802734375,
        0.91253662109375,
        1.0,
    )
)
CENTRED_LOG2S_LOW_32 = Table(
    (
        0.0,
        5.455067821458215e-06,
        2.8660283533099573e-06,
        -2.650160979555949e-07,
        3.6735066260007443e-06,
        -1.5632211898264359e-06,
        -2.3857444375607884e-06,
        -4.7387543418153655e-06,
        1.3028071634835214e-06,
        1.8367533130003721e-06,
        -1.8282372593603213e-06,
        4.0318318497156724e-06,
        -3.1264423796528718e-06,
        4.702781552623492e-06,
        5.376559215619636e-07,
        0.0,
    )
)


# tools/fit_polynomial.py "(log1p(x) - x + x**2/2) / x**3" --from=-1/32 --to=1/16
#     --degree=4 --weight="x**2" --float32
def log_cubic32(r: Any) -> Any:
    """``(log(1 + r) - r + r**2 / 2) / r**3`` for ``r`` from -1/32 to 1/16: the logarithm within 2^-39."""
    p = fma(fma(r, 0.13128720223903656, -0.16659533977508545), r, 0.20001603662967682)
    return fma(fma(p, r, -0.2500001788139343), r, 0.3333333134651184)


def log2_parts32(x: Any) -> Any:
    """``log2(x)`` of a positive float32 in two parts, the second at most half a ULP of the first.

    ``r - r**2 / 2`` is taken in two parts, ``h`` and what its rounding took away. What else is rounded is below 2^-9 of
    ``r``, which makes errors of 2^-32, and a large ``y`` makes 0.4 ULP of ``x**y`` of these.
    """
    m = centred_mantissa(x)
    j = bits_of_float32(m) >> 19
    r = fma(m, look_up16_float32(CENTRED_INVERSES_32, j), -1.0)
    half = -0.5 * r
    h = fma(half, r, r)
    low = fma((r * r) * r, log_cubic32(r), fma(half, r, r - h))
    low = fma(low, LOG2_E_32, fma(h, LOG2_E_LOW_32, look_up16_float32(CENTRED_LOG2S_LOW_32, j)))
    whole = exponent(x) + look_up16_float32(CENTRED_LOG2S_32, j)
    head = whole + fma(h, LOG2_E_32, low)
    # the difference is exact, since ``whole`` is 0 or the larger part
    return head, fma(h, LOG2_E_32, whole - head) + low


# tools/fit_polynomial.py "(2**x - 1 - x*log(2)) / x**2" --from=-1/32 --to=1/32 --degree=1 --weight="x**2" --float32
def exp2_polynomial32(w: Any) -> Any:
    """``(2**w - 1) / w`` for ``w`` within 1/32: the power within 2^-29."""
    return fma(fma(w, 0.055505409836769104, 0.2402346283197403), w, 0.6931471824645996)


def positive_power32(x: Any, y: Any) -> Any:
    """As ``positive_power64``, in float32.

    What is rounded last errs by less than 0.4 ULP of the result. A subnormal one is rounded twice, which adds a quarter
    of a ULP to half of one.
    """
    head, tail = log2_parts32(x)
    # the bits of a sum between 2**19 and 2**20 end with sixteenths
    shifted = narrow(fma(y, head, 786432.0))  # plain Python computes in float64
    k = shifted - 786432.0
    j = bits_of_float32(shifted)
    # the limit has no effect unless the result is 0 or infinity
    w = limit(fma(y, tail, fma(y, head, -k)), 0.0625)
    t = look_up16_float32(ROOTS_32, j)
    return scale(fma(t, fma(w, exp2_polynomial32(w), look_up16_float32(ROOT_SHARES_32, j)), t), k)


def signed_power(x: Any, y: Any, r: Any) -> Any:
    """``x**y`` for any floats, where ``r`` is ``abs(x)**y`` unless one of them is NaN or the power 1."""
    a = math.fabs(x)
    whole = rint(y) == y
    half = 0.5 * y
    odd = whole & (rint(half) != half)
    negative = math.copysign(1.0, x) < 0.0
    r = select(negative & odd, -r, r)
    r = select((x < 0.0) & (a < INF) & (rint(y) != y), NAN, r)
    r = select((x != x) | (y != y), NAN, r)
    return select((x == 1.0) | (y == 0.0) | ((a == 1.0) & (math.fabs(y) == INF)), 1.0, r)


def pow64(x1: Any, x2: Any) -> Any:
    """pow in float64."""
    a, y = math.fabs(x1), x2 + math.copysign(LEAST_EXPONENT, x2)
    return signed_power(x1, x2, or_rounded(a, x2, positive_power64(a, y)))


def pow32(x1: Any, x2: Any) -> Any:
    """As ``pow64``, in float32."""
    a, y = math.fabs(x1), x2 + math.copysign(LEAST_EXPONENT_32, x2)
    return signed_power(x1, x2, or_rounded(a, x2, positive_power32(a, y)))


def pow_int64(x1: Any, x2: Any) -> Any:
    """pow in int64 by squaring; the one loop in a scalar function, 63 multiplications without a vector are slower."""
    base = x1
    exponent = select(x2 < 0, 0, x2)
    result = 1
    while exponent > 0:
        result = wrap_int64(select((exponent & 1) == 1, result * base, result))
        base = wrap_int64(base * base)
        exponent = exponent >> 1
    # of the inverses only those of 1 and -1 are integers
    inverse = select(x1 == 1, 1, select(x1 == -1, 1 - 2 * (x2 & 1), 0))
    return select(x2 < 0, inverse, result)


def pow_uint64(x1: Any, x2: Any) -> Any:
    """pow of unsigned integers, of which no exponent is negative; the bits of an int64."""
    base, exponent, result = wrap_int64(x1), wrap_int64(x2), 1
    while exponent != 0:
        result = wrap_int64(select((exponent & 1) == 1, result * base, result))
        base = wrap_int64(base * base)
        exponent = (exponent >> 1) & 0x7FFFFFFFFFFFFFFF
    return result


def numpy_pow(np: Any, x1: Any, x2: Any) -> Any:
    """NumPy's power, and negative powers of integers, which NumPy rejects."""
    if x1.dtype.kind in "fc":
        return np.power(x1, x2)
    inverse = np.where(abs(x1) == 1, np.where(x2 % 2 == 1, x1, 1), 0)
    return np.where(x2 < 0, inverse, np.power(x1, np.maximum(x2, 0)))


def special_exponents(y: Any) -> Any:
    """A product that is 0 for the exponents that have an instruction, and infinite or NaN for infinite ones and NaN.

    It is infinite for exponents beyond 4e12 in float32, and 5e102 in float64, too, which costs these the fast path.
    """
    return (y - 2.0) * (y - 0.5) * (y + 1.0)


def is_special64(x1: Any, x2: Any) -> Any:
    """Whether x1 is not positive and finite, or x2 not finite, or an exponent that has an instruction.

    Whether any of these differences is negative takes one comparison; a comparison each took 0.4 ns more per element.
    """
    base, exponents = bits_of_float64(x1), magnitude64(special_exponents(x2))
    most = 0x7FEFFFFFFFFFFFFF
    return (wrap_int64(base - 1) | wrap_int64(most - base) | (exponents - 1) | (most - exponents)) < 0


def is_special32(x1: Any, x2: Any) -> Any:
    """As ``is_special64``, of float32, whose bits would be widened by differences."""
    return is_outside(bits_of_float32(x1), 1, 0x7F800000) | is_outside(
        magnitude32(narrow(special_exponents(x2))), 1, 0x7F800000
    )


@zip(
    dtypes=NUMBERS + COMPLEX,
    slot="power",
    squares=square,
    max_ulp=1,
    compute_bound=True,
    numpy=numpy_pow,
    aliases=("numpy.power", "numpy.pow"),
    cases=Cases(smooth=(0.1, 3.0)),
)
def pow(x1: Any, x2: Any) -> Any:
    """Each element of the first to the power of the second, ``x1 ** x2``.

    Special cases: As in C and NumPy: anything to the power of 0, and 1 to any power, is 1, even with NaN; a negative
    number to a power that is no integer is NaN; 0 to a negative power is an infinity; no warnings. Integers wrap
    around; a negative power of one is 0, but for 1 and -1, which are their own inverses (NumPy raises ``ValueError``).
    Of complex numbers it is ``exp(x2 * log(x1))``; 0 to a power with a positive real part is 0, and to other ones NaN.

    Accuracy: Floats are exact wherever the result can be represented: ``183.0**7``, ``9.0**1.5``, ``2.0**-1074``.
    Correctly rounded for the exponents 2, 1, 0.5 and -1: ``x**0.5`` is ``sqrt(x)`` and ``x**-1`` is ``1 / x``, bit for
    bit, but for -0.0 and -inf, whose power 0.5 is 0.0 and inf. A complex result errs by at most ``2 + abs(x2 *
    log(x1))`` ULP of its larger part.

    >>> import aotops as ao
    >>> ao.pow(ao.tensor([2.0, -8.0, 4.0]), ao.tensor([10.0, 3.0, -0.5]))
    tensor([1024. , -512. ,    0.5])
    """
    return pow64(x1, x2)


for _dtype in INTEGERS:
    pow.specialise(_dtype)(pow_uint64 if _dtype == "uint64" else pow_int64)
pow.specialise("float32")(pow32)


@pow.fast_path("float64", unless=lambda x1, x2: is_special64(x1, x2))
def pow_fast64(x1: Any, x2: Any) -> Any:
    return positive_power64(x1, x2 + LEAST_EXPONENT)


@pow.fast_path("float32", unless=lambda x1, x2: is_special32(x1, x2))
def pow_fast32(x1: Any, x2: Any) -> Any:
    return positive_power32(x1, x2 + LEAST_EXPONENT_32)


# a power with the exponent 0 is constant; where the base is 0 its logarithm counts for nothing, as the power does,
# unless the exponent is negative
@pow.derivative
def pow_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    to_x1 = select(x2 == 0.0, 0.0, chained(g, chained(x2, math.pow(x1, x2 - 1.0))))
    return to_x1, select((x1 == 0.0) & (x2 >= 0.0), 0.0, chained(g, chained(y, math.log(x1))))
