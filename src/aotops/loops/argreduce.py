"""The loop nest of reductions that find the position of an element: argmax and argmin.

The operands are the elements, the position of the tile's first element along the axis, the best value so far and its
position. The best value is an input that the kernel also writes: it starts as the reduction's initial value, or as the
result of earlier tiles. A later element replaces the best one only if combining the two gives a different value, so
the first of equal elements wins.

The best value of a row is found first, in vectors, and then its position. Elements with gaps between them are copied to
a buffer for that. Once the best value is one that no element can replace, nothing is read any more.

The same kernel merges the results of two tiles: the later tile's best values are its elements, in a single row, at the
later tile's positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import (
    Signature,
    accumulators,
    input_pointers,
    input_steps,
    load_output,
    output_pointer,
    output_step,
    select,
    shift,
    store,
)
from aotops.loops.reduce import LANES, fold_eight, fold_lanes

#: Matches are looked for in so many bytes at a time, without a branch: with eight elements, of whatever size, rows of
#: 219 float32 took 1.1 times as long.
VECTOR_BYTES = 64

#: Elements with gaps that are copied at a time: 8 KiB of float64.
PACKED = 1024

#: A row of at least two blocks is taken in blocks, up to ``BLOCKS`` of them: only the block with the best value is
#: searched for its position. Searching half of a row, on average, took a third of the time. Further rows of one result,
#: few of which hold a better element, are not cut into blocks. A block has ``BLOCK`` elements at least, and
#: ``BLOCK_BYTES``: the lanes of each are combined with each other.
BLOCK = 256
BLOCK_BYTES = 1024
BLOCKS = 8

Function = Callable[..., Any]


def same(a: Any, b: Any) -> Any:
    """Return whether two values are equal, or both NaN."""
    return (a == b) | ((a != a) & (b != b))


def equal(a: Any, b: Any) -> Any:
    """Return whether two values are equal."""
    return a == b


def both_nan(a: Any, b: Any) -> Any:
    """Return whether two values are NaN, given that the second one is."""
    return a != a


def finder(matches: Function, width: int, must_match: bool = True) -> Function:
    """Make a function that finds the first match of a value among some elements, eight or more.

    ``width``: elements of a vector. ``must_match``: the value is known to be among them; else the result may be their
    number.
    """

    def any_matches(x: Any, start: int, value: Any) -> bool:
        found = False
        for lane in range(LANES):
            found |= matches(load_output(x, start + lane), value)
        return found

    def first_of(count: int) -> Function:
        """Make a function that finds the first match, or ``count``; without a branch, which would be unpredictable."""

        def first_match(x: Any, start: int, value: Any) -> int:
            first = count
            for lane in range(count):
                first = min(first, select(matches(load_output(x, start + lane), value), lane, count))
            return first

        return first_match

    first_of_eight, first_of_vector = first_of(8), first_of(width)

    def find(x: Any, value: Any, length: int) -> Any:
        start = 0
        while start + LANES <= length and not any_matches(x, start, value):  # in vectors
            start += LANES
        if width > 8 and length >= LANES:
            start = min(start, length - LANES)  # overlaps elements that are known not to match
            first = first_of_vector(x, start, value)
            while first == width and start + width < length:
                start += width
                first = first_of_vector(x, start, value)
            return start + first
        start = min(start, length - 8)
        first = first_of_eight(x, start, value)
        while first == 8 and start + 8 < length:
            start = min(start + 8, length - 8)
            first = first_of_eight(x, start, value)
        return start + first

    def find_if_any(x: Any, value: Any, length: int) -> Any:
        start = 0
        first = first_of_eight(x, 0, value)
        if first < 8:
            return first
        while start + LANES <= length:
            if any_matches(x, start, value):
                return start + find(shift(x, start), value, LANES)
            start += LANES
        first = 8
        while first == 8 and start < length:
            start = min(start, length - 8)
            first = first_of_eight(x, start, value)
            start += 8
        return length if first == 8 else start - 8 + first

    return find if must_match else find_if_any


def argreduce(combine: Function, signature: Signature, absorbing: Any = None) -> Callable[..., None]:
    """Make the kernel that finds where the first element is that ``combine``, a choice of one of two, results in.

    ``absorbing``: the value that no other one replaces. If an element is either that or the one that anything replaces,
    as a bool is, the first such element is all there is to look for.
    """
    either = absorbing is not None and signature.inputs[0] == "bool"
    # a NaN equals nothing, and kernels have no constants beyond int64
    ends = absorbing is not None and absorbing == absorbing and absorbing < 2**63

    def scan_row(x: Any, step: int, length: int, place: int, best: Any, index: Any) -> None:
        value = load_output(best, 0)
        found = load_output(index, 0)
        for j in range(length):
            candidate = load_output(x, j * step)
            winner = combine(value, candidate)
            found = select(same(winner, value), found, place + j)
            value = winner
        store(best, 0, value)
        store(index, 0, found)

    least = max(BLOCK, BLOCK_BYTES // FACTS[signature.inputs[0]].itemsize)

    width = VECTOR_BYTES // FACTS[signature.inputs[0]].itemsize
    find_absorbing = finder(equal, width, must_match=False)
    find_equal = finder(equal, width)
    find_nan = finder(both_nan, width)

    def find(x: Any, value: Any, length: int) -> Any:
        """The first position of a value that is there, of eight or more."""
        return find_equal(x, value, length) if value == value else find_nan(x, value, length)

    def choose(x: Any, length: int, lanes: Any, count: int) -> None:
        """Leave what is best of every ``count``-th element in a lane of its own."""
        for lane in range(count):
            store(lanes, lane, load_output(x, lane))
        for group in range(1, length // count):
            for lane in range(count):
                store(lanes, lane, combine(load_output(lanes, lane), load_output(x, group * count + lane)))
        if length % count > 0:
            for lane in range(count):  # some were there before: a choice may meet itself
                store(lanes, lane, combine(load_output(lanes, lane), load_output(x, length - count + lane)))

    def improve(champion: Any, best: Any, chosen: int, first: int) -> int:
        """Combine the best value with that of a block; returns where the block of the best one begins.

        The value stays in memory: a variable would be an int64, with which narrow elements are compared more slowly.
        """
        value = load_output(best, 0)
        winner = combine(value, champion)
        store(best, 0, winner)
        return select(same(winner, value), chosen, first)  # type: ignore[no-any-return]

    def fold_row(
        x: Any, step: int, length: int, place: int, best: Any, index: Any, lanes: Any, first_row: bool
    ) -> None:
        if length < 8:
            scan_row(x, step, length, place, best, index)
            return
        if step == 1:
            fold_contiguous(x, length, place, best, index, lanes, first_row)
            return
        aside = accumulators(PACKED, x)
        for start in range(0, length, PACKED):
            count = min(PACKED, length - start)
            first = min(start, length - 8)  # a short end overlaps elements that are known not to be better
            copy_row(shift(x, first * step), step, aside, start + count - first)
            fold_contiguous(aside, start + count - first, place + first, best, index, lanes, first_row)

    def copy_row(x: Any, step: int, aside: Any, length: int) -> None:
        for j in range(length):
            store(aside, j, load_output(x, j * step))

    def fold_contiguous(x: Any, length: int, place: int, best: Any, index: Any, lanes: Any, in_blocks: bool) -> None:
        if ends and load_output(best, 0) == absorbing:
            return
        if either:
            position = find_absorbing(x, absorbing, length)
            if position < length:
                store(best, 0, absorbing)
                store(index, 0, place + position)
            return
        size, chosen = length, -1  # of the block with the best value, and where it begins
        if length < LANES:
            choose(x, length, lanes, 8)
            chosen = improve(fold_eight(combine, lanes), best, chosen, 0)
        else:
            if in_blocks and length >= 2 * least:
                size = max(least, length // BLOCKS // LANES * LANES)
            start = 0
            while start < length and not (ends and load_output(best, 0) == absorbing):
                first = min(start, length - size)  # the last block overlaps elements that are known not to be better
                choose(shift(x, first), size, lanes, LANES)
                chosen = improve(fold_lanes(combine, lanes, LANES), best, chosen, first)
                start += size
        if chosen >= 0:
            store(index, 0, place + chosen + find(shift(x, chosen), load_output(best, 0), size))

    def merge_row(row: Any, place: int, best: Any, index: Any, length: int) -> None:
        """Combine a row of elements with a row of results."""
        for j in range(length):
            value = load_output(best, j)
            candidate = load_output(row, j)
            winner = combine(value, candidate)
            store(best, j, winner)
            store(index, j, select(same(winner, value), load_output(index, j), place))

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        x, places, best = input_pointers(data, signature)
        index = output_pointer(data, signature)
        x_inner, place_inner, best_inner = input_steps(strides, 0, signature)
        x_outer, place_outer, best_outer = input_steps(strides, 1, signature)
        index_inner = output_step(strides, 0, signature)
        index_outer = output_step(strides, 1, signature)
        if index_inner == 0:
            lanes = accumulators(LANES, best)
            for i in range(n0):
                row = shift(x, i * x_outer)
                place = load_output(places, i * place_outer)
                target = shift(index, i * index_outer)
                first_row = (i == 0) | (index_outer != 0)
                fold_row(row, x_inner, n1, place, shift(best, i * best_outer), target, lanes, first_row)
        elif best_inner == 1 and index_inner == 1 and place_inner == 0:
            aside = accumulators(PACKED, x)
            for i in range(n0):
                row = shift(x, i * x_outer)
                place = load_output(places, 0) + i
                if x_inner == 1:
                    merge_row(row, place, best, index, n1)
                else:
                    for start in range(0, n1, PACKED):
                        count = min(PACKED, n1 - start)
                        copy_row(shift(row, start * x_inner), x_inner, aside, count)
                        merge_row(aside, place, shift(best, start), shift(index, start), count)
        else:
            for i in range(n0):
                row = shift(x, i * x_outer)
                for j in range(n1):
                    value = load_output(best, j * best_inner)
                    candidate = load_output(row, j * x_inner)
                    winner = combine(value, candidate)
                    place = load_output(places, j * place_inner) + i
                    store(best, j * best_inner, winner)
                    store(
                        index, j * index_inner, select(same(winner, value), load_output(index, j * index_inner), place)
                    )

    return kernel
