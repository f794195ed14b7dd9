"""The kernels against plain Python: the recursive definitions, with a cache."""

import functools
import itertools
import math

import numpy as np
import pytest
from alignment import dtw, path, word_distance

import aotops as ao

generator = np.random.default_rng(4)


def warped(x, y, window):
    reach = max(window, abs(len(x) - len(y)))

    @functools.cache
    def cost(i, j):
        if i == 0 and j == 0:
            return 0.0
        if i == 0 or j == 0 or abs(i - j) > reach:
            return math.inf
        return abs(x[i - 1] - y[j - 1]) + min(cost(i - 1, j), cost(i, j - 1), cost(i - 1, j - 1))

    return cost(len(x), len(y))


def edits(word, other):
    @functools.cache
    def count(i, j):
        if i == 0 or j == 0:
            return i + j
        substituted = count(i - 1, j - 1) + (word[i - 1] != other[j - 1])
        return min(substituted, count(i - 1, j) + 1, count(i, j - 1) + 1)

    return count(len(word), len(other))


@pytest.mark.parametrize("window", [0, 1, 3, 100])
def test_dtw_is_its_recursive_definition(window):
    x, y = generator.normal(size=(4, 12)), generator.normal(size=15)
    assert dtw(x, y, window).tolist() == pytest.approx([warped(row, y.tolist(), window) for row in x.tolist()])
    assert dtw(ao.asarray(x), ao.asarray(y), window).tolist() == dtw(x, y, window).tolist()
    assert dtw(x, y[:0], window).tolist() == [math.inf] * 4


def test_a_path_goes_from_end_to_end_and_costs_the_distance():
    x, y = generator.normal(size=8), generator.normal(size=11)
    pairs = path(x, y)
    assert pairs[0] == (0, 0) and pairs[-1] == (7, 10)
    assert all((k - i, m - j) in ((0, 1), (1, 0), (1, 1)) for (i, j), (k, m) in itertools.pairwise(pairs))
    assert sum(abs(x[i] - y[j]) for i, j in pairs) == pytest.approx(float(dtw(x, y, 100)))
    with pytest.raises(ValueError, match="x and y must not be empty"):
        path(x[:0], y)


def test_words():
    for word, other in [("kitten", "sitting"), ("", "abc"), ("abc", ""), ("same", "same"), ("größe", "grosse")]:
        assert word_distance(word, other) == edits(word, other)
