"""Objects that were compiled in development, kept from one process to the next.

They lie in ``__pycache__`` beside the module, as its bytecode does, or, where that cannot be written to or there is no
file, in the user's cache folder. ``AOTOPS_JIT_CACHE`` names another folder; 0 means none. A file begins with a digest
of its content: what another process is just writing, or has left half-written, is not taken for an object.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

from aotops.user.library import library_name

#: Files kept of one kernel: of versions of a function that one goes back and forth between.
KEPT = 8


def folders(file: str | None) -> list[Path]:
    """Where objects of a module may be kept, the best place first."""
    chosen = os.environ.get("AOTOPS_JIT_CACHE")
    if chosen is not None:
        return [] if chosen in ("", "0") else [Path(chosen)]
    result = []
    if file is not None and not sys.dont_write_bytecode and sys.pycache_prefix is None:
        result.append(Path(file).resolve().parent / "__pycache__" / library_name(file))
    with contextlib.suppress(RuntimeError):  # no home
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        result.append(base / "aotops")
    return result


def find(file: str | None, symbol: str, key: str) -> bytes | None:
    """The object of a kernel of a module, if one is kept and whole."""
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
    """Keep an object, where that is possible."""
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
    """Remove the oldest of the objects of a kernel beyond those that are kept."""

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
