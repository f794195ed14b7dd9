"""What setuptools runs in every build of an environment where aotops is installed.

Most of those builds have nothing to do with aotops, and none of them may fail because of it: this file stands
outside of the package, and imports it only for a project whose ``pyproject.toml`` has the table ``[tool.aotops]``.
The table has one key, ``modules``: a list of modules' names in dots, each of which becomes an extension module in the
wheel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def finalize(distribution: Any) -> None:
    """Add the extensions of ``[tool.aotops]`` (the entry point ``setuptools.finalize_distribution_options``)."""
    try:
        text = Path("pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return  # setuptools itself reports what is wrong with the file
    if "aot" not in text.lower():
        return
    import tomllib

    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # as above
    table = _table(settings, "tool").get("aotops")
    requires = _table(settings, "build-system").get("requires")
    required = isinstance(requires, list) and any(_project(line) == "aotops" for line in requires)
    if table is None:
        _warn_of_misspelling(settings, required)
        return
    if not required:
        _warn(
            '[tool.aotops] needs aotops in every build: add "aotops[build]" to requires of [build-system], '
            "without which an isolated build makes a wheel that has no kernels"
        )
    try:
        from aotops.aot.pack.setuptools_hook import add_extensions, require_aotops
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SystemExit(f"error: [tool.aotops] takes aotops, which cannot be imported: {reason}") from error
    require_aotops(distribution, settings.get("project"))
    add_extensions(distribution, table)


def _warn_of_misspelling(settings: dict[str, Any], required: bool) -> None:
    """Warn of a project that means to build operators and does not."""
    import difflib

    places = {
        **{f"tool.{name}": name for name in _table(settings, "tool")},
        **{f"tools.{name}": name for name in _table(settings, "tools")},
        **{name: name for name in settings},
    }
    for place, name in places.items():
        plain = "".join(character for character in name.lower() if character.isalnum())
        if difflib.SequenceMatcher(None, plain, "aotops").ratio() >= 0.75:
            _warn(f"[{place}] is not read: the table of aotops is [tool.aotops]. No operators are built")
            return
    if required:
        _warn(
            "aotops is required by [build-system], and there is no [tool.aotops] with the modules to build. "
            "No operators are built"
        )


def _warn(message: str) -> None:
    import warnings

    warnings.warn(f"pyproject.toml: {message}.", stacklevel=3)


def _table(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of the file, empty where there is none."""
    table = settings.get(name)
    return table if isinstance(table, dict) else {}


def _project(requirement: Any) -> str:
    """The normalised name of the project in a requirement such as ``aotops[build] >= 1``."""
    name = ""
    for character in str(requirement).strip():
        if not (character.isalnum() or character in "-_."):
            break
        name += character
    return name.lower().replace("_", "-").replace(".", "-")
