"""Handwritten digits: a network that reads 8 x 8 pixels. The images are scikit-learn's, which installs them.

The first layer sees patches of 3 x 3 pixels, all with the same weights: a convolution, written as a linear layer. A
fifth of the images is held out. Run it with ``--help`` for the options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from training import Task, missing, options_parser, plot, report, train

import aotops as ao

SIDE, PATCH = 8, 3
POSITIONS = SIDE - PATCH + 1  # of a patch along each side
FEATURES = 32  # of a patch
HIDDEN = 64
SPLIT_SEED = 0  # which images are held out is the same whatever --seed says
SHADES = " .:-=+*#%@"


class Images:
    """Images (n, 64) with shades from 0 to 1, their patches (n, 36, 9), and their digits (n,)."""

    def __init__(self, pixels: ao.Tensor, digits: ao.Tensor) -> None:
        self.pixels, self.digits = pixels, digits
        places = range(POSITIONS)
        corners = [SIDE * row + column for row in places for column in places]
        within = [SIDE * row + column for row in range(PATCH) for column in range(PATCH)]
        self.patches = pixels[:, ao.tensor(corners)[:, None] + ao.tensor(within)]

    def epoch(self, generator: ao.random.Generator) -> tuple[ao.Tensor, ao.Tensor]:
        """All images in an order of chance."""
        order = generator.permutation(len(self))
        return self.patches[order], self.digits[order]

    def __len__(self) -> int:
        return int(self.digits.shape[0])


def load_images() -> tuple[Images, Images]:
    """The images to learn from, and those held out."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels, digits = (ao.tensor(data.data) / 16).astype("float32"), ao.tensor(data.target)
    count = digits.shape[0]
    order = ao.random.Generator(SPLIT_SEED).permutation(count)
    held_out, learnt = order[: count // 5], order[count // 5 :]
    return Images(pixels[learnt], digits[learnt]), Images(pixels[held_out], digits[held_out])


def build_model(nn: Any, dtype: Any) -> Any:
    """The network, in aotops or PyTorch."""
    return nn.Sequential(
        nn.Linear(PATCH * PATCH, FEATURES, dtype=dtype),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(POSITIONS * POSITIONS * FEATURES, HIDDEN, dtype=dtype),
        nn.ReLU(),
        nn.Linear(HIDDEN, 10, dtype=dtype),
    )


def loss(nn: Any, model: Any, patches: Any, digits: Any) -> Any:
    """How improbable the right digits are to the model."""
    return nn.functional.cross_entropy(model(patches), digits)


def guesses(model: Any, images: Images) -> ao.Tensor:
    """The digit that the model takes each image for."""
    with ao.no_grad():
        found: ao.Tensor = model(images.patches).argmax(axis=1)
    return found


def accuracy(model: Any, images: Images) -> float:
    """The part of the images that the model reads correctly."""
    return float((guesses(model, images) == images.digits).astype("float64").mean())


def network(learnt: Images, held_out: Images) -> Task:
    """What is to be trained."""
    return Task(
        title="digits",
        build=build_model,
        loss=loss,
        epoch=learnt.epoch,
        batch=32,
        lr=0.002,
        weight_decay=0.01,
        score=lambda model: accuracy(model, held_out),
    )


def drawn(pixels: ao.Tensor) -> list[str]:
    """An image as eight lines of characters."""
    rows = pixels.reshape(SIDE, SIDE).tolist()
    return ["".join(2 * SHADES[round(shade * (len(SHADES) - 1))] for shade in row) for row in rows]


def mistakes(model: Any, images: Images, count: int) -> str:
    """Images that the model misreads, side by side, below what they are and what it takes them for."""
    found = guesses(model, images)
    wrong = [int(each) for each in ao.nonzero(found != images.digits)[0].tolist()][:count]
    if not wrong:
        return ""
    titles = [f"{int(images.digits[each])}, not {int(found[each])}" for each in wrong]
    columns = [[f"{title:16}", *drawn(images.pixels[each])] for title, each in zip(titles, wrong, strict=True)]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = options_parser("Learn to read handwritten digits.", epochs=30).parse_args(arguments)
    problem = missing(options, "sklearn")
    if problem:
        print(f"digits: {problem}", file=sys.stderr)
        return 2

    learnt, held_out = load_images()
    print(f"{len(learnt)} images to learn from, {len(held_out)} held out")
    trained = train(network(learnt, held_out), options)
    print(report(trained))
    print(f"accuracy: {accuracy(trained.model, learnt):.1%} in training, {trained.scores[-1]:.1%} held out")
    wrong = mistakes(trained.model, held_out, 4)
    if wrong:
        print(f"\nMisread, for example:\n{wrong}")
    if options.plot:
        plot(trained, "Handwritten digits", options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
