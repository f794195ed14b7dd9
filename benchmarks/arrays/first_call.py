"""First calls in fresh processes, against Numba with a warm cache: `python -m benchmarks.arrays.first_call`.

Each module is written twice, for aotops and for Numba (`cache=True`), and built or cached before anything is measured.
Then every process imports NumPy, which is not counted, imports the module with the library, and calls one function
twice: aotops allocates the output, Numba gets one. The contenders take turns; the figures are
medians, or the shortest times on a machine that others use too (`--busy`).

`moving_mean`, `time_warping` and `histogram` are modules of one function. `models` has 190: the five of `MODELS` with
other constants, as a large insurance model might have them.
"""

import argparse
import inspect
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arrays.kernels import CASES

COUNT = 190
"""The functions of the large module."""
SINGLE = {
    "moving_mean": ("np.random.default_rng(1).random(1000), 20", "np.empty(1000)"),
    "time_warping": ("np.arange(30.0), np.ones(30)", "np.empty(1)"),
    "histogram": ("np.random.default_rng(1).random(1000),", "np.empty(256, np.int64)"),
}
"""The modules of one function, with its inputs and its output."""
MODELS = (
    """def model_{n}(x, rate, out):
    factor = 1.0
    for i in range(x.shape[0]):
        factor /= 1.0 + rate + {a}
        out[i] = x[i] * factor
""",
    """def model_{n}(x, rate, out):
    alive = 1.0
    for i in range(x.shape[0]):
        alive *= 1.0 - min(x[i] * {a}, 1.0)
        out[i] = alive * rate
""",
    """def model_{n}(x, rate, out):
    reserve = 0.0
    for i in range(x.shape[0] - 1, -1, -1):
        reserve = (reserve + x[i] * {a}) / (1.0 + rate)
        out[i] = reserve
""",
    """def model_{n}(x, rate, out):
    for i in range(x.shape[0]):
        previous = x[i - 1] if i > 0 else 0.0
        out[i] = max(x[i] - previous * (1.0 + rate), {a})
""",
    """def model_{n}(x, rate, out):
    fund = {a}
    for i in range(x.shape[0]):
        fund = (fund + x[i]) * (1.0 + rate)
        if fund < 0.0:
            fund = 0.0
        out[i] = fund
""",
)
PROGRAM = """
import json, sys, time
import numpy as np
sys.path.insert(0, {folder!r})
inputs, out = ({inputs}), {out}
times = [time.perf_counter()]
import {module} as module
times.append(time.perf_counter())
for _ in range(2):
    module.{function}(*inputs{passed})
    times.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(times, times[1:])]))
"""
LIBRARIES = ("aotops", "numba")


def sources() -> dict[str, tuple[str, str]]:
    """The modules by their names: their functions without decorators, and the layouts and dtypes of these."""
    found = {}
    for case in CASES:
        if case.name in SINGLE:
            text = inspect.getsource(case.function)
            found[case.name] = text[text.index("def ") :], f"{case.layout!r}, dtypes=[{case.dtypes!r}]"
    numbered = [MODELS[n % len(MODELS)].format(n=n, a=0.001 + 0.0001 * n) for n in range(COUNT)]
    found["models"] = "\n\n".join(numbered), "'(n),()->(n)', dtypes='float64'"
    return found


def write(folder: Path) -> None:
    """Write the modules, unless they are there."""
    for name, (text, declared) in sources().items():
        for library, head, decorator in (
            ("aotops", "import aotops as ao", f"@ao.kernel({declared})"),
            ("numba", "import numba", "@numba.njit(cache=True)"),
        ):
            body = text.replace("def ", f"{decorator}\ndef ")
            path = folder / f"{name}_{library}.py"
            content = f"import numpy as np\n{head}\nfrom typing import Any\n\n\n{body}"
            if not path.is_file() or path.read_text(encoding="utf-8") != content:
                path.write_text(content, encoding="utf-8")


def run(folder: Path, name: str, library: str) -> list[float]:
    """The seconds of the import, of the first and of the second call in a process."""
    inputs, out = SINGLE.get(name, ("np.linspace(0.0, 1.0, 600), 0.01", "np.empty(600)"))
    text = PROGRAM.format(
        folder=str(folder),
        inputs=inputs,
        out=out,
        module=f"{name}_{library}",
        function="model_0" if name == "models" else name,
        passed="" if library == "aotops" else ", out",
    )
    # byte code is written, as where a package is installed, whatever the environment says
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    names = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, env=names)
    if done.returncode or done.stderr:
        raise SystemExit(f"benchmarks.arrays: {name} with {library} fails: {done.stderr[-2000:]}")
    times: list[float] = json.loads(done.stdout)
    return times


def main(arguments: Sequence[str]) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.arrays.first_call", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--folder", type=Path, help="where the modules are, which --build has built there")
    parser.add_argument("--build", action="store_true", help="build the modules, measure nothing")
    parser.add_argument("--busy", action="store_true", help="report the shortest times")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).absolute()
        folder.mkdir(exist_ok=True)
        write(folder)
        names = list(sources())
        modules = [f"{name}_aotops.py" for name in names]
        if options.build or not options.folder:
            command = [sys.executable, "-m", "aotops", "build", *modules]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        for name in names:
            for library in LIBRARIES:
                run(folder, name, library)  # which writes byte code, and Numba's cache
        if options.build:
            return 0
        samples: dict[str, dict[str, list[list[float]]]] = {name: {each: [] for each in LIBRARIES} for name in names}
        for number in range(options.rounds):
            for name in names:
                for library in LIBRARIES[:: 1 if number % 2 else -1]:
                    samples[name][library].append(run(folder, name, library))
    figures = {}
    middle = min if options.busy else statistics.median
    print(f"{'milliseconds':<32}{'import':>10}{'first call':>12}{'both':>10}{'second call':>13}")
    for name, libraries in samples.items():
        for library, rows in libraries.items():
            both = middle(row[0] + row[1] for row in rows)
            imported, first, second = (middle(column) for column in zip(*rows, strict=True))
            figures[f"{name} {library}"] = {"import": imported, "first": first, "both": both, "second": second}
            label = f"{name}, {library}"
            print(f"{label:<32}{imported * 1e3:10.2f}{first * 1e3:12.3f}{both * 1e3:10.2f}{second * 1e3:13.4f}")
        own, rival = (figures[f"{name} {each}"] for each in LIBRARIES)
        print(f"{'  times as long with Numba':<32}", end="")
        ratios = (rival[column] / own[column] for column in ("import", "first", "both"))
        print("{:10.0f}{:12.0f}{:10.0f}".format(*ratios))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
