"""Outs that are checked before anything is computed, ranges of any length, and integers that keep their low bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import aotops as ao

M = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("function", [ao.mean, ao.var, ao.std, ao.sum])
def test_an_out_whose_elements_share_memory_is_rejected_and_kept(function: Callable[..., Any]) -> None:
    memory = ao.zeros(1)
    with pytest.raises(ValueError, match="out must have memory of its own for each element"):
        function(ao.tensor(M), 1, out=memory._as_strided((2,), (0,), 0))
    assert memory.tolist() == [0.0]


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), (1, 0), (-1,), (), [0, 1]])
@pytest.mark.parametrize("keepdims", [False, True])
def test_statistics_over_any_axes_into_out(name: str, axis: Any, keepdims: bool) -> None:
    wanted = np.asarray(
        getattr(np, name)(np.array(M), tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    )
    result = getattr(ao, name)(ao.tensor(M), axis, keepdims=keepdims)
    assert np.array_equal(np.asarray(result), wanted)
    out = ao.zeros(wanted.shape)
    assert getattr(ao, name)(ao.tensor(M), axis, keepdims=keepdims, out=out) is out
    assert np.array_equal(np.asarray(out), wanted)
    with pytest.raises(ValueError, match=f"{name}: out must have the shape of the result"):
        getattr(ao, name)(ao.tensor(M), axis, keepdims=keepdims, out=ao.zeros((*wanted.shape, 7)))


@pytest.mark.parametrize("axis", [(0, 0), (0, -2), (0, 2)])
def test_tuples_of_wrong_axes(axis: Any) -> None:
    for function in (ao.mean, ao.sum):
        with pytest.raises(ValueError, match="axis must"):
            function(ao.tensor(M), axis)


def test_all_outs_are_checked_before_one_is_written() -> None:
    x, out = ao.tensor([1.0, 2.0]), ao.zeros(2)
    for second in (ao.zeros(3), out, ao.zeros(2, dtype="int64"), ao.asarray(memoryview(bytes(16)).cast("d"))):
        with pytest.raises((ValueError, TypeError), match="out must"):
            ao.multiply.derivative(x, x, x, x, out=(out, second))
        assert out.tolist() == [0.0, 0.0]
    pairs = ao.zeros((2, 2))
    ao.multiply.derivative(x, x + 1, x, x, out=(pairs[:, 0], pairs[:, 1]))
    assert pairs.tolist() == [[2.0, 1.0], [6.0, 4.0]]
    with pytest.raises(ValueError, match="memory of its own for each result"):
        ao.multiply.derivative(x, x, x, x, out=(pairs[0], pairs[:, 0]))


@pytest.mark.parametrize("arguments", [(-3, 3), (300,), (257,), (0, 300, 299.5), (3, -3, -1)])
def test_arange_checks_both_ends(arguments: tuple[float, ...]) -> None:
    with pytest.raises(OverflowError, match="arange: start, stop and step must fit uint8"):
        ao.arange(*arguments, dtype="uint8")


def test_arange_up_to_the_ends() -> None:
    assert ao.arange(256, dtype="uint8").tolist() == list(range(256))
    assert (
        ao.arange(10**30, 10**30 + 3, dtype="float64").tolist()
        == np.arange(10**30, 10**30 + 3, dtype="float64").tolist()
    )


def test_long_ranges_are_not_listed() -> None:
    for data, dtype in ((range(5000, -5000, -3), "int64"), (range(3000), "float32"), (range(2000), "bool")):
        assert np.array_equal(np.asarray(ao.tensor(data, dtype=dtype)), np.array(data).astype(dtype))
    with pytest.raises(OverflowError, match="tensor: data must fit uint8, got int 2999"):
        ao.tensor(range(3000), dtype="uint8")
    for write in (lambda x: x + range(2**45), lambda x: x.__setitem__(slice(None), range(2**45))):
        with pytest.raises(MemoryError, match="cannot allocate"):
            write(ao.zeros(4))
    with pytest.raises(ValueError, match="tensor: shape must take at most"):
        ao.tensor(range(2**62))


@pytest.mark.parametrize("source", ["int32", "int64", "uint64", "uint8", "float64"])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool"])
def test_arrays_in_lists_are_converted_as_on_their_own(source: str, dtype: str) -> None:
    x = np.array([1, 200, 255 if source == "uint8" else 300], source)
    alone = ao.asarray(x, dtype=dtype)
    assert ao.tensor([x, x], dtype=dtype).tolist() == [alone.tolist()] * 2
    target = ao.zeros((2, 3), dtype=dtype)
    target[:] = [x, list(alone.tolist())]
    assert target.tolist() == [alone.tolist()] * 2


@pytest.mark.parametrize("source", ["int8", "int32", "uint32", "uint64", "float16", ">i4"])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool"])
def test_assigned_arrays_are_converted_as_on_their_own(source: str, dtype: str) -> None:
    x = np.array([1, 0, 100], source)
    target = ao.zeros((2, 3), dtype=dtype)
    target[:] = x
    target[1, ::2] = x[1:]
    alone = ao.asarray(x, dtype=dtype).tolist()
    assert target.tolist() == [alone, [alone[1], alone[1], alone[2]]]
    target[0, 0] = x[2]
    assert target[0, 0].item() == alone[2]
    with pytest.raises(TypeError, match="assignment: value must hold native elements"):
        target[:] = np.array(["1", "2", "3"])


def test_a_single_foreign_number_must_fit() -> None:
    target, most = ao.zeros(2, dtype="uint8"), np.uint64(2**64 - 1)
    for number in (np.int32(300), np.int8(-1), most):
        with pytest.raises(OverflowError, match=f"assignment: value must fit uint8, got int {int(number)}"):
            target[0] = number
        with pytest.raises(OverflowError, match=rf"data\[0\] must fit uint8, got int {int(number)}"):
            ao.tensor([number], dtype="uint8")
    floats = ao.zeros(2)
    floats[1] = most
    assert floats.tolist() == [0.0, 2.0**64] and ao.tensor([most], dtype="float64").tolist() == [2.0**64]


def test_a_uint64_keeps_its_low_bits_in_uint8() -> None:
    x = np.array([2**64 - 1, 2**63 + 7, 300], "u8")
    assert ao.asarray(x, dtype="uint8").tolist() == x.astype("u1").tolist()


def test_a_uint64_scalar_beside_floats() -> None:
    f, most = ao.tensor([1.0, 2.0**64]), np.uint64(2**64 - 1)
    assert (f + most).tolist() == (f + (2**64 - 1)).tolist()
    assert (f == most).tolist() == [False, True], "compared as float64, as by NumPy"
    assert ao.result_type(np.int8(1), ao.zeros(1, dtype="uint8")) == (ao.zeros(1, dtype="uint8") + np.int8(1)).dtype


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum", "cumulative_prod"])
@pytest.mark.parametrize("source", ["uint8", "int64", "bool"])
def test_narrow_integers_wrap_around(name: str, source: str) -> None:
    x = np.array([200, 101, 7, 3]).astype(source)
    wanted = getattr(np, {"cumulative_sum": "cumsum", "cumulative_prod": "cumprod"}.get(name, name))(x, dtype="uint8")
    result = getattr(ao, name)(ao.asarray(x), dtype="uint8")
    assert result.dtype == "uint8" and np.array_equal(np.asarray(result), wanted)
    out = ao.zeros(wanted.shape, dtype="int64")
    getattr(ao, name)(ao.asarray(x), dtype="uint8", out=out)
    assert np.array_equal(np.asarray(out), wanted)


def test_ranges_beyond_int64() -> None:
    for data in (range(2**64 + 1, 2**64 + 5000), range(2**63 - 1500, 2**63 + 1500), range(-(10**30), 10**30, 10**27)):
        assert ao.tensor(data, dtype="float64").tolist() == [float(number) for number in data]
        assert ao.tensor([data], dtype="float64").tolist() == [[float(number) for number in data]]
        with pytest.raises(OverflowError, match="must fit int64"):
            ao.tensor(data)
    assert (
        ao.tensor(range(-(10**400), 10**400 + 1, 10**397), dtype="bool").tolist()
        == [True] * 1000 + [False] + [True] * 1000
    )
