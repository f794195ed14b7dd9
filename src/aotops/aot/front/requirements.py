"""The requirements for compiling kernels, and the versions that were tested.

Nothing here imports the packages that it checks: the check must come before the import that would fail.
"""

from __future__ import annotations

import importlib.metadata
import re
import warnings

from aotops.errors import BuildError

#: The oldest version of each package that kernels were built and tested with, and the first version beyond those
#: tested, or None if any later one is accepted. Numba's internals are used, and change in its minor versions.
#: ``pyproject.toml`` repeats the bounds.
TESTED: dict[str, tuple[str, str | None]] = {
    "numba": ("0.62.0", "0.69"),
    "numpy": ("1.26", None),
    "setuptools": ("82.0.1", None),
}

ADVICE = "Install what is needed with `pip install 'aotops[build]'`; a prebuilt wheel needs none of it."


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, without a suffix such as that of a development release."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(number) for number in found[0].split(".")) if found else ()


def version_of(package: str) -> str:
    """Return the version of an installed package; raises ``BuildError`` if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise BuildError(
            f"Kernels are compiled with Numba and setuptools, and {package} is not installed.\n{ADVICE}"
        ) from None


def require_compiler() -> str:
    """Check the packages that compile kernels; returns the versions that machine code depends on.

    Raises ``BuildError``, which says what to install, if a package is missing or too old; warns of a package that is
    newer than those tested.
    """
    versions = {package: version_of(package) for package in ("numba", "llvmlite", "numpy", "setuptools")}
    for package, (oldest, end) in TESTED.items():
        version = versions[package]
        if numbers(version) < numbers(oldest):
            raise BuildError(
                f"Kernels are compiled with {package} {oldest} or later, and {version} is installed.\n{ADVICE}"
            )
        if end is not None and numbers(version) >= numbers(end):
            warnings.warn(
                f"{package} {version} is newer than the versions that aotops was tested with, from {oldest} to before "
                f"{end}: should the build fail or a result be wrong, install one of those.",
                stacklevel=2,
            )
    wanted = llvmlite_of_numba()
    if wanted is not None and numbers(versions["llvmlite"])[:2] != wanted:
        raise BuildError(
            f"numba {versions['numba']} takes llvmlite {'.'.join(map(str, wanted))}, and {versions['llvmlite']} is "
            f"installed.\n{ADVICE}"
        )
    return ", ".join(f"{package} {versions[package]}" for package in ("numba", "llvmlite", "numpy"))


def llvmlite_of_numba() -> tuple[int, ...] | None:
    """Return the minor version of llvmlite that the installed Numba requires, or None if it does not say."""
    for line in importlib.metadata.requires("numba") or []:
        found = re.match(r"llvmlite\b[^;]*>=\s*(\d+)\.(\d+)", line)
        if found:
            return int(found[1]), int(found[2])
    return None
