"""Loops over the elements of vectors that are operators: a map, a zip, or a reduction."""

from __future__ import annotations

import ast

from aotops.porting.source import Function, last_name
from aotops.porting.uses import Parameter

#: Statements of a loop's body that no operator has: it would depend on other elements, or on their order.
NOT_ELEMENTWISE = (ast.For, ast.While, ast.Return, ast.Break, ast.Raise)


def pattern(node: Function, parameters: list[Parameter]) -> str:
    """What to declare for a function that is one loop over the elements of vectors; "" for others."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    loops = [each for each in body if isinstance(each, ast.For)]
    if len(loops) != 1 or any(not isinstance(each, (ast.For, ast.Assign, ast.Return)) for each in body):
        return ""
    loop = loops[0]
    index = _index(loop)
    inside = [each for statement in loop.body for each in ast.walk(statement)]
    elements = [each for each in inside if isinstance(each, ast.Subscript)]
    if index is None or not elements or any(isinstance(each, NOT_ELEMENTWISE) for each in inside):
        return ""
    if any(each.rank > 1 for each in parameters) or not all(_is_element(each, index) for each in elements):
        return ""
    # an array as a whole, or the index as a number
    parts = {id(part) for each in elements for part in (each.value, each.slice)}
    whole = {index, *(each.name for each in parameters if each.rank)}
    if any(isinstance(each, ast.Name) and each.id in whole and id(each) not in parts for each in inside):
        return ""
    stored = {ast.unparse(each.value) for each in elements if isinstance(each.ctx, ast.Store)}
    loaded = {ast.unparse(each.value) for each in elements if isinstance(each.ctx, ast.Load)}
    before = {name for each in body[: body.index(loop)] for name in _assigned(each)}
    carried = before & {name for statement in loop.body for name in _assigned(statement)}
    inputs = [each.name for each in parameters if each.name not in stored]
    if len(stored) == 1 and not stored & loaded and not carried:
        kind = "map" if len(inputs) == 1 else "zip"
        return f"@ao.{kind} of ({', '.join(inputs)}), on the loop's body: any shapes, broadcasting, vector instructions"
    return "" if stored else _reduction(loop, index, body[-1], carried, inputs)


def _index(loop: ast.For) -> str | None:
    """The variable of a loop over ``range(n)`` or ``prange(n)``."""
    name = last_name(loop.iter.func) if isinstance(loop.iter, ast.Call) else ""
    one = len(getattr(loop.iter, "args", ())) == 1
    return loop.target.id if name in ("range", "prange") and one and isinstance(loop.target, ast.Name) else None


def _is_element(node: ast.Subscript, index: str) -> bool:
    """Whether a subscript is ``x[index]``."""
    return isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Name) and node.slice.id == index


def _assigned(node: ast.AST) -> set[str]:
    """The variables that a statement assigns."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _reduction(loop: ast.For, index: str, last: ast.stmt, carried: set[str], inputs: list[str]) -> str:
    """``ao.reduce`` of a loop that adds or multiplies one value per element to a variable, which is returned."""
    statement = loop.body[0]
    if len(loop.body) != 1 or not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Name):
        return ""
    name = statement.target.id
    is_returned = isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id == name
    if carried != {name} or not is_returned or name in ast.unparse(statement.value).split():
        return ""
    operation = {ast.Add: ("a + b", "0.0"), ast.Mult: ("a * b", "1.0")}.get(type(statement.op))
    if operation is None:
        return ""
    value = ast.unparse(statement.value).replace(f"[{index}]", "")
    mapped = "" if [value] == inputs else f", map=lambda {', '.join(inputs)}: {value}"
    return f"ao.reduce(lambda a, b: {operation[0]}, identity={operation[1]}{mapped}): any axis, vector instructions"
