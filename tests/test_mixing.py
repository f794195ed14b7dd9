"""Tensors beside everything else: lists, NumPy's arrays and scalars, numbers of other types, in every operator.

The oracle is NumPy 2: a tensor with an operand computes what an array with it does, and the result is a tensor.
"""

from __future__ import annotations

import array
import ctypes
import enum
import gc
import math
import operator
import pickle
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from cells import for_each
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from layouts import DTYPES, INTEGERS, SAMPLED, assert_same, integer_extremes

import aotops as ao

every_dtype = pytest.mark.parametrize("dtype", SAMPLED)

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
IN_PLACE = [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]


class Weekday(enum.IntEnum):
    TUESDAY = 2


#: What goes beside a tensor of shape (3,), made anew for each test.
OPERANDS: dict[str, Callable[[], Any]] = {
    "int": lambda: 2,
    "negative int": lambda: -3,
    "float": lambda: 2.5,
    "bool": lambda: True,
    "IntEnum": lambda: Weekday.TUESDAY,
    "nan": lambda: math.nan,
    "list": lambda: [1, 2, 3],
    "list of floats": lambda: [1.0, 2.5, 3.0],
    "list of bools": lambda: [True, False, True],
    "list of both": lambda: [1, 2.5, True],
    "tuple": lambda: (4, 5, 6),
    "range": lambda: range(1, 4),
    "nested lists": lambda: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    "list of NumPy's scalars": lambda: [np.float32(1), np.int64(2), np.bool_(True)],
    "list of arrays": lambda: [np.ones(3), np.arange(3.0)],
    "one of a list": lambda: [3],
    **{f"array of {dtype}": lambda dtype=dtype: np.array([1, 0, 3]).astype(dtype) for dtype in SAMPLED},
    **{f"0-d array of {dtype}": lambda dtype=dtype: np.array(2).astype(dtype) for dtype in SAMPLED},
    **{f"scalar of {dtype}": lambda dtype=dtype: np.array(2).astype(dtype)[()] for dtype in SAMPLED},
    "scalar of int32": lambda: np.int32(2),
    "scalar of uint16": lambda: np.uint16(2),
    "scalar of float16": lambda: np.float16(2.5),
    "larger array": lambda: np.arange(6.0).reshape(2, 3),
    "strided array": lambda: np.arange(10)[8:2:-2],
    "transposed array": lambda: np.arange(6.0).reshape(3, 2).T,
    "read-only array": lambda: np.broadcast_to(np.float64(2), 3),
    "empty array": lambda: np.zeros((0, 3)),
    "array.array": lambda: array.array("d", [1, 2, 3]),
    "memoryview": lambda: memoryview(array.array("q", [1, 2, 3])),
    "ctypes": lambda: (ctypes.c_double * 3)(1, 2, 3),
}
every_operand = for_each("operand", OPERANDS)

#: What no operator takes: arithmetic and ordering are TypeErrors.
REJECTED: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "string": lambda: "abc",
    "bytes": lambda: b"abc",
    "Fraction": lambda: Fraction(1, 2),
    "Decimal": lambda: Decimal(2),
    "dict": lambda: {1: 2},
    "set": lambda: {1, 2, 3},
    "generator": lambda: (x for x in [1, 2, 3]),
    "map": lambda: map(int, "123"),
    "object": object,
    "type": lambda: int,
    "ellipsis": lambda: ...,
    "list of strings": lambda: ["1", "2", "3"],
    "list of None": lambda: [None, 1, 2],
    "array of objects": lambda: np.array([1, None, 3]),
    "array of strings": lambda: np.array(["a", "b", "c"]),
    "array of float16": lambda: np.ones(3, np.float16),
    "bytearray": lambda: bytearray(3),
}
every_rejected = for_each("operand", REJECTED)


#: Scalars of dtypes that aotops lacks, and what they become.
SMALL = {np.float16: "float32"}


def pair(dtype: str) -> tuple[ao.Tensor, np.ndarray]:
    values = np.array([1, 0, 3]).astype(dtype)
    return ao.tensor(values), values


def as_numpy(operand: Any) -> Any:
    """An operand as NumPy's operators must have it: an array, a weak number, or of a dtype that aotops has."""
    if isinstance(operand, (array.array, memoryview, ctypes.Array)):
        return np.asarray(operand)
    if isinstance(operand, enum.IntEnum):
        return int(operand)  # NumPy's weak numbers are of Python's own types alone
    return operand.astype(SMALL[type(operand)]) if type(operand) in SMALL else operand


def outcome(function: Callable[..., Any], *operands: Any) -> Any:
    """A result, or the exception that there is in its place."""
    try:
        with np.errstate(all="ignore"):
            return function(*operands)
    except Exception as error:
        return error


def check(result: Any, wanted: Any, exact: bool) -> None:
    """A tensor of NumPy's values, and of its dtype where that is one of aotops'."""
    assert type(result) is ao.Tensor
    wanted = np.asarray(wanted)
    got = np.asarray(result)
    assert got.shape == wanted.shape
    if wanted.dtype.name in DTYPES:
        assert got.dtype == wanted.dtype
    if exact:
        np.testing.assert_array_equal(got, wanted)
    else:
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def is_ours(dtype: str, function: Any, operand: Any) -> bool:
    """Whether aotops differs from NumPy on purpose: bools have no arithmetic, integers no negative exponents."""
    kinds = {np.asarray(as_numpy(operand)).dtype.kind, np.dtype(dtype).kind}
    if function in (operator.pow, operator.ipow) and not kinds & {"f"}:
        return True
    return kinds == {"b"} and function in ARITHMETIC + IN_PLACE


