"""Turn the flag of ``intrinsics.set_flag`` into a local variable of the kernel.

Numba compiles each scalar function separately, and a flag set deep in a call chain has to be read in the kernel's loop.
The lowering emits calls of empty functions. Once every function that sets the flag is inlined into the one that reads
it (``aotops.aot.back.sizes``), these calls become loads and stores of one byte on the stack, which LLVM keeps in a
register.
"""

from __future__ import annotations

import itertools

from aotops.aot.back.llvm_text import Instruction, change_functions, change_instructions, with_first_lines

SET_FLAG, FLAG_IS_SET, CLEAR_FLAG = "aotops.set_flag", "aotops.flag_is_set", "aotops.clear_flag"

_FLAG = "%aotops.rare"


def with_flag(text: str) -> str:
    """Replace the calls in the text of a module by instructions; one without such calls is returned unchanged."""
    return change_functions(text, _expanded) if f"@{CLEAR_FLAG}" in text else text


def _expanded(name: str, function: str) -> str:
    if name in (SET_FLAG, FLAG_IS_SET, CLEAR_FLAG):
        return ""
    if "@aotops." not in function:
        return function
    numbers = itertools.count(1)

    def instructions(call: Instruction) -> str:
        before, wide, after = (f"{_FLAG}.{next(numbers)}" for _ in range(3))
        if call.callee == CLEAR_FLAG:
            return f"  store i8 0, ptr {_FLAG}"
        if call.callee == FLAG_IS_SET:
            return f"  {before} = load i8, ptr {_FLAG}\n  {call.result} = icmp ne i8 {before}, 0"
        *_, condition = call.arguments.split()
        return (
            f"  {before} = load i8, ptr {_FLAG}\n  {wide} = zext i1 {condition} to i8\n"
            f"  {after} = or i8 {before}, {wide}\n  store i8 {after}, ptr {_FLAG}"
        )

    function = change_instructions(function, instructions, "call", callees=[SET_FLAG, FLAG_IS_SET, CLEAR_FLAG])
    return with_first_lines(function, f"  {_FLAG} = alloca i8\n  store i8 0, ptr {_FLAG}")
