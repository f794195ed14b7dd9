"""Makes a local variable of what ``intrinsics.note`` notes.

Numba compiles each scalar function to a function of its own, and what one notes deep inside is asked for in the
kernel's loop. The lowering leaves calls of functions that do nothing; here, once all that notes is inlined into what
asks (``aotops.aot.back.sizes``), they become loads and stores of one byte on its stack, which LLVM keeps in a register.
"""

from __future__ import annotations

import re
from typing import Any

import llvmlite.binding as llvm

NOTE, NOTED, FORGET = "aotops.note", "aotops.noted", "aotops.forget"

_PLACE = "%aotops.rare"


def with_notes(module: Any) -> Any:
    """A module in which the calls are instructions; one without such calls as it is."""
    if f"@{FORGET}" not in str(module):
        return module
    return llvm.parse_assembly(re.sub(r"^define .*?^}$", _expand, str(module), flags=re.MULTILINE | re.DOTALL))


def _expand(match: re.Match[str]) -> str:
    function = match[0]
    if re.match(rf"define [^\n]*@({NOTE}|{NOTED}|{FORGET})\(", function):
        return ""
    if "@aotops." not in function:
        return function
    count = 0

    def number(_: Any) -> str:
        nonlocal count
        count += 1
        return f"{_PLACE}.{count}"

    def note(call: re.Match[str]) -> str:
        before, wide, after = number(call), number(call), number(call)
        return (
            f"  {before} = load i8, ptr {_PLACE}\n  {wide} = zext i1 {call[1]} to i8\n"
            f"  {after} = or i8 {before}, {wide}\n  store i8 {after}, ptr {_PLACE}"
        )

    def noted(call: re.Match[str]) -> str:
        value = number(call)
        return f"  {value} = load i8, ptr {_PLACE}\n  {call[1]} = icmp ne i8 {value}, 0"

    function = re.sub(
        rf"^ *(?:tail )?call void @{NOTE}\(i1 (?:zeroext )?([^)]+)\).*$", note, function, flags=re.MULTILINE
    )
    function = re.sub(rf"^ *(%\S+) = (?:tail )?call i1 @{NOTED}\(\).*$", noted, function, flags=re.MULTILINE)
    function = re.sub(
        rf"^ *(?:tail )?call void @{FORGET}\(\).*$", f"  store i8 0, ptr {_PLACE}", function, flags=re.MULTILINE
    )
    # the stack's variables are made in the first block, whose label, if it has one, is a line of its own
    head, _, body = function.partition("{\n")
    label = re.match(r"^\S+:.*\n", body)
    first = label[0] if label else ""
    return f"{head}{{\n{first}  {_PLACE} = alloca i8\n  store i8 0, ptr {_PLACE}\n{body[len(first) :]}"
