"""The default number of threads.

``set_num_threads`` and the environment variable ``AOTOPS_NUM_THREADS`` take precedence; if neither is set, the native
module asks here at the first operation that is large enough for several threads.
"""

from __future__ import annotations

import os

from aotops import cgroups, dask_worker

#: The largest number that can be set; larger ones in the environment are reduced to it.
MOST_THREADS = 1024


def default_count(root: str = "/") -> int:
    """Return the number of threads in ``OMP_NUM_THREADS``, or of CPUs that this process may use.

    The latter is the minimum of the process's CPU affinity, of the quotas of its control group and of all groups
    above, and in a worker of Dask of the number of its threads, at least 1. ``root`` is the folder under which the
    system's files are read.
    """
    # a list such as "4,2" is for nested regions, which are not used here
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    digits = wanted.removeprefix("+").lstrip("0")
    if digits.isascii() and digits.isdecimal():
        return min(int(digits[:5]), MOST_THREADS)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, workers = cgroups.cpu_quota(root), dask_worker.thread_count()
    limits = [available, *(round(limit) for limit in (quota, workers) if limit is not None)]
    return max(1, min(limits))
