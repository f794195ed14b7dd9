"""Kernels that see the position of an element in place of an operand: in plain Python, and compiled, in all layouts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from layouts import assert_same

import aotops as ao
from aotops import _native, ops
from aotops.aot.pack.kernels import record_kernels
from aotops.intrinsics import Pointer, Position

ARANGE = _native.operators["_arange"]
DTYPES = {"int64": ao.int64, "float64": ao.float64}


def laid_out(shape: tuple[int, ...], dtype: str, layout: str) -> tuple[ao.Tensor, np.ndarray]:
    """A tensor to be filled, with room around its elements, and the same of NumPy's."""

    def view(memory: Any) -> Any:
        if layout == "transposed":
            return ao.permute_dims(memory, range(len(shape))[::-1]) if isinstance(memory, ao.Tensor) else memory.T
        return {
            "contiguous": memory,
            "rows with gaps": memory[..., 1:-2] if layout == "rows with gaps" else None,
            "backwards": memory[(slice(None, None, -1),) * len(shape)],
            "every second": memory[..., ::2],
        }[layout]

    lengths = {
        "transposed": shape[::-1],
        "rows with gaps": (*shape[:-1], shape[-1] + 3),
        "every second": (*shape[:-1], 2 * shape[-1]),
    }.get(layout, shape)
    return view(ao.full(lengths, 77, dtype=dtype)), view(np.full(lengths, 77, dtype))


SHAPES = (
    (0,),
    (1,),
    (10,),
    (300,),
    (5000,),
    (3, 4),
    (900, 3),
    (40, 200),
    (300, 70),
    (2, 3, 5),
    (20, 30, 11),
    (4, 9000),
)
LAYOUTS = ("contiguous", "transposed", "rows with gaps", "backwards", "every second")


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_positions_are_those_of_the_elements(shape: tuple[int, ...], layout: str, threads: int) -> None:
    """Whatever the order in which elements are computed: row-major indices, coordinates, differences of them."""
    ao.set_num_threads(threads)
    _native.share_from(20_000)
    try:
        steps = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
        for strides in (steps, [(-1) ** axis for axis in range(len(shape))], [0] * len(shape), [2**40] * len(shape)):
            for dtype, out_dtype in (("int64", "int64"), ("float64", "float64"), ("float64", "float32")):
                out, array = laid_out(shape, out_dtype, layout)
                result = _native.generate(ARANGE, DTYPES[dtype], out, 5, tuple(strides), (3, 2))
                assert result is out
                place = 5 + sum(step * i for step, i in zip(strides, np.indices(shape), strict=True))
                array[...] = place.astype(dtype) * 2 + 3
                assert_same(out, array, f"{strides} {dtype} {out_dtype}")
    finally:
        _native.share_from(0)
        ao.set_num_threads(2)


def test_other_inputs_may_be_tensors() -> None:
    start, step = ao.tensor([[10.0], [20.0]]), ao.tensor([1, 2, 3])
    out = ao.empty((2, 3))
    _native.generate(ARANGE, ao.float64, out, 0, (3, 1), (start, step))
    assert out.tolist() == [[10.0, 12.0, 16.0], [23.0, 28.0, 35.0]]


def test_positions_go_beyond_int32_and_are_negative() -> None:
    out = ao.empty(4, dtype="int64")
    for first, stride in ((2**62, 2**60), (-(2**63), 1), (-1, -1), (2**31 - 2, 1)):
        _native.generate(ARANGE, ao.int64, out, first, (stride,), (0, 1))
        assert out.tolist() == [first + k * stride for k in range(4)]


@pytest.mark.parametrize(("kernel", "dtype"), list(zip(record_kernels(ops.collect()["_arange"]), DTYPES, strict=True)))
def test_kernels_of_positions_run_as_plain_python(kernel: Any, dtype: str) -> None:
    for n0, n1, outer, inner in itertools.product((1, 3), (1, 8, 65), (0, 7), (1, 0, -2)):
        start, step, out = [10], [3], [None] * (n0 * n1)
        data = [Position(100), Pointer(start), Pointer(step), Pointer(out)]
        kernel.function(n0, n1, data, [inner, 0, 0, 1, outer, 0, 0, n1])
        assert out == [10 + 3 * (100 + i * outer + j * inner) for i in range(n0) for j in range(n1)]


def test_arange_is_what_it_was() -> None:
    for args in ((10,), (2, 9), (2, 9, 2), (9, 2, -3), (0,), (5, 5), (3, -3), (70_000,), (0, 2**62, 2**55)):
        assert_same(ao.arange(*args), np.arange(*args, dtype="int64"), str(args))
    for args in ((10.0,), (0.5, 7.25, 0.3), (1, 0, -0.25), (0.0, 1e300, 1e299), (1e16, 1e16 + 10, 1.0)):
        start, stop, step = (0.0, *args, 1.0)[-3:] if len(args) == 1 else (*args, 1.0)[:3]
        count = max(0, int(np.ceil((stop - start) / step)))
        assert_same(ao.arange(*args), np.arange(count) * np.float64(step) + np.float64(start), str(args))
    assert_same(ao.arange(70_000, dtype="float32"), np.arange(70_000).astype("float32"))
    assert_same(ao.arange(3, dtype="bool"), np.arange(3).astype("bool"))


def test_operators_of_positions_are_not_for_callers() -> None:
    x = ao.arange(3)
    for call in (lambda: ARANGE(x, x, x), lambda: ARANGE(x, 1, 2), lambda: ARANGE(x, x, x, out=x)):
        with pytest.raises(TypeError, match="takes positions"):
            call()
    assert [[dtype.name for dtype in signature] for signature in ARANGE.dtypes] == [
        ["int64"] * 4,
        ["int64", *["float64"] * 3],
    ]
    add, out = _native.operators["add"], ao.empty(3, dtype="int64")
    wrong: list[tuple[Any, ...]] = [
        (add, ao.bool, out, 0, (1,), (1, 2)),
        (ARANGE, ao.int64, out, 0, (1, 1), (1, 2)),
        (ARANGE, ao.int64, out, 0, (1,), (1,)),
        (ARANGE, ao.int64, out, 0, (1,), (1, 2, 3)),
        (ARANGE, ao.int64, out, 0, (1,), (1, "2")),
        (ARANGE, ao.int64, out, 0, (1,), (out, 2)),
        (ARANGE, ao.int64, out, 0, (1,), (ao.ones(4), 2)),
        (_native.operators["sum"], ao.int64, out, 0, (1,), (1,)),
    ]
    for arguments in wrong:
        with pytest.raises(SystemError, match="generate: "):
            _native.generate(*arguments)
    with pytest.raises(OverflowError):
        _native.generate(ARANGE, ao.int64, out, 2**63, (1,), (1, 2))
    with pytest.raises(TypeError):
        _native.generate(ao.add, ao.int64, 3, 0, (1,), (1, 2))
