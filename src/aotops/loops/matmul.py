"""The loop nest of matrix products.

Theory of operation:

1. An element of the result is the sum of products in the order of the inner axis, one ``fma`` each (of integers, which
   wrap around, a product and a sum). However a product is cut into blocks, and on how many threads, its bits are the
   same.
2. A call adds the product of a block of ``a`` and a block of ``b``, at most ``BLOCK_ROWS`` by ``BLOCK_DEPTH`` and
   ``BLOCK_DEPTH`` by ``BLOCK_COLUMNS`` elements, to a block of the result; the caller goes through the inner axis.
3. Both blocks are copied first: ``a`` into panels of ``ROWS`` rows, ``b`` into panels of as many columns as fill a
   vector of x86-64-v4, so that the inner loop reads memory in order, whatever the strides are. Copies are padded with
   zeros to whole panels.
4. The inner loop keeps a tile of one panel by another in registers: 6 vectors on x86-64-v4, which hide the latency of
   an ``fma``, and 12 of the 16 registers on x86-64-v3. Measured on Zen 4, one core: 54 GFlop/s of float64, 108 of
   float32, of 59 and 118 possible.
5. A few rows, as of a vector times a matrix, are not worth the copies: rows of ``b`` are added to those of the result,
   four at a time, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.abi import FACTS
from aotops.intrinsics import (
    Signature,
    accumulators,
    fma,
    input_pointers,
    load_output,
    output_pointer,
    shift,
    store,
)

Function = Callable[..., Any]

#: Rows of a panel of ``a``, and the bytes in a row of a panel of ``b``.
ROWS, VECTOR_BYTES = 6, 64

#: The largest blocks: copies of float64 take 700 KiB, of which those in use at a time fit in L2.
BLOCK_ROWS, BLOCK_DEPTH, BLOCK_COLUMNS = 96, 256, 256

#: Rows that are copied at a time, column by column.
ROWS_AT_A_TIME = 8

#: The numbers of a call: the length of the inner axis, the strides in elements (the columns of the result are
#: contiguous), and whether the result holds a sum already.
NUMBERS = ("depth", "a_row", "a_column", "b_row", "b_column", "c_row", "adds")
DEPTH, A_ROW, A_COLUMN, B_ROW, B_COLUMN, C_ROW, ADDS = range(len(NUMBERS))


def multiply_add(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of integers."""
    return a * b + c


