"""Modules, losses and optimizers: against formulas in NumPy, PyTorch where it is installed, and finite differences."""

from __future__ import annotations

import copy
import gc
import importlib.util
import io
import math
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import requires_torch
from pools import shared_out

import aotops as ao
from aotops import _native, nn, optim
from aotops.intrinsics import Pointer
from aotops.loops.routines import ROUTINES
from aotops.nn import functional

GENERATOR = ao.random.Generator(16)


def numbers(*shape: int) -> ao.Tensor:
    return GENERATOR.normal(shape=shape)


# --- functions --------------------------------------------------------------------------------------------------------


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def test_linear_and_embedding() -> None:
    x, weight, bias = numbers(4, 5, 3), numbers(2, 3), numbers(2)
    wanted = np.asarray(x) @ np.asarray(weight).T
    np.testing.assert_allclose(functional.linear(x, weight), wanted, rtol=1e-14)
    np.testing.assert_allclose(functional.linear(x, weight, bias), wanted + np.asarray(bias), rtol=1e-14)
    assert functional.embedding([[1, 0]], weight).tolist() == [[weight[1].tolist(), weight[0].tolist()]]


def test_an_embedding_is_a_product_with_a_one_hot_vector() -> None:
    """The lecture's view, ``(layer1 * one_hot).sum(1)``, and the look-up: the same numbers and gradients."""
    layer1 = numbers(4, 7)
    views = []
    for word in range(7):
        one_hot = ao.tensor([0.0 if i != word else 1.0 for i in range(7)])
        first, second = nn.Parameter(layer1 + 0), nn.Parameter((layer1 + 0).T.contiguous())
        product, row = (first * one_hot).sum(1), functional.embedding(word, second)
        (product * product).sum().backward()
        (row * row).sum().backward()
        assert first.grad is not None and second.grad is not None
        views.append((product.tolist() == row.tolist(), first.grad.tolist() == second.grad.T.tolist()))
    assert views == [(True, True)] * 7


def test_losses_are_their_formulas() -> None:
    x, y = numbers(6, 4), numbers(6, 4)
    a, b = np.asarray(x), np.asarray(y)
    for reduction, fold in (("mean", np.mean), ("sum", np.sum), ("none", np.asarray)):
        np.testing.assert_allclose(functional.mse_loss(x, y, reduction), fold((a - b) ** 2), rtol=1e-14)
        p = 1 / (1 + np.exp(-b))
        wanted = -(p * np.log(1 / (1 + np.exp(-a))) + (1 - p) * np.log(1 / (1 + np.exp(a))))
        got = functional.binary_cross_entropy_with_logits(x, ao.sigmoid(y), reduction)
        np.testing.assert_allclose(got, fold(wanted), rtol=1e-12)
        classes = np.array([0, 3, 1, 1, 2, 0])
        wanted = -np.log(softmax(a, 1)[np.arange(6), classes])
        np.testing.assert_allclose(functional.cross_entropy(x, classes, reduction), fold(wanted), rtol=1e-12)
        shares = softmax(b, 1)
        wanted = -(shares * np.log(softmax(a, 1))).sum(1)
        np.testing.assert_allclose(functional.cross_entropy(x, shares, reduction), fold(wanted), rtol=1e-12)
    pixels, of_pixels = numbers(2, 3, 4), np.array([[0, 1, 2, 2], [1, 1, 0, 2]])
    wanted = -np.log(np.take_along_axis(softmax(np.asarray(pixels), 1), of_pixels[:, None], 1))[:, 0]
    np.testing.assert_allclose(functional.cross_entropy(pixels, of_pixels, "none"), wanted, rtol=1e-12)
    np.testing.assert_allclose(functional.cross_entropy(x[0], 2), -np.log(softmax(a[0], 0)[2]), rtol=1e-12)


