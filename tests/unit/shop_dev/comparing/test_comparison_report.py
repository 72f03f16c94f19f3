"""An outcome is told in one sentence and a table, and only better or the same is no failure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shop_dev.comparing.compare import Compared
from shop_dev.errors import CliCode
from shop_dev.output.columns import Page
from shop_dev.output.comparison_report import comparison_answer, progress_of
from shop_loadtests.comparison import Comparison, OperationChange
from shop_loadtests.statistics import Finding, Ratio

RATIOS = {
    Finding.WORSE: Ratio(1.1, 1.2, 1.3),
    Finding.BETTER: Ratio(0.7, 0.8, 0.9),
    Finding.SAME: Ratio(0.98, 1.0, 1.02),
    Finding.UNDECIDED: Ratio(0.9, 1.0, 1.1),
}


def known(*findings: Finding, pairs: int = 8) -> Comparison:
    changes = [
        OperationChange(f"operation-{number}", (90, 91), (0, 0), (20.0, 24.0), RATIOS[one], None, one)
        for number, one in enumerate(findings)
    ]
    return Comparison(tuple(changes), pairs)


CALM = known(Finding.SAME)


@pytest.mark.parametrize(
    ("findings", "code", "sentence"),
    [
        ([Finding.WORSE, Finding.SAME], CliCode.VERSION_WORSE, "Worse than main: operation-0."),
        ([Finding.SAME, Finding.SAME], None, "The same as main, within 5%."),
        ([Finding.BETTER, Finding.SAME], None, "Better than main: operation-0; nothing is worse."),
        (
            [Finding.UNDECIDED, Finding.BETTER],
            CliCode.COMPARISON_UNDECIDED,
            "Undecided after 8 pairs of slices: operation-0.",
        ),
    ],
)
def test_the_outcome_is_a_sentence(findings: list[Finding], code: CliCode | None, sentence: str) -> None:
    answer = comparison_answer(Compared(CALM, known(*findings)), ref="main", within=0.05)

    assert isinstance(answer.text, Page)
    assert answer.text.text().splitlines()[-1] == sentence
    assert (answer.failure.code if answer.failure is not None else None) == code


def test_a_machine_that_tells_a_version_from_itself_makes_no_comparison() -> None:
    compared = Compared(known(Finding.WORSE), None)

    answer = comparison_answer(compared, ref="main", within=0.05)

    assert answer.failure is not None
    assert answer.failure.code == CliCode.LOAD_INVALID
    assert answer.failure.message == "Nothing is known: main was compared with itself first, and it came out worse."
    assert isinstance(answer.data, dict)
    assert answer.data["finding"] == "invalid"


def test_each_operation_has_its_interval() -> None:
    answer = comparison_answer(Compared(CALM, known(Finding.WORSE)), ref="main", within=0.05)

    assert isinstance(answer.text, Page)
    assert answer.text.text().splitlines()[1].split()[-1] == "worse"
    assert "+20.0% (+10.0% to +30.0%)" in answer.text.text()
    assert isinstance(answer.data, dict)
    assert answer.data["comparison"]["operations"][0]["p50"] == {"low": 1.1, "ratio": 1.2, "high": 1.3}


def test_progress_is_a_line() -> None:
    assert progress_of(Compared(CALM, None)) == "control, the older version with itself: 8 pairs: same"
    assert progress_of(Compared(CALM, known(Finding.UNDECIDED))) == "8 pairs: undecided"


def test_pairs_that_were_left_out_are_told_with_the_reason() -> None:
    compared = Compared(CALM, replace(known(Finding.UNDECIDED), doubtful=2, reasons=("the generator was late",)))

    failure = comparison_answer(compared, ref="main", within=0.05).failure

    assert progress_of(compared) == "8 pairs, 2 left out: undecided"
    assert failure is not None
    assert failure.message.endswith("operation-0. 2 pairs were left out: the generator was late.")
