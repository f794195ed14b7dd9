"""What scalar functions cannot have, told before Numba sees them: the construct, its line, and what to write instead.

Numba would tell of most of it in its own words, once for each dtype, from inside of a loop nest that nobody wrote.
What only types can tell is left to it, and translated (``aotops.aot.reasons``).
"""

from __future__ import annotations

import builtins
import dis
import linecache
import math
import types
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from enum import Enum
from typing import Any

import numpy as np

from aotops import ops
from aotops.functions import codes, plain
from aotops.intrinsics import CommonCase
from aotops.mathematics import is_substituted, meant_by, record_of
from aotops.ops.record import FOLDING

NO_MEMORY = "kernels know numbers and tuples of numbers alone"
LIST = f"write a tuple, (a, b) in place of [a, b], or add up in a loop; {NO_MEMORY}"
STRING = f"choose by a number or a bool; {NO_MEMORY}"
NOTHING_RAISED = "nothing is raised in kernels: return math.nan, or the value that such an input shall have"

#: Instructions that no kernel can have: what they stand for, and what to write instead.
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
    "LOAD_BUILD_CLASS": ("a class", "declare functions alone"),
    "STORE_ATTR": ("an assignment to an attribute", "use a variable of the function"),
    "DELETE_SUBSCR": ("a del of an item", "build a new tuple"),
    "MATCH_SEQUENCE": ("a match of a sequence", "index the tuple"),
    "MATCH_MAPPING": ("a match of a mapping", "compare numbers"),
    "MATCH_CLASS": ("a match of a class", "compare numbers"),
    "GET_AWAITABLE": ("an await", "compute with numbers"),
}
#: Those that say more than what comes before them in the same statement.
SPECIFIC = ("LIST_APPEND", "SET_ADD", "MAP_ADD", "LOAD_ASSERTION_ERROR", "BEFORE_WITH")

#: Functions of Python that kernels have no use for.
BUILTINS = {
    "print": "leave it out, or set AOTOPS_PYTHON=1, with which operators run as plain Python and may print",
    "input": "pass the number as an input of the operator",
    "open": "read numbers before, and pass them as an input of the operator",
    "any": "write `a or b`",
    "all": "write `a and b`",
    "sorted": "write min and max",
    "list": LIST,
    "dict": INSTRUCTIONS["BUILD_MAP"][1],
    "set": INSTRUCTIONS["BUILD_SET"][1],
    "frozenset": INSTRUCTIONS["BUILD_SET"][1],
    "str": STRING,
    "repr": STRING,
    "format": STRING,
    "ascii": STRING,
    "chr": STRING,
    "ord": STRING,
    "bytes": STRING,
    "bytearray": STRING,
    "filter": "write a loop with a condition",
    "map": "write a loop",
    "iter": "write a loop",
    "next": "write a loop",
    "reversed": "loop over range(n - 1, -1, -1)",
    "hash": "compute with the number itself",
    "id": "compute with the number itself",
    "eval": "write the expression",
    "exec": "write the statements",
    "compile": "write the expression",
    "getattr": "name the attribute",
    "setattr": "use a variable of the function",
    "hasattr": "leave it out",
    "vars": "name the variables",
    "dir": "name the variables",
    "locals": "name the variables",
    "globals": "name the variables",
    "object": NO_MEMORY,
    "super": NO_MEMORY,
    "breakpoint": "set AOTOPS_PYTHON=1, with which operators run as plain Python, and set it in the debugger",
    "__import__": "import at the top of the module",
}

#: Functions of Python that take arguments by position alone in kernels.
BY_POSITION = frozenset({"round", "pow", "int", "float", "sum", "abs", "min", "max", "divmod", "enumerate"})

#: Modules whose functions kernels cannot call, and what is done in their place.
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
    "ctypes": "write it in Python",
}
_MODULE_OF_NUMPY_RANDOM = ("numpy.random", "numpy.random.mtrand")

#: Types of values that a function may refer to, beside modules and functions.
NUMBERS = (bool, int, float, complex, np.number, np.bool_, Enum)
CLASSES = (bool, int, float, complex, range, enumerate, zip, tuple, type, slice)


class FaultError(Exception):
    """Something that a scalar function cannot have; the message is what it is, what to write instead, and where."""


def place(code: types.CodeType, line: int) -> str:
    """A line of source, with its file and number."""
    source = linecache.getline(code.co_filename, line).strip()
    return f"  {code.co_filename}, line {line}" + (f": {source}" if source else "")


