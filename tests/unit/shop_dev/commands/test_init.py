"""`shop-dev init` and `shop-dev new service`: what they write, and what they leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_dev.project import open_project
from shop_sandbox.manifest.loader import load_manifests

GLOBS = ["services/*/service.yaml"]


@pytest.fixture
def empty(shop_dev: ShopDev, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it, which is the working directory."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("language", ["python", "node", "go"])
def test_an_empty_folder_becomes_a_project_with_a_sound_service(shop_dev: ShopDev, empty: Path, language: str) -> None:
    said = shop_dev("init", "hello-world", "--language", language, "--json")

    project = open_project()
    (manifest,) = load_manifests(project.checkout, project.settings.services)
    assert said.document()["data"]["kept"] == []
    assert (project.checkout, manifest.service.service) == (empty, "hello-world")
    assert (empty / "contracts/openapi/hello-world.yaml").is_file()
    assert ".shop-dev/" in (empty / ".gitignore").read_text().splitlines()
    assert "greeter" not in "".join(file.read_text() for file in empty.rglob("*") if file.is_file())


def test_what_it_wrote_is_listed_with_what_to_do_next(shop_dev: ShopDev, empty: Path) -> None:
    assert shop_dev("init", "--language", "node").out == (
        "  + shop-dev.toml\n"
        "  + .gitignore\n"
        "  + contracts/openapi/greeter.yaml\n"
        "  + services/greeter/server.mjs\n"
        "  + services/greeter/service.yaml\n"
        "\n"
        "Start it with `shop-dev up`.\n"
    )


def test_its_contract_passes_the_check(shop_dev: ShopDev, empty: Path) -> None:
    shop_dev("init", "--language", "python")

    assert shop_dev("contracts", "check").out.strip().endswith("no findings.")


def test_files_that_are_there_stay_as_they_are(shop_dev: ShopDev, empty: Path) -> None:
    (empty / "pyproject.toml").write_text('[project]\nname = "mine"\n', encoding="utf-8")
    (empty / ".gitignore").write_text("*.log\n", encoding="utf-8")
    (empty / "services/greeter").mkdir(parents=True)
    (empty / "services/greeter/server.py").write_text("print('mine')\n", encoding="utf-8")

    said = shop_dev("init", "--json").document()["data"]

    assert said["language"] == "python"
    assert said["kept"] == ["pyproject.toml", ".gitignore", "services/greeter/server.py"]
    assert (empty / "pyproject.toml").read_text().startswith('[project]\nname = "mine"\n\n[tool.shop-dev]\n')
    assert (empty / ".gitignore").read_text() == "*.log\n.shop-dev/\nservices/*/bin/\n__pycache__/\nnode_modules/\n"
    assert (empty / "services/greeter/server.py").read_text() == "print('mine')\n"


@pytest.mark.parametrize(("mark", "language"), [("go.mod", "go"), ("package.json", "node"), ("pyproject.toml", "python")])
def test_the_language_is_that_of_the_repository(shop_dev: ShopDev, empty: Path, mark: str, language: str) -> None:
    (empty / mark).touch()

    assert shop_dev("init", "--json").document()["data"]["language"] == language


def test_a_project_is_not_made_twice(shop_dev: ShopDev, empty: Path) -> None:
    shop_dev("init")

    said = shop_dev("init")

    assert (said.status, "is a project already" in said.err, "shop-dev new service NAME" in said.err) == (2, True, True)


def test_a_service_is_added_to_a_project(shop_dev: ShopDev, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop_dev("init", "--language", "node")
    monkeypatch.chdir(empty / "services")

    shop_dev("new", "service", "teller", "--language", "python")

    assert [manifest.service.service for manifest in load_manifests(empty, GLOBS)] == ["greeter", "teller"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Greeter", "'Greeter' is no name of a service."),
        ("../x", "'../x' is no name of a service."),
        ("greeter", "There is a service"),
    ],
)
def test_a_name_that_cannot_be_is_refused(shop_dev: ShopDev, empty: Path, name: str, told: str) -> None:
    shop_dev("init", "--language", "node")

    said = shop_dev("new", "service", name)

    assert (said.status, told in said.err) == (2, True)


def test_a_language_that_is_not_installed_is_warned_of(shop_dev: ShopDev, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert shop_dev("init", "--language", "go").err == "warning: go is not on PATH, and the service needs it to start.\n"
