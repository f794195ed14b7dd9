"""The plan: one array of int64, by the names of its fields. The C structure ``aot_plan`` is generated from them.

An operand's position is the same everywhere: inputs first, outputs last. Strides count elements, steps bytes.
"""

from __future__ import annotations

from aotops import abi

MOST_RANK = abi.MAX_RANK
MOST_OPERANDS = abi.MAX_OPERANDS

#: Names of the fields in their order, each with its lengths: the members of the C structure, all of them int64_t.
FIELDS: list[tuple[str, tuple[int, ...]]] = []


def _field(name: str, *lengths: int) -> int:
    """Add a field; returns its offset."""
    offset = plan_length()
    FIELDS.append((name, lengths))
    return offset


def plan_length() -> int:
    """How many int64 the fields so far take."""
    total = 0
    for _, lengths in FIELDS:
        size = 1
        for length in lengths:
            size *= length
        total += size
    return total


# --- what the glue says -------------------------------------------------------------------------------------------

#: Axes of the iteration space, and how many operands walk it.
RANK = _field("rank")
INPUTS = _field("inputs")
OUTPUTS = _field("outputs")
#: The lengths of the axes, all of them positive, and each operand's strides along them. Planners change both.
SHAPE = _field("shape", MOST_RANK)
STRIDES = _field("strides", MOST_OPERANDS, MOST_RANK)
ROW = MOST_RANK
#: Bytes of an element in memory; where the first one lies; and what the operand needs, of the roles below.
ITEMSIZES = _field("itemsizes", MOST_OPERANDS)
ADDRESSES = _field("addresses", MOST_OPERANDS)
ROLES = _field("roles", MOST_OPERANDS)
#: The kernel is much slower on strided elements than on contiguous ones; it is a copy, which transposes on its own.
COMPUTE_BOUND = _field("compute_bound")
COPIES = _field("copies")
#: How many threads may be used; planners leave how many have something to do.
THREADS = _field("threads")
#: Packed operands must fit ``STACK_BYTES``, since there is no other memory for them.
FRUGAL = _field("frugal")
#: Of a fold: 1 result, or 2 where the position of the best one is found. Of a scan: the axis; whether results are
#: exact.
RESULTS = _field("results")
AXIS = _field("axis")
EXACT = _field("exact")
#: Bytes of an element of each of a fold's results, and of a scan's.
RESULT_ITEMSIZES = _field("result_itemsizes", 2)

# --- what the planner says ----------------------------------------------------------------------------------------

#: The axes of the tile that one call of a kernel covers: at most so many elements, outer axis first, and each operand's
#: strides along the inner and the outer axis as the kernel gets them.
SIZES = _field("sizes", 2)
INNER = _field("inner", MOST_OPERANDS)
OUTER = _field("outer", MOST_OPERANDS)
#: Of packed and cast operands: their strides in memory, along the inner and the outer axis.
MEMORY_INNER = _field("memory_inner", MOST_OPERANDS)
MEMORY_OUTER = _field("memory_outer", MOST_OPERANDS)
#: Packed and cast operands, and the bytes that each needs.
PACKED = _field("packed")
PACKED_BYTES = _field("packed_bytes")
#: Rows of a tile follow each other in all operands: the kernel gets them as one.
ONE_ROW = _field("one_row")
#: The output is written by streaming stores.
STREAMS = _field("streams")
#: Two grids of tiles: of what can be computed in any order, and of what folds (or is scanned) one after the other. The
#: last axes of each cut the tile's own axes.
AXIS_FIELDS = 3 + MOST_OPERANDS
GRIDS = _field("grids", 2, MOST_RANK + 1, AXIS_FIELDS)
GRID_RANKS = _field("grid_ranks", 2)
#: Tiles of both grids.
TILES = _field("tiles", 2)
#: Of a fold: the tile's inner axis folds away; its outer one does as well; all is one vector, folded in batches of
#: rows; into how many parts the tiles that fold are cut for threads; the output's stride along the kept axis of the
#: tile.
INNER_FOLDS = _field("inner_folds")
BOTH_FOLD = _field("both_fold")
IN_BATCHES = _field("in_batches")
PARTS = _field("parts")
#: And how many rows of a tile are cast at a time.
CAST_ROWS = _field("cast_rows")
OUT_STRIDE = _field("out_stride")
#: Of a scan: the axis is the tile's outer one.
ACROSS = _field("across")
#: Bytes of a row of each of the results of a tile's kept elements, in whole cache lines.
ROW_BYTES = _field("row_bytes", 2)

