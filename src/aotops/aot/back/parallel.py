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
#: The function that is called in loops that are to be unrolled.
SHORT = "aotops.short_loop"

_FUNCTION = re.compile(r"^define .*?^}$", re.MULTILINE | re.DOTALL)
_CALL_OF_SHORT = re.compile(rf"^.*call void @{SHORT}\(.*\n", re.MULTILINE)
_LABEL = re.compile(r'^("?[\w.$\-]+"?):', re.MULTILINE)
_TARGET = re.compile(r'label %("[^"]+"|[\w.$\-]+)')


def annotate(text: str) -> str:
    """The text of an LLVM module with all marked accesses, and the innermost loops, declared parallel."""
    if f"!{MARK} " not in text:
        return text
    number = max(map(int, re.findall(r"^!(\d+) = ", text, re.MULTILINE)), default=-1) + 1
    group, parallel, unrolled, loops = number, number + 1, number + 2, number + 3
    lines = [
        f"!{group} = distinct !{{}}",
        f'!{parallel} = !{{!"llvm.loop.parallel_accesses", !{group}}}',
        f'!{unrolled} = !{{!"llvm.loop.unroll.full"}}',
    ]

    def annotate_function(match: re.Match[str]) -> str:
        nonlocal loops
        function = match[0]
        if f"!{MARK} " not in function:
            return function
        for latch, is_short in _latches(function):
            function = function.replace(latch, f"{latch}, !llvm.loop !{loops}", 1)
            lines.append(f"!{loops} = distinct !{{!{loops}, !{unrolled if is_short else parallel}}}")
            loops += 1
        function = _CALL_OF_SHORT.sub("", function)
        return re.sub(rf"!{MARK} !\d+", f"!llvm.access.group !{group}", function)

    return _FUNCTION.sub(annotate_function, text) + "\n" + "\n".join(lines) + "\n"


def _latches(function: str) -> list[tuple[str, bool]]:
    """The texts of the blocks that end a turn of a short or innermost loop, and whether it is short.

    Each goes up to and with the branch back to the loop's start. Outer loops are none of our business: a reduction's
    rows do meet in the memory of its output.
    """
    bodies, loops = blocks_of(function), loops_of(function)
    firsts = {first for _, first in loops}
    # a call in a short loop is in the loops around it as well, but theirs is another block
    short = [loop for loop in loops if f"@{SHORT}(" in bodies[loop[1]]]
    others = firsts - {first for _, first in short}
    innermost = [loop for loop, blocks in loops.items() if loop not in short and others & blocks == {loop[1]}]
    return [
        (bodies[last][: bodies[last].index(_branch(bodies[last]))] + _branch(bodies[last]), (last, first) in short)
        for last, first in [*short, *innermost]
    ]


def blocks_of(function: str) -> dict[str, str]:
    """The texts of a function's blocks by their labels; the first one is what comes before any other's label."""
    parts = _LABEL.split(function)
    return dict(zip([name.strip('"') for name in parts[1::2]], parts[2::2], strict=True))


def loops_of(function: str) -> dict[tuple[str, str], set[str]]:
    """The loops of a function: the labels of their blocks, by the last and the first of them."""
    bodies = blocks_of(function)
    targets = {name: [target.strip('"') for target in _TARGET.findall(_branch(body))] for name, body in bodies.items()}
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


def _branch(body: str) -> str:
    """The last instruction of a block."""
    lines = [line for line in body.splitlines() if line.strip() and line.strip() != "}"]
    return lines[-1]
