"""Reading and rewriting the text of LLVM modules.

llvmlite exchanges modules as text; its interface to blocks, operands and metadata does not suffice here. LLVM prints
one instruction per line, so a few regular expressions can parse all that is needed. They are private to this module;
its callers see names, blocks, loops and instructions.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

#: A name after ``%`` or ``@``, or a label: quoted if it has other characters than these.
_NAME = r'(?:"[^"]+"|[\w.$\-]+)'

_FUNCTION = re.compile(rf"^define [^\n]*?@({_NAME})\(.*?^}}$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(rf"^({_NAME}):", re.MULTILINE)
_TARGET = re.compile(rf"label %({_NAME})")
_CALLEE = re.compile(rf"@({_NAME})\(")
_NUMBER = re.compile(r"^!(\d+) = ", re.MULTILINE)
_WORD = re.compile(r"(?<![\w.%@\"$])\w+")
_CAST = re.compile(r"(<\d+ x \w+>|\S+) (\S+) to (<\d+ x \w+>|[^,\s]+)(.*)")
_BINARY = re.compile(r"((?:[a-z]+ )*)(\S+) (\S+), ([^,\s]+)(.*)")


class Instruction(NamedTuple):
    """An instruction; a kernel has some 20,000, so they are the objects that Python makes fastest.

    Attributes:
        line: the whole line, with its indentation.
        result: the name that it defines, with ``%``; "" if it defines none.
        opcode: its opcode.
        operands: the rest of the line.
    """

    line: str
    result: str
    opcode: str
    operands: str

    @property
    def callee(self) -> str | None:
        """The name of the called function, as spelled; None if there is none."""
        found = _CALLEE.search(self.operands) if self.opcode == "call" else None
        return found[1] if found else None

    @property
    def arguments(self) -> str:
        """The arguments of a call."""
        _, _, rest = self.operands.partition(f"@{self.callee}(")
        return rest.rpartition(")")[0]

    @property
    def cast(self) -> tuple[str, str, str, str]:
        """The source type, the value, the target type and the metadata of a cast."""
        found = _CAST.fullmatch(self.operands)
        assert found is not None  # LLVM has parsed it
        return found[1], found[2], found[3], found[4]

    @property
    def binary(self) -> tuple[str, str, str, str, str]:
        """The flags, the type, both operands and the metadata of a binary operation."""
        found = _BINARY.fullmatch(self.operands)
        assert found is not None  # LLVM has parsed it
        return found[1], found[2], found[3], found[4], found[5]

    @property
    def words(self) -> list[str]:
        """The words that are not names: opcodes, types, and constants such as ``poison``."""
        return _WORD.findall(self.line)


@functools.cache
def _pattern(opcodes: str, callees: str) -> re.Pattern[str]:
    """Return a pattern for the lines of instructions with some opcodes; for calls, only of some functions."""
    operands = rf".*@(?:{callees})\(.*" if callees else ".*"
    return re.compile(
        rf"^ +(?:(%{_NAME}) = )?(?:(?:tail|musttail|notail) )?({opcodes})(?: ({operands}))?$\n?", re.MULTILINE
    )


def _instruction(match: re.Match[str]) -> Instruction:
    return Instruction(match[0].rstrip("\n"), match[1] or "", match[2], match[3] or "")


def instructions(text: str, *opcodes: str, callees: Iterable[str] = ()) -> Iterator[Instruction]:
    """Yield the instructions in a text, in order: all of them, or those with some opcodes or callees."""
    return map(_instruction, _pattern("|".join(opcodes) or r"\w+", _any_of(callees)).finditer(text))


def change_instructions(
    text: str, change: Callable[[Instruction], str], *opcodes: str, callees: Iterable[str] = ()
) -> str:
    """Replace the instructions with some opcodes or callees by other lines; returns the changed text.

    If ``change`` returns "", the instruction is removed.
    """

    def changed(match: re.Match[str]) -> str:
        lines = change(_instruction(match))
        return f"{lines}\n" if lines and match[0].endswith("\n") else lines

    return _pattern("|".join(opcodes) or r"\w+", _any_of(callees)).sub(changed, text)


def _any_of(callees: Iterable[str]) -> str:
    return "|".join(map(re.escape, callees))


def functions(text: str) -> dict[str, str]:
    """Return the function definitions in a module by their names, as spelled."""
    return {match[1]: match[0] for match in _FUNCTION.finditer(text)}


def change_functions(text: str, change: Callable[[str, str], str]) -> str:
    """Replace each definition in a module by ``change(name, text)``."""
    return _FUNCTION.sub(lambda match: change(match[1], match[0]), text)


def never_inlined(definition: str) -> str:
    """Mark a function as never inlined."""
    head, brace, rest = definition.partition(" {\n")
    return f"{re.sub(r' #[0-9]+', '', head)} noinline{brace}{rest}"


def with_first_lines(definition: str, lines: str) -> str:
    """Insert instructions at the start of a function's first block, where its variables are allocated."""
    head, _, body = definition.partition("{\n")
    label = re.match(rf"{_NAME}:.*\n", body)
    first = label[0] if label else ""
    return f"{head}{{\n{first}{lines}\n{body[len(first) :]}"