PLAN_LENGTH = plan_length()

# --- the fields of a grid's axis ----------------------------------------------------------------------------------

#: Tiles along it; its length and a tile's size along it, in elements; each operand's step from a tile to the next one.
COUNT = 0
LENGTH = 1
SIZE = 2
STEPS = 3

# --- roles of operands --------------------------------------------------------------------------------------------

#: As it lies in memory; copied to contiguous memory; cast there; a position in place of elements.
PLAIN = 0
PACK = 1
CAST = 2
INDEX = 3

# --- sizes and thresholds: the figures were measured on 2 cores of Zen 4 and of Sapphire Rapids ---------------------

#: A cache line, and the largest element, in bytes.
LINE = 64
ELEMENT = 8
#: A kernel's next row costs as much as some 10 elements.
NARROW = 16
#: Where one operand walks along cache lines and another across them. Measured with transposed copies and A + A.T of
#: 1000, 2000 and 2048 squared: long and narrow is best, and 4096 elements are 32 KiB of float64, an L1 cache.
CROSSING_OUTER = 256
CROSSING_INNER = 16
#: Elements of a tile whose operands are packed: 16 KiB of float64.
PACKED_ELEMENTS = 2048
#: And of one whose operands are cast and contiguous.
CAST_ELEMENTS = 1024
#: Fewer elements than these are not worth packing.
FEWEST_PACKED = 256
#: Packed operands of up to so many bytes lie on the stack.
STACK_BYTES = 4096
#: A map that reads and writes more than this writes its output by streaming stores, past the caches, where it would not
#: stay anyway: through them a processor reads each line before it writes it, a fourth of the traffic of an addition. Of
#: 2e6 float64 additions with 48 MB gain a tenth so, negations with 32 MB nothing; with 16 MB they take 1.4 times as
#: long.
STREAMED_BYTES = 32 << 20
#: Bytes that are computed before they are streamed: few enough for the processor to read on meanwhile. 1e7 float64
#: are added in 6.5 ms by 1 or 2 KiB, in 7.9 by 4 KiB, in 12.5 by 16 KiB, and in 8.3 through the caches.
STREAMED_PIECE = 2048

#: An operation of fewer elements holds the GIL: it takes 4 to 30 us.
GRAIN = 32768
#: Fewer elements are not worth a second thread, which sleeps and takes some 40 us to wake up. Measured on 2 idle cores,
#: float64, one thread and two: 65,000 exp 53 and 55 us, 130,000 exp 106 and 83 us; 260,000 additions 63 and 70 us,
#: 520,000 additions 138 and 115 us; a sum of 520,000 elements 47 and 49 us, of a million 89 and 68 us.
SHARED_IF_COMPUTE_BOUND = 131072
SHARED = 524288
#: Pieces of a map for each thread, so that the last one to finish has little left to do.
SHARES = 8

#: Folds: elements of a row that a kernel folds at a time.
LEAF = 8192
#: Kept elements of a tile: their results stay in L1.
COLUMNS = 1024
#: Folding elements of a tile of columns: 64 rounds of four rows.
ROWS = 256
#: And of a tile of less than ``WIDE`` columns, whose rows a kernel adds one by one.
SINGLE_ROWS = 64
WIDE = 512
#: Parts that threads share out, where there are fewer columns.
MOST_PARTS = 32
#: Rows of a vector that one call of a kernel folds.
BATCH = 8

#: Scans: elements of a piece along a row, since 16 KiB of float64 are read twice from L1; where each element may lie in
#: a cache line of its own; and across rows, of at most ``SCAN_WIDTH`` columns, 256 KiB from L2.
ROW_PIECE = 2048
STRIDED_PIECE = 512
COLUMN_PIECE = 64
SCAN_WIDTH = 512
