"""Errors of scalar functions: each names the construct, its line and what to write instead, once, in plain words."""

from __future__ import annotations

import cmath
import ctypes
import datetime
import enum
import functools
import importlib.util
import linecache
import math
import operator
import os
import random
import re
import statistics
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aotops as ao
from aotops import intrinsics
from aotops.scalar import combinations

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="compiling kernels takes Numba, which is not installed here"
)

#: What no message to authors of scalar functions may contain.
INTERNAL = (
    r"OverloadSelector|numba_gil_ensure|\$\w|reflected|0x[0-9a-f]{4}|NRT|nopython|Literal\[|UniTuple|CPUDispatcher|<iv="
    r"|unicode_type|>>>|<function|<built-in|numba|getiter|aotops\.\w+ object|Illegal IR|pipeline"
)

NUMBERS = [1.0, 2.0]
BY_NAME = {1: 2.0}
WHOLE = {1, 2}
MODE = "fast"
RAW = b"ab"
TENSOR = ao.tensor([1.0, 2.0])
MIXED = (1.0, "a")
NESTED = (1.0, [2.0])
TEXTS = np.array(["a", "b"])
Z = 1 + 2j
ARRAY = np.array([1.0, 2.0])
BIG_ENDIAN = np.array([1.0, 2.0], dtype=">f4")
BYTES = np.array([3, 4], dtype=np.uint8)
HALF = np.array([1.0], dtype=np.float16)
SPECTRUM = np.array([1j])
HUGE = np.array([2**63], dtype=np.uint64)
CHOICES = (lambda x: x, lambda x: float([x][0]))
DAY = datetime.date(2020, 1, 1)
Kind = enum.IntEnum("Kind", ["A", "B"])
KIND = Kind.A


class Scale:
    factor = 2.0

    def times(self, x: Any) -> Any:
        return x * 2.0

    def __call__(self, x: Any) -> Any:
        return x


SCALE = Scale()
METHOD = SCALE.times
partial = functools.partial(pow, 2)
labs = ctypes.CDLL(None).labs if sys.platform != "win32" else None


@functools.lru_cache
def cached(x: Any) -> Any:
    return x * 2


def two(a: Any, b: Any) -> Any:
    return a + b


def helper_with_a_list(x: Any) -> Any:
    values = [x, x]
    return values[0]


total = ao.reduce(lambda a, b: a + b, identity=0.0)
twice = ao.map(lambda x: x * 2)
thrice = ao.map(lambda x: x * 3)


@thrice.derivative
def _(x: Any, y: Any, g: Any) -> Any:
    return 3 * g


ALL = dict(globals())
ALL["ao"], ALL["np"] = ao, np

