"""DLPack, both ways: what is shared, for how long, and what becomes of capsules that say something wrong."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from capsules import IS_COPIED, READ_ONLY, Description, Producer, Versioned, read, take
from layouts import DTYPES, LAYOUTS, Layout, assert_same
from leaks import assert_no_leak
from needs import requires_torch
from test_operators import run_python

import aotops as ao
from aotops import abi

#: DLPack's code of each kind of numbers.
CODES = {"signed": 0, "unsigned": 1, "real": 2, "complex": 5, "bool": 6}

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def goes_backwards(t: ao.Tensor) -> bool:
    return any(step < 0 < length - 1 for step, length in zip(t.strides, t.shape, strict=True))


# --- export -------------------------------------------------------------------------------------------------------


@every_layout
def test_capsules_say_what_tensors_are(layout: Layout) -> None:
    for dtype in DTYPES:
        t, array = layout.pair(dtype)
        fact = abi.FACTS[dtype]
        for version in (None, (1, 0)):
            if t.readonly and version is None and not goes_backwards(t):
                continue
            capsule = t.__dlpack__(max_version=version)
            found = read(capsule)
            tensor = found.tensor
            copied = goes_backwards(t)
            shown = t.contiguous() if copied else t
            assert (tensor.device_type, tensor.device_id, tensor.byte_offset) == (1, 0, 0)
            assert (tensor.code, tensor.bits, tensor.lanes) == (CODES[fact.kind], fact.bits, 1)
            assert tuple(tensor.shape[: tensor.ndim]) == t.shape and tuple(tensor.strides[: t.ndim]) == shown.strides
            if t.size == 0:
                assert tensor.data is None
            elif not copied:
                assert tensor.data == np.asarray(t).__array_interface__["data"][0]
            if version is not None:
                assert isinstance(found, Versioned) and (found.major, found.minor) == version
                assert found.flags == (0 if copied else READ_ONLY * t.readonly) | IS_COPIED * copied
            del capsule
        assert_same(ao.from_dlpack(t), array)


@every_layout
def test_both_ways_with_numpy(layout: Layout) -> None:
    for dtype in DTYPES:
        t, array = layout.pair(dtype)
        consumed = np.from_dlpack(t)
        assert consumed.dtype == array.dtype and consumed.shape == array.shape
        assert np.array_equal(consumed, array)
        assert np.shares_memory(consumed, np.asarray(t)) == (t.size > 0 and not goes_backwards(t))
        if not goes_backwards(t):
            assert consumed.flags.writeable == (not t.readonly) or t.size == 0
        shared = ao.from_dlpack(array)
        assert_same(shared, array)
        assert shared.readonly == (not array.flags.writeable)
        if array.size:
            assert shared.strides == tuple(
                [
                    step // array.itemsize if length > 1 else own
                    for step, length, own in zip(array.strides, array.shape, shared.strides, strict=True)
                ]
            )
            assert np.shares_memory(np.asarray(shared), array)
        for copy in (True, False):
            again = ao.from_dlpack(array, copy=copy)
            assert_same(again, array)
            assert np.shares_memory(np.asarray(again), array) == (not copy and array.size > 0)
            assert not (copy and again.readonly)


def test_a_copy_is_told_and_is_nobody_elses() -> None:
    t = ao.arange(6.0)
    for version in (None, (1, 0)):
        capsule = t.__dlpack__(copy=True, max_version=version)
        found = read(capsule)
        assert found.tensor.data != np.asarray(t).__array_interface__["data"][0]
        assert not isinstance(found, Versioned) or found.flags == IS_COPIED
    frozen = ao.asarray(b"ab")
    assert read(frozen.__dlpack__(copy=True)).tensor.bits == 8
    consumed = np.from_dlpack(t, copy=True)
    consumed[0] = 7.0
    assert t[0].item() == 0.0
    with pytest.raises(BufferError, match=r"__dlpack__: x must have no negative strides where copy=False, got strides"):
        t[::-1].__dlpack__(copy=False)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"stream": 1}, ValueError, "stream must be None for memory of the CPU, got 1"),
        ({"dl_device": (2, 0)}, BufferError, r"dl_device must be \(1, 0\), the CPU, or None, got \(2, 0\)"),
        ({"dl_device": "cpu"}, TypeError, "dl_device must be a tuple of two ints or None, got 'cpu'"),
        ({"max_version": 1}, TypeError, "max_version must be a tuple of two ints or None, got 1"),
        ({"max_version": (1, 0, 0)}, TypeError, "max_version must be a tuple"),
        (
            {"max_version": (0, 8)},
            BufferError,
            r"x must be writable for a consumer .* before 1.0, .*max_version=",
        ),
        ({}, BufferError, "x must be writable for a consumer"),
        ({"copy": False}, BufferError, "x must be writable for a consumer"),
    ],
)
def test_what_cannot_be_exported(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^__dlpack__: {message}"):
        ao.asarray(b"abc").__dlpack__(**options)


def test_devices() -> None:
    t = ao.ones(3)
    assert t.__dlpack_device__() == (1, 0)
    assert np.from_dlpack(t, device="cpu").tolist() == [1.0] * 3
    assert ao.from_dlpack(t, device="cpu").tolist() == [1.0] * 3
    with pytest.raises(ValueError, match="from_dlpack: device must be 'cpu' or None, the only device, got 'cuda'"):
        ao.from_dlpack(t, device="cuda")


# --- lifetimes ----------------------------------------------------------------------------------------------------

LARGE = 100_000


def test_memory_lives_as_long_as_whoever_uses_it() -> None:
    gc.collect()  # what other tests have left
    before = ao.memory.stats()["used"]
    t = ao.full(LARGE, 7.0)
    consumed = np.from_dlpack(t)
    del t
    gc.collect()
    assert consumed[-1] == 7.0 and ao.memory.stats()["used"] >= before + 8 * LARGE
    shared = ao.from_dlpack(consumed)
    view = shared[5:]
    del consumed, shared
    assert view[0].item() == 7.0 and ao.memory.stats()["used"] >= before + 8 * LARGE
    del view
    gc.collect()
    assert ao.memory.stats()["used"] == before


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_capsule_that_nobody_uses(version: tuple[int, int] | None) -> None:
    gc.collect()  # what other tests have left
    before = ao.memory.stats()["used"]
    t = ao.full(LARGE, 7.0)
    capsule = t.__dlpack__(max_version=version)
    del t
    assert ao.memory.stats()["used"] > before
    del capsule
    assert ao.memory.stats()["used"] == before


@pytest.mark.parametrize("version", [None, (1, 0)])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_deleter_is_called_without_the_gil(version: tuple[int, int] | None, elsewhere: bool) -> None:
    gc.collect()  # what other tests have left
    before = ao.memory.stats()["used"]
    give_back = take(ao.full(LARGE, 7.0).__dlpack__(max_version=version))
    assert ao.memory.stats()["used"] > before
    if elsewhere:
        thread = threading.Thread(target=give_back)
        thread.start()
        thread.join()
    else:
        give_back()
    assert ao.memory.stats()["used"] == before


@pytest.mark.parametrize("versioned", [False, True])
def test_foreign_memory_is_given_back_once(versioned: bool) -> None:
    producer = Producer(versioned=versioned)
    t = ao.from_dlpack(producer)
    assert t.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]] and t.readonly == (not versioned)
    view = t.T[1:]
    del t
    assert producer.returned == 0
    del view
    assert producer.returned == 1
    copy = ao.from_dlpack(producer, copy=True)
    assert producer.returned == 2 and not copy.readonly
    producer.elements[0] = 9.0
    assert copy[0, 0].item() == 0.0
    if versioned:
        t = ao.from_dlpack(producer)
        t[0, 1] = 8.0
        assert producer.elements[1] == 8.0


def test_memory_without_a_deleter() -> None:
    def change(managed: Any, tensor: Description) -> None:
        managed.deleter = None

    for versioned in (False, True):
        assert ao.from_dlpack(Producer(versioned=versioned, change=change)).sum().item() == 15.0


def test_what_happens_at_exit() -> None:
    script = """
