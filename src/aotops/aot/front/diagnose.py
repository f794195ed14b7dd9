"""Reject unsupported constructs of scalar functions before Numba runs: the construct, its line, and what to write.

Scalar functions may call the functions that ``aotops.scalar.callables`` lists, operators, and other plain functions.
All errors have one form: ``function <what is wrong>; <what to write instead>``, followed by the source line.

Numba would report most of these errors in its own terms, once per dtype, from inside a loop nest that the user has
never seen. Errors that depend on types are left to Numba and translated (``aotops.aot.front.reasons``).
"""

from __future__ import annotations

import builtins
import dis
import itertools
import math
import types
from collections.abc import Callable
from difflib import get_close_matches
from enum import Enum, EnumMeta
from typing import Any

import numpy as np

import aotops
from aotops import ops
from aotops.abi import AXIS_KINDS, NAMES, computed
from aotops.aot.front.places import place
from aotops.intrinsics import FastPath
from aotops.ops.record import COMPLEX, FLOATS
from aotops.scalar.callables import Named, name_of
from aotops.scalar.functions import codes, global_names, plain
from aotops.scalar.mathematics import MISSING, NUMBER, Reference, cells, declared_record, references, references_in

NO_MEMORY = "kernels have only numbers and tuples of numbers"
LIST = f"write a tuple, (a, b) in place of [a, b], or add up in a loop; {NO_MEMORY}"
STRING = f"choose by a number or a bool; {NO_MEMORY}"
#: The dtypes in which functions compute, whatever the elements are stored as.
COMPUTED = ", ".join(dict.fromkeys([computed(name) for name in NAMES]))
#: What complex numbers have as attributes, and real ones too.
ATTRIBUTES = frozenset({"real", "imag", "conjugate"})
NOTHING_RAISED = "nothing is raised in kernels: return math.nan, or another value for such an input"

#: Unsupported bytecode instructions: the constructs that they belong to, and what to write instead.
INSTRUCTIONS = {
    "BUILD_LIST": ("a list", LIST),
    "LIST_APPEND": ("a list comprehension", LIST),
    "BUILD_SET": ("a set", f"compare with ==, or write a tuple; {NO_MEMORY}"),
    "SET_ADD": ("a set comprehension", f"write a tuple; {NO_MEMORY}"),
    "BUILD_MAP": ("a dict", f"write a tuple, which an integer indexes; {NO_MEMORY}"),
    "BUILD_CONST_KEY_MAP": ("a dict", f"write a tuple, which an integer indexes; {NO_MEMORY}"),
    "MAP_ADD": ("a dict comprehension", f"write a tuple, which an integer indexes; {NO_MEMORY}"),
    "FORMAT_VALUE": ("a formatted string", STRING),
    "FORMAT_SIMPLE": ("a formatted string", STRING),
    "FORMAT_WITH_SPEC": ("a formatted string", STRING),
    "BUILD_STRING": ("a formatted string", STRING),
    "BEFORE_WITH": ("a with statement", "leave it out: there is nothing to open or to lock in a kernel"),
    "LOAD_ASSERTION_ERROR": ("an assert", NOTHING_RAISED),
    "RAISE_VARARGS": ("a raise", NOTHING_RAISED),
    "PUSH_EXC_INFO": ("a try", "write a condition, as in `1 / x if x != 0 else 0.0`: nothing is raised in kernels"),
    "IMPORT_NAME": ("an import", "import at the top of the module"),
    "STORE_GLOBAL": ("an assignment to a global variable", "return the value: kernels run on several threads at once"),
    "DELETE_GLOBAL": ("a del of a global variable", "leave it out: kernels run on several threads at once"),
    "YIELD_VALUE": ("a yield", "return one number"),
    "LOAD_BUILD_CLASS": ("a class", "write functions"),
    "STORE_ATTR": ("an assignment to an attribute", "use a variable of the function"),
    "DELETE_ATTR": ("a del of an attribute", "leave it out"),
    "DELETE_SUBSCR": ("a del of an item", "build a new tuple"),
    "MATCH_SEQUENCE": ("a match of a sequence", "index the tuple"),
    "MATCH_MAPPING": ("a match of a mapping", "compare numbers"),
    "MATCH_CLASS": ("a match of a class", "compare numbers"),
    "GET_AWAITABLE": ("an await", "compute with numbers"),
    "IS_OP": ("an `is`", "compare numbers with == or !="),
}
#: Those that identify a construct better than the instructions before them in the same statement.
SPECIFIC = ("LIST_APPEND", "SET_ADD", "MAP_ADD", "LOAD_ASSERTION_ERROR", "BEFORE_WITH")