def examine(function: Callable[..., Any]) -> None:
    """Raise ``FaultError`` for the first thing in a function, or in what it calls, that no kernel can have.

    Functions of aotops itself are not looked at.
    """
    done: set[Any] = set()

    def visit(value: Any) -> None:
        record = record_of(value)
        value = value.function if isinstance(value, CommonCase) else plain(value)
        for each in [value] if record is None else [record.scalar_for(dtype) for dtype in record.dtypes]:
            if isinstance(each, types.FunctionType) and each not in done:
                done.add(each)
                if not (each.__module__ or "").startswith("aotops."):
                    _examine_one(each)
                for called in referred(each):
                    visit(called)

    visit(function)


def referred(function: types.FunctionType) -> Iterator[Any]:
    """The values of the globals and closures that a function names."""
    for code in codes(function):
        for instruction in dis.get_instructions(code):
            if instruction.opname == "LOAD_GLOBAL" and instruction.argval in function.__globals__:
                yield function.__globals__[instruction.argval]
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not given a value yet
            continue


def _examine_one(function: types.FunctionType) -> None:
    for code in codes(function):
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
                rank = 0 if instruction.opname in SPECIFIC else 2 if instruction.opname == "LOAD_CONST" else 1
                faults.append((line, rank, position, fault))
        if faults:
            # of what is on the same line, what says more
            line, *_, fault = min(faults)
            raise FaultError(f"{_name(function, code)} {fault}.\n{place(code, line)}")


def _name(function: types.FunctionType, code: types.CodeType) -> str:
    """How errors call a function."""
    return "The scalar function" if function.__name__ == "<lambda>" else function.__name__


def _fault(function: Any, code: types.CodeType, instructions: list[Any], position: int) -> str | None:
    """What is wrong with an instruction, as the rest of a sentence about its function; None if nothing is."""
    instruction = instructions[position]
    name, argument = instruction.opname, instruction.argval
    if name == "LOAD_COMMON_CONSTANT" and "AssertionError" in instruction.argrepr:
        name = "LOAD_ASSERTION_ERROR"
    if name == "LOAD_SPECIAL" and "exit" in instruction.argrepr:
        name = "BEFORE_WITH"
    if code.co_name == "<genexpr>" and name in ("RETURN_GENERATOR", "YIELD_VALUE"):
        return "has a generator expression; add up in a loop: total = 0.0, then total += ... for each"
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
    if name == "LOAD_GLOBAL":
        if argument not in function.__globals__:
            if not hasattr(builtins, argument):
                return f"names {argument}, which is not defined{did_you_mean(argument, names_near(function))}"
            if argument in BUILTINS:
                return f"calls {argument}; {BUILTINS[argument]}"
            return None
        return _fault_of_value(function.__globals__[argument], argument, _attributes(instructions, position))
    if name in ("LOAD_DEREF", "LOAD_CLASSDEREF") and argument in function.__code__.co_freevars:
        cell = function.__closure__[function.__code__.co_freevars.index(argument)]
        try:
            return _fault_of_value(cell.cell_contents, argument, _attributes(instructions, position))
        except ValueError:
            return f"names {argument}, which has no value yet"
    return None


def _attributes(instructions: list[Any], position: int) -> list[str]:
    """The attributes that are taken, one from the other, of what an instruction loads."""
    names = []
    for following in instructions[position + 1 :]:
        if following.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            break
        names.append(following.argval)
    return names


def _fault_of_constant(instructions: list[Any], position: int) -> str | None:
    instruction = instructions[position]
    value, following = instruction.argval, instructions[position + 1] if position + 1 < len(instructions) else None
    if isinstance(value, (str, bytes)):
        if following is not None and following.opname in ("MAKE_FUNCTION", "KW_NAMES", "IMPORT_NAME"):
            return None  # the name of a function inside
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


def _fault_of_value(value: Any, name: str, attributes: list[str]) -> str | None:
    """What is wrong with a global or closure variable, and the attributes that are taken of it."""
    for attribute in attributes:
        if not isinstance(value, types.ModuleType):
            break
        fault = _fault_of_attribute(value, attribute, f"{name}.{attribute}")
        if fault is not None:
            return fault
        if is_substituted(value):
            return None
        value, name = getattr(value, attribute), f"{name}.{attribute}"
        attributes = attributes[1:]
    if isinstance(value, types.ModuleType):
        module = value.__name__
        return f"uses {name}; {MODULES[module]}" if module in MODULES else None
    return _fault_of_object(value, name, attributes)


