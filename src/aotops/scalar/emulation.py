"""Primitives in plain Python, for CPU levels without the instruction: the same bits for every argument.

They are branch-free, so that the compiler can run them on whole vectors. ``aotops.aot.back.primitives`` calls them in
place of the declared primitives, and of ``llvm.fma``, for which LLVM would call the C library for each element.

Source of the fused multiply-add: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms
using rounding to odd", IEEE Transactions on Computers 57 (2008).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    float32_of_bits,
    float64_of_bits,
    floor,
    narrow,
    select,
    shift_right,
    unlikely,
    widen,
    wrap_int64,
)
from aotops.ops.float_arithmetic import INF, NAN, is_outside, two_sum


def split(x: Any) -> Any:
    """The upper 26 bits of a float64, rounded, and the rest: products of such parts are exact."""
    scaled = 134217729.0 * x
    high = scaled - (scaled - x)
    return high, x - high


def two_product(a: Any, b: Any) -> Any:
    """``a * b`` rounded, and its rounding error, exact unless something over- or underflows; 17 operations."""
    product = a * b
    a_high, a_low = split(a)
    b_high, b_low = split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def odd_sum(a: Any, b: Any) -> Any:
    """``a + b`` rounded to odd: of the two nearest float64 the one whose last bit is 1, unless the sum is exact.

    Rounded again to a format with at least 2 bits less, it gives the same as the exact sum.
    """
    total, error = two_sum(a, b)
    bits = bits_of_float64(total)
    # comparisons with an error that is NaN are false
    inexact = ((error > 0.0) | (error < 0.0)) & (bits & 1 == 0)
    away = select((error > 0.0) == (total > 0.0), 1, -1)
    return float64_of_bits(bits + select(inexact, away, 0))


def fma32(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float32, rounded once. In float64 the product is exact."""
    return narrow(odd_sum(widen(a) * widen(b), widen(c)))


def is_moderate(a: Any, b: Any, c: Any) -> Any:
    """Whether nothing can over- or underflow in ``moderate_fma64``."""
    x, y, z = math.fabs(a), math.fabs(b), math.fabs(c)
    largest, smallest = 2.582249878086909e120, 3.872591914849318e-121  # 2**400, 2**-400
    factors = (x < largest) & ((x > smallest) | (x == 0.0)) & (y < largest) & ((y > smallest) | (y == 0.0))
    return factors & (z < largest) & ((z > smallest) | (z == 0.0))


