"""The code of array kernels: what is compiled of a declaration, and the C source that lists it in an extension."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aotops.aot.arrays.polls import SERVICES
from aotops.aot.back.levels import Level, levels
from aotops.aot.pack.fingerprint import fingerprint
from aotops.encode import stable_code
from aotops.scalar.functions import codes, reached
from aotops.user.array_record import ArrayRecord, ArraySignature


def have_loops(records: Iterable[Any]) -> bool:
    """Return whether array kernels among some records have loops over ``prange``, which may take threads."""
    from aotops.aot.arrays.outline import has_parallel_loop

    declared = [each for each in records if isinstance(each, ArrayRecord)]
    return any(has_parallel_loop(function) for each in declared for function in reached(each.function))


@functools.cache
def compiler_digest() -> str:
    """Return a digest of the part of the compiler that array kernels alone need."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parents[1] / "arrays").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def project_of(file: str) -> str:
    """Return the folder to which a file's name is relative in messages: the project's, or the file's own."""
    folder = Path(os.path.abspath(file)).parent
    return str(next((each for each in (folder, *folder.parents) if (each / "pyproject.toml").is_file()), folder))


class ArrayCode:
    """One version of an array kernel: for some dtypes, and for items in row-major order or with any strides.

    Attributes:
        symbol: its name.
        title: how messages call it.
        place: where the function is.
    """

    def __init__(self, record: ArrayRecord, number: int, contiguous: bool) -> None:
        self.record = record
        self.number = number
        self.contiguous = contiguous
        self.symbol = record.symbol(number, contiguous)
        self.title = f"{record.name} {record.described(number)}{'' if contiguous else ', strided'}"
        self.place = record.place

    @property
    def signature(self) -> ArraySignature:
        """What it is compiled for."""
        return self.record.signatures[self.number]

    @functools.cached_property
    def content(self) -> str:
        """A digest of everything that it is compiled from; messages have the lines of functions."""
        record, signature = self.record, self.signature
        root = project_of(record.function.__code__.co_filename)
        lines = [
            (os.path.relpath(code.co_filename, root), code.co_firstlineno, code.co_linetable)
            for function in reached(record.function)
            for code in codes(function)
        ]
        options = (record.boundscheck, record.reassociate)
        facts = (record.declared, signature.identity, self.contiguous, options, lines)
        return fingerprint(compiler_digest(), repr(facts), record.function)

    def bitcode(self, name: str) -> bytes:
        """Compile it to LLVM's bitcode that defines ``name``; raises ``CompileError``."""
        from aotops.aot.arrays import compiler  # which imports Numba

        root = project_of(self.record.function.__code__.co_filename)
        return compiler.compile_bitcode(self.record, self.signature, self.contiguous, name, root)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The CPU levels that it is compiled for."""
        return levels()

    def objects(self, name: str, levels: Sequence[Level]) -> list[bytes]:
        """Compile it to an object file for each level, which define ``name``; raises ``CompileError``."""
        from aotops.aot.arrays import compiler

        return compiler.emit_levels(self.bitcode(name), name, levels)


def array_codes(records: Iterable[Any]) -> list[ArrayCode]:
    """Return the versions of all array kernels among some records."""
    found = [
        ArrayCode(record, number, contiguous)
        for record in records
        if isinstance(record, ArrayRecord)
        for number in range(len(record.signatures))
        for contiguous in (True, False)
    ]
    first: dict[str, ArrayCode] = {}
    for code in found:
        first.setdefault(code.symbol, code)  # functions without arrays have one version
    return list(first.values())


def encoded(signature: ArraySignature) -> tuple[int, int, int, list[int], list[int], list[int], list[int]]:
    """Return what C knows of a signature: three numbers, then dtypes, ranks, axes and sizes."""
    return (
        signature.inputs,
        len(signature.dtypes) - signature.inputs,
        len(signature.sizes),
        [stable_code(dtype) for dtype in signature.dtypes],
        [len(axes) for axes in signature.axes],
        [axis for axes in signature.axes for axis in axes],
        list(signature.sizes),
    )


def array_source(records: Iterable[Any], names: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the lines of C that list the array kernels among some records; none if there are none.

    ``names``: the C names of each version, one per level, by its symbol. The array ``levels`` must be defined.
    """
    records = list(records)
    kernels = [code for code in array_codes(records) if code.contiguous]
    if not kernels:
        return []
    both = [(code, ArrayCode(code.record, code.number, False)) for code in kernels]
    defined = dict.fromkeys(name for pair in both for code in pair for name in names[code.symbol])
    parameters = "(void *, aot_array_call *, int64_t, char **, const int64_t *)"
    lines = [f"extern int32_t {name}{parameters};" for name in defined]
    rows = []
    for code, strided in both:
        inputs, outputs, dimensions, *arrays = encoded(code.signature)
        fields = []
        types = ("aot_operand_dtype", "uint8_t", "uint8_t", "int64_t")
        for type_, label, values in zip(types, ("dtypes", "ranks", "axes", "sizes"), arrays, strict=True):
            name = f"{label}_{code.symbol}"
            # a kernel of numbers alone has no axes, and C has no arrays without elements
            lines.append(f"static const {type_} {name}[] = {{{', '.join(map(str, values or [0]))}}};")
            fields.append(name)
        for each in {code.symbol: code, strided.symbol: strided}:
            lines.append(f"static const aot_array_kernel functions_{each}[] = {{{', '.join(names[each])}}};")
        fields += [f"functions_{code.symbol}", f"functions_{strided.symbol}"]
        rows.append(f'    {{"{code.symbol}", {inputs}, {outputs}, {dimensions}, {", ".join(fields)}}},')
    return [
        *lines,
        "",
        "static const aot_named_array_kernel array_kernels[] = {",
        *rows,
        "};",
        "",
        "static const aot_array_library array_library = {",
        f"    .version = AOTOPS_ARRAY_KERNEL_VERSION, .services = {len(SERVICES)},",
        f"    .has_loops = {int(have_loops(records))},",
        "    .n_levels = sizeof levels / sizeof *levels, .levels = levels,",
        "    .n_kernels = sizeof array_kernels / sizeof *array_kernels, .kernels = array_kernels,",
        "};",
        "",
    ]
