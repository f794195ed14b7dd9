"""Whole-array functions: what they take and return, how signatures are chosen, what is rejected."""

from __future__ import annotations

import copy
import gc
import inspect
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from needs import ONE_JOB, requires_compiler, requires_numba, requires_source

import aotops as ao

np = pytest.importorskip("numpy", reason="the functions call NumPy's, and results are compared with its")
pytestmark = requires_numba
functions = pytest.importorskip("array_functions_for_tests")
rng = np.random.default_rng(15)


def same(result, expected) -> bool:
    """Whether two results are of the same kinds and values."""
    if isinstance(expected, tuple):
        return isinstance(result, tuple) and len(result) == len(expected) and all(map(same, result, expected))
    if isinstance(expected, np.ndarray):
        return type(result) is np.ndarray and result.dtype == expected.dtype and np.array_equal(result, expected)
    return type(result) is type(expected) and result == expected


def as_python(value):
    """A result of the Python function with Python's numbers."""
    if isinstance(value, tuple):
        return tuple(map(as_python, value))
    return value.item() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("order", ["C", "F", "steps", "reversed"])
def test_results_of_all_kinds_are_those_of_the_python_function(order: str) -> None:
    x = rng.standard_normal((3, 4))
    x = {"C": x, "F": np.asfortranarray(x), "steps": np.repeat(x, 2, 1)[:, ::2], "reversed": x[::-1, ::-1]}[order]
    y = rng.random(5)
    for k in (0, 1, 2):
        found = functions.results(x, y, k)
        assert same(found, as_python(functions.results.py_func(x, y, k)))
        own, transposed, part, whole, backwards, row, constant, *_ = found
        assert np.shares_memory(own, transposed) and np.shares_memory(own, part) and not np.shares_memory(own, x)
        assert np.shares_memory(whole, x) and np.shares_memory(backwards, y) and np.shares_memory(row, x)
        assert not np.shares_memory(constant, functions.TABLE)
        constant[:] = -1  # a copy: the next call returns it as it is


