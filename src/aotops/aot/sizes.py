"""How large a kernel becomes: which short loops are unrolled, and which functions are inlined, is decided by size.

Numba compiles each function to one of LLVM's, and a loop over elements becomes one over vectors only if everything in it
is inlined. So everything is, as long as that is affordable: code that is repeated too often costs seconds of LLVM's
time and kilobytes for each of three levels, and vectors no longer pay for it. Sizes are counted in instructions of
Numba's code, without those that only move values between its variables; of what they count one becomes about 8 bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import llvmlite.binding as llvm

from aotops.aot.noting import FORGET, NOTE, NOTED
from aotops.aot.parallel import SHORT, blocks_of, loops_of

#: What a short loop may become: eight steps of Newton's method with a sine and a cosine are 4,000.
MOST_UNROLLED = 6000
#: What a kernel may become, beyond which functions that are called several times are not inlined.
MOST_INLINED = 16000
#: The least size of such a function.
LEAST_APART = 50

_FUNCTION = re.compile(r'^define [^\n]*?@("[^"]+"|[\w.$\-]+)\(.*?^}$', re.MULTILINE | re.DOTALL)
_INSTRUCTION = re.compile(r'^ +(?:%(?:"[^"]*"|[\w.$\-]+) = )?(?:tail )?(\w+) (.*)$', re.MULTILINE)
_CALLED = re.compile(r'@("[^"]+"|[\w.$\-]+)\(')
_SHORT = re.compile(rf"^ *call void @{re.escape(SHORT)}\(i64 (\d+)\).*\n", re.MULTILINE)
#: Instructions that LLVM removes as soon as it keeps variables in registers, or that count for nothing.
_MOVES = frozenset({"alloca", "load", "store", "br", "ret", "unreachable", "bitcast", "extractvalue", "insertvalue"})


@dataclass
class Function:
    """A function of a module.

    Attributes:
        text: its definition.
        kept: the first blocks of the short loops that are unrolled, with their numbers of turns.
    """

    text: str
    kept: dict[str, int] = field(default_factory=dict)

    @cached_property
    def bodies(self) -> dict[str, str]:
        """The texts of its blocks."""
        return blocks_of(self.text)

    @cached_property
    def loops(self) -> dict[str, set[str]]:
        """The blocks of its loops by the first one, inner loops first."""
        found: dict[str, set[str]] = {}
        for (_, first), blocks in loops_of(self.text).items():
            found[first] = found.get(first, set()) | blocks
        return dict(sorted(found.items(), key=lambda loop: len(loop[1])))

    @cached_property
    def contents(self) -> dict[str, tuple[int, list[str]]]:
        """The number of instructions in each block, and what it calls."""
        result = {}
        for name, body in self.bodies.items():
            instructions = [match for match in _INSTRUCTION.finditer(body) if match[1] not in _MOVES]
            calls = [_CALLED.search(match[2]) for match in instructions if match[1] == "call"]
            result[name] = (len(instructions), [call[1] for call in calls if call])
        return result

    def copies(self, block: str) -> int:
        """How many copies of a block there will be."""
        result = 1
        for first, turns in self.kept.items():
            if block in self.loops[first]:
                result *= turns
        return result


class Sizes:
    """The sizes of a module's functions with all that is inlined into them; decides what that is."""

    def __init__(self, text: str) -> None:
        self.functions = {match[1]: Function(match[0]) for match in _FUNCTION.finditer(text)}
        self.apart: set[str] = set()
        self.done: dict[str, int] = {}

    def size(self, name: str) -> int:
        """The number of instructions of a function when all is inlined, with its short loops unrolled."""
        if name not in self.done:
            function = self.functions[name]
            self._choose_loops(function)
            self.done[name] = sum(function.copies(block) * self._cost(function, block) for block in function.contents)
        return self.done[name]

    def inlined(self, function: Function, block: str) -> list[str]:
        """The functions that a block calls and that are inlined there, each as often as it is called."""
        return [call for call in function.contents[block][1] if call in self.functions and call not in self.apart]

    def _cost(self, function: Function, block: str) -> int:
        return function.contents[block][0] + sum(map(self.size, self.inlined(function, block)))

    def _choose_loops(self, function: Function) -> None:
        """Keep the short loops that stay small enough, and whose inner loops do."""
        function.kept.clear()
        left: set[str] = set()
        for first, blocks in function.loops.items():
            short = _SHORT.search(function.bodies[first])
            total = sum(function.copies(block) * self._cost(function, block) for block in blocks)
            if short and not left & blocks and int(short[1]) * total <= MOST_UNROLLED:
                function.kept[first] = int(short[1])
            else:
                left.add(first)

    def copies(self, kernel: str) -> dict[str, int]:
        """How many copies of each function there are in a kernel and in the functions that are not inlined."""
        result: dict[str, int] = {}

        def count(name: str, times: int) -> None:
            result[name] = result.get(name, 0) + times
            function = self.functions[name]
            calls: dict[str, int] = {}
            for block in function.contents:
                for call in self.inlined(function, block):
                    calls[call] = calls.get(call, 0) + function.copies(block)
            for call, each in calls.items():
                count(call, times * each)

        for root in (kernel, *sorted(self.apart)):
            count(root, 1)
        return result

    def reached(self, name: str) -> set[str]:
        """A function and all that it calls."""
        found, waiting = set(), [name]
        while waiting:
            current = waiting.pop()
            if current in self.functions and current not in found:
                found.add(current)
                waiting += [call for _, calls in self.functions[current].contents.values() for call in calls]
        return found

    def limit(self, kernel: str) -> None:
        """Take functions out of line until a kernel is small enough, or none is left that would help.

        First those that compute a block of elements: a call for 128 of them costs nothing. Then what is called for
        rare elements alone. The common case stays in vectors for as long as it can.
        """
        reached = {name: self.reached(name) for name in self.functions}
        notes = {name for name, all_ in reached.items() if NOTE in all_ and FORGET not in all_}
        common = {each for name in notes for each in reached[name]}
        blocks = {name for name, all_ in reached.items() if FORGET in all_ and NOTED in all_}
        blocks = {name for name in blocks if FORGET in self.reached_here(name)}
        while self.size(kernel) + sum(map(self.size, self.apart)) > MOST_INLINED:
            gains = {
                name: (name in blocks, name not in common, (times - 1) * self.size(name))
                for name, times in self.copies(kernel).items()
                if times > 1 and self.size(name) >= LEAST_APART and name not in notes
            }
            best = max(gains, key=lambda name: gains[name], default=None)
            if best is None:
                break
            self.apart.add(best)
            self.done.clear()

    def reached_here(self, name: str) -> set[str]:
        """The functions that a function calls itself."""
        return {call for _, calls in self.functions[name].contents.values() for call in calls}


def inlined(text: str, kernel: str) -> str:
    """The text of a module in which all functions are inlined but for those that would make it too large.

    What is called for a loop that is not to be unrolled is removed.
    """
    sizes = Sizes(text)
    sizes.limit(kernel)

    def change(match: re.Match[str]) -> str:
        function = sizes.functions[match[1]]
        definition = function.text
        for first, body in function.bodies.items():
            if first not in function.kept and f"@{SHORT}(" in body:
                definition = definition.replace(body, _SHORT.sub("", body), 1)
        if match[1] in sizes.apart:
            head, brace, rest = definition.partition(" {\n")
            definition = f"{re.sub(r' #[0-9]+', '', head)} noinline{brace}{rest}"
        return definition

    module = llvm.parse_assembly(_FUNCTION.sub(change, text))
    machine = llvm.Target.from_default_triple().create_target_machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=0))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.run(module, builder)
    return str(module)
