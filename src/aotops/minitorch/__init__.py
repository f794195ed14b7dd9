"""aotops for users of MiniTorch, the teaching library of the course "Machine Learning Engineering".

``AotOps`` makes a backend of a student's own package, or of the course's::

    from aotops.minitorch import AotOps
    backend = minitorch.TensorBackend(AotOps)

See docs/minitorch.md. Names are loaded on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.minitorch.backend import AotOps as AotOps
    from aotops.minitorch.recognise import PlainPythonWarning as PlainPythonWarning

#: Where each public name lives.
_HOMES = {
    "AotOps": "backend",
    "PlainPythonWarning": "recognise",
}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_HOMES)
    if name not in _HOMES:
        raise AttributeError(f"module 'aotops.minitorch' has no attribute {name!r}")
    value = getattr(__import__(f"aotops.minitorch.{_HOMES[name]}", fromlist=("",)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_HOMES, *[name for name in globals() if name.startswith("__")]})
