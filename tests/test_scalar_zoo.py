"""Every function that a scalar function may call, over extreme numbers: kernels, plain Python mode, and Python itself.

``aotops.scalar.callables`` has the table of what may be called, and the zoo is made from it, so that a function which
is added there is tested here. One kernel computes a whole group, each function in a loop of its own that becomes
vectors: a kernel for each would take half a second.
"""

from __future__ import annotations

import builtins
import cmath
import ctypes
import enum
import functools
import importlib.util
import itertools
import math
import operator
import os
import random
import re
import struct
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import aotops as ao
from aotops import _native, intrinsics
from aotops.intrinsics import Signature
from aotops.scalar import callables
from aotops.scalar.mathematics import in_plain_python
from aotops.scalar.plain_numbers import TYPES, dtype_of

needs_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="compiling kernels takes Numba, which is not installed here"
)

INF, NAN = math.inf, math.nan
LEAST, MOST = -(2**63), 2**63 - 1
INTEGERS = [0, 1, -1, 2, -2, 3, -7, 10, 31, 32, 63, 64, 70, -63, 255, 300, 2**31, 2**53 + 1, 3037000499**2]
INTEGERS += [-(2**31) - 1, 2**62, -(2**62), MOST, MOST - 1, LEAST, LEAST + 1]
FLOATS = [0.0, 1.0, 0.5, 1.5, 2.5, 3.0, 7.25, 0.1, 1e-5, 20.0, 127.5, 255.5, 1e10, 1e16, 2.0**31, 2.0**63, INF]
FLOATS += [-value for value in FLOATS] + [NAN]
LARGEST = {"float32": 3.4028234663852886e38, "float64": 1.7976931348623157e308}
SMALLEST = {"float32": [1.401298464324817e-45, 1.1754942106924411e-38], "float64": [5e-324, 2.2250738585072009e-308]}
VALUES = {"int64": INTEGERS} | {
    dtype: [
        struct.unpack("<f", struct.pack("<f", x))[0] if dtype == "float32" else x
        for x in [*FLOATS, LARGEST[dtype], -LARGEST[dtype], *SMALLEST[dtype], -SMALLEST[dtype][0]]
    ]
    for dtype in ("float32", "float64")
}

NAMESPACE: dict[str, Any] = {"math": math, "numpy": np, "np": np, "operator": operator, "ao": ao, "builtins": builtins}
NAMESPACE["__name__"] = "zoo"

#: Expressions of x, y and z beside calls of the table's functions.
OPERATORS = {
    "any": [
        *("x + y", "x - y", "x * y", "x / y", "x // y", "x % y", "divmod(x, y)", "x < y", "x <= y", "x == y", "x != y"),
        *("-x", "+x", "abs(x)", "not x", "x and y", "x or y", "x if x > y else y", "x < y < x", "(x > 0) + (y > 0)"),
        *("(x > 0) * y", "-(x > 0)", "+(x > 0)", "abs(x > 0)", "round(x > 0)", "max(x > 0, 2)", "(x > 0) // (y > 0)"),
        *("(x > 0) % (y > 0)", "(x > 0) / (y > 0)", "(x > 0) & (y > 0)", "(x > 0) | (y > 0)", "(x > 0) ^ (y > 0)"),
        *("x**0", "x**1", "x**2", "x**3", "x**7", "x**-1", "x**-2", "x**0.5", "x**-0.5", "x * 2", "2 * x", "x - 0.5"),
        *("x // 3", "x // -1", "x // 0", "x % 3", "x % -1", "7 // x", "7 % x", "x // 0.75", "x % 0.75", "x / 3"),
        *("max(x, y, 0)", "min(x, 1, y)", "int(x) + 1", "float(x) * 0.5", "x * 10**20", "x + int(math.inf)"),
        *("int(1e300) + x", "min(x, float(int(1e300)))", "np.int32(3e9) + x", "round(math.nan) + x", "x**y"),
        *("operator.lshift(1, 70) + x", "1 << (70 + int(x) * 0)", "(not x) + y", "x * True", "bool(x) + bool(y)"),
        *("divmod(x, 0)", "divmod(x, -1)", "pow(x, 2)", "operator.pow(x, -1)", "np.power(x, 3)", "x if x else y"),
    ],
    "int64": ["x & y", "x | y", "x ^ y", "~x", "x << y", "x >> y", "x << 3", "x >> 70", "x << -1", "x & 255"],
    "float32": [],
    "float64": [],
}


