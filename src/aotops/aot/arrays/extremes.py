"""Functions of NumPy that Numba computes wrongly for extreme numbers, whose sums overflow or which it does not check.

Elements would stay unwritten, or results be silently empty or others. What NumPy rejects raises what it raises there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba.core import ir, ir_utils, types
from numba.core.ir_utils import get_definition
from numba.extending import overload

from aotops.aot.arrays.pipeline import inlined
from aotops.aot.arrays.products import is_module
from aotops.aot.front.scalar_calls import build

#: The most elements that a result may have: their bytes, of any dtype, are a number of int64.
MOST = 2**58
#: Beyond this distance from the main diagonal there is no element, whatever is added to it.
FAR = 2**62
TOO_LARGE = "Maximum allowed size exceeded"
NO_PARTS = "number sections must be larger than 0"


# --- checks, which return the number that is passed on --------------------------------------------------------------


def shift_of(a: Any, shift: Any) -> Any:
    """The same roll by less than the size, to which no sum overflows."""
    return shift % a.size if a.size > 0 else 0


def repeats_of(a: Any, repeats: Any) -> Any:
    """How often to repeat, if there is a number for how many elements that makes."""
    if repeats > 0 and a.size > MOST // repeats:
        raise MemoryError("the result of np.repeat has too many elements")
    return repeats


def sections_of(sections: Any) -> Any:
    """A number of parts."""
    if sections <= 0:
        raise ValueError(NO_PARTS)
    return sections


def equal_sections_of(sections: Any) -> Any:
    """A number of equal parts."""
    if sections == 0:
        raise ZeroDivisionError("integer modulo by zero")
    if sections < 0:
        raise ValueError(NO_PARTS)
    return sections


def diagonal_of(k: Any) -> Any:
    """The same diagonal, or one as far from all elements, to which 1 can be added."""
    return max(min(np.int64(k), FAR), -FAR)


def size_of(n: Any) -> Any:
    """The size of a dimension."""
    if n < 0:
        raise ValueError("negative dimensions are not allowed")
    return n


def counted(a: Any) -> Any:
    """Positions, of which Numba does not look at the sign of the first one."""
    if a.size > 0 and a[0] < 0:
        raise ValueError("first argument must be non-negative")
    return a


def step_of(start: Any, stop: Any, step: Any) -> Any:
    """The step of a range of integers whose length is a number, and so is the distance between its ends."""
    distance = np.float64(stop) - np.float64(start)
    if not (distance / np.float64(step) < MOST and abs(distance) < 2.0**63):
        raise ValueError(TOO_LARGE)
    return step


def step_of_floats(start: Any, stop: Any, step: Any) -> Any:
    """The step of a range whose length is a number."""
    if not (np.float64(stop) - np.float64(start)) / np.float64(step) < MOST:
        raise ValueError(TOO_LARGE)
    return step


# --- calls: what a function is called with, and the check in that; None for Numba's own ------------------------------


def is_integer(value: Any) -> bool:
    """Whether a Numba type, or the value of a default, is an integer."""
    return isinstance(value, (int, types.Integer))


def is_none(value: Any) -> bool:
    """Whether an argument is None, or left out."""
    return (
        value is None or isinstance(value, types.NoneType) or (isinstance(value, types.Omitted) and value.value is None)
    )


def checked(arguments: str, check: Any, array: int | None, number: int) -> Callable[..., tuple[str, Any] | None]:
    """Return the call in which an argument is checked that is an integer; another one must be an array, if any."""

    def call(*values: Any) -> tuple[str, Any] | None:
        fits = is_integer(values[number]) and (array is None or isinstance(values[array], types.Array))
        return (arguments, check) if fits else None

    return call


def range_call(start: Any, stop: Any, step: Any, dtype: Any) -> tuple[str, Any] | None:
    """Return the call of ``arange`` with real numbers."""
    given = [each for each in (start, stop, step) if not is_none(each)]
    if not all(isinstance(each, (types.Integer, types.Float)) for each in given):
        return None
    ends = "0, start" if is_none(stop) else "start, stop"
    width = "1" if is_none(step) else "step"
    return f"{ends}, check({ends}, {width}), dtype", step_of if all(map(is_integer, given)) else step_of_floats


def counts_call(a: Any, weights: Any, minlength: Any) -> tuple[str, Any] | None:
    """Return the call of ``bincount`` of an array of integers."""
    fits = isinstance(a, types.Array) and isinstance(a.dtype, types.Integer)
    return ("check(a), weights, minlength", counted) if fits else None


@cache
def guarded() -> dict[Any, Any]:
    """Return what is compiled in place of functions of NumPy."""
    array, split, diagonal = (
        "a, check(a, {})",
        "ary, check(indices_or_sections), axis",
        checked("m, check(k)", diagonal_of, 0, 1),
    )
    rows: tuple[tuple[Any, str, Any], ...] = (
        (np.roll, "a, shift", checked(array.format("shift"), shift_of, 0, 1)),
        (np.repeat, "a, repeats", checked(array.format("repeats"), repeats_of, 0, 1)),
        (np.array_split, "ary, indices_or_sections, axis=0", checked(split, sections_of, 0, 1)),
        (np.split, "ary, indices_or_sections, axis=0", checked(split, equal_sections_of, 0, 1)),
        (np.tril, "m, k=0", diagonal),
        (np.triu, "m, k=0", diagonal),
        (np.tri, "N, M=None, k=0", checked("N, M, check(k)", diagonal_of, None, 2)),
        (np.tril_indices, "n, k=0, m=None", checked("n, check(k), m", diagonal_of, None, 1)),
        (np.triu_indices, "n, k=0, m=None", checked("n, check(k), m", diagonal_of, None, 1)),
        (np.bincount, "a, weights=None, minlength=0", counts_call),
        (np.arange, "start, stop=None, step=None, dtype=None", range_call),
    )
    return {function: guard(function, parameters, call) for function, parameters, call in rows}


def is_over_indices(func_ir: Any, call: Any) -> bool:
    """Whether a call is one of ``np.ndindex``, which is a class, of whose iterators Numba returns none."""
    function = ir_utils.guard(get_definition, func_ir, call.func)
    if isinstance(function, ir.Expr) and function.op == "getattr":
        return function.attr == "ndindex" and is_module(func_ir, function.value)
    return isinstance(function, (ir.Global, ir.FreeVar)) and function.value is np.ndindex


@cache
def sizes() -> Any:
    """Return a function that Numba compiles to a check of a size, or of each in a tuple."""
    check = numba.njit(size_of, **inlined())

    def choose(n: Any) -> Any:
        if isinstance(n, types.BaseTuple) and len(n) and all(map(is_integer, n.types)):
            text = f"lambda n: ({', '.join(f'check(n[{k}])' for k in range(len(n)))},)"
        else:
            text = "lambda n: check(n)" if is_integer(n) else "lambda n: n"
        return build(text, {"check": check})

    stub = build("lambda n: None", {})
    overload(stub, jit_options=inlined())(build("lambda n: choose(n)", {"choose": choose}))
    return stub


def guard(function: Any, parameters: str, call: Callable[..., tuple[str, Any] | None]) -> Any:
    """Return a function that Numba compiles to a checked call of another one, or to that as it is."""
    passed = ", ".join(each.partition("=")[0] for each in parameters.split(", "))

    def choose(*values: Any) -> Any:
        arguments, check = call(*values) or (passed, None)
        names = {"function": function}
        if check is not None:
            names["check"] = numba.njit(check, **inlined())
        return build(f"lambda {parameters}: function({arguments})", names)

    stub = build(f"lambda {parameters}: None", {})
    stub.__name__ = function.__name__
    overload(stub, jit_options=inlined())(build(f"lambda {parameters}: choose({passed})", {"choose": choose}))
    return stub
