"""Adds the operators of ``[tool.aotops]`` to a setuptools build, which calls it through ``aotops_setuptools``."""

from __future__ import annotations

import warnings
from typing import Any

from aotops.aot.front.requirements import require_compiler
from aotops.errors import BuildError

#: The versions of aotops that accept kernels built with this one: those with the same ``AOTOPS_KERNEL_VERSION``, which
#: changes only with the major version.
COMPATIBLE = "aotops>=0.1,<1"


def require_aotops(distribution: Any, project: Any) -> None:
    """Make a wheel require an aotops that accepts its kernels.

    The requirement is added if ``dynamic`` of ``[project]`` contains the dependencies, or if there is no such table. A
    static list cannot be extended: installers read it without a build. Warns of a list that lacks aotops. Setuptools
    later replaces all dependencies by those in a file of ``[tool.setuptools.dynamic]``, if there is one.
    """
    project = project if isinstance(project, dict) else {}
    dynamic = project.get("dynamic", ())
    if not project or "dependencies" in dynamic:
        others = list(distribution.install_requires or [])
        if not any(is_aotops(line) for line in others):
            distribution.install_requires = [*others, COMPATIBLE]
        return
    if not any(is_aotops(line) for line in project.get("dependencies", ())):
        warnings.warn(
            f'pyproject.toml: the wheel needs aotops at run time: add "{COMPATIBLE}" to dependencies of [project], or '
            'dynamic = ["dependencies"], with which the build adds it.',
            stacklevel=2,
        )


def is_aotops(requirement: Any) -> bool:
    """Return whether a requirement names aotops."""
    from aotops_setuptools import _project

    return _project(requirement) == "aotops"


def add_extensions(distribution: Any, table: Any) -> None:
    """Add an extension for each module in the table to a distribution."""
    try:
        modules = checked(table)
        require_compiler()
    except BuildError as error:
        raise SystemExit(f"error: {error}") from None
    from aotops.aot.pack.extension import OperatorExtension, build_operators

    distribution.ext_modules = [*(distribution.ext_modules or []), *map(OperatorExtension, modules)]
    base = distribution.get_command_class("build_ext")
    if not issubclass(base, build_operators):
        # derived from the project's own build_ext
        distribution.cmdclass["build_ext"] = type("build_ext", (build_operators, base), {})
    # kernels do not depend on Python, and the rest uses the limited API
    distribution.get_option_dict("bdist_wheel").setdefault("py_limited_api", ("aotops", "cp311"))


def checked(table: Any) -> list[str]:
    """Return the modules' names; raises ``BuildError`` if the table is invalid."""
    unknown = sorted(set(table) - {"modules"}) if isinstance(table, dict) else ["something else than a table"]
    if unknown:
        raise BuildError(f"pyproject.toml: [tool.aotops] takes only modules, got {', '.join(unknown)}")
    modules = table.get("modules")
    valid = isinstance(modules, list) and modules and all(isinstance(name, str) for name in modules)
    if not valid or not all(part.isidentifier() for name in modules for part in name.split(".")):
        raise BuildError(
            f'pyproject.toml: modules of [tool.aotops] must be a list of names like "package.module", got {modules!r}'
        )
    if len(set(modules)) < len(modules):
        raise BuildError(f"pyproject.toml: modules of [tool.aotops] must be named once each, got {modules!r}")
    return list(modules)
