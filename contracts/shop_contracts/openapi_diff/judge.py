"""From two versions to a report: differences are found, judged by the rules, and placed in the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from shop_contracts.openapi_diff.changes import Change, SchemaComparison, Verb
from shop_contracts.openapi_diff.compare.operations import Comparison
from shop_contracts.openapi_diff.documents import Api, Document, Node
from shop_contracts.openapi_diff.fault import InvalidOpenapi
from shop_contracts.openapi_diff.reading import Pointer, lines_of
from shop_contracts.openapi_diff.report import Finding, Location, Report
from shop_contracts.openapi_diff.rules import BY_QUESTION, CONTAINED, Level, Rule

Judged = tuple[Rule, Change]
MOST_FINDINGS = 10_000
"""How many errors, and how many warnings, a report has at most. More would say nothing that these do not."""


_MOST_SHOWN = 50
"""Values of a list that a sentence names."""


def diff(old: Api, new: Api) -> Report:
    """Return what in `new` breaks who kept to `old`. Raises InvalidOpenapi where one of them is not what it should be."""
    try:
        judged = list(_judged(Comparison(old, new).changes()))
    except RecursionError as error:
        path = new.root.document.path
        raise InvalidOpenapi(path, 0, "its schemas refer to each other too deeply", "flatten the longest chain of $ref") from error
    lines = _Lines(judged)
    found = dict.fromkeys(_finding(rule, change, lines) for rule, change in judged)
    return Report(tuple(sorted(found, key=lambda one: (one.level, one.operation, one.where, one.id, one.message))))


def _judged(differences: Iterable[Change | SchemaComparison]) -> Iterable[Judged]:
    """Yield what rules find, up to `MOST_FINDINGS` errors and as many warnings: one component may be reached in a million ways."""
    told = dict.fromkeys(Level, 0)
    for difference in differences:
        if told[Level.ERROR] >= MOST_FINDINGS:
            return
        found = _of_schemas(difference) if isinstance(difference, SchemaComparison) else _found(difference)
        for rule, change in found:
            if told[rule.level] < MOST_FINDINGS:
                told[rule.level] += 1
                yield rule, change


def _found(change: Change) -> Iterator[Judged]:
    for rule in BY_QUESTION.get((change.context.direction, change.context.place, change.aspect, change.verb), ()):
        if rule.check(change):
            yield rule, change


def _of_schemas(compared: SchemaComparison) -> list[Judged]:
    """Judge two schemas by their parts and as a whole. What is proved of the whole no rule on a part of it can refute."""
    found = [judged for change in compared.changes for judged in _found(change)]
    if compared.verdict is None:
        doubted = any(rule in CONTAINED for rule, _ in found) and compared.is_unnoticed()
        return [(rule, change) for rule, change in found if not (doubted and rule in CONTAINED)]
    is_told = any(rule.level is Level.ERROR for rule, _ in found)
    is_doubted = compared.verdict.verb is Verb.CHANGED and any(rule in CONTAINED for rule, _ in found)
    return found if is_told or is_doubted else [*found, *_found(compared.verdict)]


class _Lines:
    """Lines of what was found, read in one pass for each file."""

    def __init__(self, judged: Iterable[Judged]) -> None:
        wanted: dict[Path, tuple[Document, set[Pointer]]] = {}
        for _, change in judged:
            for node in (change.old, change.new):
                if node is not None:
                    wanted.setdefault(node.document.path, (node.document, set()))[1].add(node.pointer)
        self._lines = {path: lines_of(document.text, path, pointers) for path, (document, pointers) in wanted.items()}

    def location(self, node: Node | None) -> Location | None:
        if node is None:
            return None
        pointer = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in node.pointer)
        return Location(node.document.path, f"#{pointer}", self._lines[node.document.path][node.pointer])


def _finding(rule: Rule, change: Change, lines: _Lines) -> Finding:
    context = change.context
    where = ", ".join(part for part in (context.part, context.trail) if part)
    told = rule.sentence.format(subject=_shown(change.subject), before=_shown(change.before), after=_shown(change.after))
    operation = f"{context.method} {context.path}".strip()
    if context.is_turned:
        told = f"the server is the client here, and who receives its calls keeps to the old version. Seen from the new one: {told}"
    return Finding(
        rule.id, rule.level, operation, where, told[0].upper() + told[1:], lines.location(change.old), lines.location(change.new)
    )


def _shown(value: object) -> str:
    if not isinstance(value, list):
        text = str(value)
    elif len(value) > _MOST_SHOWN:
        text = ", ".join([*map(str, value[:_MOST_SHOWN]), f"… ({len(value):,} in all)"])
    else:
        text = ", ".join(map(str, value))
    return f"`{text}`" if text else ""
