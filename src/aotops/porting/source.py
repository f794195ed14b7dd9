"""Finding the functions that a module has Numba compile: by its source alone, under whatever names it imports Numba."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: What Numba's functions and decorators do with a function, by the last part of their names.
KINDS = {
    "njit": "njit",
    "jit": "njit",
    "vectorize": "vectorize",
    "guvectorize": "guvectorize",
    "stencil": "stencil",
    "cfunc": "cfunc",
    "generated_jit": "generated_jit",
    "jitclass": "jitclass",
    "register_jitable": "njit",
    "overload": "overload",
    "overload_method": "overload",
    "overload_attribute": "overload",
    "intrinsic": "overload",
}
#: Those that packages import from modules of their own, which fall back to plain Python where Numba is missing.
WRAPPED = ("njit", "jit", "vectorize", "guvectorize", "stencil")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Decoration:
    """What a decorator, or a call in its place, says.

    Attributes:
        kind: one of the values of ``KINDS``, ``"cuda"``, or ``"export"`` of ``numba.pycc``.
        options: keyword arguments.
        signatures: as they are written, without the names of modules.
        layout: that of ``guvectorize``.
        known: whether all arguments could be read.
    """

    kind: str
    options: dict[str, ast.expr] = field(default_factory=dict)
    signatures: list[str] = field(default_factory=list)
    layout: str | None = None
    known: bool = True


@dataclass
class Compiled:
    """A function, or a class, that Numba compiles."""

    name: str
    line: int
    node: Function | ast.ClassDef
    decorations: list[Decoration]
    outer: Function | ast.ClassDef | None = None

    @property
    def kind(self) -> str:
        """What Numba makes of it; an export of a function that is compiled as well is a detail."""
        kinds = [each.kind for each in self.decorations]
        return next((kind for kind in kinds if kind != "export"), "export")

    def option(self, name: str) -> ast.expr | None:
        """A keyword argument of one of the decorators."""
        return next((each.options[name] for each in self.decorations if name in each.options), None)

    def is_set(self, name: str) -> bool:
        """Whether an option is given, and not as False."""
        value = self.option(name)
        return value is not None and not (isinstance(value, ast.Constant) and not value.value)

    @property
    def signatures(self) -> list[str]:
        """The signatures that are declared."""
        return list(dict.fromkeys(text for each in self.decorations for text in each.signatures))


class Module:
    """The source of a module, and what it has Numba compile.

    Attributes:
        path: the file.
        names: what names mean that are imported: dotted names.
        own: names that are imported from modules of the same package, with those modules.
        compiled: the functions, by line.
        top_level: the module's own functions and variables.
    """

    def __init__(self, path: Path, source: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes that Python warns of are the module's matter
            self.tree = ast.parse(source, str(path))
        self.path = path
        self.names: dict[str, str] = {}
        self.own: dict[str, str] = {}
        self.values: dict[str, ast.expr] = {}
        self.aliases: dict[str, Decoration] = {}
        self.exporters: set[str] = set()
        self.top_level: set[str] = set()
        self._read_names()
        self.compiled = sorted(self._compiled(), key=lambda each: each.line)

    # --- names ----------------------------------------------------------------------------------------------------

    def _read_names(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.names[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    module = node.module or ""
                    name = alias.asname or alias.name
                    if node.level or self._is_wrapper(module, alias.name):
                        self.own[name] = module
                    self.names[name] = f"{'.' * node.level}{module}{'.' if module else ''}{alias.name}"
        for statement in statements(self.tree):
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.top_level.add(statement.name)
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if isinstance(target, ast.Name) and isinstance(statement, ast.Assign):
                self.top_level.add(target.id)
                self.values[target.id] = statement.value
                self._read_alias(target.id, statement.value)

    @staticmethod
    def _is_wrapper(module: str, name: str) -> bool:
        """Whether a name of another module looks like a decorator of Numba's that it passes on."""
        return name in WRAPPED and "numba" in module and module.partition(".")[0] != "numba"

    def _read_alias(self, name: str, value: ast.expr) -> None:
        """Read a decorator that a variable holds, as in ``jit = numba.njit(cache=True)``; or an exporter of pycc."""
        if self.dotted(value) and not isinstance(value, ast.Name):
            self.names[name] = self.dotted(value)
        if not isinstance(value, ast.Call):
            return
        called = self.dotted(value.func)
        if called.startswith("numba.pycc.") and called.endswith(".CC"):
            self.exporters.add(name)
        elif called in ("functools.partial", "partial") and value.args:
            kind = self.kind_of(value.args[0])
            if kind:
                self.aliases[name] = Decoration(kind, {each.arg: each.value for each in value.keywords if each.arg})
        else:
            decoration = self.decoration(value)
            if decoration is not None and not self._function_called(value):
                self.aliases[name] = decoration

    def dotted(self, node: ast.AST) -> str:
        """The dotted name that an expression means, as far as imports tell; "" for anything else."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    # --- decorators -----------------------------------------------------------------------------------------------

    def kind_of(self, node: ast.AST) -> str:
        """What a decorator does, without its arguments; "" if it is none of Numba's."""
        name = self.dotted(node)
        last = name.rpartition(".")[2]
        if name.startswith("numba.cuda."):
            return "cuda" if last in ("jit", "declare_device") else ""
        if name.startswith("numba."):
            return KINDS.get(last, "")
        if isinstance(node, ast.Name) and node.id in self.own and last in WRAPPED:
            return KINDS[last]
        return ""

    def decoration(self, node: ast.AST) -> Decoration | None:
        """Read a decorator; None if it is none of Numba's."""
        if isinstance(node, ast.Name) and node.id in self.aliases:
            return self.aliases[node.id]
        if not isinstance(node, ast.Call):
            kind = self.kind_of(node)
            return Decoration(kind) if kind else None
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "export" and isinstance(function.value, ast.Name):
            if function.value.id not in self.exporters:
                return None
            return self._with_arguments(Decoration("export"), node.args[1:2], node.keywords)
        if isinstance(function, ast.Name) and function.id in self.aliases:
            known = self.aliases[function.id]
            return self._with_arguments(
                Decoration(known.kind, dict(known.options), list(known.signatures), known.layout),
                node.args,
                node.keywords,
            )
        kind = self.kind_of(function)
        return self._with_arguments(Decoration(kind), node.args, node.keywords) if kind else None

    def _with_arguments(
        self, decoration: Decoration, arguments: list[ast.expr], keywords: list[ast.keyword]
    ) -> Decoration:
        for keyword in keywords:
            if keyword.arg is None:
                value = self._value(keyword.value)
                if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
                    decoration.options.update({each.arg: each.value for each in value.keywords if each.arg})
                elif isinstance(value, ast.Dict):
                    for key, item in zip(value.keys, value.values, strict=True):
                        if isinstance(key, ast.Constant):
                            decoration.options[str(key.value)] = item
                else:
                    decoration.known = False
            elif keyword.arg in ("signature", "signature_or_function", "ftylist", "ftylist_or_function"):
                decoration.signatures += self._signatures(keyword.value, decoration)
            else:
                decoration.options[keyword.arg] = keyword.value
        if decoration.kind == "guvectorize":
            layouts = [self._value(each) for each in arguments[-1:]]
            layout = layouts[0] if layouts else None
            if isinstance(layout, ast.Constant) and isinstance(layout.value, str):
                decoration.layout = "".join(layout.value.split())
                arguments = arguments[:-1]
        if decoration.kind in ("njit", "vectorize", "guvectorize", "export", "cfunc"):
            for each in arguments[:1]:
                if not self._names_function(each):
                    decoration.signatures += self._signatures(each, decoration)
        return decoration

    def _value(self, node: ast.expr) -> ast.expr:
        """The expression that a name stands for, where the module assigns one."""
        seen = set()
        while isinstance(node, ast.Name) and node.id in self.values and node.id not in seen:
            seen.add(node.id)
            node = self.values[node.id]
        return node

    def _signatures(self, node: ast.expr, decoration: Decoration) -> list[str]:
        """The signatures in an argument, as strings."""
        node = self._value(node)
        if isinstance(node, (ast.List, ast.Tuple)) and not self._is_type(node):
            return [text for each in node.elts for text in self._signatures(each, decoration)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if isinstance(node, (ast.Call, ast.Tuple)):
            return [ast.unparse(_Bare(self).visit(ast.parse(ast.unparse(node), mode="eval").body))]
        decoration.known = decoration.known and isinstance(node, ast.Constant)
        return []

    def _is_type(self, node: ast.expr) -> bool:
        """Whether a tuple is one signature without a result, ``(float64[:], int64)``, not several ones."""
        if not isinstance(node, ast.Tuple) or not node.elts:
            return False
        first = node.elts[0]
        first = first.value if isinstance(first, ast.Subscript) else first
        return isinstance(first, (ast.Name, ast.Attribute)) and self.dotted(first).startswith("numba.")

    def _names_function(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Lambda) or (
            isinstance(node, ast.Name) and node.id in self.top_level and node.id not in self.values
        )

    def _function_called(self, call: ast.Call) -> str:
        """The name of the module's function that a call compiles, as in ``njit(f)`` and ``njit(cache=True)(f)``."""
        names = [each.id for each in call.args if isinstance(each, ast.Name)]
        return names[0] if names and self._names_function(ast.Name(names[0])) else ""

    # --- functions ------------------------------------------------------------------------------------------------

    def _compiled(self) -> Iterator[Compiled]:
        functions: dict[str, Function] = {}
        found: dict[str, Compiled] = {}
        for name, node, outer in definitions(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                functions[name] = node
            decorations = [each for each in map(self.decoration, node.decorator_list) if each is not None]
            if decorations:
                found[name] = Compiled(name, node.lineno, node, decorations, outer)
        for name, compiling, expression in self._lambdas():
            decoration = self.decoration(compiling.func if isinstance(compiling.func, ast.Call) else compiling)
            if decoration is not None:
                body = ast.copy_location(ast.Return(expression.body), expression)
                function = ast.copy_location(ast.FunctionDef(name, expression.args, [body], []), compiling)
                found[name] = Compiled(name, function.lineno, function, [decoration])
        for call in ast.walk(self.tree):
            if not isinstance(call, ast.Call):
                continue
            name = self._function_called(call)
            decoration = self.decoration(call.func if isinstance(call.func, ast.Call) else call) if name else None
            if decoration is not None and name in functions:
                entry = found.setdefault(name, Compiled(name, functions[name].lineno, functions[name], []))
                entry.decorations.append(decoration)
        return iter(found.values())

    def _lambdas(self) -> Iterator[tuple[str, ast.Call, ast.Lambda]]:
        """The calls with a lambda that variables of the module hold, as in ``f = njit(lambda x: x)``."""
        for name, value in self.values.items():
            for each in value.args if isinstance(value, ast.Call) else ():
                if isinstance(value, ast.Call) and isinstance(each, ast.Lambda):
                    yield name, value, each


class _Bare(ast.NodeTransformer):
    """Leaves out what stands before the names of types: ``nb.types.float64[:]`` becomes ``float64[:]``."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name(node.attr, ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.expr:
        dotted = self.module.names.get(node.id, "")
        if dotted.startswith("numba."):
            return ast.Name(dotted.rpartition(".")[2], ast.Load())
        value = self.module.values.get(node.id)
        if value is not None and not isinstance(value, ast.Name):
            replaced: ast.expr = self.visit(ast.parse(ast.unparse(value), mode="eval").body)
            return replaced
        return node


def indices_of(node: ast.Subscript) -> list[ast.expr]:
    """The indices of a subscript, one for each axis that it names."""
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def last_name(node: ast.AST) -> str:
    """The last part of a name with dots, whatever it means; "" for anything else."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a module, those in its conditions and tries included."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop(0)
        yield statement
        if isinstance(statement, (ast.If, ast.Try, ast.With)):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for each in getattr(statement, part, ()):
                    waiting += each.body if isinstance(each, ast.ExceptHandler) else [each]


def definitions(
    tree: ast.AST, prefix: str = "", outer: Function | ast.ClassDef | None = None
) -> Iterator[tuple[str, Function | ast.ClassDef, Function | ast.ClassDef | None]]:
    """All functions and classes, with their names in dots, and the function or class that each is in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield f"{prefix}{node.name}", node, outer
            yield from definitions(node, f"{prefix}{node.name}.", node)
        else:
            yield from definitions(node, prefix, outer)
