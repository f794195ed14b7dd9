"""The loop nests of matrix products.

Theory of operation:

1. An element of the result is the sum of products in the order of the inner axis, one ``fma`` each (of integers, which
   wrap around, a product and a sum). However a product is cut into blocks, and on how many threads, its bits are the
   same.
2. A call adds the product of a block of ``a`` and a block of ``b`` to a block of the result, for each of several
   matrices; the caller (``native/matmul.c``) goes through the inner axis, in blocks. Between two of these, sums wait in
   panels as wide as a tile: from one tile to the next they are contiguous, so that the CPU fetches them in time. Tiles
   that read them in the rows of the result waited for memory for up to a fifth of the time.
3. The inner loop keeps a tile of the result in registers: 8 rows of two vectors of 64 bytes are 16 accumulators, which
   hide the latency of an ``fma`` on two ports. A level with 16 registers has room for 12 vectors of 32 bytes, so its
   kernels have tiles of 6 rows of 64 bytes.
4. The factors of ``a`` are read one by one, by two strides, so that it need not be copied unless its columns have gaps
   or all of its rows share one set of L1. Rows of ``b`` are read as vectors. The caller copies large blocks into
   contiguous memory: the rows of ``a`` one behind the other, the columns of ``b`` in panels as wide as a tile.
5. At the edges tiles have fewer rows and columns. Their loops are as long, so that LLVM makes vectors of them, with
   masks where a level has these: neither memory beyond the edge is touched, nor is anything copied.
6. A few rows, as of a vector times a matrix, are added without tiles: rows of ``b``, four at a time, in the same order,
   to four rows of the result at a time.
   Of small matrices four rows are computed, one vector of columns at a time, with less to prepare than a tile takes.
7. A few rows times a matrix whose columns are contiguous, as a transposed one, are dot products: each has as many sums
   as a vector of 64 bytes has numbers, which are added up pairwise at last. That is an order of its own, of any level.
   Several rows of both matrices are read at a time, so that each vector serves several products.
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

#: The bytes of a vector, and the rows of tiles of one vector and of two.
VECTOR_BYTES, ROWS, ROWS_WIDE = 64, 6, 8

#: The largest blocks. A copy of one of ``a`` takes 352 KiB of float64 and stays in L2; panels of ``b`` pass through L1.
#: With 264 rows and 512 columns, which blocks of ``a`` are copied twice as often for, products of 1024 took 3 % longer.
BLOCK_ROWS, BLOCK_DEPTH, BLOCK_COLUMNS = 176, 256, 1024

#: The numbers of a call: the length of the inner axis, strides in elements, from one panel of columns to the next (the
#: columns of each are contiguous), whether there are sums already, how the product is computed, how many matrices
#: there are, and from one to the next. The sums are ``c`` itself unless the product is computed by tiles. ``a_row_2``
#: and so on are multiples of ``a_row``: as numbers of their own they stay in registers, while LLVM would compute them
#: anew for each column, on the ports that ``fma`` needs; tiles of float64 took 2 % longer.
NUMBERS = (
    "depth",
    "a_row",
    *(f"a_row_{row}" for row in range(2, ROWS_WIDE)),
    "a_column",
    "b_row",
    "b_panel",
    "sums_row",
    "sums_panel",
    "c_row",
    "c_panel",
    "adds",
    "way",
    "matrices",
    "a_matrix",
    "b_matrix",
    "c_matrix",
)
DEPTH, A_ROW = range(2)
A_COLUMN, B_ROW, B_PANEL, SUMS_ROW, SUMS_PANEL, C_ROW, C_PANEL = range(ROWS_WIDE, ROWS_WIDE + 7)
ADDS, WAY, MATRICES, A_MATRIX, B_MATRIX, C_MATRIX = range(ROWS_WIDE + 7, len(NUMBERS))

#: How a product is computed.
WAYS = BY_TILES, BY_ROWS, BY_FOURS, BY_DOTS = range(4)

#: The rows and columns whose dot products are computed at a time, by the vectors of tiles: they have 16 accumulators of
#: 64 bytes, or 8 of 32 bytes.
DOTS = {2: (4, 4), 1: (2, 2)}

#: The rows that are multiplied by rows of the second matrix at a time, by the vectors of tiles, and how many of those.
HEIGHT_OF_FEW, LINES = {2: 4, 1: 2}, 4


def multiply_add(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of integers."""
    return a * b + c


def matmul(dtype: str) -> Routine:
    """Make the loop nest with tiles of one vector of 64 bytes, for levels with 16 registers."""
    return products(dtype, ROWS, 1)


