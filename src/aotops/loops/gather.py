"""Loop nests that move elements by positions: gathers, scatters, and the checks of positions before them.

They move elements whatever these mean, so there is one for each width. All have the same operands and numbers, those
of ``NUMBERS``, over a space of ``n0`` rows of ``n1`` elements::

    x[row, j, position * step]  <->  other[row, j]    where    position = index[row, j]

A negative position counts from the end. ``outside`` receives how many positions are out of bounds; these stand for 0,
so that nothing is read out of bounds meanwhile. The caller has made sure that the indexed axis is not empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import Signature, accumulators, input_pointers, load_output, output_pointer, select, shift, store

Function = Callable[..., Any]

#: The numbers of each loop nest, in order: the length and the stride of the indexed axis, and the strides of the three
#: operands along the outer and the inner axis, in elements.
NUMBERS = ("length", "step", "x_outer", "x_inner", "index_outer", "index_inner", "other_outer", "other_inner")
LENGTH, STEP, X_OUTER, X_INNER, INDEX_OUTER, INDEX_INNER, OTHER_OUTER, OTHER_INNER = range(len(NUMBERS))

#: Contiguous rows of 2 and 3 elements have loops of their own. Those of up to ``SHORT`` elements are moved in groups of
#: ``GROUP``, the last of which may overlap the one before: a loop over a row that is not known to be long begins with
#: tests, which take as long as moving 20 elements. Rows of narrow elements that have ``WIDE_BYTES``, and up to
#: ``LONG_BYTES``, are moved in groups of so many bytes: 33 int8 take half the time.
GROUP = 4
SHORT = 32
WIDE_BYTES = 32
LONG_BYTES = 512
#: Positions that are checked at a time.
BLOCK = 128


def wrapped(position: int, length: int) -> int:
    """Count a negative position from the end."""
    return select(position < 0, position + length, position)  # type: ignore[no-any-return]


def is_inside(position: int, length: int) -> bool:
    """Return whether a position, counted from the front, is one of an axis."""
    return (position >= 0) & (position < length)


def inside_of(position: int, length: int) -> int:
    """Count a position from the front, or return 0 for one that is out of bounds."""
    position = wrapped(position, length)
    return select(is_inside(position, length), position, 0)  # type: ignore[no-any-return]


def resolve(index: Any, index_step: int, count: int, length: int, places: Any) -> int:
    """Write positions that are in bounds for up to ``BLOCK`` given ones; returns how many were not.

    In a loop of its own, which is vectorized: moving a short row then takes a third less time.
    """
    wrong = 0
    for j in range(count):
        position = wrapped(load_output(index, j * index_step), length)
        inside = is_inside(position, length)
        wrong += select(inside, 0, 1)
        store(places, j, select(inside, position, 0))
    return wrong


def resolve_any(index: Any, index_step: int, count: int, length: int, places: Any) -> int:
    """The same, with a loop for contiguous positions."""
    if index_step == 1:
        return resolve(index, 1, count, length, places)
    return resolve(index, index_step, count, length, places)


def gather_line(
    x: Any, x_step: int, index: Any, index_step: int, other: Any, other_step: int, count: int, length: int, step: int
) -> int:
    """Move elements that have a position each; returns how many are out of bounds."""
    wrong = 0
    if index_step == 1 and other_step == 1 and x_step == 0 and step == 1:
        for j in range(count):
            position = wrapped(load_output(index, j), length)
            inside = is_inside(position, length)
            wrong += select(inside, 0, 1)
            store(other, j, load_output(x, select(inside, position, 0)))
    else:
        for j in range(count):
            position = wrapped(load_output(index, j * index_step), length)
            inside = is_inside(position, length)
            wrong += select(inside, 0, 1)
            store(other, j * other_step, load_output(x, j * x_step + select(inside, position, 0) * step))
    return wrong


def gather_rows(count: int) -> Function:
    """Make the loop that moves contiguous rows of ``count`` elements; returns how many positions are out of bounds."""

    def rows(
        x: Any, x_step: int, index: Any, index_step: int, other: Any, other_step: int, n: int, length: int, step: int
    ) -> int:
        wrong = 0
        places = accumulators(BLOCK, index)
        for first in range(0, n, BLOCK):
            size = min(BLOCK, n - first)
            wrong += resolve_any(shift(index, first * index_step), index_step, size, length, places)
            for i in range(size):
                source = (first + i) * x_step + load_output(places, i) * step
                target = (first + i) * other_step
                for j in range(count):
                    store(other, target + j, load_output(x, source + j))
        return wrong

    return rows


def gather_short_rows(group: int) -> Function:
    """Make the same for rows of ``size`` elements, ``group`` at least."""

    def rows(
        x: Any,
        x_step: int,
        index: Any,
        index_step: int,
        other: Any,
        other_step: int,
        n: int,
        size: int,
        length: int,
        step: int,
    ) -> int:
        wrong = 0
        last = size - group
        places = accumulators(BLOCK, index)
        for first in range(0, n, BLOCK):
            count = min(BLOCK, n - first)
            wrong += resolve_any(shift(index, first * index_step), index_step, count, length, places)
            for i in range(count):
                source = shift(x, (first + i) * x_step + load_output(places, i) * step)
                target = shift(other, (first + i) * other_step)
                for start in range(0, last, group):
                    for j in range(group):
                        store(target, start + j, load_output(source, start + j))
                for j in range(group):
                    store(target, last + j, load_output(source, last + j))
        return wrong

    return rows


def move_row(source: Any, source_step: int, target: Any, target_step: int, count: int) -> None:
    """Move a row of elements."""
    if source_step != 1 or target_step != 1:
        for j in range(count):
            store(target, j * target_step, load_output(source, j * source_step))
    else:
        for j in range(count):
            store(target, j, load_output(source, j))


def gather(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest ``other = x at index`` for elements of a width; ``outside`` counts what is out of bounds."""
    signature = Signature((dtype, "int64"), (dtype, "int64"))
    gather_pairs, gather_threes = gather_rows(2), gather_rows(3)
    itemsize = FACTS[dtype].itemsize
    wide = WIDE_BYTES // itemsize
    has_wide = wide > GROUP
    longest = LONG_BYTES // itemsize if has_wide else SHORT
    gather_narrow, gather_wide = gather_short_rows(GROUP), gather_short_rows(max(wide, GROUP))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, index = input_pointers(data, signature)
        other, outside = output_pointer(data, signature)
        length, step = numbers[LENGTH], numbers[STEP]
        x_outer, index_outer, other_outer = numbers[X_OUTER], numbers[INDEX_OUTER], numbers[OTHER_OUTER]
        x_inner, index_inner, other_inner = numbers[X_INNER], numbers[INDEX_INNER], numbers[OTHER_INNER]
        wrong = 0
        if index_inner == 0 and x_inner == 1 and other_inner == 1 and n1 == 2:
            wrong = gather_pairs(x, x_outer, index, index_outer, other, other_outer, n0, length, step)
        elif index_inner == 0 and x_inner == 1 and other_inner == 1 and n1 == 3:
            wrong = gather_threes(x, x_outer, index, index_outer, other, other_outer, n0, length, step)
        elif index_inner == 0 and x_inner == 1 and other_inner == 1 and has_wide and wide <= n1 <= longest:
            wrong = gather_wide(x, x_outer, index, index_outer, other, other_outer, n0, n1, length, step)
        elif index_inner == 0 and x_inner == 1 and other_inner == 1 and GROUP <= n1 <= SHORT:
            wrong = gather_narrow(x, x_outer, index, index_outer, other, other_outer, n0, n1, length, step)
        elif index_inner == 0:
            for i in range(n0):
                position = wrapped(load_output(index, i * index_outer), length)
                inside = is_inside(position, length)
                wrong += select(inside, 0, 1)
                row = shift(x, i * x_outer + select(inside, position, 0) * step)
                move_row(row, x_inner, shift(other, i * other_outer), other_inner, n1)
        else:
            for i in range(n0):
                source, target = shift(x, i * x_outer), shift(other, i * other_outer)
                positions = shift(index, i * index_outer)
                wrong += gather_line(source, x_inner, positions, index_inner, target, other_inner, n1, length, step)
        outside[0] = wrong

    return kernel, signature


