"""The project around the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_dev.completion import complete_resources
from shop_dev.errors import ShopDevError
from shop_dev.project import find_checkout, open_project, resource_names
from shop_dev.sandbox import passed_through
from shop_sandbox.errors import ErrorCode, SandboxError


def test_it_is_found_from_a_folder_inside(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout / "services" / "orders")

    assert open_project().checkout == checkout


def test_a_nearer_pyproject_without_the_table_is_passed_over(checkout: Path) -> None:
    (checkout / "services" / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    assert find_checkout(checkout / "services")[0] == checkout


def test_a_repository_without_python_has_a_file_of_its_own(checkout: Path) -> None:
    (checkout / "pyproject.toml").unlink()
    (checkout / "shop-dev.toml").write_text('services = ["services/o*/service.yaml"]\nname = "mine"\n', encoding="utf-8")

    project = open_project()

    assert (project.checkout, project.settings.name) == (checkout, "mine")
    assert "orders" in resource_names(project)
    assert "edge" not in resource_names(project)


def test_what_is_wrong_in_that_file_is_told_with_its_name(checkout: Path) -> None:
    (checkout / "pyproject.toml").unlink()
    (checkout / "shop-dev.toml").write_text("servises = []\n", encoding="utf-8")

    with pytest.raises(ShopDevError, match=r"shop-dev\.toml servises: no such setting; did you mean services\?"):
        open_project()


def test_two_places_for_settings_are_one_too_many(checkout: Path) -> None:
    (checkout / "shop-dev.toml").touch()

    with pytest.raises(ShopDevError, match=r"has both a shop-dev\.toml and a table \[tool\.shop-dev\]"):
        open_project()


def test_services_of_other_checkouts_are_known_by_name(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/service.yaml").write_text("schemaVersion: 1\nservice: stranger\n", encoding="utf-8")
    for glob in (f"{tmp_path}/other/service.yaml", "../other/service.yaml"):
        (checkout / "pyproject.toml").write_text(f'[tool.shop-dev]\nservices = ["{glob}"]\n', encoding="utf-8")

        assert "stranger" in resource_names(open_project())


def test_only_what_a_manifest_names_is_passed_on_of_the_shell(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = "schemaVersion: 1\nservice: orders\nsummary: x\nowner: x\nruntime:\n  command: [sh]\n  passThrough: [PAPER, INK]\n"
    build = "  build: {command: [make], passThrough: [GOPROXY]}\n"
    (checkout / "services/orders/service.yaml").write_text(manifest + build, encoding="utf-8")
    for name in ("PAPER", "GOPROXY", "SECRET"):
        monkeypatch.setenv(name, name.lower())

    assert passed_through(open_project()) == {"GOPROXY": "goproxy", "PAPER": "paper"}


def test_a_folder_in_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as raised:
        find_checkout(tmp_path)

    assert raised.value.code is ErrorCode.NOT_IN_A_PROJECT


def test_a_pyproject_that_is_no_toml_is_named_with_the_line(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text("[tool.shop-dev]\nservices = = 1\n")

    with pytest.raises(ShopDevError, match=r"pyproject\.toml is not valid TOML: .*line 2"):
        open_project()


def test_its_resources_are_the_platform_and_the_services_of_the_manifests(checkout: Path) -> None:
    names = resource_names(open_project())

    assert {"kafka", "postgres", "provision-topics", "edge", "orders", "inventory", "payments"} <= set(names)


def test_folders_among_the_settings_are_relative_to_the_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_CACHE_DIR", "kept/cache")

    assert open_project().cache_root == checkout / "kept" / "cache"


def test_of_the_environment_only_what_programs_need_is_handed_down(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "jdk")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")

    inherited = open_project().inherited

    assert inherited["JAVA_HOME"] == "jdk"
    assert "AWS_SECRET_ACCESS_KEY" not in inherited


def test_the_shell_completes_names_of_resources(checkout: Path) -> None:
    assert complete_resources("pro") == ["provision-topics", "provision-schemas", "provision-aws", "provision-databases"]
    assert complete_resources("or") == ["orders"]


def test_the_shell_completes_nothing_where_there_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert complete_resources("k") == []
