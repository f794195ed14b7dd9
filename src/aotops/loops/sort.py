"""Loops that sort rows by keys: integers of 32 or 64 bits whose order is that of the elements.

1. ``keys`` makes a key of each element. NaN gets the largest one, and both zeros get the same.
2. ``sort_keys`` sorts the keys, ``sort_pairs`` keys with their positions. Equal keys keep their order. ``pack`` makes
   one number of a key of 32 bits and its position, so that positions of these are sorted as keys are.
3. ``values`` makes elements of the keys again. ``restore`` puts zeros and NaN in their original order, since a key does
   not know the sign and the payload.

A row of up to ``SHORT`` keys is sorted by insertion, one of up to a few thousand by a network (``networks``), whose
loops are vector loops. Longer rows of keys are partitioned (``partitions``) at the levels that can partition vectors,
until networks sort the parts. All others are distributed: keys count from the smallest one, so that those in a narrow
range have few bits, and the uppermost bits of a key tell its cell. Neighbouring cells with few keys are one bucket, and
one with many is split into several, so that a bucket has as many keys as a network sorts best, whatever the
distribution. The keys are moved to their buckets, and each bucket is sorted in the L1 cache. A bucket that is still too
large is distributed again.

``native/sort.c`` distributes rows of more than a quarter of a million in parts, with the loops of one pass each, if
there are threads to share out the parts and the buckets among.
"""

from __future__ import annotations

import math
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
from aotops.loops.networks import LINE, network, ordered, smallest
from aotops.loops.partitions import partitions

#: Keys that are compared side by side.
LANES = 64
#: The longest row that is sorted by insertion.
SHORT = 12
#: The most keys that a network sorts, and those of a bucket: 4096 int32 take 2.6 ns each by a network of AVX-512, and
#: 4.5 ns by one pass and networks of 512.
NETWORKS = {"int32": (4096, 512), "int64": (2048, 256)}
#: The most keys of a row that is sorted by a network where longer ones are partitioned, and of a part of those.
PARTITIONED_FROM, MOST_OF_PART = 1024, {"int32": 1536, "int64": 1024}
#: How many partitions a key may take part in, for each bit of the number of keys, before the rest is distributed.
PARTITIONS_PER_BIT = 2
#: The bits by which keys are distributed at a time: at most those of a row, and of a bucket.
WIDE, NARROW = 11, 8
COUNTERS = 1 << WIDE
#: Cells of one bucket are of one of ``PARTS`` parts of all, so each level has 3 bits less to distribute by.
PARTS = 8
LEVELS = 64 // 3 + 1
#: In rows of so many keys, cells are counted by one of so many first.
SAMPLED_FROM, SAMPLED = 32768, 4
#: The most buckets of a row, and of a bucket.
MOST_BUCKETS, MOST_BUCKETS_WITHIN = 4096, 128
ALL_COUNTERS = MOST_BUCKETS + (LEVELS - 1) * MOST_BUCKETS_WITHIN
#: The bits of the number of buckets that a cell is split into, and those of a key that choose one of them.
SPLIT_BITS, PROPORTION_BITS = 13, 32
SPLITS = (1 << SPLIT_BITS) - 1
#: A pair of which a network sorts: the bits of a key, and those of a position.
PLACE_BITS = 11
PAIRED = 63 - PLACE_BITS
PLACES, MOST_PAIRED, LOWER_HALF = (1 << PLACE_BITS) - 1, (1 << PAIRED) - 1, (1 << 32) - 1

LARGEST, SMALLEST = 2**63 - 1, -(2**63)
LARGEST32, SMALLEST32 = 2**31 - 1, -(2**31)

#: What ``keys`` tells: that there are NaN, and that there are negative zeros.
HAS_NAN, HAS_ZEROS = 1, 2

# --- keys -------------------------------------------------------------------------------------------------------------


def key_dtype(dtype: str) -> str:
    """Return the dtype of the keys of elements of a dtype, of 32 or 64 bits."""
    return "int64" if FACTS[dtype].itemsize == 8 else "int32"


