"""What the cold-start benchmark runs: one small program for each contender.

Every program of the main section does the same work, the embedding lookup of the lecture that this
library comes from. `layer1` holds an embedding of DIM numbers for each of VOCAB words, a word is a
one-hot vector, and

    lookup(word) = (layer1 * one_hot).sum(1)
    similarity(a, b) = (lookup(a) * lookup(b)).sum()

are the operations. The programs differ in the library alone: whoever has whole-array operations uses
them, the Numba variants write out the loops, as people who use Numba do. The second section is the
smallest program there is, ten ones plus one.
"""

from dataclasses import dataclass

DIM, VOCAB, SCALE = 64, 1000, 0.001
"""layer1[d, w] = (d * VOCAB + w) * SCALE: an arange, which every library makes quickly and exactly alike."""

PAIRS = ((3, 5), (3, 8))
"""The words of the first operation and of the second one."""

EMBEDDING = "embedding lookup and similarity"
MINIMAL = "minimal program: ones(10) + 1"


@dataclass(frozen=True)
class Contender:
    """One program, in the pieces between which the clock is read."""

    name: str
    """What `--only` calls it."""
    label: str
    """What people call it."""
    section: str
    """The heading it is listed under: programs of one section do the same work."""
    requires: tuple[str, ...] = ()
    """The modules without which it counts as not installed; the first one is the library itself."""
    imports: str = ""
    """Statements, timed as the import."""
    prepare: str = ""
    """Statements, timed as the preparation: define the functions, make the data."""
    operations: tuple[str, ...] = ()
    """Expressions, timed one by one as the first and the second operation; their values are the results."""
    expected: tuple[float, ...] = ()
    """What the results must be, all in one row."""
    cache_hit: str = "None"
    """An expression: did a compilation cache serve this run? None where there is no cache."""

    def program(self) -> str:
        """The text of the program. Before the import is timed it has loaded nothing but the built-in `time`."""
        if not self.imports:
            return PROLOGUE + EPILOGUE.format(cache_hit=self.cache_hit)
        tick = "ticks.append(perf_counter())\n"
        pieces = [self.imports, self.prepare, *(f"results.append({operation})" for operation in self.operations)]
        timed = "".join(piece.strip("\n") + "\n" + tick for piece in pieces)
        return PROLOGUE + timed + EPILOGUE.format(cache_hit=self.cache_hit)


PROLOGUE = """\
from time import perf_counter
results = []
ticks = [perf_counter()]
"""

# Written out by hand because `import json` costs as much as the smaller contenders themselves. The file is
# Linux's account of this very process; other systems tell the parent when the process ends.
EPILOGUE = """\
peak = "null"
try:
    with open("/proc/self/status", "rb") as status:
        for line in status:
            if line.startswith(b"VmHWM:"):
                peak = int(line.split()[1]) * 1024
except OSError:
    pass
cache_hit = {{None: "null", True: "true", False: "false"}}[{cache_hit}]
values = []
for result in results:
    values.extend(result.tolist() if hasattr(result, "tolist") else [result])
values = " ".join(map(repr, values))
print('{{"ticks": %s, "results": "%s", "peak_memory": %s, "cache_hit": %s}}' % (ticks, values, peak, cache_hit))
"""


def _similarity(first: int, second: int) -> float:
    """The answer, in plain Python, to one operation of the main section."""
    return sum((d * VOCAB + first) * SCALE * ((d * VOCAB + second) * SCALE) for d in range(DIM))


def _embedding(name: str, label: str, requires: tuple[str, ...], imports: str, prepare: str, **more: str) -> Contender:
    """A contender of the main section."""
    return Contender(
        name=name,
        label=label,
        section=EMBEDDING,
        requires=requires,
        imports=imports,
        prepare=f"DIM, VOCAB, SCALE = {DIM}, {VOCAB}, {SCALE}{prepare}",
        operations=tuple(f"similarity{pair}" for pair in PAIRS),
        expected=tuple(_similarity(*pair) for pair in PAIRS),
        **more,
    )


def _minimal(
    library: str, label: str, requires: tuple[str, ...], imports: str, operation: str, prepare: str = ""
) -> Contender:
    """A contender of the second section."""
    return Contender(
        name=f"minimal-{library}",
        label=label,
        section=MINIMAL,
        requires=requires,
        imports=imports,
        prepare=prepare,
        operations=(operation,),
        expected=(2.0,) * 10,
    )


AOTOPS_IMPORTS = "import aotops as ao"
AOTOPS_PREPARE = """
layer1 = ao.arange(DIM * VOCAB, dtype=ao.float64).reshape((DIM, VOCAB)) * SCALE
def lookup(word):
    one_hot = ao.zeros((VOCAB,), dtype=ao.float64)
    one_hot[word] = 1.0
    return (layer1 * one_hot).sum(1)
def similarity(first, second):
    return (lookup(first) * lookup(second)).sum().item()
"""

NUMPY_IMPORTS = "import numpy as np"
NUMPY_PREPARE = """
layer1 = np.arange(DIM * VOCAB, dtype=np.float64).reshape((DIM, VOCAB)) * SCALE
def lookup(word):
    one_hot = np.zeros((VOCAB,), dtype=np.float64)
    one_hot[word] = 1.0
    return (layer1 * one_hot).sum(1)
def similarity(first, second):
    return (lookup(first) * lookup(second)).sum().item()
"""

