"""How many threads an operation may use by default.

``set_num_threads`` and the environment variable ``AOTOPS_NUM_THREADS`` go before; the native module asks here
when neither has said anything and the first operation is large enough to be shared out.
"""

from __future__ import annotations

import os

from aotops import cgroups

#: As many as can be set; more in the environment are taken for these.
MOST_THREADS = 1024


def default_count(root: str = "/") -> int:
    """The number of threads in ``OMP_NUM_THREADS``, or of CPUs that this process may use.

    The latter is the least of the process's CPU affinity and of what the quotas of its control group, and of those
    above, amount to, at least 1. ``root`` is the folder under which the system's files are read.
    """
    # a list, as "4,2", is for nested regions, of which there are none here
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    digits = wanted.removeprefix("+").lstrip("0")
    if digits.isascii() and digits.isdecimal():
        return min(int(digits[:5]), MOST_THREADS)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroups.cpu_quota(root)
    return available if quota is None else max(1, min(available, round(quota)))