#: A body of ``def f(x)``, or an expression that it returns; the line to be named, from 0; pieces of the message.
CASES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "print": ("print(x)\nreturn x", 0, ("calls print", "AOTOPS_PYTHON=1")),
    "input": ("x * float(input())", 0, ("calls input", "as an input of the operator")),
    "open": ("open('a')", 0, ("calls open",)),
    "random": ("x * random.random()", 0, ("random.random", "as an input of the operator")),
    "random of NumPy": ("x * np.random.rand()", 0, ("uses np.random.rand;", "as an input of the operator")),
    "time": ("x * time.time()", 0, ("time.time", "as an input of the operator")),
    "environment": ("x * float(os.environ['A'])", 0, ("os.environ", "global number")),
    "statistics": ("statistics.mean((x, x))", 0, ("statistics.mean", "write the formula")),
    "a tensor": ("x * TENSOR", 0, ("uses TENSOR, a tensor", "another input of the operator")),
    "an item of a tensor": ("x * TENSOR[0]", 0, ("uses TENSOR, a tensor", "tuple(")),
    "a global list": ("NUMBERS[0] * x", 0, ("uses NUMBERS, a list", "write a tuple")),
    "a global dict": ("BY_NAME[1] * x", 0, ("uses BY_NAME, a dict", "tuple")),
    "a global set": ("1.0 if x in WHOLE else x", 0, ("uses WHOLE, a set", "tuple")),
    "a global string": ("x if MODE == 'fast' else 0.0", 0, ("string", "a number or a bool")),
    "global bytes": ("x * len(RAW)", 0, ("uses RAW, a value of bytes",)),
    "a tuple with a string": ("x * MIXED[0]", 0, ("uses MIXED, a string",)),
    "a tuple with a list": ("x * NESTED[0]", 0, ("uses NESTED, a list", "tuple")),
    "an array of strings": ("x * len(TEXTS[0])", 0, ("uses TEXTS, an array of",)),
    "a complex global": (
        "x * Z",
        -1,
        ("must return a real number, and returns a complex one", "declare the result as complex"),
    ),
    "a date": ("x * DAY.year", 0, ("uses DAY, an object (date)", "global variables")),
    "an object": ("SCALE.factor * x", 0, ("uses SCALE, an object (Scale)", "global variables")),
    "an object that is called": ("SCALE(x)", 0, ("uses SCALE, an object (Scale)", "functions of numbers")),
    "a bound method": ("METHOD(x)", 0, ("uses METHOD, an object (method)",)),
    "a class": ("Scale.factor * x", 0, ("uses Scale, a class",)),
    "a class that is called": ("Scale()(x)", 0, ("uses Scale, a class",)),
    "a partial": ("partial(x)", 0, ("functools.partial", "plain Python function")),
    "a cached function": ("cached(x)", 0, ("a function with a cache", "plain Python function")),
    "a list": ("a = [x, x + 1]\nreturn a[0]", 0, ("has a list", "write a tuple")),
    "a sum of a list": ("sum([x, x])", 0, ("has a list", "add up in a loop")),
    "a sum of a generator": ("sum(x * k for k in range(3))", 0, ("has a generator expression", "total += ")),
    "a list comprehension": ("y = [x * k for k in range(3)]\nreturn y[0]", 0, ("has a list", "write a tuple")),
    "a dict": ("{1: x, 2: x}[1]", 0, ("has a dict", "tuple")),
    "a dict comprehension": ("{k: x for k in range(2)}[1]", 0, ("has a dict", "tuple")),
    "a set": ("x * len({x, 1.0})", 0, ("has a set",)),
    "a set comprehension": ("x * len({k * x for k in range(3)})", 0, ("has a set",)),
    "a set that is searched": ("1.0 if x in {1.0, 2.0} else x", 0, ("has a set", "==")),
    "an item of a number": ("x[0]", 0, ("indexes a number", "one number at a time")),
    "a slice": ("x[1:2]", 0, ("indexes a number",)),
    "an item that is set": ("x[0] = 2\nreturn x", 0, ("assigns to an item", "variable")),
    "a deleted item": ("del x[0]\nreturn x", 0, ("has a del of an item",)),
    "a keyword": ("round(x, ndigits=2)", 0, ("calls round with arguments by name", "by position")),
    "a formatted string": ("float(len(f'{x}'))", 0, ("has a formatted string",)),
    "a string": ("x if x == 'a' else 0.0", 0, ("has a string, 'a'", "a number or a bool")),
    "a method of a string": ("x * len('a'.upper())", 0, ("has a string, 'a'",)),
    "str": ("x * len(str(x))", 0, ("calls str",)),
    "repr": ("x * len(repr(x))", 0, ("calls repr",)),
    "bytes": ("x * len(b'ab')", 0, ("has a constant of bytes",)),
    "a complex number": (
        "x * 1j",
        -1,
        ("must return a real number, and returns a complex one", "declare the result as complex"),
    ),
    "complex numbers that are compared": ("x if x < 1j else -x", 0, ("complex numbers have no order", "x.real")),
    "complex": (
        "complex(x, 1)",
        -1,
        ("must return a real number, and returns a complex one", "declare the result as complex"),
    ),
    "cmath": (
        "cmath.sqrt(x)",
        -1,
        ("must return a real number, and returns a complex one", "declare the result as complex"),
    ),
    "is": ("1.0 if x is KIND else x", 0, ("has an `is`", "compare numbers with == or !=")),
    "is None": ("1.0 if x is None else x", 0, ("has an `is`", "compare numbers with == or !=")),
    "an ellipsis": ("...", 0, ("has `...`",)),
    "with": ("with open('a') as f:\n    pass\nreturn x", 0, ("has a with statement",)),
    "with of a name": ("with SCALE:\n    pass\nreturn x", 0, ("SCALE",)),
    "try": ("try:\n    return 1 / x\nexcept ZeroDivisionError:\n    return 0.0", 1, ("has a try", "if x != 0")),
    "raise": ("if x < 0:\n    raise ValueError\nreturn x", 1, ("has a raise", "math.nan")),
    "assert": ("y = x\nassert y > 0, 'no'\nreturn x", 1, ("has an assert", "math.nan")),
    "import": ("import math as m\nreturn m.exp(x)", 0, ("has an import", "top of the module")),
    "global": ("global COUNT\nCOUNT = 1\nreturn x", 1, ("assignment to a global variable", "several threads")),
    "nonlocal": (
        "n = 0.0\ndef g(y):\n    nonlocal n\n    n += y\n    return n\nreturn g(x)",
        3,
        ("assigns to n, a variable of the function around it", "return the value"),
    ),
    "an attribute that is set": ("x.y = 2\nreturn x", 0, ("assignment to an attribute",)),
    "a class inside": ("class A:\n    pass\nreturn x", 0, ("has a class",)),
    "a match of a sequence": ("match x:\n    case [a, b]:\n        return a\nreturn x", 1, ("match of a sequence",)),
    "an attribute": ("x.foo", 0, ("takes the attribute foo of a number", "compute with the number")),
    "an attribute of a result": ("(x * 2).hex()", 0, ("takes the attribute hex of a number", "real, imag")),
    "a method of a number": ("x.bit_length()", 0, ("takes the attribute bit_length of a number",)),
    "an attribute of a global number": ("x * math.pi.hex()", 0, ("takes the attribute hex of a number",)),
    "an attribute of a function": ("x * two.factor", 0, ("takes the attribute factor of two",)),
    "an attribute of an operator": ("x * twice.factor", 0, ("takes the attribute factor of twice",)),
    "a method of an array": ("x * ARRAY.sum()", 0, ("calls ARRAY.sum, which kernels do not have",)),
    "an enumeration": ("x * Kind(1)", 0, ("uses Kind, a class", "as in Kind.A")),
    "a typo of an enumeration": ("x * Kind.BB", 0, ("names Kind.BB, which does not exist",)),
    "an array of complex numbers": (
        "x * SPECTRUM[0]",
        -1,
        ("must return a real number, and returns a complex one", "declare the result as complex"),
    ),
    "an array of float16": ("x * HALF[0]", 0, ("uses HALF, an array of float16", "convert it to")),
    "a reduction as a method": ("x.sum()", 0, ("takes the attribute sum of a number", "ao.reduce(..., map=function)")),
    "a function as a method": ("x.exp()", 0, ("takes the attribute exp of a number", "write ao.exp(x)")),
    "an undefined name": ("undefined(x)", 0, ("names undefined, which is not defined",)),
    "an undefined name that is near": ("helper_with_a_lst(x)", 0, ("did you mean helper_with_a_list",)),
    "too few arguments": ("two(x)", 0, ("(a, b)", "missing", "'b'")),
    "too many arguments": ("two(x, x, x)", 0, ("(a, b)", "too many")),
    "too many for an operator": ("twice(x, x)", 0, ("takes 1 argument (x), and is called with 2",)),
    "too many for a function": ("math.exp(x, x)", 0, ("math.exp: the number of arguments must be 1, got 2",)),
    "a tuple": ("(x, x)", -1, ("must return a number, and returns a tuple of 2", "give results=(None, None)")),
    "None": ("None", 0, ("returns nothing", "return")),
    "no return": ("y = x + 1", 0, ("returns nothing", "`return` and a number")),
    "no return on a path": ("if x > 0:\n    return x", 0, ("returns nothing on some path",)),
    "kinds of returns": ("if x > 0:\n    return x\nreturn (x, x)", 2, ("returns a tuple on one path, and a number",)),
    "an array": ("np.array((x, x))[0]", 0, ("calls np.array, which kernels do not have", "write a tuple")),
    "zeros": ("np.zeros(3)[0] + x", 0, ("calls np.zeros, which kernels do not have", "write a tuple")),
    "a typo of math": ("math.sqtr(x)", 0, ("math.sqtr", "did you mean sqrt")),
    "a typo of NumPy": ("np.expp(x)", 0, ("np.expp", "did you mean exp")),
    "a typo of aotops": ("ao.maximun(x, 0.0)", 0, ("ao.maximun", "did you mean maximum")),
    "a reduction of aotops": ("ao.sum(x)", 0, ("calls ao.sum, a reduction", "one number at a time")),
    "ao.tensor": ("ao.tensor(x)", 0, ("ao.tensor, which works on whole tensors",)),
    "a reduction of one's own": ("total(x)", 0, ("calls total, a reduction", "ao.reduce")),
    "a derivative that is missing": ("twice.derivative(x, x, x)", 0, ("twice has none", "@twice.derivative")),
    "a derivative": ("thrice.derivative(x, x, x)", 0, ("calls thrice.derivative", "formula")),
    "unpacking": ("a, b = x\nreturn a", 0, ("unpacks a number",)),
    "a loop over a number": ("for k in x:\n    x += k\nreturn x", 0, ("loops over a number", "range(int(x))")),
    "a call of a number": ("x(2)", 0, ("calls a number", "write *")),
    "@": ("x @ x", 0, ("Kernels do not have @",)),
    "any": ("1.0 if any((x > 0, x < 1)) else 0.0", 0, ("calls any", "a or b")),
    "sorted": ("sorted((x, 1.0))[0]", 0, ("calls sorted", "min and max")),
    "getattr": ("getattr(x, 'real')", 0, ("calls getattr",)),
    "a list inside a function that is called": ("helper_with_a_list(x)", -2, ("helper_with_a_list has a list",)),
    "a list inside a function of a module": ("helpers.helper_with_a_list(x)", -2, ("helper_with_a_list has a list",)),
    "operator.itemgetter": ("operator.itemgetter(0)(x)", 0, ("operator.itemgetter", "lists what may be called")),
    "isinstance": ("1.0 if isinstance(x, float) else x", 0, ("calls isinstance", "for each of its dtypes")),
    "a builtin of another module": ("x * zlib.crc32(x)", 0, ("calls zlib.crc32", "write it in Python")),
    "a function of aotops": ("ao.mean(x)", 0, ("calls ao.mean, which works on whole tensors",)),
}


