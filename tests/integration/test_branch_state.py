"""`branch-state = true`: each git branch finds its own stores, and what is gone can be removed, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shop_sandbox.paths import default_cache_root

pytestmark = pytest.mark.integration

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")
SERVICE = """
schemaVersion: 1
service: clerk
summary: Keeps something
owner: nobody
runtime:
  command: [sleep, "1000"]
  health: { kind: none }
needs:
  databases: [{ name: clerk, migrations: migrations }]
"""


class Repository:
    """A repository under git, with a service that has a database."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "SHOP_CACHE_DIR": os.environ.get("SHOP_TEST_CACHE") or str(default_cache_root(dict(os.environ))),
            "XDG_STATE_HOME": str(root.parent / "state"),
        }
        (root / "services/clerk/migrations").mkdir(parents=True)
        (root / "services/clerk/service.yaml").write_text(SERVICE, encoding="utf-8")
        (root / "services/clerk/migrations/0001_first.sql").write_text("CREATE TABLE first (id int);", encoding="utf-8")
        (root / "shop-dev.toml").write_text('services = ["services/*/service.yaml"]\nbranch-state = true\n', encoding="utf-8")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("Begin")

    def git(self, *words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid")
        subprocess.run(["git", *identity, *words], cwd=self.root, check=True, capture_output=True)

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def says(self, *words: str) -> Any:
        document = self.document(*words)
        assert document["error"] is None, document
        return document["data"]

    def document(self, *words: str) -> dict[str, Any]:
        command = [sys.executable, "-P", "-m", "shop_dev", *words, "--json"]
        done = subprocess.run(
            command, cwd=self.root, env=self._environment, capture_output=True, text=True, check=False, timeout=150
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def tables(self) -> list[str]:
        return [one["name"] for one in self.says("tables")["tables"] if one["name"] != "schema_migrations"]


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    (tmp_path / "repository").mkdir()
    repository = Repository(tmp_path / "repository")
    yield repository
    repository.document("down", "--all", "--purge")


def test_each_branch_finds_its_own_state_and_what_is_gone_is_removed(repository: Repository) -> None:
    repository.says("up")
    assert repository.tables() == ["first"]

    repository.git("switch", "--quiet", "--create", "feature/Gift")
    (repository.root / "services/clerk/migrations/0002_gift.sql").write_text("CREATE TABLE gift (id int);", encoding="utf-8")
    repository.commit("Gift")
    waits = repository.document("status")["error"]
    started = repository.says("up")

    assert waits["code"] == "not_running"
    assert started["name"].startswith("branch-feature-gift-")
    assert repository.says("status")["branch"] == "feature/Gift"
    assert [one["branch"] for one in repository.says("ls")["sandboxes"]] == ["feature/Gift"]  # that of main was stopped
    assert sorted(repository.tables()) == ["first", "gift"]  # it began empty, with its own migrations

    repository.git("switch", "--quiet", "main")
    assert repository.says("up")["name"] == "branch-main"
    assert repository.tables() == ["first"]  # no migration of the other branch was ever seen here

    repository.git("branch", "--quiet", "-D", "feature/Gift")
    (told,) = repository.document("up")["warnings"]
    assert told.startswith("Branch feature/Gift is gone, and its data is kept: `shop-dev down --purge --name branch-feature-gift-")
    assert repository.says("down", "--purge", "--gone-branches")["removed"] == ["feature/Gift"]
    assert repository.document("up")["warnings"] == []
    assert repository.tables() == ["first"]
