"""Which words of a book are used alike? Embeddings as in the lecture, from nothing but counting.

A word is an index into the vocabulary, its one-hot vector picks one column of the first layer, and that column is its
embedding: ``(layer1 * one_hot).sum(1)``. Two words are similar when the dot product of their embeddings is large.

For that the first layer has to mean something. Here it is not trained but measured, in four steps:

1. count which words stand next to which: ``counts``, of shape (words, 2 * contexts);
2. keep how much more often than by chance they do: ``associations``, of the same shape;
3. find the few directions that keep most of them: ``directions``, of shape (dim, 2 * contexts);
4. see every word from those directions only: ``layer1``, of shape (dim, words).

The text is read and counted in plain Python; from the counts on all arithmetic is aotops operators, and a matrix times
a vector is a broadcast multiplication followed by a sum. Run it with ``--help`` for the options.
"""

from __future__ import annotations

import argparse
import difflib
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import aotops as ao

BOOK = Path(__file__).with_name("alice.txt")
WORDS = ["alice", "queen", "eyes", "went", "could", "two"]

# A run of letters, and more of them behind an apostrophe that has letters on both sides: "don't" is one word, while
# the book's `quotation marks' fall away.
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")

MOST_CONTEXTS = 500  # rarer neighbours occur too seldom to be informative, and cost as much time as frequent ones
SMOOTHING = 0.75  # the exponent that makes rare contexts look less rare: chance meetings with them count for less
SWEEPS = 8  # of the nearest five, three in four are then those of the exact directions; the others are about as near
SEED = 2026  # of the directions to start from
TINY = 1e-12  # stands in for a zero that would be divided by
NEGLIGIBLE = 1e-9  # what is left of a direction below this fraction of its length is rounding error


# --- Words: plain Python ---------------------------------------------------------------------------------------------


def normalise(text: str) -> str:
    """The text in lower case, with the typographic apostrophe written as the plain one."""
    return text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def tokenise(text: str) -> list[str]:
    """The words of the text in their order: ``"`I can't,' said Alice"`` gives i, can't, said, alice."""
    return WORD.findall(normalise(text))


def build_vocabulary(tokens: Sequence[str], size: int) -> list[str]:
    """The ``size`` most frequent words, most frequent first; equally frequent ones in alphabetical order.

    A word's position in this list is its index, the only thing about its spelling that the tensors know.
    """
    frequencies = Counter(tokens)
    return sorted(frequencies, key=lambda word: (-frequencies[word], word))[:size]


def count_neighbours(tokens: Sequence[str], vocabulary: Sequence[str], contexts: int, window: int) -> list[list[float]]:
    """How often each word has each of the first ``contexts`` words near it: len(vocabulary) rows of 2 * contexts.

    The columns are the contexts on the left, then the same contexts on the right: "the queen" and "queen the" are
    different uses. A neighbour at distance d counts 1/d, and beyond ``window`` not at all.
    """
    index_of = {word: index for index, word in enumerate(vocabulary)}
    indices = [index_of.get(token, -1) for token in tokens]  # -1: not in the vocabulary, but it keeps its place
    counts = [[0.0] * (2 * contexts) for _ in vocabulary]
    for distance in range(1, window + 1):
        weight = 1.0 / distance
        for left, right in zip(indices, indices[distance:], strict=False):
            if left < 0 or right < 0:
                continue
            if left < contexts:
                counts[right][left] += weight
            if right < contexts:
                counts[left][contexts + right] += weight
    return counts


# --- The first layer: aotops -----------------------------------------------------------------------------------------


def positive_pmi(counts: ao.Tensor) -> ao.Tensor:
    """Positive pointwise mutual information, max(0, log(P(word, context) / (P(word) P(context)))).

    counts (words, contexts) -> associations (words, contexts), 0 where the two meet no more often than by chance.
    """
    of_word = counts.sum(1, keepdims=True)  # (words, 1)
    of_context = (counts.sum(0, keepdims=True).log() * SMOOTHING).exp()  # (1, contexts): the sums to the power 0.75
    expected = of_word * of_context / of_context.sum()  # (words, contexts)
    # Pairs that never meet give log(0) = -inf, which relu turns into the 0 we want.
    return (counts / ao.maximum(expected, TINY)).log().relu()


def random_directions(count: int, length: int) -> ao.Tensor:
    """A start for ``main_directions``, of shape (count, length), the same in every run."""
    generator = random.Random(SEED)
    return ao.tensor([[generator.random() - 0.5 for _ in range(length)] for _ in range(count)])


def main_directions(associations: ao.Tensor, dim: int) -> ao.Tensor:
    """The ``dim`` directions at right angles that keep most of the associations: (words, contexts) -> (dim, contexts).

    This is orthogonal iteration. Sending a direction through the associations to the words and back stretches it
    towards the strongest direction of all; taking out of each what the ones before it already cover lets the next
    find the next strongest. One vector at a time, so that no product is larger than the associations themselves.
    """
    words, contexts = associations.shape
    directions = random_directions(dim, contexts)
    for _ in range(SWEEPS):
        for i in range(dim):
            over_words = (associations * directions[i]).sum(1)  # (words,)
            direction = (associations * over_words.reshape(words, 1)).sum(0)  # (contexts,)
            length_before = norm(direction)
            for j in range(i):
                direction = direction - directions[j] * (directions[j] * direction).sum()
            length = norm(direction)
            if length > NEGLIGIBLE * length_before:
                directions[i, :] = direction / length
            else:
                directions[i, :] = 0.0  # a small text may not have dim directions
    return directions


def norm(vector: ao.Tensor) -> float:
    """The length of a vector."""
    return float((vector * vector).sum().sqrt().item())