def made(body: str, name: str) -> tuple[Callable[..., Any], str]:
    """A function of a body or an expression, with source that is found by its file's name."""
    text = body if "\n" in body or " = " in body else f"return {body}"
    source = "def f(x):\n" + "".join(f"    {line}\n" for line in text.splitlines())
    file = f"/made up/{re.sub('[^a-z]', '_', name.lower())}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace = {**ALL, "__name__": "made_up", "random": random, "time": time, "os": os, "statistics": statistics}
    namespace |= {"operator": operator, "math": math, "cmath": cmath, "zlib": zlib}
    namespace |= {"intrinsics": intrinsics, "combinations": combinations}
    namespace["helpers"] = sys.modules[__name__]
    exec(compile(source, file, "exec"), namespace)
    function: Callable[..., Any] = namespace["f"]
    return function, file


@pytest.mark.parametrize("name", CASES)
def test_the_message_names_the_construct_the_line_and_what_to_write_instead(name: str) -> None:
    body, line, fragments = CASES[name]
    function, file = made(body, name)
    with pytest.raises(ao.BuildError) as caught:
        ao.map(function)(1.5)
    message = str(caught.value)
    for fragment in fragments:
        assert fragment in message
    assert not re.search(INTERNAL, message)
    assert message.count("does not compile") == 1
    if line >= 0:
        source = linecache.getline(file, 2 + line).strip()
        assert f"  {file}, line {2 + line}: {source}" in message.splitlines()
    elif line == -1:
        assert f"{file}, line 1: def f(x):" in message
    else:
        number = helper_with_a_list.__code__.co_firstlineno + 1
        assert f"{Path(__file__)}, line {number}: values = [x, x]" in message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("y = (z := x * 2) + z\nreturn y", 6.0),
        ("if (y := x * 2) > 1:\n    return y\nreturn x", 3.0),
        ("a = b = x * 2\nreturn a + b", 6.0),
        ("y = x * 2\nz = y + 1\ndel y\nreturn z", 4.0),
        ("f = lambda y: y * 2\nreturn f(x)", 3.0),
        ("def g(y):\n    return y * 2 + x\nreturn g(x)", 4.5),
        ("two(*(x, 1.0))", 2.5),
        ("two(x, b=2.0)", 3.5),
        ("1.0 if 0 < x < 2 else 0.0", 1.0),
        ("1.0 if x in (1.5, 2.0) else 0.0", 1.0),
        ("ao.clip(x, min=0.0, max=1.0)", 1.0),
        ("while True:\n    x = x * 0.5\n    if x < 1:\n        return x", 0.75),
        ("for k, t in enumerate((1.0, 2.0)):\n    x += k * t\nreturn x", 3.5),
        ("'a string that says what this does'\nreturn x", 1.5),
        ("x * Kind.B.value * ARRAY.shape[0]", 6.0),
        ("x * BIG_ENDIAN[1] * BYTES[0]", 9.0),
        ("intrinsics.select(x > 1, 2.0, x)", 2.0),
        ("combinations.combining_max(x, 2.0)", 2.0),
        ("x if KIND == Kind.A and Kind.A == 1 else 0.0", 1.5),
    ],
)
def test_what_looks_like_it_compiles(body: str, expected: float) -> None:
    function, _ = made(body, f"compiles {body}")
    assert float(ao.map(function)(1.5)) == expected


