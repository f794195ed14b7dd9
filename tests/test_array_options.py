"""Array kernels: keepdims, out, computed sizes, what functions of Numba are taken, and inputs that stay as they are."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="results are compared with NumPy's")
pytestmark = requires_numba
rng = np.random.default_rng(16)


@ao.kernel("(n),(n)->()", dtypes="float64")
def dot(x, y, out):
    """The sum of products."""
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * y[i]
    out[0] = total


@ao.kernel("(n),(k)->(m)", dtypes="float64", sizes={"m": lambda n, k: len(range(0, n, k))})
def every(x, step, out):
    for i in range(out.shape[0]):
        out[i] = x[i * step.shape[0]]


@ao.kernel("(n)->(n),()", dtypes="float64")
def running(x, out, total):
    total[0] = 0.0
    for i in range(x.shape[0]):
        if x[i] < 0:
            raise ValueError("negative")
        total[0] += x[i]
        out[i] = total[0]


def test_keepdims_leaves_axes_of_length_one() -> None:
    x, y = rng.random((3, 4, 5)), rng.random((4, 5))
    for axis in (-1, -2, 1):
        moved = np.moveaxis(np.broadcast_to(y, x.shape), -1, -1)
        expected = (x * moved).sum(axis, keepdims=True)
        found = dot(x, np.ascontiguousarray(moved), axis=axis, keepdims=True)
        assert found.shape == expected.shape and np.allclose(found, expected, rtol=1e-14)
    assert dot(x, y, keepdims=False).shape == (3, 4)
    assert dot(x[0, 0], y[0], keepdims=True).shape == (1,)
    assert dot(np.ones((0, 4, 5)), y, keepdims=True).shape == (0, 4, 1)
    assert (dot(np.ones((2, 0)), np.ones(0)) == 0).all()
    out = np.empty((3, 4, 1))
    assert dot(x, y, keepdims=True, out=out) is out and np.allclose(out[..., 0], (x * y).sum(-1), rtol=1e-14)
    with pytest.raises(TypeError, match="running: keepdims must be left out for the layout"):
        running(x, keepdims=True)
    with pytest.raises(TypeError, match="dot: keepdims must be a bool, got int 1"):
        dot(x, y, keepdims=1)


def test_out_is_written_directly_where_it_can_be() -> None:
    x = rng.random((3, 6))
    outs = np.zeros((3, 12))[:, ::2], np.zeros(3)
    assert running(x, out=outs) is outs
    assert np.array_equal(outs[0], x.cumsum(1)) and np.array_equal(outs[1], outs[0][:, -1])
    x[1, 3] = -1
    outs[0][:] = 7
    with pytest.raises(ValueError, match="negative"):
        running(x, out=outs)
    assert np.array_equal(outs[0][1, :3], x[1, :3].cumsum()) and (outs[0][1, 3:] == 7).all()  # half written
    # with another dtype, or shared with an input, it is copied to
    single, x = np.zeros((3, 6), "f4"), np.abs(x)
    running(x, out=(single, outs[1]))
    assert np.array_equal(single, x.cumsum(1).astype("f4"))
    expected = x.cumsum(1)
    running(x, out=(x, outs[1]))
    assert np.array_equal(x, expected)
    columns = np.asfortranarray(rng.random((5, 3)))
    tensors = ao.zeros((5, 3)), ao.zeros(3)
    running(columns, axis=0, out=tensors)
    assert np.array_equal(tensors[0], columns.cumsum(0)) and np.array_equal(tensors[1], columns.sum(0))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ((np.zeros(3),), TypeError, "out must be a tuple of 2 Tensors"),
        ((np.zeros(4), np.zeros(())), ValueError, r"out must have the shape of the result \(3,\), got \(4,\)"),
        ((np.zeros(3), np.zeros(1)), ValueError, r"out must have the shape of the result \(\), got \(1,\)"),
        ((np.zeros(3), np.zeros((), "i8")), TypeError, "out must be able to hold a result of dtype float64"),
        ((np.broadcast_to(0.0, 3), np.zeros(())), ValueError, "out must be writable"),
        ((np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,)), np.zeros(())), ValueError, "memory of its own"),
        (([0.0] * 3, np.zeros(())), TypeError, r"out\[0\] must be a tensor or an array, got list"),
        ((np.zeros(3, ">f8"), np.zeros(())), TypeError, r"out\[0\] must"),
        ((np.zeros(3), 1.0), TypeError, r"out\[1\] must be a tensor or an array, got float"),
        ((np.zeros(3), "x"), TypeError, r"out\[1\] must"),
    ],
)
def test_outs_that_cannot_take_the_result_are_rejected(out, error, message: str) -> None:
    x = np.ones(3)
    with pytest.raises(error, match=message):
        running(x, out=out)
    assert not any(np.any(each) for each in out if isinstance(each, np.ndarray))  # nothing was written


def test_some_outs_are_made_and_some_are_given() -> None:
    x = np.abs(rng.random((2, 4)))
    expected = running(x)
    given = np.zeros((2, 4))
    result = running(x, out=(given, None))
    assert result[0] is given and type(result[1]) is np.ndarray
    assert all(map(np.array_equal, result, expected))
    total = ao.zeros(2, dtype="float32")  # which is copied to
    result = running(ao.tensor(x), out=(None, total))
    assert result[1] is total and isinstance(result[0], ao.Tensor)
    assert np.array_equal(result[0], expected[0]) and np.array_equal(total, expected[1].astype("f4"))
    assert all(map(np.array_equal, running(x, out=(None, None)), expected))
    with pytest.raises(TypeError, match="out must be a tuple of 2 Tensors"):
        running(x, out=(None,))


def test_sizes_are_computed_by_functions() -> None:
    x = rng.random((2, 10))
    for k in range(1, 12):
        assert np.array_equal(every(x, np.ones(k)), x[:, ::k])
    with pytest.raises(ValueError, match="range"):
        every(x, np.ones(0))

    def declared(layout: str, sizes) -> ao.ArrayKernel:
        return ao.kernel(layout, sizes=sizes, dtypes="float64")(lambda x, out: None)

    for sizes, error, message in [
        ({"m": lambda n: -1}, ValueError, "the size m of the output must not be negative, got -1 for n = 3"),
        ({"m": lambda n: 2**63}, ValueError, r"the size m of the output must be below 2\*\*63"),
        ({"m": lambda n: 1.5}, TypeError, r"what sizes\['m'\] returns must be an int, got float 1.5"),
    ]:
        with pytest.raises(error, match=message):
            declared("(n)->(m)", sizes)(np.ones(3))
    for layout, sizes, error, message in [
        ("(n)->(m)", None, ao.RecordError, "compute the sizes of outputs"),
        ("(n)->(m)", {"m": lambda k: k}, ao.RecordError, "sizes must compute dimensions .*, got m, from k"),
        ("(n)->(n)", {"n": lambda n: n}, ao.RecordError, "sizes must compute dimensions"),
        ("(n)->(n)", {"m": lambda n: n}, ao.RecordError, "sizes must compute dimensions"),
        ("(n)->(m)", {"m": lambda *n: 1}, TypeError, "a dict of Python functions"),
        ("(n)->(m)", {"m": 3}, TypeError, "a dict of Python functions"),
        ("(n)->(m)", {3: len}, TypeError, "a dict of functions by the names of dimensions"),
        ("(n)->(m)", [lambda n: n], TypeError, "a dict of functions by the names of dimensions"),
    ]:
        with pytest.raises(error, match=message):
            declared(layout, sizes)


def test_kernels_are_known_by_their_names() -> None:
    assert pickle.loads(pickle.dumps(dot)) is dot and copy.deepcopy(dot) is copy.copy(dot) is dot
    assert dot.__doc__ == "The sum of products." and dot.__name__ == "dot" and dot.__module__ == __name__
    assert str(inspect.signature(dot)) == "(x, y, *, out=None, axes=None, axis=None, keepdims=False)"
    assert str(inspect.signature(ao.ArrayKernel)).startswith("(record")
    with pytest.raises(TypeError, match="it takes x, y, out, axes, axis, keepdims"):
        dot([1.0], z=[1.0])


def test_functions_of_numba_go_where_they_belong() -> None:
    import numba

    element, scalar = numba.vectorize(["float64(float64)"])(lambda x: x + 1), numba.njit(lambda x: x)
    with pytest.raises(TypeError, match=r"pass functions of vectorize to aotops\.map or aotops\.zip"):
        ao.kernel(element)
    with pytest.raises(TypeError, match=r"pass functions of njit to aotops\.function"):
        ao.kernel(scalar)
    with pytest.raises(TypeError, match=r"pass functions of vectorize to aotops\.map or aotops\.zip"):
        ao.function(element)
    whole = numba.guvectorize(["void(float64[:], float64[:])"], "(n)->(n)")(lambda x, out: None)
    with pytest.raises(TypeError, match=r"pass functions of guvectorize to aotops\.kernel"):
        ao.function(whole)


@pytest.mark.parametrize(
    "body",
    ["x.flat[0] = 2.0", "np.nan_to_num(x, copy=False)", "np.ascontiguousarray(x)[0] = 2.0", "x += 1.0", "x.sort()"],
)
def test_nothing_writes_to_an_input(body: str) -> None:
    scope: dict[str, object] = {"__name__": "writes", "np": np}
    exec(f"def f(x, out):\n    {body}\n    out[0] = x[0]\n", scope)
    with pytest.raises(ao.BuildError, match=r"to an input|an input in place"):
        ao.kernel("(n)->()", dtypes="float64")(scope["f"])(np.ones(3))


def test_functions_find_what_they_write_to() -> None:
    @ao.function("(float64[:], float64[:], float64[:], float64[:])")
    def write(a, b, c, read):
        a.flat[0] = np.sum(read)
        for each in np.nditer(b):
            each[()] = 2.0
        np.ascontiguousarray(c)[0] = read.flat[1] + np.ascontiguousarray(read)[0]

    a, b, c, read = (np.ones(2) for _ in range(4))
    read.flags.writeable = False
    write(a, b, c, read)
    assert a.tolist() == [2, 1] and b.tolist() == [2, 2] and c.tolist() == [2, 1]
    for k in range(3):
        with pytest.raises(ValueError, match=f"write: {'abc'[k]} must be writable"):
            write(*[read if k == j else each for j, each in enumerate((a, b, c, read))])


def test_sizes_that_divide_by_zero_say_so() -> None:
    from aotops.user.array_record import Layout

    layout = Layout("f", "(n),(k)->(n//k)", {})
    with pytest.raises(ValueError, match="f: the size n//k of the output must not divide by zero, got n = 3, k = 0"):
        layout.size_of("f", "n//k", {"n": 3, "k": 0})


def test_an_interrupt_in_a_function_of_sizes_is_not_lost() -> None:
    calls: list[int] = []

    def half(n: int) -> int:
        calls.append(n)
        if n == 7 and calls.count(7) == 1:
            raise KeyboardInterrupt
        return n // 2

    @ao.kernel("(n)->(m)", dtypes="float64", sizes={"m": half})
    def firsts(x, out):
        for i in range(out.shape[0]):
            out[i] = x[i]

    assert firsts(ao.arange(4.0)).tolist() == firsts(ao.arange(4.0)).tolist() == [0, 1]  # the second call is C's alone
    with pytest.raises(KeyboardInterrupt):
        firsts(ao.arange(7.0))
    assert calls.count(7) == 1
    assert firsts(ao.arange(7.0)).tolist() == [0, 1, 2]


def test_a_function_of_sizes_that_raises_is_called_once() -> None:
    calls: list[int] = []

    def half(n: int) -> int:
        calls.append(n)
        if n > 4:
            raise LookupError("too many")
        return n // 2

    @ao.kernel("(n)->(m)", dtypes="float64", sizes={"m": half})
    def first_half(x, out):
        for i in range(out.shape[0]):
            out[i] = x[i]

    assert first_half(ao.arange(4.0)).tolist() == first_half(ao.arange(4.0)).tolist() == [0, 1]
    with pytest.raises(LookupError, match="too many"):
        first_half(ao.arange(7.0))
    assert calls.count(7) == 1
