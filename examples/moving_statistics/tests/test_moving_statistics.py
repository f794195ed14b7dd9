"""The kernels against plain Python, window by window."""

import math
import statistics

import numpy as np
import pytest
from moving_statistics import moving_extremes, moving_mean, moving_std

import aotops as ao

rows = np.random.default_rng(1).normal(size=(3, 60))


def by_window(x, length, statistic):
    return [statistic(x[max(i + 1 - length, 0) : i + 1]) for i in range(len(x))]


@pytest.mark.parametrize("length", [1, 2, 7, 60, 1000])
def test_rows_are_what_each_window_gives(length):
    for row, mean in zip(rows.tolist(), moving_mean(rows, length), strict=True):
        assert mean.tolist() == pytest.approx(by_window(row, length, statistics.fmean), abs=1e-12)
    lowest, highest = moving_extremes(rows, length)
    assert lowest.tolist() == [by_window(row, length, min) for row in rows.tolist()]
    assert highest.tolist() == [by_window(row, length, max) for row in rows.tolist()]
    deviations = [by_window(row, length, lambda w: statistics.stdev(w) if len(w) > 1 else math.nan) for row in rows]
    np.testing.assert_allclose(moving_std(rows, length), deviations, atol=1e-12)


def test_arrays_give_arrays_and_tensors_tensors():
    assert type(moving_mean(rows, 3)) is np.ndarray
    assert type(moving_mean(ao.asarray(rows), 3)) is ao.Tensor
    assert np.array_equal(moving_mean(rows.T, 3, axis=0), moving_mean(rows, 3).T)
    assert moving_std(rows.astype("f4"), 5).dtype == np.float32


def test_a_length_below_1_is_an_error():
    with pytest.raises(ValueError, match="length must be at least 1"):
        moving_mean(rows, 0)
