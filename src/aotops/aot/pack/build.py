"""The build: compiles kernels on all cores, reuses unchanged ones, and reports its progress."""

from __future__ import annotations

import ast
import concurrent.futures
import contextlib
import functools
import hashlib
import io
import multiprocessing
import os
import platform
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aotops
from aotops import ops
from aotops.aot.back.levels import levels
from aotops.aot.front.requirements import require_compiler
from aotops.aot.pack import header, objects, routines
from aotops.aot.pack.array_code import ArrayCode, array_codes
from aotops.aot.pack.collecting import rarely_collected
from aotops.aot.pack.fingerprint import fingerprint
from aotops.aot.pack.kernels import Kernel, kernels_of
from aotops.aot.pack.routines import own_kernels, routines_header, routines_source
from aotops.aot.pack.table import plan_header, table_source
from aotops.aot.pack.watch import PAUSE, Watch
from aotops.errors import BuildError
from aotops.ops.record import Record
from aotops.threads import default_count
from aotops.user.array_record import ArrayRecord

if TYPE_CHECKING:
    from aotops.aot.pack.modules import Target

    Future = concurrent.futures.Future[str | None]

PACKAGE = Path(aotops.__file__).parent

#: The compiler: machine code depends on these files and on all that they import. What is compiled, a loop nest with a
#: scalar function, is in each kernel's fingerprint.
COMPILER = ("aotops.aot.compiler", "aotops.aot.front.specialise", "aotops.aot.back.levels", "aotops.aot.pack.objects")

#: Records, loop nests and the list of kernels are excluded, since the fingerprints of kernels contain them function by
#: function. Error messages do not matter. Of the definitions of dtypes, a kernel's signature contains what concerns it.
NOT_COUNTED = ("aotops.ops.", "aotops.loops.", "aotops.errors.", "aotops.abi.", "aotops.aot.pack.kernels.")


