"""Logic: of truth values, and of the bits of integers, element by element."""

from __future__ import annotations

from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import select
from aotops.ops.record import ALL, BOOL, INTEGERS, map, zip

#: Truth values are computed from bools and integers; of other dtypes everything but 0 is true.
TO_BOOL = {dtype: "bool" for dtype in ALL if dtype not in BOOL + INTEGERS}

# --- logical functions --------------------------------------------------------------------------------------------


@zip(dtypes=BOOL + INTEGERS, casts=TO_BOOL, result="bool", signless=True, aliases=("numpy.logical_and",))
def logical_and(x1: Any, x2: Any) -> Any:
    """Whether both of each pair of elements are true.

    Special cases: Everything but 0 is true, NaN too.

    >>> import aotops as ao
    >>> ao.logical_and(ao.tensor([True, True, False]), ao.tensor([1, 0, 1]))
    tensor([ True, False, False])
    """
    return x1 & x2


@zip(dtypes=BOOL + INTEGERS, casts=TO_BOOL, result="bool", signless=True, aliases=("numpy.logical_or",))
def logical_or(x1: Any, x2: Any) -> Any:
    """Whether at least one of each pair of elements is true.

    Special cases: Everything but 0 is true, NaN too.

    >>> import aotops as ao
    >>> ao.logical_or(ao.tensor([True, True, False]), ao.tensor([1, 0, 0]))
    tensor([ True,  True, False])
    """
    return x1 | x2


@zip(dtypes=BOOL + INTEGERS, casts=TO_BOOL, result="bool", signless=True, aliases=("numpy.logical_xor",))
def logical_xor(x1: Any, x2: Any) -> Any:
    """Whether exactly one of each pair of elements is true.

    Special cases: Everything but 0 is true, NaN too.

    >>> import aotops as ao
    >>> ao.logical_xor(ao.tensor([True, True, False]), ao.tensor([1, 0, 0]))
    tensor([False,  True, False])
    """
    return x1 ^ x2


@map(dtypes=BOOL + INTEGERS, casts=TO_BOOL, result="bool", signless=True, aliases=("numpy.logical_not",))
def logical_not(x: Any) -> Any:
    """Whether each element is false.

    Special cases: Only 0 is false; NaN is true.

    >>> import aotops as ao
    >>> ao.logical_not(ao.tensor([True, False]))
    tensor([False,  True])
    """
    return not x


for _dtype in INTEGERS:
    logical_and.specialise(_dtype)(lambda x1, x2: (x1 != 0) & (x2 != 0))
    logical_or.specialise(_dtype)(lambda x1, x2: (x1 | x2) != 0)
    logical_xor.specialise(_dtype)(lambda x1, x2: (x1 != 0) != (x2 != 0))
    logical_not.specialise(_dtype)(lambda x: x == 0)


# --- functions of bits --------------------------------------------------------------------------------------------


@zip(dtypes=BOOL + INTEGERS, signless=True, slot="and", aliases=("numpy.bitwise_and",))
def bitwise_and(x1: Any, x2: Any) -> Any:
    """The bits that both of each pair of integers have, ``x1 & x2``; of bools, whether both are true.

    >>> import aotops as ao
    >>> ao.bitwise_and(ao.tensor([12, 7]), 10)
    tensor([8, 2])
    """
    return x1 & x2


@zip(dtypes=BOOL + INTEGERS, signless=True, slot="or", aliases=("numpy.bitwise_or",))
def bitwise_or(x1: Any, x2: Any) -> Any:
    """The bits that either of each pair of integers has, ``x1 | x2``; of bools, whether at least one is true.

    >>> import aotops as ao
    >>> ao.bitwise_or(ao.tensor([12, 7]), 10)
    tensor([14, 15])
    """
    return x1 | x2


@zip(dtypes=BOOL + INTEGERS, signless=True, slot="xor", aliases=("numpy.bitwise_xor",))
def bitwise_xor(x1: Any, x2: Any) -> Any:
    """The bits that exactly one of each pair of integers has, ``x1 ^ x2``; of bools, whether exactly one is true.

    >>> import aotops as ao
    >>> ao.bitwise_xor(ao.tensor([12, 7]), 10)
    tensor([ 6, 13])
    """
    return x1 ^ x2


@map(dtypes=BOOL + INTEGERS, signless=True, slot="invert", aliases=("numpy.invert", "numpy.bitwise_not"))
def bitwise_invert(x: Any) -> Any:
    """The bits that each integer lacks, ``~x``; of bools, whether each is false.

    Special cases: Of signed integers it is ``-x - 1``.

    >>> import aotops as ao
    >>> ao.bitwise_invert(ao.tensor([0, 7])), ~ao.tensor([True, False])
    (tensor([-1, -8]), tensor([False,  True]))
    """
    return ~x


@bitwise_invert.specialise("bool")
def bitwise_invert_of_bools(x: Any) -> Any:
    return not x


# --- shifts -------------------------------------------------------------------------------------------------------


# Kernels compute with integers of 64 bits. A count that is below the width of the dtype lets the compiler shift in that
# width, three times as fast for 8 bits.


def left_shift_of(bits: int) -> Any:
    """Make the shift to the left of integers of a width."""

    def left_shift(x1: Any, x2: Any) -> Any:
        return select((x2 >= 0) & (x2 < bits), x1 << (x2 & (bits - 1)), 0)

    return left_shift


def right_shift_of(bits: int, signed: bool) -> Any:
    """Make the shift to the right of integers of a width, of which the sign is left, if there is one."""

    def signed_shift(x1: Any, x2: Any) -> Any:
        return x1 >> (select((x2 >= 0) & (x2 < bits), x2, bits - 1) & (bits - 1))

    def unsigned_shift(x1: Any, x2: Any) -> Any:
        return select(x2 < bits, x1 >> (x2 & (bits - 1)), 0)

    return signed_shift if signed else unsigned_shift


@zip(dtypes=INTEGERS, signless=True, slot="lshift", aliases=("numpy.left_shift",))
def bitwise_left_shift(x1: Any, x2: Any) -> Any:
    """The bits of ``x1`` shifted to the left by ``x2``, ``x1 << x2``: times ``2**x2``, wrapped around.

    Special cases: A shift by at least as many bits as the dtype has, or by less than 0, shifts all bits out.

    >>> import aotops as ao
    >>> ao.bitwise_left_shift(ao.tensor([1, 3, 1]), ao.tensor([4, 1, 64]))
    tensor([16,  6,  0])
    """
    return select((x2 >= 0) & (x2 < 64), x1 << (x2 & 63), 0)


for _dtype in INTEGERS:
    bitwise_left_shift.specialise(_dtype)(left_shift_of(FACTS[_dtype].bits))


@zip(dtypes=INTEGERS, slot="rshift", aliases=("numpy.right_shift",))
def bitwise_right_shift(x1: Any, x2: Any) -> Any:
    """The bits of ``x1`` shifted to the right by ``x2``, ``x1 >> x2``: ``x1 // 2**x2``.

    Special cases: A shift by at least as many bits as the dtype has, or by less than 0, shifts all bits out: 0 is left,
    or -1 of a negative number.

    >>> import aotops as ao
    >>> ao.bitwise_right_shift(ao.tensor([16, -3, -3]), ao.tensor([4, 1, 64]))
    tensor([ 1, -2, -1])
    """
    return x1 >> select((x2 >= 0) & (x2 < 64), x2, 63)


for _dtype in INTEGERS:
    bitwise_right_shift.specialise(_dtype)(right_shift_of(FACTS[_dtype].bits, FACTS[_dtype].kind == "signed"))
