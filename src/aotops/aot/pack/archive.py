"""Writing static libraries without an archiver: one file on the linker's command line instead of hundreds.

Windows limits a command line to 32,767 characters; the 663 paths of aotops' own objects have 51,714, and setuptools
passes them to Microsoft's ``lib`` all at once. A library is a sequence of members, each with a header of 60 characters;
the first member is an index of symbols. There are three kinds of indices:

- ``gnu``: offsets in big-endian order, then the names. GNU ld, gold, mold, LLVM's lld, and MinGW's.
- ``coff``: the same, and a second, sorted index in little-endian order, which Microsoft's linker reads.
- ``bsd``: pairs of offsets, of a name and of a member, followed by the names. Apple's ld.

Members have no dates, owners or paths, so the same objects give the same library.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

MAGIC = b"!<arch>\n"


def native_kind() -> str:
    """Return the kind of index that this platform's linkers read."""
    return {"darwin": "bsd", "win32": "coff"}.get(sys.platform, "gnu")


def archive(objects: Mapping[str, bytes], kind: str) -> bytes:
    """Return a static library of object files by the names of the symbols that they define, one each."""
    names = [("_" if kind == "bsd" else "") + name for name in objects]
    bodies = [member(f"{name[-12:]}.o", data, kind) for name, data in objects.items()]
    # the index contains the offsets of members, which depend on its length, but not on its content
    offset = len(MAGIC) + sum(map(len, indices(names, [0] * len(names), kind)))
    offsets = []
    for body in bodies:
        offsets.append(offset)
        offset += len(body)
    return MAGIC + b"".join([*indices(names, offsets, kind), *bodies])


def member(name: str, data: bytes, kind: str) -> bytes:
    """Return a member: its header and its content."""
    if kind == "bsd":
        # Apple's linker requires 64-bit objects at multiples of 8, so the names before them are padded to 20 bytes
        data = name.encode("ascii").ljust(20, b"\0") + data + b"\0" * (-len(data) % 8)
        return header("#1/20", len(data)) + data
    # names end with a slash; the index's name is a slash alone
    return header(name if name == "/" else f"{name}/", len(data)) + data + b"\n" * (len(data) % 2)


def header(name: str, size: int) -> bytes:
    """Return a member's header: its name, date, owner, group, mode and size."""
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{size:<10}`\n".encode("ascii")


def indices(names: list[str], offsets: list[int], kind: str) -> Iterator[bytes]:
    """Return the index: the members that map symbols to the members that define them."""
    strings = b"".join(name.encode("ascii") + b"\0" for name in names)
    if kind == "bsd":
        starts, start = [], 0
        for name in names:
            starts.append(start)
            start += len(name) + 1
        pairs = b"".join(struct.pack("<II", *pair) for pair in zip(starts, offsets, strict=True))
        padded = strings + b"\0" * (-len(strings) % 8)
        data = struct.pack("<I", len(pairs)) + pairs + struct.pack("<I", len(padded)) + padded
        yield member("__.SYMDEF SORTED" if names == sorted(names) else "__.SYMDEF", data, kind)
        return
    yield member("/", struct.pack(f">I{len(names)}I", len(names), *offsets) + strings, kind)
    if kind == "coff":
        order = sorted(range(len(names)), key=lambda k: names[k].encode("ascii"))
        data = struct.pack(f"<I{len(names)}I", len(names), *offsets)
        data += struct.pack(f"<I{len(names)}H", len(names), *(k + 1 for k in order))
        yield member("/", data + b"".join(names[k].encode("ascii") + b"\0" for k in order), kind)


def write_archive(path: Path, members: Mapping[str, Path], kind: str | None = None) -> None:
    """Write a static library of object files, by the symbols that they define, in their order."""
    objects = {name: file.read_bytes() for name, file in members.items()}
    path.write_bytes(archive(objects, kind or native_kind()))
