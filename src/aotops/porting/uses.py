"""How functions use their parameters: which are arrays, of what rank, written or not, and which are integers."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from aotops.porting.source import Compiled, Function, Module, indices_of, last_name


@dataclass
class Parameter:
    """What a function does with one of its parameters.

    Attributes:
        rank: the number of axes of an array, or 0.
        dtype: as its use suggests.
        is_written: whether its elements are assigned.
        is_optional: whether None is its default.
    """

    name: str
    rank: int = 0
    dtype: str = "float64"
    is_written: bool = False
    is_optional: bool = False

    def spelled(self) -> str:
        """The type, as signatures write it."""
        return f"{self.dtype}[{', '.join(':' * self.rank)}]" if self.rank else self.dtype


class Uses(ast.NodeVisitor):
    """Reads off a function which of its parameters are arrays, of what rank, and which numbers are integers."""

    def __init__(self, module: Module, node: Function) -> None:
        self.module = module
        arguments = [*node.args.posonlyargs, *node.args.args]
        self.parameters = [Parameter(each.arg) for each in arguments]
        self.by_name = {each.name: each for each in self.parameters}
        #: variables that hold an element or a part of a parameter, and how many of its axes are gone
        self.parts: dict[str, tuple[str, int]] = {}
        #: variables that hold a mask or positions, which select elements along an axis and leave it there
        self.selections: set[str] = set()
        for argument, default in zip(arguments[::-1], node.args.defaults[::-1], strict=False):
            parameter = self.by_name[argument.arg]
            if isinstance(default, ast.Constant):
                parameter.is_optional = default.value is None
                if isinstance(default.value, bool):
                    parameter.dtype = "bool"
                elif isinstance(default.value, int):
                    parameter.dtype = "int64"
        #: calls of other functions: what is called, the position, the parameter, and how many of its axes are gone
        self.passed: list[tuple[str, int, str, int]] = []
        #: parameters that are changed as a whole, ``x += y``, and the names on the right
        self.changed: list[tuple[str, list[str]]] = []
        for _ in range(2):  # what a variable holds may be known after it is used
            for statement in node.body:
                self.visit(statement)
        if not any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(node)):
            # it returns nothing, so these are arrays: changing a number would do nothing
            self.in_place = [(self.by_name[name], names) for name, names in self.changed]
        else:
            self.in_place = []
        for parameter in self.parameters:
            self.read_annotation(next(each for each in arguments if each.arg == parameter.name), parameter)

    @staticmethod
    def read_annotation(argument: ast.arg, parameter: Parameter) -> None:
        """Read ``x: int``."""
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id in ("int", "bool", "float"):
            parameter.dtype = {"int": "int64", "bool": "bool", "float": "float64"}[argument.annotation.id]

    def part(self, node: ast.AST) -> tuple[str, int] | None:
        """The parameter that an expression is a part of, and how many axes of it are gone."""
        if isinstance(node, ast.Name):
            if node.id in self.by_name:
                return node.id, 0
            return self.parts.get(node.id)
        if isinstance(node, ast.Subscript):
            owner = self.part(node.value)
            if owner is None:
                return None
            indices = indices_of(node)
            gone = sum(
                not isinstance(each, ast.Slice)
                and not (isinstance(each, ast.Constant) and each.value in (None, ...))
                and not self.selects(each)
                for each in indices
            )
            return owner[0], owner[1] + gone
        if isinstance(node, ast.Attribute) and node.attr == "T":
            return self.part(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "copy":
            return self.part(node.func.value)
        return None

    def selects(self, node: ast.AST) -> bool:
        """Whether an index is a mask, or positions that NumPy has found."""
        if isinstance(node, ast.Name):
            return node.id in self.selections
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            return self.selects(node.left) and self.selects(node.right)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            return self.selects(node.operand)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):  # np.nonzero(x)[0]
            return self.module.dotted(node.value.func) in OF_TUPLES
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.attr == "argsort" or self.module.dotted(node.func) in OF_POSITIONS
        return isinstance(node, ast.Compare)

    def at_least(self, node: ast.AST, axes: int) -> None:
        """Note that an expression is an array of some axes, if it is part of a parameter."""
        found = self.part(node)
        if found is not None:
            parameter = self.by_name[found[0]]
            parameter.rank = max(parameter.rank, found[1] + axes)

    def integer(self, node: ast.AST) -> None:
        """Note that an expression is an integer: the parameter that it is, or elements of which it is."""
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id in self.by_name and not self._inside_shape(node, each):
                parameter = self.by_name[each.id]
                if parameter.dtype == "float64":
                    parameter.dtype = "int64"
            elif isinstance(each, ast.Name) and each.id in self.parts:
                self.by_name[self.parts[each.id][0]].dtype = "int64"

    @staticmethod
    def _inside_shape(whole: ast.AST, name: ast.Name) -> bool:
        """Whether a name stands in ``x.shape``, or in a call that may make an integer of anything."""
        for each in ast.walk(whole):
            if isinstance(each, (ast.Attribute, ast.Call)) and any(part is name for part in ast.walk(each)):
                return not (
                    isinstance(each, ast.Call)
                    and isinstance(each.func, ast.Name)
                    and each.func.id in ("min", "max", "abs", "int")
                )
        return False

    def visit_Subscript(self, node: ast.Subscript) -> None:
        indices = indices_of(node)
        shape = isinstance(node.value, ast.Attribute) and node.value.attr in ("shape", "strides")
        if shape and isinstance(node.value, ast.Attribute):
            number = (
                node.slice.value if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) else 0
            )
            self.at_least(node.value.value, number + 1 if number >= 0 else 1)
            return
        axes = sum(not (isinstance(each, ast.Constant) and each.value in (None, ...)) for each in indices)
        self.at_least(node.value, axes)
        if isinstance(node.ctx, ast.Store):
            found = self.part(node.value)
            if found is not None:
                self.by_name[found[0]].is_written = True
        for each in indices:
            for bound in (each.lower, each.upper, each.step) if isinstance(each, ast.Slice) else (each,):
                if bound is not None and not self.selects(bound):
                    self.integer(bound)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        found = self.part(node.value)
        if node.attr not in ("real", "imag"):
            self.at_least(node.value, 1)
        elif found is not None:
            self.by_name[found[0]].dtype = "complex128"
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.bind(target, node.value)
        self.generic_visit(node)

    def bind(self, target: ast.AST, value: ast.AST) -> None:
        """Note what a variable holds."""
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, ast.Attribute) and value.attr == "shape":
                self.at_least(value.value, len(target.elts))
            elif isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
                for each, own in zip(target.elts, value.elts, strict=True):
                    self.bind(each, own)
        elif isinstance(target, ast.Name) and target.id not in self.by_name:
            if self.selects(value):
                self.selections.add(target.id)
            found = self.part(value)
            if found is not None:
                self.parts[target.id] = found

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and node.target.id in self.by_name:
            names = [each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)]
            self.changed.append((node.target.id, names))
        if isinstance(node.op, (ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor)):
            self.integer(node.value)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.MatMult):
            self.at_least(node.left, 1)
            self.at_least(node.right, 1)
        elif isinstance(node.op, (ast.LShift, ast.RShift)):
            self.integer(node.left)
            self.integer(node.right)
        elif isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, ast.Constant) and type(one.value) is int:
                    self.integer(other)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.iterate(node)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.iterate(node)
        self.generic_visit(node)

    def iterate(self, node: ast.For | ast.comprehension) -> None:
        """Note what a loop, or that of a comprehension, says of what it runs over."""
        iterated = node.iter
        if isinstance(iterated, ast.Call):
            called = last_name(iterated.func)
            if called in ("range", "prange"):
                for each in iterated.args:
                    self.integer(each)
            elif called == "enumerate" and iterated.args:
                self.at_least(iterated.args[0], 1)
                if isinstance(node.target, ast.Tuple):
                    self.element(node.target.elts[1], iterated.args[0])
            elif called == "zip":
                for each, own in zip(iterated.args, getattr(node.target, "elts", ()), strict=False):
                    self.at_least(each, 1)
                    self.element(own, each)
        else:
            self.at_least(iterated, 1)
            self.element(node.target, iterated)

    def element(self, target: ast.AST, array: ast.AST) -> None:
        """Note that a variable runs over the elements of an array."""
        found = self.part(array)
        if found is not None and isinstance(target, ast.Name):
            self.parts[target.id] = (found[0], found[1] + 1)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        name = self.module.dotted(function)
        if isinstance(function, ast.Name):
            if function.id == "len" and node.args:
                self.at_least(node.args[0], 1)
            for position, each in enumerate(node.args):
                found = self.part(each)
                if found is not None:
                    self.passed.append((function.id, position, *found))
        if name.startswith("numpy."):
            short = name.removeprefix("numpy.")
            if short in ("empty", "zeros", "ones", "full", "arange", "eye", "identity") and node.args:
                self.integer(node.args[0])
            elif short in OF_ARRAYS:
                for each in node.args[: 2 if short in OF_TWO else 1]:
                    self.at_least(each, 1)
                if short == "bincount" and node.args:
                    self.integer(node.args[0])
            elif short in OF_SEVERAL and node.args and isinstance(node.args[0], (ast.Tuple, ast.List)):
                for each in node.args[0].elts:
                    self.at_least(each, 1)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def condition(self, node: ast.AST) -> None:
        """Note that a number which is a condition by itself is a bool."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node = node.operand
        if isinstance(node, ast.BoolOp):
            for each in node.values:
                self.condition(each)
        elif isinstance(node, ast.Name) and node.id in self.by_name:
            self.by_name[node.id].dtype = "bool"


