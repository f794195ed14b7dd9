"""The report for a terminal: the table of one number of threads, a summary, and a comparison of two runs."""

from collections.abc import Iterable
from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from aotops.cli.report import plural
from benchmarks.ops.matrix import SIZES
from benchmarks.ops.results import Run, geometric_mean, summary
from benchmarks.ops.timing import Measured

BAD = 0.5
"""Below this ratio a cell is marked twice."""
WORST = 10
"""So many of the worst cells are listed by name."""
DISTURBED = 0.1
"""The table says so if other processes kept more CPUs than this busy."""
CHANGED = 1.1
"""By this factor must a time go up or down to count as changed."""


def headings(run: Run) -> list[str]:
    """The lines above everything: what this is, where it ran, with what."""
    where = run.machine
    sizes = ", ".join(f"{level} {size(number)}" for level, number in run.caches.items())
    lines = [
        f"Operators: {run.matrix}; times per call",
        f"{run.cpu}, {plural(where.cpus, 'CPU')} for this process" + (f"; {sizes}" if sizes else ""),
        f"{where.implementation} {where.python}, {where.platform}",
        ", ".join(f"{name} {version}" for name, version in where.versions.items())
        + f"; aotops runs kernels for {run.level}",
    ]
    for name, reason in run.missing.items():
        lines.append(f"without {name}: {reason}")
    if run.busy:
        lines.append("one other process runs on each CPU; figures are medians")
    if run.clock:
        lines.append(f"clock: {run.clock / 1e9:.2f} GHz")
    if run.absent:
        lines.append(f"this aotops does not have {', '.join(run.absent)}")
    if "numpy" not in run.libraries:
        lines.append("results are not checked, since NumPy is not installed")
    return lines


def conditions(run: Run, threads: int) -> list[str]:
    """The lines above a table: what the memory can do, and what disturbed the measurement."""
    lines = []
    single = [run.libraries[name] for name in run.single.get(str(threads), [])]
    if single:
        lines.append(f"on one thread all the same: {', '.join(single)}")
    others = run.others.get(str(threads), 0.0)
    if others > DISTURBED + (run.machine.cpus if run.busy else 0):
        lines.append(
            f"DISTURBED: other processes kept {others:.1f} of {run.machine.cpus_of_machine} CPUs busy meanwhile; "
            "with several threads, times can be far off"
        )
    for form, libraries in run.triads.get(str(threads), {}).items():
        rates = ", ".join(f"{run.libraries[name]} {rate / 1e9:.1f}" for name, rate in libraries.items())
        lines.append(f"memory: {form:8} {max(libraries.values()) / 1e9:5.1f} GB/s ({rates})")
    return lines


def print_headings(console: Console, run: Run) -> None:
    """Print what this is, where it ran, with what."""
    for line in headings(run):
        console.print(escape(line))


