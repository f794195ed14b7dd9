"""What scalar functions and loop nests need and plain Python lacks, as functions with a Python body.

Every function here runs as it stands, so that each kernel can be executed, stepped through and tested
as ordinary Python; ``aotops.aot.front.lowering`` gives the compiler an equivalent sequence of machine
instructions for each. Nothing else may appear in a kernel that plain Python cannot run.

Functions of a float return one of the same type, so that a scalar function which is given ``numpy.float32`` stays
in float32.

Three groups: operations on one number, for scalar functions; operands in memory, for loop nests; and the flag by which
a fast path tells its loop of an element that it cannot handle.
"""

from __future__ import annotations

import math
import struct
from typing import Any

# --- one number -----------------------------------------------------------------------------------


def select(condition: Any, chosen: Any, otherwise: Any) -> Any:
    """``chosen if condition else otherwise`` without a branch: both values have been computed."""
    return chosen if condition else otherwise


def force_load(x: Any) -> Any:
    """Force ``x`` to be loaded before a select.

    LLVM would otherwise select an address, and gather elements one by one.
    """
    return x


def rint(x: Any) -> Any:
    """The integral float nearest to ``x``, ties to even."""
    return type(x)(math.copysign(round(x), x)) if math.isfinite(x) else x


def scale_exponent(y: Any, k: Any) -> Any:
    """``y * 2**k`` by adding the integral float ``k`` to the exponent's bits: ``y`` and the result must be normal.

    What the bits are otherwise is undefined.
    """
    if not (math.isfinite(y) and abs(k) < 4096):
        return y
    try:
        return type(y)(math.ldexp(y, int(k)))
    except OverflowError:
        return type(y)(math.inf)


def widen(x: Any) -> Any:
    """A float32 as float64."""
    return float(x)


class Table:
    """Integers of a constant table; compiled kernels have them in memory that is only read."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[int, ...]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Table{self.values}"


def look_up(table: Table, index: int) -> int:
    """The int64 at an index of a table; the index must be in it."""
    if index < 0:
        raise IndexError(f"index {index} is outside of a table")
    return table.values[index]


def wrap_int64(x: Any) -> int:
    """An integer as int64 holds it; compiled arithmetic has wrapped already."""
    return (int(x) + 2**63) % 2**64 - 2**63


def truncate(x: Any) -> Any:
    """The int64 next to ``x`` towards zero; ``x`` must be in its range."""
    return int(x)


def integer(x: Any) -> Any:
    """A number as an int64, towards zero; the smallest int64 where that cannot hold it, and of NaN."""
    if isinstance(x, float):
        return int(x) if -(2.0**63) <= x < 2.0**63 else -(2**63)
    return int(x)


def quotient(a: int, b: int) -> int:
    """The quotient of two int64, towards zero; it wraps around, and by 0 it is ``a``."""
    size = abs(a) // (abs(b) or 1)
    return wrap_int64(size if (a < 0) == (b < 0) or (b == 0 and a >= 0) else -size)


def square_root(x: Any) -> Any:
    """The correctly rounded square root; NaN below zero, where ``math.sqrt`` raises."""
    return type(x)(math.sqrt(x) if x >= 0 else math.nan)


def divide(a: Any, b: Any) -> Any:
    """``a / b`` of floats as IEEE 754 has it: a zero divisor gives an infinity or NaN, not an exception."""
    return a / b if b != 0 else a * math.copysign(math.inf, b)


def bits_of_float64(x: Any) -> int:
    """The 64 bits of a float64 as an int64."""
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def float64_of_bits(bits: int) -> float:
    """The float64 whose 64 bits are those of an int64."""
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])


def bits_of_float32(x: Any) -> int:
    """The 32 bits of a float32 as an int32; a plain Python float is rounded to float32 first."""
    return int(struct.unpack("<i", struct.pack("<f", x))[0])


def float32_of_bits(bits: int) -> float:
    """The float32 whose 32 bits are those of an int32."""
    return float(struct.unpack("<f", struct.pack("<i", bits))[0])


def _integral(function: Any, x: Any) -> Any:
    """``x`` rounded to an integral float by a function of ``math``, with the sign of ``x``."""
    return type(x)(math.copysign(function(x), x)) if math.isfinite(x) else x


def floor(x: Any) -> Any:
    """The largest integral float that is at most ``x``."""
    return _integral(math.floor, x)


def ceil(x: Any) -> Any:
    """The smallest integral float that is at least ``x``."""
    return _integral(math.ceil, x)


def integral_part(x: Any) -> Any:
    """The integral float next to ``x`` towards zero."""
    return _integral(math.trunc, x)


# --- the C library's mathematics ------------------------------------------------------------------


class LibraryFunction:
    """A function of C99's ``math.h`` of one or two floats.

    It is called in float64: of float32 the result is rounded once more, which makes it the nearest float32 but for one
    in 100 million. In plain Python it is the function of ``math`` that has its name, and, where that raises, what C has
    instead.
    """

    def __init__(self, name: str, parameters: int, python: Any = None) -> None:
        self.__name__ = name
        self.parameters = parameters
        # cbrt and exp2 are in math since Python 3.11, which is where aotops begins
        self.python = python or getattr(math, name)

    def __repr__(self) -> str:
        return self.__name__

    def __call__(self, *values: Any) -> Any:
        """The function's value, of the type of the first argument."""
        x = values[0]
        try:
            result = self.python(*values)
        except OverflowError:
            # what grows without bound: odd functions keep the sign, and so does gamma at its pole
            result = math.copysign(math.inf, x) if self.__name__ in ("sinh", "tgamma") else math.inf
        except ValueError:  # a pole, or outside of the domain
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
    """``x * 2**n``, rounded once; ``n`` must be between -5000 and 5000."""
    try:
        return type(x)(math.ldexp(x, int(n)))
    except OverflowError:
        return type(x)(math.copysign(math.inf, x))


