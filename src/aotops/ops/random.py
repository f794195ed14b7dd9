"""Random numbers: Philox, a counter-based generator of bits, and the numbers that are made of them.

Philox4x32-10 encrypts a counter of four words with a key of two (Salmon, Moraes, Dror and Shaw, "Parallel random
numbers: as easy as 1, 2, 3", 2011). So the numbers at any place of the sequence can be computed alone: by any thread,
and in vectors. Words are the low 32 bits of an int64; above them may be anything.

All is arithmetic whose bits are the same at every CPU level: the logarithm, the sine and the cosine are aotops' own.
"""

from __future__ import annotations

from typing import Any

from aotops.intrinsics import (
    bits_of_float32,
    bits_of_float64,
    float32_of_bits,
    float64_of_bits,
    fma,
    select,
    square_root,
    wrap_int64,
)
from aotops.ops.exponential import log32, log64
from aotops.ops.trigonometric import cosine64, sine64

WORD = 0xFFFFFFFF
#: What two of the words are multiplied by in each round, and what is added to the words of the key after it.
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
INCREMENTS = 0x9E3779B9, 0xBB67AE85

SMALLEST = -(2**63)
QUARTER_PI = 0.7853981633974483

# --- bits -------------------------------------------------------------------------------------------------------------


def philox(words: Any, key: Any) -> Any:
    """Encrypt four words with a key of two, in ten rounds, which are written out: loops with loops are no vectors."""
    k0, k1 = key
    words = one_round(words, k0, k1)
    words = one_round(words, k0 + INCREMENTS[0], k1 + INCREMENTS[1])
    words = one_round(words, k0 + 2 * INCREMENTS[0], k1 + 2 * INCREMENTS[1])
    words = one_round(words, k0 + 3 * INCREMENTS[0], k1 + 3 * INCREMENTS[1])
    words = one_round(words, k0 + 4 * INCREMENTS[0], k1 + 4 * INCREMENTS[1])
    words = one_round(words, k0 + 5 * INCREMENTS[0], k1 + 5 * INCREMENTS[1])
    words = one_round(words, k0 + 6 * INCREMENTS[0], k1 + 6 * INCREMENTS[1])
    words = one_round(words, k0 + 7 * INCREMENTS[0], k1 + 7 * INCREMENTS[1])
    words = one_round(words, k0 + 8 * INCREMENTS[0], k1 + 8 * INCREMENTS[1])
    return one_round(words, k0 + 9 * INCREMENTS[0], k1 + 9 * INCREMENTS[1])


def one_round(words: Any, k0: Any, k1: Any) -> Any:
    """A round of Philox.

    A product of two words is one instruction of every level (``pmuludq``), which ignores what stands above a word.
    """
    c0, c1, c2, c3 = words
    p0 = (c0 & WORD) * MULTIPLIERS[0]
    p1 = (c2 & WORD) * MULTIPLIERS[1]
    return ((p1 >> 32) & WORD) ^ c1 ^ k0, p1, ((p0 >> 32) & WORD) ^ c3 ^ k1, p0


# --- uniform numbers --------------------------------------------------------------------------------------------------


def uniform64(low: Any, high: Any) -> Any:
    """A float64 from 0 to below 1 of two words: a multiple of 2^-53.

    52 bits are the mantissa of a number from 1 to 2; what is subtracted is 1, or 1 - 2^-53 if the last bit is set.
    No level but x86-64-v4 can convert an int64 in a vector.
    """
    bits = ((high & WORD) << 20) | ((low & WORD) >> 12)
    return float64_of_bits(0x3FF0000000000000 | bits) - float64_of_bits(0x3FF0000000000000 - ((low >> 11) & 1))


def uniform32(word: Any) -> Any:
    """A float32 from 0 to below 1 of a word, as ``uniform64``: a multiple of 2^-24."""
    bits = (word & WORD) >> 9
    return float32_of_bits(0x3F800000 | bits) - float32_of_bits(0x3F800000 - ((word >> 8) & 1))


def positive64(low: Any, high: Any) -> Any:
    """A float64 above 0 and up to 1 of two words: ``(bits + 1) / 2**64``, rounded."""
    upper = float64_of_bits(0x4330000000000000 | (high & WORD)) - 4503599627370496.0
    lower = float64_of_bits(0x4330000000000000 | (low & WORD)) - 4503599627370495.0
    return upper * 2.3283064365386963e-10 + lower * 5.421010862427522e-20


