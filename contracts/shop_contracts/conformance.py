"""How far the contract checks agree with the tools they follow: `python -m shop_contracts.conformance [FOLDER]`.

The cases come from those tools' own public test suites, with what the tools answered. They stay outside the repository, in the
folder `shared/corpora` beside the checkout.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shop_contracts.compat import Level, Mode, Reference, Schema, check
from shop_contracts.compat.house.rule import Category
from shop_contracts.compat.json_schema.compare import compare
from shop_contracts.compat.json_schema.reading import read
from shop_contracts.compat.json_schema.rules import Policy
from shop_contracts.openapi_diff import diff, open_api
from shop_contracts.protobuf.compiled import InvalidProto
from shop_contracts.protobuf.compiler import compile_proto

Case = Mapping[str, Any]


@dataclass
class Agreement:
    """One measure over one corpus: how many cases agree, and what the others say."""

    measure: str
    agreed: int = 0
    total: int = 0
    disagreements: list[str] = field(default_factory=list)

    def count(self, case: str, ours: object, theirs: object) -> None:
        """Count one case."""
        self.total += 1
        if ours == theirs:
            self.agreed += 1
        else:
            self.disagreements.append(f"{case}: {ours} here, {theirs} there")

    def __str__(self) -> str:
        return f"{self.agreed:>4} of {self.total:<4} {self.measure}"


def corpora_beside(checkout: Path) -> Path | None:
    """Return the folder of the corpora, None where it is not beside the checkout."""
    folder = checkout.resolve().parent / "shared" / "corpora"
    return folder if folder.is_dir() else None


def confluent(folder: Path) -> Iterator[Agreement]:
    """Yield the agreement of confluent mode with Confluent: the difference lists, and the verdicts in both directions."""
    lists = Agreement("Confluent's own cases: difference list")
    verdicts = Agreement("Confluent's own cases: verdict")
    for case in _cases(folder / "protobuf_confluent.jsonl"):
        before, after = _schema(case, "before"), _schema(case, "after")
        report = check([before], after, level=Level.BACKWARD)
        found = sorted(f"{finding.id} {finding.path}" for finding in report.findings)
        lists.count(case["name"], found, sorted(case["confluent_changes"]))
        verdicts.count(case["name"], report.compatible, case["compatible_backward"])
    yield lists
    yield verdicts
    for name in ("protobuf_confluent", "protobuf_buf", "protobuf_karapace"):
        yield from _confluent_verdicts(name, folder)


def house(folder: Path) -> Iterator[Agreement]:
    """Yield the agreement of the categories with buf: the verdicts, and the ids of the rules that refuse."""
    for name in ("protobuf_buf", "protobuf_confluent", "protobuf_karapace"):
        yield from _buf_verdicts(name, folder)


def openapi(folder: Path) -> Iterator[Agreement]:
    """Yield the agreement of OpenAPI comparison with oasdiff: the verdicts, and whether an id is among those it gives."""
    verdicts = Agreement("oasdiff's stable cases: verdict")
    ids = Agreement("oasdiff's stable breaking cases: an id of oasdiff's")
    for case in _cases(folder / "openapi_oasdiff.jsonl"):
        if not case["stable"]:
            continue
        before, after = (open_api(Path(f"{side}.json"), text=json.dumps(case[side])) for side in ("before", "after"))
        report = diff(before, after)
        verdicts.count(case["name"], _verdict(report.compatible), _verdict(not case["breaking"]))
        if case["breaking"]:
            found = {finding.id for finding in report.breaking}
            shared = sorted(found & set(case["error_ids"]))
            ids.count(case["name"], shared or sorted(found), shared or case["error_ids"])
    yield verdicts
    yield ids


def json_schema(folder: Path) -> Iterator[Agreement]:
    """Yield the agreement with Confluent on JSON Schemas: difference lists, and verdicts under both policies."""
    path = folder / "json_schema_confluent.jsonl"
    if not path.is_file():
        return
    lists = Agreement("Confluent's own JSON Schema cases: difference list")
    verdicts = {policy: Agreement(f"Confluent's own JSON Schema cases: verdict, {policy}") for policy in Policy}
    for case in _cases(path):
        before, after = (read(case[side]) for side in ("before", "after"))
        found = sorted(f"{one.rule.id} #/{'/'.join(one.path)}" for one in compare(before.root, after.root))
        lists.count(case["name"], found, sorted(case["changes"]))
        for policy, agreement in verdicts.items():
            differences = compare(before.root, after.root, policy)
            ours = not any(one.rule.breaks(policy) for one in differences)
            agreement.count(case["name"], ours, case[f"compatible_{policy.lower()}"])
    yield lists
    yield from verdicts.values()


SECTIONS: list[Callable[[Path], Iterator[Agreement]]] = [confluent, house, openapi, json_schema]


def _verdict(compatible: bool) -> str:
    return "safe" if compatible else "breaking"


def _confluent_verdicts(name: str, folder: Path) -> Iterator[Agreement]:
    for direction in (Level.BACKWARD, Level.FORWARD):
        agreement = Agreement(f"{name}: Confluent {direction}")
        for case, before, after in _pairs(folder / f"{name}.jsonl"):
            theirs = case["verdicts"].get(f"confluent_{direction.lower()}")
            if theirs is not None:
                agreement.count(case["name"], check([before], after, level=direction).compatible, theirs)
        yield agreement


def _buf_verdicts(name: str, folder: Path) -> Iterator[Agreement]:
    categories = (Category.WIRE, Category.WIRE_JSON, Category.PACKAGE, Category.FILE)
    agreements = {category: Agreement(f"{name}: buf {category}") for category in categories}
    rules = Agreement(f"{name}: ids of buf's rules")
    for case, before, after in _pairs(folder / f"{name}.jsonl"):
        if case["verdicts"].get("buf_wire") is None:
            continue
        report = check([before], after, level=Level.FULL, mode=Mode.HOUSE, categories=categories, targets={case["main_path"]})
        for category, agreement in agreements.items():
            refused = any(category in finding.categories for finding in report.breaking)
            agreement.count(case["name"], not refused, case["verdicts"][f"buf_{category.lower()}"])
        rules.count(case["name"], sorted({finding.id for finding in report.breaking}), sorted(case["buf_rules"]))
    yield from agreements.values()
    yield rules


def _pairs(path: Path) -> Iterator[tuple[Case, Schema, Schema]]:
    """Yield the cases both of whose sides compile: one of Karapace's has a field number 0, which only Karapace takes."""
    for case in _cases(path):
        try:
            yield case, _schema(case, "before"), _schema(case, "after")
        except InvalidProto:
            continue


def _cases(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _schema(case: Case, side: str) -> Schema:
    references = case.get(f"{side}_refs") or []
    texts = {one["name"]: one["text"] for one in references}
    metadata = (case.get(f"{side}_metadata") or {}).get("properties")
    known = {one["name"]: Reference(one["subject"], one["version"]) for one in references}
    compiled = compile_proto(case[side], texts, name=case["main_path"])
    return Schema.compiled(compiled, references=known, metadata=metadata)


def main() -> int:
    """Print the agreement on every corpus, disagreements named. Exit status 2 when there are no corpora."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else corpora_beside(Path.cwd())
    if folder is None or not folder.is_dir():
        sys.stderr.write("There are no corpora: name their folder.\n")
        return 2
    for section in SECTIONS:
        for agreement in section(folder):
            sys.stdout.write(f"{agreement}\n")
            sys.stdout.writelines(f"       {line}\n" for line in agreement.disagreements)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
