"""The compiled ``max`` and ``min`` of combinations (``aotops.scalar.combinations``), of any integers and floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import types
from numba.extending import overload

from aotops.aot.front.lowering import LOWERINGS, wider
from aotops.aot.front.pipeline import INLINED
from aotops.aot.front.rejection import RejectedError
from aotops.aot.front.scalar_calls import CONVERTERS, build
from aotops.intrinsics import select
from aotops.scalar.callables import UNORDERED
from aotops.scalar.combinations import combining_max, combining_min


def register(function: Callable[..., Any], comparison: str) -> None:
    """Compile a function of ``aotops.scalar.combinations`` to selects, after ``b > a`` or ``b < a``."""
    name = function.__name__.partition("_")[2]

    def choose(*values: Any) -> Any:
        place = "values"
        if len(values) == 1 and isinstance(values[0], types.BaseTuple):
            place, values = "values[0]", tuple(values[0])
        numbers = all(isinstance(value, (types.Number, types.Boolean)) for value in values)
        if len(values) < 2 or not numbers:
            got = ", ".join(map(str, values)) or "nothing"
            raise RejectedError(f"{name}: arguments must be two numbers or more, got {got}")
        if any(isinstance(value, types.Complex) for value in values):
            raise RejectedError(f"{name}: arguments must be real numbers, got a complex one; {UNORDERED}")
        dtype = values[0]
        for value in values:
            dtype = value if value == types.uint64 and isinstance(dtype, types.Integer) else wider(dtype, value)
        floating = isinstance(dtype, types.Float)
        # a comparison with the constant NaN, instead of b, is a single instruction (``aotops.ops.reduction.larger``)
        pair = f"select(b == b, select(b {comparison} a, b, a), nan)" if floating else f"select(b {comparison} a, b, a)"
        of_integers = "uint64" if dtype == types.uint64 else "int64"
        convert = CONVERTERS[of_integers if isinstance(dtype, types.Integer) else str(dtype)]
        names: dict[str, Any] = {"select": LOWERINGS[select], "convert": convert}
        if floating:
            names["nan"] = convert("nan")
        together = f"convert({place}[0])"
        two = compiled(f"lambda a, b: {pair}", names)
        for k in range(1, len(values)):
            together = f"two({together}, convert({place}[{k}]))"
        return build(f"lambda *values: {together}", {"two": two, "convert": convert})

    stub = build("lambda *values: None", {})
    stub.__name__ = name
    overload(stub, jit_options=INLINED)(build("lambda *values: choose(*values)", {"choose": choose}))
    LOWERINGS[function] = stub


def compiled(source: str, names: dict[str, Any]) -> Any:
    """Compile an expression as a function that Numba inlines."""
    import numba

    return numba.njit(build(source, names), **INLINED)


register(combining_max, ">")
register(combining_min, "<")
