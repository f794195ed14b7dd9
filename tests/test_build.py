"""The build: what recompiles when, what its errors say, what object files and the extension hold, and the layers."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.metadata
import inspect
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import textwrap
import time
import tomllib
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from needs import ONE_JOB, PACKAGE, PROJECT, copy_package, requires_numba, requires_source

import aotops as ao
from aotops import _native, abi, ops
from aotops.aot.back.levels import levels
from aotops.aot.pack import build
from aotops.aot.pack.fingerprint import fingerprint
from aotops.aot.pack.kernels import PLANNERS, all_kernels, combine_symbol, kernel_symbol, record_kernels
from aotops.aot.pack.stubs import stubs
from aotops.aot.pack.table import table_source
from aotops.encode import dtype_code
from aotops.intrinsics import Signature
from aotops.loops.argreduce import argreduce
from aotops.loops.copy import copy, first
from aotops.loops.elementwise import elementwise
from aotops.loops.reduce import reduce
from aotops.loops.scan import scan
from aotops.ops.record import ALL, FLOATS, NUMBERS, Record, RecordError
from aotops.ops.record import argreduce as declare_argreduce
from aotops.ops.record import map as declare_map
from aotops.ops.record import reduce as declare_reduce
from aotops.ops.record import scan as declare_scan
from aotops.ops.record import zip as declare_zip
from aotops.user import declare

RECORDS = ops.collect()

needs_nm = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("nm") is None, reason="needs Linux and the program nm of the binutils"
)


# --- fingerprints -------------------------------------------------------------------------------------------------

SCALAR = """
    import math
    from aotops.intrinsics import rint, select

    FACTOR = 0.5
    TABLE = (1.0, 2.0)

    def helper(x):
        return math.fabs(x) * FACTOR

    def scalar(x, y=2.0):
        return select(x > 0.0, helper(x) + y, rint(x)) - TABLE[0]
