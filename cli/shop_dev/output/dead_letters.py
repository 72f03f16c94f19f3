"""How dead letters are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from shop_kit.kafka.letters import Letter

from shop_dev.dead_letters.finding import Preview
from shop_dev.output.columns import Cell, Page, columns


def topics_data(letters: Mapping[str, Sequence[Letter]]) -> dict[str, object]:
    """Return each topic of dead letters for scripts."""
    return {"topics": [{"topic": topic, **_counts(those)} for topic, those in letters.items()]}


def topics_page(letters: Mapping[str, Sequence[Letter]]) -> Page:
    """One line a topic that has letters."""
    rows = [
        (Cell(topic), Cell(str(len(those))), Cell(str(_counts(those)["sentBack"])), Cell(_causes(those)))
        for topic, those in letters.items()
        if those
    ]
    if not rows:
        return Page(((Cell("No group has dead letters."),),))
    heads = tuple(Cell(text, "dim") for text in ("TOPIC", "LETTERS", "SENT BACK", "CAUSES"))
    return Page((*columns([heads, *rows], right=frozenset({1, 2})),))


def letters_data(previews: Sequence[Preview]) -> dict[str, object]:
    """Return letters for scripts, with their content as the schema of now reads it."""
    return {"letters": [_data(preview) for preview in previews]}


def letters_page(previews: Sequence[Preview]) -> Page:
    """One line a letter, oldest first."""
    if not previews:
        return Page(((Cell("There are no dead letters."),),))
    heads = tuple(Cell(text, "dim") for text in ("ID", "DIED", "CAUSE", "TYPE", "KEY", "REASON"))
    lines = columns([heads, *map(_cells, previews)])
    return Page((*lines, *_doubts(previews)))


def letter_page(preview: Preview) -> Page:
    """Everything that is known of one letter."""
    letter = preview.letter
    facts = [
        ("id", str(letter.id)),
        ("died", _moment(letter)),
        ("cause", letter.headers.get("dlq_cause", "unknown")),
        ("reason", letter.headers.get("dlq_reason", "unknown")),
        ("attempts", letter.headers.get("dlq_attempts", "unknown")),
        ("came from", _origin(letter)),
        ("key", _key(letter)),
        ("message id", letter.headers.get("ce_id", "unknown")),
        ("type", letter.headers.get("ce_type", "unknown")),
        ("sent back", f"{letter.times_sent_back} times"),
    ]
    lines = columns([(Cell(name, "dim"), Cell(value)) for name, value in facts])
    content = json.dumps(preview.fit.content, indent=2, ensure_ascii=False) if preview.fit.content is not None else "(not readable)"
    body = [(Cell(line),) for line in content.splitlines()]
    return Page((*lines, (), *body, *_doubts([preview])))


def redrive_data(good: Sequence[Preview], kept: Sequence[Preview], *, is_sent: bool) -> dict[str, object]:
    """Return what was sent (or would be), and what stays where it is."""
    return {"sent": is_sent, "letters": [_data(one) for one in good], "kept": [_data(one) for one in kept]}


def redrive_page(topic: str, good: Sequence[Preview], kept: Sequence[Preview], *, is_sent: bool) -> Page:
    """What was sent (or would be) in a sentence, with what stays where it is and why."""
    told = "Sent back" if is_sent else "Would send back"
    lines: list[tuple[Cell, ...]] = [(Cell(f"{told} {len(good)} of {len(good) + len(kept)} letters of {topic}."),)]
    if good:
        lines += columns([_cells(preview) for preview in good])
    if kept:
        lines += [(Cell("These stay where they are (--force sends them all the same):", "yellow"),), *_doubts(kept)]
    if good and not is_sent:
        lines.append((Cell("Add --yes to send them.", "dim"),))
    return Page(tuple(lines))


def _data(preview: Preview) -> dict[str, object]:
    letter = preview.letter
    origin = letter.origin
    return {
        "id": str(letter.id),
        "topic": letter.topic,
        "diedAt": letter.died_at,
        "cause": letter.headers.get("dlq_cause"),
        "reason": letter.headers.get("dlq_reason"),
        "attempts": letter.headers.get("dlq_attempts"),
        "origin": {"topic": origin[0][0], "partition": origin[0][1], "offset": origin[1]} if origin else None,
        "key": _key(letter),
        "messageId": letter.headers.get("ce_id"),
        "type": letter.headers.get("ce_type"),
        "timesSentBack": letter.times_sent_back,
        "fits": preview.fit.fault is None,
        "laterOfItsKey": preview.later,
        "doubts": list(preview.doubts),
        "content": preview.fit.content,
    }


def _cells(preview: Preview) -> tuple[Cell, ...]:
    letter = preview.letter
    kind = letter.headers.get("ce_type", "").rpartition(".")[2]
    cause = letter.headers.get("dlq_cause", "unknown")
    return (
        Cell(str(letter.id)),
        Cell(_moment(letter), "dim"),
        Cell(cause, "red" if cause == "invalid" else "yellow"),
        Cell(kind or "unknown"),
        Cell(_key(letter)),
        Cell(letter.headers.get("dlq_reason", "unknown")[:100]),
    )


def _doubts(previews: Sequence[Preview]) -> list[tuple[Cell, ...]]:
    return [(Cell(f"{preview.letter.id}: {doubt}", "yellow"),) for preview in previews for doubt in preview.doubts]


def _counts(letters: Sequence[Letter]) -> dict[str, object]:
    causes = Counter(letter.headers.get("dlq_cause", "unknown") for letter in letters)
    return {"letters": len(letters), "sentBack": sum(letter.times_sent_back > 0 for letter in letters), "causes": dict(causes)}


def _causes(letters: Sequence[Letter]) -> str:
    causes = Counter(letter.headers.get("dlq_cause", "unknown") for letter in letters)
    return ", ".join(f"{count} {cause}" for cause, count in causes.most_common())


def _origin(letter: Letter) -> str:
    if letter.origin is None:
        return "unknown"
    (topic, partition), offset = letter.origin
    return f"{topic}, partition {partition}, offset {offset}"


def _key(letter: Letter) -> str:
    return (letter.key or b"").decode(errors="replace")


def _moment(letter: Letter) -> str:
    return datetime.fromtimestamp(letter.died_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
