"""Trigonometric functions, element by element.

The argument is reduced to ``r`` within pi/4 of zero and the number of quarter turns taken off, both polynomials are
evaluated (fitted by Remez's method at 50 digits), and the quarter turns choose one and its sign. Up to 2^20 the
reduction subtracts a multiple of pi/2 in three parts; beyond, where blocks of common arguments do not go, it multiplies
by those bits of 2/pi that matter (Payne and Hanek), with fused multiply-adds. float32 takes half turns and one
polynomial in float64, but for tan, which is computed in float32.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.intrinsics import (
    Table,
    bits_of_float32,
    bits_of_float64,
    float64_of_bits,
    fma,
    look_up,
    narrow,
    select,
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
    two_sum,
)
from aotops.ops.record import COMPLEX, FLOATS, TO_FLOAT, map

TWO_OVER_PI = 0.6366197723675814
#: pi/2 in three parts, the second of 33 bits, so that its multiples up to 2^20 are exact.
HALF_PI_1, HALF_PI_2, HALF_PI_3 = 1.5707963267948966, 6.12323399538461e-17, 3.5215598651832e-27
#: pi/2 in two parts.
HALF_PI, HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
#: 1/pi in two parts of the same sign, so that minus zero stays what it is.
INVERSE_PI, INVERSE_PI_LOW = 0.31830988618379064, 3.583247455607534e-17
#: Added to a float64 of at most 2^50 it leaves the nearest integer in the low bits.
ROUNDING = 6755399441055744.0
#: Up to here, sin of a number is that number. Polynomials are evaluated from here on, where no product is subnormal: on
#: Intel's CPUs one with a subnormal number takes 6 ns, in place of 0.1.
TINY, TINY_32 = 7.450580596923828e-09, 0.000244140625  # 2^-27, 2^-12

#: 2/pi times 2^1200, truncated.
TWO_OVER_PI_BITS = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1d"
    "eb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b"
    "5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b",
    16,
)


def table_of_parts(
    bits: int, digits: int, rows: range, cut: int, raised: int, parts: tuple[int, ...], lifted: int
) -> Table:
    """Make a table of ``bits / 2**1200`` in parts, one row for each 8 exponents of ``x``.

    In units of the last of ``digits`` bits of the row's smallest ``x``: what weighs ``2**-cut`` or more is left out, as
    times ``x`` it is a multiple of a whole turn; ``2**raised`` is added if ``raised`` is not 0; and the first parts are
    multiples of ``2**part``, and the last one is the rest. All are multiplied by ``2**lifted``, so that none is
    subnormal.
    """
    values: list[float] = []
    for row in rows:
        position = 1200 - (8 * row - 1022 - digits)
        rest = bits % (1 << position + cut)
        rest += 1 << position + raised if raised else 0
        for part in parts:
            unit = 1 << position + part
            rounded = (rest + unit // 2) // unit * unit
            values.append(rounded / 2 ** (1200 - lifted))
            rest -= rounded
        values.append(rest / 2 ** (1200 - lifted))
    return Table(tuple(bits_of_float64(value) for value in values))


#: The row of the exponents around that of 2^20.
FIRST_ROW = 130
#: 2/pi in four parts, times any float64 from 2^20 on but for multiples of 4, and 1/pi in two, times any float32.
PARTS = table_of_parts(TWO_OVER_PI_BITS, 53, range(FIRST_ROW, 256), 2, raised=3, parts=(-49, -94, -148), lifted=128)
PARTS_32 = table_of_parts(TWO_OVER_PI_BITS // 2, 24, range(FIRST_ROW, 144), 1, raised=0, parts=(-52,), lifted=0)


def part(table: Table, x: Any, k: int, parts: int) -> Any:
    """The part ``k`` of those that belong to the exponent of ``x``."""
    return float64_of_bits(look_up(table, ((bits_of_float64(x) >> 55) - FIRST_ROW) * parts + k))


def reduce_by(more: float) -> Any:
    """Make ``turns, r, rest``: ``x = (turns - more) * pi/2 + r + rest`` but for whole turns, for ``abs(x) < 2**20``.

    ``turns`` is an integer of which the last two bits count.
    """
    rounding = ROUNDING + more

    def reduce_near(x: Any) -> Any:
        shifted = fma(x, TWO_OVER_PI, rounding)
        k = shifted - rounding
        high = fma(k, -HALF_PI_1, x)  # exact, for it has no bit that HALF_PI_1 has not, and is below 1
        r = fma(k, -HALF_PI_2, high)
        rest = fma(k, -HALF_PI_3, fma(k, -HALF_PI_2, high - r))
        return bits_of_float64(shifted), r, rest

    return reduce_near


reduce_near, reduce_near_quarter_on = reduce_by(0.0), reduce_by(1.0)


def reduce_far(x: Any) -> Any:
    """As ``reduce_near``, for any finite ``x >= 2**20``.

    The product of ``x`` and the first part is a multiple of 8, so only what it lacks is used: at most 2^10, a multiple
    of 2^-49 for the smallest ``x`` of a row. The product of the second one is at most 2^10, too, and has two pieces,
    of which the first is a multiple of 2^-40 and the other one exact. Their sum, without whole turns, is exact.
    """
    first, second = part(PARTS, x, 0, 4), part(PARTS, x, 1, 4)
    third, fourth = part(PARTS, x, 2, 4), part(PARTS, x, 3, 4)
    x = x * 2.938735877055719e-39  # 2^-128
    one = fma(x, first, -(x * first))
    two = fma(x, second, 6144.0) - 6144.0
    two_low = fma(x, second, -two)
    shifted = (one + two) + ROUNDING
    turn = (one - (shifted - ROUNDING)) + two
    three = x * third
    low, lower = two_sum(two_low, three)
    turn, rest = two_sum(turn, low)
    rest = rest + (lower + fma(x, fourth, fma(x, third, -three)))
    # times pi/2, in two parts
    r = turn * HALF_PI
    return bits_of_float64(shifted), r, fma(turn, HALF_PI, -r) + fma(turn, HALF_PI_LOW, rest * HALF_PI)


def reduce_any_by(reduce: Any, more: int) -> Any:
    """Make the same for any ``x`` of what ``reduce_by`` makes with ``more``."""

    def reduce_any(x: Any) -> Any:
        far, negative = is_far64(x), x < 0.0
        turns, r, rest = reduce(x)
        far_turns, far_r, far_rest = reduce_far(select(far, math.fabs(x), 1048576.0))
        return (
            select(far, select(negative, -far_turns, far_turns) + more, turns),
            select(far, select(negative, -far_r, far_r), r),
            select(far, select(negative, -far_rest, far_rest), rest),
        )

    return reduce_any


reduce_any, reduce_any_quarter_on = reduce_any_by(reduce_near, 0), reduce_any_by(reduce_near_quarter_on, 1)


# tools/fit_polynomial.py "(sin(sqrt(x))/sqrt(x) - 1) / x" --from=0 --to="(pi/4)**2" --degree=5 --weight=x
def sine_polynomial64(z: Any) -> Any:
    """``(sin(s) / s - 1) / z`` of ``z = s**2``, ``s`` within pi/4 of zero."""
    z2 = z * z
    p12 = fma(z, -0.00019841269829807808, 0.008333333333322413)
    p34 = fma(z, -2.505075811502212e-08, 2.7557313691915733e-06)
    return fma(z, fma(z2, fma(z2, 1.5896795654445494e-10, p34), p12), -0.16666666666666632)


def sine64(r: Any, rest: Any) -> Any:
    """``sin(r + rest)`` within pi/4 of zero; the slope, which ``rest`` is to be multiplied by, is taken to be 1."""
    z = r * r
    return r + fma(r * z, sine_polynomial64(z), rest)


# tools/fit_polynomial.py "(cos(sqrt(x)) - 1 + x/2) / x**2" --from=0 --to="(pi/4)**2" --degree=5 --weight="x**2"
def cosine_polynomial64(z: Any) -> Any:
    """``(cos(s) - 1 + z / 2) / z**2`` of ``z = s**2``, ``s`` within pi/4 of zero."""
    z2 = z * z
    p01 = fma(z, -0.0013888888888874125, 0.0416666666666666)
    p23 = fma(z, -2.755731435233923e-07, 2.480158728948221e-05)
    return fma(z2, fma(z2, fma(z, -1.1359647837505499e-11, 2.087572327397942e-09), p23), p01)


def cosine64(r: Any, rest: Any) -> Any:
    """``cos(r + rest)`` within pi/4 of zero: 1 less a multiple of the square of the sum, which is rounded once."""
    z = r * r
    return fma(fma(r, r, r * (rest + rest)), fma(z, cosine_polynomial64(z), -0.5), 1.0)


def turned64(turns: Any, r: Any, rest: Any) -> Any:
    """The sine of ``turns * pi/2 + r + rest``."""
    y = select((turns & 1) == 0, sine64(r, rest), cosine64(r, rest))
    return with_sign(y, turns >> 1)


def with_sign(y: Any, turns: Any) -> Any:
    """``-y`` for an odd number of half turns."""
    return float64_of_bits(bits_of_float64(y) ^ wrap_int64(turns << 63))


def parts_of_inverse_pi(x: Any) -> Any:
    """1/pi in two parts for any float32, in float64: those that belong to the exponent of a large one."""
    far = is_far64(x)
    given = select(far, math.fabs(x), 1048576.0)
    first, second = part(PARTS_32, given, 0, 2), part(PARTS_32, given, 1, 2)
    return select(far, first, INVERSE_PI), select(far, second, INVERSE_PI_LOW)


# tools/fit_polynomial.py "sin(pi*sqrt(x)) / sqrt(x)"
#     --from=0 --to=1/4 --degree=4 --weight="sqrt(x) / sin(pi*sqrt(x))"
def half_turn_sine32(f: Any) -> Any:
    """The sine of ``f * pi``, ``f`` within 1/2, in float64 but only to 2^-27."""
    z = f * f
    p = fma(z, fma(z, 0.07756038745692712, -0.5982421261316326), 2.550069726169926)
    return f * fma(z, fma(z, p, -5.16770968477879), 3.14159263689482)


def turned_sine32(turns: Any, f: Any) -> Any:
    """The sine of ``(turns + f) * pi``.

    Half turns change but the sign. To choose between sine and cosine, of quarter turns, took a third more time.
    """
    return with_sign(half_turn_sine32(f), turns)


# tools/fit_polynomial.py "cos(pi*sqrt(1/4+x)) / x"
#     --from=-1/4 --to=0 --degree=4 --weight="x / cos(pi*sqrt(1/4+x))"
def half_turn_cosine32(f: Any) -> Any:
    """As ``half_turn_sine32``, the cosine: ``f**2 - 1/4``, which vanishes where it does, times a polynomial of that.

    As a sine half a half turn on, it took two more operations for the angle.
    """
    z = fma(f, f, -0.25)
    p = fma(z, fma(z, -0.02415410452656334, 0.20458444072544651), -1.1154936458261266)
    return z * fma(z, fma(z, p, 3.141592010703809), -3.141592656675429)


def turned_cosine32(turns: Any, f: Any) -> Any:
    """The cosine of ``(turns + f) * pi``."""
    return with_sign(half_turn_cosine32(f), turns)


def turns32(x: Any, first: Any, second: Any) -> Any:
    """``turns, f`` with ``x = (turns + f) * pi`` for a float32 as float64, given 1/pi in two parts; or of pi/2, 2/pi.

    ``turns`` is an integer of which the last bit counts.
    """
    shifted = fma(x, first, ROUNDING)
    k = shifted - ROUNDING
    return bits_of_float64(shifted), fma(x, second, fma(x, first, -k))


def is_far64(x: Any) -> Any:
    """Whether ``abs(x) >= 2**20``, and finite."""
    bits = magnitude64(x)
    return (bits >= 0x4130000000000000) & (bits < 0x7FF0000000000000)


def is_far32(x: Any) -> Any:
    """As ``is_far64``, of a float32."""
    bits = magnitude32(x)
    return (bits >= 0x49800000) & (bits < 0x7F800000)


def is_beyond32(x: Any) -> Any:
    """Whether a float32 has ``abs(x) >= 2**14``, and is finite."""
    bits = magnitude32(x)
    return (bits >= 0x46800000) & (bits < 0x7F800000)


# --- sin ----------------------------------------------------------------------------------------------------------


def sin_near64(x: Any) -> Any:
    """sin in float64 for ``abs(x) < 2**20``; NaN of infinities and NaN."""
    tiny = math.fabs(x) < TINY
    return select(tiny, x, turned64(*reduce_near(select(tiny, TINY, x))))


def sin64(x: Any) -> Any:
    """sin in float64."""
    tiny = math.fabs(x) < TINY
    return select(tiny, x, turned64(*reduce_any(select(tiny, TINY, x))))


@in_float64
def sin_near32(x: Any) -> Any:
    """sin of a float32 for ``abs(x) < 2**20``, in float64; NaN of infinities and NaN."""
    return turned_sine32(*turns32(widen(x), INVERSE_PI, INVERSE_PI_LOW))


@in_float64
def sin32(x: Any) -> Any:
    """sin of a float32, in float64."""
    wide = widen(x)
    return turned_sine32(*turns32(wide, *parts_of_inverse_pi(wide)))


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.sin", "numpy.sin"),
    cases=Cases(
        slope=lambda mp, x: mp.cos(x),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        # close to multiples of pi, the first closer than any other float64
        seams=(6381956970095103 * 2.0**797, 5319372648326541 * 2.0**255, 1e22, 2.0**20, 2.0**-27),
    ),
)
def sin(x: Any) -> Any:
    """Sine of each element, in radians.

    Special cases: Zeros stay what they are. Of infinities and NaN it is NaN, without a warning. Complex numbers are as
    in the array API standard.

    Accuracy: For arguments of any size. Each part of a complex result errs by at most 2.5 ULP.

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
    """cos in float64 for ``abs(x) < 2**20``; NaN of infinities and NaN."""
    a = math.fabs(x)
    return turned64(*reduce_near_quarter_on(select(a < TINY, TINY, a)))


