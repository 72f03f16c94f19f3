"""`shop-dev registry`, between registries in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.certificates import write_certificate
from fakes.command_line import Said, ShopDev
from fakes.other_registries import Answer, InFront, KeepsNoIds, behind_a_login, breaking_after, not_there
from fakes.registry_server import served_registry
from fakes.sandbox_client import FakeSandboxClient, sandbox_status
from starlette.types import ASGIApp

BASE = 'syntax = "proto3"; message Base { string id = 1; }'
LONGER = 'syntax = "proto3"; message Base { string id = 1; int32 lines = 2; }'
USES = 'syntax = "proto3"; import "base.proto"; message Uses { Base base = 1; }'
HTTP = httpx.Client()
RECORD = '{"type": "record", "name": "R", "fields": []}'


class Registries:
    """Opens registries; each is gone with the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def open(self, behind: Any = lambda app: app) -> str:
        return self._stack.enter_context(served_registry(behind=behind))


@pytest.fixture
def registries() -> Iterator[Registries]:
    with ExitStack() as stack:
        yield Registries(stack)


@pytest.fixture
def source(registries: Registries) -> str:
    """A registry with all that can be moved."""
    url = registries.open()
    fill(url)
    return url


def call(method: str, url: str, body: object = None) -> Any:
    answer = HTTP.request(method, url, json=body)
    assert answer.status_code == 200, (url, answer.text)
    return answer.json()


def register(url: str, subject: str, schema: str, **more: object) -> int:
    kind = "PROTOBUF" if schema.startswith("syntax") else "AVRO"
    answer = call("POST", f"{url}/subjects/{subject}/versions", {"schema": schema, "schemaType": kind, **more})
    return int(answer["id"])


def fill(url: str) -> None:
    # The ids are not those that an empty registry would give out in the order of names.
    register(url, "zebra", RECORD)
    register(url, "base", BASE)
    register(url, "an-importer", USES, references=[{"name": "base.proto", "subject": "base", "version": 1}])
    register(url, "base", LONGER)
    register(url, "twin%2Fof%2Fbase", BASE)
    register(url, ":.eu:base", BASE)
    register(url, ":.eu:uses", USES, references=[{"name": "base.proto", "subject": "base", "version": 1}])
    register(url, "Gone", RECORD, metadata={"properties": {"owner": "nobody"}})
    register(url, "half-gone", BASE)
    register(url, "half-gone", LONGER)
    call("DELETE", f"{url}/subjects/Gone")
    call("DELETE", f"{url}/subjects/half-gone/versions/1")
    call("PUT", f"{url}/config/base", {"compatibility": "FULL_TRANSITIVE"})
    call("PUT", f"{url}/config/:.eu:", {"compatibility": "NONE"})
    call("PUT", f"{url}/mode/an-importer", {"mode": "READONLY"})


def held(url: str) -> dict[str, Any]:
    """All that can be asked of a registry, the defaults of all subjects apart."""
    subjects = call("GET", f"{url}/subjects?deleted=true")
    return {
        "schemas": call("GET", f"{url}/schemas?deleted=true"),
        "live": [(each["subject"], each["version"]) for each in call("GET", f"{url}/schemas")],
        "contexts": call("GET", f"{url}/contexts"),
        "configs": {each: HTTP.get(f"{url}/config/{httpx.URL(each)}").text for each in (*subjects, ":.eu:") if "/" not in each},
        "modes": {each: HTTP.get(f"{url}/mode/{httpx.URL(each)}").text for each in subjects if "/" not in each},
    }


def data(said: Said) -> Any:
    assert said.status == 0, said.out + said.err
    return said.document()["data"]


def test_an_import_brings_everything_with_its_ids_and_a_second_one_finds_nothing_to_do(
    shop_dev: ShopDev, source: str, registries: Registries
) -> None:
    counted = InFront()
    target = registries.open(counted)

    first = data(shop_dev("registry", "import", source, "--to", target, "--json"))
    again = data(shop_dev("registry", "import", source, "--to", target, "--json"))

    assert (first["registered"], first["deleted"], first["refused"]) == (10, 2, [])
    assert held(target) == held(source)
    assert (again["written"], again["present"], again["register"]) == (False, 10, [])
    assert len(counted.registrations) == 10


