"""The images of services: what goes into them, the form of their Dockerfile, and what a container gets at its start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shop_sandbox.credentials import credentials_in
from shop_sandbox.engines.docker.building import inputs_digest
from shop_sandbox.engines.docker.inside.run import settle
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.provision.told import tell

CHECKOUT = Path(__file__).resolve().parents[4]
PINNED = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "Dockerfile",
        ".dockerignore",
        "infra/images/requirements.lock",
        "infra/images/sbom.cdx.json",
        "infra/images/slim.py",
        "sandbox/a.py",
        "services/b.py",
        "contracts/c.proto",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_same_inputs_have_the_same_digest_wherever_they_lie(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = inputs_digest(tree)
    (tree / "sandbox" / "__pycache__").mkdir()
    (tree / "sandbox" / "__pycache__" / "a.pyc").write_text("compiled")
    (tree / "README.md").write_text("goes into no image")

    assert inputs_digest(tree) == before
    moved = tmp_path_factory.mktemp("elsewhere") / "checkout"
    tree.rename(moved)
    assert inputs_digest(moved) == before


@pytest.mark.parametrize("name", ["Dockerfile", "infra/images/requirements.lock", "services/b.py"])
def test_another_input_has_another_digest(tree: Path, name: str) -> None:
    before = inputs_digest(tree)
    (tree / name).write_text("changed")

    assert inputs_digest(tree) != before


def test_a_checkout_without_a_dockerfile_is_told_what_is_missing(tree: Path) -> None:
    (tree / "Dockerfile").unlink()

    with pytest.raises(SandboxError) as raised:
        inputs_digest(tree)

    assert raised.value.code == ErrorCode.IMAGE_NOT_BUILT
    assert "Dockerfile is not there" in raised.value.message


def test_the_dockerfile_ends_with_a_user_that_is_nobody_a_health_check_and_no_build_tools() -> None:
    stages = (CHECKOUT / "Dockerfile").read_text().split("\nFROM ")
    last = stages[-1]

    assert len(stages) == 4
    assert last.startswith("scratch\n")  # nothing of the stages is in it but what is copied
    assert "\nUSER 10001:10001\n" in last
    assert "\nHEALTHCHECK " in last
    assert "pip" not in last
    assert "org.opencontainers.image.revision" in last


def test_what_images_hold_is_what_the_project_is_tested_with() -> None:
    project = dict(PINNED.findall((CHECKOUT / "requirements.lock").read_text()))
    images = dict(PINNED.findall((CHECKOUT / "infra/images/requirements.lock").read_text()))

    assert len(images) > 50
    assert {name: version for name, version in images.items() if project.get(name) != version} == {}


def test_a_container_reads_what_was_provisioned_for_its_service(tmp_path: Path) -> None:
    tell(
        tmp_path / "provisioned.json", {"identity": {"SHOP_USER_POOL_CUSTOMERS": "pool-1"}, "edge": {"SHOP_API_URL": "http://api"}}
    )
    environment = {"SHOP_PROVISIONED": str(tmp_path / "provisioned.json"), "SHOP_SERVICE": "identity"}

    settle(environment)

    assert environment["SHOP_USER_POOL_CUSTOMERS"] == "pool-1"
    assert "SHOP_API_URL" not in environment


def test_a_task_finds_the_stores_secret_in_its_file_and_no_longer_among_its_variables(tmp_path: Path) -> None:
    environment = {"SHOP_SECRET": "5e" * 32, "SHOP_CREDENTIALS": str(tmp_path / "credentials.json")}

    settle(environment)

    found = credentials_in(tmp_path / "credentials.json")
    assert found is not None
    assert found.secret == "5e" * 32
    assert "SHOP_SECRET" not in environment
