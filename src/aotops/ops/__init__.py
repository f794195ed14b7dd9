"""What is computed: one record for each operator, in the chapters of the array API standard."""

from __future__ import annotations

from aotops.errors import RecordError, reject
from aotops.ops.record import Record

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from types import ModuleType


def chapters() -> tuple[ModuleType, ...]:
    """The modules that declare aotops' own operators; user-defined operators import only the record."""
    from aotops.ops import (
        activation,
        arithmetic,
        bases,
        bitwise,
        classification,
        comparison,
        complex_exponential,
        complex_parts,
        complex_trigonometric,
        creation,
        division,
        exponential,
        hyperbolic,
        inverse_hyperbolic,
        inverse_trigonometric,
        log_sums,
        power,
        reduction,
        retry,
        roots,
        rounding,
        selection,
        special,
        trigonometric,
    )

    return (
        arithmetic,
        division,
        rounding,
        classification,
        exponential,
        bases,
        roots,
        power,
        trigonometric,
        inverse_trigonometric,
        hyperbolic,
        inverse_hyperbolic,
        special,
        log_sums,
        activation,
        complex_exponential,
        complex_parts,
        complex_trigonometric,
        comparison,
        bitwise,
        selection,
        reduction,
        retry,
        creation,
    )


def collect() -> dict[str, Record]:
    """All records by name, in the order of their declaration; a name or slot given twice is a ``RecordError``."""
    records: dict[str, Record] = {}
    slots: dict[str, str] = {}
    for chapter in chapters():
        for value in vars(chapter).values():
            if not isinstance(value, Record) or records.get(value.name) is value:
                continue  # a chapter may refer to records of another one
            if value.name in records:
                reject(RecordError, value.name, "the name", "belong to one record", "two")
            if value.slot is not None and value.slot in slots:
                reject(RecordError, value.name, "slot", f"differ from that of {slots[value.slot]}", repr(value.slot))
            if value.slot is not None:
                slots[value.slot] = value.name
            records[value.name] = value
            if value.gradient is not None:
                records[value.gradient.name] = value.gradient
    return records