@every_dtype
@every_operand
@pytest.mark.parametrize("function", ARITHMETIC + COMPARISONS)
def test_operators_are_numpys(dtype: str, operand: Callable[[], Any], function: Any) -> None:
    t, values = pair(dtype)
    if is_ours(dtype, function, operand()):
        return
    wanted = outcome(function, values, as_numpy(operand()))
    if isinstance(wanted, OverflowError):  # of a Python int that the dtype cannot hold
        for operands in ((t, operand()), (operand(), t)):
            with pytest.raises(OverflowError):
                function(*operands)
        return
    check(function(t, operand()), wanted, function is not operator.pow)
    if function in (operator.eq, operator.ne) and isinstance(operand(), memoryview):
        return  # which compares itself with any other buffer
    check(function(operand(), t), outcome(function, as_numpy(operand()), values), function is not operator.pow)
    assert t.tolist() == values.tolist()


@every_dtype
@every_operand
@pytest.mark.parametrize("function", IN_PLACE)
def test_in_place_stays_in_place_or_raises(dtype: str, operand: Callable[[], Any], function: Any) -> None:
    t, values = pair(dtype)
    if is_ours(dtype, function, operand()) and dtype in INTEGERS:
        return
    before, name = values.tolist(), t
    wanted = outcome(function, values, as_numpy(operand()))
    try:
        result = function(t, operand())
    except (TypeError, ValueError, OverflowError):
        assert isinstance(wanted, (TypeError, ValueError, OverflowError)) or dtype == "bool"
        assert name.tolist() == before
    else:
        assert result is t
        np.testing.assert_allclose(np.asarray(t), wanted, rtol=1e-6)
        assert t.dtype == dtype


@every_dtype
@every_rejected
@pytest.mark.parametrize("function", [*IN_PLACE, operator.imatmul])
def test_in_place_with_anything_else_raises(dtype: str, operand: Callable[[], Any], function: Any) -> None:
    for t in (pair(dtype)[0], ao.tensor(1, dtype=dtype)):
        before = t.tolist()
        with pytest.raises((TypeError, ValueError) if function is operator.imatmul else TypeError):  # no axes
            function(t, operand())
        assert t.tolist() == before


def test_in_place_keeps_the_name_bound() -> None:
    t = same = ao.tensor([1.0, 2.0, 3.0])
    t += [1, 2, 3]
    t -= np.ones(3)
    t *= np.float64(2)
    t /= (1, 2, 4)
    t **= array.array("d", [1, 2, 1])
    assert t is same and t.tolist() == [2.0, 9.0, 2.5]
    part = t[1:]
    part += np.array([1.0, 2.0])
    assert t.tolist() == [2.0, 10.0, 4.5]
    t += np.asarray(t)[::-1]  # the same memory in another order
    assert t.tolist() == [6.5, 20.0, 6.5]
    frozen = ao.asarray(memoryview(bytes(24)).cast("d"))
    for operand in (1.0, [1, 2, 3], np.ones(3)):
        with pytest.raises(ValueError, match="read-only"):
            frozen += operand
    assert frozen.tolist() == [0.0] * 3


class Reflected:
    """A type with operators of its own."""

    def __radd__(self, other: Any) -> Any:
        return "reflected"

    __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __lt__ = __le__ = __gt__ = __ge__ = __radd__

    def __eq__(self, other: object) -> Any:
        return "reflected"

    def __ne__(self, other: object) -> Any:
        return "reflected"

    __hash__ = None  # type: ignore[assignment]


class Array(np.ndarray):
    """A subclass without operators of its own."""


class Unit(np.ndarray):
    """A subclass that says that its operators come first."""

    __array_priority__ = 1000

    def __radd__(self, other: Any) -> Any:
        return "reflected"


class OwnNumber(Fraction):
    """A number that opts out of NumPy's operators."""

    __array_ufunc__ = None

    def __radd__(self, other: Any) -> Any:
        return "reflected"


def test_types_with_operators_of_their_own_are_asked() -> None:
    t = ao.ones(3)
    for function in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, *COMPARISONS):
        assert function(t, Reflected()) == "reflected"
    assert t + np.ones(3).view(Unit) == "reflected" and t + OwnNumber(1) == "reflected"
    for own in (Reflected(), np.ones(3).view(Unit), OwnNumber(1), np.ma.ones(3)):
        with pytest.raises(TypeError, match=f"add: x2 must be a Tensor, .*, got {type(own).__name__}"):
            t += own
    assert t.tolist() == [1.0] * 3
    assert type(t + np.ones(3).view(Array)) is ao.Tensor
    masked = t == np.ma.array([1.0, 1.0, 2.0], mask=[True, False, False])
    assert type(masked) is np.ma.MaskedArray and masked.tolist() == [None, True, False]


