"""Images that are the same bit by bit wherever they are built: of one that a daemon has saved, without its times and their order.

A builder writes into an image when it made it and each file of it, so the same inputs give another digest each time. Here every
time is that of the last change to the inputs (https://reproducible-builds.org/docs/source-date-epoch/), files of a layer are in the
order of their names, and what tells of the machine that built is left out.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

_CONFIGURED = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "StopSignal", "User", "Volumes", "WorkingDir")
_KEPT_HEADERS = "SCHILY.xattr."
"""Extended attributes of a file (capabilities); other headers hold times."""


@dataclass(frozen=True)
class Named:
    """An image to be made of the saved one: all its tags, and the labels that are its own."""

    tags: Sequence[str]
    labels: Mapping[str, str]


def rewrite(saved: IO[bytes], images: Sequence[Named], *, epoch: int, into: Path) -> Path:
    """Write an archive for `docker load` with these images, which share all layers; `into` is a folder for the work.

    `saved` is what `docker save` gave for one image, and can be sought in.
    """
    with tarfile.open(fileobj=saved) as archive:
        (described,) = json.load(_member(archive, "manifest.json"))
        configuration = json.load(_member(archive, described["Config"]))
        layers = [_layer(_member(archive, name), epoch, into / f"{number}.tar") for number, name in enumerate(described["Layers"])]
    written = into / "images.tar"
    manifest = []
    with tarfile.open(written, "w") as out:
        names = [f"{digest}/layer.tar" for digest in layers]
        for number, name in enumerate(names):
            if name not in names[:number]:
                with (into / f"{number}.tar").open("rb") as layer:
                    _add(out, name, layer, (into / f"{number}.tar").stat().st_size)
        for image in images:
            content = _configuration(configuration, layers, image.labels, epoch)
            name = f"{hashlib.sha256(content).hexdigest()}.json"
            _add(out, name, io.BytesIO(content), len(content))
            manifest.append({"Config": name, "RepoTags": [*image.tags], "Layers": names})
        told = json.dumps(manifest).encode()
        _add(out, "manifest.json", io.BytesIO(told), len(told))
    return written


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file of the saved image")
    return found


def _layer(content: IO[bytes], epoch: int, written: Path) -> str:
    """Write a layer anew, and return the digest of it. A hard link comes behind what it leads to."""
    with tarfile.open(fileobj=content) as layer, tarfile.open(written, "w", format=tarfile.PAX_FORMAT) as out:
        for member in sorted(layer.getmembers(), key=lambda one: (one.islnk(), one.name)):
            member.mtime, member.uname, member.gname = epoch, "", ""
            member.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith(_KEPT_HEADERS)}
            out.addfile(member, layer.extractfile(member) if member.isreg() else None)
    with written.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _configuration(built: Mapping[str, Any], layers: Sequence[str], labels: Mapping[str, str], epoch: int) -> bytes:
    when = datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z")
    own = {key: built["config"][key] for key in _CONFIGURED if built["config"].get(key)}
    document = {
        "architecture": built["architecture"],
        "config": {**own, "Labels": {**(built["config"].get("Labels") or {}), **labels}},
        "created": when,
        "history": [{"created": when, "created_by": "shop-dev build"} for _ in layers],
        "os": built["os"],
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    archive.addfile(entry, content)
