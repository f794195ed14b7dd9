"""Memory whose first and last byte have pages beside them that cannot be touched."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np


class Guarded:
    """Some pages between two that cannot be touched."""

    def __init__(self, pages: int) -> None:
        page = mmap.PAGESIZE
        self.size = pages * page
        self.memory = mmap.mmap(-1, self.size + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for at in (start, start + page + self.size):
            if protect(at, page, 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.bytes = np.frombuffer(self.memory, np.uint8, self.size, page)
