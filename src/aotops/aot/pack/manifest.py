"""The manifest that a build stores with a module's kernels: the facts that ``aotops.user.identity`` compares."""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import symtable
import types
from collections.abc import Iterable, Iterator
from typing import Any

from aotops.errors import BuildError
from aotops.ops.record import Record
from aotops.scalar.functions import codes, loaded_names
from aotops.user.identity import NAMED_MODULES, Facts, code_digest, digest_of_source, found, python_version


def manifest(records: Iterable[Record]) -> str:
    """Return the manifest of a module's operators; raises ``BuildError`` if two have the same name."""
    operators: dict[str, Record] = {}
    blocks = [f"{python_version()}\n{__debug__}"]
    sources: dict[str, None] = {}
    for record in records:
        other = operators.setdefault(record.name, record)
        if other is not record:
            raise BuildError(f"two operators have the name {record.name}: {other.place} and {record.place}")
        facts = Facts(lambda number, function: paths(function))
        lines = [f"{label}\t{spelling}" for label, spelling in facts.of_record(record)]
        if not record.name.removesuffix(".derivative").isidentifier() or "\n" in "".join(lines):
            raise BuildError(f"{record.name!r} ({record.place}) has names that Python code could not have")
        blocks.append("\n".join([f"operator {record.name}", *lines]))
        for function in facts.met:
            if isinstance(function, types.FunctionType):
                sources[source_block(function)] = None
    return "\n\n".join([*blocks, *filter(None, sources)])


# --- names ----------------------------------------------------------------------------------------------------------


def paths(function: types.FunctionType) -> Iterator[str]:
    """Return the names that a function refers to, and the dotted names of attributes of modules among them.

    An attribute may be accessed through a variable, so every attribute name in the function is included.
    """
    attributes = list(dict.fromkeys(itertools.chain.from_iterable(code.co_names for code in codes(function))))
    waiting: list[tuple[str, tuple[Any, ...]]] = [(name, ()) for name in loaded_names(function)]
    for path, around in waiting:
        yield path
        value = found(function, path)
        if isinstance(value, types.ModuleType) and value.__name__ not in NAMED_MODULES and value not in around:
            waiting += [(f"{path}.{name}", (*around, value)) for name in attributes if hasattr(value, name)]


# --- sources --------------------------------------------------------------------------------------------------------

CLOSURE = "closure_of_aotops"


@functools.cache
def parsed(source: str) -> ast.AST:
    """Return the syntax tree of a file; an empty one if it is not Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


@functools.cache
def imported_names(source: str) -> frozenset[str]:
    """The names that a module gives to what it imports."""
    symbols = symtable.symtable(source, "<module>", "exec").get_symbols()
    return frozenset(symbol.get_name() for symbol in symbols if symbol.is_imported())


def source_block(function: types.FunctionType) -> str:
    """Return a block with the source of a function, from which any Python can compile its own bytecode, or "".

    The source is only used if this Python compiles it to exactly the function's code.
    """
    code = function.__code__
    whole = "".join(linecache.getlines(code.co_filename, function.__globals__))
    digest = code_digest(code)
    for node in ast.walk(parsed(whole)):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>":
            first = node.lineno
        else:
            continue
        if first == code.co_firstlineno:
            names, source = compilable(node, whole, code)
            own = itertools.chain.from_iterable(
                (*c.co_varnames, *c.co_freevars, *c.co_cellvars) for c in codes(function)
            )
            imported = sorted(imported_names(whole).intersection((*loaded_names(function), *own)))
            if imported:
                # calling a method of an imported name compiles to different bytecode
                source = f"import {', '.join(imported)}\n{source}"
            if digest_of_source(source, names, code.co_flags) == digest:
                return "\n".join([f"source {' '.join([digest, *names])}", *(f"|{line}" for line in source.split("\n"))])
    return ""


def compilable(node: ast.FunctionDef | ast.Lambda, whole: str, code: types.CodeType) -> tuple[list[str], str]:
    """Return the source of a module that contains only a function, and the names of the scopes around it.

    A closure is placed in a function with the same variables, a function that uses private names in a class.
    """
    source = ast.get_source_segment(whole, node) or ""
    names: list[str] = []
    headers: list[str] = []
    spaces = ""
    if isinstance(node, ast.FunctionDef):
        # lines keep their indentation, which may be part of strings
        spaces = whole.split("\n")[node.lineno - 1][: node.col_offset]
        source = spaces + source
    owner = class_of(code)
    if owner is not None:
        headers.append(f"class {owner}:")
        names.append(owner)
    if code.co_freevars:
        headers.append(f"def {CLOSURE}({', '.join(code.co_freevars)}):")
        names.append(CLOSURE)
    if isinstance(node, ast.Lambda):
        source = f"_ = (\n{source}\n)"
        lines = [" " * k + header for k, header in enumerate(headers)]
        first, *others = source.split("\n")
        lines += [" " * len(headers) + first, *others]
    else:
        if spaces and not headers:
            headers.append("if True:")
        lines = [spaces[:k] + header for k, header in enumerate(headers)] + source.split("\n")
    return [*names, code.co_name], "\n".join(lines)


def class_of(code: types.CodeType) -> str | None:
    """Return the class whose private names some code uses, if any."""
    parts = code.co_qualname.split(".")
    classes = [part for part, after in itertools.pairwise(parts) if "<locals>" not in (part, after)]
    for name in reversed(classes):
        prefix = f"_{name.lstrip('_')}__"
        mentioned = itertools.chain(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return name if any(each.startswith(prefix) for each in mentioned) else None
    return None
