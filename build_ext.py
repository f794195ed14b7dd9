"""The PEP 517 build backend: setuptools', with a ``build_ext`` that compiles the kernels first.

Everything about kernels is in ``aotops.aot``; here they only meet the C files of ``aotops.native`` in one
extension module, ``aotops._native``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from setuptools import Extension
from setuptools.build_meta import *  # noqa: F403  (a backend re-exports setuptools' hooks)
from setuptools.command.build_ext import build_ext as setuptools_build_ext
from setuptools.errors import ExecError, LibError

ROOT = Path(__file__).resolve().parent

if TYPE_CHECKING:
    Command = Any
else:
    Command = setuptools_build_ext

NO_COMPILER = (
    "aotops needs a C compiler to be built from source, and {error}.\n"
    "Install one (Debian and Ubuntu: apt install gcc; Fedora: dnf install gcc; macOS: xcode-select --install; "
    "Windows: the Build Tools for Visual Studio), or install a prebuilt wheel of aotops, which needs none."
)


class build_ext(Command):  # noqa: N801  (setuptools' name)
    """Compiles the kernels, then the extension that holds them."""

    def build_extension(self, extension: Extension) -> None:
        """Add the kernels' objects and table to the extension, and build it."""
        self.require_c_compiler()  # before the minute that the kernels may take
        sys.path.insert(0, str(ROOT / "src"))
        from aotops.aot.build import BuildError, build

        try:
            built = build(Path(self.build_temp).resolve(), ROOT / "build" / "kernels")
        except BuildError as error:
            raise SystemExit(f"error: {error}") from None
        extension.sources.append(os.path.relpath(built.table))
        extension.extra_objects.append(self.archive(built.objects))
        if self.compiler.compiler_type == "unix":
            extension.extra_compile_args += ["-std=c11", "-O2", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wshadow"]
            if sys.platform == "linux":
                # gcc's own OpenMP; elsewhere operations keep to one thread until wheels can bring a runtime along
                extension.extra_compile_args.append("-fopenmp")
                extension.extra_link_args += ["-fopenmp", "-Wl,--gc-sections", "-Wl,--strip-all"]
        else:
            extension.extra_compile_args += ["/std:c11"]
        super().build_extension(extension)

    def archive(self, objects: list[Path]) -> str:
        """One static library of all object files: a command line holds only so many of them."""
        name = self.compiler.library_filename("aotops_kernels", output_dir=self.build_temp)
        Path(name).unlink(missing_ok=True)  # archivers add to what is there
        try:
            self.compiler.create_static_lib([str(path) for path in objects], "aotops_kernels", self.build_temp)
        except (ExecError, LibError) as error:
            raise SystemExit("error: " + NO_COMPILER.format(error=error)) from None
        return str(name)

    def require_c_compiler(self) -> None:
        """Stop with advice if the C compiler cannot be started at all."""
        import shutil

        if self.compiler.compiler_type == "unix":  # elsewhere setuptools says so itself
            command = self.compiler.compiler_so[0]
            if shutil.which(command) is None:
                raise SystemExit("error: " + NO_COMPILER.format(error=f"there is no {command}"))
