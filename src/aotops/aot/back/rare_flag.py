"""Makes a local variable of the flag of fast paths, ``intrinsics.set_flag``.

Numba compiles each scalar function to a function of its own, and a flag set deep in a call chain has to be read in the
kernel's loop. The lowering leaves calls of functions that do nothing; here, once what sets it is inlined into what
reads it (``aotops.aot.back.sizes``), they become loads and stores of one byte on its stack, which LLVM keeps in a
register.
"""

from __future__ import annotations

import itertools
from typing import Any

import llvmlite.binding as llvm

from aotops.aot.back.llvm_text import Instruction, change_functions, change_instructions, with_first_lines

SET_FLAG, FLAG_IS_SET, CLEAR_FLAG = "aotops.set_flag", "aotops.flag_is_set", "aotops.clear_flag"

_PLACE = "%aotops.rare"


def with_flags(module: Any) -> Any:
    """A module in which the calls are instructions; one without such calls as it is."""
    if f"@{CLEAR_FLAG}" not in str(module):
        return module
    return llvm.parse_assembly(change_functions(str(module), _expanded))


def _expanded(name: str, function: str) -> str:
    if name in (SET_FLAG, FLAG_IS_SET, CLEAR_FLAG):
        return ""
    if "@aotops." not in function:
        return function
    numbers = itertools.count(1)

    def instructions(call: Instruction) -> str:
        before, wide, after = (f"{_PLACE}.{next(numbers)}" for _ in range(3))
        if call.callee == CLEAR_FLAG:
            return f"  store i8 0, ptr {_PLACE}"
        if call.callee == FLAG_IS_SET:
            return f"  {before} = load i8, ptr {_PLACE}\n  {call.result} = icmp ne i8 {before}, 0"
        *_, condition = call.arguments.split()
        return (
            f"  {before} = load i8, ptr {_PLACE}\n  {wide} = zext i1 {condition} to i8\n"
            f"  {after} = or i8 {before}, {wide}\n  store i8 {after}, ptr {_PLACE}"
        )

    function = change_instructions(function, instructions, "call", callees=[SET_FLAG, FLAG_IS_SET, CLEAR_FLAG])
    return with_first_lines(function, f"  {_PLACE} = alloca i8\n  store i8 0, ptr {_PLACE}")
