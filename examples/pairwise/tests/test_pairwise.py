"""The kernels against plain Python, pair by pair."""

import math

import numpy as np
import pytest
from pairwise import canberra_distances, cosine_distances, manhattan_distances, nearest

import aotops as ao

generator = np.random.default_rng(2)
x, y = generator.normal(size=(7, 5)), generator.normal(size=(9, 5))
x[0] = 0.0


def manhattan(a, b):
    return sum(abs(p - q) for p, q in zip(a, b, strict=True))


def canberra(a, b):
    return sum(abs(p - q) / (abs(p) + abs(q)) for p, q in zip(a, b, strict=True) if p or q)


def cosine(a, b):
    size = math.hypot(*a) * math.hypot(*b)
    return 1.0 - sum(p * q for p, q in zip(a, b, strict=True)) / size if size else 1.0


@pytest.mark.parametrize(
    ("kernel", "metric"),
    [(manhattan_distances, manhattan), (canberra_distances, canberra), (cosine_distances, cosine)],
)
def test_each_pair_is_what_the_metric_gives(kernel, metric):
    expected = [[metric(a, b) for b in y.tolist()] for a in x.tolist()]
    np.testing.assert_allclose(kernel(x, y), expected, rtol=1e-12, atol=1e-15)
    assert kernel(ao.asarray(x), ao.asarray(y)).tolist() == kernel(x, y).tolist()
    assert np.array_equal(kernel(x[::-1, ::-1], y[:, ::-1]), kernel(x[::-1, ::-1].copy(), y[:, ::-1].copy()))
    assert kernel(np.stack([x, -x]), y).shape == (2, 7, 9)  # a batch in front


def test_the_nearest_row_has_the_smallest_distance():
    position, distance = nearest(x, y)
    table = manhattan_distances(x, y)
    assert position.tolist() == table.argmin(axis=1).tolist()
    assert distance.tolist() == table.min(axis=1).tolist()
    with pytest.raises(ValueError, match="y must have at least one row"):
        nearest(x, y[:0])
    with pytest.raises(ValueError, match="nearest: y must have 5 elements along d"):
        nearest(x, y[:, :4])