class Case:
    """One expression, compiled and run over operands of one dtype."""

    def __init__(self, expression: str, dtype: str) -> None:
        self.expression, self.dtype = expression, dtype
        names = sorted(set(re.findall(r"\b[xyz]\b", expression)))
        self.arity = len(names)
        self.function: Any = eval(f"lambda {', '.join(names)}: {expression}", dict(NAMESPACE))
        self.plain = in_plain_python(self.function, dtype, (dtype,) * self.arity)
        sample = self.plain(*[VALUES[dtype][1]] * self.arity)
        self.result = dtype_of(sample)

    @property
    def name(self) -> str:
        """The function of the table, or the expression."""
        return self.expression.partition("(")[0]

    def operands(self) -> list[tuple[Any, ...]]:
        """All pairs; of three operands the pairs with a third."""
        values = VALUES[self.dtype]
        if self.arity < 3:
            return list(itertools.product(values, repeat=self.arity))
        return [(x, y, values[(i + j) % len(values)]) for i, x in enumerate(values) for j, y in enumerate(values)]

    def __repr__(self) -> str:
        return f"{self.expression} of {self.dtype}"


def expressions(dtype: str) -> Iterator[str]:
    """The expressions of a dtype: a call of each function of the table, and those with operators."""
    for (name, count), meaning in callables.MEANINGS.items():
        try:
            meaning.convert([dtype] * (count or 2))
        except TypeError:
            if name in ("math.ldexp", "numpy.ldexp"):
                yield f"{name}(x, int(y))"
            continue
        if not hasattr(NAMESPACE.get(name.partition(".")[0]), name.partition(".")[2]):
            continue  # of a newer NumPy
        call = f"{name.removeprefix('builtins.')}({', '.join('xyz'[: count or 2])})"
        several = name.rpartition(".")[2] in ("divmod", "frexp", "modf")
        yield from (f"{call}[{k}]" for k in range(2)) if several else (call,)
    for expression in [*OPERATORS["any"], *OPERATORS[dtype]]:
        if expression.startswith("divmod"):
            yield from (f"{expression}[{k}]" for k in range(2))
        else:
            yield expression


def cases(dtype: str) -> list[Case]:
    """All of a dtype; an expression that two operands of which one is bool have no common type for is left out."""
    return [Case(expression, dtype) for expression in dict.fromkeys(expressions(dtype))]


# --- kernels of many functions ------------------------------------------------------------------------------------


class Kernels:
    """The compiled functions of some cases with as many operands and one dtype of results, for each level."""

    def __init__(self, group: list[Case]) -> None:
        import llvmlite.binding as llvm

        from aotops.aot import compiler
        from aotops.aot.back.levels import level_symbol, levels
        from aotops.aot.front.specialise import specialise

        first = group[0]
        signature = Signature((first.dtype,) * first.arity, first.result)
        lines = ["def kernel(n0, n1, data, strides):"]
        lines += ["    pointers, out = input_pointers(data, signature), output_pointer(data, signature)"]
        for k in range(len(group)):
            lines += [f"    if n0 == {k}:", "        for j in range(n1):"]
            lines += [f"            store(out, j, function_{k}(*load(pointers, steps, j)))"]
        # as a loop nest of aotops
        namespace = {**vars(intrinsics), "signature": signature, "steps": (1,) * first.arity}
        namespace |= {f"function_{k}": case.function for k, case in enumerate(group)} | {"__name__": "aotops.loops.zoo"}
        exec("\n".join(lines), namespace)
        symbol = "zoo_kernel"
        bitcode = compiler.compile_bitcode(specialise(namespace["kernel"], first.dtype), symbol, compiler.KERNEL)
        names = [level.name for level in levels()]
        self.levels = levels()[: names.index(_native.cpu_level()) + 1]
        machine = llvm.Target.from_default_triple().create_target_machine(opt=3, codemodel="jitdefault")
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        for level in self.levels:
            data = compiler.emit_object(bitcode, symbol, level, True)
            self.engine.add_object_file(llvm.ObjectFileRef.from_data(data))
        self.engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(
            ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2, *[ctypes.c_void_p] * 2
        )
        self.functions = [
            prototype(self.engine.get_function_address(level_symbol(symbol, level))) for level in self.levels
        ]
        self.group = group

    def run(self, case: Case, operands: list[tuple[Any, ...]]) -> Iterator[tuple[str, np.ndarray]]:
        """The results at each level."""
        columns = [np.array(column, dtype=case.dtype) for column in zip(*operands, strict=True)]
        for level, function in zip(self.levels, self.functions, strict=True):
            # what is there if nothing is stored
            out = np.full(len(operands), 113, dtype=case.result)
            pointers = (ctypes.c_void_p * (len(columns) + 1))(*[each.ctypes.data for each in (*columns, out)])
            status = function(
                (ctypes.c_void_p * 1)(), (ctypes.c_void_p * 1)(), self.group.index(case), len(operands), pointers, None
            )
            assert status == 0
            yield level.name, out


