"""A signal at three times its rate, and an image turned by an eighth of a circle."""

import math

import aotops as ao
from resampling import resample, rotated

signal = ao.tensor([0.0, 1.0, 0.0, -1.0, 0.0])
print("signal", " ".join(f"{value:.2f}" for value in resample(signal, ao.linspace(0.0, 4.0, 13)).tolist()))
bar = ao.zeros((9, 9))
bar[3:6, 1:8] = 1.0
for row in rotated(bar, math.pi / 4).tolist():
    print("image ", "".join(" .:*#"[min(int(value * 5.0), 4)] for value in row).rstrip())
