"""The constants of the array API standard."""

from __future__ import annotations

from math import e, inf, nan, pi

#: The new axis of an index: ``x[newaxis]``.
newaxis = None

__all__ = ["e", "inf", "nan", "newaxis", "pi"]
