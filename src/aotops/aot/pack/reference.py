"""The reference pages: ``python -m aotops.aot.pack.reference`` writes ``docs/reference``.

One page for each public name, in plain Markdown, made of its docstring, its record and the array API standard's table
below, and an index by chapter. A test fails if a page differs from what this module would write, or a public name has
none.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import aotops
from aotops import ops
from aotops._native import DType, Function, Operator
from aotops.abi import AXIS_KINDS, FACTS, NAMES, SLOTS
from aotops.namespace.constants import MEANINGS
from aotops.ops.documentation import names as dtype_names
from aotops.ops.record import Record

SOURCE = Path(aotops.__file__).parent
FOLDER = SOURCE.parents[1] / "docs" / "reference"
HEADER = "<!-- Generated from docstrings and records by `make reference`; do not edit. -->\n"

#: The standard's chapters, and the names in each.
STANDARD = {
    "Creation functions": """arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones
        ones_like tril triu zeros zeros_like""",
    "Data type functions": "astype can_cast finfo iinfo isdtype result_type",
    "Data types": """bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128""",
    "Element-wise functions": """abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert
        bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp
        expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log log10 log1p
        log2 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter
        not_equal positive pow real reciprocal remainder round sign signbit sin sinh sqrt square subtract tan tanh
        trunc""",
    "Indexing functions": "take take_along_axis",
    "Inspection": "__array_namespace_info__",
    "Linear algebra functions": "matmul matrix_transpose tensordot vecdot",
    "Manipulation functions": """broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip moveaxis
        permute_dims repeat reshape roll squeeze stack tile unstack""",
    "Searching functions": "argmax argmin count_nonzero nonzero searchsorted where",
    "Set functions": "isin unique_all unique_counts unique_inverse unique_values",
    "Sorting functions": "argsort sort",
    "Statistical functions": "cumulative_prod cumulative_sum max mean min prod std sum var",
    "Utility functions": "all any diff",
    "Constants": "e inf nan newaxis pi",
}
#: The attributes and methods of the standard's arrays; those that operators have reflected and in place too.
ATTRIBUTES = "dtype device mT ndim shape size T"
METHODS = """__abs__ __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__ __eq__ __float__ __ge__
    __getitem__ __gt__ __index__ __int__ __invert__ __le__ __lt__ __ne__ __neg__ __pos__ __setitem__ to_device"""
BINARY = "add and floordiv lshift matmul mod mul or pow rshift sub truediv xor"

#: The chapters of the names that the standard lacks, by the module that each name comes from.
OWN = {
    "namespace.contraction": "Linear algebra functions",
    "namespace.creation": "Creation functions",
    "namespace.grids": "Creation functions",
    "namespace.nan_statistics": "Statistical functions",
    "namespace.quantiles": "Statistical functions",
    "namespace.neural": "Functions for models",
    "user.array_functions": "User-defined operators",
    "user.parallel": "User-defined operators",
    "user.array_declaration": "User-defined operators",
    "user.array_kernels": "User-defined operators",
    "user.declare": "User-defined operators",
    "autograd.engine": "Gradients",
    "autograd.grad_check": "Gradients",
    "autograd.modes": "Gradients",
    "interop.files": "Files",
    "see.explain": "Inspecting calls",
    "see.trace": "Inspecting calls",
    "memory": "Memory, threads and CPU",
    "random": "Random numbers",
    "nn": "Functions for models",
    "optim": "Functions for models",
    "_native": "Memory, threads and CPU",
    "tensors": "Types and errors",
    "errors": "Types and errors",
    "dtypes": "Data types",
}
#: Names that stand in another chapter than their module's.
EXCEPTIONS = {"DType": "Types and errors", "Operator": "User-defined operators"}
OWN_CHAPTERS = [
    "Gradients",
    "Random numbers",
    "Functions for models",
    "User-defined operators",
    "Inspecting calls",
    "Files",
    "Memory, threads and CPU",
    "Types and errors",
]

#: Where the standard describes a name of its version.
SPECIFICATION = f"https://data-apis.org/array-api/{aotops.__array_api_version__}/API_specification"
#: Titles of sections in docstrings, each a heading of a page.
SECTIONS = ("Parameters", "Returns", "Raises", "Special cases", "Accuracy", "Example", "See also")
ENTRIES = ("Parameters", "Raises")

OPERATOR = """A public operator, such as ``aotops.exp``: it picks a compiled kernel by its inputs' dtypes and runs it.

