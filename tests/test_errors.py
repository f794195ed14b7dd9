"""Wrong calls: the exception's type, and a message that names the argument, what it got and what it wanted."""

import ast
import contextlib
import copy
import hashlib
import inspect
import itertools
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import requires_source

import aotops as ao
from aotops import _native, abi, errors

X = ao.ones((2, 3))
INTEGERS = ao.ones((2, 3), dtype="int64")
BOOLS = ao.ones(3, dtype="bool")
FROZEN = ao.asarray(np.broadcast_to(1.0, (2, 3)))
HUGE = 10**30
OPERAND = "a Tensor, a Python number, an array or lists of numbers"
NO_DATA = "asarray: expected a number, nested lists of numbers, a Tensor or an object with the buffer protocol"
DTYPE_NAMES = ", ".join(abi.NAMES)
NUMBER_NAMES = ", ".join(abi.NAMES[1:])
REAL_NAMES = ", ".join(abi.named("signed", "unsigned", "real"))


class Uncooperative:
    """Something whose conversions all raise."""

    def __index__(self) -> int:
        raise KeyError("index")

    def __bool__(self) -> bool:
        raise KeyError("bool")


def setitem(x: ao.Tensor, key: Any, value: Any) -> None:
    x[key] = value


def deep(depth: int) -> Any:
    data: Any = 1
    for _ in range(depth):
        data = [data]
    return data


Case = tuple[Callable[[], object], type[Exception], str]

CREATION: list[Case] = [
    (
        lambda: ao.tensor(None),
        TypeError,
        f"tensor: data must be {OPERAND}, got NoneType",
    ),
    (
        lambda: ao.asarray("abc"),
        TypeError,
        f"asarray: obj must be {OPERAND}, got str 'abc'",
    ),
    (
        lambda: ao.asarray(1j, dtype="float64"),
        TypeError,
        "asarray: obj must be a real number for dtype float64, got complex 1j; take its real part",
    ),
    (
        lambda: ao.tensor({1, 2}),
        TypeError,
        f"tensor: data must be {OPERAND}, got set; make a list of it with list(...)",
    ),
    (lambda: ao.tensor(iter([1, 2])), TypeError, "got list_iterator"),
    (lambda: ao.tensor([1, "a"]), TypeError, "data[1] must be a number or a sequence of numbers, got str"),
    (
        lambda: ao.tensor([[1, 2], [3, None]]),
        TypeError,
        "data[1][1] must be a number or a sequence of numbers, got NoneType",
    ),
    (
        lambda: ao.tensor([1, 2j], dtype="int64"),
        TypeError,
        "tensor: data must be a real number for dtype int64, got complex 2j; take its real part",
    ),
    (
        lambda: ao.tensor([[1, 2], [3]]),
        ValueError,
        "tensor: data must not be ragged, got data[0] of shape (2,) and data[1] of shape (1,)",
    ),
    (
        lambda: ao.tensor([1, [2]]),
        ValueError,
        "tensor: data must not be ragged, got data[0] of shape () and data[1] of shape (1,)",
    ),
    (
        lambda: ao.tensor([[[1], [2]], [[3], 4]]),
        ValueError,
        "tensor: data must not be ragged, got data[1][0] of shape (1,) and data[1][1] of shape ()",
    ),
    (
        lambda: ao.tensor([ao.ones(2), ao.ones(3)]),
        ValueError,
        "tensor: data must not be ragged, got data[0] of shape (2,) and data[1] of shape (3,)",
    ),
    (
        lambda: ao.tensor([range(2), [1]]),
        ValueError,
        "tensor: data must not be ragged, got data[0] of shape (2,) and data[1] of shape (1,)",
    ),
    (lambda: ao.tensor(deep(33)), ValueError, "tensor: shape must have at most 32 dimensions, got 33"),
    (lambda: ao.tensor(deep(200)), ValueError, "data must be nested at most 32 deep"),
    (
        lambda: ao.tensor([HUGE]),
        OverflowError,
        f"tensor: data must fit int64, got int {HUGE}",
    ),
    (
        lambda: ao.tensor([[1, -(2**63) - 1]]),
        OverflowError,
        "tensor: data must fit int64, got int -9223372036854775809",
    ),
    (lambda: ao.tensor(2**63), OverflowError, "tensor: data must fit int64, got int 9223372036854775808"),
    (lambda: ao.tensor([1], dtype="float16"), TypeError, f"dtype must be one of {DTYPE_NAMES}, got 'float16'"),
    (lambda: ao.zeros(2, dtype=str), TypeError, f"dtype must be one of {DTYPE_NAMES}, got <class 'str'>"),
    (lambda: ao.zeros(2, dtype=7), TypeError, f"dtype must be one of {DTYPE_NAMES}, got int 7"),
    (lambda: ao.ones(2, dtype=np.float16), TypeError, f"must be one of {DTYPE_NAMES}, got <class 'numpy.float16'>"),
    (
        lambda: ao.asarray([1], copy=False),
        ValueError,
        "asarray: obj must need no copy where copy=False, got list, which has no memory of a dtype",
    ),
    (
        lambda: ao.asarray(1.5, copy=False),
        ValueError,
        "asarray: obj must need no copy where copy=False, got float, which has no memory of a dtype",
    ),
    (
        lambda: ao.asarray(X, dtype="float32", copy=False),
        ValueError,
        "asarray: obj must need no copy where copy=False, got Tensor of dtype float64",
    ),
    (lambda: ao.zeros("3"), TypeError, "shape must be an int or a tuple of ints, got str '3'"),
    (lambda: ao.zeros(2.0), TypeError, "shape must be an int or a tuple of ints, got float 2.0"),
    (lambda: ao.zeros(None), TypeError, "shape must be an int or a tuple of ints, got NoneType"),
    (lambda: ao.empty((2, 1.5)), TypeError, "empty: shape[1] must be an int, got float 1.5"),
    (lambda: ao.ones((2, "3")), TypeError, "ones: shape[1] must be an int, got str '3'"),
    (lambda: ao.zeros(HUGE), ValueError, f"zeros: shape must be an int below 2**63, got {HUGE}"),
    (lambda: ao.zeros(-1), ValueError, "zeros: shape must have no negative length, got -1"),
    (lambda: ao.full((2, -3), 1), ValueError, "full: shape must have no negative length, got (2, -3)"),
    (lambda: ao.zeros((0, -3)), ValueError, "zeros: shape must have no negative length, got (0, -3)"),
    (lambda: ao.zeros((2**62, 4)), ValueError, "shape must take at most 2**63 - 1 bytes"),
    (
        lambda: ao.zeros((0, 2**62, 4)),
        ValueError,
        "shape must take at most 2**63 - 1 bytes",
    ),
    (lambda: ao.zeros(2**60), ValueError, "shape must take at most 2**63 - 1 bytes"),
    (lambda: ao.empty(2**55), MemoryError, "cannot allocate 288230376151711744 bytes for a tensor"),
    (lambda: ao.zeros((1,) * 33), ValueError, "zeros: shape must have at most 32 dimensions, got 33"),
    (lambda: ao.full(2, "x"), TypeError, "full: fill_value must be a number, got str 'x'"),
    (lambda: ao.full(2, None), TypeError, "full: fill_value must be a number, got NoneType"),
    (lambda: ao.full(2, X), TypeError, "full: fill_value must be a number, got shape (2, 3)"),
    (lambda: ao.full(2, HUGE), OverflowError, f"full: fill_value must fit int64, got int {HUGE}"),
    (
        lambda: ao.full(2, 10**400, dtype="float64"),
        OverflowError,
        "full: fill_value must fit float64, got int of 1329 bits",
    ),
    (lambda: ao.arange("3"), TypeError, "arange: stop must be a number, got str"),
    (lambda: ao.arange("0", 3), TypeError, "arange: start must be a number, got str"),
    (lambda: ao.arange(0, 3, None), TypeError, "arange: step must be a number, got NoneType"),
    (lambda: ao.arange(0, 3, 0), ValueError, "arange: step must not be 0"),
    (lambda: ao.arange(0, 3, 0.0), ValueError, "arange: step must not be 0"),
    (
        lambda: ao.arange(math.inf),
        ValueError,
        "arange: start, stop and step must give a finite range, got (0, inf, 1)",
    ),
    (
        lambda: ao.arange(0, math.nan, 2),
        ValueError,
        "arange: start, stop and step must give a finite range, got (0, nan, 2)",
    ),
    (
        lambda: ao.arange(1e300),
        ValueError,
        "arange: start, stop and step must give less than 2**60 numbers, got (0, 1e+300, 1)",
    ),
    (lambda: ao.arange(-(2**63), 2**63), ValueError, "arange: start, stop and step must give less than 2**60 numbers"),
    (
        lambda: ao.arange(2**63, 2**63 + 2),
        OverflowError,
        "arange: start, stop and step must give numbers that fit int64",
    ),
    (lambda: ao.arange(), TypeError, "missing 1 required positional argument: 'start'"),
    (lambda: ao.zeros(), TypeError, "missing 1 required positional argument: 'shape'"),
    (lambda: ao.zeros(2, "float32"), TypeError, "takes 1 positional argument but 2 were given"),
    (
        lambda: ao.Tensor([1, 2]),
        TypeError,
        "Tensor() takes no call: make a tensor with aotops.tensor(data) or aotops.empty(shape)",
    ),
]

