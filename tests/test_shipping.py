"""Operators in projects of every shape: built, shipped and found again; what builds say; what wheels hold."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
import types
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from needs import (
    NATIVE,
    ONE_JOB,
    PACKAGE,
    PROJECT,
    copy_package,
    requires_compiler,
    requires_numba,
    requires_readelf,
    requires_source,
)

import aotops as ao
from aotops import _native
from aotops.aot.front import requirements
from aotops.user.library import library_name

OPERATORS = """
import math
import aotops as ao

@ao.map(dtypes="float64")
def twice(x):
    return 2.0 * x
"""

CALL = "import aotops as ao; print({module}.twice(ao.ones(2)).tolist())"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write modules, by their paths without .py."""
    for name, content in files.items():
        write_file(folder / f"{name}.py", content)


def write_file(path: Path, content: str) -> Path:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(content), encoding="utf-8")
    return path


def python(*arguments: str, cwd: Path, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with aotops and what is installed beside it."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AOTOPS_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**clean, "PYTHONPATH": str(PACKAGE.parent), "PYTHONIOENCODING": "utf-8", **environment},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == status, done.stderr + done.stdout
    assert "Traceback" not in done.stderr or status == 0 or "-c" in arguments, done.stderr
    return done


def build(*specs: str, cwd: Path, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``aotops build``."""
    return python("-m", "aotops", "build", *specs, cwd=cwd, status=status, **ONE_JOB, **environment)


def calls(module: str, cwd: Path, path: Path | None = None) -> str:
    """What ``twice`` gives in a process that must not compile."""
    load = f"import sys; sys.path.insert(0, {str(path or cwd)!r}); sys.modules['numba'] = None\n"
    return python("-c", f"{load}import {module}\n{CALL.format(module=module)}", cwd=cwd).stdout


# --- names and places ---------------------------------------------------------------------------------------------


@requires_numba
@requires_compiler
def test_files_of_any_name_are_built_and_loaded(tmp_path: Path) -> None:
    """C and linkers take ASCII identifiers only; a file may be called anything."""
    names = ["möd", "my-tool", "1st", "a.b", "with space", "__main__"]
    for name in names:
        write_file(tmp_path / f"{name}.py", OPERATORS)
    build(*[f"{name}.py" for name in names], cwd=tmp_path)
    script = f"""
        import runpy, sys
        sys.modules["numba"] = None
        for name in {names!r}:
            print(runpy.run_path(name + ".py")["twice"](3.0).item())
    """
    assert python("-c", textwrap.dedent(script), cwd=tmp_path).stdout == "6.0\n" * len(names)
    assert calls("möd", tmp_path) == "[2.0, 2.0]\n"
    assert all(path.name.isascii() for path in tmp_path.iterdir() if path.suffix in (".so", ".pyd"))


TABLE = """
import aotops as ao
import numpy as np

TABLE = np.arange(60_000.0)

@ao.kernel("(n)->(n)", dtypes=["float64"])
def looked_up(x, out):
    for i in range(x.shape[0]):
        out[i] = TABLE[int(x[i])] if x[i] < 1.0 else 0.0
"""

PAGES = """
import re, sys
def unmapped(name):
    "The sizes in KB of a library's constants, and how much of them no page table has yet."
    sizes = []
    for mapping in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", open("/proc/self/smaps").read()):
        if name in mapping and " r--p " in mapping:
            size, mapped = (int(re.search(rf"(?m)^{each}: +(\\d+)", mapping)[1]) for each in ("Size", "Rss"))
            sizes.append((size, size - mapped))
    return sum(size for size, _ in sizes) > 400, sum(rest for _, rest in sizes)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="this system does not list what is mapped")
def test_the_pages_of_constants_are_mapped_at_once(tmp_path: Path) -> None:
    """An instruction that reads a constant under a mask takes 130 cycles as long as the page is in no page table."""
    script = PAGES + "import aotops; print(unmapped('aotops/_native'))"
    assert python("-c", script, cwd=tmp_path).stdout == "(True, 0)\n"


@requires_numba
@requires_compiler
@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="this system does not list what is mapped")
def test_the_pages_of_constants_of_an_extension_are_mapped_at_once(tmp_path: Path) -> None:
    write_file(tmp_path / "tables.py", TABLE)
    build("tables.py", cwd=tmp_path)
    script = PAGES + "import aotops as ao, tables; tables.looked_up(ao.zeros(9)); print(unmapped('_tables_aotops'))"
    assert python("-c", script, cwd=tmp_path).stdout == "(True, 0)\n"


