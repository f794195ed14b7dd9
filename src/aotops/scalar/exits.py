"""What leaves a loop early, in the source of a function: for loops over ``prange``, before and without Numba."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any


def exits(body: Sequence[Any], is_own: bool = True) -> Iterator[ast.stmt]:
    """The statements of a loop that end it: ``return``, and ``break`` unless it is that of a loop inside."""
    for statement in body:
        if isinstance(statement, ast.Return) or (isinstance(statement, ast.Break) and is_own):
            yield statement
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        is_loop = isinstance(statement, (ast.For, ast.While))
        yield from exits(getattr(statement, "body", ()), is_own and not is_loop)
        # a break in the else of a loop is that of the outer one
        for part in ("orelse", "handlers", "finalbody", "cases"):
            yield from exits(getattr(statement, part, ()), is_own)