BUFFERS: list[Case] = [
    (
        lambda: ao.asarray(memoryview(b"abc").cast("c")),
        TypeError,
        f"asarray: obj must hold native elements of dtype {DTYPE_NAMES}, got memoryview with format 'c'",
    ),
    (lambda: ao.asarray(np.zeros(2, np.float16)), TypeError, "got ndarray with format 'e'"),
    (
        lambda: ao.asarray(np.zeros(2, complex), dtype="float64"),
        TypeError,
        "asarray: x must have real elements to be converted to float64, got complex128; take aotops.real(x)",
    ),
    (lambda: ao.asarray(np.zeros(2, ">c16")), TypeError, "got ndarray with format '>Zd'"),
    (lambda: ao.asarray(np.zeros(2, ">f8")), TypeError, "got ndarray with format '>d'"),
    (lambda: ao.asarray(np.zeros(2, object)), TypeError, "got ndarray with format 'O'"),
    (lambda: ao.asarray(np.zeros(2, [("a", "f8"), ("b", "f4")])), TypeError, "got ndarray with format 'T{"),
    (lambda: ao.asarray(np.zeros(2, "U3")), TypeError, "got ndarray with format '3w'"),
    (lambda: ao.tensor(memoryview(b"ab").cast("c")), TypeError, "got memoryview with format 'c'"),
    (
        lambda: ao.asarray(np.zeros(2, "M8[s]")),
        TypeError,
        "float64, complex64, complex128, got ndarray of dtype datetime64[s]; convert it with NumPy first",
    ),
    (lambda: ao.asarray(np.zeros((1,) * 33)), ValueError, "asarray: obj must have at most 32 dimensions, got 33"),
]

VIEWS: list[Case] = [
    (lambda: X[0].mT, ValueError, "mT: x must have at least 2 dimensions, got shape (3,)"),
    (lambda: X.reshape(4), ValueError, "reshape: shape must hold 6 elements, got (4,)"),
    (lambda: X.reshape(-1, 4), ValueError, "shape must hold 6 elements, got (-1, 4)"),
    (lambda: X.reshape(-1, 0), ValueError, "shape must hold 6 elements, got (-1, 0)"),
    (lambda: ao.zeros(0).reshape(-1, 0), ValueError, "shape must hold 0 elements, got (-1, 0)"),
    (lambda: X.reshape(-1, -1), ValueError, "shape must leave at most one length to be worked out (-1), got (-1, -1)"),
    (lambda: X.reshape(-2, -3), ValueError, "reshape: shape must have no negative length but one of -1, got (-2, -3)"),
    (lambda: X.reshape(2.0, 3), TypeError, "reshape: shape[0] must be an int, got float 2.0"),
    (lambda: ao.reshape(X, "6"), TypeError, "shape must be an int or a tuple of ints, got str '6'"),
    (lambda: ao.reshape([1, 2], 2), TypeError, "reshape: x must be a Tensor, got list; make one with aotops.asarray"),
    (lambda: X.reshape((1,) * 31 + (2, 3)), ValueError, "reshape: shape must have at most 32 dimensions, got 33"),
    (
        lambda: X.T.view(6),
        ValueError,
        "view: x must have strides that a view of shape (6,) can show, got shape (3, 2) and strides (1, 3)",
    ),
    (
        lambda: ao.reshape(X.T, 6, copy=False),
        ValueError,
        "reshape: x must have strides that a view of shape (6,) can show, got shape (3, 2) and strides (1, 3)",
    ),
    (lambda: X.permute(0), ValueError, "permute: axes must name each of 2 axes once, got 0"),
    (lambda: X.permute(0, 0), ValueError, "permute: axes must not name an axis twice, got (0, 0)"),
    (lambda: X.permute(0, -2), ValueError, "permute: axes must not name an axis twice, got (0, -2)"),
    (
        lambda: X.permute(0, 2),
        ao.AxisError,
        "permute: axes must be from -2 to 1 for a tensor of 2 dimensions, got (0, 2)",
    ),
    (lambda: X.permute(0, "1"), TypeError, "permute: axes[1] must be an int, got str '1'"),
    (lambda: ao.permute_dims(X, None), TypeError, "axes must be an int or a tuple of ints, got NoneType"),
    (
        lambda: ao.permute_dims(np.ones(2), 0),
        TypeError,
        "permute_dims: x must be a Tensor, got ndarray; make one with aotops.asarray",
    ),
    (lambda: ao.astype(X, "float16"), TypeError, f"dtype must be one of {DTYPE_NAMES}, got 'float16'"),
    (lambda: X.astype(None), TypeError, f"dtype must be one of {DTYPE_NAMES}, got None"),
    (lambda: ao.astype([1], "bool"), TypeError, "astype: x must be a Tensor, got list; make one with aotops.asarray"),
    (
        lambda: ao.result_type(),
        TypeError,
        "result_type: values must be at least one tensor, dtype or Python number, got none",
    ),
    (lambda: ao.result_type("f2"), TypeError, f"result_type: each value must be one of {DTYPE_NAMES}, got 'f2'"),
    (lambda: ao.result_type(X, None), TypeError, f"result_type: each value must be one of {DTYPE_NAMES}, got None"),
]

