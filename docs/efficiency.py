# %% [markdown]
# # Efficiency: from a Python loop to a compiled one
#
# This notebook follows the lecture on efficiency of Cornell Tech's course "Machine Learning Engineering" (MiniTorch,
# Module 3.1). It begins with words as vectors, which is what a tensor library is asked to compute with; it then looks
# at the loop below every operator, why Python runs it slowly, and what it costs to make it fast: by Numba while the
# program runs, in parallel, and ahead of time, as aotops does.
#
# It runs without Numba too: the cells that compare with it say so and go on. Timings are of the machine that ran it,
# a shared one with two cores, and each is the best of several.

# %%
import math
import os
import subprocess
import sys
import textwrap
import time

import matplotlib.pyplot as plt

import aotops as ao

SMALL = os.environ.get("NOTEBOOK_SMALL") == "1"  # as the tests run it: with little data, and without the compiler
try:
    if SMALL:
        raise ImportError
    import numba
    import numpy as np
except ImportError:
    numba = None


def best(function, *arguments, rounds=5):
    """The shortest of several times that a call takes, in seconds."""
    times = []
    for _ in range(1 if SMALL else rounds):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


# %% [markdown]
# ## Words as vectors
#
# A word is an index into a vocabulary. As a *one-hot vector* it is a row of zeros with a single 1, and its product
# with a matrix selects one row of the matrix, the word's *embedding*. Selecting the row directly gives the same
# numbers without multiplying by all the zeros.

# %%
SENTENCES = {
    0: [
        "boil the rice with salt",
        "fry the onion in butter",
        "salt the butter and the onion",
        "boil the onion with rice",
        "fry rice in butter",
    ],
    1: [
        "rain falls on the hills",
        "wind and rain from the sea",
        "the wind falls in the hills",
        "snow on the hills and the sea",
        "rain and snow with wind",
    ],
}
VOCABULARY = sorted({word for group in SENTENCES.values() for sentence in group for word in sentence.split()})
INDEX = {word: place for place, word in enumerate(VOCABULARY)}
DIMENSIONS = 6

# numbers between -0.5 and 0.5 that look random and are the same everywhere
layer = ao.tensor(
    [
        [math.sin(12.9898 * i + 78.233 * j) * 43758.5453 % 1.0 - 0.5 for j in range(DIMENSIONS)]
        for i in range(len(VOCABULARY))
    ]
)

word = INDEX["butter"]
one_hot = ao.one_hot(ao.tensor([word]), len(VOCABULARY), dtype=ao.float64)
by_product = (one_hot @ layer)[0]
by_row = ao.embedding(ao.tensor([word]), layer)[0]
print(len(VOCABULARY), "words")
print("by a product:", by_product)
print("by its row:  ", by_row)
print("the same numbers:", bool(ao.all(by_product == by_row)))

# %% [markdown]
# The dot product of two embeddings says how similar they are. Of embeddings that have not been trained it says
# nothing yet; we come back to this at the end.


# %%
def similarity(table, first, second):
    """The cosine of the angle between the embeddings of two words."""
    a, b = table[INDEX[first]], table[INDEX[second]]
    return (a @ b / (ao.norm(a) * ao.norm(b))).item()


for pair in (("butter", "onion"), ("rain", "wind"), ("butter", "wind")):
    print(f"{pair[0]:>7} {pair[1]:6} {similarity(layer, *pair):+.2f}")

# %% [markdown]
# ## The loop below every operator
#
# Whatever a model computes ends in three kinds of loop: *map* applies a function to every element, *zip* to every
# pair, *reduce* folds an axis. This is the map, in plain Python.


# %%
def log_plus(x):
    return math.log(x + 1e-6)


def python_map(function, values, out):
    for i in range(len(values)):
        out[i] = function(values[i])


N = 1_000 if SMALL else 100_000
values = [0.5 + i / N for i in range(N)]
out = [0.0] * N
per_element = best(python_map, log_plus, values, out) / N
print(f"plain Python: {per_element * 1e9:.0f} ns per element")

# %% [markdown]
# ### Why Python is slow
#
# The lecture names three reasons. Each can be measured by taking it away.
#
# - **Calls.** A call of a Python function makes a frame, and checks its arguments, each time.
# - **Types.** `x + 1e-6` looks up at run time what `x` is and how such things are added; every result is a new object
#   in memory.
# - **Loops.** The loop runs as it is written: nothing is taken out of it, combined, vectorised or run on a second
#   core.