@every_dtype
@every_rejected
def test_other_types_are_rejected_by_operators(dtype: str, operand: Callable[[], Any]) -> None:
    t, _ = pair(dtype)
    for function in [*ARITHMETIC, operator.lt, operator.ge]:
        for reflected in (False, True):
            if isinstance(operand(), Fraction) and function is operator.pow and reflected:
                continue  # which makes itself a float
            if isinstance(operand(), bytearray) and function in COMPARISONS and reflected:
                continue  # which compares itself with any other buffer
            with pytest.raises(TypeError):
                function(operand(), t) if reflected else function(t, operand())
    calls: list[Callable[[Any], Any]] = [ao.exp, ao.sum, ao.mean, lambda x: ao.add(t, x), lambda x: ao.where(x, t, t)]
    for call in calls:
        with pytest.raises(TypeError):
            call(operand())
    if getattr(operand(), "dtype", None) == np.float16:
        return  # assignment converts it: test_assigned_arrays_are_converted_as_on_their_own
    for assign in (lambda: t.__setitem__(0, operand()), lambda: t.__setitem__(..., operand())):
        with pytest.raises(TypeError):
            assign()
    assert t.tolist() == [1, 0, 3] or dtype == "bool"


class Index:
    """An int to Python's own sequences."""

    def __index__(self) -> int:
        return 1


def test_messages_say_what_to_write() -> None:
    t = ao.ones(3)
    for operand, advice in [
        (Fraction(1, 2), "got Fraction; convert with float"),
        (Decimal(2), "got Decimal; convert with float"),
    ]:
        for function in ARITHMETIC + COMPARISONS:
            with pytest.raises(TypeError, match=advice):
                function(t, operand)
    for operand, advice in [
        (iter([1.0]), r"; make a list of it with list\(...\)"),
        ({1.0}, r"; make a list of it with list\(...\)"),
        ({1: 1.0}, r"; take list\(...\) of its values"),
        (np.ma.ones(3), "; make a Tensor with aotops.asarray"),
        (Fraction(1, 2), "; convert with float"),
    ]:
        with pytest.raises(TypeError, match=f"^exp: x must be a Tensor, .*, got {type(operand).__name__}{advice}"):
            ao.exp(operand)
    for data, advice in [
        ((x for x in [1]), r"got generator; make a list of it with list\(...\)"),
        (map(int, "12"), r"got map; make a list of it with list\(...\)"),
        ([{1, 2}], r"data\[0\] must be a number or a sequence of numbers, got set; make a list"),
        ([[1, 2], {1: 2}], r"data\[1\] must be a number .*, got dict; take list\(...\) of its values"),
        ([0, "a"], r"data\[1\] must be a number or a sequence of numbers, got str"),
        ([0, Fraction(1, 2)], r"data\[1\] must be a number .*, got Fraction; convert with float"),
        ([Index()], r"data\[0\] must be a number .*, got Index; convert with int"),
        ([Decimal(1)], r"data\[0\] must be a number .*, got Decimal; convert with float"),
    ]:
        with pytest.raises(TypeError, match=advice):
            ao.tensor(data)


def test_comparisons_with_what_is_no_number_are_pythons() -> None:
    t = ao.tensor([1.0, 2.0])
    for other in (None, "abc", object(), {1.0: 2.0}, {1.0}, int, ...):
        assert (t == other) is False and (t != other) is True and (other == t) is False
        assert other not in t
    with pytest.raises(TypeError, match="equal: x2 must be a Tensor"):
        Fraction(1) in t  # noqa: B015
    for data in (b"abc", bytearray(b"abc")):  # data for aotops.asarray, but no operands: they could be strings
        for call in (
            lambda data=data: t == data,
            lambda data=data: t != data,
            lambda data=data: t + data,
            lambda data=data: data + t,
            lambda data=data: ao.add(t, data),
            lambda data=data: ao.sum(data),
            lambda data=data: ao.mean(data),
            lambda data=data: t.__setitem__(slice(None), data),
            lambda data=data: t.__iadd__(data),
            lambda data=data: data in t,
        ):
            with pytest.raises(TypeError, match=r"must be a Tensor, .*, got byte(s|array); make a Tensor with"):
                call()


class TensorOfOthers:
    """An array of a library that leaves operators with tensors to Python, as PyTorch does."""

    __array_priority__ = 1000
    __dlpack__ = __dlpack_device__ = lambda self: None
    asked = 0

    def __eq__(self, other: object) -> Any:
        type(self).asked += 1
        return NotImplemented

    __ne__ = __radd__ = __eq__


TensorOfOthers.__name__ = "Tensor"
TensorOfOthers.__module__ = "torch.nn"


def test_arrays_of_other_libraries_are_not_silently_unequal() -> None:
    t, other = ao.ones(3), TensorOfOthers()
    for call in (lambda: t == other, lambda: t != other, lambda: other == t):
        with pytest.raises(TypeError, match=r"equal: x2 must be a Tensor, .*, got torch.Tensor; make a Tensor with"):
            call()
    assert other.asked >= 3  # they are asked first
    with pytest.raises(TypeError, match=r"add: x1 must be a Tensor, .*, got torch.Tensor; make a Tensor with"):
        ao.add(other, t)


def test_lists_and_arrays_are_compared_by_value() -> None:
    t = ao.tensor([1.0, 2.5])
    for other in ([1.0, 2.5], (1.0, 2.5), np.array([1.0, 2.5]), array.array("d", [1.0, 2.5])):
        assert ao.all(t == other).item() and not ao.any(t != other).item()
        assert ao.all(other == t).item() and other in t
    assert (t == [1.0, 3.0]).tolist() == [True, False] and [7, 8] not in t
    for wrong in ([1.0, 2.5, 3.0], np.ones(3)):
        with pytest.raises(ValueError, match="equal: shapes must broadcast together"):
            t == wrong  # noqa: B015