def positive32(word: Any) -> Any:
    """A float32 above 0 and up to 1 of a word: ``(bits + 1) / 2**32``, rounded."""
    upper = float32_of_bits(0x4B000000 | ((word >> 16) & 0xFFFF)) - 8388608.0
    lower = float32_of_bits(0x4B000000 | (word & 0xFFFF)) - 8388607.0
    return upper * 1.52587890625e-05 + lower * 2.3283064365386963e-10


# --- normal numbers ---------------------------------------------------------------------------------------------------


def signed64(x: Any, bit: Any) -> Any:
    """``-x`` if the lowest bit is set."""
    return float64_of_bits(bits_of_float64(x) ^ wrap_int64(bit << 63))


def signed32(x: Any, bit: Any) -> Any:
    """As ``signed64``, of a float32."""
    return float32_of_bits(bits_of_float32(x) ^ -((bit & 1) << 31))


def normal64(words: Any) -> Any:
    """Two independent standard normal numbers in float64 (Box and Muller): the coordinates of a random point.

    The direction is an angle in an eighth of the circle, and which eighth. The distance is at most 9.42, since its
    square is exponentially distributed and computed of 64 bits.
    """
    w0, w1, w2, w3 = words
    distance = square_root(-2.0 * log64(positive64(w0, w1)))
    bits = ((w3 & WORD) << 20) | ((w2 & WORD) >> 12)
    angle = (float64_of_bits(0x3FF0000000000000 | bits) - 1.0) * QUARTER_PI
    sine, cosine = sine64(angle, 0.0), cosine64(angle, 0.0)
    swapped = (w2 & 4) != 0
    x, y = select(swapped, sine, cosine), select(swapped, cosine, sine)
    return signed64(distance * x, w2), signed64(distance * y, w2 >> 1)


def normal32(w0: Any, w1: Any) -> Any:
    """As ``normal64`` in float32, of two words; the distance is at most 6.66.

    The sine and the cosine are Taylor's series, within 2^-28 of them.
    """
    distance = square_root(-2.0 * log32(positive32(w0)))
    angle = (float32_of_bits(0x3F800000 | ((w1 & WORD) >> 9)) - 1.0) * QUARTER_PI
    z = angle * angle
    p = fma(z, fma(z, 2.7557319223985893e-06, -0.0001984126984126984), 0.008333333333333333)
    sine = fma(angle * z, fma(z, p, -0.16666666666666666), angle)
    q = fma(z, fma(z, 2.48015873015873e-05, -0.001388888888888889), 0.041666666666666664)
    cosine = fma(z, fma(z, q, -0.5), 1.0)
    swapped = (w1 & 4) != 0
    x, y = select(swapped, sine, cosine), select(swapped, cosine, sine)
    return signed32(distance * x, w1), signed32(distance * y, w1 >> 1)


# --- integers ---------------------------------------------------------------------------------------------------------


def joined(low: Any, high: Any) -> Any:
    """Two words as an int64."""
    return wrap_int64(((high & WORD) << 32) | (low & WORD))


def high_product(low: Any, high: Any, bound: Any) -> Any:
    """The upper and the lower 64 bits of a product of unsigned integers: two words, and an int64."""
    low, high = low & WORD, high & WORD
    bound_low, bound_high = bound & WORD, (bound >> 32) & WORD
    least, most = low * bound_low, high * bound_high
    one, other = high * bound_low, low * bound_high
    middle = ((least >> 32) & WORD) + (one & WORD) + (other & WORD)
    upper = most + ((one >> 32) & WORD) + ((other >> 32) & WORD) + (middle >> 32)
    return wrap_int64(upper), joined(least, middle)


def is_less(a: Any, b: Any) -> Any:
    """Whether an int64 is less than another as unsigned integers."""
    return (a ^ SMALLEST) < (b ^ SMALLEST)


def excess(bound: Any) -> Any:
    """``2**64 % bound`` of an unsigned bound; 0 of 0."""
    if bound == 0:
        return 0
    if bound < 0:  # 2^63 or more
        return 0 if bound == SMALLEST else -bound
    rest = (0x7FFFFFFFFFFFFFFF % bound + 1) % bound  # 2^63 % bound
    return rest - (bound - rest) if rest >= bound - rest else rest + rest
