"""The fingerprint of a kernel: a digest of a function's code and of everything that it refers to."""

from __future__ import annotations

import functools
import hashlib
import types as python_types
from collections.abc import Iterator
from typing import Any

from aotops import ops
from aotops.aot.pack.manifest import paths
from aotops.intrinsics import FastPath, Pattern, Signature, Table
from aotops.ops.record import Record
from aotops.scalar.functions import plain
from aotops.scalar.mathematics import NUMPY, is_substituted, record_called_by
from aotops.user.identity import NAMED_PACKAGES, Facts, code_spelled, found, spelled


def sha256(data: bytes) -> str:
    """A digest; aotops itself is built without its native module."""
    return hashlib.sha256(data).hexdigest()


all_records = functools.cache(ops.collect)


@functools.cache
def code_once(code: python_types.CodeType) -> str:
    """Return a digest of code; cached, since a build requests the code that operators share hundreds of times."""
    return code_spelled(code, sha256)


class KernelFacts(Facts):
    """The facts of a kernel: those of a declaration, and of all that is aotops' own in it."""

    def __init__(self) -> None:
        super().__init__(lambda number, function: paths(function))

    def spelled(self, value: Any) -> str:
        """A value, whose functions and operators are numbered."""
        return spelled(value, self.refer, sha256)

    def code(self, function: python_types.FunctionType) -> str:
        """What a function does."""
        return code_once(function.__code__)

    def refer(self, value: Any) -> str | None:
        """How a function or an operator is spelled, and what loop nests are closed over."""
        record = value if isinstance(value, Record) else record_called_by(value)
        if record is not None:
            return f"operator {self.number(record)}"
        if isinstance(value, python_types.FunctionType):
            if (value.__module__ or "").partition(".")[0] in NAMED_PACKAGES:
                return f"{value.__module__}.{value.__name__}"
            return f"function {self.number(value)}"
        if isinstance(value, Signature):
            return f"Signature {self.spelled((value.inputs, value.output))}"
        if isinstance(value, FastPath):
            return f"FastPath {self.spelled(value.function)}"
        if isinstance(value, Pattern):
            return f"Pattern {self.spelled(value.moves)}"
        if isinstance(value, Table):
            return f"Table {self.spelled(value.values)}"
        return None

    def of_function(self, function: python_types.FunctionType, number: int) -> Iterator[tuple[str, str]]:
        """What a function does and refers to; of ``math`` and its like, the operators that it means."""
        yield from super().of_function(function, number)
        records = all_records()
        for path in paths(function):
            if is_substituted(found(function, path)):
                for name in function.__code__.co_names:
                    record = records.get(NUMPY.get(name, name))
                    if record is not None:
                        yield f"{number} {path}.{name}", self.spelled(record)


def fingerprint(*values: Any) -> str:
    """Return a digest of functions and plain values: equal as long as the same code would be compiled.

    It covers a function's instructions, its constants and everything that it refers to, but not comments, docstrings
    and line numbers.
    """
    facts = KernelFacts()
    digest = hashlib.sha256(facts.spelled([plain(value) for value in values]).encode())
    for label, spelling in facts.of_reached():
        digest.update(f"\n{label}\t{spelling}".encode())
    return digest.hexdigest()
