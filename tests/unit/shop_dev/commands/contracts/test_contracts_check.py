"""`shop-dev contracts check` on a small repository: green as it stands, and red for each thing that can be wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import ShopDev
from fakes.contract_repository import ContractRepository
from shop_contracts.compat.lock import render_lock

SALES = "contracts/proto/tills/v1/sales.proto"
OPENAPI = "contracts/openapi/tills.yaml"
BASELINE = "contracts/baselines/tills.sales.v1-value"


@pytest.fixture
def repository(tmp_path: Path, shop_dev: ShopDev, monkeypatch: pytest.MonkeyPatch) -> ContractRepository:
    """A repository with sound contracts, released once."""
    repository = ContractRepository.plant(tmp_path / "repository")
    monkeypatch.chdir(repository.root)
    assert shop_dev("contracts", "release").status == 0
    repository.commit("Release")
    return repository


def findings(shop_dev: ShopDev, *words: str) -> list[dict[str, Any]]:
    said = shop_dev("contracts", "check", *words, "--json")
    found: list[dict[str, Any]] = said.document()["data"]["findings"]
    assert said.status == (1 if found else 0)
    return found


def told(shop_dev: ShopDev, *words: str) -> list[tuple[str, str, str, int]]:
    return [(one["group"], one["id"], one["file"], one["line"]) for one in findings(shop_dev, *words)]


def test_sound_contracts_are_green_against_baselines_and_a_git_ref(shop_dev: ShopDev, repository: ContractRepository) -> None:
    said = shop_dev("contracts", "check", "--against", "main")

    assert (said.status, said.out) == (0, "2 Protobuf contracts, 1 REST contract, no findings.\n")


def test_a_new_field_and_a_new_operation_are_green(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "  string email = 3;\n", "  string email = 3;\n  string till = 4;\n")
    repository.change(
        OPENAPI,
        "                  next: {type: string}\n",
        "                  next: {type: string}\n                  total: {type: integer}\n",
    )

    assert told(shop_dev, "--against", "main") == []


def test_a_broken_contract_is_told_with_place_proof_and_consumers(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "  int32 quantity = 2;", "  string quantity = 2;")
    repository.change("services/stock/service.yaml", "      schema: contracts/proto/stock/v1/picking.proto\n", "")

    said = shop_dev("contracts", "check", "--against", "main")

    assert said.status == 1
    assert said.out == (
        "What has no contract\n"
        "  services/stock/service.yaml:18: The queue picking of stock has no schema: nobody knows what is in its messages. "
        "[queue-without-schema]\n"
        "    hint: name a Protobuf file, an Avro schema or a JSON Schema as `schema`\n"
        "\n"
        "Changes that break somebody\n"
        f"  {SALES}:32: The new type reads the bytes or the JSON of the old one as another value, or not at all. "
        "[FIELD_WIRE_JSON_COMPATIBLE_TYPE]\n"
        "    #/Line/2, tills.sales.v1-value, against main\n"
        "    before  int32\n"
        "    after   string\n"
        "    hits    stock\n"
        '    proof   old writes shop.tills.v1.Line {"quantity": 150} as the bytes 10 96 01\n'
        "            new reads  {}\n"
        "    hint: undo it, or start a v2 beside it: `shop-dev contracts new-version tills.sales.v1-value`\n"
    )


def test_a_change_hits_only_the_consumers_that_read_it(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "  string email = 3;", "  int32 email = 3;")

    assert [one["consumers"] for one in findings(shop_dev)] == [[]]


def test_a_number_that_comes_back_two_versions_later_is_refused(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "  // Where the receipt went.\n  string email = 3;\n", '  reserved 3;\n  reserved "email";\n')
    assert shop_dev("contracts", "release").status == 0
    repository.change(SALES, '  reserved 3;\n  reserved "email";\n', "  bool is_gift = 3;\n")

    found = findings(shop_dev)

    assert {one["against"] for one in found} == {"version 1", "version 2"}
    assert {"FIELD_NUMBER_NO_REUSE", "RESERVED_NUMBER_NO_USE"} & {one["id"] for one in found}


def test_a_breaking_rest_change_is_refused_with_its_line(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(OPENAPI, "required: [items]", "required: []")

    found = findings(shop_dev)

    assert [(one["group"], one["file"], one["subject"], one["against"]) for one in found] == [
        ("changes", OPENAPI, "rest.tills", "version 1")
    ]
    assert found[0]["line"] > 1
    assert found[0]["path"].startswith("GET /v1/sales")


def test_an_exception_in_the_lock_lets_one_refusal_pass(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "  string email = 3;", "  string mail = 3;")
    assert findings(shop_dev)
    refused = {(one["id"], one["path"]) for one in findings(shop_dev)}
    granted = "".join(
        f"\n- {{rule: {rule}, schema: tills.sales.v1-value, path: '{path}', "
        f"owner: front, reason: Nobody reads it., expires: {_soon()}}}"
        for rule, path in sorted(refused)
    )
    repository.write("contracts/rules.lock.yaml", render_lock().replace("exceptions: []", f"exceptions:{granted}"))

    assert findings(shop_dev) == []


def _soon() -> str:
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


CASES: dict[str, tuple[str, str, str, tuple[str, str, str, int]]] = {
    "a topic's schema does not compile": (
        SALES,
        "  string reason = 1;",
        "  strin reason = 1;",
        ("sources", "schema-does-not-compile", SALES, 26),
    ),
    "a manifest is wrong": (
        "services/stock/service.yaml",
        "group: stock",
        "grup: stock",
        ("sources", "manifest-invalid", "services/stock/service.yaml", 11),
    ),
    "a document is no YAML": (OPENAPI, "info: {title", "info: {{title", ("sources", "openapi-unreadable", OPENAPI, 2)),
    "a document has an anchor that holds itself": (
        OPENAPI,
        "info: {title: Tills, version: 1.0.0}",
        "info: &loop {title: *loop, version: 1.0.0}",
        ("sources", "openapi-unreadable", OPENAPI, 2),
    ),
    "a name is not in style": (
        SALES,
        "  string email = 3;",
        "  string email = 3;\n  string tillId = 4;",
        ("style", "FIELD_LOWER_SNAKE_CASE", SALES, 22),
    ),
    "a queue has no schema": (
        "services/stock/service.yaml",
        "      schema: contracts/proto/stock/v1/picking.proto\n",
        "",
        ("coverage", "queue-without-schema", "services/stock/service.yaml", 18),
    ),
    "an endpoint has no contract": (
        "services/tills/program.py",
        '        Route("/v1/sales", main, methods=["GET"]),\n',
        '        Route("/v1/sales", main, methods=["GET"]),\n        Route("/v1/tills", main),\n',
        ("coverage", "endpoint-without-contract", "services/tills/program.py", 10),
    ),
    "a promised endpoint is not served": (
        "services/tills/program.py",
        '        Route("/v1/sales/{sale_id}", main, methods=["GET"]),\n',
        "",
        ("coverage", "endpoint-not-served", OPENAPI, 19),
    ),
    "a service has no document": (
        "services/tills/service.yaml",
        "contracts:\n  openapi: contracts/openapi/tills.yaml\n",
        "",
        ("coverage", "service-without-openapi", "services/tills/service.yaml", 2),
    ),
    "a read names no field": (
        "services/stock/service.yaml",
        "sale_closed.lines.product",
        "sale_closed.lines.article",
        ("consumers", "read-of-unknown-field", "services/stock/service.yaml", 14),
    ),
    "a baseline was edited": (
        f"{BASELINE}/1/{SALES}",
        "  string email = 3;",
        "  string mail = 3;",
        ("baselines", "baseline-edited", f"{BASELINE}/1/{SALES}", 21),
    ),
    "a history was edited": (
        f"{BASELINE}/history.json",
        '"message": "shop.tills.v1.SaleEvent"',
        '"message": "shop.tills.v1.Line"',
        ("baselines", "baseline-edited", f"{BASELINE}/history.json", 8),
    ),
    "a history is no JSON": (
        f"{BASELINE}/history.json",
        '"kind": "protobuf",',
        '"kind": "protobuf"',
        ("baselines", "baseline-unreadable", f"{BASELINE}/history.json", 5),
    ),
    "a topic becomes another message": (
        "services/tills/service.yaml",
        "message: shop.tills.v1.SaleEvent",
        "message: shop.tills.v1.SaleClosed",
        ("changes", "topic-message-changed", "services/tills/service.yaml", 12),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_thing_that_is_wrong_is_found_at_its_place(shop_dev: ShopDev, repository: ContractRepository, case: str) -> None:
    file, old, new, expected = CASES[case]
    repository.change(file, old, new)

    assert expected in told(shop_dev)


def test_a_manifest_that_cannot_be_read_is_told_alone_and_nothing_advises_to_retire_what_it_declares(
    shop_dev: ShopDev, repository: ContractRepository
) -> None:
    repository.change("services/tills/service.yaml", "summary:", "sumary:")

    said = shop_dev("contracts", "check", "--against", "main")

    assert (said.status, said.out) == (
        1,
        "What cannot be read\n"
        "  services/tills/service.yaml:1: 'summary' is missing. [manifest-invalid]\n"
        "    hint: What it is for, in a line.\n"
        "  services/tills/service.yaml:3: sumary: unknown property. [manifest-invalid]\n"
        "    hint: did you mean 'summary'?\n",
    )
    assert "2 findings in manifests; contracts are looked at when these can be read." in said.err


REHEARSAL = """\
import math


