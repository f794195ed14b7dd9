"""The docstring of an operator: what its function's own says, and what the record knows, in one fixed order.

An operator's own docstring has a summary and paragraphs. One that begins with ``Special cases:``, ``Accuracy:`` or
``See also:`` is that section, one that begins with ``>>>`` is the example, and others follow the summary. The rest is
generated: arguments, result, errors, and the accuracy of an operator with an error bound, or of one that is exact.

That of a user-defined operator may have any form. It stays as it is, and gets those generated sections that it lacks
before its first example or section.
"""

from __future__ import annotations

import textwrap

from aotops.abi import NAMES, can_cast, named

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterable

    from aotops.ops.record import Record

WIDTH = 100
#: What an operand can be.
ONE, SEVERAL = "A tensor, a number, an array or lists of numbers", "Tensors, numbers, arrays or lists of numbers"
GIVEN = ("Special cases", "Accuracy", "See also")
OUTS = (
    "A tuple of tensors of the results' shape, which the results are written into and which is returned; their dtypes "
    "may be others that can hold the results."
)
OUT = (
    "A tensor of the result's shape, which the result is written into and which is returned; its dtype may be "
    "another one that can hold the result."
)
COMPUTED = (
    "A bool tensor, which broadcasts with the inputs: where it is False, ``out`` keeps its elements, and a new tensor "
    "has 0."
)
FOLDED = "where: A bool tensor that broadcasts to the shape of ``x``: only elements where it is True are folded."


def documentation(record: Record, own: str) -> str:
    """The whole docstring of a record whose function has a docstring of its own."""
    if record.namespace:
        return completed(record, own)
    summary, *paragraphs = own.split("\n\n")
    given = dict.fromkeys(GIVEN, "")
    examples, notes = [], []
    for paragraph in paragraphs:
        title, colon, text = paragraph.partition(":")
        if colon and title in given:
            given[title] = " ".join(text.split())
        elif paragraph.startswith(">>>"):
            examples.append(paragraph)
        else:
            notes.append(" ".join(paragraph.split()))
    accuracy = f"Within {record.max_ulp:g} ULP (units in the last place)." if record.max_ulp else ""
    return "\n\n".join(
        [
            summary,
            *(textwrap.fill(note, WIDTH) for note in notes),
            section("Parameters", parameters(record)),
            *optional("Returns", returns(record)),
            section("Raises", raises(record)),
            *optional("Special cases", given["Special cases"]),
            *optional("Accuracy", f"{accuracy} {given['Accuracy']}".strip() or "Exact."),
            *(f"Example:\n{textwrap.indent(example, '    ')}" for example in examples),
            *optional("See also", given["See also"]),
        ]
    )


#: The generated sections, and what those of users may be called instead.
TITLES = {"Parameters": ("Parameters", "Arguments", "Args"), "Returns": ("Returns", "Return"), "Raises": ("Raises",)}


def completed(record: Record, own: str) -> str:
    """The docstring of a user-defined operator, with the sections that it lacks."""
    paragraphs = own.split("\n\n")
    # a title ends in a colon, or is underlined; of a field list it begins with one
    first = [paragraph.split("\n")[0].strip().lstrip(":") for paragraph in paragraphs]
    titles = [line.partition(":")[0].partition(" ")[0] for line in first]
    known = {title for names in TITLES.values() for title in names} | {"Example", "Examples", "Notes", "See", "param"}
    at = next(
        (k for k, line in enumerate(first) if k > 0 and (line.startswith(">>>") or titles[k] in known)), len(first)
    )
    generated = {
        "Parameters": section("Parameters", parameters(record)),
        "Returns": optional("Returns", returns(record))[0],
        "Raises": section("Raises", raises(record)),
    }
    added = [string for title, string in generated.items() if not set(TITLES[title]) & set(titles)]
    return "\n\n".join([*paragraphs[:at], *added, *paragraphs[at:]])


def section(title: str, entries: Iterable[str], hang: str = "        ") -> str:
    """A title, and below it the entries, indented; those that begin with a name hang from it."""
    filled = [textwrap.fill(entry, WIDTH, initial_indent="    ", subsequent_indent=hang) for entry in entries]
    return "\n".join([f"{title}:", *filled])


def optional(title: str, text: str) -> list[str]:
    """A section of one paragraph, if there is one."""
    return [section(title, [text], hang="    ")] if text else []


def sequence(words: Iterable[str], last: str = "and") -> str:
    """``a``, ``a and b``, or ``a, b and c``."""
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


def names(dtypes: Iterable[str], last: str = "and") -> str:
    """The names of dtypes; all integer dtypes together have one."""
    given = tuple(dtypes)
    integers = named("signed", "unsigned")
    if set(integers) <= set(given):
        given = tuple(["every integer dtype" if name == integers[0] else name for name in given])
        given = tuple([name for name in given if name not in integers])
    return sequence(given, last)


