"""The level of a series with a gap, filtered and smoothed, and the best of a few variances by their likelihood."""

import math

import aotops as ao
from kalman import filtered, smoothed

y = ao.tensor([1.0, 2.2, 2.9, 4.1, math.nan, math.nan, 6.8, 8.1, 9.0])
level, variance, _ = filtered(y, ao.tensor([0.1, 0.01, 0.01]))
print("filtered", " ".join(f"{value:.2f}" for value in level.tolist()))
print("variance", " ".join(f"{value:.2f}" for value in variance.tolist()[2:]))
print("smoothed", " ".join(f"{value:.2f}" for value in smoothed(y, 1.0).tolist()))
candidates = ao.tensor([[0.01, 0.01, 0.01], [0.1, 0.01, 0.001], [1.0, 1.0, 1.0]])
likelihoods = filtered(y, candidates)[2].tolist()  # a batch: each candidate with the same series
print("best", candidates.tolist()[likelihoods.index(max(likelihoods))])