def rehearsal():
    return math.sqrt("four")
"""


def test_a_rehearsal_that_breaks_is_told_with_the_line_that_broke(shop_dev: ShopDev, repository: ContractRepository) -> None:
    document = "  openapi: contracts/openapi/tills.yaml\n"
    repository.change("services/tills/service.yaml", document, f"{document}  rehearsal: tills_rehearsal:rehearsal\n")
    repository.write("tills_rehearsal.py", REHEARSAL)

    (broken,) = (one for one in findings(shop_dev) if one["id"] == "rehearsal-broken")

    assert (broken["file"], broken["line"]) == ("tills_rehearsal.py", 5)
    assert broken["message"] == "tills_rehearsal:rehearsal of tills does not run: TypeError: must be real number, not str."


def test_everything_is_told_at_once(shop_dev: ShopDev, repository: ContractRepository) -> None:
    names = (
        "a queue has no schema",
        "an endpoint has no contract",
        "a baseline was edited",
        "a name is not in style",
        "a read names no field",
    )
    for name in names:
        file, old, new, _ = CASES[name]
        repository.change(file, old, new)

    found = told(shop_dev)

    assert {CASES[name][3] for name in names} <= set(found)
    groups = [group for group, *_ in found]
    assert groups == sorted(groups, key=["style", "coverage", "baselines", "changes", "consumers"].index)


def test_a_contract_that_is_gone_is_refused_until_it_is_retired(shop_dev: ShopDev, repository: ContractRepository) -> None:
    queue = "  queues:\n    - name: picking\n      schema: contracts/proto/stock/v1/picking.proto\n"
    repository.change("services/stock/service.yaml", queue, "")

    assert ("changes", "contract-removed", "contracts/baselines/queue.picking/history.json", 1) in told(
        shop_dev, "--against", "main"
    )
    assert shop_dev("contracts", "release", "--retire", "queue.picking").status == 0
    assert told(shop_dev, "--against", "main") == []


def test_a_contract_that_only_the_ref_has_is_missed_too(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change("services/stock/service.yaml", "    - name: picking\n", "    - name: fetching\n")
    repository.commit("Rename")
    repository.change("services/stock/service.yaml", "    - name: fetching\n", "    - name: picking\n")

    found = findings(shop_dev, "--against", "main")

    assert [(one["id"], one["subject"], one["against"]) for one in found] == [("contract-removed", "queue.fetching", "main")]


def test_a_history_that_was_rewritten_as_a_whole_is_seen_against_the_ref(shop_dev: ShopDev, repository: ContractRepository) -> None:
    shutil.rmtree(repository.root / BASELINE)
    repository.change(SALES, "  int32 quantity = 2;", "  string quantity = 2;")
    assert shop_dev("contracts", "release").status == 0
    assert told(shop_dev) == []

    assert ("baselines", "baseline-rewritten", f"{BASELINE}/history.json", 1) in told(shop_dev, "--against", "main")


def test_the_lock_is_pinned_anew_and_keeps_its_exceptions(shop_dev: ShopDev, repository: ContractRepository) -> None:
    granted = (
        f"\n- {{rule: FIELD_SAME_NAME, schema: a.proto, path: '#/A/1', owner: front, reason: Nobody reads it., expires: {_soon()}}}"
    )
    drifted = render_lock().replace("FIELD_SAME_NAME: {version: 1", "FIELD_SAME_NAME: {version: 2")
    repository.write("contracts/rules.lock.yaml", drifted.replace("exceptions: []", f"exceptions:{granted}"))

    assert shop_dev("contracts", "lock").status == 0

    assert told(shop_dev) == []
    assert "Nobody reads it." in repository.read("contracts/rules.lock.yaml")


BAD = {
    "no UTF-8": b'syntax = "proto3";\n// \xff\n',
    "an import of itself": b'syntax = "proto3"; import "contracts/proto/tills/v1/sales.proto"; message SaleEvent {}',
    "ten megabytes": b"// " + b"x" * 10_000_000,
    "nothing but brackets": b"message A " + b"{" * 20_000,
    "an import that is not there": b'syntax = "proto3"; package shop.tills.v1; import "gone.proto"; message SaleEvent {}',
}


@pytest.mark.parametrize("case", BAD)
def test_bad_protobuf_is_told_with_its_file_and_the_rest_is_still_judged(
    shop_dev: ShopDev, repository: ContractRepository, case: str
) -> None:
    (repository.root / SALES).write_bytes(BAD[case])
    repository.change(OPENAPI, "required: [items]", "required: []")

    found = told(shop_dev, "--against", "main")

    assert {SALES, OPENAPI} <= {file for _, _, file, _ in found}
    assert shop_dev("contracts", "release").status == 1
    assert shop_dev("contracts", "generate").status in {0, 1, 2}


def test_a_ref_that_is_not_there_is_wrong_use(shop_dev: ShopDev, repository: ContractRepository) -> None:
    said = shop_dev("contracts", "check", "--against", "origin/nowhere")

    assert said.status == 2
    assert "origin/nowhere" in said.err


def test_a_drifted_rule_set_is_a_finding(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.write(
        "contracts/rules.lock.yaml", render_lock().replace("FIELD_SAME_NAME: {version: 1", "FIELD_SAME_NAME: {version: 2")
    )

    assert told(shop_dev) == [("rules", "rule-set-drifted", "contracts/rules.lock.yaml", 0)]


def test_a_generated_module_that_is_stale_is_a_finding(shop_dev: ShopDev, repository: ContractRepository) -> None:
    assert shop_dev("contracts", "generate").status == 0
    assert told(shop_dev) == []
    module = "contracts/proto/tills/v1/sales_pb2.py"
    repository.write(module, repository.read(module) + "# edited\n")

    assert told(shop_dev) == [("generated", "generated-not-fresh", module, 0)]
    assert shop_dev("contracts", "generate", "--check").status == 1
    assert shop_dev("contracts", "generate").status == 0
    assert told(shop_dev) == []


def test_releasing_what_is_broken_changes_nothing(shop_dev: ShopDev, repository: ContractRepository) -> None:
    before = repository.read(f"{BASELINE}/history.json")
    repository.change(SALES, "  int32 quantity = 2;", "  string quantity = 2;")

    assert shop_dev("contracts", "release").status == 1
    assert repository.read(f"{BASELINE}/history.json") == before


def test_a_comment_makes_no_version_and_a_field_makes_one(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "// It never was.", "// It never came to be.")
    assert shop_dev("contracts", "release", "--json").document()["data"]["released"] == []

    repository.change(SALES, "  string email = 3;\n", "  string email = 3;\n  string till = 4;\n")
    assert shop_dev("contracts", "release", "--json").document()["data"]["released"] == [
        {"subject": "tills.sales.v1-value", "version": 2}
    ]
    assert [one["version"] for one in json.loads(repository.read(f"{BASELINE}/history.json"))["versions"]] == [1, 2]


def test_a_release_that_was_cut_short_is_made_good(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.write(f"{BASELINE}/2/half.proto", "half")
    assert told(shop_dev) == [("baselines", "baseline-unlisted", f"{BASELINE}/2", 0)]
    repository.change(SALES, "  string email = 3;\n", "  string email = 3;\n  string till = 4;\n")

    assert shop_dev("contracts", "release").status == 0
    assert told(shop_dev) == []


def test_a_breaking_change_becomes_a_v2_beside_v1(shop_dev: ShopDev, repository: ContractRepository) -> None:
    repository.change(SALES, "  int32 quantity = 2;", "  string quantity = 2;")

    said = shop_dev("contracts", "new-version", "tills.sales.v1-value", "--restore", "--json")

    assert said.document()["data"]["written"] == ["contracts/proto/tills/v2/sales.proto"]
    second = repository.read("contracts/proto/tills/v2/sales.proto")
    assert "package shop.tills.v2;" in second
    assert "string quantity = 2;" in second
    assert "  int32 quantity = 2;" in repository.read(SALES)
    produced = "        message: shop.tills.v1.SaleEvent\n"
    added = (
        "      - name: tills.sales.v2\n        schema: contracts/proto/tills/v2/sales.proto\n"
        "        message: shop.tills.v2.SaleEvent\n"
    )
    repository.change("services/tills/service.yaml", produced, produced + added)
    assert told(shop_dev, "--against", "main") == []


def test_a_rest_interface_gets_its_v2_in_the_same_document(shop_dev: ShopDev, repository: ContractRepository) -> None:
    assert shop_dev("contracts", "new-version", "rest.tills").status == 0

    text = repository.read(OPENAPI)
    assert text.index("  /v1/sales/{saleId}:") < text.index("  /v2/sales:") < text.index("  /v2/sales/{saleId}:")
    assert "operationId: listSalesV2" in text
    assert {one[1] for one in told(shop_dev)} == {"endpoint-not-served"}


def test_a_second_v2_is_refused(shop_dev: ShopDev, repository: ContractRepository) -> None:
    assert shop_dev("contracts", "new-version", "tills.sales.v1-value").status == 0

    said = shop_dev("contracts", "new-version", "tills.sales.v1-value")

    assert said.status == 2
    assert "v2 is there beside v1 already" in said.err


def test_an_unknown_subject_is_told_with_those_there_are(shop_dev: ShopDev, repository: ContractRepository) -> None:
    said = shop_dev("contracts", "new-version", "tills")

    assert said.status == 2
    assert "There are: queue.picking, rest.tills, tills.sales.v1-value." in said.err


LINE = {"type": "record", "name": "Line", "fields": [{"name": "sku", "type": "string"}]}
PICKING: dict[str, Any] = {
    ".json": {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"$ref": "parts/count.json"}}},
    ".avsc": {
        "type": "record",
        "name": "shop.Picking",
        "fields": [{"name": "sku", "type": "string"}, {"name": "count", "type": "shop.Count"}],
    },
}


def picking(repository: ContractRepository, ending: str, schema: Any) -> str:
    """Make the queue's schema one of another kind, with a part of it in a file of its own."""
    folder = repository.root / "contracts" / "queues"
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    (folder / "parts" / "count.json").write_text(json.dumps({"type": "integer"}), encoding="utf-8")
    count = {"type": "record", "name": "shop.Count", "fields": [{"name": "n", "type": "int"}]}
    (folder / "shop.Count.avsc").write_text(json.dumps(count), encoding="utf-8")
    (folder / f"picking{ending}").write_text(json.dumps(schema), encoding="utf-8")
    manifest = repository.root / "services/stock/service.yaml"
    manifest.write_text(manifest.read_text().replace("contracts/proto/stock/v1/picking.proto", f"contracts/queues/picking{ending}"))
    return f"contracts/queues/picking{ending}"