"""


def scalar_of(source: str) -> Callable[..., Any]:
    """The function ``scalar`` that some source defines."""
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(source), "made up", "exec"), names)
    return names["scalar"]


def edited(old: str, new: str) -> str:
    """``SCALAR`` with something exchanged."""
    assert SCALAR.count(old) == 1
    return SCALAR.replace(old, new)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(edited("FACTOR = 0.5", "# why\n    FACTOR = 0.5  # how much\n\n\n"), id="comments and places"),
        pytest.param(
            edited("def scalar(x, y=2.0):", 'def scalar(x, y=2.0):\n        """What it is."""'), id="docstring"
        ),
        pytest.param(edited("def helper(x):", 'def helper(x):\n        """What it is."""'), id="a helper's docstring"),
        pytest.param(edited("def scalar(x, y=2.0):", "def scalar(x: int, y: float = 2.0) -> float:"), id="annotations"),
        pytest.param(edited("FACTOR = 0.5", "FACTOR = 0.25 * 2\n    UNUSED = 1"), id="another value"),
        pytest.param(edited("helper(x) + y", "(helper( x )+y)"), id="spelling"),
    ],
)
def test_fingerprints_are_equal_for_equal_code(source: str) -> None:
    assert fingerprint(scalar_of(source)) == fingerprint(scalar_of(SCALAR))


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(edited("+ y", "- y"), id="operation"),
        pytest.param(edited("x > 0.0", "x > 1.0"), id="constant"),
        pytest.param(edited("x > 0.0", "x > -0.0"), id="sign of zero"),
        pytest.param(edited("x > 0.0", "x > 0"), id="type of a constant"),
        pytest.param(edited("FACTOR = 0.5", "FACTOR = 0.25"), id="constant of a helper"),
        pytest.param(edited("math.fabs(x) * FACTOR", "FACTOR * math.fabs(x)"), id="helper"),
        pytest.param(edited("math.fabs", "math.sqrt"), id="function of a module"),
        pytest.param(edited("TABLE = (1.0, 2.0)", "TABLE = (1.5, 2.0)"), id="constant in a tuple"),
        pytest.param(edited("y=2.0", "y=3.0"), id="default"),
        pytest.param(edited("rint(x))", "x)"), id="an intrinsic less"),
        pytest.param(edited("import rint, select", "import square_root as rint, select"), id="another intrinsic"),
    ],
)
def test_fingerprints_change_with_the_code(source: str) -> None:
    assert fingerprint(scalar_of(source)) != fingerprint(scalar_of(SCALAR))


def test_fingerprints_see_what_functions_inside_refer_to() -> None:
    source = """
        FACTOR = 0.5
        def scalar(x):
            scale = lambda y: y * FACTOR
            return scale(x)
    """
    assert fingerprint(scalar_of(source)) == fingerprint(scalar_of(source + "\n"))
    assert fingerprint(scalar_of(source)) != fingerprint(scalar_of(source.replace("0.5", "0.25")))
    texts = ['def scalar(x):\n    return len("ab") * x', 'def scalar(x):\n    """It."""\n    return len("cd") * x']
    assert len({fingerprint(scalar_of(text)) for text in [*texts, texts[0].replace("ab", "abc")]}) == 3


def test_fingerprints_of_kernels_tell_loop_nest_and_dtypes_apart() -> None:
    scalar = scalar_of("def scalar(x, y):\n    return x + y")
    kernels = [
        elementwise(scalar, Signature(("float64", "float64"), "float64")),
        elementwise(scalar, Signature(("float32", "float32"), "float32")),
        elementwise(scalar, Signature(("float64", "float64"), "bool")),
        reduce(scalar, first, Signature(("float64",), "float64")),
        reduce(scalar, first, Signature(("float32",), "float32")),
        reduce(scalar, scalar, Signature(("float64", "float64"), "float64")),
        argreduce(scalar, Signature(("float64", "int64", "float64"), "int64")),
        scan(scalar, Signature(("float64", "float64"), "float64")),
        scan(scalar, Signature(("int64", "int64"), "int64")),
        copy(Signature(("float64",), "float64")),
        copy(Signature(("float32",), "float32")),
    ]
    assert len({fingerprint(kernel) for kernel in kernels}) == len(kernels)
    assert fingerprint(kernels[0]) == fingerprint(elementwise(scalar, Signature(("float64", "float64"), "float64")))
    assert fingerprint("float32", scalar) != fingerprint("float64", scalar)


def test_fingerprints_of_all_kernels_differ_and_are_the_same_in_every_process() -> None:
    script = """
        from aotops import ops
        from aotops.aot.pack.fingerprint import fingerprint
        from aotops.aot.pack.kernels import all_kernels
        for kernel in all_kernels(ops.collect().values()):
            print(kernel.symbol, fingerprint(kernel.symbol, kernel.dtype, kernel.function))
    """
    outputs = [run_python(script, {"PYTHONHASHSEED": seed, "PYTHONPATH": str(PACKAGE.parent)}) for seed in ("1", "2")]
    assert outputs[0].stdout == outputs[1].stdout
    prints = [line.split()[1] for line in outputs[0].stdout.splitlines()]
    assert len(set(prints)) == len(prints) == len(all_kernels(RECORDS.values()))


@requires_numba
def test_the_compiler_digest_covers_all_that_decides_about_machine_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    digests = [build.compiler_digest()]

    def changed() -> bool:
        digests.append(build.compiler_digest())
        monkeypatch.undo()
        return digests[-1] not in digests[:-1]

    assert not changed(), "a digest is the same each time"
    for name, value in (
        ("require_compiler", lambda: "numba 1, llvmlite 1, numpy 1"),
        ("levels", lambda: (*levels()[:-1], dataclasses.replace(levels()[-1], cpu="another"))),
    ):
        monkeypatch.setattr(build, name, value)
        assert changed(), name
    for module, name, value in (
        (ao, "__version__", "0.0"),
        (sys.modules["platform"], "python_version", lambda: "3.99.0"),
        (sys.modules["platform"], "machine", lambda: "another"),
        (sys.modules["llvmlite.binding"], "llvm_version_info", (1, 0, 0)),
    ):
        monkeypatch.setattr(module, name, value)
        assert changed(), name
    sources = build.compiler_sources()
    for number, path in enumerate(sources):
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes() + b"# changed")
        edited = [*sources[:number], copy, *sources[number + 1 :]]
        monkeypatch.setattr(build, "compiler_sources", lambda edited=edited: edited)
        assert changed(), path


@requires_numba
def test_the_compiler_digest_leaves_out_nothing_that_takes_part() -> None:
    """What a process has loaded after it has compiled a kernel of an operator that is a function of others."""
    script = """
        import sys
        from aotops import ops
        from aotops.aot import compiler
        from aotops.aot.pack import kernels
        from aotops.aot.front.specialise import specialise
        from aotops.aot.back.levels import levels
        kernel = next(k for k in kernels.record_kernels(ops.collect()["sigmoid"]))
        bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), kernel.symbol, compiler.KERNEL)
        compiler.emit_object(bitcode, kernel.symbol, levels()[0], kernel.widest)
        print(*[name for name in sys.modules if name.startswith("aotops.")])
    """
    loaded = set(run_python(script, {"PYTHONPATH": str(PACKAGE.parent)}).stdout.split())
    counted = {
        ".".join(["aotops", *path.relative_to(PACKAGE).with_suffix("").parts]) for path in build.compiler_sources()
    }
    assert {
        "aotops.aot.compiler",
        "aotops.aot.front.lowering",
        "aotops.intrinsics",
        "aotops.scalar.mathematics",
    } <= counted
    # records and loop nests are fingerprinted; the others make the module and its errors
    left = {name for name in loaded - counted if not f"{name}.".startswith(("aotops.ops.", "aotops.loops."))}
    rooms = {
        "aotops.aot",
        "aotops.aot.back",
        "aotops.aot.front",
        "aotops.aot.pack",
        "aotops.scalar",
    }  # docstrings alone
    # what of the facts about dtypes concerns a kernel is in its signature, and its loop nest in its fingerprint
    chosen = {"aotops.aot.pack.kernels", "aotops.aot.front.length"}
    assert left <= {"aotops._native", "aotops.abi", "aotops.errors", "aotops.dtypes", "aotops.threads"} | rooms | chosen


@requires_numba
def test_what_is_no_longer_used_is_deleted_after_two_weeks(tmp_path: Path) -> None:
    """Other Pythons' objects lie in the same folder, so that what one build has no use for may be wanted."""
    day = 86400
    kernels = all_kernels(RECORDS.values())[:1]
    assert build.compile_kernels(kernels, tmp_path, jobs=1).compiled == 1
    kept = list(tmp_path.iterdir())
    assert {path.suffix for path in kept} == {".o", ".json"}
    now = time.time()
    for name, age in (("another.o", 1), ("old.o", 15), ("interrupted.1234", 15)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now - age * day, now - age * day))
    for path in kept:
        os.utime(path, (now - 13 * day, now - 13 * day))
    assert build.compile_kernels(kernels, tmp_path).compiled == 0
    assert {path.name for path in tmp_path.iterdir()} == {"another.o", *(path.name for path in kept)}
    assert all(path.stat().st_mtime > now - day for path in kept), "what is used is kept for another two weeks"


def run_python(script: str, environment: dict[str, str] | None = None, *options: str) -> Any:
    """Run a script in a fresh interpreter; it must succeed."""
    command = [sys.executable, *options, "-c", textwrap.dedent(script)]
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done


# --- compiling, in a copy of the package that can be edited -------------------------------------------------------


