"""What some tests need that need not be there, as marks that skip with the reason; and copies of aotops."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

import aotops as ao

#: aotops as it is imported, wherever it is installed.
PACKAGE = Path(ao.__file__).resolve().parent
#: The project that the tests belong to; a wheel's tests may lie alone.
PROJECT = Path(__file__).resolve().parents[1]
NATIVE = PROJECT / "src" / "aotops" / "native"

requires_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None or importlib.util.find_spec("setuptools") is None,
    reason="compiling kernels takes Numba and setuptools, which are not both installed here",
)
requires_compiler = pytest.mark.skipif(
    sys.platform != "win32" and not any(shutil.which(name) for name in ("cc", "gcc", "clang")),
    reason="linking kernels into an extension takes a C compiler, and there is none here",
)
requires_source = pytest.mark.skipif(
    not (PROJECT / "build_ext.py").exists() or not NATIVE.is_dir(),
    reason="needs the project's source tree, and the tests lie alone",
)
requires_readelf = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("readelf") is None,
    reason="needs Linux and the program readelf of the binutils",
)
requires_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="shares memory with PyTorch, which is not installed here"
)
requires_pyarrow = pytest.mark.skipif(
    importlib.util.find_spec("pyarrow") is None, reason="shares memory with PyArrow, which is not installed here"
)
requires_pandas = pytest.mark.skipif(
    importlib.util.find_spec("pandas") is None, reason="makes columns of pandas, which is not installed here"
)

#: What a build is started with that compiles a few kernels. Two processes would compile them no sooner: each takes 1.5
#: seconds of CPU time until it has imported the compiler.
ONE_JOB = {"OMP_NUM_THREADS": "1"}


def copy_package(folder: Path) -> None:
    """Copy the installed aotops into a folder, with the libraries that a repaired wheel has beside it.

    Its bytecode goes with it, so that processes that run the copy need not compile it, but no file of it that another
    process is writing.
    """
    leave_out = shutil.ignore_patterns("*.pyc.*")
    shutil.copytree(PACKAGE, folder / "aotops", ignore=leave_out)
    for beside in ("aotops.libs", "aotops_setuptools.py"):
        source = PACKAGE.parent / beside
        if source.is_dir():
            shutil.copytree(source, folder / beside)
        elif source.is_file():
            shutil.copy(source, folder)