LOSSES: dict[str, Callable[[Any], Any]] = {
    "mse": lambda x: functional.mse_loss(x, ao.ones((3, 4))),
    "binary": lambda x: functional.binary_cross_entropy_with_logits(x, ao.full((3, 4), 0.25), "sum"),
    "classes": lambda x: functional.cross_entropy(x, ao.tensor([3, 0, 1])),
    "classes, sum": lambda x: functional.cross_entropy(x, ao.tensor([3, 0, 1]), "sum"),
    "classes, each": lambda x: (functional.cross_entropy(x, [3, 0, 1], "none") * ao.tensor([1.0, -2.0, 0.5])).sum(),
    "shares": lambda x: functional.cross_entropy(x, ao.softmax(ao.arange(12.0).reshape(3, 4), 1)),
    "pixels": lambda x: (functional.cross_entropy(x.reshape(1, 3, 4), [[2, 0, 1, 1]], "none") * 2).sum(),
    "linear": lambda x: (functional.linear(x, ao.ones((2, 4)), ao.ones(2)) ** 2).sum(),
    "embedding": lambda x: (functional.embedding([0, 2, 0], x) ** 2).sum(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    function, x = LOSSES[name], numbers(3, 4)
    tracked = (x + 0).requires_grad_()
    function(tracked).backward()
    assert tracked.grad is not None
    for k in range(12):
        steps = []
        for sign in (1, -1):
            moved = x + 0
            moved.reshape(-1)[k] += sign * 1e-6
            steps.append(float(function(moved)))
        assert abs((steps[0] - steps[1]) / 2e-6 - float(tracked.grad.reshape(-1)[k])) < 1e-7


def test_dropout_keeps_the_mean() -> None:
    layer = nn.Dropout(0.25, generator=ao.random.Generator(3))
    dropped = layer(ao.ones(20_000, dtype="float32"))
    assert dropped.dtype == ao.float32 and set(np.unique(np.asarray(dropped)).tolist()) == {0.0, np.float32(1 / 0.75)}
    assert abs(float(dropped.mean()) - 1) < 0.02
    assert layer.eval()(ao.ones(3)).tolist() == [1.0, 1.0, 1.0] and not layer.training
    assert nn.Dropout(1.0)(ao.ones(3)).tolist() == [0.0, 0.0, 0.0]
    x = ao.ones(100).requires_grad_()
    result = nn.Dropout(0.5)(x)
    result.sum().backward()
    assert x.grad is not None and x.grad.tolist() == result.detach().tolist()


# --- modules ----------------------------------------------------------------------------------------------------------


class Model(nn.Module):
    """A module with parts of every kind."""

    def __init__(self, generator: Any = None) -> None:
        self.table = nn.Embedding(5, 3, generator=generator)
        self.layers = [nn.Linear(3, 4, generator=generator), nn.Linear(4, 2, bias=False, generator=generator)]
        self.heads = {"first": nn.Sequential(nn.Linear(2, 2, generator=generator), nn.ReLU())}
        self.scale = nn.Parameter(2.0)
        self.tied = self.table.weight
        self.mean = ao.zeros(2)
        self._cache = ao.ones(2)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return self.heads["first"](x) * self.scale + self.mean


NAMES = [
    *["scale", "tied", "mean", "table.weight", "layers.0.weight", "layers.0.bias", "layers.1.weight"],
    *["heads.first.0.weight", "heads.first.0.bias"],
]


def test_modules_know_their_parts() -> None:
    model = Model()
    assert list(model.state_dict()) == NAMES
    assert [name for name, _ in model.named_parameters()] == [n for n in NAMES if n not in ("mean", "table.weight")]
    assert [name for name, _ in model.named_modules()] == [
        *["", "table", "layers.0", "layers.1", "heads.first", "heads.first.0", "heads.first.1"]
    ]
    assert len(list(model.children())) == 4
    assert not model.eval().training and not model.heads["first"].training and model.train().layers[0].training
    model.layers[0].requires_grad_(False)
    assert "layers.0.weight" not in dict(model.named_parameters()) and list(model.state_dict()) == NAMES
    seen: list[str] = []
    model.apply(lambda module: seen.append(type(module).__name__))
    assert seen[-1] == "Model" and len(seen) == 7
    model(ao.ones((2, 3))).sum().backward()
    assert model.scale.grad is not None
    model.zero_grad()
    assert all(each.grad is None for each in model.parameters())


def test_modules_are_shown_as_pytorch_shows_them() -> None:
    model = nn.Sequential(nn.Embedding(9, 4), nn.Sequential(nn.Linear(4, 2, bias=False), nn.Softmax()), nn.Dropout(0.1))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Embedding(9, 4)\n"
        "  (1): Sequential(\n"
        "    (0): Linear(in_features=4, out_features=2, bias=False)\n"
        "    (1): Softmax(dim=-1)\n"
        "  )\n"
        "  (2): Dropout(p=0.1)\n"
        ")"
    )
    assert len(model) == 3 and isinstance(model[0], nn.Embedding) and len(model[1:]) == 2
    assert repr(nn.MSELoss()) == "MSELoss()" and repr(nn.GELU()) == "GELU()"


def test_layers_compute_what_their_names_say() -> None:
    x = numbers(3, 4)
    for layer, wanted in (
        (nn.ReLU(), ao.relu(x)),
        (nn.Tanh(), ao.tanh(x)),
        (nn.Sigmoid(), ao.sigmoid(x)),
        (nn.GELU(), ao.gelu(x)),
        (nn.SiLU(), ao.silu(x)),
        (nn.Softplus(), ao.softplus(x)),
        (nn.Softmax(0), ao.softmax(x, 0)),
        (nn.LogSoftmax(), ao.log_softmax(x)),
        (nn.Identity(), x),
        (nn.Flatten(), x),
    ):
        assert layer(x).tolist() == wanted.tolist()


def test_parameters_are_drawn_from_a_generator() -> None:
    first, again = (
        nn.Linear(100, 50, generator=ao.random.Generator(1)),
        nn.Linear(100, 50, generator=ao.random.Generator(1)),
    )
    assert first.weight.tolist() == again.weight.tolist() and first.bias.tolist() == again.bias.tolist()  # type: ignore[union-attr]
    assert 0.09 < float(ao.max(ao.abs(first.weight.detach()))) <= 0.1
    assert nn.Embedding(3, 2, dtype="float32").weight.dtype == ao.float32


def test_states_are_saved_and_loaded() -> None:
    model, other = Model(ao.random.Generator(1)), Model(ao.random.Generator(2))
    x = ao.ones((2, 3))
    other.load_state_dict(model.state_dict())
    assert other(x).tolist() == model(x).tolist()
    for made in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert made(x).tolist() == model(x).tolist() and made.scale.requires_grad
    state = {name: np.asarray(value) + 1 for name, value in model.state_dict().items()}
    before = {name: value.tolist() for name, value in other.state_dict().items()}
    missing = {name: value for name, value in state.items() if name != "scale"}
    with pytest.raises(KeyError, match="state lacks 'scale'; give strict=False"):
        other.load_state_dict(missing)
    with pytest.raises(KeyError, match="state has the unexpected 'more'"):
        other.load_state_dict({**state, "more": 1.0})
    with pytest.raises(ValueError, match=r"load_state_dict: mean must have the shape \(2,\), got \(3,\)"):
        other.load_state_dict({**state, "mean": [1.0, 2.0, 3.0]})
    with pytest.raises(TypeError, match="load_state_dict: state must be a dict of tensors, got list"):
        other.load_state_dict([1])  # type: ignore[arg-type]
    assert {name: value.tolist() for name, value in other.state_dict().items()} == before
    other.load_state_dict({**missing, "more": 1.0}, strict=False)
    assert other.scale.item() == before["scale"] and other.mean.tolist() == [1.0, 1.0]


@pytest.mark.skipif(importlib.util.find_spec("safetensors") is None, reason="safetensors is not installed here")
def test_states_in_files(tmp_path: Path) -> None:
    model, other = Model(ao.random.Generator(1)), Model(ao.random.Generator(2))
    path = tmp_path / "model.safetensors"
    nn.save(path, model.state_dict())
    other.load_state_dict(nn.load(path))
    assert {name: value.tolist() for name, value in other.state_dict().items()} == {
        name: value.tolist() for name, value in model.state_dict().items()
    }
    dtypes = ["bool", "int8", "uint16", "int32", "uint64", "float32", "float64"]
    mixed = {dtype: ao.ones((2, 3), dtype=dtype).T for dtype in dtypes} | {
        "empty": ao.zeros((0, 2)),
        "0-d": ao.tensor(3),
    }
    nn.save(path, mixed)
    found = nn.load(path)
    assert {name: (each.dtype, each.shape, each.tolist()) for name, each in found.items()} == {
        name: (each.dtype, each.shape, each.tolist()) for name, each in mixed.items()
    }
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="load: file must be in the format safetensors"):
        nn.load(path)
    with pytest.raises(TypeError, match="save: state must be a dict of tensors, got Tensor"):
        nn.save(path, ao.ones(2))