def keys(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that makes keys; ``numbers[0]``: whether in descending order. NaN is last in both."""
    signature = Signature((dtype,), (key_dtype(dtype), "int64"))
    is_float32, is_float64, is_unsigned = dtype == "float32", dtype == "float64", dtype in ("uint32", "uint64")
    largest, smallest = (LARGEST, SMALLEST) if key_dtype(dtype) == "int64" else (LARGEST32, SMALLEST32)

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
            store(out, j, select(value != value, largest, key ^ flip))
        flags[0] = select(nans > 0, HAS_NAN, 0) + select(zeros > 0, HAS_ZEROS, 0)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        out, flags = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        if is_unsigned:
            flip = flip ^ smallest
        for j in range(n0 * n1):
            store(out, j, load_output(x, j))
        if flip != 0:
            for j in range(n0 * n1):
                store(out, j, load_output(out, j) ^ flip)
        flags[0] = 0

    return float_kernel if is_float32 or is_float64 else kernel, signature


def values(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that makes elements of keys, also in place; ``numbers[0]``: whether in descending order."""
    signature = Signature((key_dtype(dtype),), dtype)
    is_float32, is_float64, is_unsigned = dtype == "float32", dtype == "float64", dtype in ("uint32", "uint64")
    is_bool = dtype == "bool"
    largest, smallest = (LARGEST, SMALLEST) if key_dtype(dtype) == "int64" else (LARGEST32, SMALLEST32)

    def float_kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (source,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        for j in range(n0 * n1):
            key = load_output(source, j)
            bits = select(key == largest, key, key ^ flip)
            if is_float32:
                store(out, j, float32_of_bits(select(bits < 0, bits ^ LARGEST32, bits)))
            else:
                store(out, j, float64_of_bits(select(bits < 0, bits ^ LARGEST, bits)))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (source,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        flip = select(numbers[0] != 0, -1, 0)
        if is_unsigned:
            flip = flip ^ smallest
        for j in range(n0 * n1):
            if is_bool:
                store(out, j, (load_output(source, j) ^ flip) != 0)
            else:
                store(out, j, load_output(source, j) ^ flip)

    return float_kernel if is_float32 or is_float64 else kernel, signature


def pack(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that makes one number of each key of 32 bits and its position, which is less significant.

    Sorted, these tell the positions, in order where keys are equal. ``numbers[0]``: the first position of each row.
    """
    signature = Signature(("int32",), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (source,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        for i in range(n0):
            row, target = shift(source, i * n1), shift(out, i * n1)
            for j in range(n1):
                store(target, j, (load_output(row, j) << 32) | (numbers[0] + j))

    return kernel, signature


def unpack(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that takes the positions from such numbers, also in place."""
    signature = Signature(("int64",), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (source,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        for j in range(n0 * n1):
            store(out, j, load_output(source, j) & LOWER_HALF)

    return kernel, signature


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
    signature = Signature((dtype,), ("int64", "int64", "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (a,) = input_pointers(data, signature)
        lows, highs, falls = output_pointer(data, signature)
        low = high = a[0] | 0
        less = 0
        for j in range(n1):
            key = load_output(a, j) | 0
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
    signature = Signature((dtype,), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (a,) = input_pointers(data, signature)
        counters = output_pointer(data, signature)
        flip, low, bit = numbers[FLIP], numbers[LOW], numbers[BIT]
        for k in range(COUNTERS):
            counters[k] = 0
        for j in range(n1):
            counters[(((a[j] ^ flip) - low) >> bit) & (COUNTERS - 1)] += 1

    return kernel, signature


def spread_keys(dtype: str, pairs: bool) -> tuple[Callable[..., None], Signature]:
    """Make the loop that moves ``n1`` keys to their buckets, with their positions if they are ``pairs``.

    ``counters`` has the place of the next key of each bucket.
    """
    signature = Signature((dtype, "int64"), (dtype, "int64"))

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
    return spread_keys(dtype, False)


def distribute_pairs(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that moves keys and positions to their buckets."""
    return spread_keys(dtype, True)


#: The numbers of a level of buckets: its next counter and the one behind its last, where its first key stands, how many
#: of its keys are sorted, and whether the others are in ``b``.
NEXT, STOP, START, SORTED, IN_B, LEVEL = range(6)
ALL_LEVELS = LEVELS * LEVEL
#: The numbers of ``sort_keys`` and ``sort_pairs``: whether there are positions already, or keys where these are
#: partitioned; and there, the bits in which every element differs from its key, those in which it also does if it is
#: negative then, and those that it has: 0, 0 and -1 where keys are wanted.
READY, TURNED, FOLDED, KEPT = range(4)
#: Keys of so many elements are made in the L1 cache before they are partitioned.
BLOCK = 512
#: Parts of so many bytes are partitioned by way of buffers, from which so many lines are moved at once.
FAR, LINES = 32768, 4
#: The numbers of a part of a partitioned row: where it is to be, its place beside, how many keys it has, whether these
#: are where they are to be, and how many partitions may follow.
PART = 5
#: The numbers of parts that wait. A part is at most half as long as what it is a part of.
WAITING = PART * 64


def sort(dtype: str, pairs: bool, by_partitions: bool = False) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of keys, or of ``pairs`` of a key and a position, whose keys it loses.

    Overwrites the input. Positions count from 0 in each row, unless the input has some. Keys alone take only the first
    of each two operands of memory, but that of the positions tells the type of counters.

    Keys that are partitioned are made of elements, the bits of which are a third input, and made elements again, while
    they are in the L1 cache. Then the input that is overwritten is only memory, and the second output is what ``keys``
    tells.
    """
    signature = Signature((dtype, "int64", dtype) if by_partitions else (dtype, "int64"), (dtype, "int64"))
    is_narrow = dtype == "int32"
    padding, negative_zero = (LARGEST32, SMALLEST32) if is_narrow else (LARGEST, SMALLEST)
    infinity = bits_of_float32(math.inf) | 0 if is_narrow else bits_of_float64(math.inf)
    itemsize = FACTS[dtype].itemsize
    unmade = 2 if by_partitions else 0
    lanes, far = LINE // itemsize, FAR // itemsize
    group = LINES * lanes
    room_of_buffer = BLOCK + 2 * group
    by_xor = by_partitions and not is_narrow
    sort_network, least = network(itemsize, by_xor), smallest(itemsize)
    most, aim = NETWORKS[dtype]
    most = 1 << PLACE_BITS if pairs else most
    room = max(most, 2 * room_of_buffer)
    part = MOST_OF_PART[dtype]
    partition, take_samples, middle = partitions(itemsize, by_xor)

    def insert(source: Any, source_places: Any, a: Any, a_places: Any, count: int) -> None:
        """Sort a few keys by insertion."""
        for j in range(count):
            key = source[j]
            k = j - 1
            if pairs:
                place = source_places[j]
                while k >= 0 and key < a[k]:
                    a[k + 1] = a[k]
                    a_places[k + 1] = a_places[k]
                    k -= 1
                a_places[k + 1] = place
            else:
                while k >= 0 and key < a[k]:
                    a[k + 1] = a[k]
                    k -= 1
            a[k + 1] = key

    def copy(source: Any, source_places: Any, a: Any, a_places: Any, count: int) -> None:
        """Copy sorted keys, or the positions of pairs, whose keys nobody asks for."""
        if pairs:
            for j in range(count):
                store(a_places, j, load_output(source_places, j))
        else:
            for j in range(count):
                store(a, j, load_output(source, j))

    def make_keys(elements: Any, a: Any, count: int, turned: int, folded: int, facts: Any) -> None:
        """Make keys of elements, as the loop ``keys`` does, and add what it tells to the facts."""
        if folded != 0:
            nans = zeros = 0
            for j in range(count):
                bits = load_output(elements, j)
                key = select(bits == negative_zero, 0, bits ^ ((bits >> (8 * itemsize - 1)) & folded)) ^ turned
                store(a, j, select((bits & folded) > infinity, padding, key))
                nans = select((bits & folded) > infinity, HAS_NAN, nans)
                zeros = select(bits == negative_zero, HAS_ZEROS, zeros)
            facts[0] |= nans | zeros
        else:
            for j in range(count):
                store(a, j, load_output(elements, j) ^ turned)

    def finish(a: Any, count: int, turned: int, folded: int, kept: int) -> None:
        """Make elements, or positions, of sorted keys."""
        if turned != 0 or folded != 0 or kept != -1:
            for j in range(count):
                value = load_output(a, j) ^ turned
                store(a, j, (value ^ ((value >> (8 * itemsize - 1)) & folded)) & kept)

    def in_network(x: Any, y: Any, count: int) -> None:
        """Sort ``count`` keys in ``x``; the result is in ``y``."""
        size = least
        while size < count:
            size *= 2
        if size >= 4 * least and 3 * size // 4 >= count:
            size = 3 * size // 4
        for j in range(count, size):
            store(x, j, padding)
        sort_network(x, y, size)

    def extremes(a: Any, count: int, lows: Any, highs: Any) -> tuple[int, int]:
        """Return the least and the largest of at least ``LANES`` keys."""
        for k in range(LANES):
            store(lows, k, load_output(a, k))
            store(highs, k, load_output(a, k))
        for first in range(LANES, count, LANES):
            block = shift(a, min(first, count - LANES))
            for k in range(LANES):
                store(lows, k, ordered(load_output(lows, k), load_output(block, k))[0])
                store(highs, k, ordered(load_output(highs, k), load_output(block, k))[1])
        low, high = load_output(lows, 0), load_output(highs, 0)
        for k in range(LANES):
            low = ordered(low, load_output(lows, k))[0]
            high = ordered(high, load_output(highs, k))[1]
        return low | 0, high | 0

    def is_sorted(a: Any, count: int) -> bool:
        """Return whether keys are in order already."""
        for first in range(0, count - 1, LANES):
            falls = 0
            for j in range(first, min(first + LANES, count - 1)):
                falls += select(load_output(a, j) > load_output(a, j + 1), 1, 0)
            if falls > 0:
                return False
        return True

    def are_sorted(elements: Any, count: int, x: Any, turned: int, folded: int, facts: Any) -> bool:
        """Return whether keys of elements are in order."""
        for first in range(0, count - 1, BLOCK):
            size = min(BLOCK + 1, count - first)
            make_keys(shift(elements, first), x, size, turned, folded, facts)
            if not is_sorted(x, size):
                return False
        return True

    def flush(buffer: Any, skipped: int, held: int, target: Any, at: int) -> int:
        """Move groups of lines to a target, but for the first ``skipped`` keys; returns how many keys that are."""
        whole = held // group * group
        for j in range(skipped, whole):
            store(target, at + j, load_output(buffer, j))
        if whole > 0:
            for j in range(group):
                store(buffer, j, load_output(buffer, whole + j))
        return whole

    def partition_far(
        elements: Any,
        ready: int,
        count: int,
        pivot: Any,
        lower: Any,
        before_lower: int,
        upper: Any,
        before_upper: int,
        x: Any,
        y: Any,
        turned: int,
        folded: int,
        facts: Any,
    ) -> int:
        """Partition keys beyond the L1 cache by way of buffers in it, from which whole lines are moved.

        A vector that is stored where keys of its part end crosses a line nearly always, which takes twice as long in
        the L2 cache. ``before_lower``: how many keys behind the beginning of a line the target is. Makes keys of
        elements unless they are ready.
        """
        low, high = x, shift(x, room_of_buffer)
        # what the buffers hold stands in the targets from here on
        low_skipped, high_skipped = before_lower, before_upper
        low_held, high_held = before_lower, before_upper
        low_at, high_at = -before_lower, -before_upper
        for first in range(0, count, BLOCK):
            size, keys = min(BLOCK, count - first), shift(elements, first)
            if not ready and (turned != 0 or folded != 0):
                make_keys(keys, y, size, turned, folded, facts)
                keys = y
            here = partition(keys, size, pivot, shift(low, low_held), shift(high, high_held))
            low_held += here
            high_held += size - here
            moved = flush(low, low_skipped, low_held, lower, low_at)
            if moved > 0:
                low_skipped = 0
                low_held -= moved
                low_at += moved
            moved = flush(high, high_skipped, high_held, upper, high_at)
            if moved > 0:
                high_skipped = 0
                high_held -= moved
                high_at += moved
        for j in range(low_skipped, low_held):
            store(lower, low_at + j, load_output(low, j))
        for j in range(high_skipped, high_held):
            store(upper, high_at + j, load_output(high, j))
        return low_at + low_held

    def bit_length(x: int) -> int:
        bits = 0
        while x >> bits > 255:
            bits += 8
        while x >> bits > 0:
            bits += 1
        return bits

    def from_least(low: int, high: int) -> tuple[int, int, int]:
        """Return the two numbers that make keys count from the least one, and how many bits they have then.

        A key becomes ``(key ^ flip) - low``, without a sign, which does not overflow.
        """
        if low < 0 and high > LARGEST + low:
            return SMALLEST, 0, 64
        return 0, low, bit_length(high - low)

    def sort_small(source: Any, source_places: Any, a: Any, a_places: Any, count: int, x: Any, y: Any) -> None:
        """Sort by a network. A pair is one number of 63 bits, with its position among these pairs in the lowest ones.

        There is no room for the lowest bits of keys of more than ``PAIRED`` bits. Where these make a difference, pairs
        are sorted by the lower half of their bits first, and then by the upper half.
        """
        if not pairs:
            for j in range(count):
                store(x, j, load_output(source, j))
            in_network(x, y, count)
            for j in range(count):
                store(a, j, load_output(y, j))
            return
        low = high = load_output(source, 0) | 0
        for j in range(count):
            key = load_output(source, j) | 0
            low, high = select(key < low, key, low), select(key > high, key, high)
        flip, low, bits = from_least(low, high)
        cut = max(bits - PAIRED, 0)
        for j in range(count):
            upper = (((load_output(source, j) ^ flip) - low) >> cut) & MOST_PAIRED
            store(x, j, (upper << PLACE_BITS) | j)
        in_network(x, y, count)
        falls = 0
        if cut > 0:
            for j in range(count - 1):
                before, key = source[y[j] & PLACES], source[y[j + 1] & PLACES]
                falls += select(before > key, 1, 0)
        if falls > 0:
            for j in range(count):
                lower = ((source[j] ^ flip) - low) & LOWER_HALF
                store(x, j, (lower << PLACE_BITS) | j)
            in_network(x, y, count)
            for j in range(count):
                place = y[j] & PLACES
                upper = (((source[place] ^ flip) - low) >> 32) & LOWER_HALF
                store(x, j, (((upper << PLACE_BITS) | j) << PLACE_BITS) | place)
            in_network(x, y, count)
        for j in range(count):
            store(x, j, source_places[y[j] & PLACES])
        for j in range(count):
            store(a_places, j, load_output(x, j))

    def sort_by_counting(a: Any, target: Any, count: int, low: int, width: int, cells: Any) -> None:
        """Sort keys of a few different values, which are written anew; ``cells`` says how many there are of each."""
        at = 0
        for k in range(1 << width):
            end = at + cells[k]
            for j in range(at, end):
                store(target, j, low + k)
            at = end

    def count_cells(a: Any, count: int, step: int, flip: int, low: int, bit: int, width: int, cells: Any) -> None:
        """Count the keys of each cell: those with the same ``width`` bits from a bit on, of one of ``step`` keys."""
        size = 1 << width
        for k in range(size):
            store(cells, k, 0)
        for j in range(count // step):
            cells[(((a[j * step] ^ flip) - low) >> bit) & (size - 1)] += 1

    def plan_buckets(cells: Any, size: int, rest: int, aim: int, counters: Any, room: int) -> tuple[int, bool]:
        """Divide cells into buckets of about ``aim`` keys: a few neighbours are one, a large one is split.

        Then ``cells`` says where each cell's buckets begin, and how many it is split into; 0 for one. ``rest``: how
        many bits a key has besides. Returns how many buckets there are, 0 if these are more than there is room for,
        and whether cells are split; otherwise ``counters`` has their sizes.
        """
        buckets = here = 0
        splits = False
        is_open = False  # whether the bucket has cells already, in which there may be keys that were not counted
        for k in range(size):
            keys = cells[k]
            if keys > aim or here + keys > aim or k & (size // PARTS - 1) == 0:
                buckets += select(is_open, 1, 0)
                here = 0
                is_open = False
            split = select((keys > aim) & (rest > 0), keys // aim + 1, 0)
            if buckets + split >= room:
                return 0, splits
            cells[k] = (buckets << SPLIT_BITS) | split
            if split > 0:
                buckets += split
                splits = True
            else:
                here += keys
                counters[buckets] = here
                is_open = True
        return buckets + 1, splits

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
        cells: Any,
        counters: Any,
        room: int,
    ) -> int:
        """Move keys to their buckets; then ``counters`` has the end of each bucket. Returns how many there are."""
        size, rest = 1 << width, (1 << bit) - 1
        cut = max(bit - PROPORTION_BITS, 0)
        scale = bit - cut
        buckets, splits = 0, False
        keys = max(aim, 4 * count // (3 * room))
        while buckets == 0:
            splits = False
            if count >= SAMPLED_FROM:
                count_cells(a, count, SAMPLED, flip, low, bit, width, cells)
                buckets, splits = plan_buckets(cells, size, bit, keys * 7 // (8 * SAMPLED), counters, room)
            if not splits:
                count_cells(a, count, 1, flip, low, bit, width, cells)
                buckets, splits = plan_buckets(cells, size, bit, keys, counters, room)
            keys *= 2
        if splits:
            for k in range(buckets):
                store(counters, k, 0)
            for j in range(count):
                own = (a[j] ^ flip) - low
                cell = cells[(own >> bit) & (size - 1)]
                counters[(cell >> SPLIT_BITS) + ((((own & rest) >> cut) * (cell & SPLITS)) >> scale)] += 1
        total = 0
        for k in range(buckets):
            here = counters[k]
            counters[k] = total
            total += here
        for j in range(count):
            key = a[j]
            own = (key ^ flip) - low
            cell = cells[(own >> bit) & (size - 1)]
            bucket = (cell >> SPLIT_BITS) + ((((own & rest) >> cut) * (cell & SPLITS)) >> scale)
            to = counters[bucket]
            counters[bucket] = to + 1
            b[to] = key
            if pairs:
                b_places[to] = a_places[j]
        return buckets

    def sort_row(
        a: Any,
        a_places: Any,
        b: Any,
        b_places: Any,
        n: int,
        cells: Any,
        counters: Any,
        levels: Any,
        x: Any,
        y: Any,
    ) -> None:
        """Sort keys from ``a`` to ``b``: distribute them, and those of each bucket, until a network sorts a bucket."""
        depth = room = start = in_b = 0
        count = n
        while True:
            source, source_places = shift(a, start), shift(a_places, start)
            target, target_places = shift(b, start), shift(b_places, start)
            other, other_places = target, target_places
            if in_b:
                source, other = other, source
                source_places, other_places = other_places, source_places
            if count <= SHORT:
                insert(source, source_places, target, target_places, count)
            elif count <= most:
                sort_small(source, source_places, target, target_places, count, x, y)
            else:
                low, high = extremes(source, count, x, y)
                flip, low, bits = from_least(low, high)
                width = min(NARROW if depth > 0 else WIDE, bit_length(count) - 2, bits)
                if is_sorted(source, count):
                    copy(source, source_places, target, target_places, count)
                elif bits <= width and not pairs:
                    count_cells(source, count, 1, flip, low, 0, bits, cells)
                    sort_by_counting(source, target, count, low, bits, cells)
                else:
                    buckets = distribute(
                        source,
                        source_places,
                        other,
                        other_places,
                        count,
                        flip,
                        low,
                        bits - width,
                        width,
                        cells,
                        shift(counters, room),
                        MOST_BUCKETS_WITHIN if depth > 0 else MOST_BUCKETS,
                    )
                    level = shift(levels, depth * LEVEL)
                    level[NEXT], level[STOP], level[START] = room, room + buckets, start
                    level[SORTED], level[IN_B] = 0, 1 - in_b
                    depth += 1
            # go on with the next bucket
            while depth > 0 and levels[(depth - 1) * LEVEL + NEXT] == levels[(depth - 1) * LEVEL + STOP]:
                depth -= 1
            if depth == 0:
                return
            level = shift(levels, (depth - 1) * LEVEL)
            own, room = level[NEXT], level[STOP]
            end = counters[own]
            start, count, in_b = level[START] + level[SORTED], end - level[SORTED], level[IN_B]
            level[NEXT], level[SORTED] = own + 1, end

    def partition_row(
        elements: Any,
        ready: int,
        a: Any,
        b: Any,
        n: int,
        facts: Any,
        cells: Any,
        counters: Any,
        levels: Any,
        ranges: Any,
        x: Any,
        y: Any,
        turned: int,
        folded: int,
        kept: int,
    ) -> None:
        """Sort keys from ``a`` to ``b`` by partitions, until a network sorts what is left between two pivots.

        Keys below a pivot are moved to where they are in ``b`` at last, the others to the first places of theirs in
        ``a``, so that each part has room for as many in the other memory. What is still long after too many partitions
        is distributed. Unless keys are ready, the first partition makes them of elements.
        """
        depth = start = place = in_b = 0
        count, rest = n, PARTITIONS_PER_BIT * bit_length(n)
        if not ready and (n <= part or rest == 0):
            make_keys(elements, a, n, turned, folded, facts)
            ready = 1
        while True:
            target, aside = shift(b, start), shift(a, place)
            source = target if in_b else aside
            if count > part and rest > 0:
                rest -= 1
                if ready:
                    pivot = middle(x, y, take_samples(source, count, x))
                else:
                    source = elements
                    taken = take_samples(source, count, y)
                    make_keys(y, x, taken, turned, folded, facts)
                    pivot = middle(x, y, taken)
                if ready and count < far:
                    below = partition(source, count, pivot, target, aside)
                else:
                    below = partition_far(
                        source,
                        ready,
                        count,
                        pivot,
                        target,
                        start % lanes,
                        aside,
                        place % lanes,
                        x,
                        y,
                        turned,
                        folded,
                        facts,
                    )
                ready = 1
                others = count - below
                if below == 0 and pivot < padding:
                    # it is the least key: its equals are where they are to be
                    below = partition(aside, count, pivot + 1, target, aside)
                    finish(target, below, turned, folded, kept)
                    start, count, in_b = start + below, count - below, 0
                    if count > 0:
                        continue
                elif below == 0:
                    copy(aside, facts, target, facts, count)
                else:
                    # the shorter part first, so that few wait
                    waiting = shift(ranges, PART * depth)
                    is_shorter = below <= others
                    waiting[0] = select(is_shorter, start + below, start)
                    waiting[1] = select(is_shorter, place, place + others)
                    waiting[2] = select(is_shorter, others, below)
                    waiting[3] = select(is_shorter, 0, 1)
                    waiting[4] = rest
                    start = select(is_shorter, start, start + below)
                    place = select(is_shorter, place + others, place)
                    count = select(is_shorter, below, others)
                    in_b = select(is_shorter, 1, 0)
                    depth += 1
                    continue
            elif count <= SHORT:
                insert(source, facts, target, facts, count)
            elif count <= part:
                sort_small(source, facts, target, facts, count, x, y)
            else:
                if in_b:
                    copy(target, facts, aside, facts, count)
                sort_row(aside, facts, target, facts, count, cells, counters, levels, x, y)
            finish(target, count, turned, folded, kept)
            if depth == 0:
                return
            depth -= 1
            waiting = shift(ranges, PART * depth)
            start, place, count, in_b, rest = waiting[0], waiting[1], waiting[2], waiting[3], waiting[4]

    def sort_long(
        elements: Any,
        ready: int,
        a: Any,
        b: Any,
        n: int,
        facts: Any,
        cells: Any,
        counters: Any,
        levels: Any,
        ranges: Any,
        x: Any,
        y: Any,
        turned: int,
        folded: int,
        kept: int,
    ) -> None:
        """Sort keys of which there are more than one network sorts, by partitions unless they have a simpler order."""
        for k in range(LANES):
            store(y, k, elements[n // LANES * k])
        if ready:
            for k in range(LANES):
                store(x, k, load_output(y, k))
        else:
            make_keys(y, x, LANES, turned, folded, facts)
        low = high = load_output(x, 0) | 0
        for k in range(1, LANES):
            key = load_output(x, k) | 0
            low, high = select(key < low, key, low), select(key > high, key, high)
        flip, low, bits = from_least(low, high)
        told = facts[0]
        if not ready and are_sorted(elements, n, x, turned, folded, facts):
            copy(elements, facts, b, facts, n)
            facts[0] = told  # all elements are where they are to be
            return
        if bits <= WIDE:  # as they may be of all keys
            if not ready:
                make_keys(elements, a, n, turned, folded, facts)
                ready = 1
            low, high = extremes(a, n, x, y)
            flip, low, bits = from_least(low, high)
        if ready and is_sorted(a, n):
            copy(a, facts, b, facts, n)
            finish(b, n, turned, folded, kept)
        elif bits <= WIDE:
            count_cells(a, n, 1, flip, low, 0, bits, cells)
            sort_by_counting(a, b, n, low, bits, cells)
            finish(b, n, turned, folded, kept)
        else:
            partition_row(elements, ready, a, b, n, facts, cells, counters, levels, ranges, x, y, turned, folded, kept)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        inputs = input_pointers(data, signature)
        first, first_places, elements = inputs[0], inputs[1], inputs[unmade]
        second, second_places = output_pointer(data, signature)
        cells = accumulators(COUNTERS, first_places)
        counters = accumulators(ALL_COUNTERS, first_places)
        levels = accumulators(ALL_LEVELS, first_places)
        ranges = accumulators(WAITING, first_places)
        x, y = accumulators(room, first), accumulators(room, first)
        turned = folded = 0
        kept = -1
        if by_partitions:
            # as wide as keys are
            for k in range(READY, KEPT + 1):
                store(x, k, numbers[k])
            turned, folded, kept = load_output(x, TURNED), load_output(x, FOLDED), load_output(x, KEPT)
            second_places[0] = 0
            if numbers[READY] == 0 and n1 <= PARTITIONED_FROM:
                make_keys(elements, first, n0 * n1, turned, folded, second_places)
        for i in range(n0):
            a, b = shift(first, i * n1), shift(second, i * n1)
            a_places, b_places = first_places, second_places
            if pairs:
                a_places, b_places = shift(first_places, i * n1), shift(second_places, i * n1)
                if numbers[READY] == 0:
                    for j in range(n1):
                        store(a_places, j, j)
            if by_partitions and n1 > PARTITIONED_FROM:
                source = a if numbers[READY] != 0 else shift(elements, i * n1)
                sort_long(
                    source,
                    numbers[READY],
                    a,
                    b,
                    n1,
                    second_places,
                    cells,
                    counters,
                    levels,
                    ranges,
                    x,
                    y,
                    turned,
                    folded,
                    kept,
                )
            else:
                sort_row(a, a_places, b, b_places, n1, cells, counters, levels, x, y)
                if by_partitions:
                    finish(b, n1, turned, folded, kept)

    return kernel, signature


def sort_keys(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of keys."""
    return sort(dtype, False)


def sort_keys_wide(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that does the same where vectors can be partitioned."""
    return sort(dtype, False, True)


def sort_pairs(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of keys and lists their positions."""
    return sort(dtype, True)


# --- elements of one or two bytes -------------------------------------------------------------------------------------

#: The numbers of ``sort_narrow``: the bits in which an element differs from its key, and whether positions are wanted.
FLIPPED, POSITIONS = range(2)
BYTE = 256
#: Elements beside each other are counted in tables of their own: one counter for equal ones is ready after 5 cycles.
COPIES = 4
BYTE_COUNTERS, LANES_OF_EXTREMES = COPIES * BYTE, 3 * LANES
#: The most different values of two bytes that are counted in several tables, and the fewest elements that are counted
#: if there may be more, in one table of ``VALUES``: fewer are distributed sooner, by one byte and then by the other.
FEW_VALUES, COUNTED_FROM = 2048, 32768
VALUES = BYTE * BYTE
#: Counted elements are written by so many at once, those behind which there is room for them.
RUN = 32
#: The last position that 24 bits hold.
MOST_PLACES = (1 << 24) - 1


def sort_narrow(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that sorts rows of elements of one or two bytes: the elements, or their positions.

    Elements are counted rather than moved where they have one byte, few values or many equals. Others are distributed
    twice, by the lower and then by the upper byte; a position takes the upper byte along, in 32 bits of which it has
    24. Keys of two bytes count from the least one, so that few values have one upper byte.
    """
    signature = Signature((dtype,), (dtype, dtype, "int64", "int32", "int32"))
    wide = FACTS[dtype].itemsize == 2
    mask = VALUES - 1 if wide else BYTE - 1

    def key_of(x: Any, j: int, flip: int, least: int) -> int:
        return ((x[j] ^ flip) - least) & mask  # type: ignore[no-any-return]

    def extremes(x: Any, n: int, flip: int, lows: Any, highs: Any, keys: Any) -> tuple[int, int]:
        """Return the least and the largest of at least ``LANES`` keys, which are compared side by side in 32 bits."""
        first = (x[0] ^ flip) & mask
        for k in range(LANES):
            store(lows, k, first)
            store(highs, k, first)
        for start in range(0, n, LANES):
            block = shift(x, min(start, n - LANES))
            for k in range(LANES):
                store(keys, k, (load_output(block, k) ^ flip) & mask)
                store(lows, k, ordered(load_output(lows, k), load_output(keys, k))[0])
                store(highs, k, ordered(load_output(highs, k), load_output(keys, k))[1])
        low, high = load_output(lows, 0), load_output(highs, 0)
        for k in range(LANES):
            low = ordered(low, load_output(lows, k))[0]
            high = ordered(high, load_output(highs, k))[1]
        return low | 0, high | 0

    def add_up(counters: Any, size: int) -> None:
        """Add all tables of ``size`` counters to the first."""
        for k in range(size):
            total = load_output(counters, k)
            for each in range(1, COPIES):
                total += load_output(counters, each * size + k)
            store(counters, k, total)

    def count_few(x: Any, n: int, flip: int, least: int, size: int, counters: Any) -> None:
        """Count each of ``size`` keys, a power of two."""
        for k in range(COPIES * size):
            store(counters, k, 0)
        whole = n // COPIES * COPIES
        for first in range(0, whole, COPIES):
            for k in range(COPIES):
                counters[k * size + (key_of(x, first + k, flip, least) & (size - 1))] += 1
        for j in range(whole, n):
            counters[key_of(x, j, flip, least) & (size - 1)] += 1
        add_up(counters, size)

    def count_bytes(x: Any, n: int, flip: int, least: int, low: Any, high: Any) -> None:
        """Count both bytes of each key."""
        for k in range(BYTE_COUNTERS):
            store(low, k, 0)
            store(high, k, 0)
        whole = n // COPIES * COPIES
        for first in range(0, whole, COPIES):
            for k in range(COPIES):
                key = key_of(x, first + k, flip, least)
                low[k * BYTE + (key & (BYTE - 1))] += 1
                high[k * BYTE + (key >> 8)] += 1
        for j in range(whole, n):
            key = key_of(x, j, flip, least)
            low[key & (BYTE - 1)] += 1
            high[key >> 8] += 1
        add_up(low, BYTE)
        add_up(high, BYTE)

    def write_counted(out: Any, n: int, flip: int, least: int, size: int, counters: Any) -> None:
        """Write each key as often as it has been counted. Several are written even of one, without a branch."""
        at = 0
        for k in range(size):
            value, end = (least + k) ^ flip, at + counters[k]
            if at + RUN <= n:
                for j in range(RUN):
                    store(out, at + j, value)
                at += RUN
            for j in range(at, end):
                store(out, j, value)
            at = end

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

    def sort_values(
        x: Any, n: int, flip: int, out: Any, aside: Any, table: Any, low: Any, high: Any, lanes: Any
    ) -> None:
        if not wide:
            count_few(x, n, flip, 0, BYTE, low)
            write_counted(out, n, flip, 0, BYTE, low)
            return
        least, largest = extremes(x, n, flip, lanes, shift(lanes, LANES), shift(lanes, 2 * LANES))
        if largest - least < FEW_VALUES:
            count_few(x, n, flip, least, FEW_VALUES, table)
            write_counted(out, n, flip, least, largest - least + 1, table)
        elif n >= COUNTED_FROM:
            for k in range(VALUES):
                store(table, k, 0)
            for j in range(n):
                table[key_of(x, j, flip, least)] += 1
            write_counted(out, n, flip, least, largest - least + 1, table)
        else:
            count_bytes(x, n, flip, 0, low, high)
            sum_up(low)
            sum_up(high)
            for j in range(n):
                key = key_of(x, j, flip, 0)
                aside[next_place(low, key & (BYTE - 1), n)] = key
            for j in range(n):
                key = aside[j] & mask
                out[next_place(high, key >> 8, n)] = key ^ flip

    def sort_positions(x: Any, n: int, flip: int, out: Any, aside: Any, low: Any, high: Any, lanes: Any) -> None:
        least = largest = 0
        if wide:
            least, largest = extremes(x, n, flip, lanes, shift(lanes, LANES), shift(lanes, 2 * LANES))
        if largest - least < BYTE:
            count_few(x, n, flip, least, BYTE, low)
            sum_up(low)
            for j in range(n):
                out[next_place(low, key_of(x, j, flip, least) & (BYTE - 1), n)] = j
            return
        count_bytes(x, n, flip, least, low, high)
        sum_up(low)
        sum_up(high)
        for j in range(n):
            key = key_of(x, j, flip, least)
            aside[next_place(low, key & (BYTE - 1), n)] = (j << 8) | (key >> 8)
        for j in range(n):
            pair = aside[j]
            out[next_place(high, pair & (BYTE - 1), n)] = (pair >> 8) & MOST_PLACES

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (x,) = input_pointers(data, signature)
        out, aside, places, places_aside, table = output_pointer(data, signature)
        low, high = accumulators(BYTE_COUNTERS, table), accumulators(BYTE_COUNTERS, table)
        lanes = accumulators(LANES_OF_EXTREMES, table)
        flip = numbers[FLIPPED]
        for i in range(n0):
            row = shift(x, i * n1)
            if numbers[POSITIONS] != 0:
                sort_positions(row, n1, flip, shift(places, i * n1), shift(places_aside, i * n1), low, high, lanes)
            else:
                sort_values(row, n1, flip, shift(out, i * n1), shift(aside, i * n1), table, low, high, lanes)

    return kernel, signature
