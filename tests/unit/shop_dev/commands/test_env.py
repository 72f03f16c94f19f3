"""`shop-dev env`: what it prints means the same to the shell that reads it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, sandbox_status
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.output.environment_formats import dotenv, fish, sh
from shop_sandbox.supervisor.protocol import ProcessDescription

VARIABLES = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092", "DATABASE_URL": "postgresql://shop@127.0.0.1:5432/shop"}
ANY_VALUE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def test_exports_for_a_shell(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(environment=VARIABLES)

    assert shop_dev("env").out == (
        "export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092\nexport DATABASE_URL=postgresql://shop@127.0.0.1:5432/shop\n"
    )


def test_exports_for_fish(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(environment={"A": r"it's a \ path"})

    assert shop_dev("env", "--shell", "fish").out == "set -gx A 'it\\'s a \\\\ path';\n"


def test_exports_as_json(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(environment=VARIABLES)

    assert shop_dev("env", "--json").document()["data"] == VARIABLES


@given(ANY_VALUE)
def test_a_shell_takes_any_value_as_it_is(value: str) -> None:
    script = f'{sh({"VALUE": value})}\nprintf %s "$VALUE"'

    done = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True)

    assert done.stdout.decode() == value


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_takes_a_value_with_both_escapes_as_it_is() -> None:
    value = r"it's a \ path"
    script = f'{fish({"VALUE": value})}\nprintf %s "$VALUE"'

    assert subprocess.run(["fish"], input=script, capture_output=True, text=True, check=True).stdout == value


def test_only_names_are_exported_since_what_is_printed_is_run(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(environment={"A=1; touch owned; B": "x", "GOOD": "it's $(here)"})

    assert shop_dev("env").out == "export GOOD='it'\"'\"'s $(here)'\n"


def described(*argv: str) -> ProcessDescription:
    return ProcessDescription(
        resource="orders",
        environment={"PORT": "20003", "DATABASE_URL": "postgresql://orders:x$y'z@127.0.0.1/orders", "PATH": "/bin"},
        cwd="/shop",
        argv=argv,
        ports={"orders": 20003},
    )


@pytest.mark.parametrize("option", ["--service", "--for"])
def test_exactly_what_one_service_gets_without_what_every_shell_has(
    option: str, shop_dev: ShopDev, sandbox: FakeSandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    sandbox.described = described("python", "-m", "orders")

    data = shop_dev("env", option, "orders", "--json").document()["data"]

    assert data == {"PORT": "20003", "DATABASE_URL": "postgresql://orders:x$y'z@127.0.0.1/orders"}
    assert sandbox.asked == ["describe orders"]


def test_a_service_that_is_not_there_is_wrong_use(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    assert shop_dev("env", "--service", "oders").status == 2


def test_a_launch_configuration_starts_the_service_under_a_debugger(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.described = described("/venv/bin/python", "-m", "shop_sandbox.supervisor.call", "orders:main")

    (configuration,) = json.loads(shop_dev("env", "--service", "orders", "--format", "vscode").out)["configurations"]

    assert (configuration["type"], configuration["module"], configuration["args"]) == (
        "debugpy",
        "shop_sandbox.supervisor.call",
        ["orders:main"],
    )
    assert (configuration["cwd"], configuration["env"]["PORT"]) == ("/shop", "20003")


@pytest.mark.parametrize(
    ("argv", "kind"), [(("node", "server.js"), "node"), (("go", "run", "./cmd/orders"), "go"), (("python3.13", "a.py"), "debugpy")]
)
def test_other_languages_have_their_debuggers_too(
    argv: tuple[str, ...], kind: str, shop_dev: ShopDev, sandbox: FakeSandboxClient
) -> None:
    sandbox.described = described(*argv)

    (configuration,) = json.loads(shop_dev("env", "--service", "orders", "--format", "vscode").out)["configurations"]

    assert configuration["type"] == kind


def test_a_program_without_a_known_debugger_is_told_what_works(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.described = described("./target/debug/orders")

    said = shop_dev("env", "--service", "orders", "--format", "vscode")

    assert (said.status, "--format dotenv" in said.err) == (2, True)
    assert shop_dev("env", "--format", "vscode").status == 2


@given(ANY_VALUE.filter(lambda value: "\r" not in value))
def test_a_dotenv_file_says_what_was_meant(value: str) -> None:
    """Read back by the rules that docker compose and python-dotenv share."""
    _, _, written = dotenv({"VALUE": value}).partition("=")

    if written.startswith("'"):
        read = written[1:-1]
    elif written.startswith('"'):
        read = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), written[1:-1], flags=re.DOTALL)
    else:
        read = written
    assert read == value
