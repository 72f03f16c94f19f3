"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

REGISTRY_HOSTS = re.compile(
    "|".join((r"pypi\.", r"pythonhosted", r"maven\.org", r"maven\.apache", r"npmjs", r"crates\.io", r"proxy\.golang"))
)
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(?:home/\w+|Users/\w+|work|farm)/")


@pytest.fixture(scope="module")
def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        path = CHECKOUT / name
        if path.is_file() and path != Path(__file__):
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def test_no_file_names_the_host_of_a_package_registry(tracked_texts: dict[str, str]) -> None:
    assert [name for name, text in tracked_texts.items() if REGISTRY_HOSTS.search(text)] == []


def test_no_file_holds_an_absolute_path_of_one_machine(tracked_texts: dict[str, str]) -> None:
    assert [name for name, text in tracked_texts.items() if MACHINE_PATHS.search(text)] == []


def test_every_locked_dependency_has_a_hash() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()

    entries = re.split(r"\n(?=[a-z0-9])", lock)
    pinned = [entry for entry in entries if re.match(r"[a-z0-9][\w.-]*==", entry)]

    assert pinned
    assert [entry.split("\n")[0] for entry in pinned if "--hash=sha256:" not in entry] == []
