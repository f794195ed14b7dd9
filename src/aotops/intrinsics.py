"""Intrinsics: operations that scalar functions and loop nests need and plain Python lacks, each with a Python body.

Every function here also runs as plain Python, so each kernel can be executed, stepped through and tested without
being compiled; ``aotops.aot.front.lowering`` maps each function to an equivalent sequence of machine instructions.
Anything else in a kernel must be plain Python.

Functions of a float return a float of the same type, so a scalar function called with ``numpy.float32`` computes in
float32 throughout.

Three groups: operations on one number, for scalar functions; operands in memory, for loop nests; and a flag by which
scalar functions report rare elements to loop nests.
"""

from __future__ import annotations

import math
import struct
from typing import Any

# --- one number -----------------------------------------------------------------------------------


def select(condition: Any, chosen: Any, otherwise: Any) -> Any:
    """Return ``chosen if condition else otherwise`` without a branch; both values are evaluated."""
    return chosen if condition else otherwise


def force_load(x: Any) -> Any:
    """Force ``x`` to be loaded before a select.

    LLVM would otherwise select an address and gather elements one by one.
    """
    return x


def unlikely(condition: Any) -> Any:
    """Return a condition that is nearly always false, which a branch depends on."""
    return condition


def rint(x: Any) -> Any:
    """Round ``x`` to the nearest integral float, ties to even."""
    return type(x)(math.copysign(round(x), x)) if math.isfinite(x) else x


def scale_exponent(y: Any, k: Any) -> Any:
    """Return ``y * 2**k`` by adding the integral float ``k`` to the exponent field.

    ``y`` and the result must be normal; otherwise the result is undefined.
    """
    if not (math.isfinite(y) and abs(k) < 4096):
        return y
    try:
        return type(y)(math.ldexp(y, int(k)))
    except OverflowError:
        return type(y)(math.inf)


def scale(y: Any, k: Any) -> Any:
    """Return ``y * 2**floor(k)``, rounded once: an infinity where it overflows, and through the subnormal numbers to 0.

    ``abs(y)`` must be between 2^-64 and 2^64; ``k`` may be anything. NaN if either is.
    """
    if y != y or k != k:
        return y + k
    try:
        return type(y)(math.ldexp(y, math.floor(min(max(k, -2040.0), 2040.0))))
    except OverflowError:
        return type(y)(math.copysign(math.inf, y))


def limit(x: Any, bound: Any) -> Any:
    """Return ``x``, or ``bound`` with its sign if it is beyond; ``bound`` with either sign for NaN."""
    return type(x)(math.copysign(bound, x)) if not abs(x) <= bound else x


def exponent(x: Any) -> Any:
    """Return the integral float ``e`` with ``2**e <= abs(x) < 2**(e + 1)``; -inf of zeros, inf of infinities."""
    if x == 0 or not math.isfinite(x):
        return abs(x) if x else type(x)(-math.inf)
    return type(x)(math.frexp(x)[1] - 1)


def mantissa(x: Any) -> Any:
    """Return ``x / 2**exponent(x)``, from 1 to 2; 1 of zeros and infinity, NaN of negative numbers."""
    if not x >= 0:
        return type(x)(math.nan)
    return type(x)(2 * math.frexp(x)[0] if x and x < math.inf else 1.0)


def significand(x: Any) -> Any:
    """Return ``x / 2**exponent(x)``, from 1 to 2 with the sign of ``x``; 1 with its sign of zeros and infinities."""
    size = 2 * math.frexp(math.fabs(x))[0] if x and math.isfinite(x) else 1.0
    return x if x != x else type(x)(math.copysign(size, x))


def unscale(y: Any, x: Any) -> Any:
    """Return ``scale(y, -exponent(x))``."""
    return scale(y, -exponent(x))


def centred_exponent(x: Any) -> Any:
    """Return the integral float ``e`` with ``3/4 * 2**e <= x < 3/2 * 2**e``; -inf of 0, inf of inf, NaN below 0."""
    return type(x)(math.nan) if x < 0 else exponent(x) + (mantissa(x) >= 1.5)


def centred_mantissa(x: Any) -> Any:
    """Return ``x / 2**centred_exponent(x)``, from 3/4 to 3/2; 1 of zeros and infinity, NaN of negative numbers."""
    m = mantissa(x)
    return m / 2 if m >= 1.5 else m


