"""`shop-dev contracts diff`: what breaks, where it stands, and one exit status."""

from __future__ import annotations

from pathlib import Path

from fakes.command_line import ShopDev

OLD = """\
openapi: 3.1.0
info: {title: Orders, version: '1'}
paths:
  /orders:
    get:
      parameters:
      - name: q
        in: query
        schema: {type: string}
      responses: {'200': {description: done}}
"""


def files(folder: Path, new: str) -> tuple[str, str]:
    (folder / "old.yaml").write_text(OLD, encoding="utf-8")
    (folder / "new.yaml").write_text(new, encoding="utf-8")
    return str(folder / "old.yaml"), str(folder / "new.yaml")


def test_a_change_that_breaks_nobody_ends_with_0(shop_dev: ShopDev, tmp_path: Path) -> None:
    said = shop_dev("contracts", "diff", *files(tmp_path, OLD.replace("done", "all of them")))

    assert (said.status, said.out) == (0, "compatible (0 breaking, 0 to look at)\n")


def test_a_breaking_change_is_told_with_rule_place_and_reason(shop_dev: ShopDev, tmp_path: Path) -> None:
    said = shop_dev("contracts", "diff", *files(tmp_path, OLD.replace("type: string", "type: string, maxLength: 9")))

    assert said.status == 1
    assert said.out.splitlines() == [
        "not compatible (1 breaking, 0 to look at)",
        "",
        "error: request-parameter-max-length-set  GET /orders",
        "  in   query parameter q",
        "  `maxLength` was set to `9`: requests that keep to the old version are refused.",
        f"  at   {tmp_path / 'new.yaml'}:9  #/paths/~1orders/get/parameters/0/schema/maxLength",
    ]


def test_a_warning_refuses_with_strict_only(shop_dev: ShopDev, tmp_path: Path) -> None:
    lines = OLD.splitlines(keepends=True)
    paths = files(tmp_path, "".join(lines[:5] + lines[9:]))

    assert shop_dev("contracts", "diff", *paths).status == 0
    assert shop_dev("contracts", "diff", *paths, "--strict").status == 1


def test_json_holds_the_findings_with_both_places(shop_dev: ShopDev, tmp_path: Path) -> None:
    document = shop_dev("contracts", "diff", *files(tmp_path, OLD.replace("string", "integer")), "--json").document()
    (finding,) = document["data"]["findings"]

    assert document["error"]["code"] == "openapi_breaking"
    assert (document["data"]["compatible"], finding["id"], finding["level"]) == (False, "request-parameter-type-changed", "error")
    assert finding["old"]["line"] == finding["new"]["line"] == 9
    assert finding["old"]["pointer"] == "#/paths/~1orders/get/parameters/0/schema/type"


def test_what_cannot_be_read_is_wrong_use_with_file_and_line(shop_dev: ShopDev, tmp_path: Path) -> None:
    document = shop_dev("contracts", "diff", *files(tmp_path, OLD.replace("responses: {", "responses: [")), "--json").document()

    assert document["error"]["code"] == "openapi_invalid"
    assert f"{tmp_path / 'new.yaml'}:10: not valid YAML or JSON" in document["error"]["message"]
