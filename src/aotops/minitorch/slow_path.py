"""Any function of a student's, applied element by element in plain Python: right for every function, and slow.

Numbers are Python's floats, as they are in the student's own loops over float64. What Python raises for arithmetic that
IEEE 754 has a result for is that result: ``log`` of a negative number is NaN, and ``1 / 0`` is infinite, as in compiled
code. A function that Numba has decorated is called as it is, and so compiles itself.
"""

from __future__ import annotations

from array import array

import aotops as ao
from aotops import _native
from aotops.scalar.functions import plain

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from aotops.tensors import Tensor

    Run = Callable[..., Any]


def elements(x: Tensor) -> Any:
    """The elements of a tensor as Python's floats, in row-major order."""
    return ao.astype(x, ao.float64, copy=False).reshape(-1).tolist()


def as_tensor(values: Iterable[float], like: Tensor, shape: tuple[int, ...], out: Tensor | None) -> Tensor:
    """A tensor of numbers in row-major order, of another tensor's dtype or written into ``out``."""
    result = _native.from_buffer(array("d", values), False)
    assert result is not None  # an array is aligned
    result = result.reshape(shape)
    if out is None:
        return ao.astype(result, like.dtype, copy=False)
    out._copy_from(ao.astype(result, out.dtype, copy=False))
    return out


def patient(function: Any) -> Run:
    """A function that returns what IEEE 754 says where Python raises an exception of arithmetic.

    Exceptions that the function raises itself propagate, as does what cannot be computed in this way.
    """
    compiled: list[Run] = []

    def call(*arguments: float) -> float:
        try:
            return float(function(*arguments))
        except (ArithmeticError, ValueError):
            if not compiled:
                compiled.append(as_compiled(function, len(arguments)))
            return float(compiled[0](*arguments))

    return call


def as_compiled(function: Any, inputs: int) -> Run:
    """A function as a kernel would compute it; itself where that cannot be told, as of code that is not Python's."""
    from aotops.scalar.mathematics import in_plain_python

    try:
        return in_plain_python(plain(function), "float64", ("float64",) * inputs, ("float64",))
    except Exception:
        return function  # type: ignore[no-any-return]


def slow_map(function: Any, start: float) -> Run:
    """A map of a student's function, on tensors."""
    call = patient(function)

    def run(x: Tensor, out: Tensor | None = None) -> Tensor:
        values = elements(x)
        try:
            return as_tensor(map(function, values), x, x.shape, out)
        except (ArithmeticError, ValueError):
            return as_tensor(map(call, values), x, x.shape, out)

    return run


def slow_zip(function: Any, start: float) -> Run:
    """A zip of a student's function, on tensors."""
    call = patient(function)

    def run(x: Tensor, y: Tensor) -> Tensor:
        x, y = ao.broadcast_arrays(x, y)
        xs, ys = elements(x), elements(y)
        like = x if x.dtype == y.dtype else ao.empty((), dtype=ao.result_type(x, y))
        try:
            return as_tensor(map(function, xs, ys), like, x.shape, None)
        except (ArithmeticError, ValueError):
            return as_tensor(map(call, xs, ys), like, x.shape, None)

    return run


def slow_reduce(function: Any, start: float) -> Run:
    """A reduction by a student's function: ``start`` first, then the elements in ascending order."""
    call = patient(function)

    def run(x: Tensor, axis: int) -> Tensor:
        shape = list(x.shape)
        length = shape[axis]
        shape[axis] = 1
        rows = elements(ao.moveaxis(x, axis, -1))
        results = []
        for begin in range(0, len(rows), length) if length else ():
            result = start
            for value in rows[begin : begin + length]:
                result = call(result, value)
            results.append(result)
        if not length:
            results = [start] * (ao.empty(tuple(shape), dtype=x.dtype).size)
        return as_tensor(results, x, tuple(shape), None)

    return run


SLOW_PATHS = {"map": slow_map, "zip": slow_zip, "reduce": slow_reduce}