class Workshop:
    """A copy of the package's Python files, and a cache of kernels beside it."""

    COMPILE = """
        import json, sys
        from pathlib import Path
        from aotops import ops
        from aotops.aot.pack import build
        from aotops.aot.pack import kernels

        chosen = [kernel for kernel in kernels.all_kernels(ops.collect().values()) if kernel.title in sys.argv[2:]]
        assert len(chosen) == len(sys.argv) - 2, f"of {sys.argv[2:]} there are only {chosen}"
        made, compiled, error = {}, None, None
        try:
            result = build.compile_kernels(chosen, Path(sys.argv[1]))
            titles = {kernel.symbol: kernel.title for kernel in chosen}
            made = {titles[symbol]: names for symbol, names in result.names.items()}
            compiled = result.compiled
        except build.BuildError as failure:
            error = str(failure)
        print()
        print(json.dumps({"made": made, "compiled": compiled, "error": error}))
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "aotops"
        self.cache = folder / "cache"
        copy_package(folder)

    def edit(self, file: str, old: str, new: str) -> None:
        """Exchange a text that occurs once."""
        path = self.package / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def compile(self, *titles: str) -> dict[str, Any]:
        """Compile kernels by their titles in a fresh interpreter."""
        command = [sys.executable, "-c", textwrap.dedent(self.COMPILE), str(self.cache), *titles]
        variables = {**os.environ, **ONE_JOB, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, capture_output=True, text=True, env=variables, cwd=self.folder, timeout=900, check=False
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


KERNELS = (
    "plan map",
    "plan fold",
    "plan scan",
    "convert bool to float32",
    "convert int64 to int64",
    "convert float64 to float64",
    "add int64",
    "add float64",
    "relu float64",
    "exp float32",
    "sum float64",
    "sum combine float64",
    "any int64",
    "_sum_of_squared_deviations float32",
    "argmax float64",
    "cumulative_sum float64",
    "where float32",
)
Made = dict[str, list[str]]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workshop, Made]:
    """A workshop in which some kernels of every kind have been compiled, and the C names of each for every level."""
    workshop = Workshop(tmp_path_factory.mktemp("workshop"))
    result = workshop.compile(*KERNELS)
    assert result["error"] is None
    made: Made = result["made"]
    assert set(made) == set(KERNELS)
    assert {len(names) for names in made.values()} == {len(levels())}
    assert result["compiled"] == len(KERNELS) - 1, "both copies of 8 bytes are compiled once"
    assert made["convert int64 to int64"] == made["convert float64 to float64"]
    return workshop, made


@pytest.mark.slow
@requires_numba
def test_only_what_has_changed_compiles_again(compiled: tuple[Workshop, Made]) -> None:
    workshop, made = compiled
    files = {path: path.stat().st_mtime_ns for path in workshop.cache.iterdir()}
    defined = {name for names in made.values() for name in names} - {"0"}  # planners have one level
    assert {path.stem for path in files if path.suffix == ".o"} == {name.removeprefix("aot_") for name in defined}
    assert {path.suffix for path in files} == {".o", ".json"}

    def compiled_again(before: Made) -> tuple[set[str], Made]:
        result = workshop.compile(*KERNELS)
        now: Made = result["made"]
        changed = {title for title in KERNELS if before[title] != now[title]}
        assert result["compiled"] == len(changed)
        return changed, now

    # nothing that matters
    workshop.edit("ops/arithmetic.py", '    """Sum of each pair', '    # a comment\n    """The sum of each pair')
    workshop.edit("loops/elementwise.py", "    run_row = row_gathered", "    # a comment\n    run_row = row_gathered")
    assert compiled_again(made) == (set(), made)
    assert {path: path.stat().st_mtime_ns for path in workshop.cache.iterdir()} == files
    # one record: its two kernels
    workshop.edit("ops/arithmetic.py", "    return x1 + x2\n", "    return x1 + x2 + x2\n")
    # a function that is combined in place of the elements: that reduction alone
    workshop.edit("ops/reduction.py", "    return x != 0\n", "    return x > 0\n")
    # what an argreduction chooses by, a function that the scalar function calls
    workshop.edit("ops/reduction.py", "select(b > a, b, a), NAN)", "select(b >= a, b, a), NAN)")
    # a constant in a function that a record's function calls
    workshop.edit("ops/float_arithmetic.py", "0.1666651964187622", "0.1666751964187622")
    # the loop nest of scans
    workshop.edit("loops/scan.py", "RUN = 64", "RUN = 32")
    changed, now = compiled_again(made)
    one_each = {"any int64", "argmax float64", "exp float32", "cumulative_sum float64"}
    assert changed == {"add int64", "add float64", *one_each}
    # the loop nest of reductions, whose lanes argreductions use
    workshop.edit("loops/reduce.py", "LANES = 64", "LANES = 32")
    changed, _ = compiled_again(now)
    assert changed == {"sum float64", "any int64", "_sum_of_squared_deviations float32", "argmax float64"}
    # everything as it was: all of it is still there
    shutil.rmtree(workshop.package)
    assert Workshop(workshop.folder).compile(*KERNELS)["compiled"] == 0