def test_files_need_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (lambda: nn.load(tmp_path / "x"), lambda: nn.save(tmp_path / "x", {})):
        with pytest.raises(ImportError, match="needs the library safetensors: pip install safetensors"):
            call()


# --- optimizers -------------------------------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1}),
    "SGD, decay": ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    "dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    "nesterov": ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True}),
    "Adam": ("Adam", {"lr": 0.1}),
    "Adam, decay": ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.2, "eps": 1e-3}),
    "AdamW": ("AdamW", {"lr": 0.1, "weight_decay": 0.2}),
}


def by_formula(kind: str, p: np.ndarray, gradients: list[np.ndarray], settings: dict[str, Any]) -> np.ndarray:
    """The parameter after some steps."""
    lr, decay = settings["lr"], settings.get("weight_decay", 0.0)
    a, b = np.zeros_like(p), np.zeros_like(p)
    for step, gradient in enumerate(gradients, 1):
        g = gradient if kind == "AdamW" else gradient + decay * p
        if kind == "SGD":
            momentum = settings.get("momentum", 0.0)
            a = g if step == 1 else momentum * a + (1 - settings.get("dampening", 0.0)) * g
            p = p - lr * ((g + momentum * a) if settings.get("nesterov") else (a if momentum else g))
        else:
            beta_1, beta_2 = settings.get("betas", (0.9, 0.999))
            a, b = beta_1 * a + (1 - beta_1) * g, beta_2 * b + (1 - beta_2) * g * g
            p = p * (1 - lr * decay) if kind == "AdamW" else p
            root = np.sqrt(b / (1 - beta_2**step)) + settings.get("eps", 1e-8)
            p = p - lr * a / (1 - beta_1**step) / root
    return p


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SETTINGS)
def test_optimizers_are_their_formulas(name: str, dtype: str) -> None:
    kind, settings = SETTINGS[name]
    start, gradients = np.asarray(numbers(70)), [np.asarray(numbers(70)) for _ in range(4)]
    parameter, unused = nn.Parameter(ao.tensor(start, dtype=dtype)), nn.Parameter([1.0])
    optimizer = getattr(optim, kind)([parameter, unused], **settings)
    for k, gradient in enumerate(gradients):
        parameter.grad = ao.tensor(gradient, dtype=dtype)
        optimizer.step()
        optimizer.zero_grad()
        assert parameter.grad is None
        if k == 1:  # goes on from a state
            state, optimizer = optimizer.state_dict(), getattr(optim, kind)([parameter, unused])
            optimizer.load_state_dict(pickle.loads(pickle.dumps(state)))
    wanted = by_formula(kind, start, gradients, settings)
    np.testing.assert_allclose(parameter.detach(), wanted, rtol=1e-13 if dtype == "float64" else 1e-5, atol=1e-6)
    assert unused.tolist() == [1.0] and optimizer.state_dict()["steps"] == [4, 0]