@pytest.mark.skipif(labs is None, reason="needs the C library's functions by ctypes")
def test_functions_of_ctypes() -> None:
    with pytest.raises(ao.BuildError, match=r"calls labs, a function of ctypes.*write it in Python"):
        ao.map(lambda x: labs(x))(1.5)  # type: ignore[misc]


def test_functions_in_a_tuple_are_looked_at() -> None:
    function, _ = made("CHOICES[1](x)", "functions in a tuple")
    with pytest.raises(ao.BuildError, match=r"The scalar function has a list; write a tuple.*\n.*CHOICES = "):
        ao.map(function)(1.5)


def test_asserts_that_pytest_has_rewritten_are_told_of_as_asserts() -> None:
    def rewritten(x: Any) -> Any:
        assert x > 0
        return x

    with pytest.raises(ao.BuildError, match=r"rewritten has an assert; .*\n.*: assert x > 0"):
        ao.map(rewritten)(1.5)


def test_a_build_tells_each_reason_once(tmp_path: Path) -> None:
    """For all dtypes, the combination and the derivative, and for all operators that have it."""
    from aotops.aot.pack.extension import build_in_place
    from aotops.aot.pack.modules import target_of_file

    (tmp_path / "faulty.py").write_text(
        "import aotops as ao\n\n"
        "def helper(x):\n    return [x][0]\n\n"
        "first = ao.map(lambda x: helper(x))\n"
        "second = ao.reduce(lambda a, b: a + b, identity=0.0, map=helper)\n"
        "third = ao.map(lambda x: x[0])\n",
        encoding="utf-8",
    )
    with pytest.raises(ao.BuildError) as caught:
        build_in_place(target_of_file(tmp_path / "faulty.py"))
    message = str(caught.value)
    assert message.count("does not compile") == 2
    assert message.count("has a list") == 1 and message.count("indexes a number") == 1
    assert "first, second does not compile:" in message and "third does not compile:" in message
    assert "faulty.py, line 4: return [x][0]" in message and "faulty.py, line 8: third = " in message
    assert not re.search(INTERNAL, message)


