"""Each sandbox has passwords of its own, that nobody guesses and nobody else can read."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from shop_sandbox.credentials import Credentials, credentials_of
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import SandboxPaths


def of(checkout: Path, name: str = "load") -> SandboxPaths:
    paths = SandboxPaths(checkout=checkout, name=name, runtime_dir=checkout)
    paths.root.mkdir(parents=True, exist_ok=True)
    return paths


def test_they_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first = credentials_of(of(tmp_path))

    assert credentials_of(of(tmp_path)) == first
    assert stat.S_IMODE(of(tmp_path).credentials.stat().st_mode) == 0o600


def test_two_sandboxes_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = credentials_of(of(tmp_path, "one")), credentials_of(of(tmp_path, "other"))

    assert one.password("redis") != other.password("redis")
    assert one.aws_access_key_id != other.aws_access_key_id


def test_each_account_has_a_password_of_its_own() -> None:
    credentials = Credentials(secret="5e" * 32)

    assert len({credentials.password(of) for of in ("redis", "postgres/shop", "postgres/orders")}) == 3
    assert re.fullmatch(r"[0-9a-f]{32}", credentials.password("redis"))
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", credentials.aws_access_key_id)
    assert len(credentials.aws_secret_access_key) == 40


def test_a_file_that_cannot_be_read_is_named_and_not_replaced(tmp_path: Path) -> None:
    of(tmp_path).credentials.write_text("{")

    with pytest.raises(SandboxError, match=r"credentials\.json is broken") as refused:
        credentials_of(of(tmp_path))

    assert refused.value.code is ErrorCode.STATE_INCOMPLETE
    assert of(tmp_path).credentials.read_text() == "{"