def test_arrays_own_their_memory() -> None:
    part = functions.results(np.ones((3, 400)), np.ones(1), 1)[2]
    gc.collect()
    others = [functions.results(np.full((3, 400), k), np.ones(1), 1) for k in range(20)]
    assert (part == 2).all() and len(others) == 20
    resource = pytest.importorskip("resource")
    x, y = np.ones((3, 40_000)), np.ones(1)
    functions.results(x, y, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(300):
        functions.results(x, y, 1)  # 1 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


def test_what_comes_out_is_what_went_in() -> None:
    x, y = ao.tensor([[1.0, 2.0], [3.0, 4.0]]), ao.tensor([5.0, 6.0])
    own, *_, backwards, row, _, (_, (zeros, mask, _)), _ = functions.results(x, y, 1)
    assert all(type(each) is ao.Tensor for each in (own, backwards, row, zeros, mask))
    assert mask.dtype is ao.bool and zeros.shape == (1, 3)
    row[0] = 7.0
    assert x[1, 0] == 7.0
    assert type(functions.results(x, np.ones(3), 1)[0]) is ao.Tensor
    assert type(functions.results([[1, 2], [3, 4]], [1], 1)[0]) is ao.Tensor


def test_arrays_are_written_where_they_are() -> None:
    for dtype in ("f4", "f8"):
        x = np.zeros((3, 4), dtype)
        assert functions.add_to_row(x[:, ::2], -1) is None
        assert x.tolist() == [[0] * 4, [0] * 4, [1, 0, 1, 0]]
    tensor = ao.zeros((2, 2))
    functions.add_to_row(tensor, k=0)
    assert tensor.tolist() == [[1, 1], [0, 0]]


def test_what_cannot_be_written_is_rejected() -> None:
    frozen = np.zeros((2, 2))
    frozen.flags.writeable = False
    misaligned = np.frombuffer(bytearray(33), "u1")[1:].view("f8").reshape(2, 2)
    for x, error, message in [
        (frozen, ValueError, "x must be writable"),
        (np.broadcast_to(1.0, (2, 2)), ValueError, "x must be writable"),
        (memoryview(bytes(32)).cast("d", (2, 2)), ValueError, "x must be writable"),
        (ao.asarray(frozen), ValueError, "x must be writable"),
        ([[1.0, 2.0]], TypeError, "x must be an array in memory, since add_to_row writes to it, got list"),
        (misaligned, ValueError, "x must be aligned, since add_to_row writes to it"),
        (np.zeros((2, 2), "i8"), TypeError, "float64 with 2 dimensions or an array of .*, since add_to_row writes"),
        (np.zeros((2, 2), ">f8"), TypeError, "x must hold native elements"),
        (np.zeros((2, 2), "O"), TypeError, "x must hold native elements"),
        (np.zeros(2), TypeError, "got ndarray of float64 with 1 dimension"),
        (np.zeros((2, 2, 2)), TypeError, "got ndarray of float64 with 3 dimensions"),
        (np.float64(1), TypeError, "x must be an array of float64"),
        (1.0, TypeError, "got float 1.0"),
        (np.ma.ones((2, 2)), TypeError, "x must be"),
        (iter([1.0]), TypeError, "x must be"),
        (None, TypeError, "got NoneType"),
        ("abc", TypeError, "x must be"),
    ]:
        with pytest.raises(error, match=f"^add_to_row: .*{message}"):
            functions.add_to_row(x, 0)
    assert (frozen == 0).all()
    with pytest.raises(ValueError, match="grow: x must be contiguous in row-major order, since grow writes to it"):
        functions.grow(np.zeros(4)[::2])


def test_one_that_fits_no_signature_is_told_of_all_in_one_sentence() -> None:
    @ao.function(["(float64[:])", "(int32[:])"])
    def clear(x):
        x[0] = 0

    wanted = "clear: x must be .*float64.* or .*int32 with 1 dimension, since clear writes to it, got ndarray of int64"
    with pytest.raises(TypeError, match=wanted):
        clear(np.arange(3))


@ao.function("(float64[:], int64)")
def rolled(x, k):
    return np.roll(x, k)


@ao.function("(float64[:], int64)")
def repeated(x, k):
    return np.repeat(x, k)


def test_extreme_numbers_leave_nothing_unwritten() -> None:
    x = np.arange(1.0, 6.0)
    for k in (0, 3, -7, 2**63 - 1, -(2**63)):
        assert np.array_equal(rolled(x, k), np.roll(x, k % 5))
        assert rolled(x[:0], k).shape == (0,)
    assert np.array_equal(repeated(x, 2), np.repeat(x, 2)) and repeated(x[:0], 2**62).shape == (0,)
    for k in (3689348814741910324, 2**63 - 1):  # of which the former makes a size of 4 modulo 2**64
        with pytest.raises(MemoryError, match=r"the result of np\.repeat has too many elements"):
            repeated(x, k)
    with pytest.raises(ValueError, match="negative"):
        repeated(x, -1)


def test_signatures_are_chosen_by_arguments() -> None:
    x = rng.random(4)
    assert functions.mean(x) == functions.mean(x, None) == functions.mean(x=x) == np.sum(x) / 4
    weights = rng.random(4)
    expected = functions.mean.py_func(x, weights)
    assert functions.mean(x, weights) == functions.mean(weights=weights, x=x) == expected
    # what is only read may be of dtypes that the declared one holds
    for other in ([1, 2, 3], range(1, 4), np.array([1, 2, 3], "i2"), np.array([1, 2, 3], "f4"), ao.tensor([1, 2, 3])):
        assert functions.mean(other) == 2.0
    assert functions.first_above(x=[0.25, 0.75]) == (1, 0.75)
    assert functions.first_above([0, 3], np.int8(2)) == functions.first_above([0, 3], np.array(2)) == (1, 3.0)
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    assert functions.mean(frozen) == functions.mean(np.arange(6.0)[4::-2][::-1]) / 2 == 1.0
    assert functions.mean(np.broadcast_to(2.0, 5)) == 2.0


def test_declared_orders_and_types_hold() -> None:
    z, m = np.array([1 + 2j, 0, 5], "c8"), np.asfortranarray(np.full((2, 3), 2, "u1"))
    assert functions.contiguous(z, m, False, 1) is None
    value, factor = functions.contiguous(z[::-1], m.T, True, 0.1)
    assert value == 10 and type(value) is complex and factor == np.float32(0.1) * 2
    assert functions.contiguous(z, m, np.True_, np.float32(0.1))[0] == 2 + 4j


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: f.mean(), TypeError, "missing a required argument: 'x'"),
        (lambda f: f.mean([1], [1], [1]), TypeError, r"takes 1 to 2 arguments \(x, weights\), got 3"),
        (lambda f: f.mean([1], y=1), TypeError, "unexpected keyword argument 'y'"),
        (lambda f: f.mean([1], x=1), TypeError, "multiple values for argument 'x'"),
        (lambda f: f.mean([1], 2), TypeError, "weights must be left out or an array of float64 with 1 dimension"),
        (lambda f: f.mean([1j]), TypeError, "x must be an array of float64 with 1 dimension, got list of complex128"),
        (lambda f: f.first_above([1], 2**2000), OverflowError, "limit must fit float64"),
        (lambda f: f.first_above([1], "a"), TypeError, "limit must be"),
        (lambda f: f.first_above([1], None), TypeError, "limit must be a number that float64 holds, got NoneType"),
        (lambda f: f.first_above([1], [1.0]), TypeError, "limit must be a number that float64 holds, got list"),
        (lambda f: f.add_to_row(np.ones((2, 2)), 1.5), TypeError, "k must be a number that int64 holds, got float 1.5"),
        (lambda f: f.add_to_row(np.ones((2, 2)), 2**63), OverflowError, "k must fit int64"),
        (lambda f: f.add_to_row(np.ones((2, 2)), np.uint64(1)), TypeError, "k must be a number that int64 holds"),
        (lambda f: f.add_to_row(np.ones((2, 2)), 2), IndexError, r"out of bounds \(.*for_tests.py, line \d+\)"),
        (lambda f: f.add_to_row(np.ones((2, 2)), 101), ValueError, r"no such row \(.*for_tests.py, line \d+\)"),
        (lambda f: f.results(np.ones((3, 3)), np.ones(3), -1), ValueError, "results: negative"),
        (
            lambda f: f.sum_within([1], [0, 1], f.Span(0, 1)),
            TypeError,
            r"window must be a tuple \(int64, int64\), got list",
        ),
        (lambda f: f.sum_within([1], (0, 1, 2), f.Span(0, 1)), TypeError, r"got tuple \(int 0, int 1, int 2\)"),
        (lambda f: f.sum_within([1], (0, 0.5), f.Span(0, 1)), TypeError, r"got tuple \(int 0, float 0.5\)"),
        (
            lambda f: f.sum_within([1], (0, "a"), f.Span(0, 1)),
            TypeError,
            r"sum_within: window\[1\] must be .*got str 'a'",
        ),
        (lambda f: f.sum_within([1], (0, None), f.Span(0, 1)), TypeError, r"window\[1\] must be .*got NoneType"),
        (lambda f: f.sum_within([1], (0, 2**64), f.Span(0, 1)), OverflowError, r"window\[1\] must fit int64"),
        (
            lambda f: f.sum_within([1], 3, f.Span(0, 1)),
            TypeError,
            r"window must be a tuple \(int64, int64\), got int 3",
        ),
        (lambda f: f.sum_within([1], (0, 2), f.Span(0, 1)), IndexError, r"out of bounds \(.*for_tests.py, line \d+\)"),
        (
            lambda f: f.sum_within([1], (0, 1), (0.0, 1.0)),
            TypeError,
            r"span must be a named tuple Span\(low: float64, high: float64\), got tuple \(float 0.0, float 1.0\)",
        ),
        (
            lambda f: f.change(f.Model([1.0], f.Span(0, 1), (0, 1))),
            TypeError,
            r"change: model.weights must be an array in memory, since change writes to it, got list",
        ),
        (
            lambda f: f.change(f.Model(np.broadcast_to(1.0, 3), f.Span(0, 1), (0, 1))),
            ValueError,
            "change: model.weights must be writable",
        ),
        (
            lambda f: f.change(f.Model(np.ones(3), f.Span(0, 1j), (0, 1))),
            TypeError,
            r"got Model \(ndarray of float64 with 1 dimension, Span \(int 0, complex 1j\), tuple",
        ),
        (lambda f: f.chosen((np.ones(1),) * 4), TypeError, r"arrays must be a tuple .* or an array of float64"),
    ],
)
def test_calls_that_do_not_fit_say_why(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call(functions)


@requires_source
def test_python_and_the_header_have_the_same_codes() -> None:
    from aotops.user import function_record as here

    header = (Path(ao.__file__).parent / "native" / "aotops_kernel.h").read_text(encoding="utf-8")
    defined = {name: int(value) for name, value in re.findall(r"#define AOT_(\w+) (\d+)", header)}
    flags = (here.WRITES, here.ROW_MAJOR, here.COLUMN_MAJOR, here.MOST_WORDS)
    assert flags == tuple(defined[name] for name in ("WRITES", "ROW_MAJOR", "COLUMN_MAJOR", "RESULT_WORDS"))
    (codes,) = re.findall(r"enum \{ (AOT_RESULT_[^}]*) \}", header)
    names = codes.replace("AOT_RESULT_", "").split(", ")
    assert [getattr(here, name) for name in names] == list(range(6))


def test_c_checks_arguments_itself() -> None:
    functions.grow(np.zeros(1))
    library, (number,) = functions.grow._library, functions.grow._numbers
    good = ao.zeros(3)
    for parameters, operands in [
        (("x",), (ao.zeros(3, dtype="float32"),)),
        (("x",), (ao.zeros((3, 3)),)),
        (("x",), (1.0,)),
        (("x",), ()),
        ((), (good,)),
        (("x",), (ao.asarray(np.broadcast_to(0.0, 3)),)),
        (("x",), (ao.zeros(6)[::2],)),
    ]:
        with pytest.raises(ValueError, match="grow: "):
            ao._native.run_array_function(library, number, "grow", parameters, operands)
    with pytest.raises(ImportError, match="no such function"):
        ao._native.run_array_function(library, 1000, "grow", ("x",), (good,))
    with pytest.raises(ImportError, match="no such function"):
        ao._native.find_array_function(library, "grow")


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself the signal of Ctrl-C there")
def test_a_loop_without_end_is_interrupted() -> None:
    functions.grow(np.zeros(1))
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        functions.grow(np.ones(3))
    timer.join()


def test_functions_are_known_by_their_names() -> None:
    function = functions.first_above
    assert repr(function) == "<array function first_above '(float64[:], float64) -> (int64, float64)'>"
    assert str(inspect.signature(function)) == "(x, limit=0.5)"
    assert function.__doc__.startswith("The position") and function.__module__ == functions.__name__
    assert pickle.loads(pickle.dumps(function)) is function and copy.deepcopy(function) is function
    with pytest.raises(TypeError, match=r"ArrayFunction: record must be what aotops\.function makes"):
        ao.ArrayFunction(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        ("float64(float64[:, :], int64)", "(float64[:, :], int64) -> float64"),
        ("(f8[::1], i4) -> (f4, b1[:])", "(float64[::1], int32) -> (float32, bool[:])"),
        ("void(u2[::1,:], intp)", "(uint16[::1, :], int64) -> None"),
        ("Tuple((double, boolean))(complex64[:], c16)", "(complex64[:], complex128) -> (float64, bool)"),
        ("(float64, int64)(float64[:], int8)", "(float64[:], int8) -> (float64, int64)"),
        ("UniTuple(int64, 2)(Array(uint8, 3, 'F', readonly=True), b1)", "(uint8[::1, :, :], bool) -> (int64, int64)"),
        ("((int64, f4), UniTuple(u1[:], 2))", "((int64, float32), (uint8[:], uint8[:]))"),
        ("void(Tuple((i8, (i8,))), i8)", "((int64, (int64,)), int64) -> None"),
        ("(int64, int64)((int64, f8[:]), i8)", "((int64, float64[:]), int64) -> (int64, int64)"),
        ("(Tuple((i8, i8)), i8) -> ((i8, i8), i8)", "((int64, int64), int64) -> ((int64, int64), int64)"),
        (" ( float64 [ : ] , float64 ) -> optional ( float64 ) ", "(float64[:], float64) -> optional(float64)"),
    ],
)
def test_signatures_are_read_as_numba_reads_them(signature: str, text: str) -> None:
    assert ao.function(signature)(lambda x, y: None).signatures == (text,)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("", "be like"),
        ("float64", "be like"),
        ("(float64[:]", "be like"),
        ("(float64[:],, int64)", "be like"),
        ("(float16[:], int64)", "be like"),
        ("(float64[0], int64)", "be like"),
        ("(float64[:], int64) -> ", "be like"),
        ("(float64[:], int64) -> list", "be like"),
        ("(float64[::1, ::1], int64)", "be like"),
        ("(float64[:, ::1, :], int64)", "be like"),
        ("(float64[:], int64) float64", "be like"),
        ("(unicode_type, int64)", "be like"),
        ("(__import__('os'), int64)", "be like"),
        ("(float64[:])", r"have 2 arguments, as the function has: x, y, got \(float64\[:\]\)"),
        ("(int64, int64, int64)", "have 2 arguments"),
        (f"({','.join(['int64'] * 17)})", "have up to 16 arguments"),
        ("(UniTuple(int64, 16), int64)", "have up to 16 numbers and arrays, members of tuples included, got 17"),
        ("(UniTuple(int64, x), int64)", "be like"),
        ("(UniTuple(int64), int64)", "be like"),
        ("(Tuple(int64), int64)", "be like"),
        ("(NamedTuple((int64,), ), int64)", "be like"),
        ("(NamedTuple((int64,), Nothing), int64)", "Nothing in the signature must be a class of named tuples"),
        ("(NamedTuple((int64,), re), int64)", "re in the signature must be a class of named tuples"),
        ("(NamedTuple((int64,), re.Pattern), int64)", "as many fields as it has types there: 1, got type"),
        (f"(int64[{','.join([':'] * 33)}], int64)", "be like"),
        ([], "be one at least"),
    ],
)
def test_signatures_that_say_nothing_are_rejected(signature, message: str) -> None:
    with pytest.raises(ao.RecordError, match=message):
        ao.function(signature)(lambda x, y: None)