def dtypes(record: Record) -> str:
    """The dtypes that an operator takes, and in which others compute."""
    casts: dict[str, list[str]] = {}
    for source, target in record.casts.items():
        casts.setdefault(target, []).append(source)
    computed = [f"{names(sources)} compute{'s' * (len(sources) == 1)} as {to}" for to, sources in casts.items()]
    return "; ".join([names(record.dtypes, "or"), *computed])


def parameters(record: Record) -> list[str]:
    """An entry for each argument, or for those that are alike."""
    strong, entries = record.differentiable, []
    for name in record.parameters:
        if name in record.bool_inputs:
            entries.append(f"{name}: Bool, or true where it is not 0; its shape broadcasts with those of the others.")
        elif name in record.fixed:
            own = record.fixed[name]
            castable = names([dtype for dtype in NAMES if can_cast(dtype, own)], "or")
            entries.append(
                f"{name}: {ONE}, of dtype {castable}, cast to {own}; its shape broadcasts with those of the others."
            )
        elif name == strong[0] and len(strong) == 1:
            entries.append(f"{name}: {ONE}, of dtype {dtypes(record)}.")
        elif name == strong[0]:
            entries.append(
                f"{', '.join(strong)}: {SEVERAL}, whose shapes broadcast together. They are promoted as "
                f"``numpy.result_type`` does, Python numbers weakly, to {dtypes(record)}."
            )
    if record.defaults:
        entries[-1] += f" {sequence(record.defaults)} may be left out, or None."
    if record.kind == "reduce":
        entries.append("axis: The axis that folds away, or a tuple of several; None for all.")
    if record.kind == "argreduce":
        entries.append("axis: The axis along which to look; None for all elements, in row-major order.")
    if record.kind == "scan":
        entries.append("axis: The axis to go along. It may be left out for a tensor of one dimension.")
    if record.flag == "include_initial":
        entries.append(f"include_initial: Put {record.identity}, the result of no elements, in front of the others.")
    if record.kind in ("reduce", "argreduce"):
        entries.append("keepdims: Leave the axes that fold away in place, with length 1.")
    if record.takes_dtype:
        entries.append("dtype: Cast ``x`` to this dtype first.")
    entries.append(f"out: {OUTS if record.outputs else OUT}")
    if record.kind == "reduce" and record.takes_where:
        entries.append("initial: A number that the result begins with, and is that of no elements; None for none.")
        entries.append(FOLDED if record.identity is not None else f"{FOLDED} It takes an ``initial``.")
    elif record.takes_where:
        entries.append(f"where: {COMPUTED}")
    return entries


def returns(record: Record) -> str:
    """The shape and the dtype of the result."""
    along = {
        "map": f"the shape of ``{record.parameters[0]}``",
        "zip": "the shape that all inputs broadcast to",
        "reduce": "the axes that are left",
        "argreduce": "the axes that are left",
        "scan": "the shape of ``x``"
        + ", or one element more along the axis with ``include_initial``" * (record.flag == "include_initial"),
    }[record.kind]
    if record.outputs:
        tensors = f"{record.outputs} tensors" if record.outputs > 1 else "1 tensor"
        several = {dtype: sequence(record.results_for(dtype)) for dtype in record.dtypes}
        if len(set(several.values())) == 1:
            return f"A tuple of {tensors} with {along}, of {several[record.dtypes[0]]}."
        each = "; ".join([f"{source} gives {result}" for source, result in several.items()])
        return f"A tuple of {tensors} with {along}: {each}."
    results = {dtype: record.result_for(dtype) for dtype in record.dtypes}
    if len(set(results.values())) == 1:
        return f"A tensor of dtype {results[record.dtypes[0]]} with {along}."
    other = [f"{source} gives {result}" for source, result in results.items() if source != result]
    return f"A tensor with {along}, of the dtype that it is computed in" + "".join(f"; {each}" for each in other) + "."


def raises(record: Record) -> list[str]:
    """The errors, and when they are raised."""
    rejected = [dtype for dtype in NAMES if dtype not in record.dtypes and dtype not in record.casts]
    wrong = f"; the dtype is {names(rejected, 'or')}" if rejected else ""
    reasons = ["``out`` has another shape than the result"]
    if record.inputs > 1:
        reasons.insert(0, "shapes do not broadcast together")
    if record.kind in ("reduce", "argreduce", "scan"):
        reasons.append("the tensor has no such axis (this is an ``IndexError`` as well)")
    if record.kind == "reduce":
        reasons.append("an axis is named twice")
    if record.kind in ("reduce", "argreduce") and record.identity is None:
        reasons.append("there is no element to begin with")
    if record.kind == "scan":
        reasons.append("``axis`` is left out and ``x`` does not have one dimension")
    return [
        f"TypeError: An argument is none of those above{wrong}; ``out`` cannot hold the result.",
        f"ValueError: {'; '.join(reasons)[0].upper()}{'; '.join(reasons)[1:]}.",
    ]
