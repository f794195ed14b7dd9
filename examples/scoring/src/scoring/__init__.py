"""Scoring rules for probabilistic forecasts, with gradients to fit forecasts by."""

import aotops as ao
from scoring.ops import crps_gaussian, logarithmic_score

__all__ = ["crps_gaussian", "fit_gaussian", "logarithmic_score"]


def fit_gaussian(observations: ao.Tensor, steps: int = 400, rate: float = 0.2) -> tuple[float, float]:
    """Mean and deviation of the Gaussian whose average CRPS for some observations is least, by gradient descent."""
    mean, deviation = ao.mean(observations).item(), 1.0
    for _ in range(steps):
        score = crps_gaussian(observations, mean, deviation)
        _, by_mean, by_deviation = crps_gaussian.derivative(observations, mean, deviation, score, 1.0)
        mean -= rate * ao.mean(by_mean).item()
        deviation = max(deviation - rate * ao.mean(by_deviation).item(), 1e-3)
    return mean, deviation