def test_declarations_that_contradict_themselves_are_rejected() -> None:
    with pytest.raises(TypeError, match="be a Python function"):
        ao.function("(int64)")(len)
    with pytest.raises(TypeError, match="without"):
        ao.function("(int64)")(lambda *x: None)
    with pytest.raises(TypeError, match=r"function: signature must be .*write @aotops.function"):
        ao.function(lambda x: None)
    with pytest.raises(TypeError, match="boundscheck must be a bool"):
        ao.function("(int64)", boundscheck=1)(lambda x: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="signature must be a string"):
        ao.function(3)(lambda x: None)


@pytest.mark.parametrize(
    ("signature", "body", "reason"),
    [
        ("(int64)", "[x]", "It returns a list; write numpy.array"),
        ("(int64)", "'a'", "It returns a string"),
        ("(int64)", "point(x)", "It returns the named tuple point, which the module rejected does not have"),
        ("(float64[:]) -> float64[:, :]", "x", "its signature declares float64[:, :]"),
    ],
)
def test_what_cannot_be_returned_is_rejected(signature: str, body: str, reason: str) -> None:
    scope: dict[str, object] = {"__name__": "rejected"}
    exec(f"import collections\npoint = collections.namedtuple('point', 'x')\ndef f(x):\n    return {body}\n", scope)
    with pytest.raises(ao.BuildError) as caught:
        ao.function(signature)(scope["f"])(1 if "[" not in signature.partition("->")[0] else np.ones(1))
    assert reason in str(caught.value)


