"""CONTRIBUTING's guide to a new operator, applied to a copy of the project."""

from __future__ import annotations

import builtins
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from needs import requires_source
from test_documentation import PYTHON

from aotops.ops import arithmetic, exponential
from aotops.scalar.functions import loaded_names

pytestmark = requires_source

ROOT = Path(__file__).parent.parent
#: Tests that iterate over the records, and so cover a new operator.
TESTS = (
    "operators",
    "derivatives",
    "plain_python",
    "accuracy",
    "bench_ops",
    "mixing",
    "scalar_functions",
    "scalar_zoo",
)
#: Tests that compare the records with the public names, the stubs and the derivatives.
COMPLETENESS = ("operators", "derivatives", "accuracy", "bench_ops", "build", "documentation")


@pytest.mark.parametrize(("number", "chapter"), [(0, arithmetic), (1, exponential)])
def test_the_files_of_the_samples_have_all_names_that_they_use(number: int, chapter: ModuleType) -> None:
    """The fast part of the next test."""
    names = dict(vars(chapter))
    exec(PYTHON["CONTRIBUTING.md"][number].text, names)
    for value in [each for each in names.values() if isinstance(each, FunctionType) and each.__globals__ is names]:
        assert [name for name in loaded_names(value) if name not in names and not hasattr(builtins, name)] == []


@pytest.mark.slow
def test_the_samples_of_records_pass_their_tests(tmp_path: Path) -> None:
    """As written, with kernels, stubs and tests; the kernels of all other operators come from the cache."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "dist", "wheelhouse", "__pycache__"))
    first, transcendental = PYTHON["CONTRIBUTING.md"]
    for chapter, sample in (("arithmetic", first), ("exponential", transcendental)):
        path = copy / f"src/aotops/ops/{chapter}.py"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n\n{sample.text}")  # all that a reader sees, and nothing else
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def passes(names: tuple[str, ...], which: str) -> None:
        assert " passed" in run("-m", "pytest", "-q", "-k", which, *(f"tests/test_{name}.py" for name in names))

    run("-c", "import sys; sys.argv[1:] = ['build_ext', '--inplace']; from setuptools import setup; setup()")
    run("-m", "aotops.aot.pack.stubs")
    found = run("-c", "import aotops as ao; print(ao.__file__, ao.deg2rad(ao.cbrt(ao.tensor([0.0]))))")
    assert found.startswith(str(copy))
    assert found.endswith("tensor([0.])\n")
    assert run("-c", CALLED_BY_ITS_ALIASES) == "tensor([2.]) 3.0\n"
    passes(TESTS, "deg2rad or cbrt")
    passes(COMPLETENESS, "every or records or stubs or row or aliases or pages")


#: By NumPy with a tensor, and in a scalar function, which has the operator's value and not the C library's.
CALLED_BY_ITS_ALIASES = """
import numpy as np
import aotops as ao
from aotops import ops
from aotops.scalar.mathematics import record_called_by
from aotops.aot.pack.kernels import is_compute_bound
assert record_called_by(np.cbrt) is ops.collect()["cbrt"]
f = ao.map(lambda x: 1.0 + np.cbrt(x))
assert is_compute_bound(f._record)
print(np.cbrt(ao.tensor([8.0])), f(ao.tensor(8.0)).item())
"""
