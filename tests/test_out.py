"""What ``out=`` takes: one rule for operators, statistics and functions of several results."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import aotops as ao

FOLDS = (ao.sum, ao.prod, ao.max, ao.mean, ao.var, ao.std)
X = ao.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 6.0]])


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.__name__)
def test_out_holds_the_result(fold: Any) -> None:
    out = ao.zeros(3)
    assert fold(X, 1, out=out) is out
    assert out.tolist() == fold(X, 1).tolist() != [0.0, 0.0, 0.0]


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.__name__)
@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (ao.asarray(np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,))), ValueError, "memory of its own"),
        (ao.zeros(2), ValueError, r"the shape of the result \(3,\), got \(2,\)"),
        (ao.zeros((3, 1)), ValueError, r"the shape of the result \(3,\), got \(3, 1\)"),
        (ao.zeros(3, dtype="int64"), TypeError, "hold a result of dtype float64"),
        (ao.asarray(memoryview(bytes(24)).cast("d")), ValueError, "read-only"),
        ([0.0, 0.0, 0.0], TypeError, "a Tensor"),
    ],
    ids=["overlapping", "short", "long", "integers", "read-only", "list"],
)
def test_no_other_out_is_written(fold: Any, out: Any, error: type[Exception], message: str) -> None:
    before = out if isinstance(out, list) else out.tolist()
    with pytest.raises(error, match=f"{fold.__name__}: out must .*{message}"):
        fold(X, 1, out=out)
    assert (out if isinstance(out, list) else out.tolist()) == before


def test_results_broadcast_to_the_out_of_element_wise_operators() -> None:
    row, table = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(2, 3)

    def calls(make: Any) -> list[Any]:
        x, t = make(row), make(table)
        mask, column = make(np.array([True, False, True])), make(np.array([[True], [False]]))
        library: Any = ao if isinstance(x, ao.Tensor) else np
        return [
            library.add(x, x, out=make(np.zeros((2, 3)))),
            library.exp(x, out=make(np.zeros((3, 1, 3)))),
            library.add(x[:1], 1, out=make(np.zeros(3))),
            library.subtract(t[0], t[1], out=t),
            library.add(x, 1, out=make(np.zeros((2, 3))), where=mask),
            library.add(x, 1, out=make(np.zeros((2, 3))), where=column),
            library.less(make(np.ones(3, "int8")), 1000, out=make(np.zeros((2, 3), bool))),
        ]

    for got, wanted in zip(calls(ao.tensor), calls(np.array), strict=True):
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-15)
    for shape in ((3, 2), (2, 1), ()):
        with pytest.raises(ValueError, match=r"add: out must have the shape of the result \(3,\)"):
            ao.add(ao.tensor(row), 1, out=ao.zeros(shape))


def test_several_outs_are_checked_before_one_is_written() -> None:
    x = ao.tensor([1.0, 2.0, 3.0])
    derivative = ao.multiply.derivative
    first, second = ao.zeros(3), ao.zeros(3)
    assert derivative(x, 2.0 * x, x, 1.0, out=(first, second)) == (first, second)
    assert (first.tolist(), second.tolist()) == ([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    whole = ao.zeros(5)
    for wrong, error, message in (
        ((ao.zeros(3), ao.zeros(4)), ValueError, "shape of the result"),
        ((ao.zeros(3), ao.zeros(3, dtype="int64")), TypeError, "hold a result"),
        ((ao.zeros(3), 5), TypeError, "a tuple of Tensors"),
        ((first, first), ValueError, r"memory of its own for each result, got out\[0\] and out\[1\]"),
        ((whole[:3], whole[2:]), ValueError, r"out\[0\] and out\[1\], which share memory"),
    ):
        before = [out.tolist() for out in wrong if isinstance(out, ao.Tensor)]
        with pytest.raises(error, match=message):
            derivative(x, x, x, 1.0, out=wrong)
        assert [out.tolist() for out in wrong if isinstance(out, ao.Tensor)] == before


@pytest.mark.parametrize(
    ("arguments", "dtype"),
    [
        ((-3, 3), "uint8"),
        ((300,), "uint8"),
        ((250.0, 260.0), "uint8"),
        ((2**63 - 2, 2**63 + 1), None),
        ((2**64 - 2, 2**64 + 1), "uint64"),
    ],
)
def test_arange_does_not_wrap(arguments: tuple[float, ...], dtype: str | None) -> None:
    with pytest.raises(OverflowError, match="arange: start, stop and step must"):
        ao.arange(*arguments, dtype=dtype)


@pytest.mark.parametrize(
    ("arguments", "dtype"),
    [
        ((250, 256), "uint8"),
        ((255, -1, -5), "uint8"),
        ((2**63, 2**63 + 3), "uint64"),
        ((0, 2**64, 2**62), "uint64"),
        ((-3, -3), "uint8"),
        ((10**30, 10**30 + 3), "float64"),
        ((2**63 - 2, 2**63 + 2), "float64"),
        ((0.0, 1.0, 0.25), "float32"),
        ((True, 3), None),
    ],
)
def test_arange_is_numpys(arguments: tuple[float, ...], dtype: str | None) -> None:
    result, wanted = ao.arange(*arguments, dtype=dtype), np.arange(*arguments, dtype=dtype)
    assert result.tolist() == wanted.tolist()
    assert math.prod(result.shape) == wanted.size