def next_after(x: Any, y: Any) -> Any:
    """The float next to ``x`` towards ``y``, of their type."""
    if hasattr(x, "next_after"):
        return x.next_after(y)
    return type(x)(math.nextafter(x, y))


def narrow(x: Any) -> Any:
    """A number as the nearest float32; infinite where that is beyond its range."""
    if isinstance(x, int) and abs(x) > 2**53:
        # rounding to float64 on the way must not turn into a tie what is none: mark what it would cut off
        x = (x >> 11 | (x & 0x7FF != 0)) << 11
    try:
        return float(struct.unpack("<f", struct.pack("<f", x))[0])
    except OverflowError:
        return math.copysign(math.inf, x)


# --- operands in memory ---------------------------------------------------------------------------


class Pointer:
    """A place in a list of numbers: what a typed C pointer is to a compiled kernel.

    Indices outside the list raise ``IndexError``, negative ones too, so that plain Python runs catch
    every access out of bounds.
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
    """What stands in for a pointer to an input of dtype ``"index"``: the element at a place is the place itself."""

    __slots__ = ()

    def __init__(self, origin: int = 0) -> None:
        super().__init__([], origin)

    def __getitem__(self, index: int) -> int:
        return self.origin + index

    def __add__(self, elements: int) -> Position:
        return Position(self.origin + elements)


class Signature:
    """The dtype names of a kernel's operands, inputs first; compiled kernels know it as a constant.

    A kernel of several outputs, whose scalar function returns a tuple, has a tuple of them for its output. An input
    of dtype ``"index"`` has no memory: its pointer is a position, and what is loaded from it is the position.
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
    """The pointers to the inputs' first elements, typed."""
    return tuple(data[k] for k in range(len(signature.inputs)))


def output_pointer(data: Any, signature: Signature) -> Any:
    """The pointer to the output's first element, typed; of several outputs a tuple of them."""
    first = len(signature.inputs)
    if isinstance(signature.output, tuple):
        return tuple(data[k] for k in range(first, signature.operands))
    return data[first]


