"""What to declare in place of Numba's decorators, from their signatures or from how parameters are used."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace

from aotops.porting.layouts import Layouts
from aotops.porting.operators import pattern
from aotops.porting.source import Compiled, Function, Module
from aotops.porting.uses import Parameter, makes_array, written_in_place

#: Types as Numba spells them, and the dtypes that they are.
DTYPES = {
    **{name: name for name in ("float32", "float64", "complex64", "complex128", "bool")},
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "boolean": "bool",
    "bool_": "bool",
    "b1": "bool",
    "f4": "float32",
    "f8": "float64",
    "c8": "complex64",
    "c16": "complex128",
    "i1": "int8",
    "i2": "int16",
    "i4": "int32",
    "i8": "int64",
    "u1": "uint8",
    "u2": "uint16",
    "u4": "uint32",
    "u8": "uint64",
    "intp": "int64",
    "int_": "int64",
    "uintp": "uint64",
    "uint": "uint64",
    "double": "float64",
    "float_": "float64",
    "intc": "int32",
    "longlong": "int64",
    "uchar": "uint8",
}


@dataclass
class Declaration:
    """What to write.

    Attributes:
        text: the decorator.
        also: other declarations that would do, and what they take.
        notes: what to know.
        is_guessed: whether types were guessed from how the function uses its parameters.
    """

    text: str
    also: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_guessed: bool = False


def declaration(module: Module, function: Compiled, known: dict[str, list[Parameter]]) -> Declaration:
    """What to declare for a function in which nothing stands in the way."""
    node = function.node
    assert isinstance(node, ast.FunctionDef)
    parameters = known[function.name]
    if function.kind == "vectorize":
        return _elementwise(function, parameters, function.signatures)
    if function.kind == "guvectorize":
        return _of_layout(module, function)
    arrays = [each for each in parameters if each.rank]
    signatures = [bare(text) for text in function.signatures]
    complex_numbers = any(each.dtype.startswith("complex") for each in parameters)
    if not arrays and not complex_numbers and not any("[" in text or "Array" in text for text in signatures):
        raises = any(isinstance(each, (ast.Raise, ast.Assert)) for each in ast.walk(node))
        makes_arrays = any(isinstance(each, ast.Call) and makes_array(module, each) for each in ast.walk(node))
        recursive = any(isinstance(each, ast.Name) and each.id == node.name for each in ast.walk(node))
        if parameters and not raises and not makes_arrays and not recursive and _returns_numbers(node):
            return _elementwise(function, parameters, signatures)
    if signatures:
        listed = quoted(signatures)
        found = Declaration(f"@ao.function({listed})")
    else:
        # a signature that ends before a parameter compiles its default
        ends = [len(parameters)]
        while ends[0] and parameters[ends[0] - 1].is_optional:
            ends.insert(0, ends[0] - 1)
        guessed = [f"({', '.join(each.spelled() for each in parameters[:end])})" for end in ends]
        found = Declaration(f"@ao.function({quoted(guessed)})", is_guessed=True)
    declared = [each for each in (_declared(parameters, text) for text in signatures) if each is not None]
    layouts = [Layouts(module, node, each) for each, _ in declared] or [Layouts(module, node, parameters)]
    layout = layouts[0]
    is_told = len(declared) == len(signatures) and len({each.text for each in layouts}) == 1
    if is_told and layout.text and any(each.rank for each in layout.parameters.values()):
        rows = [tuple(each.dtypes) for each in layouts]
        for k, (_, result) in enumerate(declared):
            if result is not None and len(rows[k]) == len(parameters) + 1:
                rows[k] = (*rows[k][:-1], result)
        kernel = f'@ao.kernel("{layout.text}", dtypes={_rows(list(dict.fromkeys(rows)))})'
        if layout.returned:
            change = "with the result as the last parameter, written and not returned"
            found.also.append(f"{kernel}, {change}: batches run on threads")
        else:
            found.also.append(f"{kernel}, which returns the output: batches run on threads")
    results = _tuples(node) if not arrays and parameters and not complex_numbers else 0
    if results:
        kind = "map" if len(parameters) == 1 else "zip"
        found.also.append(f"@ao.{kind}(results=({', '.join(['None'] * results)})), element by element")
    operator = pattern(node, parameters)
    if operator:
        found.also.append(operator)
    return found


def _declared(parameters: list[Parameter], signature: str) -> tuple[list[Parameter], str | None] | None:
    """The parameters with the types of a signature, and the dtype of its result; None if it has other types."""
    result, types = split(signature)
    if len(types) != len(parameters):
        return None
    found = []
    for parameter, type_ in zip(parameters, types, strict=True):
        dtype = dtype_of(type_)
        if dtype is None:
            return None
        rank = type_.partition("[")[2].count(":") - type_.count("::")
        found.append(replace(parameter, rank=rank, dtype=dtype, is_optional=False))
    return found, dtype_of(result) if result else None


def _rows(rows: list[tuple[str, ...]]) -> str:
    """Dtypes as ``kernel`` takes them: one for all operands, or a tuple for each signature."""
    spelled = [_python(list(row[:1] if len(set(row)) == 1 else row)) for row in rows]
    alone = len(spelled) == 1 and spelled[0].startswith('"')
    return spelled[0] if alone else f"[{', '.join(spelled)}]"


def quoted(texts: list[str]) -> str:
    """One string, or a list of strings, as Python."""
    quotes = [f'"{each}"' for each in texts]
    return quotes[0] if len(quotes) == 1 else f"[{', '.join(quotes)}]"


def bare(signature: str) -> str:
    """A signature with the names of types that aotops and Numba share, without those of modules.

    Numba takes types without brackets around them, too.
    """
    text = re.sub(r"\b(?:numba|nb|types|nbtypes)\.", "", " ".join(signature.split()))
    return text if "(" in text else f"({text})"


# --- element by element ---------------------------------------------------------------------------------------------


def split(signature: str) -> tuple[str, list[str]]:
    """The result and the arguments of a signature, ``f8(f8[:], i8)`` or ``(f8[:], i8) -> f8``; the result may be ""."""
    text = bare(signature)
    pieces = parts(text, "->")
    if len(pieces) == 2:
        left, result = pieces
        return result, parts(left[1:-1], ",")
    depth = 0
    for position in range(len(text) - 1, -1, -1):
        depth += {")": 1, "]": 1, "(": -1, "[": -1}.get(text[position], 0)
        if depth == 0:
            return text[:position].strip(), parts(text[position + 1 : -1], ",")
    return "", []


def parts(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that are in no brackets."""
    found: list[str] = []
    depth = start = 0
    for position, character in enumerate(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if depth == 0 and text.startswith(separator, position):
            found.append(text[start:position].strip())
            start = position + len(separator)
    found.append(text[start:].strip())
    return [each for each in found if each]


def dtype_of(type_: str) -> str | None:
    """The dtype of a type, or of the elements of an array."""
    return DTYPES.get(type_.partition("[")[0].strip())


def _elementwise(function: Compiled, parameters: list[Parameter], signatures: list[str]) -> Declaration:
    """``map`` or ``zip`` with the dtypes of signatures, or of how the parameters are used."""
    name = "map" if len(parameters) == 1 else "zip"
    rows = [(dtype_of(result), [dtype_of(each) for each in arguments]) for result, arguments in map(split, signatures)]
    rows = [row for row in rows if len(row[1]) == len(parameters) and None not in row[1]]
    is_guessed = not rows and any(each.dtype != "float64" for each in parameters)
    if is_guessed:
        rows = [(None, [each.dtype for each in parameters])]
    if not rows:
        return Declaration(f"@ao.{name}")
    options: list[str] = []
    notes: list[str] = []
    columns = [[str(row[1][k]) for row in rows] for k in range(len(parameters))]
    # those that differ between signatures, otherwise those of the first float, move together
    moving = [k for k, column in enumerate(columns) if len(set(column)) > 1]
    if not moving:
        leading = next((column[0] for column in columns if column[0].startswith("float")), columns[0][0])
        moving = [k for k, column in enumerate(columns) if column[0] == leading]
    dtypes = list(dict.fromkeys(columns[moving[0]]))
    others = [k for k in range(len(parameters)) if k not in moving]
    if any(each == "uint64" or each.startswith("complex") for each in dtypes):
        notes.append('uint64 and complex numbers are for array kernels: @ao.kernel("()->()", dtypes=...)')
        dtypes = [each for each in dtypes if each != "uint64" and not each.startswith("complex")] or ["float64"]
    if set(dtypes) != {"float32", "float64"} and not (is_guessed and dtypes == ["float64"]):
        options.append(f"dtypes={_python(dtypes)}")
    bools = [parameters[k].name for k in others if set(columns[k]) == {"bool"}]
    fixed = [f'"{parameters[k].name}": "{columns[k][0]}"' for k in others if set(columns[k]) != {"bool"}]
    if fixed:
        options.append(f"fixed={{{', '.join(fixed)}}}")
    if bools:
        options.append(f"bool_inputs={_python(bools, always=True)}")
    results = {row[0] for row in rows}
    follows = all(result in (None, column) for (result, _), column in zip(rows, columns[moving[0]], strict=True))
    if not follows and len(results) == 1:
        options.append(f'result="{results.pop()}"')
    text = f"@ao.{name}({', '.join(options)})" if options else f"@ao.{name}"
    return Declaration(text, notes=notes, is_guessed=is_guessed)


def _python(names: list[str], always: bool = False) -> str:
    """One string, or a tuple of strings, as Python."""
    if len(names) == 1:
        return f'("{names[0]}",)' if always else f'"{names[0]}"'
    return f"({', '.join(quoted([each]) for each in names)})"


def _returns_numbers(node: Function) -> bool:
    """Whether a function returns one value on every path where it returns."""
    returns = [each for each in ast.walk(node) if isinstance(each, ast.Return)]
    return bool(returns) and all(
        each.value is not None
        and not isinstance(each.value, (ast.Tuple, ast.List, ast.ListComp))
        and not (isinstance(each.value, ast.Constant) and each.value.value is None)
        for each in returns
    )


def _tuples(node: Function) -> int:
    """The length of the tuples that a function returns; 0 if it returns anything else, or raises."""
    lengths = set()
    for each in ast.walk(node):
        if isinstance(each, (ast.Raise, ast.Assert)):
            return 0
        if isinstance(each, ast.Return):
            lengths.add(len(each.value.elts) if isinstance(each.value, ast.Tuple) else 0)
    return lengths.pop() if len(lengths) == 1 else 0


def _of_layout(module: Module, function: Compiled) -> Declaration:
    """``kernel`` with the layout, the dtypes and the ``writable_args`` of ``guvectorize``."""
    rows = []
    for signature in function.signatures:
        _, arguments = split(signature)
        row = [dtype_of(each) for each in arguments]
        if row and None not in row:
            rows.append(tuple(str(each) for each in row))
    options = [f'"{(function.decorations[0].layout or "...").removesuffix("->")}"']
    in_place = written_in_place(module, function)
    if in_place:
        options.append(f"in_place={_python(in_place)}")
    if rows:
        options.append(f"dtypes={_rows(rows)}")
    return Declaration(f"@ao.kernel({', '.join(options)})")
