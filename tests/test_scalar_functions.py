"""What may be in a user-defined scalar function, what it means in a kernel, and what is rejected."""

from __future__ import annotations

import ctypes
import importlib.util
import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import aotops as ao

needs_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="compiling kernels takes Numba, which is not installed here"
)
pytestmark = needs_numba

TABLE = (0.5, 1.5, 2.5, 3.5)
ARRAY = np.array([0.5, 1.5, 2.5, 3.5])
COUNTER = 0
labs = ctypes.CDLL(None).labs if hasattr(ctypes, "CDLL") and ao.cpu_level().startswith("x86") else None
if labs is not None:
    labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long

INF, NAN = math.inf, math.nan
LEAST = -(2**63)
WILD = [2.9, -2.9, INF, -INF, NAN, 1e300, -1e300, 2.0**63, -(2.0**63), 2.0**62]
WHOLE = [2, -2, LEAST, LEAST, LEAST, LEAST, LEAST, LEAST, LEAST, 2**62]
COUNTS = [0, 1, 62, 63, 64, 70, 2**40, -1, LEAST]


def horner(x: Any) -> Any:
    result = 0.0
    for k in range(len(TABLE)):
        result = result * x + TABLE[k]
    return result


def horner_of_array(x: Any) -> Any:
    result = 0.0
    for k in range(3, -1, -1):
        result = result * x + ARRAY[k]
    return result


def between(x: Any) -> Any:
    k = int(x)
    if k < 0 or x < 0:
        return ARRAY[0]
    if k >= 3:
        return ARRAY[3]
    return ARRAY[k] + (x - k) * (ARRAY[k + 1] - ARRAY[k])


def given_later(x: Any) -> Any:
    while x > 1.0:
        half = x / 2
        x = half
    return x


