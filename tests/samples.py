"""Which cases of a long table run by default; the others are slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aotops.abi import FACTS


def sampled(cases: Sequence[tuple[Any, str]]) -> list[Any]:
    """Cases of an operator and a dtype, as parameters: of each operator one float and one other dtype are not slow.

    Which ones they are changes from operator to operator, so that each dtype is some operator's: what a dtype does is
    the same for all, and what an operator does is the same for all integers.
    """
    dtypes: dict[str, list[str]] = {}
    for record, dtype in cases:
        dtypes.setdefault(record.name, []).append(dtype)
    chosen = set()
    for place, (name, own) in enumerate(dtypes.items()):
        floats = [dtype for dtype in own if FACTS[dtype].kind in ("real", "complex")]
        others = [dtype for dtype in own if dtype not in floats]
        chosen |= {(name, some[place % len(some)]) for some in (floats, others) if some}
    return [
        pytest.param(record, dtype, marks=() if (record.name, dtype) in chosen else pytest.mark.slow)
        for record, dtype in cases
    ]
