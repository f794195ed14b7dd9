"""Choose, by size, which short loops of a kernel are unrolled and which functions are inlined.

Numba compiles each function separately, and a loop over elements is vectorized only if everything in it is inlined.
Everything is inlined as long as that is affordable: code that is repeated too often costs seconds of compile time and
kilobytes on each of three levels, and vectorization no longer pays. Sizes are in LLVM instructions as Numba emits them,
without those that only move values between variables; each counted instruction becomes about 8 bytes of machine code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import llvmlite.binding as llvm

from aotops.aot.back.llvm_text import (
    Instruction,
    blocks_of,
    change_functions,
    change_instructions,
    functions,
    instructions,
    loops_of,
    never_inlined,
)
from aotops.aot.back.parallel import SHORT
from aotops.aot.back.rare_flag import CLEAR_FLAG, SET_FLAG

#: The largest size of an unrolled loop: eight steps of Newton's method with a sine and a cosine are 4,000.
MOST_UNROLLED = 6000
#: The size of a kernel beyond which functions that are called several times are not inlined.
MOST_INLINED = 12000
#: The smallest function that is kept out of line.
LEAST_APART = 50

#: Instructions that vanish once variables are in registers, or that cost nothing.
_MOVES = frozenset({"alloca", "load", "store", "br", "ret", "unreachable", "bitcast", "extractvalue", "insertvalue"})


def short_iterations(block: str) -> int | None:
    """Return the number of iterations of the short loop that starts with a block, or None."""
    call = next(instructions(block, "call", callees=[SHORT]), None)
    return int(call.arguments.split()[-1]) if call else None


@dataclass
class Function:
    """A function of a module.

    Attributes:
        text: its definition.
        kept: the first blocks of the short loops that are unrolled, with their numbers of iterations.
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
            counted = [each for each in instructions(body) if each.opcode not in _MOVES]
            result[name] = (len(counted), [each.callee for each in counted if each.callee is not None])
        return result

    def copies(self, block: str) -> int:
        """How many copies of a block there will be."""
        result = 1
        for first, turns in self.kept.items():
            if block in self.loops[first]:
                result *= turns
        return result


