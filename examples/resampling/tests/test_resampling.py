"""The kernels against plain Python, sample by sample."""

import math

import numpy as np
import pytest
from resampling import remap, resample, rotated

import aotops as ao

generator = np.random.default_rng(3)


def value_at(samples, position):
    if not math.isfinite(position):
        return math.nan
    position = min(max(position, 0.0), len(samples) - 1.0)
    k = math.floor(position)
    a, b, c, d = (samples[min(max(k + offset, 0), len(samples) - 1)] for offset in (-1, 0, 1, 2))
    t = position - k
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def test_positions_are_read_one_by_one():
    samples = generator.normal(size=(2, 20))
    positions = np.concatenate([generator.uniform(-3, 23, 50), np.arange(20.0), [math.nan, math.inf]])
    expected = [[value_at(row, position) for position in positions.tolist()] for row in samples.tolist()]
    np.testing.assert_allclose(resample(samples, positions), expected, rtol=1e-12, atol=1e-13)
    assert resample(samples[0], np.arange(20.0)).tolist() == samples[0].tolist()
    with pytest.raises(ValueError, match="samples must not be empty"):
        resample(samples[:, :0], positions)


def test_pixels_are_read_one_by_one():
    image = generator.normal(size=(6, 8))
    rows, columns = generator.uniform(-1, 6, (5, 4)), generator.uniform(-1, 8, (5, 4))
    result = remap(image, rows, columns)
    for i, j in np.ndindex(5, 4):
        y, x = rows[i, j], columns[i, j]
        expected = 0.0
        if 0 <= y <= 5 and 0 <= x <= 7:
            top, left = int(y), int(x)
            for p, q in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                if p < 6 and q < 8:
                    expected += (1 - abs(y - p)) * (1 - abs(x - q)) * image[p, q]
        assert result[i, j] == pytest.approx(expected, abs=1e-12)
    whole = np.meshgrid(np.arange(6.0), np.arange(8.0), indexing="ij")
    assert np.array_equal(remap(image, *whole), image)


def test_a_quarter_turn_moves_pixels():
    image = generator.normal(size=(5, 5))
    turned = np.asarray(rotated(ao.asarray(image), math.pi / 2))
    np.testing.assert_allclose(turned[1:4, 1:4], np.rot90(image)[1:4, 1:4], atol=1e-12)
