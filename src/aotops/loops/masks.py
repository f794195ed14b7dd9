"""Loop nests that move the elements which a mask selects, and that list its positions.

A mask has one bool for each element; all is contiguous. Where an element goes depends on how many are selected before
it, so these loops do not vectorize: each takes blocks of ``BLOCK`` bools, which are counted first, and skips or copies
what has none or only selected ones. In other blocks it writes without branches, also what is not selected, which the
next element overwrites: 0.7 ns for an element of a random mask, and 5 ns with a branch that cannot be predicted. Such
a block needs room for ``BLOCK`` elements, and the last ones are written with branches. If few are selected, their
positions are listed first, without words of ``PART`` bools that have none: 0.2 ns for an element if one in 50 is.
Nothing is written beyond the room, whatever another thread does to the mask meanwhile.

Each loop has the mask twice: as bools, and as words of ``PART`` of them, which are added up as numbers of 8 bytes. Only
their lowest bits count, so that foreign bools that are neither 0 nor 1 select no more than there is room for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import Signature, accumulators, input_pointers, load_output, output_pointer, select, shift, store

#: 64 bytes: one vector of AVX-512.
BLOCK = 64
#: A word. Blocks with up to ``FEW`` selected elements are taken in such parts.
PART = 8
FEW = 6
#: What compress and expand have in common with positions: the number of elements that they have room for.
ROOM = 0
#: One block's positions, and the last of its words written whole.
ROOM_FOR_PLACES = BLOCK + PART
#: 1 in each byte of a word, and every second byte.
ONES = 0x0101010101010101
EVEN_BYTES = 0x00FF00FF00FF00FF
EVEN_ONES = 0x0001000100010001
#: Words that are added up at a time, and how often: a byte holds up to 255.
LANES = 32
ROUNDS = 255


def selected(mask: Any, count: int) -> int:
    """Count the bools that are true, of a few."""
    total = 0
    for j in range(count):
        total += select(load_output(mask, j), 1, 0)
    return total


def selected_of_block(words: Any) -> int:
    """Count the bools that are true, of a block."""
    total = 0
    for j in range(BLOCK // PART):
        total += load_output(words, j) & ONES
    return ((total * ONES) >> 56) & 255


def count(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that counts the ``n1`` bools that are true."""
    signature = Signature((dtype, "int64"), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        mask, words = input_pointers(data, signature)
        out = output_pointer(data, signature)
        lanes = accumulators(LANES, out)
        groups = n1 // (LANES * PART)
        total = 0
        for first in range(0, groups, ROUNDS):
            for lane in range(LANES):
                store(lanes, lane, load_output(words, first * LANES + lane) & ONES)
            for group in range(first + 1, min(first + ROUNDS, groups)):
                for lane in range(LANES):
                    word = load_output(words, group * LANES + lane) & ONES
                    store(lanes, lane, load_output(lanes, lane) + word)
            for lane in range(LANES):
                sums = load_output(lanes, lane)
                sums = (sums & EVEN_BYTES) + ((sums >> 8) & EVEN_BYTES)
                total += ((sums * EVEN_ONES) >> 48) & 0xFFFF
        done = groups * LANES * PART
        out[0] = total + selected(shift(mask, done), n1 - done)

    return kernel, signature


def list_all(mask: Any, count: int, first: int, out: Any) -> int:
    """List the positions of ``count`` bools, a constant, that are true, counted from ``first``; returns how many."""
    at = 0
    for j in range(count):
        out[at] = first + j
        at += select(load_output(mask, j), 1, 0)
    return at


def list_sparse(mask: Any, words: Any, places: Any) -> int:
    """List the positions of the few bools of a block that are true in ``ROOM_FOR_PLACES``; returns how many."""
    at = 0
    for part in range(0, BLOCK, PART):
        if load_output(words, part // PART) != 0:
            at += list_all(shift(mask, part), PART, part, shift(places, at))
    return at


def pack_few(x: Any, mask: Any, size: int, out: Any, room: int) -> None:
    """Move the selected ones of a few elements to the front, as far as there is room, with branches."""
    at = 0
    for part in range(0, size, PART):
        here = min(PART, size - part)
        if selected(shift(mask, part), here) > 0:
            for j in range(part, part + here):
                if load_output(mask, j) and at < room:
                    out[at] = x[j]
                    at += 1


def pack_all(x: Any, mask: Any, count: int, out: Any) -> int:
    """The same for ``count`` elements, a constant, without branches; returns how many are selected."""
    at = 0
    for j in range(count):
        out[at] = x[j]
        at += select(load_output(mask, j), 1, 0)
    return at


def compress(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop ``out = x[mask]``; the only number is how many are selected."""
    signature = Signature((dtype, "bool", "int64"), dtype)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, mask, words = input_pointers(data, signature)
        out = output_pointer(data, signature)
        room = numbers[ROOM]  # shrinks
        places = accumulators(ROOM_FOR_PLACES, words)
        for k in range(FEW):  # so that those behind the last one are positions of a block as well
            places[k] = 0
        for block in range(n1 // BLOCK):
            source, bools = shift(x, block * BLOCK), shift(mask, block * BLOCK)
            own = shift(words, block * (BLOCK // PART))
            here = selected_of_block(own)
            if 0 < here <= FEW <= room:
                list_sparse(bools, own, places)
                for k in range(FEW):  # all of them, since their number is unpredictable
                    out[k] = source[places[k]]
            elif here > 0 and room < BLOCK:
                pack_few(source, bools, BLOCK, out, room)
            elif here == BLOCK:
                for j in range(BLOCK):
                    store(out, j, load_output(source, j))
            elif here > 0:
                pack_all(source, bools, BLOCK, out)
            out = shift(out, here)
            room -= here
        done = n1 // BLOCK * BLOCK
        pack_few(shift(x, done), shift(mask, done), n1 - done, out, room)

    return kernel, signature


def unpack_few(x: Any, mask: Any, size: int, out: Any, room: int) -> None:
    """Move elements to the selected ones of a few places, as far as there are any, with branches."""
    at = 0
    for part in range(0, size, PART):
        here = min(PART, size - part)
        if selected(shift(mask, part), here) > 0:
            for j in range(part, part + here):
                if load_output(mask, j) and at < room:
                    out[j] = x[at]
                    at += 1


def unpack_all(x: Any, mask: Any, count: int, out: Any) -> int:
    """The same for ``count`` places, a constant, without branches; returns how many are selected."""
    at = 0
    for j in range(count):
        chosen = load_output(mask, j)
        out[j] = select(chosen, x[at], out[j])
        at += select(chosen, 1, 0)
    return at


def expand(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop ``out[mask] = x``; the only number is how many are selected."""
    signature = Signature((dtype, "bool", "int64"), dtype)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, mask, words = input_pointers(data, signature)
        out = output_pointer(data, signature)
        room = numbers[ROOM]
        places = accumulators(ROOM_FOR_PLACES, words)
        for k in range(FEW):  # so that those behind the last one are positions of a block as well
            places[k] = 0
        for block in range(n1 // BLOCK):
            target, bools = shift(out, block * BLOCK), shift(mask, block * BLOCK)
            own = shift(words, block * (BLOCK // PART))
            here = selected_of_block(own)
            if 0 < here <= FEW <= room:
                last = max(list_sparse(bools, own, places) - 1, 0)
                for k in range(FEW):  # the last one several times, since their number is unpredictable
                    target[places[min(k, last)]] = x[min(k, last)]
            elif here > 0 and room < BLOCK:
                unpack_few(x, bools, BLOCK, target, room)
            elif here == BLOCK:
                for j in range(BLOCK):
                    store(target, j, load_output(x, j))
            elif here > 0:
                unpack_all(x, bools, BLOCK, target)
            x = shift(x, here)
            room -= here
        done = n1 // BLOCK * BLOCK
        unpack_few(x, shift(mask, done), n1 - done, shift(out, done), room)

    return kernel, signature


#: The other numbers of ``positions``: the row and the column of the first bool, and whether rows are wanted.
FIRST_ROW, FIRST_COLUMN, HAS_ROWS = 1, 2, 3


def list_few(mask: Any, size: int, first: int, out: Any, room: int) -> None:
    """List the positions of a few bools that are true, counted from ``first``, as far as there is room."""
    at = 0
    for part in range(0, size, PART):
        here = min(PART, size - part)
        if selected(shift(mask, part), here) > 0:
            for j in range(part, part + here):
                if load_output(mask, j) and at < room:
                    out[at] = first + j
                    at += 1


def positions(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest that lists the columns, and if asked for the rows, of ``n0`` rows of ``n1`` bools."""
    signature = Signature((dtype, "int64"), ("int64", "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        mask, words = input_pointers(data, signature)
        rows, columns = output_pointer(data, signature)
        room = numbers[ROOM]
        aligned = n1 % PART == 0 or n0 == 1  # each row begins with a word
        for i in range(n0):
            before = room
            for block in range(n1 // BLOCK):
                bools = shift(mask, i * n1 + block * BLOCK)
                own = shift(words, (i * n1 + block * BLOCK) // PART)
                first = numbers[FIRST_COLUMN] + block * BLOCK
                here = selected_of_block(own) if aligned else selected(bools, BLOCK)
                if room < BLOCK:
                    if here > 0:
                        list_few(bools, BLOCK, first, columns, room)
                elif here > FEW:
                    list_all(bools, BLOCK, first, columns)
                elif here > 0:
                    at = 0
                    for part in range(0, BLOCK, PART):
                        if not aligned or load_output(own, part // PART) != 0:
                            at += list_all(shift(bools, part), PART, first + part, shift(columns, at))
                columns = shift(columns, here)
                room -= here
            done = n1 // BLOCK * BLOCK
            bools = shift(mask, i * n1 + done)
            here = selected(bools, n1 - done)
            list_few(bools, n1 - done, numbers[FIRST_COLUMN] + done, columns, room)
            columns = shift(columns, here)
            room -= here
            if numbers[HAS_ROWS] != 0:
                here = min(before - room, before)
                for j in range(here):
                    store(rows, j, numbers[FIRST_ROW] + i)
                rows = shift(rows, here)

    return kernel, signature
