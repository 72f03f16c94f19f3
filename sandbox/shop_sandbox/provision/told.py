"""What only the emulator knows (the id of a user pool that it made): kept beside the data, and told to services as variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

Variables = dict[str, dict[str, str]]
"""By service, its variables."""


def told(file: Path, service: str) -> dict[str, str]:
    """Return the variables of a service; none where nothing is kept."""
    return _read(file).get(service, {})


def tell(file: Path, found: Mapping[str, Mapping[str, str]]) -> None:
    """Keep the variables of the services in `found`; those of others stay."""
    kept = _read(file) | {service: dict(variables) for service, variables in found.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(kept))
    draft.replace(file)


def _read(file: Path) -> Variables:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Variables)
    except (FileNotFoundError, msgspec.DecodeError):
        return {}  # provisioning asks the emulator anew, and writes it
