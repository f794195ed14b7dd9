"""Loops that sort rows: radix sorts of keys, integers of 64 bits whose order is that of the elements.

1. ``keys`` makes a key of each element. NaN gets the largest one, and both zeros get the same.
2. ``sort_keys`` sorts the keys, ``sort_pairs`` keys with their positions. Equal keys keep their order.
3. ``values`` makes elements of the keys again. ``restore`` puts zeros and NaN in their original order, since a key does
   not know the sign and the payload.

A row of up to ``SHORT`` keys is sorted by insertion. In longer ones keys count from the smallest one, so that those in
a narrow range have few bits. Rows of up to ``MIDDLE`` are distributed twice, by the lower and then by the upper half of
the uppermost bits (``sort_middle``). This leaves few keys out of order, which insertion moves; where that takes long,
they are distributed by all bits (``sort_by_bits``). Longer rows are first distributed into buckets by their uppermost
bits, and each bucket is sorted in the L1 cache: 1e6 random float64 take 12 ns each, and 20 ns by eight passes over all.
``native/sort.c`` does this for rows of more than a quarter of a million, with the loops of one pass each: parts of the
row, and then the buckets, are shared out among threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import (
    Signature,
    accumulators,
    bits_of_float32,
    bits_of_float64,
    float32_of_bits,
    float64_of_bits,
    input_pointers,
    load_output,
    output_pointer,
    select,
    shift,
    store,
)

SHORT = 48
MIDDLE = 16384
#: Bits by which keys are distributed at a time, in rows below and from ``WIDE_FROM`` on: clearing and summing up 2048
#: counters takes as long as distributing 1000 keys.
NARROW, WIDE = 8, 11
COUNTERS = 1 << WIDE
WIDE_FROM = 2048
#: How many places for each key insertion may move keys before the other bits are distributed by.
MOST_MOVES = 4

LARGEST, SMALLEST = 2**63 - 1, -(2**63)
LARGEST32 = 2**31 - 1

#: What ``keys`` tells: that there are NaN, and that there are negative zeros.
HAS_NAN, HAS_ZEROS = 1, 2

# --- keys -------------------------------------------------------------------------------------------------------------


def keys(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that makes keys; ``numbers[0]``: whether in descending order. NaN is last in both."""
    signature = Signature((dtype,), ("int64", "int64"))
    is_float32, is_float64, is_uint64 = dtype == "float32", dtype == "float64", dtype == "uint64"

    def float64_key(x: float) -> int:
        bits = bits_of_float64(x)
        return select(x == 0.0, 0, select(bits < 0, bits ^ LARGEST, bits))  # type: ignore[no-any-return]

    def float32_key(x: float) -> int:
        bits = bits_of_float32(x) | 0
        return select(x == 0.0, 0, select(bits < 0, bits ^ LARGEST32, bits))  # type: ignore[no-any-return]

    def float_kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        out, flags = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        nans = zeros = 0
        for j in range(n0 * n1):
            value = load_output(x, j)
            key = float32_key(value) if is_float32 else float64_key(value)
            bits = bits_of_float32(value) | 0 if is_float32 else bits_of_float64(value)
            nans += select(value != value, 1, 0)
            zeros += select((value == 0.0) & (bits < 0), 1, 0)
            store(out, j, select(value != value, LARGEST, key ^ flip))
        flags[0] = select(nans > 0, HAS_NAN, 0) + select(zeros > 0, HAS_ZEROS, 0)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        out, flags = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        if is_uint64:
            flip = flip ^ SMALLEST
        for j in range(n0 * n1):
            store(out, j, load_output(x, j))
        for j in range(n0 * n1):
            store(out, j, load_output(out, j) ^ flip)
        flags[0] = 0

    return float_kernel if is_float32 or is_float64 else kernel, signature