# %%
def without_calls(values, out):
    log = math.log
    for i in range(len(values)):
        out[i] = log(values[i] + 1e-6)


def only_the_loop(values, out):
    for i in range(len(values)):
        out[i] = values[i]


class Fancy(float):
    """A number whose addition is a method of its own."""

    def __add__(self, other):
        return Fancy(float(self) + other)


rows = {
    "function, addition, logarithm": best(python_map, log_plus, values, out) / N,
    "the same without the call": best(without_calls, values, out) / N,
    "the same with numbers of another type": best(without_calls, [Fancy(v) for v in values], out) / N,
    "only the loop": best(only_the_loop, values, out) / N,
    "aotops, all of it": best(lambda x: ao.log(x + 1e-6), ao.tensor(values)) / N,
}
for name, seconds in rows.items():
    print(f"{name:38} {seconds * 1e9:7.1f} ns per element")

# %% [markdown]
# ## Just in time
#
# Numba compiles a Python function when it is first called, for the types that it is called with. The loop then has
# neither calls nor objects. The first call takes as long as the compiler does, in every process again, and so does
# the first call with any other type.

# %%
if numba is None:
    print("Numba is not installed: no just-in-time compiler to compare with")
else:

    @numba.njit
    def jit_map(x, out):
        for i in range(len(x)):
            out[i] = math.log(x[i] + 1e-6)

    x = np.array(values)
    result = np.empty_like(x)
    start = time.perf_counter()
    jit_map(x, result)
    first = time.perf_counter() - start
    print(f"first call {first * 1e3:8.2f} ms, which compiles")
    print(f"later      {best(jit_map, x, result) * 1e3:8.2f} ms")

# %% [markdown]
# ## Ahead of time
#
# aotops' operators are the same kind of Python function, compiled by the same compiler when the package was built.
# There is nothing left to compile: the first call takes about as long as any other one. `ao.exp.scalar` is the
# function that the kernel was made of.

# %%
x = ao.tensor(values)
start = time.perf_counter()
y = ao.log(x + 1e-6)
first = time.perf_counter() - start
print(f"first call {first * 1e3:8.2f} ms")
print(f"later      {best(lambda: ao.log(x + 1e-6)) * 1e3:8.2f} ms")
print("CPU level:", ao.cpu_level())

# %% [markdown]
# What this means for a script that computes little is its *cold start*: the time from the command to the first
# result, in a process of its own.

# %%
PROGRAMS = {
    "Python alone": "pass",
    "aotops": "import aotops as ao; ao.log(ao.tensor([1.0, 2.0]))",
}
if numba is not None:
    PROGRAMS["NumPy"] = "import numpy as np; np.log(np.array([1.0, 2.0]))"
    PROGRAMS["Numba"] = (
        "import numba, math, numpy as np\n"
        "@numba.njit\n"
        "def f(x, out):\n    for i in range(len(x)): out[i] = math.log(x[i])\n"
        "f(np.array([1.0, 2.0]), np.empty(2))"
    )


def cold_start(program):
    """The time that a program takes in a new process, in seconds."""
    return best(lambda: subprocess.run([sys.executable, "-c", program], check=True), rounds=10)


for program in PROGRAMS.values():
    cold_start(program)  # once, to have the files in memory
cold = {name: cold_start(program) * 1e3 for name, program in PROGRAMS.items()}

figure, axes = plt.subplots(figsize=(7, 2.4))
bars = axes.barh(list(cold), list(cold.values()), color=["#9aa5b1", "#2a7f9e", "#c08a3e", "#a4483f"][: len(cold)])
axes.bar_label(bars, fmt="%.0f ms", padding=4)
axes.set_xscale("log")
axes.set_xlim(right=max(cold.values()) * 3)
axes.set_xlabel("from the command to the first result (ms, logarithmic)")
axes.invert_yaxis()
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Throughput
#
# On longer arrays it no longer matters when the loop was compiled, but how: whether it computes one element at a time
# or a whole vector of them, and on how many cores. Both need care in parallel: starting threads takes microseconds,
# so that short arrays are better left to one.

# %%
SIZES = [10, 1_000] if SMALL else [10, 100, 1_000, 10_000, 100_000, 1_000_000]
curves = {"plain Python": {}, "aotops": {}}
if numba is not None:

    @numba.njit(parallel=True)
    def parallel_map(x, out):
        for i in numba.prange(len(x)):
            out[i] = math.log(x[i] + 1e-6)

    curves |= {"Numba, compiled": {}, "Numba, in parallel": {}}