def test_libraries_of_different_files_have_different_names_that_are_identifiers() -> None:
    stems = ["möd", "mod", "m_f6_d", "my-tool", "my_tool", "my__tool", "my_2d_tool", "my_-tool", "my-_tool", "a.b"]
    stems += ["a b", "1", "m\u0075\u0308d", "müd", "μ", "u3bc", "_", "-", "__init__", "_-_", "-2d_", "x_aotops_spelled"]
    names = [library_name(f"/somewhere/{stem}.py") for stem in stems]
    assert len(set(names)) == len(stems)
    assert all(name.isascii() and name.isidentifier() for name in names)
    assert library_name("my_ops.py") == "_my_ops_aotops"


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    """Projects whose operators lie in a package without __init__.py, below src and below a folder of their own."""
    use = "from .constants import FACTOR\n" + OPERATORS.replace("2.0", "FACTOR")
    write(tmp_path / "flat", {"space/ops": use, "space/constants": "FACTOR = 2.0"})
    for name in ("src", "lib", "python"):
        write(tmp_path / name / name, {"robust/ops": use, "robust/constants": "FACTOR = 2.0", "robust/__init__": ""})
    write_file(tmp_path / "flat" / "pyproject.toml", "[project]\nname = 'flat'\n")
    write_file(tmp_path / "src" / "pyproject.toml", "[project]\nname = 'robust'\n")
    write_file(tmp_path / "lib" / "pyproject.toml", "[tool.setuptools]\npackage-dir = {'' = 'lib'}\n")
    write_file(tmp_path / "python" / "pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['python']\n")
    # one without __init__.py below src, which is told from where its sources begin
    write(tmp_path / "src" / "src", {"space/deep/ops": use, "space/deep/constants": "FACTOR = 2.0"})
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "spec", "module", "root"),
    [
        ("flat", "space.ops", "space.ops", "."),
        ("flat", "space/ops.py", "space.ops", "."),
        ("flat/space", "ops.py", "space.ops", ".."),
        ("src", "robust.ops", "robust.ops", "src"),
        ("src", "src/robust/ops.py", "robust.ops", "src"),
        ("src/src", "robust.ops", "robust.ops", "."),
        ("src", "space.deep.ops", "space.deep.ops", "src"),
        ("src", "src/space/deep/ops.py", "space.deep.ops", "src"),
        ("lib", "robust.ops", "robust.ops", "lib"),
        ("python", "robust.ops", "robust.ops", "python"),
    ],
)
def test_modules_are_found_in_every_layout(
    projects: Path, folder: str, spec: str, module: str, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numpy")
    from aotops.aot.pack.modules import declared_records, find_target, load

    monkeypatch.chdir(projects / folder)
    target = find_target(spec)
    assert (target.name, target.root) == (module, (projects / folder / root).resolve())
    assert target.package == module.rpartition(".")[0]
    assert [record.name for record in declared_records(load(target))] == ["twice"]


@requires_numba
@requires_compiler
def test_a_package_without_init_and_one_below_src_are_built_in_place(projects: Path) -> None:
    build("space.ops", cwd=projects / "flat")
    assert calls("space.ops", projects / "flat") == "[2.0, 2.0]\n"
    build("robust.ops", cwd=projects / "src")
    assert calls("robust.ops", projects / "src", projects / "src" / "src") == "[2.0, 2.0]\n"


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("nothere.py", {}, "nothere.py: there is no such file in "),
    ("deep/nothere.py", {}, "deep/nothere.py: there is no such file in "),
    ("pkg/", {"pkg/a.py": ""}, "pkg/: this is a folder: name a Python file in it"),
    ("pkg", {"pkg/a.py": ""}, "has no __init__.py: name a module in it"),
    ("ops.pyc", {"ops.pyc": ""}, "ops.pyc: this is not a file of Python source, with a name that ends in .py"),
    ("ops.pyc", {}, "ops.pyc is no module that can be found"),
    ("./ops.pyc", {"ops.pyc": ""}, "./ops.pyc: this is not a file of Python source, with a name that ends in .py"),
    ("./ops.txt", {"ops.txt": ""}, "./ops.txt: this is not a file of Python source"),
    ("my-ops", {"my-ops.py": ""}, "my-ops: there is no such file; is my-ops.py meant?"),
    ("-", {}, "-: operators of standard input cannot be built: write them to a file"),
    ("ops.twice", {"ops.py": OPERATORS}, "ops.twice: ops is a module, in "),
    ("random.py", {"random.py": OPERATORS}, "its name, random, is that of Python's standard library"),
    ("operator.py", {"operator.py": OPERATORS}, "its name, operator, is that of Python's standard library"),
    ("numba.py", {"numba.py": OPERATORS}, "its name, numba, is that of numba, which programs would find this file"),
    ("bad.ops", {"bad/__init__.py": "1 / 0", "bad/ops.py": OPERATORS}, "bad.ops cannot be imported: ZeroDivisionError"),
    ("ops.py", {"ops.py": "def f(:\n"}, "ops cannot be imported: SyntaxError"),
    ("ops.py", {"ops.py": "\n\nf = undefined\n"}, "NameError: name 'undefined' is not defined (line 3)"),
    ("ops.py", {"ops.py": "import sys\nsys.exit(3)\n"}, "ops ends the program when it is imported, with status 3"),
    (
        "ops.py",
        {"ops.py": "import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args()\n"},
        'status 2. What it does as a program belongs below `if __name__ == "__main__":`',
    ),
    ("ops.py", {"ops.py": "input('?')\n"}, "ops cannot be imported: EOFError"),
    ("ops.py", {"ops.py": "from . import constants\n"}, "ops cannot be imported: ImportError"),
    ("ops.py", {"ops.py": "from .. import constants\n"}, "ops cannot be imported: ImportError"),
]


