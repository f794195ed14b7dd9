"""What may stand inside array kernels: functions as packages write them, against plain Python and against Numba."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path

import pytest
from needs import requires_numba

import aotops as ao

np = pytest.importorskip("numpy", reason="the functions call NumPy's")
numba = pytest.importorskip("numba", reason="the functions are decorated by it")
pytestmark = requires_numba
inside = pytest.importorskip("kernels_inside")

#: Those that every run compiles, each of a few seconds; the others are for ``make slow``.
ALWAYS = ("exponential_mean", "csr_product", "queens", "fnv_hash", "income_tax", "in_polygon")
PRODUCTS = ("cosine_distances", "kalman", "cholesky", "polygon_area")  # for which Numba needs SciPy
names = [pytest.param(each, marks=() if each in ALWAYS else pytest.mark.slow) for each in inside.CASES]


@pytest.fixture(scope="module")
def in_python():
    """The functions without Numba's decorators, and those that they call."""
    decorated, modules = numba.njit, {}
    numba.njit = lambda *functions, **options: functions[0] if functions else lambda function: function
    try:
        for name in ("kernels_inside_helpers", "kernels_inside"):
            file = Path(inside.__file__).with_name(f"{name}.py")
            spec = importlib.util.spec_from_file_location(name, file)
            module = importlib.util.module_from_spec(spec)
            modules[name], sys.modules[name] = sys.modules.get(name), module
            spec.loader.exec_module(module)
    finally:
        numba.njit = decorated
        for name, module in modules.items():
            sys.modules.pop(name) if module is None else sys.modules.update({name: module})
    return module.CASES


def outputs_of(function, inputs, results, shapes):
    """What a function writes that gets NumPy's arrays."""
    arrays = [each if each.ndim else each[()] for each in inputs]
    outputs = [np.empty(shape or 1, dtype) for shape, dtype in zip(shapes, results, strict=True)]
    with np.errstate(all="ignore"):
        function(*arrays, *outputs)
    return [out if shape else out[0] for out, shape in zip(outputs, shapes, strict=True)]


@pytest.mark.parametrize("name", names)
def test_functions_compile_as_they_are(name: str, in_python) -> None:
    function, layout, inputs, results = inside.CASES[name]
    kernel = ao.kernel(layout, dtypes=[(*(each.dtype.name for each in inputs), *results)])(function)
    given = [each if each.ndim else each[()] for each in inputs]
    got = kernel(*given)
    got = got if isinstance(got, tuple) else (got,)
    shapes = [each.shape for each in got]
    oracles = {"plain Python": in_python[name][0]}
    if name not in ALWAYS and name not in PRODUCTS:
        oracles["Numba"] = numba.njit(error_model="numpy")(function)
    for oracle in oracles.values():
        for own, expected in zip(got, outputs_of(oracle, inputs, results, shapes), strict=True):
            single = expected.dtype in (np.float32, np.complex64)
            np.testing.assert_allclose(np.asarray(own), expected, rtol=1e-5 if single else 1e-11, atol=1e-13)
    # any strides give the same bits, on which the layouts of arrays inside depend
    strided = kernel(*(np.repeat(each, 2, -1)[..., ::2] if each.ndim else each for each in given))
    for own, other in zip(got, strided if isinstance(strided, tuple) else (strided,), strict=True):
        assert np.array_equal(own, other, equal_nan=np.asarray(own).dtype.kind in "fc")


def test_there_are_enough_functions() -> None:
    assert len(inside.CASES) >= 70


def test_the_documented_random_numbers_are_these() -> None:
    """``monte_carlo_pi`` calls them, and ``test_functions_compile_as_they_are`` runs it."""
    page = Path(ao.__file__).parents[2] / "docs" / "array-kernels.md"
    if not page.is_file():
        pytest.skip("the documentation is not beside an installed package")
    scope: dict[str, object] = {"np": np}
    exec(page.read_text(encoding="utf-8").partition("```python")[2].partition("```")[0], scope)
    with np.errstate(over="ignore"):
        # of the published SplitMix64, whose state is the key plus the counter times the constant
        assert scope["random_bits"](0, 1) == 0xE220A8397B1DCDAF  # type: ignore[operator]
        assert scope["random_bits"](42, 7) == inside.splitmix.py_func(42, 7)  # type: ignore[operator]
        assert 0 <= scope["uniform"](1, 2) < 1  # type: ignore[operator]


def is_even(n):
    if n == 0:
        return True
    return is_odd(n - 1)


def is_odd(n):
    if n == 0:
        return False
    return is_even(n - 1)


def test_functions_that_call_themselves_have_a_limit() -> None:
    @ao.kernel("()->()", dtypes="int64")
    def even(n, out):
        out[0] = is_even(n)

    assert [int(even(n)) for n in (0, 7, 1000)] == [1, 0, 1]
    for _ in range(2):
        with pytest.raises(
            RecursionError, match=r"even: it calls itself too many times.*\(.*test_array_kernels_inside"
        ):
            even(10**9)
    before = ao.get_num_threads()
    try:
        ao.set_num_threads(2)
        with pytest.raises(RecursionError):
            even(np.full(100_000, 10**6))
    finally:
        ao.set_num_threads(before)

    caught = []

    def call() -> None:
        with pytest.raises(RecursionError):
            even(10**9)
        caught.append(int(even(20)))

    usual = threading.stack_size(1 << 18)
    try:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(usual)
    assert caught == [1]