@pytest.mark.parametrize("given", [np.arange(10.0), np.arange(20.0)[::2] / 2, ao.arange(10.0), [*range(10)]])
def test_tuples_are_arguments(given) -> None:
    span = functions.Span(3, 5.0)
    assert functions.sum_within(given, (2, 8), span) == 12.0
    assert functions.sum_within(span=span, window=(np.int8(2), True), x=given) == 0.0
    assert functions.sum_within(given, (np.array(2), ao.tensor(5)), functions.Span(np.float32(2), ao.tensor(9))) == 9.0
    # named tuples are tuples, and a class of them that has been derived from another is that
    assert functions.sum_within(given, functions.Span(0, 9), type("Narrow", (functions.Span,), {})(0, 1)) == 1.0


@pytest.mark.parametrize("step", [1, 2, -1])
def test_arrays_in_tuples_are_written_and_returned(step: int) -> None:
    x = np.arange(6.0)[::step]
    expected = x.copy()
    expected[1:3] *= 10
    part, span, whole = functions.change(functions.Model(x, functions.Span(2, 12), (1, 2)))
    assert np.array_equal(x, expected) and np.array_equal(whole, expected) and np.shares_memory(part, x)
    assert type(part) is np.ndarray and span == functions.Span(2.0, 12.0) and type(span) is functions.Span
    part, *_ = functions.change(functions.Model(ao.asarray(x), functions.Span(0, 1), (1, 2)))
    assert type(part) is ao.Tensor


