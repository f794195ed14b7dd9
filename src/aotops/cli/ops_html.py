"""The operator benchmark as one web page that needs nothing from outside: figures, heat maps, bars and the table."""

import math
from collections.abc import Sequence
from itertools import groupby

from aotops.cli import ops_report
from aotops.cli.ops_matrix import SIZES
from aotops.cli.ops_report import brief, digits
from aotops.cli.ops_results import Run, summary
from aotops.cli.ops_timing import Measured
from aotops.cli.report import plural
from aotops.cli.svg import STYLE, escape, text

GOOD, EVEN, POOR = (33, 113, 181), (250, 250, 248), (203, 72, 39)
"""Colours of cells four times as fast as the rival, as fast, and a quarter as fast. Told apart by the colour-blind."""
EXTREME = math.log2(4)

LABELS, CELL_WIDTH, CELL_HEIGHT, GAP = 124, 44, 22, 12
BAR_LABELS, BAR_WIDTH, BAR_VALUES, BAR_HEIGHT = 290, 460, 190, 22

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>aotops: operators</title>
<style>
body {{ font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #1f2933;
       background: #f5f7f9; margin: 0 auto; max-width: 1080px; padding: 24px; font-size: 15px; line-height: 1.45; }}
h1 {{ font-size: 26px; margin: 0 0 8px; }} h2 {{ font-size: 20px; margin: 36px 0 8px; }}
h3 {{ font-size: 15px; margin: 20px 0 6px; }}
.facts {{ color: #52606d; font-size: 13px; margin: 0; }}
.tiles {{ display: flex; flex-wrap: wrap; gap: 12px; margin: 14px 0; }}
.tile {{ background: #fff; border: 1px solid #d5dbe2; border-radius: 8px; padding: 10px 16px; }}
.tile b {{ display: block; font-size: 22px; }} .tile span {{ color: #52606d; font-size: 13px; }}
.plot {{ background: #fff; border: 1px solid #d5dbe2; border-radius: 8px; padding: 12px; overflow-x: auto; }}
.wrong {{ background: #fdecea; border: 1px solid #cb4827; border-radius: 8px; padding: 8px 14px; }}
pre {{ font-size: 12px; line-height: 1.35; overflow-x: auto; margin: 0; }} summary {{ cursor: pointer; }}
{style}
.figure {{ font-size: 11.5px; stroke: none; }} .light {{ fill: #ffffff; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(run: Run) -> str:
    """The whole page; it is XML as well, so that any parser of that can check it."""
    title, *facts = ops_report.headings(run)
    body = [f"<h1>{escape(title)}</h1>", *(f'<p class="facts">{escape(fact)}</p>' for fact in [*facts, run.date])]
    body += [
        "<p>A <b>ratio</b> is the time of the faster one of NumPy and PyTorch divided by that of aotops: above 1 "
        "aotops is faster, below 1 slower. Hold the pointer over a cell or a bar to see the times.</p>"
    ]
    trouble = [(cell, said) for cell in run.cells for said in ops_report.remarks(run, cell)]
    body += [f'<p class="wrong">{escape(cell.name)}: {escape(said)}</p>' for cell, said in trouble]
    for threads in run.threads:
        cells = [cell for cell in run.cells if cell.threads == threads]
        body += [f"<h2>{plural(threads, 'thread')}</h2>", *tiles(run, cells, threads)]
        if any(cell.ratio is not None for cell in cells):
            body += ["<h3>How the ratios are distributed</h3>", plot(histogram(cells))]
            body += heat_maps(run, cells)
        bars = [cell for cell in cells if run.share(cell) is not None]
        if bars:
            body += [
                "<h3>Rate of operations too large for the caches, as a share of the triad's</h3>",
                plot(share_bars(run, bars)),
            ]
        table = escape_lines(ops_report.table(run, threads))
        body.append(f"<details><summary>All figures</summary><pre>{table}</pre></details>")
    return PAGE.format(style=STYLE, body="\n".join(body))


def tiles(run: Run, cells: Sequence[Measured], threads: int) -> list[str]:
    """The few figures that matter most."""
    entries = []
    total = summary(cells)
    if total:
        entries += [
            (f"{total.mean:.2f}", f"geometric mean of {plural(total.count, 'ratio')}"),
            (f"{total.below} of {total.count}", "below 1"),
            (f"{total.worst.ratio:.2f}", f"the worst: {total.worst.name}"),
        ]
    for form, said in (("triad", "what the memory can do: the triad"), ("in place", "the triad in place")):
        limit = run.limit(threads, form)
        if limit:
            entries.append((f"{limit / 1e9:.1f} GB/s", said))
    if run.others.get(str(threads), 0.0) > ops_report.DISTURBED:
        entries.append((f"{run.others[str(threads)]:.1f} CPUs", "were kept busy by others: times are disturbed"))
    inner = "".join(f'<div class="tile"><b>{escape(a)}</b><span>{escape(b)}</span></div>' for a, b in entries)
    return [f'<div class="tiles">{inner}</div>']


def histogram(cells: Sequence[Measured]) -> str:
    """How many cells there are of each ratio, in steps of a quarter of a doubling."""
    lowest, highest, steps, width, height = -4, 4, 4, 26, 150
    counts = [0] * (steps * (highest - lowest))
    for ratio in (cell.ratio for cell in cells if cell.ratio is not None):
        step = math.floor((math.log2(ratio) - lowest) * steps)
        counts[min(max(step, 0), len(counts) - 1)] += 1
    parts, left, top = [], 20, 24
    for i, count in enumerate(counts):
        tall = height * count / max(counts)
        x, y = left + i * width, top + height - tall
        middle = 2 ** (lowest + (i + 0.5) / steps)
        hint = f"<title>{plural(count, 'cell')} of about {middle:.2f}</title>"
        colour = rgb(GOOD if middle > 1 else POOR)
        parts.append(f'<rect x="{x}" y="{y:.1f}" width="{width - 2}" height="{tall:.1f}" fill="{colour}">{hint}</rect>')
        if count:
            parts.append(text(x + width / 2 - 1, y - 5, str(count), "figure", "middle"))
    for power in range(lowest, highest + 1):
        x = left + (power - lowest) * steps * width - 1
        end = {lowest: "or less", highest: "or more"}.get(power, "")
        label = f"1/{2**-power}" if power < 0 else str(2**power)
        anchor = "start" if power == lowest else "end" if power == highest else "middle"
        parts.append(f'<line class="axis" x1="{x}" y1="{top + height}" x2="{x}" y2="{top + height + 5}"/>')
        parts.append(text(x, top + height + 19, f"{label} {end}".strip(), "tick", anchor))
    return svg(left * 2 + len(counts) * width, top + height + 28, parts, "How many cells have which ratio")


def heat_maps(run: Run, cells: Sequence[Measured]) -> list[str]:
    """A map of the ratios for each dtype and family of operators: operators down, layouts and sizes across."""
    families = (("Elementwise", ("map", "zip", "select", "copy")), ("Reductions and scans", ("reduction", "scan")))
    parts = []
    for dtype in dict.fromkeys(cell.dtype for cell in cells):
        for title, kinds in families:
            members = [cell for cell in cells if cell.dtype == dtype and cell.kind in kinds and cell.ratio is not None]
            if members:
                parts += [f"<h3>{title}, {dtype}: ratios</h3>", plot(heat_map(run, members))]
    return parts


def heat_map(run: Run, cells: Sequence[Measured]) -> str:
    """One map, with a gap between layouts."""
    order = list(SIZES)
    layouts = list(dict.fromkeys(cell.layout for cell in cells))
    columns: dict[tuple[str, str], float] = {}
    x, parts = float(LABELS), []
    for layout in layouts:
        sizes = sorted({cell.size for cell in cells if cell.layout == layout}, key=order.index)
        wide = max(len(sizes) * CELL_WIDTH, 6.8 * len(layout))
        parts.append(text(x + wide / 2, 14, layout, "tick", "middle"))
        for i, size in enumerate(sizes):
            columns[layout, size] = x + (wide - len(sizes) * CELL_WIDTH) / 2 + i * CELL_WIDTH
            parts.append(text(columns[layout, size] + CELL_WIDTH / 2, 30, size, "tick", "middle"))
        x += wide + GAP
    rows = {name: 38 + i * CELL_HEIGHT for i, name in enumerate(dict.fromkeys(cell.operator for cell in cells))}
    parts += [text(0, y + 15, name) for name, y in rows.items()]
    for cell in cells:
        parts.append(square(run, cell, columns[cell.layout, cell.size], rows[cell.operator]))
    return svg(x, 42 + len(rows) * CELL_HEIGHT, parts, "Ratios by operator, layout and size")


def square(run: Run, cell: Measured, x: float, y: float) -> str:
    """One cell of a map: its colour, its ratio, and the times for whoever asks."""
    assert cell.ratio is not None  # the map is made of cells that have one
    strength = max(-1.0, min(1.0, math.log2(cell.ratio) / EXTREME))
    end = GOOD if strength > 0 else POOR
    colour = rgb(tuple(round(a + (b - a) * abs(strength)) for a, b in zip(EVEN, end, strict=True)))
    box = f'x="{x:g}" y="{y}" width="{CELL_WIDTH - 1}" height="{CELL_HEIGHT - 1}" fill="{colour}"'
    kind = "figure light" if abs(strength) > 0.6 else "figure"
    figure = text(x + (CELL_WIDTH - 1) / 2, y + 15, digits(cell.ratio), kind, "middle")
    return f"<g><title>{escape(told(run, cell))}</title><rect {box}/>{figure}</g>"


def share_bars(run: Run, cells: Sequence[Measured]) -> str:
    """A bar for aotops, and a tick for the rate of its rival."""
    shares = [(run.share(cell) or 0.0, cell) for cell in cells]
    furthest = max(1.25, *(share * max(cell.ratio or 1, 1 / (cell.ratio or 1)) for share, cell in shares))
    furthest = min(furthest, 2.0)
    scale = BAR_WIDTH / furthest
    parts, y = [], 26
    marks = [i / 4 for i in range(int(furthest * 4) + 1)]
    bottom = y + sum(BAR_HEIGHT for _ in cells) + 8 * len({cell.operator for cell in cells})
    for mark in marks:
        x = BAR_LABELS + mark * scale
        kind = "axis" if mark in (0, 1) else "grid"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" y1="20" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(text(x, 14, f"{mark:.0%}", "tick", "middle"))
    for _, members in groupby(shares, lambda pair: pair[1].operator):
        for share, cell in members:
            label = f"{cell.operator} {cell.dtype} {cell.layout}"
            parts.append(text(BAR_LABELS - 10, y + 15, label, "", "end"))
            box = f'x="{BAR_LABELS}" y="{y + 3}" width="{min(share * scale, BAR_WIDTH):.1f}" height="{BAR_HEIGHT - 6}"'
            parts.append(f'<rect {box} fill="{rgb(GOOD)}"><title>{escape(told(run, cell))}</title></rect>')
            said = f"{share:.0%}"
            if cell.ratio and cell.rival:
                theirs = share / cell.ratio
                x = BAR_LABELS + min(theirs * scale, BAR_WIDTH)
                parts.append(f'<rect x="{x - 1.5:.1f}" y="{y}" width="3" height="{BAR_HEIGHT}" fill="{rgb(POOR)}"/>')
                said += f"; {run.libraries[cell.rival]} {theirs:.0%}"
            parts.append(text(BAR_LABELS + BAR_WIDTH + 14, y + 15, said, "note"))
            y += BAR_HEIGHT
        y += 8
    parts.append(f'<rect x="{BAR_LABELS}" y="{y + 8}" width="13" height="13" fill="{rgb(GOOD)}"/>')
    parts.append(text(BAR_LABELS + 20, y + 19, "aotops"))
    parts.append(f'<rect x="{BAR_LABELS + 100}" y="{y + 5}" width="3" height="19" fill="{rgb(POOR)}"/>')
    parts.append(text(BAR_LABELS + 112, y + 19, "the faster of NumPy and PyTorch"))
    return svg(BAR_LABELS + BAR_WIDTH + BAR_VALUES, y + 32, parts, "Rates as a share of the triad's")


def told(run: Run, cell: Measured) -> str:
    """The cell in words: its name and every time."""
    times = ", ".join(
        f"{label} {brief(cell.seconds[name])}" for name, label in run.libraries.items() if name in cell.seconds
    )
    return f"{cell.name}: {times}"


def svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    """A picture of that size."""
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">' + "\n".join(parts) + "</svg>"
    )


def plot(picture: str) -> str:
    """The picture on paper, which scrolls where it is wider than the page."""
    return f'<div class="plot">{picture}</div>'


def rgb(colour: Sequence[int]) -> str:
    """As CSS has it."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def escape_lines(words: str) -> str:
    """As `escape`, which takes line breaks for characters that XML forbids."""
    return "\n".join(escape(each) for each in words.splitlines())
