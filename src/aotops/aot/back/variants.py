"""Functions with variants for whole vectors, which LLVM's vectorizer calls in place of one call for each element.

They serve where a scalar function needs other instructions on a vector than on a number, or would be too large if every
call were inlined. A function and its variants are defined in one module, linked to the kernel's. None of them may be
inlined before loops are vectorized, and the variants must not be removed although nothing calls them yet; afterwards
those that are small are inlined.
"""

from __future__ import annotations

from dataclasses import dataclass

import llvmlite.binding as llvm

#: What LLVM must know of a function to call its variant in a loop: no side effects, and it always returns.
_PURE = "nounwind willreturn memory(none)"
#: The attribute of functions that are inlined once loops are vectorized.
_INLINED = '"aotops.inlined"'
#: The attributes of functions, by ``Function.inlined``.
_INLINING = {"first": "alwaysinline", "after": f"noinline {_INLINED}", "never": "noinline"}


def vector(type_: str, count: int) -> str:
    """Return LLVM's name of a vector of ``count`` elements; of one element, its type."""
    return type_ if count == 1 else f"<{count} x {type_}>"


@dataclass(frozen=True)
class Function:
    """A scalar function and its variants, as LLVM code.

    Attributes:
        name: the scalar function's name; that of a variant is ``name_v<elements>``.
        type: the type of the result.
        parameters: the type of each parameter, by its name with ``%``.
        bodies: what stands between the braces, by the number of elements of the vector; of the scalar function, by 1.
        inlined: "first", "after" loops are vectorized, or "never"; a function with variants is not inlined first.
    """

    name: str
    type: str
    parameters: dict[str, str]
    bodies: dict[int, str]
    inlined: str

    @property
    def text(self) -> str:
        """All definitions."""
        return "\n".join(self._definition(count) for count in self.bodies)

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants."""
        return tuple(f"{self.name}_v{count}" for count in self.bodies if count > 1)

    def _definition(self, count: int) -> str:
        name = self.name if count == 1 else f"{self.name}_v{count}"
        parameters = ", ".join(f"{vector(type_, count)} {name}" for name, type_ in self.parameters.items())
        attributes = f"{_PURE} {_INLINING[self.inlined]}"
        if count == 1 and self.variants:
            attributes += f" {self._mapping}"
        return f"define {vector(self.type, count)} @{name}({parameters}) {attributes} {{\n{self.bodies[count]}\n}}\n"

    @property
    def _mapping(self) -> str:
        """The attribute by which the vectorizer finds the variants, in the mangling of LLVM's vector function ABI."""
        kinds = "v" * len(self.parameters)
        names = [f"_ZGV_LLVM_N{count}{kinds}_{self.name}({self.name}_v{count})" for count in self.bodies if count > 1]
        return f'"vector-function-abi-variant"="{",".join(names)}"'


def link(module: llvm.ModuleRef, functions: list[Function], called: dict[str, bytes], declarations: list[str]) -> None:
    """Define functions in a module that declares them.

    ``called`` holds what they call in turn: by its declaration, the bitcode that defines it. ``declarations`` are of
    what else they refer to.
    """
    # the functions too: LLVM must not specialise one for an argument that is a constant in all calls
    kept = [name for function in functions if function.variants for name in (function.name, *function.variants)]
    used = ", ".join(f"ptr @{name}" for name in kept)
    text = "\n".join(
        [f'target triple = "{module.triple}"', *called, *declarations, *(function.text for function in functions)]
    )
    if kept:
        text += f'\n@llvm.compiler.used = appending global [{len(kept)} x ptr] [{used}], section "llvm.metadata"\n'
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
