"""Operators of users: declaring, the three ways to run them, their errors, and the bits that they compute."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import inspect
import json
import math
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import ONE_JOB, copy_package, requires_compiler, requires_numba

import aotops as ao
from aotops import _native
from aotops.abi import MAX_OPERANDS
from aotops.ops.record import FLOATS, INTEGERS
from aotops.user.library import library_name

SOURCE = Path(__file__).resolve().parent / "user_operators.py"
PACKAGES = Path(ao.__file__).resolve().parents[1]

pytestmark = [requires_numba, requires_compiler]


@functools.cache
def only_aotops() -> Path:
    """A folder that has aotops and nothing else, wherever it is installed."""
    folder = Path(tempfile.mkdtemp(prefix="only-aotops-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy_package(folder)
    return folder


def run(
    *arguments: str, cwd: Path, with_numba: bool = True, status: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; without Numba it has no site-packages, and aotops alone."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AOTOPS_")}
    if "build" in arguments and SOURCE.name not in arguments:
        clean |= ONE_JOB
    done = subprocess.run(
        [sys.executable, *([] if with_numba else ["-S"]), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={
            **clean,
            "AOTOPS_JIT_CACHE": "0",
            "PYTHONPATH": str(PACKAGES if with_numba else only_aotops()),
            **environment,
        },
        check=False,
    )
    assert done.returncode == status, done.stderr + done.stdout
    return done


def load(path: Path) -> ModuleType:
    """Import a file under a name of its own."""
    name = f"{path.stem}_{abs(hash(str(path)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``user_operators.py``, built; once for all processes of a test run."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    folder, done = common / "user operators", common / "user operators are built"
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 600
        while not done.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert done.exists(), "another process did not build the operators"
        return folder
    shutil.copy(SOURCE, folder)
    run("-m", "aotops", "build", "user_operators.py", cwd=folder)
    done.touch()
    return folder


@pytest.fixture(scope="module")
def zoo(built_folder: Path) -> ModuleType:
    return load(built_folder / "user_operators.py")


def script(folder: Path, source: str, name: str = "my_ops.py") -> Path:
    """Write a module into a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("import math\nimport aotops as ao\n" + textwrap.dedent(source))
    return path


# --- what a declaration is ----------------------------------------------------------------------------------------


def test_declared_operators_look_like_builtin_ones(zoo: ModuleType) -> None:
    assert isinstance(zoo.gelu, ao.Operator)
    assert (zoo.gelu.kind, zoo.inside.kind, zoo.total.kind) == ("map", "zip", "reduce")
    assert zoo.inside.parameters == ("x", "lo", "hi")
    assert zoo.masked.bool_inputs == ("mask",)
    assert zoo.gelu.dtypes == ((ao.float32, ao.float32), (ao.float64, ao.float64))
    assert zoo.inside.dtypes[0] == (ao.float32, ao.float32, ao.float32, ao.bool)
    assert zoo.root.dtypes == ((ao.int64, ao.float64),)
    integers = [getattr(ao, name) for name in INTEGERS]
    assert zoo.gelu.casts == dict.fromkeys([ao.bool, *integers], ao.float64)
    held = [dtype for dtype in integers if dtype not in ("int64", "uint64")]
    assert zoo.scaled_sum.casts == {**dict.fromkeys([ao.bool, *held], ao.int64), ao.uint64: ao.float64}
    assert zoo.gelu.__doc__.startswith("Gaussian error linear unit of each element.\n\nParameters:\n    x: A tensor,")
    assert zoo.inside.__doc__ is None
    assert (zoo.gelu.__name__, zoo.gelu.__module__) == ("gelu", zoo.__name__)
    assert repr(zoo.gelu) == "<aotops operator gelu>"
    assert str(inspect.signature(zoo.gelu)) == "(x, *, out=None, where=True)"
    assert str(inspect.signature(zoo.dot)) == "(x, y, /, axis=None, *, keepdims=False, out=None)"
    assert (
        str(inspect.signature(zoo.total))
        == "(x, /, axis=None, *, keepdims=False, dtype=None, out=None, initial=None, where=True)"
    )


def test_an_operator_has_the_name_of_the_variable_that_holds_it(zoo: ModuleType) -> None:
    assert [operator.__name__ for operator in (zoo.dot, zoo.double, zoo.triple)] == ["dot", "double", "triple"]
    assert zoo.alias.__name__ == "double"
    assert zoo.gelu.derivative.__name__ == "gelu.derivative"


def test_operators_are_pickled_by_name(zoo: ModuleType) -> None:
    for operator in (zoo.gelu, zoo.gelu.derivative, zoo.dot):
        assert pickle.loads(pickle.dumps(operator)) is operator


def test_names_of_inputs_may_be_of_any_length_and_script() -> None:
    x = ao.tensor([1.0])
    for name in ("größe", "x" * 200, "日本語"):
        operator = eval(f"ao.zip(lambda y, {name}: y - {name}, dtypes='float64')", {"ao": ao})
        assert operator.parameters == ("y", name)
        with pytest.raises(TypeError, match="unexpected keyword argument 'x'; it takes y, "):
            operator(1.0, x=2.0)
        with pytest.raises(TypeError, match="an array or lists of numbers, got NoneType"):
            operator(x, **{name: None})
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        ao.zip(lambda x, y: x)(x, **{"\udc80": x})


def test_dtypes_are_read_in_any_order_and_form() -> None:
    for dtypes in (("float64", "float32"), [ao.float64, "float32"]):
        assert [each[0].name for each in ao.map(lambda x: x, dtypes=dtypes).dtypes] == ["float32", "float64"]
    assert ao.map(lambda x: x, dtypes=ao.int64, result={"int64": ao.float64}).dtypes == ((ao.int64, ao.float64),)
    assert ao.zip(lambda mask, x: x, bool_inputs="mask").bool_inputs == ("mask",)
    ao.reduce(two, identity=0.0, dtypes="int64"), ao.reduce(two, identity=np.float32(0)), ao.reduce(two, identity=False)


def test_declared_operators_are_collected_as_garbage() -> None:
    import gc
    import weakref

    namespace: dict[str, Any] = {"ao": ao, "__name__": "made_up"}
    exec("f = ao.map(lambda x: x)\nf.derivative(lambda x, y, g: g)", namespace)
    record = weakref.ref(namespace["f"]._record)
    del namespace
    gc.collect()
    assert record() is None


# --- what they compute --------------------------------------------------------------------------------------------

