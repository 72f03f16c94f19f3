"""`shop-dev env`: what it prints means the same to the shell that reads it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from fakes.command_line import ShopDev
from fakes.sandbox_client import FakeSandboxClient, sandbox_status
from hypothesis import given
from hypothesis import strategies as st
from shop_dev.commands.env import Shell, exports

VARIABLES = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092", "DATABASE_URL": "postgresql://shop@127.0.0.1:5432/shop"}
ANY_VALUE = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)


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
    script = f'{exports({"VALUE": value}, Shell.SH)}\nprintf %s "$VALUE"'

    done = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True)

    assert done.stdout.decode() == value


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_takes_a_value_with_both_escapes_as_it_is() -> None:
    value = r"it's a \ path"
    script = f'{exports({"VALUE": value}, Shell.FISH)}\nprintf %s "$VALUE"'

    assert subprocess.run(["fish"], input=script, capture_output=True, text=True, check=True).stdout == value


def test_only_names_are_exported_since_what_is_printed_is_run(shop_dev: ShopDev, sandbox: FakeSandboxClient) -> None:
    sandbox.reported = sandbox_status(environment={"A=1; touch owned; B": "x", "GOOD": "it's $(here)"})

    assert shop_dev("env").out == "export GOOD='it'\"'\"'s $(here)'\n"
