"""How large kernels become, how long they take is told, and what compiling leaves alone."""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aotops as ao

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="compiling kernels takes Numba, which is not installed here"
)

KB = 1024


def of_source(source: str, **names: Any) -> Any:
    namespace: dict[str, Any] = {"ao": ao, "math": math, "__name__": "made_up", **names}
    exec(source, namespace)
    return namespace["f"]


def newton(turns: int) -> str:
    return (
        "@ao.zip\n"
        "def f(e, m):\n"
        "    x = m\n"
        f"    for _ in range({turns}):\n"
        "        x = x - (x - e * math.sin(x) - m) / (1 - e * math.cos(x))\n"
        "    return x\n"
    )


NEST = (
    "@ao.map\ndef f(x):\n    for i in range({0}):\n        for j in range({0}):\n            for k in range({0}):\n"
    "                x = math.sin(x + i * 0.5 + j * 0.25 + k)\n    return x\n"
)
STRAIGHT = (
    "@ao.map\ndef f(x):\n    y = 0.0\n"
    + "".join(f"    y += math.sin(x * {k}.5) + math.exp(-x * {k}.25)\n" for k in range(20))
    + "    return y\n"
)
PRISM = """
def corner(x, y, z):
    r = math.sqrt(x * x + y * y + z * z)
    return x * math.log(y + r) + y * math.log(x + r) - z * math.atan2(x * y, z * r)


def attraction(density, x1, x2, y1, y2, z1, z2, px, py, pz):
    a, b, c, d, e, g = x1 - px, x2 - px, y1 - py, y2 - py, z1 - pz, z2 - pz
    return density * (
        corner(b, d, g) - corner(a, d, g) - corner(b, c, g) + corner(a, c, g)
        - corner(b, d, e) + corner(a, d, e) + corner(b, c, e) - corner(a, c, e)
    )


f = ao.reduce(lambda a, b: a + b, identity=0.0, map=attraction)
"""
GRADIENT = (
    "@ao.zip\ndef f(a, b, c, d, e, g):\n    return math.sin(a * b) * math.exp(c * d) + e * g ** a\n"
    "@f.derivative\ndef _(a, b, c, d, e, g, y, h):\n"
    "    return " + ", ".join(f"math.sin({name}) * math.pow(a, {name}) * h" for name in "abcdeg") + "\n"
)
LOGADDEXP = (
    "@ao.reduce(identity=-math.inf)\ndef f(a, b):\n    m, n = (a, b) if a > b else (b, a)\n"
    "    return m + math.log1p(math.exp(n - m))\n"
)


def size_of(operator: Any, dtypes: tuple[str, ...], gradient: bool = False) -> int:
    """The bytes of all objects of an operator: of all its kernels for some dtypes, for all levels."""
    from aotops.aot import compiler
    from aotops.aot.back.levels import levels
    from aotops.aot.front.specialise import specialise
    from aotops.aot.pack.kernels import record_kernels

    record = operator._record.gradient if gradient else operator._record
    total = 0
    for kernel in record_kernels(record):
        if kernel.dtype not in dtypes:
            continue
        bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), kernel.symbol, compiler.KERNEL)
        total += sum(len(compiler.emit_object(bitcode, kernel.symbol, level, kernel.widest)) for level in levels())
    return total


@pytest.mark.parametrize(
    ("source", "most"),
    [
        pytest.param(newton(9), 110, marks=pytest.mark.slow),
        pytest.param(newton(60), 75, marks=pytest.mark.slow),
        pytest.param(NEST.format(2), 75, marks=pytest.mark.slow),
        (NEST.format(4), 100),
        # x86-64-v3 computes two vectors in an iteration; each of 20 exponentials has a branch for results that are
        # subnormal, and one for those that are infinite: 319 KB
        pytest.param(STRAIGHT, 325, marks=pytest.mark.slow),
        pytest.param(PRISM, 225, marks=pytest.mark.slow),
        pytest.param(LOGADDEXP, 325, marks=pytest.mark.slow),
    ],
    ids=["kepler 9", "kepler 60", "nest 2", "nest 4", "40 functions", "prism", "logaddexp"],
)
def test_objects_stay_small(source: str, most: int) -> None:
    """Without a bound, they take twice as much and more, and the prism 10 GB of memory."""
    assert size_of(of_source(source), ("float64",)) <= most * KB


