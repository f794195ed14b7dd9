"""The text of LLVM's modules: the grammar that this build reads and rewrites, in one place.

llvmlite hands out modules as text, and takes text back; it has no interface to blocks, operands or metadata that would
serve here. What is read is what LLVM prints, a line for each instruction, so a few patterns tell all that is needed.
They are this module's business alone: others see names, blocks, loops and instructions.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

#: A name behind ``%`` or ``@``, and a label: quoted where it has other characters than these.
_NAME = r'(?:"[^"]+"|[\w.$\-]+)'

_FUNCTION = re.compile(rf"^define [^\n]*?@({_NAME})\(.*?^}}$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(rf"^({_NAME}):", re.MULTILINE)
_TARGET = re.compile(rf"label %({_NAME})")
_CALLEE = re.compile(rf"@({_NAME})\(")
_NUMBER = re.compile(r"^!(\d+) = ", re.MULTILINE)
_WORD = re.compile(r"(?<![\w.%@\"$])\w+")
_CAST = re.compile(r"(\S+) (\S+) to ([^,\s]+)(.*)")
_BINARY = re.compile(r"((?:[a-z]+ )*)(\S+) (\S+), ([^,\s]+)(.*)")


@dataclass(frozen=True)
class Instruction:
    """An instruction.

    Attributes:
        line: all of it, with its indentation.
        result: the name that it defines, with ``%``; "" if it defines none.
        opcode: what it does.
        operands: all that follows.
    """

    line: str
    result: str
    opcode: str
    operands: str

    @property
    def callee(self) -> str | None:
        """Of a call, the function that it names, as it is spelled; None if it names none."""
        found = _CALLEE.search(self.operands) if self.opcode == "call" else None
        return found[1] if found else None

    @property
    def arguments(self) -> str:
        """Of a call, what stands in the parentheses."""
        _, _, rest = self.operands.partition(f"@{self.callee}(")
        return rest.rpartition(")")[0]

    @property
    def cast(self) -> tuple[str, str, str, str]:
        """Of a cast, the type that is cast, the value, the type that it is cast to, and metadata."""
        found = _CAST.fullmatch(self.operands)
        assert found is not None  # LLVM has parsed it
        return found[1], found[2], found[3], found[4]

    @property
    def binary(self) -> tuple[str, str, str, str, str]:
        """Of a binary operation, its flags, its type, both operands, and metadata."""
        found = _BINARY.fullmatch(self.operands)
        assert found is not None  # LLVM has parsed it
        return found[1], found[2], found[3], found[4], found[5]

    @property
    def words(self) -> list[str]:
        """Its words that are neither names nor in strings: opcodes, types, and constants such as ``poison``."""
        return _WORD.findall(self.line)


@functools.cache
def _pattern(opcodes: str, callees: str) -> re.Pattern[str]:
    """The lines of instructions with one of some opcodes; of calls, those of one of some functions."""
    operands = rf".*@(?:{callees})\(.*" if callees else ".*"
    return re.compile(
        rf"^ +(?:(%{_NAME}) = )?(?:(?:tail|musttail|notail) )?({opcodes})(?: ({operands}))?$\n?", re.MULTILINE
    )


def _instruction(match: re.Match[str]) -> Instruction:
    return Instruction(match[0].rstrip("\n"), match[1] or "", match[2], match[3] or "")


def instructions(text: str, *opcodes: str, callees: Iterable[str] = ()) -> Iterator[Instruction]:
    """The instructions in a text, in order: all of them, or those with one of some opcodes or callees."""
    return map(_instruction, _pattern("|".join(opcodes) or r"\w+", _any_of(callees)).finditer(text))


def change_instructions(
    text: str, change: Callable[[Instruction], str], *opcodes: str, callees: Iterable[str] = ()
) -> str:
    """A text in which other lines stand in place of the instructions with one of some opcodes or callees.

    Where ``change`` returns "", nothing does.
    """

    def changed(match: re.Match[str]) -> str:
        lines = change(_instruction(match))
        return f"{lines}\n" if lines and match[0].endswith("\n") else lines

    return _pattern("|".join(opcodes) or r"\w+", _any_of(callees)).sub(changed, text)


def _any_of(callees: Iterable[str]) -> str:
    return "|".join(map(re.escape, callees))


def functions(text: str) -> dict[str, str]:
    """The definitions in a module by the functions' names, as they are spelled."""
    return {match[1]: match[0] for match in _FUNCTION.finditer(text)}


def change_functions(text: str, change: Callable[[str, str], str]) -> str:
    """A module in which another text stands in place of each definition; ``change`` takes its name and its text."""
    return _FUNCTION.sub(lambda match: change(match[1], match[0]), text)


def never_inlined(definition: str) -> str:
    """A definition of a function that is called and never inlined."""
    head, brace, rest = definition.partition(" {\n")
    return f"{re.sub(r' #[0-9]+', '', head)} noinline{brace}{rest}"


def with_first_lines(definition: str, lines: str) -> str:
    """A definition that begins with other instructions, in its first block: there a function's variables are made."""
    head, _, body = definition.partition("{\n")
    label = re.match(rf"{_NAME}:.*\n", body)
    first = label[0] if label else ""
    return f"{head}{{\n{first}{lines}\n{body[len(first) :]}"


def blocks_of(definition: str) -> dict[str, str]:
    """The texts of a function's blocks by their labels; the first one is what comes before any other's label."""
    parts = _LABEL.split(definition)
    return dict(zip([name.strip('"') for name in parts[1::2]], parts[2::2], strict=True))


def branch_of(block: str) -> str:
    """The last instruction of a block."""
    lines = [line for line in block.splitlines() if line.strip() and line.strip() != "}"]
    return lines[-1]


def loops_of(definition: str) -> dict[tuple[str, str], set[str]]:
    """The loops of a function: the labels of their blocks, by the last and the first of them."""
    bodies = blocks_of(definition)
    targets = {
        name: [target.strip('"') for target in _TARGET.findall(branch_of(body))] for name, body in bodies.items()
    }
    sources: dict[str, list[str]] = {name: [] for name in bodies}
    for name, ends in targets.items():
        for target in ends:
            sources[target].append(name)

    # depth first, without recursion: a long function has more blocks than Python has frames
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
    """The first number that no metadata of a module has yet."""
    return max(map(int, _NUMBER.findall(text)), default=-1) + 1


def change_metadata(text: str, kind: str, attached: str) -> str:
    """A text in which all metadata of a kind that is attached to instructions is of another."""
    return re.sub(rf"!{kind} !\d+", attached, text)


def constants(text: str, name: str) -> Iterator[bytes]:
    """The bytes of the string constants of a module whose names begin with ``name``."""
    for escaped in re.findall(rf'^@{re.escape(name)}\w*(?:\.\d+)* = .* c"(.*)"', text, re.MULTILINE):
        yield re.sub(rb"\\([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), escaped.encode("latin-1"))


def float_constant(value: float) -> str:
    """A float as LLVM writes constants of both widths: the bits of the float64."""
    return f"0x{struct.pack('>d', value).hex().upper()}"