#: Functions of NumPy whose first argument is an array, for otherwise they would do nothing.
_ARRAY_FUNCTIONS = """
    sum prod mean std var median min max amin amax argmin argmax argsort sort cumsum cumprod any all percentile quantile
    nansum nanmean nanmin nanmax nanstd nanvar nanmedian nanargmin nanargmax unique searchsorted diff interp dot vdot
    empty_like zeros_like ones_like full_like bincount histogram convolve correlate count_nonzero nonzero flatnonzero
    argwhere ravel reshape take delete append roll outer cross inner matmul kron digitize partition argpartition flip
    linalg.norm
"""
OF_ARRAYS = frozenset(_ARRAY_FUNCTIONS.split())
OF_TWO = frozenset(
    ("dot", "vdot", "searchsorted", "convolve", "correlate", "outer", "cross", "inner", "matmul", "kron", "digitize")
)
#: Those that join arrays, which stand in a tuple or a list.
OF_SEVERAL = frozenset(("concatenate", "hstack", "vstack", "column_stack", "stack"))
#: Functions of NumPy that return masks or positions; the second ones in a tuple.
OF_POSITIONS = frozenset(
    f"numpy.{each}" for each in ("argsort", "flatnonzero", "isnan", "isfinite", "isinf", "logical_not")
)
OF_TUPLES = frozenset(("numpy.nonzero", "numpy.where"))
#: Functions of NumPy that make arrays.
_MAKERS = "empty zeros ones full arange linspace empty_like zeros_like ones_like full_like eye identity array asarray"
MAKERS = frozenset(_MAKERS.split())