The operators of aotops and user-defined ones are of this type. They are made by ``aotops.map``, ``aotops.zip``,
``aotops.reduce``, ``aotops.scan`` and ``aotops.argreduce``, never by calling it.

Example:
    >>> import aotops as ao
    >>> ao.atan2.kind, ao.atan2.parameters
    ('zip', ('x1', 'x2'))
    >>> ao.add.scalar(1.0, 2.0)
    3.0
"""


def standard_chapters() -> dict[str, str]:
    """The chapter of each name in the standard."""
    return {name: chapter for chapter, listed in STANDARD.items() for name in listed.split()}


def standard_methods() -> list[str]:
    """The special methods of the standard's arrays, reflected and in-place ones included."""
    return [*METHODS.split(), *[f"__{form}{name}__" for name in BINARY.split() for form in ("", "r", "i")]]


def chapter_of(name: str, records: dict[str, Record]) -> str:
    """The chapter that a public name stands in."""
    if name in standard_chapters():
        return standard_chapters()[name]
    if name in records:
        return "Statistical functions" if records[name].kind in AXIS_KINDS else "Element-wise functions"
    home = aotops._HOMES[name] or name
    if name not in EXCEPTIONS and home not in OWN:
        raise KeyError(f"say in OWN of aotops/aot/pack/reference.py in which chapter the names of {home} stand")
    return EXCEPTIONS.get(name) or OWN[home]


def page_name(name: str) -> str:
    """The file of a name: some file systems have no case, so that of ``Tensor`` must be another than ``tensor``'s."""
    return f"{name}-class.md" if name[0].isupper() else f"{name}.md"


# --- docstrings as Markdown ---------------------------------------------------------------------------------------


