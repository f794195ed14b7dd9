"""Functions with variants for whole vectors, which LLVM's vectorizer calls in place of one call for each element.

They serve where a scalar function needs other instructions on a vector than on a number, or would be too large if every
call were inlined. A function and its variants are defined in one module, linked to the kernel's. None of them may be
inlined before loops are vectorized, and the variants must outlive that nothing calls them yet; afterwards those that
are small are inlined.
"""

from __future__ import annotations

from dataclasses import dataclass

import llvmlite.binding as llvm

#: What LLVM must know of a function to call its variant in a loop: no side effects, and it always returns.
_PURE = "nounwind willreturn memory(none)"
#: The attribute of functions that are inlined once loops are vectorized.
_INLINED = '"aotops.inlined"'


@dataclass(frozen=True)
class Function:
    """A scalar function and its variants, as LLVM code.

    Attributes:
        name: the scalar function's name; that of a variant is ``name_v<elements>``.
        type: the type of all parameters, and of the result.
        parameters: their names, with ``%``.
        bodies: what stands between the braces, by the number of elements of the vector; of the scalar function, by 1.
        inlined: whether it is inlined once loops are vectorized.
    """

    name: str
    type: str
    parameters: tuple[str, ...]
    bodies: dict[int, str]
    inlined: bool

    @property
    def text(self) -> str:
        """All definitions."""
        return "\n".join(self._definition(count) for count in self.bodies)

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants."""
        return tuple(f"{self.name}_v{count}" for count in self.bodies if count > 1)

    def _definition(self, count: int) -> str:
        type_ = self.type if count == 1 else f"<{count} x {self.type}>"
        name = self.name if count == 1 else f"{self.name}_v{count}"
        parameters = ", ".join(f"{type_} {parameter}" for parameter in self.parameters)
        inlining = f"noinline {_INLINED}" if self.inlined else "noinline"
        mapping = f" {self._mapping}" if count == 1 and self.variants else ""
        return f"define {type_} @{name}({parameters}) {_PURE} {inlining}{mapping} {{\n{self.bodies[count]}\n}}\n"

    @property
    def _mapping(self) -> str:
        """The attribute by which the vectorizer finds the variants, in the mangling of LLVM's vector function ABI."""
        kinds = "v" * len(self.parameters)
        names = [f"_ZGV_LLVM_N{count}{kinds}_{self.name}({self.name}_v{count})" for count in self.bodies if count > 1]
        return f'"vector-function-abi-variant"="{",".join(names)}"'


def link(module: llvm.ModuleRef, functions: list[Function], called: dict[str, bytes]) -> None:
    """Define functions in a module that declares them.

    ``called`` holds what they call in turn: by its declaration, the bitcode that defines it.
    """
    variants = [name for function in functions for name in function.variants]
    used = ", ".join(f"ptr @{name}" for name in variants)
    text = "\n".join([f'target triple = "{module.triple}"', *called, *(function.text for function in functions)])
    if variants:
        text += f'\n@llvm.compiler.used = appending global [{len(variants)} x ptr] [{used}], section "llvm.metadata"\n'
    library = llvm.parse_assembly(text)
    library.data_layout = module.data_layout
    for bitcode in called.values():
        library.link_in(llvm.parse_bitcode(bitcode))
    module.link_in(library)


def after_vectorizing(module: llvm.ModuleRef) -> llvm.ModuleRef:
    """Return a module whose loops have been vectorized, with variants that may be inlined, or dropped if unused."""
    text = str(module)
    if "@llvm.compiler.used" not in text and _INLINED not in text:
        return module

    def changed(line: str) -> str:
        if line.startswith("@llvm.compiler.used"):
            return ""
        if line.startswith("attributes ") and _INLINED in line:
            return line.replace(" noinline ", " alwaysinline ")
        return line

    return llvm.parse_assembly("".join(changed(line) for line in text.splitlines(True)))
