"""What stands in the way of compiling a function ahead of time, with its line, and what to write instead."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aotops.porting.source import Compiled, Module
from aotops.porting.uses import Uses, written_in_place
from aotops.scalar.exits import exits
from aotops.scalar.rejected import CALLED, NOT_CALLED, RAISED, REJECTED


@dataclass(frozen=True, order=True)
class Obstacle:
    """Something that does not compile."""

    line: int
    what: str
    instead: str


#: Syntax, and the instruction in ``REJECTED`` that Python compiles it to.
SYNTAX: dict[type[ast.AST], str] = {
    ast.Set: "BUILD_SET",
    ast.SetComp: "SET_ADD",
    ast.Dict: "BUILD_MAP",
    ast.DictComp: "MAP_ADD",
    ast.JoinedStr: "FORMAT_VALUE",
    ast.With: "BEFORE_WITH",
    ast.Try: "PUSH_EXC_INFO",
    ast.Import: "IMPORT_NAME",
    ast.ImportFrom: "IMPORT_NAME",
    ast.Yield: "YIELD_VALUE",
    ast.YieldFrom: "YIELD_VALUE",
    ast.ClassDef: "BUILD_CLASS",
}
#: Kinds of compilation that have no counterpart.
KINDS = {
    "cuda": ("a kernel for GPUs", "there are none: write the loop over all threads as an array kernel"),
    "generated_jit": ("generated_jit", "write a function for each type, and choose in Python"),
    "jitclass": ("a jitclass", "keep its fields in arrays and numbers, and pass them to functions"),
    "overload": (
        "an extension of Numba, which functions elsewhere call by another name",
        "declare the function inside, and call it by its own name",
    ),
    "stencil": (
        "a stencil, whose indices are relative",
        'write a loop under @ao.kernel("(n)->(n)"): a[-1] becomes x[i - 1]; the border, where Numba writes 0, is yours',
    ),
}
#: Numba's types, which as functions convert numbers, and NumPy's that do the same.
CONVERSIONS = {
    **{f"{sign}int{bits}": f"np.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float32": "np.float32",
    "float64": "np.float64",
    "intp": "np.int64",
    "boolean": "bool",
    "b1": "bool",
    "i4": "np.int32",
    "i8": "np.int64",
    "f4": "np.float32",
    "f8": "np.float64",
    "u1": "np.uint8",
    "complex64": "np.complex64",
    "complex128": "np.complex128",
    "int_": "np.int64",
    "uint": "np.uint64",
}
#: Python's functions that take or return what kernels do not have.
BUILTINS = {
    **dict.fromkeys(("str", "repr", "format", "chr", "ord", "ascii"), ("a string", "use numbers")),
    **dict.fromkeys(
        ("isinstance", "type", "hasattr", "getattr", "setattr", "issubclass", "callable"),
        ("a question about types", "declare a function for each type, and choose in Python"),
    ),
    **dict.fromkeys(("input", "vars", "globals", "locals", "super", "object"), ("an object", "use numbers and arrays")),
    **dict.fromkeys(("map", "filter", "reversed", "iter", "next"), ("an iterator", "write a loop")),
    "frozenset": ("a set", "write a sorted array"),
    "sorted": ("sorted", "write np.sort(x)"),
}
#: Packages whose functions are written in C or call it.
NOT_PYTHON = ("scipy", "pandas", "cffi", "sklearn")


def obstacles(module: Module, function: Compiled) -> list[Obstacle]:
    """What stands in the way of compiling a function, by line."""
    found = list(_of_kind(module, function))
    if isinstance(function.node, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.kind not in KINDS:
        visitor = _Visitor(module, function)
        visitor.visit_body()
        found += visitor.found
        if function.kind == "guvectorize":
            found += _of_inputs(module, function)
    return sorted(dict.fromkeys(found))


def _of_kind(module: Module, function: Compiled) -> Iterator[Obstacle]:
    """What decorators and parameters have that does not compile."""
    if function.kind in KINDS:
        yield Obstacle(function.line, *KINDS[function.kind])
        return
    node = function.node
    if isinstance(node, ast.ClassDef):
        yield Obstacle(function.line, *KINDS["jitclass"])
        return
    if isinstance(node, ast.AsyncFunctionDef):
        yield Obstacle(node.lineno, "a coroutine", "write a function")
    target = function.option("target")
    if isinstance(target, ast.Constant) and target.value == "cuda":
        yield Obstacle(function.line, *KINDS["cuda"])
    nopython = function.option("nopython")
    if function.is_set("forceobj") or (isinstance(nopython, ast.Constant) and not nopython.value):
        yield Obstacle(function.line, "object mode", "leave it plain Python, and compile the loops that it calls")
    arguments = node.args
    if arguments.vararg or arguments.kwarg:
        yield Obstacle(node.lineno, "a parameter for any number of arguments", "name each")
    if arguments.kwonlyargs:
        yield Obstacle(node.lineno, "a parameter that is given by name alone", "leave out the *")
    if isinstance(function.outer, ast.ClassDef):
        if not any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list):
            yield Obstacle(node.lineno, "a method, whose first argument is an object", "pass its fields to a function")
        yield Obstacle(node.lineno, "a function in a class", "move it to the module: the build looks at its variables")
    elif function.outer is not None:
        free = sorted(set(_free(module, node)))
        advice = f"move it to the module{', and pass them' if free else ''}"
        if free:
            advice += "; or assign what the outer function returns to a variable of the module, if they are constants"
        reads = f", of which it reads {', '.join(free)}" if free else ""
        yield Obstacle(node.lineno, f"a function inside of {function.outer.name}{reads}", advice)


def returned_lists(function: Compiled) -> Iterator[Obstacle]:
    """Where a function returns a list, which others in the module may get, but not Python."""
    lists = (ast.List, ast.ListComp)
    held = {
        target.id
        for node in ast.walk(function.node)
        if isinstance(node, ast.Assign) and isinstance(node.value, lists)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Return):
            continue
        value = node.value
        if isinstance(value, lists) or (isinstance(value, ast.Name) and value.id in held):
            yield Obstacle(node.lineno, "a list that is returned", f"write np.array({ast.unparse(value)})")


def _of_inputs(module: Module, function: Compiled) -> Iterator[Obstacle]:
    """What a function of ``guvectorize`` does with its inputs that an array kernel's cannot."""
    layout = next((each.layout for each in function.decorations if each.layout), None)
    if layout is None or not isinstance(function.node, ast.FunctionDef):
        yield Obstacle(function.line, "a layout that is computed", "write it out")
        return
    in_place = written_in_place(module, function)
    if not layout.partition("->")[2] and not in_place:
        advice = "name the parameters that it writes to, as in in_place='x', or write what it computes to an output"
        yield Obstacle(function.line, f"a layout without outputs, {layout}", advice)
        return
    inputs = re.findall(r"\(([^)]*)\)", layout.partition("->")[0])
    parameters = Uses(module, function.node).parameters
    for axes, parameter in zip(inputs, parameters, strict=False):
        for node in ast.walk(function.node):
            if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
                continue
            if node.value.id != parameter.name or parameter.name in in_place:
                continue
            if not axes:
                yield Obstacle(
                    node.lineno,
                    f"{ast.unparse(node)} of an input without axes, which is a number",
                    f"write {parameter.name}",
                )
            elif isinstance(node.ctx, ast.Store):
                advice = f"declare it with in_place={parameter.name!r}, or write to an output, or to a copy"
                yield Obstacle(node.lineno, f"a write to the input {parameter.name}", advice)


