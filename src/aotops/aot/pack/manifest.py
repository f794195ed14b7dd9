"""What a build writes down beside the kernels of a module: the facts that ``aotops.user.identity`` compares."""

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
    """The manifest of the operators of a module; ``BuildError`` if two have one name."""
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
    """The names that a function refers to, and in dots those of attributes of the modules among them.

    An attribute may be reached by way of a variable, so that every name of an attribute in the function counts.
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
    """The syntax tree of a file; an empty one if it is no Python."""
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
    """The block with the source of a function, from which every Python can compile its own byte code; "" without any.

    The source counts only if this Python makes the function's very code of it.
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
                # a method of what a module imports is called by other byte code
                source = f"import {', '.join(imported)}\n{source}"
            if digest_of_source(source, names, code.co_flags) == digest:
                return "\n".join([f"source {' '.join([digest, *names])}", *(f"|{line}" for line in source.split("\n"))])
    return ""


def compilable(node: ast.FunctionDef | ast.Lambda, whole: str, code: types.CodeType) -> tuple[list[str], str]:
    """The source of a module that has a function as it stands in its file, and the names of what it is inside of.

    A function of a closure stands in one with the same variables, one that mentions private names in a class.
    """
    source = ast.get_source_segment(whole, node) or ""
    names: list[str] = []
    headers: list[str] = []
    spaces = ""
    if isinstance(node, ast.FunctionDef):
        # lines keep their indentation: it may be part of strings
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
    """The class whose private names some code mentions, if it does."""
    parts = code.co_qualname.split(".")
    classes = [part for part, after in itertools.pairwise(parts) if "<locals>" not in (part, after)]
    for name in reversed(classes):
        prefix = f"_{name.lstrip('_')}__"
        mentioned = itertools.chain(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return name if any(each.startswith(prefix) for each in mentioned) else None
    return None