def makes_array(module: Module, node: ast.AST) -> bool:
    """Whether an expression calls a function of NumPy's that makes an array."""
    if not isinstance(node, ast.Call):
        return False
    name = module.dotted(node.func)
    return name.startswith("numpy.") and name.rpartition(".")[2] in MAKERS


def propagate(known: dict[str, tuple[Uses, list[Parameter]]]) -> None:
    """Pass what functions need of their parameters on to those that call them, until nothing changes."""
    for _ in range(10):
        changed = False
        for uses, _ in known.values():
            for called, position, name, gone in uses.passed:
                if called not in known or position >= len(known[called][1]):
                    continue
                theirs, own = known[called][1][position], uses.by_name[name]
                rank = theirs.rank + gone if theirs.rank else own.rank
                if rank > own.rank or (theirs.is_written and not own.is_written):
                    own.rank, own.is_written = max(own.rank, rank), own.is_written or theirs.is_written
                    changed = True
                if theirs.dtype != "float64" and own.dtype == "float64":
                    own.dtype = theirs.dtype
                    changed = True
            for parameter, names in uses.in_place:
                others = [uses.by_name[name].rank for name in names if name in uses.by_name]
                rank = max([1, parameter.rank, *others])
                if rank > parameter.rank or not parameter.is_written:
                    parameter.rank, parameter.is_written = rank, True
                    changed = True
        if not changed:
            return


def written_in_place(module: Module, function: Compiled) -> list[str]:
    """The parameters that a function of ``guvectorize`` writes to in front of ``->``.

    These are its ``writable_args``; where its layout has no outputs, those to whose elements it assigns.
    """
    node = function.node
    assert isinstance(node, ast.FunctionDef)
    names = [each.arg for each in node.args.args]
    try:
        given = ast.literal_eval(function.option("writable_args") or ast.Tuple([]))
    except ValueError:
        given = ()
    named = [names[each] if isinstance(each, int) and each < len(names) else each for each in given]
    layout = next((each.layout for each in function.decorations if each.layout), "")
    if not named and not (layout or "").partition("->")[2]:
        uses = Uses(module, node)
        named = [each.name for each in [*uses.parameters, *[own for own, _ in uses.in_place]] if each.is_written]
    return [each for each in names if each in named]
