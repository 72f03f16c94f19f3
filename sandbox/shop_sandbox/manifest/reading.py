"""Reading manifests one by one: which files there are, and what each says."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shop_sandbox.manifest.document import Document, NotPlainYaml, read_document
from shop_sandbox.manifest.faults import Fault, dotted, manifest_invalid
from shop_sandbox.manifest.form import Runtime, Service

_ROOT_MARKS = (".git", "shop-dev.toml")
"""What marks the root of another checkout, whose paths are its own."""


@dataclass(frozen=True)
class Reading:
    """What could be read of a file. `service` is None where it has faults; `document` is None where it is no plain YAML.

    `name` is the file relative to the checkout, for messages. `root` is the checkout that its paths are relative to: that of the
    project, or the one around a manifest that lies elsewhere.
    """

    file: Path
    name: str
    root: Path
    document: Document | None
    service: Service | None
    faults: tuple[Fault, ...]


def read_manifests(checkout: Path, service_globs: Sequence[str]) -> list[Reading]:
    """Read each manifest by itself, faults and all. Whether they fit together is `load_manifests`' to say."""
    files = manifest_files(checkout, service_globs)
    return [_read(file, _relative(file, checkout), _root_of(file, checkout)) for file in files]


def manifest_files(checkout: Path, service_globs: Iterable[str]) -> list[Path]:
    """The files that the globs find, each once, in a stable order.

    A glob is relative to the checkout, may lead out of it (`../payments/service.yaml`), and may be absolute or begin with `~`: so
    services of other checkouts join. `*` stands for part of one name, `**` for any folders. Raises
    SandboxError(MANIFEST_INVALID) with every one that names a file which is not there.
    """
    found: set[Path] = set()
    faults: list[Fault] = []
    for pattern in service_globs:
        whole = checkout / Path(pattern).expanduser()
        files = [Path(os.path.normpath(name)) for name in glob.iglob(str(whole), recursive=True)]  # noqa: PTH207 - pathlib refuses absolute ones
        found.update(file for file in files if file.is_file())
        if not files and not glob.has_magic(pattern):
            faults.append(_no_such_file(pattern, whole))
        faults += [_folder_for_file(pattern, one) for one in files if one.is_dir() and one.name != "service.yaml"][:1]
    if faults:
        raise manifest_invalid(faults)
    return sorted(found)


def _no_such_file(pattern: str, whole: Path) -> Fault:
    lost = next((folder for folder in (*reversed(whole.parents), whole) if not folder.exists()), whole)
    hint = f"{os.path.normpath(lost)} is not there; correct `services` in the settings, or $SHOP_SERVICES"
    return Fault(os.path.normpath(pattern), 1, 1, "", "the settings name this manifest, and there is no such file", hint)


def _folder_for_file(pattern: str, folder: Path) -> Fault:
    hint = f"write `{Path(pattern, 'service.yaml')}` in `services`, the list of globs in the settings"
    return Fault(os.path.normpath(pattern), 1, 1, "", f"finds the folder {folder.name!r}, and a manifest is a file", hint)


def _root_of(file: Path, checkout: Path) -> Path:
    """Return the checkout that a manifest belongs to: the project's where it lies inside, else the nearest one."""
    if file.is_relative_to(checkout):
        return checkout
    marked = (folder for folder in file.parents if any((folder / mark).exists() for mark in _ROOT_MARKS) or _declares(folder))
    return next(marked, file.parent)


def _declares(folder: Path) -> bool:
    try:
        return "[tool.shop-dev]" in (folder / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _relative(file: Path, checkout: Path) -> str:
    return Path(os.path.relpath(file, checkout)).as_posix()


def _read(file: Path, name: str, root: Path) -> Reading:
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        return Reading(file, name, root, None, None, (Fault(name, 1, 1, "", f"the file {reason}", ""),))
    try:
        document = read_document(text)
    except NotPlainYaml as error:
        return Reading(file, name, root, None, None, (Fault(name, error.line, error.column, "", error.message, error.hint),))
    faults = [
        Fault(name, *place, dotted(path), "stands twice in one mapping", "keep one of the two")
        for path, place in document.duplicates
    ]
    service = None
    try:
        service = msgspec.convert(document.data, Service)
        faults += _odd_runtimes(name, document, service)
    except msgspec.ValidationError as error:
        faults += _schema_faults(name, document, str(error))
    return Reading(file, name, root, document, None if faults else service, tuple(faults))


def _odd_runtimes(name: str, document: Document, service: Service) -> list[Fault]:
    """Return what breaks the one rule of the schema that its types cannot say."""
    runtimes: list[Runtime | None] = [service.runtime, *(worker.runtime for worker in service.workers)]
    if all(one is None or (one.python is None) != (one.command is None) for one in runtimes):
        return []
    return _schema_faults(name, document, "exactly one of 'python' and 'command' is given")


def _schema_faults(name: str, document: Document, reason: str) -> list[Fault]:
    from shop_sandbox.manifest.schema import broken_rules  # only for a manifest that is known to be wrong

    faults = [
        Fault(name, *document.place(path), dotted(path), message, hint) for path, message, hint in broken_rules(document.data)
    ]
    return faults or [Fault(name, 1, 1, "", reason, "")]
