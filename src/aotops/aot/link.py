"""What the builds of aotops and of users' operators have to do with C compiler and linker, by way of setuptools."""

from __future__ import annotations

import os
import shutil
import sys
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
            if threads:
                # gcc's own OpenMP; elsewhere operations keep to one thread until wheels can bring a runtime along
                extension.extra_compile_args.append("-fopenmp")
                extension.extra_link_args.append("-fopenmp")
    else:
        extension.extra_compile_args += ["/std:c11"]
