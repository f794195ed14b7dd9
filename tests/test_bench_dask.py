"""The benchmark on Dask's clusters: its pipelines compute what NumPy's do, its picture shows the tasks."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from needs import PROJECT, requires_source

pytest.importorskip("distributed", reason="the benchmark runs on clusters, which are Dask's, and it is not installed")

import dask

pytestmark = requires_source

SVG = "{http://www.w3.org/2000/svg}"


def tasks() -> list[dict[str, Any]]:
    """Tasks as distributed records them: of two workers, one of which fetches something."""

    def task(key: Any, worker: str, *times: tuple[str, float, float]) -> dict[str, Any]:
        startstops = [{"action": action, "start": 100.0 + start, "stop": 100.0 + stop} for action, start, stop in times]
        return {"key": key, "worker": worker, "startstops": startstops}

    return [
        task(("exp-0123456789abcdef0123456789abcdef", 0), "tcp://one", ("compute", 0.0, 1.0)),
        task(("exp-0123456789abcdef0123456789abcdef", 1), "tcp://two", ("compute", 0.0, 3.0)),
        task(
            "sum-aggregate-0123456789abcdef0123456789abcdef", "tcp://one", ("transfer", 3.0, 3.5), ("compute", 3.5, 4.0)
        ),
        task("finished-elsewhere", "tcp://two", ("disk-read", 0.0, 9.0)),
    ]


def test_the_picture_shows_tasks_by_worker_and_time() -> None:
    from benchmarks.dask import picture

    root = ElementTree.fromstring(picture.chart(tasks()))
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and title.text == "3 tasks on 2 workers in 4 s"
    assert described is not None and described.text == "exp: 4 s; sum-aggregate: 500 ms"
    words = [each.text for each in root.iter(f"{SVG}text")]
    assert {"worker 1", "worker 2", "exp 4 s", "sum-aggregate 500 ms", "transfer"} <= set(words)
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("height") == str(picture.BAR)]
    places = [(float(each.get("x", "")), float(each.get("width", ""))) for each in bars]
    whole = picture.WIDTH - picture.MARGIN - picture.LEFT
    wanted = {(0.0, 0.25), (0.0, 0.75), (0.875, 0.125)}
    assert {(round((x - picture.LEFT) / whole, 3), round(width / whole, 3)) for x, width in places} == wanted
    assert len({each.get("y") for each in bars}) == 2 and len({each.get("fill") for each in bars}) == 2


def test_the_picture_of_the_page_is_of_a_real_run() -> None:
    page = (PROJECT / "docs" / "dask.md").read_text(encoding="utf-8")
    assert "(dask-tasks.svg)" in page
    root = ElementTree.parse(PROJECT / "docs" / "dask-tasks.svg").getroot()
    described = root.findtext(f"{SVG}desc") or ""
    assert {"wet_bulb", "degree_days", "longest_spell"} <= {each.partition(":")[0] for each in described.split("; ")}
    assert set(re.findall(r"[a-z]+://[^\"' <]+", ElementTree.tostring(root, encoding="unicode"))) == {SVG[1:-1]}


def test_pipelines_compute_what_numpy_computes() -> None:
    from benchmarks.dask import pipeline

    found = []
    for who in pipeline.CONTENDERS:
        lazy = {name: each[:, :45, ::90] for name, each in pipeline.results("built-in functions", who, 1).items()}
        found += dask.compute(lazy, scheduler="synchronous")
    for results in found:
        assert pipeline.furthest(results, found[-1]) <= pipeline.ULPS
    with pytest.raises(SystemExit, match="days until warm differs from NumPy's"):
        pipeline.furthest({**found[0], "days until warm": found[0]["days until warm"] + 1}, found[-1])