@pytest.mark.slow
def test_all_kernels_of_kepler_s_equation_stay_small() -> None:
    """1520 KB without a bound; a third is fused multiply-adds that x86-64-v2 emulates."""
    assert size_of(of_source(newton(8)), ("float32", "float64")) <= 270 * KB


@pytest.mark.slow
def test_derivatives_of_many_inputs_stay_small() -> None:
    assert size_of(of_source(GRADIENT), ("float64",), gradient=True) <= 300 * KB


def bitcode_of(operator: Any, dtype: str = "float64") -> str:
    """The code of a kernel as LLVM gets it, as text."""
    import llvmlite.binding as llvm

    from aotops.aot import compiler
    from aotops.aot.front.specialise import specialise
    from aotops.aot.pack.kernels import record_kernels

    kernel = next(each for each in record_kernels(operator._record) if each.dtype == dtype)
    bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), kernel.symbol, compiler.KERNEL)
    return str(llvm.parse_bitcode(bitcode))


def test_short_loops_are_unrolled_by_size_and_not_by_count() -> None:
    """Forty cheap steps are, with a function in them too; of eight steps with a sine the fast path is."""
    cheap = of_source(
        "def step(y, x):\n    return 0.5 * (y + x / y)\n"
        "@ao.map\ndef f(x):\n    y = x\n    for _ in range(40):\n        y = step(y, x)\n    return y\n"
    )
    assert "unroll.full" in unrolled_branches(bitcode_of(cheap))
    assert "unroll.full" in unrolled_branches(bitcode_of(of_source(newton(8))))
    assert "unroll.full" not in unrolled_branches(bitcode_of(of_source(newton(60))))


def unrolled_branches(text: str) -> str:
    """The metadata of loops that a branch refers to."""
    used = set(re.findall(r"br .*!llvm\.loop !(\d+)", text))
    lines = dict(re.findall(r"^!(\d+) = distinct !\{!\d+, !(\d+)\}", text, re.MULTILINE))
    kinds = dict(re.findall(r'^!(\d+) = !\{!"llvm\.loop\.(\S+?)"', text, re.MULTILINE))
    return " ".join(kinds.get(lines.get(each, ""), "") for each in used)


def test_kernels_of_large_functions_have_the_right_values() -> None:
    """In one loop over copies: every pattern of steps, length and rare element gives what a small kernel gives."""
    solve = of_source(newton(8))
    eccentricity, anomaly = np.linspace(0.0, 0.7, 300), np.linspace(-3.0, 3.0, 300)
    anomaly[7], anomaly[250] = 1e9, math.inf

    def expected(e: Any, m: Any) -> Any:
        x = m + 0 * e
        with np.errstate(all="ignore"):
            for _ in range(8):
                x = x - (x - e * np.sin(x) - m) / (1 - e * np.cos(x))
        return x

    whole = np.asarray(solve(ao.asarray(eccentricity), ao.asarray(anomaly)))
    near = np.abs(anomaly) < 1e8
    np.testing.assert_allclose(whole[near], expected(eccentricity, anomaly)[near], rtol=1e-12, atol=1e-14)
    for start, step in itertools.product((0, 1, 5), (1, 2, -1)):
        for length in (1, 2, 15, 16, 17, 100, 128, 129):
            index = slice(start, start + length * step, step) if step > 0 else slice(start + length, start, -1)
            e, m = eccentricity[index], anomaly[index]
            part = np.asarray(solve(ao.asarray(eccentricity)[index], ao.asarray(anomaly)[index]))
            np.testing.assert_array_equal(part, whole[index])
            fixed = np.asarray(solve(float(e[0]), ao.asarray(anomaly)[index]))
            np.testing.assert_array_equal(fixed, np.asarray(solve(ao.asarray(np.full(len(m), e[0])), ao.asarray(m))))
    out = ao.asarray(anomaly.copy())
    np.testing.assert_array_equal(np.asarray(solve(ao.asarray(eccentricity), out, out=out)), whole)
    table = ao.asarray(np.resize(anomaly, (20, 15)))
    flat = np.asarray(solve(0.5, table))
    np.testing.assert_array_equal(np.asarray(solve(0.5, table.T)), flat.T)


