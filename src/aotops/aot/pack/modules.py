"""Modules with user-defined operators: finding them, importing them, and listing what they declare."""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import importlib.util
import os
import sys
import tomllib
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from aotops.aot.pack.probe import probe
from aotops.errors import BuildError
from aotops.ops.record import Record
from aotops.user.array_record import ArrayRecord
from aotops.user.declare import name_of
from aotops.user.library import is_bound

# --- finding ------------------------------------------------------------------------------------------------------

#: Names that a module to be built cannot have: the compiler would import it instead of its own module.
TAKEN = sys.stdlib_module_names | {"aotops", "llvmlite", "numba", "numpy", "setuptools"}


@dataclass(frozen=True)
class Target:
    """A module to build: its name, its file, and the folder that its name is relative to."""

    name: str
    file: Path
    root: Path

    @property
    def package(self) -> str:
        """The package that contains the module, or that it is; "" if there is none."""
        return ".".join(self.file.parent.relative_to(self.root).parts)


def source_roots(folder: Path) -> list[Path]:
    """Return the source folders of the project that a folder belongs to, to which names of its modules are relative.

    They are those that the nearest ``pyproject.toml`` declares for setuptools, and ``src`` next to it.
    """
    project = next((each for each in (folder, *folder.parents) if (each / "pyproject.toml").is_file()), folder)
    try:
        settings: Any = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        settings = {}

    def table(*keys: str) -> dict[str, Any]:
        found = settings
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    where = table("tool", "setuptools", "packages", "find").get("where")
    names = [
        table("tool", "setuptools", "package-dir").get(""),
        *(where if isinstance(where, list) else [where]),
        "src",
    ]
    roots = [(project / name).resolve() for name in names if isinstance(name, str)]
    return list(dict.fromkeys(root for root in roots if root.is_dir() and root != project))


def has_relative_import(file: Path) -> bool:
    """Return whether a module has relative imports."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False  # importing it will report the error
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def target_of_file(file: Path) -> Target:
    """Return the module in a file, in the package that the file belongs to."""
    file = file.parent.resolve() / file.name
    root = file.parent
    while (root / "__init__.py").exists() and root != root.parent:
        root = root.parent
    # a package without __init__.py starts at a source folder of its project
    sources = [each for each in source_roots(root) if each in (root, *root.parents)]
    if not sources and root == file.parent and has_relative_import(file):
        sources = [each for each in root.parents if (each / "pyproject.toml").is_file() or each == Path.cwd()][:1]
    for source in sources:
        if all(part.isidentifier() for part in file.parent.relative_to(source).parts):
            root = source
    stem = () if file.name == "__init__.py" else (file.stem,)
    return Target(".".join((*file.parent.relative_to(root).parts, *stem)), file, root)


def find_target(spec: str) -> Target:
    """Return the module that a user specifies, as a file or by its dotted name; raises ``BuildError`` if not found."""
    if spec == "-":
        raise BuildError("-: operators of standard input cannot be built: write them to a file, which is named here")
    path = Path(spec)
    separated = any(separator in spec for separator in (os.sep, os.altsep) if separator)
    dotted = all(part.isidentifier() for part in spec.split(".")) and not separated
    if path.suffix == ".py" and path.is_file():
        target = target_of_file(path)
    elif path.suffix == ".py" or not dotted or path.is_file():
        raise BuildError(f"{spec}: {why_no_file(path)}")
    else:
        target = find_module(spec)
    top = target.name.partition(".")[0]
    if top in TAKEN:
        known = "Python's standard library" if top in sys.stdlib_module_names else top
        raise BuildError(
            f"{spec}: its name, {top}, is that of {known}, which programs would find this file in place of: rename it"
        )
    return target


def why_no_file(path: Path) -> str:
    """Return why a path is not a file that can be built."""
    if path.is_dir():
        return "this is a folder: name a Python file in it, or a module in dots"
    if path.exists():
        return "this is not a file of Python source, with a name that ends in .py"
    source = path.with_name(f"{path.name}.py")
    if path.suffix != ".py" and source.is_file():
        return f"there is no such file; is {source} meant?"
    if path.suffix == ".py" or len(path.parts) > 1:
        return f"there is no such file in {Path.cwd()}"
    return "this is neither a Python file nor the name of a module"


def find_module(name: str) -> Target:
    """Find a module by its dotted name, without importing a project's own; raises ``BuildError`` if there is none."""
    parts = name.split(".")
    cwd = Path.cwd()
    # the project's sources take precedence over installed packages
    for root in (cwd, *source_roots(cwd)):
        stem = root.joinpath(*parts)
        for file in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            if file.is_file():
                return Target(name, file, root)
        outer = root.joinpath(*parts[:-1]).with_suffix(".py") if len(parts) > 1 else None
        if outer is not None and outer.is_file():
            raise BuildError(f"{name}: {'.'.join(parts[:-1])} is a module, in {outer}: a module is built as a whole")
        if stem.is_dir() and any(stem.glob("*.py")):
            raise BuildError(f"{name}: {stem} has no __init__.py: name a module in it, such as {name}.ops")
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        raise BuildError(f"{name} is no module that can be found: {error}") from None
    except (Exception, SystemExit) as error:
        raise BuildError(f"{name} cannot be found: a package that it is in fails: {described(error)}") from error
    if found is None:
        raise BuildError(f"{name} is no module that can be found from {cwd}")
    if found.origin is None or not found.origin.endswith(".py"):
        raise BuildError(f"{name} is no module of Python source; it is {found.origin or 'a folder'}")
    file = Path(found.origin)
    return Target(name, file, file.parents[name.count(".") + (file.name == "__init__.py")])


