# ruff: noqa: D103 - the functions say in their names what they compute
"""The functions that are compiled by both: each with its layout, dtypes, and operands for some number of elements.

They take arrays and numbers and write their last parameters. No sum here is one whose order a compiler may choose.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numba
import numpy as np

F, I = "float64", "int64"  # noqa: E741
Function = TypeVar("Function", bound=Callable[..., None])


@dataclass(frozen=True)
class Case:
    """A function to time.

    Attributes:
        function: the Python function.
        layout: of `aotops.kernel`.
        dtypes: of all operands.
        operands: the inputs, for a number of elements that it visits.
        shape: of the output, from the inputs.
    """

    function: Callable[..., None]
    layout: str
    dtypes: tuple[str, ...]
    operands: Callable[[int], tuple[Any, ...]]
    shape: Callable[..., Any]

    @property
    def name(self) -> str:
        """Its name in the table."""
        return self.function.__name__


CASES: list[Case] = []
_rng = np.random.default_rng(15)


def case(layout: str, dtypes: tuple[str, ...], operands: Any, shape: Any) -> Callable[[Function], Function]:
    """Add a function to the cases."""

    def add(function: Function) -> Function:
        CASES.append(Case(function, layout, dtypes, operands, shape))
        return function

    return add


def vector(n: int) -> tuple[Any, ...]:
    """Numbers from 0 to 1."""
    return (_rng.random(n),)


def square(n: int) -> int:
    """The side of a square of `n` elements."""
    return math.isqrt(n)


def like_first(x: Any, *_: Any) -> Any:
    """The shape of the first input."""
    return x.shape


@case("(n),()->(n)", (F, I, F), lambda n: (_rng.random(n), 20), like_first)
def moving_mean(x: Any, length: Any, out: Any) -> None:
    total = 0.0
    for i in range(length):
        total += x[i]
        out[i] = total / (i + 1)
    for i in range(length, x.shape[0]):
        out[i] = out[i - 1] + (x[i] - x[i - length]) / length


@case(
    "(n,d),(m,d)->(n,m)",
    (F, F, F),
    lambda n: (_rng.random((square(n // 8), 8)), _rng.random((square(n // 8), 8))),
    lambda x, y: (x.shape[0], y.shape[0]),
)
def pairwise_distances(x: Any, y: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total = 0.0
            for k in range(x.shape[1]):
                difference = x[i, k] - y[j, k]
                total += difference * difference
            out[i, j] = math.sqrt(total)


@case("(n),(m)->()", (F, F, F), lambda n: (_rng.random(square(n)), _rng.random(square(n))), lambda x, y: (1,))
def time_warping(x: Any, y: Any, out: Any) -> None:
    n, m = x.shape[0], y.shape[0]
    costs = np.full((n + 1, m + 1), np.inf)
    costs[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            best = min(costs[i - 1, j], costs[i, j - 1], costs[i - 1, j - 1])
            costs[i, j] = abs(x[i - 1] - y[j - 1]) + best
    out[0] = costs[n, m]


@case(
    "(n),(m)->()",
    (I, I, I),
    lambda n: (_rng.integers(0, 4, square(n)), _rng.integers(0, 4, square(n))),
    lambda x, y: (1,),
)
def edit_distance(a: Any, b: Any, out: Any) -> None:
    n, m = a.shape[0], b.shape[0]
    row = np.arange(m + 1)
    for i in range(1, n + 1):
        diagonal = row[0]
        row[0] = i
        for j in range(1, m + 1):
            above = row[j]
            cost = 0 if a[i - 1] == b[j - 1] else 1
            row[j] = min(above + 1, row[j - 1] + 1, diagonal + cost)
            diagonal = above
    out[0] = row[m]


@case("(n),(m)->(m)", (F, F, F), lambda n: (_rng.random(n), _rng.random(n) * (n - 1)), lambda x, at: at.shape)
def resample(x: Any, at: Any, out: Any) -> None:
    for i in range(at.shape[0]):
        k = int(at[i])
        rest = at[i] - k
        out[i] = x[k] * (1.0 - rest) + x[min(k + 1, x.shape[0] - 1)] * rest


@case("(n),(m)->(m)", (F, I, F), lambda n: (_rng.random(n), _rng.integers(0, n, n)), lambda x, at: at.shape)
def gather(x: Any, at: Any, out: Any) -> None:
    for i in range(at.shape[0]):
        out[i] = x[at[i]]


@case("(n)->(256)", (F, I), vector, lambda x: (256,))
def histogram(x: Any, out: Any) -> None:
    for k in range(out.shape[0]):
        out[k] = 0
    for i in range(x.shape[0]):
        out[int(x[i] * 256.0)] += 1


def sparse(n: int) -> tuple[Any, ...]:
    """A sparse matrix of about `n` elements in compressed rows, and a vector."""
    rows = max(n // 10, 1)
    starts = np.arange(0, 10 * rows + 1, 10)
    return starts, _rng.integers(0, rows, 10 * rows), _rng.random(10 * rows), _rng.random(rows)


@case("(k),(n),(n),(m)->(k-1)", (I, I, F, F, F), sparse, lambda starts, *_: (starts.shape[0] - 1,))
def sparse_product(starts: Any, columns: Any, values: Any, x: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        total = 0.0
        for k in range(starts[i], starts[i + 1]):
            total += values[k] * x[columns[k]]
        out[i] = total


@case("(n),(),()->(n)", (F, F, F, F), lambda n: (_rng.random(n), 0.01, 0.1), lambda x, *_: x.shape)
def kalman(x: Any, process: Any, noise: Any, out: Any) -> None:
    estimate = 0.0
    error = 1.0
    for i in range(x.shape[0]):
        error += process
        gain = error / (error + noise)
        estimate += gain * (x[i] - estimate)
        error *= 1.0 - gain
        out[i] = estimate


@case("(n,m)->(n,m)", (F, F), lambda n: (_rng.random((square(n), square(n))),), like_first)
def stencil(x: Any, out: Any) -> None:
    n, m = x.shape
    out[:] = 0.0
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            sides = x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + 1]
            corners = x[i - 1, j - 1] + x[i - 1, j + 1] + x[i + 1, j - 1] + x[i + 1, j + 1]
            out[i, j] = 0.5 * x[i, j] + 0.1 * sides + 0.025 * corners


@case("(n),()->(n)", (F, F, F), lambda n: (_rng.random(n), 0.1), like_first)
def moving_average(x: Any, alpha: Any, out: Any) -> None:
    value = x[0]
    for i in range(x.shape[0]):
        value = alpha * x[i] + (1.0 - alpha) * value
        out[i] = value


@case("(n)->(n)", (I, I), lambda n: (_rng.integers(0, 2, n),), like_first)
def run_lengths(x: Any, out: Any) -> None:
    length = 0
    for i in range(x.shape[0]):
        length = length + 1 if i > 0 and x[i] == x[i - 1] else 1
        out[i] = length


@case("(n)->(n)", (F, F), vector, like_first)
def trimmed(x: Any, out: Any) -> None:
    ordered = np.sort(x)
    low = ordered[x.shape[0] // 10]
    high = ordered[x.shape[0] - 1 - x.shape[0] // 10]
    for i in range(x.shape[0]):
        out[i] = min(max(x[i], low), high)


@case("(n)->(n)", (F, F), vector, like_first)
def drawdown(x: Any, out: Any) -> None:
    total = 0.0
    highest = 0.0
    for i in range(x.shape[0]):
        total += x[i] - 0.5
        highest = max(highest, total)
        out[i] = highest - total


@case(
    "(n),(n),(m)->(m)",
    (F, F, F, F),
    lambda n: (np.linspace(0.0, 1.0, 100), _rng.random(100), _rng.random(n)),
    lambda x, y, at: at.shape,
)
def interpolate(x: Any, y: Any, at: Any, out: Any) -> None:
    for i in range(at.shape[0]):
        low, high = 0, x.shape[0] - 1
        while high - low > 1:
            middle = (low + high) // 2
            if x[middle] <= at[i]:
                low = middle
            else:
                high = middle
        out[i] = y[low] + (y[high] - y[low]) * (at[i] - x[low]) / (x[high] - x[low])


@case(
    "(n,d),(m,d)->(m)",
    (F, F, I),
    lambda n: (_rng.random((square(n // 3), 3)), _rng.random((square(n // 3), 3))),
    lambda x, y: (y.shape[0],),
)
def nearest(x: Any, y: Any, out: Any) -> None:
    for j in range(y.shape[0]):
        smallest = np.inf
        for i in range(x.shape[0]):
            distance = 0.0
            for k in range(x.shape[1]):
                distance += (x[i, k] - y[j, k]) ** 2
            if distance < smallest:
                smallest = distance
                out[j] = i


@case("(n),(n),()->(n)", (F, F, F, F), lambda n: (_rng.random(n), _rng.random(n), 0.3), like_first)
def haversine(x: Any, y: Any, radius: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        half = math.sin(0.5 * (x[i] - y[i]))
        out[i] = radius * math.exp(-half * half) + math.cos(x[i])


@case("(n)->()", (F, F), vector, lambda x: (1,))
def variance(x: Any, out: Any) -> None:
    mean = 0.0
    squares = 0.0
    for i in range(x.shape[0]):
        difference = x[i] - mean
        mean += difference / (i + 1)
        squares += difference * (x[i] - mean)
    out[0] = squares / x.shape[0]


@case("(n,m)->(m)", (F, F), lambda n: (_rng.random((square(n), square(n))),), lambda x: (x.shape[1],))
def column_sums(x: Any, out: Any) -> None:
    out[:] = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[j] += x[i, j]


@case("(n),(k)->(n)", (F, F, F), lambda n: (_rng.random(n), _rng.random(9)), like_first)
def smooth(x: Any, weights: Any, out: Any) -> None:
    half = weights.shape[0] // 2
    for i in range(x.shape[0]):
        total = 0.0
        for k in range(weights.shape[0]):
            j = i + k - half
            if 0 <= j < x.shape[0]:
                total += weights[k] * x[j]
        out[i] = total


@case("(n),()->(n)", (F, I, F), lambda n: (_rng.random(n), 25), like_first)
def moving_maximum(x: Any, length: Any, out: Any) -> None:
    queue = np.empty(x.shape[0], np.int64)
    first, last = 0, 0
    for i in range(x.shape[0]):
        while last > first and x[queue[last - 1]] <= x[i]:
            last -= 1
        queue[last] = i
        last += 1
        if queue[first] <= i - length:
            first += 1
        out[i] = x[queue[first]]


@case("(n),()->(n)", (F, I, F), lambda n: (_rng.random(n), 9), like_first)
def moving_median(x: Any, length: Any, out: Any) -> None:
    ordered = np.empty(length)
    for i in range(x.shape[0]):
        count = min(i + 1, length)
        place = count - 1
        if i >= length:
            place = 0
            while ordered[place] != x[i - length]:
                place += 1
            while place < length - 1:
                ordered[place] = ordered[place + 1]
                place += 1
        while place > 0 and ordered[place - 1] > x[i]:
            ordered[place] = ordered[place - 1]
            place -= 1
        ordered[place] = x[i]
        out[i] = ordered[count // 2]


@case(
    "(n),(n),()->()",
    (I, F, I, F),
    lambda n: (_rng.integers(1, 50, max(square(n) // 2, 2)), _rng.random(max(square(n) // 2, 2)), 2 * square(n)),
    lambda *_: (1,),
)
def knapsack(weights: Any, values: Any, capacity: Any, out: Any) -> None:
    best = np.zeros((weights.shape[0] + 1, capacity + 1))
    for i in range(weights.shape[0]):
        for room in range(capacity + 1):
            best[i + 1, room] = best[i, room]
            if room >= weights[i]:
                best[i + 1, room] = max(best[i, room], best[i, room - weights[i]] + values[i])
    out[0] = best[weights.shape[0], capacity]


@case("(n),(n)->(1000)", (I, F, F), lambda n: (_rng.integers(0, 1000, n), _rng.random(n)), lambda *_: (1000,))
def scatter(at: Any, x: Any, out: Any) -> None:
    out[:] = 0.0
    for i in range(x.shape[0]):
        out[at[i]] += x[i]


@case(
    "(n,m),(k,2)->(k)",
    (F, F, F),
    lambda n: (_rng.random((square(n), square(n))), _rng.random((n, 2)) * (square(n) - 1)),
    lambda image, at: (at.shape[0],),
)
def bilinear(image: Any, at: Any, out: Any) -> None:
    for i in range(at.shape[0]):
        row, column = int(at[i, 0]), int(at[i, 1])
        below, right = min(row + 1, image.shape[0] - 1), min(column + 1, image.shape[1] - 1)
        u, v = at[i, 0] - row, at[i, 1] - column
        upper = image[row, column] * (1.0 - v) + image[row, right] * v
        lower = image[below, column] * (1.0 - v) + image[below, right] * v
        out[i] = upper * (1.0 - u) + lower * u


@case("(n,3,3)->(n,3,3)", (F, F), lambda n: (_rng.random((n // 9, 3, 3)) + np.eye(3),), like_first)
def inverses(x: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        a = x[i]
        for j in range(3):
            for k in range(3):
                p, q, r, s = (j + 1) % 3, (j + 2) % 3, (k + 1) % 3, (k + 2) % 3
                out[i, k, j] = a[p, r] * a[q, s] - a[p, s] * a[q, r]
        determinant = a[0, 0] * out[i, 0, 0] + a[0, 1] * out[i, 1, 0] + a[0, 2] * out[i, 2, 0]
        for j in range(3):
            for k in range(3):
                out[i, j, k] /= determinant


@case("(n)->(256)", ("uint8", I), lambda n: (_rng.integers(0, 256, n).astype(np.uint8),), lambda x: (256,))
def byte_counts(x: Any, out: Any) -> None:
    out[:] = 0
    for i in range(x.shape[0]):
        out[x[i]] += 1


@case(
    "(n)->()",
    ("uint8", I),
    lambda n: (np.frombuffer((b"17 4 1000 \t23 " * (n // 14 + 1))[:n], np.uint8),),
    lambda x: (1,),
)
def sum_of_digits(string: Any, out: Any) -> None:
    total, number = 0, 0
    for i in range(string.shape[0]):
        character = string[i]
        if 48 <= character <= 57:
            number = 10 * number + (character - 48)
        else:
            total += number
            number = 0
    out[0] = total + number


@case(
    "(n),(m)->()",
    ("uint8", "uint8", I),
    lambda n: (
        _rng.integers(97, 101, square(n)).astype(np.uint8),
        _rng.integers(97, 101, square(n)).astype(np.uint8),
    ),
    lambda *_: (1,),
)
def common_subsequence(a: Any, b: Any, out: Any) -> None:
    lengths = np.zeros((a.shape[0] + 1, b.shape[0] + 1), np.int32)
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            if a[i] == b[j]:
                lengths[i + 1, j + 1] = lengths[i, j] + 1
            else:
                lengths[i + 1, j + 1] = max(lengths[i + 1, j], lengths[i, j + 1])
    out[0] = lengths[a.shape[0], b.shape[0]]


@numba.njit  # type: ignore[untyped-decorator]
def _area(low: Any, high: Any, depth: Any) -> Any:
    middle = 0.5 * (low + high)
    coarse = 0.5 * (low * low + high * high) * (high - low)
    fine = 0.25 * (low * low + 2.0 * middle * middle + high * high) * (high - low)
    if depth == 0 or abs(coarse - fine) < 1e-7:
        return fine
    return _area(low, middle, depth - 1) + _area(middle, high, depth - 1)


@case("(n)->(n)", (F, F), lambda n: (_rng.random(max(n // 100, 1)),), like_first)
def adaptive_areas(x: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        out[i] = _area(0.0, x[i], 12)


@case("(n,m)->(n,m)", (F, F), lambda n: (_rng.random((square(n), square(n))),), like_first)
def rows_ranked(x: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        order = np.argsort(x[i])
        for k in range(order.shape[0]):
            out[i, order[k]] = k


@case("(n),(),()->(n)", (F, F, F, I), lambda n: (_rng.random(n // 20) * 3 - 2, 0.3, 100.0), like_first)
def escape_times(x: Any, y: Any, most: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        a, b, count = 0.0, 0.0, 0
        while a * a + b * b <= 4.0 and count < most:
            a, b = a * a - b * b + x[i], 2.0 * a * b + y
            count += 1
        out[i] = count


@case(
    "(n),(n)->(n)",
    (I, I, I),
    lambda n: (_rng.integers(0, n, n), _rng.integers(0, n, n)),
    lambda a, b: (a.shape[0],),
)
def components(a: Any, b: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = i
    for i in range(a.shape[0]):
        p, q = a[i], b[i]
        while out[p] != p:
            out[p] = out[out[p]]
            p = out[p]
        while out[q] != q:
            out[q] = out[out[q]]
            q = out[q]
        out[max(p, q)] = min(p, q)