@pytest.mark.slow
def test_reductions_of_large_functions_have_the_right_values() -> None:
    attract = of_source(PRISM)
    rng = np.random.default_rng(3)
    lows, highs = rng.uniform(0, 1, (3, 700)), rng.uniform(2, 3, (3, 700))
    inputs = [rng.uniform(1, 2, 700)]
    for low, high in zip(lows, highs, strict=True):
        inputs += [low, high]

    def corner(x: Any, y: Any, z: Any) -> Any:
        r = np.sqrt(x * x + y * y + z * z)
        return x * np.log(y + r) + y * np.log(x + r) - z * np.arctan2(x * y, z * r)

    density, *edges = inputs
    a, b, c, d, e, g = (edge + 5.0 for edge in edges)
    terms = corner(b, d, g) - corner(a, d, g) - corner(b, c, g) + corner(a, c, g)
    terms = density * (terms - corner(b, d, e) + corner(a, d, e) + corner(b, c, e) - corner(a, c, e))
    tensors = [ao.asarray(each) for each in inputs]
    np.testing.assert_allclose(float(attract(*tensors, -5.0, -5.0, -5.0)), terms.sum(), rtol=1e-9)
    rows = [each.reshape((7, 100)) for each in tensors]
    for axis in (0, 1):
        np.testing.assert_allclose(
            np.asarray(attract(*rows, -5.0, -5.0, -5.0, axis=axis)), terms.reshape(7, 100).sum(axis=axis), rtol=1e-9
        )


