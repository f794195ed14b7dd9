"""Operands of other dtypes than a kernel's: cast tile by tile, in C, with the results of casting them first."""

from __future__ import annotations

import itertools
import sys
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import DTYPES, LAYOUTS, OVERLAPS, Layout, assert_same
from needs import requires_numba

import aotops as ao
from aotops import _native, memory

#: Shapes that a tile, its packing, its threads and its streaming stores treat differently.
LONG = (
    Layout("a tile and more", (5000,)),
    Layout("every second of a tile", (10_001,), lambda x: x[::2]),
    Layout("narrow", (900, 3)),
    Layout("narrow and repeated", (900,), place=lambda array: np.broadcast_to(array.copy()[:, None], (900, 3))),
    Layout("large and transposed", (300, 70), lambda x: x.T),
    Layout("rows with gaps", (40, 200), lambda x: x[:, 3:-5]),
    Layout("backwards cube", (20, 30, 11), lambda x: x[::-1, :, ::-1]),
    Layout("repeated long row", (3000,), place=lambda array: np.broadcast_to(array.copy(), (4, 3000))),
    Layout("shared by threads", (40_000,)),
)
#: Operators whose kernels are memory-bound, compute-bound, of bools, of three inputs and of some dtypes only.
OPERATORS = ("add", "divide", "exp", "pow", "less", "maximum", "where", "clip")


def computed_in(operator: Any, dtypes: tuple[str, ...]) -> str | None:
    """The dtype that an operator computes in for inputs of some dtypes; None if there is none."""
    decide = [dtype for dtype, name in zip(dtypes, operator.parameters, strict=True) if name not in operator.fixed]
    dtype = ao.result_type(*decide)
    first = operator.parameters.index(next(name for name in operator.parameters if name not in operator.fixed))
    if any(signature[first] == dtype for signature in operator.dtypes):
        return dtype.name
    return operator.casts[dtype].name if dtype in operator.casts else None


def cast_first(operator: Any, inputs: list[Any], dtype: str) -> Any:
    """The result for inputs that are of the kernel's dtypes already."""
    names = operator.parameters
    wanted = ["bool" if name in operator.fixed else dtype for name in names]
    return operator(*[ao.astype(x, own) for x, own in zip(inputs, wanted, strict=True)])


