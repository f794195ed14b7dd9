"""The libraries of user-defined operators: the extension beside a module's file, if it is what the module declares.

A build writes the facts of every operator beside its kernels; they are compared with the declaration in memory.
"""

from __future__ import annotations

import _imp
import os

from aotops import _native
from aotops._native import Operator
from aotops.user.declare import module_of

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.ops.record import Record
    from aotops.user.array_record import ArrayRecord
    from aotops.user.identity import Manifest

    Declared = Record | ArrayRecord

#: By the file of a module: the extension beside it, and what that was built from.
_libraries: dict[str, tuple[Any, Manifest]] = {}


def library_of(record: Declared) -> tuple[Any, str | None]:
    """The capsule with the kernels of a record; or None, and the reason why it has none."""
    file = file_of(record)
    if file is None:
        return None, "is not declared in a file, so it cannot be built"
    if file not in _libraries:
        extension, reason = find_library(file, record.namespace.get("__loader__"))
        if extension is None:
            return None, reason if is_bound(record) else NO_VARIABLE
        from aotops.user.identity import Manifest

        _libraries[file] = extension, Manifest(extension.manifest)
    extension, manifest = _libraries[file]
    if record.name in manifest.operators:
        difference = manifest.difference(record, record.name)
        if difference is None:
            # an extension has array kernels in a capsule of their own
            return getattr(extension, getattr(record, "capsule", "library")), None
    if not is_bound(record):
        return None, NO_VARIABLE
    name = os.path.basename(extension.__file__)
    if record.name not in manifest.operators:
        return None, f"is not among the operators that {name} was built from"
    return None, f"is not what {name} was built from: {difference}"


NO_VARIABLE = "is not held by a variable of its module, so it cannot be built: assign it to one"


def file_of(record: Declared) -> str | None:
    """The file of the module that declares an operator; None for code that is typed or read from a pipe."""
    file = record.namespace.get("__file__")
    return None if file is None or file.startswith("<") else file


def is_bound(record: Declared) -> bool:
    """Whether a variable of the module holds a declared operator, where the build would find it."""
    public = getattr(record, "public", Operator)  # an array kernel's record has a class of its own
    return any(
        isinstance(value, public) and value._record is not None and record in (value._record, value._record.gradient)
        for value in list(record.namespace.values())
    )


def library_name(file: str) -> str:
    """The name of the extension module that is built for a file: an ASCII identifier, which C and linkers take."""
    stem = os.path.splitext(os.path.basename(file))[0]
    if stem.isascii() and f"_{stem}".isidentifier():
        return f"_{stem}_aotops"
    spelled = [c if c.isascii() and c.isalnum() else "__" if c == "_" else f"_{ord(c):x}_" for c in stem]
    return f"_{''.join(spelled)}_aotops_spelled"


def find_library(file: str, loader: Any = None) -> tuple[Any, str | None]:
    """The extension beside a file, loaded, or None and why it cannot be used.

    Where the file is in a zip archive, as its module's loader knows, the extension is loaded from a copy.
    """
    folder, name = os.path.dirname(os.path.abspath(file)), library_name(file)
    own = _native.__spec__
    assert own is not None and own.origin is not None  # an extension module has a file
    suffixes = [*_imp.extension_suffixes(), os.path.basename(own.origin).partition("_native")[2]]
    paths = [os.path.join(folder, name + suffix) for suffix in suffixes]
    archive = getattr(loader, "archive", None)  # of zipimport
    for path in paths:
        if os.path.exists(path):
            return load_library(name, path)
        if isinstance(archive, str) and path.startswith(os.path.abspath(archive) + os.sep):
            try:
                data = loader.get_data(archive + path[len(os.path.abspath(archive)) :])
            except OSError:
                continue
            return load_copy(name, path, data)
    return None, "is not built"


def load_copy(name: str, path: str, data: bytes) -> tuple[Any, str | None]:
    """An extension from an archive, loaded from a temporary file."""
    from tempfile import TemporaryDirectory  # 10 ms, in a zip application alone

    try:
        # a loaded library outlives its file; on Windows the file cannot be deleted either
        with TemporaryDirectory(prefix="aotops-", ignore_cleanup_errors=True) as folder:
            copy = os.path.join(folder, os.path.basename(path))
            with open(copy, "wb") as file:
                file.write(data)
            return load_library(name, copy)
    except OSError as error:
        return None, f"is built in {path}, which cannot be copied ({error})"


def load_library(name: str, path: str) -> tuple[Any, str | None]:
    """An extension by its path, or None and why it cannot be used."""
    # those of importlib, whose import would take a millisecond
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import ExtensionFileLoader

    loader = ExtensionFileLoader(name, path)
    spec = ModuleSpec(name, loader, origin=path)
    try:
        library: Any = loader.create_module(spec)
        loader.exec_module(library)
        library.__file__ = path
        version = library.kernel_version
    except (ImportError, AttributeError) as error:
        return None, f"is built in {path}, which cannot be loaded ({error})"
    if version != _native.kernel_version:
        return None, (
            f"is built for another aotops: {path} has kernels of version {version}, "
            f"and aotops {_native.kernel_version} is installed"
        )
    return library, None


def command_for(record: Declared) -> str:
    """The command that builds the module that declares an operator; "" if there is none."""
    namespace, file = record.namespace, file_of(record)
    if file is None or not is_bound(record):
        return ""
    if namespace.get("__package__"):
        return f"aotops build {namespace['__spec__'].name if namespace.get('__spec__') else module_of(record)}"
    return f"aotops build {os.path.relpath(file)}"
