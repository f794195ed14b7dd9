"""Where things belong: which room imports which, which file of C calls which, and what C calls in Python."""

from __future__ import annotations

import ast
import builtins
import dis
import functools
import importlib
import re
import sys
import tomllib
import types
from pathlib import Path

import pytest
from needs import requires_source

import aotops
from aotops import callbacks, errors

PACKAGE = Path(aotops.__file__).parent
#: C is not installed with the package.
NATIVE = Path(__file__).parent.parent / "src" / "aotops" / "native"

# --- imports ----------------------------------------------------------------------------------------------------------


def sources() -> dict[str, Path]:
    """The package's modules by name."""
    return {
        ".".join(["aotops", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__"): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


MODULES = sources()


class Imports(ast.NodeVisitor):
    """The modules that a file imports: when it is imported itself, and later, inside of functions."""

    def __init__(self, path: Path) -> None:
        self.at_import: set[str] = set()
        self.later: set[str] = set()
        self.depth = 0
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    @property
    def all(self) -> set[str]:
        return self.at_import | self.later

    def add(self, name: str) -> None:
        (self.later if self.depth else self.at_import).add(name)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, "imports are absolute"
        assert node.module is not None
        for alias in node.names:
            name = f"{node.module}.{alias.name}"
            is_module = name in MODULES or name == "aotops._native"
            self.add(name if is_module else node.module)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        if name in ("__import__", "import_module") and node.args and isinstance(node.args[0], ast.Constant):
            self.add(node.args[0].value)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return  # never run
        self.generic_visit(node)


@functools.cache  # not while tests are collected, which each process of a run does
def all_imports() -> dict[str, Imports]:
    return {name: Imports(path) for name, path in MODULES.items()}


def importers(*packages: str) -> set[str]:
    """The modules that import one of some packages, or anything in them."""
    return {
        name
        for name, imports in all_imports().items()
        if any(module == package or module.startswith(package + ".") for module in imports.all for package in packages)
    }


def test_the_scan_sees_imports(tmp_path: Path) -> None:
    path = tmp_path / "made_up.py"
    path.write_text(
        "import os.path, numba.pycc as p\n"
        "from numba import njit\n"
        "from aotops import tensors, add\n"
        "if TYPE_CHECKING:\n    import typing\n"
        "def f():\n    from numpy import x\n    __import__('re')\n    importlib.import_module('ctypes')\n"
    )
    imports = Imports(path)
    assert imports.at_import == {"os.path", "numba.pycc", "numba", "aotops.tensors", "aotops"}
    assert imports.later == {"numpy", "re", "ctypes"}
    assert "aotops._native" in all_imports()["aotops"].at_import
    assert "aotops.ops" in all_imports()["aotops.operator"].later


def test_no_builtin_is_used_where_a_function_of_its_name_is_loaded_later() -> None:
    """``all`` in the package's own module is ``aotops.all`` as soon as anybody has called that."""
    assert {"all", "any", "sum"} <= set(dir(aotops)) & set(dir(builtins))
    lazy = {name: path for name, path in MODULES.items() if "globals()[name] = " in path.read_text(encoding="utf-8")}
    assert "aotops" in lazy
    for name, path in lazy.items():
        offered = set(dir(importlib.import_module(name))) & {each for each in dir(builtins) if each[0] != "_"}
        codes, used = [compile(path.read_text(encoding="utf-8"), path, "exec")], set()
        while codes:
            code = codes.pop()
            codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
            used |= {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
        assert not used & offered, name


def test_pycc_is_imported_in_one_file() -> None:
    assert importers("numba.pycc") == {"aotops.aot.compiler"}
    text = "\n".join(
        path.read_text(encoding="utf-8") for name, path in MODULES.items() if name != "aotops.aot.compiler"
    )
    assert "import pycc" not in text


def test_only_the_build_imports_numba() -> None:
    assert all(name.startswith("aotops.aot.") for name in importers("numba", "llvmlite"))
    # others may import NumPy once they are asked for something of NumPy's
    at_import = {
        name for name, imports in all_imports().items() if "numpy" in {m.partition(".")[0] for m in imports.at_import}
    }
    # and Dask's arrays import NumPy themselves
    assert all(name.startswith(("aotops.aot.", "aotops.interop.dask.")) for name in at_import)


#: The rooms, and the modules outside of them, from the lowest layer up. Each may import what lies below it.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "abi", "cgroups", "dask_worker", "foreign", "intrinsics"),
    ("scalar.functions", "shapes", "threads"),
    ("scalar.combinations",),  # these two look at functions alone, and records do so too
    ("dtypes", "ops", "encode"),
    ("loops",),
    ("arguments", "scalar", "formatting", "retry"),
    ("memory", "reference", "namespace"),
    ("interop",),
    ("tensors",),
    ("operator",),
    ("user",),
    ("autograd", "interop.dask", "interop.xarray", "random", "see", "porting", "minitorch"),
    ("nn", "optim"),
    ("aot.back",),
    ("aot.front",),
    ("aot.compiler",),
    ("aot.arrays",),
    ("aot.pack",),
    ("cli", "first_call"),
    ("callbacks", "__main__"),
)
HEIGHTS = {f"aotops.{room}": height for height, rooms in enumerate(LAYERS) for room in rooms}
#: What every module may import: the package itself, without a room, and the native module below all of Python.
BELOW_ALL = {"aotops", "aotops._native"}


def room_of(module: str) -> str:
    """The room of a module, or the module itself where it stands in none."""
    rooms = [room for room in HEIGHTS if module == room or module.startswith(room + ".")]
    return max(rooms, key=len, default=module)


def own_imports(module: str) -> set[str]:
    """The modules of aotops that one imports, inside of functions too."""
    found = {name for name in all_imports()[module].all if name.partition(".")[0] == "aotops"}
    return {name for name in found if name not in BELOW_ALL}


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"aotops", "aotops.aot"}))
def test_imports_point_down(module: str) -> None:
    room = room_of(module)
    assert room in HEIGHTS, f"{module} is in no room: give it a layer here, or a place in a room"
    for other in own_imports(module):
        below = room_of(other)
        assert below == room or HEIGHTS[below] < HEIGHTS[room], f"{module} imports {other}, which is not below it"


