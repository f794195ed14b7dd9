"""Division with an integer quotient and a remainder, element by element.

Floats are divided, and the quotient rounded down: where it is below 2^53 it is the right one or one too much, which the
sign of the remainder tells. Larger ones take several such steps, one element at a time, which rows without them skip.
CPUs divide vectors of floats, but integers one by one, 5 to 20 times as slowly. So integers that a float holds are
divided as such, by way of an inverse, which is computed once where the divisor is one number.
"""

from __future__ import annotations

import math
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    exponent,
    float64_of_bits,
    floor,
    fma,
    integral_part,
    narrow,
    quotient,
    scale,
    select,
    widen,
    wrap_int64,
)
from aotops.intrinsics import divide as ieee_divide
from aotops.ops.cases import Cases
from aotops.ops.float_arithmetic import INF, NAN, in_float32, in_float64, is_outside, or_zero
from aotops.ops.record import INTEGERS, NUMBERS, zip

#: Integers of up to 16 and 32 bits: their quotients are exact in float32 and float64.
SHORT = tuple([dtype for dtype in INTEGERS if FACTS[dtype].bits <= 16])
MIDDLE = tuple([dtype for dtype in INTEGERS if FACTS[dtype].bits == 32])

# --- integers -----------------------------------------------------------------------------------------------------


#: Added to an integer below 2^51 as a float64 it leaves the integer in the low bits, and the other way round.
ROUNDING, ROUNDING_BITS = 6755399441055744.0, 0x4338000000000000


def float_of(n: Any) -> Any:
    """An integer below 2^51 as a float64; before AVX-512, CPUs convert only those of 32 bits as vectors."""
    return float64_of_bits(n + ROUNDING_BITS) - ROUNDING


def integer_of(x: Any) -> Any:
    """An integral float64 below 2^51 as an integer."""
    return bits_of_float64(x + ROUNDING) - ROUNDING_BITS


def floor_quotient(a: Any, b: Any) -> Any:
    """``a // b`` of integral floats, 0 by 0: up to 2^50 in float64, up to 2^20 in float32.

    Half an integer more has a quotient that is half a ``b``-th or more away from every integer: further than it is
    rounded.
    """
    return select(b == 0.0, 0.0, floor((a + math.copysign(0.5, b)) * ieee_divide(1.0, b)))


def floor_remainder(a: Any, b: Any) -> Any:
    """``a % b`` of integral floats as for ``floor_quotient``; the product is exact."""
    return select(b == 0.0, 0.0, a - floor_quotient(a, b) * b)


def short_integer(x: Any) -> Any:
    """An integral float32 of at most 2^20 as an integer."""
    return bits_of_float32(x + 12582912.0) - 0x4B400000


@in_float32
def floor_divide_short(x1: Any, x2: Any) -> Any:
    """``x1 // x2`` of integers of 16 bits."""
    return short_integer(floor_quotient(narrow(x1), narrow(x2)))


@in_float32
def remainder_short(x1: Any, x2: Any) -> Any:
    """``x1 % x2`` of integers of 16 bits."""
    return short_integer(floor_remainder(narrow(x1), narrow(x2)))


def floor_divide_middle(x1: Any, x2: Any) -> Any:
    """``x1 // x2`` of integers of 32 bits."""
    return integer_of(floor_quotient(widen(x1), widen(x2)))


def remainder_middle(x1: Any, x2: Any) -> Any:
    """``x1 % x2`` of integers of 32 bits."""
    return integer_of(floor_remainder(widen(x1), widen(x2)))


def floor_divide_near(x1: Any, x2: Any) -> Any:
    """``x1 // x2`` of integers up to 2^50."""
    return integer_of(floor_quotient(float_of(x1), float_of(x2)))


def remainder_near(x1: Any, x2: Any) -> Any:
    """``x1 % x2`` of integers up to 2^50."""
    return integer_of(floor_remainder(float_of(x1), float_of(x2)))


def is_far(x1: Any, x2: Any) -> Any:
    """Whether an integer is beyond 2^50."""
    bound = 1125899906842624
    return is_outside(x1, -bound, bound) | is_outside(x2, -bound, bound)


# --- floats -------------------------------------------------------------------------------------------------------