def test_signatures_are_chosen_by_the_members_of_tuples() -> None:
    x, y, z = np.arange(3.0), np.ones(4)[::-1], [7]
    found, total = functions.chosen((x, y, z))
    assert np.shares_memory(found, y) and total == 14.0
    found, total = functions.chosen((x, y), 0)
    assert np.shares_memory(found, x) and total == 7.0
    assert functions.chosen(x) == (1.0, 3.0) and functions.chosen([1, 2]) == (2.0, 3.0)
    with pytest.raises(IndexError, match="chosen: tuple index out of range"):
        functions.chosen((x, y, z), 3)


def test_tuples_of_numba_are_read() -> None:
    import numba

    types = numba.types
    span = types.NamedTuple((numba.float64, numba.float64), functions.Span)
    own = ao.function(numba.void(types.UniTuple(numba.int64, 2), types.Tuple((numba.float32[::1], span))))
    assert own(lambda x, y: None).signatures == (
        "((int64, int64), (float32[::1], NamedTuple((float64, float64), Span))) -> None",
    )
    declared = ao.function(numba.njit("int64(UniTuple(int64, 2))")(lambda x: x[0] - x[1]))
    assert declared((5, 3)) == 2


def test_the_fields_of_named_tuples_are_facts_of_a_build() -> None:
    from collections import namedtuple

    facts = []
    for fields in ("low high", "high low"):
        scope = {"span": namedtuple("span", fields), "__name__": "fields"}
        exec("def f(x):\n    return x.low\n", scope)
        record = ao.function("(NamedTuple((float64, float64), span))")(scope["f"])._record
        facts.append((record.signatures[0].identity, dict(record.facts(str))["signature 0"]))
    assert facts[0][0] != facts[1][0] and facts[0][1] != facts[1][1]


