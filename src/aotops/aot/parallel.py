"""Tells LLVM what is true of every innermost loop: no iteration waits for memory that another one writes.

Kernels are only given outputs that share no memory with their inputs, or are the very same elements, so that each
element is read and written in one iteration. LLVM cannot know that. Left to itself it guards each loop with
comparisons of addresses, and falls back to scalar code where an output is also an input.

LLVM takes the fact as metadata: each access belongs to an access group, and the loop's last branch names the groups
whose accesses are parallel. The lowering marks accesses, whose instructions it makes; the branches are Numba's, so
they are marked here, in the text of the module.
"""

from __future__ import annotations

import re

#: The metadata kind that the lowering puts on accesses.
MARK = "aotops.element"

_FUNCTION = re.compile(r"^define .*?^}$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r'^("?[\w.$\-]+"?):', re.MULTILINE)
_TARGET = re.compile(r'label %("[^"]+"|[\w.$\-]+)')


def annotate(text: str) -> str:
    """The text of an LLVM module with all marked accesses, and the innermost loops, declared parallel."""
    if f"!{MARK} " not in text:
        return text
    number = max(map(int, re.findall(r"^!(\d+) = ", text, re.MULTILINE)), default=-1) + 1
    group, parallel, loops = number, number + 1, number + 2
    lines = [f"!{group} = distinct !{{}}", f'!{parallel} = !{{!"llvm.loop.parallel_accesses", !{group}}}']

    def annotate_function(match: re.Match[str]) -> str:
        nonlocal loops
        function = match[0]
        if f"!{MARK} " not in function:
            return function
        for latch in _latches(function):
            function = function.replace(latch, f"{latch}, !llvm.loop !{loops}", 1)
            lines.append(f"!{loops} = distinct !{{!{loops}, !{parallel}}}")
            loops += 1
        return re.sub(rf"!{MARK} !\d+", f"!llvm.access.group !{group}", function)

    return _FUNCTION.sub(annotate_function, text) + "\n" + "\n".join(lines) + "\n"


def _latches(function: str) -> list[str]:
    """The texts of the blocks that end a turn of an innermost loop, up to and with the branch back to its start.

    Outer loops are none of our business: a reduction's rows do meet in the memory of its output.
    """
    parts = _LABEL.split(function)
    names = [name.strip('"') for name in parts[1::2]]
    bodies = dict(zip(names, parts[2::2], strict=True))
    targets = {name: [target.strip('"') for target in _TARGET.findall(_branch(body))] for name, body in bodies.items()}
    turns: list[tuple[str, str]] = []  # the last block of a loop and its first one
    on_path: set[str] = set()
    seen: set[str] = set()

    def visit(name: str) -> None:
        seen.add(name)
        on_path.add(name)
        for target in targets[name]:
            if target in on_path:
                turns.append((name, target))
            elif target not in seen:
                visit(target)
        on_path.remove(name)

    def blocks(last: str, first: str) -> set[str]:
        found, left = {first}, [last]
        while left:
            block = left.pop()
            if block not in found:
                found.add(block)
                left.extend(name for name in names if block in targets[name])
        return found

    visit(names[0])
    firsts = {first for _, first in turns}
    innermost = [last for last, first in turns if firsts & blocks(last, first) == {first}]
    return [bodies[last][: bodies[last].index(_branch(bodies[last]))] + _branch(bodies[last]) for last in innermost]


def _branch(body: str) -> str:
    """The last instruction of a block."""
    lines = [line for line in body.splitlines() if line.strip() and line.strip() != "}"]
    return lines[-1]