def floor_parts(a: Any, b: Any) -> tuple[Any, Any]:
    """``a // b`` and ``a % b`` of floats whose quotient is below 2^53, ``b`` neither 0 nor infinite.

    A quotient just below an integer may be rounded to it. Then the remainder, which is exact, has the wrong sign. Of
    infinities and NaN they are what ``floor(a / b)`` is, and NaN.
    """
    whole = floor(ieee_divide(a, b))
    rest = fma(-whole, b, a)
    wrong = ((rest < 0.0) & (b > 0.0)) | ((rest > 0.0) & (b < 0.0))
    rest = select(wrong, rest + b, rest)
    return select(wrong, whole - 1.0, whole), select(rest == 0.0, math.copysign(rest, b), rest)


def fmod(a: Any, b: Any) -> Any:
    """``a`` less the largest multiple of ``b`` that is not beyond it, exactly, of any finite ``a >= 0`` and ``b > 0``.

    Long division: each step subtracts a multiple of ``b`` times a power of 2 and leaves 51 bits less, so that 42 steps
    are enough.
    """
    rest = a
    while rest >= b:
        power = exponent(rest) - exponent(b) - 51.0
        power = select(power > 0.0, power, 0.0)
        half = floor(power * 0.5)
        unit = (b * scale(1.0, half)) * scale(1.0, power - half)
        rest = fma(-integral_part(ieee_divide(rest, unit)), unit, rest)
        rest = select(rest < 0.0, rest + unit, rest)
    return rest


def floor_divide_any(a: Any, b: Any) -> Any:
    """``a // b`` of any floats: a quotient from 2^53 on is an integer as it is."""
    ratio = ieee_divide(a, b)
    whole, _ = floor_parts(a, b)
    return select(math.fabs(ratio) < 9007199254740992.0, whole, floor(ratio))


def remainder_any(a: Any, b: Any) -> Any:
    """``a % b`` of any floats."""
    valid = (math.fabs(a) < INF) & (math.fabs(b) <= INF) & (b != 0.0)
    rest = math.copysign(fmod(select(valid, math.fabs(a), 0.0), select(valid, math.fabs(b), 1.0)), a)
    # of an infinite b, the sum is b
    rest = select((rest < 0.0) != (b < 0.0), rest + b, rest) if rest != 0.0 else math.copysign(rest, b)
    return select(valid, rest, NAN)


def is_far64(a: Any, b: Any) -> Any:
    """Whether the quotient may reach 2^53, or ``b`` is zero, subnormal, infinite or NaN; from the exponents' bits."""
    e, f = (bits_of_float64(a) >> 52) & 2047, (bits_of_float64(b) >> 52) & 2047
    return (e - f > 52) | is_outside(f, 1, 2047)


def is_far32(a: Any, b: Any) -> Any:
    """As ``is_far64``, of float32."""
    e, f = (bits_of_float32(a) >> 23) & 255, (bits_of_float32(b) >> 23) & 255
    return (e - f > 52) | is_outside(f, 1, 255)


# --- floor_divide -------------------------------------------------------------------------------------------------


def numpy_floor_divide(np: Any, x1: Any, x2: Any) -> Any:
    """NumPy's, of floats in a wider dtype, for it rounds quotients twice; those from 2^53 on are integers anyway.

    Of infinities the array API standard wants the quotient rounded down.
    """
    own = np.result_type(x1, x2)
    if own.kind != "f":
        return np.floor_divide(x1, x2)
    wide = np.float64 if own == np.float32 else np.longdouble
    whole = np.floor(np.divide(x1, x2, dtype=np.float64 if own == np.float32 else own))
    exact = np.isfinite(x1) & np.isfinite(x2) & (np.abs(whole) < 2.0**53)
    return np.where(exact, np.floor_divide(x1, x2, dtype=wide), whole).astype(own)


@zip(
    dtypes=NUMBERS,
    slot="floor_divide",
    compute_bound=True,
    aliases=("numpy.floor_divide",),
    numpy=numpy_floor_divide,
    cases=Cases(smooth=(0.5, 3.0)),
)
def floor_divide(x1: Any, x2: Any) -> Any:
    """Quotient of each pair of elements rounded down to an integer, ``x1 // x2``, in their dtype.

    Special cases: An integer divided by 0 gives 0, without a warning; the smallest signed integer divided by -1 wraps
    around to itself. A float divided by 0 gives an infinity, or NaN for 0 / 0. With infinities it is ``x1 / x2``
    rounded down, as the array API standard has it: inf // 2.0 is inf, and 1.0 // -inf is -0.0, where Python and NumPy
    have NaN and -1.

    Accuracy: Exact up to 2^53; beyond, the nearest float to the quotient.

    >>> import aotops as ao
    >>> ao.floor_divide(ao.tensor([7, -7, 7]), ao.tensor([2, 2, 0]))
    tensor([ 3, -4,  0])

    See also: ``remainder``, ``divide``, ``floor``.
    """
    q = quotient(x1, x2)
    rest = x1 - q * x2
    return select(x2 == 0, 0, q - select((rest != 0) & ((rest < 0) != (x2 < 0)), 1, 0))


