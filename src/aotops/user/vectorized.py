"""The types for which a function of Numba's ``vectorize`` is declared, as those of an operator."""

from __future__ import annotations

from aotops import errors
from aotops.abi import NAMES

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any


def declared_types(function: Any) -> list[tuple[str, ...]]:
    """The dtypes of the inputs and the result of each signature that ``vectorize`` was given."""
    import numpy  # which Numba has imported

    # as NumPy's universal functions spell them: "dl->d"
    rows = [each.replace("->", "") for each in getattr(function, "types", ())]
    return [tuple([numpy.dtype(letter).name for letter in row]) for row in rows]


def of_vectorize(function: Any, name: str, parameters: tuple[str, ...]) -> dict[str, Any]:
    """The arguments ``dtypes``, ``fixed`` and ``result`` of the declaration of a function of ``vectorize``.

    They are left out for a function without signatures.

    Raises ``RecordError`` where inputs have several dtypes, and not all the same ones.
    """
    rows = declared_types(function)
    if not rows:
        return {}
    unknown = sorted({each for row in rows for each in row} - set(NAMES))
    columns = list(zip(*rows, strict=True))
    # the first input with several dtypes stands for the operator's
    chosen = next((each for each in columns[:-1] if len(set(each)) > 1), columns[0])
    fixed = {}
    for parameter, own in zip(parameters, columns, strict=False):
        if len(set(own)) == 1 and own != chosen:
            fixed[parameter] = own[0]
        elif own != chosen:
            unknown.append(parameter)
    if unknown or len(set(chosen)) < len(chosen):
        wanted = "have one dtype, or the same ones as the other inputs, in the signatures of vectorize"
        got = ", ".join(f"({', '.join(row[:-1])}) -> {row[-1]}" for row in rows)
        errors.reject(errors.RecordError, name, "the inputs", wanted, got, "give dtypes=")
    results = dict(zip(chosen, columns[-1], strict=True))
    return {
        "dtypes": chosen,
        "fixed": fixed or None,
        "result": None if all(a == b for a, b in results.items()) else results,
    }