INDEXING: list[Case] = [
    (lambda: X[2], IndexError, "indexing: index must be from -2 to 1 for axis 0 of length 2, got 2"),
    (lambda: X[-3], IndexError, "indexing: index must be from -2 to 1 for axis 0 of length 2, got -3"),
    (lambda: X[:, 3], IndexError, "indexing: index must be from -3 to 2 for axis 1 of length 3, got 3"),
    (lambda: X[..., HUGE], IndexError, f"indexing: index must be from -3 to 2 for axis 1 of length 3, got {HUGE}"),
    (lambda: ao.zeros((0, 3))[0], IndexError, "indexing: index must be a slice for axis 0 of length 0, got 0"),
    (lambda: X[0, 0, 0], IndexError, "indexing: index must have at most 2 items for a tensor of 2 dimensions, got 3"),
    (
        lambda: X[0, ..., 0, 0],
        IndexError,
        "indexing: index must have at most 2 items for a tensor of 2 dimensions, got 3",
    ),
    (
        lambda: ao.tensor(1.0)[0],
        IndexError,
        "indexing: index must have at most 0 items for a tensor of 0 dimensions, got 1",
    ),
    (lambda: X[..., ...], IndexError, "indexing: index must have at most one ellipsis ('...'), got 2"),
    (
        lambda: X["a"],
        IndexError,
        "index must be an int, a slice, '...', None, a mask, positions, or a tuple of them, got str",
    ),
    (
        lambda: X[1.0],
        IndexError,
        "index must be an int, a slice, '...', None, a mask, positions, or a tuple of them, got float",
    ),
    (lambda: X[[0, 2]], IndexError, "indexing: index must be from -2 to 1 for axis 0 of length 2, got 2"),
    (
        lambda: X[:, ao.tensor([0, -4])],
        IndexError,
        "indexing: index must be from -3 to 2 for axis 1 of length 3, got -4",
    ),
    (lambda: X[[0], [3]], IndexError, "indexing: index must be from -3 to 2 for axis 1 of length 3, got 3"),
    (
        lambda: X[[0, 1], [0, 1, 2]],
        IndexError,
        "index must have tensors whose shapes broadcast together, got [(2,), (3,)]",
    ),
    (
        lambda: X[ao.tensor([True] * 3)],
        IndexError,
        "index must have masks of the lengths of their axes, 2 for axis 0, got",
    ),
    (
        lambda: X[[0], [0], [0]],
        IndexError,
        "indexing: index must have at most 2 items for a tensor of 2 dimensions, got 3",
    ),
    (lambda: X[X > 0, 0], IndexError, "indexing: index must have at most 2 items for a tensor of 2 dimensions, got 3"),
    (lambda: X[[0], ..., ...], IndexError, "indexing: index must have at most one ellipsis ('...'), got 2"),
    (lambda: X[["a"]], IndexError, "a mask, positions, or a tuple of them, got list"),
    (lambda: X[[2**64]], IndexError, "a mask, positions, or a tuple of them, got list"),
    (lambda: ao.zeros((1,) * 32)[[[0]]], ValueError, "indexing: index must have at most 32 dimensions, got 33"),
    (
        lambda: setitem(X, [0, 2], 1.0),
        IndexError,
        "assignment: index must be from -2 to 1 for axis 0 of length 2, got 2",
    ),
    (lambda: setitem(X, X > 5, 10**400), OverflowError, "assignment: value must fit float64, got int of 1329 bits"),
    (lambda: setitem(X, X > 0, [1, 2]), ValueError, "assignment: value must broadcast to the shape (6,), got (2,)"),
    (lambda: setitem(X, X > 0, "abc"), TypeError, "assignment: value must be a Tensor, a Python number"),
    (lambda: setitem(FROZEN, [0], 1.0), ValueError, "assignment: x must be writable, got a read-only tensor"),
    (lambda: setitem(FROZEN, FROZEN > 0, 1.0), ValueError, "assignment: x must be writable, got a read-only tensor"),
    (lambda: ao.take(X, [3], axis=1), IndexError, "take: index must be from -3 to 2 for axis 1 of length 3, got 3"),
    (lambda: ao.take(X, [6]), IndexError, "take: index must be from -6 to 5 for axis 0 of length 6, got 6"),
    (lambda: ao.take(X, [0.5]), TypeError, "take: indices must be integers, got dtype float64"),
    (
        lambda: ao.take(X, [0], axis=2),
        ao.AxisError,
        "take: axis must be from -2 to 1 for a tensor of 2 dimensions, got 2",
    ),
    (lambda: ao.take_along_axis(X, [0]), ValueError, "take_along_axis: indices must have as many axes as x, 2, got"),
    (
        lambda: ao.take_along_axis(X, [[0]] * 3),
        ValueError,
        "take_along_axis: shapes must broadcast together, got x (2, 1), indices (3, 1)",
    ),
    (
        lambda: ao.take_along_axis(X, [[3]]),
        IndexError,
        "take_along_axis: index must be from -3 to 2 for axis 1 of length 3, got 3",
    ),
    (lambda: ao.take(X, 2**63), IndexError, f"take: indices must fit int64, got int {2**63}"),
    (lambda: ao.take(X, [0, -(2**70)]), IndexError, f"take: indices must fit int64, got int -{2**70}"),
    (lambda: ao.take_along_axis(X, [[2**63]]), IndexError, f"take_along_axis: indices must fit int64, got int {2**63}"),
    (lambda: ao.embedding([2**63], X), IndexError, f"embedding: x must fit int64, got int {2**63}"),
    (lambda: ao.one_hot([2**63], 3), OverflowError, f"one_hot: x must fit int64, got int {2**63}"),
    (lambda: ao.repeat(X, [2**63, 1]), OverflowError, f"repeat: repeats must fit int64, got int {2**63}"),
    (lambda: ao.nonzero(ao.ones(())), ValueError, "nonzero: x must have at least 1 dimension, got shape (); use x.re"),
    (lambda: ao.searchsorted(X, 1), ValueError, "searchsorted: x1 must have one dimension, got shape (2, 3)"),
    (lambda: ao.searchsorted(X[0], 1, side="up"), ValueError, "searchsorted: side must be 'left' or 'right', got 'up'"),
    (
        lambda: ao.searchsorted(X[0], 1, sorter=[0, 1]),
        ValueError,
        "searchsorted: sorter must have the shape of x1, (3,), got shape (2,)",
    ),
    (lambda: X[::0], ValueError, "slice step cannot be zero"),
    (lambda: X["a":], TypeError, "slice indices must be integers or"),
    (lambda: X[Uncooperative()], KeyError, "index"),
    (lambda: X[Uncooperative() :], KeyError, "index"),
    (lambda: ao.zeros((1,) * 32)[None], ValueError, "indexing: result must have at most 32 dimensions, got 33"),
    (lambda: setitem(X, 5, 0), IndexError, "assignment: index must be from -2 to 1 for axis 0 of length 2, got 5"),
    (lambda: setitem(X, 0, [1, 2]), ValueError, "assignment: value must broadcast to the shape (3,), got (2,)"),
    (
        lambda: setitem(X, 0, ao.ones((2, 3))),
        ValueError,
        "assignment: value must broadcast to the shape (3,), got (2, 3)",
    ),
    (
        lambda: setitem(X, (0, 0), [1.0, 2.0]),
        ValueError,
        "assignment: value must broadcast to the shape (), got (2,)",
    ),
    (lambda: setitem(X, ..., []), ValueError, "assignment: value must broadcast to the shape (2, 3), got (0,)"),
    (lambda: setitem(X, 0, "abc"), TypeError, "got str"),
    (lambda: setitem(X, 0, None), TypeError, "got NoneType"),
    (lambda: setitem(INTEGERS, 0, HUGE), OverflowError, f"assignment: value must fit int64, got int {HUGE}"),
    (lambda: setitem(X, 0, 10**400), OverflowError, "assignment: value must fit float64, got int of 1329 bits"),
    (
        lambda: setitem(FROZEN, 0, 1.0),
        ValueError,
        "assignment: x must be writable, got a read-only tensor, whose memory belongs to",
    ),
]

CONVERSION: list[Case] = [
    (
        lambda: X.item(),
        ValueError,
        "item: x must have exactly one element, got shape (2, 3); say which as x.item(index), or use x.tolist()",
    ),
    (
        lambda: ao.zeros(0).item(),
        ValueError,
        "item: x must have exactly one element, got shape (0,); say which as x.item(index), or use x.tolist()",
    ),
    (
        lambda: float(X),
        ValueError,
        "float: x must have exactly one element, got shape (2, 3); say which as x.item(index), or use x.tolist()",
    ),
    (lambda: bool(X), ValueError, "bool: x must have exactly one element, got shape (2, 3); use x.any() or x.all()"),
    (
        lambda: "abc"[X],
        TypeError,
        "index: x must be a 0-d tensor of integers, got shape (2, 3) and dtype float64",
    ),
    (lambda: operator.delitem(X, 0), TypeError, "'Tensor' object doesn't support item deletion"),  # type: ignore[arg-type]
    (lambda: len(ao.tensor(1)), TypeError, "len() of a 0-d tensor"),
    (lambda: iter(ao.tensor(1)), TypeError, "iteration over a 0-d tensor"),
    (lambda: hash(X), TypeError, "unhashable type: 'Tensor'"),
]

