"""The programs that look into stores: what they are called with, and what must not stand there."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, sandbox_status
from shop_dev.stores import clients
from shop_dev.stores.clients import Client
from shop_sandbox.credentials import Credentials, database_account
from shop_sandbox.paths import SandboxPaths
from shop_sandbox.resources.facts import Belongings

SECRET = "ab" * 32
ENVIRONMENT = {
    "DATABASE_URL": "postgresql://shop:admin-word@127.0.0.1:5433/shop",
    "REDIS_URL": "redis://:red-word@127.0.0.1:6390/0",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4567",
    "AWS_ACCESS_KEY_ID": "AKIASANDBOX",
    "AWS_SECRET_ACCESS_KEY": "sandbox-word",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """The clients that this process would have become."""
    found: list[Client] = []

    def remember(client: Client) -> None:
        found.append(client)
        raise SystemExit

    monkeypatch.setattr(clients, "become", remember)
    return found


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str) -> str:
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(program)


def own_databases(checkout: Path, sandbox: FakeSandboxClient, **databases: str | None) -> None:
    """Let services have these databases, or none."""
    belongings = tuple(
        Belongings(service=service, databases=() if database is None else (database,)) for service, database in databases.items()
    )
    sandbox.reported = sandbox_status(environment=ENVIRONMENT, belongings=belongings)
    paths = SandboxPaths(checkout=checkout, name="default", runtime_dir=checkout)
    paths.credentials.parent.mkdir(parents=True, exist_ok=True)
    paths.credentials.write_text('{"version": 1, "secret": "' + SECRET + '"}')


@pytest.fixture
def running(sandbox: FakeSandboxClient) -> FakeSandboxClient:
    sandbox.reported = sandbox_status(environment=ENVIRONMENT)
    return sandbox


def test_sql_opens_the_services_own_database_as_that_service(
    checkout: Path, shop_dev: ShopDev, running: FakeSandboxClient, opened: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICE", "production")
    own_databases(checkout, running, orders="orders_store")

    with pytest.raises(SystemExit):
        shop_dev("sql", "orders", "-c", "SELECT 1")

    (client,) = opened
    assert (Path(client.program).name, client.arguments) == ("psql", ("-c", "SELECT 1"))
    assert client.own == {
        "PGHOST": "127.0.0.1",
        "PGPORT": "5433",
        "PGUSER": "orders",
        "PGPASSWORD": Credentials(secret=SECRET).password(database_account("orders")),
        "PGDATABASE": "orders_store",
    }
    assert "PGSERVICE" not in client.environment


def test_sql_needs_no_name_where_one_service_has_a_database(
    checkout: Path, shop_dev: ShopDev, running: FakeSandboxClient, opened: list[Client]
) -> None:
    own_databases(checkout, running, orders="orders")

    with pytest.raises(SystemExit):
        shop_dev("sql", "-c", "SELECT 1")

    assert (opened[0].own["PGDATABASE"], opened[0].arguments) == ("orders", ("-c", "SELECT 1"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Which service's database? These have one: orders, payments."),
        (("oders",), "Did you mean orders?"),
        (("edge",), "edge has no database. These have one: orders, payments."),
    ],
)
def test_sql_says_which_services_have_a_database(
    words: tuple[str, ...], told: str, checkout: Path, shop_dev: ShopDev, running: FakeSandboxClient
) -> None:
    own_databases(checkout, running, orders="orders", payments="payments", edge=None)

    said = shop_dev("sql", *words)

    assert (said.status, told in said.err) == (2, True)


def test_a_store_that_does_not_run_is_told_with_how_to_start_it(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(environment={})

    for command, store in (("redis", "redis"), ("aws", "aws"), ("queues", "aws"), ("buckets", "aws")):
        said = shop_dev(command)
        assert (said.status, f"shop-dev up {store}" in said.err) == (1, True)


def test_no_password_stands_among_the_words_of_a_command_line(
    checkout: Path, shop_dev: ShopDev, running: FakeSandboxClient, opened: list[Client], tools: Path
) -> None:
    own_databases(checkout, running, orders="orders")
    for program in ("redis-cli", "aws"):
        install(tools, program)

    for words in (("sql", "orders"), ("redis", "PING"), ("aws", "s3", "ls")):
        with pytest.raises(SystemExit):
            shop_dev(*words)

    words_seen = " ".join(word for client in opened for word in client.arguments)
    secrets = {"red-word", "sandbox-word", opened[0].own["PGPASSWORD"]}
    assert len(opened) == 3
    assert not [secret for secret in secrets if secret in words_seen]
    assert opened[1].environment["REDISCLI_AUTH"] == "red-word"


def test_redis_opens_valkeys_client_where_that_is_installed(
    shop_dev: ShopDev, running: FakeSandboxClient, opened: list[Client], tools: Path
) -> None:
    program = install(tools, "valkey-cli")

    with pytest.raises(SystemExit):
        shop_dev("redis", "GET", "edge:a")

    assert (opened[0].program, opened[0].arguments) == (program, ("-h", "127.0.0.1", "-p", "6390", "-n", "0", "GET", "edge:a"))


@pytest.mark.parametrize(("command", "how"), [("redis", "apt install redis-tools"), ("aws", "uv tool install awscli")])
def test_a_client_that_is_not_installed_is_told_with_how_to_get_it(
    command: str, how: str, shop_dev: ShopDev, running: FakeSandboxClient, tools: Path
) -> None:
    said = shop_dev(command)

    assert (said.status, how in said.err, "client_missing" in said.err) == (1, True, True)


def test_aws_reaches_the_sandbox_and_nothing_that_the_shell_has_chosen(
    shop_dev: ShopDev, running: FakeSandboxClient, opened: list[Client], tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tools, "aws")
    for name, value in {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_S3": "https://example.com",
        "AWS_PAGER": "",
        "HTTPS_PROXY": "http://proxy:3128",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        shop_dev("aws", "ssm", "get-parameter", "--name", "edge", "--json")

    (client,) = opened
    assert client.arguments == ("--endpoint-url", "http://127.0.0.1:4567", "ssm", "get-parameter", "--name", "edge", "--json")
    of_aws = {name: value for name, value in client.environment.items() if name.startswith("AWS_")}
    assert of_aws == {
        **{name: value for name, value in ENVIRONMENT.items() if name.startswith("AWS_")},
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    assert "HTTPS_PROXY" not in client.environment


def test_scripts_are_told_what_to_run_and_nothing_is_opened(
    checkout: Path, shop_dev: ShopDev, running: FakeSandboxClient, opened: list[Client], tools: Path
) -> None:
    program = install(tools, "redis-cli")

    data = shop_dev("redis", "--json").document()["data"]

    assert data == {
        "program": program,
        "arguments": ["-h", "127.0.0.1", "-p", "6390", "-n", "0"],
        "environment": {"REDISCLI_AUTH": "red-word"},
    }
    assert opened == []
