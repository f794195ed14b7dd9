"""The loop of ``searchsorted``: binary searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotops.intrinsics import Signature, accumulators, input_pointers, load_output, output_pointer, select, store

#: Searches that run side by side, so that the memory's latency is waited for once.
LANES = 16


def search(dtype: str) -> tuple[Callable[..., None], Signature]:
    """Make the loop that finds where ``n1`` values belong among ``numbers[0]`` sorted ones.

    ``numbers[1]``: whether that is behind equal ones, instead of before them. NaN counts as larger than all numbers.
    Each search takes as many steps as the length has bits, without branches, which nobody could predict.
    """
    signature = Signature((dtype, dtype), "int64")
    is_float = dtype.startswith("float")

    def before(a: Any, b: Any) -> Any:
        return (a < b) | ((b != b) & (a == a)) if is_float else a < b

    def passed(value: Any, other: Any, right: bool) -> int:
        """1 if the value belongs behind the other one, else 0."""
        return select(select(right, not before(value, other), before(other, value)), 1, 0)  # type: ignore[no-any-return]

    def kernel(n0: int, n1: int, data: Any, numbers: Any) -> None:
        ordered, values = input_pointers(data, signature)
        out = output_pointer(data, signature)
        length, right = numbers[0], numbers[1] != 0
        firsts = accumulators(LANES, out)
        keys = accumulators(LANES, values)
        for start in range(0, n1, LANES):
            size = min(LANES, n1 - start)
            for k in range(LANES):
                store(firsts, k, 0)
                store(keys, k, load_output(values, start + min(k, size - 1)))
            rest = length
            while rest > 1:
                half = rest // 2
                for k in range(LANES):
                    first = load_output(firsts, k)
                    behind = passed(load_output(keys, k), load_output(ordered, first + half - 1), right)
                    store(firsts, k, first + half * behind)
                rest -= half
            for k in range(size):
                first = load_output(firsts, k)
                if rest == 1:
                    first += passed(load_output(keys, k), load_output(ordered, first), right)
                store(out, start + k, first)

    return kernel, signature
