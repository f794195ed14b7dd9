"""Fit a Gaussian to observations and compare it with forecasts that are too sure, or not sure enough."""

import aotops as ao
from scoring import crps_gaussian, fit_gaussian

observations = ao.tensor([2.1, 3.4, 1.9, 2.8, 4.2, 3.1, 2.5, 3.6])
mean, deviation = fit_gaussian(observations)
print(f"fitted: mean {mean:.3f}, deviation {deviation:.3f}")
for name, factor in (("too sure", 0.2), ("fitted", 1.0), ("not sure", 4.0)):
    score = ao.mean(crps_gaussian(observations, mean, factor * deviation)).item()
    print(f"{name:8} deviation {factor * deviation:.3f}: mean CRPS {score:.4f}")