@requires_torch
@pytest.mark.parametrize("name", SETTINGS)
def test_optimizers_are_pytorchs(name: str) -> None:
    import torch

    kind, settings = SETTINGS[name]
    start, gradients = np.asarray(numbers(70)), [np.asarray(numbers(70)) for _ in range(5)]
    own, its = nn.Parameter(ao.tensor(start)), torch.nn.Parameter(torch.tensor(start))
    optimizers = getattr(optim, kind)([own], **settings), getattr(torch.optim, kind)([its], **settings)
    for gradient in gradients:
        own.grad, its.grad = ao.tensor(gradient), torch.tensor(gradient)
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_allclose(own.detach(), its.detach().numpy(), rtol=1e-12)


def test_any_number_of_threads_takes_the_same_steps() -> None:
    def trained() -> list[list[float]]:
        results = []
        for kind, settings in SETTINGS.values():
            parameter = nn.Parameter(ao.arange(30_000.0))
            optimizer = getattr(optim, kind)([parameter], **settings)
            for k in (1.0, -2.0):
                parameter.grad = ao.sin(ao.arange(30_000.0) * k)
                optimizer.step()
            results.append(parameter.tolist())
        return results

    with shared_out():
        ao.set_num_threads(1)
        alone = trained()
        ao.set_num_threads(4)
        assert trained() == alone


