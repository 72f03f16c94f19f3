"""Schemas from disk, with imports found from wherever they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_contracts.compat.sources import Unreadable, load
from shop_contracts.protobuf.compiled import InvalidProto

MONEY = 'syntax = "proto3"; package shop.common.v1; message Money { int64 minor_units = 1; }'
ORDER = 'syntax = "proto3"; package shop.orders.v1; import "shop/common.proto"; message Order { shop.common.v1.Money total = 1; }'


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_an_import_is_found_in_a_folder_above(tmp_path: Path) -> None:
    put(tmp_path / "shop" / "common.proto", MONEY)

    schema = load(put(tmp_path / "shop" / "orders" / "v1" / "order.proto", ORDER))

    assert set(schema.files) == {"shop/common.proto", "order.proto"}


def test_a_folder_that_is_named_comes_first(tmp_path: Path) -> None:
    put(tmp_path / "shop" / "common.proto", "not a proto file")
    put(tmp_path / "other" / "shop" / "common.proto", MONEY)

    schema = load(put(tmp_path / "order.proto", ORDER), import_paths=[tmp_path / "other"])

    assert "shop/common.proto" in schema.files


def test_well_known_types_need_no_file(tmp_path: Path) -> None:
    text = 'syntax = "proto3"; import "google/protobuf/timestamp.proto"; message M { google.protobuf.Timestamp at = 1; }'

    assert "google/protobuf/timestamp.proto" in load(put(tmp_path / "m.proto", text)).files


def test_an_import_that_is_nowhere_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidProto, match=r"order\.proto:1:\d+: .*shop/common\.proto"):
        load(put(tmp_path / "order.proto", ORDER))


def test_an_import_that_points_out_of_its_root_is_not_read(tmp_path: Path) -> None:
    put(tmp_path / "secret.proto", MONEY)
    text = 'syntax = "proto3"; import "../secret.proto";'

    with pytest.raises(InvalidProto):
        load(put(tmp_path / "inner" / "m.proto", text))


def test_imports_in_a_circle_are_told_as_such(tmp_path: Path) -> None:
    put(tmp_path / "a.proto", 'syntax = "proto3"; import "b.proto";')
    put(tmp_path / "b.proto", 'syntax = "proto3"; import "a.proto";')

    with pytest.raises(InvalidProto):
        load(tmp_path / "a.proto")


def test_a_file_that_is_not_there_and_one_that_is_no_text_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "latin.proto").write_bytes(b'syntax = "proto3";\n// caf\xe9\n')

    with pytest.raises(Unreadable, match="No such file"):
        load(tmp_path / "none.proto")
    with pytest.raises(Unreadable, match="line 2 is not UTF-8"):
        load(tmp_path / "latin.proto")


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.proto").open("wb") as file:
        file.truncate(11 * 1024 * 1024)

    with pytest.raises(Unreadable, match="more than"):
        load(tmp_path / "huge.proto")