# --- importing ----------------------------------------------------------------------------------------------------


def described(error: BaseException, file: Path | None = None) -> str:
    """Describe an exception for a message, with the line of the file that raised it."""
    places = [each.lineno for each in traceback.extract_tb(error.__traceback__) if file and each.filename == str(file)]
    place = f" (line {places[-1]})" if places else ""
    return f"{type(error).__name__}: {error}{place}"


@contextlib.contextmanager
def as_a_program(target: Target) -> Iterator[None]:
    """Hide the command line and standard input while importing a module that may behave like a program."""
    arguments, standard_input = sys.argv, sys.stdin
    with open(os.devnull, encoding="utf-8") as nothing:
        sys.argv, sys.stdin = [str(target.file)], nothing
        try:
            yield
        finally:
            sys.argv, sys.stdin = arguments, standard_input


#: Whether a module is currently imported in order to be built.
importing = False


def load(target: Target) -> ModuleType:
    """Import a module anew; raises ``BuildError`` with the reason if that fails."""
    global importing
    sys.path.insert(0, str(target.root))
    importlib.invalidate_caches()
    importing = True
    try:
        with as_a_program(target):
            module = import_package(target) if target.package else import_file(target)
    except ModuleNotFoundError as error:
        raise BuildError(
            f"{target.name} cannot be imported: {error}. What a module with operators imports must be installed where "
            'it is built; for a wheel, list it in "requires" of [build-system]'
        ) from None
    except SystemExit as error:
        raise BuildError(
            f"{target.name} ends the program when it is imported, with status {error.code}. What it does as a program "
            'belongs below `if __name__ == "__main__":`'
        ) from error
    except Exception as error:
        hint = ""
        if "no known parent package" in str(error):
            hint = ". A module of a package without __init__.py is built by its name in dots, from where that begins"
        raise BuildError(f"{target.name} cannot be imported: {described(error, target.file)}{hint}") from error
    finally:
        importing = False
        sys.path.remove(str(target.root))
    found = getattr(module, "__file__", None)
    if found is None or not os.path.samefile(found, target.file):
        raise BuildError(f"{target.name} is to be built from {target.file}, and {found} is imported by that name")
    return module


