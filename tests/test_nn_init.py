"""What parameters start from, normalisation, and clipping of gradients, against NumPy and PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from needs import requires_torch

import aotops as ao
from aotops import nn
from aotops.nn import init

#: The deviation of each, for a weight of 200 outputs and 100 inputs of 2 by 3.
DEVIATIONS = {
    "uniform_": (lambda w, **o: init.uniform_(w, -1.0, 1.0, **o), 1 / math.sqrt(3)),
    "normal_": (lambda w, **o: init.normal_(w, 0.0, 0.5, **o), 0.5),
    "xavier_uniform_": (init.xavier_uniform_, math.sqrt(2 / 1800)),
    "xavier_normal_": (lambda w, **o: init.xavier_normal_(w, 2.0, **o), 2 * math.sqrt(2 / 1800)),
    "kaiming_uniform_": (init.kaiming_uniform_, math.sqrt(2 / 600)),
    "kaiming_normal_": (
        lambda w, **o: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu", **o),
        math.sqrt(2 / 1200),
    ),
}


@pytest.mark.parametrize("name", DEVIATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_have_the_deviation(name: str, dtype: str) -> None:
    call, deviation = DEVIATIONS[name]
    weight = nn.Parameter(ao.zeros((200, 100, 2, 3), dtype=dtype))
    assert call(weight, generator=ao.random.Generator(3)) is weight
    assert weight.is_leaf and weight.requires_grad and weight.dtype.name == dtype
    array = np.asarray(weight.detach())
    assert abs(array.mean()) < 0.01 * deviation and abs(array.std() / deviation - 1) < 0.01
    if "uniform" in name:
        assert abs(np.abs(array).max() / (deviation * math.sqrt(3)) - 1) < 0.001
    again = ao.zeros((200, 100, 2, 3), dtype=dtype)
    call(again, generator=ao.random.Generator(3))
    np.testing.assert_array_equal(np.asarray(again), array)


def test_what_is_filled_is_seen_by_backward() -> None:
    x = ao.tensor([1.0, 2.0], requires_grad=True)
    y = ao.exp(x) * x
    init.constant_(x, 3.0)
    assert x.tolist() == [3.0, 3.0]
    with pytest.raises(ao.GradientError, match="was written to since"):
        y.sum().backward()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: init.normal_([1.0]), TypeError, "normal_: tensor must be a Tensor, got"),
        (lambda: init.uniform_(ao.zeros(2, dtype="int64")), TypeError, "uniform_: tensor"),
        (
            lambda: init.constant_(ao.ones(2, requires_grad=True) * 2, 1.0),
            TypeError,
            "be a parameter, got the result of",
        ),
        (lambda: init.constant_(ao.ones(2), "1"), TypeError, "constant_: val must be a number, got str"),
        (lambda: init.xavier_normal_(ao.ones(2)), ValueError, r"have two axes or more.*got shape \(2,\)"),
        (lambda: init.kaiming_uniform_(ao.ones((2, 2)), mode="out"), ValueError, "mode must be fan_in or fan_out"),
        (
            lambda: init.kaiming_normal_(ao.ones((2, 2)), nonlinearity="gelu"),
            ValueError,
            "one of linear, sigmoid, tanh",
        ),
        (lambda: init.normal_(ao.ones(2), generator=7), TypeError, "generator must be a Generator or None"),
        (lambda: nn.LayerNorm(0), ValueError, "normalized_shape must be one length or several"),
        (lambda: nn.LayerNorm(2.0), TypeError, "normalized_shape must be an int"),
        (lambda: nn.LayerNorm(3)(ao.ones((2, 2))), ValueError, r"x must have the last axes \(3,\), got shape \(2, 2\)"),
        (lambda: nn.functional.layer_norm([1.0, 2.0], 2, ao.ones(3)), ValueError, r"weight must have the shape \(2,\)"),
        (lambda: nn.utils.clip_grad_norm_(3, 1.0), TypeError, "parameters must be tensors"),
        (lambda: nn.utils.clip_grad_norm_([3], 1.0), TypeError, r"parameters\[0\] must be a Tensor"),
        (lambda: nn.utils.clip_grad_norm_([], -1.0), ValueError, "max_norm must be 0 or more"),
        (lambda: nn.utils.clip_grad_norm_([], math.nan), ValueError, "max_norm must be 0 or more"),
        (lambda: nn.utils.clip_grad_norm_([], "a"), TypeError, "max_norm must be a number"),
        (lambda: nn.utils.clip_grad_norm_([], 1.0, 0), ValueError, "norm_type must be above 0, got 0"),
        (lambda: nn.utils.clip_grad_norm_([], 1.0, math.nan), ValueError, "norm_type must be above 0, got nan"),
        (lambda: nn.utils.clip_grad_norm_([], 1.0, "inf"), TypeError, "norm_type must be a number, got str 'inf'"),
    ],
)
def test_wrong_arguments_are_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_layer_norm_has_no_mean_and_the_deviation_1() -> None:
    x = np.random.default_rng(1).normal(3.0, 2.0, (5, 4, 6))
    layer = nn.LayerNorm((4, 6))
    got = np.asarray(layer(ao.asarray(x)).detach())
    wanted = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert [name for name, _ in nn.LayerNorm(3, bias=False).named_parameters()] == ["weight"]
    assert not list(nn.LayerNorm(3, elementwise_affine=False).parameters())
    small = ao.asarray(x[:2, :, :2])
    assert ao.grad_check(lambda x, w, b: nn.functional.layer_norm(x, 2, w, b), small, [1.5, -0.5], [0.25, 2.0])


@requires_torch
def test_layer_norm_and_clipping_are_those_of_pytorch() -> None:
    import torch

    x = np.random.default_rng(1).normal(3.0, 2.0, (5, 6)).astype("float32")
    ours, theirs = nn.LayerNorm(6, dtype="float32"), torch.nn.LayerNorm(6)
    for layer, value in ((ours, ao.asarray(x)), (theirs, torch.tensor(x))):
        (layer(value) ** 3).sum().backward()
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(np.asarray(own.grad), other.grad.numpy(), rtol=1e-4, atol=1e-4)
    length = nn.utils.clip_grad_norm_(ours.parameters(), 1.0)
    assert abs(length / float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)) - 1) < 1e-4
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(np.asarray(own.grad), other.grad.numpy(), rtol=1e-3, atol=1e-5)


def test_gradients_are_clipped_together() -> None:
    x, y, unused = (ao.tensor(v, requires_grad=True) for v in ([3.0, 0.0], [[4.0]], [1.0]))
    (0.5 * (x * x).sum() + 0.5 * (y * y).sum()).backward()
    kept = x.grad
    assert nn.utils.clip_grad_norm_([x, y, unused], 10.0) == 5.0 and x.grad is kept
    assert nn.utils.clip_grad_norm_(iter([x, y, unused]), 2.5) == 5.0
    assert x.grad.tolist() == [1.5, 0.0] and y.grad.tolist() == [[2.0]] and unused.grad is None
    assert kept.tolist() == [3.0, 0.0]  # whoever holds it sees no change
    x.grad = ao.tensor([math.inf, 1.0])
    assert nn.utils.clip_grad_norm_(x, 1.0) == math.inf and x.grad.tolist() == [math.inf, 1.0]
    z = ao.tensor([3 + 4j], requires_grad=True)
    (ao.abs(z) ** 2).sum().backward()
    assert nn.utils.clip_grad_norm_(z, 5.0) == 10.0 and z.grad.tolist() == [3 + 4j]


@pytest.mark.parametrize("order", [0.5, 1, 2, 3.5, math.inf])
@pytest.mark.parametrize("scale", [1.0, 1e250, 1e-250, 0.0])
def test_gradients_are_clipped_by_any_norm(order: float, scale: float) -> None:
    values = [[3.0, -4.0], [0.0, -12.0, 1.0]]
    parameters = [nn.Parameter([0.0] * len(each)) for each in values]
    for each, gradient in zip(parameters, values, strict=True):
        each.grad = ao.tensor(gradient) * scale
    sizes = [abs(number) for each in values for number in each]
    wanted = max(sizes) if order == math.inf else sum(size**order for size in sizes) ** (1 / order)
    norm = nn.utils.clip_grad_norm_(parameters, 0.5 * scale, norm_type=order)
    assert norm == pytest.approx(wanted * scale, rel=1e-14)
    for each, gradient in zip(parameters, values, strict=True):
        clipped = [number * 0.5 / wanted * scale for number in gradient]
        assert each.grad is not None and each.grad.tolist() == pytest.approx(clipped, rel=1e-14, abs=0)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, math.inf])
def test_norms_that_are_not_finite_leave_gradients(order: float) -> None:
    for numbers in ([1.0, math.nan], [math.nan, math.inf], [-math.inf, 1.0]):
        x = nn.Parameter([0.0, 0.0])
        x.grad = ao.tensor(numbers)
        norm = nn.utils.clip_grad_norm_(x, 1.0, order)
        assert math.isnan(norm) if math.nan in numbers else norm == math.inf
        assert repr(x.grad.tolist()) == repr(numbers)
