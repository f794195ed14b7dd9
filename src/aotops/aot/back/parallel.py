"""Declare to LLVM that innermost loops are parallel: no iteration reads memory that another one writes.

An output of a kernel either shares no memory with an input or is the same view, so each element is read and written in
the same iteration. LLVM cannot know this. By default it guards each loop with comparisons of addresses, and falls back
to scalar code if an output is also an input.

LLVM accepts the declaration as metadata: each access belongs to an access group, and the loop's last branch names the
groups whose accesses are parallel. The lowering marks the accesses, which it emits; Numba emits the branches, so these
are marked here, in the module's text.
"""

from __future__ import annotations

import re

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
#: The function whose call marks a loop to be unrolled.
SHORT = "aotops.short_loop"

_PARALLEL = '!{!"llvm.loop.parallel_accesses", '
_UNROLLED = '!{!"llvm.loop.unroll.full"}'


def annotate(text: str) -> str:
    """Declare all marked accesses and the innermost loops in the text of an LLVM module parallel."""
    if f"!{MARK} " not in text:
        return text
    number = metadata(text)
    group, parallel, unrolled, loops = number, number + 1, number + 2, number + 3
    lines = [
        f"!{group} = distinct !{{}}",
        f"!{parallel} = {_PARALLEL}!{group}}}",
        f"!{unrolled} = {_UNROLLED}",
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


def interleaved(text: str, count: int) -> str:
    """Have LLVM compute ``count`` vectors in each iteration of the parallel loops in a module.

    A module with short loops is left as it is, since these are unrolled: as much again would make it too large.
    """
    parallel = re.search(rf"^(!\d+) = {re.escape(_PARALLEL)}", text, re.MULTILINE)
    unrolled = re.search(rf"^(!\d+) = {re.escape(_UNROLLED)}", text, re.MULTILINE)
    has_short = unrolled and re.search(rf"^!\d+ = distinct !{{!\d+, {unrolled[1]}}}$", text, re.MULTILINE)
    if parallel is None or has_short:
        return text
    new = metadata(text)
    loop = rf"^(!\d+ = distinct !{{!\d+, {parallel[1]})}}$"
    text = re.sub(loop, rf"\1, !{new}}}", text, flags=re.MULTILINE)
    return f'{text}\n!{new} = !{{!"llvm.loop.interleave.count", i32 {count}}}\n'


def _latches(function: str) -> list[tuple[str, bool]]:
    """Return the texts of the blocks that end an iteration of a short or innermost loop, and whether it is short.

    Each text ends with the branch back to the loop's start. Outer loops are not parallel: the rows of a reduction write
    to the same output.
    """
    bodies, loops = blocks_of(function), loops_of(function)
    firsts = {first for _, first in loops}
    # the loops around a short loop contain its call too, but not in their first block
    short = [loop for loop in loops if f"@{SHORT}(" in bodies[loop[1]]]
    others = firsts - {first for _, first in short}
    innermost = [loop for loop, blocks in loops.items() if loop not in short and others & blocks == {loop[1]}]
    return [
        (bodies[last][: bodies[last].index(branch_of(bodies[last]))] + branch_of(bodies[last]), (last, first) in short)
        for last, first in [*short, *innermost]
    ]