OPERATORS: list[Case] = [
    (
        lambda: X @ X,
        ValueError,
        "matmul: x1 and x2 must have the same lengths along the axes that are summed over, got shapes",
    ),
    (lambda: ao.exp(), TypeError, "exp() takes 1 positional argument (x), got 0"),
    (lambda: ao.exp(X, X), TypeError, "exp() takes 1 positional argument (x), got 2"),
    (lambda: ao.add(X), TypeError, "add() takes 2 positional arguments (x1, x2), got 1"),
    (lambda: ao.add(X, X, X), TypeError, "add() takes 2 positional arguments (x1, x2), got 3"),
    (
        lambda: operator.iadd(INTEGERS, 1.5),
        TypeError,
        "add: x1 must be able to hold a result of dtype float64, got a tensor of dtype int64; the in-place form "
        "writes into it: write x = aotops.add(x, ...) for a new tensor",
    ),
    (
        lambda: operator.imul(X[0], X),
        ValueError,
        "multiply: x1 must have the shape of the result (2, 3), got (3,); the in-",
    ),
    (
        lambda: operator.isub(FROZEN, [1.0, 2.0, 3.0]),
        ValueError,
        "subtract: x1 must be writable, got a read-only tensor",
    ),
    (
        lambda: operator.ipow(X[0, :1]._as_strided((2,), (0,), 0), 3),
        ValueError,
        "pow: x1 must have memory of its own for each element, got shape (2,) and strides (0,), which share memory; ",
    ),
    (lambda: ao.add(INTEGERS, 2**63), OverflowError, "; convert the tensor first, with x.astype('float64')"),
    (
        lambda: ao.add(INTEGERS.astype("uint8"), 300),
        OverflowError,
        "; convert the tensor first, with x.astype('int64",
    ),
    (lambda: ao.tensor([300], dtype="uint8"), OverflowError, "data must fit uint8, got int 300; give dtype='int64'"),
    (lambda: ao.tensor([math.nan], dtype="uint8"), ValueError, "must fit uint8, got float nan; give dtype='float64'"),
    (lambda: ao.clip(INTEGERS.astype("int8"), 300, 5), OverflowError, "clip: min must fit int8, got int 300"),
    (lambda: ao.clip(INTEGERS.astype("int8"), 3, -129), OverflowError, "clip: max must fit int8, got int -129"),
    (lambda: float(ao.tensor(1j)), TypeError, "float: x must be real, got complex128; take aotops.real(x)"),
    (lambda: int(ao.tensor([1j], dtype="complex64")), TypeError, "int: x must be real, got complex64; take"),
    (lambda: ao.from_dlpack(X, copy="x"), TypeError, "from_dlpack: copy must be True, False or None, got str 'x'"),  # type: ignore[arg-type]
    (lambda: ao.asarray(X, copy="no"), TypeError, "asarray: copy must be True, False or None, got str 'no'"),  # type: ignore[arg-type]
    (lambda: ao.reshape(X, -1, copy=[]), TypeError, "reshape: copy must be True, False or None, got"),  # type: ignore[arg-type]
    (lambda: ao.clip(X, a_min=0), TypeError, "a_min is called min here, write min="),
    (lambda: ao.exp(input=X), TypeError, "input is called x here, write x="),
    (lambda: ao.cumulative_sum(X, dim=0), TypeError, "dim is called axis here, write axis="),
    (lambda: ao.sum(x=X), TypeError, "sum takes x by position, without its name"),
    (
        lambda: ao.argmax(X, initial=0),
        TypeError,
        "unexpected keyword argument 'initial'; combine the result with",
    ),
    (lambda: ao.add(X, b"abc"), TypeError, "got bytes; make a Tensor with aotops.asarray"),
    (
        lambda: hashlib.sha256(X.T),
        BufferError,
        "buffer: x must be contiguous in row-major order, got shape (3, 2) and strides (1, 3); share x.contiguous()",
    ),
    (lambda: X["a"], IndexError, "or a tuple of them, got str"),
    (
        lambda: X[ao.tensor(1.0)],
        IndexError,
        "or a tuple of them, got Tensor of dtype float64; convert with astype('int64')",
    ),
    (lambda: X[np.array([0.5])], IndexError, "or a tuple of them, got Tensor of dtype float64; convert with astype"),
    (lambda: ao.add(x1=X), TypeError, "add() takes 2 positional arguments (x1, x2), got 1"),
    (lambda: ao.add(X, x1=X), TypeError, "add() got multiple values for argument 'x1'"),
    (lambda: ao.add(X, X, X, x2=X), TypeError, "add() got multiple values for argument 'x2'"),
    (
        lambda: ao.cumulative_sum(X, where=X),
        TypeError,
        "unexpected keyword argument 'where'; replace the other elements first, with aotops.where",
    ),
    (
        lambda: ao.exp(X, dtype="float32"),
        TypeError,
        "exp() got an unexpected keyword argument 'dtype'; it takes x, out",
    ),
    (lambda: ao.exp(X, **{1: 2}), TypeError, "exp() got an unexpected keyword argument 1; it takes x, out"),
    (lambda: ao.add(x1=X, x2="a"), TypeError, f"add: x2 must be {OPERAND}, got str 'a'"),
    (lambda: ao.where(BOOLS, X), TypeError, "where() takes 3 positional arguments (condition, x1, x2), got 2"),
    (lambda: ao.where(BOOLS), TypeError, "where() takes 3 positional arguments (condition, x1, x2), got 1"),
    (
        lambda: ao.where(BOOLS, x2=X, y=X),
        TypeError,
        "where() got an unexpected keyword argument 'y'; it takes condition, x1, x2, out, where",
    ),
    (lambda: ao.where(None, X, X), TypeError, f"where: condition must be {OPERAND}, got NoneType"),
    (lambda: ao.where(BOOLS, X, None), TypeError, f"where: x2 must be {OPERAND}, got NoneType"),
    (lambda: ao.where({True}, X, X), TypeError, f"where: condition must be {OPERAND}, got set; make a list of it"),
    (
        lambda: ao.where(ao.ones(2), X, X),
        ValueError,
        "where: shapes must broadcast together, got condition (2,), x1 (2, 3), x2 (2, 3)",
    ),
    (lambda: ao.where(BOOLS, INTEGERS, HUGE), OverflowError, f"where: x2 must fit int64, got int {HUGE}"),
    (
        lambda: ao.where(BOOLS, INTEGERS, 0.5, out=INTEGERS),
        TypeError,
        "where: out must be able to hold a result of dtype float64, got a tensor of dtype int64",
    ),
    (lambda: ao.clip(), TypeError, "clip() takes 1 to 3 positional arguments (x, min, max), got 0"),
    (lambda: ao.clip(X, 0, 1, 2), TypeError, "clip() takes 1 to 3 positional arguments (x, min, max), got 4"),
    (lambda: ao.clip(min=0), TypeError, "clip() missing a required argument: 'x'"),
    (lambda: ao.clip(min=0, max=X), TypeError, "clip() missing a required argument: 'x'"),
    (lambda: ao.clip.derivative(X, 0, 1, X), TypeError, "clip.derivative() missing a required argument: 'g'"),
    (lambda: ao.clip.derivative(X, g=X, max=1), TypeError, "clip.derivative() missing a required argument: 'y'"),
    (lambda: ao.clip(X, 0, min=0), TypeError, "clip() got multiple values for argument 'min'"),
    (lambda: ao.clip(None, 0), TypeError, f"clip: x must be {OPERAND}, got NoneType"),
    (lambda: ao.clip(X, "a"), TypeError, f"clip: min must be {OPERAND}, got str 'a'"),
    (
        lambda: ao.clip(BOOLS),
        TypeError,
        f"clip: x, min, max must be of one of the dtypes {REAL_NAMES}, got bool; convert with astype",
    ),
    (
        lambda: ao.clip(X, ao.ones(2)),
        ValueError,
        "clip: shapes must broadcast together, got x (2, 3), min (2,), max ()",
    ),
    (lambda: X.clip(0, 1, 2), TypeError, "clip() takes 1 to 3 positional arguments (x, min, max), got 4"),
    (lambda: ao.exp(None), TypeError, f"exp: x must be {OPERAND}, got NoneType"),
    (lambda: ao.exp(iter([1.0])), TypeError, "got list_iterator; make a list of it with list(...)"),
    (lambda: ao.exp({1: 1.0}), TypeError, "got dict; take list(...) of its values"),
    (lambda: ao.exp(["a"]), TypeError, "exp: x[0] must be a number or a sequence of numbers, got str 'a'"),
    (lambda: ao.exp([1, [2]]), ValueError, "exp: x must not be ragged, got x[0] of shape () and x[1] of shape (1,)"),
    (lambda: operator.iadd(X, None), TypeError, f"add: x2 must be {OPERAND}, got NoneType"),
    (lambda: operator.imatmul(X, None), TypeError, f"matmul: x2 must be {OPERAND}, got NoneType"),
    (lambda: X & 1, TypeError, "bitwise_and: x1, x2 must be of one of the dtypes bool"),
    (lambda: Fraction(1, 2) == X, TypeError, f"equal: x2 must be {OPERAND}, got Fraction; convert with float"),
    (lambda: ao.add("1", X), TypeError, f"add: x1 must be {OPERAND}, got str '1'"),
    (
        lambda: ao.add(X, np.ones(3, np.float16)),
        TypeError,
        f"add: x2 must hold native elements of dtype {DTYPE_NAMES}, got ndarray with format 'e'",
    ),
    (lambda: ao.less(X, 1j), TypeError, "less: x1, x2 must be of one of the dtypes bool, "),
    (lambda: ao.add(X, ao.ones((3, 2))), ValueError, "add: shapes must broadcast together, got x1 (2, 3), x2 (3, 2)"),
    (lambda: ao.less(ao.ones(0), ao.ones(2)), ValueError, "less: shapes must broadcast together, got x1 (0,), x2 (2,)"),
    (
        lambda: ao.add(BOOLS, BOOLS),
        TypeError,
        f"add: x1, x2 must be of one of the dtypes {NUMBER_NAMES}, got bool and bool; convert with astype",
    ),
    (
        lambda: ao.multiply(BOOLS, True),
        TypeError,
        f"multiply: x1, x2 must be of one of the dtypes {NUMBER_NAMES}, got bool and bool",
    ),
    (
        lambda: -BOOLS,
        TypeError,
        f"negative: x must be of one of the dtypes {NUMBER_NAMES}, got bool; convert with astype",
    ),
    (
        lambda: ao.relu(BOOLS),
        TypeError,
        f"relu: x must be of one of the dtypes {REAL_NAMES}, got bool",
    ),
    (lambda: ao.add(INTEGERS, HUGE), OverflowError, f"add: x2 must fit int64, got int {HUGE}"),
    (lambda: X + 10**400, OverflowError, "add: x2 must fit float64, got int of 1329 bits"),
    (lambda: ao.add(X, X, out=ao.ones(3)), ValueError, "add: out must have the shape of the result (2, 3), got (3,)"),
    (
        lambda: ao.add(X, 1.0, out=ao.ones((2, 3, 1))),
        ValueError,
        "add: out must have the shape of the result (2, 3), got (2, 3, 1)",
    ),
    (
        lambda: ao.add(X, X, out=INTEGERS),
        TypeError,
        "add: out must be able to hold a result of dtype float64, got a tensor of dtype int64",
    ),
    (
        lambda: ao.add(X, X, out=np.ones((2, 3))),
        TypeError,
        "add: out must be a Tensor, got ndarray; make one with aotops.asarray",
    ),
    (lambda: ao.add(X, X, out=(X,)), TypeError, "add: out must be a Tensor, got tuple"),
    (lambda: ao.exp(X, out=0.5), TypeError, "exp: out must be a Tensor, got float 0.5"),
    (
        lambda: ao.exp(X, out=FROZEN),
        ValueError,
        "out must be writable, got a read-only tensor",
    ),
    (
        lambda: ao.exp(X, out=ao.ones(5)._as_strided((2, 3), (1, 1), 0)),
        ValueError,
        "exp: out must have memory of its own for each element",
    ),
    (
        lambda: ao.exp(ao.ones(3), out=ao.ones(1)._as_strided((3,), (0,), 0)),
        ValueError,
        "exp: out must have memory of its own for each element, got shape (3,) and strides (0,), which share memory",
    ),
    (lambda: X < "a", TypeError, "'<' not supported between instances of 'Tensor' and 'str'"),
    (lambda: X + None, TypeError, "unsupported operand type(s) for +: 'Tensor' and 'NoneType'"),
]

