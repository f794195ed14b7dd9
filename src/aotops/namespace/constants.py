"""The constants of the array API standard."""

from __future__ import annotations

from math import e, inf, nan, pi

newaxis = None

#: What each is, for the reference.
MEANINGS = {
    "e": "Euler's number, the base of natural logarithms, as a Python float.",
    "inf": "Positive infinity, as a Python float.",
    "nan": "Not a number, as a Python float: unequal to everything, itself included.",
    "newaxis": "``None``, which inserts an axis of length 1 as part of an index: ``x[:, newaxis]``.",
    "pi": "The ratio of a circle's circumference to its diameter, as a Python float.",
}

__all__ = ["e", "inf", "nan", "newaxis", "pi"]