def grouped(chosen: list[Case]) -> Iterator[list[Case]]:
    """Cases that one kernel can compute."""

    def key(case: Case) -> tuple[int, str]:
        return case.arity, case.result

    for _, group in itertools.groupby(sorted(chosen, key=key), key):
        yield list(group)


# --- comparing ----------------------------------------------------------------------------------------------------


def apart(a: Any, b: Any, dtype: str) -> float:
    """How many numbers of a dtype one must step over to get from one to the other; any two NaNs are one."""
    if dtype in ("bool", "int64"):
        return abs(int(a) - int(b))
    a, b = float(TYPES[dtype](a)), float(TYPES[dtype](b))
    if a != a or b != b:
        return 0 if a != a and b != b else INF
    bits, integer, least = ("<f", "<i", -(2**31)) if dtype == "float32" else ("<d", "<q", -(2**63))

    def place(x: float) -> int:
        (own,) = struct.unpack(integer, struct.pack(bits, x))
        return own if own >= 0 else least - own - 1

    return abs(place(a) - place(b))


#: Python has functions of its own for these, with other errors than the C library's.
OTHERWISE = {"math.gamma": 40, "math.lgamma": 40, "math.hypot": 1, "numpy.hypot": 1}


def faults_of(group: list[Case]) -> Iterator[str]:
    """Where the kernels of a group differ from plain Python mode."""
    kernels = Kernels(group)
    for case in group:
        operands = case.operands()
        expected = [case.plain(*values) for values in operands]
        for level, results in kernels.run(case, operands):
            for values, got, wanted in zip(operands, results.tolist(), expected, strict=True):
                if apart(got, wanted, case.result) > OTHERWISE.get(case.name, 0):
                    yield f"{level}: {case!r} at {values} is {got!r}, in plain Python {wanted!r}"


#: One of each kind of definition; all of them are compiled by the slow test, which takes two minutes.
SOME = [
    *("x // y", "x % y", "divmod(x, y)[1]", "x << y", "x >> y", "~x", "x**-2", "x**3", "x**y", "-x", "x * y", "x / y"),
    *("x + int(math.inf)", "np.int32(3e9) + x", "round(math.nan) + x", "min(x, float(int(1e300)))", "x // -1"),
    *("operator.lshift(1, 70) + x", "(x > 0) // (y > 0)", "abs(x > 0)", "max(x, y, 0)", "numpy.fmod(x, y)"),
    *("numpy.remainder(x, y)", "numpy.left_shift(x, y)", "operator.rshift(x, y)", "math.gcd(x, y)", "round(x)"),
    *("numpy.uint8(x)", "math.frexp(x)[1]", "math.tan(x)", "math.ldexp(x, int(y))", "x * 10**20", "int(x)"),
]


@needs_numba
@pytest.mark.parametrize("dtype", ["int64", pytest.param("float32", marks=pytest.mark.slow), "float64"])
def test_kernels_and_plain_python_agree(dtype: str) -> None:
    some = [case for case in cases(dtype) if case.expression in SOME]
    assert len(some) >= 18
    faults = [fault for group in grouped(some) for fault in faults_of(group)]
    assert not faults, "\n".join([f"{len(faults)} faults", *faults[:40]])


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_all_kernels_and_plain_python_agree(dtype: str) -> None:
    faults = [fault for group in grouped(cases(dtype)) for fault in faults_of(group)]
    assert not faults, "\n".join([f"{len(faults)} faults", *faults[:40]])


# --- Python and NumPy ---------------------------------------------------------------------------------------------