REDUCTIONS: list[Case] = [
    (lambda: ao.sum(), TypeError, "sum() takes 1 to 2 positional arguments (x, axis), got 0"),
    (lambda: ao.sum(X, 0, True), TypeError, "sum() takes 1 to 2 positional arguments (x, axis), got 3"),
    (lambda: ao.sum(X, 0, axis=0), TypeError, "sum() got multiple values for argument 'axis'"),
    (lambda: ao.sum(iter([1.0])), TypeError, f"sum: x must be {OPERAND}, got list_iterator; make a list of it"),
    (lambda: ao.max("3"), TypeError, f"max: x must be {OPERAND}, got str '3'"),
    (lambda: ao.sum(X, axis="a"), TypeError, "sum: axis must be an int, a tuple of ints or None, got str 'a'"),
    (lambda: ao.sum(X, axis=1.0), TypeError, "sum: axis must be an int, a tuple of ints or None, got float 1.0"),
    (lambda: ao.sum(X, axis=(0, None)), TypeError, "sum: axis[1] must be an int, got NoneType"),
    (lambda: ao.sort(X, axis=None), TypeError, "sort: axis must be an int, got NoneType"),
    (lambda: ao.unstack(1 + X.sum()), ao.AxisError, "unstack: axis must name no axis of a tensor of 0 dimensions"),
    (lambda: ao.nanargmax(1.5, axis=0), ao.AxisError, "nanargmax: axis must name no axis of a tensor of 0 dim"),
    (lambda: ao.searchsorted([1, 2], 1, sorter=[0, 5]), IndexError, "searchsorted: index must be from -2 to 1"),
    (lambda: ao.embedding([5], X), IndexError, "embedding: index must be from"),
    (lambda: ao.embedding([0], 1.0), ValueError, "embedding: weight must have at least 1 dimension, got shape ()"),
    (lambda: ao.repeat(X, 2**62), ValueError, "repeat: shape must take at most 2**63 - 1 bytes, got ("),
    (lambda: ao.tile(X, 2**62), ValueError, "tile: shape must take at most 2**63 - 1 bytes, got ("),
    (lambda: ao.one_hot([0], 2**62), ValueError, "one_hot: shape must take at most 2**63 - 1 bytes, got (1, "),
    (lambda: ao.broadcast_to(X, (2**62, *X.shape)), ValueError, "broadcast_to: shape must take at most 2**63 - 1"),
    (lambda: ao.softmax([1j]), TypeError, "softmax: x must be real, got complex128; take aotops.real(x) or aotops.abs"),
    (lambda: ao.concat(5), TypeError, "concat: arrays must be a list or a tuple, got int 5; write [x, y]"),
    (lambda: ao.sum(X, axis=2), ao.AxisError, "axis must be from -2 to 1 for a tensor of 2 dimensions, got 2"),
    (
        lambda: ao.sum(ao.tensor(1), axis=0),
        ao.AxisError,
        "axis must name no axis of a tensor of 0 dimensions, which has none, got 0",
    ),
    (lambda: ao.sum(X, axis=(1, 1)), ValueError, "axis must not name an axis twice, got (1, 1)"),
    (
        lambda: ao.max(ao.zeros((0, 3)), axis=0),
        ValueError,
        "max: x must have elements along the axes that fold away, got shape (0, 3)",
    ),
    (
        lambda: ao.min(ao.zeros(0)),
        ValueError,
        "min: x must have elements along the axes that fold away, got shape (0,)",
    ),
    (
        lambda: ao.sum(X, keepdim=True),
        TypeError,
        "sum() got an unexpected keyword argument 'keepdim'; keepdim is called keepdims here, write keepdims=",
    ),
    (
        lambda: ao.max(X, dtype="float32"),
        TypeError,
        "max() got an unexpected keyword argument 'dtype'; it takes axis, keepdims, out",
    ),
    (lambda: ao.sum(X, keepdims=Uncooperative()), KeyError, "bool"),
    (
        lambda: ao.sum(X, keepdims=ao.ones(2)),
        TypeError,
        "sum: keepdims must be True or False, got Tensor",
    ),
    (lambda: ao.sum(X, axis=Uncooperative()), KeyError, "index"),
    (lambda: ao.sum(X, dtype="float16"), TypeError, f"dtype must be one of {DTYPE_NAMES}, got 'float16'"),
    (
        lambda: ao.sum(X, axis=0, out=ao.zeros(2)),
        ValueError,
        "sum: out must have the shape of the result (3,), got (2,)",
    ),
    (
        lambda: ao.sum(X, axis=0, out=ao.zeros(3, dtype="int64")),
        TypeError,
        "sum: out must be able to hold a result of dtype float64, got a tensor of dtype int64",
    ),
    (lambda: ao.sum(X, out=1), TypeError, "sum: out must be a Tensor, got int 1; make one with aotops.asarray"),
    (lambda: ao.sum(X, 0, out=FROZEN[0]), ValueError, "out must be writable, got a read-only tensor"),
    (
        lambda: ao.any([[True], True]),
        ValueError,
        "any: x must not be ragged, got x[0] of shape (1,) and x[1] of shape ()",
    ),
    (
        lambda: ao.any(X, axis=0, out=ao.zeros(2, dtype="bool")),
        ValueError,
        "any: out must have the shape of the result (3,), got (2,)",
    ),
    (lambda: ao.argmax(), TypeError, "argmax() takes 1 to 2 positional arguments (x, axis), got 0"),
    (lambda: ao.argmax([None]), TypeError, "argmax: x[0] must be a number or a sequence of numbers, got NoneType"),
    (lambda: ao.argmax(X, (0, 1)), TypeError, "argmax: axis must be an int or None, got tuple"),
    (lambda: ao.argmin(X, [0]), TypeError, "argmin: axis must be an int or None, got list"),
    (lambda: ao.argmax(X, 2), ao.AxisError, "axis must be from -2 to 1 for a tensor of 2 dimensions, got 2"),
    (
        lambda: ao.argmax(X, dtype="int64"),
        TypeError,
        "argmax() got an unexpected keyword argument 'dtype'; it takes axis, keepdims, out",
    ),
    (
        lambda: ao.argmin(ao.zeros((3, 0)), 1),
        ValueError,
        "argmin: x must have elements along the axes that fold away, got shape (3, 0)",
    ),
    (lambda: ao.argmax(ao.zeros(0)), ValueError, "argmax: x must have elements along the axes that fold away"),
    (lambda: ao.argmax(ao.zeros((2, 0))), ValueError, "argmax: x must have elements along the axes that fold away"),
    (
        lambda: ao.argmax(X, out=BOOLS[0, ...]),
        TypeError,
        "argmax: out must be able to hold a result of dtype int64, got a tensor of dtype bool",
    ),
    (
        lambda: ao.argmax(X, out=ao.zeros(2, dtype="int64")),
        ValueError,
        "argmax: out must have the shape of the result (), got (2,)",
    ),
    (lambda: ao.argmax(X, 0, out=[0] * 3), TypeError, "argmax: out must be a Tensor, got list"),
    (
        lambda: ao.cumulative_sum(X),
        ValueError,
        "cumulative_sum: axis must be given for a tensor of 2 dimensions, got None",
    ),
    (
        lambda: ao.cumulative_prod(ao.tensor(1.0)),
        ValueError,
        "cumulative_prod: axis must be given for a tensor of 0 dimensions, got None",
    ),
    (
        lambda: ao.cumulative_sum(ao.tensor(1.0), 0),
        ao.AxisError,
        "axis must name no axis of a tensor of 0 dimensions, which has none, got 0",
    ),
    (lambda: ao.cumulative_sum(X, -3), ao.AxisError, "axis must be from -2 to 1 for a tensor of 2 dimensions, got -3"),
    (lambda: ao.cumulative_sum(X, (0,)), TypeError, "cumulative_sum: axis must be an int or None, got tuple"),
    (
        lambda: ao.cumulative_sum(X, 0, 1),
        TypeError,
        "cumulative_sum() takes 1 to 2 positional arguments (x, axis), got 3",
    ),
    (
        lambda: ao.cumulative_sum(X, 0, keepdims=True),
        TypeError,
        "cumulative_sum() got an unexpected keyword argument 'keepdims'; it takes axis, include_initial, dtype, out",
    ),
    (lambda: ao.cumulative_sum(X, 0, include_initial=Uncooperative()), KeyError, "bool"),
    (
        lambda: ao.cumulative_max(X, 0, include_initial=True),
        TypeError,
        "cumulative_max() got an unexpected keyword argument 'include_initial'; it takes axis, out",
    ),
    (lambda: ao.cumulative_sum(X, 0, dtype="float16"), TypeError, f"dtype must be one of {DTYPE_NAMES}, got 'float16'"),
    (
        lambda: ao.cumulative_sum(X, 0, dtype="bool"),
        TypeError,
        f"cumulative_sum: dtype must be one of {NUMBER_NAMES}, got bool",
    ),
    (
        lambda: ao.cumulative_sum(X, 0, out=INTEGERS),
        TypeError,
        "cumulative_sum: out must be able to hold a result of dtype float64, got a tensor of dtype int64",
    ),
    (
        lambda: ao.cumulative_sum(X, 0, out=ao.zeros((3, 3))),
        ValueError,
        "cumulative_sum: out must have the shape of the result (2, 3), got (3, 3)",
    ),
    (lambda: ao.cumulative_sum(X, 0, out=FROZEN), ValueError, "out must be writable, got a read-only tensor"),
    (lambda: ao.mean({1.0}), TypeError, f"mean: x must be {OPERAND}, got set; make a list of it with list(...)"),
    (lambda: ao.var(2j), TypeError, "var: x must have real elements, got complex128"),
    (lambda: ao.std(None), TypeError, f"std: x must be {OPERAND}, got NoneType"),
    (lambda: ao.mean(X, dtype="int64"), TypeError, "one of float32, float64, complex64, complex128, got 'int64'"),
    (
        lambda: X.std(correction=1, ddof=1),
        TypeError,
        "std: correction must be given once, as correction or as ddof, got both",
    ),
    (lambda: ao.mean(X, 2), ao.AxisError, "axis must be from -2 to 1 for a tensor of 2 dimensions, got 2"),
    (lambda: ao.var(X, (0, 0)), ValueError, "axis must not name an axis twice, got (0, 0)"),
    (lambda: ao.std(X, "a"), TypeError, "axis must be an int"),
    (lambda: ao.var(X, correction="1"), TypeError, "var: correction must be a number, got str '1'"),
    (lambda: ao.mean(X, 0, True), TypeError, "takes from 1 to 2 positional arguments but 3 were given"),
    (lambda: ao.mean(X, 0, out=ao.ones(2)), ValueError, "out must have the shape of the result (3,), got (2,)"),
    (lambda: ao.var(X, out=1), TypeError, "out must be a Tensor, got int 1"),
    (
        lambda: ao.std(INTEGERS, out=INTEGERS[0, 0, ...]),
        TypeError,
        "out must be able to hold a result of dtype float64",
    ),
]

