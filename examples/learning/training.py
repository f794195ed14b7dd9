"""What the three models share: the loop that trains them, the clock beside PyTorch, the plot and the options.

A model is written once, with ``nn`` as an argument: ``aotops.nn`` and ``torch.nn`` have the same names and meanings, so
that the same lines make both models. With ``--torch`` both start from the same parameters and see the same batches,
one epoch of each in turns; then their losses must be the same too, or the times would be those of two different tasks.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aotops as ao
from aotops.cli.progress import Progress


@dataclass
class Task:
    """A model, what it minimises, and the data of an epoch."""

    title: str
    build: Callable[[Any, Any], Any]  # (nn, dtype) -> a model
    loss: Callable[..., Any]  # (nn, model, *tensors of a batch) -> a 0-d tensor
    epoch: Callable[[ao.random.Generator], tuple[ao.Tensor, ...]]  # equally long tensors, in the order to see them in
    batch: int
    lr: float
    weight_decay: float = 0.0
    initialise: Callable[[Any], None] | None = None  # changes the parameters that the model is made with
    score: Callable[[Any], float] | None = None  # of the model on data that it does not learn from


@dataclass
class Learner:
    """One library's copy of the model while it learns."""

    name: str
    nn: Any
    model: Any
    optimizer: Any
    losses: list[float] = field(default_factory=list)  # the mean of each epoch
    seconds: list[float] = field(default_factory=list)  # of the steps of each epoch

    def learn(self, task: Task, batches: Sequence[tuple[Any, ...]]) -> None:
        """One epoch."""
        began = time.perf_counter()
        losses = []
        for batch in batches:
            loss = task.loss(self.nn, self.model, *batch)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        self.seconds.append(time.perf_counter() - began)
        self.losses.append(statistics.fmean(losses))


@dataclass
class Trained:
    """What a training run leaves."""

    model: Any
    learners: list[Learner]
    scores: list[float]

    @property
    def losses(self) -> list[float]:
        """The mean loss of each epoch."""
        return self.learners[0].losses


def train(task: Task, options: argparse.Namespace) -> Trained:
    """Train a model as the options say, with a progress bar if the standard error is a terminal."""
    ao.random.seed(options.seed)
    generator = ao.random.Generator(options.seed)
    model = task.build(ao.nn, ao.float32)
    if task.initialise is not None:
        with ao.no_grad():
            task.initialise(model)
    optimizer = ao.optim.AdamW(model.parameters(), lr=task.lr, weight_decay=task.weight_decay)
    learners = [Learner("aotops", ao.nn, model, optimizer)]
    if options.torch:
        learners.append(torch_learner(task, model))
    scores: list[float] = []
    with Progress(task.title, options.epochs, sys.stderr, settled=1) as progress:
        for epoch in range(options.epochs):
            progress.show(epoch, f"loss {learners[0].losses[-1]:.4f}" if epoch else "")
            batches = split(task.epoch(generator), task.batch)
            for learner in learners:
                learner.learn(task, batches if learner.nn is ao.nn else shared_with_torch(batches))
            if task.score is not None:
                with ao.no_grad():
                    scores.append(task.score(model))
    return Trained(model, learners, scores)


def split(tensors: tuple[ao.Tensor, ...], size: int) -> list[tuple[ao.Tensor, ...]]:
    """Batches: views of as many elements of each tensor, the last ones perhaps shorter."""
    return [tuple(each[start : start + size] for each in tensors) for start in range(0, tensors[0].shape[0], size)]


def torch_learner(task: Task, model: Any) -> Learner:
    """The same model in PyTorch, with the same parameters and as many threads."""
    import torch

    torch.set_num_threads(ao.get_num_threads())
    twin = task.build(torch.nn, torch.float32)
    twin.load_state_dict({name: torch.from_dlpack(value.detach()) for name, value in model.state_dict().items()})
    optimizer = torch.optim.AdamW(twin.parameters(), lr=task.lr, weight_decay=task.weight_decay)
    return Learner("PyTorch", torch.nn, twin, optimizer)


