"""A registry's holdings as a folder: one file a version, so that a second export goes on and git shows what changed.

registry.json                   what holds for all: source, config, mode, contexts
subjects/<subject>/subject.json the subject's config and mode
subjects/<subject>/<n>.json     a version, as it is registered
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shop_dev.errors import CliCode, ShopDevError
from shop_dev.registry_transfer.model import Holdings, StoredVersion

_FORM = 1
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Written:
    """What an export did to the folder, in files."""

    new: int
    unchanged: int
    removed: int


def write_folder(holdings: Holdings, folder: Path) -> Written:
    """Bring the folder up to date with the registry; files that are right already stay. Raises ShopDevError (path_unusable)."""
    _check_ours(folder, holdings.source)
    try:
        return _write(holdings, folder)
    except OSError as error:
        raise ShopDevError(
            CliCode.PATH_UNUSABLE, f"{folder} cannot be written: {error}.", actions=("Name another folder.",)
        ) from error


def _write(holdings: Holdings, folder: Path) -> Written:
    # Marked as unfinished while it is: an import must not take half of a registry for the whole of it.
    _put(folder / "registry.json", _head(holdings, complete=False))
    wanted = dict(_files(holdings))
    new = sum(_put(folder / name, content) for name, content in wanted.items())
    gone = [file for file in folder.glob("subjects/*/*.json") if str(file.relative_to(folder)) not in wanted]
    for file in gone:
        file.unlink()
    for each in folder.glob("subjects/*"):
        if not any(each.iterdir()):
            each.rmdir()
    _put(folder / "registry.json", _head(holdings, complete=True))
    return Written(new, len(wanted) - new, len(gone))


def read_folder(folder: Path) -> Holdings:
    """Read what `write_folder` wrote. Raises ShopDevError (path_unusable)."""
    try:
        head = _read(folder / "registry.json")
        if head["form"] != _FORM or not head["complete"]:
            raise _unusable(folder, "its export was broken off" if head["form"] == _FORM else "another release wrote it")
        subjects = [_read(file) for file in sorted(folder.glob("subjects/*/subject.json"))]
        entities = [_read(file) for file in folder.glob("subjects/*/*.json") if file.name != "subject.json"]
        versions = [StoredVersion(each["subject"], each["version"], each["id"], each["body"], each["deleted"]) for each in entities]
        scopes = [*subjects, *({"subject": f":{name}:", **own} for name, own in head["contexts"].items())]
    except OSError as error:
        raise _unusable(folder, f"{error.filename} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(folder, f"a file is not as it was written: {error!r}") from error
    return Holdings(
        source=str(folder),
        versions={version.key: version for version in sorted(versions, key=lambda version: version.key)},
        configs={each["subject"]: each["config"] for each in scopes if each["config"]},
        modes={each["subject"]: each["mode"] for each in scopes if each["mode"]},
        default_config=head["config"],
        default_mode=head["mode"],
    )


def _head(holdings: Holdings, *, complete: bool) -> dict[str, Any]:
    contexts = sorted({scope for scope in (*holdings.configs, *holdings.modes) if scope.endswith(":") and scope.startswith(":.")})
    return {
        "form": _FORM,
        "source": holdings.source,
        "complete": complete,
        "config": holdings.default_config,
        "mode": holdings.default_mode,
        "contexts": {
            scope.strip(":"): {"config": holdings.configs.get(scope, {}), "mode": holdings.modes.get(scope)} for scope in contexts
        },
    }


def _files(holdings: Holdings) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for subject in holdings.subjects:
        own = {"subject": subject, "config": holdings.configs.get(subject, {}), "mode": holdings.modes.get(subject)}
        yield f"subjects/{_file_name(subject)}/subject.json", own
    for version in holdings.versions.values():
        entity = {
            "subject": version.subject,
            "version": version.version,
            "id": version.id,
            "deleted": version.deleted,
            "body": version.body,
        }
        yield f"subjects/{_file_name(version.subject)}/{version.version}.json", entity


def _file_name(subject: str) -> str:
    """Return a name that any file system takes. Only the file's content says which subject it is.

    Beside a capital letter stands a digest: some file systems do not tell `Orders` from `orders`.
    """
    name = quote(subject, safe="").replace(".", "%2E") if subject.startswith(".") else quote(subject, safe="")
    if len(name) <= _LONGEST_NAME and name == name.lower():
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(subject.encode()).hexdigest()[:12]}"


def _put(file: Path, content: Mapping[str, Any]) -> bool:
    """Write a file whole or not at all; False where it is as it should be."""
    text = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if file.is_file() and file.read_bytes() == text.encode():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".part")
    half.write_bytes(text.encode())
    half.replace(file)
    return True


def _read(file: Path) -> dict[str, Any]:
    found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{file} holds no object")  # noqa: TRY004 - a fault of the file, as any other of its content
    return found


def _check_ours(folder: Path, source: str) -> None:
    """Never write into, or remove from, a folder that is something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        known = _read(folder / "registry.json").get("source")
    except (OSError, ValueError):
        raise _unusable(folder, "there is something in it, and no export of a registry", "Name a new folder.") from None
    if known != source:
        raise _unusable(folder, f"it is an export of {known}", "Name a folder for each registry.")


def _unusable(folder: Path, why: str, *actions: str) -> ShopDevError:
    return ShopDevError(
        CliCode.PATH_UNUSABLE,
        f"{folder} cannot be used: {why}.",
        actions=actions or (f"Export once more: shop-dev registry export {folder}.",),
    )
