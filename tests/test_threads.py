"""Threads: the same bits on any number of them, how many there are, forks, and other Python threads meanwhile."""

import dataclasses
import functools
import hashlib
import json
import math
import os
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layouts import LAYOUTS, SAMPLED, Layout, assert_same
from test_cgroups import V2, control_groups
from test_operators import available_levels, run_python

import aotops as ao
from aotops import _native, threads
from aotops.aot.back.levels import X86_64_LEVELS

COUNTS = range(1, 9)

#: From this many elements on an operation lets other Python threads run, and may use several itself: ``GRAIN`` of
#: ``loops/plan/fields.py``. In most of these tests it uses all of them, even if that does not pay.
GRAIN = 32768


@pytest.fixture(autouse=True)
def _same_number_of_threads_afterwards() -> Iterator[None]:
    before = ao.get_num_threads()
    yield
    ao.set_num_threads(before)


# --- the same bits ---------------------------------------------------------------------------------------------

FOLDED: dict[str, Callable[[ao.Tensor, int], ao.Tensor]] = {
    "sum": ao.sum,
    "prod": ao.prod,
    "mean": ao.mean,
    "var": ao.var,
    "max": ao.max,
    "min": ao.min,
    "argmax": ao.argmax,
    "argmin": ao.argmin,
    "any": lambda x, axis: ao.any(x > 1.0, axis),
    "cumulative_sum": ao.cumulative_sum,
    "cumulative_prod": ao.cumulative_prod,
}

# Around the grain, the leaf of 8192, the pieces of 2048, 512 and 64, and the parts of a single column.
LENGTHS = (8191, 8193, 20_480, GRAIN - 1, GRAIN, GRAIN + 1, 5 * 8192 + 17, 100_003)
SPACES: list[tuple[str, tuple[int, ...], Callable[[Any], Any]]] = [
    *[("contiguous", (length,), lambda x: x) for length in LENGTHS],
    ("every second", (80_002,), lambda x: x[::2]),
    ("backwards", (40_001,), lambda x: x[::-1]),
    *[("matrix", shape, lambda x: x) for shape in ((5, 8193), (33, 1025), (257, 131), (2050, 17), (700, 64))],
    ("transposed", (300, 131), lambda x: x.T),
    ("strided", (400, 260), lambda x: x[::2, 1::2]),
    ("cube", (17, 65, 31), lambda x: x),
    ("permuted", (17, 65, 31), lambda x: ao.permute_dims(x, (2, 0, 1))),
    *[("narrow", shape, lambda x: x) for shape in ((20_001, 2), (11_000, 3), (2, 20_001), (4000, 3, 3), (2, 3, 9000))],
    ("one column of several", (40_000, 3), lambda x: x[:, 1:2]),
]


#: float64 everywhere, float32 in every other space.
CASES = [("float64", space) for space in SPACES] + [("float32", space) for space in SPACES[::2]]


@pytest.fixture(autouse=True)
def _small_operations_are_shared_out() -> Iterator[None]:
    _native.share_from(GRAIN)
    yield
    _native.share_from(0)


def random_tensor(dtype: str, shape: tuple[int, ...], seed: int) -> ao.Tensor:
    """Numbers whose sums and products have to be rounded."""
    return ao.tensor((np.random.default_rng(seed).random(shape) + 0.5).astype(dtype))


def fold_bits(counts: Any) -> dict[str, list[str]]:
    """A digest of every operation over every space and axis, for some numbers of threads."""
    found: dict[str, list[str]] = {}
    _native.share_from(GRAIN)
    for seed, (dtype, (name, shape, view)) in enumerate(CASES):
        x = view(random_tensor(dtype, shape, seed))
        for operation, call in FOLDED.items():
            digests = []
            for count in counts:
                ao.set_num_threads(count)
                digest = hashlib.sha256()
                for axis in [*range(x.ndim), *([None] if "cumulative" not in operation else [])]:
                    digest.update(np.asarray(call(x, axis)).tobytes())
                digests.append(digest.hexdigest()[:16])
            found[f"{operation} {dtype} {name} {shape}"] = digests
    return found


