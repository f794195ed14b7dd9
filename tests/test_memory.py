"""The memory of tensors: alignment, the cache of freed blocks, its limit and its accounts."""

import ctypes
import gc
import itertools
import random
import sys
import textwrap
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES
from test_operators import run_python

import aotops as ao
from aotops import memory

MIB = 2**20


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """A cache of nothing that may hold 64 MiB, and the limit as it was afterwards."""
    gc.collect()
    limit = memory.stats()["limit"]
    memory.set_cache_limit(64 * MIB)
    memory.release()
    yield
    memory.set_cache_limit(limit)


def address(x: ao.Tensor) -> int:
    """Where a writable tensor's first element lies."""
    return ctypes.addressof(ctypes.c_char.from_buffer(x))


def rounded(nbytes: int) -> int:
    """The size of the block for some bytes: 4, 5, 6 or 7 times a power of two, at least 512."""
    unit = 128
    while unit * 7 < nbytes:
        unit *= 2
    return max(4, -(-nbytes // unit)) * unit


def changes(before: dict[str, int]) -> dict[str, int]:
    """What has changed in the accounts."""
    return {name: now - before[name] for name, now in memory.stats().items() if now != before[name]}


# --- alignment ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_is_aligned_to_cache_lines(dtype: str) -> None:
    sizes = [1, 2, 3, 7, 8, 9, 40, 41, 63, 64, 65, 100, 1000, 8191, 8192, 10_007, 100_000, 1_000_003]
    kept = []
    for size in sizes * 3:
        t = ao.empty(size, dtype=dtype)
        assert address(t) % 64 == 0
        assert np.asarray(t).ctypes.data == address(t)
        kept.append(t)
    spans = sorted((address(t), address(t) + t.size * t.dtype.itemsize) for t in kept)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans)), "no two share memory"


def test_blocks_from_the_cache_are_aligned() -> None:
    for size in (100, 10_000, 1_000_000):
        del_me = [ao.empty(size) for _ in range(4)]
        del del_me
        assert all(address(t) % 64 == 0 for t in [ao.empty(size - 5) for _ in range(4)])
    assert memory.stats()["hits"] > 0


# --- reuse -------------------------------------------------------------------------------------------------------


def test_a_freed_block_is_the_next_one_of_its_size() -> None:
    t = ao.empty(100_000)
    place = address(t)
    before = memory.stats()
    del t
    assert changes(before) == {"used": -rounded(800_000), "cached": rounded(800_000)}
    t = ao.ones(99_999)
    assert address(t) == place
    assert changes(before) == {"hits": 1}
    assert t.tolist() == [1.0] * 99_999
    other = ao.empty(100_000)
    assert address(other) != place
    assert changes(before)["misses"] == 1


def test_the_block_freed_last_goes_first() -> None:
    tensors = [ao.empty(1000) for _ in range(3)]
    places = [address(t) for t in tensors]
    while tensors:
        del tensors[0]
    again = [ao.empty(1000) for _ in range(3)]
    assert [address(t) for t in again] == places[::-1]


def test_a_block_of_another_size_is_not_used() -> None:
    t = ao.empty(1000)
    del t
    before = memory.stats()
    larger, smaller = ao.empty(2000), ao.empty(500)
    assert changes(before) == {"used": rounded(16_000) + rounded(4000), "misses": 2, **peak(before)}
    del larger, smaller


def peak(before: dict[str, int]) -> dict[str, int]:
    """The change of the peak, if there is one."""
    change = memory.stats()["peak"] - before["peak"]
    return {"peak": change} if change else {}


def test_views_keep_their_memory() -> None:
    t = ao.arange(10_000)
    view = t[5000:5003]
    before = memory.stats()
    del t
    assert changes(before) == {}
    assert view.tolist() == [5000, 5001, 5002]
    del view
    assert changes(before)["cached"] == rounded(80_000)


def test_small_tensors_and_others_memory_do_not_count() -> None:
    before = memory.stats()
    small = [ao.empty(40), ao.empty(320, dtype="bool"), ao.tensor(1.0), ao.empty(0), ao.empty((1000, 0))]
    shared = ao.asarray(np.ones(10_000))
    assert changes(before) == {}
    del small, shared
    assert changes(before) == {}


# --- the limit ---------------------------------------------------------------------------------------------------


