"""The kernel: the continuous ranked probability score of a Gaussian forecast."""

import math

import aotops as ao

ROOT_HALF = 0.7071067811865476
ROOT_2_PI = 2.5066282746310002
ROOT_PI = 1.7724538509055159


def density(z):
    return math.exp(-0.5 * z * z) / ROOT_2_PI


def probability(z):
    return 0.5 * (1.0 + math.erf(z * ROOT_HALF))


@ao.zip
def crps_gaussian(observation, mean, deviation):
    """CRPS of a forecast N(mean, deviation**2) for an observation, in the observation's unit; less is better.

    Gneiting and Raftery, Strictly Proper Scoring Rules, Prediction, and Estimation, 2007, equation 21.
    """
    z = (observation - mean) / deviation
    return deviation * (z * (2.0 * probability(z) - 1.0) + 2.0 * density(z) - 1.0 / ROOT_PI)


@crps_gaussian.derivative
def _(observation, mean, deviation, score, g):
    z = (observation - mean) / deviation
    by_observation = 2.0 * probability(z) - 1.0
    return g * by_observation, -g * by_observation, g * (2.0 * density(z) - 1.0 / ROOT_PI)


@ao.zip
def logarithmic_score(observation, mean, deviation):
    """Negative log density of the observation."""
    z = (observation - mean) / deviation
    return 0.5 * z * z + math.log(deviation * ROOT_2_PI)