def print_table(console: Console, run: Run, threads: int) -> None:
    """Print all cells measured at this number of threads, a section for each operator and dtype."""
    console.print()
    console.rule(plural(threads, "thread"), characters="=")
    for line in conditions(run, threads):
        console.print(escape(line))
    mine = [cell for cell in run.cells if cell.threads == threads]
    shares = any(cell.share is not None for cell in mine)
    table = Table(box=None, padding=(0, 1, 0, 0), caption_justify="left")
    table.caption = "ratio: the faster of NumPy and PyTorch / aotops (<: below 1, <<: below 0.5)"
    table.add_column("")
    for title in (*run.libraries.values(), "ratio"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", width=2)
    if shares:
        table.add_column("limit", justify="right", no_wrap=True)
        table.caption += "\nlimit: share of a plain loop's speed (m) or of what the processor's ports allow (p)"
    for (operator, dtype), members in groupby(mine, lambda cell: (cell.operator, cell.dtype)):
        table.add_section()
        table.add_row(Text(f"{operator} {dtype}", style="bold", no_wrap=True))
        for cell in members:
            table.add_row(*row(run, cell, shares))
    console.print(table)


def row(run: Run, cell: Measured, shares: bool) -> list[str]:
    """The figures of one cell, coloured where aotops is slower."""
    times = [_time(cell, name) for name in run.libraries]
    ratio, share = cell.ratio, cell.share
    mark, style = ("", "") if ratio is None or ratio >= 1 else ("<", "yellow") if ratio >= BAD else ("<<", "red")
    figures = ["-" if ratio is None else digits(ratio), mark]
    coloured = [f"[{style}]{figure}[/]" if style else figure for figure in figures]
    last = ["" if share is None else f"{share:.0%} {cell.limited_by[:1]}"] if shares else []
    return [f"{cell.size:>5} {cell.layout}", *times, *coloured, *last]


def _time(cell: Measured, library: str) -> str:
    if library in cell.wrong:
        return "[red]WRONG[/]"
    if library in cell.failed:
        return "[red]failed[/]"
    return brief(cell.seconds[library]) if library in cell.seconds else "-"


def remarks(run: Run, cell: Measured) -> list[str]:
    """What has to be said of the cell beside its figures."""
    said = [f"WRONG: {run.libraries[name]}: {text}" for name, text in cell.wrong.items()]
    return said + [f"failed: {run.libraries[name]}: {text}" for name, text in cell.failed.items()]


def print_closing(console: Console, run: Run) -> None:
    """Print the geometric mean and the worst cells for each number of threads, and everything that went wrong."""
    for threads in run.threads:
        mine = [cell for cell in run.cells if cell.threads == threads]
        total = summary(mine)
        head = f"\n{plural(threads, 'thread')}:"
        if total is None:
            console.print(f"{head} {plural(len(mine), 'cell')}, none of them with a rival to compare with")
            continue
        console.print(
            f"{head} geometric mean {total.mean:.2f} over {plural(total.count, 'cell')}, {total.below} below 1"
        )
        for title, groups in (("size", SIZES), ("kind", dict.fromkeys(cell.kind for cell in mine))):
            parts = [(group, summary(cell for cell in mine if getattr(cell, title) == group)) for group in groups]
            means = [f"{group} {part.mean:.2f}" for group, part in parts if part]
            if len(means) > 1:
                console.print(f"  by {title}: {', '.join(means)}")
        for limit in ("memory", "ports"):
            reached = [cell.share for cell in mine if cell.limited_by == limit and cell.share is not None]
            if reached:
                mean = geometric_mean(reached)
                console.print(f"  share of the limit by {limit}: {mean:.0%} over {plural(len(reached), 'cell')}")
        rated = sorted((cell.ratio, cell.name) for cell in mine if cell.ratio is not None)
        worst = [(ratio, name) for ratio, name in rated if ratio < 1][:WORST] or rated[:1]
        for number, (ratio, name) in enumerate(worst):
            console.print(f"  {'' if number else 'worst:':6} {ratio:.2f} {name}", soft_wrap=True)
    trouble = [
        f"  {cell.name}, {plural(cell.threads, 'thread')}: {text}" for cell in run.cells for text in remarks(run, cell)
    ]
    if trouble:
        console.print("\nWhat went wrong:", style="bold red")
        for line in trouble:
            console.print(escape(line), soft_wrap=True)


def print_comparison(console: Console, old: Run, new: Run) -> None:
    """Print the cells of both runs in which the time of aotops changed, and by how much that of its rival did."""
    before = {(cell.name, cell.threads): cell for cell in old.cells}
    pairs = [(before[key], cell) for cell in new.cells if (key := (cell.name, cell.threads)) in before]
    both = [(one, two) for one, two in pairs if "aotops" in one.seconds and "aotops" in two.seconds]
    if not both:
        console.print(f"\nCompared with {old.date}: no cell is in both runs")
        return
    changed = [(one, two) for one, two in both if not 1 / CHANGED <= _factor(one, two) <= CHANGED]
    console.print(
        f"\nCompared with {old.date}, aotops {old.machine.versions.get('aotops', '?')}: "
        f"{len(changed)} of {plural(len(both), 'cell')} changed by more than {CHANGED - 1:.0%}"
    )
    if changed:
        table = Table(box=None, padding=(0, 1, 0, 0))
        table.add_column("")
        for title in ("threads", "old", "new", "new/old", "rival"):
            table.add_column(title, justify="right", no_wrap=True)
        for one, two in sorted(changed, key=lambda pair: _factor(*pair), reverse=True):
            times = (brief(each.seconds["aotops"]) for each in (one, two))
            rival = _rival_factor(one, two)
            said = "-" if rival is None else f"{rival:.2f}"
            table.add_row(two.name, str(two.threads), *times, f"{_factor(one, two):.2f}", said)
        console.print(table)
    means = f"geometric mean of new/old: aotops {geometric_mean([_factor(one, two) for one, two in both]):.3f}"
    rivals = [factor for one, two in both if (factor := _rival_factor(one, two)) is not None]
    console.print(means + (f", its rivals {geometric_mean(rivals):.3f}" if rivals else ""))


def _factor(old: Measured, new: Measured) -> float:
    return new.seconds["aotops"] / old.seconds["aotops"]


def _rival_factor(old: Measured, new: Measured) -> float | None:
    """How the time of the same rival changed: about 1, unless the machine or the rival is another one."""
    rival = new.rival
    return new.seconds[rival] / old.seconds[rival] if rival and rival in old.seconds else None


def brief(seconds: float) -> str:
    """Three digits and the unit: `412 ns`, `1.23 us`, `98.7 ms`."""
    units = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0))
    unit, scale = next((each for each in units if seconds < 999.5 * each[1]), units[-1])
    return f"{digits(seconds / scale)} {unit}"


def digits(number: float) -> str:
    """About three digits, without an exponent."""
    return f"{number:.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"


def size(number: int) -> str:
    """Of a cache: `32 KiB`, `1 MiB`."""
    return f"{number / 2**20:g} MiB" if number >= 2**20 else f"{number / 2**10:g} KiB"


def failures(cells: Iterable[Measured]) -> bool:
    """True if anybody computed something wrong, or aotops failed."""
    return any(cell.wrong or "aotops" in cell.failed for cell in cells)