class Sizes:
    """The sizes of a kernel's functions, including what is inlined into them; chooses what is inlined.

    Attributes:
        functions: by name.
        apart: functions that are never inlined.
        outside: functions that are inlined only inside loops over elements.
    """

    def __init__(self, text: str, kernel: str) -> None:
        self.functions = {name: Function(definition) for name, definition in functions(text).items()}
        self.kernel = kernel
        self.apart: set[str] = set()
        self.outside: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.reached = {name: self._reached(name) for name in self.functions}
        self.size(kernel)  # which chooses the loops
        self.innermost = {name: self._innermost(function) for name, function in self.functions.items()}
        self.in_loops = {
            called
            for name, blocks in self.innermost.items()
            for block in blocks
            for call in self.functions[name].contents[block][1]
            for called in self.reached.get(call, ())
        }

    def _reached(self, name: str) -> set[str]:
        """Return a function and all functions that it reaches."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in self.functions and current not in found:
                found.add(current)
                waiting += [call for _, calls in self.functions[current].contents.values() for call in calls]
        return found

    def _innermost(self, function: Function) -> set[str]:
        """Return the blocks of a function's innermost loops; loops in the functions that they call count, too."""
        found: set[str] = set()
        for first, blocks in function.loops.items():
            inner = any(other != first and other in blocks and other not in function.kept for other in function.loops)
            calls = {call for block in blocks for call in function.contents[block][1]}
            within = {each for call in calls for each in self.reached.get(call, ())}
            called = [self.functions[each] for each in within]
            if not inner and all(len(each.loops) == len(each.kept) for each in called):
                found |= blocks
        return found

    def size(self, name: str) -> int:
        """Return the number of instructions of a function after inlining and unrolling."""
        if name not in self.sizes:
            function = self.functions[name]
            self._choose_loops(function, name)
            self.sizes[name] = sum(function.copies(block) * self._cost(name, block) for block in function.contents)
        return self.sizes[name]

    def total(self) -> int:
        """Return the size of the kernel and of the functions that it calls."""
        return self.size(self.kernel) + sum(map(self.size, self.apart | self.outside))

    def is_straight(self, name: str, block: str) -> bool:
        """Return whether a block of a function is outside all loops over elements."""
        return name not in self.in_loops and block not in self.innermost[name]

    def inlined(self, name: str, block: str) -> list[str]:
        """Return the functions that are inlined into a block, each once per call."""
        calls = [call for call in self.functions[name].contents[block][1] if call in self.functions]
        calls = [call for call in calls if call not in self.apart]
        return [call for call in calls if call not in self.outside or not self.is_straight(name, block)]

    def _cost(self, name: str, block: str) -> int:
        return self.functions[name].contents[block][0] + sum(map(self.size, self.inlined(name, block)))

    def _choose_loops(self, function: Function, name: str) -> None:
        """Choose the short loops to unroll: those that stay small enough, with all their inner loops."""
        function.kept.clear()
        left: set[str] = set()
        for first, blocks in function.loops.items():
            short = short_iterations(function.bodies[first])
            total = sum(function.copies(block) * self._cost(name, block) for block in blocks)
            if short is not None and not left & blocks and short * total <= MOST_UNROLLED:
                function.kept[first] = short
            else:
                left.add(first)

    def copies(self) -> tuple[dict[str, int], dict[str, int]]:
        """Count the copies of each function, and those of them outside all loops over elements."""
        copies: dict[str, int] = {}
        straight: dict[str, int] = {}

        def count(name: str, times: int) -> None:
            copies[name] = copies.get(name, 0) + times
            function = self.functions[name]
            calls: dict[tuple[str, bool], int] = {}
            for block in function.contents:
                for call in self.inlined(name, block):
                    key = (call, self.is_straight(name, block))
                    calls[key] = calls.get(key, 0) + function.copies(block)
            for (call, is_straight), each in calls.items():
                straight[call] = straight.get(call, 0) + is_straight * times * each
                count(call, times * each)

        for root in (self.kernel, *sorted(self.apart | self.outside)):
            count(root, 1)
        return copies, straight

    def limit(self) -> None:
        """Take functions out of line until the kernel is small enough, or no further function would help.

        First functions that compute a block of elements: a call per 128 elements costs nothing. Then calls outside
        loops over elements, such as the last steps of a reduction. Then functions that only rare elements need. The
        fast path stays vectorized as long as possible.
        """
        flagging = {name for name, reached in self.reached.items() if SET_FLAG in reached and CLEAR_FLAG not in reached}
        on_fast_path = {each for name in flagging for each in self.reached[name]}
        blocks = {
            name
            for name, function in self.functions.items()
            if any(CLEAR_FLAG in calls for _, calls in function.contents.values())
        }
        while self.total() > MOST_INLINED:
            copies, straight = self.copies()
            choices = [
                choice
                for name in copies
                if self.size(name) >= LEAST_APART and name not in flagging
                for choice in (
                    (name in blocks, False, name not in on_fast_path, (copies[name] - 1) * self.size(name), name),
                    (False, True, True, (straight.get(name, 0) - 1) * self.size(name), name),
                )
                if choice[3] > 0
            ]
            if not choices:
                break
            _, outside, *_, name = max(choices)
            (self.outside if outside else self.apart).add(name)
            self.sizes.clear()


def inlined(text: str, kernel: str) -> str:
    """Inline all functions of a module except those that would make it too large; returns its text.

    Removes the marks of loops that are not to be unrolled.
    """
    sizes = Sizes(text, kernel)
    sizes.limit()

    def not_inlined(call: Instruction) -> str:
        return f"{call.line} noinline"

    def changed(name: str, definition: str) -> str:
        function = sizes.functions[name]
        for block, body in function.bodies.items():
            other = body
            if block not in function.kept and f"@{SHORT}(" in body:
                other = change_instructions(other, lambda call: "", "call", callees=[SHORT])
            called = sizes.outside.intersection(function.contents[block][1])
            if called and sizes.is_straight(name, block):
                other = change_instructions(other, not_inlined, "call", callees=called)
            definition = definition.replace(body, other, 1) if other != body else definition
        return never_inlined(definition) if name in sizes.apart else definition

    module = llvm.parse_assembly(change_functions(text, changed))
    machine = llvm.Target.from_default_triple().create_target_machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=0))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.run(module, builder)
    return str(module)
