"""A melody sung slowly, matched with the same in time, and the words most like a misspelt one."""

import aotops as ao
from alignment import dtw, path, word_distance

melody = ao.tensor([0.0, 2.0, 4.0, 2.0, 0.0])
sung = ao.tensor([0.0, 0.0, 2.0, 4.0, 4.0, 2.0, 0.0])
print("distance", float(dtw(melody, sung, 5)), "path", " ".join(f"{i}-{j}" for i, j in path(melody, sung)))
words = ["kernel", "colonel", "kennel", "tunnel"]
print(*(f"{word} {word_distance('kernal', word)}" for word in words))
