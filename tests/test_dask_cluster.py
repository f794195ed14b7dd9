"""aotops on a cluster of Dask: several processes, and the commands ``dask scheduler`` and ``dask worker`` on loopback.

Workers have no Numba: a module of that name that cannot be imported stands before it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="clusters are Dask's, and it is not installed here")

import dask
import dask.array as da
import numpy as np
from cluster_tasks import describe, digest, look, numbers, slowly, spilled, waves
from distributed import Client, LocalCluster, wait
from needs import ONE_JOB, requires_compiler, requires_numba

import aotops as ao

pytestmark = [
    requires_numba,
    requires_compiler,
    # where the machine is busy Dask ends workers that take long to close, and leaves their sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

OPERATORS = """
import math
import aotops as ao


@ao.map(dtypes="float64")
def gelu(x):
    return 0.5 * x * (1.0 + math.erf(x * 0.7071067811865476))


@ao.kernel("(n)->()", dtypes=[("float64", "int64")])
def rises(x, out):
    count = 0
    for i in range(1, x.shape[0]):
        count += 1 if x[i] > x[i - 1] else 0
    out[0] = count
"""


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A user's module with operators that are built, on the path of this process and of all that it starts."""
    folder = tmp_path_factory.mktemp("operators")
    (folder / "operators_on_a_cluster.py").write_text(OPERATORS, encoding="utf-8")
    command = [sys.executable, "-m", "aotops", "build", "operators_on_a_cluster.py"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | ONE_JOB)
    (folder / "without" / "numba").mkdir(parents=True)
    (folder / "without" / "numba" / "__init__.py").write_text("raise ImportError('there is no Numba here')\n")
    paths = [str(folder / "without"), str(folder), str(Path(__file__).parent)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])]))
        patch.syspath_prepend(str(folder))
        import operators_on_a_cluster

        yield operators_on_a_cluster


@contextlib.contextmanager
def local_cluster(workers: int, threads: int, **options: Any) -> Iterator[Client]:
    """A client of a new cluster of processes of this machine."""
    with (
        LocalCluster(n_workers=workers, threads_per_worker=threads, dashboard_address=":0", **options) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(workers, timeout=120)
        yield client


@pytest.fixture(scope="module")
def two_workers(operators: Any) -> Iterator[Client]:
    """A client of a cluster of two workers of one thread, which several tests share: starting one takes seconds."""
    with local_cluster(2, 1) as client:
        yield client


@contextlib.contextmanager
def commands(folder: Path, *workers: tuple[str, dict[str, str]], count: int) -> Iterator[Client]:
    """A client of a scheduler and of workers that are started as commands, with options and variables of their own."""
    file = folder / "scheduler.json"
    started = []

    def start(*arguments: str, **variables: str) -> None:
        with open(folder / f"{len(started)}.log", "wb") as log:
            command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file), "--no-dashboard"]
            started.append(
                subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **variables})
            )

    try:
        start("scheduler", "--host", "127.0.0.1", "--port", "0")
        for options, variables in workers:
            start("worker", "--host", "127.0.0.1", *options.split(), **variables)
        until = time.monotonic() + 120
        while not file.exists():
            assert time.monotonic() < until, (folder / "0.log").read_text()
            time.sleep(0.05)
        with Client(scheduler_file=str(file)) as client:
            client.wait_for_workers(count, timeout=120)
            yield client
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # a worker that waits for what has ended before it
                process.kill()
                process.wait()


# --- operators and tensors --------------------------------------------------------------------------------------------


def test_workers_that_are_started_by_commands(operators: Any, tmp_path: Path) -> None:
    """They get operators by importing them, compile nothing, and have as many threads as they are meant to have."""
    workers = (
        ("--nworkers 1 --nthreads 2 --name nanny", {}),
        ("--no-nanny --nthreads 1 --name alone", {"OMP_NUM_THREADS": ""}),
        ("--nworkers 1 --nthreads 1 --name set", {"AOTOPS_NUM_THREADS": "3"}),
    )
    x = ao.linspace(-3.0, 3.0, 1001)
    expected = digest(operators.gelu(ao.exp(x)))
    with commands(tmp_path, *workers, count=3) as client:
        names = {address: str(worker["name"]) for address, worker in client.scheduler_info(-1)["workers"].items()}
        exps = {address: client.submit(ao.exp, x, workers=[address], key=f"exp {address}") for address in names}
        for address, future in exps.items():
            result = client.submit(operators.gelu, future, workers=[address])
            assert digest(result.result()) == expected
            assert client.submit(operators.rises, future, workers=[address]).result().item() == 1000
        y = da.from_array(x, chunks=100, asarray=False)
        assert digest(operators.gelu(ao.exp(y)).compute()) == expected
        for address, found in client.run(look).items():
            assert found["compilers"] == []
            assert found["threads"] == (3 if names[address].startswith("set") else 1), names[address]


