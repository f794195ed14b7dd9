"""What setuptools runs in every build where aotops is installed: it builds the operators of ``[tool.aotops]``.

The table of ``pyproject.toml`` has one key, ``modules``: a list of modules' names in dots. Each becomes an extension
module in the wheel, for every Python from 3.11 on. Builds without the table are left alone.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def finalize(distribution: Any) -> None:
    """Add the extensions to a distribution (the entry point ``setuptools.finalize_distribution_options``)."""
    try:
        settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
        table = settings.get("tool", {}).get("aotops")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return  # setuptools itself reports what is wrong with the file
    if table is None:
        return
    from aotops.aot.build import require_compiler
    from aotops.errors import BuildError

    try:
        modules = checked(table)
        require_compiler()
    except BuildError as error:
        raise SystemExit(f"error: {error}") from None
    from aotops.aot.extension import OperatorExtension, build_operators

    distribution.ext_modules = [*(distribution.ext_modules or []), *map(OperatorExtension, modules)]
    base = distribution.get_command_class("build_ext")
    if not issubclass(base, build_operators):
        # after what the project itself makes of build_ext
        distribution.cmdclass["build_ext"] = type("build_ext", (build_operators, base), {})
    # kernels know nothing of Python, and the rest is of the limited API
    distribution.get_option_dict("bdist_wheel").setdefault("py_limited_api", ("aotops", "cp311"))


def checked(table: Any) -> list[str]:
    """The modules' names; ``BuildError`` if the table is not as it should be."""
    from aotops.errors import BuildError

    unknown = sorted(set(table) - {"modules"}) if isinstance(table, dict) else ["something else than a table"]
    if unknown:
        raise BuildError(f"pyproject.toml: [tool.aotops] takes only modules, got {', '.join(unknown)}")
    modules = table.get("modules")
    valid = isinstance(modules, list) and modules and all(isinstance(name, str) for name in modules)
    if not valid or not all(part.isidentifier() for name in modules for part in name.split(".")):
        raise BuildError(
            f'pyproject.toml: modules of [tool.aotops] must be a list of names like "package.module", got {modules!r}'
        )
    return list(modules)