@pytest.mark.parametrize(
    ("function", "options", "inputs", "expected"),
    [
        (lambda x: int(x), {"result": "int64"}, [WILD], WHOLE),
        (lambda x: x * 1.0, {"result": "int64"}, [WILD], WHOLE),
        (lambda x: np.uint8(x), {"result": "int64"}, [[254.9, 300.0, -1.0, NAN]], [254, 0, 0, 0]),
        (lambda x: math.floor(x), {}, [[2.5, -2.5, -0.0, 7.0]], [2.0, -3.0, 0.0, 7.0]),
        (lambda x: math.ceil(x), {}, [[2.5, -2.5, 1e17]], [3.0, -2.0, 1e17]),
        (lambda x: math.trunc(x) / 2, {}, [[3.5, -3.5]], [1.5, -1.5]),
        (lambda x: round(x), {}, [[0.5, 1.5, -2.5]], [0.0, 2.0, -2.0]),
        (lambda x: x // 0.5 + x % 2.0, {}, [[3.25, -0.25]], [7.25, 0.75]),
        (lambda x: TABLE[min(max(int(x), 0), 3)], {}, [[*WILD, 1.0, 0.0]], [2.5, *[0.5] * 8, 3.5, 1.5, 0.5]),
        (lambda x: ARRAY[int(x) & 3], {}, [[0.0, 1.0, -1.0, NAN, 6.0]], [0.5, 1.5, 3.5, 0.5, 2.5]),
        (horner, {}, [[0.0, 2.0]], [3.5, 4.0 + 6.0 + 5.0 + 3.5]),
        (horner_of_array, {}, [[0.0, 2.0]], [0.5, 28.0 + 10.0 + 3.0 + 0.5]),
        (between, {}, [[-INF, -0.5, 0.5, 2.75, 3.5, NAN]], [0.5, 0.5, 1.0, 3.25, 3.5, 0.5]),
        (given_later, {}, [[0.5, 12.0]], [0.5, 0.75]),
        (lambda x: math.fmod(x, 2.0) + math.cbrt(8.0), {}, [[3.5, -3.5]], [3.5, 0.5]),
        (lambda x: math.gamma(x) + math.ldexp(x, 3), {}, [[1.0, 5.0]], [9.0, 64.0]),
        (lambda x: math.frexp(x)[0] + math.copysign(1.0, x), {}, [[8.0, -8.0]], [1.5, -1.5]),
        (lambda x, n: x << n, {"dtypes": "int64"}, [[-3] * 9, COUNTS], [-3, -6, 2**62, LEAST, *[0] * 5]),
        (lambda x, n: x >> n, {"dtypes": "int64"}, [[-3] * 9, COUNTS], [-3, -2, *[-1] * 7]),
        (lambda x, n: x >> n, {"dtypes": "int64"}, [[3] * 9, COUNTS], [3, 1, *[0] * 7]),
        (lambda x, n: x**n, {"dtypes": "int64"}, [[2, 2, -1, 2, 0], [3, -1, -3, LEAST, 0]], [8, 0, -1, 0, 1]),
        (lambda x: x**-1 + x**3, {"dtypes": "int64", "result": "float64"}, [[2, 4, -1]], [8.5, 64.25, -2.0]),
        (lambda x, y: x // y, {"dtypes": "int64"}, [[7, -7, 7, LEAST], [2, 2, 0, -1]], [3, -4, 0, LEAST]),
        (lambda x, y: np.mod(x, y), {"dtypes": "int64"}, [[7, -7, 7, LEAST], [2, 2, 0, -1]], [1, 1, 0, 0]),
        (lambda x, y: np.fmod(x, y), {"dtypes": "int64"}, [[7, -7, 7, LEAST], [2, 2, 0, -1]], [1, -1, 0, 0]),
        (lambda x, n: operator.lshift(x, n), {"dtypes": "int64"}, [[-3] * 9, COUNTS], [-3, -6, 2**62, LEAST, *[0] * 5]),
        (lambda x, n: np.right_shift(x, n), {"dtypes": "int64"}, [[-3] * 9, COUNTS], [-3, -2, *[-1] * 7]),
        (lambda x: x**-2, {"dtypes": "int64", "result": "float64"}, [[2**40, -4]], [2.0**-80, 0.0625]),
        (lambda x: int(INF) + x, {}, [[0.0, 1.0]], [float(LEAST)] * 2),
        (lambda x: round(NAN) + x, {"dtypes": "int64"}, [[1, -1]], [LEAST + 1, 2**63 - 1]),
        (lambda x: np.int32(3e9) + x, {}, [[1.0, 2.0]], [1.0 - 2**31, 2.0 - 2**31]),
        (lambda x: operator.lshift(1, 70) + x, {}, [[1.0, 2.0]], [1.0, 2.0]),
        (lambda x: math.ldexp(x, 2**40) + math.ldexp(1.0, 2**40 + 1), {}, [[1.0]], [INF]),
        (lambda x, y: x % y, {"dtypes": "int64"}, [[7, -7, 7, LEAST], [2, 2, 0, -1]], [1, 1, 0, 0]),
        (lambda x, y: x / y, {"dtypes": "int64", "result": "float64"}, [[1, -1, 0], [0, 0, 0]], [INF, -INF, NAN]),
    ],
)
def test_every_input_has_a_value(
    function: Callable[..., Any], options: dict[str, Any], inputs: list[Any], expected: list[Any]
) -> None:
    declare: Any = ao.map if len(inputs) == 1 else ao.zip
    operator = declare(function, **{"dtypes": "float64", **options})
    # as vectors, and one by one
    for repeat in (1, 40):
        tensors = [ao.tensor(values * repeat) for values in inputs]
        np.testing.assert_array_equal(np.asarray(operator(*tensors)), expected * repeat)
        strided = [ao.asarray(np.repeat(np.asarray(each), 2))[::2] for each in tensors]
        np.testing.assert_array_equal(np.asarray(operator(*strided)), expected * repeat)


# --- what is rejected ---------------------------------------------------------------------------------------------


def refusal(function: Callable[..., Any], **options: Any) -> str:
    """What the compiler says of a map."""
    with pytest.raises(ao.BuildError) as caught:
        ao.map(function, **{"dtypes": "float64", **options})(1)
    return str(caught.value)


def tries(x: Any) -> Any:
    try:
        return 1 / x
    except ZeroDivisionError:
        return 0.0


# pytest makes other code of an assert that it sees
written: dict[str, Any] = {}
exec("def asserts(x):\n    assert x > 0\n    return x", written)
asserts = written["asserts"]


def counts(x: Any) -> Any:
    global COUNTER
    COUNTER += 1
    return x


def prints(x: Any) -> Any:
    print(x)
    return x


def factorial(x: Any) -> Any:
    return 1.0 if x <= 1.0 else x * factorial(x - 1.0)


def even(x: Any) -> Any:
    return 1.0 if x == 0.0 else odd(x - 1.0)


def odd(x: Any) -> Any:
    return 0.0 if x == 0.0 else even(x - 1.0)


@ao.map(dtypes="float64")
def itself(x: Any) -> Any:
    return itself(x - 1.0) if x > 0.0 else x


def sometimes(x: Any) -> Any:
    if x > 0:
        y = x
    return y


def of_the_loop(x: Any) -> Any:
    for k in range(int(x)):
        last = k
    return last


def nothing(x: Any) -> Any:
    x + 1


def nothing_sometimes(x: Any) -> Any:
    if x > 0:
        return x


def calls_ctypes(x: Any) -> Any:
    return labs(x)


def steps(x: Any) -> Any:
    total = 0.0
    for k in range(0, 10, int(x)):
        total += k
    return total


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: TABLE[int(x)], "It may raise IndexError: index is out of bounds, and kernels need a value for"),
        (lambda x: ARRAY[int(x)], "It may raise IndexError: index is out of bounds, and kernels need a value for"),
        (lambda x: ARRAY[min(int(x), 3)], r"the compiler must see that an index is in range, as in TABLE\[min"),
        (steps, r"It may raise ValueError: range\(\) arg 3 must not be zero, and kernels need a value for every input"),
        (tries, "tries has a try; write a condition"),
        (asserts, "asserts has an assert; nothing is raised in kernels"),
        (counts, "counts has an assignment to a global variable"),
        (prints, "prints calls print, which kernels do not have; leave it out"),
        (lambda x: float(len(f"{x}")), "has a formatted string"),
        (factorial, "factorial calls itself"),
        (even, "even calls itself"),
        (itself._record.scalar, "itself calls itself"),  # type: ignore[union-attr]
        (sometimes, r"The variable y may have no value where it is read.\n  .*, line \d+: return y"),
        (of_the_loop, "The variable last may have no value where it is read"),
        (nothing, "nothing returns nothing; end each path with"),
        (nothing_sometimes, "nothing_sometimes returns nothing on some path"),
        (lambda x: [x], "has a list; write a tuple"),
        (lambda x: (x, x), "It must return a number, and returns a tuple of 2"),
        (lambda x: "a", "has a string, 'a'"),
        (lambda x: ao.sum(x), "calls ao.sum, a reduction, which works on whole tensors"),
        (lambda x: ao.nothing(x), "ao.nothing, which does not exist"),  # type: ignore[attr-defined]
        (lambda x: math.perm(x), "calls math.perm, which kernels do not have; "),
    ],
)
def test_what_kernels_cannot_do_is_rejected(function: Callable[..., Any], message: str) -> None:
    assert re.search(message, refusal(function))


