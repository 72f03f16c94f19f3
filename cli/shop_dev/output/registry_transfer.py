"""How an export and an import of a registry are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from shop_dev.registry_transfer.folder import Written
from shop_dev.registry_transfer.model import Holdings, StoredVersion
from shop_dev.registry_transfer.planning import Setting
from shop_dev.registry_transfer.transfer import Imported

_SHOWN = 20
"""Lines of a kind that people are shown; scripts get all."""


def export_data(holdings: Holdings, written: Written, folder: Path) -> dict[str, object]:
    """Return what was exported, for scripts."""
    return {
        "source": holdings.source,
        "folder": str(folder),
        "subjects": len(holdings.subjects),
        "versions": len(holdings.versions),
        "deletedVersions": sum(version.deleted for version in holdings.versions.values()),
        "filesWritten": written.new,
        "filesUnchanged": written.unchanged,
        "filesRemoved": written.removed,
    }


def export_text(holdings: Holdings, written: Written, folder: Path) -> str:
    """Return it in two sentences."""
    held = f"{len(holdings.versions)} versions of {len(holdings.subjects)} subjects"
    files = f"{written.new} files written, {written.unchanged} as they were, {written.removed} removed"
    return f"{holdings.source} holds {held}. In {folder}: {files}."


def import_data(imported: Imported) -> dict[str, object]:
    """Return what differed and what was done, for scripts."""
    plan, carried = imported.plan, imported.carried
    return {
        "source": imported.source.source,
        "target": imported.target,
        "written": carried is not None,
        "present": plan.present,
        "register": [_version(version) for stage in plan.register for version in stage],
        "delete": [_version(version) for version in plan.delete],
        "configs": [_setting(setting) for setting in plan.configs],
        "modes": [_setting(setting) for setting in plan.modes],
        "conflicts": [
            {"subject": each.subject, "version": each.version, "kind": each.kind, "message": each.message}
            for each in plan.conflicts
        ],
        "onlyInTarget": [{"subject": subject, "version": version} for subject, version in plan.only_here],
        "defaultsThatDiffer": [_setting(setting) for setting in plan.left],
        "registered": carried.registered if carried else 0,
        "deleted": carried.deleted if carried else 0,
        "settingsMoved": carried.settings if carried else 0,
        "refused": carried.refused if carried else [],
    }


def import_text(imported: Imported) -> str:
    """Return what differs, most serious first, and what was done."""
    plan, carried = imported.plan, imported.carried
    coming = [version for stage in plan.register for version in stage]
    lines = [f"{imported.source.source} to {imported.target}: {plan.present} versions are there already."]
    lines += _listed("cannot come", [each.message for each in plan.conflicts])
    if carried is None:
        lines += _listed("to register", map(_told, coming))
        lines += _listed("to delete, as they are there", map(_told, plan.delete))
    else:
        lines.append(
            f"{carried.registered} versions registered, {carried.deleted} deleted as there, {carried.settings} settings moved."
        )
        lines += _listed("refused", carried.refused)
    if carried is None or carried.refused:
        lines += _listed("configs that differ", map(_difference, plan.configs))
        lines += _listed("modes that differ", map(_difference, plan.modes))
    lines += _listed("defaults that differ and stay (--defaults moves them)", map(_difference, plan.left))
    lines += _listed("only in the target, and stay", [f"version {number} of {subject}" for subject, number in plan.only_here])
    if plan.is_empty and not plan.conflicts:
        lines.append("Nothing is to be done.")
    return "\n".join(lines)


def _version(version: StoredVersion) -> dict[str, object]:
    return {"subject": version.subject, "version": version.version, "id": version.id, "deleted": version.deleted}


def _setting(setting: Setting) -> dict[str, object]:
    return {"scope": setting.scope, "source": setting.there, "target": setting.here}


def _told(version: StoredVersion) -> str:
    return f"version {version.version} of {version.subject}, id {version.id}"


def _difference(setting: Setting) -> str:
    return f"{setting.scope or 'the whole registry'}: {setting.there or 'none'} there, {setting.here or 'none'} here"


def _listed(what: str, entries: Iterable[str]) -> Sequence[str]:
    found = list(entries)
    if not found:
        return []
    more = [f"  … and {len(found) - _SHOWN} more; --json names them"] if len(found) > _SHOWN else []
    return [f"{what} ({len(found)}):", *(f"  {entry}" for entry in islice(found, _SHOWN)), *more]
