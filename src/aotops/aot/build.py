"""The build: compiles kernels over all cores, keeps what has not changed, and says how far it is."""

from __future__ import annotations

import concurrent.futures
import hashlib
import importlib.metadata
import multiprocessing
import os
import platform
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aotops import ops
from aotops.aot.fingerprint import fingerprint
from aotops.aot.kernels import PLANNER, Kernel, all_kernels
from aotops.aot.levels import Level, levels
from aotops.aot.table import table_source
from aotops.aot.watch import PAUSE, Watch
from aotops.errors import BuildError

if TYPE_CHECKING:
    from aotops.aot.modules import Target

    Future = concurrent.futures.Future[str | None]

#: Changes in these files change the machine code of every kernel.
COMPILER_SOURCES = (
    *("compiler.py", "elements.py", "lowering.py", "noting.py", "parallel.py", "pipeline.py", "soundness.py"),
    *("semantics.py", "short_loops.py", "sizes.py", "specialise.py"),
)


@dataclass(frozen=True)
class Built:
    """What a build gives to the linker.

    Attributes:
        objects: object files, one for each kernel and level.
        table: the generated C source of the kernel table.
        compiled: number of kernels compiled now; the others came from the cache.
        total: number of kernels.
        seconds: wall time.
    """

    objects: list[Path]
    table: Path
    compiled: int
    total: int
    seconds: float


def require_compiler() -> str:
    """The versions of what compiles kernels; a ``BuildError`` that says what to install if it is missing."""
    versions = []
    for package in ("numba", "llvmlite", "numpy", "setuptools"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            raise BuildError(
                f"Kernels are compiled with Numba and setuptools, and {package} is not installed.\n"
                "Install what is needed with `pip install 'aotops[build]'`; a prebuilt wheel needs none of it."
            ) from None
    return ", ".join(versions)


def compiler_digest() -> str:
    """A digest of all that decides about machine code beside the kernels' own functions."""
    digest = hashlib.sha256(require_compiler().encode())
    digest.update(f"{sys.platform} {platform.machine()} {sys.version_info[:2]} {levels()}".encode())
    for name in COMPILER_SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()


def core_count() -> int:
    """The number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Progress:
    """How far the build is: a line that renews itself on a terminal, elsewhere a line for each tenth."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.terminal = sys.stdout.isatty()

    def step(self, what: str) -> None:
        """One more kernel is done."""
        self.done += 1
        line = f"[{self.done:>{len(str(self.total))}}/{self.total}] {what}"
        if self.terminal:
            print(f"\r{line:<78}", end="" if self.done < self.total else "\n", flush=True)
        elif self.done == self.total or self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            print(line, flush=True)

    def notice(self, line: str) -> None:
        """A line of its own."""
        print(f"\r{line:<78}" if self.terminal else line, flush=True)


_kernels: dict[str, Kernel] = {}
#: In a worker process: where it tells what it compiles.
_reports: Any = None


def _start_worker(target: Target | None, reports: Any) -> None:
    """In a worker process: derive the kernels from the records, since functions cannot be sent."""
    global _reports
    _reports = reports
    kernels = all_kernels(ops.collect().values())
    if target is not None:
        from aotops.aot.extension import kernels_of
        from aotops.aot.modules import declared_records, load

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parent process has given them
            kernels = kernels_of(declared_records(load(target)))
    _kernels.update((kernel.symbol, kernel) for kernel in kernels)


def _compile_kernel(symbol: str, stem: str) -> str | None:
    """In a worker process: compile a kernel for every level into ``stem.<level>.o``; returns why it failed."""
    from aotops.aot import compiler
    from aotops.aot.specialise import specialise

    kernel = _kernels[symbol]
    _reports.put((os.getpid(), kernel.title))
    signature = compiler.PLANNER if symbol == PLANNER.symbol else compiler.KERNEL
    try:
        bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), symbol, signature)
        objects = {level: compiler.emit_object(bitcode, symbol, level, kernel.widest) for level in levels()}
    except compiler.CompileError as error:
        return str(error)
    for level, data in objects.items():
        path = object_path(Path(stem), level)
        # another build may share the cache: a file is whole from the moment that it has its name
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(data)
        temporary.replace(path)
    return None