def centred_unscale(y: Any, x: Any) -> Any:
    """Return ``scale(y, -centred_exponent(x))``."""
    return scale(y, -centred_exponent(x))


def widen(x: Any) -> Any:
    """Convert a float32 to float64."""
    return float(x)


class Table:
    """A constant table of integers, or of floats for ``look_up16``; compiled kernels keep it in read-only memory."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Table{self.values}"


def look_up(table: Table, index: int) -> int:
    """Return the int64 at an index of a table; the index must be in range."""
    if index < 0:
        raise IndexError(f"index {index} is outside of a table")
    return int(table.values[index])


def look_up16(table: Table, index: int) -> float:
    """Return the float64 at the last four bits of an integer in a table of 16."""
    return float(table.values[int(index) & 15])


def look_up16_float32(table: Table, index: Any) -> Any:
    """As ``look_up16``, the float32 at the last four bits of an integer: one instruction for 16 elements by AVX-512."""
    return float(table.values[int(index) & 15])


def wrap_int64(x: Any) -> int:
    """Wrap an integer around to int64; compiled arithmetic wraps on its own."""
    return (int(x) + 2**63) % 2**64 - 2**63


def wrap_uint64(x: Any) -> int:
    """Wrap an integer around to uint64."""
    return int(x) % 2**64


def shift_right(bits: Any, count: int) -> Any:
    """Return integers of bits, which are not negative, shifted by a constant; AVX2 has no shift that keeps the sign."""
    return bits >> count


def truncate(x: Any) -> Any:
    """Truncate ``x`` to an int64; ``x`` must be in its range."""
    return int(x)


def integer(x: Any) -> Any:
    """Truncate a number to an int64; the result is the smallest int64 if ``x`` is out of range or NaN."""
    if isinstance(x, float):
        return int(x) if -(2.0**63) <= x < 2.0**63 else -(2**63)
    return int(x)


def quotient(a: int, b: int) -> int:
    """Divide two int64, rounding towards zero; overflow wraps around, and division by 0 gives ``a``."""
    size = abs(a) // (abs(b) or 1)
    return wrap_int64(size if (a < 0) == (b < 0) or (b == 0 and a >= 0) else -size)


def square_root(x: Any) -> Any:
    """Return the correctly rounded square root; NaN for negative numbers, where ``math.sqrt`` raises."""
    return type(x)(math.sqrt(x) if x >= 0 else math.nan)


def divide(a: Any, b: Any) -> Any:
    """Divide floats as IEEE 754 specifies: a zero divisor gives an infinity or NaN, not an exception."""
    return a / b if b != 0 else a * math.copysign(math.inf, b)


def bits_of_float64(x: Any) -> int:
    """Return the 64 bits of a float64 as an int64."""
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def float64_of_bits(bits: int) -> float:
    """Return the float64 with the 64 bits of an int64."""
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])


def bits_of_float32(x: Any) -> int:
    """Return the 32 bits of a float32 as an int32; a plain Python float is rounded to float32 first."""
    return int(struct.unpack("<i", struct.pack("<f", x))[0])


def float32_of_bits(bits: int) -> float:
    """Return the float32 with the 32 bits of an int32."""
    return float(struct.unpack("<f", struct.pack("<i", bits))[0])


def fma(a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c``, rounded once: a fused multiply-add.

    One instruction where a CPU has it; elsewhere ``aotops.scalar.emulation``, with the same result for every argument.
    """
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        # a product of finite numbers must not overflow beside an infinity
        return type(a)(c if math.isfinite(a) and math.isfinite(b) else a * b + c)
    if a == 0 or b == 0:
        return type(a)(a * b + c)  # the sum of zeros has the sign that IEEE 754 specifies
    (m, p), (n, q), (o, r) = (float(each).as_integer_ratio() for each in (a, b, c))
    above, below = m * n * r + o * p * q, p * q * r
    if above == 0:
        return type(a)(0.0)
    try:
        result = above / below  # of integers, Python's quotient is correctly rounded
    except OverflowError:
        result = math.inf if above > 0 else -math.inf
    if not _is_float32(a) or math.isinf(result) or result == 0:
        return type(a)(result)
    # rounded to odd in float64, so that rounding to float32 rounds once
    x, y = result.as_integer_ratio()
    if x * below != above * y and not bits_of_float64(result) & 1:
        result = math.nextafter(result, math.inf if x * below < above * y else -math.inf)
    return type(a)(result)


