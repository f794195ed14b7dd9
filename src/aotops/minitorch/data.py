"""The course's data: points in the unit square, each of one of two classes."""

from __future__ import annotations

import math
import random

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from collections.abc import Callable


class Graph:
    """Points and their classes.

    Attributes:
        N: the number of points.
        X: the points, pairs of numbers.
        y: the class of each, 0 or 1.
    """

    def __init__(self, points: list[tuple[float, float]], classes: list[int]) -> None:
        self.N, self.X, self.y = len(points), points, classes

    def __repr__(self) -> str:
        return f"Graph of {self.N} points"


def scattered(is_one: Callable[[float, float], bool]) -> Callable[[int], Graph]:
    """A function that makes a number of random points, of class 1 where a condition holds."""

    def make(count: int) -> Graph:
        points = [(random.random(), random.random()) for _ in range(count)]
        return Graph(points, [int(is_one(x, y)) for x, y in points])

    return make


def spiral(count: int) -> Graph:
    """Two spirals around the middle, one of each class."""
    half = count // 2
    turns = [10.0 * k / half for k in range(5, 5 + half)]
    first = [(0.5 + t * math.cos(t) / 20.0, 0.5 + t * math.sin(t) / 20.0) for t in turns]
    second = [(0.5 - t * math.sin(-t) / 20.0, 0.5 - t * math.cos(-t) / 20.0) for t in turns]
    return Graph(first + second, [0] * half + [1] * half)


#: By the course's names: functions of the number of points.
datasets: dict[str, Callable[[int], Graph]] = {
    "Simple": scattered(lambda x, y: x < 0.5),
    "Diag": scattered(lambda x, y: x + y < 0.5),
    "Split": scattered(lambda x, y: x < 0.2 or x > 0.8),
    "Xor": scattered(lambda x, y: (x < 0.5 < y) or (y < 0.5 < x)),
    "Circle": scattered(lambda x, y: (x - 0.5) ** 2 + (y - 0.5) ** 2 > 0.1),
    "Spiral": spiral,
}
