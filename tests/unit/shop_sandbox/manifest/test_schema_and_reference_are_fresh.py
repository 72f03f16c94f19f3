"""What is generated from the types is what lies in the repository."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from fakes.checkout_tree import POST, STOCK, TILLS
from shop_sandbox.manifest.document import read_document
from shop_sandbox.manifest.reference import PAGE, reference_page
from shop_sandbox.manifest.schema import SCHEMA_FILE, schema_text

CHECKOUT = Path(__file__).parents[4]
HOW = "run: python -m shop_sandbox.manifest.reference"


def test_the_schema_file_is_fresh() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), HOW


def test_the_reference_page_is_fresh() -> None:
    assert (CHECKOUT / PAGE).read_text(encoding="utf-8") == reference_page(), HOW


def test_the_schema_is_a_schema_and_sound_manifests_keep_it() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)
    for manifest in (STOCK, TILLS, POST):
        jsonschema.validate(read_document(manifest).data, schema)


def test_every_property_says_what_it_is_to_an_editor() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    silent = [
        f"{name}.{key}"
        for name, definition in [("service.yaml", schema), *schema["$defs"].items()]
        for key, part in definition["properties"].items()
        if "description" not in part and not _refers(part)
    ]

    assert silent == []


def _refers(part: dict[str, object]) -> bool:
    """A reference is described by what it refers to."""
    return "$ref" in json.dumps(part)