def _is_float32(x: Any) -> bool:
    """Return whether a number rounds to float32: NumPy's, or that of ``aotops.scalar.plain_numbers``."""
    return float(type(x)(1.0 + 2.0**-40)) == 1.0


def _integral(function: Any, x: Any) -> Any:
    """Round ``x`` to an integral float with a function of ``math``, keeping the sign of zero."""
    return type(x)(math.copysign(function(x), x)) if math.isfinite(x) else x


def floor(x: Any) -> Any:
    """Round ``x`` down to an integral float."""
    return _integral(math.floor, x)


def ceil(x: Any) -> Any:
    """Round ``x`` up to an integral float."""
    return _integral(math.ceil, x)


def integral_part(x: Any) -> Any:
    """Truncate ``x`` to an integral float."""
    return _integral(math.trunc, x)


# --- the C library's mathematics ------------------------------------------------------------------


class LibraryFunction:
    """A function of C99's ``math.h`` of one or two floats.

    It is called in float64. For float32 its result is rounded once more, which gives the nearest float32 except for one
    in 100 million arguments. As plain Python it calls the function of ``math`` with the same name, and returns C's
    result where that function raises.
    """

    def __init__(self, name: str, parameters: int, python: Any = None) -> None:
        self.__name__ = name
        self.parameters = parameters
        # math has cbrt and exp2 from Python 3.11, the oldest version that aotops supports
        self.python = python or getattr(math, name)

    def __repr__(self) -> str:
        return self.__name__

    def __call__(self, *values: Any) -> Any:
        """Return the function's value, converted to the type of the first argument."""
        x = values[0]
        try:
            result = self.python(*values)
        except OverflowError:
            # overflow gives an infinity: odd functions keep the sign, as gamma does near its pole
            result = math.copysign(math.inf, x) if self.__name__ in ("sinh", "tgamma") else math.inf
        except ValueError:  # a pole, or outside the domain
            result = math.nan
            if self.__name__ in ("log2", "log10") and x == 0:
                result = -math.inf
            elif (self.__name__ == "atanh" and abs(x) == 1) or (self.__name__ == "tgamma" and x == 0):
                result = math.copysign(math.inf, x)
            elif self.__name__ == "lgamma":
                result = math.inf
        return type(x)(result)


LIBRARY = {
    name: LibraryFunction(name, parameters, python)
    for name, parameters, python in (
        *[(name, 1, None) for name in ("tan", "sinh", "cosh", "asinh", "acosh", "atanh", "cbrt", "exp2", "log2")],
        *[(name, 1, None) for name in ("log10", "erfc", "lgamma")],
        ("tgamma", 1, math.gamma),
        *[(name, 2, None) for name in ("fmod", "remainder", "hypot")],
    )
}


def load_exponent(x: Any, n: int) -> Any:
    """Return ``x * 2**n``, rounded once; ``n`` must be between -5000 and 5000."""
    try:
        return type(x)(math.ldexp(x, int(n)))
    except OverflowError:
        return type(x)(math.copysign(math.inf, x))


def next_after(x: Any, y: Any) -> Any:
    """Return the next float after ``x`` towards ``y``, in their type."""
    if hasattr(x, "next_after"):
        return x.next_after(y)
    return type(x)(math.nextafter(x, y))


def narrow(x: Any) -> Any:
    """Round a number to the nearest float32; infinite if it is out of range.

    Raises ``OverflowError`` for an integer that is beyond float64.
    """
    if isinstance(x, int) and abs(x) > 2**53:
        # avoid double rounding through float64, which could create a tie: keep a sticky bit for the bits cut off
        x = float((x >> 11 | (x & 0x7FF != 0)) << 11)
    try:
        return float(struct.unpack("<f", struct.pack("<f", x))[0])
    except OverflowError:
        return math.copysign(math.inf, x)


# --- operands in memory ---------------------------------------------------------------------------


