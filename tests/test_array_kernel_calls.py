"""Calls of array kernels: the fast path in C gives what Python's path gives, and leaves to it what it cannot do."""

from __future__ import annotations

import itertools
import pickle

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="arguments are NumPy's arrays")
pytestmark = requires_numba
kernels = pytest.importorskip("array_kernels_for_tests")
rng = np.random.default_rng(15)


class Subclass(np.ndarray):
    pass


def arguments() -> list[object]:
    """What may be given for a vector."""
    x = rng.random(12)
    records = np.zeros(12, [("pad", "u1"), ("x", "f8")])
    records["x"] = x
    return [
        x,
        x.astype("f4"),
        x.astype(">f8"),
        x[::-1],
        x[::3],
        x[:0],
        x.reshape(3, 4),
        x.reshape(4, 3).T,
        x.reshape(1, 3, 4),
        records["x"],
        pickle.loads(pickle.dumps(x)),
        x.view(Subclass),
        np.broadcast_to(x[:1], (3, 12)),
        np.arange(12),
        rng.random(20_000),
        ao.tensor(x.tolist()),
        ao.tensor(x.reshape(3, 4).tolist()).T,
        ao.tensor(x.tolist(), dtype="float32"),
        x.tolist(),
        np.float64(1.0),
        1.0,
        "text",
        None,
        np.array(["a"]),
        np.array(["2020-01-01"], "M8[D]"),
    ]


def numbers() -> list[object]:
    """What may be given for an integer."""
    given = [1, 2, 0, 2.0, True, 2**70, -1, np.int64(2), np.int32(2), np.float64(2.0), np.array(2), np.array([2])]
    return [
        *given,
        np.array([[1], [2], [3]]),
        ao.tensor(2),
        ao.tensor([1, 2, 3]),
        None,
        np.datetime64("2020"),
        np.bool_(1),
    ]


def outcome(*args: object, **named: object) -> tuple[object, ...]:
    """What a call gives, or raises."""
    try:
        result = kernels.moving_mean(*args, **named)
    except Exception as error:
        return type(error), str(error)
    return type(result), str(result.dtype), result.shape, np.asarray(result).tobytes()


def test_the_fast_path_gives_what_python_gives() -> None:
    """With the last argument given by name, the call takes Python's path."""
    failed = succeeded = 0
    for x, length in itertools.product(arguments(), numbers()):
        expected = outcome(x, length=length)
        assert outcome(x, length) == expected, (x, length)
        failed += len(expected) == 2
        succeeded += len(expected) == 4
    assert failed > 50 and succeeded > 100


def test_sizes_that_are_computed_follow_the_inputs() -> None:
    """The fast path remembers the last ones."""
    for n, k in ((5, 2), (5, 3), (6, 3), (5, 2), (2, 2), (2, 3), (5, 2)):
        x, weights = np.ones(n), np.ones(k)
        if n < k:
            with pytest.raises(ValueError, match=r"size n-k\+1 of the output must not be negative, got -3"):
                kernels.correlate(np.ones(1), np.ones(5))
            continue
        out, total = kernels.correlate(x, weights)
        assert out.tolist() == [k] * (n - k + 1) and total == k * (n - k + 1)


def test_options_hold_for_the_first_call_too() -> None:
    """It finds the code, and then takes the fast path only where there are none."""
    x = rng.random((3, 4))
    for options in ({"keepdims": True}, {"axis": 0}, {"keepdims": True, "axis": 0}, {"out": np.empty(3)}):
        first = ao.kernel("(n)->()", dtypes="float64")(kernels.largest.py_func)
        expected = x.max(axis=options.get("axis", 1), keepdims=options.get("keepdims", False))
        for _ in range(2):
            assert np.array_equal(first(x, **options), expected)


def test_code_is_bound_once() -> None:
    kernels.cross(np.ones(3), np.ones(3))
    bind = ao._native.bind_array_kernel
    with pytest.raises(TypeError, match="kernel must be an ArrayKernel"):
        bind(object(), None, "cross", (), None, ())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="PyCapsule"):
        bind(kernels.cross, None, "cross", (), None, ())
    with pytest.raises(ImportError, match="there is no array kernel other"):
        bind(kernels.cross, kernels.cross._library, "cross", ("other",), None, ())
    bind(kernels.cross, kernels.cross._library, "other", (), None, ())  # it has its code already
    assert kernels.cross(np.ones(3), np.ones(3)).tolist() == [0, 0, 0]
    with pytest.raises(TypeError, match="ArrayKernel with code"):
        ao._native.run_array_kernel(ao.kernel("(n)->(n)")(lambda x, out: None), 0, (), ())