@requires_numba
def test_failures_name_operator_dtype_and_reason_all_together(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.edit("ops/arithmetic.py", "    return x1 + x2\n", "    return x1.colour + x2\n")
    workshop.edit("ops/activation.py", "    return select(x <= 0, 0, x)\n", '    return x + "a"\n')
    workshop.edit("ops/arithmetic.py", "    return -x\n", "    return negated(x)\n")
    workshop.edit("ops/exponential.py", "    return square_root(x)\n", "    return [x][0] if x else [x, x]\n")
    workshop.edit(
        "ops/arithmetic.py", "    return x1 * x2\n", "    if x1 == 0:\n        raise ValueError\n    return x1\n"
    )
    wrong = ("add int64", "add float64", "relu float32", "negative float64", "sqrt float64", "multiply int64")
    result = workshop.compile("maximum int64", *wrong)
    reasons: dict[str, list[str]] = {}
    for paragraph in result["error"].split("\n\n"):
        first, *rest = paragraph.splitlines()
        reasons[first.removesuffix(" does not compile:")] = rest
    expected = {
        "add": ("colour", "arithmetic.py"),  # of both dtypes
        "relu": ("+ of a number and a string", "activation.py"),
        "negative": ("negated", "arithmetic.py"),
        "sqrt": ("a list", "exponential.py"),
        "multiply": ("ValueError", "arithmetic.py"),
    }
    assert set(reasons) == set(expected), "every failure is reported once, and nothing else"
    for name, (what, file) in expected.items():
        reason, place = reasons[name]
        assert what in reason
        assert re.fullmatch(rf"  .*{file}, line \d+: .+", place)
    for noise in ("Traceback", "During", "nopython", "elementwise.py", "numba", "%", "dispatcher"):
        assert noise not in result["error"]
    # what does compile is kept all the same
    assert workshop.compile("maximum int64")["compiled"] == 0


@requires_numba
def test_lowerings_do_what_the_python_bodies_do() -> None:
    """Each intrinsic of one number, compiled, against its body in plain Python."""
    script = """
        import math
        __name__ = "aotops.intrinsics_of_the_test"  # whose functions may name tables
        from aotops.aot import compiler  # sets Numba's options before Numba is imported
        from aotops.aot.front.specialise import specialise
        import numba
        from aotops import intrinsics
        from aotops.intrinsics import *

        inf, nan = math.inf, math.nan
        table = Table((5, -(2**63), 2**63 - 1))
        floats = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -0.3, 7.0, 2.0**53 + 2, -1e300, 5e-324, inf, -inf, nan]
        integers = [0, 1, -1, 2**62, -(2**63), 0x3FF << 52]
        pairs = [(x, y) for x in floats for y in floats]
        cases = [
            (lambda x: rint(x), [(x,) for x in floats]),
            (lambda x: force_load(x), [(x,) for x in floats]),
            (lambda x: 1.0 if unlikely(x > 0.0) else x, [(x,) for x in floats]),
            (lambda x: shift_right(x, 52), [(x,) for x in integers if x >= 0]),
            (lambda x: square_root(x), [(x,) for x in floats]),
            (lambda x, k: scale_exponent(x, k), [(x, k) for x in (1.5, -1.0) for k in (0.0, -0.0, 3.0, 1023.0)]),
            (lambda x: widen(x), [(x,) for x in floats]),
            (lambda k: look_up(table, k), [(0,), (2,)]),
            (lambda x: wrap_int64(x), [(x,) for x in integers]),
            (lambda x: wrap_uint64(x), [(x,) for x in integers]),
            (lambda x: truncate(x), [(x,) for x in floats if abs(x) < 2.0**63]),
            (lambda x, y: divide(x, y), pairs),
            (lambda x, y: select(x < y, x, y), pairs),
            (lambda x: select(x > 0, 1, x), [(x,) for x in floats]),
            (lambda x: select(x > 0, x, False), [(x,) for x in integers]),
            (lambda x: bits_of_float64(x), [(x,) for x in floats if x == x]),
            (lambda x: float64_of_bits(x), [(x,) for x in integers]),
            (lambda x: bits_of_float32(x), [(x,) for x in floats if x == x and not 1e39 < abs(x) < inf]),
            (lambda x: float32_of_bits(x), [(x,) for x in (0, 1, -1, 0x7F << 23, -(2**31))]),
            # what has no result for LLVM gets one in the build's own pipeline: test_scalar_zoo
            (lambda x: integer(x), [(x,) for x in floats + integers if abs(x) < 2.0**63]),
            (lambda x, y: quotient(x, y), [(x, y) for x in integers for y in integers if y not in (0, -1)]),
            (lambda x: floor(x), [(x,) for x in floats]),
            (lambda x: ceil(x), [(x,) for x in floats]),
            (lambda x: integral_part(x), [(x,) for x in floats]),
            (lambda x, n: load_exponent(x, n), [(x, n) for x in floats for n in (0, 1, -1, 1100, -1100, 5000)]),
            (lambda x, y: next_after(x, y), pairs),
            (lambda x: narrow(x), [(x,) for x in floats + integers]),
        ]
        for function, inputs in cases:
            compiled = numba.njit(specialise(function, "float64"))
            for values in inputs:
                got, wanted = compiled(*values), function(*values)
                assert repr(float(got)) == repr(float(wanted)), (function.__code__.co_names, values, got, wanted)
        tested = {name for function, _ in cases for name in function.__code__.co_names if name != "table"}
        print(*sorted(tested))
    """
    done = run_python(script, {"PYTHONPATH": str(PACKAGE.parent)})
    text = (PACKAGE / "intrinsics.py").read_text(encoding="utf-8")
    one_number, _, _ = text.partition("# --- operands in memory")
    # compiled for a CPU level: test_fma, test_primitives
    primitives = {
        "fma",
        "scale",
        "limit",
        "exponent",
        "mantissa",
        "unscale",
        "look_up16",
        "look_up16_float32",
        "significand",
    }
    primitives |= {f"centred_{name}" for name in ("exponent", "mantissa", "unscale")}
    assert set(done.stdout.split()) | primitives == set(re.findall(r"^def ([a-z]\w+)", one_number, re.MULTILINE))


@pytest.mark.parametrize("missing", ["numba", "llvmlite", "numpy"])
def test_without_the_compiler_the_build_says_what_to_install(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(package: str) -> str:
        if package == missing:
            raise importlib.metadata.PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(build.BuildError) as caught:
        build.compile_kernels([], tmp_path / "cache")
    message = str(caught.value)
    assert f"{missing} is not installed" in message
    assert "pip install 'aotops[build]'" in message
    assert "prebuilt wheel" in message
    assert not list(tmp_path.iterdir())


@requires_numba
@pytest.mark.skipif(sys.platform == "win32", reason="Windows finds its compiler by other means than CC")
@requires_source
def test_without_a_c_compiler_the_build_says_what_to_install(tmp_path: Path) -> None:
    shutil.copytree(
        PROJECT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    )
    for path in PROJECT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import build_ext; build_ext.build_wheel('dist')"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "CC": "/nonexistent/compiler"},
        timeout=300,
        check=False,
    )
    assert done.returncode != 0
    message = done.stderr[done.stderr.index("error: ") :]
    assert message.startswith(
        "error: a C compiler is needed to link kernels into an extension, and there is no /nonexistent/"
    )
    for advice in ("apt install gcc", "dnf install gcc", "xcode-select --install", "prebuilt wheel"):
        assert advice in message
    assert "Traceback" not in message
    assert not list(tmp_path.glob("dist/*.whl"))
    assert not (tmp_path / "build" / "kernels").exists(), "kernels are not compiled in vain"


# --- records that contradict themselves ---------------------------------------------------------------------------


def one(x: Any) -> Any:
    """One."""
    return x


def two(x: Any, y: Any) -> Any:
    """Two."""
    return x


def undocumented(x: Any) -> Any:
    return x


def specialised(dtype: str, scalar: Callable[..., Any]) -> Record:
    record = declare_map(dtypes=FLOATS)(one)
    record.specialise(dtype)(scalar)
    return record


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: declare_map(dtypes=())(one), "one: dtypes must be distinct and at least one, got none"),
        (lambda: declare_map(dtypes=("int64", "int64"))(one), "one: dtypes must be distinct"),
        (lambda: declare_map(dtypes=("float64", "float32"))(one), "one: dtypes must be in the order of"),
        (lambda: declare_map(dtypes=("int7",))(one), "one: dtypes must be some of .*, got 'int7'"),
        (lambda: declare_map(dtypes=FLOATS, result="int7")(one), "one: dtypes must be some of .*, got 'int7'"),
        (
            lambda: declare_map(dtypes=FLOATS, casts={"int7": "float64"})(one),
            "one: dtypes must be some of .* 'int7'",
        ),
        (
            lambda: declare_map(dtypes=FLOATS, casts={"bool": "int64"})(one),
            "one: casts must lead from other dtypes to some of float32, float64, got bool",
        ),
        (
            lambda: declare_map(dtypes=FLOATS, casts={"float32": "float64"})(one),
            "one: casts must lead from other dtypes to some of float32, float64, got float32",
        ),
        (lambda: declare_map(dtypes=FLOATS, slot="matmul")(one), "one: slot must be one of .*, got 'matmul'"),
        (
            lambda: declare_map(dtypes=FLOATS)(two),
            "two: the function of a map must have 1 input, got 2; declare it with aotops.zip",
        ),
        (
            lambda: declare_zip(dtypes=FLOATS)(one),
            "one: the function of a zip must have 2 inputs or more, got 1; declare it with aotops.map",
        ),
        (
            lambda: declare_reduce(dtypes=FLOATS, identity=0)(one),
            "one: function must combine 2 values, got a function of 1; .* is given as map=",
        ),
        (lambda: declare_reduce(dtypes=FLOATS)(two), "two: identity must be given, or initial, got neither"),
        (
            lambda: declare_reduce(dtypes=FLOATS, initial={"float32": 0.0})(two),
            "two: initial must have a value for each of",
        ),
        (
            lambda: declare_zip(dtypes=FLOATS, bool_inputs=("z",))(two),
            "two: bool_inputs and fixed must name some of the inputs x, y, got 'z'",
        ),
        (
            lambda: declare_zip(dtypes=FLOATS, defaults={"z": 0})(two),
            "two: defaults must name some of the inputs x, y, got 'z'",
        ),
        (
            lambda: declare_reduce(dtypes=FLOATS, identity=0, map=two, bool_inputs=("a",))(two),
            "two: bool_inputs and fixed must name some of the inputs x, y, got 'a'",
        ),
        (
            lambda: declare_scan(RECORDS["sum"], name="running", dtypes=("int7",)),
            "running: dtypes must be some of .*, got 'int7'",
        ),
        (
            lambda: declare_argreduce(RECORDS["max"], name="place", result="int7"),
            "place: dtypes must be some of .*, got 'int7'",
        ),
        (lambda: declare_map(dtypes=FLOATS)(undocumented), "undocumented: the scalar function must have a docstring"),
        (lambda: declare_map(dtypes=FLOATS, name="renamed")(undocumented), "renamed: the scalar function must have"),
        (lambda: specialised("int64", one), "one: the dtype of a function must be one of float32, float64, got int64"),
        (lambda: specialised("float32", two), "one: the function for float32 must take 1 values, got 2"),
    ],
)
def test_records_that_contradict_themselves_are_rejected(declare: Callable[[], Record], message: str) -> None:
    with pytest.raises(RecordError, match=f"^{message}"):
        declare()


