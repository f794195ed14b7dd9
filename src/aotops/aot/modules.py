"""Modules with operators of users: finding them, importing them, and what they declare."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from aotops.declare import name_of
from aotops.errors import BuildError
from aotops.mathematics import in_plain_python
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

    Raises ``BuildError`` if there are none, or two of one name. Warns of reductions that mind how values are grouped.
    """
    from aotops._native import Operator

    records: dict[str, Record] = {}

    def add(record: Record) -> None:
        other = records.setdefault(record.name, record)
        if other is not record:
            raise BuildError(
                f"{module.__file__}: two operators have the name {record.name}: {other.place} and {record.place}"
            )

    for value in vars(module).values():
        record = value._record if isinstance(value, Operator) else None
        if record is None or record.namespace is not vars(module) or record in records.values():
            continue
        if record.replaces is not None:
            lines = " and ".join(str(each.scalar.__code__.co_firstlineno) for each in (record.replaces, record))
            raise BuildError(f"{module.__file__}: two operators have the name {record.name}, in lines {lines}")
        name_of(value)
        add(record)
        if record.gradient is not None:
            name_of(record.gradient.operator)
            add(record.gradient)
    # a derivative is assigned to a variable as well now and then
    found = [record for record in records.values() if "." not in record.name]
    if not found:
        raise BuildError(
            f"{module.__file__} declares no operators: none of its variables is an aotops.Operator of its own"
        )
    for record in found:
        probe(record)
    return [each for record in found for each in (record, record.gradient) if each is not None]


# --- reductions that are none -------------------------------------------------------------------------------------

SAMPLES = {"bool": (False, True), "int64": (-3, 0, 1, 2, 7), "float32": (-2.5, 0.0, 0.5, 1.0, 3.0)}
SAMPLES["float64"] = SAMPLES["float32"]


def close(a: Any, b: Any) -> bool:
    """Whether two numbers agree but for rounding; NaN agrees with itself."""
    return bool(a == b or (a != a and b != b) or abs(a - b) <= 1e-6 * max(abs(a), abs(b), 1e-3))


def combined_values(record: Record) -> list[Any]:
    """Some numbers of those that a reduction combines: what its function of the inputs makes of samples, if it has one.

    The largest absolute value, with identity 0, need not be right for negative values.
    """
    dtype = record.dtypes[0]
    if record.of is None:
        return list(SAMPLES[record.result_for(dtype)])
    of: Callable[..., Any] = in_plain_python(record.of, dtype)
    values: list[Any] = []
    for inputs in itertools.islice(itertools.product(SAMPLES[dtype], repeat=record.inputs), 125):
        with contextlib.suppress(Exception):  # where compiled code has NaN, or what does not compile at all
            values.append(of(*inputs))
    distinct = list(dict.fromkeys(value for value in values if value == value))
    return distinct[:: len(distinct) // 6 + 1]


def probe(record: Record) -> None:
    """Warn of a reduction whose result is up to how values are grouped, or whose identity changes a value."""
    if record.kind != "reduce":
        return
    dtype = record.dtypes[0]
    result = record.result_for(dtype)
    combine: Callable[..., Any] = in_plain_python(record.scalar_for(dtype), result)
    name, file = f"{record.name}({', '.join(record.parameters)})", record.scalar.__code__

    def warn(message: str) -> None:
        warnings.warn_explicit(f"{name}: {message}", UserWarning, file.co_filename, file.co_firstlineno)

    try:
        samples = combined_values(record)
        for a, b, c in itertools.product(samples, repeat=3):
            left, right = combine(combine(a, b), c), combine(a, combine(b, c))
            if not close(left, right):
                warn(
                    f"the reduction is not associative: combining {a}, {b} and {c} gives {left} or {right}, as "
                    "they are grouped, and aotops groups them as it likes"
                )
                return
        identity = record.identity_for(dtype)
        for a in samples:
            if not close(combine(identity, a), a):
                warn(f"the identity {identity} changes {a} into {combine(identity, a)}")
                return
    except Exception:
        return  # plain Python raises where compiled code does not, or what is wrong will not compile: nothing learned