#: What to write instead of functions that cannot be called, by their names with the module; builtins without one.
ADVICE = {
    "print": "leave it out, or set AOTOPS_PYTHON=1, with which operators run as plain Python and may print",
    "input": "pass the number as an input of the operator",
    "open": "read numbers before, and pass them as an input of the operator",
    "sum": "add the values with +, or in a loop",
    "any": "write `a or b`",
    "all": "write `a and b`",
    "sorted": "write min and max",
    "tuple": "write (a, b)",
    "list": LIST,
    "dict": INSTRUCTIONS["BUILD_MAP"][1],
    **dict.fromkeys(("set", "frozenset"), INSTRUCTIONS["BUILD_SET"][1]),
    **dict.fromkeys(("str", "repr", "format", "ascii", "chr", "ord", "bytes", "bytearray"), STRING),
    **dict.fromkeys(("map", "iter", "next"), "write a loop"),
    "filter": "write a loop with a condition",
    "reversed": "loop over range(n - 1, -1, -1)",
    **dict.fromkeys(("hash", "id"), "compute with the number itself"),
    **dict.fromkeys(("eval", "compile"), "write the expression"),
    "exec": "write the statements",
    **dict.fromkeys(("getattr", "vars", "dir", "locals", "globals"), "name the variables"),
    "setattr": "use a variable of the function",
    **dict.fromkeys(("isinstance", "issubclass", "type"), "an operator may have a function for each of its dtypes"),
    "breakpoint": "set AOTOPS_PYTHON=1, with which operators run as plain Python, and set it in the debugger",
    "__import__": "import at the top of the module",
    "math.factorial": "write a loop, or a table of constants",
    **dict.fromkeys(("math.fsum", "numpy.sum"), "add the values with +, or in a loop"),
    **dict.fromkeys(("math.prod", "numpy.prod"), "multiply the values with *, or in a loop"),
    **dict.fromkeys(
        [
            *("numpy.array", "numpy.asarray", "numpy.zeros", "numpy.zeros_like", "numpy.ones", "numpy.ones_like"),
            *("numpy.empty", "numpy.empty_like", "numpy.full", "numpy.arange", "numpy.linspace", "numpy.eye"),
            *("numpy.concatenate", "numpy.stack"),
        ],
        f"write a tuple, or a global array of constants; {NO_MEMORY}",
    ),
}
GENERAL_ADVICE = "docs/your-own-operators.md lists what may be called"
OF_PYTHON = "write it in Python, in a function of numbers"

#: Python functions whose arguments are positional-only in kernels.
BY_POSITION = frozenset({"round", "pow", "int", "float", "sum", "abs", "min", "max", "divmod", "enumerate"})

#: Modules that kernels cannot use, and what to do instead.
MODULES = {
    "random": "draw random numbers before, and pass them as an input of the operator",
    "secrets": "draw random numbers before, and pass them as an input of the operator",
    "numpy.random": "draw random numbers before, and pass them as an input of the operator",
    "time": "measure time outside, and pass it as an input of the operator",
    "datetime": "compute with seconds or days, as numbers",
    "os": "read it into a global number when the module is imported",
    "decimal": "compute with floats",
    "fractions": "compute with floats",
    "statistics": "declare a reduction, or write the formula",
    "itertools": "write a loop",
    "functools": "write a loop",
    "re": STRING,
    "string": STRING,
    "logging": "leave it out",
    "ctypes": f"{OF_PYTHON}: kernels cannot contain addresses of this process",
}
#: Modules of which kernels support only what ``aotops.scalar.callables`` lists, even if it is written in Python.
LISTED = ("builtins", "math", "cmath", "operator", "_operator", "numpy", "_sitebuiltins")
#: Modules of aotops whose functions take numbers.
OF_NUMBERS = ("aotops.ops.", "aotops.intrinsics", "aotops.scalar.combinations", "aotops.scalar.callables")

#: Types of numbers that a function may refer to.
NUMBERS = (bool, int, float, complex, np.number, np.bool_)


class FaultError(Exception):
    """An unsupported construct in a scalar function; the message says what it is, what to write instead, and where."""


