"""The PEP 517 build backend: setuptools', with a ``build_ext`` that compiles the kernels first.

Everything about kernels is in ``aotops.aot``; here they only meet the C files of ``aotops.native`` in one
extension module, ``aotops._native``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from setuptools import Extension
from setuptools.build_meta import *  # noqa: F403  (a backend re-exports setuptools' hooks)
from setuptools.command.build_ext import build_ext as setuptools_build_ext

ROOT = Path(__file__).resolve().parent

if TYPE_CHECKING:
    Command = Any
else:
    Command = setuptools_build_ext


class build_ext(Command):  # noqa: N801  (setuptools' name)
    """Compiles the kernels, then the extension that holds them."""

    def build_extension(self, extension: Extension) -> None:
        """Add the kernels' objects and table to the extension, and build it."""
        sys.path.insert(0, str(ROOT / "src"))
        from aotops.aot.build import build
        from aotops.aot.link import add_kernels, require_c_compiler
        from aotops.errors import BuildError

        try:
            require_c_compiler(self)  # before the minute that the kernels may take
            built = build(Path(self.build_temp).resolve(), ROOT / "build" / "kernels")
            add_kernels(self, extension, built.table, built.objects, threads=True)
        except BuildError as error:
            raise SystemExit(f"error: {error}") from None
        super().build_extension(extension)