def released_picking(shop_dev: ShopDev, repository: ContractRepository, ending: str) -> str:
    for history in (repository.root / "contracts/baselines").glob("queue.picking"):
        shutil.rmtree(history)
    path = picking(repository, ending, PICKING[ending])
    assert shop_dev("contracts", "release").status == 0
    return path


@pytest.mark.parametrize(
    ("ending", "allowed", "refused", "rule"),
    [
        (
            ".json",
            {"type": "object", "properties": {**PICKING[".json"]["properties"], "note": {"type": "string"}}},
            {"type": "object", "properties": {"sku": {"type": "integer"}, "count": {"$ref": "parts/count.json"}}},
            "TYPE_CHANGED",
        ),
        (
            ".avsc",
            PICKING[".avsc"] | {"fields": [*PICKING[".avsc"]["fields"], {"name": "note", "type": "string", "default": ""}]},
            PICKING[".avsc"] | {"fields": [*PICKING[".avsc"]["fields"], {"name": "note", "type": "string"}]},
            "READER_FIELD_MISSING_DEFAULT_VALUE",
        ),
    ],
)
def test_avro_and_json_schemas_are_released_and_held_to_their_history(
    shop_dev: ShopDev, repository: ContractRepository, *, ending: str, allowed: Any, refused: Any, rule: str
) -> None:
    path = released_picking(shop_dev, repository, ending)
    assert findings(shop_dev) == []

    picking(repository, ending, allowed)
    assert findings(shop_dev) == []

    picking(repository, ending, refused)
    found = findings(shop_dev)
    assert {(one["group"], one["file"], one["subject"], one["against"]) for one in found} == {
        ("changes", path, "queue.picking", "version 1")
    }
    assert rule in {one["id"] for one in found}
    assert any(one["proof"] for one in found)


