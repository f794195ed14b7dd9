"""Losses as modules."""

from __future__ import annotations

from aotops.nn import functional
from aotops.nn.module import Module

TYPE_CHECKING = False  # importing typing would double the import time
if TYPE_CHECKING:
    from typing import Any

    from aotops.tensors import Tensor


class Loss(Module):
    """A loss: it is called with what a model returns and with what it should be.

    Parameters:
        reduction: ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each element.

    Raises:
        ValueError: ``reduction`` is none of the three.
    """

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in functional.REDUCTIONS:
            functional.wrong_reduction(type(self).__name__, reduction)
        self.reduction = reduction


class MSELoss(Loss):
    """The mean of squared differences: ``functional.mse_loss``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.MSELoss()(ao.tensor([1.0, 2.0]), ao.tensor([1.0, 4.0]))
        tensor(2.)
    """

    def forward(self, x: Any, target: Any) -> Tensor:
        """The loss."""
        return functional.mse_loss(x, target, self.reduction)


class BCEWithLogitsLoss(Loss):
    """The cross-entropy of probabilities ``sigmoid(x)``: ``functional.binary_cross_entropy_with_logits``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.BCEWithLogitsLoss()(ao.tensor([0.0]), ao.tensor([1.0]))
        tensor(0.6931471805599453)
    """

    def forward(self, x: Any, target: Any) -> Tensor:
        """The loss."""
        return functional.binary_cross_entropy_with_logits(x, target, self.reduction)


class CrossEntropyLoss(Loss):
    """The cross-entropy of probabilities ``softmax(x)``: ``functional.cross_entropy``.

    Example:
        >>> import aotops as ao
        >>> ao.nn.CrossEntropyLoss(reduction="sum")(ao.zeros((2, 2)), ao.tensor([0, 1]))
        tensor(1.3862943611198906)
    """

    def forward(self, x: Any, target: Any) -> Tensor:
        """The loss."""
        return functional.cross_entropy(x, target, self.reduction)
