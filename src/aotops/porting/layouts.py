"""The layout of an array kernel that a loop over arrays would have.

Dimensions are equal where one loop runs over both: ``for i in range(n): out[i] = x[i]`` makes ``(n)->(n)``.
"""

from __future__ import annotations

import ast
from typing import cast

from aotops.porting.source import Function, Module, indices_of, last_name
from aotops.porting.uses import Parameter, makes_array

#: A dimension: an axis of an array, a variable that holds a size, a constant, or an expression.
Size = tuple[str, object]

LETTERS = "nmkdpqrstuvwabcefghijlxyz"


class Layouts(ast.NodeVisitor):
    """Finds the layout of a function.

    Attributes:
        text: the layout, or "" where there is none that can be told.
        dtypes: of the inputs and the outputs.
        returned: whether outputs are returned, not written in place.
    """

    def __init__(self, module: Module, node: Function, parameters: list[Parameter]) -> None:
        self.module = module
        self.parameters = {each.name: each for each in parameters}
        self.arrays: dict[str, tuple[int, str]] = {
            each.name: (each.rank, each.dtype) for each in parameters if each.rank
        }
        self.same: dict[Size, Size] = {}
        self.sizes: dict[str, Size] = {}
        self.runs: dict[str, Size] = {}
        self.numbers: dict[str, str] = {}
        self.returns: list[ast.expr | None] = []
        self.first_read: dict[str, int] = {}
        self.first_write: dict[str, int] = {}
        self.text = ""
        self.dtypes: list[str] = []
        self.returned = False
        for statement in node.body:
            self.visit(statement)
        self._find(parameters)

    # --- sizes ------------------------------------------------------------------------------------------------------

    def root(self, size: Size) -> Size:
        """What stands for all that are equal to a size."""
        while size in self.same:
            size = self.same[size]
        return size

    def unite(self, one: Size, other: Size) -> None:
        """Note that two sizes are equal."""
        one, other = self.root(one), self.root(other)
        if one != other and "expression" not in (one[0], other[0]):
            if one[0] == "constant":
                one, other = other, one
            self.same[one] = other

    def size(self, node: ast.AST) -> Size | None:
        """The size that an expression is."""
        if isinstance(node, ast.Name):
            return self.sizes.get(node.id)
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return ("constant", node.value)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            array, axis = node.value.value, node.slice
            if isinstance(array, ast.Name) and array.id in self.arrays and isinstance(axis, ast.Constant):
                return (array.id, axis.value)
        if isinstance(node, ast.Attribute) and node.attr == "size" and isinstance(node.value, ast.Name):
            return (node.value.id, 0) if self.arrays.get(node.value.id, (0, ""))[0] == 1 else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and node.args:
            array = node.args[0]
            return (array.id, 0) if isinstance(array, ast.Name) and array.id in self.arrays else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)):
            left, right = self.size(node.left), self.size(node.right)
            if left is not None and right is not None:
                return ("expression", (left, type(node.op), right))
        return None

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.bind(target, node.value)
            self.visit(target)

    def bind(self, target: ast.AST, value: ast.expr) -> None:
        """Note what a variable holds."""
        if isinstance(target, ast.Tuple):
            if isinstance(value, ast.Attribute) and value.attr == "shape" and isinstance(value.value, ast.Name):
                for axis, each in enumerate(target.elts):
                    if isinstance(each, ast.Name) and value.value.id in self.arrays:
                        self.sizes[each.id] = (value.value.id, axis)
            elif isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
                for each, own in zip(target.elts, value.elts, strict=True):
                    self.bind(each, own)
            return
        if not isinstance(target, ast.Name):
            return
        made = self.made(target.id, value)
        if made is not None:
            self.arrays[target.id] = made
            return
        size = self.size(value)
        if size is not None and target.id not in self.parameters and target.id not in self.numbers:
            self.sizes.setdefault(target.id, size)
        self.numbers[target.id] = self.kind(value, self.numbers.get(target.id))

    def kind(self, value: ast.expr, before: str | None) -> str:
        """The dtype of a number, as its assignments suggest; "" where it may be an array."""
        if isinstance(value, ast.Constant) and isinstance(value.value, (bool, int, float)):
            found = {bool: "bool", int: "int64", float: "float64"}[type(value.value)]
        elif isinstance(value, ast.Name) and value.id in self.runs:
            found = "int64"
        elif self.is_number(value):
            found = "float64"
        else:
            found = ""
        return found if before in (None, found) else "" if "" in (before, found) else "float64"

    def is_number(self, node: ast.AST) -> bool:
        """Whether an expression is a number for certain."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, (bool, int, float))
        if isinstance(node, ast.Name):
            if node.id in self.arrays:
                return False
            in_parameters = node.id in self.parameters
            return in_parameters or node.id in self.sizes or node.id in self.runs or bool(self.numbers.get(node.id))
        if isinstance(node, ast.Subscript):
            if not isinstance(node.value, ast.Name) or node.value.id not in self.arrays:
                return self.size(node) is not None
            indices = indices_of(node)
            return len(indices) == self.arrays[node.value.id][0] and all(map(self.is_number, indices))
        if isinstance(node, ast.Call):
            name = self.module.dotted(node.func)
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            short = name.rpartition(".")[2]
            if name.startswith("math.") or called in ("len", "int", "float", "abs", "min", "max", "round", "sum"):
                return True
            if name.startswith("numpy.") and short in ("sum", "mean", "std", "var", "median", "prod"):
                return not node.keywords and len(node.args) == 1
            return name.startswith("numpy.") and bool(node.args) and all(map(self.is_number, node.args))
        if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp)):
            return all(map(self.is_number, [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]))
        return False

    def made(self, name: str, value: ast.expr) -> tuple[int, str] | None:
        """The rank and the dtype of a new array."""
        if not makes_array(self.module, value):
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "copy":
                return self.like(name, value.func.value)
            return None
        assert isinstance(value, ast.Call)
        maker = self.module.dotted(value.func).rpartition(".")[2]
        dtype = next((self.dtype(each.value) for each in value.keywords if each.arg == "dtype"), None)
        position = 2 if maker in ("full", "full_like") else 1
        if dtype is None and len(value.args) > position:
            dtype = self.dtype(value.args[position])
        if not value.args:
            return (-1, "")
        if maker.endswith("_like"):
            found = self.like(name, value.args[0])
            return (-1, "") if found is None else (found[0], dtype or found[1])
        if maker not in ("empty", "zeros", "ones", "full"):
            return (-1, "")
        shape = value.args[0]
        if isinstance(shape, ast.Attribute) and shape.attr == "shape":
            found = self.like(name, shape.value)
            return (-1, "") if found is None else (found[0], dtype or "float64")
        axes = shape.elts if isinstance(shape, (ast.Tuple, ast.List)) else [shape]
        for axis, each in enumerate(axes):
            size = self.size(each)
            if size is None:
                return (-1, "")
            self.same.setdefault((name, axis), size)
        return len(axes), dtype or "float64"

    def like(self, name: str, array: ast.AST) -> tuple[int, str] | None:
        """An array of the shape of another."""
        if not isinstance(array, ast.Name) or array.id not in self.arrays:
            return None
        for axis in range(self.arrays[array.id][0]):
            self.unite((name, axis), (array.id, axis))
        return self.arrays[array.id]

    def dtype(self, node: ast.AST) -> str | None:
        """The dtype that an argument names."""
        if isinstance(node, ast.Attribute) and node.attr == "dtype" and isinstance(node.value, ast.Name):
            return self.arrays.get(node.value.id, (0, "float64"))[1]
        name = self.module.dotted(node).rpartition(".")[2] or (node.id if isinstance(node, ast.Name) else "")
        if isinstance(node, ast.Constant):
            name = str(node.value)
        name = {"int": "int64", "float": "float64", "bool_": "bool", "int_": "int64", "intp": "int64"}.get(name, name)
        known = ("bool", "float32", "float64", "complex64", "complex128")
        return name if name in known or name.lstrip("u").startswith("int") else None

    # --- loops ------------------------------------------------------------------------------------------------------

    def visit_For(self, node: ast.For) -> None:
        iterated = node.iter
        if isinstance(iterated, ast.Call) and isinstance(node.target, ast.Name) and iterated.args:
            called = last_name(iterated.func)
            if called in ("range", "prange"):
                bound = self.size(iterated.args[0 if len(iterated.args) == 1 else 1])
                self.runs.pop(node.target.id, None)
                if bound is not None:
                    self.runs[node.target.id] = bound
                else:
                    self.numbers.setdefault(node.target.id, "int64")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.numbers[node.target.id] = self.kind(node.value, self.numbers.get(node.target.id))
        else:
            self.note(self.first_read, node.target)
        self.generic_visit(node)

    @staticmethod
    def note(first: dict[str, int], node: ast.AST) -> None:
        """Note the first line at which an array is read or written."""
        while isinstance(node, ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name):
            first.setdefault(node.id, node.lineno)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.note(self.first_write if isinstance(node.ctx, ast.Store) else self.first_read, node)
        if isinstance(node.value, ast.Name) and node.value.id in self.arrays:
            indices = indices_of(node)
            for axis, each in enumerate(indices):
                if isinstance(each, ast.Name) and each.id in self.runs:
                    self.unite((node.value.id, axis), self.runs[each.id])
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self.returns.append(node.value)
        if node.value is not None:
            self.visit(node.value)

    # --- the layout -------------------------------------------------------------------------------------------------

    def _find(self, parameters: list[Parameter]) -> None:
        values = [each for each in self.returns if each is not None]
        written = [each for each in parameters if each.is_written]
        inputs = [each for each in parameters if not each.is_written]
        if any(each.is_optional for each in parameters) or not any(each.rank for each in inputs):
            return
        outputs: list[tuple[str, int, str]] = []
        if not values and written:
            if parameters[len(inputs) :] != written:
                return
            for each in written:
                read, write = (first.get(each.name, 1 << 30) for first in (self.first_read, self.first_write))
                if read < write or (read == write and read < 1 << 30):
                    return
            outputs = [(each.name, each.rank, each.dtype) for each in written]
        elif values and not written:
            kinds = [self._results(each) for each in values]
            first = kinds[0]
            if first is None or any(each is None or len(each) != len(first) for each in kinds):
                return
            outputs, self.returned = first, True
        else:
            return
        names: dict[Size, str] = {}
        for name, size in self.sizes.items():
            root = self.root(size)
            if root[0] not in ("constant", "expression") and name.isascii() and name.islower():
                names.setdefault(root, name)
        taken = set(names.values())
        letters = iter([each for each in LETTERS if each not in taken])

        def spelled(size: Size, known_only: bool) -> str | None:
            size = self.root(size)
            if size[0] == "constant":
                return str(size[1])
            if size[0] == "expression":
                left, operation, right = cast("tuple[Size, type[ast.operator], Size]", size[1])
                sides = spelled(left, known_only), spelled(right, known_only)
                symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//"}[operation]
                return None if None in sides else f"{sides[0]}{symbol}{sides[1]}"
            if known_only and size not in used:
                return None
            if size not in names:
                names[size] = next(letters)
            return names[size]

        used: set[Size] = set()
        written_out: list[str] = []
        for each in inputs:
            axes = [(each.name, axis) for axis in range(each.rank)]
            used |= {self.root(axis) for axis in axes}
            written_out.append(f"({','.join(str(spelled(axis, False)) for axis in axes)})")
        results = []
        for name, rank, _ in outputs:
            own = [spelled((name, axis), True) for axis in range(rank)]
            if None in own or rank < 0:
                return
            results.append(f"({','.join(map(str, own))})")
        self.dtypes = [each.dtype for each in inputs] + [dtype for _, _, dtype in outputs]
        if len(self.dtypes) <= 16:
            self.text = f"{','.join(written_out)}->{','.join(results)}"

    def _results(self, value: ast.expr) -> list[tuple[str, int, str]] | None:
        """The name, rank and dtype of each result; None if they cannot be told."""
        if isinstance(value, ast.Tuple):
            found = [self._results(each) for each in value.elts]
            return None if None in found else [each for one in found for each in one or ()]
        if isinstance(value, ast.Name) and value.id in self.arrays:
            rank, dtype = self.arrays[value.id]
            return None if value.id in self.parameters or rank < 0 else [(value.id, rank, dtype)]
        if not self.is_number(value):
            return None
        if isinstance(value, ast.Constant):
            return [("", 0, {bool: "bool", int: "int64"}.get(type(value.value), "float64"))]
        if isinstance(value, ast.Name):
            dtype = self.parameters[value.id].dtype if value.id in self.parameters else self.numbers.get(value.id, "")
            return [("", 0, dtype or ("int64" if value.id in self.runs else "float64"))]
        return [("", 0, "float64")]
