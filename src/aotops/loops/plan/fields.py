"""The fields of a plan, which is one array of int64. The C structure ``aot_plan`` is generated from them.

Operands have the same order everywhere: inputs first, outputs last. Strides are in elements, steps in bytes.
"""

from __future__ import annotations

from aotops import abi

MOST_RANK = abi.MAX_RANK
MOST_OPERANDS = abi.MAX_OPERANDS
MOST_STATES = abi.MAX_STATES

#: The fields in order, each with the lengths of its array: the members of the C structure, all of type int64_t.
FIELDS: list[tuple[str, tuple[int, ...]]] = []


def _field(name: str, *lengths: int) -> int:
    """Add a field; returns its offset."""
    offset = plan_length()
    FIELDS.append((name, lengths))
    return offset


def plan_length() -> int:
    """Return the length of the fields so far, in int64."""
    total = 0
    for _, lengths in FIELDS:
        size = 1
        for length in lengths:
            size *= length
        total += size
    return total


# --- written by the glue ------------------------------------------------------------------------------------------

#: The rank of the iteration space, which planners change, and the numbers of its operands.
RANK = _field("rank")
INPUTS = _field("inputs")
OUTPUTS = _field("outputs")
#: The lengths of the axes, all of them positive. Planners change them.
SHAPE = _field("shape", MOST_RANK)
#: Of each operand: the size of an element in memory, the address of the first one, and a role (see below).
ITEMSIZES = _field("itemsizes", MOST_OPERANDS)
ADDRESSES = _field("addresses", MOST_OPERANDS)
ROLES = _field("roles", MOST_OPERANDS)
#: The kernel is much slower on strided elements than on contiguous ones; it may take any time for an element; it is a
#: copy, which transposes on its own.
COMPUTE_BOUND = _field("compute_bound")
UNBOUNDED = _field("unbounded")
COPIES = _field("copies")
#: How many threads may be used; planners reduce ``THREADS`` to how many are useful.
THREADS = _field("threads")
ALLOWED = _field("allowed")
#: Packed operands must fit in ``STACK_BYTES``, because memory could not be allocated.
FRUGAL = _field("frugal")
#: Folds and scans: how many numbers a result is while it is computed: those of a state, or the best value and its
#: position. Folds: whether positions are looked for. Scans: the axis. Both: whether any order gives the same result.
RESULTS = _field("results")
POSITIONS = _field("positions")
AXIS = _field("axis")
EXACT = _field("exact")
#: The element sizes of these numbers.
RESULT_ITEMSIZES = _field("result_itemsizes", MOST_STATES)

# --- written by the planner ---------------------------------------------------------------------------------------

#: The tile that one kernel call covers: its largest size, outer axis first, and each operand's strides along the inner
#: and the outer axis as passed to the kernel.
SIZES = _field("sizes", 2)
INNER = _field("inner", MOST_OPERANDS)
OUTER = _field("outer", MOST_OPERANDS)
#: The strides of packed and cast operands in memory, along the inner and the outer axis.
MEMORY_INNER = _field("memory_inner", MOST_OPERANDS)
MEMORY_OUTER = _field("memory_outer", MOST_OPERANDS)
#: The number of packed and cast operands, and the bytes that each needs.
PACKED = _field("packed")
PACKED_BYTES = _field("packed_bytes")
#: The rows of a tile are contiguous in all operands, so they are passed to the kernel as a single row.
ONE_ROW = _field("one_row")
#: The output is written with streaming stores.
STREAMS = _field("streams")
#: Two grids of tiles, see below.
GRID_RANKS = _field("grid_ranks", 2)
#: The number of tiles of each grid.
TILES = _field("tiles", 2)
#: Folds: whether the tile's inner axis is reduced; whether both of its axes are; whether the input is a vector, folded
#: in batches of rows; and into how many parts the reduced tiles are divided among threads.
INNER_FOLDS = _field("inner_folds")
BOTH_FOLD = _field("both_fold")
IN_BATCHES = _field("in_batches")
PARTS = _field("parts")
#: Folds: how many rows of a tile, and elements of each, are cast or packed at a time; the stride of these elements in
#: memory; the output's stride along the kept axis of the tile.
CAST_ROWS = _field("cast_rows")
CAST_COLUMNS = _field("cast_columns")
CAST_STRIDE = _field("cast_stride")
OUT_STRIDE = _field("out_stride")
#: Scans: whether the scanned axis is the tile's outer one.
ACROSS = _field("across")
#: The bytes of a row of each of these numbers, one for each kept element of a tile, in whole cache lines.
ROW_BYTES = _field("row_bytes", MOST_STATES)

# --- the longest fields, written by both ----------------------------------------------------------------------------

#: Each operand's strides along the axes, which planners change. A report of a plan ends behind the last operand's.
STRIDES = _field("strides", MOST_OPERANDS, MOST_RANK)
ROW = MOST_RANK
#: Two grids of tiles: of the kept axes, in any order, and of the reduced or scanned axes, in sequence. The last axes of
#: each cut the tile's own axes.
AXIS_FIELDS = 3 + MOST_OPERANDS
GRIDS = _field("grids", 2, MOST_RANK + 1, AXIS_FIELDS)

PLAN_LENGTH = plan_length()

# --- the fields of a grid's axis ----------------------------------------------------------------------------------

#: The number of tiles along it; its length and a tile's size, in elements; each operand's step between tiles.
COUNT = 0
LENGTH = 1
SIZE = 2
STEPS = 3

# --- roles of operands --------------------------------------------------------------------------------------------

#: Read in place; copied to contiguous memory; cast to contiguous memory; a position instead of elements; copied first,
#: then cast, which is a vector loop only where there are no gaps.
PLAIN = 0
PACK = 1
CAST = 2
INDEX = 3
PACK_AND_CAST = 4