def shared_with_torch(batches: Sequence[tuple[ao.Tensor, ...]]) -> list[tuple[Any, ...]]:
    """The same batches as tensors of PyTorch, on the same memory."""
    import torch

    return [tuple(torch.from_dlpack(each) for each in batch) for batch in batches]


def report(trained: Trained) -> str:
    """The loss, and the time per epoch of each library."""
    losses = trained.losses
    lines = [f"loss {losses[0]:.4f} in the first epoch, {losses[-1]:.4f} in the last of {len(losses)}"]
    for learner in trained.learners:
        # the first epoch pays for what a library loads on first use
        typical = statistics.median(learner.seconds[1:] or learner.seconds)
        threads = ao.get_num_threads()
        lines.append(
            f"{learner.name + ':':9}{1000 * typical:7.1f} ms per epoch on {threads} thread{'s' * (threads > 1)}"
        )
    if len(trained.learners) > 1:
        pairs = zip(losses, trained.learners[1].losses, strict=True)
        lines.append(f"their losses differ by at most {max(abs(a - b) / abs(b) for a, b in pairs):.1e}, relatively")
    return "\n".join(lines)


def plot(trained: Trained, title: str, path: Path) -> None:
    """Draw the losses, and the scores where there are any, over the epochs."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    with matplotlib.rc_context({"svg.hashsalt": "aotops"}):  # the same run gives the same file
        figure = Figure(figsize=(6.4, 3.8), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.set_ylabel("training loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        epochs = range(1, len(trained.losses) + 1)
        styles: list[dict[str, Any]] = [
            {"color": "tab:blue", "marker": "o", "markersize": 3},
            {"color": "black", "linestyle": ":", "linewidth": 2},
        ]
        for learner, style in zip(trained.learners, styles, strict=False):
            axes.plot(epochs, learner.losses, label=f"loss, {learner.name}", **style)
        axes.set_xlim(0.5, len(trained.losses) + 0.5)
        axes.set_ylim(bottom=0)
        lines = list(axes.get_lines())
        if trained.scores:
            other = axes.twinx()
            other.set_ylabel("held-out accuracy")
            other.yaxis.set_major_formatter(PercentFormatter(1.0))
            lines += other.plot(
                epochs, trained.scores, color="tab:orange", marker="s", markersize=3, label="held-out accuracy, aotops"
            )
        labels = [str(line.get_label()) for line in lines]
        figure.legend(lines, labels, loc="outside lower center", ncols=len(lines), frameon=False)
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)


# --- The command line ------------------------------------------------------------------------------------------------


def options_parser(description: str, epochs: int) -> argparse.ArgumentParser:
    """The options that all three models take."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("--epochs", type=positive_number, default=epochs, metavar="N", help="how often to go through the data")
    add("--seed", type=int, default=2026, metavar="S", help="of parameters, order and samples")
    add("--plot", type=picture, metavar="FILE.svg", help="draw the losses; needs Matplotlib")
    add("--torch", action="store_true", help="train the same model in PyTorch beside it, and compare the times")
    return parser


def positive_number(text: str) -> int:
    """Read an integer of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 up, got {text}")
    return number


def picture(text: str) -> Path:
    """Read the name of a picture to write, for argparse."""
    path = Path(text)
    if path.suffix not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"expected a name that ends in .svg or .png, got {text!r}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def missing(options: argparse.Namespace, *packages: str) -> str:
    """What to say if the options ask for a package that is not installed; nothing if all is there."""
    wanted = [*packages, *(["matplotlib"] if options.plot else []), *(["torch"] if options.torch else [])]
    absent = [name for name in wanted if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    names = ["scikit-learn" if name == "sklearn" else name for name in absent]
    return f"not installed: {', '.join(names)}; pip install {' '.join(names)}"
