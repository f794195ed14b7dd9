"""Elementary functions of whole arrays in array kernels, and ranges: NumPy's and Python's results."""

from __future__ import annotations

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="results are compared with NumPy's")
pytestmark = requires_numba
rng = np.random.default_rng(15)
UNARY = ("exp", "log1p", "sqrt")


@pytest.fixture(scope="module")
def functions():
    text = "\n".join(f"    total += np.sum(np.{name}(x)) + np.{name}(y)[0, 0]" for name in UNARY)
    scope = {"np": np, "ao": ao, "__name__": "elementary"}
    exec(f"def elementary(x, y):\n    total = 0.0\n{text}\n    return total\n", scope)
    return scope


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_of_arrays_are_those_of_their_elements(functions, dtype: str) -> None:
    kernel = ao.function(f"({dtype}[:], {dtype}[:, :])")(functions["elementary"])
    x, y = rng.random(50).astype(dtype), rng.random((4, 6)).astype(dtype)
    expected = functions["elementary"](x, y)
    for own, other in ((x, y), (np.repeat(x, 2)[::2], np.asfortranarray(y)), (x, y[::-1, ::-1][::-1, ::-1])):
        assert abs(kernel(own, other) - expected) < (1e-12 if dtype == "float64" else 1e-3)


def test_shapes_and_dtypes_are_numpys() -> None:
    def several(x, y, z, k):
        return (
            np.arctan2(x, y),
            np.hypot(x, 2),
            np.hypot(1.5, z),
            np.sqrt(k),
            np.hypot(z, y[:, :1]),
        )

    signature = "(float32[:, :], float32[:, :], float64[:], int64[:])"
    x, y = rng.random((3, 4)).astype("float32"), rng.random((3, 4)).astype("float32")
    z, k = rng.random(4), np.arange(4)
    own = ao.function(signature)(several)
    for a, b in ((x, y), (x.T.copy().T, y), (np.repeat(x, 2, 1)[:, ::2], y[::-1])):
        for found, expected in zip(own(a, b, z, k), several(a, b, z, k), strict=True):
            assert found.shape == expected.shape
            assert np.allclose(found, expected, rtol=1e-6)
    results = own(x, y, z, k)
    assert [str(each.dtype) for each in results] == ["float32", "float32", "float64", "float64", "float64"]
    with pytest.raises(ValueError, match="broadcast"):
        own(x, rng.random((2, 4)).astype("float32"), z, k)
    assert own(x[:0], y[:0], z, k)[0].shape == (0, 4)


def test_ranges_too_long_raise_and_others_are_pythons() -> None:
    def count(start, stop, step):
        steps = 0
        for _ in range(start, stop, step):
            steps += 1
            if steps == 5:
                break
        return steps

    def between(start, stop):
        last = start
        for i in range(start, stop):
            last = i
            if i > start + 3:
                break
        return last

    own = ao.function("(int64, int64, int64)")(count)
    short = ao.function("(int64, int64)")(between)
    narrow = ao.function("(int32, int32)")(between)
    ends = [-(2**63), -(2**63) + 1, -(2**62), -2, -1, 0, 1, 2, 2**62, 2**63 - 2, 2**63 - 1]
    for start in ends:
        for stop in ends:
            if stop - start >= 2**63:
                with pytest.raises(OverflowError, match=r"fewer than 2\*\*63 elements"):
                    short(start, stop)
            elif start < 2**62:  # start + 3 is an int64
                assert short(start, stop) == between(start, stop)
            for step in (1, -1, 3, -3, 2**61, -(2**61)):
                if abs(stop - start) >= 2**63 and (stop > start) == (step > 0):
                    with pytest.raises(OverflowError, match=r"test_array_elementwise.py, line \d+"):
                        own(start, stop, step)
                else:
                    assert own(start, stop, step) == count(start, stop, step)
    assert narrow(-(2**31), 2**31 - 1) == -(2**31) + 4
    with pytest.raises(ValueError, match="must not be zero"):
        own(0, 1, 0)