def test_the_limit_is_kept_and_the_oldest_go_first() -> None:
    size = rounded(8 * 10_000)
    memory.set_cache_limit(3 * size)
    tensors = [ao.empty(10_000) for _ in range(5)]
    places = [address(t) for t in tensors]
    for k in range(5):
        tensors[k] = None
        assert memory.stats()["cached"] == min(k + 1, 3) * size
    before = memory.stats()
    again = [ao.empty(10_000) for _ in range(3)]
    assert [address(t) for t in again] == places[:1:-1], "the last three are left"
    assert changes(before)["hits"] == 3


def test_the_oldest_goes_first_whatever_its_size() -> None:
    sizes = [10_000, 50_000, 20_000]
    tensors = [ao.empty(size) for size in sizes]
    blocks = [rounded(8 * size) for size in sizes]
    while tensors:
        del tensors[0]
    for gone in range(1, 4):
        memory.set_cache_limit(sum(blocks[gone - 1 :]) - 1)
        assert memory.stats()["cached"] == sum(blocks[gone:])


def test_a_used_block_is_young_again() -> None:
    size = rounded(80_000)
    first, second = ao.empty(10_000), ao.empty(10_000)
    places = [address(first), address(second)]
    del first
    del second
    second = ao.empty(10_000)
    first = ao.empty(10_000)
    assert [address(first), address(second)] == places
    del second
    del first  # now the younger one
    memory.set_cache_limit(size)
    assert address(ao.empty(10_000)) == places[0]


def test_a_block_beyond_the_limit_is_not_kept() -> None:
    kept = ao.empty(10_000)
    del kept
    before = memory.stats()["cached"]
    large = ao.empty(65 * MIB, dtype="bool")
    del large
    assert memory.stats()["cached"] == before > 0, "nor does it drive out others"


def test_a_limit_of_zero_turns_the_cache_off() -> None:
    t = ao.empty(10_000)
    del t
    memory.set_cache_limit(0)
    assert memory.stats()["cached"] == memory.stats()["limit"] == 0
    before = memory.stats()
    for _ in range(3):
        ao.empty(10_000)
    assert changes(before) == {"misses": 3, **peak(before)}


def test_release_gives_back_what_waits() -> None:
    assert memory.release() == 0
    tensors = [ao.empty(size) for size in (100, 10_000, 200_000)]
    sizes = sum(rounded(8 * t.size) for t in tensors)
    del tensors
    before = memory.stats()
    assert memory.release() == sizes
    assert changes(before) == {"cached": -sizes}
    assert memory.release() == 0


@pytest.mark.parametrize("wrong", [-1, -(10**30)])
def test_a_negative_limit(wrong: int) -> None:
    before = memory.stats()
    with pytest.raises(ValueError, match=f"^set_cache_limit: bytes must not be negative, got {wrong}$"):
        memory.set_cache_limit(wrong)
    assert changes(before) == {}


@pytest.mark.parametrize("wrong", [1.0, "1", None, True, [1]], ids=repr)
def test_a_limit_that_is_no_int(wrong: object) -> None:
    before = memory.stats()
    with pytest.raises(TypeError, match=rf"^set_cache_limit: bytes must be an int, got {type(wrong).__name__}\b"):
        memory.set_cache_limit(wrong)  # type: ignore[arg-type]
    assert changes(before) == {}


def test_a_limit_beyond_any_memory() -> None:
    memory.set_cache_limit(10**30)
    assert memory.stats()["limit"] >= 2**62
    t = ao.empty(10_000)
    del t
    assert memory.stats()["cached"] == rounded(80_000)


# --- accounts ----------------------------------------------------------------------------------------------------


def test_accounts_return_to_where_they_were() -> None:
    def work() -> None:
        x = ao.arange(50_000.0).view(100, 500)
        y = (x.T * 2 + 1).contiguous()
        ao.sum(y, 0), ao.mean(x, 1), ao.var(y), ao.std(x, 0), ao.argmax(x.T), ao.cumulative_sum(y, 1)
        ao.where(x > 1, x, 0.0), ao.clip(x, 1, y.T), ao.astype(x, "float32"), x[::2].reshape(-1)
        for call in (lambda: x + y[:3], lambda: ao.sum(x, 7), lambda: ao.exp(x, out=y), lambda: ao.argmax(x[:0])):
            with pytest.raises(ValueError):  # noqa: PT011 any of them
                call()

    work()
    gc.collect()
    before = memory.stats()
    for _ in range(5):
        work()
    gc.collect()
    after = memory.stats()
    assert after["used"] == before["used"]
    assert after["cached"] == before["cached"]
    assert after["misses"] == before["misses"], "everything came from the cache"
    assert after["hits"] > before["hits"]


