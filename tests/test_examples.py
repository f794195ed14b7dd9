"""The example projects: built as wheels, installed where there is neither Numba nor NumPy nor a compiler, and run."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from needs import PROJECT, copy_package, requires_compiler, requires_numba, requires_source

import aotops as ao

EXAMPLES = PROJECT / "examples"

pytestmark = [requires_source, requires_numba, requires_compiler]

PROJECTS = {
    "colour": "colour_kernels",
    "nan_statistics": "nan_statistics",
    "scoring": "scoring",
    "haversine": "haversine",
}


#: Those that take half a minute to build are for `.ci/run`.
LONG = {"nan_statistics", "scoring"}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in PROJECTS],
)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of an example's package, and the interpreter of an environment that has it and aotops alone."""
    name, package = request.param, PROJECTS[request.param]
    folder = tmp_path_factory.mktemp(name)
    source = folder / "source"
    shutil.copytree(
        EXAMPLES / name, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.so", "*.egg-info")
    )
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    (wheel,) = (folder / "dist").glob("*.whl")
    assert "-cp311-abi3-" in wheel.name
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (site,) = environment.glob("lib/python*/site-packages") if os.name != "nt" else [environment / "Lib/site-packages"]
    with zipfile.ZipFile(wheel) as archive:
        assert [n for n in archive.namelist() if n.endswith((".so", ".pyd"))], "no kernels in the wheel"
        assert not [n for n in archive.namelist() if "__pycache__" in n or n.endswith(".o")], (
            "the cache is in the wheel"
        )
        metadata = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        assert re.findall("^Requires-Dist: (.*)$", archive.read(metadata).decode(), re.MULTILINE) == ["aotops"]
        archive.extractall(site)
    copy_package(site)
    return package, environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(python: Path, *arguments: str, **environment: str) -> str:
    """What a program prints that finds no compiler."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AOTOPS_", "PYTHON"))}
    done = subprocess.run(
        [str(python), *arguments], capture_output=True, text=True, check=False, env={**clean, "PATH": "", **environment}
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


OUTPUTS = {
    "colour_kernels": "#0000ff grey",
    "nan_statistics": "      1     4   8.75     0.312      9.5",
    "scoring": "fitted: mean",
    "haversine": "Vienna          0     5848    11254    15976",
}

#: Expressions, with ``x`` and ``y`` lists of numbers, and what they are in NumPy.
VALUES = {
    "colour_kernels": "colour_kernels.linear_to_srgb(colour_kernels.srgb_to_linear(x)), "
    "colour_kernels.luminance(x, y, x)",
    "nan_statistics": "nan_statistics.nanmean(z, 0), nan_statistics.nanvar(z, 1), nan_statistics.nanmax(z, 1)",
    "scoring": "scoring.crps_gaussian(x, y, 1.5), *scoring.crps_gaussian.derivative(x, y, 1.5, 0.0, 1.0)",
    "haversine": "haversine.haversine(40.0 * x, 90.0 * y, 40.0 * y, -90.0 * x),",
}


def expected(package: str, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> list[np.ndarray]:
    if package == "colour_kernels":
        return [x, 0.2126 * x + 0.7152 * y + 0.0722 * x]
    if package == "nan_statistics":
        return [np.nanmean(z, 0), np.nanvar(z, 1), np.nanmax(z, 1)]
    if package == "scoring":
        t = (x - y) / 1.5
        chance = 0.5 * (1 + np.vectorize(math.erf)(t / math.sqrt(2)))
        density = np.exp(-t * t / 2) / math.sqrt(2 * math.pi)
        score = 1.5 * (t * (2 * chance - 1) + 2 * density - 1 / math.sqrt(math.pi))
        return [score, 2 * chance - 1, 1 - 2 * chance, 2 * density - 1 / math.sqrt(math.pi)]
    a, b, c, d = np.radians([40 * x, 90 * y, 40 * y, -90 * x])
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return [2 * 6371.0088 * np.arcsin(np.sqrt(h))]


def test_an_example_runs_where_there_is_nothing_but_aotops(installed: tuple[str, Path]) -> None:
    package, python = installed
    absent = "import importlib.util as u; print([n for n in ('numba', 'numpy', 'setuptools') if u.find_spec(n)])"
    assert run(python, "-c", absent) == "[]\n"
    output = run(python, "-m", package)
    assert OUTPUTS[package] in output
    assert run(python, "-m", package, AOTOPS_NUM_THREADS="1") == output


def test_an_example_computes_what_numpy_does(installed: tuple[str, Path]) -> None:
    package, python = installed
    generator = np.random.default_rng(5)
    x, y = generator.uniform(0.01, 1, 500), generator.uniform(0.01, 1, 500)
    z = np.where(generator.random((20, 30)) < 0.3, np.nan, generator.normal(size=(20, 30)))
    z_text = f"ao.tensor({z.tolist()!r})".replace("nan", "math.nan")
    program = (
        f"import math, json, aotops as ao, {package}\n"
        f"x, y, z = ao.tensor({x.tolist()!r}), ao.tensor({y.tolist()!r}), {z_text}\n"
        f"print(json.dumps([result.tolist() for result in ({VALUES[package]})]))\n"
    )
    digests = set()
    for level in ("", *levels()):
        results = json.loads(run(python, "-c", program, **({"AOTOPS_CPU": level} if level else {})))
        digests.add(json.dumps(results))
        for result, wanted in zip(results, expected(package, x, y, z), strict=True):
            np.testing.assert_allclose(result, wanted, rtol=1e-12, atol=1e-13)
    assert len(digests) == 1, "CPU levels differ"


def levels() -> list[str]:
    """The levels that this CPU has."""
    names = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
    return names[: names.index(ao.cpu_level()) + 1] if ao.cpu_level() in names else []