def cos64(x: Any) -> Any:
    """cos in float64."""
    a = math.fabs(x)
    return turned64(*reduce_any_quarter_on(select(a < TINY, TINY, a)))


@in_float64
def cos_near32(x: Any) -> Any:
    """cos of a float32 for ``abs(x) < 2**20``, in float64; NaN of infinities and NaN."""
    return turned_cosine32(*turns32(widen(x), INVERSE_PI, INVERSE_PI_LOW))


@in_float64
def cos32(x: Any) -> Any:
    """cos of a float32, in float64."""
    wide = widen(x)
    return turned_cosine32(*turns32(wide, *parts_of_inverse_pi(wide)))


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.cos", "numpy.cos"),
    cases=Cases(
        slope=lambda mp, x: -mp.sin(x),
        special=((0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        # close to multiples of pi / 2, the first closer than any other float64, the third a float32
        seams=(6381956970095103 * 2.0**797, 5319372648326541 * 2.0**255, 21999384576.0, 1e22, 2.0**20, 2.0**-27),
    ),
)
def cos(x: Any) -> Any:
    """Cosine of each element, in radians.

    Special cases: Of infinities and NaN it is NaN, without a warning. Complex numbers are as in the array API standard.

    Accuracy: For arguments of any size. Each part of a complex result errs by at most 2.5 ULP.

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


# --- tan ----------------------------------------------------------------------------------------------------------


# tools/fit_polynomial.py "tan(sqrt(x+1/2)) / sqrt(x+1/2) - 1"
#     --from=-1/2 --to="0.7854**2 - 1/2" --degree=15 --weight="sqrt(x+1/2) / tan(sqrt(x+1/2))"
def tangent_polynomial64(v: Any) -> Any:
    """``tan(r) / r - 1`` of ``v = r**2 - 1/2``, ``r`` up to 0.7854: tan within 2^-57 of itself.

    A square less 1/2 is rounded with four times the precision where it matters, near pi/4.
    """
    v2 = v * v
    p = fma(
        fma(fma(v2, 4.8256860204144806e-05, 0.00029459967287028677), v2, 0.001169885700531729), v2, 0.004528920396714126
    )
    p = fma(fma(fma(p, v2, 0.017529908373371355), v2, 0.06785285374075002), v2, 0.26283999767719524)
    q = fma(
        fma(fma(v2, 9.495284315926628e-06, 0.00013463446919509837), v2, 0.0005928941228557889),
        v2,
        0.0023020032769090174,
    )
    q = fma(fma(fma(q, v2, 0.00891018557327744), v2, 0.03448837858188717), v2, 0.1335021203782592)
    # where ``r`` is small, the last two steps cancel
    return fma(fma(fma(q, v, p), v, 0.5217278362759649), v, 0.20846024213727152)


def turned_tangent64(odd: Any, r: Any, rest: Any) -> Any:
    """The tangent of ``r + rest``, or less its reciprocal if ``odd``: near a pole ``r`` is small, and precise.

    ``rest`` is multiplied by the slope, nearly. The reciprocal is corrected by what remains. The quotient of sine and
    cosine in two parts took a third more operations.
    """
    v = fma(r, r, -0.5)
    add = fma(r, tangent_polynomial64(v), fma(v, 1.6, 1.8) * rest)
    tangent = r + add
    inverse = -1.0 / tangent
    cotangent = fma(fma(inverse, add, fma(inverse, r, 1.0)), inverse, inverse)
    return select(odd, cotangent, tangent)


def tan_near64(x: Any) -> Any:
    """tan in float64 for ``abs(x) < 2**20``; NaN of infinities and NaN."""
    ordinary = math.fabs(x) >= TINY  # not NaN, which stays what it is
    turns, r, rest = reduce_near(select(ordinary, x, TINY))
    return select(ordinary, turned_tangent64((turns & 1) != 0, r, rest), x)


def tan64(x: Any) -> Any:
    """tan in float64."""
    ordinary = math.fabs(x) >= TINY
    turns, r, rest = reduce_any(select(ordinary, x, TINY))
    return select(ordinary, turned_tangent64((turns & 1) != 0, r, rest), x)


#: pi/2 in three parts, for float32: the multiples of the second one are exact up to 2^14.
HALF_PI_1_32, HALF_PI_2_32, HALF_PI_3_32 = 1.5707963705062866, -4.371395334601402e-08, 2.5633440682570896e-12


# tools/fit_polynomial.py "tan(sqrt(x+1/2)) / sqrt(x+1/2) - 1"
#     --from=-1/2 --to="0.7856**2 - 1/2" --degree=7 --weight="sqrt(x+1/2) / tan(sqrt(x+1/2))" --float32
def tangent_polynomial32(v: Any) -> Any:
    """``tan(r) / r - 1`` of ``v = r**2 - 1/2``, ``r`` up to 0.7856: tan within 2^-29 of itself.

    A square less 1/2 is rounded with four times the precision where it matters, near pi/4.
    """
    p = fma(fma(fma(v, 0.004424976650625467, 0.015465982258319855), v, 0.03410358354449272), v, 0.06785634905099869)
    p = fma(fma(p, v, 0.13351045548915863), v, 0.2628403604030609)
    return fma(fma(p, v, 0.5217278003692627), v, 0.2084602415561676)


def near_turns32(x: Any) -> Any:
    """``turns, r, rest`` with ``x = turns * pi/2 + r + rest`` for ``abs(x) < 2**14``; of ``turns`` the last bit counts.

    Each step is exact, or its error is what the next one begins with.
    """
    shifted = narrow(fma(x, TWO_OVER_PI, 12582912.0))  # plain Python computes in float64
    k = shifted - 12582912.0
    high = fma(-k, HALF_PI_1_32, x)
    r = fma(-k, HALF_PI_2_32, high)
    return bits_of_float32(shifted), r, fma(-k, HALF_PI_3_32, fma(-k, HALF_PI_2_32, high - r))


@in_float64
def far_turns32(x: Any) -> Any:
    """As ``near_turns32`` for any finite ``x``, in float64 but for ``r`` and ``rest``."""
    wide = widen(x)
    first, second = parts_of_inverse_pi(wide)
    turns, f = turns32(wide, first + first, second + second)
    angle = f * HALF_PI
    r = narrow(angle)
    return turns, r, narrow(angle - widen(r))


def turned_tangent32(odd: Any, r: Any, rest: Any) -> Any:
    """The tangent of ``r + rest``, or less its reciprocal if ``odd``: near a pole ``r`` is small, and precise.

    ``rest`` is multiplied by the slope, nearly. The reciprocal is corrected by what remains.
    """
    v = fma(r, r, -0.5)
    add = fma(r, tangent_polynomial32(v), fma(v, 1.6, 1.8) * rest)
    tangent = r + add
    inverse = narrow(-1.0) / narrow(tangent)  # plain Python divides in float64
    cotangent = fma(fma(inverse, add, fma(inverse, r, 1.0)), inverse, inverse)
    return select(odd, cotangent, tangent)


def tan_near32(x: Any) -> Any:
    """tan in float32 for ``abs(x) < 2**14``; NaN of infinities and NaN.

    In float64, by the quotient of sine and cosine, it took 0.88 ns per element for 0.44.
    """
    ordinary = math.fabs(x) >= TINY_32  # not NaN, which stays what it is
    turns, r, rest = near_turns32(select(ordinary, x, TINY_32))
    return select(ordinary, turned_tangent32((turns & 1) != 0, r, rest), x)


def tan32(x: Any) -> Any:
    """tan in float32."""
    far, ordinary = is_beyond32(x), math.fabs(x) >= TINY_32
    turns, r, rest = near_turns32(select(ordinary, x, TINY_32))
    far_turns, far_r, far_rest = far_turns32(select(far, x, 16384.0))
    odd = select(far, (far_turns & 1) != 0, (turns & 1) != 0)
    return select(ordinary, turned_tangent32(odd, select(far, far_r, r), select(far, far_rest, rest)), x)


@map(
    dtypes=FLOATS + COMPLEX,
    casts=TO_FLOAT,
    method=True,
    max_ulp=1,
    compute_bound=True,
    aliases=("math.tan", "numpy.tan"),
    cases=Cases(
        slope=lambda mp, x: 1 / mp.cos(x) ** 2,
        smooth=(-1.3, 1.3),
        special=((0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)),
        # close to multiples of pi / 2, the first closer than any other float64, the third a float32
        seams=(
            6381956970095103 * 2.0**797,
            5319372648326541 * 2.0**255,
            21999384576.0,
            1e22,
            2.0**20,
            2.0**14,
            2.0**-27,
            1.5707963267948966,
        ),
    ),
)
def tan(x: Any) -> Any:
    """Tangent of each element, in radians.

    Special cases: Zeros stay what they are. Of infinities and NaN it is NaN, without a warning. Complex numbers are as
    in the array API standard.

    Accuracy: For arguments of any size. Each part of a complex result errs by at most 5 ULP.

    >>> import aotops as ao
    >>> ao.tan(ao.tensor([0.0, 1.0, 1e22]))
    tensor([ 0.        ,  1.55740772, -1.62877823])
    """
    return tan64(x)


tan.specialise("float32")(tan32)
tan.fast_path("float32", unless=is_beyond32)(tan_near32)
tan.fast_path("float64", unless=is_far64)(tan_near64)


@tan.derivative
def tan_derivative(x: Any, y: Any, g: Any) -> Any:
    return chained(g, fma(y, y, 1.0))
