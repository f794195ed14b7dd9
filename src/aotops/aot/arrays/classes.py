"""Classes of the user's that compiled code refers to by the module and the name: named tuples and exceptions."""

from __future__ import annotations

import sys
from typing import Any


def place_of(own: type) -> str | None:
    """Return the module of a class and its name there, in lines; None if the module does not have it by that name."""
    found: Any = sys.modules.get(own.__module__)
    for name in own.__qualname__.split("."):
        found = getattr(found, name, None)
    return f"{own.__module__}\n{own.__qualname__}" if found is own else None