erf = np.vectorize(math.erf, otypes=[float])
CASES: dict[str, tuple[Callable[..., Any], int, tuple[str, ...]]] = {
    "gelu": (lambda x: 0.5 * x * (1 + erf(x * math.sqrt(0.5))), 1, FLOATS),
    "gelu.derivative": (
        lambda x, y, g: g * (0.5 * (1 + erf(x / math.sqrt(2))) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
        3,
        FLOATS,
    ),
    "inside": (lambda x, lo, hi: (lo <= x) & (x < hi), 3, FLOATS),
    "scaled_sum": (lambda x, y, factor: (x + y) * factor, 3, ("int64", *FLOATS)),
    "swish": (lambda x: x / (1 + np.exp(-x)), 1, FLOATS),
    "composed": (
        lambda x: x * (1 + erf(x * math.sqrt(0.5))) + np.maximum(x, 0) - np.where(x > 1, x, -1),
        1,
        ("float64",),
    ),
    "powers": (lambda x: x**2 + 1 / x - x**3 + np.sqrt(np.abs(x)) + 2.0**x, 1, FLOATS),
    "root": (np.sqrt, 1, ("int64",)),
    "triple": (lambda x: x * 3, 1, FLOATS),
}


def find(module: ModuleType, name: str) -> Any:
    """An operator, or the derivative of one."""
    operator = getattr(module, name.split(".")[0])
    return operator.derivative if "." in name else operator


def samples(dtype: str, count: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if dtype == "int64":
        return generator.integers(0, 100, count)
    return generator.normal(0, 2, count).astype(dtype)


@pytest.mark.parametrize("name", CASES)
def test_elementwise_operators_compute_what_numpy_does(zoo: ModuleType, name: str) -> None:
    reference, inputs, dtypes = CASES[name]
    operator = find(zoo, name)
    for dtype in dtypes:
        arrays = [samples(dtype, 1000, seed) for seed in range(inputs)]
        wide = arrays if dtype == "int64" else [array.astype("float64") for array in arrays]
        expected = reference(*wide)
        result = np.asarray(operator(*[ao.asarray(array) for array in arrays]))
        assert result.dtype.name == (operator.dtypes[0][-1].name if name in ("inside", "root") else dtype)
        np.testing.assert_allclose(result, expected, rtol=1e-5 if dtype == "float32" else 1e-12, atol=2e-6)


def test_operators_take_any_layout_numbers_and_out(zoo: ModuleType) -> None:
    base = samples("float64", 60, 1)
    x = ao.asarray(base).reshape((5, 12))[:, ::2].T
    expected = 0.5 * np.asarray(x) * (1 + erf(np.asarray(x) / math.sqrt(2)))
    np.testing.assert_allclose(np.asarray(zoo.gelu(x)), expected, rtol=1e-14)
    out = ao.zeros((6, 5))
    assert zoo.gelu(x, out=out) is out
    np.testing.assert_allclose(np.asarray(out), expected, rtol=1e-14)
    assert zoo.inside(ao.tensor([[0.5], [2.0]]), lo=ao.tensor([0.0, 1.0]), hi=3.0).tolist() == [
        [True, False],
        [True, True],
    ]
    assert zoo.gelu(ao.tensor([0, 1])).dtype == ao.float64
    assert zoo.masked(ao.tensor([True, False]), ao.tensor([1.0, 2.0], dtype=ao.float32), 0.0).tolist() == [1.0, 0.0]
    zoo.gelu(x, out=x)
    np.testing.assert_allclose(np.asarray(x), expected, rtol=1e-14)


def test_reductions_take_axes(zoo: ModuleType) -> None:
    a = samples("float64", 4 * 5 * 6, 1).reshape(4, 5, 6)
    b = samples("float64", 6, 2)
    x, y = ao.asarray(a), ao.asarray(b)
    np.testing.assert_allclose(np.asarray(zoo.total(x, axis=(0, 2))), a.sum((0, 2)), rtol=1e-13)
    np.testing.assert_allclose(np.asarray(zoo.dot(x, x, 1, keepdims=True)), (a * a).sum(1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(np.asarray(zoo.dot(x, y, axis=-1)), a @ b, rtol=1e-12)
    np.testing.assert_allclose(zoo.dot(x.T, x.T).item(), (a * a).sum(), rtol=1e-13)
    assert zoo.count_positive(x, axis=0).tolist() == (a > 0).sum(0).tolist()
    assert zoo.count_positive(x).dtype == ao.int64
    assert zoo.largest(ao.tensor([[3, -7], [5, 2]]), axis=0).tolist() == [5, 2]
    assert (zoo.total(ao.zeros(0)).item(), zoo.largest(ao.zeros(0)).item()) == (0.0, -math.inf)
    assert zoo.largest(ao.zeros(0, dtype=ao.int64)).item() == -(2**63)
    assert zoo.total(ao.tensor([True, True]), dtype=ao.float32).dtype == ao.float32


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3000), st.integers(0, 2**31))
def test_dot_is_the_sum_of_products_of_any_length(zoo: ModuleType, length: int, seed: int) -> None:
    a, b = samples("float64", length, seed), samples("float64", length, seed + 1)
    exact = math.fsum(float(p) * float(q) for p, q in zip(a, b, strict=True))
    bound = 1e-15 * math.log2(length + 2) * float(np.abs(a * b).sum()) + 1e-300
    assert abs(zoo.dot(ao.asarray(a), ao.asarray(b)).item() - exact) <= bound


def test_derivatives_of_zips_are_tuples(zoo: ModuleType) -> None:
    x, y, factor = ao.tensor([[1.0], [2.0]]), ao.tensor([3.0, 4.0, 5.0]), ao.tensor(2.0)
    gradients = zoo.scaled_sum.derivative(x, y, factor, zoo.scaled_sum(x, y, factor), 10.0)
    assert isinstance(gradients, tuple)
    assert [gradient.tolist() for gradient in gradients] == [
        [[20.0] * 3] * 2,
        [[20.0] * 3] * 2,
        [[40.0, 50.0, 60.0], [50.0, 60.0, 70.0]],
    ]
    outs = (ao.zeros((2, 3)), ao.zeros((3, 2)).T, ao.zeros((2, 3)))
    assert zoo.scaled_sum.derivative(x, y, factor, 0.0, 10.0, out=outs) is outs
    assert outs[2].tolist() == gradients[2].tolist() and outs[1].tolist() == gradients[1].tolist()
    large = ao.asarray(samples("float64", 100_000, 1)).reshape((250, 400))
    for one, another in zip(
        zoo.scaled_sum.derivative(large, large.T.reshape((250, 400)), 3.0, 0.0, large.T.reshape((400, 250)).T),
        zoo.scaled_sum.derivative(large, large.T.reshape((250, 400)), 3.0, 0.0, large.T.reshape((400, 250)).T),
        strict=True,
    ):
        assert bytes(memoryview(one.contiguous())) == bytes(memoryview(another.contiguous()))


def test_several_outputs_of_strided_and_narrow_inputs(zoo: ModuleType) -> None:
    for shape in ((3000, 3), (64, 64), (7, 1000)):
        base = samples("float32", shape[0] * shape[1] * 2, 3)
        x = ao.asarray(base).reshape((shape[1], shape[0] * 2))[:, ::2].T
        a = np.asarray(x)
        to_x, to_y, to_factor = zoo.scaled_sum.derivative(x, 2.0, x, 0.0, x)
        np.testing.assert_array_equal(np.asarray(to_x), a * a)
        np.testing.assert_array_equal(np.asarray(to_y), a * a)
        np.testing.assert_array_equal(np.asarray(to_factor), a * (a + np.float32(2)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_short_cuts_are_taken_only_where_they_give_the_same_bits(zoo: ModuleType, dtype: str) -> None:
    """Contiguous rows take fast paths, block by block; a few strided elements never are."""
    generator = np.random.default_rng(11)
    rare = [0.0, -0.0, math.inf, -math.inf, math.nan, 3e38, 1e-40, -1e-45, 1e22, -123456.0, 88.9, -104.5, 710.0]
    for share in (0.0, 0.002, 0.2):
        x, y = (
            np.where(generator.random(1000) < share, generator.choice(rare, 1000), generator.normal(0, 3, 1000))
            for _ in range(2)
        )
        x, y = x.astype(dtype), y.astype(dtype)
        waves = (zoo.waves, zoo.waves.derivative) if dtype == "float64" else ()
        for operator in (*waves, zoo.powers, zoo.swish, zoo.gelu.derivative):
            inputs = [(x, y)[k % 2] for k in range(len(operator.parameters))]
            whole = operator(*[ao.asarray(array) for array in inputs])
            apart = [np.repeat(array, 2) for array in inputs]
            pieces = [
                operator(*[ao.asarray(array)[start : start + 200 : 2] for array in apart])
                for start in range(0, 2000, 200)
            ]
            for k, result in enumerate(whole if isinstance(whole, tuple) else (whole,)):
                parts = [piece[k] if isinstance(piece, tuple) else piece for piece in pieces]
                expected = np.concatenate([np.asarray(part) for part in parts])
                np.testing.assert_array_equal(np.asarray(result), expected)
                assert (np.signbit(np.asarray(result)) == np.signbit(expected))[~np.isnan(expected)].all()
        out = ao.asarray(x.copy())
        zoo.powers(out, out=out)
        np.testing.assert_array_equal(np.asarray(out), np.asarray(zoo.powers(ao.asarray(x))))


def test_reductions_take_short_cuts_where_they_give_the_same_bits(zoo: ModuleType) -> None:
    """A strided input has its own way through the kernel, which never takes one; the order is that of plain sums."""
    layouts: list[Callable[[np.ndarray], Any]] = [
        ao.asarray,
        lambda array: ao.asarray(np.repeat(array, 3, axis=1))[:, ::3],
        lambda array: ao.asarray(array.T.copy()).T,
    ]
    generator = np.random.default_rng(12)
    for length, rows in ((1, 3), (63, 5), (200, 9), (1000, 4), (20_000, 3)):
        for share in (0.0, 0.003):
            x = generator.normal(0, 3, (rows, length))
            x = np.where(generator.random(x.shape) < share, -720.0, x)  # whose exponential is subnormal
            exponentials = np.asarray(ao.exp(ao.asarray(x)))
            for laid_out in layouts:
                for axis in (0, 1, None):
                    sums = np.asarray(zoo.sum_of_exponentials(laid_out(x), axis))
                    np.testing.assert_array_equal(sums, np.asarray(zoo.total(laid_out(exponentials), axis)))


def test_integers_are_weak_beside_float32(zoo: ModuleType) -> None:
    x = samples("float32", 1000, 4)
    np.testing.assert_array_equal(np.asarray(zoo.triple(ao.asarray(x))), x * np.float32(3))
    rounded = np.maximum((np.float32(2) * x + np.float32(1)) / np.float32(3), np.float32(0))
    wide = np.maximum((2 * x.astype("float64") + 1) / 3, 0).astype("float32")
    assert (rounded != wide).any(), "samples that tell the two apart"
    np.testing.assert_array_equal(np.asarray(zoo.weak(ao.asarray(x))), rounded)


BITS = """
import hashlib, sys
import aotops as ao
import user_operators as zoo

digest = hashlib.sha256()
for dtype in (ao.float32, ao.float64):
    x = (ao.arange(100_003, dtype=ao.float64) * 0.7382 - 31_000.0) * 0.000_21
    x = ao.astype(x, dtype)
    y = x[::-1]
    for operator, inputs in (
        (zoo.gelu, (x,)), (zoo.gelu.derivative, (x, y, x)), (zoo.powers, (x,)), (zoo.composed, (y,)),
        (zoo.total, (x,)), (zoo.dot, (x, y)), (zoo.swish, (y,)), (zoo.waves, (x, y)),
        (zoo.sum_of_exponentials, (x,)),
    ):
        digest.update(bytes(memoryview(operator(*inputs).contiguous())))
    wild = [3e9, -3e9, 1e19, -1e19, 1e30, 2.5, -0.5, 70.0, 127.5, float("inf"), float("nan")]
    wild = ao.tensor(wild * 9, dtype=dtype)
    for each in (wild, wild[:20][::2], x * 90.0):
        digest.update(bytes(memoryview(ao.where(each < 1e30, zoo.stepped(each), 0.0))))  # NaNs may differ
    for result in zoo.scaled_sum.derivative(x, y, x, y, y):
        digest.update(bytes(memoryview(result.contiguous())))
print(ao.cpu_level(), digest.hexdigest())
"""


def test_bits_are_the_same_at_every_level_and_number_of_threads(built_folder: Path) -> None:
    seen: dict[str, str] = {}
    for level in ("x86-64-v2", "x86-64-v3", "x86-64-v4", ""):
        for threads in ("1", "3"):
            done = run(
                "-c", f"{BITS}" if level == "" else BITS, cwd=built_folder,
                AOTOPS_NUM_THREADS=threads, **({"AOTOPS_CPU": level} if level in supported_levels() else {}),
            )  # fmt: skip
            name, digest = done.stdout.split()
            seen[f"{name} {threads}"] = digest
            assert done.stderr == ""
    assert len(set(seen.values())) == 1, seen


def supported_levels() -> list[str]:
    """The levels that this CPU has: up to the one that is chosen by itself."""
    names = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
    level = ao.cpu_level()
    return names[: names.index(level) + 1] if level in names else []


# --- three ways to run --------------------------------------------------------------------------------------------


def test_built_operators_need_no_numba_and_load_next_to_nothing(built_folder: Path) -> None:
    done = run(
        "-c",
        "import sys, user_operators as zoo, aotops as ao\n"
        "print(zoo.gelu(ao.ones(3)).tolist())\n"
        "print(*sorted(sys.modules))",
        cwd=built_folder,
        with_numba=False,
    )
    result, loaded = done.stdout.splitlines()
    assert json.loads(result) == pytest.approx([0.8413447460685429] * 3, rel=1e-15)
    assert not set(loaded.split()) & {
        "numba",
        "numpy",
        "inspect",
        "typing",
        "re",
        "importlib.util",
        "hashlib",
        "ctypes",
    }
    assert done.stderr == ""


SMALL = """
@ao.map
def twice(x):
    return 2.0 * x

@twice.derivative
def _(x, y, g):
    return 2.0 * g
"""


def test_without_a_build_numba_compiles_and_says_so(tmp_path: Path) -> None:
    script(tmp_path, SMALL)
    done = run("-c", "import my_ops, aotops as ao; print(my_ops.twice(ao.ones(2)).tolist())", cwd=tmp_path)
    assert done.stdout == "[2.0, 2.0]\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("aotops: my_ops.twice is not built; compiled now in ")
    assert line.endswith("`aotops build my_ops.py` compiles it ahead of time")


def test_without_a_build_and_numba_the_error_says_what_to_do(tmp_path: Path) -> None:
    path = script(tmp_path, SMALL)
    for call, name in (("my_ops.twice(x)", "twice"), ("my_ops.twice.derivative(x, x, x)", "twice.derivative")):
        done = run(
            "-c", f"import my_ops, aotops as ao; x = ao.ones(2); {call}", cwd=tmp_path, with_numba=False, status=1
        )
        message = done.stderr.splitlines()[-1]
        assert message.startswith(f"aotops.errors.NotBuiltError: {name} ({path}, line ")
        for part in ("is not built", "`aotops build my_ops.py`", "pip install 'aotops[build]'", "AOTOPS_PYTHON=1"):
            assert part in message


def test_in_a_package_the_command_names_the_module(tmp_path: Path) -> None:
    script(tmp_path, SMALL, "my_pkg/ops.py")
    script(tmp_path, "", "my_pkg/__init__.py")
    done = run(
        "-c", "from my_pkg.ops import twice; import aotops as ao; twice(ao.ones(1))", cwd=tmp_path, with_numba=False,
        status=1,
    )  # fmt: skip
    assert "`aotops build my_pkg.ops`" in done.stderr
    assert "my_pkg.ops: _ops_aotops" in run("-m", "aotops", "build", "my_pkg.ops", cwd=tmp_path).stdout
    done = run(
        "-c", "from my_pkg.ops import twice; import aotops as ao; print(twice(ao.ones(1)).tolist())", cwd=tmp_path,
        with_numba=False,
    )  # fmt: skip
    assert done.stdout == "[2.0]\n"


def test_plain_python_agrees_with_the_kernels(built_folder: Path) -> None:
    source = """
        import sys
        import aotops as ao
        import user_operators as zoo

        def show(x):
            print([value.hex() if isinstance(value, float) else value for value in x.contiguous().reshape(-1).tolist()])

        for dtype in (ao.float32, ao.float64):
            x = ao.astype(ao.tensor([[-2.5, -0.5, 0.25], [1.0, 1.75, 3.0]]), dtype)
            y = x.T.contiguous().reshape((2, 3))
            show(zoo.inside(x, y, 2.0))
            show(zoo.triple(x))
            show(zoo.masked(x > 0, x, y))
            show(zoo.scaled_sum(x, y, x))
            for each in zoo.scaled_sum.derivative(x, y, x, y, x):
                show(each)
            show(zoo.total(x, axis=0))
            show(zoo.dot(x, y, axis=1, keepdims=True))
            show(zoo.count_positive(x))
            out = ao.zeros(3, dtype=dtype)
            assert zoo.total(x, 0, out=out) is out
            show(out)
        show(zoo.largest(ao.tensor([3, 5, -1])))
        show(zoo.root(ao.tensor([4, 9, 2])))
        x, memory = ao.tensor([1.0, 2.0]), ao.zeros((2, 5))
        count = len(zoo.scaled_sum.derivative(x, x, x, x, x))
        for last in (ao.zeros(3), memory[:, 0], memory[:, count - 1], x):
            try:
                outs = (*[memory[:, k] for k in range(count - 1)], last)
                assert zoo.scaled_sum.derivative(x, x, x, x, x, out=outs) == outs
            except ValueError as error:
                print(error)
            print(memory.tolist(), last.tolist())  # all are checked before one is written
        """
    fast = run("-c", textwrap.dedent(source), cwd=built_folder)
    slow = run("-c", textwrap.dedent(source), cwd=built_folder, with_numba=False, AOTOPS_PYTHON="1")
    assert slow.stdout == fast.stdout
    assert slow.stderr == fast.stderr == ""


def test_plain_python_runs_the_functions_own_code(tmp_path: Path) -> None:
    script(
        tmp_path,
        """
        import sys

        @ao.map
        def seen(x):
            names.append(sys._getframe().f_code.co_name)
            return math.log(x)

        names = []
        """,
    )
    done = run(
        "-c",
        "import my_ops, aotops as ao\n"
        "print(my_ops.seen(ao.tensor([0.0, -1.0, 1.0])).tolist(), my_ops.names)\n"
        "for call in ('seen()', 'seen(1, 2)', 'seen({1})', 'seen(ao.ones(2), out=ao.ones(3))', 'seen(x=1, y=2)'):\n"
        "    try:\n"
        "        eval('my_ops.' + call)\n"
        "    except (TypeError, ValueError) as error:\n"
        "        print(type(error).__name__, error)\n",
        cwd=tmp_path,
        with_numba=False,
        AOTOPS_PYTHON="1",
    )
    lines = done.stdout.splitlines()
    # as compiled: minus infinity and NaN, where Python's own function raises
    assert lines[0] == "[-inf, nan, 0.0] ['seen', 'seen', 'seen']"
    assert [line.split()[0] for line in lines[1:]] == ["TypeError", "TypeError", "TypeError", "ValueError", "TypeError"]


def test_the_switch_to_plain_python_is_0_or_1(tmp_path: Path) -> None:
    script(tmp_path, SMALL)
    done = run(
        "-c", "import my_ops, aotops as ao; my_ops.twice(ao.ones(1))", cwd=tmp_path, status=1, AOTOPS_PYTHON="yes"
    )
    assert "ValueError: twice: AOTOPS_PYTHON must be 0 or 1, got 'yes'" in done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder of its own with a built module of one operator and a helper from another file."""
    script(tmp_path, "SCALE = 2.0\ndef helper(x):\n    return SCALE * x\n", "helpers.py")
    path = script(tmp_path, "from helpers import helper\n@ao.map\ndef twice(x):\n    return helper(x)\n")
    run("-m", "aotops", "build", "my_ops.py", cwd=tmp_path)
    return path


CALL = "import my_ops, aotops as ao; print(my_ops.twice(ao.ones(2)).tolist())"


def test_stale_foreign_and_broken_builds_are_recognised(small: Path) -> None:
    folder = small.parent
    (library,) = folder.glob("_my_ops_aotops*")
    assert run("-c", CALL, cwd=folder, with_numba=False).stdout == "[2.0, 2.0]\n"

    for path, old, new, result, reason in (
        (small, "helper(x)", "-helper(x)", -2.0, "the code of twice changed"),
        (folder / "helpers.py", "SCALE = 2.0", "SCALE = 3.0", 3.0, "SCALE changed from 2.0 to 3.0"),
    ):
        before = path.read_text()
        path.write_text(before.replace(old, new))
        done = run("-c", CALL, cwd=folder, with_numba=False, status=1)
        assert f"is not what {library.name} was built from: {reason}" in done.stderr
        assert "`aotops build my_ops.py`" in done.stderr
        done = run("-c", CALL, cwd=folder)
        assert done.stdout == f"[{result}, {result}]\n"
        assert f"{reason}; compiled now" in done.stderr
        path.write_text(before.replace("\n", "\r\n"))  # other line ends are no change
        assert run("-c", CALL, cwd=folder, with_numba=False).stdout == "[2.0, 2.0]\n"
        path.write_text(before)

    foreign = f"from aotops import _native; _native.kernel_version += 1; {CALL}"
    done = run("-c", foreign, cwd=folder, with_numba=False, status=1)
    version = _native.kernel_version
    assert f"kernels of version {version}, and aotops {version + 1} is installed" in done.stderr

    library.write_bytes(b"no library")
    done = run("-c", CALL, cwd=folder, with_numba=False, status=1)
    assert "which cannot be loaded" in done.stderr


@pytest.mark.usefixtures("compiling")
def test_operators_of_no_file_or_no_variable_still_run(capfd: pytest.CaptureFixture[str]) -> None:
    operator = ao.map(lambda x: x + 1.0, dtypes="float64")
    assert operator(ao.ones(2)).tolist() == [2.0, 2.0]
    assert (
        "is not held by a variable of its module, so it cannot be built: assign it to one; compiled now"
        in capfd.readouterr().err
    )
    namespace: dict[str, Any] = {"ao": ao, "__name__": "made_up"}
    exec("f = ao.map(lambda x: x - 1.0, dtypes='float64')", namespace)
    assert namespace["f"](ao.ones(2)).tolist() == [0.0, 0.0]
    assert "made_up.f is not declared in a file, so it cannot be built; compiled now" in capfd.readouterr().err


# --- errors of declarations ---------------------------------------------------------------------------------------


def one(x: Any) -> Any:
    return x


def two(x: Any, y: Any) -> Any:
    return x


def with_default(x: Any, y: Any = 1.0) -> Any:
    return x


def with_out(x: Any, out: Any) -> Any:
    return x


def with_axis(x: Any, axis: Any) -> Any:
    return x


def counting(x: Any) -> Any:
    yield x


def returns_bool() -> Any:
    return ao.map(one, result="bool")


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda: ao.map(math.sin), TypeError, r"map: function must be .*; write lambda x: math\.sin\(x\)$"),
        (lambda: ao.zip(ao.where), TypeError, r"; write lambda condition, x1, x2: ao\.where\(condition, x1, x2\)$"),
        (lambda: ao.zip(np.add), TypeError, r"got ufunc; write lambda x, y: numpy\.add\(x, y\)$"),
        (lambda: ao.reduce(max, identity=0.0), TypeError, r"got builtin.*; write lambda a, b: max\(a, b\)$"),
        (lambda: ao.map("x"), TypeError, "map: function must be a Python function"),
        (lambda: ao.zip(with_default), TypeError, "zip: with_default must take numbers by position alone"),
        (lambda: ao.map(lambda *x: 1), TypeError, "map: <lambda> must take numbers by position alone"),
        (
            lambda: ao.map(two),
            ValueError,
            "two: the function of a map must have 1 input, got 2; declare it with aotops.zip",
        ),
        (
            lambda: ao.zip(one),
            ValueError,
            "one: the function of a zip must have 2 inputs or more, got 1; declare it with",
        ),
        (lambda: ao.zip(lambda: 1.0), ValueError, "the function of a zip must have 2 inputs or more, got 0$"),
        (
            lambda: ao.reduce(two, identity=0.0, map=lambda: 1.0),
            ValueError,
            "of a reduce must have 1 input or more, got 0$",
        ),
        (lambda: ao.map(counting), TypeError, "map: counting must return numbers, got a generator or a coroutine"),
        (
            lambda: ao.map(one, dtypes=None),
            TypeError,
            "one: dtypes must be given as dtypes or their names, got NoneType",
        ),
        (lambda: ao.map(one, dtypes=[3]), TypeError, "one: dtypes must be given as dtypes or their names, got int 3"),
        (
            lambda: ao.map(one, result=("bool",)),
            TypeError,
            "one: result must be given as dtypes or their names, got tu",
        ),
        (lambda: ao.map(one, result={"int64": "bool"}), ValueError, "one: result must be given for some of its dty"),
        (lambda: ao.zip(two, bool_inputs=("x", "y")), ValueError, "bool_inputs and fixed must leave an input whose"),
        (lambda: ao.zip(two, fixed={"z": "int64"}), ValueError, "bool_inputs and fixed must name some of .*, got 'z'"),
        (
            lambda: ao.zip(two, defaults={"z": 1}),
            ValueError,
            "two: defaults must name some of the inputs x, y, got 'z'",
        ),
        (lambda: ao.zip(two, defaults={"x": 1}), ValueError, "two: defaults must be of the last inputs of x, y, got x"),
        (lambda: ao.zip(two, defaults={"x": 1, "y": 1}), ValueError, "two: defaults must leave an input whose dtype"),
        (lambda: ao.reduce(two, identity="0"), TypeError, "two: identity must be a number, or a dict .*, got str '0'"),
        (lambda: ao.reduce(two, identity=ao.ones(())), TypeError, "two: identity must be a number.*, got Tensor"),
        (
            lambda: ao.reduce(two, identity={"int64": 0}, dtypes="bool"),
            ValueError,
            "identity must be given for some of its dtypes, bool, got int64",
        ),
        (lambda: ao.reduce(two, identity=0.5, dtypes="int64"), ValueError, "must fit int64, got float 0.5"),
        (
            lambda: ao.reduce(two, identity=math.inf, dtypes="int64"),
            ValueError,
            "must fit int64, got float inf",
        ),
        (
            lambda: ao.reduce(two, identity=2**63, dtypes="int64"),
            ValueError,
            "must fit int64, got int 9223372036854775808",
        ),
        (lambda: ao.reduce(two, identity=2, dtypes="bool"), ValueError, "must fit bool, got int 2"),
        (lambda: ao.map(one, dtypes="float16"), ValueError, "one: dtypes must be some of .*, got 'float16'"),
        (lambda: ao.map(one, dtypes=()), ValueError, "one: dtypes must be distinct and at least one"),
        (lambda: ao.map(one, dtypes=("int64", "int64")), ValueError, "one: dtypes must be distinct"),
        (lambda: ao.map(one, result="float16"), ValueError, "one: result must be some of .*, got 'float16'"),
        (lambda: ao.zip(two, bool_inputs=("z",)), ValueError, "two: bool_inputs and fixed must name some"),
        (lambda: ao.reduce(one, identity=0.0), ValueError, "one: function must combine 2 values, .* of 1; .* as map="),
        (lambda: ao.scan(one, identity=0.0), ValueError, "one: function must combine 2 values, got a function of 1$"),
        (
            lambda: ao.argreduce(one, initial=0.0),
            ValueError,
            "one: function must combine 2 values, got a function of 1$",
        ),
        (lambda: ao.reduce(two), ValueError, "two: identity must be given, or initial, got neither"),
        (lambda: ao.reduce(two, identity={"float32": 0}), ValueError, "two: identity must have a value for each of"),
        (lambda: ao.reduce(two, identity=0.0, map=abs), TypeError, "reduce: map must be .*; write lambda x: abs"),
        (lambda: ao.reduce(two, identity=0.0, map=3), TypeError, "reduce: map must be .*, got int 3$"),
        (lambda: ao.map(one, dtypes=np.float16), ValueError, "one: dtypes must be some of .*, got float16$"),
        (
            lambda: ao.zip(with_out),
            ValueError,
            "with_out: the names of inputs must not be those of arguments .*, got out",
        ),
        (lambda: ao.reduce(two, identity=0.0, map=with_axis), ValueError, "two: the names of inputs .*, got axis"),
        (
            lambda: ao.zip(eval(f"lambda {', '.join(f'x{k}' for k in range(MAX_OPERANDS))}: x0")),
            ValueError,
            "<lambda>: inputs and results must be at most 16",
        ),
        (lambda: ao.map(one).derivative(one), ValueError, "one: derivative must take 3 values, x, the output"),
        (lambda: ao.map(one).derivative(math.sin), TypeError, "derivative: function must be a Python function"),
        (
            lambda: returns_bool().derivative(lambda x, y, g: g),
            ValueError,
            "one: the operator of a derivative must have inputs and a result of one dtype of .*, got float32 to bool",
        ),
        (
            lambda: ao.argreduce(two, initial=0.0).derivative(lambda x, y, g: g),
            ValueError,
            "two: the operator of a derivative must be a map, a zip, a reduction or a scan, got argreduce",
        ),
        (lambda: ao.map(one).derivative(ao.ones(1)), TypeError, "one has no derivative; declare it with @one.deriv"),
        (lambda: ao.less.derivative, AttributeError, "less has no derivative"),
    ],
)
def test_declarations_that_contradict_themselves_are_rejected(
    action: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        action()


def test_a_second_derivative_is_rejected() -> None:
    operator = ao.map(one)
    operator.derivative(lambda x, y, g: g)
    with pytest.raises(TypeError, match="an array or lists of numbers, got function"):
        operator.derivative(lambda x, y, g: g, 1.0, 1.0)


# --- errors of calls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("gelu()", TypeError, r"gelu\(\) takes 1 positional argument \(x\), got 0"),
        ("gelu(x, x)", TypeError, r"gelu\(\) takes 1 positional argument \(x\), got 2"),
        ("inside(x, 0.0)", TypeError, r"inside\(\) takes 3 positional arguments \(x, lo, hi\), got 2"),
        ("inside(x, 0.0, low=1.0)", TypeError, "unexpected keyword argument 'low'; it takes x, lo, hi, out"),
        (
            "gelu('x')",
            TypeError,
            r"gelu: x must be a Tensor, .*, got str 'x'",
        ),
        ("root(x)", TypeError, "root: n must be of one of the dtypes int64, got float64"),
        ("largest(x32.T, 2)", ao.AxisError, "largest: axis must be from -2 to 1 for a tensor of 2 dimensions, got 2"),
        ("total({1.0})", TypeError, "total: x must be a Tensor"),
        ("total(x, dtype='bool')", TypeError, "total: dtype must be one of float32, float64, got bool"),
        ("dot(x, ao.ones(7))", ValueError, r"dot: shapes must broadcast together, got x \(2, 3\), y \(7,\)"),
        ("gelu(x, out=ao.zeros(3))", ValueError, r"gelu: out must have the shape of the result \(2, 3\), got \(3,\)"),
        ("gelu(x, out=readonly)", ValueError, "out must be writable, got a read-only tensor"),
        (
            "gelu(x, out=ao.zeros((2, 3), dtype=ao.int64))",
            TypeError,
            "gelu: out must be able to hold a result of dtype",
        ),
        ("scaled_sum.derivative(x, x, x, x, x, out=x)", TypeError, "out must be a tuple of 3 Tensors.*, got Tensor"),
        ("scaled_sum.derivative(x, x, x, x, x, out=(x,))", TypeError, "out must be a tuple of 3 .*, got a tuple of 1"),
        ("scaled_sum.derivative(x, x, x, x, x, out=(x, 1, x))", TypeError, "out must be a tuple of Tensors, got int 1"),
    ],
)
def test_wrong_calls_are_the_right_errors(zoo: ModuleType, call: str, error: type[Exception], message: str) -> None:
    x = ao.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    names = {
        "ao": ao,
        "x": x,
        "x32": ao.astype(x, ao.float32),
        "readonly": ao.asarray(memoryview(bytes(48)).cast("d", (2, 3))),
    }
    with pytest.raises(error, match=message):
        eval(call, {**vars(zoo), **names})


@pytest.mark.parametrize(
    "call",
    [
        lambda operator: _native.bind(operator, object(), (("a", None),)),
        lambda operator: _native.bind(ao.add, object(), ()),
        lambda operator: _native.rename(ao.add, "x"),
        lambda operator: _native.set_fallback(3, print),
        lambda operator: _native.declare(None, "f", "x", (0,) * 7, (255,) * 4, ()),
        lambda operator: _native.declare(None, "f", "x", (0, 1, 1, 0, 0, 0, 0), (255,) * 4, ((9, None, None),)),
        lambda operator: _native.declare(None, "f", "x", (0, 99, 1, 0, 0, 0, 0), (255,) * 4, (((2, 2), None, None),)),
        lambda operator: _native.declare(None, "f", "x", (0, 1, 1, 0, 0, 0, 0), (255,) * 4, (((2, 7), None, None),)),
        lambda operator: _native.declare(None, "f", "x", (1, 1, 1, 0, 0, 0, 1), (255,) * 4, (((2, 2), None, None),)),
    ],
)
def test_the_native_functions_reject_nonsense(call: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        call(ao.map(one))


# --- errors of builds ---------------------------------------------------------------------------------------------


def build_fails(folder: Path, *specs: str) -> str:
    """What a build that fails says, without a traceback."""
    done = run("-m", "aotops", "build", *specs, cwd=folder, status=1)
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", "declares no operators"),
        ("1 / 0\n", "my_ops cannot be imported: ZeroDivisionError: division by zero"),
        ("import nothing_of_the_kind\n", "No module named 'nothing_of_the_kind'"),
        (
            "@ao.map\ndef f(x):\n    return x\n\n@ao.map\ndef f(x):\n    return -x\n",
            "two operators have the name f, in l",
        ),
        (
            "@ao.map\ndef f(x):\n    return undefined(x)\n",
            "f does not compile:\nf names undefined, which is not defined",
        ),
        (
            "@ao.map\ndef f(x):\n    assert x > 0\n    return x\n",
            "f has an assert; nothing is raised in kernels",
        ),
        (
            "@ao.zip\ndef f(x, y):\n    return x\n@f.derivative\ndef _(x, y, z, g):\n    return g, g, g\n",
            "It must return a tuple of 2 numbers, one for each result, and returns a tuple of 3",
        ),
        ("@ao.map(dtypes='float18')\ndef f(x):\n    return x\n", "got 'float18'"),
        ("s = ao.sum\nf = ao.map(lambda x: s(x))\n", "calls s, a reduction, which works on whole tensors"),
    ],
)
def test_builds_that_fail_say_why(tmp_path: Path, source: str, message: str) -> None:
    script(tmp_path, source)
    assert message in build_fails(tmp_path, "my_ops.py")
    assert not list(tmp_path.glob("_my_ops*"))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    script(tmp_path, SMALL)
    name = "_my_ops_aotops" + Path(_native.__file__).name.removeprefix("_native")
    (tmp_path / name).mkdir()  # in the way
    assert name in build_fails(tmp_path, "my_ops.py")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(f"{name}.")], "half a library is left"


def test_what_cannot_be_compiled_names_the_line(tmp_path: Path) -> None:
    path = script(tmp_path, "@ao.map\ndef f(x):\n    y = x + 1\n    return undefined(y)\n")
    assert f"{path}, line 6: return undefined(y)" in build_fails(tmp_path, "my_ops.py")
    done = run("-c", "import my_ops, aotops as ao; my_ops.f(ao.ones(1))", cwd=tmp_path, status=1)
    assert (
        "aotops.errors.BuildError: f does not compile:" in done.stderr and "line 6: return undefined(y)" in done.stderr
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nothing.py", "nothing.py: there is no such file in "),
        ("no_such_module", "no_such_module is no module that can be found"),
        ("json.no_such_module", "json.no_such_module is no module that can be found"),
        ("a-b", "a-b: this is neither a Python file nor the name of a module"),
        ("math", "math is no module of Python source"),
        (".", ".: this is a folder: name a Python file in it"),
    ],
)
def test_a_spec_that_is_no_module_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], spec: str, message: str
) -> None:
    from aotops.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["build", spec]) == 1
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("f = ao.reduce(lambda a, b: a - b, identity=0.0)\n", "the reduction is not associative: combining"),
        ("f = ao.reduce(lambda a, b: a + b, identity=1.0)\n", "the identity 1.0 changes -2.5 into -1.5"),
        ("f = ao.reduce(lambda a, b: (a + b) / 2, identity=0.0)\n", "the reduction is not associative: combining"),
        ("f = ao.reduce(lambda a, b: a * b, identity=1.0)\n", None),
        ("f = ao.reduce(lambda a, b: max(a, b), identity=-math.inf)\n", None),
        ("f = ao.reduce(lambda a, b: max(a, b), identity=0.0)\n", "the identity 0.0 changes -2.5 into 0.0"),
        ("f = ao.reduce(lambda a, b: max(a, b), identity=0.0, map=lambda x: abs(x))\n", None),
        ("f = ao.reduce(lambda a, b: a + b, identity=0.0, map=lambda x, y: x / y)\n", None),
        ("f = ao.reduce(lambda a, b: a - b, identity=0.0, map=lambda x, y: x * y)\n", "is not associative"),
    ],
)
def test_reductions_that_are_none_are_warned_of(tmp_path: Path, source: str, message: str | None) -> None:
    from aotops.aot.pack.modules import declared_records, load, target_of_file

    target = target_of_file(script(tmp_path, source, f"ops_{abs(hash(source))}.py"))
    if message is None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert [record.name for record in declared_records(load(target))] == ["f"]
    else:
        with pytest.warns(UserWarning, match=message):
            declared_records(load(target))


def test_development_warns_of_them_too() -> None:
    with pytest.warns(UserWarning, match="the reduction is not associative"):
        ao.reduce(lambda a, b: a - b, identity=0.0, dtypes="float64")(ao.ones(3))


@pytest.mark.slow
def test_a_second_build_compiles_only_what_has_changed(tmp_path: Path) -> None:
    path = script(tmp_path, "@ao.map\ndef f(x):\n    return x + 1\n\n@ao.map\ndef g(x):\n    return x - 1\n")
    assert "my_ops: 4 kernels for" in run("-m", "aotops", "build", "my_ops.py", cwd=tmp_path).stdout
    objects = set(tmp_path.glob("__pycache__/_my_ops_aotops/*.o"))
    assert objects
    path.write_text(path.read_text().replace("x - 1", "x - 2"))
    assert ", 2 compiled now" in run("-m", "aotops", "build", "my_ops.py", cwd=tmp_path).stdout
    now = set(tmp_path.glob("__pycache__/_my_ops_aotops/*.o"))
    assert objects < now, "objects of the function as it was are kept for a while"
    path.write_text("# a comment\n" + path.read_text())
    assert ", 0 compiled now" in run("-m", "aotops", "build", "my_ops.py", cwd=tmp_path).stdout
    done = run("-c", "import my_ops, aotops as ao; print(my_ops.g(5.0).item())", cwd=tmp_path, with_numba=False)
    assert done.stdout == "3.0\n"


# --- coming from Numba --------------------------------------------------------------------------------------------


def test_functions_that_numba_has_decorated_are_taken_as_they_are(tmp_path: Path) -> None:
    script(
        tmp_path,
        """
        import numpy as np
        from numba import njit, vectorize

        @njit(cache=True, fastmath=True)
        def softplus(x):
            return np.log1p(np.exp(-abs(x))) + max(x, 0.0)

        @njit
        def twice(x):
            return x + x

        @njit
        def shifted(x, by):
            return twice(x - by)

        @vectorize(["float64(float64)"])
        def cube(x):
            return x * x * x

        smooth = ao.map(softplus, dtypes="float64")
        shift = ao.zip(shifted, dtypes="float64")
        third = ao.map(cube, dtypes="float64")
        """,
    )
    run("-m", "aotops", "build", "my_ops.py", cwd=tmp_path)
    done = run(
        "-c",
        "import my_ops, aotops as ao, numpy as np\n"
        "x = np.linspace(-5, 5, 101)\n"
        "np.testing.assert_allclose(my_ops.smooth(ao.asarray(x)), np.logaddexp(x, 0), rtol=1e-14)\n"
        "np.testing.assert_allclose(my_ops.shift(ao.asarray(x), 1.5), 2 * (x - 1.5), rtol=1e-14)\n"
        "np.testing.assert_allclose(my_ops.third(ao.asarray(x)), x * x * x, rtol=1e-14)\n",
        cwd=tmp_path,
    )
    assert done.stderr == ""


# --- setuptools ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"modules": []}, "modules of .* must be a list of names"),
        ({"modules": "my_pkg.ops"}, "modules of .* must be a list of names"),
        ({"modules": ["my_pkg/ops.py"]}, "modules of .* must be a list of names"),
        ({"modules": [3]}, "modules of .* must be a list of names"),
        ({}, "modules of .* must be a list of names"),
        ({"module": ["my_pkg.ops"]}, "takes only modules, got module"),
        ([], "takes only modules, got something else than a table"),
    ],
)
def test_a_wrong_table_in_pyproject_is_rejected(table: Any, message: str) -> None:
    from aotops.aot.pack.setuptools_hook import checked

    with pytest.raises(ao.BuildError, match=message):
        checked(table)


REQUIRES = '[build-system]\nrequires = ["aotops[build]"]\n'


def distribution_in(folder: Path, monkeypatch: pytest.MonkeyPatch, pyproject: str | None) -> Any:
    """What the hook makes of a project."""
    from setuptools import Distribution

    from aotops_setuptools import finalize

    empty = folder / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)  # where an installed hook, which runs by itself, finds nothing
    distribution = Distribution({"name": "project"})
    monkeypatch.chdir(folder)
    if pyproject is not None:
        (folder / "pyproject.toml").write_text(pyproject)
    finalize(distribution)
    return distribution


@pytest.mark.parametrize("pyproject", [None, "", "[project]\nname = 'x'\n", "[tool.other]\nx = 1\n", "not toml"])
def test_other_projects_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pyproject: str | None) -> None:
    distribution = distribution_in(tmp_path, monkeypatch, pyproject)
    assert not distribution.ext_modules and "build_ext" not in distribution.cmdclass
    assert not distribution.has_ext_modules()


def test_a_module_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution = distribution_in(tmp_path, monkeypatch, f"{REQUIRES}[tool.aotops]\nmodules = ['my_pkg.ops']\n")
    from setuptools.errors import SetupError

    assert distribution.has_ext_modules()
    assert distribution.get_option_dict("bdist_wheel")["py_limited_api"][1] == "cp311"
    with pytest.raises(SetupError, match=r"has the module my_pkg\.ops, and there is no .*my_pkg.ops\.py"):
        distribution.get_command_obj("build_ext").ensure_finalized()


def test_the_extension_lies_beside_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("my_pkg/__init__.py", "my_pkg/ops.py", "my_pkg/sub/__init__.py", "single.py"):
        script(tmp_path, SMALL, name)
    table = f"{REQUIRES}[tool.aotops]\nmodules = ['my_pkg.ops', 'my_pkg.sub', 'my_pkg', 'single']\n"
    distribution = distribution_in(tmp_path, monkeypatch, table)
    distribution.get_command_obj("build_ext").ensure_finalized()
    assert [extension.name for extension in distribution.ext_modules] == [
        "my_pkg._ops_aotops",
        "my_pkg.sub.___init___aotops",
        "my_pkg.___init___aotops",
        "_single_aotops",
    ]
    assert library_name("my_pkg/ops.py") == "_ops_aotops"