def test_errors_that_differ_between_dtypes_say_for_which() -> None:
    from aotops.aot.front.reasons import told
    from aotops.aot.pack.kernels import record_kernels

    first, second = record_kernels(twice._record)  # type: ignore[arg-type]
    message = told({first: "It is one thing.", second: "It is another."})
    assert "(float32) does not compile:\nIt is one thing." in message
    assert "(float64) does not compile:\nIt is another." in message


def test_a_derivative_that_is_not_declared_says_so() -> None:
    lonely = ao.map(lambda x: x)
    with pytest.raises(TypeError, match=r"has no derivative; declare it with @.*\.derivative"):
        lonely.derivative(1.0, 2.0, 3.0)


def test_a_derivative_is_declared_once() -> None:
    doubled = ao.map(lambda x: x * 2, dtypes="float64")
    doubled.derivative(lambda x, y, g: 2 * g)
    with pytest.raises(TypeError, match="declared already"):
        doubled.derivative(lambda x, y, g: 2 * g)


def test_internal_errors_are_never_shown() -> None:
    from aotops.aot.front.reasons import INTERNAL as HIDDEN
    from aotops.aot.front.reasons import meaning

    for text in (
        "Failed in nopython mode pipeline (step: native lowering)\n<numba.core.base.OverloadSelector object at 0x7f3a>",
        "Illegal IR, del found at: del $x.1",
        "No implementation of function Function(<function f at 0x7fb975b9ac00>) found for signature: >>> f(Foo)",
        "'NoneType' object has no attribute '$phi1.1'",
    ):
        assert not HIDDEN.search(meaning(RuntimeError(text)))
