"""The kernels: functions of one pixel's channels."""

import aotops as ao


@ao.map
def srgb_to_linear(c):
    """Linear light of an sRGB channel between 0 and 1 (IEC 61966-2-1)."""
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


@ao.map
def linear_to_srgb(c):
    """The sRGB channel of linear light between 0 and 1."""
    return c * 12.92 if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055


@ao.zip
def luminance(r, g, b):
    """Relative luminance of linear light (ITU-R BT.709)."""
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@ao.zip
def over(alpha, foreground, background):
    """A foreground, which covers a share ``alpha`` of each pixel, in front of a background."""
    return background + alpha * (foreground - background)


@over.derivative
def _(alpha, foreground, background, image, g):
    return g * (foreground - background), g * alpha, g * (1.0 - alpha)