#: Where a meaning is not Python's, or NumPy's, for a reason.
DIFFERS = {
    # integers become floats before they are divided, as in NumPy
    "x / y": "int64", "x / 3": "int64", "operator.truediv": "int64", "operator.itruediv": "int64",
    # constants beyond int64 are floats
    "x * 10**20": "int64",
    # integers that no int64 holds, and NaN, become the smallest; shifts shift all bits out
    "int(1e300) + x": "", "min(x, float(int(1e300)))": "", "operator.lshift(1, 70) + x": "",
    # a power of integers with an exponent that is no constant is an integer
    "x**y": "int64",
    # bools that `not` makes are Python's in plain Python mode, and wrap only when they are stored
    "(not x) + y": "int64",
    # NumPy leaves the conversion of what does not fit to the compiler
    **dict.fromkeys([f"numpy.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32)], "float"),
    **dict.fromkeys([f"numpy.{sign}{name}" for sign in ("", "u") for name in ("byte", "short", "intc")], "float"),
    # NumPy leaves open which zero is the larger, and some of its float32 functions round twice
    **{f"numpy.{name}": "float" for name in ("maximum", "minimum", "fmax", "fmin")},
}  # fmt: skip
#: Two libraries' errors, or ours and theirs. Everything else is exact.
LIBRARIES = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"),
    *("tanh", "asinh", "acosh", "atanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "arctan2"),
    *("atan2", "pow", "float_power", "cbrt", "exp2", "erf", "erfc", "hypot", "gamma", "lgamma", "logaddexp"),
    *("degrees", "rad2deg", "radians", "deg2rad", "x**-2", "x**0.5", "x**-0.5", "x**y", "power"),
)
ULP = dict.fromkeys(LIBRARIES, 2) | {"x**7": 1}


def oracle(case: Case, values: tuple[Any, ...]) -> Any:
    """What Python, or NumPy, has for a case; None where that is an exception or no number of ours."""
    in_numpy = "numpy." in case.expression
    if case.dtype == "float32" and not in_numpy:
        return None
    grows = any(part in case.expression for part in ("<<", "**y", "shift", "pow"))
    if case.dtype == "int64" and grows and any(abs(value) > 1000 for value in values[1:]):
        return None  # it would take Python all memory
    if "numpy.u" in case.expression and case.dtype != "int64" and not all(0 <= value < 2**63 for value in values):
        return None  # a float that no uint64 holds: NumPy leaves it to C, which leaves it undefined
    kind: Any = getattr(np, case.dtype) if in_numpy else {"int64": int, "float64": float}[case.dtype]
    try:
        with np.errstate(all="ignore"):
            result = case.function(*map(kind, values))
    except (ZeroDivisionError, ValueError, OverflowError, TypeError, MemoryError):
        return None
    if isinstance(result, (complex, np.complexfloating)):
        return None
    if isinstance(result, (int, np.integer)) and not isinstance(result, bool):
        if not LEAST <= result <= MOST and case.dtype != "int64":
            return None
        return (int(result) + 2**63) % 2**64 - 2**63
    return result.item() if isinstance(result, np.generic) else result


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_plain_python_mode_is_python_where_that_does_not_raise(dtype: str) -> None:
    faults, compared = [], 0
    for case in cases(dtype):
        if dtype.startswith(DIFFERS.get(case.expression, DIFFERS.get(case.name, "nothing"))):
            continue
        allowed = ULP.get(case.expression, ULP.get(case.name, ULP.get(case.name.rpartition(".")[2], 0)))
        for values in case.operands():
            wanted = oracle(case, values)
            if wanted is None:
                continue
            got, compared = case.plain(*values), compared + 1
            # what is an integer in one and a float in the other is compared as floats
            result = case.result if isinstance(got, int) == isinstance(wanted, int) else "float64"
            if apart(got, wanted, result) > allowed:
                faults.append(f"{case!r} at {values} is {got!r}, in Python {wanted!r}")
    assert not faults, "\n".join([f"{len(faults)} faults of {compared}", *faults[:40]])
    assert compared > 10000


# --- random expressions -------------------------------------------------------------------------------------------


class Grammar:
    """Random expressions of x and y whose types are known: a conditional has one type in a kernel."""

    def __init__(self, seed: int, dtype: str) -> None:
        self.random, self.dtype = random.Random(seed), dtype

    def integer(self, depth: int) -> str:
        """An expression of an integer."""
        if depth == 0 or self.random.random() < 0.1:
            operands = ["x", "y", "x", "y"] if self.dtype == "int64" else ["int(x)", "round(y)", "math.floor(x)"]
            return self.random.choice([*operands, "3", "-1", "7", "64", str(MOST), "(x > y)"])
        a, b = self.integer(depth - 1), self.integer(depth - 1)
        operation = self.random.choice(["+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>"])
        return self.random.choice(
            [f"({a} {operation} {b})"] * 6
            + [f"abs({a} + 0)", f"(-{a})", f"max({a}, {b})", f"min({a}, {b})", f"({a})**3", f"math.gcd({a}, {b})"]
            + [f"int({self.floating(depth - 1)})", f"({a} if {self.condition(depth - 1)} else {b} + 0)"]
        )

    def floating(self, depth: int) -> str:
        """An expression of a float."""
        if depth == 0 or self.random.random() < 0.1:
            operands = ["x * 0.5", "y / 4"] if self.dtype == "int64" else ["x", "y", "x", "y"]
            return self.random.choice([*operands, "0.75", "-2.5", "1e300", "math.inf", "math.pi"])
        a, b = self.floating(depth - 1), self.floating(depth - 1)
        operation = self.random.choice(["+", "-", "*", "/", "//", "%"])
        choices = [f"({a} {operation} {b})"] * 6 + [f"({a} {operation} {self.integer(depth - 1)})"]
        choices += [f"abs({a})", f"max({a}, {b})", f"min({a}, {b})", f"({a})**-2", f"math.copysign({a}, {b})"]
        choices += [f"math.exp({a})", f"math.sqrt({a})", f"math.fmod({a}, {b})", f"math.tan({a})", f"({a} + x)**{b}"]
        if self.dtype != "float32":  # where a conditional may be of a float32 and a float64
            choices += [f"({a} if {self.condition(depth - 1)} else {b})"]
        return self.random.choice(choices)

    def condition(self, depth: int) -> str:
        """A condition."""
        kind = self.random.choice([self.integer, self.floating])
        comparison = self.random.choice(["<", "<=", "==", "!=", ">"])
        return f"{kind(depth)} {comparison} {kind(depth)}"


@needs_numba
@pytest.mark.parametrize("dtype", ["int64", pytest.param("float32", marks=pytest.mark.slow), "float64"])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
def test_random_expressions(dtype: str, seed: int) -> None:
    grammar = Grammar(seed, dtype)
    made: list[Case] = []
    while len(made) < 8:
        expression = f"x * 0 + y * 0 + {grammar.random.choice([grammar.integer, grammar.floating])(3)}"
        made.append(Case(expression, dtype))
    faults = [fault for group in grouped(made) for fault in faults_of(group)]
    assert not faults, "\n".join([f"{len(faults)} faults", *faults[:20]])


# --- what is rejected ---------------------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("module", [builtins, math, cmath, operator, np], ids=lambda module: str(module.__name__))
def test_everything_else_is_rejected_with_its_name_and_line(module: types.ModuleType) -> None:
    from aotops.aot.front.diagnose import FaultError, examine

    accepted = 0
    for attribute in dir(module):
        value = getattr(module, attribute)
        if attribute.startswith("__") or not callable(value) or isinstance(value, enum.EnumMeta):
            continue
        called = attribute if module is builtins else f"module.{attribute}"
        function = eval(f"lambda x: {called}(x)", {"module": module})
        if callables.name_of(value) is not None:
            accepted += 1
            examine(function)
            continue
        with pytest.raises(FaultError) as caught:
            examine(function)
        rejected = rf"The scalar function (calls {called}, which kernels do not have|uses {called}(, a class)?); \w.*"
        assert re.fullmatch(rf"{rejected}\.\n  <string>, line 1", str(caught.value))
    assert accepted > 8


@needs_numba
@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("~(x > 0)", "operator.invert: arguments must be integers, got bool; write `not x`"),
        ("round(x, 2)", r"round: the number of arguments must be 1, got 2; for 2 digits write round\(x \* 100\) / 100"),
        ("len(str(x))", "calls str, which kernels do not have; choose by a number or a bool"),
        ("int(x, 10)", "int: the number of arguments must be 1, got 2"),
        ("pow(x, 2, 7)", "pow: the number of arguments must be 2, got 3; a modulus has no meaning in kernels"),
        ("x.bit_length()", "takes the attribute bit_length of a number, and numbers have only real, imag"),
        ("math.gcd(x, 3)", r"math.gcd: arguments must be integers, got float64; convert with int\(x\)"),
        ("cmath.sqrt(x)", "must return a real number, and returns a complex one; return its absolute value or a part"),
        ("x + (-2.5) ** 0.5", "must return a real number, and returns a complex one"),
        ("complex(x, 1)", "must return a real number, and returns a complex one"),
        ("np.longdouble(x)", "calls np.longdouble, which kernels do not have"),
        ("np.sum(x)", "calls np.sum, which kernels do not have; add the values"),
        ("1.0 if x is True else 0.0", "has an `is`; compare numbers with == or !="),
        ("x & 2**70", "and"),
        ("math.factorial(x)", "calls math.factorial, which kernels do not have; write a loop, or a table of constants"),
        ("partial(x)", "calls partial, a functools.partial, which kernels do not have; call a plain Python function"),
        ("math.nothing(x)", "names math.nothing, which does not exist; "),
    ],
)
def test_what_has_no_meaning_is_rejected(expression: str, message: str) -> None:
    function = eval(f"lambda x: {expression}", {**NAMESPACE, "cmath": cmath, "partial": functools.partial(abs, 1)})
    with pytest.raises(ao.BuildError) as caught:
        ao.map(function, dtypes="float64")(1)
    assert re.search(message, str(caught.value))


