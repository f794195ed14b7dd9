"""The PEP 517 build backend: that of setuptools, with a ``build_ext`` that compiles the kernels first.

``aotops.aot`` compiles the kernels; this file only links them with the C files of ``aotops.native`` into one extension
module, ``aotops._native``.
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


def import_own_package() -> None:
    """Import the aotops that is being built, even if an installed one has been imported before."""
    source = ROOT / "src"
    loaded = sys.modules.get("aotops")
    if loaded is not None and Path(str(loaded.__file__)).resolve().parent != source / "aotops":
        for name in [name for name in sys.modules if name.partition(".")[0] == "aotops"]:
            del sys.modules[name]
    if sys.path[0] != str(source):
        sys.path.insert(0, str(source))
    try:
        import aotops
    except ImportError as error:
        # An extension that an earlier build left in the source tree need not load with sources that have changed since
        # (a symbol may be missing). It is of no use, and the build is about to replace it.
        broken = Path(error.path or "")
        if not broken.name.startswith("_native.") or broken.resolve().parent != source / "aotops":
            raise
        broken.unlink()
        import aotops

    if Path(aotops.__file__).resolve().parent != source / "aotops":
        raise SystemExit(f"error: the build of {source / 'aotops'} has imported {aotops.__file__}")


class build_ext(Command):  # noqa: N801  (setuptools' name)
    """Compiles the kernels, then the extension that holds them."""

    def get_ext_filename(self, fullname: str) -> str:
        """Return the extension's file, relative to the folder of packages."""
        import_own_package()
        from aotops.aot.pack.link import extension_file

        return extension_file(fullname)

    def build_extension(self, extension: Extension) -> None:
        """Add the kernels' objects and table to the extension, and build it."""
        import_own_package()
        from aotops.aot.front.requirements import require_compiler
        from aotops.aot.pack.build import build
        from aotops.aot.pack.link import add_kernels, require_c_compiler, without_run_paths
        from aotops.errors import BuildError

        try:
            # check first: compiling the kernels may take minutes
            require_compiler()
            require_c_compiler(self)
            built = build(Path(self.build_temp).resolve(), ROOT / "build" / "kernels")
            extension.include_dirs.append(str(built.table.parent))  # the generated header is beside the table
            add_kernels(self, extension, built.table, built.objects, threads=True)
        except BuildError as error:
            raise SystemExit(f"error: {error}") from None
        with without_run_paths(self.compiler):
            super().build_extension(extension)
