"""How many threads an operation may use by default.

``set_num_threads`` and the environment variable ``AOTOPS_NUM_THREADS`` go before; the native module asks here
when neither has said anything and the first operation is large enough to be shared out.
"""

from __future__ import annotations

import os

#: Where Linux says how much CPU time a container may use: a quota and a period in microseconds, or no limit.
CGROUP_FILES = (
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)


def default_count() -> int:
    """The number of threads in ``OMP_NUM_THREADS``, or of CPUs that this process may use.

    The latter is the least of the process's CPU affinity and of what its control group's quota amounts to, at
    least 1.
    """
    # a list, as "4,2", is for nested regions, of which there are none here
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return available if quota is None else max(1, min(available, round(quota)))


def cpu_quota() -> float | None:
    """The CPUs that the control group's quota amounts to, such as 1.5; ``None`` without a quota."""
    for files in CGROUP_FILES:
        words: list[str] = []
        for path in files:
            try:
                with open(path, encoding="ascii") as file:
                    words += file.read().split()
            except OSError:
                break
        if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]) > 0:
            return int(words[0]) / int(words[1])
    return None