# --- what compiling leaves alone ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("compiling")
def test_numba_s_configuration_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other threads that use Numba would compile without optimisation meanwhile."""
    import warnings

    from numba.core import config

    from aotops.aot.back import sizes
    from aotops.aot.pack import jit

    seen = []

    def look(*arguments: Any) -> Any:
        seen.append((config.OPT, list(warnings.filters)))
        return original(*arguments)

    original = sizes.Sizes.__init__
    before = (config.OPT, list(warnings.filters))
    monkeypatch.setattr(sizes.Sizes, "__init__", look)
    ao.map(lambda x: x * 3, dtypes="float64")(1.0)
    assert seen and all(each == before for each in seen)
    assert not hasattr(jit, "config")


@pytest.mark.usefixtures("compiling")
def test_numba_s_lock_is_free_while_llvm_optimises(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core.compiler_lock import global_compiler_lock

    from aotops.aot import compiler

    original, held = compiler.emit_object, []

    def emit(*arguments: Any) -> bytes:
        held.append(global_compiler_lock.is_locked())
        return original(*arguments)

    monkeypatch.setattr(compiler, "emit_object", emit)
    ao.map(lambda x: x * 4, dtypes="float64")(1.0)
    assert held == [False]


@pytest.mark.usefixtures("compiling")
def test_numba_users_beside_are_optimised() -> None:
    import numba

    ao.map(lambda x: x * 5, dtypes="float64")(1.0)

    @numba.njit
    def total(values: Any) -> Any:
        result = 0
        for value in values:
            result += value
        return result

    assert total(np.arange(10)) == 45
    (assembly,) = total.inspect_asm().values()
    assert "mm" in assembly, "a sum of integers is not in vectors"


# --- development --------------------------------------------------------------------------------------------------

MODULE = "import aotops as ao\nimport math\n\n@ao.map(dtypes='float64')\ndef f(x):\n    return math.exp(x) * 2.0\n"
SCRIPT = (
    "import sys, os\nimport aotops as ao, my_module\nprint(float(my_module.f(0.0)))\n"
    "print('numba' in sys.modules, file=sys.stderr)\n"
)


def start(folder: Path, script: str, **environment: str) -> subprocess.Popen[str]:
    names = {name: value for name, value in os.environ.items() if name not in ("AOTOPS_JIT_CACHE", "PYTHONPATH")}
    names.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**names, "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder / "home"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, script: str = SCRIPT, **environment: str) -> tuple[str, str]:
    process = start(folder, script, **environment)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "my_module.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


def test_a_second_process_compiles_nothing(module: Path) -> None:
    out, err = run(module)
    assert out == "2.0\n" and "compiled now in" in err and err.endswith("True\n")
    out, err = run(module)
    assert out == "2.0\n" and "compiled by an earlier process" in err and err.endswith("False\n")
    (kept,) = (module / "__pycache__" / "_my_module_aotops").glob("*.jit")
    # another function of the same name is not taken for it
    (module / "my_module.py").write_text(MODULE.replace("2.0", "3.0"), encoding="utf-8")
    out, err = run(module)
    assert out == "3.0\n" and "compiled now in" in err
    assert kept.exists()
    # what is no longer whole is compiled again
    for path in kept.parent.glob("*.jit"):
        path.write_bytes(path.read_bytes()[:-100])
    out, err = run(module)
    assert out == "3.0\n" and "compiled now in" in err
    assert run(module)[1].endswith("False\n")
    assert not list(kept.parent.glob(".jit-*")), "half a file is left"


def test_where_nothing_can_be_kept_beside_the_module_the_user_s_cache_serves(module: Path) -> None:
    (module / "__pycache__").write_text("", encoding="utf-8")  # in the way
    assert "compiled now in" in run(module, PYTHONDONTWRITEBYTECODE="1")[1]
    if sys.platform == "linux":
        assert list((module / "cache" / "aotops").glob("*.jit"))
    assert "compiled by an earlier process" in run(module)[1]
    assert "compiled now in" in run(module, AOTOPS_JIT_CACHE="0")[1]


@pytest.mark.slow
def test_processes_that_compile_at_once_do_not_disturb_each_other(module: Path) -> None:
    processes = [start(module, SCRIPT) for _ in range(3)]
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert out == "2.0\n"
    assert run(module)[1].endswith("False\n")


def test_old_versions_are_not_kept_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aotops.aot.pack import jit_cache

    monkeypatch.setenv("AOTOPS_JIT_CACHE", str(tmp_path))
    for k in range(20):
        jit_cache.keep(None, "aot_f_float64", f"{k:032x}", b"object")
        jit_cache.keep(None, "aot_f_float32", f"{k:032x}", b"object")
    assert len(list(tmp_path.iterdir())) == 2 * jit_cache.KEPT
    assert jit_cache.find(None, "aot_f_float64", f"{19:032x}") == b"object"
    assert jit_cache.find(None, "aot_f_float64", f"{20:032x}") is None


@pytest.mark.usefixtures("compiling")
def test_threads_that_meet_at_a_first_call_compile_once(capfd: pytest.CaptureFixture[str]) -> None:
    operator = of_source("@ao.map(dtypes='float64')\ndef f(x):\n    return math.exp(x) + 1.0\n")
    barrier, results = threading.Barrier(4), []

    def call() -> None:
        barrier.wait()
        results.append(float(operator(0.0)))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2.0] * 4
    assert capfd.readouterr().err.count("compiled now") == 1


@pytest.mark.usefixtures("compiling")
def test_an_interrupted_compilation_leaves_nothing_half_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from aotops.aot import compiler

    operator = of_source("@ao.map(dtypes='float64')\ndef f(x):\n    return math.sin(x) + 1.0\n")

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    for name in ("emit_object", "inlined"):
        with monkeypatch.context() as patched:
            patched.setattr(compiler, name, interrupt)
            with pytest.raises((KeyboardInterrupt, ao.BuildError)):
                operator(0.0)
    assert float(operator(0.0)) == 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_another_thread_compiles_does_not_hang_the_child(module: Path) -> None:
    script = (
        "import os, sys, threading, time\n"
        "import aotops as ao, my_module\n"
        "from aotops.aot import compiler\n"
        "inside, original = threading.Event(), compiler.emit_object\n"
        "def emit(*arguments):\n"
        "    inside.set()\n"
        "    time.sleep(0.5)\n"
        "    return original(*arguments)\n"
        "compiler.emit_object = emit\n"
        "g = ao.map(lambda x: x + 1.0, dtypes='float64')\n"
        "thread = threading.Thread(target=my_module.f, args=(0.0,))\n"
        "thread.start()\n"
        "inside.wait()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if (float(my_module.f(0.0)), float(g(1.0))) == (2.0, 2.0) else 1)\n"
        "thread.join()\n"
        "for _ in range(1200):\n"
        "    done, status = os.waitpid(child, os.WNOHANG)\n"
        "    if done:\n"
        "        print(os.waitstatus_to_exitcode(status))\n"
        "        break\n"
        "    time.sleep(0.1)\n"
        "else:\n"
        "    os.kill(child, 9)\n"
        "    print('hangs')\n"
    )
    assert run(module, script)[0] == "0\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("seconds", [*(pytest.param(each, marks=pytest.mark.slow) for each in (0.05, 0.8)), 0.3])
def test_a_fork_at_any_moment_of_a_first_compilation(module: Path, seconds: float) -> None:
    # nothing is imported before, so that the compiler's own imports register what waits for forks meanwhile
    script = (
        "import os, threading, time\n"
        "import aotops as ao, my_module\n"
        "thread = threading.Thread(target=my_module.f, args=(0.0,))\n"
        "thread.start()\n"
        f"time.sleep({seconds})\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if float(my_module.f(0.0)) == 2.0 else 1)\n"
        "thread.join()\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert run(module, script)[0] == "0\n"


# --- kernels that take long ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("compiling")
def test_a_kernel_that_takes_long_is_named_while_it_is_compiled(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from aotops.aot import compiler
    from aotops.aot.pack import watch

    monkeypatch.setattr(watch, "LONG", 0.0)
    monkeypatch.setattr(watch, "PAUSE", 0.01)
    named = threading.Event()
    original = compiler.emit_object

    def emit(*arguments: Any) -> bytes:
        named.wait(1)
        return original(*arguments)

    monkeypatch.setattr(compiler, "emit_object", emit)
    of_source("@ao.map(dtypes='float64')\ndef f(x):\n    return x + 7.0\n")(1.0)
    lines = re.findall(r"aotops: still compiling f float64: \d+ s.*", capfd.readouterr().err)
    assert lines
    if sys.platform == "linux":
        assert "GB of memory" in lines[0]


def test_memory_is_a_reason_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from aotops.aot.pack import watch

    used = {1: 100, 2: 100}
    monkeypatch.setattr(watch, "memory_of", lambda process: used[process])
    now = [0.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    watched = watch.Watch()
    watched.begin(1, "f float32")
    watched.begin(2, "g float32")
    now[0] = 1.0
    assert watched.slow() == []
    used[1] = 100 + watch.LARGE
    assert watched.slow() == ["still compiling f float32: 1 s, 1.0 GB of memory"]
    assert watched.slow() == []
    now[0] = 20.0
    assert [line.split(":")[0] for line in watched.slow()] == ["still compiling f float32", "still compiling g float32"]
    watched.end(1)
    now[0] = 41.0
    assert [line.split(":")[0] for line in watched.slow()] == ["still compiling g float32"]


def test_a_build_names_kernels_that_take_long(
    module: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The parent looks at its workers."""
    from aotops.aot.pack import build, watch
    from aotops.aot.pack.extension import build_in_place
    from aotops.aot.pack.modules import target_of_file

    monkeypatch.setattr(watch, "LONG", 0.0)
    monkeypatch.setattr(build, "PAUSE", 0.01)
    monkeypatch.syspath_prepend(module)
    build_in_place(target_of_file(module / "my_module.py"))
    assert "still compiling f float64: " in capfd.readouterr().out


def test_a_worker_that_is_ended_is_an_error_with_the_kernel_s_name(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aotops.aot.pack import build, watch
    from aotops.aot.pack.extension import build_in_place
    from aotops.aot.pack.modules import target_of_file

    monkeypatch.setattr(build, "PAUSE", 0.01)
    monkeypatch.syspath_prepend(module)

    def end(self: Any, process: int, what: str) -> None:
        original(self, process, what)
        os.kill(process, 9)

    original = watch.Watch.begin
    monkeypatch.setattr(watch.Watch, "begin", end)
    with pytest.raises(ao.BuildError, match=r"was ended while it compiled f float64\. If memory ran out"):
        build_in_place(target_of_file(module / "my_module.py"))
