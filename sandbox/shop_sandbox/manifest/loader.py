"""Loading every manifest of a checkout, or refusing them with all that is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shop_sandbox.manifest.crosscheck import cross_faults
from shop_sandbox.manifest.document import Document, NotPlainYaml, Plain, read_document
from shop_sandbox.manifest.faults import Fault, dotted, manifest_invalid
from shop_sandbox.manifest.form import Service


@dataclass(frozen=True)
class Manifest:
    """One service, and the file that says so. `file` is absolute; `name` is the file relative to the checkout, for messages."""

    file: Path
    name: str
    service: Service

    @property
    def folder(self) -> Path:
        return self.file.parent


@dataclass(frozen=True)
class Reading:
    """What could be read of a file. `service` is None where it has faults; `document` is None where it is no plain YAML."""

    file: Path
    name: str
    document: Document | None
    service: Service | None
    faults: tuple[Fault, ...]


def load_manifests(checkout: Path, service_globs: Sequence[str]) -> tuple[Manifest, ...]:
    """Load the manifests that the globs (relative to the checkout) find, ordered by service name.

    Raises SandboxError(MANIFEST_INVALID) with the faults of all manifests at once.
    """
    readings = read_manifests(checkout, service_globs)
    faults = [fault for reading in readings for fault in reading.faults]
    faults += cross_faults(checkout, readings)
    if faults:
        raise manifest_invalid(faults)
    manifests = [Manifest(reading.file, reading.name, reading.service) for reading in readings if reading.service]
    return tuple(sorted(manifests, key=lambda manifest: manifest.service.service))


def read_manifests(checkout: Path, service_globs: Sequence[str]) -> list[Reading]:
    """Read each manifest by itself, faults and all. Whether they fit together is `load_manifests`' to say."""
    return [_read(file, _relative(file, checkout)) for file in manifest_files(checkout, service_globs)]


def manifest_files(checkout: Path, service_globs: Iterable[str]) -> list[Path]:
    """The files that the globs find, each once, in a stable order. Raises SandboxError(MANIFEST_INVALID) for what is no glob."""
    found: set[Path] = set()
    for pattern in service_globs:
        try:
            found.update(file for file in checkout.glob(pattern) if file.is_file())
        except (ValueError, NotImplementedError) as error:
            hint = "globs are relative to the root of the checkout, as in `services/*/service.yaml`"
            raise manifest_invalid(
                [Fault("pyproject.toml", 1, 1, "tool.shop-dev.services", f"{pattern!r} is no glob", hint)]
            ) from error
    return sorted(found)


def _relative(file: Path, checkout: Path) -> str:
    return Path(os.path.relpath(file, checkout)).as_posix()


def _read(file: Path, name: str) -> Reading:
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        return Reading(file, name, None, None, (Fault(name, 1, 1, "", f"the file {reason}", ""),))
    try:
        document = read_document(text)
    except NotPlainYaml as error:
        return Reading(file, name, None, None, (Fault(name, error.line, error.column, "", error.message, error.hint),))
    faults = [
        Fault(name, *place, dotted(path), "stands twice in one mapping", "keep one of the two")
        for path, place in document.duplicates
    ]
    service = None
    try:
        service = msgspec.convert(document.data, Service)
        faults += _odd_runtime(name, document, service)
    except msgspec.ValidationError as error:
        faults += _schema_faults(name, document, str(error))
    return Reading(file, name, document, None if faults else service, tuple(faults))


def _odd_runtime(name: str, document: Document, service: Service) -> list[Fault]:
    """Return the one rule of the schema that its types cannot say."""
    if (service.runtime.python is None) != (service.runtime.command is None):
        return []
    return _schema_faults(name, document, "exactly one of 'python' and 'command' is given")


def _schema_faults(name: str, document: Document, reason: str) -> list[Fault]:
    from shop_sandbox.manifest.schema import broken_rules  # only for a manifest that is known to be wrong

    faults = [
        Fault(name, *document.place(path), dotted(path), message, hint) for path, message, hint in broken_rules(document.data)
    ]
    return faults or [Fault(name, 1, 1, "", reason, "")]


__all__ = ["Manifest", "Plain", "Reading", "load_manifests", "manifest_files", "read_manifests"]
