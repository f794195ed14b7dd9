"""Distances of series that are warped against each other, and of words."""

import aotops as ao
from alignment.ops import dtw, edit_distance, warping_path

__all__ = ["dtw", "edit_distance", "path", "warping_path", "word_distance"]


def path(x: ao.Tensor, y: ao.Tensor) -> list[tuple[int, int]]:
    """The pairs of positions that are matched, in order."""
    pairs, length = warping_path(x, y)
    return [(i, j) for i, j in pairs[: int(length)].tolist()]


def word_distance(word: str, other: str) -> int:
    """Number of letters to insert, delete or substitute to make one word the other."""
    codes = [ao.tensor([ord(letter) for letter in each], dtype="int64") for each in (word, other)]
    return int(edit_distance(*codes))
