"""Profiles are files, and what is wrong with one is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import shop_loadtests
from shop_loadtests.journey import journeys_of
from shop_loadtests.profile import ProfileUnusable, Stage, names, read

PROFILES = Path(shop_loadtests.__path__[0]) / "profiles"
GOOD = """
summary: Some load.
journeys: {browse: 1}
stages: [{seconds: 10, rate: 1, until: 5}, {seconds: 5, rate: 5}]
slos: [{operation: getProduct, p95: 50}]
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", names(PROFILES))
def test_the_profiles_of_the_shop_can_be_used(name: str) -> None:
    assert read(name, journeys=[*journeys_of("shop_loadtests.journeys").visits], folder=PROFILES).slos


def test_there_are_the_six_usual_ones() -> None:
    assert names(PROFILES) == ["baseline", "peak", "smoke", "soak", "spike", "stress"]


def test_a_profile_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    profile = read(written(tmp_path, GOOD), journeys=["browse"])

    assert (profile.seconds, profile.stages[0].last_rate, profile.stages[1].last_rate) == (15, 5, 5)
    assert profile.slos[0].latencies == {95.0: 50}


def test_another_pace_takes_the_place_of_all_stages(tmp_path: Path) -> None:
    profile = read(written(tmp_path, GOOD), journeys=["browse"])

    assert profile.paced() is profile
    assert profile.paced(rate=2).stages == (Stage(15, 2),)
    assert profile.paced(seconds=3).stages == (Stage(3, 5),)
    assert profile.paced(rate=2, seconds=3).stages == (Stage(3, 2),)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    wrong = written(
        tmp_path,
        "summary: x\njourneys: {brwose: 1, fly: 1}\nstages: [{seconds: 1, rate: 0}]\nslos: [{operation: getProduct}]\n",
    )

    with pytest.raises(ProfileUnusable) as unusable:
        read(wrong, journeys=["browse", "search"])

    assert unusable.value.faults == (
        "there is no journey brwose; there are browse, search",
        "there is no journey fly; there are browse, search",
        "no stage has a visitor",
        "the objective for getProduct says nothing",
    )


def test_faults_of_form_and_of_meaning_are_told_together(tmp_path: Path) -> None:
    wrong = written(
        tmp_path,
        "journeys: {fly: 0}\nstages: [{seconds: -1, rate: x}]\n"
        "slos: [{operation: getProduct}, {operation: y, p95: -1}, {operation: z, failures: 2}]\n",
    )

    with pytest.raises(ProfileUnusable) as unusable:
        read(wrong, journeys=["browse"])

    assert len(unusable.value.faults) == 8
    told = "; ".join(unusable.value.faults)
    for part in ("summary", "journeys.fly", "stages[0].seconds", "stages[0].rate", "slos[1].p95", "slos[2].failures"):
        assert part in told
    assert "there is no journey fly" in told
    assert "the objective for getProduct says nothing" in told


@pytest.mark.parametrize("text", ["[]", "just text", "42", "journeys: 3\nstages: 4"])
def test_what_is_no_profile_at_all_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProfileUnusable):
        read(written(tmp_path, text), journeys=["browse"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seconds: 10", "seconds: 0"), "stages\\[0\\].seconds: 0 is less than or equal to the minimum of 0"),
        (("rate: 1", "rte: 1"), "rte"),
        (("journeys: {browse: 1}", "journeys: {}"), "it names no journey"),
        (("summary: Some load.", "summary: ["), "flow"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(ProfileUnusable, match=said):
        read(written(tmp_path, GOOD.replace(*change)), journeys=["browse"])


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ProfileUnusable, match="baseline, peak, smoke"):
        read("smok", journeys=["browse"], folder=PROFILES)
