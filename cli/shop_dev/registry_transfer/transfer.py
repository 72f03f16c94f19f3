"""Export and import as a whole: the ends opened, compared, and brought to the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shop_dev.registry_transfer.carrying import Carried, carry_out
from shop_dev.registry_transfer.client import RegistryAddress, RegistryClient, subject_path
from shop_dev.registry_transfer.folder import Written, read_folder, write_folder
from shop_dev.registry_transfer.model import Holdings, StoredVersion
from shop_dev.registry_transfer.planning import Plan, plan
from shop_dev.registry_transfer.reading import read_registry


@dataclass(frozen=True)
class Imported:
    """What differed, and what was done about it: nothing with conflicts, or where only a preview was asked for."""

    source: Holdings
    target: str
    plan: Plan
    carried: Carried | None = None


def export_to(folder: Path, address: RegistryAddress) -> tuple[Holdings, Written]:
    """Write all that the registry holds into a folder. Raises ShopDevError (registry_unusable, path_unusable)."""
    with RegistryClient(address) as client:
        holdings = read_registry(client)
    return holdings, write_folder(holdings, folder)


def import_from(source: RegistryAddress | Path, target: RegistryAddress, *, preview: bool, with_defaults: bool) -> Imported:
    """Bring what the source holds into the target.

    Raises ShopDevError (registry_unusable, path_unusable, registry_import_incomplete).
    """
    there = _read(source)
    with RegistryClient(target) as client:
        here = read_registry(client)

        def is_same(wanted: StoredVersion, held: StoredVersion) -> bool:
            told = client.post(subject_path("subjects", held.subject), wanted.body, deleted="true")
            # Some registries look in other contexts too, where the same number may stand for another schema.
            return told.is_done and (told.body.get("subject"), told.body.get("id")) == (held.subject, held.id)

        decided = plan(there, here, is_same=is_same, with_defaults=with_defaults)
        if preview or decided.conflicts or decided.is_empty:
            return Imported(there, target.url, decided)
        return Imported(there, target.url, decided, carry_out(decided, client, here.modes))


def _read(source: RegistryAddress | Path) -> Holdings:
    if isinstance(source, Path):
        return read_folder(source)
    with RegistryClient(source) as client:
        return read_registry(client)
