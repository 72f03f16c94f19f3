"""Topics of other repositories, by the contracts that these have released."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shop_sandbox.manifest.form import ConsumedTopic, ProducedTopic

_HISTORY = "history.json"


class _Version(msgspec.Struct):
    version: int
    main: str
    message: str = ""


class _History(msgspec.Struct):
    versions: list[_Version]


def released_schema(root: Path, topic: ConsumedTopic) -> tuple[Path, ProducedTopic] | None:
    """Return the newest version of a topic's contract as its producer would declare it, and what its path is relative to.

    None where the folder that the manifest names has no such contract. `root` is what that folder is relative to.
    """
    home = root / (topic.released_in or "") / f"{topic.name}-value"
    try:
        versions = msgspec.json.decode((home / _HISTORY).read_bytes(), type=_History).versions
    except (OSError, msgspec.DecodeError):
        return None
    if not versions:
        return None
    newest = versions[-1]
    declared = ProducedTopic(name=topic.name, schema=newest.main, message=newest.message or None)
    return home / str(newest.version), declared