@floor_divide.specialise("float64")
def floor_divide64(x1: Any, x2: Any) -> Any:
    return floor_divide_any(x1, x2)


@floor_divide.specialise("float32")
@in_float64
def floor_divide32(x1: Any, x2: Any) -> Any:
    return floor_divide_any(widen(x1), widen(x2))


def unsigned_quotient(a: Any, b: Any) -> Any:
    """The quotient of two uint64, all of them as the bits of an int64; 0 by 0."""
    smallest = -0x8000000000000000  # exchanged sign bits order int64 as uint64
    q = quotient((a >> 1) & 0x7FFFFFFFFFFFFFFF, b) * 2  # of the first 63 bits, which are not negative
    rest = wrap_int64(a - wrap_int64(q * b))
    q = q + select((rest ^ smallest) >= (b ^ smallest), 1, 0)
    above = select((a ^ smallest) >= (b ^ smallest), 1, 0)  # where b has the highest bit
    return select(b == 0, 0, select(b < 0, above, q))


# --- remainder ----------------------------------------------------------------------------------------------------


@zip(
    dtypes=NUMBERS,
    slot="remainder",
    compute_bound=True,
    aliases=("numpy.remainder", "numpy.mod"),
    cases=Cases(smooth=(0.5, 3.0)),
)
def remainder(x1: Any, x2: Any) -> Any:
    """Remainder of each pair of elements, ``x1 % x2``: it has the sign of ``x2``, and ``x1 // x2 * x2`` is the rest.

    Special cases: An integer divided by 0 leaves 0, without a warning. A float divided by 0, and an infinity, leave
    NaN. A finite number divided by an infinity leaves itself, or that infinity if their signs differ. A zero has the
    sign of ``x2``.

    Accuracy: Exact where the signs are equal, else correctly rounded.

    >>> import aotops as ao
    >>> ao.remainder(ao.tensor([7, -7, 7]), ao.tensor([3, 3, -3]))
    tensor([ 1,  2, -2])

    See also: ``floor_divide``.
    """
    rest = x1 - quotient(x1, x2) * x2
    return select(x2 == 0, 0, rest + select((rest != 0) & ((rest < 0) != (x2 < 0)), x2, 0))


@remainder.specialise("float64")
def remainder64(x1: Any, x2: Any) -> Any:
    return remainder_any(x1, x2)


@remainder.specialise("float32")
@in_float64
def remainder32(x1: Any, x2: Any) -> Any:
    return remainder_any(widen(x1), widen(x2))


def remainder_near64(x1: Any, x2: Any) -> Any:
    """``x1 % x2`` of floats whose quotient is below 2^53."""
    return floor_parts(x1, x2)[1]


@in_float64
def remainder_near32(x1: Any, x2: Any) -> Any:
    """As ``remainder_near64``, of float32."""
    return floor_parts(widen(x1), widen(x2))[1]


remainder.fast_path("float32", unless=is_far32)(remainder_near32)
remainder.fast_path("float64", unless=is_far64)(remainder_near64)
for _dtype in SHORT:
    floor_divide.specialise(_dtype)(floor_divide_short)
    remainder.specialise(_dtype)(remainder_short)
for _dtype in MIDDLE:
    floor_divide.specialise(_dtype)(floor_divide_middle)
    remainder.specialise(_dtype)(remainder_middle)


@floor_divide.specialise("uint64")
def floor_divide_uint64(x1: Any, x2: Any) -> Any:
    return unsigned_quotient(wrap_int64(x1), wrap_int64(x2))


@remainder.specialise("uint64")
def remainder_uint64(x1: Any, x2: Any) -> Any:
    a, b = wrap_int64(x1), wrap_int64(x2)
    return select(b == 0, 0, wrap_int64(a - unsigned_quotient(a, b) * b))


floor_divide.fast_path("int64", unless=is_far)(floor_divide_near)
remainder.fast_path("int64", unless=is_far)(remainder_near)


@remainder.derivative
def remainder_derivative(x1: Any, x2: Any, y: Any, g: Any) -> Any:
    whole = floor(ieee_divide(x1, x2))
    return select(y == y, g, y), select(y == y, or_zero(-g * whole, g, whole), y)
