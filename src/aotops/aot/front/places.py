"""How messages quote source code: the file, the line number, and the line itself."""

from __future__ import annotations

import linecache
from types import CodeType


def quoted(path: str, line: int) -> str:
    """Return a line of source, with its file and number; without the text where the file cannot be read."""
    source = linecache.getline(path, line).strip()
    return f"  {path}, line {line}" + (f": {source}" if source else "")


def place(code: CodeType, line: int) -> str:
    """Return a line of a function's source, with its file and number."""
    return quoted(code.co_filename, line)


def source_of(place: str) -> str:
    """Return a location, ``file, line N``, with its source line."""
    path, _, number = place.rpartition(", line ")
    return quoted(path, int(number)) if number.isdigit() else f"  {place}"