@pytest.mark.parametrize("name", ["momentum_step", "adam_step"])
def test_the_loops_run_as_plain_python(name: str) -> None:
    count, constants = (
        (2, [0.1, 0.9, 1.0, 0.01, 0.02])
        if name == "momentum_step"
        else (
            3,
            [0.1, 0.99, 0.9, 0.1, 0.95, 0.05, 0.01, 1.5, 1e-3],
        )
    )
    gradient, outputs = numbers(37), [ao.abs(numbers(37)) for _ in range(count)]
    plain = [Pointer(each.tolist()) for each in outputs]
    kernel, _ = ROUTINES[name][2]("float64")
    kernel(1, 37, [Pointer(gradient.tolist()), Pointer(constants), *plain], Pointer([0]))
    assert _native.update(tuple(outputs), gradient, tuple(constants))
    assert [each.tolist() for each in outputs] == [each.buffer for each in plain]


def test_gradients_of_any_layout_are_taken() -> None:
    parameter = nn.Parameter(ao.zeros((3, 4)))
    for optimizer in (optim.SGD([parameter], lr=1.0, momentum=0.5), optim.Adam([parameter], lr=1.0)):
        parameter.grad = ao.ones((4, 3)).T
        optimizer.step()
    assert parameter.tolist() == [[-2.0] * 4] * 3 or np.allclose(parameter.detach(), -2.0)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: nn.Module()(1), NotImplementedError, "Module has no forward"),
        (lambda: nn.Linear(0, 2), ValueError, "Linear: in_features must be 1 or more, got 0"),
        (lambda: nn.Linear(2.5, 2), TypeError, "Linear: in_features must be an int, got float 2.5"),
        (lambda: nn.Linear(2, 2, dtype="int64"), TypeError, "Linear: dtype must be one of float32, float64"),
        (lambda: nn.Linear(2, 2)(ao.ones(3)), ValueError, "linear: x must have 2 elements"),
        (lambda: nn.Embedding(2, 2)(ao.tensor([2])), IndexError, "embedding"),
        (lambda: nn.Dropout(1.5), ValueError, "Dropout: p must be from 0 to 1, got 1.5"),
        (lambda: nn.Dropout("a"), TypeError, "Dropout: p must be a number, got str 'a'"),
        (lambda: nn.Sequential(1), TypeError, r"Sequential: modules\[0\] must be a Module or a function, got int 1"),
        (lambda: nn.MSELoss("max"), ValueError, "MSELoss: reduction must be 'mean', 'sum' or 'none', got 'max'"),
        (lambda: functional.mse_loss(ao.ones(3), ao.ones(3), "max"), ValueError, "mse_loss: reduction must be"),
        (
            lambda: functional.mse_loss(ao.ones((3, 1)), ao.ones(3)),
            ValueError,
            r"mse_loss: target must have the shape \(3, 1\) of x, got \(3,\); reshape one of them",
        ),
        (
            lambda: functional.cross_entropy(ao.ones((3, 2)), ao.tensor([0, 1])),
            ValueError,
            r"cross_entropy: target must have the shape \(3,\) of x without its axis 1, got \(2,\)",
        ),
        (
            lambda: functional.cross_entropy(ao.ones((2, 2)), ao.tensor([0, 2])),
            IndexError,
            "^cross_entropy: target must be of classes from 0 to 1, got 2$",
        ),
        (
            lambda: functional.cross_entropy(ao.ones((1, 2), requires_grad=True), ao.tensor([2])),
            IndexError,
            "^cross_entropy: target must be of classes from 0 to 1, got 2$",
        ),
        (
            lambda: functional.cross_entropy(ao.ones((2, 2)), ao.tensor([-1, 5])),
            IndexError,
            "^cross_entropy: target must be of classes from 0 to 1, got -1$",
        ),
        (
            lambda: functional.cross_entropy(ao.ones(2), ao.tensor(2**64 - 1, dtype="uint64")),
            IndexError,
            "^cross_entropy: target must be of classes from 0 to 1, got 18446744073709551615$",
        ),
        (lambda: functional.cross_entropy(ao.ones((1, 0)), [0]), IndexError, "target must be empty where x has no cl"),
        (
            lambda: functional.cross_entropy(ao.ones((2, 3)), ao.tensor([0.0, 1.0])),
            ValueError,
            r"target must have the shape \(2, 3\) of x, as probabilities do, got floats of \(2,\); give classes as int",
        ),
        (lambda: functional.cross_entropy(ao.ones((1, 2)), ao.tensor([True])), TypeError, "be integers or floats"),
        (lambda: optim.SGD([]), ValueError, "SGD: params must have a parameter, got none"),
        (
            lambda: optim.SGD(nn.Parameter([1.0])),
            TypeError,
            r"SGD: params must be a list of tensors, got a Tensor; write",
        ),
        (lambda: optim.Adam([1]), TypeError, r"Adam: params\[0\] must be a Tensor, got int 1"),
        (
            lambda: optim.Adam([ao.tensor([1])]),
            TypeError,
            r"Adam: params\[0\] must be a float32 or float64 leaf, got int64",
        ),
        (lambda: optim.Adam([nn.Parameter(ao.ones((2, 3)).T)]), ValueError, r"params\[0\] must be contiguous"),
        (lambda: optim.Adam([nn.Parameter([1.0])] * 2), ValueError, r"Adam: params\[1\] must be given once"),
        (lambda: optim.SGD([nn.Parameter([1.0])], lr=-1), ValueError, "SGD: lr must be 0 or more, got -1"),
        (lambda: optim.SGD([nn.Parameter([1.0])], lr=math.nan), ValueError, "SGD: lr must be 0 or more, got nan"),
        (lambda: optim.SGD([nn.Parameter([1.0])], nesterov=True), ValueError, "SGD: nesterov must have momentum"),
        (lambda: optim.Adam([nn.Parameter([1.0])], betas=(0.9, 1)), ValueError, r"Adam: betas\[1\] must be below 1"),
        (lambda: optim.Adam([nn.Parameter([1.0])], betas=0.9), TypeError, "Adam: betas must be a tuple of two numbers"),
        (lambda: optim.Adam([nn.Parameter([1.0])]).load_state_dict({}), ValueError, "that of an optimizer Adam"),
    ],
)
def test_errors(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message or None):
        call()