@requires_numba
@pytest.mark.parametrize(("spec", "files", "message"), REFUSED, ids=[f"{k}" for k in range(len(REFUSED))])
def test_what_cannot_be_built_is_told_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    spec: str,
    files: dict[str, str],
    message: str,
) -> None:
    from aotops.cli import main

    for name, content in files.items():
        write_file(tmp_path / name, content)
    monkeypatch.chdir(tmp_path)
    before = dict(sys.modules)
    try:
        assert main(["build", spec]) == 1
    finally:
        for name in set(sys.modules) - set(before):
            if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
                del sys.modules[name]
    assert message in capfd.readouterr().err
    assert [path for path in tmp_path.rglob("*") if path.suffix in (".so", ".pyd")] == []


@requires_numba
@requires_compiler
def test_modules_that_print_and_are_programs_too_are_built(tmp_path: Path) -> None:
    write_file(
        tmp_path / "tool.py",
        OPERATORS
        + """
        import argparse, sys
        print("imported with", sys.argv[1:])
        options = argparse.ArgumentParser().parse_args()
        if __name__ == "__main__":
            sys.modules["numba"] = None
            print(twice(2.0).item())
        """.replace("\n        ", "\n"),
    )
    done = build("tool.py", cwd=tmp_path)
    assert done.stdout.count("imported with []") == 1, "processes that compile say nothing"
    assert python("tool.py", cwd=tmp_path).stdout == "imported with []\n4.0\n"


def test_operators_that_no_variable_holds_are_warned_of_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numpy")
    from aotops.aot.pack.modules import declared_records, find_target, load

    factory = "import aotops as ao\ndef make(k):\n    return ao.map(lambda x: k * x)\nshared = make(3.0)\n"
    holder = """\
        import aotops as ao
        from factory_of_ops import make, shared
        def scaled(k):
            return ao.map(lambda x: k * x)
        half = scaled(0.5)                                    # a variable: built
        TABLE = {"double": ao.map(lambda x: 2.0 * x)}         # line 6
        CHAIN = [half, ao.zip(lambda x, y: x - y)]            # line 7
        class Holder:
            @ao.map                                           # line 9
            def cube(x):
                return x * x * x
        @half.derivative
        def _(x, y, g):
            return g * 0.5
        foreign = make(4.0)                                   # of the other module
        def local():
            return ao.map(lambda x: x)                        # never called
    """
    write(tmp_path, {"factory_of_ops": factory, "holding_ops": holder})
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match="is an operator that") as caught:
        records = declared_records(load(find_target("holding_ops.py")))
    assert [record.name for record in records] == ["half", "half.derivative"]
    told = sorted((warning.lineno, str(warning.message)) for warning in caught)
    assert [line for line, _ in told] == [3, 6, 7, 9]
    assert told[0][1].startswith("foreign is an operator that a function of factory_of_ops has declared")
    assert "declare the operator in the module, with aotops.map" in told[0][1]
    assert told[3][1].startswith("cube is an operator that no variable of the module holds")
    assert all("assign it to a variable of the module" in message for _, message in told[1:])

    write(tmp_path, {"only_held": "import aotops as ao\nOPS = [ao.map(lambda x: x)]\n"})
    with pytest.raises(
        ao.BuildError, match=r"declares no operators.*\n.*line 2: <lambda> is an operator that no variable"
    ):
        declared_records(load(find_target("only_held.py")))


