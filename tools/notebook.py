"""Run the cells of a script in percent format, and write a Jupyter notebook with what they print and draw.

    python tools/notebook.py docs/efficiency.py            # writes docs/efficiency.ipynb
    python tools/notebook.py docs/efficiency.py --check    # runs it, and says whether the notebook has its cells

A line ``# %%`` begins a cell, and ``# %% [markdown]`` one of prose. Jupyter is not needed; figures need Matplotlib.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any


def cells_of(source: str) -> list[tuple[str, str]]:
    """The cells of a script: ``"markdown"`` or ``"code"``, and the content."""
    parts = re.split(r"^# %%(.*)\n", source, flags=re.M)[1:]
    found = []
    for header, text in zip(parts[::2], parts[1::2], strict=True):
        if header.strip() == "[markdown]":
            found.append(
                ("markdown", "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines()))
            )
        else:
            found.append(("code", text))
    return [(kind, text.strip("\n")) for kind, text in found]


def run(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook, run in order, with their outputs."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    namespace: dict[str, Any] = {"__name__": "__main__"}
    outputs: list[dict[str, Any]] = []

    def show(*_: Any, **__: Any) -> None:
        for number in plt.get_fignums():
            image = io.BytesIO()
            plt.figure(number).savefig(image, format="png", dpi=110)
            picture = {"image/png": base64.b64encode(image.getvalue()).decode(), "text/plain": ["a figure"]}
            outputs.append({"output_type": "display_data", "metadata": {}, "data": picture})
        plt.close("all")

    plt.show = show
    made: list[dict[str, Any]] = []
    for count, (kind, text) in enumerate(cells_of(path.read_text(encoding="utf-8"))):
        cell = {"cell_type": kind, "id": f"cell-{count}", "metadata": {}, "source": text.splitlines(keepends=True)}
        if kind == "code":
            outputs.clear()
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(text, f"{path.name}, cell {count}", "exec"), namespace)
            stream = {"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(keepends=True)}
            cell |= {"execution_count": count, "outputs": [*([stream] if printed.getvalue() else []), *outputs]}
        made.append(cell)
    return made


def main() -> None:
    """Run a script, and write or check its notebook."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    made = run(options.script)
    target = options.script.with_suffix(".ipynb")
    if options.check:
        kept = json.loads(target.read_text(encoding="utf-8"))["cells"]
        stale = [(c["cell_type"], c["source"]) for c in kept] != [(c["cell_type"], c["source"]) for c in made]
        raise SystemExit(f"{target.name} has other cells than {options.script.name}: write it again" if stale else 0)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    document = {
        "cells": made,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
