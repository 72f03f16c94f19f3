"""Images that are the same bit by bit: what a daemon saved, at another time and on another machine, becomes one archive."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from shop_sandbox.engines.docker.reproducible import Named, rewrite
from shop_sandbox.evidence import last_change

EPOCH = 1_700_000_000
ORDERS = Named(["shop-dev/orders:1"], {"org.opencontainers.image.title": "orders"})
CART = Named(["shop-dev/cart:1"], {"org.opencontainers.image.title": "cart"})


def layer(names: list[str], *, mtime: float, owner: str = "root") -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.uname, entry.mode = mtime, owner, 0o640
            entry.pax_headers = {"SCHILY.xattr.security.capability": "kept"}
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))
        link = tarfile.TarInfo("a-link")
        link.type, link.linkname, link.mtime = tarfile.LNKTYPE, names[0], mtime
        archive.addfile(link)
    return written.getvalue()


def saved(content: bytes, **machine: Any) -> io.BytesIO:
    """What `docker save` gives for an image of one layer, built on a machine."""
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "created": machine["created"],
        "container": machine["container"],
        "config": {"User": "10001:10001", "Hostname": machine["container"], "Labels": {"title": "platform", "inputs": "1"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]},
    }
    files = {
        "manifest.json": json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": ["l/layer.tar"]}]).encode(),
        "c.json": json.dumps(configuration).encode(),
        "l/layer.tar": content,
    }
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, each in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(each)
            archive.addfile(entry, io.BytesIO(each))
    written.seek(0)
    return written


def made(tmp_path: Path, name: str, image: io.BytesIO) -> bytes:
    (tmp_path / name).mkdir()
    return rewrite(image, [ORDERS, CART], epoch=EPOCH, into=tmp_path / name).read_bytes()


def inside(archive: bytes) -> Mapping[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {one.name: opened.extractfile(one).read() for one in opened.getmembers()}  # type: ignore[union-attr]


def test_two_builds_of_the_same_are_the_same_archive(tmp_path: Path) -> None:
    first = saved(layer(["b", "c"], mtime=1.5), created="2026-01-01T00:00:00Z", container="one")
    second = saved(layer(["b", "c"], mtime=99.25, owner="builder"), created="2026-02-02T00:00:00Z", container="two")

    assert first.getvalue() != second.getvalue()
    assert made(tmp_path, "first", first) == made(tmp_path, "second", second)


def test_the_order_in_which_files_were_written_tells_nothing(tmp_path: Path) -> None:
    def without_link(names: list[str]) -> bytes:
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w") as archive:
            for name in names:
                archive.addfile(tarfile.TarInfo(name))
        return written.getvalue()

    first, second = (saved(without_link(names), created="", container="") for names in (["b", "c"], ["c", "b"]))
    assert made(tmp_path, "first", first) == made(tmp_path, "second", second)


def test_another_content_is_another_image(tmp_path: Path) -> None:
    one = inside(made(tmp_path, "one", saved(layer(["b"], mtime=1), created="", container="")))
    other = inside(made(tmp_path, "other", saved(layer(["d"], mtime=1), created="", container="")))
    assert json.loads(one["manifest.json"])[0]["Config"] != json.loads(other["manifest.json"])[0]["Config"]


def test_all_images_share_their_layers_and_have_labels_of_their_own(tmp_path: Path) -> None:
    files = inside(made(tmp_path, "one", saved(layer(["b"], mtime=1), created="", container="")))
    orders, cart = json.loads(files["manifest.json"])

    assert orders["Layers"] == cart["Layers"]
    assert (orders["RepoTags"], cart["RepoTags"]) == (["shop-dev/orders:1"], ["shop-dev/cart:1"])
    configuration = json.loads(files[orders["Config"]])
    assert configuration["config"]["Labels"]["org.opencontainers.image.title"] == "orders"
    assert configuration["config"]["Labels"]["inputs"] == "1"
    assert configuration["config"]["User"] == "10001:10001"
    assert configuration["created"] == "2023-11-14T22:13:20Z"
    assert "Hostname" not in configuration["config"]


def test_a_file_keeps_its_rights_and_a_link_comes_behind_what_it_leads_to(tmp_path: Path) -> None:
    files = inside(made(tmp_path, "one", saved(layer(["b", "c"], mtime=1), created="", container="")))
    (name,) = json.loads(files["manifest.json"])[0]["Layers"]
    with tarfile.open(fileobj=io.BytesIO(files[name])) as opened:
        members = opened.getmembers()
        assert [one.name for one in members] == ["b", "c", "a-link"]
        assert members[0].mode == 0o640
        assert members[0].mtime == EPOCH
        assert members[0].pax_headers == {"SCHILY.xattr.security.capability": "kept"}


def test_the_commit_of_an_image_is_the_last_that_changed_what_goes_into_it(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "in").write_text("1")
    git("add", ".")
    git("commit", "-qm", "a change of the inputs")
    changed = git("rev-parse", "HEAD")
    (tmp_path / "out").write_text("1")
    git("add", ".")
    git("commit", "-qm", "something else")

    assert last_change(tmp_path, ["in"]).commit == changed
    (tmp_path / "in").write_text("2")
    assert last_change(tmp_path, ["in"]).commit == f"{changed}+"


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    assert (last_change(tmp_path, ["in"]).commit, last_change(tmp_path, ["in"]).seconds) == ("unknown", 0)
