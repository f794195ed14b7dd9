"""The course's names on aotops' own tensors: what its scripts call, and that nothing else is needed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from needs import requires_source

import aotops.minitorch as minitorch

ROOT = Path(__file__).parent.parent


def train(hidden: int, epochs: int) -> tuple[float, int]:
    """The course's training loop; the loss of the last batch, and how many points are right."""
    backend = minitorch.TensorBackend(minitorch.FastOps)

    class Linear(minitorch.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.weights = minitorch.Parameter(minitorch.rand((inputs, outputs), backend=backend) - 0.5)
            self.bias = minitorch.Parameter(minitorch.zeros((outputs,), backend=backend) + 0.1)

        def forward(self, x: Any) -> Any:
            return x @ self.weights.value + self.bias.value

    class Network(minitorch.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer1, self.layer2, self.layer3 = Linear(2, hidden), Linear(hidden, hidden), Linear(hidden, 1)

        def forward(self, x: Any) -> Any:
            return self.layer3(self.layer2(self.layer1(x).relu()).relu()).sigmoid()

    data = minitorch.datasets["Simple"](50)
    model = Network()
    optimizer = minitorch.SGD(model.parameters(), 0.05)
    total = 0.0
    for _ in range(epochs):
        points = list(zip(data.X, data.y, strict=True))
        random.shuffle(points)
        inputs, classes = zip(*points, strict=True)
        for i in range(0, 50, 10):
            optimizer.zero_grad()
            x = minitorch.tensor(inputs[i : i + 10], backend=backend)
            y = minitorch.tensor(classes[i : i + 10], backend=backend)
            out = model(x).view(y.shape[0])
            probability = (out * y) + (out - 1.0) * (y - 1.0)
            loss = -probability.log()
            (loss / y.shape[0]).sum().view(1).backward()
            total = loss.sum().view(1)[0]
            optimizer.step()
    out = model(minitorch.tensor(data.X, backend=backend)).view(data.N)
    return total, int(((out.detach() > 0.5) == minitorch.tensor(data.y)).sum()[0])


def test_training_gives_the_course_s_numbers() -> None:
    random.seed(0)
    loss, right = train(10, 10)
    # what a student's MiniTorch prints after the same seed, with its loops in Python, with Numba and with AotOps
    assert loss == pytest.approx(7.345197, abs=1e-6)
    assert right == 33
    random.seed(1)
    loss, right = train(10, 150)
    assert loss < 5.0 and right >= 40


def test_gradients() -> None:
    x = minitorch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    y = minitorch.tensor([[1.0], [2.0]])
    for function in (
        lambda a, b: (a * b + 5) / (b + 3.5),
        lambda a, b: (2.0 - a).exp() + (1.0 / (b + 4.0)) - a.relu(),
        lambda a, b: (a + 10).log() * b.sigmoid(),
        lambda a, b: a.permute(1, 0) @ b,
        lambda a, b: a.permute(1, 0).contiguous().view(6).sum() * b.mean(),
        lambda a, b: a.sum(1) * a.mean(0) + b,
        lambda a, b: a.view(3, 2) @ (a * b),
    ):
        minitorch.grad_check(function, x, y)
    with pytest.raises(AssertionError, match=r"grad_check: the gradient by argument 0 at \(0,\) must be near"):
        minitorch.grad_check(lambda a: minitorch.Tensor((a * a).detach()._data) + a, minitorch.tensor([3.0]))


def test_shapes_and_numbers_as_in_the_course() -> None:
    x = minitorch.tensor([[1, 2, 3], [4, 5, 6]])
    assert x.shape == (2, 3) and x.size == 6 and x.dims == 2
    assert x.sum().shape == (1,) and x.sum()[0] == 21.0 and x.sum(0).shape == (1, 3) and x.mean(1).shape == (2, 1)
    assert x[1, 2] == 6.0 and type(x[1, 2]) is float
    x[1, 2] = 8
    assert x.to_numpy().tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 8.0]]
    assert (x > 2.0)._data.tolist() == [[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    assert (x == x).all().item() == 1.0 and (x < x).all(0)._data.tolist() == [[0.0, 0.0, 0.0]]
    assert x.is_close(x + 0.005).sum().item() == 6.0 and x.is_close(x + 0.02).sum().item() == 0.0
    assert (5 - x).sum()[0] == 30 - 23 and (2 * x).sum()[0] == 46.0 and (4 / (x * 0 + 2))[0, 0] == 2.0
    assert x.zeros().shape == (2, 3) and x.zeros((4,)).sum()[0] == 0.0
    assert hash(x) != hash(x.detach())
    for index in ((0,), 0, (0, 3), (-1, 0), (0, 0, 0)):
        with pytest.raises(minitorch.IndexingError, match="index must have one place in each of"):
            _ = x[index]
    with pytest.raises(minitorch.IndexingError, match="shapes must broadcast together"):
        x + minitorch.tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="the other operand must be a tensor or a number, got str"):
        x + "1"
    with pytest.raises(ValueError, match="view: the tensor must be contiguous"):
        x.permute(1, 0).view(6)
    with pytest.raises(TypeError, match="TensorBackend: ops must be FastOps, SimpleOps or AotOps"):
        minitorch.TensorBackend(int)


def test_leaves_and_constants() -> None:
    x = minitorch.rand((2,), requires_grad=True)
    y = x * 2.0
    assert x.is_leaf() and not y.is_leaf() and y.requires_grad() and x.detach().is_constant()
    assert x.grad is None
    y.backward(minitorch.tensor([1.0, 10.0]))
    y = x * 3.0
    y.sum().backward()
    assert x.grad is not None and x.grad._data.tolist() == [5.0, 23.0]
    x.zero_grad_()
    assert x.grad is None
    assert (x * 1.0).requires_grad_(True).is_leaf() and not (x * 1.0).requires_grad_(False).requires_grad()


def test_modules() -> None:
    class Inner(minitorch.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = minitorch.Parameter(2.0)

        def forward(self, x: float) -> float:
            return x * self.scale.value

    class Outer(minitorch.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.second = Inner(), Inner()
            self.add_parameter("bias", 1.0)
            self.count = 3

        def forward(self, x: float) -> float:
            return self.inner(x) + self.bias.value

    module = Outer()
    assert module(5.0) == 11.0 and module.count == 3
    assert [name for name, _ in module.named_parameters()] == ["bias", "inner.scale", "second.scale"]
    assert len(module.parameters()) == 3 and module.modules() == [module.inner, module.second]
    module.eval()
    assert not module.training and not module.inner.training
    module.train()
    assert module.second.training
    module.inner = minitorch.Parameter(1.0)
    assert [name for name, _ in module.named_parameters()] == ["bias", "inner", "second.scale"]
    assert repr(module) == "Outer(\n  (second): Inner()\n)"
    with pytest.raises(AttributeError, match="Outer has no attribute 'other'"):
        _ = module.other


@pytest.mark.parametrize("name", sorted(minitorch.datasets))
def test_datasets(name: str) -> None:
    data = minitorch.datasets[name](50)
    assert data.N == len(data.X) == len(data.y) == 50
    assert all(len(point) == 2 and all(-0.1 <= c <= 1.1 for c in point) for point in data.X)
    assert set(data.y) == {0, 1}


def test_nothing_of_numpy_or_numba_is_loaded() -> None:
    program = """
import sys
import aotops.minitorch as minitorch
assert "aotops.minitorch.tensors" not in sys.modules
backend = minitorch.TensorBackend(minitorch.FastOps)
x = minitorch.rand((2, 2), backend=backend, requires_grad=True)
(x @ x).sigmoid().sum().backward()
assert x.grad.shape == (2, 2)
assert not {"numpy", "numba", "llvmlite", "aotops.minitorch.recognise.numpy"} & set(sys.modules)
# what declares operators takes longer than an epoch
assert "aotops.user.declare" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_names() -> None:
    assert set(minitorch.__all__) <= set(dir(minitorch))
    for name in minitorch.__all__:
        assert getattr(minitorch, name).__doc__
    with pytest.raises(AttributeError, match=r"module 'aotops\.minitorch' has no attribute 'CudaOps'"):
        _ = minitorch.CudaOps


@requires_source
@pytest.mark.parametrize("small", ["1", pytest.param("0", marks=pytest.mark.slow)])
def test_the_notebook_runs_and_is_the_script_s(small: str) -> None:
    """With little data and without Numba; and in full."""
    pytest.importorskip("matplotlib", reason="the notebook draws with Matplotlib, which is not installed here")
    environment = {**os.environ, "NOTEBOOK_SMALL": small, "MPLBACKEND": "agg"}
    command = [sys.executable, "tools/notebook.py", "docs/efficiency.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@requires_source
def test_what_the_notebook_shows() -> None:
    cells = json.loads((ROOT / "docs" / "efficiency.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    printed = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    for fact in ("the same numbers: True", "all the same: True", "rejected:", "10 of 10 sentences right", "signal"):
        assert fact in printed
    counted = [int(line.split()[1]) for line in printed.splitlines() if line.startswith("counted")]
    assert len(counted) == 3 and min(counted) < 100_000_000  # additions were lost
    assert sum(output["output_type"] == "display_data" for output in outputs) == 4