@dataclass(frozen=True)
class Compiled:
    """The machine code of some kernels.

    Attributes:
        made: the result for each kernel, by its symbol.
        cache: the folder of the objects.
        compiled: the number of functions compiled now; the others came from the cache.
    """

    made: dict[str, objects.Made]
    cache: Path
    compiled: int

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The C names of each kernel, one per level, by its symbol; ``"0"`` where it is not compiled for a level."""
        return {symbol: made.names for symbol, made in self.made.items()}

    @property
    def objects(self) -> dict[str, Path]:
        """The object files, each once, by the C name that it defines: those of a level together, by their sizes.

        The linker keeps their order. Objects of one level and nearly one size are mostly the same code for another
        dtype, which compression finds only within 32 KB: it makes 4.3 MB of aotops' own, in place of 5.3.
        """
        found: dict[str, Path] = {}
        for level in zip(*(made.objects for made in self.made.values()), strict=True):
            paths = {digest: objects.path_of(self.cache, digest) for digest in level if digest is not None}
            for digest in sorted(paths, key=lambda each: (paths[each].stat().st_size, each)):
                found.setdefault(objects.symbol_of(digest), paths[digest])
        return found


@dataclass(frozen=True)
class Built:
    """The input of the linker.

    Attributes:
        objects: object files by the C names that they define.
        table: the generated C source of the kernel table; the generated headers are in the same folder.
    """

    objects: dict[str, Path]
    table: Path


def imports(file: Path) -> Iterator[str]:
    """Yield the modules of aotops that a file imports, by their full names.

    Outside the compiler, imports inside functions are ignored: the runtime makes them.
    """
    tree = ast.parse(file.read_bytes())
    nodes = ast.walk(tree) if PACKAGE / "aot" in file.parents else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def compiler_sources() -> tuple[Path, ...]:
    """Return the files of the compiler, with all modules of aotops that they import.

    Cached, since parsing them takes 0.1 seconds, a third of the time in which a map is compiled in development.
    """
    found: dict[str, Path] = {}
    waiting = list(COMPILER)
    while waiting:
        name = waiting.pop()
        stem = PACKAGE.joinpath(*name.split(".")[1:])
        file = next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)
        if name in found or file is None or not name.startswith("aotops.") or f"{name}.".startswith(NOT_COUNTED):
            continue
        found[name] = file
        waiting.extend(imports(file))
    return tuple(found[name] for name in sorted(found))


def compiler_digest() -> str:
    """Return a digest of everything that machine code depends on, except the kernels' own functions."""
    versions = require_compiler()
    import llvmlite.binding

    facts = (
        aotops.__version__,
        versions,
        llvmlite.binding.llvm_version_info,
        platform.python_implementation(),
        platform.python_version(),
        sys.platform,
        platform.machine(),
        levels(),
    )
    digest = hashlib.sha256(repr(facts).encode())
    for path in compiler_sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Progress:
    """A progress report: one line that is updated on a terminal, elsewhere a line per tenth."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.terminal = sys.stdout.isatty()

    def step(self, what: str) -> None:
        """Report that one more kernel is done."""
        self.done += 1
        line = f"[{self.done:>{len(str(self.total))}}/{self.total}] {what}"
        if self.terminal:
            print(f"\r{line:<78}", end="" if self.done < self.total else "\n", flush=True)
        elif self.done == self.total or self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            print(line, flush=True)

    def notice(self, line: str) -> None:
        """Print a separate line."""
        print(f"\r{line:<78}" if self.terminal else line, flush=True)


_kernels: dict[str, Any] = {}
#: In a worker process: the queue to which it reports what it compiles.
_reports: Any = None


def _start_worker(target: Target | None, package: Path, reports: Any) -> None:
    """In a worker process: derive the kernels from the records, since functions cannot be sent."""
    global _reports
    if package != PACKAGE:
        raise BuildError(f"the build of {package} has started a process that imports {PACKAGE}")
    _reports = reports
    if target is None:
        kernels: Iterable[Any] = own_kernels(ops.collect().values())  # half a second
    else:
        from aotops.aot.pack.modules import declared_records, load

        # the parent process has already shown the warnings and the module's output
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            kernels = codes_of(declared_records(load(target)))
    _kernels.update((kernel.symbol, kernel) for kernel in kernels)


def codes_of(records: Iterable[Any]) -> list[Any]:
    """Return what is compiled of a module's operators and array kernels."""
    records = list(records)
    operators = [record for record in records if not isinstance(record, ArrayRecord)]
    return [*kernels_of(operators), *array_codes(records)]


def content(kernel: Kernel | ArrayCode) -> str:
    """Return a digest of everything that a kernel is compiled from."""
    if isinstance(kernel, ArrayCode):
        return kernel.content
    return fingerprint(kernel.kind, kernel.dtype, kernel.widest, kernel.function)


def _compile_kernel(symbol: str, cache: Path, key: str, expected: str) -> str | None:
    """In a worker process: compile a kernel for every level into the cache; returns why it failed."""
    from aotops.aot import compiler
    from aotops.aot.front.reasons import CompileError
    from aotops.aot.front.specialise import specialise

    kernel = _kernels.get(symbol)
    if kernel is None or content(kernel) != expected:
        # the result is stored under the digest of what the parent process has imported
        return (
            "What it is made from is another in each process that imports the module; constants must not depend on it."
        )
    _reports.put((os.getpid(), kernel.title))
    name, started = objects.PLACEHOLDER, time.process_time()  # CPU time, whatever else the machine does
    try:
        with rarely_collected():
            if isinstance(kernel, ArrayCode):
                data = kernel.objects(name, kernel.levels)
            else:
                signature = compiler.PLANNER if kernel.signature is None else compiler.KERNEL
                bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), name, signature)
                data = compiler.emit_levels(
                    bitcode, name, kernel.levels, kernel.widest, kernel.gathers, kernel.unrolled
                )
    except CompileError as error:
        return str(error)
    by_level = dict(zip(kernel.levels, data, strict=True))
    objects.store(cache, key, map(by_level.get, levels()), time.process_time() - started)
    return None