@requires_numba
def test_an_installed_module_of_the_same_name_does_not_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aotops.aot.pack.modules import declared_records, find_target, load

    write(tmp_path / "old", {"twins/__init__": "", "twins/ops": OPERATORS.replace("twice", "stale")})
    write(tmp_path / "new", {"twins/__init__": "", "twins/ops": OPERATORS})
    monkeypatch.syspath_prepend(str(tmp_path / "old"))
    __import__("twins.ops")
    monkeypatch.chdir(tmp_path / "new")
    assert [record.name for record in declared_records(load(find_target("twins.ops")))] == ["twice"]


# --- a folder, a compiler, versions -------------------------------------------------------------------------------


@requires_numba
@requires_compiler
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that cannot be written to")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aotops.aot.pack.extension import cache_for
    from aotops.aot.pack.modules import Target

    write(tmp_path, {"ops": OPERATORS})
    monkeypatch.setattr(os, "access", lambda *_: False)  # as it is for everybody but root
    from aotops.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        messages: list[str] = []
        patch.setattr(sys, "stderr", type("Errors", (), {"write": messages.append, "flush": lambda: None}))
        assert main(["build", "ops.py"]) == 1
    assert f"ops: an extension lies beside its module, and {tmp_path} is read-only" in "".join(messages)
    # a wheel is built from such a folder all the same
    target = Target("ops", Path("/proc/self/ops.py"), Path("/proc/self"))
    assert cache_for(target, "_ops_aotops", tmp_path / "build") == tmp_path / "build" / "_ops_aotops"


@requires_numba
@pytest.mark.skipif(sys.platform == "win32", reason="Windows finds its compiler by other means than CC")
def test_a_c_compiler_that_is_missing_or_fails_is_told_without_a_traceback(tmp_path: Path) -> None:
    write(tmp_path, {"ops": OPERATORS})
    done = build("ops.py", cwd=tmp_path, status=1, CC="/nonexistent/compiler")
    assert (
        "a C compiler is needed to link kernels into an extension, and there is no /nonexistent/compiler" in done.stderr
    )
    compiler = write_file(tmp_path / "broken-compiler", "#!/bin/sh\necho 'it is broken' >&2\nexit 1\n")
    compiler.chmod(0o755)
    done = build("ops.py", cwd=tmp_path, status=1, CC=str(compiler))
    assert "it is broken" in done.stderr
    assert "aotops: ops: its kernels cannot be linked into an extension: " in done.stderr


