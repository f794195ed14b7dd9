"""The kernels: recursions along a series, forwards and backwards."""

import math

import aotops as ao

LOG_2_PI = math.log(2.0 * math.pi)


@ao.kernel("(t),(3)->(t),(t),()", dtypes="float64")
def filtered(y, variances, level, variance, log_likelihood):
    """Local linear trend: the level given the observations so far, its variance, and the log likelihood.

    ``variances`` are those of an observation, and of the steps of level and slope. An observation that is NaN is
    missing. The first two that are not start the recursion.
    """
    noise, level_step, slope_step = variances[0], variances[1], variances[2]
    if noise <= 0.0 or level_step < 0.0 or slope_step < 0.0:
        raise ValueError("variances must be positive for observations, and not negative for steps")
    # state (level a, slope b) with covariance ((paa, pab), (pab, pbb)); vague before the first observation
    a, b, paa, pab, pbb = 0.0, 0.0, 1e7, 0.0, 1e7
    total, seen = 0.0, 0
    for i in range(y.shape[0]):
        if i > 0:
            a = a + b
            paa, pab, pbb = paa + 2.0 * pab + pbb + level_step, pab + pbb, pbb + slope_step
        if not math.isnan(y[i]):
            spread = paa + noise
            error = y[i] - a
            gain_a, gain_b = paa / spread, pab / spread
            a, b = a + gain_a * error, b + gain_b * error
            paa, pab, pbb = paa - gain_a * paa, pab - gain_a * pab, pbb - gain_b * pab
            seen += 1
            if seen > 2:
                total -= 0.5 * (LOG_2_PI + math.log(spread) + error * error / spread)
        level[i], variance[i] = a, paa
    log_likelihood[0] = total


@ao.kernel("(t),()->(t)", dtypes="float64")
def smoothed(y, ratio, level):
    """Level of a random walk given all observations; ``ratio`` is the variance of a step over that of an observation.

    Forwards a filter, whose levels and variances are kept, and then backwards what each knows of the later ones.
    """
    if not ratio > 0.0:
        raise ValueError("ratio must be positive")
    n = y.shape[0]
    before, after = ao.empty(n), ao.empty(n)  # variances of the level before and after each observation
    a, p = 0.0, 1e7
    for i in range(n):
        p = p + ratio if i > 0 else p
        before[i] = p
        if not math.isnan(y[i]):
            gain = p / (p + 1.0)
            a, p = a + gain * (y[i] - a), p - gain * p
        level[i], after[i] = a, p
    for i in range(n - 2, -1, -1):
        level[i] += after[i] / before[i + 1] * (level[i + 1] - level[i])
