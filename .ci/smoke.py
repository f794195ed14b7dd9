"""Smoke test of an installed wheel: run by an interpreter outside of the source tree.

Fails unless aotops computes, needs nothing but itself, and lies in site-packages. Uses plain asserts and the
standard library only, so that it runs where nothing else is installed.
"""

import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

before = set(sys.modules)

import aotops as ao  # noqa: E402

result = ao.ones(10) + 1

loaded = set(sys.modules) - before
forbidden = {"numpy", "numba", "llvmlite", "ctypes"} & {name.partition(".")[0] for name in loaded}
assert not forbidden, f"import and first operation loaded {forbidden}"
assert result.tolist() == [2.0] * 10

layer1 = ao.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
embedding = (layer1 * ao.tensor([0.0, 1.0, 0.0])).sum(1)
assert embedding.tolist() == [0.2, 0.5], embedding
assert abs((embedding * embedding).sum().item() - 0.29) < 1e-15
assert ao.exp(ao.tensor([0.0])).tolist() == [1.0]
assert memoryview(layer1).shape == (2, 3)

requirements = [entry for entry in metadata.requires("aotops") or [] if "extra ==" not in entry]
assert not requirements, f"the wheel requires {requirements}"
assert Path(ao.__file__).resolve().parent.parent.name in ("site-packages", "dist-packages"), ao.__file__

installed = [name for name in ("numpy", "numba") if find_spec(name)]
python = sys.version.split()[0]
print(f"aotops {ao.__version__} works on {ao.cpu_level()}, Python {python}; beside it: {installed or 'nothing'}")
