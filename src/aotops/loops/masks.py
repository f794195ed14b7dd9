"""Loop nests that move the elements which a mask selects, and that list its positions.

A mask has one bool for each element; all is contiguous. Where an element goes depends on how many are selected before
it, so these loops do not vectorize: each takes blocks of ``BLOCK`` bools, which are counted first, and skips or copies
what has none or only selected ones. In other blocks it writes without branches, also what is not selected, which the
next element overwrites: 0.7 ns for an element of a random mask, and 5 ns with a branch that cannot be predicted. Such
a block needs room for ``BLOCK`` elements, and the last ones are written with branches. If few are selected, parts of
``PART`` without any are skipped. Nothing is written beyond the room, whatever another thread does to the mask
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import Signature, input_pointers, load_output, output_pointer, select, shift, store

#: 64 bytes: one vector of AVX-512.
BLOCK = 64
#: A word. Blocks with up to ``FEW`` selected elements are taken in such parts.
PART = 8
FEW = 6
#: What compress and expand have in common with positions: the number of elements that they have room for.
ROOM = 0


def selected(mask: Any, count: int) -> int:
    """Count the bools that are true, of a few."""
    total = 0
    for j in range(count):
        total += select(load_output(mask, j), 1, 0)
    return total


def count(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that counts the ``n1`` bools that are true."""
    signature = Signature((dtype,), "int64")

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (mask,) = input_pointers(data, signature)
        output_pointer(data, signature)[0] = selected(mask, n1)

    return kernel, signature


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
    signature = Signature((dtype, "bool"), dtype)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, mask = input_pointers(data, signature)
        out = output_pointer(data, signature)
        room = numbers[ROOM]  # shrinks
        for block in range(n1 // BLOCK):
            source, bools = shift(x, block * BLOCK), shift(mask, block * BLOCK)
            here = selected(bools, BLOCK)
            if room < BLOCK:
                if here > 0:
                    pack_few(source, bools, BLOCK, out, room)
            elif here == BLOCK:
                for j in range(BLOCK):
                    store(out, j, load_output(source, j))
            elif here > FEW:
                pack_all(source, bools, BLOCK, out)
            elif here > 0:
                at = 0
                for part in range(0, BLOCK, PART):
                    if selected(shift(bools, part), PART) > 0:
                        at += pack_all(shift(source, part), shift(bools, part), PART, shift(out, at))
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
    signature = Signature((dtype, "bool"), dtype)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, mask = input_pointers(data, signature)
        out = output_pointer(data, signature)
        room = numbers[ROOM]
        for block in range(n1 // BLOCK):
            target, bools = shift(out, block * BLOCK), shift(mask, block * BLOCK)
            here = selected(bools, BLOCK)
            if room < BLOCK:
                if here > 0:
                    unpack_few(x, bools, BLOCK, target, room)
            elif here == BLOCK:
                for j in range(BLOCK):
                    store(target, j, load_output(x, j))
            elif here > FEW:
                unpack_all(x, bools, BLOCK, target)
            elif here > 0:
                at = 0
                for part in range(0, BLOCK, PART):
                    if selected(shift(bools, part), PART) > 0:
                        at += unpack_all(shift(x, at), shift(bools, part), PART, shift(target, part))
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


def list_all(mask: Any, count: int, first: int, out: Any) -> int:
    """The same for ``count`` bools, a constant, without branches; returns how many are true."""
    at = 0
    for j in range(count):
        out[at] = first + j
        at += select(load_output(mask, j), 1, 0)
    return at


def positions(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest that lists the columns, and if asked for the rows, of ``n0`` rows of ``n1`` bools."""
    signature = Signature((dtype,), ("int64", "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (mask,) = input_pointers(data, signature)
        rows, columns = output_pointer(data, signature)
        room = numbers[ROOM]
        for i in range(n0):
            before = room
            for block in range(n1 // BLOCK):
                bools = shift(mask, i * n1 + block * BLOCK)
                first = numbers[FIRST_COLUMN] + block * BLOCK
                here = selected(bools, BLOCK)
                if room < BLOCK:
                    if here > 0:
                        list_few(bools, BLOCK, first, columns, room)
                elif here > FEW:
                    list_all(bools, BLOCK, first, columns)
                elif here > 0:
                    at = 0
                    for part in range(0, BLOCK, PART):
                        if selected(shift(bools, part), PART) > 0:
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
