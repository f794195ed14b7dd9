"""Bytes of masks without masked loads, for levels whose comparisons give masks.

LLVM makes bytes of 0 and 1 from a mask of AVX-512 by loading a constant of ones where the mask is set. A load of which
no element is wanted does not fault, so that the constant's page, as long as no process has read from it, is never
mapped, and each load takes some 100 cycles: ``x < y`` of 100,000 float32, none of which is less, took 7 ns per element
on Zen 4 in place of 0.07.
"""

from __future__ import annotations

import llvmlite.binding as llvm

from aotops.aot.back.llvm_text import Instruction, change_instructions


def without_masked_loads(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """Return a module in which a mask becomes bytes of -1, then of 1, which code generation leaves as two steps.

    It must have been optimized: LLVM would make one step of them again.
    """
    text = str(module)
    changed = change_instructions(text, _in_two_steps, "zext")
    return module if changed == text else llvm.parse_assembly(changed)


def _in_two_steps(extension: Instruction) -> str:
    if " x i1> " not in extension.operands or not extension.operands.endswith(" x i8>"):
        return extension.line
    source, value, target, _ = extension.cast
    signed = '%"signed.{}"'.format(extension.result.strip('%"'))
    return f"  {signed} = sext {source} {value} to {target}\n  {extension.result} = and {target} {signed}, splat (i8 1)"
