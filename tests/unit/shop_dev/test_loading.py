"""Load goes where it may, and says what it found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from shop_dev.errors import EXPLANATIONS, CliCode, ExitStatus, ShopDevError
from shop_dev.loading.declared import Declared, declared_by
from shop_dev.loading.origin import Origin
from shop_dev.loading.resources import Resources
from shop_dev.loading.run import Load
from shop_dev.loading.target import Target, allowed_target
from shop_dev.output.answer import Answer
from shop_dev.output.columns import Page
from shop_dev.output.load_report import load_answer, progress_line
from shop_dev.project import Project
from shop_dev.settings import LoadTests, Settings
from shop_loadtests.latencies import Latencies
from shop_loadtests.plan import Source
from shop_loadtests.profile import Profile, Slo, Stage
from shop_loadtests.run import Measured
from shop_loadtests.watch import Generator

CHECKOUT = Path(__file__).parents[3]
JOURNEYS = Source("shop_loadtests.journeys")
BROWSING = Profile("x", {"browse": 1}, (Stage(1, 1),), ())
SHOPS_OWN = LoadTests(JOURNEYS.package, "edge", Path("loadtests/shop_loadtests/profiles"))


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9:80/v1?x=1#y", "http://127.9.9.9"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_this_machine_may_be_loaded(url: str, base: str) -> None:
    assert allowed_target(url, is_mine=False).url == base


@pytest.mark.parametrize(
    "url", ["https://shop.example", "http://10.0.0.1:8080", "http://127.0.0.1.example", "http://localhost.example"]
)
def test_any_other_only_by_whoever_owns_it(url: str) -> None:
    with pytest.raises(ShopDevError) as refused:
        allowed_target(url, is_mine=False)

    assert refused.value.code == CliCode.TARGET_REFUSED
    assert allowed_target(url, is_mine=True).url == url
    assert allowed_target(url, is_mine=False, allowed=[urlsplit(url).hostname or ""]).url == url


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "shop", "http://127.0.0.1:x"])
def test_what_is_no_address_of_a_shop_is_said(url: str) -> None:
    with pytest.raises(ShopDevError) as refused:
        allowed_target(url, is_mine=True)

    assert refused.value.code == CliCode.USAGE_INVALID


def declared(folder: Path = CHECKOUT, load: LoadTests | None = SHOPS_OWN) -> Declared:
    return declared_by(Project(folder, Settings(load=load), folder, folder, inherited={}))


def test_a_project_brings_journeys_profiles_and_data_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "our_load_tests").mkdir()
    (tmp_path / "our_load_tests" / "__init__.py").write_text(
        "def prepare(target, environment, journeys): return {'of': target, **environment}"
    )
    (tmp_path / "our_load_tests" / "greet.py").write_text("def visit(visitor): visitor.call('greet', 'GET', '/v1/greetings/Ada')")
    (tmp_path / "evening.yaml").write_text("{summary: x, journeys: {greet: 1}, stages: [{seconds: 1, rate: 1}], slos: []}")

    ours = declared(tmp_path, LoadTests("our_load_tests", profiles=Path()))

    assert [*ours.journeys.visits] == ["greet"]
    assert ours.profile("evening").journeys == {"greet": 1}
    assert ours.data(Target("http://127.0.0.1:1", {"A": "b"}), BROWSING) == {"of": "http://127.0.0.1:1", "A": "b"}


def test_journeys_that_cannot_be_imported_are_said_with_their_fault(tmp_path: Path) -> None:
    (tmp_path / "our_broken_load").mkdir()
    (tmp_path / "our_broken_load" / "__init__.py").touch()
    (tmp_path / "our_broken_load" / "greet.py").write_text("1 / 0")

    for package, said in (
        ("our_broken_load", "ZeroDivisionError"),
        ("no_such_load", "ModuleNotFoundError"),
        ("email.mime", "no journey"),
    ):
        with pytest.raises(ShopDevError, match=said) as refused:
            declared(tmp_path, LoadTests(package))
        assert refused.value.code == CliCode.JOURNEYS_UNUSABLE


def test_a_project_without_journeys_is_told_how_to_declare_them() -> None:
    with pytest.raises(ShopDevError) as refused:
        declared(load=None)

    assert refused.value.code == CliCode.USAGE_INVALID
    assert "[tool.shop-dev" not in refused.value.message
    assert "journeys" in refused.value.actions[0]


def test_a_shop_that_is_not_there_is_said_before_anything_begins() -> None:
    with pytest.raises(ShopDevError) as refused:
        declared().data(Target("http://127.0.0.1:1"), BROWSING)

    assert refused.value.code == CliCode.SERVICE_UNREACHABLE


def test_a_profile_that_cannot_be_used_is_wrong_use() -> None:
    with pytest.raises(ShopDevError) as refused:
        declared().profile("smok")

    assert (refused.value.code, EXPLANATIONS[refused.value.code].exit_status) == (CliCode.PROFILE_INVALID, ExitStatus.WRONG_USE)


def measured(*seconds: float, failed: int = 0, generator: Generator | None = None) -> Load:
    latencies = Latencies()
    for number, one in enumerate(seconds):
        latencies.record(one, "HTTP 503" if number < failed else None)
    load = Load(
        Profile("x", {"browse": 1}, (Stage(5, 1),), (Slo("getProduct", p95=50),)),
        "http://127.0.0.1:1",
        JOURNEYS,
        {},
        seed=1,
        workers=1,
    )
    load.measured = Measured(4.2, {"getProduct": latencies}, generator or Generator(visits=2, cpu=0.1))
    return load


def answer_of(load: Load) -> Answer:
    return load_answer(load, name="smoke", origin=Origin(0.0, "abc+", "a machine"), resources=Resources())


def test_a_green_run_is_told_by_operation() -> None:
    answer = answer_of(measured(0.01, 0.02))

    assert answer.failure is None
    assert isinstance(answer.text, Page)
    lines = answer.text.text().splitlines()
    assert lines[1].split() == ["getProduct", "2", "10.0", "20.0", "20.0", "20.0"]
    assert lines[-1] == "All objectives hold."


def test_a_red_run_fails_and_says_why() -> None:
    answer = answer_of(measured(0.01, 0.2, failed=1))

    assert answer.failure is not None
    assert (answer.failure.code, answer.exit_status) == (CliCode.LOAD_RED, ExitStatus.FAILED)
    assert "getProduct: p95 is 200 ms, its objective 50 ms" in answer.failure.message
    assert isinstance(answer.data, dict)
    assert answer.data["verdict"] == "red"
    assert answer.data["operations"][0]["failures"] == {"HTTP 503": 1}


def test_a_run_that_measured_its_generator_is_neither() -> None:
    answer = answer_of(measured(0.01, generator=Generator(visits=2, late=2)))

    assert answer.failure is not None
    assert answer.failure.code == CliCode.LOAD_INVALID


def test_a_histogram_travels_in_the_report() -> None:
    from hdrh.histogram import HdrHistogram

    data = answer_of(measured(0.01, 0.02)).data

    assert isinstance(data, dict)
    assert HdrHistogram.decode(data["operations"][0]["histogram"]).get_total_count() == 2


def test_progress_is_one_line() -> None:
    load = measured(0.01, 0.02, failed=1)

    assert progress_line(replace(load.measured), load.profile) == "    4 of 5 s   2 visits, 2 calls, 1 failed"
