"""The cache of objects that were compiled in development.

They are stored in the module's ``__pycache__``, like its bytecode, or, if that is not writable or there is no file, in
the user's cache folder. ``AOTOPS_JIT_CACHE`` names another folder; 0 turns the cache off. A file begins with a digest
of its content, so a file that another process has not finished writing is not taken for an object.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

from aotops.user.library import library_name

#: Files per kernel: several versions of a function, between which its author may alternate.
KEPT = 8


def folders(file: str | None) -> list[Path]:
    """Yield the folders that may hold the objects of a module, the best one first."""
    chosen = os.environ.get("AOTOPS_JIT_CACHE")
    if chosen is not None:
        return [] if chosen in ("", "0") else [Path(chosen)]
    result = []
    if file is not None and not sys.dont_write_bytecode and sys.pycache_prefix is None:
        result.append(Path(file).resolve().parent / "__pycache__" / library_name(file))
    with contextlib.suppress(RuntimeError):  # no home folder
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        result.append(base / "aotops")
    return result


def find(file: str | None, symbol: str, key: str) -> bytes | None:
    """Return the object of a kernel of a module if it is cached and complete."""
    for folder in folders(file):
        try:
            content = _path(folder, symbol, key).read_bytes()
        except OSError:
            continue
        digest, data = content[:32], content[32:]
        if hashlib.sha256(data).digest() == digest:
            return data
    return None


def keep(file: str | None, symbol: str, key: str, data: bytes) -> None:
    """Store an object if possible."""
    for folder in folders(file):
        path = _path(folder, symbol, key)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".jit-")
        except OSError:
            continue
        try:
            with open(handle, "wb") as target:
                target.write(hashlib.sha256(data).digest() + data)
            os.replace(temporary, path)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            if isinstance(error, OSError):
                continue
            raise
        _prune(folder, symbol)
        return


def _path(folder: Path, symbol: str, key: str) -> Path:
    return folder / f"{symbol[:100]}-{key}.jit"


def _prune(folder: Path, symbol: str) -> None:
    """Remove the oldest objects of a kernel beyond the number of files per kernel."""

    def age(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:  # another process has removed it
            return 0.0

    prefix = f"{symbol[:100]}-"
    paths = [path for path in folder.glob("*.jit") if path.name.rpartition("-")[0] + "-" == prefix]
    for path in sorted(paths, key=age, reverse=True)[KEPT:]:
        with contextlib.suppress(OSError):
            path.unlink()