def _free(module: Module, node: ast.AST) -> Iterator[str]:
    """The names that a function reads, and neither it nor its module has."""
    inside = list(ast.walk(node))
    own = {each.arg for each in inside if isinstance(each, ast.arg)}
    own |= {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    own |= {each.name for each in inside if isinstance(each, (ast.FunctionDef, ast.ClassDef))}
    decorators = {id(part) for each in getattr(node, "decorator_list", ()) for part in ast.walk(each)}
    for each in inside:
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and id(each) not in decorators:
            known = each.id in own or each.id in module.names or each.id in module.top_level
            if not known and not hasattr(builtins, each.id):
                yield each.id


class _Visitor(ast.NodeVisitor):
    """Collects what does not compile in the body of a function."""

    def __init__(self, module: Module, function: Compiled) -> None:
        self.module = module
        self.node = function.node
        self.found: list[Obstacle] = []
        self.local = {
            each.arg if isinstance(each, ast.arg) else each.id
            for each in ast.walk(function.node)
            if isinstance(each, ast.arg) or (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
        }

    def visit_body(self) -> None:
        """Visit the function's statements, without its decorators, annotations and docstring."""
        assert isinstance(self.node, (ast.FunctionDef, ast.AsyncFunctionDef))
        body = self.node.body
        if ast.get_docstring(self.node, clean=False) is not None:
            body = body[1:]
        for statement in body:
            self.visit(statement)

    def add(self, node: ast.AST, what: str, instead: str) -> None:
        self.found.append(Obstacle(getattr(node, "lineno", self.node.lineno), what, instead))

    def generic_visit(self, node: ast.AST) -> None:
        instruction = SYNTAX.get(type(node))
        if instruction in REJECTED:
            self.add(node, *REJECTED[instruction])
        super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for statement in node.body:  # without its annotations
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_With(self, node: ast.With) -> None:
        called = [each.context_expr for each in node.items]
        names = [self.dotted(each.func if isinstance(each, ast.Call) else each) for each in called]
        if any(name.rpartition(".")[2] == "objmode" for name in names):
            self.add(node, "object mode", "split the function there: what needs Python runs between two kernels")
            return
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        if isinstance(node.iter, ast.Call) and self.dotted(node.iter.func) == "numba.prange":
            for each in exits(node.body):
                what = f"a {type(each).__name__.lower()} in a loop over prange"
                self.add(each, what, "write range: it would depend on the order of iterations")
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.add(node, *REJECTED["STORE_GLOBAL"])

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.add(node, "an assignment to a variable of another function", "return the value")

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.body)

    def visit_Raise(self, node: ast.Raise) -> None:
        raised = node.exc
        arguments = raised.args if isinstance(raised, ast.Call) else []
        named = raised.func if isinstance(raised, ast.Call) else raised
        if raised is None or not isinstance(named, ast.Name):
            self.add(node, "a raise without a class", "raise ValueError('...')")
        elif named.id not in RAISED and hasattr(builtins, named.id):
            self.add(node, f"a raise of {named.id}", f"raise one of {', '.join(RAISED)}, or a class of yours")
        elif not all(isinstance(each, ast.Constant) for each in arguments):
            self.add(node, "a value in the message of an exception", "write a constant message")

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)
        if node.msg is not None and not isinstance(node.msg, ast.Constant):
            self.add(node, "a value in the message of an exception", "write a constant message")

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        if any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in sides):
            self.add(node, "a comparison of strings", "pass an integer, or write a function for each case")
            return
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            self.add(node, *REJECTED["BUILD_STRING"])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, ast.MatMult):
            self.add(node, *REJECTED["@="])
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        made = function if isinstance(function, ast.Call) else None
        if made and isinstance(made.func, ast.Name) and made.func.id == "type" and self.is_builtin("type"):
            for each in (*node.args, *made.args):  # type(x)(1), which is a conversion
                self.visit(each)
            return
        if isinstance(function, ast.Name) and function.id in BUILTINS and self.is_builtin(function.id):
            self.add(node, *BUILTINS[function.id])
        if isinstance(function, ast.Attribute) and not self.dotted(function):
            self.visit_method(node, function)
        self.generic_visit(node)

    def visit_method(self, node: ast.Call, function: ast.Attribute) -> None:
        """Visit a call of a method."""
        if isinstance(function.value, ast.Constant) and isinstance(function.value.value, str):
            self.add(node, *REJECTED["BUILD_STRING"])
        elif function.attr in ("items", "keys", "values", "get", "setdefault", "update"):
            self.add(node, f"a dict, by its method {function.attr}", REJECTED["BUILD_MAP"][1])
        elif function.attr in ("startswith", "endswith", "split", "join", "strip", "lower", "upper", "encode"):
            self.add(node, f"a string, by its method {function.attr}", "use numbers")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            self.add(node, f"a field by its name, {ast.unparse(node)}", "pass an array for each field of records")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self.dotted(node)
        if name:
            self.visit_dotted(node, name)
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load) or node.id in self.local:
            return
        name = self.dotted(node)
        if name:
            self.visit_dotted(node, name)
        elif self.is_builtin(node.id):
            self.not_called(node, f"builtins.{node.id}", node.id)

    def visit_dotted(self, node: ast.AST, name: str) -> None:
        """Visit a name that is imported."""
        shown = ast.unparse(node)
        package, _, rest = name.partition(".")
        last = name.rpartition(".")[2]
        if package == "numba" and last in CONVERSIONS:
            self.add(node, f"{shown}, a type of Numba's", f"write {CONVERSIONS[last]}")
        elif package == "numba" and last not in ("prange", "njit", "jit", "pndindex", "numba"):
            advice = next((text for key, text in NOT_CALLED.items() if f"{name}.".startswith(key)), None)
            self.add(node, shown, advice or NOT_CALLED["numba.core."])
        elif package in NOT_PYTHON:
            self.add(node, f"{shown}, which is not Python", "compute it outside and pass it, or write it as a loop")
        elif rest or package != name:
            self.not_called(node, name, shown)

    def not_called(self, node: ast.AST, name: str, shown: str) -> None:
        """Add what must not be called, by its dotted name."""
        advice = next((text for prefix, text in NOT_CALLED.items() if name.startswith(prefix)), None)
        advice = None if name in CALLED else advice
        if advice is not None:
            self.add(node, shown, advice)

    def is_builtin(self, name: str) -> bool:
        """Whether a name is Python's own here."""
        return name not in self.local and name not in self.module.names and name not in self.module.top_level

    def dotted(self, node: ast.AST) -> str:
        """The dotted name that an expression means, unless a variable of the function has its first part."""
        first = node
        while isinstance(first, ast.Attribute):
            first = first.value
        if isinstance(first, ast.Name) and first.id in self.local:
            return ""
        return self.module.dotted(node)