# --- training ---------------------------------------------------------------------------------------------------------


def test_training_uses_no_more_memory_with_time() -> None:
    """Neither tensors nor nodes are left behind, with the collector off."""
    import gc

    ao.random.seed(1)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    optimizer, loss = optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss()
    x, y = numbers(32, 8), ao.tensor([0, 1, 2, 1] * 8)

    def train(steps: int) -> int:
        for _ in range(steps):
            found = loss(model(x), y)
            optimizer.zero_grad()
            found.backward()
            optimizer.step()
        return ao.memory.stats()["used"]

    gc.collect()
    gc.disable()
    try:
        first, objects = train(20), len(gc.get_objects())
        assert train(980) <= first and len(gc.get_objects()) - objects < 50
    finally:
        gc.enable()
    assert float(loss(model.eval()(x), y)) < 0.8


def test_states_are_loaded_whole_or_not_at_all() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            self.first = nn.Parameter([1.0, 2.0])
            self.second = nn.Parameter([3.0, 4.0])

    pair = Pair()
    with pytest.raises(TypeError, match="complex128"):
        pair.load_state_dict({"first": [7.0, 8.0], "second": ao.ones(2, dtype="complex128")})
    assert pair.first.tolist() == [1.0, 2.0]
    state = pair.state_dict()  # shares the module's memory
    pair.load_state_dict({"first": state["second"], "second": state["first"]})
    assert pair.first.tolist() == [3.0, 4.0]
    assert pair.second.tolist() == [1.0, 2.0]


