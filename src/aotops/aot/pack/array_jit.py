"""Compiling array kernels for this process, for development; see ``aotops.aot.pack.jit``."""

from __future__ import annotations

import ctypes
import time
from typing import Any

import llvmlite.binding as llvm

from aotops import _native
from aotops.aot.arrays.polls import SERVICES
from aotops.aot.back.levels import levels
from aotops.aot.pack import jit_cache
from aotops.aot.pack.array_code import ArrayCode, array_codes, encoded, have_loops
from aotops.aot.pack.build import compiler_digest
from aotops.aot.pack.collecting import rarely_collected
from aotops.aot.pack.fingerprint import fingerprint
from aotops.aot.pack.jit import capsule_of, report
from aotops.aot.pack.watch import watched
from aotops.errors import BuildError
from aotops.user.array_record import ArrayRecord
from aotops.user.library import file_of


class NamedArrayKernel(ctypes.Structure):
    """``aot_named_array_kernel`` of ``aotops_kernel.h``."""

    _fields_ = (
        ("symbol", ctypes.c_char_p),
        ("inputs", ctypes.c_uint8),
        ("outputs", ctypes.c_uint8),
        ("dimensions", ctypes.c_uint8),
        ("dtypes", ctypes.POINTER(ctypes.c_uint8)),
        ("ranks", ctypes.POINTER(ctypes.c_uint8)),
        ("axes", ctypes.POINTER(ctypes.c_uint8)),
        ("sizes", ctypes.POINTER(ctypes.c_int64)),
        ("contiguous", ctypes.POINTER(ctypes.c_void_p)),
        ("strided", ctypes.POINTER(ctypes.c_void_p)),
    )


class ArrayLibrary(ctypes.Structure):
    """``aot_array_library`` of ``aotops_kernel.h``."""

    _fields_ = (
        ("version", ctypes.c_uint32),
        ("services", ctypes.c_uint32),
        ("has_loops", ctypes.c_uint32),
        ("n_levels", ctypes.c_uint32),
        ("levels", ctypes.POINTER(ctypes.c_char_p)),
        ("n_kernels", ctypes.c_uint32),
        ("kernels", ctypes.POINTER(NamedArrayKernel)),
    )


#: The memory that capsules point to, which is never freed.
_libraries: list[Any] = []


def object_of(code: ArrayCode, level: Any, digest: str) -> tuple[bytes, bool]:
    """Return the object of one version, and whether it was compiled now. Raises ``BuildError``."""
    file = file_of(code.record)
    key = fingerprint(digest, level, code.symbol, code.content)[:32]
    data = jit_cache.find(file, code.symbol, key)
    if data is not None:
        return data, False
    from aotops.aot.front.reasons import CompileError, told

    with watched(code.title), rarely_collected():
        try:
            (data,) = code.objects(code.symbol, [level])
        except CompileError as error:
            raise BuildError(told({code: str(error)})) from None
    jit_cache.keep(file, code.symbol, key, data)
    return data, True


def compile_now(record: ArrayRecord, reason: str) -> Any:
    """Compile an array kernel for this CPU unless it is cached, and report it on stderr; returns a capsule.

    Raises ``BuildError`` with the compiler's reason.
    """
    started = time.perf_counter()
    level = next(level for level in levels() if level.name == _native.cpu_level())
    digest = compiler_digest()
    codes = array_codes([record])
    objects = [object_of(code, level, digest) for code in codes]
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=3, codemodel="jitdefault")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    for data, _ in objects:
        engine.add_object_file(llvm.ObjectFileRef.from_data(data))
    engine.finalize_object()
    kept: list[Any] = [engine]

    def array(type_: Any, values: list[Any]) -> Any:
        kept.append((type_ * max(len(values), 1))(*values))
        return kept[-1]

    names = [level.name.encode() for level in levels()]
    table = (NamedArrayKernel * len(record.signatures))()
    for number, signature in enumerate(record.signatures):
        inputs, outputs, dimensions, dtypes, ranks, axes, sizes = encoded(signature)
        functions = [
            array(ctypes.c_void_p, [engine.get_function_address(record.symbol(number, contiguous))] * len(names))
            for contiguous in (True, False)
        ]
        table[number] = NamedArrayKernel(
            record.symbol(number, True).encode(),
            inputs,
            outputs,
            dimensions,
            *(array(ctypes.c_uint8, values) for values in (dtypes, ranks, axes)),
            array(ctypes.c_int64, sizes),
            *functions,
        )
    levels_array = array(ctypes.c_char_p, names)
    loops = have_loops([record])
    library = ArrayLibrary(
        _native.array_kernel_version, len(SERVICES), loops, len(names), levels_array, len(table), table
    )
    _libraries.append((library, table, kept))
    report(record, reason, any(compiled for _, compiled in objects), started)
    return capsule_of(library, _native.array_capsule)
