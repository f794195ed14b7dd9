"""Launches on several threads, whatever their size."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import aotops as ao
from aotops import _native


@contextlib.contextmanager
def shared_out() -> Iterator[None]:
    """Share out launches of any size among threads, as many as are set in it; afterwards all is as before."""
    threads = ao.get_num_threads()
    _native.share_from(1)
    try:
        yield
    finally:
        _native.share_from(0)
        ao.set_num_threads(threads)
