"""The outermost edge: one document, one exit status, whatever happens."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, sandbox_status
from jsonschema import Draft202012Validator
from shop_dev.command_table import COMMANDS, LazyGroup
from shop_dev.reference import envelope_schema

ENVELOPE = Draft202012Validator(envelope_schema())
VERBS = [
    words
    for name, entry in COMMANDS.items()
    for words in ([(name, word) for word in entry.commands] if isinstance(entry, LazyGroup) else [(name,)])
]
OFFLINE = {"doctor", "fetch", "test"}
"""These look at the machine or run for long; their envelopes have tests of their own."""


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb[0] not in OFFLINE], ids=" ".join)
def test_every_command_answers_with_one_document_where_nothing_runs(
    verb: tuple[str, ...], shop_dev: ShopDev, no_sandbox: None
) -> None:
    said = shop_dev(*verb, *_required(verb), "--json")

    ENVELOPE.validate(said.document())
    assert said.document()["command"] == " ".join(verb)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_wrong_use_is_exit_status_2_and_one_document(verb: tuple[str, ...], shop_dev: ShopDev) -> None:
    words = (*verb, "--json", "--name") if verb != ("test",) else (*verb, "--json", "--json=yes")
    said = shop_dev(*words)

    ENVELOPE.validate(said.document())
    assert (said.status, said.document()["error"]["code"], said.err) == (2, "usage_invalid", "")


def test_a_command_with_a_typo_is_met_with_the_one_that_was_meant(shop_dev: ShopDev) -> None:
    said = shop_dev("dwon")

    assert (said.status, said.out) == (2, "")
    assert said.err == "error: No such command 'dwon'. Did you mean 'down'? [usage_invalid]\n  hint: shop-dev --help\n"


@pytest.mark.parametrize(("typed", "meant"), [("pu", "up"), ("psut", None), ("stauts", "status"), ("evn", "env")])
def test_near_names_are_found_for_short_words_too(typed: str, meant: str | None, shop_dev: ShopDev) -> None:
    said = shop_dev(typed).err

    assert (f"Did you mean '{meant}'?" in said) if meant else ("Did you mean" not in said)


def test_json_may_stand_before_the_command(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status()

    assert shop_dev("--json", "status").document() == shop_dev("status", "--json").document()
    assert shop_dev("contracts", "--json", "lint", "--no-such-option").document()["command"] == "contracts lint"


@pytest.mark.parametrize("words", [("--version",), ("--help",), (), ("status", "--help")], ids=" ".join)
def test_what_is_said_of_the_program_itself_is_a_document_too(words: tuple[str, ...], shop_dev: ShopDev) -> None:
    said = shop_dev(*words, "--json")

    ENVELOPE.validate(said.document())
    assert said.document()["data"].get("version") == ("0.1.0" if words == ("--version",) else None)
    assert ("Usage: shop-dev" in said.document()["data"].get("help", "")) == (words != ("--version",))


def test_a_command_with_a_typo_is_told_as_a_document_too(shop_dev: ShopDev) -> None:
    document = shop_dev("dwon", "--json").document()

    assert document["command"] == "shop-dev"
    assert document["error"]["code"] == "usage_invalid"


def test_outside_a_project_nothing_is_guessed(shop_dev: ShopDev, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    said = shop_dev("status")

    assert said.status == 2
    assert said.err.startswith(f"error: {tmp_path} is not inside a project")


def test_a_folder_that_cannot_be_used_is_no_fault_of_ours(
    shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHOP_CACHE_DIR", str(tmp_path / "file" / "cache"))

    error = shop_dev("fetch", "--json").document()["error"]

    assert (error["code"], error["category"]) == ("folder_unusable", "machine")
    assert str(tmp_path / "file") in error["message"]


def test_a_file_to_write_that_is_a_folder_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch, shop_dev: ShopDev) -> None:
    def refuse(**_: object) -> None:
        raise IsADirectoryError(errno.EISDIR, "Is a directory", "report.html")

    monkeypatch.setattr("shop_dev.project.open_project", refuse)

    error = shop_dev("status", "--json").document()["error"]

    assert (error["code"], error["category"], error["detail"]) == ("path_unusable", "machine", {"path": "report.html"})


def test_a_working_directory_that_is_gone_is_said(
    shop_dev: ShopDev, checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    said = shop_dev("status")
    monkeypatch.chdir(checkout)

    assert (said.status, said.err.splitlines()[0]) == (2, "error: The working directory is there no more. [not_in_a_project]")


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_of_settings_that_cannot_be_read_is_said(content: bytes | None, shop_dev: ShopDev, checkout: Path) -> None:
    (checkout / "pyproject.toml").unlink()
    if content is None:
        (checkout / "pyproject.toml").mkdir()
    else:
        (checkout / "pyproject.toml").write_bytes(content)

    error = shop_dev("status", "--json").document()["error"]

    assert (error["code"], str(checkout / "pyproject.toml") in error["message"]) == ("settings_invalid", True)


def test_a_fault_of_ours_apologises_and_keeps_the_traceback(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("somewhere deep")

    monkeypatch.setattr(sandbox, "status", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    said = shop_dev("status", "--json")

    error = said.document()["error"]
    assert (said.status, error["code"]) == (70, "internal_error")
    kept = Path(error["detail"]["traceback"]).read_text()
    assert kept.startswith("shop-dev ")
    assert "ZeroDivisionError: somewhere deep" in kept


def test_ctrl_c_is_exit_status_130_and_no_traceback(
    shop_dev: ShopDev, sandbox: FakeSandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox, "status", interrupt)

    said = shop_dev("status")

    assert (said.status, said.out, said.err) == (130, "", "error: Interrupted. [interrupted]\n")


def test_without_a_command_the_help_is_shown(shop_dev: ShopDev) -> None:
    said = shop_dev()

    assert (said.status, said.err) == (0, "")
    assert said.out == shop_dev("--help").out


def test_warnings_of_the_sandbox_are_told_on_stderr(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(warnings=("the disk is nearly full",))

    assert shop_dev("status").err == "warning: the disk is nearly full\n"
    assert shop_dev("status", "--json").document()["warnings"] == ["the disk is nearly full"]


def test_text_behind_two_dashes_is_not_ours(shop_dev: ShopDev) -> None:
    said = shop_dev("status", "--", "--json")

    assert said.status == 2
    with pytest.raises(json.JSONDecodeError):
        said.document()


def _required(verb: tuple[str, ...]) -> tuple[str, ...]:
    one = dict.fromkeys(("wait", "restart", "swap", "stop"), ("orders",))
    return (one | {"trace": ("4bf92f3577b34da6a3ce929d0e0e4736",)}).get(verb[0], ())
