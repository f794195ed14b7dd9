"""Pickling tensors: with memory out of band, in every layout; and what is no pickle of one."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from layouts import DTYPES, LAYOUTS, assert_same
from leaks import assert_no_leak

import aotops as ao
from aotops.tensors import _restore


def is_dense(t: ao.Tensor) -> bool:
    """Whether the elements fill a block of memory in some order of the axes, those that are repeated once."""
    expected = 1
    for stride, length in sorted(zip(t.strides, t.shape, strict=True)):
        if stride != 0 and length != 1:
            if stride != expected:
                return False
            expected *= length
    return True


def test_out_of_band_nothing_is_copied() -> None:
    for layout in LAYOUTS.values():
        for dtype in DTYPES:
            t, expected = layout.pair(dtype, 3, "special")
            buffers: list[pickle.PickleBuffer] = []
            data = pickle.dumps(t, 5, buffer_callback=buffers.append)
            assert [buffer.raw().nbytes for buffer in buffers[:-1]] == [0] and len(data) < 300
            again = pickle.loads(data, buffers=buffers)
            assert_same(again, expected, layout.name)
            whole = is_dense(t)
            if t.size:
                assert np.shares_memory(np.asarray(again), np.asarray(t)) == whole
            assert again.readonly == (whole and t.readonly)
            # as a process elsewhere receives them
            sent = [bytearray(buffer.raw()) for buffer in buffers]
            received = pickle.loads(data, buffers=sent)
            assert_same(received, expected, layout.name)
            assert received.readonly == again.readonly
            if t.size and not received.readonly and 0 not in received.strides:
                received[...] = 0
                assert not any(sent[1])


def test_column_major_order_is_kept() -> None:
    t = ao.reshape(ao.arange(12.0), (3, 4)).T
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(t, protocol))
        assert again.strides == (1, 4) and again.tolist() == t.tolist()


def test_any_order_of_axes_is_kept_and_what_is_repeated_is_stored_once() -> None:
    cube = ao.reshape(ao.arange(24.0), (2, 3, 4))
    for t in (
        cube.permute(1, 2, 0),
        ao.broadcast_to(ao.arange(4.0), (2, 3, 4)),
        ao.broadcast_to(cube.permute(2, 0, 1)[:, None], (4, 5, 2, 3)),
        ao.broadcast_to(ao.tensor(2.5), (1000, 1000)),
        ao.broadcast_to(ao.arange(8.0)[::2], (3, 4)),
        ao.asarray(np.broadcast_to(np.arange(3), (2, 3))),
    ):
        stored = 8 * math.prod(length for length, stride in zip(t.shape, t.strides, strict=True) if stride)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            data = pickle.dumps(t, protocol)
            again = pickle.loads(data)
            assert len(data) < 6 * stored + 500  # protocol 0 writes a byte as up to six
            assert again.tolist() == t.tolist() and (again.strides == t.strides or t.strides == (0, 2))
    with pytest.raises(ValueError, match="shape"):
        _restore((2,), ao.float64, bytes(16), ((0,), (3,)))
    with pytest.raises(ValueError, match="axes"):
        _restore((2,), ao.float64, bytes(16), ((0, 1), (2, 2)))


def test_buffers_of_any_kind() -> None:
    t = ao.arange(3.0)
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(t, 5, buffer_callback=buffers.append)
    raw = bytes(buffers[-1].raw())
    for given, readonly in ((raw, False), (bytearray(raw), False), (memoryview(raw), True), (np.frombuffer(raw), True)):
        again = pickle.loads(data, buffers=[b"", given])
        assert again.tolist() == [0.0, 1.0, 2.0] and again.readonly == readonly
    shifted = memoryview(bytearray(b"x" + raw))[1:]
    again = pickle.loads(data, buffers=[b"", shifted])
    assert again.tolist() == [0.0, 1.0, 2.0] and not again.readonly, "elements that are not aligned are copied"


def test_objects_that_hold_tensors() -> None:
    t = ao.ones(3)
    both = pickle.loads(pickle.dumps({"a": t, "b": [t, ao.float32, ao.add]}))
    assert both["a"] is both["b"][0] and both["b"][1:] == [ao.float32, ao.add]
    for duplicate in (copy.copy(t), copy.deepcopy([t])[0]):
        duplicate[0] = 5.0
        assert t[0].item() == 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((3,), ao.float64, b"12"), BufferError, "contents must have 24 bytes for 3 elements, got 2"),
        (((1,), ao.float64, b"123456789"), BufferError, "contents must have 8 bytes for 1 elements, got 9"),
        (((-1,), ao.float64, b""), ValueError, "shape must have no negative length"),
        (((2**62, 2**62), ao.float64, b""), ValueError, r"shape must take at most 2\*\*63 - 1 bytes"),
        (((2**62, 0, 2**62), ao.float64, b""), ValueError, r"shape must take at most 2\*\*63 - 1 bytes"),
        (((2**70,), ao.float64, b"12345678"), ValueError, "shape must be an int below"),
        (((1,) * 33, ao.float64, b"12345678"), ValueError, "shape must have at most 32 dimensions"),
        ((3, ao.float64, b"12345678"), TypeError, "shape must be a tuple of ints, got int 3"),
        (((1.5,), ao.float64, b"12345678"), TypeError, "interpreted as an integer"),
        ((("1",), ao.float64, b"12345678"), TypeError, "interpreted as an integer"),
        (((1,), "float16", b"12"), TypeError, "dtype must be one of"),
        (((1,), None, b"12345678"), TypeError, "dtype must be one of"),
        (((1,), ao.float64, "12345678"), TypeError, "bytes-like"),
        (((1,), ao.float64, None), TypeError, "bytes-like"),
        (((1,), ao.float64, np.zeros((2, 2)).T[:1]), (BufferError, ValueError), "contiguous"),
    ],
)
def test_what_is_no_pickle_of_a_tensor(arguments: tuple[Any, ...], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        _restore(*arguments)


def test_nothing_is_left_behind() -> None:
    t = ao.arange(1000.0)

    def run() -> None:
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(t, 5, buffer_callback=buffers.append)
        pickle.loads(data, buffers=buffers)
        pickle.loads(pickle.dumps(t, 5))
        pickle.loads(pickle.dumps(t, 2))
        with pytest.raises(BufferError):
            _restore((3,), ao.float64, b"12")

    assert_no_leak(run, lambda: ao.memory.stats()["used"])
