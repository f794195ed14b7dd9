"""The loop nests of matrix products.

Theory of operation:

1. An element of the result is the sum of products in the order of the inner axis, one ``fma`` each (of integers, which
   wrap around, a product and a sum). However a product is cut into blocks, and on how many threads, its bits are the
   same.
2. A call adds the product of a block of ``a`` and a block of ``b`` to a block of the result, for each of several
   matrices; the caller (``native/matmul.c``) goes through the inner axis, in blocks.
3. The inner loop keeps a tile of the result in registers: ``ROWS`` rows of one or two vectors of 64 bytes. Two make 12
   accumulators, which hide the latency of an ``fma`` on two ports; a level with 16 registers has room for 12 vectors of
   32 bytes, so its kernels have tiles of one.
4. The factors of ``a`` are read one by one, by two strides, so it need not be copied if it is small. Rows of ``b`` are
   read as vectors. The caller copies large blocks into contiguous memory: the rows of ``a`` one behind the other, the
   columns of ``b`` in panels as wide as a tile.
5. At the edges tiles have fewer rows and columns. Their loops are as long, so that LLVM makes vectors of them, with
   masks where a level has these: neither memory beyond the edge is touched, nor is anything copied.
6. A few rows, as of a vector times a matrix, are added without tiles: rows of ``b``, four at a time, in the same order.
   Of small matrices four rows are computed, one vector of columns at a time, with less to prepare than a tile takes.
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
    input_steps,
    load_output,
    output_pointer,
    output_step,
    shift,
    store,
)

Function = Callable[..., Any]
Routine = tuple[Callable[..., None], Signature]

#: Rows of a tile, and the bytes of a vector.
ROWS, VECTOR_BYTES = 6, 64

#: The largest blocks. A copy of one of ``a`` takes 264 KiB of float32 and stays in L2; panels of ``b`` pass through L1.
#: With 256 columns, which blocks of ``a`` are copied twice as often for, products of 1024 float32 took 5 % longer.
BLOCK_ROWS, BLOCK_DEPTH, BLOCK_COLUMNS = 264, 256, 512

#: The numbers of a call: the length of the inner axis, strides in elements, from one panel of columns of ``b``
#: to the next (the columns of each, and of the result, are contiguous), whether the result holds a sum already,
#: how it is computed, how many matrices there are, and from one to the next.
NUMBERS = (
    "depth",
    "a_row",
    "a_column",
    "b_row",
    "b_panel",
    "c_row",
    "adds",
    "way",
    "matrices",
    "a_matrix",
    "b_matrix",
    "c_matrix",
)
DEPTH, A_ROW, A_COLUMN, B_ROW, B_PANEL, C_ROW, ADDS, WAY, MATRICES, A_MATRIX, B_MATRIX, C_MATRIX = range(len(NUMBERS))

#: How a product is computed.
WAYS = BY_TILES, BY_ROWS, BY_FOURS = range(3)


def multiply_add(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of integers."""
    return a * b + c


def matmul(dtype: str) -> Routine:
    """Make the loop nest with tiles of one vector of 64 bytes, for levels with 16 registers."""
    return products(dtype, 1)


def matmul_wide(dtype: str) -> Routine:
    """Make the loop nest with tiles of two vectors, for levels with 32 registers."""
    return products(dtype, 2)