def test_the_peak_is_the_most_there_was() -> None:
    used, top = memory.stats()["used"], memory.stats()["peak"]
    size = rounded(8 * MIB)
    tensors = [ao.empty(MIB) for _ in range(3 + (top - used) // size)]
    highest = memory.stats()["used"]
    assert memory.stats()["peak"] == highest == used + len(tensors) * size > top
    del tensors
    assert memory.stats()["peak"] == highest


class Model:
    """The accounts as ``memory.c`` describes them."""

    def __init__(self, limit: int) -> None:
        self.start = memory.stats()
        self.limit, self.used, self.hits, self.misses = limit, 0, 0, 0
        self.waiting: list[int] = []  # oldest first

    def allocate(self, nbytes: int) -> None:
        size = rounded(nbytes)
        if size in self.waiting:
            # the youngest of its size
            del self.waiting[len(self.waiting) - 1 - self.waiting[::-1].index(size)]
            self.hits += 1
        else:
            self.misses += 1
        self.used += size

    def free(self, nbytes: int) -> None:
        size = rounded(nbytes)
        self.used -= size
        if size <= self.limit:
            self.trim(self.limit - size)
            self.waiting.append(size)

    def trim(self, limit: int) -> None:
        while sum(self.waiting) > limit:
            del self.waiting[0]

    def check(self) -> None:
        now = memory.stats()
        assert now["used"] - self.start["used"] == self.used
        assert now["hits"] - self.start["hits"] == self.hits
        assert now["misses"] - self.start["misses"] == self.misses
        assert now["cached"] == sum(self.waiting) <= self.limit == now["limit"]
        assert now["peak"] >= now["used"]


ACTIONS = st.one_of(
    st.tuples(st.just("allocate"), st.one_of(st.integers(321, 5000), st.integers(5000, 300_000))),
    st.tuples(st.just("free"), st.integers(0, 100)),
    st.tuples(st.just("limit"), st.sampled_from([0, 1000, 30_000, 400_000])),
    st.tuples(st.just("release"), st.just(0)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ACTIONS, max_size=60))
def test_the_accounts_are_those_of_a_model(actions: list[tuple[str, int]]) -> None:
    memory.set_cache_limit(400_000)
    memory.release()
    model = Model(400_000)
    alive: list[ao.Tensor] = []
    for name, number in actions:
        if name == "allocate":
            alive.append(ao.empty(number, dtype="bool"))
            model.allocate(number)
        elif name == "free" and alive:
            nbytes = alive.pop(number % len(alive)).size
            model.free(nbytes)
        elif name == "limit":
            memory.set_cache_limit(number)
            model.limit = number
            model.trim(number)
        elif name == "release":
            assert memory.release() == sum(model.waiting)
            model.trim(0)
        model.check()


def test_contents_survive_the_life_of_others() -> None:
    generator = random.Random(0)
    alive: list[tuple[int, ao.Tensor]] = []
    for k in range(3000):
        alive.append((k, ao.full(generator.choice([41, 64, 100, 1000, 9000]), k)))
        if len(alive) > 20:
            number, tensor = alive.pop(generator.randrange(len(alive)))
            assert ao.min(tensor).item() == ao.max(tensor).item() == number


def test_many_threads_take_and_give_memory() -> None:
    wrong: list[tuple[int, int]] = []

    def work(seed: int) -> None:
        generator = random.Random(seed)
        kept: list[tuple[int, ao.Tensor]] = []
        for k in range(300):
            number = seed * 1000 + k
            kept.append((number, ao.full(generator.choice([50, 500, 5000, 40_000]), number)))
            if len(kept) > 5:
                number, tensor = kept.pop(generator.randrange(len(kept)))
                if ao.min(tensor).item() != number or ao.max(tensor).item() != number:
                    wrong.append((seed, number))

    gc.collect()
    before = memory.stats()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    gc.collect()
    after = memory.stats()
    assert wrong == []
    assert after["used"] == before["used"]
    assert after["hits"] + after["misses"] - before["hits"] - before["misses"] == 6 * 300
    assert after["cached"] <= after["limit"]


# --- memory that cannot be had -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2**55, 2**58, 2**60 - 1])
def test_memory_that_cannot_be_had(size: int) -> None:
    waiting = ao.empty(10_000)
    del waiting
    before = memory.stats()
    for _ in range(3):
        with pytest.raises(MemoryError, match=f"cannot allocate {8 * size} bytes for a tensor"):
            ao.empty(size)
    now = changes(before)
    assert now in ({}, {"cached": -before["cached"]}), "what waits may be given up for it"
    assert (ao.ones(10_000) + 1).tolist() == [2.0] * 10_000


def test_a_result_that_cannot_be_had() -> None:
    one = ao.ones(1)  # repeated, so that only the result, of 2**55 elements, would take memory
    wide, tall = one._as_strided((1, 2**29), (0, 0), 0), one._as_strided((2**26, 1), (0, 0), 0)
    used = memory.stats()["used"]
    for call in (lambda: wide + tall, lambda: ao.where(True, wide, tall), lambda: ao.less(wide, tall)):
        with pytest.raises(MemoryError):
            call()
    assert memory.stats()["used"] == used


@pytest.mark.parametrize("shape", [(2**60,), (2**31, 2**31), (2**62, 4), (0, 2**62, 4), (2**20, 2**20, 2**20)])
def test_sizes_in_bytes_that_overflow(shape: tuple[int, ...]) -> None:
    before = memory.stats()
    for make in (ao.empty, ao.zeros, lambda shape: ao.full(shape, 1.5)):
        with pytest.raises(ValueError, match=r"shape must take at most 2\*\*63 - 1 bytes"):
            make(shape)
    assert changes(before) == {}


# --- the default limit ---------------------------------------------------------------------------------------------


def test_the_system_is_asked_for_the_limit_once_it_matters() -> None:
    """Not by small tensors, which would pay for it at the start of every process."""
    script = """
        import sys
        import aotops as ao
        kept = [ao.ones(60_000) for _ in range(8)]
        del kept
        print("aotops.memory" in sys.modules)
        kept = ao.ones(600_000)
        print("aotops.memory" in sys.modules, "aotops.cgroups" in sys.modules)
        print(ao.memory.stats()["limit"] == ao.memory.default_limit())
    """
    assert run_python(textwrap.dedent(script)).stdout.split() == ["False", "True", "True", "True"]


@pytest.mark.parametrize("limit", [0, 3 * MIB, 64 * MIB])
def test_a_limit_that_is_set_before_is_kept(limit: int) -> None:
    script = f"""
        import sys
        import aotops as ao
        ao.memory.set_cache_limit({limit})
        x = ao.ones(4_000_000)
        del x
        print("aotops.cgroups" in sys.modules, ao.memory.stats()["limit"], ao.memory.stats()["cached"] <= {limit})
    """
    done = run_python(textwrap.dedent(script), AOTOPS_NUM_THREADS="1")  # who would be asked for the CPUs otherwise
    assert done.stdout.split() == ["False", str(limit), "True"]


def test_the_limit_of_a_container_is_heeded() -> None:
    script = """
        import aotops as ao
        ask = ao.memory.default_limit
        ao.memory.default_limit = lambda: 5 * 2**20
        kept = [ao.ones(100_000) for _ in range(30)]
        del kept
        stats = ao.memory.stats()
        print(stats["limit"] == 5 * 2**20, 3 * 2**20 < stats["cached"] <= 5 * 2**20)
    """
    assert run_python(textwrap.dedent(script)).stdout.split() == ["True", "True"]


@pytest.mark.parametrize("answer", ["1 / 0", "'many'", "-1", "2**70", "None"])
def test_answers_that_cannot_be_used(answer: str) -> None:
    """Memory and threads do without them, for this time."""
    script = f"""
        import aotops as ao
        from aotops import memory, threads
        ask_limit, ask_count = memory.default_limit, threads.default_count
        memory.default_limit = threads.default_count = lambda: {answer}
        x = ao.ones(1_000_000)
        print(ao.sum(x + 1).item(), ao.get_num_threads())
        memory.default_limit, threads.default_count = ask_limit, lambda: 3
        print(ao.sum(x + 1).item(), ao.get_num_threads(), ao.memory.stats()["limit"] == ask_limit())
    """
    done = run_python(textwrap.dedent(script), AOTOPS_NUM_THREADS="")
    assert done.stdout.split() == ["2000000.0", "1", "2000000.0", "3", "True"], done.stderr


def test_an_interrupt_while_the_system_is_asked_is_not_lost() -> None:
    script = """
        import signal
        import aotops as ao
        from aotops import threads
        def interrupted():
            signal.raise_signal(signal.SIGINT)
            return 2
        threads.default_count = interrupted
        x = ao.ones(10_000)
        try:
            ao.ones(1_000_000)
            for _ in range(1000):
                pass
            print("finished")
        except KeyboardInterrupt:
            print("interrupted")
    """
    assert run_python(textwrap.dedent(script), AOTOPS_NUM_THREADS="").stdout.split() == ["interrupted"]
