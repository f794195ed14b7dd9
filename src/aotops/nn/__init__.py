"""Parts of models: modules with parameters, and functions such as losses. Names and meanings are PyTorch's.

>>> import aotops as ao
>>> from aotops import nn
>>> ao.random.seed(1)
>>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
>>> optimizer = ao.optim.Adam(model.parameters(), lr=0.1)
>>> x = ao.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
>>> y = ao.tensor([[0.0], [1.0], [1.0], [0.0]])
>>> for step in range(100):
...     loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
>>> (ao.sigmoid(model(x)) > 0.5).tolist()
[[False], [True], [True], [False]]
"""

from __future__ import annotations

from aotops.nn import functional, init, utils
from aotops.nn.files import load, save
from aotops.nn.layers import (
    GELU,
    Dropout,
    Embedding,
    Flatten,
    Identity,
    LayerNorm,
    Linear,
    LogSoftmax,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from aotops.nn.losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from aotops.nn.module import Module, Parameter

__all__ = [
    "GELU",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LayerNorm",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "functional",
    "init",
    "load",
    "save",
    "utils",
]
