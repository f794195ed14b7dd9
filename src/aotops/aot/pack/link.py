"""What the builds of aotops and of users' operators have to do with C compiler and linker, by way of setuptools."""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.errors import ExecError, LibError

from aotops.errors import BuildError

NO_COMPILER = (
    "a C compiler is needed to link kernels into an extension, and {error}.\n"
    "Install one (Debian and Ubuntu: apt install gcc; Fedora: dnf install gcc; macOS: xcode-select --install; "
    "Windows: the Build Tools for Visual Studio), or install a prebuilt wheel, which needs none."
)


def require_c_compiler(command: Any) -> None:
    """Raise ``BuildError`` with advice if the C compiler of a ``build_ext`` command cannot be started at all."""
    if command.compiler.compiler_type == "unix":  # elsewhere setuptools says so itself
        name = command.compiler.compiler_so[0]
        if shutil.which(name) is None:
            raise BuildError(NO_COMPILER.format(error=f"there is no {name}"))


def extension_file(name: str) -> str:
    """The file of an extension module of the limited API, by its name in dots, for every Python from 3.11 on.

    Setuptools takes the first suffix that the Python of the build knows for such files: from 3.15 on one with the
    name of the platform, which no earlier Python looks for.
    """
    return os.path.join(*name.split(".")) + (".pyd" if os.name == "nt" else ".abi3.so")


@contextlib.contextmanager
def without_run_paths(compiler: Any) -> Iterator[None]:
    """While an extension is linked: without the places where the Python of the build looks for its own libraries.

    They would be looked through wherever the extension runs. Those that the environment's LDFLAGS ask for remain.
    """
    before = getattr(compiler, "linker_so", None)
    if isinstance(before, list):
        configured = " ".join(str(sysconfig.get_config_var(name) or "") for name in ("LDSHARED", "LDFLAGS"))
        wanted = run_paths(shlex.split(os.environ.get("LDFLAGS", "")))
        unwanted = [each for each in run_paths(shlex.split(configured)) if each not in wanted]
        compiler.linker_so = [word for each in grouped(before) if each not in unwanted for word in each]
    try:
        yield
    finally:
        if before is not None:
            compiler.linker_so = before


def grouped(words: list[str]) -> list[tuple[str, ...]]:
    """A linker's options, each with its value where that is a word of its own."""
    groups: list[tuple[str, ...]] = []
    rest = iter(words)
    for word in rest:
        groups.append(
            (word, *itertools.islice(rest, 1)) if word in ("-Wl,-rpath", "-Wl,--rpath", "-Wl,-R") else (word,)
        )
    return groups


def run_paths(words: list[str]) -> list[tuple[str, ...]]:
    """Those of a linker's options that name a place to look for libraries at run time."""
    return [each for each in grouped(words) if each[0].startswith(("-Wl,-rpath", "-Wl,--rpath", "-Wl,-R", "-R"))]


def add_kernels(command: Any, extension: Extension, source: Path, objects: list[Path], *, threads: bool) -> None:
    """Give an extension of a ``build_ext`` command its generated source and its kernels' objects."""
    extension.sources.append(os.path.relpath(source))
    # one static library of all object files: a command line holds only so many of them
    name = f"{extension.name}_kernels"
    archive = command.compiler.library_filename(name, output_dir=command.build_temp)
    Path(archive).unlink(missing_ok=True)  # archivers add to what is there
    try:
        command.compiler.create_static_lib([str(path) for path in objects], name, command.build_temp)
    except (ExecError, LibError) as error:
        raise BuildError(NO_COMPILER.format(error=error)) from None
    extension.extra_objects.append(str(archive))
    if command.compiler.compiler_type == "unix":
        extension.extra_compile_args += ["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wshadow"]
        if sys.platform == "linux":
            extension.extra_link_args += ["-Wl,--gc-sections", "-Wl,--strip-all"]
            # The C library is named even by kernels that call nothing of it, since auditwheel tells by it which one a
            # wheel is for; its mathematics where kernels of users call it.
            libraries = ["-Wl,--push-state,--no-as-needed", "-lc", "-Wl,--as-needed", "-lm", "-Wl,--pop-state"]
            extension.extra_link_args += libraries
            if threads:
                # gcc's own OpenMP; elsewhere operations keep to one thread until wheels can bring a runtime along
                extension.extra_compile_args.append("-fopenmp")
                extension.extra_link_args.append("-fopenmp")
    else:
        extension.extra_compile_args += ["/std:c11"]
