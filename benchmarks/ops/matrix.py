"""The cells of the operator benchmark: operators x dtypes x sizes x layouts, and the data of each cell.

Data are made without any library, so that all of them get the same numbers whichever are installed.
"""

import fnmatch
import functools
import math
import random
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aotops.abi import FACTS
from benchmarks.ops.table import ALL, OPERATORS, Operator

SIZES = {"10": 10, "1e3": 10**3, "1e5": 10**5, "1e6": 10**6, "1e7": 10**7}
"""Names and numbers of elements, give or take what a shape needs: 1e5 as a matrix is 316 x 316."""

LARGEST = "1e7"
"""The size at which operations are compared with what the machine's memory can do."""

LAYOUTS_AT = "1e6"
"""The size at which the default matrix has every layout; the contiguous one it has at every size."""

CODES: dict[str, Any] = {dtype: FACTS[dtype].format for dtype in ALL}
"""What `array` and `memoryview` call the dtypes."""

ITEMSIZES = {dtype: facts.itemsize for dtype, facts in FACTS.items()}

PERIOD = 65537
"""So many random elements are made, and repeated: a prime, so that no row of a matrix is like the next."""

NUMBERS_OF: dict[str, tuple[tuple[float, float], tuple[int, ...], tuple[bool, ...]]] = {
    "any": ((-4.0, 4.0), tuple(range(-100, 101)), (False, True)),
    "any or false": ((-4.0, 4.0), tuple(range(-100, 101)), (False,)),
    "any or true": ((-4.0, 4.0), tuple(range(-100, 101)), (True,)),
    "within one": ((-1.0, 1.0), (-1, 0, 1), (False, True)),
    "above one": ((1.0, 10.0), (1, 2, 3), (True, True)),
    "positive": ((0.1, 4.0), tuple(range(1, 101)), (False, True)),
    # Products of many stay finite, and products of odd integers do not become 0.
    "near one": ((0.9999, 1.0001), (-3, -1, 1, 3), (False, True)),
    "zero": ((0.0, 0.0), (0,), (False,)),
    "one": ((1.0, 1.0), (1,), (True,)),
}
"""The bounds of floats, and the integers and booleans, that the kinds of data are drawn from."""

OTHERS = {"y": ("", "below {}"), "z": ("", "any"), "p": ("int64", "below {}"), "m": ("bool", "any")}
"""The dtype, that of `x` if there is none, and the data of a routine's other operands, by their names."""

Shape = tuple[int, ...]
Extents = Callable[[int, int, int], Shape]


@dataclass(frozen=True)
class Layout:
    """The shapes and strides of the operands.

    Shapes are worked out from the number of elements and the lengths of an about square matrix of as many.
    """

    name: str
    kinds: tuple[str, ...]
    """The kinds of operators that are measured in it."""
    full: Extents
    """The shape of the memory of the operands."""
    last: Extents | None = None
    """The shape of the last operand where it is broadcast."""
    view: str = ""
    """What makes the operand out of the memory, in the notation that all libraries share."""
    axis: int | None = None
    """The axis of a reduction or scan."""


def _vector(n: int, r: int, c: int) -> Shape:
    return (n,)


def _matrix(n: int, r: int, c: int) -> Shape:
    return (r, c)


