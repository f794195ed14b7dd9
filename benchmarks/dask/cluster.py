"""A scheduler and workers of Dask on loopback, started as commands, so that workers begin with what Dask imports.

Workers of a `LocalCluster` import the program that has started them, and with it what it imports.
"""

import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from distributed import Client

PROJECT = Path(__file__).parents[2]
OPERATORS = PROJECT / "examples" / "gridded_year" / "src" / "gridded_year" / "ops.py"
TIMEOUT = 120.0
"""Seconds that a scheduler and its workers may take to start."""


@contextlib.contextmanager
def folder_of_modules() -> Iterator[Path]:
    """A temporary folder with `gridded_ops`, the kernels of examples/gridded_year, built, on the path of all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(OPERATORS, folder / "gridded_ops.py")
        shutil.copy(Path(__file__).parent / "parts.py", folder / "task_parts.py")
        shutil.copy(Path(__file__).parent / "numba_ops.py", folder / "njit_ops.py")
        cached = (folder / "njit_ops.py").read_text(encoding="utf-8").replace("CACHE = False", "CACHE = True")
        (folder / "cached_ops.py").write_text(cached, encoding="utf-8")
        command = [sys.executable, "-m", "aotops", "build", "gridded_ops.py"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        paths = [str(folder), str(PROJECT)]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")  # of a source tree too: what is installed has it
        os.environ["PYTHONDONTWRITEBYTECODE"] = ""
        os.environ["NUMBA_CACHE_DIR"] = str(folder / "numba")
        sys.path[:0] = paths
        yield folder


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Client]:
    """A client of so many workers, each a process of one thread."""
    logging.getLogger("distributed").setLevel(logging.ERROR)  # it warns of each worker that is started anew
    file = folder / "scheduler.json"
    common = ["--host", "127.0.0.1", "--scheduler-file", str(file), "--no-dashboard"]
    started = []

    def start(*arguments: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments, *common]
        with open(folder / "log", "ab") as log:
            started.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))

    try:
        start("scheduler", "--port", "0")
        start("worker", "--nworkers", str(workers), "--nthreads", "1")
        until = time.monotonic() + TIMEOUT
        while not file.exists():
            if time.monotonic() > until:
                raise SystemExit(f"benchmarks.dask: the scheduler does not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.05)
        with Client(scheduler_file=str(file)) as client:
            client.wait_for_workers(workers, timeout=TIMEOUT)
            yield client
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait()
        file.unlink(missing_ok=True)