def values(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that makes elements of keys; ``numbers[0]``: whether in descending order."""
    signature = Signature(("int64",), dtype)
    is_float32, is_float64, is_uint64 = dtype == "float32", dtype == "float64", dtype == "uint64"
    is_bool = dtype == "bool"

    def float_kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (source,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        for j in range(n0 * n1):
            key = load_output(source, j)
            bits = select(key == LARGEST, key, key ^ flip)
            if is_float32:
                store(out, j, float32_of_bits(select(bits < 0, bits ^ LARGEST32, bits)))
            else:
                store(out, j, float64_of_bits(select(bits < 0, bits ^ LARGEST, bits)))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (source,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        if is_uint64:
            flip = flip ^ SMALLEST
        for j in range(n0 * n1):
            if is_bool:
                store(out, j, (load_output(source, j) ^ flip) != 0)
            else:
                store(out, j, load_output(source, j) ^ flip)

    return float_kernel if is_float32 or is_float64 else kernel, signature


def restore(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that puts zeros and NaN in sorted rows in their original order."""
    signature = Signature((dtype,), dtype)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        for i in range(n0):
            row, target = shift(x, i * n1), shift(out, i * n1)
            before = nans = 0
            for j in range(n1):
                value = load_output(row, j)
                less = select(numbers[0] != 0, value > 0.0, value < 0.0)
                before += select(less, 1, 0)
                nans += select(value != value, 1, 0)
            last = n1 - nans
            for j in range(n1):
                value = load_output(row, j)
                if value == 0.0:
                    if before < n1:  # unless another thread writes meanwhile
                        target[before] = value
                    before += 1
                elif value != value:
                    if last < n1:
                        target[last] = value
                    last += 1

    return kernel, signature


# --- sorting ----------------------------------------------------------------------------------------------------------


def ranges(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that finds the least and the largest of ``n1`` keys, and how many are less than the one before."""
    signature = Signature(("int64",), ("int64", "int64", "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (a,) = input_pointers(data, signature)
        lows, highs, falls = output_pointer(data, signature)
        low = high = a[0]
        less = 0
        for j in range(n1):
            key = load_output(a, j)
            low = select(key < low, key, low)
            high = select(key > high, key, high)
        for j in range(n1 - 1):
            less += select(load_output(a, j) > load_output(a, j + 1), 1, 0)
        lows[0], highs[0], falls[0] = low, high, less

    return kernel, signature


#: The numbers of the loops that distribute a part of a long row: those that make a key's digit, and the position of the
#: part.
FLIP, LOW, BIT, FIRST = range(4)


def histogram(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that counts how many of ``n1`` keys go to each of ``COUNTERS`` buckets."""
    signature = Signature(("int64",), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (a,) = input_pointers(data, signature)
        counters = output_pointer(data, signature)
        flip, low, bit = numbers[FLIP], numbers[LOW], numbers[BIT]
        for k in range(COUNTERS):
            counters[k] = 0
        for j in range(n1):
            counters[(((a[j] ^ flip) - low) >> bit) & (COUNTERS - 1)] += 1

    return kernel, signature


def spread_keys(pairs: bool) -> tuple[Callable[..., None], Signature]:
    """Make the loop that moves ``n1`` keys to their buckets, with their positions if they are ``pairs``.

    ``counters`` has the place of the next key of each bucket.
    """
    signature = Signature(("int64", "int64"), ("int64", "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        a, counters = input_pointers(data, signature)
        b, b_places = output_pointer(data, signature)
        flip, low, bit, first = numbers[FLIP], numbers[LOW], numbers[BIT], numbers[FIRST]
        for j in range(n1):
            key = a[j]
            digit = (((key ^ flip) - low) >> bit) & (COUNTERS - 1)
            to = counters[digit]
            counters[digit] = to + 1
            b[to] = key
            if pairs:
                b_places[to] = first + j

    return kernel, signature


def distribute_keys(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that moves keys to their buckets."""
    return spread_keys(False)


def distribute_pairs(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that moves keys and positions to their buckets."""
    return spread_keys(True)


def sort(pairs: bool) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of keys, or of ``pairs`` of a key and a position.

    ``numbers[0]``: whether there are positions already; otherwise they count from 0 in each row.

    Each function sorts ``count`` keys in ``a``, with positions in ``a_places``, and overwrites ``b`` and ``b_places``.
    """
    signature = Signature(("int64", "int64"), ("int64", "int64"))

    def insert(a: Any, a_places: Any, count: int, most: int) -> bool:
        """Sort by insertion; returns false, with the keys in another order, after so many moves."""
        for j in range(1, count):
            key = a[j]
            k = j - 1
            if key < a[k]:
                place = a_places[j]
                while k >= 0 and key < a[k]:
                    a[k + 1] = a[k]
                    if pairs:
                        a_places[k + 1] = a_places[k]
                    k -= 1
                a[k + 1] = key
                if pairs:
                    a_places[k + 1] = place
                most -= j - k
                if most < 0:
                    return False
        return True

    def copy_back(a: Any, a_places: Any, b: Any, b_places: Any, count: int) -> None:
        """Copy the result from ``b`` to ``a``: keys, or the positions of pairs, whose keys nobody asks for."""
        if pairs:
            for j in range(count):
                store(a_places, j, load_output(b_places, j))
        else:
            for j in range(count):
                store(a, j, load_output(b, j))

    def ranged(a: Any, count: int) -> tuple[int, int, int]:
        """Return the two numbers that make keys count from 0, and how many bits they have then.

        A key becomes ``(key ^ flip) - low``, without a sign, which does not overflow.
        """
        low = high = a[0]
        for j in range(count):
            key = load_output(a, j)
            low = select(key < low, key, low)
            high = select(key > high, key, high)
        if low < 0 and high > LARGEST + low:
            return SMALLEST, 0, 64
        rest = high - low
        bits = 0
        while rest >> bits > 255:
            bits += 8
        while rest >> bits > 0:
            bits += 1
        return 0, low, bits

    def distribute(
        a: Any,
        a_places: Any,
        b: Any,
        b_places: Any,
        count: int,
        flip: int,
        low: int,
        bit: int,
        width: int,
        counters: Any,
    ) -> None:
        """Move keys to ``b``, by ``width`` bits from a bit on; then ``counters`` has the end of each bucket."""
        size = 1 << width
        mask = size - 1
        for k in range(size):
            counters[k] = 0
        for j in range(count):
            counters[(((a[j] ^ flip) - low) >> bit) & mask] += 1
        total = 0
        for k in range(size):
            here = counters[k]
            counters[k] = total
            total += here
        for j in range(count):
            key = a[j]
            digit = (((key ^ flip) - low) >> bit) & mask
            to = counters[digit]
            counters[digit] = to + 1
            b[to] = key
            if pairs:
                b_places[to] = a_places[j]

    def sort_by_bits(
        a: Any,
        a_places: Any,
        b: Any,
        b_places: Any,
        count: int,
        flip: int,
        low: int,
        bits: int,
        width: int,
        counters: Any,
    ) -> None:
        """Sort by distributing by all bits, the lowest first."""
        passes = (bits + width - 1) // width
        for k in range(passes):
            bit = max(bits - width * (passes - k), 0)  # some bits may be distributed by twice
            if k & 1:
                distribute(b, b_places, a, a_places, count, flip, low, bit, width, counters)
            else:
                distribute(a, a_places, b, b_places, count, flip, low, bit, width, counters)
        if passes & 1:
            copy_back(a, a_places, b, b_places, count)

    def sort_by_counting(a: Any, a_places: Any, b_places: Any, count: int, low: int, width: int, counters: Any) -> None:
        """Sort keys of a few different values: keys are written anew, of pairs only the positions are moved."""
        size = 1 << width
        mask = size - 1
        for k in range(size):
            counters[k] = 0
        for j in range(count):
            counters[(a[j] - low) & mask] += 1
        at = 0
        for k in range(size):
            here = counters[k]
            if pairs:
                counters[k] = at
            else:
                for j in range(at, at + here):
                    store(a, j, low + k)
            at += here
        if pairs:
            for j in range(count):
                digit = (a[j] - low) & mask
                to = counters[digit]
                counters[digit] = to + 1
                b_places[to] = a_places[j]
            for j in range(count):
                store(a_places, j, load_output(b_places, j))

    def sort_middle(a: Any, a_places: Any, b: Any, b_places: Any, count: int, counters: Any) -> None:
        """Sort a row that is not short."""
        flip, low, bits = ranged(a, count)
        width = WIDE if count >= WIDE_FROM else NARROW
        if bits <= width:
            sort_by_counting(a, a_places, b_places, count, low, width, counters)
        elif bits <= 2 * width:
            sort_by_bits(a, a_places, b, b_places, count, flip, low, bits, width, counters)
        else:
            if count <= MIDDLE:
                distribute(a, a_places, b, b_places, count, flip, low, bits - 2 * width, width, counters)
                distribute(b, b_places, a, a_places, count, flip, low, bits - width, width, counters)
                if insert(a, a_places, count, MOST_MOVES * count):
                    return
            sort_by_bits(a, a_places, b, b_places, count, flip, low, bits, NARROW, counters)

    def bucketed(sort_long: Any) -> Any:
        """Make the function that sorts a long row bucket by bucket, and long buckets by another function."""

        def sort_buckets(a: Any, a_places: Any, b: Any, b_places: Any, count: int, counters: Any) -> None:
            flip, low, bits = ranged(a, count)
            if bits <= 2 * WIDE:
                sort_middle(a, a_places, b, b_places, count, counters)
                return
            ends = accumulators(COUNTERS, a)
            distribute(a, a_places, b, b_places, count, flip, low, bits - WIDE, WIDE, ends)
            start = 0
            for k in range(COUNTERS):
                size = ends[k] - start
                x, x_places = shift(b, start), shift(b_places, start)
                y, y_places = shift(a, start), shift(a_places, start)
                if size <= SHORT:
                    insert(x, x_places, size, SHORT * SHORT)
                elif size <= MIDDLE:
                    sort_middle(x, x_places, y, y_places, size, counters)
                else:
                    sort_long(x, x_places, y, y_places, size, counters)
                copy_back(y, y_places, x, x_places, size)
                start += size

        return sort_buckets

    sort_long = bucketed(bucketed(sort_middle))

    def is_sorted(a: Any, count: int) -> bool:
        """Return whether keys are in order already."""
        falls = 0
        for j in range(count - 1):
            falls += select(load_output(a, j) > load_output(a, j + 1), 1, 0)
        return falls == 0

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        first, first_places = input_pointers(data, signature)
        second, second_places = output_pointer(data, signature)
        counters = accumulators(COUNTERS, first)
        for i in range(n0):
            a, b = shift(first, i * n1), shift(second, i * n1)
            a_places, b_places = a, b
            if pairs:
                a_places, b_places = shift(first_places, i * n1), shift(second_places, i * n1)
                if numbers[0] == 0:
                    for j in range(n1):
                        store(a_places, j, j)
            if n1 <= SHORT:
                insert(a, a_places, n1, SHORT * SHORT)
            elif is_sorted(a, n1):
                pass
            elif n1 <= MIDDLE:
                sort_middle(a, a_places, b, b_places, n1, counters)
            else:
                sort_long(a, a_places, b, b_places, n1, counters)

    return kernel, signature


# --- elements of one or two bytes -------------------------------------------------------------------------------------

#: The numbers of ``sort_narrow``: the bits in which a digit of an element differs from that of its key, and whether
#: positions are wanted.
FLIPPED, POSITIONS = range(2)
BYTE = 256


def sort_narrow(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of elements of one or two bytes, by their bytes: the elements, or their positions.

    Elements are counted rather than moved where they have one byte. Those of two bytes are distributed twice, by the
    lower and then by the upper one; a position takes the upper byte along, in 8 bytes of its own.
    """
    signature = Signature((dtype,), (dtype, dtype, "int64", "int64"))
    wide = FACTS[dtype].itemsize == 2
    mask = BYTE * BYTE - 1 if wide else BYTE - 1

    def count_bytes(x: Any, n: int, flip: int, low: Any, high: Any) -> None:
        for k in range(BYTE):
            low[k] = 0
            high[k] = 0
        for j in range(n):
            key = (x[j] ^ flip) & mask
            low[key & (BYTE - 1)] += 1
            if wide:
                high[key >> 8] += 1

    def sum_up(counters: Any) -> None:
        total = 0
        for k in range(BYTE):
            here = counters[k]
            counters[k] = total
            total += here

    def next_place(counters: Any, digit: int, n: int) -> int:
        """Return the place of a digit's next key: inside the row, whatever another thread does to the elements."""
        place = counters[digit]
        counters[digit] = place + 1
        return min(place, n - 1)  # type: ignore[no-any-return]

    def sort_values(x: Any, n: int, flip: int, out: Any, aside: Any, low: Any, high: Any) -> None:
        if wide:
            sum_up(low)
            sum_up(high)
            for j in range(n):
                key = (x[j] ^ flip) & mask
                aside[next_place(low, key & (BYTE - 1), n)] = key
            for j in range(n):
                key = aside[j] & mask
                out[next_place(high, key >> 8, n)] = key ^ flip
        else:
            at = 0
            for k in range(BYTE):
                end = at + low[k]
                for j in range(at, end):
                    store(out, j, k ^ flip)
                at = end

    def sort_positions(x: Any, n: int, flip: int, out: Any, aside: Any, low: Any, high: Any) -> None:
        sum_up(low)
        if wide:
            sum_up(high)
            for j in range(n):
                key = (x[j] ^ flip) & mask
                aside[next_place(low, key & (BYTE - 1), n)] = (j << 8) | (key >> 8)
            for j in range(n):
                pair = aside[j]
                out[next_place(high, pair & (BYTE - 1), n)] = pair >> 8
        else:
            for j in range(n):
                out[next_place(low, (x[j] ^ flip) & mask, n)] = j

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        out, aside, places, places_aside = output_pointer(data, signature)
        low, high = accumulators(BYTE, places), accumulators(BYTE, places)
        flip = numbers[FLIPPED]
        for i in range(n0):
            row = shift(x, i * n1)
            count_bytes(row, n1, flip, low, high)
            if numbers[POSITIONS] != 0:
                sort_positions(row, n1, flip, shift(places, i * n1), shift(places_aside, i * n1), low, high)
            else:
                sort_values(row, n1, flip, shift(out, i * n1), shift(aside, i * n1), low, high)

    return kernel, signature


def sort_keys(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of keys."""
    return sort(False)


def sort_pairs(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of keys and lists their positions."""
    return sort(True)