# fmt: off
LAYOUTS = (
    Layout("contiguous", ("map", "zip", "select", "reduction", "copy", "routine"), _vector),
    Layout("contiguous", ("product",), lambda n, r, c: (r, r)),
    Layout("batch", ("product",), lambda n, r, c: (max(1, n // 16), 4, 4)),
    Layout("vector", ("product",), lambda n, r, c: (1, r), last=lambda n, r, c: (r, r)),
    Layout("transposed", ("product",), lambda n, r, c: (r, r), view=".T"),
    Layout("contiguous", ("scan",), _vector, axis=-1),
    Layout("row", ("zip", "select"), _matrix, last=lambda n, r, c: (c,)),
    Layout("column", ("zip", "select"), _matrix, last=lambda n, r, c: (r, 1)),
    Layout("narrow", ("zip", "select"), lambda n, r, c: (n // 3, 3), last=lambda n, r, c: (3,)),
    Layout("scalar", ("zip",), _vector),
    Layout("last-axis", ("reduction", "scan"), _matrix, axis=-1),
    Layout("first-axis", ("reduction", "scan"), _matrix, axis=0),
    Layout("narrow", ("reduction",), lambda n, r, c: (n // 8, 8), axis=-1),
    Layout("transposed", ("map", "zip", "select", "reduction", "copy"), lambda n, r, c: (c, r), view=".T"),
    Layout("strided", ("map", "zip", "select", "reduction", "copy"), lambda n, r, c: (2 * r, 2 * c),
           view="[::2, ::2]"),
    Layout("in-place", ("map", "zip"), _vector),
)
# fmt: on


@dataclass(frozen=True)
class Operand:
    """One input of a cell."""

    name: str
    """What the call says: `x`, `y`, `c`."""
    dtype: str
    data: str
    shape: Shape
    """Of the memory, of which the operand is a view."""

    def memory(self) -> memoryview:
        """Memory of its own with the numbers; equal operands get equal ones."""
        count = math.prod(self.shape)
        size = count * ITEMSIZES[self.dtype]
        if self.data == "ascending":
            return memoryview(bytearray(array(CODES[self.dtype], range(count)))).cast(CODES[self.dtype])
        period = memoryview(_period(self.name, self.dtype, self.data))
        memory = bytearray(size)
        for start in range(0, size, period.nbytes):
            piece = period[: size - start]
            memory[start : start + piece.nbytes] = piece
        result: memoryview = memoryview(memory).cast(CODES[self.dtype])
        return result


@functools.cache
def _period(name: str, dtype: str, data: str) -> bytes:
    """The elements that are repeated, which are random but always the same ones."""
    source = random.Random(f"{name} {dtype} {data}")
    if data.startswith("below "):  # so many elements
        return array(CODES[dtype], source.choices(range(int(data.removeprefix("below "))), k=PERIOD)).tobytes()
    floats, integers, booleans = NUMBERS_OF[data]
    if dtype == "bool":
        return bytes(source.choices(booleans, k=PERIOD))
    if dtype == "uint8":
        return bytes(number % 256 for number in source.choices(integers, k=PERIOD))
    if dtype == "int64":
        return array("q", source.choices(integers, k=PERIOD)).tobytes()
    return array(CODES[dtype], [source.uniform(*floats) for _ in range(PERIOD)]).tobytes()


@dataclass(frozen=True)
class Cell:
    """One comparison."""

    operator: Operator
    dtype: str
    size: str
    layout: Layout

    @property
    def name(self) -> str:
        """As in `add/float64/1e6/contiguous`."""
        return "/".join((self.operator.name, self.dtype, self.size, self.layout.name))

    @property
    def in_place(self) -> bool:
        """True where the first operand is also the output."""
        return self.layout.name == "in-place"

    @property
    def by_default(self) -> bool:
        """True where the matrix has it without `--full`."""
        if self.layout.name == "contiguous" or self.size == LAYOUTS_AT:
            return True
        return self.in_place and self.memory_bound

    @property
    def memory_bound(self) -> bool:
        """True where its rate is to be compared with that of the memory."""
        return self.operator.memory_bound and self.size == LARGEST

    @property
    def scalar(self) -> str:
        """The number in place of the last operand, or nothing."""
        return {"int64": "2", "uint8": "2"}.get(self.dtype, "2.0") if self.layout.name == "scalar" else ""

    def operands(self) -> list[Operand]:
        """The inputs that are arrays, in the order of the call."""
        n = SIZES[self.size]
        rows = math.isqrt(n)
        extents = (n, rows, n // rows)
        full = self.layout.full(*extents)
        last = self.layout.last(*extents) if self.layout.last else full
        data = self.operator.data
        first = Operand("x", self.dtype, data, full)
        # In place an operation is repeated on its own result, which must not run off to infinity or to zero.
        second = Operand("y", self.dtype, "near one" if self.in_place else data, last)
        if self.operator.kind == "routine":
            named = [(name, *OTHERS[name]) for name in self.operator.others]
            return [first, *[Operand(name, own or self.dtype, kind.format(n), full) for name, own, kind in named]]
        if self.operator.kind == "select":
            return [Operand("c", "bool", "any", full), first, second]
        return [first, second] if self.operator.kind in ("zip", "product") and not self.scalar else [first]


def cells(operators: Iterable[Operator] = OPERATORS) -> Iterator[Cell]:
    """The whole matrix."""
    for operator in operators:
        for dtype in operator.dtypes:
            for layout in LAYOUTS:
                if operator.kind not in layout.kinds or (layout.name == "in-place" and not operator.in_place):
                    continue
                if layout.name == "scalar" and dtype == "bool":
                    continue
                for size in SIZES:
                    yield Cell(operator, dtype, size, layout)


def matches(name: str, pattern: str) -> bool:
    """Does `--only pattern` mean this cell? With `*`, `?` or `[` it is a glob of the whole name, else a part of it."""
    return fnmatch.fnmatchcase(name, pattern) if any(sign in pattern for sign in "*?[") else pattern in name


def select(full: bool = False, only: Sequence[str] = ()) -> list[Cell]:
    """The cells to measure: of the default matrix or the full one, those that any of the patterns means.

    A pattern that means no cell of the default matrix, but some of the full one, brings those in. One that means
    none at all is a `ValueError`.
    """
    everything = list(cells())
    usual = everything if full else [cell for cell in everything if cell.by_default]
    if not only:
        return usual
    chosen: set[str] = set()
    for pattern in only:
        meant = {cell.name for cell in usual if matches(cell.name, pattern)}
        meant = meant or {cell.name for cell in everything if matches(cell.name, pattern)}
        if not meant:
            raise ValueError(
                "expected a part or a glob of names such as 'add/float64/1e6/contiguous' "
                f"(operator/dtype/size/layout), got {pattern!r}, which matches none of {len(everything)}"
            )
        chosen |= meant
    return [cell for cell in everything if cell.name in chosen]