def fold_bits_alone(counts: list[int], **environment: str) -> dict[str, list[str]]:
    """The same in a process of its own."""
    script = f"import json, test_threads as t; print(json.dumps(t.fold_bits({counts})))"
    done = run_python(script, **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    assert len(found) == len(CASES) * len(FOLDED)
    return found


def test_any_number_of_threads_gives_the_same_bits() -> None:
    found = fold_bits_alone([*COUNTS, 2, 2])
    assert [name for name, digests in found.items() if len(set(digests)) != 1] == []
    assert len({digests[0] for digests in found.values()}) > len(found) * 3 / 4, "digests tell results apart"


cached_levels = functools.cache(available_levels)
bits_here = functools.cache(lambda: fold_bits([1]))


@pytest.mark.parametrize("level", [level.name for level in X86_64_LEVELS])
def test_every_cpu_level_gives_the_same_bits_on_threads(level: str) -> None:
    if level not in cached_levels():
        pytest.skip(f"this machine has only {', '.join(cached_levels())}")
    other = fold_bits_alone([1, 3], AOTOPS_CPU=level)
    assert [name for name, digests in bits_here().items() if {*other[name]} != {*digests}] == []


def large(layout: Layout) -> Layout | None:
    """The same layout with axes so long that an operation on it is shared out; None if it cannot be had."""
    long = [length for length in layout.shape if length > 1]
    if not long or 0 in layout.shape:
        return None
    factor = int((4 * GRAIN / np.prod(long)) ** (1 / len(long))) + 1
    grown = dataclasses.replace(layout, shape=tuple(n * factor if n > 1 else n for n in layout.shape))
    try:
        tensor, _ = grown.pair("bool")
    except ValueError:
        return None
    return grown if tensor.size >= GRAIN else None


LARGE = {name: grown for name, layout in LAYOUTS.items() if (grown := large(layout)) is not None}


def test_most_layouts_can_be_large() -> None:
    assert len(LARGE) >= 35
    assert {"transposed", "permuted", "reversed", "windows", "repeated long rows", "tall matrix"} <= set(LARGE)


@pytest.mark.parametrize("name", LARGE)
def test_elementwise_operations_on_large_tensors_of_every_layout(name: str) -> None:
    for dtype in ("float64", "int64"):
        t, array = LARGE[name].pair(dtype, 1)
        u, brray = LARGE[name].pair(dtype, 2)
        c, crray = LARGE[name].pair("bool", 3)
        row = array[(0,) * (array.ndim - 1)]
        for count in COUNTS:
            ao.set_num_threads(count)
            assert_same(t + u, array + brray, f"add on {count} threads")
            assert_same(ao.where(c, t, u), np.where(crray, array, brray), f"where on {count} threads")
            assert_same(ao.astype(t, "float32"), array.astype("float32"), f"astype on {count} threads")
            assert_same(t - ao.tensor(row), array - row, f"a row on {count} threads")
            out = ao.zeros(t.shape[::-1], dtype=dtype).T
            assert_same(ao.multiply(t, 3, out=out), array * 3, f"out on {count} threads")
        flat = ao.tensor(np.array(array, order="C"))
        assert_same(ao.exp(t), np.asarray(ao.exp(flat)), "exp")


@pytest.mark.parametrize("size", [GRAIN - 1, GRAIN, GRAIN + 1, 2 * GRAIN + 63])
@pytest.mark.parametrize("dtype", SAMPLED)
def test_sizes_about_the_grain(dtype: str, size: int) -> None:
    t, array = Layout("about the grain", (size,)).pair(dtype, 5)
    for count in (1, 2, 7, 8, 64):
        ao.set_num_threads(count)
        assert_same(ao.equal(t, t[::-1]), array == array[::-1], f"{count} threads")
        assert_same(ao.max(t), array.max(), f"{count} threads")
        assert_same(ao.cumulative_sum(t, dtype="int64"), array.astype("int64").cumsum(), f"{count} threads")


def test_more_threads_than_there_are_tiles() -> None:
    ao.set_num_threads(1024)
    values = np.arange(40_000.0)
    assert_same(ao.tensor(values) + 1, values + 1)
    assert ao.sum(ao.tensor(values)).item() == values.sum()
    assert_same(ao.cumulative_sum(ao.tensor(values)), values.cumsum())


# --- outputs that are written past the caches --------------------------------------------------------------------

#: Launches that read and write more than this write so: ``STREAMED_BYTES`` of ``loops/plan/fields.py``.
STREAMED_BYTES = 32 << 20

#: The shape of the output's memory, the view of it that is the output, and what is indexed of an input of that shape
#: to broadcast it.
STREAMED: dict[str, tuple[tuple[int, ...], Any, Any]] = {
    "flat": ((4_200_001,), ..., ...),
    "from the second element on": ((4_200_001,), slice(1, None), ...),
    "in the middle of a line": ((4_200_001,), slice(3, -2), ...),
    "a row": ((1500, 2801), ..., slice(0, 1)),
    "a column": ((1500, 2801), ..., (..., slice(0, 1))),
    "part of rows": ((1500, 2801), (slice(None), slice(1, -1)), ...),
    "rows that are a whole number of lines": ((2100, 2112), (slice(None), slice(0, 2048)), slice(0, 1)),
    "narrow": ((1_400_001, 3), ..., slice(0, 1)),
    "part of narrow rows": ((1_400_001, 3), (slice(None), slice(0, 2)), ...),
    "cubes": ((3, 1400, 1001), (slice(None), slice(1, None)), slice(0, 1)),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
@pytest.mark.parametrize("name", STREAMED)
def test_large_outputs_are_whole_and_nothing_around_them_changes(name: str, dtype: str, count: int) -> None:
    shape, view, broadcast = STREAMED[name]
    ao.set_num_threads(count)
    shape = (shape[0] * 4 if dtype == "bool" else shape[0], *shape[1:])
    generator = np.random.default_rng(1)
    numbers = generator.integers(0, 2 if dtype == "bool" else 100, 100_003, "uint8").astype(dtype)
    a, b = np.resize(numbers, shape), np.resize(numbers[::-1], shape)
    memory = np.ones(shape, dtype)
    expected = memory.copy()
    if dtype == "bool":
        x, y = a[view], b[view][broadcast]
        expected[view] = np.where(x, y, x)
        ao.where(*(ao.asarray(z) for z in (x, y, x)), out=ao.asarray(memory)[view])
    else:
        x, y = a[view], b[view][broadcast]
        assert 2 * x.nbytes + y.nbytes > STREAMED_BYTES
        expected[view] = x * y
        ao.multiply(ao.asarray(x), ao.asarray(y), out=ao.asarray(memory)[view])
    np.testing.assert_array_equal(memory, expected)


@pytest.mark.parametrize("shape", [(2000, 2112), (2001, 2111), (7, 600_001), (600_001, 7), (8, 530_000)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_transposed_copies_are_whole(shape: tuple[int, ...], dtype: str) -> None:
    array = np.random.default_rng(2).random(shape).astype(dtype)
    for count in (1, 3):
        ao.set_num_threads(count)
        assert_same(ao.asarray(array).T.contiguous(), array.T)
        assert_same(ao.astype(ao.asarray(array), dtype, copy=True), array)


# --- Python's own threads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5])
def test_several_python_threads_compute_at_once(count: int) -> None:
    ao.set_num_threads(count)
    arrays = [np.random.default_rng(seed).integers(-99, 99, (260, 301)) for seed in range(8)]

    def work(k: int) -> list[bool]:
        t, array = ao.tensor(arrays[k]), arrays[k]
        pairs = [
            (t.T + t.T, array.T + array.T),
            (ao.sum(t, 0), array.sum(0)),
            (ao.sum(t), array.sum()),
            (ao.argmax(t), array.argmax()),
            (ao.cumulative_sum(t, 0), array.cumsum(0)),
            (ao.where(t > 0, t, -t), np.abs(array)),
        ]
        return [bool((np.asarray(got) == wanted).all()) for got, wanted in pairs]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, list(range(8)) * 10))
    assert results == [[True] * 6] * 80


def advanced_during(call: Callable[[], object], attempts: int) -> int:
    """In how many of some attempts another thread got on while a call ran.

    Python is told not to switch threads by itself, so the other thread runs only when it is let.
    """
    counter, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counter[0] += 1
            time.sleep(0)  # lets others run

    before_interval = sys.getswitchinterval()
    thread = threading.Thread(target=count)
    advanced = 0
    thread.start()
    sys.setswitchinterval(100)
    try:
        for _ in range(attempts):
            time.sleep(0.001)  # the counting thread waits for its turn afterwards
            before = counter[0]
            call()
            advanced += counter[0] > before
    finally:
        sys.setswitchinterval(before_interval)
        stop.set()
        thread.join()
    return advanced


@pytest.mark.parametrize("count", [1, 2])
def test_other_threads_run_during_a_large_operation(count: int) -> None:
    ao.set_num_threads(count)
    x, out = ao.ones(5_000_000), ao.empty(5_000_000)
    for call in (
        lambda: ao.exp(x, out=out),
        lambda: ao.sum(x.view(1000, 5000), 0),
        lambda: ao.cumulative_sum(x, out=out),
    ):
        assert advanced_during(call, 20) > 0


def test_other_threads_do_not_run_during_a_small_operation() -> None:
    x, out = ao.ones(1000), ao.empty(1000)
    assert advanced_during(lambda: ao.exp(x, out=out), 20) == 0


# --- how many --------------------------------------------------------------------------------------------------


def test_the_number_of_threads_is_what_was_set() -> None:
    for count in (1, 2, 7, 1024):
        assert ao.set_num_threads(count) is None
        assert ao.get_num_threads() == count


@pytest.mark.parametrize("wrong", [0, -1, 1025, 10**30, -(10**30)])
def test_a_number_of_threads_out_of_range(wrong: int) -> None:
    ao.set_num_threads(3)
    with pytest.raises(ValueError, match=f"^set_num_threads: n must be from 1 to 1024, got {wrong}$"):
        ao.set_num_threads(wrong)
    assert ao.get_num_threads() == 3


@pytest.mark.parametrize("wrong", [1.5, True, "2", None, [1], np.float64(2)], ids=repr)
def test_a_number_of_threads_that_is_no_int(wrong: object) -> None:
    ao.set_num_threads(3)
    with pytest.raises(TypeError, match=r"^set_num_threads: n must be an int, got "):
        ao.set_num_threads(wrong)  # type: ignore[arg-type]
    assert ao.get_num_threads() == 3


COUNT_THREADS = """
try:
    import aotops
    print(aotops.get_num_threads())
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize("string", ["1", "3", "1024", " 3", "3 ", "+3", "\t+3 \n", "003"])
def test_the_environment_sets_the_number_of_threads(string: str) -> None:
    """Written in any way in which ``OMP_NUM_THREADS`` may be."""
    found = run_python(COUNT_THREADS, AOTOPS_NUM_THREADS=string, OMP_NUM_THREADS="7").stdout.strip()
    assert found == str(int(string))


@pytest.mark.parametrize("string", ["", " "])
def test_an_empty_number_of_threads_is_none(string: str) -> None:
    assert run_python(COUNT_THREADS, AOTOPS_NUM_THREADS=string, OMP_NUM_THREADS="7").stdout.strip() == "7"


@pytest.mark.parametrize("text", ["0", "-1", "1025", "two", "1.5", "2x", "9" * 30, "+", "+ 3", "++3", "3 4", "4,2"])
def test_a_number_of_threads_in_the_environment_that_is_none(text: str) -> None:
    message = f"AOTOPS_NUM_THREADS must be an integer from 1 to 1024, got '{text}'"
    assert run_python(COUNT_THREADS, AOTOPS_NUM_THREADS=text).stdout.strip() == message


@pytest.mark.parametrize(("text", "count"), [("3", 3), ("4,2", 4), (" 5 ,1", 5), ("5000", 1024)])
def test_the_number_of_threads_of_openmp(text: str, count: int) -> None:
    done = run_python(COUNT_THREADS, AOTOPS_NUM_THREADS="", OMP_NUM_THREADS=text)
    assert done.stdout.strip() == str(count), done.stderr


@pytest.fixture
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may use eight CPUs."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


@pytest.mark.usefixtures("eight_cpus")
def test_without_settings_it_is_the_cpus_that_the_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert threads.default_count(str(tmp_path)) == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    for cpus, count in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cpus=cpus: cpus)
        assert threads.default_count(str(tmp_path)) == count


#: What ``OMP_NUM_THREADS`` may be, and how many threads of eight CPUs it makes.
OPENMP_COUNTS = {
    "3": 3,
    "16": 16,
    "4,2": 4,
    " 2 , 3": 2,
    "+5": 5,
    " +5 ": 5,
    "007": 7,
    "1024": 1024,
    "1025": 1024,
    "9" * 30: 1024,
    "9" * 5000: 1024,
    **dict.fromkeys(
        ["", " ", "0", "00", "-2", "x", "2.5", ",3", "+", "++3", "+ 3", "3x", "1_0", "\u0663", "\u00b2"], 8
    ),
}


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize("string", OPENMP_COUNTS, ids=lambda string: ascii(string)[:20])
def test_openmps_variable_goes_before_the_cpus(string: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", string)
    assert threads.default_count(str(tmp_path)) == OPENMP_COUNTS[string]


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize(
    ("quota", "count"),
    [("max 100000", 8), ("150000 100000", 2), ("400000 100000", 4), ("1000 100000", 1), ("3200000 100000", 8)],
)
def test_a_quota_goes_before_the_cpus(quota: str, count: int, tmp_path: Path) -> None:
    root = control_groups(tmp_path, own="0::/a", mounts=[V2], files={"a/cpu.max": quota})
    assert threads.default_count(root) == count


def test_a_set_number_goes_before_the_environment() -> None:
    script = "import aotops as ao; ao.set_num_threads(5); print(ao.get_num_threads())"
    assert run_python(script, AOTOPS_NUM_THREADS="2", OMP_NUM_THREADS="3").stdout.strip() == "5"


# --- forks -----------------------------------------------------------------------------------------------------

FORK = """
    import os, signal, sys, threading, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks among threads
    import aotops as ao

    ao._native.share_from(32768)

    def work():
        x = ao.ones((300, 400))
        assert ao.sum(ao.exp(x.T) * 0 + 1).item() == 120_000.0
        assert ao.argmax(x).item() == 0
        assert ao.cumulative_sum(x, 0)[-1, 7].item() == 300.0
        assert ao.sum(x, 0).tolist() == [300.0] * 400

    def fork():
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a child that hangs dies
            try:
                work()
                count = ao.get_num_threads()
                ao.set_num_threads(3)
                work()
                os._exit(10 + count)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    ao.set_num_threads(4)
"""


def run_fork(body: str) -> list[str]:
    """What a script prints that forks."""
    done = run_python(textwrap.dedent(FORK) + textwrap.dedent(body))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
class TestForks:
    """A child has none of its parent's threads; it starts its own, whatever the parent has done."""

    def test_a_child_of_a_parent_that_has_used_threads(self) -> None:
        assert run_fork("work(); print(fork()); work(); print(fork(), ao.get_num_threads())") == ["14", "14", "4"]

    def test_a_child_of_a_parent_that_has_not(self) -> None:
        assert run_fork("print(fork()); work(); print(fork())") == ["14", "14"]

    def test_a_child_has_threads(self) -> None:
        body = """
            work()
            print(len(os.listdir("/proc/self/task")))
            child = os.fork()
            if child == 0:
                alone = len(os.listdir("/proc/self/task"))
                work()
                os._exit(10 * alone + len(os.listdir("/proc/self/task")))
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            work()
            print(len(os.listdir("/proc/self/task")))
        """
        if not Path("/proc/self/task").exists():
            pytest.skip("this system does not list a process's threads in files")
        assert run_fork(body) == ["4", "14", "4"]

    def test_a_number_that_is_set_in_a_child(self) -> None:
        body = """
            def counts():
                read, write = os.pipe()
                child = os.fork()
                if child == 0:
                    ao.set_num_threads(3)
                    work()
                    os.write(write, str(ao.get_num_threads()).encode())
                    os._exit(0)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
                return os.read(read, 99).decode()
            print(counts())
            work()
            print(counts())
        """
        assert run_fork(body) == ["3", "3"]

    def test_a_child_that_uses_threads_and_forks(self) -> None:
        body = """
            child = os.fork()
            if child == 0:
                work()
                os._exit(fork())
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), ao.get_num_threads(), fork())
        """
        assert run_fork(body) == ["14", "4", "14"]

    def test_a_child_of_a_thread(self) -> None:
        body = """
            work()
            found = []
            threads = [threading.Thread(target=lambda: found.append(fork())) for _ in range(3)]
            for thread in threads:
                thread.start()
                thread.join()
            print(*found)
        """
        assert run_fork(body) == ["14"] * 3

    def test_a_child_made_while_another_thread_computes(self) -> None:
        body = """
            work()
            stop = threading.Event()
            def compute():
                while not stop.is_set():
                    work()
            thread = threading.Thread(target=compute)
            thread.start()
            print(*[fork() for _ in range(20)])
            stop.set()
            thread.join()
        """
        assert run_fork(body) == ["14"] * 20

    @pytest.mark.parametrize("module", ["aotops.namespace.grids", "struct"])
    def test_a_child_made_while_another_thread_imports(self, module: str) -> None:
        """Modules are imported at their first use; what one imports in turn may be of the standard library."""
        body = f"""
            import time
            found = threading.Event()
            class Slow:
                def find_spec(self, name, path=None, target=None):
                    if name == {module!r}:
                        found.set()
                        time.sleep(0.5)
            def use():
                assert ao.linspace(0, 1, 2).tolist() == [0.0, 1.0]
                assert ao.ones(2)[[0, 1]].tolist() == [1.0, 1.0]
            sys.modules.pop("struct", None)
            sys.meta_path.insert(0, Slow())
            thread = threading.Thread(target=use)
            thread.start()
            assert found.wait(30)
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                use()
                os._exit(14)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            thread.join()
        """
        assert run_fork(body) == ["14"]

    def test_a_fork_does_not_wait_forever_for_an_import(self) -> None:
        """It may wait in turn for the thread that forks: here, until the child is there.

        The module waits while it is executed. While finders look for it, Python holds a lock for which any fork waits.
        """
        body = """
            import importlib.machinery
            ao._FORKS_WAIT_S = 0.5
            found, forked = threading.Event(), threading.Event()
            class Waiting:
                def find_spec(self, name, path=None, target=None):
                    return importlib.machinery.ModuleSpec(name, self) if name == "aotops.optim" else None
                def create_module(self, spec):
                    return None
                def exec_module(self, module):
                    found.set()
                    assert forked.wait(30)
                    print("imported")
            sys.meta_path.insert(0, Waiting())
            thread = threading.Thread(target=lambda: ao.optim)
            thread.start()
            assert found.wait(30)
            print(fork(), flush=True)
            forked.set()
            thread.join()
        """
        assert run_fork(body) == ["14", "imported"]

    def test_a_child_of_a_child(self) -> None:
        body = """
            work()
            child = os.fork()
            if child == 0:
                os._exit(fork())
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
        assert run_fork(body) == ["14"]

    def test_a_child_of_a_parent_that_uses_openmp(self) -> None:
        """Another library's pool, which does not survive the fork either, has no part in ours."""
        body = """
            import ctypes, ctypes.util
            name = ctypes.util.find_library("gomp")
            if name:
                library = ctypes.CDLL(name)
                body = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
                library.GOMP_parallel(body, None, 3, 0)
            work()
            print(fork(), fork())
        """
        assert run_fork(body) == ["14", "14"]


# --- the pool --------------------------------------------------------------------------------------------------

#: Counts this process's threads while operations use as many as they may, first under a limit, then without it.
REFUSED = """
    import os, re, resource, sys, time
    import aotops as ao

    status = open("/proc/self/status")  # once root has become another user, it may not be able to open it
    ao._native.share_from(32768)
    ao.set_num_threads(1)
    x, out = ao.ones(400_000), ao.empty(400_000)
    expected = None

    def work():
        ao.multiply(out, 0.0, out=out)
        assert ao.sum(ao.exp(x, out=out)).item() == expected or expected is None
        status.seek(0)
        return int(re.search(r"Threads:\\s*(\\d+)", status.read())[1])

    work()
    expected = ao.sum(out).item()
    ao.set_num_threads(4)
    {limit}
    print(work(), work())
    {lift}
    time.sleep(1.1)  # the pool asks the system again after a second
    print(work())
"""


@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="this system does not list a process's threads in files"
)
@pytest.mark.parametrize("kind", ["address space", "processes"])
def test_threads_that_cannot_be_started_are_done_without(kind: str) -> None:
    if kind == "address space":
        limit = """
            pages = int(open("/proc/self/statm").read().split()[0])
            name = resource.RLIMIT_AS
            before = resource.getrlimit(name)
            resource.setrlimit(name, ((pages - 256) * 4096, before[1]))
        """
    else:
        limit = """
            name = resource.RLIMIT_NPROC
            before = resource.getrlimit(name)
            if os.getuid() == 0:
                os.setresuid(54321, 54321, 0)  # limits do not hold for root
            resource.setrlimit(name, (1, before[1]))
        """
    lift = "resource.setrlimit(name, before)"
    script = textwrap.dedent(REFUSED).format(limit=textwrap.dedent(limit), lift=lift)
    done = run_python(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "1", "4"]


@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="this system does not list a process's threads in files"
)
def test_short_operations_start_no_threads() -> None:
    script = """
        import os, time
        import aotops as ao
        ao.set_num_threads(4)
        x, out = ao.ones(30_000), ao.empty(30_000)
        for _ in range(20):
            ao.exp(x, out=out)
        print(len(os.listdir("/proc/self/task")))
        ao.set_num_threads(3)
        x = ao.ones(3_000_000)
        until = time.monotonic() + 20
        while len(os.listdir("/proc/self/task")) < 3 and time.monotonic() < until:
            ao.exp(x)  # may end before a thread that is slow to start has started the next one
        print(len(os.listdir("/proc/self/task")))
    """
    assert run_python(textwrap.dedent(script)).stdout.split() == ["1", "3"]


