"""Translate Numba's and LLVM's errors for authors of scalar functions: what is wrong, where, what to write instead.

``aotops.aot.front.diagnose`` has already reported what needs no types. The rest is a table of Numba's messages, and the
lines of the user's own source that caused them, without the overloads that Numba tried, its passes, or the loop nest.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

import numba

import aotops
from aotops.aot.front.places import quoted, source_of
from aotops.aot.front.rejection import RejectedError, words


class CompileError(Exception):
    """A function that does not compile; the message is the compiler's reason."""


class Compiled(Protocol):
    """What is compiled, a kernel or a version of an array kernel: it has a title, and the place of its function."""

    @property
    def title(self) -> str:
        """The operator's name, and what tells this kernel from its others."""

    @property
    def place(self) -> str:
        """The file and the line, or an empty string."""


AnyCompiled = TypeVar("AnyCompiled", bound=Compiled)


#: Operators, by the functions that Numba represents them as.
_OPERATORS = {
    "matmul": "@",
    "and_": "&",
    "or_": "|",
    "xor": "^",
    "iand": "&=",
    "ior": "|=",
    "ixor": "^=",
    "add": "+",
    "iadd": "+=",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "invert": "~",
    "neg": "-",
    "is_": "is",
    "contains": "in",
    "lshift": "<<",
    "rshift": ">>",
}

#: Numba's messages, and their translations.
_MEANINGS = (
    (
        r"signature: >>> (?:static_)?getitem\((?:int|float|bool|Literal\[int)",
        "It indexes a number with []; a scalar function gets one number at a time, and can only index tuples and "
        "arrays of constants",
    ),
    (r"signature: >>> (?:static_)?setitem\(", "It assigns to an item; use a variable for each number"),
    (r"Cannot resolve setattr", "It assigns to an attribute; use a variable of the function"),
    (
        r"failed to unpack|Unpacking|unpack_sequence|exhaust_iter",
        "It unpacks a number into several variables; a scalar function gets one number for each parameter",
    ),
    (
        r"Invalid use of getiter with parameters \((?:int|float|bool|Literal\[int)",
        "It loops over a number; loop over range(int(x)), or over a tuple",
    ),
    (
        r"No type info available for (?:int|float|bool)\w* as a callable|Invalid use of (?:int|float|bool)\d* with",
        "It calls a number as if it were a function; write * for a product",
    ),
    (
        r"Keyword arguments are not supported|unexpected keyword|positional-only arguments passed as keyword",
        "It calls a function with arguments by name that takes them by position; write them by position",
    ),
    (
        r"complex(?:64|128)",
        "It returns a complex number, or computes with one where kernels cannot; take its real or imaginary part",
    ),
    (r"Cannot cast", "It has a value that is not a number where one is needed; for an enumeration write int(member)"),
    (
        r"NRT required|requires? NRT|reflected list|list\(|List\(|DictType|unicode|dictobject|\bset\(",
        "It needs memory of its own, for a list, a string or an array, which kernels do not have; write numbers and "
        "tuples of constant length",
    ),
    (
        r"OverloadSelector|Only accept returning of array|array\(",
        "It makes or returns an array, or an unknown object; scalar functions compute only with numbers",
    ),
    (r"Invalid use of getiter", "It loops over something that is neither a range nor a tuple"),
    (
        r"Type of variable .* cannot be determined|cannot determine Numba type|Untyped",
        "It has a value whose type cannot be inferred; initialize variables with numbers, and call plain Python "
        "functions",
    ),
    (r"Cannot unify|Can't unify", "A variable has different types on different paths; make it a number on each"),
    (
        r"unsupported opcode|UnsupportedBytecode|Unsupported|not supported|NotImplemented",
        "It has a construct that kernels do not have; write it with numbers, conditions and loops over a range",
    ),
)

#: What no user should have to read: internal names of Numba and of this compiler.
INTERNAL = re.compile(
    r"0x[0-9a-f]{6,}|\$|numba|NRT|OverloadSelector|Literal\[|<iv=|reflected|UniTuple|unicode_type|CPUDispatcher|lowering"
    r"|<function|<built-in|<class|>>>|getiter|nopython|aotops\.set_flag|Illegal IR|overload",
    re.IGNORECASE,
)
GENERAL = (
    "The compiler does not understand it. Scalar functions compute with numbers: conditions, loops over a range or a "
    "tuple, functions of math, and other plain functions"
)


def reason(error: BaseException) -> str:
    """Return what is wrong and where, from an error of Numba."""
    text = str(error)
    return "\n".join([f"{meaning(error)}.", *places(text)])