import numpy as np, aotops as ao, sys
kept = np.from_dlpack(ao.ones(1000))
capsule = ao.ones(1000).__dlpack__()
foreign = ao.from_dlpack(np.ones(1000))
class Cycle: pass
cycle = Cycle(); cycle.me = cycle; cycle.array = np.from_dlpack(ao.ones(1000)); cycle.capsule = capsule
sys.modules["kept"] = foreign
print(kept.sum())
"""
    done = run_python(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1000.0\n", "")


def test_nothing_is_left_behind() -> None:
    t = ao.arange(1000.0)
    array = np.arange(1000.0)
    producer = Producer(change=lambda managed, tensor: setattr(tensor, "bits", 16))

    def run() -> None:
        ao.from_dlpack(np.from_dlpack(t))
        np.from_dlpack(ao.from_dlpack(array))
        t.__dlpack__(max_version=(1, 0))
        t.__dlpack__()
        ao.from_dlpack(array, copy=True)
        producer.asked.clear()
        with pytest.raises(TypeError):
            ao.from_dlpack(producer)

    assert_no_leak(run, lambda: ao.memory.stats()["used"])


# --- what other libraries give ------------------------------------------------------------------------------------


def test_strides_may_be_missing() -> None:
    for shape in ((2, 3), (6,), (3, 1, 2), (), (0, 2), (1, 1)):
        t = ao.from_dlpack(Producer(shape, None))
        assert t.shape == shape and t.is_contiguous()
        assert t.tolist() == np.arange(6.0)[: t.size].reshape(shape).tolist()


def test_where_the_first_element_is() -> None:
    def change(managed: Any, tensor: Description) -> None:
        tensor.byte_offset = 40

    assert ao.from_dlpack(Producer((2, 3), (-3, -1), change=change)).tolist() == [[5.0, 4.0, 3.0], [2.0, 1.0, 0.0]]


def test_elements_that_are_not_aligned_are_copied() -> None:
    def change(managed: Any, tensor: Description) -> None:
        tensor.byte_offset = 4
        tensor.code = 0

    producer = Producer((5,), (1,), change=change)
    expected = np.frombuffer(bytes(producer.elements)[4:44], np.int64)
    t = ao.from_dlpack(producer)
    assert_same(t, expected)
    assert producer.returned == 1 and not t.readonly
    with pytest.raises(BufferError, match=r"from_dlpack: x must need no copy where copy=False, got Producer"):
        ao.from_dlpack(producer, copy=False)
    with pytest.raises(ValueError, match=r"asarray: obj must need no copy where copy=False, got Producer"):
        ao.asarray(producer, copy=False)
    empty = ao.from_dlpack(Producer((0, 5), (1, 1), change=change), copy=False)
    assert empty.shape == (0, 5)


def test_what_a_producer_is_asked_for() -> None:
    producer = Producer()
    ao.from_dlpack(producer)
    ao.from_dlpack(producer, copy=False)
    ao.from_dlpack(producer, device="cpu", copy=True)
    version = {"max_version": (1, 0)}
    assert producer.asked == [version, version | {"copy": False}, version | {"copy": True, "dl_device": (1, 0)}]


def test_a_producer_that_copies() -> None:
    def change(managed: Any, tensor: Description) -> None:
        managed.flags = IS_COPIED

    producer = Producer(change=change)
    t = ao.from_dlpack(producer, copy=True)
    producer.elements[0] = 9.0
    assert t[0, 0].item() == 9.0, "it is not copied twice"
    with pytest.raises(BufferError, match="from_dlpack: x must need no copy where copy=False"):
        ao.from_dlpack(producer, copy=False)


def test_producers_written_before_version_1() -> None:
    class Old(Producer):
        def __dlpack__(self, stream: Any = None) -> Any:  # type: ignore[override]
            return super().__dlpack__()

    old = Old(versioned=False)
    assert ao.from_dlpack(old).readonly and old.asked == [{}]
    assert not ao.from_dlpack(old, copy=True).readonly
    assert ao.from_dlpack(old, copy=False, device="cpu").tolist()[1] == [3.0, 4.0, 5.0]


def test_asarray_takes_what_has_no_buffer() -> None:
    producer = Producer()
    t = ao.asarray(producer)
    t[0, 0] = 4.0
    assert producer.elements[0] == 4.0
    assert ao.asarray(producer, dtype="int64").tolist() == [[4, 1, 2], [3, 4, 5]]
    assert ao.tensor([producer, producer]).shape == (2, 2, 3)
    copy = ao.tensor(producer)
    copy[0, 0] = 1.0
    assert producer.elements[0] == 4.0
    with pytest.raises(BufferError, match=r"^asarray: obj must lie in memory of the CPU, got device CUDA; copy it"):
        ao.asarray(Producer(device=(2, 0)))
    with pytest.raises(
        TypeError, match=r"^exp: x must be a Tensor, .*, got Producer; make a Tensor with aotops.asarray"
    ):
        ao.exp(producer)
    for value in (object(), {}, Producer):
        with pytest.raises(TypeError, match=r"^asarray: "):
            ao.asarray(value)


# --- what is wrong ------------------------------------------------------------------------------------------------


def set_shape(*lengths: int) -> Callable[[Any, Description], None]:
    def change(managed: Any, tensor: Description) -> None:
        for axis, length in enumerate(lengths):
            tensor.shape[axis] = length

    return change


def set_strides(*steps: int) -> Callable[[Any, Description], None]:
    def change(managed: Any, tensor: Description) -> None:
        for axis, step in enumerate(steps):
            tensor.strides[axis] = step

    return change


def setting(**values: Any) -> Callable[[Any, Description], None]:
    def change(managed: Any, tensor: Description) -> None:
        for name, value in values.items():
            setattr(managed if name in ("major", "minor", "flags") else tensor, name, value)

    return change


WRONG: dict[str, tuple[Callable[[Any, Description], None], type[Exception], str]] = {
    "a later version": (setting(major=2), BufferError, "give version 1 by DLPack, got version 2.0"),
    "no version": (setting(major=0), BufferError, "give version 1 by DLPack, got version 0.0"),
    "a graphics card": (setting(device_type=2), BufferError, "lie in memory of the CPU, got device CUDA; copy it"),
    "an unknown device": (setting(device_type=-7), BufferError, "lie in memory of the CPU, got device -7"),
    "float16": (setting(bits=16), TypeError, "hold elements of dtype .*, got float16; convert"),
    "bfloat16": (setting(code=4, bits=16), TypeError, "hold elements of dtype .*, got bfloat16"),
    "no bits": (setting(bits=0), TypeError, "hold elements of dtype .*, got float0"),
    "an unknown type": (setting(code=99), TypeError, "hold elements of dtype .*, got type code 99 of 64 bits"),
    "vectors": (setting(lanes=4), TypeError, "hold elements of dtype .*, got float64 in vectors of 4"),
    "no lanes": (setting(lanes=0), TypeError, "hold elements of dtype .*, got float64 in vectors of 0"),
    "no shape": (setting(shape=None), BufferError, "give a shape by DLPack, got 2 axes without one"),
    "a negative rank": (setting(ndim=-1), BufferError, "give a shape by DLPack, got -1 axes"),
    "a huge rank": (setting(ndim=2**31 - 1), ValueError, "have at most 32 dimensions, got 2147483647"),
    "33 axes": (setting(ndim=33), ValueError, "have at most 32 dimensions, got 33"),
    "no memory": (setting(data=None), BufferError, "give the address of its elements by DLPack"),
    "an offset beyond all memory": (setting(byte_offset=2**64 - 8), BufferError, "give the address of its elements"),
    "a negative length": (set_shape(2, -1), BufferError, r"give lengths from 0 to 2\*\*63 - 1 by DLPack, got -1"),
    "a negative length first": (set_shape(-5, 0), BufferError, "give lengths from 0"),
    "the least length": (set_shape(-(2**63)), BufferError, "give lengths from 0"),
    "a huge length": (set_shape(2**63 - 1, 2), BufferError, "lie in memory, got a shape and strides that reach"),
    "huge lengths": (set_shape(2**40, 2**40), ValueError, r"shape must take at most 2\*\*63 - 1 bytes"),
    "huge lengths, repeated": (
        lambda managed, tensor: (set_shape(2**40, 2**40)(managed, tensor), set_strides(0, 0)(managed, tensor)),  # type: ignore[func-returns-value]
        ValueError,
        r"shape must take at most 2\*\*63 - 1 bytes",
    ),
    "a huge stride": (set_strides(2**60, 1), BufferError, "give strides that memory can have by DLPack"),
    "the least stride": (set_strides(-(2**63), 1), BufferError, "give strides that memory can have"),
    "a stride beyond memory": (set_strides(2**60 - 1, 1), BufferError, "lie in memory"),
    "a stride below memory": (set_strides(-(2**59), 1), BufferError, "lie in memory"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("versioned", [True, False])
def test_capsules_that_say_something_wrong(name: str, versioned: bool) -> None:
    change, error, message = WRONG[name]
    if not versioned and "version" in name:
        change, message = setting(lanes=2), "hold elements of dtype .*, got float64 in vectors of 2"
        error = TypeError
    for copy in (None, True):
        producer = Producer(versioned=versioned, change=change)
        with pytest.raises(error, match=f"from_dlpack: (x must )?{message}"):
            ao.from_dlpack(producer, copy=copy)
        assert len(producer.asked) == 1 and producer.returned <= 1


def returns(value: Any, device: Any = (1, 0)) -> Any:
    class Made:
        def __dlpack__(self, **options: Any) -> Any:
            return value

        def __dlpack_device__(self) -> Any:
            return device

    return Made()


def test_what_is_no_capsule() -> None:
    used = ao.ones(3).__dlpack__(max_version=(1, 0))
    ao.from_dlpack(returns(used))
    other = Producer(name=ctypes.c_char_p(b"something")).__dlpack__()
    for value, got in (
        (None, "NoneType"),
        (7, "int 7"),
        (ao.ones(3), "Tensor"),
        (used, "a capsule named 'used_dltensor_versioned'; each capsule can be used once"),
        (other, "a capsule named 'something'"),
    ):
        with pytest.raises(TypeError, match=rf"^from_dlpack: x must return a capsule named .*, got {got}"):
            ao.from_dlpack(returns(value))
    for device in (None, 1, (1,), ("cpu", 0), [1, 0], (1, 0, 0)):
        with pytest.raises(TypeError, match=r"^from_dlpack: x must return two ints from __dlpack_device__, got "):
            ao.from_dlpack(returns(ao.ones(3).__dlpack__(), device))
    for value in (None, 1.5, [1.0], b"ab", object(), ao.ones(3).__dlpack__(), Producer):
        with pytest.raises(TypeError, match=r"^from_dlpack: x must have the methods __dlpack__ and __dlpack_device__"):
            ao.from_dlpack(value)


def test_errors_of_the_producer_are_its_own() -> None:
    class Failing(Producer):
        def __dlpack__(self, **options: Any) -> Any:
            raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        ao.from_dlpack(Failing())

    class FailingDevice(Producer):
        def __dlpack_device__(self) -> Any:
            raise KeyError("no device")

    with pytest.raises(KeyError, match="no device"):
        ao.asarray(FailingDevice())


def test_a_tensor_is_freed_while_an_exception_is_raised() -> None:
    producer = Producer()

    def fail() -> None:
        t = ao.from_dlpack(producer)
        raise LookupError(t.shape)

    with pytest.raises(LookupError, match="2, 3"):
        fail()
    gc.collect()
    assert producer.returned == 1


# --- PyTorch ------------------------------------------------------------------------------------------------------


@requires_torch
def test_both_ways_with_pytorch() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch

        for name, layout in LAYOUTS.items():
            for dtype in DTYPES:
                t, array = layout.pair(dtype)
                for consume in (torch.from_dlpack, torch.as_tensor):
                    consumed = consume(t)
                    assert str(consumed.dtype) == f"torch.{dtype}" and tuple(consumed.shape) == t.shape, name
                    assert consumed.tolist() == array.tolist()
                    if t.size and not goes_backwards(t):
                        assert consumed.data_ptr() == np.asarray(t).__array_interface__["data"][0]
                    back = ao.asarray(consumed)
                    assert_same(back, array, name)
        t = ao.arange(3.0)
        shared = torch.from_dlpack(t)
        shared[0] = 5.0
        t[1] = 6.0
        assert t.tolist() == shared.tolist() == [5.0, 6.0, 2.0]
        with pytest.raises(BufferError, match="require gradient"):
            ao.asarray(torch.ones(2, requires_grad=True))


@requires_torch
def test_pytorch_at_exit() -> None:
    script = """
import warnings; warnings.simplefilter("ignore")
import torch, aotops as ao
kept = torch.from_dlpack(ao.ones(1000))
foreign = ao.asarray(torch.ones(1000))
print(float(kept.sum()) + float(foreign.sum()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "2000.0\n"), done.stderr
