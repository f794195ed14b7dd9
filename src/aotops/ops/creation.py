"""Making tensors of nothing but the positions of their elements."""

from __future__ import annotations

from typing import Any

from aotops.abi import INDEX
from aotops.ops.record import zip


@zip(
    dtypes=("int64", "float64"),
    fixed={"position": INDEX},
    numpy=lambda np, position, start, step: position * step + start,
)
def _arange(position: Any, start: Any, step: Any) -> Any:
    """Evenly spaced numbers, each computed by itself; integers wrap around."""
    return position * step + start