def scatter_line(
    x: Any, x_step: int, index: Any, index_step: int, other: Any, other_step: int, count: int, length: int, step: int
) -> None:
    """Move elements that have a position each. Not by ``store``, which declares that no place is written twice."""
    if index_step == 1 and other_step == 1 and x_step == 0 and step == 1:
        for j in range(count):
            x[inside_of(index[j], length)] = other[j]
    else:
        for j in range(count):
            x[j * x_step + inside_of(index[j * index_step], length) * step] = other[j * other_step]


def scatter(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest ``x at index = other`` for elements of a width; of equal positions the last one counts.

    The positions must have been checked; one that another thread changes meanwhile stands for 0.
    """
    signature = Signature((dtype, "int64"), (dtype, "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, index = input_pointers(data, signature)
        other, _ = output_pointer(data, signature)
        length, step = numbers[LENGTH], numbers[STEP]
        x_outer, index_outer, other_outer = numbers[X_OUTER], numbers[INDEX_OUTER], numbers[OTHER_OUTER]
        x_inner, index_inner, other_inner = numbers[X_INNER], numbers[INDEX_INNER], numbers[OTHER_INNER]
        if index_inner == 0:
            for i in range(n0):
                row = shift(x, i * x_outer + inside_of(index[i * index_outer], length) * step)
                move_row(shift(other, i * other_outer), other_inner, row, x_inner, n1)
        else:
            for i in range(n0):
                target, source = shift(x, i * x_outer), shift(other, i * other_outer)
                positions = shift(index, i * index_outer)
                scatter_line(target, x_inner, positions, index_inner, source, other_inner, n1, length, step)

    return kernel, signature


def scatter_add(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest ``x at index += other`` for numbers of a dtype; those for one place are added in order.

    Not by ``store`` either. The positions must have been checked.
    """
    signature = Signature((dtype, "int64"), (dtype, "int64"))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        x, index = input_pointers(data, signature)
        other, _ = output_pointer(data, signature)
        length, step = numbers[LENGTH], numbers[STEP]
        x_outer, index_outer, other_outer = numbers[X_OUTER], numbers[INDEX_OUTER], numbers[OTHER_OUTER]
        x_inner, index_inner, other_inner = numbers[X_INNER], numbers[INDEX_INNER], numbers[OTHER_INNER]
        if index_inner == 0 and x_inner == 1 and other_inner == 1:
            for i in range(n0):
                row = shift(x, i * x_outer + inside_of(index[i * index_outer], length) * step)
                source = shift(other, i * other_outer)
                for j in range(n1):
                    row[j] = row[j] + source[j]
        else:
            for i in range(n0):
                target, source = shift(x, i * x_outer), shift(other, i * other_outer)
                positions = shift(index, i * index_outer)
                for j in range(n1):
                    place = j * x_inner + inside_of(positions[j * index_inner], length) * step
                    target[place] = target[place] + source[j * other_inner]

    return kernel, signature


def check(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest that only counts positions out of bounds."""
    signature = Signature((dtype, dtype), (dtype, dtype))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        _, index = input_pointers(data, signature)
        _, outside = output_pointer(data, signature)
        length, index_inner = numbers[LENGTH], numbers[INDEX_INNER]
        wrong = 0
        for i in range(n0):
            positions = shift(index, i * numbers[INDEX_OUTER])
            if index_inner == 1:
                for j in range(n1):
                    wrong += select(is_inside(wrapped(load_output(positions, j), length), length), 0, 1)
            else:
                for j in range(n1):
                    wrong += select(is_inside(wrapped(load_output(positions, j * index_inner), length), length), 0, 1)
        outside[0] = wrong

    return kernel, signature


def combine(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest ``other += index * step``, with positions counted from the front and checked.

    Several indices become one: the place of an element in memory.
    """
    signature = Signature((dtype, dtype), (dtype, dtype))

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        _, index = input_pointers(data, signature)
        other, outside = output_pointer(data, signature)
        length, step = numbers[LENGTH], numbers[STEP]
        index_inner, other_inner = numbers[INDEX_INNER], numbers[OTHER_INNER]
        wrong = 0
        for i in range(n0):
            positions = shift(index, i * numbers[INDEX_OUTER])
            places = shift(other, i * numbers[OTHER_OUTER])
            for j in range(n1):
                position = wrapped(load_output(positions, j * index_inner), length)
                inside = is_inside(position, length)
                wrong += select(inside, 0, 1)
                place = load_output(places, j * other_inner) + select(inside, position, 0) * step
                store(places, j * other_inner, place)
        outside[0] = wrong

    return kernel, signature


def spread(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that lists each of ``n1`` positions as often as its count says; the only number is how many in all.

    Counts are not negative. Nothing is written beyond the room, whatever another thread does to the counts meanwhile.
    """
    signature = Signature((dtype,), dtype)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        (counts,) = input_pointers(data, signature)
        out = output_pointer(data, signature)
        room = numbers[0]
        for j in range(n1):
            count = max(min(load_output(counts, j), room), 0)
            for k in range(count):
                store(out, k, j)
            out = shift(out, count)
            room -= count

    return kernel, signature
