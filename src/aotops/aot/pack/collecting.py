"""Python's garbage collector while a kernel is compiled."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: A generation is collected after this many new objects, or collections of the one below. Numba makes some million
#: objects of a kernel, nearly all of which live until it is compiled: by default the collector visits them 700 new ones
#: at a time, which takes a tenth of the compilation, and more in a process that holds much.
RARELY = (50_000, 10, 10)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let the garbage collector run less often meanwhile. One thread at a time compiles in a process."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
