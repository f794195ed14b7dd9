"""CONTRIBUTING's guide to a new operator, applied to a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_documentation import PYTHON

ROOT = Path(__file__).parent.parent
#: What iterates over the records, and so covers an operator that nobody has told the tests about.
TESTS = ("test_operators.py", "test_derivatives.py", "test_plain_python.py")


@pytest.mark.slow
def test_the_example_of_a_record_passes_its_tests(tmp_path: Path) -> None:
    """The record as written, its kernels, stubs and tests: the kernels of all other operators come from the cache."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "dist", "wheelhouse", "__pycache__"))
    (example,) = PYTHON["CONTRIBUTING.md"]
    with (copy / "src/aotops/ops/arithmetic.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{example.text}")
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    build = "import sys; sys.argv[1:] = ['build_ext', '--inplace']; from setuptools import setup; setup()"
    run("-c", build)
    run("-m", "aotops.aot.pack.stubs")
    found = run("-c", "import aotops as ao; print(ao.__file__, ao.reciprocal(ao.tensor([4.0])))")
    assert found.startswith(str(copy))
    assert found.endswith("tensor([0.25])\n")
    assert " passed" in run("-m", "pytest", "-q", "-k", "reciprocal", *(f"tests/{name}" for name in TESTS))
    # what compares the records with the public names, the stubs and the derivatives
    run(
        "-m",
        "pytest",
        "-q",
        "-k",
        "every or records or stubs",
        *(f"tests/{name}" for name in (*TESTS, "test_build.py")),
    )
