"""The project around the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_dev.completion import complete_resources
from shop_dev.errors import ShopDevError
from shop_dev.project import find_checkout, open_project, resource_names
from shop_sandbox.errors import ErrorCode, SandboxError


def test_it_is_found_from_a_folder_inside(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout / "services" / "orders")

    assert open_project().checkout == checkout


def test_a_nearer_pyproject_without_the_table_is_passed_over(checkout: Path) -> None:
    (checkout / "services" / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    assert find_checkout(checkout / "services")[0] == checkout


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