def test_tensors_travel_without_copies(two_workers: Client) -> None:
    """From worker to worker nothing is allocated for them, they may be written to, and keep the order of their axes."""
    cube = ao.reshape(ao.arange(3e6), (100, 100, 300))
    tensors = [
        cube,
        cube.permute(2, 0, 1),
        ao.broadcast_to(ao.arange(300.0), (10, 10, 300)),
        ao.asarray(np.broadcast_to(np.arange(3e5), (3, 300_000))),
    ]
    client = two_workers
    first, second = client.scheduler_info(-1)["workers"]
    for number, tensor in enumerate(tensors):
        (future,) = client.scatter([tensor], workers=[first], hash=False)
        axes = range(tensor.ndim)  # in the order in which they are
        there = client.submit(ao.Tensor.permute, future, *axes, workers=[first], key=f"there {number}")
        wait(there)
        used = client.run(look, workers=[second])[second]["used"]
        found = client.submit(describe, there, used, workers=[second], key=f"described {number}").result()
        assert found == {
            "readonly": tensor.readonly,
            "strides": tensor.strides,
            "used": 0,
            "digest": digest(tensor),
        }


@pytest.mark.parametrize("chunks", [(900, 40), (70, 400)])
def test_chunks_are_exchanged_between_workers(two_workers: Client, chunks: Any) -> None:
    """By Dask's method "p2p", which it takes by itself for large arrays on a cluster."""
    values = np.arange(900.0 * 400).reshape(900, 400)
    x = da.from_array(ao.asarray(values), chunks=(300, 150), asarray=False)
    y = x.rechunk(chunks, method="p2p")
    assert type(y._meta) is ao.Tensor and "p2p" in "".join(y.dask.layers)
    result = two_workers.compute(y).result()
    assert type(result) is ao.Tensor and np.array_equal(np.asarray(result), values)


