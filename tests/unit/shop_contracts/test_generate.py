"""Generated modules are checked in, and whoever forgets to generate is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from shop_contracts import generate


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A copy of the contracts with their generated modules."""
    shutil.copytree(generate.PROTO_ROOT, tmp_path / "shop_contracts" / "proto", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_modules_that_are_checked_in_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_a_changed_contract_makes_its_modules_stale_and_generating_makes_them_fresh(contracts: Path) -> None:
    money = contracts / "shop_contracts/proto/common/v1/money.proto"
    money.write_text(money.read_text().replace("int64 minor_units = 2;", "int64 minor_units = 2;\n  string note = 3;"))

    fresh = generate.compile_contracts(contracts)
    stale = generate.stale_modules(fresh, contracts)
    generate.write_modules(fresh, stale, contracts)

    assert [path.name for path in stale] == ["money_pb2.py", "money_pb2.pyi"]
    assert generate.stale_modules(fresh, contracts) == []


def test_modules_of_a_removed_contract_are_left_over_and_go(contracts: Path) -> None:
    (contracts / "shop_contracts/proto/orders/v1/events.proto").unlink()

    fresh = generate.compile_contracts(contracts)
    stale = generate.stale_modules(fresh, contracts)
    generate.write_modules(fresh, stale, contracts)

    assert [path.as_posix() for path in stale] == [
        "shop_contracts/proto/orders/v1/events_pb2.py",
        "shop_contracts/proto/orders/v1/events_pb2.pyi",
    ]
    assert not list((contracts / "shop_contracts/proto/orders").rglob("*_pb2.py"))


def test_the_same_contracts_give_the_same_bytes(contracts: Path) -> None:
    assert generate.compile_contracts(contracts) == generate.compile_contracts(contracts)


def test_a_contract_with_a_service_gets_its_grpc_modules(contracts: Path) -> None:
    folder = contracts / "shop_contracts/proto/stock/v1"
    folder.mkdir(parents=True)
    (folder / "service.proto").write_text(
        'syntax = "proto3";\npackage shop.stock.v1;\nmessage Ask {}\nservice StockService {\n  rpc Get(Ask) returns (Ask);\n}\n'
    )

    fresh = {path.name for path in generate.compile_contracts(contracts)}

    assert {"service_pb2.py", "service_pb2.pyi", "service_pb2_grpc.py", "service_pb2_grpc.pyi"} <= fresh


def test_a_contract_that_does_not_compile_writes_nothing(contracts: Path) -> None:
    (contracts / "shop_contracts/proto/common/v1/money.proto").write_text("this is no contract")

    with pytest.raises(generate.GenerationFailed, match=r"common/v1/money\.proto:1:\d+: "):
        generate.compile_contracts(contracts)