def test_an_export_is_a_folder_that_can_be_imported(shop_dev: ShopDev, source: str, registries: Registries, tmp_path: Path) -> None:
    folder, target = tmp_path / "schemas", registries.open()

    exported = data(shop_dev("registry", "export", str(folder), "--from", source, "--json"))
    data(shop_dev("registry", "import", str(folder), "--to", target, "--json"))

    assert (exported["subjects"], exported["versions"], exported["deletedVersions"]) == (8, 10, 2)
    assert held(target) == held(source)
    assert json.loads((folder / "subjects/base/1.json").read_text())["body"]["schema"] == BASE


def test_an_export_goes_on_from_the_one_before_and_drops_what_is_gone(shop_dev: ShopDev, source: str, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    data(shop_dev("registry", "export", str(folder), "--from", source, "--json"))
    register(source, "new", RECORD)
    call("DELETE", f"{source}/subjects/Gone?permanent=true")

    again = data(shop_dev("registry", "export", str(folder), "--from", source, "--json"))

    assert (again["filesWritten"], again["filesUnchanged"], again["filesRemoved"]) == (2, 16, 2)


def test_an_export_that_was_broken_off_is_not_imported(
    shop_dev: ShopDev, source: str, registries: Registries, tmp_path: Path
) -> None:
    folder = tmp_path / "schemas"
    data(shop_dev("registry", "export", str(folder), "--from", source, "--json"))
    head = folder / "registry.json"
    head.write_text(head.read_text().replace('"complete": true', '"complete": false'))

    refused = shop_dev("registry", "import", str(folder), "--to", registries.open(), "--json")

    assert (refused.status, refused.document()["error"]["code"]) == (1, "path_unusable")
    data(shop_dev("registry", "export", str(folder), "--from", source, "--json"))
    assert shop_dev("registry", "import", str(folder), "--to", registries.open()).status == 0


def test_an_export_never_writes_into_what_is_something_else(
    shop_dev: ShopDev, source: str, registries: Registries, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/mine.txt").write_text("mine")
    other = tmp_path / "other"
    data(shop_dev("registry", "export", str(other), "--from", registries.open(), "--json"))

    for folder in ("notes", "other"):
        refused = shop_dev("registry", "export", str(tmp_path / folder), "--from", source, "--json")
        assert (refused.status, refused.document()["error"]["code"]) == (1, "path_unusable")
    assert [file.name for file in (tmp_path / "notes").iterdir()] == ["mine.txt"]


def test_a_preview_writes_nothing_and_tells_what_differs(shop_dev: ShopDev, source: str, registries: Registries) -> None:
    counted = InFront()
    target = registries.open(counted)
    register(target, "mine", '"string"', id=None)

    said = shop_dev("registry", "import", source, "--to", target, "--dry-run", "--json")

    assert said.document()["error"]["code"] == "registry_conflict", "the id of `mine` means something else in the source"
    call("DELETE", f"{target}/subjects/mine")
    call("DELETE", f"{target}/subjects/mine?permanent=true")
    counted.calls.clear()
    preview = data(shop_dev("registry", "import", source, "--to", target, "--dry-run", "--json"))
    assert preview["written"] is False
    assert len(preview["register"]) == 10
    assert preview["configs"] == [
        {"scope": ":.eu:", "source": {"compatibility": "NONE"}, "target": None},
        {"scope": "base", "source": {"compatibility": "FULL_TRANSITIVE"}, "target": None},
    ]
    assert preview["modes"] == [{"scope": "an-importer", "source": "READONLY", "target": None}]
    assert {method for method, _ in counted.calls} == {"GET"}
    assert "to register (10):" in shop_dev("registry", "import", source, "--to", target, "--dry-run").out


@pytest.mark.parametrize(
    ("here", "kind"),
    [(("base", BASE.replace("string", "bytes")), "other-schema"), (("mine", '"int"'), "id-taken")],
)
def test_a_conflict_keeps_everything_from_being_written(
    shop_dev: ShopDev, source: str, registries: Registries, here: tuple[str, str], kind: str
) -> None:
    subject, schema = here
    target = registries.open()
    call("PUT", f"{target}/mode/{subject}", {"mode": "IMPORT"})
    register(target, subject, schema, id=2, version=1)
    before = held(target)

    said = shop_dev("registry", "import", source, "--to", target, "--json")

    assert (said.status, said.document()["error"]["code"]) == (1, "registry_conflict")
    kinds = {(each["subject"], each["kind"]) for each in said.document()["data"]["conflicts"]}
    assert ("base", kind) in kinds
    assert held(target) == before
    assert "base" in shop_dev("registry", "import", source, "--to", target).out


def test_a_schema_of_another_context_with_the_same_id_does_not_hide_a_conflict(
    shop_dev: ShopDev, source: str, registries: Registries
) -> None:
    target = registries.open()
    for subject, schema in (("base", BASE.replace("string", "bytes")), (":.other:base", BASE)):
        call("PUT", f"{target}/mode/{subject}", {"mode": "IMPORT"})
        register(target, subject, schema, id=2, version=1)

    said = shop_dev("registry", "import", source, "--to", target, "--json")

    assert ("base", "other-schema") in {(each["subject"], each["kind"]) for each in said.document()["data"]["conflicts"]}


def test_another_id_for_the_same_version_is_a_conflict(shop_dev: ShopDev, source: str, registries: Registries) -> None:
    target = registries.open()
    register(target, "base", BASE)  # its id is 1 here and 2 there

    said = shop_dev("registry", "import", source, "--to", target, "--json")

    assert {
        "subject": "base",
        "version": 1,
        "kind": "other-id",
        "message": "version 1 of base has the id 2 there and 1 here",
    } in said.document()["data"]["conflicts"]


def test_what_is_written_otherwise_and_is_the_same_schema_is_no_conflict(
    shop_dev: ShopDev, source: str, registries: Registries
) -> None:
    target = registries.open()
    call("PUT", f"{target}/mode/base", {"mode": "IMPORT"})
    commented = BASE.replace("; ", ";\n// with a comment\n\n")
    register(target, "base", commented, id=2, version=1)
    call("PUT", f"{target}/mode/zebra", {"mode": "IMPORT"})
    register(target, "zebra", RECORD.replace(" ", ""), id=1, version=1)

    moved = data(shop_dev("registry", "import", source, "--to", target, "--json"))

    assert (moved["present"], moved["registered"], moved["conflicts"]) == (2, 8, [])


def test_the_targets_own_subjects_and_defaults_stay(shop_dev: ShopDev, source: str, registries: Registries) -> None:
    target = registries.open()
    call("PUT", f"{target}/mode/mine", {"mode": "IMPORT"})
    register(target, "mine", '"int"', id=900, version=3)
    call("PUT", f"{source}/config", {"compatibility": "FORWARD"})

    moved = data(shop_dev("registry", "import", source, "--to", target, "--json"))

    assert moved["onlyInTarget"] == [{"subject": "mine", "version": 3}]
    assert [(each["scope"], each["source"]) for each in moved["defaultsThatDiffer"]] == [(None, {"compatibility": "FORWARD"})]
    assert call("GET", f"{target}/config")["compatibilityLevel"] == "BACKWARD"
    data(shop_dev("registry", "import", source, "--to", target, "--defaults", "--json"))
    assert call("GET", f"{target}/config")["compatibilityLevel"] == "FORWARD"


def test_a_failure_in_the_middle_puts_modes_back_and_the_next_import_goes_on(
    shop_dev: ShopDev, source: str, registries: Registries
) -> None:
    breaking = InFront(breaking_after(4))
    target = registries.open(breaking)

    broken = shop_dev("registry", "import", source, "--to", target, "--json")

    assert (broken.status, broken.document()["error"]["code"]) == (1, "registry_import_incomplete")
    assert broken.document()["data"]["registered"] == 4
    assert all("IMPORT" not in mode for mode in held(target)["modes"].values())
    breaking._answer = lambda _: None
    breaking.calls.clear()
    rest = data(shop_dev("registry", "import", source, "--to", target, "--json"))
    assert rest["present"] + rest["registered"] == 10
    assert rest["registered"] == len(breaking.registrations) in {6, 7}, "IMPORT may have made it forget a deleted one"
    assert held(target) == held(source)


def test_a_mode_left_by_an_import_that_was_killed_is_put_back_by_the_next(
    shop_dev: ShopDev, source: str, registries: Registries
) -> None:
    target = registries.open()
    data(shop_dev("registry", "import", source, "--to", target, "--json"))
    call("PUT", f"{target}/mode/base?force=true", {"mode": "IMPORT"})

    moved = data(shop_dev("registry", "import", source, "--to", target, "--json"))

    assert moved["modes"] == [{"scope": "base", "source": None, "target": "IMPORT"}]
    assert held(target) == held(source)


def test_a_registry_that_keeps_no_ids_is_found_out_with_the_first_version(
    shop_dev: ShopDev, source: str, registries: Registries
) -> None:
    counted = InFront()

    def behind(app: ASGIApp) -> ASGIApp:
        return counted(KeepsNoIds()(app))

    target = registries.open(behind)

    said = shop_dev("registry", "import", source, "--to", target, "--json")

    assert said.document()["error"]["code"] == "registry_import_incomplete"
    assert "gave version 1 of" in said.document()["error"]["message"]
    assert len(counted.registrations) == 1
    assert all("IMPORT" not in mode for mode in held(target)["modes"].values())


OLD: dict[str, tuple[Answer, frozenset[str]]] = {
    "5.x": (not_there(404, "/contexts", "/schemas", "DELETE /mode/.*", "/mode"), frozenset({"deleted", "force"})),
    "6.x": (not_there(405, "/contexts", "DELETE /mode/.*"), frozenset({"offset", "limit"})),
    "7.x": (not_there(404, "/contexts"), frozenset()),
}


@pytest.mark.parametrize("release", OLD)
def test_old_releases_can_be_moved_from_as_far_as_they_show(
    shop_dev: ShopDev, registries: Registries, tmp_path: Path, release: str
) -> None:
    answer, ignored = OLD[release]
    old, target = registries.open(InFront(answer, ignores=ignored)), registries.open()
    register(old, "base", BASE)
    register(old, "uses", USES, references=[{"name": "base.proto", "subject": "base", "version": 1}])
    register(old, "gone", RECORD)
    call("PUT", f"{old}/config/base", {"compatibility": "NONE"})
    call("DELETE", f"{old}/subjects/gone")

    moved = data(shop_dev("registry", "import", old, "--to", target, "--json"))

    assert moved["registered"] == (2 if release == "5.x" else 3), "5.x does not show what is deleted"
    assert call("GET", f"{target}/config/base")["compatibilityLevel"] == "NONE"
    assert {each["subject"]: each["id"] for each in call("GET", f"{target}/schemas")} == {"base": 1, "uses": 2}


@pytest.mark.parametrize("release", ["5.x", "6.x", "7.x"])
def test_old_releases_can_be_moved_to(shop_dev: ShopDev, registries: Registries, release: str) -> None:
    answer, ignored = OLD[release]
    source, old = registries.open(), registries.open(InFront(answer, ignores=ignored))
    register(source, "z", RECORD)
    register(source, "base", BASE)
    register(source, "a-use", USES, references=[{"name": "base.proto", "subject": "base", "version": 1}])

    moved = data(shop_dev("registry", "import", source, "--to", old, "--json"))

    assert (moved["registered"], moved["refused"]) == (3, [])
    assert call("GET", f"{old}/subjects/a-use/versions/1")["id"] == 3
    modes = [HTTP.get(f"{old}/mode/{subject}").json().get("mode") for subject in ("z", "base", "a-use")]
    assert modes == [None if release == "7.x" else "READWRITE"] * 3


def test_credentials_come_from_settings_or_the_address_and_are_shown_nowhere(
    shop_dev: ShopDev, registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    basic, bearer = "Basic YW5uOnMzY3JldA==", "Bearer t0ken"
    source, target = registries.open(InFront(behind_a_login(basic))), registries.open(InFront(behind_a_login(bearer)))

    refused = shop_dev("registry", "import", source, "--to", target, "--json")
    monkeypatch.setenv("SHOP_REGISTRY_FROM_AUTH", "ann:s3cret")
    half = shop_dev("registry", "import", source, "--to", target, "--json")
    monkeypatch.setenv("SHOP_REGISTRY_TO_AUTH", bearer)
    let_in = shop_dev("registry", "import", source, "--to", target, "--json")
    monkeypatch.delenv("SHOP_REGISTRY_FROM_AUTH")
    in_address = shop_dev("registry", "import", source.replace("//", "//ann:s3cret@"), "--to", target)

    assert refused.document()["error"]["actions"] == [
        {"text": "Set SHOP_REGISTRY_FROM_AUTH to user:password, or to Bearer <token>.", "command": None}
    ]
    assert "SHOP_REGISTRY_TO_AUTH" in half.document()["error"]["actions"][0]["text"]
    assert (let_in.status, in_address.status) == (0, 0)
    for said in (refused, half, let_in, in_address):
        assert not {"s3cret", "t0ken", "YW5uOnMz"} & {
            word for word in ("s3cret", "t0ken", "YW5uOnMz") if word in said.out + said.err
        }


def test_an_address_that_is_none_and_one_where_nobody_listens_are_told(
    shop_dev: ShopDev, registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop_dev.registry_transfer.client._PAUSES_SECONDS", ())
    target = registries.open()

    wrong = shop_dev("registry", "import", "ftp://ann:s3cret@host", "--to", target, "--json")
    nobody = shop_dev("registry", "import", "http://127.0.0.1:9", "--to", target, "--json")

    assert (wrong.status, wrong.document()["error"]["code"]) == (2, "usage_invalid")
    assert "s3cret" not in wrong.out
    assert (nobody.status, nobody.document()["error"]["code"]) == (1, "registry_unusable")


def test_without_an_address_the_sandbox_is_meant(
    shop_dev: ShopDev, source: str, registries: Registries, sandbox: FakeSandboxClient
) -> None:
    target = registries.open()
    sandbox.reported = sandbox_status(environment={"SCHEMA_REGISTRY_URL": target})

    data(shop_dev("registry", "import", source, "--json"))

    assert held(target) == held(source)


def test_without_an_address_and_a_sandbox_it_says_so(shop_dev: ShopDev, source: str, no_sandbox: None) -> None:
    assert shop_dev("registry", "import", source).status == 7


def test_a_certificate_of_ones_own_is_trusted_when_named(
    shop_dev: ShopDev, registries: Registries, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = write_certificate(tmp_path / "own.pem", common_name="Own Authority")
    with served_registry(certificate=certificate) as source:
        distrusted = shop_dev("registry", "import", source, "--to", registries.open(), "--json")
        monkeypatch.setenv("SHOP_REGISTRY_FROM_CA", str(certificate))
        trusted = shop_dev("registry", "import", source, "--to", registries.open(), "--json")
        monkeypatch.setenv("SHOP_REGISTRY_FROM_CA", str(tmp_path / "none.pem"))
        missing = shop_dev("registry", "import", source, "--to", registries.open(), "--json")

    assert distrusted.document()["error"]["code"] == "registry_unusable"
    assert "SHOP_REGISTRY_FROM_CA" in str(distrusted.document()["error"]["actions"])
    assert trusted.status == 0
    assert (missing.status, missing.document()["error"]["code"]) == (1, "path_unusable")
