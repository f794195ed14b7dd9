"""The exceptions in the code of an array kernel: static text in place of what Numba pickles.

A kernel that raises stores the address of a structure whose first member points to the text: the class, the file, the
line and the message, in lines. A class of the user's is its module, its name there and the class of Python's that it
inherits from, between colons. Files are relative to the project, so that no path of the machine that built a wheel
is in it.
"""

from __future__ import annotations

import os
import pickle
import re
import sysconfig
from pathlib import Path

import aotops
from aotops.aot.arrays.classes import place_of
from aotops.aot.front.reasons import CompileError
from aotops.scalar.rejected import RAISED

_DATA = re.compile(
    r'^@(\S*\.const\.pickledata\.\w+(?:\.\d+)*) = [^\n]*?constant \[\d+ x i8\] c"([^\n]*?)"[^\n]*$', re.MULTILINE
)
_SUM = re.compile(r"^@\S*\.const\.pickledata\.\w+\.sha1\S* = [^\n]*$\n?", re.MULTILINE)
_STRUCT = re.compile(
    r"^(@\S*\.const\.picklebuf\.\S+ = [^\n]*?\{ ptr, i32, ptr, ptr, i32 \} \{ ptr @\S+, i32 )\d+, ptr @[^,]+, [^\n]*$",
    re.MULTILINE,
)
#: The names of constants with the places of calls, as ``aotops.aot.arrays.pipeline`` makes them: this and a number.
PLACE = "aotops.called_at"
_PLACE = re.compile(rf'^@({re.escape(PLACE)}[.\d]*) = [^\n]*?constant \[\d+ x i8\] c"([^\n]*?)"[^\n]*$', re.MULTILINE)


def with_texts(text: str, root: str) -> str:
    """Replace what is pickled in the text of a module, and the places of calls; files are relative to ``root``.

    Raises ``CompileError``.
    """

    def data(match: re.Match[str]) -> str:
        if ".sha1" in match[1]:
            return match[0]
        # numba writes what it has pickled in this process
        kind, arguments, place = pickle.loads(_content(match[2]))
        return _constant(match[1], described(kind, arguments or (), place, root))

    def called(match: re.Match[str]) -> str:
        file, _, line = _content(match[2]).decode().rstrip("\0").rpartition("\n")
        return _constant(match[1], f"{relative(file, root)}\n{line}")

    text = _PLACE.sub(called, _DATA.sub(data, text))
    text = _STRUCT.sub(lambda match: f"{match[1]}0, ptr null, ptr null, i32 0 }}", text)
    return _SUM.sub("", text)


def _content(spelled: str) -> bytes:
    """Return the bytes of a constant as LLVM spells them."""

    def byte(code: re.Match[bytes]) -> bytes:
        return bytes([int(code[1], 16)]) if len(code[1]) == 2 else b"\\"

    return re.sub(rb"\\([0-9A-Fa-f]{2}|\\)", byte, spelled.encode("latin-1"))


def _constant(name: str, text: str) -> str:
    """Return the definition of a constant that is a string."""
    content = text.encode("utf-8", "backslashreplace") + b"\0"
    spelled = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:02X}" for b in content)
    return f'@{name} = private unnamed_addr constant [{len(content)} x i8] c"{spelled}"'


def described(kind: type, arguments: tuple[object, ...], place: tuple[str, str, int] | None, root: str) -> str:
    """Return the text of an exception."""
    name = kind.__name__
    file, line = ("", 0) if place is None else (relative(place[1], root), place[2])
    if name == "StopIteration" and file == "":
        name = "RuntimeError"  # of Numba's own loops, which never lets it out
    if kind.__module__.partition(".")[0] == "numpy":  # AxisError, LinAlgError
        name = next((each.__name__ for each in kind.__mro__ if each.__module__ == "builtins"), name)
    place_in_source = f"\n  {place[1]}, line {place[2]}" if place else ""
    if kind.__module__.partition(".")[0] not in ("builtins", "numpy"):
        name = own_class(kind, place_in_source)
    elif name not in RAISED:
        raise CompileError(f"It raises {name}; raise one of {', '.join(RAISED)}, or a class of yours.{place_in_source}")
    # some of Numba's own name the file once more, by its path
    message = ", ".join(map(str, arguments)).partition('\nFile "')[0] or kind.__name__
    return "\n".join([name, file, str(line), message])


def own_class(kind: type, place: str) -> str:
    """Return where a class of the user's is, and the class of Python's that it inherits from, between colons."""
    base = next(each for each in kind.__mro__ if each.__module__ == "builtins")
    found = place_of(kind)
    classes = kind.__mro__[: kind.__mro__.index(base)]
    if base.__name__ not in RAISED:
        reason = f"which inherits from {base.__name__}; raise one that inherits from one of {', '.join(RAISED)}"
    elif any({"__init__", "__new__"} & vars(each).keys() for each in classes):
        reason = "which has parameters of its own; raise one that takes a message"
    elif found is None:
        reason = f"which the module {kind.__module__} does not have by that name; declare it at the top of a module"
    else:
        return f"{':'.join(found.splitlines())}:{base.__name__}"
    raise CompileError(f"It raises {kind.__module__}.{kind.__qualname__}, {reason}.{place}")


def is_of_project(file: str) -> bool:
    """Whether a file is the user's: not Numba's, nor of another package, nor generated code."""
    if file == "<string>":
        return False
    path = Path(os.path.abspath(file))
    own = os.path.dirname(os.path.abspath(aotops.__file__))
    folders = {own, *(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib"))}
    return not any(folder and path.is_relative_to(folder) for folder in folders)


def relative(file: str, root: str) -> str:
    """Return a file relative to the project, "" for one that is not of it."""
    if not is_of_project(file):
        return ""
    path = Path(os.path.abspath(file))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