def import_package(target: Target) -> ModuleType:
    """Import a module of a package by its name, never an installed one of the same name."""
    top = target.name.partition(".")[0]
    paths = [os.path.abspath(path) for path in getattr(sys.modules.get(top), "__path__", ())]
    if str(target.root / top) not in paths:
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]
    sys.modules.pop(target.name, None)
    return importlib.import_module(target.name)


def import_file(target: Target) -> ModuleType:
    """Import a module that belongs to no package by its file: another module may have the same name."""
    name = target.name if target.name != "__main__" else "__aotops_main__"  # it is not run as a program
    spec = importlib.util.spec_from_file_location(name, target.file)
    assert spec is not None and spec.loader is not None  # of a file that ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# --- what a module declares ---------------------------------------------------------------------------------------


def declared_records(module: ModuleType) -> list[Any]:
    """Return the records of the operators that a module declares, with their derivatives.

    Raises ``BuildError`` if there are none, or two with the same name. Warns of operators that no variable holds, and
    of what ``aotops.aot.pack.probe`` finds.
    """
    from aotops._native import Operator
    from aotops.user.array_functions import ArrayFunction
    from aotops.user.array_kernels import ArrayKernel

    records: dict[str, Any] = {}

    def add(record: Record | ArrayRecord) -> None:
        other = records.setdefault(record.name, record)
        if other is not record:
            raise BuildError(
                f"{module.__file__}: two operators have the name {record.name}: {other.place} and {record.place}"
            )

    for value in vars(module).values():
        record = value._record if isinstance(value, (Operator, ArrayKernel, ArrayFunction)) else None
        if record is None or record.namespace is not vars(module) or record in records.values():
            continue
        if record.replaces is not None and not is_bound(record.replaces):
            lines = " and ".join(str(each.scalar.__code__.co_firstlineno) for each in (record.replaces, record))
            raise BuildError(f"{module.__file__}: two operators have the name {record.name}, in lines {lines}")
        if isinstance(value, Operator):
            name_of(value)
        add(record)
        if record.gradient is not None:
            name_of(record.gradient.operator)
            add(record.gradient)
    # a derivative may be assigned to a variable, too
    found = [record for record in records.values() if "." not in record.name]
    left_out = unbound(module, found)
    if not found:
        raise BuildError(
            f"{module.__file__} declares no operators: none of its variables is an aotops.Operator of its own"
            + "".join(f"\n{record.place}: {message}" for record, message in left_out)
        )
    for record, message in left_out:
        code = record.scalar.__code__
        warnings.warn_explicit(message, UserWarning, code.co_filename, code.co_firstlineno)
    for record in found:
        if not isinstance(record, ArrayRecord):
            probe(record)
    return [each for record in found for each in (record, record.gradient) if each is not None]


def unbound(module: ModuleType, found: Sequence[Record]) -> list[tuple[Record, str]]:
    """Return the records of operators that a module creates but that are not built, and what to do about each."""
    from aotops._native import Operator

    gc.collect()  # do not report garbage
    declared = [each._record for each in gc.get_objects() if type(each) is Operator and each._record is not None]
    told_with_others = {*found, *(record.gradient for record in declared)}
    left_out: list[tuple[Record, str]] = []
    for record in declared:
        if record.namespace is vars(module) and record not in told_with_others:
            message = (
                f"{record.scalar.__name__} is an operator that no variable of the module holds, but a dict, a list, a "
                "class or a function. It is not built: assign it to a variable of the module, which the others may use"
            )
            left_out.append((record, message))
    for name, value in vars(module).items():
        other = value._record if isinstance(value, Operator) else None
        if other is None or not other.namespace or other.namespace is vars(module):
            continue
        if not any(value is each for each in other.namespace.values()):  # otherwise it is imported
            message = (
                f"{name} is an operator that a function of {other.namespace.get('__name__')} has declared, and no "
                "variable there holds it. It is not built: have that function return the scalar function, and "
                "declare the operator in the module, with aotops.map, zip or reduce"
            )
            left_out.append((other, message))
    return sorted(left_out, key=lambda each: each[0].scalar.__code__.co_firstlineno)
