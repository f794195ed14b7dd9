"""The memory of tensors: what is in use, and the cache of freed blocks that new tensors are made from.

Fresh pages from the operating system cost several times as much as filling them, so the memory of freed tensors is
cached and reused for tensors of about the same size. The size of the cache is limited, by default to 1 GiB or an
eighth of the memory of the machine, the container or the worker of Dask, whichever is least; beyond the limit, the
oldest blocks are returned to the system.
"""

from __future__ import annotations

from aotops import _native
from aotops.arguments import advised

#: The limit on machines with plenty of memory.
MOST_CACHED = 2**30


def default_limit(root: str = "/") -> int:
    """Return the default limit of the cache in bytes: an eighth of the memory that the process may use, up to 1 GiB.

    The native module asks when the first few MB have been allocated. ``root`` is the folder under which the system's
    files are read.
    """
    import os

    from aotops import cgroups, dask_worker

    limits = [8 * MOST_CACHED]
    if hasattr(os, "sysconf") and {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= os.sysconf_names.keys():
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limits = [size for size in limits if size > 0]
    limits += [size for size in (cgroups.memory_limit(root), dask_worker.memory_limit()) if size is not None]
    return min(limits) // 8


@advised
def stats() -> dict[str, int]:
    """Return statistics of the memory of tensors.

    Returns:
        A dict. ``used`` and ``peak`` are the bytes in tensors, now and at most so far; ``cached`` the bytes in the
        cache, and ``limit`` its limit; ``hits`` and ``misses`` count the blocks taken from the cache and from the
        system. Sizes are rounded up, by at most a quarter; tensors of up to 320 bytes and memory shared with other
        objects do not count.

    Example:
        >>> import aotops as ao
        >>> sorted(ao.memory.stats())
        ['cached', 'hits', 'limit', 'misses', 'peak', 'used']
    """
    names = ("used", "peak", "cached", "limit", "hits", "misses")
    return dict(zip(names, _native.memory_stats(), strict=True))


@advised
def release() -> int:
    """Return all cached memory to the system.

    Returns:
        The number of bytes.

    Example:
        >>> import aotops as ao
        >>> freed = ao.memory.release()
        >>> ao.memory.stats()["cached"]
        0
    """
    return _native.memory_release()


@advised
def set_cache_limit(bytes: int) -> None:
    """Set how many bytes may be cached. Memory beyond the limit is returned to the system at once.

    Parameters:
        bytes: The limit; 0 turns the cache off.

    Raises:
        TypeError: ``bytes`` is not an int.
        ValueError: It is negative.

    Example:
        >>> import aotops as ao
        >>> limit = ao.memory.stats()["limit"]
        >>> ao.memory.set_cache_limit(0)
        >>> ao.memory.stats()["cached"]
        0
        >>> ao.memory.set_cache_limit(limit)
    """
    if not isinstance(bytes, int) or isinstance(bytes, bool):
        from aotops.errors import wrong_type

        wrong_type("set_cache_limit", "bytes", "an int", bytes)
    if bytes < 0:
        from aotops.errors import reject, shown

        reject(ValueError, "set_cache_limit", "bytes", "not be negative", shown(bytes))
    _native.memory_limit(min(bytes, 2**62))
