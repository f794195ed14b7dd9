"""Whether code leaves objects or memory behind, run after run."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

RUNS = 200


def assert_no_leak(run: Callable[[], None], kept: Callable[[], Any]) -> None:
    """Runs leave nothing behind: ``kept`` tells the same before and after, and Python has no more blocks of memory.

    Their number grows now and then, as Python fills its free lists; a leak of one block in each run grows it in each of
    some windows.
    """
    run()
    gc.collect()
    before = kept()
    growth = []
    for _ in range(3):
        gc.collect()
        start = sys.getallocatedblocks()
        for _ in range(RUNS):
            run()
        gc.collect()
        growth.append(sys.getallocatedblocks() - start)
    assert kept() == before
    assert min(growth) < RUNS // 2, f"blocks left behind by {RUNS} runs, three times: {growth}"