def examine(function: Callable[..., Any]) -> None:
    """Raise ``FaultError`` for the first unsupported construct in a function, or in the functions that it calls.

    Functions of aotops itself are not examined.
    """
    done: set[Any] = set()

    def visit(value: Any) -> None:
        if isinstance(value, tuple):
            for item in value:
                visit(item)
        record = declared_record(value)
        value = value.function if isinstance(value, FastPath) else plain(value)
        for each in [value] if record is None else [record.scalar_for(dtype) for dtype in record.dtypes]:
            if isinstance(each, types.FunctionType) and each not in done:
                done.add(each)
                if (each.__module__ or "").startswith("aotops."):
                    called = [*(each.__globals__[name] for name in global_names(each)), *cells(each)]
                else:
                    _examine_one(each)
                    called = [reference.value for reference in references(each)]
                for other in called:
                    visit(other)

    visit(function)


def _examine_one(function: types.FunctionType) -> None:
    for code in codes(function):
        # on one line, report the most telling instruction: by rank, then by position
        faults: list[tuple[int, int, int, str]] = []
        line = code.co_firstlineno
        instructions = list(dis.get_instructions(code))
        packs = any("LIST_TO_TUPLE" in (each.opname, each.argrepr.removeprefix("INTRINSIC_")) for each in instructions)
        for position, instruction in enumerate(instructions):
            # the former from Python 3.13 on
            line = getattr(instruction, "line_number", instruction.starts_line) or line
            if packs and instruction.opname in ("BUILD_LIST", "LIST_APPEND"):
                continue  # a tuple of what `*` unpacks
            fault = _fault(function, code, instructions, position)
            if fault is not None:
                rank = 0 if instruction.opname in SPECIFIC else 3 if "CONST" in instruction.opname else 1
                faults.append((line, rank, position, fault))
        for reference in references_in(function, code):
            fault = _fault_of_reference(function, code, reference)
            if fault is not None:
                name, value = reference.chain[0]
                rank = 0 if name.startswith(PYTEST) else 4 if value is NUMBER else 2
                faults.append((reference.line, rank, reference.position, fault))
        if faults:
            line, *_, fault = min(faults)
            raise FaultError(f"{named(function)} {fault}.\n{place(code, line)}")


def named(function: types.FunctionType) -> str:
    """Return the name of a function in error messages."""
    return "The scalar function" if function.__name__ == "<lambda>" else function.__name__


#: The prefix of names in asserts that pytest has rewritten; it is not a valid identifier.
PYTEST = "@py"


def _fault(function: Any, code: types.CodeType, instructions: list[Any], position: int) -> str | None:
    """Return what is wrong with an instruction, as the predicate of a sentence about its function, or None."""
    instruction = instructions[position]
    name, argument = instruction.opname, instruction.argval
    if name == "LOAD_COMMON_CONSTANT" and "AssertionError" in instruction.argrepr:
        name = "LOAD_ASSERTION_ERROR"
    if name == "LOAD_SPECIAL" and "exit" in instruction.argrepr:
        name = "BEFORE_WITH"
    if name == "MAKE_FUNCTION" and getattr(instructions[position - 1].argval, "co_name", "") == "<genexpr>":
        return "has a generator expression; add up in a loop: total = 0.0, then total += ... for each"
    if name.startswith("POP_JUMP") and name.endswith("NONE"):
        name = "IS_OP"
    if name in INSTRUCTIONS:
        what, instead = INSTRUCTIONS[name]
        return f"has {what}; {instead}"
    if name in ("KW_NAMES", "CALL_KW"):
        called = [each for each in instructions[:position] if each.opname == "LOAD_GLOBAL" and "NULL" in each.argrepr]
        if called and called[-1].argval in BY_POSITION and called[-1].argval not in function.__globals__:
            return f"calls {called[-1].argval} with arguments by name; write them by position"
    if name == "STORE_DEREF" and argument in code.co_freevars:
        return f"assigns to {argument}, a variable of the function around it; return the value"
    if name in ("LOAD_CONST", "RETURN_CONST"):
        return _fault_of_constant(instructions, position)
    return None


