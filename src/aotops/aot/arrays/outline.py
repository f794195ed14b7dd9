"""Loops over ``prange`` as functions of their own: what is outlined, and what a loop must not do.

The source of a function is read and rewritten; nothing here knows of Numba. A loop becomes one function that runs some
of its iterations, and one that combines what two have accumulated. The iterations are divided into parts by their
number alone, and partial results are combined in order, so that bits do not depend on the number of threads.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from aotops.aot.front.places import place
from aotops.aot.front.reasons import CompileError
from aotops.scalar.exits import exits
from aotops.scalar.mathematics import references
from aotops.user.parallel import prange

#: How an accumulation begins in each part, and how two are combined, by its operator.
SUMS = {ast.Add: "+", ast.Sub: "+", ast.Mult: "*", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&"}
EXTREMES = ("min", "max")


@dataclass(frozen=True)
class Outlined:
    """A loop over ``prange``.

    Attributes:
        iterate: runs iterations: of ``(first, last, start, step, *captured, *accumulated)``.
        combine: of two tuples of accumulated values.
        kinds: the operator of each accumulated variable.
        captured: the variables that it reads.
        accumulated: the variables that it accumulates.
        line: where it is.
    """

    iterate: FunctionType
    combine: FunctionType
    kinds: tuple[str, ...]
    captured: tuple[str, ...]
    accumulated: tuple[str, ...]
    line: int


def is_prange(value: Any) -> bool:
    """Whether a value is ``prange``, of aotops or of Numba."""
    return value is prange or (
        getattr(value, "__name__", None) == "prange" and (value.__module__ or "").startswith("numba.")
    )


def has_parallel_loop(function: Any) -> bool:
    """Whether a function refers to ``prange``."""
    return isinstance(function, FunctionType) and any(is_prange(each.value) for each in references(function))


def _content(code: CodeType) -> Any:
    """What tells whether code is of some source; the instructions depend on what the module imports."""
    constants = [each for each in code.co_consts if not isinstance(each, CodeType)]
    return code.co_varnames, code.co_names, repr(constants)


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def outlined(function: FunctionType, launcher: Callable[[Outlined], Any], helpers: Mapping[str, Any]) -> FunctionType:
    """Return a copy of a function in which loops over ``prange`` are calls of what ``launcher`` returns for them.

    These calls have the number of iterations, the first index, the step, what is captured and what is accumulated as
    arguments, and return a tuple of what is accumulated. Raises ``CompileError`` for loops that depend on their order.
    """
    return _Outliner(function, launcher, helpers).result()


class _Outliner:
    """Outlines the loops of one function."""

    def __init__(self, function: FunctionType, launcher: Callable[[Outlined], Any], helpers: Mapping[str, Any]) -> None:
        self.function = function
        self.launcher = launcher
        code = function.__code__
        self.code = code
        self.locals = {*code.co_varnames, *code.co_cellvars}
        self.free = code.co_freevars
        self.cells = dict(zip(self.free, function.__closure__ or (), strict=True))
        self.globals = {**function.__globals__, **helpers}
        self.tree = self.source()

    def fail(self, node: ast.AST, reason: str) -> Any:
        """Raise ``CompileError`` with the line of a node."""
        line = getattr(node, "lineno", self.code.co_firstlineno)
        raise CompileError(f"The loop over prange {reason}.\n{place(self.code, line)}")

    def source(self) -> ast.FunctionDef:
        """Return the definition of the function, which must be what it was compiled from."""
        try:
            lines, first = inspect.getsourcelines(self.code)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except (OSError, SyntaxError, TypeError):
            self.fail(self.code, "cannot be read: its source is not in a file; write it to a module")  # type: ignore[arg-type]
        ast.increment_lineno(tree, max(first, 1) - 1)
        found = tree.body[0]
        if not isinstance(found, ast.FunctionDef):
            self.fail(found, "is in a function that def does not declare")
        assert isinstance(found, ast.FunctionDef)
        found.decorator_list = []
        found.returns = None
        for argument in found.args.args:
            argument.annotation = None
        found.args.defaults = []
        if _content(self.compiled([found])[found.name].__code__) != _content(self.code):
            self.fail(found, "cannot be read: its file has changed since it was imported")
        return found

    def compiled(self, definitions: Sequence[ast.FunctionDef]) -> dict[str, FunctionType]:
        """Return functions with the variables that this one has."""
        names = ", ".join(self.free)
        outer = ast.parse(f"def outer({names}): pass").body[0]
        assert isinstance(outer, ast.FunctionDef)
        outer.body = [*definitions]
        module = ast.fix_missing_locations(ast.Module([outer], []))
        whole = compile(module, self.code.co_filename, "exec", dont_inherit=True)
        outer_code = next(each for each in whole.co_consts if isinstance(each, CodeType))
        functions = {}
        for code in outer_code.co_consts:
            if isinstance(code, CodeType):
                code = code.replace(co_qualname=code.co_name)
                closure = tuple(self.cells[name] for name in code.co_freevars)
                functions[code.co_name] = FunctionType(code, self.globals, code.co_name, None, closure)
        return functions

    def result(self) -> FunctionType:
        """Return the copy."""
        self.statements(self.tree.body, [])
        copy = self.compiled([self.tree])[self.tree.name]
        copy.__defaults__ = self.function.__defaults__
        copy.__qualname__ = self.function.__qualname__
        copy.__module__ = self.function.__module__
        return copy

    def value_of(self, node: ast.expr) -> Any:
        """Return what an expression of global names refers to, or None."""
        if isinstance(node, ast.Name) and node.id not in self.locals:
            return _contents(self.cells[node.id]) if node.id in self.cells else self.globals.get(node.id)
        if isinstance(node, ast.Attribute):
            return getattr(self.value_of(node.value), node.attr, None)
        return None

    def is_parallel(self, node: ast.AST) -> bool:
        """Whether a statement is a loop over ``prange``."""
        return (
            isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and is_prange(self.value_of(node.iter.func))
        )

    def statements(self, body: list[ast.stmt], after: list[list[ast.stmt]]) -> None:
        """Outline the loops among some statements; ``after`` has the statements that may follow them."""
        for index, statement in enumerate(body):
            following = [body[index + 1 :], *after]
            if self.is_parallel(statement):
                assert isinstance(statement, ast.For)
                body[index] = self.outline(statement, following)
                continue
            if isinstance(statement, (ast.For, ast.While)):
                following = [[statement], *following]
            for field in ("body", "orelse"):
                inner = getattr(statement, field, None)
                if isinstance(inner, list) and not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                    self.statements(inner, following)

    def outline(self, loop: ast.For, following: list[list[ast.stmt]]) -> ast.stmt:
        """Return the statement that takes the place of a loop."""
        call = loop.iter
        assert isinstance(call, ast.Call)
        if not isinstance(loop.target, ast.Name) or loop.orelse or call.keywords or not 1 <= len(call.args) <= 3:
            self.fail(loop, "must have one variable, up to three arguments by position, and no else")
        assert isinstance(loop.target, ast.Name)
        self.reject_exits(loop)
        index = loop.target.id
        stored = {node.id for node in _walk(loop.body) if isinstance(node, ast.Name) and not _is_load(node)}
        kinds = self.accumulations(loop, stored - {index})
        private = {index, *stored} - set(kinds)
        for name in sorted(private):
            if _reads(following, name) == "reads":
                what = "counts with" if name == index else "assigns to"
                self.fail(loop, f"{what} {name}, which is read after it: iterations have no order; write to an array")
        for node in _walk(loop.body):
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
                used = {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
                if not used & private:
                    where = ast.unparse(node.target)
                    self.fail(node, f"changes {where} in every iteration, in any order; accumulate in a variable")
        loads = {node.id for node in _walk(loop.body) if isinstance(node, ast.Name) and _is_load(node)}
        captured = tuple(sorted((loads & self.locals) - private - set(kinds)))
        return self.replaced(loop, index, captured, kinds)

    def reject_exits(self, loop: ast.For) -> None:
        """Reject what leaves a loop early, or cannot be outlined."""
        for leaving in exits(loop.body):
            what = "return" if isinstance(leaving, ast.Return) else "break"
            self.fail(leaving, f"has a {what}, which would depend on the order of iterations; write range")
        for node in _walk(loop.body):
            if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.Nonlocal, ast.Global, ast.Delete)):
                self.fail(node, "has a function, a del or a declaration in it; move it out of the loop")

    def accumulations(self, loop: ast.For, stored: set[str]) -> dict[str, str]:
        """Return the variables that are carried from one iteration to the next, and their operators."""
        kinds = {}
        for name in sorted(stored):
            if _reads([loop.body], name) != "reads":
                continue
            found = set()
            inside: set[int] = set()
            for node in _walk(loop.body):
                kind, value = _accumulation(node, name)
                if kind is not None:
                    found.add(kind)
                    inside |= {id(each) for each in ast.walk(node) if isinstance(each, ast.Name) and each.id == name}
                    if any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(value)):
                        found.add("itself")
            others = [
                node for node in _walk(loop.body)
                if isinstance(node, ast.Name) and node.id == name and id(node) not in inside
            ]  # fmt: skip
            if len(found) != 1 or others or found == {"itself"}:
                wanted = f"write {name} += ..., or {name} = min({name}, ...), and read it after the loop only"
                self.fail(others[0] if others else loop, f"carries {name} from one iteration to the next; {wanted}")
            kinds[name] = found.pop()
        return kinds

    def replaced(self, loop: ast.For, index: str, captured: tuple[str, ...], kinds: dict[str, str]) -> ast.stmt:
        """Compile the functions of a loop, and return their call."""
        number = sum(name.startswith("__aotops_launch") for name in self.globals)
        accumulated = tuple(kinds)
        call = loop.iter
        assert isinstance(call, ast.Call)
        given = [ast.unparse(each) for each in call.args]
        start, stop, step = ("0", given[0], "1") if len(given) == 1 else (*given, "1")[:3]
        for node in _walk(loop.body):  # these run as part of an iteration
            if isinstance(node, ast.For) and self.is_parallel(node):
                assert isinstance(node.iter, ast.Call)
                node.iter.func = ast.copy_location(ast.Name("range", ast.Load()), node.iter.func)
        names = ", ".join(("__first", "__last", "__start", "__step", *captured, *accumulated))
        head = [f"def __iterate_{number}({names}):"]
        head += [f"    {name} = __aotops_neutral_{_WORDS[kinds[name]]}({name})" for name in accumulated]
        if step == "1" and start == "0":
            stop_again = _is_simple(call.args[0], {*captured})
            # what LLVM can see an index to be within
            bound = f"min(__last, {stop})" if stop_again else "__last"
            head += [f"    for {index} in range(max(__first, 0), {bound}):", "        pass"]
        else:
            head += [
                "    for __k in range(__first, __last):",
                f"        {index} = __start + __k * __step",
            ]
        returned = ", ".join(accumulated) + "," if accumulated else ""
        head += [f"    return ({returned})"]
        iterate = ast.parse("\n".join(head)).body[0]
        assert isinstance(iterate, ast.FunctionDef)
        for made in ast.walk(iterate):
            if hasattr(made, "lineno"):
                made.lineno = made.end_lineno = loop.lineno
        inner = next(node for node in iterate.body if isinstance(node, ast.For))
        inner.body = [*(inner.body if step != "1" or start != "0" else []), *loop.body]
        parts = [
            f"{kind}(a[{k}], b[{k}])" if kind in EXTREMES else f"a[{k}] {kind} b[{k}]"
            for k, kind in enumerate(kinds.values())
        ]
        combined = ", ".join(parts) + "," if parts else ""
        combine = ast.parse(f"def __combine_{number}(a, b):\n    return ({combined})").body[0]
        assert isinstance(combine, ast.FunctionDef)
        functions = self.compiled([iterate, combine])
        outlined_loop = Outlined(
            functions[iterate.name], functions[combine.name], tuple(kinds.values()), captured, accumulated, loop.lineno
        )
        launch = f"__aotops_launch_{number}"
        self.globals[launch] = self.launcher(outlined_loop)
        self.globals["__aotops_count"] = count
        count_of = f"max({stop}, 0)" if (start, step) == ("0", "1") else f"__aotops_count({start}, {stop}, {step})"
        arguments = ", ".join((count_of, start, step, *captured, *accumulated))
        targets = f"({', '.join(accumulated)},) = " if accumulated else ""
        statement = ast.parse(f"{targets}{launch}({arguments})").body[0]
        for made in ast.walk(statement):
            if hasattr(made, "lineno"):
                made.lineno = made.end_lineno = loop.lineno
        return statement


_WORDS = {"+": "sum", "*": "product", "|": "or", "^": "xor", "&": "and", "min": "min", "max": "max"}


def count(start: int, stop: int, step: int) -> int:
    """The number of iterations of ``range(start, stop, step)``."""
    if step == 0:
        raise ValueError("prange() arg 3 must not be zero")
    if step > 0:
        return (stop - start + step - 1) // step if stop > start else 0
    return (start - stop - step - 1) // -step if start > stop else 0


def _walk(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for each in body:
        yield from ast.walk(each)


def _is_load(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _is_simple(node: ast.expr, captured: set[str]) -> bool:
    """Whether an expression can be computed again in the loop: a number, a variable, a size."""
    if isinstance(node, ast.Name):
        return node.id in captured
    if isinstance(node, ast.Subscript):
        return _is_simple(node.value, captured) and isinstance(node.slice, ast.Constant)
    if isinstance(node, ast.Attribute):
        return node.attr in ("shape", "size") and _is_simple(node.value, captured)
    return isinstance(node, ast.Constant)


def _accumulation(node: ast.AST, name: str) -> tuple[str | None, ast.AST]:
    """Return the operator of a statement that accumulates in a variable, and what it accumulates; else None."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
        return SUMS.get(type(node.op)), node.value
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return None, node
    value = node.value
    if node.targets[0].id != name:
        return None, node

    def is_name(each: ast.expr) -> bool:
        return isinstance(each, ast.Name) and each.id == name

    if isinstance(value, ast.BinOp) and type(value.op) in SUMS:
        if is_name(value.left):
            return SUMS[type(value.op)], value.right
        if is_name(value.right) and not isinstance(value.op, ast.Sub):
            return SUMS[type(value.op)], value.left
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in EXTREMES:
        others = [each for each in value.args if not is_name(each)]
        if len(value.args) == 2 and len(others) == 1:
            return value.func.id, others[0]
    return None, node


