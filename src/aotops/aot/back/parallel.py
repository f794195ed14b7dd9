"""Tells LLVM what is true of every innermost loop: no iteration waits for memory that another one writes.

Kernels are only given outputs that share no memory with their inputs, or are the very same elements, so that each
element is read and written in one iteration. LLVM cannot know that. Left to itself it guards each loop with
comparisons of addresses, and falls back to scalar code where an output is also an input.

LLVM takes the fact as metadata: each access belongs to an access group, and the loop's last branch names the groups
whose accesses are parallel. The lowering marks accesses, whose instructions it makes; the branches are Numba's, so
they are marked here, in the text of the module.
"""

from __future__ import annotations

from aotops.aot.back.llvm_text import (
    blocks_of,
    branch_of,
    change_functions,
    change_instructions,
    change_metadata,
    loops_of,
    metadata,
)

#: The metadata kind that the lowering puts on accesses.
MARK = "aotops.element"
#: The function that is called in loops that are to be unrolled.
SHORT = "aotops.short_loop"


def annotate(text: str) -> str:
    """The text of an LLVM module with all marked accesses, and the innermost loops, declared parallel."""
    if f"!{MARK} " not in text:
        return text
    number = metadata(text)
    group, parallel, unrolled, loops = number, number + 1, number + 2, number + 3
    lines = [
        f"!{group} = distinct !{{}}",
        f'!{parallel} = !{{!"llvm.loop.parallel_accesses", !{group}}}',
        f'!{unrolled} = !{{!"llvm.loop.unroll.full"}}',
    ]

    def annotated(_: str, function: str) -> str:
        nonlocal loops
        if f"!{MARK} " not in function:
            return function
        for latch, is_short in _latches(function):
            function = function.replace(latch, f"{latch}, !llvm.loop !{loops}", 1)
            lines.append(f"!{loops} = distinct !{{!{loops}, !{unrolled if is_short else parallel}}}")
            loops += 1
        function = change_instructions(function, lambda call: "", "call", callees=[SHORT])
        return change_metadata(function, MARK, f"!llvm.access.group !{group}")

    return change_functions(text, annotated) + "\n" + "\n".join(lines) + "\n"


def _latches(function: str) -> list[tuple[str, bool]]:
    """The texts of the blocks that end an iteration of a short or innermost loop, and whether it is short.

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
        (bodies[last][: bodies[last].index(branch_of(bodies[last]))] + branch_of(bodies[last]), (last, first) in short)
        for last, first in [*short, *innermost]
    ]