SETTINGS: list[Case] = [
    *[
        (lambda n=n: ao.set_num_threads(n), ValueError, f"set_num_threads: n must be from 1 to 1024, got {n}")
        for n in (0, -1, 1025, HUGE, -HUGE)
    ],
    (lambda: ao.set_num_threads(1.5), TypeError, "set_num_threads: n must be an int, got float 1.5"),
    (lambda: ao.set_num_threads(True), TypeError, "set_num_threads: n must be an int, got bool True"),
    (lambda: ao.set_num_threads("2"), TypeError, "set_num_threads: n must be an int, got str '2'"),
    (lambda: ao.set_num_threads(None), TypeError, "set_num_threads: n must be an int, got NoneType"),
    (lambda: ao.set_num_threads(), TypeError, "set_num_threads() takes exactly one argument (0 given)"),
    (lambda: ao.memory.set_cache_limit(-1), ValueError, "set_cache_limit: bytes must not be negative, got -1"),
    (lambda: ao.memory.set_cache_limit(1.0), TypeError, "set_cache_limit: bytes must be an int, got float"),
    (lambda: ao.memory.set_cache_limit(True), TypeError, "set_cache_limit: bytes must be an int, got bool"),
    (lambda: ao.memory.set_cache_limit(None), TypeError, "set_cache_limit: bytes must be an int, got NoneType"),
]

PRIVATE: list[Case] = [
    (lambda: _native.empty([2], ao.float64), TypeError, "empty: shape must be a tuple of ints, got list"),
    (lambda: _native.empty((2,), "float16"), TypeError, f"dtype must be one of {DTYPE_NAMES}, got 'float16'"),
    (lambda: _native.full((2,), "x", ao.float64), TypeError, "full: fill_value must be a Python number, got str 'x'"),
    (
        lambda: _native.register_tensor_type(ao.Tensor, ao.where, ao.sum),
        SystemError,
        "the tensor type is registered already",
    ),
    (
        lambda: _native.register_tensor_type(int, ao.where, ao.sum),
        TypeError,
        "register_tensor_type: type must be a subclass of TensorBase, got type",
    ),
    (
        lambda: X._copy_from([1]),
        TypeError,
        "_copy_from: source must be a Tensor, got list; make one with aotops.asarray",
    ),
    (
        lambda: X._as_strided((2,), (1, 1), 0),
        ValueError,
        "_as_strided: strides must be of the length of shape, got (1, 1)",
    ),
    (
        lambda: X._as_strided((7,), (1,), 0),
        ValueError,
        "_as_strided: shape and strides must stay inside of the storage, which has 48 bytes",
    ),
    (lambda: X._as_strided((1,), (1,), 6), ValueError, "shape and strides must stay inside of the storage"),
    (lambda: X._as_strided((1,), (1,), -1), ValueError, "_as_strided: offset must be inside of the storage, got -1"),
    (lambda: X._as_strided((2,), (-1,), 0), ValueError, "shape and strides must stay inside of the storage"),
    (lambda: X._as_strided((-1,), (1,), 0), ValueError, "_as_strided: shape must have no negative length, got (-1,)"),
]


def leaf() -> ao.Tensor:
    return ao.ones(2, requires_grad=True)


def spent() -> None:
    y = ao.exp(leaf()).sum()
    y.backward()
    y.backward()


def written() -> None:
    y = ao.exp(leaf())
    alias = y.detach()
    alias += 1
    y.sum().backward()


def write_to_a_view() -> None:
    y = leaf() * 1.0
    view = y[:1]
    y[0] = view[0]