def blocks_of(definition: str) -> dict[str, str]:
    """Return the texts of a function's blocks by their labels; the first one precedes all other labels."""
    parts = _LABEL.split(definition)
    return dict(zip([name.strip('"') for name in parts[1::2]], parts[2::2], strict=True))


def branch_of(block: str) -> str:
    """Return the last instruction of a block."""
    lines = [line for line in block.splitlines() if line.strip() and line.strip() != "}"]
    return lines[-1]


def loops_of(definition: str) -> dict[tuple[str, str], set[str]]:
    """Return the loops of a function: the labels of their blocks, by the last and the first of them."""
    bodies = blocks_of(definition)
    targets = {
        name: [target.strip('"') for target in _TARGET.findall(branch_of(body))] for name, body in bodies.items()
    }
    sources: dict[str, list[str]] = {name: [] for name in bodies}
    for name, ends in targets.items():
        for target in ends:
            sources[target].append(name)

    # depth-first, without recursion: a long function has more blocks than Python allows frames
    found: list[tuple[str, str]] = []
    start = next(iter(bodies))
    path, on_path, seen = [(start, iter(targets[start]))], {start}, {start}
    while path:
        name, left = path[-1]
        for target in left:
            if target in on_path:
                found.append((name, target))
            elif target not in seen:
                seen.add(target)
                on_path.add(target)
                path.append((target, iter(targets[target])))
                break
        else:
            on_path.remove(name)
            path.pop()

    def blocks(last: str, first: str) -> set[str]:
        inside, waiting = {first}, [last]
        while waiting:
            block = waiting.pop()
            if block not in inside:
                inside.add(block)
                waiting.extend(sources[block])
        return inside

    return {loop: blocks(*loop) for loop in found}


def metadata(text: str) -> int:
    """Return the first unused metadata number of a module."""
    return max(map(int, _NUMBER.findall(text)), default=-1) + 1


def change_metadata(text: str, kind: str, attached: str) -> str:
    """Replace all attachments of one kind of metadata in a text by another."""
    return re.sub(rf"!{kind} !\d+", attached, text)


def constants(text: str, name: str) -> Iterator[bytes]:
    """Return the bytes of a module's string constants whose names begin with ``name``."""
    for escaped in re.findall(rf'^@{re.escape(name)}\w*(?:\.\d+)* = .* c"(.*)"', text, re.MULTILINE):
        yield re.sub(rb"\\([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), escaped.encode("latin-1"))


def float_constant(value: float) -> str:
    """Return a float as LLVM writes constants of both widths: as the bits of the float64."""
    return f"0x{struct.pack('>d', value).hex().upper()}"
