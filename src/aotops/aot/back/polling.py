"""Polls: loops of unknown length ask from time to time whether the launch has been interrupted.

The lowering emits calls of an empty function in such loops. The kernel is passed the function that answers behind its
second argument (``aotops_kernel.h``). The functions that it calls do not get this argument, so the kernel stores the
address in a variable of its module: it is the same for all threads.
"""

from __future__ import annotations

import re

import llvmlite.binding as llvm

from aotops.aot.back.llvm_text import change_functions, functions, with_first_lines

POLL = "aotops.poll"

#: A loop asks once in so many iterations, which take microseconds.
PERIOD = 1024

_VARIABLE = "@aotops.poll.function"


def with_polls(text: str, symbol: str) -> str:
    """Replace the empty function in the text of a module by one that asks; other modules are returned unchanged."""
    if POLL not in functions(text):
        return text

    def change(name: str, definition: str) -> str:
        if name == POLL:
            lines = [
                f"define internal i32 @{POLL}() noinline cold nounwind {{",
                f"  %function = load atomic ptr, ptr {_VARIABLE} monotonic, align 8",
                "  %answer = call i32 %function()",
                "  ret i32 %answer",
                "}",
            ]
            return "\n".join(lines)
        if name != symbol:
            return definition
        call = re.findall(r"%[^ ,)]+", definition.partition("{\n")[0])[1]
        lines = [
            f"  %aotops.slot = getelementptr ptr, ptr {call}, i64 1",
            "  %aotops.function = load ptr, ptr %aotops.slot",
            f"  store atomic ptr %aotops.function, ptr {_VARIABLE} monotonic, align 8",
        ]
        return with_first_lines(definition, "\n".join(lines))

    return f"{change_functions(text, change)}\n{_VARIABLE} = internal global ptr null\n"


def polls(module: llvm.ModuleRef) -> bool:
    """Whether a module has polls."""
    return any(function.name == POLL for function in module.functions)


def without_polls(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """Return a copy of a module whose polls always answer no.

    What its kernel returns shows whether it raises; with polls it returns another status where they answer yes.
    """
    no = f"define internal i32 @{POLL}() alwaysinline {{\n  ret i32 0\n}}"
    return llvm.parse_assembly(change_functions(str(module), lambda name, text: no if name == POLL else text))