def test_functions_of_numba_are_taken_as_they_are() -> None:
    import numba

    declared = numba.njit(["UniTuple(float64, 2)(float64[:])"])
    both = ao.function(declared(lambda x: (x[0], x[-1])))
    assert both.signatures == ("(float64[:]) -> (float64, float64)",)
    own = ao.function([numba.int32(numba.float32[:, ::1]), (numba.types.Array(numba.int8, 1, "A"),)])(lambda x: 1)
    assert own.signatures == ("(float32[:, ::1]) -> int32", "(int8[:])")
    with pytest.raises(TypeError, match="Numba has compiled for declared ones"):
        ao.function(numba.njit(lambda x: x))
    assert ao.function("(int64)")(numba.njit(lambda x: x)).py_func(3) == 3
    with pytest.raises(ao.RecordError, match="arguments that are numbers, arrays"):
        ao.function(numba.void(numba.types.unicode_type))(lambda x: None)


def test_plain_python_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rng.random((3, 4)), rng.random(2)
    # the first call of a function decides whether it is compiled
    functions.results(x, y, 1)
    functions.first_above([0, 1])
    functions.add_to_row(x.copy(), 1)
    functions.sum_within(x[0], (0, 4), functions.Span(0, 1))
    monkeypatch.setenv("AOTOPS_PYTHON", "1")
    scope = {"__name__": "plain", "__file__": functions.__file__}
    exec(Path(functions.__file__).read_text(encoding="utf-8"), scope)
    assert same(scope["results"](x, y, 1), functions.results(x, y, 1))
    assert scope["first_above"]([0, 1]) == functions.first_above([0, 1]) == (1, 1.0)
    assert scope["contiguous"](np.ones(1, "c8"), np.ones((1, 1), "u1"), True, 2) == (1 + 0j, 4.0)
    scope["add_to_row"](x, 1)
    functions.add_to_row(x, 1)
    assert (x[1] > 2).all()
    assert scope["sum_within"](x[0], (0, 4), scope["Span"](0, 1)) == functions.sum_within(
        x[0], (0, 4), functions.Span(0, 1)
    )
    part, span, _ = scope["change"](scope["Model"](y, scope["Span"](0, 2), (0, 1)))
    assert np.shares_memory(part, y) and span == (0.0, 2.0)
    with pytest.raises(ValueError, match="read-only"):
        scope["add_to_row"]([[1.0]], 0)