def matmul_wide(dtype: str) -> Routine:
    """Make the loop nest with tiles of two vectors, for levels with 32 registers."""
    return products(dtype, ROWS_WIDE, 2)


def matmul_plain(dtype: str) -> Routine:
    """Make the loop nest without tiles, for levels without ``fma`` and masks, where tiles take 20 KiB of each dtype."""
    signature, add = signature_of(dtype), addition(dtype)
    width = VECTOR_BYTES // FACTS[dtype].itemsize
    multiply_rows, multiply_dots = few_rows(add, 1, width), dots(add, 1, 1, width)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        first_a, first_b, first_sums = input_pointers(data, signature)
        first_c = output_pointer(data, signature)
        depth, adds = numbers[DEPTH], numbers[ADDS] != 0
        a_row, a_column, b_row, c_row = numbers[A_ROW], numbers[A_COLUMN], numbers[B_ROW], numbers[C_ROW]
        by_rows = numbers[WAY] == BY_ROWS
        for matrix in range(numbers[MATRICES]):
            a, b = shift(first_a, matrix * numbers[A_MATRIX]), shift(first_b, matrix * numbers[B_MATRIX])
            c = shift(first_c, matrix * numbers[C_MATRIX])
            if numbers[WAY] == BY_DOTS:
                multiply_dots(a, a_row, b, b_row, c, c_row, n0, n1, depth, adds)
                continue
            for panel in range(1 if by_rows else (n1 + width - 1) // width):
                right, out = shift(b, panel * numbers[B_PANEL]), shift(c, panel * numbers[C_PANEL])
                columns = n1 if by_rows else min(width, n1 - panel * width)
                before = shift(first_sums, matrix * numbers[C_MATRIX] + panel * numbers[SUMS_PANEL])
                for i in range(n0 if adds and not by_rows else 0):
                    for j in range(columns):
                        store(out, i * c_row + j, load_output(before, i * numbers[SUMS_ROW] + j))
                multiply_rows(a, a_row, a_column, right, b_row, out, c_row, n0, columns, depth, adds)

    return kernel, signature


def signature_of(dtype: str) -> Signature:
    """The operands of a loop nest: the factors, the sums so far, and the result.

    Unsigned integers have the same bits as signed ones, and their kernels.
    """
    own = dtype.removeprefix("u")
    return Signature((own, own, own), own)


def addition(dtype: str) -> Function:
    """What adds a product of a dtype to a sum."""
    return fma if FACTS[dtype].category == "float" else multiply_add


def products(dtype: str, height: int, vectors: int) -> Routine:
    """Make the loop nest ``c = a @ b``, or ``c += a @ b``, for blocks of ``n0`` by ``depth`` by ``n1`` elements."""
    signature, add = signature_of(dtype), addition(dtype)
    lanes = VECTOR_BYTES // FACTS[dtype].itemsize
    width = vectors * lanes
    low = height if vectors > 1 else height // 2  # 16 registers also hold the masks
    multiply_tile, multiply_edge = whole_tile(add, height, width), edge(add, low, lanes)
    multiply_rows, multiply_four = few_rows(add, HEIGHT_OF_FEW[vectors], lanes), four_rows(add, lanes)
    multiply_dots = dots(add, *DOTS[vectors], lanes)

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        first_a, first_b, first_sums = input_pointers(data, signature)
        first_c = output_pointer(data, signature)
        depth, adds = numbers[DEPTH], numbers[ADDS] != 0
        a_row, a_column, b_row = numbers[A_ROW], numbers[A_COLUMN], numbers[B_ROW]
        s_row, c_row = numbers[SUMS_ROW], numbers[C_ROW]
        for matrix in range(numbers[MATRICES]):
            a, b = shift(first_a, matrix * numbers[A_MATRIX]), shift(first_b, matrix * numbers[B_MATRIX])
            c = shift(first_c, matrix * numbers[C_MATRIX])
            if numbers[WAY] == BY_ROWS:
                multiply_rows(a, a_row, a_column, b, b_row, c, c_row, n0, n1, depth, adds)
                continue
            if numbers[WAY] == BY_DOTS:
                multiply_dots(a, a_row, b, b_row, c, c_row, n0, n1, depth, adds)
                continue
            if numbers[WAY] == BY_FOURS:
                for i in range(0, n0, 4):
                    left, target, rows = shift(a, i * a_row), shift(c, i * c_row), min(4, n0 - i)
                    for j in range(0, n1, lanes):
                        part, out, some = shift(b, j), shift(target, j), min(lanes, n1 - j)
                        multiply_four(left, a_row, part, b_row, out, c_row, depth, adds, rows, some)
                continue
            sums = shift(first_sums, matrix * numbers[C_MATRIX])
            for j in range(0, n1, width):
                columns, panel = min(width, n1 - j), j // width
                right = shift(b, panel * numbers[B_PANEL])
                before, after = shift(sums, panel * numbers[SUMS_PANEL]), shift(c, panel * numbers[C_PANEL])
                for i in range(0, n0, height):
                    rows = min(height, n0 - i)
                    left, source, target = shift(a, i * a_row), shift(before, i * s_row), shift(after, i * c_row)
                    if rows == height and columns == width:
                        multiply_tile(left, numbers, right, source, target, depth, adds)
                        continue
                    for m in range(0, rows, low):
                        few = min(low, rows - m)
                        for k in range(0, columns, lanes):
                            part, some = shift(right, k), min(lanes, columns - k)
                            begin, end = shift(source, m * s_row + k), shift(target, m * c_row + k)
                            multiply_edge(shift(left, m * a_row), numbers, part, begin, end, depth, adds, few, some)

    return kernel, signature


def whole_tile(add: Function, height: int, width: int) -> Function:
    """Make a function that computes a tile of ``height`` rows and ``width`` columns, in registers."""
    size = height * width

    def multiply(a: Any, numbers: Any, b: Any, sums: Any, c: Any, depth: int, adds: bool) -> None:
        a_column, b_row, s_row, c_row = numbers[A_COLUMN], numbers[B_ROW], numbers[SUMS_ROW], numbers[C_ROW]
        tile = accumulators(size, c)
        for i in range(height):
            for j in range(width):
                store(tile, i * width + j, load_output(sums, i * s_row + j) if adds else 0)
        for k in range(depth):
            factors, x = shift(a, k * a_column), shift(b, k * b_row)
            for i in range(height):
                # one factor after the other: 12 vectors, 2 of b and one factor fill the registers of x86-64-v3
                factor = load_output(factors, numbers[A_ROW + i - 1] if i > 0 else 0)
                for j in range(width):
                    store(tile, i * width + j, add(factor, load_output(x, j), load_output(tile, i * width + j)))
        for i in range(height):
            for j in range(width):
                store(c, i * c_row + j, load_output(tile, i * width + j))

    return multiply


def edge(add: Function, height: int, lanes: int) -> Function:
    """Make a function that computes a tile of at most ``height`` rows and ``lanes`` columns.

    Rows that are not there are computed as the last one: each row that is there twice holds the same sums.
    """
    size = height * lanes

    def multiply(
        a: Any, numbers: Any, b: Any, sums: Any, c: Any, depth: int, adds: bool, rows: int, columns: int
    ) -> None:
        a_row, a_column, b_row = numbers[A_ROW], numbers[A_COLUMN], numbers[B_ROW]
        s_row, c_row = numbers[SUMS_ROW], numbers[C_ROW]
        tile, x = accumulators(size, c), accumulators(lanes, c)
        for i in range(height):
            source = shift(sums, min(i, rows - 1) * s_row)
            for j in range(lanes):
                store(tile, i * lanes + j, load_output(source, j) if adds and j < columns else 0)
        for k in range(depth):
            factors, line = shift(a, k * a_column), shift(b, k * b_row)
            for j in range(lanes):
                store(x, j, load_output(line, j) if j < columns else 0)
            for i in range(height):
                factor = load_output(factors, min(i, rows - 1) * a_row)
                for j in range(lanes):
                    store(tile, i * lanes + j, add(factor, load_output(x, j), load_output(tile, i * lanes + j)))
        for i in range(height):
            target = shift(c, min(i, rows - 1) * c_row)
            for j in range(lanes):
                if j < columns:
                    store(target, j, load_output(tile, i * lanes + j))

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


def dots(add: Function, height: int, lines: int, lanes: int) -> Function:
    """Make a function that multiplies a few rows by a matrix whose columns are contiguous, ``height`` by ``lines``.

    Of rows that are left over half as many are multiplied at a time, as often as it takes: the columns are in L1 then.
    """
    multiply_rows = rows_of_dots(add, height, lines, lanes)

    def multiply(
        a: Any,
        a_row: int,
        b: Any,
        b_column: int,
        c: Any,
        c_row: int,
        rows: int,
        columns: int,
        depth: int,
        adds: bool,
    ) -> None:
        for j in range(0, columns, lines):
            some, right, target = min(lines, columns - j), shift(b, j * b_column), shift(c, j)
            multiply_rows(a, a_row, right, b_column, target, c_row, rows, some, depth, adds)

    return multiply


def rows_of_dots(add: Function, height: int, lines: int, lanes: int) -> Function:
    """Make a function that multiplies rows by at most ``lines`` columns."""
    multiply_group = group_of_dots(add, height, lines, lanes)
    multiply_rest: Any = rows_of_dots(add, height // 2, lines, lanes) if height > 1 else None

    def multiply_last(
        a: Any,
        a_row: int,
        b: Any,
        b_column: int,
        c: Any,
        c_row: int,
        rows: int,
        columns: int,
        depth: int,
        adds: bool,
    ) -> None:
        for i in range(rows):
            multiply_group(shift(a, i * a_row), a_row, b, b_column, shift(c, i * c_row), c_row, columns, depth, adds)

    def multiply(
        a: Any,
        a_row: int,
        b: Any,
        b_column: int,
        c: Any,
        c_row: int,
        rows: int,
        columns: int,
        depth: int,
        adds: bool,
    ) -> None:
        whole = rows // height * height
        for i in range(0, whole, height):
            multiply_group(shift(a, i * a_row), a_row, b, b_column, shift(c, i * c_row), c_row, columns, depth, adds)
        left, out = shift(a, whole * a_row), shift(c, whole * c_row)
        multiply_rest(left, a_row, b, b_column, out, c_row, rows - whole, columns, depth, adds)

    return multiply_last if multiply_rest is None else multiply


def group_of_dots(add: Function, height: int, lines: int, lanes: int) -> Function:
    """Make a function that computes the dot products of ``height`` rows and at most ``lines`` columns, in registers.

    Columns that are not there are computed as the last one.
    """
    size, left_size, right_size = height * lines * lanes, height * lanes, lines * lanes
    count, add_up = height * lines, sums_of_lanes(height * lines, lanes)

    def multiply(
        a: Any, a_row: int, b: Any, b_column: int, c: Any, c_row: int, columns: int, depth: int, adds: bool
    ) -> None:
        tile, rest, other = accumulators(size, c), accumulators(left_size, c), accumulators(right_size, c)
        for lane in range(size):
            store(tile, lane, 0)
        whole = depth // lanes * lanes
        for k in range(0, whole, lanes):
            for i in range(height):
                for j in range(lines):
                    x, y = shift(a, i * a_row + k), shift(b, min(j, columns - 1) * b_column + k)
                    sums = shift(tile, (i * lines + j) * lanes)
                    for lane in range(lanes):
                        store(sums, lane, add(load_output(x, lane), load_output(y, lane), load_output(sums, lane)))
        if whole < depth:
            for i in range(height):
                x = shift(a, i * a_row + whole)
                for lane in range(lanes):
                    store(rest, i * lanes + lane, load_output(x, lane) if lane < depth - whole else 0)
            for j in range(lines):
                y = shift(b, min(j, columns - 1) * b_column + whole)
                for lane in range(lanes):
                    store(other, j * lanes + lane, load_output(y, lane) if lane < depth - whole else 0)
            for i in range(height):
                for j in range(lines):
                    x, y, sums = shift(rest, i * lanes), shift(other, j * lanes), shift(tile, (i * lines + j) * lanes)
                    for lane in range(lanes):
                        store(sums, lane, add(load_output(x, lane), load_output(y, lane), load_output(sums, lane)))
        totals = accumulators(count, c)
        add_up(tile, totals)
        for i in range(height):
            for j in range(lines):
                if j < columns:
                    total = load_output(totals, i * lines + j)
                    store(c, i * c_row + j, total + load_output(c, i * c_row + j) if adds else total)

    return multiply


def sums_of_lanes(count: int, lanes: int) -> Function:
    """Make a function that stores the sums of ``count`` vectors, without a loop, which would keep them in memory."""
    add_up = sum_of_lanes(lanes)
    add_up_others: Any = sums_of_lanes(count - 1, lanes) if count > 1 else None
    last = count - 1

    def add_up_all(sums: Any, totals: Any) -> None:
        store(totals, last, add_up(shift(sums, last * lanes)))
        add_up_others(sums, totals)

    def add_up_first(sums: Any, totals: Any) -> None:
        store(totals, 0, add_up(sums))

    return add_up_first if add_up_others is None else add_up_all


def sum_of_lanes(lanes: int) -> Function:
    """Make a function that returns the sum of so many numbers, a power of two: one half is added to the other."""
    half = lanes // 2
    sum_of_half: Any = sum_of_lanes(half) if half > 1 else load_first

    def add_up(sums: Any) -> Any:
        for lane in range(half):
            store(sums, lane, load_output(sums, lane) + load_output(sums, half + lane))
        return sum_of_half(sums)

    return add_up


def load_first(sums: Any) -> Any:
    """Return the first number."""
    return load_output(sums, 0)


def few_rows(add: Function, height: int, lanes: int) -> Function:
    """Make a function that multiplies a few rows by a matrix whose rows are contiguous: four of these at a time.

    ``height`` rows are multiplied together, so that many lines of the matrix are on their way at once; of those that
    are left over half as many, as often as it takes.
    """
    add_lines, add_line = rows_of_lines(add, height, LINES, lanes), rows_of_lines(add, height, 1, lanes)

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
        for i in range(rows if depth == 0 and not adds else 0):
            for j in range(columns):
                store(c, i * c_row + j, 0)
        whole = depth // LINES * LINES
        for k in range(0, whole, LINES):
            left, lines = shift(a, k * a_column), shift(b, k * b_row)
            add_lines(left, a_row, a_column, lines, b_row, c, c_row, rows, columns, adds or k > 0)
        for k in range(whole, depth):
            left, lines = shift(a, k * a_column), shift(b, k * b_row)
            add_line(left, a_row, a_column, lines, b_row, c, c_row, rows, columns, adds or k > 0)

    return multiply


def rows_of_lines(add: Function, height: int, lines: int, lanes: int) -> Function:
    """Make a function that adds the products of some columns of ``a`` and as many rows of ``b``."""
    add_group = group_of_lines(add, height, lines, lanes)
    add_rest = rows_of_lines(add, height // 2, lines, lanes) if height > 1 else no_rows

    def add_all(
        a: Any,
        a_row: int,
        a_column: int,
        b: Any,
        b_row: int,
        c: Any,
        c_row: int,
        rows: int,
        columns: int,
        adds: bool,
    ) -> None:
        whole = rows // height * height
        for i in range(0, whole, height):
            add_group(shift(a, i * a_row), a_row, a_column, b, b_row, shift(c, i * c_row), c_row, columns, adds)
        left, out = shift(a, whole * a_row), shift(c, whole * c_row)
        add_rest(left, a_row, a_column, b, b_row, out, c_row, rows - whole, columns, adds)

    return add_all


def no_rows(*_: Any) -> None:
    """What ``rows_of_lines`` leaves over of single rows."""


def group_of_lines(add: Function, height: int, lines: int, lanes: int) -> Function:
    """Make a function that adds the products of ``height`` by ``lines`` factors and rows of ``b``, read once."""
    add_vector, count = vector_of_lines(add, height, lines, lanes), height * lines

    def add_group(
        a: Any, a_row: int, a_column: int, b: Any, b_row: int, c: Any, c_row: int, columns: int, adds: bool
    ) -> None:
        factors = accumulators(count, c)
        for i in range(height):
            for k in range(lines):
                store(factors, i * lines + k, load_output(a, i * a_row + k * a_column))
        whole = columns // lanes * lanes
        for j in range(0, whole, lanes):
            add_vector(factors, shift(b, j), b_row, shift(c, j), c_row, lanes, adds)
        if whole < columns:
            add_vector(factors, shift(b, whole), b_row, shift(c, whole), c_row, columns - whole, adds)

    return add_group


def vector_of_lines(add: Function, height: int, lines: int, lanes: int) -> Function:
    """Make a function that adds the products of factors and rows of at most ``lanes`` columns."""
    size, right_size = height * lanes, lines * lanes

    def add_vector(factors: Any, b: Any, b_row: int, c: Any, c_row: int, columns: int, adds: bool) -> None:
        tile, x = accumulators(size, c), accumulators(right_size, c)
        for k in range(lines):
            line = shift(b, k * b_row)
            for lane in range(lanes):
                store(x, k * lanes + lane, load_output(line, lane) if lane < columns else 0)
        for i in range(height):
            source = shift(c, i * c_row)
            for lane in range(lanes):
                store(tile, i * lanes + lane, load_output(source, lane) if adds and lane < columns else 0)
        for k in range(lines):
            for i in range(height):
                factor, sums = load_output(factors, i * lines + k), shift(tile, i * lanes)
                for lane in range(lanes):
                    store(sums, lane, add(factor, load_output(x, k * lanes + lane), load_output(sums, lane)))
        for i in range(height):
            target = shift(c, i * c_row)
            for lane in range(lanes):
                if lane < columns:
                    store(target, lane, load_output(tile, i * lanes + lane))

    return add_vector


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
