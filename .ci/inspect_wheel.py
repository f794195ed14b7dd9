"""Check a built wheel's promises: its tag, its size, its metadata and its contents."""

import email
import sys
import zipfile
from pathlib import Path

LIMIT = 6_000_000

path = Path(sys.argv[1])
with zipfile.ZipFile(path) as wheel:
    names = wheel.namelist()
    described = next(name for name in names if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(wheel.read(described))

requirements = [entry for entry in metadata.get_all("Requires-Dist") or [] if "extra ==" not in entry]
extensions = [name for name in names if name.endswith((".so", ".pyd"))]
assert "-cp311-abi3-" in path.name, f"not an abi3 wheel for 3.11: {path.name}"
assert path.stat().st_size <= LIMIT, f"{path.stat().st_size} bytes, more than {LIMIT}"
assert not requirements, f"requires {requirements}"
# a name that every Python from 3.11 on looks for
assert [name for name in extensions if name.startswith("aotops/")] in (
    ["aotops/_native.abi3.so"],
    ["aotops/_native.pyd"],
)
assert not [name for name in names if ".libs/" in name], "a repaired wheel holds libraries, and needs none"
assert "aotops_setuptools.py" in names, "the hook of setuptools is not there, and its entry point is"
assert "aotops/py.typed" in names and "aotops/__init__.pyi" in names, "no type information"
assert "aotops/native/aotops_kernel.h" in names, "user-defined operators cannot be built without the header"
assert metadata["License-Expression"] == "BSD-3-Clause", metadata["License-Expression"]
print(f"{path.name}: {path.stat().st_size / 2**20:.2f} MiB, {len(names)} files, no requirements")
