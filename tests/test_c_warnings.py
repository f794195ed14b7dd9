"""No C file makes a compiler warn: those of ``aotops._native``, what its build writes, and that of an extension."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from needs import NATIVE, PROJECT, requires_numba, requires_source

import aotops as ao
from aotops import ops

pytestmark = [requires_numba, requires_source]

COMPILERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"compiles by {name}, which is not installed here"),
    )
    for name in ("gcc", "clang")
]


def native_module() -> dict[str, Any]:
    """What the project's settings say of ``aotops._native``."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    module: dict[str, Any] = settings["tool"]["setuptools"]["ext-modules"][0]
    return module


def named(kernels: Iterable[Any]) -> dict[str, list[str]]:
    """Names of the kernels' functions for each level, as a build would give them; none is compiled."""
    from aotops.aot.back.levels import levels

    return {kernel.symbol: [f"{kernel.symbol}_function"] * len(levels()) for kernel in kernels}


def generated(folder: Path) -> Path:
    """The C file that the build of ``aotops._native`` writes into a folder, with its headers."""
    from aotops.aot.pack.build import write_table
    from aotops.aot.pack.routines import own_kernels

    records = ops.collect().values()
    return write_table(folder, records, named(own_kernels(records)))


def of_users(folder: Path) -> Path:
    """The C file of an extension that has an operator with a derivative, a reduction, and array kernels."""
    from aotops.aot.back.levels import levels
    from aotops.aot.pack.array_code import ArrayCode
    from aotops.aot.pack.build import codes_of
    from aotops.aot.pack.extension import library_source
    from aotops.aot.pack.manifest import manifest

    @ao.map(dtypes="float64")
    def cube(x):
        return x * x * x

    @cube.derivative
    def _(x, y, g):
        return 3.0 * x * x * g

    @ao.reduce(identity=0.0, dtypes="float64")
    def total(a, b):
        return a + b

    @ao.kernel("(n),()->(n)", dtypes=[("float64", "int64", "float64")])
    def scaled(x, factor, out):
        for i in range(x.shape[0]):
            out[i] = x[i] * factor

    @ao.function("(float64, float64) -> float64")
    def middle(x, y):
        return (x + y) / 2

    records = [cube._record, cube._record.gradient, total._record, scaled._record, middle._record]
    codes = codes_of(records)
    kernels = [code for code in codes if not isinstance(code, ArrayCode)]
    file = folder / "extension.c"
    file.write_text(library_source("extension", kernels, records, levels(), named(codes), manifest(records)))
    return file


def warnings_of(compiler: str, files: Iterable[Path], folder: Path) -> str:
    """What a compiler prints about some files with the options of the build, and says to be errors.

    Without optimization, which takes twice as long; with ``-fsyntax-only`` gcc says nothing of unused functions.
    """
    from aotops.aot.pack.link import C_OPTIONS

    defines = [f"-D{name}={value}" for name, value in native_module()["define-macros"]]
    included = [f"-I{each}" for each in (folder, NATIVE, sysconfig.get_path("include"))]
    command = [compiler, *C_OPTIONS, "-O0", "-S", "-Werror", *defines, *included, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compilers_do_not_warn(compiler: str, tmp_path: Path) -> None:
    files = [PROJECT / name for name in native_module()["sources"]]
    assert warnings_of(compiler, [*files, generated(tmp_path), of_users(tmp_path)], tmp_path) == ""


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("static int lone(void) { return 0; }", "unused-function"),
        ("int both(int a) { unsigned b = 1; return a < b; }", "sign-compare"),
        ("int hide(int a) { { int a = 1; return a; } }", "shadow"),
        ("int nothing(void) { }", "return-type"),
    ],
)
def test_warnings_are_found(compiler: str, line: str, warning: str, tmp_path: Path) -> None:
    """Also in a copy of a file of aotops, so that what it includes hides none."""
    file = tmp_path / "product.c"
    file.write_text((NATIVE / file.name).read_text() + line + "\n")
    generated(tmp_path)
    assert warning in warnings_of(compiler, [file], tmp_path)