def matmul(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop nest ``c = a @ b``, or ``c += a @ b``, for blocks of ``n0`` by ``depth`` by ``n1`` elements."""
    signature = Signature((dtype, dtype), (dtype, dtype))
    width = VECTOR_BYTES // FACTS[dtype].itemsize
    tile = ROWS * width
    add = fma if FACTS[dtype].category == "float" else multiply_add
    pack_left, pack_right = packed(ROWS), packed(width)
    multiply_tile = tile_of_panels(add, width)
    multiply_rows = few_rows(add)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        a, b = input_pointers(data, signature)
        copies, c = output_pointer(data, signature)
        depth, adds, c_row = numbers[DEPTH], numbers[ADDS] != 0, numbers[C_ROW]
        if n0 < ROWS and numbers[B_COLUMN] == 1:
            for i in range(n0):
                row = shift(a, i * numbers[A_ROW])
                multiply_rows(row, numbers[A_COLUMN], b, numbers[B_ROW], shift(c, i * c_row), n1, depth, adds)
            return
        pack_left(a, numbers[A_ROW], numbers[A_COLUMN], copies, n0, depth)
        panels = shift(copies, (n0 + ROWS - 1) // ROWS * ROWS * depth)
        pack_right(b, numbers[B_COLUMN], numbers[B_ROW], panels, n1, depth)
        edge = accumulators(tile, c)
        for j in range(0, n1, width):
            right = shift(panels, j * depth)
            columns = min(width, n1 - j)
            for i in range(0, n0, ROWS):
                left, target = shift(copies, i * depth), shift(c, i * c_row + j)
                rows = min(ROWS, n0 - i)
                if rows == ROWS and columns == width:
                    multiply_tile(left, right, target, c_row, depth, adds)
                    continue
                for k in range(tile):
                    store(edge, k, 0)
                if adds:
                    copy_tile(target, c_row, edge, width, rows, columns)
                multiply_tile(left, right, edge, width, depth, adds)
                copy_tile(edge, width, target, c_row, rows, columns)

    return kernel, signature


def copy_tile(source: Any, source_step: int, target: Any, target_step: int, rows: int, columns: int) -> None:
    """Copy the part of a tile that belongs to the result."""
    for row in range(rows):
        for column in range(columns):
            store(target, row * target_step + column, load_output(source, row * source_step + column))


def packed(size: int) -> Function:
    """Make a function that copies ``count`` lines of ``depth`` elements into panels of ``size`` interleaved lines."""

    def pack_where_lines_are_columns(x: Any, along: int, out: Any, panels: int, depth: int) -> None:
        """Eight rows at a time: with rows of 4 KiB, more would be more pages than the TLB has, and one set of L1."""
        for first in range(0, depth, ROWS_AT_A_TIME):
            end = min(first + ROWS_AT_A_TIME, depth)
            for panel in range(panels):
                source, target = shift(x, panel * size), shift(out, panel * size * depth)
                for k in range(first, end):
                    for line in range(size):
                        store(target, k * size + line, load_output(source, k * along + line))

    def pack(x: Any, step: int, along: int, out: Any, count: int, depth: int) -> None:
        panels = count // size
        if step == 1:
            pack_where_lines_are_columns(x, along, out, panels, depth)
        else:
            for panel in range(panels):
                source, target = shift(x, panel * size * step), shift(out, panel * size * depth)
                for k in range(depth):
                    for line in range(size):
                        store(target, k * size + line, load_output(source, k * along + line * step))
        first = panels * size
        if first < count:
            source, target = shift(x, first * step), shift(out, first * depth)
            for k in range(depth):
                for line in range(size):
                    place = k * along + min(line, count - first - 1) * step
                    store(target, k * size + line, load_output(source, place) if first + line < count else 0)

    return pack


def tile_of_panels(add: Function, width: int) -> Function:
    """Make a function that multiplies a panel of ``ROWS`` rows by one of ``width`` columns, in registers."""

    def add_product(row: Any, factor: Any, x: Any) -> None:
        for j in range(width):
            store(row, j, add(factor, load_output(x, j), load_output(row, j)))

    def multiply(a: Any, b: Any, c: Any, step: int, depth: int, adds: bool) -> None:
        row0, row1, row2 = accumulators(width, c), accumulators(width, c), accumulators(width, c)
        row3, row4, row5 = accumulators(width, c), accumulators(width, c), accumulators(width, c)
        for j in range(width):
            store(row0, j, load_output(c, j) if adds else 0)
            store(row1, j, load_output(c, step + j) if adds else 0)
            store(row2, j, load_output(c, 2 * step + j) if adds else 0)
            store(row3, j, load_output(c, 3 * step + j) if adds else 0)
            store(row4, j, load_output(c, 4 * step + j) if adds else 0)
            store(row5, j, load_output(c, 5 * step + j) if adds else 0)
        for k in range(depth):
            x = shift(b, k * width)
            # one factor after the other: 12 vectors, 2 of b and one factor fill the registers of x86-64-v3
            add_product(row0, load_output(a, ROWS * k), x)
            add_product(row1, load_output(a, ROWS * k + 1), x)
            add_product(row2, load_output(a, ROWS * k + 2), x)
            add_product(row3, load_output(a, ROWS * k + 3), x)
            add_product(row4, load_output(a, ROWS * k + 4), x)
            add_product(row5, load_output(a, ROWS * k + 5), x)
        for j in range(width):
            store(c, j, load_output(row0, j))
            store(c, step + j, load_output(row1, j))
            store(c, 2 * step + j, load_output(row2, j))
            store(c, 3 * step + j, load_output(row3, j))
            store(c, 4 * step + j, load_output(row4, j))
            store(c, 5 * step + j, load_output(row5, j))

    return multiply


def few_rows(add: Function) -> Function:
    """Make a function that multiplies a row by a matrix whose rows are contiguous."""

    def multiply(a: Any, along: int, b: Any, step: int, c: Any, columns: int, depth: int, adds: bool) -> None:
        if not adds:
            for j in range(columns):
                store(c, j, 0)
        whole = depth // 4 * 4
        for k in range(0, whole, 4):
            row0, row1 = shift(b, k * step), shift(b, (k + 1) * step)
            row2, row3 = shift(b, (k + 2) * step), shift(b, (k + 3) * step)
            a0, a1 = load_output(a, k * along), load_output(a, (k + 1) * along)
            a2, a3 = load_output(a, (k + 2) * along), load_output(a, (k + 3) * along)
            for j in range(columns):
                value = add(a0, load_output(row0, j), load_output(c, j))
                value = add(a1, load_output(row1, j), value)
                value = add(a2, load_output(row2, j), value)
                store(c, j, add(a3, load_output(row3, j), value))
        for k in range(whole, depth):
            row = shift(b, k * step)
            ak = load_output(a, k * along)
            for j in range(columns):
                store(c, j, add(ak, load_output(row, j), load_output(c, j)))

    return multiply