def completed(futures: dict[Future, Kernel], reports: Any, progress: Progress) -> Iterator[Future]:
    """The futures of kernels as they are done; those that take long or much memory are named meanwhile.

    Raises ``BuildError`` if a worker ends before its kernel is done, as where memory runs out.
    """
    watch, left = Watch(), set(futures)
    while left:
        done, left = concurrent.futures.wait(left, PAUSE, concurrent.futures.FIRST_COMPLETED)
        while not reports.empty():
            process, title = reports.get()
            watch.begin(process, title)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            running = " or ".join(title for title, *_ in watch.started.values()) or "a kernel"
            raise BuildError(
                f"A process of the build was ended while it compiled {running}. If memory ran out, write the scalar "
                "function shorter, or build where there is more."
            )
        titles = {futures[future].title for future in left}
        for process, (title, *_) in list(watch.started.items()):
            if title not in titles:
                watch.end(process)
        for line in watch.slow():
            progress.notice(line)
        yield from done


def object_path(stem: Path, level: Level) -> Path:
    """The object file of a kernel for a level."""
    return stem.with_name(f"{stem.name}.{level.name}.o")


def compile_kernels(
    kernels: Iterable[Kernel], cache: Path, jobs: int | None = None, target: Target | None = None
) -> tuple[list[Path], int]:
    """Object files for kernels of a module, by default aotops' own, compiling those that ``cache`` does not hold.

    Returns them, one for each kernel and level, and the number of kernels compiled. Raises ``BuildError`` with every
    kernel that fails.
    """
    digest = compiler_digest()
    cache.mkdir(parents=True, exist_ok=True)
    objects: list[Path] = []
    missing: dict[Kernel, Path] = {}
    for kernel in kernels:
        stem = cache / fingerprint(digest, kernel.symbol, kernel.dtype, kernel.widest, kernel.function)[:32]
        paths = [object_path(stem, level) for level in levels()]
        objects.extend(paths)
        if not all(path.exists() for path in paths):
            missing[kernel] = stem
    failures: dict[Kernel, str] = {}
    if missing:
        progress = Progress(len(missing))
        context = multiprocessing.get_context("spawn")
        reports = context.SimpleQueue()
        with concurrent.futures.ProcessPoolExecutor(
            min(jobs or core_count(), len(missing)),
            mp_context=context,
            initializer=_start_worker,
            initargs=(target, reports),
        ) as pool:
            futures = {
                pool.submit(_compile_kernel, kernel.symbol, str(stem)): kernel for kernel, stem in missing.items()
            }
            for future in completed(futures, reports, progress):
                kernel = futures[future]
                reason = future.result()
                if reason is not None:
                    failures[kernel] = reason
                progress.step(f"{'compiled' if reason is None else 'failed:'} {kernel.title}")
    if failures:
        from aotops.aot.reasons import told

        raise BuildError(told({kernel: failures[kernel] for kernel in missing if kernel in failures}))
    return objects, len(missing)


def build(folder: Path, cache: Path, jobs: int | None = None) -> Built:
    """Compile aotops' own kernels and write the kernel table into ``folder``.

    Raises ``BuildError``.
    """
    started = time.perf_counter()
    records = ops.collect().values()
    kernels = all_kernels(records)
    objects, compiled = compile_kernels(kernels, cache, jobs)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "table.c"
    table.write_text(table_source(records, levels()), encoding="utf-8")
    seconds = time.perf_counter() - started
    announce("aotops", len(kernels), compiled, seconds)
    return Built(objects, table, compiled, len(kernels), seconds)


def announce(name: str, kernels: int, compiled: int, seconds: float) -> None:
    """Tell what a build has done."""
    print(
        f"{name}: {kernels} kernels for {len(levels())} CPU level(s), {compiled} compiled now and the others "
        f"from the cache, in {seconds:.1f} s",
        flush=True,
    )
