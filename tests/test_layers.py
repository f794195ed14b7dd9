"""Where things belong: what C calls in Python."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from needs import requires_source

import aotops
from aotops import callbacks, errors

NATIVE = Path(aotops.__file__).parent / "native"


def c_sources() -> dict[str, str]:
    """The C files by their names, without comments."""
    return {
        path.stem: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for path in sorted(NATIVE.glob("*.c"))
    }


# --- calls from C into Python -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", callbacks.CALLBACKS)
def test_what_c_calls_exists(name: str) -> None:
    module, _, function = callbacks.CALLBACKS[name].rpartition(".")
    assert getattr(callbacks, name) is getattr(importlib.import_module(module), function)


@requires_source
def test_c_calls_nothing_else_in_python() -> None:
    text = "\n".join(c_sources().values())
    assert set(re.findall(r'\baot_(?:call|ask)\("(\w+)"', text)) == set(callbacks.CALLBACKS)
    raised = set(re.findall(r'\baot_raise\("(\w+)"', text))
    assert raised
    assert all(callable(getattr(errors, name, None)) for name in raised)
    importers = {name for name, source in c_sources().items() if "PyImport_ImportModule" in source}
    assert importers <= {"python"}


def test_a_name_that_c_does_not_call_is_none_of_the_callbacks() -> None:
    with pytest.raises(AttributeError, match="no attribute 'something'"):
        _ = callbacks.something