NUMEXPR_IMPORTS = """
import numpy as np
import numexpr as ne
"""
NUMEXPR_PREPARE = """
layer1 = np.arange(DIM * VOCAB, dtype=np.float64).reshape((DIM, VOCAB)) * SCALE
def lookup(word):
    one_hot = np.zeros((VOCAB,), dtype=np.float64)
    one_hot[word] = 1.0
    return ne.evaluate("sum(layer1 * one_hot, axis=1)")
def similarity(first, second):
    e1, e2 = lookup(first), lookup(second)
    return ne.evaluate("sum(e1 * e2)").item()
"""

NUMBA_IMPORTS = """
import numpy as np
from numba import njit, prange
"""
NUMBA_PREPARE = """
layer1 = np.arange(DIM * VOCAB, dtype=np.float64).reshape((DIM, VOCAB)) * SCALE
@njit(OPTIONS)
def embed(layer1, one_hot):
    out = np.zeros(layer1.shape[0])
    for i in RANGE(layer1.shape[0]):
        total = 0.0
        for j in range(layer1.shape[1]):
            total += layer1[i, j] * one_hot[j]
        out[i] = total
    return out
@njit(OPTIONS)
def dot(e1, e2):
    total = 0.0
    for i in RANGE(e1.shape[0]):
        total += e1[i] * e2[i]
    return total
def lookup(word):
    one_hot = np.zeros((VOCAB,), dtype=np.float64)
    one_hot[word] = 1.0
    return embed(layer1, one_hot)
def similarity(first, second):
    return dot(lookup(first), lookup(second))
"""

TORCH_IMPORTS = "import torch"
TORCH_PREPARE = """
layer1 = torch.arange(DIM * VOCAB, dtype=torch.float64).reshape((DIM, VOCAB)) * SCALE
def lookup(word):
    one_hot = torch.zeros((VOCAB,), dtype=torch.float64)
    one_hot[word] = 1.0
    return (layer1 * one_hot).sum(1)
def similarity(first, second):
    return (lookup(first) * lookup(second)).sum().item()
"""

JAX_IMPORTS = """
import jax
import jax.numpy as jnp
jax.config.update("jax_enable_x64", True)
"""
# Compiled as two functions, which takes JAX less time to start than one dispatch for each operation.
JAX_PREPARE = """
layer1 = jnp.arange(DIM * VOCAB, dtype=jnp.float64).reshape((DIM, VOCAB)) * SCALE
@jax.jit
def lookup(layer1, word):
    one_hot = jnp.zeros((VOCAB,), dtype=jnp.float64).at[word].set(1.0)
    return (layer1 * one_hot).sum(1)
@jax.jit
def dot(e1, e2):
    return (e1 * e2).sum()
def similarity(first, second):
    return dot(lookup(layer1, first), lookup(layer1, second)).item()
"""

MINIMAL_NUMBA_PREPARE = """
@njit(parallel=True)
def add_one(x):
    out = np.empty_like(x)
    for i in prange(x.shape[0]):
        out[i] = x[i] + 1
    return out
"""


CACHE_HIT = "all(f.stats.cache_hits and not f.stats.cache_misses for f in (embed, dot))"


def _numba(name: str, options: str, loop: str = "range", cache_hit: str = "None") -> Contender:
    """Numba with these options to `@njit` and this range for the outer loops."""
    return _embedding(
        name,
        f"Numba @njit({options})" if options else "Numba @njit",
        ("numba", "numpy"),
        NUMBA_IMPORTS,
        NUMBA_PREPARE.replace("OPTIONS", options).replace("RANGE", loop),
        cache_hit=cache_hit,
    )


CONTENDERS = (
    Contender("bare", "bare Python", EMBEDDING),
    _embedding("aotops", "aotops", ("aotops",), AOTOPS_IMPORTS, AOTOPS_PREPARE),
    _embedding("numpy", "NumPy", ("numpy",), NUMPY_IMPORTS, NUMPY_PREPARE),
    _embedding("numexpr", "numexpr", ("numexpr", "numpy"), NUMEXPR_IMPORTS, NUMEXPR_PREPARE),
    _numba("numba", ""),
    _numba("numba-parallel", "parallel=True", loop="prange"),
    _numba("numba-cache", "cache=True", cache_hit=CACHE_HIT),
    _embedding("torch", "PyTorch", ("torch",), TORCH_IMPORTS, TORCH_PREPARE),
    _embedding("jax", "JAX", ("jax",), JAX_IMPORTS, JAX_PREPARE),
    _minimal("aotops", "aotops", ("aotops",), AOTOPS_IMPORTS, "ao.ones(10) + 1"),
    _minimal("numpy", "NumPy", ("numpy",), NUMPY_IMPORTS, "np.ones(10) + 1"),
    _minimal(
        "numba",
        "Numba @njit(parallel=True)",
        ("numba", "numpy"),
        NUMBA_IMPORTS,
        "add_one(np.ones(10))",
        prepare=MINIMAL_NUMBA_PREPARE,
    ),
    _minimal("torch", "PyTorch", ("torch",), TORCH_IMPORTS, "torch.ones(10) + 1"),
)
"""In the order of the report: the yardstick, this library, then the others."""
