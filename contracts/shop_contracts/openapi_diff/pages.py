"""The rules as a page: `python -m shop_contracts.openapi_diff.pages > docs/reference/openapi-rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from shop_contracts.openapi_diff.rules import FAMILIES, RULES, Level, Rule

_INTRODUCTION = """\
`shop-dev contracts diff OLD.yaml NEW.yaml` says what a new version breaks. Requests may only widen: what was accepted stays
accepted. Responses may only narrow: nothing comes that was ruled out before. An error breaks clients of the old version and
ends with status 1; a warning may, and ends so with `--strict` only.

Ids are those of [oasdiff](https://github.com/oasdiff/oasdiff) where it has the rule; the others, marked `own`, say the same
of places it does not look at. [conformance.md](conformance.md#openapi) says how far the verdicts agree.

""".splitlines()


def rules_page() -> str:
    """Return the page in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("<!-- Made by `just reference`; do not edit. -->", "# OpenAPI rules", "")
    yield from _INTRODUCTION
    yield f"{len({rule.id for rule in RULES})} rules."
    for family, rules in FAMILIES.items():
        yield from ("", f"## {family}", "", "| rule | level | what breaks |", "|---|---|---|")
        for rule in _by_id(rules):
            yield f"| `{rule.id}` | {rule.level}{', own' if rule.own else ''} | {rule.purpose.replace('|', chr(92) + '|')} |"


def _by_id(rules: Iterable[Rule]) -> list[Rule]:
    """Return one rule for each id: some ids stand for several changes, told by the one at error level that comes first."""
    found: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda one: (one.id, one.level is not Level.ERROR)):
        found.setdefault(rule.id, rule)
    return list(found.values())


if __name__ == "__main__":
    sys.stdout.write(rules_page())
