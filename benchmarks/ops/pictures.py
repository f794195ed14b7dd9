"""The ratios as one picture: their distribution, a heat map for each dtype, and rates as shares of the triad's."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aotops.cli.report import plural
from benchmarks.ops import report
from benchmarks.ops.matrix import SIZES
from benchmarks.ops.report import digits
from benchmarks.ops.results import Run, summary
from benchmarks.ops.timing import Measured

FORMATS = (".svg", ".png", ".pdf")
COLOURS = "RdBu"
"""Blue where aotops is faster, red where it is slower: colour-blind readers can distinguish them."""
EXTREME = 2.0
"""The colours end at ratios of two to this power, and of its reciprocal."""
FAMILIES = (
    ("Elementwise", ("map", "zip", "select", "copy")),
    ("Reductions and scans", ("reduction", "scan")),
    ("Whole arrays", ("routine", "product")),
)

#: Inches: of the whole picture, of a row of a heat map or bar chart, of the frame around a plot, of a histogram.
WIDTH, ROW, FRAME, HISTOGRAM = 13.0, 0.24, 1.1, 3.0
#: A map has room for so many columns, or more if it has more: so cells have the same width in all maps.
COLUMNS = 13

Panel = tuple[float, Callable[[Axes], None]]


def draw(run: Run) -> Figure:
    """All plots of a run, one below the other."""
    panels = [panel for threads in run.threads for panel in _panels(run, threads)]
    title = "\n".join([*report.headings(run)[:4], run.date])
    heights = [height for height, _ in panels] or [FRAME]
    figure = Figure(figsize=(WIDTH, sum(heights) + 1.4), dpi=110, layout="constrained")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    axes = figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for (_, plot), area in zip(panels, axes, strict=False):
        plot(area)
    if not panels:
        axes[0].text(0.5, 0.5, "no cell has a rival to compare with", ha="center")
        axes[0].axis("off")
    return figure


def _panels(run: Run, threads: int) -> list[Panel]:
    cells = [cell for cell in run.cells if cell.threads == threads]
    rated = [cell for cell in cells if cell.ratio is not None]
    where = plural(threads, "thread")
    panels: list[Panel] = []
    if rated:
        panels.append((HISTOGRAM, lambda area: histogram(area, rated, where)))
    for dtype in dict.fromkeys(cell.dtype for cell in rated):
        for family, kinds in FAMILIES:
            members = [cell for cell in rated if cell.dtype == dtype and cell.kind in kinds]
            if members:
                panels.append(_map_panel(members, f"{family}, {dtype}, {where}: time of the rival / time of aotops"))
    for limit in ("memory", "ports"):
        bars = [cell for cell in cells if cell.share is not None and cell.limited_by == limit]
        if bars:
            draw = partial(share_bars, cells=bars, what=f"{where}: share of the limit by {limit}")
            panels.append((FRAME + ROW * len(bars), draw))
    return panels


def _map_panel(members: Sequence[Measured], title: str) -> Panel:
    rows = len({cell.operator for cell in members})
    return FRAME + ROW * rows, lambda area: heat_map(area, members, title)


def histogram(area: Axes, cells: Sequence[Measured], where: str) -> None:
    """How many cells there are of each ratio, in steps of a quarter of a doubling."""
    lowest, highest, steps = -4, 4, 4
    counts = dict.fromkeys(range(lowest * steps, highest * steps), 0)
    for cell in cells:
        step = math.floor(math.log2(cell.ratio or 1) * steps)
        counts[min(max(step, lowest * steps), highest * steps - 1)] += 1
    colours = ["tab:blue" if step >= 0 else "tab:red" for step in counts]
    places = [(step + 0.5) / steps for step in counts]
    bars = area.bar(places, list(counts.values()), width=0.92 / steps, color=colours)
    area.bar_label(bars, [str(count or "") for count in counts.values()], fontsize=8)
    ticks = range(lowest, highest + 1)
    area.set_xticks(ticks, [f"1/{2**-power}" if power < 0 else str(2**power) for power in ticks])
    total = summary(cells)
    assert total is not None  # there are cells that have a ratio
    area.set_title(
        f"{where}: geometric mean {total.mean:.2f} over {plural(total.count, 'ratio')}, {total.below} below 1; "
        f"worst {digits(total.worst.ratio or 0)} {total.worst.name}",
        loc="left",
        fontsize=11,
    )
    area.set_xlabel("time of the faster of NumPy and PyTorch / time of aotops")
    area.spines[["top", "right"]].set_visible(False)


def heat_map(area: Axes, cells: Sequence[Measured], title: str) -> None:
    """Operators down, layouts and sizes across."""
    order = list(SIZES)
    operators = list(dict.fromkeys(cell.operator for cell in cells))
    layouts = list(dict.fromkeys(cell.layout for cell in cells))
    columns = sorted({(layouts.index(cell.layout), order.index(cell.size)) for cell in cells})
    ratios = [[math.nan] * len(columns) for _ in operators]
    for cell in cells:
        assert cell.ratio is not None  # the map is made of cells that have one
        row, column = (
            operators.index(cell.operator),
            columns.index((layouts.index(cell.layout), order.index(cell.size))),
        )
        strength = math.log2(cell.ratio)
        ratios[row][column] = strength
        colour = "white" if abs(strength) > 0.7 * EXTREME else "black"
        area.text(column, row, digits(cell.ratio), ha="center", va="center", fontsize=7.5, color=colour)
    area.imshow(ratios, cmap=COLOURS, vmin=-EXTREME, vmax=EXTREME, aspect="auto")
    area.set_yticks(range(len(operators)), operators, fontsize=8)
    labels = [order[size] for _, size in columns]
    area.set_xticks(range(len(columns)), labels, fontsize=8)
    area.xaxis.tick_top()
    for layout, members in groupby(range(len(columns)), lambda i: columns[i][0]):
        places = list(members)
        middle = (places[0] + places[-1]) / 2
        area.annotate(
            layouts[layout], (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 16),
            textcoords="offset points", ha="center", fontsize=8,
        )  # fmt: skip
        area.axvline(places[-1] + 0.5, color="white", linewidth=4)
    area.set_xlim(-0.5, max(len(columns), COLUMNS) - 0.5)
    area.tick_params(length=0)
    area.spines[:].set_visible(False)
    area.set_title(title, loc="left", fontsize=11, pad=24)


def share_bars(area: Axes, cells: Sequence[Measured], what: str) -> None:
    """A bar for aotops, and a tick for the rate of its rival."""
    shares = [cell.share or 0.0 for cell in cells]
    area.barh(range(len(cells)), shares, height=0.7, color="tab:blue", label="aotops")
    rivals = [(i, share / cell.ratio) for i, (share, cell) in enumerate(zip(shares, cells, strict=True)) if cell.ratio]
    if rivals:
        places, rates = zip(*rivals, strict=True)
        area.scatter(rates, places, marker="|", s=120, color="tab:red", label="the faster of NumPy and PyTorch")
    area.set_yticks(
        range(len(cells)), [f"{cell.operator} {cell.dtype} {cell.size} {cell.layout}" for cell in cells], fontsize=8
    )
    area.set_ylim(len(cells) - 0.4, -0.6)
    area.set_xlim(0, min(2.0, max(1.25, *shares, *(rate for _, rate in rivals))))
    area.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    area.axvline(1, color="grey", linewidth=1)
    area.legend(fontsize=8, loc="lower right")
    area.set_title(what, loc="left", fontsize=11)
    area.spines[["top", "right"]].set_visible(False)