# --- sizes and thresholds, measured on 2 cores of Zen 4 and of Sapphire Rapids --------------------------------------

#: The sizes of a cache line and of the largest element, in bytes.
LINE = 64
ELEMENT = max([fact.itemsize for fact in abi.DTYPES])

#: Bytes of the elements that sizes below are given in, int64 and float64.
WIDE = 8
#: Starting a row in a kernel costs as much as some 10 elements.
NARROW = 16
#: Shorter rows of compute-bound operators are joined where that takes packing what has gaps or is the same in each row:
#: the last elements of a row, fewer than a vector, are computed one by one. pow of 219 squared float32 with a row takes
#: 0.81 ns an element for 1.10. Numbers that are repeated within rows, and rows of wider matrices, would gain nothing.
SHORT = 512
#: The tile if one operand is read along cache lines and another across them. Operators that pack an operand call their
#: kernel for each row, for which 16 elements are few: A + A.T of 219 squared takes 22.5 us in tiles of 256 x 16, 20.5
#: in 64 x 64; 700 squared uint8 85 us, and 43 in 16 x 256. Copies transpose a square (``loops/copy.py``).
CROSSING_ELEMENTS = 4096
CROSSING_PACKED = 64
CROSSING_PACKED_BYTES = 256
CROSSING_COPY = 128
#: Such a map streams its output if it reads and writes more than this, about what the L2 caches hold: a transposed tile
#: of so many rows is packed, and its rows of so many bytes are written from there, an odd number of lines, so that the
#: packed rows lie in different sets of the L1 cache. Ordinary stores to many rows in turn wait for each line to be read
#: first. A transposed copy without and with streaming, on Sapphire Rapids: 700 squared float64 770 and 450 us, 1378
#: squared 3.2 and 2.3 ms, 3162 squared 27 and 18 ms; on Zen 4, with 16 times the L3 cache: 110 and 240 us, 1.7 and 1.9
#: ms, 11 and 13 ms.
CROSSING_STREAMED_BYTES = 4 << 20
CROSSING_STREAMED_ROWS = 64
CROSSING_STREAMED_PIECE = 31 * LINE
#: Elements of a tile whose operands are packed: 16 KiB of float64.
PACKED_ELEMENTS = 2048
#: Elements of a tile whose operands are cast and contiguous.
CAST_ELEMENTS = 1024
#: Below this many elements, packing does not pay.
FEWEST_PACKED = 256
#: Copies shuffle vectors of elements up to so many apart (``loops/copy.py``), in rows of so many elements. Then strided
#: inputs are packed for memory-bound operators, too.
MOST_SHUFFLED = 4
FEWEST_SHUFFLED = 32
#: The most that is packed for memory-bound operators, in bytes of all elements with gaps at one position: a sum of two
#: float64 takes 1.2 times as long if both are packed.
SHUFFLED_BYTES = 8
#: Packed operands of up to this many bytes are placed on the stack.
STACK_BYTES = 4096
#: A map that reads and writes more than this writes its output with streaming (non-temporal) stores, since the output
#: would not stay in a cache anyway: an ordinary store first reads the cache line, a fourth of the traffic of an
#: addition. With 2e6 float64, additions (48 MB) gain a tenth, negations (32 MB) nothing; with 16 MB they would take 1.4
#: times as long.
STREAMED_BYTES = 32 << 20
#: Bytes computed before they are streamed: few enough for reads to continue meanwhile. Adding 1e7 float64 takes 6.5 ms
#: with pieces of 1 or 2 KiB, 7.9 ms with 4 KiB, 12.5 ms with 16 KiB, and 8.3 ms with ordinary stores.
STREAMED_PIECE = 2048

#: Operations on fewer elements keep the GIL and use one thread: they take 4 to 30 us.
GRAIN = 32768
#: Elements that a thread takes at a time, and the most in a tile of a larger map: an addition takes 3 to 8 us, an
#: exponential 2 to 4. Taking a part costs 50 ns, and all threads finish at nearly the same time. In a memory-bound map
#: it is so many elements of 8 bytes: 16384 bytes are added in 0.5 us.
PART = 16384
PART_IF_COMPUTE_BOUND = 4096
#: The same if one element may take any time: a user-defined function has loops of unknown length.
PART_IF_UNBOUNDED = 64
#: From this many elements on, an operation takes 0.1 ms.
LARGE = 524288
LARGE_IF_COMPUTE_BOUND = 131072

#: Folds: elements of a row per kernel call.
LEAF = 16384
#: Elements of a row that are packed at a time; from so many on packing is worth a plan.
PACKED_PIECE = 2048
#: Bytes of kept elements per tile, inputs or results: whole rows, up to what an L1 cache holds, are prefetched better
#: than pieces of them (Zen 4 and Sapphire Rapids: 10 to 25 % faster than pieces of 8 KiB).
COLUMN_BYTES = 32768
#: Most rows per tile of short rows.
SHORT_ROWS = 1024
#: Rows of a tile of columns: 16 groups of four, one after another.
ROWS = 64
#: The most parts that a fold with few columns is divided into, for threads.
MOST_PARTS = 32
#: Rows of a vector that one kernel call folds.
BATCH = 8

#: Scans, which read each piece twice. Elements of a piece along a contiguous row: 16 KiB of float64, which fit in L1;
#: along a strided row, where each element may have a cache line of its own; and across rows of at most ``SCAN_WIDTH``
#: columns: 256 KiB, which fit in L2.
ROW_PIECE = 2048
STRIDED_PIECE = 512
COLUMN_PIECE = 64
SCAN_WIDTH = 512
#: Elements of a piece that is read only once, 30 to 100 us: between two pieces a scan can be interrupted.
LONG_PIECE = 65536