def matmul_plain(dtype: str) -> Routine:
    """Make the loop nest without tiles, for levels without ``fma`` and masks, where tiles take 20 KiB of each dtype."""
    signature, add = signature_of(dtype), addition(dtype)
    width = VECTOR_BYTES // FACTS[dtype].itemsize
    multiply_rows = few_rows(add)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        first_a, first_b = input_pointers(data, signature)
        first_c = output_pointer(data, signature)
        depth, adds = numbers[DEPTH], numbers[ADDS] != 0
        a_row, a_column, b_row, c_row = numbers[A_ROW], numbers[A_COLUMN], numbers[B_ROW], numbers[C_ROW]
        by_rows = numbers[WAY] == BY_ROWS
        for matrix in range(numbers[MATRICES]):
            a, b = shift(first_a, matrix * numbers[A_MATRIX]), shift(first_b, matrix * numbers[B_MATRIX])
            c = shift(first_c, matrix * numbers[C_MATRIX])
            for panel in range(1 if by_rows else (n1 + width - 1) // width):
                right, out = shift(b, panel * numbers[B_PANEL]), shift(c, panel * width)
                columns = n1 if by_rows else min(width, n1 - panel * width)
                multiply_rows(a, a_row, a_column, right, b_row, out, c_row, n0, columns, depth, adds)

    return kernel, signature


def signature_of(dtype: str) -> Signature:
    """The operands of a loop nest. Unsigned integers have the same bits as signed ones, and their kernels."""
    own = dtype.removeprefix("u")
    return Signature((own, own), own)


def addition(dtype: str) -> Function:
    """What adds a product of a dtype to a sum."""
    return fma if FACTS[dtype].category == "float" else multiply_add


def products(dtype: str, vectors: int) -> Routine:
    """Make the loop nest ``c = a @ b``, or ``c += a @ b``, for blocks of ``n0`` by ``depth`` by ``n1`` elements."""
    signature, add = signature_of(dtype), addition(dtype)
    lanes = VECTOR_BYTES // FACTS[dtype].itemsize
    width = vectors * lanes
    multiply_tile, multiply_edge = whole_tile(add, width), edge(add, lanes)
    multiply_rows, multiply_four = few_rows(add), four_rows(add, lanes)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        first_a, first_b = input_pointers(data, signature)
        first_c = output_pointer(data, signature)
        depth, adds = numbers[DEPTH], numbers[ADDS] != 0
        a_row, a_column, b_row, c_row = numbers[A_ROW], numbers[A_COLUMN], numbers[B_ROW], numbers[C_ROW]
        for matrix in range(numbers[MATRICES]):
            a, b = shift(first_a, matrix * numbers[A_MATRIX]), shift(first_b, matrix * numbers[B_MATRIX])
            c = shift(first_c, matrix * numbers[C_MATRIX])
            if numbers[WAY] == BY_ROWS:
                multiply_rows(a, a_row, a_column, b, b_row, c, c_row, n0, n1, depth, adds)
                continue
            if numbers[WAY] == BY_FOURS:
                for i in range(0, n0, 4):
                    left, target, rows = shift(a, i * a_row), shift(c, i * c_row), min(4, n0 - i)
                    for j in range(0, n1, lanes):
                        part, out, some = shift(b, j), shift(target, j), min(lanes, n1 - j)
                        multiply_four(left, a_row, part, b_row, out, c_row, depth, adds, rows, some)
                continue
            for j in range(0, n1, width):
                columns = min(width, n1 - j)
                right = shift(b, j // width * numbers[B_PANEL])
                for i in range(0, n0, ROWS):
                    rows = min(ROWS, n0 - i)
                    left, target = shift(a, i * a_row), shift(c, i * c_row + j)
                    if rows == ROWS and columns == width:
                        multiply_tile(left, a_row, a_column, right, b_row, target, c_row, depth, adds)
                        continue
                    for k in range(0, columns, lanes):
                        part, out = shift(right, k), shift(target, k)
                        some = min(lanes, columns - k)
                        multiply_edge(left, a_row, a_column, part, b_row, out, c_row, depth, adds, rows, some)

    return kernel, signature


def whole_tile(add: Function, width: int) -> Function:
    """Make a function that computes a tile of ``ROWS`` rows and ``width`` columns, in registers."""

    def add_product(row: Any, factor: Any, x: Any) -> None:
        for j in range(width):
            store(row, j, add(factor, load_output(x, j), load_output(row, j)))

    def multiply(
        a0: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int, depth: int, adds: bool
    ) -> None:
        row0, row1, row2 = accumulators(width, c), accumulators(width, c), accumulators(width, c)
        row3, row4, row5 = accumulators(width, c), accumulators(width, c), accumulators(width, c)
        for j in range(width):
            store(row0, j, load_output(c, j) if adds else 0)
            store(row1, j, load_output(c, c_row + j) if adds else 0)
            store(row2, j, load_output(c, 2 * c_row + j) if adds else 0)
            store(row3, j, load_output(c, 3 * c_row + j) if adds else 0)
            store(row4, j, load_output(c, 4 * c_row + j) if adds else 0)
            store(row5, j, load_output(c, 5 * c_row + j) if adds else 0)
        a1, a2, a3 = shift(a0, a_row), shift(a0, 2 * a_row), shift(a0, 3 * a_row)
        a4, a5 = shift(a0, 4 * a_row), shift(a0, 5 * a_row)
        for k in range(depth):
            x, place = shift(b, k * b_row), k * a_column
            # one factor after the other: 12 vectors, 2 of b and one factor fill the registers of x86-64-v3
            add_product(row0, load_output(a0, place), x)
            add_product(row1, load_output(a1, place), x)
            add_product(row2, load_output(a2, place), x)
            add_product(row3, load_output(a3, place), x)
            add_product(row4, load_output(a4, place), x)
            add_product(row5, load_output(a5, place), x)
        for j in range(width):
            store(c, j, load_output(row0, j))
            store(c, c_row + j, load_output(row1, j))
            store(c, 2 * c_row + j, load_output(row2, j))
            store(c, 3 * c_row + j, load_output(row3, j))
            store(c, 4 * c_row + j, load_output(row4, j))
            store(c, 5 * c_row + j, load_output(row5, j))

    return multiply


def edge(add: Function, lanes: int) -> Function:
    """Make a function that computes a tile of at most ``ROWS`` rows and ``lanes`` columns.

    Rows that are not there are computed as the last one, and not stored.
    """

    def begin(row: Any, c: Any, columns: int, adds: bool) -> None:
        for j in range(lanes):
            store(row, j, load_output(c, j) if adds and j < columns else 0)

    def add_product(row: Any, factor: Any, x: Any) -> None:
        for j in range(lanes):
            store(row, j, add(factor, load_output(x, j), load_output(row, j)))

    def end(row: Any, c: Any, columns: int) -> None:
        for j in range(lanes):
            if j < columns:
                store(c, j, load_output(row, j))

    def multiply(
        a0: Any,
        a_row: int,
        a_column: int,
        b: Any,
        b_row: int,
        c: Any,
        c_row: int,
        depth: int,
        adds: bool,
        rows: int,
        columns: int,
    ) -> None:
        row0, row1, row2 = accumulators(lanes, c), accumulators(lanes, c), accumulators(lanes, c)
        row3, row4, row5 = accumulators(lanes, c), accumulators(lanes, c), accumulators(lanes, c)
        x = accumulators(lanes, c)
        i1, i2, i3 = min(1, rows - 1), min(2, rows - 1), min(3, rows - 1)
        i4, i5 = min(4, rows - 1), rows - 1
        begin(row0, c, columns, adds)
        begin(row1, shift(c, i1 * c_row), columns, adds)
        begin(row2, shift(c, i2 * c_row), columns, adds)
        begin(row3, shift(c, i3 * c_row), columns, adds)
        begin(row4, shift(c, i4 * c_row), columns, adds)
        begin(row5, shift(c, i5 * c_row), columns, adds)
        a1, a2, a3 = shift(a0, i1 * a_row), shift(a0, i2 * a_row), shift(a0, i3 * a_row)
        a4, a5 = shift(a0, i4 * a_row), shift(a0, i5 * a_row)
        for k in range(depth):
            source, place = shift(b, k * b_row), k * a_column
            for j in range(lanes):
                store(x, j, load_output(source, j) if j < columns else 0)
            add_product(row0, load_output(a0, place), x)
            add_product(row1, load_output(a1, place), x)
            add_product(row2, load_output(a2, place), x)
            if rows > 3:
                add_product(row3, load_output(a3, place), x)
                add_product(row4, load_output(a4, place), x)
                add_product(row5, load_output(a5, place), x)
        # each row that is there twice holds the same sums
        end(row0, c, columns)
        end(row1, shift(c, i1 * c_row), columns)
        end(row2, shift(c, i2 * c_row), columns)
        if rows > 3:
            end(row3, shift(c, i3 * c_row), columns)
            end(row4, shift(c, i4 * c_row), columns)
            end(row5, shift(c, i5 * c_row), columns)

    return multiply


def four_rows(add: Function, lanes: int) -> Function:
    """Make a function that computes at most four rows of at most ``lanes`` columns; the rows of ``a`` are contiguous.

    Rows that are not there are computed as the last one.
    """

    def multiply(
        a0: Any, a_row: int, b: Any, b_row: int, c0: Any, c_row: int, depth: int, adds: bool, rows: int, columns: int
    ) -> None:
        row0, row1, row2 = accumulators(lanes, c0), accumulators(lanes, c0), accumulators(lanes, c0)
        row3, x = accumulators(lanes, c0), accumulators(lanes, c0)
        i1, i2, i3 = min(1, rows - 1), min(2, rows - 1), rows - 1
        a1, a2, a3 = shift(a0, i1 * a_row), shift(a0, i2 * a_row), shift(a0, i3 * a_row)
        c1, c2, c3 = shift(c0, i1 * c_row), shift(c0, i2 * c_row), shift(c0, i3 * c_row)
        for j in range(lanes):
            store(row0, j, load_output(c0, j) if adds and j < columns else 0)
            store(row1, j, load_output(c1, j) if adds and j < columns else 0)
            store(row2, j, load_output(c2, j) if adds and j < columns else 0)
            store(row3, j, load_output(c3, j) if adds and j < columns else 0)
        for k in range(depth):
            source = shift(b, k * b_row)
            for j in range(lanes):
                store(x, j, load_output(source, j) if j < columns else 0)
            factor0, factor1 = load_output(a0, k), load_output(a1, k)
            factor2, factor3 = load_output(a2, k), load_output(a3, k)
            for j in range(lanes):
                store(row0, j, add(factor0, load_output(x, j), load_output(row0, j)))
                store(row1, j, add(factor1, load_output(x, j), load_output(row1, j)))
                store(row2, j, add(factor2, load_output(x, j), load_output(row2, j)))
                store(row3, j, add(factor3, load_output(x, j), load_output(row3, j)))
        for j in range(lanes):
            if j < columns:
                store(c0, j, load_output(row0, j))
                store(c1, j, load_output(row1, j))
                store(c2, j, load_output(row2, j))
                store(c3, j, load_output(row3, j))

    return multiply


def few_rows(add: Function) -> Function:
    """Make a function that multiplies a few rows by a matrix whose rows are contiguous: four of these at a time."""

    def multiply(
        a: Any,
        a_row: int,
        a_column: int,
        b: Any,
        b_row: int,
        c: Any,
        c_row: int,
        rows: int,
        columns: int,
        depth: int,
        adds: bool,
    ) -> None:
        for i in range(0 if adds else rows):
            target = shift(c, i * c_row)
            for j in range(columns):
                store(target, j, 0)
        whole = depth // 4 * 4
        for k in range(0, whole, 4):
            row0, row1 = shift(b, k * b_row), shift(b, (k + 1) * b_row)
            row2, row3 = shift(b, (k + 2) * b_row), shift(b, (k + 3) * b_row)
            for i in range(rows):
                left, target = shift(a, i * a_row + k * a_column), shift(c, i * c_row)
                a0, a1 = load_output(left, 0), load_output(left, a_column)
                a2, a3 = load_output(left, 2 * a_column), load_output(left, 3 * a_column)
                for j in range(columns):
                    value = add(a0, load_output(row0, j), load_output(target, j))
                    value = add(a1, load_output(row1, j), value)
                    value = add(a2, load_output(row2, j), value)
                    store(target, j, add(a3, load_output(row3, j), value))
        for k in range(whole, depth):
            row = shift(b, k * b_row)
            for i in range(rows):
                target = shift(c, i * c_row)
                factor = load_output(a, i * a_row + k * a_column)
                for j in range(columns):
                    store(target, j, add(factor, load_output(row, j), load_output(target, j)))

    return multiply


def times_i(dtype: str) -> Routine:
    """Make the loop nest ``c[i, j] = a[i, j] * 1j`` of complex numbers whose parts have a dtype.

    Its numbers are strides as those of operators: along rows, of both, then from one row to the next.
    """
    signature = Signature((dtype,), dtype)

    def kernel(n0: int, n1: int, data: Any, strides: Any) -> None:
        a, c = input_pointers(data, signature)[0], output_pointer(data, signature)
        along = 2 * input_steps(strides, 0, signature)[0], 2 * output_step(strides, 0, signature)
        across = 2 * input_steps(strides, 1, signature)[0], 2 * output_step(strides, 1, signature)
        for i in range(n0):
            source, target = shift(a, i * across[0]), shift(c, i * across[1])
            for j in range(n1):
                store(target, j * along[1], -load_output(source, j * along[0] + 1))
                store(target, j * along[1] + 1, load_output(source, j * along[0]))

    return kernel, signature
