"""A path that leads to a pipe, to a device or in a circle is told as wrong use: nothing waits, and nothing is read without end."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from fakes.command_line import ShopDev
from shop_contracts.files import read_regular_file

PROTO = 'syntax = "proto3"; {imports} message Order {{ int32 gross = 1; }}'
OPENAPI = """\
openapi: 3.1.0
info: {{title: Orders, version: '1'}}
paths:
  /orders:
    get:
      responses: {{'200': {{description: done, content: {{application/json: {{schema: {schema}}}}}}}}}
"""
ODD = ("pipe", "circle", "device", "folder")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for end, text in (("proto", PROTO.format(imports="")), ("yaml", OPENAPI.format(schema="{type: string}"))):
        (tmp_path / f"fine.{end}").write_text(text, encoding="utf-8")
        os.mkfifo(tmp_path / f"pipe.{end}")
        (tmp_path / f"circle.{end}").symlink_to(f"circle.{end}")
        (tmp_path / f"device.{end}").symlink_to("/dev/zero")
        (tmp_path / f"folder.{end}").mkdir()
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("asked", [("compat", "proto", "proto_invalid"), ("diff", "yaml", "openapi_invalid")])
def test_either_side_of_a_comparison_is_a_file(
    shop_dev: ShopDev, folder: Path, asked: tuple[str, str, str], place: int, odd: str
) -> None:
    command, end, code = asked
    paths = [str(folder / f"fine.{end}")] * 2
    paths[place] = str(folder / f"{odd}.{end}")

    said = shop_dev("contracts", command, *paths)

    assert (said.status, f"[{code}]" in said.err) == (2, True)
    assert f"{odd}.{end}" in said.err


@pytest.mark.parametrize("odd", ODD)
def test_nor_does_what_a_schema_imports(shop_dev: ShopDev, folder: Path, odd: str) -> None:
    (folder / "new.proto").write_text(PROTO.format(imports=f'import "{odd}.proto";'), encoding="utf-8")

    said = shop_dev("contracts", "compat", str(folder / "fine.proto"), str(folder / "new.proto"))

    assert said.status == 2
    assert f'Import "{odd}.proto" was not found' in said.err


@pytest.mark.parametrize("odd", ODD)
def test_nor_what_a_document_refers_to(shop_dev: ShopDev, folder: Path, odd: str) -> None:
    (folder / "new.yaml").write_text(OPENAPI.format(schema=f"{{$ref: '{odd}.yaml#/a'}}"), encoding="utf-8")

    said = shop_dev("contracts", "diff", str(folder / "fine.yaml"), str(folder / "new.yaml"))

    assert (said.status, "[openapi_invalid]" in said.err) == (2, True)
    assert f"new.yaml:6: '{odd}.yaml#/a'" in said.err


def test_of_a_large_file_one_byte_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"")
    os.truncate(large, 2**40)

    tracemalloc.start()
    with pytest.raises(OSError, match="more than the 1,000 bytes"):
        read_regular_file(large, at_most=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000


def test_a_file_as_large_as_is_allowed_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)

    assert read_regular_file(tmp_path / "file", at_most=1000) == b"x" * 1000
