"""The record: everything there is to know of one operator, declared in one place.

A record is made by decorating the operator's scalar function with ``map`` (one input), ``zip`` (several)
or ``reduce`` (an associative combination of two values that folds an axis away). The kernels, the public
function with its docstring and signature, the method and the special method on ``Tensor``, the type
stubs and the tests' tables are all derived from the record; to add an operator is to add one record.

Python sees records only when somebody asks for documentation; the build reads them all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Scalar = Callable[..., Any]

BOOL = ("bool",)
INTEGERS = ("int64",)
FLOATS = ("float32", "float64")
NUMBERS = INTEGERS + FLOATS
ALL = BOOL + NUMBERS

#: Inputs of these dtypes compute in another one where an operator has no kernel for them.
TO_FLOAT = {"bool": "float64", "int64": "float64"}
TO_INTEGER = {"bool": "int64"}

#: Python's special methods that an operator can stand behind: the slots of ``kernel.h``.
SLOTS = ("add", "subtract", "multiply", "true_divide", "negative", "absolute", "lt", "le", "eq", "ne", "gt", "ge")


class RecordError(ValueError):
    """A record that contradicts itself; the message names the operator."""


@dataclass(eq=False)
class Record:
    """One operator's declaration.

    Attributes:
        kind: ``"map"``, ``"zip"`` or ``"reduce"``.
        name: the public name.
        scalar: the scalar function; for a reduction the combination of two values.
        dtypes: the input dtypes that get a kernel, in the order of promotion.
        result: the dtype of the result where it is not that of the inputs.
        identity: for a reduction, the value of an empty one; ``None`` if it has none.
        start: for a reduction, what a non-empty one starts from, where that is not the identity:
            a value, or one for each dtype.
        converts: dtypes without a kernel of their own, and the dtype in which they compute.
        slot: the special method, one of ``SLOTS``.
        method: whether ``Tensor`` has it as a method.
        numpy: the reference, a function of NumPy arrays given the NumPy module first.
        units: bound of the error in units in the last place (0: exact, or correctly rounded).
        specialised: scalar functions for particular dtypes, in place of ``scalar``.
    """

    kind: str
    name: str
    scalar: Scalar
    dtypes: tuple[str, ...]
    numpy: Callable[..., Any]
    result: str | None = None
    identity: float | None = None
    start: float | Mapping[str, float] | None = None
    converts: Mapping[str, str] = field(default_factory=dict)
    slot: str | None = None
    method: bool = False
    units: float = 0
    specialised: dict[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for dtype in (*self.dtypes, *self.converts, *filter(None, [self.result])):
            if dtype not in ALL:
                raise RecordError(f"{self.name}: dtypes must be some of {ALL}, got {dtype!r}")
        if not self.dtypes or len(set(self.dtypes)) != len(self.dtypes):
            raise RecordError(f"{self.name}: dtypes must be distinct and at least one, got {self.dtypes}")
        if tuple(sorted(self.dtypes, key=ALL.index)) != self.dtypes:
            raise RecordError(f"{self.name}: dtypes must be in the order of promotion {ALL}, got {self.dtypes}")
        for source, target in self.converts.items():
            if source in self.dtypes or target not in self.dtypes:
                raise RecordError(f"{self.name}: cannot convert {source} to {target} with kernels for {self.dtypes}")
        if self.slot is not None and self.slot not in SLOTS:
            raise RecordError(f"{self.name}: slot must be one of {SLOTS}, got {self.slot!r}")
        if self.kind == "reduce":
            if self.inputs != 2:
                raise RecordError(f"{self.name}: a reduction combines 2 values, its function takes {self.inputs}")
            if self.identity is None and self.start is None:
                raise RecordError(f"{self.name}: a reduction needs an identity or a start")
            if isinstance(self.start, Mapping) and not set(self.dtypes) <= set(self.start):
                raise RecordError(f"{self.name}: start must have a value for each of {self.dtypes}, got {self.start}")
        elif (self.kind == "map") != (self.inputs == 1):
            raise RecordError(f"{self.name}: a {self.kind} cannot have {self.inputs} input(s)")
        if not self.doc:
            raise RecordError(f"{self.name}: the scalar function needs a docstring, it is the operator's")

    @property
    def inputs(self) -> int:
        """Number of the scalar function's parameters."""
        return self.scalar.__code__.co_argcount

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the public function's tensor arguments."""
        if self.kind == "reduce":
            return ("x",)
        return self.scalar.__code__.co_varnames[: self.inputs]

    @property
    def doc(self) -> str:
        """The operator's docstring: the scalar function's own."""
        return inspect.getdoc(self.scalar) or ""

    def scalar_for(self, dtype: str) -> Scalar:
        """The scalar function that computes in a dtype."""
        return self.specialised.get(dtype, self.scalar)

    def result_for(self, dtype: str) -> str:
        """The dtype of the result from inputs of a dtype."""
        return self.result or dtype

    def start_for(self, dtype: str) -> float:
        """What a non-empty reduction in a dtype starts from."""
        start = self.start[dtype] if isinstance(self.start, Mapping) else self.start
        if start is None:
            start = self.identity
        assert start is not None  # __post_init__ has checked
        return start

    def specialise(self, dtype: str) -> Callable[[Scalar], Scalar]:
        """Decorator: the scalar function that computes this operator in one dtype."""
        if dtype not in self.dtypes:
            raise RecordError(f"{self.name}: no kernel for {dtype} to specialise, only for {self.dtypes}")

        def register(scalar: Scalar) -> Scalar:
            if scalar.__code__.co_argcount != self.inputs:
                taken = scalar.__code__.co_argcount
                raise RecordError(
                    f"{self.name}: the function for {dtype} must take {self.inputs} values, it takes {taken}"
                )
            self.specialised[dtype] = scalar
            return scalar

        return register


def _decorator(kind: str, options: dict[str, Any]) -> Callable[[Scalar], Record]:
    def declare(scalar: Scalar) -> Record:
        name = options.pop("name", scalar.__name__)
        options.setdefault("numpy", lambda np, *arrays, **keywords: getattr(np, name)(*arrays, **keywords))
        return Record(kind=kind, name=name, scalar=scalar, **options)

    return declare


def map(**options: Any) -> Callable[[Scalar], Record]:
    """Declare an operator of one input, computed element by element. Options are the record's attributes."""
    return _decorator("map", options)


def zip(**options: Any) -> Callable[[Scalar], Record]:
    """Declare an operator of several inputs over one iteration space. Options are the record's attributes."""
    return _decorator("zip", options)


def reduce(**options: Any) -> Callable[[Scalar], Record]:
    """Declare an operator that folds axes away by an associative combination of two values."""
    return _decorator("reduce", options)
