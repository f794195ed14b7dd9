"""Maps and zips with several results, and operators of many inputs: declared, compiled, as plain Python, in a build."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import ONE_JOB, requires_numba

import aotops as ao
from aotops import reference
from aotops.aot.pack.kernels import record_kernels
from aotops.errors import BuildError, RecordError
from aotops.scalar.mathematics import in_plain_python

SOURCE = '''
import math

import aotops as ao

parts = ao.map(
    lambda x: (int(math.floor(x)), x - math.floor(x), x > 0), dtypes="float64", results=("int32", None, "bool")
)


@ao.zip(dtypes=("int16", "float64"), results=({"int16": "int64"}, "float32"))
def both(a, b):
    """Sum and product."""
    return a + b, a * b


single = ao.map(lambda x: (2 * x,), results=(None,), dtypes="float64")
swapped = ao.zip(lambda a, b: (b, a), results=(None, None), dtypes="float64")
seven = ao.zip(lambda a, b, c, d, e, f, g: math.exp(-abs(a - b)) * c + d * e - f / (1.0 + g * g), dtypes="float64")
polynomial = ao.zip(lambda a, b, c, d, e: a * b + c * d - e, dtypes="float64")
largest = ao.reduce(lambda a, b: max(a, b), identity=-math.inf, map=lambda a, b, c, d: a * b - c * d, dtypes="float64")
spread = ao.reduce(
    lambda a, b: (min(a[0], b[0]), max(a[1], b[1])),
    map=lambda a, b, c, d: (a + b + c + d, a + b + c + d),
    identity=(math.inf, -math.inf),
    finish=lambda low, high: high - low,
    dtypes="float64",
)
'''


def module(folder: Path) -> Any:
    """The module of these operators, which are compiled at their first call."""
    path = folder / "declared_many.py"
    path.write_text(SOURCE, encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "declared_many", "__file__": str(path)}
    exec(compile(SOURCE, str(path), "exec"), namespace)
    return type(
        "module",
        (),
        {name: staticmethod(value) for name, value in namespace.items() if callable(value)},
    )


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return module(tmp_path_factory.mktemp("many"))


def views(shape: tuple[int, ...], count: int) -> list[np.ndarray]:
    """Arrays of a shape that differ in their layout: contiguous, with gaps, backwards, transposed, repeated."""
    rng = np.random.default_rng(len(shape) + sum(shape))
    wide = tuple(2 * length for length in shape)
    every = (slice(None, None, 2),) * len(shape)
    back = (slice(None, None, -1),) * len(shape)
    made = [
        rng.normal(size=shape),
        rng.normal(size=wide)[every],
        rng.normal(size=shape)[back],
        rng.normal(size=shape[::-1]).T,
        np.broadcast_to(rng.normal(size=shape[-1:]), shape),
        np.broadcast_to(rng.normal(size=(1,) * len(shape)), shape),
    ]
    return [made[k % len(made)] for k in range(count)]


SHAPES = (
    (),
    (0,),
    (1,),
    (15,),
    (16,),
    (127,),
    (129,),
    (1000,),
    (3, 5),
    (17, 130),
    (40, 3),
    (2, 300, 3),
)


# --- several results ----------------------------------------------------------------------------------------------


@requires_numba
def test_results_are_those_of_numpy_in_any_layout(declared: Any) -> None:
    for shape in SHAPES:
        for x in views(shape, 6):
            whole, rest, positive = declared.parts(ao.asarray(x))
            assert (whole.dtype, rest.dtype, positive.dtype) == (
                ao.int32,
                ao.float64,
                ao.bool,
            )
            np.testing.assert_array_equal(np.asarray(whole), np.floor(x).astype("int32"))
            np.testing.assert_array_equal(np.asarray(rest), x - np.floor(x))
            np.testing.assert_array_equal(np.asarray(positive), x > 0)
            (twice,) = declared.single(ao.asarray(x))
            np.testing.assert_array_equal(np.asarray(twice), 2 * x)


@requires_numba
def test_results_go_to_tensors_of_any_layout_and_dtype(declared: Any) -> None:
    for shape in ((7,), (5, 200), (2, 3, 40)):
        (x,) = views(shape, 1)
        outs = (
            ao.zeros(shape, dtype=ao.int64),
            ao.asarray(np.zeros(shape[::-1]).T),
            ao.asarray(np.zeros((*shape[:-1], 2 * shape[-1]), dtype="int8")[..., ::2]),
        )
        assert declared.parts(ao.asarray(x), out=outs) is outs
        for out, wanted in zip(outs, (np.floor(x), x - np.floor(x), x > 0), strict=True):
            np.testing.assert_array_equal(np.asarray(out), wanted)
        t = ao.asarray(x.copy())
        declared.parts(t, out=(outs[0], t, outs[2]))  # an input as an output
        np.testing.assert_array_equal(np.asarray(t), x - np.floor(x))


@requires_numba
def test_results_that_can_be_written_themselves_are(declared: Any) -> None:
    """Of the dtypes that are computed and alike in memory; over inputs only where these are the same elements."""
    for shape in ((7,), (300,), (5, 200), (70_000,)):
        for x in views(shape, 5):
            alike = np.zeros((2, *x.shape), "float64"), np.zeros((*x.shape[::-1], 2)).T
            for first, second in (alike[0], alike[1], alike[0][..., ::-1]):
                target = ao.asarray(first), ao.asarray(second)
                assert declared.swapped(ao.asarray(x), 2.0, out=target) is target
                np.testing.assert_array_equal(np.asarray(target[0]), np.full(x.shape, 2.0))
                np.testing.assert_array_equal(np.asarray(target[1]), x)
        a, b = (ao.asarray(each.copy()) for each in views(shape, 2))
        wanted = b.tolist(), a.tolist()
        declared.swapped(a, b, out=(a, b))
        assert (a.tolist(), b.tolist()) == wanted
        declared.swapped(a, b, out=(b, a))
        assert (b.tolist(), a.tolist()) == (wanted[1], wanted[0])
        if len(shape) == 1:
            both = ao.asarray(np.arange(2.0 * shape[0]))
            declared.swapped(both[::2], both[1::2], out=(both[::2], both[1::2]))
            assert both.tolist()[:4] == [1.0, 0.0, 3.0, 2.0]
            shifted = ao.asarray(np.arange(shape[0] + 1.0))
            declared.swapped(shifted[:-1], 5.0, out=(ao.zeros(shape), shifted[1:]))
            assert shifted.tolist() == [0.0, *map(float, range(shape[0]))]


@requires_numba
def test_each_result_has_the_dtype_that_is_declared(declared: Any) -> None:
    total, product = declared.both(ao.tensor([1000, -7], dtype=ao.int16), ao.tensor([2000, 3], dtype=ao.int16))
    assert (total.dtype, product.dtype) == (ao.int64, ao.float32)
    assert total.tolist() == [3000, -4]
    assert product.tolist() == [2e6, -21.0]
    total, product = declared.both([[1.0], [2.0]], [3.0, 4.0])
    assert (total.dtype, product.dtype) == (ao.float64, ao.float32)
    assert total.tolist() == [[4.0, 5.0], [5.0, 6.0]]
    masked = declared.both(ao.tensor([1.0, 2.0]), 1.0, where=ao.tensor([True, False]))
    assert [each.tolist() for each in masked] == [[2.0, 0.0], [1.0, 0.0]]
    assert "int16 gives int64 and float32; float64 gives float64 and float32" in " ".join(declared.both.__doc__.split())


@requires_numba
def test_plain_python_the_reference_and_kernels_agree(declared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = declared.parts
    x = ao.asarray(np.array([1.5, -2.25, 0.0, -0.0, 3e9, -3e9]))
    compiled = [each.tolist() for each in operator(x)]
    results = reference.evaluate(operator._record, reference.tensor(x), present=in_plain_python)
    assert [each.tolist() for each in results] == compiled


def test_without_kernels_they_run_as_plain_python() -> None:
    program = (
        "import aotops as ao; f = ao.map(lambda x: (x + 1, int(x)), results=(None, 'int64'))\n"
        "x = ao.tensor([1.5, 2.0]); o = (ao.empty((2,)), ao.empty((2,), dtype=ao.float32))\n"
        "print([r.tolist() for r in f(x)], f(x, out=o) is o, o[1].tolist())\n"
        "g = ao.map(lambda x: x, results=(None, None))\n"
        "try: g(x)\nexcept TypeError as error: print(error)"
    )
    environment = {**os.environ, "AOTOPS_PYTHON": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "[[2.5, 3.0], [1, 2]] True [1.0, 2.0]"
    assert "be a tuple of 2 numbers, got" in second


def wrong(call: Any, kind: type[Exception], *parts: str) -> None:
    """A call raises an error that names these."""
    with pytest.raises(kind) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


def test_wrong_declarations_are_rejected() -> None:
    pair = lambda x: (x, x)  # noqa: E731
    wrong(lambda: ao.map(pair, results=()), RecordError, "results", "none of them")
    wrong(
        lambda: ao.map(pair, results="int64"),
        TypeError,
        "results must be a tuple of dtypes",
    )
    wrong(
        lambda: ao.map(pair, results=(None, "int65")),
        RecordError,
        "results must be some of",
        "'int65'",
    )
    wrong(
        lambda: ao.map(pair, results=(None, 3)),
        TypeError,
        "results must be given as dtypes",
    )
    wrong(
        lambda: ao.map(pair, results=({"int64": "bool"}, None)),
        RecordError,
        "results",
        "int64",
    )
    wrong(
        lambda: ao.map(pair, result="int64", results=(None, None)),
        RecordError,
        "result must not be given",
    )
    wrong(
        lambda: ao.map(pair, results=(None,) * 16),
        RecordError,
        "at most 16 together, got 1 and 16",
    )
    operator = ao.map(pair, results=(None, None))
    wrong(
        lambda: operator.derivative(lambda x, y, g: g),
        RecordError,
        "take 5 values, x, the 2 outputs and the 2 incoming gradients, got 3",
    )


@requires_numba
def test_a_tuple_needs_results_and_the_right_number_of_them() -> None:
    x = ao.tensor([1.0])
    wrong(
        lambda: ao.map(lambda x: (x, x))(x),
        BuildError,
        "returns a tuple of 2; give results=(None, None)",
    )
    wrong(lambda: ao.map(lambda x: (x,))(x), BuildError, "give results=(None,)")
    three = ao.map(lambda x: (x, x, x), results=(None, None))
    wrong(lambda: three(x), BuildError, "a tuple of 2 numbers", "a tuple of 3")

    @ao.map(results=(None, None))
    def pair(x: Any) -> Any:
        return x, x

    calls = ao.map(lambda x: pair(x)[0])
    wrong(lambda: calls(x), BuildError, "call operators that have one result", "pair")
    wrong(lambda: pair(x, out=x), TypeError, "out must be a tuple of 2 Tensors")
    wrong(lambda: pair(x, out=(x, x)), ValueError, "memory of its own")


# --- many inputs --------------------------------------------------------------------------------------------------


def seven(*values: Any) -> Any:
    a, b, c, d, e, f, g = values
    return np.exp(-np.abs(a - b)) * c + d * e - f / (1.0 + g * g)


@requires_numba
def test_any_mixture_of_arrays_and_numbers_gives_the_same(declared: Any) -> None:
    rng = np.random.default_rng(7)
    for shape in SHAPES:
        arrays = views(shape, 7)
        for _ in range(6):
            rng.shuffle(arrays)
            values = [float(rng.normal()) if rng.random() < 0.4 else array for array in arrays]
            values[0] = arrays[0]
            found = declared.seven(*[each if isinstance(each, float) else ao.asarray(each) for each in values])
            full = [np.array(np.broadcast_to(each, shape)) for each in values]
            contiguous = declared.seven(*map(ao.asarray, full))
            assert found.tolist() == contiguous.tolist(), "the same bits in any layout"
            np.testing.assert_allclose(np.asarray(found), seven(*full), rtol=1e-14, atol=1e-14)
    first = declared.seven(ao.asarray(np.arange(300.0)), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    np.testing.assert_allclose(
        np.asarray(first),
        seven(np.arange(300.0), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
        rtol=1e-14,
    )
    x = ao.asarray(np.arange(300.0))
    assert declared.seven(x, 1.0, x, 3.0, x, 5.0, 6.0, out=x) is x


@requires_numba
def test_rows_of_any_length_are_computed_in_any_mixture(declared: Any) -> None:
    """Groups of 16 elements, of which the last overlaps the one before; short rows; results over an input."""
    rng = np.random.default_rng(16)
    wide = rng.normal(size=(5, 2, 700))
    for length in (*range(1, 50), *range(120, 150), 255, 257, 300, 337):
        whole = [ao.asarray(each[0, :length].copy()) for each in wide]
        gaps = [ao.asarray(each)[0, : 2 * length : 2] for each in wide]
        back = [ao.asarray(each)[1, length - 1 :: -1] if length < 700 else None for each in wide]
        for kinds in ("wgbwg", "0w0w0", "w0wg0", "gggg0", "0000b", "b0g0w"):
            chosen = {"w": whole, "g": gaps, "b": back}
            given = [0.5 + k if kind == "0" else chosen[kind][k] for k, kind in enumerate(kinds)]
            a, b, c, d, e = (np.asarray(each) for each in given)
            wanted = a * b + c * d - e
            np.testing.assert_allclose(np.asarray(declared.polynomial(*given)), wanted, rtol=1e-15, atol=1e-15)
            for k, kind in enumerate(kinds):
                if kind != "0":
                    own = ao.asarray(np.asarray(given[k]).copy())
                    declared.polynomial(*given[:k], own, *given[k + 1 :], out=own)
                    assert own.tolist() == declared.polynomial(*given).tolist()


def check_reduction(operator: Any, wanted: Any) -> None:
    """A reduction of four inputs is what NumPy makes of the arrays, in any layout and along any axis."""
    for shape in SHAPES[3:]:
        arrays = views(shape, 4)
        given = tuple(map(ao.asarray, arrays))
        for axis in (None, *range(len(shape))):
            np.testing.assert_allclose(np.asarray(operator(*given, axis)), wanted(*arrays, axis), rtol=1e-9, atol=1e-12)
        numbers = np.full(shape, 2.0), np.full(shape, 0.5)
        found = operator(given[0], 2.0, given[2], 0.5, -1)
        np.testing.assert_allclose(
            np.asarray(found), wanted(arrays[0], numbers[0], arrays[2], numbers[1], -1), rtol=1e-9
        )


@requires_numba
def test_reductions_of_four_inputs_are_those_of_numpy(declared: Any) -> None:
    check_reduction(declared.largest, lambda a, b, c, d, axis: (a * b - c * d).max(axis))


@requires_numba
@pytest.mark.slow  # 10 s of compilation
def test_states_of_four_inputs_are_those_of_numpy(declared: Any) -> None:
    check_reduction(declared.spread, lambda a, b, c, d, axis: np.ptp(a + b + c + d, axis))


def test_kernels_of_many_inputs_run_as_plain_python() -> None:
    from aotops.intrinsics import Pointer

    names = ", ".join("abcdefghij")
    scalar = eval(f"lambda {names}: a - b * c + d * e - f + g - h * i + j")
    (kernel,) = record_kernels(ao.zip(scalar, dtypes="float64")._record)
    for steps in ((1,) * 10, (1,) + (0,) * 9, (0, 1) * 5, (2, 1, 0, -1, 3) * 2):
        for length in (1, 16, 130):
            reach = [
                Pointer([float(7 * k + j) for j in range(400)], 399 if step < 0 else 0) for k, step in enumerate(steps)
            ]
            out = Pointer([0.0] * length)
            kernel.function(1, length, [*reach, out], [*steps, 1, *(0,) * 11])
            wanted = [scalar(*[each[j * step] for each, step in zip(reach, steps, strict=True)]) for j in range(length)]
            assert out.buffer == wanted


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; it must not fail."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=900, env=os.environ | ONE_JOB
    )
    assert done.returncode == 0, done.stderr
    return done


@requires_numba
@pytest.mark.slow  # 20 to 30 s of CPU time, which are what is asserted
def test_ten_inputs_are_built_in_bounds(tmp_path: Path) -> None:
    names = ", ".join("abcdefghij")
    of = f"lambda {names}: a * b + c * d + e * f + g * h + i * j"
    path = tmp_path / "ten_inputs.py"
    path.write_text(
        f"import aotops as ao\nzipped = ao.zip({of})\nreduced = ao.reduce(lambda a, b: a + b, identity=0.0, map={of})\n"
    )
    run(tmp_path, "-m", "aotops", "build", str(path))
    (library,) = tmp_path.glob("*.so")
    assert library.stat().st_size < 500_000
    program = (
        "import aotops as ao, ten_inputs as t; x = ao.arange(300.0)\n"
        "print(float(t.zipped(*[x] * 10)[-1]), float(t.reduced(*[x] * 10)))"
    )
    done = run(tmp_path, "-c", program)
    assert done.stdout.split() == [
        str(5 * 299.0**2),
        str(5 * math.fsum(k * k for k in range(300))),
    ], done.stderr


@requires_numba
def test_what_is_built_needs_no_numba(tmp_path: Path) -> None:
    source = (
        "import aotops as ao\n"
        "parts = ao.map(lambda x: (int(x), x - int(x)), dtypes='float64', results=('int64', None))\n"
    )
    (tmp_path / "several_results.py").write_text(source)
    run(tmp_path, "-m", "aotops", "build", "several_results.py")
    program = (
        "import sys; sys.modules['numba'] = None; import aotops as ao, several_results as s\n"
        "print([r.tolist() for r in s.parts(ao.tensor([1.5, -2.25]))])"
    )
    done = run(tmp_path, "-c", program)
    assert done.stdout.strip() == "[[1, -2], [0.5, -0.25]]", done.stderr
