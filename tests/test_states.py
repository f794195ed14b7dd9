"""Reductions and scans whose state is several numbers: declared, compiled, as plain Python, and in the reference."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layouts import FLOATS
from needs import ONE_JOB, requires_numba

import aotops as ao
from aotops import _native, ops, reference
from aotops.errors import RecordError
from aotops.scalar.mathematics import in_plain_python

SOURCE = '''
import math

import aotops as ao


@ao.reduce(
    map=lambda x: (1, x, 0.0),
    identity=(0, 0.0, 0.0),
    finish=lambda n, mean, squares: squares / n,
    dtypes="float64",
)
def variance(a, b):
    """Welford's and Chan's."""
    (n, mean, squares), (m, other, more) = a, b
    total = n + m
    if total == 0:
        return a
    distance = other - mean
    return total, mean + distance * (m / total), squares + more + distance * distance * (n * (m / total))


@ao.reduce(map=lambda x, i: (x, i), identity=(-math.inf, -1.0), finish=lambda x, i: i, result="int64", dtypes="float64")
def place_of_largest(a, b):
    return b if b[0] > a[0] or (b[0] == a[0] and b[1] < a[1]) else a


mean = lambda n, total: total / n if n > 0 else -1.0


@ao.scan(map=lambda x: (1, x), identity=(0, 0.0), finish=mean, dtypes="float64")
def running_mean(a, b):
    return a[0] + b[0], a[1] + b[1]
'''


#: What is built takes less: one dtype, and no choice of the largest.
BUILT = """
import aotops as ao

mean = ao.reduce(
    lambda a, b: (a[0] + b[0], a[1] + b[1]),
    map=lambda x: (1, x),
    identity=(0, 0.0),
    finish=lambda n, total: total / n,
    dtypes="float64",
)
running_mean = ao.scan(
    lambda a, b: (a[0] + b[0], a[1] + b[1]),
    map=lambda x: (1, x),
    identity=(0, 0.0),
    finish=lambda n, total: total / n,
    dtypes="float64",
)
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("states")
    (folder / "statistics_of_states.py").write_text(SOURCE)
    sys.path.insert(0, str(folder))
    try:
        import statistics_of_states
    finally:
        sys.path.remove(str(folder))
    return statistics_of_states


#: A vector of elements, and the axis along which they lie.
LAYOUTS: dict[str, Any] = {
    "contiguous": lambda line: (line, 0),
    "backwards": lambda line: (line[::-1].copy()[::-1], 0),
    "gaps": lambda line: (np.repeat(line, 3)[::3], 0),
    "rows": lambda line: (np.stack([line, line + 1, -line]), 1),
    "columns": lambda line: (np.stack([line, line + 1, -line] * 9, 1), 0),
    "transposed": lambda line: (np.stack([line, line * 2, -line]).T, 0),
    "middle": lambda line: (np.stack([np.stack([line, -line, line] * 4, 1)] * 2), 1),
}


@requires_numba
@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_in_every_layout(declared: Any, layout: str) -> None:
    generator = np.random.default_rng(2)
    for n in (1, 6, 65, 1030, 9000):
        array, axis = LAYOUTS[layout](generator.normal(3, 2, n))
        x = ao.asarray(array)
        np.testing.assert_allclose(np.asarray(declared.variance(x, axis)), array.var(axis), rtol=1e-12)
        counts = np.arange(1, array.shape[axis] + 1).reshape([-1 if k == axis else 1 for k in range(array.ndim)])
        running = np.asarray(declared.running_mean(x, axis))
        np.testing.assert_allclose(running, np.cumsum(array, axis) / counts, rtol=1e-12)


@requires_numba
@pytest.mark.parametrize("dtype", ["bool", "int8", "int64"])
def test_rows_that_are_cast(declared: Any, dtype: str) -> None:
    for shape in ((130, 65), (64, 130), (1000, 65), (65, 1000)):  # a few rows are cast at a time
        array = np.random.default_rng(5).integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)
        for axis in (0, 1):
            found = np.asarray(declared.variance(ao.asarray(array), axis))
            np.testing.assert_allclose(found, array.var(axis), rtol=1e-12)