class Pointer:
    """A position in a list of numbers: the plain-Python counterpart of a compiled kernel's typed C pointer.

    Indices outside the list, including negative ones, raise ``IndexError``, so running a kernel as plain Python
    catches every access out of bounds.
    """

    __slots__ = ("buffer", "origin")

    def __init__(self, buffer: list[Any], origin: int = 0) -> None:
        self.buffer = buffer
        self.origin = origin

    def _position(self, index: int) -> int:
        position = self.origin + index
        if not 0 <= position < len(self.buffer):
            raise IndexError(f"position {position} is outside of a buffer of {len(self.buffer)} elements")
        return position

    def __getitem__(self, index: int) -> Any:
        return self.buffer[self._position(index)]

    def __setitem__(self, index: int, value: Any) -> None:
        self.buffer[self._position(index)] = value

    def __add__(self, elements: int) -> Pointer:
        return Pointer(self.buffer, self.origin + elements)


class Position(Pointer):
    """A pointer to an input of dtype ``"index"``, which has no memory: the element at a position is the position."""

    __slots__ = ()

    def __init__(self, origin: int = 0) -> None:
        super().__init__([], origin)

    def __getitem__(self, index: int) -> int:
        return self.origin + index

    def __add__(self, elements: int) -> Position:
        return Position(self.origin + elements)


class Signature:
    """The dtype names of a kernel's operands, inputs first; a constant in compiled kernels.

    For a kernel with several outputs, whose scalar function returns a tuple, ``output`` is a tuple of dtypes. An input
    of dtype ``"index"`` has no memory: its pointer is a position, and loading from it gives that position.
    """

    __slots__ = ("inputs", "output")

    def __init__(self, inputs: tuple[str, ...], output: str | tuple[str, ...]) -> None:
        self.inputs = inputs
        self.output = output

    def __repr__(self) -> str:
        return f"({', '.join(self.inputs)}) -> {self.output}"

    @property
    def operands(self) -> int:
        """Number of inputs and outputs."""
        return len(self.inputs) + (len(self.output) if isinstance(self.output, tuple) else 1)


def input_pointers(data: Any, signature: Signature) -> tuple[Any, ...]:
    """Return typed pointers to the first elements of the inputs."""
    return tuple(data[k] for k in range(len(signature.inputs)))


def output_pointer(data: Any, signature: Signature) -> Any:
    """Return a typed pointer to the first element of the output, or a tuple of pointers for several outputs."""
    first = len(signature.inputs)
    if isinstance(signature.output, tuple):
        return tuple(data[k] for k in range(first, signature.operands))
    return data[first]


def input_steps(strides: Any, axis: int, signature: Signature) -> tuple[int, ...]:
    """Return the strides of the inputs along the tile's inner (0) or outer (1) axis."""
    first = axis * signature.operands
    return tuple(strides[first + k] for k in range(len(signature.inputs)))


def output_step(strides: Any, axis: int, signature: Signature) -> int:
    """Return the output's stride along the tile's inner (0) or outer (1) axis; several outputs have equal strides."""
    return int(strides[axis * signature.operands + len(signature.inputs)])


class Pattern:
    """Which inputs of a row have stride 1 (True) and which have stride 0 (False); a constant."""

    __slots__ = ("moves",)

    def __init__(self, moves: tuple[bool, ...]) -> None:
        self.moves = moves

    def __repr__(self) -> str:
        return "".join("1" if move else "0" for move in self.moves)


def matches(steps: tuple[int, ...], pattern: Pattern) -> bool:
    """Return whether the strides of the inputs match a pattern."""
    return all(step == move for step, move in zip(steps, pattern.moves, strict=True))


def load_pattern(pointers: tuple[Any, ...], fixed: tuple[Any, ...], count: int, pattern: Pattern) -> tuple[Any, ...]:
    """Load the values ``count`` elements from the pointers with stride 1; take those with stride 0 from ``fixed``."""
    return tuple(
        pointer[count] if move else value for pointer, value, move in zip(pointers, fixed, pattern.moves, strict=True)
    )


def shift(pointer: Any, elements: int) -> Any:
    """Advance a pointer, or each of a tuple of pointers, by some elements."""
    return tuple(each + elements for each in pointer) if isinstance(pointer, tuple) else pointer + elements


def advance(pointers: tuple[Any, ...], steps: tuple[int, ...], count: int) -> tuple[Any, ...]:
    """Advance each pointer by ``count`` times its stride."""
    return tuple(pointer + step * count for pointer, step in zip(pointers, steps, strict=True))


def load(pointers: tuple[Any, ...], steps: tuple[int, ...], count: int) -> tuple[Any, ...]:
    """Load the value at ``count`` times its stride from each pointer."""
    return tuple(pointer[step * count] for pointer, step in zip(pointers, steps, strict=True))


