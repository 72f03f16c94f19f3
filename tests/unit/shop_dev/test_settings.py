"""Settings: where they come from, and how wrong ones are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.errors import ShopDevError
from shop_dev.settings import DEFAULT_START_TIMEOUT_SECONDS, FirstTry, Limit, Seed, Settings, read_settings
from shop_sandbox.supervisor.ports import port_taken

ENDPOINTS = ("kafka", "kafka.controller", "schema-registry", "orders", "orders.grpc")


def read(
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    table: Mapping[str, object] | None = None,
) -> Settings:
    return read_settings(flags=flags or {}, environ=environ or {}, table=table or {}, endpoints=lambda globs: ENDPOINTS)


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
    environ = {"SHOP_NAME": "Not OK"}

    with pytest.raises(ShopDevError) as raised:
        read(environ=environ, table=table)

    assert raised.value.message == (
        "5 settings are wrong:\n"
        "  pyproject.toml [tool.shop-dev] servics: no such setting; did you mean services?\n"
        "  pyproject.toml [tool.shop-dev] start-timeout-seconds = 'soon': takes a number of seconds above 0\n"
        "  SHOP_NAME = 'Not OK': takes up to 32 of a-z, 0-9 and -, beginning with a letter or digit\n"
        "  pyproject.toml [tool.shop-dev] ports kafak: no endpoint 'kafak'; did you mean kafka?\n"
        "  pyproject.toml [tool.shop-dev] ports kafka = 70000: takes a port number, 1 to 65535"
    )


def test_limits_are_read_by_resource() -> None:
    settings = read(table={"limits": {"kafka": {"memory-mib": 512, "cpus": 1.5}, "orders": {"cpus": 1}}})

    assert settings.limits == {"kafka": Limit(memory_mib=512, cpus=1.5), "orders": Limit(cpus=1.0)}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (5, "takes a table like { orders = { memory-mib = 256, cpus = 0.5 } }"),
        ({"kafka": 512}, "takes a table like { kafka = { memory-mib = 256, cpus = 0.5 } }"),
        ({"kafka": {}}, "takes a table like { kafka ="),
        ({"kafka": {"memory": "512m"}}, "takes a table like { kafka ="),
        ({"kafka": {"memory-mib": "512"}}, "takes a whole number of MiB from 8 on for `memory-mib` of kafka"),
        ({"kafka": {"memory-mib": 0}}, "takes a whole number of MiB from 8 on"),
        ({"kafka": {"cpus": 0}}, "takes a number of processors above 0 for `cpus` of kafka"),
        ({"kafka": {"cpus": True}}, "takes a number of processors above 0"),
    ],
)
def test_limits_that_mean_nothing_are_refused(table: object, said: str) -> None:
    with pytest.raises(ShopDevError, match=re.escape(said)):
        read(table={"limits": table})


def test_a_flag_is_named_as_it_is_typed() -> None:
    with pytest.raises(ShopDevError, match=r"--timeout = -1\.0: takes a number of seconds above 0"):
        read(flags={"start-timeout-seconds": -1.0})


def test_the_home_folder_of_nobody_is_told_as_wrong() -> None:
    with pytest.raises(ShopDevError, match=r"SHOP_CACHE_DIR = '~nobody-here/cache': takes the path of a folder"):
        read(environ={"SHOP_CACHE_DIR": "~nobody-here/cache"})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SHOP_EDGE_URL", "x"),
        ("SHOP_LISTEN_FD", "x"),
        ("SHOP_SERVICE", "x"),
        ("SHOP_COLOUR", "x"),
        ("SHOPPING", "x"),
        ("SHOP_TABLE_STOCK", "x"),
        ("SHOP_SERVICE_PORT", "80"),
        ("SHOP_SERVICE_PORT_HTTP", "80"),
        ("SHOP_BILLING_PORT", "tcp://10.0.0.7:80"),
    ],
)
def test_variables_of_others_are_left_alone(variable: str, value: str) -> None:
    assert read(environ={variable: value}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "warning"),
    [
        (
            "SHOP_START_TIMEOUT_SECOND",
            "5",
            "SHOP_START_TIMEOUT_SECOND is no setting; did you mean SHOP_START_TIMEOUT_SECONDS?",
        ),
        ("SHOP_KAFKAA_PORT", "9092", "SHOP_KAFKAA_PORT is the port of no endpoint here; did you mean SHOP_KAFKA_PORT?"),
        (
            "SHOP_ORDERS_PORT",
            "tcp://10.0.0.7:80",
            "SHOP_ORDERS_PORT = 'tcp://10.0.0.7:80' is no port, and left alone: another tool has set it",
        ),
    ],
)
def test_what_looks_like_a_slip_in_a_variable_is_a_warning(variable: str, value: str, warning: str) -> None:
    settings = read(environ={variable: value})

    assert (settings.warnings, settings.ports) == ((warning,), {})


def test_every_endpoint_may_have_a_fixed_port() -> None:
    settings = read(
        environ={"SHOP_KAFKA_CONTROLLER_PORT": "9093"}, table={"ports": {"orders": {"grpc": 50051}, "schema-registry": 8081}}
    )

    assert settings.ports == {"orders.grpc": 50051, "schema-registry": 8081, "kafka.controller": 9093}


def test_a_hint_about_a_taken_port_names_a_variable_that_works() -> None:
    hint = port_taken("kafka.controller", 9093).actions[0]
    (variable,) = re.findall(r"SHOP_\w+", hint)

    assert read(environ={variable: "9193"}).ports == {"kafka.controller": 9193}


def test_fixed_ports_belong_to_one_sandbox() -> None:
    table = {"ports": {"kafka": 9092}, "sandbox": {"load": {"ports": {"kafka": 9192}}}}
    environ = {"SHOP_ORDERS_PORT": "8080"}

    assert read(table=table, environ=environ).ports == {"kafka": 9092, "orders": 8080}
    assert read(table=table, environ=environ, flags={"name": "load"}).ports == {"kafka": 9192}
    assert read(table=table, environ=environ, flags={"name": "other"}).ports == {}
    assert read(table=table, environ={**environ, "SHOP_NAME": "load"}).ports == {"kafka": 9192, "orders": 8080}


def test_manifests_are_read_only_where_somebody_wants_a_fixed_port() -> None:
    def refuse(globs: object) -> tuple[str, ...]:
        raise AssertionError("the manifests were read")

    assert read_settings(flags={}, environ={}, table={"services": ["*"]}, endpoints=refuse).services == ("*",)


def test_a_project_says_how_it_is_filled_and_what_to_try() -> None:
    table = {
        "seed": {"command": ["make", "seed"], "needs": ["orders"]},
        "first-try": {"command": "curl ${SHOP_ORDERS_URL}", "then": ["shop-dev trace x"]},
        "keys": ["ticket"],
    }

    settings = read(table=table)

    assert settings.seed == Seed(("make", "seed"), ("orders",))
    assert settings.first_try == FirstTry("curl ${SHOP_ORDERS_URL}", then=("shop-dev trace x",))
    assert settings.keys == ("ticket",)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"seed": {"needs": ["x"]}}, "takes `command`, a list of a program and its arguments"),
        ({"seed": {"command": "make"}}, "takes a list of texts for `command`"),
        ({"seed": {"command": ["make"], "need": []}}, "'need' is none of them"),
        ({"first-try": "curl"}, "takes a table of say, command, answer, then"),
        ({"load": {"door": "edge"}}, "takes `journeys`, a package"),
        ({"load": {"journeys": "a/b"}}, "takes `journeys`, a package"),
        ({"load": {"journeys": "a", "profile": "x"}}, "'profile' is none of them"),
        ({"viewers": ["moon"]}, "takes a list of container, and 'moon' is none of them"),
        ({"sandbox": {"load": {"port": 1}}}, "sandbox.load: takes `ports`, and nothing else"),
    ],
)
def test_a_wrong_table_is_told(table: Mapping[str, object], told: str) -> None:
    with pytest.raises(ShopDevError, match=re.escape(told)):
        read(table=table)


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
