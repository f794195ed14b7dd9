"""Settings of the whole suite, made before any test imports aotops."""

import gc
import importlib.util
import os
import shutil
import sys
import tempfile
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes of one run share what they compile, which no other run finds; tests of the cache have others.

    A reduction takes 2 seconds to compile, and several processes, or several tests, need the same ones.

    They share bytecode, too, whatever ``PYTHONDONTWRITEBYTECODE`` says: without it, each process that a test starts
    would compile modules of aotops from source, which takes a build 2 seconds.
    """
    if "AOTOPS_JIT_CACHE" not in os.environ:  # a worker of pytest-xdist has its parent's
        folder = tempfile.mkdtemp(prefix="aotops-tests-")
        os.environ["AOTOPS_JIT_CACHE"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run one process more than there are CPUs with ``-n auto``: each waits for a sixth of its time.

    Tests wait for processes that they start, for interruptions, and for other threads.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cpus + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process of ``-n auto`` as many tests in order, and those that are done first some of the others'.

    By default xdist deals out ever smaller handfuls, so that several processes make the fixtures of a file, and compile
    the same operators at the same time.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are compiled, even if other tests, or an earlier run, have left them in the cache."""
    monkeypatch.setenv("AOTOPS_JIT_CACHE", "0")


def spare_the_collector() -> None:
    """Have Python's garbage collector pass over all objects that are left now, which live as long as the process.

    A full collection takes 0.4 seconds with the tests of the suite, and as much with what a compiler leaves behind.
    Tests of leaks ask for hundreds of collections, and what compiles causes others.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """After the last test of a file, spare the collector what its tests have left."""
    done = yield
    if nextitem is not None and nextitem.path != item.path:
        spare_the_collector()
    return done


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare Python's garbage collector the 17,000 tests.

    Hypothesis looks among all that can be collected for who holds its generator of random numbers when a process runs
    its first property (in CI, where its profile is another), and warns if nobody does, so one runs before.
    """
    if importlib.util.find_spec("hypothesis") is not None:
        from hypothesis import given, settings, strategies

        settings(max_examples=1, database=None)(given(strategies.none())(lambda nothing: None))()
    spare_the_collector()