def test_names_and_slots_belong_to_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    first = types.SimpleNamespace(one=declare_map(dtypes=FLOATS, slot="negative")(one))
    again = types.SimpleNamespace(again=declare_map(dtypes=NUMBERS)(one))
    monkeypatch.setattr(ops, "chapters", lambda: (first, again))
    with pytest.raises(RecordError, match=r"^one: the name must belong to one record, got two"):
        ops.collect()
    other = declare_map(dtypes=FLOATS, slot="negative", name="other")(one)
    monkeypatch.setattr(ops, "chapters", lambda: (first, types.SimpleNamespace(other=other)))
    with pytest.raises(RecordError, match=r"^other: slot must differ from that of one, got 'negative'"):
        ops.collect()
    third = types.SimpleNamespace(two=declare_zip(dtypes=FLOATS)(two), x=one)
    monkeypatch.setattr(ops, "chapters", lambda: (first, third))
    assert list(ops.collect()) == ["one", "two"]


# --- the kernel table ---------------------------------------------------------------------------------------------


def element_of(data: list[str], dtype: str) -> Any:
    """The value behind the bytes of an ``aot_element``, as C text."""
    fact = abi.FACTS[dtype]
    if fact.kind == "complex":
        return complex(*struct.unpack_from("=ff" if fact.bits == 64 else "=dd", bytes(map(int, data))))
    return struct.unpack_from(f"={fact.format}", bytes(map(int, data)))[0]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_table_names_every_record_variant_and_level(machine: str) -> None:
    chosen = levels(machine)
    suffixes = ["_" + level.name.replace("-", "_") for level in chosen]
    code = {k.symbol: [k.symbol + suffix for suffix in suffixes] for k in all_kernels(RECORDS.values())}
    source = table_source(RECORDS.values(), chosen, code)
    assert f".n_levels = {len(chosen)}" in source
    assert ".levels = {" + ", ".join(f'"{level.name}"' for level in chosen) + "}" in source
    declared = re.findall(r"^extern int32_t (\w+)\(", source, re.MULTILINE)
    planners = [planner.symbol for planner in PLANNERS]  # they run at the lowest level
    used = [name for symbol, names in code.items() for name in names[: 1 if symbol in planners else None]]
    assert sorted(declared) == sorted(used)
    operators = re.findall(r'^    \{\.name = "([\w.]+)", (.*)\},$', source, re.MULTILINE)
    assert [name for name, _ in operators] == list(RECORDS)
    for (name, fields), record in zip(operators, RECORDS.values(), strict=True):
        array = kernel_symbol(name, "variants")
        assert f".n_variants = {len(record.dtypes)}, .variants = {array}}}" in f"{fields}}}"
        assert f'.parameters = "{" ".join(record.parameters)}"' in fields
        traits = dict(re.findall(r"\.(\w+) = (\d+|\{[\d, ]*\})", fields))
        kind = record.kind if record.kind in abi.AXIS_KINDS else "elementwise"
        numbers = {
            "kind": abi.KINDS.index(kind),
            "inputs": record.inputs,
            "outputs": max(record.outputs, 1),
            "has_identity": record.identity is not None,
            "has_absorbing": record.absorbing is not None,
            "slot": ("none", *abi.SLOTS).index(record.slot or "none"),
            "is_method": record.method,
            "optional": sum(1 << record.parameters.index(name) for name in record.defaults),
        }
        assert {field: int(traits[field]) for field in numbers} == numbers
        fixed = [int(code) for code in traits["fixed"].strip("{}").split(", ")]
        assert {
            name: abi.INDEX if code == abi.INDEX_CODE else ALL[code]
            for name, code in zip(record.parameters, fixed, strict=False)
            if code != abi.NO_DTYPE
        } == record.fixed
        (body,) = re.findall(rf"^static const aot_variant {array}\[\] = {{\n(.*?)^}};", source, re.M | re.S)
        variants = body.splitlines()
        assert len(variants) == len(record.dtypes)
        for variant, dtype in zip(variants, record.dtypes, strict=True):
            own_dtypes = (*record.inputs_for(dtype), *record.results_for(dtype), *record.states_for(dtype))
            codes = [str(dtype_code(own)) for own in own_dtypes]
            assert ".dtypes = {" + ", ".join(codes) + "}" in variant
            fields_of_kernels = dict(re.findall(r"\.(kernels|combine) = {([^}]*)}", variant))
            symbols = {"kernels": kernel_symbol(name, dtype)}
            if record.kind in ("reduce", "scan"):
                symbols["combine"] = combine_symbol(record.reduction or record, dtype)
            assert fields_of_kernels == {
                field: ", ".join(symbol + suffix for suffix in suffixes) for field, symbol in symbols.items()
            }
            states = record.states_for(dtype)
            further = [f"number {k}" for k in range(len(states))] or list(record.parameters if record.defaults else ())
            constants = [name for name, _ in abi.CONSTANTS] + further
            elements = [["0"] * abi.ELEMENT_BYTES] * len(constants)
            of_variant = kernel_symbol(name, "constants", dtype)
            for line in re.findall(rf"^static const aot_element {of_variant}\[.*", source, re.M):
                elements = [element.split(", ") for element in re.findall(r"\{\{([\d, ]+)\}\}", line)]
            wanted: dict[str, Any] = {}
            result = record.result_for(dtype)
            if states:
                wanted = dict(zip(further, zip(record.identity_for(dtype), states, strict=True), strict=True))
            elif record.kind in abi.AXIS_KINDS:
                wanted["initial"] = (record.initial_for(dtype), dtype if record.kind == "argreduce" else result)
            if record.identity is not None and not states:
                wanted["identity"] = (record.identity, result)
            if record.absorbing is not None:
                absorbing = record.absorbing_for(dtype)
                wanted["absorbing"] = (absorbing, dtype if record.kind == "argreduce" else result)
            for parameter in record.defaults:
                wanted[parameter] = (record.default_for(parameter, dtype), dtype)
            found = dict(zip(constants, elements, strict=True))
            for constant, (value, own) in wanted.items():
                # 0 and 0.0 are the same, 0.0 and -0.0 are not
                number = complex if abi.FACTS[own].kind == "complex" else float
                assert repr(number(element_of(found[constant], own))) == repr(number(value))
            assert all(set(found[constant]) == {"0"} for constant in constants if constant not in wanted)
    for source_dtype in ALL:
        for target in ALL:
            symbol = kernel_symbol("convert", source_dtype, target)
            place = f"[AOT_{source_dtype.upper()}][AOT_{target.upper()}]"
            assert f"{place} = {{{', '.join(symbol + suffix for suffix in suffixes)}}}," in source


