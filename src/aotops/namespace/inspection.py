"""Inspection: what the library supports, as libraries that take any array namespace ask for it."""

from __future__ import annotations

from aotops import _native, errors
from aotops.arguments import is_one_of
from aotops.dtypes import BY_NAME
from aotops.namespace.data_types import KINDS, names_of_kind

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops._native import DType

#: The only device, as the array API standard names it.
DEVICE = "cpu"


class NamespaceInfo:
    """What the library supports; ``aotops.__array_namespace_info__`` returns it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "aotops.__array_namespace_info__()"

    def capabilities(self) -> dict[str, Any]:
        """Return what an implementation of the standard need not have.

        Example:
            >>> import aotops as ao
            >>> ao.__array_namespace_info__().capabilities()["max dimensions"]
            32
        """
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": _native.max_rank}

    def default_device(self) -> str:
        """Return the device of new tensors.

        Example:
            >>> import aotops as ao
            >>> ao.__array_namespace_info__().default_device()
            'cpu'
        """
        return DEVICE

    def devices(self) -> tuple[str, ...]:
        """Return all devices.

        Example:
            >>> import aotops as ao
            >>> ao.__array_namespace_info__().devices()
            ('cpu',)
        """
        return (DEVICE,)

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """Return the dtypes that tensors of Python numbers have, and that of indices.

        Parameters:
            device: "cpu", the only one, or None.

        Raises:
            ValueError: ``device`` is something else.

        Example:
            >>> import aotops as ao
            >>> ao.__array_namespace_info__().default_dtypes()["integral"]
            aotops.int64
        """
        require_device("default_dtypes", device)
        names = {
            "real floating": "float64",
            "complex floating": "complex128",
            "integral": "int64",
            "indexing": "int64",
        }
        return {kind: BY_NAME[name] for kind, name in names.items() if name in BY_NAME}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """Return the dtypes by their names.

        Parameters:
            device: "cpu", the only one, or None.
            kind: A kind that ``aotops.isdtype`` takes as a string, or a tuple of several; None for all.

        Raises:
            ValueError: ``device`` is something else, or ``kind`` is an unknown string.
            TypeError: ``kind`` is not a string.

        Example:
            >>> import aotops as ao
            >>> list(ao.__array_namespace_info__().dtypes(kind="real floating"))
            ['float32', 'float64']
        """
        require_device("dtypes", device)
        if kind is None:
            return dict(BY_NAME)
        chosen: set[str] = set()
        for each in kind if isinstance(kind, tuple) else (kind,):
            if not isinstance(each, str):
                errors.wrong_type("dtypes", "kind", f"one of {', '.join(KINDS)}, or a tuple of these", each)
            chosen.update(names_of_kind("dtypes", each))
        return {name: dtype for name, dtype in BY_NAME.items() if name in chosen}


def require_device(function: str, device: Any) -> None:
    """Raise ``ValueError`` for anything but the only device and None."""
    if device is not None and not is_one_of(device, DEVICE):
        errors.reject(ValueError, function, "device", f"be {DEVICE!r} or None", errors.shown(device))


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807  the standard's name
    """Return an object whose methods tell what the library supports, as the array API standard defines them.

    Returns:
        An object with the methods ``capabilities``, ``default_device``, ``default_dtypes``, ``devices`` and ``dtypes``.

    Example:
        >>> import aotops as ao
        >>> ao.__array_namespace_info__().default_dtypes()["real floating"]
        aotops.float64
    """
    return NamespaceInfo()
