"""A run leaves a page, a suite for CI, histograms and a line of history, all of them with where it came from."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hdrh.log import HistogramLogReader
from shop_dev.comparing.compare import Compared, Terms
from shop_dev.errors import CliCode, ShopDevError
from shop_dev.loading.history import Ran, remember, remembered, trends
from shop_dev.loading.origin import Origin, origin_of
from shop_dev.loading.resources import Resources, Used, watched
from shop_dev.loading.run import Load
from shop_dev.output.columns import Page
from shop_dev.output.load_files import hlog, junit, write
from shop_dev.output.load_history import history_answer, ran
from shop_dev.output.load_html import comparison_page, load_page
from shop_loadtests.comparison import Comparison, OperationChange
from shop_loadtests.latencies import Latencies, Recorded
from shop_loadtests.plan import Interval, Source
from shop_loadtests.profile import Profile, Slo, Stage
from shop_loadtests.run import Measured
from shop_loadtests.statistics import Finding, Ratio
from shop_loadtests.watch import Generator
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import ResourceState
from shop_sandbox.supervisor.protocol import ResourceStatus

ORIGIN = Origin(1_700_000_000.0, "0123456789abcdef+", "a machine")
SLOS = (Slo("getProduct", p95=50), Slo("place order, <b>", p95=5, failures=0.5))


def recorded(*seconds: float, failed: int = 0) -> Recorded:
    latencies = Latencies()
    for number, one in enumerate(seconds):
        latencies.record(one, "HTTP 503" if number < failed else None)
    return latencies.recorded()


def load(slos: tuple[Slo, ...] = SLOS, *, late: int = 0) -> Load:
    """Two seconds of two generators."""
    run = Load(Profile("x", {"browse": 1}, (Stage(2, 1),), slos), "http://127.0.0.1:1", Source("x"), {}, seed=3, workers=2)
    measured = Measured()
    for at in (1.0, 1.02, 2.0, 2.01):
        operations = {"getProduct": recorded(0.01 * at, 0.02), "place order, <b>": recorded(0.1, failed=1 if at > 2 else 0)}
        measured.seconds = at
        measured.add(Interval(operations, Generator(visits=3, late=late, cpu=0.1), 1.0, at >= 2))
    run.measured = measured
    return run


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_has_charts_and_nothing_from_elsewhere() -> None:
    resources = Resources()
    resources.used["orders"] += [Used(float(at), 80 << 20, 0.5) for at in range(4)]

    page = load_page(load(), name="smoke", origin=ORIGIN, resources=resources)

    tags = Tags()
    tags.feed(page)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags.seen}
    assert not [attributes for _, attributes in tags.seen if {"src", "href"} & attributes.keys()]
    assert "url(" not in page
    titles = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert titles == ["Latency of all calls", "p95 by operation", "Rate", "Errors", "Memory, proportional", "Processors"]
    assert sum(tag == "polyline" for tag, _ in tags.seen) == 9
    for said in ("0123456789abcdef+", "a machine", "seed 3", "red", "place order, &lt;b&gt;"):
        assert said in page
    assert "<b>" not in page


def test_a_run_in_which_nothing_was_called_has_a_page() -> None:
    empty = load()
    empty.measured = Measured()

    assert "Nothing was measured." in load_page(empty, name="smoke", origin=ORIGIN, resources=Resources())


def test_the_page_of_a_comparison_shows_its_intervals() -> None:
    change = OperationChange("getProduct", (9, 9), (0, 0), (1.0, 1.2), Ratio(1.1, 1.2, 1.3), Ratio(0.0, 1.2, 9e9), Finding.WORSE)
    compared = Compared(Comparison((), 6), Comparison((change,), 8))

    terms = Terms("main", load().profile, within=0.05, seconds=1, seed=1, workers=1)
    page = comparison_page(compared, terms, name="smoke", origin=ORIGIN)

    assert page.count("<circle") == 2
    assert "compared with main: worse" in page


def parsed(xml: str) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314 - our own report


def test_ci_sees_each_objective_as_a_case() -> None:
    suite = parsed(junit(load(), name="smoke", origin=ORIGIN))

    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {"tests": "3", "failures": "1", "errors": "0"}
    assert [case.get("name") for case in suite.iter("testcase")] == ["the target answers", *(slo.sentence for slo in SLOS)]
    failure = suite.find(".//failure")
    assert failure is not None
    assert "p95 is 100 ms, its objective 5 ms" in str(failure.get("message"))
    assert {one.get("name"): one.get("value") for one in suite.iter("property")}["commit"] == ORIGIN.commit


@pytest.mark.parametrize("slos", [SLOS, ()])
def test_ci_sees_figures_that_are_not_to_be_believed_as_errors(slos: tuple[Slo, ...]) -> None:
    suite = parsed(junit(load(slos, late=3), name="smoke", origin=ORIGIN))

    assert (suite.get("failures"), suite.get("errors")) == ("0", str(len(slos) + 1))
    assert len(suite.findall(".//error")) == len(slos) + 1


def test_ci_sees_a_target_that_went_away_as_a_failure_whatever_the_objectives() -> None:
    away = load(())
    away.measured.operations["getProduct"].failures["no answer"] = 8

    suite = parsed(junit(away, name="smoke", origin=ORIGIN))

    assert suite.get("failures") == "1"


def test_histograms_are_read_back_by_any_reader_of_their_log(tmp_path: Path) -> None:
    file = tmp_path / "run.hlog"
    write(file, hlog(load(), origin=ORIGIN))
    untagged = tmp_path / "untagged.hlog"
    untagged.write_text("".join(re.sub(r"^Tag=[^,]+,", "", line) for line in file.read_text().splitlines(keepends=True)))

    lines = [line for line in file.read_text().splitlines() if line.startswith("Tag=")]
    assert [line.split(",")[0] for line in lines] == ["Tag=getProduct", "Tag=place-order--<b>"] * 2
    reader = HistogramLogReader(str(untagged), load().measured.operations["getProduct"]._histogram)
    counts = []
    while (interval := reader.get_next_interval_histogram()) is not None:
        counts.append(interval.get_total_count())
    assert counts == [4, 2, 4, 2]


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ShopDevError) as refused:
        write(tmp_path, "text")

    assert refused.value.code == CliCode.PATH_UNUSABLE


def test_history_shows_where_an_operation_is_going(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "history"
    for at, p95 in enumerate((10.0, 12.0, 11.0, 22.0)):
        remember(file, replaced(at, p95))
    remember(file, replaced(9, 1.0, profile="peak"))
    with file.open("a") as lines:
        lines.write("{damaged\n")

    runs = remembered(file, profile="smoke")
    answer = history_answer(runs, profile="smoke")

    assert [one.origin.at for one in runs] == [0, 1, 2, 3]
    assert trends(runs)[0].change == pytest.approx(1.0)
    assert isinstance(answer.text, Page)
    assert answer.text.text().splitlines()[-1].split() == ["getProduct", "4", "22.0", "+100%", "▄▅▅█"]


def test_runs_of_another_machine_or_pace_and_invalid_ones_make_no_trend() -> None:
    runs = [
        replaced(0, 1.0, machine="another"),
        replaced(1, 2.0, settings={"workers": 2}),
        replaced(2, 3.0, verdict="invalid"),
        replaced(3, 4.0),
    ]

    assert [one.p95 for one in trends(runs)] == [(4.0,)]
    assert trends(runs)[0].change is None


def replaced(
    at: float,
    p95: float,
    *,
    profile: str = "smoke",
    machine: str = "a machine",
    verdict: str = "green",
    settings: dict[str, object] | None = None,
) -> Ran:
    return Ran(profile, Origin(at, None, machine), verdict, 10, 2.0, settings or {}, {"getProduct": p95})


def test_no_history_is_said(tmp_path: Path) -> None:
    assert history_answer(remembered(tmp_path / "none", profile="smoke"), profile="smoke").text == "smoke was not run yet."


def test_a_run_is_kept_with_what_changes_its_figures() -> None:
    kept = ran(load(), name="smoke", origin=ORIGIN)

    assert (kept.verdict, kept.calls, kept.settings["workers"]) == ("red", 12, 2)
    assert kept.p95["getProduct"] == pytest.approx(20, rel=0.01)


def test_an_origin_names_commit_and_machine(tmp_path: Path) -> None:
    origin = origin_of(tmp_path)

    assert origin.commit is None
    assert "processors" in origin.machine


def status(pss: int | None) -> ResourceStatus:
    return ResourceStatus(
        name="orders",
        kind="service",
        state=ResourceState.READY,
        needs=(),
        ports={},
        endpoint=None,
        log_path="",
        pss_bytes=pss,
        cpus=0.25,
    )


def test_processes_are_watched_as_long_as_the_run_lasts() -> None:
    enough, looks = threading.Event(), iter([100, None, 110, 120, 130, 150])

    def look() -> list[ResourceStatus]:
        size = next(looks, 0)
        if size == 0:
            enough.set()
            raise SandboxError(ErrorCode.NOT_RUNNING, "stopped")
        return [status(size)]

    with watched(look, every=0.0) as resources:
        assert enough.wait(20)

    assert [one.pss_bytes for one in resources.used["orders"]] == [100, 110, 120, 130, 150]
    assert resources.growth("orders") == pytest.approx(150 / 110 - 1)
    assert resources.growth("kafka") is None


def test_growth_is_not_made_up_from_a_few_looks() -> None:
    resources = Resources()
    resources.used["orders"] += [Used(0.0, 1, 0.1), Used(5.0, 2, 0.1)]

    assert resources.growth("orders") is None
    assert replace(Used(0.0, 1, 0.1), at=1.0).at == 1.0
