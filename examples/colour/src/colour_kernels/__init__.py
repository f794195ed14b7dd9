"""Conversions of colours and compositing of images, as image-matting tools do them.

Images are tensors of shape (height, width, 3), channels between 0 and 1; a matte is of shape (height, width).
"""

import aotops as ao
from colour_kernels.ops import linear_to_srgb, luminance, over, srgb_to_linear

__all__ = ["composite", "grey", "linear_to_srgb", "luminance", "over", "srgb_to_linear"]


def grey(image: ao.Tensor) -> ao.Tensor:
    """The sRGB grey value of each pixel, of the luminance that its colour has."""
    linear = srgb_to_linear(image)
    return linear_to_srgb(luminance(linear[..., 0], linear[..., 1], linear[..., 2]))


def composite(matte: ao.Tensor, foreground: ao.Tensor, background: ao.Tensor) -> ao.Tensor:
    """A foreground cut out by a matte, in front of a background; mixed in linear light, as light mixes."""
    return linear_to_srgb(over(matte[..., None], srgb_to_linear(foreground), srgb_to_linear(background)))