@pytest.fixture
def no_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have inputs that are cast by Python fail."""

    def fail(*_: Any) -> Any:
        raise AssertionError("inputs have been cast by Python")

    monkeypatch.setattr("aotops.operator.cast_inputs", fail)


@pytest.mark.usefixtures("no_python")
@pytest.mark.parametrize("name", OPERATORS)
def test_every_pair_of_dtypes_in_every_layout(name: str) -> None:
    operator = _native.operators[name]
    count = len(operator.parameters)
    combinations = sorted({pair[:count] for pair in itertools.product(DTYPES, DTYPES, ("float32", "int64"))})
    for (place, layout), (k, dtypes) in itertools.product(
        enumerate((*LAYOUTS.values(), *LONG)), enumerate(combinations)
    ):
        dtype = computed_in(operator, dtypes)
        # of more than one input a fourth of the pairs in each layout, others in the next one
        if dtype is None or (count > 1 and (place + k) % 4):
            continue
        inputs = [layout.pair(own, seed, "special")[0] for seed, own in enumerate(dtypes)]
        assert_same(
            operator(*inputs), np.asarray(cast_first(operator, inputs, dtype)), f"{name} {dtypes} {layout.name}"
        )


@pytest.mark.usefixtures("no_python")
@pytest.mark.parametrize("number", [True, 3, -2.5])
@pytest.mark.parametrize("dtype", DTYPES)
def test_python_numbers_are_weak(dtype: str, number: float) -> None:
    for layout in (LAYOUTS["65 in a row"], LAYOUTS["transposed"], LAYOUTS["no dimensions"], LONG[0]):
        x, _ = layout.pair(dtype, 1)
        wanted = ao.result_type(x, number)
        for name in ("maximum", "where", "less"):
            operator = _native.operators[name]
            inputs = (1, x, number) if name == "where" else (x, number)
            plain = operator(*inputs[:-2], ao.astype(x, wanted), number)
            assert_same(operator(*inputs), np.asarray(plain), f"{name} {dtype} {number}")


@pytest.mark.usefixtures("no_python")
def test_inputs_that_broadcast() -> None:
    shapes = ((), (1,), (7,), (1, 7), (300, 1), (300, 7), (1, 300, 1), (2, 1, 1), (2, 300, 7))
    for (shape, other), (a, b) in itertools.product(
        itertools.product(shapes, shapes), (("int64", "float64"), ("float32", "bool"), ("float32", "int64"))
    ):
        x, y = ao.tensor(np.arange(np.prod(shape)).reshape(shape) % 11, dtype=a), ao.ones(other, dtype=b)
        dtype = ao.result_type(a, b)
        assert_same(x + y, np.asarray(ao.astype(x, dtype) + ao.astype(y, dtype)), f"{shape} {other} {a} {b}")


@pytest.mark.usefixtures("no_python")
@pytest.mark.parametrize("layout", [*LONG, *LAYOUTS.values()], ids=lambda layout: layout.name)
def test_results_are_cast_into_out(layout: Layout) -> None:
    for (a, b), out_dtype in itertools.product(itertools.product(DTYPES, repeat=2), DTYPES):
        x, y = layout.pair(a, 1)[0], layout.pair(b, 2)[0]
        out, array = layout.pair(out_dtype, 3)
        if out.readonly:
            continue
        result = ao.maximum(x, y)
        if not np.can_cast(result.dtype.name, out_dtype, "same_kind"):
            with pytest.raises(
                TypeError, match=f"maximum: out must be able to hold a result of dtype {result.dtype.name}"
            ):
                ao.maximum(x, y, out=out)
            assert_same(out, array, "out has changed though nothing could be written")
            continue
        assert ao.maximum(x, y, out=out) is out
        assert_same(out, np.asarray(result).astype(out_dtype), f"{a} {b} to {out_dtype}")


@pytest.mark.usefixtures("no_python")
@pytest.mark.parametrize("overlap", OVERLAPS.values(), ids=lambda overlap: overlap.name)
def test_out_that_is_an_input(overlap: Any) -> None:
    """In place, into a lower dtype of its kind, or into memory that inputs reach in another way."""
    for dtype, other in (("float32", "float64"), ("float32", "int64"), ("float64", "float32"), ("float64", "bool")):
        tensor, array = overlap.memory(dtype, 5)
        source, target = overlap.source(array).copy(), overlap.target(array)
        other_array = np.full(target.shape, 3, other)
        wanted = np.broadcast_to((source + other_array).astype(dtype), target.shape)
        target[...] = wanted
        ao.add(overlap.source(tensor), ao.tensor(other_array), out=overlap.target(tensor))
        assert_same(tensor, array, f"{overlap.name} {dtype} {other}")


@pytest.mark.usefixtures("no_python")
def test_in_place() -> None:
    for length in (3, 10, 5000):
        x, y = ao.ones(length, dtype="float32"), ao.arange(length)
        x += y
        x *= 2.0
        x /= ao.full(length, 4.0)
        assert x.tolist() == [(1 + k) / 2 for k in range(length)]
        with pytest.raises(TypeError, match="add: x1 must be able to hold a result of dtype float64"):
            y += x
        assert y.tolist() == list(range(length))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_three_dtypes_and_shapes(data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, 3))
    full = [data.draw(st.integers(0, 40)) for _ in range(rank)]
    inputs = []
    for k in range(3):
        shape = [1 if data.draw(st.booleans()) else length for length in full][data.draw(st.integers(0, rank)) :]
        dtype = data.draw(st.sampled_from(DTYPES))
        array = np.random.default_rng(k).integers(0, 5, shape).astype(dtype)
        order = data.draw(st.permutations(range(len(shape))))
        inputs.append(ao.permute_dims(ao.tensor(array.transpose(np.argsort(order).astype(int)).copy()), order))
    operator = _native.operators["where"]
    dtype = ao.result_type(inputs[1], inputs[2]).name
    assert_same(operator(*inputs), np.asarray(cast_first(operator, inputs, dtype)))


REDUCED = ((), (1,), (7,), (64,), (1000,), (8193,), (33_000,), (150_000,), (3, 70), (70, 3), (300, 120), (2, 20_011))
REDUCED += ((20_011, 2), (5, 600), (270, 520), (1300, 3, 9), (31, 32, 33), (300, 4, 5), (130, 0), (11, 4100))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", REDUCED, ids=str)
def test_reductions_and_scans_that_cast_have_the_bits_of_a_copy(shape: tuple[int, ...], threads: int) -> None:
    """``dtype=`` of an input in any layout, and dtypes that have no kernel of their own."""
    rank, generator = len(shape), np.random.default_rng(len(shape))
    ao.set_num_threads(threads)
    _native.share_from(32_768)
    try:
        for source, target in itertools.permutations(DTYPES, 2):
            if target not in ("int64", "float32", "float64"):
                continue  # sums have no such results
            contiguous = ao.tensor((generator.standard_normal(shape) * 50).astype(source))
            views = [contiguous]
            if rank:
                views += [ao.tensor(np.asarray(contiguous).repeat(2, -1))[..., ::2], contiguous[::-1]]
            if rank > 1:
                views.append(ao.permute_dims(ao.tensor(np.asarray(contiguous).T.copy()), range(rank)[::-1]))
            for x in views:
                copy = ao.astype(x, target)  # in row-major order
                axes = [axes for count in range(rank + 1) for axes in itertools.combinations(range(rank), count)]
                for name, axis in itertools.product(("sum", "prod"), axes):
                    call = _native.operators[name]
                    wanted = np.asarray(call(copy, axis, keepdims=True))
                    assert_same(call(x, axis, dtype=target, keepdims=True), wanted, f"{name} {source} {target} {axis}")
                for axis in range(rank):
                    call = _native.operators["cumulative_sum"]
                    for initial in (False, True):
                        wanted = np.asarray(call(copy, axis, include_initial=initial))
                        got = call(x, axis, dtype=target, include_initial=initial)
                        assert_same(got, wanted, f"{source} {target} {axis}")
    finally:
        _native.share_from(0)
        ao.set_num_threads(2)


def test_reductions_that_cast_need_no_temporaries() -> None:
    x, y = ao.ones(1_000_000, dtype="int64"), ao.ones((1000, 1000), dtype="float32")
    out = ao.empty(1_000_000)
    calls = (
        lambda: ao.sum(x, dtype="float64"),
        lambda: ao.sum(y, 0, dtype="float64", out=out[:1000]),
        lambda: ao.sum(y, 1, dtype="float64", out=out[:1000]),
        lambda: ao.cumulative_sum(x, dtype="float64", out=out),
    )
    for call in calls:
        memory.release()
        before = memory.stats()["cached"]
        call()
        assert memory.stats()["cached"] - before < 3_000_000  # room for the tiles of a few threads; a cast has 8 MB


@requires_numba
def test_reductions_of_users_cast_what_they_have_no_kernel_for() -> None:
    @ao.reduce(dtypes=("float32", "float64"), identity=0.0)
    def total(a: float, b: float) -> float:
        return a + b

    x = ao.tensor(np.arange(20_000) % 9).reshape(200, 100)
    for axis in (None, 0, 1):
        result = total(x, axis)
        assert result.dtype == "float64"
        assert_same(result, (np.arange(20_000) % 9).reshape(200, 100).sum(axis, dtype="float64"))


def test_large_operands_need_no_temporaries() -> None:
    x, y = ao.ones(1_000_000), ao.ones(1_000_000, dtype="int64")
    out = ao.empty(1_000_000, dtype="float32")

    for results, call in (
        (8_000_000, lambda: x + y),
        (8_000_000, lambda: ao.exp(y)),
        (0, lambda: ao.add(x, y, out=out)),
    ):
        memory.release()
        before = memory.stats()["cached"]
        call()
        assert results <= memory.stats()["cached"] - before < results + 3_000_000  # and room for tiles


def test_a_tile_that_gets_no_memory_is_computed_in_pieces() -> None:
    """Room for casting that cannot be had is no error."""
    _testcapi = pytest.importorskip("_testcapi", reason="this Python has no module to make allocations fail with")
    x = ao.tensor(np.arange(30_000) % 7, dtype="int64").reshape(300, 100)
    y = ao.tensor(np.arange(30_000) % 5, dtype="float64").reshape(100, 300).T
    wanted = np.asarray(x).astype("float64") + np.asarray(y)
    out, failures = ao.empty((300, 100)), 0
    for first in range(12):
        out *= 0.0
        _testcapi.set_nomemory(first, first + 1)
        try:
            ao.add(x, y, out=out)
        except MemoryError:
            failures += 1
            continue
        finally:
            _testcapi.remove_mem_hooks()
        assert_same(out, wanted, f"allocation {first} fails")
    assert failures < 12


def test_folds_and_scans_that_get_no_memory_say_so_or_are_right() -> None:
    _testcapi = pytest.importorskip("_testcapi", reason="this Python has no module to make allocations fail with")
    x = ao.tensor(np.arange(60_000) % 7, dtype="int64").reshape(100, 600)
    rows, table = ao.empty(100), ao.empty((100, 600))
    wanted = np.asarray(x).astype("float64")
    calls = (
        (rows, wanted.sum(1), lambda: ao.sum(x, 1, dtype=ao.float64, out=rows)),
        (table, wanted.cumsum(0), lambda: ao.cumulative_sum(x, 0, dtype=ao.float64, out=table)),
    )
    for out, expected, call in calls:
        outcomes = set()
        for first in range(20):
            out *= 0.0
            _testcapi.set_nomemory(first, first + 1)
            try:
                call()
            except MemoryError:
                outcomes.add("no memory")
                continue
            finally:
                _testcapi.remove_mem_hooks()
            outcomes.add("right")
            assert_same(out, expected, f"allocation {first} fails")
        assert "right" in outcomes  # room for tiles is from the cache of blocks, which no such failure reaches


def test_ints_that_do_not_fit_and_what_is_no_tensor_are_for_python() -> None:
    x = ao.tensor([1, 2, 3])
    assert (x < 2**70).tolist() == [True] * 3
    assert (x * 1.0 + 2**70).tolist() == [2.0**70 + k for k in (1, 2, 3)]
    with pytest.raises(OverflowError, match="add: x2"):
        ao.add(x, 2**63)
    assert ao.add(x, [0.5, 1.5, 2.5]).tolist() == [1.5, 3.5, 5.5]
    assert (x + np.float32(0.5)).dtype == "float64"


def test_no_references_are_left() -> None:
    x, row = ao.ones((30, 4), dtype="int64"), ao.ones(4, dtype="float32")
    before = sys.getrefcount(x), sys.getrefcount(row)
    used = _native.memory_stats()[0]
    for _ in range(200):
        ao.add(x, row)
        ao.add(x, row, out=ao.empty((30, 4), dtype="float32"))
        with pytest.raises(TypeError):
            ao.add(x, row, out=x)
    assert (sys.getrefcount(x), sys.getrefcount(row)) == before
    assert _native.memory_stats()[0] == used


def test_threads_cast_at_once() -> None:
    x, y = ao.arange(200_000), ao.full(200_000, 0.5)
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(10):
            if ao.sum(x + y).item() != 200_000 * 199_999 / 2 + 100_000:
                wrong.append(threading.get_ident())

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


@requires_numba
@pytest.mark.usefixtures("no_python")
def test_operators_of_users_take_the_same_path() -> None:
    @ao.zip(dtypes=("float32", "float64"), bool_inputs=("mask",))
    def either(mask: Any, x: float, y: float) -> float:
        return x * 2.0 if mask else y - x

    mask, x, y = ao.tensor([0, 1, 2] * 400), ao.arange(1200), ao.full(1200, 0.25, dtype="float32")
    result = either(mask, x, y)
    assert result.dtype == "float64"
    wanted = np.where(np.asarray(mask) != 0, np.arange(1200) * 2.0, 0.25 - np.arange(1200))
    assert_same(result, wanted)
    out = ao.empty(1200, dtype="float32")
    assert either(mask, x, 1, out=out) is out
    assert_same(out, np.where(np.asarray(mask) != 0, np.arange(1200) * 2.0, 1.0 - np.arange(1200)).astype("float32"))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32"])
@pytest.mark.parametrize("step", [1, 2, 3, -1, -2])
def test_bytes_of_known_steps(dtype: str, step: int) -> None:
    """Copies of bytes have loops for steps of 2 and -1, and operators of bytes pack strided operands."""
    random = np.random.default_rng(abs(step))
    for rows, columns in ((1, 1), (1, 2), (3, 7), (5, 64), (2, 300), (40, 129)):
        array = (random.random((rows, 3 * columns)) * 200).astype(dtype)
        x, expected = ao.asarray(array)[:, ::step], array[:, ::step]
        assert np.asarray(x.contiguous()).tolist() == expected.tolist()
        assert np.asarray(ao.maximum(x, x[:1])).tolist() == np.maximum(expected, expected[:1]).tolist()
        out = np.zeros_like(array)
        ao.maximum(x, x, out=ao.asarray(out)[:, ::step])
        assert out[:, ::step].tolist() == expected.tolist()
        assert np.count_nonzero(out) == np.count_nonzero(expected)