@requires_numba
def test_axes_out_dtypes_and_empty_ones(declared: Any) -> None:
    array = np.random.default_rng(3).normal(size=(5, 70, 9))
    x = ao.asarray(array)
    for axis in (None, 0, 1, 2, (0, 1), (0, 2), (1, 2), ()):
        for keepdims in (False, True):
            wanted = array.var(axis, keepdims=keepdims)
            got = declared.variance(x, axis, keepdims=keepdims)
            np.testing.assert_allclose(np.asarray(got), wanted, atol=1e-15)
            out = ao.empty(got.shape)
            assert declared.variance(x, axis, keepdims=keepdims, out=out) is out
            assert np.array_equal(np.asarray(out), np.asarray(got))
    assert declared.variance(ao.tensor([1, 2, 3, 6])).item() == 3.5  # int64 computes as float64
    positions = ao.arange(9, dtype="float64")
    assert np.array_equal(np.asarray(declared.place_of_largest(x, positions, 2)), array.argmax(2))
    assert declared.place_of_largest(x, positions, 2).dtype == ao.int64
    assert declared.place_of_largest(ao.zeros((0,)), 0.0).item() == -1
    assert np.isnan(np.asarray(declared.variance(ao.zeros((0, 3)), 0))).all()
    assert declared.variance(ao.zeros((3, 0)), 0).shape == (0,)
    assert declared.running_mean(ao.tensor([1.0, 2.0, 6.0]), include_initial=True).tolist() == [-1.0, 1.0, 1.5, 3.0]


@requires_numba
def test_bits_do_not_depend_on_threads(declared: Any) -> None:
    array = np.random.default_rng(4).normal(size=300_000)
    before = ao.get_num_threads()
    try:
        for shape in ((300_000,), (3, 100_000), (600, 500)):
            x = ao.asarray(array.reshape(shape))
            for call in (lambda x: declared.variance(x, -1), lambda x: declared.running_mean(x, -1),
                         lambda x: declared.variance(x, 0), lambda x: declared.running_mean(x, 0)):  # fmt: skip
                found = set()
                for threads in (1, 2, 5):
                    ao.set_num_threads(threads)
                    found.add(np.asarray(call(x)).tobytes())
                assert len(found) == 1
    finally:
        ao.set_num_threads(before)


@requires_numba
def test_reference_and_kernels_agree(declared: Any) -> None:
    array = np.random.default_rng(5).integers(-8, 8, (4, 7)).astype("float64")
    x = ao.asarray(array)
    for name, options in (("variance", {"axis": 1}), ("variance", {"axis": (0, 1), "keepdims": True}),
                          ("running_mean", {"axis": 0, "include_initial": True})):  # fmt: skip
        operator = getattr(declared, name)
        wanted = reference.evaluate(operator._record, reference.tensor(x), present=in_plain_python, **options)
        np.testing.assert_allclose(np.asarray(operator(x, **options)), wanted.tolist(), rtol=1e-14)


def test_plain_python(tmp_path: Path) -> None:
    (tmp_path / "plain_states.py").write_text(SOURCE)
    program = (
        "import aotops as ao, plain_states as p; x = ao.tensor([[1.0, 2.0, 6.0], [3.0, 3.0, 3.0]]);"
        "print(p.variance(x, 1).tolist(), p.variance(x, keepdims=True).tolist(), p.running_mean(x, 1).tolist(),"
        "p.place_of_largest(x, ao.arange(3, dtype='float64'), 1).tolist())"
    )
    environment = {**os.environ, "AOTOPS_PYTHON": "1", "PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert (
        run.stdout.strip()
        == "[4.666666666666667, 0.0] [[2.3333333333333335]] [[1.0, 1.5, 3.0], [3.0, 3.0, 3.0]] [2, 0]"
    )


@requires_numba
def test_built_ahead_of_time(tmp_path: Path) -> None:
    (tmp_path / "built_states.py").write_text(BUILT)
    build = [sys.executable, "-m", "aotops", "build", "built_states.py"]
    subprocess.run(build, cwd=tmp_path, capture_output=True, check=True, env=os.environ | ONE_JOB)
    program = (
        "import aotops as ao, built_states as b; from aotops.user.library import library_of;"
        "from aotops.user.declare import name_of; name_of(b.mean);"
        "x = ao.tensor([1.0, 2.0, 6.0]); library, reason = library_of(b.mean._record);"
        "print(reason or [b.mean(x).item(), b.running_mean(x).tolist()])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("[3.0, [1.0, 1.5, 3.0]]\n", "")
    for before, after in (("total / n", "total / (n + 1)"), ("(0, 0.0)", "(0, 1.0)"), ("(1, x)", "(x, 1)")):
        (tmp_path / "built_states.py").write_text(BUILT.replace(before, after))
        run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "is not what" in run.stdout
        assert "changed" in run.stdout


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"map": lambda x: (x, x), "identity": (0.0, 0.0)}, "finish must be given, since the state is a tuple"),
    ({"identity": (0.0, 0.0), "finish": lambda a, b: a}, "map must be given, since it makes a state"),
    ({"map": lambda x: (x, x), "identity": 0.0, "finish": lambda a, b: a}, "identity must be a tuple of the numbers"),
    ({"map": lambda x: (x, x), "finish": lambda a, b: a}, "identity must be a tuple of the numbers of a state"),
    ({"map": lambda x: x, "identity": (0.0,) * 6, "finish": lambda a: a}, "identity must be a tuple of 1 to 5 numbers"),
    ({"map": lambda x: (x, x), "identity": (0.0, 0.0), "finish": lambda a: a}, "finish must take the 2 numbers"),
    (
        {"map": lambda x: (x, x), "identity": (0.0, 0.0), "finish": lambda a, b: a, "state": ("int8",)},
        "state must have",
    ),
    ({"map": lambda x: (x, x), "identity": (0.0, "a"), "finish": lambda a, b: a}, "number 1 of identity must be"),
    (
        {"map": lambda x: (x, x), "identity": (0.0, 0.0), "finish": lambda a, b: a, "initial": 1.0},
        "initial must not be",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[message for _, message in WRONG])
