"""An extension that an earlier aotops built keeps running: what it was compiled against may not change unnoticed."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

import pytest
from test_declare import run

from aotops import _native

KEPT = Path(__file__).parent / "kept"

SCRIPT = """
import aotops as ao
import kept_operators as kept

x = ao.tensor([1.0, 2.0, 3.0])
mask = ao.tensor([True, False, True])
print(kept.masked(mask, x).tolist(), kept.masked(mask, x, y=x).tolist())
print(kept.shifted(ao.tensor([1, 128, 255], dtype="uint8"), ao.tensor([3, 1, 4])).tolist())
print(kept.cubed(x).tolist(), kept.cubed.derivative(x, kept.cubed(x), 1.0).tolist())
print(kept.running(ao.tensor([1, 3, 2, 5]), include_initial=True).tolist(), kept.running(ao.arange(10**5))[-1].item())
print(kept.first_largest(ao.tensor([[1, 200, 200], [0, 0, 0]], dtype="uint8"), axis=1).tolist())
import sys
print("numba" in sys.modules)
"""

RESULTS = """\
[3.0, 10.0, 9.0] [3.0, 2.0, 9.0]
[8, 0, 240]
[1.0, 8.0, 27.0] [3.0, 12.0, 27.0]
[-9223372036854775808, 1, 3, 3, 5] 99999
[1, 0]
False
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc",
    reason="the extension that is kept is for Linux with glibc on x86-64",
)
def test_an_extension_of_an_earlier_aotops_runs(tmp_path: Path) -> None:
    assert _native.kernel_version == 1, "the extension that is kept is of version 1: keep one of the new version too"
    shutil.copy(KEPT / "kept_operators.py", tmp_path)
    shutil.copy(KEPT / "kept_operators.x86_64-linux", tmp_path / "_kept_operators_aotops.abi3.so")
    done = run("-c", SCRIPT, cwd=tmp_path, with_numba=False)
    assert (done.stdout, done.stderr) == (RESULTS, "")
