"""Object files identified by their content: equal code is compiled, stored and linked once.

Each object defines one symbol, whose name is a digest of the object itself. It is compiled under a placeholder of the
same length, which the name then replaces. So the same code has the same name whatever it was compiled for: another
dtype of the same width, the combination of two sums and an addition, a level that is no better than the one below.

The build's folder of objects holds two kinds of files:

- ``<digest>.o``, an object that defines ``aot_<digest>``;
- ``<key>.json``, the result of compiling a kernel, by a digest of everything that it is compiled from: an object for
  each level that it is compiled for, and how long it took.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

DIGITS = 32
#: The name under which kernels are compiled.
PLACEHOLDER = f"aot_{'0' * DIGITS}"

#: Files that no build has used for this long are deleted, in seconds: 14 days. Builds by other Pythons, or of another
#: branch, share the folder, so files that this build does not need may be needed by the next.
KEPT = 14 * 86400


@dataclass(frozen=True)
class Made:
    """The result of compiling a kernel.

    Attributes:
        objects: for each level the digest of the object that defines it; None where it is not compiled for a level.
        seconds: the CPU time that it took to compile.
    """

    objects: tuple[str | None, ...]
    seconds: float

    @property
    def names(self) -> tuple[str, ...]:
        """The C name of the kernel for each level, or C's null pointer."""
        return tuple(["0" if digest is None else symbol_of(digest) for digest in self.objects])


def symbol_of(digest: str) -> str:
    """Return the C name that an object defines."""
    return f"aot_{digest}"


def path_of(cache: Path, digest: str) -> Path:
    """Return the path of an object."""
    return cache / f"{digest}.o"


def store(cache: Path, key: str, objects: Iterable[bytes | None], seconds: float) -> None:
    """Store a kernel's objects, one per level or None, which were compiled as ``PLACEHOLDER``."""
    digests: list[str | None] = []
    for data in objects:
        if data is None:
            digests.append(None)
            continue
        digest = hashlib.sha256(data).hexdigest()[:DIGITS]
        digests.append(digest)
        path = path_of(cache, digest)
        if not path.exists():
            write(path, data.replace(PLACEHOLDER.encode(), symbol_of(digest).encode()))
    write(cache / f"{key}.json", json.dumps(asdict(Made(tuple(digests), round(seconds, 3)))).encode())


def write(path: Path, data: bytes) -> None:
    """Write a file atomically: another build may share the folder."""
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)


def find(cache: Path, key: str, levels: int) -> Made | None:
    """Return the stored result of compiling a kernel, if it is complete, and mark it as used."""
    path = cache / f"{key}.json"
    try:
        found = json.loads(path.read_bytes())
        made = Made(tuple(found["objects"]), found["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    digests = {digest for digest in made.objects if digest is not None}
    whole = len(made.objects) == levels and all(in_use(path_of(cache, digest)) for digest in digests)
    return made if whole and in_use(path) else None


def in_use(path: Path) -> bool:
    """Return whether a file exists, and mark it as used."""
    try:
        if time.time() - path.stat().st_mtime > KEPT / 4:
            os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:
        pass  # another user's file, which can still be read
    return True


def delete_unused(cache: Path) -> None:
    """Delete files that no build has used recently, including those that interrupted builds left behind."""
    for path in cache.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT:
                path.unlink()
