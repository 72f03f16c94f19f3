"""`shop-dev contracts compat`: both verdicts, one exit status."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev

OLD = 'syntax = "proto3";\npackage shop.cases.v1;\nmessage Order {\n  int32 gross = 1;\n}\n'


def files(folder: Path, new: str) -> tuple[str, str]:
    (folder / "old.proto").write_text(OLD, encoding="utf-8")
    (folder / "new.proto").write_text(new, encoding="utf-8")
    return str(folder / "old.proto"), str(folder / "new.proto")


def test_a_change_both_accept_ends_with_0(shop_dev: ShopDev, tmp_path: Path) -> None:
    said = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("}", "  string note = 2;\n}")))

    assert said.status == 0
    assert said.out == "confluent BACKWARD             compatible\nhouse                          compatible\n"


def test_a_rename_is_refused_by_the_house_alone_and_shown_with_its_proof(shop_dev: ShopDev, tmp_path: Path) -> None:
    said = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("gross", "net")))

    assert said.status == 1
    assert said.out.splitlines()[:2] == [
        "confluent BACKWARD             compatible",
        "house                          not compatible (2 refusals)",
    ]
    assert said.out.splitlines()[-6:] == [
        "house: FIELD_SAME_NAME  #/Order/1  (backward)",
        "  before  int32 gross = 1",
        "  after   int32 net = 1",
        "  Number 1 was gross and is net: the bytes fit, and mean something else; JSON and code do not fit.",
        '  proof   old writes shop.cases.v1.Order {"gross": 150} as the bytes 08 96 01',
        '          new reads  {"net": 150}',
    ]
    assert "refused by house rules" in said.err


@pytest.mark.parametrize(
    ("mode", "new", "status"),
    [
        ("BACKWARD", OLD.replace("gross", "net"), 0),
        ("full", OLD.replace("gross", "net"), 0),
        ("FULL", OLD.replace("int32", "string"), 1),
        ("NONE", OLD.replace("int32", "string"), 0),
        ("BACKWARD", f"{OLD}message Line {{}}\n", 0),
        ("FORWARD", f"{OLD}message Line {{}}\n", 1),
        ("HOUSE", OLD.replace("gross", "net"), 1),
        ("HOUSE", f"{OLD}message Line {{}}\n", 0),
    ],
)
def test_the_mode_says_who_decides(shop_dev: ShopDev, tmp_path: Path, mode: str, new: str, status: int) -> None:
    assert shop_dev("contracts", "compat", *files(tmp_path, new), "--mode", mode).status == status


def test_the_document_holds_both_reports(shop_dev: ShopDev, tmp_path: Path) -> None:
    document = shop_dev("contracts", "compat", *files(tmp_path, OLD.replace("int32", "string")), "--json").document()

    assert document["status"] == "failed"
    assert document["error"]["code"] == "contract_incompatible"
    data = document["data"]
    assert (data["compatible"], data["decidedBy"]) == (False, ["confluent", "house"])
    assert data["confluent"]["level"] == "BACKWARD"
    (difference,) = data["confluent"]["differences"]
    assert {key: difference[key] for key in ("id", "path", "breaking", "before", "after")} == {
        "id": "FIELD_SCALAR_KIND_CHANGED",
        "path": "#/Order/1",
        "breaking": True,
        "before": "int32 gross = 1",
        "after": "string gross = 1",
    }
    assert difference["proof"]["written"] == '{"gross": 150}'
    assert [finding["id"] for finding in data["house"]["differences"]] == ["FIELD_WIRE_JSON_COMPATIBLE_TYPE"]


def test_a_file_that_does_not_compile_is_wrong_use_with_file_and_line(shop_dev: ShopDev, tmp_path: Path) -> None:
    old, new = files(tmp_path, 'syntax = "proto3";\nmessage Order {\n  int32 = 1;\n}\n')

    said = shop_dev("contracts", "compat", old, new)

    assert said.status == 2
    assert f"{new}:3:9: Expected field name." in said.err
    assert "Traceback" not in said.err


def test_a_file_that_is_not_there_is_wrong_use(shop_dev: ShopDev, tmp_path: Path) -> None:
    old, _ = files(tmp_path, OLD)

    said = shop_dev("contracts", "compat", old, str(tmp_path / "none.proto"), "--json")

    assert said.status == 2
    assert said.document()["error"]["code"] == "proto_invalid"


def test_an_import_is_looked_for_where_the_option_says(shop_dev: ShopDev, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "money.proto").write_text('syntax = "proto3"; message Money {}', encoding="utf-8")
    new = OLD.replace("package", 'import "money.proto";\npackage').replace("}", "  Money total = 2;\n}")
    old, changed = files(tmp_path, new)

    assert shop_dev("contracts", "compat", old, changed).status == 2
    assert shop_dev("contracts", "compat", old, changed, "-I", str(tmp_path / "elsewhere")).status == 0
