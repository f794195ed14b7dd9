"""NumPy's elementary functions of arrays: loops over what they are of one element, which become vectors.

Numba's own call the C library for each element. They stay where NumPy computes in other dtypes than aotops, and for
``out``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba.core import types

from aotops.aot.arrays.pipeline import ArrayCompiler
from aotops.aot.front.scalar_calls import callable_function
from aotops.scalar import callables

#: The dtypes of arrays that are taken: of narrower integers NumPy has functions in other dtypes.
FLOATS = (types.float32, types.float64)
INTEGERS = (types.int32, types.int64, types.uint32, types.uint64)


def is_elementary(name: str, values: tuple[Any, ...]) -> bool:
    """Whether a name of ``aotops.scalar.callables`` is an operator of aotops of floats, and Numba types have arrays."""
    arrays = [each for each in values if isinstance(each, types.Array)]
    numbers = [each for each in values if isinstance(each, (types.Integer, types.Float))]
    if not name.startswith("numpy.") or not arrays or len(arrays) + len(numbers) < len(values):
        return False
    if not all(each.ndim > 0 and each.dtype in FLOATS + INTEGERS for each in arrays):
        return False
    try:
        meaning = callables.chosen(name, len(values))
    except TypeError:
        return False
    record = meaning.floats.record if isinstance(meaning.floats, callables.Named) else None
    return set(meaning.takes) == {"f"} and record is not None and record.result_for("float64") == "float64"


def of_arrays(name: str, values: tuple[Any, ...]) -> Any:
    """Return the compiled function of arrays and numbers for a name that ``is_elementary``."""
    own = [getattr(each, "dtype", each) if isinstance(each, types.Array) else each for each in values]
    is_single = all(
        type_ == types.float32 or (isinstance(type_, types.Integer) and not isinstance(value, types.Array))
        for type_, value in zip(own, values, strict=True)
    )
    kinds = tuple([(each.ndim, each.layout == "C") if isinstance(each, types.Array) else None for each in values])
    return _compiled(name, kinds, "float32" if is_single else "float64")


@cache
def _compiled(name: str, kinds: tuple[tuple[int, bool] | None, ...], dtype: str) -> Any:
    parameters = [f"v{k}" for k in range(len(kinds))]
    arrays = [k for k, kind in enumerate(kinds) if kind is not None]
    ranks = [kind[0] for kind in kinds if kind is not None]
    listed, most = ", ".join(parameters), max(ranks)
    names: dict[str, Any] = {
        "np": np,
        "number": getattr(np, dtype),
        "function": callable_function(name, False),
    }

    def loops(index: list[str], first: str) -> list[str]:
        lines = [
            f"{'    ' * (depth + 1)}for {each} in range({first}.shape[{depth}]):" for depth, each in enumerate(index)
        ]
        at = f"[{', '.join(index)}]"
        given = ", ".join(f"number({each}{at if k in arrays else ''})" for k, each in enumerate(parameters))
        return [*lines, f"{'    ' * (len(index) + 1)}out{at} = function({given})"]

    def define(name: str, head: str, lines: list[str]) -> None:
        exec("\n".join([f"def {name}({head}):", *lines]), names)
        names[name] = numba.njit(names[name], pipeline_class=ArrayCompiler, error_model="numpy")

    is_flat = most > 1 and all(kind is None or kind[1] for kind in kinds)
    define("fill", f"{listed}, out", loops([f"i{axis}" for axis in range(1 if is_flat else most)], "out"))
    define("fill_any", f"{listed}, out", loops([f"i{axis}" for axis in range(most)], "out"))
    first = f"v{arrays[0]}"
    whole = ", ".join(f"{each}.reshape(-1)" if is_flat and k in arrays else each for k, each in enumerate(parameters))
    same = [
        f"out = np.empty({first}.shape, number)",
        f"fill({whole}, {'out.reshape(-1)' if is_flat else 'out'})",
        "return out",
    ]
    broadcast = [
        f"shape = np.broadcast_shapes({', '.join(f'v{k}.shape' for k in arrays)})",
        *[f"b{k} = np.broadcast_to(v{k}, shape)" for k in arrays],
        "out = np.empty(shape, number)",
        f"fill_any({', '.join(f'b{k}' if k in arrays else each for k, each in enumerate(parameters))}, out)",
        "return out",
    ]
    lines = broadcast
    if len(arrays) == 1:
        lines = same
    elif len(set(ranks)) == 1:
        equal = " and ".join(f"{first}.shape == v{k}.shape" for k in arrays[1:])
        lines = [f"if {equal}:", *[f"    {line}" for line in same], *broadcast]
    define("apply", listed, [f"    {line}" for line in lines])
    return names["apply"]
