"""Draw the cold start as a picture: one bar for each contender, cut at the moments its phases end.

The bars are time lines. They all begin when the process is started, and a boundary lies at the moment, in
the median, at which that phase is over; so a boundary is read on the axis, whether the axis is linear or
logarithmic. It is logarithmic when the contenders differ so much that the fast ones would vanish on a
linear one, and says so.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import groupby

from aotops.cli.measure import PHASES, Result
from aotops.cli.report import Machine, headings, medians, ratios, remark

WIDTH = 980
MARGIN = 28
ROW, BAR = 30, 18
LABELS, VALUES = 215, 150
LEFT, RIGHT = MARGIN + LABELS, WIDTH - MARGIN - VALUES

LOG_FROM = 12.0
"""The axis is logarithmic if the slowest takes this many times as long as the fastest."""

COLOURS = {
    "start-up": "#8d99ae",
    "import": "#3a6ea5",
    "prepare": "#48a9a6",
    "first": "#e07a2f",
    "second": "#f2c14e",
    "exit": "#c9d1dc",
}
LEGEND = dict(zip(PHASES, PHASES, strict=True)) | {"first": "first operation", "second": "second operation"}

STYLE = """\
text { font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
       font-size: 13px; fill: #1f2933; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.title { font-size: 20px; font-weight: 600; }
.note, .tick { font-size: 12px; fill: #52606d; }
.section { font-weight: 600; }
.missing { font-style: italic; fill: #7b8794; }
.paper { fill: #ffffff; stroke: #d5dbe2; }
.grid { stroke: #e4e7eb; stroke-width: 1; }
.axis { stroke: #9aa5b1; stroke-width: 1; }"""


class Axis:
    """Maps seconds to x coordinates between LEFT and RIGHT."""

    def __init__(self, whole: Sequence[float]) -> None:
        fastest, slowest = min(whole, default=0.01), max(whole, default=0.1)
        self.logarithmic = slowest / fastest >= LOG_FROM
        self.start = round_down(fastest / 2) if self.logarithmic else 0.0
        self.end = slowest * (1.1 if self.logarithmic else 1.02)

    def x(self, seconds: float) -> float:
        """Where the moment lies; what is before the axis starts lies at its start."""
        if self.logarithmic:
            share = math.log(max(seconds, self.start) / self.start) / math.log(self.end / self.start)
        else:
            share = seconds / self.end
        return LEFT + share * (RIGHT - LEFT)

    def ticks(self) -> list[float]:
        """Round values on the axis, few enough that their labels do not touch."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.start)), math.ceil(math.log10(self.end)) + 1)
            ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
            return [tick for tick in ticks if self.start * 0.999 <= tick <= self.end]
        step = round_down(self.end / 4)
        return [step * i for i in range(int(self.end / step) + 1)]


def chart(results: Sequence[Result], where: Machine, runs: int) -> str:
    """The picture as a complete SVG document that needs nothing from outside."""
    title, *notes = headings(where, runs)
    axis = Axis([medians(result)["whole"] for result in results if result.status == "measured"])
    body: list[str] = []
    y = 50.0
    body.append(text(MARGIN, 42, title, "title"))
    for note in notes:
        y += 18
        body.append(text(MARGIN, y - 4, note, "note"))
    y += 26
    body += _legend(y)
    y += 22
    top = y
    rows: list[str] = []
    for section, members in groupby(results, lambda result: result.contender.section):
        y += 26
        rows.append(text(MARGIN, y - 8, section, "section"))
        for result in members:
            rows += _row(result, results, axis, y)
            y += ROW
        y += 6
    bottom = y
    body += _axis(axis, top, bottom)
    body += rows
    height = bottom + 62
    described = "; ".join(f"{result.contender.label}: {_summary(result, results)}" for result in results)
    return document(title, described, height, body)


def document(title: str, described: str, height: float, body: list[str]) -> str:
    """Return a picture ``WIDTH`` wide, on paper, with a title and a description for those who do not see it."""
    size = f'width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(described)}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="8"/>',
            *body,
            "</svg>",
            "",
        )
    )


def _legend(y: float) -> list[str]:
    parts = []
    x = float(MARGIN)
    for phase in PHASES:
        parts.append(f'<rect x="{x:g}" y="{y - 11:g}" width="13" height="13" rx="2" fill="{COLOURS[phase]}"/>')
        parts.append(text(x + 19, y, LEGEND[phase]))
        x += 19 + 7.2 * len(LEGEND[phase]) + 24
    return parts


def _axis(axis: Axis, top: float, bottom: float) -> list[str]:
    parts = []
    for tick in axis.ticks():
        x = axis.x(tick)
        parts.append(f'<line class="grid" x1="{x:.2f}" y1="{top:g}" x2="{x:.2f}" y2="{bottom:g}"/>')
        parts.append(text(x, bottom + 17, duration(tick), "tick", "middle"))
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{bottom:g}" x2="{RIGHT}" y2="{bottom:g}"/>')
    scale = "logarithmic scale" if axis.logarithmic else "linear scale"
    parts.append(
        text((LEFT + RIGHT) / 2, bottom + 40, f"time since the process was started ({scale})", "note", "middle")
    )
    return parts


def _row(result: Result, results: Sequence[Result], axis: Axis, y: float) -> list[str]:
    baseline = y + ROW / 2 + 4.5
    parts = [text(MARGIN + 12, baseline, result.contender.label)]
    if result.status != "measured":
        room = int((WIDTH - MARGIN - LEFT) / 6.5)
        said = remark(result)
        return [*parts, text(LEFT + 4, baseline, said if len(said) <= room else f"{said[: room - 1]}…", "missing")]
    start = float(LEFT)
    lengths = medians(result)
    for phase, moment in moments(result).items():
        end = axis.x(moment)
        box = f'x="{start:.2f}" y="{y + (ROW - BAR) / 2:g}" width="{end - start:.2f}" height="{BAR}"'
        hint = f"<title>{escape(LEGEND[phase])}: {duration(lengths[phase])}</title>"
        parts.append(f'<rect {box} fill="{COLOURS[phase]}">{hint}</rect>')
        start = end
    return [*parts, text(start + 8, baseline, _summary(result, results))]


def moments(result: Result) -> dict[str, float]:
    """When each phase is over, in the median, in seconds since the process was started."""
    ends: dict[str, list[float]] = {}
    for sample in result.samples:
        elapsed = 0.0
        for phase, seconds in sample.phases.items():
            elapsed += seconds
            ends.setdefault(phase, []).append(elapsed)
    return {phase: statistics.median(values) for phase, values in ends.items()}


def _summary(result: Result, results: Sequence[Result]) -> str:
    if result.status != "measured":
        return remark(result)
    ratio = ratios(result, results).get("whole")
    return duration(medians(result)["whole"]) + (f"  ({ratio:.1f}\N{MULTIPLICATION SIGN})" if ratio is not None else "")


def duration(seconds: float) -> str:
    """About three digits and the unit: `0.04 ms`, `13.2 ms`, `1.93 s`."""
    number, unit = (seconds, "s") if seconds >= 0.9995 else (seconds * 1e3, "ms")
    if number >= 99.95:
        return f"{number:.0f} {unit}"
    return f"{number:.3g} {unit}" if number >= 0.1 or number == 0 else f"{number:.2f} {unit}"


def round_down(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `value`."""
    power: float = 10.0 ** math.floor(math.log10(value))
    return max(digit * power for digit in (1, 2, 5) if digit * power <= value * (1 + 1e-9))


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "") -> str:
    """Words at a place: `kind` is a class of `STYLE`, `anchor` says which end of them is at x."""
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(content)}</text>'


def escape(text: str) -> str:
    """Make `text` safe between tags, without the control characters that XML forbids outright."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
