"""The kernels against the textbook's equations in matrices, and against the posterior of all observations at once."""

import math

import numpy as np
import pytest
from kalman import filtered, smoothed

import aotops as ao

generator = np.random.default_rng(6)
series = np.cumsum(generator.normal(size=(3, 40)), axis=1) + generator.normal(size=(3, 40))
series[1, 5:9] = math.nan
series[2, 0] = math.nan


def by_matrices(y, noise, level_step, slope_step):
    transition, observed = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([1.0, 0.0])
    state, covariance = np.zeros(2), np.eye(2) * 1e7
    levels, variances, total, seen = [], [], 0.0, 0
    for i, value in enumerate(y):
        if i:
            state = transition @ state
            covariance = transition @ covariance @ transition.T + np.diag([level_step, slope_step])
        if not math.isnan(value):
            spread = observed @ covariance @ observed + noise
            gain = covariance @ observed / spread
            error = value - observed @ state
            state = state + gain * error
            covariance = covariance - np.outer(gain, observed) @ covariance
            seen += 1
            if seen > 2:
                total -= 0.5 * (math.log(2 * math.pi * spread) + error * error / spread)
        levels.append(state[0])
        variances.append(covariance[0, 0])
    return levels, variances, total


def test_the_filter_is_that_of_matrices():
    variances = np.array([[0.5, 0.2, 0.05], [1.0, 0.0, 0.1], [2.0, 1.0, 0.0]])
    levels, spreads, totals = filtered(series, variances)
    for k in range(3):
        expected = by_matrices(series[k], *variances[k])
        np.testing.assert_allclose(levels[k], expected[0], rtol=1e-6, atol=1e-6)  # 1e7 leaves nine digits
        np.testing.assert_allclose(spreads[k], expected[1], rtol=1e-6, atol=1e-6)
        assert totals[k] == pytest.approx(expected[2], rel=1e-6)
    assert filtered(ao.asarray(series), ao.asarray(variances))[2].tolist() == totals.tolist()
    with pytest.raises(ValueError, match="variances must be positive for observations"):
        filtered(series, np.zeros(3))


def test_the_smoother_is_the_posterior_mean():
    for y, level in zip(series, smoothed(series, 0.3), strict=True):
        n = len(y)
        steps = np.diff(np.eye(n), axis=0)
        precision = steps.T @ steps / 0.3 + np.diag(np.where(np.isnan(y), 0.0, 1.0))
        precision[0, 0] += 1e-7
        np.testing.assert_allclose(level, np.linalg.solve(precision, np.nan_to_num(y)), rtol=1e-6, atol=1e-6)
