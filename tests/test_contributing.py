"""CONTRIBUTING's guide to a new operator, applied to a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_documentation import PYTHON

ROOT = Path(__file__).parent.parent
#: What iterates over the records, and so covers an operator that nobody has told the tests about.
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
#: What compares the records with the public names, the stubs and the derivatives.
COMPLETENESS = ("operators", "derivatives", "accuracy", "bench_ops", "build", "documentation")


@pytest.mark.slow
def test_the_samples_of_records_pass_their_tests(tmp_path: Path) -> None:
    """As written, with kernels, stubs and tests; the kernels of all other operators come from the cache."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "dist", "wheelhouse", "__pycache__"))
    arithmetic, transcendental = PYTHON["CONTRIBUTING.md"]
    for chapter, sample in (("arithmetic", arithmetic), ("exponential", transcendental)):
        path = copy / f"src/aotops/ops/{chapter}.py"
        text = path.read_text(encoding="utf-8")
        missing = [line for line in sample.before.splitlines() if not is_given(line, text, f"aotops.ops.{chapter}")]
        head, mark, rest = text.partition("from typing import Any\n")
        path.write_text("\n".join([head + mark, *missing, rest, "", sample.text]), encoding="utf-8")
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
    found = run("-c", "import aotops as ao; print(ao.__file__, ao.reciprocal(ao.log2(ao.tensor([4.0]))))")
    assert found.startswith(str(copy))
    assert found.endswith("tensor([0.5])\n")
    assert run("-c", CALLED_BY_ITS_ALIASES) == "tensor([3.]) 3.0\n"
    passes(TESTS, "reciprocal or log2")
    passes(COMPLETENESS, "every or records or stubs or row or aliases or pages")


def is_given(line: str, text: str, module: str) -> bool:
    """Whether a module has what a line imports, or is what it imports from."""
    if line.startswith(("import ", "from typing")):
        return True
    source, _, names = line.removeprefix("from ").partition(" import ")
    return source == module or all(
        re.search(rf"^(from|import|    ).*\b{name}\b", text, re.M) for name in names.split(", ")
    )


#: By NumPy with a tensor, and in a scalar function, which has the operator's value and not the C library's.
CALLED_BY_ITS_ALIASES = """
import math
import numpy as np
import aotops as ao
from aotops import ops
from aotops.scalar.mathematics import record_called_by
from aotops.aot.pack.kernels import is_compute_bound
assert record_called_by(math.log2) is record_called_by(np.log2) is ops.collect()["log2"]
octaves = ao.map(lambda x: 1.0 + math.log2(x))
assert is_compute_bound(octaves._record)
print(np.log2(ao.tensor([8.0])), octaves(ao.tensor(4.0)).item())
"""