@pytest.mark.skipif(labs is None, reason="needs the C library's functions by ctypes")
def test_addresses_of_this_process_are_rejected() -> None:
    message = refusal(calls_ctypes, dtypes="int64")
    assert "calls labs, a function of ctypes, which kernels do not have; write it in Python" in message


@pytest.mark.usefixtures("compiling")
def test_an_attribute_with_the_name_of_a_function_is_no_call_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {"ao": ao, "math": math, "__name__": "made_up"}
    exec("@ao.map(dtypes='float64')\ndef ceil(x):\n    return math.ceil(x / 3) * 3", namespace)
    assert namespace["ceil"](ao.tensor([1.0, 3.0, -4.0])).tolist() == [3.0, 3.0, -3.0]
    assert "compiled now" in capfd.readouterr().err


def test_large_tables_count_whole_in_the_fingerprint() -> None:
    """NumPy leaves out what is in the middle of an array when it writes one."""
    from aotops.aot.pack.fingerprint import fingerprint

    def looks_up(table: Any) -> Callable[..., Any]:
        return lambda x: table[int(x) & 4095]

    one, another = np.zeros(4096), np.zeros(4096)
    another[2000] = 1.0
    assert fingerprint(looks_up(one)) == fingerprint(looks_up(one.copy()))
    assert fingerprint(looks_up(one)) != fingerprint(looks_up(another))