def completed(futures: dict[Future, Kernel], reports: Any, progress: Progress) -> Iterator[Future]:
    """Yield the futures of kernels as they complete; reports kernels that take long or much memory meanwhile.

    Raises ``BuildError`` if a worker dies before its kernel is done, for example because memory runs out.
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


def keys(kernels: Iterable[Kernel]) -> dict[Kernel, str]:
    """Return the cache key of each kernel; kernels compiled from the same functions share a key."""
    digest = compiler_digest()

    def key(kernel: Kernel) -> str:
        names = " ".join([level.name for level in kernel.levels])
        return hashlib.sha256(f"{digest} {content(kernel)} {names}".encode()).hexdigest()[:32]

    return {kernel: key(kernel) for kernel in kernels}


def compile_kernels(
    kernels: Iterable[Kernel], cache: Path, jobs: int | None = None, target: Target | None = None
) -> Compiled:
    """Return the machine code of a module's kernels, by default aotops' own, compiling what ``cache`` lacks.

    Raises ``BuildError`` with every kernel that fails.
    """
    known = keys(kernels)
    cache.mkdir(parents=True, exist_ok=True)
    count = len(levels())
    made = {key: objects.find(cache, key, count) for key in dict.fromkeys(known.values())}
    # compile only the first of several kernels with the same key
    missing = {key: kernel for kernel, key in reversed(known.items()) if made[key] is None}
    objects.delete_unused(cache)
    failures: dict[Kernel, str] = {}
    if missing:
        progress = Progress(len(missing))
        context = multiprocessing.get_context("spawn")
        reports = context.SimpleQueue()
        with concurrent.futures.ProcessPoolExecutor(
            min(jobs or default_count(), len(missing)),
            mp_context=context,
            initializer=_start_worker,
            initargs=(target, PACKAGE, reports),
        ) as pool:
            futures = {
                pool.submit(_compile_kernel, kernel.symbol, cache, key, content(kernel)): kernel
                for key, kernel in reversed(missing.items())
            }
            for future in completed(futures, reports, progress):
                kernel = futures[future]
                reason = future.result()
                if reason is not None:
                    failures[kernel] = reason
                progress.step(f"{'compiled' if reason is None else 'failed:'} {kernel.title}")
    if failures:
        from aotops.aot.front.reasons import told

        raise BuildError(told({kernel: failures[kernel] for kernel in known if kernel in failures}))
    made.update((key, objects.find(cache, key, count)) for key in missing)
    found = {kernel.symbol: made[key] for kernel, key in known.items()}
    lost = [symbol for symbol, each in found.items() if each is None]
    if lost:
        raise BuildError(f"{cache}: what was compiled of {', '.join(lost)} is gone: another process has deleted it")
    return Compiled({symbol: each for symbol, each in found.items() if each is not None}, cache, len(missing))


def build(folder: Path, cache: Path, jobs: int | None = None) -> Built:
    """Compile aotops' own kernels and write the kernel table into ``folder``.

    Raises ``BuildError``.
    """
    started = time.perf_counter()
    records = ops.collect().values()
    kernels = own_kernels(records)
    compiled = compile_kernels(kernels, cache, jobs)
    table = write_table(folder, records, compiled.names)
    announce("aotops", compiled, time.perf_counter() - started)
    return Built(compiled.objects, table)


def write_table(folder: Path, records: Iterable[Record], names: Mapping[str, Sequence[str]]) -> Path:
    """Write the kernel table and the generated headers into a folder; returns the file of the table.

    ``names``: ``Compiled.names``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "table.c"
    sources = table_source(records, levels(), names), routines_source(names)
    table.write_text("\n".join(sources), encoding="utf-8")
    (folder / header.FILE).write_text(header.header(), encoding="utf-8")
    table.with_name("plan.h").write_text(plan_header(), encoding="utf-8")
    table.with_name(routines.FILE).write_text(routines_header(), encoding="utf-8")
    return table


def announce(name: str, compiled: Compiled, seconds: float) -> None:
    """Print a summary of a build."""
    kernels = len(compiled.made)
    print(
        f"{name}: {kernels} kernel{'s' * (kernels != 1)} for {len(levels())} CPU level(s) in {len(compiled.objects)} "
        f"objects, {compiled.compiled} compiled now, in {seconds:.1f} s",
        flush=True,
    )