# --- NumPy's side ----------------------------------------------------------------------------------------------


def test_numpys_functions_take_tensors() -> None:
    t, values = ao.tensor([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]]), np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])
    calls: list[Callable[[Any], Any]] = [
        np.mean,
        np.std,
        np.var,
        np.sum,
        np.prod,
        np.max,
        np.min,
        np.argmax,
        lambda x: np.mean(x, axis=0),
        lambda x: np.mean(x, axis=(0, 1), keepdims=True),
        lambda x: np.mean(x, dtype=np.float32),
        lambda x: np.std(x, ddof=1),
        lambda x: np.std(x, axis=1, correction=1, keepdims=True),
        lambda x: np.var(x, axis=-1, ddof=1, dtype="float32"),
        lambda x: np.sum(x, axis=1, keepdims=True),
        lambda x: np.any(x > 0, axis=0),
        lambda x: np.all(x > -9),
        lambda x: np.clip(x, -1, 2),
        np.exp,
        np.abs,
        np.negative,
        np.square,
        np.isnan,
        np.floor,
        lambda x: np.add(x, 1),
        lambda x: np.power(2.0, x),
        lambda x: np.maximum(np.ones(3), x),
        lambda x: np.floor_divide(x, 2),
        lambda x: np.add.reduce(x, axis=0),
        lambda x: np.multiply.outer(x, [1.0, 2.0]),
        lambda x: np.subtract(x, 1, where=np.array([True, False, True]), out=np.zeros((2, 3))),
    ]
    for number, call in enumerate(calls):
        wanted = call(values)
        got = call(t)
        assert type(got) is (np.ndarray if number == len(calls) - 1 else ao.Tensor), number
        assert np.asarray(got).dtype == wanted.dtype
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-6)
    for several, wanted_pair in (
        (np.divmod(t, 2.0), np.divmod(values, 2.0)),
        (divmod(np.ones((2, 3)), t), np.divmod(np.ones((2, 3)), values)),
    ):
        for got, wanted in zip(several, wanted_pair, strict=True):
            check(got, wanted, True)
    np.testing.assert_array_equal(np.concatenate([t, t]), np.concatenate([values, values]))
    assert np.shares_memory(np.asarray(t), np.asarray(t)) and np.array([t[0], t[1]]).shape == (2, 3)
    assert np.cumsum(t).tolist() == np.cumsum(values).tolist()
    total = np.add.reduce(t, axis=None)
    total += 1.0
    assert type(total) is ao.Tensor and total.item() == values.sum() + 1
    with pytest.raises(TypeError, match="add: x2 must be a Tensor"):
        np.add(t, Fraction(1, 2))


def test_numpys_out_is_written_in_place() -> None:
    t, values = ao.tensor([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0])
    same = values
    values += t
    values //= t
    values -= ao.tensor([1, 0, 0])
    assert values is same and type(values) is np.ndarray and values.tolist() == [1.0, 2.0, 2.0]
    whole = np.array([1, 2, 3])
    with pytest.raises(TypeError, match=r"add: out must be able to hold a result of dtype float64, got .* int64"):
        whole += t
    assert whole.tolist() == [1, 2, 3]
    assert np.exp(np.zeros(3), out=t) is t and t.tolist() == [1.0] * 3
    np.add.at(t, [0, 0, 2], 1.0)
    assert t.tolist() == [3.0, 1.0, 2.0]
    quotient, rest = np.divmod(t, 2.0, out=(None, values))
    assert type(quotient) is ao.Tensor and quotient.tolist() == [1.0, 0.0, 1.0]
    assert rest is values and values.tolist() == [1.0, 1.0, 0.0]
    scalar = np.float64(2)
    scalar *= t
    assert type(scalar) is ao.Tensor and scalar.tolist() == [6.0, 2.0, 4.0]


def test_functions_of_the_same_name_by_others_are_theirs() -> None:
    class Ufunc:  # as Numba's vectorize makes them
        __name__ = "square"

        def __call__(self, x: Any) -> Any:
            return x + 100

    result = ao.ones(2).__array_ufunc__(Ufunc(), "__call__", ao.tensor([1.0, 2.0]))
    check(result, [101.0, 102.0], True)


def test_operators_that_came_later_take_arrays_on_either_side() -> None:
    t, values = ao.tensor([7.0, 8.0, 9.0]), np.array([2.0, 3.0, 4.0])
    for function in (operator.floordiv, operator.mod, operator.matmul):
        wanted, reflected = function(np.asarray(t), values), function(values, np.asarray(t))
        for other in (values, ao.asarray(values)):
            check(function(t, other), wanted, True)
            check(function(other, t), reflected, True)
    with pytest.raises(ValueError, match="matmul: x2 must have at least 1 dimension"):
        t @ 2


def test_scalars_become_tensors_that_can_be_written() -> None:
    for scalar in (np.float64(2), np.int8(2), np.bool_(True), np.complex64(2)):
        t = ao.asarray(scalar)
        t[...] = 0
        assert t.item() == 0 and scalar != 0 and ao.asarray(scalar, copy=False).readonly
    frozen = np.array(2.0)
    shared = ao.asarray(frozen)
    frozen[...] = 3.0
    assert shared.item() == 3.0  # an array without dimensions is no scalar
    frozen.flags.writeable = False
    assert ao.asarray(frozen).readonly