for size in SIZES:
    numbers = [0.5 + i / size for i in range(size)]
    repeat = max(1, 2_000 // size)
    if size <= 100_000:
        curves["plain Python"][size] = best(python_map, log_plus, numbers, [0.0] * size) / size
    t = ao.tensor(numbers)
    shifted, result = ao.empty(size), ao.empty(size)

    def by_aotops(t=t, shifted=shifted, result=result, repeat=repeat):
        for _ in range(repeat):
            ao.log(ao.add(t, 1e-6, out=shifted), out=result)

    curves["aotops"][size] = best(by_aotops, rounds=25) / size / repeat
    if numba is not None:
        array, target = np.array(numbers), np.empty(size)
        for name, kernel in (("Numba, compiled", jit_map), ("Numba, in parallel", parallel_map)):

            def by_numba(kernel=kernel, array=array, target=target, repeat=repeat):
                for _ in range(repeat):
                    kernel(array, target)

            by_numba()
            curves[name][size] = best(by_numba, rounds=25) / size / repeat

figure, axes = plt.subplots(figsize=(7, 4))
STYLES = {
    "plain Python": ("#9aa5b1", "s"),
    "aotops": ("#2a7f9e", "o"),
    "Numba, compiled": ("#c08a3e", "^"),
    "Numba, in parallel": ("#a4483f", "v"),
}
for name, curve in curves.items():
    colour, marker = STYLES[name]
    axes.loglog(list(curve), [1e9 * seconds for seconds in curve.values()], marker=marker, color=colour, label=name)
axes.set_xlabel("elements")
axes.set_ylabel("ns per element")
axes.set_title("log(x + 1e-6), float64")
axes.grid(alpha=0.3)
axes.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Parallel diagnostics
#
# Numba's `parallel_diagnostics` tells which loops were made parallel. aotops can tell it for each call, before or
# after: `ao.explain` plans a call without running it, and `ao.trace` lists what ran.

# %%
large = ao.ones((1000, 1000))
print(ao.explain(ao.log, large))
print()
print(ao.explain(ao.log, ao.ones(100)))
print()
with ao.trace() as launches:
    (large * 2.0 + 1.0).sum(0)
print(launches)

# %% [markdown]
# ## What goes wrong in parallel
#
# "Warning! Nasty bugs": tests that fail at random, crashes from an index that is out of bounds. Both are easy to
# make. The first program below counts in parallel: two threads read the same counter, both add 1, and one of the
# two is lost. The second one has an index that is too large, and compiled code does not check it: it reads whatever
# lies there, or ends the process.
#
# Both run in a process of their own, since the second one takes its process with it.

# %%
ROUNDS = 1_000 if SMALL else 50_000_000
RACE = f"""
import numba, numpy as np
@numba.njit(parallel=True)
def count(values, rounds, counts):
    for half in numba.prange(2):
        for j in range(rounds):
            counts[values[j % 1024]] += 1.0
values = np.arange(1024) * 7919 % 5
for _ in range(3):
    counts = np.zeros(5)
    count(values, {ROUNDS}, counts)
    print("counted", int(counts.sum()), "of", {2 * ROUNDS})
"""
OUT_OF_BOUNDS = """
import numba, numpy as np
@numba.njit(parallel=True)
def shift(values, out):
    for i in numba.prange(len(values)):
        out[i] = values[i + 1_000_000_000]
shift(np.zeros(1000), np.zeros(1000))
print("it went well")
"""
if numba is None:
    print("Numba is not installed: nothing to go wrong")
else:
    for program in (RACE, OUT_OF_BOUNDS):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
        print(done.stdout, end="")
        if done.returncode:
            print("the process ended with", "signal" if done.returncode < 0 else "status", abs(done.returncode))

# %% [markdown]
# ### Why neither can happen here
#
# The function of an operator is given numbers and returns a number. It has no array and no index, so that it cannot
# reach outside of one or write where another thread writes. Which element goes where is decided by a handful of loops
# that are the same for all operators, and what they may reach is checked when a tensor is made: shape and strides
# must lie inside of its memory.
#
# A reduction is cut into parts by its shape alone, and the parts are combined in a fixed order. So a sum has the same
# bits on any number of threads, which "no guarantee on ordering" does not give.

# %%
numbers = ao.tensor([math.sin(i) * 10.0 ** (i % 9) for i in range(20_000 if SMALL else 300_000)])
threads = ao.get_num_threads()
sums = []
for count in (1, 2, 4):
    ao.set_num_threads(count)
    sums.append(ao.sum(numbers).item())
ao.set_num_threads(threads)
print(sums, "all the same:", len(set(sums)) == 1)

try:
    ao.ones(10)._as_strided((20,), (1,), 0)
except ValueError as error:
    print("rejected:", error)

# %% [markdown]
# ## Gradients
#
# A derivative stands beside each operator, as a Python function that is compiled with it. `requires_grad` records
# what is computed; `backward` runs the derivatives in reverse. `grad_check` compares them with finite differences.

# %%
x = ao.tensor([0.5, -1.0, 2.0], requires_grad=True)
(ao.sigmoid(x) * x).sum().backward()
print("by its derivative: ", x.grad)
step = 1e-6


def silu(v):
    return v / (1.0 + math.exp(-v))


print("finite differences:", [round((silu(v + step) - silu(v - step)) / (2 * step), 8) for v in (0.5, -1.0, 2.0)])

# %% [markdown]
# ## The full model
#
# A sentence is the mean of its words' one-hot vectors: its product with the table is the mean of their embeddings. A
# linear layer and a sigmoid say whether the sentence is about cooking or about the weather. The embeddings are
# parameters like any other: words that occur in sentences of the same kind move towards each other.

# %%
table = layer.copy().requires_grad_()
weights = ao.tensor([[math.cos(3.0 * j)] for j in range(DIMENSIONS)], requires_grad=True)
bias = ao.tensor([0.0], requires_grad=True)
sentences = [(sentence.split(), float(label)) for label, group in SENTENCES.items() for sentence in group]
bags = ao.tensor([[words.count(word) / len(words) for word in VOCABULARY] for words, _ in sentences])
labels = ao.tensor([[label] for _, label in sentences])


def predict():
    """For each sentence, how likely it is about the weather."""
    return ao.sigmoid((bags @ table) @ weights + bias)


losses = []
start = time.perf_counter()
EPOCHS = 20 if SMALL else 150
for _ in range(EPOCHS):
    probability = predict()
    loss = -(labels * ao.log(probability) + (1.0 - labels) * ao.log(1.0 - probability)).sum() / len(sentences)
    loss.backward()
    losses.append(loss.item())
    table, weights, bias = ((p.detach() - 1.0 * p.grad).requires_grad_() for p in (table, weights, bias))
elapsed = time.perf_counter() - start
right = int(ao.sum((predict().detach() > 0.5) == (labels > 0.5)).item())
print(f"{EPOCHS} epochs in {elapsed * 1e3:.0f} ms; {right} of {len(sentences)} sentences right")

figure, axes = plt.subplots(figsize=(7, 3))
axes.plot(range(1, EPOCHS + 1), losses, color="#2a7f9e")
axes.set_xlabel("epoch")
axes.set_ylabel("cross-entropy")
axes.set_ylim(bottom=0.0)
axes.grid(alpha=0.3)
figure.tight_layout()
plt.show()

# %% [markdown]
# The similarities that said nothing before training now say which words belong together. Words that occur in both
# kinds of sentences, such as "the", stay in between.

# %%
trained = table.detach()
WORDS = [
    "butter",
    "onion",
    "salt",
    "boil",
    "fry",
    "rice",
    "the",
    "and",
    "rain",
    "wind",
    "snow",
    "hills",
    "sea",
    "falls",
]
grid = [[similarity(trained, a, b) for b in WORDS] for a in WORDS]

figure, axes = plt.subplots(figsize=(6.2, 5.2))
image = axes.imshow(grid, cmap="RdBu", vmin=-1, vmax=1)
axes.set_xticks(range(len(WORDS)), WORDS, rotation=60, ha="right")
axes.set_yticks(range(len(WORDS)), WORDS)
figure.colorbar(image, label="cosine of two embeddings")
figure.tight_layout()
plt.show()
for pair in (("butter", "onion"), ("rain", "wind"), ("butter", "wind")):
    print(f"{pair[0]:>7} {pair[1]:6} {similarity(trained, *pair):+.2f}")

# %% [markdown]
# ## Where to go on
#
# - [docs/minitorch.md](minitorch.md): the course's own scripts on aotops.
# - [docs/your-own-operators.md](your-own-operators.md): compile functions of your own ahead of time.
# - [docs/seeing.md](seeing.md): `explain` and `trace`. [docs/cold-start.md](cold-start.md): how cold starts are
#   measured.