@requires_compiler
def test_built_ahead_of_time_they_need_no_numba(tmp_path: Path) -> None:
    source = Path(functions.__file__).read_text(encoding="utf-8")
    # a few suffice, and a build takes its time
    module = tmp_path / "built_functions.py"
    module.write_text(source[: source.index('@ao.function("(complex64')], encoding="utf-8")
    command = [sys.executable, "-m", "aotops", "build", str(module)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ONE_JOB)
    assert done.returncode == 0, done.stderr
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np, built_functions as f\n"
        "x = np.arange(6.0).reshape(2, 3)\n"
        "print(f.first_above(x[1]), f.add_to_row(x.T, 1), f.mean([1, 2], weights=[1, 3]), f.doubled(x[1]))\n"
        "try: f.add_to_row(x, 2)\n"
        "except IndexError as error: print(error)\n"
    )
    results = set()
    for level in ("", *(["x86-64-v2"] if ao.cpu_level() != "generic" else [])):
        names = {**os.environ, **({"AOTOPS_CPU": level} if level else {})}
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=names, capture_output=True, text=True)
        assert done.returncode == 0 and "compiled now" not in done.stderr, done.stderr
        results.add(done.stdout)
    (result,) = results
    assert result.startswith("(0, 3.0) None 1.75 [ 6. 10. 10.]\nadd_to_row: index is out of bounds (built_functions")
    listed = subprocess.run([sys.executable, "-m", "aotops", "kernels", str(module)], capture_output=True, text=True)
    assert "add_to_row (float32[:, :], int64), strided" in listed.stdout, listed.stderr


def test_named_tuples_are_returned() -> None:
    x = rng.random(6)
    found = functions.summary(x)
    expected = functions.summary.py_func(x)
    assert type(found) is functions.Summary and type(found.span) is functions.Span
    assert found.span == expected.span and abs(found.mean - expected.mean) < 1e-15
    assert isinstance(found.rest, np.ndarray) and np.shares_memory(found.rest, x)
    of_tensor = functions.summary(ao.asarray(x))
    assert type(of_tensor) is functions.Summary and isinstance(of_tensor.rest, ao.Tensor)
    assert functions.summary(list(x)).span == expected.span  # by Python, not by the fast path
    assert type(functions.summary(x.astype("float32"))) is functions.Summary


def test_a_class_of_named_tuples_must_be_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    functions.summary(np.ones(3))
    for other in (None, int, functions.Span):
        monkeypatch.setattr(functions, "Summary", other)
        with pytest.raises(ImportError, match="Summary must be a class of named tuples with 3 members"):
            functions.summary(np.ones(3))
