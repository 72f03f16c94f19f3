"""Consumers of topics in Avro and JSON Schema: every version promises what they read, their handlers take it, pacts show it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import ShopDev
from fakes.contract_repository import ContractRepository

TOPIC = "tills.notes.v1"
STOCK = "services/stock/service.yaml"
BOTH = pytest.mark.parametrize("ending", [".avsc", ".json"])
LINE = {
    ".avsc": {"type": "record", "name": "Line", "fields": [{"name": "sku", "type": "string"}, {"name": "size", "type": "bytes"}]},
    ".json": {"type": "object", "properties": {"sku": {"type": "string"}, "size": {"type": "number"}}, "required": ["sku"]},
}
LINES = {".avsc": {"type": "array", "items": LINE[".avsc"]}, ".json": {"type": "array", "items": LINE[".json"]}}


class Notes:
    """A topic that `tills` sends to and `stock` reads, in a repository of sound contracts."""

    def __init__(self, repository: ContractRepository, shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
        self.repository = repository
        self.ending = ending
        self._shop_dev = shop_dev
        self._monkeypatch = monkeypatch
        self._reads = "[]"
        produced = f"      - {{name: {TOPIC}, schema: contracts/notes/note{ending}}}\n"
        repository.change("services/tills/service.yaml", "    produces:\n", f"    produces:\n{produced}")
        manifest = repository.read(STOCK)
        sales = manifest[manifest.index("      - name: tills.sales.v1") : manifest.index("  queues:")]
        repository.change(STOCK, sales, f"      - {{name: {TOPIC}, group: stock, reads: []}}\n")

    def hold(self, **fields: Any) -> None:
        """Let records have fields: for Avro types, those of a tuple with a default; for JSON schemas, those of a tuple optional."""
        schema: dict[str, Any]
        if self.ending == ".avsc":
            entries = [
                {"name": name, "type": one[0], "default": one[1]} if isinstance(one, tuple) else {"name": name, "type": one}
                for name, one in fields.items()
            ]
            schema = {"type": "record", "name": "shop.Note", "fields": entries}
        else:
            properties = {name: one[0] if isinstance(one, tuple) else one for name, one in fields.items()}
            required = [name for name, one in fields.items() if not isinstance(one, tuple)]
            schema = {"type": "object", "properties": properties, "required": required}
        self.repository.write(f"contracts/notes/note{self.ending}", json.dumps(schema))

    def reads(self, *paths: str) -> None:
        self.repository.change(STOCK, f"reads: {self._reads}}}", f"reads: [{', '.join(paths)}]}}")
        self._reads = f"[{', '.join(paths)}]"

    def handled(self, *lines: str, topics: tuple[str, ...] = (TOPIC,)) -> None:
        """Let the service have a rehearsal, and in it a handler of some lines that is given `note` for each of the topics."""
        manifest = self.repository.read(STOCK)
        if "rehearsal" not in manifest:
            named = "contracts:\n  rehearsal: stock_rehearsal:rehearsal\nneeds:\n"
            self.repository.write(STOCK, manifest.replace("needs:\n", named, 1))
        body = "\n".join(f"    {line}" for line in lines or ("pass",))
        self.repository.write(
            "stock_rehearsal.py",
            "from shop_kit.rehearsal import Rehearsal\n\n\n"
            f"async def handle(note):\n{body}\n\n\n"
            "def rehearsal():\n"
            f"    return Rehearsal(takes=lambda: dict.fromkeys({topics!r}, handle))\n",
        )
        self._monkeypatch.delitem(sys.modules, "stock_rehearsal", raising=False)
        self._monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def release(self) -> None:
        assert self._shop_dev("contracts", "release").status == 0

    def findings(self, *words: str) -> list[dict[str, Any]]:
        said = self._shop_dev("contracts", "check", *words, "--json")
        found: list[dict[str, Any]] = said.document()["data"]["findings"]
        assert {one["group"] for one in found} <= {"consumers"}, found
        return found

    def ids(self, *words: str) -> list[tuple[str, str, str]]:
        return [(one["id"], one["path"], one["against"]) for one in self.findings(*words)]

    def pacts(self) -> dict[str, Any]:
        assert self._shop_dev("contracts", "pacts", "--out", "pacts").status == 0
        return {path.name: json.loads(path.read_text()) for path in (self.repository.root / "pacts").glob("*.json")}

    @property
    def text(self) -> Any:
        return "string" if self.ending == ".avsc" else {"type": "string"}

    @property
    def optional_text(self) -> Any:
        return (self.text, "")


@pytest.fixture
def notes(tmp_path: Path, shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch, ending: str) -> Notes:
    repository = ContractRepository.plant(tmp_path / "repository")
    monkeypatch.chdir(repository.root)
    return Notes(repository, shop_dev, monkeypatch, ending)


@BOTH
def test_a_pact_shows_what_is_read_of_a_made_up_record_and_nothing_else(notes: Notes) -> None:
    notes.hold(id=notes.text, lines=LINES[notes.ending], secret=notes.text, note=notes.optional_text)
    notes.reads("id", "lines.sku", "note?")

    pact = notes.pacts()["stock-tills.json"]

    assert pact["consumer"] == {"name": "stock"}
    assert pact["metadata"] == {"pactSpecification": {"version": "4.0"}}
    (message,) = pact["interactions"]
    assert (message["type"], message["key"]) == ("Asynchronous/Messages", TOPIC)
    media_type = {".avsc": "application/avro", ".json": "application/json"}[notes.ending]
    assert message["metadata"] == {"topic": TOPIC, "contentType": media_type}
    assert message["contents"]["contentType"] == "application/json"
    content = message["contents"]["content"]
    assert set(content) == {"id", "lines", "note"}
    assert [set(line) for line in content["lines"]] == [{"sku"}]
    assert set(message["matchingRules"]["body"]) == {"$.id", "$.lines[*].sku", "$.note"}


@pytest.mark.parametrize("ending", [".avsc"])
def test_a_pact_leads_through_the_maps_and_unions_of_avro(notes: Notes) -> None:
    notes.hold(shelves={"type": "map", "values": ["null", LINE[".avsc"]]})
    notes.reads("shelves.size")

    (message,) = notes.pacts()["stock-tills.json"]["interactions"]

    ((_, shelf),) = message["contents"]["content"]["shelves"].items()
    assert (set(shelf), type(shelf["size"])) == ({"size"}, str)
    assert set(message["matchingRules"]["body"]) == {"$.shelves.*.size"}


@BOTH
def test_a_field_that_every_version_promises_may_be_counted_on(notes: Notes) -> None:
    notes.hold(id=notes.text, lines=LINES[notes.ending])
    notes.reads("id", "lines.sku")
    notes.release()
    notes.hold(id=notes.text, lines=LINES[notes.ending], note=notes.optional_text)

    assert notes.ids() == []


@BOTH
def test_a_field_that_a_released_version_lacks_may_not_be_counted_on(notes: Notes) -> None:
    notes.hold(id=notes.text)
    notes.release()
    notes.hold(id=notes.text, note=notes.optional_text)
    notes.reads("id", "note")

    (finding,) = notes.findings()
    assert (finding["id"], finding["path"], finding["against"]) == ("read-not-promised", "note", "version 1")
    assert (finding["file"], finding["subject"], finding["consumers"]) == (STOCK, f"{TOPIC}-value", ["stock"])
    assert finding["message"] == f"stock reads note of {TOPIC}, and records of version 1 may be without it."
    assert "note" not in json.loads(finding["proof"]["written"])

    notes.reads("id", "note?")
    assert notes.ids() == []


@BOTH
def test_a_field_that_may_be_null_or_missing_deep_inside_may_not_be_counted_on(notes: Notes) -> None:
    optional = {
        ".avsc": {"type": "record", "name": "Part", "fields": [{"name": "sku", "type": ["null", "string"]}]},
        ".json": {"type": "object", "properties": {"sku": {"type": "string"}}},
    }[notes.ending]
    notes.hold(parts={"type": "array", "items": optional})
    notes.reads("parts.sku")

    (finding,) = notes.findings()

    assert (finding["id"], finding["against"]) == ("read-not-promised", "the version at hand")
    (part,) = json.loads(finding["proof"]["written"])["parts"]
    assert part.get("sku") is None


@BOTH
def test_a_handler_that_takes_what_every_version_may_hold_is_green(notes: Notes) -> None:
    notes.hold(id=notes.text, lines=LINES[notes.ending])
    notes.release()
    notes.hold(id=notes.text, lines=LINES[notes.ending], note=notes.optional_text)
    notes.reads("id", "lines.sku", "note?")
    notes.handled("assert note['id'] and [line['sku'] for line in note['lines']]", "assert isinstance(note.get('note', ''), str)")

    assert notes.ids() == []


@BOTH
def test_a_handler_that_refuses_a_record_of_the_version_at_hand_is_shown_the_simplest(notes: Notes) -> None:
    notes.hold(id=notes.text, lines=LINES[notes.ending])
    notes.reads("id")
    notes.handled("if len(note['lines']) > 1:", "    raise ValueError('one line only')")

    (finding,) = notes.findings()

    assert (finding["id"], finding["against"]) == ("consumer-refuses-message", "the version at hand")
    assert finding["proof"]["read"] == "refused: ValueError: one line only"
    assert len(json.loads(finding["proof"]["written"])["lines"]) == 2
    assert notes.ids("--no-proofs") == []


@pytest.mark.parametrize("ending", [".json"])
def test_a_handler_is_given_documents_of_released_versions(notes: Notes) -> None:
    notes.hold(id=notes.text, old=notes.optional_text)
    notes.release()
    notes.hold(id=notes.text)
    notes.handled("assert 'old' not in note")

    assert [(one, against) for one, _, against in notes.ids()] == [("consumer-refuses-message", "version 1")]


@pytest.mark.parametrize("ending", [".avsc"])
def test_a_handler_is_given_records_of_released_versions_as_the_schema_at_hand_reads_them(notes: Notes) -> None:
    notes.hold(id=notes.text, old=notes.optional_text)
    notes.release()
    notes.hold(id=notes.text, note=notes.optional_text)
    notes.handled("assert set(note) == {'id', 'note'}", "assert note['note'] != ''")

    assert [(one, against) for one, _, against in notes.ids()] == [("consumer-refuses-message", "version 1")]


@BOTH
def test_handlers_and_consumptions_of_such_topics_belong_together(notes: Notes) -> None:
    notes.hold(id=notes.text)
    notes.handled(topics=("tills.secrets.v1",))

    assert sorted(one for one, _, _ in notes.ids()) == ["consumption-without-handler", "hears-undeclared-topic"]
