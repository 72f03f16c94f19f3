"""What the command line keeps about sandboxes says which form it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop_dev import joined
from shop_dev.joined import Joined
from shop_dev.project import open_project
from shop_dev.sandbox import registry
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths


@pytest.fixture
def own(tmp_path: Path) -> SandboxPaths:
    return SandboxPaths(tmp_path / "checkout", "default", tmp_path / "run")


def test_what_a_checkout_has_joined_is_kept(own: SandboxPaths, tmp_path: Path) -> None:
    other = Joined(tmp_path / "other", "default", "5e")

    joined.remember(own, other)
    kept = json.loads((own.root / "joined.json").read_bytes())
    found = joined.joined_by(own)
    joined.forget(own)

    assert kept["version"] == 1
    assert found == other
    assert joined.joined_by(own) is None


def test_a_form_of_another_version_is_not_guessed_at(own: SandboxPaths) -> None:
    own.root.mkdir(parents=True)
    (own.root / "joined.json").write_text('{"version": 2, "sandboxes": []}')

    with pytest.raises(SandboxError, match="was written by another version of shop-dev") as refused:
        joined.joined_by(own)

    assert refused.value.code is ErrorCode.WRITTEN_BY_ANOTHER_VERSION


def test_a_pointer_that_cannot_be_read_hides_no_other(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = open_project()
    project.paths.root.mkdir(parents=True)
    registry.remember(project)
    pointers = tmp_path / "state/shop-dev/sandboxes"
    [pointer] = pointers.iterdir()
    (pointers / "0-of-another-version.json").write_text('{"version": 2}')
    (pointers / "0-spoiled.json").write_text("{")

    assert json.loads(pointer.read_bytes()) == {"version": 1, "checkout": str(checkout), "name": project.settings.name}
    assert registry.running(None) == []
    assert len(list(pointers.iterdir())) == 3