def moderate_fma64(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float64, rounded once, where ``is_moderate``."""
    product, product_low = two_product(a, b)
    inner, inner_low = two_sum(c, product_low)
    total, total_low = two_sum(product, inner)
    # the sum of zeros has the sign that IEEE 754 specifies
    return select(product == 0.0, product + c, total + odd_sum(inner_low, total_low))


def mantissa_and_exponent(x: Any) -> Any:
    """``m, e`` with ``x = m * 2**e``, ``m`` from 1 to 2, of a finite number; of zeros ``m`` is 0."""
    tiny = math.fabs(x) < 2.2250738585072014e-308
    bits = bits_of_float64(select(tiny, x * 18014398509481984.0, x))
    exponent = ((bits >> 52) & 0x7FF) - 1023 - select(tiny, 54, 0)
    mantissa = float64_of_bits((bits & -0x7FF0000000000001) | 0x3FF0000000000000)
    return select(x == 0.0, x, mantissa), exponent


def power_of_two(exponent: Any) -> Any:
    """``2.0**exponent`` of an integer from -1022 to 1023."""
    return float64_of_bits((exponent + 1023) << 52)


#: Beyond this distance of exponents the smaller of product and addend only decides how the larger one is rounded.
FAR = 130


def fma64(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of float64, rounded once, for all arguments."""
    (a1, ea), (b1, eb), (c1, ec) = mantissa_and_exponent(a), mantissa_and_exponent(b), mantissa_and_exponent(c)
    # scaled by 2**-scale the product is between 1 and 4
    apart = ec - (ea + eb)
    scale = select(apart > FAR, ec - FAR, ea + eb)
    scale = select(scale < -1300, -1300, scale)  # the result is 0 already
    apart = select(apart > FAR, FAR, select(apart < -FAR, -FAR, apart))
    product, product_low = two_product(a1, b1)
    inner, inner_low = two_sum(c1 * power_of_two(apart), product_low)
    total, total_low = two_sum(product, inner)
    rest = odd_sum(inner_low, total_low)
    rounded = total + rest
    # a subnormal result has fewer bits: round at the last of them, which adding 2**52 times its value shifts to the end
    _, exponent = mantissa_and_exponent(rounded)
    subnormal = (exponent + scale < -1022) & (rounded != 0.0)
    shifter = math.copysign(power_of_two(select(subnormal, -1022 - scale, 0)), rounded)
    shifted, shifted_low = two_sum(shifter, total)
    coarse = math.copysign(math.fabs((shifted + odd_sum(shifted_low, rest)) - shifter), rounded)
    half = scale >> 1
    result = select(subnormal, coarse, rounded) * power_of_two(half) * power_of_two(scale - half)
    finite = (math.fabs(a) < INF) & (math.fabs(b) < INF)
    plain = a * b + c
    result = select(math.fabs(c) < INF, result, c)
    return select(finite & (a != 0.0) & (b != 0.0), result, plain)


#: The elements of a vector of float64 on the levels that need the emulation.
LANES = 2


def fma64_of_lanes(a: Any, b: Any, c: Any, result: Any) -> None:
    """``fma64`` of ``LANES`` float64 at each pointer, by half the operations where all of them are moderate."""
    moderate = True
    for k in range(LANES):
        moderate &= is_moderate(a[k], b[k], c[k])
    if moderate:
        for k in range(LANES):
            result[k] = moderate_fma64(a[k], b[k], c[k])
    else:
        for k in range(LANES):
            result[k] = fma64(a[k], b[k], c[k])


def fma32_of_lanes(a: Any, b: Any, c: Any, result: Any) -> None:
    """``fma32`` of ``2 * LANES`` float32 at each pointer."""
    for k in range(2 * LANES):
        result[k] = fma32(a[k], b[k], c[k])


# --- instructions of x86-64-v4 ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Primitive:
    """A primitive that levels without an instruction for it emulate.

    Attributes:
        general: its value for all arguments, branch-free.
        ordinary: its value where ``is_rare`` of the last argument is false, by fewer operations.
        is_rare: whether an argument is special.
        special: two values of some special arguments by fewer operations than ``general``, each behind the test of
            both that must be false.
    """

    general: Callable[..., Any]
    ordinary: Callable[..., Any] | None = None
    is_rare: Callable[..., Any] | None = None
    special: tuple[tuple[Callable[..., Any], Callable[..., Any]], ...] = ()


#: The bits behind the binary point and the bias of the exponent of each format.
FORMATS = {"f64": (52, 1023), "f32": (23, 127)}


def largest_ordinary(bias: int) -> float:
    """The largest ``abs(k)`` of which ``scale`` makes normal results, unless ``abs(y)`` is below 2^-8: that is rare."""
    return bias - 10.0


def primitives_of(bits_of: Any, of_bits: Any, width: int, bias: int) -> dict[str, Primitive]:
    """Make the primitives of a float format, which has ``width`` bits behind the binary point."""
    one, exponents, integers = bias << width, (2 * bias + 1) << width, (bias + width) << width
    inverse = (2 * bias) << width  # of 2**e the bits less those of 2**-e
    smallest, up = 2.0 ** (1 - bias), 2.0 ** (width + 2)
    # ``2**-units`` is the smallest number; the bits of a sum with ``unit`` end with its integer
    units, unit = bias + width - 1.0, 2.0**width
    biased = 1.5 * 2.0**width + bias
    offset, lower_offset = 2.0**width + bias, 2.0**width + bias + width + 2
    high, low = 1 << width, (2 * bias - 1) << width  # the bits of ordinary numbers
    shift, bound = 2**63 - high, low - high - 2**63
    most, beyond, ordinary = bias - 3.0, bias - 1.0, largest_ordinary(bias)

    def power(k: Any) -> Any:
        """``2**k`` of an integral float, where it is a normal number: the last bits of a sum, moved to the exponent."""
        return of_bits(wrap_int64(bits_of(k + biased) << width))

    def scale(y: Any, k: Any) -> Any:
        """As by AVX-512: a subnormal result is the end of a sum's bits, for products take 150 cycles to be one."""
        n = floor(select(k > 2.0 * most, 2.0 * most, select(k < -2.0 * most, -2.0 * most, k)))
        y = y + 0.0 * n  # NaN if either is
        # in units of the smallest number, of which those beyond all bounds are as good as others
        j = n + units
        in_units = math.fabs(y) * power(select(j > beyond, beyond, select(j < -66.0, -66.0, j)))
        subnormal = in_units < unit
        size = of_bits(bits_of(in_units + unit) - integers)
        # of two products, the first one is exact
        n = select(subnormal, 0.0, n)
        half = floor(0.5 * n)
        return select(subnormal, math.copysign(size, y), (y * power(half)) * power(n - half))

    def scale_by_normal(y: Any, k: Any) -> Any:
        return y * power(floor(k))

    def scale_down(y: Any, k: Any) -> Any:
        """As ``scale``, where no normal result needs two products."""
        n = floor(k)
        j = n + units
        j = select(j > beyond, beyond, j)
        in_units = math.fabs(y) * power(select(j < -66.0, -66.0, j))
        subnormal = in_units < unit
        size = of_bits(bits_of(in_units + unit) - integers)
        return select(subnormal, math.copysign(size, y), y * power(select(subnormal, 0.0, n)))

    def scale_up(y: Any, k: Any) -> Any:
        """As ``scale``, where ``k`` is not below ordinary numbers."""
        n = floor(select(k > 2.0 * most, 2.0 * most, k))
        half = floor(0.5 * n)
        return ((y + 0.0 * n) * power(half)) * power(n - half)

    def is_not_down(y: Any, k: Any) -> Any:
        return (not k <= ordinary) | (not math.fabs(y) < 2.0)

    def is_not_up(y: Any, k: Any) -> Any:
        return k < -ordinary

    def has_no_normal_power(k: Any) -> Any:
        # also of NaN
        return not math.fabs(k) <= ordinary

    def limit(x: Any, bound: Any) -> Any:
        x = select(x < bound, x, bound)
        return select(x > -bound, x, -bound)

    def normal(x: Any) -> Any:
        """``abs(x)``, or 2^(width + 2) times that where it is subnormal, and whether it is."""
        a = math.fabs(x)
        tiny = a < smallest
        return select(tiny, a * up, a), tiny

    def is_rare(x: Any) -> Any:
        """Whether a number is not positive, not finite, subnormal, or has a subnormal inverse."""
        return wrap_int64(bits_of(x) + shift) >= bound if width == 52 else is_outside(bits_of(x), high, low)

    def is_rare_of_either_sign(x: Any) -> Any:
        return is_rare(math.fabs(x))

    def significand_of_normal(x: Any) -> Any:
        bits = bits_of(x)
        return of_bits(bits - (bits & exponents) + one)

    def significand(x: Any) -> Any:
        a, _ = normal(x)  # the bits of 0 and of infinity lead to 1
        return select(x == x, math.copysign(significand_of_normal(a), x), x)

    def of_exponents(seam: int) -> dict[str, Primitive]:
        """Make those that part numbers at ``seam``, less than 2 by that many bits."""

        def field(x: Any) -> Any:
            """The bits of the power of 2 below a normal positive number."""
            return (bits_of(x) + seam) & exponents

        def number(x: Any) -> Any:
            """The exponent and ``offset``, of a normal positive number."""
            # integers of 32 bits are computed in 64, of which the mask keeps what can be narrowed again
            bits = shift_right(bits_of(x) + seam, width) if width == 52 else field(x) >> width
            return of_bits(bits | integers)

        def exponent_of_normal(x: Any) -> Any:
            return number(x) - offset

        def exponent(x: Any) -> Any:
            a, tiny = normal(x)
            e = number(a) - select(tiny, lower_offset, offset)
            e = select(x == 0.0, -INF, select(math.fabs(x) < INF, e, math.fabs(x)))
            return select(x < 0.0, NAN, e) if seam else e

        def mantissa_of_normal(x: Any) -> Any:
            return of_bits(bits_of(x) - field(x) + one)

        def mantissa(x: Any) -> Any:
            a, _ = normal(x)
            return select(x >= 0.0, mantissa_of_normal(a), NAN)

        def unscale_by_normal(y: Any, x: Any) -> Any:
            return y * of_bits(inverse - field(x))

        def unscale(y: Any, x: Any) -> Any:
            return scale(y, -exponent(x))

        return {
            "exponent": Primitive(exponent, exponent_of_normal, is_rare),
            "mantissa": Primitive(mantissa, mantissa_of_normal, is_rare),
            "unscale": Primitive(unscale, unscale_by_normal, is_rare),
        }

    return {
        "scale": Primitive(
            scale, scale_by_normal, has_no_normal_power, ((is_not_down, scale_down), (is_not_up, scale_up))
        ),
        "limit": Primitive(limit),
        "significand": Primitive(significand, significand_of_normal, is_rare_of_either_sign),
        **of_exponents(0),
        **{f"centred_{name}": each for name, each in of_exponents(1 << (width - 1)).items()},
    }


PRIMITIVES = {
    "f64": primitives_of(bits_of_float64, float64_of_bits, *FORMATS["f64"]),
    "f32": primitives_of(bits_of_float32, float32_of_bits, *FORMATS["f32"]),
}


def at_pointers(name: str, format_: str, lanes: int) -> Callable[..., None]:
    """Make the emulation of a primitive of as many numbers as there are ``lanes``, at each pointer.

    Of one number it is branch-free, for loops that LLVM vectorizes. Of several, a branch spares all that serves rare
    arguments where none of them is rare.
    """
    primitive = PRIMITIVES[format_][name]
    general: Any = primitive.general
    ordinary: Any = primitive.ordinary
    is_rare: Any = primitive.is_rare

    def one(x: Any, result: Any) -> None:
        result[0] = general(x[0])

    def one_of_two(y: Any, x: Any, result: Any) -> None:
        result[0] = general(y[0], x[0])

    def several(x: Any, result: Any) -> None:
        rare = False
        for i in range(lanes):
            rare |= is_rare(x[i])
        if unlikely(rare):
            for i in range(lanes):
                result[i] = general(x[i])
        else:
            for i in range(lanes):
                result[i] = ordinary(x[i])

    def rare_of_two(y: Any, x: Any, result: Any) -> None:
        for i in range(lanes):
            result[i] = general(y[i], x[i])

    def rare_by_cases(y: Any, x: Any, result: Any) -> None:
        excluded, also_excluded = False, False
        for i in range(lanes):
            excluded |= is_excluded(y[i], x[i])
        for i in range(lanes):
            also_excluded |= is_also_excluded(y[i], x[i])
        if not excluded:
            for i in range(lanes):
                result[i] = first(y[i], x[i])
        elif not also_excluded:
            for i in range(lanes):
                result[i] = second(y[i], x[i])
        else:
            rare_of_two(y, x, result)

    def several_of_two(y: Any, x: Any, result: Any) -> None:
        rare = False
        for i in range(lanes):
            rare |= is_rare(x[i])
        if unlikely(rare):
            rare_values(y, x, result)
        else:
            for i in range(lanes):
                result[i] = ordinary(y[i], x[i])

    if primitive.special:
        (is_excluded, first), (is_also_excluded, second) = primitive.special
    rare_values: Any = rare_by_cases if primitive.special else rare_of_two
    of_two = general.__code__.co_argcount == 2
    function = (several_of_two if of_two else several) if lanes > 1 else (one_of_two if of_two else one)
    function.__name__ = f"{name}_{format_}_x{lanes}"
    return function
