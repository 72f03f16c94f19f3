"""The rules as a page, made from their records: `python -m shop_contracts.compat.documents > docs/reference/contract-rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from shop_contracts.compat.avro.judge import SENTENCES as AVRO_SENTENCES
from shop_contracts.compat.confluent.rules import RULES as CONFLUENT_RULES
from shop_contracts.compat.house.judge import RULES as HOUSE_RULES
from shop_contracts.compat.house.rule import HOUSE, Category
from shop_contracts.compat.json_schema.rules import RULES as JSON_SCHEMA_RULES
from shop_contracts.compat.json_schema.rules import Verdict
from shop_contracts.compat.lint.rules import RULES as LINT_RULES

_MEANINGS = {
    Category.WIRE: "bytes written before can be read, and mean the same",
    Category.WIRE_JSON: "so can JSON: names count",
    Category.PACKAGE: "code generated from the package keeps compiling, wherever in the package a declaration moves",
    Category.FILE: "code generated file by file keeps compiling",
    Category.RPC: "callers of a service keep working",
    Category.REUSE: "nothing that meant something in any version comes back with another meaning",
}


def rules_page() -> str:
    """Return the page in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("<!-- Made by `just reference`; do not edit. -->", "# Contract rules", "")
    yield "`shop-dev contracts compat` gives two verdicts on a change to a Protobuf schema. The registry gives the first."
    yield from _confluent()
    yield from _house()
    yield from _json_schema()
    yield from _avro()
    yield from _style()
    yield from ("", "## The lock and its exceptions", "")
    yield "`contracts/rules.lock.yaml` pins the version and categories of every rule; `contracts lint` fails where they differ"
    yield "from the program's. An exception there lets one refusal pass until a day, for a reason, under the name of its owner, and"
    yield "for a year at most."


def _confluent() -> Iterator[str]:
    yield from ("", "## Confluent mode", "")
    yield "Every difference type of Confluent's Protobuf checker, and its verdict. BACKWARD reads old data with the new schema,"
    yield "FORWARD the reverse, FULL asks for both, and the TRANSITIVE levels ask it of every earlier version."
    yield from ("", "| difference | verdict | what it is |", "|---|---|---|")
    for rule in sorted(CONFLUENT_RULES, key=lambda one: (not one.breaks, one.id)):
        yield f"| `{rule.id}` | {'refused' if rule.breaks else 'let pass'} | {_escaped(rule.purpose)} |"


def _house() -> Iterator[str]:
    yield from ("", "## House mode", "")
    demanded = ", ".join(f"`{category}`" for category in sorted(HOUSE))
    yield f"What `contracts check` demands is {demanded}, against the whole history. The categories:"
    yield ""
    yield from (f"- `{category}`: {meaning}" for category, meaning in _MEANINGS.items())
    yield from ("", "Ids that buf has too mean what they mean there. The rest guards against reuse and is this project's.", "")
    yield from ("| rule | categories | what holds |", "|---|---|---|")
    for rule in sorted(HOUSE_RULES, key=lambda one: one.id):
        yield f"| `{rule.id}` | {', '.join(sorted(rule.categories))} | {_escaped(rule.purpose)} |"


def _json_schema() -> Iterator[str]:
    yield from ("", "## JSON Schema", "")
    yield "What Confluent's registry tells of JSON Schemas. The policy LENIENT (`compatibilityPolicy` of the registry,"
    yield "`--policy` of `contracts compat`) trusts a writer to send only what its schema names. `contracts check` asks for"
    yield "FULL_TRANSITIVE under LENIENT."
    yield from ("", "| difference | verdict | what it is |", "|---|---|---|")
    for rule in sorted(JSON_SCHEMA_RULES.values(), key=lambda one: (-list(Verdict).index(one.verdict), one.id)):
        told = rule.sentence.format(reader="reader's", writer="writer's")
        yield f"| `{rule.id}` | {rule.verdict.value} | {_escaped(told)} |"


def _avro() -> Iterator[str]:
    yield from (
        "",
        "## Avro",
        "",
        "What keeps a reader's schema from resolving what a writer's schema wrote, by Apache Avro's names.",
    )
    yield "`contracts check` asks for FULL_TRANSITIVE."
    yield from ("", "| mismatch | what it is |", "|---|---|")
    for mismatch, sentence in AVRO_SENTENCES.items():
        told = sentence.format(path="…", detail="…", reader="reader's", writer="writer's")
        yield f"| `{mismatch}` | {_escaped(told)} |"


def _style() -> Iterator[str]:
    yield from ("", "## Style", "", "What `shop-dev contracts lint` demands of every file below a folder `proto`.", "")
    yield from ("| rule | what holds |", "|---|---|")
    for rule in sorted(LINT_RULES, key=lambda one: one.id):
        yield f"| `{rule.id}` | {_escaped(rule.purpose)} |"


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(rules_page())