def test_declarations_that_are_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises((RecordError, TypeError), match=message):
        ao.reduce(lambda a, b: a, **options)


def test_a_scan_with_a_map_needs_a_finish() -> None:
    with pytest.raises(RecordError, match="map must make states"):
        ao.scan(lambda a, b: a + b, map=lambda x: x * x, identity=0.0)


@requires_numba
def test_functions_that_return_no_state_are_rejected() -> None:
    operator = ao.reduce(
        lambda a, b: a[0] + b[0], map=lambda x: (x, x), identity=(0.0, 0.0), finish=lambda a, b: a, dtypes="float64"
    )
    with pytest.raises(Exception, match="must return a state, a tuple of 2 numbers as identity is"):
        operator(ao.tensor([1.0]))


@requires_numba
@pytest.mark.parametrize(
    ("combine", "identity", "message"),
    [
        (lambda a, b: (a[0] + b[0] - a[0] * a[0] * b[0] * b[0], a[1] + b[1]), (0.0, 0.0), "not associative"),
        (lambda a, b: (a[0] if a[0] != 0.0 else b[0], a[1] + b[1]), (0.0, 0.0), "not commutative"),
        (lambda a, b: (a[0] + b[0], a[1] + b[1]), (1.0, 0.0), "the identity .* changes the state"),
    ],
)
def test_probing(combine: Any, identity: Any, message: str) -> None:
    from aotops.aot.pack.probe import probe

    operator = ao.reduce(
        combine, map=lambda x: (x, 1.0), identity=identity, finish=lambda a, b: a + b, dtypes="float64"
    )
    with pytest.warns(UserWarning, match=message):
        probe(operator._record)  # type: ignore[arg-type]


@requires_numba
def test_states_of_several_dtypes() -> None:
    counted = ao.reduce(
        lambda a, b: (a[0] + b[0], a[1] or b[1], a[2] + b[2]),
        map=lambda x: (1, x < 0.0, x),
        identity=(0, False, 0.0),
        state=(None, None, "float64"),
        finish=lambda n, negative, total: -total / n if negative else total / n,
        dtypes="float32",
    )
    assert counted._record.states_for("float32") == ("int64", "bool", "float64")
    x = np.full(100_000, 0.1, "float32")
    assert counted(ao.asarray(x)).dtype == ao.float32
    assert counted(ao.asarray(x)).item() == np.float32(0.1)
    x[7] = -0.1
    assert counted(ao.asarray(x)).item() < 0


@requires_numba
def test_no_warning_of_what_is_right(declared: Any) -> None:
    from aotops.aot.pack.probe import probe

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("variance", "place_of_largest", "running_mean"):
            probe(getattr(declared, name)._record)


@requires_numba
def test_explain(declared: Any) -> None:
    report = ao.explain(declared.variance, ao.ones(100_000))
    assert "variance" in str(report)


@pytest.mark.parametrize("dtype", FLOATS)
def test_products_in_plain_python_give_the_bits_of_the_kernels(dtype: str) -> None:
    record = ops.collect()["_product_apart"]
    array = np.random.default_rng(6).normal(size=7).astype(dtype)
    number = np.dtype(dtype).type
    state: Any = (number(1), 0.0)
    for value in array:
        assert record.map is not None
        state = record.scalar(state, record.map(number(value)))
    assert isinstance(state[0], number)
    wanted = _native.operators["_product_apart"](ao.asarray(array)).item()
    assert math.isclose(record.finish(*state), wanted, rel_tol=1e-6 if dtype == "float32" else 1e-15)
