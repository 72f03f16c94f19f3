"""The lock pins the rules, and lets single refusals pass for a while."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fakes.protos import proto
from shop_contracts.compat import Level, Mode, Report, check
from shop_contracts.compat.lock import InvalidLock, PinnedRule, RuleException, RuleSetLock, current_rules, read_lock, render_lock

TODAY = date(2026, 6, 1)
LOCKED = Path(__file__).parents[4] / "contracts" / "rules.lock.yaml"


def renamed() -> Report:
    return check(
        [proto("message M { int32 a = 1; }")],
        proto("message M { int32 b = 1 [json_name = 'a']; }"),
        level=Level.FULL,
        mode=Mode.HOUSE,
    )


def exception(**changes: object) -> RuleException:
    facts = {
        "rule": "FIELD_SAME_NAME",
        "schema": "orders",
        "path": "#/M/1",
        "owner": "orders",
        "reason": "never filled",
        "expires": TODAY,
    }
    return RuleException(**{**facts, **changes})  # type: ignore[arg-type]  # facts of the right types by name


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.lock.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_projects_lock_is_what_the_rules_are_now() -> None:
    assert read_lock(LOCKED, today=TODAY).drift() == []


def test_a_rendered_lock_reads_as_it_was_written(tmp_path: Path) -> None:
    lock = read_lock(written(tmp_path, render_lock([exception()])), today=TODAY)

    assert lock == RuleSetLock(current_rules(), (exception(),))


def test_a_new_rule_a_lost_one_and_a_changed_one_are_drift() -> None:
    rules = dict(current_rules())
    del rules["FIELD_SAME_NAME"]
    rules["GONE"] = PinnedRule(1, ("WIRE",))
    rules["FIELD_SAME_TYPE"] = PinnedRule(7, ("FILE",))

    assert RuleSetLock(rules).drift() == [
        "FIELD_SAME_NAME is new and not in the lock.",
        "GONE is in the lock and no longer a rule.",
        "FIELD_SAME_TYPE is locked as version 7 of FILE and is version 1 of FILE, PACKAGE.",
    ]


def test_an_exception_lets_one_refusal_pass_and_says_whose_it_is() -> None:
    report = RuleSetLock({}, (exception(),)).apply(renamed(), schema="orders", today=TODAY)

    assert report.compatible
    assert [finding.excepted_by for finding in report.findings] == ["orders"]


@pytest.mark.parametrize(
    "other",
    [
        exception(path="#/M/2"),
        exception(rule="FIELD_SAME_TYPE"),
        exception(schema="payments"),
        exception(expires=date(2026, 5, 31)),
    ],
    ids=["another path", "another rule", "another schema", "yesterday"],
)
def test_an_exception_covers_nothing_else(other: RuleException) -> None:
    assert not RuleSetLock({}, (other,)).apply(renamed(), schema="orders", today=TODAY).compatible


def test_an_expired_exception_is_named_for_removal() -> None:
    past = exception(expires=date(2026, 5, 31))

    assert RuleSetLock({}, (past, exception())).expired(TODAY) == [past]


RULE_SET = "ruleSet:\n  FIELD_SAME_NAME: {version: 1, categories: [WIRE_JSON]}\n"
ENTRY = "{rule: FIELD_SAME_NAME, schema: orders, path: '#/M/1', owner: orders, reason: why, expires: 2026-12-31}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ruleSet: [", "while parsing"),
        ("- a", "holds `ruleSet` and `exceptions`"),
        ("ruleSet: {A: 1}", "ruleSet.A is not of the form"),
        ("ruleSet: &a {A: {version: 1, categories: [WIRE]}}", "anchors and aliases"),
        (f"{RULE_SET}exceptions: {{}}\n", "`exceptions` is a list"),
        (f"{RULE_SET}exceptions: [{{rule: X}}]", "exceptions[0] has exactly the keys"),
        (f"{RULE_SET}exceptions: [{ENTRY.replace('owner: orders', 'owner: ')}]", "are texts and not empty"),
        (f"{RULE_SET}exceptions: [{ENTRY.replace('2026-12-31', 'never')}]", "expires is a date"),
        (f"{RULE_SET}exceptions: [{ENTRY.replace('FIELD_SAME_NAME', 'UNKNOWN')}]", "UNKNOWN is not in the ruleSet"),
        (f"{RULE_SET}exceptions: [{ENTRY.replace('2026', '2028')}]", "more than a year"),
    ],
)
def test_a_lock_that_makes_no_sense_is_refused_with_its_faults(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(InvalidLock, match=r"rules\.lock\.yaml") as refused:
        read_lock(written(tmp_path, text), today=TODAY)

    assert fault in str(refused.value)
