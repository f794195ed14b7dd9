"""What the tests of clusters run on workers, which import it by name; see test_dask_cluster.py."""

from __future__ import annotations

import hashlib
import sys
import time
from typing import Any

import aotops as ao


def look() -> dict[str, Any]:
    """What there is in the process of a worker."""
    return {
        "compilers": sorted({"numba", "llvmlite"} & set(sys.modules)),
        "threads": ao.get_num_threads(),
        "cache": ao.memory.stats()["limit"],
        "used": ao.memory.stats()["used"],
    }


def spilled(dask_worker: Any) -> int:
    """How many chunks a worker has written to disk."""
    return len(dask_worker.data.disk)


def numbers(block_info: Any = None) -> ao.Tensor:
    """A chunk of ``arange``: made where it is needed, like what is read from files."""
    ((first, end),) = block_info[None]["array-location"]
    return ao.arange(float(first), float(end))


def waves(block_info: Any = None) -> ao.Tensor:
    """A chunk of a matrix whose sums have to be rounded."""
    (top, bottom), (left, right) = block_info[None]["array-location"]
    rows, columns = ao.arange(float(top), float(bottom)), ao.arange(float(left), float(right))
    return ao.sin(0.37 * rows[:, None] + 0.011 * columns) + 1e-3 * columns


def slowly(x: ao.Tensor) -> ao.Tensor:
    """The same after a while, so that there is a middle of the computation."""
    time.sleep(0.02)
    return x


def describe(x: ao.Tensor, used_before: int) -> dict[str, Any]:
    """A tensor as it has arrived at a worker, and how many bytes have been allocated for it."""
    used = ao.memory.stats()["used"] - used_before
    return {"readonly": x.readonly, "strides": x.strides, "used": used, "digest": digest(x)}


def digest(x: Any) -> str:
    """A digest of the bits of a tensor or of NumPy's array."""
    return hashlib.sha256(bytes(memoryview(ao.asarray(x).contiguous()))).hexdigest()