def test_integers_of_64_bits_without_a_sign_stay_what_they_are() -> None:
    @ao.kernel("(n),()->(n,8)", dtypes=[("uint64", "int64", "uint64")])
    def operations(x, count, out):
        for i in range(x.shape[0]):
            v = x[i]
            out[i, 0] = v >> np.uint64(1)
            out[i, 1] = v << count
            out[i, 2] = v // np.uint64(3)
            out[i, 3] = v % np.uint64(1000)
            out[i, 4] = max(v, np.uint64(5))
            out[i, 5] = ~v
            out[i, 6] = v >> count
            out[i, 7] = np.uint64(math_root(v))

    x = [0, 1, 2**31, 2**63, 2**64 - 1]
    for count in (0, 3, 63, 64, 200, -1):
        got = operations(np.array(x, np.uint64), count).tolist()
        shifts = 0 <= count < 64
        for v, row in zip(x, got, strict=True):
            left = (v << count) % 2**64 if shifts else 0
            expected = [v >> 1, left, v // 3, v % 1000, max(v, 5), 2**64 - 1 - v, v >> count if shifts else 0]
            assert row == [*expected, int(np.sqrt(np.float64(v)))]


def math_root(v):
    return np.sqrt(v)


@pytest.mark.parametrize(
    "dtype", ["float64", *(pytest.param(each, marks=pytest.mark.slow) for each in ("float32", "int32", "complex128"))]
)
def test_products_of_vectors_and_matrices(dtype: str) -> None:
    @ao.kernel("(n,k),(k,m),(k)->(n,m),(n),(m),()", dtypes=dtype)
    def products(a, b, v, whole, left, right, both):
        whole[:] = a @ b
        left[:] = np.dot(a, v)
        right[:] = v @ b
        both[0] = v.dot(v) + np.vdot(v, v)

    rng = np.random.default_rng(4)
    imaginary = 1j if dtype == "complex128" else 0
    for n, k, m in [(0, 2, 3), (2, 0, 3), (1, 1, 1), (3, 5, 2), (9, 17, 12), (20, 3, 1)]:
        a, b, v = (rng.normal(size=size) * 10 for size in ((n, k), (k, m), (k,)))
        with np.errstate(all="ignore"):
            a, b, v = (np.asarray(each + imaginary * each[::-1], dtype) for each in (a, b, v))
        expected = [a @ b, a @ v, v @ b, v @ v + np.vdot(v, v)]
        results = [products(a, b, v), products(np.asfortranarray(a), b[:, ::-1].copy()[:, ::-1], np.repeat(v, 2)[::2])]
        for result in results:
            for own, other in zip(result, expected, strict=True):
                np.testing.assert_allclose(own, other, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-3)
        for own, other in zip(*results, strict=True):
            assert np.array_equal(own, other)


def test_products_of_other_sizes_raise_and_other_products() -> None:
    @ao.kernel("(n),(m)->(),(m)", dtypes="float64")
    def others(a, b, out, norm):
        out[0] = np.inner(a, b) * np.linalg.norm(np.outer(a, b))
        np.dot(np.eye(b.shape[0]), b, out=norm)

    a, b = np.array([3.0, 4.0]), np.array([1.0, 2.0])
    out, same = others(a, b)
    assert np.isclose(out, 11 * 5 * np.sqrt(5)) and np.array_equal(same, b)
    with pytest.raises(ValueError, match="the sizes of the operands of a product must be equal"):
        others(np.ones(3), np.ones(4))


def test_reshaped_arrays_are_views_where_they_can_be() -> None:
    @ao.kernel("(n,m),(),()->(n*m),(n*m)", dtypes=[("float64", "int64", "int64", "float64", "float64")])
    def reshaped(x, first, second, out, written):
        out[:] = x.reshape(first, second).reshape(-1) + np.ravel(x.T.reshape((second, -1))) * 0
        temporary = np.zeros((x.shape[1], x.shape[0]))
        temporary.reshape(-1)[:] = np.reshape(x.T, -1)
        written[:] = temporary.flatten()

    x = np.arange(24.0).reshape(4, 6)
    for given in (x, np.asfortranarray(x), x[:, ::-1].copy()[:, ::-1]):
        for shape in ((24, 1), (2, 12), (-1, 8), (3, -1)):
            out, written = reshaped(given, *shape) if shape[1] > 0 else reshaped(given, shape[0], 8)
            assert np.array_equal(out, x.ravel()) and np.array_equal(written, x.T.ravel())
    for shape in ((5, 5), (2**62, 8), (2**33, 2**33), (0, 24)):
        with pytest.raises((NotImplementedError, ValueError)):
            reshaped(x, *shape)
    with pytest.raises((NotImplementedError, ValueError)):
        reshaped(x[:0], 2**32, 2**32)


@numba.njit("int32(int64[:])")
def low_bits(state):
    state[0] = (state[0] * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return state[0] >> 16


@numba.njit("float32(float32)")
def rounded(x):
    return x * x


def test_functions_bound_to_signatures_convert_to_their_types() -> None:
    """As Numba does: the low 32 bits of an integer, on which generators of random numbers depend."""

    @ao.function("(int64[:], float64[:])")
    def draws(state, x):
        out = np.empty((2, x.shape[0]))
        for i in range(x.shape[0]):
            out[0, i] = low_bits(state) % 1000
            out[1, i] = rounded(x[i])
        return out

    states = np.array([17]), np.array([17])
    x = np.array([0.1, 1 / 3, 1e30])
    drawn = [low_bits(states[1]) % 1000 for _ in x]
    got = draws(states[0], x)
    assert got.tolist() == [drawn, [rounded(each) for each in x]]
    assert states[0] == states[1]
