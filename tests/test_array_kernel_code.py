"""The code of array kernels: checks that cost nothing, vectors, counts of references, and other orders of sums."""

from __future__ import annotations

import math
import re

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="kernels call NumPy's functions, and results are compared with its")
pytestmark = requires_numba
rng = np.random.default_rng(15)


@ao.kernel("(n,m)->(n,m)", dtypes="float64")
def neighbours(x, out):
    out[:] = 0.0
    for i in range(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            out[i, j] = x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + 1]


@ao.kernel("(n)->()", dtypes="float64")
def middle(x, out):
    out[0] = np.sort(x)[x.shape[0] // 2]


@ao.kernel("(n)->()", dtypes="float64")
def total(x, out):
    sum_of_all = 0.0
    for i in range(x.shape[0]):
        sum_of_all += math.exp(x[i])
    out[0] = sum_of_all


total_in_any_order = ao.kernel("(n)->()", dtypes="float64", reassociate=True)(total.py_func)


def compiled(kernel: ao.ArrayKernel) -> tuple[str, str]:
    """LLVM's code before it is optimized for a level, and after."""
    import llvmlite.binding as llvm

    from aotops.aot.arrays import compiler

    record = kernel._record
    bitcode = compiler.compile_bitcode(record, record.signatures[0], True, "kernel", "/")
    module = llvm.parse_bitcode(bitcode)
    before = str(module)
    machine = llvm.Target.from_default_triple().create_target_machine(opt=3)
    return before, str(compiler.optimise(module, machine, ""))


def vectors(text: str) -> int:
    """How many additions and products of vectors there are."""
    return len(re.findall(r" f(?:add|mul) (?:reassoc nsz )?<\d+ x double>", text))


def test_checks_of_neighbours_are_no_obstacle_to_vectors() -> None:
    _, code = compiled(neighbours)
    assert vectors(code) >= 3
    x = rng.random((9, 11))
    expected = np.zeros_like(x)
    expected[1:-1, 1:-1] = x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]
    assert np.array_equal(neighbours(x), expected)


def test_no_reference_is_counted_in_the_loops_of_a_sort() -> None:
    before, _ = compiled(middle)
    assert len(re.findall(r"call .*@NRT_(?:inc|dec)ref", before)) < 30  # 57 where LLVM does not see that arrays are one
    x = rng.random(1001)
    assert middle(x) == np.median(x)


def test_sums_in_another_order_are_vectors() -> None:
    x = rng.random(1000)
    assert "fadd reassoc nsz" in compiled(total_in_any_order)[0]
    in_order, any_order = total(x), total_in_any_order(x)
    assert in_order != any_order
    assert math.isclose(any_order, math.fsum(np.exp(x)), rel_tol=1e-14)
    for n in (0, 1):  # a single exponential has the same bits: only what the user wrote is in another order
        assert total_in_any_order(x[:n]) == total(x[:n])
    with pytest.raises(TypeError, match="reassociate must be a bool"):
        ao.kernel("(n)->(n)", reassociate=1)(lambda x, out: None)
    with pytest.raises(TypeError, match="reassociate must be a bool"):
        ao.function("(float64)", reassociate=None)(lambda x: x)


def test_arrays_without_an_end_are_rejected() -> None:
    first = ao.kernel("(n)->()", dtypes="uint8")(lambda x, out: None)
    with pytest.raises(ValueError, match=r"fewer than 2\*\*60 elements"):
        first(np.broadcast_to(np.uint8(1), (2**60,)))
    assert first(np.broadcast_to(np.uint8(1), (2**60 - 1,))).shape == ()