def test_a_process_ends_while_others_compute() -> None:
    """Threads of the pool and daemon threads are in the middle of something; the exit status is the script's."""
    script = """
        import sys, threading, time
        import aotops as ao
        ao._native.share_from(32768)
        ao.set_num_threads(4)
        x, out = ao.ones(3_000_000), ao.empty(3_000_000)
        def compute():
            while True:
                ao.exp(x, out=out)
        for _ in range(2):
            threading.Thread(target=compute, daemon=True).start()
        time.sleep(0.05)
        sys.exit(7)
    """
    for _ in range(5):
        done = run_python(textwrap.dedent(script))
        assert (done.returncode, done.stderr) == (7, "")


def test_threads_of_the_pool_receive_no_signals() -> None:
    script = """
        import os, signal, time
        import aotops as ao
        ao._native.share_from(32768)
        ao.set_num_threads(4)
        tasks, until = [], time.monotonic() + 20
        while len(tasks) < 3 and time.monotonic() < until:
            ao.exp(ao.ones(1_000_000))  # may end before a thread that is slow to start has started the next one
            tasks = [name for name in os.listdir("/proc/self/task") if int(name) != os.getpid()]
        time.sleep(1)  # a thread that has not run yet blocks all signals
        for name in tasks:
            status = dict(line.split(":", 1) for line in open(f"/proc/self/task/{name}/status"))
            blocked = int(status["SigBlk"], 16)
            kinds = signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGSEGV
            print([blocked >> (each - 1) & 1 for each in kinds])
    """
    if not Path("/proc/self/task").exists():
        pytest.skip("this system does not list a process's threads in files")
    assert run_python(textwrap.dedent(script)).stdout.split("\n") == [*["[1, 1, 1, 0]"] * 3, ""]


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("position", [None, 0, 777_777, 1_500_001, 2_999_999])
def test_reductions_that_end_early_on_all_threads(threads: int, position: int | None) -> None:
    """The result that nothing changes any more is found in any part, by any thread; also by a part that is the last."""
    before = ao.get_num_threads()
    ao.set_num_threads(threads)
    try:
        for dtype, least, most in (
            ("bool", 0, 1),
            ("uint8", 0, 255),
            ("int64", -(2**63), 2**63 - 1),
            ("float64", 0, math.nan),
        ):
            array = np.full(3_000_000, 1 if dtype == "uint8" else 0, dtype)
            if position is not None:
                array[position] = most
            x = ao.asarray(array)
            for view, oracle in ((x, array), (x[::-1], array), (x.view(1000, 3000).T, array), (x[::2], array[::2])):
                assert bool(ao.any(view)) == bool(oracle.any())
                assert repr(ao.max(view).item()) == repr(oracle.max().item())
                assert ao.argmax(view[:100_000]).item() == np.asarray(view)[:100_000].argmax()
            array[:] = 1
            if position is not None:
                array[position] = least
            assert bool(ao.all(x)) == bool(array.all()) and ao.min(x).item() == array.min()
            assert ao.all(x.view(1000, 3000), 1).tolist() == array.reshape(1000, 3000).all(1).tolist()
    finally:
        ao.set_num_threads(before)