GRADIENTS: list[Case] = [
    (
        lambda: ao.nextafter(leaf(), 2.0).sum().backward(),
        ao.GradientError,
        "nextafter: the operation must have a derivative, got none, where its gradient was asked for; compute it from "
        "operators that have one",
    ),
    (spent, ao.GradientError, "backward: the graph must be one whose formulas can still read what they need, got exp"),
    (
        written,
        ao.GradientError,
        "backward: what the gradient of exp reads must have the values that it had at the call, got a tensor",
    ),
    (
        lambda: setitem(leaf(), 0, 1.0),
        ao.GradientError,
        "assignment: what is written to must not be a tensor that requi",
    ),
    (write_to_a_view, ao.GradientError, "assignment: what is written to must share its memory with no other tensor"),
    (
        lambda: np.copyto(leaf(), 1.0),
        ao.GradientError,
        "numpy.copyto: tensors must not require gradients where NumPy writes into one, got one that does; write inside",
    ),
    (
        lambda: ao.mean(leaf(), out=ao.empty(())),
        ao.GradientError,
        "mean: out must be left out where gradients are recorded, got a tensor; use the result, or detach",
    ),
    (
        lambda: setattr(leaf() * 2, "requires_grad", False),
        ao.GradientError,
        "requires_grad: value must stay True for the result of a call, got False for one of multiply; write x.detach()",
    ),
    (
        lambda: ao.zeros(2, dtype="int64", requires_grad=True),
        TypeError,
        "requires_grad: the tensor must be of floats or complex numbers, got int64; convert it with",
    ),
    (
        lambda: ao.ones(2).retain_grad(),
        ao.GradientError,
        "retain_grad: the tensor must require gradients, got one that",
    ),
    (
        lambda: setattr(leaf(), "grad", ao.ones(3)),
        ValueError,
        "grad: gradient must be of shape (2,) and dtype float64, as the tensor is, got shape (3,) and dtype float64",
    ),
    (
        lambda: copy.deepcopy(leaf() * 2),
        ao.GradientError,
        "deepcopy: the tensor must be no result of a recorded call, got one; write x.detach() for its values",
    ),
    (
        lambda: leaf().__dlpack__(),
        BufferError,
        "__dlpack__: x must not require gradients, which another library would not carry on, got a tensor that does",
    ),
    (
        lambda: (leaf() * 2).backward(),
        ao.GradientError,
        "backward: gradient must be given for more than one element, got none; sum up first, or give gradient=",
    ),
    (
        lambda: X.sum().backward(),
        ao.GradientError,
        "backward: x must require gradients, got a tensor that does not; set",
    ),
    (
        lambda: ao.grad(leaf().sum(), X),
        ao.GradientError,
        "grad: inputs must require gradients, got a tensor that does not",
    ),
    (
        lambda: ao.grad(leaf().sum(), leaf()),
        ao.GradientError,
        "grad: inputs[0] must be used by an output, got one that",
    ),
    (lambda: ao.grad(1.0, leaf()), TypeError, "grad: outputs must be a Tensor, or several in a tuple, got float 1.0"),
]

