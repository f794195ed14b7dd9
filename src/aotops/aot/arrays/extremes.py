"""Functions of NumPy that Numba computes wrongly for extreme numbers, whose sums overflow: elements stay unwritten."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import overload

from aotops.aot.arrays.pipeline import inlined
from aotops.aot.front.scalar_calls import build

#: The most elements that ``np.repeat`` makes: their bytes, of any dtype, are a number of int64.
MOST = 2**58


def rolled(a: Any, shift: Any) -> Any:
    """Roll by less than the size, to which no sum overflows."""
    return np.roll(a, shift % a.size if a.size > 0 else 0)


def repeated(a: Any, repeats: Any) -> Any:
    """Repeat if there is a number for how many elements that makes."""
    if repeats > 0 and a.size > MOST // repeats:
        raise MemoryError("the result of np.repeat has too many elements")
    return np.repeat(a, repeats)


@cache
def guarded() -> dict[Any, Any]:
    """Return what is compiled in place of functions of NumPy."""
    return {np.roll: for_arrays(np.roll, rolled, "a, shift"), np.repeat: for_arrays(np.repeat, repeated, "a, repeats")}


def for_arrays(function: Any, own: Any, parameters: str) -> Any:
    """Return a function that is ``own`` of an array and an integer, and Numba's of anything else."""
    compiled = numba.njit(own, **inlined())

    def choose(a: Any, number: Any) -> Any:
        is_own = isinstance(a, types.Array) and isinstance(number, types.Integer)
        return build(f"lambda {parameters}: function({parameters})", {"function": compiled if is_own else function})

    stub = build(f"lambda {parameters}: None", {})
    stub.__name__ = function.__name__
    overload(stub, jit_options=inlined())(build(f"lambda {parameters}: choose({parameters})", {"choose": choose}))
    return stub