@requires_numba
@requires_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="looks for compilers as Linux has them")
def test_no_cpp_compiler_is_needed(tmp_path: Path) -> None:
    """A folder of programs that has no C++ compiler, under any of its names."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for folder in os.get_exec_path():
        for program in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if "++" not in program.name and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)
    write(tmp_path, {"ops": OPERATORS})
    trap = write_file(tmp_path / "c++", '#!/bin/sh\ntouch "$0.was-called"\nexit 1\n')
    trap.chmod(0o755)
    build("ops.py", cwd=tmp_path, PATH=str(programs), CXX=str(trap))
    assert not (tmp_path / "c++.was-called").exists()
    assert calls("ops", tmp_path) == "[2.0, 2.0]\n"


def versions(monkeypatch: pytest.MonkeyPatch, **given: str | None) -> None:
    """Have packages of certain versions be installed."""
    installed = {"numba": "0.68.1", "llvmlite": "0.50.0", "numpy": "2.0", "setuptools": "84.0", **given}

    def version(package: str) -> str:
        found = installed[package]
        if found is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return found

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["llvmlite<0.51,>=0.50.0dev0", "numpy<2.6,>=1.22"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"numba": "0.61.2"}, "numba 0.62.0 or later, and 0.61.2 is installed"),
        ({"setuptools": "82.0.0"}, "setuptools 82.0.1 or later, and 82.0.0 is installed"),
        ({"setuptools": "9.1"}, "setuptools 82.0.1 or later, and 9.1 is installed"),
        ({"numpy": "1.24.0"}, "numpy 1.26 or later, and 1.24.0 is installed"),
        ({"llvmlite": "0.49.0"}, "numba 0.68.1 takes llvmlite 0.50, and 0.49.0 is installed"),
        ({"llvmlite": None}, "llvmlite is not installed"),
        ({"numba": None}, "numba is not installed"),
    ],
)
def test_versions_that_do_not_build_are_told_first(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str | None], message: str
) -> None:
    versions(monkeypatch, **given)
    with pytest.raises(ao.BuildError, match=re.escape(message)) as caught:
        requirements.require_compiler()
    assert "pip install 'aotops[build]'" in str(caught.value)


def test_versions_beyond_those_tested_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch)
    assert requirements.require_compiler() == "numba 0.68.1, llvmlite 0.50.0, numpy 2.0"
    versions(monkeypatch, numba="0.69.0")
    with pytest.warns(UserWarning, match=r"numba 0\.69\.0 is newer than the versions that aotops was tested with"):
        requirements.require_compiler()


@requires_source
def test_pyproject_asks_for_the_versions_that_are_checked() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for lines in (settings["build-system"]["requires"], settings["project"]["optional-dependencies"]["build"]):
        asked = {}
        for line in lines:
            name, bounds = re.fullmatch(r"(\w+)(.*)", line).groups()  # type: ignore[union-attr]
            found = dict(re.findall(r"(>=|<)([\d.]+)", bounds))
            asked[name] = found[">="], found.get("<")
            assert f'"{line}"' in makefile, "make setup installs what the build takes"
        assert set(asked) == set(requirements.TESTED)
        for name, (oldest, end) in requirements.TESTED.items():
            assert (oldest.removesuffix(".0") if name != "setuptools" else oldest, end) == asked[name]


def test_without_what_compiles_the_build_says_what_to_install(tmp_path: Path) -> None:
    """An environment of aotops alone: before anything that it lacks is imported."""
    copy_package(tmp_path)
    write(tmp_path, {"ops": OPERATORS})
    done = python("-S", "-m", "aotops", "build", "ops.py", cwd=tmp_path, status=1, PYTHONPATH=str(tmp_path))
    assert "numba is not installed" in done.stderr
    assert "`pip install 'aotops[build]'`" in done.stderr


# --- setuptools ---------------------------------------------------------------------------------------------------

BUILD = '[build-system]\nrequires = ["setuptools", "aotops[build]"]\n'


def hook(folder: Path, monkeypatch: pytest.MonkeyPatch, pyproject: str) -> list[str]:
    """What the hook warns of in a project."""
    import aotops_setuptools

    write_file(folder / "pyproject.toml", pyproject)
    monkeypatch.chdir(folder)
    added: list[Any] = []
    setuptools_hook = pytest.importorskip("aotops.aot.pack.setuptools_hook")
    monkeypatch.setattr(setuptools_hook, "add_extensions", lambda _, table: added.append(table))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        aotops_setuptools.finalize(types.SimpleNamespace(install_requires=[]))
    assert bool(added) == ("[tool.aotops]" in pyproject)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    "place", ["tool.aotop", "tool.aot-ops", "tool.aot_ops", "tool.Aotops", "tool.aotopss", "tools.aotops", "aotops"]
)
def test_a_misspelt_table_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (message,) = hook(tmp_path, monkeypatch, f"[{place}]\nmodules = ['ops']\n")
    assert message == (
        f"pyproject.toml: [{place}] is not read: the table of aotops is [tool.aotops]. No operators are built."
    )


def test_a_project_that_builds_nothing_or_needs_more_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (message,) = hook(tmp_path, monkeypatch, BUILD)
    assert "there is no [tool.aotops] with the modules to build. No operators are built" in message
    (message,) = hook(tmp_path, monkeypatch, "[tool.aotops]\nmodules = ['ops']\n")
    assert 'add "aotops[build]" to requires of [build-system]' in message
    for spelled in ("aotops[build]", "AotOps [build] >= 0.1", "aotops@file:///x"):
        text = f"[build-system]\nrequires = ['{spelled}']\n[tool.aotops]\nmodules = ['ops']\n"
        assert hook(tmp_path, monkeypatch, text) == []


def required_by(folder: Path, project: str, setup: str = "") -> tuple[list[str], str]:
    """What the metadata of a project's wheel require, and what its build has told."""
    write(folder, {"ops": OPERATORS, **({"setup": setup} if setup else {})})
    write_file(folder / "pyproject.toml", f"{BUILD}{project}[tool.aotops]\nmodules = ['ops']\n")
    script = "from setuptools import build_meta; print(build_meta.prepare_metadata_for_build_wheel('out'))"
    (folder / "out").mkdir()
    done = python("-c", script, cwd=folder)
    (metadata,) = (folder / "out").glob("*/METADATA")
    lines = metadata.read_text(encoding="utf-8").splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist: ")], done.stderr