def input_steps(strides: Any, axis: int, signature: Signature) -> tuple[int, ...]:
    """The inputs' steps along the tile's inner (0) or outer (1) axis."""
    first = axis * signature.operands
    return tuple(strides[first + k] for k in range(len(signature.inputs)))


def output_step(strides: Any, axis: int, signature: Signature) -> int:
    """The output's step along the tile's inner (0) or outer (1) axis; several outputs have the same."""
    return int(strides[axis * signature.operands + len(signature.inputs)])


class Pattern:
    """Which inputs of a row step by one element (True) and which stay where they are (False); a constant."""

    __slots__ = ("moves",)

    def __init__(self, moves: tuple[bool, ...]) -> None:
        self.moves = moves

    def __repr__(self) -> str:
        return "".join("1" if move else "0" for move in self.moves)


def matches(steps: tuple[int, ...], pattern: Pattern) -> bool:
    """Whether the inputs step as a pattern says."""
    return all(step == move for step, move in zip(steps, pattern.moves, strict=True))


def load_pattern(pointers: tuple[Any, ...], fixed: tuple[Any, ...], count: int, pattern: Pattern) -> tuple[Any, ...]:
    """The values ``count`` elements from the pointers that move, and the values in ``fixed`` of those that stay."""
    return tuple(
        pointer[count] if move else value for pointer, value, move in zip(pointers, fixed, pattern.moves, strict=True)
    )


def shift(pointer: Any, elements: int) -> Any:
    """The pointer, or each of several, some elements further on."""
    return tuple(each + elements for each in pointer) if isinstance(pointer, tuple) else pointer + elements


def advance(pointers: tuple[Any, ...], steps: tuple[int, ...], count: int) -> tuple[Any, ...]:
    """The pointers ``count`` steps further on."""
    return tuple(pointer + step * count for pointer, step in zip(pointers, steps, strict=True))


def load(pointers: tuple[Any, ...], steps: tuple[int, ...], count: int) -> tuple[Any, ...]:
    """The values ``count`` steps from the pointers."""
    return tuple(pointer[step * count] for pointer, step in zip(pointers, steps, strict=True))


def load_output(pointer: Any, position: int) -> Any:
    """The value that an output holds at a position; of several outputs a tuple of values."""
    return tuple(each[position] for each in pointer) if isinstance(pointer, tuple) else pointer[position]


def store(pointer: Any, position: int, value: Any) -> None:
    """Put a value into an output, converted to its dtype; a tuple of values into as many outputs."""
    if isinstance(pointer, tuple):
        for each, part in zip(pointer, value, strict=True):
            each[position] = part
    else:
        pointer[position] = value


# A row of 8 float64 is a cache line, and a vector of AVX-512.
BLOCK = 8


def transpose_block(source: Any, source_step: int, target: Any, target_step: int) -> None:
    """Write a square of ``BLOCK`` contiguous rows, some elements apart each, with rows and columns exchanged."""
    for i in range(BLOCK):
        for j in range(BLOCK):
            target[i * target_step + j] = source[j * source_step + i]


def accumulators(count: int, pointer: Any) -> Any:
    """Room for ``count`` (a constant) values of a pointer's dtype, contents undefined; of several, for each."""
    if isinstance(pointer, tuple):
        return tuple(accumulators(count, each) for each in pointer)
    return Pointer([None] * count)


# --- fast paths -----------------------------------------------------------------------------------


class FastPath:
    """A scalar function whose calls of operators take their fast paths.

    Compiled, each of these sets the flag for an element that its fast path cannot handle (``Record.fast_paths``); in
    plain Python it is the function itself.
    """

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *values: Any) -> Any:
        """The function's result."""
        return self.function(*values)


_flag = [False]


def set_flag(condition: Any, value: Any) -> Any:
    """Return ``value``, and set the flag if ``condition``; ``flag_is_set`` reads the flag, ``clear_flag`` clears it."""
    _flag[0] = _flag[0] or bool(condition)
    return value


def flag_is_set() -> bool:
    """Whether the flag was set since ``clear_flag``."""
    return _flag[0]


def clear_flag() -> None:
    """Clear the flag."""
    _flag[0] = False
