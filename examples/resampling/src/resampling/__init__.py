"""Signals and images read between their samples."""

import aotops as ao
from resampling.ops import remap, resample

__all__ = ["remap", "resample", "rotated"]


def rotated(image: ao.Tensor, angle: float) -> ao.Tensor:
    """An image turned about its centre by an angle in radians."""
    height, width = image.shape
    y = (ao.arange(height, dtype="float64") - (height - 1) / 2)[:, None]
    x = (ao.arange(width, dtype="float64") - (width - 1) / 2)[None, :]
    sine, cosine = ao.sin(ao.tensor(angle)), ao.cos(ao.tensor(angle))
    return remap(image, cosine * y + sine * x + (height - 1) / 2, cosine * x - sine * y + (width - 1) / 2)