def test_every_record_is_a_compiled_operator_with_its_variants() -> None:
    assert list(_native.operators) == list(RECORDS)
    for name, record in RECORDS.items():
        operator = _native.operators[name]
        assert name.startswith("_") or operator is functools.reduce(getattr, name.split("."), ao)
        variants = [(*record.inputs_for(dtype), *record.results_for(dtype)) for dtype in record.dtypes]
        variants = [tuple("int64" if own == abi.INDEX else own for own in variant) for variant in variants]
        assert [tuple(dtype.name for dtype in signature) for signature in operator.dtypes] == variants
        kernels = [kernel.symbol for kernel in record_kernels(record)]
        results = {record.result_for(dtype) for dtype in record.dtypes} if record.kind == "reduce" else set()
        further = len(results)  # what combines two results
        if record.finish is not None:  # combinations of states, their results, and for a scan the states of elements
            own = 1 if record.kind == "scan" else 0
            further = len(variants) * (own + (2 if record.reduction is None else 0))
        assert len(kernels) == len(set(kernels)) == len(variants) + further


def test_kernels_that_results_are_combined_by_have_their_dtype() -> None:
    for record in RECORDS.values():
        for dtype in record.dtypes:
            if record.kind in ("reduce", "scan"):
                reduction = record.reduction or record
                symbols = {kernel.symbol: kernel for kernel in record_kernels(reduction)}
                own = abi.FACTS[symbols[combine_symbol(reduction, dtype)].dtype]
                result = abi.FACTS[record.result_for(dtype)]
                assert (own.category, own.bits) == (result.category, result.bits)  # signs may not matter


# --- type stubs ---------------------------------------------------------------------------------------------------


def test_the_stubs_are_those_of_the_records() -> None:
    written = stubs()
    assert {path.name for path in written} >= {"_native.pyi", "__init__.pyi"}
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: python -m aotops.aot.pack.stubs"


