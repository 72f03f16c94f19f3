"""Documents that cannot be compared are told with file and line, and nothing goes on for ever."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from fakes.openapi import Json, compared, document, ids, request, response
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_contracts.openapi_diff import InvalidOpenapi, diff, open_api
from shop_contracts.openapi_diff.judge import MOST_FINDINGS

HEAD = "openapi: 3.1.0\ninfo: {title: A, version: '1'}\n"
BODY = "paths:\n  /a:\n    put:\n      requestBody:\n        content:\n          application/json:\n            schema:\n"


def fault(folder: Path, text: str | bytes, *, name: str = "api.yaml") -> InvalidOpenapi:
    """Compare a file to what is the same but for the version, so that all of it is looked at; return what is wrong with it."""
    path = folder / name
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    with pytest.raises(InvalidOpenapi) as caught:
        diff(open_api(path), open_api(path, text=content.replace(b"3.1.0", b"3.1.1").decode()))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"openapi: 3.1.0\ninfo:\n  title: \xff\n", 3, "byte 0xff is not UTF-8"),
        ("openapi: 3.1.0\ninfo: [\n", 3, "not valid YAML or JSON"),
        ('{"openapi": "3.1.0",\n "info": {},\n "paths" {}}', 3, "not valid YAML or JSON"),
        ('{"openapi": "3.1.0",\n "openapi": "3.1.0"}', 2, "the key 'openapi' stands twice"),
        (HEAD + "paths: {}\npaths: {}\n", 4, "the key 'paths' stands twice"),
        (HEAD + "---\nopenapi: 3.1.0\n", 4, "a second document starts here"),
        (HEAD + "x: !!python/object:os.system {}\n", 3, "the tag"),
        (HEAD + "x: &a [*a]\n", 3, "the alias *a names an anchor that is not complete here"),
        (HEAD + "? [a]\n: b\n", 3, "a key must be a plain word"),
        (HEAD + "x: " + "[" * 50_000, 3, "it is nested too deeply"),
        ("swagger: '2.0'\n", 1, "it is of Swagger 2.0"),
        ("info: {}\n", 1, "it does not say `openapi: …`"),
        ("info: {}\nopenapi: 4.0.0\n", 2, "the version '4.0.0' is not known"),
        ("", 1, "the document is no mapping"),
        ("- openapi\n", 1, "the document is no mapping"),
        (HEAD + "paths:\n- /a\n", 3, "paths is no mapping"),
        (HEAD + "paths:\n  /a:\n    get:\n      responses:\n        '200':\n", 7, "200 is no mapping"),
        (HEAD + "paths:\n  /a:\n    get:\n      parameters:\n      - name: q\n", 7, "a parameter needs `name` and `in`"),
        (HEAD + "paths:\n  /a:\n    get:\n      parameters: {}\n", 6, "`parameters` is no list"),
        (HEAD + BODY + "              type: object\n              properties: [a]\n", 11, "properties is no mapping"),
        (HEAD + BODY + "              allOf: {}\n", 10, "`allOf` is no list"),
        (HEAD + BODY + "              items: 3\n              $ref: 3\n", 11, "`$ref` is not text"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str | bytes, line: int, reason: str) -> None:
    told = fault(tmp_path, text)

    assert (told.path, told.line) == (tmp_path / "api.yaml", line)
    assert told.reason.startswith(reason)
    assert str(told) == f"{tmp_path / 'api.yaml'}:{line}: {told.reason}"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("https://example.com/order.yaml", "is on the network"),
        ("//example.com/order.yaml", "is on the network"),
        ("file:///etc/passwd", "is on the network"),
        ("../order.yaml", "leaves"),
        ("/etc/passwd", "leaves"),
        ("inside/../../order.yaml", "leaves"),
        ("missing.yaml", "cannot be read"),
        ("#/components/schemas/Nothing", "nothing is at"),
        ("#nowhere", "nothing is at"),
        ("#/openapi/title", "nothing is at"),
    ],
)
def test_a_reference_that_leads_nowhere_or_away_is_refused(tmp_path: Path, reference: str, reason: str) -> None:
    (tmp_path / "order.yaml").write_text("type: object\n")
    folder = tmp_path / "tree"
    folder.mkdir()

    told = fault(folder, f"{HEAD}{BODY}              $ref: '{reference}'\n")

    assert told.line == 10
    assert reason in told.reason


def test_a_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "order.yaml").write_text("type: object\n")
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "order.yaml").symlink_to(tmp_path / "order.yaml")

    assert "leaves" in fault(folder, f"{HEAD}{BODY}              $ref: order.yaml\n").reason


def test_references_lead_to_other_files_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "order.yaml").write_text("properties:\n  line: {$ref: 'line.yaml#/$defs/Line'}\n")
    line = tmp_path / "parts" / "line.yaml"
    line.write_text("$defs:\n  Line:\n    maxLength: 9\n")
    entry = tmp_path / "api.yaml"
    entry.write_text(f"{HEAD}{BODY}              $ref: parts/order.yaml\n")
    old = open_api(entry)
    new_line = tmp_path / "new" / "parts" / "line.yaml"
    new_line.parent.mkdir(parents=True)
    new_line.write_text("$defs:\n  Line:\n    maxLength: 4\n")
    (new_line.parent / "order.yaml").write_text((tmp_path / "parts" / "order.yaml").read_text())
    (tmp_path / "new" / "api.yaml").write_text(entry.read_text())

    (found,) = diff(old, open_api(tmp_path / "new" / "api.yaml")).findings

    assert found.new is not None
    assert (found.id, found.new.path, found.new.pointer, found.new.line) == (
        "request-property-max-length-decreased",
        new_line,
        "#/$defs/Line/maxLength",
        3,
    )


def test_a_fault_in_a_file_that_is_referred_to_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "order.yaml").write_text("type: object\nproperties: [\n")

    told = fault(tmp_path, f"{HEAD}{BODY}              $ref: order.yaml\n")

    assert (told.path, told.line) == (tmp_path / "order.yaml", 3)


def test_references_in_a_circle_are_told(tmp_path: Path) -> None:
    parts = "components:\n  parameters:\n    A: {$ref: '#/components/parameters/B'}\n    B: {$ref: '#/components/parameters/A'}\n"
    text = f"{HEAD}paths:\n  /a:\n    get:\n      parameters:\n      - $ref: '#/components/parameters/A'\n{parts}"

    assert "leads in a circle" in fault(tmp_path, text).reason


def test_anchors_that_explode_are_refused_before_they_do(tmp_path: Path) -> None:
    levels = "".join(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]\n" for level in range(1, 12))

    told = fault(tmp_path, f"{HEAD}l0: &l0 lol\n{levels}")

    assert "aliases written out" in told.reason


def test_anchors_that_stay_small_are_read(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(f"{HEAD}x-word: &word {{type: string, maxLength: 3}}\n{BODY}              {{<<: *word, maxLength: 2}}\n")
    plain = tmp_path / "plain.yaml"
    plain.write_text(f"{HEAD}{BODY}              {{type: string, maxLength: 2}}\n")

    assert diff(open_api(path), open_api(plain)).findings == ()


RECURSIVE: Json = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/A"}, "v": {"type": "string"}}}
A = {"$ref": "#/components/schemas/A"}


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": RECURSIVE},
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [A, {"type": "object"}]}},
        {"A": {"oneOf": [A, {"type": "string"}]}},
        {"A": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"type": "string"}]}, "B": {"anyOf": [A, RECURSIVE]}},
        {"A": {"not": A}},
        {"A": {"additionalProperties": A, "items": A, "if": A, "then": A}},
        {"A": {"properties": {"a": {"allOf": [A, {"properties": {"a": A}}]}}}},
        {f"A{number or ''}": {"oneOf": [{"$ref": f"#/components/schemas/A{number + 1}"}, {"type": "null"}]} for number in range(60)}
        | {"A60": {"type": "string"}},
    ],
)
def test_schemas_that_hold_themselves_are_compared(schemas: Json) -> None:
    whole = request(A, components={"schemas": schemas})

    assert compared(whole, copy.deepcopy(whole) | {"openapi": "3.1.1"}).findings == ()


def test_a_change_inside_a_schema_that_holds_itself_is_found() -> None:
    new = copy.deepcopy(RECURSIVE)
    new["properties"]["v"] = {"type": "string", "maxLength": 3}

    assert "request-property-max-length-set" in ids(
        request(A, components={"schemas": {"A": RECURSIVE}}), request(A, components={"schemas": {"A": new}})
    )


def test_a_chain_too_long_to_follow_is_told() -> None:
    chain = {
        f"A{number or ''}": {"oneOf": [{"$ref": f"#/components/schemas/A{number + 1}"}, {"type": "object"}]}
        for number in range(5000)
    }
    old, new = (request(A, components={"schemas": chain | {"A5000": {"type": kind}}}) for kind in ("string", "integer"))

    with pytest.raises(InvalidOpenapi, match="too deeply"):
        compared(old, new)


def test_parts_that_multiply_do_not() -> None:
    schemas = {
        f"S{number}": {"properties": {f"p{i}": {"$ref": f"#/components/schemas/S{number + 1}"} for i in range(9)}}
        for number in range(60)
    }
    old = request({"$ref": "#/components/schemas/S0"}, components={"schemas": schemas | {"S60": {"type": "string"}}})
    new = request({"$ref": "#/components/schemas/S0"}, components={"schemas": schemas | {"S60": {"type": "integer"}}})

    assert [finding.id for finding in compared(old, new).findings] == ["request-property-type-changed"]


def test_a_change_reached_in_a_million_ways_is_told_often_enough() -> None:
    chain = {
        f"S{number}": {"properties": {"next": {"$ref": f"#/components/schemas/S{number + 1}"}, "v": {}}} for number in range(150)
    }

    def whole(kind: str) -> Json:
        paths = {f"/{number}": request({"$ref": f"#/components/schemas/S{number}"})["paths"]["/orders"] for number in range(150)}
        schemas = {name: schema | {"properties": schema["properties"] | {"v": {"type": kind}}} for name, schema in chain.items()}
        return document({}, components={"schemas": schemas | {"S150": {}}}) | {"paths": paths}

    assert len(compared(whole("string"), whole("integer")).breaking) == MOST_FINDINGS


def test_ten_megabytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_text(json.dumps(document({"description": "x" * 10_000_000})))

    assert diff(open_api(path), open_api(path)).compatible


def test_more_than_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(40 * 1024 * 1024)

    with pytest.raises(InvalidOpenapi, match="more than the 33,554,432"):
        open_api(path)


WHOLE = response(
    {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"oneOf": [{"type": "string", "enum": ["x"]}, {"$ref": "#/components/schemas/B"}]}},
    },
    components={"schemas": {"B": {"allOf": [{"minimum": 1, "type": ["integer", "null"]}]}}},
    security=[{"key": []}],
    webhooks={"w": {"post": {"responses": {}}}},
)
WHOLE["paths"]["/orders"]["parameters"] = [{"name": "p", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}]
WHOLE["paths"]["/orders"]["post"] |= {
    "requestBody": {"content": {"text/csv; header=present": {"schema": True}}},
    "x-sunset": "2030-01-01",
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in below for place in places(one, (*at, key)))]


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "string", "#", "#/paths", "#/components/schemas/B"]),
    lambda inside: (
        st.lists(inside, max_size=2)
        | st.dictionaries(st.sampled_from(["$ref", "type", "oneOf", "a", "schema"]), inside, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=120, deadline=None)
@given(place=st.sampled_from([place for place in places(WHOLE) if place]), value=junk)
def test_whatever_stands_anywhere_is_compared_or_told(place: tuple[Any, ...], value: Any) -> None:
    broken = copy.deepcopy(WHOLE)
    inside = broken
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value

    for old, new in ((WHOLE, broken), (broken, WHOLE), (broken, broken | {"openapi": "3.1.1"})):
        try:
            compared(old, new)
        except InvalidOpenapi as error:
            assert error.line > 0


def test_components_of_another_file_are_not_taken_for_the_own_ones(tmp_path: Path) -> None:
    def version(folder: str, required: str) -> Path:
        root = tmp_path / folder
        root.mkdir()
        ours = "components:\n  schemas:\n    Order: {type: object}\n"
        answer = (
            "paths:\n  /a:\n    get:\n      responses:\n        '200':\n          $ref: 'shared.yaml#/components/responses/Order'\n"
        )
        (root / "api.yaml").write_text(HEAD + answer + ours)
        (root / "shared.yaml").write_text(
            "components:\n  responses:\n    Order:\n      content:\n        application/json:\n"
            "          schema: {$ref: '#/components/schemas/Order'}\n"
            f"  schemas:\n    Order: {{type: object, properties: {{id: {{type: string}}}}, required: [{required}]}}\n"
        )
        return root / "api.yaml"

    report = diff(open_api(version("old", "id")), open_api(version("new", "")))

    assert [finding.id for finding in report.breaking] == ["response-property-became-optional"]


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    pipe, circle = tmp_path / "pipe.yaml", tmp_path / "circle.yaml"
    os.mkfifo(pipe)
    circle.symlink_to(circle)

    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(InvalidOpenapi, match="no regular file"):
            open_api(path)
    with pytest.raises(InvalidOpenapi, match="symbolic links"):
        open_api(circle)


def test_a_list_of_many_values_is_compared_in_one_pass() -> None:
    values = [f"value-{number}" for number in range(20_000)]

    report = compared(request({"enum": values}), request({"enum": values[:-1]}))

    assert [finding.id for finding in report.breaking] == ["request-body-enum-value-removed"]
    assert compared(request({"enum": values}), request({"enum": values[::-1]})).compatible