def sections(doc: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first section of a docstring, and the title and the text of each."""
    head, *rest = re.split(rf"^({'|'.join(SECTIONS)}):\n", doc.strip() + "\n", flags=re.M)
    parts = [(title, textwrap.dedent(text).strip("\n")) for title, text in zip(rest[::2], rest[1::2], strict=True)]
    if ">>>" in head:  # a short docstring: its example has no title
        at = head.index(">>>")
        head, parts = head[:at], [("Example", head[at:].strip()), *parts]
    return head.strip(), parts


def prose(text: str) -> str:
    """Text of a docstring in Markdown: code in single backticks, and names of aotops as links to their pages."""

    def code(found: re.Match[str]) -> str:
        name = found[1].removeprefix("aotops.").partition("(")[0]
        public = found[1].startswith("aotops.") and name in aotops.__all__
        return f"[`{found[1]}`]({page_name(name)})" if public else f"`{found[1]}`"

    linked = re.sub(r"``([^`]+)``", code, text.replace("|", "\\|") if text.startswith("| ") else text)
    return re.sub(r"(?<![`.\w])aotops\.(\w+)(?=[.,;\s]|$)(?!\()", bare_link, linked)


def bare_link(found: re.Match[str]) -> str:
    """A name of aotops that stands in text without backticks, as a link."""
    return f"[`{found[0]}`]({page_name(found[1])})" if found[1] in aotops.__all__ else found[0]


def listed(text: str) -> str:
    """Entries that each begin with names and a colon, as a list."""
    entries = re.split(r"\n(?=\S)", text)
    lines = []
    for entry in entries:
        head, _, rest = entry.partition(":")
        content = " ".join(rest.split())
        heads = ", ".join(f"`{name}`" for name in head.split(", "))
        lines.append(f"- {heads}: {prose(content)}")
    return "\n".join(lines)


def body(doc: str, level: str = "##") -> str:
    """A docstring as Markdown, with a heading of a level for each section."""
    head, parts = sections(inspect.cleandoc(doc))
    blocks = [prose(head)]
    for title, text in parts:
        if title == "Example":
            content = f"```python\n{text}\n```"
        else:
            content = listed(text) if title in ENTRIES else prose(" ".join(text.split()))
        blocks += [f"{level} {title}", content]
    return "\n\n".join(blocks)


def signature(function: Any, name: str) -> str:
    """A call of a function as a line of code; annotations are left to its parameters' descriptions."""
    try:
        found = inspect.signature(function)
    except ValueError:  # a type or method of C that says none
        return f"{name}(...)"
    parameters = [p.replace(annotation=p.empty) for p in found.parameters.values() if p.name != "self"]
    return f"{name}{found.replace(parameters=parameters, return_annotation=found.empty)}"


# --- pages --------------------------------------------------------------------------------------------------------


def specified(name: str) -> str:
    """The standard's page of a name, where it has one."""
    chapter = standard_chapters().get(name)
    if chapter is None:
        return ""
    page = "data_types.html" if chapter == "Data types" else f"generated/array_api.{name}.html"
    if chapter == "Inspection":
        page = "inspection.html"
    return f"[{name}]({SPECIFICATION}/{page}) in {chapter.lower()}"


def source_of(name: str, record: Record | None = None) -> str:
    """The file that a name comes from, as a link; empty for what C makes."""
    home = aotops._HOMES.get(name, "") or name
    if record is not None:
        inner = Path(record.scalar.__code__.co_filename).relative_to(SOURCE).as_posix()
    elif home == "_native":
        return ""
    else:
        inner = f"{home.replace('.', '/')}"
        inner += "/__init__.py" if (SOURCE / inner).is_dir() else ".py"
    return f"[{inner}](../../src/aotops/{inner})"


KINDS = {
    "map": "map: one input, element by element",
    "zip": "zip: several inputs, element by element",
    "reduce": "reduction: axes fold away",
    "argreduce": "position of a reduction's result",
    "scan": "scan: running results along an axis",
}


def operator_facts(record: Record) -> dict[str, str]:
    """What the record of an operator knows besides its docstring."""
    slots = [f"`{name}`" for name in SLOTS[record.slot]] if record.slot is not None else []
    method = [f"`Tensor.{record.name}`"] if record.method else []
    has_derivative = record.gradient is not None
    return {
        "Kind": KINDS[record.kind],
        "Methods": ", ".join([*method, *slots]),
        "Other names": ", ".join(f"`{alias}`" for alias in record.aliases),
        "Derivative": f"`aotops.{record.name}.derivative({', '.join((*record.parameters, 'y', 'g'))})`"
        if has_derivative
        else "",
    }


def dtype_table(record: Record) -> str:
    """In which dtype an operator computes, and that of its result, for inputs of each."""
    rows: dict[tuple[str, str], list[str]] = {}
    for dtype in NAMES:
        computed = dtype if dtype in record.dtypes else record.casts.get(dtype)
        if computed is None:
            key = ("TypeError", "")
        else:
            same, result = computed == dtype, record.result_for(computed)
            key = ("itself" if same else computed, "the same" if same and result == dtype else result)
        rows.setdefault(key, []).append(dtype)
    lines = ["| inputs promote to | computed in | result |", "|---|---|---|"]
    for (computed, result), dtypes in rows.items():
        lines.append(f"| {dtype_names(dtypes)} | {computed} | {result} |")
    return "\n".join(lines)


def facts_table(facts: dict[str, str]) -> str:
    """Facts as a table of two columns, those that are empty left out."""
    rows = [f"| {title} | {fact} |" for title, fact in facts.items() if fact]
    return "\n".join(["| | |", "|---|---|", *rows]) if rows else ""


def operator_page(name: str, record: Record) -> list[str]:
    """The blocks of an operator's page."""
    facts = operator_facts(record) | {"Standard": specified(name), "Source": source_of(name, record)}
    text = body(record.doc)
    if record.max_ulp:
        bound, measured = "(units in the last place).", "See also [the largest errors found](../accuracy.md)."
        text = text.replace(bound, f"{bound} {measured}", 1)
    before, heading, after = text.partition("## Returns")
    dtypes = f"## Dtypes\n\n{dtype_table(record)}\n\n"
    return [
        f"`{signature(aotops.__getattr__(name), f'aotops.{name}')}`",
        facts_table(facts),
        before + dtypes + heading + after,
    ]


def function_page(name: str, function: Any) -> list[str]:
    """The blocks of a function's page."""
    method = f"`Tensor.{name}`" if hasattr(aotops.Tensor, name) else ""
    facts = {"Methods": method, "Standard": specified(name), "Source": source_of(name)}
    return [f"`{signature(function, f'aotops.{name}')}`", facts_table(facts), body(function.__doc__)]


def members(kind: type) -> dict[str, Any]:
    """The public attributes and methods of a class, those of aotops' own bases included."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("aotops"):
            found |= {name: value for name, value in vars(base).items() if not name.startswith("_")}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def class_page(name: str, kind: type) -> list[str]:
    """The blocks of a class's page: its attributes, its own methods, and links for operators and functions."""
    doc = OPERATOR if kind is Operator else str(kind.__doc__)
    blocks = [f"`aotops.{name}`", facts_table({"Source": source_of(name)}), body(doc)]
    attributes: list[str] = []
    methods: list[str] = []
    functions: list[str] = []
    for member, value in members(kind).items():
        if isinstance(value, Operator) or (isinstance(value, Function) and is_function(value, member)):
            functions.append(f"[`{member}`]({page_name(member)})")
        elif callable(value):
            methods += [f"### {member}", f"`{signature(value, member)}`", body(value.__doc__, "####")]
        else:
            attributes += [f"### {member}", body(value.__doc__, "####")]
    if attributes:
        blocks += ["## Attributes", *attributes]
    if methods:
        blocks += ["## Methods", *methods]
    if functions:
        text = "These are methods as well, with the tensor as first argument: " + ", ".join(functions) + "."
        blocks += ["## Functions as methods", text]
    return blocks


def is_function(method: Function, name: str) -> bool:
    """Whether a method is the public function of its name; ``reshape``, with other arguments, is not."""
    return name in aotops.__all__ and bool(method.__doc__ == getattr(aotops, name).__doc__)


def dtype_page(name: str) -> list[str]:
    """The blocks of a dtype's page."""
    facts, dtype = FACTS[name], getattr(aotops, name)
    if dtype.kind == "integer":
        least, most = facts.bounds
        meaning = f"{facts.kind.capitalize()} integers of {8 * dtype.itemsize} bits, from {least} to {most}."
        example = f"ao.iinfo(ao.{name}).max"
    elif dtype.kind == "bool":
        meaning, example = "Truth values of one byte each.", "ao.tensor([True, False]).dtype"
    elif dtype.kind == "float":
        meaning = f"Floats of {8 * dtype.itemsize} bits, as IEEE 754 defines them."
        example = f"ao.finfo(ao.{name}).eps"
    else:
        meaning = f"Complex numbers of two {8 * dtype.itemsize // 2}-bit floats each."
        example = f"ao.tensor([1j], dtype=ao.{name}).dtype"
    shown = repr(eval(example, {"ao": aotops}))
    details = {
        "Kind": f"`{dtype.kind}`",
        "Bytes": str(dtype.itemsize),
        "Buffer protocol": f"`{dtype.format}`",
        "Standard": specified(name),
    }
    usage = f'A value of [`aotops.DType`](DType-class.md); functions take it, or its name `"{name}"`, as `dtype=`.'
    code = f"```python\n>>> import aotops as ao\n>>> {example}\n{shown}\n```"
    return [f"`aotops.{name}`", facts_table(details), meaning, usage, "## Example", code]


def constant_page(name: str) -> list[str]:
    """The blocks of a constant's page."""
    shown = (
        f"```python\n>>> import aotops as ao\n>>> ao.{name} is None\nTrue\n```"
        if name == "newaxis"
        else (f"```python\n>>> import aotops as ao\n>>> ao.{name}\n{getattr(aotops, name)!r}\n```")
    )
    return [f"`aotops.{name}`", facts_table({"Standard": specified(name)}), prose(MEANINGS[name]), "## Example", shown]


def module_page(name: str, module: ModuleType) -> list[str]:
    """The blocks of a module's page: its functions."""
    blocks = [f"`aotops.{name}`", facts_table({"Source": source_of(name)}), body(str(module.__doc__))]
    for member, value in vars(module).items():
        if callable(value) and ">>> " in (value.__doc__ or "") and value.__module__ == module.__name__:
            call = signature(value, f"aotops.{name}.{member}")
            blocks += [f"## {member}", f"`{call}`", body(value.__doc__, "###")]
    return blocks


def page(name: str, records: dict[str, Record]) -> str:
    """The page of a public name."""
    value = getattr(aotops, name)
    if name in records:
        blocks = operator_page(name, records[name])
    elif isinstance(value, DType):
        blocks = dtype_page(name)
    elif name in MEANINGS:
        blocks = constant_page(name)
    elif isinstance(value, ModuleType):
        blocks = module_page(name, value)
    elif isinstance(value, type) and name != "trace":
        blocks = class_page(name, value)
    else:
        blocks = function_page(name, value)
    chapter = chapter_of(name, records)
    up = f"[Reference](README.md) / [{chapter}](README.md#{anchor(chapter)})"
    return "\n\n".join([HEADER + up, f"# aotops.{name}", *filter(None, blocks)]) + "\n"


def anchor(title: str) -> str:
    """The fragment that leads to a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def summary_of(text: str) -> str:
    """The first sentence of a page, below its title, facts and code."""
    paragraphs = text.split("\n\n")[3:]
    return next(block.split("\n")[0] for block in paragraphs if not block.startswith(("|", "`aotops.", "#")))


def index(pages: dict[str, str], records: dict[str, Record]) -> str:
    """The list of all names, by chapter."""
    chapters: dict[str, list[str]] = {chapter: [] for chapter in [*STANDARD, *OWN_CHAPTERS]}
    for name in sorted(pages, key=str.lower):
        chapters[chapter_of(name, records)].append(name)
    version = aotops.__array_api_version__
    blocks = [
        HEADER + "# Reference",
        f"Every public name of aotops, by the chapters of the array API standard (v{version}), and then those that the "
        "standard lacks. *Std* marks the names of the standard.",
    ]
    for chapter, names in chapters.items():
        rows = [
            f"| [`{name}`]({page_name(name)}) | {'Std' if name in standard_chapters() else ''} | "
            f"{summary_of(pages[name])} |"
            for name in names
        ]
        blocks += [f"## {chapter}", "\n".join(["| name | | |", "|---|---|---|", *rows])]
    return "\n\n".join(blocks) + "\n"


def reference() -> dict[Path, str]:
    """The path and the content of each page, and of the index."""
    records = {record.name: record for record in ops.collect().values() if aotops.is_public(record.name)}
    pages = {name: page(name, records) for name in aotops.__all__}
    files = {FOLDER / page_name(name): text for name, text in pages.items()}
    return {FOLDER / "README.md": index(pages, records), **files}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    contents = reference()
    for stale in set(FOLDER.glob("*.md")) - set(contents):
        stale.unlink()
    for path, text in contents.items():
        path.write_text(text, encoding="utf-8")