PROJECT_TABLE = "[project]\nname = 'x'\nversion = '1'\n"


@requires_numba
@pytest.mark.parametrize(
    ("project", "setup", "required", "warned"),
    [
        (f"{PROJECT_TABLE}dynamic = ['dependencies']\n", "", ["aotops<1,>=0.1"], False),
        (
            f"{PROJECT_TABLE}dynamic = ['dependencies']\n",
            "import setuptools\nsetuptools.setup(install_requires=['numpy'])\n",
            ["numpy", "aotops<1,>=0.1"],
            False,
        ),
        ("", "import setuptools\nsetuptools.setup(name='x', version='1')\n", ["aotops<1,>=0.1"], False),
        (
            "",
            "import setuptools\nsetuptools.setup(name='x', version='1', install_requires=['AotOps == 0.1'])\n",
            ["AotOps==0.1"],
            False,
        ),
        (f"{PROJECT_TABLE}dependencies = ['aotops[build]', 'numpy']\n", "", ["aotops[build]", "numpy"], False),
        (f"{PROJECT_TABLE}dependencies = ['numpy']\n", "", ["numpy"], True),
        (PROJECT_TABLE, "", [], True),
    ],
)
def test_a_wheel_requires_an_aotops_that_takes_its_kernels(
    tmp_path: Path, project: str, setup: str, required: list[str], warned: bool
) -> None:
    found, told = required_by(tmp_path, project, setup)
    assert found == required
    assert ("the wheel needs aotops at run time" in told) == warned


@requires_numba
def test_the_range_of_a_wheel_has_the_aotops_that_built_it() -> None:
    from packaging.requirements import Requirement

    from aotops.aot.pack.setuptools_hook import COMPATIBLE

    assert ao.__version__ in Requirement(COMPATIBLE).specifier
    # another version of the kernels' interface needs another range
    assert (_native.kernel_version, COMPATIBLE) == (1, "aotops>=0.1,<1")


@pytest.mark.parametrize(
    "pyproject",
    ["", "no toml: aotops", "[tool.autopep8]\nx = 1\n", "[project]\nkeywords = ['aotops']\n", "[tool]\naot = 3\n"],
)
def test_builds_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pyproject: str) -> None:
    assert hook(tmp_path, monkeypatch, pyproject) == []


@requires_numba
def test_an_aotops_that_cannot_be_imported_stops_only_builds_that_need_it(tmp_path: Path) -> None:
    write(tmp_path, {"setup": "import setuptools\nsetuptools.setup(name='other', version='1', py_modules=[])\n"})
    broken = {"AOTOPS_CPU": "typo"}
    assert python("setup.py", "--version", cwd=tmp_path, **broken).stdout.splitlines()[-1] == "1"
    script = "import aotops_setuptools as hook, sys; hook.finalize(None); print('aotops' in sys.modules)"
    assert python("-c", script, cwd=tmp_path, **broken).stdout == "False\n"
    write_file(tmp_path / "pyproject.toml", f"{BUILD}[tool.aotops]\nmodules = ['ops']\n")
    done = python("-c", script, cwd=tmp_path, status=1, **broken)
    assert "error: [tool.aotops] takes aotops, which cannot be imported: " in done.stderr
    assert "AOTOPS_CPU" in done.stderr


