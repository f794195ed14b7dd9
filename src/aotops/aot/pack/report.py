"""The report on each kernel: its bytes of machine code for every level, and the CPU time that it took to compile.

Both are read from the build's folder of objects, so nothing is compiled. Code that several kernels share counts once,
for the first of them, and a level that shares the code of the one below counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aotops.aot.back.levels import levels
from aotops.aot.pack import objects
from aotops.aot.pack.array_code import ArrayCode
from aotops.aot.pack.build import keys
from aotops.aot.pack.kernels import Kernel


@dataclass(frozen=True)
class Row:
    """The size and the build time of a kernel.

    Attributes:
        kernel: the kernel.
        sizes: for each level the bytes of code that it adds; None if it shares another's code.
        seconds: how long it took to compile; 0 if it shares another's result.
        files: for each level the object file; None if it is not compiled for it.
    """

    kernel: Kernel | ArrayCode
    sizes: tuple[int | None, ...]
    seconds: float
    files: tuple[Path | None, ...]

    @property
    def size(self) -> int:
        """The bytes of all levels."""
        return sum(filter(None, self.sizes))


def code_size(path: Path) -> int:
    """Return the bytes of code and constants in an object file, without those that only the linker reads."""
    import llvmlite.binding as llvm

    sections = llvm.ObjectFileRef.from_path(str(path)).sections()
    kept = (b".text", b".rodata", b".rdata", b"__text", b"__const", b"__literal")  # in ELF, COFF and Mach-O
    return sum(section.size() for section in sections if section.is_text() or (section.name() or b"").startswith(kept))


def rows(kernels: Iterable[Kernel], cache: Path) -> tuple[list[Row], list[Kernel]]:
    """Return the sizes and build times of some kernels, and the kernels that are not in the cache."""
    result: list[Row] = []
    missing: list[Kernel] = []
    done: set[str | None] = set()
    for kernel, key in keys(kernels).items():
        made = objects.find(cache, key, len(levels()))
        if made is None:
            missing.append(kernel)
            continue
        sizes: list[int | None] = []
        files = tuple([None if digest is None else objects.path_of(cache, digest) for digest in made.objects])
        for digest, file in zip(made.objects, files, strict=True):
            sizes.append(0 if file is None else None if digest in done else code_size(file))
            done.add(digest)
        result.append(Row(kernel, tuple(sizes), made.seconds if key not in done else 0.0, files))
        done.add(key)
    return result, missing


def family(kernel: Kernel | ArrayCode) -> str:
    """Return the family of a kernel in the report's sums."""
    if isinstance(kernel, ArrayCode):
        return kernel.record.kind
    if kernel.symbol.startswith("aot_convert_"):
        return "conversion"
    if kernel.kind != "elementwise":
        return kernel.kind
    if ".derivative" in kernel.title:
        return "derivative"
    return "compute-bound" if kernel.compute_bound else "memory-bound"


def table(found: Iterable[Row]) -> list[str]:
    """Yield a line per kernel, the largest first."""
    names = [level.name.rpartition("-")[2] for level in levels()]
    ordered = sorted(found, key=lambda row: (-row.size, row.kernel.title))
    width = max([44, *(len(row.kernel.title) for row in ordered)])
    lines = [f"{'kernel':<{width}}" + "".join(f"{name:>9}" for name in names) + f"{'CPU s':>9}"]
    for row in ordered:
        sizes = "".join(f"{'=' if size is None else size:>9}" for size in row.sizes)
        lines.append(f"{row.kernel.title:<{width}}{sizes}{row.seconds:>9.2f}")
    return lines


def files(found: Iterable[Row]) -> list[str]:
    """Yield a line per kernel and level, with the object file to pass to ``objdump -d``."""
    return [
        f"{row.kernel.title}, {level.name}: {path}"
        for row in found
        for level, path in zip(levels(), row.files, strict=True)
        if path is not None
    ]


def sums(found: Iterable[Row]) -> list[str]:
    """Yield a line per family of kernels, and one for all."""
    families: dict[str, list[Row]] = {}
    for row in found:
        families.setdefault(family(row.kernel), []).append(row)
    lines = [f"{'family':<16}{'kernels':>9}{'KiB':>9}{'KiB each':>10}{'CPU s':>9}{'CPU s each':>12}"]
    everything: Mapping[str, list[Row]] = {
        **dict(sorted(families.items(), key=lambda item: -sum(row.size for row in item[1]))),
        "all": [row for each in families.values() for row in each],
    }
    for name, each in everything.items():
        size, seconds, count = sum(row.size for row in each) / 1024, sum(row.seconds for row in each), len(each)
        lines.append(
            f"{name:<16}{count:>9}{size:>9.0f}{size / max(count, 1):>10.1f}{seconds:>9.1f}"
            f"{seconds / max(count, 1):>12.2f}"
        )
    return lines