def test_what_is_shared_has_all_of_its_names_in_the_state() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(2, 2)
            self.rest = nn.Sequential(nn.ReLU(), self.layer, self.layer)
            self.weight = self.layer.weight
            self.rest.whole = self  # type: ignore[attr-defined]  # a module is no part of itself

    model = Tied()
    first = ["weight", "layer.weight", "layer.bias"]
    names = [*first, *[f"rest.{k}.{name}" for k in (1, 2) for name in ("weight", "bias")]]
    assert list(model.state_dict()) == names
    assert [name for name, _ in model.named_parameters()] == ["weight", "layer.bias"]
    assert [name for name, _ in model.named_modules()] == ["", "layer", "rest", "rest.0"]
    assert [name for name, _ in model.named_modules(remove_duplicate=False)] == [
        *("", "layer", "rest", "rest.0", "rest.1", "rest.2")
    ]
    assert list(model.rest.children())[1:] == [model.layer, model]
    other = Tied()
    other.load_state_dict(model.state_dict())
    assert other.layer.weight.tolist() == model.layer.weight.tolist() and other.weight is other.layer.weight
    state = {**model.state_dict(), "rest.2.bias": [7.0, 8.0]}  # the last name counts
    other.load_state_dict(state)
    assert other.layer.bias is not None and other.layer.bias.tolist() == [7.0, 8.0]
    del state["rest.1.bias"]
    with pytest.raises(KeyError, match=r"load_state_dict: state lacks 'rest.1.bias'; give strict=False"):
        other.load_state_dict(state)


def test_walking_a_model_leaves_no_cycles() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    gc.collect()
    gc.disable()
    try:
        model.train()
        model.zero_grad()
        model.load_state_dict(model.state_dict())
        assert gc.collect() == 0
    finally:
        gc.enable()


# --- wrong arguments ----------------------------------------------------------------------------------------------


def step_at(lr: Any) -> None:
    optimizer = optim.SGD([nn.Parameter([1.0])])
    optimizer.lr = lr
    optimizer.step()


def loaded(**changes: Any) -> None:
    optimizer = optim.Adam([nn.Parameter([1.0])])
    optimizer.load_state_dict({**optimizer.state_dict(), **changes})