@pytest.mark.parametrize("name", [name for name in RECORDS if ao.is_public(name)])
def test_a_stub_has_the_signature_of_its_operator(name: str) -> None:
    """Names, kinds and defaults of all parameters: of the function, and of the method."""

    def shape(arguments: ast.arguments) -> list[tuple[str, str, bool]]:
        positional = [*arguments.posonlyargs, *arguments.args]
        required = len(positional) - len(arguments.defaults)
        found = [
            (a.arg, "POSITIONAL_ONLY" if a in arguments.posonlyargs else "POSITIONAL_OR_KEYWORD", k >= required)
            for k, a in enumerate(positional)
        ]
        keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return found + [(a.arg, "KEYWORD_ONLY", default is not None) for a, default in keywords]

    def functions(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
        return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}

    public, native = (
        ast.parse((PACKAGE / file).read_text(encoding="utf-8")) for file in ("__init__.pyi", "_native.pyi")
    )
    parameters = inspect.signature(getattr(ao, name)).parameters.values()
    wanted = [(p.name, p.kind.name, p.default is not p.empty) for p in parameters]
    assert shape(functions(public.body)[name].args) == wanted
    (base,) = [node for node in native.body if isinstance(node, ast.ClassDef) and node.name == "TensorBase"]
    methods = functions(base.body)
    assert (name in methods) == RECORDS[name].method
    if name in methods:
        assert [p for p in shape(methods[name].args) if p[0] != "self"] == wanted[1:]


# --- what the compiler makes --------------------------------------------------------------------------------------

#: Compilers call these for loops that copy and clear; every C library and every freestanding one has them.
ALLOWED_SYMBOLS = {"memcpy", "memmove", "memset"}

#: The names of C's math library, without the suffixes for float and long double.
LIBM = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax
    fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nearbyint
    nextafter pow remainder remquo rint round scalbln scalbn sin sincos sinh sqrt tan tanh tgamma trunc
"""


def run_nm(paths: Iterable[Path], *options: str) -> list[str]:
    """The lines that ``nm`` prints about symbols."""
    command = ["nm", *options, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line for line in done.stdout.splitlines() if line.strip() and not line.endswith(":")]


def symbols(paths: Iterable[Path], *options: str) -> dict[str, str]:
    """What ``nm`` lists: the symbols' names without their versions, and their kinds."""
    found = [line.split()[-2:] for line in run_nm(paths, *options)]
    return {name.partition("@")[0]: kind for kind, name in found}


@requires_numba
@needs_nm
def test_object_files_need_and_offer_next_to_nothing(tmp_path: Path) -> None:
    """Of some kernels of every kind, which are there already if aotops has been built from this tree."""
    built = PROJECT / "build" / "kernels"
    chosen = [kernel for kernel in all_kernels(RECORDS.values()) if kernel.title in KERNELS]
    made = build.compile_kernels(chosen, built if built.is_dir() else tmp_path)
    assert len(made.names) == len(KERNELS)
    objects = {path: name for name, path in made.objects.items()}
    assert set(symbols(objects, "--undefined-only")) <= ALLOWED_SYMBOLS
    listed = run_nm(objects, "--print-file-name", "--defined-only", "--extern-only")
    assert sorted(line.partition(":")[0] for line in listed) == sorted(map(str, objects))
    assert symbols(objects, "--defined-only", "--extern-only") == dict.fromkeys(objects.values(), "T")
    for line in listed:
        assert objects[Path(line.partition(":")[0])] == line.split()[-1]


@needs_nm
def test_the_extension_offers_its_init_function_alone() -> None:
    assert set(symbols([Path(_native.__file__)], "-D", "--defined-only")) == {"PyInit__native"}


@needs_nm
def test_the_extension_calls_no_math_library() -> None:
    """All kernels at once: what they needed and did not have would be undefined here."""
    needed = set(symbols([Path(_native.__file__)], "-D", "--undefined-only"))
    assert not needed & {name + suffix for name in LIBM.split() for suffix in ("", "f", "l")}
    assert not {name for name in needed if "numba" in name.lower() or name.startswith(("NRT", "__svml", "_ZGV"))}
    assert "PyModuleDef_Init" in needed, "nm reads the file"


# --- loops declared parallel ----------------------------------------------------------------------------------------


LOOP = """
define void @kernel(ptr %x) {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, 8
  br i1 %more, label %body, label %done
body:
  %place = getelementptr double, ptr %x, i64 %i
  store double 0.0, ptr %place, align 8MARK
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}
!0 = !{}
"""


def test_marked_accesses_and_their_loops_are_declared_parallel() -> None:
    llvm = pytest.importorskip("llvmlite.binding")
    from aotops.aot.back.parallel import MARK, annotate

    text = annotate(LOOP.replace("MARK", f", !{MARK} !0"))
    assert MARK not in text
    assert re.search(r"store double 0.0, ptr %place, align 8, !llvm.access.group !(\d+)", text)
    assert re.search(r"  br label %head, !llvm.loop !\d+\ndone:", text)
    assert text.count("!llvm.loop !") == 1, "the entry's branch goes to the loop, not back"
    parsed = str(llvm.parse_assembly(text))
    assert "llvm.loop.parallel_accesses" in parsed


def test_parallel_loops_can_be_interleaved_but_not_those_around_short_ones() -> None:
    llvm = pytest.importorskip("llvmlite.binding")
    from aotops.aot.back.parallel import MARK, SHORT, annotate, interleaved

    text = annotate(LOOP.replace("MARK", f", !{MARK} !0"))
    parsed = str(llvm.parse_assembly(interleaved(str(llvm.parse_assembly(text)), 2)))
    (number,) = re.findall(r'!(\d+) = !{!"llvm.loop.interleave.count", i32 2}', parsed)
    assert re.search(rf"^!\d+ = distinct !{{!\d+, !\d+, !{number}}}$", parsed, re.MULTILINE)
    short = annotate(LOOP.replace("MARK", f", !{MARK} !0").replace("head:\n", f"head:\n  call void @{SHORT}()\n"))
    assert "unroll.full" in short
    assert interleaved(short, 2) == short
    assert interleaved(LOOP.replace("MARK", ""), 2) == LOOP.replace("MARK", "")


def test_loops_without_marked_accesses_are_left_alone() -> None:
    from aotops.aot.back.parallel import annotate

    assert annotate(LOOP.replace("MARK", "")) == LOOP.replace("MARK", "")