def _reads(blocks: Sequence[Sequence[ast.AST]], name: str) -> str:
    """Return whether statements, one after the other, read a variable before they write it.

    "reads" where some path may, "writes" where all paths write first or end, else "".
    """
    for block in blocks:
        for node in block:
            found = _read_by(node, name)
            if found:
                return found
    return ""


def _read_by(node: ast.AST, name: str) -> str:
    if isinstance(node, ast.Name):
        return "" if node.id != name else "reads" if _is_load(node) else "writes"
    if isinstance(node, (ast.Return, ast.Raise)):
        found = _reads([list(ast.iter_child_nodes(node))], name)
        return found if found == "reads" else "writes"
    if isinstance(node, ast.Assign):
        return _reads([[node.value, *node.targets]], name)
    if isinstance(node, ast.AugAssign):
        is_own = isinstance(node.target, ast.Name) and node.target.id == name
        return "reads" if is_own else _reads([[node.value, node.target]], name)
    if isinstance(node, ast.If):
        found = _read_by(node.test, name)
        branches = [found] if found else [_reads([node.body], name), _reads([node.orelse], name)]
        return "reads" if "reads" in branches else "writes" if set(branches) == {"writes"} else ""
    if isinstance(node, ast.IfExp):
        return "reads" if any(_read_by(each, name) == "reads" for each in (node.test, node.body, node.orelse)) else ""
    if isinstance(node, (ast.For, ast.While)):
        first = _read_by(node.iter if isinstance(node, ast.For) else node.test, name)
        if first:
            return first
        if isinstance(node, ast.For) and _read_by(node.target, name) == "writes":
            inner = ""  # in the body it has a value, but there may be no iteration
        else:
            inner = _reads([node.body], name)
        rest = _reads([node.orelse], name)
        return "reads" if "reads" in (inner, rest) else ""
    if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.Lambda, ast.FunctionDef, ast.BoolOp)):
        loads = any(isinstance(each, ast.Name) and each.id == name and _is_load(each) for each in ast.walk(node))
        return "reads" if loads else ""
    return _reads([list(ast.iter_child_nodes(node))], name)