def _fault_of_constant(instructions: list[Any], position: int) -> str | None:
    instruction = instructions[position]
    value, following = instruction.argval, instructions[position + 1] if position + 1 < len(instructions) else None
    if isinstance(value, (str, bytes)):
        if following is not None and following.opname in ("MAKE_FUNCTION", "KW_NAMES", "IMPORT_NAME"):
            return None  # the name of a nested function
        return f"has a {'string' if isinstance(value, str) else 'constant of bytes'}, {value!r}; {STRING}"
    if value is Ellipsis:
        return "has `...` for a value; write a number"
    if isinstance(value, frozenset):
        return f"has a set; {INSTRUCTIONS['BUILD_SET'][1]}"
    returned = instruction.opname == "RETURN_CONST" or (following is not None and following.opname == "RETURN_VALUE")
    if value is None and returned:
        others = [
            each
            for index, each in enumerate(instructions)
            if each.opname in ("RETURN_VALUE", "RETURN_CONST")
            and not (each.opname == "RETURN_CONST" and each.argval is None)
            and not (
                each.opname == "RETURN_VALUE"
                and instructions[index - 1].opname == "LOAD_CONST"
                and instructions[index - 1].argval is None
            )
        ]
        return f"returns nothing{' on some path' if others else ''}; end each path with `return` and a number"
    return None


def _fault_of_reference(function: types.FunctionType, code: types.CodeType, reference: Reference) -> str | None:
    """Return what is wrong with a name and its attributes, or None."""
    name, value = reference.chain[0]
    if name.startswith(PYTEST):
        return f"has an assert; {NOTHING_RAISED}"
    if value is MISSING:
        if name in code.co_freevars:
            return f"names {name}, which has no value yet; give it one before the operator is called"
        near = did_you_mean(name, names_near(function))
        return f"names {name}, which is not defined; {near or 'define it before the operator is called'}"
    for (holder_name, holder), (name, value) in itertools.pairwise(reference.chain):
        fault = _fault_of_attribute(holder_name, holder, name, value)
        if fault is not None:
            return fault
    return _fault_of_value(*reference.chain[-1])


def _fault_of_attribute(holder_name: str, holder: Any, name: str, value: Any) -> str | None:
    """Return what is wrong with an attribute access, or None."""
    attribute = name.rpartition(".")[2]
    if isinstance(holder, types.ModuleType):
        advice = _advice_of_module(holder.__name__)
        if advice is not None:
            return f"uses {name}; {advice}"
        names = dir(holder)
        if holder is aotops:
            names = [each for each, record in ops.collect().items() if record.kind not in AXIS_KINDS]
    elif isinstance(holder, (Enum, EnumMeta)):
        names = dir(holder)
    elif isinstance(holder, NUMBERS) or holder is NUMBER:
        if attribute in ATTRIBUTES:
            return None
        return _fault_of_attribute_of_number(attribute)
    else:
        fault = _fault_of_value(holder_name, holder)
        if fault is not None:
            return fault
        record = declared_record(holder)
        if record is not None and attribute == "derivative":
            if record.gradient is None:
                return f"calls {name}, and {holder_name} has none; declare one with @{name}, or write it"
            return f"calls {name}; write its formula, in a function that both call"
        if not isinstance(holder, (tuple, np.ndarray)):
            return f"takes the attribute {attribute} of {holder_name}; write a global number"
        names = dir(holder)
    if value is MISSING:
        # a function that this version of Python lacks, as math.fma before 3.13
        ours = ops.collect().get(attribute)
        instead = f"write ao.{attribute}" if ours is not None and ours.kind not in AXIS_KINDS else ""
        return f"names {name}, which does not exist; {instead or did_you_mean(attribute, names) or GENERAL_ADVICE}"
    return None


def _fault_of_attribute_of_number(attribute: str) -> str:
    record = ops.collect().get(attribute)
    if record is not None and record.kind in AXIS_KINDS:
        instead = "reduce the tensor outside, or declare a reduction with ao.reduce(..., map=function)"
    elif record is not None:
        instead = f"write ao.{attribute}(x)"
    else:
        instead = "compute with the number itself"
    return (
        f"takes the attribute {attribute} of a number, and numbers have only real, imag and conjugate() in kernels; "
        f"{instead}"
    )


