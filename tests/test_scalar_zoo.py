"""Every function that a scalar function may call, over extreme numbers: kernels, plain Python mode, and Python itself.

``aotops.callables`` has the table of what may be called, and the zoo is made from it, so that a function which is added
there is tested here. One kernel computes a whole group, each function in a loop of its own that becomes vectors: a
kernel for each would take half a second.
"""

from __future__ import annotations

import builtins
import cmath
import ctypes
import importlib.util
import itertools
import math
import operator
import re
import struct
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aotops as ao
from aotops import _native, callables, intrinsics
from aotops.intrinsics import Signature
from aotops.mathematics import in_plain_python, references
from aotops.plain_numbers import TYPES, dtype_of

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
        from aotops.aot.levels import level_symbol, levels
        from aotops.aot.specialise import specialise

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
    "int": "", "min": "float64", "operator.lshift": "",
    # a power of integers with an exponent that is no constant is an integer
    "x**y": "int64",
    # bools that `not` makes are Python's in plain Python mode, and wrap only when they are stored
    "(not x) + y": "int64",
    # NumPy leaves the conversion of what does not fit to the compiler
    **{f"numpy.{sign}{name}": "float" for sign in ("", "u") for name in ("int8", "byte", "int16", "short", "int32", "intc")},
    # NumPy leaves open which zero is the larger, and some of its float32 functions round twice
    **{f"numpy.{name}": "float" for name in ("maximum", "minimum", "fmax", "fmin")},
}  # fmt: skip
#: Two libraries' errors, or ours and theirs. Everything else is exact.
ULP = dict.fromkeys(
    "exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh arcsin arccos arctan "
    "arcsinh arccosh arctanh arctan2 atan2 pow float_power cbrt exp2 erf erfc hypot gamma lgamma logaddexp degrees "
    "rad2deg radians deg2rad".split(),
    2,
) | {"x**7": 1, "x**-2": 2, "x**0.5": 2, "x**-0.5": 2, "x**y": 2, "numpy.power": 2, "operator.pow": 2, "pow": 2}


def oracle(case: Case, values: tuple[Any, ...]) -> Any:
    """What Python, or NumPy, has for a case; None where that is an exception or no number of ours."""
    in_numpy = "numpy." in case.expression
    if case.dtype == "float32" and not in_numpy:
        return None
    grows = any(part in case.expression for part in ("<<", "**y", "shift", "pow"))
    if case.dtype == "int64" and grows and any(abs(value) > 1000 for value in values[1:]):
        return None  # it would take Python all memory
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


