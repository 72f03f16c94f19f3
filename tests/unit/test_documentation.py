"""What holds for the documentation as a whole: every link leads somewhere, and every page is found from its index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
PAGES = sorted((*CHECKOUT.glob("*.md"), *DOCS.rglob("*.md")))
DECISIONS = sorted(DOCS.glob("adr/[0-9]*.md"))

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
_SHOWN_FILE = re.compile(r"^`([\w./-]+)`:\n\n```", re.MULTILINE)
_PATH = re.compile(r"`((?:cli|sandbox|services/shop_\w+|contracts/shop_contracts|loadtests|tests|docs|\.ci)/[\w./-]+)`")
_HEADING = re.compile(r"^#+ +(.*?)\s*$", re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def _prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def _links(page: Path) -> list[tuple[str, str]]:
    """Give target and anchor of each link; what looks like one within code (a regular expression) is none."""
    return _LINK.findall(_CODE.sub("", _prose(page)))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them: lower case, punctuation gone, spaces to hyphens."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(_prose(page)))
    return {text.replace(" ", "-") for text in words}


def _linked_from(index: Path) -> set[Path]:
    return {(index.parent / target).resolve() for target, _ in _links(index) if target}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    broken = []
    for target, anchor in _links(page):
        goal = (page.parent / target).resolve() if target else page
        if not goal.exists() or (anchor and anchor not in _anchors(goal)):
            broken.append(f"{target}#{anchor}" if anchor else target)

    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page not in DECISIONS], ids=_name)
def test_every_path_of_the_repository_that_is_named_exists(page: Path) -> None:
    made_by_the_reader = set(_SHOWN_FILE.findall(page.read_text(encoding="utf-8")))

    named = set(_PATH.findall(_prose(page))) - made_by_the_reader
    assert [path for path in sorted(named) if not (CHECKOUT / path).exists()] == []


def test_every_page_is_found_from_the_entrance() -> None:
    entrance = _linked_from(DOCS / "README.md") | _linked_from(DOCS / "adr" / "README.md")

    hidden = {page for page in DOCS.rglob("*.md") if page.name != "README.md"} - entrance

    assert sorted(_name(page) for page in hidden) == []


def test_decisions_are_numbered_without_gaps_and_listed_under_their_titles() -> None:
    index = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")

    lines = []
    for number, page in enumerate(DECISIONS, start=1):
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# {number}. ")
        lines.append(f"- [{number:04}]({page.name}) {title}")

    assert [page.name[:5] for page in DECISIONS] == [f"{number:04}-" for number in range(1, len(DECISIONS) + 1)]
    assert [line for line in index.splitlines() if line.startswith("- ")] == lines


@pytest.mark.parametrize("page", DECISIONS, ids=_name)
def test_a_decision_has_a_date_its_forces_the_choice_and_what_it_costs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)

    assert re.search(r"^Date: \d{4}-\d{2}-\d{2}\. Status: (accepted|replaced by \d{4})\.$", text, re.MULTILINE)
    assert headings[:2] == ["Forces", "Choice"]
    assert headings[-1] == "What it costs"
