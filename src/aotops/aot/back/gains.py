"""Decide whether code for a CPU level gains anything over code for the level below, from its instructions alone.

A level has wider vectors, more registers and more instructions than the one below. A kernel that uses none of these is
as fast when compiled for the level below, so both levels share that code. No timings are involved: the same sources
give the same objects on every machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: A line of LLVM's assembly, in the syntax of AT&T: an instruction, and its operands.
_LINE = re.compile(r"^\t(?:lock |rep )?([a-z]\w*)(?:\t(.*))?$", re.MULTILINE)
_VECTOR = re.compile(r"%([xyz])mm\d|%k[0-7]")

#: The widths of vector registers in bits.
WIDTHS = {"x": 128, "y": 256, "z": 512}

#: The same bitwise operation has a name for each type, and on x86-64-v4 for each size of masked elements.
_BITWISE = re.compile(r"^(?:p?(and|andn|or|xor)(?:p[sd]|[dq])?)$")

#: Code that is at least a tenth shorter also gains, for example because more registers save loads and stores.
FEWER = 0.9


#: The sizes of the elements of LLVM's vectors, in bits.
_ELEMENTS = {"double": 64, "float": 32, "half": 16, "ptr": 64}
_TYPE = re.compile(r"<(\d+) x (i\d+|double|float|half|ptr)>")


def vector_bits(text: str) -> int:
    """Return the width in bits of the widest vector in a module; if it differs, nothing else need be compared."""
    return max((int(n) * (_ELEMENTS.get(kind) or int(kind[1:])) for n, kind in set(_TYPE.findall(text))), default=0)


@dataclass(frozen=True)
class Use:
    """The features of a level that a kernel uses.

    Attributes:
        width: the width of its widest vectors, in bits.
        operations: its vector instructions, except moves.
        count: the number of its instructions, except moves.
    """

    width: int
    operations: frozenset[str]
    count: int


def use(assembly: str) -> Use:
    """Return the features that the assembly of a kernel uses."""
    width, count = 0, 0
    operations: set[str] = set()
    for mnemonic, operands in _LINE.findall(assembly):
        name = mnemonic.removeprefix("v")
        if name.startswith("mov") or name == "zeroupper":
            continue
        count += 1
        registers = [match[1] for match in _VECTOR.finditer(operands)]
        if registers:
            width = max([width, *(WIDTHS[each] for each in registers if each)])
            bitwise = _BITWISE.fullmatch(name)
            operations.add(bitwise[1] if bitwise else name)
    return Use(width, frozenset(operations), count)


def gains(above: Use, below: Use) -> bool:
    """Return whether code for a level has wider vectors, an instruction that the level below lacks, or is shorter."""
    return above.width > below.width or not above.operations <= below.operations or above.count < FEWER * below.count
