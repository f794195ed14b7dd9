"""A task of the benchmark that times its own parts; copied to where workers import it, and imports little."""

import importlib
import time
from typing import Any


def parts(module: str, name: str, *args: Any) -> tuple[float, float]:
    """Seconds of the import of a function, and of its first call."""
    began = time.perf_counter()
    function = getattr(importlib.import_module(module), name)
    imported = time.perf_counter()
    function(*args)
    return imported - began, time.perf_counter() - imported
