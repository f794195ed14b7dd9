"""Compiling kernels for this process, for development: the code that a build makes, for this CPU's level only."""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any

import llvmlite.binding as llvm

from aotops import _native
from aotops.aot.back.levels import Level, level_symbol, levels
from aotops.aot.pack import jit_cache, modules
from aotops.aot.pack.build import compiler_digest
from aotops.aot.pack.collecting import rarely_collected
from aotops.aot.pack.fingerprint import fingerprint
from aotops.aot.pack.kernels import Kernel, record_kernels
from aotops.aot.pack.probe import probe
from aotops.aot.pack.watch import watched
from aotops.encode import encode_kernel
from aotops.errors import BuildError
from aotops.ops.record import Record
from aotops.user.library import command_for, file_of


class NamedKernel(ctypes.Structure):
    """``aot_named_kernel`` of ``aotops_kernel.h``."""

    _fields_ = (
        ("symbol", ctypes.c_char_p),
        ("loop", ctypes.c_uint8),
        ("inputs", ctypes.c_uint8),
        ("outputs", ctypes.c_uint8),
        ("compute_bound", ctypes.c_uint8),
        ("unbounded", ctypes.c_uint8),
        ("dtypes", ctypes.c_char_p),
        ("kernels", ctypes.POINTER(ctypes.c_void_p)),
    )


class Library(ctypes.Structure):
    """``aot_library`` of ``aotops_kernel.h``."""

    _fields_ = (
        ("version", ctypes.c_uint32),
        ("n_levels", ctypes.c_uint32),
        ("levels", ctypes.POINTER(ctypes.c_char_p)),
        ("n_kernels", ctypes.c_uint32),
        ("kernels", ctypes.POINTER(NamedKernel)),
    )


#: The memory that capsules point to; it is never freed, as extension modules never are.
_libraries: list[Any] = []


def objects_of(record: Record, kernels: list[Kernel], level: Level) -> tuple[list[bytes], int]:
    """Return the objects of a record's kernels, and how many of them were compiled now rather than cached.

    Raises ``BuildError`` with the compiler's reason.
    """
    digest = compiler_digest()
    file = file_of(record)
    objects: list[bytes] = []
    missing = 0
    for kernel in kernels:
        key = fingerprint(digest, level, kernel.symbol, kernel.dtype, kernel.widest, kernel.function)[:32]
        data = jit_cache.find(file, kernel.symbol, key)
        if data is None:
            with watched(kernel.title), rarely_collected():
                data = compiled_object(kernel, level)
            jit_cache.keep(file, kernel.symbol, key, data)
            missing += 1
        objects.append(data)
    return objects, missing


def compiled_object(kernel: Kernel, level: Level) -> bytes:
    """Compile one kernel for one level; returns the object file. Raises ``BuildError``."""
    # importing Numba takes a third of a second, which cached kernels need not spend
    from aotops.aot import compiler
    from aotops.aot.front.reasons import CompileError, told
    from aotops.aot.front.specialise import specialise

    try:
        bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), kernel.symbol, compiler.KERNEL)
        return compiler.emit_object(bitcode, kernel.symbol, level, kernel.widest, kernel.gathers, kernel.unrolled)
    except CompileError as error:
        raise BuildError(told({kernel: str(error)})) from None


def compile_now(record: Record, reason: str) -> Any:
    """Compile the kernels of an operator for this CPU unless they are cached, report it on stderr; returns a capsule.

    Warns of what ``aotops.aot.pack.probe`` finds. Raises ``BuildError`` with the compiler's reason.
    """
    started = time.perf_counter()
    probe(record)
    level = next(level for level in levels() if level.name == _native.cpu_level())
    kernels = record_kernels(record)
    objects, compiled = objects_of(record, kernels, level)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=3, codemodel="jitdefault")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    names = [level.name.encode() for level in levels()]
    table = (NamedKernel * len(kernels))()
    for k, kernel in enumerate(kernels):
        engine.add_object_file(llvm.ObjectFileRef.from_data(objects[k]))
        symbol, *fields = encode_kernel(kernel)
        table[k] = NamedKernel(symbol.encode(), *fields)
    engine.finalize_object()
    for k, kernel in enumerate(kernels):
        address = engine.get_function_address(level_symbol(kernel.symbol, level))
        # a library has kernels for all levels; this process only uses one
        table[k].kernels = (ctypes.c_void_p * len(names))(*[address] * len(names))
    library = Library(_native.kernel_version, len(names), (ctypes.c_char_p * len(names))(*names), len(kernels), table)
    _libraries.append((library, table, engine))
    report(record, reason, compiled > 0, started)
    return capsule_of(library, _native.library_capsule)


def report(record: Any, reason: str, compiled: bool, started: float) -> None:
    """Say on stderr why something was compiled, how long that took, and what would compile it ahead of time."""
    command = command_for(record)
    advice = f"; `{command}` compiles it ahead of time" if command else ""
    how = f"compiled now in {time.perf_counter() - started:.1f} s" if compiled else "compiled by an earlier process"
    if not modules.importing:  # a build reports its own progress
        print(f"aotops: {reason}; {how}{advice}", file=sys.stderr, flush=True)


def capsule_of(library: ctypes.Structure, name: str) -> Any:
    """Return a capsule of a library, which must not be freed."""
    kept = ctypes.c_char_p(name.encode())
    _libraries.append(kept)
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return new(ctypes.addressof(library), kept, None)
