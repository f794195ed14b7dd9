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
from typing import Any

import numpy as np
import pytest
from needs import PROJECT, copy_package, requires_compiler, requires_numba, requires_source

import aotops as ao

EXAMPLES = PROJECT / "examples"

pytestmark = [requires_source, requires_numba, requires_compiler]

#: Projects that declare operators, and their packages.
PROJECTS = {
    "colour": "colour_kernels",
    "nan_statistics": "nan_statistics",
    "scoring": "scoring",
    "haversine": "haversine",
}
#: Projects that declare array kernels, with pages and tests of their own.
ARRAY_PROJECTS = {
    "moving_statistics": "moving_statistics",
    "pairwise": "pairwise",
    "resampling": "resampling",
    "alignment": "alignment",
    "sparse": "sparse_sums",
    "kalman": "kalman",
    "gridded_year": "gridded_year",
}
#: What they require beside aotops; it is taken from the environment of the tests.
EXTRAS = {"gridded_year": "[dask]"}


def marked(projects: dict[str, str]) -> list[Any]:
    """The names of projects, as parameters, which are for `.ci/run`: building one takes 5 to 30 seconds.

    By default tests/test_shipping.py builds wheels, of smaller projects.
    """
    return [pytest.param(name, marks=pytest.mark.slow) for name in projects]


@pytest.fixture(scope="module", params=marked(PROJECTS))
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of an example's package, and the interpreter of an environment that has it and aotops alone."""
    return PROJECTS[request.param], build_and_install(request.param, tmp_path_factory.mktemp(request.param))[0]


@pytest.fixture(scope="module", params=marked(ARRAY_PROJECTS))
def installed_kernels(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Path]:
    """The name of an example with array kernels, and the interpreter and packages of an environment with it."""
    return request.param, *build_and_install(request.param, tmp_path_factory.mktemp(request.param))


def build_and_install(name: str, folder: Path) -> tuple[Path, Path]:
    """Build an example's wheel and install it in a new environment; returns its interpreter and its packages."""
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
        assert re.findall("^Requires-Dist: (.*)$", archive.read(metadata).decode(), re.MULTILINE) == [
            "aotops" + EXTRAS.get(name, "")
        ]
        archive.extractall(site)
    copy_package(site)
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python"), site


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


def page_of(name: str) -> str:
    """The page of an example."""
    return (EXAMPLES / name / "README.md").read_text(encoding="utf-8")


def own_tests(names: list[str], *paths: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of examples with packages from some folders."""
    path = os.pathsep.join(map(str, paths))
    # not in the folder of examples, which Python would search for modules: Dask asks whether there is a `sparse`
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-W", "error", "-c", os.devnull, "--rootdir", str(EXAMPLES)),
            *("-p", "no:cacheprovider"),
            *(str(EXAMPLES / name / "tests") for name in names),
        ],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd=EXAMPLES / names[0] / "tests", capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_tests_of_examples_pass_in_plain_python() -> None:
    names = [name for name in ARRAY_PROJECTS if name not in EXTRAS]  # a year on a grid is a minute of plain Python
    done = own_tests(names, *(EXAMPLES / name / "src" for name in names), AOTOPS_PYTHON="1")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_of_an_example_pass_with_its_wheel_and_without_numba(
    installed_kernels: tuple[str, Path, Path], tmp_path: Path
) -> None:
    name, _, site = installed_kernels
    (tmp_path / "numba.py").write_text("raise ImportError('there is no Numba here')\n", encoding="utf-8")
    done = own_tests([name], tmp_path, site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "compiled" not in done.stderr


def test_an_example_with_array_kernels_prints_what_its_page_says(installed_kernels: tuple[str, Path, Path]) -> None:
    name, python, site = installed_kernels
    package = ARRAY_PROJECTS[name]
    others = {}
    if name in EXTRAS:
        python, others = Path(sys.executable), {"PYTHONPATH": str(site)}
    variables = [others, *({**others, "AOTOPS_CPU": level} for level in levels())]
    (output,) = {run(python, "-m", package, **each) for each in variables}
    session = page_of(name).split("```console\n")[1].split("```")[0]
    shown = session.partition(f"$ python -m {package}\n")[2]
    assert shown and [line.rstrip() for line in output.splitlines()] == shown.splitlines()


@pytest.mark.parametrize("name", ARRAY_PROJECTS)
def test_a_page_shows_kernels_as_they_are(name: str) -> None:
    source = (EXAMPLES / name / "src" / ARRAY_PROJECTS[name] / "ops.py").read_text(encoding="utf-8")
    shown = page_of(name).split("```python\n")[1].split("```")[0]
    assert "ao.kernel(" in shown
    for part in shown.strip().split("\n\n\n"):
        assert part in source


def levels() -> list[str]:
    """The levels that this CPU has."""
    names = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
    return names[: names.index(ao.cpu_level()) + 1] if ao.cpu_level() in names else []