def meaning(error: BaseException) -> str:
    """Return what is wrong, without a final full stop."""
    text = str(error)
    rejected = text.rpartition(RejectedError.MARK)[2].partition("\n")[0]
    if rejected and RejectedError.MARK in text:
        return rejected
    lines = [line for line in text.splitlines() if not line.startswith("Failed in nopython mode")]
    details = ("File ", "During: ", "There are ", "Return of: ", "raised from ")
    message = " ".join(line.strip() for line in itertools.takewhile(lambda line: not line.startswith(details), lines))
    message = " ".join(re.sub(r": %.* = .*", "", " ".join(message.split())).split())
    message = message.split(" Raised from ")[0]
    found = re.search(r"Can't unify return type from the following types: (.*)", message)
    if found:
        kinds = list(dict.fromkeys(words(kind) for kind in re.split(r", (?![^()]*\))", found[1])))
        if len(kinds) > 1:
            return f"It returns {' on one path, and '.join(kinds)} on another; return a number on each"
    found = re.search(r"Cannot bind 'args=.*?' to signature '(\(.*?\))' due to \"\w+: (.*?)\"", message)
    if found:
        return f"A call does not fit the function, whose parameters are {found[1]}: {found[2].rstrip('.')}"
    for pattern, meant in _MEANINGS:
        if re.search(pattern, message):
            return meant
    found = re.search(r"No implementation of function .*? found for signature: >>> ([\w.<>]+) ?\((.*)\)", message)
    if found:
        return _call(found[1], found[2])
    message = words(message).rstrip(".")
    return GENERAL if INTERNAL.search(message) or not message else message


def _call(name: str, types: str) -> str:
    """Describe a function that has no overload for its arguments."""
    arguments = [words(each).strip() for each in re.split(r", (?![^()\[\]]*[)\]])", types) if each]
    from aotops.aot.front.scalar_calls import called

    record = called(name)
    if record is not None and not record.inputs - len(record.defaults) <= len(arguments) <= record.inputs:
        required = record.inputs - len(record.defaults)
        count = str(record.inputs) if required == record.inputs else f"{required} to {record.inputs}"
        return (
            f"{name} takes {count} argument{'s' * (record.inputs != 1)} "
            f"({', '.join(record.parameters)}), and is called with {len(arguments)}"
        )
    unknown = [each.partition("=")[0] for each in arguments if re.match(r"\w+=", each)] if record is not None else []
    for each in unknown:
        if record is not None and each not in record.parameters:
            return f"{name} has no argument {each}; its arguments are {', '.join(record.parameters)}"
    shown = ", ".join(each if not INTERNAL.search(each) else "something else" for each in arguments)
    if name in _OPERATORS:
        return f"Kernels do not have {_OPERATORS[name]} of {' and '.join(shown.split(', '))}"
    name = "a function" if INTERNAL.search(name) or "<" in name else name
    return f"Kernels do not have {name}({shown}); look at the number and the kinds of its arguments"


_OURS = (os.path.dirname(os.path.abspath(numba.__file__)), os.path.dirname(os.path.abspath(aotops.__file__)))


def places(text: str) -> list[str]:
    """Return the lines of user source that an error of Numba names, each once."""
    found: dict[str, None] = {}
    for line in text.splitlines():
        match = re.match(r'File "(.+)", line (\d+):|During: lowering .* at (.+) \((\d+)\)$', line)
        if match:
            path, number = os.path.abspath(match[1] or match[3]), int(match[2] or match[4])
            if not path.startswith(_OURS) and "importlib" not in Path(path).parts and "<" not in Path(path).name:
                found[quoted(path, number)] = None
    return list(found)


def told(failures: Mapping[AnyCompiled, str]) -> str:
    """Return the error message for kernels that do not compile: each reason once, with the operators affected."""
    groups: dict[str, dict[str, list[str]]] = {}
    for kernel, why in failures.items():
        text = why if ", line " in why or not kernel.place else f"{why}\n{source_of(kernel.place)}"
        name, _, dtype = kernel.title.partition(" ")
        groups.setdefault(text, {}).setdefault(name, []).append(dtype)
    several = [name for names in groups.values() for name in names]
    return "\n\n".join(
        f"{', '.join(_title(name, dtypes, several) for name, dtypes in names.items())} does not compile:\n{text}"
        for text, names in groups.items()
    )


def _title(name: str, dtypes: list[str], names: list[str]) -> str:
    """Return an operator's name, with dtypes if other dtypes fail for another reason."""
    return f"{name} ({', '.join(dtypes)})" if names.count(name) > 1 else name
