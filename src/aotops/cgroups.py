"""The limits of Linux control groups, which restrict containers and services to a part of a machine.

A process belongs to one group per hierarchy (one hierarchy in version 2, one per set of controllers in version 1), and
the limits of its group and of all groups above it apply together. Inside a container, the groups above its own may be
invisible; all visible ones are read. Each function takes a folder to use as ``/``, for tests.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Iterator


def lines_of(path: str) -> list[str]:
    """Return the lines of a system file, or none if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []


def number_in(path: str, position: int = 0) -> int | None:
    """Return a number from the words of a file's first line; None for "max" and for anything else."""
    words = "".join(lines_of(path)[:1]).split()
    word = words[position] if position < len(words) else ""
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 20 else None


def unescaped(path: str) -> str:
    """Decode a path in ``/proc/self/mountinfo``, where blanks and backslashes are written in octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path


def groups(controller: str, root: str = "/") -> Iterator[tuple[int, str]]:
    """Yield the version and the folder of each group that limits this process's use of a controller, its own first."""
    root = root.rstrip("/")
    own = {}  # the path of the process's group in each hierarchy, by the hierarchy's controllers
    for line in lines_of(f"{root}/proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            own[2] = path
        elif controller in controllers.split(","):
            own[1] = path
    for line in lines_of(f"{root}/proc/self/mountinfo"):
        mount, _, system = line.partition(" - ")
        words, (kind, *rest_of_system) = mount.split(" "), system.split(" ")
        if kind == "cgroup2":
            version = 2
        elif kind == "cgroup" and controller in rest_of_system[-1].split(","):
            version = 1
        else:
            continue
        if version not in own or len(words) < 5:
            continue
        # the hierarchy below `top` is mounted at `place`
        top, place = unescaped(words[3]).rstrip("/"), root + unescaped(words[4]).rstrip("/")
        path = own[version].rstrip("/")
        below = path[len(top) :] if path == top or path.startswith(top + "/") else ""
        if "/.." in below:  # not visible to this process
            below = ""
        while True:
            yield version, place + below
            if not below:
                break
            below = below.rpartition("/")[0]


def cpu_quota(root: str = "/") -> float | None:
    """Return the smallest quota as a number of CPUs, such as 1.5; None without a quota."""
    quotas = []
    for version, folder in groups("cpu", root):
        if version == 2:
            quota, period = number_in(f"{folder}/cpu.max"), number_in(f"{folder}/cpu.max", 1)
        else:
            quota, period = number_in(f"{folder}/cpu.cfs_quota_us"), number_in(f"{folder}/cpu.cfs_period_us")
        if quota is not None and period:
            quotas.append(quota / period)
    return min(quotas, default=None)


def memory_limit(root: str = "/") -> int | None:
    """Return the smallest memory limit in bytes, hard or soft (``memory.high``); None without one."""
    limits = []
    for version, folder in groups("memory", root):
        names = ("memory.max", "memory.high") if version == 2 else ("memory.limit_in_bytes",)
        limits += [number for name in names if (number := number_in(f"{folder}/{name}")) is not None]
    return min(limits, default=None)