def test_imports_have_no_circles() -> None:
    """Inside of rooms too, imports inside of functions counted: a module can be read without the one that uses it."""
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(own_imports(module) & set(MODULES)):
                visit(other, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("room", ["intrinsics", "ops", "loops", "reference"])
def test_what_is_computed_is_plain_python(room: str) -> None:
    members = [name for name in MODULES if room_of(name) == f"aotops.{room}"]
    assert members
    for name in members:
        assert "aotops._native" not in all_imports()[name].all
        others = {module.partition(".")[0] for module in all_imports()[name].all} - {"aotops"}
        assert others <= sys.stdlib_module_names, (name, others)


def test_the_runtime_never_imports_the_build() -> None:
    build_time = {"aotops.aot", "aotops.loops", "aotops.reference", "aotops.cli", "aotops.__main__"}
    build_time |= {"aotops.see"}  # it reads plans, for people: no operation needs it
    # what functions mean that are compiled, or run as plain Python
    build_time |= {
        "aotops.scalar.callables",
        "aotops.scalar.emulation",
        "aotops.scalar.mathematics",
        "aotops.scalar.plain_numbers",
        "aotops.user.plain_python",
    }
    runtime = {name for name in MODULES if not name.startswith(tuple(build_time))} - {"aotops.ops", "aotops.intrinsics"}
    runtime = {name for name in runtime if not name.startswith("aotops.ops.")}
    assert {"aotops", "aotops.tensors", "aotops.operator", "aotops.errors"} <= runtime
    # but where an operator of a user has no build, or a student's function no operator
    assert runtime & importers(*build_time) == {"aotops.first_call", "aotops.minitorch.slow_path"}
    assert not {name for name in all_imports()["aotops.first_call"].at_import if name.startswith(tuple(build_time))}
    # records of aotops' own operators are read for documentation, and for NumPy's names of them
    of_records = {"aotops.operator", "aotops.interop.numpy_functions", "aotops.user.declare", "aotops.user.identity"}
    assert runtime & importers("aotops.ops") == of_records
    assert not {
        name for name in all_imports()["aotops.interop.numpy_functions"].at_import if name.startswith("aotops.ops")
    }
    assert not {name for name in all_imports()["aotops.operator"].at_import if name.startswith("aotops.ops")}
    assert {n for n in all_imports()["aotops.user.declare"].at_import if n.startswith("aotops.ops")} == {
        "aotops.ops.record"
    }


# --- C ----------------------------------------------------------------------------------------------------------------


def c_sources() -> dict[str, str]:
    """The C files by their names, without comments and strings."""
    return {
        path.stem: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for path in sorted(NATIVE.glob("*.c"))
    }


#: The layers of C, from the lowest up. Files of one layer may call each other.
C_LAYERS: tuple[tuple[str, ...], ...] = (
    ("assumptions", "constants", "cpu", "dtype", "element", "memory", "python", "storage"),  # core
    ("arrow", "buffer", "dlpack", "tensor"),
    ("fold", "fold_copy", "fold_flat", "launch", "pool", "run", "scan", "see", "threads"),
    (
        "apply",
        "array_call",
        "array_function",
        "array_function_path",
        "array_kernel",
        "array_memory",
        "array_parallel",
        "array_path",
        "from_python",
        "gather",
        "gather_calls",
        "matmul",
        "matmul_plan",
        "index",
        "masks",
        "backward",
        "node",
        "number",
        "optimiser",
        "out",
        "product",
        "pull",
        "reduce",
        "rows",
        "sort",
        "tape",
        "to_python",
        "view",
    ),  # calls
    (
        "declare",
        "fast_arrays",
        "fast_paths",
        "function",
        "module",
        "operator",
        "random",
        "states",
        "statistics",
        "tape_functions",
        "tape_methods",
        "tensor_type",
    ),  # objects
)
C_HEIGHTS = {file: height for height, files in enumerate(C_LAYERS) for file in files}


def defined_in_c(source: str) -> set[str]:
    """What a C file defines for others: functions, and tables."""
    return set(re.findall(r"^(?!static|extern|typedef|#)[A-Za-z_][\w *]*?\b(aot_\w+)\s*[(\[=]", source, re.MULTILINE))


@requires_source
def test_calls_in_c_point_down() -> None:
    sources = c_sources()
    assert set(sources) == set(C_HEIGHTS), "every C file has a layer"
    homes = {name: file for file, source in sources.items() for name in defined_in_c(source)}
    assert {"aot_run", "aot_apply", "aot_tensor_new", "aot_dtypes"} <= set(homes)
    for file, source in sources.items():
        for name in set(re.findall(r"\baot_\w+", source)) & set(homes):
            home = homes[name]
            assert C_HEIGHTS[home] <= C_HEIGHTS[file], f"{file}.c calls {name} of {home}.c, which is above it"


@requires_source
def test_c_files_are_short_enough_to_read() -> None:
    for path in NATIVE.glob("*.[ch]"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 600, path.name


@requires_source
def test_the_build_knows_every_c_file() -> None:
    """One that is left out of the sources is not linked, and a header that is left out makes nothing compile again."""
    project = tomllib.loads((NATIVE.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    (extension,) = project["tool"]["setuptools"]["ext-modules"]
    for listed, suffix in (("sources", ".c"), ("depends", ".h")):
        own = [Path(each).name for each in extension[listed] if "/native/" in each]
        assert sorted(own) == sorted(path.name for path in NATIVE.glob(f"*{suffix}"))


# --- calls from C into Python -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", callbacks.CALLBACKS)
def test_what_c_calls_exists(name: str) -> None:
    module, _, function = callbacks.CALLBACKS[name].rpartition(".")
    assert getattr(callbacks, name) is getattr(importlib.import_module(module), function)


@requires_source
def test_c_calls_nothing_else_in_python() -> None:
    text = "\n".join(c_sources().values())
    assert set(re.findall(r'\baot_(?:call|ask)\("(\w+)"', text)) == set(callbacks.CALLBACKS)
    raised = set(re.findall(r'\baot_raise\("(\w+)"', text))
    assert raised
    assert all(callable(getattr(errors, name, None)) for name in raised)
    importers = {name for name, source in c_sources().items() if "PyImport_ImportModule" in source}
    assert importers <= {"python"}


def test_a_name_that_c_does_not_call_is_none_of_the_callbacks() -> None:
    with pytest.raises(AttributeError, match="no attribute 'something'"):
        _ = callbacks.something