# --- undefined values ---------------------------------------------------------------------------------------------


UNGUARDED = """
import math
import aotops as ao
from aotops.aot import compiler
from aotops.aot.front import pipeline

compiler.defined = pipeline.defined = lambda text, wraps: text
for function in (lambda x: int(math.inf) + x, lambda x: min(x, float(int(1e300))), lambda x: x + round(-1e300)):
    try:
        ao.map(function, dtypes="float64")(1)
    except ao.BuildError as error:
        print(str(error).replace(chr(10), " "))
"""


@needs_numba
def test_a_value_that_is_undefined_ends_the_build() -> None:
    # in a process of its own: functions that have been compiled for other kernels are guarded
    environment = {**os.environ, "AOTOPS_JIT_CACHE": "0"}  # what is compiled without guards shall not be kept
    done = subprocess.run(
        [sys.executable, "-c", UNGUARDED], capture_output=True, text=True, check=True, env=environment
    )
    messages = done.stdout.splitlines()
    assert len(messages) == 3, done.stderr
    for message in messages:
        assert re.match(r"<lambda> does not compile: LLVM takes a value for undefined", message)


def test_undefined_values_are_found_in_code() -> None:
    from aotops.aot.back.soundness import undefined_value

    fine = ["  %a = insertelement <4 x double> poison, double %x, i64 0", "  %b = select i1 %c, ptr %p, ptr undef"]
    fine += ['  store double %"poison", ptr %out', "  %v = shufflevector <4 x i64> %a, <4 x i64> poison, <4 x i32> %m"]
    assert undefined_value("\n".join(fine)) is None
    for wrong in ("  store double poison, ptr %out", "  br i1 poison, label %a, label %b", "  ret i64 undef"):
        assert undefined_value("\n".join([*fine, wrong])) == wrong.strip()


