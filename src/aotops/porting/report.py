"""Reading files for ``aotops port``: each function that Numba compiles, what to declare, and what stands in the way."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aotops.porting.declarations import Declaration, declaration
from aotops.porting.obstacles import Obstacle, obstacles, returned_lists
from aotops.porting.source import Compiled, Module
from aotops.porting.uses import Uses, propagate

#: Folders that hold no sources of a project.
LEFT_OUT = frozenset(("build", "dist", "node_modules", "site-packages", "venv", "__pycache__"))
DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)
#: Options of Numba's decorators that have no counterpart, and why none is needed.
OPTIONS = {
    "cache": "cache=True is not needed: nothing is compiled at run time",
    "nogil": "nogil=True is not needed: the GIL is released during every call",
    "fastmath": "fastmath is left out, so that bits are the same on every CPU; reassociate=True makes vectors of sums",
    "parallel": "parallel=True is left out: loops over prange, batches of array kernels, and operators run on threads",
    "boundscheck": "boundscheck is an argument of the declaration, and True unless it says otherwise",
    "locals": "locals= is left out: write np.float32(x) where a variable has a type of its own",
}


@dataclass
class Finding:
    """What ``aotops port`` says of one function.

    Attributes:
        status: ``"ready"``: it compiles as it is; ``"helper"``: it does, and only others call it, so that it needs no
            declaration; ``"blocked"``: something stands in the way.
    """

    name: str
    line: int
    decorator: str
    status: str
    declaration: Declaration | None = None
    obstacles: list[Obstacle] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    called_by: list[str] = field(default_factory=list)


@dataclass
class FileReport:
    """What was found in a file, or why it could not be read."""

    path: Path
    findings: list[Finding] = field(default_factory=list)
    error: str = ""


def files_in(paths: Iterable[str]) -> Iterator[Path]:
    """The files that are named, and the Python files in folders that are."""
    for each in paths:
        path = Path(each)
        if not path.is_dir():
            yield path
            continue
        for file in sorted(path.rglob("*.py")):
            inside = file.relative_to(path).parts[:-1]
            if not any(part in LEFT_OUT or part.startswith(".") for part in inside):
                yield file


def read(paths: Iterable[str]) -> list[FileReport]:
    """Read files and folders; nothing is imported."""
    reports: list[FileReport] = []
    modules: list[tuple[Module, FileReport]] = []
    for path in dict.fromkeys(files_in(paths)):
        report = FileReport(path)
        reports.append(report)
        try:
            modules.append((Module(path, path.read_bytes()), report))
        except OSError as error:
            report.error = f"{path}: {error.strerror or error}"
        except SyntaxError as error:
            place = f", line {error.lineno}" if error.lineno else ""
            report.error = f"{path}{place}: {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            report.error = f"{path}: {error or 'too deeply nested'}"
    used = _used_by_python([module for module, _ in modules])
    for module, report in modules:
        report.findings = _findings(module, used)
    return reports


def _used_by_python(modules: list[Module]) -> set[str]:
    """The names of compiled functions that code outside of compiled functions uses."""
    names = {each.name.rpartition(".")[2] for module in modules for each in module.compiled}
    used: set[str] = set()
    for module in modules:
        waiting: list[ast.AST] = [module.tree]
        compiled = {id(each.node) for each in module.compiled}
        while waiting:
            node = waiting.pop()
            if id(node) in compiled:
                continue
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used.add(node.id)
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
            waiting.extend(ast.iter_child_nodes(node))
    return used & names


def _findings(module: Module, used: set[str]) -> list[Finding]:
    functions = {each.name: each for each in module.compiled}
    found = {name: obstacles(module, each) for name, each in functions.items()}
    calls = {name: _calls(module, each, functions) for name, each in functions.items()}
    for _ in functions:  # what calls something that does not compile does not either
        changed = False
        for name, lines in calls.items():
            for called, line in lines.items():
                if found[called] and not found[name] and called != name:
                    first = found[called][0]
                    found[name] = [Obstacle(line, f"a call of {called}", f"see there: {first.what}, line {first.line}")]
                    changed = True
        if not changed:
            break
    uses = {name: Uses(module, each.node) for name, each in functions.items() if isinstance(each.node, ast.FunctionDef)}
    propagate({name: (each, each.parameters) for name, each in uses.items()})
    known = {name: each.parameters for name, each in uses.items()}
    findings = []
    for name, function in functions.items():
        callers = sorted(caller for caller, lines in calls.items() if name in lines and caller != name)
        finding = Finding(name, function.line, function.kind, "blocked", obstacles=found[name], called_by=callers)
        finding.notes = list(_notes(module, function))
        if not found[name]:
            finding.status = "helper" if callers and _is_helper(function, used) else "ready"
            if finding.status == "ready":
                finding.obstacles = list(returned_lists(function))
            if finding.obstacles:
                finding.status = "blocked"
            elif finding.status == "ready":
                finding.declaration = declaration(module, function, known)
        findings.append(finding)
    return findings


def _is_helper(function: Compiled, used: set[str]) -> bool:
    """Whether a function that others call is for them alone, as far as its name and the rest of the files tell."""
    if function.signatures or function.kind in ("vectorize", "guvectorize", "export"):
        return False
    return function.name not in used and (function.name.startswith("_") or bool(used))


def _calls(module: Module, function: Compiled, functions: dict[str, Compiled]) -> dict[str, int]:
    """The compiled functions of the module that one refers to, with the line."""
    lines: dict[str, int] = {}
    stored = {
        each.arg if isinstance(each, ast.arg) else each.id
        for each in ast.walk(function.node)
        if isinstance(each, ast.arg) or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
    }
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name) and node.id in functions and node.id not in stored:
            lines.setdefault(node.id, node.lineno)
    return lines


def _notes(module: Module, function: Compiled) -> Iterator[str]:
    """What behaves differently from Numba, and what options are not needed."""
    for name, text in OPTIONS.items():
        if function.is_set(name):
            yield text
    if not all(each.known for each in function.decorations):
        yield "arguments of the decorator are computed, and were not read"
    node = function.node
    if not isinstance(node, ast.FunctionDef):
        return
    if any(isinstance(each, ast.Call) and module.dotted(each.func) == "numba.prange" for each in ast.walk(node)):
        yield "prange runs on threads; ao.prange is the same, where Numba is not installed"
    if any("float32" in text or "f4" in text for text in function.signatures):
        yield "float32 stays float32 beside constants and integers, where Numba computes in float64: np.float64(x) does"
    model = function.option("error_model")
    is_numpy = isinstance(model, ast.Constant) and model.value == "numpy"
    if function.kind in ("njit", "cfunc", "export") and not is_numpy:
        for each in ast.walk(node):
            if not isinstance(each, (ast.BinOp, ast.AugAssign)) or not isinstance(each.op, DIVISIONS):
                continue
            if not isinstance(each.right if isinstance(each, ast.BinOp) else each.value, ast.Constant):
                yield (
                    f"division by zero (line {each.lineno}) gives inf, nan or, of integers, 0, where Numba raises an "
                    "exception"
                )
                return