TABLES = {
    "creation": CREATION,
    "buffers": BUFFERS,
    "views": VIEWS,
    "indexing": INDEXING,
    "conversion": CONVERSION,
    "operators": OPERATORS,
    "reductions": REDUCTIONS,
    "gradients": GRADIENTS,
    "settings": SETTINGS,
    "private": PRIVATE,
}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        pytest.param(*case, id=f"{table} {number} {case[1].__name__}")
        for table, cases in TABLES.items()
        for number, case in enumerate(cases)
    ],
)
def test_a_wrong_call(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert text in str(caught.value)


def test_wrong_calls_leave_the_operands_alone() -> None:
    """Whatever the table above did to them."""
    assert X.tolist() == [[1.0] * 3] * 2 and INTEGERS.tolist() == [[1] * 3] * 2 and FROZEN.tolist() == [[1.0] * 3] * 2


def test_every_kind_of_error_is_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [name for name, value in vars(errors).items() if inspect.isfunction(value)]
    # of user-defined operators: test_declare, test_edges, test_axis_declarations
    without_a_table = (
        "type_name",
        "called",
        "wrong_gradients",  # test_autograd
        "wrong_gradient_shape",
        "no_deletion_of",
        "shown",
        "advice",
        "wider",
        "for_keyword",
        "reject_out",
        "not_built",
        "wrong_outs",
        "overlapping_outs",  # test_out
        "overlapping_argument",  # test_array_kernels_in_place
        "argument_is_written",
        "too_many_elements",
        "wrong_fixed_dtype",
        "wrong_buffer_size",  # test_foreign_buffers
        "unreachable_buffer",  # test_dlpack
        "unsupported_dlpack",
        "wrong_dlpack",
        "wrong_capsule",
        "not_on_cpu",
        "no_arrow_type",  # test_arrow
        "wrong_arrow_capsule",
        "used_arrow",
        "unsupported_arrow",
        "arrow_nulls",
        "wrong_arrow",
        "cannot_open",  # test_files
        "wrong_order",  # test_array_functions
        "no_numpy_dtype",  # test_numpy_protocols
        "needs_positions",  # test_positions
        "unsupported_inputs",  # test_plain_python
        "raised_by_kernel",  # test_array_kernels
        "wrong_array_operands",
        "lost_by_fork",  # test_interruption
    )
    kinds = [name for name in kinds if name not in without_a_table]
    used = set()

    def spy(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def raising(*arguments: Any, **options: Any) -> None:
            used.add(name)
            function(*arguments, **options)

        return raising

    for name in kinds:
        monkeypatch.setattr(errors, name, spy(name, getattr(errors, name)))
    for call, _, _ in itertools.chain(*TABLES.values()):
        with contextlib.suppress(Exception):
            call()
    assert sorted(used - {"reject", "wrong_call"}) == sorted(set(kinds) - {"reject", "wrong_call"})


#: What raises a message of its own outside of errors.py, in the rooms that users call into, and why.
OWN_MESSAGES = {
    ("__init__.py", "ImportError"): "errors.py cannot be imported where the package cannot",
    ("__init__.py", "AttributeError"): "Python's protocol of module attributes",
    ("callbacks.py", "AttributeError"): "the same",
    ("autograd/engine.py", "AttributeError"): "the protocol of attributes, for hasattr",
    ("intrinsics.py", "IndexError"): "scalar functions as plain Python, which know no public function",
    ("scalar/plain_numbers.py", "TypeError"): "the same",
    ("autograd/grad_check.py", "GradientError"): "no argument is wrong: it reports what was found",
}

#: The exceptions that C raises with a message of its own, by file, and why.
OWN_MESSAGES_IN_C = {
    "PyExc_SystemError": "a fault of aotops itself",
    "PyExc_ImportError": "the module, or an extension, cannot be loaded: errors.py may not be there",
    "PyExc_MemoryError": "Python code needs memory",
    "PyExc_RuntimeError": "two copies of the module in one process",
}


def test_messages_are_made_in_errors_alone() -> None:
    package = Path(errors.__file__).parent
    rooms = [
        package.glob("*.py"),
        *[(package / room).glob("*.py") for room in ("namespace", "interop", "user", "autograd", "ops", "scalar")],
    ]
    found = set()
    for file in itertools.chain(*rooms):
        place = file.relative_to(package).as_posix()
        if place in ("errors.py", "user/identity.py", "user/library.py", "abi.py", "encode.py"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                found.add((place, ast.unparse(node.exc.func).rpartition(".")[2]))
    assert found == set(OWN_MESSAGES)


@requires_source
def test_c_raises_through_errors() -> None:
    found = set()
    for file in (Path(__file__).parent.parent / "src" / "aotops" / "native").glob("*.c"):
        found.update(re.findall(r"PyErr_(?:SetString|Format)\(\s*(\w+)", file.read_text()))
    assert found == set(OWN_MESSAGES_IN_C)


FORM = re.compile(r"[\w.]+: [\w, \[\]']+ must .+, got .+", re.DOTALL)

#: Messages in Python's own form, by how they begin or what they hold.
PYTHONS = (
    "() takes",
    "() got",
    "() missing",
    "supported",
    "operand type",
    "len()",
    "iteration over",
    "unhashable",
    "slice",
    "cannot allocate",
    "item deletion",
    "'index'",
    "'bool'",
    "registered",
    "takes ",
    "takes from",
)


@pytest.mark.parametrize("table", TABLES)
def test_messages_have_one_form(table: str) -> None:
    for call, _, _ in TABLES[table]:
        with pytest.raises(Exception) as caught:  # noqa: PT011  # of any kind: the tables say which
            call()
        message = str(caught.value)
        assert FORM.fullmatch(message) or any(part in message for part in PYTHONS), message


def operators_with(kind: str) -> list[str]:
    return sorted(name for name, each in _native.operators.items() if each.kind == kind)


@pytest.mark.parametrize("name", [name for kind in ("map", "zip") for name in operators_with(kind)])
def test_wrong_arguments_of_every_elementwise_operator(name: str) -> None:
    function = _native.operators[name]
    if "position" in str(function.parameters) or name.startswith("_"):
        return
    inputs = [ao.ones(3, dtype=dtype) for dtype in function.dtypes[-1][: len(function.parameters)]]
    for k, parameter in enumerate(function.parameters):
        for wrong in ("a", {1}, [1, "a"], [[1], 2]):
            with pytest.raises((TypeError, ValueError)) as caught:
                function(*inputs[:k], wrong, *inputs[k + 1 :])
            assert re.match(rf"{re.escape(name)}: {parameter}(\[\d\])? must .+, got .+", str(caught.value))
    for out in (1, ao.ones(4), ao.asarray(np.broadcast_to(1.0, 3))):
        with pytest.raises((TypeError, ValueError)) as caught:
            function(*inputs, out=out)
        assert re.match(rf"{re.escape(name)}: out must .+, got .+", str(caught.value))


@pytest.mark.parametrize("name", [name for kind in ("reduce", "argreduce", "scan") for name in operators_with(kind)])
@pytest.mark.parametrize("axis", [2, -3, HUGE, "a", 1.5, (0, None), (0, 0)], ids=repr)
def test_wrong_axes_of_every_operator(name: str, axis: Any) -> None:
    function = _native.operators[name]
    dtypes = function.dtypes[-1][: len(function.parameters)]  # the widest
    with pytest.raises((TypeError, ValueError)) as caught:
        function(*[X.astype(dtype) for dtype in dtypes], axis)
    assert re.match(rf"{re.escape(name)}: axis(\[\d\])? must .+, got .+", str(caught.value))


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "full"])
@pytest.mark.parametrize("shape", ["a", 1.5, None, (2, "a"), -1, (2, -1), HUGE, (1,) * 33, (2**62, 4)], ids=repr)
def test_wrong_shapes_of_every_function_that_makes_tensors(name: str, shape: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        getattr(ao, name)(*([shape, 1.0] if name == "full" else [shape]))
    assert re.match(rf"{name}: shape(\[\d\])? must .+, got .+", str(caught.value))


def test_a_length_beyond_any_machine_is_named() -> None:
    with pytest.raises(ValueError, match=f"shape must be .*, got {HUGE}"):
        ao.zeros(HUGE)


def test_axis_errors_are_caught_as_numpys_are() -> None:
    assert issubclass(ao.AxisError, ValueError) and issubclass(ao.AxisError, IndexError)
    assert issubclass(np.exceptions.AxisError, ValueError) and issubclass(np.exceptions.AxisError, IndexError)


def test_errors_about_arguments_have_no_second_traceback() -> None:
    """Where one exception leads to another, only the one that a person reads is shown."""
    for call in (lambda: ao.asarray("abc"), lambda: ao.tensor([HUGE]), lambda: ao.zeros("3"), lambda: X["a"]):
        with pytest.raises((TypeError, OverflowError, IndexError)) as caught:
            call()
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_messages_name_no_private_type() -> None:
    x = ao.ones(2)
    for call in (
        lambda: x.item(x=1),
        lambda: setattr(x, "shape", (2,)),
        lambda: delattr(x, "dtype"),
        lambda: ao.Tensor.item(3),  # type: ignore[arg-type]
        lambda: ao.Tensor.__add__(3, 4),  # type: ignore[operator]
        lambda: setattr(ao.float32, "name", "x"),
        lambda: setattr(ao.add, "kind", "x"),
        lambda: ao.float32 < ao.float64,
    ):
        with pytest.raises((TypeError, AttributeError)) as caught:
            call()
        assert "_native" not in str(caught.value) and "Core" not in str(caught.value)


#: What a caller may put by mistake in place of any argument.
MISTAKES: list[Any] = [
    *(None, True, -1, 0, 3, 2**40, 2**64, -(2**70), 1.5, math.nan, 1j),
    *("a", "float16", b"ab", "\ud800", int, object(), {}, set(), ao, ao.add, slice(None), ...),
    *([], (), [[]], [[1], [1, 2]], [None], [1, "a"], (0, 0), (0, 5), [0, 1], range(3)),
    *(np.datetime64("2020"), np.longdouble(1), np.array(["a"]), np.array([1, None]), np.array([1.0], "f2")),
    *(ao.float32, ao.zeros(0), ao.zeros(()), ao.zeros((0, 3)), ao.asarray([1j])),
]
#: What functions take, so that the mistakes beside it are reached.
TAKEN = [X, INTEGERS, BOOLS, ao.arange(3), ao.arange(6.0)]
#: Errors that name no function: of memory, of another library's object, and of the attribute that an argument sets.
NAMELESS = ("cannot allocate", "DLPack only supports", "requires_grad: the tensor must be of floats")
#: Functions that declare operators, and that have nothing to do with tensors.
OTHERS = {
    *("argreduce", "function", "kernel", "map", "reduce", "scan", "zip", "grad", "grad_check", "explain", "trace"),
    *("cpu_level", "get_num_threads", "set_num_threads", "prange", "load", "save"),
}
FUNCTIONS = {
    name: getattr(ao, name)
    for name in dir(ao)
    if not name.startswith("_") and name not in OTHERS and type(getattr(ao, name)) in (type(deep), type(ao.add))
}


def error_of(function: Callable[..., object], args: list[Any], options: dict[str, Any]) -> Exception | None:
    try:
        function(*args, **options)
    except (TypeError, ValueError, IndexError, OverflowError, MemoryError, BufferError) as error:
        return error
    return None


@pytest.mark.parametrize("seed", range(4))
def test_errors_begin_with_the_function_that_was_called(seed: int) -> None:
    """And not with one that it calls, whose arguments the caller has not given."""
    generator = np.random.default_rng(seed)
    parameters = {name: list(inspect.signature(function).parameters) for name, function in FUNCTIONS.items()}

    def pick(values: list[Any]) -> Any:
        return values[generator.integers(len(values))]

    raised = 0
    for _ in range(4000):
        name = pick(list(FUNCTIONS))
        args = [pick(TAKEN if generator.random() < 0.5 else MISTAKES) for _ in range(generator.integers(1, 4))]
        options = {key: pick(MISTAKES) for key in parameters[name][len(args) :] if generator.random() < 0.3}
        error = error_of(FUNCTIONS[name], args, options)
        if error is not None:
            raised += 1
            named = str(error).startswith((f"{name}:", f"{name}(", *NAMELESS))
            assert named, f"{name}(*{args!r}, **{options!r}): {error}"
    assert raised > 1000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ao.concat(ao.zeros(())), "concat: arrays must be a list or a tuple, got a 0-d tensor; write [x, y]"),
        (lambda: ao.quantile(X, 1j), "quantile: q must be real, got complex128"),
        (lambda: complex(X), "complex: x must have exactly one element, got shape (2, 3)"),
        (lambda: ao.nanargmax(ao.zeros(0)), "nanargmax: x must have an element to begin with, got shape (0,)"),
        (
            lambda: ao.nanargmin(INTEGERS[:, :0], axis=1),
            "nanargmin: x must have an element to begin with, got shape (2, 0)",
        ),
        (
            lambda: ao.exp(X, where=BOOLS[:2]),
            "exp: where must broadcast together with the result of shape (2, 3), got shape (2,)",
        ),
        (lambda: ao.reshape(ao.zeros((0, 3)), (2**62, 0, 4)), "reshape: shape must take at most 2**63 - 1 bytes"),
        (lambda: ao.meshgrid(*[ao.broadcast_to(X[0, :1], (2**40,))] * 2), "meshgrid: shape must take at most 2**63"),
        (
            lambda: ao.broadcast_arrays(ao.broadcast_to(X[0, :1], (2**40,)), ao.broadcast_to(X[0, :1], (2**40, 1))),
            "broadcast_arrays: shape must take at most 2**63 - 1 bytes",
        ),
        (
            lambda: ao.linspace(0, 300, 5, dtype="uint8"),
            "linspace: start and stop must fit uint8, got int 300; give dtype='int64'",
        ),
        (lambda: ao.full_like(BOOLS, 300, dtype="uint8"), "must fit uint8, got int 300; give dtype='int64'"),
        (lambda: INTEGERS & 2**63, "convert the tensor first, with x.astype('uint64')"),
        (lambda: ao.searchsorted(X[0], X, side=np.ones(2)), "searchsorted: side must be 'left' or 'right', got array"),
        (lambda: ao.ones(2, device=np.ones(2)), "ones: device must be 'cpu' or None, the only device, got"),
        (lambda: X.to_device(np.ones(2)), "to_device: device must be 'cpu', got"),
        (lambda: ao.sum(X, dtype=np.ones(2)), "sum: dtype must be one of"),
    ],
)
def test_messages_name_what_the_caller_wrote(call: Callable[[], object], message: str) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)) as caught:
        call()
    assert message in str(caught.value)


def test_no_dtype_is_advised_where_none_helps() -> None:
    with pytest.raises(OverflowError, match=r"must fit int64, got int 18446744073709551616$"):
        INTEGERS << 2**64


def test_names_of_numpy_and_pytorch_are_told_what_to_write() -> None:
    from aotops import ops

    names = dict(each.split("=") for each in ao._ELSEWHERE.split())
    for name, own in names.items():
        with pytest.raises(AttributeError, match=rf"^module 'aotops' has no attribute '{name}'; write aotops\.{own}$"):
            getattr(ao, name)
        assert callable(operator.attrgetter(own)(ao))
    for record in ops.collect().values():
        for alias in record.aliases if record.name in FUNCTIONS else ():
            name = alias.rpartition(".")[2]
            assert hasattr(ao, name) or names[name] == record.name
    for name in ("linalg", "fft", "="):  # which nothing here stands for
        with pytest.raises(AttributeError, match=rf"^module 'aotops' has no attribute '{name}'$"):
            getattr(ao, name)
