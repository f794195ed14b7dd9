"""Modules with operators of users: finding them, importing them, and what they declare."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from aotops import functions
from aotops.aot.probe import probe
from aotops.declare import name_of, source_digest
from aotops.errors import BuildError
from aotops.ops.record import Record


@dataclass(frozen=True)
class Target:
    """A module to build: its name, its file, and the folder that its name is relative to."""

    name: str
    file: Path
    root: Path


def target_of_file(file: Path) -> Target:
    """The module in a file, of the package that the file belongs to."""
    file = file.resolve()
    names = [] if file.name == "__init__.py" else [file.stem]
    root = file.parent
    while (root / "__init__.py").exists():
        names.insert(0, root.name)
        root = root.parent
    return Target(".".join(names), file, root)


def find_target(spec: str) -> Target:
    """The module that a user names, as a file or in dots; ``BuildError`` if there is none."""
    path = Path(spec)
    if path.is_file() and path.suffix == ".py":
        return target_of_file(path)
    if path.suffix == ".py" or os.sep in spec:
        raise BuildError(f"{spec} is not a Python file: expected one, or a module's name in dots")
    if not all(part.isidentifier() for part in spec.split(".")):
        raise BuildError(f"{spec} is neither a Python file nor the name of a module")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.util.find_spec(spec)
    except ModuleNotFoundError as error:
        raise BuildError(f"{spec} is no module that can be found: {error}") from None
    finally:
        sys.path.pop(0)
    if found is None:
        raise BuildError(f"{spec} is no module that can be found from {Path.cwd()}")
    if found.origin is None or not found.origin.endswith(".py"):
        raise BuildError(f"{spec} is no module of Python source; it is {found.origin or 'a folder'}")
    file = Path(found.origin).resolve()
    depth = spec.count(".") + (file.name == "__init__.py")
    return Target(spec, file, file.parents[depth])


def load(target: Target) -> ModuleType:
    """Import a module anew; ``BuildError`` with the reason if that fails."""
    sys.path.insert(0, str(target.root))
    try:
        if "." in target.name:
            for name in [name for name in sys.modules if name == target.name]:
                del sys.modules[name]
            return importlib.import_module(target.name)
        # by its file: another module may have the name
        spec = importlib.util.spec_from_file_location(target.name, target.file)
        assert spec is not None and spec.loader is not None  # of a file that ends in .py
        module = importlib.util.module_from_spec(spec)
        sys.modules[target.name] = module
        spec.loader.exec_module(module)
        return module
    except ModuleNotFoundError as error:
        raise BuildError(
            f"{target.name} cannot be imported: {error}. What a module with operators imports must be installed where "
            'it is built; for a wheel, list it in "requires" of [build-system]'
        ) from None
    except Exception as error:
        raise BuildError(f"{target.name} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(target.root))


def declared_records(module: ModuleType) -> list[Record]:
    """The records of the operators that a module declares, with their derivatives.

    Raises ``BuildError`` if there are none, or two of one name. Warns of what ``aotops.aot.probe`` finds.
    """
    from aotops._native import Operator

    records: dict[str, Record] = {}
    for value in vars(module).values():
        record = value._record if isinstance(value, Operator) else None
        if record is None or record.namespace is not vars(module) or record in records.values():
            continue
        if record.replaces is not None:
            lines = " and ".join(str(each.scalar.__code__.co_firstlineno) for each in (record.replaces, record))
            raise BuildError(f"{module.__file__}: two operators have the name {record.name}, in lines {lines}")
        name_of(value)
        records[record.name] = record
        if record.gradient is not None:
            name_of(record.gradient.operator)
            records[record.gradient.name] = record.gradient
    # a derivative is assigned to a variable as well now and then
    found = [record for record in records.values() if "." not in record.name]
    if not found:
        raise BuildError(
            f"{module.__file__} declares no operators: none of its variables is an aotops.Operator of its own"
        )
    for record in found:
        probe(record)
    return [each for record in found for each in (record, record.gradient) if each is not None]


# --- sources ------------------------------------------------------------------------------------------------------


def imported_files(file: Path) -> Iterator[Path]:
    """The files, in the same folder or below, of modules that one imports from: constants may come from there."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            base = file.parent
            for _ in range(node.level - 1):
                base = base.parent
            if node.level == 0:
                base = target_of_file(file).root
            stem = base.joinpath(*(node.module or "").split("."))
            names = [stem, *(stem / alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [target_of_file(file).root.joinpath(*alias.name.split(".")) for alias in node.names]
        else:
            continue
        yield from (path for name in names if (path := name.with_suffix(".py")).is_file())


def sources(target: Target, records: list[Record]) -> str:
    """A line with digest and path, relative to the module's folder, of each file that the operators are made from."""
    files = {target.file: None}
    for record in records:
        for scalar in filter(None, (record.scalar, record.of, *record.specialised.values())):
            for function in functions.reached(scalar):
                path = Path(function.__code__.co_filename)
                if target.root in path.parents and path.is_file():
                    files.setdefault(path.resolve())
    for file in list(files):
        files.update(
            dict.fromkeys(path.resolve() for path in imported_files(file) if target.root in path.resolve().parents)
        )
    folder = target.file.parent
    return "".join(f"{source_digest(str(file))} {os.path.relpath(file, folder)}\n" for file in files)
