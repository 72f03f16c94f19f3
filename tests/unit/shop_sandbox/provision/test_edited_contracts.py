"""When an edited schema has to pass the project's commands, and what of their answers refuses it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from shop_sandbox.provision.contracts import Contracts, refusal, run


def finding(group: str, **facts: object) -> dict[str, object]:
    return {"group": group, "message": "Field 3 is an int32 now.", **facts}


def answer(*findings: dict[str, object], error: str | None = None) -> bytes:
    return json.dumps({"data": {"findings": list(findings)}, "error": {"message": error} if error else None}).encode()


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    """A checkout with one schema, whose command leaves a mark and refuses while there is a file `wrong`."""
    (tmp_path / "proto").mkdir()
    (tmp_path / "proto/sales.proto").write_text("message Sale {}")
    command = f"""
import pathlib, sys
pathlib.Path("ran").touch()
if pathlib.Path("wrong").exists():
    print({answer(finding("changes", file="sales.proto", line=4, id="FIELD_SAME_TYPE")).decode()!r})
    sys.exit(1)
"""
    (released := tmp_path / "baselines").mkdir()
    commands = ((sys.executable, "-S", "-c", command),)
    return Contracts(
        checkout=tmp_path, folders=(tmp_path / "proto",), texts=(tmp_path / "json",), released=released, commands=commands
    )


def test_only_what_was_edited_since_it_passed_is_looked_at(contracts: Contracts) -> None:
    ran, stamp, schema = contracts.checkout / "ran", contracts.checkout / "stamp", contracts.folders[0] / "sales.proto"

    assert run(contracts, stamp, {}) == 0
    assert not ran.exists(), "what was there first is not edited"
    schema.write_text("message Sale { string id = 1; }")
    assert run(contracts, stamp, {}) == 0
    assert ran.exists()
    ran.unlink()
    assert run(contracts, stamp, {}) == 0
    assert not ran.exists()


def test_an_edited_json_schema_is_looked_at_too(contracts: Contracts) -> None:
    (contracts.checkout / "json").mkdir()
    schema, stamp = contracts.checkout / "json/sale.json", contracts.checkout / "stamp"
    schema.write_text("{}")
    run(contracts, stamp, {})

    schema.write_text('{"type": "object"}')

    assert run(contracts, stamp, {}) == 0
    assert (contracts.checkout / "ran").exists()


def test_before_anything_is_released_nobody_is_held_to_anything_and_afterwards_to_what_is_edited_from_then_on(
    contracts: Contracts,
) -> None:
    ran, stamp, schema = contracts.checkout / "ran", contracts.checkout / "stamp", contracts.folders[0] / "sales.proto"
    contracts.released.rmdir()
    run(contracts, stamp, {})
    schema.write_text("message Sale { string id = 1; }")

    assert run(contracts, stamp, {}) == 0
    assert not ran.exists()
    contracts.released.mkdir()
    schema.write_text("message Sale { string id = 2; }")

    assert run(contracts, stamp, {}) == 0
    assert ran.exists()


def test_what_is_refused_stays_refused_until_it_is_mended(contracts: Contracts, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, stamp, schema = contracts.checkout / "wrong", contracts.checkout / "stamp", contracts.folders[0] / "sales.proto"
    run(contracts, stamp, {})
    wrong.touch()
    schema.write_text("message Sale { int32 id = 1; }")

    assert (run(contracts, stamp, {}), run(contracts, stamp, {})) == (1, 1)

    assert capsys.readouterr().out.splitlines()[-1] == "error: sales.proto:4: Field 3 is an int32 now. [FIELD_SAME_TYPE]"
    wrong.unlink()
    assert run(contracts, stamp, {}) == 0


def test_style_and_gaps_elsewhere_refuse_no_schema() -> None:
    assert refusal(answer(finding("style"), finding("coverage")), b"") == []
    assert refusal(answer(finding("style"), finding("baselines")), b"") == ["Field 3 is an int32 now."]


def test_a_failure_without_findings_is_told_as_it_is() -> None:
    assert refusal(answer(error="sales.proto:1: expected a semicolon"), b"") == ["sales.proto:1: expected a semicolon"]
    assert refusal(b"", b"Traceback\nKeyError: 'x'\n") == ["Traceback", "KeyError: 'x'"]
    assert refusal(b"", b"") == ["it failed and said nothing"]
