"""Bind a user-defined operator to its kernels at its first call.

1. If ``aotops build``, or the build of a wheel, has compiled the declaring module, they are in an extension beside it.
2. Otherwise, if Numba is installed, they are compiled now, and a line on stderr says so.
3. Otherwise the call raises ``NotBuiltError``.

With ``AOTOPS_PYTHON=1`` user-defined operators always run as plain Python instead.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock

from aotops import _native, errors
from aotops._native import Operator
from aotops.user.declare import declaration, module_of, name_of
from aotops.user.library import command_for, library_name, library_of

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.ops.record import Record
    from aotops.user.array_kernels import ArrayKernel

#: Held while an operator is bound: threads that call it first at the same time compile it once.
_lock = RLock()
_forks_wait = False


def _forget_lock() -> None:
    """In the child of a fork, make a new lock: the thread that held it does not exist here."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


def _let_forks_wait() -> None:
    """Make forks wait from now on until no other thread compiles: the child would inherit a compiler half-way.

    Functions that are registered last are called first, so ``logging``, which the compiler uses and which also takes a
    lock before a fork, must have registered its own before.
    """
    global _forks_wait
    if not _forks_wait and hasattr(os, "register_at_fork"):
        import logging  # noqa: F401

        held: list[Any] = []

        def before() -> None:
            held.append(_lock)
            _lock.acquire()

        os.register_at_fork(before=before, after_in_parent=lambda: held.pop().release())
    _forks_wait = True


def load(operator: Operator) -> None:
    """Bind a declared operator at its first call: to its kernels, or to a fallback in plain Python.

    Raises ``NotBuiltError`` if it has neither.
    """
    with _lock:
        record = declaration(operator)
        if record.loaded:
            return  # bound by another thread
        name = name_of(operator)
        if runs_as_python(name):
            from aotops.user.plain_python import fallback

            _native.set_fallback(operator, fallback(operator))
            record.loaded = True
            return
        library, reason = library_of(record)
        if library is not None:
            try:
                _native.bind(operator, library, record.symbols())
                record.loaded = True
                return
            except ImportError as error:
                reason = f"is built in {library_name(record.namespace['__file__'])}, where {error}"
        if compiler_is_there():
            _let_forks_wait()
            try:
                from aotops.aot.pack.jit import compile_now
            except ImportError as error:
                errors.not_built(
                    name, record.place, f"{reason}, and the compiler cannot be imported ({error})", command_for(record)
                )

            library = compile_now(record, f"{describe(record)} {reason}")
            _native.bind(operator, library, record.symbols())
            record.loaded = True
            return
        errors.not_built(name, record.place, reason or "", command_for(record))


def load_array(kernel: ArrayKernel) -> None:
    """Find the code of an array kernel at its first call, or let it run as plain Python.

    Raises ``NotBuiltError`` if there is none.
    """
    with _lock:
        record = kernel._record
        if record.loaded:
            return  # by another thread
        if runs_as_python(record.name):
            record.loaded = True
            return
        library, reason = library_of(record)
        if library is not None:
            try:
                kernel._bind(library)
                return
            except ImportError as error:
                reason = f"is built in {library_name(record.namespace['__file__'])}, where {error}"
        if compiler_is_there():
            _let_forks_wait()
            from aotops.aot.pack.array_jit import compile_now

            kernel._bind(compile_now(record, f"{record.namespace.get('__name__', '__main__')}.{record.name} {reason}"))
            return
        errors.not_built(record.name, record.place, reason or "", command_for(record))


def runs_as_python(name: str) -> bool:
    """Whether user-defined operators run as plain Python; ``ValueError`` for a setting that says neither."""
    mode = os.environ.get("AOTOPS_PYTHON", "0")
    if mode not in ("0", "1", ""):
        errors.wrong_value(name, "AOTOPS_PYTHON", "0 or 1", mode)
    return mode == "1"


def compiler_is_there() -> bool:
    """Whether Numba could be imported."""
    from importlib.machinery import PathFinder

    return "numba" in sys.modules or PathFinder.find_spec("numba") is not None


def describe(record: Record) -> str:
    """The operator and its module."""
    return f"{module_of(record)}.{record.name}"