def loops_of(record: Record) -> list[str]:
    """What LLVM is told of the loops in a record's last kernel, by the names of the metadata."""
    import llvmlite.binding as llvm

    from aotops.aot import compiler
    from aotops.aot.front.specialise import specialise
    from aotops.aot.pack.kernels import record_kernels

    kernel = record_kernels(record)[-1]
    bitcode = compiler.compile_bitcode(specialise(kernel.function, kernel.dtype), kernel.symbol, compiler.KERNEL)
    text = str(llvm.parse_bitcode(bitcode))
    assert len(re.findall(r"(?:load|store) .*, !llvm.access.group !", text)) >= 5, "accesses to elements"
    facts = dict(re.findall(r'^!(\d+) = !\{!"llvm\.loop\.(\w+)', text, re.MULTILINE))
    loops = dict(re.findall(r"^!(\d+) = distinct !\{!\1, !(\d+)\}", text, re.MULTILINE))
    return [facts[loops[loop]] for loop in re.findall(r", !llvm.loop !(\d+)", text)]


@requires_numba
def test_innermost_loops_are_declared_parallel() -> None:
    # a loop for each of three patterns and one for any steps, but not the loop over rows around them
    assert loops_of(ops.collect()["add"]) == ["parallel_accesses"] * 4


TABLE = (0.5, 1.5, 2.5)


def short_loops(x: Any) -> Any:
    for _ in range(2, 8, 2):
        for k in range(len(TABLE)):
            x = x * TABLE[k]
    for c in TABLE:
        x = x + c
    return x


def long_loops(x: Any) -> Any:
    for _ in range(65):
        x = x * 0.5
    for _ in range(int(x)):
        x = x * 0.5
    return x


def loops_with_calls(x: Any) -> Any:
    for _ in range(20):
        x = ao.sqrt(abs(x))
    for _ in range(8):
        x = ao.exp(x)
    for _ in range(9):
        x = ao.exp(x)
    for _ in range(9):
        x = x**0.3 + x**2
    return x


@requires_numba
def test_short_loops_are_unrolled_and_those_around_them_parallel() -> None:
    loops = loops_of(declare.declaration(ao.map(short_loops)))
    # of contiguous rows, and of any
    assert sorted(loops) == ["parallel_accesses"] * 2 + ["unroll"] * 2 * 3
    assert loops_of(declare.declaration(ao.map(long_loops))).count("unroll") == 0
    # all four in a block by fast paths, whose code is small; the first two in a block without and in any row
    assert loops_of(declare.declaration(ao.map(loops_with_calls))).count("unroll") == 4 + 2 * 2


# --- what the runtime loads ---------------------------------------------------------------------------------------

HEAVY = {"numba", "llvmlite", "numpy", "ctypes"}
SLOW = {"typing", "re", "inspect"}

FIRST_OPERATION = "import aotops as ao; result = ao.ones(10) + 1"


def loaded_by(script: str) -> set[str]:
    """The modules that a script loads in an interpreter that has loaded nothing of its own."""
    preamble = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); before = set(sys.modules)\n"
    done = run_python(
        preamble + textwrap.dedent(script) + "\nprint(*sorted(set(sys.modules) - before))", {}, "-S", "-E"
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_first_operation_loads_next_to_nothing() -> None:
    loaded = loaded_by(FIRST_OPERATION)
    assert "aotops.tensors" in loaded
    assert not loaded & (HEAVY | SLOW)
    assert not {name for name in loaded if name.startswith(("aotops.ops", "aotops.loops", "aotops.aot"))}


def test_everyday_work_loads_nothing_slow() -> None:
    loaded = loaded_by(
        """
        import aotops as ao
        layer1 = ao.arange(12, dtype=ao.float64).reshape((3, 4)) * 0.5 + ao.tensor([[1, 2, 3, 4]])
        layer1[0, 1] = 2.0
        text = repr(layer1.permute(1, 0).sum(axis=1))
        try:
            layer1 + ao.ones(5)
        except ValueError as error:
            message = str(error)
        """
    )
    assert {"aotops.formatting", "aotops.errors"} <= loaded
    assert not loaded & {"aotops.namespace.manipulation", "aotops.operator"}, "plain calls stay in C"
    assert not loaded & (HEAVY | SLOW | {"collections", "functools", "enum", "contextlib"})


@pytest.mark.parametrize(
    "script",
    [
        "repr(result)",
        "ao.tensor([[1, 2], [3, 4]]).T.contiguous().sum(0).tolist()",
        "result[2:5] = 7.0; result += result[0]; bool((result > 0).min()); float(ao.exp(result).sum())",
        "import pickle; assert pickle.loads(pickle.dumps(result)).tolist() == result.tolist()",
        "import copy; copy.deepcopy(result)",
        "memoryview(result).tolist(); ao.asarray(memoryview(bytes(16)).cast('d'))",
        "ao.astype(result, ao.float32).reshape(2, 5).permute(1, 0)[::-1, 1].astype(bool)",
        "dir(ao); ao.__all__",
    ],
)
def test_nothing_at_run_time_loads_the_compiler_or_numpy(script: str) -> None:
    assert not loaded_by(f"{FIRST_OPERATION}; {script}") & HEAVY


@pytest.mark.parametrize(
    "call",
    ["ao.add(1)", "ao.ones(2) + 'a'", "ao.ones(2) + ao.ones(3)", "ao.ones(2).sum(5)", "ao.ones(2)[2]", "ao.nothing"],
)
def test_no_error_message_loads_the_compiler_or_numpy(call: str) -> None:
    script = f"""
        {FIRST_OPERATION}
        try:
            {call}
        except Exception as error:
            str(error)
        else:
            raise SystemExit("no error")
    """
    assert not loaded_by(textwrap.dedent(script)) & HEAVY


def test_documentation_loads_neither_the_compiler_nor_numpy() -> None:
    assert (
        not loaded_by(f"{FIRST_OPERATION}; assert 'Sum' in ao.add.__doc__; import inspect; inspect.signature(ao.sum)")
        & HEAVY
    )


# --- metadata -----------------------------------------------------------------------------------------------------


def test_the_package_requires_nothing_at_run_time() -> None:
    required = importlib.metadata.requires("aotops") or []
    assert [entry for entry in required if "extra ==" not in entry] == []


@requires_source
def test_the_project_declares_no_dependencies() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dependencies"] == []
    assert "dependencies" not in project["project"].get("dynamic", [])
    assert {re.split(r"\W", entry)[0] for entry in project["build-system"]["requires"]} >= {
        "setuptools",
        "numba",
        "numpy",
    }