@needs_numba
def test_sums_and_products_wrap_around_for_llvm_too() -> None:
    """LLVM would take ``x + 1 > x`` for true if it were told that sums of integers do not overflow."""
    wraps = ao.zip(lambda x, y: (x + y > x) + (x * y // y == x), dtypes="int64")
    assert wraps(ao.tensor([1, MOST, LEAST]), ao.tensor([1, 1, 2])).tolist() == [2, 1, 1]


# --- plain Python mode --------------------------------------------------------------------------------------------


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AOTOPS_PYTHON", "1")


@pytest.mark.usefixtures("plain")
def test_plain_python_stores_results_as_kernels_do() -> None:
    for result, out, allowed in [
        ("int64", "float64", True),
        ("int64", "float32", True),
        ("bool", "int64", True),
        ("float64", "float32", True),
        ("float64", "int64", False),
        ("int64", "bool", False),
    ]:
        functions = {"bool": lambda x: x > 1, "int64": lambda x: x * 1.5, "float64": lambda x: x * 1.5}
        operator_ = ao.map(functions[result], dtypes="float64", result=result)
        target = ao.zeros((2,), dtype=out)
        if allowed:
            assert operator_(ao.tensor([1.0, 3.0]), out=target) is target
            expected = {"bool": [0, 1], "int64": [1, 4], "float64": [1.5, 4.5]}[result]
            assert target.tolist() == expected
        else:
            with pytest.raises(TypeError, match="out"):
                operator_(ao.tensor([1.0, 3.0]), out=target)


@pytest.mark.usefixtures("plain")
def test_plain_python_has_a_value_for_every_input() -> None:
    x = ao.tensor([INF, NAN, 1e300, 2.5])
    assert ao.map(lambda x: x, dtypes="float64", result="int64")(x).tolist() == [LEAST, LEAST, LEAST, 2]
    assert ao.map(lambda x: x, dtypes="float64", result="bool")(x).tolist() == [True, True, True, True]
    powers = ao.map(lambda x: (x - 10) ** 0.5 + 0.0**x, dtypes="float64")
    assert math.isnan(powers(ao.tensor(2.0)).item())
    total = ao.reduce(lambda a, b: a * b, identity=1, dtypes="int64", map=lambda x: x << 40)
    assert total(ao.tensor([3, 5, 7])).item() == 0
    mean = ao.reduce(lambda a, b: a + b, identity=0.0, dtypes="float32", map=lambda x: x / 3)
    assert mean(ao.tensor([1.0, 1.0], dtype="float32")).item() == float(np.float32(1) / np.float32(3) * np.float32(2))


@pytest.mark.usefixtures("plain")
def test_exceptions_of_ones_own_come_out_of_plain_python() -> None:
    def raises(x: Any) -> Any:
        raise ValueError("look here")

    with pytest.raises(ValueError, match="look here"):
        ao.map(raises, dtypes="float64")(1.0)


def test_rebuilt_functions_may_call_code_that_imports() -> None:
    from aotops.scalar.functions import rebuilt

    def imports(x: Any) -> Any:
        import json

        return json.dumps(x)

    made = rebuilt(imports, lambda value: value)
    assert made.__globals__["__builtins__"] is builtins
    assert made(1) == "1"
    assert in_plain_python(lambda n: float(math.comb(n, 2)), "int64", ("int64",), ("float64",))(5) == 10.0


def test_numbers_of_plain_python_look_like_pythons() -> None:
    n, x = TYPES["int64"](3), TYPES["float32"](0.1)
    assert isinstance(n, int)
    assert isinstance(x, float)
    assert list(range(n)) == [0, 1, 2]
    assert [10, 20, 30, 40][n] == 40
    assert math.sqrt(TYPES["float64"](4.0)) == 2.0
    assert {n: 1}[3] == 1
    assert repr(TYPES["bool"](2)) == "True"
    assert (n == "3") is False
    with pytest.raises(TypeError):
        n + "3"
    with pytest.raises(TypeError):
        dtype_of("3")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x * 2**64, 1.5 * 2.0**64),
        (lambda x: x * 2**65, 1.5 * 2.0**65),
        (lambda x: x / 2**65, 1.5 / 2.0**65),
        (lambda x: x * 10**33, 1.5e33),
        (lambda x: x + -(10**40), -1e40),
        (lambda x: x + (1 << 200), 2.0**200),
        (lambda x: x * (2**70 >> 60), 1536.0),
        (lambda x: 1.0 if x < 10**300 else 0.0, 1.0),
        (lambda x: x + 0**0 + 7 // 2 + 7 % 4 + ~2, 5.5),
        (lambda x: x * 2**-1, 0.75),
    ],
)
def test_operations_of_constants_are_done_without_bounds(function: Any, expected: float) -> None:
    """However long a result Python's own compiler folds, which differs between versions."""
    assert function(1.5) == expected
    assert in_plain_python(function, "float64", ("float64",), ("float64",))(1.5) == expected
    if importlib.util.find_spec("numba"):
        assert ao.map(function, dtypes="float64")(1.5).item() == expected


def test_constants_beyond_float64_are_rejected() -> None:
    big = 10**400
    for function in (lambda x: x + 10**400, lambda x: x + big, lambda x: x * 2**9999):
        with pytest.raises(OverflowError, match=r"bits; write math\.inf"):
            in_plain_python(function, "float64")
