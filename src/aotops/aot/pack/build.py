"""The build: compiles kernels over all cores, keeps what has not changed, and says how far it is."""

from __future__ import annotations

import ast
import concurrent.futures
import contextlib
import hashlib
import inspect
import io
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

import aotops
from aotops import ops
from aotops.aot.back.levels import Level, levels
from aotops.aot.front.requirements import require_compiler
from aotops.aot.pack import header
from aotops.aot.pack.fingerprint import fingerprint
from aotops.aot.pack.kernels import Kernel, all_kernels, kernels_of
from aotops.aot.pack.table import plan_header, table_source
from aotops.aot.pack.watch import PAUSE, Watch
from aotops.errors import BuildError
from aotops.threads import default_count

if TYPE_CHECKING:
    from aotops.aot.pack.modules import Target

    Future = concurrent.futures.Future[str | None]

PACKAGE = Path(aotops.__file__).parent

#: What compiles a kernel: these files and all that they import decide over machine code.
COMPILER = ("aotops.aot.compiler", "aotops.aot.front.specialise", "aotops.aot.pack.kernels", "aotops.aot.back.levels")

#: Records and loop nests count function by function, in the fingerprints of kernels; messages of errors do not count.
#: Of the facts about dtypes, what concerns a kernel is in its signature.
NOT_COUNTED = ("aotops.ops.", "aotops.loops.", "aotops.errors.", "aotops.abi.")

#: Objects that no build has used for so long are deleted, in seconds: 14 days. Builds by other Pythons, or of another
#: branch, share the folder, so that what this build has no use for may be wanted by the next.
KEPT = 14 * 86400


@dataclass(frozen=True)
class Built:
    """What a build gives to the linker.

    Attributes:
        objects: object files, one for each kernel and level.
        table: the generated C source of the kernel table; the generated headers lie beside it.
        compiled: number of kernels compiled now; the others came from the cache.
        total: number of kernels.
        seconds: wall time.
    """

    objects: list[Path]
    table: Path
    compiled: int
    total: int
    seconds: float


def imports(file: Path) -> Iterator[str]:
    """The modules of aotops that a file imports, by their full names.

    Outside of the compiler those that are imported inside of functions do not count: the runtime's.
    """
    tree = ast.parse(file.read_bytes())
    nodes = ast.walk(tree) if PACKAGE / "aot" in file.parents else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def compiler_sources() -> list[Path]:
    """The files of the compiler, with all of aotops that they import."""
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
    return [found[name] for name in sorted(found)]


def compiler_digest() -> str:
    """A digest of all that decides over machine code beside the kernels' own functions."""
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
        inspect.getsource(_compile_kernel),
    )
    digest = hashlib.sha256(repr(facts).encode())
    for path in compiler_sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()


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


def _start_worker(target: Target | None, package: Path, reports: Any) -> None:
    """In a worker process: derive the kernels from the records, since functions cannot be sent."""
    global _reports
    if package != PACKAGE:
        raise BuildError(f"the build of {package} has started a process that imports {PACKAGE}")
    _reports = reports
    kernels = all_kernels(ops.collect().values())
    if target is not None:
        from aotops.aot.pack.modules import declared_records, load

        # the parent process has given the warnings, and shown what the module prints
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            kernels = kernels_of(declared_records(load(target)))
    _kernels.update((kernel.symbol, kernel) for kernel in kernels)


def content(kernel: Kernel) -> str:
    """A digest of what a kernel is compiled from."""
    return fingerprint(kernel.symbol, kernel.dtype, kernel.widest, kernel.function)


def _compile_kernel(symbol: str, stem: str, expected: str) -> str | None:
    """In a worker process: compile a kernel for every level into ``stem.<level>.o``; returns why it failed."""
    from aotops.aot import compiler
    from aotops.aot.front.reasons import CompileError
    from aotops.aot.front.specialise import specialise

    kernel = _kernels.get(symbol)
    if kernel is None or content(kernel) != expected:
        # what is remembered of the kernel is what the parent process has imported
        return (
            "What it is made from is another in each process that imports the module; constants must not depend on it."
        )
    _reports.put((os.getpid(), kernel.title))
    signature = compiler.PLANNER if kernel.signature is None else compiler.KERNEL
    try:
        bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), symbol, signature)
        objects = {level: compiler.emit_object(bitcode, symbol, level, kernel.widest) for level in levels()}
    except CompileError as error:
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


def in_use(path: Path) -> bool:
    """Whether an object file is there; it is kept for another while then."""
    try:
        if time.time() - path.stat().st_mtime > KEPT / 4:
            os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:
        pass  # of somebody else: it can be read all the same
    return True


def delete_unused(cache: Path) -> None:
    """Delete what no build has used for long, also what one that was interrupted has left behind."""
    for path in cache.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT:
                path.unlink()


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
        if not all(in_use(path) for path in paths):
            missing[kernel] = stem
    delete_unused(cache)
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
                pool.submit(_compile_kernel, kernel.symbol, str(stem), content(kernel)): kernel
                for kernel, stem in missing.items()
            }
            for future in completed(futures, reports, progress):
                kernel = futures[future]
                reason = future.result()
                if reason is not None:
                    failures[kernel] = reason
                progress.step(f"{'compiled' if reason is None else 'failed:'} {kernel.title}")
    if failures:
        from aotops.aot.front.reasons import told

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
    (folder / header.FILE).write_text(header.header(), encoding="utf-8")
    table.with_name("plan.h").write_text(plan_header(), encoding="utf-8")
    seconds = time.perf_counter() - started
    announce("aotops", len(kernels), compiled, seconds)
    return Built(objects, table, compiled, len(kernels), seconds)


def announce(name: str, kernels: int, compiled: int, seconds: float) -> None:
    """Tell what a build has done."""
    print(
        f"{name}: {kernels} kernel{'s' * (kernels != 1)} for {len(levels())} CPU level(s), {compiled} compiled and "
        f"{kernels - compiled} from the cache, in {seconds:.1f} s",
        flush=True,
    )