ADAM = optim.Adam([nn.Parameter([1.0])]).settings()
#: What each argument is called in the error, and a call with it.
ARGUMENTS: list[tuple[str, Callable[[Any], Any]]] = [
    ("x", lambda x: functional.linear(x, ao.ones((2, 3)))),
    ("weight", lambda x: functional.linear(ao.ones(3), x)),
    ("bias", lambda x: functional.linear(ao.ones(3), ao.ones((2, 3)), x)),
    ("x", lambda x: functional.embedding(x, ao.ones((2, 3)))),
    ("weight", lambda x: functional.embedding(ao.zeros(0, dtype="int64"), x)),
    ("x", lambda x: functional.dropout(x)),
    ("p", lambda x: functional.dropout(ao.ones(2), x)),
    ("training", lambda x: functional.dropout(ao.ones(2), 0.5, x)),
    ("generator", lambda x: functional.dropout(ao.ones(2), generator=x)),
    ("generator", lambda x: nn.Linear(2, 3, generator=x)),
    ("generator", lambda x: nn.Embedding(2, 3, generator=x)),
    ("x", lambda x: functional.mse_loss(x, ao.ones(2))),
    ("target", lambda x: functional.mse_loss(ao.ones(2), x)),
    ("reduction", lambda x: functional.mse_loss(ao.ones(2), ao.ones(2), x)),
    ("x", lambda x: functional.cross_entropy(x, ao.tensor([0]))),
    ("target", lambda x: functional.cross_entropy(ao.ones((1, 2)), x)),
    ("in_features", lambda x: nn.Linear(x, 3)),
    ("bias", lambda x: nn.Linear(2, 3, bias=x)),
    ("dtype", lambda x: nn.Linear(2, 3, dtype=x)),
    ("x", lambda x: nn.Flatten()(x)),
    ("index", lambda x: nn.Sequential(nn.ReLU())[x]),
    ("modules[0]", lambda x: nn.Sequential(x)),
    ("function", lambda x: nn.ReLU().apply(x)),
    ("mode", lambda x: nn.ReLU().train(x)),
    ("state", lambda x: nn.Linear(1, 1).load_state_dict(x, strict=False)),
    ("params", lambda x: optim.SGD(x)),
    ("params[0]", lambda x: optim.SGD([x])),
    ("lr", lambda x: optim.SGD([nn.Parameter([1.0])], x)),
    ("lr", step_at),
    ("betas", lambda x: optim.Adam([nn.Parameter([1.0])], betas=x)),
    ("betas[1]", lambda x: optim.Adam([nn.Parameter([1.0])], betas=(0.5, x))),
    ("state", lambda x: optim.SGD([nn.Parameter([1.0])]).load_state_dict(x)),
    ("settings", lambda x: loaded(settings=x)),
    ("eps", lambda x: loaded(settings={**ADAM, "eps": x})),
    ("betas", lambda x: loaded(settings={**ADAM, "betas": x})),
    ("steps", lambda x: loaded(steps=x)),
    ("steps[0]", lambda x: loaded(steps=[x])),
    ("states", lambda x: loaded(states=x)),
    ("states[0]", lambda x: loaded(states=[x])),
    ("function", lambda x: ao.no_grad(x)),
    ("outputs", lambda x: ao.grad(x, ao.ones(2, requires_grad=True))),
    ("inputs", lambda x: ao.grad(ao.ones((), requires_grad=True), x)),
    ("rtol", lambda x: ao.grad_check(ao.exp, rtol=x)),
    ("requires_grad", lambda x: ao.arange(3.0, requires_grad=x)),
]
VALUES: list[Any] = [None, 3, 0.5, True, "text", b"x", [], [0.5], {}, object(), (1, 2, 3), type]
VALUES += [ao.tensor([1, 2, 3]), ao.tensor([0.5]), ao.ones((2, 2, 2, 2)), ao.tensor(1j), lambda: 1]


def error_of(call: Callable[[Any], Any], value: Any) -> Exception | None:
    try:
        call(value)
    except (TypeError, ValueError, IndexError, KeyError, ao.GradientError) as error:
        return error
    return None


@pytest.mark.parametrize("k", range(len(ARGUMENTS)), ids=lambda k: f"{k}-{ARGUMENTS[k][0]}")
def test_wrong_arguments_are_named(k: int) -> None:
    argument, call = ARGUMENTS[k]
    found = [(value, error) for value in VALUES if (error := error_of(call, value)) is not None]
    assert len(found) >= 3
    for value, error in found:
        is_called = "()" in str(error) and isinstance(value, type(lambda: 1))  # with an argument: Python's own error
        assert argument in str(error) or is_called, (value, error)


@pytest.mark.parametrize("file", [1, None, 2.5, ["a"], object()])
def test_files_are_paths_or_files(file: Any) -> None:
    """An int would be a file descriptor, 1 that of the standard output."""
    pytest.importorskip("safetensors", reason="the format's library is not installed here")
    with pytest.raises(TypeError, match=r"^load: file must be a path or a binary file"):
        nn.load(file)
    with pytest.raises(TypeError, match=r"^save: file must be a path or a binary file"):
        nn.save(file, {})
    with io.BytesIO() as stream:
        nn.save(stream, {"x": ao.tensor([1.0, 2.0])})
        stream.seek(0)
        assert nn.load(stream)["x"].tolist() == [1.0, 2.0]