def test_scalars_have_their_dtype() -> None:
    single = ao.ones(2, dtype="float32")
    for scalar, dtype in [
        (2.5, "float32"),
        (2, "float32"),
        (np.float64(2), "float64"),
        (np.float32(2), "float32"),
        (np.int64(2), "float64"),
        (np.bool_(True), "float32"),
        (np.array(2.0), "float64"),
        (ao.tensor(2.0), "float64"),
        (ctypes.c_double(2.0), "float64"),
        (ctypes.c_float(2.0), "float32"),
    ]:
        for result in (
            single * scalar,
            scalar * single,
            ao.multiply(single, scalar),
            ao.where([True, False], single, scalar),
        ):
            assert type(result) is ao.Tensor and result.dtype == dtype
        assert (
            ao.result_type(single, ao.asarray(scalar) if isinstance(scalar, ctypes._SimpleCData) else scalar) == dtype
        )
    assert (ao.ones(2, dtype="int64") + np.float32(1)).dtype == "float64"
    assert ao.full(2, np.float32(2.5)).dtype == "float32" and ao.full(2, np.int16(3)).dtype == "int16"
    assert (single * np.uint64(2)).dtype == "float64"


def test_numpy_is_not_imported() -> None:
    code = """
import sys, array, aotops as ao
t = ao.tensor([1.0, 2.0])
t += [1, 2]; t *= array.array("d", [1, 2]); t == (1, 2); t[0] = [[3]][0][0]; t.std(ddof=1); ao.exp([1.0])
t < 2**70; t == None; max(t); t[0], t[1] = t[1], t[0]
assert "numpy" not in sys.modules and "numbers" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- other functions -------------------------------------------------------------------------------------------


@every_operand
def test_functions_take_what_operators_take(operand: Callable[[], Any]) -> None:
    values = np.asarray(as_numpy(operand()))
    x = ao.asarray(operand())
    for function in (
        ao.exp,
        ao.mean,
        ao.std,
        ao.sum,
        ao.max,
        lambda x: ao.sum(x, dtype="float64"),
        lambda x: ao.where(x, x, 0),
    ):
        got, wanted = outcome(function, operand()), outcome(function, x)
        assert type(got) is type(wanted)
        if isinstance(got, ao.Tensor):
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))
    t = ao.zeros(np.broadcast_shapes(values.shape, (3,)))
    t[...] = operand()
    np.testing.assert_array_equal(np.asarray(t), np.broadcast_to(values, t.shape))
    np.testing.assert_array_equal(np.asarray(ao.tensor([operand(), operand()])), np.array([values, values]))


@pytest.mark.parametrize(
    "data",
    [
        [np.float32(1), np.int64(2)],
        [np.float32(1.5), np.float32(2)],
        [np.bool_(True), np.bool_(False)],
        [np.int64(2**60 + 1), np.int64(3)],
        [np.ones(2), np.zeros(2)],
        [np.ones(2, np.float32), [np.float32(1), np.float32(2)]],
        [np.array(1), np.array(2)],
        [np.ones((2, 0)), np.ones((2, 0))],
        (range(2), np.array([5, 6])),
        [[np.float64(1), 2], [3, np.float64(4)]],
        [np.arange(6)[::-2], np.arange(3)],
    ],
    ids=repr,
)
def test_lists_of_arrays_and_scalars(data: Any) -> None:
    wanted = np.array(data)
    for made in (ao.tensor(data), ao.asarray(data)):
        assert made.dtype == wanted.dtype.name and made.shape == wanted.shape
        np.testing.assert_array_equal(np.asarray(made), wanted)
    assert ao.tensor([array.array("f", [1, 2]), ao.tensor([1, 2], dtype="float32")]).dtype == "float32"
    assert ao.tensor([np.int8(1), np.uint16(65535)]).tolist() == [1, 65535]


# --- numbers that a dtype cannot hold --------------------------------------------------------------------------

NUMBERS = [
    math.nan,
    math.inf,
    -math.inf,
    1e300,
    2.0**63,
    -(2.0**63),
    -(2.0**63) - 2048,
    3.7,
    -3.7,
    2**63,
    -(2**63),
    2**70,
    5,
]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_in_integer_tensors_are_numpys(number: float) -> None:
    values = np.array([1, 2, 3])
    wanted = outcome(values.__setitem__, 1, number)
    one_by_one = {
        "item": lambda t: t.__setitem__(1, number),
        "view": lambda t: t[1:2].__setitem__(..., number),
        "list": lambda t: t[1:2].__setitem__(..., [number]),
        "index": lambda t: t.__setitem__(np.int64(1), number),
        "tensor": lambda t: t.__setitem__(1, ao.tensor(number, dtype="int64")),
        "tensor of a list": lambda t: t.__setitem__(1, ao.tensor([0.5, number], dtype="int64")[1]),
        "tensor of nested lists": lambda t: t.__setitem__(1, ao.tensor([[number]], dtype="int64")[0, 0]),
        "asarray": lambda t: t.__setitem__(1, ao.asarray([number], dtype="int64")[0]),
        "full": lambda t: t.__setitem__(1, ao.full(2, number, dtype="int64")[0]),
    }
    if isinstance(number, float):
        one_by_one["scalar"] = lambda t: t.__setitem__(1, np.float64(number))
        one_by_one["list of a scalar"] = lambda t: t[1:2].__setitem__(..., [np.float64(number)])
        one_by_one["full of a scalar"] = lambda t: t.__setitem__(1, ao.full(2, np.float64(number), dtype="int64")[0])
        one_by_one["tensor of a scalar"] = lambda t: t.__setitem__(1, ao.tensor(np.float64(number), dtype="int64"))
    for name, write in one_by_one.items():
        t = ao.tensor([1, 2, 3])
        got = outcome(write, t)
        assert type(got) is type(wanted), name
        assert t.tolist() == values.tolist(), name


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e300])
def test_single_elements_must_fit_however_they_are_given(number: float) -> None:
    t = ao.zeros(2, dtype="int64")
    for one in (ao.tensor(number), ao.tensor([number])[0], np.array(number), np.float64(number)):
        with pytest.raises((ValueError, OverflowError)):
            t[0] = one
        with pytest.raises((ValueError, OverflowError)):
            ao.tensor(one, dtype="int64")
        assert t.tolist() == [0, 0]
    t[1] = ao.tensor(2.5)
    assert t.tolist() == [0, 2]


def test_arrays_of_other_dtypes_in_lists() -> None:
    rows = [np.array([1, 2], "i4"), [3, 4], array.array("h", [5, 6])]
    assert ao.tensor(rows, dtype="int64").tolist() == [[1, 2], [3, 4], [5, 6]]
    assert ao.asarray([np.array([1.0, 2.5], ">f8")], dtype="float64").tolist() == [[1.0, 2.5]]
    assert ao.tensor(rows).dtype == "int32" and ao.tensor([array.array("h", [5]), np.uint16([1])]).dtype == "int32"
    with pytest.raises(TypeError, match=r"aotops\.asarray\(x, dtype='float32'\), which holds all float16"):
        ao.tensor([np.float16([1])])


def test_scalars_of_uint64() -> None:
    t = ao.tensor([1.0, 2.0])
    assert (t * np.uint64(3)).tolist() == [3.0, 6.0] and np.uint64(2) in ao.tensor([1, 2])
    t[0] = np.uint64(7)
    assert t.tolist() == [7.0, 2.0] and ao.full(2, np.uint64(3)).dtype == "uint64"
    assert_same(ao.tensor([1, 2]) + np.uint64(2**63), np.array([1, 2]) + np.uint64(2**63))


def test_leading_axes_of_one_element_are_dropped_in_assignments() -> None:
    t, expected = ao.zeros((2, 3)), np.zeros((2, 3))
    for key, value in ((0, np.ones((1, 3))), (slice(None), np.full((1, 1, 1, 3), 2.0)), ((1, 2), np.array([[5.0]]))):
        t[key] = ao.asarray(value)
        expected[key] = value[0, 0] if key == (1, 2) else value
        assert t.tolist() == expected.tolist()
    with pytest.raises(ValueError, match="shape"):
        t[0] = np.ones((2, 3))


@pytest.mark.parametrize("key", [slice(0, 2), [0, 1], [True, True, False], (slice(0, 2), ...)])
def test_complex_elements_for_real_ones_are_named_value(key: Any) -> None:
    t = ao.zeros(3)
    with pytest.raises(TypeError, match=r"^assignment: value must have real elements .* to float64, got com"):
        t[key] = ao.tensor([1j, 2j])
    assert t.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("number", "advice"), [(2**63, "uint64"), (2**64 - 1, "uint64"), (2**64, "float64"), (-(2**63) - 1, "float64")]
)
def test_ints_beyond_int64_are_sent_to_a_dtype_that_holds_them(number: int, advice: str) -> None:
    for call in (lambda **dtype: ao.asarray([number], **dtype), lambda **dtype: ao.full((2,), number, **dtype)):
        with pytest.raises(OverflowError, match=f"must fit int64, got int {number}; give dtype='{advice}'"):
            call()
        assert call(dtype=advice).tolist()[0] == (number if advice == "uint64" else float(number))


def test_numbers_that_are_stacked_must_fit() -> None:
    assert ao.stack([ao.tensor(1.0, dtype="float32"), 2**70]).tolist() == [1.0, 2.0**70]
    with pytest.raises(OverflowError, match=r"^stack: arrays\[1\] must fit uint8, got int 300"):
        ao.stack([ao.tensor(1, dtype="uint8"), 300])


def test_arrays_in_integer_tensors_are_converted_as_astype_does() -> None:
    t = ao.tensor([1, 2, 3])
    t[...] = ao.tensor([math.nan, 2.5, 1e300])
    assert t.tolist() == ao.tensor([math.nan, 2.5, 1e300]).astype("int64").tolist()
    t[...] = np.array([2.5, -2.5, 7.0])
    assert t.tolist() == [2, -2, 7]


def test_ints_keep_their_digits_beside_floats() -> None:
    data = [2**53 + 1, 0.5, -(2**63), 2**63 - 1, True]
    assert ao.tensor(data, dtype="int64").tolist() == np.array(data, dtype="int64").tolist()
    assert ao.tensor([[2**53 + 1], [ao.tensor(0.5)]], dtype="int64").tolist() == [[2**53 + 1], [0]]
    assert ao.tensor([2**70, 0.0, math.nan], dtype="bool").tolist() == [True, False, True]
    for wanted in ("float32", "float64"):
        assert ao.tensor([2**70, 1], dtype=wanted).tolist() == [2.0**70, 1.0]


def test_ranges_of_numbers_that_do_not_fit() -> None:
    for one in (1, np.int64(1), np.int16(1), ao.tensor(1), np.array(1)):
        assert ao.arange(one, 4, one).dtype == "int64" and ao.arange(one, 4, one).tolist() == [1, 2, 3]
    for arguments in ((0, 1e300, 1e299), (-1e30, 0.0, 5e29), (0.0, 2.0**64, 2.0**62)):
        with pytest.raises(OverflowError, match=r"must fit int64, got (int|float)"):
            ao.arange(*arguments, dtype="int64")
    assert ao.arange(0.5, 4, dtype="int64").tolist() == [0, 1, 2, 3]


# --- ints beyond int64 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
@pytest.mark.parametrize("value", [256, 300, -1, 2**63, 2**64, -(2**63) - 1, 2**200, -(2**200), 255, 0])
def test_comparisons_of_integers_with_ints_beyond_them(dtype: str, value: int) -> None:
    layouts = [np.array([[0, 1, 255], [7, 0, 1]]).astype(dtype)]
    layouts += [layouts[0].T, layouts[0][:, ::-2], layouts[0][:0], layouts[0][0, 1]]
    for values in map(np.asarray, layouts):
        x, elements = ao.asarray(values.copy(order="K")), values.astype(object)
        for name in ("lt", "le", "eq", "ne", "gt", "ge"):
            compare = getattr(operator, name)
            wanted = np.asarray(compare(elements, value), bool)
            for result, right in ((compare(x, value), wanted), (compare(value, x), compare(value, elements))):
                assert result.dtype == "bool" and result.shape == values.shape
                assert np.array_equal(np.asarray(result), np.asarray(right, bool))
        out = ao.zeros(values.shape, dtype="float32")
        assert ao.less(x, value, out=out) is out and np.array_equal(np.asarray(out), elements < value)
        assert (value in x) == (value in values.tolist() if values.ndim == 1 else bool((elements == value).any()))
        larger = ao.zeros((7, 7), dtype="bool")
        if values.ndim == 0:
            assert ao.less(x, value, out=larger) is larger and (np.asarray(larger) == bool(elements < value)).all()
        else:
            with pytest.raises(ValueError, match="less: out must have the shape of the result"):
                ao.less(x, value, out=larger)
        with pytest.raises(TypeError, match="less: out must be a Tensor"):
            ao.less(x, value, out=3)  # type: ignore[call-overload]
    mask = ao.tensor([True, False])
    assert ao.equal(mask, 2**70, out=mask) is mask and mask.tolist() == [False, False]


EDGES = [2**53, 2**63, 2**64, 2**70, 2**128 - 2**104, 2**128, 2**200, 2**1024 - 2**970, 2**1024, 2**2000, 10**5000]
INTS = (
    st.sampled_from(EDGES)
    .flatmap(lambda edge: st.sampled_from([edge - 1, edge, edge + 1]))
    .flatmap(lambda n: st.sampled_from([n, -n]))
)
MAX = sys.float_info.max
ELEMENTS = {
    "bool": [True, False],
    "uint8": [0, 1, 127, 255],
    "int64": [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1],
    "float64": [
        0.0,
        -1.5,
        math.inf,
        -math.inf,
        math.nan,
        sys.float_info.max,
        -sys.float_info.max,
        5e-324,
        2.0**63,
        2.0**70,
    ],
    "float32": [0.0, -1.5, math.inf, -math.inf, math.nan, 2.0**128 - 2.0**104, 2.0**63, 2.0**70],
}


NAMED = dict(
    zip(COMPARISONS, [ao.less, ao.less_equal, ao.greater, ao.greater_equal, ao.equal, ao.not_equal], strict=True)
)


def rounded(number: int, dtype: str) -> int:
    """An int as a weak number has it: the nearest of a float dtype, if int64 holds it; beyond, the int itself."""
    if dtype not in ("float32", "float64") or not -(2**63) <= number < 2**63:
        return number
    return int(np.float32(number) if dtype == "float32" else float(number))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DTYPES), INTS, st.sampled_from(COMPARISONS), st.booleans())
def test_comparisons_with_any_int_are_exact(dtype: str, number: int, function: Any, reflected: bool) -> None:
    elements = ELEMENTS.get(dtype) or integer_extremes(dtype)
    t = ao.tensor(elements, dtype=dtype)
    right = rounded(number, dtype)
    wanted = [function(right, x) if reflected else function(x, right) for x in elements]
    got = function(number, t) if reflected else function(t, number)
    assert type(got) is ao.Tensor and got.dtype == "bool" and got.tolist() == wanted
    assert (number in t) == (right in elements)
    out = ao.zeros(len(elements), dtype="bool")
    assert NAMED[function](t, number, out=out) is out
    assert out.tolist() == [function(x, right) for x in elements]


@settings(max_examples=100, deadline=None)
@given(INTS, INTS, st.sampled_from(COMPARISONS))
def test_comparisons_of_two_ints_are_exact(a: int, b: int, function: Any) -> None:
    for x, y in ((a, b), (a, a), (a, 3), (2, b), (a, 0.5), (a, math.nan), (math.inf, b)):
        try:
            assert NAMED[function](x, y).item() is function(x, y)
        except AssertionError:
            assert abs(x) < 2**64 and abs(y) < 2**64, "only such ints are compared as int64 or float64"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_clip_between_any_ints_is_exact(data: st.DataObject) -> None:
    elements = ELEMENTS["int64"]
    bounds = st.none() | INTS | st.integers(-5, 5)
    low, high = data.draw(bounds), data.draw(bounds)

    def clipped(x: int) -> int:
        x = x if low is None else max(x, low)
        return x if high is None else min(x, high)

    wanted = [clipped(x) for x in elements]
    t = ao.tensor(elements)
    # as in NumPy, also where the other bound would win
    if (low is None or low < 2**63) and (high is None or high >= -(2**63)):
        assert t.clip(low, high).tolist() == wanted and t.clip(low, high).dtype == "int64"
    else:
        with pytest.raises(OverflowError, match=r"clip: (min|max) must fit int64"):
            t.clip(low, high)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_comparisons_of_floats_near_an_int_are_exact(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    number = data.draw(st.integers(63, 130 if dtype == "float32" else 1030).map(lambda k: 2**k))
    number = data.draw(st.sampled_from([1, -1])) * (number + data.draw(st.integers(-3, 3)))
    assume(not -(2**63) <= number < 2**63)
    with np.errstate(over="ignore"):
        near = np.array(min(max(number, -(2**1023)), 2**1023), "float64").astype(dtype)
        below = np.nextafter(near, np.array(0, dtype))
        x = np.array([near, below, np.nextafter(near, np.copysign(np.array(np.inf, dtype), near))], dtype)
    t, elements = ao.asarray(x), [float(value) for value in x]
    for function in COMPARISONS:
        assert function(t, number).tolist() == [function(value, number) for value in elements]
        assert function(number, t).tolist() == [function(number, value) for value in elements]
    assert (number in t) == (number in elements)


def test_clip_of_floats_between_any_ints() -> None:
    for dtype in ("float32", "float64"):
        t = ao.tensor([-math.inf, -1.0, 2.0, math.inf, math.nan], dtype=dtype)
        np.testing.assert_array_equal(np.asarray(t.clip(-(2**2000), 2**2000)), np.asarray(t))
        np.testing.assert_array_equal(np.asarray(t.clip(0, 2**2000)), [0, 0, 2, math.inf, math.nan])
        np.testing.assert_array_equal(np.asarray(t.clip(-(2**2000), 2**70)), [-math.inf, -1, 2, 2.0**70, math.nan])
    assert ao.clip(2**70, 0, 5).item() == 5 and ao.clip(-(2**70), -3, None).item() == -3
    with pytest.raises(OverflowError, match="clip: x must fit int64"):
        ao.clip(2**70, 0, None)


def test_arithmetic_with_such_ints_names_the_argument() -> None:
    t = ao.tensor([1, 2, 3])
    for call, argument in [
        (lambda: t + 2**63, "add: x2"),
        (lambda: 2**63 - t, "subtract: x1"),
        (lambda: ao.maximum(t, -(2**63) - 1), "maximum: x2"),
        (lambda: ao.where(t > 1, 2**64, t), "where: x1"),
        (lambda: t.__imul__(2**63), "multiply: x2"),
        (lambda: ao.tensor([True]) * 2**63, "multiply: x2"),
        (lambda: t + 10**5000, "add: x2"),
        (lambda: ao.ones(2) * 2**1024, "multiply: x2"),
    ]:
        with pytest.raises(OverflowError, match=rf"^{argument} must fit \w+, got int \S+"):
            call()
    assert t.tolist() == [1, 2, 3] and (ao.ones(2) * 2**70).tolist() == [2.0**70] * 2


# --- nothing is left behind ------------------------------------------------------------------------------------


def test_no_reference_is_lost_or_kept() -> None:
    t = ao.ones(3)
    operands = [make() for make in (*OPERANDS.values(), *REJECTED.values())]
    operands += [Reflected(), np.ma.ones(3), OwnNumber(1)]
    functions = [
        *ARITHMETIC,
        *COMPARISONS,
        *IN_PLACE,
        operator.imatmul,
        operator.contains,
        ao.add,
        ao.where,
        operator.setitem,
    ]

    def everything() -> None:
        for operand in operands:
            for function in functions:
                if function is ao.where:
                    outcome(function, operand, operand, t)
                elif function is operator.setitem:
                    outcome(function, t, 0, operand)
                    outcome(function, t, ..., operand)
                else:
                    outcome(function, t, operand)
                    outcome(function, operand, 1) if function is operator.add else None
                t[...] = 1.0

    everything()  # what is imported and cached at first
    gc.collect()
    counted = [t, *operands, None, NotImplemented]
    before = [sys.getrefcount(each) for each in counted], ao.memory.stats()["used"]
    for _ in range(3):
        everything()
    gc.collect()
    after = [sys.getrefcount(each) for each in counted], ao.memory.stats()["used"]
    for each, start, end in zip(counted, before[0], after[0], strict=True):
        # immortal, whose counts mean nothing, or counted by much else
        immortal = start > 2**28
        assert abs(end - start) < 3 or immortal or each is None or isinstance(each, (bool, int, type)), each
    assert before[1] == after[1]
    assert pickle.loads(pickle.dumps(t)).tolist() == [1.0] * 3
