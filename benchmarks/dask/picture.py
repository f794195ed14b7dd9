"""Draw the task stream of a real computation, as Dask's dashboard does: a row for each worker, a bar for each task.

`recorded` runs the year of examples/gridded_year on two workers, asks the scheduler for the tasks that have run
(`distributed.get_task_stream`), and draws them. Colours go by the names of tasks, which are those of the operators; the
time that workers took to fetch chunks from each other is grey, below. The picture has a background of its own, so that
it is as legible on a dark page.
"""

from pathlib import Path
from typing import Any

import dask
from dask.utils import key_split
from distributed import get_task_stream

from aotops.cli.svg import MARGIN, WIDTH, document, duration, round_down, text
from benchmarks.dask.cluster import cluster
from benchmarks.dask.year import own_of_aotops, source

LEFT, ROW, BAR = 110, 44, 30
YEARS = 2
COLOURS = ("#3a6ea5", "#e07a2f", "#48a9a6", "#b5495b", "#8a6fb0", "#6b8f3c", "#c9a227", "#4f5d75", "#a0642f")
TRANSFER = "#b8c0c8"


def recorded(folder: Path) -> str:
    """The picture of a computation on two workers of one thread each; an earlier one has brought what is imported."""
    with cluster(folder, 2) as client:
        for years in (1, YEARS):
            results = own_of_aotops(*[source(what, years, True) for what in ("temperature", "humidity")])
            with get_task_stream(client) as stream:
                dask.compute(results)
        return chart(stream.data)


def chart(tasks: list[dict[str, Any]]) -> str:
    """The picture as a complete SVG document; ``tasks`` as distributed records them."""
    tasks = [task for task in tasks if any(each["action"] == "compute" for each in task["startstops"])]
    stops = [each for task in tasks for each in task["startstops"] if each["action"] in ("compute", "transfer")]
    began, ended = min(each["start"] for each in stops), max(each["stop"] for each in stops)
    right = WIDTH - MARGIN
    scale = (right - LEFT) / (ended - began)
    workers = sorted({task["worker"] for task in tasks})
    totals: dict[str, float] = {}
    for task in tasks:
        name = key_split(task["key"])
        totals[name] = totals.get(name, 0.0) + sum(
            each["stop"] - each["start"] for each in task["startstops"] if each["action"] == "compute"
        )
    names = sorted(totals, key=lambda name: -totals[name])
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    title = f"{len(tasks)} tasks on {len(workers)} workers in {duration(ended - began)}"
    body = [text(MARGIN, 42, title, "title")]
    x, y = float(MARGIN), 72.0
    for name in (*names, "transfer"):
        label = f"{name} {duration(totals[name])}" if name in totals else name
        if x + 30 + 7.0 * len(label) > right:
            x, y = float(MARGIN), y + 22
        colour = colours.get(name, TRANSFER)
        body += [
            f'<rect x="{x:g}" y="{y - 11:g}" width="13" height="13" rx="2" fill="{colour}"/>',
            text(x + 19, y, label),
        ]
        x += 19 + 7.0 * len(label) + 24
    top = y + 18
    bottom = top + ROW * len(workers)
    step = round_down((ended - began) / 5)
    for tick in range(int((ended - began) / step) + 1):
        place = LEFT + tick * step * scale
        body += [
            f'<line class="grid" x1="{place:.2f}" y1="{top:g}" x2="{place:.2f}" y2="{bottom:g}"/>',
            text(place, bottom + 17, duration(tick * step), "tick", "middle"),
        ]
    body.append(f'<line class="axis" x1="{LEFT}" y1="{bottom:g}" x2="{right}" y2="{bottom:g}"/>')
    for number, worker in enumerate(workers):
        row = top + ROW * number
        body.append(text(MARGIN, row + ROW / 2 + 4.5, f"worker {number + 1}"))
        for task in (task for task in tasks if task["worker"] == worker):
            body += bars(task, began, scale, row + (ROW - BAR) / 2, colours)
    height = bottom + 36
    described = "; ".join(f"{name}: {duration(totals[name])}" for name in names)
    return document(title, described, height, body)


def bars(task: dict[str, Any], began: float, scale: float, y: float, colours: dict[str, str]) -> list[str]:
    """The bars of one task: what it computed, and below half of the height what was fetched for it."""
    name = key_split(task["key"])
    drawn = []
    for each in task["startstops"]:
        x, width = LEFT + (each["start"] - began) * scale, (each["stop"] - each["start"]) * scale
        if each["action"] == "compute":
            box = f'x="{x:.1f}" y="{y:g}" width="{max(width, 0.4):.1f}" height="{BAR}"'
            drawn.append(f'<rect {box} fill="{colours[name]}"/>')
        elif each["action"] == "transfer":
            drawn.append(
                f'<rect x="{x:.1f}" y="{y + BAR:g}" width="{max(width, 0.4):.1f}" height="5" fill="{TRANSFER}"/>'
            )
    return drawn
