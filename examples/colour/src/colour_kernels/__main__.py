"""Cut a red disc out of a red image and put it in front of a blue one; print a row of pixels through its middle."""

import aotops as ao
from colour_kernels import composite, grey

size = 9
radius = ao.arange(size, dtype=ao.float32) - 4.0
distance = (radius[:, None] ** 2 + radius[None, :] ** 2).sqrt()
matte = ao.clip(4.0 - distance, 0.0, 1.0)
red = ao.zeros((size, size, 3), dtype=ao.float32) + ao.tensor([1.0, 0.0, 0.0], dtype=ao.float32)
blue = ao.zeros((size, size, 3), dtype=ao.float32) + ao.tensor([0.0, 0.0, 1.0], dtype=ao.float32)
image = composite(matte, red, blue)
for pixel, light in zip(image[4].tolist(), grey(image)[4].tolist(), strict=True):
    print("#" + "".join(f"{round(channel * 255):02x}" for channel in pixel), f"grey {light:.3f}")
