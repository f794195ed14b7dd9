"""The record: everything there is to know of one operator, declared in one place.

A record is made by decorating the operator's scalar function with ``map`` (one input), ``zip`` (several),
or ``reduce`` (an associative combination of two values that folds an axis away), or out of a reduction with ``scan``
(an axis keeps its running result) or ``argreduce`` (where along an axis the result is found). The kernels, the public
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

#: Python's special methods that an operator can stand behind: the slots of ``kernel.h``.
SLOTS = (
    "add",
    "subtract",
    "multiply",
    "true_divide",
    "power",
    "negative",
    "absolute",
    "lt",
    "le",
    "eq",
    "ne",
    "gt",
    "ge",
)


#: The kinds whose operators go along an axis and combine its elements.
FOLDING = ("reduce", "argreduce", "scan")


class RecordError(ValueError):
    """A record that contradicts itself; the message names the operator."""


@dataclass(eq=False)
class Record:
    """One operator's declaration.

    Attributes:
        kind: ``"map"``, ``"zip"``, ``"reduce"``, ``"argreduce"`` or ``"scan"``.
        name: the public name; one that begins with an underscore is a part of public functions.
        scalar: the scalar function; for a reduction, and what is made of one, the combination of two values.
        dtypes: the input dtypes that get a kernel, in the order of promotion.
        result: the dtype of the result where it is not that of the inputs: one, or one for each dtype.
        conditions: the names of inputs that are bool, whatever the dtype of the others.
        defaults: for inputs that may be left out, or None: the value, or one for each dtype.
        of: for a reduction, a scalar function of the inputs whose values are combined in place of the
            elements: the map and the reduction in one pass.
        absorbing: for a reduction, the value that no other one changes: it ends the work early.
        identity: for a reduction, the value of an empty one; ``None`` if it has none.
        start: for a reduction, what a non-empty one starts from, where that is not the identity:
            a value, or one for each dtype.
        converts: dtypes without a kernel of their own, and the dtype in which they compute.
        slot: the special method, one of ``SLOTS``.
        squares: of an operator of two inputs, the record that stands in for it where the second input is the
            Python number 2.
        method: whether ``Tensor`` has it as a method.
        numpy: the reference, a function of NumPy arrays given the NumPy module first.
        reduction: for a scan, the reduction whose running results it keeps; for an argreduce, the one whose
            result it looks for.
        doc: the docstring, by default the scalar function's own.
        units: bound of the error in units in the last place (0: exact, or correctly rounded).
        specialised: scalar functions for particular dtypes, in place of ``scalar``.
        common: for particular dtypes a cheaper function with the same bits, and one that says where it will not do.
    """

    kind: str
    name: str
    scalar: Scalar
    dtypes: tuple[str, ...]
    numpy: Callable[..., Any]
    result: str | Mapping[str, str] | None = None
    conditions: tuple[str, ...] = ()
    defaults: Mapping[str, float | Mapping[str, float]] = field(default_factory=dict)
    of: Scalar | None = None
    reduction: Record | None = None
    doc: str = ""
    absorbing: float | None = None
    identity: float | None = None
    start: float | Mapping[str, float] | None = None
    converts: Mapping[str, str] = field(default_factory=dict)
    slot: str | None = None
    squares: Record | None = None
    method: bool = False
    units: float = 0
    specialised: dict[str, Scalar] = field(default_factory=dict)
    common: dict[str, tuple[Scalar, Scalar]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.doc = self.doc or inspect.getdoc(self.scalar) or ""
        results = self.result.values() if isinstance(self.result, Mapping) else filter(None, [self.result])
        for dtype in (*self.dtypes, *self.converts, *results):
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
        for name in (*self.conditions, *self.defaults):
            if name not in self.parameters:
                raise RecordError(
                    f"{self.name}: conditions and defaults must be some of {self.parameters}, got {name!r}"
                )
        if self.kind in FOLDING:
            if self.scalar.__code__.co_argcount != 2:
                taken = self.scalar.__code__.co_argcount
                raise RecordError(f"{self.name}: a reduction combines 2 values, its function takes {taken}")
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
        """Number of the public function's tensor arguments."""
        return len(self.parameters)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the public function's tensor arguments."""
        if self.kind in FOLDING and self.of is None:
            return ("x",)
        code = (self.of or self.scalar).__code__
        return code.co_varnames[: code.co_argcount]

    def scalar_for(self, dtype: str) -> Scalar:
        """The scalar function that computes in a dtype."""
        return self.specialised.get(dtype, self.scalar)

    def result_for(self, dtype: str) -> str:
        """The dtype of the result from inputs of a dtype."""
        result = self.result.get(dtype) if isinstance(self.result, Mapping) else self.result
        return result or dtype

    @property
    def takes_dtype(self) -> bool:
        """Whether a reduction or a scan may be told in which dtype to compute."""
        return self.kind in FOLDING and self.identity is not None and self.of is None

    def inputs_for(self, dtype: str) -> tuple[str, ...]:
        """The dtypes of the inputs when they compute in a dtype."""
        return tuple("bool" if name in self.conditions else dtype for name in self.parameters)

    def default_for(self, parameter: str, dtype: str) -> float:
        """The value of an input that is left out, in a dtype."""
        default = self.defaults[parameter]
        return default[dtype] if isinstance(default, Mapping) else default

    def start_for(self, dtype: str) -> float:
        """What a non-empty reduction in a dtype starts from."""
        start = self.start[dtype] if isinstance(self.start, Mapping) else self.start
        if start is None:
            start = self.identity
        assert start is not None  # __post_init__ has checked
        return start

    def specialise(self, dtype: str) -> Callable[[Scalar], Scalar]:
        """Decorator: the scalar function that computes this operator in one dtype."""
        self._require_kernel(dtype)

        def register(scalar: Scalar) -> Scalar:
            self._require_inputs(dtype, scalar)
            self.specialised[dtype] = scalar
            return scalar

        return register

    def common_case(self, dtype: str, unless: Scalar) -> Callable[[Scalar], Scalar]:
        """Decorator: a cheaper function that gives the bits of ``scalar_for(dtype)`` except where ``unless`` is true.

        Contiguous rows take it for blocks without such elements (``aotops.loops.elementwise``).
        """
        self._require_kernel(dtype)

        def register(scalar: Scalar) -> Scalar:
            for function in (scalar, unless):
                self._require_inputs(dtype, function)
            self.common[dtype] = (scalar, unless)
            return scalar

        return register

    def _require_kernel(self, dtype: str) -> None:
        if dtype not in self.dtypes:
            raise RecordError(f"{self.name}: no kernel for {dtype} to specialise, only for {self.dtypes}")

    def _require_inputs(self, dtype: str, scalar: Scalar) -> None:
        taken, wanted = scalar.__code__.co_argcount, self.scalar.__code__.co_argcount
        if taken != wanted:
            raise RecordError(f"{self.name}: the function for {dtype} must take {wanted} values, it takes {taken}")


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


def scan(reduction: Record, **options: Any) -> Record:
    """Declare an operator that keeps the running results of a reduction; it has the reduction's dtypes."""
    return _derived("scan", reduction, {"identity": reduction.identity, "result": reduction.result, **options})


def argreduce(reduction: Record, **options: Any) -> Record:
    """Declare an operator that tells where along an axis the first element is that a reduction results in."""
    return _derived("argreduce", reduction, {"result": "int64", **options})


def _derived(kind: str, reduction: Record, options: dict[str, Any]) -> Record:
    inherited = {name: getattr(reduction, name) for name in ("dtypes", "converts", "start")}
    inherited["specialised"] = dict(reduction.specialised)
    return _decorator(kind, {**inherited, "reduction": reduction, **options})(reduction.scalar)