def _advice_of_module(name: str) -> str | None:
    """Return what to do instead of using a module, or a module inside it; None if it may be used."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return MODULES.get(name)


def _fault_of_value(name: str, value: Any) -> str | None:
    """Return what is wrong with a value that a function refers to, or None."""
    value = plain(value)
    if value is None or value is NUMBER or isinstance(value, (*NUMBERS, Enum)):
        return None
    if isinstance(value, types.ModuleType):
        advice = _advice_of_module(value.__name__)
        return None if advice is None else f"uses {name}; {advice}"
    if isinstance(value, (list, set, frozenset, dict)):
        instead = "a tuple, which an integer indexes" if isinstance(value, dict) else f"a tuple, {name} = (a, b)"
        return f"uses {name}, a {type(value).__name__}, which may change; write {instead}"
    if isinstance(value, (str, bytes)):
        return f"uses {name}, a {'string' if isinstance(value, str) else 'value of bytes'}; {STRING}"
    if isinstance(value, aotops._native.TensorBase):
        return (
            f"uses {name}, a tensor; pass it as another input of the operator, or make a tuple of its numbers: "
            f"{name.upper()} = tuple({name}.tolist())"
        )
    if isinstance(value, tuple):
        return next((fault for item in value if (fault := _fault_of_value(name, item)) is not None), None)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biu" and value.dtype.name not in (*FLOATS, *COMPLEX):
            return f"uses {name}, an array of {value.dtype}; convert it to one of {COMPUTED}"
        return None
    return _fault_of_callable(name, value) if callable(value) else _fault_of_object(name, value)


def _fault_of_object(name: str, value: Any) -> str:
    return f"uses {name}, an object ({type(value).__name__}); write its numbers as global variables"


def _fault_of_callable(name: str, value: Any) -> str | None:
    """Return what is wrong with a function, a class or another callable, or None."""
    record = declared_record(value)
    whole = (
        "which works on whole tensors; a scalar function gets one number at a time, and may call only elementwise "
        "operators"
    )
    if record is not None:
        if record.kind not in AXIS_KINDS:
            return None
        kind = "scan" if record.kind == "scan" else "reduction"
        return f"calls {name}, a {kind}, {whole}. Declare a reduction of it with ao.reduce(..., map=function)"
    if isinstance(value, Named) or name_of(value) is not None:
        return None
    module = _module_of(value)
    if module.partition(".")[0] == "aotops":
        return None if module.startswith(OF_NUMBERS) else f"calls {name}, {whole}"
    listed = module.partition(".")[0] in LISTED
    known = f"{module}.{getattr(value, '__name__', '')}".removeprefix("builtins.")
    instead = ADVICE.get(known) or _advice_of_module(module)
    if isinstance(value, types.FunctionType) and not listed and instead is None:
        return None
    what = ""
    if isinstance(value, EnumMeta):
        return f"uses {name}, a class; take its members, as in {name}.{next(iter(value.__members__), 'A')}"
    if type(value).__module__ == "functools":
        what = {"partial": "a functools.partial", "_lru_cache_wrapper": "a function with a cache"}.get(
            type(value).__name__, f"a {type(value).__name__}"
        )
        instead = "call a plain Python function"
    elif hasattr(value, "argtypes"):
        what, instead = "a function of ctypes", MODULES["ctypes"]
    elif listed or isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        instead = instead or (GENERAL_ADVICE if listed else OF_PYTHON)
    elif isinstance(value, type):
        return f"uses {name}, a class; {instead or 'write functions of numbers'}"
    else:
        instead = instead or "write functions of numbers, and its numbers as global variables"
        return f"uses {name}, an object ({type(value).__name__}); {instead}"
    return f"calls {name}, {f'{what}, ' if what else ''}which kernels do not have; {instead}"


def _module_of(value: Any) -> str:
    """Return the module of a function, of the class of a method, or of an object's class."""
    module, owner = getattr(value, "__module__", None), getattr(value, "__self__", None)
    if module is None and isinstance(owner, types.ModuleType):
        return owner.__name__
    value = value if owner is None else owner
    return str(module or getattr(value, "__module__", None) or type(value).__module__)


def names_near(function: types.FunctionType) -> list[str]:
    """Return the names that a function can refer to, except its own."""
    return [name for name in (*function.__globals__, *dir(builtins)) if name != function.__name__]


def did_you_mean(name: str, names: list[str]) -> str:
    """Return a suggestion for an undefined name."""
    names = [each for each in names if not each.startswith("_")]
    close = get_close_matches(name, names, n=1, cutoff=0.7) or [each for each in names if each.lower() == name.lower()]
    if close:
        return f"did you mean {close[0]}"
    if name_of(getattr(math, name, None)) is not None:
        return f"did you mean math.{name}"
    return ""