def test_the_hook_is_where_the_package_says(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        entry
        for entry in importlib.metadata.entry_points(group="setuptools.finalize_distribution_options")
        if entry.name == "aotops"
    ]
    assert [entry.value for entry in found] == ["aotops_setuptools:finalize"]
    assert callable(found[0].load())


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a wheel's contents: of a package without __init__.py below src, and of one with C code of its own."""
    folder = tmp_path_factory.mktemp("shipped")
    project = folder / "project"
    lgamma = "\nlog_gamma = ao.map(lambda x: math.lgamma(x), dtypes='float64')\n"
    write(project / "src", {"space/ops": OPERATORS + lgamma, "space/plain": OPERATORS, "whole/__init__": OPERATORS})
    write_file(
        project / "pyproject.toml",
        BUILD
        + """\
        build-backend = "setuptools.build_meta"
        [project]
        name = "shipped"
        version = "1"
        dependencies = ["aotops"]
        [tool.setuptools.packages.find]
        where = ["src"]
        [tool.aotops]
        modules = ["space.ops", "space.plain", "whole"]
        """.replace("\n        ", "\n").lstrip(),
    )
    command = ["-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    python(*command, "--wheel-dir", str(folder), str(project), cwd=folder, **ONE_JOB)
    (wheel,) = folder.glob("*.whl")
    assert "-cp311-abi3-" in wheel.name
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


@requires_numba
@requires_compiler
def test_a_wheel_of_packages_with_and_without_init_has_its_extensions_beside_their_modules(shipped: Path) -> None:
    suffix = ".pyd" if os.name == "nt" else ".abi3.so"
    files = {str(path.relative_to(shipped)).replace(os.sep, "/") for path in shipped.rglob(f"*{suffix}")}
    assert files == {f"space/_ops_aotops{suffix}", f"space/_plain_aotops{suffix}", f"whole/___init___aotops{suffix}"}
    for module in ("space.ops", "space.plain", "whole"):
        assert calls(module, shipped) == "[2.0, 2.0]\n"


def dynamic_section(path: Path) -> dict[str, list[str]]:
    """The entries of a library's dynamic section that name things, by their tags."""
    done = subprocess.run(["readelf", "-d", "-W", str(path)], capture_output=True, text=True, check=True)
    entries: dict[str, list[str]] = {}
    for tag, value in re.findall(r"\((\w+)\).*\[(.*)\]", done.stdout):
        entries.setdefault(tag, []).append(value)
    return entries


@requires_numba
@requires_compiler
@requires_readelf
def test_extensions_name_the_libraries_that_they_need_and_no_place_of_the_build(shipped: Path) -> None:
    sections = {path.name.split("_aotops")[0]: dynamic_section(path) for path in shipped.rglob("*.abi3.so")}
    for section in sections.values():
        assert not {"RPATH", "RUNPATH"} & set(section)
        assert any("libc." in name for name in section["NEEDED"]), "auditwheel tells by it which one a wheel is for"
    if platform.libc_ver()[0] == "glibc":  # elsewhere one library may be both
        assert "libm.so.6" in sections["_ops"]["NEEDED"], "it calls lgamma"
        assert "libm.so.6" not in sections["_plain"]["NEEDED"], "it calls nothing of it"


@requires_readelf
def test_the_native_module_names_no_place_of_the_build() -> None:
    section = dynamic_section(Path(_native.__file__))
    places = [place for tag in ("RPATH", "RUNPATH") for place in section.get(tag, [])]
    assert all(place.startswith("$ORIGIN") for place in places), places


def test_run_paths_of_the_environment_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    link = pytest.importorskip("aotops.aot.pack.link")
    configured = "gcc -shared -L/py/lib -Wl,-rpath,/py/lib -Wl,-rpath -Wl,/py/lib -Wl,-rpath,/mine -Wl,-O1"
    monkeypatch.setattr(link.sysconfig, "get_config_var", lambda name: configured if name == "LDSHARED" else None)
    monkeypatch.setenv("LDFLAGS", "-Wl,-rpath,/mine")

    class Compiler:
        linker_so = configured.split()

    compiler = Compiler()
    with link.without_run_paths(compiler):
        assert compiler.linker_so == ["gcc", "-shared", "-L/py/lib", "-Wl,-rpath,/mine", "-Wl,-O1"]
    assert compiler.linker_so == configured.split()


def test_extensions_have_the_name_that_every_python_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 3.15 on setuptools would take ``.abi3-x86_64-linux-gnu.so``, which no earlier Python finds."""
    link = pytest.importorskip("aotops.aot.pack.link")
    extension = pytest.importorskip("aotops.aot.pack.extension")
    monkeypatch.setattr("setuptools.command.build_ext.get_abi3_suffix", lambda: ".abi3-somewhere.so")
    suffix = ".pyd" if os.name == "nt" else ".abi3.so"
    assert link.extension_file("pkg._ops_aotops") == os.path.join("pkg", f"_ops_aotops{suffix}")
    command = extension.build_operators(extension.Distribution({"name": "x"}))
    command.ext_map = {"pkg._ops_aotops": extension.OperatorExtension("pkg._ops_aotops")}
    assert command.get_ext_filename("pkg._ops_aotops") == os.path.join("pkg", f"_ops_aotops{suffix}")
    assert Path(_native.__file__).name == f"_native{suffix}"


def test_an_installed_package_without_its_extension_is_an_import_error(tmp_path: Path) -> None:
    copy_package(tmp_path)
    for path in (tmp_path / "aotops").glob("_native.*"):
        if path.suffix != ".pyi":
            path.unlink()
    shutil.rmtree(tmp_path / "aotops" / "native")
    done = python("-c", "import aotops", cwd=tmp_path, status=1, PYTHONPATH=str(tmp_path))
    assert "ImportError: aotops is installed without its extension module" in done.stderr
    assert "pip install --force-reinstall aotops" in done.stderr


# --- what is built is what is imported ----------------------------------------------------------------------------


@requires_numba
@requires_source
def test_the_build_of_aotops_imports_itself_and_not_what_is_installed(tmp_path: Path) -> None:
    """An older aotops is installed, and has been imported by the time that the build begins."""
    installed = tmp_path / "installed"
    copy_package(installed)
    record = installed / "aotops" / "ops" / "arithmetic.py"
    record.write_text(record.read_text(encoding="utf-8").replace("x1 + x2", "x1 - x2"), encoding="utf-8")
    script = """
        import aotops, aotops.ops, sys
        assert aotops.__file__.startswith({installed!r})
        sys.path.insert(0, {project!r})
        import build_ext
        build_ext.import_own_package()
        import aotops.aot.pack.build, aotops.ops
        print(aotops.aot.pack.build.PACKAGE, aotops.ops.__file__, sep="\\n")
    """
    script = textwrap.dedent(script).format(installed=str(installed), project=str(PROJECT))
    done = python("-c", script, cwd=tmp_path, PYTHONPATH=str(installed))
    source = PROJECT / "src" / "aotops"
    assert done.stdout.splitlines() == [str(source), str(source / "ops" / "__init__.py")]


@requires_numba
@requires_source
def test_an_extension_in_the_source_tree_that_does_not_load_is_replaced(tmp_path: Path) -> None:
    """As one does whose symbols the sources no longer have."""
    from aotops.aot.pack.link import extension_file

    package = tmp_path / "src" / "aotops"
    shutil.copytree(NATIVE.parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    shutil.copy(PROJECT / "build_ext.py", tmp_path)
    broken = package / Path(extension_file("aotops._native")).name
    broken.write_bytes(b"not an extension")
    assert "ImportError" in python("-c", "import aotops", cwd=tmp_path / "src", status=1).stderr
    script = "import build_ext, sys; build_ext.import_own_package(); print(sys.modules['aotops'].__file__)"
    done = python("-c", script, cwd=tmp_path)
    assert done.stdout.split() == [str(package / "__init__.py")]
    assert not broken.exists()


@requires_numba
def test_a_process_that_imports_another_aotops_does_not_compile(tmp_path: Path) -> None:
    from aotops.aot.pack import build as own

    with pytest.raises(ao.BuildError, match="has started a process that imports"):
        own._start_worker(None, tmp_path, None)


@requires_numba
@requires_compiler
def test_two_builds_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    write(tmp_path, {"ops": OPERATORS})
    command = [sys.executable, "-m", "aotops", "build", "ops.py"]
    environment = {**os.environ, **ONE_JOB, "PYTHONPATH": str(PACKAGE.parent)}
    both = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    for process in both:
        output, _ = process.communicate()
        assert process.returncode == 0, output
    assert calls("ops", tmp_path) == "[2.0, 2.0]\n"
    assert not [
        path for path in (tmp_path / "__pycache__" / "_ops_aotops").iterdir() if path.suffix not in (".o", ".json")
    ]
