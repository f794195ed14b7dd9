"""Compile and link kernels into an extension, through setuptools."""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from setuptools import Extension

from aotops.aot.pack.archive import write_archive
from aotops.errors import BuildError

NO_COMPILER = (
    "a C compiler is needed to link kernels into an extension, and {error}.\n"
    "Install one (Debian and Ubuntu: apt install gcc; Fedora: dnf install gcc; macOS: xcode-select --install; "
    "Windows: the Build Tools for Visual Studio), or install a prebuilt wheel, which needs none."
)


#: How the C files of an extension are compiled where compilers take the options of gcc.
C_OPTIONS = ("-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wshadow")


#: The error for a universal2 Python, which would compile extensions for several architectures.
SEVERAL_ARCHITECTURES = (
    "kernels are compiled for this machine, {machine}, and the C compiler for {told}, as this Python was built. For a "
    "wheel of this machine set ARCHFLAGS='-arch {machine}' and _PYTHON_HOST_PLATFORM=macosx-{least}-{machine}, and "
    "build another one on the other kind of Mac"
)


def require_c_compiler(command: Any, in_place: bool = False) -> None:
    """Raise ``BuildError`` with advice if the C compiler of a ``build_ext`` command cannot link kernels.

    It cannot if it cannot be started, or if it compiles for several architectures, as with universal2 Pythons. An
    extension that is built ``in_place`` is only for this machine, so it is compiled for this architecture only.
    """
    compiler = command.compiler
    if compiler.compiler_type != "unix":  # elsewhere setuptools says so itself
        return
    name = compiler.compiler_so[0]
    if shutil.which(name) is None:
        raise BuildError(NO_COMPILER.format(error=f"there is no {name}"))
    told, machine = architectures(compiler.compiler_so), platform.machine()
    if told and told != {machine}:
        if machine not in told or not in_place:
            least = "11.0" if machine == "arm64" else "10.13"
            names = " and ".join(sorted(told))
            raise BuildError(SEVERAL_ARCHITECTURES.format(machine=machine, told=names, least=least))
        for attribute in ("compiler", "compiler_so", "linker_so"):
            words = getattr(compiler, attribute)
            unwanted = [k for k, word in enumerate(words[:-1]) if word == "-arch" and words[k + 1] != machine]
            kept = [word for k, word in enumerate(words) if k not in unwanted and k - 1 not in unwanted]
            setattr(compiler, attribute, kept)


def architectures(words: list[str]) -> set[str]:
    """Return the architectures that a command of Apple's compiler names; none if it compiles for its own."""
    return {after for word, after in itertools.pairwise(words) if word == "-arch"}


def extension_file(name: str) -> str:
    """Return the file of an extension module of the limited API, by its dotted name, for all Pythons from 3.11 on.

    Setuptools uses the first such suffix of the Python that runs the build: from 3.15 on this contains the platform's
    name, and earlier Pythons would not find the file.
    """
    return os.path.join(*name.split(".")) + (".pyd" if os.name == "nt" else ".abi3.so")


@contextlib.contextmanager
def without_run_paths(compiler: Any) -> Iterator[None]:
    """Link an extension without the run-time library paths of the Python that runs the build.

    They would be searched wherever the extension runs. Paths in the environment's LDFLAGS are kept.
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
    """Group a linker's options, each with its value if that is a separate word."""
    groups: list[tuple[str, ...]] = []
    rest = iter(words)
    for word in rest:
        groups.append(
            (word, *itertools.islice(rest, 1)) if word in ("-Wl,-rpath", "-Wl,--rpath", "-Wl,-R") else (word,)
        )
    return groups


def run_paths(words: list[str]) -> list[tuple[str, ...]]:
    """Return the linker options that add a run-time library path."""
    return [each for each in grouped(words) if each[0].startswith(("-Wl,-rpath", "-Wl,--rpath", "-Wl,-R", "-R"))]


def source_path(source: Path) -> str:
    """Return a source path that setuptools accepts: relative, or unchanged if it is on another drive of Windows."""
    try:
        return os.path.relpath(source)
    except ValueError:
        return str(source)


def add_kernels(
    command: Any, extension: Extension, source: Path, objects: Mapping[str, Path], *, threads: bool
) -> None:
    """Give an extension of a ``build_ext`` command its generated source and its kernels' objects, by their symbols."""
    extension.sources.append(source_path(source))
    archive = source.with_name(command.compiler.library_filename(f"{extension.name}_kernels"))
    write_archive(archive, objects)
    extension.extra_objects.append(str(archive))
    if command.compiler.compiler_type == "unix":
        extension.extra_compile_args += C_OPTIONS
        if sys.platform == "linux":
            extension.extra_link_args += ["-Wl,--gc-sections", "-Wl,--strip-all"]
            # The C library is linked even if no kernel calls it, since auditwheel determines a wheel's platform from
            # it; its mathematics, for user-defined kernels that call it.
            libraries = ["-Wl,--push-state,--no-as-needed", "-lc", "-Wl,--as-needed", "-lm", "-Wl,--pop-state"]
            extension.extra_link_args += libraries
            if threads:  # from glibc 2.34 on they are in the C library
                extension.extra_compile_args.append("-pthread")
                extension.extra_link_args.append("-pthread")
    else:
        extension.extra_compile_args += ["/std:c11"]
