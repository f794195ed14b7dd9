"""Plans as the glue makes them, and its walk over their grids: for tests of the planners, and of whole operators."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aotops.intrinsics import Pointer
from aotops.loops.plan import fields
from aotops.loops.plan.fields import FIELDS, PLAIN, PLAN_LENGTH, ROW, SHAPE, STRIDES


class Untouchable:
    """What lies around and between the elements of an operand; using it as a number is an error."""


CANARY = Untouchable()


@dataclass
class Axis:
    """An axis of a grid of tiles."""

    count: int
    length: int
    size: int
    steps: list[int]
    steps_in_bytes: list[int]


class Plan:
    """A plan as the glue makes it: a planner's answer by the names of its fields.

    Planners see nothing that the glue has not written.
    """

    def __init__(
        self, shape: list[int], strides: list[list[int]], inputs: int, roles: list[int] | None = None, **given: Any
    ) -> None:
        self.cells: list[Any] = [CANARY] * PLAN_LENGTH
        operands = len(strides)
        values: dict[str, Any] = {"rank": len(shape), "inputs": inputs, "outputs": operands - inputs}
        values |= {"itemsizes": [8] * operands, "addresses": [64 * (k + 1) for k in range(operands)]}
        values |= {"roles": roles or [PLAIN] * operands, "threads": 1}
        values |= dict.fromkeys(("compute_bound", "unbounded", "copies", "frugal"), 0)
        offset = 0
        for name, lengths in FIELDS:
            value = {**values, **given}.get(name)
            if value is not None:
                value = value if isinstance(value, list) else [value]
                self.cells[offset : offset + len(value)] = value
            offset += math.prod(lengths)
        self.cells[SHAPE : SHAPE + len(shape)] = shape
        for k, steps in enumerate(strides):
            self.cells[STRIDES + k * ROW : STRIDES + k * ROW + len(steps)] = steps
        self.operands = operands

    def made_by(self, planner: Callable[..., int]) -> Plan:
        """The plan, once a planner has completed it."""
        assert planner(Pointer(self.cells)) == 0
        return self

    def __getattr__(self, name: str) -> Any:
        offset = 0
        for field, lengths in FIELDS:
            size = math.prod(lengths)
            if field == name:
                return self.cells[offset : offset + size] if lengths else self.cells[offset]
            offset += size
        raise AttributeError(name)

    def space(self, rank: int) -> tuple[list[int], list[list[int]]]:
        """The shape and the strides, of so many axes."""
        starts = [STRIDES + k * ROW for k in range(self.operands)]
        return self.cells[SHAPE : SHAPE + rank], [self.cells[start : start + rank] for start in starts]

    def grid(self, number: int) -> list[Axis]:
        """The axes of one of the two grids; steps are in elements, of which each has 8 bytes here."""
        axes = []
        for axis in range(self.grid_ranks[number]):
            start = fields.GRIDS + (number * (fields.MOST_RANK + 1) + axis) * fields.AXIS_FIELDS
            count, length, size, *steps = self.cells[start : start + 3 + self.operands]
            axes.append(Axis(count, length, size, [step // 8 for step in steps], steps))
        return axes


def seek(axes: list[Axis], tile: int, places: list[int]) -> int:
    """``aot_seek``: move the operands' places to a tile; returns its size along the last axis."""
    size = 1
    for number, axis in reversed(list(enumerate(axes))):
        tile, index = divmod(tile, axis.count)
        for k in range(len(places)):
            places[k] += index * axis.steps[k]
        if number == len(axes) - 1:
            size = min(axis.size, axis.length - index * axis.size)
    return size
