"""Conversions of floats to integers outside of vectors, which x86 has as one instruction for every float.

LLVM's own has no value for floats out of range, so ``aotops.aot.back.soundness`` compares before it. The instruction
gives the smallest integer there, as aotops does. LLVM does not vectorize it: it takes its place afterwards.
"""

from __future__ import annotations

import re

from aotops.aot.back.llvm_text import change_functions

_CHOICE = re.compile(
    r"^  (\S+) = select i1 \S+\.aotops\.safe\S*, i64 (%[^ ,]+), i64 -9223372036854775808(?=[,\n])", re.MULTILINE
)
_CONVERSION = re.compile(r"^  (%[^ ,]+) = fptosi (double|float) ([^ ,]+) to i64(?=[,\n])", re.MULTILINE)
#: The vectors whose first elements are converted, and the instructions.
_INSTRUCTIONS = {
    "double": ("<2 x double>", "llvm.x86.sse2.cvttsd2si64"),
    "float": ("<4 x float>", "llvm.x86.sse.cvttss2si64"),
}


def with_conversions(text: str) -> str:
    """Return the text of a vectorized module with the instruction in place of LLVM's conversions and comparisons."""
    changed = change_functions(text, lambda _, definition: _changed(definition))
    for vector, name in _INSTRUCTIONS.values():
        if f"call i64 @{name}(" in changed and f"declare i64 @{name}(" not in changed:
            changed += f"\ndeclare i64 @{name}({vector})\n"
    return changed


def _changed(definition: str) -> str:
    converted = {result: (type_, value) for result, type_, value in _CONVERSION.findall(definition)}

    def choice(match: re.Match[str]) -> str:
        result, conversion = match[1], match[2]
        if conversion not in converted:
            return match[0]
        type_, value = converted[conversion]
        vector, instruction = _INSTRUCTIONS[type_]
        inside = f'%"{result.strip(chr(34) + "%")}.aotops.vector"'
        return (
            f"  {inside} = insertelement {vector} zeroinitializer, {type_} {value}, i64 0\n"
            f"  {result} = call i64 @{instruction}({vector} {inside})"
        )

    return _CHOICE.sub(choice, definition)