def _fault_of_attribute(module: types.ModuleType, attribute: str, name: str) -> str | None:
    """What is wrong with taking an attribute of a module."""
    if module.__name__ in MODULES or module.__name__ in _MODULE_OF_NUMPY_RANDOM:
        return f"uses {name}; {MODULES.get(module.__name__, MODULES['numpy.random'])}"
    if module.__name__ == "aotops":
        record = ops.collect().get(attribute)
        if record is not None and record.kind not in FOLDING:
            return None
        if hasattr(module, attribute):
            return (
                f"calls {name}, which works on whole tensors; a scalar function gets one number at a time, and may "
                "call elementwise operators alone"
            )
        return f"calls {name}, which is not there{did_you_mean(attribute, [*ops.collect()])}"
    if not hasattr(module, attribute):
        return f"names {name}, which is not there{did_you_mean(attribute, dir(module))}"
    if module.__name__ == "numpy" and attribute == "random":
        return f"calls numpy.random; {MODULES['numpy.random']}"
    if module.__name__ == "numpy" and attribute in ARRAYS:
        return f"calls {name}, which makes an array; write a tuple, or a global array of constants; {NO_MEMORY}"
    return None


#: Functions of NumPy that make arrays.
ARRAYS = frozenset({"array", "asarray", "zeros", "zeros_like", "ones", "ones_like", "empty", "empty_like", "full"})
ARRAYS |= {"arange", "linspace", "eye", "concatenate", "stack"}


def _fault_of_object(value: Any, name: str, attributes: list[str]) -> str | None:
    """What is wrong with a value that is no module."""
    import aotops

    value = plain(value)
    record = record_of(value)
    if record is not None:
        if attributes[:1] == ["derivative"]:
            if record.gradient is None:
                return f"calls {name}.derivative, and {name} has none; declare one with @{name}.derivative, or write it"
            return f"calls {name}.derivative; write its formula, in a function that both call"
        if record.kind in FOLDING:
            return (
                f"calls {name}, a reduction, which works on whole tensors; a scalar function gets one number at a "
                "time. Declare a reduction of it with ao.reduce(..., of=function)"
            )
        return None
    if isinstance(value, NUMBERS) or value is None or meant_by(value) is not None:
        return None
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
        for item in value:
            fault = None if isinstance(item, types.FunctionType) else _fault_of_object(item, name, [])
            if fault is not None:
                return fault
        return None
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufc":
            return f"uses {name}, an array of {value.dtype}; use an array of numbers"
        return None
    module = getattr(value, "__module__", None) or type(value).__module__
    if str(module).partition(".")[0] in ("numba", "numpy") or isinstance(value, (types.FunctionType, CommonCase)):
        if str(module).startswith("numpy.random"):
            return f"calls {name}; {MODULES['numpy.random']}"
        return None
    if isinstance(value, type):
        if value in CLASSES or issubclass(value, (np.generic, Enum)):
            return None
        return f"uses {name}, a class; write functions of numbers alone"
    if isinstance(value, types.BuiltinFunctionType):
        owner = getattr(value, "__self__", None)
        if isinstance(owner, types.ModuleType) and owner.__name__ not in MODULES:
            known = owner.__name__ == "builtins" and value.__name__ in BUILTINS
            return f"calls {name}; {BUILTINS[value.__name__]}" if known else None
        where = owner.__name__ if isinstance(owner, types.ModuleType) else type(owner).__module__
        instead = MODULES.get(where, "write it in Python, in a function of numbers")
        return f"calls {name}, a function of {where}; {instead}"
    if str(module).startswith("aotops"):
        return None
    what = type(value).__name__
    if type(value).__module__ == "functools":
        what = {"partial": "a functools.partial", "_lru_cache_wrapper": "a function with a cache"}.get(
            what, f"a {what}"
        )
        return f"calls {name}, {what}; call a plain Python function"
    if "ctypes" in type(value).__module__ or hasattr(value, "argtypes"):
        return f"calls {name}, a function of ctypes, which is an address of this process; write it in Python"
    if callable(value) or attributes or isinstance(value, types.MethodType):
        return f"uses {name}, an object ({what}); write functions of numbers alone, and its numbers as globals"
    return f"uses {name}, an object ({what}); {NO_MEMORY}"


def names_near(function: types.FunctionType) -> list[str]:
    """What a function could name beside itself."""
    return [name for name in (*function.__globals__, *dir(builtins)) if name != function.__name__]


def did_you_mean(name: str, names: list[str]) -> str:
    """A suggestion for a name that is not there."""
    names = [each for each in names if not each.startswith("_")]
    close = get_close_matches(name, names, n=1, cutoff=0.7) or [each for each in names if each.lower() == name.lower()]
    if close:
        return f"; did you mean {close[0]}"
    if hasattr(math, name):
        return f"; did you mean math.{name}"
    return ""
