"""Settings: where they come from, and how wrong ones are told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.errors import ShopDevError
from shop_dev.settings import DEFAULT_START_TIMEOUT_SECONDS, Settings, read_settings

RESOURCES = ("kafka", "schema-registry", "orders")


def read(
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    table: Mapping[str, object] | None = None,
) -> Settings:
    return read_settings(flags=flags or {}, environ=environ or {}, table=table or {}, resources=lambda globs: RESOURCES)


def test_without_any_setting_there_are_defaults() -> None:
    assert read() == Settings(services=(), name="default", start_timeout_seconds=DEFAULT_START_TIMEOUT_SECONDS)


def test_a_flag_wins_over_a_variable_and_that_over_the_table() -> None:
    table = {"name": "from-table", "start-timeout-seconds": 30, "cache-dir": "cache"}
    environ = {"SHOP_NAME": "from-variable", "SHOP_START_TIMEOUT_SECONDS": "20"}

    settings = read(flags={"name": "from-flag"}, environ=environ, table=table)

    assert (settings.name, settings.start_timeout_seconds, settings.cache_dir) == ("from-flag", 20.0, Path("cache"))


def test_ports_come_from_variables_and_from_their_table() -> None:
    settings = read(environ={"SHOP_SCHEMA_REGISTRY_PORT": "8081"}, table={"ports": {"kafka": 9092, "schema-registry": 1}})

    assert settings.ports == {"kafka": 9092, "schema-registry": 8081}


def test_all_wrong_settings_are_listed_together_with_what_was_meant() -> None:
    table = {"servics": ["x"], "start-timeout-seconds": "soon", "ports": {"kafak": 9092, "kafka": 70_000}}
    environ = {"SHOP_NAME": "Not OK", "SHOP_START_TIMEOUT_SECOND": "5"}

    with pytest.raises(ShopDevError) as raised:
        read(environ=environ, table=table)

    assert raised.value.message == (
        "6 settings are wrong:\n"
        "  pyproject.toml [tool.shop-dev] servics: no such setting; did you mean services?\n"
        "  pyproject.toml [tool.shop-dev] start-timeout-seconds = 'soon': takes a number of seconds above 0\n"
        "  pyproject.toml [tool.shop-dev.ports] kafka = 70000: takes a port number, 1 to 65535\n"
        "  SHOP_NAME = 'Not OK': takes up to 32 of a-z, 0-9 and -, beginning with a letter or digit\n"
        "  SHOP_START_TIMEOUT_SECOND: no such setting; did you mean SHOP_START_TIMEOUT_SECONDS?\n"
        "  pyproject.toml [tool.shop-dev.ports] kafak: no resource 'kafak'; did you mean kafka?"
    )


def test_a_flag_is_named_as_it_is_typed() -> None:
    with pytest.raises(ShopDevError, match=r"--timeout = -1\.0: takes a number of seconds above 0"):
        read(flags={"start-timeout-seconds": -1.0})


def test_the_home_folder_of_nobody_is_told_as_wrong() -> None:
    with pytest.raises(ShopDevError, match=r"SHOP_CACHE_DIR = '~nobody-here/cache': takes the path of a folder"):
        read(environ={"SHOP_CACHE_DIR": "~nobody-here/cache"})


@pytest.mark.parametrize("variable", ["SHOP_EDGE_URL", "SHOP_LISTEN_FD", "SHOP_COLOUR", "SHOPPING", "SHOP_TABLE_STOCK"])
def test_variables_of_others_are_left_alone(variable: str) -> None:
    assert read(environ={variable: "x"}) == Settings()


@given(
    st.from_regex(r"~[a-z/]{0,6}", fullmatch=True)
    | st.text(max_size=8)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.lists(st.text(max_size=3), max_size=2)
)
def test_any_value_is_either_taken_with_its_type_or_told_as_wrong(value: object) -> None:
    table = {"services": value, "name": value, "start-timeout-seconds": value, "cache-dir": value, "ports": {"kafka": value}}

    try:
        settings = read(table=table)
    except ShopDevError as error:
        assert all("pyproject.toml [tool.shop-dev" in str(fault) for fault in error.detail["faults"])  # type: ignore[attr-defined]  # a list
    else:
        assert isinstance(settings.start_timeout_seconds, float)