def test_a_json_schema_that_cannot_be_read_is_a_finding(shop_dev: ShopDev, repository: ContractRepository) -> None:
    path = released_picking(shop_dev, repository, ".json")
    picking(repository, ".json", {"type": "text"})

    assert [(one["id"], one["file"]) for one in findings(shop_dev)] == [("schema-unreadable", path)]


@pytest.mark.parametrize("ending", [".avsc", ".json"])
def test_a_read_of_what_an_avro_or_json_schema_does_not_name_is_a_finding(
    shop_dev: ShopDev, repository: ContractRepository, ending: str
) -> None:
    note = (
        {"type": "record", "name": "Note", "fields": [{"name": "lines", "type": {"type": "array", "items": ["null", LINE]}}]}
        if ending == ".avsc"
        else {"properties": {"lines": {"type": ["array", "null"], "items": {"properties": {"sku": {"type": "string"}}}}}}
    )
    repository.write(f"contracts/notes/note{ending}", json.dumps(note))
    topic = f"      - {{name: notes.v1, schema: contracts/notes/note{ending}}}\n"
    repository.change("services/tills/service.yaml", "    produces:\n", f"    produces:\n{topic}")
    reading = "      - {name: notes.v1, group: stock, reads: [lines.sku, lines.price]}\n"
    repository.change("services/stock/service.yaml", "    consumes:\n", f"    consumes:\n{reading}")

    found = [one for one in findings(shop_dev, "--no-proofs") if one["id"] == "read-of-unknown-field"]

    assert [(one["path"], one["consumers"], one["subject"]) for one in found] == [("lines.price", ["stock"], "notes.v1-value")]