def load_output(pointer: Any, position: int) -> Any:
    """Load the value that an output holds at a position, or a tuple of values for several outputs."""
    return tuple(each[position] for each in pointer) if isinstance(pointer, tuple) else pointer[position]


def store(pointer: Any, position: int, value: Any) -> None:
    """Store a value in an output, converted to its dtype; store a tuple of values in several outputs."""
    if isinstance(pointer, tuple):
        for each, part in zip(pointer, value, strict=True):
            each[position] = part
    else:
        pointer[position] = value


def converted(values: tuple[Any, ...], signature: Signature) -> tuple[Any, ...]:
    """Return a tuple of values, each converted to the dtype of an output; as plain Python the values as they are."""
    return values


# 8 float64 fill a cache line, and an AVX-512 vector.
BLOCK = 8


def transpose_block(source: Any, source_step: int, target: Any, target_step: int) -> None:
    """Transpose a square of ``BLOCK`` contiguous rows; the steps are the distances between rows, in elements."""
    for i in range(BLOCK):
        for j in range(BLOCK):
            target[i * target_step + j] = source[j * source_step + i]


def copy_every(source: Any, step: int, target: Any, count: int) -> None:
    """Copy ``count`` elements, each ``step`` after the one before; both numbers are constants.

    All ``count * step`` elements from ``source`` on are read, as whole vectors.
    """
    for j in range(count):
        target[j] = source[j * step]


def merge_lanes(a: Any, b: Any, flip: int, count: int) -> None:
    """Exchange integers of two rows of ``count``, ``a`` and ``b``, so that the smaller one of each two comes first.

    Number ``j`` of either row is compared with number ``j ^ flip`` of the other one. Then those of one row are compared
    at distances that are powers of two, from a quarter of ``flip + 1`` down. ``count`` and ``flip`` are constants, and
    ``flip + 1`` is a power of two. So runs of sorted columns are merged (``aotops.loops.networks``).
    """
    rows = [[pointer[j] for j in range(count)] for pointer in (a, b)]

    def exchanged(row: list[Any], other: list[Any], flip: int) -> list[Any]:
        return [(min if j < j ^ flip else max)(row[j], other[j ^ flip]) for j in range(count)]

    rows = [exchanged(rows[0], rows[1], flip), exchanged(rows[1], rows[0], flip)]
    distance = (flip + 1) // 4
    while distance > 0:
        rows = [exchanged(row, row, distance) for row in rows]
        distance //= 2
    for pointer, row in zip((a, b), rows, strict=True):
        for j, value in enumerate(row):
            pointer[j] = value


def partition_block(source: Any, pivot: Any, below: Any, others: Any, count: int) -> int:
    """Move integers to ``below`` if they are less than a pivot, else to ``others``, in order; return how many are less.

    ``count`` integers, a constant, are loaded before any is stored. Behind those that are moved to them, either target
    has room for as many as make ``count``, which are undefined afterwards: AVX-512 stores whole vectors.
    """
    values = [source[j] for j in range(count)]
    parts = [value for value in values if value < pivot], [value for value in values if value >= pivot]
    for target, part in zip((below, others), parts, strict=True):
        for j, value in enumerate(part):
            target[j] = value
    return len(parts[0])


def accumulators(count: int, pointer: Any) -> Any:
    """Allocate ``count`` (a constant) undefined values of a pointer's dtype; for a tuple of pointers, for each."""
    if isinstance(pointer, tuple):
        return tuple(accumulators(count, each) for each in pointer)
    return Pointer([None] * count)


# --- fast paths -----------------------------------------------------------------------------------


class FastPath:
    """The fast path of a scalar function, which a kernel runs speculatively.

    When compiled, the operators that the function calls take their fast paths (``Record.fast_paths``) and set the flag
    for each element that these cannot handle. As plain Python it is the function itself.
    """

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *values: Any) -> Any:
        """Call the function."""
        return self.function(*values)


_flag = [False]


def set_flag(condition: Any, value: Any) -> Any:
    """Return ``value``, and set the flag if ``condition``; ``flag_is_set`` reads the flag, ``clear_flag`` clears it."""
    _flag[0] = _flag[0] or bool(condition)
    return value


def flag_is_set() -> bool:
    """Return whether the flag has been set since it was last cleared."""
    return _flag[0]


def clear_flag() -> None:
    """Clear the flag."""
    _flag[0] = False
