"""What Dask's workers in this process allow: the defaults of ``aotops.memory`` and ``aotops.threads`` keep to it.

They ask here when there are first large tensors and launches, which is after a worker has begun. Nothing is imported
that the process has not.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any


def workers() -> list[Any]:
    """The workers of this process: one in a process that Dask has started, any number in one that starts its own."""
    module: Any = sys.modules.get("distributed.worker")
    known = list(getattr(getattr(module, "Worker", None), "_instances", ()))
    return [worker for worker in known if worker.status.name in ("init", "running", "paused")]


def memory_limit() -> int | None:
    """The bytes that the workers may take together; None if there is no worker, or one without a limit.

    Beyond most of it, a worker writes chunks to disk, then takes no more tasks, and at last is ended by its nanny.
    Freed blocks in aotops' cache count, as all memory of the process does.
    """
    limits = [worker.memory_manager.memory_limit for worker in workers()]
    return sum(limits) if limits and all(limits) else None


def thread_count() -> int | None:
    """How many tasks the workers run at once, which is as many threads as they are meant to use; None without any."""
    return sum(worker.state.nthreads for worker in workers()) or None