def project(associations: ao.Tensor, directions: ao.Tensor) -> ao.Tensor:
    """How far each word reaches in each direction: (words, contexts), (dim, contexts) -> (dim, words)."""
    words, _ = associations.shape
    dim, _ = directions.shape
    layer = ao.zeros((dim, words))
    for i in range(dim):
        layer[i, :] = (associations * directions[i]).sum(1)
    return layer


def unit_columns(layer: ao.Tensor) -> ao.Tensor:
    """The same columns with length 1, so that the dot product of two is the cosine of the angle between them."""
    lengths = (layer * layer).sum(0, keepdims=True).sqrt()  # (1, words)
    return layer / ao.maximum(lengths, TINY)


def build_layer1(counts: list[list[float]], dim: int) -> ao.Tensor:
    """The first layer, of shape (dim, words), from the counts: column i is the embedding of word i."""
    associations = positive_pmi(ao.tensor(counts))
    return unit_columns(project(associations, main_directions(associations, dim)))


# --- What the lecture does with it -----------------------------------------------------------------------------------


def one_hot(word: int, vocabulary_size: int) -> ao.Tensor:
    """The word with this index as a vector of shape (vocabulary_size,): 1 at its own place, 0 everywhere else."""
    return ao.tensor([0.0 if i != word else 1.0 for i in range(vocabulary_size)])


def embed(layer1: ao.Tensor, word: int) -> ao.Tensor:
    """The word's embedding, of shape (dim,): layer1 (dim, words) times its one-hot vector."""
    _, words = layer1.shape
    return (layer1 * one_hot(word, words)).sum(1)


def similarity(embedding1: ao.Tensor, embedding2: ao.Tensor) -> float:
    """The dot product of two embeddings: 1 for the same direction, about 0 for words that share nothing."""
    return float((embedding1 * embedding2).sum().item())


def nearest(layer1: ao.Tensor, word: int, count: int) -> list[tuple[int, float]]:
    """The ``count`` other words most similar to this one, each with its dot product, most similar first."""
    embedding = embed(layer1, word)
    dim, _ = layer1.shape
    products = (layer1 * embedding.reshape(dim, 1)).sum(0)  # (words,): the dot product with every word at once
    scores = [float(product) for product in products.tolist()]
    others = [other for other in range(len(scores)) if other != word]
    others.sort(key=lambda other: -scores[other])  # stable: of equals the more frequent word comes first
    return [(other, scores[other]) for other in others[:count]]


# --- The command line ------------------------------------------------------------------------------------------------


def explain_unknown(word: str, vocabulary: Sequence[str]) -> str:
    """What to tell someone who asked for a word that is not in the vocabulary."""
    message = f"{word!r} is not among the {len(vocabulary)} most frequent words of the text"
    close = difflib.get_close_matches(word, vocabulary)
    return f"{message}; did you mean {', '.join(close)}?" if close else message


def align(rows: Sequence[Sequence[str]]) -> str:
    """The rows as lines of text whose cells stand below one another."""
    longest = max(len(row) for row in rows)
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(longest)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in padded)


def neighbours_table(layer1: ao.Tensor, vocabulary: Sequence[str], words: Sequence[str], count: int) -> str:
    """One line per word: the word, then its nearest neighbours with their dot products."""
    rows = []
    for word in words:
        row = [word]
        for other, score in nearest(layer1, vocabulary.index(word), count):
            row += [f"{score:5.2f}", vocabulary[other]]
        rows.append(row)
    return align(rows)


def positive_number(text: str) -> int:
    """Read an integer of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 up, got {text}")
    return number


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line as a namespace; leaves with exit code 2 and a message if it makes no sense."""
    parser = argparse.ArgumentParser(
        description="Print the words of a text that are used like the given ones.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("words", nargs="*", default=WORDS, metavar="WORD", help="words of the text")
    add("--text", type=Path, default=BOOK, metavar="FILE", help="text to read, in UTF-8")
    add("--vocabulary", type=positive_number, default=1000, metavar="N", help="how many of its words to keep")
    add("--dim", type=positive_number, default=48, metavar="D", help="how many numbers an embedding has")
    add("--window", type=positive_number, default=2, metavar="W", help="how far away a word still is a neighbour")
    add("--neighbours", type=positive_number, default=5, metavar="K", help="how many to print for each word")
    return parser.parse_args(arguments)


def fail(message: str) -> int:
    """Say on the standard error what is wrong, and give the exit code of a wrong command line."""
    print(f"word_neighbours: {message}", file=sys.stderr)
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parse_arguments(arguments)
    try:
        text = options.text.read_text(encoding="utf-8-sig")
    except OSError as error:
        return fail(f"cannot read {options.text}: {error.strerror}")
    except UnicodeDecodeError as error:
        return fail(f"{options.text} is not UTF-8 text: {error}")

    tokens = tokenise(text)
    if not tokens:
        return fail(f"there are no words in {options.text}")
    vocabulary = build_vocabulary(tokens, options.vocabulary)
    words = [normalise(word) for word in options.words]
    unknown = [word for word in words if word not in vocabulary]
    if unknown:
        return fail("\n  ".join(explain_unknown(word, vocabulary) for word in unknown))

    contexts = min(len(vocabulary), MOST_CONTEXTS)
    layer1 = build_layer1(count_neighbours(tokens, vocabulary, contexts, options.window), options.dim)
    print(f"{options.text.name}: {len(tokens)} words, {len(vocabulary)} in the vocabulary; layer1 is {layer1.shape}")
    print()
    print(neighbours_table(layer1, vocabulary, words, options.neighbours))
    return 0


if __name__ == "__main__":
    sys.exit(main())