def test_workers_in_this_process(operators: Any) -> None:
    """Their launches share as many threads as they have; there the variable of Dask's nanny is not set."""
    script = """
        import sys
        import distributed, aotops as ao
        def count():
            return ao.get_num_threads()
        if __name__ == "__main__":
            options = dict(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0")
            with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
                print(client.submit(count).result())
    """
    from textwrap import dedent

    done = subprocess.run(
        [sys.executable, "-c", dedent(script)],
        env={**os.environ, "OMP_NUM_THREADS": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["1"], done.stderr


@pytest.mark.slow
def test_a_worker_without_the_module_of_an_operator_says_so(operators: Any, tmp_path: Path) -> None:
    """It stays a worker, and the task has failed; a scheduler needs no module of the user's."""
    x = da.from_array(ao.linspace(-3.0, 3.0, 100), chunks=50, asarray=False)
    expected = digest(operators.gelu(ao.linspace(-3.0, 3.0, 100)))
    paths = os.environ["PYTHONPATH"]
    workers = (
        ("--nworkers 1 --nthreads 1 --no-nanny --name has", {"PYTHONPATH": paths}),
        ("--nworkers 1 --nthreads 1 --no-nanny --name lacks", {}),
    )
    hidden = os.pathsep.join([path for path in paths.split(os.pathsep) if path not in sys.path])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", hidden)
        with commands(tmp_path, *workers, count=2) as client:
            for call in (operators.gelu, lambda x: ao.sum(operators.gelu(x)), operators.rises):
                failing = client.compute(call(x.rechunk(-1)), workers=["lacks"])
                with pytest.raises(ImportError, match=r"(gelu|rises): its module must be importable by each"):
                    failing.result(timeout=60)
            whole = client.compute(operators.gelu(x), workers=["has"])
            assert digest(whole.result(timeout=60)) == expected
            assert len(client.scheduler_info(-1)["workers"]) == 2


# --- the same bits ----------------------------------------------------------------------------------------------------


def results(operators: Any) -> list[Any]:
    """Arrays whose bits depend on the order of additions, and on how what is computed travels."""
    x = da.map_blocks(waves, chunks=((300,) * 6, (250, 250, 300)), dtype=float, meta=ao.empty((0, 0)))
    y = operators.gelu(x)
    return [
        ao.sum(y),
        ao.mean(ao.exp(x), axis=0),
        ao.var(x, axis=1),
        y.rechunk((1800, 40)).T,
        ao.argmax(y, axis=0),
        ao.cumulative_sum(y, axis=0),
        ao.cumulative_sum(x, axis=1, method="blelloch"),
        da.cumsum(y, axis=1),
        da.tensordot(x.T, y, axes=1),
        ao.tensordot(x, y, axes=2),
        ao.matmul(x[:, :250], y.T[:250]),
        da.tensordot(y[:, ::3], x[0, ::3], axes=1),
    ]


def bits_of(arrays: list[Any], **options: Any) -> list[str]:
    return [digest(each) for each in dask.compute(*arrays, **options)]


def test_any_scheduler_gives_the_same_bits(operators: Any, two_workers: Client) -> None:
    arrays = results(operators)
    expected = bits_of(arrays, scheduler="synchronous")
    assert bits_of(arrays, scheduler="threads", num_workers=3) == expected
    assert bits_of(arrays, scheduler=two_workers) == expected


@pytest.mark.slow
def test_any_number_of_workers_and_threads_gives_the_same_bits(operators: Any) -> None:
    arrays = results(operators)
    expected = bits_of(arrays, scheduler="synchronous")
    for threads in range(1, 5):
        for workers in range(1, 5):
            with local_cluster(workers, threads):
                assert bits_of(arrays) == expected, (workers, threads)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def kill_one(client: Client, after: int) -> None:
    """End a worker as the system does that has no memory left, when some tasks are done and others are not."""

    def progress(dask_scheduler: Any) -> tuple[int, int]:
        states = [task.state for task in dask_scheduler.tasks.values()]
        return states.count("memory") + states.count("released"), len(states)

    until = time.monotonic() + 60
    while (done := client.run_on_scheduler(progress))[0] < after or not done[1]:
        assert time.monotonic() < until, done
        time.sleep(0.01)
    assert done[0] < done[1], "there is nothing left to compute"
    pids = client.run(os.getpid)
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def with_a_worker_killed(client: Client, number: int) -> None:
    """Half of what there is on the way has to be computed again."""
    x = da.map_blocks(waves, chunks=((100,) * 10, (100,) * 10), dtype=float, meta=ao.empty((0, 0)))
    x = x.map_blocks(slowly, meta=ao.empty((0, 0)), token=f"slowly-{number}")
    result = ao.sum(ao.exp(x) + x.T, axis=0)
    expected = digest(result.compute(scheduler="synchronous"))
    future = client.compute(result)
    kill_one(client, 5 + 7 * number)
    assert digest(future.result(120)) == expected
    client.wait_for_workers(2, timeout=120)


def test_a_worker_that_is_killed_costs_time_alone(two_workers: Client) -> None:
    with_a_worker_killed(two_workers, 1)


@pytest.mark.slow
def test_workers_may_be_killed_at_any_time(operators: Any) -> None:
    for number in range(20):  # a nanny gives up on a worker that is killed while it starts: each time another cluster
        with local_cluster(2, 1) as client:
            with_a_worker_killed(client, number)


def through_the_disk(client: Client, megabytes: int, number: int = 0) -> None:
    """Compute with data that do not fit the workers' memory; a chunk takes a megabyte."""
    chunks = ((125_000,) * megabytes,)
    x = da.map_blocks(numbers, chunks=chunks, dtype=float, meta=ao.empty(0), token=f"numbers-{number}").persist()
    wait(x)
    assert sum(client.run(spilled).values()) > megabytes // 4
    n = megabytes * 125_000
    assert float((x[::-1] + x).sum().compute()) == n * (n - 1.0)
    assert float(ao.max(x * 2.0).compute()) == 2.0 * (n - 1)


@pytest.mark.slow
def test_data_that_do_not_fit_memory_go_through_the_disk(operators: Any) -> None:
    with local_cluster(2, 1, memory_limit="240MB") as client:
        through_the_disk(client, 160)
        assert {found["cache"] for found in client.run(look).values()} == {30_000_000}, "an eighth of the limit"


@pytest.mark.slow
def test_data_of_twice_the_memory_go_through_the_disk_again_and_again(operators: Any) -> None:
    with local_cluster(2, 1, memory_limit="250MB") as client:
        for number in range(20):
            through_the_disk(client, 1000, number)
