"""Trigonometric functions, element by element.

The argument is reduced to ``r`` within pi/4 of zero and the number of quarter turns taken off, both polynomials are
evaluated (fitted by Remez's method at 50 digits), and the quarter turns choose one and its sign. Up to 2^20 the
reduction subtracts a multiple of pi/2 in three parts; beyond, where blocks of common arguments do not go, it multiplies
by those bits of 2/pi that matter (Payne and Hanek), in integers. float32 takes half turns and one polynomial.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float64,
    float64_of_bits,
    look_up,
    rint,
    select,
    truncate,
    widen,
    wrap_int64,
)
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import (
    INF,
    NAN,
    chained,
    in_float64,
    magnitude32,
    magnitude64,
    quick_two_sum,
    split_high64,
)
from aotops.ops.record import FLOATS, TO_FLOAT, map

TWO_OVER_PI = 0.6366197723675814
#: pi/2 in parts of 33 bits, so that multiples up to 2^20 are exact, and the rest.
HALF_PI_1, HALF_PI_2, HALF_PI_3 = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
#: pi/2 in two parts of 53 bits.
HALF_PI, HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
#: 1/pi in two parts, of 28 bits, so that products with a float32 are exact, and the rest.
INVERSE_PI, INVERSE_PI_LOW = 0.31830988451838493, 1.665405738066088e-09
#: Added to a float64 of at most 2^50 it leaves the nearest integer in the low bits.
ROUNDING = 6755399441055744.0
#: The bits of 2/pi behind the point, 27 in an integer, after 81 zeros.
TWO_OVER_PI_BITS = Table(
    (
        0,
        0,
        0,
        0x517CC1B,
        0x3939105,
        0x253F84E,
        0x57D1F53,
        0x26EE06D,
        0x58A5664,
        0x7887208,
        0x1FE5163,
        0x55EF5DE,
        0x1586DC9,
        0x0DC7484,
        0x4DD2E00,
        0x3249775,
        0x0274648,
        0x39FC3BD,
        0x31CB129,
        0x539F744,
        0x08D7D4B,
        0x5768909,
        0x699C702,
        0x35A2FBF,
        0x104E647,
        0x2C7306A,
        0x339F49C,
        0x422FC5D,
        0x77E4A0E,
        0x63FF12F,
        0x7FDE059,
        0x407F797,
        0x4462D68,
        0x14DA3ED,
        0x5367ECF,
        0x13E584D,
        0x5D3D18F,
        0x6CD3CBF,
        0x6A2D752,
        0x3DD63F5,
        0x797C5EC,
        0x7A0E73E,
        0x78A5292,
        0x7535FDA,
        0x7EC47E3,
        0x2BA10AC,
        0x033046F,
        0x63DB5D5,
        0x7C33EF0,
        0x4135E86,
    )
)


def quarter_turns(k: Any) -> Any:
    """The low bits of an integral float64 of at most 2^51."""
    return bits_of_float64(k + ROUNDING) & 3


def reduce_near(x: Any) -> Any:
    """``quarter, r, rest`` with ``x = quarter * pi/2 + r + rest`` but for whole turns, for ``abs(x) < 2**20``."""
    k = rint(x * TWO_OVER_PI)
    # both products are exact, and so is the first difference
    high, low = quick_two_sum(x - k * HALF_PI_1, k * -HALF_PI_2)
    # once more, for k * HALF_PI_3 may be 10 units in the last place of high
    r, rest = quick_two_sum(high, low - k * HALF_PI_3)
    return quarter_turns(k), r, rest


def half_turns_near(x: Any, shift: Any) -> Any:
    """``k, f`` with ``x = (k + f + shift) * pi``, ``abs(f) <= 0.5``, of a float32 as float64, ``abs(x) < 2**20``.

    ``x * INVERSE_PI`` is exact, and so is what is left of it without ``k``, but where ``shift`` is not 0 and x small;
    of the integer ``k`` the low bits count. Minus zero stays what it is without a shift.
    """
    turns = x * INVERSE_PI - shift
    shifted = turns + ROUNDING
    return bits_of_float64(shifted), (turns - (shifted - ROUNDING)) + x * INVERSE_PI_LOW


def half_turns_anywhere(x: Any, shift: Any) -> Any:
    """As ``half_turns_near``, for any finite ``x``."""
    near_k, near_f = half_turns_near(x, shift)
    # reduce_far looks into a table, which has no place for the exponents of infinity and of small numbers
    far = (magnitude64(x) >= 0x4130000000000000) & (magnitude64(x) < 0x7FF0000000000000)
    quarter, r, _ = reduce_far(select(far, x, 1048576.0))
    quarter = quarter - truncate(2.0 * shift)
    f = r * 0.3183098861837907
    # a quarter turn behind a half turn it is as far to the next one
    f = select((quarter & 1) == 0, f, 0.5 - math.fabs(f))
    return select(far, quarter >> 1, near_k), select(far, f, near_f)


def reduce_far(x: Any) -> Any:
    """As ``reduce_near``, for any finite ``abs(x) >= 1``: an element of sin takes 8 ns then, in place of 1.5."""
    bits = magnitude64(x)
    # x / 4 is m * 2**(place - 81); the integer part of 2/pi * 2**(place - 81) makes whole turns and is left out
    place = (bits >> 52) - 1075 - 2 + 81
    upper = (bits & 0x000FFFFFFFFFFFFF | 0x0010000000000000) >> 27
    lower = bits & 0x7FFFFFF
    word = place // 27
    shift = place - 27 * word
    a = _digit(word, shift)
    b = _digit(word + 1, shift)
    c = _digit(word + 2, shift)
    d = _digit(word + 3, shift)
    e = _digit(word + 4, shift)
    f = _digit(word + 5, shift)
    g = _digit(word + 6, shift)
    # the product in columns of 27 bits, from the right; the integers are below 2**56
    sixth = lower * f + upper * g
    fifth = lower * e + upper * f + (sixth >> 27)
    fourth = lower * d + upper * e + (fifth >> 27)
    third = lower * c + upper * d + (fourth >> 27)
    second = lower * b + upper * c + (third >> 27)
    first = lower * a + upper * b + (second >> 27)
    # 2 bits before the point of quarter turns, 25 behind it; to the nearest
    half = (first >> 24) & 1
    quarter = ((first >> 25) & 3) + half
    top = (first & 0x1FFFFFF) - (half << 25)
    high = top * 2.9802322387695312e-08 + (second & 0x7FFFFFF) * 2.220446049250313e-16
    low = (third & 0x7FFFFFF) * 1.6543612251060553e-24 + (fourth & 0x7FFFFFF) * 1.232595164407831e-32
    turn, rest = quick_two_sum(high, low + (fifth & 0x7FFFFFF) * 9.183549615799121e-41)
    # times pi/2, in two parts
    r = turn * HALF_PI
    turn_head, pi_head = split_high64(turn), split_high64(HALF_PI)
    turn_tail, pi_tail = turn - turn_head, HALF_PI - pi_head
    error = ((turn_head * pi_head - r) + turn_head * pi_tail + turn_tail * pi_head) + turn_tail * pi_tail
    rest = error + (turn * HALF_PI_LOW + rest * HALF_PI)
    negative = x < 0.0
    return select(negative, -quarter, quarter) & 3, select(negative, -r, r), select(negative, -rest, rest)


def _digit(word: Any, shift: Any) -> Any:
    """27 bits of 2/pi, ``shift`` bits after the beginning of a word of the table."""
    pair = (look_up(TWO_OVER_PI_BITS, word) << 27) | look_up(TWO_OVER_PI_BITS, word + 1)
    return (pair >> (27 - shift)) & 0x7FFFFFF


def reduce_any(x: Any, quarter: Any, r: Any, rest: Any) -> Any:
    """The parts of x that were made by ``reduce_near``, or those of ``reduce_far`` where x is too large for it."""
    a = math.fabs(x)
    # reduce_far looks into a table, which has no place for the exponents of infinity and of small numbers
    far = (a >= 1048576.0) & (a < INF)
    far_quarter, far_r, far_rest = reduce_far(select(far, x, 1048576.0))
    return select(far, far_quarter, quarter), select(far, far_r, r), select(far, far_rest, rest)


# tools/fit_polynomial.py "(sin(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to="(pi/4)**2" --degree=5 --weight=x
def sine64(r: Any, rest: Any) -> Any:
    """``sin(r + rest)`` within pi/4 of zero."""
    z = r * r
    z2 = z * z
    p12 = 0.008333333333322413 + z * -0.00019841269829807808
    p34 = 2.7557313691915733e-06 + z * -2.505075811502212e-08
    p = p12 + z2 * (p34 + z2 * 1.5896795654445494e-10)
    return r + (r * z * (-0.16666666666666632 + z * p) + rest * (1.0 - 0.5 * z))


# tools/fit_polynomial.py "(cos(sqrt(x)) - 1 + x/2) / x**2" --from=0 --to="(pi/4)**2" --degree=5 --weight="x**2"
def cosine64(r: Any, rest: Any) -> Any:
    """``cos(r + rest)`` within pi/4 of zero."""
    z = r * r
    z2 = z * z
    p01 = 0.0416666666666666 + z * -0.0013888888888874125
    p23 = 2.480158728948221e-05 + z * -2.755731435233923e-07
    p = (p01 + z2 * p23) + z2 * z2 * (2.087572327397942e-09 + z * -1.1359647837505499e-11)
    half = 0.5 * z
    w = 1.0 - half
    return w + (((1.0 - w) - half) + (z2 * p - r * rest))


def turned64(quarter: Any, r: Any, rest: Any) -> Any:
    """The sine of ``quarter * pi/2 + r + rest``."""
    y = select((quarter & 1) == 0, sine64(r, rest), cosine64(r, rest))
    return select((quarter & 2) == 0, y, -y)


# tools/fit_polynomial.py "sin(pi*sqrt(x)) / sqrt(x)"
#     --from=0 --to=1/4 --degree=4 --weight="sqrt(x) / sin(pi*sqrt(x))"
def turned32(k: Any, f: Any) -> Any:
    """The sine of ``(k + f) * pi``, in float64 but only to 2^-27.

    Half turns change but the sign. To choose between sine and cosine, of quarter turns, took a third more time.
    """
    z = f * f
    p = 2.550069726169926 + z * (-0.5982421261316326 + z * 0.07756038745692712)
    y = f * (3.14159263689482 + z * (-5.16770968477879 + z * p))
    return float64_of_bits(bits_of_float64(y) ^ wrap_int64(k << 63))


def is_far64(x: Any) -> Any:
    """Whether ``abs(x) >= 2**20``, or x is NaN."""
    return magnitude64(x) >= 0x4130000000000000


def is_far32(x: Any) -> Any:
    """As ``is_far64``, of a float32."""
    return magnitude32(x) >= 0x49800000


# --- sin ----------------------------------------------------------------------------------------------------------


def sin_near64(x: Any) -> Any:
    """sin in float64 for ``abs(x) < 2**20``."""
    quarter, r, rest = reduce_near(x)
    return select(x == 0.0, x, turned64(quarter, r, rest))


def sin64(x: Any) -> Any:
    """sin in float64."""
    quarter, r, rest = reduce_any(x, *reduce_near(x))
    y = select(x == 0.0, x, turned64(quarter, r, rest))  # the reduction loses the sign of zero
    return select(x - x == 0.0, y, NAN)


@in_float64
def sin_near32(x: Any) -> Any:
    """sin of a float32 for ``abs(x) < 2**20``, in float64."""
    return turned32(*half_turns_near(widen(x), 0.0))


@in_float64
def sin32(x: Any) -> Any:
    """sin of a float32, in float64."""
    y = turned32(*half_turns_anywhere(widen(x), 0.0))
    return select(x - x == 0.0, y, NAN)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.sin", "numpy.sin"),
    cases=Cases(
        slope=lambda mp, x: mp.cos(x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        # close to multiples of pi, the first closer than any other float64
        seams=(6381956970095103 * 2.0**797, 5319372648326541 * 2.0**255, 1e22, 2.0**20),
    ),
)
def sin(x: Any) -> Any:
    """Sine of each element, in radians.

    Special cases: Zeros stay what they are. Of infinities and NaN it is NaN, without a warning.

    Accuracy: For arguments of any size.

    >>> import aotops as ao
    >>> ao.sin(ao.tensor([0.0, 1.0, 1e22]))
    tensor([ 0.        ,  0.84147098, -0.85220085])
    """
    return sin64(x)


sin.specialise("float32")(sin32)
sin.fast_path("float32", unless=is_far32)(sin_near32)
sin.fast_path("float64", unless=is_far64)(sin_near64)


@sin.derivative
def sin_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, math.cos(x))


# --- cos ----------------------------------------------------------------------------------------------------------


def cos_near64(x: Any) -> Any:
    """cos in float64 for ``abs(x) < 2**20``."""
    quarter, r, rest = reduce_near(x)
    return turned64(quarter + 1, r, rest)


def cos64(x: Any) -> Any:
    """cos in float64."""
    quarter, r, rest = reduce_any(x, *reduce_near(x))
    y = turned64(quarter + 1, r, rest)
    return select(x - x == 0.0, y, NAN)


@in_float64
def cos_near32(x: Any) -> Any:
    """cos of a float32 for ``abs(x) < 2**20``, in float64."""
    return turned32(*half_turns_near(widen(x), -0.5))


@in_float64
def cos32(x: Any) -> Any:
    """cos of a float32, in float64."""
    y = turned32(*half_turns_anywhere(widen(x), -0.5))
    return select(x - x == 0.0, y, NAN)


@map(
    dtypes=FLOATS,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.cos", "numpy.cos"),
    cases=Cases(
        slope=lambda mp, x: -mp.sin(x),
        special=((0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        # close to multiples of pi / 2, the first closer than any other float64
        seams=(6381956970095103 * 2.0**797, 5319372648326541 * 2.0**255, 1e22, 2.0**20),
    ),
)
def cos(x: Any) -> Any:
    """Cosine of each element, in radians.

    Special cases: Of infinities and NaN it is NaN, without a warning.

    Accuracy: For arguments of any size.

    >>> import aotops as ao
    >>> ao.cos(ao.tensor([0.0, 1.0, 1e22]))
    tensor([1.        , 0.54030231, 0.52321479])
    """
    return cos64(x)


cos.specialise("float32")(cos32)
cos.fast_path("float32", unless=is_far32)(cos_near32)
cos.fast_path("float64", unless=is_far64)(cos_near64)


@cos.derivative
def cos_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(-g, math.sin(x))
